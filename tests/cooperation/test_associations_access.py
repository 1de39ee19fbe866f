"""Who may open the page of associations. Columns as in ``tests/test_access.py``."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import projects
from partners.models import Membership, User
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

WHO = "manager lead observer signer_b invited stranger former loner operator nobody".split()
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    # Everybody of a firm that takes part: each sees what it is worth to the own one.
    "cooperation:association_worth": ("get", (200, 200, 200, 200, 404, 404, 404, 404, 404, 302)),
}


class Scene:
    def __init__(self) -> None:
        two = world()
        firm, other = two.firms
        self.people: dict[str, User] = {
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
        Membership.objects.filter(user=self.people["former"]).update(left_at="2035-01-01T00:00Z")
        invitee = Membership.objects.get(user=self.people["invited"]).partner
        projects.invite(two.agreement.pk, invitee, **two.acting(0))
        self.agreement = two.agreement

    def ask(self, who: str, method: str, url: str) -> int:
        client = Client()
        if who != "nobody":
            client.force_login(self.people[who])
        with transaction.atomic():
            status = getattr(client, method)(url).status_code
            transaction.set_rollback(True)
        return int(status)


@pytest.mark.parametrize("query", ["", "?seats=50&active=20&later=60"])
@pytest.mark.parametrize("name", sorted(ACCESS))
def test_access(name: str, query: str) -> None:
    scene = Scene()
    method, expected = ACCESS[name]
    url = reverse(name, args=[scene.agreement.pk]) + query
    assert {who: scene.ask(who, method, url) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )
    assert scene.ask("manager", "post", url) == 405
