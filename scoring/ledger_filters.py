"""Which rows of a ledger a reader wants to see: by workload, by baseline, by the kind of reason.

How many rows each choice has is said beside it. What is not in the columns of a row is read from
the facts that its ledger keeps, in one pass over their text: so an old score is filtered by what
was known then, and nothing is judged again.
"""

import re
from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import BooleanField, Case, Count, IntegerField, TextChoices, Value, When
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy

from scoring import bulk, judging, rules
from scoring.judging import COUNTED, DEPLOYMENTS, NO_END, Claim
from scoring.ledgers import Entries, Show, numbers_of, rule_set_of
from scoring.models import Score
from scoring.presentation import PEOPLE
from scoring.reasons import Reason


class Baseline(TextChoices):
    """Where a claim's baseline comes from. Each claim has one, a row as many as its claims."""

    COMPARISON = "comparison", gettext_lazy("Comparison month")
    FILE = "file", gettext_lazy("Beginning named by a file")
    DERIVED = "derived", gettext_lazy("Beginning derived from the data")
    CORRECTED = "corrected", gettext_lazy("Corrected by a person")


class Why(TextChoices):
    """Reasons of one kind, told apart by what a reader would do about them."""

    NEW = "new", gettext_lazy("Newly eligible")
    KEPT = "kept", gettext_lazy("Counts in both months")
    GROWN = "grown", gettext_lazy("Compared with its baseline")
    DEPLOYED = "deployed", gettext_lazy("Deployed")
    BELOW = "below", gettext_lazy("Too few seats in use")
    ABOVE = "above", gettext_lazy("Above the share when claimed")
    SEATS = "seats", gettext_lazy("Outside the seat band")
    STATE = "state", gettext_lazy("Claim not approved")
    ENDED = "ended", gettext_lazy("Association ended or not begun")
    RULES = "rules", gettext_lazy("Not asked for by the rules")
    MISSING = "missing", gettext_lazy("No longer there")
    VALID = "valid", gettext_lazy("Valid certificate")
    EXPIRED = "expired", gettext_lazy("Expired or withdrawn")
    NOT_YET = "not_yet", gettext_lazy("Not completed yet")
    LEFT = "left", gettext_lazy("No longer in the firm")

    @property
    def reasons(self) -> list[int]:
        return [int(reason) for reason in OF_KIND[self]]


