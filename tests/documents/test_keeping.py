"""A stored file that is no longer the one that was stored is found and never handed out."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import FileResponse

from documents import downloads, jobs, keeping, tasks
from documents.models import Document
from tests import blank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _operator(settings: object) -> None:
    settings.ADMINS = [("Operator", "operator@portal.example")]  # type: ignore[attr-defined]


def stored(title: str = "Probe") -> Document:
    document = jobs.create(
        kind="test", task="documents.tasks.sweep", language="de", title=title, by=None, seal=True
    )
    assert jobs.build(document.pk, blank.pdf)
    document.refresh_from_db()
    return document


def body(response: FileResponse) -> bytes:
    content = b"".join(response.streaming_content)  # type: ignore[arg-type]
    # Not close(): that ends the test's connection.
    for close in response._resource_closers:  # type: ignore[attr-defined]
        close()
    return content


def path_of(document: Document) -> Path:
    return Path(django_settings.MEDIA_ROOT) / str(document.file.name)


def test_an_untouched_file_is_handed_out_and_found_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = stored()
    response = downloads.respond(document, filename="a.pdf")
    assert body(response) == path_of(document).read_bytes()
    call_command("check_documents")
    assert capsys.readouterr().out == "All stored documents are as they were stored.\n"
    tasks.check_documents()
    assert mail.outbox == []


@pytest.mark.parametrize("what", ["changed", "missing"])
def test_a_damaged_file_is_refused_and_the_operator_told(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    document, whole = stored(), stored("Andere")
    path = path_of(document)
    if what == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    line = f"test {document.pk}: {what} ({document.file.name})"

    with pytest.raises(downloads.DocumentDamaged):
        downloads.respond(document, filename="a.pdf")

    assert [message.subject for message in mail.outbox] == ["[Django] Stored documents are damaged"]
    assert line in mail.outbox[0].body
    assert [record.levelname for record in caplog.records] == ["CRITICAL"]
    assert [str(found) for found in keeping.damages()] == [line]
    with pytest.raises(CommandError, match="1 stored documents are damaged"):
        call_command("check_documents")
    assert body(downloads.respond(whole, filename="b.pdf")) == path_of(whole).read_bytes()


def test_one_mail_tells_of_all() -> None:
    for number in range(3):
        path_of(stored(str(number))).write_bytes(b"%PDF-1.7 another")
    tasks.check_documents()
    assert len(mail.outbox) == 1
    assert mail.outbox[0].body.count(": changed (") == 3
