"""Pages about the people of the own firm."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import invitations, joining_mails, people, perms
from partners.forms import InvitationForm, RoleForm
from partners.invitations import Sendable
from partners.middleware import PortalRequest
from partners.models import Invitation, Membership
from partners.views.parts import own_partner


@require_GET
def people_list(request: PortalRequest) -> HttpResponse:
    """The people of the reader's own firm."""
    firm = own_partner(request)
    members = Membership.objects.of_firms_of(request.user).filter(partner=firm)
    can_manage = perms.can_manage_people(request.user, firm)
    open_ones = Invitation.objects.none()
    if can_manage:
        open_ones = Invitation.objects.filter(partner=firm).unsettled()
    context = {
        "firm": firm,
        "members": members.select_related("user"),
        "can_manage": can_manage,
        "invitations": open_ones.select_related("invited_by"),
    }
    return render(request, "partners/people.html", context)


@require_http_methods(["GET", "POST"])
def person_invite(request: PortalRequest) -> HttpResponse:
    """Invite a person into the own firm; they belong to it once they have accepted."""
    firm = own_partner(request)
    if not perms.can_manage_people(request.user, firm):
        raise PermissionDenied
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sendable = invitations.invite(
                firm,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                title=form.cleaned_data["title"],
                rights=form.rights,
                by=request.user,
            )
        except people.NotPossible as error:
            form.add_error(None, str(error))
        else:
            _send(request, sendable)
            return redirect("partners:people")
    return render(request, "partners/person_invite.html", {"firm": firm, "form": form})


@require_POST
def invitation_resend(request: PortalRequest, pk: UUID) -> HttpResponse:
    """A new link to the same person; the old one stops working."""
    _invitation_to_manage(request, pk)
    try:
        seen = request.POST.get("seen")
        sendable = invitations.send_again(pk, by=request.user, seen=seen)
    except people.NotPossible as error:
        messages.warning(request, str(error))
    else:
        _send(request, sendable)
    return redirect("partners:people")


@require_POST
def invitation_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take an invitation back."""
    _invitation_to_manage(request, pk)
    try:
        invitations.withdraw(pk, by=request.user)
    except people.NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return redirect("partners:people")


@require_http_methods(["GET", "POST"])
def person_edit(request: PortalRequest, pk: UUID) -> HttpResponse:
    membership = _person_to_manage(request, pk)
    form = RoleForm(request.POST or None, instance=membership)
    if request.method == "POST" and form.is_valid():
        try:
            people.change(pk, title=form.cleaned_data["title"], rights=form.rights, by=request.user)
        except people.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The roles of %s are saved.") % membership.user.name)
            return redirect("partners:people")
    context = {
        "form": form,
        "member": membership,
        "is_self": membership.user_id == request.user.pk,
    }
    return render(request, "partners/person_edit.html", context)


@require_POST
def person_leave(request: PortalRequest, pk: UUID) -> HttpResponse:
    membership = _person_to_manage(request, pk)
    try:
        people.leave(pk, by=request.user)
    except people.NotPossible as error:
        messages.error(request, str(error))
        return redirect("partners:person_edit", pk=pk)
    messages.success(request, _("%s no longer belongs to your firm.") % membership.user.name)
    return redirect("partners:people")


def _person_to_manage(request: PortalRequest, pk: UUID) -> Membership:
    people_of_firms = Membership.objects.of_firms_of(request.user).select_related("user", "partner")
    membership = get_object_or_404(people_of_firms, pk=pk)
    if not perms.can_manage_people(request.user, membership.partner):
        raise PermissionDenied
    return membership


def _invitation_to_manage(request: PortalRequest, pk: UUID) -> Invitation:
    known = Invitation.objects.visible_to(request.user).select_related("partner")
    invitation = get_object_or_404(known, pk=pk)
    if not perms.can_manage_people(request.user, invitation.partner):
        raise PermissionDenied
    return invitation


def _send(request: PortalRequest, sendable: Sendable) -> None:
    """The same words whether or not there is an account with this address."""
    email = sendable.invitation.email
    if joining_mails.send_invitation(sendable):
        messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": email})
    else:
        messages.warning(
            request,
            _("The mail to %(email)s could not be sent. Please send the invitation again later.")
            % {"email": email},
        )
