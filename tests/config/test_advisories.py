"""``bin/advisories`` against sources on this machine: it knows, or says that it does not know."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Answer = Callable[[str, Any], Any]
Source = Callable[[Answer], str]
CANARY = {"vulns": [{"id": "OLD-1"}]}


@pytest.fixture
def source() -> Iterator[Source]:
    """``source(answer)`` is the address of a server that answers with ``answer(path, body)``."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(None)

            def do_POST(self) -> None:
                self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def reply(self, body: Any) -> None:
                told = answer(self.path, body)
                self.send_response(told if isinstance(told, int) else 200)
                self.end_headers()
                if not isinstance(told, int):
                    content = told if isinstance(told, bytes) else json.dumps(told).encode()
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.txt").write_text(
        "# via uv\nDjango==5.2.19 \\\n    --hash=sha256:00\n"
        "celery[redis]==5.7.0 ; python_version > '3' \\\n    --hash=sha256:00\n    # via portal\n"
    )
    (tmp_path / "dev.txt").write_text("django==5.2.19 \\\n    --hash=sha256:00\n")
    return tmp_path


def run(address: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "bin/lib/advisories.py"),
            "--source",
            address,
            "--requirements",
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def about(body: Any, **known: Any) -> dict[str, Any]:
    """The answer of a source that knows the canary and ``known``."""
    known["django 1.2"] = CANARY
    names = [f"{query['package']['name']} {query['version']}" for query in body["queries"]]
    return {"results": [known.get(name, {}) for name in names]}


def test_nothing_known_names_source_and_day(source: Source, folder: Path) -> None:
    asked: list[Any] = []

    def answer(path: str, body: Any) -> Any:
        asked.append((path, body))
        return about(body)

    address = source(answer)
    done = run(address, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        f"No known vulnerabilities in 2 locked packages, asked of {address} on 20"
    )
    ((path, body),) = asked
    assert path == "/v1/querybatch"
    assert {(q["package"]["name"], q["version"]) for q in body["queries"]} == {
        ("celery", "5.7.0"),
        ("django", "5.2.19"),
        ("django", "1.2"),
    }


def test_findings_are_told_with_what_mends_them(source: Source, folder: Path) -> None:
    def answer(path: str, body: Any) -> Any:
        if path == "/v1/vulns/PYSEC-7":
            span = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.2.20"}]}
            affected = [{"package": {"name": "Django"}, "ranges": [span]}]
            return {"summary": "A hole", "aliases": ["CVE-7"], "affected": affected}
        if path == "/v1/vulns/PYSEC-8":
            return 404
        if "page_token" in body["queries"][0]:
            assert len(body["queries"]) == 1
            return {"results": [{"vulns": [{"id": "PYSEC-8"}]}]}
        more = {"vulns": [{"id": "PYSEC-7"}], "next_page_token": "2"}
        return about(body, **{"django 5.2.19": more})

    done = run(source(answer), folder)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:3] == [
        "django 5.2.19 (dev, run):",
        "    PYSEC-7 (CVE-7) – A hole – mended in 5.2.20",
        "    PYSEC-8",
    ]
    assert "1 with known vulnerabilities, of 2 locked packages" in done.stdout


@pytest.mark.parametrize(
    "told",
    [
        500,
        404,
        b"",
        b"<html>Please sign in to this network</html>",
        {},
        [],
        {"results": []},
        {"results": [{}, {}, {}]},
        {"results": [CANARY, CANARY, "x"]},
        {"results": [{"next_page_token": "1"}, {"next_page_token": "1"}, CANARY]},
    ],
    ids=str,
)
def test_no_whole_answer_is_never_a_clean_one(told: Any, source: Source, folder: Path) -> None:
    done = run(source(lambda _path, _body: told), folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("NOT KNOWN whether there are vulnerabilities: ")


def test_a_source_that_is_away_is_said(folder: Path) -> None:
    done = run("http://127.0.0.1:1", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "http://127.0.0.1:1 cannot be asked" in done.stderr


@pytest.mark.parametrize("text", ["", "django>=5\n", "https://example.com/x.whl\n"])
def test_what_is_not_locked_is_not_judged(text: str, source: Source, tmp_path: Path) -> None:
    (tmp_path / "run.txt").write_text(text)
    done = run(source(lambda _path, body: about(body)), tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_everything_that_is_locked_here_can_be_asked(source: Source) -> None:
    counted: list[int] = []

    def answer(_path: str, body: Any) -> Any:
        counted.append(len(body["queries"]))
        return about(body)

    assert run(source(answer), ROOT / "requirements").returncode == 0
    assert counted[0] > 100
