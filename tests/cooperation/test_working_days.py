"""Working days and deadlines, beside a second computation that shares nothing with the first."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cooperation import working_days
from cooperation.kinds.words import UNITS
from cooperation.working_days import BERLIN, STATES, Calendar, OutOfRange, day_of, end_of, start_of
from partners.models import Partner

DAY = timedelta(days=1)
NATIONWIDE = Calendar()

dates = st.dates(date(1991, 1, 1), date(2095, 12, 31))
calendars = st.builds(Calendar, st.frozensets(st.sampled_from(sorted(STATES)), max_size=5))
instants = st.builds(
    lambda day, seconds: start_of(day) + timedelta(seconds=seconds), dates, st.integers(0, 86_399)
)


def easter(year: int) -> date:
    """Easter Sunday, by the method of Meeus."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    weeks = (32 + 2 * e + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + weeks - 7 * ((a + 11 * h + 22 * weeks) // 451) + 114, 31)
    return date(year, month, day + 1)


def by_law(state: str, year: int) -> set[date]:
    """The holidays of a state from 2024 on, written down from the laws of the states."""
    sunday = easter(year)
    days = {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)}
    moving = {-2, 1, 39, 50}
    if state in {"BW", "BY", "ST"}:
        days.add((1, 6))
    if state in {"BE", "MV"}:
        days.add((3, 8))
    if state == "BB":
        moving |= {0, 49}  # both are Sundays
    if state in {"BW", "BY", "HE", "NW", "RP", "SL"}:
        moving.add(60)
    if state in {"BY", "SL"}:
        days.add((8, 15))
    if state == "TH":
        days.add((9, 20))
    if state in {"BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"}:
        days.add((10, 31))
    if state in {"BW", "BY", "NW", "RP", "SL"}:
        days.add((11, 1))
    found = {date(year, *day) for day in days} | {sunday + offset * DAY for offset in moving}
    if state == "SN":
        found.add(max(date(year, 11, n) for n in range(16, 23) if _is_wednesday(year, n)))
    if (state, year) == ("BE", 2025):
        found.add(date(2025, 5, 8))
    if (state, year) == ("BE", 2028):
        found.add(date(2028, 6, 17))
    return found


def _is_wednesday(year: int, number: int) -> bool:
    return date(year, 11, number).weekday() == 2


@pytest.mark.parametrize("state", ["", *sorted(STATES)])
def test_working_days_are_those_of_the_laws_until_2100(state: str) -> None:
    calendar = Calendar.of([state])
    day, wrong = date(2024, 1, 1), []
    for year in range(2024, 2101):
        free = by_law(state, year)
        while day.year == year:
            if calendar.is_working_day(day) != (day.isoweekday() <= 5 and day not in free):
                wrong.append(day)
            day += DAY
    assert wrong == []


@pytest.mark.parametrize(
    ("day", "free_in"),
    [
        (date(2026, 1, 6), {"BW", "BY", "ST"}),  # Heilige Drei Könige
        (date(2027, 3, 8), {"BE", "MV"}),  # Frauentag
        (date(2026, 6, 4), {"BW", "BY", "HE", "NW", "RP", "SL"}),  # Fronleichnam
        (date(2028, 8, 15), {"BY", "SL"}),  # Mariä Himmelfahrt
        (date(2029, 8, 8), set()),  # Friedensfest, in Augsburg only
        (date(2027, 9, 20), {"TH"}),  # Weltkindertag
        (date(2025, 10, 31), {"BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"}),
        (date(2017, 10, 31), set(STATES)),  # 500 years of the Reformation, once and everywhere
        (date(2027, 11, 1), {"BW", "BY", "NW", "RP", "SL"}),  # Allerheiligen
        (date(2026, 11, 18), {"SN"}),  # Buß- und Bettag
        (date(2026, 12, 24), set()),
        (date(2026, 12, 31), set()),
        (date(2026, 4, 3), set(STATES)),  # Karfreitag
        (date(2038, 4, 26), set(STATES)),  # the latest Ostermontag of the century
        (date(2028, 6, 17), set(STATES)),  # a Saturday; in Berlin a holiday too
    ],
)
def test_holidays_hold_in_their_states(day: date, free_in: set[str]) -> None:
    assert {s for s in STATES if not Calendar.of([s]).is_working_day(day)} == free_in
    assert NATIONWIDE.is_working_day(day) == (free_in != set(STATES))


def test_states_are_those_a_firm_can_choose() -> None:
    assert {state.value for state in Partner.FederalState} == STATES


