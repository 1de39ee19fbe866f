"""Files made to break the reader: each ends with a sentence, and none with half of its rows."""

import csv
import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from partners.models import Partner, User
from scoring import import_files, imports, ledgers, rule_sets, scores
from scoring.models import PartnerCenterImport, UsageMonth
from scoring.reading import cells, parsing
from scoring.reading.parsing import NotReadable
from scoring.reasons import Fault, sentence
from tests.factories import PartnerFactory, member
from tests.scoring.stage import body, stored_score
from tests.scoring.test_parsing import TENANT, TODAY, one_usage, read, rejections, usage_file
from tests.scoring.worlds import Row, guid

NAMED = (
    "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
    "PartnerAttributionType,CustomerName"
)
GOOD = f"{TENANT},Exchange,2025-01,50,20,CPOR"


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def manager(partner: Partner) -> User:
    return member(partner, "manager")


def hand_in(partner: Partner, content: bytes) -> PartnerCenterImport:
    row = imports.create(partner, ContentFile(content, name="usage.csv"))
    imports.run(row.pk)
    row.refresh_from_db()
    return row


# ---- The page of a rejected file -----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["2025-02-31", "2025-13", "0000-01-01", "2025-00"])
@pytest.mark.parametrize(
    ("language", "said"), [("de", "kein lesbares Datum"), ("en", "not a date")]
)
def test_a_day_that_is_none_can_be_looked_at(
    typed: str,
    language: str,
    said: str,
    partner: Partner,
    manager: User,
    sign_in: Callable[[User], Client],
) -> None:
    row = hand_in(partner, usage_file(f"{TENANT},Exchange,{typed},50,20,CPOR"))
    url = reverse("scoring:import", args=[row.pk])
    page = sign_in(manager).get(url, headers={"accept-language": language}).content.decode()
    assert typed in page
    assert said in page


# ---- Quotation marks, columns, figures -----------------------------------------------------------


def test_a_quotation_mark_that_is_never_closed_swallows_no_rows() -> None:
    content = usage_file(f'{GOOD},"Contoso', *[f"{GOOD},Fabrikam"] * 9, header=NAMED)
    with pytest.raises(NotReadable) as caught:
        read(content)
    assert (caught.value.fault, caught.value.params) == (Fault.BROKEN_CSV, {"line": 2})


def test_a_quotation_mark_closed_by_a_later_stray_one_swallows_no_rows() -> None:
    content = usage_file(
        f"{GOOD},First", f'{GOOD},"Contoso', f"{GOOD},Lost", f'{GOOD},"Fabrikam"', header=NAMED
    )
    with pytest.raises(NotReadable) as caught:
        read(content)
    assert (caught.value.fault, caught.value.params) == (Fault.BROKEN_CSV, {"line": 3})


def test_a_cell_over_two_lines_is_a_cell() -> None:
    parsed = read(usage_file(f'{GOOD},"Contoso\nSE"', f"{GOOD},Contoso", header=NAMED))
    assert (parsed.rows, parsed.rejected) == (2, [])


@pytest.mark.parametrize("content", [b"x" * 200_000, b"a,b," + b"x" * 200_000 + b"\n1,2,3\n"])
def test_an_endless_header_is_a_broken_table(content: bytes) -> None:
    with pytest.raises(NotReadable) as caught:
        read(content)
    assert (caught.value.fault, caught.value.params) == (Fault.BROKEN_CSV, {"line": 1})


def test_a_column_that_is_there_twice_is_not_guessed() -> None:
    header = NAMED.replace("Month,", "Month,MONTH ,")
    with pytest.raises(NotReadable) as caught:
        read(usage_file(f"{TENANT},Exchange,2025-01,2024-01,50,20,CPOR,C", header=header))
    assert caught.value.fault == Fault.COLUMNS_TWICE
    assert caught.value.params == {"columns": "Month"}


def test_columns_that_are_not_read_may_be_there_twice() -> None:
    header = f"extra,{NAMED},extra"
    assert read(usage_file(f"x,{GOOD},C,y", header=header)).rejected == []


def test_a_hundred_thousand_columns_are_read() -> None:
    more = ",".join(f"c{number}" for number in range(100_000))
    content = usage_file(f"{GOOD},C{',' * 100_000}", header=f"{NAMED},{more}")
    assert read(content).rejected == []


@pytest.mark.parametrize("figure", ["9" * 5_000, "999,999,999", str(cells.LARGEST + 1)])
def test_a_number_too_large_is_rejected_however_long(figure: str) -> None:
    parsed = read(usage_file(f'{TENANT},Exchange,2025-01,"{figure}",20,CPOR'))
    assert rejections(parsed) == [(2, "PaidAvailableUnits", figure, Fault.TOO_LARGE.value)]


def test_leading_zeros_make_no_number_larger() -> None:
    said = read(usage_file(f"{TENANT},Exchange,2025-01,{'0' * 40}50,20,CPOR"))
    assert one_usage(said) == {2025 * 12: (50, 20)}


@pytest.mark.django_db
def test_the_largest_figures_of_every_workload_still_add_up(partner: Partner) -> None:
    titles = [workload.title for workload in rule_sets.get("modern-work-2026").workloads.values()]
    largest = cells.LARGEST
    rows = [
        f"{TENANT},{title},{month},100,{users},CPOR"
        for title in titles
        for month, users in (("2025-01", 0), ("2026-01", largest))
    ]
    row = hand_in(partner, usage_file(*rows))
    assert (row.state, row.error) == ("done", "")
    score = scores.latest(partner)
    assert score is not None
    growth = ledgers.sums(ledgers.entries(score, "smb", "usage_growth", "CPOR"))
    assert growth.value == largest * len(titles)


