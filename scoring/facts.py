"""Facts in the database: what an import writes, and what a score reads.

Writing is idempotent: a run that was killed in the middle is simply run again. Reading brings all
claims of a firm with both months in three queries; the judging is done in Python (``judging``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from partners.models import Partner
from scoring import bulk, judging, months, rule_sets
from scoring.models import (
    Association,
    Certificate,
    MonthOfData,
    Portfolio,
    Tenant,
    UsageMonth,
)
from scoring.parsing import Parsed

AssociationRow = tuple[date | None, date | None, int]  # begins_on, ended_on, first_month
FactKey = tuple[int, int, int]  # tenant's number, workload, option


def portfolio_of(partner: Partner) -> Portfolio:
    return Portfolio.objects.get_or_create(partner=partner)[0]


def lock(partner: Partner) -> Portfolio:
    """Hold the firm's facts until the transaction ends; every writer of them takes this first."""
    return Portfolio.objects.select_for_update().get(pk=portfolio_of(partner).pk)


# ---- Writing -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Plan:
    """What a parsed file would change: rows that are new or different, and the counts of all."""

    tenants: list[tuple[UUID, str]] = field(default_factory=list)
    renamed: list[Tenant] = field(default_factory=list)
    associations: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    usage: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    certificates: list[tuple[Any, ...]] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    dates_changed: int = 0


def plan(portfolio: Portfolio, parsed: Parsed) -> Plan:
    """Compare a file with the facts. Writes nothing."""
    made = Plan(months=parsed.months)
    known = {tenant.tenant_id.hex: tenant for tenant in portfolio.tenants.all()}
    for guid, name in parsed.tenants.items():
        tenant = known.get(guid)
        if tenant is None:
            made.tenants.append((UUID(guid), name))
        elif name and tenant.name != name:
            tenant.name = name
            made.renamed.append(tenant)
    if parsed.claims:
        _plan_claims(portfolio, parsed, made, {guid: row.pk for guid, row in known.items()})
    if parsed.certificates:
        _plan_certificates(portfolio, parsed, made)
    return made


def _plan_claims(portfolio: Portfolio, parsed: Parsed, made: Plan, numbers: dict[str, int]) -> None:
    associations: dict[FactKey, AssociationRow] = {
        (tenant, workload, option): (begins_on, ended_on, first)
        for tenant, workload, option, begins_on, ended_on, first in Association.objects.filter(
            portfolio=portfolio
        ).values_list("tenant_id", "workload", "option", "begins_on", "ended_on", "first_month")
    }
    usage: dict[FactKey, dict[int, tuple[int, int]]] = {}
    stored = UsageMonth.objects.filter(portfolio=portfolio, month__in=made.months)
    for tenant, workload, option, month, seats, users in stored.values_list(
        "tenant_id", "workload", "option", "month", "seats", "users"
    ).iterator(chunk_size=20_000):
        usage.setdefault((tenant, workload, option), {})[month] = (seats, users)

    for claim, data in parsed.claims.items():
        number = numbers.get(claim.tenant, 0)  # 0: a tenant that is not stored yet
        key = (number, claim.workload, claim.option)
        old = associations.get(key)
        first = min(data.usage)
        begins_on, ended_on = data.begins_on, data.ended_on
        if old is not None:  # an empty cell takes nothing back that an earlier file said
            begins_on, ended_on = begins_on or old[0], ended_on or old[1]
            first = min(first, old[2])
            made.dates_changed += (begins_on, ended_on) != old[:2]
        if old != (begins_on, ended_on, first):
            begins = first if begins_on is None else months.number(begins_on)
            values = (claim.workload, claim.option, begins_on, ended_on, first, begins)
            made.associations.append((claim.tenant, values))
        known = usage.get(key, {})
        for month, figures in data.usage.items():
            before = known.get(month)
            if before == figures:
                made.unchanged += 1
                continue
            made.new += before is None
            made.changed += before is not None
            made.usage.append((claim.tenant, (claim.workload, claim.option, month, *figures)))
    # In the order of the key, tenants that are stored first: a table grows at its end.
    made.usage.sort(key=lambda row: (numbers.get(row[0], NOT_STORED), row[0], row[1]))


NOT_STORED = 1 << 62


def _plan_certificates(portfolio: Portfolio, parsed: Parsed, made: Plan) -> None:
    stored = {
        (row[0], row[1], row[2]): row[3:]
        for row in Certificate.objects.filter(portfolio=portfolio).values_list(
            "person_key",
            "certification",
            "completed_on",
            "expires_on",
            "person_name",
            "email",
            "is_linked",
        )
    }
    for key, data in parsed.certificates.items():
        values = (data.expires_on, data.name, data.email, data.is_linked)
        before = stored.get((key.person, key.certification, key.completed_on))
        if before == values:
            made.unchanged += 1
            continue
        made.new += before is None
        made.changed += before is not None
        made.certificates.append((*key, *values))