def test_a_day_off_of_any_firm_is_no_working_day() -> None:
    corpus_christi, day_before = date(2026, 6, 4), date(2026, 6, 3)

    assert Calendar.of(["BE"]).add_working_days(day_before, 1) == corpus_christi
    assert Calendar.of(["BE", "NW"]).add_working_days(day_before, 1) == date(2026, 6, 5)
    assert Calendar.of(["", "NW"]) == Calendar.of(["NW", "NW"]) == Calendar(frozenset({"NW"}))
    assert Calendar.of(["", ""]) == NATIONWIDE


def test_all_states_together_keep_every_holiday() -> None:
    everywhere = Calendar(STATES)

    assert everywhere.working_days_between(date(2025, 12, 31), date(2026, 12, 31)) == len(
        {date(2026, 1, 1) + n * DAY for n in range(365)}
        - set().union(*(by_law(state, 2026) for state in STATES))
        - {d for n in range(365) if (d := date(2026, 1, 1) + n * DAY).isoweekday() > 5}
    )


@pytest.mark.parametrize("state", ["nw", "XX", "Bayern", "NW ", "Augsburg"])
def test_an_unknown_state_is_refused(state: str) -> None:
    with pytest.raises(ValueError, match="no federal state"):
        Calendar.of([state])


# Counting


@given(calendars, dates, st.integers(0, 60))
def test_adding_is_counting_day_by_day(calendar: Calendar, start: date, number: int) -> None:
    days = (start + DAY * n for n in range(1, 200))
    working = [day for day in days if calendar.is_working_day(day)]

    assert calendar.add_working_days(start, number) == ([start, *working])[number]


@given(calendars, dates.filter(lambda day: day.year > 1991), st.integers(1, 60))
def test_subtracting_is_counting_backwards(calendar: Calendar, start: date, number: int) -> None:
    days = (start - DAY * n for n in range(1, 200))
    working = [day for day in days if calendar.is_working_day(day)]

    assert calendar.add_working_days(start, -number) == working[number - 1]


@given(calendars, dates.filter(lambda day: day.year > 1991), st.integers(-60, 60))
def test_between_is_what_was_added(calendar: Calendar, start: date, number: int) -> None:
    end = calendar.add_working_days(start, number)

    assert calendar.working_days_between(start, end) == number


@given(calendars, dates, dates)
@settings(max_examples=30)
def test_between_counts_the_days_after_the_first(calendar: Calendar, a: date, b: date) -> None:
    first, last = min(a, b), min(max(a, b), min(a, b) + 900 * DAY)
    days = [first + DAY * n for n in range((last - first).days + 1)]

    assert calendar.working_days_between(first, last) == sum(map(calendar.is_working_day, days[1:]))
    assert calendar.working_days_between(last, first) == -sum(
        map(calendar.is_working_day, days[:-1])
    )


@given(calendars, calendars, dates, st.integers(1, 40))
def test_more_firms_never_shorten_a_deadline(
    one: Calendar, other: Calendar, start: date, number: int
) -> None:
    both = Calendar(one.states | other.states)

    assert both.add_working_days(start, number) >= one.add_working_days(start, number)
    assert one.add_working_days(start, number) >= NATIONWIDE.add_working_days(start, number)


# Deadlines


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "number", "unit", "until"),
    [
        # Thursday noon before Easter: Tuesday and Wednesday count, in summer time.
        (berlin(2026, 4, 2, 12), 2, "working_days", berlin(2026, 4, 9)),
        (berlin(2026, 4, 2, 12), 2, "calendar_days", berlin(2026, 4, 5)),
        (berlin(2026, 4, 2, 12), 2, "days", berlin(2026, 4, 5)),
        (berlin(2026, 4, 2, 12), 2, "weeks", berlin(2026, 4, 17)),
        (berlin(2026, 4, 2, 12), 0, "days", berlin(2026, 4, 3)),
        # 23:30 in UTC is the next day in Berlin, and it is that day which does not count.
        (datetime(2026, 12, 30, 23, 30, tzinfo=UTC), 1, "days", berlin(2027, 1, 2)),
        (datetime(2026, 12, 30, 23, 30, tzinfo=UTC), 1, "working_days", berlin(2027, 1, 5)),
        (berlin(2026, 1, 31, 9), 1, "months", berlin(2026, 3, 1)),
        (berlin(2028, 1, 31, 9), 1, "months", berlin(2028, 3, 1)),  # a leap year
        (berlin(2026, 12, 15, 9), 3, "months", berlin(2027, 3, 16)),
        (berlin(2026, 10, 31, 9), 13, "months", berlin(2027, 12, 1)),
        (berlin(2028, 2, 29, 9), 1, "years", berlin(2029, 3, 1)),
        (berlin(2028, 2, 29, 9), 4, "years", berlin(2032, 3, 1)),
        (berlin(2026, 11, 21, 9), 1000, "years", berlin(3026, 11, 22)),
    ],
)
def test_deadline_ends_with_its_last_day(
    start: datetime, number: int, unit: working_days.Unit, until: datetime
) -> None:
    found = NATIONWIDE.deadline(start, number, unit)

    assert (found, found.tzinfo) == (until.astimezone(UTC), UTC)


