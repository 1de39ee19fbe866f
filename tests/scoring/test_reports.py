"""The designation report: ordered once, made by the job, handed to members only."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from documents import originals
from documents.models import Document
from partners.models import Partner, User
from scoring import reports
from scoring.models import DesignationReport, Score
from scoring.people import Certificate
from scoring.score_files import report_json, score_json
from scoring.tasks import build_report
from tests.documents import pdfs
from tests.documents.pdfs import elements
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, body, stored_score, tenants
from tests.scoring.test_ledgers import corrected
from tests.scoring.worlds import Row

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern", legal_name="Kern & Söhne GmbH", slug="kern")


@pytest.fixture
def user(firm: Partner) -> User:
    return member(firm, "manager")


@pytest.fixture
def score(firm: Partner) -> Score:
    rows = [*tenants(3), Row("Zu klein", usage={"2024-02": (8, 1), "2025-02": (10, 9)})]
    return stored_score(firm, rows)


def made(score: Score, user: User, language: str = "de") -> DesignationReport:
    report = reports.order(score.pk, language=language, by=user)
    assert reports.build(report.document_id) is True
    report.document.refresh_from_db()
    return report


def pdf_of(report: DesignationReport) -> bytes:
    with report.document.file.open("rb") as stored:
        content: bytes = stored.read()
    return content


def words_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


# ---- Order ---------------------------------------------------------------------------------------


def test_an_order_can_be_seen_at_once(score: Score, user: User) -> None:
    report = reports.order(score.pk, language="de", by=user)

    document = report.document
    assert (document.state, document.language, document.requested_by) == ("queued", "de", user)
    assert (document.kind, document.task) == ("designation-report", "scoring.tasks.build_report")
    assert document.title == "Designationsbericht Kern, 25. März 2025"


def test_a_second_order_is_the_first_one(score: Score, user: User) -> None:
    first = reports.order(score.pk, language="de", by=user)
    again = reports.order(score.pk, language="de", by=user)
    other = reports.order(score.pk, language="en", by=user)

    assert again == first
    assert other != first
    assert Document.objects.count() == 2


def test_a_failed_report_is_tried_again_by_a_new_order(score: Score, user: User) -> None:
    report = reports.order(score.pk, language="de", by=user)
    Document.objects.filter(pk=report.document_id).update(state="failed", attempts=5)

    again = reports.order(score.pk, language="de", by=user)
    assert (again, again.document.state) == (report, "queued")


def test_the_task_builds_the_report_once(score: Score, user: User) -> None:
    report = reports.order(score.pk, language="de", by=user)
    assert report.document.task == build_report.name
    build_report(str(report.document_id))
    report.document.refresh_from_db()
    first = (report.document.sha256, report.document.finished_at)
    build_report(str(report.document_id))
    report.document.refresh_from_db()

    assert report.document.state == "ready"
    assert (report.document.sha256, report.document.finished_at) == first


# ---- What it says --------------------------------------------------------------------------------


def test_the_report_says_all_a_bank_would_ask(score: Score, user: User) -> None:
    words = words_of(pdf_of(made(score, user)))

    for expected in (
        "Kern & Söhne GmbH am 25. März 2025",
        "Noch nicht erfüllt: Es fehlen 24,5 Punkte.",
        "Februar 2025 mit Februar 2024",
        "Modern Work 2023 (modern-work-2023)",
        "Er ist kein offizielles Dokument von Microsoft",
        "45,5 von 100 Punkten",
        "Kunde 001",
        "10 Plätze, SMB beginnt bei 11.",
        "Ada Ohm",
        "Summe aller 4 Zeilen",
        "usage.csv",
        "Europe/Berlin",
    ):
        assert expected in words, expected


def test_the_report_speaks_english_too(score: Score, user: User) -> None:
    report = made(score, user, "en")
    words = words_of(pdf_of(report))

    assert "Not met yet: 24.5 points to go." in words
    assert "10 seats, SMB starts at 11." in words
    assert "not an official document of Microsoft" in words
    assert "Punkte" not in words
    assert str(PdfReader(io.BytesIO(pdf_of(report))).root_object["/Lang"]) == "en"


def test_the_report_is_a_tagged_document(score: Score, user: User) -> None:
    pdf = pdf_of(made(score, user))
    root = PdfReader(io.BytesIO(pdf)).root_object

    assert bool(root["/MarkInfo"]["/Marked"])  # type: ignore[index]
    xmp: Any = root["/Metadata"].get_object()
    assert b"pdfuaid:part" in xmp.get_data()
    figures = [figure["/Alt"] for figure in elements(pdf, "/Figure") if "/Alt" in figure]
    assert any(str(alt).startswith("Punkte beider Tracks") for alt in figures)
    cells = list(elements(pdf, "/TD"))
    assert len(cells) > 50
    assert all(cell["/A"].get_object()["/Headers"] for cell in cells)  # each knows its headings


def test_the_same_score_gives_the_same_bytes(score: Score, user: User) -> None:
    report = made(score, user)
    rendered = reports._render(report.document)
    assert reports._render(report.document) == rendered
    assert pdf_of(report).startswith(rendered)  # the seal is appended


def test_the_report_holds_the_score_as_data(score: Score, user: User) -> None:
    report = made(score, user)
    pdf = pdf_of(report)

    content = pdfs.files(pdf)["score.json"]
    assert content == report_json(report)
    assert hashlib.sha256(content).hexdigest() == report.document.content_sha256
    data = json.loads(content)
    alone = json.loads(score_json(score))
    assert {name: value for name, value in data.items() if name != "report"} == alone
    assert (data["id"], data["as_of"], data["last_month"]) == (
        str(score.pk),
        "2025-03-25",
        "2025-02",
    )
    totals = {track["key"]: track["total"] for track in data["result"]["tracks"]}
    assert totals == {track.key: track.exact for track in score.tracks}
    assert len(data["imports"]) == 2
    words = pdfs.words(pdf)
    assert originals.groups(report.document.content_sha256) in words
    assert f"/dokumente/pruefen/{report.document.code}/" in words.replace(" ", "")


def test_the_report_shows_the_score_as_it_was_stored(
    score: Score, firm: Partner, user: User
) -> None:
    stored_score(firm, tenants(9), as_of=date(2025, 4, 2))  # newer data change nothing

    words = words_of(pdf_of(made(score, user)))
    assert "45,5 von 100 Punkten" in words
    assert "Kunde 005" not in words


def test_the_ledger_of_a_report_adds_up_to_the_score(score: Score) -> None:
    with translation.override("en"):
        context = reports.report_context(score, title="x")
    smb = {part.title: part.value for part in context["ledger"]}

    assert smb == {
        "SMB, Net customer adds": "+3",
        "Intermediate certifications": "1",
        "Advanced certifications": "1",
        "SMB, Usage growth by CPOR": "+75",
        "SMB, Deployments by CPOR": "+3",
    }


def test_a_long_ledger_is_capped_and_says_so(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 10)
    rows = [
        *tenants(8),
        *(
            Row(f"Klein {n}", usage={"2024-02": (5, 1), "2025-02": (5, 2)}, begins_on=OLD)
            for n in range(8)
        ),
    ]
    score = stored_score(firm, rows)
    with translation.override("en"):
        context = reports.report_context(score, title="x")

    assert sum(len(part.rows) for part in context["ledger"]) == 10
    assert "this document shows 10" in context["ledger_words"]
    assert "CSV" in context["ledger_words"]
    adds = context["ledger"][0]
    assert (adds.value, adds.sum_label) == ("+8", "Sum of all 16 rows")
    assert adds.rest.endswith("the sum includes them.")


@pytest.mark.parametrize(
    ("wanted", "room", "given"),
    [
        ([1, 2, 3], 10, [1, 2, 3]),
        ([100, 2, 100], 12, [5, 2, 5]),
        ([0, 0], 5, [0, 0]),
        ([7], 3, [3]),
        ([4, 4, 4], 2, [0, 1, 1]),
    ],
)
def test_small_wishes_are_met_in_full(wanted: list[int], room: int, given: list[int]) -> None:
    assert reports.allot(wanted, room) == given


def test_a_report_names_what_was_corrected(firm: Partner, user: User) -> None:
    score = corrected(firm)
    words = words_of(pdf_of(made(score, user)))
    assert "1 Angabe hat die Firma korrigiert." in words
    assert "zu Beginn der Zuordnung laut Korrektur 3. Korrigiert für Exchange" in words


def test_html_and_addresses_in_names_are_only_text(firm: Partner, user: User) -> None:
    evil = '<img src="http://127.0.0.1:9/x"><link rel=attachment href="file:///etc/passwd">'
    firm.legal_name = evil
    firm.save()
    row = Row(evil[:90], usage={"2024-02": (50, 5), "2025-02": (50, 25)}, begins_on=OLD)
    score = stored_score(firm, [row], [Certificate("mcp:9", evil[:90], "", "MS-700", OLD)])

    pdf = pdf_of(made(score, user))
    assert words_of(pdf).replace(" ", "").count('<imgsrc="http://127.0.0.1:9/x">') >= 3
    assert list(PdfReader(io.BytesIO(pdf)).attachments) == ["pruefen-verify.txt", "score.json"]


def test_a_score_without_any_data_still_makes_a_report(firm: Partner, user: User) -> None:
    score = stored_score(firm, [], [])
    words = words_of(pdf_of(made(score, user)))
    assert "Noch nicht erfüllt: Es fehlen 70 Punkte." in words


# ---- Pages ---------------------------------------------------------------------------------------


def test_ordering_from_the_page_shows_the_document_being_made(
    score: Score, user: User, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    browser = sign_in(user)
    url = reverse("scoring:report_order", args=[score.pk])
    fragment = soup(
        browser.post(url, {"language": "de", "length": "full"}, headers={"hx-request": "true"})
    )
    report = DesignationReport.objects.get()

    line = fragment.select_one(f"#document-{report.document_id}")
    assert line is not None
    assert line["hx-get"] == reverse("scoring:report_status", args=[report.pk])
    page = soup(browser.get(reverse("scoring:score", args=[score.pk])))
    for region in (fragment, page):
        for field in region.select("input[name=csrfmiddlewaretoken]"):
            field.decompose()
    assert fragment.select_one("#report") == page.select_one("#report")

    reports.build(report.document_id)
    ready = soup(browser.get(str(line["hx-get"])))
    assert "hx-get" not in ready.div.attrs  # type: ignore[union-attr]
    assert ready.a["href"] == reverse("scoring:report_download", args=[report.pk])  # type: ignore[index]


def test_ordering_without_javascript_leads_back_to_the_page(
    score: Score, user: User, sign_in: Callable[[User], Client]
) -> None:
    response = sign_in(user).post(
        reverse("scoring:report_order", args=[score.pk]), {"language": "en", "length": "short"}
    )
    assert response["Location"] == reverse("scoring:score", args=[score.pk]) + "#report"
    report = DesignationReport.objects.get()
    assert (report.language, report.length) == ("en", "short")


def test_an_unknown_language_orders_nothing(
    score: Score, user: User, sign_in: Callable[[User], Client]
) -> None:
    url = reverse("scoring:report_order", args=[score.pk])
    sign_in(user).post(url, {"language": "xx", "length": "full"})
    sign_in(user).post(url, {"language": "de", "length": "xx"})
    assert DesignationReport.objects.count() == 0


def test_download_gives_the_stored_bytes_under_a_telling_name(
    score: Score, user: User, sign_in: Callable[[User], Client]
) -> None:
    report = made(score, user)
    response = sign_in(user).get(reverse("scoring:report_download", args=[report.pk]))

    assert body(response) == pdf_of(report)
    assert response["Content-Disposition"] == (
        'attachment; filename="designation-kern-2025-03-25-de.pdf"'
    )


def test_a_report_that_is_not_ready_cannot_be_downloaded(
    score: Score, user: User, sign_in: Callable[[User], Client]
) -> None:
    report = reports.order(score.pk, language="de", by=user)
    url = reverse("scoring:report_download", args=[report.pk])
    assert sign_in(user).get(url).status_code == 404
