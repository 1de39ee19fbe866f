"""A rule book as frozen data: what may be asked, how, and what applies if nobody says otherwise.

Everything here is content that was checked by ``rule_books``; nothing is read from a database, a
clock or settings. A text carries every language, because a frozen agreement shows both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import get_language

Value = dict[str, Any]  # canonical JSON of one answer: no floats, days as ISO text


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages. ``str(text)`` is the language of the current request."""

    de: str
    en: str

    def in_language(self, language: str) -> str:
        return self.de if language.startswith("de") else self.en

    def __str__(self) -> str:
        return self.in_language(get_language() or "de")


@dataclass(frozen=True, slots=True)
class Party:
    """A firm of an agreement, as the pure functions see it. ``key`` is the partner's id as text."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Option:
    key: str
    label: Text
    needs_note: bool = False  # choosing it says nothing without a note ("Other (please name)")


def firms(parties: tuple[Party, ...]) -> tuple[Option, ...]:
    """The parties as something to choose from. Their names are the same in every language."""
    return tuple(Option(party.key, Text(party.name, party.name)) for party in parties)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a cell names a party, one of the options, or is free text."""

    key: str
    label: Text
    of_partners: bool
    options: tuple[Option, ...] = ()

    @property
    def is_free(self) -> bool:
        return not (self.of_partners or self.options)

    def choices(self, parties: tuple[Party, ...]) -> tuple[Option, ...]:
        """What a cell can be chosen from; nothing for free text."""
        return firms(parties) if self.of_partners else self.options


@dataclass(frozen=True, slots=True)
class Step:
    """A level of the default escalation ladder."""

    key: str
    label: Text
    who_role: str
    deadline: int
    unit: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A point is asked only if the answer to ``point`` is (or is not) in ``values``."""

    point: str
    values: frozenset[str]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    number: int
    unit: str


@dataclass(frozen=True, slots=True)
class LeadRule:
    """How a RACI table is filled until the partners spread it: from which points, in which rows."""

    lead_from: str
    contract_from: str
    contract_rows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Point:
    key: str
    rule: str
    number: str  # "3.2": second point of rule 3
    kind: str
    scope: str  # joint | per_partner
    stage: str  # exploratory | agreement | project
    required: bool
    fast_track: str  # default | ask | skip
    sensitivity: str  # all | pairwise
    question: Text
    help: Text
    default_value: Value | None  # canonical; may hold a rule, see ``kinds.resolve``
    default_text: Text
    options: tuple[Option, ...] = ()
    options_of_partners: bool = False
    extra_options: tuple[Option, ...] = ()
    roles: tuple[
        Option, ...
    ] = ()  # contacts: the roles asked for; escalation: the roles one can call
    required_roles: tuple[str, ...] = ()
    rows: tuple[Option, ...] = ()
    columns: tuple[Column, ...] = ()
    steps: tuple[Step, ...] = ()
    visible_if: Condition | None = None
    maximum: Duration | None = None
    maximum_reason: Text | None = None
    warning: Text | None = None
    lead_rule: LeadRule | None = None
    basis: tuple[str, ...] = ()
    for_leads: bool = False  # a project lead may work on it

    @property
    def per_partner(self) -> bool:
        return self.scope == "per_partner"

    @property
    def pairwise(self) -> bool:
        return self.sensitivity == "pairwise"

    @property
    def depends_on_parties(self) -> bool:
        """Whether an answer names the firms one by one: it must be looked at when one joins."""
        return self.kind in {"raci", "percent_split"}

    def choices(self, parties: tuple[Party, ...]) -> tuple[Option, ...]:
        """The options one can choose from, with the firms where the book says so."""
        if not self.options_of_partners:
            return self.options
        return firms(parties) + self.extra_options


@dataclass(frozen=True, slots=True)
class Rule:
    number: int
    key: str
    title: Text
    short: Text
    principle: Text
    points: tuple[Point, ...]
    title_basis: str = ""  # key of the source its topic comes from
    for_leads: bool = False  # project leads may work on its points


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    title: str
    url: str


@dataclass(frozen=True)
class Book:
    key: str
    version: str
    title: Text
    provenance: Text  # what is sourced and what is the portal's own wording
    preamble: Text
    statement: Text  # "Wir machen es im Sinne vom Kodex."
    meaning: Text
    rules: tuple[Rule, ...]
    sources: tuple[Source, ...]

    @cached_property
    def points(self) -> Mapping[str, Point]:
        """All points by key, in the order of the book."""
        return {point.key: point for rule in self.rules for point in rule.points}

    def point(self, key: str) -> Point:
        """Raises ``KeyError`` for a key the book does not have."""
        return self.points[key]

    @cached_property
    def origin(self) -> Source | None:
        """Where the topics of the rules come from, if the book says so."""
        named = {rule.title_basis for rule in self.rules}
        return next((source for source in self.sources if source.key in named), None)

    @cached_property
    def rules_by_key(self) -> Mapping[str, Rule]:
        return {rule.key: rule for rule in self.rules}

    def rule(self, key: str) -> Rule:
        """Raises ``KeyError`` for a key the book does not have."""
        return self.rules_by_key[key]
