"""The public check page: its answers, what it keeps to itself, and its limits."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from documents import addresses, check_answers, checking, examining, jobs, seal_keys, views
from documents.checking import Outcome, Verdict
from documents.examining import Fault
from documents.models import Document, Seal
from documents.rendering import html_to_pdf

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]

PAGE = '<html lang="en"><head><title>Probe</title></head><body><h1>Probe</h1></body></html>'
TEXT = hashlib.sha256(b"the agreed text").hexdigest()


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "en"})


def original(**changes: Any) -> Document:
    """A document with the portal's seal, as the jobs make one."""
    order: dict[str, Any] = {
        "kind": "agreement",
        "task": "documents.tasks.sweep",
        "language": "de",
        "title": "Vereinbarung „Werft Nord“ der Nordlicht GmbH",
        "by": None,
        "content_sha256": TEXT,
    }
    document = jobs.create(**{**order, "seal": True, **changes})
    assert jobs.build(
        document.pk, lambda it: html_to_pdf(PAGE, identifier=f"urn:handschlag:{it.code}")
    )
    document.refresh_from_db()
    return document


def content(document: Document) -> bytes:
    with document.file.open() as stored:
        data: bytes = stored.read()
    return data


def ask(visitor: Client, *, htmx: bool = False, **fields: Any) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    return visitor.post(reverse("documents:check"), fields, headers=headers)


def sent(visitor: Client, data: bytes, **more: Any) -> Any:
    return ask(visitor, file=SimpleUploadedFile("a.pdf", data, "application/pdf"), **more)


def told(page: BeautifulSoup) -> str:
    [verdict] = page.select("main [data-outcome]")
    return str(verdict["data-outcome"])


# ---- Answers -------------------------------------------------------------------------------------


def test_the_fingerprint_of_an_original_is_a_match(visitor: Client, soup: Soup) -> None:
    document = original()
    page = soup(ask(visitor, sha256=document.sha256))
    assert told(page) == "match"
    facts = [row.text for row in page.select(".verdict dt, .verdict dd")]
    at = timezone.localtime(document.seal.sealed_at).strftime("%d/%m/%Y %H:%M")
    assert facts == [
        "Document", "Cooperation agreement", "Language", "German",
        "Sealed", f"{at} (Europe/Berlin)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [str.upper, lambda digits: " ".join(digits[at : at + 8] for at in range(0, 64, 8)),
     lambda digits: ":".join(digits[at : at + 2] for at in range(0, 64, 2)),
     lambda digits: f"  SHA-256: {digits}\n"],
)  # fmt: skip
def test_a_fingerprint_is_read_as_people_write_it(
    visitor: Client, soup: Soup, written: Callable[[str], str]
) -> None:
    document = original()
    assert told(soup(ask(visitor, sha256=written(document.sha256)))) == "match"


@pytest.mark.parametrize("written", ["", "a" * 63, "a" * 65, "g" * 64, "a" * 400, "\0" * 64])
def test_what_is_no_fingerprint_is_told_so(visitor: Client, soup: Soup, written: str) -> None:
    page = soup(ask(visitor, sha256=written))
    assert told(page) == "no_fingerprint"
    assert page.select_one("#id_sha256")["aria-invalid"] == "true"  # type: ignore[index]


def test_the_fingerprint_of_the_text_is_known_once_for_all_its_files(
    visitor: Client, soup: Soup
) -> None:
    for language in ("de", "en", "en"):
        original(language=language)
    page = soup(ask(visitor, sha256=TEXT))
    assert told(page) == "text"
    assert [row.text for row in page.select(".verdict dd")][:2] == [
        "Cooperation agreement",
        "German, English",
    ]


def test_a_superseded_original_says_since_when(visitor: Client, soup: Soup) -> None:
    document = original()
    at = timezone.now()
    jobs.supersede(Document.objects.filter(pk=document.pk), at=at)
    page = soup(ask(visitor, sha256=document.sha256))
    assert told(page) == "superseded"
    day = timezone.localtime(at)
    assert f"{day.day} {day:%B %Y}" in page.select_one(".verdict").text  # type: ignore[union-attr]


def test_an_original_that_is_sent_is_a_match(visitor: Client, soup: Soup) -> None:
    assert told(soup(sent(visitor, content(original())))) == "match"


