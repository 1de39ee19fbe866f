"""What the associations of a table would be worth to one firm: assumptions in, a page's words out.

Everything here is the reader's own: ``scoring.what_if`` hands out the score of a firm to its own
people only, and nothing of it is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from cooperation import associations
from cooperation.associations import Clash, Wanted
from cooperation.book import Point
from scoring.what_if import Association, Basis, Figures, Move, Named, Nothing, TrackWorth, Worth


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What somebody takes for given of a customer; percentages of the paid seats."""

    seats: int | None = None
    active: int | None = None  # when the association begins
    later: int | None = None  # what the firm wants to bring it to
    tenant: UUID | None = None  # in the firm's own data
    seats_of: Mapping[str, int] = field(default_factory=dict)  # of single workloads, by key


@dataclass(frozen=True, slots=True)
class Scenario:
    """One workload of the customer, when the association begins and later on."""

    seats: int
    users: int
    users_later: int | None

    @property
    def at_once(self) -> Figures:
        return Figures.from_start(self.seats, self.users)

    @property
    def in_time(self) -> Figures | None:
        if self.users_later is None:
            return None
        return Figures(self.seats, self.users_later, self.users)


@dataclass(frozen=True, slots=True)
class Step:
    """One count of a track: what becomes of it at once, and in time."""

    at_once: Move | None
    in_time: Move | None

    @property
    def shown(self) -> Move:
        move = self.in_time or self.at_once
        assert move is not None  # noqa: S101 -- a step is made of at least one
        return move

    @property
    def points_at_once(self) -> str:
        return self.at_once.points if self.at_once else "0"

    @property
    def points_in_time(self) -> str:
        return self.in_time.points if self.in_time else "0"


@dataclass(frozen=True, slots=True)
class Track:
    """What one track makes of it: its steps, or one sentence where all of them say the same."""

    title: str
    at_once: TrackWorth
    in_time: TrackWorth | None
    steps: tuple[Step, ...]
    why: str

    @property
    def shown(self) -> TrackWorth:
        return self.in_time or self.at_once

    @property
    def reaches(self) -> bool:
        """With it the track would meet the requirements, which it does not now."""
        return self.shown.passes_after and not self.shown.passed_before


