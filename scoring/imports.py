"""The life of a Partner Center file: uploaded, read whole, looked at, written, scored, undone.

A file is read to its end before anything is written. Then it is imported at once, or waits as a
preview until somebody decides; with a bad row it waits in any case, unless the good rows are asked
for. Facts are what all imports that are done say, one after the other in the order of ``done_at``.

What people decide is here, as is the job. ``import_leases`` keeps two runs of a firm apart,
``import_files`` reads and keeps, ``import_runs`` writes, ``undoing`` takes out again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from partners import firm_log
from scoring import facts, import_files
from scoring.import_leases import ATTEMPTS, GIVEN_UP, LEASE, Busy, enqueue
from scoring.import_runs import Read, Rejected, preview_now, run, run_now
from scoring.models import ColumnMapping, PartnerCenterImport
from scoring.reading.columns import FIELDS
from scoring.reasons import Fault, sentence
from scoring.undoing import rebuild
from support.pressing import AT_ONCE

if TYPE_CHECKING:
    from partners.models import Partner, User

__all__ = (
    "ATTEMPTS",
    "GIVEN_UP",
    "LEASE",
    "Busy",
    "ImportRefused",
    "Read",
    "Rejected",
    "preview_now",
    "rebuild",
    "run",
    "run_now",
)

State = PartnerCenterImport.State
Work = PartnerCenterImport.Work
Kind = PartnerCenterImport.Kind
UNDECIDED_FOR = timedelta(days=30)  # then a preview is discarded
# Waits for somebody: to import it, to leave out its bad rows, to name its columns.
WITH_BAD_ROWS = Q(state=State.REJECTED, fault="", rows_rejected__gt=0)
UNDECIDED = Q(state__in=[State.PREVIEW, State.UNMAPPED]) | WITH_BAD_ROWS
DISCARDABLE = Q(state__in=[State.PREVIEW, State.UNMAPPED, State.REJECTED])
# One that broke off for good may have written some of its rows.
UNDOABLE = Q(state=State.DONE) | Q(state=State.FAILED, planned_at__isnull=False)


class ImportRefused(Exception):
    """The file cannot even be taken in; ``str(error)`` is a translated sentence."""


def create(
    partner: "Partner",
    upload: File[Any],
    *,
    name: str = "",
    kind: str = Kind.AUTO,
    good_rows: bool = False,
    at_once: bool = True,
    by: "User | None" = None,
) -> PartnerCenterImport:
    """Take a file in: the row can be seen at once, the work is queued on commit.

    ``at_once``: import it when every row is good; otherwise it waits for somebody to decide. The
    same file by the same person once more at once is one import, as long as it is under way. Raises
    ``ImportRefused`` for a file that is empty or too big to keep.
    """
    if (error := import_files.too_big(upload)) is not None:
        raise ImportRefused(sentence(error.fault, error.params, kind=Fault))
    row = import_files.draft(partner, upload, name or upload.name or "", kind, by)
    row.good_rows, row.work = good_rows, Work.COMMIT if at_once else Work.PREVIEW
    # Before the transaction: copying a large file must not keep others from writing.
    row.file.save("file", upload, save=False)
    try:
        with transaction.atomic():
            facts.lock(partner)
            if by is not None and (same := _at_once(row)) is not None:
                row.file.delete(save=False)
                return same
            row.save(force_insert=True)
            enqueue(row)
            _log(row, "import_uploaded", by)
    except BaseException:
        row.file.delete(save=False)
        raise
    return row


def _at_once(row: PartnerCenterImport) -> PartnerCenterImport | None:
    """The same upload from a moment ago: the form was sent twice."""
    lately = PartnerCenterImport.objects.filter(
        partner=row.partner,
        imported_by=row.imported_by,
        sha256=row.sha256,
        file_name=row.file_name,
        kind=row.kind,
        work=row.work,
        good_rows=row.good_rows,
        state__in=[State.QUEUED, State.RUNNING, State.PREVIEW],
        created_at__gt=row.created_at - AT_ONCE,
    )
    return lately.first()


# ---- What can be decided -------------------------------------------------------------------------


def waits_for_columns(row: PartnerCenterImport) -> bool:
    """Whether somebody may still say what the columns of the file are."""
    is_open = row.state in {State.UNMAPPED, State.PREVIEW, State.REJECTED}
    return bool(row.header) and is_open and (row.state == State.UNMAPPED or not row.fault)


def can_be_undone(row: PartnerCenterImport) -> bool:
    broke_off = row.state == State.FAILED and row.planned_at is not None
    return row.state == State.DONE or broke_off


# ---- Decisions -----------------------------------------------------------------------------------

# Each is one conditional UPDATE: of two people who press at once, one decides.


def commit(import_id: UUID, *, by: "User | None") -> bool:
    """Import what a preview shows; False when it is none any more."""
    return _decide(import_id, "import_committed", Q(state=State.PREVIEW), imported_by=by)


def take_good_rows(import_id: UUID, *, by: "User | None") -> bool:
    """Import a rejected file without its bad rows; False when it is not rejected."""
    return _decide(import_id, "import_good_rows", WITH_BAD_ROWS, imported_by=by, good_rows=True)


def undo(import_id: UUID, *, by: "User | None") -> bool:
    """Take an import out again; False when it is not in, or somebody else was quicker."""
    return _decide(import_id, "import_undone", UNDOABLE, work=Work.UNDO, undone_by=by)


@transaction.atomic
def _decide(import_id: UUID, kind: str, condition: Q, **values: Any) -> bool:
    """Queue what was decided, and write on the firm's log who did."""
    if not _queue(import_id, condition, **values):
        return False
    row = PartnerCenterImport.objects.select_related("partner").get(pk=import_id)
    _log(row, kind, values.get("undone_by") or values.get("imported_by"))
    return True


