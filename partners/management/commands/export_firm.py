from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from partners import firm_log
from partners.models import Partner
from partners.privacy import archive


class Command(BaseCommand):
    help = "Write all data of a firm into a ZIP that import_firm takes in. The firm's log says so."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("path", type=Path)

    @no_translations
    def handle(self, *, slug: str, path: Path, **options: object) -> None:
        partner = Partner.objects.filter(slug=slug).first()
        if partner is None:
            raise CommandError(f"There is no firm {slug}.")
        if path.exists():
            raise CommandError(f"{path} is there already.")
        firm_log.record(partner, "data_exported")
        written = archive.write(partner, path.absolute().parent)
        written.path.replace(path)
        self.stdout.write(f"{path}: {sum(written.rows.values())} rows, {written.size} bytes")
        self.stdout.write(f"SHA-256 {written.sha256}")
