from typing import Any

from django.core.management.base import BaseCommand, CommandError

from documents import keeping


class Command(BaseCommand):
    help = "Compare every stored PDF with the hash it was stored with."

    def handle(self, *args: Any, **options: object) -> None:
        found = list(keeping.damages())
        for each in found:
            self.stderr.write(str(each))
        if found:
            raise CommandError(f"{len(found)} stored documents are damaged.")
        self.stdout.write("All stored documents are as they were stored.")
