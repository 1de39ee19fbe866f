"""Loading a rule book: from YAML, checked line by line, to frozen data; and keeping its versions.

A version that was loaded never changes: agreements were made under it. Another text needs another
version.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import rfc8785
import yaml
from django.db import transaction
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cooperation import kinds
from cooperation.book import (
    Book,
    Column,
    Condition,
    Duration,
    LeadRule,
    Option,
    Point,
    Rule,
    Source,
    Step,
    Text,
)
from cooperation.models import RuleBook

PACKAGED = Path(__file__).parent / "data" / "p2p-kodex-2025.1.yaml"
# The safe loader in C where the library has it: five times quicker.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KEY = r"^[a-z][a-z0-9_]{0,49}$"

Key = Annotated[str, StringConstraints(pattern=KEY)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
DurationUnit = Literal["hours", "working_days", "days", "weeks", "months", "years"]


class InvalidRuleBook(ValueError):
    """The rule book cannot be used; ``problems`` name line, place and reason, one each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


# ---- The shape of the file ---------------------------------------------------------------------


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OptionShape(Shape):
    key: Key
    de: Words
    en: Words
    needs_note: bool = False


class ColumnShape(Shape):
    key: Key
    de: Words
    en: Words
    options_from: Literal["partners"] | None = None


class StepShape(Shape):
    key: Key
    de: Words
    en: Words
    who_role: Key
    deadline: int = Field(ge=1, le=365)
    unit: Literal["working_days", "calendar_days"]


class DurationShape(Shape):
    number: int = Field(ge=1, le=1000)
    unit: DurationUnit


class ConditionShape(Shape):
    point: Key
    equals: str | None = None
    in_: list[str] | None = Field(default=None, alias="in", min_length=1)
    not_in: list[str] | None = Field(default=None, min_length=1)


class LeadRuleShape(Shape):
    lead_from: Key
    contract_from: Key
    contract_rows: list[Key]


class DefaultShape(Shape):
    value: Any
    text_de: Words
    text_en: Words


class PointShape(Shape):
    key: Key
    kind: str
    scope: Literal["joint", "per_partner"]
    stage: Literal["exploratory", "agreement", "project"]
    required: bool
    fast_track: Literal["default", "ask", "skip"]
    sensitivity: Literal["all", "pairwise"] = "all"
    question_de: Words
    question_en: Words
    help_de: Words
    help_en: Words
    default: DefaultShape
    options: list[OptionShape] = []
    options_from: Literal["partners"] | None = None
    extra_options: list[OptionShape] = []
    roles: list[Key] = []
    required_roles: list[Key] = []
    rows: list[OptionShape] = []
    columns: list[ColumnShape] = []
    visible_if: ConditionShape | None = None
    maximum: DurationShape | None = None
    maximum_reason_de: Words | None = None
    maximum_reason_en: Words | None = None
    warning_de: Words | None = None
    warning_en: Words | None = None
    lead_rule: LeadRuleShape | None = None
    basis: list[str] = []


class RuleShape(Shape):
    number: int
    key: Key
    short_de: Words
    short_en: Words
    title_de: Words
    title_en: Words
    title_basis: str = ""
    principle_de: Words
    principle_en: Words
    points: list[PointShape] = Field(min_length=1)


class FastTrackShape(Shape):
    statement_de: Words
    statement_en: Words
    meaning_de: Words
    meaning_en: Words
    basis: list[str] = []


class PreambleShape(Shape):
    de: Words
    en: Words


class SourceShape(Shape):
    title: Words
    url: Words


class BookShape(Shape):
    schema_version: Literal[1]
    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,49}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,39}$")]
    title_de: Words
    title_en: Words
    languages: list[Literal["de", "en"]] = Field(min_length=2, max_length=2)
    provenance_de: Words
    provenance_en: Words
    roles: list[OptionShape] = []
    fast_track: FastTrackShape
    preamble: PreambleShape
    sources: dict[str, SourceShape] = {}
    rules: list[RuleShape] = Field(min_length=1)


# ---- From the file to the frozen book ----------------------------------------------------------


