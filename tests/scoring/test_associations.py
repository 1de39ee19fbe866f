"""Intervals of associations: what one file says, and what a later one makes of it."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import claim_states, months
from scoring.associations import Interval, fold, merge_said
from scoring.claim_states import COUNTING, ClaimState


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def intervals(*pairs: tuple[str | None, str | None]) -> list[Interval]:
    return [Interval(day(begins_on), day(ended_on)) for begins_on, ended_on in pairs]


MAY = ("2024-05-03", None)
SPRING = ("2023-03-01", "2023-05-31")
AUTUMN = ("2023-09-10", "2023-11-30")


@pytest.mark.parametrize(
    ("said", "merged"),
    [
        ([], []),
        ([(None, None)], [(None, None)]),
        ([(None, None), MAY], [MAY]),
        ([MAY, MAY], [MAY]),
        # The same beginning, in some rows without an end: an empty date takes nothing back.
        ([MAY, ("2024-05-03", "2025-01-09")], [("2024-05-03", "2025-01-09")]),
        # Two beginnings in one stretch: the earliest, and the end that the latest has.
        ([("2024-01-10", None), MAY], [("2024-01-10", None)]),
        ([("2024-01-10", None), ("2024-05-03", "2024-12-31")], [("2024-01-10", "2024-12-31")]),
        ([("2024-01-10", "2024-06-30"), MAY], [("2024-01-10", None)]),
        # It ended in the month before the next begins: claimed again.
        ([MAY, SPRING, AUTUMN], [SPRING, AUTUMN, MAY]),
        ([("2024-01-10", "2024-04-30"), MAY], [("2024-01-10", "2024-04-30"), MAY]),
        # It ended in the month in which the next begins: no month lies between.
        ([("2024-01-10", "2024-05-01"), MAY], [("2024-01-10", None)]),
        # An end without a beginning.
        ([(None, "2025-01-09"), MAY], [("2024-05-03", "2025-01-09")]),
        ([(None, "2024-01-09"), MAY], [(None, "2024-01-09"), MAY]),
        ([(None, "2024-05-02"), MAY], [MAY]),
        ([(None, "2024-01-09"), (None, "2024-02-09")], [(None, "2024-02-09")]),
        ([(None, "2023-12-15"), SPRING, AUTUMN], [SPRING, ("2023-09-10", "2023-12-15")]),
    ],
)
def test_rows_of_one_file(
    said: list[tuple[str | None, str | None]], merged: list[tuple[str | None, str | None]]
) -> None:
    assert merge_said(intervals(*said)) == intervals(*merged)
    assert merge_said(intervals(*reversed(said))) == intervals(*merged)


@pytest.mark.parametrize(
    ("stored", "said", "folded"),
    [
        ([], [MAY], [MAY]),
        ([MAY], [], [MAY]),
        ([MAY], [(None, None)], [MAY]),
        ([], [(None, None)], [(None, None)]),
        # A said beginning replaces the stored one, earlier or later, known or derived.
        ([(None, None)], [MAY], [MAY]),
        ([MAY], [("2024-01-10", None)], [("2024-01-10", None)]),
        ([MAY], [("2024-08-01", None)], [("2024-08-01", None)]),
        # An empty end takes nothing back, a said one corrects.
        ([("2024-05-03", "2025-01-09")], [MAY], [("2024-05-03", "2025-01-09")]),
        ([MAY], [("2024-05-03", "2025-01-09")], [("2024-05-03", "2025-01-09")]),
        ([("2024-05-03", "2025-01-09")], [("2024-05-03", "2024-12-31")],
         [("2024-05-03", "2024-12-31")]),
        # The stored one ended in a month before: claimed again.
        ([SPRING], [AUTUMN], [SPRING, AUTUMN]),
        ([SPRING], [MAY], [SPRING, MAY]),
        ([SPRING, AUTUMN], [MAY], [SPRING, AUTUMN, MAY]),
        # A file that tells of an earlier one.
        ([MAY], [SPRING], [SPRING, MAY]),
        ([SPRING, MAY], [AUTUMN], [SPRING, AUTUMN, MAY]),
        # It ended in the same month, before the said beginning: one association, begun then.
        ([("2024-01-10", "2024-05-01")], [MAY], [MAY]),
        # One that spans two stored ones replaces both.
        ([SPRING, AUTUMN], [("2023-03-01", "2023-12-31")], [("2023-03-01", "2023-12-31")]),
        # An end alone.
        ([MAY], [(None, "2025-01-09")], [("2024-05-03", "2025-01-09")]),
        ([(None, None)], [(None, "2025-01-09")], [(None, "2025-01-09")]),
        ([], [(None, "2025-01-09")], [(None, "2025-01-09")]),
        ([SPRING, MAY], [(None, "2025-01-09")], [SPRING, ("2024-05-03", "2025-01-09")]),
        ([SPRING, MAY], [(None, "2023-06-30")], [("2023-03-01", "2023-06-30"), MAY]),
        ([MAY], [(None, "2024-05-01")], [MAY]),
    ],
)  # fmt: skip
def test_a_later_file(
    stored: list[tuple[str | None, str | None]],
    said: list[tuple[str | None, str | None]],
    folded: list[tuple[str | None, str | None]],
) -> None:
    assert fold(intervals(*stored), intervals(*said)) == intervals(*folded)


# Few days, so that intervals meet in every way.
days = st.dates(date(2024, 1, 1), date(2024, 7, 31))


@st.composite
def random_intervals(draw: st.DrawFn) -> Interval:
    begins_on, ended_on = draw(st.none() | days), draw(st.none() | days)
    if begins_on and ended_on and ended_on < begins_on:
        begins_on, ended_on = ended_on, begins_on
    return Interval(begins_on, ended_on)


said_by_a_file = st.lists(random_intervals(), max_size=5)


def require_sound(found: list[Interval]) -> None:
    """Sorted, none ends before it begins, and no two in one month."""
    for begins_on, ended_on in found:
        assert begins_on is None or ended_on is None or begins_on <= ended_on
    for one, other in pairwise(found):
        assert one.ended_on is not None
        assert other.begins_on is not None
        assert months.number(one.ended_on) < months.number(other.begins_on)


@settings(max_examples=400, deadline=None)
@given(said_by_a_file, st.randoms(use_true_random=False))
def test_what_rows_say_is_sound_in_any_order(said: list[Interval], chance: object) -> None:
    merged = merge_said(said)
    require_sound(merged)
    assert merge_said(merged) == merged
    assert merge_said(chance.sample(said, len(said))) == merged  # type: ignore[attr-defined]
    assert merge_said([*said, *said]) == merged
    latest = max((each.begins_on for each in said if each.begins_on), default=None)
    earliest = min((each.begins_on for each in said if each.begins_on), default=None)
    if merged and latest:
        begun = [each.begins_on for each in merged if each.begins_on]
        assert begun[0] == earliest
        assert begun[-1] <= latest


@settings(max_examples=600, deadline=None)
@given(st.lists(said_by_a_file, max_size=3), said_by_a_file)
def test_folding_is_sound_and_the_same_again_changes_nothing(
    files: list[list[Interval]], said: list[Interval]
) -> None:
    stored: list[Interval] = []
    for file in files:
        stored = fold(stored, file)
        require_sound(stored)
    folded = fold(stored, said)
    require_sound(folded)
    assert fold(folded, said) == folded
    assert fold(stored, []) == stored
    assert fold([], said) == merge_said(said)
    for begins_on, _ in merge_said(said):
        assert begins_on is None or begins_on in {each.begins_on for each in folded}


# ---- States of claims ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", ClaimState.NOT_SAID),
        (" - ", ClaimState.NOT_SAID),
        ("approved", ClaimState.APPROVED),
        ("Under Review", ClaimState.UNDER_REVIEW),
        ("Partner action required", ClaimState.PARTNER_ACTION_REQUIRED),
        ("REJECTED", ClaimState.REJECTED),
        ("Rejected – final", ClaimState.REJECTED_FINAL),
        ("Dispute", ClaimState.DISPUTE),
        ("Draft", ClaimState.DRAFT),
        ("Submitted", ClaimState.SUBMITTED),
        ("Not approved", ClaimState.OTHER),
    ],
)
def test_states_of_claims(text: str, state: ClaimState) -> None:
    assert claim_states.parse(text) == state
    assert (state in COUNTING) == (state in (0, 1))
