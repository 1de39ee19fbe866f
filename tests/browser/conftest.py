"""A real Chromium, a real server and a Celery worker in a thread, for the journeys."""

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from config.celery import app
from partners.models import User
from tests.factories import PASSWORD

# Playwright's synchronous interface runs an event loop in this thread, and Django then refuses its
# synchronous database calls, which here nothing else waits for.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

# An invalid form is answered with 422. Chromium reports every such answer as an error of the page.
ANSWERED_422 = "the server responded with a status of 422"

expect.set_options(timeout=15_000)  # a busy machine is no failure

HAS_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[HAS_FAILED] = report.failed
    return report


def show(page: Page, picture: Path) -> None:
    """Print where a failed test stood, and keep a picture of it."""
    page.screenshot(path=picture)
    print(f"{page.url}: {page.title()}, {picture}")  # noqa: T201 -- pytest shows it with the failure


@pytest.fixture(scope="module")  # its loop runs in this thread, in the way of all other tests
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A Celery worker that shares the tests' memory broker."""
    app.control.purge()  # what earlier tests queued and nobody wanted
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        yield


@pytest.fixture
def open_browser(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """``open_browser(user=, phone=, dark=, english=, javascript=)``: a fresh browser window.

    With ``user`` that person is signed in already: for tests that are not about signing in.

    Every request to another host than the test server fails the test, as does every error on the
    browser's console: the content security policy reports there.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note_error(message: ConsoleMessage) -> None:
        if message.type == "error" and ANSWERED_422 not in message.text:
            faults.append(message.text)

    def open_page(
        *,
        user: User | None = None,
        phone: bool = False,
        dark: bool = False,
        english: bool = False,
        javascript: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-GB" if english else "de-DE",
            java_script_enabled=javascript,
            accept_downloads=True,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if user is not None:
            enter(context, user, live_server.url)
        page = context.new_page()
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server.url, "data:", "blob:"))
                else faults.append(f"request to {request.url}")
            ),
        )
        page.on("console", note_error)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield open_page
    for number, context in enumerate(contexts, start=1):
        if request.node.stash.get(HAS_FAILED, False):
            show(context.pages[0], tmp_path / f"window-{number}.png")
        context.close()
    assert faults == []


def enter(context: BrowserContext, user: User, url: str) -> None:
    """Give the window a session of ``user``, without the sign-in page."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def sign_in(page: Page, user: User) -> None:
    """Sign in through the page, as a person does."""
    page.goto("/konto/anmelden/")
    page.locator("input[name=login]").fill(user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form:has(input[name=password]) button[type=submit]").click()
    page.wait_for_url("**/start/")
