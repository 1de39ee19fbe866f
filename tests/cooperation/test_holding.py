"""Which version holds on which day: arithmetic without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cooperation import holding, holding_words
from cooperation.holding import Signed

FIRST = Signed(1, date(2026, 3, 2))


def test_a_version_holds_from_the_day_of_the_last_signature() -> None:
    assert holding.on([FIRST], date(2026, 3, 1)) is None
    assert holding.on([FIRST], date(2026, 3, 2)) == FIRST


def test_a_version_with_a_later_day_lets_the_one_before_hold_until_then() -> None:
    second = Signed(2, date(2026, 11, 5), date(2027, 1, 1))

    assert holding.on([FIRST, second], date(2026, 12, 31)) == FIRST
    assert holding.on([FIRST, second], date(2027, 1, 1)) == second
    assert holding.last_day([FIRST, second], 1) == date(2026, 12, 31)
    assert holding.last_day([FIRST, second], 2) is None
    assert not second.is_late


def test_a_version_signed_after_its_day_holds_from_the_signature() -> None:
    second = Signed(2, date(2026, 11, 5), date(2026, 11, 1))

    assert second.is_late
    assert holding.on([FIRST, second], date(2026, 11, 4)) == FIRST
    assert holding.on([FIRST, second], date(2026, 11, 5)) == second


def test_what_is_ahead_leaves_out_what_a_newer_version_overtakes() -> None:
    second = Signed(2, date(2026, 5, 1), date(2027, 1, 1))
    third = Signed(3, date(2026, 6, 1), date(2027, 1, 1))
    fourth = Signed(4, date(2026, 7, 1), date(2027, 6, 1))

    assert holding.ahead([FIRST, second, third, fourth], date(2026, 8, 1)) == [third, fourth]
    assert holding.on([FIRST, second, third, fourth], date(2027, 1, 1)) == third
    assert holding.ahead([FIRST, second], date(2027, 1, 1)) == []


@pytest.mark.parametrize("day", [date(2026, 3, 2), date(2030, 1, 1)])
def test_nothing_holds_without_versions(day: date) -> None:
    assert holding.on([], day) is None
    assert holding.ahead([], day) == []


DAYS = st.integers(0, 60).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@given(st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=6), DAYS)
def test_every_day_has_the_newest_version_that_has_begun(
    rows: "list[tuple[date, date | None]]", day: date
) -> None:
    signed = sorted(on for on, _effective in rows)
    versions = [
        Signed(number, on, effective)
        for number, (on, (_on, effective)) in enumerate(zip(signed, rows, strict=True), start=1)
    ]

    held = holding.on(versions, day)

    begun = [version.number for version in versions if version.from_day <= day]
    assert (held.number if held else None) == (max(begun) if begun else None)
    # What is ahead takes over one after the other, and nothing else ever holds from now on.
    numbers = {held.number if held else None} | {v.number for v in holding.ahead(versions, day)}
    later = {holding.on(versions, day + timedelta(days=n)) for n in range(130)}
    assert {each.number if each else None for each in later} == numbers


# ---- In words ----------------------------------------------------------------------------------

LATER = Signed(2, date(2026, 5, 4), date(2026, 7, 1))
OVERTAKES = Signed(3, date(2026, 6, 1), date(2026, 7, 1))


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("versions", "number", "day", "said"),
    [
        ([FIRST], 1, date(2026, 5, 5), []),
        ([FIRST, LATER], 1, date(2026, 5, 5), ["This version still holds until 30 June 2026."]),
        ([FIRST, LATER], 1, date(2026, 7, 1), ["This version held until 30 June 2026."]),
        ([FIRST, LATER], 2, date(2026, 5, 5), ["This version holds from 1 July 2026."]),
        ([FIRST, LATER], 2, date(2026, 7, 1), []),
        (
            [FIRST, LATER, Signed(3, date(2026, 6, 1), date(2026, 9, 1))],
            2,
            date(2026, 6, 2),
            ["This version holds from 1 July 2026 until 31 August 2026."],
        ),
        (
            [FIRST, LATER, OVERTAKES],
            2,
            date(2026, 6, 2),
            ["This version never held: a newer one took its place before its day."],
        ),
        ([FIRST], 4, date(2026, 6, 2), []),
    ],
)
def test_a_version_says_when_it_holds(
    versions: list[Signed], number: int, day: date, said: list[str]
) -> None:
    assert holding_words.of_version(versions, number, day) == said


@pytest.mark.usefixtures("english")
def test_an_agreement_says_what_comes_next() -> None:
    first_ahead = Signed(1, date(2026, 3, 2), date(2026, 4, 1))
    assert holding_words.of_agreement([FIRST], date(2026, 4, 1)) == []
    assert holding_words.of_agreement([first_ahead], date(2026, 3, 3)) == [
        "Version 1 holds from 1 April 2026."
    ]
    assert holding_words.of_agreement([FIRST, LATER, OVERTAKES], date(2026, 6, 2)) == [
        "Version 3 holds from 1 July 2026; until then version 1 holds."
    ]
