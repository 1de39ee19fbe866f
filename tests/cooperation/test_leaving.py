"""A firm leaves: before anything is signed, in a signing round, and what is in force."""

from datetime import date
from typing import Any

import pytest
import time_machine

from cooperation import (
    amendments,
    answers,
    blind,
    endings,
    frozen,
    leaving,
    points,
    projects,
    signing,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    Answer,
    BlindRound,
    Confirmation,
    CustomerProject,
    Notice,
    Participation,
    TalkRequest,
)
from tests.cooperation.amended import begin, freeze, in_force, sign, sign_all, status, version
from tests.cooperation.test_amendments import change, first_talk, joined, pairwise
from tests.cooperation.worlds import World, world
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

WHY = "Uns fehlen die Leute dafür."


def leave(some: World, number: int, **more: Any) -> Participation:
    return leaving.leave(some.agreement.pk, **{"reason": WHY, **some.acting(number), **more})


def place(some: World, number: int) -> Participation:
    return Participation.objects.get(project=some.agreement.project_id, partner=some.firms[number])


def kinds_of(some: World, count: int) -> list[str]:
    events = AgreementEvent.objects.filter(agreement=some.agreement).order_by("-seq")
    return list(events.values_list("kind", flat=True)[:count])


# ---- Before anything is signed -----------------------------------------------------------------


def test_a_draft_is_left_at_once() -> None:
    three = world(3)
    three.fill()

    leave(three, 2)

    left = place(three, 2)
    assert (left.state, left.leaves_on, left.leaving_reason) == ("left", None, WHY)
    assert left.left_by == three.people[2]
    assert not CustomerProject.objects.visible_to(three.people[2]).exists()
    assert not Agreement.objects.visible_to(three.people[2]).exists()
    assert kinds_of(three, 1) == ["left"]
    event = AgreementEvent.objects.get(kind="left")
    assert (event.partner, event.data) == (three.firms[2], {"reason": WHY})
    told = set(Notice.objects.filter(kind="leave").values_list("person", flat=True))
    assert told == {three.people[0].pk, three.people[1].pk}


def test_nothing_of_a_firm_that_left_counts_any_more() -> None:
    three = world(3)
    three.fill()
    pairwise(three)
    three.propose(2, "customer_lead", str(three.firms[2].pk))
    three.confirm(0, "customer_lead")
    three.confirm(1, "customer_lead")
    three.propose(0, "raci", {"rows": [raci_row(three)]})
    three.confirm(1, "raci")
    three.confirm(2, "raci")
    three.propose(0, "payment_timing", {"choice": "after_payment"})
    leaver = three.firms[2]

    leave(three, 2)

    assert not Answer.objects.filter(partner=leaver).exists()
    assert not Answer.objects.filter(pair__first=leaver).exists()
    assert not Answer.objects.filter(pair__second=leaver).exists()
    assert not Confirmation.objects.filter(partner=leaver).exists()
    assert not Confirmation.objects.filter(pair__second=leaver).exists()
    reasons = {b.point.key: b.reason for b in points.blockers(three.sheet) if b.point}
    assert reasons == {
        "customer_lead": "invalid",  # names the firm that left
        "raci": "invalid",
        "settlement_costs": "unconfirmed",  # in equal shares, which are others now
        "payment_timing": "unconfirmed",  # was waiting for the other firm anyway
    }
    assert three.state("day_rates") == "agreed"  # of the pair that is left


def raci_row(some: World) -> dict[str, object]:
    letters = ["A", "R", "C"]
    cells = {str(firm.pk): letter for firm, letter in zip(some.firms, letters, strict=True)}
    return {"key": "build", "label": "", "cells": cells}


def test_a_talk_that_the_firm_asked_for_is_over() -> None:
    three = world(3)
    three.fill()
    answers.ask_to_talk(three.agreement.pk, "publicity", "Bitte sprechen", **three.acting(2))
    answers.ask_to_talk(three.agreement.pk, "term", "Bitte auch", **three.acting(1))

    leave(three, 2)

    assert list(
        TalkRequest.objects.filter(resolved_at=None).values_list("point_key", flat=True)
    ) == ["term"]


