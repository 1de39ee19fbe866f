"""Who may open what of pairwise points. Columns as in ``tests/test_access.py``."""

from typing import Any

import pytest
from django.urls import reverse

from cooperation import projects
from partners.models import User
from tests.cooperation.access import WHO, ask, everybody, firm_of
from tests.cooperation.pairing import all_settled, paired, signed

pytestmark = pytest.mark.django_db

NOBODY = (404, 404, 404, 404, 404, 302)
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    # A project lead works on rules two to four; what firms pay each other is rule five.
    "cooperation:point_nothing": ("get", (200, 403, 403, 403, *NOBODY)),
    "cooperation:version_annex": ("get", (200, 200, 200, 200, *NOBODY)),
}


class Scene:
    """The firm and the other one are two of three; a fourth is invited, unless all have signed.

    ``name``: the address that is asked for; they have not signed where points are settled.
    """

    def __init__(self, name: str = "cooperation:version_annex") -> None:
        three = paired() if name == "cooperation:point_nothing" else all_settled()
        firm, other = three.firms[:2]
        self.people: dict[str, User] = everybody(firm, other)
        self.agreement = three.agreement
        if name == "cooperation:version_annex":
            self.version = signed(three)
            return
        invitee = firm_of(self.people["invited"])
        projects.invite(three.agreement.pk, invitee, **three.acting(0))

    def arguments(self, name: str) -> dict[str, Any]:
        if name == "cooperation:version_annex":
            return {"pk": self.version.pk, "number": 1}  # of these two
        return {"pk": self.agreement.pk, "key": "day_rates"}

    def ask(self, who: str, method: str, url: str) -> int:
        return ask(self.people, who, method, url)


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_access(name: str) -> None:
    scene = Scene(name)
    method, expected = ACCESS[name]
    url = reverse(name, kwargs=scene.arguments(name))
    assert {who: scene.ask(who, method, url) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )
