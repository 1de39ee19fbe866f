"""From the score to a plan, to scenarios, to the claims and to the months ahead, in a browser."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from config.demo.firms import FIRMS
from config.management.commands.load_demo import bring_usage, create
from partners.models import User
from scoring.models import Scenario, Score

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BRUECKNER = FIRMS[0]
SEARCHED = "Caritas"


@pytest.fixture
def jana() -> User:
    """The partner manager of a firm at 66 of 100 points; its data and nothing of its projects."""
    desks = create(BRUECKNER)
    bring_usage(BRUECKNER, timezone.localdate())
    return desks["jana"].user


def totals(page: Page) -> dict[str, Decimal]:
    """The points of each track that the tables of a scenario show."""
    found = {}
    for table in page.locator(".scenario__metrics").all():
        track = table.locator(".scenario__track").inner_text()
        found[track] = number(table.locator("tfoot td").nth(1))
    return found


def number(cell: Locator) -> Decimal:
    return Decimal(cell.inner_text().strip().replace(",", "."))


def keep_cheapest_plan(page: Page) -> None:
    """From the first page of the firm to the cheapest way to 70, and with it into a scenario."""
    page.goto("/designation/")
    page.locator("section[aria-labelledby=steps-heading] .section__head a").click()
    cheapest = page.locator(".way").first
    promised = number(cheapest.locator(".way__points b"))
    assert promised >= 70
    cheapest.locator("button[id$='-keep']").click()
    page.wait_for_url(re.compile(r"/szenarien/[0-9a-f-]{36}/$"))
    assert totals(page)["SMB"] == promised


def open_new_customers(page: Page, *, is_scripted: bool = True) -> Locator:
    page.locator(".scenario__ways a[href*='add=won']").click()
    form = page.locator(".scenario__form")
    expect(form.locator("[name=seats]")).to_have_value("")
    expect(form.locator(".errorlist")).to_have_count(0)  # no longer the one that was refused
    # The focus comes when htmx has settled: what is typed before that may be taken back.
    if is_scripted:
        expect(page.locator("#change-number")).to_be_focused()
    return form


def win_one_of_each_size(page: Page, *, is_scripted: bool = True) -> None:
    """A customer that the smaller track gains from, and one for the larger track."""
    for seats, users in (("40", "30"), ("400", "300")):
        form = open_new_customers(page, is_scripted=is_scripted)
        form.locator("[name=seats]").fill(seats)
        form.locator("[name=users]").fill(users)
        form.locator("[name=users_at_start]").fill("0")
        form.locator("[name=workloads][value=exchange]").check()
        before = page.locator(".scenario__list > li").count()
        page.locator("#add-change").click()
        expect(page.locator(".scenario__list > li")).to_have_count(before + 1)


def test_a_plan_becomes_a_scenario_and_is_compared(
    jana: User, open_browser: Callable[..., Page]
) -> None:
    page = open_browser(user=jana)
    reported = list(Score.objects.order_by("pk").values_list("pk", "result"))
    keep_cheapest_plan(page)
    planned = totals(page)

    # What is refused says so at its field, and the focus is there.
    page.evaluate("window.isStillTheSamePage = true")
    form = open_new_customers(page)
    expect(page.locator("#change-number")).to_be_focused()
    form.locator("[name=users]").fill("5")
    page.locator("#add-change").click()
    expect(form.locator(".errorlist").first).to_be_visible()
    expect(page.locator("#change-seats")).to_be_focused()

    # Both tracks move, and the page stays.
    win_one_of_each_size(page)
    changed = totals(page)
    assert changed["SMB"] > planned["SMB"]
    assert changed["Enterprise"] > planned["Enterprise"]
    expect(page.locator("#scenario :focus, #scenario:focus")).to_have_count(1)
    assert page.evaluate("window.isStillTheSamePage === true")
    page.reload()
    assert totals(page) == changed

    # A copy goes without the customer of the larger track; the two stand beside each other.
    page.locator("form[action$='/kopieren/'] button").click()
    expect(page.locator(".scenario__list > li")).to_have_count(4)
    page.locator("[id^=out-]").last.click()
    expect(page.locator(".scenario__list > li")).to_have_count(3)
    fewer = totals(page)
    assert fewer == {**changed, "Enterprise": planned["Enterprise"]}
    page.locator("a[href*='/szenarien/vergleich/']").click()
    mine, other = Scenario.objects.order_by("-made_at")
    page.locator("[name=b]").select_option(str(other.pk))
    page.locator("main form.search button[type=submit]").click()
    for section in page.locator("section[aria-labelledby^=compare-heading]").all():
        track = section.locator("h2").inner_text()
        cells = section.locator("tfoot tr").first.locator("td")
        assert [number(cell) for cell in cells.all()][1:] == [fewer[track], changed[track]]
    assert str(mine.pk) in page.url

    # The claims that wait, of one customer; then the months ahead.
    page.locator(".plan-tabs a[href$='/zuordnungen/']").click()
    everything = page.locator("#unclaimed tbody tr").count()
    page.locator("#unclaimed form.search input").first.fill(SEARCHED)
    page.locator("#unclaimed form button[type=submit]").first.click()
    rows = page.locator("#unclaimed tbody tr")
    expect(rows.filter(has_not_text=SEARCHED)).to_have_count(0)
    assert 0 < rows.count() < everything
    page.locator(".tabs a[href$='/ausblick/']").click()
    expect(page.locator(".ahead tbody tr")).to_have_count(4)  # today and three months
    assert list(Score.objects.order_by("pk").values_list("pk", "result")) == reported


def test_the_same_works_without_javascript(jana: User, open_browser: Callable[..., Page]) -> None:
    page = open_browser(user=jana, javascript=False)
    keep_cheapest_plan(page)
    planned = totals(page)
    win_one_of_each_size(page, is_scripted=False)
    changed = totals(page)
    assert changed["SMB"] > planned["SMB"]
    assert changed["Enterprise"] > planned["Enterprise"]
    page.locator("[id^=out-]").last.click()
    expect(page.locator(".scenario__list > li")).to_have_count(3)
    assert totals(page) == {**changed, "Enterprise": planned["Enterprise"]}
    page.goto("/designation/planen/")
    weight = page.locator("#efforts input[name=user]")
    weight.fill("2")
    page.locator("#efforts-save").click()
    expect(weight).to_have_value("2")
    expect(page.locator("#efforts-reset")).to_be_visible()
