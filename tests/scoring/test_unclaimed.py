"""What a claim is said to change is what a file with that claim changes; and what that costs."""

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import (
    claim_costs,
    claim_deadlines,
    computed_tables,
    corrections,
    explaining,
    facts,
    history,
    judging,
    months,
    overlays,
    positions,
    rule_sets,
    scores,
    unclaimed,
    unclaimed_table,
)
from scoring.claim_states import ClaimState
from scoring.corrections import OfClaim
from scoring.holdings import Association, Figures, Holdings
from scoring.models import Tenant, UsageMonth
from scoring.overlays import Counts
from scoring.positions import Position
from scoring.unclaimed import BEGINS_ANEW, Kind, Row
from tests.factories import PartnerFactory
from tests.scoring import test_properties, worlds
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import WORKLOADS, claims_export, ems, office_usage, training
from tests.scoring.worlds import Row as Line

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


# ---- Which work is unclaimed ---------------------------------------------------------------------

CSP = {"2024-09": (100, 20), "2024-12": (100, 26), BEFORE: (100, 28), LAST: (100, 32)}


def test_what_is_unclaimed_and_why() -> None:
    partner = firm(
        [
            Line("Claimed", usage={LAST: (50, 9)}),
            Line("Claimed", "Exchange", "CSP", {LAST: (50, 9)}),
            Line("Sold", "Teams", "CSP", CSP),
            Line("Registered", "Teams", "DPOR", {LAST: (400, 90)}),
            Line("Ended", usage={YEAR_BEFORE: (50, 9)}, begins_on=OLD, ended_on=date(2024, 8, 9)),
            Line("Ended", "Exchange", "CSP", {LAST: (60, 10)}),
            Line("Gone", usage={YEAR_BEFORE: (50, 9)}, begins_on=OLD, ended_on=date(2024, 8, 9)),
            Line("Waits", usage={BEFORE: (50, 9), LAST: (50, 11)}, begins_on=date(2025, 1, 3)),
        ],
        [(Line("Waits"), "Under review"), (Line("Only claimed", "Teams"), "Draft")],
    )
    found = rows_by_key(partner)
    options = {number: key for key, number in NAMES.option_numbers.items()} | {0: ""}
    assert {
        key: (Kind(row.kind).name, options[row.option], row.state, months.label(row.month))
        for key, row in found.items()
    } == {
        ("Sold", "Teams"): ("WEAKER", "CSP", 0, "0000-01"),
        ("Registered", "Teams"): ("WEAKER", "DPOR", 0, "0000-01"),
        ("Ended", "Exchange"): ("ENDED", "CSP", 0, "2024-08"),
        ("Waits", "Exchange"): ("NOT_APPROVED", "", 4, "2025-01"),
        ("Only claimed", "Teams"): ("NOT_APPROVED", "", 2, "0000-01"),
    }
    assert not found["Only claimed", "Teams"].has_figures


def test_growth_is_averaged_over_the_newest_six_months() -> None:
    partner = firm(
        [
            Line("Sold", "Teams", "CSP", {"2024-08": (100, 1)} | CSP),
            Line("Late", "Teams", "CSP", {"2024-12": (100, 20), LAST: (100, 23)}),
            Line("Shrunk", "Teams", "CSP", {BEFORE: (100, 20), LAST: (100, 10)}),
            Line("New", "Teams", "CSP", {LAST: (100, 10)}),
            Line("Twice", "Teams", "CSP", {BEFORE: (100, 10), LAST: (100, 12)}),
            Line("Twice", "Teams", "DPOR", {BEFORE: (100, 11), LAST: (100, 15)}),
        ]
    )
    assert {key[0]: (row.gained, row.span) for key, row in rows_by_key(partner).items()} == {
        "Sold": (12, 5),
        "Late": (3, 2),
        "Shrunk": (0, 1),
        "New": (0, 0),
        "Twice": (4, 1),  # the larger figures of either month
    }
    assert unclaimed.users_a_month(12, 5) == Fraction(12, 5)


