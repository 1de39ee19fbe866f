"""What is wrong with a rule book, each with its line, its place and the reason."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

from cooperation.rule_books.shape import KEY

MOST = 100  # problems that are told; whoever has more begins with these


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right, in the language of the request."""

    line: int | None  # of the file, from 1; None where there is no file or no line
    place: str  # rules.responsibilities.points.raci.kind; empty for the file as a whole
    reason: str

    def __str__(self) -> str:
        line = "" if self.line is None else _("line %(number)s") % {"number": self.line}
        return ": ".join(part for part in (line, self.place, self.reason) if part)


class InvalidRuleBook(ValueError):
    """The rule book cannot be used; ``problems`` name line, place and reason, one each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = list(problems)
        self.problems = found[:MOST]
        self.more = len(found) - len(self.problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Lines:
    """Where in the YAML a place of the content stands."""

    def __init__(self, node: yaml.Node | None = None) -> None:
        self.node = node

    def of(self, path: Iterable[Any]) -> int | None:
        """The line of the deepest part of ``path`` that the file has."""
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


class Report:
    """Collects problems by their place in the content."""

    def __init__(self, content: Any, lines: Lines | None = None) -> None:
        self.content, self.lines = content, lines or Lines()
        self.problems: list[Problem] = []

    def add(self, path: tuple[Any, ...], reason: str) -> None:
        self.problems.append(Problem(self.lines.of(path), self._name(path), reason))

    def add_error(self, error: Mapping[str, Any], below: tuple[Any, ...] = ()) -> None:
        """What pydantic found, in words of the portal."""
        self.add((*below, *error["loc"]), _reason(error))

    def raise_if_any(self) -> None:
        if self.problems:
            raise InvalidRuleBook(sorted(self.problems, key=lambda p: p.line or 0))

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
        return ".".join(names)


def _reason(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch" and context.get("pattern") == KEY:
        return _(
            "A key has lower-case letters, digits and underscores, begins with a letter and is no "
            "longer than 50 characters."
        )
    if kind == "literal_error":
        values = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
        one_of = _("This has to be one of: %(expected)s.")
        return one_of % {"expected": ", ".join(values)}
    said = {
        "missing": _("This is missing."),
        "extra_forbidden": _("There is no such entry here. Is it misspelt?"),
        "string_type": _("This has to be text; in quotes, if it looks like a number."),
        "bool_type": _("This has to be true or false."),
        "int_type": _("This has to be a whole number."),
        "list_type": _("This has to be a list."),
        "dict_type": _("This has to hold entries with keys."),
        "model_type": _("This has to hold entries with keys."),
        "string_too_short": _("This must not be empty."),
        "string_too_long": _("This can have no more than %(max_length)s characters."),
        "string_pattern_mismatch": _("This does not have the form %(pattern)s."),
        "too_short": _("This needs at least %(min_length)s entries."),
        "too_long": _("This can have no more than %(max_length)s entries."),
        "greater_than_equal": _("This has to be at least %(ge)s."),
        "less_than_equal": _("This can be no more than %(le)s."),
    }.get(kind)
    return str(error["msg"]) if said is None else said % context
