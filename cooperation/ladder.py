"""The escalation ladder of something to settle: which level runs, since when and until when.

Pure: no database, no clock, no settings. Nothing is counted down anywhere: all of it follows from
the agreed steps, the instant of opening, the failures that firms declared and the firms' calendar.
So a portal that stood still for weeks knows afterwards on which day each level began.

A level ends when its deadline runs out or, before that, when a firm declares that it has not led to
a result; in the same instant the next one starts. A deadline counts whole days after the one in
which the level began. A level that begins with a day, because the one before it ran out with the
midnight, counts that day: two levels of five days are ten days and not eleven.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from cooperation.book import Text
from cooperation.working_days import Calendar, Unit, day_of, end_of

INSTANT = timedelta(microseconds=1)  # the smallest step of a stored time


class End(StrEnum):
    PLANNED = "planned"  # not reached; its dates hold if the levels before it run to their end
    RUNNING = "running"
    RAN_OUT = "ran_out"
    FAILED = "failed"  # a firm declared that it has not led to a result
    CLOSED = "closed"  # it ran when the point was settled or taken back
    SPARED = "spared"  # not reached any more: the point was settled or taken back before


@dataclass(frozen=True, slots=True)
class Step:
    """A level as it was agreed."""

    name: Text
    who_role: str  # key of the role that is called
    role: Text
    deadline: int
    unit: str  # working_days | calendar_days


@dataclass(frozen=True, slots=True)
class Level:
    """A level at an instant. Instants are UTC."""

    number: int  # from 1
    step: Step
    starts_at: datetime
    due_at: datetime | None  # the first instant that is too late; none: no calendar knows one
    ended_at: datetime | None  # none while it runs or is not reached
    end: End

    @property
    def is_over(self) -> bool:
        """Whether it ended without a result."""
        return self.end in (End.RAN_OUT, End.FAILED)

    @property
    def is_reached(self) -> bool:
        return self.end not in (End.PLANNED, End.SPARED)

    @property
    def last_day(self) -> date | None:
        """The last day (Europe/Berlin) of the deadline."""
        return None if self.due_at is None else day_of(self.due_at - INSTANT)


@dataclass(frozen=True, slots=True)
class Ladder:
    """All levels at an instant; none where the agreement has none.

    Levels after one without a computable deadline are left out, for they have no dates.
    """

    levels: tuple[Level, ...]

    @property
    def current(self) -> Level | None:
        """The level that runs, or that ran when the point was closed."""
        for level in self.levels:
            if level.end in (End.RUNNING, End.CLOSED):
                return level
        return None

    @property
    def is_through(self) -> bool:
        """All levels ended without a result."""
        return bool(self.levels) and self.levels[-1].is_over

    @property
    def through_at(self) -> datetime | None:
        return self.levels[-1].ended_at if self.is_through else None

    @property
    def reached(self) -> int:
        """Number of the level reached; one more than there are levels once all are through."""
        return sum(level.is_reached for level in self.levels) + self.is_through


def climb(
    steps: Sequence[Step],
    opened_at: datetime,
    failures: Mapping[int, datetime],
    calendar: Calendar,
    at: datetime,
    closed_at: datetime | None = None,
) -> Ladder:
    """The ladder at the instant ``at`` (aware).

    ``failures``: when the level of that number was declared to have failed; one that was declared
    while the level did not run, or after ``at``, counts for nothing. ``closed_at``: when the point
    was settled or taken back; the ladder stands still from then on.
    """
    closed = closed_at is not None and closed_at <= at
    now = closed_at if closed and closed_at is not None else at
    levels: list[Level] = []
    starts_at, reached = opened_at, True
    for number, step in enumerate(steps, start=1):
        due_at = _due(step, starts_at, calendar)
        if reached:
            end, ended_at = _end(starts_at, due_at, failures.get(number), now, closed=closed)
        else:
            end, ended_at = End.SPARED if closed else End.PLANNED, None
        levels.append(Level(number, step, starts_at, due_at, ended_at, end))
        reached = end in (End.FAILED, End.RAN_OUT)
        next_at = ended_at if reached else due_at
        if next_at is None:
            break  # nobody knows when the levels after it would begin
        starts_at = next_at
    return Ladder(tuple(levels))


def _end(
    starts_at: datetime,
    due_at: datetime | None,
    failed_at: datetime | None,
    now: datetime,
    *,
    closed: bool,
) -> tuple[End, datetime | None]:
    """How a level that was reached ended up to ``now``, and when."""
    in_time = failed_at is not None and (due_at is None or failed_at < due_at)
    if failed_at is not None and in_time and starts_at <= failed_at <= now:
        return End.FAILED, failed_at
    if due_at is not None and due_at <= now:
        return End.RAN_OUT, due_at
    return (End.CLOSED, now) if closed else (End.RUNNING, None)


def _due(step: Step, starts_at: datetime, calendar: Calendar) -> datetime | None:
    """The first instant after the deadline; none where no calendar reaches that far."""
    if step.deadline == 0:  # no rule book allows it; it cannot mean less than the day itself
        return end_of(day_of(starts_at))
    try:
        return calendar.deadline(starts_at - INSTANT, step.deadline, cast(Unit, step.unit))
    except ValueError:
        return None


# ---- From a frozen version ---------------------------------------------------------------------


def agreed(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The agreed steps of a frozen version, to be kept as JSON; none where there is no answer.

    Each: ``key`` or ``label``, ``who_role``, ``deadline``, ``unit`` as in the answer, and ``name``
    and ``role`` in both languages, as the firms signed them.
    """
    for point in points_of(content, "escalation"):
        for answer in point["answers"]:
            if answer["value"]:
                return [
                    _row(step, answer["said"], index)
                    for index, step in enumerate(answer["value"]["steps"])
                ]
    return []


def points_of(content: Mapping[str, Any], kind: str) -> Iterable[Mapping[str, Any]]:
    """The points of one kind in a frozen version, in their order."""
    for rule in content["rules"]:
        for point in rule["points"]:
            if point["kind"] == kind:
                yield point


def _row(step: Mapping[str, Any], said: Mapping[str, Any], index: int) -> dict[str, Any]:
    """A step and its words: the answer's table has number, name, role and deadline."""
    rows = {language: said[language]["grid"]["rows"][index] for language in ("de", "en")}
    return {
        "key": step["key"],
        "label": step["label"],
        "who_role": step["who_role"],
        "deadline": step["deadline"],
        "unit": step["unit"],
        "name": {language: row[1] for language, row in rows.items()},
        "role": {language: row[2] for language, row in rows.items()},
    }


def steps(rows: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps of ``agreed``, as they were kept."""
    return tuple(
        Step(
            name=Text(row["name"]["de"], row["name"]["en"]),
            who_role=row["who_role"],
            role=Text(row["role"]["de"], row["role"]["en"]),
            deadline=row["deadline"],
            unit=row["unit"],
        )
        for row in rows
    )
