"""Pages for everybody: the rules of a book, and its checklist on paper."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cooperation import checklist_pdf, rule_books
from cooperation.book import Book
from cooperation.models import BlankChecklist, RuleBook
from documents import downloads

LANGUAGES = {code for code, _name in settings.LANGUAGES}


@dataclass(frozen=True, slots=True)
class Other:
    """Another book that is loaded beside the one on the page."""

    key: str
    version: str
    title: str


def _version(key: str, version: str) -> RuleBook:
    return get_object_or_404(RuleBook.objects.defer("content"), key=key, version=version)


def _book_page(request: HttpRequest, book: Book, loaded: list[RuleBook]) -> HttpResponse:
    own = next((row for row in loaded if row.key == book.key), None)
    context = {
        "book": book,
        "rules": checklist_pdf.rules_with_points(book, stage="exploratory"),
        "newer": own if own is not None and own.version != book.version else None,
        "others": [
            Other(row.key, row.version, str(rule_books.by_id(row.pk).title))
            for row in loaded
            if row.key != book.key
        ],
        "checklists": {
            length: reverse(
                "cooperation:rule_book_checklist", args=[book.key, book.version, length]
            )
            for length in BlankChecklist.Length.values
        },
    }
    return render(request, "cooperation/kodex.html", context)


@login_not_required
@require_GET
def kodex(request: HttpRequest) -> HttpResponse:
    """The rules that new agreements are made under, with the questions for a first talk."""
    loaded = rule_books.newest_of_each()
    book = rule_books.by_id(loaded[0].pk) if loaded else rule_books.packaged()
    return _book_page(request, book, loaded)


@login_not_required
@require_GET
def rule_book(request: HttpRequest, key: str, version: str) -> HttpResponse:
    """The same for one version of one book: what an agreement under it can point to for ever."""
    row = _version(key, version)
    return _book_page(request, rule_books.by_id(row.pk), rule_books.newest_of_each())


# ---- On paper ----------------------------------------------------------------------------------


@login_not_required
@require_GET
def blank_checklist(request: HttpRequest, length: str) -> HttpResponse | FileResponse:
    """The checklist as a PDF; while it is being made, a page that waits for it."""
    row = _house()
    return _checklist_page(request, row, length, "cooperation:blank_checklist", [length])


@login_not_required
@require_GET
def blank_checklist_status(request: HttpRequest, length: str) -> HttpResponse:
    """The partial that asks for itself until the PDF is there."""
    return _status(request, _house(), length, "cooperation:blank_checklist", [length])


@login_not_required
@require_GET
def rule_book_checklist(
    request: HttpRequest, key: str, version: str, length: str
) -> HttpResponse | FileResponse:
    """The checklist of one version of one book."""
    arguments = [key, version, length]
    row = _version(key, version)
    return _checklist_page(request, row, length, "cooperation:rule_book_checklist", arguments)


@login_not_required
@require_GET
def rule_book_checklist_status(
    request: HttpRequest, key: str, version: str, length: str
) -> HttpResponse:
    """The partial that asks for itself until that PDF is there."""
    arguments = [key, version, length]
    row = _version(key, version)
    return _status(request, row, length, "cooperation:rule_book_checklist", arguments)


def _house() -> RuleBook | None:
    loaded = rule_books.newest_of_each()
    return loaded[0] if loaded else None


def _checklist(
    request: HttpRequest, row: RuleBook | None, length: str
) -> tuple[BlankChecklist | None, str]:
    """The checklist of that version, in the language asked for or the page's."""
    if length not in BlankChecklist.Length.values:
        raise Http404
    language = request.GET.get("lang", "")
    if language not in LANGUAGES:
        language = (get_language() or "de")[:2]
    found = BlankChecklist.objects.filter(rule_book=row, length=length, language=language)
    return found.select_related("document").first(), language


def _checklist_page(
    request: HttpRequest, row: RuleBook | None, length: str, name: str, arguments: list[str]
) -> HttpResponse | FileResponse:
    checklist, language = _checklist(request, row, length)
    if row is not None and checklist is not None and checklist.document.is_ready:
        filename = f"{row.key}-{row.version}-{length}-{language}.pdf"
        return downloads.respond(checklist.document, filename=filename)
    book = rule_books.by_id(row.pk) if row else rule_books.packaged()
    page = reverse("cooperation:kodex")
    if row is not None and arguments != [length]:
        page = reverse("cooperation:rule_book", args=[row.key, row.version])
    context = {"checklist": checklist, "book": book, "book_url": page}
    context |= _status_context(checklist, language, name, arguments)
    return render(request, "cooperation/blank_checklist.html", context)


def _status_context(
    checklist: BlankChecklist | None, language: str, name: str, arguments: list[str]
) -> dict[str, Any]:
    query = f"?lang={language}"
    return {
        "document": checklist.document if checklist else None,
        "poll_url": reverse(f"{name}_status", args=arguments) + query,
        "download_url": reverse(name, args=arguments) + query,
    }


def _status(
    request: HttpRequest, row: RuleBook | None, length: str, name: str, arguments: list[str]
) -> HttpResponse:
    checklist, language = _checklist(request, row, length)
    if checklist is None:
        raise Http404
    context = _status_context(checklist, language, name, arguments)
    return render(request, "documents/status.html#document", context)
