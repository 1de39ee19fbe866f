"""What pages say about a point to settle: levels, days left, entries, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import dispute_levels
from cooperation.dispute_levels import Called
from cooperation.ladder import End, Ladder, Level
from cooperation.models import Dispute, DisputeEntry, DisputeFailure
from cooperation.working_days import Calendar, day_of

Kind = DisputeEntry.Kind


def day(value: date) -> str:
    return date_format(value, "DATE_FORMAT")


def weekday(value: date) -> str:
    """With its name, for a day on which something ends: "Friday, 14 August 2026"."""
    return f"{date_format(value, 'l')}, {day(value)}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a point stands, in one line and what comes with it."""

    headline: str  # "Level 2 of 4: Partner managers"
    left: str  # "3 working days left"; empty where nothing runs
    until: str  # "until the end of Friday, 14 August 2026"
    pressing: bool  # today is the last day, or all levels are through


def standing(dispute: Dispute, ladder: Ladder, now: datetime) -> Standing:
    if dispute.closed_at is not None:
        when = {"day": day(day_of(dispute.closed_at))}
        settled = dispute.state == Dispute.State.SETTLED
        said = _("Settled on %(day)s") if settled else _("Taken back on %(day)s")
        return Standing(said % when, "", "", pressing=False)
    level = ladder.current
    if level is None:
        said = _("All agreed levels are through") if ladder.levels else _("Being settled")
        return Standing(said, "", "", pressing=ladder.is_through)
    said = _("Level %(number)s of %(total)s: %(name)s") % {
        "number": level.number,
        "total": len(dispute.ladder),
        "name": level.step.name,
    }
    if level.last_day is None:
        return Standing(said, "", "", pressing=False)
    until = _("until the end of %(day)s") % {"day": weekday(level.last_day)}
    days = _days_left(level, dispute_levels.calendar_of(dispute), now)
    return Standing(said, left(level, days), until, pressing=days == 0)


def _days_left(level: Level, calendar: Calendar, now: datetime) -> int:
    """Whole days after today that are still in time; 0 on the last day."""
    today, last = day_of(now), level.last_day
    if last is None or last <= today:
        return 0
    if level.step.unit == "working_days":
        return calendar.working_days_between(today, last)
    return (last - today).days


def left(level: Level, days: int) -> str:
    if days == 0:
        return _("today is the last day")
    if level.step.unit == "working_days":
        said = ngettext("%(count)s working day left", "%(count)s working days left", days)
    else:
        said = ngettext("%(count)s day left", "%(count)s days left", days)
    return said % {"count": days}


def level_when(level: Level, failure: DisputeFailure | None) -> str:
    """When a level ran, runs or would run."""
    begins = day(day_of(level.starts_at))
    match level.end:
        case End.SPARED:
            return _("was not needed")
        case End.PLANNED:
            return _("would begin on %(day)s, if there is no result before") % {"day": begins}
        case End.RUNNING if level.last_day is None:
            return _("since %(day)s") % {"day": begins}
        case End.RUNNING:
            return _("since %(day)s, until the end of %(last)s") % {
                "day": begins,
                "last": weekday(level.last_day) if level.last_day else "",
            }
    ended = day(_last_day_of(level))
    if level.end is End.FAILED and failure is not None:
        if begins == ended:
            return _("on %(day)s, then %(firm)s called the next level") % {
                "day": begins,
                "firm": failure.partner.name,
            }
        return _("from %(day)s to %(last)s, then %(firm)s called the next level") % {
            "day": begins,
            "last": ended,
            "firm": failure.partner.name,
        }
    if level.end is End.RAN_OUT:
        return _("from %(day)s to %(last)s, without a result in time") % {
            "day": begins,
            "last": ended,
        }
    if begins == ended:
        return _("on %(day)s") % {"day": begins}
    return _("from %(day)s to %(last)s") % {"day": begins, "last": ended}


def _last_day_of(level: Level) -> date:
    """The last day of a level that is over: the one before, if it ended with a midnight."""
    if level.end is End.RAN_OUT and level.last_day is not None:
        return level.last_day
    return day_of(level.ended_at or level.starts_at)


def called(person: Called) -> str:
    """A person and their deputy: "Ada Probst (deputy: Uwe Kern)"."""
    if person.deputy:
        return _("%(name)s (deputy: %(deputy)s)") % {
            "name": person.name,
            "deputy": person.deputy,
        }
    return person.name


def entry(entry: DisputeEntry) -> str:
    """What somebody did; empty for something written."""
    data: Mapping[str, Any] = entry.data
    until = data.get("until")
    said = {
        "level": data.get("level", ""),
        "guest": data.get("guest", ""),
        "day": day(date.fromisoformat(until)) if until else "",
    }
    sentence = {
        Kind.WRITTEN: "",
        Kind.FAILED: _("ended level %(level)s without a result"),
        Kind.PROPOSED: _("proposed an outcome"),
        Kind.CONFIRMED: _("confirmed the outcome"),
        Kind.SETTLED: _("All firms involved have confirmed the outcome."),
        Kind.WITHDRAWN: _("took the point back"),
        Kind.GUEST_INVITED: _("invited %(guest)s as a neutral person, until %(day)s"),
        Kind.GUEST_AGREED: _("agreed to %(guest)s as a neutral person"),
        Kind.GUEST_EXTENDED: _("extended the time of %(guest)s until %(day)s"),
        Kind.GUEST_ENDED: _("ended the invitation of %(guest)s"),
    }[Kind(entry.kind)]
    return sentence % said
