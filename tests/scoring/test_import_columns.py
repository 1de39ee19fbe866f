"""Files with columns that nobody documents: named once, and then read by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import import_files, imports
from scoring.models import Association, ColumnMapping, PartnerCenterImport, UsageMonth
from tests.factories import PartnerFactory, member
from tests.scoring.stage import hand_in
from tests.scoring.worlds import guid, table

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
HEADER = ["Mandanten-Nr", "Produktname", "Stand", "Notiz"]
NAMED = {"tenant": "Mandanten-Nr", "workload": "Produktname", "claim_state": "Stand"}


def claims(*states: str) -> bytes:
    lines = [
        {
            "Mandanten-Nr": guid(f"T{number}"),
            "Produktname": "Exchange",
            "Stand": state,
            "Notiz": "<b>x</b>",
        }
        for number, state in enumerate(states)
    ]
    return table(HEADER, lines)


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def user(firm: Partner) -> User:
    return member(firm, "specialist", name="Ines Kaya")


@pytest.fixture
def browser(user: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(user)


def url(name: str, row: PartnerCenterImport) -> str:
    return reverse(f"scoring:{name}", args=[row.pk])


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


# ---- The verbs -----------------------------------------------------------------------------------


def test_unknown_columns_wait_to_be_named(firm: Partner) -> None:
    row = hand_in(firm, claims("Approved"))
    assert (row.state, row.fault) == ("unmapped", "unknown_columns")
    assert import_files.columns_of(row)[1:3] == [
        ("Produktname", ["Exchange"]),
        ("Stand", ["Approved"]),
    ]
    assert not Association.objects.exists()


def test_named_columns_are_read_and_remembered(firm: Partner, user: User) -> None:
    row = hand_in(firm, claims("Approved", "Rejected"))
    assert imports.name_columns(row.pk, "claims", NAMED, by=user) is True
    assert imports.name_columns(row.pk, "claims", NAMED, by=user) is False  # it is queued now
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.kind, row.mapping) == ("done", "claims", NAMED)
    assert sorted(Association.objects.values_list("state", flat=True)) == [1, 6]
    known = ColumnMapping.objects.get()
    assert (known.partner, known.kind, known.named_by) == (firm, "claims", user)

    other_order = ["Notiz", " STAND ", "produktname", "Mandanten-Nr"]
    content = claims("Approved", "Approved").splitlines(keepends=True)
    again = table(other_order, [])
    for line in content[1:]:
        tenant, product, state, note = line.decode().strip().split(",")
        again += f"{note},{state},{product},{tenant}\r\n".encode()
    second = hand_in(firm, again)
    assert (second.state, second.rows_read) == ("done", 2)
    assert set(Association.objects.values_list("state", flat=True)) == {1}


def test_what_a_firm_named_is_nothing_to_another(firm: Partner, user: User) -> None:
    row = hand_in(firm, claims("Approved"))
    imports.name_columns(row.pk, "claims", NAMED, by=user)
    other = hand_in(PartnerFactory.create(), claims("Approved"))
    assert other.state == "unmapped"


def test_columns_named_anew_replace_the_old_names(firm: Partner, user: User) -> None:
    row = hand_in(firm, claims("Approved"), at_once=False)
    imports.name_columns(row.pk, "claims", NAMED, by=user)
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, imports.waits_for_columns(row)) == ("preview", True)
    better = {"tenant": "Mandanten-Nr", "workload": "Produktname", "claim_state": ""}
    assert imports.name_columns(row.pk, "claims", better, by=user) is True
    imports.run(row.pk)
    imports.commit(row.pk, by=user)
    imports.run(row.pk)
    assert ColumnMapping.objects.get().mapping == better
    assert Association.objects.get().state == 0


def test_columns_that_do_not_help_are_asked_for_again(firm: Partner, user: User) -> None:
    row = hand_in(firm, claims("Approved"))
    imports.name_columns(row.pk, "office-usage", {"tenant": "Mandanten-Nr"}, by=user)
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.fault, row.kind) == ("unmapped", "missing_columns", "office-usage")


def test_an_undone_import_with_named_columns_is_made_anew_by_them(
    firm: Partner, user: User
) -> None:
    row = hand_in(firm, claims("Approved"))
    imports.name_columns(row.pk, "claims", NAMED, by=user)
    imports.run(row.pk)
    ColumnMapping.objects.all().delete()
    assert imports.rebuild(firm).is_empty
    assert Association.objects.count() == 1


def test_files_of_a_command_take_names_of_columns(firm: Partner) -> None:
    files = [("claims.csv", ContentFile(claims("Approved")))]
    ((_read, row),) = imports.run_now(firm, files, mapping=NAMED)
    assert (row.state, row.kind, row.mapping) == ("done", "claims", NAMED)
    assert not ColumnMapping.objects.exists()


# ---- The page ------------------------------------------------------------------------------------


def test_the_page_offers_the_best_guess_and_samples(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    content = "Mandant,Produkt,Status,Notiz\n" + guid("A") + ",Exchange,Approved,x\n"
    row = hand_in(firm, content.encode())
    page = soup(browser.get(url("import", row)))
    assert "Welche Spalte ist was?" in text(page.select_one(".notice--needs-you"))
    link = page.select_one("a[href$='spalten/']")
    assert link is not None

    page = soup(browser.get(str(link["href"]) + "?kind=claims"))
    chosen = {
        str(select["name"]): text(select.select_one("option[selected]"))
        for select in page.select("select[name^=column-]")
        if select.select_one("option[selected][value!='']")
    }
    assert chosen["column-tenant"] == f"Mandant: {guid('A')}"
    assert chosen["column-workload"] == "Produkt: Exchange"
    assert chosen["column-claim_state"] == "Status: Approved"


def test_naming_the_columns_needs_no_script(firm: Partner, browser: Client, soup: Soup) -> None:
    row = hand_in(firm, claims("Approved"))
    page = soup(browser.get(url("import_columns", row), {"kind": "claims"}))
    assert page.select("main b") == []
    data = {
        str(field["name"]): str(field.get("value", ""))
        for field in page.select("form[method=post] input")
    }
    data |= {f"column-{field}": header for field, header in NAMED.items()}
    response = browser.post(url("import_columns", row), data)
    assert response["Location"] == url("import", row)
    imports.run(row.pk)
    done = soup(browser.get(response["Location"]))
    assert "Die Datei ist importiert." in text(done.select_one(".notice--ok"))
    assert "wie von Ihrer Firma benannt" in text(done.select_one(".facts"))

    index = soup(browser.get(reverse("scoring:imports")))
    section = index.select_one("section[aria-labelledby=mappings-heading]")
    assert "Mandanten-Nr, Produktname, Stand" in text(section)
    forget = index.select_one("form[action$='vergessen/']")
    assert forget is not None
    after = soup(browser.post(str(forget["action"]), follow=True))
    assert after.select("section[aria-labelledby=mappings-heading]") == []
    assert hand_in(firm, claims("Approved", "Approved")).state == "unmapped"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"column-workload": "Stand"}, "Ohne diese Spalte lässt sich nichts lesen."),
        (
            {"column-tenant": "Stand", "column-workload": "Stand"},
            "„Stand“ ist schon für „Tenant-ID“ gewählt.",
        ),
        ({"column-tenant": "Nirgends", "column-workload": "Stand"}, "Nirgends"),
    ],
    ids=["missing", "twice", "unknown"],
)
def test_a_choice_that_cannot_be_says_why(
    data: dict[str, str], words: str, firm: Partner, browser: Client, soup: Soup
) -> None:
    row = hand_in(firm, claims("Approved"))
    page = soup(browser.post(url("import_columns", row), {"kind": "claims", **data}))
    assert words in " ".join(text(errors) for errors in page.select(".errorlist"))
    row.refresh_from_db()
    assert row.state == "unmapped"


def test_columns_of_a_known_file_are_settled(firm: Partner, browser: Client, soup: Soup) -> None:
    row = hand_in(firm, claims("Approved"))
    imports.discard(row.pk)
    page = soup(browser.get(url("import_columns", row), follow=True))
    assert "Die Spalten dieser Datei stehen fest." in text(page.select_one(".notices"))


def test_another_kind_than_any_is_not_found_out(firm: Partner, browser: Client) -> None:
    row = hand_in(firm, claims("Approved"))
    for kind in ("nonsense", "auto", "a\x00b"):
        assert browser.get(url("import_columns", row), {"kind": kind}).status_code == 200
    assert not UsageMonth.objects.exists()


@pytest.mark.parametrize("columns", [2, 40])
def test_queries_of_the_page_do_not_grow(
    columns: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    header = ["Mandanten-Nr", *(f"c{number}" for number in range(columns))]
    row = hand_in(firm, table(header, [dict.fromkeys(header, "x")]))
    # session, user, membership, the file, the right to import
    with django_assert_num_queries(5):
        assert browser.get(url("import_columns", row)).status_code == 200
