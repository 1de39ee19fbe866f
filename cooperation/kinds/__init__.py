"""The kinds of answers: what is a valid one, when is it the default, how does it read.

Pure: no database, no clock. A *canonical* value is JSON without floats (decimals and days are
text); ``clean`` makes it, everything else takes it. Two values can hold a rule instead of rows:
a RACI table ``{"rule": "lead"}`` and a split ``{"rule": "equal"}``. They stay rules in the
database, so that a later choice of the lead, or another firm, changes what they mean and not what
was agreed; ``resolve`` works them out.
"""

from collections.abc import Mapping
from typing import Any

from cooperation.book import Party, Point, Value
from cooperation.kinds.base import Description, Grid, InvalidAnswer, Kind, Telling
from cooperation.kinds.many import (
    Contacts,
    Escalation,
    Money,
    PercentSplit,
    Raci,
    TableKind,
    equal_shares,
)
from cooperation.kinds.single import (
    Choice,
    DateRange,
    DurationKind,
    FreeText,
    MultiChoice,
    Percent,
    YesNoNote,
    review_on,
)

KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Choice(),
        MultiChoice(),
        YesNoNote(),
        FreeText(),
        Contacts(),
        Raci(),
        PercentSplit(),
        Percent(),
        Money(),
        DurationKind(),
        Escalation(),
        DateRange(),
        TableKind(),
    )
}


def clean(value: Any, point: Point, parties: tuple[Party, ...]) -> Value:
    """The canonical form of what somebody entered, or ``InvalidAnswer`` with sentences."""
    return KINDS[point.kind].clean(value, point, parties)


def default_value(point: Point) -> Value | None:
    """The Kodex default as a canonical value; None if the book has none. May hold a rule."""
    return None if point.default_value is None else dict(point.default_value)


def resolve(
    value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
) -> Value | None:
    """``value`` with its rule worked out for these parties and joint ``answers`` by point key.

    None when that needs an answer that is still missing (the lead of a RACI table).
    """
    return KINDS[point.kind].resolve(value, point, parties, answers)


def starting_value(
    point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
) -> Value | None:
    """What an empty form should begin with: the default worked out, or a fair proposal, or None."""
    default = default_value(point)
    if default is not None:
        return resolve(default, point, parties, answers)
    if point.kind == "percent_split":
        return {"rule": "", "shares": equal_shares(parties), "note": ""}
    return None


def is_default(
    value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
) -> bool:
    """Whether ``value`` is the Kodex default and nothing else: no note, however it was entered."""
    return not value.get("note") and same_as_default(value, point, parties, answers)


def same_as_default(
    value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
) -> bool:
    """Whether ``value`` is the Kodex default, with or without a note that says more."""
    default = default_value(point)
    if default is None:
        return False
    default["note"] = value.get("note", "")
    if value == default:
        return True
    return resolve(value, point, parties, answers) == resolve(default, point, parties, answers)


def still_valid(value: Value, point: Point, parties: tuple[Party, ...]) -> bool:
    """Whether a stored value still holds for these parties (one may have joined since)."""
    try:
        return clean(value, point, parties) == value
    except InvalidAnswer:
        return False


def describe(
    value: Value,
    point: Point,
    parties: tuple[Party, ...],
    language: str,
    answers: Mapping[str, Value] | None = None,
) -> Description:
    """A canonical value in plain words of ``language``. Never raises, whoever left meanwhile."""
    telling = Telling(point, parties, language, answers or {})
    return KINDS[point.kind].describe(value, telling)


__all__ = [
    "KINDS",
    "Description",
    "Grid",
    "InvalidAnswer",
    "clean",
    "default_value",
    "describe",
    "equal_shares",
    "is_default",
    "resolve",
    "review_on",
    "same_as_default",
    "starting_value",
    "still_valid",
]