class _Lines:
    """Where in the YAML a place of the content stands, for messages."""

    def __init__(self, node: yaml.Node | None) -> None:
        self.node = node

    def of(self, path: Iterable[Any]) -> int | None:
        node, line = self.node, None
        for part in path:
            if isinstance(node, yaml.MappingNode):
                found = next((pair for pair in node.value if pair[0].value == str(part)), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                if part >= len(node.value):
                    break
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line


class _Report:
    """Collects problems by their place: ``line 12: rules.2.points.3 (raci) kind: ...``."""

    def __init__(self, content: Any, lines: _Lines) -> None:
        self.content, self.lines, self.problems = content, lines, list[str]()

    def add(self, path: tuple[Any, ...], reason: str) -> None:
        line = self.lines.of(path)
        place = f"line {line}: " if line else ""
        self.problems.append(f"{place}{self._name(path)}: {reason}")

    def _name(self, path: tuple[Any, ...]) -> str:
        """The path with keys instead of positions wherever the content has a key."""
        names, here = [], self.content
        for part in path:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                here = None
            key = here.get("key") if isinstance(here, Mapping) else None
            names.append(str(key) if isinstance(part, int) and isinstance(key, str) else str(part))
        return ".".join(names) or "rule book"


def parse(text: str) -> tuple[Book, dict[str, Any]]:
    """The book in ``text`` (YAML) and its content as plain data, or ``InvalidRuleBook``."""
    try:
        node = yaml.compose(text, Loader=LOADER)
        content = yaml.load(text, Loader=LOADER)  # noqa: S506 -- both loaders are the safe ones
    except yaml.YAMLError as error:
        raise InvalidRuleBook([f"not readable as YAML: {error}"]) from error
    lines = _Lines(node)
    duplicates = [
        f"line {line}: the key “{key}” stands here twice" for key, line in _duplicates(node)
    ]
    if duplicates:
        raise InvalidRuleBook(duplicates)
    return build(content, lines), content


def _duplicates(node: yaml.Node | None) -> Iterable[tuple[str, int]]:
    """YAML lets a later key silently win; here it is a mistake."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _duplicates(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _duplicates(item)


def build(content: Any, lines: _Lines | None = None) -> Book:
    """The frozen book of checked ``content``, or ``InvalidRuleBook`` naming every problem."""
    report = _Report(content, lines or _Lines(None))
    try:
        shape = BookShape.model_validate(content)
    except ValidationError as error:
        for problem in error.errors():
            report.add(tuple(problem["loc"]), problem["msg"])
        raise InvalidRuleBook(report.problems) from error
    roles = tuple(_option(role) for role in shape.roles)
    rules = tuple(_rule(rule, roles) for rule in shape.rules)
    book = Book(
        key=shape.key,
        version=shape.version,
        title=Text(shape.title_de, shape.title_en),
        provenance=Text(shape.provenance_de, shape.provenance_en),
        preamble=Text(shape.preamble.de, shape.preamble.en),
        statement=Text(shape.fast_track.statement_de, shape.fast_track.statement_en),
        meaning=Text(shape.fast_track.meaning_de, shape.fast_track.meaning_en),
        rules=rules,
        sources=tuple(Source(key, s.title, s.url) for key, s in shape.sources.items()),
    )
    _check(shape, book, report)
    if report.problems:
        raise InvalidRuleBook(report.problems)
    return book


def _option(shape: OptionShape) -> Option:
    return Option(shape.key, Text(shape.de, shape.en), shape.needs_note)


def _rule(shape: RuleShape, roles: tuple[Option, ...]) -> Rule:
    points = tuple(
        _point(point, shape, position, roles) for position, point in enumerate(shape.points, 1)
    )
    return Rule(
        number=shape.number,
        key=shape.key,
        title=Text(shape.title_de, shape.title_en),
        short=Text(shape.short_de, shape.short_en),
        principle=Text(shape.principle_de, shape.principle_en),
        points=points,
    )


def _point(shape: PointShape, rule: RuleShape, position: int, roles: tuple[Option, ...]) -> Point:
    escalation = shape.kind == "escalation"
    steps = shape.default.value if escalation and isinstance(shape.default.value, list) else []
    point = Point(
        key=shape.key,
        rule=rule.key,
        number=f"{rule.number}.{position}",
        kind=shape.kind,
        scope=shape.scope,
        stage=shape.stage,
        required=shape.required,
        fast_track=shape.fast_track,
        sensitivity=shape.sensitivity,
        question=Text(shape.question_de, shape.question_en),
        help=Text(shape.help_de, shape.help_en),
        default_value=None,
        default_text=Text(shape.default.text_de, shape.default.text_en),
        options=tuple(_option(option) for option in shape.options),
        options_of_partners=shape.options_from == "partners",
        extra_options=tuple(_option(option) for option in shape.extra_options),
        roles=roles if escalation else tuple(role for role in roles if role.key in shape.roles),
        required_roles=tuple(shape.required_roles),
        rows=tuple(_option(row) for row in shape.rows),
        columns=tuple(
            Column(column.key, Text(column.de, column.en), column.options_from == "partners")
            for column in shape.columns
        ),
        steps=tuple(_step(step) for step in steps if isinstance(step, dict)),
        visible_if=_condition(shape.visible_if),
        maximum=_maximum(shape.maximum),
        maximum_reason=_optional_text(shape.maximum_reason_de, shape.maximum_reason_en),
        warning=_optional_text(shape.warning_de, shape.warning_en),
        lead_rule=_lead_rule(shape.lead_rule),
        basis=tuple(shape.basis),
    )
    return _with_default(point, shape)


def _with_default(point: Point, shape: PointShape) -> Point:
    """``point`` with its default in canonical form; an invalid one is left out and reported."""
    try:
        return replace(point, default_value=_canonical_default(point, shape))
    except kinds.InvalidAnswer:
        return point


def _canonical_default(point: Point, shape: PointShape) -> dict[str, Any] | None:
    value = shape.default.value
    if value is None or point.kind not in kinds.KINDS:
        return None
    if point.kind == "escalation" and isinstance(value, list):
        value = [
            {k: v for k, v in step.items() if k not in ("de", "en")}
            if isinstance(step, dict)
            else step
            for step in value
        ]
    return kinds.clean(value, point, ())


def _step(raw: dict[str, Any]) -> Step:
    try:
        shape = StepShape.model_validate(raw)
    except ValidationError:  # reported by ``_check`` with its place
        return Step("", Text("", ""), "", 1, "working_days")
    label = Text(shape.de, shape.en)
    return Step(shape.key, label, shape.who_role, shape.deadline, shape.unit)


def _maximum(shape: DurationShape | None) -> Duration | None:
    return None if shape is None else Duration(shape.number, shape.unit)


def _lead_rule(shape: LeadRuleShape | None) -> LeadRule | None:
    if shape is None:
        return None
    return LeadRule(shape.lead_from, shape.contract_from, frozenset(shape.contract_rows))


def _optional_text(de: str | None, en: str | None) -> Text | None:
    return Text(de, en) if de and en else None


def _condition(shape: ConditionShape | None) -> Condition | None:
    if shape is None:
        return None
    if shape.not_in is not None:
        return Condition(shape.point, frozenset(shape.not_in), negated=True)
    values = shape.in_ if shape.in_ is not None else [shape.equals or ""]
    return Condition(shape.point, frozenset(values))


# ---- What the shape alone cannot say -----------------------------------------------------------


def _check(shape: BookShape, book: Book, report: _Report) -> None:
    if sorted(shape.languages) != ["de", "en"]:
        report.add(("languages",), "must be de and en")
    _unique([role.key for role in shape.roles], ("roles",), report)
    _unique([rule.key for rule in shape.rules], ("rules",), report)
    seen: set[str] = set()
    for index, rule in enumerate(shape.rules):
        if rule.number != index + 1:
            report.add(("rules", index, "number"), f"must be {index + 1}: rules are in their order")
        for position, point in enumerate(rule.points):
            path = ("rules", index, "points", position)
            if point.key in seen:
                report.add((*path, "key"), f"the point “{point.key}” exists already")
            seen.add(point.key)
            _check_point(point, shape, book, path, report)
    _check_cycles(shape, book, report)


def _unique(keys: list[str], path: tuple[Any, ...], report: _Report) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            report.add((*path, index, "key"), f"“{key}” stands here twice")


def _check_point(
    shape: PointShape, book_shape: BookShape, book: Book, path: tuple[Any, ...], report: _Report
) -> None:
    if shape.kind not in kinds.KINDS:
        report.add((*path, "kind"), f"“{shape.kind}” is not one of {', '.join(kinds.KINDS)}")
        return
    for field in ("options", "extra_options", "rows", "columns"):
        _unique([item.key for item in getattr(shape, field)], (*path, field), report)
    if shape.kind in ("choice", "multi_choice") and not (shape.options or shape.options_from):
        report.add((*path, "options"), "a choice needs options")
    if shape.kind == "table" and not shape.columns:
        report.add((*path, "columns"), "a table needs columns")
    if shape.kind == "contacts" and not shape.roles:
        report.add((*path, "roles"), "contacts need roles")
    known_roles = {role.key for role in book_shape.roles}
    for index, role in enumerate(shape.roles):
        if role not in known_roles:
            report.add((*path, "roles", index), f"the role “{role}” is not in the list of roles")
    for index, role in enumerate(shape.required_roles):
        if role not in shape.roles:
            report.add((*path, "required_roles", index), f"“{role}” is not a role of this point")
    for index, source in enumerate(shape.basis):
        if source != "proposal" and source not in book_shape.sources:
            report.add((*path, "basis", index), f"the source “{source}” is not in the list")
    if shape.fast_track == "default" and shape.default.value is None:
        report.add((*path, "default", "value"), "a point taken by default needs a default value")
    if shape.fast_track == "skip" and shape.required:
        report.add((*path, "fast_track"), "a required point cannot be left out")
    _check_default(shape, book, path, report)
    _check_lead_rule(shape, book, path, report)
    _check_condition(shape, book, path, report)


def _check_default(shape: PointShape, book: Book, path: tuple[Any, ...], report: _Report) -> None:
    where = (*path, "default", "value")
    if shape.kind == "escalation" and isinstance(shape.default.value, list):
        for index, step in enumerate(shape.default.value):
            try:
                StepShape.model_validate(step)
            except ValidationError as error:
                for problem in error.errors():
                    report.add((*where, index, *problem["loc"]), problem["msg"])
    # Read again without the default: otherwise a yes/no default would be compared with itself.
    point = replace(book.point(shape.key), default_value=None)
    try:
        _canonical_default(point, shape)
    except kinds.InvalidAnswer as error:
        report.add(where, str(error))


def _check_lead_rule(shape: PointShape, book: Book, path: tuple[Any, ...], report: _Report) -> None:
    if shape.lead_rule is None:
        return
    for field in ("lead_from", "contract_from"):
        other = book.points.get(getattr(shape.lead_rule, field))
        if other is None or other.kind != "choice" or not other.options_of_partners:
            report.add((*path, "lead_rule", field), "must be a choice among the partners")
    for index, row in enumerate(shape.lead_rule.contract_rows):
        if row not in {option.key for option in shape.rows}:
            report.add((*path, "lead_rule", "contract_rows", index), f"“{row}” is not a row")


def _check_condition(shape: PointShape, book: Book, path: tuple[Any, ...], report: _Report) -> None:
    condition = shape.visible_if
    if condition is None:
        return
    where = (*path, "visible_if")
    if sum(v is not None for v in (condition.equals, condition.in_, condition.not_in)) != 1:
        report.add(where, "needs exactly one of equals, in, not_in")
        return
    other = book.points.get(condition.point)
    if other is None:
        report.add((*where, "point"), f"there is no point “{condition.point}”")
        return
    if other.per_partner or other.kind not in ("choice", "multi_choice", "yes_no_note"):
        report.add((*where, "point"), "must be a joint choice or a yes/no question")
        return
    allowed = {option.key for option in (*other.options, *other.extra_options)}
    allowed |= {"yes", "no"} if other.kind == "yes_no_note" else set()
    named = _condition(condition)
    for value in sorted(named.values if named else ()):
        if value not in allowed:
            report.add(where, f"“{value}” is not an answer to “{other.key}”")


def _check_cycles(shape: BookShape, book: Book, report: _Report) -> None:
    for index, rule in enumerate(shape.rules):
        for position, point in enumerate(rule.points):
            seen, here = {point.key}, book.points.get(point.key)
            while here and here.visible_if and here.visible_if.point in book.points:
                here = book.point(here.visible_if.point)
                if here.key == point.key:
                    path = ("rules", index, "points", position, "visible_if")
                    report.add(path, "the point hangs on itself")
                if here.key in seen:
                    break
                seen.add(here.key)


# ---- Versions in the database ------------------------------------------------------------------


class VersionTaken(ValueError):
    """This version was loaded before with other content."""


@transaction.atomic
def save(book: Book, content: dict[str, Any]) -> tuple[RuleBook, bool]:
    """Store a version once: ``(row, created)``; ``VersionTaken`` if it says something else."""
    sha256 = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    row, created = RuleBook.objects.get_or_create(
        key=book.key,
        version=book.version,
        defaults={"content": content, "sha256": sha256, "loaded_at": timezone.now()},
    )
    if row.sha256 != sha256:
        raise VersionTaken(
            f"{book.key} {book.version} is loaded with other content. A version never changes, "
            "because agreements were made under it: please give the new text a new version."
        )
    return row, created


@lru_cache(maxsize=1)
def _packaged() -> tuple[Book, dict[str, Any]]:
    return parse(PACKAGED.read_text(encoding="utf-8"))


def packaged() -> Book:
    """The packaged book, without a database: for public pages and the blank checklist."""
    return _packaged()[0]


def load_packaged() -> RuleBook:
    """The rule book that comes with the portal, loaded if it is not yet."""
    return save(*_packaged())[0]


def current() -> RuleBook:
    """The rule book for a new agreement: the version of the Kodex loaded last."""
    versions = RuleBook.objects.filter(key=packaged().key).defer("content")
    return versions.order_by("-loaded_at", "-pk").first() or load_packaged()


@lru_cache(maxsize=16)
def by_id(pk: UUID) -> Book:
    """The book of a ``RuleBook`` row. Kept in memory: a row never changes."""
    return build(RuleBook.objects.only("content").get(pk=pk).content)
