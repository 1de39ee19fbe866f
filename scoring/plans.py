"""From a firm to the planner's question and back: which steps there are, and the cheapest ways.

A request judges a few customers at most: who is short of deployed and what each claim would change
comes from the tables that are worked out with the history (``computed_tables``).

[I] Steps do not know of each other's customers but for this: at one customer one step is taken at
most, claims that wait there count together. A tenant won counts as a tenant and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import OuterRef, Subquery, TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import claim_levers, computed_tables, planner, rules, scenarios, unclaimed
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS
from scoring.models import MonthResult, Portfolio, Tenant
from scoring.planner import Choice, Lever, Near, Offer, Plan, Problem, Unreachable, Weights
from scoring.positions import Position
from scoring.scenario_changes import (
    AssociationBegun,
    Change,
    CountChanged,
    NewFigures,
    PersonCertified,
)

if TYPE_CHECKING:
    import pyarrow as pa

FULL = Fraction(100)
ALTERNATIVES = 3


class Target(TextChoices):
    PASS = "pass", _("Requirements met")
    FULL = "full", _("All points")
    NEXT = "next", _("The next full point")


class NearRow(NamedTuple):
    """A customer short of deployed, as the newest data show it."""

    workload: int
    option: str
    seats: int
    users: int
    missing: int


@dataclass(frozen=True)
class Ground:
    """All that plans of a firm start from. Made by ``ground``."""

    position: Position
    weights: Weights
    is_current: bool  # the tables below were made of the facts of today
    # The month of those tables where the score is of another one, or by other rules
    other_month: int | None = None
    has_other_rules: bool = False  # then none of the customers below is looked at
    near: Mapping[str, Sequence[Near]] = field(default_factory=dict)  # by track
    near_rows: Mapping[tuple[str, int, str], NearRow] = field(default_factory=dict)
    offers: Mapping[str, Sequence[Offer]] = field(default_factory=dict)  # by track
    left_out: Mapping[str, int] = field(default_factory=dict)  # customers with claims, by track

    @property
    def rule_set(self) -> rules.RuleSet:
        return self.position.rule_set

    def problem(self, track: rules.Track, target: Target, *without: Lever) -> Problem:
        counts = self.position.counts[track.key]
        return Problem(
            self.rule_set,
            track,
            counts,
            self.weights,
            self._points(track, target),
            every_metric=target == Target.PASS,
            near=self.near.get(track.key, ()),
            offers=self.offers.get(track.key, ()),
            without=frozenset(without),
        )

    def _points(self, track: rules.Track, target: Target) -> Fraction:
        if target == Target.PASS:
            return self.rule_set.pass_mark
        if target == Target.FULL:
            return FULL
        total = rules.evaluate(self.rule_set, track, self.position.counts[track.key]).total
        return min(FULL, Fraction(floor(total) + 1))


def ground(position: Position, weights: Weights) -> Ground:
    """Read what plans start from: three queries at most, whatever the size of the firm."""
    newest = MonthResult.objects.filter(portfolio=OuterRef("pk")).order_by("-month")
    found: Any = Portfolio.objects.annotate(
        newest_month=Subquery(newest.values("month")[:1]),
        newest_rules=Subquery(newest.values("rule_set")[:1]),
    )
    portfolio = found.get(pk=position.portfolio)
    # With figures of the running month, or on old ones, the tables are of a month that the score
    # is not of. What they say by other rules is no step under these.
    month: int | None = portfolio.newest_month
    has_other_rules = month is not None and portfolio.newest_rules != position.rule_set.key
    wanted = [] if has_other_rules else [computed_tables.NEAR_SHARE, computed_tables.UNCLAIMED]
    tables = computed_tables.read(portfolio, wanted)
    offers, left_out = claim_levers.read(position, tables.get(computed_tables.UNCLAIMED))
    near: dict[str, list[Near]] = {}
    near_rows: dict[tuple[str, int, str], NearRow] = {}
    if (table := tables.get(computed_tables.NEAR_SHARE)) is not None:
        for track in position.rule_set.tracks:
            own = offers.get(track.key, [])
            taken = {offer.customer for offer in own}
            choices: dict[int, list[Choice]] = {}
            for customer, row in _nearest(position, table, track, len(own)):
                near_rows[track.key, customer, row.option] = row
                step = Near(customer, row.option, row.missing)
                if customer not in taken:
                    near.setdefault(track.key, []).append(step)
                    continue
                # At a customer with claims either these are filed or the users are gained.
                effect = ((row.option, row.missing),), ((row.option, 1),)
                choices.setdefault(customer, []).append(
                    Choice(0, row.missing, 0, *effect, key=(step,))
                )
            offers[track.key] = [
                offer._replace(choices=(*offer.choices, *choices.get(offer.customer, ())))
                for offer in own
            ]
    return Ground(
        position,
        weights,
        is_current=portfolio.history_version == portfolio.version and len(tables) == len(wanted),
        other_month=month if has_other_rules or month != position.pair.last else None,
        has_other_rules=has_other_rules,
        near=near,
        near_rows=near_rows,
        offers=offers,
        left_out=left_out,
    )


def _nearest(
    position: Position, table: "pa.Table", track: rules.Track, more: int
) -> Iterator[tuple[int, NearRow]]:
    """By each option those that miss the fewest users: as many as could ever matter."""
    import pyarrow.compute as pc  # noqa: PLC0415 -- 40 ms that a web node need not spend at start

    metric = next(one for one in track.metrics if one.key == DEPLOYMENTS)
    for scale in metric.scales:
        value = position.counts[track.key].get(DEPLOYMENTS, {}).get(scale.option, 0)
        wanted = max(0, scale.value_for_max - value) + more
        option = position.rule_set.options[scale.option].number
        chosen = pc.and_(pc.equal(table["track"], track.number), pc.equal(table["option"], option))
        short = pc.and_(pc.greater(table["distance"], 0), pc.equal(table["counts"], 0))
        own = table.filter(pc.and_(chosen, short))
        order = pc.sort_indices(own, sort_keys=[("distance", "ascending"), ("tenant", "ascending")])
        columns = own.take(order[:wanted]).select(
            ["tenant", "workload", "seats", "users", "distance"]
        )
        for tenant, workload, seats, users, missing in zip(
            *(column.to_pylist() for column in columns.columns), strict=True
        ):
            yield tenant, NearRow(workload, scale.option, seats, users, missing)


# ---- The cheapest ways ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """An answer of the planner for one track, under a restriction or none."""

    track: rules.Track
    answer: Plan | Unreachable
    without: Lever | None = None
    furthest: Plan | None = None  # where the target is out of reach: the cheapest as far as it goes

    @property
    def cost(self) -> int | None:
        return self.answer.cost if isinstance(self.answer, Plan) else None

    @property
    def plan(self) -> Plan | None:
        """What to do: the way to the target, or as far as it goes."""
        return self.answer if isinstance(self.answer, Plan) else self.furthest

    @property
    def reach(self) -> Fraction:
        """The points that the plan comes to; without one those of today at least."""
        return self.plan.after.total if self.plan else Fraction(0)


@dataclass(frozen=True)
class Ways:
    """The cheapest way of each track, the cheaper track first, and others for that one."""

    tracks: tuple[Way, ...]
    others: tuple[Way, ...]


def ways(start: Ground, target: Target) -> Ways:
    """The cheapest plan of each track, and for the better one the cheapest without each of its
    sorts of step: three at most, the cheapest first."""
    tracks = [way(start, track, target) for track in start.rule_set.tracks]
    # The cheaper track first, then the one that gets further; on a draw the rule set's order.
    tracks.sort(key=lambda one: (one.cost is None, one.cost or 0, -one.reach))
    best = tracks[0]
    others: list[Way] = []
    if isinstance(best.answer, Plan):
        found = (way(start, best.track, target, lever) for lever in best.answer.steps.levers())
        others = [one for one in found if isinstance(one.answer, Plan)]
    others.sort(key=lambda one: one.cost or 0)
    return Ways(tuple(tracks), tuple(others[:ALTERNATIVES]))


def way(start: Ground, track: rules.Track, target: Target, without: Lever | None = None) -> Way:
    """The cheapest plan of one track, without one sort of step or with all of them."""
    problem = start.problem(track, target, *([] if without is None else [without]))
    answer = planner.cheapest(problem)
    furthest = None
    if isinstance(answer, Unreachable):
        nearer = replace(problem, target=min(problem.target, answer.most), every_metric=False)
        found = planner.cheapest(nearer)
        furthest = found if isinstance(found, Plan) and len(found.steps) else None
    return Way(track, answer, without, furthest)


# ---- As a scenario -------------------------------------------------------------------------------


def as_changes(start: Ground, track: rules.Track, plan: Plan) -> list[Change]:
    """The changes of a scenario that come to the same as the plan, in its track.

    With the names of customers where a scenario reads the step as the plan does; where it does not
    (a draft counts from its filing, a scenario takes it for approved) as bare counts. Three
    queries.
    """
    position, steps = start.position, plan.steps
    numbers = {one.customer for one in steps.near} | {customer for customer, _c in steps.claims}
    tenants = Tenant.objects.in_bulk(sorted(numbers)) if numbers else {}
    workloads = {one.number: one.key for one in position.rule_set.workloads.values()}
    named: list[tuple[Choice, list[Change]]] = []
    for customer, choice in [
        *((one.customer, near_choice(one)) for one in steps.near),
        *steps.claims,
    ]:
        tenant = tenants.get(customer)
        if tenant is None:
            named.append((choice, []))
            continue
        own: list[Change] = []
        for key in choice.key:
            if isinstance(key, Near):
                row = start.near_rows[track.key, customer, key.option]
                own.append(
                    NewFigures(
                        tenant=tenant.tenant_id,
                        customer=tenant.name,
                        workload=workloads[row.workload],
                        option=row.option,
                        users=row.users + row.missing,
                    )
                )
            else:
                own.append(
                    AssociationBegun(
                        tenant=tenant.tenant_id,
                        customer=tenant.name,
                        workload=workloads[key.workload],
                        option=unclaimed.CPOR,
                    )
                )
        named.append((choice, own))
    ground_of, _names = scenarios.read(position, [one for _c, own in named for one in own])
    found: list[Change] = []
    for choice, own in named:
        expected = _counts_of(track, choice)
        deltas, _problems = ground_of.deltas(own)
        same = {key: n for key, n in deltas.items() if n and key[0] == track.key} == expected
        found += own if own and same else _bare(expected)
    found += [
        PersonCertified(certification=_certification(position, metric), number=number)
        for metric, number in steps.people.items()
        if number
    ]
    found += _bare(
        {
            (track.key, NET_ADDS, rules.ALONE): steps.tenants,
            (track.key, GROWTH, steps.users_option): steps.users,
        }
    )
    return found


def near_choice(one: Near) -> Choice:
    """A customer short of deployed, as a choice."""
    return Choice(0, one.users, 0, ((one.option, one.users),), ((one.option, 1),), (one,))


def _counts_of(track: rules.Track, choice: Choice) -> dict[tuple[str, str, str], int]:
    found = {(track.key, NET_ADDS, rules.ALONE): choice.adds}
    found |= {(track.key, GROWTH, option): users for option, users in choice.growth}
    found |= {(track.key, DEPLOYMENTS, option): number for option, number in choice.deployments}
    return {key: number for key, number in found.items() if number}


def _bare(counts: Mapping[tuple[str, str, str], int]) -> list[Change]:
    return [
        CountChanged(track=track, metric=metric, option=option, change=number)
        for (track, metric, option), number in counts.items()
        if number
    ]


def _certification(position: Position, metric: str) -> str:
    """One that counts on the day of the score: the one that counts longest, in the rule set's
    order."""
    own = [
        one
        for one in position.rule_set.certifications.values()
        if one.metric == metric and (one.counts_until is None or one.counts_until >= position.as_of)
    ]
    return max(own, key=lambda one: one.counts_until or date.max).key
