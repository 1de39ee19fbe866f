"""Facts in the database: what an import writes, and what a score reads.

Writing compares a file with what is stored and changes only what differs, so a run that was killed
in the middle is simply run again. Reading brings a firm's claims with both months in one query; the
judging is done in Python (``judging``). Corrections are laid over the facts when they are read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Min
from django.db.transaction import TransactionManagementError

from partners.models import Partner
from scoring import associations, bulk, months, moves
from scoring.associations import Interval
from scoring.models import (
    NO_END,
    Association,
    Certificate,
    MonthOfData,
    Portfolio,
    Tenant,
    UsageMonth,
)
from scoring.moves import Moved
from scoring.people import Certificate as Certified

if TYPE_CHECKING:
    import pyarrow as pa

    from scoring.reading.parsing import AssociationSaid, Said

FactKey = tuple[int, int, int]  # tenant, workload, option
Figures = tuple[int, int]  # seats, users


def portfolio_of(partner: Partner) -> Portfolio:
    return Portfolio.objects.get_or_create(partner=partner)[0]


LOCK = "SELECT id, version, history_version FROM scoring_portfolio WHERE partner_id = %s"


def lock(partner: Partner) -> Portfolio:
    """Hold the firm's facts until the transaction ends; every writer of them takes this first."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a lock needs a transaction")
    # SQLite knows no row locks: there the immediate transaction is the lock.
    statement = LOCK if connection.vendor == "sqlite" else f"{LOCK} FOR UPDATE"
    found = bulk.fetch(statement, [bulk.stored_id(partner.pk)])
    if not found:
        portfolio_of(partner)
        found = bulk.fetch(statement, [bulk.stored_id(partner.pk)])
    [(pk, version, history_version)] = found
    return Portfolio(pk=pk, partner=partner, version=version, history_version=history_version)


def touch(portfolio: Portfolio) -> None:
    """Facts have changed: whoever read them outside of the lock sees it by the version."""
    Portfolio.objects.filter(pk=portfolio.pk).update(version=F("version") + 1)


# ---- What a file would change --------------------------------------------------------------------


@dataclass(slots=True)
class MonthCounts:
    is_known: bool = False  # there were usage data of the month before
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0


@dataclass(slots=True)
class Plan:
    """What a file would change: rows that are new or different, and the counts of all."""

    numbers: list[int] = field(default_factory=list)  # the tenants' ids, 0: not stored yet
    tenants: list[tuple[int, UUID, str]] = field(default_factory=list)  # place in the file, …
    renamed: list[tuple[int, str]] = field(default_factory=list)
    new_usage: "list[pa.Table]" = field(default_factory=list)  # columns as parsing.Said.usage
    changed_usage: "list[pa.Table]" = field(default_factory=list)
    gone_usage: list[tuple[int, int, int, int]] = field(default_factory=list)
    associations: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    gone_associations: list[tuple[int, int, int, int]] = field(default_factory=list)
    certificates: list[tuple[Any, ...]] = field(default_factory=list)
    gone_certificates: list[tuple[Any, ...]] = field(default_factory=list)
    gone_months: list[int] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)  # who comes and goes by this file
    all_moves: list[tuple[UUID, Moved]] = field(default_factory=list)  # by all files, when undoing
    by_month: dict[int, MonthCounts] = field(default_factory=dict)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    dates_changed: int = 0

    @property
    def months(self) -> list[int]:
        return sorted(self.by_month)

    @property
    def is_empty(self) -> bool:
        """Whether the facts say all of this already."""
        return not (
            self.tenants
            or self.renamed
            or self.new_usage
            or self.changed_usage
            or self.gone_usage
            or self.associations
            or self.gone_associations
            or self.certificates
            or self.gone_certificates
            or self.gone_months
        )


def plan(portfolio: Portfolio, said: "Said", *, whole: bool = False) -> Plan:
    """Compare what a file says with the facts. Writes nothing.

    ``whole``: ``said`` is all that there is, so what is stored beside it goes (``imports.undo``).
    """
    made = Plan()
    known = {tenant.tenant_id.hex: tenant for tenant in portfolio.tenants.all()}
    for place, (guid, name) in enumerate(said.tenants):
        tenant = known.get(guid)
        made.numbers.append(tenant.pk if tenant else 0)
        if tenant is None:
            made.tenants.append((place, UUID(guid), name))
        elif name and tenant.name != name:
            made.renamed.append((tenant.pk, name))
    first = _plan_usage(portfolio, said, made, whole=whole)
    if first or said.associations or whole:
        _plan_associations(portfolio, said, made, first, whole=whole)
    if said.certificates or whole:
        _plan_certificates(portfolio, said, made, whole=whole)
    return made


FirstFigures = dict[FactKey, tuple[int, int, int]]  # by place in the file: month, seats, users


def _plan_usage(portfolio: Portfolio, said: "Said", made: Plan, *, whole: bool) -> FirstFigures:
    """Fill in what becomes of the usage rows; returns each claim's first figures in the file."""
    import pyarrow as pa  # noqa: PLC0415 -- large, and needed by the jobs only
    import pyarrow.compute as pc  # noqa: PLC0415

    usage = said.usage
    imported = set(portfolio.months_of_data.values_list("month", flat=True))
    counted = pc.value_counts(usage["month"])
    begin = 0
    for month, rows in sorted(
        zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    ):
        part = usage.slice(begin, rows)
        begin += rows
        counts = made.by_month[month] = MonthCounts(is_known=month in imported)
        stored = _stored_usage(portfolio, month) if month in imported else {}
        if not stored:
            counts.new = rows
            made.new_usage.append(part)
            continue
        new, changed = [], []
        for place, (tenant, workload, option, seats, users) in enumerate(_rows(part)):
            before = stored.pop((made.numbers[tenant], workload, option), None)
            if before is None:
                new.append(place)
            elif before != (seats, users):
                changed.append(place)
        counts.new, counts.changed = len(new), len(changed)
        counts.unchanged = rows - len(new) - len(changed)
        if new:
            made.new_usage.append(part.take(pa.array(new)))
        if changed:
            made.changed_usage.append(part.take(pa.array(changed)))
        if whole:
            counts.gone = len(stored)
            made.gone_usage += [(month, *key) for key in stored]
    if whole:
        for month in imported - set(made.by_month):
            made.gone_months.append(month)
            made.gone_usage += [(month, *key) for key in _stored_usage(portfolio, month)]
    for counts in made.by_month.values():
        made.new += counts.new
        made.changed += counts.changed
        made.unchanged += counts.unchanged
    # Rows are in order of months, so the first of a claim is its earliest.
    grouped = usage.group_by(["tenant", "workload", "option"], use_threads=False).aggregate(
        [("month", "first"), ("seats", "first"), ("users", "first")]
    )
    columns = [
        grouped[name].to_pylist()
        for name in ("tenant", "workload", "option", "month_first", "seats_first", "users_first")
    ]
    return {row[:3]: row[3:] for row in zip(*columns, strict=True)}


def _rows(part: "pa.Table") -> Iterator[tuple[int, int, int, int, int]]:
    names = ("tenant", "workload", "option", "seats", "users")
    return zip(*(part[name].to_pylist() for name in names), strict=True)


def _stored_usage(portfolio: Portfolio, month: int) -> dict[FactKey, Figures]:
    rows = UsageMonth.objects.filter(portfolio=portfolio, month=month).values_list(
        "tenant_id", "workload", "option", "seats", "users"
    )
    return {row[:3]: (row[3], row[4]) for row in rows}


# -- Associations --

ASSOCIATION_VALUES = (
    "begins",
    "ends",
    "begins_on",
    "ended_on",
    "state",
    "baseline_month",
    "baseline_seats",
    "baseline_users",
)
AssociationValues = tuple[
    int, int, date | None, date | None, int, int | None, int | None, int | None
]
NO_BASELINE = (None, None, None)


