"""The designation over time: from days that qualified to what a firm may do today. Pure.

A firm that is not enrolled may enrol when one day of the current or of the five full months before
qualified. An enrolled firm keeps the designation until its anniversary whatever the score does; the
anniversary's month and the five before it decide the renewal.
"""

from collections.abc import Collection, Iterable
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


def shared_anniversary_month(reached: Collection[int]) -> int:
    """Months in which designations were reached -> the anniversary month that they share.

    All follow the first one, also those reached later.
    """
    return min(reached) + months.YEAR
