"""What a file says about itself: whether it carries the portal's seal, and what was done to it.

Pure: no database, no network, no settings. ``documents.checking`` knows the portal's own documents.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from documents.examining.findings import Difference, Examination, Fault, SealState

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["LIMIT", "Difference", "Examination", "Fault", "SealState", "examine", "read"]

LIMIT = 50 * 1024 * 1024  # bytes; the portal's own documents stay far below


def read(path: Path) -> bytes:
    """The file's bytes, but of one beyond the limit only so many as show that; ``OSError``."""
    with path.open("rb") as file:
        return file.read(LIMIT + 1)


def examine(
    data: bytes,
    *,
    trust: "Sequence[Certificate]",
    timestamp_trust: "Sequence[Certificate] | None" = None,
    recorded_at: datetime | None = None,
    now: datetime | None = None,
) -> Examination:
    """Judge the bytes of one file; never raises for anything that they hold.

    ``trust``: the roots that the portal's seals come from. ``timestamp_trust``: those of timestamp
    authorities; None if nobody knows any, then a timestamp proves nothing and is no fault.
    ``recorded_at``: when the portal itself sealed the file, if it keeps a record of that.

    A seal is judged at the time that can be proven: its trusted timestamp's, else ``recorded_at``.
    Without both it is its own word, which holds while its certificate does: once that has ended,
    a seal with its date set back could not be told from it.
    """
    from documents.examining import judging  # noqa: PLC0415 -- pyHanko: 0.4 s for who needs it

    return judging.examine(
        data,
        limit=LIMIT,
        trust=trust,
        timestamp_trust=timestamp_trust,
        recorded_at=recorded_at,
        now=now or datetime.now(UTC),
    )
