"""The checklist: answer, confirm, talk, not applicable, defaults; with htmx and without."""

from typing import Any

import pytest

from cooperation import answers, points, projects, rule_books
from cooperation.models import Answer, Confirmation, TalkRequest
from tests.cooperation.browsers import Browser, fields, plain
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db

NASTY = '<script>alert("x")</script><b>fett</b> & „so“ {{ 7|add:1 }}'


def card(key: str) -> str:
    return f"#point-{key}"


def test_checklist_shows_seven_rules_and_every_visible_point() -> None:
    two = world()
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)

    book = rule_books.packaged()
    visible = points.visible_points(two.sheet)
    assert [tag["id"] for tag in page.soup.select("section.rule")] == [
        f"rule-{rule.key}" for rule in book.rules
    ]
    assert [tag["id"] for tag in page.soup.select("article.point")] == [
        f"point-{point.key}" for point in visible
    ]
    hidden = set(book.points) - {point.key for point in visible}
    assert {tag["id"] for tag in page.soup.select(".point-place")} == {
        f"point-{key}" for key in hidden
    }


def test_answer_without_javascript() -> None:
    two = world()
    browser = Browser(two.people[0])
    form = browser.get("point_answer", two.agreement.pk, "shared_goal")
    assert form.status == 200
    data = fields(form.one(".point__form form"))

    done = browser.follow(
        "point_answer", two.agreement.pk, "shared_goal", **{**data, "text": "Ein guter Start"}
    )

    assert done.messages() == ["Your answer is saved."]
    assert "Ein guter Start" in done.text(card("shared_goal"))
    assert two.state("shared_goal") == "proposed"
    assert browser.post("point_answer", two.agreement.pk, "shared_goal", **data).status == 422


def test_answer_keeps_the_filter() -> None:
    two = world()
    browser = Browser(two.people[0])
    form = browser.get("point_answer", two.agreement.pk, "shared_goal", query="?show=mine")
    url = str(form.one(".point__form form")["action"])

    response = browser.client.post(url, {"revision": "0", "text": "Ja"})

    assert response.headers["Location"].endswith("?show=mine#point-shared_goal")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("point_default", {"revision": "0"}),
        ("point_answer", {"revision": "0", "choice": "customer", "note": ""}),
        ("point_not_applicable", {"revision": "0", "note": "Kommt nicht vor"}),
        ("point_talk", {"comment": "Bitte kurz sprechen"}),
    ],
)
def test_point_update_fragment_is_what_a_reload_shows(name: str, data: dict[str, Any]) -> None:
    two = world()
    browser = Browser(two.people[0], htmx=True)

    fragment = browser.post(name, two.agreement.pk, "exclusivity", **data)
    reload = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)

    assert fragment.status == 200
    for selector in (card("exclusivity"), "#summary", "#rules", "#rule-partnership-head"):
        assert plain(fragment.one(selector)) == plain(reload.one(selector)), selector


def test_only_the_card_itself_is_swapped_in_band() -> None:
    two = world()
    fragment = Browser(two.people[0], htmx=True).post(
        "point_default", two.agreement.pk, "exclusivity", revision="0"
    )
    in_band = [tag for tag in fragment.soup.find_all(recursive=False) if not tag.get("hx-swap-oob")]
    assert [tag["id"] for tag in in_band] == ["point-exclusivity"]
    assert fragment.one("#announce").get_text() == "The Kodex default is proposed."


def test_conditional_point_appears_and_goes() -> None:
    two = world()
    browser = Browser(two.people[0], htmx=True)

    yes = browser.post("point_default", two.agreement.pk, "customer_protection", revision="0")
    reload = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    place = card("customer_protection_period")
    assert plain(yes.one(place)) == plain(reload.one(place))
    assert yes.one(place).name == "article"

    no = browser.post(
        "point_answer",
        two.agreement.pk,
        "customer_protection",
        revision="1",
        answer="no",
        note="Wir kennen den Kunden beide.",
    )
    assert no.one(place)["class"] == ["point-place"]
    assert browser.get("point", two.agreement.pk, "customer_protection_period").status == 404


