"""Partner Center files: from bytes to facts and rejected rows, line by line.

Pure but for the stream it reads: what a file says does not depend on the database or the clock
(``today`` is handed in). Names of workloads, options and certifications come from the rule sets.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, NamedTuple

from scoring import months, rule_sets
from scoring.cells import Wrong, parse_count, parse_day, parse_guid
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary, normal

OFFICE_USAGE, CPOR, TRAINING = "office-usage", "cpor", "training"
AUTO = "auto"
REJECTED_KEPT = 500  # rejected rows that are reported one by one; all are counted


class NotReadable(Exception):
    """The whole file cannot be used: a fault and its parameters, for ``reasons.sentence``."""

    def __init__(self, fault: Fault, **params: object) -> None:
        super().__init__(fault.value)
        self.fault, self.params = fault, params


def storable(text: str, length: int) -> str:
    """Text that every database takes: short enough, and without NUL."""
    return text[:length].replace("\x00", "\ufffd")


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


class ClaimKey(NamedTuple):
    tenant: str  # GUID, 32 hexadecimal digits
    workload: int
    option: int


@dataclass(slots=True)
class ClaimData:
    """What a file says about one claim: its dates, and (seats, users) by month."""

    begins_on: date | None = None
    ended_on: date | None = None
    usage: dict[int, tuple[int, int]] = field(default_factory=dict)


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


@dataclass(slots=True)
class Parsed:
    """All that a file says. Rows that say the same are one, with the larger figures."""

    kind: str
    rows: int = 0
    merged: int = 0  # rows that fell onto another one of the file
    tenants: dict[str, str] = field(default_factory=dict)  # name by GUID
    claims: dict[ClaimKey, ClaimData] = field(default_factory=dict)
    certificates: dict[CertificateKey, CertificateData] = field(default_factory=dict)
    unused: Counter[tuple[str, str]] = field(default_factory=Counter)  # (what, value) -> rows
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0

    @property
    def months(self) -> list[int]:
        return sorted({month for claim in self.claims.values() for month in claim.usage})

    @property
    def unused_count(self) -> int:
        return self.unused.total()


# ---- Columns -------------------------------------------------------------------------------------


class Column(NamedTuple):
    name: str  # as Microsoft documents it, for messages
    aliases: tuple[str, ...]


USAGE_COLUMNS = {
    "tenant": Column("CustomerTenantId", ("TenantId",)),
    "workload": Column("WorkloadName", ("Workload",)),
    "month": Column("Month", ("MonthKey", "Date")),
    "seats": Column("PaidAvailableUnits", ("PAU",)),
    "users": Column("MonthlyActiveUsers", ("MAU",)),
    "option": Column("PartnerAttributionType", ("PartnerAttachType",)),
    "name": Column("CustomerName", ()),
    "begins_on": Column("DateAssociated", ()),
    "ended_on": Column("DateEnded", ()),
    "claim_state": Column("ClaimStatus", ("ClaimState",)),
}
CLAIM_ID = Column("ClaimId", ())
TRAINING_COLUMNS = {
    "title": Column("TrainingTitle", ("Certification name",)),
    "completed_on": Column("TrainingCompletionDate", ("Completion date",)),
    "expires_on": Column("ExpirationDate", ("Expiry date", "Expiration date")),
    "type": Column("TrainingType", ()),
    "mcp": Column("MCPID", ("MCP ID",)),
    "mail": Column("CorpEmail", ()),
    "other_mail": Column("Email", ()),
    "aad": Column("AADUserId", ()),
    "name": Column("Individual name", ()),
    "first_name": Column("IndividualFirstName", ()),
    "last_name": Column("IndividualLastName", ()),
    "activation": Column("ActivationStatus", ()),
    "month": Column("Month", ()),
}
NEEDED = {
    OFFICE_USAGE: ("tenant", "workload", "month", "seats", "users", "option"),
    CPOR: ("tenant", "workload", "month", "seats", "users"),
    TRAINING: ("title", "completed_on"),
}


def _find(header: Sequence[str], column: Column) -> int | None:
    names = [normal(name) for name in header]
    for name in (column.name, *column.aliases):
        if normal(name) in names:
            return names.index(normal(name))
    return None


def _recognise(header: Sequence[str]) -> str:
    """The kind of file with this header; raises ``NotReadable``."""

    def has(column: Column) -> bool:
        return _find(header, column) is not None

    if has(TRAINING_COLUMNS["title"]) and not has(USAGE_COLUMNS["workload"]):
        return TRAINING
    known = sum(has(USAGE_COLUMNS[name]) for name in NEEDED[OFFICE_USAGE])
    if known >= 2:
        return CPOR if has(CLAIM_ID) else OFFICE_USAGE
    found = storable(", ".join(name.strip() for name in header if name.strip()), 200)
    raise NotReadable(Fault.UNKNOWN_COLUMNS, found=found or "–")


def _require_single(header: Sequence[str], columns: Iterable[Column]) -> None:
    """Of two columns with one name nobody can say which is meant."""
    names = Counter(normal(name) for name in header)
    if twice := [column.name for column in columns if names[normal(column.name)] > 1]:
        raise NotReadable(Fault.COLUMNS_TWICE, columns=", ".join(twice))


# ---- Reading -------------------------------------------------------------------------------------


def read(
    stream: BinaryIO,
    *,
    today: date,
    kind: str = AUTO,
    names: Vocabulary | None = None,
    keep_rejected: int | None = REJECTED_KEPT,
) -> Parsed:
    """Read a whole file; raises ``NotReadable`` when there is nothing to be had from it.

    Rows that cannot be used are counted and listed, up to ``keep_rejected`` (None: all of them).
    """
    encoding = _encoding(stream)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    try:
        return _read(text, today, kind, names or rule_sets.vocabulary(), keep_rejected)
    except UnicodeError as error:
        raise NotReadable(Fault.NOT_UTF8, line=_undecodable_line(stream)) from error
    finally:
        text.detach()  # the stream belongs to the caller


def _undecodable_line(stream: BinaryIO) -> int:
    """The reader decodes in blocks and knows no line: look again."""
    stream.seek(0)
    for number, line in enumerate(stream, 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1  # a UTF-16 file that breaks off


FORMATS = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP/XLSX"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"\x1f\x8b", "GZIP"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)


def _encoding(stream: BinaryIO) -> str:
    head = stream.read(4096)
    stream.seek(0)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise NotReadable(Fault.EMPTY_FILE)
    for magic, name in FORMATS:
        if head.startswith(magic):
            raise NotReadable(Fault.NOT_TEXT, format=name)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise NotReadable(Fault.BINARY)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype", b"<html")):
        raise NotReadable(Fault.NOT_TEXT, format="HTML")
    return "utf-8-sig"


def _read(
    text: io.TextIOWrapper,
    today: date,
    kind: str,
    names: Vocabulary,
    keep_rejected: int | None,
) -> Parsed:
    rows = _Rows(text)
    header = rows.header
    kind = _recognise(header) if kind == AUTO else kind
    columns = TRAINING_COLUMNS if kind == TRAINING else USAGE_COLUMNS
    places = {
        name: place
        for name, column in columns.items()
        if (place := _find(header, column)) is not None
    }
    if missing := [columns[name].name for name in NEEDED[kind] if name not in places]:
        raise NotReadable(Fault.MISSING_COLUMNS, columns=", ".join(missing))
    _require_single(header, columns.values())
    parsed = Parsed(kind)
    reader = (_TrainingReader if kind == TRAINING else _UsageReader)(
        parsed, header, places, names, today
    )
    for line, row in rows:
        parsed.rows += 1
        try:
            if len(row) != len(header):
                row = _fit(row, len(header))
            reader.take(row)
        except _BadValue as bad:
            parsed.rejected_count += 1
            if keep_rejected is None or len(parsed.rejected) < keep_rejected:
                column = header[places[bad.column]] if bad.column in places else bad.column
                parsed.rejected.append(
                    Rejection(line, column.strip(), bad.value, bad.fault, bad.params)
                )
    if not parsed.rows:
        raise NotReadable(Fault.NO_ROWS)
    return parsed


class _Rows:
    """Header and rows of a table with their line numbers; blank lines are passed over."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.line = 1
        first = text.readline()
        while first and (not first.strip() or first.casefold().startswith("sep=")):
            first = text.readline()
            self.line += 1
        if not first:
            raise NotReadable(Fault.EMPTY_FILE)
        self.delimiter = max(",\t;|", key=first.count)
        try:
            self.header = next(csv.reader([first], delimiter=self.delimiter))
        except csv.Error as error:
            raise NotReadable(Fault.BROKEN_CSV, line=self.line) from error
        self.written: list[str] = []  # the lines of the row that is being read
        self.reader = csv.reader(self._lines(text), delimiter=self.delimiter)

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        for line in text:
            self.written.append(line)
            yield line

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader, offset = self.reader, self.line
        while True:
            line = offset + reader.line_num + 1
            self.written.clear()
            try:
                row = next(reader)
                if len(self.written) > 1:
                    self._require_closed()
            except StopIteration:
                return
            except csv.Error as error:
                raise NotReadable(Fault.BROKEN_CSV, line=line) from error
            if row and (len(row) > 1 or row[0].strip()):
                yield line, row

    def _require_closed(self) -> None:
        """Raise ``csv.Error`` for a cell over several lines that nobody meant to write.

        A quotation mark that is never closed would silently swallow all the rows behind it.
        """
        next(csv.reader(self.written.copy(), delimiter=self.delimiter, strict=True))


