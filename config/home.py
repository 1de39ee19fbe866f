"""The two first pages: the public one, and what waits for a person who has signed in."""

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

import cooperation.public
import cooperation.waiting
import scoring.waiting
from partners.middleware import PortalRequest
from partners.waiting import Waiting

# Kinds of waiting lines, most urgent first; then all others, and last what is news to be fetched.
URGENCY = ("sign", "dispute", "invitation", "answer", "ending")
NEWS = ("in_force", "report")


@login_not_required
@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """What the Kodex is, for everybody; whoever is signed in goes on to their own start page."""
    if request.user.is_authenticated and "kodex" not in request.GET:
        return redirect("home")
    context = {
        "rules": cooperation.public.rules(),
        "provenance": cooperation.public.provenance(),
    }
    return render(request, "portal/public.html", context)


@require_safe
def home(request: PortalRequest) -> HttpResponse:
    """What waits for the reader, then what waits for others."""
    waiting = [
        *cooperation.waiting.for_user(request.user),
        *scoring.waiting.for_user(request.user),
    ]
    if len(request.memberships) > 1:
        waiting = _with_firms(request, waiting)
    waiting.sort(key=_urgency)
    context = {
        "mine": [line for line in waiting if line.mine],
        "others": [line for line in waiting if not line.mine],
    }
    return render(request, "portal/home.html", context)


def _with_firms(request: PortalRequest, lines: list[Waiting]) -> list[Waiting]:
    """Each line with the firm it is about: of whoever has several, all wait on one page."""
    projects = [line.project_id for line in lines if line.project_id]
    firms = cooperation.waiting.firms_by_project(request.user, projects)
    return [
        replace(line, firm=firms.get(line.project_id, "")) if line.project_id else line
        for line in lines
    ]


def _urgency(line: Waiting) -> tuple[int, datetime]:
    """What binds a firm first, then what keeps others waiting, then what is only to be fetched."""
    rank = URGENCY.index(line.kind) if line.kind in URGENCY else len(URGENCY)
    return rank + (line.kind in NEWS), line.since or timezone.now()
