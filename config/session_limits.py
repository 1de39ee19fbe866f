"""How long a sign-in lasts: so long without a request, and so long at most."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse

BEGUN, SEEN = "begun_at", "seen_at"  # keys in the session, whole seconds since 1970
NOTED_EVERY = 10 * 60  # seconds: a page that is only read does not write its session each time


class SessionLimitsMiddleware:
    """Sign out whoever was away too long, or signed in too long ago. Stands behind the sign-in's.

    A session without the two times, from before there were any, begins with the next request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            now = int(time.time())
            begun = request.session.setdefault(BEGUN, now)
            seen = request.session.setdefault(SEEN, now)
            if now - seen > settings.SESSION_IDLE or now - begun > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif now - seen >= NOTED_EVERY:
                request.session[SEEN] = now
        return self.get_response(request)


def connect() -> None:
    user_logged_in.connect(_begin, dispatch_uid="session limits")


def _begin(sender: object, request: HttpRequest, **_rest: Any) -> None:
    request.session[BEGUN] = request.session[SEEN] = int(time.time())
