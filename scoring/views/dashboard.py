"""The first page of a firm: what its newest score does not say by itself.

Status over time, how fresh the data are, what changed since the month before, what comes, and the
most valuable next steps. All of it is read from rows that are worked out already.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Partner
from scoring import certified, differences, enrolments, months, next_steps, rule_sets
from scoring.enrolments import Current
from scoring.history_words import day_name, status_tag, status_words
from scoring.models import MonthAhead, MonthResult, Portfolio, Score
from scoring.presentation import figure, month_name, whole
from scoring.results import TrackResult
from scoring.status import MONTHS_BEFORE, Status, enrolment_window
from scoring.worth import points_text

STEPS = 3
REFRESH_DAY = 20  # of a month, around which Partner Center has the data of the month before


def context(partner: Partner, score: Score) -> dict[str, Any]:
    """What the page shows beside the score itself."""
    today = timezone.localdate()
    portfolio = Portfolio.objects.get(partner=partner)
    results = list(MonthResult.objects.filter(portfolio=portfolio).order_by("-month"))
    ahead = list(MonthAhead.objects.filter(portfolio=portfolio).order_by("month"))
    current = enrolments.put_together(enrolments.held(partner), results, today)
    everybody = certified.people_of(portfolio, rule_sets.for_day(today), today)
    return {
        "dashboard": {
            "status": _status(current, results, today),
            "fresh": freshness(score, today),
            "since": _since(results, score.track),
            "ahead": _ahead(results, ahead, score.track),
            "steps": next_steps.of(partner, today, most=STEPS),
            "expiring": _expiring(everybody),
        },
        "lies_behind": portfolio.history_version != portfolio.version,
    }


# ---- Status over time ----------------------------------------------------------------------------


def _status(current: Current, results: Iterable[MonthResult], today: date) -> dict[str, Any]:
    words = status_words(current)
    return {
        "tag": status_tag(current.standing),
        "label": Status(current.standing.status).label,
        "headline": words.headline,
        "lead": words.lead,
        "months": _window(results, today),
    }


def _window(results: Iterable[MonthResult], today: date) -> list[dict[str, str]]:
    """The current month and the five before it, each with whether a day of it qualified."""
    by_month = {row.month + 1: row for row in results}  # the month in which the data count
    window = enrolment_window(today).months
    found = []
    for month in window:
        row = by_month.get(month)
        if row is None:
            state, words = "unknown", _("not known yet") if month == window[-1] else _("no data")
        elif _has_qualified(row, today):
            state, words = "yes", _("qualified")
        elif not row.is_provable:
            state, words = "unknown", _("no comparison")
        else:
            state, words = "no", _("not qualified")
        found.append({"name": month_name(month), "state": state, "words": words})
    assert len(found) == MONTHS_BEFORE + 1  # noqa: S101 -- the window of Microsoft's page
    return found


def _has_qualified(row: MonthResult, today: date) -> bool:
    return any(date.fromisoformat(first) <= today for first, _last in row.qualified)


# ---- The data ------------------------------------------------------------------------------------


def freshness(score: Score, today: date) -> dict[str, Any]:
    """From which months the score is, and when newer data are to be expected."""
    if score.last_month is None:
        return {"is_old": True, "words": _("There are no usage data in this score.")}
    expected = months.first_day(score.last_month + 2).replace(day=REFRESH_DAY)
    next_month = month_name(score.last_month + 1)
    if today < expected:
        words = _("Newest there is: Partner Center has %(month)s from about %(day)s on.")
    else:
        words = _("Partner Center should have %(month)s since about %(day)s: please export anew.")
    return {
        "is_old": today >= expected,
        "words": words % {"month": next_month, "day": day_name(expected)},
    }


# ---- What moved, and what will -------------------------------------------------------------------


def _since(results: Sequence[MonthResult], track: str) -> dict[str, Any] | None:
    """What the newest month changed against the month before it, in the track that is shown."""
    if len(results) < 2 or results[0].month - results[1].month != 1:
        return None
    newest, before = results[:2]
    change = next(
        (one for one in differences.compare(before.tracks, newest.tracks) if one.key == track),
        None,
    )
    if change is None:
        return None
    moved = sorted(
        (metric for metric in change.metrics if metric.points),
        key=lambda metric: -abs(metric.points),
    )
    return {
        "track": change.title,
        "month": month_name(newest.month),
        "label": months.label(newest.month),
        "before": month_name(before.month),
        "points": points_text(change.points) if change.points else "",
        "metrics": [
            {"title": metric.title, "points": points_text(metric.points)} for metric in moved
        ],
    }


def _ahead(
    results: Sequence[MonthResult], ahead: Sequence[MonthAhead], track: str
) -> dict[str, Any] | None:
    """The total of the track that is shown in the months to come, if everything stays as it is."""
    if not ahead or not results:
        return None
    now = _track(results[0].tracks, track)
    if now is None:
        return None
    rows = []
    for row in ahead:
        found = _track(row.tracks, track)
        if found is not None:
            rows.append(
                {
                    "name": month_name(row.month),
                    "total": figure(found.shown),
                    "exact": whole(found.total),
                    "change": points_text(found.total - now.total),
                    "passes": found.passes,
                }
            )
    return {"track": now.title, "rows": rows}


def _track(tracks: Iterable[TrackResult], key: str) -> TrackResult | None:
    return next((track for track in tracks if track.key == key), None)


def _expiring(everybody: Iterable[certified.Person]) -> str:
    """How many people have a certificate that expires soon, in words; empty for nobody."""
    number = sum(person.expires_soon for person in everybody if not person.has_left)
    if not number:
        return ""
    return ngettext(
        "%(number)s person has a certificate that expires within 90 days.",
        "%(number)s people have a certificate that expires within 90 days.",
        number,
    ) % {"number": figure(number)}
