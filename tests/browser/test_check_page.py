"""The public check page in a real browser: what is asked, and what never leaves it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import FilePayload, Locator, Page, Request, Route, expect

from documents import jobs
from documents.models import Document
from documents.rendering import html_to_pdf
from tests.browser.test_accessibility import Findings, examine

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]

HTML = '<html lang="de"><head><title>Probe</title></head><body><h1>Probe</h1></body></html>'
DROP = """([target, name, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name, { type: "application/pdf" }));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector(target).dispatchEvent(event);
    }
}"""


@pytest.fixture
def original() -> Document:
    """A document with the portal's seal.

    Made in a thread, as a worker would: sealing runs an event loop, and Playwright has one here.
    """
    document = jobs.create(
        kind="agreement",
        task="documents.tasks.sweep",
        language="de",
        title="Probe",
        by=None,
        seal=True,
    )

    def make() -> bool:
        try:
            return jobs.build(
                document.pk, lambda it: html_to_pdf(HTML, identifier=f"urn:handschlag:{it.code}")
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(make).result()
    document.refresh_from_db()
    return document


def content(document: Document) -> bytes:
    return Path(document.file.path).read_bytes()


def pdf(data: bytes) -> FilePayload:
    return {"name": "vereinbarung.pdf", "mimeType": "application/pdf", "buffer": data}


def watch(page: Page) -> list[Request]:
    """The requests that send something."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    return sent


def told(page: Page, outcome: str) -> Locator:
    answer = page.locator("#check-result [data-outcome]")
    expect(answer).to_have_attribute("data-outcome", outcome)
    return answer


def send(page: Page) -> None:
    page.locator("#check-file button[type=submit]").click()


@pytest.mark.parametrize("target", [".drop", ".site-foot"])
def test_a_dropped_original_is_known_and_stays_in_the_browser(
    open_browser: Open, original: Document, target: str
) -> None:
    page = open_browser()
    page.goto(reverse("documents:check"))
    sent = watch(page)

    page.evaluate(DROP, [target, "vereinbarung.pdf", list(content(original))])

    answer = told(page, "match")
    expect(page.locator("[data-name]")).to_have_text("vereinbarung.pdf")
    expect(page.locator("#announce")).to_have_text(answer.locator("h2").inner_text())
    expect(page.locator("#check-status")).to_be_hidden()
    [request] = sent
    fields = parse_qs(request.post_data or "")
    assert sorted(fields) == ["csrfmiddlewaretoken", "sha256"]
    assert fields["sha256"] == [original.sha256]
    assert page.url.endswith(reverse("documents:check"))


def test_a_changed_file_is_not_known_and_its_fault_is_named_when_it_is_sent(
    open_browser: Open, original: Document
) -> None:
    page = open_browser()
    page.goto(reverse("documents:check"))
    sent = watch(page)
    page.locator("#id_file").set_input_files(pdf(content(original) + b"\n% more"))
    told(page, "unknown")
    assert "multipart" not in sent[0].headers["content-type"]

    send(page)

    answer = told(page, "changed")
    assert [line.get_attribute("data-fault") for line in answer.locator("[data-fault]").all()] == [
        "bytes_appended"
    ]
    assert [request.headers["content-type"].split(";")[0] for request in sent] == [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ]
    expect(page.locator("#check-status")).to_be_hidden()


def test_another_file_takes_the_place_of_the_first(open_browser: Open, original: Document) -> None:
    page = open_browser(phone=True)
    page.goto(reverse("documents:check"))
    page.locator("#id_file").set_input_files(pdf(b"%PDF-1.7 something else"))
    told(page, "unknown")
    page.locator("#id_file").set_input_files(pdf(content(original)))
    told(page, "match")
    page.locator("#id_file").set_input_files(pdf(b""))
    told(page, "empty")


