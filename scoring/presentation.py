"""A score in words and figures, for pages and documents: no arithmetic, only what is shown.

Where rounding for display hides something, ``exact`` has the whole value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, npgettext

from scoring import charts, months, rule_sets, rules
from scoring.models import Score
from scoring.reasons import Caution, sentence
from scoring.results import Metric, MetricResult, OptionResult, TrackResult

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PEOPLE = {Metric.INTERMEDIATE, Metric.ADVANCED}
# The question each metric answers, for somebody who meets it for the first time.
QUESTIONS: "dict[str, StrOrPromise]" = {
    Metric.NET_CUSTOMER_ADDS: gettext_lazy(
        "How many more eligible tenants do you look after than in the same month a year earlier?"
    ),
    Metric.INTERMEDIATE: gettext_lazy(
        "How many of your people hold at least one valid intermediate certification?"
    ),
    Metric.ADVANCED: gettext_lazy(
        "How many of your people hold at least one valid advanced certification?"
    ),
    Metric.USAGE_GROWTH: gettext_lazy(
        "How many more active users do the workloads of your eligible tenants have than in the "
        "same month a year earlier?"
    ),
    Metric.DEPLOYMENTS: gettext_lazy(
        "How many more eligible tenants use at least 40 percent of the bought seats of a workload "
        "than in the same month a year earlier?"
    ),
}


@dataclass(frozen=True, slots=True)
class OptionView:
    key: str
    title: str
    value: str
    unit: str
    points: str
    exact: str
    full_at: str  # the value that earns the maximum
    is_best: bool


@dataclass(frozen=True, slots=True)
class MetricView:
    number: int
    pattern: str
    key: str
    title: str
    category: str
    question: str
    unit: str
    value: str
    points: str
    exact: str  # empty when ``points`` hides nothing
    maximum: int
    full_at: str  # the value that earns the maximum
    has_points: bool
    option: str
    options: Sequence[OptionView]

    @property
    def others(self) -> list[OptionView]:
        return [option for option in self.options if not option.is_best]


@dataclass(frozen=True, slots=True)
class TrackView:
    key: str
    title: str
    seats: str
    total: str
    exact: str  # empty when ``total`` hides nothing
    passes: bool
    is_shown: bool  # the track that decides: the best passing one, else the higher total
    standing: str  # one sentence
    metrics: Sequence[MetricView]


@dataclass(frozen=True, slots=True)
class ScoreView:
    designated: bool
    headline: str
    lead: str
    tracks: Sequence[TrackView]
    chart: charts.Chart

    @property
    def shown(self) -> TrackView:
        return next(track for track in self.tracks if track.is_shown)


def score_view(score: Score, *, chart_name: str = "score") -> ScoreView:
    """A stored score in the reader's language, the track that stands for it first.

    Metrics come in the rule set's order, whatever order the database keeps.
    """
    rule_set = rule_sets.get(score.rule_set)
    stored = {track.key: track for track in score.tracks}
    tracks = [stored[track.key] for track in rule_set.tracks if track.key in stored]
    tracks.sort(key=lambda track: not track.is_shown)
    shown = next(track for track in tracks if track.is_shown)
    return ScoreView(
        designated=score.designated,
        headline=_headline(rule_set, shown),
        lead=_lead(rule_set, shown, tracks),
        tracks=[_track(rule_set, track) for track in tracks],
        chart=_chart(rule_set, tracks, chart_name),
    )


def _metrics(rule_set: rules.RuleSet, track: TrackResult) -> list[MetricResult]:
    order = [metric.key for metric in rule_set.track(track.key).metrics]
    return sorted(track.metrics, key=lambda metric: order.index(metric.key))


def _track(rule_set: rules.RuleSet, track: TrackResult) -> TrackView:
    return TrackView(
        key=track.key,
        title=track.title,
        seats=seats_of(rule_set.track(track.key)),
        total=figure(track.shown),
        exact=exact(track.total, track.shown),
        passes=track.passes,
        is_shown=track.is_shown,
        standing=_standing(rule_set, track),
        metrics=[
            _metric(rule_set, number, metric)
            for number, metric in enumerate(_metrics(rule_set, track), start=1)
        ],
    )


def _options(rule_set: rules.RuleSet, metric: MetricResult) -> list[OptionResult]:
    order = list(rule_set.options)
    return sorted(
        metric.options,
        key=lambda option: order.index(option.key) if option.key in order else -1,
    )


def _metric(rule_set: rules.RuleSet, number: int, metric: MetricResult) -> MetricView:
    return MetricView(
        number=number,
        pattern=charts.PATTERNS[(number - 1) % len(charts.PATTERNS)],
        key=metric.key,
        title=metric.title,
        category=metric.category_title,
        question=str(QUESTIONS.get(metric.key, "")),
        unit=unit(metric.key, metric.value),
        value=value_text(metric.key, metric.value),
        points=figure(metric.shown),
        exact=exact(metric.points, metric.shown),
        maximum=metric.max,
        full_at=figure(metric.best.value_for_max),
        has_points=metric.points > 0,
        option=metric.option,
        options=[_option(rule_set, metric, option) for option in _options(rule_set, metric)],
    )


def _option(rule_set: rules.RuleSet, metric: MetricResult, option: OptionResult) -> OptionView:
    known = rule_set.options.get(option.key)
    return OptionView(
        key=option.key,
        title=known.title if known else option.key,
        value=value_text(metric.key, option.value),
        unit=unit(metric.key, option.value),
        points=figure(option.shown),
        exact=exact(option.points, option.shown),
        full_at=figure(option.value_for_max),
        is_best=option.counts,
    )


def notes(score: Score) -> list[str]:
    """What to know about a score, its figures and metrics in the reader's language."""
    return [
        sentence(
            note["code"],
            {name: _in_words(name, value) for name, value in note["params"].items()},
            kind=Caution,
        )
        for note in score.cautions
    ]


