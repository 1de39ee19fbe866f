"""Where the firm stands: the newest score, a stored one, and all of them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from scoring import perms, rule_sets, scores
from scoring.forms import ComputeForm, ReportForm
from scoring.models import DesignationReport, PartnerCenterImport, Score
from scoring.presentation import notes, score_view
from scoring.reasons import Caution
from scoring.reports import months_compared
from scoring.views import dashboard


@require_safe
def overview(request: PortalRequest) -> HttpResponse:
    """The newest score of the firm the person acts for; before there is one, how to get there."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "score"})
    newest = _visible(request).filter(partner=request.partner).first()
    return _page(request, newest)


@require_safe
def detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _page(request, get_object_or_404(_visible(request), pk=pk), is_newest=False)


@require_POST
def compute(request: PortalRequest) -> HttpResponse:
    """Compute a score for the firm the person acts for and show it."""
    if not request.partner or not perms.can_compute(request.user, request.partner):
        raise PermissionDenied
    form = ComputeForm(request.POST)
    if not form.is_valid():
        newest = _visible(request).filter(partner=request.partner).first()
        return _page(request, newest, compute_form=form)
    score = scores.compute(
        request.partner,
        as_of=form.cleaned_data["as_of"],
        rule_set=rule_sets.get(form.cleaned_data["rule_set"]),
        by=request.user,
    )
    messages.success(request, _("The score has been computed."))
    return redirect("scoring:score", pk=score.pk)


# ---- What the pages show -------------------------------------------------------------------------


def _visible(request: PortalRequest) -> Any:
    return Score.objects.visible_to(request.user).select_related("partner", "computed_by")


def _page(
    request: PortalRequest,
    score: Score | None,
    compute_form: ComputeForm | None = None,
    *,
    is_newest: bool = True,
) -> HttpResponse:
    partner = score.partner if score else request.partner
    assert partner is not None  # noqa: S101 -- both callers made sure
    imports = PartnerCenterImport.objects.filter(partner=partner, state="done")
    context: dict[str, Any] = {
        "tab": "score",
        "score": score,
        "partner": partner,
        "may_import": perms.can_import(request.user, partner),
        "compute_form": compute_form or ComputeForm.for_today(),
    }
    if score is None:
        context["has_data"] = imports.exists()
        return render(request, "scoring/start.html", context)
    context |= score_context(request, score)
    context |= dashboard.context(partner, score) if is_newest else {"dashboard": None}
    context["newer_data"] = imports.exclude(pk__in=score.import_ids).exists()
    earlier = _visible(request).filter(partner=partner, computed_at__lt=score.computed_at)
    context["has_earlier"] = earlier.exists()
    return render(request, "scoring/score.html", context)


def score_context(request: PortalRequest, score: Score) -> dict[str, Any]:
    """What a score says, for its page and for the fragments of that page."""
    return {
        "score": score,
        "partner": score.partner,
        "view": score_view(score),
        "rule_set": rule_sets.get(score.rule_set),
        "notes": notes(score),
        "is_provable": all(
            note["code"] != Caution.COMPARISON_MONTH_MISSING for note in score.cautions
        ),
        "months_compared": months_compared(score),
        "files": len(score.import_ids),
        "corrections": len(score.correction_ids),
        "corrections_url": _corrections_url(),
        **report_context(request, score),
    }


def _corrections_url() -> str:
    try:
        return reverse("scoring:corrections")
    except NoReverseMatch:  # a portal without that page
        return ""


def report_context(request: PortalRequest, score: Score) -> dict[str, Any]:
    reports = DesignationReport.objects.filter(score=score).select_related("document__seal")
    return {
        "score": score,
        "reports": list(reports),
        "may_order_report": perms.can_order_report(request.user, score.partner),
        "report_form": ReportForm.for_reader(),
    }
