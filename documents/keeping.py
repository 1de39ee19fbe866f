"""Are the stored files still the ones that were stored? Asked at each download, and of all weekly.

A file with another hash is never handed out. The database knows the hash, so whoever can change
files only is found; whoever can change both is found by the seal.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.mail import mail_admins

from documents.models import Document

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Damage:
    """A document whose file is gone or another one; ``what`` is "missing" or "changed"."""

    document: Document
    what: str

    def __str__(self) -> str:
        return f"{self.document.kind} {self.document.pk}: {self.what} ({self.document.file.name})"


def damage(document: Document) -> Damage | None:
    """What is wrong with the file of a ready document; None for the one that was stored."""
    try:
        with document.file.open("rb") as stored:
            found = hashlib.file_digest(stored, "sha256").hexdigest()
    except FileNotFoundError:
        return Damage(document, "missing")
    return None if found == document.sha256 else Damage(document, "changed")


def damages() -> Iterator[Damage]:
    """All ready documents whose file is not the one that was stored; reads every file."""
    ready = Document.objects.filter(state=Document.State.READY).order_by("created_at", "pk")
    for document in ready.iterator(chunk_size=200):
        if (found := damage(document)) is not None:
            yield found


def raise_alarm(found: list[Damage]) -> None:
    """Tell the log and the operator (``ADMINS``)."""
    if not found:
        return
    lines = "\n".join(str(each) for each in found)
    logger.critical("stored documents are damaged:\n%s", lines)
    mail_admins(
        "Stored documents are damaged",
        f"These files are missing or were changed since they were stored:\n\n{lines}\n\n"
        "They are not handed out. Bring them back from the backup of that day.\n",
        fail_silently=True,
    )
