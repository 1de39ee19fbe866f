"""What a scenario would make of a score: counts, points, and what each change does alone. Pure.

Only the customers and people that a change touches go through the judge; the rest of the firm stays
the sum it is. So an outcome costs the same for fifty tenants and for fifty thousand, and it is what
an import of the changed data would compute.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import explaining, judging, overlays, rules
from scoring.explaining import Explainer
from scoring.holdings import Association, Figures, Holdings, said
from scoring.judging import Claim, Months
from scoring.overlays import Counts
from scoring.people import Certificate, judge_people
from scoring.scenario_changes import (
    AssociationBegun,
    AssociationEnded,
    Broken,
    Change,
    CountChanged,
    CustomerLost,
    CustomersWon,
    NewFigures,
    NotRenewed,
    PersonCertified,
    PersonLeft,
)

Key = tuple[str, str, str]  # track, metric, option


class Problem(TextChoices):
    """Why a change does nothing."""

    CUSTOMER_GONE = (
        "customer_gone",
        _("Your newest data do not know this customer (any more), so nothing changes."),
    )
    PERSON_GONE = (
        "person_gone",
        _("Your newest data do not know this person (any more), so nothing changes."),
    )
    PERSON_LEFT = ("person_left", _("This person does not belong to the firm any more."))
    NO_CERTIFICATE = (
        "no_certificate",
        _("Your newest data do not know this certificate (any more), so nothing changes."),
    )
    NO_POINTS = "no_points", _("%(certification)s earns no points under the rules of the day.")
    NO_COUNT = "no_count", _("The rules of the day do not know this count.")
    ONLY_TOGETHER = "only_together", _("Alone it changes nothing: it builds on another change.")
    BROKEN = "broken", _("Please take it out, and enter it again if you still need it.")


class Cannot(Exception):
    """``str(error)`` is the sentence why a change does nothing."""


@dataclass(frozen=True)
class Ground:
    """What a scenario stands on: a firm's newest score, and who its changes are about."""

    rule_set: rules.RuleSet
    pair: Months
    as_of: date
    counts: Counts
    is_provable: bool  # without its comparison month no track passes
    customers: Mapping[UUID, Holdings] = field(default_factory=dict)
    people: Mapping[str, Sequence[Certificate]] = field(
        default_factory=dict
    )  # by any of their keys

    @cached_property
    def explainer(self) -> Explainer:
        return Explainer(self.rule_set, self.pair)

    @cached_property
    def scored(self) -> dict[str, rules.TrackScore]:
        return overlays.scored(self.rule_set, self.counts)

    # -- Counts of one customer or person --

    def of_claims(self, claims: Iterable[Claim]) -> "Counter[Key]":
        """What claims add to each count; all are of one customer."""
        found: Counter[Key] = Counter()
        explainer = self.explainer
        for _tenant, own in judging.by_tenant(claims):
            for verdict in judging.judge(own, explainer.rules):
                track = explainer.tracks[verdict.track].key
                option = explainer.options.get(verdict.option, rules.ALONE)
                metrics = (judging.NET_ADDS,) if option == rules.ALONE else _BY_OPTION
                for metric in metrics:
                    now, then, _reason = explaining.figures(metric, verdict)
                    found[track, metric, option] += now - then
        return found

    def of_certificates(self, certificates: Iterable[Certificate]) -> "Counter[Key]":
        """What certificates add to each count; all are of one person."""
        found: Counter[Key] = Counter()
        for standing in judge_people(certificates, self.rule_set, self.as_of):
            for track in self.rule_set.tracks:
                found[track.key, standing.metric, rules.ALONE] += standing.counts
        return found

    # -- Changes laid over it --

    def deltas(self, changes: Iterable[Change]) -> "tuple[Counter[Key], list[str]]":
        """By how much the changes together move each count; for each why it does nothing, or ""."""
        state = _State(self)
        problems = []
        for change in changes:
            try:
                state.apply(change)
            except Cannot as problem:
                problems.append(str(problem))
            else:
                problems.append("")
        return state.deltas(), problems

    def with_deltas(self, deltas: Mapping[Key, int]) -> dict[str, rules.TrackScore]:
        return overlays.scored(self.rule_set, overlays.moved(self.counts, deltas))


