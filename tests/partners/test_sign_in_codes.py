"""Signing in by a code, where the operator wants it."""

import re
from typing import Any

import pytest
from allauth.account import views
from django.core import mail
from django.test import Client
from django.urls import path, reverse

from config import urls
from partners.accounts import outgoing
from partners.models import User
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

# What SIGN_IN_BY_CODE=1 adds when the portal starts.
urlpatterns = [
    path("konto/code/", views.request_login_code, name="account_request_login_code"),
    *urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def _wanted(settings: Any) -> None:
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True


@pytest.fixture
def ada() -> User:
    user: User = UserFactory.create(email="ada@firma.example", name="Ada", language="en")
    return user


def ask(browser: Client, email: str) -> tuple[int, str]:
    answer = browser.post(reverse("account_request_login_code"), {"email": email})
    return answer.status_code, answer["Location"]


def confirm(browser: Client, code: str) -> bool:
    browser.post(reverse("account_confirm_login_code"), {"code": code})
    return "_auth_user_id" in browser.session


def test_the_code_of_the_mail_opens_once_and_nobody_elses_does(ada: User) -> None:
    browser = Client()
    ask(browser, "Ada@Firma.example")
    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (
        ["ada@firma.example"],
        "Handschlag: your code for signing in",
    )
    [code] = re.findall(r"^([A-Z0-9-]{6,12})$", str(letter.body), re.MULTILINE)
    assert not confirm(Client(), code)  # it belongs to the window that asked
    assert not confirm(browser, "WRONG1")
    assert confirm(browser, code)


def test_three_wrong_codes_end_it(ada: User) -> None:
    browser = Client()
    ask(browser, ada.email)
    [code] = re.findall(r"^([A-Z0-9-]{6,12})$", str(mail.outbox[0].body), re.MULTILINE)
    for _try in range(3):
        assert not confirm(browser, "WRONG1")
    assert not confirm(browser, code)


@pytest.mark.parametrize("email", ["niemand@firma.example", "zu@firma.example"])
def test_who_has_no_account_is_answered_alike_and_gets_no_mail(email: str, ada: User) -> None:
    UserFactory.create(email="zu@firma.example", is_active=False)
    known, other = Client(), Client()
    assert ask(other, email) == ask(known, ada.email)
    assert [letter.to for letter in mail.outbox] == [[ada.email]]
    pages = [each.get(reverse("account_confirm_login_code")) for each in (known, other)]
    said = [
        re.sub(r'value="[^"]{30,}"', "", page.content.decode()).replace(address, "")
        for page, address in zip(pages, (ada.email, email), strict=True)
    ]
    assert said[0] == said[1]


def test_codes_are_not_sent_without_end(ada: User) -> None:
    most = outgoing.ASKED_FOR["account/email/login_code"]
    answers = {ask(Client(), ada.email) for _number in range(most + 2)}
    assert len(answers) == 1
    assert len(mail.outbox) == most
