"""The way out in the browser: notice, closing list, look back; with and without JavaScript."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cooperation import endings, retrospectives, rule_books, standing
from cooperation.models import ClosingItem, Ending, RetrospectiveAnswer
from tests.browser.test_accessibility import Findings, examine
from tests.cooperation.ending_worlds import in_force, look_back, propose_end
from tests.cooperation.worlds import World, world
from tests.factories import PASSWORD, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenBrowser = Callable[..., Page]


def url(some: World, name: str) -> str:
    return reverse(f"cooperation:{name}", args=[some.agreement.pk])


def ended(firms: int = 2) -> World:
    """Over since yesterday, by its term."""
    yesterday = standing.today() - timedelta(days=1)
    return in_force(firms, ends_on=yesterday.isoformat())


@pytest.mark.parametrize("javascript", [True, False])
def test_notice_and_closing_list(open_browser: OpenBrowser, javascript: bool) -> None:
    two = in_force()
    page = open_browser(user=two.people[0], english=True, javascript=javascript)
    page.goto(reverse("cooperation:project_detail", args=[two.agreement.project_id]))
    page.get_by_role("link", name="End it").click()
    page.get_by_text("Give notice for our firm").click()
    form = page.locator("#notice form")
    form.get_by_label("Your password").fill("falsch")
    form.get_by_role("button").click()
    expect(page.locator("#notice .errorlist")).to_have_text(
        "This is not your password. Please try again."
    )
    page.locator("#notice form").get_by_label("Your password").fill(PASSWORD)
    page.locator("#notice form").get_by_role("button").click()
    expect(page.locator("h1")).to_have_text("The cooperation ends")
    assert Ending.objects.get().way == "notice"

    page.get_by_role("link", name="To the closing list").click()
    expect(page.locator("#own-done")).to_have_text("0 of 5 done")
    page.locator("#item-access summary").click()
    page.locator("#item-access textarea").fill("GDAP entzogen")
    page.locator("#done-access").click()
    expect(page.locator("#own-done")).to_have_text("1 of 5 done")
    expect(page.locator("#item-access")).to_contain_text("GDAP entzogen")
    page.locator("#undo-access").click()
    expect(page.locator("#own-done")).to_have_text("0 of 5 done")
    assert not ClosingItem.objects.exists()


def test_look_back_saves_itself_and_takes_nothing_away(open_browser: OpenBrowser) -> None:
    two = ended()
    page = open_browser(user=two.people[0], english=True)
    page.goto(url(two, "retrospective"))
    rule = page.locator("#rule-communication")
    rule.get_by_label("went well", exact=True).check()
    expect(rule.locator("#saved-communication")).to_contain_text("Saved by")
    expect(page.locator("#progress")).to_have_text("1 of 7 rules answered")

    rule.get_by_label("What went well").fill("Kurze Wege")
    rule.get_by_label("What we would change").press_sequentially("Mehr Pausen", delay=30)
    expect(rule.get_by_label("What we would change")).to_have_value("Mehr Pausen")
    expect(rule.get_by_label("What we would change")).to_be_focused()
    rule.get_by_role("button").click()
    page.wait_for_load_state("networkidle")
    answer = RetrospectiveAnswer.objects.get()
    assert (answer.rating, answer.good, answer.better) == (4, "Kurze Wege", "Mehr Pausen")

    mira = member(two.firms[0], "lead", name="Mira Sander")
    retrospectives.save(
        two.agreement.pk,
        "communication",
        rating=1,
        good="Miras Worte",
        better="",
        by=mira,
        partner=two.firms[0],
        seen=retrospectives.token(answer),
    )
    rule.get_by_label("What went well").fill("Meine Worte")
    rule.get_by_label("What we would change").focus()
    expect(rule.locator(".errorlist")).to_contain_text("Mira Sander has changed this rule")
    expect(rule.locator("#saved-communication")).to_contain_text("Miras Worte")
    expect(rule.get_by_label("What went well")).to_have_value("Meine Worte")


def test_look_back_without_javascript(open_browser: OpenBrowser) -> None:
    two = ended()
    look_back(two, 1)
    page = open_browser(user=two.people[0], english=True, javascript=False)
    page.goto(url(two, "retrospective"))
    for rule in rule_books.by_id(two.agreement.rule_book_id).rules:
        form = page.locator(f"#rule-{rule.key} form")
        form.get_by_label("went well", exact=True).check()
        form.get_by_label("What went well").fill(f"Regel {rule.number}")
        form.get_by_role("button").click()
        expect(page.locator(f"#saved-{rule.key}")).to_contain_text("Saved by")
    page.get_by_label("Yes, again").check()
    page.get_by_role("button", name="Hand in").click()

    expect(page.locator(".side-by-side")).to_have_count(7)
    expect(page.locator("main")).to_contain_text("Regel 7")


def test_pages_of_the_end_are_accessible(open_browser: OpenBrowser) -> None:
    running, three, draft, over, opened = in_force(), in_force(3), world(), ended(3), ended()
    name = "Ein sehr langer Firmenname für Beratung und Betrieb in der Cloud"
    over.firms[1].name = name
    over.firms[1].save()
    soon = standing.today() + timedelta(days=5)
    propose_end(three, 1, soon.isoformat(), reason="Fertig. " * 40)
    long_note = "Langer Vermerk ohne Leerzeichen: " + "x" * 90
    endings.confirm_item(over.agreement.pk, "access", note=long_note, **over.acting(0))
    look_back(over, 0)
    for firm in (0, 1):
        look_back(opened, firm, word="Wort " * 30)
    pages = [
        (running, "ending"),
        (three, "ending"),
        (draft, "abandon"),
        (over, "ending"),
        (over, "closing"),
        (over, "retrospective"),
        (opened, "retrospective"),
    ]
    findings = Findings()
    for some, name in pages:
        page = open_browser(user=some.people[0])
        page.goto(url(some, name))
        for summary in page.locator("main details > summary").all():
            summary.click()
        examine(page, name, findings)
    other = open_browser(user=over.people[1])
    other.goto(url(over, "retrospective"))
    examine(other, "look back of the other", findings)
    assert not findings.lines, "\n".join(findings.lines)
