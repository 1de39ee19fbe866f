"""The life of a document: ordered in a request, queued on commit, claimed, rendered, stored once.

Everything here may happen twice: a message can be delivered again, a worker can be killed at any
line. The row decides: whoever finds it ready leaves it alone.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from celery import current_app
from celery.exceptions import OperationalError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from documents.models import Document

if TYPE_CHECKING:
    from partners.models import User

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
ATTEMPTS = 5
GIVEN_UP = "The worker was killed each time, by the clock or for want of memory."


def create(*, kind: str, task: str, language: str, title: str, by: "User | None") -> Document:
    """Order a document: the row can be seen at once, ``task`` gets its id on commit."""
    document = Document.objects.create(
        kind=kind, task=task, language=language, title=title[:300], requested_by=by
    )
    enqueue(document)
    return document


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
        if not failed.update(state=Document.State.QUEUED, attempts=0, error="", claimed_by=""):
            return False
        enqueue(Document.objects.get(pk=document_id))
    return True


def build(
    document_id: UUID | str, render: Callable[[Document], bytes], *, message_id: str = ""
) -> bool:
    """Claim the document, render it and store the file; True when this call made it.

    ``message_id`` is the id of the Celery message: one that is delivered again after its worker
    died may take its own claim over, any other waits until the lease has run out. A failure is
    written on the row; the sweep tries ``ATTEMPTS`` times in all. The exception is raised again.
    """
    if not _claim(document_id, message_id):
        return False
    document = Document.objects.get(pk=document_id)
    try:
        content = render(document)
    except (
        BaseException
    ) as error:  # WeasyPrint's fetcher and Celery's time limit raise beside Exception
        _fail(document, error)
        raise
    return _store(document_id, content)


def _claim(document_id: UUID | str, message_id: str) -> bool:
    now = timezone.now()
    left = Q(
        Q(started_at__lt=now - LEASE) | Q(claimed_by=message_id, claimed_by__gt=""),
        state=Document.State.RUNNING,
    )
    own = Document.objects.filter(pk=document_id)
    # What kills its worker never comes to ``_fail``: without this it would do so for ever.
    if own.filter(left, attempts__gte=ATTEMPTS).update(
        state=Document.State.FAILED, error=GIVEN_UP, claimed_by=""
    ):
        return False
    return bool(
        own.filter(Q(state=Document.State.QUEUED) | left).update(
            state=Document.State.RUNNING,
            started_at=now,
            claimed_by=message_id[:60],
            attempts=F("attempts") + 1,
        )
    )


def _store(document_id: UUID | str, content: bytes) -> bool:
    sha256 = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        document = Document.objects.select_for_update().get(pk=document_id)
        if document.is_ready:  # a second worker was quicker: its file stands
            return False
        document.file.save(f"{document.pk}.pdf", ContentFile(content), save=False)
        document.sha256, document.size = sha256, len(content)
        document.state, document.error = Document.State.READY, ""
        document.finished_at = timezone.now()
        document.save(update_fields=["file", "sha256", "size", "state", "error", "finished_at"])
    return True


def _fail(document: Document, error: BaseException) -> None:
    """Write the failure on the row: queued again by the sweep, until the attempts are used up."""
    logger.error("document %s could not be made", document.pk, exc_info=error)
    final = document.attempts >= ATTEMPTS
    Document.objects.filter(pk=document.pk, state=Document.State.RUNNING).update(
        state=Document.State.FAILED if final else Document.State.QUEUED,
        error=f"{type(error).__name__}: {error}"[:2000],
        claimed_by="",
    )


def sweep() -> int:
    """Queue again what was never delivered, is to be tried again, or was left by a dead worker."""
    now = timezone.now()
    lost = Document.objects.filter(
        Q(state=Document.State.QUEUED, created_at__lt=now - timedelta(seconds=20))
        | Q(state=Document.State.RUNNING, started_at__lt=now - LEASE)
    )
    count = 0
    for document in lost.order_by("created_at")[:200]:
        enqueue(document)
        count += 1
    return count
