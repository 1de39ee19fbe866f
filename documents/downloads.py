"""Hand a finished document to somebody whose right to it the calling room has checked."""

import hashlib

from django.http import FileResponse, Http404

from documents.models import Document


class DocumentDamaged(Exception):
    """The stored file no longer has the hash it was stored with; it must not be handed out."""


def respond(document: Document, *, filename: str) -> FileResponse:
    """The PDF as a download; 404 while it is not ready.

    Raises ``DocumentDamaged`` when the stored bytes are no longer those that were stored.
    """
    if not document.is_ready:
        raise Http404
    with document.file.open("rb") as stored:
        if hashlib.file_digest(stored, "sha256").hexdigest() != document.sha256:
            raise DocumentDamaged(str(document.pk))
    return FileResponse(
        document.file.open("rb"),
        as_attachment=True,
        filename=filename,
        content_type="application/pdf",
    )
