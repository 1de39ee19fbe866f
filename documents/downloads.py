"""Hand a finished document to somebody whose right to it the calling room has checked."""

from django.http import FileResponse, Http404

from documents import keeping
from documents.models import Document


class DocumentDamaged(Exception):
    """The stored file no longer has the hash it was stored with; it must not be handed out."""


def respond(document: Document, *, filename: str) -> FileResponse:
    """The PDF as a download; 404 while it is not ready.

    Raises ``DocumentDamaged`` when the stored bytes are gone or no longer those that were stored;
    the operator is told.
    """
    if not document.is_ready:
        raise Http404
    if (found := keeping.damage(document)) is not None:
        keeping.raise_alarm([found])
        raise DocumentDamaged(str(found))
    return FileResponse(
        document.file.open("rb"),
        as_attachment=True,
        filename=filename,
        content_type="application/pdf",
    )
