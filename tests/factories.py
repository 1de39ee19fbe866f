"""Firms and people for the tests. A room's own factories stand beside its tests."""

from typing import Any

from factory.declarations import LazyAttribute, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory, Password
from factory.helpers import post_generation

from partners.accounts import addresses
from partners.models import Membership, Partner, User

PASSWORD = "ein-gutes-Kennwort-7"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = Sequence(lambda n: f"Person {n}")
    email = Sequence(lambda n: f"person{n}@firma.example")
    password = Password(PASSWORD)

    @post_generation
    def verified(self: Any, create: bool, verified: bool | None, **_rest: Any) -> None:
        """The address as signing in wants it; ``verified=False`` for one that nobody has proved."""
        if create:
            addresses.keep(self, verified=verified is not False)


class PartnerFactory(DjangoModelFactory[Partner]):
    class Meta:
        model = Partner

    name = Sequence(lambda n: f"Firma {n}")
    legal_name = LazyAttribute(lambda firm: f"{firm.name} GmbH")
    slug = Sequence(lambda n: f"firma-{n}")
    city = "Köln"

    class Params:
        jointly = Trait(signing_rule=Partner.SigningRule.TWO_JOINTLY)


class MembershipFactory(DjangoModelFactory[Membership]):
    """A person in a firm; traits name what they may: ``MembershipFactory(signer=True)``."""

    class Meta:
        model = Membership

    partner = SubFactory(PartnerFactory)
    user = SubFactory(UserFactory)

    class Params:
        admin = Trait(is_admin=True)
        manager = Trait(is_partner_manager=True)
        lead = Trait(is_project_lead=True)
        specialist = Trait(is_specialist=True)
        observer = Trait(is_observer=True)
        signer = Trait(may_sign=True, title="Geschäftsführerin")


def member(partner: Partner, *traits: str, **fields: Any) -> User:
    """A new person of ``partner`` with the roles named by ``traits``."""
    user_fields = {key: fields.pop(key) for key in ("name", "email") if key in fields}
    user: User = UserFactory.create(**user_fields)
    MembershipFactory(partner=partner, user=user, **dict.fromkeys(traits, True), **fields)
    return user
