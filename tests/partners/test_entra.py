"""Signing in with Microsoft Entra ID, connecting and disconnecting: whose word counts for whom."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse

from partners.accounts import entra
from partners.models import Membership, Partner, User
from tests import oidc_provider
from tests.factories import PartnerFactory, UserFactory, member
from tests.oidc_provider import OTHER_TENANT, TENANT, Provider
from tests.parsing import parsed
from tests.partners.entra_steps import MIA, Person, configure, heading, way_out

pytestmark = pytest.mark.django_db

LOGIN = "mia@firma.example"
OTHER_OID = "99999999-2222-4333-8444-555555555555"
UNKNOWN = "Nobody signs in with this Microsoft account yet"
OWNED = {"xms_edov": True}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        provider.add(LOGIN, MIA)
        configure(settings, provider)
        yield provider


@pytest.fixture
def firm() -> Partner:
    """A firm that has named its tenant and proved its domain."""
    firm: Partner = PartnerFactory.create(entra_tenant=TENANT, domain="firma.example")
    return firm


@pytest.fixture
def mia(firm: Partner) -> User:
    """A person of the firm whose account is not connected with Microsoft."""
    return member(firm, "specialist", email=LOGIN)


def connect(user: User, oid: str = MIA, tid: str = TENANT) -> SocialAccount:
    shown = {"tid": tid, "name": "Mia Muster", "email": LOGIN}
    account: SocialAccount = SocialAccount.objects.create(
        user=user, provider="microsoft", uid=f"{tid}:{oid}", extra_data=shown
    )
    return account


def uids(user: User) -> list[str]:
    return [account.uid for account in entra.connected(user)]


# ---- Signing in ----------------------------------------------------------------------------------


def test_connected_person_gets_in_and_the_session_says_how(mia: User, provider: Provider) -> None:
    connect(mia)
    provider.people[LOGIN].claims = {"amr": ["pwd", "mfa"]}
    person = Person()
    before = person.client.session.session_key

    page = person.go(LOGIN, back="/partner/firma/")

    assert (page.status_code, page["Location"]) == (302, "/partner/firma/")
    assert person.client.session["_auth_user_id"] == str(mia.pk)
    assert person.client.session.session_key != before
    [record] = person.records
    assert record.pop("at") > 0
    assert record == {
        "method": "socialaccount",
        "provider": "microsoft",
        "uid": f"{TENANT}:{MIA}",
        "tid": TENANT,
        "oid": MIA,
        "amr": ["pwd", "mfa"],
    }
    assert person.client.get("/partner/firma/").status_code == 200


def test_changed_address_at_microsoft_changes_nothing_here(mia: User, provider: Provider) -> None:
    account = connect(mia)
    provider.add("new@elsewhere.example", MIA, name="Mia Neu")
    person = Person()

    person.go("new@elsewhere.example")

    assert person.client.session["_auth_user_id"] == str(mia.pk)
    mia.refresh_from_db()
    account.refresh_from_db()
    assert mia.email == LOGIN
    assert account.extra_data == {
        "tid": TENANT,
        "name": "Mia Neu",
        "email": "new@elsewhere.example",
    }


def test_same_object_in_another_tenant_is_somebody_else(mia: User, provider: Provider) -> None:
    connect(mia)
    provider.add("else@elsewhere.example", MIA, tid=OTHER_TENANT)
    person = Person()

    page = person.go("else@elsewhere.example")

    assert (page.status_code, heading(page), person.is_in) == (403, UNKNOWN, False)


def test_unknown_person_gets_no_account(provider: Provider) -> None:
    person = Person()

    page = person.go(LOGIN)

    assert (page.status_code, heading(page), person.is_in) == (403, UNKNOWN, False)
    assert (User.objects.count(), SocialAccount.objects.count()) == (0, 0)
    assert mail.outbox == []


def test_closed_account_stays_closed(mia: User, provider: Provider) -> None:
    connect(mia)
    User.objects.filter(pk=mia.pk).update(is_active=False)
    person = Person()

    page = person.go(LOGIN)

    assert (page.status_code, page["Location"]) == (302, reverse("account_inactive"))
    assert not person.is_in


def test_private_accounts_are_nobodys_organisation(mia: User, provider: Provider) -> None:
    tid = str(entra.PRIVATE_ACCOUNTS)
    connect(mia, tid=tid)
    provider.add("mia@live.example", MIA, tid=tid)
    person = Person()

    page = person.go("mia@live.example")

    assert (page.status_code, heading(page)) == (403, "Not signed in with Microsoft")
    assert not person.is_in


@pytest.mark.parametrize(("tenants", "status"), [([], 302), ([TENANT], 302), ([OTHER_TENANT], 403)])
def test_operator_says_which_organisations_come_in(
    tenants: list[str], status: int, mia: User, provider: Provider, settings: Any
) -> None:
    connect(mia)
    settings.ENTRA_TENANTS = [UUID(tenant) for tenant in tenants]

    assert Person().go(LOGIN).status_code == status


def test_second_factor_of_the_portal_is_asked_all_the_same(mia: User, provider: Provider) -> None:
    connect(mia)
    TOTP.activate(mia, "JBSWY3DPEHPK3PXP")
    person = Person()

    page = person.go(LOGIN)

    assert page["Location"] == reverse("mfa_authenticate")
    assert not person.is_in
    assert [record["tid"] for record in person.records] == [TENANT]


def test_session_of_another_person_ends(mia: User, provider: Provider) -> None:
    connect(mia)
    person = Person(UserFactory.create())
    session = person.client.session
    session["of somebody else"] = True
    session.save()

    person.go(LOGIN)

    assert person.client.session["_auth_user_id"] == str(mia.pk)
    assert "of somebody else" not in person.client.session


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "http:///elsewhere.example",
        " //elsewhere.example/",
        "partner/",
        "///elsewhere.example",
    ],
)
def test_way_back_is_a_page_of_the_portal(address: str, mia: User, provider: Provider) -> None:
    connect(mia)

    page = Person().go(LOGIN, back=address)

    assert page["Location"] == reverse("home")


def test_answer_is_taken_once(mia: User, provider: Provider) -> None:
    connect(mia)
    person = Person()
    answer = person.window.visit(way_out(person.begin()), LOGIN)
    assert person.client.get(answer).status_code == 302
    assert person.is_in
    person.client.logout()

    page = person.client.get(answer)

    assert (page.status_code, heading(page), person.is_in) == (400, "Please start again", False)


def test_answer_is_taken_in_the_browser_that_asked(mia: User, provider: Provider) -> None:
    """Nobody can be signed in to an account of the attacker by a link."""
    connect(mia)
    attacker, victim = Person(), Person()
    answer = attacker.window.visit(way_out(attacker.begin()), LOGIN)

    page = victim.client.get(answer)

    assert (page.status_code, heading(page), victim.is_in) == (400, "Please start again", False)


@pytest.mark.parametrize("state", ["", "made-up", "\x00", "é" * 300])
def test_answer_nobody_asked_for_is_refused(state: str, provider: Provider) -> None:
    person = Person()

    page = person.client.get("/konto/oidc/microsoft/zurueck/", {"state": state, "code": "x"})

    assert (page.status_code, heading(page)) == (400, "Please start again")
    assert provider.count("/token") == 0


def test_answer_that_comes_late_is_refused(
    mia: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(mia)
    person = Person()
    answer = person.window.visit(way_out(person.begin()), LOGIN)
    session = person.client.session
    states = session["socialaccount_states"]
    session["socialaccount_states"] = {
        key: (state, at - 601, provider_id) for key, (state, at, provider_id) in states.items()
    }
    session.save()

    assert person.client.get(answer).status_code == 400
    assert not person.is_in


def test_cancelled_sign_in_is_said(mia: User, provider: Provider) -> None:
    person = Person()

    page = person.go(LOGIN, cancel=True)

    assert (page.status_code, heading(page)) == (400, "Not signed in with Microsoft")
    assert provider.count("/token") == 0


def test_error_of_microsoft_is_not_repeated(mia: User, provider: Provider) -> None:
    provider.extra = {"error": "x", "error_description": "<script>alert(1)</script>"}
    connect(mia)
    person = Person()

    page = person.go(LOGIN)

    assert (page.status_code, person.is_in) == (400, False)
    text = page.content.decode()
    assert [word for word in ("alert(1)", "error_description", "state=") if word in text] == []


def test_beginning_is_a_form_of_the_portal(provider: Provider) -> None:
    url = reverse("openid_connect_login", args=["microsoft"])
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(url, {"process": "login"}).status_code == 403
    assert strict.get(url).status_code in {302, 405}  # a link begins nothing
    assert provider.asked == []


def test_somebody_who_begins_again_and_again_has_to_wait(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partners.accounts.entra_views.MOST_BEGUN", 2)
    assert [Person().begin().status_code for _time in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("missing", ["ENTRA_CLIENT_ID", "ENTRA_CLIENT_SECRET"])
def test_without_settings_there_is_no_way(
    missing: str, mia: User, provider: Provider, settings: Any
) -> None:
    setattr(settings, missing, "")
    connect(mia)
    person = Person(mia)

    assert Person().begin().status_code == 404
    assert person.client.get("/konto/oidc/microsoft/zurueck/").status_code == 404
    assert person.client.get(reverse("entra_reauthenticate")).status_code == 404
    page = person.client.get(reverse("socialaccount_connections"))
    assert page.status_code == 200
    assert buttons(page) == ["Disconnect"]


def test_another_provider_does_not_exist(provider: Provider) -> None:
    assert Client().post("/konto/oidc/google/anmelden/").status_code == 404
    assert Client().get("/konto/oidc/google/zurueck/").status_code == 404


# ---- An address as a first word ------------------------------------------------------------------


def test_address_from_the_own_firm_connects(mia: User, provider: Provider) -> None:
    provider.people[LOGIN].claims = OWNED
    person = Person()

    page = person.go(LOGIN)

    assert page.status_code == 302
    assert person.client.session["_auth_user_id"] == str(mia.pk)
    assert uids(mia) == [f"{TENANT}:{MIA}"]
    [letter] = mail.outbox
    assert letter.to == [LOGIN]


def _unproved_tenant(firm: Partner, mia: User, provider: Provider) -> None:
    provider.people[LOGIN].claims = {}


def _guest(firm: Partner, mia: User, provider: Provider) -> None:
    provider.people[LOGIN].claims = OWNED | {"acct": 1}


def _foreign_tenant(firm: Partner, mia: User, provider: Provider) -> None:
    """Anybody makes a tenant of their own and writes any address into it."""
    provider.people[LOGIN].tid = OTHER_TENANT


def _tenant_of_another_firm(firm: Partner, mia: User, provider: Provider) -> None:
    PartnerFactory.create(entra_tenant=OTHER_TENANT, domain="firma2.example")
    provider.people[LOGIN].tid = OTHER_TENANT


def _another_domain(firm: Partner, mia: User, provider: Provider) -> None:
    Partner.objects.filter(pk=firm.pk).update(domain="firma2.example")


def _domain_above(firm: Partner, mia: User, provider: Provider) -> None:
    Partner.objects.filter(pk=firm.pk).update(domain="example")


def _no_domain(firm: Partner, mia: User, provider: Provider) -> None:
    Partner.objects.filter(pk=firm.pk).update(domain="")


def _closed_firm(firm: Partner, mia: User, provider: Provider) -> None:
    Partner.objects.filter(pk=firm.pk).update(is_active=False)


def _former_member(firm: Partner, mia: User, provider: Provider) -> None:
    membership = Membership.objects.get(user=mia)
    membership.left_at = membership.joined_at
    membership.save()


def _member_elsewhere(firm: Partner, mia: User, provider: Provider) -> None:
    Membership.objects.filter(user=mia).update(partner=PartnerFactory.create())


def _unverified(firm: Partner, mia: User, provider: Provider) -> None:
    EmailAddress.objects.filter(user=mia).update(verified=False)


def _closed_account(firm: Partner, mia: User, provider: Provider) -> None:
    User.objects.filter(pk=mia.pk).update(is_active=False)


def _successor(firm: Partner, mia: User, provider: Provider) -> None:
    """The address went to the next one, whose object is another."""
    connect(mia, oid=OTHER_OID)


def _name_instead_of_address(firm: Partner, mia: User, provider: Provider) -> None:
    provider.people[LOGIN].email = "other@firma.example"
    provider.people[LOGIN].claims = OWNED | {"preferred_username": LOGIN, "upn": LOGIN}


@pytest.mark.parametrize(
    "twist",
    [
        _unproved_tenant,
        _guest,
        _foreign_tenant,
        _tenant_of_another_firm,
        _another_domain,
        _domain_above,
        _no_domain,
        _closed_firm,
        _former_member,
        _member_elsewhere,
        _unverified,
        _closed_account,
        _successor,
        _name_instead_of_address,
    ],
)
def test_address_alone_opens_no_account(
    twist: Any, firm: Partner, mia: User, provider: Provider
) -> None:
    provider.people[LOGIN].claims = OWNED
    twist(firm, mia, provider)
    before = uids(mia)
    person = Person()

    page = person.go(LOGIN)

    assert (page.status_code, heading(page), person.is_in) == (403, UNKNOWN, False)
    assert uids(mia) == before
    assert mail.outbox == []


def test_unknown_and_unproved_read_the_same(mia: User, provider: Provider) -> None:
    """Whether an account has this address is told to nobody."""
    provider.add("nobody@firma.example", OTHER_OID)

    known, unknown = (Person().go(login) for login in (LOGIN, "nobody@firma.example"))

    assert _without_token(known) == _without_token(unknown)


# ---- Connecting from inside ----------------------------------------------------------------------


def test_signed_in_person_connects(provider: Provider) -> None:
    """With any organisation: the person has shown here who they are, and there."""
    user = UserFactory.create()
    person = Person(user)
    person.prove_password()

    page = person.go(LOGIN, "connect")

    assert page["Location"] == reverse("socialaccount_connections")
    assert uids(user) == [f"{TENANT}:{MIA}"]
    assert [record["method"] for record in person.records] == ["password", "socialaccount"]
    [letter] = mail.outbox
    assert letter.to == [user.email]
    fresh = Person()
    fresh.go(LOGIN)
    assert fresh.client.session["_auth_user_id"] == str(user.pk)


def test_connecting_asks_for_the_password_first(provider: Provider) -> None:
    user = UserFactory.create()
    person = Person(user)

    page = person.begin("connect")

    assert page.status_code == 302
    assert page["Location"].startswith(reverse("account_reauthenticate"))
    assert provider.asked == []


def test_open_screen_left_alone_connects_nothing(provider: Provider) -> None:
    user = UserFactory.create()
    person = Person(user)
    person.prove_password()
    answer = person.window.visit(way_out(person.begin("connect")), LOGIN)
    session = person.client.session
    session["account_authentication_methods"][0]["at"] -= 301
    session.save()

    page = person.client.get(answer)

    assert (page.status_code, heading(page)) == (400, "Please start again")
    assert uids(user) == []


def test_connecting_is_for_the_person_who_began(provider: Provider) -> None:
    first, second = UserFactory.create(), UserFactory.create()
    person = Person(first)
    person.prove_password()
    answer = person.window.visit(way_out(person.begin("connect")), LOGIN)
    states = person.client.session["socialaccount_states"]
    person.client.force_login(second)
    person.prove_password()
    session = person.client.session
    session["socialaccount_states"] = states
    session.save()

    page = person.client.get(answer)

    assert (page.status_code, heading(page)) == (400, "Please start again")
    assert uids(first) == uids(second) == []


def test_identity_of_another_account_stays_there(mia: User, provider: Provider) -> None:
    connect(mia)
    user = UserFactory.create()
    person = Person(user)
    person.prove_password()

    page = person.go(LOGIN, "connect")

    assert page["Location"] == reverse("socialaccount_connections")
    text = person.client.get(page["Location"]).content.decode()
    assert "connected with another account of the portal" in text
    assert (uids(mia), uids(user)) == ([f"{TENANT}:{MIA}"], [])
    assert len(person.records) == 1


def test_nobody_is_two_people_in_one_organisation(mia: User, provider: Provider) -> None:
    """Who knows a colleague's password cannot add themselves to the account."""
    connect(mia)
    provider.add("max@firma.example", OTHER_OID)
    person = Person(mia)
    person.prove_password()

    person.go("max@firma.example", "connect")

    assert uids(mia) == [f"{TENANT}:{MIA}"]
    assert len(person.records) == 1


