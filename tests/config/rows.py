"""Rows of other people that more than one module needs."""

from datetime import datetime

from partners.models import NamedContact, PartnerContact, Registration
from partners.privacy import named_contacts
from tests.factories import PartnerFactory


def named_contact(email: str = "kontakt@kunde.example") -> NamedContact:
    """Somebody outside whom a firm has named, and who was noted for the mail that tells them."""
    firm = PartnerFactory.create(name="Weser IT")
    PartnerContact.objects.create(partner=firm, purpose="Sales", name="Kim Kontakt", email=email)
    named_contacts.note()
    return NamedContact.objects.get(partner=firm)


def registration(at: datetime) -> Registration:
    return Registration.objects.create(
        name="Neu",
        legal_name="Neu GmbH",
        website="https://neu.example",
        domain="neu.example",
        email="chefin@neu.example",
        person_name="Chefin",
        registered_at=at,
    )
