"""From the content of a rule book to the frozen ``Book`` that everything else takes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from cooperation import kinds
from cooperation.book import (
    Book,
    Column,
    Duration,
    LeadRule,
    Option,
    Point,
    Rule,
    Source,
    Step,
    Text,
)
from cooperation.rule_books import checks
from cooperation.rule_books.defaults import canonical_default, condition
from cooperation.rule_books.problems import InvalidRuleBook, Lines, Report
from cooperation.rule_books.shape import (
    BookShape,
    DurationShape,
    LeadRuleShape,
    NamedShape,
    OptionShape,
    PointShape,
    RuleShape,
    StepShape,
)
from cooperation.rule_books.whole import Whole

# What a project lead works on in a book that does not say it: the rules of the Kodex 2025.1.
LEAD_RULES = frozenset({"communication", "responsibilities", "people"})

Check = Callable[[Whole, Book, Report], None]


def build(content: Any, lines: Lines | None = None, *, also: Check | None = None) -> Book:
    """The frozen book of ``content``, or ``InvalidRuleBook`` naming every problem.

    ``also`` is what a book has to keep beyond that to become a new version.
    """
    report = Report(content, lines)
    whole = Whole.of(content, report)
    if whole is None:
        raise InvalidRuleBook(report.problems)
    book = _book(whole.shape)
    checks.check(whole, book, report)
    if also is not None:
        also(whole, book, report)
    report.raise_if_any()
    return book


def _book(shape: BookShape) -> Book:
    roles = tuple(_option(role) for role in shape.roles)
    says_leads = any(rule.project_leads is not None for rule in shape.rules)
    return Book(
        key=shape.key,
        version=shape.version,
        title=Text(shape.title_de, shape.title_en),
        provenance=Text(shape.provenance_de, shape.provenance_en),
        preamble=Text(shape.preamble.de, shape.preamble.en),
        statement=Text(shape.fast_track.statement_de, shape.fast_track.statement_en),
        meaning=Text(shape.fast_track.meaning_de, shape.fast_track.meaning_en),
        rules=tuple(
            _rule(
                rule,
                roles,
                for_leads=bool(rule.project_leads) if says_leads else rule.key in LEAD_RULES,
            )
            for rule in shape.rules
        ),
        sources=tuple(Source(key, s.title, s.url) for key, s in shape.sources.items()),
    )


def _named(shape: NamedShape) -> Option:
    return Option(shape.key, Text(shape.de, shape.en))


def _option(shape: OptionShape) -> Option:
    return Option(shape.key, Text(shape.de, shape.en), shape.needs_note)


def _rule(shape: RuleShape, roles: tuple[Option, ...], *, for_leads: bool) -> Rule:
    points = tuple(
        replace(_point(point, shape, position, roles), for_leads=for_leads)
        for position, point in enumerate(shape.points, 1)
    )
    return Rule(
        number=shape.number,
        key=shape.key,
        title=Text(shape.title_de, shape.title_en),
        short=Text(shape.short_de, shape.short_en),
        principle=Text(shape.principle_de, shape.principle_en),
        points=points,
        title_basis=shape.title_basis,
        for_leads=for_leads,
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
            Column(
                column.key,
                Text(column.de, column.en),
                column.options_from == "partners",
                tuple(_named(option) for option in column.options),
            )
            for column in shape.columns
        ),
        steps=tuple(_step(step) for step in steps if isinstance(step, dict)),
        visible_if=condition(shape.visible_if),
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
        return replace(point, default_value=canonical_default(point, shape))
    except kinds.InvalidAnswer:
        return point


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
