"""What of this room belongs into the archive of a firm: the documents that its rows point to."""

from collections.abc import Iterator

from documents import keeping
from documents.models import Document
from partners.models import Partner
from partners.privacy.archive_tables import Row, Scope, Table

UNFINISHED = (Document.State.QUEUED.value, Document.State.RUNNING.value)


def _document(row: Row, _scope: Scope) -> Row:
    """One that is being made is made anew where it is imported."""
    if row["state"] not in UNFINISHED:
        return row
    again = {"state": Document.State.QUEUED.value, "step": "", "attempts": 0, "waits": 0}
    return row | again | {"not_before": None, "started_at": None}


def _damages(_partner: Partner) -> Iterator[str]:
    for damage in keeping.damages():
        yield f"document {damage.document.pk}: {damage.what}"


TABLES = (
    Table("documents.Seal", follows="document"),
    Table(
        "documents.Document",
        change=_document,
        files=("file",),
        leave_out=("claimed_by", "error"),
    ),
    Table(
        "documents.SealCertificate",
        same=("sha256",),
        equal=("chain",),
        leave_out=("first_used_at",),
    ),
)
CHECKS = (_damages,)
