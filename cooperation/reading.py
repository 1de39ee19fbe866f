"""A frozen agreement as it is read, on the page and in the PDF: from its text and nothing else.

Pure: takes what ``frozen.content`` returns, of the text and of the annexes that the reader may see.
Names of firms are those of the day it was fixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from cooperation.frozen import localised
from cooperation.points import EXPLORATORY, FAST_TRACK, Compared, PairKey

Content = Mapping[str, Any]  # a text or an annex, see ``frozen.content``


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
    between: str = ""  # of a point in an annex: the two firms
    within: "tuple[PointText, ...]" = ()  # the same point in the annexes that the reader may see
    elsewhere: int = 0  # number of the annexes that have it and are not the reader's

    @property
    def in_annexes(self) -> bool:
        """It is settled between two firms at a time: the common text has only its place."""
        return self.compared is Compared.ANNEX

    @property
    def says_nothing(self) -> bool:
        """It does not apply, and nobody said why."""
        nothing = self.compared is Compared.NOT_APPLICABLE and not self.missing
        return nothing and not any(said.note for said in self.saids)

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
        return any(said.grid for each in (self, *self.within) for said in each.saids)

    @property
    def shows_default(self) -> bool:
        """The default says more than the answer that equals it, or is what was departed from."""
        return self.compared not in (Compared.OWN, Compared.OPEN, Compared.ANNEX)

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

    @property
    def told(self) -> list[PointText]:
        """Its points, those of annexes in the place that the text keeps for them."""
        return [each for point in self.points for each in (point.within or (point,))]


@dataclass(frozen=True, slots=True)
class Annex:
    """What two firms settled between them: its fingerprint, and its points if they are known."""

    number: int
    firms: tuple[str, str]
    sha256: str
    points: tuple[PointText, ...]
    is_readable: bool

    @property
    def between(self) -> str:
        return " – ".join(self.firms)


@dataclass(frozen=True, slots=True)
class Change:
    """A point that reads differently than in the version before; None: nothing was said there."""

    rule: int
    number: str
    question: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    between: str = ""  # the two firms whose annex it stands in

    @property
    def unchanged(self) -> int:
        """Lines that stand in both; 0 where only their order differs."""
        gone, new = self._differing
        return len(self.after or ()) - len(new) if gone or new else 0

    @property
    def gone(self) -> tuple[str, ...]:
        """What stood there and does no more: of a long table only the rows concerned."""
        gone, new = self._differing
        return gone if gone or new else self.before or ()

    @property
    def new(self) -> tuple[str, ...]:
        gone, new = self._differing
        return new if gone or new else self.after or ()

    @property
    def _differing(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        before, after = self.before or (), self.after or ()
        gone = tuple(line for line in before if line not in after)
        return gone, tuple(line for line in after if line not in before)

    @property
    def is_short(self) -> bool:
        """Old and new fit on one line."""
        lines = [self.before or ("",), self.after or ("",)]
        return all(len(each) == 1 for each in lines) and sum(len(each[0]) for each in lines) < SHORT


SHORT = 90


@dataclass(frozen=True, slots=True)
class AmendmentText:
    """What a version changes, as it says itself."""

    reason: str
    effective_on: date
    base: int
    base_sha256: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    tells_before: bool  # not where somebody joined who has not signed the version before
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class NotAsked:
    number: str
    question: str


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
    depth: str  # as in ``points``; empty in a text that did not say it yet
    not_asked: tuple[NotAsked, ...]
    annexes: tuple[Annex, ...]
    amendment: AmendmentText | None

    @property
    def deviations(self) -> list[PointText]:
        return [point for rule in self.rules for point in rule.told if point.deviates]

    @property
    def still_open(self) -> list[PointText]:
        return self._where(Compared.OPEN)

    @property
    def left_out(self) -> list[PointText]:
        return self._where(Compared.LEFT_OUT)

    def _where(self, compared: Compared) -> list[PointText]:
        told = (point for rule in self.rules for point in rule.told)
        return [point for point in told if point.compared is compared]

    @property
    def unsettled(self) -> int:
        """How many points have no answer, for whatever reason."""
        return len(self.still_open) + len(self.left_out) + len(self.not_asked)

    @property
    def answered(self) -> int:
        points = (point for rule in self.rules for point in rule.points)
        return sum(each.compared not in (Compared.OPEN, Compared.LEFT_OUT) for each in points)

    @property
    def is_exploratory(self) -> bool:
        return self.depth == EXPLORATORY

    @property
    def depth_label(self) -> str:
        """How far the agreement goes, where that is not all the way."""
        if self.depth == EXPLORATORY:
            return _("First talk")
        return _("Fast track") if self.depth == FAST_TRACK else ""

    @property
    def is_frame(self) -> bool:
        return bool(self.project.get("is_frame"))

    @property
    def title(self) -> str:
        return _("Frame agreement") if self.is_frame else _("Cooperation agreement")

    @property
    def own_annexes(self) -> list[Annex]:
        return [annex for annex in self.annexes if annex.is_readable]

    @property
    def other_annexes(self) -> list[Annex]:
        return [annex for annex in self.annexes if not annex.is_readable]

    @property
    def more_deviations(self) -> int:
        """Those that do not fit on the cover."""
        return max(0, len(self.deviations) - ON_COVER)

    @property
    def points(self) -> int:
        return sum(len(rule.points) for rule in self.rules)


def read(
    content: Content, language: str, annexes: Mapping[PairKey, Content] | None = None
) -> AgreementText:
    """The text in ``language``, with ``annexes``: those that the reader may see, by their pair."""
    names = {party["id"]: party["name"] for party in content["parties"]}
    known = annexes or {}
    between = tuple(
        _annex(number, annex, known.get((*annex["parties"],)), names, language)
        for number, annex in enumerate(content.get("annexes", []), start=1)
    )
    rules = tuple(
        RuleText(
            number=rule["number"],
            key=rule["key"],
            title=localised(rule["title"], language),
            short=localised(rule["short"], language),
            principle=localised(rule["principle"], language),
            points=tuple(_in_place(point, names, language, between) for point in rule["points"]),
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
        depth=content.get("depth", ""),
        not_asked=tuple(
            NotAsked(point["number"], localised(point["question"], language))
            for point in content.get("not_asked", [])
        ),
        annexes=between,
        amendment=_amendment(content, known, between, language),
    )


def _annex(
    number: int,
    annex: Content,
    known: Content | None,
    names: Mapping[str, str],
    language: str,
) -> Annex:
    one, other = (names[key] for key in annex["parties"])
    told = known["points"] if known else []
    own = {key: names[key] for key in annex["parties"]}
    points = tuple(_point(point, own, language, f"{one} – {other}") for point in told)
    return Annex(number, (one, other), annex["sha256"], points, known is not None)


def _in_place(
    point: Content, names: Mapping[str, str], language: str, annexes: tuple[Annex, ...]
) -> PointText:
    """A point of the text; one that pairs settle, with what the reader may know of it."""
    told = _point(point, names, language)
    if not told.in_annexes:
        return told
    found = [each for annex in annexes for each in annex.points if each.key == told.key]
    nothing = [each for each in found if each.says_nothing]
    within = tuple(each for each in found if not each.says_nothing)
    if nothing:  # with many firms these are most, and there is nothing more to read in any of them
        between = ", ".join(each.between for each in nothing)
        said = replace(nothing[0].saids[0], firm="")
        within += (replace(nothing[0], between=between, saids=(said,)),)
    unknown = sum(not annex.is_readable for annex in annexes)
    return replace(told, within=within, elsewhere=unknown)


def _amendment(
    content: Content,
    known: Mapping[PairKey, Content],
    annexes: tuple[Annex, ...],
    language: str,
) -> AmendmentText | None:
    said = content.get("amendment")
    if said is None:
        return None
    changes = [_change(change, language) for change in said["changes"]]
    for annex, row in zip(annexes, content.get("annexes", []), strict=True):
        told = known.get((*row["parties"],), {}).get("changes", [])
        changes += [_change(change, language, annex.between) for change in told]
    return AmendmentText(
        reason=said["reason"],
        effective_on=date.fromisoformat(said["effective_on"]),
        base=said["base"]["version"],
        base_sha256=said["base"]["sha256"],
        joined=tuple(firm["name"] for firm in said.get("joined", [])),
        left=tuple(firm["name"] for firm in said.get("left", [])),
        tells_before=said.get("tells_before", True),
        changes=tuple(sorted(changes, key=_order)),
    )


def _change(change: Content, language: str, between: str = "") -> Change:
    before, after = change["before"], change["after"]
    return Change(
        rule=int(change["number"].split(".")[0]),
        number=change["number"],
        question=localised(change["question"], language),
        before=tuple(localised(before, language)) if before else None,
        after=tuple(localised(after, language)) if after else None,
        between=between,
    )


def _order(change: Change) -> list[int]:
    return [int(part) for part in change.number.split(".")]


def _goal(content: Mapping[str, Any], language: str) -> Goal | None:
    for rule in content["rules"]:
        for point in rule["points"]:
            if point["kind"] == "text" and point["scope"] == "joint":
                said = [localised(answer["said"], language) for answer in point["answers"]]
                question = localised(point["question"], language)
                return Goal(question, "\n".join(said[0]["lines"])) if said else None
    return None


def _point(point: Content, names: Mapping[str, str], language: str, between: str = "") -> PointText:
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
        between=between,
    )


def _said(answer: Mapping[str, Any], names: Mapping[str, str], language: str) -> Said:
    said = localised(answer["said"], language)
    return Said(
        firm=names.get(answer["partner"] or "", ""),
        lines=tuple(said["lines"]),
        grid=said["grid"],
        note=said["note"],
    )
