import io
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scoring import months, rule_sets
from scoring.claim_states import ClaimState
from scoring.people import Certificate
from scoring.reading import cells, parsing
from scoring.reading.parsing import INTUNE_EMS, AssociationSaid, NotReadable, Said
from scoring.reasons import Fault
from tests.scoring.worlds import (
    TRAINING_HEADER,
    USAGE_HEADER,
    Row,
    claims_export,
    ems,
    guid,
    office_usage,
    table,
    training,
)

TODAY = date(2025, 3, 25)
NAMES = rule_sets.vocabulary()
EXCHANGE = NAMES.workload_numbers["exchange"]
OPTIONS = NAMES.option_numbers
TENANT = guid("Contoso")
HEX = TENANT.replace("-", "")
JANUARY = months.parse_label("2025-01")


def read(content: bytes, kind: str = parsing.AUTO, **options: Any) -> Said:
    return parsing.read(io.BytesIO(content), today=TODAY, kind=kind, **options)


def usage_file(
    *lines: str,
    header: str = "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,"
    "MonthlyActiveUsers,PartnerAttributionType",
) -> bytes:
    return "\r\n".join([header, *lines]).encode()


def rejections(parsed: Said) -> list[tuple[int, str, str, str]]:
    return [(bad.line, bad.column, bad.value, bad.reason.value) for bad in parsed.rejected]


Figures = dict[tuple[str, int, int, int], tuple[int, int]]


def figures(said: Said) -> Figures:
    """(seats, users) by name of the tenant or its GUID, workload, option and month."""
    found = {}
    for row in said.usage.to_pylist():
        tenant, name = said.tenants[row["tenant"]]
        key = (name or tenant, row["workload"], row["option"], row["month"])
        assert key not in found
        found[key] = (row["seats"], row["users"])
    return found


def one_usage(said: Said, option: str = "CPOR") -> dict[int, tuple[int, int]]:
    """The figures of Exchange by month, of the one tenant there is."""
    assert len(said.tenants) == 1
    return {
        month: figure
        for (_, workload, number, month), figure in figures(said).items()
        if workload == EXCHANGE and number == OPTIONS[option]
    }


def test_office_usage_is_read_whole() -> None:
    content = office_usage(
        [Row(usage={"2025-01": (50, 20)}, begins_on=date(2024, 5, 3), ended_on=date(2025, 1, 9))]
    )
    said = read(content)
    assert (said.kind, said.rows, said.rejected_count) == ("office-usage", 1, 0)
    assert said.tenants == [(HEX, "Contoso")]
    assert said.associations == {
        (0, EXCHANGE, OPTIONS["CPOR"]): AssociationSaid(
            [(date(2024, 5, 3), date(2025, 1, 9))], ClaimState.NOT_SAID
        )
    }
    assert figures(said) == {("Contoso", EXCHANGE, OPTIONS["CPOR"], JANUARY): (50, 20)}
    assert (said.months, said.rows_by_month) == ([JANUARY], {JANUARY: 1})


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(delimiter: str, encoding: str) -> None:
    line = {
        "CustomerTenantId": TENANT,
        "WorkloadName": "Exchange",
        "Month": "2025-01",
        "PaidAvailableUnits": 50,
        "MonthlyActiveUsers": 20,
        "CustomerName": "Müller, Söhne; Co",
        "PartnerAttributionType": "CPOR",
    }
    content = table(USAGE_HEADER, [line], delimiter=delimiter).decode().encode(encoding)
    parsed = read(content)
    assert parsed.rejected == []
    assert parsed.tenants == [(HEX, "Müller, Söhne; Co")]
    assert one_usage(parsed) == {JANUARY: (50, 20)}


