"""The course of a point: what was proposed and said, and writing beside it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from cooperation import comments, kinds, perms, threads
from cooperation.agreements import NotPossible
from cooperation.models import Comment
from cooperation.views.desk import Spot, open_agreement, spot_of
from partners.middleware import PortalRequest

Audience = Comment.Audience


def _context(
    request: PortalRequest,
    spot: Spot,
    *,
    text: str = "",
    audience: str = Audience.SHARED,
    mentions: tuple[str, ...] = (),
    errors: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    opened, point = spot.opened, spot.point
    agreement, own = opened.agreement, opened.partner
    pair = threads.pair_of(agreement, spot.sheet)
    firms = {party.key for party in spot.sheet.parties}
    people = comments.readers(agreement.project_id, own, audience=Audience.SHARED, pair=None)
    return {
        "agreement": agreement,
        "project": agreement.project,
        "point": point,
        "book": spot.sheet.book,
        "other": spot.other,
        "pair": pair,
        "query": spot.query,
        "turns": threads.load(
            agreement, spot.sheet, point, own, request.user.pk, get_language() or "de"
        ),
        "may_write": perms.can_comment(opened.membership, agreement),
        "own_firm": own.name,
        "firms": [party.name for party in spot.sheet.parties if party.key != str(own.pk)],
        "people": [
            (member, str(member.user_id) in mentions)
            for member in people
            if str(member.partner_id) in firms and member.user_id != request.user.pk
        ],
        "text": text,
        "audience": audience,
        "errors": errors or {},
        "prose": point.kind == "text",
    }


def _page(request: PortalRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    name = "cooperation/thread.html"
    if request.htmx:
        swapped = 422 if status >= 400 else 200
        return render(request, f"{name}#thread", context, status=swapped)
    return render(request, name, context, status=status)


@require_GET
@vary_on_headers("HX-Request")
def point_thread(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Who proposed what when, who confirmed, and what was said about it."""
    opened = open_agreement(request, pk)
    if opened.membership is None:
        raise Http404
    return _page(request, _context(request, spot_of(request, opened, key)))


@require_POST
@vary_on_headers("HX-Request")
def comment_write(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Write a comment, for the own firm or for all who settle the point."""
    opened = open_agreement(request, pk)
    if not perms.can_comment(opened.membership, opened.agreement):
        raise PermissionDenied
    spot = spot_of(request, opened, key)
    text, audience = request.POST.get("comment", ""), request.POST.get("audience", "")
    asked = tuple(request.POST.getlist("mentions"))
    try:
        comments.write(
            pk,
            key,
            text,
            by=request.user,
            audience=audience,
            mentions=[UUID(each) for each in asked if _is_uuid(each)],
            **spot.acting,
        )
    except kinds.InvalidAnswer as error:
        context = _context(
            request, spot, text=text, audience=audience, mentions=asked, errors=error.errors
        )
        return _page(request, context, 422)
    except NotPossible as error:
        messages.warning(request, str(error))
        return _back(spot)
    if request.htmx:
        return _page(request, _context(request, spot))
    messages.success(request, _("Your comment is there."))
    return _back(spot)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _back(spot: Spot) -> HttpResponse:
    args = [spot.opened.agreement.pk, spot.point.key]
    return redirect(reverse("cooperation:point_thread", args=args) + spot.query)


@require_POST
def comment_remove(request: PortalRequest, pk: UUID, comment: UUID) -> HttpResponse:
    """Take an own comment back."""
    opened = open_agreement(request, pk)
    if opened.membership is None:
        raise Http404
    known = Comment.objects.known_to(opened.partner).filter(agreement=opened.agreement)
    found = known.select_related("pair").filter(pk=comment).first()
    if found is None:
        raise Http404
    try:
        comments.remove(comment, by=request.user, partner=opened.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Your comment is taken back."))
    url = reverse("cooperation:point_thread", args=[pk, found.point_key])
    if found.pair is not None:
        own = opened.partner.pk
        other = found.pair.second_id if found.pair.first_id == own else found.pair.first_id
        url += f"?mit={other}"
    return redirect(url)
