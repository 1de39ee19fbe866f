"""The files of imports: read as columns were named, kept as columns, read again, let go of."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils import timezone

from scoring import months
from scoring.import_findings import FINDINGS
from scoring.models import ColumnMapping, PartnerCenterImport
from scoring.reading import columns, originals, parsing
from scoring.reading.cells import storable
from scoring.reading.columns import AUTO, Unmapped
from scoring.reading.parsing import NotReadable, Said
from scoring.reading.tables import Batch, Table, open_table
from scoring.reasons import Fault
from scoring.rule_sets import normal

if TYPE_CHECKING:
    from partners.models import Partner, User

State = PartnerCenterImport.State
UNUSED_KEPT = 200  # different values that the report names, the most frequent first
MOST_COLUMNS = 300  # of a file whose columns are to be named
SAMPLES = 3  # values of a column that are shown to whoever names it
DESCRIPTION = (
    "kind",
    "mapping",
    "header",
    "original",
    "rows_read",
    "rows_merged",
    "rows_rejected",
    "rows_unused",
    "months",
    "unused",
    "rejected",
)


class NotKept(Exception):
    """The original of an import is gone or damaged: nothing can be made of it again."""

    def __init__(self, row: PartnerCenterImport) -> None:
        super().__init__(f"the original of import {row.pk} ({row.file_name}) is gone")
        self.row = row


# ---- Taking in -----------------------------------------------------------------------------------


def too_big(upload: File[Any]) -> NotReadable | None:
    """Why a file is not even looked at, if so: it is empty, or too big to keep."""
    size, limit = upload.size or 0, settings.PARTNER_CENTER_MAX_BYTES
    if not size:
        return NotReadable(Fault.EMPTY_FILE)
    if size > limit:
        return NotReadable(Fault.TOO_BIG, size=-(-size // 1024**2), limit=limit // 1024**2)
    return None


def draft(
    partner: "Partner", upload: File[Any], name: str, kind: str, by: "User | None"
) -> PartnerCenterImport:
    """The import of ``upload``, not stored yet. Reads the file once, for its hash."""
    sha256 = hashlib.sha256()
    for part in upload.chunks():
        sha256.update(part)
    upload.seek(0)
    row = PartnerCenterImport(
        partner=partner,
        kind=kind,
        file_name=storable(PurePath(name.replace("\\", "/")).name, 255) or "file",
        size=upload.size or 0,
        sha256=sha256.hexdigest(),
        imported_by=by,
    )
    same = PartnerCenterImport.objects.filter(
        partner=partner, sha256=row.sha256, state=State.DONE, same_as=None
    )
    row.same_as = same.order_by("created_at").first()
    return row


# ---- Reading -------------------------------------------------------------------------------------


@contextmanager
def open_file(row: PartnerCenterImport) -> Iterator[Table]:
    """The rows of an import as they were handed in: from the kept columns, else from the upload."""
    if row.original:
        yield originals.open_original(Path(row.original.path))
        return
    if not row.file:
        raise NotKept(row)
    with row.file.open("rb") as stream:
        yield open_table(cast(BinaryIO, stream), name=row.file_name)


def read(
    row: PartnerCenterImport,
    table: Table,
    *,
    today: date,
    on_rows: Callable[[int], None] | None = None,
    keep_rejected: int | None = parsing.REJECTED_KEPT,
    keep: bool = True,
) -> Said:
    """Read the whole table and note on ``row``, unsaved, what was found; raises ``NotReadable``.

    Unless the original is kept already, its columns are, as long as ``keep`` is true.
    """
    if not row.mapping and (known := remembered(row.partner, table.header, row.kind)) is not None:
        row.kind, row.mapping = known.kind, known.mapping
    first: list[Batch] = []
    try:
        with _keeping(row, table, keep=keep and not row.original) as keeper:

            def on_batch(batch: Batch) -> None:
                if not first:
                    first.append(batch)
                if keeper is not None:
                    keeper(batch)

            said = parsing.read_table(
                table,
                today=today,
                kind=row.kind,
                mapping=row.mapping,
                keep_rejected=keep_rejected,
                on_rows=on_rows,
                keep=on_batch,
            )
    except Unmapped as unmapped:
        row.kind, row.header = unmapped.kind, _columns(table.header, _first_batch(table))
        raise
    if row.mapping:
        row.header = _columns(table.header, first[0])
    _describe(row, said)
    return said


def read_again(row: PartnerCenterImport, on_rows: Callable[[int], None] | None = None) -> Said:
    """What the import said when it was done, from its kept original; ``row`` stays as it is.

    Days that lay in the future then do so again. Raises ``NotKept`` when it cannot be read.
    """
    import pyarrow as pa  # noqa: PLC0415 -- a web process starts without it

    day = timezone.localdate(row.done_at) if row.done_at else timezone.localdate()
    try:
        with open_file(row) as table:
            return parsing.read_table(
                table, today=day, kind=row.kind, mapping=row.mapping, on_rows=on_rows
            )
    except (FileNotFoundError, NotReadable, pa.ArrowInvalid) as error:
        raise NotKept(row) from error


def _describe(row: PartnerCenterImport, said: Said) -> None:
    row.kind = said.kind
    row.rows_read = said.rows
    row.rows_merged = said.merged
    row.rows_rejected = said.rejected_count
    row.rows_unused = said.unused_count
    row.months = [months.label(month) for month in said.months]
    findings = [line for line in row.unused if line["what"] in FINDINGS]
    row.unused = [
        {"what": what, "value": value, "rows": rows}
        for (what, value), rows in sorted(
            said.unused.items(), key=lambda item: (-item[1], item[0])
        )[:UNUSED_KEPT]
    ] + findings
    row.rejected = [bad.stored() for bad in said.rejected[: parsing.REJECTED_KEPT]]


# ---- Columns as a person named them --------------------------------------------------------------


class Column(NamedTuple):
    """A column of a file nobody documents, with what stands in its first rows."""

    name: str
    samples: list[str]


def signature(header: list[str]) -> list[str]:
    """How a header is recognised again: its names in any order and any spelling."""
    names = [storable(name.strip(), 255) for name in header if name.strip()][:MOST_COLUMNS]
    return sorted(normal(name) or name for name in names)


def remembered(partner: "Partner", header: list[str], kind: str = AUTO) -> ColumnMapping | None:
    """How the firm named the columns of such a file before."""
    wanted = signature(header)
    kinds = {} if kind == AUTO else {"kind": kind}
    mappings = ColumnMapping.objects.filter(partner=partner, **kinds)
    return next((known for known in mappings if known.columns == wanted), None)


def columns_of(row: PartnerCenterImport) -> list[Column]:
    return [Column(column["name"], column["samples"]) for column in row.header]


def _first_batch(table: Table) -> Batch:
    with suppress(NotReadable):
        return next(iter(table.batches()), Batch([], []))
    return Batch([], [])


def _columns(header: list[str], first: Batch) -> list[dict[str, Any]]:
    """The header with values from the first rows, as ``header`` of an import holds it."""
    samples: list[list[str]] = [[] for _name in header]
    for cells in first.rows[:1000]:
        for found, cell in zip(samples, cells, strict=False):
            text = storable(cell.strip(), 60)
            if text and len(found) < SAMPLES and text not in found:
                found.append(text)
    return [
        {"name": storable(name.strip(), 255), "samples": found}
        for name, found in zip(header, samples, strict=True)
        if name.strip()
    ][:MOST_COLUMNS]


def guesses(row: PartnerCenterImport) -> dict[str, dict[str, str]]:
    """By kind of file, {field: header} as it may be meant, or as it was named before."""
    header = [column.name for column in columns_of(row)]
    found: dict[str, dict[str, str]] = {kind: {} for kind in columns.FIELDS}
    try:
        layout = columns.recognise(header)
        found[layout.kind] = {key: header[place] for key, place in layout.places.items()}
    except Unmapped as unmapped:
        found |= unmapped.guesses
    except NotReadable:  # a column is there twice
        pass
    if row.mapping:
        found[row.kind] = row.mapping
    return found


# ---- Keeping and letting go ----------------------------------------------------------------------


@contextmanager
def _keeping(
    row: PartnerCenterImport, table: Table, *, keep: bool
) -> Iterator[Callable[[Batch], None] | None]:
    """Keep the columns of ``table`` while it is read; nothing of it when reading breaks off."""
    if not keep:
        yield None
        return
    name = row.original.field.generate_filename(row, "")
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{row.attempts}")  # another run's may still be open
    try:
        keeper = originals.Keeper(part, table.header)
        try:
            yield keeper.add
        finally:
            keeper.close()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    path.chmod(0o600)
    row.original.name = name


def let_go_of_upload(row: PartnerCenterImport) -> None:
    """Delete the uploaded file of an import whose columns are kept. May be called again."""
    if row.file and row.original:
        row.file.delete(save=False)
        PartnerCenterImport.objects.filter(pk=row.pk).update(file="")


def let_go_of_all(row: PartnerCenterImport) -> None:
    """Delete everything of a file that was never imported. May be called again."""
    for kept in (row.file, row.original):
        if kept:
            kept.delete(save=False)
    PartnerCenterImport.objects.filter(pk=row.pk).update(file="", original="")
