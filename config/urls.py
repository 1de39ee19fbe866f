from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config import home

# Operators come in by the same door as everybody, with its limits and second factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.public, name="public"),
    path("start/", home.home, name="home"),
    path("konto/", include("partners.accounts.urls")),
    path("sprache/", login_not_required(set_language), name="set_language"),
    path("partner/", include("partners.urls")),
    path("dokumente/", include("documents.urls")),
    path("designation/", include("scoring.urls")),
    path("", include("cooperation.urls")),
    path("", include("api.urls")),
    path("betrieb/", admin.site.urls),
]