def _plan_associations(
    portfolio: Portfolio, said: "Said", made: Plan, first: FirstFigures, *, whole: bool
) -> None:
    stored: dict[FactKey, list[AssociationValues]] = {}
    rows = Association.objects.filter(portfolio=portfolio).order_by("pk")
    for tenant, workload, option, *values in rows.values_list(
        "tenant_id", "workload", "option", *ASSOCIATION_VALUES
    ):
        stored.setdefault((tenant, workload, option), []).append(tuple(values))

    search = _BaselineSearch(portfolio, said, whole=whole)
    first_months = _FirstMonths(portfolio)
    settled: list[tuple[FactKey, FactKey, list[AssociationValues], list[AssociationValues]]] = []
    for place_key in first.keys() | said.associations.keys():
        key = (made.numbers[place_key[0]], *place_key[1:])
        old = stored.pop(key, []) if key[0] else []
        seen, told = first.get(place_key), said.associations.get(place_key)
        if not whole and told is None and old and _says_nothing_new(old, seen):
            continue
        if told is None and not old and seen is not None:  # new, and begins with its first figures
            made.associations.append((place_key[0], (*place_key[1:], *_derived(seen))))
            continue
        before = [] if whole else old
        new = _settle(before, told, seen, partial(first_months.of, key))
        for row in new:
            search.want(place_key, key, row, before, seen)
        settled.append((place_key, key, old, new))
    search.run()
    for place_key, key, old, new in settled:
        with_baselines = [(*row[:5], *search.found(place_key, row[0])) for row in new]
        if with_baselines == old:
            continue
        made.dates_changed += bool(old) and [row[2:4] for row in with_baselines] != [
            row[2:4] for row in old
        ]
        begins = {row[0] for row in with_baselines}
        made.gone_associations += [(*key, row[0]) for row in old if row[0] not in begins]
        made.associations += [
            (place_key[0], (*place_key[1:], *row)) for row in with_baselines if row not in old
        ]
    if whole:
        made.gone_associations += [(*key, row[0]) for key, old in stored.items() for row in old]


def _derived(seen: tuple[int, int, int]) -> AssociationValues:
    """An association of which only figures are known."""
    return (seen[0], NO_END, None, None, 0, *seen)


def _says_nothing_new(old: Sequence[AssociationValues], seen: tuple[int, int, int] | None) -> bool:
    """Whether figures alone, without dates, leave a stored association as it is: the usual case."""
    if seen is None:
        return True
    month = seen[0]
    return all(
        begins <= month and (month > ends or (baseline is not None and month > baseline))
        for begins, ends, _b, _e, _state, baseline, _s, _u in old
    )


def _settle(
    old: Sequence[AssociationValues],
    told: "AssociationSaid | None",
    seen: tuple[int, int, int] | None,
    first_stored: Callable[[], int],
) -> list[AssociationValues]:
    """The intervals of one claim after a file: its months and dates, still without baselines."""
    before = [Interval(row[2], row[3]) for row in old]
    intervals = before
    if told is not None:
        intervals = associations.fold(before, [Interval(*pair) for pair in told.intervals])
    state = old[-1][4] if old else 0
    if told is not None and told.state:
        state = told.state
    # Without a date it begins with its first figures; without those it has not begun. It may have
    # ended before them all: then it was held in the month of its end, and no more is known.
    derived = [row[0] for row in old if row[2] is None and row[0] < row[1]]
    if old and not derived and any(interval.begins_on is None for interval in intervals):
        derived = [first_stored()]
    first_month = min(derived + ([seen[0]] if seen is not None else []), default=NO_END)
    rows: list[AssociationValues] = []
    for interval in intervals or [Interval(None, None)]:
        ends = NO_END if interval.ended_on is None else months.number(interval.ended_on)
        if interval.begins_on is None:
            begins = min(first_month, ends)
        else:
            begins = months.number(interval.begins_on)
        rows.append((begins, ends, interval.begins_on, interval.ended_on, state, *NO_BASELINE))
    return rows


