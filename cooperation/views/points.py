"""The checklist of an agreement: read it, answer, confirm, ask for a talk, take the defaults."""

from collections.abc import Callable
from dataclasses import replace
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
from cooperation.first_round import Reply
from cooperation.models import AgreementVersion, TalkRequest
from cooperation.points import Sheet
from cooperation.views import first_round_said
from cooperation.views.associations import beside
from cooperation.views.cards import Card, Desk, Form, Section, Stale, changed_with
from cooperation.views.depth import steps
from cooperation.views.desk import Opened, Spot, open_agreement, point_of, spot_of
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
    versions = opened.versions.filter(state__in=living).defer("payload")
    return versions.order_by("-number").first()


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
        "nothing_shown": not any(section.shown for section in sections),
        "previous": opened.previous,
        "refused": opened.previous.refused,
        "depth_steps": steps(
            opened.agreement,
            opened.sheet.book,
            may_change=is_manager,
            least=opened.previous.depth or opened.agreement.depth
            if opened.agreement.is_amended
            else "",
        ),
        "may_fast_track": is_manager,
    }


@require_GET
def agreement_detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The checklist: seven rules with their points, and where the agreement stands."""
    return render(request, DETAIL, detail_context(open_agreement(request, pk)))


# ---- One card ----------------------------------------------------------------------------------


def _card_page(request: PortalRequest, spot: Spot, status: int = 200, **more: Any) -> HttpResponse:
    """The card alone for htmx; a page with nothing but this card for a plain browser."""
    card = spot.card(**more)
    if request.htmx:
        # htmx swaps a 422; the other statuses are for whoever reads them.
        swapped = 422 if status >= 400 else 200
        context = {"agreement": spot.opened.agreement, "card": card, "oob": False}
        return render(request, "cooperation/card.html", context, status=swapped)
    return _point_page(request, spot.opened, spot.point, card, status)


def _point_page(
    request: PortalRequest, opened: Opened, point: Point, card: Card | None, status: int = 200
) -> HttpResponse:
    desk = opened.desk()
    group = desk.group(point) if desk.groups(point) else None
    if group is not None and card is not None:
        group = replace(group, cards=(card,))
    context = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "book": opened.sheet.book,
        "rule": opened.sheet.book.rule(point.rule),
        "point": point,
        "group": group,
        "card": card,
        "query": opened.query,
        "oob": False,
    }
    return render(request, "cooperation/point.html", context, status=status)


@require_GET
@vary_on_headers("HX-Request")
def point(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """One point by itself; of a pairwise one, with one firm or with all."""
    opened = open_agreement(request, pk)
    asked = point_of(opened, key)
    if "mit" not in request.GET and opened.desk().groups(asked):
        return _point_page(request, opened, asked, None)
    return _card_page(request, spot_of(request, opened, key))


def _done(request: PortalRequest, spot: Spot, before: Sheet, said: str) -> HttpResponse:
    """After a change: the card and all that changed with it, or back to the checklist."""
    opened, point = spot.opened, spot.point
    if not _is_on_checklist(request, opened):
        messages.success(request, said)
        back = _back(spot)
        return HttpResponseClientRedirect(back.url) if request.htmx else back
    opened.reload()
    desk = opened.desk()
    parts = _changed(request, spot, desk)
    for other in changed_with(point, before, opened.sheet):
        parts.append(_render_item(request, opened, desk, other))
    section = desk.section(opened.sheet.book.rule(point.rule))
    parts += _render_frame(request, opened, desk, section)
    parts.append(_announcement(said))
    return HttpResponse("".join(parts))


def _changed(request: PortalRequest, spot: Spot, desk: Desk) -> list[str]:
    """The card that was acted on, in band; with the head of its group."""
    opened, point = spot.opened, spot.point
    grouped = desk.groups(point)
    if not spot.is_there:
        # Of a group the card goes, and the group or its place stands there instead.
        if spot.other is None:
            return [_render_place(point, oob=False)]
        return [_render_item(request, opened, desk, point)]
    parts = [_render_card(request, opened, desk.card(point, spot.other))]
    if grouped:
        context = {"agreement": opened.agreement, "group": desk.group(point), "oob": "part"}
        parts += [
            render_to_string(f"cooperation/pair_group.html#{name}", context, request)
            for name in ("head", "foot")
        ]
    return parts


def _is_on_checklist(request: PortalRequest, opened: Opened) -> bool:
    """Whether htmx asks from the page with all the points: one can stand on a page of its own."""
    if not request.htmx:
        return False
    path = urlsplit(request.htmx.current_url_abs_path or "").path
    return path in ("", reverse("cooperation:agreement_detail", args=[opened.agreement.pk]))


def _back(spot: Spot) -> HttpResponseRedirect:
    opened = spot.opened
    url = reverse("cooperation:agreement_detail", args=[opened.agreement.pk])
    place = opened.desk().place(spot.point, spot.other)
    return redirect(f"{url}{opened.query}#{place}")


def _render_card(request: PortalRequest, opened: Opened, card: Card) -> str:
    context = {"agreement": opened.agreement, "card": card, "oob": False}
    return render_to_string("cooperation/card.html", context, request)


def _render_item(request: PortalRequest, opened: Opened, desk: Desk, point: Point) -> str:
    """All of a point, to be swapped beside: its card, its group, or the place it would have."""
    if not points.is_visible(opened.sheet, point):
        return _render_place(point, oob=True)
    item = desk.item(point, "all")
    context = {"agreement": opened.agreement, "card": item.card, "group": item.group, "oob": True}
    template = "cooperation/pair_group.html" if item.group else "cooperation/card.html"
    return render_to_string(template, context, request)


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


def _not_possible(request: PortalRequest, spot: Spot, error: NotPossible) -> HttpResponse:
    spot.opened.reload()
    if spot.is_there and request.htmx:
        return _card_page(request, spot, 409, problem=str(error))
    messages.warning(request, str(error))
    if request.htmx:  # the card is gone: only the whole page can say why
        url = reverse("cooperation:agreement_detail", args=[spot.opened.agreement.pk])
        return HttpResponseClientRedirect(url)
    return _back(spot)


def _number(request: PortalRequest, name: str) -> int:
    written = request.POST.get(name, "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0


# ---- Answering ---------------------------------------------------------------------------------


def _open_to_edit(request: PortalRequest, pk: UUID, key: str) -> Spot:
    """The point in front of somebody who may work on it; 404 or 403 for others."""
    opened = open_agreement(request, pk)
    opened.require_editor(point_of(opened, key))
    return spot_of(request, opened, key)


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_answer(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Answer a point: the form on GET, the proposal on POST."""
    spot = _open_to_edit(request, pk, key)
    point, sheet = spot.point, spot.sheet
    own = str(spot.opened.partner.pk)
    if request.method == "GET":
        given = _from_first_round(request, spot) or sheet.given(point, own)
        raw = widgets.initial(point, sheet.parties, given.value if given else None, sheet.joint)
        form = _answer_form(
            spot, raw, points.revision(sheet, point, own), points.revision(sheet, point)
        )
        return _card_page(request, spot, form=form)
    raw = widgets.read(point, request.POST)
    revision, seen = _number(request, "revision"), _number(request, "seen")
    edited = widgets.edit_rows(point, raw, request.POST)
    if edited is None and "look" in request.POST:  # what stands beside the table follows it
        edited = raw
    if edited is not None:
        return _card_page(request, spot, form=_answer_form(spot, edited, revision, seen))
    before = spot.opened.sheet
    try:
        value = widgets.judged(point, sheet.parties, raw, sheet.joint)
        answers.propose(
            pk, key, value, by=request.user, revision=revision, seen=seen, **spot.acting
        )
    except kinds.InvalidAnswer as error:
        form = _answer_form(spot, raw, revision, seen, errors=error.errors)
        return _card_page(request, spot, 422, form=form)
    except StalePoint as error:
        return _stale_form(request, spot, error, lambda: _answer_form(spot, raw, 0, 0))
    except NotPossible as error:
        return _not_possible(request, spot, error)
    return _done(request, spot, before, _saved(spot, _("Your answer is saved.")))


