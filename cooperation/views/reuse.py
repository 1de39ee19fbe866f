"""Taking answers over, and what the own firm usually proposes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import kinds, perms, points, preferences, reuse, rule_books, sheets, widgets
from cooperation.agreements import NotPossible
from cooperation.book import Book, Party, Point, Rule
from cooperation.kinds import Description
from cooperation.models import RuleBook
from cooperation.points import Given, Sheet
from cooperation.views.desk import Opened, open_agreement
from partners.middleware import PortalRequest
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class Offer:
    """A candidate as the page shows it."""

    candidate: reuse.Candidate
    description: Description
    ticked: bool

    @property
    def prose(self) -> bool:
        return self.candidate.point.kind == "text"


@dataclass(frozen=True, slots=True)
class RuleOffers:
    rule: Rule
    offers: tuple[Offer, ...]


def _open(request: PortalRequest, pk: UUID) -> Opened:
    opened = open_agreement(request, pk)
    if not perms.can_reuse(opened.membership, opened.agreement):
        raise PermissionDenied
    return opened


@require_http_methods(["GET", "POST"])
def take(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Choose a source, see what it says, take over what fits."""
    opened = _open(request, pk)
    agreement, own = opened.agreement, opened.partner
    if not agreement.is_draft:
        messages.warning(request, _("Answers are taken over while an agreement is negotiated."))
        return redirect("cooperation:project_detail", pk=agreement.project_id)
    if request.method == "POST":
        return _taken(request, opened)
    found = reuse.sources(agreement, own)
    chosen = next((each for each in found if each.key == request.GET.get("von")), None)
    if chosen is None and len(found) == 1:
        chosen = found[0]
    offers: list[RuleOffers] = []
    if chosen is not None:
        # Unlike the page's own sheet this one has every pair: its own are asked for by name.
        sheet = sheets.load(agreement)
        offers = _offers(sheet, reuse.candidates(agreement, sheet, own, chosen))
    context = {
        "agreement": agreement,
        "project": agreement.project,
        "book": opened.sheet.book,
        "sources": found,
        "chosen": chosen,
        "rules": offers,
        "number": sum(len(rule.offers) for rule in offers),
    }
    return render(request, "cooperation/reuse.html", context)


def _offers(sheet: Sheet, candidates: Sequence[reuse.Candidate]) -> list[RuleOffers]:
    language = get_language() or "de"
    rules = []
    for rule in sheet.book.rules:
        offers = tuple(
            Offer(
                candidate,
                points.described(sheet, candidate.point, Given(candidate.value), language),
                candidate.usual,
            )
            for candidate in candidates
            if candidate.point.rule == rule.key
        )
        if offers:
            rules.append(RuleOffers(rule, offers))
    return rules


def _taken(request: PortalRequest, opened: Opened) -> HttpResponse:
    wanted, source = set(request.POST.getlist("take")), request.POST.get("source", "")
    try:
        taken = reuse.take(
            opened.agreement.pk, source, wanted, by=request.user, partner=opened.partner
        )
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:reuse", pk=opened.agreement.pk)
    messages.success(request, _said(taken))
    return redirect("cooperation:agreement_detail", pk=opened.agreement.pk)


def _said(taken: reuse.Taken) -> str:
    filled, confirmed = len(taken.filled), len(taken.confirmed)
    if not filled and not confirmed:
        return _("Nothing was taken over: no point was chosen, or all were answered meanwhile.")
    told = []
    if filled:
        told.append(
            ngettext(
                "%(number)s answer is taken over as your proposal.",
                "%(number)s answers are taken over as your proposals.",
                filled,
            )
            % {"number": filled}
        )
    if confirmed:
        told.append(
            ngettext(
                "%(number)s answer that stood there already is confirmed.",
                "%(number)s answers that stood there already are confirmed.",
                confirmed,
            )
            % {"number": confirmed}
        )
    return " ".join(told)


# ---- Preferences -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Habit:
    """A point and what the firm usually proposes there."""

    point: Point
    description: Description | None

    @property
    def prose(self) -> bool:
        return self.point.kind == "text"


@dataclass(frozen=True, slots=True)
class RuleHabits:
    rule: Rule
    habits: tuple[Habit, ...]


def _manager(request: PortalRequest) -> Partner:
    membership = request.membership or None
    if not perms.can_keep_preferences(membership) or membership is None:
        raise PermissionDenied
    return membership.partner


def _book(key: str) -> Book:
    """The newest version of a rule book, or 404."""
    try:
        return rule_books.by_id(rule_books.current(key).pk)
    except RuleBook.DoesNotExist:
        raise Http404 from None


@require_GET
def preference_list(request: PortalRequest, book: str = "") -> HttpResponse:
    """What the own firm usually proposes, point by point."""
    partner = _manager(request)
    content = _book(book)
    kept = preferences.load(content, partner)
    language = get_language() or "de"
    parties = (Party(str(partner.pk), partner.name),)
    rules = [
        RuleHabits(
            rule,
            tuple(
                Habit(
                    point,
                    kinds.describe(kept[point.key], point, parties, language, {})
                    if point.key in kept
                    else None,
                )
                for point in rule.points
                if preferences.has_preference(point)
            ),
        )
        for rule in content.rules
    ]
    context = {"rules": rules, "book": content, "number": len(kept), "firm": partner}
    return render(request, "cooperation/preferences.html", context)


@require_http_methods(["GET", "POST"])
def preference(request: PortalRequest, book: str, key: str) -> HttpResponse:
    """One point: what the own firm usually proposes."""
    partner = _manager(request)
    content = _book(book)
    point = content.points.get(key)
    if point is None or not preferences.has_preference(point):
        raise Http404
    parties = (Party(str(partner.pk), partner.name),)
    errors: dict[str, list[str]] | None = None
    status = 200
    if request.method == "GET":
        kept = preferences.load(content, partner).get(key)
        raw = widgets.initial(point, parties, kept, {})
    else:
        raw = widgets.read(point, request.POST)
        edited = widgets.edit_rows(point, raw, request.POST)
        if edited is not None:
            raw = edited
        else:
            try:
                value = widgets.judged(point, parties, raw, {})
                preferences.keep(content, key, value, by=request.user, partner=partner)
            except kinds.InvalidAnswer as error:
                errors, status = error.errors, 422
            except NotPossible as error:
                messages.warning(request, str(error))
                return redirect("cooperation:preference_list_of", book=book)
            else:
                messages.success(request, _("Kept. You can take it into your next project."))
                return redirect("cooperation:preference_list_of", book=book)
    context: dict[str, Any] = {
        "book": content,
        "point": point,
        "rule": content.rule(point.rule),
        "widget": widgets.build(point, parties, raw, errors),
        "is_kept": key in preferences.load(content, partner),
    }
    return render(request, "cooperation/preference.html", context, status=status)


@require_POST
def preference_forget(request: PortalRequest, book: str, key: str) -> HttpResponse:
    """No longer propose anything at this point."""
    partner = _manager(request)
    try:
        preferences.forget(_book(book), key, by=request.user, partner=partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Forgotten. Projects that took it over keep it."))
    return redirect("cooperation:preference_list_of", book=book)
