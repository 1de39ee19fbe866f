"""The pages of the look back."""

from typing import Any

import pytest

from cooperation import retrospectives
from cooperation.models import RetrospectiveAnswer, RetrospectivePart
from tests.cooperation.browsers import Browser, Page, fields
from tests.cooperation.ending_worlds import in_force, look_back, on, write
from tests.cooperation.worlds import World
from tests.factories import member

pytestmark = pytest.mark.django_db

AFTER = "2027-01-10"
RULE = "communication"


def ended(firms: int = 2) -> World:
    return in_force(firms, ends_on="2026-12-31")


def page(some: World, person: int, day: str = AFTER) -> Page:
    with on(day):
        return Browser(some.people[person]).get("retrospective", some.agreement.pk)


def post(some: World, person: int, name: str, *args: Any, day: str = AFTER, **data: Any) -> Page:
    with on(day):
        return Browser(some.people[person]).follow(name, some.agreement.pk, *args, **data)


def save(some: World, person: Any, *, htmx: bool = False, rule: str = RULE, **data: Any) -> Page:
    with on(AFTER):
        browser = Browser(person, htmx=htmx)
        return browser.post("retrospective_rule", some.agreement.pk, rule, **data)


def handed_in(page: Page) -> list[str]:
    return [" ".join(item.get_text(" ").split()) for item in page.soup.select("aside .voices li")]


def test_every_rule_has_a_form_of_its_own() -> None:
    two = ended()
    shown = page(two, 0)

    assert len(shown.soup.select("form.look-back")) == 7
    assert shown.text("#progress") == "0 of 7 rules answered"
    assert len(shown.soup.select(f"#rule-{RULE} [name=rating]")) == 6
    assert not shown.soup.select("[name=rating][checked]")
    assert handed_in(shown) == [f"{firm.name} not yet" for firm in two.firms]


def test_rule_saved_without_javascript() -> None:
    two = ended()
    saved = save(two, two.people[0], rating="2", good="Kurz & <b>gut</b>", better="Öfter")
    assert saved.response.url == f"/vereinbarung/{two.agreement.pk}/rueckblick/#rule-{RULE}"

    shown = page(two, 0)
    form = fields(shown.one(f"#rule-{RULE} form"))
    assert {key: form[key] for key in ("rating", "good", "better")} == {
        "rating": "2",
        "good": "Kurz & <b>gut</b>",
        "better": "Öfter",
    }
    assert shown.text("#progress") == "1 of 7 rules answered"
    assert shown.text(f"#saved-{RULE}").startswith(f"Saved by {two.people[0].name}, ")
    assert page(two, 1).text("#progress") == "0 of 7 rules answered"


def test_rule_saved_by_htmx_leaves_what_is_typed_alone() -> None:
    two = ended()
    fragment = save(two, two.people[0], htmx=True, rating="0", good="", better="")

    assert fragment.status == 200
    assert [tag["id"] for tag in fragment.soup.find_all(id=True, recursive=False)] == [
        f"saved-{RULE}",
        "progress",
    ]
    assert not fragment.soup.select("textarea")
    assert fragment.one("#progress")["hx-swap-oob"] == "true"
    assert fragment.text("#progress") == "1 of 7 rules answered"
    answer = RetrospectiveAnswer.objects.get()
    assert answer.rating is None
    assert fragment.one("[name=seen]")["value"] == retrospectives.token(answer)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Please choose one of the answers."),
        ({"rating": "6"}, "Please choose one of the answers."),
        ({"rating": "x' OR 1=1"}, "Please choose one of the answers."),
        ({"good": "x" * 2001, "rating": "3"}, "Ensure this value has at most 2000 characters"),
        (
            {"better": "a\u202eb", "rating": "3"},
            "The text contains invisible control characters. Please type it in again.",
        ),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_what_has_to_be_mended_is_said(data: dict[str, str], said: str, htmx: bool) -> None:
    two = ended()
    shown = save(two, two.people[0], htmx=htmx, **data)

    assert shown.status == 422
    assert len(shown.errors()) == 1
    assert shown.errors()[0].startswith(said)
    assert not RetrospectivePart.objects.exists()


def test_colleague_was_quicker_shows_both_and_loses_nothing() -> None:
    two = ended()
    mira = member(two.firms[0], "lead", name="Mira Sander")
    first = fields(page(two, 0).one(f"#rule-{RULE} form"))
    save(two, mira, rating="5", good="Miras Worte")
    for htmx in (True, False):
        shown = save(
            two, two.people[0], htmx=htmx, **{**first, "rating": "1", "good": "Meine Worte"}
        )
        assert shown.status == 422
        assert shown.errors() == [
            "Mira Sander has changed this rule in the meantime. "
            "Please compare both before you save."
        ]
        assert "Mira Sander: went very well Miras Worte" in shown.text(f"#saved-{RULE}")
    assert "Meine Worte" in shown.one(f"#{RULE}_good").get_text()
    again = fields(shown.one(f"#rule-{RULE} form"))
    assert save(two, two.people[0], **again).status == 302  # compared, and now meant so
    assert RetrospectiveAnswer.objects.get().good == "Meine Worte"


