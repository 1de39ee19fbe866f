"""What a page says of a document while it is made, waits for its seal, is ready or has failed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from documents.models import Document, Seal, SealCertificate

STATES = Document.State
STEPS = Document.Step
DAY = datetime(2035, 6, 1, tzinfo=UTC)


def shown(document: Document) -> BeautifulSoup:
    context = {"document": document, "poll_url": "/stand/", "download_url": "/pdf/"}
    with translation.override("en"):
        html = render_to_string("documents/status.html#document", context)
    return BeautifulSoup(html, "html.parser")


def document(**fields: Any) -> Document:
    """A row that no database has seen: the partial asks none."""
    return Document(**{"kind": "agreement", "language": "de", "title": "Probe", **fields})


def sealed(level: str = "B-B") -> Document:
    row = document(state=STATES.READY, to_seal=True, sha256="ab" * 32, size=123_456)
    certificate = SealCertificate(subject="CN=Portal", not_before=DAY, not_after=DAY)
    row.seal = Seal(document=row, level=level, certificate=certificate, sealed_at=DAY)
    return row


def words(page: BeautifulSoup) -> str:
    for hidden in page.select("noscript"):
        hidden.decompose()
    return " ".join(page.text.split())


MADE = "The PDF (German) is being made. This takes a few seconds."
SEALED = "The PDF (German) is being sealed."
WAITS = "The PDF (German) waits for it. We try again every few minutes."
HOLDS = "The agreement holds regardless of that."


@pytest.mark.parametrize(
    ("state", "step", "every", "said"),
    [
        (STATES.QUEUED, STEPS.NONE, "1500ms", f"Queued {MADE}"),
        (STATES.RUNNING, STEPS.RENDERING, "1500ms", f"In progress {MADE}"),
        (STATES.RUNNING, STEPS.SEALING, "1500ms", f"In progress {SEALED}"),
        (STATES.QUEUED, STEPS.SEAL, "15s", f"Seal pending {WAITS} {HOLDS}"),
        (STATES.QUEUED, STEPS.TIMESTAMP, "15s", f"Timestamp pending {WAITS} {HOLDS}"),
    ],
)
def test_what_is_not_ready_says_why_and_asks_again(
    state: str, step: str, every: str, said: str
) -> None:
    page = shown(document(state=state, step=step, to_seal=True))
    [region] = page.select("div")
    assert region["hx-get"] == "/stand/"
    assert region["hx-trigger"] == f"every {every}"
    assert words(page) == said


def test_only_an_agreement_holds_without_its_seal() -> None:
    page = shown(document(kind="designation-report", state=STATES.QUEUED, step=STEPS.TIMESTAMP))
    assert words(page) == f"Timestamp pending {WAITS}"


@pytest.mark.parametrize(
    ("level", "words_of_level"),
    [("B-B", "Seal"), ("B-T", "Seal with timestamp"),
     ("B-LT", "Seal with timestamp and revocation data")],
)  # fmt: skip
def test_a_ready_original_names_its_seal_and_leads_to_the_check(
    level: str, words_of_level: str
) -> None:
    row = sealed(level)
    page = shown(row)
    assert "hx-get" not in page.select("div")[0].attrs
    assert [link["href"] for link in page.select("a")] == [
        "/pdf/",
        reverse("documents:check_code", args=[row.code]),
    ]
    line = " ".join(page.select(".document__seal")[0].text.split())
    assert line == f"{words_of_level} · SHA-256 abababababababab… · Check (German)"


def test_a_document_without_a_seal_says_nothing_of_one() -> None:
    page = shown(document(state=STATES.READY, sha256="ab" * 32, size=1))
    assert [link["href"] for link in page.select("a")] == ["/pdf/"]


def test_a_failed_one_asks_no_more() -> None:
    page = shown(document(state=STATES.FAILED))
    assert "hx-get" not in page.select("div")[0].attrs
    assert page.select_one(".tag--warn") is not None
