"""What is asked in a first round, and how the firms' answers to it compare. Pure.

Each firm answers alone. What they said meets here for the first time, when the round is opened to
all: the same, different, still open, or each firm's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import kinds
from cooperation.book import Book, Party, Point, Rule, Text, Value

NOT_APPLICABLE = Text("Entfällt", "Not applicable")


class Outcome(StrEnum):
    """Where a point stands after the first round. The order is that of the agenda."""

    DIFFERENCE = "difference"
    OPEN = "open"
    MATCH = "match"
    EACH_OWN = "each_own"

    @property
    def label(self) -> str:
        return {
            Outcome.DIFFERENCE: _("Different answers"),
            Outcome.OPEN: _("Still open"),
            Outcome.MATCH: _("Same answer"),
            Outcome.EACH_OWN: _("Each firm for itself"),
        }[self]

    @property
    def tag(self) -> str:
        """The last part of the CSS class of its tag."""
        return {
            Outcome.DIFFERENCE: "talk",
            Outcome.OPEN: "open",
            Outcome.MATCH: "agreed",
            Outcome.EACH_OWN: "proposed",
        }[self]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one firm says to one point."""

    value: Value | None  # canonical; None: does not apply to us
    note: str = ""  # why it does not apply
    revision: int = 1
    by: str = ""  # the person's name

    @property
    def is_applicable(self) -> bool:
        return self.value is not None


Replies = Mapping[str, Reply]  # of one firm, by point key


@dataclass(frozen=True, slots=True)
class Topic:
    """One point after the round: who said what, and how it compares."""

    point: Point
    outcome: Outcome
    replies: tuple[tuple[Party, Reply | None], ...]  # every firm of the round, in its order
    fits: bool = True  # what they said names only firms that take part

    @property
    def given(self) -> tuple[tuple[Party, Reply], ...]:
        return tuple((party, reply) for party, reply in self.replies if reply is not None)

    @property
    def missing(self) -> tuple[Party, ...]:
        return tuple(party for party, reply in self.replies if reply is None)

    @property
    def those_who_answered_agree(self) -> bool:
        """It is open only because somebody has not answered."""
        said = self.given
        return bool(
            self.outcome is Outcome.OPEN
            and self.fits
            and not self.point.per_partner
            and len(said) > 1
            and all(same(said[0][1], reply) for _party, reply in said[1:])
        )

    @property
    def match(self) -> Reply | None:
        """What all firms said alike; the wording is that of the first firm."""
        return self.given[0][1] if self.outcome is Outcome.MATCH else None


@dataclass(frozen=True)
class Agenda:
    """The result of a round: what to talk about first, and what is settled already."""

    book: Book
    parties: tuple[Party, ...]  # the firms that took part in the round
    handed_in: Mapping[str, Replies]  # by party key; who is missing had not handed in
    topics: tuple[Topic, ...]  # in the order of the book

    def of(self, outcome: Outcome) -> tuple[Topic, ...]:
        return tuple(topic for topic in self.topics if topic.outcome is outcome)

    @property
    def differences(self) -> tuple[Topic, ...]:
        return self.of(Outcome.DIFFERENCE)

    @property
    def open(self) -> tuple[Topic, ...]:
        return self.of(Outcome.OPEN)

    @property
    def matches(self) -> tuple[Topic, ...]:
        return self.of(Outcome.MATCH)

    @property
    def own(self) -> tuple[Topic, ...]:
        return self.of(Outcome.EACH_OWN)

    @property
    def counts(self) -> dict[str, int]:
        """How many points came out how: all that the log says."""
        return {outcome.value: len(self.of(outcome)) for outcome in Outcome}

    @property
    def hidden(self) -> tuple[Party, ...]:
        """Firms that had not handed in when the round was ended."""
        return tuple(party for party in self.parties if party.key not in self.handed_in)

    @property
    def to_talk(self) -> int:
        return len(self.differences) + len(self.open)

    def entries(self, outcome: Outcome, language: str) -> list["Entry"]:
        """The points that came out like this, in plain words."""
        return [entry(self, topic, language) for topic in self.of(outcome)]

    @cached_property
    def by_key(self) -> Mapping[str, Topic]:
        return {topic.point.key: topic for topic in self.topics}


def is_asked(point: Point) -> bool:
    """Whether the point is part of a first round: for the first talk, and for every firm alone.

    A point that hangs on another answer is left out, since one firm's answer would decide what the
    others are asked; and so is what two firms settle between them, since all see the result.
    """
    return point.stage == "exploratory" and point.visible_if is None and not point.pairwise


def asked(book: Book) -> list[Point]:
    """The points of a first round, in the order of the book."""
    return [point for point in book.points.values() if is_asked(point)]


def rules(book: Book) -> list[tuple[Rule, list[Point]]]:
    """The rules with their points of the round; without rules that have none."""
    found = [(rule, [point for point in rule.points if is_asked(point)]) for rule in book.rules]
    return [(rule, points) for rule, points in found if points]