def _from_first_round(request: PortalRequest, spot: Spot) -> Reply | None:
    """What a firm said in the first round, when a form is to begin with that."""
    firm, opened = request.GET.get("first_round"), spot.opened
    return first_round_said.proposed(opened.agreement, opened.partner, spot.point, firm)


def _answer_form(
    spot: Spot,
    raw: dict[str, Any],
    revision: int,
    seen: int,
    *,
    errors: dict[str, list[str]] | None = None,
) -> Form:
    return Form(
        action="answer",
        url=reverse("cooperation:point_answer", args=[spot.opened.agreement.pk, spot.point.key]),
        revision=revision,
        seen=seen,
        widget=widgets.build(spot.point, spot.sheet.parties, raw, errors),
        beside=beside(spot.opened, spot.point, raw),
    )


def _stale_form(
    request: PortalRequest, spot: Spot, error: StalePoint, again: Callable[[], Form]
) -> HttpResponse:
    """The same input once more, beside what stands there now."""
    spot.opened.reload()
    if not spot.is_there:
        return _not_possible(request, spot, error)
    desk = spot.opened.desk()
    said = desk.said(
        spot.sheet, spot.point, desk.me if spot.point.per_partner else None, error.theirs
    )
    form = replace(
        again(),
        revision=error.revision,
        seen=points.revision(spot.sheet, spot.point),
        stale=Stale(said if error.theirs is not None else None),
    )
    return _card_page(request, spot, 409, form=form)


