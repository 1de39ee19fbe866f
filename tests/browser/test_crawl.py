"""Every link leads somewhere, for whoever follows it, and never to the strangers' side.

Two whole worlds, the own firm's and the strangers', as the tables of access have them.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from documents import rendering
from partners.models import User
from tests import blank
from tests.access.portal import THEIRS, Portal, new_session
from tests.access.projects import TODAY
from tests.browser.crawling import Crawl, name_of
from tests.cooperation.ending_worlds import on

pytestmark = [pytest.mark.browser, pytest.mark.walk, pytest.mark.django_db(transaction=True)]

# What firms say of themselves to all others, and the pages that show or offer all firms.
CARD = re.compile(rf"Alles über {THEIRS}|{THEIRS} \d( GmbH)?|{THEIRS}(?=\s*(<|$|,|\n))")
DIRECTORY = {
    "cooperation:frame_create",
    "cooperation:project_create",
    "cooperation:project_invite",
    "partners:directory",
    "partners:firm_detail",
    "scoring:disclosures",
}


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Portal:
    monkeypatch.setattr(rendering, "html_to_pdf", blank.instead_of_html)
    return Portal(tmp_path)


Crawler = Callable[[User | None, int], Crawl]


@pytest.fixture
def crawl(open_browser: Callable[..., Page], live_server: LiveServer) -> Crawler:
    """``crawl(user, most)``: as many pages as that person finds from the home page."""

    def walk(user: User | None, most: int) -> Crawl:
        page = open_browser()
        with on(TODAY, hour=11):
            if user is not None:
                name, key = settings.SESSION_COOKIE_NAME, new_session(user)
                page.context.add_cookies([{"name": name, "value": key, "url": live_server.url}])
            return Crawl(page, live_server.url, THEIRS, most).walk("/", "/start/")

    return walk


def told_of_strangers(found: Crawl) -> dict[str, list[str]]:
    """The places where the strangers show, but for their cards in the directory."""
    told = {}
    for url, traces in {**found.pages, **found.files}.items():
        if name_of(url).startswith("admin:"):
            continue  # the operator sees that there are firms and people
        if name_of(url) in DIRECTORY:
            traces = [
                rest for text in traces if THEIRS.lower() in (rest := CARD.sub("", text)).lower()
            ]
        if traces:
            told[url] = traces
    return told


def faults(found: Crawl) -> list[str]:
    told = [f"{url}: tells {traces}" for url, traces in told_of_strangers(found).items()]
    return [*dict.fromkeys(found.faults), *told]


def test_every_link_of_who_may_do_everything(portal: Portal, crawl: Crawler) -> None:
    found = crawl(portal.ours.firms.hands[0], 180)
    assert faults(found) == []
    assert len(found.pages) + len(found.files) == 180
    assert len(found.names) > 60


def test_every_link_of_everybody_else(portal: Portal, crawl: Crawler) -> None:
    """An observer, a neutral person, an operator with and without support access, a passer-by."""
    walks = {
        who: crawl(portal.people.get(who), most)
        for who, most in {"su": 50, "op": 40, "ob": 40, "nt": 30, "xx": 30}.items()
    }
    assert {who: found for who, walk in walks.items() if (found := faults(walk))} == {}
    assert {who: len(walk.pages) for who, walk in walks.items() if len(walk.pages) < 8} == {}
