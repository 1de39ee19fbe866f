"""A what-if says what a file would make of the score, and writes nothing."""

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.utils import translation
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from partners.models import Membership, Partner, User
from scoring import corrections, rule_sets, scores, what_if
from scoring.corrections import OfClaim
from scoring.models import Correction, Ledger, Portfolio, Score, Tenant
from scoring.what_if import Association, Basis, Figures, Nothing, Worth
from tests.factories import PartnerFactory, member
from tests.scoring import test_properties
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import WORKLOADS, Row, claims_export, guid, office_usage, training

AS_OF = date(2025, 3, 25)
LATER = date(2026, 3, 25)  # a year on, under the rules of 2026
pytestmark = pytest.mark.django_db
NAMES = {key: name for name, key in WORKLOADS.items()}


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with (
        time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True) as clock,
        translation.override("en"),
    ):
        yield clock


def firm(rows: Sequence[Row] = (), *, day: date = AS_OF) -> tuple[Partner, User]:
    """A scored firm and somebody who may see its score."""
    partner: Partner = PartnerFactory.create()
    if rows:
        hand_in(partner, office_usage(rows))
    hand_in(partner, training(PEOPLE), name="people.csv")
    scores.compute(partner, day)
    return partner, member(partner, "observer")


def basis(partner: Partner, reader: User, tenant: str = "", *, day: date = AS_OF) -> Basis:
    found = what_if.read(
        partner, reader=reader, day=day, tenant=UUID(guid(tenant)) if tenant else None
    )
    assert isinstance(found, Basis)
    return found


def moves(worth: Worth, track: str) -> dict[tuple[str, str], tuple[int, Fraction, str]]:
    """(change of the count, points gained, why not) by metric and option."""
    own = next(one for one in worth.tracks if one.key == track)
    return {(move.metric, move.option): (move.change, move.gain, move.why) for move in own.moves}


def whys(worth: Worth, track: str) -> dict[str, str]:
    return {metric: why for (metric, _option), (_c, _g, why) in moves(worth, track).items()}


# ---- What it says is what a file would do --------------------------------------------------------


def of_score(score: Score) -> dict[str, Any]:
    """All that a what-if speaks of: counts, points and whether a track passes."""
    return {
        track.key: (
            track.total,
            track.passes,
            {
                (metric.key, option.key): (option.value, metric.points)
                for metric in track.metrics
                for option in metric.options
            },
        )
        for track in score.tracks
    }


def of_worth(before: Score, worth: Worth) -> dict[str, Any]:
    """The same by a what-if: what it changes, over what the score had."""
    expected = of_score(before)
    for track in worth.tracks:
        total, passes, counts = expected[track.key]
        assert (track.before, track.passed_before) == (total, passes)
        after = dict(counts)
        for move in track.moves:
            key = (move.metric, move.option)
            assert (move.before, move.points_before) == counts[key]
            after[key] = (move.after, move.points_after)
            for other in counts:  # the points are those of the metric, which its options share
                if other[0] == move.metric:
                    after[other] = (after[other][0], move.points_after)
        expected[track.key] = (track.after, track.passes_after, after)
    return expected


def rows_of(association: Association, tenant: str, known: Figures | None, day: date) -> list[Row]:
    """The rows of a file that says what the what-if takes for given."""
    figures = association.figures or known
    assert figures is not None
    last = f"{day.year}-02"
    before = f"{day.year}-01"
    has_grown = figures.users != figures.users_at_start
    usage = {last: (figures.seats, figures.users)}
    if has_grown:
        usage[before] = (figures.seats, figures.users_at_start)
    return [
        Row(
            tenant,
            NAMES[association.workload],
            association.option,
            usage,
            begins_on=date(day.year, 1 if has_grown else 2, 1),
        )
    ]


def shifted(rows: Sequence[Row], day: date) -> list[Row]:
    """The rows of the small worlds are of 2024 and 2025; for a later day all move with it."""
    by = day.year - AS_OF.year

    def moved(when: date | None) -> date | None:
        return when and when.replace(year=when.year + by, day=min(when.day, 28))

    return [
        Row(
            row.tenant,
            row.workload,
            row.option,
            {f"{int(label[:4]) + by}{label[4:]}": row.usage[label] for label in row.usage},
            moved(row.begins_on),
            moved(row.ended_on),
        )
        for row in rows
    ]


