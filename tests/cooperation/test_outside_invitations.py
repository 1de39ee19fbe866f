"""A firm that is not here yet is invited into a project, by an address."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cooperation import outside_invitations
from cooperation.agreements import NotPossible
from cooperation.models import AgreementEvent, OutsideInvitation, Participation
from cooperation.outside_invitations import Sendable
from partners import invitation_links
from partners.models import Membership, Partner, User
from tests.cooperation.worlds import World, world
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]

INVITED = "chefin@neuefirma.example"
GONE = "This link no longer works"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def two() -> World:
    return world()


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Neue Firma")


@pytest.fixture
def boss(firm: Partner) -> User:
    return member(firm, "manager", email=INVITED)


def english(user: User | None = None) -> Client:
    client = Client(headers={"accept-language": "en"})
    if user:
        client.force_login(user)
    return client


def invite(two: World, number: int = 0, **changes: Any) -> Sendable:
    wanted: dict[str, Any] = {"email": INVITED, "language": "en", "message": "Geheimes Wort"}
    return outside_invitations.invite(two.agreement.pk, **(wanted | changes), **two.acting(number))


def open_link(client: Client, token: str) -> Any:
    return client.get(reverse("cooperation:outside_link", args=[token]), follow=True)


def accept(client: Client, firm: Partner) -> Any:
    return client.post(reverse("cooperation:outside_accept"), {"firm": str(firm.pk)})


def kinds(two: World) -> list[str]:
    events = AgreementEvent.objects.filter(agreement=two.agreement).order_by("seq")
    return list(events.values_list("kind", flat=True))


def test_somebody_with_a_firm_names_it_and_its_invitation_opens(
    two: World, firm: Partner, boss: User, soup: Soup
) -> None:
    client = english(boss)
    page = soup(open_link(client, invite(two).token))
    chosen = page.select("input[type=radio][name=firm]")
    assert [str(each["value"]) for each in chosen] == [str(firm.pk)]

    answer = accept(client, firm)

    place = Participation.objects.get(partner=firm)
    assert (place.state, place.message, place.invited_by) == (
        "invited",
        "Geheimes Wort",
        two.people[0],
    )
    assert answer["Location"] == reverse("cooperation:invitation", args=[place.pk])
    assert client.get(answer["Location"]).status_code == 200
    invitation = OutsideInvitation.objects.get()
    assert (invitation.accepted_by, invitation.participation) == (boss, place)
    assert kinds(two)[-2:] == ["outside_invited", "invited"]
    assert accept(client, firm)["Location"] == reverse("cooperation:outside")  # once
    assert Participation.objects.filter(partner=firm).count() == 1


def test_neither_mail_nor_page_nor_log_tell_more_than_they_should(
    two: World, boss: User, soup: Soup
) -> None:
    sent = invite(two)
    outside_invitations.send(sent)
    project = two.agreement.project
    message = mail.outbox[0]
    assert message.to == [INVITED]
    assert message.subject == f"Handschlag: {two.firms[0].name} invites you to work together"
    for client in (english(), english(boss), english(UserFactory.create())):
        shown = open_link(client, sent.token).content.decode()
        assert two.firms[0].name in shown
        for hidden in (project.name, project.customer_name, two.firms[1].name, "Geheimes"):
            assert hidden not in shown
            assert hidden not in message.body + message.subject
    assert INVITED not in open_link(english(), sent.token).content.decode()
    event = AgreementEvent.objects.get(kind="outside_invited")
    assert event.data == {"outside": str(sent.invitation.pk)}


@pytest.mark.parametrize(
    "what", ["unknown", "withdrawn", "used", "expired", "resent", "demoted", "left"]
)
def test_every_link_that_opens_nothing_looks_the_same(
    two: World, firm: Partner, boss: User, soup: Soup, what: str
) -> None:
    sent = invite(two)
    token, digest = sent.token, invitation_links.digest(sent.token)
    rows = Membership.objects.filter(user=two.people[0])
    if what == "unknown":
        token = invitation_links.new_token()
    elif what == "withdrawn":
        outside_invitations.withdraw(sent.invitation.pk, **two.acting(1))
    elif what == "used":
        outside_invitations.accept(digest, by=boss, partner=firm)
    elif what == "expired":
        now = timezone.now()
        OutsideInvitation.objects.update(sent_at=now - timedelta(days=14), expires_at=now)
    elif what == "resent":
        outside_invitations.send_again(sent.invitation.pk, **two.acting(0))
    elif what == "demoted":
        rows.update(is_partner_manager=False)
    else:
        rows.update(left_at=timezone.now())
    before = Participation.objects.count()
    client = english(boss)

    page = open_link(client, token)

    assert page.status_code == 404
    assert soup(page).select_one("h1").text == GONE  # type: ignore[union-attr]
    assert accept(client, firm)["Location"] == reverse("cooperation:outside")
    with pytest.raises(NotPossible):
        outside_invitations.accept(invitation_links.digest(token), by=boss, partner=firm)
    assert Participation.objects.count() == before


def test_a_forwarded_link_opens_nothing_for_another_mailbox(
    two: World, firm: Partner, boss: User, soup: Soup
) -> None:
    sent = invite(two)
    other = member(firm, "manager", "signer")
    client = english(other)
    page = soup(open_link(client, sent.token))
    assert "c•••@neuefirma.example" in page.select_one("main").text  # type: ignore[union-attr]
    assert page.select("input[name=firm]") == []
    accept(client, firm)
    EmailAddress.objects.filter(user=boss).update(verified=False)
    with pytest.raises(NotPossible, match="another address"):
        outside_invitations.accept(invitation_links.digest(sent.token), by=boss, partner=firm)
    assert not Participation.objects.filter(partner=firm).exists()


@pytest.mark.parametrize("role", ["admin", "lead", "specialist", "observer"])
def test_only_who_may_answer_names_a_firm_and_only_their_own(two: World, role: str) -> None:
    mine, foreign = PartnerFactory.create(), PartnerFactory.create()
    user = member(mine, role, email=INVITED)
    token = invite(two).token
    client = english(user)
    open_link(client, token)
    for firm in (mine, foreign, two.firms[1]):
        assert accept(client, firm)["Location"] == reverse("cooperation:outside")
        with pytest.raises(NotPossible, match="Only partner managers"):
            outside_invitations.accept(invitation_links.digest(token), by=user, partner=firm)
    assert not Participation.objects.filter(partner__in=[mine, foreign]).exists()


def test_a_firm_registers_on_the_way_and_comes_back(two: World, soup: Soup) -> None:
    client = english()
    page = soup(open_link(client, invite(two).token))
    link = next(str(a["href"]) for a in page.select("main a") if "registrieren" in str(a["href"]))
    values = {
        "name": "Neue Firma",
        "legal_name": "Neue Firma GmbH",
        "website": "neuefirma.example",
        "person_name": "Cora Chefin",
        "email": INVITED,
        "password": PASSWORD,
    }
    assert client.post(link, values)["Location"] == reverse("partners:register_code")
    code = re.search(r"[B-Z]{4}-[B-Z]{4}", str(mail.outbox[-1].body))
    assert code is not None
    answer = client.post(reverse("partners:register_code"), {"code": code[0]})
    assert answer["Location"] == reverse("cooperation:outside")
    firm = Partner.objects.get(domain="neuefirma.example")
    assert accept(client, firm).status_code == 302
    assert Participation.objects.get(partner=firm).state == "invited"


def test_only_partner_managers_of_the_project_invite_by_mail(two: World, soup: Soup) -> None:
    url = reverse("cooperation:outside_invite", args=[two.agreement.project_id])
    values = {"email": INVITED, "language": "en", "role": "", "message": ""}
    pk = invite(two, email="x@y.example").invitation.pk
    asked = [
        (member(two.firms[0], "lead", "specialist", "admin"), 403),
        (member(PartnerFactory.create(), "admin", "manager", "signer"), 404),
    ]
    for user, expected in asked:
        client = english(user)
        assert client.get(url).status_code == client.post(url, values).status_code == expected
        for name in ("outside_resend", "outside_withdraw"):
            assert client.post(reverse(f"cooperation:{name}", args=[pk])).status_code == expected
    manager = english(two.people[0])
    assert manager.post(url, values)["Location"] == url
    page = soup(manager.get(url))
    assert {t.text for t in page.select("[aria-labelledby=invited-heading] h3")} == {
        INVITED,
        "x@y.example",
    }
    manager.post(reverse("cooperation:outside_resend", args=[pk]))
    manager.post(reverse("cooperation:outside_withdraw", args=[pk]))
    assert [message.to for message in mail.outbox] == [[INVITED], ["x@y.example"]]
    assert OutsideInvitation.objects.get(pk=pk).state == "withdrawn"
    assert kinds(two)[-4:] == ["outside_invited"] * 3 + ["outside_withdrawn"]


def test_the_answer_does_not_tell_whether_there_is_an_account(
    two: World, boss: User, soup: Soup
) -> None:
    url = reverse("cooperation:outside_invite", args=[two.agreement.project_id])
    client, said = english(two.people[0]), []
    for email in (INVITED, "nobody@elsewhere.example"):
        page = soup(client.post(url, {"email": email, "language": "en"}, follow=True))
        said.append([notice.text.replace(email, "…") for notice in page.select(".notice")])
    assert said[0] == said[1]
    assert len(said[0]) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_invitations_does_not_grow_in_queries(
    two: World, count: int, django_assert_max_num_queries: Any, soup: Soup
) -> None:
    for number in range(count):
        invite(two, email=f"n{number}@neuefirma.example")
    client = english(two.people[0])
    url = reverse("cooperation:outside_invite", args=[two.agreement.project_id])
    with django_assert_max_num_queries(7):
        page = client.get(url)
    assert len(soup(page).select("[aria-labelledby=invited-heading] li")) == count


def test_the_database_settles_it_once_and_with_a_firm(two: World, boss: User) -> None:
    pk = invite(two).invitation.pk
    now = timezone.now()
    for change in (
        {"accepted_at": now, "accepted_by": boss},
        {"accepted_at": now, "accepted_by": boss, "withdrawn_at": now},
        {"participation": Participation.objects.all()[0]},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutsideInvitation.objects.filter(pk=pk).update(**change)
    with pytest.raises(NotPossible):
        invite(two)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["again", "other firm", "withdraw"])
def test_of_two_at_the_same_instant_one_wins(rival: str) -> None:
    two = world()
    boss = member(PartnerFactory.create(), "manager", email=INVITED)
    one = Partner.objects.of(boss).get()
    second = PartnerFactory.create()
    MembershipFactory.create(partner=second, user=boss, is_partner_manager=True)
    sent = invite(two)
    digest = invitation_links.digest(sent.token)
    rivals: dict[str, Callable[[], object]] = {
        "again": lambda: outside_invitations.accept(digest, by=boss, partner=one),
        "other firm": lambda: outside_invitations.accept(digest, by=boss, partner=second),
        "withdraw": lambda: outside_invitations.withdraw(sent.invitation.pk, **two.acting(0)),
    }

    results = at_once(
        lambda: outside_invitations.accept(digest, by=boss, partner=one), rivals[rival]
    )

    failed = [type(result) for result in results if isinstance(result, Exception)]
    assert failed == [NotPossible]
    places = Participation.objects.filter(partner__in=[one, second]).count()
    invitation = OutsideInvitation.objects.get()
    assert places == (1 if invitation.accepted_at else 0)
    assert bool(invitation.accepted_at) != bool(invitation.withdrawn_at)
