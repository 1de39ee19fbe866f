"""What the visitor of the demo finds: projects, each at another point of its life.

Everything happens through the portal's own verbs, so nothing here can look different from what
people do in the portal.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from django.utils import timezone

from cooperation import (
    answers,
    blind,
    comments,
    disputes,
    fast_track,
    points,
    projects,
    sheets,
    signing,
)
from cooperation.kinds import starting_value
from cooperation.models import Agreement, AgreementVersion
from partners.models import Partner, User

NETWORK = "198.51.100.0/24"  # for documentation (RFC 5737): of nobody


@dataclass(frozen=True)
class Desk:
    """A person at work for a firm."""

    user: User
    partner: Partner

    @property
    def key(self) -> str:
        return str(self.partner.pk)

    def answers(
        self, agreement: Agreement, other: "Desk | None" = None, **values: Mapping[str, Any]
    ) -> None:
        """Answer points as if the form had just been opened; pairwise ones with ``other``."""
        for point_key, value in values.items():
            sheet = self._sheet(agreement, point_key, other)
            revision = points.revision(sheet, sheet.book.point(point_key), self.key)
            answers.propose(
                agreement.pk,
                point_key,
                value,
                by=self.user,
                partner=self.partner,
                other=other.partner if other else None,
                revision=revision,
            )

    def _sheet(self, agreement: Agreement, point_key: str, other: "Desk | None") -> points.Sheet:
        sheet = sheets.load(agreement)
        if not sheet.book.point(point_key).pairwise:
            return sheet
        if other is None:
            return next(pair for _firm, pair in sheet.pairs_of(self.key))
        return sheet.between(self.key, other.key)

    def confirms_everything(self, agreement: Agreement) -> None:
        """Agree with all that stands there and waits for this firm."""
        sheet = sheets.load(agreement)
        for point in points.visible_points(sheet):
            places = sheet.pairs_of(self.key) if point.pairwise else [(None, sheet)]
            for other, here in places:
                revision = points.revision(here, point)
                waits = self.key in points.unconfirmed(here, point)
                waits = waits and self.key not in points.missing_answers(here, point)
                if revision and waits and point.key not in here.talks:
                    answers.confirm(
                        agreement.pk,
                        point.key,
                        by=self.user,
                        partner=self.partner,
                        other=Partner.objects.get(pk=other.key) if other else None,
                        revision=revision,
                    )

    def asks_to_talk(self, agreement: Agreement, point_key: str, comment: str) -> None:
        answers.ask_to_talk(agreement.pk, point_key, comment, by=self.user, partner=self.partner)

    def says_in_the_spirit_of_the_kodex(self, agreement: Agreement) -> None:
        fast_track.press(agreement.pk, by=self.user, partner=self.partner)

    def signs(self, version: AgreementVersion) -> None:
        signing.sign(
            version.pk,
            by=self.user,
            partner=self.partner,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            circumstances=signing.Circumstances(
                shown_at=max(version.frozen_at, timezone.now() - timedelta(minutes=12)),
                network=NETWORK,
            ),
        )


def begin(
    desk: Desk, *others: Desk, name: str, customer: str, about: str, roles: tuple[str, ...]
) -> Agreement:
    """A project that all of ``others`` have joined."""
    agreement = projects.create(
        name=name,
        customer_name=customer,
        description=about,
        role=roles[0],
        by=desk.user,
        partner=desk.partner,
    )
    for other, role in zip(others, roles[1:], strict=True):
        place = projects.invite(
            agreement.pk, other.partner, by=desk.user, partner=desk.partner, role=role
        )
        projects.accept(place.pk, by=other.user)
    return agreement


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """Let what happens inside have happened ``days`` back, by the portal's own clock.

    Nothing is dated back afterwards: the log of an agreement cannot be.
    """
    # What a model field has as its default is bound already, so not ``now`` is moved but its clock.
    moved = SimpleNamespace(now=lambda tz=None: datetime.now(tz) - timedelta(days=days))
    with mock.patch.object(timezone, "datetime", moved):
        yield


def contact(role: str, person: str, email: str, deputy: str, phone: str = "") -> dict[str, str]:
    return {"role": role, "person": person, "email": email, "phone": phone, "deputy": deputy}


BRUECKNER_CONTACTS = {
    "contacts": [
        contact(
            "sponsor",
            "Jana Brückner",
            "jana@brueckner-it.example",
            "Tobias Kern",
            "+49 221 5550 10",
        ),
        contact("project_lead", "Aylin Demir", "aylin@brueckner-it.example", "Mira Sander"),
        contact("data_protection", "Ruth Hagen", "ruth@brueckner-it.example", "Jana Brückner"),
    ]
}
LINDENHOF_CONTACTS = {
    "contacts": [
        contact("sponsor", "Sabine Ortmann", "sabine@lindenhof.example", "Dr. Henrik Thomsen"),
        contact(
            "project_lead",
            "Marek Nowak",
            "marek@lindenhof.example",
            "Lea Winkler",
            "+49 40 5550 344",
        ),
        contact("technical_lead", "Omar Said", "omar@lindenhof.example", "Sven Albers"),
    ]
}
ISARWERK_CONTACTS = {
    "contacts": [
        contact("sponsor", "Katharina Moll", "katharina@isarwerk.example", "Felix Anders"),
        contact("project_lead", "Felix Anders", "felix@isarwerk.example", "Dilan Aksoy"),
    ]
}


def tell(desks: Mapping[str, Desk]) -> None:
    """The projects; ``desks`` by the local part of each person's address."""
    in_force(desks)
    waiting_for_the_visitor(desks)
    in_negotiation(desks)
    first_talk(desks)
    fresh_invitation(desks)