_BY_OPTION = (judging.GROWTH, judging.DEPLOYMENTS)


class _State:
    """A ground with changes laid over it, one after the other."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.customers: dict[UUID, Holdings] = {}  # those that were touched
        self.people: dict[str, tuple[Sequence[Certificate], Sequence[Certificate]]] = {}
        self.more: Counter[Key] = Counter()  # from customers and people whom nobody knows yet

    def apply(self, change: Change) -> None:
        """Lay one change over it, or raise ``Cannot`` and leave all as it was."""
        if isinstance(change, CustomersWon):
            self.more.update(self._won(change))
        elif isinstance(change, CountChanged):
            self._count(change)
        elif isinstance(change, PersonCertified | NotRenewed | PersonLeft):
            self._person(change)
        else:
            self._customer(change)

    def deltas(self) -> "Counter[Key]":
        found = Counter(self.more)
        ground = self.ground
        for tenant, after in self.customers.items():
            found.update(ground.of_claims(after.claims))
            found.subtract(ground.of_claims(ground.customers[tenant].claims))
        for before, now in self.people.values():
            found.update(ground.of_certificates(now))
            found.subtract(ground.of_certificates(before))
        return found

    # -- Customers --

    def _customer(
        self, change: NewFigures | AssociationBegun | AssociationEnded | CustomerLost
    ) -> None:
        known = self.ground.customers.get(change.tenant)
        if known is None:
            raise Cannot(said(Problem.CUSTOMER_GONE))
        customer = self.customers.get(change.tenant, known)
        if isinstance(change, NewFigures):
            found = customer.with_figures(
                change.workload, change.option, change.seats, change.users
            )
        elif isinstance(change, AssociationEnded):
            found = customer.ended(change.workload, change.option)
        elif isinstance(change, CustomerLost):
            found = customer.lost()
        else:
            added = customer.add(Association(change.workload, change.option, _figures(change)))
            found = added if isinstance(added, str) else added[0]
        if isinstance(found, str):
            raise Cannot(found)
        self.customers[change.tenant] = found

    def _won(self, change: CustomersWon) -> dict[Key, int]:
        customer = Holdings(self.ground.rule_set, self.ground.pair)
        figures = Figures(change.seats, change.users, change.users_at_start)
        for workload in dict.fromkeys(change.workloads):
            added = customer.add(Association(workload, change.option, figures))
            if isinstance(added, str):
                raise Cannot(added)
            customer = added[0]
        counts = self.ground.of_claims(customer.claims)
        return {key: value * change.number for key, value in counts.items()}

    def _count(self, change: CountChanged) -> None:
        known = {
            (track.key, metric.key, scale.option)
            for track in self.ground.rule_set.tracks
            for metric in track.metrics
            for scale in metric.scales
        }
        key = (change.track, change.metric, change.option)
        if key not in known:
            raise Cannot(said(Problem.NO_COUNT))
        self.more[key] += change.change

    # -- People --

    def _person(self, change: PersonCertified | NotRenewed | PersonLeft) -> None:
        if not isinstance(change, PersonLeft):
            self._check(change.certification)
        if isinstance(change, PersonCertified) and not change.person:
            alone = Certificate(
                f"mcp:new-{change.id}", change.name, "", change.certification, self.ground.as_of
            )
            for key, value in self.ground.of_certificates([alone]).items():
                self.more[key] += value * change.number
            return
        known = self.ground.people.get(change.person)
        if known is None:
            raise Cannot(said(Problem.PERSON_GONE))
        place = known[0].person  # whatever key of theirs was stored, a person is one
        before, now = self.people.get(place, (known, known))
        self.people[place] = (before, tuple(self._changed(change, now)))

    def _check(self, certification: str) -> None:
        if certification not in self.ground.rule_set.certifications:
            raise Cannot(said(Problem.NO_POINTS, certification=certification))

    def _changed(
        self, change: PersonCertified | NotRenewed | PersonLeft, own: Sequence[Certificate]
    ) -> Iterator[Certificate]:
        if not any(row.is_linked for row in own):
            raise Cannot(said(Problem.PERSON_LEFT))
        if isinstance(change, PersonCertified):
            yield from own
            yield Certificate(
                own[0].person, own[0].name, "", change.certification, self.ground.as_of
            )
            return
        gone = change.certification if isinstance(change, NotRenewed) else None
        if gone is not None and all(row.certification != gone for row in own):
            raise Cannot(said(Problem.NO_CERTIFICATE))
        for row in own:
            # One that has run out and one that is no longer linked are the same to the counts.
            is_over = gone is None or row.certification == gone
            yield row._replace(is_linked=False) if is_over else row


def _figures(change: AssociationBegun) -> Figures | None:
    if change.seats is None or change.users is None:
        return None
    start = change.users if change.users_at_start is None else change.users_at_start
    return Figures(change.seats, change.users, start)


# ---- Before and after ----------------------------------------------------------------------------


class CountMove(NamedTuple):
    """By how much a change moves one count."""

    track: str
    metric: str
    option: str
    change: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What one change does without the others."""

    change: Change | Broken
    problem: str  # a sentence where it does nothing (alone, or at all), else empty
    moves: tuple[CountMove, ...]  # counts that it moves
    gains: Mapping[str, Fraction]  # points by track