def test_a_file_that_was_chosen_before_the_script_came_is_checked(
    open_browser: Open, original: Document
) -> None:
    page = open_browser()
    held: list[Route] = []
    page.route("**/documents/check*.js", lambda route: held.append(route))
    page.goto(reverse("documents:check"), wait_until="commit")
    page.locator("#id_file").set_input_files(pdf(content(original)))
    [script] = held
    script.continue_()
    told(page, "match")


def test_an_empty_file_is_told_without_asking(open_browser: Open) -> None:
    page = open_browser()
    page.goto(reverse("documents:check"))
    sent = watch(page)
    page.locator("#id_file").set_input_files(pdf(b""))
    told(page, "empty")
    send(page)
    told(page, "empty")
    assert sent == []


def test_the_code_leads_to_the_check_of_the_file(open_browser: Open, original: Document) -> None:
    page = open_browser(phone=True)
    page.goto(reverse("documents:check_code", args=[original.code]))
    expect(page.locator("#check-code [data-outcome]")).to_have_attribute("data-outcome", "code")
    page.locator("#id_file").set_input_files(pdf(content(original)))
    told(page, "match")


def test_a_fingerprint_can_be_entered(open_browser: Open, original: Document) -> None:
    page = open_browser(english=True)
    page.goto(reverse("documents:check"))
    page.locator("#check-hash").locator("xpath=ancestor::details/summary").click()
    page.locator("#id_sha256").fill(original.sha256.upper())
    page.locator("#id_sha256").press("Enter")
    told(page, "match")
    page.locator("#id_sha256").fill("nothing")
    page.locator("#id_sha256").press("Enter")
    told(page, "no_fingerprint")


def test_without_javascript_the_file_is_sent(open_browser: Open, original: Document) -> None:
    page = open_browser(javascript=False)
    page.goto(reverse("documents:check"))
    expect(page.locator("#check-how noscript")).to_have_count(1)
    page.locator("#id_file").set_input_files(pdf(content(original)))
    send(page)
    told(page, "match")
    page.locator("summary", has=page.locator("xpath=following-sibling::form")).click()
    page.locator("#id_sha256").fill("a" * 64)
    page.locator("#check-hash button").click()
    told(page, "unknown")
    expect(page.locator("#id_sha256")).to_be_visible()


def test_where_the_browser_cannot_hash_nothing_is_asked_before_the_file_is_sent(
    open_browser: Open, original: Document
) -> None:
    page = open_browser()
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
    page.goto(reverse("documents:check"))
    expect(page.locator("[data-when=insecure]")).to_be_visible()
    expect(page.locator("[data-when=local]")).to_be_hidden()
    sent = watch(page)
    page.locator("#id_file").set_input_files(pdf(content(original)))
    expect(page.locator("[data-name]")).to_have_text("vereinbarung.pdf")
    assert sent == []
    send(page)
    told(page, "match")


def test_the_zone_shows_the_focus_of_its_field(open_browser: Open) -> None:
    page = open_browser()
    page.goto(reverse("documents:check"))
    page.locator("main").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#id_file")).to_be_focused()
    style = page.locator(".drop").evaluate("zone => getComputedStyle(zone).outlineStyle")
    assert style == "solid"


@pytest.mark.parametrize("english", [False, True])
def test_the_page_is_accessible_with_every_answer(
    open_browser: Open, original: Document, english: bool
) -> None:
    page = open_browser(english=english)
    findings = Findings()
    page.goto(reverse("documents:check"))
    examine(page, "empty", findings)
    page.locator("aside summary").click()
    page.locator("#id_file").set_input_files(pdf(content(original)))
    told(page, "match")
    examine(page, "match", findings)
    page.locator("#id_file").set_input_files(pdf(content(original) + b"x"))
    told(page, "unknown")
    examine(page, "unknown", findings)
    send(page)
    told(page, "changed")
    examine(page, "changed", findings)
    page.goto(reverse("documents:check_code", args=[original.code]))
    examine(page, "code", findings)
    assert not findings.lines, "\n".join(findings.lines)
