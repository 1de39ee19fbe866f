"""Where each point of an agreement stands, and what keeps it from being signed. Pure.

A ``Sheet`` is everything these functions may know about one agreement; ``sheets.load`` reads it.

Points that are settled between two firms at a time (``point.pairwise``) have a sheet of their own
for every pair, ``sheet.between(a, b)``: to all functions here it is an agreement of two firms. On
the sheet of the whole agreement such a point has no answer, only a state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import kinds
from cooperation.book import Book, Party, Point, Rule, Value

NOT_APPLICABLE = "not_applicable"
# How much of the book is asked, as in ``models.Agreement.Depth``.
EXPLORATORY, FAST_TRACK, FULL = "exploratory", "fast_track", "full"

PairKey = tuple[str, str]  # keys of two firms, in the order of the agreement


class State(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    AGREED = "agreed"
    NEEDS_TALK = "needs_talk"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> str:
        return {
            State.OPEN: _("Still open"),
            State.PROPOSED: _("Proposed"),
            State.AGREED: _("Agreed"),
            State.NEEDS_TALK: _("Needs a talk"),
            State.NOT_APPLICABLE: _("Not applicable"),
        }[self]

    @property
    def tag(self) -> str:
        """The last part of the state's CSS class."""
        return {State.NEEDS_TALK: "talk", State.NOT_APPLICABLE: "na"}.get(self, self.value)


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as it stands."""

    value: Value | None  # None: marked as not applicable
    note: str = ""  # why it is not applicable
    origin: str = "proposed"
    revision: int = 1
    by: str = ""  # the person's name
    party: str = ""  # key of the firm the person acted for
    at: datetime | None = None
    source: Mapping[str, Any] = field(default_factory=dict)  # what the origin is, for ``reuse``

    @property
    def is_applicable(self) -> bool:
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Confirmed:
    party: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """An open request to talk."""

    id: UUID
    party: str
    by: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signers:
    """How many people of a firm have to sign, and how many may."""

    needed: int
    available: int


@dataclass(frozen=True)
class Sheet:
    """One agreement, as the pure functions see it."""

    book: Book
    parties: tuple[Party, ...]
    answers: Mapping[tuple[str, str | None], Given] = field(default_factory=dict)
    confirmations: Mapping[str, tuple[Confirmed, ...]] = field(default_factory=dict)
    talks: Mapping[str, tuple[Talk, ...]] = field(default_factory=dict)
    fast_track: bool = False  # somebody said "im Sinne vom Kodex"
    invited: tuple[str, ...] = ()  # names of firms that have not answered their invitation
    signers: Mapping[str, Signers] = field(default_factory=dict)
    depth: str = FULL
    pairs: "Mapping[PairKey, Sheet]" = field(default_factory=dict)
    elsewhere: "tuple[Elsewhere, ...]" = ()
    pair: PairKey | None = None  # set on the sheet of two firms

    @cached_property
    def joint(self) -> Mapping[str, Value]:
        """The joint answers that have a value, by point key."""
        return {
            key: given.value
            for (key, party), given in self.answers.items()
            if party is None and given.value is not None
        }

    def name(self, party: str) -> str:
        return next((each.name for each in self.parties if each.key == party), "")

    def given(self, point: Point, party: str | None = None) -> Given | None:
        """The answer to ``point``: the joint one, or for a point per partner that of ``party``."""
        return self.answers.get((point.key, party if point.per_partner else None))

    def between(self, one: str, other: str) -> "Sheet":
        """What two firms settle between them. ``KeyError``: no pair, or not for this reader."""
        return self.pairs[(one, other) if (one, other) in self.pairs else (other, one)]

    def pairs_of(self, party: str) -> "list[tuple[Party, Sheet]]":
        """The pairs of one firm, each with the other firm, in the order of the agreement."""
        return [
            (next(each for each in sheet.parties if each.key != party), sheet)
            for key, sheet in self.pairs.items()
            if party in key
        ]

    def seen_by(self, party: str | None) -> "Sheet":
        """The same sheet without what other pairs settle: their values are not in it at all."""
        asked = [point for point in visible_points(self) if point.pairwise]
        return replace(
            self,
            pairs={key: pair for key, pair in self.pairs.items() if party in key},
            elsewhere=self.elsewhere
            + tuple(
                _standing(pair, point, key)
                for key, pair in self.pairs.items()
                if party not in key
                for point in asked
            ),
        )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Whether a point is settled between two other firms; what they say, and how, is theirs."""

    point: str
    pair: PairKey
    settled: bool  # also where it does not apply, or may stay open
    blocks: bool

    @property
    def state(self) -> "State":
        return State.AGREED if self.settled else State.OPEN


