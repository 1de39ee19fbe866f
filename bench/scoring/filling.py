"""Fill a database with a world: the engine's tables through imports, the conventional ones raw."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.core.management import call_command

from bench.scoring import engine, worlds
from bench.scoring.peers import conventional


def exports(
    size: worlds.Size, seed: int, folder: Path, firms: int | None = None, first: int = 0
) -> Iterator[tuple[worlds.Firm, Path, Path]]:
    """Each firm with two exports: all months but the last, and the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, size.firms if firms is None else first + firms):
        world = worlds.firm(size, seed, number)
        year, month = (
            folder / f"{size.name}-{number:04d}-{part}.csv" for part in ("year", "month")
        )
        for path, begin, end in (
            (year, worlds.FIRST_MONTH, worlds.LAST_MONTH - 1),
            (month, worlds.LAST_MONTH, worlds.LAST_MONTH),
        ):
            if not path.exists():
                fresh = path.with_suffix(f".{os.getpid()}")
                world.write(fresh, begin, end)
                fresh.rename(path)
        yield world, year, month


def fill(size: worlds.Size, seed: int, folder: Path) -> None:
    """Every firm with all months but the last, on the engine's and on the conventional tables."""
    call_command("migrate", verbosity=0)
    conventional.create_tables()
    for world, year, _month in exports(size, seed, folder):
        engine.import_file(engine.add_firm(world.number), year, engine.BEFORE)
        conventional.fill(world, worlds.LAST_MONTH - 1)
    engine.settle()


def conventional_firm(number: int) -> conventional.Firm:
    return conventional.Firm.objects.get(name=f"Firma {number}")


def new_firm(world: worlds.Firm) -> conventional.Firm:
    return conventional.Firm.objects.create(name=f"Firma {world.number}")
