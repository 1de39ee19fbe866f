"""What several files say together, one after the other. Pure.

Importing files in an order and importing what ``fold_all`` makes of them leads to the same facts:
so an import can be taken out again, and the facts made anew from the originals.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scoring import associations
from scoring.associations import Interval
from scoring.reading.figures import KEY, Figures
from scoring.reading.parsing import AUTO, AssociationKey, AssociationSaid, Said

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_A_TIME = 1_000_000  # above it, rows that a later file replaced are let go of in between


def fold_all(saids: Iterable[Said]) -> Said:
    """All that the files say: for each figure and certificate the last of them, dates folded.

    ``saids`` is read once and in order, so that a caller need not hold all of them at a time.
    """
    folded = Said(AUTO, Figures().merge())
    places: dict[str, int] = {}
    usage = _Usage()
    for said in saids:
        numbers = [places.setdefault(guid, len(places)) for guid, _name in said.tenants]
        for number, tenant in zip(numbers, said.tenants, strict=True):
            if number == len(folded.tenants):
                folded.tenants.append(tenant)
            elif tenant[1]:  # an empty name takes none back
                folded.tenants[number] = tenant
        usage.add(said.usage, numbers)
        _fold_associations(folded.associations, said, numbers)
        folded.certificates |= said.certificates
        folded.unused.update(said.unused)
        folded.rows += said.rows
        folded.merged += said.merged
        folded.rejected_count += said.rejected_count
        for month, rows in said.rows_by_month.items():
            folded.rows_by_month[month] = folded.rows_by_month.get(month, 0) + rows
    folded.usage = usage.last()
    return folded


def _fold_associations(
    known: dict[AssociationKey, AssociationSaid], said: Said, numbers: list[int]
) -> None:
    for (tenant, workload, option), told in said.associations.items():
        key = (numbers[tenant], workload, option)
        before = known.get(key)
        if before is None:
            known[key] = told
            continue
        intervals = associations.fold(
            [Interval(*interval) for interval in before.intervals],
            [Interval(*interval) for interval in told.intervals],
        )
        known[key] = AssociationSaid(
            [(interval.begins_on, interval.ended_on) for interval in intervals],
            told.state or before.state,
        )


class _Usage:
    """Tables of figures in the order of their files; for each key the last one stands."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._rows = 0
        self._most = ROWS_AT_A_TIME

    def add(self, usage: "pa.Table", numbers: list[int]) -> None:
        import pyarrow as pa  # noqa: PLC0415 -- large, and needed by the jobs only
        import pyarrow.compute as pc  # noqa: PLC0415

        if not usage.num_rows:
            return
        renumbered = pc.take(pa.array(numbers, pa.int32()), usage["tenant"])
        place = usage.column_names.index("tenant")
        self._tables.append(usage.set_column(place, "tenant", renumbered))
        self._rows += usage.num_rows
        if self._rows > self._most:
            self._tables = [self._folded()]
            self._rows = self._tables[0].num_rows
            self._most = 2 * max(self._rows, ROWS_AT_A_TIME)

    def last(self) -> "pa.Table":
        """One row a key, sorted by month, tenant, workload and option."""
        if not self._tables:
            return Figures().merge()
        folded = self._folded()
        return folded.sort_by([(name, "ascending") for name in KEY]).combine_chunks()

    def _folded(self) -> "pa.Table":
        import pyarrow as pa  # noqa: PLC0415

        if len(self._tables) == 1:
            return self._tables[0]
        names = [*KEY, "seats", "users"]
        rows = pa.concat_tables([table.select(names) for table in self._tables])
        # Threads would lose the order, and with it which row is the last.
        grouped = rows.group_by(list(KEY), use_threads=False)
        found = grouped.aggregate([("seats", "last"), ("users", "last")])
        return found.select([*KEY, "seats_last", "users_last"]).rename_columns(names)
