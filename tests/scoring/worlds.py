"""Small worlds: rows a test writes down, as the pure facts and as the files a partner exports."""

import csv
import io
import uuid
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape

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


EMS_HEADER = (
    "CustomerTenantId,CustomerName,Month,MPNID,PartnerLocationID,PartnerAttributionType,"
    "IntunePaidAvailableUnits,IntuneMonthlyActiveUsers"
).split(",")


def ems(rows: Iterable[Row]) -> bytes:
    """An EMSUsage export: each row is a subscription of its tenant, whatever its workload."""
    lines = []
    for row in rows:
        for label, (seats, users) in row.usage.items():
            lines.append(
                {
                    "CustomerTenantId": guid(row.tenant),
                    "CustomerName": row.tenant,
                    "Month": f"{label}-01",
                    "MPNID": "1234567",
                    "PartnerLocationID": row.location,
                    "PartnerAttributionType": OPTION_VALUES.get(row.option, row.option),
                    "IntunePaidAvailableUnits": seats,
                    "IntuneMonthlyActiveUsers": users,
                }
            )
    return table(EMS_HEADER, lines)


CLAIMS_HEADER = (
    "ClaimId,CustomerTenantId,CustomerName,WorkloadName,ClaimStatus,DateAssociated,DateEnded"
).split(",")


def claims_export(rows: Iterable[Row], state: str = "Approved") -> bytes:
    """An export of claims: associations with their dates and state, without figures."""
    return table(
        CLAIMS_HEADER,
        [
            {
                "ClaimId": f"C-{number}",
                "CustomerTenantId": guid(row.tenant),
                "CustomerName": row.tenant,
                "WorkloadName": row.workload,
                "ClaimStatus": state,
                "DateAssociated": row.begins_on or "",
                "DateEnded": row.ended_on or "",
            }
            for number, row in enumerate(rows, 1)
        ],
    )


# ---- Workbooks -----------------------------------------------------------------------------------

Cell = str | int | float | bool | date | None
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = (
    f'<styleSheet xmlns="{SHEET}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>"
)


def xlsx(
    sheets: Mapping[str, Iterable[Sequence[Cell]]], *, parts: Mapping[str, str] | None = None
) -> bytes:
    """A workbook; ``parts`` go into the package as they are, instead of its own of that name."""
    names = list(sheets)
    content = {
        "xl/styles.xml": STYLES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" '
        f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{LINKS}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"/>'
            for number, name in enumerate(names, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="s" Type="{LINKS}/styles" Target="styles.xml"/>'
        + "".join(
            f'<Relationship Id="r{number}" Type="{LINKS}/worksheet" '
            f'Target="worksheets/s{number}.xml"/>'
            for number, _ in enumerate(names, 1)
        )
        + "</Relationships>",
    }
    for number, name in enumerate(names, 1):
        rows = "".join(
            f'<row r="{line}">{"".join(map(_cell, row, range(len(row)), [line] * len(row)))}</row>'
            for line, row in enumerate(sheets[name], 1)
        )
        content[f"xl/worksheets/s{number}.xml"] = (
            f'<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>'
        )
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    content["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/></Types>'
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for path, text in (content | dict(parts or {})).items():
            package.writestr(path, text)
    return packed.getvalue()


def _cell(value: Cell, column: int, line: int) -> str:
    place = f"{_letters(column)}{line}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        day = value - datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet has no zones
        return f'<c r="{place}" s="2"><v>{day.days + day.seconds / 86400!r}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _letters(column: int) -> str:
    """The name of a sheet's column: A, B ... Z, AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
