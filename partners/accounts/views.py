"""Pages of signing in that are the portal's own, or more than django-allauth's."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from partners import perms
from partners.accounts import addresses, demands, devices, entra, factors, sessions, tries
from partners.accounts.demand_forms import SignInRuleForm
from partners.middleware import PortalRequest
from partners.models import Partner
from partners.people import NotPossible


class ChoosePasswordView(account.PasswordResetFromKeyView):  # type: ignore[misc]
    def form_valid(self, form: Form) -> HttpResponse:
        """The link reached the mailbox: the address is proved, and the device is known."""
        response: HttpResponse = super().form_valid(form)
        addresses.prove(self.reset_user)
        tries.forgive(self.request, self.reset_user)
        devices.remember(self.request, response, self.reset_user)
        return response


choose_password = ChoosePasswordView.as_view()
# Whoever found an open session must not be able to give themselves a password to keep.
set_password = reauthentication_required(account.password_set)


# ---- The page of security ------------------------------------------------------------------------


@require_GET
def security(request: PortalRequest) -> HttpResponse:
    """All ways in of the reader on one page, and where they are signed in."""
    user = request.user
    kept: dict[str, list[Authenticator]] = {"webauthn": [], "totp": [], "recovery_codes": []}
    for authenticator in Authenticator.objects.filter(user=user).order_by("created_at", "pk"):
        kept[authenticator.type].append(authenticator)
    codes = kept["recovery_codes"]
    lines = sessions.of(user, request.session.session_key)
    context = {
        "has_password": user.has_usable_password(),
        "passkeys": kept["webauthn"],
        "app": next(iter(kept["totp"]), None),
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "has_factor": bool(kept["webauthn"] or kept["totp"]),
        "microsoft": list(entra.connected(user)),
        "offers_microsoft": entra.is_available(),
        "sessions": lines[:5],
        "session_count": len(lines),
        "demanding": _demanding(request),
    }
    return render(request, "mfa/index.html", context)


def _demanding(request: PortalRequest) -> list[Partner]:
    """The reader's firms that demand more than a password."""
    firms = [each.partner for each in request.memberships]
    return [firm for firm in firms if firm.sign_in_rule != Partner.SignInRule.ANY]


def passkeys(request: PortalRequest) -> HttpResponse:
    """They are listed on the page of security."""
    return redirect(reverse("mfa_index") + "#passkeys")


class _Passkey:
    """Hands the page what the browser needs as text: no page of the portal has a script in it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if "js_data" in context:
            options = next(iter(context["js_data"].values()))
            context["options"] = json.dumps(options, cls=_Options)
        return context


class _Options(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return dict(o) if isinstance(o, Mapping) else super().default(o)


class AddPasskeyView(_Passkey, webauthn.AddWebAuthnView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["options"] = json.dumps(
            auth.begin_registration(self.request.user, True), cls=_Options
        )
        context["form"] = kwargs.get("form") or self.get_form()
        return context


class PasskeyAgainView(_Passkey, webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    def form_invalid(self, form: Form) -> HttpResponse:
        for sentence in form.errors.get("credential", []):
            messages.error(self.request, str(sentence))
        return redirect(self.request.get_full_path())


class SecondFactorView(_Passkey, mfa.AuthenticateView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        kinds = Authenticator.objects.filter(user=self.stage.login.user)
        context["kinds"] = set(kinds.values_list("type", flat=True))
        return context


class _Removing:
    """Says beforehand what is left when this one is gone."""

    request: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        one = getattr(self, "authenticator", None) or self.object  # type: ignore[attr-defined]
        context["is_last"] = factors.is_last(one)
        context["demanding"] = _demanding(self.request)
        return context


class RemovePasskeyView(_Removing, webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    pass


class RemoveAppView(_Removing, totp.DeactivateTOTPView):  # type: ignore[misc]
    pass


class RecoveryCodesView(recovery_codes.ViewRecoveryCodesView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        lines = [_("Recovery codes for Handschlag"), "", *context["unused_codes"], ""]
        if context["can_view_codes"]:
            context["file"] = "data:text/plain;charset=utf-8," + quote("\r\n".join(lines))
        return context


add_passkey = AddPasskeyView.as_view()
passkey_again = PasskeyAgainView.as_view()
second_factor = SecondFactorView.as_view()
remove_passkey = RemovePasskeyView.as_view()
remove_app = RemoveAppView.as_view()
recovery_codes_view = never_cache(RecoveryCodesView.as_view())


# ---- Where one is signed in ----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def session_list(request: PortalRequest) -> HttpResponse:
    """The reader's sessions; a POST ends one, all others, or all."""
    current = request.session.session_key
    if request.method == "GET":
        context = {"lines": sessions.of(request.user, current)}
        return render(request, "usersessions/usersession_list.html", context)
    which = request.POST.get("end", "")
    if which == "all":
        sessions.end_all(request.user)
        logout(request)
        messages.success(request, _("You are signed out everywhere."))
        return redirect("account_login")
    if which == "others":
        number = sessions.end_all(request.user, but=current)
        sentence = ngettext(
            "%(number)s other session is ended.", "%(number)s other sessions are ended.", number
        )
        messages.success(request, sentence % {"number": number})
    elif which.isascii() and which.isdigit() and len(which) < 19:
        if not sessions.end(request.user, int(which)):
            raise Http404
        messages.success(request, _("This session is ended."))
    return redirect("usersessions_list")


# ---- What firms demand ---------------------------------------------------------------------------


def demanded(request: PortalRequest) -> HttpResponse:
    """Which firm demands what, and what the reader can do now."""
    firms = demands.unmet(request)
    is_operator = demands.lacks_operators_factor(request)
    if not firms and not is_operator:
        return redirect("home")
    kinds = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    rules = {firm.sign_in_rule for firm in firms}
    context = {
        "firms": firms,
        "is_operator": is_operator,
        "wants_factor": is_operator or Partner.SignInRule.SECOND_FACTOR in rules,
        "wants_entra": Partner.SignInRule.ENTRA in rules,
        "offers_microsoft": entra.is_available(),
        "kinds": kinds,
        "home": reverse("home"),
    }
    return render(request, "account/demands.html", context)


@require_http_methods(["GET", "POST"])
def sign_in_rule(request: PortalRequest) -> HttpResponse:
    """What the reader's firm demands of the sign-in of its people."""
    if not request.partner:
        raise Http404
    firm = Partner.objects.of(request.user).filter(pk=request.partner.pk).first()
    if firm is None:
        raise Http404
    if not perms.can_manage_people(request.user, firm):
        raise PermissionDenied
    had = demands.shown(request)
    form = SignInRuleForm(request.POST or None, firm=firm, had=had)
    if request.method == "POST" and form.is_valid():
        rule, tenant = form.cleaned_data["rule"], form.cleaned_data["tenant"]
        try:
            if rule == Partner.SignInRule.ENTRA:
                entra.require_own_tenant(request, tenant)
            demands.demand(firm, rule, tenant=tenant, had=had, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("What your firm demands is saved."))
            return redirect("partners:profile")
    context = {
        "firm": firm,
        "form": form,
        "had": had,
        "offers_microsoft": entra.is_available(),
        "people": firm.memberships.active().count(),
    }
    return render(request, "partners/sign_in_rule.html", context)