def test_headers_are_matched_without_case_and_by_alias() -> None:
    content = usage_file(
        f"x,{TENANT},EXO,2025-01,50,20,DPOR",
        header="extra, customertenantid ,WORKLOADNAME,MonthKey,PaidAvailableUnits,"
        "Monthly Active Users,PartnerAttachType",
    )
    assert one_usage(read(content), "DPOR") == {JANUARY: (50, 20)}


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-01",
        "2025-01",
        "1/1/2025",
        "01/01/2025",
        "01.01.2025",
        "1.1.2025",
        "Jan-2025",
        "January 2025",
        "1 Jan 2025",
        "2025-01-01T00:00:00",
        "2025-01-01 00:00:00",
        "1/1/2025 12:00:00 AM",
        "20250101",
        "202501",
        "01/2025",
    ],
)
def test_months(text: str) -> None:
    assert one_usage(read(usage_file(f"{TENANT},Exchange,{text},50,20,CPOR"))) == {
        JANUARY: (50, 20)
    }


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-02-01", date(2025, 2, 1)),
        ("2/1/2025", date(2025, 2, 1)),
        ("01.02.2025", date(2025, 2, 1)),
        ("22 Aug 2021", date(2021, 8, 22)),
        ("Aug 22, 2021", date(2021, 8, 22)),
        ("3. März 2021", date(2021, 3, 3)),
        ("29.02.2024", date(2024, 2, 29)),
    ],
)
def test_days(text: str, day: date) -> None:
    assert cells.parse_day(text) == day


@pytest.mark.parametrize(
    "text", ["soon", "29.02.2025", "13/13/2025", "2025-13", "31.04.2024", "0001-01-01", "45689"]
)
def test_what_is_no_day_is_rejected(text: str) -> None:
    parsed = read(usage_file(f"{TENANT},Exchange,{text},50,20,CPOR"))
    assert rejections(parsed) == [(2, "Month", text, "not_a_date")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("0", 0),
        ("NA", 0),
        ("n/a", 0),
        ("1234", 1234),
        ('"1,234"', 1234),
        ("1.234", 1234),
        ("1 234", 1234),
        ("1'234", 1234),
        ('"1,234,567"', 1234567),
        ("12.0", 12),
        ('"1,234.00"', 1234),
    ],
)
def test_counts(text: str, number: int) -> None:
    parsed = read(usage_file(f"{TENANT},Exchange,2025-01,{text},20,CPOR"))
    assert one_usage(parsed) == {JANUARY: (number, 20)}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-5", "negative"),
        ("(5)", "negative"),
        ('"-1,234"', "negative"),
        ("five", "not_a_number"),
        ("12.5", "not_a_number"),
        ('"1,23"', "not_a_number"),
        ("1e3", "not_a_number"),
        ("NaN", "not_a_number"),
        ("--5", "not_a_number"),
        ("99999999999", "too_large"),
    ],
)
def test_what_is_no_count_is_rejected(text: str, fault: str) -> None:
    parsed = read(usage_file(f"{TENANT},Exchange,2025-01,{text},20,CPOR"))
    value = text.strip('"')
    assert rejections(parsed) == [(2, "PaidAvailableUnits", value, fault)]
    assert (parsed.usage.num_rows, parsed.tenants) == (0, [])


def test_every_bad_row_is_reported_with_its_place() -> None:
    good = f"{TENANT},Exchange,2025-01,50,20,CPOR"
    parsed = read(
        usage_file(
            good,
            "not-a-guid,Exchange,2025-01,50,20,CPOR",
            "",
            f"{TENANT},Exchange,2025-04,50,20,CPOR",
            f"{TENANT},Exchange,,50,20,CPOR",
            f"{TENANT},Exchange,2025-01,50,-1,CPOR",
            ",Exchange,2025-01,50,20,CPOR",
            f"{TENANT},Exchange,2025-01,50",
            f"{TENANT},,2025-01,50,20,CPOR",
            f"{TENANT},Exchange,2025-01,50,20,",
        )
    )
    assert rejections(parsed) == [
        (3, "CustomerTenantId", "not-a-guid", "not_a_guid"),
        (5, "Month", "2025-04", "future"),
        (6, "Month", "", "missing"),
        (7, "MonthlyActiveUsers", "-1", "negative"),
        (8, "CustomerTenantId", "", "missing"),
        (9, "", TENANT, "wrong_columns"),
        (10, "WorkloadName", "", "missing"),
        (11, "PartnerAttributionType", "", "missing"),
    ]
    assert (parsed.rows, parsed.rejected_count) == (9, 8)
    assert one_usage(parsed) == {JANUARY: (50, 20)}


