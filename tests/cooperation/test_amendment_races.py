"""Two at the same instant around a change of what is in force: exactly one wins."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from cooperation import amendments, contact_notes, leaving, signing, standing
from cooperation.agreements import NotPossible
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    ContactNote,
    Participation,
    Signature,
)
from tests.cooperation.amended import REASON, begin, freeze, in_force, sign, status, version
from tests.cooperation.test_amendments import change
from tests.cooperation.worlds import CONTACTS, World, world
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 6


def leave(some: World, number: int, seen: str | None = None) -> Participation:
    acting = some.acting(number)
    return leaving.leave(some.agreement.pk, reason="Keine Leute", seen=seen, **acting)


def gap_free(some: World) -> bool:
    events = AgreementEvent.objects.filter(agreement=some.agreement).order_by("seq")
    seqs = list(events.values_list("seq", flat=True))
    return seqs == list(range(1, len(seqs) + 1))


def test_two_firms_that_begin_a_change_at_once_begin_one() -> None:
    two = in_force()
    fields: dict[str, Any] = {"reason": REASON, "effective_on": standing.today()}
    for _round in range(ROUNDS):
        results = at_once(
            *[
                partial(amendments.begin, two.agreement.pk, **fields, **two.acting(number))
                for number in (0, 1)
            ]
        )

        assert Counter(type(result) for result in results) == {Amendment: 1, NotPossible: 1}
        begun = Amendment.objects.get(state="open")
        assert status(two) == "draft"
        amendments.drop(begun.pk, **two.acting(0))
    assert AgreementEvent.objects.filter(kind="amendment").count() == ROUNDS
    assert gap_free(two)


def test_fixing_the_text_and_dropping_the_change_at_once() -> None:
    two = in_force()
    outcomes = Counter[str]()
    for _round in range(ROUNDS):
        amendment = begin(two)
        change(two)

        frozen, dropped = at_once(
            partial(freeze, two),
            partial(amendments.drop, amendment.pk, **two.acting(1)),
        )

        amendment.refresh_from_db()
        outcomes[amendment.state] += 1
        if amendment.state == "open":
            assert isinstance(frozen, AgreementVersion)
            assert isinstance(dropped, NotPossible)
            assert status(two) == "signing"
            signing.withdraw(frozen.pk, **two.acting(0))
            amendments.drop(amendment.pk, **two.acting(0))
        else:
            assert isinstance(frozen, NotPossible)
            assert isinstance(dropped, Agreement)
            assert status(two) == "in_force"
    assert outcomes.total() == ROUNDS
    assert version(two, 1).state == "in_force"
    assert gap_free(two)


def test_leaving_and_the_last_signature_exactly_one_wins() -> None:
    outcomes = Counter[str]()
    for _round in range(ROUNDS):
        three = world(3)
        first = three.freeze()
        sign(three, first, 0)
        sign(three, first, 1)
        shown = leaving.plan(three.agreement, three.firms[1]).key

        signed, left = at_once(
            partial(sign, three, first, 2),
            partial(leave, three, 1, seen=shown),
        )

        first.refresh_from_db()
        outcomes[first.state] += 1
        if first.state == "in_force":
            assert isinstance(signed, Signature)
            assert isinstance(left, NotPossible)
            assert status(three) == "in_force"
        else:
            assert isinstance(signed, NotPossible)
            assert isinstance(left, Participation)
            assert (first.state, status(three)) == ("withdrawn", "draft")
        assert gap_free(three)
    assert outcomes.total() == ROUNDS


def test_two_of_three_that_leave_at_once_do_not_leave_one_behind() -> None:
    for _round in range(ROUNDS):
        three = in_force(3)

        results = at_once(*[partial(leave, three, number) for number in (1, 2)])

        assert Counter(type(result) for result in results) == {Participation: 1, NotPossible: 1}
        assert Amendment.objects.filter(agreement=three.agreement, state="open").count() == 1
        assert gap_free(three)


def test_the_last_two_of_a_draft_do_not_both_leave() -> None:
    for _round in range(ROUNDS):
        two = world()

        results = at_once(*[partial(leave, two, number) for number in (0, 1)])

        assert Counter(type(result) for result in results) == {Participation: 1, NotPossible: 1}


def test_a_note_on_contacts_and_a_change_that_begins_keep_both() -> None:
    two = in_force()
    for number in range(ROUNDS):
        person = {**CONTACTS[0], "person": f"Cleo {number}"}
        first = version(two, 1)

        noted, begun = at_once(
            partial(
                contact_notes.note,
                first.pk,
                "contacts",
                [person, CONTACTS[1]],
                **two.acting(1),
            ),
            partial(begin, two),
        )

        assert isinstance(noted, ContactNote)
        assert isinstance(begun, Amendment)
        own = two.agreement.answers.get(point_key="contacts", partner=two.firms[1])
        assert own.value is not None
        assert own.value["contacts"][0]["person"] == f"Cleo {number}"
        amendments.drop(begun.pk, **two.acting(0))
    assert gap_free(two)
