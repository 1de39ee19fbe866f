from datetime import date, timedelta
from io import StringIO
from unittest import mock

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    no_translations,
)
from django.db import transaction
from django.utils import timezone

from config.demo import plans, story, usage
from config.demo.firms import FIRMS, PASSWORD, Firm
from config.demo.story import Desk
from documents.models import Document
from partners.accounts import addresses
from partners.models import Membership, Partner, PartnerContact, User
from scoring import enrolments, facts, history, imports, reports, rule_sets, scores


class Command(BaseCommand):
    help = "Load four invented firms with their people, projects and usage data. Does so once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--show", action="store_true", help="only print the people and their password"
        )

    @no_translations
    def handle(self, *, show: bool, **options: object) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo people have a password everybody knows: not in production.")
        if not show:
            # A demo from before has none, and its new originals would wait for a seal.
            call_command(
                "make_seal_key", if_missing=True, name="Handschlag Demo", stdout=StringIO()
            )
            if Partner.objects.filter(slug=FIRMS[0].slug).exists():
                self.stdout.write("The demo data are loaded already.")
                return
            load(timezone.localdate())
            self.stdout.write("The demo data are loaded.")
        self.stdout.write(people())


def people() -> str:
    """Who can sign in, as a table for the console."""
    lines = [f"Password of everybody: {PASSWORD}"]
    for firm in FIRMS:
        lines += ["", firm.name]
        for person in firm.people:
            roles = [role.replace("_", " ") for role in person.roles]
            if person.may_sign:
                roles.append("may sign")
            hint = f"   <- {person.hint}" if person.hint else ""
            lines.append(f"  {person.email:<30} {person.name}, {', '.join(roles)}{hint}")
    return "\n".join(lines)


def load(today: date) -> None:
    """All of it or nothing; the PDFs are made here, so that no worker is needed."""
    # The broker may not run yet. Documents are built below, and nothing else is queued.
    with mock.patch.object(current_app, "send_task"):
        with transaction.atomic():
            desks: dict[str, Desk] = {}
            for firm in FIRMS:
                desks |= create(firm)
            for firm in FIRMS:
                bring_usage(firm, today)
            story.tell(desks)
            plans.make(desks)
            for slug, local in (("brueckner", "jana"), ("lindenhof", "sabine")):
                if (score := scores.latest(Partner.objects.get(slug=slug))) is not None:
                    reports.order(score.pk, language="de", by=desks[local].user)
        current_app.loader.import_default_modules()  # else no task is known outside a worker
        for document in Document.objects.unfinished().order_by("created_at"):
            current_app.tasks[document.task](str(document.pk))


def create(firm: Firm) -> dict[str, Desk]:
    partner = Partner.objects.create(
        slug=firm.slug,
        name=firm.name,
        legal_name=firm.legal_name,
        register_number=firm.register_number,
        city=firm.city,
        country="Deutschland",
        federal_state=firm.federal_state,
        website=firm.website,
        microsoft_partner_ids=[firm.mpn_id],
        competences=list(firm.competences),
        about=firm.about,
        signing_rule=firm.signing_rule,
    )
    for purpose, name, email, phone in firm.contacts:
        PartnerContact.objects.create(
            partner=partner, purpose=purpose, name=name, email=email, phone=phone
        )
    desks = {}
    for person in firm.people:
        user = User.objects.create_user(person.email, PASSWORD, name=person.name)
        addresses.keep(user, verified=True)
        Membership.objects.create(
            partner=partner,
            user=user,
            title=person.title,
            may_sign=person.may_sign,
            **{f"is_{role}": True for role in person.roles},
        )
        desks[person.email.partition("@")[0]] = Desk(user, partner)
    return desks


def first_of_before(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def bring_usage(firm: Firm, today: date) -> None:
    """Import the firm's files through the same door as everybody's."""
    if not firm.customers:
        return
    number = today.year * 12 + today.month - 2  # the month before today's
    last = date(number // 12, number % 12 + 1, 1)
    mpn_id, name = firm.mpn_id, firm.legal_name
    earlier = f"TrainingCompletions-{first_of_before(last):%Y-%m}.csv"
    files = {
        earlier: usage.training_completions(
            firm.certified_before, today=today, mpn_id=mpn_id, partner=name
        ),
        f"OfficeUsage-{last:%Y-%m}.csv": usage.office_usage(
            firm.customers, last=last, mpn_id=mpn_id, partner=name
        ),
        f"CPOR-M365-{last:%Y-%m}.csv": usage.cpor_claims(firm.customers, last=last, mpn_id=mpn_id),
        f"TrainingCompletions-{last:%Y-%m}.csv": usage.training_completions(
            firm.certified, today=today, mpn_id=mpn_id, partner=name
        ),
        f"Claims-{today:%Y-%m-%d}.csv": usage.claims_export(
            usage.Claimed(customer, workload, state)
            for wanted, workload, state in firm.claims
            for customer in firm.customers
            if customer.name == wanted
        ),
    }
    if not firm.certified_before:
        del files[earlier]
    if not firm.claims:
        del files[f"Claims-{today:%Y-%m-%d}.csv"]
    partner = Partner.objects.get(slug=firm.slug)
    uploads = [(name, ContentFile(content, name=name)) for name, content in files.items()]
    importer = Membership.objects.filter(partner=partner, is_partner_manager=True).first()
    by = importer.user if importer else None
    imports.run_now(partner, uploads, by=by)
    history.refresh(facts.portfolio_of(partner).pk)
    score = scores.latest(partner)
    if score is not None and score.designated:
        designation = rule_sets.get(score.rule_set).designation
        enrolled_on = today - timedelta(days=200)
        enrolments.record(partner, designation, enrolled_on, by=by, today=today)
