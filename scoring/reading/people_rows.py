"""Rows about people: the certificates they hold."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from scoring.reading.cells import storable
from scoring.reading.columns import Layout
from scoring.reading.figures import Figures
from scoring.reading.row_reading import BadValue, Cells, Reader, required
from scoring.reading.said import CertificateData, CertificateKey, Said
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary, normal

NO_ID = {"", "na", "none", "null", "0"}
NOT_LINKED = {"inactive", "deactivated", "notactive", "unlinked", "disassociated", "revoked"}


class PeopleReader(Reader):
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
        self.titles = Cells("title", required(names.certification))
        self.past_days = Cells("completed_on", required(self._past_day))
        self.expiries = Cells("expires_on", self._day)
        self.snapshots = Cells("month", lambda cell: self._month(cell) if cell else 0)
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
            raise BadValue("completed_on", self._text(row, "completed_on"), Fault.MISSING)
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
        raise BadValue("mcp", mcp, Fault.NO_PERSON)

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