def _in_words(name: str, value: object) -> object:
    if name == "metric" and isinstance(value, str) and value in Metric:
        return Metric(value).label
    if isinstance(value, int):
        return figure(value)
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        return figure(Decimal(value))
    return value


# ---- Sentences -----------------------------------------------------------------------------------


def _without_points(rule_set: rules.RuleSet, track: TrackResult) -> str:
    metrics = _metrics(rule_set, track)
    return ", ".join(metric.title for metric in metrics if metric.points <= 0)


def _headline(rule_set: rules.RuleSet, shown: TrackResult) -> str:
    if shown.passes:
        return _("The requirements are met.")
    if shown.total >= rule_set.pass_mark:
        if not _without_points(rule_set, shown):
            return _("Enough points, but the comparison is missing.")
        return _("Enough points, but not in every metric yet.")
    missing = rule_set.pass_mark - shown.total
    return ngettext(
        "Not met yet: %(points)s point to go.",
        "Not met yet: %(points)s points to go.",
        2 if missing != 1 else 1,
    ) % {"points": whole(missing)}


def _lead(rule_set: rules.RuleSet, shown: TrackResult, tracks: Sequence[TrackResult]) -> str:
    numbers = {
        "track": shown.title,
        "total": whole(shown.total),
        "pass_mark": figure(rule_set.pass_mark),
    }
    if shown.passes:
        others = [track.title for track in tracks if track.passes and track is not shown]
        if others:
            return (
                _(
                    "Both tracks qualify; %(track)s is the better one with %(total)s points. "
                    "Needed are %(pass_mark)s, and points in each of the five metrics."
                )
                % numbers
            )
        return (
            _(
                "The %(track)s track stands at %(total)s points. Needed are %(pass_mark)s, and "
                "points in each of the five metrics."
            )
            % numbers
        )
    if shown.total >= rule_set.pass_mark and not _without_points(rule_set, shown):
        return (
            _(
                "The %(track)s track would stand at %(total)s points. Without the data of the "
                "comparison month nobody can tell how much of that is growth."
            )
            % numbers
        )
    if shown.total >= rule_set.pass_mark:
        return _(
            "The %(track)s track stands at %(total)s points, above the %(pass_mark)s that are "
            "needed. Without points so far: %(metrics)s. Every metric has to be above zero."
        ) % {**numbers, "metrics": _without_points(rule_set, shown)}
    return (
        _(
            "The better track is %(track)s with %(total)s points. Needed are %(pass_mark)s, and "
            "points in each of the five metrics."
        )
        % numbers
    )


