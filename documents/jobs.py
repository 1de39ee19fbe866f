"""The life of a document: ordered in a request, queued on commit, claimed, rendered, stored once.

One that is to be sealed is stored with its seal or not at all: while the seal or its timestamp
cannot be had it waits, and is tried again. What it tells of is true meanwhile.

Everything here may happen twice: a message can be delivered again, a worker can be killed at any
line. The row decides: whoever finds it ready leaves it alone.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from celery import current_app
from celery.exceptions import OperationalError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from documents import sealing
from documents.models import Document, Seal, SealCertificate
from documents.sealing import Sealed

if TYPE_CHECKING:
    from partners.models import User

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=15)  # between two tries to get a seal or a timestamp
GIVEN_UP = "The worker was killed each time, by the clock or for want of memory."


class NotStored(sealing.NotNow):
    """The file could not be written, for want of room perhaps: something for the operator."""

    step = Document.Step.NONE


def create(
    *,
    kind: str,
    task: str,
    language: str,
    title: str,
    by: "User | None",
    seal: bool = False,
    content_sha256: str = "",
    trail: tuple[int, str] | None = None,
) -> Document:
    """Order a document: the row can be seen at once, ``task`` gets its id on commit.

    ``seal``: it becomes an original with the portal's seal. ``content_sha256``: of the data that it
    shows, under which the check page finds it. ``trail``: number and hash of the last event of the
    log that it tells.
    """
    seq, head = trail or (None, "")
    document = Document.objects.create(
        kind=kind,
        task=task,
        language=language,
        title=title[:300],
        requested_by=by,
        to_seal=seal,
        content_sha256=content_sha256,
        trail_seq=seq,
        trail_hash=head,
    )
    enqueue(document)
    return document


def supersede(documents: QuerySet[Document], *, at: datetime) -> int:
    """Note that a later document has taken the place of these; they stay what they are."""
    return documents.filter(superseded_at=None).update(superseded_at=at)


def enqueue(document: Document) -> None:
    """Queue the document's task on commit."""
    queue_on_commit(document.task, document.pk)


def queue_on_commit(task: str, pk: UUID | int | None = None) -> None:
    """Send ``task`` the id of a row once the row is there for everybody.

    None: the task looks for the rows itself, and one message stands for many of them.

    A broker that is away breaks nothing: the row says what is to be done, and a sweep queues it.
    """

    args = [] if pk is None else [str(pk)]

    def send() -> None:  # a function, since a robust hook that fails is logged by its __qualname__
        try:
            current_app.send_task(task, args=args)
        except (OperationalError, ConnectionError) as error:
            logger.warning("the broker is away, %s %s waits for the sweep: %s", task, args, error)

    transaction.on_commit(send, robust=True)


def retry(document_id: UUID) -> bool:
    """Queue a failed document again; False when it is not failed."""
    with transaction.atomic():
        failed = Document.objects.filter(pk=document_id, state=Document.State.FAILED)
        if not failed.update(
            state=Document.State.QUEUED,
            step=Document.Step.NONE,
            attempts=0,
            waits=0,
            not_before=None,
            error="",
            claimed_by="",
        ):
            return False
        enqueue(Document.objects.get(pk=document_id))
    return True


def hurry(documents: QuerySet[Document]) -> int:
    """Try those of ``documents`` now that wait for their seal or timestamp; how many do."""
    waiting = documents.filter(
        state=Document.State.QUEUED, step__in=[Document.Step.SEAL, Document.Step.TIMESTAMP]
    )
    with transaction.atomic():
        found = list(waiting.select_for_update(of=("self",)))
        waiting.filter(pk__in=[document.pk for document in found]).update(not_before=None)
        for document in found:
            enqueue(document)
    return len(found)


def build(
    document_id: UUID | str, render: Callable[[Document], bytes], *, message_id: str = ""
) -> bool:
    """Claim the document, render, seal and store it; True when this call made it.

    ``message_id`` is the id of the Celery message: one that is delivered again after its worker
    died may take its own claim over, any other waits until the lease has run out. A failure is
    written on the row; the sweep tries ``ATTEMPTS`` times in all. The exception is raised again.
    """
    if not _claim(document_id, message_id):
        return False
    document = Document.objects.get(pk=document_id)
    sealed = None
    try:
        content = render(document)
        if document.to_seal:
            _at_step(document, Document.Step.SEALING)
            sealed = sealing.seal(content)
        return _store(document_id, content, sealed)
    except sealing.NotNow as error:
        _wait(document, error)
        return False
    except (
        BaseException
    ) as error:  # WeasyPrint's fetcher and Celery's time limit raise beside Exception
        _fail(document, error)
        raise


