"""The doors of the portal: public page, sign-in, passwords, start page, error pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core import mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.views import defaults

from partners.models import User
from partners.waiting import Waiting
from tests.factories import PASSWORD, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[Any], BeautifulSoup]


def texts(page: BeautifulSoup, selector: str) -> list[str]:
    return [" ".join(element.text.split()) for element in page.select(selector)]


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "de"})


# The public page


RULES = [
    {
        "number": number,
        "key": f"rule{number}",
        "title": f"Titel {number}",
        "principle": f"Satz {number}",
    }
    for number in range(1, 8)
]


def test_public_page_names_the_rules_and_offers_both_checklists(
    visitor: Client, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cooperation.public.rules", lambda: RULES)
    page = soup(visitor.get(reverse("public")))
    assert texts(page, ".rules h3") == [f"Titel {number}" for number in range(1, 8)]
    assert texts(page, ".rules__principle") == [f"Satz {number}" for number in range(1, 8)]
    assert [link["href"] for link in page.select("#checklist a")] == [
        reverse("cooperation:blank_checklist", kwargs={"length": length})
        for length in ("short", "full")
    ]
    assert len(page.select("main .btn--primary")) == 1


def test_public_page_sends_members_to_their_start_page(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    assert browser.get(reverse("public"))["Location"] == reverse("home")
    # … unless they follow the link at the foot of every page.
    link = soup(browser.get(reverse("home"))).select_one(".site-foot a")
    assert link is not None
    assert browser.get(str(link["href"])).status_code == 200


@pytest.mark.parametrize(("asked", "given"), [("de", "de"), ("en", "en"), ("fr", "de")])
def test_language_follows_the_browser_then_the_switch(asked: str, given: str, soup: Soup) -> None:
    browser = Client(headers={"accept-language": asked}, enforce_csrf_checks=True)
    page = soup(browser.get(reverse("public") + "?kodex"))
    assert page.html is not None
    assert page.html["lang"] == given

    form = page.select_one(f"form[action='{reverse('set_language')}']")
    assert form is not None
    button = form.select_one("button")
    assert button is not None
    values = {str(field["name"]): str(field["value"]) for field in form.select("input")}
    answer = browser.post(str(form["action"]), values | {"language": str(button["value"])})

    assert answer["Location"] == reverse("public") + "?kodex"  # the same page
    other = soup(browser.get(answer["Location"])).html
    assert other is not None
    assert other["lang"] == {"de": "en", "en": "de"}[given]


# Signing in


def test_sign_in_takes_the_address_in_any_case(visitor: Client) -> None:
    user = member(PartnerFactory.create(), "observer", email="ada@firma.example")
    answer = visitor.post(
        reverse("account_login"), {"login": " Ada@Firma.Example ", "password": PASSWORD}
    )
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    assert visitor.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@firma.example", "falsch"),
        ("niemand@firma.example", PASSWORD),
        ("zu@firma.example", PASSWORD),
    ],
)
def test_refused_sign_ins_all_say_the_same(
    email: str, password: str, visitor: Client, soup: Soup
) -> None:
    UserFactory.create(email="ada@firma.example")
    UserFactory.create(email="zu@firma.example", is_active=False)
    wrong = soup(
        visitor.post(reverse("account_login"), {"login": "ada@firma.example", "password": "x"})
    )

    page = soup(visitor.post(reverse("account_login"), {"login": email, "password": password}))

    assert len(texts(page, ".errorlist")) == 1
    assert texts(page, ".errorlist") == texts(wrong, ".errorlist")
    field = page.select_one("input[name=login]")
    assert field is not None
    assert field["value"] == email


def test_sign_in_leads_on_to_the_asked_page_but_not_elsewhere(visitor: Client, soup: Soup) -> None:
    member(PartnerFactory.create(), "observer", email="ada@firma.example")
    asked = visitor.get(reverse("partners:people"))
    page = soup(visitor.get(asked["Location"]))
    field = page.select_one("main input[name=next]")
    assert field is not None
    assert field["value"] == reverse("partners:people")

    values = {"login": "ada@firma.example", "password": PASSWORD}
    away = visitor.post(reverse("account_login"), values | {"next": "https://boese.example/"})
    assert away["Location"] == reverse("home")


def test_signing_out_is_a_post(sign_in: SignIn) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    browser.get(reverse("account_logout"))
    assert "_auth_user_id" in browser.session
    assert browser.post(reverse("account_logout"))["Location"] == reverse("public")
    assert "_auth_user_id" not in browser.session


# Passwords


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_password_link_reaches_everybody_with_an_account(
    password: str | None, visitor: Client, soup: Soup
) -> None:
    user = UserFactory.create(email="ada@firma.example", password=password)

    assert (
        visitor.post(reverse("account_reset_password"), {"email": "ADA@firma.example"}).status_code
        == 302
    )
    [letter] = mail.outbox
    assert letter.to == ["ada@firma.example"]
    [link] = re.findall(r"https?://[^/\s]+(/\S+)", str(letter.body))
    page = visitor.get(link, follow=True)
    assert len(soup(page).select("input[type=password]")) == 2
    done = visitor.post(
        page.redirect_chain[-1][0],
        {"password1": "Sieben-Regeln-7", "password2": "Sieben-Regeln-7"},
        follow=True,
    )

    assert done.redirect_chain[-1][0] == reverse("account_reset_password_from_key_done")
    user.refresh_from_db()
    assert user.check_password("Sieben-Regeln-7")


@pytest.mark.parametrize("email", ["niemand@firma.example", "zu@firma.example"])
def test_password_link_does_not_tell_who_has_an_account(
    email: str, visitor: Client, soup: Soup
) -> None:
    UserFactory.create(email="zu@firma.example", is_active=False)
    UserFactory.create(email="ada@firma.example")
    known = visitor.post(
        reverse("account_reset_password"), {"email": "ada@firma.example"}, follow=True
    )
    mail.outbox.clear()

    unknown = visitor.post(reverse("account_reset_password"), {"email": email}, follow=True)

    assert unknown.redirect_chain == known.redirect_chain
    assert texts(soup(unknown), "main") == texts(soup(known), "main")
    assert mail.outbox == []


def test_a_spent_link_offers_a_new_one(visitor: Client, soup: Soup) -> None:
    url = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "x-y"})
    page = soup(visitor.get(url))
    assert [link["href"] for link in page.select("main a.btn")] == [
        reverse("account_reset_password")
    ]


# The start page


def waiting(title: str, *, mine: bool, kind: str = "sign") -> Waiting:
    return Waiting(
        title=title,
        detail="<b>Einzelheit</b>",
        url="/ziel/",
        action="Lesen",
        kind=kind,
        since=datetime(2025, 11, 30, 23, 30, tzinfo=UTC),
        mine=mine,
    )


def test_home_shows_first_what_is_mine_then_what_waits_for_others(
    sign_in: SignIn, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [waiting("B1", mine=True), waiting("A", mine=False), waiting("B2", mine=True)]
    monkeypatch.setattr("cooperation.waiting.for_user", lambda user: lines)
    monkeypatch.setattr("scoring.waiting.for_user", lambda user: [])
    page = soup(sign_in(member(PartnerFactory.create(), "signer")).get(reverse("home")))

    assert texts(page, ".list__title") == ["B1", "B2", "A"]
    assert texts(page, ".list--needs-you .list__title") == ["B1", "B2"]
    assert len(page.select(".btn--primary")) == 1
    assert texts(page, ".list__meta") == ["<b>Einzelheit</b>"] * 3
    assert "1. Dezember 2025" in texts(page, "time")[0]  # the day in Berlin, not in UTC


def test_home_shows_news_after_what_waits(
    sign_in: SignIn, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ["report", "in_force", "closing", "answer", "ending", "sign"]
    lines = [waiting(kind, mine=True, kind=kind) for kind in kinds]
    monkeypatch.setattr("cooperation.waiting.for_user", lambda user: lines)
    page = soup(sign_in(member(PartnerFactory.create(), "signer")).get(reverse("home")))
    assert texts(page, ".list__title") == [
        "sign",
        "answer",
        "ending",
        "closing",
        "report",
        "in_force",
    ]


def test_home_without_anything_leads_to_the_projects(
    sign_in: SignIn, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cooperation.waiting.for_user", lambda user: [])
    monkeypatch.setattr("scoring.waiting.for_user", lambda user: [])
    page = soup(sign_in(member(PartnerFactory.create(), "signer")).get(reverse("home")))
    assert [link["href"] for link in page.select(".empty a")] == [
        reverse("cooperation:project_list")
    ]


def test_the_current_room_is_marked(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(), "admin"))
    marked = {
        name: [
            (link["href"], link["aria-current"])
            for link in soup(browser.get(reverse(name))).select(".site-nav [aria-current]")
        ]
        for name in (
            "home",
            "partners:directory",
            "partners:people",
            "api:keys",
            "partners:account",
            "partners:privacy",
        )
    }
    directory = reverse("partners:directory")
    assert marked == {
        "home": [(reverse("home"), "page")],
        "partners:directory": [(directory, "page")],
        "partners:people": [(directory, "true")],
        "api:keys": [(directory, "true")],
        "partners:account": [],
        "partners:privacy": [],
    }


# Error pages and what all pages share


def test_unknown_addresses_get_the_portals_own_page(sign_in: SignIn, soup: Soup) -> None:
    for browser in (Client(), sign_in(member(PartnerFactory.create(), "admin"))):
        answer = browser.get("/gibt-es-nicht/")
        assert answer.status_code == 404
        assert texts(soup(answer), "main .eyebrow") == ["404"]
        assert soup(answer).select_one("#main .btn--primary") is not None


def test_forbidden_pages_get_the_portals_own_page(sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(), "observer"))
    answer = browser.get(reverse("partners:profile_edit"))
    assert (answer.status_code, texts(soup(answer), "main .eyebrow")) == (403, ["403"])


def test_a_forged_or_stale_form_gets_the_portals_own_page(soup: Soup) -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})
    assert answer.status_code == 403
    assert texts(soup(answer), "main .eyebrow") == ["403"]
    assert len(texts(soup(answer), "main .lead")) == 1


def test_the_last_error_page_needs_nothing_and_speaks_both_languages(soup: Soup) -> None:
    answer = defaults.server_error(HttpRequest())
    page = soup(answer)
    assert answer.status_code == 500
    assert [element["lang"] for element in page.select("[lang]")] == ["de", "en"]


def test_messages_become_notices() -> None:
    tags = {
        constants.SUCCESS: "notice--success",
        constants.INFO: "notice--info",
        constants.WARNING: "notice--warning",
        constants.ERROR: "notice--error",
    }
    html = render_to_string(
        "portal/messages.html", {"messages": [Message(level, "<i>Text</i>") for level in tags]}
    )
    notices = BeautifulSoup(html, "html.parser").select(".notice")
    assert [notice["class"] for notice in notices] == [["notice", name] for name in tags.values()]
    assert {notice.text for notice in notices} == {"<i>Text</i>"}


PUBLIC = [
    "public",
    "account_login",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
]
SIGNED_IN = [
    "home",
    "partners:directory",
    "partners:profile",
    "partners:profile_edit",
    "partners:people",
    "partners:person_invite",
    "partners:account",
    "partners:sign_in_rule",
    "account_change_password",
    "account_email",
    "account_logout",
    "account_reauthenticate",
    "mfa_index",
    "usersessions_list",
]


@pytest.mark.parametrize("name", [*PUBLIC, *SIGNED_IN])
def test_pages_keep_the_promises_of_the_design(name: str, sign_in: SignIn, soup: Soup) -> None:
    browser = sign_in(member(PartnerFactory.create(), "admin")) if name in SIGNED_IN else Client()
    page = soup(browser.get(reverse(name)))

    assert len(page.select("h1")) == 1
    assert len(page.select(".btn--primary")) <= 1
    assert page.select("[style], style, script:not([src]), [onclick], [onsubmit]") == []
    outside = [
        element[kind]
        for kind in ("src", "href")
        for element in page.select(f"link[{kind}], script[{kind}], img[{kind}]")
        if not str(element[kind]).startswith("/static/")
    ]
    assert outside == []
    ids = [str(element["id"]) for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for form in page.select("form[method=post]"):
        assert form.select("input[name=csrfmiddlewaretoken]")
    for field in page.select("input:not([type=hidden], [aria-hidden]), select, textarea"):
        assert page.select(f'label[for="{field["id"]}"]'), field
