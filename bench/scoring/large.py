"""The large world: a process that imports firm after firm, then workers that score all of them.

Time has to grow with the number of firms only, and memory with nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import django

django.setup()

from bench.scoring import engine, worlds  # noqa: E402
from bench.scoring.databases import ROOT  # noqa: E402
from bench.scoring.measuring import peak_memory  # noqa: E402
from scoring.models import UsageMonth  # noqa: E402

STEPS = (10, 30, 100, 300, 1_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exports", type=Path, required=True)
    options = parser.parse_args()
    # In another process: migrating loads all pages and forms, which no worker does.
    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"]
    subprocess.run(manage, env=os.environ, check=True)
    options.exports.mkdir(parents=True, exist_ok=True)
    imported = import_all(options.firms, options.seed, options.exports / "large-year.csv")
    engine.settle()
    json.dump(
        {
            "version": engine.version(),
            "usage_rows": UsageMonth.objects.count(),
            "imported": imported,
            "growth": workers(steps(options.firms)),
        },
        sys.stdout,
    )


def steps(firms: int) -> list[int]:
    return [*(count for count in STEPS if count < firms), firms]


def import_all(firms: int, seed: int, path: Path) -> list[dict[str, float]]:
    """Import 13 months of every firm; seconds a firm and memory since the step before."""
    found: list[dict[str, float]] = []
    wanted = steps(firms)
    seconds, before = 0.0, 0
    for number in range(firms):
        worlds.firm(worlds.SIZES["L"], seed, number).write(path)
        started = time.perf_counter()
        engine.import_file(engine.add_firm(number), path, worlds.AS_OF)
        seconds += time.perf_counter() - started
        if number + 1 in wanted:
            count = number + 1 - before
            found.append({"firms": number + 1, "each": seconds / count, "memory": peak_memory()})
            print(f"  {number + 1} firms imported", file=sys.stderr, flush=True)
            seconds, before = 0.0, number + 1
    path.unlink()
    return found


def workers(counts: Sequence[int]) -> list[dict[str, float]]:
    """A worker of its own for each number of firms: its seconds and its memory."""
    found = []
    for count in counts:
        done = subprocess.run(
            [sys.executable, "-m", "bench.scoring.worker", str(count)],
            env=os.environ,
            stdout=subprocess.PIPE,
            check=True,
        )
        found.append(json.loads(done.stdout))
    return found


if __name__ == "__main__":
    main()
