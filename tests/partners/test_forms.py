import pytest

from partners.forms import ContactFormSet, InvitationForm, PartnerIdsField, ProfileForm
from partners.models import Partner
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db  # the profile asks the database about its constraints

PROFILE = {
    "name": "Firma",
    "legal_name": "Firma GmbH",
    "signing_rule": "alone",
}


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("", []),
        ("  \n ", []),
        ("4581220", ["4581220"]),
        ("4581220\n6012345", ["4581220", "6012345"]),
        ("4581220, 6012345;6012345 4581220", ["4581220", "6012345"]),
    ],
)
def test_partner_ids_become_a_list_without_repeats(typed: str, ids: list[str]) -> None:
    assert PartnerIdsField(required=False).clean(typed) == ids


@pytest.mark.parametrize(
    "typed",
    ["12a4567", "123", "1" * 13, "١٢٣٤٥٦٧", "<b>1234</b>", " ".join(map(str, range(1000, 1021)))],
)
def test_partner_ids_refuse_what_is_none(typed: str) -> None:
    form = ProfileForm({**PROFILE, "microsoft_partner_ids": typed})
    assert list(form.errors) == ["microsoft_partner_ids"]


def test_partner_ids_are_shown_one_a_line() -> None:
    form = ProfileForm(instance=Partner(microsoft_partner_ids=["4581220", "6012345"]))
    assert form["microsoft_partner_ids"].value() == "4581220\n6012345"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("firma.example", "https://firma.example"),
        ("http://firma.example/x", "http://firma.example/x"),
    ],
)
def test_website_gets_a_scheme(typed: str, stored: str) -> None:
    form = ProfileForm({**PROFILE, "website": typed})
    assert form.is_valid()
    assert form.cleaned_data["website"] == stored


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "data:text/html,x", "keine adresse"])
def test_website_refuses_what_is_no_address(typed: str) -> None:
    assert list(ProfileForm({**PROFILE, "website": typed}).errors) == ["website"]


def test_competences_are_keys_of_the_list_only() -> None:
    assert ProfileForm({**PROFILE, "competences": ["security"]}).is_valid()
    assert list(ProfileForm({**PROFILE, "competences": ["zauberei"]}).errors) == ["competences"]


def test_a_person_needs_a_role() -> None:
    person = {"name": "Nele", "email": "nele@firma.example", "language": "de"}
    assert list(InvitationForm(person).errors) == ["__all__"]
    assert InvitationForm({**person, "may_sign": "on"}).is_valid()


def test_a_contact_needs_a_way_to_be_reached() -> None:
    rows = {
        "contacts-TOTAL_FORMS": "1",
        "contacts-INITIAL_FORMS": "0",
        "contacts-0-purpose": "Allianzen",
        "contacts-0-name": "Nele",
    }
    firm = PartnerFactory.create()
    assert not ContactFormSet(rows, instance=firm, prefix="contacts").is_valid()
    assert ContactFormSet(
        {**rows, "contacts-0-phone": "+49 221 555 01"}, instance=firm, prefix="contacts"
    ).is_valid()
