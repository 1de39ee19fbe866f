"""A firm's counts with something laid over them: what a score would be if. Pure.

Every what-if (an association, a scenario, a step of a plan) takes some tenants' lines out of the
counts and puts others in their place; the rest of the firm stays a sum.
"""

from collections.abc import Iterable, Mapping

from scoring import rules
from scoring.explaining import Line

Counts = dict[str, dict[str, dict[str, int]]]
"""Whole numbers by track, metric and option, as a score has them."""


def replaced(counts: Counts, before: Iterable[Line], after: Iterable[Line]) -> Counts:
    """``counts`` with the lines ``after`` in place of ``before``; neither is changed."""
    deltas: dict[tuple[str, str, str], int] = {}
    for sign, lines in ((-1, before), (1, after)):
        for line in lines:
            key = (line.track, line.metric, line.option)
            deltas[key] = deltas.get(key, 0) + sign * line.value
    return moved(counts, deltas)


def moved(counts: Counts, deltas: Mapping[tuple[str, str, str], int]) -> Counts:
    """``counts`` with so much more by track, metric and option; not changed themselves."""
    found = {
        track: {metric: dict(options) for metric, options in metrics.items()}
        for track, metrics in counts.items()
    }
    for (track, metric, option), change in deltas.items():
        kept = found[track].setdefault(metric, {})
        kept[option] = kept.get(option, 0) + change
    return found


def scored(rule_set: rules.RuleSet, counts: Counts) -> dict[str, rules.TrackScore]:
    """What the counts are worth, by track."""
    return {
        track.key: rules.evaluate(rule_set, track, counts[track.key]) for track in rule_set.tracks
    }
