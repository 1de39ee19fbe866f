"""Whoever guesses gets no further, wherever from; whoever knows is never kept out for long."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from bs4 import BeautifulSoup
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners import guessing
from partners.accounts import devices, outgoing, tries
from partners.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def sign_in(
    email: str, password: str, place: str = "192.0.2.1", browser: Client | None = None
) -> bool:
    browser = browser or Client(REMOTE_ADDR=place)
    browser.post(
        reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=place
    )
    return is_in(browser)


def guess(email: str, *, places: int, each: int = 1) -> None:
    """Try wrong passwords from ``places`` places: counted as the page counts, without the page."""
    for number in range(places):
        request = Client().get(reverse("account_login")).wsgi_request
        request.META["REMOTE_ADDR"] = f"198.51.{number // 250}.{number % 250}"
        for _try in range(each):
            try:
                tries.begin(tries.PASSWORD, request, email)
            except guessing.TooMany:
                break


@pytest.fixture
def ada() -> User:
    user: User = UserFactory.create(email="ada@firma.example")
    return user


def test_after_too_many_wrong_passwords_the_right_one_waits_too(ada: User) -> None:
    for _try in range(tries.PASSWORD.here.most):
        assert not sign_in(ada.email, "falsch")

    assert not sign_in(ada.email.upper(), PASSWORD)
    assert sign_in(ada.email, PASSWORD, place="192.0.2.2")  # nobody is kept out from afar


def test_a_right_password_begins_the_count_anew(ada: User) -> None:
    for _round in range(2):
        for _try in range(tries.PASSWORD.here.most - 1):
            assert not sign_in(ada.email, "falsch")
        assert sign_in(ada.email, PASSWORD)


def test_guessing_from_a_thousand_places_stops(ada: User) -> None:
    guess(ada.email, places=1000)

    assert not sign_in(ada.email, PASSWORD, place="203.0.113.9")
    # … and only for this account.
    other = UserFactory.create()
    assert sign_in(other.email, PASSWORD, place="203.0.113.9")


def test_the_owner_gets_in_at_a_known_device_while_somebody_guesses(ada: User) -> None:
    browser = Client()
    assert sign_in(ada.email, PASSWORD, browser=browser)
    browser.post(reverse("account_logout"))

    guess(ada.email, places=1000)

    assert sign_in(ada.email, PASSWORD, place="203.0.113.9", browser=browser)


def test_a_known_device_has_ten_tries_and_only_for_its_account(ada: User) -> None:
    browser = Client()
    assert sign_in(ada.email, PASSWORD, browser=browser)
    browser.post(reverse("account_logout"))
    for _try in range(tries.PASSWORD.device.most):
        assert not sign_in(ada.email, "falsch", browser=browser)
    assert not sign_in(ada.email, PASSWORD, browser=browser)

    request = browser.get(reverse("account_login")).wsgi_request
    assert devices.is_known(request, "Ada@firma.example")
    assert not devices.is_known(request, "bert@firma.example")


@pytest.mark.parametrize("cookie", ["", "x", "x:y:z", "WyJhIl0:1abc:def"])
def test_a_forged_cookie_makes_no_known_device(ada: User, cookie: str) -> None:
    guess(ada.email, places=1000)
    browser = Client()
    browser.cookies[devices.cookie_name()] = cookie
    assert not sign_in(ada.email, PASSWORD, place="203.0.113.9", browser=browser)


def test_a_link_to_the_mailbox_lets_the_owner_in_at_once(ada: User) -> None:
    guess(ada.email, places=1000)
    browser = Client(REMOTE_ADDR="203.0.113.9")
    browser.post(reverse("account_reset_password"), {"email": ada.email})
    [letter] = mail.outbox
    [link] = re.findall(r"https?://[^/\s]+(/\S+kennwort\S+)", str(letter.body))
    page = browser.get(link, follow=True)
    new = {"password1": "Sieben-Regeln-7", "password2": "Sieben-Regeln-7"}
    browser.post(page.redirect_chain[-1][0], new)
    guess(ada.email, places=1000)  # whoever guesses goes on

    assert sign_in(ada.email, "Sieben-Regeln-7", place="203.0.113.9", browser=browser)


def test_a_place_gets_through_a_list_of_accounts_no_further_than_its_limit() -> None:
    users = UserFactory.create_batch(2)
    request = Client().get(reverse("account_login")).wsgi_request
    for number in range(tries.PASSWORD.place.most):
        tries.begin(tries.PASSWORD, request, f"p{number}@firma.example")
    assert not sign_in(users[0].email, PASSWORD, place="127.0.0.1")
    assert sign_in(users[1].email, PASSWORD, place="192.0.2.7")


def test_own_good_tries_do_not_pay_for_guessing_at_others(ada: User) -> None:
    """A place that signs in now and then to its own account does not begin anew with the others."""
    own = UserFactory.create()
    request = Client(REMOTE_ADDR="192.0.2.1").get(reverse("account_login")).wsgi_request
    for number in range(tries.PASSWORD.place.most - 1):
        tries.begin(tries.PASSWORD, request, f"p{number}@firma.example")
        if number % 10 == 0:
            assert sign_in(own.email, PASSWORD)
    assert not sign_in(ada.email, "falsch")
    assert not sign_in(ada.email, PASSWORD)


def test_a_net_of_ipv6_is_one_place(ada: User) -> None:
    for number in range(tries.PASSWORD.here.most):
        sign_in(ada.email, "falsch", place=f"2001:db8:1:2::{number:x}")
    assert not sign_in(ada.email, PASSWORD, place="2001:db8:1:2:ffff::1")
    assert sign_in(ada.email, PASSWORD, place="2001:db8:1:3::1")


# ---- The second factor ---------------------------------------------------------------------------


def with_app(user: User) -> None:
    totp.TOTP.activate(user, totp.generate_totp_secret())


def enter(browser: Client, code: str, place: str) -> bool:
    browser.post(reverse("mfa_authenticate"), {"code": code}, REMOTE_ADDR=place)
    return is_in(browser)


def right_code(user: User) -> str:
    from partners.accounts.factors import MFAAdapter

    secret = Authenticator.objects.get(user=user, type="totp").data["secret"]
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code: str = totp.format_hotp_value(totp.hotp_value(MFAAdapter().decrypt(secret), counter))
    return code


def test_codes_cannot_be_guessed_and_the_known_device_still_gets_in(ada: User) -> None:
    known = Client()
    assert sign_in(ada.email, PASSWORD, browser=known)
    known.post(reverse("account_logout"))
    with_app(ada)
    for number in range(5):  # somebody who has the password, at five places
        thief = Client()
        place = f"198.51.100.{number}"
        sign_in(ada.email, PASSWORD, place=place, browser=thief)
        for _try in range(tries.CODE.here.most):
            assert not enter(thief, "000000", place)
        assert not enter(thief, right_code(ada), place)
    late = Client()
    sign_in(ada.email, PASSWORD, place="198.51.100.77", browser=late)
    assert not enter(late, right_code(ada), "198.51.100.77")  # the account's own limit

    sign_in(ada.email, PASSWORD, browser=known)
    assert enter(known, right_code(ada), "192.0.2.1")


# ---- Mails, and what nobody is told --------------------------------------------------------------


def test_password_links_are_not_sent_without_end_and_nobody_is_told(ada: User) -> None:
    most = outgoing.ASKED_FOR["account/email/password_reset_key"]
    answers = [
        Client().post(reverse("account_reset_password"), {"email": email}).status_code
        for email in [ada.email] * (most + 2) + ["nobody@firma.example"]
    ]
    assert set(answers) == {302}
    assert len(mail.outbox) == most


@pytest.mark.parametrize("email", ["ada@firma.example", "zu@firma.example", "nie@firma.example"])
def test_every_refused_sign_in_hashes_one_password(
    email: str, ada: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The clock tells nothing: whatever there is of an account, one password is hashed."""
    UserFactory.create(email="zu@firma.example", is_active=False)
    hasher = type(get_hasher())
    hashed: list[str] = []
    encode = hasher.encode

    def counted(self: PBKDF2PasswordHasher, password: str, *rest: Any, **more: Any) -> str:
        hashed.append(password)
        return encode(self, password, *rest, **more)

    monkeypatch.setattr(hasher, "encode", counted)
    assert not sign_in(email, "falsch")
    assert hashed == ["falsch"]


def test_a_mail_that_anybody_can_ask_for_leaves_after_the_answer(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handing it over takes long; whoever asks must not be able to measure it."""
    events: list[str] = []
    monkeypatch.setattr(outgoing, "deliver", lambda message: events.append("mail"))
    from django.core.handlers.base import BaseHandler

    answer = BaseHandler.get_response

    def answered(self: BaseHandler, request: Any) -> Any:
        response = answer(self, request)
        events.append("answer")
        return response

    monkeypatch.setattr(BaseHandler, "get_response", answered)
    Client().post(reverse("account_reset_password"), {"email": ada.email})
    assert events == ["answer", "mail"]


def test_what_is_forgotten_begins_anew() -> None:
    guessing.count("door", most=1, pause=60)
    with pytest.raises(guessing.TooMany):
        guessing.count("door", most=1, pause=60)
    guessing.forget("door")
    guessing.count("door", most=1, pause=60)


def test_what_is_given_back_is_one_try_and_never_more_than_all() -> None:
    guessing.give_back("door")
    guessing.count("door", most=1, pause=60)
    guessing.give_back("door")
    guessing.count("door", most=1, pause=60)
    with pytest.raises(guessing.TooMany):
        guessing.count("door", most=1, pause=60)
