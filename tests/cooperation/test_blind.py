"""The first round, step by step: answering alone, handing in, ending, opening to all."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Max

from cooperation import answers, blind, depth, fast_track, first_rounds, projects, signing
from cooperation.agreements import NotPossible, StalePoint
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    BlindAnswer,
    BlindPart,
    BlindRound,
    Confirmation,
    FirstRoundDocument,
    Notice,
    Participation,
)
from documents.models import Document
from tests.cooperation.rounds import GOAL, LEAD, OWN, Game, game, outsider
from tests.cooperation.worlds import world
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

OVER = "The first round is over: it has been opened to all firms."
RESTS = (
    "The first round is open: each firm answers alone. The points can be worked on together as "
    "soon as all firms have handed in."
)
HANDED_IN = "Your firm has handed in. To change an answer, please take your answers back first."


def refused(step: Callable[[], Any]) -> str:
    """The sentence a step is refused with; nothing may have been written by it."""
    before = rows()
    with pytest.raises(NotPossible) as caught:
        step()
    assert rows() == before
    return str(caught.value)


def rows() -> dict[str, Any]:
    """All that a step could have changed."""
    return {
        "rounds": list(BlindRound.objects.values()),
        "parts": list(BlindPart.objects.order_by("pk").values()),
        "said": list(BlindAnswer.objects.order_by("pk").values()),
        "answers": list(Answer.objects.order_by("pk").values()),
        "confirmed": list(Confirmation.objects.order_by("pk").values()),
        "events": list(AgreementEvent.objects.order_by("pk").values()),
        "documents": Document.objects.count(),
    }


def events(played: Game) -> list[str]:
    found = AgreementEvent.objects.filter(agreement=played.agreement).order_by("seq")
    return list(found.values_list("kind", flat=True))


# ---- Beginning ---------------------------------------------------------------------------------


def test_beginning_asks_the_short_list_and_says_so_in_the_log() -> None:
    begun = game()

    begun.agreement.refresh_from_db()
    assert begun.agreement.depth == "exploratory"
    assert begun.round.state == "open"
    assert events(begun)[-1] == "blind_opened"
    assert AgreementEvent.objects.get(kind="blind_opened").data == {}


def test_a_round_begins_once() -> None:
    begun = game()
    again = lambda: blind.open_round(begun.agreement.pk, **begun.world.acting(1))  # noqa: E731

    assert refused(again) == "This agreement has its first round already."
    begun.play()
    assert refused(again) == "This agreement has its first round already."


LATE = "A first round is possible only as long as no firm has answered a question of it."


def test_a_round_is_for_an_agreement_nobody_has_answered() -> None:
    two = world()
    begin = lambda: blind.open_round(two.agreement.pk, **two.acting(0))  # noqa: E731
    two.propose(0, GOAL, "Ein Ziel")
    assert refused(begin) == LATE

    asked = world()
    answers.ask_to_talk(asked.agreement.pk, GOAL, "Bitte sprechen", **asked.acting(0))
    assert refused(lambda: blind.open_round(asked.agreement.pk, **asked.acting(0))) == LATE

    fast = world()
    fast.press(0)
    assert refused(lambda: blind.open_round(fast.agreement.pk, **fast.acting(0))) == LATE


def test_answers_to_other_points_do_not_stand_in_the_way() -> None:
    two = world()
    two.propose(0, "exit_notice", {"number": 30, "unit": "days"})

    assert blind.open_round(two.agreement.pk, **two.acting(0)).is_open
    assert Answer.objects.count() == 1


def test_a_round_belongs_to_the_beginning() -> None:
    two = world()
    two.freeze()

    sentence = refused(lambda: blind.open_round(two.agreement.pk, **two.acting(0)))

    assert sentence == (
        "This agreement is no longer in negotiation, so its points cannot be changed."
    )
    assert blind.why_not(Agreement.objects.get()) == (
        "A first round belongs to the beginning of a negotiation."
    )


def test_only_firms_of_the_project_take_steps() -> None:
    begun, (firm, person) = game(), outsider()
    other: dict[str, Any] = {"by": person, "partner": firm}
    pk = begun.agreement.pk
    place, invited = begun.invite()
    for acting in (other, {"by": invited, "partner": place.partner}):
        for step in (
            lambda acting=acting: blind.save(pk, GOAL, "Ziel", revision=0, **acting),
            lambda acting=acting: blind.mark_not_applicable(pk, GOAL, revision=0, **acting),
            lambda acting=acting: blind.clear(pk, GOAL, revision=0, **acting),
            lambda acting=acting: blind.hand_in(pk, **acting),
            lambda acting=acting: blind.take_back(pk, **acting),
            lambda acting=acting: blind.wish_to_close(pk, **acting),
            lambda acting=acting: blind.wish_to_go_on(pk, **acting),
            lambda acting=acting: blind.open_round(pk, **acting),
        ):
            assert refused(step) == "Your firm does not take part in this project."


def test_steps_need_a_round() -> None:
    two = world()

    sentence = refused(lambda: blind.hand_in(two.agreement.pk, **two.acting(0)))

    assert sentence == "This agreement has no first round."


# ---- Answering alone ---------------------------------------------------------------------------


def test_an_answer_is_the_firms_own_and_leaves_no_trace_elsewhere() -> None:
    begun = game()
    before = rows()

    begun.say(0, GOAL, "  Ein Ziel ")

    after = rows()
    assert after["said"][0]["value"] == {"text": "Ein Ziel"}
    unchanged = ("rounds", "answers", "confirmed", "events", "documents")
    assert {key: after[key] for key in unchanged} == {key: before[key] for key in unchanged}
    assert first_rounds.replies(begun.agreement, begun.world.firms[0]).keys() == {GOAL}
    assert first_rounds.replies(begun.agreement, begun.world.firms[1]) == {}


def test_each_change_has_its_revision_and_the_same_again_has_none() -> None:
    begun = game()

    assert begun.say(0, GOAL, "Eins").revision == 1
    assert begun.say(0, GOAL, "Zwei").revision == 2
    assert begun.say(0, GOAL, "Zwei", revision=0).revision == 2  # nothing changes, nothing is lost
    assert begun.skip(0, GOAL, "Nur beraten").revision == 3
    assert BlindAnswer.objects.get().value is None


def test_a_stale_form_never_overwrites_a_colleague() -> None:
    begun = game()
    begun.say(0, GOAL, "Von der Kollegin")

    with pytest.raises(StalePoint) as caught:
        begun.say(0, GOAL, "Von mir", revision=0)

    assert caught.value.mine == {"text": "Von mir"}
    assert caught.value.theirs is not None
    assert caught.value.theirs.value == {"text": "Von der Kollegin"}
    assert caught.value.theirs.by == begun.world.people[0].name
    assert caught.value.revision == 1
    with pytest.raises(StalePoint):
        blind.clear(begun.agreement.pk, GOAL, revision=7, **begun.world.acting(0))
    assert BlindAnswer.objects.get().value == {"text": "Von der Kollegin"}


def test_revisions_of_two_firms_know_nothing_of_each_other() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.say(0, GOAL, "Zwei")

    assert begun.say(1, GOAL, "Anders", revision=0).revision == 1


def test_an_answer_can_be_taken_away() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")

    blind.clear(begun.agreement.pk, GOAL, revision=1, **begun.world.acting(0))
    blind.clear(begun.agreement.pk, GOAL, revision=0, **begun.world.acting(0))

    assert not BlindAnswer.objects.exists()
    assert begun.say(0, GOAL, "Zwei", revision=0).revision == 1


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        (GOAL, "", "text"),
        (GOAL, "a" * 5001, "text"),
        (GOAL, "unsichtbar\u202e", "text"),
        (GOAL, "null\x00", "text"),
        (GOAL, {"text": ["Liste"]}, "text"),
        (GOAL, 7, ""),
        (LEAD, str(uuid.uuid4()), "choice"),
        ("speak_up", "perhaps", "answer"),
        ("speak_up", "no", "note"),
        ("contacts", [], ""),
    ],
)
def test_what_is_no_answer_is_refused(key: str, value: Any, field: str) -> None:
    begun = game()

    with pytest.raises(InvalidAnswer) as caught:
        begun.say(0, key, value)

    if field:
        assert list(caught.value.errors) == [field]
    assert not BlindAnswer.objects.exists()


def test_points_outside_the_round_are_refused() -> None:
    begun = game()

    sentence = refused(lambda: begun.say(0, "exit_notice", {"number": 30, "unit": "days"}))
    assert sentence == "This question is not part of the first round."
    with pytest.raises(KeyError):
        begun.say(0, "no_such_point", "x")


def test_a_note_that_is_too_long_is_refused() -> None:
    begun = game()

    with pytest.raises(InvalidAnswer):
        begun.skip(0, GOAL, "a" * 2001)


def test_an_answer_may_name_an_invited_firm() -> None:
    begun = game()
    place, person = begun.invite()

    begun.say(0, LEAD, str(place.partner_id))

    projects.decline(place.pk, by=person)
    with pytest.raises(InvalidAnswer):
        begun.say(1, LEAD, str(place.partner_id))


# ---- Handing in --------------------------------------------------------------------------------


def test_handing_in_needs_one_answer_and_then_nothing_can_be_changed() -> None:
    begun = game()
    sentence = refused(lambda: begun.hand_in(0))
    assert sentence == "Please answer at least one question. What you leave out is shown as open."
    begun.say(0, GOAL, "Eins")

    assert begun.hand_in(0).is_open

    for step in (
        lambda: begun.say(0, GOAL, "Zwei"),
        lambda: begun.skip(0, GOAL),
        lambda: blind.clear(begun.agreement.pk, GOAL, revision=1, **begun.world.acting(0)),
    ):
        assert refused(step) == HANDED_IN
    assert events(begun)[-1] == "blind_opened"
    begun.take_back(0)
    assert begun.say(0, GOAL, "Zwei").revision == 2
    assert events(begun)[-1] == "blind_opened"


def test_handing_in_and_taking_back_twice_change_nothing() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.hand_in(0)
    first = BlindPart.objects.get(handed_in_at__isnull=False).handed_in_at

    begun.hand_in(0)

    assert BlindPart.objects.get(handed_in_at__isnull=False).handed_in_at == first
    begun.take_back(0)
    begun.take_back(0)
    assert not BlindPart.objects.filter(handed_in_at__isnull=False).exists()


def test_everybody_sees_who_has_handed_in_and_nothing_else() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.hand_in(0)
    begun.wish(1)

    seen = first_rounds.places(begun.agreement)

    assert [(p.party.name, p.has_handed_in, p.wants_to_close) for p in seen] == [
        (begun.world.firms[0].name, True, False),
        (begun.world.firms[1].name, False, True),
    ]
    with pytest.raises(ValueError, match="nobody may read"):
        first_rounds.agenda(begun.round)
    assert not BlindAnswer.objects.opened().exists()


def test_the_last_firm_opens_the_round() -> None:
    begun = game()

    opened = begun.play()

    assert (opened.state, opened.closed_early) == ("revealed", False)
    assert opened.revealed_at is not None
    assert begun.agenda.counts == {"difference": 1, "open": 11, "match": 1, "each_own": 1}
    event = AgreementEvent.objects.latest("seq")
    assert (event.kind, event.data) == ("blind_revealed", begun.agenda.counts)
    assert (event.by, event.partner) == (None, None)
    assert events(begun).count("blind_revealed") == 1


def test_after_the_opening_no_step_is_possible() -> None:
    begun = game()
    begun.play()
    for step in (
        lambda: begun.say(0, GOAL, "Später"),
        lambda: begun.skip(0, GOAL),
        lambda: blind.clear(begun.agreement.pk, GOAL, revision=1, **begun.world.acting(0)),
        lambda: begun.hand_in(0),
        lambda: begun.take_back(0),
        lambda: begun.wish(0),
        lambda: blind.wish_to_go_on(begun.agreement.pk, **begun.world.acting(0)),
    ):
        assert refused(step) == OVER


def test_three_firms_wait_for_the_third() -> None:
    begun = game(3)
    for firm in range(3):
        begun.say(firm, GOAL, "Eins")

    assert begun.hand_in(0, 1).is_open
    assert not begun.hand_in(2).is_open
    assert begun.agenda.counts["match"] == 1


def test_a_firm_alone_waits_for_another() -> None:
    begun = game(1)
    begun.say(0, GOAL, "Eins")

    assert begun.hand_in(0).is_open

    firm = begun.join()
    assert begun.round.is_open
    begun.say(firm, GOAL, "Eins")
    assert not begun.hand_in(firm).is_open
    assert begun.world.state(GOAL) == "agreed"


# ---- What becomes of the answers ---------------------------------------------------------------


def test_what_all_said_alike_is_agreed() -> None:
    begun = game(3)
    for firm, text in enumerate(("Ein Ziel", "Ein  Ziel", "Ein\nZiel")):
        begun.say(firm, GOAL, text)
        begun.skip(firm, "speak_up", "Versteht sich")

    begun.hand_in(0, 1, 2)

    goal, speak_up = Answer.objects.order_by("point_key")
    assert (goal.point_key, goal.value, goal.partner) == (GOAL, {"text": "Ein Ziel"}, None)
    assert (goal.origin, goal.resolution, goal.revision) == ("first_round", "value", 1)
    assert (goal.updated_by, goal.updated_by_partner) == (
        begun.world.people[0],
        begun.world.firms[0],
    )
    assert (speak_up.value, speak_up.note) == (None, "Versteht sich")
    assert begun.world.state(GOAL) == "agreed"
    assert begun.world.state("speak_up") == "not_applicable"
    confirmed = Confirmation.objects.filter(point_key=GOAL).order_by("partner__name")
    assert {c.partner: c.by for c in confirmed} == dict(
        zip(begun.world.firms, begun.world.people, strict=True)
    )
    opened_at = begun.round.revealed_at
    assert opened_at is not None
    assert {c.at >= opened_at for c in confirmed} == {True}  # not when each firm handed in


def test_differences_and_open_points_become_no_answer() -> None:
    begun = game()
    begun.play()

    assert {LEAD} == {topic.point.key for topic in begun.agenda.differences}
    assert not Answer.objects.filter(point_key=LEAD).exists()
    assert begun.world.state(LEAD) == "open"
    assert begun.world.state("speak_up") == "open"


def test_own_answers_are_there_and_still_to_be_read_by_the_others() -> None:
    begun = game()
    begun.play()

    own = Answer.objects.filter(point_key=OWN)
    assert {answer.partner: answer.value for answer in own} == {
        firm: {"text": f"Was Firma {number} kann"} for number, firm in enumerate(begun.world.firms)
    }
    assert {answer.origin for answer in own} == {"proposed"}
    assert begun.world.state(OWN) == "proposed"
    begun.world.confirm(0, OWN)
    assert begun.world.state(OWN) == "proposed"
    begun.world.confirm(1, OWN)
    assert begun.world.state(OWN) == "agreed"


def test_an_own_answer_that_stands_alone_is_confirmed_by_its_firm() -> None:
    begun = game()
    begun.say(0, OWN, "Technik")
    begun.say(1, GOAL, "Ziel")

    begun.hand_in(0, 1)

    assert [c.partner for c in Confirmation.objects.filter(point_key=OWN)] == [begun.world.firms[0]]
    assert begun.world.state(OWN) == "proposed"


def test_an_answer_that_names_a_firm_that_declined_is_not_agreed() -> None:
    begun = game()
    place, person = begun.invite()
    for firm in (0, 1):
        begun.say(firm, LEAD, str(place.partner_id))
        begun.say(firm, GOAL, "Ein Ziel")
        begun.hand_in(firm)
    assert begun.round.is_open

    decline(place, person)

    assert begun.agenda.by_key[LEAD].outcome == "open"
    assert not begun.agenda.by_key[LEAD].fits
    assert not Answer.objects.filter(point_key=LEAD).exists()
    assert begun.world.state(GOAL) == "agreed"


def test_an_answer_that_is_there_already_is_never_written_over() -> None:
    begun = game()
    begun.say(0, GOAL, "Alt")
    begun.say(1, GOAL, "Alt")
    there = Answer.objects.create(
        agreement=begun.agreement,
        point_key=GOAL,
        value={"text": "Stand schon da"},
        updated_by=begun.world.people[0],
        updated_by_partner=begun.world.firms[0],
    )

    begun.hand_in(0, 1)

    assert Answer.objects.get() == there
    assert not Confirmation.objects.exists()


def test_the_agenda_is_ordered_once_in_each_language() -> None:
    begun = game()
    assert not Document.objects.exists()

    opened = begun.play()

    rows = FirstRoundDocument.objects.filter(round=opened).select_related("document")
    assert sorted(row.language for row in rows) == ["de", "en"]
    assert {row.document.requested_by for row in rows} == {None}


# ---- Invitations, joining, leaving -------------------------------------------------------------


def decline(place: Participation, person: Any) -> None:
    projects.decline(place.pk, by=person)


def test_an_open_invitation_keeps_the_round_closed_until_it_is_declined() -> None:
    begun = game()
    place, person = begun.invite()
    assert begun.play().is_open

    decline(place, person)

    assert begun.round.state == "revealed"
    assert events(begun)[-2:] == ["invitation_declined", "blind_revealed"]


def test_an_open_invitation_keeps_the_round_closed_until_it_is_taken_back() -> None:
    begun = game()
    place, _person = begun.invite()
    assert begun.wish(0, 1).is_open

    projects.withdraw_invitation(place.pk, **begun.world.acting(0))

    assert (begun.round.state, begun.round.closed_early) == ("revealed", True)


def test_a_firm_that_joins_while_the_round_is_open_takes_part() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.say(1, GOAL, "Eins")
    begun.hand_in(0)

    third = begun.join()
    begun.hand_in(1)

    assert begun.round.is_open
    begun.say(third, GOAL, "Zwei")
    begun.hand_in(third)
    assert begun.agenda.counts["difference"] == 1
    assert [party.name for party in begun.agenda.parties] == [
        firm.name for firm in begun.world.firms
    ]


def test_a_firm_that_joins_afterwards_was_no_part_of_it() -> None:
    begun = game()
    begun.play()

    third = begun.join()

    assert len(begun.agenda.parties) == 2
    agreement = begun.round.agreement
    assert first_rounds.agenda_for(begun.world.firms[third], agreement) is None
    assert first_rounds.agenda_for(begun.world.firms[0], agreement) == begun.agenda
    assert begun.world.state(GOAL) == "proposed"  # the new firm has not confirmed it


def leave(begun: Game, firm: int) -> None:
    """As ``projects.leave`` does: the place is given up, then the round is looked at again."""
    place = Participation.objects.get(
        project=begun.agreement.project_id, partner=begun.world.firms[firm]
    )
    person = begun.world.people[firm]
    Participation.objects.filter(pk=place.pk).update(
        state="left", left_at=place.invited_at, left_by=person
    )
    blind.reconsider(Agreement.objects.get(pk=begun.agreement.pk))


def test_a_firm_that_leaves_takes_its_answers_along_and_the_others_go_on() -> None:
    begun = game(3)
    for firm in range(3):
        begun.say(firm, GOAL, "Eins" if firm < 2 else "GEHEIM")
    begun.hand_in(0, 1)
    begun.hand_in(2)
    assert not begun.round.is_open  # all three had handed in

    left = game(3)
    for firm in range(3):
        left.say(firm, GOAL, "Eins" if firm < 2 else "GEHEIM")
    left.hand_in(0, 1)

    leave(left, 2)

    assert left.round.state == "revealed"
    assert left.agenda.counts["match"] == 1
    assert [party.name for party in left.agenda.parties] == [
        firm.name for firm in left.world.firms[:2]
    ]
    assert not BlindPart.objects.filter(partner=left.world.firms[2]).exists()
    assert not BlindAnswer.objects.filter(part__partner=left.world.firms[2]).exists()


def test_a_firm_that_is_left_alone_can_end_the_round() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.say(0, OWN, "Technik")
    begun.hand_in(0)
    leave(begun, 1)
    assert begun.round.is_open  # a result of one firm is none

    begun.wish(0)

    assert begun.round.closed_early
    assert begun.agenda.counts == {"difference": 0, "open": 13, "match": 0, "each_own": 1}
    assert [answer.point_key for answer in Answer.objects.all()] == [OWN]


def test_reconsidering_without_need_changes_nothing() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    before = rows()

    assert not blind.reconsider(begun.agreement)
    assert rows() == before
    two = world()
    assert not blind.reconsider(two.agreement)


# ---- Ending early ------------------------------------------------------------------------------


def test_a_round_ends_early_when_all_firms_agree() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.say(1, GOAL, "GEHEIM")
    begun.say(1, OWN, "GEHEIM")
    begun.hand_in(0)

    assert begun.wish(0).is_open
    ended = begun.wish(1)

    assert (ended.state, ended.closed_early) == ("revealed", True)
    assert begun.agenda.hidden[0].name == begun.world.firms[1].name
    assert begun.agenda.counts == {"difference": 0, "open": 14, "match": 0, "each_own": 0}
    assert not Answer.objects.exists()
    assert [row.part.partner for row in BlindAnswer.objects.opened()] == [begun.world.firms[0]]
    # The firm keeps what it wrote, for itself.
    own = first_rounds.replies(begun.agreement, begun.world.firms[1])
    assert own[GOAL].value == {"text": "GEHEIM"}


def test_a_wish_can_be_taken_back() -> None:
    begun = game()
    begun.wish(0)
    blind.wish_to_go_on(begun.agreement.pk, **begun.world.acting(0))

    assert begun.wish(1).is_open
    assert not begun.wish(0).is_open


def test_a_round_in_which_nobody_said_anything_ends_without_answers() -> None:
    begun = game()

    begun.wish(0, 1)

    assert begun.agenda.counts["open"] == 14
    assert not Answer.objects.exists()


def test_handing_in_does_not_agree_to_end_the_round() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.hand_in(0)

    assert begun.wish(1).is_open


# ---- Nothing else while it is open -------------------------------------------------------------


def steps(begun: Game) -> dict[str, Callable[[], Any]]:
    """Every verb that works on the points of the agreement."""
    pk, acting = begun.agreement.pk, begun.world.acting(0)
    return {
        "propose": lambda: answers.propose(pk, GOAL, "Ziel", revision=0, **acting),
        "not_applicable": lambda: answers.mark_not_applicable(pk, GOAL, revision=0, **acting),
        "confirm": lambda: answers.confirm(pk, GOAL, revision=0, **acting),
        "talk": lambda: answers.ask_to_talk(pk, GOAL, "Bitte sprechen", **acting),
        "other_point": lambda: answers.propose(
            pk, "exit_notice", {"number": 30, "unit": "days"}, revision=0, **acting
        ),
        "defaults": lambda: answers.confirm_defaults(pk, "communication", **acting),
        "fast_track": lambda: fast_track.press(pk, **acting),
        "freeze": lambda: signing.freeze(pk, **acting),
        "depth": lambda: depth.change(pk, "full", **acting),
    }


@pytest.mark.parametrize(
    "name",
    [
        "propose",
        "not_applicable",
        "confirm",
        "talk",
        "other_point",
        "defaults",
        "fast_track",
        "freeze",
        "depth",
    ],
)
def test_points_rest_while_the_round_is_open(name: str) -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")

    assert refused(steps(begun)[name]) == RESTS


def test_points_are_worked_on_after_the_opening() -> None:
    begun = game()
    begun.play()

    begun.world.propose(1, LEAD, str(begun.world.firms[0].pk))
    begun.world.confirm(0, LEAD)

    assert begun.world.state(LEAD) == "agreed"


def test_no_step_of_the_round_moves_the_project() -> None:
    begun = game()
    moved = lambda: Agreement.objects.aggregate(at=Max("events__at"))["at"]  # noqa: E731
    before = moved()

    begun.say(0, GOAL, "Eins")
    begun.say(1, GOAL, "Zwei")
    begun.skip(0, "speak_up")
    begun.hand_in(0)
    begun.take_back(0)
    begun.wish(0)
    blind.wish_to_go_on(begun.agreement.pk, **begun.world.acting(0))
    begun.hand_in(0)

    assert moved() == before
    begun.hand_in(1)
    assert moved() != before


def test_mails_tell_of_the_beginning_and_of_the_opening_and_of_nothing_between() -> None:
    two = world()
    lead = member(two.firms[1], "lead")
    member(two.firms[1], "observer")
    blind.open_round(two.agreement.pk, **two.acting(0))
    begun = Game(two)

    told = lambda kind: {n.person for n in Notice.objects.filter(kind=kind)}  # noqa: E731
    assert told("blind_opened") == {two.people[1], lead}
    begun.say(0, GOAL, "Eins")
    begun.hand_in(0)
    begun.take_back(0)
    begun.wish(1)
    of_the_round = Notice.objects.filter(kind__startswith="blind")
    assert of_the_round.count() == 2

    begun.play()

    assert told("blind_revealed") == {*two.people, lead}
    path = f"/vereinbarung/{two.agreement.pk}/erste-runde/"
    assert {notice.path for notice in of_the_round.all()} == {path}
    facts = Notice.objects.filter(kind="blind_revealed").values_list("data", flat=True)
    assert {frozenset(data) for data in facts} == {frozenset({"project"})}


def test_people_of_one_firm_work_on_the_same_part() -> None:
    begun = game()
    colleague = member(begun.world.firms[0], "specialist")
    begun.say(0, GOAL, "Eins")

    blind.save(
        begun.agreement.pk, GOAL, "Zwei", revision=1, by=colleague, partner=begun.world.firms[0]
    )

    assert BlindPart.objects.count() == 1
    assert BlindAnswer.objects.get().updated_by == colleague


def test_twelve_firms_compare() -> None:
    begun = game(12)

    begun.play()

    assert begun.agenda.counts == {"difference": 1, "open": 11, "match": 1, "each_own": 1}
    assert Confirmation.objects.filter(point_key=GOAL).count() == 12
