"""The checklist of an agreement: read it, answer, confirm, ask for a talk, take the defaults."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from cooperation import answers, fast_track, kinds, perms, points, widgets
from cooperation.agreements import NotPossible, StalePoint
from cooperation.book import Point
from cooperation.models import AgreementVersion, TalkRequest
from cooperation.points import Sheet
from cooperation.views.cards import Card, Desk, Form, Section, Stale, changed_with
from cooperation.views.depth import steps
from cooperation.views.desk import Opened, open_agreement, point_of
from partners.middleware import PortalRequest

DETAIL = "cooperation/agreement_detail.html"


def frame_context(opened: Opened, desk: Desk) -> dict[str, Any]:
    """What stands around the cards."""
    return {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "book": opened.sheet.book,
        "desk": desk,
        "show": opened.show,
        "query": opened.query,
        "oob": False,
        "round": _round(opened),
    }


def _round(opened: Opened) -> AgreementVersion | None:
    """The version that is being signed or in force."""
    if opened.agreement.is_draft:
        return None
    living = [AgreementVersion.State.SIGNING, AgreementVersion.State.IN_FORCE]
    versions = opened.agreement.versions.filter(state__in=living).defer("payload")
    return versions.order_by("-number").first()


def _refused(opened: Opened) -> AgreementVersion | None:
    """The last version, if a firm declined to sign it and it is negotiated again."""
    if not opened.agreement.is_draft:
        return None
    versions = opened.agreement.versions.select_related("closed_by", "closed_by_partner")
    last = versions.defer("payload").order_by("-number").first()
    return last if last and last.state == AgreementVersion.State.DECLINED else None


def detail_context(opened: Opened) -> dict[str, Any]:
    """Everything the page shows; its fragments are made from the same."""
    desk = opened.desk()
    sections = desk.sections(opened.show)
    # One question for both: who may say the sentence may change the depth.
    is_manager = opened.agreement.is_draft and perms.can_take_fast_track(
        opened.membership, opened.agreement
    )
    return frame_context(opened, desk) | {
        "sections": sections,
        "nothing_shown": not any(section.cards for section in sections),
        "refused": _refused(opened),
        "depth_steps": steps(opened.agreement, opened.sheet.book, may_change=is_manager),
        "may_fast_track": is_manager,
    }


@require_GET
def agreement_detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The checklist: seven rules with their points, and where the agreement stands."""
    return render(request, DETAIL, detail_context(open_agreement(request, pk)))


# ---- One card ----------------------------------------------------------------------------------


def _card_page(
    request: PortalRequest, opened: Opened, point: Point, status: int = 200, **more: Any
) -> HttpResponse:
    """The card alone for htmx; a page with nothing but this card for a plain browser."""
    card = opened.desk().card(point, **more)
    context = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "rule": opened.sheet.book.rule(point.rule),
        "card": card,
        "query": opened.query,
        "oob": False,
    }
    if request.htmx:
        # htmx swaps a 422; the other statuses are for whoever reads them.
        swapped = 422 if status >= 400 else 200
        return render(request, "cooperation/card.html", context, status=swapped)
    return render(request, "cooperation/point.html", context, status=status)


