"""What the pages show of an agreement: cards of points, sections of rules, the summary.

Built from one ``points.Sheet``, so a fragment shows exactly what a reload shows, and the number of
queries does not depend on the number of points or firms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

from cooperation import marks, points
from cooperation.book import Party, Point, Rule
from cooperation.kinds import Description
from cooperation.points import (
    Blocker,
    Confirmed,
    Given,
    Look,
    Reason,
    RuleSummary,
    Sheet,
    State,
    Talk,
)
from cooperation.widgets import Widget

SHOW = ("all", "open", "mine")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer in plain words, and whose it is."""

    party: Party | None  # none for a joint answer
    mine: bool
    given: Given | None
    description: Description | None
    by_firm: str = ""


@dataclass(frozen=True, slots=True)
class Stale:
    """The point changed while somebody was writing: what stands there now, and who did it."""

    said: Said | None  # none: no answer is left


@dataclass(frozen=True, slots=True)
class Form:
    """An open form in a card."""

    action: str  # answer | talk | not_applicable
    url: str
    revision: int
    widget: Widget | None = None
    text: str = ""  # comment or note
    errors: tuple[str, ...] = ()
    stale: Stale | None = None


@dataclass(frozen=True)
class Card:
    point: Point
    look: Look
    saids: tuple[Said, ...]
    me: Party | None
    may_edit: bool
    waits_for: tuple[Party, ...]
    mine: bool  # it is the reader's turn
    blocker: Blocker | None
    firms: Mapping[str, str]  # names by key
    is_folded: bool = False  # on the fast track: the default stands, nothing to read here
    form: Form | None = None
    problem: str = ""  # why the last click did nothing

    @property
    def id(self) -> str:
        return f"point-{self.point.key}"

    @property
    def state(self) -> State:
        return self.look.state

    @property
    def deviates(self) -> bool:
        return self.look.compared.is_deviation

    @property
    def own(self) -> Given | None:
        """The answer that the reader's firm can change: the joint one, or its own."""
        if not self.point.per_partner:
            return self.look.given
        return next((said.given for said in self.saids if said.mine), None)

    @property
    def revision(self) -> int:
        """What a form of the reader carries along."""
        own = self.own
        return own.revision if own else 0

    @property
    def i_confirmed(self) -> bool:
        return self.me is not None and any(c.party == self.me.key for c in self.look.confirmed)

    @property
    def can_confirm(self) -> bool:
        """There is something to confirm, and nothing of the reader's own is missing first."""
        if not self.may_edit or self.i_confirmed or self.me is None:
            return False
        if self.point.per_partner and self.own is None and self.point.required:
            return False
        return any(said.given for said in self.saids) and self.look.is_valid

    @property
    def can_take_default(self) -> bool:
        return self.may_edit and self.own is None and self.point.default_value is not None

    @property
    def confirmed_by(self) -> list[tuple[str, Confirmed]]:
        """Firms that confirmed what stands there, with who did it and when."""
        return [(self.firms.get(done.party, ""), done) for done in self.look.confirmed]

    @property
    def asked_to_talk(self) -> list[tuple[str, Talk]]:
        return [(self.firms.get(talk.party, ""), talk) for talk in self.look.talks]

    @property
    def waits_words(self) -> str:
        """Whose turn it is, in a sentence; empty when it is nobody's."""
        return self.blocker.sentence if self.blocker is not None else ""

    @property
    def answer_first(self) -> bool:
        """Answering is what to do here, not one of the other things."""
        return self.own is None and not self.can_confirm and not self.can_take_default

    @property
    def own_not_applicable(self) -> bool:
        return self.own is not None and not self.own.is_applicable

    @property
    def prose(self) -> bool:
        """The lines of the answer are paragraphs, not a list."""
        return self.point.kind == "text"

    @property
    def shows_default(self) -> bool:
        """What would apply otherwise: while nothing is answered, or where the answer departs."""
        if any(said.given for said in self.saids):
            return self.deviates
        return True

    @property
    def has_default(self) -> bool:
        return self.point.default_value is not None


@dataclass(frozen=True, slots=True)
class Item:
    """A point's place in its rule; without a card while it is not asked or filtered out."""

    point: Point
    card: Card | None


@dataclass(frozen=True)
class Overview:
    """One rule in the list of rules."""

    rule: Rule
    summary: RuleSummary
    stone: str

    @property
    def progress_max(self) -> int:
        return self.summary.total or 1


@dataclass(frozen=True)
class Section(Overview):
    """One rule with its points."""

    items: tuple[Item, ...]
    defaults: int  # unchanged defaults that the reader's firm could confirm in one step
    may_take_defaults: bool  # the reader's role covers the whole rule

    @property
    def cards(self) -> list[Card]:
        return [item.card for item in self.items if item.card is not None]


