"""A rule book's file, from bytes to plain data. What YAML can do beyond plain data is refused.

Aliases can make a small file endlessly large, deep nesting can use up the stack, a later key would
silently win over an earlier one, and an unquoted day or decimal would not stay what was written.
"""

from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from cooperation.rule_books.problems import InvalidRuleBook, Lines, Problem, Report
from partners.plain import hides_something

MOST_BYTES = 1024 * 1024
DEEPEST = 20  # levels; the shape has eleven
MOST_INTEGER = 2**53 - 1  # what JSON keeps exactly everywhere

# The safe loader in C where the library has it: five times quicker.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """Reads days as text: content is JSON, which has none."""

    yaml_implicit_resolvers = {
        first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
        for first, entries in _Safe.yaml_implicit_resolvers.items()
    }


def read(data: bytes) -> tuple[Any, Lines]:
    """The content of the file and where it stands, or ``InvalidRuleBook``."""
    if len(data) > MOST_BYTES:
        reason = _("The file is larger than %(most)s KB. Is it a rule book?")
        raise InvalidRuleBook([Problem(None, "", reason % {"most": MOST_BYTES // 1024})])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reason = _("The file is not UTF-8 here. Please save it as UTF-8.")
        raise InvalidRuleBook([Problem(line, "", reason)]) from error
    return read_text(text)


def read_text(text: str) -> tuple[Any, Lines]:
    """As ``read``, from text."""
    try:
        _raise_if_any(_events(text))
        node = yaml.compose(text, Loader=_Loader)
        _raise_if_any(_keys(node))
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 -- a safe loader
    except yaml.YAMLError as error:
        raise InvalidRuleBook([_unreadable(error, text)]) from error
    report = Report(content, Lines(node))
    _plain(content, (), report)
    report.raise_if_any()
    return content, Lines(node)


def _raise_if_any(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        raise InvalidRuleBook(found)


def _unreadable(error: yaml.YAMLError, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = None
    if mark is not None:
        line = mark.line + 1
    elif isinstance(position, int):
        line = text[:position].count("\n") + 1
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return Problem(line, "", _("This cannot be read as YAML: %(reason)s") % {"reason": said})


def _events(text: str) -> Iterator[Problem]:
    """Walks the file without building anything, so nothing can grow."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = None if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            yield Problem(line, "", _("Anchors and aliases (& and *) are not used in a rule book."))
        if getattr(event, "tag", None) not in (None, "!"):
            yield Problem(line, "", _("Tags (!) are not used in a rule book."))
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield Problem(line, "", _("This is nested too deeply."))
            return


def _keys(node: yaml.Node | None) -> Iterator[Problem]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield Problem(line, "", _("A key has to be a word."))
                continue
            if key.value in seen:
                reason = _("The key “%(key)s” stands here twice.")
                yield Problem(line, "", reason % {"key": key.value})
            seen.add(key.value)
            yield from _keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys(item)


def _plain(value: Any, path: tuple[Any, ...], report: Report) -> None:
    """Only what JSON keeps as it is: text, whole numbers, true, false, null, lists, entries."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                report.add(path, _("The key %(key)s has to be in quotes.") % {"key": key})
            else:
                _plain(key, (*path, key), report)
                _plain(inner, (*path, key), report)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _plain(inner, (*path, index), report)
    elif isinstance(value, str):
        if hides_something(value):
            report.add(path, _("The text contains invisible control characters."))
    elif isinstance(value, float):
        report.add(path, _("A number with decimals has to be in quotes."))
    elif isinstance(value, int):
        if abs(value) > MOST_INTEGER:
            report.add(path, _("This number is too large."))
    elif value is not None:
        report.add(path, _("This has to be text; in quotes, if it looks like something else."))
