"""A real broker, a real Celery worker and PostgreSQL, as in production: nothing is replaced."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pypdf import PdfReader

from config import embedded
from config.supervisor import Supervisor
from documents import seal_making
from documents.examining import examine
from documents.jobs import LEASE
from documents.models import Document, Seal
from tests.integration.letters import HOLD, HOLD_SEALED, TASK

pytestmark = [
    pytest.mark.integration,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
]

ROOT = Path(settings.BASE_DIR)
ORDER = f"""
import django
django.setup()
from documents import jobs
wanted = dict(kind="letter", task="{TASK}", language="de", title="Letter", by=None, seal=True)
print(jobs.create(**wanted).pk)
"""
SWEEP = "import django; django.setup(); from documents import jobs; print(jobs.sweep())"


class World:
    """Broker and workers around the test's database; every process has the real settings."""

    def __init__(self, supervisor: Supervisor, place: Path, files: Path) -> None:
        self.supervisor, self.place, self.files = supervisor, place, files

    def start_worker(self, name: str) -> None:
        self.supervisor.start(
            name,
            [
                sys.executable,
                *"-m celery --app config worker --include tests.integration.letters".split(),
                *f"--concurrency 1 --loglevel INFO --hostname {name}@test".split(),
            ],
            cwd=ROOT,
        )

    def kill_worker(self, name: str) -> None:
        """End the worker and its children at once, as when a machine loses power."""
        worker = self.supervisor.children.pop(name)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def web(self, code: str) -> str:
        """Run ``code`` in a process like a web node's; what it prints."""
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.supervisor.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def order(self) -> UUID:
        return UUID(self.web(ORDER))

    def renderers(self) -> set[int]:
        """The processes that have begun to render."""
        return {int(path.name.partition("-")[2]) for path in self.place.glob("renderer-*")}

    def wait_for_renderer(self) -> int:
        """The process that has begun to render, as soon as there is one."""
        self.supervisor.wait_until(lambda: bool(self.renderers()), "A renderer", patience=60)
        (process,) = self.renderers()
        return process

    def wait_for(self, document_id: UUID) -> Document:
        ready = Document.objects.filter(pk=document_id, state="ready")
        self.supervisor.wait_until(ready.exists, "The finished document", patience=60)
        return Document.objects.get(pk=document_id)

    def assert_one_pdf(self, document: Document) -> None:
        """Exactly one file was stored, and it is the one the row speaks of."""
        (pdf,) = [path for path in self.files.rglob("*") if path.is_file()]
        assert document.file.name is not None
        assert pdf == self.files / document.file.name
        assert hashlib.sha256(pdf.read_bytes()).hexdigest() == document.sha256
        assert pdf.stat().st_size == document.size
        seal = Seal.objects.get()  # one seal, on the file that is there, over what was rendered
        assert seal.document == document
        assert examine(pdf.read_bytes(), trust=trusted(self.place.parent / "var")).is_intact
        assert "Für Jürgen" in PdfReader(pdf).pages[0].extract_text()


def trusted(var: Path) -> list[x509.Certificate]:
    """The root of the seal that the worker's own key has."""
    (root,) = (var / "seal" / "trusted").glob("*.pem")
    return x509.load_pem_x509_certificates(root.read_bytes())


@pytest.fixture
def world(tmp_path: Path, transactional_db: None) -> Iterator[World]:
    if connection.vendor != "postgresql":
        pytest.skip("this test is about PostgreSQL")
    place, var = tmp_path / "place", tmp_path / "var"
    place.mkdir()
    var.mkdir()
    database = connection.settings_dict
    if redis := shutil.which("redis-server"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        url = f"redis://127.0.0.1:{port}/0"
        broker = [
            redis,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(var),
        ]
    else:
        path = embedded.socket_path(var)
        url, broker = f"redis+socket://{path}", embedded.command(path, var)
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database),
        "REDIS_URL": url,
        "HANDSCHLAG_VAR": str(var),
        "MEETING_PLACE": str(place),
    }
    seal_making.make(var / "seal", name="Handschlag Test", at=timezone.now())
    with Supervisor(tmp_path / "log", environment) as supervisor:
        supervisor.start("broker", broker, cwd=var)
        world = World(supervisor, place, var / "files")
        world.start_worker("first")
        yield world


def test_a_worker_process_makes_the_pdf(world: World) -> None:
    document = world.wait_for(world.order())

    assert (document.attempts, document.error) == (1, "")
    world.assert_one_pdf(document)


def test_a_renderer_killed_in_the_middle_leaves_one_pdf(world: World) -> None:
    (world.place / HOLD).touch()
    ordered = world.order()
    victim = world.wait_for_renderer()

    os.kill(victim, signal.SIGKILL)
    (world.place / HOLD).unlink()
    document = world.wait_for(ordered)

    assert document.attempts == 2
    assert len(world.renderers()) == 2
    world.assert_one_pdf(document)


def test_a_worker_killed_with_the_seal_in_its_hands_leaves_one_original(world: World) -> None:
    (world.place / HOLD_SEALED).touch()
    ordered = world.order()
    sealed = world.place / "sealed"
    world.supervisor.wait_until(sealed.exists, "A sealed file", patience=60)

    os.kill(int(sealed.read_text()), signal.SIGKILL)
    (world.place / HOLD_SEALED).unlink()
    document = world.wait_for(ordered)

    assert document.attempts == 2
    world.assert_one_pdf(document)


def test_a_machine_that_loses_power_leaves_one_pdf(world: World) -> None:
    (world.place / HOLD).touch()
    ordered = world.order()
    world.wait_for_renderer()

    world.kill_worker("first")
    (world.place / HOLD).unlink()
    world.start_worker("second")
    # The row's lease runs out after minutes; the test makes the row older instead of waiting.
    long_ago = timezone.now() - LEASE - timedelta(seconds=1)
    Document.objects.filter(pk=ordered).update(started_at=long_ago, created_at=long_ago)
    assert world.web(SWEEP) == "1"
    document = world.wait_for(ordered)

    assert document.attempts == 2
    world.assert_one_pdf(document)
