"""What a claim is said to change is what a file with that claim changes; and what that costs."""

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import (
    claim_costs,
    computed_tables,
    facts,
    history,
    months,
    overlays,
    positions,
    rule_sets,
    scores,
    unclaimed,
    unclaimed_table,
)
from scoring.claim_costs import Prices
from scoring.models import Tenant, UsageMonth
from scoring.overlays import Counts
from scoring.positions import Position
from scoring.unclaimed import BEGINS_ANEW, Kind, Row
from tests.factories import PartnerFactory
from tests.scoring import test_properties
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import WORKLOADS
from tests.scoring.worlds import Row as Line
from tests.scoring.worlds import claims_export, guid, office_usage, training

AS_OF = date(2025, 3, 25)
LAST, BEFORE, YEAR_BEFORE = "2025-02", "2025-01", "2024-02"
NAMES = rule_sets.vocabulary()
TITLES = {NAMES.workload_numbers[key]: name for name, key in WORKLOADS.items() if key != "skype"}
STATES = [
    "Approved",
    "Draft",
    "Submitted",
    "Under review",
    "Partner action required",
    "Rejected",
    "Dispute",
    "Rejected final",
]
CLAIM_DAY = date(2025, 2, 1)  # of a claim filed with the newest month
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True) as clock:
        yield clock


def firm(
    rows: Sequence[Line], waiting: Sequence[tuple[Line, str]] = (), partner: Partner | None = None
) -> Partner:
    """A scored firm with usage, claims in some states, and its table."""
    partner = partner or PartnerFactory.create()
    hand_in(partner, office_usage(rows))
    for place, (row, state) in enumerate(waiting):
        claim = Line(row.tenant, row.workload, begins_on=row.begins_on)
        hand_in(partner, claims_export([claim], state), name=f"claims-{place}.csv")
    hand_in(partner, training(PEOPLE), name="people.csv")
    scores.compute(partner, AS_OF)
    history.refresh(facts.portfolio_of(partner).pk)
    return partner


def table(partner: Partner) -> list[Row]:
    name = computed_tables.UNCLAIMED
    found = computed_tables.read(facts.portfolio_of(partner), [name])
    return unclaimed_table.rows_of(found[name])


def rows_by_key(partner: Partner) -> dict[tuple[str, str], Row]:
    names = dict(Tenant.objects.values_list("pk", "name"))
    return {(names[row.tenant], TITLES[row.workload]): row for row in table(partner)}


def position(partner: Partner) -> Position:
    found = positions.of(partner, AS_OF)
    assert isinstance(found, Position)
    return found


def counts_with(before: Counts, *effects: dict[str, Any]) -> Counts:
    found: Counts = {
        track: {metric: dict(options) for metric, options in metrics.items()}
        for track, metrics in before.items()
    }
    for effect in effects:
        for track, metrics in effect.items():
            for metric, options in metrics.items():
                for option, change in options.items():
                    found[track][metric][option] = found[track][metric].get(option, 0) + change
    return found


# ---- What it says is what a file would do --------------------------------------------------------


def realise(partner: Partner, row: Row, last: str = LAST) -> None:
    """Hand in what Partner Center would export once the claim counts."""
    tenant = Tenant.objects.get(pk=row.tenant)
    stands = (
        row.kind == Kind.NOT_APPROVED
        and row.state not in BEGINS_ANEW
        and 0 < row.month <= months.parse_label(last)
        and has_own_figures(partner, row, last)
    )
    line = Line(tenant.name, TITLES[row.workload], "CPOR")
    if not stands:
        figures = {last: (row.seats, row.users)}
        line = Line(tenant.name, TITLES[row.workload], "CPOR", figures, begins_on=CLAIM_DAY)
        hand_in(partner, office_usage([line]), name="usage-of-claim.csv")
    if row.kind == Kind.NOT_APPROVED:
        hand_in(partner, claims_export([line]), name="approved.csv")


def has_own_figures(partner: Partner, row: Row, last: str) -> bool:
    portfolio = facts.portfolio_of(partner)
    own = UsageMonth.objects.filter(
        portfolio=portfolio,
        tenant=row.tenant,
        workload=row.workload,
        option=NAMES.option_numbers["CPOR"],
        month=months.parse_label(last),
    )
    return bool(own.exists())


# Claims for rows of the world, by their place in it; one of another place has no figures.
waiting_claims = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from(STATES)),
    max_size=4,
    unique_by=lambda pair: pair[0],
)
SURE = Line("Z", usage={LAST: (50, 9), YEAR_BEFORE: (50, 5)}, begins_on=OLD)


@example(  # grown since it was claimed: all of it counts once it is approved
    world=[Line("A", "Teams", "CPOR", {BEFORE: (50, 10), LAST: (50, 30)}, date(2025, 1, 7))],
    waiting=[(0, "Under review")],
    pick=0,
)
@example(  # held a year ago, given back, data go on as CSP
    world=[
        Line("A", usage={YEAR_BEFORE: (50, 30), BEFORE: (50, 31)}, ended_on=date(2024, 9, 30)),
        Line("A", "Exchange", "CSP", {YEAR_BEFORE: (50, 1), LAST: (60, 24)}),
    ],
    waiting=[],
    pick=0,
)
@example(  # exactly at the share: it deploys the customer at once
    world=[
        Line("A", "Teams", "CSP", {LAST: (50, 20)}),
        Line("A", "Exchange", "CSP", {LAST: (5, 1)}),
    ],
    waiting=[],
    pick=0,
)
@example(  # too large for SMB: a claim opens Enterprise
    world=[Line("A", "Teams", "CSP", {LAST: (400, 20)}), Line("A", usage={LAST: (5, 1)})],
    waiting=[],
    pick=0,
)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=test_properties.worlds, waiting=waiting_claims, pick=st.integers(0, 30))
def test_a_claim_changes_what_a_file_with_it_changes(
    db: None, world: list[Line], waiting: list[tuple[int, str]], pick: int
) -> None:
    with transaction.atomic():
        try:
            known = [*world, SURE, Line("D", "Teams")]
            claims = [(known[place], state) for place, state in waiting if place < len(known)]
            partner = firm([*world, SURE], claims)
            found = sorted(table(partner))
            if not found:
                event("nothing unclaimed")
                return
            row = found[pick % len(found)]
            event(f"{Kind(row.kind).name}, changes something: {bool(row.effect)}")
            if not row.has_figures:
                assert row.effect == ""
                return
            before = position(partner).counts
            realise(partner, row)
            after = scores.compute(partner, AS_OF)
            counts = position(partner).counts
            assert after == position(partner).score
            assert counts == counts_with(before, unclaimed.counts_of(row.effect))
        finally:
            transaction.set_rollback(True)
