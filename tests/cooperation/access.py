"""The ten people of every access table, and how they ask."""

from django.db import transaction
from django.test import Client

from partners.models import Membership, Partner, User
from tests.factories import PartnerFactory, UserFactory, member

WHO = "manager lead observer signer_b invited stranger former loner operator nobody".split()
# The firm's partner manager (may sign), its project lead, its observer; the other firm's signer; a
# manager of a firm that was invited and has not answered; another firm's admin, manager and signer;
# somebody who left the firm; a person without a firm; staff; signed out.


def everybody(firm: Partner, other: Partner) -> dict[str, User]:
    """Their accounts. The firm of ``invited`` is yet to be invited."""
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


def ask(people: dict[str, User], who: str, method: str, url: str) -> int:
    """The status that this person gets; whatever the request wrote is taken back."""
    client = Client()
    if who != "nobody":
        client.force_login(people[who])
    with transaction.atomic():
        status = getattr(client, method)(url).status_code
        transaction.set_rollback(True)
    return int(status)