def test_intune_of_the_subscriptions_speaks_where_office_usage_does_not() -> None:
    partner = PartnerFactory.create()
    line = Line("Sold", option="CSP", usage={BEFORE: (50, 5), LAST: (50, 9)})
    hand_in(partner, ems([line]), name="ems.csv")
    firm([SURE], partner=partner)
    row = rows_by_key(partner)["Sold", "Intune"]
    assert (row.seats, row.users, row.gained, row.span) == (50, 9, 4, 1)


def test_the_next_month_brings_growth_and_perhaps_a_deployment() -> None:
    """Of 100 seats: 32 users and 12 in five months pass 40 in no month, 39 and five a month do."""
    near = {BEFORE: (100, 34), LAST: (100, 39)}
    partner = firm(
        [
            Line("Sold", "Teams", "CSP", CSP),
            Line("Near", "Teams", "CSP", near),
            # To 40 exactly: one may claim it a month later still.
            Line("At", "Teams", "CSP", {BEFORE: (100, 38), LAST: (100, 39)}),
            Line("Small", "Teams", "CSP", {BEFORE: (9, 1), LAST: (9, 3)}),
            Line("Deployed", "Teams", "CSP", near),
            Line("Deployed", usage={YEAR_BEFORE: (50, 2), LAST: (50, 30)}, begins_on=OLD),
        ]
    )
    coming = {key[0]: unclaimed.counts_of(row.coming) for key, row in rows_by_key(partner).items()}
    growth = {"usage_growth": {"CPOR": 1}}
    assert coming == {
        "Sold": {"smb": growth},
        "Near": {"smb": growth | {"deployments": {"CPOR": 1}}},
        "At": {"smb": growth},
        "Small": {},
        "Deployed": {"smb": growth},
    }


def test_a_filed_claim_keeps_its_beginning_and_loses_no_growth() -> None:
    grown = {"2024-12": (100, 10), BEFORE: (100, 20), LAST: (100, 30)}
    names = ["Submitted", "Rejected", "Draft", "Rejected final"]
    partner = firm(
        [Line(name, "Teams", usage=grown, begins_on=date(2024, 12, 9)) for name in names],
        [(Line(name, "Teams", begins_on=date(2024, 12, 9)), name) for name in names],
    )
    added = {"net_customer_adds": {"": 1}}
    grew = added | {"usage_growth": {"CPOR": 20}}
    found = rows_by_key(partner)
    assert {key[0]: unclaimed.counts_of(row.effect) for key, row in found.items()} == {
        "Submitted": {"smb": grew},
        "Rejected": {"smb": grew},
        "Draft": {"smb": added},
        "Rejected final": {"smb": added},
    }
    assert {key[0]: bool(row.coming) for key, row in found.items()} == {
        "Submitted": False,
        "Rejected": False,
        "Draft": True,
        "Rejected final": True,
    }


def test_a_corrected_end_makes_it_unclaimed() -> None:
    partner = firm([Line("A", usage={LAST: (50, 9)}, begins_on=OLD)])
    assert rows_by_key(partner) == {}
    portfolio = facts.portfolio_of(partner)
    aim = OfClaim(
        portfolio.tenants.get().pk,
        NAMES.workload_numbers["exchange"],
        NAMES.option_numbers["CPOR"],
        months.number(OLD),
    )
    corrections.make(partner, "ended_on", aim, date(2024, 11, 30), reason="gekündigt", by=None)
    history.refresh(portfolio.pk)
    row = rows_by_key(partner)["A", "Exchange"]
    assert (Kind(row.kind), months.label(row.month)) == (Kind.ENDED, "2024-11")


# ---- Since when a state has been seen ------------------------------------------------------------


