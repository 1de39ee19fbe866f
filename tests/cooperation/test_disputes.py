"""Settling a point: open it, write, call the next level, agree on an outcome."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from cooperation import answers, dispute_levels, disputes, disputes_clock, points
from cooperation.agreements import NotPossible
from cooperation.disputes import StaleOutcome
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Dispute,
    DisputeFailure,
    Notice,
)
from tests.cooperation.settling import (
    FEE,
    POINT,
    SAID,
    again,
    opened,
    sign_all,
    signed,
    signed_in_pairs,
    told,
    trail,
)
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

MONDAY = "2026-03-02 09:15:00+00:00"


def log(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What was logged about points to settle."""
    events = AgreementEvent.objects.filter(agreement=world.agreement, kind__startswith="dispute")
    return [(event.kind, event.data) for event in events.order_by("seq")]


def level(dispute: Dispute) -> int:
    """The level that runs now; 0: none."""
    current = dispute_levels.ladder_at(again(dispute), timezone.now()).current
    return current.number if current else 0


# ---- Opening -----------------------------------------------------------------------------------


def test_opening_copies_what_was_agreed_and_begins_level_one() -> None:
    two, version = signed(federal_state="NW")

    dispute = opened(two, version)

    assert (dispute.agreement, dispute.version, dispute.pair) == (two.agreement, version, None)
    assert dispute.about == {
        "number": "2.9",
        "question": {
            "de": "Wie gehen wir mit Referenzen, Pressemeldungen, Beiträgen und Logos um?",
            "en": "How do we handle references, press releases, posts and logos?",
        },
    }
    assert [step["key"] for step in dispute.ladder] == [
        "project_leads",
        "partner_managers",
        "management",
        "neutral",
    ]
    assert dispute.states == ["NW"]
    assert [place.partner for place in dispute.parties.all()] == two.firms
    assert (dispute.state, dispute.told_level, level(dispute)) == ("open", 1, 1)
    assert log(two) == [("dispute_opened", {"dispute": str(dispute.pk), "point": POINT})]


def test_point_between_some_firms_leaves_nothing_in_the_log_of_all() -> None:
    three, version = signed(3)
    before = AgreementEvent.objects.count()

    dispute = opened(three, version, others=[three.firms[2].pk])
    disputes.write(dispute.pk, "Bitte sprechen.", **three.acting(2))
    disputes.declare_failed(dispute.pk, 1, **three.acting(0))
    disputes.propose(dispute.pk, "So.", revision=0, **three.acting(0))
    disputes.confirm(dispute.pk, revision=1, **three.acting(2))

    assert [place.partner for place in dispute.parties.all()] == [three.firms[0], three.firms[2]]
    assert again(dispute).state == "settled"
    assert AgreementEvent.objects.count() == before
    assert not Notice.objects.filter(kind__startswith="dispute", partner=three.firms[1]).exists()
    first, third = three.firms[0].name, three.firms[2].name
    assert trail(dispute) == [
        ("written", third, "Bitte sprechen."),
        ("failed", first, ""),
        ("proposed", first, "So."),
        ("confirmed", third, ""),
        ("settled", third, ""),
    ]


def test_point_of_all_firms_is_silent_once_somebody_else_takes_part() -> None:
    """Whoever joined after it was opened reads the log, too, and was not involved."""
    two, version = signed()
    dispute = opened(two, version)
    firm = PartnerFactory.create()
    two.agreement.project.participations.create(
        partner=firm,
        position=3,
        state="accepted",
        invited_by=two.people[0],
        invited_by_partner=two.firms[0],
        responded_by=member(firm),
        responded_at=timezone.now(),
    )

    disputes.withdraw(dispute.pk, **two.acting(0))

    assert [kind for kind, _data in log(two)] == ["dispute_opened"]


def test_point_of_an_annex_is_settled_between_its_two_firms() -> None:
    three, version = signed_in_pairs()
    choice = "This point is settled between two firms. Please say with which firm."

    with pytest.raises(NotPossible, match=choice):
        opened(three, version, key=FEE)
    dispute = opened(three, version, key=FEE, others=[three.firms[1].pk])

    assert dispute.pair is not None
    assert [dispute.pair.first, dispute.pair.second] == three.firms[:2]
    assert [place.partner for place in dispute.parties.all()] == three.firms[:2]
    event = AgreementEvent.objects.get(kind="dispute_opened")
    assert event.pair == dispute.pair
    events = AgreementEvent.objects.filter(agreement=three.agreement)
    assert event in events.known_to(three.firms[1])
    assert event not in events.known_to(three.firms[2])


def test_between_two_firms_the_pair_goes_without_saying() -> None:
    two, version = signed_in_pairs(2)
    dispute = opened(two, version, key=FEE)
    assert dispute.pair is not None


def test_version_that_is_not_in_force_opens_nothing() -> None:
    two = world()
    version = two.freeze()
    with pytest.raises(NotPossible, match="This version is not in force"):
        opened(two, version)
    sign_all(two, version)
    AgreementVersion.objects.filter(pk=version.pk).update(state="superseded")
    with pytest.raises(NotPossible, match="This version is not in force"):
        opened(two, version)
    assert not Dispute.objects.exists()


def test_point_that_the_version_does_not_have_opens_nothing() -> None:
    two, version = signed()
    for key in ("moon_rights", "", "\x00", FEE):
        with pytest.raises(NotPossible, match="does not have this point"):
            opened(two, version, key=key)


def test_only_firms_that_signed_can_be_involved() -> None:
    two, version = signed()
    stranger = PartnerFactory.create()
    said = "Please choose with which firms"

    for others in ([], [two.firms[0].pk], [stranger.pk], [two.firms[1].pk, stranger.pk], [uuid4()]):
        with pytest.raises(NotPossible, match=said):
            opened(two, version, others=others)
    with pytest.raises(NotPossible, match="Your firm is not a party"):
        disputes.begin(version.pk, POINT, by=member(stranger), partner=stranger, **SAID)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"subject": " "}, {"subject": ["Please say in a few words what it is about."]}),
        ({"description": "\n"}, {"description": ["Please describe how you see it."]}),
        (
            {"subject": "x" * 201},
            {"subject": ["Please shorten this to 200 characters (now 201)."]},
        ),
        (
            {"description": "x" * 5001},
            {"description": ["Please shorten this to 5000 characters (now 5001)."]},
        ),
        (
            {"subject": "a\u202eb"},
            {
                "subject": [
                    "The text contains invisible control characters. Please type it in again.",
                    "Please say in a few words what it is about.",
                ][:1]
            },
        ),
    ],
)
def test_words_that_cannot_be_taken(fields: dict[str, Any], errors: Any) -> None:
    two, version = signed()
    with pytest.raises(InvalidAnswer) as refused:
        opened(two, version, **fields)
    assert refused.value.errors == errors
    assert not Dispute.objects.exists()


def test_double_click_opens_one_point() -> None:
    two, version = signed()
    first = opened(two, version)
    assert opened(two, version) == first
    assert opened(two, version, subject="Etwas anderes") != first
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert opened(two, version) != first
    assert len(log(two)) == 3


def test_agreement_without_levels_can_be_settled_without_a_ladder() -> None:
    two = world()
    two.fill()
    sheet = two.sheet
    revision = points.revision(sheet, sheet.book.point("escalation"))
    answers.mark_not_applicable(two.agreement.pk, "escalation", revision=revision, **two.acting(0))
    two.confirm(1, "escalation")
    from cooperation import signing

    version = sign_all(two, signing.freeze(two.agreement.pk, **two.acting(0)))
    dispute = opened(two, version)

    assert (dispute.ladder, dispute.told_level, level(dispute)) == ([], 0, 0)
    with pytest.raises(NotPossible, match="This level is over already"):
        disputes.declare_failed(dispute.pk, 1, **two.acting(0))
    with time_machine.travel(timezone.now() + timedelta(days=400)):
        disputes_clock.run(timezone.now())
    disputes.propose(dispute.pk, "So machen wir es.", revision=0, **two.acting(1))
    disputes.confirm(dispute.pk, revision=1, **two.acting(0))
    assert again(dispute).state == "settled"
    assert [kind for kind, _data in log(two)] == ["dispute_opened", "dispute_settled"]


# ---- On the way --------------------------------------------------------------------------------


def test_entries_are_kept_in_their_order_with_whose_they_are() -> None:
    two, version = signed()
    dispute = opened(two, version)

    disputes.write(dispute.pk, "Wir sehen das <b>anders</b>.\r\nZeile 2", **two.acting(1))
    disputes.write(dispute.pk, "Lassen Sie uns sprechen.", **two.acting(0))

    assert trail(dispute) == [
        ("written", two.firms[1].name, "Wir sehen das <b>anders</b>.\nZeile 2"),
        ("written", two.firms[0].name, "Lassen Sie uns sprechen."),
    ]
    assert len(log(two)) == 1  # what is written is nobody's business but theirs


def test_double_click_writes_once() -> None:
    two, version = signed()
    dispute = opened(two, version)
    first = disputes.write(dispute.pk, "Ja.", **two.acting(1))
    assert disputes.write(dispute.pk, " Ja. ", **two.acting(1)) == first
    assert disputes.write(dispute.pk, "Ja.", **two.acting(0)) != first


def test_nobody_else_writes() -> None:
    three, version = signed(3)
    dispute = opened(three, version, others=[three.firms[1].pk])
    for step in (
        lambda: disputes.write(dispute.pk, "Hallo", **three.acting(2)),
        lambda: disputes.declare_failed(dispute.pk, 1, **three.acting(2)),
        lambda: disputes.propose(dispute.pk, "So.", revision=0, **three.acting(2)),
        lambda: disputes.confirm(dispute.pk, revision=0, **three.acting(2)),
        lambda: disputes.withdraw(dispute.pk, **three.acting(2)),
    ):
        with pytest.raises(NotPossible, match=r"Your firm is not involved here\."):
            step()
    with pytest.raises(NotPossible, match="Your time here is over"):
        disputes.write(dispute.pk, "Hallo", by=three.people[2], partner=None)
    assert trail(dispute) == []


def test_nothing_can_be_done_after_the_closing() -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.withdraw(dispute.pk, **two.acting(0))
    for step in (
        lambda: disputes.write(dispute.pk, "Hallo", **two.acting(1)),
        lambda: disputes.declare_failed(dispute.pk, 1, **two.acting(1)),
        lambda: disputes.propose(dispute.pk, "So.", revision=0, **two.acting(1)),
        lambda: disputes.confirm(dispute.pk, revision=0, **two.acting(1)),
        lambda: disputes.withdraw(dispute.pk, **two.acting(0)),
    ):
        with pytest.raises(NotPossible, match=r"This point is no longer being settled\."):
            step()


@time_machine.travel(MONDAY, tick=False)
def test_declared_failure_calls_the_next_level_and_tells_its_people() -> None:
    two, version = signed()
    manager = member(two.firms[1], "manager", name="Mia Manager")
    dispute = opened(two, version)

    disputes.declare_failed(dispute.pk, 1, reason="Termin geplatzt", **two.acting(1))

    assert level(dispute) == 2
    assert again(dispute).told_level == 2
    assert trail(dispute) == [("failed", two.firms[1].name, "Termin geplatzt")]
    assert log(two)[1] == (
        "dispute_level",
        {
            "dispute": str(dispute.pk),
            "point": POINT,
            "level": 2,
        },
    )
    event = AgreementEvent.objects.get(kind="dispute_level")
    assert (event.by, event.partner) == (two.people[1], two.firms[1])
    assert told("dispute_level", level=2, began_on="2026-03-02", until_on="2026-03-09") == {
        manager.name,
        two.people[0].name,
    }


def test_only_the_level_that_runs_can_be_declared() -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.declare_failed(dispute.pk, 1, **two.acting(0))
    for number in (0, 1, 3, 99):
        with pytest.raises(NotPossible, match="This level is over already"):
            disputes.declare_failed(dispute.pk, number, **two.acting(1))
    for number in (2, 3, 4):
        disputes.declare_failed(dispute.pk, number, **two.acting(1))
    with pytest.raises(NotPossible, match="This level is over already"):
        disputes.declare_failed(dispute.pk, 4, **two.acting(0))
    assert (level(dispute), again(dispute).told_level) == (0, 5)
    assert told("dispute_through") == {two.people[0].name}
    assert DisputeFailure.objects.count() == 4


def test_level_that_ran_out_cannot_be_declared_any_more() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel("2026-03-10T08:00Z"):
        with pytest.raises(NotPossible, match="This level is over already"):
            disputes.declare_failed(dispute.pk, 1, **two.acting(0))
        disputes.declare_failed(dispute.pk, 2, **two.acting(0))
        assert level(dispute) == 3
    # Nobody had been told of level 2: a deadline called it, and a person level 3.
    events = AgreementEvent.objects.filter(kind="dispute_level").order_by("seq")
    assert [(event.data["level"], f"{event.at:%d %b %H:%M}", event.by) for event in events] == [
        (2, "09 Mar 23:00", None),
        (3, "10 Mar 08:00", two.people[0]),
    ]


# ---- The clock ---------------------------------------------------------------------------------


def test_clock_tells_of_a_level_once_with_the_day_it_began() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
        disputes_clock.run(timezone.now())
    assert told("dispute_level", level=2) == set()

    for when in ("2026-03-10T07:00Z", "2026-03-10T07:05Z", "2026-03-12T07:00Z"):
        with time_machine.travel(when):
            disputes_clock.run(timezone.now())

    assert told("dispute_level", level=2, began_on="2026-03-10", until_on="2026-03-16") == {
        person.name for person in two.people
    }
    assert [data["level"] for kind, data in log(two) if kind == "dispute_level"] == [2]
    assert again(dispute).told_level == 2


def test_clock_that_stood_for_weeks_calls_the_level_that_runs_now() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel("2026-03-20T07:00Z"):
        disputes_clock.run(timezone.now())
        assert level(dispute) == 3

    # The log has both levels with their days, people are called by one of them.
    events = AgreementEvent.objects.filter(kind="dispute_level").order_by("seq")
    began = [(event.data["level"], f"{event.at:%d %b %H:%M}") for event in events]
    assert began == [(2, "09 Mar 23:00"), (3, "16 Mar 23:00")]
    assert told("dispute_level", level=2) == set()
    assert told("dispute_level", level=3, began_on="2026-03-17", until_on="2026-03-30") == {
        person.name for person in two.people
    }


def test_clock_that_stood_to_the_end_says_that_all_levels_are_through() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        dispute = opened(two, version)
    with time_machine.travel("2026-09-01T07:00Z"):
        disputes_clock.run(timezone.now())
        disputes_clock.run(timezone.now())
    assert told("dispute_through") == {person.name for person in two.people}
    assert Notice.objects.filter(kind="dispute_level", data__level__gte=2).count() == 0
    assert again(dispute).told_level == 5


def test_clock_leaves_closed_points_alone() -> None:
    with time_machine.travel(MONDAY):
        two, version = signed()
        disputes.withdraw(opened(two, version).pk, **two.acting(0))
    before = Notice.objects.count()
    with time_machine.travel("2026-09-01T07:00Z"):
        disputes_clock.run(timezone.now())
    assert Notice.objects.count() == before


# ---- The outcome -------------------------------------------------------------------------------


def test_outcome_is_settled_when_the_last_firm_confirms_it() -> None:
    three, version = signed(3)
    dispute = opened(three, version)

    disputes.propose(dispute.pk, "Logo nur mit Freigabe.", revision=0, **three.acting(1))
    assert told("dispute_outcome") == {three.people[0].name, three.people[2].name}
    disputes.confirm(dispute.pk, revision=1, **three.acting(0))
    assert again(dispute).state == "open"
    disputes.confirm(dispute.pk, revision=1, **three.acting(2))

    now = again(dispute)
    assert (now.state, now.outcome, now.outcome_by) == (
        "settled",
        "Logo nur mit Freigabe.",
        three.people[1],
    )
    assert now.closed_at is not None
    assert log(three)[-1] == (
        "dispute_settled",
        {"dispute": str(dispute.pk), "point": POINT},
    )
    assert told("dispute_settled") == {three.people[0].name, three.people[1].name}
    assert [kind for kind, _firm, _text in trail(dispute)] == [
        "proposed",
        "confirmed",
        "confirmed",
        "settled",
    ]