def in_force(desks: Mapping[str, Desk]) -> None:
    """Brückner and Lindenhof at the municipal works: signed by all, with three deviations."""
    tobias, sabine = desks["tobias"], desks["sabine"]
    agreement = _agreed_at_the_municipal_works(tobias, sabine, desks["marek"])
    version = signing.freeze(agreement.pk, by=tobias.user, partner=tobias.partner)
    for signer in ("jana", "henrik", "sabine"):
        desks[signer].signs(version)
    disputes.begin(
        version.pk,
        "change_requests",
        subject="Dritte Welle: mehr Außenstellen als beschrieben",
        description=(
            "Die Stadtwerke nennen jetzt neun Außenstellen, im Angebot stehen fünf. Wir sehen "
            "darin einen Änderungswunsch und möchten vor der dritten Welle klären, wer das mit "
            "dem Kunden bespricht."
        ),
        by=sabine.user,
        partner=sabine.partner,
    )


@days_ago(23)
def _agreed_at_the_municipal_works(tobias: Desk, sabine: Desk, marek: Desk) -> Agreement:
    agreement = begin(
        tobias,
        sabine,
        name="Moderner Arbeitsplatz für die Stadtwerke",
        customer="Stadtwerke Lüdenau",
        about=(
            "240 Arbeitsplätze von Dateiservern und Telefonanlage nach Microsoft 365 mit Teams "
            "Telefon, in drei Wellen bis zum Sommer."
        ),
        roles=("Betreut den Kunden, Einführung vor Ort", "Architektur, Migration und Betrieb"),
    )
    tobias.answers(
        agreement,
        shared_goal={
            "text": "Die Stadtwerke arbeiten ab Juli ohne Dateiserver und ohne alte Telefonanlage. "
            "Gelungen ist es, wenn in jeder Abteilung vier von fünf Beschäftigten Teams täglich "
            "nutzen und die Leitstelle keinen Anruf verloren hat."
        },
        contributions={
            "text": "Zugang zum Kunden seit 2009, Projektleitung vor Ort, Schulung der "
            "Abteilungen, zwei Menschen im Service Desk."
        },
        cooperation_model={"choice": "prime_sub"},
        contacts=BRUECKNER_CONTACTS,
        customer_lead={"choice": tobias.key},
        contract_party={"choice": tobias.key},
        commercial_model={"choice": "fixed_share"},
        revenue_split={"shares": {tobias.key: "62.50", sabine.key: "37.50"}},
    )
    tobias.says_in_the_spirit_of_the_kodex(agreement)
    sabine.answers(
        agreement,
        contributions={
            "text": "Architektur für Exchange, Teams Telefon und Intune, Migrationsteam mit drei "
            "Menschen, Betrieb rund um die Uhr nach der Einführung."
        },
        contacts=LINDENHOF_CONTACTS,
        payment_days={"number": 14, "unit": "days"},
        customer_contact_rule={
            "choice": "lead_only",
            "note": "Die Stadtwerke wünschen eine einzige Adresse.",
        },
        response_time={"number": 1, "unit": "working_days"},
    )
    marek.answers(agreement, raci=_shared_out(agreement, tobias, sabine))
    sabine.confirms_everything(agreement)
    tobias.confirms_everything(agreement)
    return agreement


