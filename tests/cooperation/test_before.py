"""A draft beside an earlier text: pure, without a database."""

from typing import Any

import pytest

from cooperation import before, kinds, rule_books
from cooperation.before import Earlier
from cooperation.points import Given, Sheet
from tests.cooperation.worlds import some_parties

BOOK = rule_books.packaged()
PARTIES = some_parties(3)
PAIR = ("p1", "p2")


def given(key: str, value: Any) -> Given:
    return Given(kinds.clean(value, BOOK.point(key), PARTIES))


def answer(line: str, partner: str | None = None, note: str = "") -> dict[str, Any]:
    said = {"lines": [line], "grid": None, "note": note}
    return {"partner": partner, "said": {"de": said, "en": said}}


def text(*points: dict[str, Any], parties: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "fast_track": True,
        "parties": [{"id": party.key, "name": party.name} for party in PARTIES[:parties]],
        "rules": [{"number": 1, "points": list(points)}],
        **more,
    }


def point(key: str, *answers: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "answers": list(answers)}


def sheet(**answers: Any) -> Sheet:
    found: dict[tuple[str, str | None], Given] = {}
    for key, value in answers.items():
        if BOOK.point(key).per_partner:
            found |= {(key, party): given(key, each) for party, each in value.items()}
        else:
            found[key, None] = given(key, value)
    return Sheet(BOOK, PARTIES, found)


def only(earlier: Earlier, draft: Sheet, key: str) -> before.Change | None:
    return before.change(earlier, draft, BOOK.point(key), "en")


def test_the_same_answer_is_no_change() -> None:
    earlier = Earlier(1, text(point("exit_notice", answer("30 days"))))
    assert only(earlier, sheet(exit_notice={"number": 30, "unit": "days"}), "exit_notice") is None


def test_one_line_for_another_is_replaced() -> None:
    earlier = Earlier(1, text(point("exit_notice", answer("30 days"))))

    change = only(earlier, sheet(exit_notice={"number": 14, "unit": "days"}), "exit_notice")

    assert change is not None
    assert (change.before, change.after) == (("30 days",), ("14 days",))
    assert (change.removed, change.added, change.kept) == (("30 days",), ("14 days",), 0)
    assert change.is_replaced
    assert (change.was_asked, change.is_asked, change.number) == (True, True, 1)


def test_of_a_long_answer_only_what_differs_is_told() -> None:
    earlier = Earlier(
        1, text(point("own_interests", answer("Eins", "p1"), answer("Zwei", "p2", note="Dazu")))
    )
    draft = sheet(own_interests={"p1": {"text": "Eins"}, "p2": {"text": "Drei"}})

    change = only(earlier, draft, "own_interests")

    assert change is not None
    assert change.before == ("Firma 1: Eins", "Firma 2: Zwei", "Firma 2: Dazu")
    assert change.removed == ("Firma 2: Zwei", "Firma 2: Dazu")
    assert (change.added, change.kept) == (("Firma 2: Drei",), 1)
    assert not change.is_replaced


def test_where_only_the_order_differs_all_of_it_is_told() -> None:
    said = {"en": {"lines": ["Phone", "Email"], "grid": None, "note": ""}}
    earlier = Earlier(1, text(point("channels", {"partner": None, "said": said})))
    change = only(earlier, sheet(channels={"choices": ["email", "phone"]}), "channels")
    assert change is not None
    assert (change.removed, change.added, change.kept) == (("Phone", "Email"), change.after, 0)


def test_a_firm_that_changed_its_name_has_changed_nothing() -> None:
    content = text(point("own_interests", answer("Eins", "p1")))
    content["parties"][0]["name"] = "Früher anders"
    draft = sheet(own_interests={"p1": {"text": "Eins"}})
    assert only(Earlier(1, content), draft, "own_interests") is None


