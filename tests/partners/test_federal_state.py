"""The federal state of a firm, which decides what its working days are."""

import io
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import translation

from partners.models import Partner, User
from tests.factories import PartnerFactory, member
from tests.partners.test_pages import form_values

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[..., BeautifulSoup]


def shown(page: BeautifulSoup) -> dict[str, str]:
    return {
        " ".join(fact.dt.text.split()): " ".join(fact.dd.text.split())
        for fact in page.select(".facts > div")
        if fact.dt and fact.dd
    }


def english(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def test_an_admin_says_it_and_every_firm_sees_it(sign_in: SignIn, soup: Soup) -> None:
    firm = PartnerFactory.create()
    admin = english(sign_in(member(firm, "admin")))
    stranger = english(sign_in(member(PartnerFactory.create(), "observer")))
    public = reverse("partners:firm_detail", args=[firm.pk])
    assert shown(soup(stranger.get(public)))["Federal state"] == "–"

    url = reverse("partners:profile_edit")
    form = soup(admin.get(url))
    values = form_values(form)
    assert values["federal_state"] == ""
    states = [option["value"] for option in form.select("[name=federal_state] option")]
    assert states == ["", *(state.value for state in Partner.FederalState)]
    assert admin.post(url, {**values, "federal_state": "NW"}).status_code == 302

    firm.refresh_from_db()
    assert firm.federal_state == "NW"
    assert shown(soup(stranger.get(public)))["Federal state"] == "North Rhine-Westphalia"
    assert shown(soup(admin.get(reverse("partners:profile"))))["Federal state"] == (
        "North Rhine-Westphalia"
    )
    assert form_values(soup(admin.get(url)))["federal_state"] == "NW"
    assert admin.post(url, {**values, "federal_state": ""}).status_code == 302
    firm.refresh_from_db()
    assert firm.federal_state == ""


def test_the_form_says_what_it_is_for(sign_in: SignIn, soup: Soup) -> None:
    admin = english(sign_in(member(PartnerFactory.create(), "admin")))

    form = soup(admin.get(reverse("partners:profile_edit")))

    field = form.select_one("#id_federal_state")
    assert field
    help_text = form.select_one(f"#{field['aria-describedby']}")
    assert help_text
    assert "working days" in help_text.text


@pytest.mark.parametrize("sent", ["XX", "nw", "Bayern", "None", "<b>", "NW\x00", "NW" * 500])
def test_anything_else_is_refused(sent: str, sign_in: SignIn, soup: Soup) -> None:
    firm = PartnerFactory.create(federal_state="BE")
    admin = sign_in(member(firm, "admin"))
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url)))

    page = admin.post(url, {**values, "federal_state": sent})

    assert page.status_code == 200
    assert soup(page).select_one("#id_federal_state_error")
    firm.refresh_from_db()
    assert firm.federal_state == "BE"


def test_the_database_refuses_a_state_without_holidays() -> None:
    with pytest.raises(IntegrityError, match="federal_state_known"):
        PartnerFactory.create(federal_state="XX")


def test_states_have_their_names_in_both_languages() -> None:
    with translation.override("en"):
        assert Partner(federal_state="BY").get_federal_state_display() == "Bavaria"
    assert len({str(state.label) for state in Partner.FederalState}) == 16


def test_create_partner_takes_it() -> None:
    out = io.StringIO()
    call_command("create_partner", "Eins", "--slug", "eins", "--federal-state", "SN", stdout=out)

    assert Partner.objects.get().federal_state == "SN"
    with pytest.raises(CommandError, match="XX"):
        call_command("create_partner", "Zwei", "--slug", "zwei", "--federal-state", "XX")
