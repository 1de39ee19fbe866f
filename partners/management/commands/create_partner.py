from django.core.exceptions import ValidationError
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    no_translations,
)

from partners.models import Partner


class Command(BaseCommand):
    help = "Create a partner firm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--legal-name", default="")
        parser.add_argument("--city", default="")
        parser.add_argument(
            "--federal-state",
            default="",
            metavar="KEY",
            help=f"for holidays in deadlines: {', '.join(s.value for s in Partner.FederalState)}",
        )

    @no_translations  # the command line speaks English throughout
    def handle(
        self,
        *,
        name: str,
        slug: str,
        legal_name: str,
        city: str,
        federal_state: str = "",
        **options: object,
    ) -> None:
        partner = Partner(
            name=name,
            slug=slug,
            legal_name=legal_name or name,
            city=city,
            federal_state=federal_state,
        )
        try:
            partner.full_clean()
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        partner.save()
        self.stdout.write(f"{partner.slug}: {partner.name}")
