"""A firm registers itself: its domain is proved by mail, and the operator may look at it first."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from partners import firm_log, people, registrations
from partners.models import FirmEvent, Membership, Partner, Registration, User
from partners.newcomers import Newcomer
from partners.registrations import Application
from tests.factories import PASSWORD, PartnerFactory, UserFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]

FIRM = {
    "name": "Rheinwerk",
    "legal_name": "Rheinwerk IT GmbH",
    "website": "www.rheinwerk.example",
}
FOUNDER = {"person_name": "Ada Amsel", "email": "Ada@Rheinwerk.example", "password": PASSWORD}


def english() -> Client:
    return Client(headers={"accept-language": "en"})


def send(client: Client, **changes: str) -> Any:
    return client.post(reverse("partners:register"), {**FIRM, **FOUNDER, **changes})


def code() -> str:
    found = re.search(r"^([B-Z]{4}-[B-Z]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None
    return found[1]


def enter(client: Client, typed: str) -> Any:
    return client.post(reverse("partners:register_code"), {"code": typed})


def errors(page: BeautifulSoup) -> set[str]:
    return {str(field["name"]) for field in page.select("main [aria-invalid=true]")}


def application(domain: str = "rheinwerk.example", name: str = "Rheinwerk") -> Application:
    return Application(name, f"{name} GmbH", f"https://{domain}", domain)


def founder(email: str = "ada@rheinwerk.example") -> Newcomer:
    return Newcomer.of(email=email, name="Ada Amsel", language="de", password=PASSWORD)


def test_a_firm_comes_in_with_its_first_admin(soup: Soup) -> None:
    client = english()

    assert send(client)["Location"] == reverse("partners:register_code")
    assert (Partner.objects.count(), User.objects.count(), Registration.objects.count()) == (0,) * 3
    assert [message.to for message in mail.outbox] == [["ada@rheinwerk.example"]]
    answer = enter(client, code())

    assert answer["Location"] == reverse("home")
    partner = Partner.objects.get()
    assert (partner.name, partner.legal_name, partner.slug, partner.domain) == (
        "Rheinwerk",
        "Rheinwerk IT GmbH",
        "rheinwerk",
        "rheinwerk.example",
    )
    membership = Membership.objects.get()
    assert people.rights_of(membership) == ["is_admin", "is_partner_manager"]
    assert client.session[SESSION_KEY] == str(membership.user_id)
    assert EmailAddress.objects.get(user=membership.user).verified
    assert membership.user.check_password(PASSWORD)
    events = FirmEvent.objects.values_list("kind", flat=True)
    assert list(events) == ["firm_registered", "person_joined"]
    registration = Registration.objects.get()
    assert (registration.state, registration.email, registration.password) == ("approved", "", "")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"email": "ada@gmail.com", "website": "gmail.com"}, {"email"}),
        ({"email": "ada@co.uk", "website": "co.uk"}, {"email"}),
        ({"email": "ada@straße.example", "website": "straße.example"}, {"email"}),
        ({"website": "evil.example"}, {"website"}),
        ({"website": "https://rheinwerk.example.evil.example/"}, {"website"}),
        ({"website": "https://rheinwerk.example@evil.example/"}, {"website"}),
        ({"email": "ada@mail.rheinwerk.example"}, {"website"}),
        ({"password": "1234567890"}, {"password"}),
        ({"name": "Rhein\u202ewerk"}, {"name"}),
        ({"email": "ada@rheinwerk.example\r\nBcc: x@evil.example"}, {"email"}),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(
    soup: Soup, changes: dict[str, str], wrong: set[str]
) -> None:
    page = soup(send(english(), **changes))
    assert errors(page) == wrong
    assert mail.outbox == []


def test_a_domain_with_umlauts_is_one_domain() -> None:
    client = english()
    send(client, email="ada@müller-it.example", website="https://www.müller-it.example")
    enter(client, code())
    assert Partner.objects.get().domain == "xn--mller-it-65a.example"
    assert User.objects.get().email == "ada@xn--mller-it-65a.example"
    send(english(), email="bob@xn--mller-it-65a.example", website="müller-it.example")
    assert mail.outbox[-1].subject == "Handschlag: Rheinwerk is here already"


def test_a_firm_or_an_account_that_is_here_is_told_to_the_mailbox_only(soup: Soup) -> None:
    PartnerFactory.create(name="Schon da", domain="here.example")
    PartnerFactory.create(name="Eingetragen", website="https://www.entered.example/start")
    UserFactory.create(email="ada@account.example")
    pages = []
    for domain in (
        "new.example",
        "here.example",
        "sub.here.example",
        "entered.example",
        "account.example",
    ):
        client = english()
        answer = send(client, email=f"ada@{domain}", website=domain)
        page = soup(enter(client, "BBBB-BBBB"))
        pages.append((answer.status_code, answer["Location"], str(page.select_one("main"))))
    plain = {re.sub(r'value="[A-Za-z0-9]{64}"', "", str(page)) for page in pages}
    assert len(plain) == 1
    assert [message.subject for message in mail.outbox] == [
        "Handschlag: your code",
        "Handschlag: Schon da is here already",
        "Handschlag: Schon da is here already",
        "Handschlag: Eingetragen is here already",
        "Handschlag: you have an account already",
    ]
    assert not any(re.search(r"[B-Z]{4}-[B-Z]{4}", str(m.body)) for m in mail.outbox[1:])
    assert Partner.objects.count() == 2


def test_a_machine_sees_what_everybody_sees_and_nothing_is_sent() -> None:
    answer = send(english(), fax="030 1234")
    assert answer["Location"] == reverse("partners:register_code")
    assert mail.outbox == []


def test_somebody_signed_in_registers_a_firm_with_their_own_address(soup: Soup) -> None:
    user = member(PartnerFactory.create(), "observer", email="ada@rheinwerk.example")
    client = english()
    client.force_login(user)
    page = soup(client.get(reverse("partners:register")))
    assert page.select("main input[type=password], main input[type=email]") == []

    # Whoever sends other people's addresses along is not listened to.
    send(client, email="victim@evil.example", website="rheinwerk.example")
    assert mail.outbox[0].to == ["ada@rheinwerk.example"]
    answer = enter(client, code())

    assert answer["Location"] == reverse("home")
    partner = Partner.objects.get(domain="rheinwerk.example")
    assert Membership.objects.get(partner=partner).user == user
    assert client.session["acting_for"] == str(partner.pk)


def test_a_code_is_worth_nothing_to_another_person() -> None:
    client = english()
    send(client)
    client.force_login(UserFactory.create(email="other@rheinwerk.example"))
    send_code = code()
    assert enter(client, send_code)["Location"] == reverse("partners:register")
    assert Partner.objects.count() == 0


@pytest.mark.parametrize(
    ("page", "goes"),
    [
        ("/einladung/projekt/", "/einladung/projekt/"),
        ("https://evil.example/", "/start/"),
        ("//evil.example/", "/start/"),
        ("/\\evil.example/", "/start/"),
        ("javascript:alert(1)", "/start/"),
        ("\t//evil.example", "/start/"),
    ],
)
def test_the_way_on_stays_in_the_portal(page: str, goes: str) -> None:
    client = english()
    send(client, next=page)
    assert enter(client, code())["Location"] == goes


# The operator's approval


@pytest.fixture
def waiting(settings: Any) -> Registration:
    settings.REGISTRATION_APPROVAL = True
    settings.ADMINS = [("Op", "op@portal.example")]
    client = english()
    send(client)
    assert enter(client, code())["Location"] == reverse("partners:registered")
    return Registration.objects.get()


def test_nothing_exists_before_the_operator_approves(waiting: Registration) -> None:
    assert (Partner.objects.count(), User.objects.count()) == (0, 0)
    assert mail.outbox[-1].to == ["op@portal.example"]
    operator = UserFactory.create(is_staff=True)

    registrations.approve(waiting.pk, by=operator)

    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by, waiting.email) == ("approved", operator, "")
    user = Membership.objects.get(partner=waiting.partner).user
    assert user.check_password(PASSWORD)
    assert EmailAddress.objects.get(user=user).verified
    with pytest.raises(people.NotPossible):
        registrations.refuse(waiting.pk, by=operator)


def test_a_refused_firm_leaves_nothing_of_the_person_and_may_try_again(
    waiting: Registration,
) -> None:
    registrations.refuse(waiting.pk, by=UserFactory.create(is_staff=True))

    row = Registration.objects.values().get()
    assert (row["state"], row["email"], row["person_name"], row["password"]) == (
        "refused",
        "",
        "",
        "",
    )
    assert Partner.objects.count() == 0
    assert registrations.firm_with("rheinwerk.example") == ""
    with pytest.raises(people.NotPossible):
        registrations.approve(waiting.pk, by=UserFactory.create())


def test_the_domain_is_taken_while_a_firm_waits(waiting: Registration) -> None:
    with pytest.raises(people.NotPossible):
        registrations.register(application(), founder("bob@rheinwerk.example"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Registration.objects.create(name="x", domain="rheinwerk.example")


def test_the_database_lets_one_firm_have_a_domain() -> None:
    PartnerFactory.create(domain="rheinwerk.example")
    PartnerFactory.create()
    PartnerFactory.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerFactory.create(domain="rheinwerk.example")


def test_two_firms_of_one_name_get_two_short_names() -> None:
    slugs = [
        registrations.register(
            application(f"firm{number}.example", "Für IT & Co"), founder(f"a@firm{number}.example")
        ).partner.slug  # type: ignore[union-attr]
        for number in range(3)
    ]
    assert slugs == ["fuer-it-co", "fuer-it-co-2", "fuer-it-co-3"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("email", ["ada@rheinwerk.example", "bob@rheinwerk.example"])
@pytest.mark.parametrize("approval", [True, False])
def test_of_two_registrations_at_the_same_instant_one_wins(
    settings: Any, email: str, approval: bool
) -> None:
    settings.REGISTRATION_APPROVAL = approval

    results = at_once(
        lambda: registrations.register(application(), founder()),
        lambda: registrations.register(application(name="Anders"), founder(email)),
    )

    failed = [result for result in results if isinstance(result, Exception)]
    assert [type(error) for error in failed] == [people.NotPossible]
    assert Registration.objects.count() == 1
    assert Partner.objects.count() == (0 if approval else 1)
    assert User.objects.count() == (0 if approval else 1)
    for partner in Partner.objects.all():
        assert list(firm_log.breaks(partner)) == []
