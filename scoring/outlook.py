"""What is known already of the months to come: points, anniversaries, tenants at an edge.

Everything comes from rows that ``history.refresh`` wrote; nothing is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F

from scoring import computed_tables, history, months, rule_sets, rules
from scoring.judging import NO_END
from scoring.models import Association, MonthAhead, MonthResult, Portfolio, Tenant

MOST = 10  # tenants of a list that are shown on the page of everything


# ---- Points --------------------------------------------------------------------------------------


def outcomes(portfolio: Portfolio) -> tuple[MonthResult | None, list[MonthAhead]]:
    """The newest month with data and the months to come, in order, in two queries."""
    newest = MonthResult.objects.filter(portfolio=portfolio).order_by("-month").first()
    ahead = list(MonthAhead.objects.filter(portfolio=portfolio).order_by("month"))
    return newest, ahead


# ---- Associations --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anniversary:
    """How many associations are twelve months old from a month on, by option."""

    month: int  # of the data in which they are compared with the year before for the first time
    counts: Sequence[tuple[str, int]]

    @property
    def number(self) -> int:
        return sum(number for _option, number in self.counts)


def anniversaries(portfolio: Portfolio, ahead: Sequence[MonthAhead]) -> list[Anniversary]:
    """Associations that were compared with their beginning so far, month by month. One query.

    From the month in which its beginning is the comparison month an association is compared like
    any other; what stood above the share when it began is left out no longer. One that has ended
    by then never gets that old.
    """
    if not ahead:
        return []
    names = rule_sets.vocabulary().option_keys
    begins = [row.month - months.YEAR for row in ahead]
    rows = (
        Association.objects.filter(
            portfolio=portfolio, begins__in=begins, ends__gte=F("begins") + months.YEAR
        )
        .order_by("begins", "option")
        .values_list("begins", "option")
        .annotate(number=Count("workload"))
    )
    by_month: dict[int, list[tuple[str, int]]] = {}
    for begin, option, number in rows:
        by_month.setdefault(begin + months.YEAR, []).append((names.get(option, "?"), number))
    return [Anniversary(month, counts) for month, counts in sorted(by_month.items())]


def ends(portfolio: Portfolio, ahead: Sequence[MonthAhead]) -> list[tuple[int, int]]:
    """(month, associations that are held in it no more) of the months to come. One query."""
    if not ahead:
        return []
    first, last = ahead[0].month, ahead[-1].month
    rows = (
        Association.objects.filter(portfolio=portfolio, ends__gte=first - 1, ends__lt=last)
        .exclude(ends=NO_END)
        .order_by("ends")
        .values_list("ends")
        .annotate(number=Count("workload"))
    )
    return [(end + 1, number) for end, number in rows]


# ---- Tenants at an edge --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Near:
    """A tenant near an edge: the numbers of ``nearness.Share`` or ``nearness.Edge``, with names."""

    name: str
    guid: UUID
    track: rules.Track
    option: str
    workload: str
    seats: int
    users: int | None  # None: of a seat band
    distance: int


@dataclass(frozen=True, slots=True)
class Nearby:
    """One list of tenants, the nearest first, with the number of all."""

    rows: Sequence[Near]
    count: int


@dataclass(frozen=True, slots=True)
class AllNear:
    almost_deployed: Nearby  # a few users short
    barely_deployed: Nearby  # a few users to lose
    almost_in: Nearby  # a few seats short of the band, or above it
    barely_in: Nearby  # a few seats from leaving it


def near(portfolio: Portfolio, data_month: int, *, most: int = MOST) -> AllNear:
    """Tenants near an edge in the newest data, in two queries."""
    tables = computed_tables.read(
        portfolio, [computed_tables.NEAR_SHARE, computed_tables.NEAR_BAND]
    )
    share = tables.get(computed_tables.NEAR_SHARE)
    band = tables.get(computed_tables.NEAR_BAND)
    lists = [
        _nearest(table, counts=counts, most=most) for table in (share, band) for counts in (0, 1)
    ]
    wanted = {row["tenant"] for rows, _total in lists for row in rows}
    found = Tenant.objects.filter(portfolio=portfolio, pk__in=wanted)
    names = {pk: (name, guid) for pk, name, guid in found.values_list("pk", "name", "tenant_id")}
    rule_set = history.rule_set_of(data_month)
    return AllNear(
        *(
            Nearby([_near(row, names, rule_set) for row in rows if row["tenant"] in names], total)
            for rows, total in lists
        )
    )


def _nearest(table: Any, *, counts: int, most: int) -> tuple[list[dict[str, int]], int]:
    """The rows nearest to their edge, of those that count now or not, and the number of all."""
    if table is None:
        return [], 0
    import pyarrow.compute as pc  # noqa: PLC0415 -- 40 ms that a web node need not spend at start

    own = table.filter(pc.equal(table["counts"], counts))
    own = own.append_column("far", pc.abs(own["distance"]))
    order = [(name, "ascending") for name in ("far", "track", "tenant")]
    return own.sort_by(order).slice(0, most).to_pylist(), own.num_rows


def _near(row: dict[str, int], names: dict[int, tuple[str, UUID]], rule_set: rules.RuleSet) -> Near:
    name, guid = names[row["tenant"]]
    options = {option.number: option.key for option in rule_set.options.values()}
    workloads = {one.number: one.title for one in rule_set.workloads.values()}
    return Near(
        name=name or str(guid),
        guid=guid,
        track=next(track for track in rule_set.tracks if track.number == row["track"]),
        option=options.get(row["option"], ""),
        workload=workloads.get(row["workload"], ""),
        seats=row["seats"],
        users=row.get("users"),
        distance=row["distance"],
    )