@dataclass(frozen=True, slots=True)
class TrackOutcome:
    track: rules.Track
    before: rules.TrackScore
    after: rules.TrackScore
    passed: bool
    passes: bool

    @property
    def gain(self) -> Fraction:
        return self.after.total - self.before.total


@dataclass(frozen=True)
class Outcome:
    tracks: tuple[TrackOutcome, ...]  # in the rule set's order
    problems: tuple[str, ...]  # by change, as they build on each other: a sentence, or ""

    @property
    def shown(self) -> TrackOutcome:
        """The track that stands for the scenario: the best passing one, else the higher total."""
        return max(self.tracks, key=lambda track: (track.passes, track.after.total))

    @property
    def passes(self) -> bool:
        return any(track.passes for track in self.tracks)


def outcome(ground: Ground, changes: Sequence[Change | Broken]) -> Outcome:
    """Both tracks before and after all the changes, each on top of those before it."""
    usable = [one for one in changes if not isinstance(one, Broken)]
    deltas, found = ground.deltas(usable)
    after = ground.with_deltas(deltas)
    rest = iter(found)
    return Outcome(
        tracks=tuple(
            TrackOutcome(
                track=track,
                before=ground.scored[track.key],
                after=after[track.key],
                passed=ground.scored[track.key].passes and ground.is_provable,
                passes=after[track.key].passes and ground.is_provable,
            )
            for track in ground.rule_set.tracks
        ),
        problems=tuple(
            said(Problem.BROKEN) if isinstance(one, Broken) else next(rest) for one in changes
        ),
    )


def effects(ground: Ground, changes: Sequence[Change | Broken], whole: Outcome) -> list[Effect]:
    """What each change does alone; together they may do less, or more."""
    return [
        _effect(ground, change, problem)
        for change, problem in zip(changes, whole.problems, strict=True)
    ]


def _effect(ground: Ground, change: Change | Broken, problem: str) -> Effect:
    none = {track.key: Fraction(0) for track in ground.rule_set.tracks}
    if isinstance(change, Broken) or problem:
        return Effect(change, problem, (), none)
    deltas, [why] = ground.deltas([change])
    if why:
        return Effect(change, said(Problem.ONLY_TOGETHER), (), none)
    after = ground.with_deltas(deltas)
    return Effect(
        change,
        "",
        tuple(
            CountMove(track.key, metric.key, scale.option, moved)
            for track in ground.rule_set.tracks
            for metric in track.metrics
            for scale in metric.scales
            if (moved := deltas.get((track.key, metric.key, scale.option), 0))
        ),
        {key: after[key].total - ground.scored[key].total for key in none},
    )
