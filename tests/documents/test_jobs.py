"""The life of a document: made once, whatever is delivered twice, killed or broken."""

import errno
import hashlib
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone

from documents import jobs
from documents.models import Document

PDF = b"%PDF-1.7 test"


def order() -> Document:
    return jobs.create(
        kind="test", task="documents.tasks.sweep", language="de", title="Probe", by=None
    )


@pytest.mark.django_db
def test_build_stores_the_file_with_its_hash() -> None:
    document = order()

    assert jobs.build(document.pk, lambda _: PDF) is True

    document.refresh_from_db()
    assert document.state == "ready"
    with document.file.open() as stored:
        assert stored.read() == PDF
    assert (document.sha256, document.size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))


@pytest.mark.django_db
def test_a_ready_document_is_not_made_again() -> None:
    document = order()
    jobs.build(document.pk, lambda _: PDF)

    def never(_: Document) -> bytes:
        raise AssertionError("rendered twice")

    assert jobs.build(document.pk, never) is False


@pytest.mark.django_db
def test_a_running_document_is_left_to_its_worker() -> None:
    document = order()
    rendered = []

    def while_running(_: Document) -> bytes:
        rendered.append(jobs.build(document.pk, lambda _: b"other", message_id="other"))
        return PDF

    assert jobs.build(document.pk, while_running, message_id="first") is True
    assert rendered == [False]


@pytest.mark.django_db
def test_a_message_delivered_again_takes_its_own_claim_over() -> None:
    document = order()
    Document.objects.filter(pk=document.pk).update(
        state="running", claimed_by="message", started_at=timezone.now()
    )

    assert jobs.build(document.pk, lambda _: PDF, message_id="") is False
    assert jobs.build(document.pk, lambda _: PDF, message_id="message") is True


@pytest.mark.django_db
def test_a_dead_workers_claim_ends_with_the_lease() -> None:
    document = order()
    begun = timezone.now()
    Document.objects.filter(pk=document.pk).update(
        state="running", claimed_by="dead", started_at=begun
    )

    with time_machine.travel(begun + jobs.LEASE - timedelta(seconds=1), tick=False):
        assert jobs.build(document.pk, lambda _: PDF, message_id="new") is False
    with time_machine.travel(begun + jobs.LEASE + timedelta(seconds=1), tick=False):
        assert jobs.build(document.pk, lambda _: PDF, message_id="new") is True


@pytest.mark.django_db
def test_a_failure_is_written_on_the_row_and_final_after_five_attempts() -> None:
    document = order()
    states = []

    def broken(_: Document) -> bytes:
        raise ValueError("no ink")

    for _attempt in range(jobs.ATTEMPTS):
        with pytest.raises(ValueError, match="no ink"):
            jobs.build(document.pk, broken)
        document.refresh_from_db()
        states.append(document.state)

    assert states == ["queued"] * 4 + ["failed"]
    assert document.error == "ValueError: no ink"
    assert jobs.build(document.pk, lambda _: PDF) is False  # only a person starts it again
    assert jobs.retry(document.pk) is True
    assert jobs.build(document.pk, lambda _: PDF) is True


@pytest.mark.django_db
def test_without_room_it_waits_and_leaves_no_half_file(monkeypatch: pytest.MonkeyPatch) -> None:
    document = order()

    def full(self: FileSystemStorage, name: str, content: Any) -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%PDF-1")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", full)
        for _attempt in range(jobs.ATTEMPTS + 1):
            assert jobs.build(document.pk, lambda _: PDF) is False
            Document.objects.update(not_before=None)

    document.refresh_from_db()
    assert (document.state, document.attempts, document.waits) == ("queued", 0, 6)
    assert document.error == "NotStored: [Errno 28] No space left on device"
    assert list(Path(settings.MEDIA_ROOT).rglob(f"{document.pk}*")) == []
    assert jobs.build(document.pk, lambda _: PDF) is True


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_clock_that_was_put_back_keeps_nothing_waiting(
    monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    document = order()
    later = timezone.now() + timedelta(days=300)
    Document.objects.update(
        state=state,
        started_at=later,
        not_before=later if state == "queued" else None,
        created_at=timezone.now() - timedelta(minutes=1),
    )
    queued: list[str] = []
    monkeypatch.setattr(jobs, "enqueue", lambda found: queued.append(str(found.pk)))

    assert jobs.sweep() == 1
    assert queued == [str(document.pk)]
    assert jobs.build(document.pk, lambda _: PDF) is True


@pytest.mark.django_db
def test_an_exception_beside_exception_is_caught_too() -> None:
    document = order()

    class Fatal(BaseException):
        pass

    def fatal(_: Document) -> bytes:
        raise Fatal("stop")

    with pytest.raises(Fatal):
        jobs.build(document.pk, fatal)
    document.refresh_from_db()
    assert (document.state, document.error) == ("queued", "Fatal: stop")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_document() -> None:
    document = order()
    together = threading.Barrier(2)
    results: list[bool] = []

    def work(name: str) -> None:
        together.wait(timeout=10)
        try:
            results.append(jobs.build(document.pk, lambda _: PDF, message_id=name))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(results) == [False, True]


@pytest.mark.django_db
def test_the_order_is_queued_on_commit(
    django_capture_on_commit_callbacks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda task, args: sent.append((task, args)), raising=False
    )
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        document = order()
        assert sent == []
    assert sent == [("documents.tasks.sweep", [str(document.pk)])]


@pytest.mark.django_db
def test_a_broker_that_is_away_does_not_break_the_page(
    django_capture_on_commit_callbacks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(task: str, args: list[str]) -> None:
        raise ConnectionError("broker away")

    monkeypatch.setattr(current_app, "send_task", away, raising=False)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        document = order()
    document.refresh_from_db()
    assert document.state == "queued"


@pytest.mark.django_db
def test_the_sweep_queues_what_was_lost_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[Document] = []
    lost, fresh, running, dead, ready = (order() for _ in range(5))
    now = timezone.now()
    rows = Document.objects
    rows.filter(pk=lost.pk).update(created_at=now - timedelta(minutes=1))
    rows.filter(pk=running.pk).update(state="running", started_at=now)
    rows.filter(pk=dead.pk).update(state="running", started_at=now - jobs.LEASE * 2)
    jobs.build(ready.pk, lambda _: PDF)
    monkeypatch.setattr(jobs, "enqueue", queued.append)

    jobs.sweep()

    assert {document.pk for document in queued} == {lost.pk, dead.pk}
    assert fresh.pk not in {document.pk for document in queued}


@pytest.mark.django_db
@pytest.mark.parametrize("message_id", ["same", "other"])
def test_a_document_that_kills_every_worker_is_given_up(message_id: str) -> None:
    document = order()
    Document.objects.filter(pk=document.pk).update(
        state="running",
        claimed_by="same",
        attempts=jobs.ATTEMPTS,
        started_at=timezone.now() - 2 * jobs.LEASE,
    )

    assert jobs.build(document.pk, lambda _: PDF, message_id=message_id) is False

    document.refresh_from_db()
    assert (document.state, document.error) == ("failed", jobs.GIVEN_UP)
    assert jobs.retry(document.pk) is True
