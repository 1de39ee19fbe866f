"""What the public pages may know of the room: the rule book, nothing of any firm."""

from typing import Any


def rules() -> list[dict[str, Any]]:
    return []
