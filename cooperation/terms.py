"""What a signed text says about its beginning, its end and what follows. Pure.

No database, no clock, no settings: days come in as days in Europe/Berlin, deadlines go by
``working_days``. Only what firms can set in fields is computed. What they wrote beside it, in a
note, nobody guesses at: pages show it next to the computed day.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, cast

from cooperation.kinds import words
from cooperation.kinds.single import SIGNING_DATE, review_on
from cooperation.working_days import (
    DAY,
    Calendar,
    OutOfRange,
    Unit,
    day_of,
    end_of,
)

TERM, EXIT_NOTICE = "term", "exit_notice"
# The Kodex gives notice "zum Monatsende": its words say so, a number and a unit do not.
MONTH_END = "Monatsende"
WITH_THE_DEFAULT = frozenset({"same", "supplemented"})  # how an answer that keeps them compares

# The closing list: what is to be done, by which point it is due, and which one says how.
ITEMS = ("access", "data", "accounts", "reference", "know_how")
DUE_BY = {
    "access": "orderly_separation",
    "data": "return_delete",
    "accounts": "orderly_separation",
    "reference": "orderly_separation",
    "know_how": "orderly_separation",
}
SAID_BY = {
    "access": "access_security",
    "data": "return_delete",
    "accounts": "orderly_separation",
    "reference": "publicity",
    "know_how": "work_results",
}
QUOTED = frozenset({TERM, EXIT_NOTICE, *SAID_BY.values()})
# A firm that never hands its look back in cannot keep the others from reading theirs for ever.
RETROSPECTIVE_DAYS = 60


@dataclass(frozen=True, slots=True)
class Period:
    """An agreed length of time."""

    number: int
    unit: Unit
    to_month_end: bool = False

    def said(self, language: str) -> str:
        """In words: "30 days", without the end of the month."""
        return words.duration(self.number, self.unit, language)

    def last_day(self, start: datetime, calendar: Calendar) -> date:
        """The last day of the period that begins at ``start`` (aware). Raises ``OutOfRange``."""
        # The deadline is the first instant that is too late, so an instant before it still counts.
        deadline = calendar.deadline(start, self.number, self.unit)
        day = day_of(deadline - timedelta(microseconds=1))
        return month_end(day) if self.to_month_end else day


@dataclass(frozen=True, slots=True)
class Quoted:
    """A point of the text, to be shown beside what was computed from it."""

    number: str
    lines: Mapping[str, tuple[str, ...]]  # by language
    note: str = ""

    def said(self, language: str) -> str:
        return " · ".join(self.lines["de" if language.startswith("de") else "en"])


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version says; ``None`` where it says nothing."""

    start: date | None = None  # None: with the last signature
    end: date | None = None  # last day of the agreed term
    range: Mapping[str, Any] | None = None  # the answer to ``term`` as it stands
    notice: Period | None = None
    periods: Mapping[str, Period] = field(default_factory=dict)  # other lengths, by point
    quoted: Mapping[str, Quoted] = field(default_factory=dict)  # by point

    def starts_on(self, signed_on: date) -> date:
        """The first day, once that of the last signature is known."""
        return self.start or signed_on

    def reviews_on(self, signed_on: date) -> date | None:
        """The day of the first review."""
        return None if self.range is None else review_on(dict(self.range), signed_on)

    def runs_until(self, first_day: date) -> date | None:
        """The last day of the agreed term, for a version that holds from ``first_day``; None: open.

        An end that was over by then is none: nobody signs something that has ended, so they meant
        to go on, and the page tells them that the day is to be set anew.
        """
        return self.end if self.end is not None and self.end >= first_day else None

    def ended_before_it_began(self, first_day: date) -> bool:
        return self.end is not None and self.end < first_day


def read(content: Mapping[str, Any]) -> Terms:
    """The terms of a frozen text, as ``frozen.content`` returns it."""
    points = {point["key"]: point for rule in content["rules"] for point in rule["points"]}
    values = {key: _joint(point) for key, point in points.items()}
    term = values.get(TERM)
    start = None if term is None or term["start"] == SIGNING_DATE else term["start"]
    end = None if term is None else term["end"]
    return Terms(
        start=None if start is None else date.fromisoformat(start),
        end=None if end is None else date.fromisoformat(end),
        range=term,
        notice=_period(points[EXIT_NOTICE], values[EXIT_NOTICE]) if EXIT_NOTICE in points else None,
        periods={
            key: period
            for key, point in points.items()
            if point["kind"] == "duration" and (period := _period(point, values[key])) is not None
        },
        quoted={
            key: _quoted(point, answer)
            for key, point in points.items()
            if key in QUOTED
            and (answer := _joint_answer(point)) is not None
            and answer["value"] is not None
        },
    )


def _joint(point: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The joint answer of a point, if it has one with a value."""
    answer = _joint_answer(point)
    return None if answer is None else answer["value"]


def _joint_answer(point: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None also where pairs of firms settled it between them: that is not in the common text."""
    joint = [answer for answer in point["answers"] if answer["partner"] is None]
    return joint[0] if len(joint) == 1 else None


def _period(point: Mapping[str, Any], value: Mapping[str, Any] | None) -> Period | None:
    if value is None:
        return None
    by_default = point["compared"] in WITH_THE_DEFAULT and MONTH_END in point["default"]["de"]
    return Period(value["number"], cast("Unit", value["unit"]), to_month_end=by_default)


def _quoted(point: Mapping[str, Any], answer: Mapping[str, Any]) -> Quoted:
    lines = {language: tuple(answer["said"][language]["lines"]) for language in ("de", "en")}
    return Quoted(point["number"], lines, answer["value"].get("note", ""))


# ---- Notice ------------------------------------------------------------------------------------


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def earliest_last_day(terms: Terms, given_at: datetime, calendar: Calendar) -> date | None:
    """The first day on which a notice given at ``given_at`` (aware) may end the agreement.

    None: the text has no period, so one firm alone cannot end it. The day of the notice itself does
    not count.
    """
    return None if terms.notice is None else terms.notice.last_day(given_at, calendar)


def fits(terms: Terms, day: date) -> bool:
    """Whether a notice may end on ``day`` as far as the month goes."""
    to_month_end = terms.notice is not None and terms.notice.to_month_end
    return not to_month_end or day == month_end(day)


# ---- What follows the end ----------------------------------------------------------------------


def due(terms: Terms, key: str, last_day: date, calendar: Calendar) -> date | None:
    """The day by which an item of the closing list is to be done; None: nothing was agreed."""
    period = terms.periods.get(DUE_BY[key])
    if period is None:
        return None
    return follows(period, last_day, calendar)


def follows(period: Period, last_day: date, calendar: Calendar) -> date | None:
    """The last day of a period that begins with the end; None: beyond what can be computed."""
    try:
        return period.last_day(end_of(last_day) - timedelta(microseconds=1), calendar)
    except OutOfRange:
        return None


def said(terms: Terms, key: str) -> Quoted | None:
    """What the text says about an item of the closing list."""
    return terms.quoted.get(SAID_BY[key])


def retained_until(last_day: date, years: int) -> date:
    """Counted from the end of the calendar year, as German commercial law counts."""
    return date(last_day.year + years, 12, 31)


def closable_from(last_day: date) -> date:
    """The first day on which a look back can be opened without a firm that has not handed in."""
    return last_day + (RETROSPECTIVE_DAYS + 1) * DAY
