from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class HtmxLoginRedirectMiddleware:
    """Send the whole page to the sign-in when a session ended under an htmx request.

    Without it htmx follows the redirect and puts the sign-in page into the middle of a card.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        if htmx and response.status_code == 302 and not request.user.is_authenticated:
            # Back to the page that was open, not to the partial that was asked for.
            return HttpResponseClientRedirect(
                redirect_to_login(htmx.current_url_abs_path or "/").url
            )
        return response
