"""The renderer: same bytes, bundled fonts, no way out."""

import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.template import Context, Template
from pypdf import PdfReader

from documents import archival, rendering
from documents.rendering import File
from tests.documents import pdfs


def page(body: str, language: str = "de") -> str:
    return f'<html lang="{language}"><head><title>Probe</title></head><body>{body}</body></html>'


def test_same_input_gives_the_same_bytes() -> None:
    html = page("<h1>Vereinbarung</h1><p>Größe 1.234</p>")
    assert rendering.html_to_pdf(html) == rendering.html_to_pdf(html)


PROBE = """
import hashlib, sys
from datetime import UTC, datetime
import django
django.setup()
from documents import rendering
html = sys.stdin.read()
at = datetime(2026, 11, 22, tzinfo=UTC)
files = [rendering.File(name, b"{}", name, "Data", at) for name in ("a.json", "b.json")]
pdf = rendering.html_to_pdf(html, files=files, identifier="urn:handschlag:0")
print(hashlib.sha256(pdf).hexdigest())
"""


def test_other_processes_make_the_same_bytes() -> None:
    html = page("<h1>Größe</h1><p>1.234 Αθήνα محمد 東京 👍</p><table><tr><td>x</td></tr></table>")
    made = {
        subprocess.run(
            [sys.executable, "-c", PROBE],
            input=html,
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=settings.BASE_DIR,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


@pytest.mark.parametrize("number", [16, 50])  # in a page, and in the list of all objects
def test_no_stream_ends_where_nobody_can_tell(number: int) -> None:
    """One stream of 256 ends with a carriage return, by chance: these pages had one."""
    pdf = rendering.html_to_pdf(page(f"<h1>{number}</h1>"))
    assert archival.UNCLEAR_END not in pdf
    assert pdfs.faults(pdf) == {}


def test_text_survives_in_latin_greek_and_cyrillic() -> None:
    pdf = PdfReader(io.BytesIO(rendering.html_to_pdf(page("<p>Straße Łódź Αθήνα Москва ☑</p>"))))
    assert pdf.pages[0].extract_text().split() == [
        *("Straße", "Łódź", "Αθήνα", "Москва", "☑"),
        *("1", "/", "1"),  # the page number
    ]


def test_only_bundled_fonts_are_embedded() -> None:
    pdf = PdfReader(io.BytesIO(rendering.html_to_pdf(page("<h1>Titel</h1><p>Text</p>"))))
    resources: Any = pdf.pages[0]["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    names = {str(font["/BaseFont"]).split("+")[1] for font in fonts}
    assert all(name.startswith(("Source-Sans-3", "Source-Serif-4")) for name in names), names


def test_the_document_is_tagged_and_has_language_and_title() -> None:
    pdf = PdfReader(io.BytesIO(rendering.html_to_pdf(page("<p>x</p>", "en"))))
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Probe"


@pytest.mark.parametrize(
    "attack",
    [
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="file:///etc/passwd">',
        '<link rel="attachment" href="file:///etc/passwd">',
        "<style>@import url(http://127.0.0.1:9/x.css);</style>",
        '<p style="background: url(http://127.0.0.1:9/x)">x</p>',
        '<object data="http://127.0.0.1:9/x"></object>',
    ],
)
def test_no_address_outside_the_document_is_fetched(attack: str, listener: "Listener") -> None:
    with pytest.raises(rendering.ForbiddenAddress):
        rendering.html_to_pdf(page(attack.replace("127.0.0.1:9", f"127.0.0.1:{listener.port}")))
    assert listener.calls == 0


class Listener:
    """Somebody who would notice a request."""

    def __init__(self) -> None:
        self.calls = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while True:
            connection, _address = self.socket.accept()
            with connection:
                if connection.recv(4) == b"stop":
                    return
                self.calls += 1

    def stop(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"stop")
        self.thread.join(timeout=5)
        self.socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    somebody = Listener()
    yield somebody
    somebody.stop()


def test_the_listener_would_notice(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as connection:
        connection.sendall(b"GET ")
        assert connection.recv(1) == b""  # it has read, and closed
    assert listener.calls == 1


def test_files_are_attached_byte_for_byte() -> None:
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    attached = [
        File("odd.txt", bytes(range(256)) * 9, "Anything", "Supplement", at),
        File("text.json", b'{"a":"\xc3\xa4"}', "What was signed", "Source", at),
    ]
    pdf = rendering.html_to_pdf(
        page("<h1>x</h1>"), files=attached[::-1], identifier="urn:handschlag:1"
    )

    assert pdfs.faults(pdf) == {}
    assert pdfs.files(pdf) == {file.name: file.content for file in attached}
    root: Any = pdfs.reader(pdf).root_object
    said = [entry.get_object() for entry in root["/AF"]]
    assert [(each["/UF"], each["/AFRelationship"]) for each in said] == [
        ("odd.txt", "/Supplement"),
        ("text.json", "/Source"),
    ]
    assert b"urn:handschlag:1</dc:identifier>" in root["/Metadata"].get_object().get_data()


def test_text_of_a_user_is_shown_literally() -> None:
    text = '<img src="file:///etc/passwd"><script>alert(1)</script>'
    body = Template("<p>{{ text }}</p>").render(Context({"text": text}))
    pdf = PdfReader(io.BytesIO(rendering.html_to_pdf(page(body))))
    shown = pdf.pages[0].extract_text().replace("\n", "").replace(" ", "")
    assert shown == text.replace(" ", "") + "1/1"
