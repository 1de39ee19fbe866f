"""A firm's customers as its pages show them: found, filtered and sorted in the database.

The list brings a page of tenants in a few queries, however many the firm has. One tenant comes with
all that is known: its associations as files say and as corrected, figures month by month, and what
it adds to the newest score.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from scoring import claims, judging, ledger_rows, ledgers, rule_sets, rules
from scoring.claim_states import COUNTING
from scoring.explaining import Explainer, Line
from scoring.judging import Claim, Months
from scoring.models import (
    Association,
    Contribution,
    Correction,
    Portfolio,
    Score,
    Tenant,
    TenantFacts,
    UsageMonth,
)
from scoring.reading.parsing import INTUNE_EMS

# ---- The list ------------------------------------------------------------------------------------

SORTS = ("name", "seats", "users")  # what may stand in ?sort=, with - for the other way round
NONE, NEW, LOST, WAITING, UNDATED, CORRECTED = (
    "none",
    "new",
    "lost",
    "waiting",
    "undated",
    "corrected",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a tenant is eligible in one track, now and a year before."""

    track: str  # its title
    now: bool
    then: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """One line of the list."""

    guid: UUID
    name: str
    seats: int | None  # of the workload with the most, in the newest month
    users: int | None
    options: tuple[str, ...]  # by which it is held in the newest month, or was
    is_held: bool
    standings: tuple[Standing, ...]
    has_waiting: bool  # a claim that is not approved
    is_corrected: bool


def newest_month(portfolio: Portfolio) -> int | None:
    """The newest month with usage data."""
    found: int | None = portfolio.months_of_data.aggregate(month=Max("month"))["month"]
    return found


def find(
    portfolio: Portfolio,
    score: Score | None,
    *,
    words: str = "",
    option: int = 0,
    show: str = "",
    sort: str = "",
    month: int | None = None,
) -> QuerySet[Tenant]:
    """The firm's tenants: with every word in name or GUID, held by an option, of one standing.

    ``show`` is the key of a track (eligible in it now) or one of the constants above; what needs a
    score finds nothing without one. ``month`` is that of the figures to sort by.
    """
    found = Tenant.objects.filter(portfolio=portfolio)
    for word in words.split()[:5]:
        found = found.filter(_named(word))
    if option:
        held = Association.objects.filter(portfolio=portfolio, tenant=OuterRef("pk"), option=option)
        found = found.filter(Exists(held))
    if show:
        found = found.filter(_standing(portfolio, score, show))
    column = sort.removeprefix("-")
    if column not in SORTS or column == "name" or month is None:
        name = Lower("name").desc() if sort == "-name" else Lower("name").asc()
        return found.order_by(name, "tenant_id")
    figures = UsageMonth.objects.filter(portfolio=portfolio, month=month, tenant=OuterRef("pk"))
    most = figures.order_by().values("tenant").annotate(most=Max(column)).values("most")
    by = F("most")
    order = by.desc(nulls_last=True) if sort.startswith("-") else by.asc(nulls_last=True)
    return found.annotate(most=Subquery(most)).order_by(order, Lower("name"), "tenant_id")


def _named(word: str) -> Q:
    condition = Q(name__icontains=word)
    if connection.vendor == "sqlite" and not word.isascii():
        # SQLite's LIKE knows no capital letters beyond ASCII: there an expression finds them.
        condition = Q(name__iregex=re.escape(word))
    if digits := ledgers.guid_digits(word):
        # The beginning of a GUID is a stretch of the index.
        condition |= Q(
            tenant_id__gte=UUID(digits.ljust(32, "0")), tenant_id__lte=UUID(digits.ljust(32, "f"))
        )
    return condition


def _standing(portfolio: Portfolio, score: Score | None, show: str) -> Q:
    if show == CORRECTED:
        standing = Correction.objects.filter(portfolio=portfolio).standing()
        return Q(pk__in=standing.filter(tenant__isnull=False).values("tenant"))
    if show == WAITING:
        own = Association.objects.filter(portfolio=portfolio, tenant=OuterRef("pk"))
        return Q(Exists(own.exclude(state__in=COUNTING)))
    if score is None:
        return Q(pk__in=[])
    at = (score.ledger_id, score.revision)
    if show == UNDATED:
        known = TenantFacts.objects.at(*at).filter(tenant=OuterRef("pk"))
        return Q(Exists(known.filter(derived__gt=0)))
    tracks = {track.key: track.number for track in ledgers.rule_set_of(score).tracks}
    own = Contribution.objects.at(*at).filter(option=judging.ALONE, tenant=OuterRef("pk"))
    if show in tracks:
        return Q(Exists(own.filter(track=tracks[show], eligible_now=1)))
    own = own.filter(track__in=tracks.values())
    if show == NEW:
        return Q(Exists(own.filter(eligible_now=1, eligible_then=0)))
    if show == LOST:
        return Q(Exists(own.filter(eligible_now=0, eligible_then=1)))
    return ~Q(Exists(own.filter(eligible_now=1)))


