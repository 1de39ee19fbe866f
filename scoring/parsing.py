"""Partner Center files: from a table to facts and rejected rows.

Pure but for the stream it reads: what a file says does not depend on the database or the clock
(``today`` is handed in). Names of workloads, options and certifications come from the rule sets.

Rows come in batches and are read column by column, each spelling of a cell once. A batch in which
something is wrong is halved until the bad rows stand alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import compress
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, NamedTuple, TypeVar

from scoring import claim_states, columns, months, rule_sets
from scoring.associations import Interval, merge_said
from scoring.cells import NotReadable, Wrong, parse_count, parse_day, parse_guid, storable
from scoring.claim_states import COUNTING, ClaimState
from scoring.columns import AUTO, CLAIMS, CPOR, EMS, OFFICE_USAGE, TRAINING, Layout
from scoring.figures import Figures, SubscriptionFigures
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary, normal
from scoring.tables import DELIMITERS, Batch, Table, open_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = (
    "AUTO",
    "CLAIMS",
    "CPOR",
    "EMS",
    "INTUNE_EMS",
    "OFFICE_USAGE",
    "REJECTED_KEPT",
    "TRAINING",
    "AssociationSaid",
    "CertificateData",
    "CertificateKey",
    "NotReadable",
    "Rejection",
    "Said",
    "read",
    "read_table",
    "storable",
)

REJECTED_KEPT = 500  # rejected rows that are reported one by one; all are counted
INTUNE_EMS = 1001  # Intune as EMSUsage says it: facts take it where OfficeUsage has no Intune
T = TypeVar("T")


class Rejection(NamedTuple):
    """One row that was not taken: where, what stood there, and why not."""

    line: int
    column: str
    value: str
    reason: Fault
    params: dict[str, Any] = {}

    def stored(self) -> dict[str, Any]:
        return self.params | {
            "line": self.line,
            "column": storable(self.column, 100),
            "value": storable(self.value, 100),
            "reason": self.reason.value,
        }


class AssociationSaid(NamedTuple):
    """What a file says about one association: without dates, ``intervals`` is empty."""

    intervals: list[tuple[date | None, date | None]]  # as ``associations.merge_said`` leaves them
    state: int  # a ``ClaimState``: approved if any row says so, else the last one said


class CertificateKey(NamedTuple):
    person: str
    certification: str
    completed_on: date


@dataclass(slots=True)
class CertificateData:
    name: str
    email: str
    expires_on: date | None
    is_linked: bool
    month: int  # of the snapshot that says so; 0 when the file has none


AssociationKey = tuple[int, int, int]  # index of the tenant, workload, option


@dataclass(slots=True)
class Said:
    """All that a file says. Rows that say the same are one, with the larger figures."""

    kind: str
    usage: "pa.Table"  # month, tenant, workload, option: sorted, one row each; seats, users
    rows: int = 0
    merged: int = 0  # rows that fell onto another one of the file
    tenants: list[tuple[str, str]] = field(default_factory=list)  # GUID as 32 digits, name
    associations: dict[AssociationKey, AssociationSaid] = field(default_factory=dict)
    certificates: dict[CertificateKey, CertificateData] = field(default_factory=dict)
    unused: Counter[tuple[str, str]] = field(default_factory=Counter)  # (what, value) -> rows
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0
    rows_by_month: dict[int, int] = field(default_factory=dict)  # of the rows with figures

    @property
    def months(self) -> list[int]:
        return sorted(self.rows_by_month)

    @property
    def unused_count(self) -> int:
        return self.unused.total()


# ---- Reading -------------------------------------------------------------------------------------


def read(
    stream: BinaryIO,
    *,
    today: date,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
    names: Vocabulary | None = None,
    keep_rejected: int | None = REJECTED_KEPT,
    on_rows: Callable[[int], None] | None = None,
    keep: Callable[[Batch], None] | None = None,
) -> Said:
    """Read a whole file; raises ``NotReadable`` when there is nothing to be had from it.

    ``mapping`` is {field: header} as a person chose it (``columns.recognise``). Rows that cannot be
    used are counted and listed, up to ``keep_rejected`` (None: all of them). After each batch
    ``on_rows`` gets the number of rows so far; before, ``keep`` gets the batch as it stands.
    """
    return read_table(
        open_table(stream),
        today=today,
        kind=kind,
        mapping=mapping,
        names=names,
        keep_rejected=keep_rejected,
        on_rows=on_rows,
        keep=keep,
    )


def read_table(
    table: Table,
    *,
    today: date,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
    names: Vocabulary | None = None,
    keep_rejected: int | None = REJECTED_KEPT,
    on_rows: Callable[[int], None] | None = None,
    keep: Callable[[Batch], None] | None = None,
) -> Said:
    """``read`` for a table that is open already, such as a kept original."""
    layout = columns.recognise(table.header, kind, mapping)
    Reader = _TrainingReader if layout.kind == TRAINING else _UsageReader
    reader = Reader(layout, table.header, names or rule_sets.vocabulary(), today, keep_rejected)
    for batch in table.batches():
        if keep is not None:
            keep(batch)
        reader.take(batch)
        if on_rows is not None:
            on_rows(reader.rows)
    if not reader.rows:
        raise NotReadable(Fault.NO_ROWS)
    return reader.said()


class _BadValue(Exception):
    def __init__(self, column: str, value: str, fault: Fault, **params: Any) -> None:
        super().__init__(fault.value)
        self.column, self.value, self.fault, self.params = column, value, fault, params


REMEMBERED = 50_000  # spellings of one column; more would be numbers that hardly come again


class _Cells(dict[str, T], Generic[T]):
    """Spelling -> meaning of one column's cells. A wrong cell raises ``_BadValue``."""

    def __init__(self, column: str, meaning: Callable[[str], T]) -> None:
        super().__init__()
        self.column, self.meaning = column, meaning

    def __missing__(self, text: str) -> T:
        cell = text.strip()
        try:
            value = self.meaning(cell)
        except Wrong as wrong:
            raise _BadValue(self.column, cell, wrong.fault) from wrong
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = value
        return value


