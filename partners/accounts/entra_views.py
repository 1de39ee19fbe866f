"""To Microsoft and back: signing in, connecting an identity, being asked again.

Three forms begin it, each with its token against forgery; one address takes the answer. What was
asked for stays in the session under a random ``state``, for ten minutes and one answer.
"""

import logging
import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication as asked_again
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import guessing, mails, networks, reauthentication
from partners.accounts import entra, entra_tokens
from partners.accounts.entra import Identity
from partners.accounts.entra_forms import BeginForm
from partners.models import User

logger = logging.getLogger(__name__)

AGAIN = "again"
ACCOUNT_PAGES = ""  # the purpose of being asked again by the pages about the own account
MOST_BEGUN = 40  # from one place within a quarter of an hour


class Trouble(Exception):
    """It ends here; ``sentences`` for the person, ``status`` for the answer."""

    def __init__(
        self, heading: str, sentences: tuple[str, ...], status: int = HTTPStatus.BAD_REQUEST
    ) -> None:
        self.heading, self.sentences, self.status = heading, sentences, status
        super().__init__(heading)


# ---- There ---------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_POST
def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in, or connect an identity with the account that is signed in."""
    _require(provider_id)
    form = BeginForm(request.POST)
    if not form.is_valid():
        return _answer(request, _lost())
    process, back = form.cleaned_data["process"], form.cleaned_data["next"]
    if process == BeginForm.CONNECT:
        if not isinstance(request.user, User):
            return redirect("account_login")
        asked_again.raise_if_reauthentication_required(request, app="partners.accounts")
    return _leave(request, {"process": process, "next": back})


@never_cache
@require_http_methods(["GET", "POST"])
def reauthenticate(request: HttpRequest) -> HttpResponse:
    """Be asked by Microsoft again: a page with one button, since a link must not begin anything."""
    user = request.user
    if not isinstance(user, User) or not entra.is_available():
        raise Http404
    if (account := entra.connected(user).last()) is None:
        raise Http404
    token = request.GET.get("for", "")
    try:
        purpose, back = entra.asked_for(token) if token else (ACCOUNT_PAGES, "")
    except (signing.BadSignature, KeyError, TypeError):
        return _answer(request, _lost())
    if not token:
        back = entra.own_path(request.GET.get(REDIRECT_FIELD_NAME)) or reverse("mfa_index")
    if request.method == "GET":
        context = {"back": back, "email": account.extra_data.get("email", "")}
        return render(request, "socialaccount/reauthenticate.html", context)
    hint = account.extra_data.get("email", "")
    return _leave(request, {"process": AGAIN, "purpose": purpose, "next": back}, hint=hint)


def _leave(request: HttpRequest, wanted: dict[str, Any], hint: str = "") -> HttpResponse:
    """A page that leads on to Microsoft by itself.

    No redirect: browsers hold the answer of a form, and all that follows, against the page's
    ``form-action``, which is this portal only; and nobody knows where an organisation leads its
    people on.
    """
    try:
        guessing.count(f"entra:{networks.client_address(request)}", most=MOST_BEGUN)
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        state = secrets.token_urlsafe(32)
        url = entra_tokens.authorize_url(
            state=state,
            nonce=nonce,
            verifier=verifier,
            back=_callback_url(),
            again=wanted["process"] == AGAIN,
            hint=hint,
        )
    except guessing.TooMany:
        return _answer(request, _too_many())
    except entra_tokens.Unreachable as error:
        logger.warning("Microsoft cannot be reached: %s", error)
        return _answer(request, _unreachable())
    wanted |= {
        "nonce": nonce,
        "verifier": verifier,
        "begun_at": time.time(),
        "user": str(request.user.pk) if request.user.is_authenticated else "",
    }
    statekit.stash_state(request, provider_id=entra.PROVIDER, state=wanted, state_id=state)
    return render(request, "socialaccount/leave.html", {"url": url})


def _callback_url() -> str:
    """As it is registered at Microsoft: by the settings, never by the host of a request."""
    return mails.absolute(reverse("openid_connect_callback", args=[entra.PROVIDER]))


# ---- And back ------------------------------------------------------------------------------------


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take Microsoft's answer: once, in the browser that asked, and only what was asked for."""
    _require(provider_id)
    try:
        wanted = statekit.unstash_state(
            request, provider_id=entra.PROVIDER, state_id=request.GET.get("state", "")
        )
        if wanted is None:
            raise _lost()
        process, user = wanted["process"], request.user
        if process != BeginForm.SIGN_IN and wanted["user"] != str(user.pk):
            raise _lost()  # nobody is signed in any more, or somebody else
        identity = _identity(request, wanted)
        if not entra.is_allowed(identity.tid):
            raise _foreign()
        if process == BeginForm.SIGN_IN:
            return _sign_in(request, wanted, identity)
        if not isinstance(user, User):
            raise _lost()
        if process == BeginForm.CONNECT:
            return _connect(request, user, wanted, identity)
        return _confirm(request, user, wanted, identity)
    except Trouble as trouble:
        return _answer(request, trouble)


