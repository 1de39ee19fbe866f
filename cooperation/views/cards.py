"""What the pages show of an agreement: cards of points, sections of rules, the summary.

Built from one ``points.Sheet``, so a fragment shows exactly what a reload shows, and the number of
queries does not depend on the number of points or firms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import get_language

from cooperation import associations, marks, nothing_between, origins, points
from cooperation.association_worth import Beside
from cooperation.associations import Clash
from cooperation.before import Change, Earlier, change, unchanged_from
from cooperation.book import Party, Point, Rule
from cooperation.first_round import Entry
from cooperation.kinds import Description
from cooperation.points import (
    Blocker,
    Confirmed,
    Given,
    Look,
    PairKey,
    Reason,
    RuleSummary,
    Sheet,
    State,
    Talk,
)
from cooperation.widgets import Widget

SHOW = ("all", "open", "mine")
SETTLED = (State.AGREED, State.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer in plain words, and whose it is."""

    party: Party | None  # none for a joint answer
    mine: bool
    given: Given | None
    description: Description | None
    by_firm: str = ""

    @property
    def taken_from(self) -> str:
        """Where the answer was taken from; empty for one that was given here."""
        return origins.words(self.given.origin, self.given.source) if self.given else ""


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
    seen: int = 0  # of all firms' parts, for a point per partner
    widget: Widget | None = None
    text: str = ""  # comment or note
    errors: tuple[str, ...] = ()
    stale: Stale | None = None
    beside: Beside | None = None  # at a table of associations


def place_of(point: Point, other: Party | None) -> str:
    """The id of a card on the page."""
    return f"point-{point.key}--{other.key}" if other else f"point-{point.key}"


@dataclass(frozen=True)
class Card:
    """One point; of one that pairs settle, what stands between the reader's firm and ``other``."""

    point: Point
    look: Look
    saids: tuple[Said, ...]
    me: Party | None
    may_edit: bool
    waits_for: tuple[Party, ...]
    mine: bool  # it is the reader's turn
    blocker: Blocker | None
    firms: Mapping[str, str]  # names by key
    other: Party | None
    grouped: bool  # stands in a ``Group``, which asks the question
    query: str  # the filter and the other firm, for links and forms
    before: tuple[Change, ...] = ()  # what stood there in earlier texts, where it differs
    comments: int = 0  # that the reader can read
    is_folded: bool = False  # on the fast track: the default stands, nothing to read here
    first_round: Entry | None = None  # what the firms said in it, while that is not settled
    form: Form | None = None
    problem: str = ""  # why the last click did nothing

    @property
    def id(self) -> str:
        return place_of(self.point, self.other if self.grouped else None)

    @property
    def state(self) -> State:
        return self.look.state

    @property
    def is_empty(self) -> bool:
        return not any(said.given for said in self.saids)

    @property
    def is_loud(self) -> bool:
        """Its next step is the one to see; not where many cards of one point stand below."""
        return self.mine and not self.grouped

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
        return replace(self.blocker, between=()).sentence if self.blocker is not None else ""

    @property
    def answer_first(self) -> bool:
        """Answering is what to do here, not one of the other things."""
        return self.own is None and not self.can_confirm and not self.can_take_default

    @property
    def own_not_applicable(self) -> bool:
        return self.own is not None and not self.own.is_applicable

    @property
    def asks_for_associations(self) -> bool:
        return associations.is_table(self.point)

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What does not go together in a table of associations."""
        given = self.look.given
        parties = [Party(key, name) for key, name in self.firms.items()]
        return associations.clashes(self.point, given.value if given else None, parties)

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
class Elsewhere:
    """The quiet line below the reader's own pairs: how many others have still to settle it."""

    number: int
    firms: tuple[str, ...]  # the first few, each "A – B"

    @property
    def more(self) -> int:
        return self.number - len(self.firms)


PAIRS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A point that is settled between two firms at a time: one card for each of the reader's."""

    point: Point
    state: State
    cards: tuple[Card, ...]
    elsewhere: Elsewhere
    settled: int  # of the reader's pairs
    total: int
    offers_nothing: bool  # "nothing between us" could be said to more than one firm
    query: str

    @property
    def id(self) -> str:
        return f"point-{self.point.key}"

    @property
    def has_default(self) -> bool:
        return self.point.default_value is not None


@dataclass(frozen=True, slots=True)
class Item:
    """A point's place in its rule; empty while the point is not asked or filtered out."""

    point: Point
    card: Card | None = None
    group: Group | None = None


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
    def shown(self) -> int:
        return sum(item.card is not None or item.group is not None for item in self.items)


