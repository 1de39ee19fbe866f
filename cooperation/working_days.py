"""Working days and deadlines. Pure: no database, no clock, no settings.

A day is a day in Europe/Berlin. A working day is Monday to Friday without a public holiday in *any*
federal state involved: a deadline has to be fair to every firm, so nobody's deadline runs on their
day off, and all firms read the same date. 24 and 31 December are working days, as no law says
otherwise. A holiday counts for a whole state when most of its municipalities keep it: in Bavaria so
does 15 August, while Corpus Christi in a few places of Saxony and Thuringia, and Augsburg's
festival of peace, do not.

A deadline is an instant that is *not* part of it any more: whatever happens before it is in time.
The day on which it begins does not count, and it ends with the end of its last day, that is with
the midnight after it. Calendar days, weeks, months and years may end on a Sunday or a holiday: that
is what the firms agreed. Hours are real hours, also over a change to or from summer time.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, Self
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
STATES = frozenset("BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH".split())
LOCAL_IS_COMMON = frozenset({"BY"})  # where most municipalities keep what the library calls local
FIRST_YEAR, LAST_YEAR = 1991, 2100  # the holidays of the reunited country, as far as they are known
LAST_DAY = date(9999, 12, 30)  # the midnight after it can still be written down
DAY = timedelta(days=1)

Unit = Literal["hours", "working_days", "calendar_days", "days", "weeks", "months", "years"]


class OutOfRange(ValueError):
    """A day whose holidays, or whose date, nobody can compute."""


def day_of(instant: datetime) -> date:
    """The day in Berlin on which an aware ``instant`` falls."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(BERLIN).date()


def end_of(day: date) -> datetime:
    """The first instant (UTC) after ``day`` in Berlin."""
    return start_of(day + DAY)


def start_of(day: date) -> datetime:
    """The first instant (UTC) of ``day`` in Berlin."""
    return datetime.combine(day, time(), BERLIN).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days that firms in ``states`` have in common; no state: nationwide holidays."""

    states: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if unknown := self.states - STATES:
            raise ValueError(f"no federal state: {', '.join(sorted(unknown))}")

    @classmethod
    def of(cls, states: Iterable[str]) -> Self:
        """From the states of the firms involved; a blank one adds nothing to the others."""
        return cls(frozenset(state for state in states if state))

    def is_working_day(self, day: date) -> bool:
        return day.weekday() < 5 and not any(
            day in _holidays(state, day.year) for state in self.states or ("",)
        )

    def add_working_days(self, start: date, number: int) -> date:
        """The ``number``-th working day after ``start``, or before it for a negative number.

        ``start`` itself never counts; 0 is ``start``, whatever day it is.
        """
        step = DAY if number > 0 else -DAY
        day, left = start, abs(number)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days come after ``start``, up to and including ``end``.

        The number that takes ``add_working_days`` from one to the other; negative backwards.
        """
        step, sign = (DAY, 1) if end >= start else (-DAY, -1)
        days = (start + step * number for number in range(1, abs((end - start).days) + 1))
        return sign * sum(self.is_working_day(day) for day in days)

    def last_day(self, start: date, number: int, unit: Unit) -> date:
        """The last day of a deadline that begins on ``start``; not for hours.

        A month ends on the day with the same number, or on its last day where that is missing.
        Raises ``OutOfRange``.
        """
        if number < 0:
            raise ValueError("a deadline does not run backwards")
        match unit:
            case "working_days":
                return self.add_working_days(start, number)
            case "calendar_days" | "days":
                return _add_days(start, number)
            case "weeks":
                return _add_days(start, 7 * number)
            case "months":
                return _add_months(start, number)
            case "years":
                return _add_months(start, 12 * number)
        raise ValueError(f"no unit of days: {unit}")

    def deadline(self, start: datetime, number: int, unit: Unit) -> datetime:
        """The first instant (UTC) that is too late for a deadline that begins at ``start`` (aware).

        Raises ``OutOfRange``.
        """
        if unit != "hours":
            return end_of(self.last_day(day_of(start), number, unit))
        if number < 0:
            raise ValueError("a deadline does not run backwards")
        try:
            return start.astimezone(UTC) + timedelta(hours=number)
        except OverflowError as error:
            raise OutOfRange(f"{number} hours after {start}") from error


def _add_days(day: date, number: int) -> date:
    try:
        later = day + timedelta(days=number)
    except OverflowError as error:
        raise OutOfRange(f"{number} days after {day}") from error
    return _within_reach(later)


def _add_months(day: date, number: int) -> date:
    count = day.year * 12 + day.month - 1 + number
    year, month = count // 12, count % 12 + 1
    if year > LAST_DAY.year:
        raise OutOfRange(f"{number} months after {day}")
    return _within_reach(date(year, month, min(day.day, monthrange(year, month)[1])))


def _within_reach(day: date) -> date:
    if day > LAST_DAY:
        raise OutOfRange(f"{day} has no midnight after it")
    return day


@lru_cache(maxsize=4096)
def _holidays(state: str, year: int) -> frozenset[date]:
    """Public holidays of a year; ``state`` blank: those that all states keep."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutOfRange(f"holidays are known from {FIRST_YEAR} to {LAST_YEAR}, not for {year}")
    # A third of a second and 46 MB, since the package loads every country of the world with it:
    # only a process that counts working days pays for that, once.
    from holidays.constants import CATHOLIC, PUBLIC  # noqa: PLC0415
    from holidays.countries.germany import Germany  # noqa: PLC0415

    kept = (PUBLIC, CATHOLIC) if state in LOCAL_IS_COMMON else (PUBLIC,)
    return frozenset(Germany(subdiv=state or None, years=year, categories=kept))
