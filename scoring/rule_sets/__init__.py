"""Rule sets are reviewed data: one TOML file a version, read and checked when first asked for.

``get("modern-work-2023")`` is one, ``for_day(day)`` the one that is in force, ``vocabulary()`` what
the files of Partner Center call the workloads, options and certifications of all of them.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator
from pydantic.functional_validators import PlainValidator

from scoring import rules

FOLDER = Path(__file__).parent
T = TypeVar("T")


class InvalidRuleSet(Exception):
    """A rule set is wrong; ``str(error)`` names the file, each place and what is wrong there."""


class UnknownRuleSet(LookupError):
    """There is no rule set of that name; ``str(error)`` names those that exist."""


# ---- The file, as pydantic checks it -------------------------------------------------------------


def _fraction(value: object) -> Fraction:
    if not isinstance(value, str):
        raise ValueError('write it as text, e.g. "69.5": a float would not be exact')
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{value!r} is not a number") from error


Exact = Annotated[Fraction, PlainValidator(_fraction)]
Key = Annotated[str, Field(min_length=1, max_length=40)]
Number = Annotated[int, Field(ge=1, le=32767)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


# What a metric is, in the words of all designations. The engine computes those that Modern Work
# needs; a file with one of the others is refused by name, not misread.
LATER = {
    "measure": {"percentage_growth", "distinct_count"},
    "entity": {"tenant_workload", "service"},
    "combine": {"sum"},
    "tracks_are": {"classified"},
}


def _built(field: str, value: str) -> None:
    if value in LATER[field]:
        raise ValueError(f"{field} = {value!r} belongs to the format but is not computed yet")


class _Metric(_Part):
    key: Key
    category: Literal["performance", "skilling", "customer_success"]
    measure: Literal[
        "net_count", "absolute_growth", "percentage_growth", "distinct_count", "people"
    ]
    entity: Literal["tenant", "tenant_workload", "service", "person"]
    combine: Literal["max", "sum"] = "max"  # of the options of a track
    max: PositiveInt

    @model_validator(mode="after")
    def _check(self) -> Self:
        _built("measure", self.measure)
        _built("entity", self.entity)
        _built("combine", self.combine)
        if (self.measure == "people") != (self.entity == "person"):
            raise ValueError("measure people and entity person go together")
        return self


class _Track(_Part):
    key: Key
    number: Number
    title: str
    seats_from: PositiveInt
    seats_to: PositiveInt | None = None
    options: Annotated[list[Key], Field(min_length=1)]
    keeps_promoted: bool = False
    value_for_max: dict[Key, PositiveInt | dict[Key, PositiveInt]]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.seats_to is not None and self.seats_to < self.seats_from:
            raise ValueError("seats_to lies below seats_from")
        for metric, scale in self.value_for_max.items():
            if isinstance(scale, dict) and set(scale) - set(self.options):
                raise ValueError(f"{metric} has options that the track does not accept")
        return self


class _Option(_Part):
    key: Annotated[str, Field(min_length=1, max_length=10)]
    number: Number
    title: str
    values: Annotated[list[str], Field(min_length=1)]
    excluded_values: list[str] = []


class _Workload(_Part):
    key: Key
    number: Number
    title: str
    aliases: list[str] = []
    counts_for: list[Key] | None = None  # None: every metric that counts tenants


class _Certification(_Part):
    key: Key
    title: str
    metric: Key
    exam_codes: list[Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{3}$")]] = []
    aliases: list[str] = []
    expires: bool = True
    is_assessment: bool = False
    counts_until: date | None = None
    requires_one_of: list[Key] = []
    exam_until: date | None = None


class _File(_Part):
    key: Key
    title: str
    designation: str
    valid_from: date
    valid_to: date | None = None
    pass_mark: Exact
    near_pass: Exact
    low_metric: Exact
    deployed_share: Exact
    # scored: all tracks are computed and any may pass; classified: a firm belongs to one of them.
    tracks_are: Literal["scored", "classified"] = "scored"
    sources: dict[str, Annotated[str, Field(pattern=r"^\[[MI]\]")]]
    metrics: Annotated[list[_Metric], Field(min_length=1)]
    tracks: Annotated[list[_Track], Field(min_length=1)]
    options: list[_Option]
    workloads: list[_Workload]
    certifications: list[_Certification]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _built("tracks_are", self.tracks_are)
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        if missing := REQUIRED_SOURCES - set(self.sources):
            raise ValueError(f"sources: say where these come from: {', '.join(sorted(missing))}")
        if any(track.keeps_promoted for track in self.tracks) and "promoted" not in self.sources:
            raise ValueError("sources: say where 'promoted' comes from")
        if not 0 < self.deployed_share <= 1:
            raise ValueError("deployed_share lies outside 0 to 1")
        if not 0 < self.near_pass <= self.pass_mark <= sum(metric.max for metric in self.metrics):
            raise ValueError("near_pass, pass_mark and the sum of the maxima do not fit together")
        for name in ("metrics", "tracks", "options", "workloads", "certifications"):
            _unique(name, (part.key for part in getattr(self, name)))
        _unique("numbers of tracks", (track.number for track in self.tracks))
        _unique("numbers of options", (option.number for option in self.options))
        _unique("numbers of workloads", (workload.number for workload in self.workloads))
        metrics = {metric.key for metric in self.metrics}
        for track in self.tracks:
            if set(track.value_for_max) != metrics:
                raise ValueError(f"track {track.key}: value_for_max must name every metric, once")
            if unknown := set(track.options) - {option.key for option in self.options}:
                raise ValueError(f"track {track.key}: unknown options {sorted(unknown)}")
        people = {metric.key for metric in self.metrics if metric.measure == "people"}
        for certification in self.certifications:
            if certification.metric not in people:
                raise ValueError(
                    f"certification {certification.key}: {certification.metric} counts no people"
                )
            known = {other.key for other in self.certifications} - {certification.key}
            if unknown := set(certification.requires_one_of) - known:
                raise ValueError(
                    f"certification {certification.key}: requires unknown {sorted(unknown)}"
                )
        for topic, field in (("prerequisites", "requires_one_of"), ("exams", "exam_until")):
            is_used = any(getattr(each, field) for each in self.certifications)
            if is_used and topic not in self.sources:
                raise ValueError(f"sources: say where {topic!r} come from")
        for workload in self.workloads:
            if unknown := set(workload.counts_for or []) - (metrics - people):
                raise ValueError(f"workload {workload.key}: cannot count for {sorted(unknown)}")
        return self


# Every number of a file belongs to one of these topics: [M] Microsoft's text, [I] our reading.
REQUIRED_SOURCES = {
    "points",
    "options",
    "seats",
    "deployed",
    "association_values",
    "workloads",
    "certifications",
}


def _unique(name: str, keys: Iterable[object]) -> None:
    if twice := [key for key, times in Counter(keys).items() if times > 1]:
        raise ValueError(f"{name}: {twice[0]!r} occurs twice")


# ---- Loading -------------------------------------------------------------------------------------


def load(text: str, *, name: str) -> rules.RuleSet:
    """Read one rule set; raises ``InvalidRuleSet`` with every fault of the file, ``name`` first."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidRuleSet(f"{name}: not valid TOML: {error}") from error
    except ValidationError as error:
        faults = [
            f"{name}: {'.'.join(str(step) for step in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise InvalidRuleSet("\n".join(faults)) from error
    of_tenants = frozenset(metric.key for metric in file.metrics if metric.entity == "tenant")
    return rules.RuleSet(
        key=file.key,
        title=file.title,
        designation=file.designation,
        valid_from=file.valid_from,
        valid_to=file.valid_to,
        pass_mark=file.pass_mark,
        near_pass=file.near_pass,
        low_metric=file.low_metric,
        deployed_share=file.deployed_share,
        tracks=tuple(_track(track, file.metrics) for track in file.tracks),
        options={
            option.key: rules.Option(
                key=option.key,
                number=option.number,
                title=option.title,
                values=tuple(option.values),
                excluded_values=tuple(option.excluded_values),
            )
            for option in file.options
        },
        workloads={
            workload.key: rules.Workload(
                key=workload.key,
                number=workload.number,
                title=workload.title,
                aliases=tuple(workload.aliases),
                counts_for=(
                    of_tenants if workload.counts_for is None else frozenset(workload.counts_for)
                ),
            )
            for workload in file.workloads
        },
        certifications={
            certification.key: rules.Certification(
                key=certification.key,
                title=certification.title,
                metric=certification.metric,
                exam_codes=tuple(certification.exam_codes),
                aliases=tuple(certification.aliases),
                expires=certification.expires,
                is_assessment=certification.is_assessment,
                counts_until=certification.counts_until,
                requires_one_of=tuple(certification.requires_one_of),
                exam_until=certification.exam_until,
            )
            for certification in file.certifications
        },
        sources=file.sources,
    )


def _track(track: _Track, metrics: list[_Metric]) -> rules.Track:
    def scales(scale: int | dict[str, int]) -> tuple[rules.Scale, ...]:
        by_option = {rules.ALONE: scale} if isinstance(scale, int) else scale
        return tuple(rules.Scale(option, value) for option, value in by_option.items())

    return rules.Track(
        key=track.key,
        number=track.number,
        title=track.title,
        seats_from=track.seats_from,
        seats_to=track.seats_to,
        options=tuple(track.options),
        keeps_promoted=track.keeps_promoted,
        metrics=tuple(
            rules.Metric(
                key=metric.key,
                category=metric.category,
                measure=metric.measure,
                max=metric.max,
                scales=scales(track.value_for_max[metric.key]),
            )
            for metric in metrics
        ),
    )


@cache
def all_sets() -> tuple[rules.RuleSet, ...]:
    """Every rule set of the folder, oldest first."""
    loaded = []
    for path in sorted(FOLDER.glob("*.toml")):
        rule_set = load(path.read_text(encoding="utf-8"), name=path.name)
        if rule_set.key != path.stem:
            raise InvalidRuleSet(f"{path.name}: key: {rule_set.key!r} differs from the file's name")
        loaded.append(rule_set)
    loaded.sort(key=lambda rule_set: rule_set.valid_from)
    for older, newer in pairwise(loaded):
        if older.valid_to is not None and older.valid_to >= newer.valid_from:
            raise InvalidRuleSet(f"{newer.key}.toml: valid_from: {older.key} is still in force")
    return tuple(loaded)


def get(key: str) -> rules.RuleSet:
    """The rule set ``key``; raises ``UnknownRuleSet``."""
    for rule_set in all_sets():
        if rule_set.key == key:
            return rule_set
    known = ", ".join(rule_set.key for rule_set in all_sets())
    raise UnknownRuleSet(f"There is no rule set {key!r}. Known: {known}.")


def for_day(day: date) -> rules.RuleSet:
    """The newest rule set in force on ``day``; for a day before all of them, the oldest."""
    begun = [rule_set for rule_set in all_sets() if rule_set.valid_from <= day]
    return begun[-1] if begun else all_sets()[0]


# ---- What the files call things ------------------------------------------------------------------


def normal(text: str) -> str:
    """Letters and digits in lower case: how names of workloads and options are compared."""
    return re.sub(r"[\W_]+", "", text.casefold())


@dataclass(frozen=True)
class Vocabulary:
    """Names in files, for all rule sets: an import keeps what any of them can use."""

    workload_numbers: Mapping[str, int]  # by key
    option_numbers: Mapping[str, int]  # by key
    workload_keys: Mapping[int, str]  # by number
    option_keys: Mapping[int, str]  # by number
    _workloads: Mapping[str, int]  # by normal name
    _options: Mapping[str, int]  # by normal value
    _option_prefixes: Mapping[str, int]
    _not_options: frozenset[str]
    _titles: Mapping[str, str]  # certification key by normal title
    _exams: Mapping[str, str]  # certification key by exam code
    assessments: frozenset[str]

    def workload(self, name: str) -> int | None:
        """The number of a workload, or None when no rule set knows it."""
        return self._workloads.get(normal(name))

    def option(self, value: str) -> int | None:
        """The number of the association option, or None when no designation uses it."""
        name = normal(value)
        if name in self._not_options:
            return None
        if (number := self._options.get(name)) is not None:
            return number
        for prefix, number in self._option_prefixes.items():
            if name.startswith(prefix):
                return number
        return None

    def certification(self, title: str) -> str | None:
        """The key of a certification, by its title or the exam code in it."""
        if key := self._titles.get(normal(title)):
            return key
        for code in re.findall(r"\b[A-Z]{2}-\d{3}\b", title.upper()):
            if key := self._exams.get(code):
                return key
        return None


@cache
def vocabulary() -> Vocabulary:
    """All names of all rule sets; raises ``InvalidRuleSet`` when two of them disagree."""
    return merge_names(all_sets())


def merge_names(rule_sets: Iterable[rules.RuleSet]) -> Vocabulary:
    workload_numbers: dict[str, int] = {}
    option_numbers: dict[str, int] = {}
    workloads: dict[str, int] = {}
    options: dict[str, int] = {}
    prefixes: dict[str, int] = {}
    not_options: set[str] = set()
    titles: dict[str, str] = {}
    exams: dict[str, str] = {}
    assessments: set[str] = set()
    for rule_set in rule_sets:
        for workload in rule_set.workloads.values():
            _agree(workload_numbers, workload.key, workload.number, rule_set)
            for name in (workload.key, workload.title, *workload.aliases):
                _agree(workloads, normal(name), workload.number, rule_set)
        for option in rule_set.options.values():
            _agree(option_numbers, option.key, option.number, rule_set)
            not_options.update(normal(value) for value in option.excluded_values)
            for value in option.values:
                is_prefix = value.endswith("*")
                _agree(prefixes if is_prefix else options, normal(value), option.number, rule_set)
        for certification in rule_set.certifications.values():
            for title in _titles(certification):
                _agree(titles, normal(title), certification.key, rule_set)
            for code in certification.exam_codes:
                _agree(exams, code, certification.key, rule_set)
            if certification.is_assessment:
                assessments.add(certification.key)
    for numbers in (workload_numbers, option_numbers):
        if len(set(numbers.values())) < len(numbers):
            raise InvalidRuleSet(f"Two keys share a number: {numbers}")
    return Vocabulary(
        workload_numbers=workload_numbers,
        option_numbers=option_numbers,
        workload_keys={number: key for key, number in workload_numbers.items()},
        option_keys={number: key for key, number in option_numbers.items()},
        _workloads=workloads,
        _options=options,
        _option_prefixes=prefixes,
        _not_options=frozenset(not_options),
        _titles=titles,
        _exams=exams,
        assessments=frozenset(assessments),
    )


PREFIXES = ("Microsoft 365 Certified: ", "Microsoft Certified: ")


def _titles(certification: rules.Certification) -> Iterable[str]:
    """Official titles carry a prefix that exports leave out or change."""
    yield certification.key
    for title in (certification.title, *certification.aliases):
        yield title
        bare = title
        for prefix in PREFIXES:
            bare = bare.removeprefix(prefix)
        if " " in bare:  # "Fundamentals" alone could be those of any product
            yield bare
            yield from (prefix + bare for prefix in PREFIXES)


def _agree(names: dict[str, T], name: str, meaning: T, rule_set: rules.RuleSet) -> None:
    if names.setdefault(name, meaning) != meaning:
        raise InvalidRuleSet(
            f"{rule_set.key}.toml: {name!r} means {meaning!r}, elsewhere {names[name]!r}"
        )
