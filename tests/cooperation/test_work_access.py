"""Who may open an agreement at work, and what was said before; columns as elsewhere."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import projects, signing
from partners.models import Membership, User
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

WHO = "manager lead observer signer_b invited stranger former loner operator nobody".split()
NOBODY = (404, 404, 404, 404, 404, 302)
OWN = (200, 403, 403, 403, 200, 200, 403, 403, 403, 302)  # every firm its own
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    "cooperation:work": ("get", (200, 200, 200, 200, *NOBODY)),
    "cooperation:calendar": ("get", (200, 200, 200, 200, *NOBODY)),
    "cooperation:review_hold": ("post", (422, 422, 403, 403, *NOBODY)),
    "cooperation:reuse": ("get", (302, 403, 403, 403, *NOBODY)),
    "cooperation:frame_create": ("get", OWN),
    "cooperation:preference_list": ("get", OWN),
    "cooperation:preference_list_of": ("get", OWN),
    "cooperation:preference": ("get", OWN),
    "cooperation:preference_forget": (
        "post",
        (302, 403, 403, 403, 302, 302, 403, 403, 403, 302),
    ),
}


class Scene:
    """An agreement in force; one more firm was invited and has not answered when it ended."""

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
        version = two.freeze()
        for number in (0, 1):
            signing.sign(
                version.pk,
                seen=version.sha256,
                language="de",
                authority="prokura",
                **two.acting(number),
            )
        self.agreement = two.agreement
        invitee = Membership.objects.get(user=self.people["invited"]).partner
        draft = projects.create(name="Neu", customer_name="Werft", **two.acting(0))
        projects.invite(draft.pk, invitee, **two.acting(0))

    def arguments(self, name: str) -> dict[str, Any]:
        kind = name.removeprefix("cooperation:")
        if kind in {"frame_create", "preference_list"}:
            return {}
        if kind == "preference_list_of":
            return {"book": "p2p-kodex"}
        if kind.startswith("preference"):
            return {"book": "p2p-kodex", "key": "exclusivity"}
        return {"pk": self.agreement.pk}

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
