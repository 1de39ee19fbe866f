"""What the shape of a rule book alone cannot say: whether its parts fit each other.

``check`` holds for every book there is. ``before_loading`` is for a version that is new: what it
adds would have been nonsense all along, but a version that was loaded is never refused.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import ValidationError

from cooperation import kinds
from cooperation.book import Book
from cooperation.rule_books.defaults import canonical_default, condition
from cooperation.rule_books.problems import Report
from cooperation.rule_books.shape import BookShape, ColumnShape, PointShape, StepShape
from cooperation.rule_books.whole import Whole

Path = tuple[Any, ...]
CHOICES = ("choice", "multi_choice")


def check(whole: Whole, book: Book, report: Report) -> None:
    """Report whatever keeps ``book`` from being used."""
    shape = whole.shape
    if sorted(shape.languages) != ["de", "en"]:
        report.add(("languages",), _("The languages have to be de and en."))
    _unique([role.key for role in shape.roles], ("roles",), report)
    _unique([rule.key for rule in shape.rules], ("rules",), report)
    for index, rule in enumerate(shape.rules):
        if rule.number != index + 1:
            reason = _("This has to be %(number)s: rules are numbered in their order.")
            report.add(("rules", index, "number"), reason % {"number": index + 1})
    seen: set[str] = set()
    for path, point in whole.points():
        if point.key in seen:
            reason = _("The point “%(key)s” exists already.")
            report.add((*path, "key"), reason % {"key": point.key})
        seen.add(point.key)
        _check_point(point, whole, book, path, report)
    _check_cycles(whole, book, report)


def _unique(keys: list[str], path: Path, report: Report) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            report.add((*path, index, "key"), _("“%(key)s” stands here twice.") % {"key": key})


def _check_point(shape: PointShape, whole: Whole, book: Book, path: Path, report: Report) -> None:
    if shape.kind not in kinds.KINDS:
        reason = _("“%(kind)s” is not one of %(kinds)s.")
        report.add((*path, "kind"), reason % {"kind": shape.kind, "kinds": ", ".join(kinds.KINDS)})
        return
    for field in ("options", "extra_options", "rows", "columns"):
        _unique([item.key for item in getattr(shape, field)], (*path, field), report)
    for index, column in enumerate(shape.columns):
        keys = [option.key for option in column.options]
        _unique(keys, (*path, "columns", index, "options"), report)
    if shape.kind in CHOICES and not (shape.options or shape.options_from):
        report.add((*path, "options"), _("A choice needs options."))
    if shape.kind == "table" and not shape.columns:
        report.add((*path, "columns"), _("A table needs columns."))
    if shape.kind == "contacts" and not shape.roles:
        report.add((*path, "roles"), _("Contacts need roles."))
    _check_names(shape, whole.shape, path, report)
    if shape.fast_track == "default" and shape.default.value is None:
        report.add(
            (*path, "default", "value"), _("A point taken by default needs a default value.")
        )
    if shape.fast_track == "skip" and shape.required:
        report.add((*path, "fast_track"), _("A required point cannot be left out."))
    _check_default(shape, book, path, report)
    _check_lead_rule(shape, whole, book, path, report)
    _check_condition(shape, whole, book, path, report)


def _check_names(shape: PointShape, whole: BookShape, path: Path, report: Report) -> None:
    """Roles and sources that the point names have to be in the lists of the book."""
    known_roles = {role.key for role in whole.roles}
    for index, role in enumerate(shape.roles):
        if role not in known_roles:
            reason = _("The role “%(key)s” is not in the list of roles.")
            report.add((*path, "roles", index), reason % {"key": role})
    for index, role in enumerate(shape.required_roles):
        if role not in shape.roles:
            reason = _("“%(key)s” is not a role of this point.")
            report.add((*path, "required_roles", index), reason % {"key": role})
    for index, source in enumerate(shape.basis):
        if source != "proposal" and source not in whole.sources:
            report.add((*path, "basis", index), _unknown_source(source))


def _unknown_source(key: str) -> str:
    return _("The source “%(key)s” is not in the list of sources.") % {"key": key}


def _check_default(shape: PointShape, book: Book, path: Path, report: Report) -> None:
    where = (*path, "default", "value")
    if shape.kind == "escalation" and isinstance(shape.default.value, list):
        for index, step in enumerate(shape.default.value):
            try:
                StepShape.model_validate(step)
            except ValidationError as error:
                for problem in error.errors():
                    report.add_error(problem, (*where, index))
    # Read again without the default: otherwise a yes/no default would be compared with itself.
    point = replace(book.point(shape.key), default_value=None)
    try:
        canonical_default(point, shape)
    except kinds.InvalidAnswer as error:
        report.add(where, str(error))


def _check_lead_rule(
    shape: PointShape, whole: Whole, book: Book, path: Path, report: Report
) -> None:
    if shape.lead_rule is None:
        return
    for field in ("lead_from", "contract_from"):
        key = getattr(shape.lead_rule, field)
        other = book.points.get(key)
        if key in whole.broken:
            continue
        if other is None or other.kind != "choice" or not other.options_of_partners:
            report.add((*path, "lead_rule", field), _("This has to be a choice among the firms."))
    for index, row in enumerate(shape.lead_rule.contract_rows):
        if row not in {option.key for option in shape.rows}:
            reason = _("“%(key)s” is not a row of this point.")
            report.add((*path, "lead_rule", "contract_rows", index), reason % {"key": row})


def _check_condition(
    shape: PointShape, whole: Whole, book: Book, path: Path, report: Report
) -> None:
    asked = shape.visible_if
    if asked is None or asked.point in whole.broken:
        return
    where = (*path, "visible_if")
    if sum(v is not None for v in (asked.equals, asked.in_, asked.not_in)) != 1:
        report.add(where, _("This needs exactly one of equals, in and not_in."))
        return
    other = book.points.get(asked.point)
    if other is None:
        reason = _("There is no point “%(key)s”.")
        report.add((*where, "point"), reason % {"key": asked.point})
        return
    if other.per_partner or other.kind not in (*CHOICES, "yes_no_note"):
        reason = _("A point can hang on a joint choice or a joint yes or no, on nothing else.")
        report.add((*where, "point"), reason)
        return
    allowed = {option.key for option in (*other.options, *other.extra_options)}
    allowed |= {"yes", "no"} if other.kind == "yes_no_note" else set()
    named = condition(asked)
    for value in sorted(named.values if named else ()):
        if value not in allowed:
            reason = _("“%(value)s” is not an answer to “%(key)s”.")
            report.add(where, reason % {"value": value, "key": other.key})


def _check_cycles(whole: Whole, book: Book, report: Report) -> None:
    for path, point in whole.points():
        seen, here = {point.key}, book.points.get(point.key)
        while here and here.visible_if and here.visible_if.point in book.points:
            here = book.point(here.visible_if.point)
            if here.key == point.key:
                reason = _("The point hangs on itself: it would never be asked.")
                report.add((*path, "visible_if"), reason)
            if here.key in seen:
                break
            seen.add(here.key)


# ---- What a new version has to keep beyond that ------------------------------------------------

MOST_RULES = 12  # the mark of an agreement has a stone for each
MOST_POINTS = 200
MOST_OPTIONS = 100
MOST_COLUMNS = 10
MOST_ROWS = 40  # as many as a form takes
TITLE_LIMIT = 200  # characters
SHORT_LIMIT = 40
QUESTION_LIMIT = 400

# Entries that say something for some kinds of points only: elsewhere they are a mistake.
BELONGS = {
    "options": CHOICES,
    "options_from": CHOICES,
    "extra_options": CHOICES,
    "roles": ("contacts",),
    "required_roles": ("contacts",),
    "rows": ("raci", "money"),
    "columns": ("table",),
    "maximum": ("duration",),
    "lead_rule": ("raci",),
}


def before_loading(whole: Whole, book: Book, report: Report) -> None:
    """Report what keeps ``book`` from becoming a new version."""
    shape = whole.shape
    _no_more(len(shape.rules), MOST_RULES, ("rules",), report)
    _no_more(sum(len(rule.points) for rule in shape.rules), MOST_POINTS, ("rules",), report)
    _no_longer(shape, ("title_de", "title_en"), TITLE_LIMIT, (), report)
    for key, source in shape.sources.items():
        if urlsplit(source.url).scheme not in ("http", "https"):
            reason = _("An address has to begin with https:// or http://.")
            report.add(("sources", key, "url"), reason)
    for index, source_key in enumerate(shape.fast_track.basis):
        if source_key != "proposal" and source_key not in shape.sources:
            report.add(("fast_track", "basis", index), _unknown_source(source_key))
    for index, rule in enumerate(shape.rules):
        where = ("rules", index)
        _no_longer(rule, ("title_de", "title_en"), TITLE_LIMIT, where, report)
        _no_longer(rule, ("short_de", "short_en"), SHORT_LIMIT, where, report)
        if rule.title_basis and rule.title_basis not in shape.sources:
            report.add((*where, "title_basis"), _unknown_source(rule.title_basis))
    for path, point in whole.points():
        _check_new_point(point, shape, path, report)


def _no_more(count: int, most: int, path: Path, report: Report) -> None:
    if count > most:
        reason = ngettext(
            "No more than %(most)d entry is possible here; now there are %(count)d.",
            "No more than %(most)d entries are possible here; now there are %(count)d.",
            most,
        )
        report.add(path, reason % {"most": most, "count": count})


def _no_longer(shape: Any, fields: tuple[str, ...], most: int, path: Path, report: Report) -> None:
    for field in fields:
        length = len(getattr(shape, field))
        if length > most:
            reason = _("Please shorten this to %(limit)s characters (now %(length)s).")
            report.add((*path, field), reason % {"limit": most, "length": length})


def _check_new_point(shape: PointShape, book: BookShape, path: Path, report: Report) -> None:
    _no_longer(shape, ("question_de", "question_en"), QUESTION_LIMIT, path, report)
    for field, most in (
        ("options", MOST_OPTIONS),
        ("extra_options", MOST_OPTIONS),
        ("rows", MOST_ROWS),
        ("columns", MOST_COLUMNS),
    ):
        _no_more(len(getattr(shape, field)), most, (*path, field), report)
    for field, those in BELONGS.items():
        if getattr(shape, field) and shape.kind not in those and shape.kind in kinds.KINDS:
            reason = _("This says nothing for a point of the kind “%(kind)s”.")
            report.add((*path, field), reason % {"kind": shape.kind})
    if shape.options_from and shape.options:
        report.add((*path, "options"), _firms_or_options())
    if shape.extra_options and not shape.options_from:
        reason = _("These go with options_from only; otherwise they belong to the options.")
        report.add((*path, "extra_options"), reason)
    if shape.kind == "escalation" and not book.roles:
        report.add((*path, "kind"), _("An escalation needs roles in the list of the book."))
    for column in shape.columns:
        _check_column(column, (*path, "columns", shape.columns.index(column)), report)
    for field in ("maximum_reason", "warning"):
        given = [bool(getattr(shape, f"{field}_{language}")) for language in ("de", "en")]
        if any(given) and not all(given):
            where = f"{field}_{'de' if given[0] else 'en'}"
            report.add((*path, where), _("This text is there in one language only."))


def _check_column(column: ColumnShape, path: Path, report: Report) -> None:
    _no_more(len(column.options), MOST_OPTIONS, (*path, "options"), report)
    if column.options and column.options_from:
        report.add((*path, "options"), _firms_or_options())


def _firms_or_options() -> str:
    return _("Either options of its own or options_from, not both.")