class Desk:
    """One agreement as one person sees it."""

    def __init__(
        self,
        sheet: Sheet,
        me: Party | None,
        *,
        may_edit: Callable[[Point], bool],
        show: str = "all",
        assumed: Mapping[str, str] | None = None,
        comments: Mapping[tuple[str, PairKey | None], int] | None = None,
        first_round: Mapping[str, Entry] | None = None,
        earlier: Sequence[Earlier] = (),
    ) -> None:
        self.sheet, self.me, self.may_edit, self.show = sheet, me, may_edit, show
        self.assumed = assumed or {}
        self.comments = comments or {}
        self.first_round = first_round or {}
        self.earlier = earlier
        self.language = get_language() or "de"

    @cached_property
    def blockers(self) -> list[Blocker]:
        return points.blockers(self.sheet)

    @cached_property
    def _blocker_of(self) -> Mapping[tuple[str, PairKey | None], Blocker]:
        return {(each.point.key, each.pair): each for each in self.blockers if each.point}

    @cached_property
    def summaries(self) -> list[RuleSummary]:
        return points.summary(self.sheet)

    @cached_property
    def mark(self) -> marks.Mark:
        return marks.mark(self.summaries)

    def is_mine(self, point: Point, sheet: Sheet) -> bool:
        """Whether what stands there waits for the reader."""
        blocker = self._blocker_of.get((point.key, sheet.pair))
        return bool(
            blocker and self.me and points.is_turn_of(blocker, self.me.key) and self.may_edit(point)
        )

    def pairs(self, point: Point) -> list[tuple[Party | None, Sheet]]:
        """Where the reader finds the point: once, or with each other firm."""
        if not point.pairwise:
            return [(None, self.sheet)]
        return [*self.sheet.pairs_of(self.me.key)] if self.me else []

    @cached_property
    def settled(self) -> int:
        return sum(summary.settled for summary in self.summaries)

    @cached_property
    def total(self) -> int:
        return sum(summary.total for summary in self.summaries)

    @cached_property
    def waiting_parties(self) -> list[tuple[Party, int]]:
        """Whose turn it is, and at how many points."""
        counted = [
            (party, sum(points.is_turn_of(blocker, party.key) for blocker in self.blockers))
            for party in self.sheet.parties
        ]
        return [(party, number) for party, number in counted if number]

    @cached_property
    def progress(self) -> list[tuple[Rule, list[int]]]:
        """Per rule, at how many points each firm is waited for, in the order of the parties."""
        rows = []
        for rule in self.sheet.book.rules:
            here = [b for b in self.blockers if b.point is not None and b.point.rule == rule.key]
            rows.append(
                (
                    rule,
                    [
                        sum(points.is_turn_of(blocker, party.key) for blocker in here)
                        for party in self.sheet.parties
                    ],
                )
            )
        return rows

    def said(self, sheet: Sheet, point: Point, party: Party | None, given: Given | None) -> Said:
        description = (
            points.described(sheet, point, given, self.language) if given is not None else None
        )
        return Said(
            party=party,
            mine=party is not None and party == self.me,
            given=given,
            description=description,
            by_firm=sheet.name(given.party) if given else "",
        )

    def card(self, point: Point, other: Party | None = None, **more: Any) -> Card:
        """The card of a point; of a pairwise one with ``other``. ``KeyError``: no such pair."""
        sheet = self.sheet
        if point.pairwise:
            if self.me is None or other is None:
                raise KeyError(point.key)
            sheet = sheet.between(self.me.key, other.key)
        look = points.look(sheet, point)
        if point.per_partner:
            saids = tuple(self.said(sheet, point, party, given) for party, given in look.by_party)
        else:
            saids = (self.said(sheet, point, None, look.given),)
        blocker = self._blocker_of.get((point.key, sheet.pair))
        waits = blocker.parties if blocker and blocker.reason is not Reason.TALK else ()
        return Card(
            point=point,
            look=look,
            saids=saids,
            me=self.me,
            may_edit=self.me is not None and self.may_edit(point),
            waits_for=tuple(party for party in sheet.parties if party.key in waits),
            mine=self.is_mine(point, sheet),
            blocker=blocker,
            firms={party.key: party.name for party in sheet.parties},
            other=other,
            grouped=self.groups(point),
            query=self.query(other),
            before=self._before(point, sheet),
            comments=self.comments.get((point.key, sheet.pair), 0),
            # Whoever asks for what is open or waits for them wants to see it.
            is_folded=self.show == "all" and points.is_folded(sheet, point) and not more,
            first_round=self.said_first(point, look.state),
            **more,
        )

    @cached_property
    def unchanged_from(self) -> int | None:
        """The version in force, while nothing in its draft differs from it yet."""
        return unchanged_from(self.earlier, self.sheet, self.me.key) if self.me else None

    def _before(self, point: Point, sheet: Sheet) -> tuple[Change, ...]:
        """What stood at the point in the texts that were fixed before, where it differs."""
        found = (change(each, sheet, point, self.language) for each in self.earlier)
        return tuple(each for each in found if each is not None)

    def said_first(self, point: Point, state: State) -> Entry | None:
        """What the firms said in the first round, until the point is settled."""
        if state in (State.AGREED, State.NOT_APPLICABLE):
            return None
        return self.first_round.get(point.key)

    def query(self, other: Party | None = None) -> str:
        """The filter of the checklist and the other firm, carried along by links and forms."""
        carried = {} if self.show == "all" else {"show": self.show}
        carried |= self.assumed
        if other is not None:
            carried["mit"] = other.key
        return f"?{urlencode(carried)}" if carried else ""

    def place(self, point: Point, other: Party | None) -> str:
        return place_of(point, other if self.groups(point) else None)

    def groups(self, point: Point) -> bool:
        """Whether the point has a card per pair; between two firms it is a point like others."""
        return point.pairwise and len(self.sheet.parties) != 2

    def group(self, point: Point, show: str = "all") -> Group:
        """All that the reader may know of a pairwise point."""
        pairs = [(other, pair) for other, pair in self.pairs(point) if other is not None]
        open_ones = [
            each for each in self.sheet.elsewhere if each.point == point.key and each.blocks
        ]
        names = [" – ".join(map(self.sheet.name, each.pair)) for each in open_ones]
        settled = [points.state(pair, point) in SETTLED for _other, pair in pairs]
        may_edit = self.me is not None and self.may_edit(point)
        free = [
            pair
            for _other, pair in pairs
            if self.me and nothing_between.may_be_said(pair, point, self.me.key)
        ]
        return Group(
            point=point,
            state=points.state(self.sheet, point),
            cards=tuple(
                self.card(point, other) for other, pair in pairs if self._shows(point, pair, show)
            ),
            elsewhere=Elsewhere(len(names), tuple(names[:PAIRS_NAMED])),
            settled=sum(settled),
            total=len(pairs),
            offers_nothing=may_edit and len(free) > 1,
            query=self.query(),
        )

    def _shows(self, point: Point, sheet: Sheet, show: str) -> bool:
        if show == "mine":
            return self.is_mine(point, sheet)
        if show == "open":
            return points.state(sheet, point) not in SETTLED
        return True

    def item(self, point: Point, show: str) -> Item:
        """A visible point under the filter."""
        if not self.groups(point):
            pairs = [
                (o, sheet) for o, sheet in self.pairs(point) if self._shows(point, sheet, show)
            ]
            return Item(point, card=self.card(point, pairs[0][0]) if pairs else None)
        group = self.group(point, show)
        open_elsewhere = show == "open" and group.elsewhere.number
        shown = group.cards or show == "all" or open_elsewhere
        return Item(point, group=group if shown else None)

    @cached_property
    def overview(self) -> list[Overview]:
        return [Overview(summary.rule, summary, marks.stone(summary)) for summary in self.summaries]

    def section(self, rule: Rule, show: str = "all") -> Section:
        visible = {point.key for point in points.visible_points(self.sheet, rule)}
        # Points that are not shown keep a place: an answer to another can make them appear.
        items = [
            self.item(point, show) if point.key in visible else Item(point) for point in rule.points
        ]
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
        me = self.me
        if me is None or point.fast_track != "default" or not self.may_edit(point):
            return False
        return any(self._is_unread_default(point, sheet, me) for _o, sheet in self.pairs(point))

    def _is_unread_default(self, point: Point, sheet: Sheet, me: Party) -> bool:
        if sheet.talks.get(point.key):
            return False
        is_default = points.is_unchanged_default(sheet, point)
        if sheet.given(point, me.key) is None:
            return is_default or points.revision(sheet, point) == 0
        return is_default and me.key in points.unconfirmed(sheet, point)


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
