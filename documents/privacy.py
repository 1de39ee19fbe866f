"""What this room holds about people."""

from django.utils.translation import gettext_lazy as _

from partners.privacy.registry import Activity, Basis, Held

DOCUMENTS = "documents"

ACTIVITIES = (
    Activity(
        DOCUMENTS,
        _("Documents"),
        _("PDF files with what is in the agreement or report they show, and who ordered them."),
        _("So that every firm has an original that anybody can check without the portal."),
        _("People named in agreements and reports."),
        _("The firms that the document was made for."),
        _("As long as the agreement or the score that it shows."),
        Basis.EVIDENCE,
    ),
)
HELD = (
    Held(
        "documents.Document",
        DOCUMENTS,
        own={"requested_by": ("id", "kind", "language", "title", "created_at", "sha256")},
        names=("file",),
        nobody=("title", "error"),
    ),
    Held("documents.SealCertificate", DOCUMENTS, nobody=("chain",)),
    Held("documents.Seal", DOCUMENTS, nobody=("made_with",)),
)
