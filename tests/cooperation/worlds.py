"""Firms that work together: agreements in the states that the tests need, made by the verbs."""

from dataclasses import dataclass
from typing import Any

from cooperation import answers, fast_track, kinds, points, projects, sheets, signing
from cooperation.book import Party, Point
from cooperation.models import Agreement, AgreementVersion, Answer, Confirmation, RuleBook
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

    def between(self, firm: int, key: str, other: int | None) -> tuple[Sheet, Partner | None]:
        """The sheet on which the point stands, and the other firm of a pairwise one."""
        sheet = self.sheet
        if not sheet.book.point(key).pairwise:
            return sheet, None
        other = 1 - firm if other is None else other
        pair = sheet.between(str(self.firms[firm].pk), str(self.firms[other].pk))
        return pair, self.firms[other]

    def propose(
        self,
        firm: int,
        key: str,
        value: Any,
        revision: int | None = None,
        *,
        other: int | None = None,
    ) -> None:
        sheet, second = self.between(firm, key, other)
        if revision is None:
            revision = points.revision(sheet, sheet.book.point(key), str(self.firms[firm].pk))
        acting = self.acting(firm)
        answers.propose(self.agreement.pk, key, value, revision=revision, other=second, **acting)

    def confirm(self, firm: int, key: str, *, other: int | None = None) -> None:
        sheet, second = self.between(firm, key, other)
        revision = points.revision(sheet, sheet.book.point(key))
        acting = self.acting(firm)
        answers.confirm(self.agreement.pk, key, revision=revision, other=second, **acting)

    def press(self, firm: int) -> fast_track.Outcome:
        return fast_track.press(self.agreement.pk, **self.acting(firm))

    @property
    def asked(self) -> dict[str, Any]:
        """Answers to the joint points that the book has no default for."""
        lead = str(self.firms[0].pk)
        return {
            "shared_goal": "A quick start with Teams.",
            "cooperation_model": "prime_sub",
            "customer_lead": lead,
            "contract_party": lead,
            "commercial_model": "own_invoices",
        }

    def negotiate(self) -> None:
        """Everything agreed, step by step, as people would do it."""
        firms = range(len(self.firms))
        for firm in firms:
            self.press(firm)
        for key, value in self.asked.items():
            self.propose(0, key, value)
        for firm in firms:
            self.propose(firm, "contributions", f"What firm {firm} can do")
            self.propose(firm, "contacts", CONTACTS)
        sheet = self.sheet
        for key in (*self.asked, "contributions", "contacts"):
            waiting = points.unconfirmed(sheet, sheet.book.point(key))
            for firm in firms:
                if str(self.firms[firm].pk) in waiting:
                    self.confirm(firm, key)

    def fill(self) -> None:
        """The same rows as ``negotiate`` leaves, written at once: most tests begin here."""
        for number in range(len(self.firms)):
            self.press(number)
        sheet = self.sheet
        given: list[tuple[str, Partner | None, Any]] = [
            (key, None, value) for key, value in self.asked.items()
        ]
        for number, firm in enumerate(self.firms):
            given.append(("contributions", firm, f"What firm {number} can do"))
            given.append(("contacts", firm, CONTACTS))
        Answer.objects.bulk_create(
            Answer(
                agreement=self.agreement,
                point_key=key,
                partner=firm,
                value=kinds.clean(value, sheet.book.point(key), sheet.parties),
                updated_by=self.people[0],
                updated_by_partner=firm or self.firms[0],
            )
            for key, firm, value in given
        )
        Confirmation.objects.bulk_create(
            Confirmation(agreement=self.agreement, point_key=key, partner=firm, by=person)
            for key in (*self.asked, "contributions", "contacts")
            for firm, person in zip(self.firms, self.people, strict=True)
        )

    def freeze(self) -> AgreementVersion:
        self.fill()
        return signing.freeze(self.agreement.pk, **self.acting(0))


CONTACTS = [
    {"role": "sponsor", "person": "Ada Probst", "email": "ada@firma.example", "deputy": "Uwe"},
    {"role": "project_lead", "person": "Ben Kurz", "phone": "+49 221 1234"},
]


def world(firms: int = 2, rule_book: RuleBook | None = None, **fields: Any) -> World:
    """A project of ``firms`` firms that take part, its agreement untouched."""
    partners = [PartnerFactory.create(**fields) for _firm in range(firms)]
    people = [member(partner, "manager", "signer") for partner in partners]
    return begin(partners, people, rule_book)


def another(world: World) -> World:
    """One more project of the same firms and people."""
    return begin(world.firms, world.people)


def begin(partners: list[Partner], people: list[User], rule_book: RuleBook | None = None) -> World:
    """A project that the first of ``people`` has begun and all firms have joined."""
    agreement = projects.create(
        name="Neuer Arbeitsplatz",
        customer_name="Stadtwerke",
        by=people[0],
        partner=partners[0],
        rule_book=rule_book,
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