def _shared_out(agreement: Agreement, lead: Desk, expert: Desk) -> dict[str, Any]:
    """The lead accountable for everything, the expert responsible for the technical rows."""
    sheet = sheets.load(agreement)
    point = sheet.book.point("raci")
    filled = starting_value(point, sheet.parties, sheet.joint)
    rows = []
    for row in filled["rows"] if filled else ():
        technical = row.get("key") in {"design", "build", "security", "operations"}
        cells = {lead.key: "A", expert.key: "R"} if technical else {lead.key: "AR", expert.key: "C"}
        rows.append({**row, "cells": cells})
    return {"rule": "", "rows": rows}


def waiting_for_the_visitor(desks: Mapping[str, Desk]) -> None:
    """Isarwerk and Brückner: Isarwerk has signed, Jana Brückner's signature is missing."""
    felix, katharina, tobias = desks["felix"], desks["katharina"], desks["tobias"]
    agreement = _agreed_at_the_diakonie(katharina, tobias)
    version = signing.freeze(agreement.pk, by=felix.user, partner=felix.partner)
    katharina.signs(version)


@days_ago(9)
def _agreed_at_the_diakonie(katharina: Desk, tobias: Desk) -> Agreement:
    agreement = begin(
        katharina,
        tobias,
        name="Teams, das benutzt wird",
        customer="Diakonie Bergisch Land",
        about="Schulung und Begleitung von 180 Menschen in Pflege und Verwaltung, sechs Monate.",
        roles=("Schulung und Begleitung", "Vertragspartner, Lizenzen und Technik"),
    )
    katharina.answers(
        agreement,
        shared_goal={
            "text": "In sechs Monaten plant jede Pflegegruppe ihre Dienste in Teams. Gelungen ist "
            "es, wenn die Dienstpläne aus Papier verschwunden sind."
        },
        contributions={"text": "Konzept, zwölf Schulungstage, Sprechstunden, Auswertung."},
        cooperation_model={"choice": "referral"},
        contacts=ISARWERK_CONTACTS,
        customer_lead={"choice": tobias.key},
        contract_party={"choice": tobias.key},
        commercial_model={"choice": "referral_fee"},
        fee_or_margin={"percent": "8.00"},
    )
    katharina.says_in_the_spirit_of_the_kodex(agreement)
    tobias.answers(
        agreement,
        contributions={"text": "Zugang zum Kunden, Lizenzen, technische Einrichtung von Teams."},
        contacts=BRUECKNER_CONTACTS,
    )
    tobias.says_in_the_spirit_of_the_kodex(agreement)
    tobias.confirms_everything(agreement)
    katharina.confirms_everything(agreement)
    return agreement


def in_negotiation(desks: Mapping[str, Desk]) -> None:
    """Three firms at a machine builder; two points need a talk."""
    tobias, katharina = desks["tobias"], desks["katharina"]
    agreement = _begun_at_the_machine_builder(desks["sabine"], tobias, katharina)
    comments.write(
        agreement.pk,
        "publicity",
        "Wäre es für Sie in Ordnung, wenn wir den Text vorher allen zeigen? Dann könnte der Punkt "
        "so stehen bleiben.",
        by=tobias.user,
        partner=tobias.partner,
        mentions=[katharina.user.pk],
    )
    comments.write(
        agreement.pk,
        "publicity",
        "Intern: Uns genügt eine Nennung ohne Zahlen.",
        by=desks["jana"].user,
        partner=tobias.partner,
        audience="internal",
    )


