"""What expires next: which certificates, their free renewal, and what each would cost."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import heads, renewals, rule_sets, rules
from scoring.certified import Person, people_from
from scoring.claims import Corrections
from scoring.people import Certificate
from scoring.renewals import Window
from scoring.results import MetricResult, OptionResult, TrackResult

TODAY = date(2026, 11, 22)
RULES = rule_sets.get("modern-work-2026")
SET_2023 = rule_sets.get("modern-work-2023")
INTERMEDIATE, ADVANCED = "intermediate_certifications", "advanced_certifications"
DONE = date(2025, 1, 5)


def row(person: int, certification: str, until: date | int | None, **fields: object) -> Certificate:
    until_on = TODAY + timedelta(days=until) if isinstance(until, int) else until
    made = Certificate(f"mcp:{person}", f"Person {person}", "", certification, DONE, until_on)
    return made._replace(**fields)  # type: ignore[arg-type]


def people(*rows: Certificate, today: date = TODAY) -> list[Person]:
    return people_from(list(rows), Corrections(), RULES, today)


def expiring(*rows: Certificate) -> list[tuple[str, str, int]]:
    return [
        (one.name, one.certification, one.days_left)
        for one in renewals.expiries(people(*rows), RULES, TODAY)
    ]


# ---- Which -----------------------------------------------------------------------------------


def test_a_year_ahead_and_a_quarter_back_are_shown_in_order() -> None:
    rows = [row(n, "MS-700", days) for n, days in enumerate((-91, -90, 0, 365, 366))]
    assert expiring(*rows) == [
        ("Person 1", "MS-700", -90),
        ("Person 2", "MS-700", 0),
        ("Person 3", "MS-700", 365),
    ]


@pytest.mark.parametrize(
    "gone",
    [
        row(1, "MS-700", 20, is_linked=False),
        row(1, "AB-900", 20),  # Fundamentals do not expire
        row(1, "MS-203", 20),  # gives no points any more
        row(1, "MS-700", None),
        row(1, "MS-700", 20, completed_on=TODAY + timedelta(days=1)),
        row(1, "teams-meeting-rooms-assessment", date(2027, 9, 1)),  # its points end before
    ],
)
def test_what_loses_nothing_is_not_shown(gone: Certificate) -> None:
    assert expiring(gone) == []


def test_a_renewed_certificate_is_shown_with_its_new_day() -> None:
    again = row(1, "MS-700", 300, completed_on=date(2026, 11, 1))
    assert expiring(row(1, "MS-700", 20), again) == [("Person 1", "MS-700", 300)]


# ---- The window ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "count", "before"),
    [
        (date(2027, 8, 31), 6, date(2027, 2, 28)),
        (date(2028, 8, 31), 6, date(2028, 2, 29)),
        (date(2027, 1, 15), 6, date(2026, 7, 15)),
        (date(2026, 12, 31), -2, date(2027, 2, 28)),
    ],
)
def test_months_end_on_the_last_day_where_they_are_shorter(
    day: date, count: int, before: date
) -> None:
    assert renewals.months_before(day, count) == before


@pytest.mark.parametrize(
    ("certification", "until_on", "expected"),
    [
        ("MS-700", date(2027, 5, 22), (date(2026, 11, 22), date(2027, 5, 22), Window.OPEN)),
        ("MS-700", date(2027, 5, 23), (date(2026, 11, 23), date(2027, 5, 23), Window.TO_OPEN)),
        ("MS-700", date(2026, 11, 22), (date(2026, 5, 22), date(2026, 11, 22), Window.OPEN)),
        ("MS-700", date(2026, 11, 21), (None, None, Window.CLOSED)),
        # The exam is retired on 30 November 2026
        ("MS-102", date(2027, 2, 20), (date(2026, 8, 20), date(2026, 11, 30), Window.OPEN)),
        ("MS-102", date(2027, 5, 30), (date(2026, 11, 30), date(2026, 11, 30), Window.TO_OPEN)),
        ("MS-102", date(2027, 5, 31), (date(2026, 11, 30), date(2026, 11, 30), Window.TO_OPEN)),
        ("MS-102", date(2027, 6, 1), (None, None, Window.NONE)),
        ("teams-meeting-rooms-assessment", date(2027, 2, 1), (None, None, Window.NONE)),
    ],
)
def test_the_free_renewal_opens_six_months_before(
    certification: str, until_on: date, expected: tuple[date | None, date | None, Window]
) -> None:
    found = renewals.renewal_window(RULES.certifications[certification], until_on, TODAY)
    assert found == expected


def test_a_retired_exam_renews_nothing_the_day_after() -> None:
    ms102 = RULES.certifications["MS-102"]
    last = date(2026, 11, 30)
    windows = [
        renewals.renewal_window(ms102, date(2027, 2, 20), last + timedelta(days=days))[2]
        for days in (0, 1)
    ]
    assert windows == [Window.OPEN, Window.NONE]


# ---- What it would cost ----------------------------------------------------------------------


def costs(*rows: Certificate) -> dict[str, list[Fraction]]:
    return {
        one.name: [effect.points for effect in one.effects]
        for one in renewals.expiries(people(*rows), RULES, TODAY)
    }


def test_the_cost_is_that_of_one_head_in_each_track() -> None:
    one, two = row(1, "MS-700", 20), row(2, "SC-300", None)
    assert costs(one) == {"Person 1": [Fraction(-5, 2), Fraction(-5)]}
    assert costs(one, two) == {"Person 1": [Fraction(-5, 2), Fraction(-5)]}
    assert costs(row(1, "MS-102", 20)) == {"Person 1": [Fraction(-15, 2), Fraction(-15)]}


def test_one_too_many_costs_nothing() -> None:
    many = [row(n, "MS-700", None) for n in range(2, 6)]
    assert costs(row(1, "MS-700", 20), *many) == {"Person 1": [0, 0]}
    # SMB has its maximum with two, Enterprise with four
    assert costs(row(1, "MS-700", 20), *many[:2]) == {"Person 1": [Fraction(-5, 2), 0]}


def test_whoever_counts_by_another_certificate_loses_nothing() -> None:
    [one, two] = renewals.expiries(
        people(row(1, "MS-700", 20), row(1, "SC-300", 200)), RULES, TODAY
    )
    assert (one.kept_by, int(one.cost)) == (
        "Microsoft Certified: Identity and Access Administrator Associate",
        0,
    )
    assert (two.kept_by, int(two.cost)) == ("", 5)


def test_a_certificate_of_the_other_metric_keeps_nobody() -> None:
    [one] = renewals.expiries(
        people(row(1, "MS-700", 20), row(1, "MS-102", date(2027, 11, 29))), RULES, TODAY
    )
    assert (one.kept_by, int(one.cost)) == ("", 5)


def test_what_has_expired_costs_nothing_any_more() -> None:
    [one] = renewals.expiries(people(row(1, "MS-700", -5)), RULES, TODAY)
    assert (one.counts, int(one.cost), one.window) == (False, 0, Window.CLOSED)


worlds = st.lists(
    st.builds(
        row,
        st.integers(1, 6),
        st.sampled_from(["MS-700", "SC-300", "MD-102", "MS-102", "AB-900"]),
        st.one_of(st.none(), st.integers(-120, 420)),
    ),
    max_size=14,
    unique_by=lambda one: (one.person, one.certification),
)


@given(worlds)
def test_a_cost_is_what_the_score_would_lose(rows: list[Certificate]) -> None:
    """Taken away, with all that ends no later, the people are judged anew: the points differ."""
    everybody = people(*rows)
    now = renewals.heads_of(everybody)
    for one in renewals.expiries(everybody, RULES, TODAY):
        if one.days_left < 0:
            continue
        kept = [
            each
            for each in rows
            if each.person != one.person
            or RULES.certifications[each.certification].metric != one.metric
            or not RULES.certifications[each.certification].expires
            or (each.expires_on or date.max) > one.until_on
        ]
        then = renewals.heads_of(people(*kept))
        for track, effect in zip(RULES.tracks, one.effects, strict=True):
            lost = total(track, then) - total(track, now)
            assert effect.points == lost


def total(track: rules.Track, counting: Counter[str]) -> Fraction:
    counts = {metric: {rules.ALONE: number} for metric, number in counting.items()}
    return rules.evaluate(RULES, track, counts).total


@given(worlds, st.integers(0, 365))
def test_heads_on_a_day_are_those_of_that_day(rows: list[Certificate], days: int) -> None:
    day = TODAY + timedelta(days=days)
    expected = renewals.heads_of(people(*rows, today=day))
    assert renewals.heads_on(people(*rows), RULES, day) == expected


# ---- Whether a track would still pass ----------------------------------------------------------


def track(total: int, points: int, *, passes: bool = True) -> TrackResult:
    option = OptionResult(rules.ALONE, 1, 1, Fraction(points), counts=True)
    metric = MetricResult(ADVANCED, "skilling", 15, rules.ALONE, (option,))
    return TrackResult("smb", "SMB", Fraction(total), passes, is_shown=True, metrics=(metric,))


@pytest.mark.parametrize(
    ("own", "lost", "expected"),
    [
        (track(75, 15), Fraction(5), False),
        (track(75, 15), Fraction(11, 2), True),
        (track(100, 15), Fraction(15), True),  # a metric without points
        (track(60, 15, passes=False), Fraction(15), False),
        (track(70, 15), Fraction(0), False),
    ],
)
def test_a_track_is_lost_below_the_mark_or_with_an_empty_metric(
    own: TrackResult, lost: Fraction, expected: bool
) -> None:
    assert renewals.loses_pass(own, ADVANCED, lost, RULES) is expected


# ---- What ends for everybody -------------------------------------------------------------------


def test_points_that_end_for_everybody_are_one_line() -> None:
    rows = [row(1, "MS-900", None), row(2, "MS-900", None), row(2, "MS-700", 300)]
    [one] = renewals.endings(people(*rows), RULES, TODAY)
    assert (one.certification, one.until_on) == ("MS-900", date(2027, 3, 31))
    assert (one.people, one.heads) == (2, 1)
    assert [effect.points for effect in one.effects] == [Fraction(-5, 2), -5]


def test_points_that_end_later_than_a_year_are_left_out() -> None:
    rows = [row(1, "MS-102", date(2027, 12, 31))]
    assert renewals.endings(people(*rows), RULES, TODAY) == []
    later = date(2026, 11, 30)
    [one] = renewals.endings(people(*rows, today=later), RULES, later)
    assert (one.certification, one.heads) == ("MS-102", 1)


def test_whoever_expires_before_the_points_end_is_not_in_the_line() -> None:
    assessment = "teams-meeting-rooms-assessment"  # gives points until 15 June 2027
    rows = [row(1, assessment, 40), row(2, assessment, date(2027, 6, 15)), row(3, assessment, None)]
    [one] = renewals.endings(people(*rows), RULES, TODAY)
    assert (one.people, one.heads) == (2, 2)
    assert renewals.endings(people(rows[0]), RULES, TODAY) == []


def test_nobody_who_has_it_no_line() -> None:
    assert renewals.endings(people(row(1, "MS-700", 20)), RULES, TODAY) == []


# ---- The picture -------------------------------------------------------------------------------


def test_the_picture_has_a_year_and_what_expires_in_it() -> None:
    found = renewals.expiries(
        people(row(1, "MS-700", 365), row(2, "MS-700", -3), row(3, "SC-300", 0)), RULES, TODAY
    )
    names = {number: str(number) for number in range(1, 13)}
    chart = renewals.draw("T", [(one, one.name, "") for one in found], TODAY, names)
    assert chart is not None
    assert [(one.label, one.end) for one in chart.rows] == [
        ("Person 3", "0%"),
        ("Person 1", "100%"),
    ]
    assert [name for _x, name in chart.ticks] == [str(n) for n in (12, *range(1, 12))]
    [bar] = [one for one in chart.rows if one.label == "Person 1"]
    assert (bar.window_x, bar.window_width, bar.is_costly) == ("49.59%", "50.41%", True)


def test_a_picture_has_at_most_a_dozen_and_says_how_many_it_leaves_out() -> None:
    found = renewals.expiries(people(*(row(n, "MS-700", n) for n in range(1, 16))), RULES, TODAY)
    names = dict.fromkeys(range(1, 13), "")
    chart = renewals.draw("T", [(one, "", "") for one in found], TODAY, names)
    assert chart is not None
    assert (len(chart.rows), chart.left_out) == (12, 3)
    gone = [replace(one, days_left=-1) for one in found]
    assert renewals.draw("T", [(one, "", "") for one in gone], TODAY, names) is None


def test_effects_name_what_earns_the_maximum() -> None:
    found = heads.effects(SET_2023, ADVANCED, 1, 1)
    assert [(one.track, one.for_max, one.points) for one in found] == [
        ("enterprise", 2, Fraction(15, 2)),
        ("smb", 1, 0),
    ]
    assert heads.best(found) == Fraction(15, 2)
    assert heads.metrics(RULES) == [INTERMEDIATE, ADVANCED]
    assert [one.points for one in heads.effects(RULES, ADVANCED, 0, -1)] == [0, 0]
