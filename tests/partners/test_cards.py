"""What rooms above may add to pages about firms; here a room that the tests make up."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup, Tag
from django.template import Template
from django.test import Client
from django.urls import reverse

from partners import cards
from partners.cards import Card, Place, Reader
from partners.models import Partner, User
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[Any], BeautifulSoup]

TEMPLATE: Any = Template('<p class="added">{{ card.word }} {{ request.path }}</p>')


class Room:
    """Adds a word to every firm whose name begins with A, and remembers what it was asked."""

    def __init__(self, word: str = "neu") -> None:
        self.word = word
        self.asked: list[tuple[Reader, list[str]]] = []

    def __call__(self, reader: Reader, firms: Sequence[Partner]) -> Mapping[UUID, Sequence[Card]]:
        self.asked.append((reader, [firm.name for firm in firms]))
        found = [firm for firm in firms if firm.name.startswith("A")]
        return {firm.pk: [Card(TEMPLATE, {"word": self.word})] for firm in found}


@pytest.fixture
def reader() -> User:
    return member(PartnerFactory.create(name="Anker"), "observer")


def added(page: Tag) -> list[str]:
    return [tag.get_text() for tag in page.select(".added")]


def test_pages_are_the_same_without_any_room(reader: User, sign_in: SignIn, soup: Soup) -> None:
    page = soup(sign_in(reader).get(reverse("partners:directory")))
    assert added(page) == []
    assert [link["href"] for link in page.select("link[rel=stylesheet]") if "x.css" in link] == []


def test_a_line_of_the_directory_has_what_a_room_adds(
    reader: User, sign_in: SignIn, soup: Soup
) -> None:
    room = Room()
    cards.register(Place.LINE, room, stylesheet="portal/portal.css")
    PartnerFactory.create(name="Boje")
    PartnerFactory.create(name="Alster")
    url = reverse("partners:directory")
    page = soup(sign_in(reader).get(url))

    lines = {
        line.select_one(".list__title").get_text(): added(line)  # type: ignore[union-attr]
        for line in page.select("#found .list__item")
    }
    assert lines == {"Alster": [f"neu {url}"], "Anker": [f"neu {url}"], "Boje": []}
    # Asked once for all of the page, on behalf of the reader and the firm they act for.
    [(asked, names)] = room.asked
    assert (asked.user, asked.partner) == (reader, reader.memberships.get().partner)
    assert names == ["Alster", "Anker", "Boje"]
    assert [str(link["href"]) for link in page.select("link[rel=stylesheet]")].count(
        "/static/portal/portal.css"
    ) == 2


def test_the_fragment_has_it_too(reader: User, sign_in: SignIn, soup: Soup) -> None:
    cards.register(Place.LINE, Room())
    url = reverse("partners:directory")
    fragment = soup(sign_in(reader).get(url, {"q": "ank"}, headers={"hx-request": "true"}))
    assert added(fragment) == [f"neu {url}"]


@pytest.mark.parametrize("place", [Place.FIRM, Place.PROFILE])
def test_each_page_has_what_is_meant_for_it(
    reader: User, sign_in: SignIn, soup: Soup, place: Place
) -> None:
    cards.register(place, Room("eins"))
    cards.register(place, Room("zwei"))
    firm = reader.memberships.get().partner
    urls = {
        Place.LINE: reverse("partners:directory"),
        Place.FIRM: reverse("partners:firm_detail", args=[firm.pk]),
        Place.PROFILE: reverse("partners:profile"),
    }
    browser = sign_in(reader)
    found = {where: added(soup(browser.get(url))) for where, url in urls.items()}
    expected: dict[Place, list[str]] = {where: [] for where in urls}
    expected[place] = [f"eins {urls[place]}", f"zwei {urls[place]}"]
    assert found == expected


def test_who_belongs_to_no_firm_is_told_apart(sign_in: SignIn) -> None:
    room = Room()
    cards.register(Place.LINE, room)
    sign_in(UserFactory.create()).get(reverse("partners:directory"))
    assert room.asked == []  # no firm on the page, so nobody is asked


def test_the_registry_is_left_as_it_was() -> None:
    room = Room()
    cards.register(Place.LINE, room)
    firm = PartnerFactory.create(name="A")
    with cards.nothing_registered():
        assert cards.added(Place.LINE, Reader(UserFactory.create(), None), [firm]).of(firm) == ()
    assert len(cards.added(Place.LINE, Reader(UserFactory.create(), None), [firm]).of(firm)) == 1
