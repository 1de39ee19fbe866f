from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from cooperation import checklist_pdf, rule_books


class Command(BaseCommand):
    help = (
        "Load a version of a rule book (the packaged one by default). Without --write: check only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, nargs="?", default=rule_books.PACKAGED)
        parser.add_argument("--write", action="store_true", help="store the version")

    @transaction.atomic
    def handle(self, *, path: Path, write: bool, **options: object) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: {error}") from error
        try:
            book, content = rule_books.parse(text)
            row, created = rule_books.save(book, content)
        except (rule_books.InvalidRuleBook, rule_books.VersionTaken) as error:
            raise CommandError(f"{path}:\n{error}") from error
        if write:
            checklist_pdf.ensure(row)
        transaction.set_rollback(not write)
        done = ("loaded" if created else "was loaded already") if write else "valid, not written"
        self.stdout.write(f"{book.key} {book.version}: {len(book.points)} points, {done}")