def _standing(pair: Sheet, point: Point, key: PairKey) -> Elsewhere:
    settled = state(pair, point) in (State.AGREED, State.NOT_APPLICABLE)
    return Elsewhere(point.key, key, settled, point_blocker(pair, point) is not None)


def is_visible(sheet: Sheet, point: Point) -> bool:
    """Whether the point is asked at all: within the depth, and its condition is met."""
    if sheet.depth == EXPLORATORY and point.stage != EXPLORATORY:
        return False
    return applies(sheet, point)


def applies(sheet: Sheet, point: Point) -> bool:
    """Whether its condition is met. While the answer it hangs on is missing, it is not."""
    condition = point.visible_if
    if condition is None:
        return True
    other = sheet.book.point(condition.point)
    value = sheet.joint.get(other.key)
    if value is None or not applies(sheet, other):
        return False
    chosen = value.get("choices") or [value.get("choice") or value.get("answer")]
    return condition.values.isdisjoint(chosen) is condition.negated


def revision(sheet: Sheet, point: Point, party: str | None = None) -> int:
    """The number a form carries along, 0 before the first answer; it grows with every change.

    For a point per partner: of ``party``'s own answer, or without ``party`` of all of them.
    """
    if not point.per_partner or party is not None:
        given = sheet.given(point, party)
        return 0 if given is None else given.revision
    return sum(g.revision for (key, _party), g in sheet.answers.items() if key == point.key)


def missing_answers(sheet: Sheet, point: Point) -> tuple[str, ...]:
    """Parties whose own answer is missing; of a joint point all of them until there is one."""
    return tuple(party.key for party in sheet.parties if sheet.given(point, party.key) is None)


def unconfirmed(sheet: Sheet, point: Point) -> tuple[str, ...]:
    """Parties that have not confirmed what stands there now."""
    done = {confirmed.party for confirmed in sheet.confirmations.get(point.key, ())}
    return tuple(party.key for party in sheet.parties if party.key not in done)


def all_given(sheet: Sheet, point: Point) -> list[Given]:
    """Every answer that stands there: one at most, or those of the firms."""
    if not point.per_partner:
        given = sheet.given(point)
        return [] if given is None else [given]
    each = (sheet.given(point, party.key) for party in sheet.parties)
    return [given for given in each if given is not None]


def is_valid(sheet: Sheet, point: Point) -> bool:
    """Whether what stands there still holds for the parties of today."""
    return all(
        given.value is None or kinds.still_valid(given.value, point, sheet.parties)
        for given in all_given(sheet, point)
    )


def lead_is_missing(sheet: Sheet, point: Point) -> bool:
    """Whether the point stands at a default that needs a lead, and there will not be one.

    While nobody has answered who leads, that question itself is what is open.
    """
    rule, given = point.lead_rule, sheet.given(point)
    if rule is None or given is None or given.value is None:
        return False
    if kinds.resolve(given.value, point, sheet.parties, sheet.joint) is not None:
        return False
    lead = sheet.book.point(rule.lead_from)
    return sheet.given(lead) is not None or not lead.required


def state(sheet: Sheet, point: Point) -> State:
    """Where the point stands. Agreed only when every firm has confirmed what stands there now."""
    if point.pairwise and sheet.pair is None:
        return _state_of_pairs(sheet, point)
    if sheet.talks.get(point.key):
        return State.NEEDS_TALK
    given = all_given(sheet, point)
    if not given:
        return State.OPEN
    answered = not missing_answers(sheet, point) or (point.per_partner and not point.required)
    if not answered or unconfirmed(sheet, point):
        return State.PROPOSED
    if not any(each.is_applicable for each in given):
        return State.NOT_APPLICABLE
    return State.AGREED


