from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config import home
from partners.forms import PasswordLinkForm, SignInForm

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.public, name="public"),
    path("start/", home.home, name="home"),
    path(
        "konto/anmelden/",
        auth_views.LoginView.as_view(
            authentication_form=SignInForm, redirect_authenticated_user=True
        ),
        name="login",
    ),
    path("konto/abmelden/", auth_views.LogoutView.as_view(), name="logout"),
    path(
        "konto/kennwort/",
        auth_views.PasswordResetView.as_view(
            form_class=PasswordLinkForm,
            # Not the host of the request: whoever forges it would get the token.
            extra_email_context={"base_url": settings.BASE_URL.rstrip("/")},
        ),
        name="password_reset",
    ),
    path(
        "konto/kennwort/gesendet/",
        auth_views.PasswordResetDoneView.as_view(),
        name="password_reset_done",
    ),
    path(
        "konto/kennwort/<uidb64>/<token>/",
        auth_views.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path(
        "konto/kennwort/fertig/",
        auth_views.PasswordResetCompleteView.as_view(),
        name="password_reset_complete",
    ),
    path("sprache/", login_not_required(set_language), name="set_language"),
    path("partner/", include("partners.urls")),
    path("dokumente/", include("documents.urls")),
    path("designation/", include("scoring.urls")),
    path("", include("cooperation.urls")),
    path("betrieb/", admin.site.urls),
]
