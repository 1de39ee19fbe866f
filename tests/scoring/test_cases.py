"""The worked cases of the specification, each under its own name.

Cases that give counts go through ``evaluate``. Cases that give tenants or people go from facts over
contributions to points, once with facts written down and once through a file and the database.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.files.base import ContentFile

from scoring import explaining, imports, judging, months, rule_sets, rules, scores, status
from scoring.explaining import Explainer, Line
from scoring.people import Certificate
from tests.factories import PartnerFactory
from tests.scoring.worlds import (
    AS_OF,
    PAIR,
    Row,
    claims,
    judged,
    judged_people,
    office_usage,
    training,
)

RULES_2023 = rule_sets.get("modern-work-2023")
RULES_2026 = rule_sets.get("modern-work-2026")
Options = Mapping[str, int]


def counts(nca: int, i: int, a: int, u: Options, d: Options) -> rules.Counts:
    return {
        "net_customer_adds": {"": nca},
        "intermediate_certifications": {"": i},
        "advanced_certifications": {"": a},
        "usage_growth": u,
        "deployments": d,
    }


def points(track: str, metric: str, options: Options) -> Fraction:
    scored = rules.evaluate(RULES_2023, RULES_2023.track(track), {metric: options})
    return scored.metrics[metric].points


# ---- 1. Worked examples of the page --------------------------------------------------------------

EXAMPLES = {
    "S1": ("enterprise", "usage_growth", {"DPOR": 2000, "CPOR": 1500}, "30"),
    "S2": ("smb", "usage_growth", {"CSP": 1000, "CPOR": 1000}, "30"),
    "S2b": ("smb", "usage_growth", {"CSP": 1000, "CPOR": 1500}, "30"),
    "S3": ("enterprise", "deployments", {"DPOR": 4, "CPOR": 3}, "15"),
    "S4": ("smb", "deployments", {"CSP": 4, "CPOR": 3}, "15"),
    "S4b": ("smb", "deployments", {"CSP": 4, "CPOR": 4}, "20"),
    "S5-1": ("enterprise", "net_customer_adds", {"": 1}, "4"),
    "S5-2": ("enterprise", "net_customer_adds", {"": 2}, "8"),
    "S5-4": ("enterprise", "net_customer_adds", {"": 4}, "16"),
    "S5-5": ("enterprise", "net_customer_adds", {"": 5}, "20"),
    "S6-1": ("smb", "net_customer_adds", {"": 1}, "2"),
    "S6-3": ("smb", "net_customer_adds", {"": 3}, "6"),
    "S6-9": ("smb", "net_customer_adds", {"": 9}, "18"),
    "S6-10": ("smb", "net_customer_adds", {"": 10}, "20"),
    "S7-intermediate": ("enterprise", "intermediate_certifications", {"": 4}, "10"),
    "S7-advanced": ("enterprise", "advanced_certifications", {"": 2}, "15"),
    "S8-intermediate": ("smb", "intermediate_certifications", {"": 2}, "10"),
    "S8-advanced": ("smb", "advanced_certifications", {"": 1}, "15"),
    "S9-enterprise-cpor": ("enterprise", "deployments", {"CPOR": 1}, "5"),
    "S9-enterprise-dpor": ("enterprise", "deployments", {"DPOR": 1}, "5/2"),
    "S9-smb-cpor": ("smb", "deployments", {"CPOR": 1}, "5"),
    "S9-smb-csp": ("smb", "deployments", {"CSP": 1}, "5/2"),
    "T14-smb-cpor-17": ("smb", "usage_growth", {"CPOR": 17}, "1.02"),
    "T14-smb-cpor-16": ("smb", "usage_growth", {"CPOR": 16}, "0.96"),
    "T14-smb-csp-67": ("smb", "usage_growth", {"CSP": 67}, "1.005"),
    "T14-smb-csp-66": ("smb", "usage_growth", {"CSP": 66}, "0.99"),
    "T14-enterprise-cpor-34": ("enterprise", "usage_growth", {"CPOR": 34}, "1.02"),
    "T14-enterprise-cpor-33": ("enterprise", "usage_growth", {"CPOR": 33}, "0.99"),
    "T14-enterprise-dpor-134": ("enterprise", "usage_growth", {"DPOR": 134}, "1.005"),
    "T14-enterprise-dpor-133": ("enterprise", "usage_growth", {"DPOR": 133}, "0.9975"),
    "X2-usage": ("smb", "usage_growth", {"CPOR": 250, "CSP": 1000}, "15"),
    "X5": ("smb", "usage_growth", {"CPOR": -120, "CSP": -5}, "0"),
    "K14-intermediate": ("enterprise", "intermediate_certifications", {"": 3}, "7.5"),
    "K14-advanced": ("enterprise", "advanced_certifications", {"": 1}, "7.5"),
}


@pytest.mark.parametrize(
    ("track", "metric", "options", "expected"), EXAMPLES.values(), ids=EXAMPLES.keys()
)
def test_metric(track: str, metric: str, options: Options, expected: str) -> None:
    assert points(track, metric, options) == Fraction(expected)


# ---- 3. Threshold 70 and the zero rule -----------------------------------------------------------

TOTALS = {
    "T1": ("smb", counts(10, 2, 1, {"CPOR": 250}, {"CPOR": 2}), "70", True),
    "T2": ("enterprise", counts(2, 4, 2, {"CPOR": 483}, {"DPOR": 9}), "69.99", False),
    "T3": ("enterprise", counts(2, 4, 2, {"CPOR": 484}, {"DPOR": 9}), "70.02", True),
    "T4": ("enterprise", counts(5, 4, 2, {"DPOR": 1999}, {"CPOR": 2}), "69.9925", False),
    "T5": ("enterprise", counts(5, 4, 2, {"DPOR": 2000}, {"CPOR": 2}), "70", True),
    "T6": ("smb", counts(10, 2, 1, {"CSP": 999}, {"CPOR": 2}), "69.985", False),
    "T8": ("smb", counts(0, 2, 1, {"CPOR": 500}, {"CPOR": 5}), "80", False),
    "T9": ("smb", counts(10, 2, 1, {"CPOR": 0}, {"CPOR": 5}), "70", False),
    "T10": ("enterprise", counts(5, 4, 2, {"CPOR": 1000}, {"CPOR": 0}), "75", False),
    "T11": ("smb", counts(10, 0, 1, {"CPOR": 500}, {"CPOR": 5}), "90", False),
    "T12": ("enterprise", counts(5, 4, 0, {"CPOR": 1000}, {"CPOR": 5}), "85", False),
    "T13": ("smb", counts(10, 2, 1, {"CSP": 10}, {"CPOR": 5}), "70.15", True),
    "T15": ("enterprise", counts(5, 4, 2, {"CPOR": 1000}, {"CPOR": 5}), "100", True),
    "T16": ("smb", counts(10, 2, 1, {"CPOR": 500}, {"CPOR": 5}), "100", True),
    "T17": ("enterprise", counts(7, 6, 3, {"CPOR": 2500}, {"CPOR": 9}), "100", True),
    "X2": ("smb", counts(6, 2, 1, {"CPOR": 250, "CSP": 1000}, {"CPOR": 2, "CSP": 4}), "62", False),
}


@pytest.mark.parametrize(("track", "values", "total", "passes"), TOTALS.values(), ids=TOTALS.keys())
def test_total(track: str, values: rules.Counts, total: str, passes: bool) -> None:
    scored = rules.evaluate(RULES_2023, RULES_2023.track(track), values)
    assert (scored.total, scored.passes) == (Fraction(total), passes)


@pytest.mark.parametrize(("case", "shown"), [("T2", "70"), ("T4", "70"), ("T6", "70")])
def test_near_miss_is_shown_as_70_with_a_caution(case: str, shown: str) -> None:
    track, values, _total, _passes = TOTALS[case]
    scored = rules.evaluate(RULES_2023, RULES_2023.track(track), values)
    assert rules.display_total(scored.total) == Decimal(shown)
    assert [caution.code for caution in scores.cautions_of(RULES_2023, scored)] == [
        "may_display_pass"
    ]


def test_T13_metric_between_zero_and_one_point_passes_with_a_caution() -> None:
    track, values, _total, _passes = TOTALS["T13"]
    scored = rules.evaluate(RULES_2023, RULES_2023.track(track), values)
    (caution,) = scores.cautions_of(RULES_2023, scored)
    assert (caution.code, caution.params["points"]) == ("below_one_point", "0.15")


# ---- 4. to 7. Tenants ----------------------------------------------------------------------------


def both(
    seats: int, now: int, then: int, *, seats_then: int | None = None
) -> dict[str, tuple[int, int]]:
    """Figures of last and comparison month of an association that is old."""
    return {"2024-02": (seats if seats_then is None else seats_then, then), "2025-02": (seats, now)}


# A tenant with 9 seats in both months keeps the comparison month in the data and counts nowhere.
ANCHOR = Row("Anchor", "SharePoint", usage=both(9, 3, 3))
TWO_YEARS_AGO = date(2023, 1, 15)
FIVE_MONTHS_AGO, FOURTEEN_MONTHS_AGO = date(2024, 9, 10), date(2023, 12, 10)


def new(tenant: str, seats: int, option: str = "CPOR", workload: str = "Exchange") -> Row:
    """A tenant that was not there a year ago, without active users."""
    return Row(tenant, workload, option, {"2025-02": (seats, 0)})


def deployed(tenant: str, *, now: bool, then: bool) -> Row:
    return Row(tenant, usage=both(50, 30 if now else 10, 30 if then else 10))


def many(number: int, row: Callable[[str], Row]) -> list[Row]:
    return [row(f"Tenant {index}") for index in range(number)]


CLAIMED_AT_45 = {"2024-09": (100, 45), "2025-02": (100, 60)}
Expected = tuple[str, str, str, int]  # track, metric, option, value

TENANTS: dict[str, tuple[list[Row], list[Expected]]] = {
    "X3": (
        [
            Row("A", option="CSP Tier 1", usage=both(300, 900, 200)),
            Row("B", option="CSP Tier 2", usage=both(300, 900, 100)),
        ],
        [("smb", "usage_growth", "CSP", 1500)],
    ),
    "X6": (
        [Row(option="CSP", usage=both(400, 300, 10))],
        [
            ("enterprise", "net_customer_adds", "", 0),
            ("smb", "net_customer_adds", "", 0),
            ("enterprise", "usage_growth", "CPOR", 0),
            ("enterprise", "usage_growth", "DPOR", 0),
            ("smb", "usage_growth", "CSP", 0),
            ("enterprise", "deployments", "CPOR", 0),
            ("enterprise", "deployments", "DPOR", 0),
            ("smb", "deployments", "CSP", 0),
        ],
    ),
    "X6-dpor-in-smb": (
        [Row(option="DPOR", usage={"2025-02": (50, 30)})],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "X7": (
        [
            Row("A", "Exchange", "CPOR", {"2024-11": (50, 5), "2025-02": (50, 25)}),
            Row("A", "Teams", "CSP", {"2024-11": (60, 6), "2025-02": (60, 36)}),
        ],
        [
            ("smb", "net_customer_adds", "", 1),
            ("smb", "usage_growth", "CPOR", 20),
            ("smb", "usage_growth", "CSP", 30),
            ("smb", "deployments", "CPOR", 1),
            ("smb", "deployments", "CSP", 1),
        ],
    ),
    "X8": (
        [
            Row("A", usage=both(50, 40, 10), location="1"),
            Row("A", usage=both(50, 40, 10), location="2"),
        ],
        [("smb", "usage_growth", "CPOR", 30), ("smb", "deployments", "CPOR", 1)],
    ),
    "B1": (
        [new("A", 10)],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B2": (
        [new("A", 11)],
        [("smb", "net_customer_adds", "", 1), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B3": (
        [new("A", 300)],
        [("smb", "net_customer_adds", "", 1), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B4": (
        [new("A", 301)],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 1)],
    ),
    "B5": (
        [new("A", 0)],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B6": (
        [new("A", 301), new("A", 50, workload="Teams")],
        [("smb", "net_customer_adds", "", 1), ("enterprise", "net_customer_adds", "", 1)],
    ),
    "B7": (
        [
            Row("A", "Exchange", usage={"2024-12": (301, 0), "2025-02": (301, 150)}),
            Row("A", "Teams", usage={"2024-12": (50, 0), "2025-02": (50, 26)}),
        ],
        [("smb", "usage_growth", "CPOR", 176), ("enterprise", "usage_growth", "CPOR", 176)],
    ),
    "B8": (
        [new("A", 5), new("A", 8, workload="Teams"), new("A", 10, workload="Intune")],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B9": (
        [new("A", 50, workload="Skype for Business")],
        [("smb", "net_customer_adds", "", 0), ("enterprise", "net_customer_adds", "", 0)],
    ),
    "B12": (
        [Row(usage=both(250, 9, 9, seats_then=310))],
        [("smb", "net_customer_adds", "", 1), ("enterprise", "net_customer_adds", "", -1)],
    ),
    "B13": (
        [
            *many(4, lambda name: Row(name, usage=both(20, 1, 1))),
            *[Row(f"Lost {n}", usage={"2024-02": (20, 1)}) for n in range(3)],
        ],
        [("smb", "net_customer_adds", "", -3)],
    ),
    "B14-smb": (
        [
            *many(6, lambda name: new(name, 20)),
            *[Row(f"Lost {n}", usage={"2024-02": (20, 1)}) for n in range(2)],
        ],
        [("smb", "net_customer_adds", "", 4)],
    ),
    "B14-enterprise": (
        [
            *many(6, lambda name: new(name, 400)),
            *[Row(f"Lost {n}", usage={"2024-02": (400, 1)}) for n in range(2)],
        ],
        [("enterprise", "net_customer_adds", "", 4)],
    ),
    "B15": ([new("A", 20), new("B", 20)], [("smb", "net_customer_adds", "", 2)]),
    "D1": ([Row(usage=both(50, 20, 10))], [("smb", "deployments", "CPOR", 1)]),
    "D2": ([Row(usage=both(50, 19, 10))], [("smb", "deployments", "CPOR", 0)]),
    "D3": ([Row(usage=both(21, 8, 9))], [("smb", "deployments", "CPOR", -1)]),
    "D4": (
        [Row(usage=CLAIMED_AT_45, begins_on=FIVE_MONTHS_AGO)],
        [("smb", "deployments", "CPOR", 0)],
    ),
    "D5": (
        [Row(usage={"2024-09": (50, 20), "2025-02": (50, 30)}, begins_on=FIVE_MONTHS_AGO)],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D6": (
        [Row(usage={"2024-09": (100, 25), "2025-02": (100, 55)}, begins_on=FIVE_MONTHS_AGO)],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D7": (
        [
            Row(
                usage={"2023-12": (100, 45), "2024-02": (100, 45), "2025-02": (100, 60)},
                begins_on=FOURTEEN_MONTHS_AGO,
            )
        ],
        [("smb", "deployments", "CPOR", 0)],
    ),
    "D8": (
        [
            Row(
                usage={"2023-12": (100, 45), "2024-02": (100, 30), "2025-02": (100, 60)},
                begins_on=FOURTEEN_MONTHS_AGO,
            )
        ],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D10": (
        [Row("A", "Teams", usage=both(40, 25, 10)), Row("A", "Exchange", usage=both(40, 8, 8))],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D10-two-workloads": (
        [Row("A", "Teams", usage=both(40, 25, 10)), Row("A", "Exchange", usage=both(40, 20, 8))],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D11": (
        [Row("A", "Exchange", usage=both(100, 10, 1)), Row("A", "Teams", usage=both(20, 10, 1))],
        [("smb", "deployments", "CPOR", 1)],
    ),
    "D12": (
        [Row("A", usage=both(50, 5, 5)), Row("A", "Teams", usage=both(0, 40, 0))],
        [("smb", "deployments", "CPOR", 0)],
    ),
    "D13": ([Row(usage=both(40, 55, 10))], [("smb", "deployments", "CPOR", 1)]),
    "D14": (
        [
            *[deployed(f"Still {n}", now=True, then=True) for n in range(4)],
            *[deployed(f"Fell {n}", now=False, then=True) for n in range(2)],
        ],
        [("smb", "deployments", "CPOR", -2)],
    ),
    "D16": (
        [
            Row(
                usage={"2024-02": (50, 25), "2024-11": (50, 25), "2025-02": (50, 40)},
                begins_on=TWO_YEARS_AGO,
                ended_on=date(2024, 11, 20),
            )
        ],
        [("smb", "deployments", "CPOR", -1)],
    ),
    "U1": (
        [Row(usage=both(300, 520, 400), begins_on=TWO_YEARS_AGO)],
        [("smb", "usage_growth", "CPOR", 120)],
    ),
    "U2": (
        [
            Row(
                usage={"2024-02": (300, 100), "2024-11": (300, 180), "2025-02": (300, 230)},
                begins_on=date(2024, 11, 10),
            )
        ],
        [("smb", "usage_growth", "CPOR", 50), ("smb", "net_customer_adds", "", 1)],
    ),
    "U3": (
        [
            Row(
                usage={"2024-02": (300, 100), "2024-11": (300, 180), "2025-02": (300, 170)},
                begins_on=date(2024, 11, 10),
            )
        ],
        [("smb", "usage_growth", "CPOR", -10)],
    ),
    "U4": ([Row(usage={"2024-02": (100, 60)})], [("smb", "usage_growth", "CPOR", -60)]),
    "U6": (
        [Row(usage=both(100, 80, 50), begins_on=date(2024, 2, 10))],
        [("smb", "usage_growth", "CPOR", 30), ("smb", "net_customer_adds", "", 0)],
    ),
    "U7": (
        [Row(usage={"2025-02": (100, 90)}, begins_on=date(2025, 2, 10))],
        [("smb", "usage_growth", "CPOR", 0), ("smb", "net_customer_adds", "", 1)],
    ),
    "U8": (
        [Row(usage=both(15, 14, 8, seats_then=9), begins_on=TWO_YEARS_AGO)],
        [("smb", "usage_growth", "CPOR", 14)],
    ),
    "U9": (
        [
            Row("A", "Exchange", usage=both(50, 30, 0)),
            Row("A", "Teams", usage=both(50, 25, 0)),
        ],
        [("smb", "usage_growth", "CPOR", 55)],
    ),
}

TENANT_POINTS = {  # the points that the specification prints for them
    "X3": ("smb", "usage_growth", "22.5"),
    "X6": ("smb", "net_customer_adds", "0"),
    "X7": ("smb", "net_customer_adds", "2"),
    "B2": ("smb", "net_customer_adds", "2"),
    "B4": ("enterprise", "net_customer_adds", "4"),
    "B7": ("smb", "usage_growth", "10.56"),
    "B13": ("smb", "net_customer_adds", "0"),
    "B14-smb": ("smb", "net_customer_adds", "8"),
    "B14-enterprise": ("enterprise", "net_customer_adds", "16"),
    "D14": ("smb", "deployments", "0"),
    "U1": ("smb", "usage_growth", "7.2"),
    "U2": ("smb", "usage_growth", "3"),
    "U3": ("smb", "usage_growth", "0"),
    "U8": ("smb", "usage_growth", "0.84"),
}


def value_of(rows: Sequence[Line], track: str, metric: str, option: str) -> int:
    found = [
        row.value for row in rows if (row.track, row.metric, row.option) == (track, metric, option)
    ]
    return sum(found)


@pytest.mark.parametrize("case", TENANTS)
def test_tenants(case: str) -> None:
    rows, expected = TENANTS[case]
    contributions = judged(rows, RULES_2023)
    assert [
        (track, metric, option, value_of(contributions, track, metric, option))
        for track, metric, option, _value in expected
    ] == expected


@pytest.mark.parametrize("case", TENANT_POINTS)
def test_tenants_points(case: str) -> None:
    track, metric, expected = TENANT_POINTS[case]
    contributions = judged(TENANTS[case][0], RULES_2023)
    counted = explaining.count(contributions).get(track, {})
    scored = rules.evaluate(RULES_2023, RULES_2023.track(track), counted)
    assert scored.metrics[metric].points == Fraction(expected)


@pytest.mark.django_db
@pytest.mark.parametrize("case", TENANTS)
def test_tenants_through_a_file_and_the_database(case: str) -> None:
    rows, expected = TENANTS[case]
    partner = PartnerFactory.create()
    content = office_usage([ANCHOR, *rows])
    imports.run_now(partner, [("usage.csv", ContentFile(content))], as_of=AS_OF)
    score = scores.compute(partner, AS_OF)
    found = {
        (track.key, metric.key, option.key): option.value
        for track in score.tracks
        for metric in track.metrics
        for option in metric.options
    }
    assert [
        (track, metric, option, found[track, metric, option])
        for track, metric, option, _value in expected
    ] == expected
    if case in TENANT_POINTS:
        place_track, place_metric, exact = TENANT_POINTS[case]
        by_metric = {
            (track.key, metric.key): metric.points
            for track in score.tracks
            for metric in track.metrics
        }
        assert by_metric[place_track, place_metric] == Fraction(exact)


@pytest.mark.parametrize(
    ("rule_set", "smb"), [(RULES_2023, 0), (RULES_2026, 1)], ids=["2023", "2026"]
)
def test_B10_copilot_counts_from_2026(rule_set: rules.RuleSet, smb: int) -> None:
    contributions = judged([new("A", 50, workload="M365 Copilot")], rule_set)
    assert value_of(contributions, "smb", "net_customer_adds", "") == smb


def test_promoted_tenant_stays_in_smb_from_2026() -> None:
    rows = [Row(usage=both(310, 200, 50, seats_then=290), begins_on=TWO_YEARS_AGO)]
    found = {}
    for rule_set in (RULES_2023, RULES_2026):
        contributions = judged(rows, rule_set)
        found[rule_set.key] = [
            value_of(contributions, "smb", metric, option)
            for metric, option in (
                ("net_customer_adds", ""),
                ("usage_growth", "CPOR"),
                ("deployments", "CPOR"),
            )
        ]
    assert found == {"modern-work-2023": [-1, -50, 0], "modern-work-2026": [0, 150, 1]}


def test_teams_premium_counts_for_usage_but_not_for_net_adds_from_2026() -> None:
    rows = claims([Row(workload="Teams Premium", usage=both(50, 30, 10))])
    recent = [
        row._replace(
            then_seats=None, then_users=None, begins=PAIR.last - 3, baseline_month=PAIR.last - 3
        )
        for row in rows
    ]
    explainer = Explainer(RULES_2026, PAIR)
    contributions = list(explainer.lines(recent))
    assert value_of(contributions, "smb", "net_customer_adds", "") == 0
    contributions = list(explainer.lines(rows))
    assert value_of(contributions, "smb", "usage_growth", "CPOR") == 20
    assert value_of(contributions, "smb", "deployments", "CPOR") == 1


# ---- 8. Skilling ---------------------------------------------------------------------------------


def certified(
    person: int, *certifications: str, until: date | None = date(2026, 1, 31)
) -> list[Certificate]:
    return [
        Certificate(f"mcp:{person}", f"Person {person}", "", key, date(2024, 1, 31), until)
        for key in certifications
    ]


ENDED = date(2025, 1, 31)
PEOPLE: dict[str, tuple[list[Certificate], tuple[str, str], tuple[str, str]]] = {
    "K1": (certified(1, "MD-102", "MS-102"), ("5", "15"), ("2.5", "7.5")),
    "K2": (certified(1, "MS-700", "MS-721", "SC-300", "MD-102"), ("5", "0"), ("2.5", "0")),
    "K3": (
        certified(1, "MS-102", "teams-meeting-rooms-assessment"),
        ("0", "15"),
        ("0", "7.5"),
    ),
    "K4": (
        [
            *certified(1, "MS-700", "MS-102"),
            *certified(2, "MS-721", "MS-102"),
            *certified(3, "SC-300"),
            *certified(4, "MD-102"),
        ],
        ("10", "15"),
        ("10", "15"),
    ),
    "K5": (
        [*certified(1, "MS-700"), *certified(2, "MS-700", until=ENDED)],
        ("5", "0"),
        ("2.5", "0"),
    ),
    "K6": (
        [Certificate("mcp:1", "A", "", "MS-900", date(2019, 5, 1))],
        ("5", "0"),
        ("2.5", "0"),
    ),
    "K7": (certified(1, "MS-102", until=AS_OF), ("0", "15"), ("0", "7.5")),
    "K8": (
        [Certificate("mcp:1", "A", "", "MS-102", date(2025, 4, 1), date(2026, 4, 1))],
        ("0", "0"),
        ("0", "0"),
    ),
    "K11": (certified(1, "AZ-104"), ("0", "0"), ("0", "0")),
    "K12": (
        [
            Certificate("mcp:7", "A", "a@one.example", "MS-700", date(2024, 1, 1)),
            Certificate("mcp:7", "A", "a@two.example", "MS-721", date(2024, 1, 1)),
        ],
        ("5", "0"),
        ("2.5", "0"),
    ),
    "K13": (
        [Certificate("mcp:1", "A", "", "MS-700", date(2024, 1, 1), is_linked=False)],
        ("0", "0"),
        ("0", "0"),
    ),
    "K14": (
        [*certified(1, "MS-700", "MS-102"), *certified(2, "MS-700"), *certified(3, "MS-721")],
        ("10", "15"),
        ("7.5", "7.5"),
    ),
}


def skilling(
    contributions: Sequence[Line], rule_set: rules.RuleSet, track: str
) -> tuple[Fraction, Fraction]:
    counted = explaining.count(contributions).get(track, {})
    scored = rules.evaluate(rule_set, rule_set.track(track), counted)
    return (
        scored.metrics["intermediate_certifications"].points,
        scored.metrics["advanced_certifications"].points,
    )


@pytest.mark.parametrize("case", PEOPLE)
def test_people(case: str) -> None:
    certificates, smb, enterprise = PEOPLE[case]
    contributions = judged_people(certificates, RULES_2023)
    assert skilling(contributions, RULES_2023, "smb") == tuple(map(Fraction, smb))
    assert skilling(contributions, RULES_2023, "enterprise") == tuple(map(Fraction, enterprise))


@pytest.mark.django_db
@pytest.mark.parametrize("case", PEOPLE)
def test_people_through_a_file_and_the_database(case: str) -> None:
    certificates, smb, enterprise = PEOPLE[case]
    partner = PartnerFactory.create()
    imports.run_now(partner, [("training.csv", ContentFile(training(certificates)))], as_of=AS_OF)
    found = {
        track.key: tuple(metric.exact for metric in track.metrics if metric.category == "skilling")
        for track in scores.compute(partner, AS_OF).tracks
    }
    assert found == {"smb": smb, "enterprise": enterprise}


@pytest.mark.parametrize(
    ("day", "smb", "enterprise"),
    [
        (date(2026, 12, 15), "5", "2.5"),
        (date(2027, 3, 31), "5", "2.5"),
        (date(2027, 4, 1), "0", "0"),
    ],
    ids=["K9", "K9-last-day", "K9-day-after"],
)
def test_retired_certification_gives_points_for_a_while(
    day: date, smb: str, enterprise: str
) -> None:
    certificates = [Certificate("mcp:1", "A", "", "MS-900", date(2023, 5, 1))]
    contributions = judged_people(certificates, RULES_2026, day)
    assert skilling(contributions, RULES_2026, "smb")[0] == Fraction(smb)
    assert skilling(contributions, RULES_2026, "enterprise")[0] == Fraction(enterprise)


# ---- 9. Choosing the track -----------------------------------------------------------------------

NOTHING = counts(0, 2, 1, {}, {})
CHOICES = {
    "C1": (
        counts(5, 1, 1, {"CPOR": 500}, {"CPOR": 3}),
        counts(4, 1, 1, {"CPOR": 400}, {"CPOR": 1}),
        ("60", "57", False, "enterprise"),
    ),
    "C3": (
        counts(5, 4, 2, {"CPOR": 600}, {"CPOR": 3}),
        counts(10, 2, 1, {"CPOR": 250}, {"CPOR": 2}),
        ("78", "70", True, "enterprise"),
    ),
    "C4": (NOTHING, TOTALS["T1"][1], ("12.5", "70", True, "smb")),
    "passing-track-before-higher-total": (
        counts(5, 4, 2, {"CPOR": 1000}, {"CPOR": 0}),
        TOTALS["T1"][1],
        ("75", "70", True, "smb"),
    ),
}


@pytest.mark.parametrize(("enterprise", "smb", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_track(
    enterprise: rules.Counts, smb: rules.Counts, expected: tuple[str, str, bool, str]
) -> None:
    scored = [
        rules.evaluate(RULES_2023, RULES_2023.track("enterprise"), enterprise),
        rules.evaluate(RULES_2023, RULES_2023.track("smb"), smb),
    ]
    held = any(track.passes for track in scored)
    shown = rules.shown_track(scored).track.key
    assert (*(rules.exact(track.total) for track in scored), held, shown) == expected


# ---- 10. Window and dates ------------------------------------------------------------------------


def test_W1_one_qualifying_day_in_the_window_is_enough() -> None:
    today, days = date(2024, 8, 15), {date(2024, 3, 5)}
    assert status.enrolment_window(today) == status.Window(date(2024, 3, 1), today)
    assert status.status(days, today) == status.Status.QUALIFIED


def test_W2_qualifying_day_before_the_window_is_not() -> None:
    today, days = date(2024, 9, 1), {date(2024, 3, 5)}
    assert status.enrolment_window(today).first == date(2024, 4, 1)
    assert status.status(days, today) == status.Status.IN_PROGRESS


def test_W3_renewal_is_decided_by_the_anniversary_month_and_the_five_before() -> None:
    anniversary = date(2024, 8, 15)
    window = status.renewal_window(anniversary)
    assert window == status.Window(date(2024, 3, 1), date(2024, 8, 31))
    assert status.may_renew({date(2024, 3, 20)}, anniversary)
    assert not status.may_renew({date(2024, 2, 29), date(2024, 9, 1)}, anniversary)


def test_W5_enrolment_survives_a_drop_until_the_anniversary() -> None:
    anniversary, days = date(2025, 2, 10), {date(2024, 2, 5)}
    assert status.status(days, date(2024, 12, 1), anniversary=anniversary) == "enrolled"
    assert status.status(days, date(2025, 2, 1), anniversary=anniversary) == "renewal_due"
    assert status.status(days, date(2025, 2, 11), anniversary=anniversary) == "in_progress"


def test_W6_both_conditions_hold_on_the_same_day_or_not_at_all() -> None:
    smb = RULES_2023.track("smb")
    by_day = {
        date(2024, 5, 1): counts(10, 2, 1, {"CPOR": 0}, {"CPOR": 5}),  # 70, one metric zero
        date(2024, 6, 1): counts(9, 2, 1, {"CPOR": 250}, {"CPOR": 2}),  # 68, all above zero
    }
    days = {day for day, row in by_day.items() if rules.evaluate(RULES_2023, smb, row).passes}
    assert status.status(days, date(2024, 6, 15)) == status.Status.IN_PROGRESS


def test_W7_last_month_is_the_newest_imported() -> None:
    imported = [months.parse_label(label) for label in ("2024-01", "2024-02", "2025-01")]
    pair = judging.choose_months(imported, date(2025, 3, 10))
    assert pair is not None
    assert [months.label(month) for month in pair] == ["2025-01", "2024-01"]


def test_W8_all_designations_share_the_first_anniversary() -> None:
    reached = [months.parse_label("2023-01"), months.parse_label("2022-11")]
    assert months.label(status.shared_anniversary_month(reached)) == "2023-11"
