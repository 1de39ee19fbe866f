"""The list: its order, what is wished for, and work that people note and close."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.utils import timezone, translation

from partners.models import Partner, User
from scoring import claim_list, facts, history, rule_sets, scores, waiting
from scoring.claim_list import ClaimList, Entry, Noted, NotNotable, Wish
from scoring.claim_states import ClaimState
from scoring.claim_words import Words, asked_words, shown
from scoring.models import UnclaimedWork
from scoring.unclaimed import Kind
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, hand_in
from tests.scoring.test_unclaimed import AS_OF, BEFORE, LAST, SURE, firm, position
from tests.scoring.worlds import Row as Line
from tests.scoring.worlds import claims_export, guid, office_usage

pytestmark = pytest.mark.django_db
TEAMS = rule_sets.vocabulary().workload_numbers["teams"]
EXCHANGE = rule_sets.vocabulary().workload_numbers["exchange"]


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with (
        time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True) as clock,
        translation.override("en"),
    ):
        yield clock


def read(partner: Partner, **wish: Any) -> ClaimList:
    return claim_list.read(position(partner), Wish(**wish))


def entries(partner: Partner, **wish: Any) -> list[Entry]:
    return read(partner, **wish)[:100]


def names(partner: Partner, **wish: Any) -> list[str]:
    return [entry.name for entry in entries(partner, **wish)]


def csp(name: str, seats: int, before: int, now: int, workload: str = "Teams") -> Line:
    usage = {BEFORE: (seats, before), LAST: (seats, now)}
    return Line(name, workload, "CSP", usage, date(2025, 1, 3))


ANCHOR = Line("Z", usage={"2024-02": (120, 5), LAST: (120, 45)}, begins_on=OLD)  # CPOR leads
LIST = [
    csp("Slow", 200, 20, 21),
    csp("Quick", 290, 20, 40),
    csp("Large", 900, 20, 30),  # a customer for Enterprise
    csp("Idle B", 100, 20, 20),
    csp("Idle A", 100, 30, 30),
    csp("Small", 5, 1, 4),
    ANCHOR,
]


def test_the_dearest_come_first() -> None:
    partner = firm(LIST)
    found = read(partner)
    assert found.best == "smb"
    shown_rows: list[Any] = [
        (entry.name, entry.cost["smb"], entry.cost["enterprise"], entry.lost)
        for entry in found[:10]
    ]
    assert shown_rows == [
        ("Quick", Fraction(20 * 30, 500), 0, 20),
        ("Slow", Fraction(30, 500), 0, 1),
        ("Large", 0, 4 + Fraction(10 * 30, 1000), 10),
        ("Idle A", 0, 0, 0),
        ("Idle B", 0, 0, 0),
        ("Small", 0, 0, 0),
    ]
    assert found.lost == 31
    assert found.of_kind == {int(Kind.WEAKER): 6}


def test_pages_cut_the_list() -> None:
    found = read(firm(LIST))
    assert len(found) == 6
    assert [entry.name for entry in found[1:3]] == ["Slow", "Large"]
    assert [entry.name for entry in found[5:100]] == ["Small"]
    assert found[6:12] == []


def test_wishes_narrow_the_list() -> None:
    partner = firm(
        [*LIST, csp("Quick", 200, 1, 2, "Exchange")],
        [(Line("Slow", "Teams"), "Partner action required"), (Line("Large", "Teams"), "Draft")],
    )
    claim_list.note(partner, Noted("Quickborn", EXCHANGE, 50, 5), by=member(partner, "manager"))
    state = ClaimState.PARTNER_ACTION_REQUIRED
    assert sorted(names(partner, words="quick")) == ["Quick", "Quick", "Quickborn"]
    assert names(partner, words="quick", workload=TEAMS) == ["Quick"]
    assert sorted(names(partner, kind=Kind.NOT_APPROVED)) == ["Large", "Slow"]
    assert names(partner, state=state) == ["Slow"]
    assert names(partner, kind=Kind.NOTED) == ["Quickborn"]
    assert names(partner, words="nobody") == []
    # What stands above the list is of all rows.
    assert read(partner, words="nobody").asked == 1


def test_reading_takes_the_same_queries_for_one_row_or_many(
    django_assert_num_queries: Any,
) -> None:
    for rows in (LIST[:1], LIST):
        partner = firm([*rows, SURE])
        claim_list.note(
            partner, Noted("Neu", TEAMS, 50, 5, tenant_id=uuid4()), by=member(partner, "manager")
        )
        # score; table, notes, tenants of the notes; tenants of the page, those of its notes
        with django_assert_num_queries(6):
            assert entries(partner)


def test_a_firm_without_a_table_has_an_empty_list() -> None:
    partner = PartnerFactory.create()
    hand_in(partner, office_usage([SURE]))
    scores.compute(partner, AS_OF)
    assert entries(partner) == []


# ---- Noted by hand -------------------------------------------------------------------------------


def note(partner: Partner, by: User, **fields: Any) -> UnclaimedWork:
    given: dict[str, Any] = {
        "customer_name": "Neukunde",
        "workload": TEAMS,
        "seats": 50,
        "users": 10,
        "users_a_month": 3,
    }
    return claim_list.note(partner, Noted(**given | fields), by=by)


def test_noted_work_is_worth_what_a_new_customer_is() -> None:
    partner = firm([SURE])
    user = member(partner, "manager")
    row = note(partner, user, note="seit Mai")
    [entry] = entries(partner)
    assert (entry.noted, entry.name, entry.guid, entry.is_known) == (row, "Neukunde", None, False)
    assert (entry.now["smb"], entry.cost["smb"]) == (Fraction(2), 2 + Fraction(9, 50))
    assert (row.made_by, row.note, row.closed_at) == (user, "seit Mai", None)


def test_noted_work_at_a_known_customer_is_judged_with_what_is_known() -> None:
    partner = firm([SURE, Line("Known", usage={LAST: (50, 9)}, begins_on=OLD)])
    note(partner, member(partner, "manager"), tenant_id=UUID(guid("Known")), seats=8, users=0)
    [entry] = entries(partner)
    # Eight seats make no customer; this one is one already, so its growth counts.
    assert (entry.is_known, entry.now["smb"], entry.cost["smb"]) == (
        True,
        Fraction(0),
        Fraction(9, 50),
    )


def test_what_is_noted_or_known_already_is_refused() -> None:
    partner = firm([SURE, csp("Sold", 50, 1, 2)])
    user = member(partner, "manager")
    sold = UUID(guid("Sold"))
    with pytest.raises(NotNotable, match="Your data know this workload of the customer already"):
        note(partner, user, tenant_id=sold)
    note(partner, user, tenant_id=sold, workload=EXCHANGE)
    with pytest.raises(NotNotable, match="noted already"):
        note(partner, user, tenant_id=sold, workload=EXCHANGE)
    assert UnclaimedWork.objects.count() == 1


def test_so_many_notes_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_list, "MOST_NOTES", 2)
    partner = firm([SURE])
    user = member(partner, "manager")
    first = note(partner, user)
    note(partner, user)
    with pytest.raises(NotNotable, match="Please close some"):
        note(partner, user)
    assert claim_list.close(first.pk)
    note(partner, user)


def test_closing_twice_closes_once() -> None:
    partner = firm([SURE])
    row = note(partner, member(partner, "manager"))
    assert (claim_list.close(row.pk), claim_list.close(row.pk)) == (True, False)
    assert entries(partner) == []


def test_notes_close_once_the_data_know_the_work(today: time_machine.Traveller) -> None:
    partner = firm([SURE])
    user = member(partner, "manager")
    tenants = {
        "Claimed": TEAMS,
        "Sold": TEAMS,
        "Other workload": EXCHANGE,
        "Ended": TEAMS,
        "Ends": TEAMS,
    }
    rows = {
        name: note(partner, user, customer_name=name, tenant_id=UUID(guid(name)), workload=workload)
        for name, workload in tenants.items()
    }
    unnamed = note(partner, user, customer_name="Sold")
    other = PartnerFactory.create()
    firm([SURE], partner=other)
    foreign = note(other, member(other, "manager"), tenant_id=UUID(guid("Sold")))
    hand_in(partner, claims_export([Line("Claimed", "Teams")], "Submitted"), name="claims.csv")
    more = [csp("Sold", 50, 1, 2), csp("Other workload", 50, 1, 2)]
    ended = Line("Ended", "Teams", "CPOR", {"2024-02": (50, 1)}, OLD, date(2024, 8, 1))
    # Held until the end of the newest month: it counts in it.
    ends = Line("Ends", "Teams", "CPOR", {"2024-02": (50, 1)}, OLD, date(2025, 2, 20))
    hand_in(partner, office_usage([*more, ended, ends]), name="more.csv")
    history.refresh(facts.portfolio_of(partner).pk)

    still_open = set(UnclaimedWork.objects.filter(closed_at=None))
    assert still_open == {rows["Other workload"], rows["Ended"], unnamed, foreign}


def test_a_claim_since_noted_is_no_error_before_the_table_is_made_anew() -> None:
    partner = firm([SURE])
    note(partner, member(partner, "manager"), tenant_id=UUID(guid("Claimed")))
    row = Line("Claimed", "Teams", "CPOR", {LAST: (50, 9)}, begins_on=OLD)
    hand_in(partner, office_usage([row]), name="more.csv")
    [entry] = entries(partner)
    assert (entry.name, entry.now["smb"], entry.is_known) == (
        "Neukunde",
        Fraction(0),
        True,
    )


# ---- In words ------------------------------------------------------------------------------------


def steps(partner: Partner, day: date) -> dict[str, tuple[str, str, bool]]:
    found = read(partner)
    words = Words(found, day)
    return {line.name: (line.step, line.due, line.is_late) for line in words.lines(found[:100])}


def test_each_state_has_a_next_step_and_a_term() -> None:
    states = ["Draft", "Submitted", "Partner action required", "Rejected", "Rejected final"]
    partner = firm(
        [*(csp(state, 50, 5, 9) for state in states), csp("None", 50, 5, 9), SURE],
        [(Line(state, "Teams"), state) for state in states],
    )
    assert steps(partner, AS_OF) == {
        "None": ("File a CPOR claim in Partner Center.", "", False),
        "Draft": ("Add the proof of execution and submit the claim.", "", False),
        "Submitted": (
            "Wait: Microsoft begins its review within five business days.",
            "Microsoft has time until 01/04/2025",
            False,
        ),
        "Partner action required": (
            "Answer Microsoft's question in the comments of the claim and submit it again.",
            "By 01/04/2025 at the latest",
            False,
        ),
        "Rejected": (
            "Read the reason, and dispute it with a better proof.",
            "By 24/04/2025 at the latest",
            False,
        ),
        "Rejected final": (
            "File a new CPOR claim with a newer proof of execution.",
            "",
            False,
        ),
    }
    later = steps(partner, AS_OF + timedelta(days=31))
    assert [later[name][0] for name in ("Submitted", "Partner action required", "Rejected")] == [
        "Ask Microsoft's support how the claim stands.",
        "Answer at once: without an answer Microsoft rejects the claim.",
        "It can be disputed no more: file a new claim with a newer proof of execution.",
    ]
    assert [later[name][2] for name in ("Submitted", "Partner action required", "Rejected")] == [
        False,
        True,
        True,
    ]


def remarks(partner: Partner) -> dict[str, str]:
    found = read(partner)
    words = Words(found, AS_OF)
    return {line.name: line.remark for line in words.lines(found[:100])}


def test_it_is_said_why_a_claim_brings_nothing_now() -> None:
    full = [Line(f"F{n}", usage={LAST: (50, 1)}, begins_on=OLD) for n in range(10)]
    grown = Line("Grown", "Teams", "CPOR", {BEFORE: (50, 9), LAST: (50, 11)}, date(2025, 1, 3))
    partner = firm(
        [
            *full,
            csp("Slow", 200, 20, 21),
            csp("Near", 100, 34, 39),
            csp("Idle", 100, 30, 30),
            csp("Small", 5, 1, 4),
            Line("New", "Teams", "DPOR", {LAST: (50, 9)}),
            grown,
        ],
        [
            (Line("Grown", "Teams", begins_on=date(2025, 1, 3)), "Under review"),
            (Line("Unknown", "Teams"), "Submitted"),
            (Line("Slow", "Teams"), "Dispute"),
        ],
    )
    assert remarks(partner) == {
        "Near": (
            "Passes 40\N{NO-BREAK SPACE}% within a month. Claimed before that it becomes a "
            "deployment, claimed after it never does."
        ),
        "Slow": "Its approval would change no figure today.",
        "Idle": "It does not grow at the moment.",
        "Small": "With 5 seats the customer counts in no track.",
        "New": ("Would add nothing now. Net customer adds: This metric has its 20 points already."),
        "Grown": "",
        "Unknown": "Your data have no figures of this workload.",
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Fraction(0), "0"),
        (Fraction(2), "+2"),
        (Fraction(9, 50), "+0.18"),
        (Fraction(1, 3), "+0.33"),
        (Fraction(5, 1000), "+0.01"),
        (Fraction(1, 1000), "below 0.01"),
        (Fraction(-5, 2), "\N{MINUS SIGN}2.5"),
        (Fraction(12345), "+12,345"),
    ],
)
def test_points_are_shown_in_hundredths(value: Fraction, words: str) -> None:
    assert shown(value, signed_=True) == words


# ---- On the home page ----------------------------------------------------------------------------


def test_questions_of_microsoft_wait_for_those_who_work_with_claims() -> None:
    asked = "Partner action required"
    claims = [(Line("Slow", "Teams"), asked), (Line("Quick", "Teams"), asked)]
    partner = firm(LIST, claims)
    manager, observer = member(partner, "manager"), member(partner, "observer")
    [line] = [line for line in waiting.for_user(manager) if line.kind == "claims"]
    assert line.title == "Microsoft asks about claims of yours"
    assert line.detail == (
        f"{partner.name}: 2 claims wait for your answer, the first by 1 April 2025 at the latest."
    )
    assert line.url == "/designation/planen/zuordnungen/?state=5"
    assert not [line for line in waiting.for_user(observer) if line.kind == "claims"]
    stranger = member(PartnerFactory.create(), "manager")
    assert not [line for line in waiting.for_user(stranger) if line.kind == "claims"]


def test_one_question_is_told_as_one() -> None:
    seen = timezone.localdate().toordinal()
    assert asked_words(1, seen) == "1 claim waits for your answer, by 1 April 2025 at the latest."
