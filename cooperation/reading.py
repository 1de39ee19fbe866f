"""A frozen agreement as it is read, on the page and in the PDF: from its text and nothing else.

Pure: takes what ``frozen.content`` returns. Names of firms are those of the day it was fixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cooperation.frozen import localised
from cooperation.points import Compared


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: whose it is (empty for a joint one), its lines or table, its note."""

    firm: str
    lines: tuple[str, ...]
    grid: Mapping[str, Any] | None
    note: str


@dataclass(frozen=True, slots=True)
class PointText:
    key: str
    number: str
    kind: str
    question: str
    default: str
    compared: Compared
    saids: tuple[Said, ...]
    missing: tuple[str, ...]  # firms that did not answer an optional point for themselves

    @property
    def deviates(self) -> bool:
        return self.compared.is_deviation

    @property
    def label(self) -> str:
        return self.compared.label

    @property
    def prose(self) -> bool:
        """Its lines are paragraphs, not a list."""
        return self.kind == "text"

    @property
    def has_table(self) -> bool:
        """It may be long, so a page may break within it."""
        return any(said.grid for said in self.saids)

    @property
    def shows_default(self) -> bool:
        """The default says more than the answer that equals it, or is what was departed from."""
        return self.compared not in (Compared.OWN, Compared.OPEN)

    @property
    def instead(self) -> str:
        """What applies where nobody said anything."""
        if self.compared is Compared.LEFT_OUT:
            return _("Left out on the fast track: the Kodex applies.")
        return _("No answer was needed here.")


@dataclass(frozen=True, slots=True)
class RuleText:
    number: int
    key: str
    title: str
    short: str
    principle: str
    points: tuple[PointText, ...]


ON_COVER = 8


@dataclass(frozen=True, slots=True)
class Goal:
    """The first question that all firms answer together in their own words: for the cover."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class AgreementText:
    number: int
    frozen_at: str  # ISO 8601 in UTC
    project: Mapping[str, Any]
    parties: tuple[Mapping[str, Any], ...]
    book: Mapping[str, Any]
    fast_track: bool
    rules: tuple[RuleText, ...]
    goal: Goal | None

    @property
    def deviations(self) -> list[PointText]:
        return [point for rule in self.rules for point in rule.points if point.deviates]

    @property
    def more_deviations(self) -> int:
        """Those that do not fit on the cover."""
        return max(0, len(self.deviations) - ON_COVER)

    @property
    def points(self) -> int:
        return sum(len(rule.points) for rule in self.rules)


def read(content: Mapping[str, Any], language: str) -> AgreementText:
    """The text in ``language``."""
    names = {party["id"]: party["name"] for party in content["parties"]}
    rules = tuple(
        RuleText(
            number=rule["number"],
            key=rule["key"],
            title=localised(rule["title"], language),
            short=localised(rule["short"], language),
            principle=localised(rule["principle"], language),
            points=tuple(_point(point, names, language) for point in rule["points"]),
        )
        for rule in content["rules"]
    )
    return AgreementText(
        number=content["version"],
        frozen_at=content["frozen_at"],
        project=content["project"],
        parties=tuple(content["parties"]),
        book=localised(content["rule_book"], language),
        fast_track=content["fast_track"],
        rules=rules,
        goal=_goal(content, language),
    )


def _goal(content: Mapping[str, Any], language: str) -> Goal | None:
    for rule in content["rules"]:
        for point in rule["points"]:
            if point["kind"] == "text" and point["scope"] == "joint":
                said = [localised(answer["said"], language) for answer in point["answers"]]
                question = localised(point["question"], language)
                return Goal(question, "\n".join(said[0]["lines"])) if said else None
    return None


def _point(point: Mapping[str, Any], names: Mapping[str, str], language: str) -> PointText:
    answers = point["answers"]
    answered = {answer["partner"] for answer in answers}
    own = point["scope"] == "per_partner" and answers
    return PointText(
        key=point["key"],
        number=point["number"],
        kind=point["kind"],
        question=localised(point["question"], language),
        default=localised(point["default"], language),
        compared=Compared(point["compared"]),
        saids=tuple(_said(answer, names, language) for answer in answers),
        missing=tuple(name for key, name in names.items() if own and key not in answered),
    )


def _said(answer: Mapping[str, Any], names: Mapping[str, str], language: str) -> Said:
    said = localised(answer["said"], language)
    return Said(
        firm=names.get(answer["partner"] or "", ""),
        lines=tuple(said["lines"]),
        grid=said["grid"],
        note=said["note"],
    )
