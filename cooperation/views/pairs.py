"""A pairwise point among many firms: say in one step with which of them it does not apply."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cooperation import kinds, nothing_between
from cooperation.agreements import NotPossible
from cooperation.book import Party, Point
from cooperation.views.cards import place_of
from cooperation.views.desk import Opened, open_agreement, point_of
from partners.middleware import PortalRequest
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class Choice:
    firm: Party
    said: bool  # by the other firm already: choosing it agrees
    chosen: bool


def _choices(opened: Opened, point: Point, chosen: set[str]) -> list[Choice]:
    """The firms with which "nothing between us" fits what stands there."""
    own = str(opened.partner.pk)
    return [
        Choice(
            firm,
            said=nothing_between.is_said_by_the_other(pair, point),
            chosen=firm.key in chosen,
        )
        for firm, pair in opened.sheet.pairs_of(own)
        if nothing_between.may_be_said(pair, point, own)
    ]


@require_http_methods(["GET", "POST"])
def point_nothing(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Nothing between us: the reader's open pairs to choose from."""
    opened = open_agreement(request, pk)
    point = point_of(opened, key)
    if not opened.desk().groups(point):
        raise Http404
    opened.require_editor(point)
    chosen = set(request.POST.getlist("mit"))
    note, errors = request.POST.get("note", ""), []
    if request.method == "POST":
        firms = {firm.key for firm, _pair in opened.sheet.pairs_of(str(opened.partner.pk))}
        if not chosen <= firms:
            raise Http404
        others = list(Partner.objects.filter(pk__in=chosen).order_by("name"))
        try:
            outcome = nothing_between.say(
                pk, key, others, by=request.user, partner=opened.partner, note=note
            )
        except kinds.InvalidAnswer as error:
            errors = [line for lines in error.errors.values() for line in lines]
        except NotPossible as error:
            if others:
                messages.warning(request, str(error))
                return redirect("cooperation:agreement_detail", pk=pk)
            errors = [str(error)]
        else:
            _tell(request, outcome)
            url = reverse("cooperation:agreement_detail", args=[pk])
            return redirect(f"{url}{opened.query}#{place_of(point, None)}")
    context: dict[str, Any] = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "point": point,
        "book": opened.sheet.book,
        "rule": opened.sheet.book.rule(point.rule),
        "choices": _choices(opened, point, chosen),
        "note": note,
        "errors": errors,
        "query": opened.query,
    }
    status = 422 if errors else 200
    return render(request, "cooperation/nothing_between.html", context, status=status)


def _tell(request: PortalRequest, outcome: nothing_between.Outcome) -> None:
    if outcome.said:
        said = _("Noted: nothing between you and %(firms)s. Each of them sees only its own part.")
        messages.success(request, said % {"firms": ", ".join(outcome.said)})
    if outcome.left:
        left = _("With %(firms)s an answer stands there meanwhile. Please look at it.")
        messages.warning(request, left % {"firms": ", ".join(outcome.left)})
