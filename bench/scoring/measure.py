"""Measures one database, in a process of its own: DATABASE_URL names it, the answer is JSON.

``fill`` brings it to the state before the last month, ``measure`` does the rest.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from bench.scoring import engine, filling, waiting, worlds  # noqa: E402
from bench.scoring.figures import ANALYST, ORM, PLAIN, Figure  # noqa: E402
from bench.scoring.large import steps, workers  # noqa: E402
from bench.scoring.measuring import Runs, interleaved, seconds_of  # noqa: E402
from bench.scoring.peers import conventional, pandas_plain, pandas_script  # noqa: E402
from scoring import claims, facts  # noqa: E402
from scoring.models import UsageMonth  # noqa: E402

IS_SQLITE = connection.vendor == "sqlite"
SAMPLE = 5  # firms of which the peers do all that the engine does for every firm
SHEET_FIRM = 2_000_000  # its number, beside those of the world
SLOW = 3  # rounds of a peer that takes seconds


class Disagreement(Exception):
    """The peers do not come to the same integers: no figure of this run means anything."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["fill", "measure"])
    parser.add_argument("--size", choices=sorted(worlds.SIZES), default="M")
    parser.add_argument("--firms", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exports", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sheet-tenants", type=int, default=200)
    options = parser.parse_args()
    named = worlds.SIZES[options.size]
    size = worlds.Size(named.name, options.firms or named.firms, named.tenants, named.workloads)
    if options.step == "fill":
        filling.fill(size, options.seed, options.exports)
        return
    measured = Measured(size, options.seed, options.exports, options.rounds)
    found = measured.all()
    found["sheet"] = of_a_sheet(options.sheet_tenants, options.seed, options.exports)
    json.dump(found, sys.stdout)


