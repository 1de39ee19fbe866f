"""Fill a database with one firm to be looked at: tenants, people, corrections, a report, a year.

The months end with the one before today, so that pages that look at today or ahead have their work.
"""

import argparse
import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import django

django.setup()

from django.core.files import File  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.scoring import worlds  # noqa: E402
from partners.models import Membership, Partner, User  # noqa: E402
from scoring import (  # noqa: E402
    corrections,
    enrolments,
    facts,
    history,
    imports,
    months,
    reports,
    scenarios,
    scores,
)
from scoring.corrections import OfClaim  # noqa: E402
from scoring.models import Association, ColumnMapping  # noqa: E402
from scoring.scenario_changes import CustomersWon, NewFigures, PersonCertified  # noqa: E402

EMAIL = "jana@bench.example"
PEOPLE = 120
CORRECTIONS = 20
CERTIFICATIONS = ("MS-102", "MS-700", "MD-102", "SC-300", "MB-310")


def move_to(today: datetime.date) -> None:
    """The made-up months end before today, else nothing would lie ahead of the firm."""
    worlds.LAST_MONTH = months.number(today) - 1
    worlds.FIRST_MONTH = worlds.LAST_MONTH - worlds.NUMBER_OF_MONTHS + 1


def fill(tenants: int, workloads: int) -> None:
    today = timezone.localdate()
    move_to(today)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("load_rule_book", write=True, verbosity=0)
    partner = Partner.objects.create(name="Firma 0", legal_name="Firma 0 GmbH", slug="bench")
    user = User.objects.create_user(EMAIL, "Handschlag-Bench-1", name="Jana Bench")
    Membership.objects.create(
        partner=partner, user=user, is_admin=True, is_partner_manager=True, may_sign=True
    )
    world = worlds.firm(worlds.Size("page", 1, tenants, workloads), 1, 0)
    with TemporaryDirectory() as scratch:
        for number, (first, last) in enumerate(
            (
                (worlds.FIRST_MONTH, worlds.LAST_MONTH - 1),
                (worlds.LAST_MONTH, worlds.LAST_MONTH),
            )
        ):
            path = Path(scratch) / f"usage-{number}.csv"
            world.write(path, first, last)
            with path.open("rb") as stream:
                imports.run_now(partner, [(path.name, File(stream))], as_of=today)
    people = ContentFile(training(today).encode(), name="people.csv")
    imports.run_now(partner, [("people.csv", people)], as_of=today)
    correct(partner, user)
    with transaction.atomic():
        enrolments.record(
            partner,
            enrolments.MODERN_WORK,
            today - datetime.timedelta(days=100),
            by=user,
            today=today,
        )
    ColumnMapping.objects.create(
        partner=partner, kind="claims", columns=["a", "b"], mapping={"tenant": "A"}
    )
    unknown = imports.create(partner, ContentFile(b"Mandant,Produkt\nx,y", name="x.csv"), by=user)
    imports.run(unknown.pk)
    score = scores.compute(partner, today)
    history.refresh(facts.portfolio_of(partner).pk)
    reports.order(score.pk, language="de", by=user)
    plan(partner, user)


def plan(partner: Partner, user: User) -> None:
    """A scenario as people make them: customers won, one of the firm's own with more users."""
    tenant = facts.portfolio_of(partner).tenants.order_by("pk")[0]
    changes = [
        CustomersWon(
            number=5,
            workloads=("exchange", "teams"),
            option="CSP",
            seats=40,
            users=20,
            users_at_start=20,
        ),
        NewFigures(tenant=tenant.tenant_id, customer=tenant.name, workload="exchange", users=90),
        PersonCertified(name="Neu", certification="MD-102"),
    ]
    scenarios.make(partner, "Bench", by=user, changes=changes)


def training(today: datetime.date) -> str:
    """A TrainingCompletions export: some expire soon, some have expired."""
    lines = [
        "TrainingTitle,TrainingType,IndividualFirstName,IndividualLastName,CorpEmail,"
        "TrainingCompletionDate,ExpirationDate,ActivationStatus,MCPID"
    ]
    for number in range(PEOPLE):
        for place in range(1 + number % 2):
            key = CERTIFICATIONS[(number + place) % len(CERTIFICATIONS)]
            completed = today - datetime.timedelta(days=(number * 37) % 400)
            expires = completed + datetime.timedelta(days=365)
            lines.append(
                f"{key},Certification,Vorname{number},Nachname{number},p{number}@bench.example,"
                f"{completed},{expires},Active,{10_000 + number}"
            )
    return "\n".join(lines)


def correct(partner: Partner, user: User) -> None:
    """Corrections of dates, spread over the tenants."""
    portfolio = facts.portfolio_of(partner)
    rows = Association.objects.filter(portfolio=portfolio, begins_on=None, ended_on=None)
    found = list(rows.order_by("tenant_id", "workload", "option"))
    for row in found[:: max(1, len(found) // CORRECTIONS)][:CORRECTIONS]:
        corrections.make(
            partner,
            "begins_on",
            OfClaim(row.tenant_id, row.workload, row.option, row.begins),
            months.first_day(row.begins - 1),
            reason="laut Vertrag",
            by=user,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, required=True)
    parser.add_argument("--workloads", type=int, required=True)
    options = parser.parse_args()
    fill(options.tenants, options.workloads)
