"""The report in two lengths: one page whatever the data, and both tell what has changed."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.utils import translation

from documents import rendering
from documents.models import Document
from partners.models import Partner
from scoring import history, report_words, reports, rule_sets, scores, trends
from scoring.models import DesignationReport, MonthResult, Portfolio, Score
from scoring.report_words import Outlook, changed_rows, since_words
from scoring.score_files import report_json, score_json
from tests.documents import pdfs
from tests.factories import PartnerFactory
from tests.scoring.past import PEOPLE, remember, span
from tests.scoring.stage import OLD, stored_score, tenants
from tests.scoring.worlds import Row

pytestmark = pytest.mark.django_db

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft "
RULES = "modern-work-2023"
MARCH, APRIL = date(2025, 3, 25), date(2025, 4, 25)


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern", legal_name="Kern & Söhne GmbH", slug="kern")


def made(score: Score, length: str = "short", language: str = "de") -> DesignationReport:
    report = reports.order(score.pk, language=language, length=length, by=None)
    assert reports.build(report.document_id) is True
    report.document.refresh_from_db()
    return report


def pdf_of(report: DesignationReport) -> bytes:
    with report.document.file.open("rb") as stored:
        content: bytes = stored.read()
    return content


def two_months(firm: Partner, count: int = 3, grown: int = 25) -> tuple[Score, Score]:
    """Scores of March and April: ``count`` tenants have grown, and one has come beside them."""

    def rows(now: int) -> list[Row]:
        usage = {"2024-02": (9, 2), "2024-03": (9, 2), "2025-02": (50, 25)}
        same = [
            Row(f"Kunde {n:03d}", usage=usage | {"2025-03": (50, now)}, begins_on=OLD)
            for n in range(count)
        ]
        new = {"2024-03": (5, 1), "2025-02": (8, 1), "2025-03": (40, 30)}
        return [*same, Row("Zuwachs", usage=new, begins_on=OLD)]

    remember(firm, rows(25 + grown), PEOPLE)
    book = rule_sets.get(RULES)
    return scores.compute(firm, MARCH, book), scores.compute(firm, APRIL, book)


def every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outlook as long as it may be."""
    lines = [Outlook(kind, LONG * 3, "+30 Punkte") for kind in ("risk", "step") for _ in range(5)]
    monkeypatch.setattr(report_words, "outlook_words", lambda _score: lines)


# ---- One page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("count", [0, 3, 60])
def test_the_short_report_is_one_page(count: int, language: str, firm: Partner) -> None:
    score = stored_score(firm, tenants(count), None if count else [])
    report = made(score, language=language)
    pdf = pdf_of(report)

    assert len(pdfs.reader(pdf).pages) == 1
    assert pdfs.faults(pdf) == {}
    assert str(pdfs.reader(pdf).root_object["/Lang"]) == language
    assert report.document.seal.body_sha256


