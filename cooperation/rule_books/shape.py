"""The shape of a rule book's file: which entries there are, and what each may hold.

What was loaded once is read by this for ever: entries may be added here, with a default that means
what their absence meant, and nothing may be narrowed. What only a new version has to keep is in
``checks.before_loading``.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

KEY = r"^[a-z][a-z0-9_]{0,49}$"

Key = Annotated[str, StringConstraints(pattern=KEY)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
DurationUnit = Literal["hours", "working_days", "days", "weeks", "months", "years"]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NamedShape(Shape):
    key: Key
    de: Words
    en: Words


class OptionShape(NamedShape):
    needs_note: bool = False


class ColumnShape(NamedShape):
    options_from: Literal["partners"] | None = None
    options: list[NamedShape] = []


class StepShape(NamedShape):
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
    project_leads: bool | None = None  # whether a project lead may work on its points
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