def _state_of_pairs(sheet: Sheet, point: Point) -> State:
    """A point that each pair settles by itself: agreed when all have."""
    states = {state(pair, point) for pair in sheet.pairs.values()}
    states |= {each.state for each in sheet.elsewhere if each.point == point.key}
    if State.NEEDS_TALK in states:
        return State.NEEDS_TALK
    if states <= {State.OPEN}:
        return State.OPEN
    if states == {State.NOT_APPLICABLE}:
        return State.NOT_APPLICABLE
    return State.AGREED if states <= {State.AGREED, State.NOT_APPLICABLE} else State.PROPOSED


def is_left_out(sheet: Sheet, point: Point) -> bool:
    """On the fast track: a point nobody answered and that does without an answer."""
    if sheet.depth != FAST_TRACK or point.fast_track != "skip":
        return False
    if point.pairwise and sheet.pair is None:
        return state(sheet, point) is State.OPEN
    return not all_given(sheet, point)


def is_folded(sheet: Sheet, point: Point) -> bool:
    """On the fast track: nothing to ask here, the default stands or the point is left out."""
    if sheet.depth != FAST_TRACK or point.fast_track == "ask" or sheet.talks.get(point.key):
        return False
    return is_left_out(sheet, point) or is_unchanged_default(sheet, point)


class Compared(StrEnum):
    """How an answer relates to the Kodex default."""

    SAME = "same"
    SUPPLEMENTED = "supplemented"  # the default, and a note that says more
    DIFFERENT = "different"
    OWN = "own"  # the Kodex has no default here
    NOT_APPLICABLE = "not_applicable"
    LEFT_OUT = "left_out"
    OPEN = "open"
    ANNEX = "annex"  # settled between two firms at a time: only their annex says how

    @property
    def is_deviation(self) -> bool:
        return self in (Compared.SUPPLEMENTED, Compared.DIFFERENT, Compared.NOT_APPLICABLE)

    @property
    def label(self) -> str:
        return {
            Compared.SAME: _("As in the Kodex"),
            Compared.SUPPLEMENTED: _("As in the Kodex, with a note"),
            Compared.DIFFERENT: _("Differs from the Kodex default"),
            Compared.OWN: _("Own answer"),
            Compared.NOT_APPLICABLE: _("Not applicable"),
            Compared.LEFT_OUT: _("Left out on the fast track"),
            Compared.OPEN: _("Still open"),
            Compared.ANNEX: _("In an annex of the two firms concerned"),
        }[self]


def compared(sheet: Sheet, point: Point) -> Compared:
    """How what stands at the point relates to the default of the book."""
    if point.pairwise and sheet.pair is None:
        return Compared.ANNEX
    given = all_given(sheet, point)
    if not given:
        return Compared.LEFT_OUT if is_left_out(sheet, point) else Compared.OPEN
    values = [each.value for each in given if each.value is not None]
    if not values:
        return Compared.NOT_APPLICABLE
    if point.default_value is None:
        return Compared.OWN
    if not all(kinds.same_as_default(v, point, sheet.parties, sheet.joint) for v in values):
        return Compared.DIFFERENT
    return Compared.SUPPLEMENTED if any(v.get("note") for v in values) else Compared.SAME


def is_unchanged_default(sheet: Sheet, point: Point) -> bool:
    """Whether a firm may confirm the point unread: it is the default and nothing else.

    For a point per partner this looks at every answer that is there.
    """
    given = all_given(sheet, point)
    return bool(given) and all(
        each.value is not None and kinds.is_default(each.value, point, sheet.parties, sheet.joint)
        for each in given
    )


# ---- One look for pages ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """A point as a page shows it."""

    point: Point
    state: State
    compared: Compared
    given: Given | None  # the joint answer
    by_party: tuple[tuple[Party, Given | None], ...]  # the answers of a point per partner
    confirmed: tuple[Confirmed, ...]
    unconfirmed: tuple[Party, ...]
    missing: tuple[Party, ...]  # whose own answer is missing
    talks: tuple[Talk, ...]
    revision: int  # for confirming
    is_valid: bool
    is_left_out: bool


