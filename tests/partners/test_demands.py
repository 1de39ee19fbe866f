"""What a firm demands of the sign-in of its people, and what a session without it can open."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from allauth.account.internal.flows.login import record_authentication
from bs4 import BeautifulSoup
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from django.urls import reverse

from partners import firm_log
from partners.accounts import demands
from partners.accounts.demands import Shown
from partners.models import FirmEvent, Membership, Partner, User
from partners.people import NotPossible
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]

OURS = UUID("11111111-2222-4333-8444-555555555555")
THEIRS = UUID("99999999-2222-4333-8444-555555555555")
PASSWORD = {"method": "password"}
CODE = {"method": "mfa", "type": "totp"}
PASSKEY = {"method": "mfa", "type": "webauthn", "passwordless": True}


def microsoft(tenant: UUID, *amr: str) -> dict[str, Any]:
    return {
        "method": "socialaccount",
        "provider": "microsoft",
        "uid": f"{tenant}:x",
        "tid": str(tenant),
        "oid": "x",
        "amr": list(amr),
    }


def browser_of(user: User, *records: dict[str, Any]) -> Client:
    """A browser in which ``user`` is signed in and has shown ``records``, in English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    request = RequestFactory().get("/")
    request.session = SessionStore(client.session.session_key)
    request.user = user
    for record in records:
        rest = {key: value for key, value in record.items() if key != "method"}
        record_authentication(request, user, record["method"], **rest)
    request.session.save()
    return client


def firm_with(rule: str, tenant: UUID | None = None) -> Partner:
    firm: Partner = PartnerFactory.create(name="Rheinwerk", sign_in_rule=rule, entra_tenant=tenant)
    return firm


def is_let_in(client: Client) -> bool:
    answer = client.get(reverse("partners:directory"))
    if answer.status_code == 302:
        assert answer["Location"] == reverse("account_demands")
        return False
    assert answer.status_code == 200
    return True


@pytest.mark.parametrize(
    ("records", "any_", "second", "entra"),
    [
        ((), True, False, False),
        ((PASSWORD,), True, False, False),
        (({"method": "code"},), True, False, False),
        ((PASSWORD, CODE), True, True, False),
        ((PASSWORD, {"method": "mfa", "type": "recovery_codes"}), True, True, False),
        ((PASSKEY,), True, True, False),
        ((microsoft(OURS),), True, False, True),
        ((microsoft(OURS, "pwd"),), True, False, True),
        ((microsoft(OURS, "pwd", "mfa"),), True, True, True),
        ((microsoft(THEIRS, "mfa"),), True, True, False),
        ((PASSWORD, CODE, microsoft(THEIRS)), True, True, False),
        ((PASSWORD, microsoft(OURS)), True, False, True),
    ],
)
def test_what_a_session_has_shown_opens_or_not(
    records: tuple[dict[str, Any], ...], any_: bool, second: bool, entra: bool
) -> None:
    firms = [firm_with("any"), firm_with("second_factor"), firm_with("entra", OURS)]
    found = [is_let_in(browser_of(member(firm, "observer"), *records)) for firm in firms]
    assert found == [any_, second, entra]


def test_of_several_firms_every_demand_is_to_be_met() -> None:
    user = member(firm_with("second_factor"), "observer")
    MembershipFactory(partner=firm_with("entra", OURS), user=user, observer=True)
    assert not is_let_in(browser_of(user, PASSWORD, CODE))
    assert not is_let_in(browser_of(user, microsoft(OURS)))
    assert is_let_in(browser_of(user, microsoft(OURS, "mfa")))


def test_a_demand_holds_for_sessions_that_were_open_before() -> None:
    firm = firm_with("any")
    client = browser_of(member(firm, "observer"), PASSWORD)
    assert is_let_in(client)
    Partner.objects.filter(pk=firm.pk).update(sign_in_rule="second_factor")
    assert not is_let_in(client)


def test_whoever_left_or_whose_firm_is_closed_is_asked_for_nothing() -> None:
    firm = firm_with("second_factor")
    client = browser_of(member(firm, "observer"), PASSWORD)
    assert not is_let_in(client)
    Membership.objects.update(left_at="2100-01-01T00:00Z")
    assert is_let_in(client)