PARAMS = {
    "found": "x",
    "expected": 7,
    "columns": "Month",
    "format": "PDF",
    "delimiter": ",",
    "line": 3,
    "size": 61,
    "limit": 60,
}


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_said_in_both_languages(fault: Fault) -> None:
    said = []
    for language in ("de", "en"):
        with translation.override(language):
            said.append(sentence(fault, PARAMS, kind=Fault))
    assert said[0] != said[1]
    assert all("%(" not in each and each.endswith((".", "?")) for each in said)


@pytest.mark.django_db
def test_a_pipe_is_no_file(partner: Partner, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    both_ends = os.open(pipe, os.O_RDWR)  # else opening it waits for the other end
    try:
        with pytest.raises(CommandError, match="it is a pipe and not a file"):
            call_command("import_partner_center", partner.slug, str(pipe))
    finally:
        os.close(both_ends)
    assert not PartnerCenterImport.objects.exists()


# ---- Bytes that a database does not take ---------------------------------------------------------


@pytest.mark.django_db
def test_nul_in_the_header_is_a_sentence_too(partner: Partner) -> None:
    row = hand_in(partner, "\ufeffa\x00b,c\n1,2\n".encode("utf-16-le"))
    assert (row.state, row.fault) == ("unmapped", Fault.UNKNOWN_COLUMNS)
    assert row.fault_params == {"found": "a\ufffdb, c"}
    assert [column.name for column in import_files.columns_of(row)] == ["a\ufffdb", "c"]


@pytest.mark.django_db
def test_a_column_with_nul_can_be_named(partner: Partner) -> None:
    content = f"\ufeffMand\x00ant,Produkt\n{TENANT},Exchange\n".encode("utf-16-le")
    row = hand_in(partner, content)
    tenant, product = (column.name for column in import_files.columns_of(row))
    named = {"tenant": tenant, "workload": product}
    assert imports.name_columns(row.pk, "claims", named, by=None) is True
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.rows_read) == ("done", 1)


@pytest.mark.django_db
def test_a_hundred_thousand_unknown_columns_are_named_by_the_first(partner: Partner) -> None:
    header = ",".join(f"c{number}" for number in range(100_000))
    row = hand_in(partner, f"{header}\n{'x,' * 99_999}x\n".encode())
    assert (row.state, len(row.header)) == ("unmapped", import_files.MOST_COLUMNS)
    assert len(row.fault_params["found"]) == 200


@pytest.mark.parametrize(
    "content",
    [
        ("\ufeff" + NAMED + f"\n{GOOD},C").encode("utf-16-le") + b"A",
        ("\ufeff" + NAMED + f"\n{GOOD},C").encode("utf-16-le") + b"\x00\xd8A\x00",
    ],
    ids=["half a letter", "lone surrogate"],
)
def test_broken_utf_16_is_not_text(content: bytes) -> None:
    with pytest.raises(NotReadable) as caught:
        parsing.read(io.BytesIO(content), today=TODAY)
    assert caught.value.fault == Fault.NOT_UTF8


def test_spellings_of_a_guid_are_one_tenant() -> None:
    plain = guid("Contoso")
    spelled = (plain, plain.upper(), f"{{{plain}}}", plain.replace("-", ""))
    rows = [f"{tenant},Exchange,2025-01,50,20,CPOR" for tenant in spelled]
    said = read(usage_file(*rows))
    assert (said.tenants, said.merged) == ([(plain.replace("-", ""), "")], 3)


# ---- A file that kills its worker ----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("message_id", ["same", "other"])
def test_a_file_that_kills_every_worker_is_given_up(partner: Partner, message_id: str) -> None:
    row = imports.create(partner, ContentFile(usage_file(GOOD), name="usage.csv"))
    PartnerCenterImport.objects.filter(pk=row.pk).update(
        state="running",
        attempts=imports.ATTEMPTS,
        claimed_by="same",
        started_at=timezone.now() - 2 * imports.LEASE,
    )
    assert imports.run(row.pk, message_id=message_id) is False
    row.refresh_from_db()
    assert (row.state, row.error, row.is_finished) == ("failed", imports.GIVEN_UP, True)
    assert not UsageMonth.objects.exists()


@pytest.mark.django_db
def test_the_last_attempt_is_left_to_its_worker(partner: Partner) -> None:
    row = imports.create(partner, ContentFile(usage_file(GOOD), name="usage.csv"))
    still = timezone.now() - imports.LEASE + timedelta(seconds=30)
    rows: Any = PartnerCenterImport.objects.filter(pk=row.pk)
    rows.update(state="running", attempts=imports.ATTEMPTS, claimed_by="living", started_at=still)
    assert imports.run(row.pk, message_id="other") is False
    row.refresh_from_db()
    assert row.state == "running"


# ---- What leaves the portal ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@A1", "＝1+1", "＋1", "＠A1", "\t=1"])
def test_no_name_is_a_formula_in_the_csv(
    name: str, partner: Partner, manager: User, sign_in: Callable[[User], Client]
) -> None:
    score = stored_score(partner, [Row(name, usage={"2025-02": (50, 5)})], [])
    page = sign_in(manager).get(reverse("scoring:ledger_csv", args=[score.pk]))
    rows = list(csv.reader(io.StringIO(body(page).decode("utf-8-sig"))))
    assert {row[3] for row in rows[1:]} == {f"'{name.strip()}"}


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["track", "metric", "option"])
def test_nul_in_an_address_finds_nothing(
    field: str, partner: Partner, manager: User, sign_in: Callable[[User], Client]
) -> None:
    score = stored_score(partner)
    url = reverse("scoring:ledger_csv", args=[score.pk])
    page = sign_in(manager).get(url, {field: "x\x00y"})
    assert len(body(page).splitlines()) == 1  # the head
