"""What the public pages may know of the room: the rule book, nothing of any firm.

The portal's front page is about the Kodex, whatever other books are loaded.
"""

from typing import Any

from cooperation import rule_books
from cooperation.book import Book


def _kodex() -> Book:
    row = rule_books.newest(rule_books.KODEX)
    return rule_books.packaged() if row is None else rule_books.by_id(row.pk)


def provenance() -> str:
    """What of the Kodex is sourced and what is the portal's own wording."""
    return str(_kodex().provenance)


def rules() -> list[dict[str, Any]]:
    """Number, key, title, principle of each rule of the Kodex, in the language of the request."""
    return [
        {
            "number": rule.number,
            "key": rule.key,
            "title": str(rule.title),
            "principle": str(rule.principle),
        }
        for rule in _kodex().rules
    ]
