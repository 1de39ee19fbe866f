from django.core.management.base import BaseCommand
from django.db import transaction

from config.checks import demo_people
from config.demo.firms import FIRMS
from partners.models import Partner


class Command(BaseCommand):
    help = (
        "Close the accounts of all invented people and hide the demo's firms. What they signed "
        "stays: evidence cannot be deleted. An empty database is the better beginning."
    )

    @transaction.atomic
    def handle(self, **options: object) -> None:
        people = list(demo_people().select_for_update())
        for person in people:
            person.is_active = False  # ends their sessions too
            person.set_unusable_password()
            person.save(update_fields=["is_active", "password"])
        firms = Partner.objects.filter(slug__in=[firm.slug for firm in FIRMS], is_active=True)
        hidden = firms.update(is_active=False)
        self.stdout.write(f"Closed {len(people)} accounts, hid {hidden} firms.")
