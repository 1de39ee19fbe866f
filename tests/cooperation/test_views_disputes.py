"""The pages of points to settle, as people of the firms and neutral people see and use them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from cooperation import (
    answers,
    disputes,
    points,
    signing,
    waiting,
)
from cooperation.models import Agreement, Dispute, Participation
from partners.models import Membership
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.settling import (
    FEE,
    POINT,
    admitted,
    again,
    opened,
    sign_all,
    signed,
    signed_in_pairs,
)
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

MONDAY = "2026-03-02T09:15Z"
TOMORROW = timedelta(days=1)


def without_levels() -> tuple[World, Any]:
    """An agreement for which the firms said that they need no escalation."""
    two = world()
    two.fill()
    sheet = two.sheet
    revision = points.revision(sheet, sheet.book.point("escalation"))
    answers.mark_not_applicable(two.agreement.pk, "escalation", revision=revision, **two.acting(0))
    two.confirm(1, "escalation")
    return two, sign_all(two, signing.freeze(two.agreement.pk, **two.acting(0)))


# ---- Opening -----------------------------------------------------------------------------------


def test_every_point_in_force_has_the_way_to_settle_it_for_those_who_may() -> None:
    two, version = signed()
    observer, lead = member(two.firms[0], "observer"), member(two.firms[0], "lead")

    page = Browser(two.people[0]).get("version", version.pk)
    assert len(page.soup.select(".dispute-link")) == len(page.soup.select(".reading__point[id]"))
    link = page.one(f"#point-{POINT} .dispute-link a")
    assert link["href"] == reverse("cooperation:dispute_open", args=[version.pk, POINT])
    for person in (observer, lead):
        assert not Browser(person).get("version", version.pk).soup.select(".dispute-link")


def test_version_being_signed_has_no_way_to_settle() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    assert not browser.get("version", version.pk).soup.select(".dispute-link")
    page = browser.post("dispute_open", version.pk, POINT, subject="x", description="y")
    assert page.errors() == ["This version is not in force, so nothing of it can be settled here."]


def test_opening_with_chosen_firms() -> None:
    three, version = signed(3)
    browser = Browser(three.people[0])
    form = browser.get("dispute_open", version.pk, POINT)
    data = fields(form.one("main form"))
    assert data["others"] == [str(firm.pk) for firm in three.firms[1:]]

    page = browser.follow(
        "dispute_open",
        version.pk,
        POINT,
        **{**data, "subject": "Das Logo", "description": "So war es.", "others": data["others"][1]},
    )

    dispute = Dispute.objects.get()
    assert page.text("h1") == "Das Logo"
    assert page.messages() == ["The point is open, and the other side knows of it."]
    assert [place.partner for place in dispute.parties.all()] == [three.firms[0], three.firms[2]]


def test_form_keeps_what_was_typed_and_says_what_is_missing() -> None:
    three, version = signed(3)
    page = Browser(three.people[0]).post(
        "dispute_open", version.pk, POINT, subject="", description="Ein <b>Text</b>"
    )
    assert page.status == 200
    assert page.errors() == [
        "Please say in a few words what it is about.",
        "Please choose with which firms you would like to settle this.",
    ]
    assert page.one("textarea[name=description]").get_text() == "\nEin <b>Text</b>"
    assert not Dispute.objects.exists()


@pytest.mark.parametrize("others", ["x", "00000000-0000-0000-0000-000000000000", "own"])
def test_other_firms_than_those_of_the_version_are_refused(others: str) -> None:
    three, version = signed(3)
    chosen = str(three.firms[0].pk) if others == "own" else others
    page = Browser(three.people[0]).post(
        "dispute_open", version.pk, POINT, subject="a", description="b", others=chosen
    )
    assert page.status == 200
    assert len(page.errors()) == 1
    assert not Dispute.objects.exists()


def test_control_characters_and_too_long_texts_are_refused() -> None:
    two, version = signed()
    page = Browser(two.people[0]).post(
        "dispute_open", version.pk, POINT, subject="a\u202eb", description="x" * 5001
    )
    assert page.errors() == [
        "Ensure this value has at most 5000 characters (it has 5001).",
        "The text contains invisible control characters. Please type it in again.",
    ] or set(page.errors()) == {
        "Ensure this value has at most 5000 characters (it has 5001).",
        "The text contains invisible control characters. Please type it in again.",
    }


def test_point_that_the_version_does_not_have_is_not_there() -> None:
    two, version = signed()
    assert Browser(two.people[0]).get("dispute_open", version.pk, "moon-rights").status == 404
    assert Browser(two.people[0]).get("dispute_open", version.pk, FEE).status == 404


def test_fee_is_settled_with_one_firm_and_shown_to_these_two_only() -> None:
    three, version = signed_in_pairs()
    browser = Browser(three.people[0])
    form = browser.get("dispute_open", version.pk, FEE)
    assert [radio["value"] for radio in form.soup.select("input[name=others]")] == [
        str(firm.pk) for firm in three.firms[1:]
    ]
    assert "12.00" not in form.text()

    page = browser.follow(
        "dispute_open",
        version.pk,
        FEE,
        subject="Provision",
        description="Auf welchen Umsatz?",
        others=str(three.firms[2].pk),
    )

    assert "12.00%" in page.text()  # between the first and the third firm
    assert "11.00" not in page.text()
    dispute = Dispute.objects.get()
    third = Browser(three.people[2]).get("dispute", dispute.pk)
    assert "12.00%" in third.text()
    assert Browser(three.people[1]).get("dispute", dispute.pk).status == 404
    guest = admitted(three, dispute)
    seen = Browser(guest.user).get("dispute", dispute.pk).text()
    assert "12.00%" in seen
    assert three.firms[1].name not in seen


def test_between_two_firms_nothing_is_to_choose() -> None:
    two, version = signed_in_pairs(2)
    page = Browser(two.people[1]).get("dispute_open", version.pk, FEE)
    assert not page.soup.select("[name=others]")
    assert f"You settle it with {two.firms[0].name}." in page.text()
    assert "11.00%" in page.text()


# ---- The page ----------------------------------------------------------------------------------


def test_page_says_where_it_stands_who_is_called_and_until_when() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel("2026-03-04T09:00Z"):
        page = Browser(two.people[1]).get("dispute", dispute.pk)

    assert page.text("#state-heading") == "Level 1 of 4: Project leads"
    assert "3 working days left , until the end of Monday, 9 March 2026" in page.text(".summary")
    assert "Ben Kurz · " + two.firms[0].name in page.text(".summary")
    levels = [" ".join(item.get_text(" ").split()) for item in page.soup.select(".ladder > li")]
    firms = " ".join(f"Ben Kurz · {firm.name}" for firm in two.firms)
    assert levels[0] == (
        f"1. Project leads Since 2 March 2026, until the end of Monday, 9 March 2026 {firms}"
    )
    assert levels[1].startswith(
        "2. Partner managers Would begin on 10 March 2026, if there is no result before"
    )
    assert levels[3].endswith(
        "not named yet Agreed: A person from the partner community named jointly"
    )
    assert page.one("[aria-current=step]").get_text(" ").split()[0] == "1."


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("2026-03-06T09:00Z", "1 working day left"),
        ("2026-03-08T09:00Z", "1 working day left"),  # Sunday before the last day
        ("2026-03-09T22:59Z", "today is the last day"),
        ("2026-03-09T23:00Z", "4 working days left"),  # and today, of the next level
        ("2026-04-28T09:00Z", "1 day left"),  # of the neutral person's thirty
    ],
)
def test_days_left_are_said_in_words(when: str, said: str) -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel(when):
        page = Browser(two.people[0]).get("dispute", dispute.pk)
        (line,) = [each for each in waiting.for_user(two.people[1]) if each.kind == "dispute"]
    assert said.capitalize() in page.text(".summary")
    assert said in line.detail


def test_page_needs_no_clock_to_know_that_all_levels_are_through() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel("2026-09-01T09:00Z"):
        page = Browser(two.people[0]).get("dispute", dispute.pk)
    assert page.text("#state-heading") == "All agreed levels are through"
    assert "Please agree together on the next step" in page.text(".summary")
    assert not page.soup.select("#fail")
    assert [item["class"] for item in page.soup.select(".ladder > li")] == [["is-done"]] * 4


def test_page_without_levels_says_so_and_offers_the_next_step() -> None:
    two, version = without_levels()
    dispute = opened(two, version)

    page = Browser(two.people[0]).get("dispute", dispute.pk)

    assert page.text("#state-heading") == "Being settled"
    assert "The agreement has no levels for this. Please agree together" in page.text(".summary")
    assert not page.soup.select(".ladder, #fail")
    assert page.soup.select("#propose, #invite, #write")
    assert (
        "Being settled"
        in Browser(two.people[1]).get("project_detail", two.agreement.project_id).text()
    )
    (line,) = [each for each in waiting.for_user(two.people[1]) if each.kind == "dispute"]
    assert (
        line.detail == "“Logo auf der Website” – Being settled. Your firm has not been heard yet."
    )


def test_html_and_long_words_stay_text() -> None:
    two, version = signed()
    dispute = opened(two, version, subject="<img src=x>", description="<script>alert(1)</script>")
    browser = Browser(two.people[1])
    page = browser.follow("dispute_write", dispute.pk, text="<script>x</script> " + "w" * 4000)
    assert page.text("h1") == "<img src=x>"
    assert not page.soup.select("main script, main img")
    assert b"<script>alert" not in page.response.content


def test_signed_table_waits_until_somebody_wants_to_see_it() -> None:
    two, version = signed()
    dispute = opened(two, version, key="contacts")
    page = Browser(two.people[0]).get("dispute", dispute.pk)
    assert page.text("[aria-labelledby=agreed-heading] summary") == "Show the signed text"


def test_firm_that_left_the_project_still_reads_what_it_is_involved_in() -> None:
    three, version = signed(3)
    dispute = opened(three, version)
    Participation.objects.filter(partner=three.firms[2]).update(
        state="left", left_at=timezone.now(), left_by=three.people[2]
    )
    page = Browser(three.people[2]).get("dispute", dispute.pk)
    assert page.status == 200
    assert page.text(".page-head .eyebrow") == "Point to settle"


def test_person_of_several_firms_acts_for_the_one_involved() -> None:
    two, version = signed()
    dispute = opened(two, version)
    person = member(PartnerFactory.create(), "manager")
    Membership.objects.create(
        partner=two.firms[1], user=person, is_partner_manager=True, joined_at=timezone.now()
    )
    Browser(person).follow("dispute_write", dispute.pk, text="Guten Tag")
    assert dispute.entries.get().partner == two.firms[1]


def test_agreement_that_ended_changes_nothing_about_the_page() -> None:
    two, version = signed()
    dispute = opened(two, version)
    Agreement.objects.filter(pk=two.agreement.pk).update(status="ended", ended_on="2026-01-01")
    browser = Browser(two.people[0])
    assert browser.get("dispute", dispute.pk).status == 200
    page = browser.follow("dispute_propose", dispute.pk, revision=0, outcome="Bezahlt bis Freitag")
    assert "Bezahlt bis Freitag" in page.text("#outcome")


# ---- Steps -------------------------------------------------------------------------------------


def test_saying_something() -> None:
    two, version = signed()
    dispute = opened(two, version)
    browser = Browser(two.people[1])

    page = browser.follow("dispute_write", dispute.pk, text="Wir sehen es anders.")
    assert "Wir sehen es anders." in page.text(".talk")
    assert page.messages() == ["Your entry is there. All who take part here can read it."]
    empty = browser.post("dispute_write", dispute.pk, text=" ")
    assert empty.errors() == ["Please write something first."]


def test_calling_the_next_level() -> None:
    two, version = signed()
    dispute = opened(two, version)
    browser = Browser(two.people[0])
    data = fields(browser.get("dispute", dispute.pk).one("#fail form"))

    page = browser.follow("dispute_fail", dispute.pk, **{**data, "reason": "Kein Termin"})
    assert page.text("#state-heading") == "Level 2 of 4: Partner managers"
    assert f"{two.firms[0].name} called the next level" in page.text(".ladder > li.is-done")
    assert "Kein Termin" in page.text(".ladder > li.is-done")

    late = browser.post("dispute_fail", dispute.pk, **data)  # from an open older page
    assert late.errors() == ["This level is over already. Please look where it stands now."]
    assert late.one("#fail")["open"] == ""
    for nonsense in ("", "x", "-1", "9" * 30):
        assert browser.post("dispute_fail", dispute.pk, level=nonsense).status == 200
    assert dispute.failures.count() == 1


def test_proposing_and_confirming_an_outcome() -> None:
    two, version = signed()
    dispute = opened(two, version)
    first, second = Browser(two.people[0]), Browser(two.people[1])
    data = fields(first.get("dispute", dispute.pk).one("#propose form"))
    page = first.follow("dispute_propose", dispute.pk, **{**data, "outcome": "Logo weg."})
    assert not page.soup.select("#outcome article form")  # the own word is given
    assert len(page.soup.select("main .btn--primary")) == 1

    page = second.get("dispute", dispute.pk)
    form = page.one("#outcome article form")
    assert page.text("main .btn--primary") == f"Confirm for {two.firms[1].name}"
    page = second.follow("dispute_confirm", dispute.pk, **fields(form))

    assert again(dispute).state == "settled"
    assert page.text("#outcome h2") == "The outcome"
    assert not page.soup.select("main form")


def test_newer_proposal_is_shown_beside_what_was_typed() -> None:
    two, version = signed()
    dispute = opened(two, version)
    browser = Browser(two.people[0])
    data = fields(browser.get("dispute", dispute.pk).one("#propose form"))
    disputes.propose(dispute.pk, "Erster Vorschlag", revision=0, **two.acting(1))

    page = browser.post("dispute_propose", dispute.pk, **{**data, "outcome": "Mein Text"})
    assert page.errors() == [
        "There is a newer proposal for the outcome. Please read it before you answer."
    ]
    assert "Erster Vorschlag" in page.text("#outcome article")
    again_data = fields(page.one("#propose form"))
    assert again_data == {"revision": "1", "outcome": "Mein Text"}
    browser.follow("dispute_propose", dispute.pk, **again_data)
    assert again(dispute).outcome == "Mein Text"


@pytest.mark.parametrize("revision", ["", "0", "2", "-1", "x", "９", "9" * 400, "\x00"])
def test_confirming_another_revision_than_the_one_that_stands_there(revision: str) -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
    page = Browser(two.people[1]).follow("dispute_confirm", dispute.pk, revision=revision)
    assert page.messages() == [
        "There is a newer proposal for the outcome. Please read it before you answer."
    ]
    assert again(dispute).state == "open"


def test_lead_proposes_and_a_manager_confirms() -> None:
    two, version = signed()
    dispute = opened(two, version)
    lead = Browser(member(two.firms[0], "lead"))
    page = lead.follow("dispute_propose", dispute.pk, revision=0, outcome="So.")
    assert not page.soup.select("#outcome article form")
    assert page.text("#outcome").count("Not confirmed yet") == 2
    assert Browser(two.people[0]).get("dispute", dispute.pk).soup.select("#outcome article form")


def test_step_after_somebody_closed_the_point_leads_back_with_a_sentence() -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.withdraw(dispute.pk, **two.acting(0))
    browser = Browser(two.people[1])
    steps: list[tuple[str, dict[str, Any]]] = [
        ("dispute_write", {"text": "Noch etwas"}),
        ("dispute_fail", {"level": 1}),
        ("dispute_propose", {"revision": 0, "outcome": "So."}),
        ("dispute_confirm", {"revision": 0}),
        (
            "dispute_invite",
            {
                "name": "N",
                "email": "n@m.example",
                "language": "de",
                "until": str(timezone.localdate()),
            },
        ),
    ]
    for name, data in steps:
        page = browser.follow(name, dispute.pk, **data)
        assert page.messages() in (
            ["This point is no longer being settled."],
            ["There is no proposal yet that could be confirmed."],
        )
        assert not page.soup.select("main form")


def test_taking_the_point_back() -> None:
    two, version = signed()
    dispute = opened(two, version)
    assert "Take the point back" not in Browser(two.people[1]).get("dispute", dispute.pk).text()
    page = Browser(two.people[0]).follow("dispute_withdraw", dispute.pk)
    assert page.text("#state-heading").startswith("Taken back on ")
    assert page.messages() == ["The point is taken back. The others hear of it."]


def test_observer_reads_along() -> None:
    two, version = signed()
    dispute = opened(two, version)
    page = Browser(member(two.firms[1], "observer")).get("dispute", dispute.pk)
    assert not page.soup.select("main form")
    assert "You can read along." in page.text()