class _Numbers(dict[T, int], Generic[T]):
    """Thing -> its number, given in the order of first sight."""

    def __missing__(self, thing: T) -> int:
        self[thing] = number = len(self)
        return number


def _required(meaning: Callable[[str], T]) -> Callable[[str], T]:
    def read(cell: str) -> T:
        if not cell:
            raise Wrong(Fault.MISSING)
        return meaning(cell)

    return read


class _Reader:
    """Takes batches, sorts out the rows that are wrong, and hands on the others."""

    def __init__(
        self,
        layout: Layout,
        header: Sequence[str],
        names: Vocabulary,
        today: date,
        keep_rejected: int | None,
    ) -> None:
        self.kind, self.places = layout.kind, layout.places
        self.header, self.names, self.today = header, names, today
        self.keep_rejected = keep_rejected
        self.rows = self.rejected_count = 0
        self.rejected: list[Rejection] = []
        self.unused: Counter[tuple[str, str]] = Counter()

    def said(self) -> Said:
        raise NotImplementedError

    def _take_rows(self, rows: list[list[str]]) -> None:
        """Take all the rows, each as wide as the header, or raise ``_BadValue`` and take none."""
        raise NotImplementedError

    def take(self, batch: Batch) -> None:
        lines, rows = batch
        self.rows += len(rows)
        bad: list[Rejection] = []
        width = len(self.header)
        if set(map(len, rows)) != {width}:
            fitting = Batch([], [])
            for line, row in zip(lines, rows, strict=True):
                try:
                    fitting.rows.append(row if len(row) == width else _fit(row, width))
                    fitting.lines.append(line)
                except _BadValue as wrong:
                    bad.append(self._rejection(line, wrong))
            lines, rows = fitting
        self._halve(lines, rows, bad)
        if bad:
            bad.sort()
            self.rejected_count += len(bad)
            kept = self.keep_rejected
            self.rejected += bad if kept is None else bad[: max(0, kept - len(self.rejected))]

    def _halve(self, lines: list[int], rows: list[list[str]], bad: list[Rejection]) -> None:
        """Take the good rows in their order, and put the others into ``bad``."""
        if not rows:
            return
        try:
            self._take_rows(rows)
        except _BadValue as wrong:
            if len(rows) == 1:
                bad.append(self._rejection(lines[0], wrong))
                return
            middle = len(rows) // 2
            self._halve(lines[:middle], rows[:middle], bad)
            self._halve(lines[middle:], rows[middle:], bad)

    def _rejection(self, line: int, bad: _BadValue) -> Rejection:
        place = self.places.get(bad.column)
        column = bad.column if place is None else self.header[place]
        return Rejection(line, column.strip(), bad.value, bad.fault, bad.params)

    def _count_unused(self, what: str, values: Iterable[str]) -> None:
        for value, times in Counter(values).items():
            self.unused[what, storable(value.strip(), 100)] += times

    def _day(self, cell: str) -> date | None:
        """A date, or None when the cell says that there is none."""
        return None if not cell or cell.casefold() in NO_DATE else parse_day(cell)

    def _past_day(self, cell: str) -> date | None:
        day = self._day(cell)
        if day is not None and day > self.today:
            raise Wrong(Fault.FUTURE)
        return day

    def _month(self, cell: str) -> int:
        day = self._day(cell)
        if day is None:
            raise Wrong(Fault.MISSING)
        month = months.number(day)
        if month > months.number(self.today):
            raise Wrong(Fault.FUTURE)
        return month


