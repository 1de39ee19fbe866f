"""Tables of many rows that are written and read as a whole: all verdicts of a month, who is near.

A firm of 5,000 tenants has 20,000 verdicts a month. As rows of a database they would cost more to
write than to judge, so they are kept as compressed columns (Arrow), read in milliseconds, and
thrown away whole when the facts change. ``history.refresh`` writes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from scoring import judging, months
from scoring.judging import Verdict
from scoring.models import ComputedTable, Portfolio

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Sequence[Sequence[Any]]

# ---- Columns and bytes ---------------------------------------------------------------------------


def dump(fields: Sequence[tuple[str, str]], rows: Rows) -> bytes:
    """``rows`` as compressed columns; ``fields`` are (name, Arrow type) in the rows' order."""
    import pyarrow as pa  # noqa: PLC0415 -- 40 ms that a web node need not spend at its start

    columns = list(zip(*rows, strict=True)) or [()] * len(fields)
    table = pa.table(
        {
            name: pa.array(column, type=getattr(pa, kind)())
            for (name, kind), column in zip(fields, columns, strict=True)
        }
    )
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def load(content: bytes | memoryview) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 -- as above

    return pa.ipc.open_file(pa.BufferReader(bytes(content))).read_all()


def read(portfolio: Portfolio, names: Iterable[str]) -> "dict[str, pa.Table]":
    """The tables of a firm that are there, in one query."""
    rows = ComputedTable.objects.filter(portfolio=portfolio, name__in=list(names))
    return {name: load(content) for name, content in rows.values_list("name", "columns")}


# ---- All verdicts of a month ---------------------------------------------------------------------

VERDICT_FIELDS = (
    ("track", "uint8"),
    ("option", "uint8"),
    ("tenant", "int32"),
    ("eligible_now", "uint8"),
    ("eligible_then", "uint8"),
    ("users_now", "uint32"),
    ("users_then", "uint32"),
    ("deployed_now", "uint8"),
    ("deployed_then", "uint8"),
    ("reason", "uint8"),
    ("deployment_reason", "uint8"),
)
FIGURES = {  # of a verdict, by metric: now, then, why
    judging.NET_ADDS: ("eligible_now", "eligible_then", "reason"),
    judging.GROWTH: ("users_now", "users_then", "reason"),
    judging.DEPLOYMENTS: ("deployed_now", "deployed_then", "deployment_reason"),
}


def verdicts_name(month: int) -> str:
    """The name of the table with a month's verdicts, past or to come."""
    return f"verdicts-{months.label(month)}"


def dump_verdicts(verdicts: Mapping[int, Iterable[Verdict]]) -> bytes:
    """By tenant; sorted by track and option, so that a metric is one stretch of each column."""
    rows = [
        (one[0], one[1], tenant, *one[2:8], int(one[8]), int(one[9]))
        for tenant, own in verdicts.items()
        for one in own
    ]
    rows.sort()
    return dump(VERDICT_FIELDS, rows)


class Figures(NamedTuple):
    """What one tenant adds to one metric in one month."""

    now: int
    then: int
    why: int  # reasons.Reason

    @property
    def value(self) -> int:
        return self.now - self.then


@dataclass(frozen=True)
class Verdicts:
    """All verdicts of a month."""

    table: "pa.Table"

    def figures(self, metric: str, track: int, option: int) -> dict[int, Figures]:
        """By tenant: those whom the judge looked at for this track and option."""
        import pyarrow.compute as pc  # noqa: PLC0415 -- as above

        wanted = pc.and_(
            pc.equal(self.table["track"], track), pc.equal(self.table["option"], option)
        )
        own = self.table.filter(wanted)
        columns = [own[name].to_pylist() for name in ("tenant", *FIGURES[metric])]
        return {
            tenant: Figures(now, then, why) for tenant, now, then, why in zip(*columns, strict=True)
        }


# ---- Who is near an edge -------------------------------------------------------------------------

NEAR_SHARE, NEAR_BAND, UNCLAIMED = "near-share", "near-band", "unclaimed"

NEAR_SHARE_FIELDS = (  # see ``nearness.Share``
    ("track", "uint8"),
    ("option", "uint8"),
    ("tenant", "int32"),
    ("workload", "uint8"),
    ("seats", "uint32"),
    ("users", "uint32"),
    ("distance", "int32"),
    ("counts", "uint8"),
)
NEAR_BAND_FIELDS = (  # see ``nearness.Band``
    ("track", "uint8"),
    ("tenant", "int32"),
    ("workload", "uint8"),
    ("option", "uint8"),
    ("seats", "uint32"),
    ("distance", "int32"),
    ("counts", "uint8"),
)
UNCLAIMED_FIELDS = (  # see ``unclaimed.Row``
    ("tenant", "int32"),
    ("workload", "uint8"),
    ("kind", "uint8"),
    ("option", "uint8"),
    ("state", "uint8"),
    ("seen_on", "int32"),
    ("month", "uint16"),
    ("seats", "uint32"),
    ("users", "uint32"),
    ("has_figures", "uint8"),
    ("gained", "uint32"),
    ("span", "uint8"),
    ("effect", "utf8"),
    ("coming", "utf8"),
)