def test_choice_of_the_lead_changes_the_table_that_hangs_on_it() -> None:
    two = world()
    browser = Browser(two.people[0], htmx=True)
    browser.post("point_default", two.agreement.pk, "raci", revision="0")

    fragment = browser.post(
        "point_answer",
        two.agreement.pk,
        "customer_lead",
        revision="0",
        choice=str(two.firms[1].pk),
        note="",
    )

    reload = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    assert plain(fragment.one(card("raci"))) == plain(reload.one(card("raci")))
    assert len(fragment.one(card("raci")).select("table tbody tr")) == 11


def test_confirmation_by_every_firm_agrees_the_point() -> None:
    two = world()
    two.propose(0, "shared_goal", "Ein Ziel")
    browser = Browser(two.people[1])
    page = browser.get("point", two.agreement.pk, "shared_goal")
    data = fields(page.one("#point-shared_goal form:has(#point-shared_goal-confirm)"))

    done = browser.follow("point_confirm", two.agreement.pk, "shared_goal", **data)

    assert done.messages() == ["Confirmed for your firm."]
    assert two.state("shared_goal") == "agreed"
    assert Confirmation.objects.filter(point_key="shared_goal").count() == 2


@pytest.mark.parametrize("htmx", [True, False])
def test_stale_answer_shows_both_and_keeps_ones_own(htmx: bool) -> None:
    two = world()
    browser = Browser(two.people[0], htmx=htmx)
    form = fields(
        browser.get("point_answer", two.agreement.pk, "shared_goal").one(".point__form form")
    )
    two.propose(1, "shared_goal", "Was die anderen wollen")

    page = browser.post(
        "point_answer", two.agreement.pk, "shared_goal", **{**form, "text": "Was ich will"}
    )

    assert page.status == (422 if htmx else 409)
    assert "Was die anderen wollen" in page.text(".point__form .notice")
    assert two.people[1].name in page.text(".point__form .notice")
    assert page.one("textarea[name=text]").get_text().strip() == "Was ich will"
    assert Answer.objects.get(point_key="shared_goal").value == {"text": "Was die anderen wollen"}

    again = fields(page.one(".point__form form"))
    assert again["revision"] == "1"
    browser.post("point_answer", two.agreement.pk, "shared_goal", **again)
    assert Answer.objects.get(point_key="shared_goal").value == {"text": "Was ich will"}


def test_stale_confirmation_confirms_nothing() -> None:
    two = world()
    two.propose(0, "shared_goal", "Erst so")
    two.propose(0, "shared_goal", "Dann so")
    browser = Browser(two.people[1], htmx=True)

    page = browser.post("point_confirm", two.agreement.pk, "shared_goal", revision="1")

    assert page.status == 422
    assert "Dann so" in page.text(card("shared_goal"))
    assert "changed this point in the meantime" in page.text(".point > .notice")
    assert not Confirmation.objects.filter(partner=two.firms[1]).exists()


def test_stale_not_applicable_keeps_the_reason() -> None:
    two = world()
    two.propose(1, "shared_goal", "Was die anderen wollen")
    page = Browser(two.people[0]).post(
        "point_not_applicable",
        two.agreement.pk,
        "shared_goal",
        revision="0",
        note="Brauchen wir nicht",
    )
    assert page.status == 409
    assert page.one("textarea[name=note]").get_text().strip() == "Brauchen wir nicht"
    assert "Was die anderen wollen" in page.text(".point__form .notice")


def test_firm_answers_for_itself_and_reads_the_others() -> None:
    two = world()
    two.propose(1, "contributions", "Zwei Leute")
    browser = Browser(two.people[0], htmx=True)
    form = browser.get("point_answer", two.agreement.pk, "contributions")
    assert form.one("textarea[name=text]").get_text().strip() == ""
    assert "Zwei Leute" in form.text(card("contributions"))

    browser.post(
        "point_answer",
        two.agreement.pk,
        "contributions",
        **{**fields(form.one(".point__form form")), "text": "Drei Leute"},
    )

    given = Answer.objects.filter(point_key="contributions")
    assert {answer.partner_id: answer.value for answer in given} == {
        two.firms[0].pk: {"text": "Drei Leute"},
        two.firms[1].pk: {"text": "Zwei Leute"},
    }


