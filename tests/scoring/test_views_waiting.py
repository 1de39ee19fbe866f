"""What the home page tells somebody about the scoring room."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone, translation

from documents import jobs
from partners.models import Partner
from scoring import reports, waiting
from scoring.models import MonthOfData, PartnerCenterImport
from tests import blank
from tests.factories import PartnerFactory, UserFactory, member
from tests.scoring.stage import hand_in, stored_score, tenants
from tests.scoring.worlds import Row, office_usage

pytestmark = pytest.mark.django_db

BAD = office_usage([Row(usage={"2025-02": (-5, 1)}), Row("B", usage={"2025-02": (50, 1)})])


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern")


@pytest.fixture(autouse=True)
def _in_german() -> Any:
    with translation.override("de"):
        yield


def kinds(user: Any) -> list[str]:
    return [line.kind for line in waiting.for_user(user)]


def test_nothing_waits_for_a_person_without_a_firm() -> None:
    assert waiting.for_user(UserFactory.create()) == []


def test_a_ready_report_waits_for_who_ordered_it(firm: Partner) -> None:
    user, colleague = member(firm, "manager"), member(firm, "admin")
    score = stored_score(firm)
    report = reports.order(score.pk, language="de", by=user)
    assert kinds(user) == []
    jobs.build(report.document_id, blank.pdf)

    (line,) = waiting.for_user(user)
    assert (line.title, line.kind, line.mine) == (
        "Ihr Designationsbericht ist fertig",
        "report",
        True,
    )
    assert line.url == reverse("scoring:score", args=[score.pk]) + "#report"
    assert kinds(colleague) == []

    with time_machine.travel(timezone.now() + timedelta(days=15)):
        assert kinds(user) == []


def test_a_report_of_a_firm_one_has_left_waits_no_more(firm: Partner) -> None:
    user = member(firm, "manager")
    member(PartnerFactory.create(), "observer")
    report = reports.order(stored_score(firm).pk, language="de", by=user)
    jobs.build(report.document_id, blank.pdf)
    user.memberships.update(left_at=timezone.now())
    assert kinds(user) == []


def test_a_rejected_file_waits_until_a_good_one_came_in(firm: Partner) -> None:
    user, colleague = member(firm, "specialist"), member(firm, "manager")
    row = hand_in(firm, BAD, name="Usage.csv", by=user)

    (line,) = waiting.for_user(user)
    assert line.title == "Eine Datei braucht Ihre Entscheidung: Usage.csv"
    assert line.detail == "1 Zeile ist nicht verwendbar, es ist noch nichts importiert."
    assert line.url == reverse("scoring:import", args=[row.pk])
    assert kinds(colleague) == []

    hand_in(firm, office_usage(tenants(1)), by=colleague)
    assert kinds(user) == []


def test_a_file_nobody_can_read_asks_for_no_decision(firm: Partner) -> None:
    user = member(firm, "specialist")
    hand_in(firm, b"Hello world\n", by=user)
    assert PartnerCenterImport.objects.get().state == "rejected"
    assert kinds(user) == []


def test_a_preview_and_unknown_columns_wait_for_who_brought_them(firm: Partner) -> None:
    user, colleague = member(firm, "specialist"), member(firm, "manager")
    hand_in(firm, office_usage(tenants(1)), name="Usage.csv", by=user, at_once=False)
    hand_in(firm, b"Mandant,Produkt\nx,y", name="Claims.csv", by=user)
    assert [(line.title, line.detail) for line in waiting.for_user(user)] == [
        (
            "Bei einer Datei fehlen die Spaltennamen: Claims.csv",
            "Sagen Sie einmal, welche Spalte was ist; es ist noch nichts importiert.",
        ),
        (
            "Eine Datei braucht Ihre Entscheidung: Usage.csv",
            "Gelesen und bereit: Es ist noch nichts importiert.",
        ),
    ]
    assert kinds(colleague) == []


@pytest.mark.parametrize(
    ("trait", "days", "expected"),
    [("manager", 36, ["data"]), ("manager", 34, []), ("observer", 36, [])],
)
def test_old_data_wait_for_those_who_can_bring_new_ones(
    trait: str, days: int, expected: list[str], firm: Partner
) -> None:
    user = member(firm, trait)
    hand_in(firm, office_usage(tenants(1)))
    MonthOfData.objects.update(imported_at=timezone.now() - timedelta(days=days))
    assert kinds(user) == expected


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows: int, firm: Partner, django_assert_num_queries: Any) -> None:
    user = member(firm, "manager")
    score = stored_score(firm)
    for language in ("de", "en")[:rows]:
        report = reports.order(score.pk, language=language, by=user)
        jobs.build(report.document_id, blank.pdf)
    for number in range(rows):
        hand_in(firm, BAD + b"\r\n" * number, name=f"{number}.csv", by=user)
    # firms, monthly reports, reports, files, claims, enrolments, months of the history, data
    with django_assert_num_queries(8):
        assert len(waiting.for_user(user)) >= 2 * min(rows, 2)


def test_the_home_page_shows_the_lines(
    firm: Partner, sign_in: Callable[[Any], Any], soup: Callable[[Any], Any]
) -> None:
    user = member(firm, "specialist")
    hand_in(firm, BAD, name="Usage.csv", by=user)
    page = soup(sign_in(user).get(reverse("home")))
    assert "Usage.csv" in page.main.get_text()