def test_dates_of_an_association_are_checked() -> None:
    header = (
        "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
        "PartnerAttributionType,DateAssociated,DateEnded"
    )
    row = f"{TENANT},Exchange,2025-01,50,20,CPOR"
    parsed = read(
        usage_file(
            f"{row},2025-04-01,", f"{row},2024-05-01,2024-04-30", f"{row},soon,", header=header
        )
    )
    assert rejections(parsed) == [
        (2, "DateAssociated", "2025-04-01", "future"),
        (3, "DateEnded", "2024-04-30", "ended_before"),
        (4, "DateAssociated", "soon", "not_a_date"),
    ]


def test_rejections_are_kept_up_to_a_limit_and_counted_beyond() -> None:
    content = usage_file(*["x,Exchange,2025-01,50,20,CPOR"] * 600)
    parsed = read(content)
    assert (len(parsed.rejected), parsed.rejected_count) == (500, 600)


def test_what_no_designation_counts_is_listed_not_rejected() -> None:
    parsed = read(
        usage_file(
            "nobody,Power BI,whenever,-1,x,CPOR",
            "nobody,Skype for Business,whenever,-1,x,CPOR",
            "nobody,Power BI,whenever,-1,x,CPOR",
            "nobody,Exchange,whenever,-1,x,Advisor",
            f"{TENANT},Exchange,2025-01,50,20,CPOR",
        )
    )
    assert parsed.rejected == []
    assert parsed.unused == {
        ("workload", "Power BI"): 2,
        ("workload", "Skype for Business"): 1,
        ("association", "Advisor"): 1,
    }
    assert parsed.usage.num_rows == 1


def test_equal_rows_are_one_with_the_larger_figures() -> None:
    parsed = read(
        usage_file(
            f"{TENANT},Exchange,2025-01,50,20,CSP Tier 1",
            f"{{{TENANT.upper()}}},EXO,2025-01,40,30,CSP Tier2",
            f"{TENANT},Exchange,2025-01,10,5,CPOR",
        )
    )
    assert one_usage(parsed, "CSP") == {JANUARY: (50, 30)}
    assert one_usage(parsed, "CPOR") == {JANUARY: (10, 5)}
    assert (parsed.merged, parsed.rows_by_month) == (1, {JANUARY: 3})


def test_cpor_file_gives_the_dates_and_needs_no_association_column() -> None:
    content = usage_file(
        f"{TENANT},Contoso,Exchange,20,50,C-1,123,2024-05-03,2025-01-01",
        header="CustomerTenantId,CustomerName,WorkloadName,MonthlyActiveUsers,PaidAvailableUnits,"
        "ClaimId,MpnId,DateAssociated,Date",
    )
    parsed = read(content)
    assert parsed.kind == "cpor"
    assert one_usage(parsed) == {JANUARY: (50, 20)}
    (association,) = parsed.associations.values()
    assert association.intervals == [(date(2024, 5, 3), None)]


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["Submitted", "Approved", "Rejected"], ClaimState.APPROVED),
        (["Submitted", "", "Under Review"], ClaimState.UNDER_REVIEW),
        (["Under review", "Submitted", ""], ClaimState.SUBMITTED),
        (["Rejected Final"], ClaimState.REJECTED_FINAL),
        (["Waiting for Godot"], ClaimState.OTHER),
        (["", ""], ClaimState.NOT_SAID),
    ],
)
def test_state_of_a_claim_is_kept_and_its_figures_too(states: list[str], state: ClaimState) -> None:
    header = (
        "CustomerTenantId,WorkloadName,MonthlyActiveUsers,PaidAvailableUnits,ClaimId,"
        "DateAssociated,Date,ClaimStatus"
    )
    row = f"{TENANT},Exchange,20,50,C-1,2024-05-03,2025-01-01"
    said = read(usage_file(*(f"{row},{text}" for text in states), header=header))
    assert one_usage(said) == {JANUARY: (50, 20)}
    assert said.associations == {
        (0, EXCHANGE, OPTIONS["CPOR"]): AssociationSaid([(date(2024, 5, 3), None)], state)
    }
    assert said.unused == {
        ("claim state", text): 1 for text in states if text not in ("", "Approved")
    }


