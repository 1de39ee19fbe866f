"""A firm's months, past and to come: each scored with what is known of it today.

[I] The data of a month count on the days of the month that follows: its comparison is the same
month a year earlier, its rules are those in force when the following month begins. Within it only
people change, so that is asked on the days on which a certification begins or stops to count.

[I] A month to come is scored as if every customer kept the figures of the newest data: what moves
is what is known already, such as the month it will be compared with and the ends of associations.

Facts are read and judged outside of any transaction; the version of the facts says whether they
still stand when the rows are written.
"""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import F

from documents.jobs import queue_on_commit
from scoring import (
    bulk,
    claim_list,
    claims,
    computed_tables,
    facts,
    judging,
    months,
    nearness,
    people,
    results,
    rule_sets,
    rules,
    scores,
    unclaimed_table,
)
from scoring.computed_tables import verdicts_name
from scoring.judging import Claim, Months, Verdict
from scoring.ledger_rows import Sums
from scoring.models import ComputedTable, MonthAhead, MonthResult, Portfolio
from scoring.people import Certificate, Standing
from scoring.status import Window

TASK = "scoring.tasks.refresh_history"
ATTEMPTS = 4
FIELDS = (
    "portfolio",
    "month",
    "rule_set",
    "is_provable",
    "result",
    "designated",
    "track",
    "qualified",
)


# ---- One month -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class JudgedMonth:
    """All tenants of a firm, judged with the data of one month."""

    month: int
    data_month: int  # whose figures it has: an earlier one for a month to come
    rule_set: rules.RuleSet
    claims: dict[int, list[Claim]]  # by tenant
    verdicts: dict[int, list[Verdict]]
    is_provable: bool  # the comparison month is there, or nothing could have been held in it

    @property
    def pair(self) -> Months:
        return Months(self.month, self.month - months.YEAR)

    @property
    def days(self) -> Window:
        """The days on which these data count."""
        return days_of(self.month)

    @cached_property
    def tenants(self) -> list[tuple[int, int, int, int, int]]:
        """Track, option, and what all tenants together add: eligible, users, deployed."""
        adds: Counter[tuple[int, int]] = Counter()
        growth: Counter[tuple[int, int]] = Counter()
        deployed: Counter[tuple[int, int]] = Counter()
        for own in self.verdicts.values():
            for one in own:
                key = (one.track, one.option)
                adds[key] += one.eligible_now - one.eligible_then
                growth[key] += one.users_now - one.users_then
                deployed[key] += one.deployed_now - one.deployed_then
        return [(*key, adds[key], growth[key], deployed[key]) for key in sorted(adds)]

    def scored(self, standings: Iterable[Standing]) -> list[rules.TrackScore]:
        """The score of both tracks with the people who count on one day."""
        counted: Counter[str] = Counter()
        for standing in standings:
            counted[standing.metric] += standing.counts
        sums = Sums(self.tenants, counted, len(self.verdicts), derived=0, unproven=0)
        return scores.evaluate(self.rule_set, sums)


def days_of(month: int) -> Window:
    """The days on which the data of ``month`` count."""
    return Window(months.first_day(month + 1), months.last_day(month + 1))


def rule_set_of(month: int) -> rules.RuleSet:
    """The rules for the data of ``month``: those in force when the following month begins."""
    return rule_sets.for_day(months.first_day(month + 1))


def judge_month(
    portfolio: Portfolio,
    month: int,
    imported: Container[int],
    known: claims.Corrections,
    *,
    data_month: int | None = None,
    tenants: Collection[int] | None = None,
) -> JudgedMonth:
    """Judge every tenant (or some) with the data of ``month``, or with those of ``data_month``.

    ``imported`` are the months that have data, ``known`` the firm's corrections.
    """
    pair = Months(month, month - months.YEAR)
    data_month = month if data_month is None else data_month
    rule_set = rule_set_of(month)
    prepared = judging.prepare(rule_set.key, pair)
    found = claims.read(portfolio, Months(data_month, pair.comparison), tenants, known=known)
    by_tenant = {
        tenant: [Claim._make(row) for row in rows]
        for tenant, rows in groupby(found, key=itemgetter(0))
    }
    is_empty_then = all(
        claim.begins_on is not None and claim.begins > pair.comparison
        for own in by_tenant.values()
        for claim in own
    )
    return JudgedMonth(
        month=month,
        data_month=data_month,
        rule_set=rule_set,
        claims=by_tenant,
        verdicts={tenant: judging.judge(own, prepared) for tenant, own in by_tenant.items()},
        is_provable=pair.comparison in imported or is_empty_then,
    )