def _fit(row: list[str], width: int) -> list[str]:
    """A row as wide as the header: further cells may follow when they are empty."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width]
    signs = Counter("".join(row))
    for delimiter in DELIMITERS:
        if len(row) < width and signs[delimiter] >= width - 1:
            value = storable(row[0], 100)
            raise _BadValue("", value, Fault.OTHER_DELIMITER, delimiter=DELIMITER_NAMES[delimiter])
    raise _BadValue("", row[0], Fault.WRONG_COLUMNS, found=len(row), expected=width)


DELIMITER_NAMES = {",": ",", "\t": "Tab", ";": ";", "|": "|"}
NO_DATE = {"na", "n/a", "none", "null", "-", "–"}


# ---- Usage and claims ----------------------------------------------------------------------------

UNUSED = -1  # a workload or an option that no designation counts
NO_MONTH = -1  # of a claim without figures
OPEN_END_YEAR = 2100  # 9999-12-31 and the like say that there is no end
Columns = list[Sequence[str]]


class _UsageReader(_Reader):
    """Everything that is about tenants: usage, subscriptions, claims."""

    def __init__(
        self,
        layout: Layout,
        header: Sequence[str],
        names: Vocabulary,
        today: date,
        keep_rejected: int | None,
    ) -> None:
        super().__init__(layout, header, names, today, keep_rejected)
        cpor = names.option_numbers["CPOR"]  # claims are CPOR, whether or not a column says so
        self.cpor = cpor
        self.workloads = _Cells("workload", _required(lambda cell: _used(names.workload(cell))))
        if self.kind in (OFFICE_USAGE, EMS):
            self.options = _Cells("option", _required(lambda cell: _used(names.option(cell))))
        else:
            self.options = _Cells(
                "option", lambda cell: _used(names.option(cell)) if cell else cpor
            )
        self.states = _Cells("claim_state", claim_states.parse)
        self.guids = _Cells("tenant", _required(parse_guid))
        self.monthly = _Cells("month", self._month if self.kind != CLAIMS else self._claim_month)
        self.seats = _Cells("seats", parse_count)
        self.users = _Cells("users", parse_count)
        self.begins = _Cells("begins_on", self._past_day)
        self.ends = _Cells("ended_on", self._end)

        self.has_figures = {"month", "seats", "users"} <= layout.places.keys()
        self.figures = (
            SubscriptionFigures(names_subscriptions="subscription" in layout.places)
            if self.kind == EMS
            else Figures()
        )
        self.groups: _Numbers[tuple[str, ...]] = _Numbers()
        self.tenant_numbers: _Numbers[str] = _Numbers()
        self.tenant_names: dict[int, str] = {}
        self.without_figures: Counter[AssociationKey] = Counter()
        # With whether the row counts: dates of a refused claim are not those of an approved one.
        self.intervals: set[tuple[AssociationKey, date | None, date | None, bool]] = set()
        self.last_states: dict[AssociationKey, int] = {}
        self.approved: set[AssociationKey] = set()

    def _end(self, cell: str) -> date | None:
        day = self._day(cell)
        return None if day is not None and day.year >= OPEN_END_YEAR else day

    def _claim_month(self, cell: str) -> int:
        return self._month(cell) if cell else NO_MONTH

    def _take_rows(self, rows: list[list[str]]) -> None:
        cells: Columns = list(zip(*rows, strict=True))
        unused = []
        # What no designation counts is set aside first: nothing else in those rows matters then.
        workloads = self._values(cells, "workload", self.workloads) or [INTUNE_EMS] * len(rows)
        if UNUSED in workloads:
            is_used = [workload != UNUSED for workload in workloads]
            unused.append(("workload", self._set_aside(cells, "workload", is_used)))
            workloads = list(compress(workloads, is_used))
        options = self._values(cells, "option", self.options) or [self.cpor] * len(workloads)
        if UNUSED in options:
            is_used = [option != UNUSED for option in options]
            unused.append(("association", self._set_aside(cells, "option", is_used)))
            workloads = list(compress(workloads, is_used))
            options = list(compress(options, is_used))

        states = self._values(cells, "claim_state", self.states)
        guids = self._values(cells, "tenant", self.guids)
        monthly = self._values(cells, "month", self.monthly) if self.has_figures else []
        seats = self._values(cells, "seats", self.seats) if monthly else []
        users = self._values(cells, "users", self.users) if monthly else []
        begins = self._values(cells, "begins_on", self.begins)
        ends = self._values(cells, "ended_on", self.ends)
        self._require_order(cells, begins, ends)

        # Nothing is wrong from here on.
        for what, values in unused:
            self._count_unused(what, values)
        numbers = self.tenant_numbers
        tenants = list(map(numbers.__getitem__, guids))
        self._name(cells, tenants)
        if begins or ends:
            none = [None] * len(tenants)
            keys = zip(tenants, workloads, options, strict=True)
            counts = [state in COUNTING for state in states] or [True] * len(tenants)
            self.intervals.update(zip(keys, begins or none, ends or none, counts, strict=True))
        if states:
            self._note_states(cells, tenants, workloads, options, states)
        if monthly and self.kind == EMS:
            self.figures.add(
                monthly, tenants, workloads, options, seats, users, self._groups(cells)
            )
        elif monthly and NO_MONTH not in monthly:
            self.figures.add(monthly, tenants, workloads, options, seats, users)
        else:
            self._take_claims(tenants, workloads, options, monthly, seats, users)

    def _values(self, cells: Columns, key: str, meaning: _Cells[T]) -> list[T]:
        """The values of a column; an empty list when the file has none."""
        place = self.places.get(key)
        return [] if place is None else list(map(meaning.__getitem__, cells[place]))

    def _set_aside(self, cells: Columns, key: str, is_used: list[bool]) -> list[str]:
        """Leave the used rows in ``cells``; the column ``key`` of the others comes back."""
        others = [
            cell for cell, used in zip(cells[self.places[key]], is_used, strict=True) if not used
        ]
        cells[:] = [tuple(compress(column, is_used)) for column in cells]
        return others

    def _require_order(
        self, cells: Columns, begins: list[date | None], ends: list[date | None]
    ) -> None:
        if not begins or not ends:
            return
        wrong = {
            (begins_on, ended_on)
            for begins_on, ended_on in set(zip(begins, ends, strict=True))
            if begins_on and ended_on and ended_on < begins_on
        }
        if wrong:
            row = next(
                row for row, pair in enumerate(zip(begins, ends, strict=True)) if pair in wrong
            )
            cell = cells[self.places["ended_on"]][row].strip()
            raise _BadValue("ended_on", cell, Fault.ENDED_BEFORE)

    def _name(self, cells: Columns, tenants: list[int]) -> None:
        """The last name that a row has for its tenant stands."""
        if (place := self.places.get("name")) is None:
            return
        names = dict(zip(tenants, cells[place], strict=True))
        if not all(map(str.strip, names.values())):  # an empty one takes none back
            names = {
                tenant: name
                for tenant, name in zip(tenants, cells[place], strict=True)
                if name.strip()
            }
        for tenant, name in names.items():
            self.tenant_names[tenant] = storable(name.strip(), 200)

    def _note_states(
        self,
        cells: Columns,
        tenants: list[int],
        workloads: list[int],
        options: list[int],
        states: list[ClaimState],
    ) -> None:
        texts = cells[self.places["claim_state"]]
        for key, state, text in zip(
            zip(tenants, workloads, options, strict=True), states, texts, strict=True
        ):
            if state == ClaimState.APPROVED:
                self.approved.add(key)
            elif state != ClaimState.NOT_SAID:
                self.last_states[key] = int(state)
                self.unused["claim state", storable(text.strip(), 100)] += 1

    def _groups(self, cells: Columns) -> list[int]:
        """What tells a subscription from a repetition, see ``SubscriptionFigures``."""
        keys = ["subscription"] if "subscription" in self.places else ["option", "location"]
        texts = [cells[self.places[key]] for key in keys if key in self.places]
        return [
            self.groups[tuple(cell.strip().casefold() for cell in row)]
            for row in zip(*texts, strict=True)
        ]

    def _take_claims(
        self, tenants: list[int], workloads: list[int], options: list[int], *figures: list[int]
    ) -> None:
        """Rows that need not have figures."""
        monthly = figures[0] or [NO_MONTH] * len(tenants)
        has_month = [month != NO_MONTH for month in monthly]
        self.without_figures.update(
            key
            for key, has in zip(
                zip(tenants, workloads, options, strict=True), has_month, strict=True
            )
            if not has
        )
        if any(has_month):
            monthly, seats, users = figures
            self.figures.add(
                *(
                    list(compress(column, has_month))
                    for column in (monthly, tenants, workloads, options, seats, users)
                )
            )

    def said(self) -> Said:
        rows_by_month = self.figures.rows_by_month()
        usage = self.figures.merge()
        repeated = sum(times - 1 for times in self.without_figures.values())
        return Said(
            self.kind,
            usage,
            rows=self.rows,
            merged=self.figures.rows - usage.num_rows + repeated,
            tenants=[
                (guid, self.tenant_names.get(number, ""))
                for guid, number in self.tenant_numbers.items()
            ],
            associations=self._associations(),
            unused=self.unused,
            rejected=self.rejected,
            rejected_count=self.rejected_count,
            rows_by_month=rows_by_month,
        )

    def _associations(self) -> dict[AssociationKey, AssociationSaid]:
        said: dict[AssociationKey, list[Interval]] = {key: [] for key in self.without_figures}
        for key in (*self.approved, *self.last_states):
            said.setdefault(key, [])
        for key, begins_on, ended_on, counts in self.intervals:
            if (begins_on or ended_on) and (counts or key not in self.approved):
                said.setdefault(key, []).append(Interval(begins_on, ended_on))
        states = self.last_states | dict.fromkeys(self.approved, int(ClaimState.APPROVED))
        return {
            key: AssociationSaid(
                [(begins_on, ended_on) for begins_on, ended_on in merge_said(said[key])],
                states.get(key, int(ClaimState.NOT_SAID)),
            )
            for key in sorted(said)
        }


def _used(number: int | None) -> int:
    return UNUSED if number is None else number


# ---- People --------------------------------------------------------------------------------------

NO_ID = {"", "na", "none", "null", "0"}
NOT_LINKED = {"inactive", "deactivated", "notactive", "unlinked", "disassociated", "revoked"}


class _TrainingReader(_Reader):
    """Certificates: one object each, so row by row."""

    def __init__(
        self,
        layout: Layout,
        header: Sequence[str],
        names: Vocabulary,
        today: date,
        keep_rejected: int | None,
    ) -> None:
        super().__init__(layout, header, names, today, keep_rejected)
        self.titles = _Cells("title", _required(names.certification))
        self.past_days = _Cells("completed_on", _required(self._past_day))
        self.expiries = _Cells("expires_on", self._day)
        self.snapshots = _Cells("month", lambda cell: self._month(cell) if cell else 0)
        self.certificates: dict[CertificateKey, CertificateData] = {}
        self.merged = 0

    def _take_rows(self, rows: list[list[str]]) -> None:
        read = [self._read(row) for row in rows]
        for found in read:
            if isinstance(found, _NotUsed):
                self.unused[found.what, storable(found.value, 100)] += 1
                continue
            key, data = found
            if (old := self.certificates.get(key)) is not None:
                self.merged += 1
                data = max(old, data, key=_newer)
            self.certificates[key] = data

    def _read(self, row: list[str]) -> "tuple[CertificateKey, CertificateData] | _NotUsed":
        title = self._text(row, "title")
        certification = self.titles[title]
        if certification is None:
            return _NotUsed("certification", title)
        is_exam = self._text(row, "type").casefold().startswith("exam")
        if is_exam and certification not in self.names.assessments:
            return _NotUsed("exam", title)  # an exam alone is not a certification
        completed_on = self.past_days[self._text(row, "completed_on")]
        if completed_on is None:
            raise _BadValue("completed_on", self._text(row, "completed_on"), Fault.MISSING)
        expires_on = self.expiries[self._text(row, "expires_on")]
        mail = self._text(row, "mail") or self._text(row, "other_mail")
        mail = mail.casefold() if "@" in mail else ""
        name = self._text(row, "name") or " ".join(
            part for part in (self._text(row, "first_name"), self._text(row, "last_name")) if part
        )
        person = self._person(row, mail, name)
        snapshot = self.snapshots[self._text(row, "month")]
        is_linked = normal(self._text(row, "activation")) not in NOT_LINKED
        return CertificateKey(person, certification, completed_on), CertificateData(
            storable(name, 200), storable(mail, 254), expires_on, is_linked, snapshot
        )

    def _text(self, row: list[str], column: str) -> str:
        place = self.places.get(column)
        return "" if place is None else row[place].strip()

    def _person(self, row: list[str], mail: str, name: str) -> str:
        mcp, aad = self._text(row, "mcp"), self._text(row, "aad")
        if normal(mcp) not in NO_ID:
            return f"mcp:{normal(mcp)}"[:200]
        if mail:
            return storable(f"mail:{mail}", 200)
        if normal(aad) not in NO_ID:
            return f"aad:{normal(aad)}"[:200]
        if name:
            return storable(f"name:{' '.join(name.casefold().split())}", 200)
        raise _BadValue("mcp", mcp, Fault.NO_PERSON)

    def said(self) -> Said:
        return Said(
            self.kind,
            Figures().merge(),
            rows=self.rows,
            merged=self.merged,
            certificates=self.certificates,
            unused=self.unused,
            rejected=self.rejected,
            rejected_count=self.rejected_count,
        )


class _NotUsed(NamedTuple):
    what: str
    value: str


def _newer(data: CertificateData) -> tuple[int, date, bool]:
    return data.month, data.expires_on or date.max, data.is_linked
