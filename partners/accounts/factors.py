"""The second factor: passkeys, authenticator apps, recovery codes."""

import io
from base64 import urlsafe_b64encode
from typing import Any

import segno
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners.models import User

NAME = "Handschlag"
_SALT = "partners.accounts.factors"


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_generate_recovery_codes": gettext_lazy(
            "Recovery codes go with a passkey or an authenticator app. Please set one up first."
        ),
        "incorrect_code": gettext_lazy("This code is not right. Please try again."),
        "unverified_email": gettext_lazy("Please confirm your e-mail address first."),
    }

    def get_totp_issuer(self) -> str:
        return NAME

    def build_totp_svg(self, url: str) -> str:
        """Black on white with a margin: cameras want it so, on dark pages too."""
        out = io.BytesIO()
        segno.make_qr(url, error="m").save(out, kind="svg", scale=5, border=4, light="#fff")
        return out.getvalue().decode()

    def encrypt(self, text: str) -> str:
        """Who copies the database gets no codes; the key comes from ``SECRET_KEY``."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise ValueError("a second factor was kept under another SECRET_KEY") from error

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Passkey") if number == 1 else _("Passkey %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": NAME}

    def _get_site_name(self) -> str:
        return NAME

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**entity, "display_name": user.name, "name": user.email}


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (salted_hmac(_SALT, "", secret=key, algorithm="sha256").digest() for key in keys)
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])


def is_last(authenticator: Authenticator) -> bool:
    """Whether the account is open to its password alone once this one is removed."""
    others = Authenticator.objects.filter(user=authenticator.user_id).exclude(pk=authenticator.pk)
    return not others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def connect() -> None:
    authenticator_added.connect(_count_for_this_session, dispatch_uid="factor just set up")


def _count_for_this_session(
    sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **_rest: Any
) -> None:
    """Whoever has just set up a factor has shown it: a code of the app, or the key itself.

    Without this a person whom a firm asks for one would have to sign in again at once.
    """
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=authenticator.type)
