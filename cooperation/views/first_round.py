"""The first round while it is open: begin it, answer alone, hand in, end it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from cooperation import blind, first_round, kinds, widgets
from cooperation.agreements import NotPossible, StalePoint
from cooperation.book import Point
from cooperation.views import first_round_result
from cooperation.views.first_round_desk import Card, Form, Sitting, question, sit_down
from partners.middleware import PortalRequest

PAGE = "cooperation/first_round.html"


def _context(sitting: Sitting, open_card: Card | None = None) -> dict[str, Any]:
    """Everything the page shows; its fragments are made from the same."""
    return {
        "agreement": sitting.agreement,
        "project": sitting.agreement.project,
        "sitting": sitting,
        "sections": sitting.sections(open_card),
        "oob": False,
    }


@require_GET
def page(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The first round: how to begin it, the questions while it is open, afterwards its result."""
    sitting = sit_down(request, pk)
    if sitting.round is None:
        context = {
            "agreement": sitting.agreement,
            "project": sitting.agreement.project,
            "why_not": blind.why_not(sitting.agreement),
            "may_lead": sitting.may_lead,
            "book": sitting.book,
            "rules": first_round.rules(sitting.book),
            "total": sitting.total,
        }
        return render(request, "cooperation/first_round_begin.html", context)
    if not sitting.round.is_open:
        return first_round_result.result(request, pk)
    return render(request, PAGE, _context(sitting))


