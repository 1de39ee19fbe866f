"""The original of an import, kept: every cell as it stood, packed by column.

A Parquet file of text columns, one for each of the file, and the line each row stood on. It is read
again as the same table, and told from the file it was made of by nothing that matters.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scoring.reading.tables import Batch
from scoring.rule_sets import normal

if TYPE_CHECKING:
    import pyarrow as pa

LINE = "__line__"
SURPLUS = "__surplus__"  # the cells of a row beyond those columns, null for a row that has none
HEADER = b"header"  # of the file's metadata: names as they stood, twice the same or empty ones too
COLUMNS = 1_000  # that are kept one by one; a table that is wider has the others in the surplus
ROW_GROUP, GROUP_BYTES = 100_000, 32 << 20  # rows, and bytes of text, that are packed at a time
READ_AT_ONCE = 1_000  # rows: more do not stay in the processor's cache
LEVEL = 3  # of zstd: higher ones make the file no smaller


class Keeper:
    """Writes batches to ``path`` as they are read. ``close`` completes the file."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        import pyarrow as pa  # noqa: PLC0415 -- a web process starts without it
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._names = _unique(header[:COLUMNS])
        text = [pa.field(name, pa.string()) for name in self._names]
        self._schema = pa.schema(
            [*text, pa.field(SURPLUS, pa.list_(pa.string())), pa.field(LINE, pa.int32())],
            metadata={HEADER: json.dumps(list(header)).encode()},
        )
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=self._names,
            column_encoding={LINE: "DELTA_BINARY_PACKED"},
        )
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self.waiting_bytes = 0

    def add(self, batch: Batch) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if not batch.rows:
            return
        width = len(self._names)
        rows: Sequence[Sequence[str | None]] = batch.rows
        surplus: list[list[str] | None] = [None] * len(rows)
        if set(map(len, rows)) - {width}:
            surplus = [row[width:] if len(row) > width else None for row in batch.rows]
            rows = [_padded(row, width) for row in batch.rows]
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        columns.append(pa.array(surplus, self._schema.field(SURPLUS).type))
        columns.append(pa.array(batch.lines, pa.int32()))
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        self._rows += len(rows)
        self.waiting_bytes += self._waiting[-1].nbytes
        if self._rows >= ROW_GROUP or self.waiting_bytes >= GROUP_BYTES:
            self._write()

    def close(self) -> None:
        if self._waiting:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa  # noqa: PLC0415

        self._writer.write_table(pa.Table.from_batches(self._waiting), row_group_size=self._rows)
        self._waiting, self._rows, self.waiting_bytes = [], 0, 0


def open_original(path: Path) -> "Original":
    """The table that was kept in ``path``. Raises ``OSError`` when there is none."""
    return Original(path)


def as_csv(path: Path) -> Iterator[str]:
    """The kept table as CSV with commas, in pieces of some thousand rows."""
    original = open_original(path)
    yield _written([original.header])
    for batch in original.batches():
        yield _written(batch.rows)


class Original:
    """A kept table; its batches can be had any number of times."""

    format = "parquet"

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._path = path
        with pq.ParquetFile(path) as file:
            self.header: list[str] = json.loads(file.schema_arrow.metadata[HEADER])
            self.rows: int = file.metadata.num_rows

    def batches(self) -> Iterator[Batch]:
        import pyarrow.parquet as pq  # noqa: PLC0415

        names = _unique(self.header[:COLUMNS])
        with pq.ParquetFile(self._path, read_dictionary=names) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                columns = [_Column(table[name]) for name in names]
                for start in range(0, table.num_rows, READ_AT_ONCE):
                    part = table.slice(start, READ_AT_ONCE)
                    rows = [
                        list(row)
                        for row in zip(*(column.texts(start) for column in columns), strict=True)
                    ]
                    if part[names[-1]].null_count:
                        rows = [[cell for cell in row if cell is not None] for row in rows]
                    if part[SURPLUS].null_count < part.num_rows:
                        for row, surplus in zip(rows, part[SURPLUS].to_pylist(), strict=True):
                            row.extend(surplus or ())
                    yield Batch(part[LINE].to_pylist(), rows)


class _Column:
    """One column of a row group: the spellings once, and which of them stands in which row."""

    def __init__(self, column: "pa.ChunkedArray") -> None:
        column = column.unify_dictionaries()
        chunk = column.combine_chunks()
        chunk = chunk.chunk(0) if hasattr(chunk, "chunk") else chunk
        self._texts = chunk.dictionary.to_pylist()
        self._places = chunk.indices

    def texts(self, start: int) -> list[str | None]:
        places = self._places.slice(start, READ_AT_ONCE)
        if places.null_count:
            texts = self._texts
            return [None if place is None else texts[place] for place in places.to_pylist()]
        numbers = memoryview(places.buffers()[1]).cast("i")
        end = places.offset + len(places)
        return list(map(self._texts.__getitem__, numbers[places.offset : end].tolist()))


def _padded(row: list[str], width: int) -> list[str | None]:
    """A row as wide as the header; cells that it does not have are None."""
    return [*row[:width], *[None] * (width - len(row))]


def _unique(header: Sequence[str]) -> list[str]:
    """A name for each column that no other column has, as close to the header as can be."""
    names: list[str] = []
    taken = {normal(LINE), normal(SURPLUS)}
    for number, title in enumerate(header, 1):
        name = " ".join(title.replace("\x00", "").split()) or "column"
        if normal(name) in taken or not normal(name):
            name = f"{name} ({number})"
        while normal(name) in taken:
            name += "_"
        taken.add(normal(name))
        names.append(name)
    return names


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
