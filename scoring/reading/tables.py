"""The file of a partner as a table: a header, and rows in batches with the lines they stand on.

Pure but for the stream. Whatever the file is, its cells come out as text, exactly as they stand
there; what they mean is for ``parsing`` to say.
"""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, NamedTuple, Protocol

from scoring.reading import columns
from scoring.reading.cells import NotReadable
from scoring.reasons import Fault

BATCH = 10_000  # rows at most
CHUNK = 1 << 16  # characters read at a time: more do not stay in the processor's cache
DELIMITERS = ",\t;|"
TITLE_LINES = 10  # that may stand above a header
BOM = "\ufeff"


class Batch(NamedTuple):
    """Up to ``BATCH`` rows, each as wide as the file has it, and the line each begins on."""

    lines: list[int]
    rows: list[list[str]]


class Table(Protocol):
    """A header and its rows. ``batches`` raises ``NotReadable`` where the file breaks off."""

    @property
    def header(self) -> list[str]: ...

    @property
    def format(self) -> str: ...

    def batches(self) -> Iterator[Batch]: ...


def open_table(stream: BinaryIO, *, name: str = "") -> Table:
    """The table in ``stream``, which stays open and must not be moved until it is read.

    Its batches can be had once. Raises ``NotReadable`` when this is no table at all. A file is what
    its bytes are, whatever its ``name`` says.
    """
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith(ZIP):
        from scoring.reading.workbooks import XlsxTable  # noqa: PLC0415 -- needs the columns, which need us

        return XlsxTable(stream)
    if head.startswith(OLE):
        raise NotReadable(Fault.PROTECTED if _is_encrypted(stream) else Fault.OLD_WORKBOOK)
    return CsvTable(stream, _encoding(head))


# ---- What the bytes are --------------------------------------------------------------------------

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
FORMATS = (
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "GZIP"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)


def _is_encrypted(stream: BinaryIO) -> bool:
    """Whether this is the wrapping of a workbook with a password, which looks like an old one."""
    overlap = b""
    while piece := stream.read(1 << 20):
        if ENCRYPTED in overlap + piece:
            return True
        overlap = piece[-len(ENCRYPTED) :]
    return False


ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def _encoding(head: bytes) -> str:
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise NotReadable(Fault.EMPTY_FILE)
    for magic, name in FORMATS:
        if head.startswith(magic):
            raise NotReadable(Fault.NOT_TEXT, format=name)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.count(0) * 50 > len(head):  # a single one is a slip in a cell, many are no text
        return _unmarked_utf_16(head)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower().startswith((b"<!doctype", b"<html")):
        raise NotReadable(Fault.NOT_TEXT, format="HTML")
    return "utf-8-sig"


def _unmarked_utf_16(head: bytes) -> str:
    """UTF-16 without its mark: text that is mostly Latin has zeros on one side, and only there."""
    even, odd = head[::2], head[1::2]
    if not even.count(0) and odd.count(0) * 2 > len(odd):
        return "utf-16-le"
    if not odd.count(0) and even.count(0) * 2 > len(even):
        return "utf-16-be"
    raise NotReadable(Fault.BINARY)


# ---- Text ----------------------------------------------------------------------------------------


class _Text(io.TextIOWrapper):
    """Text over a stream that belongs to somebody else: closing it leaves the stream open."""

    def close(self) -> None:
        with suppress(ValueError):  # let go of already
            self.detach()


