"""Who is there? Asked once more at the moment somebody binds a firm, whatever the session knows.

With the strongest thing the person has: a passkey, a code of an authenticator app, Microsoft Entra
ID; the password only if there is none of these. What is asked for has a purpose (to sign this text,
to end this agreement): a proof for one is none for another, is good once and for five minutes.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from fido2.webauthn import UserVerificationRequirement

from partners import guessing
from partners.accounts import entra
from partners.models import Partner, User

TRIES = 5  # wrong passwords or codes within a quarter of an hour
LIFETIME = 300  # seconds that a challenge or a proof is good for
MOST_KEPT = 8  # purposes a session remembers at a time, the latest ones
SESSION_KEY = "reauthentication"


class Method(models.TextChoices):
    """How a person showed who they are; it goes into the evidence of a signature."""

    PASSWORD = "password", gettext_lazy("Password entered again")
    PASSKEY = "passkey", gettext_lazy("Passkey used again")
    TOTP = "totp", gettext_lazy("Code of an authenticator app entered")
    ENTRA = "entra", gettext_lazy("Signed in again with Microsoft Entra ID")


class Refused(Exception):
    """It was not shown, or it is too early to try again; ``str(error)`` is for the person.

    ``field`` is the one of the form that the sentence belongs to, or None.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page needs to ask: the ways open to the person, and what they have shown already."""

    purpose: str
    methods: tuple[Method, ...]
    is_proved: bool = False  # came back from Microsoft within the last five minutes
    entra_url: str = ""


NOTHING = Asked("", ())  # for a step that binds nobody


def methods(user: User, firm: Partner | None = None) -> tuple[Method, ...]:
    """The ways in which ``user`` can be asked, for something that binds ``firm``; best first.

    Recovery codes are none: they are for getting in again, not for binding a firm.
    """
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    found = []
    if Authenticator.Type.WEBAUTHN in kinds:
        found.append(Method.PASSKEY)
    if Authenticator.Type.TOTP in kinds:
        found.append(Method.TOTP)
    if entra.is_available() and entra.connected(user).exists():
        found.append(Method.ENTRA)
    if user.has_usable_password() and not {Method.PASSKEY, Method.TOTP} & set(found):
        found.append(Method.PASSWORD)
    rule = firm.sign_in_rule if firm else Partner.SignInRule.ANY
    if rule == Partner.SignInRule.SECOND_FACTOR:
        found = [method for method in found if method != Method.PASSWORD]
    elif rule == Partner.SignInRule.ENTRA:
        found = [method for method in found if method == Method.ENTRA]
    return tuple(found)


def asked(
    request: HttpRequest, purpose: str, *, firm: Partner | None = None, back: str = ""
) -> Asked:
    """What to ask on the page at path ``back`` for ``purpose``, of whoever is signed in."""
    user = request.user
    if not isinstance(user, User):
        return Asked(purpose, ())
    found = methods(user, firm)
    proof = _kept(request, purpose, "proof")
    return Asked(
        purpose=purpose,
        methods=found,
        is_proved=proof is not None and Method.ENTRA in found and _is_of(proof, firm),
        entra_url=entra.reauthenticate_url(purpose, back) if Method.ENTRA in found else "",
    )


def _is_of(proof: Mapping[str, Any], firm: Partner | None) -> bool:
    """Whether a proof counts for ``firm``: one that demands its own organisation takes no other."""
    if firm is None or firm.sign_in_rule != Partner.SignInRule.ENTRA:
        return True
    return bool(proof["tenant"] == str(firm.entra_tenant))


def check(asked: Asked, request: HttpRequest, given: Mapping[str, Any]) -> Method:
    """How the person has shown who they are, or ``Refused``; whatever was shown is used up.

    ``given``: the cleaned data of a ``ConfirmedForm``.
    """
    user = request.user
    if not isinstance(user, User) or not asked.methods:
        raise Refused(_("You have no way yet to show who you are. Please set one up first."))
    if asked.is_proved and _pop(request, asked.purpose, "proof"):
        return Method.ENTRA
    if given.get("credential") and Method.PASSKEY in asked.methods:
        _check_passkey(request, asked.purpose, user, given["credential"])
        return Method.PASSKEY
    if given.get("code") and Method.TOTP in asked.methods:
        check_code(user, given["code"])
        return Method.TOTP
    if given.get("password") and Method.PASSWORD in asked.methods:
        check_password(user, given["password"])
        return Method.PASSWORD
    raise Refused(*_missing(asked))


def _missing(asked: Asked) -> tuple[str, str | None]:
    """What to say to whoever has shown nothing, and at which field."""
    if Method.TOTP in asked.methods:
        return _("Please enter the code of your authenticator app."), "code"
    if Method.PASSWORD in asked.methods:
        return _("Please enter your password."), "password"
    if Method.PASSKEY in asked.methods:
        return _("Please confirm with your passkey."), None
    return _("Please confirm with Microsoft first."), None


def check_password(user: User, password: str) -> None:
    """Return if ``password`` is the person's own; raise ``Refused`` otherwise.

    After ``TRIES`` wrong ones within a quarter of an hour nothing is checked until it is over. Who
    knows the password loses at most that time, whoever guesses gets no further.
    """
    key = _count(user, "password", _("Too many wrong passwords."))
    if not user.check_password(password):
        raise Refused(_("This is not your password. Please try again."), "password")
    guessing.forget(key)


def check_code(user: User, code: str) -> None:
    """Return if ``code`` is the one that the person's app shows now and was not used yet."""
    key = _count(user, "code", _("Too many wrong codes."))
    authenticator = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if authenticator is None or not authenticator.wrap().validate_code(code):
        raise Refused(
            _("This code does not fit, or it was used already. Please take the next one."), "code"
        )
    authenticator.record_usage()
    guessing.forget(key)


