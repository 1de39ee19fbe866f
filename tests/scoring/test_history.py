"""History month by month: made from facts alone, exact to the day, brought up to date."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from partners.models import Partner
from scoring import history, months, people, rule_sets, scores
from scoring.models import Correction, MonthOfData, MonthResult, Portfolio, Tenant, UsageMonth
from scoring.people import Certificate
from scoring.status import Window
from tests.factories import PartnerFactory
from tests.scoring.past import PEOPLE, growing, remember, span, store
from tests.scoring.worlds import Row

pytestmark = pytest.mark.django_db

YEAR_BEFORE = span("2023-01", "2023-12")
YEAR = span("2024-01", "2024-12")


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


def by_label(rows: list[MonthResult]) -> dict[str, MonthResult]:
    return {months.label(row.month): row for row in rows}


def points(row: MonthResult, track: str = "smb") -> dict[str, str]:
    (found,) = [one for one in row.tracks if one.key == track]
    return {metric.key: metric.exact for metric in found.metrics} | {"total": found.exact}


# ---- What a month says ---------------------------------------------------------------------------


def test_every_month_is_compared_with_the_same_a_year_earlier(firm: Partner) -> None:
    rows = growing(["2024-02", "2024-03"], small=["2023-02", "2023-03"])
    found = by_label(history.compute(store(firm, rows)).history)

    assert list(found) == ["2023-02", "2023-03", "2024-02", "2024-03"]
    assert points(found["2024-03"]) == {
        "net_customer_adds": "20",
        "intermediate_certifications": "10",
        "advanced_certifications": "15",
        "usage_growth": "30",
        "deployments": "25",
        "total": "100",
    }
    assert (found["2024-03"].designated, found["2024-03"].track) == (True, "smb")
    assert found["2024-03"].qualified == [["2024-04-01", "2024-04-30"]]
    assert points(found["2023-03"])["total"] == "25"  # nine seats are too few


def test_a_month_without_its_comparison_proves_nothing(firm: Partner) -> None:
    found = by_label(history.compute(store(firm, growing(["2024-02"]))).history)

    assert points(found["2024-02"])["total"] == "100"
    assert (found["2024-02"].is_provable, found["2024-02"].designated) == (False, False)
    assert found["2024-02"].qualified == []
    assert not any(track.passes for track in found["2024-02"].tracks)


def test_a_month_without_its_comparison_counts_when_nothing_was_held_then(firm: Partner) -> None:
    usage = {"2023-06": (50, 1), "2024-02": (50, 60)}
    rows = [Row(f"Neu {n}", usage=usage, begins_on=date(2023, 6, 1)) for n in range(10)]
    found = by_label(history.compute(store(firm, rows)).history)
    assert (found["2024-02"].is_provable, found["2024-02"].designated) == (True, True)


def test_the_rules_are_those_in_force_when_the_following_month_begins(firm: Partner) -> None:
    rows = growing(["2025-11", "2025-12"], small=["2024-11", "2024-12"])
    found = by_label(history.compute(store(firm, rows)).history)

    assert found["2025-11"].rule_set == "modern-work-2023"
    assert found["2025-12"].rule_set == "modern-work-2026"


def test_a_firm_without_data_has_no_history(firm: Partner) -> None:
    assert history.compute(store(firm, [], PEOPLE)).history == []


@pytest.mark.parametrize(
    ("completed_on", "expires_on", "qualified"),
    [
        (date(2024, 4, 10), date(2024, 4, 20), [["2024-04-10", "2024-04-20"]]),
        (date(2024, 3, 31), date(2025, 3, 31), [["2024-04-01", "2024-04-30"]]),
        (date(2024, 4, 1), date(2024, 4, 1), [["2024-04-01", "2024-04-01"]]),
        (date(2024, 4, 30), None, [["2024-04-30", "2024-04-30"]]),
        (date(2024, 5, 1), None, []),
        (date(2023, 4, 1), date(2024, 3, 31), []),
    ],
)
def test_qualified_days_follow_completion_and_expiry(
    firm: Partner, completed_on: date, expires_on: date | None, qualified: list[list[str]]
) -> None:
    ada = Certificate("mcp:1", "Ada Ohm", "", "MS-102", completed_on, expires_on)
    rows = growing(["2024-03"], small=["2023-03"])
    found = by_label(history.compute(store(firm, rows, [*PEOPLE[1:], ada])).history)

    assert found["2024-03"].qualified == qualified
    # The month is told as it stood when it ended.
    assert found["2024-03"].designated == (bool(qualified) and qualified[-1][1] == "2024-04-30")


def test_a_gap_between_two_certifications_is_a_gap_of_days(firm: Partner) -> None:
    advanced = [
        Certificate("mcp:1", "Ada", "", "MS-102", date(2023, 4, 9), date(2024, 4, 9)),
        Certificate("mcp:2", "Bo", "", "MS-102", date(2024, 4, 12), date(2025, 4, 12)),
        Certificate("mcp:3", "Cy", "", "MS-102", date(2024, 4, 20), date(2025, 4, 12)),
    ]
    rows = growing(["2024-03"], small=["2023-03"])
    found = by_label(history.compute(store(firm, rows, [*PEOPLE[1:], *advanced])).history)
    assert found["2024-03"].qualified == [
        ["2024-04-01", "2024-04-09"],
        ["2024-04-12", "2024-04-30"],
    ]


def test_a_certification_that_gives_no_points_any_more_ends_the_days(firm: Partner) -> None:
    only_fundamentals = [
        PEOPLE[0],
        *(Certificate(f"mcp:{n}", f"P {n}", "", "MS-900", date(2022, 1, 1), None) for n in (1, 2)),
    ]
    rows = growing(["2027-02", "2027-03"], small=["2026-02", "2026-03"])
    found = by_label(history.compute(store(firm, rows, only_fundamentals)).history)

    assert found["2027-02"].qualified == [["2027-03-01", "2027-03-31"]]  # points until 2027-03-31
    assert found["2027-03"].qualified == []


def test_corrections_lie_over_the_past_too(firm: Partner) -> None:
    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]))
    assert history.compute(portfolio).history[-1].designated
    Correction.objects.create(
        portfolio=portfolio, field="left", person_key="mcp:1", reason="has left the firm"
    )
    (last,) = history.compute(portfolio).history[-1:]
    assert points(last)["advanced_certifications"] == "0"
    assert not last.designated


def test_each_day_says_what_a_score_of_that_day_says(firm: Partner) -> None:
    ada = Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 4, 10), date(2024, 4, 20))
    rows = growing(["2024-02", "2024-03"], small=["2023-02", "2023-03"])
    rows += [Row("Eben", usage={"2024-03": (400, 300)}, begins_on=date(2024, 1, 5))]
    portfolio = store(firm, rows, [*PEOPLE[1:], ada])
    days = set(history.qualified_days(history.compute(portfolio).history))

    for day in (date(2024, 4, 9), date(2024, 4, 10), date(2024, 4, 20), date(2024, 4, 21)):
        assert scores.compute(firm, day).designated == (day in days)
    score = scores.compute(firm, date(2024, 4, 30))
    assert score.result == history.compute(portfolio).history[-1].result


certifications = st.sampled_from(["MS-900", "MS-700", "MS-102", "AZ-104"])
near = st.dates(date(2025, 2, 20), date(2025, 4, 10))
certificates = st.builds(
    lambda person, certification, completed, length: Certificate(
        f"mcp:{person}",
        "",
        "",
        certification,
        completed,
        None if length is None else completed + timedelta(days=length),
    ),
    st.integers(1, 4),
    certifications,
    near,
    st.none() | st.integers(0, 40),
)


@given(st.lists(certificates, max_size=8))
def test_nobody_changes_within_a_stretch(own: list[Certificate]) -> None:
    rule_set = rule_sets.get("modern-work-2023")
    days = Window(date(2025, 3, 1), date(2025, 3, 31))
    stretches = history.unchanged_stretches(own, rule_set, days)

    def counted(day: date) -> set[tuple[str, str]]:
        found = people.judge_people(own, rule_set, day)
        return {(one.metric, one.person) for one in found if one.counts}

    assert [day for stretch in stretches for day in stretch.days()] == list(days.days())
    for stretch in stretches:
        assert all(counted(day) == counted(stretch.first) for day in stretch.days())


# ---- Kept up to date -----------------------------------------------------------------------------


def stored(portfolio: Portfolio) -> dict[str, bool]:
    return {months.label(row.month): row.designated for row in portfolio.history.order_by("month")}


def test_refresh_stores_every_month_once(firm: Partner) -> None:
    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]))

    assert history.refresh(portfolio.pk) == 2
    assert stored(portfolio) == {"2023-03": False, "2024-03": True}
    portfolio.refresh_from_db()
    assert portfolio.history_version == portfolio.version
    before = list(portfolio.history.values())
    assert history.refresh(portfolio.pk) == 0
    assert list(portfolio.history.values()) == before


def test_refresh_replaces_what_differs_and_deletes_what_is_gone(firm: Partner) -> None:
    remember(firm, growing(["2024-02", "2024-03"], small=["2023-02", "2023-03"]))
    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]), PEOPLE[1:])

    assert history.refresh(portfolio.pk) == 4  # two are gone, in two nobody holds MS-102
    assert stored(portfolio) == {"2023-03": False, "2024-03": False}


def test_refresh_reads_again_when_the_facts_change_meanwhile(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]))
    read, runs = history.compute, []

    def slow(found: Portfolio) -> history.Computed:
        runs.append(found.version)
        made = read(found)
        if len(runs) == 1:
            store(firm, growing(["2024-04"], small=["2023-04"]))
        return made

    monkeypatch.setattr(history, "compute", slow)
    history.refresh(portfolio.pk)
    assert len(runs) == 2
    assert stored(portfolio) == {"2023-04": False, "2024-04": True}


def test_refresh_leaves_facts_that_never_rest_to_the_next_run(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = store(firm, growing(["2024-03"]))

    def restless(found: Portfolio) -> history.Computed:
        Portfolio.objects.filter(pk=found.pk).update(version=found.version + 1)
        return history.Computed([], [], {})

    monkeypatch.setattr(history, "compute", restless)
    assert history.refresh(portfolio.pk) == 0
    portfolio.refresh_from_db()
    assert portfolio.history_version < portfolio.version


@pytest.mark.django_db(transaction=True)
def test_two_workers_come_to_the_same_rows() -> None:
    firm = PartnerFactory.create()
    portfolio = store(firm, growing(YEAR, small=YEAR_BEFORE))
    expected = {
        months.label(row.month): row.designated for row in history.compute(portfolio).history
    }

    def work() -> None:
        try:
            history.refresh(portfolio.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work) for _ in range(2)]:
            future.result(timeout=60)
    assert stored(portfolio) == expected
    portfolio.refresh_from_db()
    assert portfolio.history_version == portfolio.version


def test_another_firm_changes_nothing(firm: Partner) -> None:
    portfolio = remember(firm, growing(["2024-03"], small=["2023-03"]))
    before = list(portfolio.history.values())
    remember(PartnerFactory.create(), growing(["2024-03", "2024-04"], small=["2023-03"], count=3))
    assert list(portfolio.history.values()) == before


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> Any:
    """``sent(verb)`` runs it and gives the portfolios queued on commit."""
    found: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        "documents.jobs.current_app.send_task", lambda name, args: found.append((name, args))
    )

    def run(verb: Any, *arguments: Any) -> list[int]:
        found.clear()
        with django_capture_on_commit_callbacks(execute=True):
            verb(*arguments)
        assert all(name == history.TASK for name, _ in found)
        return [int(pk) for _, (pk,) in found]

    return run


def test_the_sweep_finds_who_lies_behind(firm: Partner, sent: Any) -> None:
    behind = store(firm, growing(["2024-03"]))
    remember(PartnerFactory.create(), growing(["2024-03"]))

    assert sent(history.sweep) == [behind.pk]
    history.refresh(behind.pk)
    assert sent(history.sweep) == []


def test_a_change_queues_its_firm_on_commit(firm: Partner, sent: Any) -> None:
    portfolio = store(firm, [])
    assert sent(history.queue, portfolio.pk) == [portfolio.pk]


def test_a_new_rule_set_brings_the_months_up_to_date(firm: Partner, sent: Any) -> None:
    portfolio = remember(firm, growing(["2025-12"], small=["2024-12"]))
    remember(PartnerFactory.create(), growing(["2024-03"]))
    assert sent(history.sweep_rule_sets) == []

    # As it was stored before the rules of 2026 were there.
    MonthResult.objects.filter(portfolio=portfolio).update(rule_set="modern-work-2023")
    assert sent(history.sweep_rule_sets) == [portfolio.pk]
    assert history.refresh(portfolio.pk) == 1
    last = portfolio.history.get(month=months.parse_label("2025-12"))
    assert last.rule_set == "modern-work-2026"


def test_the_task_takes_what_the_queue_sends(firm: Partner) -> None:
    from scoring import tasks

    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]))
    tasks.refresh_history(str(portfolio.pk))
    assert stored(portfolio) == {"2023-03": False, "2024-03": True}


def test_a_broken_write_leaves_the_old_history(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = remember(firm, growing(["2024-03"], small=["2023-03"]))
    before = stored(portfolio)
    store(firm, growing(["2024-04"], small=["2023-04"]))

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("scoring.bulk.delete", broken)
    with pytest.raises(OSError, match="disk full"), transaction.atomic():
        history.refresh(portfolio.pk)
    assert stored(portfolio) == before
    portfolio.refresh_from_db()
    assert portfolio.history_version < portfolio.version


def test_facts_are_only_read(firm: Partner) -> None:
    portfolio = store(firm, growing(["2024-03"], small=["2023-03"]))

    def counted() -> list[int]:
        return [model.objects.count() for model in (Tenant, UsageMonth, MonthOfData)]

    before = counted()
    history.refresh(portfolio.pk)
    assert counted() == before