def test_dates_of_a_refused_claim_are_not_those_of_the_approved_one() -> None:
    header = "CustomerTenantId,WorkloadName,ClaimStatus,DateAssociated"
    said = read(
        usage_file(
            f"{TENANT},Exchange,Rejected,2023-01-05",
            f"{TENANT},Exchange,Approved,2024-05-03",
            header=header,
        )
    )
    (association,) = said.associations.values()
    assert association == AssociationSaid([(date(2024, 5, 3), None)], ClaimState.APPROVED)


def test_an_association_that_ended_may_come_back() -> None:
    claim = Row(begins_on=date(2023, 1, 5), ended_on=date(2023, 8, 31))
    again = Row(begins_on=date(2024, 5, 3))
    (association,) = read(claims_export([again, claim, claim])).associations.values()
    assert association.intervals == [
        (date(2023, 1, 5), date(2023, 8, 31)),
        (date(2024, 5, 3), None),
    ]


@pytest.mark.parametrize("end", ["9999-12-31", "NA", ""])
def test_an_end_that_never_comes_is_none(end: str) -> None:
    header = "CustomerTenantId,WorkloadName,ClaimStatus,DateAssociated,DateEnded"
    said = read(usage_file(f"{TENANT},Exchange,Approved,2024-05-03,{end}", header=header))
    (association,) = said.associations.values()
    assert association.intervals == [(date(2024, 5, 3), None)]


# ---- Claims and subscriptions --------------------------------------------------------------------


def test_claims_export_gives_associations_and_no_figures() -> None:
    rows = [
        Row("Contoso", "Exchange", begins_on=date(2024, 5, 3)),
        Row("Fabrikam", "Teams", begins_on=date(2024, 6, 1), ended_on=date(2025, 1, 31)),
        Row("Fabrikam", "Skype for Business", begins_on=date(2024, 6, 1)),
        Row("Contoso", "EXO"),
    ]
    said = read(claims_export(rows, "Submitted"))
    teams = NAMES.workload_numbers["teams"]
    assert said.kind == "claims"
    assert [name for _, name in said.tenants] == ["Contoso", "Fabrikam"]
    assert said.associations == {
        (0, EXCHANGE, 1): AssociationSaid([(date(2024, 5, 3), None)], ClaimState.SUBMITTED),
        (1, teams, 1): AssociationSaid(
            [(date(2024, 6, 1), date(2025, 1, 31))], ClaimState.SUBMITTED
        ),
    }
    assert (said.usage.num_rows, said.months, said.merged) == (0, [], 1)
    assert said.unused == {
        ("workload", "Skype for Business"): 1,
        ("claim state", "Submitted"): 3,
    }


def test_a_list_of_customers_without_dates_still_names_associations() -> None:
    header = "CustomerTenantId,WorkloadName"
    said = read(usage_file(f"{TENANT},Exchange", header=header), "claims")
    assert said.associations == {(0, EXCHANGE, 1): AssociationSaid([], ClaimState.NOT_SAID)}


def test_claims_may_have_figures_in_some_rows() -> None:
    header = (
        "CustomerTenantId,WorkloadName,ClaimStatus,PartnerAttributionType,Month,"
        "PaidAvailableUnits,MonthlyActiveUsers"
    )
    said = read(
        usage_file(
            f"{TENANT},Exchange,Approved,,2025-01,50,20",
            f"{TENANT},Teams,Approved,,,,",
            f"{TENANT},Exchange,Approved,DPOR,2025-01,60,30",
            header=header,
        ),
        "claims",
    )
    assert one_usage(said) == {JANUARY: (50, 20)}
    assert one_usage(said, "DPOR") == {JANUARY: (60, 30)}
    assert len(said.associations) == 3


