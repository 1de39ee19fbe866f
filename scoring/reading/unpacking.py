"""A workbook from stdin, as lines of JSON on stdout. Runs as a process of its own.

A workbook is a ZIP that anybody may have made: a few kilobytes can unpack to gigabytes, and one
cell at the far end of a sheet makes a grid of billions. So it is unpacked where memory and time
are limited, and where it may fail without taking anybody along. Imports nothing of the portal.

The lines: ``{"sheet": name}`` begins a sheet, ``[[line, ...], [row, ...]]`` are rows of it that are
not blank, as text. Exits with one of the codes below when the workbook cannot be had.
"""

import json
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import BinaryIO, TextIO

BROKEN, PROTECTED, TOO_BIG, NO_WORKBOOK = 3, 4, 5, 6

UNPACKED = 400 << 20  # bytes of all parts together
SMALL, RATIO = 32 << 20, 200  # beyond the first, a real sheet does not shrink to a 200th
MEMORY = 3 << 29  # a sheet of 400,000 rows takes a third of it
SECONDS = 240
ROWS = 500  # of a line


def check(package: zipfile.ZipFile, packed: int) -> None:
    """Exit when the package is no workbook, is protected, or unpacks to too much.

    The directory is not believed: each part must have the size and the checksum it names there.
    """
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        sys.exit(PROTECTED)
    if not any(part.filename.startswith("xl/") for part in parts):
        sys.exit(NO_WORKBOOK)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > UNPACKED or (unpacked > SMALL and unpacked > packed * RATIO):
        sys.exit(TOO_BIG)
    if package.testzip() is not None:
        sys.exit(BROKEN)


def lines(workbook: BinaryIO) -> Iterator[object]:
    import python_calamine  # noqa: PLC0415 -- the package is checked first

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(workbook)
        for sheet in book.sheets_metadata:
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                yield {"sheet": sheet.name}
                yield from batches(book.get_sheet_by_name(sheet.name).iter_rows())
    except python_calamine.PasswordError:
        sys.exit(PROTECTED)
    except python_calamine.CalamineError:
        sys.exit(BROKEN)


def batches(rows: Iterable[Sequence[object]]) -> Iterator[tuple[list[int], list[list[str]]]]:
    numbers: list[int] = []
    texts: list[list[str]] = []
    for number, row in enumerate(rows, 1):
        text = [value if isinstance(value, str) else written(value) for value in row]
        if any(map(str.strip, text)):
            numbers.append(number)
            texts.append(text)
        if len(texts) == ROWS:
            yield numbers, texts
            numbers, texts = [], []
    if texts:
        yield numbers, texts


def written(value: object) -> str:
    """The text that a CSV would have: days in ISO form, whole numbers without ``.0``."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def main(workbook: BinaryIO, out: TextIO) -> None:
    packed = workbook.seek(0, 2)
    try:
        with zipfile.ZipFile(workbook) as package:
            check(package, packed)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError):
        sys.exit(BROKEN)
    workbook.seek(0)
    for line in lines(workbook):
        json.dump(line, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main(sys.stdin.buffer, sys.stdout)
