from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from cooperation import blind
from cooperation.views.desk import FirstRoundIsOpen


class FirstRoundMiddleware:
    """Lead to the first round whoever asks for the checklist while that round is open.

    Here and not in the views: a page of the checklist that is added later cannot forget it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, FirstRoundIsOpen):
            return None
        if request.method == "POST":
            messages.warning(request, blind.points_rest())
        url = reverse("cooperation:first_round", args=[exception.agreement.pk])
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(url)
        return redirect(url)