def test_new_proposal_needs_everybodys_word_again() -> None:
    three, version = signed(3)
    dispute = opened(three, version)
    disputes.propose(dispute.pk, "Erstens", revision=0, **three.acting(0))
    disputes.confirm(dispute.pk, revision=1, **three.acting(1))

    disputes.propose(dispute.pk, "Zweitens", revision=1, **three.acting(2))

    agreed = {
        place.partner: place.agreed_revision for place in dispute.parties.select_related("partner")
    }
    assert agreed == dict(zip(three.firms, (1, 1, 2), strict=True))
    disputes.confirm(dispute.pk, revision=2, **three.acting(0))
    assert again(dispute).state == "open"
    disputes.confirm(dispute.pk, revision=2, **three.acting(1))
    assert again(dispute).state == "settled"


def test_old_revision_is_neither_confirmed_nor_overwritten() -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.propose(dispute.pk, "Erstens", revision=0, **two.acting(0))
    disputes.propose(dispute.pk, "Zweitens", revision=1, **two.acting(0))

    for step in (
        lambda: disputes.confirm(dispute.pk, revision=1, **two.acting(1)),
        lambda: disputes.confirm(dispute.pk, revision=7, **two.acting(1)),
        lambda: disputes.propose(dispute.pk, "Drittens", revision=1, **two.acting(1)),
    ):
        with pytest.raises(StaleOutcome, match="There is a newer proposal"):
            step()
    now = again(dispute)
    assert (now.state, now.outcome, now.outcome_revision) == ("open", "Zweitens", 2)


def test_same_words_again_are_a_confirmation_whatever_the_revision() -> None:
    two, version = signed()
    dispute = opened(two, version)
    disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
    disputes.propose(dispute.pk, " So. ", revision=0, **two.acting(1))
    now = again(dispute)
    assert (now.state, now.outcome_revision) == ("settled", 1)
    assert [kind for kind, *_rest in trail(dispute)] == ["proposed", "confirmed", "settled"]


def test_proposal_of_somebody_who_may_not_decide_waits_for_the_own_firm_too() -> None:
    two, version = signed()
    lead = member(two.firms[0], "lead")
    dispute = opened(two, version)

    disputes.propose(dispute.pk, "So.", by=lead, partner=two.firms[0], revision=0, confirms=False)
    disputes.confirm(dispute.pk, revision=1, **two.acting(1))
    assert again(dispute).state == "open"
    disputes.confirm(dispute.pk, revision=1, **two.acting(0))
    assert again(dispute).state == "settled"


def test_confirming_twice_or_without_a_proposal() -> None:
    two, version = signed()
    dispute = opened(two, version)
    with pytest.raises(NotPossible, match=r"There is no proposal yet"):
        disputes.confirm(dispute.pk, revision=0, **two.acting(1))
    disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
    disputes.confirm(dispute.pk, revision=1, **two.acting(1))
    disputes.confirm(dispute.pk, revision=1, **two.acting(1))  # the second click of a double one
    assert [kind for kind, *_rest in trail(dispute)] == ["proposed", "confirmed", "settled"]


def test_point_is_settled_also_after_the_agreement_has_ended() -> None:
    two, version = signed()
    dispute = opened(two, version)
    Agreement.objects.filter(pk=two.agreement.pk).update(status="ended", ended_on="2026-01-01")

    disputes.write(dispute.pk, "Die letzte Rechnung ist offen.", **two.acting(0))
    disputes.propose(dispute.pk, "Bezahlt bis Freitag.", revision=0, **two.acting(0))
    disputes.confirm(dispute.pk, revision=1, **two.acting(1))

    assert again(dispute).state == "settled"


def test_taking_back_is_for_the_firm_that_opened_it() -> None:
    two, version = signed()
    dispute = opened(two, version)

    with pytest.raises(NotPossible, match=f"Only {two.firms[0].name} can take this point back"):
        disputes.withdraw(dispute.pk, **two.acting(1))
    disputes.withdraw(dispute.pk, **two.acting(0))

    assert again(dispute).state == "withdrawn"
    assert told("dispute_withdrawn", firm=two.firms[0].name) == {two.people[1].name}
    assert log(two)[-1][0] == "dispute_withdrawn"
    assert trail(dispute) == [("withdrawn", two.firms[0].name, "")]
