"""Why a metric has its value: every tenant or person, with the reason."""

from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest
from scoring import judging, ledger_filters, ledger_workbook, ledgers
from scoring.ledger_forms import LedgerForm
from scoring.ledgers import Entries, Entry, Show
from scoring.models import Score
from scoring.presentation import (
    PEOPLE,
    MetricView,
    figure,
    month_name,
    score_view,
    value_text,
)
from scoring.views.ledger_row import Desk, Shown

ROWS_A_PAGE = 100


@require_safe
@vary_on_headers("HX-Request")
def metric(request: PortalRequest, pk: UUID, track: str, metric: str) -> HttpResponse:
    """The ledger of one metric: filtered, sorted, a hundred rows a page, and the sum of all.

    ``?open=`` takes a row apart in its place; htmx gets that row alone, open or ``?shut=``.
    """
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
    reader = ledgers.Reader(score)
    all_rows = ledgers.entries(score, track, metric, option)
    opened = request.GET.get("open", "")
    kept = {name: request.GET.get(name, "") for name in KEPT}
    kept["option"] = option
    here = {name: value for name, value in kept.items() if value}
    desk = Desk(reader, reader.rule_set.track(track), metric, option, here)
    context: dict[str, Any] = {
        "score": score,
        "track": track_view,
        "metric": metric_view,
        "is_people": metric in PEOPLE,
        "has_shares": metric == judging.DEPLOYMENTS,
        "page_query": urlencode(here),
    }
    if request.htmx and (wanted := opened or request.GET.get("shut", "")):
        row = _row(desk, all_rows, wanted, opened)
        return render(request, "scoring/metric.html#row", context | {"shown": row})
    context |= _page(request, desk, all_rows, kept, opened) | {
        "tab": "score",
        "partner": score.partner,
        "rule_set": reader.rule_set,
        "view": view,
        "option": option,
        "chosen": next(
            (choice for choice in metric_view.options if option and choice.key == option), None
        ),
    }
    return render(request, "scoring/metric.html", context)


KEPT = ("option", "words", "show", "why", "workload", "baseline", "sort", "page")  # of an address


def _row(desk: Desk, all_rows: Entries, wanted: str, opened: str) -> Shown:
    """One row of the ledger, by what stands for it in an address."""
    if "\0" in wanted:  # which PostgreSQL refuses to look for
        raise Http404
    if desk.metric in PEOPLE:
        found = all_rows.filter(person=wanted)
    else:
        try:
            found = all_rows.filter(tenant__tenant_id=UUID(wanted))
        except ValueError as error:
            raise Http404 from error
    entries = [Entry(*row) for row in found[:1]]
    if not entries:
        raise Http404
    return desk.shown(entries, opened)[0]


