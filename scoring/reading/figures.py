"""Seats and users of many rows in little memory, and what they come to: one row a key.

Rows are held as packed columns (20 bytes each) and put together by Arrow, month by month.
"""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from scoring.reading.cells import LARGEST

if TYPE_CHECKING:
    import pyarrow as pa

KEY = ("month", "tenant", "workload", "option")
CODES = {
    "month": "h",
    "tenant": "i",
    "workload": "h",
    "option": "h",
    "seats": "i",
    "users": "i",
    "group": "i",
}


class Figures:
    """The figures of a file. Rows of one key are one with the larger seats and the larger users:
    an export repeats a tenant's figures per attribution, adding would count them twice.
    """

    columns: tuple[str, ...] = (*KEY, "seats", "users")

    def __init__(self) -> None:
        self._values = {name: array(CODES[name]) for name in self.columns}
        self.rows = 0

    def add(self, *columns: list[int]) -> None:
        """Rows, column by column in the order of ``columns``."""
        for values, column in zip(self._values.values(), columns, strict=True):
            values.fromlist(column)
        self.rows += len(columns[0])

    def rows_by_month(self) -> dict[int, int]:
        """The number of rows added, by month in order; before ``merge``."""
        import pyarrow.compute as pc  # noqa: PLC0415 -- a web process starts without it

        counts = pc.value_counts(_arrow("month", self._values["month"]))
        return dict(sorted((count["values"].as_py(), count["counts"].as_py()) for count in counts))

    def merge(self) -> "pa.Table":
        """One row a key, sorted by ``KEY``: month, workload, option as int16, the rest as int32.

        The rows that were added are let go of: this is the end of them.
        """
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        table = pa.table({name: _arrow(name, self._values[name]) for name in self.columns})
        # Into arrays again: many small Arrow tables would leave their memory in pieces.
        merged = {name: array(CODES[name]) for name in (*KEY, "seats", "users")}
        for month in self.rows_by_month():  # one at a time, for little memory
            part = self._merge_month(table.filter(pc.equal(table["month"], month)))
            for name, values in merged.items():
                for chunk in part[name].chunks:
                    size = values.itemsize
                    start, end = chunk.offset * size, (chunk.offset + len(chunk)) * size
                    values.frombytes(memoryview(chunk.buffers()[1])[start:end])
        del table
        self._values = {name: array(CODES[name]) for name in self.columns}
        return pa.table({name: _arrow(name, values) for name, values in merged.items()})

    def _merge_month(self, rows: "pa.Table") -> "pa.Table":
        """The rows of one month, sorted. Only those that share a key are grouped: it takes long."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        rows, keys = _sorted(rows)
        same = pc.equal(keys[1:], keys[:-1])
        if pc.any(same).as_py():
            no = pa.array([False])
            same = pa.concat_arrays([no, *same.chunks])
            is_shared = pc.or_(same, pa.concat_arrays([same[1:], no]))
            merged = self._merge(rows.filter(is_shared))
            alone = rows.filter(pc.invert(is_shared)).select(merged.column_names)
            rows, _ = _sorted(pa.concat_tables([alone, merged]))
        return rows

    def _merge(self, rows: "pa.Table") -> "pa.Table":
        return _group(rows, KEY, seats="max", users="max")


class SubscriptionFigures(Figures):
    """Figures with one row a subscription: their seats are added, of their users the most stand.

    ``group`` is the subscription when the file names it: said again, with another location or
    another tier, it counts once. Else it is what may repeat all subscriptions of a tenant (type and
    location): the largest of those sums stands.
    """

    columns = (*KEY, "seats", "users", "group")

    def __init__(self, *, names_subscriptions: bool) -> None:
        super().__init__()
        self._names_subscriptions = names_subscriptions

    def _merge(self, rows: "pa.Table") -> "pa.Table":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        within, across = ("max", "sum") if self._names_subscriptions else ("sum", "max")
        groups = _group(rows, (*KEY, "group"), seats=within, users="max")
        merged = _group(groups, KEY, seats=across, users="max")
        seats = pc.min_element_wise(merged["seats"], pa.scalar(LARGEST)).cast(pa.int32())
        return merged.set_column(merged.column_names.index("seats"), "seats", seats)


def _arrow(name: str, values: "array[int]") -> "pa.Array":
    """A column without a copy of its numbers."""
    import pyarrow as pa  # noqa: PLC0415

    kind = pa.int16() if CODES[name] == "h" else pa.int32()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _group(rows: "pa.Table", key: Sequence[str], *, seats: str, users: str) -> "pa.Table":
    how = [("seats", seats), ("users", users)]
    found = rows.group_by(list(key), use_threads=False).aggregate(how)
    return found.select([*key, f"seats_{seats}", f"users_{users}"]).rename_columns(
        [*key, "seats", "users"]
    )


def _sorted(rows: "pa.Table") -> "tuple[pa.Table, pa.ChunkedArray]":
    """Rows of one month in the order of their keys, and the keys, each packed into a number."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    wide = pa.int64()
    keys = pc.bit_wise_or(
        pc.shift_left(rows["tenant"].cast(wide), 32),
        pc.bit_wise_or(pc.shift_left(rows["workload"].cast(wide), 16), rows["option"].cast(wide)),
    )
    order = pc.sort_indices(keys)
    return rows.take(order), keys.take(order)