class CsvTable:
    """Comma, tab, semicolon or bar: the header's line tells which. Blank lines are passed over."""

    format = "csv"

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._text = _Text(stream, encoding=encoding, errors="strict", newline="")
        self._line = 1  # the one that is read next
        self._ahead: list[str] = []  # lines that were looked at and belong to the rows
        try:
            first = self._read_first()
            if not _is_header(first):
                first = self._below_titles(first)
        except UnicodeError as error:
            raise self._undecodable() from error
        self.delimiter = _delimiter(first)
        try:
            self.header = next(csv.reader([first], delimiter=self.delimiter))
        except csv.Error as error:
            raise NotReadable(Fault.BROKEN_CSV, line=self._line - 1) from error

    def _read_first(self) -> str:
        """The header's line: blank lines and Excel's ``sep=`` may stand above it."""
        while first := self._text.readline():
            self._line += 1
            first = first.removeprefix(BOM)
            if first.strip() and not first.casefold().startswith("sep="):
                return first
        raise NotReadable(Fault.EMPTY_FILE)

    def _below_titles(self, first: str) -> str:
        """The header that stands below a title, a date or the like, if one we know does.

        Else it is the first line: what its columns are is for a person to say.
        """
        lines = [line for _ in range(TITLE_LINES) if (line := self._text.readline())]
        for place, line in enumerate(lines):
            if _is_header(line):
                self._line += place + 1
                self._ahead = lines[place + 1 :]
                return line
        self._ahead = lines
        return first

    def _read_lines(self) -> list[str]:
        """The next lines, those first that were looked at already."""
        ahead, self._ahead = self._ahead, []
        return ahead or self._text.readlines(CHUNK)

    def batches(self) -> Iterator[Batch]:
        try:
            while lines := self._read_lines():
                batch = self._parse(lines)
                for start in range(0, len(batch.rows), BATCH):
                    end = start + BATCH
                    yield Batch(batch.lines[start:end], batch.rows[start:end])
        except UnicodeError as error:
            raise self._undecodable() from error

    def _parse(self, lines: list[str]) -> Batch:
        if BOM in "".join(lines):  # files that were strung together
            lines = [line.removeprefix(BOM) for line in lines]
        try:
            # Strict, so that a cell which is still open at the end is noticed.
            rows = list(csv.reader(lines, delimiter=self.delimiter, strict=True))
        except csv.Error:
            rows = []
        if len(rows) == len(lines):
            batch = Batch(list(range(self._line, self._line + len(rows))), rows)
            self._line += len(rows)
        else:  # cells over several lines, or a quotation mark gone wrong
            batch = self._row_by_row(lines)
        if min(map(len, batch.rows), default=2) < 2 or self.header in batch.rows:
            return _without(batch, self.header)
        return batch

    def _row_by_row(self, lines: list[str]) -> Batch:
        """The rows that begin in ``lines``; the last one may go on in the file."""
        written: list[str] = []  # the lines of the row that is being read
        reader = csv.reader(self._written(lines, written), delimiter=self.delimiter)
        batch = Batch([], [])
        after = self._line + len(lines)
        while self._line < after:
            written.clear()
            try:
                row = next(reader)
                if len(written) > 1:
                    self._require_closed(written)
            except StopIteration:
                break
            except csv.Error as error:
                raise NotReadable(Fault.BROKEN_CSV, line=self._line) from error
            batch.lines.append(self._line)
            batch.rows.append(row)
            self._line += len(written)
        return batch

    def _written(self, lines: list[str], written: list[str]) -> Iterator[str]:
        for line in chain(lines, iter(self._text.readline, "")):
            written.append(line)
            yield line

    def _require_closed(self, written: list[str]) -> None:
        """Raise ``csv.Error`` for a cell over several lines that nobody meant to write.

        A quotation mark that is never closed would silently swallow all the rows behind it.
        """
        next(csv.reader(written.copy(), delimiter=self.delimiter, strict=True))

    def _undecodable(self) -> NotReadable:
        """The reader decodes in blocks and knows no line: look again."""
        self._stream.seek(0)
        for number, line in enumerate(self._stream, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return NotReadable(Fault.NOT_UTF8, line=number)
        return NotReadable(Fault.NOT_UTF8, line=1)  # a UTF-16 file that breaks off


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def _is_header(line: str) -> bool:
    """Whether a line has names of columns that we know."""
    try:
        return columns.is_known(next(csv.reader([line], delimiter=_delimiter(line)), []))
    except csv.Error:
        return False


def _without(batch: Batch, header: list[str]) -> Batch:
    """The batch without blank lines and without the header again, as strung-together files have."""
    lines, rows = [], []
    for line, row in zip(batch.lines, batch.rows, strict=True):
        if row and (len(row) > 1 or row[0].strip()) and row != header:
            lines.append(line)
            rows.append(row)
    return Batch(lines, rows)