def _claim(document_id: UUID | str, message_id: str) -> bool:
    now = timezone.now()
    left = Q(
        _lease_is_over(now) | Q(claimed_by=message_id, claimed_by__gt=""),
        state=Document.State.RUNNING,
    )
    own = Document.objects.filter(_is_due(now), pk=document_id)
    # What kills its worker never comes to ``_fail``: without this it would do so for ever.
    if own.filter(left, attempts__gte=ATTEMPTS).update(
        state=Document.State.FAILED, error=GIVEN_UP, claimed_by=""
    ):
        return False
    return bool(
        own.filter(Q(state=Document.State.QUEUED) | left).update(
            state=Document.State.RUNNING,
            step=Document.Step.RENDERING,
            started_at=now,
            claimed_by=message_id[:60],
            attempts=F("attempts") + 1,
        )
    )


def _is_due(now: datetime) -> Q:
    """Its pause is over, or was set by a clock that has been put back since."""
    over = Q(not_before=None) | Q(not_before__lte=now)
    return over | Q(not_before__gt=now + LONGEST_WAIT)


def _lease_is_over(now: datetime) -> Q:
    return Q(started_at__lt=now - LEASE) | Q(started_at__gt=now + LEASE)


def _at_step(document: Document, step: Document.Step) -> None:
    """Let whoever watches know, and keep the claim for what is left to do."""
    running = Document.objects.filter(pk=document.pk, state=Document.State.RUNNING)
    running.update(step=step, started_at=timezone.now())


def _store(document_id: UUID | str, rendered: bytes, sealed: Sealed | None) -> bool:
    content = sealed.content if sealed else rendered
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        document = Document.objects.select_for_update().get(pk=document_id)
        if document.is_ready:  # a second worker was quicker: its file stands
            return False
        name = _save_file(document, content)
        try:
            if sealed:
                _note_seal(document, sealed, hashlib.sha256(rendered).hexdigest())
            document.sha256, document.size = sha256, len(content)
            document.state, document.step = Document.State.READY, Document.Step.NONE
            document.error, document.finished_at = "", timezone.now()
            document.save(
                update_fields=["file", "sha256", "size", "state", "step", "error", "finished_at"]
            )
        except BaseException:
            # While the row is still locked: later it might be the file of the next worker.
            document.file.storage.delete(name)
            raise
    return True


def _save_file(document: Document, content: bytes) -> str:
    """Store the file, in the place of one that a killed worker left: no row knows that one."""
    name = f"{document.pk}.pdf"
    path = document.file.field.generate_filename(document, name)
    try:
        document.file.storage.delete(path)
        document.file.save(name, ContentFile(content), save=False)
    except OSError as error:
        with suppress(OSError):
            document.file.storage.delete(path)  # what was written until the disk was full
        raise NotStored(str(error)) from error
    return str(document.file.name)


def _note_seal(document: Document, sealed: Sealed, body_sha256: str) -> None:
    used = sealed.certificate
    certificate, _new = SealCertificate.objects.get_or_create(
        sha256=used.sha256,
        defaults={
            "chain": used.chain,
            "subject": used.subject[:300],
            "not_before": used.not_before,
            "not_after": used.not_after,
        },
    )
    Seal.objects.create(
        document=document,
        level=sealed.level,
        certificate=certificate,
        sealed_at=sealed.sealed_at,
        timestamp_at=sealed.timestamp_at,
        body_sha256=body_sha256,
        made_with=sealed.made_with,
    )


def _wait(document: Document, error: sealing.NotNow) -> None:
    """Put it back: there is nothing wrong with it, the sweep tries again, for as long as it takes.

    The seal is never left out, and the timestamp neither once one is asked for: what had none today
    could not get it later without becoming another file.
    """
    logger.error("document %s waits: %s", document.pk, error)
    pause = min(timedelta(seconds=20) * 2 ** min(document.waits, 10), LONGEST_WAIT)
    Document.objects.filter(pk=document.pk, state=Document.State.RUNNING).update(
        state=Document.State.QUEUED,
        step=error.step,
        error=f"{type(error).__name__}: {error}"[:2000],
        attempts=F("attempts") - 1,
        waits=F("waits") + 1,
        not_before=timezone.now() + pause,
        claimed_by="",
    )


def _fail(document: Document, error: BaseException) -> None:
    """Write the failure on the row: queued again by the sweep, until the attempts are used up."""
    logger.error("document %s could not be made", document.pk, exc_info=error)
    final = document.attempts >= ATTEMPTS
    Document.objects.filter(pk=document.pk, state=Document.State.RUNNING).update(
        state=Document.State.FAILED if final else Document.State.QUEUED,
        step=Document.Step.NONE,
        error=f"{type(error).__name__}: {error}"[:2000],
        claimed_by="",
    )


def sweep() -> int:
    """Queue again what was never delivered, is to be tried again, or was left by a dead worker."""
    now = timezone.now()
    lost = Document.objects.filter(
        Q(
            _is_due(now),
            state=Document.State.QUEUED,
            created_at__lt=now - timedelta(seconds=20),
        )
        | Q(_lease_is_over(now), state=Document.State.RUNNING)
    )
    count = 0
    for document in lost.order_by("created_at")[:200]:
        enqueue(document)
        count += 1
    return count
