"""The two first pages: the public one, and what waits for a person who has signed in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

import cooperation.public
import cooperation.waiting
import scoring.waiting
from partners.middleware import PortalRequest


@login_not_required
def public(request: HttpRequest) -> HttpResponse:
    """What the Kodex is, for everybody; whoever is signed in goes on to their own start page."""
    if request.user.is_authenticated and "kodex" not in request.GET:
        return redirect("home")
    return render(request, "portal/public.html", {"rules": cooperation.public.rules()})


def home(request: PortalRequest) -> HttpResponse:
    """What waits for the reader, then what waits for others."""
    waiting = [
        *cooperation.waiting.for_user(request.user),
        *scoring.waiting.for_user(request.user),
    ]
    context = {
        "mine": [line for line in waiting if line.mine],
        "others": [line for line in waiting if not line.mine],
    }
    return render(request, "portal/home.html", context)
