"""Addresses beside a point, and rows that stand behind them."""

from typing import Any

from cooperation import comments, projects
from partners.models import User
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.worlds import world

ADDRESSES = {  # and by which method
    "cooperation:point_thread": "get",
    "cooperation:comment_write": "post",
    "cooperation:comment_remove": "post",
    "cooperation:depth": "post",
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
