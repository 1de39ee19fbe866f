"""Whoever guesses gets no further; whoever knows loses at most a quarter of an hour."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners import guessing
from partners.forms import PasswordLinkForm, SignInForm
from partners.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def sign_in(email: str, password: str, place: str = "192.0.2.1") -> bool:
    browser = Client(REMOTE_ADDR=place)
    browser.post(reverse("login"), {"username": email, "password": password})
    return "_auth_user_id" in browser.session


@pytest.fixture
def ada() -> User:
    user: User = UserFactory.create(email="ada@firma.example")
    return user


def test_after_too_many_wrong_passwords_the_right_one_waits_too(ada: User) -> None:
    for _try in range(SignInForm.TRIES):
        assert not sign_in(ada.email, "falsch")

    assert not sign_in(ada.email.upper(), PASSWORD)
    assert sign_in(ada.email, PASSWORD, place="192.0.2.2")  # nobody is kept out from afar


def test_a_right_password_begins_the_count_anew(ada: User) -> None:
    for _round in range(2):
        for _try in range(SignInForm.TRIES - 1):
            assert not sign_in(ada.email, "falsch")
        assert sign_in(ada.email, PASSWORD)


def test_password_links_are_not_sent_without_end_and_nobody_is_told(ada: User) -> None:
    answers = [
        Client().post(reverse("password_reset"), {"email": email}).status_code
        for email in [ada.email] * (PasswordLinkForm.MOST + 2) + ["nobody@firma.example"]
    ]
    assert set(answers) == {302}
    assert len(mail.outbox) == PasswordLinkForm.MOST


def test_what_is_forgotten_begins_anew() -> None:
    guessing.count("door", most=1, pause=1)
    with pytest.raises(guessing.TooMany):
        guessing.count("door", most=1, pause=1)
    guessing.forget("door")
    guessing.count("door", most=1, pause=1)
