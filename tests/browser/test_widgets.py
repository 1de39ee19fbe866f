"""Every kind of answer in its own widget, on a page that changes in place."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps
from tests.browser.steps import card, state
from tests.cooperation.worlds import CONTACTS, World, world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def expect_focus_in(place: Locator) -> None:
    """The focus is inside ``place`` or on it, and not lost at the top of the page."""
    expect(place.locator(":focus").or_(place.and_(place.page.locator(":focus")))).to_have_count(1)


def open_checklist(
    open_browser: Callable[..., Page], firms: World, firm: int = 0, show: str = ""
) -> Page:
    page = open_browser(user=firms.people[firm])
    page.goto(steps.checklist(firms.agreement, show))
    return page


def test_answers_that_are_chosen_or_written(open_browser: Callable[..., Page]) -> None:
    firms = world()
    page = open_checklist(open_browser, firms)

    # choice: one of them has to be chosen
    form = steps.open_form(page, "commercial_model")
    expect_focus_in(form)
    steps.refused(page, "commercial_model")
    expect(page.locator("#commercial_model-choice_errors")).to_be_visible()
    expect_focus_in(form)
    steps.choose(form, "choice", "day_rates")
    steps.send(page, "commercial_model")
    expect(state(page, "commercial_model")).to_have_class("tag tag--proposed")
    expect_focus_in(card(page, "commercial_model"))

    # multi_choice: at least one, or a note
    form = steps.open_form(page, "channels")
    for box in form.locator("input[name=choices]").all():
        box.uncheck()
    steps.refused(page, "channels")
    expect(page.locator("#channels-choices_errors")).to_be_visible()
    steps.choose(form, "choices", "teams", "phone")
    steps.send(page, "channels")
    expect(card(page, "channels").locator(".answer__words li")).to_have_count(2)

    # yes_no_note: what differs from the default needs its reason
    form = steps.open_form(page, "keep_delivering")
    steps.choose(form, "answer", "no")
    steps.refused(page, "keep_delivering")
    expect(page.locator("#keep_delivering-note_errors")).to_be_visible()
    expect(page.locator("#keep_delivering-note")).to_be_focused()
    steps.fill(form, {"note": "Der Kunde hat ein eigenes Team."})
    steps.send(page, "keep_delivering")
    expect(card(page, "keep_delivering")).to_contain_text("Der Kunde hat ein eigenes Team.")

    # text: not empty; markup is just text
    form = steps.open_form(page, "shared_goal")
    steps.fill(form, {"text": "   "})
    steps.refused(page, "shared_goal")
    expect(page.locator("#shared_goal-text_errors")).to_be_visible()
    expect(page.locator("#shared_goal-text")).to_be_focused()
    steps.fill(form, {"text": "Ein Start <script>alert(1)</script> & mehr"})
    steps.send(page, "shared_goal")
    expect(card(page, "shared_goal")).to_contain_text("Ein Start <script>alert(1)</script> & mehr")


def test_answers_in_figures(open_browser: Callable[..., Page]) -> None:
    firms = world()
    one, other = firms.firms
    firms.propose(0, "commercial_model", "reseller_margin")
    page = open_checklist(open_browser, firms)

    # percent_split: the sum follows what is typed, and has to be 100
    form = steps.open_form(page, "settlement_costs")
    total = form.locator("[data-split-total]")
    steps.fill(form, steps.shares(one, other, "60", "39,99"))
    expect(total).to_have_text(re.compile(r"^99,99\s%$"))
    steps.refused(page, "settlement_costs")
    expect(form.locator(".errorlist")).to_contain_text("99,99 %")
    expect_focus_in(form)
    steps.fill(form, steps.shares(one, other, "60", "40"))
    expect(total).to_have_text(re.compile(r"^100,00\s%$"))
    steps.send(page, "settlement_costs")
    expect(card(page, "settlement_costs").locator("td.num")).to_have_text(["60,00 %", "40,00 %"])

    # percent: at most 100
    form = steps.open_form(page, "fee_or_margin")
    steps.fill(form, {"percent": "101"})
    steps.refused(page, "fee_or_margin")
    expect(page.locator("#fee_or_margin-percent_errors")).to_be_visible()
    expect(page.locator("#fee_or_margin-percent")).to_be_focused()
    steps.fill(form, {"percent": "12,5"})
    steps.send(page, "fee_or_margin")
    expect(card(page, "fee_or_margin")).to_contain_text("12,50 %")

    # money: an amount as one types it
    form = steps.open_form(page, "contract_value")
    steps.fill(form, {"amount": "-5"})
    steps.refused(page, "contract_value")
    expect(page.locator("#contract_value-amount_errors")).to_be_visible()
    steps.fill(form, {"amount": "1.234,5"})
    steps.send(page, "contract_value")
    expect(card(page, "contract_value")).to_contain_text("1.234,50 EUR")

    # duration: no longer than the book allows
    firms.propose(0, "customer_protection", "yes")
    page.reload()
    form = steps.open_form(page, "customer_protection_period")
    steps.fill(form, {"number": "25", "unit": "months"})
    steps.refused(page, "customer_protection_period")
    expect(page.locator("#customer_protection_period-number_errors")).to_contain_text("24 Monate")
    steps.fill(form, {"number": "18"})
    steps.send(page, "customer_protection_period")
    expect(card(page, "customer_protection_period")).to_contain_text("18 Monate")

    # date_range: the end not before the start
    form = steps.open_form(page, "term")
    steps.fill(form, {"start": "2027-03-01", "end": "2027-02-01"})
    steps.refused(page, "term")
    expect(page.locator("#term-end_errors")).to_be_visible()
    expect(page.locator("#term-end")).to_be_focused()
    steps.fill(form, {"end": "2027-12-31"})
    steps.send(page, "term")
    expect(card(page, "term")).to_contain_text("01.03.2027")
    expect(card(page, "term")).to_contain_text("31.12.2027")


def test_answers_in_rows(open_browser: Callable[..., Page]) -> None:
    firms = world()
    one, other = firms.firms
    firms.propose(0, "customer_lead", str(one.pk))
    page = open_checklist(open_browser, firms)

    # contacts: the people the book asks for, reachable
    form = steps.open_form(page, "contacts")
    steps.fill(form, {**steps.contacts("Ada"), "contacts.0.email": "keine Adresse"})
    steps.refused(page, "contacts")
    expect(page.locator("#contacts-contacts-0-email_errors")).to_be_visible()
    expect(page.locator("#contacts-contacts-0-email")).to_be_focused()
    expect(form.locator("[name='contacts.2.person']")).to_have_value("Ada Kurz")  # nothing is lost
    steps.fill(form, {"contacts.0.email": "ada@firma.example"})
    steps.send(page, "contacts")
    expect(card(page, "contacts").locator(".is-mine tbody tr")).to_have_count(2)

    # raci: exactly one firm is accountable in each row
    form = steps.open_form(page, "raci")
    row = {f"rows.0.cells.{one.pk}": "A", f"rows.0.cells.{other.pk}": "A"}
    steps.fill(form, row)
    steps.refused(page, "raci")
    expect(page.locator("#raci-rows-0_errors")).to_be_visible()
    expect(form.locator("[aria-invalid='true']")).to_have_count(2)
    expect_focus_in(form)
    steps.fill(form, {f"rows.0.cells.{other.pk}": "R"})
    page.locator("#raci-rows-1-remove").click()
    expect(form.locator("tbody tr")).to_have_count(10)
    page.locator("#raci-add").click()
    expect(form.locator("tbody tr")).to_have_count(11)
    steps.fill(form, {"rows.10.label": "Kantine", f"rows.10.cells.{one.pk}": "AR"})
    steps.send(page, "raci")
    rows = card(page, "raci").locator("tbody tr")
    expect(rows).to_have_count(11)
    expect(rows.first.locator("td")).to_have_text(["A", "R"])
    expect(rows.last).to_contain_text("Kantine")

    # escalation: two levels at least, in an order one can change
    form = steps.open_form(page, "escalation")
    names = form.locator("[name^='steps.'][name$='.label']")
    expect(names).to_have_count(4)
    second = names.nth(1).input_value()
    page.locator("#escalation-steps-1-up").click()
    expect(names.first).to_have_value(second)
    expect_focus_in(form)
    for left in (3, 2):
        page.locator("#escalation-steps-0-remove").click()
        expect(names).to_have_count(left)
    expect(form.locator("[id$='-remove']")).to_have_count(0)
    page.locator("#escalation-add").click()
    expect(names).to_have_count(3)
    steps.refused(page, "escalation")
    for name in ("label", "who_role", "deadline"):
        expect(page.locator(f"#escalation-steps-2-{name}_errors")).to_be_visible()
    expect(page.locator("#escalation-steps-2-label")).to_be_focused()
    level = {"label": "Beirat", "who_role": "neutral", "deadline": "14", "unit": "calendar_days"}
    steps.fill(form, {f"steps.2.{name}": value for name, value in level.items()})
    steps.send(page, "escalation")
    expect(card(page, "escalation").locator("tbody tr").last).to_contain_text("Beirat")

    # table: a row needs its first cell
    form = steps.open_form(page, "ms_associations")
    steps.fill(form, {"rows.0.csp": str(one.pk)})
    steps.refused(page, "ms_associations")
    expect(page.locator("#ms_associations-rows-0-workload_errors")).to_be_visible()
    steps.fill(form, {"rows.0.workload": "Teams Telefon"})
    steps.send(page, "ms_associations")
    cells = card(page, "ms_associations").locator("tbody tr").first
    expect(cells).to_contain_text("Teams Telefon")
    expect(cells).to_contain_text(one.name)


def test_money_in_rows(open_browser: Callable[..., Page]) -> None:
    firms = world()
    firms.propose(0, "commercial_model", "day_rates")
    page = open_checklist(open_browser, firms)

    form = steps.open_form(page, "day_rates")
    steps.fill(form, {"rows.0.amount": "viel", "rows.1.amount": "1250"})
    steps.refused(page, "day_rates")
    expect(page.locator("#day_rates-rows-0-amount_errors")).to_be_visible()
    steps.fill(form, {"rows.0.amount": "980,50"})
    steps.send(page, "day_rates")

    amounts = card(page, "day_rates").locator(".is-mine td.num")
    expect(amounts).to_have_text(["980,50 EUR", "1.250,00 EUR"])


def test_points_that_hang_on_an_answer_come_and_go(open_browser: Callable[..., Page]) -> None:
    firms = world()
    page = open_checklist(open_browser, firms)
    hanging = ("non_solicitation_period", "non_solicitation_exceptions", "non_solicitation_remedy")
    total = page.locator("#rule-people-head .rule__progress progress")
    for key in hanging:
        expect(card(page, key)).to_be_empty()
    expect(total).to_have_attribute("max", "6")

    page.locator("#point-non_solicitation-default").click()
    for key in hanging:
        expect(card(page, key)).to_be_visible()
    expect(total).to_have_attribute("max", "9")

    form = steps.open_form(page, "non_solicitation")
    steps.choose(form, "answer", "no")
    steps.fill(form, {"note": "Wir arbeiten ohne Verbot."})
    steps.send(page, "non_solicitation")
    for key in hanging:
        expect(card(page, key)).to_be_empty()
    expect(total).to_have_attribute("max", "6")


def test_who_answers_too_late_sees_both_answers(open_browser: Callable[..., Page]) -> None:
    firms = world()
    page = open_checklist(open_browser, firms)
    form = steps.open_form(page, "shared_goal")
    firms.propose(1, "shared_goal", "Das Ziel der anderen")
    steps.fill(form, {"text": "Unser Ziel"})
    steps.submit(page, "shared_goal")

    # Nothing is overwritten, nothing is lost.
    expect(form.locator(".notice--warn")).to_contain_text("Das Ziel der anderen")
    expect(form.locator("textarea[name=text]")).to_have_value("Unser Ziel")
    expect_focus_in(form)
    assert firms.sheet.joint["shared_goal"]["text"] == "Das Ziel der anderen"
    steps.send(page, "shared_goal")
    expect(card(page, "shared_goal").locator(".answer")).to_contain_text("Unser Ziel")


def test_nobody_confirms_what_they_have_not_seen(open_browser: Callable[..., Page]) -> None:
    firms = world()
    firms.propose(1, "shared_goal", "Das erste Ziel")
    page = open_checklist(open_browser, firms)
    firms.propose(1, "shared_goal", "Das zweite Ziel")
    page.locator("#point-shared_goal-confirm").click()

    expect(card(page, "shared_goal").locator(".notice--warn")).to_be_visible()
    expect(card(page, "shared_goal")).to_contain_text("Das zweite Ziel")
    assert firms.state("shared_goal") == "proposed"
    steps.confirm(page, "shared_goal")
    expect(state(page, "shared_goal")).to_have_class("tag tag--agreed")


def test_a_talk_and_a_point_that_does_not_apply(open_browser: Callable[..., Page]) -> None:
    firms = world()
    page = open_checklist(open_browser, firms)
    expect_focus_in(steps.open_form(page, "publicity", "talk"))
    steps.refused(page, "publicity")
    expect(page.locator("#point-publicity-comment")).to_be_focused()
    page.locator("#point-publicity-comment").fill("Dürfen wir berichten?")
    steps.send(page, "publicity")
    expect(state(page, "publicity")).to_have_class("tag tag--talk")
    expect_focus_in(card(page, "publicity"))
    page.locator("#point-publicity form[action*='/gespraech/'] button").click()
    expect(state(page, "publicity")).to_have_class("tag tag--open")

    steps.open_form(page, "standards", "na")
    page.locator("#point-standards-note").fill("Nur eine Schulung")
    steps.send(page, "standards")
    expect(card(page, "standards")).to_contain_text("Nur eine Schulung")

    # A form that is cancelled leaves the card as it was.
    form = steps.open_form(page, "acceptance")
    form.locator(".form-actions a").click()
    expect(form).to_have_count(0)
    expect(state(page, "acceptance")).to_have_class("tag tag--open")
    expect_focus_in(card(page, "acceptance"))


def test_a_point_is_confirmed_by_keyboard(open_browser: Callable[..., Page]) -> None:
    firms = world()
    firms.fill()
    firms.propose(1, "contacts", [CONTACTS[0], {**CONTACTS[1], "person": "Cleo Lang"}])
    page = open_checklist(open_browser, firms, show="mine")

    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    button = page.locator("#point-contacts-confirm")
    for _step in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    page.keyboard.press("Enter")

    expect(state(page, "contacts")).to_have_class("tag tag--agreed")
    expect_focus_in(card(page, "contacts"))
    expect(page.locator("#announce")).not_to_be_empty()  # and a screen reader hears it
