"""Data as they really come: none, one month, gaps, an old month again, two global accounts.

Every page of the room has to answer, and to say what it cannot know.
"""

import csv
import io
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from partners.models import Partner
from scoring import history, months, scores
from scoring.models import MonthResult, Portfolio, Score
from scoring.people import Certificate
from tests.factories import PartnerFactory, member
from tests.parsing import parsed
from tests.scoring.stage import hand_in
from tests.scoring.worlds import Row, office_usage, training

pytestmark = pytest.mark.django_db

OLD = date(2023, 1, 15)
PAGES = (
    "overview",
    "outlook",
    "plan",
    "scenarios",
    "unclaimed",
    "customers",
    "people",
    "history",
    "reports",
    "disclosures",
    "imports",
    "corrections",
)
CERTIFIED = [Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 4, 1), date(2025, 4, 1))]


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def browser(firm: Partner, client: Client) -> Client:
    client.force_login(member(firm, "manager"))
    return client


def page(browser: Client, name: str) -> str:
    response = browser.get(reverse(f"scoring:{name}"))
    assert response.status_code == 200
    main = parsed(response.content).main
    assert main is not None
    return " ".join(main.get_text(" ").split())


def refresh(firm: Partner) -> None:
    history.refresh(Portfolio.objects.get(partner=firm).pk)


def usage(months: dict[str, tuple[int, int]], **options: Any) -> bytes:
    return office_usage([Row("Contoso", usage=months, begins_on=OLD, **options)])


@pytest.mark.parametrize("name", PAGES)
def test_a_firm_without_data_gets_an_answer_everywhere(browser: Client, name: str) -> None:
    assert page(browser, name)


@time_machine.travel("2025-03-25 12:00")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("is_scored", [False, True])
def test_one_month_only(firm: Partner, browser: Client, name: str, is_scored: bool) -> None:
    hand_in(firm, usage({"2025-02": (50, 30)}))
    if is_scored:
        scores.compute(firm, date(2025, 3, 25))
        refresh(firm)
    else:
        Score.objects.filter(partner=firm).delete()
    text = page(browser, name)
    if name == "overview" and is_scored:
        assert "Februar 2024" in text  # the month that is missing is named


@time_machine.travel("2025-03-25 12:00")
@pytest.mark.parametrize("name", PAGES)
def test_people_without_usage(firm: Partner, browser: Client, name: str) -> None:
    hand_in(firm, training(CERTIFIED), name="people.csv")
    scores.compute(firm, date(2025, 3, 25))
    refresh(firm)
    assert page(browser, name)


@time_machine.travel("2025-03-25 12:00")
@pytest.mark.parametrize("name", PAGES)
def test_months_with_gaps(firm: Partner, browser: Client, name: str) -> None:
    hand_in(firm, usage({"2023-05": (50, 1), "2024-02": (50, 5), "2024-11": (50, 9)}))
    hand_in(firm, usage({"2025-02": (50, 30)}), name="later.csv")
    scores.compute(firm, date(2025, 3, 25))
    refresh(firm)
    assert page(browser, name)


@time_machine.travel("2025-03-25 12:00")
def test_an_old_month_again_leaves_what_was_reported(firm: Partner) -> None:
    rows = {f"K {n}": {"2024-02": (9, 2), "2025-02": (50, 30)} for n in range(10)}
    hand_in(firm, office_usage([Row(name, usage=own, begins_on=OLD) for name, own in rows.items()]))
    reported = scores.compute(firm, date(2025, 3, 24))
    refresh(firm)
    before = {track.key: track.exact for track in reported.tracks}

    # February again: five of the customers had nine seats only.
    again = [Row(f"K {n}", usage={"2025-02": (9, 8)}, begins_on=OLD) for n in range(5)]
    hand_in(firm, office_usage(again), name="again.csv")
    refresh(firm)

    reported.refresh_from_db()
    assert {track.key: track.exact for track in reported.tracks} == before
    (now,) = MonthResult.objects.filter(month=months.parse_label("2025-02"))
    assert {track.key: track.exact for track in now.tracks} != before


@time_machine.travel("2025-04-25 12:00")
def test_a_month_that_was_corrected_later_shows_both_totals(firm: Partner, browser: Client) -> None:
    old = {"2024-02": (9, 2), "2024-03": (9, 2), "2025-02": (50, 30), "2025-03": (50, 30)}
    rows = [Row(f"K {n}", usage=old, begins_on=OLD) for n in range(10)]
    with time_machine.travel("2025-03-25 12:00"):
        hand_in(firm, office_usage(rows))
        scores.compute(firm, date(2025, 3, 24))
    again = [Row(f"K {n}", usage={"2025-02": (9, 8)}, begins_on=OLD) for n in range(5)]
    hand_in(firm, office_usage(again), name="again.csv")
    refresh(firm)

    # Ten tenants: 20 points for winning them, 18 for 300 users, 25 for ten deployments.
    assert "damals gemeldet: 63" in page(browser, "history")


@time_machine.travel("2025-03-25 12:00")
@pytest.mark.parametrize("name", PAGES)
def test_two_global_accounts_are_one_firm(firm: Partner, browser: Client, name: str) -> None:
    hand_in(firm, two_accounts())
    score = scores.compute(firm, date(2025, 3, 25))
    refresh(firm)
    smb = next(track for track in score.tracks if track.key == "smb")
    growth = next(metric for metric in smb.metrics if metric.key == "usage_growth")
    # Both accounts report Contoso with the same figures: they count once.
    assert (growth.value, Portfolio.objects.get(partner=firm).tenants.count()) == (25 + 20, 2)
    assert page(browser, name)


def two_accounts() -> bytes:
    """One export with rows of two global accounts, one tenant in both."""
    first = office_usage(
        [Row("Contoso", usage={"2024-02": (50, 5), "2025-02": (50, 30)}, begins_on=OLD)]
    )
    second = office_usage(
        [
            Row("Contoso", usage={"2024-02": (50, 5), "2025-02": (50, 30)}, begins_on=OLD),
            Row("Fabrikam", usage={"2024-02": (40, 5), "2025-02": (40, 25)}, begins_on=OLD),
        ]
    )
    out = io.StringIO()
    rows = []
    for account, content in (("7000001", first), ("7000002", second)):
        for row in csv.DictReader(io.StringIO(content.decode())):
            duplicate = "1" if account == "7000002" and row["CustomerName"] == "Contoso" else "0"
            rows.append(row | {"PGAMpnID": account, "IsDuplicateRowForPGA": duplicate})
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
