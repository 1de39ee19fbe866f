"""Passkeys and the app in a real browser: set up, signed in with, confirmed with."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.factories import PASSWORD, MembershipFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def give_authenticator(page: Page) -> None:
    """A device that makes passkeys and always knows its owner's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def submit(page: Page) -> None:
    page.locator("main form:visible button[type=submit]").first.click()


def enter_password(page: Page, email: str) -> None:
    page.goto("/konto/anmelden/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    submit(page)


def leave(page: Page) -> None:
    page.goto("/konto/abmelden/")
    submit(page)
    page.wait_for_url(re.compile(r"/$"))


def assert_accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_a_passkey_is_set_up_named_and_opens_the_door(open_browser: Callable[..., Page]) -> None:
    user = MembershipFactory.create(manager=True).user
    page = open_browser()
    give_authenticator(page)
    enter_password(page, user.email)
    page.wait_for_url("**/start/")

    page.goto("/konto/sicherheit/passkeys/neu/")
    page.locator("input[name=password]").fill(PASSWORD)  # asked once more
    assert_accessible(page)
    submit(page)
    page.wait_for_url("**/passkeys/neu/")
    page.locator("input[name=name]").fill("Mein Telefon")
    assert_accessible(page)
    submit(page)
    page.wait_for_url("**/codes/")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert_accessible(page)
    with page.expect_download() as download:
        page.locator("a[download]").click()
    assert download.value.suggested_filename == "handschlag-codes.txt"
    page.goto("/konto/sicherheit/")
    expect(page.locator("#passkeys .list__title")).to_have_text("Mein Telefon")
    assert_accessible(page)

    leave(page)
    page.goto("/konto/anmelden/")
    assert_accessible(page)
    page.locator("form[data-passkeys] button").click()
    page.wait_for_url("**/start/")

    leave(page)  # as the second step after the password, too
    enter_password(page, user.email)
    page.wait_for_url("**/pruefen/")
    assert_accessible(page)
    page.locator("form[data-passkeys] button").click()
    page.wait_for_url("**/start/")

    page.goto("/konto/sicherheit/")
    page.locator("#passkeys a[href$='/entfernen/']").click()
    page.wait_for_url("**/nochmals/**")
    page.locator("form[data-passkeys] button").click()
    page.wait_for_url("**/entfernen/")
    assert_accessible(page)
    submit(page)
    page.wait_for_url("**/sicherheit/**")
    assert not Authenticator.objects.exists()  # the recovery codes went with it


def test_an_app_is_set_up_without_javascript(open_browser: Callable[..., Page]) -> None:
    user = MembershipFactory.create(manager=True).user
    page = open_browser(javascript=False, phone=True)
    enter_password(page, user.email)
    page.goto("/konto/sicherheit/app/")
    page.locator("input[name=password]").fill(PASSWORD)
    submit(page)
    page.wait_for_url("**/sicherheit/app/")
    secret = page.locator(".app-code__key").inner_text()
    picture = page.locator(".app-code img")
    assert picture.evaluate("image => image.naturalWidth") > 100  # the policy lets it be shown
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    page.locator("input[name=code]").fill(totp.format_hotp_value(totp.hotp_value(secret, counter)))
    submit(page)
    page.wait_for_url("**/codes/")
    expect(page.locator(".recovery-codes li")).to_have_count(10)


def test_without_javascript_a_passkey_is_not_offered_but_spoken_of(
    open_browser: Callable[..., Page],
) -> None:
    page = open_browser(javascript=False)
    page.goto("/konto/anmelden/")
    expect(page.locator("form[data-passkeys]")).to_be_hidden()
    expect(page.locator("noscript p")).to_be_visible()
