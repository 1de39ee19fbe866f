from typing import Any

from django.core.management.base import BaseCommand, CommandParser, no_translations
from django.utils import timezone

from scoring import notices, reminders
from scoring.models import Notice


class Command(BaseCommand):
    help = (
        "Send the mails of the designation that are due, as the worker does. Without Celery: from "
        "cron, each minute, and once a day with --remind."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="also those that were given up as not deliverable"
        )
        parser.add_argument(
            "--remind", action="store_true", help="first write the reminders of certificates"
        )

    @no_translations
    def handle(self, *, again: bool, remind: bool, **options: Any) -> None:
        if again:
            self.stdout.write(f"{notices.retry_failed()} to be tried again")
        if remind:
            told = reminders.remind_all(timezone.localdate())
            self.stdout.write(f"{told} certificates reminded of")
        done = notices.send_due()
        waiting = Notice.objects.filter(state=Notice.State.QUEUED).count()
        self.stdout.write(
            f"{done.sent} sent, {done.dropped} no longer needed, {done.failed} not sent, "
            f"{waiting} waiting"
        )