class _FirstMonths:
    """The first month with stored figures by claim, asked for when one is: it is hardly ever."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._months: dict[FactKey, int] | None = None

    def of(self, key: FactKey) -> int:
        if self._months is None:
            rows = UsageMonth.objects.filter(portfolio=self._portfolio)
            grouped = rows.values_list("tenant_id", "workload", "option").annotate(Min("month"))
            self._months = {row[:3]: row[3] for row in grouped}
        return self._months.get(key, NO_END)


class _BaselineSearch:
    """The first figures of claims since they began: in the file, or in what is stored."""

    def __init__(self, portfolio: Portfolio, said: "Said", *, whole: bool) -> None:
        self.portfolio, self.said, self.whole = portfolio, said, whole
        self._found: dict[tuple[FactKey, int], tuple[int | None, int | None, int | None]] = {}
        self._in_file: dict[FactKey, list[tuple[int, int]]] = {}  # (begins, ends) by claim
        self._in_store: dict[FactKey, list[tuple[FactKey, int, int]]] = {}

    def want(
        self,
        place_key: FactKey,
        key: FactKey,
        row: AssociationValues,
        old: Sequence[AssociationValues],
        seen: tuple[int, int, int] | None,
    ) -> None:
        begins, ends = row[0], row[1]
        best: tuple[int | None, int | None, int | None] = NO_BASELINE
        is_known = False
        for values in old:
            if values[0] == begins:
                is_known = values[5] is not None or ends <= values[1]
                if values[5] is not None and values[5] <= ends:
                    best = values[5:]
        if seen is not None and begins <= seen[0] <= ends:
            if best[0] is None or seen[0] <= best[0]:
                best = seen
        elif seen is not None and seen[0] < begins:
            self._in_file.setdefault(place_key, []).append((begins, ends))
        self._found[place_key, begins] = best
        if not is_known and key[0] and not self.whole and old:
            self._in_store.setdefault(key, []).append((place_key, begins, ends))

    def run(self) -> None:
        if self._in_file:
            usage = self.said.usage
            columns = (
                usage[name].to_pylist()
                for name in ("tenant", "workload", "option", "month", "seats", "users")
            )
            for tenant, workload, option, *figures in zip(*columns, strict=True):
                place_key = (tenant, workload, option)
                for begins, ends in self._in_file.get(place_key, ()):
                    self._offer(place_key, begins, ends, tuple(figures), is_newer=True)
        if self._in_store:
            earliest = min(begins for rows in self._in_store.values() for _p, begins, _e in rows)
            stored = UsageMonth.objects.filter(portfolio=self.portfolio, month__gte=earliest)
            for tenant, workload, option, *figures in (
                stored.order_by("pk")
                .values_list("tenant_id", "workload", "option", "month", "seats", "users")
                .iterator(chunk_size=20_000)
            ):
                for place_key, begins, ends in self._in_store.get((tenant, workload, option), ()):
                    self._offer(place_key, begins, ends, tuple(figures), is_newer=False)

    def _offer(
        self,
        place_key: FactKey,
        begins: int,
        ends: int,
        figures: tuple[Any, ...],
        *,
        is_newer: bool,
    ) -> None:
        month = figures[0]
        if not begins <= month <= ends:
            return
        best = self._found[place_key, begins]
        if best[0] is None or month < best[0] or (is_newer and month == best[0]):
            self._found[place_key, begins] = figures

    def found(self, place_key: FactKey, begins: int) -> tuple[int | None, int | None, int | None]:
        return self._found[place_key, begins]


def _plan_certificates(portfolio: Portfolio, said: "Said", made: Plan, *, whole: bool) -> None:
    stored = {
        (row[0], row[1], row[2]): row[3:]
        for row in Certificate.objects.filter(portfolio=portfolio).values_list(
            "person_key",
            "certification",
            "completed_on",
            "expires_on",
            "person_name",
            "email",
            "is_linked",
        )
    }
    if not whole:
        before = {key: _certified(key, values) for key, values in stored.items()}
        made.moves = moves.of_file(before, moves.certificates_of(said.certificates))
    for key, data in said.certificates.items():
        values = (data.expires_on, data.name, data.email, data.is_linked)
        old = stored.pop((key.person, key.certification, key.completed_on), None)
        if old == values:
            made.unchanged += 1
            continue
        made.new += old is None
        made.changed += old is not None
        made.certificates.append((*key, *values))
    if whole:
        made.gone_certificates += list(stored)


def _certified(key: tuple[str, str, date], values: tuple[Any, ...]) -> Certified:
    person, certification, completed_on = key
    expires_on, name, email, is_linked = values
    return Certified(person, name, email, certification, completed_on, expires_on, is_linked)


# ---- Writing -------------------------------------------------------------------------------------

USAGE_KEY = ("portfolio", "month", "tenant", "workload", "option")
USAGE_FIELDS = (*USAGE_KEY, "seats", "users")
ASSOCIATION_KEY = ("portfolio", "tenant", "workload", "option", "begins")
ASSOCIATION_FIELDS = ("portfolio", "tenant", "workload", "option", *ASSOCIATION_VALUES)
CERTIFICATE_KEY = ("portfolio", "person_key", "certification", "completed_on")
CERTIFICATE_FIELDS = (*CERTIFICATE_KEY, "expires_on", "person_name", "email", "is_linked")
MONTH_FIELDS = ("portfolio", "month", "imported_at")


def steps(portfolio: Portfolio, made: Plan, now: datetime) -> Iterator[Callable[[], None]]:
    """The writes of a plan, in order and each small enough for one transaction.

    Take one, run it, take the next: later ones need what earlier ones wrote.
    """
    size = bulk.rows_per_transaction()
    own = portfolio.pk
    # Objects are slower than tuples: fewer of them fit into the same time.
    for new_tenants in bulk.chunks(made.tenants, size and max(1, size // 4)):
        yield partial(_store_tenants, portfolio, new_tenants)
    if made.tenants:
        ids = {guid: pk for pk, guid in portfolio.tenants.values_list("pk", "tenant_id")}
        for place, guid, _name in made.tenants:
            made.numbers[place] = ids[guid]
    for renamed in bulk.chunks(made.renamed, size):
        yield partial(_rename_tenants, renamed)
    for tables, store in ((made.new_usage, bulk.insert), (made.changed_usage, bulk.write)):
        for usage in _usage_rows(own, tables, made.numbers, size):
            yield partial(store, UsageMonth, USAGE_FIELDS, usage)
    numbers = made.numbers
    written: list[Part] = [
        (
            Association,
            ASSOCIATION_FIELDS,
            [(own, numbers[place], *values) for place, values in made.associations],
        ),
        (Certificate, CERTIFICATE_FIELDS, [(own, *values) for values in made.certificates]),
        (MonthOfData, MONTH_FIELDS, [(own, month, now) for month in made.by_month]),
    ]
    gone: list[Part] = [
        (UsageMonth, USAGE_KEY, [(own, *key) for key in made.gone_usage]),
        (Association, ASSOCIATION_KEY, [(own, *key) for key in made.gone_associations]),
        (Certificate, CERTIFICATE_KEY, [(own, *key) for key in made.gone_certificates]),
        (MonthOfData, MONTH_FIELDS[:2], [(own, month) for month in made.gone_months]),
    ]
    # What goes first: an association that begins in another month has another key.
    for store, parts in ((bulk.delete, gone), (bulk.write, written)):
        for model, fields, rows in parts:
            for part in bulk.chunks(rows, size):
                yield partial(store, model, fields, part)


Part = tuple[type[models.Model], Sequence[str], Sequence[tuple[Any, ...]]]


def _usage_rows(
    own: int, tables: "Iterable[pa.Table]", numbers: Sequence[int], size: int | None
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in the order of the key, so that a table grows at its end."""
    for table in tables:
        for start in range(0, table.num_rows, size or bulk.POSTGRESQL_ROWS):
            part = table.slice(start, size or bulk.POSTGRESQL_ROWS)
            rows = [
                (own, month, numbers[tenant], workload, option, seats, users)
                for month, (tenant, workload, option, seats, users) in zip(
                    part["month"].to_pylist(), _rows(part), strict=True
                )
            ]
            rows.sort()
            yield rows


def _store_tenants(portfolio: Portfolio, tenants: Sequence[tuple[int, UUID, str]]) -> None:
    Tenant.objects.bulk_create(
        [Tenant(portfolio=portfolio, tenant_id=guid, name=name) for _place, guid, name in tenants],
        batch_size=500,
        ignore_conflicts=True,  # a run that was killed may have stored them
    )


def _rename_tenants(renamed: Sequence[tuple[int, str]]) -> None:
    Tenant.objects.bulk_update(
        [Tenant(pk=pk, name=name) for pk, name in renamed], ["name"], batch_size=300
    )


# ---- Reading -------------------------------------------------------------------------------------


MONTHS = "SELECT month, imported_at FROM scoring_monthofdata WHERE portfolio_id = %s"


def imported_months(portfolio: Portfolio) -> dict[int, datetime]:
    """Months with usage data, and when they came in last."""
    return {month: bulk.instant(at) for month, at in bulk.fetch(MONTHS, [portfolio.pk])}