def test_second_organisation_may_be_connected(mia: User, provider: Provider) -> None:
    connect(mia)
    provider.add("mia@other.example", OTHER_OID, tid=OTHER_TENANT)
    person = Person(mia)
    person.prove_password()

    person.go("mia@other.example", "connect")

    assert uids(mia) == [f"{TENANT}:{MIA}", f"{OTHER_TENANT}:{OTHER_OID}"]


def test_signed_out_person_connects_nothing(provider: Provider) -> None:
    page = Person().begin("connect")

    assert (page.status_code, page["Location"]) == (302, reverse("account_login"))


# ---- Disconnecting -------------------------------------------------------------------------------


def buttons(page: Any) -> list[str]:
    found = parsed(page.content).select("main button[type=submit]")
    return [button.get_text(strip=True) for button in found]


def disconnect(person: Person, account: SocialAccount) -> Any:
    person.prove_password()
    return person.client.post(reverse("socialaccount_connections"), {"account": account.pk})


def test_page_shows_what_is_connected(mia: User, provider: Provider) -> None:
    connect(mia)
    page = Person(mia).client.get(reverse("socialaccount_connections"))

    assert [tag.get_text(strip=True) for tag in parsed(page.content).select("main h2")][:1] == [
        LOGIN
    ]
    assert buttons(page) == ["Disconnect", "Connect a Microsoft account"]


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_as_often_for_many(
    count: int, mia: User, provider: Provider, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        connect(mia, tid=f"aaaaaaaa-bbbb-4ccc-8ddd-00000000000{number}")
    person = Person(mia)
    person.client.get(reverse("socialaccount_connections"))

    with django_assert_num_queries(4):  # session, user, memberships, connections
        page = person.client.get(reverse("socialaccount_connections"))

    assert len(buttons(page)) == count + 1


def test_person_with_a_password_disconnects(mia: User, provider: Provider) -> None:
    page = disconnect(Person(mia), connect(mia))

    assert page["Location"] == reverse("socialaccount_connections")
    assert uids(mia) == []
    [letter] = mail.outbox
    assert letter.to == [LOGIN]
    assert Person().go(LOGIN).status_code == 403


def test_disconnecting_asks_for_the_password_first(mia: User, provider: Provider) -> None:
    account = connect(mia)

    page = Person(mia).client.post(reverse("socialaccount_connections"), {"account": account.pk})

    assert page["Location"].startswith(reverse("account_reauthenticate"))
    assert uids(mia) == [account.uid]


def test_connection_of_another_is_not_touched(mia: User, provider: Provider) -> None:
    account = connect(mia)

    page = disconnect(Person(UserFactory.create()), account)

    assert page.status_code == 200
    assert "This connection does not exist any more." in page.content.decode()
    assert uids(mia) == [account.uid]


def test_last_way_in_stays(mia: User, provider: Provider) -> None:
    mia.set_unusable_password()
    mia.save()
    account = connect(mia)

    page = disconnect(Person(mia), account)

    assert "This is your only way to sign in." in page.content.decode()
    assert uids(mia) == [account.uid]


def _passkey(user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})


