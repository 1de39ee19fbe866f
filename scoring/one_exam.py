"""Who is one exam away from counting, and by which exam.

Pure. Looked at is what the files show: the certifications of the rule set, and their prerequisites
as far as they are among these. An exam that is retired is proposed to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from scoring import heads, rules
from scoring.certified import Holding, Person
from scoring.heads import Effect


class Why(StrEnum):
    """Why it is one exam, the surest step first."""

    AGAIN = "again"  # it was held and has expired
    NEXT = "next"  # the prerequisite is there
    ASSESSMENT = "assessment"  # a technical assessment, without a prerequisite
    FIRST = "first"  # any exam of the metric


ORDER = list(Why)


@dataclass(frozen=True, slots=True)
class Step:
    """The one exam that makes a person count in a metric."""

    person: str
    name: str
    anchor: str
    why: Why
    options: tuple[rules.Certification, ...]  # one of these is enough, the first is meant
    base: str  # the title of the prerequisite that is there, or of what has expired
    day: date | None  # until when the prerequisite is valid, or when the expired one ended


@dataclass(frozen=True, slots=True)
class MetricSteps:
    """A metric with those who are one exam away, and what each would add today."""

    metric: str
    heads: int
    effects: tuple[Effect, ...]
    steps: tuple[Step, ...]
    further: int  # people who need more than one exam

    @property
    def gain(self) -> Fraction:
        return heads.best(self.effects)

    @property
    def is_full(self) -> bool:
        """Nobody more would add anything, in any track."""
        return self.gain == 0


def steps(
    people: Sequence[Person], rule_set: rules.RuleSet, counting: Mapping[str, int], today: date
) -> list[MetricSteps]:
    """By metric, the one that gains most in the better track first."""
    found = []
    for metric in heads.metrics(rule_set):
        offered = [
            one
            for one in rule_set.certifications.values()
            if one.metric == metric and can_be_earned(one, today)
        ]
        own, further = [], 0
        for person in people:
            if person.has_left or any(one.counts for one in person.speaks if one.metric == metric):
                continue
            step = _step(person, metric, offered, rule_set, today)
            if step is None:
                further += 1
            else:
                own.append(step)
        own.sort(key=lambda one: (ORDER.index(one.why), one.name.casefold(), one.person))
        count = counting.get(metric, 0)
        found.append(
            MetricSteps(
                metric=metric,
                heads=count,
                effects=tuple(heads.effects(rule_set, metric, count, 1)),
                steps=tuple(own),
                further=further,
            )
        )
    return sorted(found, key=lambda one: -one.gain)


def can_be_earned(one: rules.Certification, today: date) -> bool:
    """Whether the exam can still be taken, and gives points afterwards."""
    is_offered = one.exam_until is None or one.exam_until >= today
    return is_offered and (one.counts_until is None or one.counts_until > today)


def _step(
    person: Person,
    metric: str,
    offered: Sequence[rules.Certification],
    rule_set: rules.RuleSet,
    today: date,
) -> Step | None:
    valid = {
        one.counts.certification: one for one in person.holdings if one.state in ("valid", "soon")
    }
    reachable = [
        one
        for one in offered
        if not one.requires_one_of or any(key in valid for key in one.requires_one_of)
    ]
    if not reachable:
        return None
    expired = _expired(person, {one.key for one in reachable})
    if expired is not None:
        again = rule_set.certifications[expired.counts.certification]
        others = [one for one in reachable if one is not again]
        return _made(person, Why.AGAIN, [again, *others], expired.title, expired.until_on)
    for one in reachable:
        bases = [valid[key] for key in one.requires_one_of if key in valid]
        if bases:
            base = max(bases, key=lambda each: each.until_on or date.max)
            rest = [other for other in reachable if other is not one]
            return _made(person, Why.NEXT, [one, *rest], base.title, base.until_on)
    why = Why.ASSESSMENT if all(one.is_assessment for one in reachable) else Why.FIRST
    return _made(person, why, reachable, "", None)


def _expired(person: Person, keys: set[str]) -> Holding | None:
    """What expired last of the certifications that can be earned again."""
    gone = [
        one
        for one in person.holdings
        if one.state == "expired" and one.counts.certification in keys
    ]
    return max(gone, key=lambda one: one.until_on or date.min, default=None)


def _made(
    person: Person, why: Why, options: Sequence[rules.Certification], base: str, day: date | None
) -> Step:
    name = person.name or person.label
    return Step(person.key, name, person.anchor, why, tuple(options), base, day)
