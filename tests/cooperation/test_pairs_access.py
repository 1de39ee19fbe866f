"""Who may open what of pairwise points. Columns as in ``tests/test_access.py``."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import projects
from partners.models import Membership, User
from tests.cooperation.pairing import paired
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

WHO = "manager lead observer signer_b invited stranger former loner operator nobody".split()
NOBODY = (404, 404, 404, 404, 404, 302)
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    # A project lead works on rules two to four; what firms pay each other is rule five.
    "cooperation:point_nothing": ("get", (200, 403, 403, 403, *NOBODY)),
}


class Scene:
    def __init__(self) -> None:
        three = paired()
        firm, other = three.firms[:2]
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
        projects.invite(three.agreement.pk, invitee, **three.acting(0))
        self.agreement = three.agreement

    def arguments(self, name: str) -> dict[str, Any]:
        return {"pk": self.agreement.pk, "key": "day_rates"}

    def ask(self, who: str, method: str, url: str) -> int:
        client = Client()
        if who != "nobody":
            client.force_login(self.people[who])
        with transaction.atomic():
            status = getattr(client, method)(url).status_code
            transaction.set_rollback(True)
        return int(status)


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_access(name: str) -> None:
    scene = Scene()
    method, expected = ACCESS[name]
    url = reverse(name, kwargs=scene.arguments(name))
    assert {who: scene.ask(who, method, url) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )
