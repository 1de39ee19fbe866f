"""Who may open what of pairwise points. Columns as in ``tests/test_access.py``."""

from typing import Any

import pytest
from django.urls import reverse

from cooperation import projects
from partners.models import User
from tests.cooperation.access import WHO, ask, everybody, firm_of
from tests.cooperation.pairing import paired

pytestmark = pytest.mark.django_db

NOBODY = (404, 404, 404, 404, 404, 302)
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    # A project lead works on rules two to four; what firms pay each other is rule five.
    "cooperation:point_nothing": ("get", (200, 403, 403, 403, *NOBODY)),
}


class Scene:
    def __init__(self) -> None:
        three = paired()
        firm, other = three.firms[:2]
        self.people: dict[str, User] = everybody(firm, other)
        invitee = firm_of(self.people["invited"])
        projects.invite(three.agreement.pk, invitee, **three.acting(0))
        self.agreement = three.agreement

    def arguments(self, name: str) -> dict[str, Any]:
        return {"pk": self.agreement.pk, "key": "day_rates"}

    def ask(self, who: str, method: str, url: str) -> int:
        return ask(self.people, who, method, url)


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_access(name: str) -> None:
    scene = Scene()
    method, expected = ACCESS[name]
    url = reverse(name, kwargs=scene.arguments(name))
    assert {who: scene.ask(who, method, url) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )
