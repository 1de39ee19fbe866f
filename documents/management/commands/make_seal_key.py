from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from documents import seal_making


class Command(BaseCommand):
    help = "Make a key and a certificate for the portal's seal, beside SEAL_KEY_FILE."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="Handschlag", help="who seals, as readers see it")
        parser.add_argument(
            "--if-missing", action="store_true", help="do nothing if there is a key already"
        )

    def handle(self, *, name: str, if_missing: bool, **options: object) -> None:
        folder = Path(settings.SEAL_KEY_FILE).parent
        if if_missing and Path(settings.SEAL_KEY_FILE).exists():
            return
        try:
            made = seal_making.make(folder, name=name, at=timezone.now())
        except FileExistsError as error:
            raise CommandError(
                f"There is a key already: {error.filename}. docs/evidence.md says how to rotate."
            ) from error
        self.stdout.write(f"{folder}: {made.subject}, valid until {made.not_after:%Y-%m-%d}")
