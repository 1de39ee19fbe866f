"""When firms look at their cooperation itself."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cooperation import review_dates
from cooperation.terms import Terms

SIGNED = date(2027, 1, 31)
FAR = date(2040, 1, 1)
OPEN: dict[str, Any] = {
    "start": "signing_date",
    "end": None,
    "review": "start_plus_3_months",
    "note": "",
}
FIXED: dict[str, Any] = {
    "start": "2027-02-01",
    "end": "2027-12-31",
    "review": None,
    "note": "",
}


def dates(
    every: str, value: dict[str, Any] | None, last_day: date | None, until: date = FAR
) -> list[str]:
    start = value and value["start"] != "signing_date" and date.fromisoformat(str(value["start"]))
    terms = Terms(start=start or None, range=value)
    found = review_dates.dates(terms, every, SIGNED, last_day, until)
    return [day.isoformat() for day in found]


@pytest.mark.parametrize(
    ("every", "value", "last_day", "expected"),
    [
        ("start_mid_end", OPEN, None, ["2027-04-30"]),  # three months after 31 January
        ("start_mid_end", FIXED, date(2027, 12, 31), ["2027-07-17", "2027-12-31"]),
        ("end_only", FIXED, date(2027, 12, 31), ["2027-12-31"]),
        ("end_only", OPEN, None, ["2027-04-30"]),
        (
            "quarterly",
            FIXED,
            date(2027, 12, 31),
            ["2027-05-01", "2027-08-01", "2027-11-01", "2027-12-31"],
        ),
        ("", FIXED, date(2027, 12, 31), []),
        ("", None, None, []),
        ("quarterly", None, date(2027, 5, 1), ["2027-04-30", "2027-05-01"]),
    ],
)
def test_review_days(
    every: str, value: dict[str, Any] | None, last_day: date | None, expected: list[str]
) -> None:
    assert dates(every, value, last_day) == expected


def test_quarterly_without_an_end_goes_as_far_as_asked() -> None:
    assert dates("quarterly", OPEN, None, date(2028, 1, 31)) == [
        "2027-04-30",
        "2027-07-31",
        "2027-10-31",
        "2028-01-31",
    ]


def test_end_that_comes_earlier_takes_later_reviews_away() -> None:
    assert dates("quarterly", FIXED, date(2027, 6, 30)) == ["2027-05-01", "2027-06-30"]


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 3000),
    every=st.sampled_from(["start_mid_end", "quarterly", "end_only", ""]),
)
def test_days_are_in_order_within_the_agreement_and_each_once(
    start: date, length: int, every: str
) -> None:
    last = start + timedelta(days=length)
    found = review_dates.dates(Terms(), every, start, last, FAR)
    assert found == sorted(set(found))
    assert all(start <= day <= last for day in found)


@pytest.mark.parametrize(
    ("today", "held", "expected"),
    [
        (date(2027, 4, 22), [], None),  # eight days ahead
        (date(2027, 4, 23), [], date(2027, 4, 30)),
        (date(2027, 5, 30), [], date(2027, 4, 30)),
        (date(2027, 6, 30), [], None),  # two months late: nobody is reminded any more
        (date(2027, 4, 23), [date(2027, 4, 30)], None),
        (date(2027, 7, 31), [], date(2027, 7, 31)),
    ],
)
def test_people_are_reminded_of_one_review(
    today: date, held: list[date], expected: date | None
) -> None:
    days = [date(2027, 4, 30), date(2027, 7, 31)]
    assert review_dates.to_remind(days, held, today) == expected
