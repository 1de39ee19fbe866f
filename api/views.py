"""The page on which a firm sees its keys, makes and withdraws them, and the description."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows import reauthentication
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from api import asking, describing, keys, perms, reading_as
from api.forms import KeyForm
from api.models import ApiKey
from partners.middleware import PortalRequest
from partners.models import Partner
from partners.people import NotPossible


@dataclass(frozen=True, slots=True)
class Line:
    """A key in the list, and what keeps it from opening anything."""

    key: ApiKey
    state: str  # of a tag
    words: str


ORDER = ("ok", "warn", "na")


def _own_partner(request: PortalRequest) -> Partner:
    """The firm that the reader acts for; whoever belongs to none has no such page."""
    if not request.partner:
        raise Http404
    return get_object_or_404(Partner.objects.of(request.user), pk=request.partner.pk)


@require_GET
def key_list(request: PortalRequest) -> HttpResponse:
    """The keys of the firm: those that open something, that could again, that never will."""
    firm = _own_partner(request)
    rows = ApiKey.objects.visible_to(request.user).filter(partner=firm).answered_for()
    now = timezone.now()
    lines = [_line(key, now) for key in rows.select_related("created_by", "withdrawn_by")]
    context = {
        "firm": firm,
        "lines": sorted(lines, key=lambda line: ORDER.index(line.state)),
        "may_manage": perms.can_manage_keys(request.user, firm),
    }
    return render(request, "api/keys.html", context)


def _line(key: ApiKey, now: datetime) -> Line:
    if key.withdrawn_at is not None:
        return Line(key, "na", _("withdrawn"))
    if key.expires_at <= now:
        return Line(key, "na", _("expired"))
    if not key.is_answered_for:  # type: ignore[attr-defined]
        return Line(key, "warn", _("rests: whoever made it is no admin of your firm now"))
    return Line(key, "ok", _("valid"))


@cache_control(no_store=True, private=True)
@require_http_methods(["GET", "POST"])
def key_make(request: PortalRequest) -> HttpResponse:
    """A new key, for somebody who has just proved who they are: it outlives their session."""
    firm = _own_partner(request)
    if not perms.can_manage_keys(request.user, firm):
        raise PermissionDenied
    if request.method == "POST" and reauthentication.is_reauthentication_required(
        request, app="api"
    ):
        return redirect("api:key_make")  # which asks: a kept form would pass by the middleware
    made: HttpResponse = _make(request, firm)
    return made


@reauthentication_required(app="api")  # type: ignore[untyped-decorator]
def _make(request: PortalRequest, firm: Partner) -> HttpResponse:
    """The answer to the form is the only page that ever shows the key."""
    form = KeyForm(request.POST) if request.method == "POST" else KeyForm.blank()
    if form.is_valid():
        data = form.cleaned_data
        try:
            key, token = keys.make(
                data["once"], firm, name=data["name"], days=data["days"], by=request.user
            )
        except NotPossible as refusal:
            messages.warning(request, str(refusal))
            return redirect("api:keys")
        return render(request, "api/key_made.html", {"firm": firm, "key": key, "token": token})
    return render(request, "api/key_make.html", {"firm": firm, "form": form})


@require_POST
def key_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    key = get_object_or_404(
        ApiKey.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    if not perms.can_manage_keys(request.user, key.partner):
        raise PermissionDenied
    try:
        keys.withdraw(key.pk, by=request.user)
    except NotPossible as refusal:
        messages.warning(request, str(refusal))
    else:
        said = _("The key %(name)s is withdrawn and opens nothing any more.")
        messages.success(request, said % {"name": key.name})
    return redirect("api:keys")


# ---- The description: for everybody, it holds no data ------------------------------------------


@login_not_required
@require_GET
def description(request: HttpRequest) -> HttpResponse:
    """What can be read, and how: made from the same description that programs read."""
    context = {"rooms": describing.rooms(), "most": asking.MOST, "calls": reading_as.CALLS}
    return render(request, "api/description.html", context)


@login_not_required
@require_GET
def openapi(request: HttpRequest) -> HttpResponse:
    """The description for programs."""
    return JsonResponse(describing.document())