def customers(
    portfolio: Portfolio, score: Score | None, tenants: Sequence[Tenant], month: int | None
) -> list[Customer]:
    """The lines of a page of tenants, in four queries."""
    pks = [tenant.pk for tenant in tenants]
    figures: dict[int, tuple[int, int]] = {}
    if month is not None:
        rows = UsageMonth.objects.filter(portfolio=portfolio, month=month, tenant__in=pks)
        most = rows.values("tenant_id").annotate(most_seats=Max("seats"), most_users=Max("users"))
        figures = {row["tenant_id"]: (row["most_seats"], row["most_users"]) for row in most}
    held: dict[int, set[int]] = {}
    over: dict[int, set[int]] = {}
    waiting: set[int] = set()
    for tenant, option, begins, ends, state in Association.objects.filter(
        portfolio=portfolio, tenant__in=pks
    ).values_list("tenant_id", "option", "begins", "ends", "state"):
        is_held = month is not None and begins <= month <= ends
        (held if is_held else over).setdefault(tenant, set()).add(option)
        if state not in COUNTING:
            waiting.add(tenant)
    corrected = set(
        Correction.objects.filter(portfolio=portfolio, tenant__in=pks)
        .standing()
        .values_list("tenant_id", flat=True)
    )
    standings = _standings(score, pks)
    names = rule_sets.vocabulary().option_keys
    return [
        Customer(
            guid=tenant.tenant_id,
            name=tenant.name,
            seats=figures.get(tenant.pk, (None, None))[0],
            users=figures.get(tenant.pk, (None, None))[1],
            options=tuple(
                names[option] for option in sorted(held.get(tenant.pk) or over.get(tenant.pk) or ())
            ),
            is_held=tenant.pk in held,
            standings=standings.get(tenant.pk, ()),
            has_waiting=tenant.pk in waiting,
            is_corrected=tenant.pk in corrected,
        )
        for tenant in tenants
    ]


def _standings(score: Score | None, pks: Collection[int]) -> dict[int, tuple[Standing, ...]]:
    """In each track, by tenant; of a tenant the ledger does not know, there are none."""
    if score is None:
        return {}
    tracks = ledgers.rule_set_of(score).tracks
    rows = Contribution.objects.at(score.ledger_id, score.revision).filter(
        track__in=[track.number for track in tracks], option=judging.ALONE, tenant__in=pks
    )
    known = {
        (tenant, track): (bool(now), bool(then))
        for tenant, track, now, then in rows.values_list(
            "tenant_id", "track", "eligible_now", "eligible_then"
        )
    }
    found = {}
    for tenant in {tenant for tenant, _track in known}:
        found[tenant] = tuple(
            Standing(track.title, *known.get((tenant, track.number), (False, False)))
            for track in tracks
        )
    return found


# ---- One tenant ----------------------------------------------------------------------------------

MONTHS_SHOWN = 13  # the last month, the comparison month and those between


@dataclass(frozen=True, slots=True)
class Figures:
    """One month of a workload; None where the files have nothing."""

    month: int
    seats: int | None
    users: int | None


@dataclass(frozen=True, slots=True)
class Interval:
    """One unbroken association: as files say, as it counts, and what was corrected of it."""

    said: Claim
    counts: Claim
    corrections: dict[str, Correction]  # by field

    @property
    def is_derived(self) -> bool:
        return self.counts.begins_on is None

    @property
    def is_backwards(self) -> bool:
        """Ended before it began, by corrections and later files: held in no month."""
        return self.counts.begins > self.counts.ends


@dataclass(frozen=True, slots=True)
class Held:
    """All of one workload by one option."""

    workload: int
    option: int
    title: str  # of the workload
    option_key: str
    intervals: tuple[Interval, ...]
    figures: tuple[Figures, ...]  # newest month last

    @property
    def last_month(self) -> int | None:
        """The newest of the months shown that has figures."""
        return max((one.month for one in self.figures if one.seats is not None), default=None)

    @property
    def first_month(self) -> int | None:
        return min((one.month for one in self.figures if one.seats is not None), default=None)


