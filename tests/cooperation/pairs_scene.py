"""Addresses of pairwise points, and rows that stand behind them."""

from typing import Any

from partners.models import User
from tests.cooperation.access import everybody
from tests.cooperation.pairing import all_settled, signed

ADDRESSES = {  # and by which method
    "cooperation:point_nothing": "get",
    "cooperation:version_annex": "get",
}


class Scene:
    """The firm and the other one are two of three that have signed."""

    def __init__(self) -> None:
        three = all_settled()
        firm, other = three.firms[:2]
        self.people: dict[str, User] = everybody(firm, other)
        self.agreement = three.agreement
        self.version = signed(three)

    def arguments(self, name: str) -> dict[str, Any]:
        if name == "cooperation:version_annex":
            return {"pk": self.version.pk, "number": 1}  # of these two
        return {"pk": self.agreement.pk, "key": "day_rates"}
