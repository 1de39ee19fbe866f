"""What is asked in a first round, and how the answers compare; nothing here needs a database."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cooperation import first_round, kinds, rule_books
from cooperation.book import Condition, Party, Point
from cooperation.first_round import Agenda, Outcome, Reply
from tests.cooperation.worlds import some_parties

BOOK = rule_books.packaged()
TWO, THREE = some_parties(2), some_parties(3)


def reply(key: str, value: Any, parties: tuple[Party, ...] = TWO, note: str = "") -> Reply:
    """A canonical answer, as the verb stores it; ``None`` is "does not apply"."""
    point = BOOK.point(key)
    return Reply(None if value is None else kinds.clean(value, point, parties), note)


def outcome(key: str, *values: Any) -> Outcome:
    """What comes of these answers of p1, p2, ...; "-" is no answer."""
    parties = some_parties(len(values))
    said = {
        party.key: reply(key, value, parties)
        for party, value in zip(parties, values, strict=True)
        if value != "-"
    }
    return first_round.compare(BOOK.point(key), parties, said).outcome


def test_the_short_list_is_asked_in_the_order_of_the_book() -> None:
    assert [point.number for point in first_round.asked(BOOK)] == [
        *("1.1", "1.2", "1.3", "1.4", "1.6", "1.8", "2.1", "2.5"),
        *("3.1", "4.4", "5.1", "5.6", "6.1", "7.1"),
    ]
    assert [rule.number for rule, _points in first_round.rules(BOOK)] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "agreement"},
        {"sensitivity": "pairwise"},
        {"visible_if": Condition("commercial_model", frozenset({"own_invoices"}))},
    ],
)
def test_what_one_firm_cannot_answer_for_all_to_see_is_not_asked(change: dict[str, Any]) -> None:
    point = BOOK.point("shared_goal")

    assert first_round.is_asked(point)
    assert not first_round.is_asked(replace(point, **change))


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("shared_goal", ("Ein Ziel", "Ein Ziel"), Outcome.MATCH),
        ("shared_goal", (" Ein\n\tZiel ", "Ein  Ziel"), Outcome.MATCH),
        ("shared_goal", ("Ein Ziel", "ein Ziel"), Outcome.DIFFERENCE),
        ("shared_goal", ("Ein Ziel", "EinZiel"), Outcome.DIFFERENCE),
        ("shared_goal", ("Ein Ziel", "-"), Outcome.OPEN),
        ("shared_goal", ("-", "-"), Outcome.OPEN),
        ("shared_goal", (None, None), Outcome.MATCH),
        ("shared_goal", (None, "Ein Ziel"), Outcome.DIFFERENCE),
        ("shared_goal", ("Eins", "Eins", "Eins"), Outcome.MATCH),
        ("shared_goal", ("Eins", "Eins", "Zwei"), Outcome.DIFFERENCE),
        ("shared_goal", ("Eins", "Eins", "-"), Outcome.OPEN),
        ("shared_goal", ("Eins", "Zwei", "-"), Outcome.DIFFERENCE),
        ("shared_goal", ("Eins",), Outcome.OPEN),
        ("customer_lead", ("p1", "p1"), Outcome.MATCH),
        ("customer_lead", ("p1", "p2"), Outcome.DIFFERENCE),
        ("speak_up", ("yes", "yes"), Outcome.MATCH),
        ("speak_up", ("yes", {"answer": "yes", "note": "Zuerst per Telefon"}), Outcome.DIFFERENCE),
        (
            "speak_up",
            (
                {"answer": "no", "note": "Nur  schriftlich"},
                {"answer": "no", "note": "Nur\nschriftlich"},
            ),
            Outcome.MATCH,
        ),
        ("contributions", ("Technik", "Vertrieb"), Outcome.EACH_OWN),
        ("contributions", ("Technik", "Technik"), Outcome.EACH_OWN),
        ("contributions", (None, "Vertrieb"), Outcome.EACH_OWN),
        ("contributions", ("Technik", "-"), Outcome.OPEN),
        ("own_interests", ("Referenz", "-"), Outcome.EACH_OWN),
        ("own_interests", ("-", "-"), Outcome.OPEN),
    ],
)
def test_answers_compare(key: str, values: tuple[Any, ...], expected: Outcome) -> None:
    assert outcome(key, *values) is expected


def test_why_a_point_does_not_apply_is_part_of_the_answer() -> None:
    point = BOOK.point("shared_goal")

    def of(one: str, other: str) -> Outcome:
        said = {"p1": Reply(None, one), "p2": Reply(None, other)}
        return first_round.compare(point, TWO, said).outcome

    assert of("Nur beraten", "Nur  beraten ") is Outcome.MATCH
    assert of("Nur beraten", "") is Outcome.DIFFERENCE


def test_an_answer_that_names_a_firm_that_is_gone_is_open_even_if_all_gave_it() -> None:
    point = BOOK.point("customer_lead")
    said = {party.key: reply("customer_lead", "p3", THREE) for party in TWO}

    topic = first_round.compare(point, TWO, said)

    assert (topic.outcome, topic.fits) == (Outcome.OPEN, False)
    assert not topic.those_who_answered_agree


def test_answers_of_firms_that_take_no_part_do_not_count() -> None:
    said = {key: reply("shared_goal", f"Ziel {key}", THREE) for key in ("p1", "p3")}

    topic = first_round.compare(BOOK.point("shared_goal"), TWO, said)

    assert topic.replies == ((TWO[0], said["p1"]), (TWO[1], None))
    assert topic.missing == (TWO[1],)


def test_who_answered_may_agree_while_the_point_is_open() -> None:
    point = BOOK.point("shared_goal")

    def agree(*texts: str) -> bool:
        said = {f"p{n}": reply("shared_goal", t, THREE) for n, t in enumerate(texts, 1)}
        return first_round.compare(point, THREE, said).those_who_answered_agree

    assert agree("Eins", "Eins")
    assert not agree("Eins", "Zwei")
    assert not agree("Eins")
    assert not agree("Eins", "Eins", "Eins")  # a match, not open


def made(**said: dict[str, Any]) -> Agenda:
    """The agenda of firms p1, p2, ... from their answers by point key."""
    handed_in = {
        party: {key: reply(key, value) for key, value in answers.items()}
        for party, answers in said.items()
    }
    return first_round.agenda(BOOK, TWO, handed_in)


def test_agenda_sorts_every_point_into_one_part() -> None:
    agenda = made(
        p1={"shared_goal": "Eins", "speak_up": "yes", "contributions": "Technik"},
        p2={"shared_goal": "Zwei", "speak_up": "yes", "contributions": "Vertrieb"},
    )

    assert agenda.counts == {"difference": 1, "open": 11, "match": 1, "each_own": 1}
    assert [topic.point.key for topic in agenda.differences] == ["shared_goal"]
    assert [topic.point.key for topic in agenda.matches] == ["speak_up"]
    assert [topic.point.key for topic in agenda.own] == ["contributions"]
    assert agenda.to_talk == 12
    assert agenda.hidden == ()
    assert len(agenda.topics) == len(first_round.asked(BOOK))


def test_agenda_names_who_had_not_handed_in() -> None:
    agenda = made(p1={"shared_goal": "Eins"})

    assert agenda.hidden == (TWO[1],)
    assert agenda.counts == {"difference": 0, "open": 14, "match": 0, "each_own": 0}


def test_agenda_says_each_answer_in_both_languages() -> None:
    agenda = made(
        p1={"customer_lead": "p2", "speak_up": None},
        p2={"customer_lead": "p1", "speak_up": None},
    )

    [difference] = agenda.entries(Outcome.DIFFERENCE, "de")
    assert [said.description and said.description.text for said in difference.saids] == [
        "Firma 2",
        "Firma 1",
    ]
    assert difference.common is None
    for language, words in (("de", "Entfällt"), ("en", "Not applicable")):
        [match] = agenda.entries(Outcome.MATCH, language)
        assert match.common is not None
        assert match.common.text == words
    assert agenda.entries(Outcome.OPEN, "de")[0].saids[0].description is None


def test_short_words_count(english: None) -> None:
    assert first_round.in_short({"difference": 2, "open": 1, "match": 7}) == (
        "2 different answers, 1 point open, 7 same answers"
    )


texts = st.text(alphabet="ab \n\t", max_size=6)


@given(first=texts, second=texts)
def test_white_space_alone_never_makes_a_difference(first: str, second: str) -> None:
    same = first_round.same(Reply({"text": first}), Reply({"text": second}))

    assert same == (" ".join(first.split()) == " ".join(second.split()))


@given(said=st.lists(st.one_of(st.none(), st.sampled_from(["yes", "no"])), min_size=1, max_size=5))
def test_a_match_needs_every_firm_and_one_answer(said: list[str | None]) -> None:
    point: Point = BOOK.point("speak_up")
    parties = some_parties(len(said))
    replies = {
        party.key: Reply({"answer": answer, "note": "Weil es so ist"})
        for party, answer in zip(parties, said, strict=True)
        if answer
    }

    found = first_round.compare(point, parties, replies).outcome

    different = len(set(said) - {None})
    assert (found is Outcome.MATCH) == (None not in said and len(said) > 1 and different == 1)
    assert (found is Outcome.DIFFERENCE) == (different > 1)