# ---- All months ----------------------------------------------------------------------------------


AHEAD = 3  # months to come: the next one, and with it the next quarter


@dataclass(frozen=True, slots=True)
class Computed:
    """All that is worked out of a firm's facts, as it would be stored."""

    history: list[MonthResult]
    ahead: list[MonthAhead]
    tables: dict[str, bytes]  # by name, see ``computed_tables``


def compute(portfolio: Portfolio) -> Computed:
    """Every imported month and those to come, from the facts alone."""
    imported = sorted(facts.imported_months(portfolio))
    known = claims.corrections(portfolio)
    certificates = claims.certificates(portfolio, known)
    made = Computed([], [], {})
    for month in imported:
        judged = judge_month(portfolio, month, imported, known)
        made.history.append(
            MonthResult(portfolio=portfolio, month=month, **outcome(judged, certificates))
        )
        made.tables[verdicts_name(month)] = computed_tables.dump_verdicts(judged.verdicts)
        if month == imported[-1]:
            made.tables.update(_edges(judged))
            made.tables[computed_tables.UNCLAIMED] = unclaimed_table.dump(
                portfolio, judged, imported, known
            )
    for month in months_ahead(imported):
        judged = judge_month(portfolio, month, imported, known, data_month=imported[-1])
        made.ahead.append(
            MonthAhead(
                portfolio=portfolio,
                month=month,
                data_month=imported[-1],
                **outcome(judged, certificates),
            )
        )
        made.tables[verdicts_name(month)] = computed_tables.dump_verdicts(judged.verdicts)
    return made


def months_ahead(imported: Sequence[int]) -> range:
    """The months to come that are worked out; none before there are data."""
    return range(imported[-1] + 1, imported[-1] + 1 + AHEAD) if imported else range(0)


def _edges(judged: JudgedMonth) -> dict[str, bytes]:
    """Who is near an edge in the newest month."""
    prepared = judging.prepare(judged.rule_set.key, judged.pair)
    shares, edges = nearness.of(judged.claims, judged.verdicts, prepared)
    dump = computed_tables.dump
    return {
        computed_tables.NEAR_SHARE: dump(computed_tables.NEAR_SHARE_FIELDS, shares),
        computed_tables.NEAR_BAND: dump(computed_tables.NEAR_BAND_FIELDS, edges),
    }


def outcome(judged: JudgedMonth, certificates: Sequence[Certificate]) -> dict[str, Any]:
    """What a month's score is: the fields of a ``MonthOutcome``."""
    scored: list[rules.TrackScore] = []
    qualified: list[Window] = []
    for stretch in unchanged_stretches(certificates, judged.rule_set, judged.days):
        standings = people.judge_people(certificates, judged.rule_set, stretch.first)
        scored = judged.scored(standings)
        if not judged.is_provable or not any(track.passes for track in scored):
            continue
        if qualified and stretch.first - qualified[-1].last == timedelta(days=1):
            stretch = Window(qualified.pop().first, stretch.last)
        qualified.append(stretch)
    return {
        "rule_set": judged.rule_set.key,
        "is_provable": judged.is_provable,
        "result": results.dump(scored, provable=judged.is_provable),
        "designated": judged.is_provable and any(track.passes for track in scored),
        "track": rules.shown_track(scored).track.key,
        "qualified": [[day.first.isoformat(), day.last.isoformat()] for day in qualified],
    }


