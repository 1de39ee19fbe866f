"""A body that does not come holds no thread: tried on the real web server, with one thread."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a test gives up: far above everything that is waited for
FORM = b"csrfmiddlewaretoken=x&login=ada%40firma.example&password=geheim"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of the portal behind gunicorn as it is set up, but with a single thread."""
    folder = tmp_path_factory.mktemp("portal")
    log = folder / "log"
    arguments = "--worker-class gthread --workers 1 --threads 1 --no-control-socket".split()
    environment = {
        "PATH": os.environ["PATH"],
        "HANDSCHLAG_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "BODY_SECONDS": "1",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=environment, check=True, timeout=PATIENCE)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "config.wsgi", *arguments, "--bind", "127.0.0.1:0"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
        )
        try:
            yield port_of(process, log)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def port_of(process: "subprocess.Popen[bytes]", log: Path) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.1)
    pytest.fail(log.read_text())


def begin(
    port: int, *, length: int, kind: str = "application/x-www-form-urlencoded"
) -> socket.socket:
    """A connection that has sent the head of a form."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    head = (
        "POST /konto/anmelden/ HTTP/1.1",
        f"Host: localhost:{port}",
        f"Content-Type: {kind}",
        f"Content-Length: {length}",
        f"Cookie: csrftoken={'a' * 32}",
    )
    connection.sendall("\r\n".join((*head, "", "")).encode())
    return connection


def status(connection: socket.socket) -> int:
    line = connection.makefile("rb").readline()
    return int(line.split()[1]) if line else 0


def drip(connection: socket.socket, piece: bytes) -> int:
    """Send a byte now and then, and never an end of it; the status that comes at last."""
    connection.settimeout(0.1)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(ConnectionError):
            connection.sendall(piece)
        with suppress(TimeoutError):
            return int(connection.recv(64).split()[1])
    pytest.fail("nothing ended the request")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_a_body_that_drips_in_is_ended(server: int, kind: str) -> None:
    with closing(begin(server, length=5_000, kind=kind)) as connection:
        assert drip(connection, b"a") == HTTPStatus.BAD_REQUEST


def test_a_body_that_never_comes_is_ended_and_others_are_served(server: int) -> None:
    with closing(begin(server, length=5_000)) as connection:
        # The only thread is taken, so this one waits until the first is ended.
        with urlopen(
            f"http://127.0.0.1:{server}/static/portal/favicon.svg", timeout=PATIENCE
        ) as other:
            assert other.status == HTTPStatus.OK
        assert status(connection) == HTTPStatus.BAD_REQUEST


def test_half_a_form_is_no_form(server: int) -> None:
    """Somebody goes away in the middle; what had come so far reads like a whole form."""
    with closing(begin(server, length=len(FORM) * 2)) as connection:
        connection.sendall(FORM)
        connection.shutdown(socket.SHUT_WR)
        assert status(connection) == HTTPStatus.BAD_REQUEST


def test_a_whole_form_is_read_as_ever(server: int) -> None:
    """It has no token that fits, and so it gets the answer for that, and not the other one."""
    with closing(begin(server, length=len(FORM))) as connection:
        for at in range(0, len(FORM), 7):
            connection.sendall(FORM[at : at + 7])
        assert status(connection) == HTTPStatus.FORBIDDEN


def test_a_body_without_a_length_is_none(server: int) -> None:
    with closing(begin(server, length=0)) as connection:
        assert status(connection) == HTTPStatus.FORBIDDEN
