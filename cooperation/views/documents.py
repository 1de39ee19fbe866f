"""What a version consists of, for the firms that take part: its PDFs, its bytes, its annexes."""

from uuid import UUID

from django.db.models import Q
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from cooperation import frozen
from cooperation.models import AgreementDocument, AgreementVersion, Pair
from cooperation.views.desk import act_for_party
from documents import downloads, jobs
from partners.middleware import PortalRequest
from partners.plain import file_name


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
    name = file_name(row.version.agreement.project.name, otherwise="projekt")
    word = _("agreement")
    return downloads.respond(
        row.document, filename=f"{word}-{name}-v{row.version.number}-{language}.pdf"
    )


@require_safe
def version_text(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Exactly the bytes that everybody signs, whose fingerprint is on the page."""
    version = _version(request, pk)
    return _bytes(version.payload, version.sha256, _("agreement"), version)


@require_safe
def version_annex(request: PortalRequest, pk: UUID, number: int) -> HttpResponse:
    """The same of an annex of the reader's firm; those of others do not exist for it.

    ``number`` as on the page: its place in the common text, from 1.
    """
    version = _version(request, pk)
    firm = request.membership.partner if request.membership else None
    named = frozen.content(version.payload).get("annexes", [])
    if firm is None or not 1 <= number <= len(named):
        raise Http404
    own = version.annexes.filter(pair__in=Pair.objects.of(firm))
    annex = get_object_or_404(own, sha256=named[number - 1]["sha256"])
    return _bytes(annex.payload, annex.sha256, f"{_('annex')}-{number}", version)


def _version(request: PortalRequest, pk: UUID) -> AgreementVersion:
    versions = AgreementVersion.objects.visible_to(request.user)
    version = get_object_or_404(versions.select_related("agreement__project"), pk=pk)
    act_for_party(request, version)
    return version


def _bytes(
    payload: bytes | memoryview, sha256: str, word: str, version: AgreementVersion
) -> HttpResponse:
    """As a file, unless it is no longer what was signed."""
    content = bytes(payload)
    if frozen.sha256(content) != sha256:
        raise downloads.DocumentDamaged(str(version.pk))
    name = file_name(version.agreement.project.name, otherwise="projekt")
    header = content_disposition_header(True, f"{word.lower()}-{name}-v{version.number}.json")
    return HttpResponse(
        content,
        content_type="application/json",
        headers={"Content-Disposition": str(header)},
    )


@require_POST
def document_retry(request: PortalRequest, pk: UUID, language: str) -> HttpResponse:
    """Try a PDF again that could not be made."""
    row = _document(request, pk, language)
    jobs.retry(row.document_id)
    return redirect(reverse("cooperation:version", args=[pk]) + "#pdf")
