import secrets

from django.core.exceptions import ValidationError
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    no_translations,
)
from django.db import transaction

from partners.accounts import addresses
from partners.models import Membership, Partner, User

ROLES = tuple(field.removeprefix("is_") for field in Membership.ROLES)


class Command(BaseCommand):
    help = (
        "Create a person in a firm, or give a person of that e-mail address one more role there. "
        "Without --password a new account gets a random one, which is printed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--partner", required=True, metavar="SLUG")
        parser.add_argument("--role", required=True, choices=ROLES)
        parser.add_argument("--may-sign", action="store_true")
        parser.add_argument("--name", default="")
        parser.add_argument("--title", default="")
        parser.add_argument("--password", default="")

    @no_translations  # the command line speaks English throughout
    @transaction.atomic
    def handle(self, *, email: str, partner: str, role: str, **options: object) -> None:
        try:
            firm = Partner.objects.get(slug=partner)
        except Partner.DoesNotExist as error:
            raise CommandError(f"There is no partner with the slug {partner!r}.") from error
        address = User.objects.normalize_email(email)
        user = User.objects.filter(email=address).first()
        said = ""
        if user is None:
            password = str(options["password"]) or secrets.token_urlsafe(12)
            user = User(email=address, name=str(options["name"]) or address.split("@")[0])
            user.set_password(password)
            try:
                user.full_clean()
            except ValidationError as error:
                raise CommandError("; ".join(error.messages)) from error
            user.save()
            addresses.keep(user, verified=True)
            said = "" if options["password"] else f", password: {password}"
        membership, _ = Membership.objects.get_or_create(partner=firm, user=user, left_at=None)
        setattr(membership, f"is_{role}", True)
        membership.may_sign = membership.may_sign or bool(options["may_sign"])
        membership.title = str(options["title"]) or membership.title
        membership.save()
        self.stdout.write(f"{user.email}: {', '.join(membership.role_labels)} ({firm.slug}){said}")