def _identity(request: HttpRequest, wanted: dict[str, Any]) -> Identity:
    code = request.GET.get("code", "")
    if not code or "error" in request.GET:
        logger.info("Microsoft sent an error: %.60r", request.GET.get("error", ""))
        raise _cancelled()
    try:
        token = entra_tokens.exchange(code, verifier=wanted["verifier"], back=_callback_url())
        return entra_tokens.check(token, nonce=wanted["nonce"])
    except entra_tokens.Unreachable as error:
        logger.warning("Microsoft cannot be reached: %s", error)
        raise _unreachable() from error
    except entra_tokens.Refused as error:
        logger.warning("An answer of Microsoft was refused: %s", error)
        raise _unproved() from error


def _sign_in(request: HttpRequest, wanted: dict[str, Any], identity: Identity) -> HttpResponse:
    account = entra.account_of(identity)
    if account is None:
        person = entra.person_by_address(identity)
        if person is None:
            raise _unknown()
        account = _keep(request, person, identity)
        if account is None:
            raise _unknown()
    else:
        SocialAccount.objects.filter(pk=account.pk).update(extra_data=identity.shown)
    user = account.user
    if request.user.is_authenticated:
        get_adapter(request).logout(request)  # a sign-in begins a session of its own
    record_authentication(request, user, entra.METHOD, **identity.record)
    response: HttpResponse = perform_login(request, user, redirect_url=wanted["next"] or None)
    return response


def _connect(
    request: HttpRequest, user: User, wanted: dict[str, Any], identity: Identity
) -> HttpResponse:
    if asked_again.is_reauthentication_required(request, app="partners.accounts"):
        raise _lost()  # it took so long that whoever sits there may be another
    account = entra.account_of(identity)
    if account is None and entra.is_represented(user, identity.tid):
        messages.error(
            request,
            _(
                "You have connected another account of this organisation. Please disconnect it"
                " first."
            ),
        )
    elif (
        account := account or _keep(request, user, identity)
    ) is None or account.user_id != user.pk:
        messages.error(
            request, _("This Microsoft account is connected with another account of the portal.")
        )
    else:
        record_authentication(request, user, entra.METHOD, **identity.record)
        messages.success(request, _("You can now sign in with Microsoft."))
    return redirect(wanted["next"] or "socialaccount_connections")


def _keep(request: HttpRequest, user: User, identity: Identity) -> SocialAccount | None:
    """Connect the identity with ``user`` and tell them by mail; None if another was quicker."""
    try:
        with transaction.atomic():
            account = SocialAccount.objects.create(
                user=user, provider=entra.PROVIDER, uid=identity.uid, extra_data=identity.shown
            )
    except IntegrityError:
        return entra.account_of(identity)
    get_adapter(request).send_notification_mail(
        "socialaccount/email/account_connected", user, {"account": account, "user": user}
    )
    return account


