"""What one person more or less is worth: heads in, points out, exact and in every track.

Pure. A metric that counts people has its maximum somewhere: beyond it nobody adds anything, and
whoever is one too many costs nothing when they go.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from scoring import rules

Heads = Mapping[str, int]  # people who count, by metric


@dataclass(frozen=True, slots=True)
class Effect:
    """A change in one metric, as one track sees it."""

    track: str
    title: str
    heads: int  # who count today
    for_max: int  # how many earn the maximum
    points: Fraction  # gained, negative when lost


def metrics(rule_set: rules.RuleSet) -> list[str]:
    """The metrics that count people, in the rule set's order."""
    found = dict.fromkeys(
        metric.key
        for track in rule_set.tracks
        for metric in track.metrics
        if metric.measure == "people"
    )
    return list(found)


def effects(rule_set: rules.RuleSet, metric: str, heads: int, change: int) -> list[Effect]:
    """What ``change`` people more (or fewer) would do to ``metric``, track by track."""
    found = []
    for track in rule_set.tracks:
        rule = next(one for one in track.metrics if one.key == metric)
        before = rules.evaluate_metric(rule, {rules.ALONE: heads}).points
        after = rules.evaluate_metric(rule, {rules.ALONE: max(0, heads + change)}).points
        found.append(
            Effect(track.key, track.title, heads, rule.scales[0].value_for_max, after - before)
        )
    return found


def best(found: Iterable[Effect]) -> Fraction:
    """The gain in the track that gains most."""
    return max((effect.points for effect in found), default=Fraction(0))
