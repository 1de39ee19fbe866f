"""The operator's pages of rule books: look at a file, then load exactly that; nothing else."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cooperation import rule_books
from cooperation.models import BlankChecklist, RuleBook
from cooperation.rule_book_admin import SALT
from cooperation.rule_books import yaml_file
from partners.models import User
from tests.cooperation import books
from tests.cooperation.browsers import Page
from tests.cooperation.worlds import world
from tests.factories import UserFactory
from tests.racing import at_once

pytestmark = pytest.mark.django_db

LIST = reverse("admin:cooperation_rulebook_changelist")
LOAD = reverse("admin:cooperation_rulebook_add")
NORD = books.NORDPAKT.read_bytes()
EVIL = "<script>alert(1)</script>"


class Operator:
    def __init__(self, *, language: str = "en", **fields: Any) -> None:
        self.person = UserFactory.create(is_staff=True, **fields)
        self.client = Client(headers={"accept-language": language})
        self.client.force_login(self.person)

    def get(self, url: str) -> Page:
        return Page(self.client.get(url))

    def look(self, data: bytes, name: str = "book.yaml") -> Page:
        return Page(self.client.post(LOAD, {"file": SimpleUploadedFile(name, data)}))

    def load(self, page: Page, **changed: str) -> Page:
        form = page.one("form:has([name=seen])")
        sent = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[name]")}
        return Page(self.client.post(LOAD, sent | changed, follow=True))


@pytest.fixture
def operator() -> Operator:
    return Operator(is_superuser=True)


def rows(page: Page) -> list[list[str]]:
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("td")]
        for row in page.soup.select(".rule-book tbody tr")
    ]


def messages(page: Page) -> list[str]:
    return [item.get_text(strip=True) for item in page.soup.select(".messagelist li")]


def changed(old: str, new: str) -> bytes:
    assert old.encode() in NORD
    return NORD.replace(old.encode(), new.encode(), 1)


# ---- The way it goes ---------------------------------------------------------------------------


def test_first_click_shows_and_second_click_stores(operator: Operator) -> None:
    shown = operator.look(NORD)

    assert shown.status == 200
    assert shown.text(".rule-book__good") == "Valid: 5 rules, 8 points"
    assert shown.text("#found-heading") == "Nordpakt · nordpakt 1.0"
    assert shown.text(".rule-book__facts div:last-of-type dd") == "Site"
    assert "The first version of this book" in shown.text(".rule-book")
    assert not RuleBook.objects.exists()

    done = operator.load(shown)

    assert messages(done) == ["Nordpakt 1.0 is loaded."]
    row = RuleBook.objects.get()
    assert row.content == rule_books.parse_file(NORD)[1]
    assert row.sha256 in shown.text(".rule-book__facts")
    assert BlankChecklist.objects.filter(rule_book=row).count() == 4
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.is_addition()) == (
        operator.person,
        str(row.pk),
        True,
    )


def test_differences_to_the_newest_version_are_shown(operator: Operator) -> None:
    books.load(books.NORDPAKT)
    data = (
        NORD.replace(b'version: "1.0"', b'version: "1.1"')
        .replace(b"{number: 14, unit: days}", b"{number: 21, unit: days}")
        .replace(b'help_en: "A place with coffee."', b'help_en: "A place with tea."')
        .replace(b"key: machines", b"key: tools")
    )

    page = operator.look(data)

    assert "1 new point, 1 point gone, 2 points changed" in page.text(".rule-book")
    assert [
        " ".join(item.get_text(" ").split())
        for item in page.soup.select(".rule-book__changes > li")
    ] == [
        "Changed 2.2 friday_place Where do we meet on Friday? help_en : A place with coffee. tea.",
        "New 2.3 tools Who brings which machine?",
        "Changed 3.1 days_to_pay How fast do we pay each other? default.value.number : 14 21",
        "Gone 2.3 machines Who brings which machine?",
    ]
    marked = page.soup.select(".rule-book__changes del, .rule-book__changes ins")
    assert [(mark.name, mark.text) for mark in marked] == [
        ("del", "coffee."),
        ("ins", "tea."),
        ("del", "14"),
        ("ins", "21"),
    ]
    assert page.one("[type=submit].default")["value"] == "Load version 1.1"


def test_all_problems_are_shown_with_line_place_and_reason(operator: Operator) -> None:
    data = NORD.replace(b"kind: duration", b"kind: duraton").replace(
        b'    help_en: "In two sentences."\n', b""
    )

    page = operator.look(data, "pact.yaml")

    assert page.status == 422
    assert page.text("#problems-heading") == "pact.yaml cannot be loaded"
    assert rows(page) == [
        ["40", "rules.aims.points.what_we_build.help_en", "This is missing."],
        [
            "130",
            "rules.money.points.days_to_pay.kind",
            "“duraton” is not one of choice, multi_choice, yes_no_note, text, contacts, raci, "
            "percent_split, percent, money, duration, escalation, date_range, table.",
        ],
    ]
    assert not page.soup.select("[name=seen]")
    assert not RuleBook.objects.exists()


def test_the_kodex_can_be_loaded_here_too(operator: Operator) -> None:
    books.load(books.FIRST_KODEX)

    page = operator.look(rule_books.PACKAGED.read_bytes())
    assert page.text(".rule-book__good") == "Valid: 7 rules, 68 points"
    assert "0 new points, 0 points gone, 1 point changed" in page.text(".rule-book")
    operator.load(page)

    assert rule_books.current().version == "2026.1"


def test_older_version_is_loaded_beside_the_newer_one(operator: Operator) -> None:
    rule_books.load_packaged()

    page = operator.look(books.FIRST_KODEX.read_bytes())
    assert "new agreements go on being made under that one" in page.text(".rule-book")
    operator.load(page)

    assert rule_books.current().version == "2026.1"
    assert RuleBook.objects.count() == 2


# ---- Once loaded -------------------------------------------------------------------------------


def test_list_names_version_hash_and_agreements(operator: Operator) -> None:
    first, nord = books.load(books.FIRST_KODEX), books.load(books.NORDPAKT)
    world(rule_book=first)
    world(rule_book=first)

    page = operator.get(LIST)

    told = [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")]
        for row in page.soup.select("#result_list tbody tr")
    ]
    assert [line[:4] + line[-1:] for line in told] == [
        ["Nordpakt", "nordpakt", "1.0", nord.sha256[:12], "0"],
        ["P2P Kodex", "p2p-kodex", "2025.1", first.sha256[:12], "2"],
    ]
    assert [link["href"] for link in page.soup.select(".object-tools a")] == [LOAD]


@pytest.mark.parametrize("count", [1, 3])
def test_list_queries_do_not_grow(operator: Operator, count: int) -> None:
    for number in range(count):
        content = rule_books.parse_file(NORD)[1] | {"version": f"1.{number}"}
        rule_books.save(rule_books.build(content), content)
    for row in RuleBook.objects.all():
        rule_books.by_id(row.pk)  # kept in memory, as in a portal that runs
    with CaptureQueriesContext(
        connection,
    ) as queries:
        operator.get(LIST)
    assert len(queries) == 7  # session, person, support, memberships, count twice, rows


def test_a_loaded_version_is_never_edited_or_deleted(operator: Operator) -> None:
    row = books.load(books.NORDPAKT)
    page = reverse("admin:cooperation_rulebook_change", args=[row.pk])
    delete = reverse("admin:cooperation_rulebook_delete", args=[row.pk])

    assert operator.get(page).status == 200
    assert not operator.get(page).soup.select("#rulebook_form [name]:not([type=hidden])")
    assert operator.client.post(page, {"version": "9", "key": "x"}).status_code == 403
    assert operator.client.post(delete, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    operator.client.post(LIST, chosen)  # there is no such action

    assert RuleBook.objects.get() == row
    assert RuleBook.objects.get().version == "1.0"


def test_version_with_other_content_is_refused(operator: Operator) -> None:
    books.load(books.NORDPAKT)

    page = operator.look(changed("In zwei Sätzen.", "In drei Sätzen."))

    assert page.status == 422
    assert rows(page) == [
        [
            "–",
            "version",
            "nordpakt 1.0 is loaded with other content. A version never changes, because "
            "agreements were made under it: please give the new text a new version.",
        ]
    ]


def test_the_same_version_again_changes_nothing(operator: Operator) -> None:
    shown = operator.look(NORD)
    operator.load(shown)

    twice = operator.load(shown)  # the button pressed twice
    again = operator.look(NORD + b"# a comment makes no other text\n")

    assert messages(twice) == ["Nordpakt 1.0 was loaded already."]
    assert "Exactly this version is loaded already" in again.text(".rule-book")
    assert not again.soup.select("[name=seen]")
    assert RuleBook.objects.count() == 1
    assert LogEntry.objects.count() == 1


# ---- Only what was looked at -------------------------------------------------------------------


def test_another_file_than_the_one_looked_at_is_not_stored(operator: Operator) -> None:
    shown = operator.look(NORD)
    other = base64.b64encode(changed("In zwei Sätzen.", "In drei Sätzen.")).decode()

    page = operator.load(shown, content=other)

    assert messages(page) == ["This is not the file that was looked at. Please choose it again."]
    assert not RuleBook.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"seen": "made up"},
        {"seen": signing.dumps({"file": "0" * 64, "compared_with": ""}, salt="another")},
        {"seen": signing.dumps("text", salt=SALT)},
        {"seen": ""},
        {"content": "not base64!"},
        {"content": "ä"},
        {"content": ""},
    ],
)
def test_what_the_portal_did_not_show_is_not_stored(
    operator: Operator, sent: dict[str, str]
) -> None:
    shown = operator.look(NORD)

    page = operator.load(shown, **sent)

    assert page.status in (200, 422)
    assert not RuleBook.objects.exists()


def test_old_preview_is_looked_at_again(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = operator.look(NORD)
    monkeypatch.setattr("cooperation.rule_book_admin.A_DAY", -1)

    page = operator.load(shown)

    assert messages(page) == ["This page is too old. Please choose the file again."]
    assert not RuleBook.objects.exists()


def test_version_loaded_meanwhile_shows_the_differences_anew(operator: Operator) -> None:
    shown = operator.look(changed('version: "1.0"', 'version: "2.0"'))
    books.load(books.NORDPAKT)

    page = operator.load(shown)

    assert messages(page) == [
        "Another version was loaded meanwhile. Please look at the differences again."
    ]
    assert "Differences to version 1.0" in page.text(".rule-book")
    assert RuleBook.objects.count() == 1
    operator.load(page)
    assert RuleBook.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_operators_load_the_same_version_once() -> None:
    people = [Operator(is_superuser=True) for _person in range(2)]
    pages = [person.look(NORD) for person in people]

    told = at_once(
        *(
            lambda p=person, s=page: messages(p.load(s))
            for person, page in zip(people, pages, strict=True)
        )
    )

    assert sorted(told) == [["Nordpakt 1.0 is loaded."], ["Nordpakt 1.0 was loaded already."]]
    assert RuleBook.objects.count() == 1
    assert BlankChecklist.objects.count() == 4


# ---- What may come in --------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str]] = {
    "latin-1": (NORD.decode().encode("latin-1"), "The file is not UTF-8 here."),
    "utf-16": (NORD.decode().encode("utf-16"), "The file is not UTF-8 here."),
    "too large": (b"#" * (yaml_file.MOST_BYTES + 1), "The file is larger than 1024 KB."),
    "aliases": (b"a: &a [x]\nb: [*a, *a]", "Anchors and aliases (& and *)"),
    "duplicate key": (changed("key: nordpakt", "key: nordpakt\nkey: other"), "stands here twice"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "python": (b"!!python/object/apply:os.system [ls]", "Tags (!) are not used"),
    "binary": (bytes(range(256)), "The file is not UTF-8 here."),
    "zeros": (b"\0" * 100, "This cannot be read as YAML"),
    "PDF": (b"%PDF-1.7\n%abc", "This cannot be read as YAML"),
    "nothing much": (b"# only a comment", "This has to hold entries with keys."),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_explained(operator: Operator, case: str) -> None:
    data, reason = BAD[case]

    page = operator.look(data)

    assert page.status == 422
    assert any(reason in row[2] for row in rows(page)), rows(page)
    assert not RuleBook.objects.exists()


def test_empty_and_missing_file_are_explained(operator: Operator) -> None:
    assert operator.look(b"").errors() == ["The file is empty."]
    assert Page(operator.client.post(LOAD, {})).errors() == ["This field is required."]


def test_file_beyond_what_the_portal_takes_is_refused_unread(operator: Operator) -> None:
    assert operator.look(b"#" * (6 * 1024 * 1024)).status == 400


def test_html_in_a_book_and_in_the_name_of_a_file_is_shown_as_text(operator: Operator) -> None:
    books.load(books.NORDPAKT)
    evil = EVIL.encode()
    data = (
        NORD.replace(b'version: "1.0"', b'version: "1.1"')
        .replace(b'Nordpakt"', b"Nordpakt" + evil + b'"')
        .replace(b"In two sentences.", evil)
        .replace(b"key: machines", b"key: tools")
    )

    good = operator.look(data, f"{EVIL}.yaml")
    bad = operator.look(data.replace(b"kind: duration", b'kind: "' + evil + b'"'), f"a{EVIL}.yaml")

    for page in (good, bad):
        assert b"<script>alert" not in page.response.content
        assert page.soup.get_text().count(EVIL) >= 1
    assert EVIL in good.text(".rule-book__changes")
    assert any(EVIL in row[2] for row in rows(bad))


# ---- Who may -----------------------------------------------------------------------------------


def granted(*codes: str) -> Operator:
    operator = Operator()
    operator.person.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    return operator


def test_staff_need_the_right_to_load() -> None:
    nobody, reader = granted(), granted("view_rulebook")
    loader = granted("view_rulebook", "add_rulebook")

    assert [who.get(LIST).status for who in (nobody, reader, loader)] == [403, 200, 200]
    assert [who.get(LOAD).status for who in (nobody, reader, loader)] == [403, 403, 200]
    assert [who.look(NORD).status for who in (nobody, reader, loader)] == [403, 403, 200]
    seen = loader.look(NORD)
    assert reader.load(seen).status == 403
    assert not reader.get(LIST).soup.select(".object-tools a")
    assert not RuleBook.objects.exists()
    loader.load(seen)
    assert RuleBook.objects.exists()


def test_members_and_strangers_are_sent_to_the_operators_sign_in(
    sign_in: Callable[[User], Client],
) -> None:
    person = world().people[0]
    RuleBook.objects.all()
    for client in (sign_in(person), Client()):
        for url in (LIST, LOAD):
            assert client.get(url).status_code == 302
        before = RuleBook.objects.count()
        sent = client.post(LOAD, {"file": SimpleUploadedFile("b.yaml", NORD)})
        assert (sent.status_code, RuleBook.objects.count()) == (302, before)


def test_looking_writes_nothing(operator: Operator) -> None:
    for step in (lambda: operator.get(LOAD), lambda: operator.look(NORD)):
        with CaptureQueriesContext(connection) as queries:
            step()
        writes = [q["sql"] for q in queries if re.match(r"(INSERT|UPDATE|DELETE)", q["sql"])]
        assert writes == []


def test_pages_keep_to_the_portals_policy_of_no_inline_code(operator: Operator) -> None:
    books.load(books.FIRST_KODEX)
    for page in (
        operator.get(LIST),
        operator.look(rule_books.PACKAGED.read_bytes()),
        operator.look(b"x"),
    ):
        html: BeautifulSoup = page.soup
        assert not html.select(".rule-book [style], .rule-book script, .rule-book [onclick]")
        assert "script-src 'self'" in page.response.headers["Content-Security-Policy"]
