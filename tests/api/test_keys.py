"""Keys: made by admins, shown once, dead in good time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from api import keys, reading_as
from api.models import ApiKey
from partners import firm_log, people
from partners.models import FirmEvent, Membership, Partner, User
from partners.people import NotPossible
from tests.api.worlds import ask, key_of
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Brückner IT")


def signed_in(person: User) -> Client:
    """A browser in which the person has signed in and just given the password again."""
    User.objects.filter(pk=person.pk).update(language="en")
    client = Client(headers={"accept-language": "en"})
    sent = {"login": person.email, "password": PASSWORD}
    assert client.post(reverse("account_login"), sent).status_code == 302
    again = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert again.status_code == 302
    return client


def make_by_form(client: Client, **more: Any) -> Any:
    form = {"name": "Data warehouse", "days": "90", "once": str(uuid4())} | more
    return client.post(reverse("api:key_make"), form)


# ---- Making and withdrawing ----------------------------------------------------------------------


def test_a_key_is_random_and_stored_as_its_hash_only(firm: Partner) -> None:
    key, token = key_of(firm)
    stored = ApiKey.objects.values().get(pk=key.pk)
    assert token.startswith("hsk_")
    assert len(token) == len("hsk_") + 43  # 256 bits
    assert stored["token_sha256"] == keys.digest(token)
    assert stored["prefix"] == token[:10]
    assert [value for value in stored.values() if token[10:] in str(value)] == []


def test_two_keys_differ(firm: Partner) -> None:
    admin = member(firm, "admin")
    assert key_of(firm, admin)[1] != key_of(firm, admin)[1]


@pytest.mark.parametrize("days", [0, 366])
def test_a_key_lasts_a_year_at_most(firm: Partner, days: int) -> None:
    with pytest.raises(ValueError, match=str(days)):
        key_of(firm, days=days)


def test_only_an_admin_of_the_firm_makes_and_withdraws(firm: Partner) -> None:
    manager = member(firm, "manager", "signer", "specialist")
    stranger = member(PartnerFactory.create(), "admin")
    key, _token = key_of(firm)
    for person in (manager, stranger):
        with pytest.raises(NotPossible):
            key_of(firm, person)
        with pytest.raises(NotPossible):
            keys.withdraw(key.pk, by=person)
    assert ApiKey.objects.filter(withdrawn_at=None).count() == 1


def test_a_firm_has_so_many_keys_and_not_more(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST", 2)
    admin = member(firm, "admin")
    first, _token = key_of(firm, admin)
    key_of(firm, admin)
    with pytest.raises(NotPossible, match=r"very many keys|sehr viele Schlüssel"):
        key_of(firm, admin)
    keys.withdraw(first.pk, by=admin)
    key_of(firm, admin)
    assert ApiKey.objects.count() == 3


def test_both_steps_stand_in_the_log_without_the_key(firm: Partner) -> None:
    admin = member(firm, "admin")
    key, token = key_of(firm, admin)
    keys.withdraw(key.pk, by=admin)
    keys.withdraw(key.pk, by=admin)  # nothing more happens
    events = list(FirmEvent.objects.filter(partner=firm, kind__startswith="api_key"))
    until = timezone.localdate(key.expires_at).isoformat()
    assert [(event.kind, event.by, event.data) for event in events] == [
        ("api_key_made", admin, {"key": str(key.pk), "begins": key.prefix, "until": until}),
        ("api_key_withdrawn", admin, {"key": str(key.pk), "begins": key.prefix}),
    ]
    assert [event for event in events if token[10:] in repr(vars(event))] == []
    assert list(firm_log.breaks(firm)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_at": "2020-01-01T00:00Z"},
        {"withdrawn_at": "2035-01-01T00:00Z"},  # by nobody
    ],
)
def test_the_database_keeps_a_key_in_order(firm: Partner, wrong: dict[str, str]) -> None:
    key, _token = key_of(firm)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(**wrong)


# ---- When a key opens nothing --------------------------------------------------------------------


def works(token: str) -> bool:
    return bool(ask(token, "firm").status_code == 200)


def test_a_key_dies_with_its_time(firm: Partner) -> None:
    _key, token = key_of(firm)
    now = timezone.now()
    ApiKey.objects.update(created_at=now - timedelta(days=1), expires_at=now + timedelta(hours=1))
    assert works(token)
    ApiKey.objects.update(expires_at=now)
    assert not works(token)


def test_a_key_dies_when_it_is_withdrawn(firm: Partner) -> None:
    admin = member(firm, "admin")
    key, token = key_of(firm, admin)
    assert works(token)
    keys.withdraw(key.pk, by=admin)
    assert not works(token)


def test_a_key_dies_with_the_firm(firm: Partner) -> None:
    _key, token = key_of(firm)
    Partner.objects.filter(pk=firm.pk).update(is_active=False)
    assert not works(token)


def test_a_key_rests_while_its_maker_is_no_admin(firm: Partner) -> None:
    admin, other = member(firm, "admin"), member(firm, "admin")
    _key, token = key_of(firm, admin)
    place = Membership.objects.get(user=admin)
    people.change(place.pk, title="", rights={"may_sign": True}, by=other)
    assert not works(token)
    people.change(place.pk, title="", rights={"is_admin": True}, by=other)
    assert works(token)
    people.leave(place.pk, by=other)
    assert not works(token)


def test_a_key_dies_with_the_account_of_its_maker(firm: Partner) -> None:
    admin = member(firm, "admin")
    _key, token = key_of(firm, admin)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert not works(token)


def test_an_admin_elsewhere_does_not_keep_a_key_alive(firm: Partner) -> None:
    admin = member(firm, "admin")
    MembershipFactory.create(user=admin, admin=True)
    _key, token = key_of(firm, admin)
    Membership.objects.filter(user=admin, partner=firm).update(left_at="2035-01-01T00:00Z")
    assert not works(token)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer hsk_",
        "Basic {token}",
        "Bearer  {token}",
        "Bearer {token} ",
        "Bearer {token}x",
        "Bearer {upper}",
        "Bearer {digest}",
        "Bearer hsk_\xe4\xf6",
        "{token}",
    ],
)
def test_only_the_exact_key_in_the_exact_header_counts(firm: Partner, header: str) -> None:
    _key, token = key_of(firm)
    sent = header.format(token=token, upper=token.upper(), digest=keys.digest(token))
    response = Client().get("/api/v1/firm", headers={"authorization": sent})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="Handschlag"'


def test_a_key_in_the_address_or_a_cookie_opens_nothing(firm: Partner) -> None:
    _key, token = key_of(firm)
    client = Client()
    client.cookies["Authorization"] = f"Bearer {token}"
    for name in ("key", "token", "api_key", "access_token", "Authorization"):
        assert client.get("/api/v1/firm", {name: token}).status_code == 401


def test_the_day_of_use_is_noted_once(firm: Partner) -> None:
    key, token = key_of(firm)
    assert works(token)
    key.refresh_from_db()
    assert key.last_used_on == timezone.localdate()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert works(token)
    assert [each["sql"] for each in queries if not each["sql"].startswith("SELECT")] == []


def test_a_key_that_asks_too_often_waits_alone(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_as, "CALLS", 3)
    admin = member(firm, "admin")
    (_one, busy), (_two, calm) = key_of(firm, admin), key_of(firm, admin)
    assert [ask(busy, "firm").status_code for _time in range(5)] == [200, 200, 200, 429, 429]
    refused = ask(busy, "firm")
    assert refused["Retry-After"] == "60"
    assert refused["Content-Type"] == "application/problem+json"
    assert works(calm)
    cache.clear()  # a minute later
    assert works(busy)


# ---- The pages -----------------------------------------------------------------------------------


def test_the_key_is_shown_once(firm: Partner, soup: Callable[..., BeautifulSoup]) -> None:
    client = signed_in(member(firm, "admin"))
    made = make_by_form(client)
    token = soup(made).select_one(".api-token code").text  # type: ignore[union-attr]
    assert works(token)
    assert "no-store" in made["Cache-Control"]
    listed = client.get(reverse("api:keys"))
    assert token not in listed.content.decode()
    assert f"{token[:10]}…" in listed.content.decode()
    assert token not in str(client.session.items())


def test_a_form_that_is_sent_twice_makes_one_key(firm: Partner) -> None:
    client = signed_in(member(firm, "admin"))
    once = str(uuid4())
    assert make_by_form(client, once=once).status_code == 200
    again = make_by_form(client, once=once)
    assert (again.status_code, again["Location"]) == (302, reverse("api:keys"))
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\u202eb"},
        {"name": "x" * 81},
        {"days": "3650"},
        {"days": "-1"},
        {"days": "abc"},
        {"once": "x"},
        {"once": ""},
    ],
)
def test_a_wrong_form_makes_nothing(firm: Partner, wrong: dict[str, str]) -> None:
    client = signed_in(member(firm, "admin"))
    response = make_by_form(client, **wrong)
    assert response.status_code == 200
    assert b"errorlist" in response.content
    assert ApiKey.objects.count() == 0


def test_making_a_key_asks_for_the_password_again(firm: Partner) -> None:
    admin = member(firm, "admin")
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin)  # a session that has been open for long
    asked = client.get(reverse("api:key_make"))
    assert asked.status_code == 302
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    sent = make_by_form(client)
    assert (sent.status_code, sent["Location"]) == (302, reverse("api:key_make"))
    assert ApiKey.objects.count() == 0
    assert signed_in(admin).get(reverse("api:key_make")).status_code == 200


def test_the_list_says_why_a_key_opens_nothing(
    firm: Partner, soup: Callable[..., BeautifulSoup]
) -> None:
    admin, other = member(firm, "admin"), member(firm, "admin")
    _expired, _token = key_of(firm, admin)
    ApiKey.objects.update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1)
    )
    withdrawn, _token = key_of(firm, admin)
    keys.withdraw(withdrawn.pk, by=admin)
    key_of(firm, other)
    key_of(firm, admin)
    Membership.objects.filter(user=other).update(is_admin=False)
    page = soup(signed_in(admin).get(reverse("api:keys")))
    assert sorted(tag.text for tag in page.select(".api-key .tag")) == [
        "expired",
        "rests: whoever made it is no admin of your firm now",
        "valid",
        "withdrawn",
    ]
    assert page.select(".api-key .tag")[0].text == "valid"
    assert len(page.select(".api-key form")) == 3  # not of the one that is withdrawn


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_of_any_number(
    firm: Partner, count: int, django_assert_num_queries: Any
) -> None:
    admin = member(firm, "admin")
    for _number in range(count):
        key_of(firm, admin)
    client = signed_in(admin)
    client.get(reverse("api:keys"))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("api:keys"))
    about = [each for each in queries if "api_apikey" in each["sql"]]
    assert len(about) == 1
    assert len(queries) == KEY_LIST


KEY_LIST = 6  # session, account, memberships, admin or not, firm, keys


def test_somebody_of_two_firms_does_not_withdraw_for_the_other(firm: Partner) -> None:
    key, token = key_of(firm)
    stranger = signed_in(member(PartnerFactory.create(), "admin"))
    assert stranger.post(reverse("api:key_withdraw", args=[key.pk])).status_code == 404
    observer = signed_in(member(firm, "observer"))
    assert observer.post(reverse("api:key_withdraw", args=[key.pk])).status_code == 403
    assert works(token)
    admin = signed_in(member(firm, "admin"))
    assert admin.post(reverse("api:key_withdraw", args=[key.pk])).status_code == 302
    assert not works(token)


def test_the_description_needs_nothing_from_elsewhere(
    soup: Callable[..., BeautifulSoup],
) -> None:
    response = Client(headers={"accept-language": "en"}).get(reverse("api:description"))
    page = soup(response)
    told = {code.text for code in page.select(".api-route h3 code")}
    document = Client().get(reverse("api:openapi")).json()
    assert told == {f"GET {path}" for path in document["paths"]}
    tags = page.select("script, link, img")
    links = [str(tag.get("src") or tag.get("href") or "") for tag in tags]
    assert [link for link in links if not link.startswith("/static/")] == []
    assert page.select("style, script:not([src]), [style], [onclick]") == []