def joint(book: Book, replies: Replies) -> Mapping[str, Value]:
    """One firm's answers to joint points: what the words of another answer may hang on."""
    return {
        key: reply.value
        for key, reply in replies.items()
        if reply.value is not None and not book.point(key).per_partner
    }


def same(one: Reply, other: Reply) -> bool:
    """Whether two firms said the same: value and note, white space aside.

    "Does not apply" is an answer like any other; why is part of it, for it may be a condition.
    """
    return (_plain(one.value), _plain(one.note)) == (_plain(other.value), _plain(other.note))


def _plain(said: Any) -> Any:
    """``said`` with every text on one line and single spaces."""
    if isinstance(said, str):
        return " ".join(said.split())
    if isinstance(said, Mapping):
        return {key: _plain(value) for key, value in said.items()}
    return [_plain(value) for value in said] if isinstance(said, list | tuple) else said


def fits(reply: Reply, point: Point, parties: tuple[Party, ...]) -> bool:
    """Whether the answer holds for these firms: one that it names may be gone."""
    return reply.value is None or kinds.still_valid(reply.value, point, parties)


def compare(point: Point, parties: tuple[Party, ...], replies: Mapping[str, Reply]) -> Topic:
    """How the answers of the firms (by party key) to one point compare.

    *difference*: two firms gave different answers, whether or not all have answered.
    *match*: two or more firms, all answered, all the same, and it holds for the firms of now.
    *each own*: a point per partner, with all the answers that it needs.
    *open*: everything else: somebody has not answered, or all named a firm that is gone.
    """
    said = tuple((party, replies.get(party.key)) for party in parties)
    given = [reply for _party, reply in said if reply is not None]
    complete = len(given) == len(parties)
    holds = all(fits(reply, point, parties) for reply in given)
    if point.per_partner:
        enough = complete if point.required else bool(given)
        return Topic(point, Outcome.EACH_OWN if enough else Outcome.OPEN, said, holds)
    if not all(same(given[0], reply) for reply in given[1:]):
        return Topic(point, Outcome.DIFFERENCE, said, holds)
    matches = complete and holds and len(parties) > 1
    return Topic(point, Outcome.MATCH if matches else Outcome.OPEN, said, holds)


def agenda(book: Book, parties: Sequence[Party], handed_in: Mapping[str, Replies]) -> Agenda:
    """The result of a round. ``handed_in``: answers by party key, of the firms that handed in."""
    firms = tuple(parties)

    def replies(point: Point) -> dict[str, Reply]:
        said = {party: answers.get(point.key) for party, answers in handed_in.items()}
        return {party: reply for party, reply in said.items() if reply is not None}

    return Agenda(
        book=book,
        parties=firms,
        handed_in=handed_in,
        topics=tuple(compare(point, firms, replies(point)) for point in asked(book)),
    )


def described(
    reply: Reply,
    point: Point,
    parties: tuple[Party, ...],
    language: str,
    answers: Mapping[str, Value],
) -> kinds.Description:
    """What a firm said, in plain words. ``answers``: its own joint answers, see ``joint``."""
    if reply.value is None:
        return kinds.Description((NOT_APPLICABLE.in_language(language),), note=reply.note)
    return kinds.describe(reply.value, point, parties, language, answers)


@dataclass(frozen=True, slots=True)
class Said:
    """One firm's answer in plain words; without a description it gave none."""

    party: Party
    description: kinds.Description | None
    applies: bool = True  # it did not say "does not apply"


@dataclass(frozen=True, slots=True)
class Entry:
    """A point as it stands on the agenda."""

    topic: Topic
    rule: Rule
    saids: tuple[Said, ...]

    @property
    def common(self) -> kinds.Description | None:
        """What all firms said alike."""
        return self.saids[0].description if self.topic.match else None

    @property
    def prose(self) -> bool:
        """The lines of an answer are paragraphs, not a list."""
        return self.topic.point.kind == "text"

    @property
    def wide(self) -> bool:
        """An answer is a table: it does not stand beside another."""
        return any(said.description and said.description.grid for said in self.saids)


def entry(agenda: Agenda, topic: Topic, language: str) -> Entry:
    """The point with what each firm said; words that name firms know those of the round."""
    saids = []
    for party, reply in topic.replies:
        own = joint(agenda.book, agenda.handed_in.get(party.key, {}))
        if reply is None:
            saids.append(Said(party, None))
        else:
            words = described(reply, topic.point, agenda.parties, language, own)
            saids.append(Said(party, words, applies=reply.is_applicable))
    return Entry(topic, agenda.book.rule(topic.point.rule), tuple(saids))


def in_short(counts: Mapping[str, int]) -> str:
    """How many points came out how: "2 different answers, 1 open, 7 same answers"."""
    different, left = counts.get(Outcome.DIFFERENCE, 0), counts.get(Outcome.OPEN, 0)
    alike = counts.get(Outcome.MATCH, 0)
    parts = (
        ngettext("%(number)s different answer", "%(number)s different answers", different)
        % {"number": different},
        ngettext("%(number)s point open", "%(number)s points open", left) % {"number": left},
        ngettext("%(number)s same answer", "%(number)s same answers", alike) % {"number": alike},
    )
    return ", ".join(parts)
