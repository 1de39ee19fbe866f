"""What claims would bring as steps of a plan: from the table of unclaimed work to the planner.

What one claim changes is in the table, worked out by the judge. Claims at one customer do not add
up, so one of them is taken at most, or several that wait together, as the judge sees them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from scoring import ledger_rows, rules, unclaimed
from scoring.holdings import Association, Holdings
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS
from scoring.planner import Choice, Offer
from scoring.positions import Position
from scoring.scenario_outcomes import Ground

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CLAIMS = 12  # customers whose claims bring more than a tenant: those worth most are looked at
MOST_TOGETHER = 6  # of them with claims that count together
MOST_AT_ONE = 4  # claims at one customer that are combined; of more, the whole and each alone


class ClaimKey(NamedTuple):
    """One claim of a choice: what is to be filed or approved."""

    workload: int
    kind: int  # unclaimed.Kind
    state: int


Effects = Mapping[str, Mapping[str, Mapping[str, int]]]


def read(
    position: Position, table: "pa.Table | None"
) -> tuple[dict[str, list[Offer]], dict[str, int]]:
    """What claims would bring, by track and customer, and how many customers are left out of it.

    Claims that bring a tenant and nothing else are all there, as far as they can matter. Of those
    with growth or deployments ``MOST_CLAIMS`` customers are looked at, those first whose points
    would be most if no metric had an end; at ``MOST_TOGETHER`` of them claims count together too.
    """
    if table is None:
        return {}, {}
    by_tenant: dict[int, list[tuple[ClaimKey, Effects]]] = {}
    names = ("tenant", "workload", "kind", "state", "effect")
    rows = table.filter(_is_there(table["effect"])).select(names)
    for tenant, workload, kind, state, effect in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        found = by_tenant.setdefault(tenant, [])
        found.append((ClaimKey(workload, kind, state), unclaimed.counts_of(effect)))
    offers: dict[str, list[Offer]] = {}
    left_out: dict[str, int] = {}
    wanted: dict[str, list[int]] = {}
    for track in position.rule_set.tracks:
        pure, others = [], []
        for tenant, own in by_tenant.items():
            choices = _alone(own, track.key)
            if not choices:
                continue
            offer = Offer(tenant, tuple(choices))
            (pure if _is_pure(offer) else others).append(offer)
        room = _room(position, track)
        others.sort(key=lambda offer: (-_worth(track, offer), offer.customer))
        kept = others[:MOST_CLAIMS]
        left_out[track.key] = len(others) - len(kept)
        wanted[track.key] = [
            offer.customer
            for offer in kept
            if sum(waits(key) for key, _effects in by_tenant[offer.customer]) > 1
        ][:MOST_TOGETHER]
        pure.sort(key=lambda offer: offer.customer)
        offers[track.key] = [*pure[:room], *kept]
    together = _Together(
        position, by_tenant, sorted({one for own in wanted.values() for one in own})
    )
    for track in position.rule_set.tracks:
        chosen = set(wanted[track.key])
        offers[track.key] = [
            offer._replace(
                choices=_apart((*offer.choices, *together.choices(offer.customer, track.key)))
            )
            if offer.customer in chosen
            else offer
            for offer in offers[track.key]
        ]
    return offers, left_out


def _is_there(column: Any) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415 -- as above

    return pc.not_equal(column, "")


def _alone(own: Iterable[tuple[ClaimKey, Effects]], track: str) -> tuple[Choice, ...]:
    """Each claim of a customer by itself; of those that bring the same, the first."""
    return _apart(
        choice
        for key, effects in own
        if (choice := _choice(effects.get(track, {}), (key,))) is not None
    )


def _choice(effect: Mapping[str, Mapping[str, int]], keys: tuple[ClaimKey, ...]) -> Choice | None:
    """None for what brings nothing, and for what costs tenants or deployments."""
    adds = sum(effect.get(NET_ADDS, {}).values())
    growth = tuple(sorted(effect.get(GROWTH, {}).items()))
    deployments = tuple(sorted(effect.get(DEPLOYMENTS, {}).items()))
    if adds < 0 or any(number < 0 for _option, number in deployments):
        return None
    if not adds and not any(number > 0 for _option, number in (*growth, *deployments)):
        return None
    return Choice(len(keys), 0, adds, growth, deployments, keys)


def _apart(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    """Without those that bring what an earlier one brings for as many claims."""
    found: dict[tuple[Any, ...], Choice] = {}
    for choice in choices:
        found.setdefault(choice[:-1], choice)
    return tuple(found.values())


def _is_pure(offer: Offer) -> bool:
    """A tenant and nothing else: as many as are needed are alike."""
    [first, *more] = offer.choices
    return not more and not first.growth and not first.deployments


def _room(position: Position, track: rules.Track) -> int:
    """How many more tenants could earn anything."""
    metric = next(one for one in track.metrics if one.key == NET_ADDS)
    value = position.counts[track.key].get(NET_ADDS, {}).get(rules.ALONE, 0)
    return max(0, metric.scales[0].value_for_max - value)


def _worth(track: rules.Track, offer: Offer) -> Fraction:
    """Points of the best choice if no metric had an end, to rank by."""
    rate = {
        (metric.key, scale.option): Fraction(metric.max, scale.value_for_max)
        for metric in track.metrics
        for scale in metric.scales
    }

    def points(choice: Choice) -> Fraction:
        return (
            choice.adds * rate[NET_ADDS, rules.ALONE]
            + sum((users * rate.get((GROWTH, option), 0) for option, users in choice.growth), 0)
            + sum((n * rate.get((DEPLOYMENTS, option), 0) for option, n in choice.deployments), 0)
        )

    return max(points(choice) for choice in offer.choices)


class _Together:
    """What several claims at one customer bring together, as the judge sees it. One query."""

    def __init__(
        self,
        position: Position,
        by_tenant: Mapping[int, Sequence[tuple[ClaimKey, Effects]]],
        tenants: Collection[int],
    ) -> None:
        self.by_tenant = by_tenant
        score = position.score
        self.claims = (
            ledger_rows.claims_of(score.ledger_id, score.revision, tenants) if tenants else {}
        )
        self.ground = Ground(
            position.rule_set,
            position.pair,
            position.as_of,
            position.counts,
            position.is_provable,
        )
        self.workloads = {one.number: one.key for one in position.rule_set.workloads.values()}

    def choices(self, tenant: int, track: str) -> Iterator[Choice]:
        waiting = [key for key, _effects in self.by_tenant[tenant] if waits(key)]
        numbers = range(2, len(waiting) + 1) if len(waiting) <= MOST_AT_ONE else [len(waiting)]
        for number in numbers:
            for keys in combinations(waiting, number):
                choice = _choice(self._effect(tenant, keys).get(track, {}), keys)
                if choice is not None:
                    yield choice

    def _effect(self, tenant: int, keys: Iterable[ClaimKey]) -> Effects:
        known = {one.number for one in self.ground.rule_set.workloads.values()}
        own = tuple(claim for claim in self.claims.get(tenant, ()) if claim.workload in known)
        before = Holdings(self.ground.rule_set, self.ground.pair, tenant, own)
        after = before
        for key in keys:
            after = _approved(after, self.workloads[key.workload], key.workload)
        change = self.ground.of_claims(after.claims)
        change.subtract(self.ground.of_claims(before.claims))
        found: dict[str, dict[str, dict[str, int]]] = {}
        for (track, metric, option), number in change.items():
            if number:
                found.setdefault(track, {}).setdefault(metric, {})[option] = number
        return found


def waits(key: ClaimKey) -> bool:
    """A claim that was filed and keeps its beginning: its approval is all that is missing."""
    is_claim = key.kind == unclaimed.Kind.NOT_APPROVED
    return is_claim and key.state not in unclaimed.BEGINS_ANEW


def _approved(held: Holdings, workload: str, number: int) -> Holdings:
    """With the claim approved, as ``unclaimed`` reads it: without figures of its own it begins in
    the newest month with those that another option shows."""
    cpor = held.rule_set.options[unclaimed.CPOR].number
    last = held.pair.last
    own = [claim for claim in held.claims if (claim.workload, claim.option) == (number, cpor)]
    if not any(claim.begins <= last <= claim.ends and claim.now_seats is not None for claim in own):
        kept = [claim for claim in held.claims if claim not in own or claim.ends < last]
        held = replace(held, claims=tuple(kept))
    added = held.add(Association(workload, unclaimed.CPOR))
    return held if isinstance(added, str) else added[0]
