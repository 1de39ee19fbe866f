"""Signing in with Microsoft in a real Chromium, past a real provider, under the portal's CSP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from partners.accounts import entra
from partners.models import User
from tests import oidc_provider
from tests.browser.conftest import enter
from tests.factories import PASSWORD, PartnerFactory, member
from tests.oidc_provider import TENANT, Provider
from tests.partners.entra_steps import MIA, configure

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOGIN = "mia@firma.example"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


@pytest.fixture
def provider(settings: Any, live_server: LiveServer) -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        provider.add(LOGIN, MIA)
        configure(settings, provider)
        settings.BASE_URL = live_server.url
        yield provider


@pytest.fixture
def mia() -> User:
    return member(PartnerFactory.create(), "specialist", email=LOGIN)


@pytest.fixture
def window(
    browser: Browser, live_server: LiveServer, provider: Provider
) -> Iterator[Callable[..., Page]]:
    """``window(user=, javascript=)``: like ``open_browser``, but it may go to Microsoft; only go:
    no page of the portal fetches anything there.
    """
    contexts, faults = [], []

    def seen(request: Any) -> None:
        is_own = request.url.startswith((live_server.url, "data:"))
        is_way = request.url.startswith(provider.url) and request.is_navigation_request()
        if not is_own and not is_way and not request.url.endswith("/favicon.ico"):
            faults.append(request.url)

    def noted(message: Any) -> None:
        refused = "status of 403" in message.text  # Chromium reports the answer, not a fault
        if message.type == "error" and not refused and "favicon" not in str(message.location):
            faults.append(message.text)

    def opened(user: User | None = None, *, javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=live_server.url, locale="en-GB", java_script_enabled=javascript
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if user is not None:
            enter(context, user, live_server.url)
        page = context.new_page()
        page.on("request", seen)
        page.on("console", noted)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def at_microsoft(page: Page, provider: Provider) -> None:
    """Sign in there; the way to it needs no click and no script."""
    page.wait_for_url(f"{provider.url}/**")
    page.get_by_role("combobox").select_option(LOGIN)
    page.get_by_role("button", name="Next").click()


def accessible(page: Page) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    return [found["id"] for found in Axe().run(page, options=options).response["violations"]]


def begin(page: Page, process: str) -> None:
    page.locator(f"form:has(input[name=process][value={process}]) button").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_connect_then_sign_in(
    javascript: bool, window: Callable[..., Page], mia: User, provider: Provider
) -> None:
    inside = window(mia, javascript=javascript)
    inside.goto(reverse("socialaccount_connections"))
    begin(inside, "connect")
    inside.locator("input[name=password]").fill(PASSWORD)
    inside.locator("main form:has(input[name=password]) button[type=submit]").click()
    at_microsoft(inside, provider)
    inside.wait_for_url(f"**{reverse('socialaccount_connections')}")
    expect(inside.get_by_text("You can now sign in with Microsoft.")).to_be_visible()
    if javascript:
        assert accessible(inside) == []

    outside = window(javascript=javascript)
    outside.goto(f"{reverse('account_login')}?next=/partner/firma/")
    begin(outside, "login")
    at_microsoft(outside, provider)
    outside.wait_for_url("**/partner/firma/")

    assert [account.uid for account in entra.connected(mia)] == [f"{TENANT}:{MIA}"]


def test_being_asked_again_and_what_goes_wrong(
    window: Callable[..., Page], mia: User, provider: Provider
) -> None:
    SocialAccount.objects.create(
        user=mia, provider="microsoft", uid=f"{TENANT}:{MIA}", extra_data={"email": LOGIN}
    )
    page = window(mia)
    page.goto(entra.reauthenticate_url("sign something", "/partner/firma/"))
    assert accessible(page) == []
    page.locator("main form button[type=submit]").click()
    at_microsoft(page, provider)
    page.wait_for_url("**/partner/firma/")

    stranger = window()
    provider.people[LOGIN].oid = "99999999-2222-4333-8444-555555555555"
    stranger.goto(reverse("account_login"))
    begin(stranger, "login")
    stranger.wait_for_url(f"{provider.url}/**")
    stranger.get_by_role("combobox").select_option(LOGIN)
    with stranger.expect_response("**/zurueck/**") as answer:
        stranger.get_by_role("button", name="Next").click()
    assert answer.value.status == 403
    expect(stranger.locator("h1")).to_have_text("Nobody signs in with this Microsoft account yet")
    assert accessible(stranger) == []
