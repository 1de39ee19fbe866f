from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.utils import timezone

from documents import seal_making


class Command(BaseCommand):
    help = "Make a key and a certificate for the portal's seal, beside SEAL_KEY_FILE."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="Handschlag", help="who seals, as readers see it")
        parser.add_argument(
            "--if-missing", action="store_true", help="do nothing if there is a key already"
        )
        parser.add_argument(
            "--rotate", action="store_true", help="put a new key in the place of the present one"
        )

    @no_translations
    def handle(self, *, name: str, if_missing: bool, rotate: bool, **options: object) -> None:
        key = Path(settings.SEAL_KEY_FILE)
        folder = key.parent
        if if_missing and key.exists():
            return
        files = tuple(folder / file for file in seal_making.FILES)
        if settings.SEAL_PKCS11_MODULE or (key, Path(settings.SEAL_CERTIFICATE_FILE)) != files:
            raise CommandError(
                "This command makes key.pem and certificate.pem in one folder. The settings name "
                "another kind of key, or other files: see docs/seal.md."
            )
        try:
            if rotate:
                made = seal_making.rotate(folder, name=name, at=timezone.now())
            else:
                made = seal_making.make(folder, name=name, at=timezone.now())
        except FileExistsError as error:
            raise CommandError(
                f"There is a key already: {error.filename}. --rotate puts another in its place; "
                "see docs/seal.md."
            ) from error
        except FileNotFoundError as error:
            raise CommandError(f"There is no key yet: {error.filename} is missing.") from error
        except seal_making.NotOurs as error:
            raise CommandError(f"{error} Replace it by hand; see docs/seal.md.") from error
        self.stdout.write(f"{folder}: {made.subject}, valid until {made.not_after:%Y-%m-%d}")
