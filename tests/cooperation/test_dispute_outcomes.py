"""From a settled point to the change of the agreement that carries it out."""

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from cooperation import disputes
from cooperation.models import AgreementVersion, Amendment, Dispute
from partners.models import User
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.settling import FEE, again, opened, signed, signed_in_pairs
from tests.cooperation.worlds import World
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def settled(world: World, version: AgreementVersion, *firms: int, **fields: Any) -> Dispute:
    """A point that the first firm opened with ``firms`` and that all of them settled."""
    others = [world.firms[number].pk for number in firms]
    dispute = opened(world, version, others=others, **fields)
    disputes.propose(dispute.pk, "Logo nur mit Freigabe.", revision=0, **world.acting(0))
    for number in firms:
        disputes.confirm(dispute.pk, revision=1, **world.acting(number))
    return again(dispute)


def link(person: User, dispute: Dispute) -> list[str]:
    page = Browser(person).get("dispute", dispute.pk)
    return [str(each["href"]) for each in page.soup.select(".summary a.btn")]


def test_settled_point_leads_to_the_change_that_carries_it_out() -> None:
    two, version = signed()
    dispute = settled(two, version, 1)
    url = reverse("cooperation:amend", args=[two.agreement.pk])
    assert link(two.people[1], dispute) == [f"{url}?dispute={dispute.pk}"]
    assert link(member(two.firms[1], "lead"), dispute) == []

    browser = Browser(two.people[1])
    form = browser.get("amend", two.agreement.pk, query=f"?dispute={dispute.pk}")
    data = fields(form.one("main form"))
    assert data["reason"].startswith("What we settled on point 2.9 on ")
    assert data["reason"].endswith(": Logo nur mit Freigabe.")
    browser.client.post(f"{url}?dispute={dispute.pk}", data)

    assert Amendment.objects.get().dispute == dispute
    assert link(two.people[1], dispute) == []  # it is under way


def test_change_names_only_what_all_firms_know_of() -> None:
    three, version = signed(3)
    dispute = settled(three, version, 1)
    url = reverse("cooperation:amend", args=[three.agreement.pk])
    assert link(three.people[0], dispute) == [url]

    for person in three.people:
        page = Browser(person).get("amend", three.agreement.pk, query=f"?dispute={dispute.pk}")
        assert fields(page.one("main form"))["reason"] == ""
    browser = Browser(three.people[0])
    data = {**fields(page.one("main form")), "reason": "Neues Logo"}
    browser.client.post(f"{url}?dispute={dispute.pk}", data)
    assert Amendment.objects.get().dispute is None


def test_what_two_firms_settled_about_their_fee_is_not_named_either() -> None:
    three, version = signed_in_pairs()
    dispute = settled(three, version, 1, key=FEE)
    assert link(three.people[0], dispute) == [
        reverse("cooperation:amend", args=[three.agreement.pk])
    ]


@pytest.mark.parametrize(
    "query", ["", "?dispute=", "?dispute=x", f"?dispute={uuid4()}", "?dispute=%00"]
)
def test_nonsense_in_the_address_names_nothing(query: str) -> None:
    two, _version = signed()
    page = Browser(two.people[0]).get("amend", two.agreement.pk, query=query)
    assert fields(page.one("main form"))["reason"] == ""


def test_open_point_and_one_of_another_agreement_name_nothing() -> None:
    two, version = signed()
    unsettled = opened(two, version)
    other, other_version = signed()
    foreign = settled(other, other_version, 1)
    for dispute in (unsettled, foreign):
        page = Browser(two.people[0]).get("amend", two.agreement.pk, query=f"?dispute={dispute.pk}")
        assert fields(page.one("main form"))["reason"] == ""
    assert link(two.people[0], unsettled) == []
