"""The status on a day: pure. The named cases W1 to W8 stand in ``test_cases.py``."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import months, status
from scoring.status import Status, Window

days = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def numbers(*labels: str) -> tuple[int, ...]:
    return tuple(months.parse_label(label) for label in labels)


def test_a_firm_without_a_qualifying_day_is_on_its_way() -> None:
    found = status.standing([], date(2024, 8, 15))
    assert found.status == Status.IN_PROGRESS
    assert found.window == Window(date(2024, 3, 1), date(2024, 8, 15))
    assert (found.months, found.open_until, found.anniversary) == ((), None, None)
    assert not found.is_enrolled
    assert not found.has_lapsed


def test_a_qualified_firm_knows_until_when_it_may_enrol() -> None:
    found = status.standing([date(2024, 3, 5)], date(2024, 8, 15))
    assert found.status == Status.QUALIFIED
    assert found.months == numbers("2024-03")
    assert found.open_until == date(2024, 8, 31)
    assert status.may_enrol([date(2024, 3, 5)], date(2024, 8, 31))
    assert not status.may_enrol([date(2024, 3, 5)], date(2024, 9, 1))


def test_days_to_come_do_not_count_yet() -> None:
    found = status.standing([date(2024, 8, 16)], date(2024, 8, 15))
    assert (found.status, found.months) == (Status.IN_PROGRESS, ())
    enrolled = status.standing([date(2024, 8, 16)], date(2024, 8, 15), anniversary=date(2024, 9, 1))
    assert enrolled.months == ()


def test_an_enrolled_firm_sees_the_months_that_decide() -> None:
    qualified = [date(2024, 2, 29), date(2024, 3, 20), date(2024, 3, 21), date(2024, 6, 1)]
    found = status.standing(qualified, date(2024, 6, 30), anniversary=date(2024, 8, 15))
    assert found.status == Status.ENROLLED
    assert found.is_enrolled
    assert found.window == Window(date(2024, 3, 1), date(2024, 8, 31))
    assert found.months == numbers("2024-03", "2024-06")
    assert found.open_until is None


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2024, 7, 16), Status.ENROLLED),
        (date(2024, 7, 17), Status.RENEWAL_DUE),  # 29 days are left
        (date(2024, 8, 15), Status.RENEWAL_DUE),
        (date(2024, 8, 16), Status.IN_PROGRESS),
    ],
)
def test_renewal_is_due_in_the_days_before_the_anniversary(today: date, expected: Status) -> None:
    assert status.standing([], today, anniversary=date(2024, 8, 15)).status == expected


def test_after_the_anniversary_without_renewal_a_firm_stands_as_if_it_had_not_enrolled() -> None:
    found = status.standing([date(2024, 5, 2)], date(2024, 9, 1), anniversary=date(2024, 8, 15))
    assert found.status == Status.QUALIFIED
    assert found.has_lapsed
    assert found.anniversary == date(2024, 8, 15)
    assert found.window == Window(date(2024, 4, 1), date(2024, 9, 1))
    assert found.open_until == date(2024, 10, 31)


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2023, 8, 15), date(2024, 8, 15)),
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2023, 2, 28), date(2024, 2, 28)),
        (date(2023, 12, 31), date(2024, 12, 31)),
    ],
)
def test_the_anniversary_is_the_same_day_a_year_later(day: date, later: date) -> None:
    assert status.one_year_later(day) == later


def test_a_second_designation_takes_the_anniversary_of_the_first() -> None:
    first = status.anniversary_after(date(2022, 11, 10))
    assert status.anniversary_after(date(2023, 1, 5), [first]) == date(2023, 11, 10)
    # One that had lapsed before says nothing.
    assert status.anniversary_after(date(2023, 1, 5), [date(2023, 1, 5)]) == date(2024, 1, 5)


@given(days, days)
def test_shared_anniversaries_lie_in_the_month_that_W8_names(one: date, other: date) -> None:
    first, second = sorted([one, other])
    if second < status.one_year_later(first):
        shared = status.anniversary_after(second, [status.anniversary_after(first)])
        reached = [months.number(first), months.number(second)]
        assert months.number(shared) == status.shared_anniversary_month(reached)


@given(days, days)
def test_the_last_day_to_enrol_is_the_last_one(qualified: date, today: date) -> None:
    found = status.standing([qualified], today)
    if found.open_until is None:
        assert not status.may_enrol([qualified], today)
    else:
        assert status.may_enrol([qualified], found.open_until)
        following = months.first_day(months.number(found.open_until) + 1)
        assert not status.may_enrol([qualified], following)


@given(days, days)
def test_a_window_has_six_months_and_all_its_days(today: date, anniversary: date) -> None:
    for window in (status.enrolment_window(today), status.renewal_window(anniversary)):
        assert len(window.months) == 6
        own = list(window.days())
        assert (own[0], own[-1]) == (window.first, window.last)
        assert len(own) == (window.last - window.first).days + 1
