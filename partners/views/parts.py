"""What pages of the room have in common."""

from collections.abc import Sequence

from django.http import Http404
from django.shortcuts import get_object_or_404

from partners import cards
from partners.cards import Place
from partners.middleware import PortalRequest
from partners.models import Partner


def own_partner(request: PortalRequest) -> Partner:
    """The firm that the reader acts for; whoever belongs to none has no such page."""
    if not request.partner:
        raise Http404
    return get_object_or_404(Partner.objects.of(request.user), pk=request.partner.pk)


def added(request: PortalRequest, place: Place, firms: Sequence[Partner]) -> cards.Added:
    """What the rooms above add to this page."""
    reader = cards.Reader(request.user, request.partner or None)  # lazy, also when it holds nothing
    return cards.added(place, reader, firms)
