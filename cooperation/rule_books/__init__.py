"""Rule books: from YAML, checked line by line, to frozen data; and keeping their versions.

A version that was loaded never changes: agreements were made under it. Another text needs another
version. Several books can stand side by side, each under its key; the Kodex is the portal's own.
"""

from cooperation.rule_books.parsing import parse, parse_file
from cooperation.rule_books.problems import InvalidRuleBook, Problem
from cooperation.rule_books.reading import build
from cooperation.rule_books.stored import (
    KODEX,
    PACKAGED,
    VersionTaken,
    by_id,
    current,
    fingerprint,
    load_packaged,
    newest,
    newest_of_each,
    packaged,
    save,
)

__all__ = [
    "KODEX",
    "PACKAGED",
    "InvalidRuleBook",
    "Problem",
    "VersionTaken",
    "build",
    "by_id",
    "current",
    "fingerprint",
    "load_packaged",
    "newest",
    "newest_of_each",
    "packaged",
    "parse",
    "parse_file",
    "save",
]
