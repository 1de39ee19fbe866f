"""The most valuable next steps: in the right order, with exact points, and cheap to find."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.utils import translation

from partners.models import Partner
from scoring import efforts, history, next_steps, plans, positions, rule_sets, rules, scores
from scoring.next_steps import Kind
from scoring.people import Certificate
from scoring.positions import Nothing
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, hand_in
from tests.scoring.test_plans import WORLD, row
from tests.scoring.worlds import AS_OF, Row, claims_export, guid, office_usage, training

pytestmark = pytest.mark.django_db
LASTING = date(2026, 1, 31)
STAFF = [
    Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), LASTING),
    Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), LASTING),
    Certificate("mcp:2", "Bo Ek", "", "MS-700", date(2024, 1, 31), LASTING),
]


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def firm(rows: list[Row], people: list[Certificate] | None = None) -> Partner:
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage(rows))
    hand_in(partner, training(STAFF if people is None else people), name="people.csv")
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    return partner


def test_the_steps_are_ordered_by_points_for_their_effort() -> None:
    steps = next_steps.of(firm(WORLD), AS_OF)
    # One user deploys a customer, three another one, 71 a third: dear, and worth more than users.
    assert [(one.kind, one.points, one.effort) for one in steps] == [
        (Kind.NEAR, Fraction("5.06"), 10),
        (Kind.NEAR, Fraction("5.18"), 30),
        (Kind.NEAR, Fraction("9.26"), 710),
    ]
    assert steps[0].title == "One more active user of Exchange at Auch nah: deployed."
    assert steps[0].detail == "Today 19 of 50 seats, by CPOR. Brings +1 user, +1 deployed."
    assert steps[0].url == f"/designation/kunden/{guid('Auch nah')}/"
    assert (steps[0].points_text, steps[0].effort_text) == ("+5.06", "0.1")
    assert {one.track for one in steps} == {"SMB"}


def test_the_points_of_the_list_add_up() -> None:
    partner = firm(WORLD)
    position = positions.of(partner, AS_OF)
    assert not isinstance(position, Nothing)
    start = plans.ground(position, efforts.weights(efforts.of(partner)))
    track = start.rule_set.track("smb")
    chosen = next_steps.choose(start, track, [], 12)
    counts = position.counts["smb"]
    for candidate, _points, _decides in chosen:
        counts = candidate.steps.counts(counts)
    after = rules.evaluate(start.rule_set, track, counts).total
    gained = sum((points for _candidate, points, _decides in chosen), Fraction(0))
    assert after == position.scored()["smb"].total + gained
    assert len(chosen) >= 4


def test_a_certificate_that_expires_soon_is_worth_what_it_keeps() -> None:
    people = [*STAFF[1:], STAFF[0]._replace(expires_on=date(2025, 5, 1))]
    [first, *_rest] = next_steps.of(firm(WORLD, people), AS_OF)
    # 15 points for a tenth of an advanced certification, 15 a day; a user brings 50 a day.
    assert first.kind == Kind.NEAR
    steps = next_steps.of(firm(WORLD, people), AS_OF, most=9)
    [renewal] = [one for one in steps if one.kind == Kind.RENEWAL]
    assert (renewal.points, renewal.effort, renewal.keeps) == (Fraction(15), 100, True)
    assert renewal.title == "Ada Ohm: renew Microsoft 365 Certified: Administrator Expert."
    assert renewal.url.startswith("/designation/personen/#")


@pytest.mark.parametrize(("days", "found"), [(90, True), (91, False)])
def test_expiries_within_ninety_days_are_told(days: int, found: bool) -> None:
    ends = date.fromordinal(AS_OF.toordinal() + days)
    people = [*STAFF[1:], STAFF[0]._replace(expires_on=ends)]
    steps = next_steps.of(firm(WORLD, people), AS_OF, most=9)
    assert (Kind.RENEWAL in {one.kind for one in steps}) is found


def test_an_expiry_that_costs_nothing_is_no_step() -> None:
    spare = Certificate("mcp:3", "Cy Li", "", "MS-700", date(2024, 1, 31), date(2025, 5, 1))
    steps = next_steps.of(firm(WORLD, [*STAFF, spare]), AS_OF, most=9)
    assert Kind.RENEWAL not in {one.kind for one in steps}


def test_the_metric_that_holds_the_designation_up_comes_first() -> None:
    # 10 + 15 + 30 + 25 = 80 points without one new tenant: that step decides, dear as it is.
    rows = [row(f"Alt {n}", (200, 30), (200, 130)) for n in range(5)]
    [first, *others] = next_steps.of(firm(rows), AS_OF)
    assert (first.kind, first.decides, first.points) == (Kind.TENANT, True, Fraction(2))
    assert not any(one.decides for one in others)


def test_below_zero_a_step_is_as_large_as_it_takes() -> None:
    lost = [row(f"Weg {n}", (50, 30), (9, 5)) for n in range(3)]
    steps = next_steps.of(firm([*WORLD, *lost]), AS_OF, most=9)
    [tenants] = [one for one in steps if one.kind == Kind.TENANT]
    # Two new, three lost: two more bring the first above zero.
    assert (tenants.title, tenants.points) == ("Win 2 more customers for this track.", Fraction(2))
    near, _further = [one for one in steps if one.kind == Kind.NEAR]
    assert near.title == "Bring 2 customers to deployed, together."
    assert near.detail == "4 more active users: Auch nah, Nah."
    assert near.points == Fraction(5)  # growth stays below zero, and so without points


def test_a_claim_that_waits_is_a_step() -> None:
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    waiting = Row("Wartet", usage=usage, begins_on=date(2024, 9, 1))
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage([*WORLD, waiting]))
    hand_in(partner, claims_export([waiting], "Partner action required"), name="claims.csv")
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    steps = next_steps.of(partner, AS_OF, most=9)
    [claim] = [one for one in steps if one.kind == Kind.CLAIM]
    assert claim.title == "Get the CPOR claim at Wartet approved: Exchange."
    assert claim.detail.startswith("State of the claim: Partner action required.")
    assert claim.points == 2 + Fraction(35 * 30, 500) + 5
    assert claim.effort == 100


def test_weights_of_the_firm_decide_the_order() -> None:
    partner = firm(WORLD, STAFF[1:])
    before = next_steps.of(partner, AS_OF)
    assert before[0].kind == Kind.NEAR
    values = efforts.defaults() | {"advanced": Decimal(0)}
    efforts.change(partner, values, by=member(partner, "admin"))
    assert next_steps.of(partner, AS_OF)[0].kind == Kind.ADVANCED


def test_a_firm_without_a_score_has_no_steps() -> None:
    assert next_steps.of(PartnerFactory.create(), AS_OF) == []


def test_the_track_that_misses_a_metric_only_is_looked_at() -> None:
    rule_set = rule_sets.get("modern-work-2023")
    smb, enterprise = rule_set.track("smb"), rule_set.track("enterprise")

    def scored(track: rules.Track, adds: int, people: int) -> rules.TrackScore:
        counts = {
            "net_customer_adds": {"": adds},
            "intermediate_certifications": {"": people},
            "advanced_certifications": {"": people},
            "usage_growth": {"CPOR": 1000},
            "deployments": {"CPOR": 4},
        }
        return rules.evaluate(rule_set, track, counts)

    both = {"enterprise": scored(enterprise, 3, 0), "smb": scored(smb, 0, 2)}
    assert next_steps.nearest_track(rule_set, both) == smb
    both["enterprise"] = scored(enterprise, 3, 4)
    assert next_steps.nearest_track(rule_set, both) == enterprise


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(count: int, django_assert_num_queries: Any) -> None:
    more = [row(f"Nah {n}", (50, 12), (50, 17)) for n in range(count)]
    people = [
        Certificate(f"mcp:{n}", f"P {n}", "", "MS-700", OLD, date(2025, 5, 1)) for n in range(count)
    ]
    partner = firm([*WORLD, *more], people)
    # Score, weights, portfolio, tables, certificates, corrections, names.
    with django_assert_num_queries(7):
        next_steps.of(partner, AS_OF)