def test_the_last_firm_gives_the_project_up_instead() -> None:
    two = world()
    leave(two, 1)

    with pytest.raises(NotPossible, match=r"Your firm is the only one here."):
        leave(two, 0)
    assert endings.abandon(two.agreement.pk, **two.acting(0)).status == "abandoned"


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_leaving_needs_a_reason(reason: str) -> None:
    three = world(3)

    with pytest.raises(InvalidAnswer, match=r"Please say in a sentence why your firm leaves"):
        leave(three, 2, reason=reason)
    assert place(three, 2).state == "accepted"


def test_a_firm_leaves_once_and_a_stranger_never() -> None:
    three, other = world(3), world()
    leave(three, 2)

    with pytest.raises(NotPossible, match=r"Your firm does not take part in this project."):
        leave(three, 2)
    with pytest.raises(NotPossible, match=r"Your firm does not take part in this project."):
        leaving.leave(three.agreement.pk, reason=WHY, **other.acting(0))


def test_a_firm_that_left_can_come_back() -> None:
    three = world(3)
    three.fill()
    leave(three, 2)

    again = projects.invite(three.agreement.pk, three.firms[2], **three.acting(0))
    projects.accept(again.pk, by=three.people[2])

    back = place(three, 2)
    assert (back.state, back.left_at, back.leaving_reason) == ("accepted", None, "")
    # It confirms everything anew, and answers for itself.
    assert three.state("publicity") == "proposed"
    assert three.state("contacts") == "proposed"


def test_leaving_a_first_round_opens_it_if_only_that_firm_was_waited_for() -> None:
    three = world(3)
    blind.open_round(three.agreement.pk, **three.acting(0))
    for number in (0, 1):
        blind.save(
            three.agreement.pk, "shared_goal", "Ein Ziel", revision=0, **three.acting(number)
        )
        blind.hand_in(three.agreement.pk, **three.acting(number))
    assert BlindRound.objects.get().state == "open"

    leave(three, 2)

    assert BlindRound.objects.get().state == "revealed"


# ---- In a signing round ------------------------------------------------------------------------


def test_leaving_in_a_signing_round_closes_it_and_leads_back_to_the_draft() -> None:
    three = world(3)
    first = three.freeze()
    sign(three, first, 0)

    leave(three, 2)

    first.refresh_from_db()
    assert (first.state, first.reason) == ("withdrawn", WHY)
    assert first.closed_by_partner == three.firms[2]
    assert status(three) == "draft"
    assert kinds_of(three, 2) == ["left", "withdrawn"]
    told = set(Notice.objects.filter(kind="withdrawn").values_list("person", flat=True))
    assert told == {three.people[0].pk, three.people[1].pk}
    # It keeps the text of that round, which it might have signed.
    assert list(AgreementVersion.objects.visible_to(three.people[2])) == [first]


def test_who_has_left_cannot_sign_any_more() -> None:
    three = world(3)
    first = three.freeze()
    leave(three, 2)

    with pytest.raises(NotPossible, match=r"not \(or no longer\) open for signing"):
        sign(three, first, 2)
    settle(three)
    second = freeze(three)
    with pytest.raises(NotPossible, match=r"Your firm is not a party of this version."):
        sign(three, second, 2)
    assert not AgreementVersion.objects.visible_to(three.people[2]).filter(pk=second.pk).exists()


def settle(some: World) -> None:
    """Whatever has to be looked at again is confirmed by the firms that are left."""
    for number in range(len(some.firms)):
        for blocker in points.blockers(some.sheet):
            if blocker.point and str(some.firms[number].pk) in blocker.parties:
                some.confirm(number, blocker.point.key)


def test_the_first_draft_of_two_ends_a_round_too() -> None:
    two = world()
    first = two.freeze()

    leave(two, 1)

    first.refresh_from_db()
    assert (first.state, status(two)) == ("withdrawn", "draft")
    assert [b.reason for b in points.blockers(two.sheet) if not b.point] == ["few_parties"]


# ---- In force ----------------------------------------------------------------------------------


@pytest.fixture
def three() -> World:
    """Three firms with a version in force since 2 March 2035, with the default notice."""
    with time_machine.travel("2035-03-02T09:00:00Z"):
        return in_force(3)


