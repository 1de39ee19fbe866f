from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import cache_control

from api import views
from api.portal import interface

app_name = "api"


def routes() -> list[URLPattern]:
    """The routes of the interface: they ask for a key themselves, and no cache keeps an answer."""
    found: list[URLPattern] = []
    for pattern in interface.urls[0]:
        # The root of the interface is of no use to us.
        if isinstance(pattern, URLPattern) and pattern.name != "api-root":
            view = cache_control(no_store=True, private=True)(pattern.callback)
            found.append(URLPattern(pattern.pattern, login_not_required(view), name=pattern.name))
    return found


urlpatterns: list[URLPattern | URLResolver] = [
    path("partner/schluessel/", views.key_list, name="keys"),
    path("partner/schluessel/neu/", views.key_make, name="key_make"),
    path("partner/schluessel/<uuid:pk>/zuruecknehmen/", views.key_withdraw, name="key_withdraw"),
    path("api/", views.description, name="description"),
    path("api/v1/openapi.json", views.openapi, name="openapi"),
    path("api/v1/", include((routes(), "v1"))),
]
