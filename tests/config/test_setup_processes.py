"""The process supervisor and the embedded broker, with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded
from config.supervisor import STOPPING, ChildEnded, StopRequested, Supervisor, stop_on_signals

FOREVER = [sys.executable, "-c", "import time; time.sleep(60)"]
# A launcher with one child, whose process id it prints.
LAUNCHER = """
import sys, time
from pathlib import Path
from config.supervisor import Supervisor
with Supervisor(Path(sys.argv[1]), {}) as supervisor:
    supervisor.start("child", [sys.executable, "-c", "import time; time.sleep(60)"], cwd=Path("/"))
    print(supervisor.children["child"].pid, flush=True)
    time.sleep(60)
"""


def is_alive(process: int) -> bool:
    """Whether the process runs; one that has ended but was not waited for yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "log", {"COLOUR": "blue"})
    yield supervisor
    supervisor.stop()


def test_all_processes_stop_together_and_signals_go_where_they_went(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in STOPPING]

    with Supervisor(tmp_path, {}) as supervisor:
        for name in ("first", "second"):
            supervisor.start(name, FOREVER, cwd=tmp_path)
        processes = [child.pid for child in supervisor.children.values()]
        assert [is_alive(process) for process in processes] == [True, True]

    assert [is_alive(process) for process in processes] == [False, False]
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_a_process_can_be_stopped_although_the_launcher_ignores_signals(
    supervisor: Supervisor,
) -> None:
    earlier = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        supervisor.start("sleeper", FOREVER, cwd=Path("/"))
        sleeper = supervisor.children["sleeper"]

        supervisor.stop()
    finally:
        signal.signal(signal.SIGTERM, earlier)

    assert sleeper.returncode == -signal.SIGTERM


def test_a_process_that_ends_is_reported_with_its_last_words(supervisor: Supervisor) -> None:
    code = "import os, sys; print('the colour is', os.environ['COLOUR']); sys.exit(3)"
    supervisor.start("painter", [sys.executable, "-c", code], cwd=Path("/"))

    with pytest.raises(ChildEnded, match=r"painter ended with status 3.*\n    the colour is blue"):
        supervisor.watch()


def test_waiting_in_vain_names_what_did_not_come(supervisor: Supervisor) -> None:
    supervisor.start("sleeper", FOREVER, cwd=Path("/"))

    with pytest.raises(ChildEnded, match="The moon did not answer"):
        supervisor.wait_until(lambda: False, "The moon", patience=0.2)


def test_a_process_that_ignores_the_request_is_killed_with_its_own_children(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)"
    )
    supervisor.start("stubborn", [sys.executable, "-c", stubborn], cwd=tmp_path)
    process = supervisor.children["stubborn"]
    note = tmp_path / "child"
    supervisor.wait_until(lambda: note.exists() and bool(note.read_text()), "It", patience=20)
    grandchild = int(note.read_text())
    monkeypatch.setattr("config.supervisor.PATIENCE", 0.2)

    supervisor.stop()

    assert process.returncode == -signal.SIGKILL
    end = time.monotonic() + 5
    while is_alive(grandchild) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_alive(grandchild)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch(supervisor: Supervisor, number: signal.Signals) -> None:
    supervisor.start("sleeper", FOREVER, cwd=Path("/"))
    before = signal.getsignal(number)

    def watch() -> None:
        with stop_on_signals():
            os.kill(os.getpid(), number)
            supervisor.watch()

    with pytest.raises(StopRequested):
        watch()

    assert signal.getsignal(number) == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their launcher")
def test_a_killed_launcher_takes_its_processes_along(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    with launcher:
        assert launcher.stdout is not None
        child = int(launcher.stdout.readline())
        assert is_alive(child)

        launcher.kill()
        launcher.wait()

        end = time.monotonic() + 5
        while is_alive(child) and time.monotonic() < end:
            time.sleep(0.02)
        assert not is_alive(child)


def test_socket_stays_in_the_state_folder() -> None:
    assert embedded.socket_path(Path("/srv/var")) == Path("/srv/var/valkey.sock")


def test_a_path_too_long_for_a_socket_is_replaced_by_a_short_one() -> None:
    deep, deeper = Path("/srv", "x" * 100), Path("/srv", "ü" * 100)

    paths = {embedded.socket_path(deep), embedded.socket_path(deeper)}

    assert len(paths) == 2
    assert all(len(os.fsencode(path)) <= embedded.LONGEST_SOCKET_PATH for path in paths)
    assert embedded.socket_path(deep) in paths  # the same one each time


def test_a_leftover_server_is_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    path = embedded.socket_path(tmp_path / "state")
    (tmp_path / "state").mkdir()
    supervisor.start("broker", embedded.command(path, tmp_path / "state"), cwd=tmp_path)
    supervisor.wait_until(lambda: embedded.answers(path), "The broker", patience=20)
    process = supervisor.children["broker"]

    assert embedded.end_leftover(path) is True

    assert process.wait(timeout=10) == 0
    assert not path.exists()
    assert embedded.end_leftover(path) is False


def test_a_stale_socket_file_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / "valkey.sock"
    stale.touch()

    assert embedded.end_leftover(stale) is False
    assert not stale.exists()


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)

    with pytest.raises(embedded.EmbeddedServerError, match="belongs to another user"):
        embedded.command(tmp_path / "valkey.sock", tmp_path)
