"""Partner Center files: hand them in, see what each would change, and decide."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from scoring import import_words, imports, months, perms
from scoring.import_forms import UploadForm
from scoring.models import MonthOfData, PartnerCenterImport, Score
from scoring.presentation import month_name, notes
from scoring.reading import originals
from scoring.reasons import Caution

IMPORTS_A_PAGE = 25
State = PartnerCenterImport.State
Work = PartnerCenterImport.Work
UNDECIDED = {State.PREVIEW, State.REJECTED}


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """Hand files in, and see the earlier ones."""
    return _index(request, UploadForm())


@require_safe
def index_status(request: PortalRequest) -> HttpResponse:
    """The list of files alone; it asks for itself again while one of them is unfinished."""
    return render(request, "scoring/imports.html#files", _list_context(request))


@require_POST
def upload(request: PortalRequest) -> HttpResponse:
    """Store the files and queue them; reading them is a job's work."""
    if not request.partner or not perms.can_import(request.user, request.partner):
        raise PermissionDenied
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _index(request, form)
    created = []
    for file in form.cleaned_data["uploads"]:
        try:
            created.append(
                imports.create(
                    request.partner,
                    file,
                    name=file.name or "",
                    kind=form.cleaned_data["kind"],
                    good_rows=form.cleaned_data["good_rows"],
                    at_once=form.cleaned_data["at_once"],
                    by=request.user,
                )
            )
        except imports.ImportRefused as refusal:
            messages.error(request, f"{file.name}: {refusal}")
    if len(created) == 1:
        return redirect("scoring:import", pk=created[0].pk)
    return redirect("scoring:imports")


@require_safe
def detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    return render(request, "scoring/import.html", _detail_context(request, pk))


@require_safe
def detail_status(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What became of the file; it asks for itself again until that is known."""
    return render(request, "scoring/import.html#import", _detail_context(request, pk))


# ---- Decisions -----------------------------------------------------------------------------------


@require_POST
def commit(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Import what a preview shows."""
    return _decide(request, pk, lambda item: imports.commit(item.pk, by=request.user))


@require_POST
def good_rows(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Import a rejected file without its bad rows."""
    return _decide(request, pk, lambda item: imports.take_good_rows(item.pk, by=request.user))


@require_POST
def discard(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Give up a file that was not imported."""
    return _decide(request, pk, lambda item: imports.discard(item.pk, by=request.user))


def _decide(
    request: PortalRequest, pk: UUID, verb: Callable[[PartnerCenterImport], bool]
) -> HttpResponse:
    item = get_object_or_404(visible(request), pk=pk)
    if not perms.can_import(request.user, item.partner):
        raise PermissionDenied
    if not verb(item):
        messages.info(request, _("Somebody has decided about this file already."))
    if not request.htmx:
        return redirect("scoring:import", pk=item.pk)
    return render(request, "scoring/import.html#import", _detail_context(request, pk))


# ---- The original --------------------------------------------------------------------------------


@require_safe
def original(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """The file as it was handed in: from its kept columns as CSV, else as it was uploaded."""
    item = get_object_or_404(visible(request), pk=pk)
    try:
        if item.original:
            path = Path(item.original.path)
            pieces = originals.as_csv(path)
            first = next(pieces)  # opens the file: one that is gone is a 404, no broken download
            name = f"{Path(item.file_name).stem or 'original'}.csv"
            response = StreamingHttpResponse(
                (piece.encode() for part in ((first,), pieces) for piece in part),
                content_type="text/csv; charset=utf-8",
            )
            response["Content-Disposition"] = content_disposition_header(True, name) or ""
            return response
        if item.file:
            return FileResponse(
                item.file.open("rb"),
                as_attachment=True,
                filename=item.file_name,
                content_type="application/octet-stream",
            )
    except FileNotFoundError as error:
        raise Http404 from error
    raise Http404


# ---- What the pages show -------------------------------------------------------------------------


def visible(request: PortalRequest) -> QuerySet[PartnerCenterImport]:
    """Imports that the person may know of, with what a page of one needs."""
    return PartnerCenterImport.objects.visible_to(request.user).select_related(
        "partner", "imported_by", "undone_by", "same_as"
    )


def _index(request: PortalRequest, form: UploadForm) -> HttpResponse:
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "imports"})
    context = _list_context(request) | {
        "tab": "imports",
        "form": form,
        "may_import": perms.can_import(request.user, request.partner),
        "limit": filesizeformat(settings.PARTNER_CENTER_MAX_BYTES),
        "mappings": import_words.mappings(request.partner),
    }
    return render(request, "scoring/imports.html", context)


def _list_context(request: PortalRequest) -> dict[str, Any]:
    # The lists of rejected and unused values can be long; a line of the list needs neither.
    files = visible(request).filter(partner=request.partner or None).defer("rejected", "unused")
    page = Paginator(files, IMPORTS_A_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "lines": [
            {
                "file": file,
                "tag": import_words.tag(file),
                "months": import_words.span(file.months),
            }
            for file in page
        ],
        "is_unfinished": any(not file.is_finished for file in page),
    }


def _detail_context(request: PortalRequest, pk: UUID) -> dict[str, Any]:
    item = get_object_or_404(visible(request), pk=pk)
    score = _first_score_with(item)
    tenants, tenant_names = import_words.new_tenants(item)
    may_import = perms.can_import(request.user, item.partner)
    return {
        "tab": "imports",
        "item": item,
        "partner": item.partner,
        "tag": import_words.tag(item),
        "months": import_words.span(item.months),
        "month_names": [month_name(months.parse_label(month)) for month in item.months],
        "by_month": import_words.by_month(item.by_month),
        "is_preview": item.state in UNDECIDED and not item.fault,
        "has_changes": import_words.has_changes(item),
        "tenants": tenants,
        "tenant_names": tenant_names,
        "claims": import_words.claims(item),
        "figures": import_words.figures(item),
        "unused": import_words.unused(item),
        "rejected": item.rejected_rows,
        "good_rows_count": max(0, item.rows_read - item.rows_rejected),
        "may_import": may_import,
        "may_undo": may_import and imports.can_be_undone(item),
        "may_name_columns": may_import and imports.waits_for_columns(item),
        "has_original": bool(item.original or item.file),
        "score": score,
        "missing_month": _missing_month(item, score),
    }


def _first_score_with(item: PartnerCenterImport) -> Score | None:
    """The score that was computed with this file for the first time."""
    if item.state != State.DONE:
        return None
    later = Score.objects.filter(
        partner=item.partner, computed_at__gte=item.done_at or item.created_at
    )
    candidates = later.order_by("computed_at", "pk")[:20]
    return next((score for score in candidates if str(item.pk) in score.import_ids), None)


def _missing_month(item: PartnerCenterImport, score: Score | None) -> str:
    """The caution that the comparison month is not there, or would not be; else nothing."""
    if item.state in UNDECIDED and item.months:
        known = MonthOfData.objects.filter(portfolio__partner=item.partner)
        new = [months.parse_label(month) for month in item.months]
        return import_words.missing_month(
            [*known.values_list("month", flat=True), *new], timezone.localdate()
        )
    if score is None:
        return ""
    sentences = notes(score)
    for caution, words in zip(score.cautions, sentences, strict=True):
        if caution["code"] == Caution.COMPARISON_MONTH_MISSING:
            return words
    return ""