def test_talk_and_its_end() -> None:
    two = world()
    browser = Browser(two.people[0])
    empty = browser.post("point_talk", two.agreement.pk, "shared_goal", comment=" ")
    assert empty.status == 422
    assert empty.errors() == ["Please say in a sentence what you would like to talk about."]

    browser.post("point_talk", two.agreement.pk, "shared_goal", comment="Wie genau?")
    page = Browser(two.people[1]).get("point", two.agreement.pk, "shared_goal")
    assert "Wie genau?" in page.text(".notice--needs-you")
    assert two.state("shared_goal") == "needs_talk"

    talk = TalkRequest.objects.get()
    done = Browser(two.people[1]).follow("talk_resolve", two.agreement.pk, talk.pk)
    assert done.messages() == ["Noted: you have talked about it."]
    assert two.state("shared_goal") == "open"


def test_talk_of_another_agreement_is_not_found() -> None:
    two, other = world(), world()
    talk = answers.ask_to_talk(other.agreement.pk, "shared_goal", "Hm", **other.acting(0))
    assert Browser(two.people[0]).post("talk_resolve", two.agreement.pk, talk.pk).status == 404


def test_rows_grow_and_go_without_javascript() -> None:
    two = world()
    browser = Browser(two.people[0])
    page = browser.get("point_answer", two.agreement.pk, "ms_associations")
    data = fields(page.one(".point__form form")) | {"rows.0.workload": "teams"}

    more = browser.post("point_answer", two.agreement.pk, "ms_associations", **data, add="1")
    assert len(more.soup.select(".answer-rows tbody tr")) == 3
    chosen = more.one("[name='rows.0.workload'] option[selected]")
    assert (chosen["value"], chosen.text) == ("teams", "Teams")

    less = browser.post(
        "point_answer",
        two.agreement.pk,
        "ms_associations",
        **fields(more.one(".point__form form")),
        remove="1",
    )
    assert len(less.soup.select(".answer-rows tbody tr")) == 2
    assert not Answer.objects.exists()


BAD: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "split of 99.99": (
        "settlement_costs",
        {"shares.0": "50", "shares.1": "49,99"},
        ["The shares must add up to 100.00 percent; now they are 99.99%."],
    ),
    "two accountable": (
        "raci",
        {"rows.0.key": "pm", "rows.0.cells.0": "A", "rows.0.cells.1": "AR"},
        [
            "Project management: Exactly one firm is accountable (A) in each row; here 2 are.",
        ],
    ),
    "no number": (
        "exit_notice",
        {"number": "bald", "unit": "days"},
        ["Please enter a whole number."],
    ),
    "no sponsor": (
        "contacts",
        {"contacts.0.role": "project_lead", "contacts.0.person": "Ada"},
        [
            "Please name a person for: Management (sponsor).",
            "Please give an e-mail address or a phone number.",
        ],
    ),
    "one level only": (
        "escalation",
        {
            "steps.0.label": "Wir",
            "steps.0.who_role": "sponsor",
            "steps.0.deadline": "5",
            "steps.0.unit": "working_days",
        },
        ["Please keep at least two levels."],
    ),
    "day that does not exist": (
        "term",
        {"start": "2026-02-30"},
        ["Please enter a valid date."],
    ),
    "other than the default without a reason": (
        "fair_conduct",
        {"answer": "no"},
        ["This differs from the Kodex default. Please say why in the note."],
    ),
}


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_explained_at_its_place_and_kept(case: str, htmx: bool) -> None:
    key, data, sentences = BAD[case]
    two = world()
    firms = {f".{index}": f".{firm.pk}" for index, firm in enumerate(two.firms)}
    sent = {
        (name[:-2] + firms[name[-2:]] if "shares" in name or "cells" in name else name): value
        for name, value in data.items()
    }

    page = Browser(two.people[0], htmx=htmx).post(
        "point_answer", two.agreement.pk, key, revision="0", **sent
    )

    assert page.status == 422
    assert page.errors() == sentences
    kept = fields(page.one(".point__form form"))
    assert {name: kept.get(name) for name in sent} == sent
    assert not Answer.objects.exists()


