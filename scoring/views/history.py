"""How the score has moved: the status of today, every month, and what the firm says it holds."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from scoring import enrolments, month_changes, months, perms, rule_sets
from scoring.enrolment_forms import EnrolmentForm
from scoring.enrolments import NotRecordable
from scoring.history_words import (
    day_name,
    lines,
    month_names,
    picture,
    qualified_words,
    status_tag,
    status_words,
    window_text,
)
from scoring.models import Enrolment, MonthResult, Portfolio, Score
from scoring.month_changes import ALL, LiesBehind, MonthChanges, Wish
from scoring.month_words import month_metric, month_tracks, short_month
from scoring.presentation import (
    figure,
    month_name,
)
from scoring.status import renewal_window

MONTHS_SHOWN = 13  # a year and the month to compare with; all of them on request
SCORES_A_PAGE = 25
DIGITS = 4  # of the number of a page: nobody has ten thousand of them


@require_safe
def history(request: PortalRequest) -> HttpResponse:
    """The status of today, the months behind it, and every stored score."""
    return _page(request, EnrolmentForm.for_today())


@require_safe
def status(request: PortalRequest) -> HttpResponse:
    """The notice that the history is being brought up to date; once it is, the page anew."""
    if _lies_behind(_portfolio(request)):
        return render(request, "scoring/behind.html", {"lies_behind": True})
    return HttpResponse(headers={"HX-Refresh": "true"})


@require_safe
def month(request: PortalRequest, month: str) -> HttpResponse:
    """One month against the one before it, tenant by tenant and person by person."""
    portfolio = _portfolio(request)
    number = _month_number(month)
    if portfolio is None or number is None:
        raise Http404
    try:
        changes = month_changes.of_month(portfolio, number)
    except LiesBehind:
        return _behind(request, number)
    if changes is None:
        raise Http404
    return render(request, "scoring/history_month.html", _month_context(request, changes))


def _behind(request: PortalRequest, month: int) -> HttpResponse:
    context = {"tab": "history", "partner": request.partner, "title": month_name(month)}
    return render(request, "scoring/behind_page.html", context | {"lies_behind": True})


@require_safe
def metric(request: PortalRequest, month: str, track: str, metric: str) -> HttpResponse:
    """All that changed one metric of a month, past or to come: a hundred rows a page."""
    portfolio, number = _portfolio(request), _month_number(month)
    if portfolio is None or number is None:
        raise Http404
    wanted = request.GET.get("page", "")
    is_page = wanted.isdecimal() and len(wanted) <= DIGITS
    start = max(0, int(wanted) - 1) * ALL if is_page else 0
    wish = Wish(track, metric, start)
    try:
        changes = month_changes.of_month(portfolio, number, wish=wish)
        is_ahead = changes is None
        if changes is None:
            changes = month_changes.of_month_ahead(portfolio, number, wish=wish)
    except LiesBehind:
        return _behind(request, number)
    shown = month_metric(changes, track, metric) if changes is not None else None
    if changes is None or changes.before is None or shown is None or not shown["count"]:
        raise Http404
    page = Paginator(range(shown["count"]), ALL).get_page(wanted)
    if page.number != start // ALL + 1:
        return redirect(f"{request.path}?page={page.number}")
    context: dict[str, Any] = {
        "tab": "outlook" if is_ahead else "history",
        "is_ahead": is_ahead,
        "partner": request.partner,
        "label": months.label(number),
        "name": month_name(number),
        "before": month_name(changes.before.month),
        "before_short": short_month(changes.before.month),
        "short": short_month(number),
        "track": rule_sets.get(changes.now.rule_set).track(track).title,
        "metric": shown,
        "page": page,
    }
    return render(request, "scoring/history_metric.html", context)


# ---- What the firm says --------------------------------------------------------------------------


@require_POST
def record(request: PortalRequest) -> HttpResponse:
    """Record an enrolment of the firm the person acts for."""
    if not request.partner or not perms.can_record_enrolment(request.user, request.partner):
        raise PermissionDenied
    form = EnrolmentForm(request.POST)
    if form.is_valid():
        try:
            enrolments.record(
                request.partner,
                form.cleaned_data["designation"],
                form.cleaned_data["enrolled_on"],
                anniversary=form.cleaned_data["anniversary"],
                by=request.user,
                today=timezone.localdate(),
            )
        except NotRecordable as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The enrolment is recorded."))
            return redirect("scoring:history")
    return _page(request, form)


@require_POST
def renew(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _change(request, pk, enrolments.renew, _("The renewal is recorded."))


@require_POST
def give_up(request: PortalRequest, pk: UUID) -> HttpResponse:
    return _change(request, pk, enrolments.give_up, _("It is recorded that this is given up."))


def _change(
    request: PortalRequest, pk: UUID, verb: Callable[..., Enrolment], done: str
) -> HttpResponse:
    own = Enrolment.objects.filter(partner__in=[each.partner for each in request.memberships])
    row = get_object_or_404(own.select_related("partner"), pk=pk)
    if not perms.can_record_enrolment(request.user, row.partner):
        raise PermissionDenied
    try:
        verb(row.pk, by=request.user, today=timezone.localdate())
    except NotRecordable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("scoring:history")


# ---- What the page of all months shows -----------------------------------------------------------


def _portfolio(request: PortalRequest) -> Portfolio | None:
    if not request.partner:
        return None
    return Portfolio.objects.filter(partner=request.partner).first()


def _lies_behind(portfolio: Portfolio | None) -> bool:
    return portfolio is not None and portfolio.history_version != portfolio.version


def _page(request: PortalRequest, form: EnrolmentForm) -> HttpResponse:
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "history"})
    today = timezone.localdate()
    portfolio = _portfolio(request)
    rows = list(MonthResult.objects.filter(portfolio=portfolio).order_by("-month"))
    current = enrolments.put_together(enrolments.held(request.partner), rows, today)
    standing = current.standing
    shown = rows if request.GET.get("months") == "all" else rows[:MONTHS_SHOWN]
    context: dict[str, Any] = {
        "tab": "history",
        "partner": request.partner,
        "lies_behind": _lies_behind(portfolio),
        "has_history": bool(rows),
        "words": status_words(current),
        "standing": standing,
        "status_tag": status_tag(standing),
        "window": window_text(standing.window),
        "window_months": month_names(standing.months),
        "held": [_held(row, today) for row in current.held],
        "may_record": perms.can_record_enrolment(request.user, request.partner),
        "form": form,
        "lines": lines(shown, standing.window, _scores_of(request, shown)),
        "picture": picture(shown, standing.window) if shown else None,
        "rest": len(rows) - len(shown),
        "query": "months=all" if request.GET.get("months") == "all" else "",
        "unknown_since": _unknown_since(rows, today),
        **_stored_scores(request),
    }
    return render(request, "scoring/history.html", context)


def _held(row: Enrolment, today: date) -> dict[str, Any]:
    window = renewal_window(row.anniversary)
    return {
        "row": row,
        "may_renew": today >= window.first,
        "renew_from": day_name(window.first),
        "is_past": today > row.anniversary,
    }


def _unknown_since(rows: Iterable[MonthResult], today: date) -> str:
    """The last day that the data reach, when days have passed since."""
    newest = max((row.month for row in rows), default=None)
    if newest is None or months.number(today) <= newest + 1:
        return ""
    return day_name(months.last_day(newest + 1))


def _scores_of(request: PortalRequest, rows: Iterable[MonthResult]) -> dict[int, Score]:
    """The newest score of each month that was computed for a day on which its data counted."""
    found: dict[int, UUID] = {}
    scores = Score.objects.visible_to(request.user).filter(
        partner=request.partner or None, last_month__in=[row.month for row in rows]
    )
    for last, pk, as_of in scores.values_list("last_month", "pk", "as_of"):
        if last is not None and months.number(as_of) == last + 1:
            found.setdefault(last, pk)
    chosen = scores.in_bulk(found.values())
    return {month: chosen[pk] for month, pk in found.items()}


def _stored_scores(request: PortalRequest) -> dict[str, Any]:
    stored = Score.objects.visible_to(request.user).filter(partner=request.partner or None)
    page = Paginator(stored.select_related("computed_by"), SCORES_A_PAGE).get_page(
        request.GET.get("page")
    )
    return {"page": page, "scores": [_score_line(score) for score in page]}


def _score_line(score: Score) -> dict[str, Any]:
    order = [track.key for track in rule_sets.get(score.rule_set).tracks]
    tracks = sorted(score.tracks, key=lambda track: order.index(track.key))
    return {
        "score": score,
        "rule_set": rule_sets.get(score.rule_set).title,
        "last_month": "–" if score.last_month is None else month_name(score.last_month),
        "tracks": [
            {"title": track.title, "total": figure(track.shown), "passes": track.passes}
            for track in tracks
        ],
    }


# ---- What the page of one month shows ------------------------------------------------------------


def _month_number(label: str) -> int | None:
    try:
        number = months.parse_label(label)
    except ValueError:
        return None
    return number if months.label(number) == label else None


def _month_context(request: PortalRequest, changes: MonthChanges) -> dict[str, Any]:
    row = changes.now
    return {
        "tab": "history",
        "partner": request.partner,
        "row": row,
        "name": month_name(changes.now.month),
        "counts_in": month_name(changes.now.month + 1),
        "comparison": month_name(changes.now.month - months.YEAR),
        "rule_set": rule_sets.get(row.rule_set),
        "qualified": qualified_words(row),
        "short": short_month(changes.now.month),
        "before": month_name(changes.before.month) if changes.before else "",
        "before_short": short_month(changes.before.month) if changes.before else "",
        "before_label": months.label(changes.before.month) if changes.before else "",
        "after": month_name(changes.following) if changes.following else "",
        "after_label": months.label(changes.following) if changes.following else "",
        "tracks": month_tracks(changes),
        "only_changed": False,
        "label": months.label(changes.now.month),
    }
