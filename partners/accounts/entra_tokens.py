"""Talking to Microsoft: OpenID Connect with a code and PKCE, and an ID token checked completely.

The library takes an ID token that came straight from the provider unread, as the specification
allows, and keeps no nonce. Here the signature, the issuer, the tenant, the audience, the times and
the nonce all have to be right. Requests go from the server only, and end after some seconds.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import jwt
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import constant_time_compare
from urllib3.exceptions import HTTPError

from partners.accounts.entra import SKEW, Identity

ALGORITHM = "RS256"  # the only one; what the token's own header says is no choice
CONNECT, READ, ALTOGETHER = 3.0, 5.0, 10.0  # seconds that an answer may take
MOST_BYTES = 512 * 1024
KEPT = 3600  # seconds that addresses and keys are kept
UNKNOWN_KEY_PAUSE = 60  # seconds before an unknown key makes us ask for the keys again
TEMPLATE = "{tenantid}"  # in the issuer of the addresses that serve all organisations
NEEDED = ["iss", "aud", "exp", "iat", "nonce", "tid", "oid"]


class Unreachable(Exception):
    """Microsoft did not answer, not in time, or not what it should; the reason is for the log."""


class Refused(Exception):
    """What came back proves nothing; the reason is for the log."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    issuer: str
    authorize: str
    token: str
    keys: str


# ---- Requests ------------------------------------------------------------------------------------