def steps(portfolio: Portfolio, made: Plan, now: datetime) -> Iterator[Callable[[], None]]:
    """The writes of a plan, in order and each small enough for one transaction.

    Take one, run it, take the next: later ones need what earlier ones wrote.
    """
    size = bulk.rows_per_transaction()
    yield lambda: _store_tenants(portfolio, made)
    numbers = {
        tenant_id.hex: pk for pk, tenant_id in portfolio.tenants.values_list("pk", "tenant_id")
    }
    own = portfolio.pk
    for model, fields, rows in (
        (
            Association,
            ASSOCIATION_FIELDS,
            [(own, numbers[guid], *values) for guid, values in made.associations],
        ),
        (UsageMonth, USAGE_FIELDS, [(own, numbers[guid], *values) for guid, values in made.usage]),
        (Certificate, CERTIFICATE_FIELDS, [(own, *values) for values in made.certificates]),
        (MonthOfData, MONTH_FIELDS, [(own, month, now) for month in made.months]),
    ):
        for part in bulk.chunks(rows, size):
            yield partial(bulk.write, model, fields, part)


def _store_tenants(portfolio: Portfolio, made: Plan) -> None:
    Tenant.objects.bulk_create(
        [Tenant(portfolio=portfolio, tenant_id=guid, name=name) for guid, name in made.tenants],
        batch_size=500,
        ignore_conflicts=True,  # a run that was killed may have stored them
    )
    Tenant.objects.bulk_update(made.renamed, ["name"], batch_size=300)


MONTH_FIELDS = ("portfolio", "month", "imported_at")
ASSOCIATION_FIELDS = (
    "portfolio",
    "tenant",
    "workload",
    "option",
    "begins_on",
    "ended_on",
    "first_month",
    "begins",
)
USAGE_FIELDS = ("portfolio", "tenant", "workload", "option", "month", "seats", "users")
CERTIFICATE_FIELDS = (
    "portfolio",
    "person_key",
    "certification",
    "completed_on",
    "expires_on",
    "person_name",
    "email",
    "is_linked",
)


# ---- Reading -------------------------------------------------------------------------------------


def imported_months(portfolio: Portfolio) -> dict[int, datetime]:
    """Months with usage data, and when they came in last."""
    return dict(portfolio.months_of_data.values_list("month", "imported_at"))


# A firm's claims, with the first figures since each began where that lies after the comparison
# month: only then are they looked at. The figures of the two months come in a query of their own
# and are put together in Python: joined here, PostgreSQL goes through all of them once a claim as
# long as it has no statistics of a table that has just been filled.
CLAIMS = """
SELECT a.tenant_id, a.workload, a.option, a.begins_on, a.first_month, a.ended_on,
       c.month, c.seats, c.users
FROM scoring_association a
LEFT JOIN scoring_usagemonth c
  ON c.portfolio_id = a.portfolio_id AND c.tenant_id = a.tenant_id
 AND c.workload = a.workload AND c.option = a.option
 AND a.begins > %(comparison)s
 AND c.month = (SELECT MIN(f.month) FROM scoring_usagemonth f
                WHERE f.portfolio_id = a.portfolio_id AND f.tenant_id = a.tenant_id
                  AND f.workload = a.workload AND f.option = a.option AND f.month >= a.begins)
WHERE a.portfolio_id = %(portfolio)s
"""
FIGURES = """
SELECT tenant_id, workload, option, seats, users FROM scoring_usagemonth
WHERE portfolio_id = %(portfolio)s AND month = %(month)s
"""


def claims(portfolio: Portfolio, pair: judging.Months) -> list[judging.Claim]:
    """All claims of a firm that have data in one of the two months."""
    names = rule_sets.vocabulary()
    workloads, options = names.workload_keys, names.option_keys
    own = {"portfolio": portfolio.pk}
    with connection.cursor() as cursor:
        cursor.execute(CLAIMS, own | {"comparison": pair.comparison})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        now, then = (_figures(cursor, own | {"month": month}) for month in pair)
    found = []
    for row in rows:
        key = row[:3]
        usage_now, usage_then = now.get(key), then.get(key)
        if usage_now is None and usage_then is None:
            continue
        tenant, workload, option, begins_on, first_month, ended_on, month, seats, users = row
        found.append(
            judging.Claim(
                tenant=tenant,
                workload=workloads.get(workload, ""),
                option=options.get(option, ""),
                begins_on=_day(begins_on),
                first_month=first_month,
                ended_on=_day(ended_on),
                now=usage_now,
                then=usage_then,
                at_claim=None if month is None else judging.Usage(seats, users),
                at_claim_month=month,
            )
        )
    return found


def _figures(cursor: CursorWrapper, params: dict[str, int]) -> dict[FactKey, judging.Usage]:
    cursor.execute(FIGURES, params)
    return {row[:3]: judging.Usage(row[3], row[4]) for row in cursor.fetchall()}


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value  # SQLite gives text


def certificates(portfolio: Portfolio) -> list[judging.Certificate]:
    return [
        judging.Certificate(*row)
        for row in portfolio.certificates.values_list(
            "person_key",
            "person_name",
            "email",
            "certification",
            "completed_on",
            "expires_on",
            "is_linked",
        )
    ]


def tenant_names(portfolio: Portfolio) -> dict[int, tuple[str, str]]:
    """GUID and name of each tenant, by number."""
    return {
        pk: (str(tenant_id), name)
        for pk, tenant_id, name in portfolio.tenants.values_list("pk", "tenant_id", "name")
    }
