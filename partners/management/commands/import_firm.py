from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from partners.privacy import archive_import


class Command(BaseCommand):
    help = (
        "Take in the archive of a firm that this portal does not know. Chains, hashes and documents"
        " are proved; when something is wrong, nothing is changed. Its people have no passwords."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)

    @no_translations
    def handle(self, *, path: Path, **options: object) -> None:
        try:
            imported = archive_import.load(path)
        except archive_import.InvalidArchive as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{imported.partner.name}: {sum(imported.rows.values())} rows")
        for name in imported.unreachable:
            self.stdout.write(
                f"The address of {name} belongs to another account; theirs is closed."
            )
