"""An Excel workbook as a table: the sheet that has a header we know, wherever it begins.

The workbook is unpacked by ``unpacking`` in a process of its own, onto disk; from there its rows
come in batches like those of a text file.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from scoring.reading import columns, unpacking
from scoring.reading.cells import NotReadable
from scoring.reading.tables import Batch
from scoring.reasons import Fault

SECONDS = 2 * unpacking.SECONDS  # of the clock; the process itself stops at those of the processor
TITLE_LINES = 30  # that may stand above a header


class XlsxTable:
    """A header, and the rows below it with their numbers in the sheet. Blank rows are left out."""

    format = "xlsx"

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = _unpacked(stream)
        weakref.finalize(self, self._lines.close)
        self._start, self._header_line, self.header = self._find_header()

    def batches(self) -> Iterator[Batch]:
        """All the rows; may be had again, but not two at a time."""
        for batch in self._sheet(self._start):
            pairs = [
                (line, row)
                for line, row in zip(*batch, strict=True)
                if line > self._header_line and row != self.header
            ]
            if pairs:
                yield Batch([line for line, _ in pairs], [row for _, row in pairs])

    def _find_header(self) -> tuple[int, int, list[str]]:
        """Where the sheet begins, the line of its header, and that header.

        A row with names we know, in any sheet; else the first row of the first sheet that is about
        as full as the fullest, so that a person can say what its columns are.
        """
        guess: tuple[int, int, list[str]] | None = None
        for start in self._sheets():
            top = next(self._sheet(start), Batch([], []))
            rows = list(zip(*top, strict=True))[:TITLE_LINES]
            for line, row in rows:
                if columns.is_known(row):
                    return start, line, row
            if guess is None and rows:
                filled = [sum(map(bool, map(str.strip, row))) for _, row in rows]
                first = next(place for place, count in enumerate(filled) if count * 2 > max(filled))
                guess = (start, *rows[first])
        if guess is None:
            raise NotReadable(Fault.EMPTY_FILE)
        return guess

    def _sheets(self) -> list[int]:
        self._lines.seek(0)
        starts = []
        while line := self._lines.readline():
            if line.startswith(b"{"):
                starts.append(self._lines.tell())
        return starts

    def _sheet(self, start: int) -> Iterator[Batch]:
        self._lines.seek(start)
        while (line := self._lines.readline()).startswith(b"["):
            yield Batch(*json.loads(line))


def _unpacked(stream: BinaryIO) -> IO[bytes]:
    """The lines that ``unpacking`` makes of the workbook; raises ``NotReadable``."""
    lines = tempfile.TemporaryFile()  # noqa: SIM115 -- its table closes it
    try:
        with tempfile.TemporaryFile() as workbook:
            shutil.copyfileobj(stream, workbook)
            workbook.seek(0)
            done = subprocess.run(
                [sys.executable, "-I", str(Path(unpacking.__file__))],
                stdin=workbook,
                stdout=lines,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
            )
        if done.returncode:
            raise _fault(done.returncode)
    except BaseException as error:
        lines.close()
        if isinstance(error, subprocess.TimeoutExpired):
            raise _fault(unpacking.TOO_BIG) from error
        raise
    return lines


def _fault(code: int) -> NotReadable:
    if code == unpacking.PROTECTED:
        return NotReadable(Fault.PROTECTED)
    if code == unpacking.NO_WORKBOOK:
        return NotReadable(Fault.NOT_TEXT, format="ZIP")
    if code < 0 or code == unpacking.TOO_BIG:  # stopped at a limit
        return NotReadable(Fault.UNPACKS_TOO_BIG, limit=unpacking.UNPACKED >> 20)
    return NotReadable(Fault.BROKEN_WORKBOOK)