class _BadValue(Exception):
    def __init__(self, column: str, value: str, fault: Fault, **params: Any) -> None:
        super().__init__(fault.value)
        self.column, self.value, self.fault, self.params = column, value, fault, params


def _fit(row: list[str], width: int) -> list[str]:
    """A row as wide as the header: empty cells at its end may be missing or too many."""
    if len(row) > width and not any(cell.strip() for cell in row[width:]):
        return row[:width]
    raise _BadValue("", row[0], Fault.WRONG_COLUMNS, found=len(row), expected=width)


class _Reader:
    """Turns rows into facts. Values repeat a lot, so each spelling is read once."""

    def __init__(
        self,
        parsed: Parsed,
        header: Sequence[str],
        places: dict[str, int],
        names: Vocabulary,
        today: date,
    ) -> None:
        self.parsed, self.places, self.names, self.today = parsed, places, names, today
        self._known: dict[tuple[str, str], Any] = {}

    def take(self, row: list[str]) -> None:
        raise NotImplementedError

    def cell(self, row: list[str], column: str) -> str:
        place = self.places.get(column)
        return "" if place is None else row[place].strip()

    def once(self, column: str, value: str, read: Callable[[str], Any]) -> Any:
        """``read(value)``, remembered; ``Wrong`` becomes a rejection that names the column."""
        key = (column, value)
        try:
            return self._known[key]
        except KeyError:
            pass
        try:
            result = read(value)
        except Wrong as wrong:
            raise _BadValue(column, value, wrong.fault) from wrong
        self._known[key] = result
        return result

    def day(self, row: list[str], column: str) -> date | None:
        """A date, or None when the cell is empty."""
        text = self.cell(row, column)
        if not text or text.casefold() in NO_DATE:
            return None
        day: date = self.once(column, text, parse_day)
        return day

    def past_day(self, row: list[str], column: str) -> date | None:
        day = self.day(row, column)
        if day is not None and day > self.today:
            raise _BadValue(column, self.cell(row, column), Fault.FUTURE)
        return day

    def month(self, row: list[str], column: str) -> int:
        day = self.day(row, column)
        if day is None:
            raise _BadValue(column, "", Fault.MISSING)
        month = months.number(day)
        if month > months.number(self.today):
            raise _BadValue(column, self.cell(row, column), Fault.FUTURE)
        return month


