"""How often somebody may guess at a password or a code, so that guessing ends and no owner waits.

A known device has an allowance of its own for an account, and nothing that happens elsewhere uses
it up. All other devices share three: of an account at a place, of a place, and of an account
altogether. The last one stops whoever guesses from a thousand places. While it is used up an owner
at a new device waits, or comes in at once by a passkey, by Microsoft or by a link to the mailbox.
"""

from dataclasses import dataclass

from allauth.core.internal.ratelimit import truncate_ip
from django.http import HttpRequest

from partners import guessing, networks
from partners.accounts import devices
from partners.models import User

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """So many wrong tries within so many seconds."""

    most: int
    pause: int = guessing.PAUSE


@dataclass(frozen=True, slots=True)
class Limits:
    """For one kind of secret."""

    kind: str
    device: Limit  # an account at a device that it signed in with before
    here: Limit  # an account at a place
    place: Limit  # all accounts at a place: an office behind one address is one
    account: Limit  # an account at all places together


PASSWORD = Limits("sign-in", Limit(10), Limit(10), Limit(60), Limit(50, HOUR))
# A code has six digits, and three are good at a time. Whoever gets here knows the password.
CODE = Limits("code", Limit(10), Limit(5), Limit(30), Limit(20, HOUR))


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted. ``good``: it was the right one, so it is taken back."""

    own: str  # begins anew with a good try
    shared: tuple[str, ...] = ()  # gets back the one only: own good tries must not pay for others

    def good(self) -> None:
        guessing.forget(self.own)
        for key in self.shared:
            guessing.give_back(key)


def begin(limits: Limits, request: HttpRequest, email: str) -> Try:
    """Count a try before anything is looked at; raises ``guessing.TooMany``.

    Nothing here asks whether there is such an account, so the answer does not tell.
    """
    kind, account = limits.kind, devices.account(email)
    if devices.is_known(request, email):
        own = f"{kind}:device:{devices.of(request).name}:{account}"
        guessing.count(own, most=limits.device.most, pause=limits.device.pause)
        return Try(own)
    keys = _keys(limits, request, account)
    # In this order: a place that is stopped already does not use up what others have.
    for key, limit in zip(keys, (limits.here, limits.place, limits.account), strict=True):
        guessing.count(key, most=limit.most, pause=limit.pause)
    return Try(keys[0], tuple(keys[1:]))


def forgive(request: HttpRequest, user: User) -> None:
    """Begin anew for ``user``: a link that reached the mailbox was used."""
    account = devices.account(user.email)
    for limits in (PASSWORD, CODE):
        here, _place, everywhere = _keys(limits, request, account)
        guessing.forget(here)
        guessing.forget(everywhere)


def _keys(limits: Limits, request: HttpRequest, account: str) -> list[str]:
    # Of IPv6 somebody has a whole net.
    place = truncate_ip(networks.client_address(request))
    return [
        f"{limits.kind}:here:{account}:{place}",
        f"{limits.kind}:place:{place}",
        f"{limits.kind}:account:{account}",
    ]