def _log(row: PartnerCenterImport, kind: str, by: "User | None") -> None:
    said: dict[str, Any] = {"import": str(row.pk), "sha256": row.sha256}
    firm_log.record(row.partner, kind, by=by, **said)


def _queue(import_id: UUID, condition: Q, **values: Any) -> bool:
    work = values.setdefault("work", Work.COMMIT)
    if work == Work.COMMIT:
        values["planned_at"] = None  # facts may have changed since the rows were counted
    with transaction.atomic():
        own = PartnerCenterImport.objects.filter(condition, pk=import_id)
        if not own.update(
            state=State.QUEUED,
            finished_at=None,
            attempts=0,
            error="",
            progress=0,
            progress_of=None,
            **values,
        ):
            return False
        enqueue(PartnerCenterImport.objects.get(pk=import_id))
    return True


def discard(import_id: UUID, *, by: "User | None" = None) -> bool:
    """Give up a file that was not imported, and delete it; False when it is past that."""
    with transaction.atomic():
        own = PartnerCenterImport.objects.filter(DISCARDABLE, pk=import_id)
        if not own.update(state=State.DISCARDED, finished_at=timezone.now()):
            return False
        row = PartnerCenterImport.objects.select_related("partner").get(pk=import_id)
        _log(row, "import_discarded", by)
    import_files.let_go_of_all(row)
    return True


def name_columns(
    import_id: UUID, kind: str, mapping: Mapping[str, str], *, by: "User | None"
) -> bool:
    """Say what the columns of a file are, remember it, and read the file again.

    ``mapping`` is {field: header}. False when the file does not wait for it any more.
    """
    waiting = Q(state__in=[State.UNMAPPED, State.PREVIEW]) | WITH_BAD_ROWS
    known = {field.key for field in FIELDS[kind]}
    mapping = {field: header for field, header in mapping.items() if field in known}
    with transaction.atomic():
        row = PartnerCenterImport.objects.select_related("partner").get(pk=import_id)
        facts.lock(row.partner)  # of two who name the same columns at once, the later one stands
        if not _queue(
            import_id,
            waiting,
            work=row.work,
            kind=kind,
            mapping=mapping,
            fault="",
            fault_params={},
            planned_at=None,
        ):
            return False
        header = [column.name for column in import_files.columns_of(row)]
        while (older := import_files.remembered(row.partner, header)) is not None:
            older.delete()
        ColumnMapping.objects.create(
            partner=row.partner,
            kind=kind,
            columns=import_files.signature(header),
            mapping=mapping,
            named_by=by,
        )
    return True


# ---- Now and then --------------------------------------------------------------------------------


def sweep() -> int:
    """Queue again what was never delivered, is to be tried again, or was left by a dead worker.

    Previews nobody has decided about for a month are discarded, and files that a killed run should
    have deleted are deleted now. The number queued comes back.
    """
    now = timezone.now()
    lost = PartnerCenterImport.objects.filter(
        Q(state=State.QUEUED, created_at__lt=now - timedelta(seconds=20))
        | Q(state=State.RUNNING, started_at__lt=now - LEASE)
    )
    count = 0
    for row in lost.order_by("created_at")[:200]:
        with transaction.atomic():
            enqueue(row)
        count += 1
    old = PartnerCenterImport.objects.filter(UNDECIDED, finished_at__lt=now - UNDECIDED_FOR)
    for pk in list(old.values_list("pk", flat=True)[:200]):
        discard(pk)
    _tidy_up()
    return count


def _tidy_up() -> None:
    imports = PartnerCenterImport.objects.order_by("pk")
    for row in imports.filter(state=State.DONE, file__gt="", original__gt="")[:200]:
        import_files.let_go_of_upload(row)
    for row in imports.filter(Q(file__gt="") | Q(original__gt=""), state=State.DISCARDED)[:200]:
        import_files.let_go_of_all(row)
