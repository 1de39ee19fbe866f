"""Firms and people for the tests. A room's own factories stand beside its tests."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from partners.models import Membership, Partner, User

PASSWORD = "ein-gutes-Kennwort-7"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@firma.example")
    password = factory.django.Password(PASSWORD)


class PartnerFactory(DjangoModelFactory[Partner]):
    class Meta:
        model = Partner

    name = factory.Sequence(lambda n: f"Firma {n}")
    legal_name = factory.LazyAttribute(lambda firm: f"{firm.name} GmbH")
    slug = factory.Sequence(lambda n: f"firma-{n}")
    city = "Köln"

    class Params:
        jointly = factory.Trait(signing_rule=Partner.SigningRule.TWO_JOINTLY)


class MembershipFactory(DjangoModelFactory[Membership]):
    """A person in a firm; traits name what they may: ``MembershipFactory(signer=True)``."""

    class Meta:
        model = Membership

    partner = factory.SubFactory(PartnerFactory)
    user = factory.SubFactory(UserFactory)

    class Params:
        admin = factory.Trait(is_admin=True)
        manager = factory.Trait(is_partner_manager=True)
        lead = factory.Trait(is_project_lead=True)
        specialist = factory.Trait(is_specialist=True)
        observer = factory.Trait(is_observer=True)
        signer = factory.Trait(may_sign=True, title="Geschäftsführerin")


def member(partner: Partner, *traits: str, **fields: Any) -> User:
    """A new person of ``partner`` with the roles named by ``traits``."""
    user_fields = {key: fields.pop(key) for key in ("name", "email") if key in fields}
    return MembershipFactory(
        partner=partner, user=UserFactory(**user_fields), **dict.fromkeys(traits, True), **fields
    ).user
