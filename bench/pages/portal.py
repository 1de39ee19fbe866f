"""How long the main pages take, beside Django's own admin in the same run.

Loads the demo into a scratch folder, starts gunicorn as production does (one process, four threads,
so that the machine's load does not blur the figures), signs in and asks for each page in turn,
round by round. The peer is what a Django team gets for nothing: the admin's list of the same
firms. Absolute times are upper bounds on a busy machine; the ratio to the peer holds.

    bin/bench pages portal [--rounds 15]
"""

import argparse
import http.cookiejar
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Handschlag-Demo-1"  # noqa: S105 -- of the demo, printed on the console
JANA = "jana@brueckner-it.example"
OPERATOR = "operator@portal.example"


def manage(*words: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


class Visitor:
    def __init__(self, base: str) -> None:
        jar = http.cookiejar.CookieJar()
        self.base, self.jar = base, jar
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> bytes:
        with self.browser.open(self.base + path, timeout=30) as answer:
            return bytes(answer.read())

    def sign_in(self, email: str) -> None:
        page = self.get("/konto/anmelden/").decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        data = urllib.parse.urlencode(form).encode()
        self.browser.open(self.base + "/konto/anmelden/", data=data, timeout=30).close()
        assert b"Was wartet auf mich" in self.get("/start/") or email == OPERATOR

    def first(self, path: str, pattern: str) -> str:
        """The first link on a page that matches."""
        found = re.search(rf'href="({pattern})[?#"]', self.get(path).decode())
        assert found is not None, (path, pattern)
        return found[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def addresses(visitor: Visitor) -> dict[str, str]:
    uuid = "[0-9a-f-]{36}"
    projects = re.findall(rf'href="(/projekte/{uuid}/)"', visitor.get("/projekte/").decode())
    agreement = next(
        found[1]
        for project in projects
        if (found := re.search(rf'href="(/vereinbarung/{uuid}/)', visitor.get(project).decode()))
    )
    version = next(
        found[1]
        for project in projects
        if (found := re.search(rf'href="(/fassung/{uuid}/)', visitor.get(project).decode()))
    )
    metric = visitor.first("/designation/", f"/designation/stand/{uuid}/smb/usage_growth/")
    return {
        "public page": "/?kodex",
        "what waits for me": "/start/",
        "projects": "/projekte/",
        "one project": projects[0],
        "checklist, 68 points": agreement,
        "version to read and sign": version,
        "designation": "/designation/",
        "ledger of one metric": metric,
        "imports": "/designation/daten/",
        "directory": "/partner/",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        env = {**os.environ, "HANDSCHLAG_VAR": scratch, "LOG_LEVEL": "ERROR"}
        env.pop("DATABASE_URL", None)
        manage("migrate", "-v0", env=env)
        manage("collectstatic", "-v0", "--noinput", env=env)
        manage("load_rule_book", "--write", env=env)
        manage("load_demo", env=env)
        manage(
            "shell",
            "-v0",
            "-c",
            "from partners.models import User;"
            f"User.objects.create_superuser({OPERATOR!r}, {PASSWORD!r}, name='Operator')",
            env=env,
        )
        port = free_port()
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"),
                *("--worker-class", "gthread", "--workers", "1", "--threads", "4"),
                *("--log-level", "error"),
            ],
            env=env,
            cwd=ROOT,
        )
        try:
            measure(f"http://127.0.0.1:{port}", rounds)
        finally:
            server.terminate()
            server.wait(timeout=20)


def measure(base: str, rounds: int) -> None:
    visitor, operator = Visitor(base), Visitor(base)
    for _attempt in range(100):
        try:
            visitor.get("/konto/anmelden/")
            break
        except OSError:
            time.sleep(0.2)
    visitor.sign_in(JANA)
    operator.sign_in(OPERATOR)
    pages = [(name, visitor, path) for name, path in addresses(visitor).items()]
    pages.append(("PEER: admin's list of firms", operator, "/betrieb/partners/partner/"))
    times: dict[str, list[float]] = {name: [] for name, _who, _path in pages}
    sizes: dict[str, int] = {}
    for turn in range(rounds + 1):
        for name, who, path in pages:
            begun = time.perf_counter()
            sizes[name] = len(who.get(path))
            if turn:  # the first round warms templates and connections
                times[name].append((time.perf_counter() - begun) * 1000)
    peer = statistics.median(times["PEER: admin's list of firms"])
    print(f"{'page':<30}{'median ms':>10}{'max ms':>9}{'kB':>7}{'x peer':>8}   ({rounds} rounds)")
    for name, _who, _path in pages:
        median = statistics.median(times[name])
        print(
            f"{name:<30}{median:>10.1f}{max(times[name]):>9.1f}"
            f"{sizes[name] / 1000:>7.0f}{median / peer:>8.2f}"
        )


if __name__ == "__main__":
    main()
