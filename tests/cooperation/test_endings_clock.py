"""Days bring ends by themselves; the clock only writes them down and tells people."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone

from cooperation import clock, endings, endings_clock, last_days, retrospectives, standing
from cooperation.models import Agreement, AgreementEvent, Ending, Notice, Term
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    logged,
    look_back,
    on,
    propose_end,
    stands,
)
from tests.cooperation.worlds import World, another, world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOV_22, DEC_22 = "2026-11-22", "2026-12-22"


def tick(day: str, hour: int = 10) -> None:
    with on(day, hour=hour):
        endings_clock.run(timezone.now())


def told(kind: str) -> list[str]:
    rows = Notice.objects.filter(kind=kind).order_by("person__name")
    return list(rows.values_list("person__name", flat=True))


def names(some: World) -> list[str]:
    return sorted(person.name for person in some.people)


def status(some: World) -> str:
    return Agreement.objects.values_list("status", flat=True).get(pk=some.agreement.pk)


def test_end_is_written_after_the_last_day_in_berlin() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    tick(DEC_22, hour=22)  # 23:00 in Berlin
    assert status(two) == "in_force"
    tick(DEC_22, hour=23)  # midnight
    assert status(two) == "ended"

    agreement = Agreement.objects.get()
    assert (agreement.ended_on, agreement.retain_until) == (
        date(2026, 12, 22),
        date(2036, 12, 31),
    )


def test_standstill_of_weeks_loses_nothing_and_dates_the_end_right() -> None:
    two = in_force(ends_on=DEC_22)
    for _again in range(2):
        tick("2027-02-10")

    assert Agreement.objects.get().ended_on == date(2026, 12, 22)
    assert logged(two) == ["ended"]
    assert Ending.objects.get().way == "term"
    assert told("closing") == names(two)


def test_pages_do_not_wait_for_the_clock() -> None:
    two = in_force(ends_on=DEC_22)
    agreement = Agreement.objects.get()

    found = standing.bring_up_to_date([agreement], date(2027, 2, 1))[agreement.pk]

    assert (agreement.status, agreement.ended_on) == ("ended", date(2026, 12, 22))
    assert agreement.retain_until == date(2036, 12, 31)
    assert agreement.is_closed
    assert found.is_over
    assert status(two) == "in_force"  # nothing was written


def test_term_is_read_once_and_the_lists_read_no_text(django_assert_num_queries: Any) -> None:
    some = in_force(ends_on=DEC_22)
    agreements = [some.agreement]
    tick(NOV_22)
    assert Term.objects.get().ends_on == date(2026, 12, 22)

    with django_assert_num_queries(2) as queries:
        found = standing.stands_many(agreements, date(2026, 11, 22))
    assert found[some.agreement.pk].last_day == date(2026, 12, 22)
    assert not any('"payload"' in query["sql"] for query in queries.captured_queries)


def test_standings_of_many_take_no_more_queries(django_assert_num_queries: Any) -> None:
    one = in_force()
    drafts = [another(one).agreement for _more in range(2)]
    more = [in_force().agreement, in_force().agreement, *drafts]
    with django_assert_num_queries(3):
        standing.stands_many([one.agreement], standing.today())
    with django_assert_num_queries(3):
        standing.stands_many([one.agreement, *more], standing.today())
    with django_assert_num_queries(0):
        standing.stands_many(drafts, standing.today())


def test_everybody_is_told_thirty_days_before_a_term_runs_out() -> None:
    two = in_force(ends_on=DEC_22)
    tick("2026-11-21")
    assert told("term_ends") == []
    for day in (NOV_22, "2026-11-23", DEC_22):
        tick(day)

    assert told("term_ends") == names(two)
    notice = Notice.objects.filter(kind="term_ends").first()
    assert notice is not None
    assert notice.data == {"project": two.agreement.project.name, "until_on": DEC_22}
    assert notice.path == f"/vereinbarung/{two.agreement.pk}/ende/"


def test_notice_before_the_term_stays_the_only_news() -> None:
    two = in_force(ends_on="2027-01-15")
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    tick("2026-12-20")

    assert told("term_ends") == []


def test_proposal_whose_day_went_by_is_taken_off() -> None:
    two = in_force()
    with on(NOV_22):
        propose_end(two, 0, "2026-11-30")
    tick("2026-11-30")
    assert Ending.objects.get().state == "proposed"
    for _again in range(2):
        tick("2026-12-01")

    assert Ending.objects.get().state == "withdrawn"
    event = AgreementEvent.objects.get(kind="ending_withdrawn")
    assert (event.by, event.data["lapsed"]) == (None, True)


def test_firms_with_nothing_left_are_not_asked_to_close() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-01"):
        for key in ("access", "data", "accounts", "reference", "know_how"):
            endings.confirm_item(two.agreement.pk, key, **two.acting(0))
    tick("2026-12-23")

    assert told("closing") == [two.people[1].name]


def test_look_back_is_asked_for_two_weeks_after_the_end_and_once() -> None:
    two = in_force(ends_on=DEC_22)
    tick("2027-01-04")
    assert told("retrospective_open") == []
    with on("2027-01-04"):
        look_back(two, 0)
    for day in ("2027-01-05", "2027-01-06", "2027-02-01"):
        tick(day)

    assert told("retrospective_open") == [two.people[1].name]


def test_nobody_is_asked_for_what_is_open_or_over() -> None:
    opened, late = in_force(ends_on=DEC_22), in_force(ends_on="2026-10-01")
    with on("2027-01-01"):
        look_back(opened, 0)
        look_back(opened, 1)
    tick("2027-01-06")

    assert told("retrospective_open") == []
    assert retrospectives.is_revealed(opened.agreement)
    assert status(late) == "ended"


def test_clock_leaves_drafts_and_running_agreements_alone() -> None:
    running, draft = in_force(), world()
    with on(NOV_22):
        give_notice(running, 0, DEC_22)
    before = AgreementEvent.objects.count()
    tick(DEC_22)

    assert [status(running), status(draft)] == ["in_force", "draft"]
    assert AgreementEvent.objects.count() == before


def test_one_agreement_that_fails_does_not_stop_the_others(monkeypatch: Any) -> None:
    first, second = in_force(ends_on=DEC_22), in_force(ends_on=DEC_22)
    settle = last_days.settle

    def broken(agreement: Agreement, *args: Any) -> bool:
        if agreement.pk == first.agreement.pk:
            raise RuntimeError("broken")
        return bool(settle(agreement, *args))

    third = in_force()
    with on(NOV_22):
        proposed = propose_end(third, 0, "2026-11-30")
    monkeypatch.setattr(last_days, "settle", broken)
    with on("2026-12-23"):
        assert clock.run_one("cooperation.endings_clock.run") is False
    assert [status(first), status(second)] == ["in_force", "ended"]
    proposed.refresh_from_db()
    assert proposed.state == "withdrawn"  # what comes after it is done, too

    monkeypatch.undo()
    with on("2026-12-23"):
        assert clock.run_one("cooperation.endings_clock.run") is True
    assert status(first) == "ended"


def test_changes_of_summer_time_do_not_move_the_day() -> None:
    two = in_force(ends_on="2027-03-28")  # the clocks go forward in that night

    assert not stands(two, "2027-03-28").is_over
    tick("2027-03-28", hour=21)  # 23:00 in summer time
    assert status(two) == "in_force"
    tick("2027-03-28", hour=22)
    assert status(two) == "ended"
    assert Agreement.objects.get().ended_on == date(2027, 3, 28)


def test_clock_uses_the_instant_it_is_given() -> None:
    """A late tick for an earlier instant writes no end before its day."""
    two = in_force(ends_on=DEC_22)
    endings_clock.run(datetime(2026, 12, 20, 10, tzinfo=UTC))

    assert status(two) == "in_force"
