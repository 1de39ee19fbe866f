"""Ask a source of advisories about everything that is locked; see bin/advisories.

Never says "nothing known" when nobody could be asked: whatever is not a whole answer ends with 2.
Only the standard library, so that it can judge all the others.
"""

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

SOURCE = "https://api.osv.dev"
SECONDS = 30  # of one request
PAGES = 20  # of one answer at most
# Has advisories for certain. A source that knows of none would know of none for us either.
CANARY = ("django", "1.2")
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)")

CLEAN, FOUND, UNKNOWN = 0, 1, 2
Package = tuple[str, str]


class Unknown(Exception):
    """Nobody can say; ``str(error)`` is why."""


def locked(folder: Path) -> dict[Package, list[str]]:
    """Name and version of every pin, with the sets it is in. Raises ``Unknown``."""
    found: dict[Package, list[str]] = {}
    files = sorted(folder.glob("*.txt"))
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line or line[0] in " \t#":  # hashes and remarks belong to the line above
                continue
            if (pin := PIN.match(line)) is None:
                raise Unknown(f"{file}: not a pinned package: {line}")
            name = re.sub(r"[-_.]+", "-", pin[1]).lower()
            found.setdefault((name, pin[2]), []).append(file.stem)
    if not found:
        raise Unknown(f"There is no locked package in {folder}")
    return found


def ask(source: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 -- the address is the operator's own
        f"{source.rstrip('/')}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "handschlag-advisories"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise Unknown(f"{source} cannot be asked: {error}") from error


def advisories(source: str, packages: list[Package]) -> dict[Package, list[str]]:
    """The names of the advisories by package, for those that have any. Raises ``Unknown``."""
    found: dict[Package, list[str]] = {}
    queries: list[tuple[Package, dict[str, Any]]] = [
        (package, {"package": {"name": package[0], "ecosystem": "PyPI"}, "version": package[1]})
        for package in packages
    ]
    for _page in range(PAGES):
        answer = ask(source, "/v1/querybatch", {"queries": [query for _, query in queries]})
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(queries):
            raise Unknown(f"{source} did not answer as it should")
        more = []
        for (package, query), result in zip(queries, results, strict=True):
            try:
                names = [str(advisory["id"]) for advisory in (result or {}).get("vulns") or []]
                token = (result or {}).get("next_page_token")
            except (AttributeError, KeyError, TypeError) as error:
                raise Unknown(f"{source} did not answer as it should") from error
            if names:
                found.setdefault(package, []).extend(names)
            if token:
                more.append((package, {**query, "page_token": token}))
        if not more:
            return found
        queries = more
    raise Unknown(f"{source} did not come to an end")


def explained(source: str, name: str, package: str) -> str:
    """One line about an advisory; its name alone when its text cannot be had."""
    try:
        text = ask(source, f"/v1/vulns/{name}")
        fixed = {
            event["fixed"]
            for affected in text.get("affected", [])
            if re.sub(r"[-_.]+", "-", affected["package"]["name"]).lower() == package
            for span in affected.get("ranges", [])
            if span.get("type") == "ECOSYSTEM"
            for event in span.get("events", [])
            if "fixed" in event
        }
        summary = " ".join(str(text.get("summary") or text.get("details") or "").split())[:100]
        aliases = ", ".join(text.get("aliases", []))
    except (Unknown, AttributeError, KeyError, TypeError):
        return name
    parts = [f"{name} ({aliases})" if aliases else name, summary]
    if fixed:
        parts.append(f"mended in {', '.join(sorted(fixed))}")
    return " – ".join(filter(None, parts))


def report(source: str, folder: Path) -> int:
    packages = locked(folder)
    found = advisories(source, [*packages, CANARY])
    if found.pop(CANARY, None) is None and CANARY not in packages:
        raise Unknown(f"{source} knows of nothing at all, not even of {' '.join(CANARY)}")
    today = datetime.now(UTC).date().isoformat()
    for package, names in sorted(found.items()):
        print(f"{package[0]} {package[1]} ({', '.join(packages[package])}):")
        for name in sorted(set(names)):
            print(f"    {explained(source, name, package[0])}")
    told = f"{len(packages)} locked packages, asked of {source} on {today}"
    if found:
        print(f"\n{len(found)} with known vulnerabilities, of {told}.")
        return FOUND
    print(f"No known vulnerabilities in {told}.")
    return CLEAN


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/advisories")
    parser.add_argument("--source", default=os.environ.get("ADVISORIES_URL") or SOURCE)
    parser.add_argument(
        "--requirements", type=Path, default=Path(__file__).resolve().parents[2] / "requirements"
    )
    options = parser.parse_args(arguments)
    try:
        return report(options.source, options.requirements)
    except Unknown as error:
        print(f"NOT KNOWN whether there are vulnerabilities: {error}", file=sys.stderr)
        return UNKNOWN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