def _second(user: User) -> None:
    connect(user, tid=OTHER_TENANT)


def _code(user: User) -> None:
    """An authenticator app opens nothing by itself."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")


@pytest.mark.parametrize(("way", "stays"), [(_passkey, False), (_second, False), (_code, True)])
def test_other_way_in_lets_a_connection_go(
    way: Any, stays: bool, mia: User, provider: Provider
) -> None:
    mia.set_unusable_password()
    mia.save()
    account = connect(mia)
    way(mia)

    disconnect(Person(mia), account)

    assert SocialAccount.objects.filter(pk=account.pk).exists() is stays


def test_connection_that_a_firm_demands_stays(firm: Partner, mia: User, provider: Provider) -> None:
    account = connect(mia)
    connect(mia, tid=OTHER_TENANT)
    Partner.objects.filter(pk=firm.pk).update(sign_in_rule=Partner.SignInRule.ENTRA)

    with pytest.raises(ValidationError) as error:
        entra.require_another_way_in(account)

    assert error.value.code == "demanded"
    Membership.objects.filter(user=mia).delete()
    entra.require_another_way_in(account)


# ---- What a firm may demand ----------------------------------------------------------------------


def test_admin_demands_only_the_tenant_they_came_through(
    firm: Partner, provider: Provider, settings: Any
) -> None:
    admin = member(firm, "admin")
    connect(admin)
    person = Person()
    person.go(LOGIN)
    request = RequestFactory().get("/")
    request.session, request.user = person.client.session, admin

    entra.require_own_tenant(request, UUID(TENANT))
    for tenant in (UUID(OTHER_TENANT), None):
        with pytest.raises(ValidationError) as error:
            entra.require_own_tenant(request, tenant)
        assert error.value.code == "foreign_tenant"
    settings.ENTRA_TENANTS = [UUID(OTHER_TENANT)]
    with pytest.raises(ValidationError) as error:
        entra.require_own_tenant(request, UUID(TENANT))
    assert error.value.code == "not_allowed"


def test_tenants_are_those_of_the_person_in_the_session(firm: Partner, provider: Provider) -> None:
    connect(member(firm, "admin"))
    person = Person()
    person.go(LOGIN)
    request = RequestFactory().get("/")
    request.session = person.client.session

    request.user = UserFactory.create()

    assert entra.tenants(request) == frozenset()


def test_firm_that_demands_its_tenant_is_opened_by_it_only(
    firm: Partner, mia: User, provider: Provider
) -> None:
    connect(mia)
    Partner.objects.filter(pk=firm.pk).update(sign_in_rule=Partner.SignInRule.ENTRA)
    with_password, with_microsoft = Person(mia), Person()
    with_microsoft.go(LOGIN)

    answers = [p.client.get("/partner/firma/").status_code for p in (with_password, with_microsoft)]

    assert answers == [302, 200]


# ---- Small things --------------------------------------------------------------------------------


def _without_token(page: Any) -> str:
    document = parsed(page.content)
    for field in document.select("input[name=csrfmiddlewaretoken]"):
        field.decompose()
    return str(document)
