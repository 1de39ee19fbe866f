"""Scores of the firm, exactly as they were computed, why they are what they are, and the months."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Query, Router

from api import shapes
from api.asking import Key, Part
from api.reading_as import ApiRequest
from api.routes.refusals import answering, answering_one
from partners.models import Partner
from scoring import ledgers, months, rule_sets, rules
from scoring.ledgers import Show
from scoring.models import MonthResult, Portfolio, Score
from scoring.presentation import PEOPLE
from scoring.results import MetricResult, TrackResult

router = Router(tags=["scores"])


@router.get("/scores", response=answering(shapes.Page[shapes.ScoreLine]), operation_id="scores")
def scores(request: ApiRequest, part: Query[Part]) -> dict[str, Any]:
    """The stored scores of the firm, the newest first"""
    visible = Score.objects.visible_to(request.auth.reader)
    shown = part.of(visible.defer("result").order_by("-computed_at", "pk"))
    return part.page([_line(score) for score in shown], visible.count())


def _line(score: Score) -> dict[str, Any]:
    return {
        "id": score.pk,
        "rule_set": score.rule_set,
        "as_of": score.as_of,
        "last_month": score.last_month_label or None,
        "comparison_month": score.comparison_month_label or None,
        "designated": score.designated,
        "track": score.track,
        "computed_at": score.computed_at,
        "revision": score.revision,
    }


@router.get("/scores/{id}", response=answering_one(shapes.Score), operation_id="score")
def score(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """A score with exact points of every metric"""
    found = get_object_or_404(Score.objects.visible_to(request.auth.reader), pk=id)
    return _line(found) | {"tracks": _tracks(found.rule_set, found.tracks), "notes": found.notes}


def _tracks(rule_set: str, found: Iterable[TrackResult]) -> list[dict[str, Any]]:
    """In the order of the rules, whatever order the database keeps."""
    known = rule_sets.get(rule_set)
    order = [track.key for track in known.tracks]
    return [
        {
            "key": track.key,
            "title": track.title,
            "total": _points(track.total),
            "passes": track.passes,
            "is_shown": track.is_shown,
            "metrics": [
                _metric(metric)
                for metric in sorted(
                    track.metrics,
                    key=lambda metric: [m.key for m in known.track(track.key).metrics].index(
                        metric.key
                    ),
                )
            ],
        }
        for track in sorted(found, key=lambda track: order.index(track.key))
    ]


def _metric(metric: MetricResult) -> dict[str, Any]:
    return {
        "key": metric.key,
        "title": metric.title,
        "category": metric.category,
        "max": metric.max,
        "option": metric.option,
        "value": metric.value,
        "points": _points(metric.points),
        "options": [
            {
                "key": option.key,
                "value": option.value,
                "value_for_max": option.value_for_max,
                "points": _points(option.points),
                "counts": option.counts,
            }
            for option in metric.options
        ],
    }


def _points(points: Fraction) -> dict[str, str]:
    return {
        "exact": rules.exact(points),
        "fraction": f"{points.numerator}/{points.denominator}",
    }


# ---- Why ---------------------------------------------------------------------------------------


@router.get("/scores/{id}/ledger", response=answering_one(shapes.LedgerPage), operation_id="ledger")
def ledger(
    request: ApiRequest,
    id: UUID,
    track: Key,
    metric: Key,
    part: Query[Part],
    option: Key = "",
) -> dict[str, Any]:
    """The rows that a metric of a score is the sum of: tenants or people, with the reason

    Without an option those of the option that counts.
    """
    found = get_object_or_404(Score.objects.visible_to(request.auth.reader), pk=id)
    result = _metric_of(found, track, metric)
    chosen = option or result.option
    if chosen not in {known.key for known in result.options}:
        raise Http404
    rows = ledgers.entries(found, track, metric, "" if metric in PEOPLE else chosen)
    sums = ledgers.sums(rows)
    ordered = ledgers.narrow(rows, show=Show.ALL, words="", sort="")
    shown = list(ordered[part.offset : part.offset + part.limit])
    lines = ledgers.Reader(found).lines(track, metric, chosen, shown)
    items = [
        {
            "name": entry.name,
            "tenant": entry.guid,
            "now": entry.now,
            "then": entry.then,
            "contribution": entry.contribution,
            "reason": ledgers.reason(line, grouped=False),
            "corrections": list(corrections),
        }
        for entry, line, corrections in lines
    ]
    return part.page(items, sums.rows) | {
        "track": track,
        "metric": metric,
        "option": chosen,
        "value": sums.value,
    }


def _metric_of(score: Score, track: str, metric: str) -> MetricResult:
    for each in score.tracks:
        for result in each.metrics:
            if (each.key, result.key) == (track, metric):
                return result
    raise Http404


# ---- Months ------------------------------------------------------------------------------------


@router.get("/history", response=answering(shapes.History), operation_id="history")
def history(request: ApiRequest, part: Query[Part]) -> dict[str, Any]:
    """Every month of the firm, scored with what is known of it today, the newest first"""
    own = Partner.objects.of(request.auth.reader)
    portfolio = Portfolio.objects.filter(partner__in=own).first()
    rows = MonthResult.objects.filter(portfolio=portfolio)
    shown: list[MonthResult] = part.of(rows.order_by("-month"))
    is_current = portfolio is None or portfolio.history_version == portfolio.version
    return part.page([_month(row) for row in shown], rows.count()) | {"is_current": is_current}


def _month(row: MonthResult) -> dict[str, Any]:
    return {
        "month": months.label(row.month),
        "rule_set": row.rule_set,
        "is_provable": row.is_provable,
        "designated": row.designated,
        "track": row.track,
        "qualified": [{"first": first, "last": last} for first, last in row.qualified],
        "tracks": _tracks(row.rule_set, row.tracks),
    }