figures = st.builds(
    lambda seats, users, start: Figures(seats, users, users if start is None else start),
    test_properties.seats,
    test_properties.seats,
    st.none() | test_properties.seats,
)
associations = st.builds(
    Association,
    st.sampled_from(["exchange", "teams", "sharepoint", "intune", "m365_copilot", "teams_premium"]),
    st.sampled_from(["CPOR", "DPOR", "CSP"]),
    st.one_of(figures, figures, st.none()),
)


WAITING = Row("A", "Teams", "CPOR", {"2025-02": (50, 30)}, begins_on=date(2025, 1, 7))


@example(
    world=[WAITING],
    waiting=[WAITING],
    tenant="A",
    wanted=[Association("teams", "CPOR")],
    day=AS_OF,
)
@example(  # claimed again: compared with the year before, not with its beginning
    world=[
        Row("A", usage={"2024-02": (50, 30), "2025-01": (50, 31)}, ended_on=date(2024, 9, 30)),
        Row("A", "Teams", "CSP", {"2024-02": (50, 1), "2025-02": (60, 5)}),
    ],
    waiting=[],
    tenant="A",
    wanted=[Association("exchange", "CPOR", Figures(50, 45, 20)), Association("teams", "CPOR")],
    day=AS_OF,
)
@example(  # grown out of SMB: promoted under the rules of 2026
    world=[Row("B", usage={"2024-02": (200, 30)}, ended_on=date(2024, 9, 30))],
    waiting=[],
    tenant="B",
    wanted=[Association("exchange", "CPOR", Figures(302, 150, 150))],
    day=LATER,
)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    world=test_properties.worlds,
    waiting=st.lists(test_properties.rows(), max_size=2),
    tenant=st.sampled_from("ABCE"),
    wanted=st.lists(
        associations, min_size=1, max_size=3, unique_by=lambda one: (one.workload, one.option)
    ),
    day=st.sampled_from([AS_OF, LATER]),
)
def test_what_if_says_what_the_file_would_do(
    db: None,
    today: time_machine.Traveller,
    world: list[Row],
    waiting: list[Row],
    tenant: str,
    wanted: list[Association],
    day: date,
) -> None:
    today.move_to(f"{day.isoformat()}T09:00:00+00:00")
    with transaction.atomic():
        try:
            _compare(shifted(world, day), shifted(waiting, day), tenant, wanted, day)
        finally:
            transaction.set_rollback(True)


def _compare(
    world: list[Row], waiting: list[Row], tenant: str, wanted: list[Association], day: date
) -> None:
    # Every firm has data of the last month, else there is nothing to compare with.
    sure = Row("Z", usage={f"{day.year}-02": (50, 9), f"{day.year - 1}-02": (50, 5)})
    partner, reader = firm([*world, sure], day=day)
    if waiting:
        hand_in(partner, claims_export(waiting, "Under review"), name="claims.csv")
    before = scores.compute(partner, day)
    what = basis(partner, reader, tenant, day=day)
    worth = what.worth(wanted[0]) if len(wanted) == 1 else what.together(wanted)
    possible = [one for one in wanted if not what.worth(one).why]
    event(f"{len(wanted)} wanted, {len(possible)} possible")
    for one in possible:
        pending = what.is_pending(one.workload, one.option)
        rows = [] if pending else rows_of(one, tenant, what.known_figures(one.workload), day)
        approved = Row(tenant, NAMES[one.workload], one.option)
        event(f"pending: {pending}")
        if rows:
            hand_in(partner, office_usage(rows), name=f"{one.workload}-{one.option}.csv")
        if one.option == "CPOR":
            name = f"{one.workload}-approved.csv"
            hand_in(partner, claims_export(rows or [approved]), name=name)

    assert of_score(scores.compute(partner, day)) == of_worth(before, worth)


