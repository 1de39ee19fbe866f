"""The life of an export: ordered on a page, made by a worker, kept for seven days.

As with documents the row decides: a message may come twice and a worker may be killed at any line.
"""

import logging
from datetime import timedelta
from uuid import UUID

from celery import current_app
from celery.exceptions import OperationalError
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from partners import firm_log, perms
from partners.models import FirmExport, Partner, User
from partners.people import NotPossible
from partners.privacy import archive

logger = logging.getLogger(__name__)

TASK = "partners.tasks.build_export"
KEPT = timedelta(days=7)
LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
ATTEMPTS = 3
A_DAY = 5  # orders of a firm

State = FirmExport.State


@transaction.atomic
def order(partner: Partner, *, by: User) -> FirmExport:
    """Order an archive; the one that is being made, if there is one. The firm's log says so."""
    Partner.objects.select_for_update().get(pk=partner.pk)
    if not perms.can_export(by, partner):
        raise NotPossible(_("You are no longer an admin of this firm."))
    running = FirmExport.objects.filter(partner=partner, state__in=[State.QUEUED, State.RUNNING])
    if (found := running.first()) is not None:
        return found
    since = timezone.now() - timedelta(days=1)
    if FirmExport.objects.filter(partner=partner, created_at__gt=since).count() >= A_DAY:
        raise NotPossible(
            _("Your firm has ordered several exports today. Please come back tomorrow.")
        )
    export = FirmExport.objects.create(partner=partner, requested_by=by)
    firm_log.record(partner, "data_exported", by=by, export=str(export.pk))
    enqueue(export)
    return export


def enqueue(export: FirmExport) -> None:
    """Tell a worker once the row is there for everybody; a sweep does so again."""

    def send() -> None:
        try:
            current_app.send_task(TASK, args=[str(export.pk)])
        except (OperationalError, ConnectionError) as error:
            logger.warning(
                "the broker is away, export %s waits for the sweep: %s", export.pk, error
            )

    transaction.on_commit(send, robust=True)


def build(export_id: UUID | str, *, message_id: str = "") -> bool:
    """Make the archive, once; True when this call did. A failure is written on the row."""
    now = timezone.now()
    dead = Q(started_at__lt=now - LEASE) | Q(claimed_by=message_id, claimed_by__gt="")
    mine = FirmExport.objects.filter(
        Q(state=State.QUEUED) | Q(dead, state=State.RUNNING), pk=export_id
    )
    if mine.filter(attempts__gte=ATTEMPTS).update(state=State.FAILED, claimed_by=""):
        return False
    token = message_id[:60]
    claim = {"state": State.RUNNING, "started_at": now, "claimed_by": token}
    if not mine.update(**claim, attempts=F("attempts") + 1):
        return False
    export = FirmExport.objects.select_related("partner").get(pk=export_id)
    try:
        written = archive.write(export.partner)
    except Exception as error:
        logger.exception("export %s could not be made", export.pk)
        final = export.attempts >= ATTEMPTS
        FirmExport.objects.filter(pk=export.pk, state=State.RUNNING).update(
            state=State.FAILED if final else State.QUEUED,
            error=f"{type(error).__name__}: {error}"[:2000],
            claimed_by="",
        )
        raise
    try:
        return _store(export, written)
    finally:
        written.path.unlink(missing_ok=True)


@transaction.atomic
def _store(export: FirmExport, written: archive.Written) -> bool:
    rows = FirmExport.objects.select_for_update()
    locked = rows.filter(pk=export.pk, state=State.RUNNING, started_at=export.started_at).first()
    if locked is None:  # somebody else has taken it over
        return False
    now = timezone.now()
    with written.path.open("rb") as source:
        locked.file.save(f"{locked.pk}.zip", File(source), save=False)
    try:
        locked.sha256, locked.size = written.sha256, written.size
        locked.state, locked.error = State.READY, ""
        locked.finished_at, locked.expires_at = now, now + KEPT
        locked.save()
    except (IntegrityError, OSError):
        locked.file.storage.delete(str(locked.file.name))
        raise
    return True


def sweep() -> int:
    """Queue again what was never delivered or was left by a dead worker."""
    now = timezone.now()
    lost = FirmExport.objects.filter(
        Q(state=State.QUEUED, created_at__lt=now - timedelta(seconds=20))
        | Q(state=State.RUNNING, started_at__lt=now - LEASE)
    )
    found = list(lost.order_by("created_at")[:50])
    for export in found:
        enqueue(export)
    return len(found)


@transaction.atomic
def expire(pk: UUID) -> bool:
    """Remove the file of an export whose time is over; the row says that there was one."""
    export = FirmExport.objects.select_for_update().filter(pk=pk, state=State.READY).first()
    if export is None:
        return False
    storage, name = export.file.storage, str(export.file.name)
    export.state, export.file = State.EXPIRED, ""
    export.save(update_fields=["state", "file"])
    transaction.on_commit(lambda: storage.delete(name))
    return True
