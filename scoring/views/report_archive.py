"""The archive of the firm's reports, and who gets them each month."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from partners.models import Membership, Partner
from scoring import monthly_reports, perms, report_archive
from scoring.models import MonthlyReport, ReportSubscription
from scoring.monthly_reports import NotSubscribable
from scoring.presentation import month_name
from scoring.report_forms import SubscriptionForm

SCORES_A_PAGE = 12


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """All reports of the firm the person acts for, by month, and the subscriptions."""
    partner = request.partner
    if not partner:
        return render(request, "scoring/no_firm.html", {"tab": "reports"})
    return _page(request, partner)


@require_POST
def subscribe(request: PortalRequest) -> HttpResponse:
    """Let a member get a report each month: htmx gets the list back, a plain browser the page."""
    partner = request.partner
    if not partner:
        raise PermissionDenied
    members = Membership.objects.active().filter(partner=partner).select_related("partner")
    wanted = request.POST.get("membership", "")
    membership = get_object_or_404(members, pk=_uuid(wanted))
    if not perms.can_subscribe(request.user, membership):
        raise PermissionDenied
    form = SubscriptionForm(_people(request, partner), request.POST)
    if not form.is_valid():
        return _answer(request, partner, form)
    try:
        monthly_reports.subscribe(
            membership.pk,
            language=form.cleaned_data["language"],
            length=form.cleaned_data["length"],
            by=request.user,
        )
    except NotSubscribable as refusal:
        form.add_error(None, str(refusal))
        return _answer(request, partner, form)
    return _done(request, partner, _("Noted: the link comes by mail each month."))


@require_POST
def unsubscribe(request: PortalRequest, pk: UUID) -> HttpResponse:
    rows = ReportSubscription.objects.visible_to(request.user)
    row = get_object_or_404(rows.select_related("membership__partner"), pk=pk)
    if not perms.can_subscribe(request.user, row.membership):
        raise PermissionDenied
    monthly_reports.unsubscribe(row.pk, by=request.user)
    return _done(request, row.membership.partner, _("The monthly report is cancelled."))


def _uuid(text: str) -> UUID | None:
    """None finds nothing, as an id that nobody has."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _done(request: PortalRequest, partner: Partner, words: str) -> HttpResponse:
    if request.htmx:
        return _answer(request, partner, None, words)
    messages.success(request, words)
    return redirect(reverse("scoring:reports") + "#subscriptions")


def _answer(
    request: PortalRequest, partner: Partner, form: SubscriptionForm | None, words: str = ""
) -> HttpResponse:
    """The region of the subscriptions, or the whole page for a browser without htmx."""
    if not request.htmx:
        return _page(request, partner, form)
    context = subscription_context(request, partner, form) | {"done": words}
    return render(
        request,
        "scoring/reports.html#subscriptions",
        context,
        status=422 if form is not None else 200,
    )


# ---- What the page shows -------------------------------------------------------------------------


def _page(
    request: PortalRequest, partner: Partner, form: SubscriptionForm | None = None
) -> HttpResponse:
    page = Paginator(report_archive.reported(partner), SCORES_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "tab": "reports",
        "partner": partner,
        "page": page,
        "groups": report_archive.groups(partner, page),
        "may_order": perms.can_order_report(request.user, partner),
        **subscription_context(request, partner, form),
    }
    return render(request, "scoring/reports.html", context)


def subscription_context(
    request: PortalRequest, partner: Partner, form: SubscriptionForm | None
) -> dict[str, Any]:
    """Who gets what, for the page and for its fragment."""
    may_choose = perms.can_subscribe_colleagues(request.user, partner)
    last = MonthlyReport.objects.filter(partner=partner).first()
    people = _people(request, partner)
    # Nobody's: support reads the page, and belongs to no firm.
    own = next((one.pk for one in people if one.user_id == request.user.pk), None)
    return {
        "subscriptions": [
            {"row": row, "may_end": may_choose or row.membership.user_id == request.user.pk}
            for row in monthly_reports.of_firm(partner)
        ],
        "form": form or SubscriptionForm.for_reader(people, own),
        "last": None if last is None else {"row": last, "month": month_name(last.month)},
        "done": "",
    }


def _people(request: PortalRequest, partner: Partner) -> list[Membership]:
    """Those whom the reader may subscribe: all of the firm, or the reader alone."""
    members = Membership.objects.active().filter(partner=partner).select_related("user")
    if not perms.can_subscribe_colleagues(request.user, partner):
        members = members.filter(user=request.user)
    return list(members)
