"""What whoever was invited into a firm sees: the link, the invitation, the code.

A link that does not work any more, never worked or belongs to nobody looks the same everywhere.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import acting, guessing, invitation_links, invitations, newcomers
from partners.joining_forms import NewcomerForm
from partners.models import Invitation
from partners.newcomers import Newcomer
from partners.people import NotPossible
from partners.views import proving

COOKIE = "invitation"
PURPOSE = "invitation"
View = Callable[..., HttpResponse]


def discreet(view: View) -> View:
    """Answer only so many from one place."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            invitation_links.count_look(request)
        except guessing.TooMany:
            return render(request, "partners/too_many.html", status=429)
        return view(request, *args, **kwargs)

    return answer


@login_not_required
@require_GET
@discreet
def invitation_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: the token leaves the address bar, whatever it is."""
    response = redirect("partners:invitation")
    path = reverse("partners:invitation")
    invitation_links.keep(response, request, COOKIE, token, path)
    return response


@login_not_required
@require_GET
@discreet
def invitation(request: HttpRequest) -> HttpResponse:
    """Who invites into which firm, until when; nothing else is known to whoever has the link."""
    found = _found(request)
    return _gone(request) if found is None else _page(request, found)


@login_not_required
@require_POST
@discreet
def invitation_accept(request: HttpRequest) -> HttpResponse:
    """Join with the account of the reader."""
    if not request.user.is_authenticated:
        return redirect("partners:invitation")
    try:
        membership = invitations.accept(_digest(request), by=request.user)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("partners:invitation")
    acting.choose(request.session, membership.partner_id)
    messages.success(
        request, _("Welcome. You belong to %(firm)s now.") % {"firm": membership.partner.name}
    )
    return _done(redirect("home"))


@login_not_required
@require_POST
@discreet
def invitation_begin(request: HttpRequest) -> HttpResponse:
    """Somebody without an account: name and password, then a code to the invited mailbox."""
    found = _found(request)
    if found is None:
        return _gone(request)
    if request.user.is_authenticated:
        return redirect("partners:invitation")
    form = NewcomerForm(request.POST, address=found.email)
    if form.is_valid():
        newcomer = Newcomer.of(
            email=found.email,
            name=form.cleaned_data["person_name"],
            language=translation.get_language()[:2],
            password=form.cleaned_data["password"],
        )
        facts = {"digest": found.token_sha256}
        try:
            if proving.ask_for_code(request, PURPOSE, facts, newcomer):
                return redirect("partners:invitation_code")
            form.add_error(None, _("The mail could not be sent. Please try again later."))
        except guessing.TooMany:
            form.add_error(None, proving.too_many())
    return _page(request, found, form)


@login_not_required
@require_http_methods(["GET", "POST"])
@discreet
def invitation_code(request: HttpRequest) -> HttpResponse:
    """The code that was sent to the invited mailbox; the right one is the way in."""
    if request.user.is_authenticated or not newcomers.waits(request.session, PURPOSE):
        return redirect("partners:invitation")
    return proving.take_code(request, PURPOSE, back=reverse("partners:invitation"), then=_join)


def _join(request: HttpRequest, facts: dict[str, Any], newcomer: Newcomer | None) -> HttpResponse:
    try:
        if newcomer is None:
            raise NotPossible(invitations.gone())
        membership = invitations.join(facts["digest"], newcomer)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("partners:invitation")
    messages.success(
        request, _("Welcome. You belong to %(firm)s now.") % {"firm": membership.partner.name}
    )
    response = proving.sign_in(request, membership.user, reverse("home"))
    acting.choose(request.session, membership.partner_id)
    return _done(response)


def _digest(request: HttpRequest) -> str:
    return invitation_links.kept(request, COOKIE)


def _found(request: HttpRequest) -> Invitation | None:
    return invitations.find(_digest(request))


def _page(
    request: HttpRequest, found: Invitation, form: NewcomerForm | None = None
) -> HttpResponse:
    user = request.user
    context = {
        "invitation": found,
        "masked": invitation_links.masked(found.email),
        "is_mine": user.is_authenticated and invitations.is_for(found, user),
        "form": form or NewcomerForm(address=found.email),
        "here": reverse("partners:invitation"),
    }
    return render(request, "partners/invitation.html", context)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "partners/invitation_gone.html", status=404)


def _done(response: HttpResponse) -> HttpResponse:
    """Forget the link: it was good once."""
    response.delete_cookie(COOKIE, path=reverse("partners:invitation"), samesite="Lax")
    return response
