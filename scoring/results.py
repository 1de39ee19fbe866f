"""A score's result as it is stored, and back again: exact numbers as text, nothing rounded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import rules


class Metric(TextChoices):
    NET_CUSTOMER_ADDS = "net_customer_adds", _("Net customer adds")
    INTERMEDIATE = "intermediate_certifications", _("Intermediate certifications")
    ADVANCED = "advanced_certifications", _("Advanced certifications")
    USAGE_GROWTH = "usage_growth", _("Usage growth")
    DEPLOYMENTS = "deployments", _("Deployments")


class Category(TextChoices):
    PERFORMANCE = "performance", _("Performance")
    SKILLING = "skilling", _("Skilling")
    CUSTOMER_SUCCESS = "customer_success", _("Customer success")


@dataclass(frozen=True, slots=True)
class OptionResult:
    key: str  # CPOR, DPOR, CSP; empty where there is nothing to choose
    value: int
    value_for_max: int
    points: Fraction
    counts: bool  # the best option of its metric

    @property
    def shown(self) -> Decimal:
        """Points with one decimal, half up, as Partner Center shows them."""
        return rules.display_points(self.points)

    @property
    def exact(self) -> str:
        return rules.exact(self.points)


@dataclass(frozen=True, slots=True)
class MetricResult:
    key: str
    category: str
    max: int
    option: str
    options: tuple[OptionResult, ...]

    @property
    def best(self) -> OptionResult:
        return next(option for option in self.options if option.counts)

    @property
    def title(self) -> str:
        return str(Metric(self.key).label) if self.key in Metric else self.key

    @property
    def category_title(self) -> str:
        return str(Category(self.category).label)

    @property
    def points(self) -> Fraction:
        return self.best.points

    @property
    def value(self) -> int:
        return self.best.value

    @property
    def shown(self) -> Decimal:
        return self.best.shown

    @property
    def exact(self) -> str:
        return self.best.exact

    @property
    def has_options(self) -> bool:
        return self.option != rules.ALONE


@dataclass(frozen=True, slots=True)
class TrackResult:
    key: str
    title: str
    total: Fraction
    passes: bool
    is_shown: bool  # the track that stands for the score
    metrics: tuple[MetricResult, ...]

    @property
    def shown(self) -> Decimal:
        """The total as an integer, half up, as Partner Center shows it."""
        return rules.display_total(self.total)

    @property
    def exact(self) -> str:
        return rules.exact(self.total)


# ---- Stored form ---------------------------------------------------------------------------------
# Lists, because their order is the rule set's and PostgreSQL sorts the keys of JSON objects.


def dump(scored: Iterable[rules.TrackScore], *, provable: bool) -> dict[str, Any]:
    """What ``Score.result`` keeps. Without a provable comparison no track passes."""
    return {
        "tracks": [
            {
                "key": track.track.key,
                "title": track.track.title,
                "total": rules.exact(track.total),
                "passes": track.passes and provable,
                "metrics": [
                    {
                        "key": key,
                        "category": metric.metric.category,
                        "max": metric.metric.max,
                        "option": metric.option,
                        "options": [
                            {
                                "key": option,
                                "value": score.value,
                                "value_for_max": score.value_for_max,
                                "points": rules.exact(score.points),
                            }
                            for option, score in metric.options.items()
                        ],
                    }
                    for key, metric in track.metrics.items()
                ],
            }
            for track in scored
        ]
    }


def read(result: Mapping[str, Any], *, shown: str) -> tuple[TrackResult, ...]:
    """The tracks of a stored result, in the rule set's order. ``shown`` is ``Score.track``."""
    return tuple(
        TrackResult(
            key=track["key"],
            title=track["title"],
            total=Fraction(track["total"]),
            passes=track["passes"],
            is_shown=track["key"] == shown,
            metrics=tuple(_metric(metric) for metric in track["metrics"]),
        )
        for track in result["tracks"]
    )


def _metric(metric: Mapping[str, Any]) -> MetricResult:
    return MetricResult(
        key=metric["key"],
        category=metric["category"],
        max=metric["max"],
        option=metric["option"],
        options=tuple(
            OptionResult(
                key=option["key"],
                value=option["value"],
                value_for_max=option["value_for_max"],
                points=Fraction(option["points"]),
                counts=option["key"] == metric["option"],
            )
            for option in metric["options"]
        ),
    )


def script_form(tracks: Iterable[TrackResult]) -> dict[str, Any]:
    """The tracks as ``manage.py score --json`` prints them."""
    return {
        track.key: {
            "total": track.exact,
            "passes": track.passes,
            "metrics": {metric.key: _script_metric(metric) for metric in track.metrics},
        }
        for track in tracks
    }


def _script_metric(metric: MetricResult) -> dict[str, Any]:
    if not metric.has_options:
        return {"value": metric.value, "points": metric.exact}
    return {
        "option": metric.option,
        "points": metric.exact,
        "options": {
            option.key: {"value": option.value, "points": option.exact} for option in metric.options
        },
    }
