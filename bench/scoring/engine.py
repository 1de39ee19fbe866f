"""The engine as the benchmark uses it: through the functions that pages, jobs and commands call."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from django.core.files import File
from django.db import connection, transaction

from bench.scoring import worlds
from bench.scoring.measuring import Stopwatch
from partners.models import Partner
from scoring import (
    bulk,
    claims,
    facts,
    import_files,
    import_runs,
    imports,
    judging,
    ledger_rows,
    rule_sets,
    scores,
)
from scoring.models import PartnerCenterImport, Tenant, UsageMonth

PAIR = judging.Months(worlds.LAST_MONTH, worlds.FIRST_MONTH)
RULE_SET = rule_sets.for_day(worlds.AS_OF)
# Before the last month is imported: scored as of a day on which it was not there yet.
BEFORE = datetime.date(2025, 2, 25)


def add_firm(number: int) -> Partner:
    return Partner.objects.create(name=f"Firma {number}", slug=f"bench-{number}")


def firm(number: int) -> Partner:
    return Partner.objects.get(slug=f"bench-{number}")


def import_file(partner: Partner, path: Path, as_of: datetime.date) -> None:
    """Import an export and score the firm: facts, every contribution and the score are stored."""
    with path.open("rb") as stream:
        imports.run_now(partner, [(path.name, File(stream))], as_of=as_of)


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """The parts of the imports in the block: read (and keep), write (without scoring), compute."""
    watch = Stopwatch()
    with (
        watch.over(import_files, "read"),
        watch.over(import_runs, "write"),
        watch.over(scores, "compute"),
    ):
        yield watch
    watch.seconds["write"] -= watch.seconds["compute"]


def rescore(partner: Partner) -> dict[str, int]:
    """Counts and points of a firm from nothing but its facts; every tenant is judged."""
    portfolio = facts.portfolio_of(partner)
    rules = judging.prepare(RULE_SET.key, PAIR)
    totals: dict[tuple[int, int], list[int]] = {}
    for _tenant, rows in groupby(claims.read(portfolio, PAIR), key=itemgetter(0)):
        for verdict in judging.judge(list(map(judging.Claim._make, rows)), rules):
            sums = totals.setdefault((verdict.track, verdict.option), [0, 0, 0])
            sums[0] += verdict.eligible_now - verdict.eligible_then
            sums[1] += verdict.users_now - verdict.users_then
            sums[2] += verdict.deployed_now - verdict.deployed_then
    found = ledger_rows.Sums([(*key, *sums) for key, sums in totals.items()], {}, 0, 0, 0)
    scores.evaluate(RULE_SET, found)
    return _counts(found)


def recompute(partner: Partner) -> dict[str, int]:
    """The same, compared with every contribution that is stored, and stored where it differs."""
    score = scores.compute(partner, worlds.AS_OF, RULE_SET, thoroughly=True)
    return _counts(scores.sums_of(score))


def read(partner: Partner) -> dict[str, int]:
    """The stored score, and what the rows of its ledger add up to."""
    score = scores.latest(partner)
    if score is None:
        raise AssertionError(f"{partner} has no score")
    return _counts(scores.sums_of(score))


class Figure(NamedTuple):
    """A tenant's figures in one workload in the last month, and its GUID for the peers."""

    tenant: int
    workload: int
    option: int
    seats: int
    guid: str


def change_one(partner: Partner, figure: Figure, users: int) -> None:
    """One figure of one tenant changes: fact, contributions and score in one transaction."""
    with transaction.atomic():
        portfolio = facts.lock(partner)
        key = (portfolio.pk, worlds.LAST_MONTH, figure.tenant, figure.workload, figure.option)
        bulk.write(UsageMonth, USAGE_FIELDS, [(*key, figure.seats, users)])
        facts.touch(portfolio)
        scores.touch(partner, [figure.tenant], worlds.AS_OF, RULE_SET)


USAGE_FIELDS = ("portfolio", "month", "tenant", "workload", "option", "seats", "users")


def tenants(partner: Partner) -> list[Figure]:
    """One figure of each of the firm's tenants that have any in the last month."""
    rows = UsageMonth.objects.filter(portfolio__partner=partner, month=worlds.LAST_MONTH)
    guids = dict(Tenant.objects.filter(portfolio__partner=partner).values_list("pk", "tenant_id"))
    first: dict[int, Figure] = {}
    for usage in rows:
        guid = str(guids[usage.tenant_id])
        figure = Figure(usage.tenant_id, usage.workload, usage.option, usage.seats, guid)
        first.setdefault(usage.tenant_id, figure)
    return list(first.values())


def _counts(found: ledger_rows.Sums) -> dict[str, int]:
    return {
        f"{track} {metric} {option}".strip(): value
        for track, metrics in found.counts(RULE_SET).items()
        for metric, options in metrics.items()
        for option, value in options.items()
    }


# ---- The database -------------------------------------------------------------------------------


def version() -> str:
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if is_sqlite else "SHOW server_version")
        number = cursor.fetchone()[0].split()[0]
    return f"{'SQLite' if is_sqlite else 'PostgreSQL'} {number}"


def settle() -> None:
    """PostgreSQL's statistics, as autovacuum would have made them by then."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


# ---- Sizes ---------------------------------------------------------------------------------------


def table_bytes(table: str) -> int:
    """What a table takes with all of its indexes."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT SUM(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN"
                " (SELECT name FROM sqlite_master WHERE tbl_name = %s)",
                [table],
            )
        else:
            cursor.execute(
                "SELECT COALESCE((SELECT SUM(pg_total_relation_size(relid))"
                " FROM pg_partition_tree(%s)), pg_total_relation_size(%s))",
                [table, table],
            )
        return int(cursor.fetchone()[0])


def bytes_of_originals() -> tuple[int, int]:
    """(bytes, rows) of all originals that are kept."""
    size = rows = 0
    for row in PartnerCenterImport.objects.exclude(original=""):
        size += row.original.size
        rows += row.rows_read
    return size, rows