def _page(
    request: PortalRequest, desk: Desk, all_rows: Entries, kept: dict[str, str], opened: str
) -> dict[str, Any]:
    """The rows that were asked for, and what the form and the heads of the table need."""
    score, track, metric, option = desk.score, desk.track.key, desk.metric, desk.option
    is_people = metric in PEOPLE
    facets = ledger_filters.facets(score, track, metric, option)
    workloads = desk.reader.rule_set.workloads.values()
    form = LedgerForm(request.GET, ledger_filters.counts(all_rows), facets, workloads)
    wish, filters = form.wish, form.filters
    narrowed = ledger_filters.of_reason(all_rows, filters.why)
    narrowed = ledger_filters.of_facts(narrowed, facets, desk.reader.rule_set, filters)
    sort = kept["sort"]
    found = ledgers.narrow(narrowed, show=Show(wish["show"]), words=wish["words"], sort=sort)
    is_narrowed = any(wish.values())
    if sort.removeprefix("-") == ledgers.SHARE and metric == judging.DEPLOYMENTS:
        ordered = ledger_filters.by_share(
            found, score, track, option, descending=sort.startswith("-")
        )
        page: Page[Any] = Paginator(ordered, ROWS_A_PAGE).get_page(kept["page"])
        by_tenant = {row[0]: Entry(*row) for row in all_rows.filter(tenant__in=list(page))}
        entries = [by_tenant[tenant] for tenant in page]
    else:
        page = Paginator(found, ROWS_A_PAGE).get_page(kept["page"])
        entries = [Entry(*row) for row in page]
    sums = ledgers.sums(all_rows)
    parameters = {"option": option, **wish}
    context: dict[str, Any] = {
        "form": form,
        "is_narrowed": is_narrowed,
        "page": page,
        "rows": desk.shown(entries, opened),
        "columns": _columns(score, parameters, sort, metric=metric),
        "query": _query(**parameters, sort=sort),
        "sum_words": ngettext("Sum of %(rows)s row", "Sum of all %(rows)s rows", sums.rows)
        % {"rows": figure(sums.rows)},
        "sum_now": figure(sums.now),
        "sum_then": figure(sums.then),
        "sum_value": value_text(metric, sums.value),
        "width": 3 if is_people else 5,
    }
    if is_narrowed:
        shown = ledgers.sums(found)
        context |= {
            "found_words": ngettext("Of these %(rows)s row", "Of these %(rows)s rows", shown.rows)
            % {"rows": figure(shown.rows)},
            "found_now": figure(shown.now),
            "found_then": figure(shown.then),
            "found_value": value_text(metric, shown.value),
        }
    return context


@require_safe
def export(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """The whole ledger of a score as CSV, or that of one metric (``?track=&metric=&option=``)."""
    score = get_object_or_404(
        Score.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    wishes = {field: request.GET.get(field) for field in ("track", "metric", "option")}
    return csv_response(ledgers.export(score, **wishes), _parts(score, wishes))


@require_safe
def workbook(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    """The same rows as a workbook for Excel; of more than a workbook is good for, a way to less."""
    score = get_object_or_404(
        Score.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    wishes = {field: request.GET.get(field) for field in ("track", "metric", "option")}
    file = TemporaryFile()  # noqa: SIM115 -- the answer closes it
    try:
        ledger_workbook.write(score, file, **wishes)
    except ledger_workbook.TooLarge as refusal:
        file.close()
        messages.warning(request, str(refusal))
        return redirect("scoring:score", score.pk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{_file_name(_parts(score, wishes))}.xlsx",
        content_type=ledger_workbook.CONTENT_TYPE,
    )


def _parts(score: Score, wishes: Mapping[str, str | None]) -> list[str]:
    """Of the name of a file with the ledger, or a part of it."""
    name = ["ledger", score.partner.slug, f"{score.as_of:%Y-%m-%d}"]
    return name + [wanted for wanted in wishes.values() if wanted is not None]


def csv_response(lines: Iterator[str], name: Iterable[str]) -> StreamingHttpResponse:
    """A table to be downloaded."""
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{_file_name(name)}.csv"'},
    )


def _file_name(name: Iterable[str]) -> str:
    """Of the parts of a file's name only what is safe in a header stays."""
    parts = (
        "".join(letter for letter in part if letter.isalnum() or letter in "_-") for part in name
    )
    return "-".join(part for part in parts if part)[:120]


def _option(metric: MetricView, wanted: str | None) -> str:
    """The option asked for, else the one that counts."""
    known = {option.key for option in metric.options}
    return wanted if wanted in known else metric.option


def _query(**parameters: str) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def _columns(
    score: Score, parameters: dict[str, str], sort: str, *, metric: str
) -> list[dict[str, Any]]:
    """The heads of the table, each with the address that sorts by it."""
    is_people = metric in PEOPLE
    heads: list[tuple[str, str, bool]] = [
        ("name", _("Person") if is_people else _("Customer"), False)
    ]
    if not is_people:
        heads += [
            ("now", _month(score.last_month), True),
            ("then", _month(score.comparison_month), True),
        ]
    heads.append(("contribution", _("Counts"), True))
    if metric == judging.DEPLOYMENTS:
        heads.append((ledgers.SHARE, _("In use"), True))
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