def intune(said: Said, option: str) -> dict[int, tuple[int, int]]:
    assert {row["workload"] for row in said.usage.to_pylist()} <= {INTUNE_EMS}
    return {
        month: figure
        for (_, _, number, month), figure in figures(said).items()
        if number == OPTIONS[option]
    }


def test_subscriptions_of_intune_are_added_and_their_users_are_not() -> None:
    rows = [
        Row(option="CSP", usage={"2025-01": (50, 20)}),
        Row(option="CSP", usage={"2025-01": (30, 45), "2024-12": (5, 1)}),
        Row(option="DPOR", usage={"2025-01": (7, 3)}),
    ]
    said = read(ems(rows))
    assert said.kind == "ems"
    assert intune(said, "CSP") == {JANUARY - 1: (5, 1), JANUARY: (80, 45)}
    assert intune(said, "DPOR") == {JANUARY: (7, 3)}


def test_subscriptions_repeated_for_a_location_or_a_tier_count_once() -> None:
    two = [(50, 20), (30, 40)]
    rows = [
        Row(option=value, location=location, usage={"2025-01": figure})
        for value, location in (("CSP Tier 1", "1"), ("CSP Tier 1", "2"), ("CSP Tier 2", "1"))
        for figure in two
    ]
    assert intune(read(ems(rows)), "CSP") == {JANUARY: (80, 40)}


def test_subscriptions_with_an_id_count_once_each_whatever_repeats_them() -> None:
    header = (
        "SubscriptionId,CustomerTenantId,Month,PartnerAttributionType,PartnerLocationID,"
        "IntunePaidAvailableUnits,IntuneMonthlyActiveUsers"
    )
    said = read(
        usage_file(
            f"S-1,{TENANT},2025-01,CSP Tier 1,1,50,20",
            f"s-1,{TENANT},2025-01,CSP Tier 2,2,50,20",
            f"S-2,{TENANT},2025-01,CSP Tier 1,1,30,40",
            f"S-3,{TENANT},2025-01,CSP Tier 2,2,20,10",
            header=header,
        )
    )
    assert intune(said, "CSP") == {JANUARY: (100, 40)}


def test_sum_of_subscriptions_still_fits_a_column() -> None:
    rows = [Row(usage={"2025-01": (cells.LARGEST, 1)}) for _ in range(60)]
    assert intune(read(ems(rows)), "CPOR") == {JANUARY: (cells.LARGEST, 1)}


# ---- What comes out ------------------------------------------------------------------------------


def test_usage_is_sorted_and_typed() -> None:
    said = read(
        usage_file(
            f"{guid('B')},Teams,2025-01,1,1,CPOR",
            f"{guid('A')},Exchange,2025-01,1,1,DPOR",
            f"{guid('A')},Exchange,2024-12,1,1,DPOR",
            f"{guid('B')},Exchange,2025-01,1,1,CSP",
            f"{guid('A')},Exchange,2025-01,1,1,CPOR",
        )
    )
    assert [str(field) for field in said.usage.schema.types] == [
        "int16", "int32", "int16", "int16", "int32", "int32",
    ]  # fmt: skip
    keys = [tuple(row.values())[:4] for row in said.usage.to_pylist()]
    assert keys == sorted(keys)
    assert len(set(keys)) == 5
    assert [tenant for tenant, _ in said.tenants] == [guid(name).replace("-", "") for name in "BA"]


def test_progress_and_every_batch_are_handed_on() -> None:
    rows = [f"{TENANT},Exchange,2025-01,{number},20,CPOR" for number in range(4_000)]
    counts: list[int] = []
    kept: list[str] = []
    said = read(
        usage_file(*rows, "wrong,Exchange,2025-01,1,1,CPOR"),
        on_rows=counts.append,
        keep=lambda batch: kept.extend(",".join(row) for row in batch.rows),
    )
    assert counts == sorted(counts)
    assert len(counts) > 1
    assert counts[-1] == said.rows == 4_001
    assert kept == [*rows, "wrong,Exchange,2025-01,1,1,CPOR"]
    assert one_usage(said) == {JANUARY: (3_999, 20)}