# ---- In words ------------------------------------------------------------------------------------

FEW = [Row("Contoso", usage={"2025-02": (50, 10), "2024-02": (50, 5)}, begins_on=OLD)]
START = Figures.from_start


def test_new_customer_counts_once_and_its_use_counts_from_the_claim_on() -> None:
    partner, reader = firm(FEW)
    worth = basis(partner, reader).worth(Association("exchange", "CPOR", START(50, 10)))

    assert moves(worth, "smb") == {
        ("net_customer_adds", ""): (1, Fraction(2), ""),
        ("usage_growth", "CPOR"): (
            0,
            0,
            "Only growth after the association counts: 10 active users then and now.",
        ),
        ("deployments", "CPOR"): (
            0,
            0,
            "10 of 50 seats in use: a customer is deployed from 40 % on.",
        ),
    }
    assert set(whys(worth, "enterprise").values()) == {"50 seats, Enterprise starts at 301."}
    assert [(track.key, track.gain) for track in worth.tracks] == [
        ("enterprise", Fraction(0)),
        ("smb", Fraction(2)),
    ]
    assert worth.best.key == "smb"


def test_growth_and_deployment_come_with_use() -> None:
    partner, reader = firm(FEW)
    worth = basis(partner, reader).worth(Association("exchange", "CPOR", Figures(50, 40, 10)))

    assert moves(worth, "smb") == {
        ("net_customer_adds", ""): (1, Fraction(2), ""),
        ("usage_growth", "CPOR"): (30, Fraction(30 * 30, 500), ""),
        ("deployments", "CPOR"): (1, Fraction(5), ""),
    }
    track = worth.best
    assert track.after - track.before == 2 + Fraction(9, 5) + 5
    assert [move.words for move in track.moves] == ["+1 tenant", "+30 users", "+1 tenant"]


@pytest.mark.parametrize(
    ("seats", "smb", "enterprise"),
    [
        (0, "0 seats, SMB starts at 11.", "0 seats, Enterprise starts at 301."),
        (10, "10 seats, SMB starts at 11.", "10 seats, Enterprise starts at 301."),
        (11, "", "11 seats, Enterprise starts at 301."),
        (300, "", "300 seats, Enterprise starts at 301."),
        (301, "301 seats, SMB ends at 300.", ""),
        (9_999_999, "9,999,999 seats, SMB ends at 300.", ""),
    ],
)
def test_band_decides_which_track_looks_at_it(seats: int, smb: str, enterprise: str) -> None:
    partner, reader = firm(FEW)
    worth = basis(partner, reader).worth(Association("teams", "CPOR", START(seats, 0)))

    assert whys(worth, "smb")["net_customer_adds"] == smb
    assert whys(worth, "enterprise")["net_customer_adds"] == enterprise


@pytest.mark.parametrize(
    ("users", "deployed"),
    [
        (39, "39 of 100 seats in use: a customer is deployed from 40 % on."),
        (40, ""),  # exactly 40 % at the claim: not above, so it counts
        (41, "Above 40 % when the association begins (41 of 100 seats in use)."),
    ],
)
def test_deployment_at_the_edge(users: int, deployed: str) -> None:
    partner, reader = firm(FEW)
    worth = basis(partner, reader).worth(Association("teams", "CPOR", START(100, users)))

    assert whys(worth, "smb")["deployments"] == deployed


def test_track_does_not_accept_the_option() -> None:
    partner, reader = firm(FEW)
    csp = basis(partner, reader).worth(Association("teams", "CSP", START(400, 10)))
    dpor = basis(partner, reader).worth(Association("teams", "DPOR", START(100, 10)))

    assert [(track.why, len(track.moves)) for track in csp.tracks] == [
        ("Enterprise does not accept CSP.", 0),
        ("", 3),
    ]
    assert [track.why for track in dpor.tracks] == ["", "SMB does not accept DPOR."]