def say(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {connection.vendor}: {text}", file=sys.stderr, flush=True)


class Measured:
    def __init__(self, size: worlds.Size, seed: int, folder: Path, rounds: int) -> None:
        self.size, self.seed, self.folder, self.rounds = size, seed, folder, rounds
        self.figures: list[Figure] = []
        step = max(1, size.firms // SAMPLE)
        self.sample = list(range(0, size.firms, step))[:SAMPLE]
        self.paths = {
            world.number: [year, month]
            for world, year, month in filling.exports(size, seed, folder)
        }

    def all(self) -> dict[str, Any]:
        say("importing a year of firms that are new")
        importing = self.importing()
        say("importing the last month of all firms")
        month = self.month()
        engine.settle()
        say("comparing the integers of all")
        self.compare()
        say("changing one tenant, reading and scoring again")
        self.figures = [*self.interactive(), month, *importing, *self.sizes()]
        say("scoring all firms in workers of their own")
        return {
            "usage_rows": UsageMonth.objects.count(),
            "figures": [figure.stored() for figure in self.figures],
            "version": engine.version(),
            "growth": workers(steps(self.size.firms)),
            "waiting": waiting.measure(self.folder, self.seed) if IS_SQLITE else None,
        }

    # -- Imports --

    def importing(self) -> list[Figure]:
        """A year of data of new firms, into tables that are full of others."""
        count = min(5, self.size.firms + 1)
        rates: dict[str, list[float]] = {"whole": [], "read": [], "store": [], ORM: []}
        extra = filling.exports(self.size, self.seed, self.folder, count, self.size.firms)
        for place, (world, year, _month) in enumerate(extra):
            with year.open("rb") as stream:
                rows = sum(1 for _line in stream) - 1
            partner = engine.add_firm(world.number)
            with engine.watched() as watch:
                whole = seconds_of(lambda: engine.import_file(partner, year, engine.BEFORE))  # noqa: B023
            rates["whole"].append(rows / whole)
            rates["read"].append(rows / watch.seconds["read"])
            rates["store"].append(rows / watch.seconds["write"])
            if place < SLOW:
                firm = filling.new_firm(world)
                taken = seconds_of(lambda: conventional.import_file(firm, year))  # noqa: B023
                rates[ORM].append(rows / taken)
        median = {name: statistics.median(found) for name, found in rates.items()}
        peers = {ORM: median[ORM]}
        return [
            Figure(
                "a year of a new firm: read, store with its keys, score",
                median["whole"],
                "rows/s",
                peers=peers,
                note="the peer reads and stores only",
            ),
            Figure("of it: read and check the file, keep its original", median["read"], "rows/s"),
            Figure(
                "of it: compare with what is there, store with keys",
                median["store"],
                "rows/s",
                300_000 if IS_SQLITE else 500_000,
                peers=peers,
                wanted={ORM: 25},
            ),
        ]

    def month(self) -> Figure:
        """The last month of every firm: imported, scored, every contribution stored."""
        own: list[float] = []
        peer: list[float] = []
        rows = 0
        for number, (_year, month) in self.paths.items():
            partner = engine.firm(number)
            with month.open("rb") as stream:
                rows += sum(1 for _line in stream) - 1
            own.append(
                seconds_of(lambda: engine.import_file(partner, month, worlds.AS_OF))  # noqa: B023
            )
            if number in self.sample:
                firm = filling.conventional_firm(number)

                def conventionally() -> None:
                    conventional.import_file(firm, month)  # noqa: B023
                    conventional.score(firm, explained=True)  # noqa: B023

                peer.append(seconds_of(conventionally))
        count = len(own)
        return Figure(
            f"a month of {rows:,} rows: import, score {count} firms, store every contribution",
            sum(own),
            "s",
            2.5 * count / 100,
            peers={ORM: statistics.median(peer) * count},
            wanted={ORM: 20},
            note=f"the peer: {len(peer)} of the firms, scaled" if len(peer) < count else "",
        )

    # -- One firm --

    def compare(self) -> None:
        """Raises ``Disagreement`` unless all come to the same integers."""
        for number in self.paths:
            partner = engine.firm(number)
            found = {"ledger": engine.read(partner), "facts": engine.rescore(partner)}
            if number in self.sample:
                found[ORM] = conventional.counts(filling.conventional_firm(number))
                found[ANALYST] = pandas_script.counts(self.paths[number])
            if number == self.sample[0]:
                found[PLAIN] = pandas_plain.counts(self.paths[number])
            for name, counts in found.items():
                if counts != found["ledger"]:
                    differing = {
                        key: (counts.get(key), value)
                        for key, value in found["ledger"].items()
                        if counts.get(key) != value
                    }
                    raise Disagreement(f"firm {number}, {name} and the ledger: {differing}")

    def interactive(self) -> list[Figure]:
        """What a page waits for, and the peers in its place. All take turns."""
        firms = [engine.firm(number) for number in self.paths]
        peers = [filling.conventional_firm(number) for number in self.sample]
        paths = [self.paths[number] for number in self.sample]
        sampled = [engine.firm(number) for number in self.sample]
        tenants = [engine.tenants(firm) for firm in sampled]
        places = len(self.sample)

        def change(run: int) -> None:
            firm = run % places
            figure = tenants[firm][run // places % len(tenants[firm])]
            engine.change_one(sampled[firm], figure, 7 + run)

        def change_orm(run: int) -> None:
            firm = run % places
            figure = tenants[firm][run // places % len(tenants[firm])]
            conventional.change_one(peers[firm], figure.guid, 7 + run)

        slow = min(SLOW, self.rounds)
        took = interleaved(
            self.rounds,
            {
                "change": Runs(change, 10),
                "read": Runs(lambda run: engine.read(firms[run % len(firms)]), 10),
                "rescore": Runs(lambda run: engine.rescore(firms[run % len(firms)]), 5),
                "recompute": Runs(lambda run: engine.recompute(firms[run % len(firms)]), 3),
                "orm": Runs(lambda run: conventional.counts(peers[run % places])),
                "orm change": Runs(change_orm),
                "orm sum": Runs(lambda run: conventional.stored_sums(peers[run % places])),
                "analyst": Runs(lambda run: pandas_script.counts(paths[run % places])),
                "plain": Runs(lambda run: pandas_plain.counts(paths[run % places]), rounds=slow),
            },
        )
        pandas = {ANALYST: took["analyst"], PLAIN: took["plain"]}
        return [
            Figure(
                "one tenant changed: new explained score committed",
                took["change"],
                "s",
                0.0015 if IS_SQLITE else 0.0025,
                peers={ORM: took["orm change"], **pandas},
                wanted={ORM: 190, PLAIN: 750},
            ),
            Figure(
                "read a score with its ledger sum",
                took["read"],
                "s",
                0.001,
                peers={ORM: took["orm"]},
                wanted={ORM: 400},
                note=(
                    "the peer computes, for it keeps no contributions; where it keeps them, "
                    f"their sum takes {took['orm sum'] * 1000:.3g} ms"
                ),
            ),
            Figure(
                f"score one firm again from its facts ({self.claims(firms[0]):,} claims)",
                took["rescore"],
                "s",
                0.020,
                peers={ORM: took["orm"], **pandas},
                wanted={ORM: 12, PLAIN: 65},
            ),
            Figure(
                "the same, compared with every stored contribution",
                took["recompute"],
                "s",
                note="what the nightly check does",
            ),
        ]

    def claims(self, firm: Any) -> int:
        return len(claims.read(facts.portfolio_of(firm), engine.PAIR))

    # -- Sizes and memory --

    def sizes(self) -> list[Figure]:
        own = engine.table_bytes("scoring_usagemonth") / UsageMonth.objects.count()
        other = engine.table_bytes("bench_usage") / conventional.Usage.objects.count()
        figures = [
            Figure(
                "bytes per usage row, keys included",
                own,
                "bytes",
                20 if IS_SQLITE else 84,
                peers={ORM: other},
                wanted={ORM: 3.9 if IS_SQLITE else 1.7},
            )
        ]
        size, rows = engine.bytes_of_originals()
        if rows:
            figures.append(Figure("bytes per row of the kept originals", size / rows, "bytes", 5))
        return figures


def of_a_sheet(tenants: int, seed: int, folder: Path) -> dict[str, Any]:
    """The firm that the spreadsheet has, as the engine scores it."""
    path = folder / f"sheet-{tenants}.csv"
    size = worlds.SIZES["S"]
    world = worlds.firm(worlds.Size(size.name, 1, tenants, size.workloads), seed, 0)
    rows = world.write(path)
    partner = engine.add_firm(SHEET_FIRM)
    engine.import_file(partner, path, worlds.AS_OF)
    counts = engine.rescore(partner)
    if pandas_script.counts([path]) != counts:
        raise Disagreement("the firm of the spreadsheet")
    took = interleaved(9, {"rescore": Runs(lambda _run: engine.rescore(partner))})
    return {"rows": rows, "counts": counts, "seconds": took["rescore"]}


if __name__ == "__main__":
    main()
