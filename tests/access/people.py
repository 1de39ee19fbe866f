"""Everybody who may stand before an address: the columns of the tables."""

from dataclasses import dataclass

from django.db.models import F

from partners.models import Membership, Partner, User
from tests.factories import PartnerFactory, UserFactory, member

# Two letters each, as in the head of the tables.
ROLES = {
    # the own firm, each with one role
    "ad": "its admin",
    "ma": "its partner manager",
    "le": "its project lead",
    "sp": "its specialist",
    "ob": "its observer",
    "si": "who may sign for it and has no role",
    # two firms
    "tw": "an observer of the own firm who is admin, manager and signer of the strangers'",
    # another firm of the same projects
    "om": "its partner manager",
    "oo": "its observer",
    # firms that take no part: admin, manager and signer in one
    "st": "of a firm that nobody invited",
    "iv": "of a firm that is invited and has not answered",
    "dc": "of a firm that declined",
    "lf": "of a firm that has left the projects",
    # without a firm
    "fo": "who was admin, manager and signer of the own firm and left it",
    "nt": "a neutral person at one point to settle",
    "ne": "a neutral person whose time is over",
    "lo": "an account and nothing else",
    "op": "the operator",
    "su": "an operator whom the own firm lets read its data, and who does",
    "xx": "not signed in",
}
OWN = ("ad", "ma", "le", "sp", "ob", "si")
EVERYTHING = ("admin", "manager", "signer")


@dataclass(frozen=True)
class Firms:
    """The firms of a world, and somebody in each of them who does what is needed."""

    own: Partner
    other: Partner
    left: Partner
    invited: Partner
    declined: Partner
    third: Partner  # takes part where it needs three
    hands: tuple[User, ...]

    @classmethod
    def found(cls, word: str) -> "Firms":
        """``word`` is in every name, so that it shows wherever something of theirs is shown."""
        own, other, left, invited, declined, third = (
            PartnerFactory.create(name=f"{word} {number}", city=word, about=f"Alles über {word}")
            for number in range(1, 7)
        )
        hands = tuple(
            member(firm, *EVERYTHING, name=f"{word} Hand {number}")
            for number, firm in enumerate((own, other, left, invited, declined, third), start=1)
        )
        return cls(own, other, left, invited, declined, third, hands)


def everybody(firms: Firms, strangers: Firms) -> dict[str, User]:
    """Their accounts; the neutral people are added by whoever invites them."""
    people: dict[str, User] = {
        "ad": member(firms.own, "admin"),
        "ma": member(firms.own, "manager"),
        "le": member(firms.own, "lead"),
        "sp": member(firms.own, "specialist"),
        "ob": member(firms.own, "observer"),
        "si": member(firms.own, "signer"),
        "tw": member(strangers.own, *EVERYTHING),
        "om": member(firms.other, "manager"),
        "oo": member(firms.other, "observer"),
        "st": member(strangers.own, *EVERYTHING),
        "iv": member(firms.invited, *EVERYTHING),
        "dc": member(firms.declined, *EVERYTHING),
        "lf": member(firms.left, *EVERYTHING),
        "fo": member(firms.own, *EVERYTHING),
        "lo": UserFactory.create(),
        "op": UserFactory.create(is_staff=True, is_superuser=True),
        "su": UserFactory.create(is_staff=True),
    }
    Membership.objects.filter(user=people["fo"]).update(left_at=F("joined_at"))
    Membership.objects.create(user=people["tw"], partner=firms.own, is_observer=True)
    return people
