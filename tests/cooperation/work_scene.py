"""Addresses of an agreement at work and of what was said before, and rows behind them."""

from typing import Any

from cooperation import projects, signing
from partners.models import User
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.worlds import world

ADDRESSES = {  # and by which method
    "cooperation:work": "get",
    "cooperation:calendar": "get",
    "cooperation:review_hold": "post",
    "cooperation:reuse": "get",
    "cooperation:frame_create": "get",
    "cooperation:preference_list": "get",
    "cooperation:preference_list_of": "get",
    "cooperation:preference": "get",
    "cooperation:preference_forget": "post",
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