def _standing(rule_set: rules.RuleSet, track: TrackResult) -> str:
    """Where one track stands, in a sentence of its own."""
    if track.passes:
        return _("Requirements met.")
    metrics = _without_points(rule_set, track)
    if track.total >= rule_set.pass_mark and not metrics:
        return _("Enough points, but the comparison month is missing.")
    if track.total >= rule_set.pass_mark:
        return _("Enough points, but without points so far: %(metrics)s.") % {"metrics": metrics}
    numbers = {
        "points": whole(rule_set.pass_mark - track.total),
        "pass_mark": figure(rule_set.pass_mark),
        "metrics": metrics,
    }
    if metrics:
        return (
            _("%(points)s points to %(pass_mark)s; without points so far: %(metrics)s.") % numbers
        )
    return _("%(points)s points to %(pass_mark)s; every metric has points.") % numbers


def seats_of(track: rules.Track) -> str:
    """Which tenants a track looks at."""
    if track.seats_to is None:
        return _("Tenants with %(first)s seats or more in a workload") % {
            "first": figure(track.seats_from)
        }
    return _("Tenants with %(first)s to %(last)s seats in a workload") % {
        "first": figure(track.seats_from),
        "last": figure(track.seats_to),
    }


def _chart(rule_set: rules.RuleSet, tracks: Sequence[TrackResult], name: str) -> charts.Chart:
    def total(track: TrackResult) -> str:
        return _("%(total)s of 100 points") % {"total": whole(track.total)}

    title = _("Points of both tracks against the %(pass_mark)s that are needed: %(tracks)s.") % {
        "pass_mark": figure(rule_set.pass_mark),
        "tracks": "; ".join(f"{track.title} {total(track)}" for track in tracks),
    }
    bars = [
        charts.Bar(
            title=track.title,
            total=total(track),
            parts=[
                charts.Part(metric.title, metric.points, metric.max)
                for metric in _metrics(rule_set, track)
            ],
        )
        for track in tracks
    ]
    return charts.draw(
        name,
        title,
        bars,
        pass_mark=rule_set.pass_mark,
        pass_mark_label=_("%(pass_mark)s needed") % {"pass_mark": figure(rule_set.pass_mark)},
    )


# ---- Figures -------------------------------------------------------------------------------------


def figure(value: int | Decimal | Fraction) -> str:
    """A number in the reader's language, with all its digits; a true fraction as ``a/b``."""
    if isinstance(value, Fraction):
        text = rules.exact(value)
        if "/" in text:
            return text
        value = Decimal(text)
    return number_format(value, use_l10n=True, force_grouping=True)


def value_text(metric: str, value: int) -> str:
    """The value of a metric: people are a number, everything else is a change."""
    return figure(value) if metric in PEOPLE else signed(value)


def unit(metric: str, value: int) -> str:
    """What the value of a metric counts, to stand behind the number."""
    number = abs(value)
    if metric in PEOPLE:
        return npgettext("unit", "person", "people", number)
    if metric == Metric.USAGE_GROWTH:
        return npgettext("unit", "user", "users", number)
    return npgettext("unit", "tenant", "tenants", number)


def signed(value: int) -> str:
    """A change: ``+12``, ``0`` or ``−59`` with a real minus sign."""
    if value == 0:
        return "0"
    return ("+" if value > 0 else "\N{MINUS SIGN}") + figure(abs(value))


def whole(points: Fraction) -> str:
    """Points in running text: exact where that is short, else with four decimals, cut off.

    Cut, not rounded: 69.9925 must never read 70 in a sentence that says how much is missing.
    """
    if "/" not in (text := rules.exact(points)) and len(text.partition(".")[2]) <= 4:
        return figure(Decimal(text))
    return figure(Decimal((points * 10_000).__floor__()) / 10_000)


def exact(points: Fraction, shown: Decimal) -> str:
    """The whole value of ``points`` where ``shown`` rounds it, else nothing."""
    return "" if points == Fraction(shown) else figure(points)


def month_name(month: int) -> str:
    """``October 2026``"""
    return date_format(months.first_day(month), "F Y")


def day_text(text: str) -> str:
    """An ISO day or month in the reader's way of writing; anything else stays as it is."""
    try:
        if len(text) == len("2025-02"):
            return month_name(months.parse_label(text))
        return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
    except ValueError:
        return text
