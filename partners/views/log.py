"""The log of the own firm, for its admins."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from partners import firm_log, firm_log_files, firm_log_lines, perms
from partners.log_forms import LogFilter
from partners.middleware import PortalRequest
from partners.models import FirmEvent, Partner
from partners.views.parts import own_partner

PAGE_SIZE = 50
firm_log.register({"log_exported": _("Log exported")})


@require_GET
def log(request: PortalRequest) -> HttpResponse:
    firm = _own_log(request)
    form = LogFilter(request.GET, partner=firm)
    form.is_valid()
    events = FirmEvent.objects.filter(form.condition(), partner=firm).order_by("-seq")
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context: dict[str, Any] = {
        "firm": firm,
        "form": form,
        "page": page,
        "lines": [firm_log_lines.line(event) for event in page],
        "query": query.urlencode(),
        "searched": any(form.cleaned_data.values()),
    }
    return render(request, "partners/log.html", context)


@require_POST
def log_export(request: PortalRequest) -> StreamingHttpResponse:
    """All of it as JSON lines; that it was exported is its last event."""
    firm = _own_log(request)
    firm_log.record(firm, "log_exported", by=request.user)
    response = StreamingHttpResponse(
        firm_log_files.lines(firm), content_type="application/jsonl; charset=utf-8"
    )
    name = f"{firm.slug}-log-{timezone.localdate():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _own_log(request: PortalRequest) -> Partner:
    firm = own_partner(request)
    if not perms.can_read_log(request.user, firm):
        raise PermissionDenied
    return firm
