import io
from collections.abc import Sequence
from datetime import date

import pytest

from scoring import cells, months, parsing, rule_sets
from scoring.judging import Certificate
from scoring.parsing import ClaimKey, NotReadable, Parsed
from scoring.reasons import Fault
from tests.scoring.worlds import (
    TRAINING_HEADER,
    USAGE_HEADER,
    Row,
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
JANUARY = months.parse_label("2025-01")


def read(content: bytes, kind: str = parsing.AUTO) -> Parsed:
    return parsing.read(io.BytesIO(content), today=TODAY, kind=kind)


def usage_file(
    *lines: str,
    header: str = "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,"
    "MonthlyActiveUsers,PartnerAttributionType",
) -> bytes:
    return "\r\n".join([header, *lines]).encode()


def rejections(parsed: Parsed) -> list[tuple[int, str, str, str]]:
    return [(bad.line, bad.column, bad.value, bad.reason.value) for bad in parsed.rejected]


def one_usage(parsed: Parsed, option: str = "CPOR") -> dict[int, tuple[int, int]]:
    return parsed.claims[ClaimKey(TENANT.replace("-", ""), EXCHANGE, OPTIONS[option])].usage


def test_office_usage_is_read_whole() -> None:
    content = office_usage(
        [Row(usage={"2025-01": (50, 20)}, begins_on=date(2024, 5, 3), ended_on=date(2025, 1, 9))]
    )
    parsed = read(content)
    assert (parsed.kind, parsed.rows, parsed.rejected_count) == ("office-usage", 1, 0)
    assert parsed.tenants == {TENANT.replace("-", ""): "Contoso"}
    (claim,) = parsed.claims.values()
    assert (claim.begins_on, claim.ended_on) == (date(2024, 5, 3), date(2025, 1, 9))
    assert claim.usage == {JANUARY: (50, 20)}


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
    assert list(parsed.tenants.values()) == ["Müller, Söhne; Co"]
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
    assert parsed.claims == {}


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
    assert len(parsed.claims) == 1


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
    assert (parsed.merged, len(parsed.tenants)) == (1, 1)


def test_cpor_file_gives_the_dates_and_needs_no_association_column() -> None:
    content = usage_file(
        f"{TENANT},Contoso,Exchange,20,50,C-1,123,2024-05-03,2025-01-01",
        header="CustomerTenantId,CustomerName,WorkloadName,MonthlyActiveUsers,PaidAvailableUnits,"
        "ClaimId,MpnId,DateAssociated,Date",
    )
    parsed = read(content)
    assert parsed.kind == "cpor"
    (claim,) = parsed.claims.values()
    assert (claim.begins_on, claim.usage) == (date(2024, 5, 3), {JANUARY: (50, 20)})


def test_only_approved_claims_are_used() -> None:
    header = (
        "CustomerTenantId,WorkloadName,MonthlyActiveUsers,PaidAvailableUnits,ClaimId,"
        "DateAssociated,Date,ClaimStatus"
    )
    row = f"{TENANT},Exchange,20,50,C-1,2024-05-03,2025-01-01"
    parsed = read(usage_file(f"{row},Approved", f"{row},Submitted", header=header))
    assert parsed.unused == {("claim state", "Submitted"): 1}
    assert len(parsed.claims) == 1


# ---- Training ------------------------------------------------------------------------------------


def people(parsed: Parsed) -> list[tuple[str, str]]:
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
        (b"PK\x03\x04....", Fault.NOT_TEXT, {"format": "ZIP/XLSX"}),
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
    assert [(bad.line, bad.reason) for bad in parsed.rejected] == [(3, Fault.WRONG_COLUMNS)]


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
    assert list(parsed.tenants.values()) == ["A\ufffdB"]
    assert list(parsed.unused) == [("workload", "Ex\ufffdch")]


def test_explicit_kind_is_held_against_the_columns() -> None:
    with pytest.raises(NotReadable) as caught:
        read(office_usage([Row(usage={"2025-01": (1, 1)})]), kind="training")
    assert caught.value.fault == Fault.MISSING_COLUMNS