def test_hours_are_real_hours_over_both_changes_of_the_clock() -> None:
    # The night of 29 March has 23 hours, that of 25 October 25.
    assert NATIONWIDE.deadline(berlin(2026, 3, 28, 12), 24, "hours") == berlin(2026, 3, 29, 13)
    assert NATIONWIDE.deadline(berlin(2026, 10, 24, 12), 24, "hours") == berlin(2026, 10, 25, 11)
    assert NATIONWIDE.deadline(berlin(2026, 5, 1, 12), 0, "hours") == berlin(2026, 5, 1, 12)


def test_days_end_at_midnight_in_berlin_over_both_changes_of_the_clock() -> None:
    assert end_of(date(2026, 3, 28)) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert end_of(date(2026, 3, 29)) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert end_of(date(2026, 10, 24)) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert end_of(date(2026, 10, 25)) == datetime(2026, 10, 25, 23, tzinfo=UTC)


@given(dates)
def test_days_follow_each_other_without_a_gap(day: date) -> None:
    assert start_of(day + DAY) == end_of(day)
    assert day_of(start_of(day)) == day
    assert day_of(end_of(day) - timedelta(microseconds=1)) == day
    assert end_of(day).astimezone(BERLIN).time() == time()


@given(calendars, instants, st.sampled_from(sorted(UNITS)), st.integers(1, 90))
def test_a_deadline_is_later_and_does_not_depend_on_the_zone_it_is_given_in(
    calendar: Calendar, start: datetime, unit: working_days.Unit, number: int
) -> None:
    until = calendar.deadline(start, number, unit)

    assert until > start
    tokyo = start.astimezone(timezone(timedelta(hours=9)))
    assert calendar.deadline(tokyo, number, unit) == until
    assert calendar.deadline(start, number + 1, unit) > until


@given(dates, st.integers(0, 240))
def test_months_follow_each_other(start: date, number: int) -> None:
    later = [NATIONWIDE.last_day(start, number + n, "months") for n in (0, 1)]
    (first, second) = ((day.year * 12 + day.month) for day in later)

    assert second - first == 1
    assert later[0].day == start.day or (later[0] + DAY).day == 1


@given(instants, st.integers(1, 20))
def test_deadlines_do_not_overtake_each_other(start: datetime, number: int) -> None:
    starts = [start + timedelta(hours=n * 7) for n in range(12)]
    ends = [NATIONWIDE.deadline(instant, number, "working_days") for instant in starts]

    assert all(earlier <= later for earlier, later in pairwise(ends))


def test_what_nobody_can_compute_is_refused() -> None:
    new_year = datetime(2100, 12, 30, tzinfo=UTC)

    assert NATIONWIDE.deadline(new_year, 1, "working_days") == datetime(
        2100, 12, 31, 23, tzinfo=UTC
    )
    with pytest.raises(OutOfRange, match="not for 2101"):
        NATIONWIDE.deadline(new_year, 2, "working_days")
    with pytest.raises(OutOfRange):
        NATIONWIDE.is_working_day(date(1990, 10, 3))
    for number, unit in [(10**6, "weeks"), (10**12, "days"), (10**5, "years"), (10**12, "hours")]:
        with pytest.raises(OutOfRange):
            NATIONWIDE.deadline(new_year, number, unit)  # type: ignore[arg-type]
    assert NATIONWIDE.deadline(berlin(9999, 12, 29), 1, "days") == berlin(9999, 12, 31)
    for number, unit in [(2, "days"), (2, "weeks"), (1, "months"), (1, "years")]:
        with pytest.raises(OutOfRange):
            NATIONWIDE.deadline(berlin(9999, 12, 29), number, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_a_deadline_does_not_run_backwards(unit: working_days.Unit) -> None:
    with pytest.raises(ValueError, match="backwards"):
        NATIONWIDE.deadline(berlin(2026, 1, 1), -1, unit)


def test_an_unknown_unit_and_a_naive_instant_are_refused() -> None:
    with pytest.raises(ValueError, match="no unit"):
        NATIONWIDE.deadline(berlin(2026, 1, 1), 1, "fortnights")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time zone"):
        day_of(datetime(2026, 1, 1))  # noqa: DTZ001


def test_holidays_are_loaded_only_by_who_counts_working_days() -> None:
    code = (
        "import sys; from datetime import *; from cooperation.working_days import Calendar\n"
        "Calendar().deadline(datetime(2026, 1, 1, tzinfo=UTC), 3, 'months')\n"
        "assert 'holidays' not in sys.modules\n"
        "assert Calendar().is_working_day(date(2026, 1, 2))\n"
        "assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
