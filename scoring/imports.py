"""The life of a Partner Center file: uploaded, read whole, written, scored.

A file is read to its end before anything is written: with a bad row nothing is, unless the good
rows are asked for. Writing may stop at any point and be run again: it only brings facts up to date,
in small transactions on SQLite, so that nobody else waits. Each of them checks that the row is
still this run's own; one import of a firm runs at a time.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.jobs import queue_on_commit
from scoring import bulk, facts, months, parsing, scores
from scoring.models import PartnerCenterImport
from scoring.parsing import NotReadable, Said
from scoring.reasons import Fault, sentence

if TYPE_CHECKING:
    from partners.models import Partner, User

logger = logging.getLogger(__name__)

TASK = "scoring.tasks.run_import"
LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
ATTEMPTS = 5
GIVEN_UP = "The worker was killed each time, by the clock or for want of memory."
State = PartnerCenterImport.State
Kind = PartnerCenterImport.Kind
UNUSED_KEPT = 200  # different values that the report names, the most frequent first


class ImportRefused(Exception):
    """The file cannot even be taken in; ``str(error)`` is a translated sentence."""


class Busy(Exception):
    """Another import of the firm runs; ``str(error)`` is a translated sentence."""


class _Lost(Exception):
    """The row is no longer this run's own: another worker has taken it over."""


# ---- From a page ---------------------------------------------------------------------------------


def create(
    partner: "Partner",
    upload: File[Any],
    *,
    name: str = "",
    kind: str = Kind.AUTO,
    good_rows: bool = False,
    by: "User | None" = None,
) -> PartnerCenterImport:
    """Take a file in: the row can be seen at once, the work is queued on commit.

    Raises ``ImportRefused`` for a file that is empty or too big to keep.
    """
    size = upload.size or 0
    if not size:
        raise ImportRefused(sentence(Fault.EMPTY_FILE, {}, kind=Fault))
    if size > settings.PARTNER_CENTER_MAX_BYTES:
        raise ImportRefused(sentence(Fault.TOO_BIG, _size_params(size), kind=Fault))
    with transaction.atomic():
        row = _create_row(partner, upload, name or upload.name or "", kind, good_rows, by)
        enqueue(row)
    return row


def take_good_rows(import_id: UUID, *, by: "User | None") -> bool:
    """Run a rejected import again without its bad rows; False when it is not rejected."""
    with transaction.atomic():
        rejected = PartnerCenterImport.objects.filter(
            pk=import_id, state=State.REJECTED, fault="", rows_rejected__gt=0
        )
        if not rejected.update(
            state=State.QUEUED,
            good_rows=True,
            imported_by=by,
            planned_at=None,
            finished_at=None,
            created_at=timezone.now(),
            attempts=0,
        ):
            return False
        enqueue(PartnerCenterImport.objects.get(pk=import_id))
    return True


def enqueue(row: PartnerCenterImport) -> None:
    """Queue the import on commit; if the broker is away, the sweep does it later."""
    queue_on_commit(TASK, row.pk)


