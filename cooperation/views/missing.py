"""What is missing before signing, as the reader may know it: one line each."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import points
from cooperation.book import Party, Point, Rule
from cooperation.points import Blocker, Reason
from cooperation.views.cards import PAIRS_NAMED, Desk


@dataclass(frozen=True, slots=True)
class Missing:
    sentence: str
    mine: bool  # it waits for the reader's firm
    point: Point | None = None
    place: str = ""  # the id of its card


@dataclass(frozen=True, slots=True)
class PointMissing:
    """A point with its lines: one, or one for each firm with which it is settled in pairs."""

    point: Point
    lines: tuple[Missing, ...]

    @property
    def place(self) -> str:
        return self.lines[0].place if len(self.lines) == 1 else f"point-{self.point.key}"


@dataclass(frozen=True, slots=True)
class RuleMissing:
    rule: Rule
    points: tuple[PointMissing, ...]


def lines(desk: Desk) -> list[Missing]:
    """In the order of the book; all that other pairs have still to settle at a point is one line.

    With twelve firms these are dozens of pairs, and none of them is the reader's to settle.
    """
    found = []
    elsewhere: dict[str, list[Blocker]] = {}
    for blocker in desk.blockers:
        if blocker.point is None or blocker.reason is not Reason.ELSEWHERE:
            found.append(_line(desk, blocker))
        elif blocker.point.key in elsewhere:
            elsewhere[blocker.point.key].append(blocker)
        else:
            elsewhere[blocker.point.key] = [blocker]
    for key, blockers in elsewhere.items():
        found.append(_others(desk, desk.sheet.book.point(key), blockers))
    if not found and desk.unchanged_from:
        sentence = _("Nothing has changed yet compared with version %(number)s.")
        found.append(Missing(sentence % {"number": desk.unchanged_from}, mine=True))
    order = {key: index for index, key in enumerate(desk.sheet.book.points)}
    return sorted(found, key=lambda line: order[line.point.key] if line.point else -1)


def by_rule(desk: Desk, found: list[Missing]) -> list[RuleMissing]:
    at_point: dict[str, list[Missing]] = defaultdict(list)
    for line in found:
        if line.point is not None:
            at_point[line.point.key].append(line)
    grouped = [
        RuleMissing(
            rule,
            tuple(
                PointMissing(point, tuple(at_point[point.key]))
                for point in rule.points
                if point.key in at_point
            ),
        )
        for rule in desk.sheet.book.rules
    ]
    return [entry for entry in grouped if entry.points]


def _line(desk: Desk, blocker: Blocker) -> Missing:
    mine = desk.me is not None and points.is_turn_of(blocker, desk.me.key)
    if blocker.point is None:
        return Missing(blocker.sentence, mine)
    place = desk.place(blocker.point, _other(desk, blocker))
    return Missing(blocker.sentence, mine, blocker.point, place)


def _other(desk: Desk, blocker: Blocker) -> Party | None:
    if blocker.pair is None or desk.me is None:
        return None
    others = (each for each in desk.sheet.parties if each.key in blocker.pair)
    return next((each for each in others if each != desk.me), None)


def _others(desk: Desk, point: Point, blockers: list[Blocker]) -> Missing:
    if len(blockers) == 1:
        return Missing(blockers[0].sentence, False, point, desk.place(point, None))
    named = [" – ".join(blocker.names) for blocker in blockers[:PAIRS_NAMED]]
    more = len(blockers) - len(named)
    if more:
        and_more = ngettext("and %(more)s more", "and %(more)s more", more)
        named.append(and_more % {"more": more})
    sentence = _("%(number)s other pairs of firms have still to settle this: %(pairs)s.")
    said = sentence % {"number": len(blockers), "pairs": ", ".join(named)}
    return Missing(said, False, point, desk.place(point, None))
