"""Where somebody is signed in: one row a session, with the net it came from and the browser.

django-allauth keeps the rows. It would write one with every request; here it is written at the
sign-in and then every ten minutes at most, and of the address the net only is kept.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from partners import networks
from partners.accounts import agents
from partners.models import User

NOTED_EVERY = 10 * 60  # seconds
NOTED = "noted_at"  # key in the session, whole seconds since 1970
NOWHERE = "::"  # a request through a Unix socket has no address


@dataclass(frozen=True, slots=True)
class Line:
    """A session on the page."""

    pk: int
    device: str
    net: str
    begun_at: datetime
    seen_at: datetime
    is_current: bool


def of(user: User, current: str | None) -> list[Line]:
    """The sessions of ``user`` that still let somebody in, the one with the key ``current`` first.

    What was idle for too long is not among them, though it is deleted only when it is used.
    """
    now = timezone.now()
    alive = now - timedelta(seconds=settings.SESSION_IDLE + NOTED_EVERY)
    stored = Session.objects.filter(expire_date__gt=now).values("session_key")
    rows = UserSession.objects.filter(user=user, session_key__in=stored, last_seen_at__gt=alive)
    lines = [
        Line(
            pk=row.pk,
            device=agents.words(row.user_agent),
            net="" if row.ip == NOWHERE else networks.shortened(row.ip),
            begun_at=row.created_at,
            seen_at=row.last_seen_at,
            is_current=row.session_key == current,
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: (line.is_current, line.seen_at), reverse=True)


@transaction.atomic
def end(user: User, pk: int) -> bool:
    """End one session of ``user``; False if there is none with this number."""
    return _end(UserSession.objects.filter(user=user, pk=pk)) > 0


@transaction.atomic
def end_all(user: User, *, but: str | None = None) -> int:
    """End the sessions of ``user`` but the one with the key ``but``; how many there were."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=but or ""))


def _end(rows: Any) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


class NoteSessionMiddleware:
    """Keep when a session was last used. Stands behind the limits of sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        noted = request.session.get(NOTED)
        if noted is not None and now - noted >= NOTED_EVERY and request.user.is_authenticated:
            request.session[NOTED] = now
            rows = UserSession.objects.filter(session_key=request.session.session_key)
            rows.update(last_seen_at=timezone.now(), ip=_net(networks.client_address(request)))
        return self.get_response(request)


def connect() -> None:
    user_logged_in.connect(_note, dispatch_uid="session noted")
    pre_save.connect(_shorten, sender=UserSession, dispatch_uid="net of a session")
    for signal in (password_changed, password_set, password_reset):
        signal.connect(_end_others, dispatch_uid="a new password ends other sessions")


def _note(sender: object, request: HttpRequest, user: User, **_rest: Any) -> None:
    """List the session from its first moment. The key is new: ``login`` has just rotated it."""
    if request.session.session_key is None:
        request.session.save()
    request.session[NOTED] = int(time.time())
    UserSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "ip": networks.client_address(request),
            "user_agent": request.META.get("HTTP_USER_AGENT", "")[:200],
        },
    )


def _shorten(sender: object, instance: UserSession, **_rest: Any) -> None:
    instance.ip = _net(instance.ip)


def _net(address: str) -> str:
    """The first address of the net: the column takes addresses only."""
    net = networks.shortened(address)
    return str(ip_address(net.partition("/")[0])) if net else NOWHERE


def _end_others(sender: object, request: HttpRequest, user: User, **_rest: Any) -> None:
    mine = request.user.is_authenticated and request.user.pk == user.pk
    end_all(user, but=request.session.session_key if mine else None)
