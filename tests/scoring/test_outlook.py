"""What is known of the months to come: judged once in the job, read by the page."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import (
    computed_tables,
    explaining,
    history,
    ledgers,
    month_changes,
    months,
    nearness,
    outlook,
    rule_sets,
    scores,
)
from scoring.judging import Months, by_tenant, judge, prepare
from scoring.models import ComputedTable, MonthAhead, MonthResult, Portfolio, Tenant
from scoring.people import Certificate
from tests.factories import PartnerFactory, member
from tests.parsing import parsed
from tests.scoring.past import OLD, PEOPLE, growing, span, store
from tests.scoring.worlds import Row, claims

YEAR = span("2024-01", "2024-12")
BEFORE = span("2023-01", "2023-12")


@pytest.fixture
def firm(db: None) -> Partner:
    return PartnerFactory.create()


def total(row: MonthAhead | MonthResult, track: str = "smb") -> str:
    (found,) = [one for one in row.tracks if one.key == track]
    return found.exact


# ---- Months to come ------------------------------------------------------------------------------


def test_a_month_to_come_has_the_figures_of_the_newest_and_its_own_comparison(
    firm: Partner,
) -> None:
    # In January and February a year ago ten tenants were too small, in March they were not.
    usage = dict.fromkeys(["2023-02", "2023-03"], (9, 2)) | {
        "2023-04": (50, 20),
        "2024-02": (50, 60),
    }
    rows = [Row(f"Kunde {n}", usage=usage, begins_on=OLD) for n in range(10)]
    portfolio = store(firm, rows)
    made = history.compute(portfolio)

    assert [months.label(row.month) for row in made.ahead] == ["2024-03", "2024-04", "2024-05"]
    assert {row.data_month for row in made.ahead} == {months.parse_label("2024-02")}
    march, april, may = made.ahead
    assert total(march) == "100"
    # Against April a year ago nothing is new: 400 users more, deployed then as now (20 of 50).
    assert total(april) == "49"
    assert (march.is_provable, april.is_provable, may.is_provable) == (True, True, False)


def test_what_was_foreseen_comes_true_when_nothing_changes(firm: Partner) -> None:
    rows = [
        Row(f"K {n}", usage=dict.fromkeys([*BEFORE, *YEAR], (50, 10 + n)), begins_on=OLD)
        for n in range(4)
    ]
    rows += [Row("Neu", usage=dict.fromkeys(YEAR[5:], (60, 30)), begins_on=date(2024, 6, 3))]
    portfolio = store(firm, rows)
    foreseen = {row.month: row.result for row in history.compute(portfolio).ahead}

    more = span("2025-01", "2025-03")
    later = [
        Row(
            row.tenant,
            usage=dict(row.usage) | dict.fromkeys(more, row.usage["2024-12"]),
            begins_on=row.begins_on,
        )
        for row in rows
    ]
    came = {row.month: row.result for row in history.compute(store(firm, later)).history}
    for month, result in foreseen.items():
        assert came[month] == result


def test_what_ends_and_what_expires_is_looked_at(firm: Partner) -> None:
    usage = dict.fromkeys([*BEFORE, *YEAR], (50, 30))
    rows = [
        Row("Endet", usage=usage, begins_on=OLD, ended_on=date(2025, 1, 31)),
        Row("Bleibt", usage=usage, begins_on=OLD),
    ]
    ada = Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2022, 1, 31), date(2025, 2, 10))
    portfolio = store(firm, rows, [ada])
    january, february, march = history.compute(portfolio).ahead

    def metric(row: MonthAhead, key: str) -> int:
        (track,) = [one for one in row.tracks if one.key == "smb"]
        return next(one.value for one in track.metrics if one.key == key)

    assert [metric(row, "net_customer_adds") for row in (january, february, march)] == [0, -1, -1]
    # The data of January count in February: on its last day the certificate has expired.
    assert [metric(row, "advanced_certifications") for row in (january, february)] == [0, 0]
    history.refresh(portfolio.pk)
    assert outlook.ends(portfolio, [january, february, march]) == [(february.month, 1)]


def test_the_rules_of_a_month_to_come_are_those_in_force_then(firm: Partner) -> None:
    portfolio = store(firm, growing(["2025-10"], small=["2024-10"]))
    made = history.compute(portfolio)
    assert made.history[-1].rule_set == "modern-work-2023"
    assert [row.rule_set for row in made.ahead] == [
        "modern-work-2023",
        "modern-work-2026",
        "modern-work-2026",
    ]


def test_refresh_stores_what_was_computed_and_takes_back_what_is_gone(firm: Partner) -> None:
    portfolio = store(firm, growing(YEAR, small=BEFORE))
    history.refresh(portfolio.pk)
    assert portfolio.months_ahead.count() == history.AHEAD
    assert portfolio.computed_tables.count() == 24 + history.AHEAD + 3

    portfolio = store(firm, growing(["2024-03"]))
    history.refresh(portfolio.pk)
    assert [row.data_month for row in portfolio.months_ahead.all()] == [
        months.parse_label("2024-03")
    ] * history.AHEAD
    assert portfolio.computed_tables.count() == 1 + history.AHEAD + 3

    portfolio = store(firm, [])
    history.refresh(portfolio.pk)
    assert not MonthAhead.objects.exists()
    assert not ComputedTable.objects.exists()


# ---- What changes, from the stored verdicts ------------------------------------------------------

MIXED = [
    Row("Neu", usage={"2024-12": (50, 30)}, begins_on=date(2024, 12, 4)),
    Row("Wächst", usage=dict.fromkeys(["2023-12", "2024-01"], (60, 10)) | {"2024-12": (60, 40)}),
    Row("Fort", usage={"2023-12": (70, 40)}, begins_on=OLD, ended_on=date(2024, 2, 20)),
    Row("CSP", option="CSP", usage=dict.fromkeys(["2024-01", "2024-02", "2024-12"], (70, 30))),
    Row("Groß", workload="Teams", usage={"2024-02": (300, 90), "2024-12": (301, 95)}),
    Row("Zwei", usage={"2024-01": (40, 9), "2024-12": (40, 20)}),
    Row("Zwei", workload="Teams", usage={"2024-02": (40, 9), "2024-12": (40, 12)}),
]


def test_the_changes_until_a_month_to_come_add_up_exactly(firm: Partner) -> None:
    ada = Certificate("mcp:5", "Cy Li", "", "MS-700", date(2024, 4, 10), date(2025, 2, 10))
    portfolio = store(firm, MIXED, [*PEOPLE, ada])
    history.refresh(portfolio.pk)
    portfolio.refresh_from_db()
    changed = 0
    for row in portfolio.months_ahead.all():
        changes = month_changes.of_month_ahead(portfolio, row.month)
        assert changes is not None
        assert changes.now.result == row.result
        for track in changes.tracks:
            for metric in track.metrics:
                (option,) = [one for one in metric.options if one.key == metric.option]
                rows = changes.rows_of(track.key, metric.key)
                assert (rows.value if rows else 0) == option.value
                changed += bool(option.value)
    assert changed >= 6


@pytest.mark.parametrize("ahead", [False, True])
def test_stored_verdicts_say_what_judging_anew_says(firm: Partner, ahead: bool) -> None:
    portfolio = store(firm, MIXED)
    of = month_changes.of_month_ahead if ahead else month_changes.of_month
    month = months.parse_label("2025-02" if ahead else "2024-12")
    fresh = of(portfolio, month)
    history.refresh(portfolio.pk)
    portfolio.refresh_from_db()
    # Facts are not judged any more: without usage the stored verdicts still say the same numbers.
    stored = of(portfolio, month)
    assert fresh is not None
    assert stored is not None
    assert stored.rows == fresh.rows
    assert stored.tracks == fresh.tracks
    assert len(stored.rows) >= 4


def test_a_month_that_is_not_worked_out_has_no_changes(firm: Partner) -> None:
    portfolio = store(firm, MIXED)
    for label in ("2024-12", "2025-04", "2023-12"):
        assert month_changes.of_month_ahead(portfolio, months.parse_label(label)) is None
    assert month_changes.of_month_ahead(store(firm, []), months.parse_label("2025-01")) is None


def test_tables_of_verdicts_give_back_what_was_put_in(firm: Partner) -> None:
    rule_set = rule_sets.get("modern-work-2023")
    pair = Months(months.parse_label("2024-12"), months.parse_label("2023-12"))
    verdicts = {
        tenant: judge(own, prepare(rule_set.key, pair))
        for tenant, own in by_tenant(claims(MIXED, pair))
    }
    table = computed_tables.Verdicts(computed_tables.load(computed_tables.dump_verdicts(verdicts)))
    seen = 0
    for tenant, own in verdicts.items():
        for one in own:
            for metric in ("net_customer_adds", "usage_growth", "deployments"):
                found = table.figures(metric, one.track, one.option)[tenant]
                assert found == tuple(map(int, explaining.figures(metric, one)))
                seen += 1
    assert seen > 20
    empty = computed_tables.Verdicts(computed_tables.load(computed_tables.dump_verdicts({})))
    assert empty.figures("usage_growth", 1, 1) == {}


# ---- Tenants at an edge --------------------------------------------------------------------------

RULES = "modern-work-2023"
PAIR = Months(months.parse_label("2025-02"), months.parse_label("2024-02"))


def near(*rows: Row, rules: str = RULES) -> tuple[list[nearness.Share], list[nearness.Edge]]:
    prepared = prepare(rules, PAIR)
    own = dict(by_tenant(claims(rows, PAIR)))
    return nearness.of(own, {key: judge(each, prepared) for key, each in own.items()}, prepared)


def now(seats: int, users: int, **options: Any) -> Row:
    return Row(usage={"2024-02": (seats, 1), "2025-02": (seats, users)}, **options)


@pytest.mark.parametrize(
    ("seats", "users", "distance", "counts"),
    [
        (50, 19, 1, 0),  # 40 % of 50 are 20
        (50, 20, 0, 1),  # at the edge: nobody may go
        (50, 24, -4, 1),
        (51, 20, 1, 0),  # 20.4: the twenty-first makes it
        (11, 0, 5, 0),
        (300, 119, 1, 0),
    ],
)
def test_distance_to_the_share_is_in_whole_users(
    seats: int, users: int, distance: int, counts: int
) -> None:
    (share,) = near(now(seats, users))[0]
    assert (share.distance, share.counts) == (distance, counts)


@pytest.mark.parametrize(("users", "is_near"), [(49, True), (50, False)])
def test_who_has_a_tenth_of_the_seats_to_lose_is_not_near(users: int, is_near: bool) -> None:
    assert bool(near(now(100, users))[0]) is is_near


def test_of_several_workloads_the_nearest_speaks() -> None:
    (share,) = near(now(50, 10), now(50, 18, workload="Teams"))[0]
    assert share.distance == 2
    assert near(now(50, 45))[0] == []  # far inside: nothing to fear


def test_two_workloads_above_the_share_keep_each_other() -> None:
    assert near(now(11, 5), now(2, 1, workload="Teams"))[0] == []
    (share,) = near(now(11, 5), now(20, 3, workload="Teams"))[0]
    assert (share.seats, share.distance, share.counts) == (11, 0, 1)


def test_what_stood_above_the_share_when_claimed_is_not_near() -> None:
    row = Row(usage={"2024-10": (50, 25), "2025-02": (50, 10)}, begins_on=date(2024, 10, 5))
    assert near(row)[0] == []


@pytest.mark.parametrize(
    ("seats", "smb", "enterprise"),
    [
        (10, (1, 0), None),
        (7, None, None),
        (8, (3, 0), None),
        (11, (-1, 1), None),
        (13, (-3, 1), None),
        (14, None, None),
        (271, (30, 1), (30, 0)),
        (270, None, None),
        (300, (1, 1), (1, 0)),
        (301, (-1, 0), (-1, 1)),
        (330, (-30, 0), (-30, 1)),
        (331, None, None),
    ],
)
def test_distance_to_a_seat_band(
    seats: int, smb: tuple[int, int] | None, enterprise: tuple[int, int] | None
) -> None:
    tracks = {track.number: track.key for track in rule_sets.get(RULES).tracks}
    found = {tracks[edge.track]: (edge.distance, edge.counts) for edge in near(now(seats, 1))[1]}
    assert (found.get("smb"), found.get("enterprise")) == (smb, enterprise)


def test_a_workload_far_inside_the_band_keeps_its_tenant() -> None:
    assert near(now(11, 1), now(50, 1, workload="Teams"))[1] == []


def test_whoever_may_stay_above_the_band_is_not_near_its_end() -> None:
    edges = near(now(300, 1), rules="modern-work-2026")[1]
    smb = rule_sets.get(RULES).track("smb").number
    assert [edge for edge in edges if edge.track == smb] == []


@settings(max_examples=60, deadline=None)
@example([("Exchange", "CSP", 11, 5), ("Teams", "CSP", 1, 1)])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Exchange", "Teams"]),
            st.sampled_from(["CPOR", "CSP", "DPOR"]),
            st.integers(0, 340),
            st.integers(0, 200),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda row: row[:2],
    )
)
def test_one_who_is_short_gets_there_with_that_many_users(
    found: list[tuple[str, str, int, int]],
) -> None:
    """As many users more as the distance says make it deployed, and one fewer do not."""
    rows = [
        now(seats, users, workload=workload, option=option)
        for workload, option, seats, users in found
    ]
    prepared = prepare(RULES, PAIR)
    own = claims(rows, PAIR)
    for share in near(*rows)[0]:
        for extra, deployed in ((share.distance, 1), (share.distance - 1, 0)):
            changed = [
                claim._replace(now_users=(claim.now_users or 0) + extra)
                if (claim.workload, claim.option) == (share.workload, share.option)
                else claim
                for claim in own
            ]
            if any((claim.now_users or 0) < 0 for claim in changed):
                continue
            ((_tenant, sorted_claims),) = by_tenant(changed)
            (verdict,) = [
                one
                for one in judge(sorted_claims, prepared)
                if (one.track, one.option) == (share.track, share.option)
            ]
            assert verdict.deployed_now == deployed


# ---- What the page reads -------------------------------------------------------------------------


def test_lists_come_nearest_first_with_the_number_of_all(firm: Partner) -> None:
    rows = [now(50, 20 - n, tenant=f"K {n:02d}") for n in range(1, 15)]
    portfolio = store(firm, rows)
    history.refresh(portfolio.pk)
    found = outlook.near(portfolio, months.parse_label("2025-02")).almost_deployed

    assert found.count == 14
    assert [row.distance for row in found.rows] == list(range(1, outlook.MOST + 1))
    assert found.rows[0].name == "K 01"
    assert (found.rows[0].workload, found.rows[0].option) == ("Exchange", "CPOR")


def test_another_firms_tenants_are_never_named(firm: Partner) -> None:
    portfolio = store(firm, [now(50, 19)])
    history.refresh(portfolio.pk)
    Tenant.objects.filter(portfolio=portfolio).update(
        portfolio=Portfolio.objects.create(partner=PartnerFactory.create())
    )
    found = outlook.near(portfolio, months.parse_label("2025-02")).almost_deployed
    assert (found.count, list(found.rows)) == (1, [])


def test_anniversaries_count_associations_by_month_and_option(firm: Partner) -> None:
    rows = [
        Row(f"K {n}", option=option, usage={"2024-02": (50, 5)}, begins_on=begins)
        for n, (option, begins) in enumerate(
            [
                ("CPOR", date(2023, 3, 1)),
                ("CPOR", date(2023, 3, 31)),
                ("CSP", date(2023, 3, 15)),
                ("CPOR", date(2023, 5, 2)),
                ("CPOR", date(2023, 2, 1)),  # old enough already
                ("CPOR", date(2023, 6, 1)),  # beyond the quarter
            ]
        )
    ]
    # Over before its twelfth month, so it never gets that old.
    rows += [
        Row(f"Ends {day}", usage={"2024-02": (50, 5)}, begins_on=begins, ended_on=day)
        for begins, day in [
            (date(2023, 3, 1), date(2024, 2, 20)),
            (date(2023, 5, 2), date(2024, 4, 30)),
        ]
    ]
    held = Row("Held", "Exchange", "CPOR", {"2024-02": (50, 5)}, date(2023, 5, 2), date(2024, 5, 1))
    rows.append(held)
    portfolio = store(firm, rows)
    history.refresh(portfolio.pk)
    ahead = outlook.outcomes(portfolio)[1]
    found = outlook.anniversaries(portfolio, ahead)
    assert [(months.label(one.month), list(one.counts)) for one in found] == [
        ("2024-03", [("CPOR", 2), ("CSP", 1)]),
        ("2024-05", [("CPOR", 2)]),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_reading_takes_as_many_queries_for_one_tenant_as_for_three(
    firm: Partner, count: int, django_assert_num_queries: Any
) -> None:
    rows = [now(50, 19, tenant=f"K {n}") for n in range(count)]
    portfolio = store(firm, rows)
    history.refresh(portfolio.pk)
    portfolio.refresh_from_db()
    month = months.parse_label("2025-03")
    with django_assert_num_queries(11):
        outlook.near(portfolio, month - 1)
        changes = month_changes.of_month_ahead(portfolio, month)
    assert changes is not None


def test_scores_are_not_touched_by_looking_ahead(firm: Partner) -> None:
    portfolio = store(firm, growing(["2025-02"], small=["2024-02"]))
    score = scores.compute(firm, date(2025, 3, 25))
    before = score.result
    history.refresh(portfolio.pk)
    score.refresh_from_db()
    assert score.result == before
    assert ledgers.rule_set_of(score).key == RULES


def test_a_large_firm_is_never_judged_while_somebody_waits(
    firm: Partner, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = store(firm, growing(YEAR, small=BEFORE))
    history.refresh(portfolio.pk)
    store(firm, growing(YEAR, small=BEFORE, count=3))  # and the job has not run yet
    monkeypatch.setattr(month_changes, "FEW", 2)
    client.force_login(member(firm, "manager"))

    for url in (
        reverse("scoring:outlook"),
        reverse("scoring:history_month", args=["2024-12"]),
    ):
        page = parsed(client.get(url).content)
        assert page.select_one("#behind[hx-get]") is not None
        assert page.select("table") == []

    history.refresh(portfolio.pk)
    page = parsed(client.get(reverse("scoring:outlook")).content)
    assert page.select_one("#behind") is None
    assert len(page.select("table.ahead tbody tr")) == 1 + history.AHEAD
