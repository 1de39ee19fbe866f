"""The claim list: what each month without a claim costs, work noted by hand, and how to claim."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import claim_list, claim_words, ledgers, perms, positions
from scoring.claim_forms import ClaimListForm, NoteForm
from scoring.claim_list import ClaimList, Entry, NotNotable
from scoring.claim_words import Words
from scoring.models import Portfolio, UnclaimedWork
from scoring.positions import Nothing, Position
from scoring.presentation import figure, month_name
from scoring.unclaimed import Kind

ROWS_A_PAGE = 100
AT_ONCE = 2_000  # rows of the export in memory at a time


@require_safe
@vary_on_headers("HX-Request")
def index(request: PortalRequest) -> HttpResponse:
    """The claim list of the firm the person acts for: searched, filtered, by pages."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "plan"})
    return _page(request, request.partner)


@require_safe
def export(request: PortalRequest) -> HttpResponse | StreamingHttpResponse:
    """The rows that were wished for, as CSV."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "plan"})
    position = positions.of(request.partner, timezone.localdate())
    if isinstance(position, Nothing):
        return redirect("scoring:unclaimed")
    form = ClaimListForm(request.GET, rule_set=position.rule_set)
    found = claim_list.read(position, form.wish)
    name = f"claims-{request.partner.slug}-{timezone.localdate():%Y-%m-%d}"[:120]
    return StreamingHttpResponse(
        ledgers.csv_lines(_table(found)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@require_POST
def note(request: PortalRequest) -> HttpResponse:
    """Note work that no file shows: htmx gets the list back, a plain browser the page."""
    if not request.partner or not perms.can_plan(request.user, request.partner):
        raise PermissionDenied
    position = positions.of(request.partner, timezone.localdate())
    if isinstance(position, Nothing):
        return redirect("scoring:unclaimed")
    form = NoteForm(request.POST, rule_set=position.rule_set)
    if form.is_valid():
        try:
            claim_list.note(request.partner, form.noted, by=request.user)
        except NotNotable as refusal:
            form.add_error(None, str(refusal))
        else:
            done = _("Noted: it stands in the list with what it would bring.")
            if request.htmx:
                return _page(request, request.partner, done=done)
            messages.success(request, done)
            return redirect("scoring:unclaimed")
    return _page(request, request.partner, form=form, status=422 if request.htmx else 200)


@require_POST
def close(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What was noted is claimed, or given up."""
    own = UnclaimedWork.objects.filter(portfolio__partner__in=Partner.objects.of(request.user))
    row = get_object_or_404(own.select_related("portfolio__partner"), pk=pk)
    if not perms.can_plan(request.user, row.portfolio.partner):
        raise PermissionDenied
    claim_list.close(row.pk)
    done = _("Closed: %(customer)s is no longer in the list.") % {"customer": row.customer_name}
    if request.htmx and request.partner:
        return _page(request, request.partner, done=done)
    messages.success(request, done)
    return redirect("scoring:unclaimed")


# ---- What the page shows -------------------------------------------------------------------------


def _page(
    request: PortalRequest,
    partner: Partner,
    *,
    form: NoteForm | None = None,
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(request, partner) | {"done": done}
    if not context["nothing"]:
        context["note_form"] = form or NoteForm(rule_set=context["position"].rule_set)
        context["is_open"] = form is not None
    is_fragment = request.htmx and not context["nothing"]
    template = "scoring/unclaimed.html#unclaimed" if is_fragment else "scoring/unclaimed.html"
    return render(request, template, context, status=status)


def _context(request: PortalRequest, partner: Partner) -> dict[str, Any]:
    portfolio = Portfolio.objects.filter(partner=partner).first()
    position = positions.of(partner, timezone.localdate())
    context: dict[str, Any] = {
        "tab": "plan",
        "sub": "unclaimed",
        "partner": partner,
        "lies_behind": portfolio is not None and portfolio.history_version != portfolio.version,
        "may_plan": perms.can_plan(request.user, partner),
        "nothing": "",
    }
    if portfolio is None or isinstance(position, Nothing):
        nothing = position if isinstance(position, Nothing) else Nothing.NO_SCORE
        return context | {"nothing": nothing.label}
    return context | _list(request, portfolio, position)


def _list(request: PortalRequest, portfolio: Portfolio, position: Position) -> dict[str, Any]:
    form = ClaimListForm(request.GET, rule_set=position.rule_set)
    wish = form.wish
    found = claim_list.read(position, wish)
    rows = cast("Sequence[Entry]", found)  # all of a sequence that a paginator asks for
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    words = Words(found, timezone.localdate())
    wishes: dict[str, str | int] = {
        "words": wish.words,
        "kind": wish.kind,
        "state": wish.state,
        "workload": wish.workload,
    }
    query = urlencode({name: value for name, value in wishes.items() if value})
    month = _other_month(portfolio, position)
    return {
        "position": position,
        "form": form,
        "is_narrowed": wish.is_narrow,
        "query": query,
        "page": page,
        "lines": words.lines(list(page)),
        "tracks": found.prices.tracks,
        "best": position.rule_set.track(found.best),
        "number": figure(sum(found.of_kind.values())),
        "has_rows": bool(found.of_kind),
        "to_file": figure(
            sum(count for kind, count in found.of_kind.items() if kind != Kind.NOT_APPROVED)
        ),
        "waiting": figure(found.of_kind.get(Kind.NOT_APPROVED, 0)),
        "lost": claim_words.shown(found.lost),
        "asked": claim_words.asked_words(found.asked, found.asked_since) if found.asked else "",
        "last_month": month_name(position.pair.last),
        "is_provable": position.is_provable,
        "other_month": month,
        "share": words.share,
    }


def _other_month(portfolio: Portfolio, position: Position) -> str:
    """The month of the list where it is not that of the score, or has other rules."""
    newest = portfolio.history.order_by("-month").values_list("month", "rule_set").first()
    if newest is None or newest == (position.pair.last, position.rule_set.key):
        return ""
    return month_name(newest[0])


def _table(found: ClaimList) -> Iterator[list[object]]:
    tracks = found.prices.tracks
    words = Words(found, timezone.localdate())
    yield list(claim_words.table_head(tracks))
    for start in range(0, len(found), AT_ONCE):
        for entry in found[start : start + AT_ONCE]:
            yield claim_words.table_row(words, entry, tracks)