@pytest.mark.parametrize(("old", "asked"), [(text(), False), (text(point("exit_notice")), True)])
def test_what_was_not_asked_differs_from_what_was_not_answered(
    old: dict[str, Any], asked: bool
) -> None:
    draft = sheet(exit_notice={"number": 14, "unit": "days"})
    change = only(Earlier(1, old), draft, "exit_notice")
    assert change is not None
    assert (change.before, change.was_asked) == (None, asked)


def test_a_point_that_is_not_asked_any_more_is_told_as_gone() -> None:
    key = "customer_protection_period"
    earlier = Earlier(1, text(point(key, answer("12 months"))))
    kept = {key: {"number": 12, "unit": "months"}}

    asked = only(earlier, sheet(**kept, customer_protection={"answer": "yes"}), key)
    gone = only(earlier, sheet(**kept, customer_protection={"answer": "no", "note": "-"}), key)

    assert asked is None
    assert gone is not None
    assert (gone.after, gone.is_asked) == (None, False)


def pair_sheet(amount: str) -> Sheet:
    common = sheet(commercial_model={"choice": "referral_fee"})
    value = given("fee_or_margin", {"percent": amount})
    pair = Sheet(BOOK, PARTIES[:2], {**common.answers, ("fee_or_margin", None): value}, pair=PAIR)
    return Sheet(BOOK, PARTIES, common.answers, pairs={PAIR: pair})


def test_what_a_pair_settles_is_compared_with_its_annex() -> None:
    annex = {"points": [point("fee_or_margin", answer("10.00%"))]}
    for key in (PAIR, PAIR[::-1]):
        earlier = Earlier(1, text(point("fee_or_margin")), {key: annex})
        found = before.changes(earlier, pair_sheet("12"), "p1", "en")
        told = [each for each in found if each.point.key == "fee_or_margin"]
        assert [(each.before, each.after) for each in told] == [(("10.00%",), ("12.00%",))]
        assert told[0].other == PARTIES[1]


def test_a_text_of_the_first_format_told_all_what_pairs_had_settled() -> None:
    earlier = Earlier(1, text(point("fee_or_margin", answer("10.00%"))))
    found = before.changes(earlier, pair_sheet("10"), "p1", "en")
    assert [each.point.key for each in found] == ["commercial_model"]


def test_a_third_firm_is_shown_no_pair_but_its_own() -> None:
    annex = {"points": [point("fee_or_margin", answer("10.00%"))]}
    earlier = Earlier(1, text(point("fee_or_margin")), {PAIR: annex})
    draft = pair_sheet("12").seen_by("p3")
    found = before.changes(earlier, draft, "p3", "en")
    assert [each.point.key for each in found] == ["commercial_model"]
    assert before.unchanged_from([earlier], draft, "p3") is None


def test_firms_that_come_and_go() -> None:
    earlier = Earlier(1, text(parties=2))
    assert before.newcomers(earlier, sheet()) == [PARTIES[2]]
    assert before.gone(earlier, Sheet(BOOK, PARTIES[1:])) == ["Firma 1"]


def test_unchanged_is_only_what_agrees_in_firms_depth_and_answers() -> None:
    earlier = Earlier(3, text(point("exit_notice", answer("30 Tage"))))
    refused = Earlier(3, earlier.content, is_in_force=False)
    same = Sheet(
        BOOK,
        PARTIES,
        sheet(exit_notice={"number": 30, "unit": "days"}).answers,
        depth="fast_track",
    )
    assert before.unchanged_from([earlier], same, "p1") == 3
    assert before.unchanged_from([], same, "p1") is None
    assert before.unchanged_from([refused], same, "p1") is None
    deeper = Sheet(BOOK, PARTIES, same.answers)
    assert before.unchanged_from([earlier], deeper, "p1") is None
    fewer = Sheet(BOOK, PARTIES[:2], same.answers, depth="fast_track")
    assert before.unchanged_from([earlier], fewer, "p1") is None
