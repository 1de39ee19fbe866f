"""What changed from one stored score to another, and what it follows from."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from partners.middleware import PortalRequest
from scoring import differences, ledgers, rule_changes
from scoring.differences import Difference, MetricChange, Show, TrackChange
from scoring.forms import ComparisonForm, RowsForm
from scoring.models import Score
from scoring.presentation import PEOPLE, figure, month_name, signed, value_text, whole
from scoring.views.ledger import csv_response

ROWS_A_PAGE = 100
MOST_SCORES = 100  # to choose from; older ones are reached from their own page
Here = tuple[str, str, str]  # track, metric, option


@require_safe
def difference(request: PortalRequest, pk: UUID) -> HttpResponse:
    """A score beside an earlier one (``?other=``, else the one before it), row by row."""
    score = get_object_or_404(_visible(request), pk=pk)
    others = list(_visible(request).filter(partner=score.partner_id).exclude(pk=pk)[:MOST_SCORES])
    other = _other(request, score, others)
    context: dict[str, Any] = {"tab": "score", "score": score, "partner": score.partner}
    if other is None:
        return render(request, "scoring/difference.html", context | {"difference": None})
    found = between(score, other)
    here = _here(found, request)
    form = RowsForm(request.GET)
    show = Show(form.cleaned_data["show"] if form.is_valid() else "")
    rows = found.rows(*here)
    sums = differences.sums(rows)
    paginator = Paginator(rows.filter(show.condition), ROWS_A_PAGE)
    if show is Show.ALL:
        paginator.count = sums.rows  # known already
    page = paginator.get_page(request.GET.get("page"))
    query = {"other": str(other.pk), "track": here[0], "metric": here[1], "option": here[2]}
    context |= {
        "difference": found,
        "other": other,
        "older": _side(found.older),
        "newer": _side(found.newer),
        "headline": differences.headline(found),
        "lead": differences.lead(found),
        "comparison_form": ComparisonForm(
            others if other in others else [*others, other], initial={"other": str(other.pk)}
        ),
        "tracks": _tracks(found, here, query),
        "rules": rule_changes.sentences(
            ledgers.rule_set_of(found.older), ledgers.rule_set_of(found.newer)
        ),
        "came": differences.came_between(found.older, found.newer),
        "form": form,
        "fields": query,
        "query": urlencode({name: value for name, value in query.items() if value}),
        "page_query": urlencode(
            {name: value for name, value in (query | {"show": show.value}).items() if value}
        ),
        "is_narrowed": show is not Show.ALL,
        "is_people": here[1] in PEOPLE,
        "place": _place(found, here),
        "page": page,
        "rows": [_row(row, here[1]) for row in differences.explained(found, *here, page)],
        "sum_words": ngettext("Sum of %(rows)s row", "Sum of all %(rows)s rows", sums.rows)
        % {"rows": figure(sums.rows)},
        "sum_change": signed(sums.change),
    }
    return render(request, "scoring/difference.html", context)


@require_safe
def export(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """Every row that differs, as CSV; of one track or metric where the address names it."""
    score = get_object_or_404(_visible(request), pk=pk)
    other = _other(request, score, [])
    if other is None:
        raise Http404
    found = between(score, other)
    wishes = {field: request.GET.get(field) for field in ("track", "metric")}
    name = ["difference", score.partner.slug]
    name += [f"{side.as_of:%Y-%m-%d}" for side in (found.older, found.newer)]
    name += [wanted for wanted in wishes.values() if wanted is not None]
    return csv_response(differences.export(found, **wishes), name)


def between(one: Score, other: Score) -> Difference:
    """From the score of the earlier day to that of the later one."""
    older, newer = sorted((one, other), key=lambda score: (score.as_of, score.computed_at))
    return differences.between(older, newer)


def _visible(request: PortalRequest) -> QuerySet[Score]:
    return Score.objects.visible_to(request.user).select_related("partner")


def _other(request: PortalRequest, score: Score, others: Sequence[Score]) -> Score | None:
    """The score to compare with: as asked for, else the last before it, else the first after it."""
    if wanted := request.GET.get("other"):
        for one in others:
            if str(one.pk) == wanted:
                return one
        try:
            key = UUID(wanted)
        except ValueError as error:
            raise Http404 from error
        same_firm = _visible(request).filter(partner=score.partner_id).exclude(pk=score.pk)
        return get_object_or_404(same_firm, pk=key)
    if not others:
        same_firm = _visible(request).filter(partner=score.partner_id)
        return same_firm.filter(computed_at__lt=score.computed_at).first()
    earlier = (one for one in others if one.computed_at < score.computed_at)  # newest first
    return next(earlier, None) or others[-1]


# ---- What the page shows -------------------------------------------------------------------------


def _here(found: Difference, request: PortalRequest) -> Here:
    """Whose rows to show: as asked for, else where most points moved in the track that decides."""
    shown = next(track for track in found.tracks if track.after and track.after.is_shown)
    track = found.track(request.GET.get("track", "")) or shown
    most = max(track.metrics, key=lambda metric: (abs(metric.points), metric.is_changed))
    metric = next(
        (known for known in track.metrics if known.key == request.GET.get("metric")), most
    )
    options = {option.key for option in metric.options}
    option = request.GET.get("option", metric.option)
    return track.key, metric.key, option if option in options else metric.option


def _place(found: Difference, here: Here) -> dict[str, str]:
    """What the rows below belong to, and by how much its value has changed."""
    track = found.track(here[0])
    assert track is not None  # noqa: S101 -- ``_here`` chose it
    metric = next(known for known in track.metrics if known.key == here[1])
    option = next(known for known in metric.options if known.key == here[2])
    return {
        "track": "" if metric.key in PEOPLE else track.title,
        "metric": metric.title,
        "option": here[2],
        "before": value_text(metric.key, option.before.value) if option.before else "–",
        "after": value_text(metric.key, option.after.value) if option.after else "–",
    }


def _side(score: Score) -> dict[str, Any]:
    """One of the two scores, for the heads of columns and for what they are made of."""
    return {
        "score": score,
        "last_month": "–" if score.last_month is None else month_name(score.last_month),
        "comparison_month": "–"
        if score.comparison_month is None
        else month_name(score.comparison_month),
        "rule_set": ledgers.rule_set_of(score).title,
    }


def _tracks(found: Difference, here: Here, query: dict[str, str]) -> list[dict[str, Any]]:
    """Both tracks, the one that decides first; in each the metrics that changed first."""
    tracks = sorted(found.tracks, key=lambda track: not (track.after and track.after.is_shown))
    return [
        {
            "key": track.key,
            "title": track.title,
            "is_changed": track.is_changed,
            # With all their digits, so that the reader can add them up.
            "before": whole(track.before.total) if track.before else "–",
            "after": whole(track.after.total) if track.after else "–",
            "change": differences.signed_points(track.points),
            "metrics": [
                _metric(track, metric, here, query)
                for metric in sorted(
                    track.metrics,
                    key=lambda metric: (not metric.is_changed, -abs(metric.points)),
                )
            ],
        }
        for track in tracks
    ]


def _metric(
    track: TrackChange, metric: MetricChange, here: Here, query: dict[str, str]
) -> dict[str, Any]:
    def address(option: str) -> str:
        wanted = query | {"track": track.key, "metric": metric.key, "option": option}
        return urlencode({name: value for name, value in wanted.items() if value})

    return {
        "title": metric.title,
        "query": address(metric.option),
        "is_changed": metric.is_changed,
        "is_current": here == (track.key, metric.key, metric.option),
        "value_before": value_text(metric.key, metric.before.value) if metric.before else "–",
        "value_after": value_text(metric.key, metric.after.value) if metric.after else "–",
        "points_before": whole(metric.before.points) if metric.before else "–",
        "points_after": whole(metric.after.points) if metric.after else "–",
        "change": differences.signed_points(metric.points),
        "options": [
            {
                "key": option.key,
                "query": address(option.key),
                "is_current": here == (track.key, metric.key, option.key),
                "before": value_text(metric.key, option.before.value) if option.before else "–",
                "after": value_text(metric.key, option.after.value) if option.after else "–",
                "counted": bool(option.before and option.before.counts),
                "counts": bool(option.after and option.after.counts),
            }
            for option in metric.options
            if option.key
        ],
    }


def _row(row: differences.Row, metric: str) -> dict[str, Any]:
    before, after = row.before, row.after
    return {
        "name": row.name,
        "subject": row.subject,
        "before": before,
        "after": after,
        "change": signed(row.change),
        "is_same": row.change == 0,
        "has_one_reason": bool(before and after and before.reason == after.reason),
    }