def look(sheet: Sheet, point: Point) -> Look:
    parties = {party.key: party for party in sheet.parties}
    return Look(
        point=point,
        state=state(sheet, point),
        compared=compared(sheet, point),
        given=None if point.per_partner else sheet.given(point),
        by_party=tuple((party, sheet.given(point, party.key)) for party in sheet.parties)
        if point.per_partner
        else (),
        confirmed=sheet.confirmations.get(point.key, ()),
        unconfirmed=tuple(parties[key] for key in unconfirmed(sheet, point)),
        missing=tuple(parties[key] for key in missing_answers(sheet, point)),
        talks=sheet.talks.get(point.key, ()),
        revision=revision(sheet, point),
        is_valid=is_valid(sheet, point),
        is_left_out=is_left_out(sheet, point),
    )


def visible_points(sheet: Sheet, rule: Rule | None = None) -> list[Point]:
    points: Iterable[Point] = sheet.book.points.values() if rule is None else rule.points
    return [point for point in points if is_visible(sheet, point)]


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One of the seven segments: how many points stand where. Left-out ones do not count."""

    rule: Rule
    counts: Mapping[State, int]
    left_out: int
    blocked: int  # points that keep the agreement from being signed

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        return self.counts[State.AGREED] + self.counts[State.NOT_APPLICABLE]

    @property
    def state(self) -> State:
        """The segment's state: a talk first, then settled, proposed, open."""
        if self.counts[State.NEEDS_TALK]:
            return State.NEEDS_TALK
        if not self.blocked and (self.settled or not self.total):
            return State.AGREED
        return State.PROPOSED if self.counts[State.PROPOSED] or self.settled else State.OPEN


def summary(sheet: Sheet) -> list[RuleSummary]:
    """The state of each rule, in order."""
    blocked = {blocker.point.key for blocker in blockers(sheet) if blocker.point}
    result = []
    for rule in sheet.book.rules:
        counts = dict.fromkeys(State, 0)
        left_out = stopped = 0
        for point in visible_points(sheet, rule):
            stopped += point.key in blocked
            if is_left_out(sheet, point):
                left_out += 1
            else:
                counts[state(sheet, point)] += 1
        result.append(RuleSummary(rule, counts, left_out, stopped))
    return result


# ---- What blocks signing -----------------------------------------------------------------------