def test_leaving_what_is_in_force_keeps_the_agreed_notice(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        leave(three, 2)

        left = place(three, 2)
        # 30 days from 20 March are 19 April; "to the end of a month" makes it the 30th.
        assert (left.state, left.leaves_on) == ("left", date(2035, 4, 30))
        assert version(three, 1).state == "in_force"
        amendment = Amendment.objects.get()
        assert (amendment.state, amendment.reason) == ("open", WHY)
        assert amendment.effective_on == date(2035, 5, 1)
        assert status(three) == "draft"
        assert [party.key for party in three.sheet.parties] == [
            str(firm.pk) for firm in three.firms[:2]
        ]
        assert {b.reason for b in points.blockers(three.sheet)} == {"unconfirmed"}
        assert kinds_of(three, 2) == ["amendment", "left"]
        assert AgreementEvent.objects.get(kind="left").data["until"] == "2035-04-30"
        notice = Notice.objects.filter(kind="leave").first()
        assert notice is not None
        assert notice.data["until_on"] == "2035-04-30"


def test_the_firm_keeps_what_it_signed_and_sees_nothing_new(three: World) -> None:
    leaver = three.people[2]
    with time_machine.travel("2035-03-20T09:00:00Z"):
        leave(three, 2)
        settle(three)
        second = sign_all(three, freeze(three))

    assert (second.state, version(three, 1).state) == ("in_force", "superseded")
    assert list(AgreementVersion.objects.visible_to(leaver)) == [version(three, 1)]
    documents = AgreementDocument.objects.visible_to(leaver)
    assert set(documents.values_list("version__number", flat=True)) == {1}
    assert not Agreement.objects.visible_to(leaver).exists()
    told = frozen.content(second.payload)["amendment"]
    assert told["left"] == [{"id": str(three.firms[2].pk), "name": three.firms[2].name}]
    assert three.firms[2].name not in str(frozen.content(second.payload)["rules"])


def test_annexes_of_the_pairs_that_are_left_are_theirs_alone() -> None:
    three = world(3)
    three.fill()
    pairwise(three)
    sign_all(three, freeze(three))
    leave(three, 2)
    settle(three)

    second = sign_all(three, freeze(three))

    assert second.annexes.count() == 1
    seen = AgreementAnnex.objects.visible_to(three.people[2])
    assert set(seen.values_list("version__number", flat=True)) == {1}


def test_two_firms_are_pointed_to_giving_notice() -> None:
    two = in_force()

    with pytest.raises(NotPossible, match=r"Between two firms, leaving is the end"):
        leave(two, 1)
    assert status(two) == "in_force"
    assert place(two, 1).state == "accepted"


def test_of_three_only_one_can_leave(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        leave(three, 2)
        with pytest.raises(NotPossible, match=r"Between two firms, leaving is the end"):
            leave(three, 1)


def test_who_may_not_sign_cannot_leave_what_was_signed(three: World) -> None:
    manager = member(three.firms[2], "manager")
    with time_machine.travel("2035-03-20T09:00:00Z"):
        with pytest.raises(NotPossible, match=r"Only people who may sign for your firm"):
            leave(three, 2, by=manager)
        assert place(three, 2).state == "accepted"
        draft = world(3)  # what is not signed yet, a partner manager can leave
        leave(draft, 2, by=member(draft.firms[2], "manager"))
        assert place(draft, 2).state == "left"


def test_a_leaving_firm_cannot_be_brought_back_by_dropping_the_change(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        leave(three, 2)
        amendment = Amendment.objects.get()
        with pytest.raises(NotPossible, match=r"has left. The agreement needs a new version"):
            amendments.drop(amendment.pk, **three.acting(0))
        again = projects.invite(three.agreement.pk, three.firms[2], **three.acting(0))
        projects.accept(again.pk, by=three.people[2])
        amendments.drop(amendment.pk, **three.acting(0))
        assert status(three) == "in_force"
        assert points.blockers(three.sheet) == []


def test_a_change_does_not_begin_while_the_firm_is_still_bound(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        leave(three, 2)
        amendment = Amendment.objects.get()
        assert amendments.earliest_day(amendment.base) == date(2035, 5, 1)


def test_leaving_while_a_change_is_negotiated(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        amendment = begin(three)
        change(three)

        leave(three, 2)

        amendment.refresh_from_db()
        assert (amendment.state, amendment.effective_on) == ("open", date(2035, 5, 1))
        assert Amendment.objects.count() == 1
        assert place(three, 2).leaves_on == date(2035, 4, 30)


def test_leaving_while_a_change_is_signed(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        begin(three)
        change(three)
        second = freeze(three)
        sign(three, second, 0)

        leave(three, 2)

        second.refresh_from_db()
        assert (second.state, status(three)) == ("withdrawn", "draft")
        assert version(three, 1).state == "in_force"
        settle(three)
        third = sign_all(three, freeze(three))
        assert third.state == "in_force"
        assert third.slots.count() == 2


def test_who_joined_with_a_change_leaves_it_at_once() -> None:
    two = in_force()
    amendment = begin(two)
    with_third = joined(two)

    leave(with_third, 2)

    assert place(with_third, 2).leaves_on is None
    settle(two)  # equal shares mean what they meant before, and have to be read again
    assert points.blockers(two.sheet) == []
    amendments.drop(amendment.pk, **two.acting(0))
    assert status(two) == "in_force"


def test_a_firm_of_two_cannot_leave_because_a_third_joins() -> None:
    two = in_force()
    begin(two)
    joined(two)

    with pytest.raises(NotPossible, match=r"Between two firms, leaving is the end"):
        leave(two, 1)


def test_a_first_talk_binds_nobody_for_a_while() -> None:
    three = first_talk(3)
    three.agreement.refresh_from_db()
    assert three.agreement.depth == Agreement.Depth.EXPLORATORY

    leave(three, 2)

    assert place(three, 2).leaves_on == standing.today()


def test_without_a_period_of_notice_nobody_leaves_alone() -> None:
    three = world(3)
    three.fill()
    revision = points.revision(three.sheet, three.point("exit_notice"))
    answers.mark_not_applicable(
        three.agreement.pk, "exit_notice", revision=revision, **three.acting(0)
    )
    three.confirm(1, "exit_notice")
    three.confirm(2, "exit_notice")
    sign_all(three, freeze(three))

    with pytest.raises(NotPossible, match=r"No period of notice was agreed."):
        leave(three, 2)


def test_an_agreement_that_ends_before_is_not_left(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        endings.propose_end(three.agreement.pk, ends_on=date(2035, 4, 10), **three.acting(0))
        ending = three.agreement.endings.get()
        for number in (1, 2):
            endings.consent(ending.pk, **three.acting(number))

        with pytest.raises(NotPossible, match=r"The agreement ends on 10 April 2035 anyway"):
            leave(three, 2)
    later = time_machine.travel("2035-04-20T09:00:00Z")
    with later, pytest.raises(NotPossible, match=r"This agreement is over"):
        leave(three, 2)


def test_a_proposed_end_is_one_of_other_firms_then(three: World) -> None:
    with time_machine.travel("2035-03-20T09:00:00Z"):
        endings.propose_end(three.agreement.pk, ends_on=date(2035, 12, 31), **three.acting(0))
        leave(three, 2)

        assert three.agreement.endings.get().state == "withdrawn"
        assert kinds_of(three, 3) == ["amendment", "ending_withdrawn", "left"]


def test_leaving_means_what_the_page_said() -> None:
    three = world(3)
    first = three.freeze()
    shown = leaving.plan(three.agreement, three.firms[2]).key
    for number in range(3):
        sign(three, first, number)

    with pytest.raises(NotPossible, match=r"Something has changed in the meantime."):
        leave(three, 2, seen=shown)
    assert place(three, 2).state == "accepted"
    three.agreement.refresh_from_db()
    leave(three, 2, seen=leaving.plan(three.agreement, three.firms[2]).key)


def test_a_version_signed_late_is_not_declined_by_leaving(three: World) -> None:
    """The text of a failed round of a change cannot be signed by those who are left."""
    with time_machine.travel("2035-03-20T09:00:00Z"):
        begin(three)
        change(three)
        second = freeze(three)
        leave(three, 2)
        with pytest.raises(NotPossible, match=r"not \(or no longer\) open for signing"):
            signing.decline(second.pk, reason="Nein", **three.acting(1))


def test_the_day_is_counted_in_berlin() -> None:
    with time_machine.travel("2035-03-02T09:00:00Z"):
        three = in_force(3)
    # 1 April 00:30 in Berlin: 30 days on is 1 May, so the month ends with May.
    with time_machine.travel("2035-03-31T22:30:00Z", tick=False):
        assert leaving.plan(three.agreement, three.firms[0]).leaves_on == date(2035, 5, 31)