class _UsageReader(_Reader):
    def take(self, row: list[str]) -> None:
        parsed = self.parsed
        # What no designation counts is set aside first: nothing else in the row matters then.
        name = self.cell(row, "workload")
        if not name:
            raise _BadValue("workload", "", Fault.MISSING)
        workload: int | None = self.once("workload", name, self.names.workload)
        if workload is None:
            parsed.unused["workload", storable(name, 100)] += 1
            return
        value = self.cell(row, "option")
        if value or parsed.kind == OFFICE_USAGE:
            if not value:
                raise _BadValue("option", "", Fault.MISSING)
            option: int | None = self.once("option", value, self.names.option)
        else:
            option = self.names.option_numbers["CPOR"]  # this file holds nothing else
        if option is None:
            parsed.unused["association", storable(value, 100)] += 1
            return
        state = self.cell(row, "claim_state")
        if state and normal(state) != "approved":
            parsed.unused["claim state", storable(state, 100)] += 1
            return

        guid = self.cell(row, "tenant")
        if not guid:
            raise _BadValue("tenant", "", Fault.MISSING)
        tenant: str = self.once("tenant", guid, parse_guid)
        month = self.month(row, "month")
        seats: int = self.once("seats", self.cell(row, "seats"), parse_count)
        users: int = self.once("users", self.cell(row, "users"), parse_count)
        begins_on = self.past_day(row, "begins_on")
        ended_on = self.day(row, "ended_on")
        if begins_on is not None and ended_on is not None and ended_on < begins_on:
            raise _BadValue("ended_on", self.cell(row, "ended_on"), Fault.ENDED_BEFORE)

        if customer := self.cell(row, "name"):
            parsed.tenants[tenant] = storable(customer, 200)
        else:
            parsed.tenants.setdefault(tenant, "")
        key = ClaimKey(tenant, workload, option)
        claim = parsed.claims.get(key)
        if claim is None:
            claim = parsed.claims[key] = ClaimData()
        if begins_on is not None:
            claim.begins_on = min(claim.begins_on or begins_on, begins_on)
        if ended_on is not None:
            claim.ended_on = max(claim.ended_on or ended_on, ended_on)
        old = claim.usage.get(month)
        if old is not None:
            # An export repeats a tenant's figures per attribution: adding would count them twice.
            parsed.merged += 1
            seats, users = max(old[0], seats), max(old[1], users)
        claim.usage[month] = (seats, users)