def unchanged_stretches(
    certificates: Iterable[Certificate], rule_set: rules.RuleSet, days: Window
) -> list[Window]:
    """``days`` cut where a certification begins or stops to count: within each nobody changes."""
    cuts = {days.first}
    for row in certificates:
        certification = rule_set.certifications.get(row.certification)
        if certification is None:
            continue
        ends = (row.expires_on if certification.expires else None, certification.counts_until)
        cuts.add(row.completed_on)
        cuts.update(day + timedelta(days=1) for day in ends if day is not None and day < date.max)
    begins = sorted(day for day in cuts if days.first <= day <= days.last)
    begins.append(days.last + timedelta(days=1))
    return [Window(first, after - timedelta(days=1)) for first, after in pairwise(begins)]


def qualified_days(rows: Iterable[MonthResult]) -> list[date]:
    """Every day on which the score qualified, also those still to come."""
    return [
        day
        for row in rows
        for first, last in row.qualified
        for day in Window(date.fromisoformat(first), date.fromisoformat(last)).days()
    ]


# ---- Keeping it up to date -----------------------------------------------------------------------


def queue(portfolio_pk: int) -> None:
    """Facts of a firm have changed: bring its history up to date once the change is committed."""
    queue_on_commit(TASK, portfolio_pk)


def refresh(portfolio_pk: int) -> int:
    """Bring a firm's stored history up to date; returns the number of months that have changed.

    May run twice at once: both come to the same rows. When the facts change all the time while it
    reads, it leaves the rest to the next run.
    """
    for _attempt in range(ATTEMPTS):
        portfolio = Portfolio.objects.get(pk=portfolio_pk)
        if _is_current(portfolio):
            return 0
        made = compute(portfolio)
        found = {row.month: _values(row) for row in made.history}
        stored = {row.month: _values(row) for row in portfolio.history.all()}
        changed = [values for month, values in found.items() if stored.get(month) != values]
        gone = [(portfolio_pk, month) for month in stored if month not in found]
        with transaction.atomic():
            locked = Portfolio.objects.select_for_update().get(pk=portfolio_pk)
            if locked.version != portfolio.version:
                continue
            bulk.write(MonthResult, FIELDS, changed)
            bulk.delete(MonthResult, FIELDS[:2], gone)
            locked.months_ahead.all().delete()
            MonthAhead.objects.bulk_create(made.ahead)
            locked.computed_tables.all().delete()
            ComputedTable.objects.bulk_create(
                ComputedTable(portfolio=locked, name=name, columns=columns)
                for name, columns in made.tables.items()
            )
            claim_list.settle(locked)
            locked.history_version = locked.version
            locked.save(update_fields=["history_version"])
        return len(changed) + len(gone)
    return 0


def _values(row: MonthResult) -> tuple[Any, ...]:
    return (row.portfolio_id, *(getattr(row, name) for name in FIELDS[1:]))


def _is_current(portfolio: Portfolio) -> bool:
    """Whether the stored months were made from these facts and by the rules of today."""
    return (
        portfolio.history_version == portfolio.version
        and all(
            rule_set == rule_set_of(month).key
            for rows in (portfolio.history, portfolio.months_ahead)
            for month, rule_set in rows.values_list("month", "rule_set")
        )
        and not computed_tables.damaged([portfolio.pk])
    )


def sweep() -> int:
    """Queue the firms whose history lies behind their facts; returns their number."""
    behind = Portfolio.objects.exclude(history_version=F("version")).order_by("pk")
    return _queue_all(behind.values_list("pk", flat=True)[:200])


def sweep_rule_sets() -> int:
    """Queue the firms with months that another set of rules is in force for by now."""
    firms: set[int] = set()
    for model in (MonthResult, MonthAhead):
        pairs = model.objects.order_by().values_list("month", "rule_set").distinct()
        for month, rule_set in pairs:
            if rule_set != rule_set_of(month).key:
                rows = model.objects.filter(month=month, rule_set=rule_set)
                firms.update(rows.values_list("portfolio_id", flat=True))
    return _queue_all(sorted(firms))


def sweep_damaged() -> int:
    """Queue the firms with a computed table that cannot be read."""
    return _queue_all(sorted(computed_tables.damaged()))


def _queue_all(portfolios: Iterable[int]) -> int:
    count = 0
    for pk in portfolios:
        queue(pk)
        count += 1
    return count
