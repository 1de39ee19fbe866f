"""Forged requests to every address: no token, another site, another host, a way out, a secret."""

import logging
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils.log import AdminEmailHandler

from partners.models import User
from tests.attacks.addresses import Address, every
from tests.factories import PASSWORD, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
ADDRESSES = every()
# Sessions are noted wherever somebody is, also on the way to a refusal.
WRITES = re.compile('(INSERT INTO|UPDATE|DELETE FROM) (?!"(django_session|usersessions_))')
EVIL = "evil.example"
# Views that take requests without a token, and what they ask for in its place. Each is listed.
EXEMPT = {
    name: "the key of an API user in a header, which no browser sends by itself"
    for name in (address.name for address in ADDRESSES)
    if name.startswith("api")
}


def manager() -> User:
    return member(PartnerFactory.create(), "admin", "manager", "signer", "lead")


def operator() -> User:
    return UserFactory.create(is_staff=True, is_superuser=True)


def signed_in(user: User | None, **options: Any) -> Client:
    client = Client(headers={"accept-language": "en"}, **options)
    if user is not None:
        client.force_login(user)
    return client


def asked(client: Client, method: str, path: str, *args: Any, **options: Any) -> Any:
    response: Any = client.generic(method, path, *args, **options)
    if response.streaming:
        list(response.streaming_content)
    return response


def test_each_address_is_what_it_says() -> None:
    """Else this sweep would ask for something else than it believes."""
    wrong = {
        (address.name, address.path)
        for address in ADDRESSES
        if resolve(address.path).func is not address.view
        and not address.name.startswith("admin:")  # its last pattern takes everything
    }
    assert wrong == set()
    assert len(ADDRESSES) > 250


# ---- Headers -------------------------------------------------------------------------------------

HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": (
        "base-uri 'none'; connect-src 'self'; default-src 'none'; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; manifest-src 'self'; "
        "object-src 'none'; script-src 'self'; style-src 'self'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}


def said(response: Any) -> dict[str, str]:
    """The headers of ``response`` that matter, in one order and one spelling."""
    found = {name: response.headers.get(name, "") for name in HEADERS}
    policy = found["Content-Security-Policy"].split(";")
    found["Content-Security-Policy"] = "; ".join(sorted(part.strip() for part in policy))
    parts = [part.strip() for part in found["Cache-Control"].split(",")]
    if {"private", "no-store"} <= set(parts):  # a view may say more, but not less
        found["Cache-Control"] = HEADERS["Cache-Control"]
    if found["Referrer-Policy"] == "no-referrer":  # stricter: where the address is a secret
        found["Referrer-Policy"] = HEADERS["Referrer-Policy"]
    return found


@pytest.mark.parametrize("who", ["manager", "operator", "nobody"])
def test_every_answer_has_every_header(who: str) -> None:
    user = {"manager": manager, "operator": operator}.get(who, lambda: None)()
    wrong = {}
    client = signed_in(user, raise_request_exception=False)
    for address in ADDRESSES:
        if who == "operator" and not address.name.startswith("admin:"):
            continue
        response = asked(client, "GET", address.path)
        differences = {key: value for key, value in said(response).items() if value != HEADERS[key]}
        if differences or "publickey-credentials-get=(self)" not in response["Permissions-Policy"]:
            wrong[address.name] = differences
    assert wrong == {}


