"""When firms look at their cooperation itself, from a signed text. Pure.

The rhythm is a point of its own; the term may name the day of the first review. What is due is
computed: a review that was held is a row, one that is due is none.
"""

from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cooperation.terms import Terms

RHYTHM = "review_rhythm"
START_MID_END, QUARTERLY, END_ONLY = "start_mid_end", "quarterly", "end_only"
REMIND = timedelta(days=7)  # before the day
OVERDUE = timedelta(days=60)  # after it nobody is reminded any more
MOST = 400  # of a quarterly rhythm: a hundred years


@dataclass(frozen=True, slots=True)
class Due:
    """A review to be held."""

    on: date
    held_on: date | None = None

    def is_overdue(self, today: date) -> bool:
        return self.held_on is None and self.on < today


def rhythm(content: Mapping[str, Any]) -> str:
    """The agreed rhythm of a frozen text; empty where there is none."""
    for rule in content["rules"]:
        for point in rule["points"]:
            if point["key"] == RHYTHM and point["answers"]:
                value = point["answers"][0]["value"] or {}
                return str(value.get("choice", ""))
    return ""


def dates(
    terms: Terms, every: str, first_day: date, last_day: date | None, until: date
) -> list[date]:
    """All review days from ``first_day`` up to ``until``, in order.

    ``last_day``: of the agreement, by term or notice; none while it is open. Half-time and close
    need an end; without one there is the first review only.
    """
    found = set()
    start = terms.starts_on(first_day)
    agreed = terms.reviews_on(first_day)
    if agreed is not None:
        found.add(agreed)
    if every == QUARTERLY:
        for quarter in range(1, MOST):
            day = months_later(start, 3 * quarter)
            if day > until or (last_day is not None and day > last_day):
                break
            found.add(day)
    if every == START_MID_END and last_day is not None:
        found.add(start + (last_day - start) / 2)
    if every in (START_MID_END, END_ONLY, QUARTERLY) and last_day is not None:
        found.add(last_day)
    latest = until if last_day is None else min(until, last_day)
    return sorted(day for day in found if start <= day <= latest)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def to_remind(days: Collection[date], held: Collection[date], today: date) -> date | None:
    """The one review people are to be reminded of: the latest that is near or overdue and not held.

    After a standstill that is one, not all of them.
    """
    near = [day for day in days if today - OVERDUE <= day <= today + REMIND and day not in held]
    return max((day for day in near if day not in held), default=None)
