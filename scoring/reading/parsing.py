"""Partner Center files: from a table to facts and rejected rows.

Pure but for the stream it reads: what a file says does not depend on the database or the clock
(``today`` is handed in). Names of workloads, options and certifications come from the rule sets.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import BinaryIO

from scoring import rule_sets
from scoring.reading import columns
from scoring.reading.cells import NotReadable, storable
from scoring.reading.columns import AUTO, CLAIMS, CPOR, EMS, OFFICE_USAGE, TRAINING, Unmapped
from scoring.reading.people_rows import PeopleReader
from scoring.reading.row_reading import Reader
from scoring.reading.said import (
    AssociationKey,
    AssociationSaid,
    CertificateData,
    CertificateKey,
    Rejection,
    Said,
)
from scoring.reading.tables import Batch, Table, open_table
from scoring.reading.tenant_rows import INTUNE_EMS, TenantReader
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary

__all__ = (
    "AUTO",
    "CLAIMS",
    "CPOR",
    "EMS",
    "INTUNE_EMS",
    "OFFICE_USAGE",
    "REJECTED_KEPT",
    "TRAINING",
    "AssociationKey",
    "AssociationSaid",
    "CertificateData",
    "CertificateKey",
    "NotReadable",
    "Rejection",
    "Said",
    "Unmapped",
    "read",
    "read_table",
    "storable",
)

REJECTED_KEPT = 500  # rejected rows that are reported one by one; all are counted


def read(
    stream: BinaryIO,
    *,
    today: date,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
    names: Vocabulary | None = None,
    keep_rejected: int | None = REJECTED_KEPT,
    on_rows: Callable[[int], None] | None = None,
    keep: Callable[[Batch], None] | None = None,
) -> Said:
    """Read a whole file; raises ``NotReadable`` when there is nothing to be had from it.

    ``mapping`` is {field: header} as a person chose it (``columns.recognise``). Rows that cannot be
    used are counted and listed, up to ``keep_rejected`` (None: all of them). After each batch
    ``on_rows`` gets the number of rows so far; before, ``keep`` gets the batch as it stands.
    """
    return read_table(
        open_table(stream),
        today=today,
        kind=kind,
        mapping=mapping,
        names=names,
        keep_rejected=keep_rejected,
        on_rows=on_rows,
        keep=keep,
    )


def read_table(
    table: Table,
    *,
    today: date,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
    names: Vocabulary | None = None,
    keep_rejected: int | None = REJECTED_KEPT,
    on_rows: Callable[[int], None] | None = None,
    keep: Callable[[Batch], None] | None = None,
) -> Said:
    """``read`` for a table that is open already, such as a kept original."""
    layout = columns.recognise(table.header, kind, mapping)
    kind_of_reader: type[Reader] = PeopleReader if layout.kind == TRAINING else TenantReader
    vocabulary = names or rule_sets.vocabulary()
    reader = kind_of_reader(layout, table.header, vocabulary, today, keep_rejected)
    for batch in table.batches():
        if keep is not None:
            keep(batch)
        reader.take(batch)
        if on_rows is not None:
            on_rows(reader.rows)
    if not reader.rows:
        raise NotReadable(Fault.NO_ROWS)
    return reader.said()
