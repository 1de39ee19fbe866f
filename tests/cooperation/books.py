"""Rule books for the tests: the Kodex as it was first, and a small one of another community."""

from pathlib import Path

from cooperation import rule_books
from cooperation.book import Book
from cooperation.models import RuleBook

FIRST_KODEX = rule_books.PACKAGED.with_name("p2p-kodex-2025.1.yaml")
NORDPAKT = Path(__file__).with_name("nordpakt.yaml")


def read(path: Path) -> Book:
    return rule_books.parse_file(path.read_bytes())[0]


def load(path: Path) -> RuleBook:
    return rule_books.save(*rule_books.parse_file(path.read_bytes()))[0]