def test_a_state_is_seen_since_the_file_that_brought_it(today: time_machine.Traveller) -> None:
    rows = [Line("A", "Teams", "CSP", {LAST: (50, 9)}), Line("B", "Teams", "CSP", {LAST: (50, 9)})]
    first = [(Line("A", "Teams"), "Submitted"), (Line("B", "Teams"), "Submitted")]
    partner = firm(rows, first)
    portfolio = facts.portfolio_of(partner)

    def seen() -> dict[str, str]:
        history.refresh(portfolio.pk)
        found = rows_by_key(partner).items()
        return {key[0]: date.fromordinal(row.seen_on).isoformat() for key, row in found}

    assert seen() == {"A": "2025-03-25", "B": "2025-03-25"}

    today.move_to("2025-04-02T09:00:00+00:00")
    asked = claims_export([Line("A", "Teams")], "Partner action required")
    hand_in(partner, asked, name="asked.csv")
    assert seen() == {"A": "2025-04-02", "B": "2025-03-25"}

    today.move_to("2025-04-20T09:00:00+00:00")
    hand_in(partner, office_usage([Line("C", usage={LAST: (50, 9)})]), name="more.csv")
    assert seen() == {"A": "2025-04-02", "B": "2025-03-25"}


# ---- What it costs -------------------------------------------------------------------------------

numbers = st.integers(-80, 1200)
changes = st.integers(-3, 60)


