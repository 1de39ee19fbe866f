"""Small worlds: rows a test writes down, as the pure facts and as the files a partner exports."""

import csv
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from scoring import months
from scoring.judging import Certificate, Claim, Months, Usage

AS_OF = date(2025, 3, 25)
PAIR = Months(months.parse_label("2025-02"), months.parse_label("2024-02"))
OPTION_VALUES = {"CPOR": "CPOR", "DPOR": "DPOR", "CSP": "CSP Tier 1"}


def guid(name: str) -> str:
    """The same GUID for the same name, everywhere."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@dataclass(frozen=True)
class Row:
    """One claim and its figures by month: ``usage={"2025-02": (seats, users)}``."""

    tenant: str = "Contoso"
    workload: str = "Exchange"
    option: str = "CPOR"  # an option's key, or any value that a file may have
    usage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    begins_on: date | None = None
    ended_on: date | None = None
    location: str = "1000001"


WORKLOADS = {
    "Exchange": "exchange",
    "Teams": "teams",
    "SharePoint": "sharepoint",
    "Intune": "intune",
    "M365 Copilot": "m365_copilot",
    "Teams Premium": "teams_premium",
    "Skype for Business": "skype",
}


def claims(rows: Iterable[Row], pair: Months = PAIR) -> list[Claim]:
    """The facts, put together without any of the product's reading and storing."""
    options = {value: key for key, value in OPTION_VALUES.items()} | {"CSP Tier 2": "CSP"}
    merged: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        key = (row.tenant, WORKLOADS[row.workload], options.get(row.option, row.option))
        merged.setdefault(key, []).append(row)
    found = []
    for (tenant, workload, option), same in merged.items():
        usage: dict[int, Usage] = {}
        for row in same:
            for label, (seats, users) in row.usage.items():
                month = months.parse_label(label)
                old = usage.get(month, Usage(0, 0))
                usage[month] = Usage(max(old.seats, seats), max(old.users, users))
        begins_on = min((row.begins_on for row in same if row.begins_on), default=None)
        ended_on = max((row.ended_on for row in same if row.ended_on), default=None)
        begins = months.number(begins_on) if begins_on else min(usage)
        at_claim = min((month for month in usage if month >= begins), default=None)
        found.append(
            Claim(
                tenant=guid(tenant),
                workload=workload,
                option=option,
                begins_on=begins_on,
                first_month=min(usage),
                ended_on=ended_on,
                now=usage.get(pair.last),
                then=usage.get(pair.comparison),
                at_claim=None if at_claim is None else usage[at_claim],
                at_claim_month=at_claim,
            )
        )
    return found


USAGE_HEADER = (
    "CustomerTenantId,CustomerTpid,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
    "CustomerName,CustomerMarket,CustomerSegment,MPNId,PartnerName,PartnerLocationID,"
    "PartnerAttributionType,IsDuplicateRowForPGA,DateAssociated,DateEnded"
).split(",")


def office_usage(rows: Iterable[Row]) -> bytes:
    """The same rows as an OfficeUsage export, completed by hand with the dates."""
    lines = []
    for row in rows:
        for label, (seats, users) in row.usage.items():
            lines.append(
                {
                    "CustomerTenantId": guid(row.tenant),
                    "WorkloadName": row.workload,
                    "Month": f"{label}-01",
                    "PaidAvailableUnits": seats,
                    "MonthlyActiveUsers": users,
                    "CustomerName": row.tenant,
                    "MPNId": "1234567",
                    "PartnerLocationID": row.location,
                    "PartnerAttributionType": OPTION_VALUES.get(row.option, row.option),
                    "IsDuplicateRowForPGA": 0,
                    "DateAssociated": row.begins_on or "",
                    "DateEnded": row.ended_on or "",
                }
            )
    return table(USAGE_HEADER, lines)


TRAINING_HEADER = (
    "PGAMpnId,TrainingActivityId,TrainingTitle,TrainingType,IndividualFirstName,"
    "IndividualLastName,Email,CorpEmail,TrainingCompletionDate,ExpirationDate,ActivationStatus,"
    "Month,IcMCP,MCPID,MpnId,PartnerName,PartnerCityLocation,PartnerCountryLocation"
).split(",")


def training(certificates: Iterable[Certificate]) -> bytes:
    """Certificates as a TrainingCompletions export."""
    from scoring import rule_sets

    titles = {
        certification.key: certification.title
        for rule_set in rule_sets.all_sets()
        for certification in rule_set.certifications.values()
    }
    lines = []
    for row in certificates:
        kind, _, identifier = row.person.partition(":")
        first, _, last = row.name.partition(" ")
        lines.append(
            {
                "TrainingTitle": titles.get(row.certification, row.certification),
                "TrainingType": "Certification",
                "IndividualFirstName": first,
                "IndividualLastName": last,
                "CorpEmail": row.email,
                "TrainingCompletionDate": row.completed_on,
                "ExpirationDate": row.expires_on or "NA",
                "ActivationStatus": "Active" if row.is_linked else "Inactive",
                "MCPID": identifier if kind == "mcp" else "",
            }
        )
    return table(TRAINING_HEADER, lines)


def table(
    header: Sequence[str], lines: Iterable[Mapping[str, object]], delimiter: str = ","
) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()
