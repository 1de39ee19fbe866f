"""A rule book's file that may become a new version: read, built and checked in full."""

from typing import Any

from cooperation.book import Book
from cooperation.rule_books import yaml_file
from cooperation.rule_books.checks import before_loading
from cooperation.rule_books.problems import Lines
from cooperation.rule_books.reading import build


def parse(text: str) -> tuple[Book, dict[str, Any]]:
    """The book in ``text`` (YAML) and its content as plain data, or ``InvalidRuleBook``."""
    return _checked(*yaml_file.read_text(text))


def parse_file(data: bytes) -> tuple[Book, dict[str, Any]]:
    """As ``parse``, from the bytes of a file, which may be anything."""
    return _checked(*yaml_file.read(data))


def _checked(content: Any, lines: Lines) -> tuple[Book, dict[str, Any]]:
    return build(content, lines, also=before_loading), content