def test_what_no_designation_counts_is_named() -> None:
    partner, reader = firm(FEW)
    what = basis(partner, reader)

    pal = what.worth(Association("teams", "PAL", START(100, 10)))
    skype = what.worth(Association("skype", "CPOR", START(100, 10)))
    none = what.worth(Association("teams", "CPOR"))

    assert pal.why == "PAL does not count for Solutions Partner for Modern Work."
    assert skype.why == "This workload does not count for Solutions Partner for Modern Work."
    assert none.why == "Seats and active users of this workload are not known."
    assert {track.gain for worth in (pal, skype, none) for track in worth.tracks} == {0}


def test_workload_that_counts_for_some_metrics_only() -> None:
    day = LATER
    with time_machine.travel(day.isoformat() + "T09:00Z", tick=True):
        partner, reader = firm([Row("Contoso", usage={"2026-02": (50, 10)})], day=day)
        what = basis(partner, reader, day=day)
        worth = what.worth(Association("teams_premium", "CPOR", Figures(50, 40, 10)))

    assert moves(worth, "smb") == {
        ("net_customer_adds", ""): (0, 0, "This workload does not count for this metric."),
        ("usage_growth", "CPOR"): (30, Fraction(9, 5), ""),
        ("deployments", "CPOR"): (1, Fraction(5), ""),
    }


def test_customer_that_counts_already() -> None:
    usage = {"2024-02": (9, 2), "2025-02": (50, 25)}
    partner, reader = firm([Row("Contoso", "Exchange", "CSP", usage, begins_on=OLD)])
    what = basis(partner, reader, "Contoso")

    assert (what.customer, what.is_known) == ("Contoso", True)
    assert what.known_figures("exchange") == Figures(50, 25, 25)
    assert what.known_figures("teams") is None
    assert what.worth(Association("exchange", "CSP")).why == "You hold this association already."
    # Seats and users are those the firm sees as CSP.
    assert whys(what.worth(Association("exchange", "CPOR")), "smb") == {
        "net_customer_adds": "Already counted for this customer.",
        "usage_growth": "Only growth after the association counts: 25 active users then and now.",
        "deployments": "Above 40 % when the association begins (25 of 50 seats in use).",
    }
    # A workload too small by itself counts with the others of an eligible customer.
    small = what.worth(Association("teams", "CPOR", Figures(8, 4, 1)))
    assert moves(small, "smb")["deployments", "CPOR"] == (1, Fraction(5, 2), "")
    idle = what.worth(Association("teams", "CPOR", START(8, 1)))
    assert (
        whys(idle, "smb")["deployments"]
        == "1 of 8 seats in use: a customer is deployed from 40 % on."
    )
    unsold = what.worth(Association("teams", "CPOR", START(0, 0)))
    assert whys(unsold, "smb")["deployments"] == "No paid seats: the share cannot be told."
    # Already deployed by CPOR, whichever workload made it so.
    twice = what.worth(Association("teams", "CSP", Figures(20, 20, 5)))
    assert whys(twice, "smb")["deployments"] == "Already counted for this customer."


def test_association_can_make_the_others_count() -> None:
    """A customer too small as yet: with one workload in the band all of its workloads count."""
    usage = {"2024-09": (10, 1), "2025-02": (10, 9)}
    partner, reader = firm(
        [*FEW, Row("Klein", "Exchange", "CSP", usage, begins_on=date(2024, 9, 2))]
    )
    worth = basis(partner, reader, "Klein").worth(Association("teams", "CPOR", START(11, 0)))

    assert moves(worth, "smb") == {
        ("net_customer_adds", ""): (1, Fraction(2), ""),
        ("usage_growth", "CPOR"): (
            0,
            0,
            "Only growth after the association counts: 0 active users then and now.",
        ),
        ("usage_growth", "CSP"): (
            8,
            Fraction(0),
            "CPOR earns as much or more here, and only the best one counts.",
        ),
        ("deployments", "CPOR"): (
            0,
            0,
            "0 of 11 seats in use: a customer is deployed from 40 % on.",
        ),
        ("deployments", "CSP"): (1, Fraction(5, 2), ""),
    }


