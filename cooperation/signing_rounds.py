"""How long a version is open for signing, and who is reminded when.

The end of a round is a day that is stored; that a round is over is computed. The clock only writes
down what the day has brought, and sends the reminders.
"""

from datetime import date, datetime, timedelta

from cooperation.models import AgreementVersion
from cooperation.working_days import Calendar, day_of, end_of

DAYS = 30  # calendar days a round is open unless somebody chooses another last day
LONGEST = 183
REMINDERS = (3, 7)  # working days after the text was fixed


def usual_last_day(now: datetime) -> date:
    return day_of(now) + timedelta(days=DAYS)


def is_possible(last_day: date, now: datetime) -> bool:
    """From tomorrow to half a year from now: nobody is left without a night to read it over."""
    return timedelta(days=1) <= last_day - day_of(now) <= timedelta(days=LONGEST)


def end_of_round(version: AgreementVersion) -> datetime | None:
    """The first instant at which nobody can sign any more; none: open without an end."""
    return None if version.expires_on is None else end_of(version.expires_on)


def is_over(version: AgreementVersion, now: datetime) -> bool:
    end = end_of_round(version)
    return end is not None and now >= end


def reminder_due(frozen_at: datetime, federal_state: str, now: datetime) -> int:
    """Which reminder is due for a firm that has not signed: its working days, or 0.

    Counted in the calendar of the firm that signs, from the day after the text was fixed. After a
    standstill only the latest is due: two mails at once remind nobody better than one.
    """
    calendar = Calendar.of([federal_state])
    passed = calendar.working_days_between(day_of(frozen_at), day_of(now))
    return max((days for days in REMINDERS if days <= passed), default=0)