def test_last_name_of_a_tenant_stands_and_an_empty_one_takes_none_back() -> None:
    header = (
        "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
        "PartnerAttributionType,CustomerName"
    )
    row = f"{TENANT},Exchange,2025-01,1,1,CPOR"
    said = read(usage_file(f"{row},Old", f"{row},New ", f"{row},  ", f"{row},", header=header))
    assert said.tenants == [(HEX, "New")]


def test_a_wrong_row_leaves_no_tenant_behind() -> None:
    said = read(
        usage_file(f"{guid('Ghost')},Exchange,soon,1,1,CPOR", f"{TENANT},Exchange,2025-01,1,1,CPOR")
    )
    assert said.tenants == [(HEX, "")]


def test_a_leap_day_is_in_february() -> None:
    said = read(usage_file(f"{TENANT},Exchange,2024-02-29,50,20,CPOR"))
    assert said.months == [months.parse_label("2024-02")]


def test_two_locations_of_one_account_are_one_row() -> None:
    rows = [
        Row(option="CSP Tier 1", location="1", usage={"2025-01": (50, 20)}),
        Row(option="CSP Tier 1", location="2", usage={"2025-01": (50, 25)}),
        Row(option="CSP Tier 2", location="2", usage={"2025-01": (40, 5)}),
    ]
    said = read(office_usage(rows))
    assert one_usage(said, "CSP") == {JANUARY: (50, 25)}
    assert said.merged == 2


def test_rows_with_another_delimiter_are_rejected_and_named() -> None:
    header = (
        "CustomerTenantId;WorkloadName;Month;PaidAvailableUnits;MonthlyActiveUsers;"
        "PartnerAttributionType"
    )
    good = f"{TENANT};Exchange;2025-01;50;20;CPOR"
    said = read(usage_file(good, good.replace(";", ","), good.replace(";", "\t"), header=header))
    assert [(bad.line, bad.reason, bad.params) for bad in said.rejected] == [
        (3, Fault.OTHER_DELIMITER, {"delimiter": ","}),
        (4, Fault.OTHER_DELIMITER, {"delimiter": "Tab"}),
    ]
    assert one_usage(said) == {JANUARY: (50, 20)}


def test_surplus_empty_cells_are_cut_off() -> None:
    said = read(usage_file(f"{TENANT},Exchange,2025-01,50,20,CPOR,,"))
    assert said.rejected == []
    assert one_usage(said) == {JANUARY: (50, 20)}


# ---- Training ------------------------------------------------------------------------------------


def people(parsed: Said) -> list[tuple[str, str]]:
    return sorted((key.person, key.certification) for key in parsed.certificates)


def test_training_file() -> None:
    parsed = read(
        training(
            [
                Certificate("mcp:77", "Ada Ohm", "a@x.example", "MS-700", date(2024, 1, 31)),
                Certificate(
                    "", "Bo Ek", "B@x.example", "MS-102", date(2024, 2, 1), date(2025, 2, 1)
                ),
            ]
        )
    )
    assert parsed.kind == "training"
    assert people(parsed) == [("mail:b@x.example", "MS-102"), ("mcp:77", "MS-700")]
    assert {data.expires_on for data in parsed.certificates.values()} == {None, date(2025, 2, 1)}
    assert {data.name for data in parsed.certificates.values()} == {"Ada Ohm", "Bo Ek"}


def training_rows(*rows: Sequence[str]) -> bytes:
    fields = ["TrainingTitle", "TrainingType", "MCPID", "CorpEmail", "TrainingCompletionDate"]
    fields += ["ExpirationDate", "ActivationStatus", "Month"]
    return table(TRAINING_HEADER, [dict(zip(fields, row, strict=False)) for row in rows])


