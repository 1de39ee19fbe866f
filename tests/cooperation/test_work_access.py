"""Who may open an agreement at work, and what was said before; columns as elsewhere."""

from typing import Any

import pytest
from django.urls import reverse

from cooperation import projects, signing
from partners.models import User
from tests.cooperation.access import WHO, ask, everybody, firm_of
from tests.cooperation.worlds import world

pytestmark = pytest.mark.django_db

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
        self.people: dict[str, User] = everybody(firm, other)
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
        invitee = firm_of(self.people["invited"])
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
        return ask(self.people, who, method, url)


@pytest.mark.parametrize("name", sorted(ACCESS))
def test_access(name: str) -> None:
    scene = Scene()
    method, expected = ACCESS[name]
    url = reverse(name, kwargs=scene.arguments(name))
    assert {who: scene.ask(who, method, url) for who in WHO} == dict(
        zip(WHO, expected, strict=True)
    )
