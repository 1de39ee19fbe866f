"""What the firms of the demo plan: scenarios, work without a claim, what they show each other."""

from collections.abc import Mapping
from uuid import UUID

from config.demo.firms import BRUECKNER
from config.demo.story import Desk
from partners.models import Membership
from scoring import claim_list, disclosures, monthly_reports, rule_sets, scenarios
from scoring.claim_list import Noted
from scoring.models import Disclosure
from scoring.scenario_changes import AssociationBegun, CustomersWon, NewFigures, PersonCertified


def make(desks: Mapping[str, Desk]) -> None:
    """Once the firms have scores."""
    jana, tobias = desks["jana"], desks["tobias"]
    _scenarios(jana, tobias)
    claim_list.note(
        jana.partner,
        Noted(
            customer_name="Verlag am Dom",
            workload=rule_sets.vocabulary().workload_numbers["teams"],
            seats=120,
            users=34,
            users_a_month=6,
            note="Wir schulen dort seit September, zugeordnet ist noch nichts.",
        ),
        by=tobias.user,
    )
    for desk, language, length in ((jana, "de", "short"), (tobias, "de", "full")):
        membership = Membership.objects.get(user=desk.user, partner=desk.partner)
        monthly_reports.subscribe(membership.pk, language=language, length=length, by=jana.user)
    _show(desks)


def _scenarios(jana: Desk, tobias: Desk) -> None:
    scenarios.make(
        jana.partner,
        "Herbstkampagne",
        by=tobias.user,
        note="Drei neue Kunden aus der Messe, zwei bestehende über 40 %.",
        changes=[
            CustomersWon(
                name="Messekontakt",
                number=3,
                workloads=("exchange", "teams"),
                option="CSP",
                seats=25,
                users=14,
                users_at_start=14,
            ),
            NewFigures(
                tenant=_tenant("Bäckerei Theisen"),
                customer="Bäckerei Theisen",
                workload="exchange",
                users=20,
            ),
            NewFigures(
                tenant=_tenant("Sportverein Deutz 08"),
                customer="Sportverein Deutz 08",
                workload="exchange",
                users=11,
            ),
        ],
    )
    scenarios.make(
        jana.partner,
        "Mehr CPOR, noch ein MS-102",
        by=jana.user,
        changes=[
            AssociationBegun(
                tenant=_tenant("Stadtwerke Lüdenau"),
                customer="Stadtwerke Lüdenau",
                workload="teams",
                option="CPOR",
                seats=240,
                users=190,
                users_at_start=150,
            ),
            PersonCertified(name="Aylin Demir", certification="MS-102"),
        ],
    )


def _tenant(name: str) -> UUID:
    return UUID(next(one.tenant_id for one in BRUECKNER.customers if one.name == name))


def _show(desks: Mapping[str, Desk]) -> None:
    """Each the way it likes: everybody, one firm, one metric."""
    sabine, jana, katharina = desks["sabine"], desks["jana"], desks["katharina"]
    disclosures.show(sabine.partner, None, Disclosure.What.DESIGNATION, by=sabine.user)
    disclosures.show(jana.partner, sabine.partner, Disclosure.What.DESIGNATION, by=jana.user)
    disclosures.show(
        katharina.partner,
        jana.partner,
        Disclosure.What.METRIC,
        track="smb",
        metric="usage_growth",
        by=katharina.user,
    )