@st.composite
def effects_of(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for track in rule_sets.get("modern-work-2023").tracks:
        for metric in track.metrics:
            if metric.key in judging.BITS and draw(st.booleans()):
                own = found.setdefault(track.key, {}).setdefault(metric.key, {})
                for scale in metric.scales:
                    own[scale.option] = draw(changes)
    return found


@settings(max_examples=150, deadline=None)
@given(data=st.data(), effect=effects_of(), gained=st.integers(0, 900), span=st.integers(0, 5))
def test_prices_are_what_the_rules_say(
    data: st.DataObject, effect: dict[str, Any], gained: int, span: int
) -> None:
    rule_set = rule_sets.get("modern-work-2023")
    counts: Counts = {
        track.key: {
            metric.key: {scale.option: data.draw(numbers) for scale in metric.scales}
            for metric in track.metrics
        }
        for track in rule_set.tracks
    }
    deploys = data.draw(st.booleans())
    month = {"usage_growth": {"CPOR": 1}} | ({"deployments": {"CPOR": 1}} if deploys else {})
    coming = data.draw(st.sampled_from([{}, {"smb": month}, {"smb": month, "enterprise": month}]))
    prices = claim_costs.Prices(rule_set, counts)
    texts = unclaimed.text_of(effect), unclaimed.text_of(coming)
    row = Row(1, 1, 1, 3, 0, 0, 0, 0, 0, 1, gained, span, *texts)
    table = computed_tables.load(computed_tables.dump(computed_tables.UNCLAIMED_FIELDS, [row]))
    priced = claim_costs.priced(prices, table)

    users = Fraction(gained, span) if span else Fraction(0)
    then = {
        track: {
            metric: {
                option: number * (users if metric == "usage_growth" else 1)
                for option, number in options.items()
            }
            for metric, options in metrics.items()
        }
        for track, metrics in coming.items()
    }
    before = overlays.scored(rule_set, counts)
    now = overlays.scored(rule_set, counts_with(counts, effect))
    later = overlays.scored(rule_set, counts_with(counts, effect, then))
    for track, price in zip(rule_set.tracks, prices.of(*texts), strict=True):
        gain = now[track.key].total - before[track.key].total
        cost = later[track.key].total - before[track.key].total
        lost = unclaimed.lost(gained, span, texts[1])
        assert (prices.points(price.now), prices.points(price.cost(lost))) == (gain, cost)
        columns = claim_costs.now_name(track), claim_costs.cost_name(track)
        found = [prices.points(priced[name].to_pylist()[0]) for name in columns]
        assert found == [gain, cost]


def test_nothing_unclaimed_has_a_price_too() -> None:
    rule_set = rule_sets.get("modern-work-2023")
    counts: Counts = {track.key: {} for track in rule_set.tracks}
    table = computed_tables.load(computed_tables.dump(computed_tables.UNCLAIMED_FIELDS, []))
    priced = claim_costs.priced(claim_costs.Prices(rule_set, counts), table)
    ordered = claim_costs.dearest_first(priced, rule_set.tracks, "smb")
    assert ordered.num_rows == 0


@given(world=test_properties.worlds)
@settings(max_examples=60, deadline=None)
def test_claims_judged_for_others_are_as_if_judged_alone(world: list[Line]) -> None:
    """Claims of a tenant that open the same doors are judged once: each one says the same."""
    rule_set = rule_sets.get("modern-work-2026")
    by_tenant: dict[int, list[judging.Claim]] = {}
    for claim in worlds.claims(world):
        by_tenant.setdefault(claim.tenant, []).append(claim)
    judge = unclaimed.Judge(rule_set, worlds.PAIR)
    claimed: dict[tuple[int, int], list[judging.Claim]] = {}
    for own in by_tenant.values():
        for claim in own:
            if claim.option == judge.cpor:
                claimed.setdefault((claim.tenant, claim.workload), []).append(claim)
    found = list(unclaimed.candidates(by_tenant, claimed, rule_set, worlds.PAIR.last))
    shared = {number: judge.tenant(own) for number, own in by_tenant.items()}
    for candidate in found:
        own = by_tenant[candidate.tenant]
        alone = judge.tenant(own)
        added = Holdings(
            rule_set,
            worlds.PAIR,
            candidate.tenant,
            tuple(claim for claim in own if claim.workload in judge.keys),
        ).add(
            Association(
                judge.keys[candidate.workload],
                "CPOR",
                Figures.from_start(candidate.seats, candidate.users),
            )
        )
        assert not isinstance(added, str)
        explainer = explaining.Explainer(rule_set, worlds.PAIR)
        counts = [explaining.count(explainer.lines(claims)) for claims in (own, added[0].claims)]
        difference = {
            (track, metric, option): value - counts[0].get(track, {}).get(metric, {}).get(option, 0)
            for track, metrics in counts[1].items()
            for metric, options in metrics.items()
            for option, value in options.items()
        }
        effect, coming = shared[candidate.tenant].filed(candidate, 7, 2)
        assert (effect, coming) == alone.filed(candidate, 7, 2)
        assert {
            (track, metric, option): value
            for track, metrics in unclaimed.counts_of(effect).items()
            for metric, options in metrics.items()
            for option, value in options.items()
        } == {key: value for key, value in difference.items() if value}


# ---- Terms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "seen", "ends"),
    [
        ("SUBMITTED", date(2025, 3, 3), date(2025, 3, 10)),  # Monday to Monday
        ("PARTNER_ACTION_REQUIRED", date(2025, 3, 7), date(2025, 3, 14)),  # Friday
        ("PARTNER_ACTION_REQUIRED", date(2025, 3, 8), date(2025, 3, 14)),  # Saturday
        ("DISPUTE", date(2025, 3, 9), date(2025, 3, 14)),  # Sunday
        ("REJECTED", date(2025, 3, 8), date(2025, 4, 7)),
    ],
)
def test_terms_count_business_days_or_all(state: str, seen: date, ends: date) -> None:
    assert claim_deadlines.terms()[ClaimState[state]].ends(seen) == ends


def test_every_term_names_its_source() -> None:
    terms = claim_deadlines.terms()
    assert {state.name for state, term in terms.items() if term.is_ours} == {
        "PARTNER_ACTION_REQUIRED",
        "REJECTED",
    }
    assert all(term.source.startswith("[M] ") for term in terms.values())