def test_html_in_every_text_is_shown_literally() -> None:
    two = world()
    two.press(0)
    two.propose(0, "shared_goal", NASTY)
    two.propose(0, "exclusivity", {"choice": "none", "note": NASTY})
    two.propose(
        0,
        "contacts",
        [
            {"role": "sponsor", "person": NASTY, "phone": "1", "deputy": NASTY},
            {"role": "project_lead", "person": NASTY, "phone": "1"},
        ],
    )
    two.propose(0, "ms_associations", {"rows": [{"workload": "teams"}], "note": NASTY})
    two.propose(
        0,
        "raci",
        {"rows": [{"label": NASTY, "cells": {str(two.firms[0].pk): "AR"}}]},
    )
    answers.ask_to_talk(two.agreement.pk, "publicity", NASTY, **two.acting(0))
    browser = Browser(two.people[0])

    page = browser.get("agreement_detail", two.agreement.pk)
    forms = [
        browser.get("point_answer", two.agreement.pk, key)
        for key in ("shared_goal", "exclusivity", "contacts", "ms_associations", "raci")
    ]

    for each in (page, *forms):
        assert "<script>alert" not in each.response.content.decode()
        assert "<b>fett" not in each.response.content.decode()
    shown = page.soup.get_text()
    assert shown.count(NASTY) == 8
    assert forms[0].one("textarea[name=text]").get_text().strip() == NASTY
    assert forms[3].one("textarea[name=note]").get_text().strip() == NASTY


def test_defaults_of_a_rule_in_one_step() -> None:
    two = world()
    browser = Browser(two.people[0])
    button = browser.get("agreement_detail", two.agreement.pk).text("#rule-communication-head form")
    assert button.startswith("Confirm 8 unchanged defaults")

    done = browser.follow("rule_defaults", two.agreement.pk, "communication")

    assert done.messages() == ["8 points confirmed for your firm as in the Kodex."]
    assert done.soup.select("#rule-communication-head form") == []
    assert browser.post("rule_defaults", two.agreement.pk, "nonsense").status == 404


def test_fast_track_leaves_only_what_needs_an_answer() -> None:
    two = world()
    browser = Browser(two.people[0])

    page = browser.follow("fast_track", two.agreement.pk)

    left = [tag["id"] for tag in page.soup.select("article.point")]
    assert left == [
        f"point-{key}"
        for key in (
            "shared_goal",
            "contributions",
            "cooperation_model",
            "contacts",
            "customer_lead",
            "contract_party",
            "commercial_model",
        )
    ]
    assert page.soup.select(".fast-track") == []


@pytest.mark.parametrize(
    ("show", "expected"),
    [("all", {"shared_goal", "exclusivity", "term"}), ("open", {"term", "exclusivity"})],
)
def test_filters(show: str, expected: set[str]) -> None:
    two = world()
    two.propose(0, "shared_goal", "Ein Ziel")
    two.confirm(1, "shared_goal")
    two.propose(0, "exclusivity", "none")
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk, query=f"?show={show}")
    shown = {str(tag["id"]).removeprefix("point-") for tag in page.soup.select("article.point")}
    assert {"shared_goal", "exclusivity", "term"} & shown == expected


def test_filter_of_what_waits_for_us() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", "none")
    mine = Browser(two.people[1]).get("agreement_detail", two.agreement.pk, query="?show=mine")
    theirs = Browser(two.people[0]).get("agreement_detail", two.agreement.pk, query="?show=mine")
    assert [tag["id"] for tag in mine.soup.select("article.point")] == ["point-exclusivity"]
    assert theirs.soup.select("article.point") == []
    assert "Nothing waits for your firm" in theirs.text()


def test_observer_reads_and_changes_nothing() -> None:
    two = world()
    two.propose(0, "shared_goal", "Ein Ziel")
    browser = Browser(member(two.firms[1], "observer"))

    page = browser.get("agreement_detail", two.agreement.pk)

    assert "Ein Ziel" in page.text(card("shared_goal"))
    assert page.soup.select("main form") == []
    assert page.soup.select(".point__actions") == []
    assert browser.get("point_answer", two.agreement.pk, "shared_goal").status == 403


