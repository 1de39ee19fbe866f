"""The addresses of django-allauth's views, in German, under the names that it looks for.

Only what the portal offers is here: no signing up without an invitation, no phone numbers.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as socialaccount
from django.conf import settings
from django.urls import path, re_path

from partners.accounts import entra_views, views

urlpatterns = [
    path("anmelden/", account.login, name="account_login"),
    path("abmelden/", account.logout, name="account_logout"),
    path("gesperrt/", account.account_inactive, name="account_inactive"),
    path("nochmals/", account.reauthenticate, name="account_reauthenticate"),
    path("adresse/", account.email, name="account_email"),
    path(
        "adresse/bestaetigen/",
        account.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path("kennwort/aendern/", account.password_change, name="account_change_password"),
    path("kennwort/setzen/", views.set_password, name="account_set_password"),
    path("kennwort/", account.password_reset, name="account_reset_password"),
    path("kennwort/gesendet/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "kennwort/fertig/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^kennwort/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.choose_password,
        name="account_reset_password_from_key",
    ),
    path("code/bestaetigen/", account.confirm_login_code, name="account_confirm_login_code"),
    path("sicherheit/", views.security, name="mfa_index"),
    path("sicherheit/pruefen/", views.second_factor, name="mfa_authenticate"),
    path("sicherheit/nochmals/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("sicherheit/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("sicherheit/app/entfernen/", views.remove_app, name="mfa_deactivate_totp"),
    path("sicherheit/codes/", views.recovery_codes_view, name="mfa_view_recovery_codes"),
    path(
        "sicherheit/codes/neu/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("sicherheit/passkeys/", views.passkeys, name="mfa_list_webauthn"),
    path("sicherheit/passkeys/neu/", views.add_passkey, name="mfa_add_webauthn"),
    path(
        "sicherheit/passkeys/<int:pk>/entfernen/",
        views.remove_passkey,
        name="mfa_remove_webauthn",
    ),
    path(
        "sicherheit/passkeys/<int:pk>/benennen/",
        webauthn.edit_webauthn,
        name="mfa_edit_webauthn",
    ),
    path(
        "sicherheit/passkeys/nochmals/",
        views.passkey_again,
        name="mfa_reauthenticate_webauthn",
    ),
    path("anmelden/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("verlangt/", views.demanded, name="account_demands"),
    path("sitzungen/", views.session_list, name="usersessions_list"),
    path("microsoft/", socialaccount.connections, name="socialaccount_connections"),
    path("microsoft/nochmals/", entra_views.reauthenticate, name="entra_reauthenticate"),
    path("oidc/<slug:provider_id>/anmelden/", entra_views.begin, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/zurueck/", entra_views.callback, name="openid_connect_callback"),
]
if settings.ACCOUNT_LOGIN_BY_CODE_ENABLED:
    urlpatterns.append(path("code/", account.request_login_code, name="account_request_login_code"))
