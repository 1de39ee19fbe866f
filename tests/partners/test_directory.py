"""The directory: who is found, who may look, and at what cost."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from partners import directory
from partners.models import Partner, PartnerContact, User
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[Any], BeautifulSoup]


@pytest.fixture
def firms() -> dict[str, Partner]:
    return {
        firm.name: firm
        for firm in (
            PartnerFactory.create(name="Alpha", city="Köln", competences=["modern_work"]),
            PartnerFactory.create(name="Beta", city="Hamburg", competences=["security", "data_ai"]),
            PartnerFactory.create(
                name="Gamma", legal_name="Alphorn AG", city="Ulm", competences=[]
            ),
        )
    }


@pytest.mark.parametrize(
    ("q", "competence", "found"),
    [
        ("", "", ["Alpha", "Beta", "Gamma"]),
        ("alph", "", ["Alpha", "Gamma"]),
        ("alph ulm", "", ["Gamma"]),
        ("hamburg", "", ["Beta"]),
        ("", "modern_work", ["Alpha"]),
        ("", "data_ai", ["Beta"]),
        ("köln", "security", []),
        ("%", "", []),
        ("_", "", []),
    ],
)
def test_search(firms: dict[str, Partner], q: str, competence: str, found: list[str]) -> None:
    reader = member(firms["Alpha"], "observer")
    assert [firm.name for firm in directory.search(reader, q=q, competence=competence)] == found


def test_search_hides_closed_firms(firms: dict[str, Partner]) -> None:
    reader = member(firms["Alpha"], "observer")
    Partner.objects.filter(name="Beta").update(is_active=False)
    assert [firm.name for firm in directory.search(reader)] == ["Alpha", "Gamma"]


def test_somebody_without_a_firm_finds_nobody(firms: dict[str, Partner]) -> None:
    assert not directory.search(UserFactory.create()).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_directory_queries_do_not_grow(
    count: int, sign_in: SignIn, soup: Soup, django_assert_num_queries: Any
) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    PartnerFactory.create_batch(count - 1)
    # session, user, acting membership, is there any membership, number of firms, firms
    with django_assert_num_queries(6):
        page = browser.get(reverse("partners:directory"))
    assert len(soup(page).select("#found .list__item")) == count


def test_a_search_that_is_not_understood_shows_all(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    page = browser.get(reverse("partners:directory"), {"competence": "zauberei", "page": "x"})
    assert len(soup(page).select("#found .list__item")) == 1


def test_the_fragment_is_what_a_reload_shows(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(name="Nord"), "observer"))
    PartnerFactory.create(name="Süd")
    url = reverse("partners:directory")
    fragment = browser.get(url, {"q": "nord"}, headers={"hx-request": "true"})
    page = browser.get(url, {"q": "nord"})
    assert soup(fragment).select_one("#found") == soup(page).select_one("#found")
    assert soup(fragment).find("html") is None


def test_pages_keep_the_search(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(name="Fa 0"), "observer"))
    PartnerFactory.create_batch(30)
    page = browser.get(reverse("partners:directory"), {"q": "f a"})
    link = soup(page).select_one("a[rel=next]")
    assert link is not None
    assert link["href"] == "?q=f+a&page=2"
    second = browser.get(reverse("partners:directory") + str(link["href"]))
    assert len(soup(second).select("#found .list__item")) == 31 - 25


@pytest.mark.parametrize("count", [1, 3])
def test_firm_detail_queries_do_not_grow(
    count: int, sign_in: SignIn, soup: Soup, django_assert_num_queries: Any
) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    firm = PartnerFactory.create()
    for number in range(count):
        PartnerContact.objects.create(partner=firm, purpose="P", name=f"K {number}", phone="1")
    # session, user, is there any membership, firm, contacts, acting membership
    with django_assert_num_queries(6):
        page = browser.get(reverse("partners:firm_detail", args=[firm.pk]))
    assert len(soup(page).select("main .list__item")) == count


def test_firm_detail_shows_nothing_that_is_internal(sign_in: SignIn) -> None:
    firm = PartnerFactory.create(microsoft_partner_ids=["7654321"], register_number="HRB 42")
    inside = MembershipFactory.create(partner=firm, signer=True, user__name="Ina Innen")
    PartnerContact.objects.create(
        partner=firm, purpose="Allianzen", name="Karl Kontakt", email="allianz@firma.example"
    )
    browser = sign_in(member(PartnerFactory.create(), "admin"))

    text = browser.get(reverse("partners:firm_detail", args=[firm.pk])).content.decode()

    assert [word in text for word in ("HRB 42", "Karl Kontakt", "allianz@firma.example")] == [
        True
    ] * 3
    assert [word in text for word in ("7654321", "Ina Innen", inside.user.email)] == [False] * 3
