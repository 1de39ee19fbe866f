from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from partners.privacy import retention


class Command(BaseCommand):
    help = (
        "Say what is kept longer than the rules allow. With --write: delete it, or erase what names"
        " people in it, as the nightly job does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *, write: bool, **options: object) -> None:
        counts = retention.run().counts if write else retention.report()
        with translation.override("en"):
            for rule in retention.rules():
                days = rule.kept.days
                self.stdout.write(
                    f"{counts[rule.key]:>7}  {rule.key:<16} {days:>5} days  {rule.what}"
                )
        if not write:
            self.stdout.write("Nothing was changed. With --write it is.")
