from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.db import transaction

from cooperation import rule_books
from cooperation.rule_books import changes, loading


class Command(BaseCommand):
    help = (
        "Load a version of a rule book (the newest packaged one by default). "
        "Without --write: check only."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, nargs="?", default=rule_books.PACKAGED)
        parser.add_argument("--write", action="store_true", help="store the version")

    @no_translations
    @transaction.atomic
    def handle(self, *, path: Path, write: bool, **options: object) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error}") from error
        try:
            found = loading.preview(data)
            _row, created = loading.load(data) if write else (None, False)
        except rule_books.InvalidRuleBook as error:
            more = f"\nand {error.more} more" if error.more else ""
            raise CommandError(f"{path}:\n{error}{more}") from error
        except rule_books.VersionTaken as error:
            raise CommandError(f"{path}:\n{error}") from error
        done = ("loaded" if created else "was loaded already") if write else "valid, not written"
        self.stdout.write(
            f"{found.book.key} {found.book.version}: {changes.size(found.book)}, {done}"
        )
        before = found.compared_with
        if before is not None and not found.is_loaded:
            told = changes.counted(list(found.changes))
            self.stdout.write(f"Compared with {before.version}: {told}")
            self.stdout.write("".join(_lines(found.changes)), ending="")


def _lines(found: Iterable[changes.Change]) -> Iterable[str]:
    for change in found:
        number = f"{change.number} " if change.number else ""
        yield f"  {change.what.label}: {number}{change.key}: {change.title.en}\n"
        for difference in change.differences:
            before = "–" if difference.before is None else difference.before
            after = "–" if difference.after is None else difference.after
            yield f"    {difference.entry}: {before} -> {after}\n"
