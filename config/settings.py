"""Settings of the portal. Everything that differs between machines comes from the environment.

Variables: ``SECRET_KEY``, ``SECRET_KEY_FALLBACKS``, ``DEBUG``, ``ALLOWED_HOSTS``,
``CSRF_TRUSTED_ORIGINS``, ``DATABASE_URL``, ``REDIS_URL``, ``HANDSCHLAG_VAR`` (folder for the
embedded database, files and sockets), ``EMAIL_URL``, ``ADMINS``, ``BASE_URL``, ``SESSION_*``,
``SEAL_*``, ``TIMESTAMP_*``, ``ENTRA_*``. docs/setup.md explains each.
"""

from pathlib import Path
from typing import Any
from uuid import UUID

import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from environs import Env

from config import checks
from config.embedded import socket_path

django_stubs_ext.monkeypatch()  # generic admin, form and view classes may be subscripted

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR: Path = (
    Path(env.str("HANDSCHLAG_VAR", default=str(BASE_DIR / "var"))).expanduser().resolve()
)
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)
PRODUCTION = env.bool("PRODUCTION", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=checks.INSECURE_KEY)
# Earlier keys: what they signed is still believed, so that a change signs nobody out.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Proxies whose X-Forwarded-For is believed, as addresses or nets: "127.0.0.1,10.0.0.0/8".
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000")  # for links in mails and documents

INSTALLED_APPS = [
    "config.apps.PortalConfig",
    "api",
    "cooperation",
    "scoring",
    "documents",
    "partners",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "config.operator_site.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
]

MIDDLEWARE = [
    "config.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.BackToThePageMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.session_limits.SessionLimitsMiddleware",
    "config.middleware.BodySizeMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.HtmxLoginRedirectMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "partners.accounts.sessions.NoteSessionMiddleware",
    "partners.support_requests.SupportMiddleware",
    "partners.middleware.ActingPartnerMiddleware",
    "partners.accounts.demands.DemandsMiddleware",
    "cooperation.middleware.FirstRoundMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

_LOADERS: list[Any] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": env.dj_db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE serialises the writers when a transaction opens; the default mode
    # takes the write lock in the middle of it, where waiting is no longer possible.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;"
        ),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
# Without REDIS_URL the embedded server of bin/demo listens on this socket.
EMBEDDED_SOCKET = Path(env.str("HANDSCHLAG_SOCKET", default=str(socket_path(VAR_DIR))))
CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{EMBEDDED_SOCKET}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 270
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 500_000  # KB: a long ledger leaves its pages behind
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # above the longest task, else one that still runs comes again
    "unacked_restore_throttle": 1,  # look for lost work every second, not every 100 s
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
    # Without these a page waits six seconds for a broker that is away, trying to connect again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
