"""Speed of imports and scores on the database of DATABASE_URL, beside a script as a user writes it.

    .venv/bin/python bench/scoring.py [--tenants 500] [--workloads 8] [--months 26] [--repeat 5]

The world comes from a seeded generator. Everything happens for one firm ("bench-…") that is made
and removed again; give it a database of its own all the same.
"""

import argparse
import csv
import datetime
import os
import random
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")

import django

django.setup()

from django.core.files import File  # noqa: E402
from django.db import connection  # noqa: E402

from partners.models import Partner  # noqa: E402
from scoring import facts, imports, judging, months, rule_sets, rules, scores  # noqa: E402
from scoring.models import LedgerEntry, PartnerCenterImport, Portfolio, Score  # noqa: E402

LAST = months.parse_label("2025-02")
AS_OF = datetime.date(2025, 3, 25)
WORKLOADS = ["Exchange", "Teams", "SharePoint", "Intune", "Microsoft 365 Apps", "Teams Meetings"]
WORKLOADS += ["Viva Engage", "Teams Phone", "Teams Apps", "Viva Insights", "Viva Topics"]
OPTIONS = ["CPOR", "CPOR", "CSP Tier 1", "CSP Tier 2", "DPOR"]


def generate(path: Path, tenants: int, workloads: int, number_of_months: int) -> int:
    """Write an OfficeUsage export; returns its number of rows."""
    chance = random.Random(2025)
    rows = 0
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            "CustomerTenantId,CustomerTpid,WorkloadName,Month,PaidAvailableUnits,"
            "MonthlyActiveUsers,CustomerName,CustomerMarket,CustomerSegment,MPNId,PartnerName,"
            "PartnerLocationID,PartnerAttributionType,IsDuplicateRowForPGA".split(",")
        )
        for number in range(tenants):
            guid = str(uuid.UUID(int=chance.getrandbits(128)))
            size = chance.choice([8, 15, 40, 120, 280, 450, 1200])
            first = chance.randrange(number_of_months) if chance.random() < 0.3 else 0
            for workload in WORKLOADS[:workloads]:
                option = chance.choice(OPTIONS)
                users = chance.randrange(size)
                for back in range(number_of_months - 1 - first, -1, -1):
                    users = max(0, users + chance.randrange(-2, 4))
                    writer.writerow(
                        [
                            guid,
                            "",
                            workload,
                            f"{months.label(LAST - back)}-01",
                            size,
                            users,
                            f"Kunde {number} GmbH",
                            "Germany",
                            "SMB",
                            "1234567",
                            "Bench",
                            "1234568",
                            option,
                            0,
                        ]
                    )
                    rows += 1
    return rows


