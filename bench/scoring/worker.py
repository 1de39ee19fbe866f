"""A worker that scores the first firms of the world from their facts: how long, how much memory."""

import json
import sys
import time

import django

django.setup()

from bench.scoring import engine  # noqa: E402
from bench.scoring.measuring import peak_memory  # noqa: E402


def main() -> None:
    count = int(sys.argv[1])
    started = time.perf_counter()
    for number in range(count):
        engine.recompute(engine.firm(number))
    seconds = time.perf_counter() - started
    json.dump({"firms": count, "seconds": seconds, "memory": peak_memory()}, sys.stdout)


if __name__ == "__main__":
    main()
