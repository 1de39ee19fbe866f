"""Inviting people into a firm: the verbs, the link, the two ways of accepting it, and attacks."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from partners import firm_log, invitation_links, invitations, joining_mails, newcomers, people
from partners.invitations import Sendable
from partners.models import FirmEvent, Invitation, Membership, Partner, User
from partners.newcomers import Newcomer
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]
SignIn = Callable[[User], Client]

INVITED = "neu@rheinwerk.example"
GONE = "This link no longer works"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Rheinwerk")


@pytest.fixture
def admin(firm: Partner) -> User:
    return member(firm, "admin", name="Ada")


def english() -> Client:
    return Client(headers={"accept-language": "en"})


def signed_in(user: User) -> Client:
    client = english()
    client.force_login(user)
    return client


def invite(firm: Partner, by: User, **changes: Any) -> Sendable:
    wanted: dict[str, Any] = {
        "email": INVITED,
        "name": "Nele Neu",
        "language": "en",
        "title": "Vertrieb",
        "rights": {"is_specialist": True},
    }
    return invitations.invite(firm, by=by, **(wanted | changes))


def open_link(client: Client, token: str) -> Any:
    return client.get(reverse("partners:invitation_link", args=[token]), follow=True)


def heading(page: BeautifulSoup) -> str:
    return " ".join(page.select_one("h1").text.split())  # type: ignore[union-attr]


def code_of(message: Any) -> str:
    found = re.search(r"^([B-Z]{4}-[B-Z]{4})$", message.body, re.MULTILINE)
    assert found is not None
    return found[1]


def choose(client: Client, **changes: str) -> Any:
    values = {"person_name": "Nele Neu", "password": PASSWORD, **changes}
    return client.post(reverse("partners:invitation_begin"), values)


def enter(client: Client, code: str) -> Any:
    return client.post(reverse("partners:invitation_code"), {"code": code})


def newcomer(email: str = INVITED) -> Newcomer:
    return Newcomer.of(email=email, name="Nele Neu", language="en", password=PASSWORD)


# Inviting


def test_an_invitation_makes_no_account_and_keeps_the_token_as_a_hash(
    firm: Partner, admin: User
) -> None:
    sent = invite(firm, admin, email=" Neu@Rheinwerk.Example ")

    invitation = Invitation.objects.get()
    assert len(sent.token) == 43  # 256 bits
    assert invitation.token_sha256 == invitation_links.digest(sent.token)
    assert sent.token not in str(Invitation.objects.values().get())
    assert invitation.email == INVITED
    assert invitation.rights == ["is_specialist"]
    assert invitation.expires_at - invitation.sent_at == timedelta(days=14)
    assert not User.objects.filter(email=INVITED).exists()
    assert firm.memberships.count() == 1


@pytest.mark.parametrize("traits", [("signer",), ("manager", "signer"), ("lead",), ("observer",)])
def test_only_an_admin_invites_sends_again_and_withdraws(
    firm: Partner, admin: User, traits: tuple[str, ...]
) -> None:
    other = member(firm, *traits)
    invitation = invite(firm, admin).invitation
    before = Invitation.objects.values().get()

    for step in (
        lambda: invite(firm, other, email="b@rheinwerk.example"),
        lambda: invitations.send_again(invitation.pk, by=other),
        lambda: invitations.withdraw(invitation.pk, by=other),
    ):
        with pytest.raises(people.NotPossible):
            step()

    assert Invitation.objects.values().get() == before


def test_one_invitation_for_an_address_at_a_time(firm: Partner, admin: User) -> None:
    first = invite(firm, admin)
    with pytest.raises(people.NotPossible, match="invited already"):
        invite(firm, admin)
    elsewhere = PartnerFactory.create()
    assert invite(elsewhere, member(elsewhere, "admin")).invitation.is_open
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        second = invite(firm, admin)
    first.invitation.refresh_from_db()
    assert first.invitation.state == Invitation.State.WITHDRAWN
    assert second.invitation.pk != first.invitation.pk


def test_the_database_settles_an_invitation_once(firm: Partner, admin: User) -> None:
    invitation = invite(firm, admin).invitation
    now = timezone.now()
    for change in (
        {"accepted_at": now, "accepted_by": admin, "withdrawn_at": now},
        {"accepted_at": now},
        {"accepted_by": admin},
        {"expires_at": invitation.sent_at},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.filter(pk=invitation.pk).update(**change)


def test_somebody_of_the_firm_is_not_invited(firm: Partner, admin: User) -> None:
    member(firm, "lead", email=INVITED)
    with pytest.raises(people.NotPossible, match="belongs to your firm already"):
        invite(firm, admin)


def test_the_log_tells_each_step_and_names_people_beside_the_chain(
    firm: Partner, admin: User
) -> None:
    first = invite(firm, admin)
    invitations.send_again(first.invitation.pk, by=admin)
    invitations.withdraw(first.invitation.pk, by=admin)
    second = invite(firm, admin, rights={"is_admin": True, "may_sign": True})
    membership = invitations.join(invitation_links.digest(second.token), newcomer())
    people.change(membership.pk, title="", rights={"is_observer": True}, by=admin)
    people.change(membership.pk, title="neu", rights={"is_observer": True}, by=admin)
    people.leave(membership.pk, by=admin)

    events = FirmEvent.objects.filter(partner=firm)
    assert [(event.kind, event.by, event.about) for event in events] == [
        ("person_invited", admin, None),
        ("invitation_sent_again", admin, None),
        ("invitation_withdrawn", admin, None),
        ("person_invited", admin, None),
        ("person_joined", membership.user, membership.user),
        ("rights_changed", admin, membership.user),
        ("person_left", admin, membership.user),
    ]
    assert events[4].data == {"rights": ["is_admin", "may_sign"], "way": "invitation"}
    assert events[5].data == {"before": ["is_admin", "may_sign"], "after": ["is_observer"]}
    assert events[0].personal["invited"] == {"name": "Nele Neu", "email": INVITED}
    assert not any("nele" in str(event.data).lower() for event in events)
    assert list(firm_log.breaks(firm)) == []


# The mail and the link


def test_the_page_of_an_admin_sends_one_mail_with_the_link(firm: Partner, admin: User) -> None:
    answer = signed_in(admin).post(
        reverse("partners:person_invite"),
        {"email": INVITED, "name": "Nele Neu", "language": "en", "is_lead": "on", "may_sign": "on"},
    )

    assert (answer.status_code, answer["Location"]) == (302, reverse("partners:people"))
    message = mail.outbox[0]
    assert len(mail.outbox) == 1
    assert message.to == [INVITED]
    assert message.subject == "Handschlag: invitation to Rheinwerk"
    link = re.search(r"http://127.0.0.1:8000(/\S+)", str(message.body))
    assert link is not None
    page = english().get(link[1], follow=True)
    assert page.status_code == 200
    assert page.redirect_chain == [(reverse("partners:invitation"), 302)]


def test_the_answer_does_not_tell_whether_there_is_an_account(
    firm: Partner, admin: User, soup: Soup
) -> None:
    UserFactory.create(email="known@elsewhere.example")
    client, said = signed_in(admin), []
    for email in ("known@elsewhere.example", "other@elsewhere.example"):
        values = {"email": email, "name": "N", "language": "en", "is_observer": "on"}
        page = soup(client.post(reverse("partners:person_invite"), values, follow=True))
        said.append([text.text.replace(email, "…") for text in page.select(".notice")])
    assert said[0] == said[1]
    assert len(said[0]) == 1
    bodies = [re.sub(r"/einladung/\S+", "…", str(message.body)) for message in mail.outbox]
    assert bodies[0] == bodies[1]
    assert mail.outbox[0].subject == mail.outbox[1].subject


def test_a_mail_that_cannot_leave_is_said_and_can_be_sent_again(
    firm: Partner, admin: User, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(admin)
    values = {"email": INVITED, "name": "N", "language": "en", "is_observer": "on"}
    with monkeypatch.context() as patch:

        def fail(*_args: object) -> None:
            raise SMTPException

        patch.setattr("django.core.mail.EmailMessage.send", fail)
        page = soup(client.post(reverse("partners:person_invite"), values, follow=True))
    assert "could not be sent" in page.select_one(".notice").text  # type: ignore[union-attr]
    pk = Invitation.objects.get().pk
    client.post(reverse("partners:invitation_resend", args=[pk]))
    assert [message.to for message in mail.outbox] == [[INVITED]]


def test_the_link_leaves_the_address_bar_and_tells_nobody(firm: Partner, admin: User) -> None:
    sent, client = invite(firm, admin), english()
    answer = client.get(reverse("partners:invitation_link", args=[sent.token]))

    assert (answer.status_code, answer["Location"]) == (302, reverse("partners:invitation"))
    assert answer["Referrer-Policy"] == "no-referrer"
    cookie = answer.cookies["invitation"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["path"] == reverse("partners:invitation")
    page = client.get(answer["Location"])
    # Told to no other site, and to this one, or browsers would send its forms as from nowhere.
    assert page["Referrer-Policy"] == "same-origin"
    assert page["Cache-Control"] == "private, no-store"
    assert sent.token not in page.content.decode()


def test_whoever_has_the_link_learns_four_things_only(
    firm: Partner, admin: User, soup: Soup
) -> None:
    member(firm, "lead", name="Geheime Kollegin", email="kollegin@rheinwerk.example")
    page = soup(open_link(english(), invite(firm, admin).token))
    text = page.select_one("main").text  # type: ignore[union-attr]

    assert "Rheinwerk" in text
    assert "Ada" in text
    assert "n•••@rheinwerk.example" in text
    for hidden in ("Nele", INVITED, "Geheime", "kollegin", "Vertrieb", admin.email):
        assert hidden not in str(page)


@pytest.mark.parametrize(
    "what", ["unknown", "withdrawn", "used", "expired", "resent", "demoted", "left", "closed", "x"]
)
def test_every_link_that_opens_nothing_looks_the_same(
    firm: Partner, admin: User, soup: Soup, what: str
) -> None:
    sent = invite(firm, admin)
    own = Membership.objects.get(user=admin)
    member(firm, "admin")
    token = sent.token
    if what == "unknown":
        token = invitation_links.new_token()
    elif what == "withdrawn":
        invitations.withdraw(sent.invitation.pk, by=admin)
    elif what == "used":
        invitations.join(invitation_links.digest(token), newcomer())
    elif what == "expired":
        Invitation.objects.update(
            sent_at=timezone.now() - timedelta(days=14), expires_at=timezone.now()
        )
    elif what == "resent":
        invitations.send_again(sent.invitation.pk, by=admin)
    elif what == "demoted":
        Membership.objects.filter(pk=own.pk).update(is_admin=False)
    elif what == "left":
        Membership.objects.filter(pk=own.pk).update(left_at=timezone.now())
    elif what == "closed":
        Partner.objects.update(is_active=False)
    else:
        token = "x' OR 1=1 --"
    client = english()

    page = open_link(client, token)

    assert page.status_code == 404
    assert heading(soup(page)) == GONE
    assert str(soup(page).select_one("main")) == str(
        soup(open_link(english(), invitation_links.new_token())).select_one("main")
    )
    assert "Rheinwerk" not in page.content.decode()
    people_before = Membership.objects.count()
    assert choose(client).status_code == 404
    assert mail.outbox == []
    with pytest.raises(people.NotPossible, match=GONE):
        invitations.join(invitation_links.digest(token), newcomer("other@firma.example"))
    assert Membership.objects.count() == people_before


def test_tokens_are_not_guessed_from_one_place(firm: Partner, admin: User) -> None:
    sent, client = invite(firm, admin), english()
    client.cookies["invitation"] = invitation_links.new_token()
    here = reverse("partners:invitation")
    answers = [client.get(here).status_code for _each in range(invitation_links.MOST_LOOKS)]
    assert set(answers) == {404}
    client.cookies["invitation"] = sent.token
    assert client.get(here).status_code == 429  # also the right one, until the pause is over
    assert client.get(here, REMOTE_ADDR="198.51.100.7").status_code == 200


def test_looking_writes_nothing(firm: Partner, admin: User, django_assert_num_queries: Any) -> None:
    token, client = invite(firm, admin).token, english()
    with django_assert_num_queries(0):
        client.get(reverse("partners:invitation_link", args=[token]))
    with django_assert_num_queries(2) as queries:  # the invitation, its inviter's rights
        client.get(reverse("partners:invitation"))
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


# Without an account


def test_somebody_new_joins_with_the_code_of_the_mailbox(
    firm: Partner, admin: User, soup: Soup
) -> None:
    client = english()
    open_link(client, invite(firm, admin).token)

    assert choose(client)["Location"] == reverse("partners:invitation_code")
    assert not User.objects.filter(email=INVITED).exists()
    assert mail.outbox[0].to == [INVITED]
    anonymous = client.session.session_key
    answer = enter(client, code_of(mail.outbox[0]).lower().replace("-", " "))

    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    user = User.objects.get(email=INVITED)
    assert (user.name, user.language) == ("Nele Neu", "en")
    assert user.check_password(PASSWORD)
    membership = Membership.objects.get(user=user)
    assert (membership.partner, membership.title) == (firm, "Vertrieb")
    assert people.rights_of(membership) == ["is_specialist"]
    assert client.session[SESSION_KEY] == str(user.pk)
    assert client.session.session_key != anonymous  # nobody keeps a session that was planted
    assert answer.cookies["invitation"].value == ""
    assert soup(client.get(reverse("home"))).select_one(".account__who span").text == "Rheinwerk"  # type: ignore[union-attr]
    assert client.post(reverse("account_logout")).status_code == 302
    login = {"login": INVITED, "password": PASSWORD}
    assert client.post(reverse("account_login"), login)["Location"] == reverse("home")


def test_a_forwarded_link_alone_opens_nothing(firm: Partner, admin: User, soup: Soup) -> None:
    client = english()
    open_link(client, invite(firm, admin).token)
    choose(client)
    right = code_of(mail.outbox[0])

    for number in range(newcomers.TRIES):
        page = enter(client, f"BCDF-GHJ{'KLMNP'[number]}")
        assert page.status_code == 200
        assert "not the code" in str(soup(page).select_one(".errorlist"))
    answer = enter(client, right)  # too late

    assert answer["Location"] == reverse("partners:invitation")
    assert not User.objects.filter(email=INVITED).exists()
    assert firm.memberships.count() == 1


def test_a_code_is_good_for_its_browser_once_and_for_a_quarter_of_an_hour(
    firm: Partner, admin: User
) -> None:
    token = invite(firm, admin).token
    one, other = english(), english()
    for client in (one, other):
        open_link(client, token)
        choose(client)
    first, second = (code_of(message) for message in mail.outbox)

    assert enter(other, first).status_code == 200  # the code of another browser
    with time_machine.travel(timezone.now() + timedelta(seconds=newcomers.LASTS + 1)):
        assert enter(one, first)["Location"] == reverse("partners:invitation")
    assert not User.objects.filter(email=INVITED).exists()
    assert enter(other, second)["Location"] == reverse("home")
    assert firm.memberships.count() == 2


def test_the_way_in_never_tells_whether_there_is_an_account(
    firm: Partner, admin: User, soup: Soup
) -> None:
    UserFactory.create(email=INVITED, name="Nele Alt")
    pages = []
    for email in (INVITED, "new@rheinwerk.example"):
        client = english()
        token = invite(firm, admin, email=email).token
        before = soup(open_link(client, token)).select_one("main")
        answer = choose(client)
        after = soup(client.get(answer["Location"])).select_one("main")
        wrong = soup(enter(client, "BBBB-BBBB")).select_one("main")
        pages.append(
            [str(each).replace("n•••", "") for each in (before, answer["Location"], after, wrong)]
        )
    assert [re.sub(r'value="[A-Za-z0-9]{64}"', "", page) for page in pages[0]] == [
        re.sub(r'value="[A-Za-z0-9]{64}"', "", page) for page in pages[1]
    ]
    assert [message.to for message in mail.outbox] == [[INVITED], ["new@rheinwerk.example"]]
    assert "account already" in mail.outbox[0].subject
    known = User.objects.get(email=INVITED)
    assert known.check_password(PASSWORD)
    assert known.name == "Nele Alt"


def test_an_existing_account_is_not_taken_over_by_any_code(firm: Partner, admin: User) -> None:
    user = UserFactory.create(email=INVITED)
    client = english()
    open_link(client, invite(firm, admin).token)
    choose(client, password="ein-anderes-Kennwort-9")
    assert re.search(r"[B-Z]{4}-[B-Z]{4}", str(mail.outbox[0].body)) is None
    with pytest.raises(people.NotPossible):
        newcomers.account(newcomer())
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_an_account_that_was_never_opened_is_taken_over_by_its_mailbox(
    firm: Partner, admin: User
) -> None:
    user = people.account(email=INVITED, name="Als Gast", language="de")
    client = english()
    open_link(client, invite(firm, admin).token)
    choose(client)
    assert enter(client, code_of(mail.outbox[0]))["Location"] == reverse("home")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Membership.objects.get(user=user).partner == firm


def test_a_weak_password_and_a_hidden_character_are_refused(
    firm: Partner, admin: User, soup: Soup
) -> None:
    client = english()
    open_link(client, invite(firm, admin).token)
    for values in (
        {"password": "1234567890"},
        {"person_name": "Nele\u202eueN"},
        {"person_name": ""},
    ):
        page = soup(choose(client, **values))
        assert len(page.select("main [aria-invalid=true]")) == 1
    assert mail.outbox == []


def test_only_so_many_codes_go_to_a_mailbox(firm: Partner, admin: User, soup: Soup) -> None:
    client = english()
    open_link(client, invite(firm, admin).token)
    for _each in range(3):
        assert choose(client).status_code == 302
    page = soup(choose(client))
    assert "quarter of an hour" in page.select_one(".errorlist").text  # type: ignore[union-attr]
    assert len(mail.outbox) == 3


# With an account


def test_somebody_with_an_account_joins_with_it(firm: Partner, admin: User, soup: Soup) -> None:
    user = member(PartnerFactory.create(name="Alt"), "observer", email=INVITED)
    client = signed_in(user)
    page = soup(open_link(client, invite(firm, admin).token))
    assert page.select_one(f"form[action='{reverse('partners:invitation_accept')}']")

    # Whatever else is sent along changes nothing: the rights are those of the invitation.
    extra = {"is_admin": "on", "may_sign": "on", "rights": "is_admin", "partner": "x"}
    answer = client.post(reverse("partners:invitation_accept"), extra)

    assert answer["Location"] == reverse("home")
    membership = Membership.objects.get(user=user, partner=firm)
    assert people.rights_of(membership) == ["is_specialist"]
    assert client.session["acting_for"] == str(firm.pk)
    replay = client.post(reverse("partners:invitation_accept"))
    assert replay["Location"] == reverse("partners:invitation")
    assert Membership.objects.filter(user=user, partner=firm).count() == 1


def test_somebody_else_is_told_for_whom_it_is_and_cannot_join(
    firm: Partner, admin: User, soup: Soup
) -> None:
    other = UserFactory.create(email="other@firma.example")
    client, token = signed_in(other), invite(firm, admin).token
    page = soup(open_link(client, token))

    assert "n•••@rheinwerk.example" in page.select_one("main").text  # type: ignore[union-attr]
    assert not page.select(f"form[action='{reverse('partners:invitation_accept')}']")
    client.post(reverse("partners:invitation_accept"))
    assert choose(client)["Location"] == reverse("partners:invitation")
    assert firm.memberships.count() == 1
    assert Invitation.objects.get().is_open
    assert mail.outbox == []


def test_an_address_that_was_not_proved_does_not_join(firm: Partner, admin: User) -> None:
    user = UserFactory.create(email=INVITED, verified=False)
    digest = invitation_links.digest(invite(firm, admin).token)
    with pytest.raises(people.NotPossible, match="another address"):
        invitations.accept(digest, by=user)
    EmailAddress.objects.filter(user=user).update(verified=True)
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(people.NotPossible):
        invitations.accept(digest, by=User.objects.get(pk=user.pk))


def test_sign_in_comes_back_to_the_invitation(firm: Partner, admin: User, soup: Soup) -> None:
    UserFactory.create(email=INVITED)
    client = english()
    page = soup(open_link(client, invite(firm, admin).token))
    link = next(a["href"] for a in page.select("main a") if "next=" in str(a["href"]))
    answer = client.post(
        str(link), {"login": INVITED, "password": PASSWORD, "next": reverse("partners:invitation")}
    )
    assert answer["Location"] == reverse("partners:invitation")
    assert client.post(reverse("partners:invitation_accept"))["Location"] == reverse("home")


def test_joining_needs_a_token_of_the_form(firm: Partner, admin: User) -> None:
    user = UserFactory.create(email=INVITED)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    open_link(client, invite(firm, admin).token)
    assert client.post(reverse("partners:invitation_accept")).status_code == 403
    assert firm.memberships.count() == 1


# What names may hold


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "A\r\nBcc: x@evil.example",
        "http://evil.example/sign-in",
        "\u202eelpmaxe",
        "{{ settings.SECRET_KEY }} %(firm)s %s",
    ],
)
def test_names_do_no_harm_in_page_and_mail(
    firm: Partner, admin: User, soup: Soup, payload: str
) -> None:
    # As if by the command line: forms refuse some of them.
    Partner.objects.filter(pk=firm.pk).update(name=payload)
    User.objects.filter(pk=admin.pk).update(name=payload)
    sent = invite(Partner.objects.get(pk=firm.pk), User.objects.get(pk=admin.pk), name=payload)
    assert joining_mails.send_invitation(sent)
    message = mail.outbox[0]
    assert "\n" not in message.subject
    assert message.recipients() == [INVITED]
    assert "Bcc" not in message.message()
    assert "\u202e" not in f"{message.subject}{message.body}"
    assert "http://evil" not in message.body
    page = soup(open_link(english(), sent.token))
    assert page.select("main script") == []
    names = soup(signed_in(admin).get(reverse("partners:people")))
    assert names.select("main script") == []


# At the same instant


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["again", "account", "withdraw", "demote", "resend"])
def test_of_two_at_the_same_instant_one_wins(rival: str) -> None:
    firm = PartnerFactory.create()
    admin, second = member(firm, "admin"), member(firm, "admin")
    sent = invite(firm, admin)
    digest = invitation_links.digest(sent.token)
    own = Membership.objects.get(user=admin)
    rivals: dict[str, Callable[[], object]] = {
        "again": lambda: invitations.join(digest, newcomer()),
        "account": lambda: newcomers.account(newcomer()),
        "withdraw": lambda: invitations.withdraw(sent.invitation.pk, by=admin),
        "demote": lambda: people.change(own.pk, title="", rights={"may_sign": True}, by=second),
        "resend": lambda: invitations.send_again(sent.invitation.pk, by=second),
    }

    def make_account() -> object:
        with transaction.atomic():
            return rivals[rival]()

    joined, other = at_once(lambda: invitations.join(digest, newcomer()), make_account)

    came = Membership.objects.filter(partner=firm, user__email=INVITED)
    assert came.count() == (1 if isinstance(joined, Membership) or rival == "again" else 0)
    results = [joined, other]
    failed = [each for each in results if isinstance(each, Exception)]
    assert all(isinstance(each, people.NotPossible) for each in failed)
    if rival != "demote":  # taking the role away is possible before and after
        assert len(failed) == 1
    assert User.objects.filter(email=INVITED).count() <= 1
    assert list(firm_log.breaks(firm)) == []


# The page of the people


@pytest.mark.parametrize("count", [1, 3])
def test_people_page_queries_do_not_grow(
    firm: Partner, admin: User, soup: Soup, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        invite(firm, admin, email=f"n{number}@rheinwerk.example")
    client = signed_in(admin)
    client.get(reverse("partners:people"))
    with django_assert_num_queries(7):
        page = client.get(reverse("partners:people"))
    assert len(soup(page).select("[aria-labelledby=invited-heading] li")) == count


def test_only_admins_see_who_is_invited(firm: Partner, admin: User, soup: Soup) -> None:
    invite(firm, admin)
    for user, seen in ((admin, 1), (member(firm, "manager", "signer"), 0)):
        page = soup(signed_in(user).get(reverse("partners:people")))
        assert len(page.select("[aria-labelledby=invited-heading]")) == seen


def test_an_invitation_of_another_firm_is_not_there(firm: Partner, admin: User) -> None:
    pk = invite(firm, admin).invitation.pk
    stranger = signed_in(member(PartnerFactory.create(), "admin"))
    for name in ("invitation_resend", "invitation_withdraw"):
        assert stranger.post(reverse(f"partners:{name}", args=[pk])).status_code == 404
        manager = signed_in(member(firm, "manager"))
        assert manager.post(reverse(f"partners:{name}", args=[pk])).status_code == 403
    assert Invitation.objects.get().is_open


def test_membership_rights_are_those_when_it_is_accepted(firm: Partner, admin: User) -> None:
    sent = invite(firm, admin, rights={"is_admin": True})
    MembershipFactory.create(partner=firm, admin=True)
    Membership.objects.filter(user=admin).update(is_admin=False)
    with pytest.raises(people.NotPossible, match=GONE):
        invitations.join(invitation_links.digest(sent.token), newcomer())
