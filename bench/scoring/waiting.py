"""How long another writer waits on SQLite while a large file is imported.

Run as a program it is that writer: one row every 5 ms until its standard input ends.
"""

import json
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

EVERY = 0.005  # seconds
WORLD = ("W", 1, 1_500, 14)  # one firm, 250,000 rows


def write(database: str) -> None:
    connection = sqlite3.connect(database, timeout=20, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS bench_waiting (id INTEGER PRIMARY KEY, at REAL)")
    ended = threading.Event()

    def watch() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    print("ready", flush=True)
    waited: list[float] = []
    while not ended.wait(EVERY):
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bench_waiting (at) VALUES (?)", (started,))
        connection.execute("COMMIT")
        waited.append(time.perf_counter() - started)
    json.dump(waited, sys.stdout)


def measure(folder: Path, seed: int) -> dict[str, float]:
    """Import one large file while the other process writes; seconds that its writes took."""
    from django.db import connection

    from bench.scoring import engine, worlds

    size = worlds.Size(*WORLD)
    path = folder / "large.csv"
    rows = worlds.firm(size, seed, 0).write(path)
    partner = engine.add_firm(1_000_000)
    writer = subprocess.Popen(
        [sys.executable, __file__, str(connection.settings_dict["NAME"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if writer.stdout is None or writer.stdout.readline() != "ready\n":
        raise RuntimeError("the other writer did not start")
    started = time.perf_counter()
    try:
        engine.import_file(partner, path, worlds.AS_OF)
    finally:
        seconds = time.perf_counter() - started
        said, _errors = writer.communicate()
    waited = sorted(json.loads(said))
    return {
        "rows": rows,
        "seconds": seconds,
        "writes": len(waited),
        "median": statistics.median(waited),
        "most": waited[int(len(waited) * 0.99)],
        "longest": waited[-1],
    }


if __name__ == "__main__":
    write(sys.argv[1])
