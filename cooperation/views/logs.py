"""The log of an agreement: to read, and to take along."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cooperation import history, log_files, rule_books, threads
from cooperation.models import Agreement, AgreementEvent, Participation
from cooperation.views.desk import act_in
from partners import firm_log
from partners.middleware import PortalRequest
from partners.models import Partner

PAGE_SIZE = 50


@require_GET
def log(request: PortalRequest, pk: UUID) -> HttpResponse:
    agreement, firm = _opened(request, pk)
    since = threads.since(agreement, firm)
    events = AgreementEvent.objects.filter(agreement=agreement).known_to(firm)
    if since is not None:  # points that others settled before are not told
        events = events.exclude(Q(at__lt=since) & Q(kind__startswith=history.SETTLING))
    events = events.select_related("by", "partner", "pair").order_by("-seq")
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page)
    places = Participation.objects.filter(project=agreement.project_id).select_related("partner")
    names = {str(place.partner_id): place.partner.name for place in places}
    book = rule_books.by_id(agreement.rule_book_id)
    entries = history.entries(shown, book, names, joined_at=since)
    context = {
        "agreement": agreement,
        "page": page,
        "lines": list(zip(shown, entries, strict=True)),
    }
    return render(request, "cooperation/log.html", context)


@require_POST
def log_export(request: PortalRequest, pk: UUID) -> StreamingHttpResponse:
    """All of it as JSON lines; that it was taken along is written on the firm's own log."""
    agreement, firm = _opened(request, pk)
    firm_log.record(firm, "log_exported", by=request.user, agreement=str(agreement.pk))
    response = StreamingHttpResponse(
        log_files.lines(agreement, firm), content_type="application/jsonl; charset=utf-8"
    )
    name = f"agreement-{str(agreement.pk)[:8]}-log-{timezone.localdate():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _opened(request: PortalRequest, pk: UUID) -> tuple[Agreement, Partner]:
    """The agreement, and the firm that the reader acts for in it; 404 for strangers."""
    agreements = Agreement.objects.visible_to(request.user).select_related("project")
    agreement = get_object_or_404(agreements, pk=pk)
    act_in(request, agreement.project_id)
    if not request.partner:
        raise Http404
    return agreement, Partner.objects.of(request.user).get(pk=request.partner.pk)
