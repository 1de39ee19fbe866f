"""What the public pages may know of the room: the rule book, nothing of any firm."""

from typing import Any

from cooperation import rule_books


def rules() -> list[dict[str, Any]]:
    """Number, key, title, principle of the seven rules, in the language of the request."""
    return [
        {
            "number": rule.number,
            "key": rule.key,
            "title": str(rule.title),
            "principle": str(rule.principle),
        }
        for rule in rule_books.packaged().rules
    ]