@require_POST
def begin(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Begin the first round of an agreement that nobody has answered yet."""
    sitting = sit_down(request, pk)
    sitting.require_lead()
    try:
        blind.open_round(pk, by=request.user, partner=sitting.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("The first round has begun. Each firm answers alone."))
    return redirect("cooperation:first_round", pk=pk)


# ---- One question ------------------------------------------------------------------------------


def _show(
    request: PortalRequest, sitting: Sitting, point: Point, status: int = 200, **more: Any
) -> HttpResponse:
    """The card alone for htmx; for a plain browser the page with this card in its place."""
    if sitting.round is None or not sitting.round.is_open:
        return _away(request, sitting)
    card = sitting.card(point, **more)
    if not request.htmx:
        return render(request, PAGE, _context(sitting, card), status=status)
    # htmx swaps a 422; the other statuses are for whoever reads them.
    context = {"agreement": sitting.agreement, "card": card}
    swapped = 422 if status >= 400 else 200
    return render(request, "cooperation/first_round_card.html", context, status=swapped)


def _away(request: PortalRequest, sitting: Sitting) -> HttpResponse:
    """There is no open round any more: to whatever stands at its address now."""
    url = reverse("cooperation:first_round", args=[sitting.agreement.pk])
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _done(request: PortalRequest, sitting: Sitting, point: Point, said: str) -> HttpResponse:
    """After a change: the card, and where the own firm stands; or back to the page."""
    if not request.htmx:
        messages.success(request, said)
        url = reverse("cooperation:first_round", args=[sitting.agreement.pk])
        return redirect(f"{url}#point-{point.key}")
    sitting.reload()
    context = _context(sitting) | {"card": sitting.card(point), "oob": True}
    parts = [
        render_to_string("cooperation/first_round_card.html", context, request),
        render_to_string(f"{PAGE}#state", context, request),
        render_to_string(f"{PAGE}#end", context, request),
        format_html('<div id="announce" hx-swap-oob="innerHTML">{}</div>', said),
    ]
    return HttpResponse("".join(parts))


def _refused(
    request: PortalRequest, sitting: Sitting, point: Point, error: NotPossible
) -> HttpResponse:
    """The step was refused: why, above what stands there now."""
    sitting.reload()
    if sitting.round is None or not sitting.round.is_open:
        messages.warning(request, str(error))
    return _show(request, sitting, point, 409, problem=str(error))


def _given_revision(request: PortalRequest) -> int:
    written = request.POST.get("revision", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0


@require_GET
@vary_on_headers("HX-Request")
def point(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """One question by itself: what "cancel" puts back."""
    sitting = sit_down(request, pk)
    return _show(request, sitting, question(sitting, key))


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def answer(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Answer for the own firm alone: the form on GET, the answer on POST."""
    sitting = sit_down(request, pk)
    asked = question(sitting, key)
    sitting.require_editor(asked)
    answers = first_round.joint(sitting.book, sitting.replies)
    if request.method == "GET":
        reply = sitting.replies.get(key)
        value = reply.value if reply else None
        raw = widgets.initial(asked, sitting.parties, value, answers)
        form = _answer_form(sitting, asked, raw, reply.revision if reply else 0)
        return _show(request, sitting, asked, form=form)
    raw, revision = widgets.read(asked, request.POST), _given_revision(request)
    edited = widgets.edit_rows(asked, raw, request.POST)
    if edited is not None:
        form = _answer_form(sitting, asked, edited, revision)
        return _show(request, sitting, asked, form=form)
    try:
        value = widgets.judged(asked, sitting.parties, raw, answers)
        blind.save(pk, key, value, by=request.user, partner=sitting.partner, revision=revision)
    except kinds.InvalidAnswer as error:
        form = _answer_form(sitting, asked, raw, revision, errors=error.errors)
        return _show(request, sitting, asked, 422, form=form)
    except StalePoint as error:
        sitting.reload()
        form = _answer_form(sitting, asked, raw, error.revision, stale=True)
        return _show(request, sitting, asked, 409, form=form)
    except NotPossible as error:
        return _refused(request, sitting, asked, error)
    return _done(request, sitting, asked, _("Saved. Only your firm sees it."))


def _answer_form(
    sitting: Sitting,
    asked: Point,
    raw: dict[str, Any],
    revision: int,
    *,
    errors: dict[str, list[str]] | None = None,
    stale: bool = False,
) -> Form:
    return Form(
        action="answer",
        url=reverse("cooperation:first_round_answer", args=[sitting.agreement.pk, asked.key]),
        revision=revision,
        widget=widgets.build(asked, sitting.parties, raw, errors),
        stale=stale,
    )


@require_POST
def default(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Answer with the Kodex default in one click."""
    sitting = sit_down(request, pk)
    asked = question(sitting, key)
    sitting.require_editor(asked)
    value, revision = kinds.default_value(asked), _given_revision(request)
    try:
        if value is None:
            raise NotPossible(_("The Kodex has no default here."))
        blind.save(pk, key, value, by=request.user, partner=sitting.partner, revision=revision)
    except NotPossible as error:
        return _refused(request, sitting, asked, error)
    return _done(request, sitting, asked, _("The Kodex default is your firm's answer now."))


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def not_applicable(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Say that a question does not apply."""
    sitting = sit_down(request, pk)
    asked = question(sitting, key)
    sitting.require_editor(asked)
    url = reverse("cooperation:first_round_not_applicable", args=[pk, key])
    if request.method == "GET":
        reply = sitting.replies.get(key)
        form = Form("not_applicable", url, reply.revision if reply else 0)
        return _show(request, sitting, asked, form=form)
    note, revision = request.POST.get("note", ""), _given_revision(request)
    try:
        blind.mark_not_applicable(
            pk, key, by=request.user, partner=sitting.partner, revision=revision, note=note
        )
    except kinds.InvalidAnswer as error:
        lines = tuple(line for lines in error.errors.values() for line in lines)
        form = Form("not_applicable", url, revision, text=note, errors=lines)
        return _show(request, sitting, asked, 422, form=form)
    except StalePoint as error:
        sitting.reload()
        form = Form("not_applicable", url, error.revision, text=note, stale=True)
        return _show(request, sitting, asked, 409, form=form)
    except NotPossible as error:
        return _refused(request, sitting, asked, error)
    return _done(request, sitting, asked, _("Saved: does not apply. Only your firm sees it."))


@require_POST
def clear(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Take the own answer away."""
    sitting = sit_down(request, pk)
    asked = question(sitting, key)
    sitting.require_editor(asked)
    revision = _given_revision(request)
    try:
        blind.clear(pk, key, by=request.user, partner=sitting.partner, revision=revision)
    except NotPossible as error:
        return _refused(request, sitting, asked, error)
    return _done(request, sitting, asked, _("The question is open again."))


# ---- Handing in, ending ------------------------------------------------------------------------


@require_POST
def hand_in(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Hand the own answers in; with the last firm's the round is opened to all."""
    sitting = sit_down(request, pk)
    sitting.require_lead()
    try:
        begun = blind.hand_in(pk, by=request.user, partner=sitting.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        if begun.is_open:
            said = _("Handed in. Nobody sees your answers before all firms have handed in.")
        else:
            said = _("All firms have handed in. Here is what to talk about.")
        messages.success(request, said)
    return redirect("cooperation:first_round", pk=pk)


@require_POST
def take_back(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Go on answering."""
    sitting = sit_down(request, pk)
    sitting.require_lead()
    try:
        blind.take_back(pk, by=request.user, partner=sitting.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Your answers are back with your firm. Nobody has seen them."))
    return redirect("cooperation:first_round", pk=pk)


@require_POST
def close(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Agree to end the round as it stands, or take that back (``wish=0``)."""
    sitting = sit_down(request, pk)
    sitting.require_lead()
    goes_on = request.POST.get("wish") == "0"
    step = blind.wish_to_go_on if goes_on else blind.wish_to_close
    try:
        begun = step(pk, by=request.user, partner=sitting.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        if goes_on:
            said = _("The first round goes on.")
        elif begun.is_open:
            said = _("Noted. The first round ends as soon as all firms agree.")
        else:
            said = _("All firms agreed: the first round is over.")
        messages.success(request, said)
    return redirect("cooperation:first_round", pk=pk)