@pytest.mark.parametrize("language", ["de", "en"])
def test_one_page_holds_the_longest_names_and_all_notes(
    language: str, firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_word(monkeypatch)
    firm.legal_name, firm.name, firm.city = (LONG * 3)[:200], LONG[:120], (LONG * 2)[:100]
    firm.save()
    _old, score = two_months(firm, 5)
    reports.order(_old.pk, language=language, by=None)
    note = {"code": "derived_dates", "params": {"count": 1234567}}
    cautions = [note, *[{"code": "data_old", "params": {"month": "2025-02"}}] * 30]
    Score.objects.filter(pk=score.pk).update(cautions=cautions)
    report = made(score, language=language)
    pdf = pdf_of(report)

    assert len(pdfs.reader(pdf).pages) == 1
    assert pdfs.faults(pdf) == {}
    words = pdfs.squeeze(pdfs.words(pdf))
    assert pdfs.squeeze(LONG[:60]) in words
    assert report.document.code in words  # what stands last


def test_what_does_not_fit_is_left_out_step_by_step(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[str] = []
    real = rendering.render_pdf

    def render(template: str, context: dict[str, Any], **options: Any) -> bytes:
        rooms.append(context["room"])
        return real(template, context, **options)

    monkeypatch.setattr(reports, "render_pdf", render)
    monkeypatch.setattr(report_words, "outlook_words", lambda _score: [])
    made(stored_score(firm), language="de")
    assert rooms == ["roomy"]

    every_word(monkeypatch)
    made(stored_score(firm, tenants(4)), language="de")
    assert rooms[1:] == list(reports.ROOMS[: len(rooms) - 1])
    assert len(rooms) > 2


def test_the_short_report_says_what_a_management_asks(firm: Partner) -> None:
    old, score = two_months(firm)
    made(old)
    with translation.override("en"):
        report = made(score, language="en")
        since = since_words(report)
    pdf = pdf_of(report)
    words = pdfs.words(pdf)

    assert since is not None
    for expected in (
        "Kern & Söhne GmbH on 25 April 2025",
        "March 2025 with March 2024",
        "Since the last report",
        "Compared with the report of 25 March 2025 (data of February 2025).",
        "Total 50.5 63.8 +13.3",
        "not an official document of Microsoft",
    ):
        assert expected in words, expected
    assert pdfs.squeeze(f"/dokumente/pruefen/{report.document.code}/") in pdfs.squeeze(words)
    alts = [str(one["/Alt"]) for one in pdfs.elements(pdf, "/Figure") if "/Alt" in one]
    assert any(
        alt.startswith("SMB points month by month: March 2024")
        and alt.endswith("; February 2025 50.5; March 2025 63.8.")
        for alt in alts
    )
    assert pdfs.headings(pdf)[0] == 1


def test_the_same_report_gives_the_same_bytes_whatever_came_after(firm: Partner) -> None:
    old, score = two_months(firm)
    report = made(score)
    first = reports._render(report.document)
    # An earlier score is reported now, the history is written anew, another score comes in.
    made(old, "full")
    MonthResult.objects.all().delete()
    stored_score(firm, tenants(9), as_of=date(2025, 4, 2))

    assert reports._render(Document.objects.get(pk=report.document_id)) == first
    assert pdf_of(report).startswith(first)


# ---- Fixed with the order ------------------------------------------------------------------------


def test_each_length_is_made_once(firm: Partner) -> None:
    score = stored_score(firm)
    short = reports.order(score.pk, language="de", length="short", by=None)
    full = reports.order(score.pk, language="de", by=None)

    assert (short.length, full.length) == ("short", "full")
    assert reports.order(score.pk, language="de", length="short", by=None) == short
    assert DesignationReport.objects.count() == 2
    assert reports.file_name(short) == "designation-kern-2025-03-25-short-de.pdf"
    assert reports.file_name(full) == "designation-kern-2025-03-25-de.pdf"


def test_the_data_hold_what_was_fixed_with_the_order(firm: Partner) -> None:
    old, score = two_months(firm)
    reports.order(old.pk, language="de", by=None)
    report = made(score)

    content = pdfs.files(pdf_of(report))["score.json"]
    assert hashlib.sha256(content).hexdigest() == report.document.content_sha256
    fixed = json.loads(content)["report"]
    assert (fixed["length"], fixed["language"]) == ("short", "de")
    assert fixed["since"] == {
        "score": str(old.pk),
        "as_of": "2025-03-25",
        "last_month": "2025-02",
        "was_reported": True,
        "totals": {track.key: track.exact for track in old.tracks},
    }
    assert [month["month"] for month in fixed["months"]] == ["2024-03", "2025-02", "2025-03"]


def test_a_report_of_old_is_made_as_it_always_was(firm: Partner) -> None:
    score = stored_score(firm)
    report = reports.order(score.pk, language="de", by=None)
    DesignationReport.objects.update(snapshot={}, since=None)
    report.refresh_from_db()

    assert report_json(report) == score_json(score)
    assert reports.full_context(report) == {"compares": False, "outlook": {}}
    assert "Since the last report" not in pdfs.words(reports._render(report.document))


# ---- Which score it is compared with -------------------------------------------------------------


def at(firm: Partner, day: date, month: str | None) -> Score:
    """A stored score of one day whose newest month is ``month``."""
    score = stored_score(firm, as_of=date(2025, 12, 31))  # later than all that are compared
    score.pk = uuid4()
    score._state.adding = True
    score.as_of = day
    score.last_month = None if month is None else 2025 * 12 + int(month[-2:]) - 1
    score.save(force_insert=True)
    return score


def test_a_first_report_says_so(firm: Partner) -> None:
    score = stored_score(firm)
    report = made(score, "full", "en")
    assert report.since is None
    assert report.snapshot["since"] is None
    assert "This is the first report" in pdfs.words(pdf_of(report))


def test_the_reported_score_comes_before_a_newer_one_that_was_not(firm: Partner) -> None:
    older = at(firm, date(2025, 2, 20), "2025-01")
    newer = at(firm, date(2025, 3, 20), "2025-02")
    score = at(firm, date(2025, 4, 20), "2025-03")
    assert report_words.reported_before(score) == newer
    reports.order(older.pk, language="de", by=None)
    assert report_words.reported_before(score) == older


def test_neither_the_same_month_nor_a_later_day_is_compared(firm: Partner) -> None:
    same = at(firm, date(2025, 4, 2), "2025-03")
    at(firm, date(2025, 5, 20), "2025-02")  # computed later, of an older month
    score = at(firm, date(2025, 4, 20), "2025-03")
    reports.order(same.pk, language="de", by=None)
    assert report_words.reported_before(score) is None


def test_a_score_without_data_has_nothing_to_compare(firm: Partner) -> None:
    assert report_words.reported_before(at(firm, date(2025, 4, 20), None)) is None


def test_scores_of_another_firm_are_never_compared(firm: Partner) -> None:
    at(PartnerFactory.create(), date(2025, 2, 20), "2025-01")
    score = at(firm, date(2025, 4, 20), "2025-03")
    assert report_words.reported_before(score) is None


# ---- What changed --------------------------------------------------------------------------------


def test_the_changes_add_up(firm: Partner) -> None:
    old, score = two_months(firm)
    report = reports.order(score.pk, language="en", length="full", by=None)
    with translation.override("en"):
        since, parts = since_words(report), changed_rows(report, reports.allot)

    assert since is not None
    assert report.since == old
    assert since.words == "Compared with the score of 25 March 2025 (data of February 2025)."
    assert [(line.title, line.change, line.value) for line in since.largest] == [
        ("Usage growth", "+6.3", "+75 → +180 users"),
        ("Deployments", "+5", "+3 → +4 tenants"),
        ("Net customer adds", "+2", "+3 → +4 tenants"),
    ]
    assert (since.shown.before, since.shown.after, since.shown.change) == ("50.5", "63.8", "+13.3")
    for track in since.tracks:
        assert sum(_exact(line.change) for line in track.metrics) == _exact(track.change)
        assert _exact(track.after) - _exact(track.before) == _exact(track.change)
    for part in parts:
        assert sum(_exact(row.change) for row in part.rows) == _exact(part.change)
        assert _exact(part.after) - _exact(part.before) == _exact(part.change)
    assert {part.title for part in parts} == {
        "SMB, Net customer adds",
        "SMB, Usage growth by CPOR",
        "SMB, Deployments by CPOR",
    }


def test_of_many_rows_forty_are_named_and_the_sum_is_of_all(firm: Partner) -> None:
    _old, score = two_months(firm, count=120)
    report = reports.order(score.pk, language="en", length="full", by=None)
    with translation.override("en"):
        parts = changed_rows(report, reports.allot)

    assert sum(len(part.rows) for part in parts) == report_words.MOST_ROWS
    growth = next(part for part in parts if part.title.startswith("SMB, Usage growth"))
    assert growth.sum_label == "Change by all 121 rows"
    assert _exact(growth.change) == 120 * 25 + 30
    hidden = 121 - len(growth.rows)
    rest = _exact(growth.change) - sum(_exact(row.change) for row in growth.rows)
    assert growth.rest == f"{hidden} further rows change the value by +{int(rest):,}."


def test_the_full_report_tells_of_both_times(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        report_words,
        "outlook_words",
        lambda _score: [Outlook("step", "Claim Teams at Contoso.", "+5 points")],
    )
    _old, score = two_months(firm)
    words = pdfs.words(pdf_of(made(score, "full", "en")))
    assert "SMB, Usage growth by CPOR: +75 → +180" in words
    assert "What comes next" in words
    assert "Claim Teams at Contoso. +5 points" in words


@pytest.mark.parametrize(("most", "named", "others"), [(3, 3, ""), (2, 3, ""), (1, 1, "+7")])
def test_what_is_not_named_stands_as_one_sum(
    most: int, named: int, others: str, firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One metric that is left over is named, too: it takes no more room than its sum."""
    monkeypatch.setattr(report_words, "MOST_CHANGES", most)
    _old, score = two_months(firm)
    report = reports.order(score.pk, language="en", length="short", by=None)
    with translation.override("en"):
        since = since_words(report)
    assert since is not None
    assert (len(since.largest), since.others) == (named, others)
    total = sum(_exact(line.change) for line in since.largest) + _exact(since.others or "0")
    assert total == _exact(since.shown.change)


def _exact(text: str) -> Fraction:
    return Fraction(text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


# ---- The picture of the months -------------------------------------------------------------------


def test_the_picture_keeps_the_place_of_a_month_without_data() -> None:
    shown = [
        trends.Month(24300, Fraction(35), False, True),
        trends.Month(24302, Fraction(70), True, True),
    ]
    drawn = trends.draw("x", shown, pass_mark=Fraction(70))

    first, last = drawn.bars
    slot = Fraction(trends.WIDTH - trends.LEFT, 3)
    assert Fraction(last.x) - Fraction(first.x) == pytest.approx(float(2 * slot), abs=0.02)
    assert Fraction(last.y) == pytest.approx(float(Fraction(drawn.pass_mark_y)))
    assert Fraction(first.height) * 2 == pytest.approx(float(Fraction(last.height)), abs=0.02)
    assert (first.dot_y, first.is_last, last.is_last) == ("", False, True)
    assert last.dot_y


@pytest.mark.parametrize(("count", "labels"), [(2, 2), (7, 7), (13, 7), (30, 10)])
def test_months_are_labelled_as_often_as_there_is_room(count: int, labels: int) -> None:
    shown = [trends.Month(24300 + n, Fraction(50), False, True) for n in range(count)]
    drawn = trends.draw("x", shown, pass_mark=Fraction(70))
    assert sum(bool(bar.label) for bar in drawn.bars) == labels
    assert drawn.bars[-1].label


def test_one_month_makes_no_picture(firm: Partner) -> None:
    remember(firm, [Row("A", usage=dict.fromkeys(span("2025-02", "2025-02"), (50, 9)))])
    history.refresh(Portfolio.objects.get().pk)
    report = reports.order(scores.compute(firm, MARCH).pk, language="de", by=None)
    assert len(report.snapshot["months"]) == 1
    assert report_words.trend(report) is None


def test_a_text_is_cut_where_it_has_to_be() -> None:
    cut: Callable[[str, int], str] = report_words.shortened
    assert cut("abcde", 5) == "abcde"
    assert cut("abc def", 5) == "abc…"