def _fetch(method: str, url: str, data: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON of an answer. No redirect is followed: the next host would get the secret."""
    end = time.monotonic() + ALTOGETHER
    body = b""
    try:
        with get_adapter().get_requests_session() as session:
            answer = session.request(
                method,
                url,
                data=data,
                timeout=(CONNECT, READ),
                stream=True,
                allow_redirects=False,
                headers={"Accept": "application/json"},
            )
            with answer:
                while piece := answer.raw.read1(16_384, decode_content=True):
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise Unreachable(f"{url}: more than {MOST_BYTES} bytes")
                    if time.monotonic() > end:
                        raise Unreachable(f"{url}: no end of the answer in {ALTOGETHER} s")
            return answer.status_code, json.loads(body)
    except Unreachable:
        raise
    # All that requests raises is an OSError; reading in pieces lets urllib3's own errors through.
    except (OSError, HTTPError, ValueError, RecursionError) as error:
        raise Unreachable(f"{url}: {type(error).__name__}") from error


def _fetch_object(url: str) -> dict[str, Any]:
    status, value = _fetch("GET", url)
    if status != 200 or not isinstance(value, dict):
        raise Unreachable(f"{url}: status {status}")
    return value


def _key(what: str) -> str:
    authority = hashlib.sha256(settings.ENTRA_AUTHORITY.encode()).hexdigest()[:16]
    return f"entra:{what}:{authority}"


def endpoints() -> Endpoints:
    """Where Microsoft wants to be asked, from its published configuration.

    All on the host that the operator named: the secret and the people go nowhere else.
    """
    if kept := cache.get(_key("endpoints")):
        return Endpoints(**kept)
    authority = settings.ENTRA_AUTHORITY.rstrip("/")
    parts = urlsplit(authority)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise Unreachable("ENTRA_AUTHORITY has to begin with https://")
    config = _fetch_object(f"{authority}/.well-known/openid-configuration")
    found: dict[str, Any] = {
        "issuer": config.get("issuer"),
        "authorize": config.get("authorization_endpoint"),
        "token": config.get("token_endpoint"),
        "keys": config.get("jwks_uri"),
    }
    own = f"{parts.scheme}://{parts.netloc}/"
    for name, address in found.items():
        if not isinstance(address, str) or not address.startswith(own):
            raise Unreachable(f"the configuration names no {name} on {own}")
    cache.set(_key("endpoints"), found, KEPT)
    return Endpoints(**found)


def _public_key(kid: object) -> dict[str, Any]:
    """The key that Microsoft publishes as ``kid``; it may have got a new one a minute ago."""
    keys = cache.get(_key("keys"))
    for fetched in (False, True):
        if keys is None or fetched:
            if fetched and not cache.add(_key("asked"), 1, UNKNOWN_KEY_PAUSE):
                break  # a made-up key must not make us ask each time
            keys = _fetch_object(endpoints().keys).get("keys")
            if not isinstance(keys, list):
                raise Unreachable("the published keys are no list")
            keys = [key for key in keys if isinstance(key, dict)]
            cache.set(_key("keys"), keys, KEPT)
        for key in keys:
            if kid and key.get("kid") == kid and key.get("kty") == "RSA":
                found: dict[str, Any] = key
                return found
    raise Refused("signed with a key that is not published")


# ---- The three steps -----------------------------------------------------------------------------


def authorize_url(
    *, state: str, nonce: str, verifier: str, back: str, again: bool = False, hint: str = ""
) -> str:
    """The address at Microsoft where the browser goes; ``again``: whoever is in has to sign in."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    query = {
        "client_id": settings.ENTRA_CLIENT_ID,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": back,
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    query |= {"prompt": "login", "max_age": "0"} if again else {"prompt": "select_account"}
    if hint:
        query["login_hint"] = hint
    address = endpoints().authorize
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def exchange(code: str, *, verifier: str, back: str) -> str:
    """The ID token for a code. Nothing else of the answer is kept: the portal calls nobody."""
    status, answer = _fetch(
        "POST",
        endpoints().token,
        {
            "grant_type": "authorization_code",
            "client_id": settings.ENTRA_CLIENT_ID,
            "client_secret": settings.ENTRA_CLIENT_SECRET,
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        },
    )
    if status >= 500:
        raise Unreachable(f"token endpoint: status {status}")
    token = answer.get("id_token") if isinstance(answer, dict) else None
    if status != 200 or not isinstance(token, str):
        raise Refused(f"token endpoint: status {status}")
    return token


def check(token: str, *, nonce: str) -> Identity:
    """Who ``token`` is about; ``Refused`` unless everything in it is as it has to be."""
    try:
        key = _public_key(jwt.get_unverified_header(token).get("kid"))
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK.from_dict({**key, "alg": ALGORITHM}).key,
            algorithms=[ALGORITHM],
            audience=settings.ENTRA_CLIENT_ID,
            leeway=SKEW,
            options={"require": NEEDED, "strict_aud": True},
        )
        tid, oid = UUID(claims["tid"]), UUID(claims["oid"])
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise Refused(f"the ID token does not hold: {type(error).__name__}") from error
    if (str(tid), str(oid)) != (claims["tid"], claims["oid"]):
        raise Refused("tenant or object are not written as they have to be")
    # At the address for all organisations the issuer and the keys are templates: both have to be
    # of this tenant, or a key of one kind of accounts could speak for another.
    issuer = endpoints().issuer
    if claims["iss"] != issuer.replace(TEMPLATE, claims["tid"]):
        raise Refused("from another issuer")
    signs_for = str(key.get("issuer", "" if TEMPLATE in issuer else claims["iss"]))
    if signs_for.replace(TEMPLATE, claims["tid"]) != claims["iss"]:
        raise Refused("signed with a key of another issuer")
    if not isinstance(claims["nonce"], str) or not constant_time_compare(claims["nonce"], nonce):
        raise Refused("an answer to another request")
    return _identity(claims, tid, oid)


def _identity(claims: Mapping[str, Any], tid: UUID, oid: UUID) -> Identity:
    email = claims.get("email")
    email = email.strip() if isinstance(email, str) else ""
    is_guest = claims.get("acct") in {1, "1"} or claims.get("idp", claims["iss"]) != claims["iss"]
    is_owned = claims.get("xms_edov") in (True, 1, "1", "true")
    at = claims.get("auth_time")
    amr = claims.get("amr")
    return Identity(
        tid=tid,
        oid=oid,
        name=str(claims.get("name") or ""),
        email=email,
        address=email if is_owned and not is_guest else "",
        signed_in_at=at if isinstance(at, int) and not isinstance(at, bool) else None,
        amr=tuple(str(way) for way in amr) if isinstance(amr, list) else (),
    )
