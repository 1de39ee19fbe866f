"""Who may open and do what on the way out; beside ``tests/access``."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import endings, perms, retrospectives
from cooperation.models import Ending, Participation
from partners.models import Membership, User
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.ending_worlds import in_force, look_back, on, propose_end, write
from tests.cooperation.worlds import World
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db

ADDRESSES = {  # and by which method
    "cooperation:ending": "get",
    "cooperation:ending_notice": "post",
    "cooperation:ending_propose": "post",
    "cooperation:ending_consent": "post",
    "cooperation:ending_withdraw": "post",
    "cooperation:ending_go_on": "post",
    "cooperation:ending_rather_end": "post",
    "cooperation:closing": "get",
    "cooperation:closing_item": "post",
    "cooperation:retrospective": "get",
    "cooperation:retrospective_rule": "post",
    "cooperation:retrospective_hand_in": "post",
    "cooperation:retrospective_take_back": "post",
    "cooperation:retrospective_close": "post",
    "cooperation:abandon": "get",
    "cooperation:archive": "post",
}
DAY = "2026-12-01"


class Scene:
    """Two firms whose term runs out in December, an earlier end proposed; a third one invited."""

    def __init__(self) -> None:
        self.world: World = in_force(ends_on="2026-12-20")
        firm, other = self.world.firms
        self.people: dict[str, User] = everybody(firm, other)
        Participation.objects.create(
            project=self.world.agreement.project,
            partner=firm_of(self.people["invited"]),
            position=9,
            invited_by=self.world.people[0],
            invited_by_partner=firm,
        )
        with on(DAY):
            self.ending = propose_end(self.world, 0, "2026-12-10")

    def arguments(self, name: str) -> dict[str, Any]:
        if name in {
            "cooperation:ending_consent",
            "cooperation:ending_withdraw",
            "cooperation:ending_go_on",
            "cooperation:ending_rather_end",
        }:
            return {"pk": self.ending.pk}
        more = {
            "cooperation:closing_item": {"item": "access"},
            "cooperation:retrospective_rule": {"rule": "communication"},
        }
        return {"pk": self.world.agreement.pk, **more.get(name, {})}

    def ask(self, who: str, method: str, url: str) -> int:
        """The status for that person; whatever the request did is undone."""
        client = Client(headers={"accept-language": "de"})
        with on(DAY), transaction.atomic():
            if who != "nobody":
                client.force_login(self.people[who])
            response = getattr(client, method)(url)
            transaction.set_rollback(True)
        return int(response.status_code)


def test_items_and_rules_that_do_not_exist_are_not_found() -> None:
    scene = Scene()
    pk = scene.world.agreement.pk
    for name, more in (
        ("cooperation:closing_item", {"item": "secrets"}),
        ("cooperation:retrospective_rule", {"rule": "rule-eight"}),
    ):
        assert scene.ask("manager", "post", reverse(name, kwargs={"pk": pk, **more})) == 404


def test_firm_that_left_sees_no_end() -> None:
    three = in_force(3, ends_on="2026-12-20")
    Participation.objects.filter(partner=three.firms[2]).update(
        state="left", left_at="2026-11-01T00:00Z", left_by=three.people[2]
    )
    with on(DAY):
        ending = propose_end(three, 0, "2026-12-10")

    assert not Ending.objects.visible_to(three.people[2]).exists()
    assert Ending.objects.visible_to(three.people[1]).get() == ending


ROLES = {  # who: end, tick off and look back, hand in, give up
    "manager": (False, True, True, True),
    "lead": (False, True, False, False),
    "specialist": (False, True, False, False),
    "observer": (False, False, False, False),
    "signer": (True, True, True, True),
    "admin": (False, False, False, False),
}


@pytest.mark.parametrize("role", ROLES)
def test_roles(role: str) -> None:
    two = in_force()
    stranger = Membership.objects.get(user=member(PartnerFactory.create(), role))
    membership = Membership.objects.get(user=member(two.firms[0], role))
    rights = (perms.can_end, perms.can_look_back, perms.can_hand_in, perms.can_abandon)

    assert tuple(right(membership, two.agreement) for right in rights) == ROLES[role]
    for other in (stranger, None):
        assert [right(other, two.agreement) for right in rights] == [False] * 4


def test_operator_with_a_membership_ends_nothing() -> None:
    two = in_force()
    User.objects.filter(pk=two.people[0].pk).update(is_staff=True)

    assert not perms.can_end(Membership.objects.get(user=two.people[0]), two.agreement)


def test_words_and_times_of_a_look_back_are_in_no_page_of_the_other_firm() -> None:
    two = in_force(ends_on="2026-12-20")
    with on("2026-12-21", hour=6):  # 7:00 in Berlin
        write(two, 0, word="streng geheim ")
    with on("2026-12-21", hour=10):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))
    # What one firm reads while it writes (in UTC in a hidden field), the other must not.
    assert seen(two, 0) == ({"cooperation:retrospective"}, {"06", "07", "11"})
    assert seen(two, 1) == (set(), {"11"})

    with on("2026-12-21", hour=12):
        retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))
    assert seen(two, 1) == (set(), {"11"})
    with on("2026-12-21", hour=14):
        look_back(two, 1)
    assert seen(two, 1) == ({"cooperation:retrospective"}, {"11", "15"})  # when it was opened


def seen(some: World, person: int) -> tuple[set[str], set[str]]:
    """Pages on which the person reads the words, and the hours of that day on any page."""
    pages: dict[str, dict[str, Any]] = {
        "home": {},
        "cooperation:project_list": {},
        "cooperation:project_detail": {"pk": some.agreement.project_id},
        "cooperation:agreement_detail": {"pk": some.agreement.pk},
        "cooperation:ending": {"pk": some.agreement.pk},
        "cooperation:closing": {"pk": some.agreement.pk},
        "cooperation:retrospective": {"pk": some.agreement.pk},
        "cooperation:version": {"pk": some.agreement.versions.get().pk},
    }
    with on("2026-12-22"):
        client = Client(headers={"accept-language": "de"})
        client.force_login(some.people[person])
        bodies = {
            name: client.get(reverse(name, kwargs=arguments)).content.decode()
            for name, arguments in pages.items()
        }
    hours = {f"{hour:02}" for hour in range(24) if any(told(hour, b) for b in bodies.values())}
    return {name for name, body in bodies.items() if "streng geheim" in body}, hours - {"00"}


def told(hour: int, body: str) -> bool:
    return f"2026-12-21T{hour:02}:" in body or f"21.12.2026 {hour:02}:" in body