def _saved(spot: Spot, said: str) -> str:
    """What was done, and whether it was confirmed, too: not while another firm's part is unread."""
    if not spot.point.per_partner:
        return said
    spot.opened.reload()
    if not spot.is_there or spot.card().i_confirmed:
        return said
    more = _(
        "It is not confirmed for your firm yet, because another firm changed its part in the "
        "meantime. Please read it and confirm."
    )
    return f"{said} {more}"


@require_POST
def point_default(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Propose the Kodex default with one click."""
    spot = _open_to_edit(request, pk, key)
    default = kinds.default_value(spot.point)
    if default is None:
        raise Http404
    before = spot.opened.sheet
    revision, seen = _number(request, "revision"), _number(request, "seen")
    try:
        answers.propose(
            pk, key, default, by=request.user, revision=revision, seen=seen, **spot.acting
        )
    except NotPossible as error:
        return _not_possible(request, spot, error)
    return _done(request, spot, before, _saved(spot, _("The Kodex default is proposed.")))


@require_POST
def point_confirm(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Agree for the own firm with what stands there."""
    spot = _open_to_edit(request, pk, key)
    before, revision = spot.opened.sheet, _number(request, "revision")
    try:
        answers.confirm(pk, key, by=request.user, revision=revision, **spot.acting)
    except NotPossible as error:
        return _not_possible(request, spot, error)
    return _done(request, spot, before, _("Confirmed for your firm."))


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_not_applicable(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Propose that a point does not apply to us."""
    spot = _open_to_edit(request, pk, key)
    point, sheet = spot.point, spot.sheet
    url = reverse("cooperation:point_not_applicable", args=[pk, key])
    if request.method == "GET":
        own = points.revision(sheet, point, str(spot.opened.partner.pk))
        seen = points.revision(sheet, point)
        reply = _from_first_round(request, spot)
        text = reply.note if reply else ""
        form = Form(action="not_applicable", url=url, revision=own, seen=seen, text=text)
        return _card_page(request, spot, form=form)
    before, note = spot.opened.sheet, request.POST.get("note", "")
    revision, seen = _number(request, "revision"), _number(request, "seen")
    again = Form(action="not_applicable", url=url, revision=revision, seen=seen, text=note)
    try:
        answers.mark_not_applicable(
            pk, key, by=request.user, revision=revision, seen=seen, note=note, **spot.acting
        )
    except kinds.InvalidAnswer as error:
        form = replace(again, errors=_lines(error))
        return _card_page(request, spot, 422, form=form)
    except StalePoint as error:
        return _stale_form(request, spot, error, lambda: again)
    except NotPossible as error:
        return _not_possible(request, spot, error)
    return _done(request, spot, before, _saved(spot, _("Proposed: this point does not apply.")))


def _lines(error: kinds.InvalidAnswer) -> tuple[str, ...]:
    return tuple(line for lines in error.errors.values() for line in lines)


# ---- Talking -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def point_talk(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Ask for a talk about a point."""
    spot = _open_to_edit(request, pk, key)
    url, before = reverse("cooperation:point_talk", args=[pk, key]), spot.opened.sheet
    if request.method == "GET":
        form = Form(action="talk", url=url, revision=0)
        return _card_page(request, spot, form=form)
    comment = request.POST.get("comment", "")
    try:
        answers.ask_to_talk(pk, key, comment, by=request.user, **spot.acting)
    except kinds.InvalidAnswer as error:
        form = Form(action="talk", url=url, revision=0, text=comment, errors=_lines(error))
        return _card_page(request, spot, 422, form=form)
    except NotPossible as error:
        return _not_possible(request, spot, error)
    if spot.other is None:
        said = _("The other firms see that you want to talk.")
    else:
        said = _("%(firm)s sees that you want to talk.") % {"firm": spot.other.name}
    return _done(request, spot, before, said)


@require_POST
def talk_resolve(request: PortalRequest, pk: UUID, talk: UUID) -> HttpResponse:
    """The talk took place."""
    opened = open_agreement(request, pk)
    spot = _spot_of_talk(opened, talk)
    opened.require_editor(spot.point)
    before = opened.sheet
    try:
        answers.resolve_talk(talk, by=request.user, partner=opened.partner)
    except NotPossible as error:
        return _not_possible(request, spot, error)
    return _done(request, spot, before, _("Noted: you have talked about it."))


def _spot_of_talk(opened: Opened, talk: UUID) -> Spot:
    """Where somebody asked to talk, or 404; also for what two other firms talk about."""
    rows = TalkRequest.objects.filter(agreement=opened.agreement, pk=talk)
    asked = rows.select_related("pair").first()
    if asked is None:
        raise Http404
    point = point_of(opened, asked.point_key)
    if asked.pair is None:
        return Spot(opened, point, None)
    two = {str(asked.pair.first_id), str(asked.pair.second_id)}
    own = "" if opened.membership is None else str(opened.membership.partner_id)
    for other, _pair in opened.sheet.pairs_of(own):
        if two == {own, other.key}:
            return Spot(opened, point, other)
    raise Http404


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