@pytest.mark.parametrize(
    ("change", "outcome", "faults"),
    [
        (lambda pdf: pdf + b"\n% more", "changed", {"bytes_appended"}),
        (lambda _pdf: b"", "unreadable", {"empty"}),
        (lambda _pdf: b"no PDF at all", "unreadable", {"not_a_pdf"}),
        (lambda _pdf: html_to_pdf(PAGE), "no_seal", set()),  # the title says it
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    visitor: Client,
    soup: Soup,
    change: Callable[[bytes], bytes],
    outcome: str,
    faults: set[str],
) -> None:
    page = soup(sent(visitor, change(content(original()))))
    assert told(page) == outcome
    assert {str(line["data-fault"]) for line in page.select(".verdict [data-fault]")} == faults


def test_an_unknown_fingerprint_is_explained(visitor: Client, soup: Soup) -> None:
    page = soup(ask(visitor, sha256="a" * 64))
    assert told(page) == "unknown"
    assert len(page.select(".verdict h3 + ul li")) == 4


def test_a_form_without_a_file_says_so(visitor: Client, soup: Soup) -> None:
    assert told(soup(ask(visitor))) == "no_file"


def test_htmx_gets_what_the_page_shows(visitor: Client, soup: Soup) -> None:
    document = original()
    fragment = soup(ask(visitor, sha256=document.sha256, htmx=True))
    page = soup(ask(visitor, sha256=document.sha256))
    assert fragment.select("html") == []
    assert fragment.select_one("#check-result") == page.select_one("#check-result")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words(outcome: Outcome, language: str) -> None:
    known = checking.Known("agreement", "de", "B-B", timezone.now(), None, timezone.now())
    with translation.override(language):
        answer = check_answers.of(Verdict(outcome, (known,)))
    assert answer.key == outcome.value
    assert answer.title.strip()
    assert answer.sentence.strip()


def test_every_fault_has_words() -> None:
    assert set(check_answers.FAULTS) == set(Fault)


# ---- By code -------------------------------------------------------------------------------------


def test_the_address_in_a_document_leads_to_its_page(visitor: Client, soup: Soup) -> None:
    document = original()
    url = addresses.check_url(document)
    assert url == f"http://127.0.0.1:8000/dokumente/pruefen/{document.code}/"
    answer = visitor.get(url.removeprefix("http://127.0.0.1:8000"))
    assert told(soup(answer)) == "code"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("code", ["0" * 32, "x", "ä" * 300, "a b", "%00"])
def test_an_unknown_code_gets_the_same_page(visitor: Client, soup: Soup, code: str) -> None:
    known = visitor.get(reverse("documents:check_code", args=[original().code]))
    unknown = visitor.get(reverse("documents:check_code", args=[code]))
    assert told(soup(unknown)) == "unknown_code"
    assert (unknown.status_code, dict(unknown.headers).keys()) == (200, dict(known.headers).keys())


def test_a_code_is_looked_for_by_the_same_queries(
    visitor: Client, django_assert_num_queries: Any
) -> None:
    code = original().code
    for each in (code, "0" * 32):
        with django_assert_num_queries(2):  # the document, the certificates
            visitor.get(reverse("documents:check_code", args=[each]))


def test_what_is_not_ready_and_sealed_does_not_exist(visitor: Client, soup: Soup) -> None:
    unsealed = original(seal=False, content_sha256="b" * 64)
    waiting = jobs.create(
        kind="agreement", task="x", language="de", title="", by=None, seal=True,
        content_sha256="c" * 64,
    )  # fmt: skip
    for fingerprint in (unsealed.sha256, "b" * 64, "c" * 64):
        assert told(soup(ask(visitor, sha256=fingerprint))) == "unknown"
    for document in (unsealed, waiting):
        page = visitor.get(reverse("documents:check_code", args=[document.code]))
        assert told(soup(page)) == "unknown_code"


# ---- What is kept to itself ----------------------------------------------------------------------


def test_no_answer_tells_a_name_an_id_or_the_title(visitor: Client) -> None:
    document = original()
    answers = [
        ask(visitor, sha256=document.sha256),
        ask(visitor, sha256=TEXT),
        sent(visitor, content(document)),
        sent(visitor, content(document) + b"x"),
        visitor.get(reverse("documents:check_code", args=[document.code])),
    ]
    for answer in answers:
        said = answer.content.decode()
        assert "data-outcome" in said
        for secret in ("Werft", "Nordlicht", str(document.pk)):
            assert secret not in said


def test_a_file_that_is_sent_is_not_kept(
    visitor: Client, settings: Any, tmp_path: Any, soup: Soup
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    document = original()
    before = sorted(str(each) for each in settings.MEDIA_ROOT.rglob("*"))
    assert told(soup(sent(visitor, content(document)))) == "match"
    assert list(tmp_path.iterdir()) == []
    assert sorted(str(each) for each in settings.MEDIA_ROOT.rglob("*")) == before
    assert Document.objects.count() == 1


# ---- Limits --------------------------------------------------------------------------------------


def test_too_many_checks_pause_for_that_address_only(visitor: Client, soup: Soup) -> None:
    code = reverse("documents:check_code", args=["0" * 32])
    for number in range(views.MOST_CHECKS):
        got = visitor.get(code) if number % 2 else ask(visitor, sha256="a" * 64)
        assert got.status_code == 200
    for refused in (visitor.get(code), ask(visitor, sha256="a" * 64), sent(visitor, b"x")):
        assert (refused.status_code, refused["Retry-After"]) == (429, "900")
        assert told(soup(refused)) == "too_many"
    assert soup(ask(visitor, sha256="a" * 64, htmx=True)).select("html") == []
    assert visitor.get(reverse("documents:check")).status_code == 200
    assert visitor.get(code, REMOTE_ADDR="198.51.100.7").status_code == 200


def test_too_many_files_pause_before_they_are_examined(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    judge = checking.check_file

    def counted(data: bytes) -> Verdict:
        seen.append(data)
        return judge(data)

    monkeypatch.setattr(checking, "check_file", counted)
    codes = [sent(visitor, b"x").status_code for _ in range(views.MOST_FILES + 2)]
    assert codes == [200] * views.MOST_FILES + [429, 429]
    assert len(seen) == views.MOST_FILES
    assert ask(visitor, sha256="a" * 64).status_code == 200


def test_a_household_with_ipv6_has_one_count(visitor: Client) -> None:
    for number in range(views.MOST_CHECKS):
        ask_from = f"2001:db8:1:2::{number:x}"
        visitor.get(reverse("documents:check_code", args=["0" * 32]), REMOTE_ADDR=ask_from)
    code = reverse("documents:check_code", args=["0" * 32])
    assert visitor.get(code, REMOTE_ADDR="2001:db8:1:2:ffff::1").status_code == 429
    assert visitor.get(code, REMOTE_ADDR="2001:db8:1:3::1").status_code == 200


def test_a_site_with_many_nets_has_a_count_too(visitor: Client) -> None:
    code = reverse("documents:check_code", args=["0" * 32])
    got = [
        visitor.get(code, REMOTE_ADDR=f"2001:db8:1:{number:x}::1").status_code
        for number in range(views.MOST_CHECKS * views.HOMES + 1)
    ]
    assert got == [200] * views.MOST_CHECKS * views.HOMES + [429]
    assert visitor.get(code, REMOTE_ADDR="2001:db8:2::1").status_code == 200


def test_an_address_has_one_count_however_it_is_written(visitor: Client) -> None:
    code = reverse("documents:check_code", args=["0" * 32])
    for _number in range(views.MOST_CHECKS):
        visitor.get(code, REMOTE_ADDR="203.0.113.9")
    assert visitor.get(code, REMOTE_ADDR="::ffff:203.0.113.9").status_code == 429


def test_a_file_above_the_limit_is_refused_unread(soup: Soup) -> None:
    class Unread(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    body: Any = {"CONTENT_LENGTH": str(150 * 1024**2), "wsgi.input": Unread()}
    client = Client(enforce_csrf_checks=True)
    answer = client.generic("POST", reverse("documents:check"), **body)
    assert answer.status_code == 413
    assert told(soup(answer)) == "too_large"


def test_a_file_of_many_megabytes_is_examined(visitor: Client, soup: Soup) -> None:
    page = soup(sent(visitor, b"x" * (6 * 1024**2)))
    assert told(page) == "unreadable"


def test_a_file_just_above_the_limit_is_not_examined(
    visitor: Client, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "LIMIT", 1000)
    answer = sent(visitor, b"x" * 1001)
    assert (answer.status_code, told(soup(answer))) == (413, "too_large")


def test_forms_need_their_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("documents:check"), {"sha256": "a" * 64}).status_code == 403


# ---- The portal's seal ---------------------------------------------------------------------------


def test_the_certificates_that_sealed_are_shown_with_their_fingerprints(
    visitor: Client, soup: Soup
) -> None:
    used = Seal.objects.get(document=original()).certificate
    page = soup(visitor.get(reverse("documents:check")))
    assert [code.text for code in page.select("#seal .fingerprint")] == [used.sha256]


def test_the_roots_can_be_downloaded(visitor: Client) -> None:
    answer = visitor.get(reverse("documents:roots"))
    assert answer["Content-Disposition"] == 'attachment; filename="handschlag-roots.pem"'
    assert x509.load_pem_x509_certificates(answer.content) == seal_keys.trusted()


def test_the_qr_code_has_a_title_and_its_size() -> None:
    with translation.override("en"):
        drawn = addresses.qr_svg("https://portal.example/dokumente/pruefen/" + "a1" * 16 + "/")
    svg = BeautifulSoup(drawn, "xml").find("svg")
    assert svg is not None
    assert svg.find("title").text == "QR code: check this document on the portal"  # type: ignore[union-attr]
    assert round(float(str(svg["width"]).removesuffix("mm")), 1) == 26
