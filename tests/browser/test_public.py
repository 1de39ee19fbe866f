"""Signing in, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.factories import MembershipFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_person_signs_in_and_out_without_javascript(open_browser: Callable[..., Page]) -> None:
    membership = MembershipFactory.create(manager=True)
    page = open_browser(javascript=False)

    sign_in(page, membership.user)

    expect(page.get_by_role("heading", level=1)).to_have_text("Was wartet auf mich")
    page.get_by_role("button", name="Abmelden").first.click()
    expect(page).to_have_url(page.url.rstrip("/") + "/")


def test_a_wrong_password_says_so_and_keeps_the_address(open_browser: Callable[..., Page]) -> None:
    membership = MembershipFactory.create(manager=True)
    page = open_browser(phone=True)
    page.goto("/konto/anmelden/")
    page.locator("input[name=login]").fill(membership.user.email)
    page.locator("input[name=password]").fill("falsch")
    page.locator("main form:has(input[name=password]) button[type=submit]").click()

    expect(page.locator("main [role=alert], main .errorlist").first).to_be_visible()
    expect(page.locator("input[name=login]")).to_have_value(membership.user.email)
