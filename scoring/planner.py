"""The cheapest steps that bring one track to a number of points. Pure, exact, with its proof.

**What is asked.** Steps of any number: a person certified, a tenant won, an active user gained by
one option. Steps that are there once: a customer short of deployed (``Near``: its missing users
make it a deployed one), and what claims at one customer would bring (``Offer``: one of its
``choices`` at most). Wanted is a set of steps of the smallest cost whose counts, by ``rules``,
reach the target. Costs are whole hundredths, points whole multiples of a common denominator.

**Why the answer is the cheapest.** The best option of growth and of deployments counts, so a plan
reaches the target exactly when it does with some pair (g, d) of options: every pair is searched,
and steps that serve another option are left out. For one pair:

1. *Customers short of deployed: those missing the fewest users come first.* Take a plan with n of
   them, and put the n nearest in their place. They need no more users together. Where g is not d
   nothing else changes, so it is no dearer. Where g is d growth loses what was saved; adding as
   many users elsewhere brings back growth and cost alike. So only the first n are looked at.
2. *Claims that bring a tenant and nothing else* are worth one tenant each: they and tenants won are
   taken in the order of their cost.
3. *Claims alike* (same cost, same tenants and deployments, one choice) are taken in the order of
   their growth: any k of them can be replaced by the first k.
4. *Everything else* is combined completely: every number of each group, every choice of each offer.
   Of two partial plans with the same tenants and deployments one is dropped only if the other costs
   no more and has as much growth, or could buy the missing growth with users for no more.
5. *Levels that matter.* A metric below zero earns nothing, so it is left alone or lifted to one of
   the values from 1 to that of the maximum, and never beyond.
6. *Users follow.* With all else fixed the smallest number of users that is enough is a division.

Among plans of one cost the one with fewer steps is taken (users are one step), then with fewer
users, then the pair of options that the rule set names first. So no step can be left out of a plan,
also where a weight is zero. ``tests/scoring/test_planner.py`` compares with trying out everything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, product
from math import lcm
from operator import itemgetter
from typing import Any, NamedTuple

from scoring import rules
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS

INTERMEDIATE, ADVANCED = "intermediate_certifications", "advanced_certifications"


class Lever(StrEnum):
    """A sort of step."""

    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"
    TENANT = "tenant"
    USER = "user"
    NEAR = "near"
    CLAIM = "claim"


OF_PEOPLE = {INTERMEDIATE: Lever.INTERMEDIATE, ADVANCED: Lever.ADVANCED}


class Weights(NamedTuple):
    """What one step costs, in hundredths of the firm's own unit. From zero on."""

    intermediate: int
    advanced: int
    tenant: int
    user: int
    claim: int


class Near(NamedTuple):
    """A customer that ``users`` more active users make a deployed one, by one option."""

    customer: int
    option: str
    users: int
    workload: int = 0  # for the words


class Choice(NamedTuple):
    """What one step at a customer brings. Growth may be negative, the rest may not."""

    claims: int  # to be filed or approved
    users: int  # to be gained
    adds: int
    growth: tuple[tuple[str, int], ...]  # users by option
    deployments: tuple[tuple[str, int], ...]  # by option
    key: tuple[Any, ...] = ()  # what is to be done, for the words

    def cost(self, weights: Weights) -> int:
        return self.claims * weights.claim + self.users * weights.user


class Offer(NamedTuple):
    """A customer with claims to file or to have approved: one of the choices, or none.

    What two claims at one customer bring together is a choice of its own: it is not their sum.
    """

    customer: int
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    rule_set: rules.RuleSet
    track: rules.Track
    counts: dict[str, dict[str, int]]  # by metric and option
    weights: Weights
    target: Fraction  # points of the track
    every_metric: bool  # above zero, as passing asks
    near: Sequence[Near] = ()
    offers: Sequence[Offer] = ()
    without: frozenset[Lever] = frozenset()

    def may(self, lever: Lever) -> bool:
        """Whether steps of this sort are looked at: who gains no users deploys no customer."""
        if lever is Lever.NEAR and Lever.USER in self.without:
            return False
        return lever not in self.without

    def value(self, metric: str, option: str = rules.ALONE) -> int:
        return self.counts.get(metric, {}).get(option, 0)

    def scored(self) -> rules.TrackScore:
        return rules.evaluate(self.rule_set, self.track, self.counts)


