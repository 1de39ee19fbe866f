"""The versions of rule books that there are: in the package, and in the database."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import rfc8785
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation.book import Book
from cooperation.models import RuleBook
from cooperation.rule_books.parsing import parse_file
from cooperation.rule_books.reading import build

DATA = Path(__file__).parent.parent / "data"
PACKAGED = DATA / "p2p-kodex-2026.1.yaml"  # the newest; older ones are kept beside it
KODEX = "p2p-kodex"  # its key: the portal's own book


class VersionTaken(ValueError):
    """This version was loaded before with other content; the text is a translated sentence."""


def fingerprint(content: Any) -> str:
    """The SHA-256 of the content as RFC 8785 canonical JSON: comments and layout do not count."""
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


@transaction.atomic
def save(book: Book, content: dict[str, Any]) -> tuple[RuleBook, bool]:
    """Store a version once: ``(row, created)``; ``VersionTaken`` if it says something else."""
    sha256 = fingerprint(content)
    row, created = RuleBook.objects.get_or_create(
        key=book.key,
        version=book.version,
        defaults={"content": content, "sha256": sha256, "loaded_at": timezone.now()},
    )
    require_same(row, sha256)
    return row, created


def require_same(row: RuleBook, sha256: str) -> None:
    """Raises ``VersionTaken`` if ``row`` holds other content."""
    if row.sha256 != sha256:
        raise VersionTaken(
            _(
                "%(key)s %(version)s is loaded with other content. A version never changes, "
                "because agreements were made under it: please give the new text a new version."
            )
            % {"key": row.key, "version": row.version}
        )


@lru_cache(maxsize=1)
def _packaged() -> tuple[Book, dict[str, Any]]:
    return parse_file(PACKAGED.read_bytes())


def packaged() -> Book:
    """The newest book that comes with the portal, without a database."""
    return _packaged()[0]


def load_packaged() -> RuleBook:
    """The newest rule book that comes with the portal, loaded if it is not yet."""
    return save(*_packaged())[0]


def _order(version: str) -> list[tuple[int, int, str]]:
    """Versions number by number: 2026.10 is newer than 2026.9, whenever either was loaded."""
    parts = re.findall(r"[0-9]+|[A-Za-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def is_newer(version: str, other: str) -> bool:
    """Whether ``version`` comes after ``other``; of two alike none does."""
    return _order(version) > _order(other)


def newest_of_each() -> list[RuleBook]:
    """The newest version of every book that is loaded, the Kodex first; without the content."""
    rows = RuleBook.objects.defer("content").order_by("loaded_at", "pk")
    newest = {row.key: row for row in sorted(rows, key=lambda row: _order(row.version))}
    return sorted(newest.values(), key=lambda row: (row.key != KODEX, row.key))


def newest(key: str) -> RuleBook | None:
    """The newest loaded version of the book, or None if there is none."""
    return next((row for row in newest_of_each() if row.key == key), None)


def current(key: str = "") -> RuleBook:
    """The rule book for a new agreement: the newest version of that book, by default the Kodex.

    Raises ``RuleBook.DoesNotExist`` for a key that is not loaded. A portal in which nothing is
    loaded yet gets the packaged Kodex; one that has only another book, works with that.
    """
    loaded = newest_of_each()
    if key:
        for row in loaded:
            if row.key == key:
                return row
        raise RuleBook.DoesNotExist(key)
    return loaded[0] if loaded else load_packaged()


@lru_cache(maxsize=64)
def by_id(pk: UUID) -> Book:
    """The book of a ``RuleBook`` row. Kept in memory: a row never changes."""
    return build(RuleBook.objects.only("content").get(pk=pk).content)
