"""The ledger as a workbook: read back with another library, it says what the CSV says."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from python_calamine import CalamineWorkbook

from partners.models import Partner, User
from scoring import ledger_workbook, ledgers, rule_sets
from scoring.ledger_workbook import TooLarge
from scoring.models import Score
from scoring.people import Certificate
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, PEOPLE, body, stored_score
from tests.scoring.worlds import Row, guid

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("https://x.example","Klick")'


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Brückner & Söhne", slug="brueckner")


def score_of(firm: Partner) -> Score:
    rows = [
        Row(name, usage={"2024-02": (9, 2), "2025-02": (50, 25)}, begins_on=OLD)
        for name in (FORMULA, "Äußere Mühle", "-1+1")
    ]
    rows.append(Row("Zu klein", usage={"2025-02": (9, 5)}, begins_on=OLD))
    return stored_score(firm, rows)


def workbook(score: Score, **wishes: str) -> CalamineWorkbook:
    stream = io.BytesIO()
    ledger_workbook.write(score, stream, **wishes)
    stream.seek(0)
    return CalamineWorkbook.from_filelike(stream)


def lines(book: CalamineWorkbook, name: str) -> list[list[Any]]:
    return book.get_sheet_by_name(name).to_python()


def csv_rows(score: Score, **wishes: str) -> list[list[str]]:
    text = "".join(ledgers.export(score, **wishes))
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def as_csv(cell: object) -> str:
    """A cell as the CSV has it."""
    if isinstance(cell, float):
        assert cell.is_integer()
        return str(int(cell))
    return ledgers.harmless(str(cell))


def test_the_sheets_hold_the_rows_of_the_csv(firm: Partner) -> None:
    score = score_of(firm)
    book = workbook(score)

    rows = [lines(book, name) for name in book.sheet_names[1:]]
    expected = csv_rows(score)
    assert all([as_csv(cell) for cell in sheet[0][:9]] == expected[0] for sheet in rows)
    found = [[as_csv(cell) for cell in line[:9]] for sheet in rows for line in sheet[1:]]
    assert found == expected[1:]
    assert len(found) > 20


def test_one_metric_is_one_sheet(firm: Partner) -> None:
    score = score_of(firm)
    book = workbook(score, track="smb", metric="usage_growth", option="CPOR")

    assert book.sheet_names == ["About", "SMB CPOR Usage growth"]
    [head, *rows] = lines(book, "SMB CPOR Usage growth")
    assert head[5:8] == ["Now (2025-02)", "Then (2024-02)", "Contribution"]
    small = next(row for row in rows if row[3] == "Zu klein")
    assert small[4:8] == [guid("Zu klein"), 0.0, 0.0, 0.0]
    assert sum(row[7] for row in rows) == 3 * 25  # a tenant that was not eligible has no baseline


def test_texts_stay_texts_whatever_they_begin_with(firm: Partner) -> None:
    score = score_of(firm)
    stream = io.BytesIO()
    ledger_workbook.write(score, stream, track="smb", metric="usage_growth", option="CPOR")

    with zipfile.ZipFile(stream) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "/sheet" in name]
    assert sheets
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    stream.seek(0)
    rows = lines(CalamineWorkbook.from_filelike(stream), "SMB CPOR Usage growth")
    assert {row[3] for row in rows[1:]} == {FORMULA, "Äußere Mühle", "-1+1", "Zu klein"}
    assert all("frozen" in sheet for sheet in sheets[1:])
    assert all('<autoFilter ref="A1:I5"' in sheet for sheet in sheets[1:])


def test_people_have_days_that_are_days(firm: Partner) -> None:
    score = stored_score(firm)
    book = workbook(score, track="smb", metric="advanced_certifications", option="")

    [head, ada] = lines(book, book.sheet_names[1])
    assert head[9:] == ["Certificate", "Completed", "Counts until"]
    assert ada[3] == "Ada Ohm"
    assert ada[10:] == [date(2024, 1, 31), date(2026, 1, 31)]


def test_the_title_page_says_what_it_is(firm: Partner) -> None:
    score = score_of(firm)
    rows = lines(workbook(score), "About")

    assert rows[0][0] == "Ledger of the score: Brückner & Söhne"
    facts = {row[0]: row[1] for row in rows[2:12] if row[0]}
    assert facts["Firm"] == "Brückner & Söhne"
    assert facts["As of"] == date(2025, 3, 25)
    moment = timezone.make_naive(score.computed_at)
    assert isinstance(facts["Computed"], datetime)
    assert abs(facts["Computed"] - moment).total_seconds() < 2
    assert facts["Newest month"] == "February 2025"
    assert facts["Rules"] == rule_sets.get(score.rule_set).title
    growth = next(row for row in rows if row[0] == "SMB CPOR Usage growth")
    track = next(one for one in score.tracks if one.key == "smb")
    metric = next(one for one in track.metrics if one.key == "usage_growth")
    option = next(one for one in metric.options if one.key == "CPOR")
    assert growth[1:6] == ["Usage growth", "SMB", "CPOR", 4.0, float(option.value)]
    assert growth[6] == pytest.approx(float(option.points))


def test_the_names_of_sheets_are_such_as_excel_takes(firm: Partner) -> None:
    score = score_of(firm)
    for language in ("en", "de"):
        with translation.override(language):
            names = workbook(score).sheet_names
        assert len({name.casefold() for name in names}) == len(names) == 15
        assert all(0 < len(name) <= 31 for name in names)
        assert not any(set(name) & set("[]:*?/\\") for name in names)


@pytest.mark.parametrize(
    ("words", "taken", "name"),
    [
        ("a/b: [c]", set(), "a b   c"),
        ("'x'", set(), "x"),
        ("", set(), "-"),
        ("Ab", {"ab"}, "Ab 2"),
        ("x" * 40, {"x" * 31}, "x" * 29 + " 2"),
    ],
)
def test_a_name_is_made_fit(words: str, taken: set[str], name: str) -> None:
    assert ledger_workbook._sheet_name(words, taken) == name


def test_too_many_rows_are_refused_before_anything_is_written(
    firm: Partner, monkeypatch: pytest.MonkeyPatch, sign_in: Callable[[User], Client]
) -> None:
    score = score_of(firm)
    monkeypatch.setattr(ledger_workbook, "MOST_ROWS", 3)
    with pytest.raises(TooLarge, match=r"more than Excel opens with ease \(3\)"):
        workbook(score)

    url = reverse("scoring:ledger_xlsx", args=[score.pk])
    answer = sign_in(member(firm, "observer")).get(url, follow=True)
    assert answer.redirect_chain == [(reverse("scoring:score", args=[score.pk]), 302)]


def test_the_download_says_what_it_is(firm: Partner, sign_in: Callable[[User], Client]) -> None:
    score = score_of(firm)
    url = reverse("scoring:ledger_xlsx", args=[score.pk])
    answer = sign_in(member(firm, "observer")).get(
        url, {"track": "smb", "metric": "usage_growth", "option": "CPOR"}
    )

    assert answer["Content-Type"] == ledger_workbook.CONTENT_TYPE
    name = "ledger-brueckner-2025-03-25-smb-usage_growth-CPOR.xlsx"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    content = body(answer)
    assert content.startswith(b"PK")
    assert int(answer["Content-Length"]) == len(content)


def test_a_score_without_data_is_a_workbook_too(firm: Partner) -> None:
    score = stored_score(firm, [], [Certificate("mcp:1", "Ada Ohm", "", "MS-102", OLD), *PEOPLE])
    book = workbook(score)

    assert lines(book, book.sheet_names[1])[0][5] == "Now (–)"