def test_styles_may_be_kept_and_say_what_they_are() -> None:
    (settings.STATIC_ROOT / "attacks.css").write_text("p { margin: 0 }")
    response = asked(signed_in(None), "GET", f"{settings.STATIC_URL}attacks.css")
    assert response.status_code == 200
    assert "no-store" not in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_cookies_are_not_for_scripts_and_not_for_other_sites() -> None:
    client = signed_in(None)
    client.get(reverse("account_login"))
    client.post(reverse("set_language"), {"language": "en"})
    client.post(reverse("account_login"), {"login": manager().email, "password": PASSWORD})
    told = {
        name: (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"])
        for name, cookie in client.cookies.items()
        if cookie.value
    }
    wanted = {
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.LANGUAGE_COOKIE_NAME,
    }
    assert wanted <= set(told)
    assert set(told.values()) == {(True, "Lax", "/", "")}


# ---- Forged forms --------------------------------------------------------------------------------


def test_only_listed_views_take_a_form_without_a_token() -> None:
    assert {address.name for address in ADDRESSES if address.is_exempt} <= set(EXEMPT)


class Forger:
    """The browser of somebody who is signed in, sent here by another site."""

    def __init__(self) -> None:
        self.admin, self.manager = (
            signed_in(user, enforce_csrf_checks=True) for user in (operator(), manager())
        )
        for client in (self.admin, self.manager):
            client.get("/start/")  # a session is noted once
            client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32

    def taken(
        self, method: str, every: int = 1, **options: Any
    ) -> dict[str, tuple[int, list[str]]]:
        """Addresses that answered otherwise than 403, or wrote: status and what was written."""
        return {
            address.name: told
            for address in ADDRESSES[::every]
            if not address.is_exempt and (told := self.ask(method, address, **options)) != (403, [])
        }

    def ask(self, method: str, address: Address, **options: Any) -> tuple[int, list[str]]:
        client = self.admin if address.name.startswith("admin:") else self.manager
        with CaptureQueriesContext(connection) as queries:
            response = asked(client, method, address.path, **options)
        return response.status_code, [
            query["sql"][:80] for query in queries if WRITES.match(query["sql"])
        ]


@pytest.mark.parametrize(
    ("method", "every"), [("POST", 1), ("PUT", 5), ("PATCH", 6), ("DELETE", 7)]
)
def test_without_a_token_nothing_is_taken(method: str, every: int) -> None:
    assert Forger().taken(method, every) == {}


FOREIGN: list[dict[str, Any]] = [
    {"headers": {"origin": f"https://{EVIL}"}},
    {"headers": {"origin": "null"}},
    {"headers": {"origin": f"http://testserver.{EVIL}"}},
    {"headers": {"referer": f"https://{EVIL}/testserver/"}, "secure": True},
    {"headers": {"referer": "https://testserver@evil.example/"}, "secure": True},
    {"secure": True},
]


@pytest.mark.parametrize(("every", "options"), [*enumerate(FOREIGN, 1)], ids=str)
def test_another_site_with_a_stolen_token_changes_nothing(
    every: int, options: dict[str, Any]
) -> None:
    headers = {"x-csrftoken": "a" * 32, **options.get("headers", {})}
    assert Forger().taken("POST", every, **options | {"headers": headers}) == {}


def test_the_same_token_from_here_is_taken() -> None:
    """What the tests above rest on: it is the site that is wrong, not the token."""
    client = Client(enforce_csrf_checks=True)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    headers = {"x-csrftoken": "a" * 32, "origin": "http://testserver"}
    answer = client.post(reverse("set_language"), {"language": "en"}, headers=headers)
    assert answer.status_code == 302


# ---- Ways out, other hosts -----------------------------------------------------------------------

OUT = [
    f"https://{EVIL}/",
    f"//{EVIL}/",
    f"/\\{EVIL}/",
    f"\\\\{EVIL}/",
    f"///{EVIL}/",
    f"/\t/{EVIL}/",
    f"https:{EVIL}/",
    f"\x00//{EVIL}/",
    f"https://testserver@{EVIL}/",
    "javascript:alert(1)",
    "data:text/html,x",
]
NAMES = "next url redirect redirect_to return return_to continue back process callback".split()


def leads_out(location: str) -> bool:
    """Whether a browser that got this would leave the portal. It reads ``\\`` as ``/``."""
    seen = re.sub(r"[\x00-\x20]", "", location).replace("\\", "/")
    parts = urlsplit(seen)
    return (parts.scheme not in {"", "http", "https"}) or parts.netloc not in {"", "testserver"}


@pytest.mark.parametrize("target", [OUT[0], OUT[2]])  # all of them below, where it is believed
def test_no_address_leads_out_of_the_portal(target: str) -> None:
    query = urlencode(dict.fromkeys(NAMES, target))
    headers = {"hx-current-url": target, "referer": target}
    person = manager()
    out = {}
    for who in (None, person):
        client = signed_in(who, raise_request_exception=False)
        for method in ("GET", "POST"):
            for address in ADDRESSES:
                if who and address.name in {"account_logout", "usersessions_list"}:
                    client.force_login(who)  # after it
                response = asked(
                    client,
                    method,
                    f"{address.path}?{query}",
                    query if method == "POST" else "",
                    content_type="application/x-www-form-urlencoded",
                    headers=headers,
                )
                for header in ("Location", "HX-Redirect", "HX-Location", "Refresh"):
                    if leads_out(response.headers.get(header, "")):
                        out[address.name, method, header] = response.headers[header]
    assert out == {}


@pytest.mark.parametrize("target", OUT)
def test_signing_in_leads_nowhere_else(target: str) -> None:
    person = manager()
    client = signed_in(None)
    data = {"login": person.email, "password": PASSWORD, "next": target}
    answer = client.post(f"{reverse('account_login')}?{urlencode({'next': target})}", data)
    assert answer.status_code == 302
    assert not leads_out(answer["Location"])


def test_no_address_answers_to_another_host() -> None:
    user = manager()
    client = signed_in(user)
    for host in (EVIL, f"testserver.{EVIL}", f"testserver@{EVIL}", f"testserver:80@{EVIL}", "a b"):
        told = {
            address.name: asked(client, "GET", address.path, headers={"host": host}).status_code
            for address in ADDRESSES[:: 1 if host == EVIL else 20]
        }
        assert set(told.values()) == {400}, host


def test_a_forwarded_host_is_not_believed() -> None:
    person = manager()
    client = signed_in(None)
    forwarded = {"x-forwarded-host": EVIL, "forwarded": f"host={EVIL}", "x-original-host": EVIL}
    client.post(reverse("account_reset_password"), {"email": person.email}, headers=forwarded)
    (letter,) = mail.outbox
    assert EVIL not in str(letter.message())
    assert settings.BASE_URL in letter.body


# ---- Secrets -------------------------------------------------------------------------------------


def test_no_secret_gets_into_a_log_or_an_answer(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "Geheimes-Wort-4711"
    caplog.set_level(logging.DEBUG)
    person = manager()
    fields = (
        "password password1 password2 oldpassword old_password new_password1 new_password2 code "
        "key token secret current_password credential"
    ).split()
    data = {"login": person.email, "email": person.email, **dict.fromkeys(fields, secret)}
    shown = []
    for who in (None, person):
        client = signed_in(who, raise_request_exception=False)
        for address in ADDRESSES:
            if who is not None and address.name in {"account_logout", "usersessions_list"}:
                client.force_login(who)
            response = asked(
                client,
                "POST",
                address.path,
                urlencode(data),
                content_type="application/x-www-form-urlencoded",
            )
            if not response.streaming and secret in response.content.decode(errors="replace"):
                shown.append(address.name)
            assert secret not in str(response.headers)
    assert shown == []
    logged = [
        record
        for record in caplog.records
        if record.name != "django.db.backends" and secret in record.getMessage()
    ]
    assert logged == []
    out, err = capfd.readouterr()
    assert secret not in out + err


def test_the_report_of_an_error_holds_no_form_and_no_cookie(settings: Any) -> None:
    settings.ADMINS = [("Betrieb", "betrieb@example.com")]
    secret = "Geheimes-Wort-4711"
    request = RequestFactory().post(
        "/konto/anmelden/?x=1",
        {"login": "ada@example.com", "password": secret},
        headers={"authorization": f"Bearer {secret}", "x-csrftoken": secret},
    )
    request.COOKIES |= {settings.SESSION_COOKIE_NAME: secret, settings.CSRF_COOKIE_NAME: secret}
    request.META["HTTP_COOKIE"] = f"{settings.SESSION_COOKIE_NAME}={secret}"
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Broken", (), None)
    record.request = request

    AdminEmailHandler(include_html=True).emit(record)

    (letter,) = mail.outbox
    text = str(letter.message())
    assert "/konto/anmelden/" in text
    assert secret not in text
    assert "ada@example.com" not in text
