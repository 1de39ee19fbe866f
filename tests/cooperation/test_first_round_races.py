"""Two at the same instant in a first round: real threads, on the database of the run."""

from collections import Counter
from functools import partial
from typing import Any

import pytest

from cooperation import answers, blind, projects
from cooperation.agreements import NotPossible, StalePoint
from cooperation.models import (
    AgreementEvent,
    Answer,
    BlindAnswer,
    BlindPart,
    BlindRound,
    Confirmation,
    FirstRoundDocument,
)
from tests.cooperation.rounds import GOAL, Game, game
from tests.factories import member
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def ready(firms: int = 2) -> Game:
    """All firms have answered alike, none has handed in."""
    begun = game(firms)
    for firm in range(firms):
        begun.say(firm, GOAL, "Ein Ziel")
    return begun


def step(verb: Any, begun: Game, firm: int, *args: Any, **more: Any) -> Any:
    return partial(verb, begun.agreement.pk, *args, **begun.world.acting(firm), **more)


def opened_once(begun: Game) -> None:
    """However the threads ran: one opening, with everything that belongs to it."""
    assert begun.round.state == "revealed"
    events = AgreementEvent.objects.filter(agreement=begun.agreement).order_by("seq")
    kinds = Counter(events.values_list("kind", flat=True))
    assert kinds["blind_revealed"] == 1
    assert list(events.values_list("seq", flat=True)) == list(range(1, len(events) + 1))
    assert FirstRoundDocument.objects.filter(round=begun.round).count() == 2


def test_two_firms_handing_in_at_once_open_the_round_once() -> None:
    for _round in range(ROUNDS):
        begun = ready()

        results = at_once(step(blind.hand_in, begun, 0), step(blind.hand_in, begun, 1))

        assert [type(result) for result in results] == [BlindRound, BlindRound]
        opened_once(begun)
        assert Answer.objects.filter(agreement=begun.agreement).count() == 1
        assert Confirmation.objects.filter(agreement=begun.agreement).count() == 2


def test_three_firms_agreeing_to_end_it_at_once_end_it_once() -> None:
    for _round in range(ROUNDS // 2):
        begun = ready(3)

        at_once(*(step(blind.wish_to_close, begun, firm) for firm in range(3)))

        opened_once(begun)
        assert begun.round.closed_early


def test_the_last_hand_in_against_taking_back_never_opens_what_was_taken_back() -> None:
    outcomes: Counter[str] = Counter()
    for _round in range(ROUNDS):
        begun = ready()
        begun.hand_in(0)

        handed, taken = at_once(step(blind.hand_in, begun, 1), step(blind.take_back, begun, 0))

        assert isinstance(handed, BlindRound)
        if begun.round.is_open:
            assert isinstance(taken, BlindRound)
            part = BlindPart.objects.get(round=begun.round, partner=begun.world.firms[0])
            assert part.handed_in_at is None
            assert not Answer.objects.filter(agreement=begun.agreement).exists()
        else:
            assert isinstance(taken, NotPossible)
            opened_once(begun)
        outcomes[begun.round.state] += 1
    assert outcomes.total() == ROUNDS


def test_an_answer_against_the_opening_is_in_or_refused() -> None:
    for _round in range(ROUNDS):
        begun = ready()
        begun.hand_in(0)
        # A colleague still types while the manager hands in.
        colleague = member(begun.world.firms[1], "specialist")
        late = partial(
            blind.save,
            begun.agreement.pk,
            GOAL,
            "Doch etwas anderes",
            by=colleague,
            partner=begun.world.firms[1],
            revision=1,
        )

        saved, handed = at_once(late, step(blind.hand_in, begun, 1))

        assert isinstance(handed, BlindRound)
        opened_once(begun)
        topic = begun.agenda.by_key[GOAL]
        if isinstance(saved, BlindAnswer):
            assert topic.outcome == "difference"
        else:
            assert isinstance(saved, NotPossible)
            assert topic.outcome == "match"


def test_two_colleagues_answering_at_once_one_is_stale() -> None:
    begun = game()
    for number in range(ROUNDS):
        before = begun.revision(0, GOAL)
        saves = [
            step(blind.save, begun, 0, GOAL, f"{number} {who}", revision=before) for who in (0, 1)
        ]

        results = at_once(*saves)

        assert Counter(type(result) for result in results) == {BlindAnswer: 1, StalePoint: 1}
        assert begun.revision(0, GOAL) == before + 1


def test_two_managers_beginning_at_once_begin_once() -> None:
    for _round in range(ROUNDS // 2):
        begun = game()
        begun.round.delete()

        results = at_once(*(step(blind.open_round, begun, firm) for firm in (0, 1)))

        assert Counter(type(result) for result in results) == {BlindRound: 1, NotPossible: 1}


def test_a_proposal_against_beginning_is_in_or_refused() -> None:
    for _round in range(ROUNDS // 2):
        begun = game()
        begun.round.delete()
        propose = step(answers.propose, begun, 1, GOAL, "Ein Ziel", revision=0)

        round_begun, proposed = at_once(step(blind.open_round, begun, 0), propose)

        assert sorted(isinstance(r, NotPossible) for r in (round_begun, proposed)) == [False, True]
        assert isinstance(proposed, Answer) != isinstance(round_begun, BlindRound)


def test_the_last_hand_in_against_declining_opens_once() -> None:
    for _round in range(ROUNDS // 2):
        begun = ready()
        place, person = begun.invite()
        begun.hand_in(0)

        at_once(step(blind.hand_in, begun, 1), partial(projects.decline, place.pk, by=person))

        opened_once(begun)


def test_joining_against_the_last_hand_in_never_leaves_a_firm_out() -> None:
    for _round in range(ROUNDS // 2):
        begun = ready()
        place, person = begun.invite()
        begun.hand_in(0)

        at_once(step(blind.hand_in, begun, 1), partial(projects.accept, place.pk, by=person))

        # Before it was accepted the open invitation kept the round closed, afterwards the firm.
        assert begun.round.is_open


def test_inviting_against_the_last_hand_in_exactly_one_comes_first() -> None:
    for _round in range(ROUNDS // 2):
        begun = ready()
        begun.hand_in(0)

        at_once(step(blind.hand_in, begun, 1), begun.invite)

        events = AgreementEvent.objects.filter(agreement=begun.agreement).order_by("seq")
        kinds = list(events.values_list("kind", flat=True))
        if begun.round.is_open:
            assert "blind_revealed" not in kinds
        else:
            assert kinds.index("blind_revealed") < len(kinds) - 1 - kinds[::-1].index("invited")
