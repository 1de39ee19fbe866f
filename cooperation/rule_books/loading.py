"""Loading a version in two steps: look at what a file would bring, then store exactly that."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cooperation import checklist_pdf
from cooperation.book import Book
from cooperation.models import RuleBook
from cooperation.rule_books.changes import Change, between
from cooperation.rule_books.parsing import parse_file
from cooperation.rule_books.stored import (
    VersionTaken,
    fingerprint,
    is_newer,
    newest,
    require_same,
    save,
)


class Moved(ValueError):
    """What would be stored is not what was looked at; the text is a translated sentence."""


@dataclass(frozen=True)
class Preview:
    """What a valid file would bring."""

    book: Book
    content: dict[str, Any]
    sha256: str  # of the content, as the version will carry it
    file_sha256: str  # of the bytes of the file
    is_loaded: bool  # exactly this version is there already
    compared_with: RuleBook | None  # the newest version of the same key, if there is one
    is_newest: bool  # new agreements would be made under it
    changes: tuple[Change, ...]

    @property
    def seen(self) -> dict[str, str]:
        """What a person has looked at: carried along to ``load``."""
        before = self.compared_with.sha256 if self.compared_with else ""
        return {"file": self.file_sha256, "compared_with": before}


def preview(data: bytes) -> Preview:
    """What the file would bring; ``InvalidRuleBook`` or ``VersionTaken`` if it cannot be loaded."""
    book, content = parse_file(data)
    sha256 = fingerprint(content)
    same = RuleBook.objects.filter(key=book.key, version=book.version).defer("content").first()
    if same is not None:
        require_same(same, sha256)
    before = newest(book.key)
    changes = [] if before is None else between(before.content, content)
    return Preview(
        book=book,
        content=content,
        sha256=sha256,
        file_sha256=hashlib.sha256(data).hexdigest(),
        is_loaded=same is not None,
        compared_with=before,
        is_newest=before is None or is_newer(book.version, before.version),
        changes=tuple(changes),
    )


@transaction.atomic
def load(data: bytes, *, seen: dict[str, str] | None = None) -> tuple[RuleBook, bool]:
    """Store the version and order its blank checklists: ``(row, created)``.

    With ``seen`` only if it is the file that was looked at, and the differences shown are still
    those to the newest version; else ``Moved``. Loading the same content again changes nothing.
    """
    found = preview(data)
    if seen is not None and seen != found.seen:
        if seen.get("file") != found.file_sha256:
            raise Moved(_("This is not the file that was looked at. Please choose it again."))
        if not found.is_loaded:
            raise Moved(
                _("Another version was loaded meanwhile. Please look at the differences again.")
            )
    row, created = save(found.book, found.content)
    checklist_pdf.ensure(row)
    return row, created


__all__ = ["Moved", "Preview", "VersionTaken", "load", "preview"]