class Reason(StrEnum):
    FEW_PARTIES = "few_parties"
    INVITED = "invited"
    NO_SIGNER = "no_signer"
    OPEN = "open"
    UNANSWERED = "unanswered"
    UNCONFIRMED = "unconfirmed"
    TALK = "talk"
    INVALID = "invalid"
    NO_LEAD = "no_lead"
    ELSEWHERE = "elsewhere"  # two other firms have not settled it


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that keeps the agreement from being signed, and whose turn it is."""

    reason: Reason
    point: Point | None = None
    parties: tuple[str, ...] = ()  # keys of the firms whose turn it is
    names: tuple[str, ...] = ()
    pair: PairKey | None = None
    between: tuple[str, ...] = ()  # names of the pair, where there are more firms than these two

    @property
    def sentence(self) -> str:
        """In the language of the request."""
        if self.between:
            said = replace(self, between=()).sentence
            return _("%(firms)s: %(said)s") % {"firms": _list(self.between), "said": said}
        names = _list(self.names)
        return {
            Reason.FEW_PARTIES: lambda: _("At least two firms have to take part."),
            Reason.INVITED: lambda: ngettext(
                "%(names)s has not answered the invitation yet.",
                "%(names)s have not answered the invitation yet.",
                len(self.names),
            ),
            Reason.NO_SIGNER: lambda: _(
                "%(names)s has too few people who may sign. The firm's admin can give this right."
            ),
            Reason.OPEN: lambda: _("Nobody has answered this point yet."),
            Reason.UNANSWERED: lambda: ngettext(
                "The answer of %(names)s is missing.",
                "The answers of %(names)s are missing.",
                len(self.names),
            ),
            Reason.UNCONFIRMED: lambda: ngettext(
                "%(names)s has not confirmed this point yet.",
                "%(names)s have not confirmed this point yet.",
                len(self.names),
            ),
            Reason.TALK: lambda: _("%(names)s would like to talk about this point."),
            Reason.INVALID: lambda: _(
                "The answer does not fit the firms that take part now. Please look at it again."
            ),
            Reason.NO_LEAD: lambda: _(
                "The Kodex default needs a leading partner. Please name one, or fill in the table."
            ),
            Reason.ELSEWHERE: lambda: _("%(names)s have still to settle this between them."),
        }[self.reason]() % {"names": names}


def _list(names: tuple[str, ...]) -> str:
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s and %(last)s") % {"some": ", ".join(names[:-1]), "last": names[-1]}


def blockers(sheet: Sheet) -> list[Blocker]:
    """Everything that keeps the agreement from being signed, in the order of the book."""
    found = []
    if len(sheet.parties) < 2:
        found.append(Blocker(Reason.FEW_PARTIES))
    if sheet.invited:
        found.append(Blocker(Reason.INVITED, names=sheet.invited))
    for party in sheet.parties:
        signers = sheet.signers.get(party.key)
        if signers is not None and signers.available < signers.needed:
            found.append(Blocker(Reason.NO_SIGNER, None, (party.key,), (party.name,)))
    for point in visible_points(sheet):
        if not point.pairwise or sheet.pair is not None:
            here = [point_blocker(sheet, point)]
        else:
            here = [point_blocker(pair, point) for pair in sheet.pairs.values()]
            here += [
                Blocker(Reason.ELSEWHERE, point, each.pair, tuple(map(sheet.name, each.pair)))
                for each in sheet.elsewhere
                if each.blocks and each.point == point.key
            ]
        named = len(sheet.parties) > 2
        found += [
            replace(blocker, between=tuple(map(sheet.name, blocker.pair)))
            if blocker.pair and named
            else blocker
            for blocker in here
            if blocker is not None
        ]
    return found


def point_blocker(sheet: Sheet, point: Point) -> Blocker | None:
    """Why this (visible) point keeps the agreement from being signed; None if it does not."""

    def because(reason: Reason, keys: tuple[str, ...]) -> Blocker:
        names = tuple(sheet.name(key) for key in keys)
        return Blocker(reason, point, keys, names, sheet.pair)

    everybody = tuple(party.key for party in sheet.parties)
    stands = state(sheet, point)
    if stands is State.NEEDS_TALK:
        raised = {talk.party for talk in sheet.talks[point.key]}
        return because(Reason.TALK, tuple(key for key in everybody if key in raised))
    if stands is State.OPEN:
        return because(Reason.OPEN, everybody) if point.required else None
    if not is_valid(sheet, point):
        return because(Reason.INVALID, everybody)
    if lead_is_missing(sheet, point):
        return because(Reason.NO_LEAD, everybody)
    missing = missing_answers(sheet, point)
    if missing and point.required:
        return because(Reason.UNANSWERED, missing)
    waiting = unconfirmed(sheet, point)
    return because(Reason.UNCONFIRMED, waiting) if waiting else None


def is_turn_of(blocker: Blocker, party: str) -> bool:
    """Whether the point waits for this firm. A talk waits for everybody whose point it is."""
    if blocker.point is None:
        return False
    if blocker.reason is Reason.TALK:
        return blocker.pair is None or party in blocker.pair
    return party in blocker.parties


def turns(sheet: Sheet, party: str) -> list[Point]:
    """Points that wait for this firm: to answer or to confirm; one of a pair for each pair."""
    found = (blocker for blocker in blockers(sheet) if is_turn_of(blocker, party))
    return [blocker.point for blocker in found if blocker.point is not None]


def described(sheet: Sheet, point: Point, given: Given, language: str) -> kinds.Description:
    """What was answered, in plain words."""
    if given.value is None:
        words = {"de": "Entfällt", "en": "Not applicable"}
        said = words["de" if language.startswith("de") else "en"]
        return kinds.Description((said,), note=given.note)
    return kinds.describe(given.value, point, sheet.parties, language, sheet.joint)
