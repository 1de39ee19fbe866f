"""Times and sizes, taken so that they mean something on a machine that has other work to do."""

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Runs:
    """A piece of work that a round repeats ``times``; it is handed the number of the run."""

    work: Callable[[int], object]
    times: int = 1
    rounds: int | None = None  # None: all


def interleaved(rounds: int, works: Mapping[str, Runs]) -> dict[str, float]:
    """Median seconds of each. They take turns, so that other work slows all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, runs in works.items():
            if runs.rounds is not None and number >= runs.rounds:
                continue
            for again in range(runs.times):
                started = time.perf_counter()
                runs.work(number * runs.times + again)
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Stopwatch:
    """How long functions of a module take in sum while others call them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def over(self, module: Any, name: str) -> Iterator[None]:
        """Count the time in ``module.name``, under that name, while the block runs."""
        original = getattr(module, name)

        def timed(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                spent = time.perf_counter() - started
                self.seconds[name] = self.seconds.get(name, 0.0) + spent

        setattr(module, name, timed)
        try:
            yield
        finally:
            setattr(module, name, original)


def peak_memory() -> int:
    """The most that this process has used so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss starts with the size of the process that started this one
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
