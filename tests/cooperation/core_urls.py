"""The addresses that lines of "what waits for me" point to, without the pages behind them."""

from typing import Any

from django.http import HttpResponse
from django.urls import include, path


def page(request: Any, pk: str) -> HttpResponse:
    return HttpResponse(pk)


NAMES = ["invitation_detail", "project_detail", "agreement_detail", "version_detail"]
patterns = [path(f"{name}/<uuid:pk>/", page, name=name) for name in NAMES]
urlpatterns = [path("", include((patterns, "cooperation")))]
