"""Which version holds from when, in sentences for pages."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cooperation import holding
from cooperation.holding import Signed


def of_agreement(versions: Sequence[Signed], today: date) -> list[str]:
    """What is to be said beside "in force"; nothing where it is the obvious."""
    held = holding.on(versions, today)
    lines = [] if held is None else _late(held)
    before = held
    for version in holding.ahead(versions, today):
        said = {"number": version.number, "day": _day(version.from_day)}
        if before is None:
            lines.append(_("Version %(number)s holds from %(day)s.") % said)
        else:
            sentence = _(
                "Version %(number)s holds from %(day)s; until then version %(before)s holds."
            )
            lines.append(sentence % {**said, "before": before.number})
        before = version
    return lines


def of_version(versions: Sequence[Signed], number: int, today: date) -> list[str]:
    """What a page of version ``number`` says about the days on which it holds."""
    own = next((version for version in versions if version.number == number), None)
    if own is None:
        return []
    last = holding.last_day(versions, number)
    said = {"day": _day(own.from_day), "last": _day(last) if last else ""}
    if last is not None and last < own.from_day:
        return [_("This version never held: a newer one took its place before its day.")]
    lines = _late(own)
    if last is not None and last < today:
        lines.append(_("This version held until %(last)s.") % said)
    elif last is not None and own.from_day > today:
        lines.append(_("This version holds from %(day)s until %(last)s.") % said)
    elif last is not None:
        lines.append(_("This version still holds until %(last)s.") % said)
    elif own.from_day > today:
        lines.append(_("This version holds from %(day)s.") % said)
    return lines


def _late(version: Signed) -> list[str]:
    if not version.is_late or version.effective_on is None:
        return []
    sentence = _(
        "Version %(number)s was to hold from %(day)s. The last firm signed later, so it holds from "
        "that day: %(signed)s."
    )
    said = {"day": _day(version.effective_on), "signed": _day(version.signed_on)}
    return [sentence % {**said, "number": version.number}]


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
