"""The PDFs of a version: where they stand, and handing them out to the firms that take part."""

from uuid import UUID

from django.db.models import Q
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cooperation.models import AgreementDocument, AgreementVersion
from cooperation.views.desk import act_for_party
from documents import downloads, jobs
from partners.middleware import PortalRequest


def _document(request: PortalRequest, pk: UUID, language: str) -> AgreementDocument:
    """The PDF for the reader's firm: its own, or the one for all. No address names another's."""
    versions = AgreementVersion.objects.visible_to(request.user).defer("payload")
    version = get_object_or_404(versions, pk=pk)
    act_for_party(request, version)
    firm = request.membership.partner if request.membership else None
    rows = AgreementDocument.objects.filter(version=version, language=language)
    return get_object_or_404(
        rows.filter(Q(partner=None) | Q(partner=firm))
        .select_related("document__seal", "version__agreement__project")
        .defer("version__payload")
    )


@require_GET
def document_status(request: PortalRequest, pk: UUID, language: str) -> HttpResponse:
    """The partial that asks for itself until the PDF is there."""
    row = _document(request, pk, language)
    if not request.htmx:
        return redirect("cooperation:version", pk=pk)
    context = {
        "document": row.document,
        "poll_url": reverse("cooperation:document_status", args=[pk, language]),
        "download_url": reverse("cooperation:document", args=[pk, language]),
    }
    return render(request, "documents/status.html#document", context)


@require_GET
def document(request: PortalRequest, pk: UUID, language: str) -> FileResponse:
    """The PDF, for members of the firms that take part."""
    row = _document(request, pk, language)
    name = slugify(row.version.agreement.project.name)[:60] or "projekt"
    word = _("agreement")
    return downloads.respond(
        row.document, filename=f"{word}-{name}-v{row.version.number}-{language}.pdf"
    )


@require_POST
def document_retry(request: PortalRequest, pk: UUID, language: str) -> HttpResponse:
    """Try a PDF again that could not be made."""
    row = _document(request, pk, language)
    jobs.retry(row.document_id)
    return redirect(reverse("cooperation:version", args=[pk]) + "#pdf")
