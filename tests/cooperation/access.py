"""Who stands around an agreement in most scenes."""

from partners.models import Membership, Partner, User
from tests.factories import PartnerFactory, UserFactory, member


def everybody(firm: Partner, other: Partner) -> dict[str, User]:
    """The firm's partner manager (may sign), its project lead, its observer; the other's signer.

    Then a manager of a firm that is yet to be invited; another firm's admin, manager and signer;
    somebody who left the firm; a person without a firm; staff.
    """
    people: dict[str, User] = {
        "manager": member(firm, "manager", "signer"),
        "lead": member(firm, "lead"),
        "observer": member(firm, "observer"),
        "signer_b": member(other, "signer"),
        "invited": member(PartnerFactory.create(), "manager"),
        "stranger": member(PartnerFactory.create(), "admin", "manager", "signer"),
        "former": member(firm, "admin", "manager", "signer"),
        "loner": UserFactory.create(),
        "operator": UserFactory.create(is_staff=True, is_superuser=True),
    }
    Membership.objects.filter(user=people["former"]).update(left_at="2035-01-01T00:00Z")
    return people


def firm_of(person: User) -> Partner:
    return Membership.objects.select_related("partner").get(user=person).partner
