"""The pages of a firm: what its people see, and what its admins change there."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners.models import Membership, Partner, PartnerContact, User
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[Any], BeautifulSoup]

HTML = "<script>alert('x')</script><b>fett</b>"


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Rheinwerk")


@pytest.fixture
def admin(firm: Partner, sign_in: SignIn) -> Client:
    return sign_in(member(firm, "admin", name="Ada"))


def form_values(page: BeautifulSoup, selector: str = "main form") -> dict[str, Any]:
    """What a browser would send for the form as it stands."""
    form = page.select_one(selector)
    assert form is not None
    values: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name = str(field["name"])
        if field.name == "textarea":
            values[name] = field.text.removeprefix("\n").removeprefix("\r\n")
        elif field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            values[name] = chosen["value"] if chosen else ""
        elif field.get("type") in {"checkbox", "radio"}:
            if field.has_attr("checked"):
                values.setdefault(name, []).append(field.get("value", "on"))
        else:
            values[name] = field.get("value", "")
    return values


def texts(page: BeautifulSoup, selector: str) -> list[str]:
    return [" ".join(element.text.split()) for element in page.select(selector)]


# The profile


def test_profile_edit_saves_firm_and_contacts(firm: Partner, admin: Client, soup: Soup) -> None:
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url)))
    values |= {
        "legal_name": "Rheinwerk IT GmbH",
        "website": "rheinwerk.example",
        "microsoft_partner_ids": "4581220\n6012345",
        "competences": ["security", "modern_work"],
        "signing_rule": "two_jointly",
        "contacts-0-purpose": "Allianzen",
        "contacts-0-name": "Ada",
        "contacts-0-email": "allianzen@rheinwerk.example",
    }

    answer = admin.post(url, values)

    assert (answer.status_code, answer["Location"]) == (302, reverse("partners:profile"))
    firm.refresh_from_db()
    assert firm.legal_name == "Rheinwerk IT GmbH"
    assert firm.website == "https://rheinwerk.example"
    assert firm.microsoft_partner_ids == ["4581220", "6012345"]
    assert firm.competences == ["security", "modern_work"]
    assert firm.signatures_needed == 2
    assert [contact.email for contact in firm.contacts.all()] == ["allianzen@rheinwerk.example"]


def test_profile_edit_removes_a_contact(firm: Partner, admin: Client, soup: Soup) -> None:
    kept, gone = (
        PartnerContact.objects.create(partner=firm, purpose=purpose, name="Ada", phone="1")
        for purpose in ("Allianzen", "Projekte")
    )
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url)))
    assert values["contacts-1-id"] == str(gone.pk)

    admin.post(url, {**values, "contacts-1-DELETE": "on"})

    assert [contact.pk for contact in firm.contacts.all()] == [kept.pk]


def test_profile_edit_keeps_what_was_typed_and_writes_nothing(
    firm: Partner, admin: Client, soup: Soup
) -> None:
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url)))

    page = soup(
        admin.post(
            url,
            {
                **values,
                "name": "Neuer Name",
                "microsoft_partner_ids": "keine",
                "contacts-0-name": "Nur ein Name",
            },
        )
    )

    assert form_values(page)["microsoft_partner_ids"] == "keine"
    assert form_values(page)["contacts-0-name"] == "Nur ein Name"
    assert {str(field["name"]) for field in page.select("[aria-invalid=true]")} == {
        "microsoft_partner_ids",
        "contacts-0-purpose",
    }
    for field in page.select("[aria-invalid=true]"):
        described = str(field["aria-describedby"]).split()
        assert page.find(id=described[-1]) is not None
    assert texts(page, ".page-head .eyebrow") == ["Rheinwerk"]
    firm.refresh_from_db()
    assert firm.name == "Rheinwerk"
    assert not firm.contacts.exists()


def test_a_contact_of_another_firm_cannot_be_taken_over(
    firm: Partner, admin: Client, soup: Soup
) -> None:
    foreign = PartnerContact.objects.create(
        partner=PartnerFactory.create(), purpose="P", name="Fremd", phone="1"
    )
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url))) | {
        "contacts-INITIAL_FORMS": "1",
        "contacts-0-id": str(foreign.pk),
        "contacts-0-purpose": "P",
        "contacts-0-name": "Übernommen",
        "contacts-0-phone": "2",
    }

    admin.post(url, values)

    foreign.refresh_from_db()
    assert (foreign.name, foreign.phone, foreign.partner_id != firm.pk) == ("Fremd", "1", True)


@pytest.mark.parametrize(
    ("rule", "signers", "notices"),
    [("alone", 0, 1), ("alone", 1, 0), ("two_jointly", 1, 1), ("two_jointly", 2, 0)],
)
def test_profile_says_when_signers_are_missing(
    rule: str, signers: int, notices: int, firm: Partner, admin: Client, soup: Soup
) -> None:
    Partner.objects.filter(pk=firm.pk).update(signing_rule=rule)
    MembershipFactory.create_batch(signers, partner=firm, signer=True)
    page = soup(admin.get(reverse("partners:profile")))
    assert len(page.select(".notice--needs-you")) == notices


@pytest.mark.parametrize("count", [1, 3])
def test_profile_queries_do_not_grow(
    count: int, firm: Partner, sign_in: SignIn, soup: Soup, django_assert_num_queries: Any
) -> None:
    browser = sign_in(member(firm, "observer"))
    for number in range(count):
        PartnerContact.objects.create(partner=firm, purpose="P", name=f"K {number}", phone="1")
    # session, user, acting membership, firm, number of signers, admin?, contacts
    with django_assert_num_queries(7):
        page = browser.get(reverse("partners:profile"))
    assert len(soup(page).select("main .list__item")) == count


# HTML in every text field


def test_html_is_shown_literally(firm: Partner, admin: Client, soup: Soup) -> None:
    url = reverse("partners:profile_edit")
    values = form_values(soup(admin.get(url)))
    fields = ["name", "legal_name", "register_number", "city", "country", "about"]
    values |= dict.fromkeys(fields, HTML)
    values |= {"contacts-0-purpose": HTML, "contacts-0-name": HTML, "contacts-0-phone": "1"}
    assert admin.post(url, values).status_code == 302
    own = Membership.objects.get(partner=firm)
    Membership.objects.filter(pk=own.pk).update(title=HTML)
    User.objects.filter(pk=own.user_id).update(name=HTML)

    for url, seen in {
        reverse("partners:directory"): 2,  # the head names the firm too
        reverse("partners:firm_detail", args=[firm.pk]): 5,
        reverse("partners:profile"): 5,
        reverse("partners:people"): 3,
        reverse("partners:person_edit", args=[own.pk]): 1,
        reverse("partners:profile_edit"): 1,
        reverse("partners:account"): 1,
        reverse("home"): 2,
    }.items():
        page = soup(admin.get(url))
        assert page.find("script", src=False) is None, url
        assert [bold for bold in page.find_all("b") if bold.text == "fett"] == [], url
        assert page.body is not None
        assert page.body.text.count(HTML) >= seen, url


# People


@pytest.mark.parametrize("count", [1, 3])
def test_people_queries_do_not_grow(
    count: int, firm: Partner, sign_in: SignIn, soup: Soup, django_assert_num_queries: Any
) -> None:
    browser = sign_in(member(firm, "admin"))
    MembershipFactory.create_batch(count - 1, partner=firm, specialist=True)
    # session, user, acting membership, firm, admin?, people, invitations
    with django_assert_num_queries(7):
        page = browser.get(reverse("partners:people"))
    assert len(soup(page).select("main .list__item")) == count


def test_people_are_those_of_the_own_firm(firm: Partner, admin: Client, soup: Soup) -> None:
    MembershipFactory.create(partner=firm, user__name="Kim", lead=True)
    MembershipFactory.create(user__name="Fremd", lead=True)
    gone = MembershipFactory.create(partner=firm, user__name="Weg", lead=True)
    Membership.objects.filter(pk=gone.pk).update(left_at=gone.joined_at)
    page = soup(admin.get(reverse("partners:people")))
    assert texts(page, "main .list__title") == ["Ada", "Kim"]


def test_a_refused_person_leaves_no_trace(firm: Partner, admin: Client, soup: Soup) -> None:
    taken = MembershipFactory.create(partner=firm, specialist=True)
    page = soup(
        admin.post(
            reverse("partners:person_invite"),
            {"name": "x", "email": taken.user.email, "language": "de", "is_observer": "on"},
        )
    )
    assert len(page.select(".errorlist.nonfield li")) == 1
    assert form_values(page)["email"] == taken.user.email
    assert firm.memberships.count() == 2
    assert mail.outbox == []


def test_roles_change_on_the_page(firm: Partner, admin: Client, soup: Soup) -> None:
    membership = MembershipFactory.create(partner=firm, specialist=True)
    url = reverse("partners:person_edit", args=[membership.pk])
    values = form_values(soup(admin.get(url)))
    assert {key for key in values if key.startswith(("is_", "may_"))} == {"is_specialist"}

    answer = admin.post(url, {**values, "is_specialist": "", "may_sign": "on"})

    assert answer.status_code == 302
    membership.refresh_from_db()
    assert (membership.is_specialist, membership.may_sign) == (False, True)


def test_a_refused_role_change_is_told(firm: Partner, admin: Client, soup: Soup) -> None:
    own = Membership.objects.get(partner=firm)
    page = soup(
        admin.post(reverse("partners:person_edit", args=[own.pk]), {"may_sign": "on", "title": ""})
    )
    assert len(page.select(".errorlist.nonfield li")) == 1
    own.refresh_from_db()
    assert (own.is_admin, own.may_sign) == (True, False)


def test_a_person_leaves(firm: Partner, admin: Client, sign_in: SignIn, soup: Soup) -> None:
    membership = MembershipFactory.create(partner=firm, lead=True)
    theirs = sign_in(membership.user)
    assert theirs.get(reverse("partners:people")).status_code == 200

    admin.post(reverse("partners:person_leave", args=[membership.pk]))

    assert theirs.get(reverse("partners:people")).status_code == 404
    assert soup(theirs.get(reverse("partners:directory"))).select("#found .list__item") == []
    assert len(soup(theirs.get(reverse("home"))).select(".notice--info")) == 1


# The own account


def test_account_changes_name_and_language(firm: Partner, sign_in: SignIn, soup: Soup) -> None:
    user = member(firm, "observer")
    browser = sign_in(user)
    answer = browser.post(reverse("partners:account"), {"name": "Neuer Name", "language": "en"})
    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.name, user.language) == ("Neuer Name", "en")
    page = soup(browser.get(reverse("partners:account")))
    assert page.html is not None
    assert page.html["lang"] == "en"


def test_password_change_needs_the_old_one(firm: Partner, sign_in: SignIn, soup: Soup) -> None:
    user = member(firm, "observer")
    browser = sign_in(user)
    url = reverse("account_change_password")
    new = {"password1": "Sieben-Regeln-7", "password2": "Sieben-Regeln-7"}

    page = soup(browser.post(url, {"oldpassword": "geraten-falsch", **new}))
    assert [field["name"] for field in page.select("[aria-invalid=true]")] == ["oldpassword"]
    answer = browser.post(url, {"oldpassword": PASSWORD, **new})

    assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_index"))
    user.refresh_from_db()
    assert user.check_password("Sieben-Regeln-7")
    assert browser.get(reverse("partners:account")).status_code == 200  # still signed in
