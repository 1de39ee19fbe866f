"""Rows of a table, batch by batch: good ones are handed on, others listed with their faults.

Cells are read column by column, each spelling once. A batch in which something is wrong is halved
until the bad rows stand alone.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

from scoring import months
from scoring.reading.cells import NOTHING, Wrong, parse_day, storable
from scoring.reading.columns import Layout
from scoring.reading.said import Rejection, Said
from scoring.reading.tables import DELIMITERS, Batch
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary

T = TypeVar("T")


class BadValue(Exception):
    def __init__(self, column: str, value: str, fault: Fault, **params: Any) -> None:
        super().__init__(fault.value)
        self.column, self.value, self.fault, self.params = column, value, fault, params


REMEMBERED = 50_000  # spellings of one column; more would be numbers that hardly come again


class Cells(dict[str, T], Generic[T]):
    """Spelling -> meaning of one column's cells. A wrong cell raises ``BadValue``."""

    def __init__(self, column: str, meaning: Callable[[str], T]) -> None:
        super().__init__()
        self.column, self.meaning = column, meaning

    def __missing__(self, text: str) -> T:
        cell = text.strip()
        try:
            value = self.meaning(cell)
        except Wrong as wrong:
            raise BadValue(self.column, cell, wrong.fault) from wrong
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = value
        return value


class Numbers(dict[T, int], Generic[T]):
    """Thing -> its number, given in the order of first sight."""

    def __missing__(self, thing: T) -> int:
        self[thing] = number = len(self)
        return number


def required(meaning: Callable[[str], T]) -> Callable[[str], T]:
    def read(cell: str) -> T:
        if not cell:
            raise Wrong(Fault.MISSING)
        return meaning(cell)

    return read


class Reader(ABC):
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

    @abstractmethod
    def said(self) -> Said:
        """All that the rows said, after the last batch."""

    @abstractmethod
    def _take_rows(self, rows: list[list[str]]) -> None:
        """Take all the rows, each as wide as the header, or raise ``BadValue`` and take none."""

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
                except BadValue as wrong:
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
        except BadValue as wrong:
            if len(rows) == 1:
                bad.append(self._rejection(lines[0], wrong))
                return
            middle = len(rows) // 2
            self._halve(lines[:middle], rows[:middle], bad)
            self._halve(lines[middle:], rows[middle:], bad)

    def _rejection(self, line: int, bad: BadValue) -> Rejection:
        place = self.places.get(bad.column)
        column = bad.column if place is None else self.header[place]
        return Rejection(line, column.strip(), bad.value, bad.fault, bad.params)

    def _count_unused(self, what: str, values: Iterable[str]) -> None:
        for value, times in Counter(values).items():
            self.unused[what, storable(value.strip(), 100)] += times

    def _day(self, cell: str) -> date | None:
        """A date, or None when the cell says that there is none."""
        return None if not cell or cell.casefold() in NOTHING else parse_day(cell)

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
            raise BadValue("", value, Fault.OTHER_DELIMITER, delimiter=DELIMITER_NAMES[delimiter])
    raise BadValue("", row[0], Fault.WRONG_COLUMNS, found=len(row), expected=width)


DELIMITER_NAMES = {",": ",", "\t": "Tab", ";": ";", "|": "|"}