def test_exams_and_other_certifications_are_not_used() -> None:
    parsed = read(
        training_rows(
            ["MS-700: Managing Microsoft Teams", "Exam", "1", "", "2024-01-01"],
            ["Microsoft Certified: Azure Administrator Associate", "Certification", "1", "", "x"],
            [
                "Teams Meetings and Meeting Rooms Technical Assessment",
                "Exam",
                "1",
                "",
                "2024-01-01",
            ],
        )
    )
    assert people(parsed) == [("mcp:1", "teams-meeting-rooms-assessment")]
    assert parsed.unused == {
        ("exam", "MS-700: Managing Microsoft Teams"): 1,
        ("certification", "Microsoft Certified: Azure Administrator Associate"): 1,
    }
    assert parsed.rejected == []


def test_bad_training_rows_are_rejected() -> None:
    title = "Microsoft 365 Certified: Teams Administrator Associate"
    parsed = read(
        training_rows(
            [title, "Certification", "1", "", "2025-04-01"],
            [title, "Certification", "1", "", ""],
            [title, "Certification", "NA", "", "2024-01-01"],
            ["", "Certification", "1", "", "2024-01-01"],
            [title, "Certification", "1", "", "2024-01-01", "someday"],
        )
    )
    assert rejections(parsed) == [
        (2, "TrainingCompletionDate", "2025-04-01", "future"),
        (3, "TrainingCompletionDate", "", "missing"),
        (4, "MCPID", "NA", "no_person"),
        (5, "TrainingTitle", "", "missing"),
        (6, "ExpirationDate", "someday", "not_a_date"),
    ]


def test_newest_snapshot_of_a_certificate_stands() -> None:
    title = "Microsoft 365 Certified: Teams Administrator Associate"
    old = [title, "Certification", "1", "", "2024-01-01", "2025-01-01", "Active", "2024-11"]
    new = [title, "Certification", "1", "", "2024-01-01", "2026-01-01", "Active", "2025-01"]
    left = [title, "Certification", "1", "", "2024-01-01", "2026-01-01", "Inactive", "2025-02"]
    for rows in ([old, new], [new, old]):
        (data,) = read(training_rows(*rows)).certificates.values()
        assert (data.expires_on, data.is_linked) == (date(2026, 1, 1), True)
    (data,) = read(training_rows(left, new)).certificates.values()
    assert data.is_linked is False


def test_a_person_under_two_addresses_is_one_by_the_number() -> None:
    title = "Microsoft 365 Certified: Teams Administrator Associate"
    said = read(
        training_rows(
            [title, "Certification", "77", "ada@x.example", "2024-01-01", "", "Active", "2024-11"],
            [title, "Certification", "77", "a.ohm@y.example", "2024-01-01", "", "", "2025-01"],
            [title, "Certification", "", "ADA@X.example", "2024-01-01"],
        )
    )
    assert people(said) == [("mail:ada@x.example", "MS-700"), ("mcp:77", "MS-700")]
    assert [data.email for data in said.certificates.values()] == [
        "a.ohm@y.example",
        "ada@x.example",
    ]
    assert said.merged == 1


def test_screen_export_names_people_by_name() -> None:
    content = (
        b"Individual name,Certification name,Certification type,Solution area,Completion date,"
        b"Expiry date\n"
        b"Ada  Ohm,Microsoft 365 Certified: Fundamentals,Intermediate,Modern Work,22 Aug 2021,\n"
    )
    assert people(read(content)) == [("name:ada ohm", "MS-900")]


# ---- Whole files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "fault", "params"),
    [
        (b"", Fault.EMPTY_FILE, {}),
        (b"\xef\xbb\xbf \r\n", Fault.EMPTY_FILE, {}),
        (usage_file(), Fault.NO_ROWS, {}),
        (b"%PDF-1.7 ...", Fault.NOT_TEXT, {"format": "PDF"}),
        (b"PK\x03\x04....", Fault.BROKEN_WORKBOOK, {}),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), Fault.OLD_WORKBOOK, {}),
        (b"abc\x00def", Fault.BINARY, {}),
        (b"<!DOCTYPE html><p>Sign in", Fault.NOT_TEXT, {"format": "HTML"}),
        (b"Name,Age\nAda,7\n", Fault.UNKNOWN_COLUMNS, {"found": "Name, Age"}),
        (
            b"CustomerTenantId,WorkloadName,MonthlyActiveUsers\nx,y,1\n",
            Fault.MISSING_COLUMNS,
            {"columns": "Month, PaidAvailableUnits, PartnerAttributionType"},
        ),
        (
            b"TrainingTitle,MCPID\nx,1\n",
            Fault.MISSING_COLUMNS,
            {"columns": "TrainingCompletionDate"},
        ),
        (
            usage_file(f"{TENANT},Exchange,2025-01,50,20,CPOR", "x,Sch\u00f6n,1,1,1,1")
            .decode()
            .encode("latin-1"),
            Fault.NOT_UTF8,
            {"line": 3},
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else None,
)
def test_file_that_cannot_be_used(content: bytes, fault: Fault, params: dict[str, object]) -> None:
    with pytest.raises(NotReadable) as caught:
        read(content)
    assert caught.value.fault == fault
    assert caught.value.params == params