class _TrainingReader(_Reader):
    def take(self, row: list[str]) -> None:
        parsed = self.parsed
        title = self.cell(row, "title")
        if not title:
            raise _BadValue("title", "", Fault.MISSING)
        certification: str | None = self.once("title", title, self.names.certification)
        if certification is None:
            parsed.unused["certification", storable(title, 100)] += 1
            return
        kind = self.cell(row, "type")
        is_exam = kind.casefold().startswith("exam")
        if is_exam and certification not in self.names.assessments:
            parsed.unused["exam", storable(title, 100)] += 1  # an exam alone is not a certification
            return
        completed_on = self.past_day(row, "completed_on")
        if completed_on is None:
            raise _BadValue("completed_on", "", Fault.MISSING)
        expires_on = self.day(row, "expires_on")
        mail = self.cell(row, "mail") or self.cell(row, "other_mail")
        mail = mail.casefold() if "@" in mail else ""
        name = self.cell(row, "name") or " ".join(
            part for part in (self.cell(row, "first_name"), self.cell(row, "last_name")) if part
        )
        person = self._person(row, mail, name)
        snapshot = self.month(row, "month") if self.cell(row, "month") else 0
        is_linked = normal(self.cell(row, "activation")) not in NOT_LINKED

        key = CertificateKey(person, certification, completed_on)
        data = CertificateData(
            storable(name, 200), storable(mail, 254), expires_on, is_linked, snapshot
        )
        old = parsed.certificates.get(key)
        if old is not None:
            parsed.merged += 1
            data = max(old, data, key=_newer)
        parsed.certificates[key] = data

    def _person(self, row: list[str], mail: str, name: str) -> str:
        mcp, aad = self.cell(row, "mcp"), self.cell(row, "aad")
        if normal(mcp) not in NO_ID:
            return f"mcp:{normal(mcp)}"[:200]
        if mail:
            return storable(f"mail:{mail}", 200)
        if normal(aad) not in NO_ID:
            return f"aad:{normal(aad)}"[:200]
        if name:
            return storable(f"name:{' '.join(name.casefold().split())}", 200)
        raise _BadValue("mcp", mcp, Fault.NO_PERSON)


NO_DATE = {"na", "n/a", "none", "null", "-", "–"}
NO_ID = {"", "na", "none", "null", "0"}
NOT_LINKED = {"inactive", "deactivated", "notactive", "unlinked", "disassociated", "revoked"}


def _newer(data: CertificateData) -> tuple[int, date, bool]:
    return data.month, data.expires_on or date.max, data.is_linked