def test_points_do_not_grow_with_the_count() -> None:
    new = [Row(f"N{n}", usage={"2025-02": (50, 0)}, begins_on=date(2025, 2, 1)) for n in range(10)]
    partner, reader = firm(new)
    full = basis(partner, reader).worth(Association("teams", "CPOR", START(50, 0)))
    assert moves(full, "smb")["net_customer_adds", ""] == (
        1,
        Fraction(0),
        "This metric has its 20 points already.",
    )

    lost = [Row(f"L{n}", usage={"2024-02": (50, 30)}, begins_on=OLD) for n in range(3)]
    partner, reader = firm([*lost, Row("K", usage={"2025-02": (9, 0)})])
    below = basis(partner, reader).worth(Association("teams", "CPOR", START(50, 0)))
    assert moves(below, "smb")["net_customer_adds", ""] == (
        1,
        Fraction(0),
        "The value would be −2: points begin above zero.",
    )

    partner, reader = firm(
        [Row("G", usage={"2024-02": (50, 1), "2025-02": (50, 41)}, begins_on=OLD)]
    )
    other = basis(partner, reader).worth(Association("teams", "CSP", Figures(50, 15, 5)))
    assert moves(other, "smb")["usage_growth", "CSP"] == (
        10,
        Fraction(0),
        "CPOR earns as much or more here, and only the best one counts.",
    )


def test_several_are_worth_less_than_their_sum() -> None:
    partner, reader = firm(FEW)
    what = basis(partner, reader)
    wanted = [
        Association("teams", "CPOR", START(50, 10)),
        Association("exchange", "CPOR", START(50, 10)),
        Association("exchange", "PAL", START(50, 10)),
    ]

    assert [what.worth(one).best.gain for one in wanted] == [2, 2, 0]
    assert what.together(wanted).best.gain == 2
    assert what.together([]).best.gain == 0


def test_claim_that_waits_would_be_worth_its_approval() -> None:
    row = Row("Contoso", usage={"2025-02": (50, 10)}, begins_on=date(2025, 2, 1))
    partner, reader = firm([row])
    hand_in(partner, claims_export([row], "Under review"), name="claims.csv")
    scores.compute(partner, AS_OF)
    what = basis(partner, reader, "Contoso")

    assert what.is_pending("exchange", "CPOR")
    assert not what.is_pending("exchange", "CSP")
    worth = what.worth(Association("exchange", "CPOR"))
    assert moves(worth, "smb")["net_customer_adds", ""] == (1, Fraction(2), "")


def test_association_held_without_data_or_not_begun_yet() -> None:
    quiet = Row("Still", usage={"2024-09": (50, 10)}, begins_on=OLD)
    later = Row("Bald", usage={"2025-02": (50, 10)}, begins_on=date(2025, 3, 10))
    partner, reader = firm([*FEW, quiet, later])

    held = basis(partner, reader, "Still").worth(Association("exchange", "CPOR", START(50, 10)))
    soon = basis(partner, reader, "Bald").worth(Association("exchange", "CPOR"))

    assert held.why == (
        "You hold this association already, but your newest data have nothing of it."
    )
    assert soon.why == "You hold this association already; it begins on 10/03/2025."


def test_what_a_person_corrected_counts() -> None:
    usage = {"2024-02": (50, 5), "2025-02": (50, 10)}
    partner, reader = firm([Row("Contoso", usage=usage, begins_on=OLD)])
    tenant = Tenant.objects.get(portfolio__partner=partner)
    target = OfClaim(tenant.pk, 2, 1, OLD.year * 12 + OLD.month - 1)
    corrections.make(
        partner,
        Correction.Field.ENDED_ON,
        target,
        date(2024, 6, 30),
        reason="Zurückgegeben",
        by=reader,
    )

    worth = basis(partner, reader, "Contoso").worth(Association("exchange", "CPOR"))

    # It was eligible a year ago and is not now: held again it is no loss any more.
    assert moves(worth, "smb")["net_customer_adds", ""] == (
        1,
        Fraction(0),
        "The value would be 0: points begin above zero.",
    )


# ---- What it stands on ---------------------------------------------------------------------------


