"""What claims are worth to a score, and what a month without them costs: in whole numbers. Pure.

A list may have 50,000 rows, so points are counted in parts of a common denominator here, and what
reads alike is worked out once. It is ``rules.evaluate`` all the same, as the tests compare.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from scoring import judging, rules, unclaimed
from scoring.judging import GROWTH
from scoring.overlays import Counts
from scoring.unclaimed import CPOR, WHOLE, Effects, counts_of

if TYPE_CHECKING:
    import pyarrow as pa

    from scoring.positions import Position


class _Growth(NamedTuple):
    """The users that a month brings with the claim, on their way to points."""

    before: int  # users by CPOR with the claim, in sixtieths
    each: int  # parts of a point for a sixtieth of a user
    most: int
    other: int  # parts of a point that the best other option has


@dataclass(frozen=True, slots=True)
class _Track:
    now: int  # parts of a point that the claim would add at once
    month: int  # and with what a month brings beside growth
    growth: _Growth | None

    def cost(self, lost: int) -> int:
        if self.growth is None:
            return self.month
        before, each, most, other = self.growth
        return self.month + max(other, min(most, max(0, before + lost) * each))


class Prices:
    """What changes of the counts are worth in each track, over the counts of a score."""

    def __init__(self, rule_set: rules.RuleSet, counts: Counts) -> None:
        self.tracks = rule_set.tracks
        self.counts = counts
        scales = [scale for track in self.tracks for one in track.metrics for scale in one.scales]
        # Parts of a point: every value, also a sixtieth of a user, is a whole number of them.
        self.parts = WHOLE * lcm(*(scale.value_for_max for scale in scales))
        self._known: dict[tuple[str, str], tuple[_Track, ...]] = {}

    def points(self, parts: int) -> Fraction:
        return Fraction(parts, self.parts)

    def of(self, effect: str, coming: str) -> tuple[_Track, ...]:
        """By track, in the rule set's order; see ``unclaimed.Row`` for the two texts."""
        key = (effect, coming)
        if key not in self._known:
            now, later = counts_of(effect), counts_of(coming)
            self._known[key] = tuple(self._track(track, now, later) for track in self.tracks)
        return self._known[key]

    def _track(self, track: rules.Track, effects: Effects, coming: Effects) -> _Track:
        now = month = 0
        growth: _Growth | None = None
        own = effects.get(track.key, {})
        later = coming.get(track.key, {})
        for metric in track.metrics:
            if metric.key not in own and metric.key not in later:
                continue
            values = self.counts[track.key].get(metric.key, {})
            changes, more = own.get(metric.key, {}), later.get(metric.key, {})
            before: list[int] = []
            after: list[int] = []
            then: list[int] = []
            for scale in metric.scales:
                value = values.get(scale.option, 0)
                changed = value + changes.get(scale.option, 0)
                each = metric.max * self.parts // scale.value_for_max
                most = metric.max * self.parts
                before.append(min(most, max(0, value) * each))
                after.append(min(most, max(0, changed) * each))
                if metric.key == GROWTH and scale.option in more:
                    growth = _Growth(changed * WHOLE, each // WHOLE, most, 0)
                else:
                    then.append(min(most, max(0, changed + more.get(scale.option, 0)) * each))
            now += max(after) - max(before)
            month -= max(before)
            if metric.key == GROWTH and growth is not None:
                growth = growth._replace(other=max(then, default=0))
            else:
                month += max(then)
        return _Track(now, month, growth)


class Costs(NamedTuple):
    """Of the rows of a table, in parts of a point: one list of whole numbers a track."""

    prices: Prices
    now: tuple[list[int], ...]  # that a claim would add at once
    month: tuple[list[int], ...]  # that a month of waiting costs
    lost: list[int]  # users a month without credit, in sixtieths


def of_rows(
    prices: Prices, effects: Sequence[str], coming: Sequence[str], growth: Iterable[tuple[int, int]]
) -> Costs:
    """``growth`` are users gained, and over how many months."""
    lost = [
        unclaimed.lost(gained, span, text)
        for (gained, span), text in zip(growth, coming, strict=True)
    ]
    tracks = range(len(prices.tracks))
    found = [prices.of(effect, text) for effect, text in zip(effects, coming, strict=True)]
    return Costs(
        prices,
        tuple([one[track].now for one in found] for track in tracks),
        tuple(
            [one[track].cost(users) for one, users in zip(found, lost, strict=True)]
            for track in tracks
        ),
        lost,
    )


def best_first(costs: Costs, track: int) -> list[int]:
    """The places of all rows: by cost of a month in ``track``, then in the others, then by users.

    Rows alike stay in their order. Sorting thrice by whole numbers is quicker than once by three.
    """
    order = sorted(range(len(costs.lost)), key=costs.lost.__getitem__, reverse=True)
    others = [place for place in range(len(costs.month)) if place != track]
    for place in (*reversed(others), track):
        order.sort(key=costs.month[place].__getitem__, reverse=True)
    return order


# ---- As steps of a plan --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lever:
    """A claim to file or to have approved. Of one tenant only one: two do not add up."""

    tenant: int
    workload: int
    kind: int
    state: int
    option: str
    effects: Effects  # changes of the counts by track, metric and option
    gain: Fraction  # points at once, in the track that gains most


def levers(position: "Position", table: "pa.Table", *, most: int = 500) -> list[Lever]:
    """The claims that would change a count now, those that earn most first.

    Of each tenant every different change once, by the first of its workloads: they exclude each
    other, as two claims of one tenant do not add up.
    """
    prices = Prices(position.rule_set, position.counts)
    names = ("tenant", "workload", "kind", "state", "effect")
    seen: set[tuple[int, str]] = set()
    found: list[Lever] = []
    for tenant, workload, kind, state, effect in zip(
        *(table[name].to_pylist() for name in names), strict=True
    ):
        if not effect or (tenant, effect) in seen:
            continue
        seen.add((tenant, effect))
        gain = prices.points(max(track.now for track in prices.of(effect, "")))
        found.append(Lever(tenant, workload, kind, state, CPOR, counts_of(effect), gain))
    found.sort(key=lambda lever: (-lever.gain, lever.tenant, lever.workload))
    return found[:most]


def full_metrics(track: rules.TrackScore, effects: Effects) -> list[str]:
    """The metrics that a change would raise and that have their maximum already."""
    changes = effects.get(track.track.key, {})
    return [
        key
        for key, score in track.metrics.items()
        if key in judging.BITS and key in changes and score.points == score.metric.max
    ]
