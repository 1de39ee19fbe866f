"""A person of two firms acts for the one that takes part."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cooperation import projects, showing
from cooperation.models import Participation, Signature
from partners.models import Membership, User
from tests.cooperation.worlds import world
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def both() -> User:
    """Somebody who joined another firm first and does everything there as well."""
    return member(PartnerFactory.create(), "manager", "signer")


def join(user: User, *, partner: object) -> None:
    MembershipFactory.create(user=user, partner=partner, manager=True, signer=True)


def test_signing_for_the_firm_that_takes_part(
    both: User, sign_in: Callable[[User], Client]
) -> None:
    two = world()
    join(both, partner=two.firms[1])
    version = two.freeze()

    answer = sign_in(both).post(
        reverse("cooperation:sign", args=[version.pk]),
        {
            "agreed": "on",
            "authority": "managing_director",
            "password": PASSWORD,
            "seen": version.sha256,
            "shown": showing.mark(version, both, two.firms[1]),
        },
    )

    assert answer.status_code == 302
    assert Signature.objects.get().slot.partner == two.firms[1]


def test_what_one_firm_was_shown_is_not_signed_for_the_other(
    both: User, sign_in: Callable[[User], Client]
) -> None:
    """Who leaves the first firm with its page still open has not read the second one's yet."""
    two = world()
    for firm in two.firms:
        join(both, partner=firm)
    version = two.freeze()
    browser = sign_in(both)
    page = browser.get(reverse("cooperation:version", args=[version.pk]))
    assert page.context["signer"].partner == two.firms[0]
    shown = page.context["sign_form"].initial["shown"]
    Membership.objects.filter(user=both, partner=two.firms[0]).update(left_at=timezone.now())

    browser.post(
        reverse("cooperation:sign", args=[version.pk]),
        {
            "agreed": "on",
            "authority": "managing_director",
            "password": PASSWORD,
            "seen": version.sha256,
            "shown": shown,
        },
    )

    assert not Signature.objects.exists()


def test_points_and_project_show_the_firm_that_takes_part(
    both: User, sign_in: Callable[[User], Client]
) -> None:
    two = world()
    join(both, partner=two.firms[1])
    browser = sign_in(both)
    arguments = [two.agreement.pk, "shared_goal"]

    answer = browser.post(
        reverse("cooperation:point_answer", args=arguments), {"revision": "0", "text": "Ein Ziel"}
    )

    assert answer.status_code == 302
    assert two.sheet.joint["shared_goal"]["text"] == "Ein Ziel"
    given = two.sheet.given(two.point("shared_goal"))
    assert given is not None
    assert given.party == str(two.firms[1].pk)
    page = browser.get(reverse("cooperation:project_detail", args=[two.agreement.project_id]))
    assert page.status_code == 200


def test_an_invitation_is_answered_for_the_invited_firm(
    both: User, sign_in: Callable[[User], Client]
) -> None:
    two = world()
    firm = PartnerFactory.create()
    join(both, partner=firm)
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    sign_in(both).post(reverse("cooperation:invitation_accept", args=[place.pk]))

    place.refresh_from_db()
    assert (place.state, place.partner) == (Participation.State.ACCEPTED, firm)