def test_nothing_can_be_said() -> None:
    partner: Partner = PartnerFactory.create()
    reader = member(partner, "observer")

    assert what_if.read(partner, reader=reader, day=AS_OF) is Nothing.NO_SCORE
    assert not Portfolio.objects.filter(partner=partner).exists()  # and none was made by looking

    hand_in(partner, training(PEOPLE))
    scores.compute(partner, AS_OF)
    assert what_if.read(partner, reader=reader, day=AS_OF) is Nothing.NO_USAGE
    assert str(Nothing.NO_USAGE.label) == "Your firm's score has no usage data yet."


def test_score_is_for_the_people_of_the_firm() -> None:
    partner, reader = firm(FEW)
    stranger = member(PartnerFactory.create(), "admin", "manager", "signer")
    assert isinstance(what_if.read(partner, reader=reader, day=AS_OF), Basis)
    assert what_if.read(partner, reader=stranger, day=AS_OF) is Nothing.NOT_ALLOWED

    Membership.objects.filter(user=reader).update(left_at="2035-01-01T00:00Z")
    assert what_if.read(partner, reader=reader, day=AS_OF) is Nothing.NOT_ALLOWED


def test_customer_of_another_firm_stays_its_own() -> None:
    """Two firms may know one tenant: a what-if never looks over the fence."""
    partner, reader = firm(FEW)
    firm([Row("Fremd", usage={"2025-02": (77, 66)}, begins_on=OLD)])
    what = basis(partner, reader, "Fremd")

    assert (what.is_known, what.customer, what.known_figures("exchange")) == (False, "", None)
    assert what_if.suggest(what, "Fremd") == []
    assert what_if.suggest(what, "conto") == [(UUID(guid("Contoso")), "Contoso")]
    assert what_if.suggest(what, "  ") == []
    assert what_if.suggest(what, "%") == []


def test_newest_score_of_the_rules_in_force_counts() -> None:
    partner, reader = firm(FEW)
    scores.compute(partner, date(2025, 2, 10))  # computed later, but of an earlier day
    scores.compute(partner, date(2025, 4, 2))
    scores.compute(partner, AS_OF, rule_sets.get("modern-work-2026"))

    what = basis(partner, reader)

    assert (what.as_of, what.rule_set.key) == (AS_OF, "modern-work-2023")
    assert what.last_month == date(2025, 2, 1)
    assert len(what.workloads) == 14
    assert [option.key for option in what.options] == ["CPOR", "DPOR", "CSP"]


def test_without_the_comparison_month_no_track_passes() -> None:
    many = [Row(f"T{n}", usage={"2025-02": (50, 45)}, begins_on=OLD) for n in range(60)]
    partner, reader = firm(many)
    worth = basis(partner, reader).worth(Association("teams", "CPOR", START(50, 10)))
    smb = worth.tracks[1]

    assert smb.before >= 70
    assert (smb.passed_before, smb.passes_after) == (False, False)


@pytest.mark.parametrize("customers", [1, 30])
def test_reading_takes_five_queries_and_writes_nothing(
    customers: int, django_assert_num_queries: Any
) -> None:
    usage = {"2024-02": (50, 5), "2025-02": (50, 10)}
    names = ["Contoso", *(f"Kunde {n}" for n in range(customers))]
    partner, reader = firm(
        [Row(name, w, usage=usage) for name in names for w in ("Teams", "Exchange")]
    )
    rows = [model.objects.count() for model in (Score, Ledger, Tenant, Portfolio)]

    with django_assert_num_queries(5) as queries:  # right, score, tenant, its facts, what is held
        what = basis(partner, reader, "Contoso")
        for workload in what.workloads:
            for option in what.options:
                what.worth(Association(workload.key, option.key, START(50, 10)))

    assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}
    assert rows == [model.objects.count() for model in (Score, Ledger, Tenant, Portfolio)]


def test_unknown_customer_takes_two_queries(django_assert_num_queries: Any) -> None:
    partner, reader = firm(FEW)

    with django_assert_num_queries(2):
        basis(partner, reader).worth(Association("teams", "CPOR", START(50, 10)))