@dataclass(frozen=True, slots=True)
class Change:
    """A workload that went from one option to another."""

    title: str
    before: str
    after: str
    last_month: int  # by the option before
    first_month: int  # by the option after


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one tenant."""

    held: tuple[Held, ...]
    changes: tuple[Change, ...]
    corrections: tuple[Correction, ...]  # standing and withdrawn, newest first
    months: tuple[int, ...]  # that the figures are shown for


def known_of(portfolio: Portfolio, tenant: Tenant, month: int | None) -> Known:
    """A tenant's associations, figures up to ``month`` and corrections, in six queries."""
    rows = Correction.objects.filter(portfolio=portfolio, tenant=tenant)
    corrections = list(rows.select_related("made_by", "withdrawn_by"))
    standing = claims.Corrections()
    for row in reversed(corrections):
        row.tenant = tenant
        if row.withdrawn_at is None:
            key = (tenant.pk, row.workload or 0, row.option or 0)
            standing.of_claims.setdefault(key, []).append(row)
    said = claims.intervals(portfolio, [tenant.pk])
    laid = claims.corrected(portfolio, said, standing)
    shown = tuple(range(month - MONTHS_SHOWN + 1, month + 1)) if month is not None else ()
    figures = figures_of(portfolio, tenant, shown)
    titles = workload_titles()
    options = rule_sets.vocabulary().option_keys
    held = []
    for key in sorted(said, key=lambda one: (titles.get(one[1], ""), one[2])):
        own: dict[int, dict[str, Correction]] = {}
        for row in standing.of_claims.get(key, ()):
            own.setdefault(claims.place_of(said[key], row), {})[row.field] = row
        by_month = figures.get(key[1:], {})
        held.append(
            Held(
                workload=key[1],
                option=key[2],
                title=titles.get(key[1], ""),
                option_key=options.get(key[2], ""),
                intervals=tuple(
                    Interval(before, after, own.get(place, {}))
                    for place, (before, after) in enumerate(zip(said[key], laid[key], strict=True))
                ),
                figures=tuple(Figures(one, *by_month.get(one, (None, None))) for one in shown),
            )
        )
    return Known(tuple(held), tuple(_changes(held)), tuple(corrections), shown)


def figures_of(
    portfolio: Portfolio, tenant: Tenant, shown: Sequence[int]
) -> dict[tuple[int, int], dict[int, tuple[int, int]]]:
    """A tenant's (seats, users) by (workload, option) and month, in one query."""
    intune = rule_sets.vocabulary().workload_numbers["intune"]
    found: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    spare: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    rows = UsageMonth.objects.filter(portfolio=portfolio, month__in=shown, tenant=tenant)
    for workload, option, month, seats, users in rows.values_list(
        "workload", "option", "month", "seats", "users"
    ):
        if workload == INTUNE_EMS:
            spare.setdefault((intune, option), {})[month] = (seats, users)
        else:
            found.setdefault((workload, option), {})[month] = (seats, users)
    for key, by_month in spare.items():
        found[key] = by_month | found.get(key, {})
    return found


def _changes(held: Iterable[Held]) -> Iterable[Change]:
    """Workloads whose data by one option stop before those by another begin."""
    by_workload: dict[int, list[Held]] = {}
    for one in held:
        if one.last_month is not None:
            by_workload.setdefault(one.workload, []).append(one)
    for own in by_workload.values():
        for before in own:
            after = [
                one
                for one in own
                if one is not before and (one.first_month or 0) > (before.last_month or 0)
            ]
            if after:
                following = min(after, key=lambda one: one.first_month or 0)
                yield Change(
                    before.title,
                    before.option_key,
                    following.option_key,
                    before.last_month or 0,
                    following.first_month or 0,
                )


def workload_titles() -> dict[int, str]:
    """The titles of all workloads that any rule set counts, by number; the newest set decides."""
    return {
        workload.number: workload.title
        for rule_set in rule_sets.all_sets()
        for workload in rule_set.workloads.values()
    }


@dataclass(frozen=True, slots=True)
class Share:
    """What a tenant adds to one metric of a track by one option, with the reason in words."""

    metric: str
    option: str
    value: int
    is_counted: bool
    words: str


def shares(score: Score, tenant: Tenant) -> list[tuple[rules.Track, list[Share]]]:
    """What a tenant adds to a stored score, track by track; nothing where it is not known to it."""
    if score.last_month is None or score.comparison_month is None:
        return []
    own = ledger_rows.claims_of(score.ledger_id, score.revision, [tenant.pk]).get(tenant.pk, [])
    rule_set = ledgers.rule_set_of(score)
    explainer = Explainer(rule_set, Months(score.last_month, score.comparison_month))
    lines: dict[str, list[Line]] = {}
    for line in explainer.lines(own):
        lines.setdefault(line.track, []).append(line)
    order = {
        (track.key, metric.key): place
        for track in rule_set.tracks
        for place, metric in enumerate(track.metrics)
    }
    return [
        (
            track,
            [
                Share(
                    line.metric,
                    line.option,
                    line.value,
                    bool(line.now or line.then),
                    ledgers.reason(line),
                )
                for line in sorted(lines[track.key], key=lambda one: order[track.key, one.metric])
            ],
        )
        for track in rule_set.tracks
        if track.key in lines
    ]
