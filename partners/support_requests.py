"""What holds for every request of an operator who reads a firm's data as support."""

from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from partners import support_access
from partners.middleware import PortalRequest

READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What people do about themselves and their session, and the operator's own room.
OWN_AFFAIRS = frozenset(
    {"partners:support_desk", "partners:support_begin", "partners:support_stop", "set_language"}
)


class SupportMiddleware:
    """No request writes, and each page that is shown is noted in the firm's log.

    ``request.support`` is the visit, if there is one. It is read from the database with every
    request: what has ended is over with the next one, also in an open session. Here and not in the
    views: a page that is added later cannot forget it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = cast(PortalRequest, request)
        asked.support = cast(Any, SimpleLazyObject(lambda: support_access.current(request.user)))
        asked.is_shown_to_support = False
        response = self.get_response(request)
        is_shown = response.status_code < 300 or response.status_code == 304
        if asked.is_shown_to_support and asked.support and is_shown:
            page = request.resolver_match.view_name if request.resolver_match else ""
            support_access.note_page(asked.support, page=page, path=request.path)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        asked = cast(PortalRequest, request)
        if not getattr(view, "login_required", True) or _is_own_affair(request, view):
            return
        if not asked.support:
            return
        if request.method not in READING:
            raise PermissionDenied(_("As support you read only."))
        asked.is_shown_to_support = True


def _is_own_affair(request: HttpRequest, view: Callable[..., Any]) -> bool:
    match = request.resolver_match
    return match is not None and (
        match.view_name in OWN_AFFAIRS
        or "admin" in match.app_names
        or view.__module__.startswith(("allauth.", "partners.accounts."))
    )