@dataclass(frozen=True, slots=True)
class Steps:
    """Which steps, how often."""

    people: dict[str, int] = field(default_factory=dict)  # by metric
    tenants: int = 0
    users: int = 0
    users_option: str = rules.ALONE
    near: tuple[Near, ...] = ()
    claims: tuple[tuple[int, Choice], ...] = ()  # with the customer

    def cost(self, weights: Weights) -> int:
        """Hundredths."""
        per_person = {INTERMEDIATE: weights.intermediate, ADVANCED: weights.advanced}
        return (
            sum(per_person[metric] * number for metric, number in self.people.items())
            + self.tenants * weights.tenant
            + (self.users + sum(one.users for one in self.near)) * weights.user
            + sum(choice.cost(weights) for _customer, choice in self.claims)
        )

    def counts(self, before: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """The counts of the track afterwards."""
        found = {metric: dict(options) for metric, options in before.items()}

        def add(metric: str, option: str, number: int) -> None:
            options = found.setdefault(metric, {})
            options[option] = options.get(option, 0) + number

        for metric, number in self.people.items():
            add(metric, rules.ALONE, number)
        add(NET_ADDS, rules.ALONE, self.tenants)
        if self.users:
            add(GROWTH, self.users_option, self.users)
        for one in self.near:
            add(GROWTH, one.option, one.users)
            add(DEPLOYMENTS, one.option, 1)
        for _customer, choice in self.claims:
            add(NET_ADDS, rules.ALONE, choice.adds)
            for option, users in choice.growth:
                add(GROWTH, option, users)
            for option, tenants in choice.deployments:
                add(DEPLOYMENTS, option, tenants)
        return found

    def levers(self) -> list[Lever]:
        """The sorts of step among them."""
        found = [OF_PEOPLE[metric] for metric, number in self.people.items() if number]
        if self.tenants:
            found.append(Lever.TENANT)
        if self.near or any(not choice.claims for _customer, choice in self.claims):
            found.append(Lever.NEAR)
        if self.users:
            found.append(Lever.USER)
        if any(choice.claims for _customer, choice in self.claims):
            found.append(Lever.CLAIM)
        return found

    def __len__(self) -> int:
        return (
            sum(self.people.values())
            + self.tenants
            + bool(self.users)
            + len(self.near)
            + len(self.claims)
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The cheapest steps. Without any step the target is reached already."""

    steps: Steps
    cost: int  # hundredths
    before: rules.TrackScore
    after: rules.TrackScore
    examined: int  # combinations that were compared


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No combination of these steps reaches the target."""

    zero: tuple[str, ...]  # metrics that stay without points whatever is done
    most: Fraction  # more points than this are impossible
    examined: int


# A cost, the number of steps and that of users in one whole number: it is added and compared like
# the three of them, in this order.
STEP = 1 << 32
COST = 1 << 64


class _State(NamedTuple):
    """A partial plan with some tenants and deployments: what it costs, its growth, its steps."""

    key: int
    growth: int
    trail: Any  # (earlier trail, what was added), to be unrolled at the end


_Table = dict[tuple[int, int], list[_State]]  # by tenants and deployments
_Level = tuple[int, int, int, int, Any]  # key, tenants, deployments, growth, what it is


def cheapest(problem: Problem) -> Plan | Unreachable:
    """The cheapest plan, or why there is none."""
    if any(
        choice.adds < 0 or any(number < 0 for _option, number in choice.deployments)
        for offer in problem.offers
        for choice in offer.choices
    ):
        raise ValueError("a claim that costs tenants or deployments is no step")
    search = _Search(problem)
    steps = search.run()
    if steps is None:
        return _unreachable(problem, search.examined)
    after = rules.evaluate(problem.rule_set, problem.track, steps.counts(problem.counts))
    cost = steps.cost(problem.weights)
    return Plan(steps, cost, problem.scored(), after, search.examined)


class _Search:
    """All pairs of options, the cheapest found so far, and how many combinations were compared."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.metrics = {metric.key: metric for metric in problem.track.metrics}
        scales = [
            Fraction(metric.max, scale.value_for_max)
            for metric in problem.track.metrics
            for scale in metric.scales
        ]
        self.unit = lcm(problem.target.denominator, *(each.denominator for each in scales))
        self.target = int(problem.target * self.unit)
        weights = problem.weights
        self.user_key = weights.user * COST + 1
        self.may_gain = problem.may(Lever.USER)
        self.offered = [
            (offer.customer, choice, dict(choice.growth), dict(choice.deployments))
            for offer in problem.offers
            for choice in _choices(problem, offer)
        ]
        self.nearest: dict[str, list[Near]] = {}
        if problem.may(Lever.NEAR):
            for one in sorted(problem.near, key=lambda one: (one.users, one.customer)):
                self.nearest.setdefault(one.option, []).append(one)
        self.examined = 0
        self.best: int | None = None
        self.found: Steps | None = None

    def run(self) -> Steps | None:
        people = self._people()
        pairs = list(product(self._scales(GROWTH), self._scales(DEPLOYMENTS)))
        # Once without claims in groups: what costs more than that need not be followed further.
        for growth, deployed in pairs:
            self._pair(people, growth, deployed, groups=False)
        if self.best is not None:
            self.best += 1  # so that of plans that cost the same the first pair's is kept
        for growth, deployed in pairs:
            self._pair(people, growth, deployed, groups=True)
        return self.found

    def _scales(self, metric: str) -> tuple[rules.Scale, ...]:
        return self.metrics[metric].scales

    def _rate(self, metric: str, scale: rules.Scale) -> int:
        """Points of one more, in units."""
        return int(Fraction(self.metrics[metric].max, scale.value_for_max) * self.unit)

    # -- People: every number that matters, dearer ones with no more points dropped --

    def _people(self) -> list[tuple[int, int, dict[str, int]]]:
        found: list[tuple[int, int, dict[str, int]]] = [(0, 0, {})]
        weights = {
            INTERMEDIATE: self.problem.weights.intermediate,
            ADVANCED: self.problem.weights.advanced,
        }
        for metric, lever in OF_PEOPLE.items():
            [scale] = self._scales(metric)
            value, rate = self.problem.value(metric), self._rate(metric, scale)
            most = max(0, scale.value_for_max - value)
            levels = range(most + 1) if self.problem.may(lever) else range(1)
            key = weights[metric] * COST + STEP
            combined = [
                (
                    points + min(value + number, scale.value_for_max) * rate,
                    before + number * key,
                    chosen | ({metric: number} if number else {}),
                )
                for points, before, chosen in found
                for number in levels
                if value + number > 0 or not self.problem.every_metric
            ]
            self.examined += len(combined)
            combined.sort(key=lambda one: (one[1], -one[0]))
            found = []
            for one in combined:
                if not found or one[0] > found[-1][0]:
                    found.append(one)
        return found

    # -- One pair of options --

    def _pair(
        self,
        people: Sequence[tuple[int, int, dict[str, int]]],
        growth: rules.Scale,
        deployed: rules.Scale,
        *,
        groups: bool,
    ) -> None:
        problem = self.problem
        [adds] = self._scales(NET_ADDS)
        value = problem.value(NET_ADDS)
        pure, levels_of = self._claims(growth.option, deployed.option)
        table: _Table = {(0, 0): [_State(0, 0, None)]}
        room = (
            max(0, adds.value_for_max - value),
            max(0, deployed.value_for_max - problem.value(DEPLOYMENTS, deployed.option)),
        )
        for levels in levels_of if groups else ():
            table = self._combine(table, levels, room)
        tenants = self._tenants(pure, room[0])
        table = self._raise(table, 0, value, adds.value_for_max, tenants)
        near = self._near(deployed.option, room[1], grows=growth.option == deployed.option)
        start = problem.value(DEPLOYMENTS, deployed.option)
        table = self._raise(table, 1, start, deployed.value_for_max, near)
        self._finish(table, people, growth, deployed)

    def _claims(
        self, growth: str, deployed: str
    ) -> tuple[list[tuple[int, tuple[int, Choice]]], list[list[_Level]]]:
        """Claims that bring a tenant and nothing else, and the others in groups of levels."""
        weights = self.problem.weights
        pure: list[tuple[int, tuple[int, Choice]]] = []
        alike: dict[tuple[int, int, int], list[tuple[int, int, Choice]]] = {}
        groups: list[list[_Level]] = []
        for customer, choices in groupby(self.offered, key=itemgetter(0)):
            levels: list[_Level] = []
            for _customer, choice, growths, deployments in choices:
                own_growth, own_deployed = growths.get(growth, 0), deployments.get(deployed, 0)
                if not choice.adds and not own_deployed and own_growth <= 0:
                    continue  # nothing that this pair of options would see
                key = choice.cost(weights) * COST + STEP + choice.users
                levels.append((key, choice.adds, own_deployed, own_growth, [(customer, choice)]))
            if len(levels) > 1:
                groups.append(levels)
                continue
            for key, own_adds, own_deployed, own_growth, [what] in levels:
                if own_adds == 1 and not own_deployed and not own_growth:
                    pure.append((key, what))
                else:
                    same = alike.setdefault((key, own_adds, own_deployed), [])
                    same.append((own_growth, *what))
        for (key, own_adds, own_deployed), members in sorted(alike.items(), key=lambda one: one[0]):
            members.sort(key=lambda one: (-one[0], one[1]))
            levels, total = [], 0
            taken: list[tuple[int, Choice]] = []
            for number, (users, customer, choice) in enumerate(members, start=1):
                is_growth_alone = not own_adds and not own_deployed
                if is_growth_alone and self.may_gain and users * self.user_key + STEP <= key:
                    break  # gaining these users elsewhere costs no more
                total += users
                taken = [*taken, (customer, choice)]
                levels.append(
                    (number * key, number * own_adds, number * own_deployed, total, taken)
                )
            groups.append(levels)
        pure.sort(key=lambda one: one[0])
        return pure, groups

    def _combine(self, table: _Table, levels: Iterable[_Level], room: tuple[int, int]) -> _Table:
        """Every partial plan with every level of one group, or without it."""
        found: _Table = {place: list(states) for place, states in table.items()}
        for key, adds, deployed, growth, what in levels:
            for (tenants, deployments), states in table.items():
                place = (min(room[0], tenants + adds), min(room[1], deployments + deployed))
                own = found.setdefault(place, [])
                for state in states:
                    self.examined += 1
                    own.append(_State(state.key + key, state.growth + growth, (state.trail, what)))
        return {place: self._undominated(states) for place, states in found.items()}

    def _undominated(self, states: list[_State]) -> list[_State]:
        kept: list[_State] = []
        for state in sorted(states, key=lambda one: (one.key, -one.growth)):
            if self.best is not None and state.key >= self.best:
                break
            for other in kept:
                missing = state.growth - other.growth
                if missing <= 0:
                    break
                if self.may_gain and other.key + STEP + missing * self.user_key <= state.key:
                    break
            else:
                kept.append(state)
        return kept

    def _tenants(self, pure: Sequence[Any], most: int) -> list[tuple[int, int, Any]]:
        """The cheapest ways to n more tenants and nothing else: (key, no growth, what)."""
        key = self.problem.weights.tenant * COST + STEP
        may_win = self.problem.may(Lever.TENANT)
        claims = [one for one in pure if not may_win or one[0] <= key][:most]
        found: list[tuple[int, int, Any]] = [(0, 0, None)]
        total = 0
        chosen: list[Any] = []
        for own, what in claims:
            total += own
            chosen = [*chosen, what]
            found.append((total, 0, chosen))
        if may_win:
            found += [
                (total + number * key, 0, [*chosen, number])
                for number in range(1, most - len(claims) + 1)
            ]
        return found

    def _near(self, option: str, most: int, *, grows: bool) -> list[tuple[int, int, Any]]:
        """The n customers that miss the fewest users: (key, growth, what)."""
        own = self.nearest.get(option, [])
        found: list[tuple[int, int, Any]] = [(0, 0, None)]
        key, users = 0, 0
        for number, one in enumerate(own[:most], start=1):
            key += one.users * self.user_key + STEP
            users += one.users
            found.append((key, users if grows else 0, own[:number]))
        return found

    def _raise(
        self,
        table: _Table,
        side: int,
        value: int,
        full: int,
        ladder: Sequence[tuple[int, int, Any]],
    ) -> _Table:
        """Every partial plan with as many steps of a ladder as lift it to a level that matters.

        What was a number of tenants (or deployments) added becomes the value, from 0 to full.
        """
        found: _Table = {}
        for place, states in table.items():
            now = value + place[side]
            numbers = [0, *range(max(1, 1 - now), min(full - now, len(ladder) - 1) + 1)]
            for number in numbers:
                level = max(0, min(full, now + number))
                if not level and self.problem.every_metric:
                    continue
                key, growth, what = ladder[number]
                target = (level, place[1]) if side == 0 else (place[0], level)
                own = found.setdefault(target, [])
                for state in states:
                    self.examined += 1
                    trail = (state.trail, what) if what else state.trail
                    own.append(_State(state.key + key, state.growth + growth, trail))
        return {place: self._undominated(states) for place, states in found.items()}

    def _finish(
        self,
        table: _Table,
        people: Sequence[tuple[int, int, dict[str, int]]],
        growth: rules.Scale,
        deployed: rules.Scale,
    ) -> None:
        """With everything else fixed the users follow."""
        [adds] = self._scales(NET_ADDS)
        rates = self._rate(NET_ADDS, adds), self._rate(DEPLOYMENTS, deployed)
        rate, start = self._rate(GROWTH, growth), self.problem.value(GROWTH, growth.option)
        least = 1 if self.problem.every_metric else 0
        for (tenants, deployments), states in sorted(table.items()):
            points = tenants * rates[0] + deployments * rates[1]
            for own_points, own_key, chosen in people:
                missing = self.target - points - own_points
                needed = max(least, -(-missing // rate))
                if needed > growth.value_for_max:
                    continue
                for state in states:
                    self.examined += 1
                    key = state.key + own_key
                    users = max(0, needed - start - state.growth) if needed else 0
                    if users:
                        if not self.may_gain:
                            continue
                        key += STEP + users * self.user_key
                    if self.best is None or key < self.best:
                        self.best = key
                        self.found = _steps(chosen, users, growth.option, state.trail)


def _steps(people: dict[str, int], users: int, option: str, trail: Any) -> Steps:
    tenants, near, claims = 0, [], []
    while trail is not None:
        trail, added = trail
        for one in added:
            if isinstance(one, int):
                tenants += one
            elif isinstance(one, Near):
                near.append(one)
            else:
                claims.append(one)
    claims.sort(key=lambda one: one[0])
    return Steps(
        people, tenants, users, option if users else rules.ALONE, tuple(near), tuple(claims)
    )


# ---- Why there is none ---------------------------------------------------------------------------


def _unreachable(problem: Problem, examined: int) -> Unreachable:
    """What each metric could have at most, whatever the others need."""
    points = {metric.key: _most(problem, metric) for metric in problem.track.metrics}
    return Unreachable(
        zero=tuple(key for key, most in points.items() if not most),
        most=sum(points.values(), Fraction(0)),
        examined=examined,
    )


def _most(problem: Problem, metric: rules.Metric) -> Fraction:
    unlimited = {
        INTERMEDIATE: Lever.INTERMEDIATE,
        ADVANCED: Lever.ADVANCED,
        NET_ADDS: Lever.TENANT,
        GROWTH: Lever.USER,
    }
    lever = unlimited.get(metric.key)
    if lever is not None and problem.may(lever):
        return Fraction(metric.max)
    return max(
        rules.points(
            problem.value(metric.key, scale.option) + _limited(problem, metric.key, scale.option),
            metric.max,
            scale.value_for_max,
        )
        for scale in metric.scales
    )


def _limited(problem: Problem, metric: str, option: str) -> int:
    """What the steps that are there once could add to one count together."""
    near = [one for one in _near_of(problem) if one.option == option]
    offered = [
        max((_brings(choice, metric, option) for choice in _choices(problem, offer)), default=0)
        for offer in problem.offers
    ]
    own = {GROWTH: sum(one.users for one in near), DEPLOYMENTS: len(near)}.get(metric, 0)
    return own + sum(max(0, number) for number in offered)


def _near_of(problem: Problem) -> Sequence[Near]:
    return problem.near if problem.may(Lever.NEAR) else ()


def _choices(problem: Problem, offer: Offer) -> Iterator[Choice]:
    for choice in offer.choices:
        if problem.may(Lever.CLAIM if choice.claims else Lever.NEAR):
            yield choice


def _brings(choice: Choice, metric: str, option: str) -> int:
    if metric == NET_ADDS:
        return choice.adds
    return dict(choice.growth if metric == GROWTH else choice.deployments).get(option, 0)
