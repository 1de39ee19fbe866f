"""Who may read and write beside a point. Columns as in ``tests/test_access.py``."""

from typing import Any

import pytest
from django.urls import reverse

from cooperation import comments, projects
from partners.models import User
from tests.cooperation.access import WHO, ask, everybody, firm_of
from tests.cooperation.worlds import world

pytestmark = pytest.mark.django_db

NOBODY = (404, 404, 404, 404, 404, 302)
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    "cooperation:point_thread": ("get", (200, 200, 200, 200, *NOBODY)),
    "cooperation:comment_write": ("post", (422, 422, 403, 422, *NOBODY)),
    # Not one's own: a sentence, and nothing happens.
    "cooperation:comment_remove": ("post", (302, 302, 302, 302, *NOBODY)),
    "cooperation:depth": ("post", (302, 403, 403, 403, *NOBODY)),
}


class Scene:
    def __init__(self) -> None:
        two = world()
        firm, other = two.firms
        self.people: dict[str, User] = everybody(firm, other)
        invitee = firm_of(self.people["invited"])
        projects.invite(two.agreement.pk, invitee, **two.acting(0))
        self.agreement = two.agreement
        self.comment = comments.write(
            two.agreement.pk, "publicity", "Bitte vorher fragen", **two.acting(0)
        )

    def arguments(self, name: str) -> dict[str, Any]:
        kind = name.removeprefix("cooperation:")
        if kind == "comment_remove":
            return {"pk": self.agreement.pk, "comment": self.comment.pk}
        if kind == "depth":
            return {"pk": self.agreement.pk}
        return {"pk": self.agreement.pk, "key": "publicity"}

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
