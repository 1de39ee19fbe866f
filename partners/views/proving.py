"""What the two ways in have in common: asking for a code, and signing in whoever had it."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from partners import guessing, joining_mails, networks, newcomers
from partners.joining_forms import CodeForm
from partners.models import User
from partners.newcomers import Newcomer

MOST_TO_A_MAILBOX = 3  # within a quarter of an hour
MOST_FROM_A_PLACE = 20


def ask_for_code(
    request: HttpRequest,
    purpose: str,
    facts: Mapping[str, Any],
    person: Newcomer | User,
    *,
    firm_here: str = "",
) -> bool:
    """Send one mail to the mailbox of ``person``, and wait for the code; False if none could leave.

    Whatever the mail says, the page that follows is the same: whether somebody has an account, or a
    firm is registered, is told to the mailbox only. Raises ``guessing.TooMany``.
    """
    place = networks.shortened(networks.client_address(request))
    guessing.count(f"codes-from:{place}", most=MOST_FROM_A_PLACE)
    mailbox = sha256(person.email.encode()).hexdigest()
    guessing.count(f"codes-to:{mailbox}", most=MOST_TO_A_MAILBOX)
    newcomer = person if isinstance(person, Newcomer) else None
    known = newcomer is not None and newcomers.is_known(newcomer.email)
    good = not known and not firm_here
    code = newcomers.begin(request.session, purpose, facts, newcomer, good=good)
    to, language = person.email, person.language
    if firm_here:
        return joining_mails.send_firm_is_here(to=to, language=language, firm=firm_here)
    if known:
        return joining_mails.send_sign_in_instead(to=to, language=language)
    return joining_mails.send_code(to=to, language=language, code=code)


def take_code(
    request: HttpRequest,
    purpose: str,
    *,
    back: str,
    then: Callable[[HttpRequest, dict[str, Any], Newcomer | None], HttpResponse],
) -> HttpResponse:
    """The page that takes the code; with the right one goes on to ``then``, else ``back``."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            facts, newcomer = newcomers.prove(request.session, purpose, form.cleaned_data["code"])
        except newcomers.WrongCode:
            form.add_error("code", _("This is not the code of the mail. Please look again."))
        except newcomers.NoLonger:
            messages.warning(request, _("The code no longer works. Please ask for a new one."))
            return redirect(back)
        else:
            return then(request, facts, newcomer)
    return render(request, "partners/joining_code.html", {"form": form, "back": back})


def sign_in(request: HttpRequest, user: User, page: str) -> HttpResponse:
    """Sign in somebody who has just chosen a password and proved the mailbox; go on to ``page``."""
    record_authentication(request, user, method="password", email=user.email)
    answer: HttpResponse = perform_login(request, Login(user=user, redirect_url=page))
    return answer


def too_many() -> str:
    return _("Too many tries. Please wait a quarter of an hour and try again.")