@dataclass(frozen=True, slots=True)
class Line:
    """One association with one workload, or several together."""

    option: Named
    at_once: Worth
    in_time: Worth | None
    is_pending: bool = False  # claimed, and Microsoft has not approved it yet

    @property
    def points_at_once(self) -> str:
        return self.at_once.best.points

    @property
    def points_in_time(self) -> str:
        return "" if self.in_time is None else self.in_time.best.points

    @property
    def shown(self) -> TrackWorth:
        """The track that gains most, in time."""
        return (self.in_time or self.at_once).best

    @property
    def gain(self) -> Fraction:
        return self.shown.gain

    @property
    def why(self) -> str:
        return self.at_once.why

    @property
    def is_worth_something(self) -> bool:
        both = (self.at_once, self.in_time or self.at_once)
        return any(worth.best.gain > 0 for worth in both)

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(
            _track(track, later)
            for track, later in zip(
                self.at_once.tracks,
                self.in_time.tracks if self.in_time else [None] * len(self.at_once.tracks),
                strict=True,
            )
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Workloads with the same figures, to which every association does the same."""

    workloads: tuple[Named, ...]
    scenario: Scenario
    is_known: bool  # the figures are those of the firm's own data
    lines: tuple[Line, ...]

    @property
    def gain(self) -> Fraction:
        return max(line.gain for line in self.lines)

    @property
    def names(self) -> str:
        return ", ".join(one.title for one in self.workloads)

    @property
    def best(self) -> Line | None:
        """The association that brings most, if any brings something."""
        line = max(self.lines, key=lambda one: one.gain)
        return line if line.is_worth_something else None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the form of a table: what does not go together, and what it is worth."""

    clashes: tuple[Clash, ...]
    panel: "Panel | None"  # without figures of the customer there is nothing to reckon
    nothing: Nothing | None = None


@dataclass(frozen=True)
class Panel:
    """All that a page says to one firm."""

    basis: Basis
    point: Point
    assumed: Assumptions
    value: Mapping[str, Any] | None  # the table as it stands, or as it is being filled in
    party: str

    # -- The customer --

    def scenario(self, workload: str) -> Scenario | None:
        """Figures of a workload: what the firm's own data know of it, else what is assumed."""
        known, assumed = self.basis.known_figures(workload), self.assumed
        if known is not None:
            return Scenario(known.seats, known.users, _part(known.seats, assumed.later))
        seats = assumed.seats_of.get(workload, assumed.seats)
        users = None if seats is None else _part(seats, assumed.active)
        if seats is None or users is None:
            return None
        return Scenario(seats, users, _part(seats, assumed.later))

    @property
    def has_later(self) -> bool:
        return self.assumed.later is not None

    @property
    def columns(self) -> int:
        """Of a table that says why."""
        return 3 if self.has_later else 2

    # -- What it is worth --

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """All eligible workloads whose figures are known, those that bring most first."""
        found: dict[tuple[Any, ...], list[Named]] = {}
        for workload in self.basis.workloads:
            scenario = self.scenario(workload.key)
            if scenario is None:
                continue
            is_known = self.basis.known_figures(workload.key) is not None
            lines = tuple(self._lines(workload, scenario))
            named = Named(workload.key, self._title(workload))
            found.setdefault((scenario, is_known, lines), []).append(named)
        groups = [Group(tuple(own), *rest) for rest, own in found.items()]
        return tuple(sorted(groups, key=lambda group: group.gain, reverse=True))

    @cached_property
    def without_figures(self) -> tuple[Named, ...]:
        return tuple(
            Named(one.key, self._title(one))
            for one in self.basis.workloads
            if self.scenario(one.key) is None
        )

    def _lines(self, workload: Named, scenario: Scenario) -> Iterator[Line]:
        for option in self.basis.options:
            yield Line(
                option,
                self.basis.worth(Association(workload.key, option.key, scenario.at_once)),
                None
                if scenario.in_time is None
                else self.basis.worth(Association(workload.key, option.key, scenario.in_time)),
                self.basis.is_pending(workload.key, option.key),
            )

    # -- What the table gives to the firm --

    @cached_property
    def own(self) -> tuple[Wanted, ...]:
        return associations.wanted(self.point, self.value, self.party)

    @property
    def own_words(self) -> list[str]:
        """The firm's associations in the table: "Teams: CPOR"."""
        titles = {one.key: self._title(one) for one in self.basis.workloads}
        found = []
        for one in self.own:
            title = titles.get(self._key(one.workload), one.workload)
            found.append(f"{title}: {one.kind}" if one.kind else title)
        return found

    @property
    def takes_cpor(self) -> bool:
        """An older table does not say which kind of association is meant."""
        return any(not one.kind for one in self.own)

    @cached_property
    def together(self) -> Line | None:
        """What the firm's associations in the table would be worth together."""
        at_once: list[Association] = []
        in_time: list[Association] = []
        for one in self.own:
            workload, option = self._key(one.workload), one.kind or associations.CPOR.upper()
            scenario = self.scenario(workload)
            if scenario is None:
                continue
            at_once.append(Association(workload, option, scenario.at_once))
            in_time.append(Association(workload, option, scenario.in_time or scenario.at_once))
        if not at_once:
            return None
        later = self.basis.together(in_time) if self.has_later else None
        return Line(Named("", ""), self.basis.together(at_once), later)

    def _key(self, workload: str) -> str:
        """The rule set's key of a workload; an older table has its name as somebody typed it."""
        wanted = workload.casefold()
        for one in self.basis.workloads:
            if wanted in (one.key.casefold(), one.title.casefold()):
                return one.key
        return workload

    def _title(self, workload: Named) -> str:
        return self._labels.get(workload.key, workload.title)

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        """The rule book's names of the workloads, in the reader's language."""
        return associations.labels(self.point)


def _part(seats: int, percent: int | None) -> int | None:
    """So many of the seats, whole users only."""
    return None if percent is None else seats * percent // 100


def _track(at_once: TrackWorth, in_time: TrackWorth | None) -> Track:
    steps = tuple(_steps(at_once.moves, in_time.moves if in_time else ()))
    why = (in_time or at_once).why
    # Where use and deployments have one reason, it is that of the whole customer.
    reasons = {step.shown.why for step in steps[1:]}
    moves = [move for step in steps for move in (step.at_once, step.in_time) if move is not None]
    if not why and len(reasons) == 1 and not any(move.change for move in moves):
        why = reasons.pop()
    return Track(at_once.title, at_once, in_time, () if why else steps, why)


def _steps(at_once: Sequence[Move], in_time: Sequence[Move]) -> Iterator[Step]:
    once = {(move.metric, move.option): move for move in at_once}
    later = {(move.metric, move.option): move for move in in_time}
    for key in dict.fromkeys((*once, *later)):
        yield Step(once.get(key), later.get(key))


def table_workloads(
    point: Point, value: Mapping[str, Any] | None, known: Iterable[Named]
) -> tuple[Named, ...]:
    """The eligible workloads that stand in the table, by the rule set's keys."""
    named = {name.casefold() for name in associations.workloads(point, value)}
    labels = associations.labels(point)
    return tuple(
        Named(one.key, labels.get(one.key, one.title))
        for one in known
        if named & {one.key.casefold(), one.title.casefold()}
    )