# A page must not wait for a broker that is away: the row is there, and the sweep queues it later.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep-exports": {"task": "partners.tasks.sweep_exports", "schedule": 60.0},
    "tell-contacts": {"task": "partners.tasks.tell_contacts", "schedule": 600.0},
    "keep-no-longer": {"task": "partners.tasks.keep_no_longer", "schedule": 24 * 3600.0},
    "sweep-documents": {"task": "documents.tasks.sweep", "schedule": 30.0},
    "sweep-imports": {"task": "scoring.tasks.sweep", "schedule": 30.0},
    "sweep-histories": {"task": "scoring.tasks.sweep_histories", "schedule": 30.0},
    "sweep-rule-sets-of-histories": {
        "task": "scoring.tasks.sweep_rule_sets_of_histories",
        "schedule": 24 * 3600.0,
    },
    "sweep-scoring-runs": {"task": "scoring.tasks.sweep_scoring_runs", "schedule": 60.0},
    # Whoever comes back after a standstill finds one of each, not one for every missed minute.
    "send-notices": {
        "task": "cooperation.tasks.send_notices",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "send-notices-of-scores": {
        "task": "scoring.tasks.send_notices",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "remind-of-certificates": {
        "task": "scoring.tasks.remind_of_certificates",
        "schedule": crontab(hour="6", minute="40"),
    },
    # In UTC: before people in Berlin come to work, in summer and winter.
    "monthly-reports": {
        "task": "scoring.tasks.monthly_reports",
        "schedule": crontab(hour="5", minute="0"),
    },
    "sweep-monthly-reports": {
        "task": "scoring.tasks.sweep_monthly_reports",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "cooperation-clock": {
        "task": "cooperation.tasks.tick",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "watch-seal": {
        "task": "documents.tasks.watch_seal",
        "schedule": crontab(hour="6", minute="10"),
    },
    "check-documents": {
        "task": "documents.tasks.check_documents",
        "schedule": crontab(hour="3", minute="40", day_of_week="sunday"),
    },
    # Certificates expire and months roll; then everything that is stored is proved. In UTC, and on
    # the same day in every zone of Europe.
    "score-all-at-night": {
        "task": "scoring.tasks.score_all_at_night",
        "schedule": crontab(hour="2", minute="15"),
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

AUTH_USER_MODEL = "partners.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "public"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
# django-allauth; see partners/accounts and decision 10.
ACCOUNT_ADAPTER = "partners.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_FORMS = {
    "login": "partners.accounts.forms.SignInForm",
    "reset_password": "partners.accounts.forms.PasswordLinkForm",
    "reset_password_from_key": "partners.accounts.forms.ChoosePasswordForm",
    "change_password": "partners.accounts.forms.ChangePasswordForm",
    "set_password": "partners.accounts.forms.SetPasswordForm",
    "reauthenticate": "partners.accounts.forms.ReauthenticateForm",
    "add_email": "partners.accounts.forms.AddressForm",
    "request_login_code": "partners.accounts.forms.AskForCodeForm",
    "confirm_login_code": "partners.accounts.forms.SignInCodeForm",
    "confirm_email_verification_code": "partners.accounts.forms.AddressCodeForm",
}
# What can be guessed is limited in partners/accounts/tries.py; mails in outgoing.py, unseen.
ACCOUNT_RATE_LIMITS = {
    "login_failed": None,
    "login": "120/m/ip",
    "reset_password": "20/m/ip",
    "request_login_code": "20/m/ip",
}
# Operators reach everybody's accounts: a password alone is not enough for them.
OPERATORS_SECOND_FACTOR = env.bool("OPERATORS_SECOND_FACTOR", default=PRODUCTION)
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = env.bool("SIGN_IN_BY_CODE", default=False)
# Whether a firm that registers itself waits for the operator's approval.
REGISTRATION_APPROVAL = env.bool("REGISTRATION_APPROVAL", default=False)
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "partners.accounts.factors.MFAAdapter"
MFA_FORMS = {
    "authenticate": "partners.accounts.forms.CodeForm",
    "reauthenticate": "partners.accounts.forms.CodeAgainForm",
    "activate_totp": "partners.accounts.forms.AppForm",
    "add_webauthn": "partners.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "partners.accounts.forms.NamePasskeyForm",
    "login_webauthn": "partners.accounts.forms.PasskeySignInForm",
    "authenticate_webauthn": "partners.accounts.forms.PasskeySecondForm",
    "reauthenticate_webauthn": "partners.accounts.forms.PasskeyAgainForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}  # nothing to guess; an office is one address
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # clocks of phones go wrong by half a minute
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # so that a passkey is two factors
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Handschlag"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # http://localhost of demo and tests
# Microsoft Entra ID; see partners/accounts/entra.py. Without an id and a secret there is no button.
ENTRA_CLIENT_ID = env.str("ENTRA_CLIENT_ID", default="")
ENTRA_CLIENT_SECRET = env.str("ENTRA_CLIENT_SECRET", default="")
ENTRA_AUTHORITY = env.str(
    "ENTRA_AUTHORITY", default="https://login.microsoftonline.com/organizations/v2.0"
)
_tenants: list[str] = env.list("ENTRA_TENANTS", default=[])
ENTRA_TENANTS = [UUID(tenant) for tenant in _tenants]
# What the library's pages need to know; the portal speaks to Microsoft itself.
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"APPS": [{"provider_id": "microsoft", "name": "Microsoft"}]}
}
SOCIALACCOUNT_FORMS = {"disconnect": "partners.accounts.entra_forms.DisconnectForm"}
USERSESSIONS_TRACK_ACTIVITY = False  # partners/accounts/sessions.py does, with fewer writes
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]

LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
LOCALE_PATHS = [
    BASE_DIR / "locale" / room
    for room in ("portal", "partners", "documents", "scoring", "cooperation", "api")
]
TIME_ZONE = "Europe/Berlin"
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = VAR_DIR / "files"  # never served as such: every download passes a permission check
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
SERIALIZATION_MODULES = {"json": "config.fixtures"}  # whole times, or no log would hold
# An upload above this size is refused: two million rows of OfficeUsage are about 300 MB.
PARTNER_CENTER_MAX_BYTES = env.int("PARTNER_CENTER_MAX_MB", default=400) * 1024 * 1024
# Documents are kept as they were set for some hours: see documents/rendered.py.
KEEP_RENDERED = env.bool("KEEP_RENDERED", default=True)
# The portal's seal on its originals; see docs/seal.md. Only workers need to read the key.
SEAL_KEY_FILE = env.str("SEAL_KEY_FILE", default=str(VAR_DIR / "seal" / "key.pem"))
SEAL_KEY_PASSWORD = env.str("SEAL_KEY_PASSWORD", default="")
SEAL_CERTIFICATE_FILE = env.str(
    "SEAL_CERTIFICATE_FILE", default=str(VAR_DIR / "seal" / "certificate.pem")
)
SEAL_TRUST_DIR = env.str("SEAL_TRUST_DIR", default=str(VAR_DIR / "seal" / "trusted"))
SEAL_VISIBLE = env.bool("SEAL_VISIBLE", default=False)  # at the foot of the first page
# With a module the key is in a PKCS#11 token, and SEAL_KEY_FILE is not looked at.
SEAL_PKCS11_MODULE = env.str("SEAL_PKCS11_MODULE", default="")
SEAL_PKCS11_TOKEN = env.str("SEAL_PKCS11_TOKEN", default="")
SEAL_PKCS11_KEY_LABEL = env.str("SEAL_PKCS11_KEY_LABEL", default="")
SEAL_PKCS11_PIN = env.str("SEAL_PKCS11_PIN", default="")
# RFC 3161. With an address no original is sealed without a timestamp; without one none has any.
TIMESTAMP_URL = env.str("TIMESTAMP_URL", default="")
TIMESTAMP_TRUST_FILE = env.str("TIMESTAMP_TRUST_FILE", default="")  # PEM, roots of the authority
# "embed": the proof that no certificate was revoked goes into each original, or none is sealed.
SEAL_REVOCATION = env.str("SEAL_REVOCATION", default="")
# So long an ended agreement is kept as evidence, counted from the end of the calendar year.
RETENTION_YEARS = env.int("RETENTION_YEARS", default=10)
# Who runs the portal, on the privacy page.
OPERATOR_NAME = env.str("OPERATOR_NAME", default="")
OPERATOR_ADDRESS = env.str("OPERATOR_ADDRESS", default="")
PRIVACY_MAIL = env.str("PRIVACY_MAIL", default="")

EMAIL = env.dj_email_url("EMAIL_URL", default="console://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL.get("EMAIL_HOST", "")
EMAIL_PORT = EMAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = EMAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds; mails go out within a request
# Who is told when the seal needs somebody: addresses, separated by commas.
_admins: list[str] = env.list("ADMINS", default=[])
ADMINS = [(address, address) for address in _admins]
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Handschlag <portal@handschlag.example>")

CONTENT_SECURITY_POLICY: dict[str, dict[str, Any]] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_reports.ReportFilter"
CSRF_FAILURE_VIEW = "config.slow_bodies.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
# No page reads a cookie: forms carry their token, and htmx sends forms.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = env.int("SESSION_DAYS", default=14) * 24 * 3600  # after signing in, at most
ACCOUNT_SESSION_COOKIE_AGE = SESSION_COOKIE_AGE
BODY_SECONDS = env.int("BODY_SECONDS", default=30)  # for a small form; see slow_bodies
SESSION_IDLE = env.int("SESSION_IDLE_HOURS", default=12) * 3600  # without a request
if PRODUCTION:
    checks.refuse(
        checks.faults(
            debug=DEBUG,
            secret_keys=[SECRET_KEY, *SECRET_KEY_FALLBACKS],
            allowed_hosts=ALLOWED_HOSTS,
            base_url=BASE_URL,
            redis_url=REDIS_URL,
            email_url=env.str("EMAIL_URL", default="console://"),
        )
    )
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    # Browsers take such a name from this very host only, over HTTPS, for all of its paths.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # WeasyPrint and fontTools report each font table; only what is wrong is of interest.
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "WARNING"},
    },
}