@days_ago(5)
def _begun_at_the_machine_builder(sabine: Desk, tobias: Desk, katharina: Desk) -> Agreement:
    agreement = begin(
        sabine,
        tobias,
        katharina,
        name="Copilot in der Konstruktion",
        customer="Hansa Maschinenbau",
        about="Pilot mit 60 Menschen in Konstruktion und Einkauf, danach Entscheidung über alle.",
        roles=("Hauptauftragnehmer", "Geräte und Sicherheit", "Schulung und Begleitung"),
    )
    sabine.answers(
        agreement,
        shared_goal={
            "text": "Sechzig Menschen arbeiten drei Monate mit Copilot. Am Ende weiß die "
            "Geschäftsführung mit Zahlen, ob es sich für alle lohnt."
        },
        contributions={"text": "Gesamtleitung, Datenklassifizierung, Anbindung der Zeichnungen."},
        cooperation_model={"choice": "prime_sub"},
        contacts=LINDENHOF_CONTACTS,
        customer_lead={"choice": sabine.key},
        contract_party={"choice": sabine.key},
        commercial_model={"choice": "day_rates"},
    )
    katharina.answers(
        agreement,
        contributions={"text": "Schulungen, Sprechstunden, Messung der Nutzung."},
        contacts=ISARWERK_CONTACTS,
        own_interests={"text": "Eine Referenz, über die wir sprechen dürfen."},
    )
    for desk in (sabine, tobias, katharina):
        desk.says_in_the_spirit_of_the_kodex(agreement)
    sabine.answers(agreement, tobias, day_rates=_day_rates(1080, 1320, 1040, 1160))
    tobias.answers(agreement, sabine, day_rates=_day_rates(960, 1180, 920, 1020))
    katharina.answers(agreement, sabine, day_rates=_day_rates(890, 0, 0, 940))
    sabine.confirms_everything(agreement)
    katharina.confirms_everything(agreement)
    katharina.asks_to_talk(
        agreement,
        "publicity",
        "Wir leben von Referenzen. Können wir vereinbaren, dass jeder über seinen eigenen Anteil "
        "berichten darf, sobald der Kunde zustimmt?",
    )
    tobias.asks_to_talk(
        agreement,
        "overrun_costs",
        "Beim Pilot ist der Umfang noch offen. Wer trägt den Mehraufwand, wenn die Daten nicht in "
        "dem Zustand sind, den der Kunde beschreibt?",
    )
    return agreement


def first_talk(desks: Mapping[str, Desk]) -> None:
    """Isarwerk and Brückner before their first talk: each answers alone, Isarwerk has."""
    felix, katharina, tobias = desks["felix"], desks["katharina"], desks["tobias"]
    with days_ago(3):
        agreement = begin(
            katharina,
            tobias,
            name="Sicheres Arbeiten in der Tagespflege",
            customer="Diakonie Bergisch Land",
            about="Vierzig Tablets für die Tagespflege; Geräte, Schutz, Schulung aus einer Hand.",
            roles=("Schulung und Begleitung", "Geräte und Sicherheit"),
        )
    acting: Any = {"by": katharina.user, "partner": katharina.partner}
    blind.open_round(agreement.pk, **acting)
    said: dict[str, Mapping[str, Any]] = {
        "shared_goal": {"text": "Die Pflege arbeitet mit dem Tablet, ohne an Technik zu denken."},
        "contributions": {"text": "Schulung in den Häusern, Sprechstunden, Auswertung."},
        "cooperation_model": {"choice": "side_by_side"},
        "customer_protection": {"answer": "yes"},
        "fair_conduct": {"answer": "yes"},
        "contacts": ISARWERK_CONTACTS,
        "customer_lead": {"choice": katharina.key},
        "contract_party": {"choice": tobias.key},
        "non_solicitation": {"answer": "yes"},
        "commercial_model": {"choice": "own_invoices"},
        "presales_costs": {"choice": "own"},
        "speak_up": {"answer": "yes"},
        "nda_basis": {"choice": "kodex"},
    }
    for key, value in said.items():
        blind.save(agreement.pk, key, value, revision=0, **acting)
    blind.hand_in(agreement.pk, by=felix.user, partner=felix.partner)


def _day_rates(*amounts: int) -> dict[str, Any]:
    """Of consulting, architecture, development, project management; 0: not offered."""
    rows = zip(("consultant", "architect", "developer", "pm"), amounts, strict=True)
    offered = [{"key": key, "amount": f"{amount}.00"} for key, amount in rows if amount]
    return {"currency": "EUR", "rows": offered, "note": "Reisezeit zählt zur Hälfte."}


@days_ago(1)
def fresh_invitation(desks: Mapping[str, Desk]) -> None:
    """Fördeblick asks Brückner to join; nobody has answered."""
    lasse, tobias = desks["lasse"], desks["tobias"]
    agreement = projects.create(
        name="Erster Umzug in die Cloud",
        customer_name="Bootswerft an der Förde",
        customer_is_alias=True,
        description="Zwölf Arbeitsplätze, ein alter Server im Keller, ein enger Zeitplan.",
        role="Vertragspartner",
        by=lasse.user,
        partner=lasse.partner,
    )
    projects.invite(
        agreement.pk,
        tobias.partner,
        by=lasse.user,
        partner=lasse.partner,
        role="Sicherheit und Geräte",
        message="Ihr habt Intune schon oft eingeführt, wir noch nie. Macht ihr mit?",
    )