@require_GET
@vary_on_headers("HX-Request")
def point(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """One point by itself."""
    opened = open_agreement(request, pk)
    return _card_page(request, opened, point_of(opened, key))


def _done(
    request: PortalRequest, opened: Opened, point: Point, before: Sheet, said: str
) -> HttpResponse:
    """After a change: the card and all that changed with it, or back to the checklist."""
    if not _is_on_checklist(request, opened):
        messages.success(request, said)
        back = _back(opened, point)
        return HttpResponseClientRedirect(back.url) if request.htmx else back
    opened.reload()
    desk = opened.desk()
    if points.is_visible(opened.sheet, point):
        parts = [_render_card(request, opened, desk.card(point), oob=False)]
    else:
        parts = [_render_place(point, oob=False)]
    for other in changed_with(point, before, opened.sheet):
        if points.is_visible(opened.sheet, other):
            parts.append(_render_card(request, opened, desk.card(other), oob=True))
        else:
            parts.append(_render_place(other, oob=True))
    section = desk.section(opened.sheet.book.rule(point.rule))
    parts += _render_frame(request, opened, desk, section)
    parts.append(_announcement(said))
    return HttpResponse("".join(parts))


def _is_on_checklist(request: PortalRequest, opened: Opened) -> bool:
    """Whether htmx asks from the page with all the points: one can stand on a page of its own."""
    if not request.htmx:
        return False
    path = urlsplit(request.htmx.current_url_abs_path or "").path
    return path in ("", reverse("cooperation:agreement_detail", args=[opened.agreement.pk]))


def _back(opened: Opened, point: Point) -> HttpResponseRedirect:
    url = reverse("cooperation:agreement_detail", args=[opened.agreement.pk])
    return redirect(f"{url}{opened.query}#point-{point.key}")


def _render_card(request: PortalRequest, opened: Opened, card: Card, *, oob: bool) -> str:
    context = {"agreement": opened.agreement, "card": card, "query": opened.query, "oob": oob}
    return render_to_string("cooperation/card.html", context, request)


def _render_place(point: Point, *, oob: bool) -> str:
    return render_to_string("cooperation/place.html", {"point": point, "oob": oob})


def _render_frame(
    request: PortalRequest, opened: Opened, desk: Desk, section: Section
) -> list[str]:
    """The parts around the cards: the summary, the list of rules, the head of the rule touched."""
    context = frame_context(opened, desk) | {"oob": True, "section": section}
    return [
        render_to_string(f"{DETAIL}#{name}", context, request)
        for name in ("summary", "rules", "rule_head")
    ]


def _announcement(said: str) -> str:
    """For screen readers: the live region of the page says what happened."""
    return format_html('<div id="announce" hx-swap-oob="innerHTML">{}</div>', said)


def _not_possible(
    request: PortalRequest, opened: Opened, point: Point, error: NotPossible
) -> HttpResponse:
    opened.reload()
    if points.is_visible(opened.sheet, point) and request.htmx:
        return _card_page(request, opened, point, 409, problem=str(error))
    messages.warning(request, str(error))
    if request.htmx:  # the card is gone: only the whole page can say why
        url = reverse("cooperation:agreement_detail", args=[opened.agreement.pk])
        return HttpResponseClientRedirect(url)
    return _back(opened, point)


def _given_revision(request: PortalRequest) -> int:
    written = request.POST.get("revision", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0


# ---- Answering ---------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_answer(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Answer a point: the form on GET, the proposal on POST."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    opened.require_editor(point)
    sheet, parties = opened.sheet, opened.sheet.parties
    party = str(opened.partner.pk)
    if request.method == "GET":
        given = sheet.given(point, party)
        raw = widgets.initial(point, parties, given.value if given else None, sheet.joint)
        form = _answer_form(opened, point, raw, points.revision(sheet, point, party))
        return _card_page(request, opened, point, form=form)
    raw, revision = widgets.read(point, request.POST), _given_revision(request)
    edited = widgets.edit_rows(point, raw, request.POST)
    if edited is not None:
        form = _answer_form(opened, point, edited, revision)
        return _card_page(request, opened, point, form=form)
    try:
        value = widgets.judged(point, parties, raw, sheet.joint)
        answers.propose(pk, key, value, by=request.user, partner=opened.partner, revision=revision)
    except kinds.InvalidAnswer as error:
        form = _answer_form(opened, point, raw, revision, errors=error.errors)
        return _card_page(request, opened, point, 422, form=form)
    except StalePoint as error:
        opened.reload()
        form = _answer_form(opened, point, raw, error.revision, stale=_stale(opened, point, error))
        return _card_page(request, opened, point, 409, form=form)
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("Your answer is saved."))


def _answer_form(
    opened: Opened,
    point: Point,
    raw: dict[str, Any],
    revision: int,
    *,
    errors: dict[str, list[str]] | None = None,
    stale: Stale | None = None,
) -> Form:
    return Form(
        action="answer",
        url=reverse("cooperation:point_answer", args=[opened.agreement.pk, point.key]),
        revision=revision,
        widget=widgets.build(point, opened.sheet.parties, raw, errors),
        stale=stale,
    )


def _stale(opened: Opened, point: Point, error: StalePoint) -> Stale:
    desk = opened.desk()
    said = desk.said(point, desk.me if point.per_partner else None, error.theirs)
    return Stale(said if error.theirs is not None else None)


@require_POST
def point_default(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Propose the Kodex default with one click."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    opened.require_editor(point)
    default, revision = kinds.default_value(point), _given_revision(request)
    if default is None:
        raise Http404
    sheet = opened.sheet
    try:
        answers.propose(
            pk, key, default, by=request.user, partner=opened.partner, revision=revision
        )
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("The Kodex default is proposed."))


@require_POST
def point_confirm(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Agree for the own firm with what stands there."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    opened.require_editor(point)
    sheet = opened.sheet
    try:
        answers.confirm(
            pk, key, by=request.user, partner=opened.partner, revision=_given_revision(request)
        )
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("Confirmed for your firm."))


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_not_applicable(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Propose that a point does not apply to us."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    opened.require_editor(point)
    sheet, url = opened.sheet, reverse("cooperation:point_not_applicable", args=[pk, key])
    own = points.revision(sheet, point, str(opened.partner.pk))
    if request.method == "GET":
        form = Form(action="not_applicable", url=url, revision=own)
        return _card_page(request, opened, point, form=form)
    note, revision = request.POST.get("note", ""), _given_revision(request)
    try:
        answers.mark_not_applicable(
            pk, key, by=request.user, partner=opened.partner, revision=revision, note=note
        )
    except kinds.InvalidAnswer as error:
        form = Form(
            action="not_applicable", url=url, revision=revision, text=note, errors=_lines(error)
        )
        return _card_page(request, opened, point, 422, form=form)
    except StalePoint as error:
        opened.reload()
        form = Form(
            action="not_applicable",
            url=url,
            revision=error.revision,
            text=note,
            stale=_stale(opened, point, error),
        )
        return _card_page(request, opened, point, 409, form=form)
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("Proposed: this point does not apply."))


def _lines(error: kinds.InvalidAnswer) -> tuple[str, ...]:
    return tuple(line for lines in error.errors.values() for line in lines)


# ---- Talking -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_talk(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Ask for a talk about a point."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    opened.require_editor(point)
    url, sheet = reverse("cooperation:point_talk", args=[pk, key]), opened.sheet
    if request.method == "GET":
        form = Form(action="talk", url=url, revision=0)
        return _card_page(request, opened, point, form=form)
    comment = request.POST.get("comment", "")
    try:
        answers.ask_to_talk(pk, key, comment, by=request.user, partner=opened.partner)
    except kinds.InvalidAnswer as error:
        form = Form(action="talk", url=url, revision=0, text=comment, errors=_lines(error))
        return _card_page(request, opened, point, 422, form=form)
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("The other firms see that you want to talk."))


