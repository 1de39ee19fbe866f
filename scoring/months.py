"""Months as whole numbers (year * 12 + month - 1): they sort, subtract and fit a small integer."""

import calendar
from datetime import date

YEAR = 12  # months


def number(day: date) -> int:
    """The month that holds ``day``."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> date:
    year, index = divmod(month, 12)
    return date(year, index + 1, calendar.monthrange(year, index + 1)[1])


def label(month: int) -> str:
    """ISO form, ``2025-02``: the same in every language, file and warning."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def parse_label(text: str) -> int:
    """The month of an ISO label; raises ``ValueError`` for anything else."""
    return number(date.fromisoformat(f"{text}-01"))