def test_meanwhile_only_pages_of_the_account_answer(soup: Soup) -> None:
    client = browser_of(member(firm_with("second_factor"), "admin"), PASSWORD)
    closed = ["home", "partners:people", "partners:account", "cooperation:project_list"]
    answers = {name: client.get(reverse(name)) for name in closed}
    assert {answer["Location"] for answer in answers.values()} == {reverse("account_demands")}
    posted = client.post(reverse("partners:profile_edit"), {"name": "x"})
    assert posted["Location"] == reverse("account_demands")
    for name in ("account_demands", "mfa_index", "usersessions_list", "account_logout"):
        assert client.get(reverse(name)).status_code == 200

    swap = client.get(reverse("partners:directory"), headers={"HX-Request": "true"})
    assert (swap.status_code, swap["HX-Redirect"]) == (200, reverse("account_demands"))

    page = soup(client.get(reverse("account_demands")))
    assert "Rheinwerk" in page.select_one(".lead").text  # type: ignore[union-attr]
    assert [link["href"] for link in page.select("main a.btn")] == [
        reverse("mfa_add_webauthn"),
        reverse("mfa_activate_totp"),
    ]


def test_the_page_of_demands_leads_on_when_nothing_is_missing() -> None:
    client = browser_of(member(firm_with("any"), "observer"), PASSWORD)
    assert client.get(reverse("account_demands"))["Location"] == reverse("home")


def test_demands_cost_no_query_of_their_own(django_assert_num_queries: Any) -> None:
    client = browser_of(member(firm_with("second_factor"), "observer"), PASSKEY)
    with django_assert_num_queries(3):  # session, person, memberships
        client.get(reverse("account_demands"))


# ---- Setting one ---------------------------------------------------------------------------------


def save(client: Client, rule: str) -> Any:
    return client.post(reverse("partners:sign_in_rule"), {"rule": rule})


def test_an_admin_demands_what_they_meet_themselves_and_it_is_logged(soup: Soup) -> None:
    firm = firm_with("any")
    admin = member(firm, "admin")
    refused = save(browser_of(admin, PASSWORD), "second_factor")
    assert len(soup(refused).select(".errorlist.nonfield li")) == 1
    firm.refresh_from_db()
    assert (firm.sign_in_rule, FirmEvent.objects.count()) == ("any", 0)

    answer = save(browser_of(admin, PASSWORD, CODE), "second_factor")

    assert answer["Location"] == reverse("partners:profile")
    firm.refresh_from_db()
    assert firm.sign_in_rule == "second_factor"
    event = FirmEvent.objects.get(partner=firm)
    assert (event.kind, event.by, event.data) == (
        "sign_in_rule_changed",
        admin,
        {"before": "any", "after": "second_factor", "tenant": None},
    )
    assert list(firm_log.breaks(firm)) == []


def test_the_tenant_is_the_one_the_admin_came_in_through() -> None:
    firm = firm_with("any")
    admin = member(firm, "admin")
    assert save(browser_of(admin, PASSKEY), "entra").status_code == 200
    firm.refresh_from_db()
    assert (firm.sign_in_rule, firm.entra_tenant) == ("any", None)

    assert save(browser_of(admin, microsoft(OURS)), "entra").status_code == 302
    firm.refresh_from_db()
    assert (firm.sign_in_rule, firm.entra_tenant) == ("entra", OURS)


def test_saving_the_same_again_is_no_event() -> None:
    firm = firm_with("second_factor")
    assert save(browser_of(member(firm, "admin"), PASSKEY), "second_factor").status_code == 302
    assert not FirmEvent.objects.exists()


def test_only_an_admin_demands_also_when_the_right_is_taken_meanwhile() -> None:
    firm = firm_with("any")
    assert save(browser_of(member(firm, "manager", "signer"), PASSKEY), "any").status_code == 403
    former = member(firm, "admin")
    former.memberships.update(is_admin=False)
    with pytest.raises(NotPossible):
        demands.demand(firm, "second_factor", tenant=None, had=Shown(second_factor=True), by=former)
    firm.refresh_from_db()
    assert firm.sign_in_rule == "any"


def test_nobody_has_shown_anything_before_signing_in() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert demands.shown(request) == Shown()


@pytest.mark.parametrize(
    ("records", "rule", "opens"),
    [
        ([PASSWORD], True, False),
        ([PASSWORD], False, True),
        ([PASSWORD, CODE], True, True),
        ([PASSKEY], True, True),
    ],
)
def test_operators_show_a_second_factor(
    records: list[dict[str, Any]], rule: bool, opens: bool, settings: Any
) -> None:
    settings.OPERATORS_SECOND_FACTOR = rule
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    browser = browser_of(operator, *records)
    page = browser.get(reverse("admin:index"))
    assert page.status_code == (200 if opens else 302)
    if not opens:
        assert page["Location"] == reverse("account_demands")
        asked = browser.get(page["Location"])
        assert asked.status_code == 200
        assert b"Operators of this portal" in asked.content
