"""Two million rows in one file: read in bounded memory, written so that others can go on."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files import File
from django.db import connection

from scoring import imports
from scoring.models import UsageMonth
from tests.factories import PartnerFactory
from tests.scoring.worlds import guid

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROWS = 2_000_000
WORKLOADS = ["Exchange", "Teams", "SharePoint", "Intune", "Viva Engage", "Yammer", "EXO", "SPO"]
MONTHS = [f"{2024 + month // 12}-{month % 12 + 1:02d}-01" for month in range(25)]
# Another program that writes every few milliseconds, and says how long it waited at most.
WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
database.execute("CREATE TABLE probe (n INTEGER)")
print("ready", flush=True)
waited, end = [], time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    begun = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    waited.append(time.perf_counter() - begun)
    database.execute("INSERT INTO probe VALUES (1)")
    database.execute("COMMIT")
    time.sleep(0.003)
waited.sort()
print(len(waited), waited[int(len(waited) * 0.99)], waited[-1])
"""


def lines(rows: int) -> Iterator[str]:
    yield (
        "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,CustomerName,"
        "CustomerMarket,MPNId,PartnerName,PartnerLocationID,PartnerAttributionType\n"
    )
    tenants = rows // (len(WORKLOADS) * len(MONTHS))
    for month in MONTHS:
        for tenant in range(tenants):
            head = guid(str(tenant))
            for place, workload in enumerate(WORKLOADS):
                yield (
                    f"{head},{workload},{month},{50 + tenant % 250},{(tenant + place) % 50},"
                    f"Kunde Nummer {tenant} GmbH & Co. KG,Germany,1234567,"
                    "Muster Systemhaus GmbH,1000001,CPOR\n"
                )


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "OfficeUsage.csv"
    with path.open("w") as file:
        file.writelines(lines(ROWS))
    return path


def resident() -> int:
    """Megabytes of this process that are in memory now, at most so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def test_two_million_rows(export: Path) -> None:
    partner = PartnerFactory.create()
    before = resident()
    with export.open("rb") as stream:
        row = imports.create(partner, File(stream, name=export.name), at_once=False)
    begun = time.monotonic()
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows_read, row.rows_merged) == ("preview", ROWS, ROWS * 3 // 8)
    assert row.original.size < row.size / 20
    assert resident() - before < 700

    imports.commit(row.pk, by=None)
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows_new) == ("done", ROWS * 5 // 8)
    assert UsageMonth.objects.count() == ROWS * 5 // 8
    # A worker has 240 seconds for each of the two.
    assert time.monotonic() - begun < 240


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has more than one writer")
def test_nobody_waits_long_while_many_rows_are_written(export: Path) -> None:
    partner = PartnerFactory.create()
    with export.open("rb") as stream:
        row = imports.create(partner, File(stream, name=export.name), at_once=False)
    imports.run(row.pk)
    imports.commit(row.pk, by=None)
    database = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", WRITER, database, "6"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        imports.run(row.pk)
        count, most, worst = writer.stdout.readline().split()
    assert int(count) > 100
    assert float(most) < 0.1
    assert float(worst) < 1  # a busy machine may stop either of the two for a while
