"""What a signed text says about its beginning, its end and what follows."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cooperation import terms
from cooperation.terms import Period, Terms
from cooperation.working_days import Calendar, OutOfRange, Unit

NOWHERE = Calendar()
BAVARIA = Calendar.of(["BY"])
SIGNED_ON = date(2026, 3, 2)


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def said(line: str) -> dict[str, Any]:
    return {language: {"lines": [line], "grid": None, "note": ""} for language in ("de", "en")}


def point(
    key: str, kind: str, value: Any, *, compared: str = "different", default: str = "", **more: Any
) -> dict[str, Any]:
    answers = [
        {"partner": None, "resolution": "value", "value": value, "note": "", "said": said(key)}
    ]
    return {
        "key": key,
        "number": "1.9",
        "kind": kind,
        "compared": compared,
        "default": {"de": default, "en": ""},
        "answers": answers if value is not None else [],
        **more,
    }


def text(*points: dict[str, Any]) -> Terms:
    return terms.read({"rules": [{"points": list(points)}]})


def duration(number: int, unit: str, note: str = "") -> dict[str, Any]:
    return {"number": number, "unit": unit, "note": note}


def notice(number: int, unit: str, **more: Any) -> Terms:
    return text(point("exit_notice", "duration", duration(number, unit), **more))


# ---- Reading -----------------------------------------------------------------------------------


def test_term_of_days() -> None:
    term = {"start": "2026-04-01", "end": "2027-03-31", "review": "2026-07-01", "note": ""}
    read = text(point("term", "date_range", term))

    assert (read.start, read.end) == (date(2026, 4, 1), date(2027, 3, 31))
    assert read.starts_on(SIGNED_ON) == date(2026, 4, 1)
    assert read.runs_until(SIGNED_ON) == date(2027, 3, 31)
    assert read.reviews_on(SIGNED_ON) == date(2026, 7, 1)


def test_term_from_the_last_signature_with_an_open_end() -> None:
    term = {"start": "signing_date", "end": None, "review": "start_plus_3_months", "note": ""}
    read = text(point("term", "date_range", term))

    assert read.starts_on(SIGNED_ON) == SIGNED_ON
    assert read.runs_until(SIGNED_ON) is None
    assert read.reviews_on(SIGNED_ON) == date(2026, 6, 2)
    assert not read.ended_before_it_began(SIGNED_ON)


@pytest.mark.parametrize(
    ("end", "runs_until", "too_early"),
    [
        ("2026-03-01", None, True),
        ("2026-03-02", date(2026, 3, 2), False),
        ("2026-03-03", date(2026, 3, 3), False),
    ],
)
def test_end_before_the_last_signature_does_not_count(
    end: str, runs_until: date | None, too_early: bool
) -> None:
    term = {"start": "signing_date", "end": end, "review": None, "note": ""}
    read = text(point("term", "date_range", term))

    assert read.runs_until(SIGNED_ON) == runs_until
    assert read.ended_before_it_began(SIGNED_ON) is too_early


def test_text_without_any_of_it() -> None:
    read = text(point("publicity", "choice", {"choice": "none", "note": ""}))

    assert (read.start, read.end, read.notice, read.periods) == (None, None, None, {})
    assert read.reviews_on(SIGNED_ON) is None
    assert terms.earliest_last_day(read, noon("2026-11-22"), NOWHERE) is None
    assert [terms.due(read, key, SIGNED_ON, NOWHERE) for key in terms.ITEMS] == [None] * 5


def test_not_applicable_and_open_points_say_nothing() -> None:
    read = text(
        point("exit_notice", "duration", None),
        point(
            "return_delete",
            "duration",
            None,
            answers=[{"partner": None, "resolution": "not_applicable", "value": None, "said": {}}],
        ),
    )

    assert read.notice is None
    assert read.periods == {}
    assert read.quoted == {}


def test_answers_of_pairs_are_no_joint_answer() -> None:
    between = {"partner": None, "resolution": "value", "value": duration(7, "days"), "said": {}}
    read = text(point("exit_notice", "duration", None, answers=[between, between]))

    assert read.notice is None


def test_points_are_quoted_with_their_note() -> None:
    read = text(point("exit_notice", "duration", duration(30, "days", "zum Quartalsende")))

    quoted = read.quoted["exit_notice"]
    assert (quoted.number, quoted.note) == ("1.9", "zum Quartalsende")
    assert quoted.said("de-de") == quoted.said("en") == "exit_notice"


# ---- Notice ------------------------------------------------------------------------------------

DEFAULT = "30 Tage zum Monatsende, in Textform über das Portal."


@pytest.mark.parametrize(
    ("given", "earliest"),
    [
        ("2026-11-22", "2026-12-31"),  # the 22nd of December is not the end of a month
        ("2026-10-31", "2026-11-30"),  # 30 days later is one
        ("2026-11-01", "2026-12-31"),  # the 1st of December: one day too late
        ("2027-01-29", "2027-02-28"),
        ("2028-01-30", "2028-02-29"),  # a leap year
        ("2028-01-31", "2028-03-31"),
        ("2026-12-01", "2026-12-31"),
        ("2026-12-02", "2027-01-31"),
    ],
)
def test_default_notice_goes_to_the_end_of_a_month(given: str, earliest: str) -> None:
    read = notice(30, "days", compared="same", default=DEFAULT)

    assert terms.earliest_last_day(read, noon(given), NOWHERE) == date.fromisoformat(earliest)


@pytest.mark.parametrize("compared", ["same", "supplemented"])
def test_words_of_the_default_count_where_it_was_taken(compared: str) -> None:
    read = notice(30, "days", compared=compared, default=DEFAULT)

    assert read.notice == Period(30, "days", to_month_end=True)
    assert terms.fits(read, date(2028, 2, 29))
    assert not terms.fits(read, date(2028, 2, 28))


def test_own_notice_goes_to_any_day() -> None:
    read = notice(45, "days", compared="different", default=DEFAULT)

    assert read.notice == Period(45, "days")
    assert terms.fits(read, date(2027, 1, 6))
    assert terms.earliest_last_day(read, noon("2026-11-22"), NOWHERE) == date(2027, 1, 6)


@pytest.mark.parametrize(
    ("number", "unit", "earliest"),
    [
        (3, "days", "2026-11-25"),
        (2, "weeks", "2026-12-06"),
        (1, "months", "2026-12-22"),
        (1, "years", "2027-11-22"),
        (12, "hours", "2026-11-23"),  # from 13:00 in Berlin to 1:00 at night
        (10, "hours", "2026-11-22"),
        (11, "hours", "2026-11-22"),  # to midnight: the day is over then
        (3, "working_days", "2026-11-25"),  # given on a Sunday
    ],
)
def test_every_unit(number: int, unit: str, earliest: str) -> None:
    read = notice(number, unit)

    found = terms.earliest_last_day(read, noon("2026-11-22"), NOWHERE)
    assert found == date.fromisoformat(earliest)


def test_months_end_on_the_last_day_where_the_number_is_missing() -> None:
    assert terms.earliest_last_day(notice(1, "months"), noon("2028-01-31"), NOWHERE) == date(
        2028, 2, 29
    )
    assert terms.earliest_last_day(notice(1, "years"), noon("2028-02-29"), NOWHERE) == date(
        2029, 2, 28
    )


def test_working_days_are_those_of_all_firms() -> None:
    # 6 January is a holiday in Bavaria.
    read = notice(2, "working_days")

    assert terms.earliest_last_day(read, noon("2027-01-04"), NOWHERE) == date(2027, 1, 6)
    assert terms.earliest_last_day(read, noon("2027-01-04"), BAVARIA) == date(2027, 1, 7)


def test_notice_counts_from_the_day_in_berlin() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # half past midnight in Berlin

    assert terms.earliest_last_day(notice(3, "days"), late, NOWHERE) == date(2026, 11, 26)


UNITS: list[Unit] = ["hours", "days", "weeks", "months", "years"]


@given(
    number=st.integers(1, 1000),
    unit=st.sampled_from(UNITS),
    given_at=st.integers(1_577_836_800, 3_786_912_000).map(  # from 2020 to 2090
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    ),
    to_month_end=st.booleans(),
)
def test_notice_is_never_shorter_than_agreed(
    number: int, unit: Unit, given_at: datetime, to_month_end: bool
) -> None:
    plain = Period(number, unit).last_day(given_at, NOWHERE)
    found = Period(number, unit, to_month_end).last_day(given_at, NOWHERE)

    assert found >= plain >= given_at.date()
    assert (found - plain).days <= (30 if to_month_end else 0)
    if to_month_end:
        assert found == terms.month_end(found)


# ---- What follows ------------------------------------------------------------------------------


def test_closing_list_is_due_as_agreed() -> None:
    read = text(
        point("return_delete", "duration", duration(10, "days")),
        point("orderly_separation", "duration", duration(1, "months")),
    )
    ends_on = date(2027, 1, 31)

    assert {key: terms.due(read, key, ends_on, NOWHERE) for key in terms.ITEMS} == {
        "access": date(2027, 2, 28),
        "data": date(2027, 2, 10),
        "accounts": date(2027, 2, 28),
        "reference": date(2027, 2, 28),
        "know_how": date(2027, 2, 28),
    }


def test_hours_after_the_end_begin_with_the_midnight_after_it() -> None:
    read = text(point("return_delete", "duration", duration(24, "hours")))

    assert terms.due(read, "data", date(2027, 1, 31), NOWHERE) == date(2027, 2, 1)


def test_due_days_that_nobody_can_compute_are_none() -> None:
    """Holidays are known until 2100, and the calendar ends with the year 9999."""
    working = text(point("return_delete", "duration", duration(30, "working_days")))
    years = text(point("return_delete", "duration", duration(1000, "years")))

    assert terms.due(working, "data", date(2100, 12, 31), NOWHERE) is None
    assert terms.due(years, "data", date(9000, 1, 1), NOWHERE) is None
    with pytest.raises(OutOfRange):
        Period(1, "days").last_day(datetime(9999, 12, 30, 12, tzinfo=UTC), NOWHERE)


def test_items_are_quoted_from_the_point_that_says_how() -> None:
    read = text(point("work_results", "choice", {"choice": "lead", "note": "Nur Code"}))

    quoted = terms.said(read, "know_how")
    assert quoted is not None
    assert (quoted.said("de"), quoted.note) == ("work_results", "Nur Code")
    assert terms.said(read, "reference") is None


@pytest.mark.parametrize(
    ("last_day", "years", "until"),
    [
        ("2026-01-01", 10, "2036-12-31"),
        ("2026-12-31", 10, "2036-12-31"),
        ("2027-01-01", 6, "2033-12-31"),
        ("2028-02-29", 1, "2029-12-31"),
    ],
)
def test_evidence_is_kept_from_the_end_of_the_calendar_year(
    last_day: str, years: int, until: str
) -> None:
    assert terms.retained_until(date.fromisoformat(last_day), years) == date.fromisoformat(until)


def test_look_back_can_be_closed_after_sixty_full_days() -> None:
    assert terms.closable_from(date(2026, 12, 31)) == date(2027, 3, 2)
