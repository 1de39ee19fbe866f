"""What claims are worth to a score, and what a month without them costs: in whole numbers. Pure.

A list may have 50,000 rows, so points are counted in parts of a common denominator, columns at a
time, and what reads alike is worked out once. It is ``rules.evaluate`` all the same, as the tests
compare.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from scoring import rules
from scoring.judging import GROWTH
from scoring.overlays import Counts
from scoring.unclaimed import WHOLE, Effects, counts_of

if TYPE_CHECKING:
    import pyarrow as pa


class Price(NamedTuple):
    """Of one claim in one track, in parts of a point.

    The users that a month brings are on their way to points: ``before`` is where they start, in
    sixtieths of a user, and what they come to is compared with what another option has.
    """

    now: int  # that the claim would add at once
    month: int  # with what a month brings beside growth
    before: int = 0
    each: int = 0  # for a sixtieth of a user
    most: int = 0
    other: int = 0

    def cost(self, lost: int) -> int:
        """Of a month of waiting, with the users lost in it, in sixtieths."""
        grown = min(self.most, max(0, self.before + lost) * self.each)
        return self.month + max(self.other, grown)


class Prices:
    """What changes of the counts are worth in each track, over the counts of a score."""

    def __init__(self, rule_set: rules.RuleSet, counts: Counts) -> None:
        self.tracks = rule_set.tracks
        self.counts = counts
        scales = [scale for track in self.tracks for one in track.metrics for scale in one.scales]
        # Parts of a point: every value, also a sixtieth of a user, is a whole number of them.
        self.parts = WHOLE * lcm(*(scale.value_for_max for scale in scales))
        self._known: dict[tuple[str, str], tuple[Price, ...]] = {}

    def points(self, parts: int) -> Fraction:
        return Fraction(parts, self.parts)

    def of(self, effect: str, coming: str) -> tuple[Price, ...]:
        """By track, in the rule set's order; see ``unclaimed.Row`` for the two texts."""
        key = (effect, coming)
        if key not in self._known:
            now, later = counts_of(effect), counts_of(coming)
            self._known[key] = tuple(self._track(track, now, later) for track in self.tracks)
        return self._known[key]

    def _track(self, track: rules.Track, effects: Effects, coming: Effects) -> Price:
        now = month = 0
        growth: tuple[int, ...] = ()
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
                    growth = (changed * WHOLE, each // WHOLE, most)
                else:
                    then.append(min(most, max(0, changed + more.get(scale.option, 0)) * each))
            now += max(after) - max(before)
            month -= max(before)
            if metric.key == GROWTH and growth:
                growth = (*growth, max(then, default=0))
            else:
                month += max(then)
        return Price(now, month, *growth)


def now_name(track: rules.Track) -> str:
    return f"now_{track.key}"


def cost_name(track: rules.Track) -> str:
    return f"cost_{track.key}"


LOST = "lost"  # users a month without credit, in sixtieths


def priced(prices: Prices, table: "pa.Table") -> "pa.Table":
    """The table with ``LOST`` and, for each track, what a claim would add and a month costs.

    Parts of a point, as ``Prices.points`` reads them.
    """
    import pyarrow as pa  # noqa: PLC0415 -- as in computed_tables
    import pyarrow.compute as pc  # noqa: PLC0415

    effects = table["effect"].combine_chunks().dictionary_encode()
    coming = table["coming"].combine_chunks().dictionary_encode()
    many = max(1, len(coming.dictionary))
    place = pc.add(
        pc.multiply(effects.indices.cast(pa.int64()), many), coming.indices.cast(pa.int64())
    ).dictionary_encode()
    texts = effects.dictionary.to_pylist(), coming.dictionary.to_pylist()
    known = [
        prices.of(texts[0][pair // many], texts[1][pair % many])
        for pair in place.dictionary.to_pylist()
    ]
    is_lost = pc.and_(pc.not_equal(table["coming"], ""), pc.greater(table["span"], 0))
    gained = pc.multiply(table["gained"].cast(pa.int64()), WHOLE)
    span = pc.max_element_wise(table["span"].cast(pa.int64()), 1)
    lost = pc.multiply(pc.divide(gained, span), is_lost.cast(pa.int64()))
    table = table.append_column(LOST, lost)
    for number, track in enumerate(prices.tracks):
        columns = [
            pa.array([one[number][field] for one in known], pa.int64()).take(place.indices)
            for field in range(len(Price._fields))
        ]
        now, month, before, each, most, other = columns
        grown = pc.multiply(pc.max_element_wise(pc.add(before, lost), 0), each)
        grown = pc.max_element_wise(other, pc.min_element_wise(grown, most))
        table = table.append_column(now_name(track), now)
        table = table.append_column(cost_name(track), pc.add(month, grown))
    return table


def dearest_first(table: "pa.Table", tracks: Sequence[rules.Track], best: str) -> "pa.Table":
    """A priced table by cost of a month in the track ``best``, then in the others, then by users.

    Rows alike stay in their order.
    """
    import pyarrow.compute as pc  # noqa: PLC0415 -- as above

    ordered = sorted(tracks, key=lambda track: track.key != best)
    keys = [cost_name(track) for track in ordered] + [LOST]
    order = pc.sort_indices(table, sort_keys=[(key, "descending") for key in keys])
    return table.take(order)
