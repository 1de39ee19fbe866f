"""Getting in: doors, codes, addresses, the second factor, sessions."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from bs4 import BeautifulSoup
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners.accounts import agents, sessions
from partners.accounts.factors import MFAAdapter
from partners.models import User
from tests.factories import PASSWORD, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[Any], BeautifulSoup]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def enter(user: User, **headers: Any) -> Client:
    """A browser in which ``user`` signed in with the password, in English."""
    browser = Client(headers={"accept-language": "en", "user-agent": FIREFOX, **headers})
    browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    browser.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    return browser


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def again(browser: Client) -> None:
    """Show the password once more, as the pages that change the ways in demand."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def texts(page: BeautifulSoup, selector: str) -> list[str]:
    return [" ".join(element.text.split()) for element in page.select(selector)]


@pytest.fixture
def ada() -> User:
    user: User = UserFactory.create(email="ada@firma.example", name="Ada", language="en")
    return user


def secret_of(user: User) -> str:
    kept: str = Authenticator.objects.get(user=user, type="totp").data["secret"]
    return MFAAdapter().decrypt(kept)


def code_of(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code: str = totp.format_hotp_value(totp.hotp_value(secret, counter))
    return code


def set_up_app(browser: Client) -> str:
    page = browser.get(reverse("mfa_activate_totp"))
    secret: str = page.context["form"].secret
    browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    return secret


# ---- No page of the library ----------------------------------------------------------------------

# Templates of django-allauth that no address of the portal leads to.
UNREACHED = {
    "account/base_confirm_code.html",
    "account/base_entrance.html",
    "account/base_manage.html",
    "account/base_manage_email.html",
    "account/base_manage_password.html",
    "account/base_manage_phone.html",
    "account/base_reauthenticate.html",
    # No password by code, no phones, no signing up, no links to confirm, one address each.
    "account/confirm_password_reset_code.html",
    "account/confirm_phone_verification_code.html",
    "account/email.html",
    "account/email/account_already_exists_message.txt",
    "account/email/account_already_exists_subject.txt",
    "account/email/email_confirm_message.txt",
    "account/email/email_confirm_subject.txt",
    "account/email/email_confirmation_signup_message.txt",
    "account/email/email_confirmation_signup_subject.txt",
    "account/email/email_deleted_message.txt",
    "account/email/email_deleted_subject.txt",
    "account/email/password_reset_code_message.txt",
    "account/email/password_reset_code_subject.txt",
    "account/email/unknown_account_message.txt",
    "account/email/unknown_account_subject.txt",
    "account/email_confirm.html",
    "account/messages/cannot_delete_primary_email.txt",
    "account/messages/email_deleted.txt",
    "account/messages/phone_verification_sent.txt",
    "account/messages/phone_verified.txt",
    "account/messages/primary_email_set.txt",
    "account/messages/unverified_primary_email.txt",
    "account/phone_change.html",
    "account/signup.html",
    "account/signup_by_passkey.html",
    "account/signup_closed.html",
    "account/snippets/already_logged_in.html",
    "account/snippets/warn_no_email.html",
    "account/verification_sent.html",
    "account/verified_email_required.html",
    "mfa/base_entrance.html",
    "mfa/base_manage.html",
    "mfa/recovery_codes/base.html",
    "mfa/recovery_codes/download.txt",  # the page has the file in itself
    "mfa/totp/base.html",
    "mfa/trust.html",
    "mfa/webauthn/authenticator_list.html",  # the page of security lists them
    "mfa/webauthn/base.html",
    "mfa/webauthn/signup_form.html",
    "mfa/webauthn/snippets/login_script.html",
    "mfa/webauthn/snippets/scripts.html",
    "usersessions/base_manage.html",
    "usersessions/messages/sessions_logged_out.txt",
}


def test_no_page_or_mail_is_the_librarys_own() -> None:
    folder = Path(allauth.__file__).parent / "templates"
    found = {
        path.relative_to(folder).as_posix()
        for room in ("account", "mfa", "usersessions")
        for path in (folder / room).rglob("*.*")
    }
    ours = Path(django_settings.BASE_DIR) / "templates"
    theirs = {name for name in found if not (ours / name).exists()}
    assert theirs == UNREACHED


# ---- Doors ---------------------------------------------------------------------------------------


def test_the_session_that_was_open_before_is_not_the_one_that_is_signed_in(ada: User) -> None:
    """Session fixation: a key that somebody planted opens nothing."""
    browser = Client()
    browser.get(reverse("partners:people"), follow=True)
    browser.session.save()
    planted = browser.session
    planted["seen"] = True
    planted.save()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = planted.session_key or ""
    browser.post(reverse("account_login"), {"login": ada.email, "password": PASSWORD})

    assert is_in(browser)
    assert browser.session.session_key != planted.session_key
    assert not Session.objects.filter(session_key=planted.session_key).exists()


def test_the_language_of_the_account_becomes_that_of_the_pages(ada: User, soup: Soup) -> None:
    browser = Client(headers={"accept-language": "de"})
    browser.post(reverse("account_login"), {"login": ada.email, "password": PASSWORD})
    page = soup(browser.get(reverse("mfa_index")))
    assert page.html is not None
    assert page.html["lang"] == "en"


def test_an_address_that_nobody_proved_gets_a_code_at_the_sign_in() -> None:
    user = UserFactory.create(verified=False, language="en")
    browser = enter(user)
    assert not is_in(browser)
    [letter] = mail.outbox
    assert letter.subject == "Handschlag: your code"
    [code] = re.findall(r"^([A-Z0-9-]{6,12})$", str(letter.body), re.MULTILINE)

    browser.post(reverse("account_email_verification_sent"), {"code": "WRONG1"})
    assert not is_in(browser)
    browser.post(reverse("account_email_verification_sent"), {"code": code})

    assert is_in(browser)
    assert EmailAddress.objects.get(user=user).verified


def test_links_in_mails_begin_with_the_address_of_the_settings(ada: User, settings: Any) -> None:
    """Whoever forges the host of a request gets no token sent to a page of their own."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://portal.example"
    Client().post(
        reverse("account_reset_password"), {"email": ada.email}, headers={"host": "boese.example"}
    )
    [letter] = mail.outbox
    assert re.findall(r"https?://[^/\s]+", str(letter.body)) == ["https://portal.example"]


def test_sign_in_by_code_is_absent_unless_the_operator_wants_it() -> None:
    assert Client().get("/konto/code/").status_code == HTTPStatus.NOT_FOUND


def test_changing_the_address_asks_again_proves_the_new_one_and_tells_the_old(ada: User) -> None:
    browser = enter(ada)
    new = {"email": "Neu@Firma.example", "action_add": "1"}
    asked = browser.post(reverse("account_email"), new)
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    again(browser)
    browser.post(reverse("account_email"), new)
    [letter] = mail.outbox
    assert letter.to == ["neu@firma.example"]
    ada.refresh_from_db()
    assert ada.email == "ada@firma.example"
    [code] = re.findall(r"^([A-Z0-9-]{6,12})$", str(letter.body), re.MULTILINE)

    browser.post(reverse("account_email_verification_sent"), {"code": code})

    ada.refresh_from_db()
    assert ada.email == "neu@firma.example"
    kept = EmailAddress.objects.filter(user=ada).values_list("email", "verified", "primary")
    assert list(kept) == [("neu@firma.example", True, True)]
    assert mail.outbox[-1].to == ["ada@firma.example"]
    assert mail.outbox[-1].subject == "Handschlag: your e-mail address was changed"


def test_the_address_of_somebody_else_is_not_given_away_nor_taken(ada: User) -> None:
    other = UserFactory.create(email="bert@firma.example", language="en")
    browser = enter(ada)
    again(browser)
    answers = []
    for email in (other.email, "frei@firma.example"):
        answer = browser.post(reverse("account_email"), {"email": email, "action_add": "1"})
        answers.append((answer.status_code, answer["Location"]))
    assert len(set(answers)) == 1
    ada.refresh_from_db()
    assert ada.email == "ada@firma.example"


# ---- The second factor ---------------------------------------------------------------------------


def test_an_app_is_set_up_asked_for_and_its_key_is_not_readable_in_the_database(
    ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    browser = enter(ada)
    again(browser)
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up_app(browser)
    assert mail.outbox[-1].subject == "Handschlag: an authenticator app was set up"
    kept = Authenticator.objects.get(user=ada, type="totp")
    assert secret not in str(kept.data)
    assert secret_of(ada) == secret

    other = enter(ada)
    assert not is_in(other)
    other.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(other)
    codes = Authenticator.objects.get(user=ada, type="recovery_codes").wrap().get_unused_codes()
    other.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(other)
    third = enter(ada)
    third.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_in(third)  # each code works once


def test_recovery_codes_are_shown_once(ada: User, soup: Soup) -> None:
    browser = enter(ada)
    again(browser)
    set_up_app(browser)
    first = soup(browser.get(reverse("mfa_view_recovery_codes")))
    shown = texts(first, ".recovery-codes li")
    assert len(shown) == 10
    link = first.select_one("a[download]")
    assert link is not None
    assert all(code in str(link["href"]) for code in shown)

    second = browser.get(reverse("mfa_view_recovery_codes"))
    assert texts(soup(second), ".recovery-codes li") == []
    assert not any(code in second.content.decode() for code in shown)


def test_removing_the_last_factor_warns(ada: User, soup: Soup) -> None:
    firm = PartnerFactory.create(name="Rheinwerk", sign_in_rule="second_factor")
    user = member(firm, "admin")
    User.objects.filter(pk=user.pk).update(language="en")
    user.refresh_from_db()
    browser = enter(user)
    again(browser)
    set_up_app(browser)
    page = soup(browser.get(reverse("mfa_deactivate_totp")))
    warnings = texts(page, ".notice--warn")
    assert len(warnings) == 2
    assert warnings[1].startswith("Rheinwerk asks for a second factor")


@pytest.mark.parametrize(
    "name",
    [
        "mfa_add_webauthn",
        "mfa_activate_totp",
        "mfa_generate_recovery_codes",
    ],
)
def test_whoever_finds_an_open_session_changes_no_way_in(name: str, ada: User) -> None:
    browser = enter(ada)
    for method in (browser.get, browser.post):
        assert method(reverse(name))["Location"].startswith(reverse("account_reauthenticate"))
    assert not Authenticator.objects.exists()


def test_setting_a_first_password_asks_again_too(ada: User) -> None:
    browser = enter(ada)
    again(browser)
    set_up_app(browser)
    ada.set_unusable_password()
    ada.save()
    fresh = Client()
    fresh.force_login(ada)
    new = {"password1": "Sieben-Regeln-7", "password2": "Sieben-Regeln-7"}
    answer = fresh.post(reverse("account_set_password"), new)
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    ada.refresh_from_db()
    assert not ada.has_usable_password()


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"response": null}',
        '{"response": {"userHandle": 7}}',
        '{"id": "x", "rawId": "x", "type": "public-key", "response": {"userHandle": "eA"}}',
        '{"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": '
        '"e30", "authenticatorData": "AA", "signature": "AA", "userHandle": "AAAA"}}',
    ],
)
def test_what_is_no_passkeys_answer_is_refused_everywhere(credential: str, ada: User) -> None:
    door = Client()
    door.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    answer = door.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert answer.status_code in {HTTPStatus.OK, HTTPStatus.FOUND}
    assert not is_in(door)

    browser = enter(ada)
    again(browser)
    browser.get(reverse("mfa_add_webauthn"))
    answer = browser.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": credential})
    assert answer.status_code == HTTPStatus.OK
    assert not Authenticator.objects.exists()


# ---- Sessions ------------------------------------------------------------------------------------


def test_sessions_are_listed_with_the_net_only_and_in_words(ada: User, soup: Soup) -> None:
    browser = enter(ada)
    row = UserSession.objects.get(user=ada)
    assert row.ip == "127.0.0.0"
    page = soup(browser.get(reverse("usersessions_list")))
    assert texts(page, ".list__title") == ["Firefox, Windows this device"]
    assert "from the net 127.0.0.0/24" in texts(page, ".list__meta")[0]


@pytest.mark.parametrize("count", [1, 3])
def test_session_queries_do_not_grow(count: int, ada: User, django_assert_num_queries: Any) -> None:
    browser = [enter(ada) for _number in range(count)][-1]
    with django_assert_num_queries(4):  # session, person, memberships, sessions
        page = browser.get(reverse("usersessions_list"))
    assert len(page.context["lines"]) == count


def test_one_session_is_ended_and_nobody_elses(ada: User) -> None:
    mine, other, stranger = enter(ada), enter(ada), enter(UserFactory.create())
    rows = {row.session_key: row.pk for row in UserSession.objects.all()}

    end = {"end": rows[str(stranger.session.session_key)]}
    assert mine.post(reverse("usersessions_list"), end).status_code == HTTPStatus.NOT_FOUND
    end = {"end": rows[str(other.session.session_key)]}
    assert mine.post(reverse("usersessions_list"), end).status_code == HTTPStatus.FOUND

    assert [is_in(each) for each in (mine, other, stranger)] == [True, False, True]


@pytest.mark.parametrize(("which", "left"), [("others", True), ("all", False)])
def test_signing_out_everywhere(which: str, left: bool, ada: User) -> None:
    mine, other, stranger = enter(ada), enter(ada), enter(UserFactory.create())
    mine.post(reverse("usersessions_list"), {"end": which})
    assert [is_in(each) for each in (mine, other, stranger)] == [left, False, True]


@pytest.mark.parametrize("end", ["", "x", "-1", "9" * 30, "１"])
def test_an_unknown_session_ends_nothing(end: str, ada: User) -> None:
    browser = enter(ada)
    browser.post(reverse("usersessions_list"), {"end": end})
    assert UserSession.objects.count() == 1


def test_a_new_password_ends_the_other_sessions(ada: User) -> None:
    mine, other = enter(ada), enter(ada)
    new = {"password1": "Sieben-Regeln-7", "password2": "Sieben-Regeln-7"}
    mine.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    assert mine.get(reverse("home")).status_code == HTTPStatus.OK
    assert other.get(reverse("home")).status_code == HTTPStatus.FOUND
    assert [line.is_current for line in sessions.of(ada, mine.session.session_key)] == [True]


def test_a_closed_account_is_out_with_the_next_request(ada: User) -> None:
    browser = enter(ada)
    assert browser.get(reverse("home")).status_code == HTTPStatus.OK
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert browser.get(reverse("home")).status_code == HTTPStatus.FOUND


def test_a_role_that_is_taken_is_gone_with_the_next_request() -> None:
    user = member(PartnerFactory.create(), "admin")
    browser = enter(user)
    assert browser.get(reverse("partners:profile_edit")).status_code == HTTPStatus.OK
    user.memberships.update(is_admin=False, is_observer=True)
    assert browser.get(reverse("partners:profile_edit")).status_code == HTTPStatus.FORBIDDEN
    user.memberships.update(left_at="2100-01-01T00:00Z")
    assert browser.get(reverse("partners:profile_edit")).status_code == HTTPStatus.NOT_FOUND


def test_a_session_is_noted_again_after_ten_minutes_only(ada: User, time_machine: Any) -> None:
    time_machine.move_to("2026-03-02T08:00Z", tick=False)
    browser = enter(ada)
    seen = []
    for minute in (9, 11):
        time_machine.move_to(f"2026-03-02T08:{minute:02}Z", tick=False)
        browser.get(reverse("home"))
        seen.append(UserSession.objects.get(user=ada).last_seen_at.minute)
    assert seen == [0, 11]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Macintosh) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("<script>", "Unbekanntes Gerät"),
        ("", "Unbekanntes Gerät"),
    ],
)
def test_a_browser_is_called_by_words_that_a_person_knows(agent: str, words: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        assert agents.words(agent) == words.replace("Unbekanntes Gerät", "Unknown device")
