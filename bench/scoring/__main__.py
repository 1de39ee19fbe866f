"""The engine beside what one would take in its place; see docs/performance.md.

Every figure is measured beside its peer in the same run, in turns: absolute times depend on the
machine, ratios hold. The integers of all are compared first; when they differ, the run fails.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from bench.scoring import page, worlds
from bench.scoring.databases import Database, Maker, fingerprint
from bench.scoring.peers import spreadsheet

QUICK_FIRMS = 10
SHEET_TENANTS_QUICK = 40


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    named = worlds.SIZES[options.size]
    firms = min(QUICK_FIRMS, named.firms) if options.quick else named.firms
    vendors = ["sqlite", "postgres"] if options.database == "both" else [options.database]
    if not options.server and "postgres" in vendors:
        print("Without a PostgreSQL server only SQLite is measured.", file=sys.stderr)
        vendors.remove("postgres")
    if not vendors:
        return 2
    if options.size == "L":
        large(vendors, options)
        return 0
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="handschlag-bench-") as name:
        scratch = Path(name)
        exports = (options.cache or scratch) / f"exports-{options.seed}"
        mark = fingerprint(options.size, firms, options.seed)
        maker = Maker(scratch, options.cache, options.server, mark)
        given = [
            *("--size", options.size),
            *("--firms", str(firms)),
            *("--seed", str(options.seed)),
            *("--exports", str(exports)),
            *("--rounds", "3" if options.quick else "7"),
            *("--sheet-tenants", str(sheet_size(options).tenants)),
        ]
        for vendor in vendors:
            with maker.database(vendor) as database:
                if not database.is_filled:
                    print(f"{vendor}: filling the tables", file=sys.stderr, flush=True)
                    run(database, "measure", "fill", *given)
                    maker.keep(database)
                results[vendor] = json.loads(run(database, "measure", "measure", *given))
                results[vendor]["firms"] = firms
    sheet = spreadsheet_part(results, options)
    show(page.render(results, sheet, asked(options)), page.MAIN, options)
    return 0


def large(vendors: list[str], options: argparse.Namespace) -> None:
    """The engine alone with 1,000 firms: whether time is linear and memory stands still."""
    firms = QUICK_FIRMS if options.quick else worlds.SIZES["L"].firms
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="handschlag-bench-") as name:
        maker = Maker(Path(name), None, options.server, "large")
        for vendor in vendors:
            with maker.database(vendor) as database:
                print(f"{vendor}: importing {firms} firms", file=sys.stderr, flush=True)
                given = ("--firms", str(firms), "--seed", str(options.seed), "--exports", name)
                results[vendor] = json.loads(run(database, "large", *given))
    show(page.render_large(results, asked(options)), page.LARGE, options)


def show(text: str, part: page.Part, options: argparse.Namespace) -> None:
    print(text)
    if options.write:
        page.write(text, part)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench scoring", description=__doc__)
    parser.add_argument(
        "--size",
        choices=sorted(worlds.SIZES),
        default="M",
        help="S: 1 firm of 200 tenants; M: 100 firms, 4.7 million rows; L: 1,000 firms, the engine"
        " alone, an hour",
    )
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--quick", action="store_true", help="10 firms and fewer rounds")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="keep filled databases in this folder")
    parser.add_argument("--server", default="", help="address of a PostgreSQL database")
    return parser.parse_args()


def sheet_size(options: argparse.Namespace) -> worlds.Size:
    """A spreadsheet takes the square of the tenants in time, so a quick run has fewer."""
    full = worlds.SIZES["S"]
    tenants = SHEET_TENANTS_QUICK if options.quick else full.tenants
    return worlds.Size(full.name, full.firms, tenants, full.workloads)


def spreadsheet_part(results: dict[str, Any], options: argparse.Namespace) -> dict[str, Any] | str:
    """The spreadsheet's recalculation beside the engine's figures for the same firm."""
    if spreadsheet.program() is None:
        return "LibreOffice is not installed: no figure of a spreadsheet."
    print("recalculating a spreadsheet", file=sys.stderr, flush=True)
    size = sheet_size(options)
    counts, seconds = spreadsheet.counts(worlds.firm(size, options.seed, 0))
    for vendor, result in results.items():
        if result["sheet"]["counts"] != counts:
            raise SystemExit(f"{vendor} and the spreadsheet differ: {result['sheet']}, {counts}")
    return {
        "version": spreadsheet.version(),
        "seconds": seconds,
        "size": size.name if not options.quick else f"{size.tenants} tenants of size {size.name}",
        "rows": next(iter(results.values()))["sheet"]["rows"],
        "engine": {result["version"]: result["sheet"]["seconds"] for result in results.values()},
    }


def asked(options: argparse.Namespace) -> str:
    said = ["bin/bench scoring", f"--size {options.size}"]
    said += ["--quick"] if options.quick else []
    said += [f"--database {options.database}"] if options.database != "both" else []
    return " ".join(said)


def stop(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(143)  # so that what was made is dropped


def run(database: Database, module: str, *given: str) -> str:
    """A module of this package in a process of its own; what it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", f"bench.scoring.{module}", *given],
        env=database.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said, _errors = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise SystemExit(process.returncode)
    return said


if __name__ == "__main__":
    sys.exit(main())
