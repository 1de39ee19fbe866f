"""Firms that work together: agreements in the states that the tests need, made by the verbs."""

from dataclasses import dataclass
from typing import Any

from cooperation import answers, fast_track, points, projects, sheets, signing
from cooperation.book import Party, Point
from cooperation.models import Agreement, AgreementVersion
from cooperation.points import Sheet
from partners.models import Partner, User
from tests.factories import PartnerFactory, member


@dataclass
class World:
    """An agreement and its firms; in each a person who may do everything, signing included."""

    agreement: Agreement
    firms: list[Partner]
    people: list[User]

    @property
    def sheet(self) -> Sheet:
        self.agreement.refresh_from_db()
        return sheets.load(self.agreement)

    def point(self, key: str) -> Point:
        return self.sheet.book.point(key)

    def state(self, key: str) -> str:
        sheet = self.sheet
        return str(points.state(sheet, sheet.book.point(key)))

    def acting(self, firm: int) -> dict[str, Any]:
        return {"by": self.people[firm], "partner": self.firms[firm]}

    def propose(self, firm: int, key: str, value: Any, revision: int | None = None) -> None:
        sheet = self.sheet
        if revision is None:
            revision = points.revision(sheet, sheet.book.point(key), str(self.firms[firm].pk))
        answers.propose(self.agreement.pk, key, value, revision=revision, **self.acting(firm))

    def confirm(self, firm: int, key: str) -> None:
        sheet = self.sheet
        revision = points.revision(sheet, sheet.book.point(key))
        answers.confirm(self.agreement.pk, key, revision=revision, **self.acting(firm))

    def press(self, firm: int) -> fast_track.Outcome:
        return fast_track.press(self.agreement.pk, **self.acting(firm))

    def fill(self) -> None:
        """Everything agreed: all firms on the fast track, the points that ask answered."""
        for firm in range(len(self.firms)):
            self.press(firm)
        lead = str(self.firms[0].pk)
        self.propose(0, "shared_goal", "A quick start with Teams.")
        self.propose(0, "cooperation_model", "prime_sub")
        self.propose(0, "customer_lead", lead)
        self.propose(0, "contract_party", lead)
        self.propose(0, "commercial_model", "own_invoices")
        for firm in range(len(self.firms)):
            self.propose(firm, "contributions", f"What firm {firm} can do")
            self.propose(firm, "contacts", CONTACTS)
        sheet = self.sheet
        for key in (*JOINT, "contributions", "contacts"):
            waiting = points.unconfirmed(sheet, sheet.book.point(key))
            for firm, partner in enumerate(self.firms):
                if str(partner.pk) in waiting:
                    self.confirm(firm, key)

    def freeze(self) -> AgreementVersion:
        self.fill()
        return signing.freeze(self.agreement.pk, **self.acting(0))


JOINT = ("shared_goal", "cooperation_model", "customer_lead", "contract_party", "commercial_model")
CONTACTS = [
    {"role": "sponsor", "person": "Ada Probst", "email": "ada@firma.example", "deputy": "Uwe"},
    {"role": "project_lead", "person": "Ben Kurz", "phone": "+49 221 1234"},
]


def world(firms: int = 2, **fields: Any) -> World:
    """A project of ``firms`` firms that take part, its agreement untouched."""
    partners = [PartnerFactory.create(**fields) for _firm in range(firms)]
    people = [member(partner, "manager", "signer") for partner in partners]
    agreement = projects.create(
        name="Neuer Arbeitsplatz", customer_name="Stadtwerke", by=people[0], partner=partners[0]
    )
    for partner, person in zip(partners[1:], people[1:], strict=True):
        place = projects.invite(
            agreement.pk, partner, by=people[0], partner=partners[0], role="Umsetzung"
        )
        projects.accept(place.pk, by=person)
    return World(agreement, partners, people)


def some_parties(count: int) -> tuple[Party, ...]:
    """Firms for pure tests: keys p1, p2, ..."""
    return tuple(Party(f"p{number}", f"Firma {number}") for number in range(1, count + 1))