def _confirm(
    request: HttpRequest, user: User, wanted: dict[str, Any], identity: Identity
) -> HttpResponse:
    account = entra.account_of(identity)
    if account is None or account.user_id != user.pk:
        raise _another()
    if not entra.is_fresh(identity, begun_at=wanted["begun_at"]):
        logger.warning("Microsoft did not ask again: auth_time is missing or old")
        raise _stale()
    if wanted["purpose"] != ACCOUNT_PAGES:
        reauthentication.keep_proof(
            request, wanted["purpose"], reauthentication.Method.ENTRA, tenant=identity.tid
        )
        return HttpResponseRedirect(wanted["next"])
    record_authentication(request, user, entra.METHOD, reauthenticated=True, **identity.record)
    # What was begun before goes on there.
    request.GET = QueryDict(urlencode({REDIRECT_FIELD_NAME: wanted["next"]}))
    resumed: HttpResponse | None = asked_again.resume_request(request)
    return resumed or HttpResponseRedirect(wanted["next"])


# ---- What goes wrong -----------------------------------------------------------------------------


def _require(provider_id: str) -> None:
    if provider_id != entra.PROVIDER or not entra.is_available():
        raise Http404


def _answer(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    request.META["QUERY_STRING"] = ""  # code and state are for nobody: no page repeats them
    context = {"heading": trouble.heading, "sentences": trouble.sentences}
    page = "socialaccount/authentication_error.html"
    return render(request, page, context, status=trouble.status)


def _lost() -> Trouble:
    return Trouble(
        _("Please start again"),
        (
            _("This answer belongs to no sign-in that was begun in this browser, or it came late."),
            _("Nothing has been changed."),
        ),
    )


def _cancelled() -> Trouble:
    return Trouble(
        _("Not signed in with Microsoft"),
        (_("The sign-in at Microsoft was cancelled or refused. Nothing has been changed."),),
    )


def _unproved() -> Trouble:
    return Trouble(
        _("Not signed in with Microsoft"),
        (
            _("What Microsoft sent does not prove who you are, so it was not used."),
            _("Please start again. If it happens once more, please write to the operator."),
        ),
    )


def _unreachable() -> Trouble:
    return Trouble(
        _("Microsoft does not answer"),
        (
            _("Signing in with Microsoft is not possible at the moment."),
            _("Please try again in some minutes, or sign in another way."),
        ),
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _too_many() -> Trouble:
    return Trouble(
        _("Too many tries"),
        (_("Please wait a quarter of an hour and try again."),),
        HTTPStatus.TOO_MANY_REQUESTS,
    )


def _foreign() -> Trouble:
    return Trouble(
        _("Not signed in with Microsoft"),
        (_("The operator of this portal does not admit your organisation at Microsoft."),),
        HTTPStatus.FORBIDDEN,
    )


def _unknown() -> Trouble:
    """The same for everybody: whether there is an account with the address is nobody's business."""
    return Trouble(
        _("Nobody signs in with this Microsoft account yet"),
        (
            _(
                "If you have an account here, please sign in as you usually do and connect"
                " Microsoft on the page about your security."
            ),
            _("If you have none, you need an invitation of your firm's admin first."),
        ),
        HTTPStatus.FORBIDDEN,
    )


def _another() -> Trouble:
    return Trouble(
        _("That was another Microsoft account"),
        (_("Please confirm with a Microsoft account that is connected with your account here."),),
        HTTPStatus.FORBIDDEN,
    )


def _stale() -> Trouble:
    return Trouble(
        _("Microsoft did not ask you again"),
        (
            _("To confirm that it is you, you have to sign in at Microsoft anew."),
            _("Please start again."),
        ),
        HTTPStatus.FORBIDDEN,
    )
