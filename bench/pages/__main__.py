"""How long the pages of the scoring room take; see docs/performance-pages.md.

A firm of 5,000 tenants with 14 workloads and 13 months on SQLite, and one of 50 beside it: both
have to take the same number of queries. It is server time through Django's test client, without
network, beside an empty page of the same portal in the same run. ``portal`` measures the main pages
of the demo over HTTP instead.

    bin/bench pages [--write] [--cache FOLDER] [--rounds N]
    bin/bench pages portal [--rounds N]
"""

import argparse
import datetime
import hashlib
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.scoring.databases import ROOT, Database, Maker, fingerprint
from bench.scoring.page import machine

PAGE = ROOT / "docs" / "performance-pages.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TARGET = 300  # milliseconds
SMALL, LARGE = 50, 5_000
WORKLOADS = 14


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tenants", type=int, default=LARGE, help="of the large firm")
    parser.add_argument("--workloads", type=int, default=WORKLOADS)
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--cache", type=Path, help="keep filled databases in this folder")
    parser.add_argument("--server", default="", help=argparse.SUPPRESS)  # bin/bench hands it on
    options = parser.parse_args()
    found = {}
    for tenants, rounds in ((SMALL, 0), (options.tenants, options.rounds)):
        found[tenants] = of_firm(tenants, options.workloads, rounds, options.cache)
    text = render(found[SMALL], found[options.tenants], options)
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        _old, _, tail = rest.partition(END)
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{tail}", encoding="utf-8")
    return 0


def of_firm(tenants: int, workloads: int, rounds: int, cache: Path | None) -> dict[str, Any]:
    """The figures of a firm of this size, on a database of its own."""
    made_by = hashlib.sha256((Path(__file__).parent / "firm.py").read_bytes()).hexdigest()
    month = f"{datetime.date.today():%Y-%m}"  # noqa: DTZ011 -- the firm's data end before it
    mark = fingerprint("pages", tenants, workloads, month, made_by)
    with tempfile.TemporaryDirectory(prefix="handschlag-bench-") as scratch:
        maker = Maker(Path(scratch), cache, "", mark)
        with maker.database("sqlite") as database:
            if not database.is_filled:
                print(f"filling a firm of {tenants:,} tenants", file=sys.stderr, flush=True)
                size = ("--tenants", str(tenants), "--workloads", str(workloads))
                run(database, "firm", *size)
                maker.keep(database)
            found: dict[str, Any] = json.loads(run(database, "measure", "--rounds", str(rounds)))
            return found


def run(database: Database, module: str, *given: str) -> str:
    """A module of this package in a process of its own; what it prints last."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.pages.{module}", *given],
        # A page that another hand is still building is told in the table, not in a log.
        env={**database.environment(), "LOG_LEVEL": "CRITICAL"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout.splitlines()[-1] if done.stdout else ""


def render(small: dict[str, Any], large: dict[str, Any], options: argparse.Namespace) -> str:
    queries = {one["name"]: one.get("queries") for one in small["pages"]}
    empty = large["pages"][0]
    lines = [
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: {machine()}, load"
        f" {large['load']:.1f} at the end, Python {platform.python_version()}, SQLite."
        f" {large['tenants']:,} tenants, {large['usage']:,} figures of months."
        f" Medians of {options.rounds} rounds; an empty page (`{empty['name']}`) takes"
        f" {empty['processor']:.0f} ms of the processor. Where other work runs at the same time,"
        " that is what counts: SQLite works in the same process.",
        "",
        "| Page | ms | ms of the processor | times an empty page | kB | queries at"
        f" {SMALL} / {options.tenants:,} tenants | |",
        "| --- | --: | --: | --: | --: | --: | --- |",
    ]
    unmeasured = []
    for one in large["pages"]:
        if not one["url"]:
            unmeasured.append(f"`{one['name']}` {one['why']}")
            continue
        before = queries.get(one["name"])
        verdicts = []
        if one["processor"] > TARGET:
            verdicts.append(f"over {TARGET} ms")
        if before != one["queries"]:
            verdicts.append("queries differ")
        lines.append(
            f"| {one['name']} | {one['median']:.0f} | {one['processor']:.0f}"
            f" | {one['processor'] / empty['processor']:.1f} | {one['bytes'] / 1000:.0f}"
            f" | {before} / {one['queries']}"
            f" | {', '.join(verdicts) or 'met'} |"
        )
    if unmeasured:
        lines += ["", f"Not measured: {'; '.join(unmeasured)}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["portal"]:
        from bench.pages import portal

        del sys.argv[1]
        portal.main()
    else:
        sys.exit(main())
