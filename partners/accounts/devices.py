"""Devices that somebody signed in with before: each account has an allowance of tries on each.

So whoever guesses from everywhere makes new devices wait, and never the owner at their own. The
cookie is no key to anything: it says for which accounts the device is known, and whoever copies it
gets the ten tries of that device.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string, salted_hmac

from partners.models import User

AGE = 365 * 24 * 3600  # seconds since the last sign-in
MOST = 8  # accounts that one device is known for, the latest ones
_SALT = "partners.accounts.devices"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser, as its cookie tells: a random name, and the accounts that signed in with it."""

    name: str = ""
    accounts: tuple[str, ...] = ()


def cookie_name() -> str:
    return "__Host-device" if settings.SESSION_COOKIE_SECURE else "device"


def account(email: str) -> str:
    """What stands for an address: nobody who reads a cookie or a cache learns it."""
    return salted_hmac(_SALT, User.objects.normalize_email(email), algorithm="sha256").hexdigest()


def of(request: HttpRequest) -> Device:
    """The device of ``request``; one without a name if it is new, or the cookie is not ours."""
    written = request.COOKIES.get(cookie_name(), "")
    try:
        name, accounts = signing.loads(written, salt=_SALT, max_age=AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return Device()
    return Device(name, tuple(accounts))


def is_known(request: HttpRequest, email: str) -> bool:
    return account(email) in of(request).accounts


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser keep that ``user`` signed in here."""
    device = of(request)
    others = [each for each in device.accounts if each != account(user.email)]
    accounts = [account(user.email), *others][:MOST]
    response.set_cookie(
        cookie_name(),
        signing.dumps((device.name or get_random_string(22), accounts), salt=_SALT),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
