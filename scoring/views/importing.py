"""Partner Center files: hand them in, see what became of each, decide about rejected rows."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from scoring import imports, months, perms
from scoring.import_forms import UploadForm
from scoring.models import PartnerCenterImport, Score
from scoring.presentation import month_name, notes
from scoring.reasons import Caution

IMPORTS_A_PAGE = 25
State = PartnerCenterImport.State


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


@require_POST
def good_rows(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Run a rejected import again without its bad rows."""
    item = get_object_or_404(_visible(request), pk=pk)
    if not perms.can_import(request.user, item.partner):
        raise PermissionDenied
    if not imports.take_good_rows(item.pk, by=request.user):
        messages.info(request, _("This file is already being imported."))
    if not request.htmx:
        return redirect("scoring:import", pk=item.pk)
    return render(request, "scoring/import.html#import", _detail_context(request, pk))


# ---- What the pages show -------------------------------------------------------------------------


def _visible(request: PortalRequest) -> QuerySet[PartnerCenterImport]:
    return PartnerCenterImport.objects.visible_to(request.user).select_related(
        "partner", "imported_by", "same_as"
    )


def _index(request: PortalRequest, form: UploadForm) -> HttpResponse:
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "imports"})
    context = _list_context(request) | {
        "tab": "imports",
        "form": form,
        "may_import": perms.can_import(request.user, request.partner),
        "limit": filesizeformat(settings.PARTNER_CENTER_MAX_BYTES),
    }
    return render(request, "scoring/imports.html", context)


def _list_context(request: PortalRequest) -> dict[str, Any]:
    # The lists of rejected and unused values can be long; a line of the list needs neither.
    files = _visible(request).filter(partner=request.partner or None).defer("rejected", "unused")
    page = Paginator(files, IMPORTS_A_PAGE).get_page(request.GET.get("page"))
    return {
        "page": page,
        "lines": [{"file": file, "tag": _tag(file), "months": span(file.months)} for file in page],
        "is_unfinished": any(not file.is_finished for file in page),
    }


def _detail_context(request: PortalRequest, pk: UUID) -> dict[str, Any]:
    item = get_object_or_404(_visible(request), pk=pk)
    score = _first_score_with(item)
    return {
        "tab": "imports",
        "item": item,
        "partner": item.partner,
        "tag": _tag(item),
        "months": span(item.months),
        "month_names": [month_name(months.parse_label(month)) for month in item.months],
        "unused": [{**line, "why": _why_unused(line["what"])} for line in item.unused],
        "rejected": item.rejected_rows,
        "good_rows_count": max(0, item.rows_read - item.rows_rejected),
        "may_import": perms.can_import(request.user, item.partner),
        "can_take_good_rows": item.state == State.REJECTED
        and not item.fault
        and item.rows_rejected > 0,
        "score": score,
        "missing_month": _missing_month(score),
    }


def _first_score_with(item: PartnerCenterImport) -> Score | None:
    """The score that was computed with this file for the first time."""
    if item.state != State.DONE:
        return None
    later = Score.objects.filter(partner=item.partner, computed_at__gte=item.created_at)
    candidates = later.order_by("computed_at", "pk")[:20]
    return next((score for score in candidates if str(item.pk) in score.import_ids), None)


def _missing_month(score: Score | None) -> str:
    """The caution that the comparison month is not there, in words; else nothing."""
    if score is None:
        return ""
    sentences = notes(score)
    for caution, words in zip(score.cautions, sentences, strict=True):
        if caution["code"] == Caution.COMPARISON_MONTH_MISSING:
            return words
    return ""


def _tag(item: PartnerCenterImport) -> str:
    return {
        State.QUEUED: "open",
        State.RUNNING: "proposed",
        State.DONE: "ok",
        State.REJECTED: "needs-you",
        State.FAILED: "bad",
    }.get(State(item.state), "open")


def span(labels: list[str]) -> str:
    """``February 2025 to March 2026``; one month alone, nothing without any."""
    if not labels:
        return ""
    first, last = (month_name(months.parse_label(label)) for label in (labels[0], labels[-1]))
    if first == last:
        return first
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


def _why_unused(what: str) -> tuple[str, str]:
    """What a value is that no rule set uses, and why that is no error."""
    return {
        "workload": (
            pgettext("in a file", "Workload"),
            _("not among the eligible workloads of this designation"),
        ),
        "association": (
            pgettext("in a file", "Association type"),
            _("not used by this designation"),
        ),
        "claim state": (pgettext("in a file", "Claim state"), _("only approved claims count")),
        "certification": (
            pgettext("in a file", "Certification"),
            _("not on the list of this designation"),
        ),
        "exam": (
            pgettext("in a file", "Exam"),
            _("an exam alone is not yet a certification"),
        ),
    }.get(what, (what, _("not used by this designation")))
