"""Getting about: languages, Back, the sign-in that comes in between."""

import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.steps import card
from tests.cooperation.worlds import world
from tests.factories import PASSWORD, MembershipFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ENGLISH = "button[name=language][value=en]"
GERMAN = "button[name=language][value=de]"


@pytest.mark.parametrize("javascript", [True, False])
def test_changing_the_language_keeps_the_page(
    open_browser: Callable[..., Page], javascript: bool
) -> None:
    firms = world()
    page = open_browser(user=firms.people[0], javascript=javascript)
    page.goto(steps.checklist(firms.agreement, "open"))
    address = page.url
    expect(page.locator("html")).to_have_attribute("lang", "de")

    page.locator(ENGLISH).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(card(page, "shared_goal")).to_contain_text("What do we want to achieve together")
    assert page.url == address
    page.goto("/projekte/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
    page.locator(GERMAN).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Projekte")


def test_the_first_language_is_the_browsers(open_browser: Callable[..., Page]) -> None:
    page = open_browser(english=True)
    page.goto("/konto/anmelden/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_session_that_ended_leads_to_the_sign_in_and_back(
    open_browser: Callable[..., Page],
) -> None:
    firms = world()
    page = open_browser(user=firms.people[0])
    page.goto(steps.checklist(firms.agreement, "open"))
    Session.objects.all().delete()

    page.locator("#point-shared_goal-answer").click()
    page.wait_for_url(re.compile(r"/konto/anmelden/\?next="))
    page.locator("input[name=login]").fill(firms.people[0].email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form:has(input[name=password]) button[type=submit]").click()
    page.wait_for_url(re.compile(re.escape(steps.checklist(firms.agreement, "open")) + "$"))
    steps.answer(page, "shared_goal", {"text": "Ein Ziel"})


def test_back_shows_the_whole_page_as_it_stands(open_browser: Callable[..., Page]) -> None:
    firms = world()
    page = open_browser(user=firms.people[0])
    page.goto(steps.checklist(firms.agreement))
    steps.answer(page, "shared_goal", {"text": "Ein neues Ziel"})
    page.locator(".page-head .eyebrow a").click()
    page.wait_for_url("**/projekte/**")

    page.go_back()

    expect(page.locator(".site-head")).to_be_visible()
    expect(card(page, "shared_goal")).to_contain_text("Ein neues Ziel")


def test_a_point_opened_by_itself_survives_back_too(open_browser: Callable[..., Page]) -> None:
    """The page of a point and its fragment share an address; Back must not show the fragment."""
    firms = world()
    page = open_browser(user=firms.people[0])
    page.goto(f"{steps.checklist(firms.agreement)}punkt/shared_goal/antworten/")
    page.locator("#point-shared_goal-form .form-actions a").click()  # cancel, in place
    steps.open_form(page, "shared_goal")  # now the fragment was the last answer of this address
    page.locator(".page-head .eyebrow a").click()
    expect(page.locator("#summary")).to_be_visible()

    page.go_back()

    expect(page.locator(".site-head")).to_be_visible()
    steps.fill(page.locator("#point-shared_goal-form"), {"text": "Von seiner eigenen Seite"})
    steps.submit(page, "shared_goal")
    expect(page).to_have_url(re.compile(r"/vereinbarung/[0-9a-f-]+/#point-shared_goal$"))
    expect(card(page, "shared_goal")).to_contain_text("Von seiner eigenen Seite")


def test_the_way_to_a_page_leads_over_the_sign_in(open_browser: Callable[..., Page]) -> None:
    manager = MembershipFactory.create(manager=True).user
    page = open_browser()
    page.goto("/projekte/neu/")
    page.wait_for_url(re.compile(r"/konto/anmelden/\?next=/projekte/neu/$"))
    page.locator("input[name=login]").fill(manager.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form:has(input[name=password]) button[type=submit]").click()
    page.wait_for_url("**/projekte/neu/")


def test_the_menu_of_a_phone_opens_and_leads_on(open_browser: Callable[..., Page]) -> None:
    page = open_browser(user=MembershipFactory.create(manager=True).user, phone=True)
    page.goto("/start/")
    expect(page.locator(".site-nav")).not_to_be_visible()
    page.locator(".menu-toggle summary").click()
    page.locator(".site-nav a[href='/partner/']").click()
    page.wait_for_url("**/partner/")
    expect(page.locator(".site-nav")).not_to_be_visible()
