"""The designation report: order it, watch it being made, download it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from documents import downloads
from partners.middleware import PortalRequest
from scoring import perms, reports
from scoring.forms import ReportForm
from scoring.models import DesignationReport, Score
from scoring.views.scores import report_context


@require_POST
def order(request: PortalRequest, pk: UUID) -> HttpResponse:
    score = get_object_or_404(
        Score.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    if not perms.can_order_report(request.user, score.partner):
        raise PermissionDenied
    form = ReportForm(request.POST)
    if form.is_valid():
        reports.order(score.pk, by=request.user, **form.cleaned_data)
    if not request.htmx:
        return redirect(reverse("scoring:score", args=[score.pk]) + "#report")
    return render(request, "scoring/score.html#report", report_context(request, score))


@require_safe
def status(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The line of one report, which asks for itself again while it is being made."""
    report = _visible(request, pk)
    context = {
        "document": report.document,
        "poll_url": reverse("scoring:report_status", args=[report.pk]),
        "download_url": reverse("scoring:report_download", args=[report.pk]),
    }
    return render(request, "documents/status.html#document", context)


@require_safe
def download(request: PortalRequest, pk: UUID) -> FileResponse:
    report = _visible(request, pk)
    return downloads.respond(report.document, filename=reports.file_name(report))


def _visible(request: PortalRequest, pk: UUID) -> DesignationReport:
    found = DesignationReport.objects.visible_to(request.user)
    return get_object_or_404(found.select_related("document__seal", "score__partner"), pk=pk)
