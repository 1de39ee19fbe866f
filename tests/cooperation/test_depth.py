"""Three depths of one agreement: the first talk, the fast track, everything."""

from typing import Any

import pytest

from cooperation import answers, depth, frozen, points, signing
from cooperation.agreements import NotPossible
from cooperation.models import Agreement, AgreementEvent, Answer
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import CONTACTS, World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

FIRST_TALK = [
    "shared_goal",
    "contributions",
    "own_interests",
    "cooperation_model",
    "customer_protection",
    "fair_conduct",
    "contacts",
    "customer_lead",
    "contract_party",
    "non_solicitation",
    "commercial_model",
    "presales_costs",
    "speak_up",
    "nda_basis",
]


def change(two: World, to: str, firm: int = 0) -> Agreement:
    return depth.change(two.agreement.pk, to, **two.acting(firm))


def asked(two: World) -> list[str]:
    return [point.key for point in points.visible_points(two.sheet)]


def first_talk(two: World) -> None:
    """Every exploratory point agreed."""
    for key, value in two.asked.items():
        two.propose(0, key, value)
    for firm in (0, 1):
        two.propose(firm, "contributions", "Erfahrung")
        two.propose(firm, "contacts", CONTACTS)
    for key in ("customer_protection", "fair_conduct", "non_solicitation", "speak_up"):
        two.propose(0, key, {"answer": "yes"})
    two.propose(0, "presales_costs", {"choice": "own"})
    two.propose(0, "nda_basis", {"choice": "kodex"})
    for firm in (0, 1):
        for point in points.turns(two.sheet, str(two.firms[firm].pk)):
            two.confirm(firm, point.key)


def test_first_talk_asks_the_fourteen_exploratory_points() -> None:
    two = world()
    change(two, "exploratory")
    assert asked(two) == FIRST_TALK
    with pytest.raises(NotPossible):
        two.propose(0, "exclusivity", "customer")


def test_going_deeper_keeps_every_answer() -> None:
    two = world()
    change(two, "exploratory")
    two.propose(0, "customer_protection", {"answer": "yes"})
    two.confirm(1, "customer_protection")

    change(two, "full")

    assert two.state("customer_protection") == "agreed"
    assert "customer_protection_period" in asked(two)  # hangs on it, and is asked only now
    assert len(asked(two)) > 50


def test_less_depth_hides_answers_and_more_brings_them_back() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    change(two, "exploratory", firm=1)
    assert "exclusivity" not in asked(two)

    change(two, "full")

    assert two.state("exclusivity") == "proposed"
    assert Answer.objects.get(point_key="exclusivity").value == {"choice": "customer", "note": ""}


def test_first_talk_can_be_signed_and_names_what_was_not_talked_about() -> None:
    two = world()
    change(two, "exploratory")
    first_talk(two)

    version = signing.freeze(two.agreement.pk, **two.acting(0))

    content = frozen.content(version.payload)
    told = [point["key"] for rule in content["rules"] for point in rule["points"]]
    assert content["depth"] == "exploratory"
    assert told == FIRST_TALK
    missing = [point["key"] for point in content["not_asked"]]
    assert (
        len(missing)
        == sum(points.applies(two.sheet, p) for p in two.sheet.book.points.values()) - 14
    )
    assert {"exclusivity", "escalation", "return_delete"} <= set(missing)
    # Points whose condition is not met are asked at no depth, so they are not missing.
    assert "day_rates" not in missing


def test_full_text_leaves_nothing_unasked() -> None:
    two = world()
    assert frozen.content(two.freeze().payload)["not_asked"] == []


def test_fast_track_folds_defaults_away_and_asks_the_rest() -> None:
    two = world()
    two.press(0)
    sheet = two.sheet
    assert sheet.depth == "fast_track"
    shown = [p.key for p in points.visible_points(sheet) if not points.is_folded(sheet, p)]
    assert set(shown) == {p.key for p in points.visible_points(sheet) if p.fast_track == "ask"}

    two.propose(1, "exclusivity", "customer")
    sheet = two.sheet
    assert not points.is_folded(sheet, sheet.book.point("exclusivity"))
    answers.ask_to_talk(two.agreement.pk, "publicity", "Presse?", **two.acting(1))
    sheet = two.sheet
    assert not points.is_folded(sheet, sheet.book.point("publicity"))


def test_full_after_the_fast_track_asks_what_was_left_out() -> None:
    two = world()
    two.press(0)
    point = two.point("own_interests")
    assert points.is_left_out(two.sheet, point)

    change(two, "full")
    assert not points.is_left_out(two.sheet, point)
    assert two.sheet.fast_track  # the sentence was said, and stands in the text

    two.press(1)  # saying it for the other firm does not go back
    assert two.sheet.depth == "full"
    change(two, "fast_track")
    assert points.is_left_out(two.sheet, point)


@pytest.mark.parametrize("to", ["fast_track", "deep", ""])
def test_depth_that_cannot_be_chosen_is_refused(to: str) -> None:
    two = world()
    with pytest.raises(NotPossible):
        change(two, to)
    assert two.sheet.depth == "full"
    assert not AgreementEvent.objects.filter(kind="depth").exists()


def test_same_depth_again_writes_nothing() -> None:
    two = world()
    change(two, "exploratory")
    change(two, "exploratory")
    assert AgreementEvent.objects.filter(kind="depth").count() == 1


def test_depth_stands_still_while_a_version_is_signed() -> None:
    two = world()
    two.freeze()
    with pytest.raises(NotPossible):
        change(two, "exploratory")


def test_firm_that_takes_no_part_changes_no_depth() -> None:
    two = world()
    other = PartnerFactory.create()
    with pytest.raises(NotPossible):
        depth.change(two.agreement.pk, "exploratory", by=member(other, "manager"), partner=other)


# ---- Pages -------------------------------------------------------------------------------------


def test_page_says_how_deep_we_are_and_goes_deeper() -> None:
    two = world()
    change(two, "exploratory")
    browser = Browser(two.people[0])

    page = browser.get("agreement_detail", two.agreement.pk)
    assert len(page.soup.select("article.point")) == 14
    assert [
        " ".join(step.get_text(" ").split())[:22] for step in page.soup.select(".depth__step")
    ] == [
        "First talk 14 points h",
        "Fast track 9 points On",
        "Full checklist 68 poin",
    ]
    after = browser.follow("depth", two.agreement.pk, depth="full")
    assert after.messages() == [
        "The checklist now asks: Full checklist. Every answer so far is kept."
    ]
    assert len(after.soup.select("article.point")) > 50


def test_page_folds_defaults_on_the_fast_track() -> None:
    two = world()
    two.press(0)
    page = Browser(two.people[1]).get("agreement_detail", two.agreement.pk)
    folded = [card["id"] for card in page.soup.select("article.point:has(> details.point__fold)")]
    assert "point-exclusivity" in folded
    assert "point-shared_goal" not in folded
    mine = Browser(two.people[1]).get("agreement_detail", two.agreement.pk, query="?show=mine")
    assert mine.soup.select("#point-exclusivity")
    assert not mine.soup.select("details.point__fold")  # what waits for somebody is shown


@pytest.mark.parametrize("role", ["lead", "specialist", "observer", "signer"])
def test_only_partner_managers_change_the_depth(role: str) -> None:
    two = world()
    browser = Browser(member(two.firms[0], role))
    page = browser.get("agreement_detail", two.agreement.pk)
    assert page.soup.select(".depth__step button") == []
    assert browser.post("depth", two.agreement.pk, depth="exploratory").status == 403


def test_unknown_depth_from_a_form_is_a_sentence() -> None:
    two = world()
    answer: Any = Browser(two.people[0]).follow("depth", two.agreement.pk, depth="bottomless")
    assert answer.status == 200
    assert answer.messages() == [
        "The fast track begins when a firm says the sentence of the Kodex."
    ]


@pytest.mark.parametrize(
    ("chosen", "depth_of_it", "said"),
    [
        ("", "full", False),
        ("full", "full", False),
        ("exploratory", "exploratory", False),
        ("fast_track", "fast_track", True),
    ],
)
def test_project_begins_as_deep_as_chosen(chosen: str, depth_of_it: str, said: bool) -> None:
    person = member(PartnerFactory.create(), "manager")
    Browser(person).post("project_create", name="Neu", customer_name="Werft", depth=chosen)
    agreement = Agreement.objects.get()
    assert (agreement.depth, agreement.fast_track) == (depth_of_it, said)
