"""Sealed documents that wait, are raced for, or lose their worker: one file and seal, or none."""

import hashlib
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.utils import timezone

from documents import jobs, seal_keys, sealing
from documents.models import Document, Seal, SealCertificate
from tests.documents.authority import Authority, Mode, authority
from tests.documents.sealed import status, unsealed
from tests.racing import at_once

__all__ = ["authority"]  # a fixture


def order() -> Document:
    return jobs.create(
        kind="test", task="documents.tasks.sweep", language="de", title="Probe", by=None, seal=True
    )


def render(_: Document) -> bytes:
    return unsealed()


def stored() -> list[str]:
    return sorted(path.name for path in Path(django_settings.MEDIA_ROOT).rglob("*.pdf"))


def read(document: Document) -> bytes:
    with document.file.open() as file:
        return bytes(file.read())


@pytest.mark.django_db
def test_a_sealed_document_is_stored_with_how_it_was_sealed(authority: Authority) -> None:
    document = order()

    assert jobs.build(document.pk, render) is True

    document.refresh_from_db()
    seal = Seal.objects.get(document=document)
    assert (document.state, document.step, seal.level) == ("ready", "", "B-T")
    assert seal.certificate.sha256 == seal_keys.configured().sha256
    assert seal.timestamp_at is not None
    verdict = status(read(document), seal_keys.trusted(), [authority.root])
    assert verdict.bottom_line
    assert verdict.timestamp_validity is not None
    assert verdict.timestamp_validity.timestamp == seal.timestamp_at


@pytest.mark.django_db
def test_without_the_timestamp_service_it_waits_longer_and_longer(authority: Authority) -> None:
    authority.mode = Mode.DOWN
    document = order()
    pauses = []
    now = timezone.now()

    for _try in range(jobs.ATTEMPTS + 3):
        with time_machine.travel(now, tick=False):
            assert jobs.build(document.pk, render) is False
            document.refresh_from_db()
            assert document.not_before is not None
            pauses.append(round((document.not_before - now).total_seconds()))
            assert (document.state, document.step, document.attempts) == ("queued", "timestamp", 0)
            assert jobs.build(document.pk, render) is False  # too early: not even tried
        now = document.not_before

    assert pauses == [20, 40, 80, 160, 320, 640, 900, 900]
    assert authority.requests == len(pauses) == document.waits
    assert document.error.startswith("NoTimestamp: http://127.0.0.1:")
    assert (Seal.objects.count(), stored()) == (0, [])

    authority.mode = Mode.ANSWERS
    with time_machine.travel(timezone.now(), tick=True):
        Document.objects.filter(pk=document.pk).update(not_before=timezone.now())
        assert jobs.build(document.pk, render) is True
        assert jobs.build(document.pk, render) is False
    document.refresh_from_db()
    assert (document.state, document.step, document.error) == ("ready", "", "")
    assert [seal.level for seal in Seal.objects.all()] == ["B-T"]
    assert stored() == [f"{document.pk}.pdf"]


@pytest.mark.django_db
def test_the_sweep_leaves_it_alone_until_its_time(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.mode = Mode.DOWN
    document = order()
    Document.objects.filter(pk=document.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    jobs.build(document.pk, render)
    queued: list[Document] = []
    monkeypatch.setattr(jobs, "enqueue", queued.append)

    jobs.sweep()
    assert queued == []
    with time_machine.travel(timezone.now() + timedelta(seconds=21)):
        jobs.sweep()
    assert queued == [document]


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [Mode.GARBAGE, Mode.FUTURE, Mode.FOREIGN, Mode.OTHER_IMPRINT])
def test_a_wrong_timestamp_is_waited_for_like_none(authority: Authority, mode: Mode) -> None:
    authority.mode = mode
    document = order()

    assert jobs.build(document.pk, render) is False

    document.refresh_from_db()
    assert (document.state, document.step) == ("queued", "timestamp")
    assert (Seal.objects.count(), stored()) == (0, [])


@pytest.mark.django_db
def test_without_a_key_it_waits_for_the_seal(settings: Any, tmp_path: Path) -> None:
    settings.SEAL_KEY_FILE = str(tmp_path / "missing.pem")
    document = order()

    assert jobs.build(document.pk, render) is False

    document.refresh_from_db()
    assert (document.state, document.step, document.attempts) == ("queued", "seal", 0)
    assert "There is no seal" in document.error
    assert stored() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_two_workers_at_once_make_one_original(authority: Authority, round_: int) -> None:
    """Both come to the end: the second has waited for the lease of a first that was slow."""
    document = order()
    seal = sealing.seal
    both = threading.Barrier(2)

    def slow(pdf: bytes) -> sealing.Sealed:
        Document.objects.filter(pk=document.pk).update(
            started_at=timezone.now() - 2 * jobs.LEASE  # so the other may claim it too
        )
        both.wait(timeout=30)
        return seal(pdf)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "seal", slow)
        results = at_once(
            lambda: jobs.build(document.pk, render, message_id="one"),
            lambda: _when_claimed(document),
        )

    assert sorted(results) == [False, True]
    document.refresh_from_db()
    assert document.state == "ready"
    assert (Seal.objects.count(), stored()) == (1, [f"{document.pk}.pdf"])
    assert authority.requests == 2  # both had sealed, so one result was thrown away
    assert hashlib.sha256(read(document)).hexdigest() == document.sha256


def _when_claimed(document: Document) -> bool:
    """As soon as the first worker's lease looks as if it had run out."""
    late = timezone.now() - jobs.LEASE
    for _ in range(10_000):
        if Document.objects.filter(pk=document.pk, started_at__lt=late).exists():
            break
        time.sleep(0.002)
    return jobs.build(document.pk, render, message_id="two")


@pytest.mark.django_db
@pytest.mark.parametrize("death", [KeyboardInterrupt, RuntimeError])
def test_a_failure_after_the_file_was_written_leaves_no_file(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, death: type[BaseException]
) -> None:
    document = order()

    def killed(**_: Any) -> None:
        assert stored() == [f"{document.pk}.pdf"]
        raise death

    with monkeypatch.context() as patch:
        patch.setattr(Seal.objects, "create", killed)
        with pytest.raises(death):
            jobs.build(document.pk, render)

    document.refresh_from_db()
    assert (document.state, document.file.name, stored()) == ("queued", "", [])
    assert document.error.startswith(death.__name__)
    assert SealCertificate.objects.count() == 0


@pytest.mark.django_db
def test_the_next_worker_clears_up_after_one_that_was_killed(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL between file and commit: nothing of ours runs any more, the file stays behind."""
    document = order()

    def killed(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Seal.objects, "create", killed)
        patch.setattr(default_storage, "delete", lambda name: None)
        with pytest.raises(KeyboardInterrupt):
            jobs.build(document.pk, render, message_id="first")
    assert stored() == [f"{document.pk}.pdf"]

    # The broker delivers the message again.
    assert jobs.build(document.pk, render, message_id="first") is True

    document.refresh_from_db()
    assert stored() == [f"{document.pk}.pdf"]
    assert Path(str(document.file.name)).name == f"{document.pk}.pdf"
    assert Seal.objects.filter(document=document).count() == 1
    assert status(read(document), seal_keys.trusted(), [authority.root]).bottom_line
