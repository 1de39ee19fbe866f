"""Who may know of what, and who may do what, below the pages."""

import pytest

from cooperation import perms, projects, signing
from cooperation.models import (
    Agreement,
    AgreementVersion,
    CustomerProject,
    Participation,
)
from partners.models import Membership, User
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db


def seen(user: User) -> dict[str, int]:
    return {
        "projects": CustomerProject.objects.visible_to(user).count(),
        "places": Participation.objects.visible_to(user).count(),
        "agreements": Agreement.objects.visible_to(user).count(),
        "versions": AgreementVersion.objects.visible_to(user).count(),
    }


NOTHING = {"projects": 0, "places": 0, "agreements": 0, "versions": 0}


def test_members_of_firms_that_take_part_see_the_project() -> None:
    two = world()
    two.freeze()

    for person in (*two.people, member(two.firms[1], "observer")):
        assert seen(person) == {"projects": 1, "places": 2, "agreements": 1, "versions": 1}


def test_others_see_nothing() -> None:
    two = world()
    two.freeze()
    left = member(two.firms[0], "manager")
    Membership.objects.filter(user=left).update(left_at="2030-01-01T00:00Z")
    operator = UserFactory.create(is_staff=True, is_superuser=True)

    for person in (member(PartnerFactory.create(), "manager"), left, operator):
        assert seen(person) == NOTHING


def test_invited_firm_sees_only_its_invitation() -> None:
    two = world()
    firm = PartnerFactory.create()
    person = member(firm, "manager", "signer")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    assert seen(person) == {**NOTHING, "places": 1}
    assert Participation.objects.visible_to(person).get() == place

    projects.decline(place.pk, by=person)
    assert seen(person) == NOTHING


def test_accepting_opens_the_project() -> None:
    two = world()
    firm = PartnerFactory.create()
    person = member(firm, "manager")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    projects.accept(place.pk, by=person)

    assert seen(person) == {"projects": 1, "places": 3, "agreements": 1, "versions": 0}


ROLES = {  # who: create, invite, edit rule 1, edit rule 2, fast track, freeze
    "manager": (True, True, True, True, True, True),
    "lead": (False, False, False, True, False, False),
    "specialist": (False, False, True, True, False, False),
    "observer": (False, False, False, False, False, False),
    "signer": (False, False, False, False, False, True),
    "admin": (False, False, False, False, False, False),
}


@pytest.mark.parametrize("role", ROLES)
def test_roles(role: str) -> None:
    two = world()
    agreement, book = two.agreement, two.sheet.book
    membership = Membership.objects.get(user=member(two.firms[0], role))

    assert (
        perms.can_create_project(membership),
        perms.can_invite(membership, agreement),
        perms.can_edit_point(membership, agreement, book.point("exclusivity")),
        perms.can_edit_point(membership, agreement, book.point("publicity")),
        perms.can_take_fast_track(membership, agreement),
        perms.can_freeze(membership, agreement),
    ) == ROLES[role]


def test_roles_count_only_in_firms_that_take_part() -> None:
    two = world()
    agreement = two.agreement
    stranger = Membership.objects.get(user=member(PartnerFactory.create(), "manager", "signer"))

    for membership in (stranger, None):
        assert not perms.can_invite(membership, agreement)
        assert not perms.can_edit_points(membership, agreement)
        assert not perms.can_take_fast_track(membership, agreement)
        assert not perms.can_freeze(membership, agreement)


def test_invitation_is_answered_by_the_invited_firm() -> None:
    two = world()
    firm = PartnerFactory.create()
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    allowed = {
        role: perms.can_respond_invitation(Membership.objects.get(user=member(firm, role)), place)
        for role in ROLES
    }

    assert [role for role, may in allowed.items() if may] == ["manager", "signer"]
    assert not perms.can_respond_invitation(Membership.objects.get(user=two.people[0]), place)


def test_signing_is_for_those_with_the_right_while_the_place_is_open() -> None:
    two = world()
    version = two.freeze()
    signer = Membership.objects.get(user=two.people[0])
    colleague = Membership.objects.get(user=member(two.firms[0], "manager"))
    stranger = Membership.objects.get(user=member(PartnerFactory.create(), "signer"))
    assert perms.can_sign(signer, version)
    assert perms.can_decline(signer, version)
    assert not perms.can_sign(colleague, version)
    assert not perms.can_sign(stranger, version)
    assert not perms.can_sign(None, version)

    signing.sign(
        version.pk,
        seen=version.sha256,
        language="de",
        authority="managing_director",
        **two.acting(0),
    )

    assert not perms.can_sign(signer, version)
    assert not perms.can_decline(signer, version)
    assert perms.can_withdraw(signer, version)


def test_operator_never_signs() -> None:
    two = world()
    version = two.freeze()
    User.objects.filter(pk=two.people[0].pk).update(is_staff=True)

    assert not perms.can_sign(Membership.objects.get(user=two.people[0]), version)
