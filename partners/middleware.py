from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxDetails

from partners.models import Membership, Partner, User


class PortalRequest(HttpRequest):
    """A request of a signed-in person, as every view behind the sign-in gets it."""

    user: User
    htmx: HtmxDetails
    membership: Membership | None
    partner: Partner | None


def acting_membership(user: User | AnonymousUser) -> Membership | None:
    """The membership that ``user`` acts with: the oldest active one, or None."""
    if not user.is_authenticated:
        return None
    active = Membership.objects.active().filter(user=user).select_related("partner")
    return active.order_by("joined_at", "pk").first()


class ActingPartnerMiddleware:
    """Put ``membership`` and ``partner`` on the request; the query runs once, at first use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        type(self).prepare(request)
        return self.get_response(request)

    @staticmethod
    def prepare(request: HttpRequest) -> None:
        missing = object()
        cache: dict[str, object] = {"membership": missing}

        def membership() -> Membership | None:
            if cache["membership"] is missing:
                cache["membership"] = acting_membership(request.user)
            return cache["membership"]  # type: ignore[return-value]

        request.membership = SimpleLazyObject(membership)  # type: ignore[attr-defined]
        request.partner = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: found.partner if (found := membership()) else None
        )
