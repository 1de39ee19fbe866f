"""Who may open the page of associations. Columns as in ``tests/test_access.py``."""

import pytest
from django.urls import reverse

from cooperation import projects
from partners.models import User
from tests.cooperation.access import WHO, ask, everybody, firm_of
from tests.cooperation.worlds import world

pytestmark = pytest.mark.django_db

ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    # Everybody of a firm that takes part: each sees what it is worth to the own one.
    "cooperation:association_worth": ("get", (200, 200, 200, 200, 404, 404, 404, 404, 404, 302)),
}


class Scene:
    def __init__(self) -> None:
        two = world()
        firm, other = two.firms
        self.people: dict[str, User] = everybody(firm, other)
        invitee = firm_of(self.people["invited"])
        projects.invite(two.agreement.pk, invitee, **two.acting(0))
        self.agreement = two.agreement

    def ask(self, who: str, method: str, url: str) -> int:
        return ask(self.people, who, method, url)


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
