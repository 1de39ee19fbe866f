"""Coming in, in a real browser: an invitation, a firm that registers, the switch of firms."""

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Page, expect

from partners import invitations
from partners.models import Membership, Partner
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


def code() -> str:
    found = re.search(r"[B-Z]{4}-[B-Z]{4}", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def test_somebody_new_follows_the_mail_and_belongs_to_the_firm(open_browser: Open) -> None:
    firm = PartnerFactory.create(name="Rheinwerk")
    sent = invitations.invite(
        firm,
        email="neu@rheinwerk.example",
        name="Nele Neu",
        language="de",
        title="",
        rights={"is_observer": True},
        by=member(firm, "admin"),
    )
    page = open_browser()

    page.goto(reverse("partners:invitation_link", args=[sent.token]))
    expect(page).to_have_url(reverse("partners:invitation"))
    page.locator("[name=person_name]").fill("Nele Neu")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.locator("[name=code]").fill(code())
    page.locator("main form button[type=submit]").click()

    expect(page.locator(".account__who span")).to_have_text("Rheinwerk")
    assert Membership.objects.get(user__email="neu@rheinwerk.example").partner == firm


def test_a_firm_registers_without_javascript(open_browser: Open) -> None:
    page = open_browser(javascript=False)
    page.goto(reverse("partners:register"))
    for name, text in {
        "name": "Rheinwerk",
        "legal_name": "Rheinwerk IT GmbH",
        "website": "https://www.rheinwerk.example",
        "person_name": "Ada Amsel",
        "email": "ada@rheinwerk.example",
        "password": PASSWORD,
    }.items():
        page.locator(f"main [name={name}]").fill(text)
    assert page.locator("main .visually-hidden:has([name=fax])").bounding_box()["width"] <= 1  # type: ignore[index]
    page.locator("main form button[type=submit]").click()
    page.locator("[name=code]").fill(code().lower())
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".account__who span")).to_have_text("Rheinwerk")
    assert Partner.objects.get().domain == "rheinwerk.example"


def test_the_switch_works_by_keyboard_and_without_javascript(open_browser: Open) -> None:
    user = member(PartnerFactory.create(name="Erste"), "admin")
    MembershipFactory.create(partner=PartnerFactory.create(name="Zweite"), user=user, observer=True)
    page = open_browser(user=user, javascript=False)
    page.goto(reverse("partners:people"))

    page.locator(".firm-switch summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Zweite").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".firm-switch summary")).to_contain_text("Zweite")
    expect(page).to_have_url(reverse("partners:people"))
