"""The designation over time: from days that qualified to what a firm may do today. Pure.

A firm that is not enrolled may enrol when one day of the current or of the five full months before
qualified. An enrolled firm keeps the designation until its anniversary whatever the score does; the
anniversary's month and the five before it decide the renewal.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from scoring import months

MONTHS_BEFORE = 5  # full months of a window before its last month
# [I] Microsoft's page names the status, not the day it begins.
RENEWAL_NOTICE = timedelta(days=30)


class Status(TextChoices):
    IN_PROGRESS = "in_progress", pgettext_lazy("status of a designation", "In progress")
    QUALIFIED = "qualified", _("Qualified")
    ENROLLED = "enrolled", _("Enrolled")
    RENEWAL_DUE = "renewal_due", _("Enrolled (renewal due)")


@dataclass(frozen=True, slots=True)
class Window:
    """Days that decide, both included."""

    first: date
    last: date

    def holds(self, days: Iterable[date]) -> bool:
        return any(self.first <= day <= self.last for day in days)

    def days(self) -> Iterator[date]:
        return map(date.fromordinal, range(self.first.toordinal(), self.last.toordinal() + 1))

    @property
    def months(self) -> range:
        """The months it touches, as numbers."""
        return range(months.number(self.first), months.number(self.last) + 1)


def enrolment_window(today: date) -> Window:
    """Not enrolled: the current month so far and the five full months before it."""
    return Window(months.first_day(months.number(today) - MONTHS_BEFORE), today)


def renewal_window(anniversary: date) -> Window:
    """Enrolled: the whole month of the anniversary and the five before it."""
    month = months.number(anniversary)
    return Window(months.first_day(month - MONTHS_BEFORE), months.last_day(month))


def may_enrol(qualified_on: Collection[date], today: date) -> bool:
    return enrolment_window(today).holds(qualified_on)


def may_renew(qualified_on: Collection[date], anniversary: date) -> bool:
    return renewal_window(anniversary).holds(qualified_on)


def status(
    qualified_on: Collection[date], today: date, *, anniversary: date | None = None
) -> Status:
    """The status on ``today``; ``anniversary`` is the next one of an enrolled firm, else None."""
    if anniversary is not None and today <= anniversary:
        is_due = today > anniversary - RENEWAL_NOTICE
        return Status.RENEWAL_DUE if is_due else Status.ENROLLED
    return Status.QUALIFIED if may_enrol(qualified_on, today) else Status.IN_PROGRESS


# ---- Where a firm stands -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """The status on one day, what it was made of and until when it lasts."""

    status: Status
    window: Window  # that decides next: about the renewal of an enrolled firm, else about enrolling
    months: tuple[int, ...]  # of the window, with a day that has qualified by now
    anniversary: date | None = None  # of what the firm recorded; it may have passed
    open_until: date | None = None  # not enrolled: the last day to enrol if no other qualifies

    @property
    def is_enrolled(self) -> bool:
        return self.status in (Status.ENROLLED, Status.RENEWAL_DUE)

    @property
    def has_lapsed(self) -> bool:
        """An anniversary has passed and no renewal is recorded."""
        return self.anniversary is not None and not self.is_enrolled


def standing(
    qualified_on: Collection[date], today: date, *, anniversary: date | None = None
) -> Standing:
    """Where a firm stands on ``today``. Days after it are not looked at, also when they are known.

    ``anniversary`` is the next one of a firm that says it is enrolled, or the one that passed
    without a renewal.
    """
    known = [day for day in qualified_on if day <= today]
    now = status(known, today, anniversary=anniversary)
    is_enrolled = now in (Status.ENROLLED, Status.RENEWAL_DUE)
    window = renewal_window(anniversary) if anniversary and is_enrolled else enrolment_window(today)
    inside = sorted(day for day in known if window.holds([day]))
    return Standing(
        status=now,
        window=window,
        months=tuple(sorted({months.number(day) for day in inside})),
        anniversary=anniversary,
        open_until=enrolment_ends(inside[-1]) if inside and not is_enrolled else None,
    )


def enrolment_ends(qualified_on: date) -> date:
    """The last day whose window still holds a day that qualified."""
    return months.last_day(months.number(qualified_on) + MONTHS_BEFORE)


# ---- Anniversaries -------------------------------------------------------------------------------


def one_year_later(day: date) -> date:
    """The same day of the next year; of a leap day, the last of its month (W8 asks for the month).

    Nothing is taken off: enrolled on 15 August 2023, the anniversary is 15 August 2024 (W3).
    """
    month = months.number(day) + months.YEAR
    return min(months.first_day(month) + timedelta(days=day.day - 1), months.last_day(month))


def anniversary_after(enrolled_on: date, others: Iterable[date] = ()) -> date:
    """The anniversary of a designation; ``others`` are the next ones of those held already.

    All designations of a firm share one: the first that comes after ``enrolled_on``.
    """
    return min([one_year_later(enrolled_on), *(day for day in others if day > enrolled_on)])


def shared_anniversary_month(reached: Collection[int]) -> int:
    """Months in which designations were reached -> the anniversary month that they share.

    All follow the first one, also those reached later.
    """
    return min(reached) + months.YEAR
