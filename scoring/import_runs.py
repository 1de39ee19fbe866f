"""Imports at work: the job that reads, looks ahead and writes, and the command that does it now.

Writing may stop at any point and be run again: it only brings facts up to date, in small
transactions on SQLite, so that nobody else waits. Each of them checks that the row is still this
run's own (``import_leases``); one import of a firm runs at a time.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from scoring import facts, import_files, import_leases, moves, scores, undoing
from scoring.import_files import DESCRIPTION
from scoring.import_findings import COUNTS, note_changes
from scoring.import_leases import Lease, Lost
from scoring.models import PartnerCenterImport
from scoring.reading.columns import AUTO, FIELDS, Unmapped
from scoring.reading.parsing import NotReadable, Said
from scoring.reading.tables import open_table

if TYPE_CHECKING:
    from partners.models import Partner, User

logger = logging.getLogger(__name__)

State = PartnerCenterImport.State
Work = PartnerCenterImport.Work
TICK = timedelta(microseconds=1)
Files = Sequence[tuple[PartnerCenterImport, Said]]


def today() -> date:
    return timezone.localdate()


# ---- From a job ----------------------------------------------------------------------------------


def run(import_id: UUID | str, *, message_id: str = "") -> bool:
    """Do what an import waits for; True when this call finished it. Safe to call twice and to kill.

    ``message_id`` is that of the Celery message: delivered again after its worker died, it may take
    its own claim over; any other call waits until the lease has run out.
    """
    lease = import_leases.claim(import_id, message_id)
    if lease is None:
        return False
    row = lease.rows[0]
    try:
        if row.work == Work.UNDO:
            undoing.run(lease, row)
        else:
            _import(lease, row)
    except Lost:
        logger.warning("import %s was taken over", row.pk)
        return False
    except BaseException as error:  # Celery's time limit raises beside Exception
        lease.fail(error)
        raise
    import_leases.start_next(lease.partner)
    return True


def _import(lease: Lease, row: PartnerCenterImport) -> None:
    """Read the file, and write it when nothing is left to decide."""
    of = row.rows_read or None  # known when it is read for the second time
    try:
        with import_files.open_file(row) as table:
            said = import_files.read(
                row, table, today=today(), on_rows=lambda rows: lease.tell(row, rows, of)
            )
    except NotReadable as error:
        _refuse(lease, row, error)
        return
    if said.rejected_count and not row.good_rows:
        _look_ahead(lease, row, said, State.REJECTED)
    elif row.work == Work.PREVIEW:
        _look_ahead(lease, row, said, State.PREVIEW)
    else:
        write(lease, [(row, said)], score_as_of=today(), by=row.imported_by)
        import_files.let_go_of_upload(row)


def _look_ahead(lease: Lease, row: PartnerCenterImport, said: Said, state: str) -> None:
    """Note what the good rows would change, and wait for somebody to decide."""
    portfolio = facts.portfolio_of(row.partner)
    made = facts.plan(portfolio, said)
    note_changes(row, portfolio, made)
    lease.finish(row, state, *DESCRIPTION, *COUNTS)


def _refuse(lease: Lease, row: PartnerCenterImport, error: NotReadable) -> None:
    """The file cannot be read, or not before a person has said what its columns are."""
    row.fault, row.fault_params = error.fault.value, error.params
    fields = ("fault", "fault_params", "kind", "header")
    if isinstance(error, Unmapped) and len(row.header) >= FEWEST_COLUMNS:
        lease.finish(row, State.UNMAPPED, *fields)
    else:
        lease.finish(row, State.REJECTED, *fields)


# No kind of file can do with less, whatever its columns are called.
FEWEST_COLUMNS = min(sum(field.needed for field in fields) for fields in FIELDS.values())


# ---- Writing -------------------------------------------------------------------------------------


def write(lease: Lease, files: Files, *, score_as_of: date, by: "User | None") -> None:
    """Bring the facts up to date, one file after the other, and store the score that follows.

    Reading and judging need no transaction: no other import of the firm runs beside this one. On
    SQLite each of the writes has its own, so that nobody else waits for long; elsewhere all of it
    is one.
    """
    with import_leases.whole():
        for row, said in files:
            _write(lease, row, said)
        *others, last = [row for row, _said in files]
        for row in others:
            _done(lease, row)
        scores.compute(lease.partner, score_as_of, by=by, finishing=last)
        _done(lease, last)


def _write(lease: Lease, row: PartnerCenterImport, said: Said) -> None:
    portfolio = facts.portfolio_of(row.partner)
    made = facts.plan(portfolio, said)
    now = timezone.now()
    if row.planned_at is None:
        # Counted once: a second run after a crash would find its own rows unchanged.
        row.planned_at = now
        note_changes(row, portfolio, made)
    with transaction.atomic():
        lease.lock()
        row.save(update_fields=[*DESCRIPTION, *COUNTS, "planned_at"])
        moves.note(portfolio, row, made.moves)
    import_leases.bring_up_to_date(portfolio, made, now, lease.lock)
    with transaction.atomic():
        lease.lock()
        row.done_at = _next_done_at(row.partner)
        row.save(update_fields=["done_at"])


def _next_done_at(partner: "Partner") -> Any:
    """A moment after that of every other import: their order is what facts are made in again."""
    imports = PartnerCenterImport.objects.filter(partner=partner)
    newest = imports.aggregate(newest=Max("done_at"))["newest"]
    now = timezone.now()
    return now if newest is None else max(now, newest + TICK)


def _done(lease: Lease, row: PartnerCenterImport) -> None:
    row.error = row.fault = ""
    row.fault_params = {}
    with transaction.atomic():
        lease.lock()
        lease.finish(row, State.DONE, "error", "fault", "fault_params")


# ---- From a command ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """One file of several, read to its end: what it says, or why nothing can be had from it."""

    row: PartnerCenterImport  # not stored
    parsed: Said | None
    error: NotReadable | None = None

    @property
    def name(self) -> str:
        return self.row.file_name

    @property
    def is_good(self) -> bool:
        return self.parsed is not None and not self.parsed.rejected_count


class Rejected(Exception):
    """Nothing was written, because of the files in ``read`` that are not good."""

    def __init__(self, read: Sequence[Read]) -> None:
        super().__init__("nothing was imported")
        self.read = read


def run_now(
    partner: "Partner",
    files: Iterable[tuple[str, File[Any]]],
    *,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
    good_rows: bool = False,
    by: "User | None" = None,
    as_of: date | None = None,
) -> list[tuple[Read, PartnerCenterImport]]:
    """Import several files at once, all or none, and score once; raises ``Rejected`` or ``Busy``.

    ``mapping`` says how the columns of the files are called: {field: header}. ``as_of`` is the day
    of the score, today by default.
    """
    read: list[Read] = []
    try:
        for name, upload in files:
            read.append(_read(partner, name, upload, kind, mapping, by, keep=True))
        if any(one.parsed is None or (not one.is_good and not good_rows) for one in read):
            raise Rejected(read)
        lease = _claim_all(partner, [one.row for one in read], good_rows=good_rows)
    except BaseException:
        for one in read:
            if one.row.original:
                one.row.original.delete(save=False)
        raise
    pairs = [(one.row, one.parsed) for one in read if one.parsed is not None]
    try:
        write(lease, pairs, score_as_of=as_of or today(), by=by)
    except BaseException as error:
        lease.fail(error)
        raise
    import_leases.start_next(partner)
    return [(one, one.row) for one in read]


def preview_now(
    partner: "Partner",
    files: Iterable[tuple[str, File[Any]]],
    *,
    kind: str = AUTO,
    mapping: Mapping[str, str] | None = None,
) -> list[Read]:
    """What ``run_now`` would find and change, each file for itself. Imports nothing."""
    read = [_read(partner, name, upload, kind, mapping, None, keep=False) for name, upload in files]
    portfolio = facts.portfolio_of(partner)
    for one in read:
        if one.parsed is not None:
            note_changes(one.row, portfolio, facts.plan(portfolio, one.parsed))
    return read


def _read(
    partner: "Partner",
    name: str,
    upload: File[Any],
    kind: str,
    mapping: Mapping[str, str] | None,
    by: "User | None",
    *,
    keep: bool,
) -> Read:
    row = import_files.draft(partner, upload, name, kind, by)
    row.mapping = dict(mapping or {})
    try:
        if error := import_files.too_big(upload):
            raise error
        table = open_table(cast(BinaryIO, upload.file), name=row.file_name)
        said = import_files.read(row, table, today=today(), keep_rejected=None, keep=keep)
    except NotReadable as error:
        return Read(row, None, error)
    return Read(row, said)


def _claim_all(
    partner: "Partner", rows: Sequence[PartnerCenterImport], *, good_rows: bool
) -> Lease:
    """Store the imports as this run's own, all in one moment; raises ``Busy``."""
    with transaction.atomic():
        import_leases.require_idle(partner)
        now = timezone.now()
        for place, row in enumerate(rows):
            row.state, row.attempts, row.good_rows = State.RUNNING, 1, good_rows
            row.created_at = row.started_at = now + place * TICK
            row.claimed_by = f"now:{rows[0].pk}"
            row.save(force_insert=True)
    return Lease(partner, rows)