def _size_params(size: int) -> dict[str, int]:
    limit = settings.PARTNER_CENTER_MAX_BYTES
    return {"size": -(-size // 1024**2), "limit": limit // 1024**2}


def _create_row(
    partner: "Partner",
    upload: File[Any],
    name: str,
    kind: str,
    good_rows: bool,
    by: "User | None",
) -> PartnerCenterImport:
    sha256 = hashlib.sha256()
    for part in upload.chunks():
        sha256.update(part)
    upload.seek(0)
    row = PartnerCenterImport(
        partner=partner,
        kind=kind,
        file_name=parsing.storable(PurePath(name.replace("\\", "/")).name, 255) or "file",
        size=upload.size or 0,
        sha256=sha256.hexdigest(),
        good_rows=good_rows,
        imported_by=by,
    )
    row.same_as = (
        PartnerCenterImport.objects.filter(
            partner=partner, sha256=row.sha256, state=State.DONE, same_as=None
        )
        .order_by("created_at")
        .first()
    )
    row.file.save("file", upload, save=False)
    row.save(force_insert=True)
    return row


# ---- From a job ----------------------------------------------------------------------------------


def run(import_id: UUID | str, *, message_id: str = "") -> bool:
    """Do one import; True when this call finished it. Safe to call twice and to kill.

    ``message_id`` is that of the Celery message: delivered again after its worker died, it may take
    its own claim over; any other call waits until the lease has run out.
    """
    if not _claim(import_id, message_id):
        return False
    row = PartnerCenterImport.objects.select_related("partner").get(pk=import_id)
    try:
        with row.file.open("rb") as stream:
            parsed = parsing.read(cast(BinaryIO, stream), today=_today(), kind=row.kind)
        if parsed.rejected_count and not row.good_rows:
            _reject(row, parsed)
        else:
            _write(row, parsed, score_as_of=_today())
    except NotReadable as error:
        _refuse(row, error)
    except _Lost:
        logger.warning("import %s was taken over", row.pk)
        return False
    except BaseException as error:  # Celery's time limit raises beside Exception
        _fail(row, error)
        raise
    _start_next(row.partner)
    return True


def _today() -> date:
    return timezone.localdate()


def _claim(import_id: UUID | str, message_id: str) -> bool:
    """Take the row, unless it is taken or another import of the firm runs."""
    now = timezone.now()
    with transaction.atomic():
        row = PartnerCenterImport.objects.select_related("partner").get(pk=import_id)
        facts.lock(row.partner)
        others = PartnerCenterImport.objects.filter(
            partner=row.partner, state=State.RUNNING, started_at__gte=now - LEASE
        )
        if others.exclude(pk=row.pk).exists():
            return False  # it starts this one when it is done
        left = Q(
            Q(started_at__lt=now - LEASE) | Q(claimed_by=message_id, claimed_by__gt=""),
            state=State.RUNNING,
        )
        own = PartnerCenterImport.objects.filter(pk=import_id)
        # What kills its worker never comes to ``_fail``: without this it would do so for ever.
        if own.filter(left, attempts__gte=ATTEMPTS).update(
            state=State.FAILED, finished_at=now, error=GIVEN_UP, claimed_by=""
        ):
            return False
        return bool(
            own.filter(Q(state=State.QUEUED) | left).update(
                state=State.RUNNING,
                started_at=now,
                claimed_by=message_id[:60],
                attempts=F("attempts") + 1,
            )
        )


def _describe(row: PartnerCenterImport, said: Said) -> None:
    row.kind = said.kind
    row.rows_read = said.rows
    row.rows_merged = said.merged
    row.rows_rejected = said.rejected_count
    row.rows_unused = said.unused_count
    row.months = [months.label(month) for month in said.months]
    row.unused = [
        {"what": what, "value": value, "rows": rows}
        for (what, value), rows in sorted(
            said.unused.items(), key=lambda item: (-item[1], item[0])
        )[:UNUSED_KEPT]
    ]
    row.rejected = [bad.stored() for bad in said.rejected[: parsing.REJECTED_KEPT]]


DESCRIPTION = (
    "kind",
    "rows_read",
    "rows_merged",
    "rows_rejected",
    "rows_unused",
    "months",
    "unused",
    "rejected",
)
COUNTS = ("rows_new", "rows_changed", "rows_unchanged", "dates_changed", "by_month")


def _count(row: PartnerCenterImport, made: facts.Plan) -> None:
    row.rows_new, row.rows_changed = made.new, made.changed
    row.rows_unchanged, row.dates_changed = made.unchanged, made.dates_changed
    row.by_month = [
        {
            "month": months.label(month),
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
        }
        for month, counts in sorted(made.by_month.items())
    ]


def _write(row: PartnerCenterImport, said: Said, *, score_as_of: date | None) -> None:
    """Bring the facts up to date, then store the score that follows from them."""
    portfolio = facts.portfolio_of(row.partner)
    now = timezone.now()
    # Reading and judging need no transaction: no other import of the firm runs beside this one. On
    # SQLite each of the writes has its own, so that nobody else waits for long.
    one_by_one = bulk.rows_per_transaction() is not None
    whole: AbstractContextManager[object] = nullcontext() if one_by_one else transaction.atomic()
    with whole:
        made = facts.plan(portfolio, said)
        _describe(row, said)
        if row.planned_at is None:
            # Counted once: a second run after a crash would find its own rows unchanged.
            row.planned_at = now
            _count(row, made)
        with transaction.atomic():
            _lock(row)
            row.save(update_fields=[*DESCRIPTION, *COUNTS, "planned_at"])
        for step in facts.steps(portfolio, made, now):
            with transaction.atomic():
                _lock(row)
                step()
                facts.touch(portfolio)
        with transaction.atomic():
            _lock(row)
            row.done_at = now
            row.save(update_fields=["done_at"])
        if score_as_of is not None:
            scores.compute(row.partner, score_as_of, by=row.imported_by, finishing=row)
        with transaction.atomic():
            _lock(row)
            row.state, row.finished_at, row.error = State.DONE, timezone.now(), ""
            row.save(update_fields=["state", "finished_at", "error"])


def _lock(row: PartnerCenterImport) -> None:
    """The firm's lock, and proof that the row is still this run's own; says that it lives."""
    facts.lock(row.partner)
    own = PartnerCenterImport.objects.filter(
        pk=row.pk, state=State.RUNNING, claimed_by=row.claimed_by, attempts=row.attempts
    )
    if not own.update(started_at=timezone.now()):
        raise _Lost


def _finish(row: PartnerCenterImport, state: str, *fields: str) -> None:
    row.state, row.finished_at = state, timezone.now()
    own = PartnerCenterImport.objects.filter(
        pk=row.pk, state=State.RUNNING, claimed_by=row.claimed_by, attempts=row.attempts
    )
    own.update(**{name: getattr(row, name) for name in ("state", "finished_at", *fields)})


def _reject(row: PartnerCenterImport, said: Said) -> None:
    _describe(row, said)
    _finish(row, State.REJECTED, *DESCRIPTION)


def _refuse(row: PartnerCenterImport, error: NotReadable) -> None:
    row.fault, row.fault_params = error.fault.value, error.params
    _finish(row, State.REJECTED, "fault", "fault_params")


def _fail(row: PartnerCenterImport, error: BaseException) -> None:
    """Write the failure on the row: queued again by the sweep, until the attempts are used up."""
    logger.error("import %s broke off", row.pk, exc_info=error)
    final = row.attempts >= ATTEMPTS
    own = PartnerCenterImport.objects.filter(pk=row.pk, state=State.RUNNING, attempts=row.attempts)
    own.update(
        state=State.FAILED if final else State.QUEUED,
        finished_at=timezone.now() if final else None,
        error=f"{type(error).__name__}: {error}"[:2000],
        claimed_by="",
    )


def _start_next(partner: "Partner") -> None:
    """An import that found the firm busy gave up; queue the oldest of them again."""
    queued = PartnerCenterImport.objects.filter(partner=partner, state=State.QUEUED)
    if (row := queued.order_by("created_at").first()) is not None:
        with transaction.atomic():
            enqueue(row)


def sweep() -> int:
    """Queue again what was never delivered, is to be tried again, or was left by a dead worker."""
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
    return count


# ---- From a command ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """One file of several, read to its end: what it says, or why nothing can be had from it."""

    name: str
    upload: File[Any]
    parsed: Said | None
    error: NotReadable | None = None

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
    kind: str = Kind.AUTO,
    good_rows: bool = False,
    by: "User | None" = None,
    as_of: date | None = None,
) -> list[tuple[Read, PartnerCenterImport]]:
    """Import several files at once, all or none, and score once; raises ``Rejected`` or ``Busy``.

    ``as_of`` is the day of the score, today by default.
    """
    read = [_read(name, upload, kind) for name, upload in files]
    if any(one.parsed is None or (not one.is_good and not good_rows) for one in read):
        raise Rejected(read)
    done: list[tuple[Read, PartnerCenterImport]] = []
    for one in read:
        if one.parsed is None:  # cannot be: such a file has ended the run above
            continue
        is_last = one is read[-1]
        row = _create_row(partner, one.upload, one.name, kind, good_rows, by)
        if not _claim(row.pk, f"now:{row.pk}"):
            row.file.delete(save=False)
            row.delete()
            raise Busy(_("Another import of this firm is running. Please try again in a moment."))
        row.refresh_from_db()
        row.partner = partner
        try:
            _write(row, one.parsed, score_as_of=(as_of or _today()) if is_last else None)
        except BaseException as error:
            _fail(row, error)
            raise
        done.append((one, row))
    return done


def _read(name: str, upload: File[Any], kind: str) -> Read:
    size = upload.size or 0
    try:
        if size > settings.PARTNER_CENTER_MAX_BYTES:
            raise NotReadable(Fault.TOO_BIG, **_size_params(size))
        upload.seek(0)
        stream = cast(BinaryIO, upload.file)
        parsed = parsing.read(stream, today=_today(), kind=kind, keep_rejected=None)
    except NotReadable as error:
        return Read(name, upload, None, error)
    upload.seek(0)
    return Read(name, upload, parsed)
