"""Who is invited hears of it by mail, as long as the invitation is open."""

import pytest
from django.core import mail
from django.urls import reverse

from cooperation import notices, projects
from cooperation.models import Notice
from cooperation.notices import Round
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db


def test_managers_and_signers_of_the_invited_firm_are_told() -> None:
    two = world()
    Notice.objects.all().delete()
    firm = PartnerFactory.create(name="Dritte Firma")
    told = {member(firm, "manager"), member(firm, "signer")}
    member(firm, "observer")

    place = projects.invite(
        two.agreement.pk, firm, message="Unter uns: 1.200 Euro", **two.acting(0)
    )
    assert notices.send_due() == Round(sent=2)

    assert {notice.person for notice in Notice.objects.all()} == told
    for letter in mail.outbox:
        assert reverse("cooperation:invitation", args=[place.pk]) in letter.body
        assert "Dritte Firma" in letter.body
        assert "1.200" not in str(letter.message())
        assert "Stadtwerke" not in str(letter.message())  # the customer


@pytest.mark.parametrize("answer", ["accept", "decline", "withdraw"])
def test_an_invitation_that_is_over_is_not_sent_and_a_new_one_is(answer: str) -> None:
    two = world()
    Notice.objects.all().delete()
    person = member(PartnerFactory.create(), "manager")
    firm = person.memberships.get().partner
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    if answer == "withdraw":
        projects.withdraw_invitation(place.pk, **two.acting(0))
    else:
        getattr(projects, answer)(place.pk, by=person)

    assert notices.send_due() == Round()
    if answer != "accept":
        projects.invite(two.agreement.pk, firm, **two.acting(1))
        assert notices.send_due() == Round(sent=1)
