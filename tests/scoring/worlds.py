"""Small worlds: rows a test writes down, as the pure facts and as the files a partner exports."""

import csv
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from scoring import months, rule_sets
from scoring.explaining import Explainer, Line, people_lines
from scoring.judging import NO_END, Claim, Months
from scoring.people import Certificate, judge_people
from scoring.rules import RuleSet

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


def number(name: str) -> int:
    """The same tenant number for the same name, in the order of the names' GUIDs."""
    return int(guid(name).replace("-", "")[:7], 16)


def claims(rows: Iterable[Row], pair: Months = PAIR) -> list[Claim]:
    """The facts, put together without any of the product's reading and storing.

    Workloads that no rule set knows have the number 0. One interval a claim.
    """
    names = rule_sets.vocabulary()
    options = {value: key for key, value in OPTION_VALUES.items()} | {"CSP Tier 2": "CSP"}
    merged: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        key = (row.tenant, WORKLOADS[row.workload], options.get(row.option, row.option))
        merged.setdefault(key, []).append(row)
    found = []
    for (tenant, workload, option), same in merged.items():
        usage: dict[int, tuple[int, int]] = {}
        for row in same:
            for label, (seats, users) in row.usage.items():
                month = months.parse_label(label)
                old = usage.get(month, (0, 0))
                usage[month] = (max(old[0], seats), max(old[1], users))
        begins_on = min((row.begins_on for row in same if row.begins_on), default=None)
        ended_on = max((row.ended_on for row in same if row.ended_on), default=None)
        begins = months.number(begins_on) if begins_on else min(usage)
        first = min((month for month in usage if month >= begins), default=None)
        found.append(
            Claim(
                number(tenant),
                names.workload_numbers.get(workload, 0),
                names.option_numbers[option],
                begins,
                months.number(ended_on) if ended_on else NO_END,
                begins_on=begins_on.isoformat() if begins_on else None,
                ended_on=ended_on.isoformat() if ended_on else None,
                baseline_month=first,
                baseline_seats=usage[first][0] if first else None,
                baseline_users=usage[first][1] if first else None,
                now_seats=usage[pair.last][0] if pair.last in usage else None,
                now_users=usage[pair.last][1] if pair.last in usage else None,
                then_seats=usage[pair.comparison][0] if pair.comparison in usage else None,
                then_users=usage[pair.comparison][1] if pair.comparison in usage else None,
            )
        )
    return found


def judged(rows: Iterable[Row], rule_set: RuleSet, pair: Months = PAIR) -> list[Line]:
    """The lines of the tenants of ``rows``."""
    return list(Explainer(rule_set, pair).lines(claims(rows, pair)))


def judged_people(
    certificates: Iterable[Certificate], rule_set: RuleSet, as_of: date = AS_OF
) -> list[Line]:
    return list(people_lines(judge_people(certificates, rule_set, as_of), rule_set))


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
