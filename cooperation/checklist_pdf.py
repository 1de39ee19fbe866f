"""The checklist on paper, for everybody: short (first talks) and full, German and English.

The files are made once per rule book, when it is loaded; a page that is open to the world must not
start work.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cooperation import rule_books
from cooperation.book import Book, Option, Point, Rule, Text
from cooperation.kinds import words
from cooperation.models import BlankChecklist, RuleBook
from documents import jobs
from documents.models import Document
from documents.rendering import render_pdf

TASK = "cooperation.tasks.build_blank_checklist"
FIRMS = 3  # columns for firms on paper


@transaction.atomic
def ensure(rule_book: RuleBook) -> list[BlankChecklist]:
    """The four checklists of a rule book; those that do not exist yet are ordered."""
    RuleBook.objects.select_for_update().only("pk").get(pk=rule_book.pk)
    existing = {
        (checklist.language, checklist.length): checklist
        for checklist in BlankChecklist.objects.filter(rule_book=rule_book)
    }
    return [
        existing.get((language, length)) or _order(rule_book, language, length)
        for language, _name in settings.LANGUAGES
        for length in BlankChecklist.Length.values
    ]


def _order(rule_book: RuleBook, language: str, length: str) -> BlankChecklist:
    with translation.override(language):
        title = f"{BlankChecklist.Length(length).label}, {rule_book.key} {rule_book.version}"
    document = jobs.create(
        kind=f"blank-checklist-{length}", task=TASK, language=language, title=title, by=None
    )
    return BlankChecklist.objects.create(
        rule_book=rule_book, language=language, length=length, document=document
    )


def render(document: Document) -> bytes:
    """The PDF of an ordered checklist."""
    checklist = BlankChecklist.objects.get(document=document)
    book = rule_books.by_id(checklist.rule_book_id)
    return render_blank(book, length=checklist.length, language=checklist.language)


def render_blank(book: Book, *, length: str, language: str) -> bytes:
    with translation.override(language):
        context = _context(book, length, language)
        return render_pdf("cooperation/checklist_pdf.html", context, language=language)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One point on paper: what is printed, and what kind of room is left for the answer."""

    number: str
    question: str
    help: str
    default: str
    has_default: bool
    condition: str
    room: str  # which writing room the template leaves
    options: tuple[str, ...] = ()
    with_firms: bool = False  # a firm can be named as the answer
    note: bool = False
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    unit: str = ""
    lines: tuple[str, ...] = ()
    legend: tuple[str, ...] = ()  # what the columns of a table can be chosen from


def _context(book: Book, length: str, language: str) -> dict[str, Any]:
    short = length == BlankChecklist.Length.SHORT
    rules = [
        (rule, [point for point in rule.points if not short or point.stage == "exploratory"])
        for rule in book.rules
    ]
    return {
        "book": book,
        "short": short,
        "rules": [
            {"rule": rule, "points": [sheet(point, book, language) for point in points]}
            for rule, points in rules
            if points
        ],
        "count": sum(len(points) for _rule, points in rules),
        "firms": range(1, FIRMS + 1),
    }


def sheet(point: Point, book: Book, language: str) -> Sheet:
    """The point as it stands on paper in ``language``."""

    def text(label: Text) -> str:
        return label.in_language(language)

    def texts(*labels: Text) -> tuple[str, ...]:
        return tuple(label.in_language(language) for label in labels)

    firms = tuple(_("Firm %(number)s") % {"number": n} for n in range(1, FIRMS + 1))
    common: dict[str, Any] = {
        "number": point.number,
        "question": text(point.question),
        "help": text(point.help),
        "default": text(point.default_text),
        "has_default": point.default_value is not None,
        "condition": _condition(point, book, language),
    }
    kind = point.kind
    if kind in ("choice", "multi_choice"):
        return Sheet(
            **common,
            room="options",
            options=tuple(text(o.label) for o in (point.options or point.extra_options)),
            with_firms=point.options_of_partners,
            note=True,
        )
    if kind == "yes_no_note":
        options = tuple(text(label) for label in words.YES_NO.values())
        return Sheet(**common, room="inline", options=options, note=True)
    if kind == "contacts":
        head = texts(words.CALLED, words.PERSON, words.EMAIL, words.PHONE, words.DEPUTY)
        rows = tuple(_row(role, 4, language) for role in point.roles)
        return Sheet(**common, room="table", head=head, rows=rows)
    if kind == "raci":
        rows = (*(_row(row, FIRMS, language) for row in point.rows), ("",) * (FIRMS + 1))
        return Sheet(**common, room="table", head=(text(words.TASK), *firms), rows=rows)
    if kind == "money" and point.rows:
        rows = tuple(_row(row, FIRMS, language) for row in point.rows)
        return Sheet(**common, room="table", head=(text(words.ITEM), *firms), rows=rows)
    if kind == "percent_split":
        rows = tuple((firm, "%") for firm in firms)
        return Sheet(**common, room="table", head=texts(words.FIRM, words.SHARE), rows=rows)
    if kind == "escalation":
        head = texts(words.LEVEL, words.WHO, words.CALLED, words.DEADLINE)
        rows = tuple((str(n), text(s.label), "", "") for n, s in enumerate(point.steps, 1))
        return Sheet(**common, room="table", head=head, rows=rows)
    if kind == "table":
        head = texts(*(column.label for column in point.columns))
        legend = tuple(
            f"{text(column.label)}: {' · '.join(text(option.label) for option in column.options)}"
            for column in point.columns
            if column.options
        )
        empty = (("",) * len(head),) * 4
        return Sheet(**common, room="table", head=head, rows=empty, legend=legend)
    if kind == "date_range":
        return Sheet(**common, room="short", lines=texts(*_DATES))
    if kind in ("percent", "money", "duration"):
        units = {
            "percent": "%",
            "money": _("EUR, net"),
            "duration": " / ".join(text(words.UNITS[u][1]) for u in words.DURATION_UNITS),
        }
        return Sheet(**common, room="short", lines=("",), unit=units[kind], note=kind == "percent")
    return Sheet(**common, room="lines", lines=firms if point.per_partner else ())


_DATES = (words.BEGINS, words.ENDS, words.REVIEW)


def _row(option: Option, blanks: int, language: str) -> tuple[str, ...]:
    return (option.label.in_language(language), *("",) * blanks)


def _condition(point: Point, book: Book, language: str) -> str:
    """When the point is to be answered at all: "Only if 5.1 is: …"."""
    if point.visible_if is None:
        return ""
    other = book.point(point.visible_if.point)
    yes_no = tuple(Option(key, label) for key, label in words.YES_NO.items())
    options = yes_no if other.kind == "yes_no_note" else (*other.options, *other.extra_options)
    names = [
        f"„{option.label.in_language(language)}“"
        if language.startswith("de")
        else f"“{option.label.in_language(language)}”"
        for option in options
        if option.key in point.visible_if.values
    ]
    said = {"number": other.number, "answers": _(" or ").join(names)}
    if point.visible_if.negated:
        return _("Not if the answer to %(number)s is %(answers)s.") % said
    return _("Only if the answer to %(number)s is %(answers)s.") % said


def rules_with_points(book: Book, *, stage: str) -> list[tuple[Rule, list[Point]]]:
    """The rules, each with its points of one stage: for the public page."""
    return [(rule, [point for point in rule.points if point.stage == stage]) for rule in book.rules]
