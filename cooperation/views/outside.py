"""Inviting a firm that is not here yet, and what whoever was invited so sees."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import outside_invitations, perms
from cooperation.agreements import NotPossible
from cooperation.models import OutsideInvitation
from cooperation.outside_forms import OutsideForm
from cooperation.outside_invitations import Sendable
from cooperation.views.projects import project_agreement
from partners import acting, invitation_links, invitations
from partners.middleware import PortalRequest
from partners.models import Membership
from partners.views.joining import discreet

COOKIE = "project_invitation"


# ---- For the firms of the project ----------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def outside_invite(request: PortalRequest, pk: UUID) -> HttpResponse:
    """An address instead of a firm; and the invitations of this kind that are open."""
    agreement = project_agreement(request, pk)
    if not perms.can_invite(request.membership, agreement) or request.membership is None:
        raise PermissionDenied
    form = OutsideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sendable = outside_invitations.invite(
                agreement.pk,
                **form.cleaned_data,
                by=request.user,
                partner=request.membership.partner,
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            _send(request, sendable)
            return redirect("cooperation:outside_invite", pk=pk)
    open_ones = OutsideInvitation.objects.filter(project=agreement.project_id).unsettled()
    context = {
        "form": form,
        "project": agreement.project,
        "invitations": open_ones.select_related("invited_by", "partner"),
    }
    return render(request, "cooperation/outside_invite.html", context)


@require_POST
def outside_resend(request: PortalRequest, pk: UUID) -> HttpResponse:
    """A new link to the same address; the old one stops working."""
    invitation, membership = _to_manage(request, pk)
    try:
        sendable = outside_invitations.send_again(
            pk, by=request.user, partner=membership.partner, seen=request.POST.get("seen")
        )
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        _send(request, sendable)
    return redirect("cooperation:outside_invite", pk=invitation.project_id)


@require_POST
def outside_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation, membership = _to_manage(request, pk)
    try:
        outside_invitations.withdraw(pk, by=request.user, partner=membership.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return redirect("cooperation:outside_invite", pk=invitation.project_id)


def _to_manage(request: PortalRequest, pk: UUID) -> tuple[OutsideInvitation, Membership]:
    known = OutsideInvitation.objects.visible_to(request.user)
    invitation = get_object_or_404(known, pk=pk)
    agreement = project_agreement(request, invitation.project_id)
    membership = request.membership or None  # a lazy object, also when it holds nothing
    if membership is None or not perms.can_invite(membership, agreement):
        raise PermissionDenied
    return invitation, membership


def _send(request: PortalRequest, sendable: Sendable) -> None:
    email = sendable.invitation.email
    if outside_invitations.send(sendable):
        messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": email})
    else:
        messages.warning(
            request,
            _("The mail to %(email)s could not be sent. Please send the invitation again later.")
            % {"email": email},
        )


# ---- For whoever has the link --------------------------------------------------------------------


@login_not_required
@require_GET
@discreet
def outside_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: the token leaves the address bar, whatever it is."""
    response = redirect("cooperation:outside")
    path = reverse("cooperation:outside")
    invitation_links.keep(response, request, COOKIE, token, path)
    return response


@login_not_required
@require_GET
@discreet
def outside(request: HttpRequest) -> HttpResponse:
    """Which firm invites, and who in it: nothing of the project, and nothing of its customer."""
    found = outside_invitations.find(_digest(request))
    if found is None:
        return render(request, "partners/invitation_gone.html", status=404)
    user = request.user
    is_mine = user.is_authenticated and invitations.is_for(found, user)
    firms = outside_invitations.firms_of(user) if user.is_authenticated and is_mine else []
    context = {
        "invitation": found,
        "masked": invitation_links.masked(found.email),
        "is_mine": is_mine,
        "firms": firms,
        "here": reverse("cooperation:outside"),
    }
    return render(request, "cooperation/outside.html", context)


@login_not_required
@require_POST
@discreet
def outside_accept(request: HttpRequest) -> HttpResponse:
    """Name the own firm that is meant; its invitation opens."""
    if not request.user.is_authenticated:
        return redirect("cooperation:outside")
    wanted = request.POST.get("firm", "")
    firms = outside_invitations.firms_of(request.user)
    firm = next((each for each in firms if str(each.pk) == wanted), None)
    if firm is None:
        messages.warning(request, _("Please choose a firm."))
        return redirect("cooperation:outside")
    try:
        place = outside_invitations.accept(_digest(request), by=request.user, partner=firm)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:outside")
    acting.choose(request.session, firm.pk)
    response = redirect("cooperation:invitation", pk=place.pk)
    response.delete_cookie(COOKIE, path=reverse("cooperation:outside"), samesite="Lax")
    return response


def _digest(request: HttpRequest) -> str:
    return invitation_links.kept(request, COOKIE)
