"""What differs: between an agreement and the Kodex, and between two frozen versions. Pure."""

from dataclasses import dataclass
from typing import Any

from cooperation import points
from cooperation.book import Point
from cooperation.points import Compared, Sheet


@dataclass(frozen=True, slots=True)
class Deviation:
    point: Point
    compared: Compared


def from_default(sheet: Sheet) -> list[Deviation]:
    """Points whose answer differs from the Kodex default, adds to it or drops it, in order.

    On the sheet of a pair: of the points which that pair settles.
    """
    found = []
    for point in points.visible_points(sheet):
        if point.pairwise is (sheet.pair is None):
            continue
        compared = points.compared(sheet, point)
        if compared.is_deviation:
            found.append(Deviation(point, compared))
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """A point that reads differently in two versions; None: it was not asked or not answered."""

    rule_number: int
    number: str
    key: str
    question: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None


def between(old: dict[str, Any], new: dict[str, Any], language: str) -> list[Change]:
    """What changed from the frozen text ``old`` to ``new`` (see ``frozen.content``), in order.

    Compared is what was agreed, not how it is worded in the rule book; a value that holds a rule
    ("equal shares") counts as changed when it works out differently.
    """
    language = "de" if language.startswith("de") else "en"
    names = _names(old) | _names(new)
    before, after = _points(old), _points(new)
    order = [*after, *(key for key in before if key not in after)]
    changes = []
    for key in order:
        rule, point = after.get(key) or before[key]
        was = _said(before[key][1], names, language) if key in before else None
        now = _said(after[key][1], names, language) if key in after else None
        if was != now:
            changes.append(
                Change(rule, point["number"], key, point["question"][language], was, now)
            )
    return sorted(changes, key=lambda change: [int(part) for part in change.number.split(".")])


def _names(content: dict[str, Any]) -> dict[str, str]:
    return {party["id"]: party["name"] for party in content["parties"]}


def _points(content: dict[str, Any]) -> dict[str, tuple[int, dict[str, Any]]]:
    return {
        point["key"]: (rule["number"], point)
        for rule in content["rules"]
        for point in rule["points"]
    }


def _said(point: dict[str, Any], names: dict[str, str], language: str) -> tuple[str, ...] | None:
    """The answer in lines, those of a point per partner with the firm's name; None without one."""
    lines: list[str] = []
    for answer in point["answers"]:
        said = answer["said"][language]
        told = [*said["lines"], said["note"]] if said["note"] else said["lines"]
        if answer["partner"] is not None:
            told = [f"{names[answer['partner']]}: {line}" for line in told]
        lines += told
    return tuple(lines) or None
