"""The arithmetic of a designation, to be read beside Microsoft's page.

Nothing here knows a database, a clock or a setting. Counts are whole numbers, points are exact
fractions, and only the two ``display_`` functions at the end round.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

# ---- What a rule set says ----------------------------------------------------------------------

ALONE = ""  # the option of a metric that has none: tenants and people are counted once


@dataclass(frozen=True, slots=True)
class Scale:
    """How one option of a metric is turned into points: ``value_for_max`` earns the maximum."""

    option: str
    value_for_max: int


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one track. ``scales`` are alternatives: the best counts, they are not added."""

    key: str
    category: str
    measure: str  # net_count, absolute_growth or people
    max: int
    scales: tuple[Scale, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """One way to the designation (Enterprise or SMB), with the tenants and options it looks at."""

    key: str
    number: int  # how the database stores it; the same in every rule set
    title: str
    seats_from: int
    seats_to: int | None  # None: no upper end
    options: tuple[str, ...]  # association options the track accepts
    keeps_promoted: bool  # a tenant of this band stays when it grows above it
    metrics: tuple[Metric, ...]

    def in_band(self, seats: int) -> bool:
        return seats >= self.seats_from and (self.seats_to is None or seats <= self.seats_to)


@dataclass(frozen=True, slots=True)
class Workload:
    """A product whose seats and users count, for the metrics named in ``counts_for``."""

    key: str
    number: int  # how the database stores it; the same in every rule set
    title: str
    aliases: tuple[str, ...]
    counts_for: frozenset[str]


@dataclass(frozen=True, slots=True)
class Option:
    """An association option and the values of the files that mean it. ``*`` ends a prefix."""

    key: str
    number: int  # how the database stores it; the same in every rule set
    title: str
    values: tuple[str, ...]
    excluded_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certification:
    """A certification that makes a person count in one skilling metric."""

    key: str
    title: str
    metric: str
    exam_codes: tuple[str, ...]
    aliases: tuple[str, ...]
    expires: bool  # False: an expiry date in a file is not looked at (Fundamentals)
    is_assessment: bool  # the pass is the credential, whatever type a file gives it
    counts_until: date | None  # last day on which the designation gives points for it
    # Whoever has none of these, valid, cannot get it by its exam alone.
    requires_one_of: tuple[str, ...] = ()
    exam_until: date | None = None  # last day on which it can be earned or renewed


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One reviewed version of the rules of one designation. A correction is a new version."""

    key: str
    title: str
    designation: str
    valid_from: date
    valid_to: date | None
    pass_mark: Fraction
    near_pass: Fraction  # from here on, rounding to an integer may display the pass mark
    low_metric: Fraction  # above zero but below this: warn, the page also says "at least one"
    deployed_share: Fraction  # users / seats from which a tenant counts as deployed, inclusive
    tracks: tuple[Track, ...]  # in the order in which a draw is decided
    options: Mapping[str, Option]
    workloads: Mapping[str, Workload]
    certifications: Mapping[str, Certification]
    sources: Mapping[str, str]

    def track(self, key: str) -> Track:
        return next(track for track in self.tracks if track.key == key)

    @property
    def deployed_percent(self) -> str:
        """From which share of the seats in use on a tenant is deployed: "40 %"."""
        return f"{float(self.deployed_share):.0%}".replace("%", " %")


# ---- Points ------------------------------------------------------------------------------------

Counts = Mapping[str, Mapping[str, int]]
"""Whole numbers by metric and option, e.g. ``{"usage_growth": {"CPOR": 120, "CSP": 400}}``."""


@dataclass(frozen=True, slots=True)
class OptionScore:
    value: int
    value_for_max: int
    points: Fraction


@dataclass(frozen=True, slots=True)
class MetricScore:
    metric: Metric
    option: str  # the one that counts; ``ALONE`` when there is nothing to choose
    options: Mapping[str, OptionScore]

    @property
    def value(self) -> int:
        return self.options[self.option].value

    @property
    def points(self) -> Fraction:
        return self.options[self.option].points


@dataclass(frozen=True, slots=True)
class TrackScore:
    track: Track
    metrics: Mapping[str, MetricScore]
    total: Fraction
    passes: bool


def points(value: int, maximum: int, value_for_max: int) -> Fraction:
    """Points for ``value``, exact, in [0, maximum]. Negative values earn nothing."""
    return min(Fraction(maximum), max(0, value) * Fraction(maximum, value_for_max))


def evaluate_metric(metric: Metric, values: Mapping[str, int]) -> MetricScore:
    """The best option of a metric; on a draw the one the rule set names first."""
    options = {
        scale.option: OptionScore(
            value=(value := values.get(scale.option, 0)),
            value_for_max=scale.value_for_max,
            points=points(value, metric.max, scale.value_for_max),
        )
        for scale in metric.scales
    }
    best = max(options, key=lambda option: options[option].points)  # max() keeps the first
    return MetricScore(metric=metric, option=best, options=options)


def evaluate(rule_set: RuleSet, track: Track, counts: Counts) -> TrackScore:
    """Score one track. It passes with the pass mark **and** every metric above zero."""
    metrics = {
        metric.key: evaluate_metric(metric, counts.get(metric.key, {})) for metric in track.metrics
    }
    total = sum((score.points for score in metrics.values()), Fraction(0))
    every_metric_counts = all(score.points > 0 for score in metrics.values())
    return TrackScore(
        track=track,
        metrics=metrics,
        total=total,
        passes=total >= rule_set.pass_mark and every_metric_counts,
    )


def shown_track(scores: Iterable[TrackScore]) -> TrackScore:
    """The best passing track, else the one with the higher total; metrics are never mixed."""
    return max(scores, key=lambda score: (score.passes, score.total))


# ---- Display: the only place that rounds ---------------------------------------------------------


def exact(value: Fraction) -> str:
    """An exact text: a decimal where the fraction ends (``14.9925``), else ``a/b``."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    if value.denominator == 1:
        return str(value.numerator)
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(int(value * 10**digits)), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"


def display_points(value: Fraction) -> Decimal:
    """A metric's points with one decimal, half up, as Partner Center shows them."""
    return _half_up(value, Decimal("0.1"))


def display_total(value: Fraction) -> Decimal:
    """A track's total as an integer, half up, as Partner Center shows it."""
    return _half_up(value, Decimal("1"))


def _half_up(value: Fraction, step: Decimal) -> Decimal:
    # Floor of value / step + 1/2 in exact arithmetic: a Decimal division would round first.
    steps = (value / Fraction(step) + Fraction(1, 2)).__floor__()
    return (steps * step).quantize(step, rounding=ROUND_HALF_UP)