@require_POST
def talk_resolve(request: PortalRequest, pk: UUID, talk: UUID) -> HttpResponse:
    """The talk took place."""
    opened = open_agreement(request, pk)
    asked = TalkRequest.objects.filter(agreement=opened.agreement, pk=talk).first()
    if asked is None:
        raise Http404
    point = point_of(opened, asked.point_key)
    opened.require_editor(point)
    sheet = opened.sheet
    try:
        answers.resolve_talk(talk, by=request.user, partner=opened.partner)
    except NotPossible as error:
        return _not_possible(request, opened, point, error)
    return _done(request, opened, point, sheet, _("Noted: you have talked about it."))


# ---- Many at once ------------------------------------------------------------------------------


@require_POST
def rule_defaults(request: PortalRequest, pk: UUID, rule: str) -> HttpResponse:
    """Confirm all unchanged defaults of one rule."""
    opened = open_agreement(request, pk)
    book = opened.sheet.book
    if rule not in book.rules_by_key:
        raise Http404
    for point in points.visible_points(opened.sheet, book.rule(rule)):
        opened.require_editor(point)
    try:
        taken = answers.confirm_defaults(pk, rule, by=request.user, partner=opened.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        number = len(taken.filled) + len(taken.confirmed)
        said = ngettext(
            "%(number)s point confirmed for your firm as in the Kodex.",
            "%(number)s points confirmed for your firm as in the Kodex.",
            number,
        )
        messages.success(request, said % {"number": number})
    url = reverse("cooperation:agreement_detail", args=[pk])
    return redirect(f"{url}{opened.query}#rule-{rule}")


@require_POST
def take_fast_track(request: PortalRequest, pk: UUID) -> HttpResponse:
    """ "Wir machen es im Sinne vom Kodex": every default in one step."""
    opened = open_agreement(request, pk)
    if not perms.can_take_fast_track(opened.membership, opened.agreement):
        raise PermissionDenied
    try:
        outcome = fast_track.press(pk, by=request.user, partner=opened.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:agreement_detail", pk=pk)
    number = len(outcome.filled) + len(outcome.confirmed)
    done = ngettext(
        "%(number)s point is now as in the Kodex for your firm.",
        "%(number)s points are now as in the Kodex for your firm.",
        number,
    ) % {"number": number}
    messages.success(request, done)
    url = reverse("cooperation:agreement_detail", args=[pk])
    return redirect(f"{url}?show=mine" if outcome.left else url)
