"""The ladder of levels: worked cases, and what holds for every ladder."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cooperation import frozen, ladder
from cooperation.book import Text
from cooperation.ladder import INSTANT, End, Ladder, Step
from cooperation.working_days import BERLIN, STATES, Calendar, day_of

KODEX = [(5, "working_days"), (5, "working_days"), (10, "working_days"), (30, "calendar_days")]
COLOGNE = Calendar(frozenset({"NW"}))


def step(deadline: int, unit: str = "working_days", role: str = "project_lead") -> Step:
    return Step(Text("Stufe", "Level"), role, Text("Rolle", "Role"), deadline, unit)


STEPS = tuple(step(*each) for each in KODEX)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


MONDAY = berlin("2026-03-02 10:15")  # no holiday until Good Friday, 3 April


def climb(
    at: datetime,
    failures: dict[int, datetime] | None = None,
    steps: Iterable[Step] = STEPS,
    opened_at: datetime = MONDAY,
    closed_at: datetime | None = None,
) -> Ladder:
    return ladder.climb(tuple(steps), opened_at, failures or {}, COLOGNE, at, closed_at)


def ends(found: Ladder) -> list[str]:
    return [level.end.value for level in found.levels]


def last_days(found: Ladder) -> list[str]:
    return [str(level.last_day) for level in found.levels]


# ---- Worked cases ------------------------------------------------------------------------------


def test_ladder_without_steps_has_no_level_and_is_not_through() -> None:
    found = climb(MONDAY, steps=())
    assert (found.levels, found.current, found.is_through, found.reached) == ((), None, False, 0)
    assert found.through_at is None


def test_first_level_runs_from_the_opening_and_the_others_are_planned() -> None:
    found = climb(MONDAY)

    assert ends(found) == ["running", "planned", "planned", "planned"]
    # Five working days after Monday the 2nd; then five and ten whole ones with Good Friday and
    # Easter Monday between; then thirty days of the calendar.
    assert last_days(found) == ["2026-03-09", "2026-03-16", "2026-03-30", "2026-04-29"]
    assert found.current is not None
    assert (found.current.number, found.current.starts_at) == (1, MONDAY)
    assert (found.reached, found.is_through) == (1, False)


def test_level_that_runs_out_calls_the_next_one_with_the_midnight() -> None:
    midnight = berlin("2026-03-10 00:00")

    assert ends(climb(midnight - INSTANT))[:2] == ["running", "planned"]
    found = climb(midnight)

    assert ends(found)[:2] == ["ran_out", "running"]
    assert found.levels[0].ended_at == found.levels[1].starts_at == midnight
    assert found.reached == 2


def test_levels_of_five_days_that_follow_each_other_are_ten_days() -> None:
    one_after_the_other = climb(MONDAY, steps=[step(5), step(5)])
    together = climb(MONDAY, steps=[step(10)])
    assert one_after_the_other.levels[1].due_at == together.levels[0].due_at


def test_declared_failure_calls_the_next_level_in_that_instant() -> None:
    wednesday = berlin("2026-03-04 16:00")
    found = climb(wednesday, {1: wednesday})

    assert ends(found)[:2] == ["failed", "running"]
    assert found.levels[1].starts_at == found.levels[0].ended_at == wednesday
    assert last_days(found)[:2] == ["2026-03-09", "2026-03-11"]  # five days after the Wednesday


def test_failure_declared_too_late_for_its_level_counts_for_nothing() -> None:
    late = berlin("2026-03-10 00:00")
    assert climb(late, {1: late}) == climb(late)
    assert climb(late, {2: late - timedelta(days=3)}) == climb(late)


def test_failure_declared_later_is_unknown_before() -> None:
    wednesday = berlin("2026-03-04 16:00")
    assert climb(wednesday - INSTANT, {1: wednesday}) == climb(wednesday - INSTANT)


def test_all_levels_are_through_when_the_last_one_ends() -> None:
    found = climb(berlin("2026-06-01 09:00"))

    assert ends(found) == ["ran_out"] * 4
    assert (found.is_through, found.current, found.reached) == (True, None, 5)
    assert found.through_at == berlin("2026-04-30 00:00")


def test_closing_stops_the_ladder_for_good() -> None:
    closed_at = berlin("2026-03-12 09:00")
    found = climb(berlin("2027-01-01 09:00"), closed_at=closed_at)

    assert ends(found) == ["ran_out", "closed", "spared", "spared"]
    assert found.current is not None
    assert found.current.ended_at == closed_at
    assert not found.is_through


def test_closing_after_the_last_level_leaves_it_through() -> None:
    found = climb(berlin("2027-01-01 09:00"), closed_at=berlin("2026-06-01 09:00"))
    assert (ends(found), found.is_through) == (["ran_out"] * 4, True)


def test_holidays_of_every_state_lengthen_the_deadline() -> None:
    before = berlin("2026-05-29 09:00")  # Friday; Corpus Christi is the Thursday after
    steps = (step(5),)
    both = Calendar(frozenset({"BE", "NW"}))
    found = [
        ladder.climb(steps, before, {}, calendar, before).levels[0].last_day
        for calendar in (Calendar(frozenset({"BE"})), both)
    ]
    assert found == [date(2026, 6, 5), date(2026, 6, 8)]


@pytest.mark.parametrize("unit", ["working_days", "calendar_days"])
def test_deadline_of_zero_ends_with_the_day_on_which_the_level_begins(unit: str) -> None:
    found = climb(MONDAY, steps=[step(0, unit), step(0, unit), step(5)])
    assert last_days(found) == ["2026-03-02", "2026-03-03", "2026-03-10"]
    assert found.reached == 1


@pytest.mark.parametrize(
    ("deadline", "unit"),
    [(5, "blue_moons"), (-3, "working_days"), (10**9, "calendar_days"), (10**6, "working_days")],
)
def test_level_without_a_computable_deadline_runs_until_somebody_ends_it(
    deadline: int, unit: str
) -> None:
    steps = [step(deadline, unit), step(5)]
    found = climb(berlin("2095-01-01 09:00"), steps=steps)
    assert ends(found) == ["running"]
    assert (found.levels[0].due_at, found.levels[0].last_day) == (None, None)

    wednesday = berlin("2026-03-04 16:00")
    assert ends(climb(wednesday, {1: wednesday}, steps)) == ["failed", "running"]


# ---- From a frozen version ---------------------------------------------------------------------


def content(points: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rules": [{"points": []}, {"points": points}]}


def said(*rows: tuple[str, str, str, str]) -> dict[str, Any]:
    return {language: {"grid": {"rows": [list(row) for row in rows]}} for language in ("de", "en")}


def test_agreed_steps_keep_the_words_that_were_signed() -> None:
    step = {
        "key": "",
        "label": "Chefs",
        "who_role": "sponsor",
        "deadline": 3,
        "unit": "working_days",
    }
    answer = {
        "value": {"steps": [step], "note": ""},
        "said": said(("1", "Chefs", "Geschäftsführung", "3 Arbeitstage")),
    }
    rows = ladder.agreed(
        content([{"kind": "text", "answers": []}, {"kind": "escalation", "answers": [answer]}])
    )

    assert rows == [
        {
            **step,
            "name": {"de": "Chefs", "en": "Chefs"},
            "role": {"de": "Geschäftsführung", "en": "Geschäftsführung"},
        }
    ]
    (kept,) = ladder.steps(rows)
    assert (kept.name.de, kept.role.en) == ("Chefs", "Geschäftsführung")
    assert (kept.who_role, kept.deadline, kept.unit) == ("sponsor", 3, "working_days")


@pytest.mark.parametrize(
    "points",
    [
        [],
        [{"kind": "escalation", "answers": []}],  # open or left out
        [{"kind": "escalation", "answers": [{"value": None, "said": {}}]}],  # does not apply
        [{"kind": "escalation", "answers": [{"value": {"steps": []}, "said": said()}]}],
    ],
)
def test_agreement_without_levels_has_no_ladder(points: list[dict[str, Any]]) -> None:
    assert ladder.steps(ladder.agreed(content(points))) == ()


# ---- What holds for every ladder ---------------------------------------------------------------

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
unhurried = settings(deadline=None)  # the first holidays of a process take a third of a second

opened = st.integers(0, 7 * 366 * 24 * 60).map(lambda minutes: EPOCH + timedelta(minutes=minutes))
steps_ = st.lists(
    st.builds(step, st.integers(0, 40), st.sampled_from(["working_days", "calendar_days"])),
    max_size=6,
)
calendars = st.frozensets(st.sampled_from(sorted(STATES)), max_size=3).map(Calendar)
spans = st.integers(0, 200 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
failures_ = st.dictionaries(st.integers(1, 7), spans, max_size=4)


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[Step, ...], datetime, dict[int, datetime], Calendar]:
    start = draw(opened)
    failures = {level: start + span for level, span in draw(failures_).items()}
    return tuple(draw(steps_)), start, failures, draw(calendars)


@unhurried
@given(cases(), spans, st.none() | spans)
def test_every_ladder_is_whole(case: Any, span: timedelta, closing: timedelta | None) -> None:
    steps, start, failures, calendar = case
    closed_at = None if closing is None else start + closing
    found = ladder.climb(steps, start, failures, calendar, start + span, closed_at)

    assert [level.number for level in found.levels] == list(range(1, len(steps) + 1))
    order = [level.end for level in found.levels]
    over = [end for end in order if end in (End.RAN_OUT, End.FAILED)]
    living = [end for end in order if end in (End.RUNNING, End.CLOSED)]
    assert len(living) <= 1
    assert order[: len(over)] == over  # what is over stands before what runs, before what may come
    assert order[len(over) : len(over) + len(living)] == living
    assert bool(steps) == (bool(living) or found.is_through)
    assert (found.current is not None) == bool(living)
    if closed_at is not None and closed_at <= start + span:
        assert End.RUNNING not in order
        assert End.PLANNED not in order
    begins = start
    for level in found.levels:
        assert level.starts_at == begins
        assert level.due_at is not None
        assert level.due_at > level.starts_at
        assert level.last_day == day_of(level.due_at) - timedelta(days=1)
        if level.is_over:
            assert level.ended_at is not None
            assert level.starts_at <= level.ended_at <= level.due_at
        begins = level.ended_at if level.is_over and level.ended_at else level.due_at


@unhurried
@given(cases(), spans, spans)
def test_time_only_leads_onwards(case: Any, one: timedelta, other: timedelta) -> None:
    """Whoever looks later, or not for weeks, finds every level where it was before."""
    steps, start, failures, calendar = case
    first, second = sorted((one, other))
    early = ladder.climb(steps, start, failures, calendar, start + first)
    late = ladder.climb(steps, start, failures, calendar, start + second)

    assert early.reached <= late.reached
    over = [level for level in early.levels if level.is_over]
    assert list(late.levels[: len(over)]) == over


@unhurried
@given(cases(), spans, st.integers(1, 6), spans)
def test_declaring_a_failure_never_slows_anything(
    case: Any, span: timedelta, level: int, when: timedelta
) -> None:
    steps, start, failures, calendar = case
    failures = {key: at for key, at in failures.items() if key != level}
    without = ladder.climb(steps, start, failures, calendar, start + span)
    with_it = ladder.climb(steps, start, {**failures, level: start + when}, calendar, start + span)

    before = without.levels[: level - 1]
    assert with_it.levels[: level - 1] == before
    if len(steps) >= level:
        own, own_with = without.levels[level - 1], with_it.levels[level - 1]
        assert own_with.starts_at == own.starts_at
        assert (own_with.ended_at or own.due_at) <= own.due_at  # type: ignore[operator]


@unhurried
@given(cases(), spans, spans)
def test_nothing_moves_after_the_closing(case: Any, closing: timedelta, later: timedelta) -> None:
    steps, start, failures, calendar = case
    closed_at = start + closing
    then = ladder.climb(steps, start, failures, calendar, closed_at, closed_at)
    now = ladder.climb(steps, start, failures, calendar, closed_at + later, closed_at)
    assert now == then


def test_languages_of_the_words_are_those_of_the_frozen_text() -> None:
    assert frozen.LANGUAGES == ("de", "en")
