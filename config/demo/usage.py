"""Partner Center exports of firms that do not exist: twenty-two months, made anew for any day.

The files have the columns that Microsoft documents and pass through the portal's own import, so the
demo shows what a partner's own file would show. Numbers at the two months that a score compares are
given exactly; between them and before they run straight, with a small ripple, so that earlier
months have a score as well.
"""

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = 14  # with the index 0 and on: in these something may begin or end
EARLIER = 8  # before them, with the indexes -8 to -1, of what was there all along
LAST = MONTHS - 1  # index of the newest month
COMPARISON = LAST - 12


@dataclass(frozen=True)
class Service:
    """One workload at a customer: seats, and active users in the comparison and the last month."""

    workload: str
    attribution: str
    seats: int
    then: int
    now: int
    since: int = 0  # index of the first month with a row; 0: there all along
    until: int = LAST


@dataclass(frozen=True)
class Customer:
    name: str
    services: tuple[Service, ...]
    market: str = "DE"

    @property
    def tenant_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.customer.handschlag.example"))


@dataclass(frozen=True)
class Certified:
    """A certification, dated from the day of the demo so that the story never grows old."""

    name: str
    email: str
    title: str
    days_ago: int
    valid_days: int | None = 365  # None: does not expire
    is_linked: bool = True  # False: has left the firm


@dataclass(frozen=True)
class Claimed:
    """A CPOR claim that Microsoft has not approved (yet), as the export of claims has it."""

    customer: Customer
    workload: str
    state: str


def first_day(last: date, index: int) -> date:
    """The first day of the month with that index; ``last`` lies in the newest."""
    number = last.year * 12 + last.month - 1 - LAST + index
    return date(number // 12, number % 12 + 1, 1)


def active_users(service: Service, month: int) -> int:
    """Active users of ``service`` in the month with that index."""
    begin = max(service.since, COMPARISON) if service.since else COMPARISON
    if month in (begin, LAST) or begin == LAST:
        return service.now if month == LAST else service.then
    share = (month - begin) / (LAST - begin)
    ripple = (month * 7 + service.seats) % 3 - 1
    return max(0, round(service.then + (service.now - service.then) * share) + ripple)


def _csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def office_usage(customers: Iterable[Customer], *, last: date, mpn_id: str, partner: str) -> bytes:
    """The "Office 365 license usage report" of one firm, newest month ``last``."""

    def rows() -> Iterator[tuple[object, ...]]:
        for customer in customers:
            for service in customer.services:
                for index in range(service.since or -EARLIER, service.until + 1):
                    yield (
                        customer.tenant_id,
                        "",
                        service.workload,
                        first_day(last, index).isoformat(),
                        service.seats,
                        active_users(service, index),
                        customer.name,
                        customer.market,
                        "Small, Medium & Corporate",
                        mpn_id,
                        partner,
                        mpn_id,
                        service.attribution,
                        0,
                    )

    header = (
        "CustomerTenantId CustomerTpid WorkloadName Month PaidAvailableUnits MonthlyActiveUsers "
        "CustomerName CustomerMarket CustomerSegment MPNId PartnerName PartnerLocationID "
        "PartnerAttributionType IsDuplicateRowForPGA"
    ).split()
    return _csv(header, rows())


def cpor_claims(customers: Iterable[Customer], *, last: date, mpn_id: str) -> bytes:
    """The CPOR-M365 report of the same firm and month, which has the dates of the claims."""

    def rows() -> Iterator[tuple[object, ...]]:
        for customer in customers:
            for service in customer.services:
                if service.attribution != "CPOR" or service.until < LAST:
                    continue
                begun = first_day(last, service.since)
                # Claims that were there all along are older than the file.
                claimed = begun if service.since else begun.replace(year=begun.year - 1, day=12)
                yield (
                    customer.tenant_id,
                    customer.name,
                    service.workload,
                    service.now,
                    service.seats,
                    uuid.uuid5(uuid.NAMESPACE_DNS, customer.tenant_id + service.workload).hex[:10],
                    mpn_id,
                    claimed.isoformat(),
                    "CPOR",
                    last.isoformat(),
                )

    header = (
        "CustomerTenantId CustomerName WorkloadName MonthlyActiveUsers PaidAvailableUnits ClaimId "
        "MpnId DateAssociated PartnerAttributionType Date"
    ).split()
    return _csv(header, rows())


def claims_export(claimed: Iterable[Claimed]) -> bytes:
    """The export of a firm's claims, with the states Partner Center shows."""
    rows = (
        (
            f"C-{number:05}",
            one.customer.tenant_id,
            one.customer.name,
            one.workload,
            one.state,
        )
        for number, one in enumerate(claimed, start=1)
    )
    return _csv("ClaimId CustomerTenantId CustomerName WorkloadName ClaimStatus".split(), rows)


def training_completions(
    people: Iterable[Certified], *, today: date, mpn_id: str, partner: str
) -> bytes:
    """The "Trainings, exams and certifications" report of one firm."""

    def rows() -> Iterator[tuple[object, ...]]:
        for number, person in enumerate(people, start=1):
            first, _, family = person.name.partition(" ")
            completed = today - timedelta(days=person.days_ago)
            expires = "NA"
            if person.valid_days is not None:
                expires = (completed + timedelta(days=person.valid_days)).isoformat()
            mcp_id = int(uuid.uuid5(uuid.NAMESPACE_DNS, person.email).hex[:7], 16)
            yield (
                mpn_id,
                f"TA-{number:04}",
                person.title,
                "Certification",
                first,
                family,
                person.email,
                person.email,
                completed.isoformat(),
                expires,
                "Active" if person.is_linked else "Inactive",
                completed.isoformat()[:7],
                "1",
                mcp_id,
                mpn_id,
                partner,
                "",
                "Germany",
            )

    header = (
        "PGAMpnId TrainingActivityId TrainingTitle TrainingType IndividualFirstName "
        "IndividualLastName Email CorpEmail TrainingCompletionDate ExpirationDate ActivationStatus "
        "Month IcMCP MCPID MpnId PartnerName PartnerCityLocation PartnerCountryLocation"
    ).split()
    return _csv(header, rows())