def _count(user: User, field: str, too_many: str) -> str:
    key = f"signing:{user.pk}"
    try:
        guessing.count(key, most=TRIES)
    except guessing.TooMany as error:
        wait = _("Please wait a quarter of an hour and try again.")
        raise Refused(f"{too_many} {wait}", field) from error
    return key


# ---- Passkeys ------------------------------------------------------------------------------------


def challenge(request: HttpRequest, purpose: str) -> dict[str, Any]:
    """What the browser needs to ask for a passkey of whoever is signed in, for ``purpose``.

    What the passkey signs is a hash over ``purpose`` and a random number, so its answer fits no
    other text, and no other session.
    """
    user = cast("User", request.user)
    nonce = secrets.token_bytes(32)
    options, state = webauthn.get_server().authenticate_begin(
        credentials=webauthn.get_credentials(user),
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_challenge(purpose, nonce),
    )
    _keep(request, purpose, "challenge", {"nonce": nonce.hex(), "state": state})
    public: dict[str, Any] = dict(options)
    return public


def _challenge(purpose: str, nonce: bytes) -> bytes:
    return hashlib.sha256(nonce + purpose.encode()).digest()


def _check_passkey(request: HttpRequest, purpose: str, user: User, credential: str) -> None:
    kept = _pop(request, purpose, "challenge")
    wrong = Refused(_("The passkey was not confirmed. Please try again."))
    if kept is None:
        raise wrong
    try:
        answer = json.loads(credential)
        webauthn.parse_authentication_response(answer)
        binding = webauthn.get_server().authenticate_complete(
            kept["state"], webauthn.get_credentials(user), answer
        )
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise wrong from error  # whatever the browser sent: it is no answer of this person's key
    authenticator = webauthn.get_authenticator_by_credential_id(user, binding.credential_id)
    if authenticator is None:
        raise wrong
    authenticator.record_usage()


# ---- What a session remembers --------------------------------------------------------------------


def keep_proof(
    request: HttpRequest, purpose: str, method: Method, *, tenant: UUID | None = None
) -> None:
    """Remember that the person has just shown elsewhere who they are, for ``purpose`` only.

    ``tenant``: the organisation at Microsoft that vouched for it.
    """
    _keep(request, purpose, "proof", {"method": method.value, "tenant": str(tenant)})


def _keep(request: HttpRequest, purpose: str, what: str, value: dict[str, Any]) -> None:
    kept = dict(request.session.get(SESSION_KEY, {}))
    about = {"at": time.time(), "user": str(request.user.pk), "id": secrets.token_hex(16)}
    kept[f"{what} {purpose}"] = {**value, **about}
    latest = sorted(kept.items(), key=lambda item: -item[1]["at"])[:MOST_KEPT]
    request.session[SESSION_KEY] = dict(latest)


def _kept(request: HttpRequest, purpose: str, what: str) -> dict[str, Any] | None:
    value: dict[str, Any] | None = request.session.get(SESSION_KEY, {}).get(f"{what} {purpose}")
    if value is None or value["user"] != str(request.user.pk):
        return None
    return value if 0 <= time.time() - value["at"] <= LIFETIME else None


def _pop(request: HttpRequest, purpose: str, what: str) -> dict[str, Any] | None:
    value = _kept(request, purpose, what)
    kept = dict(request.session.get(SESSION_KEY, {}))
    if kept.pop(f"{what} {purpose}", None) is not None:
        request.session[SESSION_KEY] = kept
    # A session is stored at the end of a request: two at the same instant both find the proof.
    if value is not None and not cache.add(f"reauthentication:{value['id']}", True, LIFETIME):
        return None
    return value
