"""The same engine as a careful Django developer would first write it, on conventional tables.

Surrogate ids, foreign keys with their indexes, unique constraints, dates as dates; ``bulk_create``
in batches, a fixed number of queries a score, and the judging on model instances.
"""

import csv
import datetime
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, Sum

from bench.scoring import worlds

BATCH = 2_000


class Firm(models.Model):
    name = models.CharField(max_length=200)

    class Meta:
        app_label = "bench"


class Customer(models.Model):
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="customers")
    tenant_id = models.UUIDField()
    name = models.CharField(max_length=200)

    class Meta:
        app_label = "bench"
        constraints = [
            models.UniqueConstraint(fields=["firm", "tenant_id"], name="bench_customer_once")
        ]


class Workload(models.Model):
    name = models.CharField(max_length=100, unique=True)
    is_eligible = models.BooleanField(default=True)

    class Meta:
        app_label = "bench"


class Claim(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    workload = models.ForeignKey(Workload, on_delete=models.PROTECT)
    option = models.CharField(max_length=10)
    begins_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    first_month = models.DateField()

    class Meta:
        app_label = "bench"
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "workload", "option"], name="bench_claim_once"
            )
        ]

    @property
    def begins(self) -> datetime.date:
        return (self.begins_on or self.first_month).replace(day=1)

    def held(self, month: datetime.date) -> bool:
        return self.begins <= month and (
            self.ended_on is None or self.ended_on.replace(day=1) >= month
        )


class Usage(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    workload = models.ForeignKey(Workload, on_delete=models.PROTECT)
    option = models.CharField(max_length=10)
    month = models.DateField()
    seats = models.PositiveIntegerField()
    users = models.PositiveIntegerField()

    class Meta:
        app_label = "bench"
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "workload", "option", "month"], name="bench_usage_once"
            )
        ]

    @property
    def key(self) -> tuple[int, int, str]:
        return (self.customer_id, self.workload_id, self.option)

    @property
    def is_deployed(self) -> bool:
        return self.seats > 0 and self.users * 10 >= self.seats * 4


class StoredScore(models.Model):
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE)
    computed_at = models.DateTimeField(auto_now_add=True)
    counts = models.JSONField()
    is_explained = models.BooleanField()

    class Meta:
        app_label = "bench"


class StoredContribution(models.Model):
    score = models.ForeignKey(StoredScore, on_delete=models.CASCADE)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    track = models.CharField(max_length=20)
    metric = models.CharField(max_length=40)
    option = models.CharField(max_length=10)
    now = models.IntegerField()
    then = models.IntegerField()

    class Meta:
        app_label = "bench"


MODELS: list[type[models.Model]] = [
    Firm,
    Customer,
    Workload,
    Claim,
    Usage,
    StoredScore,
    StoredContribution,
]
TRACKS = {"enterprise": (301, None, ("CPOR", "DPOR")), "smb": (11, 300, ("CPOR", "CSP"))}


def create_tables() -> None:
    with connection.schema_editor() as editor:
        for model in MODELS:
            editor.create_model(model)
    Workload.objects.bulk_create(
        [
            *(Workload(name=name) for name in worlds.WORKLOADS),
            Workload(name="Power BI", is_eligible=False),
        ]
    )


