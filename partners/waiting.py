from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for somebody: a line of the home page, its texts translated."""

    title: str
    detail: str
    url: str
    action: str  # the words on the button, e.g. "Read and sign"
    kind: str  # groups lines of one sort: invitation, answer, sign, report
    since: datetime | None
    mine: bool  # it waits for the reader, not for somebody else
