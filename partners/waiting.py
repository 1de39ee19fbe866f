from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


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
    firm: str = ""  # which of the reader's firms it is about; shown to people of several
    project_id: UUID | None = None  # or the project: the home page finds the firm
