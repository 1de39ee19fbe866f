"""Handing files in: what each good and bad file leads to, in the reader's words."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import imports
from scoring.models import PartnerCenterImport, Score, UsageMonth
from tests.factories import PartnerFactory, member
from tests.scoring.stage import body, hand_in, tenants
from tests.scoring.worlds import USAGE_HEADER, Row, guid, office_usage

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EVIL = '<img src=x onerror="alert(1)">'
GOOD = office_usage(tenants(2))


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def user(firm: Partner) -> User:
    return member(firm, "specialist", name="Ines Kaya")


@pytest.fixture
def browser(user: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(user)


def upload(browser: Client, *files: tuple[str, bytes], **data: Any) -> Any:
    uploads = [SimpleUploadedFile(name, content, "text/csv") for name, content in files]
    return browser.post(
        reverse("scoring:import_upload"),
        {"uploads": uploads, "kind": "auto", "at_once": "on", **data},
    )


def finish() -> None:
    """What the worker would do."""
    for row in PartnerCenterImport.objects.filter(state="queued").order_by("created_at"):
        imports.run(row.pk)


def outcome(browser: Client, soup: Soup, content: bytes, name: str = "usage.csv") -> BeautifulSoup:
    """The page of a file after it was uploaded and read."""
    response = upload(browser, (name, content))
    assert response.status_code == 302
    finish()
    return soup(browser.get(response["Location"]))


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def usage_lines(*lines: str) -> bytes:
    """An OfficeUsage file with these lines of seven columns."""
    header = (
        "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
        "CustomerName,PartnerAttributionType"
    )
    return "\n".join([header, *lines]).encode()


LINE = "11111111-1111-1111-1111-111111111111,Exchange,2025-02-01,50,20,Contoso,CPOR"


# ---- Good files ----------------------------------------------------------------------------------


def test_an_upload_is_stored_and_queued_then_watched(
    browser: Client, soup: Soup, user: User
) -> None:
    response = upload(browser, ("usage.csv", GOOD))
    row = PartnerCenterImport.objects.get()
    assert (row.state, row.imported_by) == ("queued", user)
    assert response["Location"] == reverse("scoring:import", args=[row.pk])

    waiting = soup(browser.get(response["Location"]))
    region = waiting.select_one("#import")
    assert region is not None
    assert region["hx-get"] == reverse("scoring:import_status", args=[row.pk])
    assert "Die Datei ist gespeichert" in text(region)

    finish()
    fragment = soup(browser.get(str(region["hx-get"]), headers={"hx-request": "true"}))
    page = soup(browser.get(response["Location"]))
    assert "hx-get" not in page.select_one("#import").attrs  # type: ignore[union-attr]
    assert fragment.select_one("#import") == page.select_one("#import")
    assert "Die Datei ist importiert." in text(page.select_one(".notice"))
    facts = text(page.select_one(".facts"))
    assert "Gelesene Zeilen 4" in facts
    assert "Neu 4" in facts
    assert "Februar 2024 bis Februar 2025" in facts


def test_after_an_import_the_page_leads_to_the_new_score(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    page = outcome(browser, soup, GOOD)
    score = Score.objects.get(partner=firm)
    links = [link["href"] for link in page.select(".notice--ok a")]
    assert links == [reverse("scoring:score", args=[score.pk])]


def test_several_files_at_once_lead_to_the_list(browser: Client, soup: Soup) -> None:
    response = upload(browser, ("a.csv", GOOD), ("b.csv", office_usage(tenants(1))))
    assert response["Location"] == reverse("scoring:imports")
    page = soup(browser.get(response["Location"]))
    files = page.select_one("#files")
    assert files is not None
    assert [text(link) for link in files.select(".list__title")] == ["b.csv", "a.csv"]
    assert files["hx-get"] == reverse("scoring:imports_status")

    finish()
    fragment = soup(browser.get(str(files["hx-get"])))
    page = soup(browser.get(response["Location"]))
    assert "hx-get" not in fragment.select_one("#files").attrs  # type: ignore[union-attr]
    assert fragment.select_one("#files") == page.select_one("#files")


def test_what_is_not_used_is_listed_with_the_reason(browser: Client, soup: Soup) -> None:
    rows = [
        *tenants(1),
        Row("A", "Skype for Business", usage={"2025-02": (50, 2)}),
        Row("B", option="Advisor", usage={"2025-02": (50, 2)}),
    ]
    page = outcome(browser, soup, office_usage(rows))

    assert "Die Datei ist importiert." in text(page.select_one(".notice"))
    table = page.select_one("section[aria-labelledby=unused-heading] tbody")
    assert table is not None
    assert sorted(text(row) for row in table.select("tr")) == [
        "Advisor Art der Zuordnung 1 wird von dieser Designation nicht verwendet",
        "Skype for Business Workload 1 gehört nicht zu den Workloads dieser Designation",
    ]


def test_the_same_file_again_is_said_clearly(browser: Client, soup: Soup) -> None:
    outcome(browser, soup, GOOD)
    before = UsageMonth.objects.count()
    page = outcome(browser, soup, GOOD, "copy.csv")

    assert "Diese Datei war schon einmal da. Es hat sich nichts geändert." in text(
        page.select_one(".notice")
    )
    assert UsageMonth.objects.count() == before


def test_a_missing_comparison_month_is_named_on_the_page_of_the_file(
    browser: Client, soup: Soup
) -> None:
    page = outcome(browser, soup, office_usage([Row(usage={"2025-02": (50, 20)})]))

    words = text(page.select_one(".notice--warn"))
    assert "Februar 2024" in words
    assert "LIFETIME" in words


# ---- Bad files -----------------------------------------------------------------------------------

BAD_FILES = {
    "no table": (b"Hello world\nhow are you", "gehören zu keinem Bericht, den wir kennen"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "sondern PNG"),
    "a workbook": (b"PK\x03\x04" + b"\0" * 40, "Die Excel-Datei ist beschädigt."),
    "only a header": (",".join(USAGE_HEADER).encode(), "keine Zeilen"),
    "in latin-1": (
        usage_lines(LINE, LINE.replace("Contoso", "Müller")).decode().encode("latin-1"),
        "UTF-8",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_read_says_why(case: str, browser: Client, soup: Soup) -> None:
    content, words = BAD_FILES[case]
    page = outcome(browser, soup, content)

    notice = page.select_one(".notice--error")
    assert "Diese Datei konnten wir nicht lesen. Es hat sich nichts geändert." in text(notice)
    assert words in text(notice)
    assert page.select("form[action$='gute-zeilen/']") == []
    assert UsageMonth.objects.count() == 0


BAD_ROWS = {
    "negative seats": (
        LINE.replace(",50,", ",-50,"),
        "PaidAvailableUnits",
        "-50",
        "Die Zahl ist negativ.",
    ),
    "seats in words": (
        LINE.replace(",50,", ",fifty,"),
        "PaidAvailableUnits",
        "fifty",
        "Das ist keine ganze Zahl.",
    ),
    "a future month": (
        LINE.replace("2025-02-01", "2999-02-01"),
        "Month",
        "2999-02-01",
        "Das Datum liegt in der Zukunft.",
    ),
    "no month": (LINE.replace("2025-02-01", "soon"), "Month", "soon", "Datum"),
    "no tenant": (
        LINE.replace("11111111-1111-1111-1111-111111111111", "Contoso"),
        "CustomerTenantId",
        "Contoso",
        "GUID",
    ),
    "HTML": (
        LINE.replace(",50,", f",{EVIL.replace(',', '')},").replace('"', "'"),
        "PaidAvailableUnits",
        EVIL.replace('"', "'"),
        "Das ist keine ganze Zahl.",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_rejected_row_is_shown_with_line_column_value_and_reason(
    case: str, browser: Client, soup: Soup
) -> None:
    line, column, value, reason = BAD_ROWS[case]
    page = outcome(browser, soup, usage_lines(LINE, line))

    assert "1 Zeile ist nicht verwendbar. Es ist noch nichts importiert." in text(
        page.select_one(".notice--needs-you")
    )
    cells = [
        text(cell) for cell in page.select("section[aria-labelledby=rejected-heading] tbody tr > *")
    ]
    assert cells[:3] == ["3", column, value]
    assert reason in cells[3]
    assert page.select("img") == []
    assert UsageMonth.objects.count() == 0


def test_the_good_rows_can_be_taken_afterwards(browser: Client, soup: Soup, user: User) -> None:
    page = outcome(browser, soup, usage_lines(LINE, LINE.replace(",50,", ",-50,")))
    form = page.select_one("form[action$='gute-zeilen/']")
    assert form is not None
    assert "die 1 gute Zeile ohne die anderen" in text(page.select_one(".notice--needs-you"))

    answer = browser.post(str(form["action"]), headers={"hx-request": "true"})
    assert "hx-trigger" in soup(answer).select_one("#import").attrs  # type: ignore[union-attr]
    finish()
    row = PartnerCenterImport.objects.get()
    done = soup(browser.get(reverse("scoring:import", args=[row.pk])))
    assert "1 abgelehnte Zeile wurde wie gewünscht ausgelassen." in text(
        done.select_one(".notice--ok")
    )
    assert UsageMonth.objects.count() == 1


def test_good_rows_at_once_when_asked_for(browser: Client, soup: Soup) -> None:
    content = usage_lines(LINE, LINE.replace(",50,", ",-50,"))
    response = upload(browser, ("usage.csv", content), good_rows="on")
    finish()
    page = soup(browser.get(response["Location"]))
    assert "1 abgelehnte Zeile" in text(page.select_one(".notice--ok"))
    assert len(page.select("section[aria-labelledby=rejected-heading] tbody tr")) == 1


def test_good_rows_twice_import_once(browser: Client, firm: Partner, soup: Soup) -> None:
    row = hand_in(firm, usage_lines(LINE, LINE.replace(",50,", ",-50,")))
    url = reverse("scoring:import_good_rows", args=[row.pk])
    browser.post(url)
    page = soup(browser.post(url, follow=True))
    assert "Über diese Datei hat schon jemand entschieden." in text(page.select_one(".notices"))


def test_more_than_five_hundred_rejected_rows_are_counted(browser: Client, soup: Soup) -> None:
    bad = LINE.replace(",50,", ",-50,")
    page = outcome(browser, soup, usage_lines(LINE, *[bad] * 501))

    assert len(page.select("section[aria-labelledby=rejected-heading] tbody tr")) == 500
    assert "Die ersten 500 von 501." in text(page.main)


def test_an_empty_file_is_refused_with_its_name(browser: Client, soup: Soup) -> None:
    page = soup(
        browser.post(
            reverse("scoring:import_upload"),
            {"uploads": SimpleUploadedFile("nothing.csv", b""), "kind": "auto"},
            follow=True,
        )
    )

    assert text(page.select_one(".notice--error")) == "nothing.csv: Die Datei ist leer."
    assert PartnerCenterImport.objects.count() == 0


def test_without_a_file_the_form_asks_for_one(browser: Client, soup: Soup) -> None:
    page = soup(browser.post(reverse("scoring:import_upload"), {"kind": "auto"}))
    assert text(page.select_one(".errorlist")) == "Dieses Feld ist zwingend erforderlich."


def test_a_file_above_the_limit_is_refused_with_its_size(
    browser: Client, soup: Soup, settings: Any
) -> None:
    settings.PARTNER_CENTER_MAX_BYTES = 1024 * 1024
    page = soup(upload(browser, ("huge.csv", b"x" * (1024 * 1024 + 1)), ("small.csv", GOOD)))

    words = text(page.select_one(".errorlist"))
    assert "„huge.csv“ hat 1,0\xa0MB" in words.replace(" MB", "\xa0MB")
    assert PartnerCenterImport.objects.count() == 0


def test_eleven_files_at_once_are_too_many(browser: Client, soup: Soup) -> None:
    page = soup(upload(browser, *[(f"{n}.csv", GOOD) for n in range(11)]))
    assert (
        text(page.select_one(".errorlist")) == "Bitte wählen Sie höchstens 10 Dateien auf einmal."
    )


def test_thirty_megabytes_are_stored_and_read_by_the_job(browser: Client, soup: Soup) -> None:
    # Rows of an ineligible workload: the page and the reader work, the test stays quick.
    line = LINE.replace("Exchange", "Power BI " + "x" * 950)
    content = usage_lines(LINE, *[line] * 30_000)
    assert len(content) > 30 * 1000 * 1000
    page = outcome(browser, soup, content, "thirty.csv")

    assert "Die Datei ist importiert." in text(page.select_one(".notice"))
    assert "Gelesene Zeilen 30.001" in text(page.select_one(".facts")).replace("30001", "30.001")


def test_html_in_a_file_name_is_shown_literally(firm: Partner, browser: Client, soup: Soup) -> None:
    row = hand_in(firm, GOOD, name="<b>bold</b> & co.csv")
    for url in (reverse("scoring:imports"), reverse("scoring:import", args=[row.pk])):
        page = soup(browser.get(url))
        assert page.select("main b") == []
    assert text(page.h1) == "b> & co.csv"  # what stands before a slash is a folder


def test_an_observer_sees_the_file_and_no_buttons(
    firm: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    row = hand_in(firm, usage_lines(LINE, LINE.replace(",50,", ",-50,")))
    browser = sign_in(member(firm, "observer"))
    for url in (reverse("scoring:imports"), reverse("scoring:import", args=[row.pk])):
        page = soup(browser.get(url))
        assert page.select("main form") == []


# ---- Looking first -------------------------------------------------------------------------------


def preview(browser: Client, soup: Soup, content: bytes) -> BeautifulSoup:
    """The page of a file that was only to be looked at, after it was read."""
    response = upload(browser, ("usage.csv", content), at_once="")
    finish()
    return soup(browser.get(response["Location"]))


def test_a_preview_shows_what_would_change_and_is_imported(browser: Client, soup: Soup) -> None:
    outcome(browser, soup, office_usage([Row("A", usage={"2025-01": (50, 2), "2025-02": (50, 2)})]))
    rows = [
        Row("A", usage={"2025-01": (50, 2), "2025-02": (60, 3)}, begins_on=date(2024, 3, 1)),
        Row("B", usage={"2024-02": (50, 2)}),
    ]
    other = preview(browser, soup, office_usage([Row("C", usage={"2025-02": (50, 2)})]))
    months = other.select("section[aria-labelledby=months-heading] tbody tr")
    assert [text(row) for row in months] == ["Februar 2025 1 0 0"]  # the month has data of others

    page = preview(browser, soup, office_usage(rows))

    words = text(page.select_one(".notice--needs-you"))
    assert "Das würde sich ändern. Es ist noch nichts importiert." in words
    assert "Neue Zeilen: 1, geändert: 1, bekannt und unverändert: 1." in words
    months = page.select("section[aria-labelledby=months-heading] tbody tr")
    assert [text(row) for row in months] == [
        "Februar 2025 0 1 0",
        "Januar 2025 0 0 1",
        "Februar 2024 neuer Monat 1 0 0",
    ]
    (claim,) = page.select("section[aria-labelledby=claims-heading] tbody tr")
    assert text(claim) == "A Exchange, CPOR ab dem ersten Monat mit Daten seit 01.03.2024"
    assert "1 neuer Kunde" in text(page.select_one("section[aria-labelledby=tenants-heading]"))

    form = page.select_one("form[action$='importieren/']")
    assert form is not None
    browser.post(str(form["action"]))
    finish()
    row = PartnerCenterImport.objects.latest("created_at")
    done = soup(browser.get(reverse("scoring:import", args=[row.pk])))
    assert "Die Datei ist importiert." in text(done.select_one(".notice--ok"))
    assert UsageMonth.objects.count() == 3


def test_a_preview_names_the_missing_month_and_what_to_order(browser: Client, soup: Soup) -> None:
    content = office_usage([Row(usage={"2025-02": (50, 2)})])
    page = preview(browser, soup, content)
    words = text(page.select_one(".notice--warn"))
    assert "Februar 2024" in words
    assert "LIFETIME" in words


def test_a_preview_without_news_says_so(browser: Client, soup: Soup) -> None:
    outcome(browser, soup, GOOD)
    page = preview(browser, soup, GOOD)
    assert "Der Import würde nichts ändern." in text(page.select_one(".notice--needs-you"))


def test_two_people_press_import_at_once(
    firm: Partner, browser: Client, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    row = hand_in(firm, GOOD, at_once=False)
    url = reverse("scoring:import_commit", args=[row.pk])
    colleague = sign_in(member(firm, "manager"))
    pages = [soup(each.post(url, follow=True)) for each in (browser, colleague)]
    assert [len(page.select(".notices .notice")) for page in pages] == [0, 1]
    assert "schon jemand entschieden" in text(pages[1].select_one(".notices"))
    finish()
    assert UsageMonth.objects.count() == 4


def test_a_discarded_file_is_said_to_be_gone(browser: Client, soup: Soup) -> None:
    page = preview(browser, soup, GOOD)
    form = page.select_one("form[action$='verwerfen/']")
    assert form is not None
    answer = browser.post(str(form["action"]), headers={"hx-request": "true"})
    assert "verworfen und gelöscht" in text(soup(answer).select_one("#import"))
    assert soup(answer).select("a[href$='original/']") == []


def test_progress_is_shown_while_a_file_is_read(firm: Partner, browser: Client, soup: Soup) -> None:
    row = hand_in(firm, GOOD, at_once=False)
    running = {"state": "running", "finished_at": None, "progress": 1234}
    PartnerCenterImport.objects.filter(pk=row.pk).update(**running)
    url = reverse("scoring:import_status", args=[row.pk])
    assert "Bisher 1234 Zeilen." in text(soup(browser.get(url))).replace("1.234", "1234")
    PartnerCenterImport.objects.filter(pk=row.pk).update(progress_of=5000)
    bar = soup(browser.get(url)).select_one("progress")
    assert bar is not None
    assert (bar["value"], bar["max"]) == ("1234", "5000")


# ---- The original --------------------------------------------------------------------------------


def test_the_original_comes_back_as_it_stood(firm: Partner, browser: Client) -> None:
    row = hand_in(firm, GOOD, name="Nutzung März.xlsx")
    response = browser.get(reverse("scoring:import_original", args=[row.pk]))
    assert body(response) == GOOD
    assert "N" in response["Content-Disposition"]
    assert response["Content-Disposition"].endswith("%C3%A4rz.csv")


def test_an_original_of_before_comes_back_as_it_was_uploaded(
    firm: Partner, browser: Client
) -> None:
    row = hand_in(firm, b"%PDF-1.7", name="report.pdf")
    response = browser.get(reverse("scoring:import_original", args=[row.pk]))
    assert body(response) == b"%PDF-1.7"
    assert response["Content-Disposition"] == 'attachment; filename="report.pdf"'


def test_an_original_that_is_gone_is_not_found(firm: Partner, browser: Client) -> None:
    row = hand_in(firm, GOOD)
    Path(row.original.path).unlink()
    url = reverse("scoring:import_original", args=[row.pk])
    assert browser.get(url).status_code == 404


# ---- Undoing -------------------------------------------------------------------------------------


def test_undoing_says_before_what_would_change(firm: Partner, browser: Client, soup: Soup) -> None:
    hand_in(firm, office_usage([Row("A", usage={"2025-02": (50, 2)})]))
    rows = [Row("A", usage={"2025-02": (60, 3)}), Row("B", usage={"2024-02": (50, 2)})]
    row = hand_in(firm, office_usage(rows))
    url = reverse("scoring:import_undo", args=[row.pk])
    detail = soup(browser.get(reverse("scoring:import", args=[row.pk])))
    assert [link["href"] for link in detail.select("a[href$='rueckgaengig/']")] == [url]

    page = soup(browser.get(url))
    assert text(page.select_one(".facts")) == (
        "Zeilen, die wegfallen 1 Zeilen, die wieder die Zahlen einer anderen Datei bekommen 1 "
        "Zuordnungen, die wegfallen oder sich ändern 2 "
        "Zertifikate, die wegfallen oder sich ändern 0"
    )
    assert [text(line) for line in page.select("tbody tr")] == [
        "Februar 2025 0 1 0",
        "Februar 2024 1 0 0",
    ]
    assert "Korrekturen von Menschen bleiben immer unberührt." in text(page.main)

    watched = soup(browser.post(url, follow=True))
    assert "rückgängig gemacht" in text(watched.select_one(".notice--info"))
    finish()
    done = text(soup(browser.get(reverse("scoring:import", args=[row.pk]))).select_one(".notice"))
    assert "Dieser Import wurde rückgängig gemacht." in done
    assert "Rückgängig gemacht von Ines Kaya." in done
    assert list(UsageMonth.objects.values_list("seats", "users")) == [(50, 2)]


def test_what_cannot_be_undone_says_why(firm: Partner, browser: Client, soup: Soup) -> None:
    gone = hand_in(firm, office_usage([Row("A", usage={"2025-02": (50, 2)})]), name="gone.csv")
    row = hand_in(firm, GOOD)
    Path(gone.original.path).unlink()
    page = soup(browser.get(reverse("scoring:import_undo", args=[row.pk])))
    assert "„gone.csv“ ist nicht mehr da" in text(page.select_one(".notice--error"))
    assert page.select("main form") == []


def test_somebody_undoes_while_another_file_waits(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    first = hand_in(firm, office_usage([Row("A", usage={"2025-02": (50, 2)})]))
    upload(browser, ("usage.csv", GOOD))
    browser.post(reverse("scoring:import_undo", args=[first.pk]))
    finish()
    states = PartnerCenterImport.objects.order_by("created_at").values_list("state", flat=True)
    assert list(states) == ["undone", "done"]
    assert UsageMonth.objects.count() == 4


def test_what_is_not_in_cannot_be_undone(firm: Partner, browser: Client, soup: Soup) -> None:
    row = hand_in(firm, GOOD, at_once=False)
    url = reverse("scoring:import_undo", args=[row.pk])
    for response in (browser.get(url, follow=True), browser.post(url, follow=True)):
        assert "schon rückgängig gemacht" in text(soup(response).select_one(".notices"))


# ---- How many queries ----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_a_file_do_not_grow(
    rows: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    bad = LINE.replace(",50,", ",-50,")
    row = hand_in(firm, usage_lines(LINE, *[bad] * rows))
    # session, user, membership, the file, the right to import, the months that are known
    with django_assert_num_queries(6):
        assert browser.get(reverse("scoring:import", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_the_list_do_not_grow(
    rows: int, firm: Partner, user: User, browser: Client, django_assert_num_queries: Any
) -> None:
    for number in range(rows):
        content = b"Mandant %d,Produkt,Wert\n%s,Exchange,1" % (number, guid("A").encode())
        row = hand_in(firm, content, by=user)
        imports.name_columns(row.pk, "claims", {"tenant": f"Mandant {number}"}, by=user)
    # session, user, membership, count, files, the right to import, named columns
    with django_assert_num_queries(7):
        assert browser.get(reverse("scoring:imports")).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_before_undoing_do_not_grow(
    rows: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    usage = {"2024-02": (9, 2), "2025-02": (50, 25)}
    row = hand_in(firm, office_usage([Row(f"T{n}", usage=usage) for n in range(rows)]))
    url = reverse("scoring:import_undo", args=[row.pk])
    # session, user, membership, the file, the right to import, corrections, rows, portfolio,
    # other files, and what is stored: tenants, months, two of usage, associations, certificates
    with django_assert_num_queries(15):
        assert browser.get(url).status_code == 200
