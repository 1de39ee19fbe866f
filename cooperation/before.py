"""A draft beside what was fixed before: what stood at a point, and what differs. Pure.

The text in force, and in a second draft also the one that was not signed. Compared is what was
agreed and not how it is worded; texts and sheets hold only what their reader may know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cooperation import points
from cooperation.book import Party, Point, Rule
from cooperation.points import PairKey, Sheet

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Earlier:
    """A frozen text, as ``frozen.content``, with the annexes that its reader may know."""

    number: int
    content: dict[str, Any]
    annexes: Mapping[PairKey, Mapping[str, Any]] = field(default_factory=dict)
    is_in_force: bool = True  # or it was fixed and then not signed by all

    @property
    def depth(self) -> str:
        """How much of the rule book it asks; the first format did not say so."""
        older = points.FAST_TRACK if self.content["fast_track"] else points.FULL
        return str(self.content.get("depth") or older)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {party["id"]: party["name"] for party in self.content["parties"]}

    @cached_property
    def _points(self) -> dict[tuple[str, PairKey | None], Mapping[str, Any]]:
        found: dict[tuple[str, PairKey | None], Mapping[str, Any]] = {
            (point["key"], None): point
            for rule in self.content["rules"]
            for point in rule["points"]
        }
        for pair, annex in self.annexes.items():
            found |= {(point["key"], pair): point for point in annex["points"]}
        return found

    def point(self, key: str, pair: PairKey | None = None) -> Mapping[str, Any] | None:
        """What the text has at a point, for a pairwise one between two firms; None: not asked."""
        if pair is None:
            return self._points.get((key, None))
        own = self._points.get((key, pair)) or self._points.get((key, (pair[1], pair[0])))
        common = self._points.get((key, None))
        # The first format told all firms what every pair had settled.
        return own or (common if common is not None and common["answers"] else None)

    def said(self, sheet: Sheet, key: str, language: str) -> Lines | None:
        """The answer in lines, those of a point per partner with the firm's name; None: none.

        ``sheet`` is that of the pair for a pairwise point; firms are called as they are now.
        """
        point = self.point(key, sheet.pair)
        if point is None:
            return None
        language = "de" if language.startswith("de") else "en"
        lines: list[str] = []
        for answer in point["answers"]:
            said = answer["said"][language]
            key = answer["partner"] or ""
            owner = sheet.name(key) or self._names.get(key, "")
            lines += _told([*said["lines"], said["note"]], owner)
        return tuple(lines) or None


def _told(lines: Iterable[str], owner: str) -> list[str]:
    return [f"{owner}: {line}" if owner else line for line in lines if line]


@dataclass(frozen=True, slots=True)
class Change:
    """A point that reads differently now; None: no answer."""

    point: Point
    rule: Rule
    number: int  # of the version that it is compared with
    before: Lines | None
    after: Lines | None
    was_asked: bool
    is_asked: bool
    other: Party | None = None  # with whom the reader's firm settles the point
    is_in_force: bool = True

    @property
    def _differing(self) -> tuple[Lines, Lines]:
        before, after = self.before or (), self.after or ()
        removed = tuple(line for line in before if line not in after)
        added = tuple(line for line in after if line not in before)
        # Where only the order differs, all of it has to be read again.
        return (removed, added) if removed or added else (before, after)

    @property
    def removed(self) -> Lines:
        """Lines that stood there before and do not any more."""
        return self._differing[0]

    @property
    def added(self) -> Lines:
        return self._differing[1]

    @property
    def kept(self) -> int:
        """How many lines stay as they are: of a long answer they need not be read again."""
        return len(self.after or ()) - len(self.added)

    @property
    def is_replaced(self) -> bool:
        """One line for another: to be read as "30 days → 14 days"."""
        return len(self.removed) == len(self.added) == 1


def said_now(sheet: Sheet, point: Point, language: str) -> Lines | None:
    """What stands at a point of a draft, in the same lines as ``Earlier.said``."""
    if not points.is_visible(sheet, point):
        return None
    owners: tuple[Party | None, ...] = sheet.parties if point.per_partner else (None,)
    lines: list[str] = []
    for owner in owners:
        given = sheet.given(point, owner.key if owner else None)
        if given is not None:
            said = points.described(sheet, point, given, language)
            lines += _told([*said.lines, said.note], owner.name if owner else "")
    return tuple(lines) or None


def change(
    earlier: Earlier, sheet: Sheet, point: Point, language: str, other: Party | None = None
) -> Change | None:
    """How a point differs from the earlier text; None if it does not.

    ``sheet`` is that of the pair for a pairwise point, with the ``other`` firm.
    """
    was = earlier.said(sheet, point.key, language)
    now = said_now(sheet, point, language)
    if was == now:
        return None
    return Change(
        point=point,
        rule=sheet.book.rule(point.rule),
        number=earlier.number,
        before=was,
        after=now,
        was_asked=earlier.point(point.key, sheet.pair) is not None,
        is_asked=points.is_visible(sheet, point),
        other=other,
        is_in_force=earlier.is_in_force,
    )


def changes(earlier: Earlier, sheet: Sheet, party: str, language: str) -> list[Change]:
    """All that the reader ``party`` may know to differ, in the order of the book.

    ``sheet`` as ``seen_by(party)``; what pairs settle is there once for each other firm.
    """
    found = []
    for point in sheet.book.points.values():
        if not point.pairwise:
            found.append(change(earlier, sheet, point, language))
        else:
            found += [
                change(earlier, pair, point, language, other)
                for other, pair in sheet.pairs_of(party)
            ]
    return [each for each in found if each is not None]


def newcomers(earlier: Earlier, sheet: Sheet) -> list[Party]:
    """Firms that the earlier text does not know."""
    known = {party["id"] for party in earlier.content["parties"]}
    return [party for party in sheet.parties if party.key not in known]


def gone(earlier: Earlier, sheet: Sheet) -> list[str]:
    """Names of the firms of the earlier text that do not take part any more."""
    there = {party.key for party in sheet.parties}
    return [party["name"] for party in earlier.content["parties"] if party["id"] not in there]


def unchanged_from(texts: Iterable[Earlier], sheet: Sheet, party: str) -> int | None:
    """The number of the version in force, while nothing in its draft differs yet.

    None also where other pairs settle something by themselves: whether they have changed it is
    theirs to know.
    """
    base = next((each for each in texts if each.is_in_force), None)
    if base is None or sheet.elsewhere or base.depth != sheet.depth:
        return None
    if newcomers(base, sheet) or gone(base, sheet) or changes(base, sheet, party, "de"):
        return None
    return base.number
