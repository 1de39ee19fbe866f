"""Links of invitations: made at random, sent once, and known to the database as hashes only."""

import hashlib
import secrets
from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from partners import guessing, networks
from partners.models.invitations import LASTS

MOST_LOOKS = 120  # at invitations from one place, within a quarter of an hour
KEPT = timedelta(days=1)  # how long a browser keeps a link that it opened
SHAPE = 43  # characters of a token


def new_token() -> str:
    """256 bits nobody can guess, for an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database knows of ``token``."""
    return hashlib.sha256(token.encode()).hexdigest()


def masked(email: str) -> str:
    """An address as whoever holds a link may see it: the owner knows it again, others do not."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def days() -> int:
    """How long a link works."""
    return LASTS.days


def keep(response: HttpResponse, request: HttpRequest, name: str, token: str, path: str) -> None:
    """Let the browser bring the token along by itself, to the pages under ``path`` only.

    So it stands in no address any more: not in the history, in a Referer or in what somebody
    copies. Nothing is written on the server.
    """
    # For this answer only: under it browsers send forms with "Origin: null", which are refused.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_cookie(
        name,
        token,
        max_age=KEPT,
        path=path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def kept(request: HttpRequest, name: str) -> str:
    """The hash of the token that the browser brought along, or ""."""
    token = request.COOKIES.get(name, "")
    return digest(token) if len(token) == SHAPE and token.isascii() else ""


def count_look(request: HttpRequest) -> None:
    """Raises ``guessing.TooMany`` for a place that looks at very many."""
    place = networks.shortened(networks.client_address(request))
    guessing.count(f"invitation-looks:{place}", most=MOST_LOOKS)
