"""Tables of many rows that are written and read as a whole: all verdicts of a month, who is near.

A firm of 5,000 tenants has 20,000 verdicts a month. As rows of a database they would cost more to
write than to judge, so they are kept as compressed columns (Arrow), read in milliseconds, and
thrown away whole when the facts change. ``history.refresh`` writes them.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from scoring import judging, months
from scoring.judging import Verdict
from scoring.models import ComputedTable, Portfolio

if TYPE_CHECKING:
    import pyarrow as pa

Rows = Sequence[Sequence[Any]]
logger = logging.getLogger(__name__)

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


class NotLoadable(Exception):
    """What is stored is no table, or not one with the columns that its name promises."""


def loaded(name: str, content: bytes | memoryview) -> "pa.Table":
    """The table ``name`` as it is stored. Raises ``NotLoadable``."""
    import pyarrow as pa  # noqa: PLC0415 -- as above

    try:
        table = load(content)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotLoadable(name) from error
    expected = pa.schema([(column, getattr(pa, kind)()) for column, kind in fields_of(name)])
    if table.schema != expected:
        raise NotLoadable(name)
    return table


def read(portfolio: Portfolio, names: Iterable[str]) -> "dict[str, pa.Table]":
    """The tables of a firm that are there and can be read, in one query.

    One that cannot is missing, as before the first run of the job: a page says so or looks the rest
    up elsewhere, and the night's sweep has it made anew.
    """
    rows = ComputedTable.objects.filter(portfolio=portfolio, name__in=list(names))
    found = {}
    for name, content in rows.values_list("name", "columns"):
        try:
            found[name] = loaded(name, content)
        except NotLoadable:
            logger.error("The computed table %s of firm %s is damaged.", name, portfolio.pk)
    return found


def damaged(portfolios: Iterable[int] | None = None) -> set[int]:
    """The firms with a table that cannot be read; one table at a time is in memory."""
    rows = ComputedTable.objects.order_by()
    if portfolios is not None:
        rows = rows.filter(portfolio__in=list(portfolios))
    found = set()
    for firm, name, content in rows.values_list("portfolio", "name", "columns").iterator(100):
        try:
            loaded(name, content)
        except NotLoadable:
            found.add(firm)
    return found


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

FIELDS = {
    NEAR_SHARE: NEAR_SHARE_FIELDS,
    NEAR_BAND: NEAR_BAND_FIELDS,
    UNCLAIMED: UNCLAIMED_FIELDS,
}


def fields_of(name: str) -> tuple[tuple[str, str], ...]:
    """The columns of a table; all but these three are verdicts of a month."""
    return FIELDS.get(name, VERDICT_FIELDS)
