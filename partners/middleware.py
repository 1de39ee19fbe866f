from collections.abc import Callable, Container
from functools import cache
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxDetails

from partners import acting
from partners.models import Membership, Partner, SupportVisit, User


class PortalRequest(HttpRequest):
    """A request of a signed-in person, as every view behind the sign-in gets it.

    ``membership`` and ``partner`` are those the person acts with: of several firms the chosen one
    (``acting``), else the one joined first; a page of a project calls ``act_for``.
    """

    user: User
    htmx: HtmxDetails
    memberships: list[Membership]
    membership: Membership | None
    partner: Partner | None
    support: SupportVisit | None  # an operator reads a firm's data; see support_requests
    is_shown_to_support: bool


def act_for(request: PortalRequest, firms: Container[UUID]) -> None:
    """Let a person of several firms act for the one that is among ``firms``, if one is."""
    fitting = [each for each in request.memberships if each.partner_id in firms]
    current = request.membership or None  # a lazy object, also when it holds nothing
    if fitting and (current is None or current.partner_id not in firms):
        request.membership, request.partner = fitting[0], fitting[0].partner


class ActingPartnerMiddleware:
    """Put the reader's memberships on the request; the query runs once, at first use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        prepare(request)
        return self.get_response(request)


def prepare(request: HttpRequest) -> None:
    @cache
    def memberships() -> list[Membership]:
        if not request.user.is_authenticated:
            return []
        if support := getattr(request, "support", None):
            return [support.membership()]
        active = Membership.objects.active().filter(user=request.user)
        return list(active.select_related("partner").order_by("joined_at", "pk"))

    def first() -> Membership | None:
        return acting.chosen(request.session, memberships())

    request.memberships = SimpleLazyObject(memberships)  # type: ignore[attr-defined]
    request.membership = SimpleLazyObject(first)  # type: ignore[attr-defined]
    request.partner = SimpleLazyObject(  # type: ignore[attr-defined]
        lambda: found.partner if (found := first()) else None
    )