def test_project_lead_works_on_rules_two_to_four() -> None:
    two = world()
    page = Browser(member(two.firms[0], "lead")).get("agreement_detail", two.agreement.pk)
    editable = {
        str(section["id"])
        for section in page.soup.select("section.rule")
        if section.select(".point__actions")
    }
    assert editable == {"rule-communication", "rule-responsibilities", "rule-people"}


def test_points_stand_still_while_signing() -> None:
    two = world()
    two.freeze()
    browser = Browser(two.people[0])
    page = browser.get("agreement_detail", two.agreement.pk)
    assert page.soup.select(".point__actions") == []

    done = browser.follow("point_confirm", two.agreement.pk, "shared_goal", revision="1")

    assert done.messages() == [
        "This agreement is no longer in negotiation, so its points cannot be changed."
    ]


def queries_world(firms: int) -> World:
    made = world(firms)
    made.press(0)
    made.propose(0, "shared_goal", "Ziel")
    for firm in range(firms):
        made.propose(firm, "contributions", f"Beitrag {firm}")
    answers.ask_to_talk(made.agreement.pk, "publicity", "Hm", **made.acting(0))
    return made


@pytest.mark.parametrize("firms", [1, 3])
def test_checklist_queries_do_not_grow_with_firms(
    firms: int, django_assert_num_queries: Any
) -> None:
    made = queries_world(firms)
    browser = Browser(made.people[0])
    browser.get("agreement_detail", made.agreement.pk)  # the rule book is in memory from now on
    with django_assert_num_queries(12):
        page = browser.get("agreement_detail", made.agreement.pk)
    assert len(page.one(card("contributions")).select("dl > div")) == firms


@pytest.mark.parametrize("firms", [1, 3])
def test_card_queries_do_not_grow_with_firms(firms: int, django_assert_num_queries: Any) -> None:
    made = queries_world(firms)
    browser = Browser(made.people[0], htmx=True)
    browser.get("point", made.agreement.pk, "contributions")
    with django_assert_num_queries(11):
        browser.get("point_answer", made.agreement.pk, "contributions")


def test_strangers_and_invited_firms_find_nothing() -> None:
    two = world()
    two.propose(0, "shared_goal", "Geheim")
    firm = PartnerFactory.create()
    invited = member(firm, "manager", "signer")
    projects.invite(two.agreement.pk, firm, **two.acting(0))
    stranger = member(PartnerFactory.create(), "manager", "signer")
    for person in (invited, stranger):
        browser = Browser(person)
        for name in ("agreement_detail", "ready"):
            assert browser.get(name, two.agreement.pk).status == 404
        for name in ("point", "point_answer", "point_talk", "point_not_applicable"):
            assert browser.get(name, two.agreement.pk, "shared_goal").status == 404
        for name in ("point_confirm", "point_default", "point_answer"):
            assert browser.post(name, two.agreement.pk, "shared_goal").status == 404
        for name in ("fast_track", "freeze"):
            assert browser.post(name, two.agreement.pk).status == 404
    assert Browser(two.people[0]).get("agreement_detail", two.agreement.pk).status == 200


@pytest.mark.parametrize("htmx", [True, False])
def test_point_that_went_meanwhile_is_explained_on_the_whole_page(
    htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = world()
    two.propose(0, "customer_protection", "yes")
    ask = answers.propose

    def too_late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(answers, "propose", ask)
        two.propose(1, "customer_protection", {"answer": "no", "note": "Nicht nötig"})
        return ask(*args, **kwargs)

    monkeypatch.setattr(answers, "propose", too_late)
    browser = Browser(two.people[0], htmx=htmx)
    page = browser.post(
        "point_answer",
        two.agreement.pk,
        "customer_protection_period",
        revision="0",
        number="6",
        unit="months",
    )

    url = f"/vereinbarung/{two.agreement.pk}/"
    where = page.response.headers["HX-Redirect" if htmx else "Location"]
    assert where.startswith(url)
    shown = browser.get("agreement_detail", two.agreement.pk)
    assert shown.messages() == [
        "This question does not apply any more, because another answer has changed."
    ]
