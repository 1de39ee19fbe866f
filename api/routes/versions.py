"""What was fixed and signed, also by firms that have left since: versions, signatures, PDFs."""

from typing import Any, Literal
from uuid import UUID

from django.db.models import Q
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router

from api import shapes
from api.asking import Part
from api.reading_as import ApiRequest
from api.routes.firms import name_of
from api.routes.refusals import answering, answering_one
from cooperation import agreement_documents, annexes, frozen
from cooperation.models import AgreementDocument, AgreementVersion
from documents import downloads
from documents.models import Document
from partners.plain import file_name

router = Router(tags=["versions"])


@router.get(
    "/versions", response=answering(shapes.Page[shapes.VersionLine]), operation_id="versions"
)
def versions(
    request: ApiRequest, part: Query[Part], agreement: UUID | None = None
) -> dict[str, Any]:
    """Versions that the firm is or was a party of, the newest first"""
    rows = AgreementVersion.objects.visible_to(request.auth.reader).defer("payload")
    if agreement is not None:
        rows = rows.filter(agreement=agreement)
    shown = part.of(rows.select_related("agreement").order_by("-frozen_at", "pk"))
    return part.page([_line(version) for version in shown], rows.count())


def _line(version: AgreementVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "agreement": version.agreement_id,
        "project": version.agreement.project_id,
        "number": version.number,
        "state": version.state,
        "state_label": version.get_state_display(),
        "sha256": version.sha256,
        "frozen_at": version.frozen_at,
        "expires_on": version.expires_on,
        "effective_on": version.effective_on,
        "in_force_at": version.in_force_at,
    }


def _version(request: ApiRequest, pk: UUID) -> AgreementVersion:
    visible = AgreementVersion.objects.visible_to(request.auth.reader)
    return get_object_or_404(visible.select_related("agreement__project"), pk=pk)


@router.get("/versions/{id}", response=answering_one(shapes.Version), operation_id="version")
def version(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """A version: its fingerprint, its state and who has signed it"""
    found = _version(request, id)
    slots = found.slots.select_related("partner").prefetch_related("signatures")
    known = annexes.known_to(found, request.auth.partner)
    named = frozen.content(found.payload).get("annexes", [])
    return _line(found) | {
        "slots": [
            {
                "firm": name_of(slot.partner),
                "needed": slot.needed,
                "completed_at": slot.completed_at,
                "signatures": [
                    {
                        "name": signature.signer_name,
                        "title": signature.signer_title,
                        "authority": signature.authority,
                        "legal_name": signature.partner_legal_name,
                        "method": signature.method,
                        "signed_at": signature.signed_at,
                        "sha256": signature.payload_sha256,
                    }
                    for signature in slot.signatures.all()
                ],
            }
            for slot in slots
        ],
        "annexes": [
            {
                "number": number,
                "sha256": annex["sha256"],
                "is_readable": (*annex["parties"],) in known,
            }
            for number, annex in enumerate(named, start=1)
        ],
    }


@router.get(
    "/versions/{id}/text",
    response=answering_one(dict[str, Any]),
    operation_id="version_text",
)
def version_text(request: ApiRequest, id: UUID) -> HttpResponse:
    """Exactly the bytes that everybody signs, whose SHA-256 is the fingerprint"""
    found = _version(request, id)
    content = bytes(found.payload)
    if frozen.sha256(content) != found.sha256:
        raise downloads.DocumentDamaged(str(found.pk))
    return HttpResponse(content, content_type="application/json")


# ---- PDFs --------------------------------------------------------------------------------------


@router.get(
    "/versions/{id}/documents",
    response=answering_one(shapes.Page[shapes.Pdf]),
    operation_id="documents",
)
def documents(request: ApiRequest, id: UUID, part: Query[Part]) -> dict[str, Any]:
    """The PDFs of a version for the firm, in each language"""
    found = _version(request, id)
    rows = agreement_documents.of(found, request.auth.partner)
    shown = rows[part.offset : part.offset + part.limit]
    items = [_pdf(found, language, document) for language, document in shown]
    return part.page(items, len(rows))


def _pdf(version: AgreementVersion, language: str, document: Document) -> dict[str, Any]:
    seal = getattr(document, "seal", None)
    path = reverse("api:v1:document", args=[version.pk, language])
    return {
        "language": language,
        "title": document.title,
        "state": document.state,
        "sha256": document.sha256,
        "size": document.size,
        "seal": seal.level if seal else "",
        "made_at": document.finished_at if document.is_ready else None,
        "superseded_at": document.superseded_at,
        "url": path if document.is_ready else "",
    }


PDF = {
    "responses": {
        200: {
            "description": "OK",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


@router.get(
    "/versions/{id}/documents/{language}",
    response=answering_one(None),
    operation_id="document",
    openapi_extra=PDF,
)
def document(request: ApiRequest, id: UUID, language: Literal["de", "en"]) -> FileResponse:
    """A PDF of a version, once it is ready"""
    found = _version(request, id)
    rows = AgreementDocument.objects.visible_to(request.auth.reader)
    own = Q(partner=None) | Q(partner=request.auth.partner)
    row = get_object_or_404(
        rows.filter(own).select_related("document"), version=found, language=language
    )
    name = file_name(found.agreement.project.name, otherwise="projekt")
    return downloads.respond(row.document, filename=f"{name}-v{found.number}-{language}.pdf")
