"""Why a metric has its value: every tenant or person, with the reason."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from partners.middleware import PortalRequest
from scoring import ledgers
from scoring.forms import LedgerForm
from scoring.ledgers import Show
from scoring.models import Score
from scoring.presentation import (
    PEOPLE,
    MetricView,
    figure,
    month_name,
    score_view,
    value_text,
)

ROWS_A_PAGE = 100


@require_safe
def metric(request: PortalRequest, pk: UUID, track: str, metric: str) -> HttpResponse:
    """The ledger of one metric: filtered, sorted, a hundred rows a page, and the sum of all."""
    score = get_object_or_404(
        Score.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    view = score_view(score)
    track_view = next((found for found in view.tracks if found.key == track), None)
    if track_view is None:
        raise Http404
    metric_view = next((found for found in track_view.metrics if found.key == metric), None)
    if metric_view is None:
        raise Http404
    option = _option(metric_view, request.GET.get("option"))
    form = LedgerForm(request.GET)
    wish = form.cleaned_data if form.is_valid() else {"words": "", "show": ""}
    sort = request.GET.get("sort", "")
    all_rows = ledgers.entries(score, track, metric, option)
    found = ledgers.narrow(all_rows, show=Show(wish["show"]), words=wish["words"], sort=sort)
    page = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    reader = ledgers.Reader(score)
    sums = ledgers.sums(all_rows)
    is_people = metric in PEOPLE
    parameters = {"option": option, "words": wish["words"], "show": wish["show"]}
    context: dict[str, Any] = {
        "tab": "score",
        "score": score,
        "partner": score.partner,
        "rule_set": reader.rule_set,
        "view": view,
        "track": track_view,
        "metric": metric_view,
        "option": option,
        "chosen": next(
            (choice for choice in metric_view.options if option and choice.key == option), None
        ),
        "form": form,
        "is_narrowed": bool(wish["words"] or wish["show"]),
        "is_people": is_people,
        "page": page,
        "rows": reader.rows(track, metric, option, page),
        "columns": _columns(score, parameters, sort, is_people=is_people),
        "query": _query(**parameters, sort=sort),
        "sum_words": ngettext("Sum of %(rows)s row", "Sum of all %(rows)s rows", sums.rows)
        % {"rows": figure(sums.rows)},
        "sum_now": figure(sums.now),
        "sum_then": figure(sums.then),
        "sum_value": value_text(metric, sums.value),
    }
    return render(request, "scoring/metric.html", context)


@require_safe
def export(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """The whole ledger of a score as CSV, or that of one metric (``?track=&metric=&option=``)."""
    score = get_object_or_404(
        Score.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    wishes = {field: request.GET.get(field) for field in ("track", "metric", "option")}
    name = ["ledger", score.partner.slug, f"{score.as_of:%Y-%m-%d}"]
    name += [wanted for wanted in wishes.values() if wanted is not None]
    return csv_response(ledgers.export(score, **wishes), name)


def csv_response(lines: Iterator[str], name: Iterable[str]) -> StreamingHttpResponse:
    """A table to be downloaded; of the parts of its name only what is safe in a header stays."""
    parts = (
        "".join(letter for letter in part if letter.isalnum() or letter in "_-") for part in name
    )
    file_name = "-".join(part for part in parts if part)[:120]
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}.csv"'},
    )


def _option(metric: MetricView, wanted: str | None) -> str:
    """The option asked for, else the one that counts."""
    known = {option.key for option in metric.options}
    return wanted if wanted in known else metric.option


def _query(**parameters: str) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def _columns(
    score: Score, parameters: dict[str, str], sort: str, *, is_people: bool
) -> list[dict[str, Any]]:
    """The heads of the table, each with the address that sorts by it."""
    heads: list[tuple[str, str, bool]] = [
        ("name", _("Person") if is_people else _("Customer"), False)
    ]
    if not is_people:
        heads += [
            ("now", _month(score.last_month), True),
            ("then", _month(score.comparison_month), True),
        ]
    heads.append(("contribution", _("Counts"), True))
    columns = []
    for name, title, is_number in heads:
        ascending, descending = sort == name, sort == f"-{name}"
        first, second = (f"-{name}", name) if is_number else (name, f"-{name}")
        columns.append(
            {
                "title": title,
                "is_number": is_number,
                "direction": "ascending" if ascending else "descending" if descending else "",
                "query": _query(**parameters, sort=second if sort == first else first),
            }
        )
    return columns


def _month(month: int | None) -> str:
    return "–" if month is None else month_name(month)