def test_stray_quotation_mark_is_looked_for_where_the_row_begins() -> None:
    good = f"{TENANT},Exchange,2025-01,50,20,CPOR"
    with pytest.raises(NotReadable) as caught:
        read(usage_file(good, f'"{good}', good))
    assert (caught.value.fault, caught.value.params) == (Fault.BROKEN_CSV, {"line": 3})
    parsed = read(usage_file(good, f'"{good}"', good))
    assert [(bad.line, bad.reason) for bad in parsed.rejected] == [(3, Fault.OTHER_DELIMITER)]


def test_nul_bytes_never_reach_the_database() -> None:
    rows = [f"{TENANT},Exchange,2025-01,50,20,CPOR,Name"] * 200
    header = (
        "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
        "PartnerAttributionType,CustomerName"
    )
    content = usage_file(
        *rows, f"{TENANT},Exchange,2025-01,50,20,CPOR,A\x00B", "x,Ex\x00ch,1,1,1,1,A", header=header
    )
    parsed = read(content)
    assert parsed.tenants == [(HEX, "A\ufffdB")]
    assert list(parsed.unused) == [("workload", "Ex\ufffdch")]


def test_a_nul_in_a_cell_costs_that_row_only() -> None:
    good = f"{TENANT},Exchange,2025-01,50,20,CPOR"
    said = read(usage_file(good, good.replace("50", "5\x000"), good))
    assert rejections(said) == [(3, "PaidAvailableUnits", "5\x000", "not_a_number")]
    assert said.rejected[0].stored()["value"] == "5\ufffd0"
    assert one_usage(said) == {JANUARY: (50, 20)}


def test_explicit_kind_is_held_against_the_columns() -> None:
    with pytest.raises(NotReadable) as caught:
        read(office_usage([Row(usage={"2025-01": (1, 1)})]), kind="training")
    assert caught.value.fault == Fault.MISSING_COLUMNS


# ---- A very large file ---------------------------------------------------------------------------

PEAK = """
import resource, sys
from datetime import date
import django
django.setup()
from scoring.reading import parsing
with open(sys.argv[1], "rb") as stream:
    said = parsing.read(stream, today=date(2025, 3, 25))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(said.rows, said.usage.num_rows, len(said.tenants), said.rejected_count, peak)
"""


@pytest.mark.slow
def test_two_million_rows_are_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    workloads = ["Exchange", "Teams", "SharePoint", "InTune", "Viva Engage"]
    labels = [f"{year}-{month:02d}-01" for year in (2023, 2024) for month in range(1, 11)]
    tenants = [guid(str(number)) for number in range(20_000)]
    with path.open("w") as file:
        file.write(",".join(USAGE_HEADER) + "\n")
        for month, label in enumerate(labels):
            for number, tenant in enumerate(tenants):
                seats = (number * 7 + month) % 600
                file.writelines(
                    f"{tenant},2058756,{workload},{label},{seats},{seats // 3},Customer {number},"
                    f"Germany,SMB,1234567,Handschlag,7654321,CSP Tier 1,0,,\n"
                    for workload in workloads
                )
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *counts, peak = map(int, done.stdout.split())
    assert counts == [2_000_000, 2_000_000, 20_000, 0]
    assert peak < 250  # MB
