"""Pages for everybody: the seven rules, and the checklist on paper."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cooperation import checklist_pdf, rule_books
from cooperation.models import BlankChecklist
from documents import downloads

LANGUAGES = {code for code, _name in settings.LANGUAGES}


@login_not_required
@require_GET
def kodex(request: HttpRequest) -> HttpResponse:
    """The seven rules with the questions for a first talk."""
    book = rule_books.packaged()
    context = {
        "book": book,
        "rules": checklist_pdf.rules_with_points(book, stage="exploratory"),
        "total": len(book.points),
        "origin": next((source for source in book.sources if source.key == "S1"), None),
    }
    return render(request, "cooperation/kodex.html", context)


def _checklist(request: HttpRequest, length: str) -> tuple[BlankChecklist | None, str]:
    """The checklist of the newest rule book, in the language asked for or the page's."""
    if length not in BlankChecklist.Length.values:
        raise Http404
    language = request.GET.get("lang", "")
    if language not in LANGUAGES:
        language = (get_language() or "de")[:2]
    rows = BlankChecklist.objects.filter(length=length, language=language)
    newest = rows.select_related("document", "rule_book").defer("rule_book__content")
    return newest.order_by("-rule_book__loaded_at", "-pk").first(), language


@login_not_required
@require_GET
def blank_checklist(request: HttpRequest, length: str) -> HttpResponse | FileResponse:
    """The checklist as a PDF; while it is being made, a page that waits for it."""
    checklist, language = _checklist(request, length)
    if checklist is not None and checklist.document.is_ready:
        book = checklist.rule_book
        filename = f"{book.key}-{book.version}-{length}-{language}.pdf"
        return downloads.respond(checklist.document, filename=filename)
    context = _status_context(checklist, length, language) | {"checklist": checklist}
    return render(request, "cooperation/blank_checklist.html", context)


def _status_context(checklist: BlankChecklist | None, length: str, language: str) -> dict[str, Any]:
    query = f"?lang={language}"
    return {
        "document": checklist.document if checklist else None,
        "poll_url": reverse("cooperation:blank_checklist_status", args=[length]) + query,
        "download_url": reverse("cooperation:blank_checklist", args=[length]) + query,
    }


@login_not_required
@require_GET
def blank_checklist_status(request: HttpRequest, length: str) -> HttpResponse:
    """The partial that asks for itself until the PDF is there."""
    checklist, language = _checklist(request, length)
    if checklist is None:
        raise Http404
    context = _status_context(checklist, length, language)
    return render(request, "documents/status.html#document", context)
