"""What waits for whom on the way out."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from cooperation import endings, endings_clock, waiting
from cooperation.working_days import start_of
from partners.models import User
from partners.waiting import Waiting
from tests.cooperation import amended
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    look_back,
    on,
    propose_end,
    put,
    write,
)
from tests.cooperation.worlds import World, world
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOV_22, DEC_22 = "2026-11-22", "2026-12-22"
KINDS = {"ending", "closing", "retrospective", "abandoned", "sign", "answer"}


def rows(person: User, day: str) -> list[Waiting]:
    with on(day):
        return [line for line in waiting.for_user(person) if line.kind in KINDS]


def lines(person: User, day: str) -> list[tuple[bool, str]]:
    return [(line.mine, line.detail) for line in rows(person, day)]


def done(some: World, firm: int, number: int = 5) -> None:
    for key in ("access", "data", "accounts", "reference", "know_how")[:number]:
        endings.confirm_item(some.agreement.pk, key, **some.acting(firm))


def test_notice_is_news_for_the_others_for_a_week() -> None:
    two = in_force()
    observer = member(two.firms[1], "observer")
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    said = f"{two.firms[0].name} gave notice. The last day is 22 December 2026."

    assert lines(two.people[1], "2026-11-28") == [(True, said)]
    assert lines(observer, "2026-11-28") == [(False, said)]
    assert lines(two.people[0], "2026-11-28") == []
    assert lines(two.people[1], "2026-11-30") == []
    (line,) = rows(two.people[1], NOV_22)
    assert line.url == f"/vereinbarung/{two.agreement.pk}/ende/"


def test_proposal_waits_for_those_who_may_sign() -> None:
    three = in_force(3)
    manager = member(three.firms[1], "manager")
    with on(NOV_22):
        propose_end(three, 0, "2026-12-10")
    names = f"{three.firms[1].name}, {three.firms[2].name}"
    waits = f"An end on 10 December 2026 is proposed. Waits for {names}."

    assert lines(three.people[1], NOV_22) == [
        (True, f"{three.firms[0].name} proposes 10 December 2026 as the last day.")
    ]
    assert lines(manager, NOV_22) == [(False, waits)]
    assert lines(three.people[0], NOV_22) == [(False, waits)]
    assert lines(three.people[1], "2026-12-11") == []  # its day went by


def test_going_on_waits_for_the_firms_that_have_not_said_so() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22)
        endings.go_on(ending.pk, **two.acting(1))
    said = f"{two.firms[1].name} would go on after all."

    assert lines(two.people[0], "2026-12-10") == [(True, said)]
    assert lines(two.people[1], "2026-12-10") == [(False, said)]


def test_term_is_said_thirty_days_ahead() -> None:
    two = in_force(ends_on=DEC_22)

    assert lines(two.people[0], "2026-11-21") == []
    assert lines(two.people[0], "2026-11-22") == [
        (True, "The agreed term runs out on 22 December 2026.")
    ]


def test_closing_list_waits_from_a_week_before_the_end() -> None:
    two = in_force()
    lead, observer = member(two.firms[0], "lead"), member(two.firms[0], "observer")
    with on(NOV_22):
        give_notice(two, 1, DEC_22)
        done(two, 0, 2)
    said = "3 items of the closing list wait for your firm."

    assert lines(lead, "2026-12-14") == []
    assert lines(lead, "2026-12-15") == [(True, said)]
    assert lines(observer, "2026-12-15") == []
    with on("2026-12-20"):
        done(two, 0, 5)
    assert lines(lead, "2026-12-21") == []


def test_after_the_end_the_others_are_named() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-20"):
        done(two, 0)
    with on("2026-12-23"):
        look_back(two, 0)
    name = two.firms[1].name

    assert lines(two.people[0], "2026-12-24") == [
        (False, f"The closing list waits for {name}."),
        (False, f"The look back waits for {name}."),
    ]
    assert lines(two.people[1], "2026-12-24") == [
        (True, "5 items of the closing list wait for your firm."),
        (True, "Your firm has not handed in its look back yet."),
    ]


def test_look_back_lines_date_from_the_end_and_tell_no_time() -> None:
    two = in_force(ends_on=DEC_22)
    before = {line.detail: line.since for line in rows(two.people[1], "2026-12-24")}
    with on("2026-12-24"):
        look_back(two, 0)
    after = {line.detail: line.since for line in rows(two.people[1], "2026-12-25")}

    said = "Your firm has not handed in its look back yet."
    assert before[said] == after[said] == start_of(datetime(2026, 12, 22).date())  # noqa: DTZ001
    assert before.keys() - after.keys() == {f"The look back waits for {two.firms[0].name}."}


def test_when_time_is_over_who_has_handed_in_can_open_it() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-23"):
        done(two, 0)
        done(two, 1)
        look_back(two, 0)
        write(two, 1)

    assert lines(two.people[0], "2027-02-20") == [
        (False, f"The look back waits for {two.firms[1].name}.")
    ]
    assert lines(two.people[0], "2027-02-21") == [
        (
            True,
            f"The time to hand in is over: you can open the look back without {two.firms[1].name}.",
        )
    ]


def test_opened_look_back_is_news_for_a_week() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-23"):
        for firm in (0, 1):
            done(two, firm)
            look_back(two, firm)

    assert lines(two.people[0], "2026-12-30") == [(True, "The look back is open to all firms.")]
    assert lines(two.people[0], "2026-12-31") == []


def test_put_away_project_waits_for_that_firm_no_more() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-23"):
        endings.archive(two.agreement.pk, partner=two.firms[0])

    assert lines(two.people[0], "2026-12-24") == []
    assert len(lines(two.people[1], "2026-12-24")) == 4
    assert len(lines(two.people[1], "2027-12-22")) == 4
    assert lines(two.people[1], "2027-12-23") == []  # a year later it is left lying


def test_given_up_project_is_news_for_the_others() -> None:
    two = world()
    endings.abandon(two.agreement.pk, **two.acting(0))

    (line,) = [line for line in waiting.for_user(two.people[1]) if line.kind == "abandoned"]
    assert line.detail == f"{two.firms[0].name} does not pursue the project any further."
    assert line.mine
    assert [each.kind for each in waiting.for_user(two.people[0])] == []


def test_round_and_amendment_wait_for_nobody_after_the_last_day() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two)
        two.propose(0, "publicity", "none")
    assert any(line.kind == "answer" for line in rows(two.people[1], DEC_22))
    assert not any(line.kind == "answer" for line in rows(two.people[1], "2026-12-23"))
    with on("2026-12-01"):
        two.confirm(1, "publicity")
        put(two, "exclusivity", "customer")
        amended.freeze(two)
    assert any(line.kind == "sign" for line in rows(two.people[1], DEC_22))
    assert not any(line.kind == "sign" for line in rows(two.people[1], "2026-12-23"))


def test_queries_do_not_grow_with_ends(django_assert_num_queries: Any) -> None:
    two = in_force(ends_on=DEC_22)
    person = two.people[0]
    for _round in range(2):
        more = in_force(ends_on="2026-12-30")
        person.memberships.create(partner=more.firms[0], may_sign=True)
        with on("2026-12-24"):
            endings_clock.run(timezone.now())
            with django_assert_num_queries(16):
                waiting.for_user(person)