class Desk:
    """One agreement as one person sees it."""

    def __init__(
        self, sheet: Sheet, me: Party | None, *, may_edit: Callable[[Point], bool]
    ) -> None:
        self.sheet, self.me, self.may_edit = sheet, me, may_edit
        self.language = get_language() or "de"

    @cached_property
    def blockers(self) -> list[Blocker]:
        return points.blockers(self.sheet)

    @cached_property
    def _blocker_of(self) -> Mapping[str, Blocker]:
        return {blocker.point.key: blocker for blocker in self.blockers if blocker.point}

    @cached_property
    def summaries(self) -> list[RuleSummary]:
        return points.summary(self.sheet)

    @cached_property
    def mark(self) -> marks.Mark:
        return marks.mark(self.summaries)

    @cached_property
    def my_turn(self) -> set[str]:
        if self.me is None:
            return set()
        return {
            point.key for point in points.turns(self.sheet, self.me.key) if self.may_edit(point)
        }

    @cached_property
    def settled(self) -> int:
        return sum(summary.settled for summary in self.summaries)

    @cached_property
    def total(self) -> int:
        return sum(summary.total for summary in self.summaries)

    @cached_property
    def waiting_parties(self) -> list[tuple[Party, int]]:
        """Whose turn it is, and at how many points."""
        counts = []
        for party in self.sheet.parties:
            number = len(points.turns(self.sheet, party.key))
            if number:
                counts.append((party, number))
        return counts

    def said(self, point: Point, party: Party | None, given: Given | None) -> Said:
        description = (
            points.described(self.sheet, point, given, self.language) if given is not None else None
        )
        return Said(
            party=party,
            mine=party is not None and party == self.me,
            given=given,
            description=description,
            by_firm=self.sheet.name(given.party) if given else "",
        )

    def card(self, point: Point, **more: Any) -> Card:
        look = points.look(self.sheet, point)
        if point.per_partner:
            saids = tuple(self.said(point, party, given) for party, given in look.by_party)
        else:
            saids = (self.said(point, None, look.given),)
        blocker = self._blocker_of.get(point.key)
        waits = blocker.parties if blocker and blocker.reason is not Reason.TALK else ()
        return Card(
            point=point,
            look=look,
            saids=saids,
            me=self.me,
            may_edit=self.me is not None and self.may_edit(point),
            waits_for=tuple(party for party in self.sheet.parties if party.key in waits),
            mine=point.key in self.my_turn,
            blocker=blocker,
            firms={party.key: party.name for party in self.sheet.parties},
            is_folded=points.is_folded(self.sheet, point) and not more,
            **more,
        )

    def shows(self, point: Point, show: str) -> bool:
        if show == "mine":
            return point.key in self.my_turn
        if show == "open":
            stands = points.state(self.sheet, point)
            return stands not in (State.AGREED, State.NOT_APPLICABLE)
        return True

    @cached_property
    def overview(self) -> list[Overview]:
        return [Overview(summary.rule, summary, marks.stone(summary)) for summary in self.summaries]

    def section(self, rule: Rule, show: str = "all") -> Section:
        visible = {point.key for point in points.visible_points(self.sheet, rule)}
        items = []
        for point in rule.points:
            shown = point.key in visible and self.shows(point, show)
            # The others keep a place: an answer to another point can make them appear.
            items.append(Item(point, self.card(point) if shown else None))
        summary = self.summaries[rule.number - 1]
        return Section(
            rule=rule,
            summary=summary,
            stone=marks.stone(summary),
            items=tuple(items),
            defaults=sum(
                self.is_mine_to_confirm_unread(point)
                for point in rule.points
                if point.key in visible
            ),
            may_take_defaults=all(
                self.may_edit(point) for point in rule.points if point.key in visible
            ),
        )

    def sections(self, show: str = "all") -> list[Section]:
        return [self.section(rule, show) for rule in self.sheet.book.rules]

    @cached_property
    def offers_fast_track(self) -> bool:
        """The sentence would still do something for the reader's firm."""
        return any(
            self.is_mine_to_confirm_unread(point) for point in points.visible_points(self.sheet)
        )

    def is_mine_to_confirm_unread(self, point: Point) -> bool:
        """Whether "take the defaults of this rule" would do anything here for the reader's firm."""
        if self.me is None or point.fast_track != "default" or not self.may_edit(point):
            return False
        if self.sheet.talks.get(point.key):
            return False
        is_default = points.is_unchanged_default(self.sheet, point)
        if self.sheet.given(point, self.me.key) is None:
            return is_default or points.revision(self.sheet, point) == 0
        return is_default and self.me.key in points.unconfirmed(self.sheet, point)


def changed_with(point: Point, before: Sheet, after: Sheet) -> list[Point]:
    """Other points whose card changed with an answer to ``point``: they appear, go or read anew."""
    found = []
    for other in after.book.points.values():
        if other.key == point.key:
            continue
        appears = points.is_visible(before, other) != points.is_visible(after, other)
        leads = other.lead_rule is not None and point.key in (
            other.lead_rule.lead_from,
            other.lead_rule.contract_from,
        )
        if appears or leads:
            found.append(other)
    return found