OF_KIND: Mapping[str, Collection[Reason]] = {
    Why.NEW: (Reason.ADDED, Reason.GROWTH_NEWLY_ELIGIBLE),
    Why.KEPT: (Reason.KEPT, Reason.PROMOTED, Reason.STILL_DEPLOYED),
    Why.GROWN: (
        Reason.GROWTH,
        Reason.GROWTH_SINCE_CLAIM,
        Reason.GROWTH_SINCE_FIRST_SEEN,
        Reason.GROWTH_SINCE_CORRECTED,
        Reason.GROWTH_MIXED,
    ),
    Why.DEPLOYED: (Reason.DEPLOYED, Reason.DEPLOYED_EDGE),
    Why.BELOW: (Reason.BELOW_SHARE, Reason.FELL_BELOW_SHARE, Reason.NO_SEATS),
    Why.ABOVE: (Reason.ABOVE_AT_CLAIM,),
    Why.SEATS: (
        Reason.TOO_FEW_SEATS,
        Reason.TOO_MANY_SEATS,
        Reason.LOST_TOO_FEW_SEATS,
        Reason.LOST_TOO_MANY_SEATS,
    ),
    Why.STATE: (Reason.CLAIM_STATE, Reason.LOST_CLAIM_STATE),
    Why.ENDED: (Reason.ENDED, Reason.LOST_ENDED, Reason.NOT_YET),
    Why.RULES: (Reason.NOT_ACCEPTED, Reason.OTHER_METRICS, Reason.NONE),
    Why.MISSING: (Reason.NO_DATA_NOW, Reason.LOST, Reason.GROWTH_LOST, Reason.DEPLOYED_LOST),
    Why.VALID: (Reason.CERTIFIED, Reason.CERTIFIED_UNTIL),
    Why.EXPIRED: (Reason.EXPIRED, Reason.WITHDRAWN),
    Why.NOT_YET: (Reason.NOT_COMPLETED_YET,),
    Why.LEFT: (Reason.NOT_LINKED,),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What was chosen; empty is everything."""

    workload: str = ""
    baseline: str = ""
    why: str = ""

    @property
    def needs_facts(self) -> bool:
        return bool(self.workload or self.baseline)


# ---- From columns --------------------------------------------------------------------------------


def of_reason(found: Entries, why: str) -> Entries:
    """The rows with a reason of this kind; of no kind that there is, all of them."""
    return found.filter(why__in=Why(why).reasons) if why in Why else found


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a ledger each choice has."""

    shows: Mapping[str, int]
    whys: Mapping[str, int]


def counts(found: Entries) -> Counts:
    """By what a row adds and by the kind of its reason, in one query."""
    ways = [Show.PLUS, Show.MINUS, Show.NOT]  # what is none of them counts without a change
    sign = Case(
        *(When(way.condition, then=Value(place)) for place, way in enumerate(ways)),
        default=Value(len(ways)),
        output_field=IntegerField(),
    )
    rows = found.annotate(way=sign).order_by().values_list("way", "why").annotate(n=Count("since"))
    kinds = {reason: kind for kind in Why for reason in kind.reasons}
    shows: dict[str, int] = {}
    whys: dict[str, int] = {}
    for way, why, number in rows:
        show = [*ways, Show.SAME][way]
        shows[show] = shows.get(show, 0) + number
        if (kind := kinds.get(why)) is not None:
            whys[kind] = whys.get(kind, 0) + number
    shows[Show.ALL] = sum(shows.values())
    return Counts(shows, whys)


# ---- From facts ----------------------------------------------------------------------------------

FACTS = """
SELECT tenant_id, claims FROM scoring_tenantfacts
WHERE ledger_id = %s AND since <= %s AND until > %s
"""
# A claim as ``explaining.dump_claims`` writes it: workload, option, beginning, end, state, marks,
# whether the beginning is dated; then two days, the first figures, and those of the last month.
CLAIM = r"\[(\d+),{option},(\d+),\d+,\d+,(\d+),(n|\")"
DAY = r'(?:null|"[-0-9]*")'
SHARE = rf"\[(\d+),{{option}},(\d+),(\d+),(\d+),\d+,{DAY},{DAY},\w+,\w+,\w+,(\d+),(\d+)"


@lru_cache(maxsize=64)
def _pattern(template: str, option: int) -> re.Pattern[str]:
    """Claims by one option, or by any (``judging.ALONE``)."""
    wanted = r"\d+" if option == judging.ALONE else str(option)
    return re.compile(template.replace("{option}", wanted))


@dataclass(frozen=True, slots=True)
class Facets:
    """Which tenants have a claim of a workload with a baseline of a kind."""

    tenants: Mapping[tuple[int, str], Collection[int]]

    def of(self, workload: int = 0, baseline: str = "") -> set[int]:
        """The tenants with a claim that has both; nothing asked for is any."""
        return {
            tenant
            for (number, kind), own in self.tenants.items()
            if workload in (0, number) and baseline in ("", kind)
            for tenant in own
        }

    def of_workloads(self) -> dict[int, int]:
        """How many tenants have a claim of each workload."""
        return {
            workload: len(self.of(workload))
            for workload in sorted({workload for workload, _kind in self.tenants})
        }

    def of_baselines(self) -> dict[str, int]:
        return {kind: number for kind in Baseline if (number := len(self.of(baseline=kind)))}


NO_FACETS = Facets({})


def facets(score: Score, track: str, metric: str, option: str) -> Facets:
    """What the facts of a score's tenants say of one metric of a track by an option."""
    rule_set = rule_set_of(score)
    numbers = numbers_of(rule_set, track, metric, option)
    if metric in PEOPLE or numbers is None:
        return NO_FACETS
    workloads = _workloads(rule_set, metric)
    return read_facets(_facts(score), numbers[1], workloads, score.comparison_month or 0)


def read_facets(
    stored: Iterable[tuple[int, str]], option: int, workloads: Collection[int], comparison: int
) -> Facets:
    """``stored`` are tenants with their claims as ``explaining.dump_claims`` writes them."""
    by_claim: dict[tuple[str, ...], array[int]] = {}
    pattern = _pattern(CLAIM, option)
    for tenant, text in stored:
        for key in pattern.findall(text):
            own = by_claim.get(key)
            if own is None:
                own = by_claim[key] = array("q")
            own.append(tenant)
    found: dict[tuple[int, str], array[int]] = {}
    for (workload, begins, marks, dated), tenants in by_claim.items():
        if int(workload) in workloads:
            kind = _kind(int(begins), int(marks), dated != "n", comparison)
            found.setdefault((int(workload), kind), array("q")).extend(tenants)
    return Facets(found)


def _facts(score: Score) -> Iterable[tuple[int, str]]:
    return bulk.fetch(FACTS, (score.ledger_id, score.revision, score.revision))


def _workloads(rule_set: rules.RuleSet, metric: str) -> set[int]:
    return {one.number for one in rule_set.workloads.values() if metric in one.counts_for}


def _kind(begins: int, marks: int, is_dated: bool, comparison: int) -> Baseline:
    if marks:
        return Baseline.CORRECTED
    if begins <= comparison:
        return Baseline.COMPARISON
    return Baseline.FILE if is_dated else Baseline.DERIVED


def kind_of(claim: Claim, comparison: int) -> Baseline:
    """Where the baseline of a claim comes from, as the filter tells them apart."""
    return _kind(claim.begins, claim.marks, claim.begins_on is not None, comparison)


def of_facts(found: Entries, facts: Facets, rule_set: rules.RuleSet, filters: Filters) -> Entries:
    """The rows of tenants that have a claim of the workload with a baseline of the kind."""
    if not filters.needs_facts:
        return found
    known = rule_set.workloads.get(filters.workload)
    if filters.workload and known is None:
        return found.none()
    return among(found, facts.of(known.number if known else 0, filters.baseline))


def among(found: Entries, tenants: Iterable[int]) -> Entries:
    """The rows of these tenants: whole numbers of our own, written out, because a database takes a
    limited number of values in one statement.
    """
    listed = ", ".join(str(int(one)) for one in tenants) or "NULL"
    condition = f"scoring_contribution.tenant_id IN ({listed})"
    return found.filter(RawSQL(condition, (), output_field=BooleanField()))  # noqa: S611


# ---- The share in use ----------------------------------------------------------------------------

PARTS = 1_000_000  # of a share: whole numbers, so that a sort is the same everywhere


def shares(score: Score, track: str, option: str) -> dict[int, int]:
    """By tenant the highest share in use of its claims that are held in the last month."""
    rule_set = rule_set_of(score)
    numbers = numbers_of(rule_set, track, DEPLOYMENTS, option)
    if numbers is None or score.last_month is None:
        return {}
    workloads = _workloads(rule_set, DEPLOYMENTS)
    return read_shares(_facts(score), numbers[1], workloads, score.last_month)


def read_shares(
    stored: Iterable[tuple[int, str]], option: int, workloads: Collection[int], last: int
) -> dict[int, int]:
    pattern = _pattern(SHARE, option)
    found: dict[int, int] = {}
    for tenant, text in stored:
        for workload, begins, ends, state, seats, users in pattern.findall(text):
            is_held = int(begins) <= last <= int(ends) and int(state) in COUNTED
            if is_held and int(workload) in workloads:
                share = _part(int(users), int(seats))
                if share > found.get(tenant, -1):
                    found[tenant] = share
    return found


def by_share(
    found: Entries, score: Score, track: str, option: str, *, descending: bool
) -> list[int]:
    """The tenants of these rows in order of their share in use, those without any last."""
    known = shares(score, track, option)
    tenants: list[int] = list(found.order_by("name", "guid").values_list("key", flat=True))
    if descending:
        return sorted(tenants, key=lambda one: -known.get(one, -1))
    return sorted(tenants, key=lambda one: known.get(one, PARTS * NO_END))


def share_of(
    claims: Iterable[Claim], rule_set: rules.RuleSet, option: str, last: int
) -> int | None:
    """The same of one tenant; None where no claim is held in the last month."""
    workloads = _workloads(rule_set, DEPLOYMENTS)
    number = rule_set.options[option].number
    return max(
        (
            _part(claim.now_users or 0, claim.now_seats)
            for claim in claims
            if claim.workload in workloads and claim.option == number
            if claim.now_seats is not None and claim.held(last)
        ),
        default=None,
    )


def _part(users: int, seats: int) -> int:
    return users * PARTS // seats if seats else 0
