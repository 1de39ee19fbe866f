"""What Microsoft may say, and what is not believed: a real provider here, made to lie."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount

from partners.accounts import entra, entra_tokens
from partners.accounts.entra_tokens import Refused, Unreachable
from tests import oidc_provider
from tests.factories import UserFactory
from tests.oidc_provider import CLIENT_ID, OTHER_TENANT, TENANT, Provider
from tests.partners.entra_steps import MIA, Person, configure, heading, way_out

pytestmark = pytest.mark.django_db

HOUR = 3600
OTHER_OID = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        provider.add("mia@firma.example", MIA)
        configure(settings, provider)
        yield provider


@pytest.fixture
def mia(provider: Provider) -> Person:
    """Somebody whose identity is connected: an honest answer lets her in."""
    user = UserFactory.create()
    SocialAccount.objects.create(user=user, provider="microsoft", uid=f"{TENANT}:{MIA}")
    return Person()


def test_honest_answer_lets_in(mia: Person, provider: Provider) -> None:
    page = mia.go("mia@firma.example", back="/partner/")

    assert (page.status_code, page["Location"]) == (302, "/partner/")
    assert mia.is_in
    assert provider.refused == []


LIES: dict[str, dict[str, Any]] = {
    "nonce of another request": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "nonce that is no text": {"claims": {"nonce": ["x"]}},
    "for another application": {"claims": {"aud": "6a0c9a4e-7b1d-4c52-9a37-1d2f3a4b5c6d"}},
    "for several applications": {"claims": {"aud": [CLIENT_ID, "another"]}},
    "for no application": {"claims": {"aud": None}},
    "of another issuer": {"claims": {"iss": f"https://elsewhere.example/{TENANT}/v2.0"}},
    "of no issuer": {"claims": {"iss": None}},
    "expired": {"claims": {"exp": 1}},
    "never expires": {"claims": {"exp": None}},
    "not valid yet": {"claims": {"nbf": int(time.time()) + 30 * 365 * 24 * HOUR}},
    "issued in the future": {"claims": {"iat": int(time.time()) + 30 * 365 * 24 * HOUR}},
    "tenant of somebody else": {"claims": {"tid": OTHER_TENANT}},
    "no tenant": {"claims": {"tid": None}},
    "tenant that is none": {"claims": {"tid": "organizations"}},
    "tenant written otherwise": {"claims": {"tid": TENANT.upper()}},
    "no object": {"claims": {"oid": None}},
    "object that is none": {"claims": {"oid": 7}},
    "object written otherwise": {"claims": {"oid": MIA.replace("-", "")}},
    "signed by nobody": {"algorithm": "none"},
    "signed with the published key as a password": {"algorithm": "HS256"},
    "signed with a key that is not published": {"signing_key": 1},
    "signed with a key passed off as the published one": {"signing_key": 1, "kid": "key-0"},
    "key without a name": {"kid": "\N{SNOWMAN}"},
    "key of another issuer": {"key_issuer": "https://elsewhere.example/{tenantid}/v2.0"},
    "key of private accounts": {"key_issuer": f"http://127.0.0.1/{entra.PRIVATE_ACCOUNTS}/v2.0"},
    "key of no issuer": {"key_issuer": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_lie_lets_nobody_in(lie: str, mia: Person, provider: Provider) -> None:
    for knob, value in LIES[lie].items():
        setattr(provider, knob, value)

    page = mia.go("mia@firma.example")

    assert (page.status_code, heading(page)) == (400, "Not signed in with Microsoft")
    assert not mia.is_in


GARBAGE: dict[str, dict[str, Any]] = {
    "token endpoint fails": {"status": {"token": 500}},
    "token endpoint answers with a page": {"bodies": {"token": b"<html>sorry</html>"}},
    "keys fail": {"status": {"keys": 502}},
    "keys are no list": {"bodies": {"keys": b'{"keys": 7}'}},
    "keys are no object": {"bodies": {"keys": b"[]"}},
    "endless answer": {"bodies": {"token": b'"' + b"x" * 600_000 + b'"'}},
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_provider_that_fails_is_told_of(garbage: str, mia: Person, provider: Provider) -> None:
    out = mia.begin()
    for knob, value in GARBAGE[garbage].items():
        setattr(provider, knob, value)

    page = mia.come_back(out, "mia@firma.example")

    assert (page.status_code, heading(page)) == (503, "Microsoft does not answer")
    assert not mia.is_in


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"text"',
        b"7",
        b"null",
        b'{"id_token": 7}',
        b'{"id_token": ""}',
        b'{"id_token": "a.b.c"}',
        b'{"id_token": "\\ud800.."}',
        b'{"access_token": "x"}',
    ],
)
def test_strange_answer_to_a_code_lets_nobody_in(
    body: bytes, mia: Person, provider: Provider
) -> None:
    provider.bodies["token"] = body

    page = mia.go("mia@firma.example")

    assert (page.status_code, mia.is_in) == (400, False)


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "no JSON": {"bodies": {"openid-configuration": b"<html>"}},
    "deep": {"bodies": {"openid-configuration": b"[" * 100_000}},
    "a list": {"bodies": {"openid-configuration": b"[]"}},
    "empty": {"bodies": {"openid-configuration": b"{}"}},
    "fails": {"status": {"openid-configuration": 500}},
    "leads elsewhere": {"status": {"openid-configuration": 302}},
    "foreign sign-in": {"discovery": {"authorization_endpoint": "https://elsewhere.example/a"}},
    "foreign tokens": {"discovery": {"token_endpoint": "http://127.0.0.1.elsewhere.example/t"}},
    "foreign keys": {"discovery": {"jwks_uri": "https://elsewhere.example/keys"}},
    "foreign issuer": {"discovery": {"issuer": "https://elsewhere.example/{tenantid}/v2.0"}},
    "no address": {"discovery": {"token_endpoint": 7}},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_strange_configuration_begins_nothing(name: str, mia: Person, provider: Provider) -> None:
    for knob, value in CONFIGURATIONS[name].items():
        setattr(provider, knob, value)

    page = mia.begin()

    assert (page.status_code, heading(page)) == (503, "Microsoft does not answer")
    assert "socialaccount_states" not in mia.client.session


def test_slow_provider_is_not_waited_for(
    mia: Person, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra_tokens, "ALTOGETHER", 0.3)
    provider.trickle["openid-configuration"] = 0.02  # far too slow, but never silent for long
    begun = time.monotonic()

    page = mia.begin()

    assert page.status_code == 503
    assert time.monotonic() - begun < 3


def test_silent_provider_is_not_waited_for(
    mia: Person, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra_tokens, "READ", 0.2)
    provider.trickle["openid-configuration"] = 2.0

    page = mia.begin()

    assert page.status_code == 503


def test_provider_that_is_away_is_told_of(mia: Person, provider: Provider, settings: Any) -> None:
    settings.ENTRA_AUTHORITY = "http://127.0.0.1:1/organizations/v2.0"

    assert mia.begin().status_code == 503


def test_nobody_is_asked_over_an_open_line(mia: Person, settings: Any) -> None:
    settings.ENTRA_AUTHORITY = "http://login.example/organizations/v2.0"

    with pytest.raises(Unreachable, match="https://"):
        entra_tokens.endpoints()


# ---- What is asked -------------------------------------------------------------------------------


def test_request_carries_pkce_nonce_and_the_registered_address(
    mia: Person, provider: Provider, settings: Any
) -> None:
    settings.BASE_URL = "https://portal.example"

    query = parse_qs(urlsplit(way_out(mia.begin())).query)

    state, nonce, challenge = (query.pop(n)[0] for n in ("state", "nonce", "code_challenge"))
    assert query == {
        "client_id": [CLIENT_ID],
        "response_type": ["code"],
        "response_mode": ["query"],
        "redirect_uri": ["https://portal.example/konto/oidc/microsoft/zurueck/"],
        "scope": ["openid profile email"],
        "code_challenge_method": ["S256"],
        "prompt": ["select_account"],
    }
    assert len({state, nonce, challenge}) == 3
    assert min(map(len, (state, nonce, challenge))) == 43  # 256 bits each


def test_code_is_good_for_this_browser_only(mia: Person, provider: Provider) -> None:
    """A code that leaks is worth nothing: the verifier stays in the session."""
    page = mia.begin()
    other = Person()
    stolen = parse_qs(urlsplit(mia.window.visit(way_out(page), "mia@firma.example")).query)
    own = parse_qs(urlsplit(other.window.visit(way_out(other.begin()), "mia@firma.example")).query)

    answer = other.client.get(
        "/konto/oidc/microsoft/zurueck/", {"state": own["state"], "code": stolen["code"]}
    )

    assert (answer.status_code, other.is_in) == (400, False)
    assert provider.refused == ["verifier"]


def test_configuration_and_keys_are_kept(mia: Person, provider: Provider) -> None:
    for _time in range(3):
        assert Person().go("mia@firma.example").status_code == 302

    assert provider.count("openid-configuration") == 1
    assert provider.count("/keys") == 1


def test_new_key_is_fetched(mia: Person, provider: Provider) -> None:
    assert mia.go("mia@firma.example").status_code == 302
    provider.rotate()

    assert Person().go("mia@firma.example").status_code == 302
    assert provider.count("/keys") == 2


def test_made_up_keys_do_not_make_us_ask_each_time(mia: Person, provider: Provider) -> None:
    provider.kid = "made-up"
    for _time in range(4):
        assert Person().go("mia@firma.example").status_code == 400

    assert provider.count("/keys") == 2


def test_authority_of_one_tenant_serves_too(mia: Person, provider: Provider) -> None:
    """Its configuration names the tenant outright, and its keys may name no issuer."""
    provider.discovery = {"issuer": f"{provider.url}/{TENANT}/v2.0"}
    provider.key_issuer = None

    assert mia.go("mia@firma.example").status_code == 302


def test_authority_of_one_tenant_admits_no_other(mia: Person, provider: Provider) -> None:
    provider.discovery = {"issuer": f"{provider.url}/{TENANT}/v2.0"}
    provider.add("else@firma.example", MIA, tid=OTHER_TENANT)

    assert mia.go("else@firma.example").status_code == 400


# ---- What is read --------------------------------------------------------------------------------


def issued(provider: Provider, **claims: Any) -> entra.Identity:
    provider.people["mia@firma.example"].claims = claims
    code = {"login": "mia@firma.example", "nonce": "n", "auth_time": 1_700_000_000}
    return entra_tokens.check(provider.id_token(code), nonce="n")


def test_identity_is_tenant_and_object(provider: Provider) -> None:
    identity = issued(provider, amr=["pwd", "mfa"], xms_edov=True)

    assert identity.uid == f"{TENANT}:{MIA}"
    assert identity.record == {
        "provider": "microsoft",
        "uid": f"{TENANT}:{MIA}",
        "tid": TENANT,
        "oid": MIA,
        "amr": ["pwd", "mfa"],
    }
    assert identity.shown == {"tid": TENANT, "name": "Mia Muster", "email": "mia@firma.example"}
    assert identity.address == "mia@firma.example"
    assert identity.signed_in_at == 1_700_000_000


@pytest.mark.parametrize(
    "claims",
    [
        {},  # nobody vouches for it
        {"xms_edov": False},
        {"xms_edov": "0"},
        {"xms_edov": "yes"},
        {"xms_edov": True, "acct": 1},  # a guest
        {"xms_edov": True, "idp": f"https://sts.windows.net/{OTHER_TENANT}/"},
        {"xms_edov": True, "idp": "live.com"},
        {"xms_edov": True, "email": None},
        {"xms_edov": True, "email": ["mia@firma.example"]},
        {"xms_edov": True, "email": ""},
    ],
)
def test_address_counts_only_if_the_tenant_owns_it(
    claims: dict[str, Any], provider: Provider
) -> None:
    assert issued(provider, **claims).address == ""


@pytest.mark.parametrize("value", [True, "1700000000", 1.5, None, [1]])
def test_time_of_signing_in_is_a_whole_number(value: object, provider: Provider) -> None:
    assert issued(provider, auth_time=value).signed_in_at is None


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "e30.e30.", "\x00"])
def test_no_token_is_refused(token: str, provider: Provider) -> None:
    with pytest.raises(Refused):
        entra_tokens.check(token, nonce="n")


@pytest.mark.parametrize("claims", [[], "text", 7, None])
def test_token_about_nothing_is_refused(claims: Any, provider: Provider) -> None:
    key = oidc_provider.private_key(0)
    token = jwt.api_jws.encode(
        jwt.utils.force_bytes(str(claims)), key, "RS256", headers={"kid": "key-0"}
    )
    with pytest.raises(Refused):
        entra_tokens.check(token, nonce="n")


def test_log_names_no_person(
    mia: Person, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.claims["nonce"] = "another"
    mia.go("mia@firma.example")

    said = [r.getMessage() for r in caplog.records if r.name == "partners.accounts.entra_views"]
    assert said == ["An answer of Microsoft was refused: an answer to another request"]