def test_handing_in_asks_for_what_is_missing() -> None:
    two = ended()
    save(two, two.people[0], rating="4")
    with on(AFTER):
        browser = Browser(two.people[0])
        shown = browser.post("retrospective_hand_in", two.agreement.pk, again="yes")
        assert (shown.status, shown.errors()) == (
            422,
            ["Please answer the rules 1, 3, 4, 5, 6, 7 first."],
        )
        assert shown.one("[name=again][checked]")["value"] == "yes"
        write(two, 0)
        shown = browser.post("retrospective_hand_in", two.agreement.pk)
    assert (shown.status, shown.errors()) == (422, ["Please choose one of the answers."])
    assert not retrospectives.handed_in(two.agreement)


def test_handing_in_and_taking_back_from_the_page() -> None:
    two = ended()
    with on(AFTER):
        write(two, 0)
    after = post(two, 0, "retrospective_hand_in", again="no")
    assert after.messages() == ["Handed in. Thank you for looking back."]
    assert not after.soup.select("form.look-back, #hand-in")
    assert handed_in(after) == [f"{two.firms[0].name} yes", f"{two.firms[1].name} not yet"]
    assert handed_in(page(two, 1)) == handed_in(after)

    back = post(two, 0, "retrospective_take_back")
    assert back.messages() == ["Your look back is in your hands again."]
    assert back.one("[name=again][checked]")["value"] == "no"
    assert len(back.soup.select("form.look-back")) == 7


def test_opened_look_back_stands_side_by_side() -> None:
    three = ended(3)
    with on(AFTER):
        for firm in range(3):
            look_back(three, firm, again=firm != 2, word=f"<i>Firma {firm}</i> ")
    for person in range(3):
        shown = page(three, person)
        assert len(shown.soup.select(".side-by-side")) == 7
        firms = [
            h.get_text() for h in shown.soup.select("#rule-communication ~ *, .side-by-side h3")
        ]
        assert firms[:3] == [firm.name for firm in three.firms]
        assert shown.text().count("went well") >= 21
        assert "<i>Firma 2</i> 1 war gut" in shown.text()
        assert [" ".join(li.get_text(" ").split()) for li in shown.soup.select(".voices li")] == [
            f"{three.firms[0].name} Yes, again",
            f"{three.firms[1].name} Yes, again",
            f"{three.firms[2].name} Rather not",
        ]
        assert not shown.soup.select("main form")


def test_opened_without_a_firm_names_it_and_shows_none_of_its_draft() -> None:
    three = ended(3)
    with on(AFTER):
        look_back(three, 0)
        look_back(three, 1)
        write(three, 2, word="Entwurf ")
    assert not page(three, 0, "2027-03-01").soup.select("form[action$='/oeffnen/']")
    assert not page(three, 2, "2027-03-02").soup.select("form[action$='/oeffnen/']")
    assert page(three, 0, "2027-03-02").soup.select("form[action$='/oeffnen/']")
    after = post(three, 0, "retrospective_close", day="2027-03-02")

    assert after.messages() == ["The look back is open."]
    said = f"Opened without {three.firms[2].name}, who did not hand in."
    for person in range(3):
        shown = page(three, person, "2027-03-03")
        assert shown.text(".looked-back .notice") == said
        assert "Entwurf" not in shown.text()


def test_close_before_its_day_is_refused() -> None:
    two = ended()
    with on(AFTER):
        look_back(two, 0)
    after = post(two, 0, "retrospective_close")

    assert after.messages() == ["The other firms still have time to hand in."]


def test_observers_read_what_their_own_firm_wrote() -> None:
    two = ended()
    own, other = member(two.firms[0], "observer"), member(two.firms[1], "observer")
    with on(AFTER):
        write(two, 0, word="Nur wir: ")
        mine = Browser(own).get("retrospective", two.agreement.pk)
        theirs = Browser(other).get("retrospective", two.agreement.pk)

    assert "Nur wir: 1 war gut" in mine.text()
    assert not mine.soup.select("main form")
    assert "Nur wir" not in theirs.text()
    assert "Nothing written yet." in theirs.text()


def test_before_the_end_is_announced_there_is_nothing_to_write() -> None:
    two = in_force()
    shown = page(two, 0)

    assert shown.text(".lead") == "You can look back once the end is announced."
    assert not shown.soup.select("main form")
    refused = save(two, two.people[0], rating="3")
    assert refused.status == 422
    assert not RetrospectivePart.objects.exists()


def test_project_lead_writes_and_others_hand_in() -> None:
    two = ended()
    lead = member(two.firms[0], "lead")
    assert save(two, lead, rating="3").status == 302
    with on(AFTER):
        shown = Browser(lead).get("retrospective", two.agreement.pk)

    assert shown.soup.select("form.look-back")
    assert not shown.soup.select("#hand-in")
    assert "the people who may sign hand it in" in shown.text()


@pytest.mark.parametrize("firms", [2, 3])
def test_queries_do_not_grow_with_the_firms(firms: int, django_assert_num_queries: Any) -> None:
    some = ended(firms)
    with on(AFTER):
        for firm in range(firms):
            look_back(some, firm)
        browser = Browser(some.people[0])
        browser.get("retrospective", some.agreement.pk)
        with django_assert_num_queries(11):
            browser.get("retrospective", some.agreement.pk)
