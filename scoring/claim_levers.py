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

    Claims that raise nothing but metrics with all their points are no steps. Those that bring a
    tenant and nothing else are all there, as far as they can matter. Of the others
    ``MOST_CLAIMS`` customers are looked at, those first that bring most; at ``MOST_TOGETHER`` of
    them claims count together too.
    """
    if table is None:
        return {}, {}
    claims = _Claims(table)
    offers: dict[str, list[Offer]] = {}
    left_out: dict[str, int] = {}
    for track in position.rule_set.tracks:
        offers[track.key], left_out[track.key] = _offers(position, track, claims)
    waiting = claims.waiting({one.customer for own in offers.values() for one in own})
    wanted = {
        track: [one.customer for one in own if len(waiting.get(one.customer, ())) > 1][
            :MOST_TOGETHER
        ]
        for track, own in offers.items()
    }
    together = _Together(position, waiting, sorted({one for own in wanted.values() for one in own}))
    for key, chosen in wanted.items():
        offers[key] = [
            offer._replace(choices=_apart((*offer.choices, *together.choices(offer.customer, key))))
            if offer.customer in chosen
            else offer
            for offer in offers[key]
        ]
    return offers, left_out


class _Claims:
    """The rows that change a count. What reads alike is looked at once: there may be 50,000."""

    def __init__(self, table: "pa.Table") -> None:
        import pyarrow.compute as pc  # noqa: PLC0415 -- 40 ms that a web node need not spend

        self.rows = table.filter(pc.not_equal(table["effect"], ""))
        encoded = self.rows["effect"].combine_chunks().dictionary_encode()
        self.effects = [unclaimed.counts_of(text) for text in encoded.dictionary.to_pylist()]
        self.effect_of: list[int] = encoded.indices.to_pylist()
        self.tenant_of: list[int] = self.rows["tenant"].to_pylist()

    def key(self, place: int) -> ClaimKey:
        columns = ("workload", "kind", "state")
        return ClaimKey(*(self.rows[name][place].as_py() for name in columns))

    def waiting(self, tenants: Collection[int]) -> dict[int, list[ClaimKey]]:
        """The claims of these customers that were filed and wait for their approval."""
        found: dict[int, list[ClaimKey]] = {}
        for place, tenant in enumerate(self.tenant_of):
            if tenant in tenants and waits(key := self.key(place)):
                found.setdefault(tenant, []).append(key)
        return found


def _offers(position: Position, track: rules.Track, claims: _Claims) -> tuple[list[Offer], int]:
    """The customers with claims that are looked at in one track, and how many are not."""
    open_metrics = {
        key
        for key, score in position.scored()[track.key].metrics.items()
        if score.points < score.metric.max
    }
    worth: list[Fraction | None] = []
    pure: list[bool] = []
    for effects in claims.effects:
        choice = _choice(effects.get(track.key, {}), ())
        points = _worth(track, choice, open_metrics) if choice else 0
        worth.append(Fraction(points) if points > 0 else None)
        pure.append(choice is not None and not choice.growth and not choice.deployments)
    own: dict[int, dict[int, int]] = {}  # by tenant the first row of each effect
    for place, (tenant, effect) in enumerate(zip(claims.tenant_of, claims.effect_of, strict=True)):
        if worth[effect] is not None:
            own.setdefault(tenant, {}).setdefault(effect, place)
    only_tenants = [tenant for tenant, found in own.items() if all(pure[one] for one in found)]
    others = sorted(
        (-max(worth[one] or Fraction(0) for one in found), tenant)
        for tenant, found in own.items()
        if not all(pure[one] for one in found)
    )
    kept = [tenant for _worth_of, tenant in others[:MOST_CLAIMS]]
    chosen = [*sorted(only_tenants)[: _room(position, track)], *kept]
    found_offers = [
        Offer(
            tenant,
            _apart(
                choice
                for effect, place in own[tenant].items()
                if (
                    choice := _choice(
                        claims.effects[effect].get(track.key, {}), (claims.key(place),)
                    )
                )
            ),
        )
        for tenant in chosen
    ]
    return found_offers, len(others) - len(kept)


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


def _room(position: Position, track: rules.Track) -> int:
    """How many more tenants could earn anything."""
    metric = next(one for one in track.metrics if one.key == NET_ADDS)
    value = position.counts[track.key].get(NET_ADDS, {}).get(rules.ALONE, 0)
    return max(0, metric.scales[0].value_for_max - value)


def _worth(track: rules.Track, choice: Choice, metrics: Collection[str]) -> Fraction:
    """Points of a choice in these metrics if they had no end, to rank by."""
    rate = {
        (metric.key, scale.option): Fraction(metric.max, scale.value_for_max)
        for metric in track.metrics
        for scale in metric.scales
        if metric.key in metrics
    }
    gains = [
        (NET_ADDS, rules.ALONE, choice.adds),
        *((GROWTH, option, users) for option, users in choice.growth),
        *((DEPLOYMENTS, option, number) for option, number in choice.deployments),
    ]
    return sum(
        (
            number * rate.get((key, option), Fraction(0))
            for key, option, number in gains
            if number > 0
        ),
        Fraction(0),
    )


class _Together:
    """What several claims at one customer bring together, as the judge sees it. One query."""

    def __init__(
        self,
        position: Position,
        waiting: Mapping[int, Sequence[ClaimKey]],
        tenants: Collection[int],
    ) -> None:
        self.waiting = waiting
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
        waiting = self.waiting[tenant]
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
