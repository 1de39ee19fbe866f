"""What the portal wants otherwise than django-allauth."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partners import guessing, mails, networks
from partners.accounts import devices, outgoing, passwords, tries
from partners.accounts.entra_adapter import AsksMicrosoft
from partners.models import User


class AccountAdapter(AsksMicrosoft, DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "duplicate_email": _("This is the address of your account already."),
        "email_password_mismatch": _("E-mail address and password do not match. Please try again."),
        "email_taken": _("There is an account with this e-mail address already."),
        "enter_current_password": _("Please enter your present password."),
        "incorrect_code": _("This code is not right. Please try again."),
        "incorrect_password": _("The password is not right. Please try again."),
        "invalid_password_reset": _("This link no longer works."),
        "max_email_addresses": _("An account has one e-mail address."),
        "password_reset": _("This link no longer works."),
        "rate_limited": _("Too many tries. Please wait a quarter of an hour and try again."),
        "same_as_current": _("This is the address of your account already."),
        "too_many_login_attempts": _(
            "Too many wrong tries. Please wait and try again, or set a new password: its link lets "
            "you in at once."
        ),
    }

    AGAIN = {
        "mfa_reauthenticate:webauthn": _("with your passkey"),
        "mfa_reauthenticate": _("with a code"),
        "reauthenticate": _("with your password"),
    }

    # ---- Who gets in -----------------------------------------------------------------------------

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody without an invitation or a firm: accounts come into being through these only."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As everywhere in the portal: forwarded addresses are believed of trusted proxies only."""
        return networks.client_address(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Whose password it is; the limits are ``tries.PASSWORD``.

        A closed account is answered as if the password were wrong: it tells nobody that it is one.
        """
        try:
            counted = tries.begin(tries.PASSWORD, request, credentials.get("email", ""))
        except guessing.TooMany as error:
            raise self.validation_error("too_many_login_attempts") from error
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        if not isinstance(user, User):
            return None
        counted.good()
        return user

    def post_login(self, request: HttpRequest, user: User, **rest: Any) -> HttpResponse:
        """The device is known from now on, and the pages speak the language of the account."""
        response: HttpResponse = super().post_login(request, user, **rest)
        devices.remember(request, response, user)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
        return response

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("mfa_index" if self.request.user.is_authenticated else "account_login")

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """How somebody shows once more who they are, the strongest way first."""
        methods = super().get_reauthentication_methods(user)
        ranks = list(self.AGAIN)
        known = [
            {**each, "description": self.AGAIN[each["id"]]}
            for each in methods
            if each["id"] in ranks
        ]
        return sorted(known, key=lambda each: ranks.index(each["id"])) + [
            each for each in methods if each["id"] not in ranks
        ]

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **_rest: Any) -> None:
        """``views.choose_password`` does what is to be done after a link."""

    # ---- Mails -----------------------------------------------------------------------------------

    def format_email_subject(self, subject: str) -> str:
        return " ".join(subject.split())

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Not the host of the request: whoever forges it would get the token."""
        return mails.absolute(passwords.path(key))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        outgoing.send(template_prefix, email, context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell somebody that their access was changed: when, from which net, with which browser."""
        request = self.request
        words = {
            "user": user,
            "net": networks.shortened(networks.client_address(request)),
            "agent": request.headers.get("user-agent", ""),
        }
        outgoing.send(template_prefix, email or user.email, {**words, **(context or {})})
