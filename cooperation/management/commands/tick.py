from django.core.management.base import BaseCommand, CommandError, no_translations

from cooperation import clock


class Command(BaseCommand):
    help = (
        "Do what has become due, as the clock does every five minutes. Without Celery: from cron."
    )

    @no_translations
    def handle(self, **options: object) -> None:
        if failed := clock.tick():
            raise CommandError(f"not finished, see the log: {', '.join(failed)}")
        self.stdout.write(f"{len(clock.SUBJECTS)} subjects asked")
