"""How much of the rule book is asked, and going deeper."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cooperation import depth, perms
from cooperation.agreements import NotPossible
from cooperation.book import Book
from cooperation.models import Agreement
from cooperation.points import EXPLORATORY
from cooperation.views.desk import open_agreement
from partners.middleware import PortalRequest

Depth = Agreement.Depth


@dataclass(frozen=True, slots=True)
class Step:
    """One of the three depths, as the page shows it."""

    key: str
    name: str
    points: str
    about: str
    is_current: bool
    may_choose: bool


def steps(agreement: Agreement, book: Book, *, may_change: bool, least: str = "") -> list[Step]:
    """From the first talk to the full checklist; each says how many points it asks.

    ``least``: what the version in force asks, while the draft is a change of it.
    """
    asked = book.points.values()
    counts = {
        Depth.EXPLORATORY: sum(point.stage == EXPLORATORY for point in asked),
        Depth.FAST_TRACK: sum(point.fast_track == "ask" for point in asked),
        Depth.FULL: len(asked),
    }
    about = {
        Depth.EXPLORATORY: _("What has to be said in the first talk. The rest can wait."),
        Depth.FAST_TRACK: _("Only what has no default. For all else the Kodex applies."),
        Depth.FULL: _("Every point along the rules, one by one."),
    }
    possible = {
        Depth.EXPLORATORY: True,
        Depth.FAST_TRACK: agreement.fast_track,
        Depth.FULL: True,
    }
    return [
        Step(
            key=value.value,
            name=str(value.label),
            points=ngettext("%(number)s point", "%(number)s points", counts[value])
            % {"number": counts[value]},
            about=about[value],
            is_current=agreement.depth == value,
            may_choose=may_change
            and agreement.is_draft
            and agreement.depth != value
            and possible[value]
            and not (least and depth.is_less(value, least)),
        )
        for value in Depth
    ]


@require_POST
def change(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Ask more of the book, or less; every answer is kept."""
    opened = open_agreement(request, pk)
    if not perms.can_change_depth(opened.membership, opened.agreement):
        raise PermissionDenied
    try:
        agreement = depth.change(
            pk, request.POST.get("depth", ""), by=request.user, partner=opened.partner
        )
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        said = _("The checklist now asks: %(depth)s. Every answer so far is kept.")
        messages.success(request, said % {"depth": agreement.get_depth_display()})
    return redirect("cooperation:agreement_detail", pk=pk)
