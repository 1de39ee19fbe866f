"""A month beside an earlier one, in words and figures: for months that were and months to come."""

from typing import Any

from django.utils.formats import date_format

from scoring import months
from scoring.differences import MetricChange
from scoring.history_words import tracks_of
from scoring.month_changes import MonthChanges
from scoring.presentation import PEOPLE, MetricView, signed, value_text, whole
from scoring.worth import points_text


def short_month(month: int) -> str:
    """``02/2025``: a month at the head of a narrow column."""
    return date_format(months.first_day(month), "m/Y")


def month_tracks(changes: MonthChanges) -> list[dict[str, Any]]:
    views = {track.key: track for track in tracks_of(changes.now)}
    found = []
    for track in changes.tracks:
        if track.key not in views:
            continue
        metrics = {metric.key: metric for metric in track.metrics}
        shown = [
            _metric(changes, track.key, metrics[view.key], view)
            for view in views[track.key].metrics
        ]
        found.append(
            {
                "view": views[track.key],
                "before": whole(track.before.total) if track.before else "–",
                "change": points_text(track.points) if track.points else "",
                "metrics": shown,
                "unchanged": ", ".join(one["view"].title for one in shown if not one["rows"]),
            }
        )
    return found


def month_metric(changes: MonthChanges, track: str, metric: str) -> dict[str, Any] | None:
    """One metric of one track; None where the rules of the month have none of that name."""
    view = next((one for one in tracks_of(changes.now) if one.key == track), None)
    own = next((one for one in view.metrics if one.key == metric), None) if view else None
    change = next((one for one in changes.tracks if one.key == track), None)
    found = next((one for one in change.metrics if one.key == metric), None) if change else None
    if own is None or found is None:
        return None
    return _metric(changes, track, found, own)


def _metric(
    changes: MonthChanges, track: str, change: MetricChange, view: MetricView
) -> dict[str, Any]:
    option = next((one for one in change.options if one.key == change.option), None)
    rows = changes.rows_of(track, change.key)
    was = change.before.option if change.before else ""
    return {
        "view": view,
        "is_people": change.key in PEOPLE,
        "before": value_text(change.key, option.before.value) if option and option.before else "–",
        "change": signed(option.value) if option and (option.value or rows) else "",
        "points": points_text(change.points),
        "other_option": was if was != change.option else "",
        "rows": [
            {
                "name": row.name,
                "guid": row.guid if row.guid != row.name else "",
                "before": value_text(change.key, row.before),
                "now": value_text(change.key, row.now),
                "change": signed(row.value),
                "reason": row.reason,
                "reason_before": row.reason_before if row.reason_before != row.reason else "",
            }
            for row in rows.rows
        ]
        if rows
        else [],
        "count": len(rows.rows) + rows.others if rows else 0,
        "others": rows.others if rows else 0,
        "others_change": signed(rows.others_value) if rows else "0",
        "sum": signed(rows.value) if rows else "0",
    }