def user_script(path: Path) -> float:
    """What partners write for themselves: DictReader, dicts, floats; SMB points of three metrics.

    Without association dates, reasons or checks: less work than the engine does.
    """
    usage: dict[tuple[str, str, str], dict[str, tuple[float, float]]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            option = row["PartnerAttributionType"].split(" ")[0]
            key = (row["CustomerTenantId"], row["WorkloadName"], option)
            seats, users = float(row["PaidAvailableUnits"]), float(row["MonthlyActiveUsers"])
            usage[key][row["Month"][:7]] = (seats, users)
    now, then = "2025-02", "2024-02"
    eligible: dict[str, set[str]] = {now: set(), then: set()}
    for (tenant, _workload, option), by_month in usage.items():
        for month in (now, then):
            if option in ("CPOR", "CSP") and 11 <= by_month.get(month, (0.0, 0.0))[0] <= 300:
                eligible[month].add(tenant)
    growth: dict[str, float] = defaultdict(float)
    deployed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (tenant, _workload, option), by_month in usage.items():
        first = min(by_month)
        if now in by_month and tenant in eligible[now]:
            growth[option] += by_month[now][1]
            if first > then:
                growth[option] -= by_month[first][1]
        if then in by_month and tenant in eligible[then]:
            growth[option] -= by_month[then][1]
        for month in (now, then):
            if month in by_month and tenant in eligible[month]:
                seats, users = by_month[month]
                if seats and users / seats >= 0.4:
                    deployed[option, month].add(tenant)
    adds = (len(eligible[now]) - len(eligible[then])) * 20 / 10
    grown = max(growth["CPOR"] * 30 / 500, growth["CSP"] * 30 / 2000)
    net = {o: len(deployed[o, now]) - len(deployed[o, then]) for o in ("CPOR", "CSP")}
    deployments = max(net["CPOR"] * 25 / 5, net["CSP"] * 25 / 10)
    return min(20, max(0, adds)) + min(30, max(0, grown)) + min(25, max(0, deployments))


def timed(repeat: int, work: Callable[[], Any]) -> float:
    """Median seconds."""
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def line(what: str, seconds: float, note: str = "") -> None:
    print(f"| {what} | {seconds * 1000:,.1f} ms | {note} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=500)
    parser.add_argument("--workloads", type=int, default=8)
    parser.add_argument("--months", type=int, default=26)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()

    slug = f"bench-{uuid.uuid4().hex[:8]}"
    partner = Partner.objects.create(name=slug, slug=slug)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "usage.csv"
            rows = generate(path, options.tenants, options.workloads, options.months)
            measure(partner, path, rows, options.repeat)
    finally:
        remove(partner)


def measure(partner: Partner, path: Path, rows: int, repeat: int) -> None:
    def load() -> None:
        with path.open("rb") as stream:
            imports.run_now(partner, [(path.name, File(stream))], as_of=AS_OF)

    size = path.stat().st_size / 1024**2
    print(
        f"{connection.vendor}, {rows:,} rows, {size:.1f} MB\n\n| what | median | |\n|---|---|---|"
    )
    peer = timed(repeat, lambda: user_script(path))
    line("csv.DictReader and floats, no storing, no reasons", peer)
    first = timed(1, load)
    line("import into an empty firm, scored and explained", first, f"{rows / first:,.0f} rows/s")
    again = timed(repeat, load)
    line("the same file again", again, f"{rows / again:,.0f} rows/s")

    portfolio = Portfolio.objects.get(partner=partner)
    rule_set = rule_sets.for_day(AS_OF)
    pair = judging.choose_months(facts.imported_months(portfolio), AS_OF)
    if pair is None:
        raise SystemExit("no data")
    found = facts.claims(portfolio, pair)
    contributions = list(judging.judge_tenants(found, rule_set, pair))
    counts = judging.count(contributions)
    note = f"{len(found):,} claims"
    line("claims from the database", timed(repeat, lambda: facts.claims(portfolio, pair)), note)
    judged = timed(repeat, lambda: list(judging.judge_tenants(found, rule_set, pair)))
    line("judging", judged, f"{len(contributions):,} contributions")
    smb = rule_set.track("smb")
    line("points of one track", timed(100, lambda: rules.evaluate(rule_set, smb, counts["smb"])))

    def compute_new() -> None:
        Score.objects.filter(partner=partner).delete()
        scores.compute(partner, AS_OF)

    computed = timed(repeat, compute_new)
    ledger = LedgerEntry.objects.filter(score__partner=partner).count()
    line("old score removed, new one stored", computed, f"{ledger:,} ledger rows")
    unchanged = timed(repeat, lambda: scores.compute(partner, AS_OF))
    line("score again, nothing changed", unchanged, f"script: {peer / unchanged:.1f}x as long")
    line("read the stored score", timed(repeat, lambda: scores.latest(partner)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of the process: {peak:.0f} MB")


def remove(partner: Partner) -> None:
    Score.objects.filter(partner=partner).delete()
    for row in PartnerCenterImport.objects.filter(partner=partner).order_by("-created_at"):
        row.file.delete(save=False)
        row.delete()
    Portfolio.objects.filter(partner=partner).delete()
    partner.delete()


if __name__ == "__main__":
    main()
