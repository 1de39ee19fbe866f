"""From a firm's data to plans, and from a plan to a scenario that comes to the same."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from django.utils import translation

from partners.models import Partner
from scoring import (
    claim_levers,
    computed_tables,
    history,
    plans,
    positions,
    rules,
    scenarios,
    scores,
    unclaimed,
)
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS
from scoring.models import Portfolio, Tenant
from scoring.planner import Lever, Near, Plan, Unreachable, Weights
from scoring.plans import Ground, Target
from scoring.positions import Position
from scoring.scenario_changes import AssociationBegun, CountChanged, NewFigures, PersonCertified
from tests.factories import PartnerFactory
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import AS_OF, Row, claims_export, guid, office_usage, training

pytestmark = pytest.mark.django_db
WEIGHTS = Weights(500, 1000, 1500, 10, 100)


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def row(tenant: str, then: tuple[int, int], now: tuple[int, int], option: str = "CPOR") -> Row:
    usage = {"2024-02": then, "2025-02": now}
    return Row(tenant, option=option, usage=usage, begins_on=OLD)


# Adds 2, growth by CPOR 5 + 5 + 40, nobody deployed but two, and two just short of it.
WORLD = [
    row("Neu A", (9, 2), (50, 30)),
    row("Neu B", (9, 2), (50, 30)),
    row("Nah", (50, 12), (50, 17)),
    row("Auch nah", (50, 12), (50, 19)),
    row("Fern", (200, 0), (200, 9)),
    row("Oben", (50, 40), (50, 45)),
]


def firm(rows: Sequence[Row] = WORLD, *claims: tuple[Row, str]) -> Partner:
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage(rows))
    for number, (claim, state) in enumerate(claims):
        hand_in(partner, claims_export([claim], state), name=f"claims-{number}.csv")
    hand_in(partner, training(PEOPLE), name="people.csv")
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    return partner


def ground(partner: Partner, weights: Weights = WEIGHTS) -> Ground:
    position = positions.of(partner, AS_OF)
    assert isinstance(position, Position)
    return plans.ground(position, weights)


def names(start: Ground, track: str) -> list[tuple[str, str, int]]:
    known = {one.pk: one.name for one in Tenant.objects.all()}
    return [(known[one.customer], one.option, one.users) for one in start.near[track]]


def smb(start: Ground) -> rules.Track:
    return start.rule_set.track("smb")


def test_who_is_short_of_deployed_comes_nearest_first() -> None:
    start = ground(firm())
    assert names(start, "smb") == [
        ("Auch nah", "CPOR", 1),
        ("Nah", "CPOR", 3),
        ("Fern", "CPOR", 71),
    ]
    assert start.is_current


def test_no_more_customers_are_read_than_could_matter() -> None:
    many = [row(f"Nah {n:02d}", (50, 12), (50, 17)) for n in range(9)]
    assert len(ground(firm([*WORLD, *many])).near["smb"]) == 3  # two of five are deployed


def test_a_plan_names_what_a_file_would_then_show() -> None:
    partner = firm()
    start = ground(partner)
    way = plans.way(start, smb(start), Target.NEXT)
    assert isinstance(way.answer, Plan)
    assert way.answer.steps.near == (Near(_pk("Auch nah"), "CPOR", 1),)
    assert way.answer.cost == 10
    # One more user at that customer, as next month's file could have it.
    later = [
        row("Auch nah", (50, 12), (50, 20)) if one.tenant == "Auch nah" else one for one in WORLD
    ]
    other = firm(later)
    position = positions.of(other, AS_OF)
    assert isinstance(position, Position)
    assert position.scored()["smb"].total == way.answer.after.total


def _pk(name: str) -> int:
    return Tenant.objects.get(tenant_id=guid(name)).pk


@pytest.mark.parametrize("track", ["smb", "enterprise"])
@pytest.mark.parametrize("target", Target.values)
def test_a_plan_as_a_scenario_comes_to_the_same(track: str, target: str) -> None:
    waiting = Row("Wartet", usage={}, begins_on=date(2024, 9, 1))
    own = Row("Neu A", "Teams", usage={}, begins_on=date(2024, 9, 1))
    draft = Row("Entwurf", usage={}, begins_on=date(2024, 9, 1))
    rows = [
        *WORLD,
        row("Wartet", (50, 5), (50, 10), "CSP"),
        row("Entwurf", (350, 5), (350, 150), "DPOR"),
        Row("Neu A", "Teams", "CSP", {"2024-02": (9, 2), "2025-02": (50, 25)}, OLD),
        row("Groß", (400, 5), (400, 100), "CSP"),
        row("Riese", (900, 5), (900, 200), "DPOR"),
    ]
    start = ground(
        firm(rows, (waiting, "Submitted"), (own, "Under review"), (draft, "Draft")),
        WEIGHTS._replace(claim=1),
    )
    way = plans.way(start, start.rule_set.track(track), Target(target))
    plan = way.plan
    assert plan is not None
    changes = plans.as_changes(start, way.track, plan)
    laid, _names = scenarios.read(start.position, changes)
    deltas, problems = laid.deltas(changes)
    assert set(problems) <= {""}
    assert laid.with_deltas(deltas)[track].total == plan.after.total


def test_steps_keep_their_names_in_a_scenario() -> None:
    start = ground(firm())
    plan = plans.way(start, smb(start), Target.PASS).plan
    assert plan is not None
    changes = plans.as_changes(start, smb(start), plan)
    kinds = {type(one) for one in changes}
    assert NewFigures in kinds
    assert kinds <= {NewFigures, CountChanged, PersonCertified, AssociationBegun}
    figures = next(one for one in changes if isinstance(one, NewFigures))
    assert (figures.customer, figures.workload, figures.users) == ("Auch nah", "exchange", 20)


def test_the_better_track_comes_first_and_others_leave_out_what_it_uses() -> None:
    start = ground(firm())
    found = plans.ways(start, Target.PASS)
    assert [way.track.key for way in found.tracks] == ["smb", "enterprise"]
    best = found.tracks[0].answer
    assert isinstance(best, Plan)
    assert len(found.others) <= plans.ALTERNATIVES
    for way in found.others:
        assert way.without in best.steps.levers()
        assert isinstance(way.answer, Plan)
        assert way.without not in way.answer.steps.levers()
        assert way.answer.cost >= best.cost


def test_out_of_reach_is_told_with_how_far_it_goes() -> None:
    start = ground(firm([row("Neu A", (9, 2), (50, 30))]))
    way = plans.way(start, smb(start), Target.FULL)
    assert isinstance(way.answer, Unreachable)
    assert way.furthest is not None
    assert way.furthest.after.total == way.answer.most < 100


def test_targets_are_the_pass_mark_all_points_and_the_next_full_point() -> None:
    start = ground(firm())
    track = smb(start)
    total = start.position.scored()["smb"].total
    found = {target: start.problem(track, target) for target in Target}
    assert (found[Target.PASS].target, found[Target.PASS].every_metric) == (Fraction(70), True)
    assert (found[Target.FULL].target, found[Target.FULL].every_metric) == (Fraction(100), False)
    assert total < found[Target.NEXT].target <= total + 1
    assert found[Target.NEXT].target.denominator == 1


# ---- Claims --------------------------------------------------------------------------------------


def test_a_claim_that_waits_is_a_step_with_what_its_approval_brings() -> None:
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    waiting = Row("Wartet", usage=usage, begins_on=date(2024, 9, 1))
    start = ground(firm([*WORLD, waiting], (waiting, "Submitted")))
    [offer] = start.offers["smb"]
    [choice] = offer.choices
    assert (choice.claims, choice.adds) == (1, 1)
    assert (dict(choice.growth), dict(choice.deployments)) == ({"CPOR": 35}, {"CPOR": 1})
    [key] = choice.key
    assert claim_levers.waits(key)
    assert key.kind == unclaimed.Kind.NOT_APPROVED


def test_two_claims_at_one_customer_are_a_choice_of_their_own() -> None:
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    pair = [
        Row("Wartet", workload, usage=usage, begins_on=date(2024, 9, 1))
        for workload in ("Exchange", "SharePoint")
    ]
    start = ground(firm([*WORLD, *pair], (pair[0], "Submitted"), (pair[1], "Submitted")))
    [offer] = start.offers["smb"]
    found = [(one.claims, one.adds, dict(one.growth)["CPOR"]) for one in offer.choices]
    # The customer counts once, whatever is approved; growth adds up.
    assert found == [(1, 1, 35), (2, 1, 70)]


def test_what_both_claims_bring_is_what_a_file_makes_of_it() -> None:
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    pair = [
        Row("Wartet", workload, usage=usage, begins_on=date(2024, 9, 1))
        for workload in ("Exchange", "SharePoint")
    ]
    start = ground(firm([*WORLD, *pair], (pair[0], "Submitted"), (pair[1], "Submitted")))
    before = start.position.counts["smb"]
    choice = start.offers["smb"][0].choices[-1]
    position = positions.of(firm([*WORLD, *pair]), AS_OF)
    assert isinstance(position, Position)
    after = position.counts["smb"]
    assert after[NET_ADDS][""] - before[NET_ADDS][""] == choice.adds
    assert after[GROWTH]["CPOR"] - before[GROWTH]["CPOR"] == dict(choice.growth)["CPOR"]
    assert after[DEPLOYMENTS]["CPOR"] - before[DEPLOYMENTS]["CPOR"] == 1


def test_customers_with_lesser_claims_are_left_out_and_counted() -> None:
    usage = {"2024-09": (50, 5)}
    rows = [
        Row(
            f"Wartet {n:02d}",
            usage=usage | {"2025-02": (50, 10 + n)},
            begins_on=date(2024, 9, 1),
        )
        for n in range(claim_levers.MOST_CLAIMS + 3)
    ]
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage([*WORLD, *rows]))
    hand_in(partner, claims_export(rows, "Submitted"), name="claims.csv")
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    start = ground(partner)
    assert start.left_out["smb"] == 3
    kept = {dict(offer.choices[0].growth)["CPOR"] for offer in start.offers["smb"]}
    assert min(kept) == 8  # those with 5, 6 and 7 users are left out


def test_claims_and_users_at_one_customer_are_not_planned_together() -> None:
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    waiting = Row("Nah", "SharePoint", usage=usage, begins_on=date(2024, 9, 1))
    start = ground(firm([*WORLD, waiting], (waiting, "Submitted")))
    assert "Nah" not in [name for name, _option, _users in names(start, "smb")]
    [offer] = start.offers["smb"]
    assert [one.claims for one in offer.choices] == [1, 0]
    plan = plans.way(start, smb(start), Target.FULL).plan
    assert plan is not None
    assert len([one for one in plan.steps.claims if one[0] == _pk("Nah")]) <= 1


# ---- Around --------------------------------------------------------------------------------------


def test_without_tables_there_are_plans_of_people_tenants_and_users() -> None:
    partner = firm()
    partner.portfolio.computed_tables.all().delete()
    start = ground(partner)
    assert (start.near, start.offers) == ({}, {})
    way = plans.way(start, smb(start), Target.NEXT)
    assert isinstance(way.answer, Plan)
    assert way.answer.steps.levers() == [Lever.USER]


def test_tables_of_older_facts_are_told() -> None:
    partner = firm()
    Portfolio.objects.filter(partner=partner).update(version=10_000)
    assert not ground(partner).is_current


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(count: int, django_assert_num_queries: Any) -> None:
    more = [row(f"Nah {n}", (50, 12), (50, 17)) for n in range(count)]
    usage = {"2024-09": (50, 5), "2025-02": (50, 40)}
    waiting = [
        Row(f"Wartet {n}", workload, usage=usage, begins_on=date(2024, 9, 1))
        for n in range(count)
        for workload in ("Exchange", "SharePoint")
    ]
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage([*WORLD, *more, *waiting]))
    hand_in(partner, claims_export(waiting, "Submitted"), name="claims.csv")
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    position = positions.of(partner, AS_OF)
    assert isinstance(position, Position)
    with django_assert_num_queries(3):  # portfolio, tables, claims that count together
        start = plans.ground(position, WEIGHTS)
    assert len(start.offers["smb"]) == count
    with django_assert_num_queries(0):
        plans.ways(start, Target.PASS)


def test_a_table_of_many_rows_is_read_as_columns() -> None:
    """Of 20,000 claims that bring a tenant each only those are kept that could matter."""
    start = ground(firm())
    effect = unclaimed.text_of({"enterprise": {NET_ADDS: {"": 1}}})
    rows = [
        (number, 1, int(unclaimed.Kind.WEAKER), 3, 0, 0, 0, 400, 9, 1, 0, 0, effect, "")
        for number in range(20_000)
    ]
    table = computed_tables.load(computed_tables.dump(computed_tables.UNCLAIMED_FIELDS, rows))
    offers, left_out = claim_levers.read(start.position, table)
    assert len(offers["enterprise"]) == 5
    assert left_out == {"enterprise": 0, "smb": 0}
    assert Fraction(offers["enterprise"][0].choices[0].adds) == 1
