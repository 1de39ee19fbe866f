"""Support access: the firm's page that allows and ends it, and the operator's that makes use."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import perms, support_access
from partners.log_forms import SupportForm
from partners.middleware import PortalRequest
from partners.models import Partner, SupportAccess
from partners.people import NotPossible
from partners.views.parts import own_partner

SHOWN = 20  # accesses of the past


@require_http_methods(["GET", "POST"])
def support(request: PortalRequest) -> HttpResponse:
    """Whether support may read the firm's data now; allowing it."""
    firm = own_partner(request)
    if not perms.can_allow_support(request.user, firm):
        raise PermissionDenied
    form = SupportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            support_access.grant(
                firm,
                operator=given["operator"],
                reason=given["reason"],
                hours=given["hours"],
                by=request.user,
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Support may read your data until the time you chose."))
            return redirect("partners:support")
    accesses = SupportAccess.objects.filter(partner=firm).select_related("operator", "granted_by")
    running = accesses.running().first()
    past = accesses.exclude(pk=running.pk) if running else accesses
    context = {"firm": firm, "form": form, "running": running, "past": past[:SHOWN]}
    return render(request, "partners/support.html", context)


@require_POST
def support_end(request: PortalRequest, pk: UUID) -> HttpResponse:
    own = SupportAccess.objects.filter(partner__in=Partner.objects.of(request.user))
    access = get_object_or_404(own.select_related("partner"), pk=pk)
    if not perms.can_allow_support(request.user, access.partner):
        raise PermissionDenied
    try:
        support_access.end(pk, by=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Support no longer reads your data."))
    return redirect("partners:support")


# ---- For operators -------------------------------------------------------------------------------


@require_GET
def support_desk(request: PortalRequest) -> HttpResponse:
    """The firms that let this operator read their data now."""
    if not request.user.is_staff:
        raise Http404
    accesses = SupportAccess.objects.open_to(request.user).select_related("partner", "granted_by")
    context = {"accesses": accesses.order_by("until", "pk")}
    return render(request, "partners/support_desk.html", context)


@require_POST
def support_begin(request: PortalRequest, pk: UUID) -> HttpResponse:
    access = get_object_or_404(SupportAccess.objects.open_to(request.user), pk=pk)
    try:
        support_access.begin(access.pk, operator=request.user)
    except NotPossible as error:
        messages.error(request, str(error))
        return redirect("partners:support_desk")
    return redirect("partners:profile")


@require_POST
def support_stop(request: PortalRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise Http404
    support_access.stop(request.user)
    messages.success(request, _("You no longer read data of a firm."))
    return redirect("partners:support_desk")
