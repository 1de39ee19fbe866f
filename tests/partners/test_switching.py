"""People of several firms: for which one they act, and that every page says so."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cooperation import projects
from partners.models import Membership, Partner, User
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]

SWITCH = "/partner/wechseln/"


@pytest.fixture
def first() -> Partner:
    return PartnerFactory.create(name="Erste")


@pytest.fixture
def second() -> Partner:
    return PartnerFactory.create(name="Zweite <b>")


@pytest.fixture
def user(first: Partner, second: Partner) -> User:
    user = member(first, "admin")
    MembershipFactory.create(partner=second, user=user, observer=True)
    return user


@pytest.fixture
def client(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def acting(page: BeautifulSoup) -> str:
    shown = page.select_one(".firm-switch summary") or page.select_one(".account__who span")
    assert shown is not None
    for words in shown.select(".visually-hidden"):  # "You act for", in the reader's language
        words.decompose()
    return " ".join(shown.text.split())


def switch(client: Client, firm: Partner, **more: str) -> Any:
    return client.post(SWITCH, {"firm": str(firm.pk), **more})


def test_every_page_says_for_which_firm_one_acts(
    client: Client, first: Partner, second: Partner, soup: Soup
) -> None:
    names = (
        "home",
        "partners:profile",
        "partners:people",
        "partners:directory",
        "partners:account",
        "scoring:overview",
        "cooperation:project_list",
    )
    for firm in (first, second, first):
        assert switch(client, firm)["Location"] == reverse("home")
        assert {acting(soup(client.get(reverse(name)))) for name in names} == {firm.name}
    page = soup(client.get(reverse("home")))
    assert [button.text for button in page.select(".firm-switch button")] == ["Erste", "Zweite <b>"]
    assert [button.text for button in page.select(".firm-switch [aria-current]")] == ["Erste"]
    assert page.select_one("main .facts dd").text == "Erste"  # type: ignore[union-attr]


def test_pages_and_rights_follow_the_switch(
    client: Client, first: Partner, second: Partner, soup: Soup
) -> None:
    MembershipFactory.create(partner=first, user__name="Kollegin")
    MembershipFactory.create(partner=second, user__name="Kollege")
    edit = reverse("partners:profile_edit")
    said = []
    for firm in (first, second):
        switch(client, firm)
        page = soup(client.get(reverse("partners:people")))
        names = {name.text for name in page.select("main .list__title")}
        said.append((names & {"Kollegin", "Kollege"}, client.get(edit).status_code))
    assert said == [({"Kollegin"}, 200), ({"Kollege"}, 403)]


def test_nobody_acts_for_a_firm_that_is_not_theirs(client: Client, first: Partner) -> None:
    for wanted in (str(PartnerFactory.create().pk), "", "x", "0" * 36, "' OR 1=1 --"):
        assert client.post(SWITCH, {"firm": wanted}).status_code == 404
    assert "acting_for" not in client.session
    assert Client().post(SWITCH, {"firm": str(first.pk)}).status_code == 302


def test_a_planted_choice_opens_nothing(client: Client, soup: Soup) -> None:
    stranger = PartnerFactory.create(name="Fremd")
    member(stranger, "admin")
    session = client.session
    session["acting_for"] = str(stranger.pk)
    session.save()
    page = soup(client.get(reverse("partners:profile")))
    assert acting(page) == "Erste"
    assert "Fremd" not in str(page)


@pytest.mark.parametrize("what", ["left", "closed"])
def test_a_firm_that_is_over_falls_back_at_the_next_request(
    client: Client, user: User, second: Partner, soup: Soup, what: str
) -> None:
    switch(client, second)
    if what == "left":
        Membership.objects.filter(partner=second).update(left_at=timezone.now())
    else:
        Partner.objects.filter(pk=second.pk).update(is_active=False)
    page = soup(client.get(reverse("home")))
    assert acting(page) == "Erste"
    assert page.select(".firm-switch") == []
    assert switch(client, second).status_code == 404


def test_signing_out_forgets_the_choice(
    client: Client, user: User, second: Partner, soup: Soup
) -> None:
    switch(client, second)
    client.post(reverse("account_logout"))
    assert "acting_for" not in client.session
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert acting(soup(client.get(reverse("home")))) == "Erste"


@pytest.mark.parametrize(
    ("page", "goes"),
    [
        ("/partner/personen/", "/partner/personen/"),
        ("//evil.example", "/start/"),
        ("https://evil.example", "/start/"),
        ("/\\evil.example", "/start/"),
    ],
)
def test_the_switch_stays_on_the_page_and_in_the_portal(
    client: Client, second: Partner, page: str, goes: str
) -> None:
    assert switch(client, second, next=page)["Location"] == goes


def test_the_switch_needs_a_token_and_a_post(user: User, second: Partner) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert switch(client, second).status_code == 403
    assert client.get(SWITCH).status_code == 302
    assert "acting_for" not in client.session


def test_one_firm_has_no_switch(first: Partner, soup: Soup) -> None:
    client = Client()
    client.force_login(member(first, "observer"))
    page = soup(client.get(reverse("home")))
    assert page.select(".firm-switch") == []
    assert acting(page) == "Erste"


def test_what_waits_for_all_firms_names_the_firm_at_each_line(
    client: Client, user: User, first: Partner, second: Partner, soup: Soup
) -> None:
    for firm in (first, second):
        _invited(firm, by=member(PartnerFactory.create(), "manager"))
    page = soup(client.get(reverse("home")))
    assert {line.text for line in page.select("main .list .eyebrow")} == {"Erste", "Zweite <b>"}
    alone = Client()
    alone.force_login(member(first, "manager"))
    assert soup(alone.get(reverse("home"))).select("main .list .eyebrow") == []


def _invited(firm: Partner, *, by: User) -> None:
    inviting = Partner.objects.of(by).get()
    agreement = projects.create(name="P", customer_name="C", by=by, partner=inviting)
    projects.invite(agreement.pk, firm, by=by, partner=inviting)
