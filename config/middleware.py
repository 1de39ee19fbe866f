from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import is_valid_path, reverse
from django.views.defaults import bad_request
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

import documents.views
from documents import examining
from scoring.import_forms import MOST_FILES

# What a page may ask of the browser: nothing but a passkey, for itself.
PERMISSIONS = ", ".join(
    (
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer autoplay browsing-topics camera display-capture encrypted-media "
                "fullscreen geolocation gyroscope hid idle-detection magnetometer microphone midi "
                "otp-credentials payment picture-in-picture screen-wake-lock serial usb web-share "
                "xr-spatial-tracking"
            ).split()
        ),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    )
)


class SecurityHeadersMiddleware:
    """What Django's own middleware does not say. Stands first, so that it holds for styles too.

    Every answer a view made is for this one reader and is kept nowhere: not by a proxy, not on the
    disk of a shared computer, and not for the way back after somebody has signed out. Pages are
    cheap to ask for again. Whatever is the same for everybody may say otherwise itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        # Also on answers of middleware that stands before Django's own of this name.
        response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Permitted-Cross-Domain-Policies", "none")
        if not request.path_info.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


FORM_BYTES = 1024**2  # for what a form sends beside its files


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


class BackToThePageMiddleware:
    """Lead whoever opens the address of a form's target to the page that has the form.

    A form with a mistake is shown again under the address it was sent to. Changing the language
    there, or opening that address later, is a GET that no such view answers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or request.method != "GET":
            return response
        path = request.path_info
        while path != "/":
            path = path.rstrip("/").rpartition("/")[0] + "/"
            if is_valid_path(path):
                break
        return HttpResponseRedirect(path)


class BodySizeMiddleware:
    """Refuse a body that no page asks for, before anything reads it to memory or disk.

    Signed-in people may send files to the page that takes exports, and everybody one to the page
    that checks documents, which has an answer of its own to a file that is too large.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            size = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            size = 0
        if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and size > self.most(request):
            if request.path_info == reverse("documents:check"):
                return documents.views.too_large(request)
            return bad_request(request, RequestDataTooBig())
        return self.get_response(request)

    @staticmethod
    def most(request: HttpRequest) -> int:
        takes_files = request.path_info == reverse("scoring:import_upload")
        if takes_files and request.user.is_authenticated:
            return settings.PARTNER_CENTER_MAX_BYTES * MOST_FILES + FORM_BYTES
        if request.path_info == reverse("documents:check"):
            return examining.LIMIT + FORM_BYTES
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE
