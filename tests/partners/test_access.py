"""Who may open what of one's own firm, beside the table in ``tests/access``."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners import invitations
from partners.models import Membership, Partner, User
from tests.factories import MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["person_leave", "invitation_resend"])
def test_a_link_changes_nothing(name: str, sign_in: Callable[[User], Client]) -> None:
    firm = PartnerFactory.create()
    target = MembershipFactory.create(partner=firm, specialist=True)
    admin = member(firm, "admin")
    invited = invitations.invite(
        firm,
        email="invited@firma.example",
        name="Invited",
        language="de",
        title="",
        rights={"is_observer": True},
        by=admin,
    ).invitation
    url = reverse(f"partners:{name}", args=[target.pk if name == "person_leave" else invited.pk])
    before = list(Membership.objects.order_by("pk").values())
    assert sign_in(admin).get(url).status_code == 302  # back to the page with the form
    assert list(Membership.objects.order_by("pk").values()) == before
    assert mail.outbox == []


def test_a_closed_firm_shows_its_people_nothing(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create(), "admin")
    Partner.objects.update(is_active=False)
    browser = sign_in(user)
    assert [
        browser.get(reverse(f"partners:{name}")).status_code
        for name in ("profile", "people", "person_invite", "profile_edit")
    ] == [404] * 4
