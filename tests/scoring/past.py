"""A firm's facts over many months, written to the database as an import would leave them."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import F
from django.utils import timezone

from partners.models import Partner
from scoring import facts, history, months
from scoring.models import (
    Association,
    Certificate,
    MonthOfData,
    Portfolio,
    Tenant,
    UsageMonth,
)
from scoring.people import Certificate as Held
from tests.scoring.worlds import Row, claims, guid

OLD = date(2022, 1, 15)
# With them SMB passes as soon as the tenants do: 10 points and 15.
PEOPLE = [
    Held("mcp:1", "Ada Ohm", "", "MS-102", date(2022, 1, 31), date(2030, 1, 31)),
    Held("mcp:1", "Ada Ohm", "", "MS-700", date(2022, 1, 31), date(2030, 1, 31)),
    Held("mcp:2", "Bo Ek", "", "MS-700", date(2022, 1, 31), date(2030, 1, 31)),
]


def span(first: str, last: str) -> list[str]:
    """The labels of the months from ``first`` to ``last``."""
    numbers = range(months.parse_label(first), months.parse_label(last) + 1)
    return [months.label(month) for month in numbers]


def growing(labels: Iterable[str], small: Iterable[str] = (), count: int = 10) -> list[Row]:
    """Tenants that earn SMB 75 points in ``labels``; in ``small`` they are too small to count."""
    usage = dict.fromkeys(small, (9, 2)) | dict.fromkeys(labels, (50, 60))
    return [Row(f"Kunde {n:03d}", usage=usage, begins_on=OLD) for n in range(count)]


def store(partner: Partner, rows: Sequence[Row], people: Iterable[Held] = PEOPLE) -> Portfolio:
    """Replace all facts of a firm; its history is left behind, as by any import."""
    portfolio = facts.portfolio_of(partner)
    for model in (UsageMonth, Association, Certificate, MonthOfData):
        model.objects.filter(portfolio=portfolio).delete()
    ids: dict[str, int] = {}
    for name in sorted({row.tenant for row in rows}):
        tenant, _ = Tenant.objects.get_or_create(
            portfolio=portfolio, tenant_id=guid(name), defaults={"name": name}
        )
        ids[name] = tenant.pk
    for row in rows:
        (claim,) = claims([row])
        tenant_id = ids[row.tenant]
        key = {"portfolio": portfolio, "tenant_id": tenant_id}
        key |= {"workload": claim.workload, "option": claim.option}
        Association.objects.create(
            **key,
            begins=claim.begins,
            ends=claim.ends,
            begins_on=claim.begins_on,
            ended_on=claim.ended_on,
            state=claim.state,
            baseline_month=claim.baseline_month,
            baseline_seats=claim.baseline_seats,
            baseline_users=claim.baseline_users,
        )
        UsageMonth.objects.bulk_create(
            UsageMonth(**key, month=months.parse_label(label), seats=seats, users=users)
            for label, (seats, users) in row.usage.items()
        )
    for label in {label for row in rows for label in row.usage}:
        MonthOfData.objects.create(
            portfolio=portfolio, month=months.parse_label(label), imported_at=timezone.now()
        )
    for held in people:
        Certificate.objects.create(
            portfolio=portfolio,
            person_key=held.person,
            certification=held.certification,
            completed_on=held.completed_on,
            expires_on=held.expires_on,
            person_name=held.name,
            email=held.email,
            is_linked=held.is_linked,
        )
    Portfolio.objects.filter(pk=portfolio.pk).update(version=F("version") + 1)
    portfolio.refresh_from_db()
    return portfolio


def remember(partner: Partner, rows: Sequence[Row], people: Iterable[Held] = PEOPLE) -> Portfolio:
    """``store``, and the history brought up to date."""
    portfolio = store(partner, rows, people)
    history.refresh(portfolio.pk)
    portfolio.refresh_from_db()
    return portfolio
