"""What one version of a rule book says differently from another. Pure: compares plain content.

Everything that is in the file is compared, under the names it has there, so that whoever wrote it
finds the place; a point is found again by its key, wherever it stands.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation.book import Book, Text

Content = Mapping[str, Any]
ALIKE = 0.5  # share of words in common from which two texts are shown as one


class What(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"

    @property
    def label(self) -> str:
        return {What.ADDED: _("New"), What.REMOVED: _("Gone"), What.CHANGED: _("Changed")}[self]


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry of the file: ``columns.association_type`` or ``help_de``. None: not there."""

    entry: str
    before: str | None
    after: str | None

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Both texts in one, word by word: ("same" | "gone" | "new", words)."""
        if self.before is None or self.after is None:
            return []
        old, new = self.before.split(), self.after.split()
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        if matcher.ratio() < ALIKE:
            return [("gone", self.before), ("new", self.after)]
        parts = []
        for _tag, a, b, c, d in matcher.get_opcodes():
            if _tag == "equal":
                parts.append(("same", " ".join(old[a:b])))
                continue
            parts += [
                (what, " ".join(words))
                for what, words in (("gone", old[a:b]), ("new", new[c:d]))
                if words
            ]
        return parts


@dataclass(frozen=True, slots=True)
class Change:
    """A point that is new, gone or different; or a rule, or what stands above the rules."""

    what: What
    number: str  # "3.12" in the version that has it (the later one), "3" of a rule, else empty
    key: str
    title: Text
    is_point: bool
    differences: tuple[Difference, ...] = ()


def between(old: Content, new: Content) -> list[Change]:
    """What changed from ``old`` to ``new``: above the rules, the rules, the points in order."""
    changes = [*_book(old, new), *_rules(old, new)]
    before, after = _points(old), _points(new)
    for key, (number, rule, point) in after.items():
        title = Text(point["question_de"], point["question_en"])
        if key not in before:
            changes.append(Change(What.ADDED, number, key, title, is_point=True))
            continue
        was_number, was_rule, was = before[key]
        found = _compare(was, point)
        if was_rule != rule:
            found.insert(0, Difference("rule", f"{was_rule} ({was_number})", f"{rule} ({number})"))
        if found:
            changes.append(Change(What.CHANGED, number, key, title, True, tuple(found)))
    for key, (number, _rule, point) in before.items():
        if key not in after:
            title = Text(point["question_de"], point["question_en"])
            changes.append(Change(What.REMOVED, number, key, title, is_point=True))
    return changes


def counted(changes: list[Change]) -> str:
    """How many points are new, gone and different, in a sentence."""
    counts = {what: sum(c.is_point and c.what is what for c in changes) for what in What}
    others = sum(not change.is_point for change in changes)
    said = [
        ngettext("%(number)d new point", "%(number)d new points", counts[What.ADDED])
        % {"number": counts[What.ADDED]},
        ngettext("%(number)d point gone", "%(number)d points gone", counts[What.REMOVED])
        % {"number": counts[What.REMOVED]},
        ngettext("%(number)d point changed", "%(number)d points changed", counts[What.CHANGED])
        % {"number": counts[What.CHANGED]},
    ]
    if others:
        said.append(
            ngettext(
                "%(number)d change beside the points",
                "%(number)d changes beside the points",
                others,
            )
            % {"number": others}
        )
    return ", ".join(said)


def size(book: Book) -> str:
    """How large the book is: "7 rules, 68 points"."""
    rules, points = len(book.rules), len(book.points)
    return ", ".join(
        (
            ngettext("%(number)d rule", "%(number)d rules", rules) % {"number": rules},
            ngettext("%(number)d point", "%(number)d points", points) % {"number": points},
        )
    )


def _points(content: Content) -> dict[str, tuple[str, str, Content]]:
    return {
        point["key"]: (f"{rule['number']}.{position}", rule["key"], point)
        for rule in content["rules"]
        for position, point in enumerate(rule["points"], 1)
    }


def _book(old: Content, new: Content) -> Iterator[Change]:
    """What stands above the rules. The version itself is what is being compared."""
    aside = {"rules", "version"}
    found = _compare(
        {key: value for key, value in old.items() if key not in aside},
        {key: value for key, value in new.items() if key not in aside},
    )
    if found:
        title = Text(new["title_de"], new["title_en"])
        yield Change(What.CHANGED, "", new["key"], title, False, tuple(found))


def _rules(old: Content, new: Content) -> Iterator[Change]:
    before = {rule["key"]: rule for rule in old["rules"]}
    after = {rule["key"]: rule for rule in new["rules"]}
    for key, rule in after.items():
        title = Text(rule["title_de"], rule["title_en"])
        if key not in before:
            yield Change(What.ADDED, str(rule["number"]), key, title, is_point=False)
            continue
        found = _compare(_without_points(before[key]), _without_points(rule))
        found += _order("points", before[key]["points"], rule["points"])
        if found:
            yield Change(What.CHANGED, str(rule["number"]), key, title, False, tuple(found))
    for key, rule in before.items():
        if key not in after:
            title = Text(rule["title_de"], rule["title_en"])
            yield Change(What.REMOVED, str(rule["number"]), key, title, is_point=False)


def _without_points(rule: Content) -> Content:
    return {key: value for key, value in rule.items() if key != "points"}


# ---- Entries of the file -----------------------------------------------------------------------


def _compare(old: Any, new: Any, entry: str = "") -> list[Difference]:
    """Every entry below ``entry`` that is not the same."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = [*new, *(key for key in old if key not in new)]
        return [
            difference
            for key in keys
            for difference in _compare(old.get(key), new.get(key), f"{entry}.{key}".lstrip("."))
        ]
    if _has_keys(old) and _has_keys(new):
        before, after = ({item["key"]: item for item in items} for items in (old, new))
        return _compare(before, after, entry) + _order(entry, old, new)
    # As text: Python holds 1 and true to be equal.
    if json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True):
        return []
    return [Difference(entry, _said(old), _said(new))]


def _order(entry: str, old: list[Content], new: list[Content]) -> list[Difference]:
    """Another order of what stands in both."""
    before, after = ([item["key"] for item in items] for items in (old, new))
    stayed = [key for key in before if key in after]
    now = [key for key in after if key in before]
    if stayed == now:
        return []
    return [
        Difference(_("%(entry)s (order)") % {"entry": entry}, ", ".join(stayed), ", ".join(now))
    ]


def _has_keys(value: Any) -> bool:
    """A list of entries that have keys; also an empty one, which may get or have lost some."""
    return isinstance(value, list) and all(isinstance(v, Mapping) and "key" in v for v in value)


def _said(value: Any) -> str | None:
    """An entry as one reads it: words for named things, else what stands in the file."""
    if value is None or isinstance(value, str):
        return value
    if _is_named(value):
        return _name(value)
    if isinstance(value, list) and value and all(map(_is_named, value)):
        return "; ".join(map(_name, value))
    return json.dumps(value, ensure_ascii=False)


def _is_named(value: Any) -> bool:
    return isinstance(value, Mapping) and {"de", "en"} <= set(value)


def _name(value: Content) -> str:
    return value["de"] if value["de"] == value["en"] else f"{value['de']} / {value['en']}"
