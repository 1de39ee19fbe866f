"""Runs a few server processes together: they start in order, live together and stop together.

Made for ``bin/demo``. Production has systemd, a container platform or the like for this.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 10.0  # seconds between the request to stop and the end


class StopRequested(BaseException):
    """Somebody pressed Ctrl-C or sent a signal: not an error, and nothing may swallow it."""


class ChildEnded(Exception):
    """A process that should have gone on has ended; ``str(error)`` has the last lines it wrote."""


class Supervisor:
    """Starts processes and stops all of them, whatever happens, when its ``with`` block ends."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self.environment = {**os.environ, **environment}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], *, cwd: Path) -> None:
        """Start ``command``; what it writes goes to ``<logs>/<name>.log``, anew at each start."""
        with self.log(name).open("wb") as output:
            self.children[name] = subprocess.Popen(
                command,
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C in the terminal reaches the launcher only, which then
                # stops the processes in their order.
                process_group=0,
                preexec_fn=_tie_to(os.getpid()),
            )

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def check(self) -> None:
        """Raise ``ChildEnded`` when a process has ended."""
        for name, child in self.children.items():
            if (status := child.poll()) is not None:
                raise ChildEnded(
                    f"{name} ended with status {status}. {self.log(name)} ends with:\n"
                    + "".join(f"    {line}\n" for line in _tail(self.log(name)))
                )

    def wait_until(self, condition: Callable[[], bool], what: str, *, patience: float) -> None:
        """Return as soon as ``condition()`` holds, raise ``ChildEnded`` when it never does."""
        end = time.monotonic() + patience
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise ChildEnded(
                    f"{what} did not answer as it should within {patience:.0f} seconds. "
                    f"Its messages are in {self.logs}"
                )
            time.sleep(0.1)

    def watch(self) -> None:
        """Go on until a signal comes (``StopRequested``) or a process ends (``ChildEnded``)."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop all processes, the first one last; who does not go in time is killed."""
        children = list(self.children.values())
        # The first one is the broker: it has to outlive those who talk to it.
        for together in (children[1:], children[:1]):
            for child in together:
                child.terminate()
            end = time.monotonic() + PATIENCE
            for child in together:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=max(0.0, end - time.monotonic()))
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)  # the process and whatever it started
                child.wait()
        self.children.clear()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *error: object) -> None:
        # Meanwhile only SIGKILL interrupts: half a stop would leave processes behind.
        with _handled(signal.SIG_IGN, STOPPING):
            self.stop()


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGHUP raise ``StopRequested``."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise StopRequested

    # nohup wants its signal ignored; a shell that starts a background job ignores SIGINT as well,
    # but whoever sends that one means it.
    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    with _handled(stop, [number for number in STOPPING if not (nohup and number == signal.SIGHUP)]):
        yield


Handler = Callable[[int, FrameType | None], None] | signal.Handlers


@contextlib.contextmanager
def _handled(handler: Handler, numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """Inside, ``handler`` gets these signals; afterwards they go where they went before."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _tie_to(launcher: int) -> Callable[[], None]:
    """What a new process does first: ask the kernel to be ended when its launcher dies."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        for number in STOPPING:  # an ignored signal would stay ignored in the new program
            signal.signal(number, signal.SIG_DFL)
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:  # it died in between, so the kernel will not tell
            os._exit(1)

    return prepare


def _tail(path: Path, lines: int = 20) -> list[str]:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 20_000))
        return log.read().decode(errors="replace").splitlines()[-lines:]