def month_day(month: int) -> datetime.date:
    return datetime.date(month // 12, month % 12 + 1, 1)


LAST, COMPARISON = month_day(worlds.LAST_MONTH), month_day(worlds.FIRST_MONTH)


# ---- Import --------------------------------------------------------------------------------------


@transaction.atomic
def import_file(firm: Firm, path: Path) -> int:
    """Take an OfficeUsage export; its number of rows."""
    workloads = dict(Workload.objects.values_list("name", "pk"))
    usage: dict[tuple[str, int, str, datetime.date], tuple[int, int]] = {}
    claims: dict[tuple[str, int, str], tuple[datetime.date | None, datetime.date | None]] = {}
    names: dict[str, str] = {}
    rows = 0
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            rows += 1
            option = worlds.OPTIONS.get(row["PartnerAttributionType"])
            if option is None:
                continue
            tenant = row["CustomerTenantId"]
            names[tenant] = row["CustomerName"]
            claim = (tenant, workloads[row["WorkloadName"]], option)
            claims[claim] = (_day(row["DateAssociated"]), _day(row["DateEnded"]))
            key = (*claim, datetime.date.fromisoformat(row["Month"]))
            seats, users = int(row["PaidAvailableUnits"]), int(row["MonthlyActiveUsers"])
            before = usage.get(key, (0, 0))
            usage[key] = (max(seats, before[0]), max(users, before[1]))

    Customer.objects.bulk_create(
        [Customer(firm=firm, tenant_id=tenant, name=name) for tenant, name in names.items()],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["firm", "tenant_id"],
        update_fields=["name"],
    )
    customers = {str(key): pk for key, pk in firm.customers.values_list("tenant_id", "pk")}
    _store_claims(firm, usage, claims, customers)
    Usage.objects.bulk_create(
        [
            Usage(
                customer_id=customers[tenant],
                workload_id=workload,
                option=option,
                month=month,
                seats=seats,
                users=users,
            )
            for (tenant, workload, option, month), (seats, users) in usage.items()
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["customer", "workload", "option", "month"],
        update_fields=["seats", "users"],
    )
    return rows


def _store_claims(
    firm: Firm,
    usage: dict[tuple[str, int, str, datetime.date], tuple[int, int]],
    claims: dict[tuple[str, int, str], tuple[datetime.date | None, datetime.date | None]],
    customers: dict[str, int],
) -> None:
    first: dict[tuple[str, int, str], datetime.date] = {}
    for tenant, workload, option, month in usage:
        claim = (tenant, workload, option)
        first[claim] = min(first.get(claim, month), month)
    known = {
        (claim.customer_id, claim.workload_id, claim.option): claim
        for claim in Claim.objects.filter(customer__firm=firm)
    }
    new, changed = [], []
    for (tenant, workload, option), (begins_on, ended_on) in claims.items():
        month = first[tenant, workload, option]
        old = known.get((customers[tenant], workload, option))
        if old is None:
            new.append(
                Claim(
                    customer_id=customers[tenant],
                    workload_id=workload,
                    option=option,
                    begins_on=begins_on,
                    ended_on=ended_on,
                    first_month=month,
                )
            )
        elif month < old.first_month or (begins_on, ended_on) != (old.begins_on, old.ended_on):
            old.first_month = min(month, old.first_month)
            old.begins_on, old.ended_on = begins_on or old.begins_on, ended_on or old.ended_on
            changed.append(old)
    Claim.objects.bulk_create(new, batch_size=BATCH)
    Claim.objects.bulk_update(changed, ["first_month", "begins_on", "ended_on"], batch_size=200)


def _day(cell: str) -> datetime.date | None:
    return datetime.date.fromisoformat(cell) if cell else None


# ---- Score ---------------------------------------------------------------------------------------


def judge(firm: Firm) -> list[StoredContribution]:
    """The contributions of a firm's tenants, judged from its facts in four queries."""
    own = Q(customer__firm=firm, workload__is_eligible=True)
    claims = list(Claim.objects.filter(own).order_by("customer_id"))
    now: dict[tuple[int, int, str], Usage] = {}
    then: dict[tuple[int, int, str], Usage] = {}
    for usage in Usage.objects.filter(own, month__in=[LAST, COMPARISON]):
        (now if usage.month == LAST else then)[usage.key] = usage
    recent = Claim.objects.filter(
        Q(begins_on__gt=_end_of(COMPARISON)) | Q(begins_on=None, first_month__gt=COMPARISON),
        customer=OuterRef("customer"),
        workload=OuterRef("workload"),
        option=OuterRef("option"),
    )
    since: dict[tuple[int, int, str], list[Usage]] = defaultdict(list)
    later = Usage.objects.filter(own, Exists(recent), month__gt=COMPARISON)
    for usage in later.order_by("month"):
        since[usage.key].append(usage)

    made: list[StoredContribution] = []
    for customer, group in groupby(claims, key=attrgetter("customer_id")):
        rows = []
        for claim in group:
            key = (claim.customer_id, claim.workload_id, claim.option)
            before = None
            if claim.begins > COMPARISON:
                before = next((u for u in since[key] if u.month >= claim.begins), None)
            rows.append(
                (
                    claim,
                    now.get(key) if claim.held(LAST) else None,
                    then.get(key) if claim.held(COMPARISON) else None,
                    before,
                )
            )
        made.extend(_judge_customer(customer, rows))
    return made


def _end_of(month: datetime.date) -> datetime.date:
    """The last day of a month."""
    return (month + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)


Row = tuple[Claim, Usage | None, Usage | None, Usage | None]


def _judge_customer(customer: int, rows: list[Row]) -> Iterator[StoredContribution]:
    for track, (low, high, options) in TRACKS.items():

        def row(metric: str, option: str, now: int, then: int, track: str = track) -> Any:
            return StoredContribution(
                customer_id=customer, track=track, metric=metric, option=option, now=now, then=then
            )

        def in_band(usage: Usage | None, low: int = low, high: int | None = high) -> bool:
            return (
                usage is not None and usage.seats >= low and (high is None or usage.seats <= high)
            )

        accepted = [item for item in rows if item[0].option in options]
        eligible_now = any(in_band(now) for _claim, now, _then, _before in accepted)
        eligible_then = any(in_band(then) for _claim, _now, then, _before in accepted)
        yield row("net_customer_adds", "", int(eligible_now), int(eligible_then))
        for option in options:
            own = [item for item in accepted if item[0].option == option]
            if not own:
                continue
            users_now = users_then = 0
            deployed_now = deployed_then = False
            for claim, now, then, before in own:
                if eligible_now and now is not None:
                    users_now += now.users
                    if before is not None:
                        users_then += before.users
                    above = (
                        before is not None
                        and before.seats > 0
                        and before.users * 10 > before.seats * 4
                    )
                    deployed_now |= now.is_deployed and not above
                if eligible_then and then is not None:
                    if claim.begins <= COMPARISON:
                        users_then += then.users
                    deployed_then |= then.is_deployed
            yield row("usage_growth", option, users_now, users_then)
            yield row("deployments", option, int(deployed_now), int(deployed_then))


def count(contributions: list[StoredContribution]) -> dict[str, int]:
    """The values of the data metrics as ``track metric [option]``."""
    found = {f"{track} net_customer_adds": 0 for track in TRACKS}
    for track, (_low, _high, options) in TRACKS.items():
        for option in options:
            found |= {f"{track} usage_growth {option}": 0, f"{track} deployments {option}": 0}
    for row in contributions:
        found[f"{row.track} {row.metric} {row.option}".strip()] += row.now - row.then
    return found


def counts(firm: Firm) -> dict[str, int]:
    return count(judge(firm))


@transaction.atomic
def score(firm: Firm, *, explained: bool) -> dict[str, int]:
    """Compute the counts and store them, with every contribution when it shall be explained."""
    contributions = judge(firm)
    found = count(contributions)
    stored = StoredScore.objects.create(firm=firm, counts=found, is_explained=explained)
    if explained:
        for row in contributions:
            row.score = stored
        StoredContribution.objects.bulk_create(contributions, batch_size=BATCH)
    return found


def stored_sums(firm: Firm) -> dict[str, int]:
    """The newest stored score of a firm, as the sum of its stored contributions."""
    stored = StoredScore.objects.filter(firm=firm, is_explained=True).latest("pk")
    sums = StoredContribution.objects.filter(score=stored).values("track", "metric", "option")
    return {
        f"{row['track']} {row['metric']} {row['option']}".strip(): row["value"]
        for row in sums.annotate(value=Sum(F("now") - F("then")))
    }


@transaction.atomic
def change_one(firm: Firm, tenant_id: str, users: int) -> dict[str, int]:
    """One customer's figure of the last month changes; the new counts, stored."""
    usage = Usage.objects.filter(
        customer__firm=firm, customer__tenant_id=tenant_id, month=LAST
    ).order_by("pk")[0]
    usage.users = users
    usage.save(update_fields=["users"])
    return score(firm, explained=False)


# ---- A full table, quickly -----------------------------------------------------------------------


def fill(world: worlds.Firm, last: int) -> Firm:
    """Store a firm's months up to ``last`` as ``import_file`` would. Not measured, so done raw."""
    firm = Firm.objects.create(name=f"Firma {world.number}")
    workloads = dict(Workload.objects.values_list("name", "pk"))
    guids = dict.fromkeys(claim.guid for claim in world.claims)
    Customer.objects.bulk_create(
        [Customer(firm=firm, tenant_id=guid, name=f"Kunde {guid[:8]}") for guid in guids],
        batch_size=BATCH,
    )
    customers = {str(key): pk for key, pk in firm.customers.values_list("tenant_id", "pk")}
    claims: list[tuple[Any, ...]] = []
    usage: list[tuple[Any, ...]] = []
    for claim in world.claims:
        option = worlds.OPTIONS.get(claim.attribution)
        if option is None or claim.first > last:
            continue
        key = (customers[claim.guid], workloads[claim.workload], option)
        first = month_day(claim.first)
        claims.append((*key, _day(claim.begins_on), _day(claim.ended_on), first))
        usage += [
            (*key, month_day(month), *claim.figures(month))
            for month in range(claim.first, min(claim.last, last) + 1)
        ]
    usage.sort(key=lambda row: row[3])  # month by month, as such a table grows
    _insert(Claim, claims)
    _insert(Usage, usage)
    return firm


def _insert(model: type[models.Model], rows: list[tuple[Any, ...]]) -> None:
    columns = [str(field.column) for field in model._meta.concrete_fields[1:]]
    names = ", ".join(columns)
    table = model._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join("?" * len(columns))
            raw = connection.connection
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
            with closing(raw.cursor()) as own:
                own.executemany(statement, (tuple(map(_cell, row)) for row in rows))
            return
        cursor.execute("SHOW is_superuser")
        if cursor.fetchone()[0] == "on":  # the keys are right, and looking each up takes a minute
            cursor.execute("SET LOCAL session_replication_role = replica")
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            remaining = iter(rows)
            while part := list(islice(remaining, 10_000)):
                text = StringIO()
                for row in part:
                    line = "\t".join("\\N" if cell is None else str(cell) for cell in row)
                    text.write(f"{line}\n")
                copy.write(text.getvalue())


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime.date) else value
