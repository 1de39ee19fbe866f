"""From when to when a firm held an association: what files say, put together. Pure.

An association is a list of intervals: it may end, and be claimed again later. Two intervals never
share a month, because a month is what the rules ask for.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from scoring import months


class Interval(NamedTuple):
    """One unbroken association; an unknown beginning and an open end are None."""

    begins_on: date | None
    ended_on: date | None


NOTHING_SAID = Interval(None, None)


def merge_said(intervals: Iterable[Interval]) -> list[Interval]:
    """What the rows of one file say together: sorted, no two in one month.

    An interval that ended in a month before the next begins stays its own. Others become one: from
    the earliest beginning to the latest end, or open when the latest beginning has no end. An end
    without a beginning belongs to the last interval that had begun by then.
    """
    said = set(intervals)
    ends: dict[date, date | None] = {}
    for begins_on, ended_on in said:
        if begins_on is not None:
            ends[begins_on] = _later(ends.get(begins_on), ended_on)
    early: date | None = None  # the end of an association that began before all that is known
    for begins_on, ended_on in said:
        if begins_on is None and ended_on is not None:
            begun = max((begin for begin in ends if begin <= ended_on), default=None)
            if begun is None:
                early = _later(early, ended_on)
            else:
                ends[begun] = _later(ends[begun], ended_on)
    merged: list[Interval] = [Interval(None, early)] if early else []
    for begins_on in sorted(ends):
        interval = Interval(begins_on, ends[begins_on])
        if not merged or _ended_before(merged[-1], begins_on):
            merged.append(interval)
        else:
            last = merged[-1]
            end = interval.ended_on and _later(last.ended_on, interval.ended_on)
            merged[-1] = Interval(last.begins_on or begins_on, end)
    return merged or ([NOTHING_SAID] if said else [])


def fold(stored: Iterable[Interval], said: Iterable[Interval]) -> list[Interval]:
    """What is known after a later file: sorted, no two intervals in one month.

    An empty date takes nothing back. A beginning replaces the stored one, unless that interval
    ended in a month before (then it was claimed again) or begins in a month after the said end
    (then the file tells of an earlier one). An end alone ends the latest interval that had begun.
    Folding the same file again changes nothing.
    """
    known, news = merge_said(stored), merge_said(said)
    while True:
        folded = known
        for interval in news:
            folded = _fold_one(folded, interval)
        if folded == known:
            return known
        known = folded


def _fold_one(stored: list[Interval], said: Interval) -> list[Interval]:
    begins_on, ended_on = said
    if begins_on is None:
        return _end(stored, ended_on) if ended_on else stored or [said]
    before = [interval for interval in stored if _ended_before(interval, begins_on)]
    others = stored[len(before) :]
    if ended_on is None:
        if not others:
            return [*before, said]
        # An end before the said beginning was that of the association it replaces.
        kept, *later = others
        if kept.ended_on is None or kept.ended_on < begins_on:
            kept, later = others[-1], []
        end = kept.ended_on
        return [*before, Interval(begins_on, end if end and end >= begins_on else None), *later]
    after = [
        interval
        for interval in others
        if interval.begins_on is not None
        and months.number(interval.begins_on) > months.number(ended_on)
    ]
    return [*before, said, *after]


def _end(stored: list[Interval], ended_on: date) -> list[Interval]:
    """``stored`` with the end of the last interval that had begun by then."""
    begun = [
        place
        for place, interval in enumerate(stored)
        if interval.begins_on is None or interval.begins_on <= ended_on
    ]
    ended = Interval(stored[begun[-1]].begins_on if begun else None, ended_on)
    following = stored[begun[-1] + 1 if begun else 0 :]
    if following and not _ended_before(ended, following[0].begins_on):
        return stored  # claimed again within the same month: that it had ended makes no difference
    return [*stored[: begun[-1] if begun else 0], ended, *following]


def _ended_before(interval: Interval, day: date | None) -> bool:
    """Whether ``interval`` ended in a month before that of ``day``."""
    if interval.ended_on is None or day is None:
        return False
    return months.number(interval.ended_on) < months.number(day)


def _later(one: date | None, other: date | None) -> date | None:
    """The later of two days of which any may be unknown."""
    return max(one, other) if one and other else one or other
