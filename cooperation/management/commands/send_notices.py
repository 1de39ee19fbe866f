from django.core.management.base import BaseCommand, CommandParser, no_translations

from cooperation import notices
from cooperation.models import Notice


class Command(BaseCommand):
    help = (
        "Send the mails that are due, as the worker does. Without Celery: from cron, each minute."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="also those that were given up as not deliverable"
        )

    @no_translations
    def handle(self, *, again: bool, **options: object) -> None:
        if again:
            self.stdout.write(f"{notices.retry_failed()} to be tried again")
        done = notices.send_due()
        waiting = Notice.objects.filter(state=Notice.State.QUEUED).count()
        self.stdout.write(
            f"{done.sent} sent, {done.dropped} no longer needed, {done.failed} not sent, "
            f"{waiting} waiting"
        )
