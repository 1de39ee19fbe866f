"""Who is one exam away from counting, by which exam, and what that adds."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import one_exam, renewals, rule_sets, rules
from scoring.certified import Person, people_from
from scoring.claims import Corrections
from scoring.one_exam import MetricSteps, Why
from scoring.people import Certificate
from scoring.rule_sets import InvalidRuleSet

TODAY = date(2026, 11, 22)
RULES = rule_sets.get("modern-work-2026")
INTERMEDIATE, ADVANCED = "intermediate_certifications", "advanced_certifications"
ASSESSMENT = "teams-meeting-rooms-assessment"
DONE = date(2025, 1, 5)


def row(person: int, certification: str, until: int | None = None, **fields: object) -> Certificate:
    until_on = None if until is None else TODAY + timedelta(days=until)
    made = Certificate(f"mcp:{person}", f"Person {person}", "", certification, DONE, until_on)
    return made._replace(**fields)  # type: ignore[arg-type]


def people(*rows: Certificate, today: date = TODAY) -> list[Person]:
    return people_from(list(rows), Corrections(), RULES, today)


def steps(
    *rows: Certificate, today: date = TODAY, rule_set: rules.RuleSet = RULES
) -> dict[str, MetricSteps]:
    everybody = people(*rows, today=today)
    counting = renewals.heads_of(everybody)
    return {one.metric: one for one in one_exam.steps(everybody, rule_set, counting, today)}


def said(metric: MetricSteps) -> list[tuple[str, Why, list[str]]]:
    return [(step.name, step.why, [one.key for one in step.options]) for step in metric.steps]


def test_a_prerequisite_that_is_there_makes_the_expert_exam_the_one() -> None:
    advanced = steps(row(1, "SC-300", 100))[ADVANCED]
    assert said(advanced) == [("Person 1", Why.NEXT, ["MS-102", ASSESSMENT])]
    [step] = advanced.steps
    assert step.base == "Microsoft Certified: Identity and Access Administrator Associate"
    assert step.day == TODAY + timedelta(days=100)


@pytest.mark.parametrize("base", ["MS-721", "AB-900", "MS-900"])
def test_other_certifications_are_no_prerequisite(base: str) -> None:
    advanced = steps(row(1, base, 100))[ADVANCED]
    assert said(advanced) == [("Person 1", Why.ASSESSMENT, [ASSESSMENT])]


def test_a_prerequisite_that_has_expired_is_none() -> None:
    assert said(steps(row(1, "SC-300", -1))[ADVANCED]) == [
        ("Person 1", Why.ASSESSMENT, [ASSESSMENT])
    ]


def test_the_prerequisite_that_lasts_longest_is_named() -> None:
    [step] = steps(row(1, "SC-300", 10), row(1, "MD-102", 50), row(1, "MS-700", 20))[ADVANCED].steps
    assert step.base == "Microsoft 365 Certified: Endpoint Administrator Associate"


def test_what_has_expired_is_passed_again() -> None:
    found = steps(row(1, "MS-700", -40), row(1, "SC-300", -400))[INTERMEDIATE]
    assert said(found) == [
        ("Person 1", Why.AGAIN, ["MS-700", "SC-300", "MS-721", "MD-102", "AB-900"])
    ]
    [step] = found.steps
    assert step.day == TODAY - timedelta(days=40)


def test_an_expert_certification_that_expired_needs_its_prerequisite_again() -> None:
    without = steps(row(1, "MS-102", -5))[ADVANCED]
    assert said(without) == [("Person 1", Why.ASSESSMENT, [ASSESSMENT])]
    having = steps(row(1, "MS-102", -5), row(1, "MD-102", 5))[ADVANCED]
    assert said(having) == [("Person 1", Why.AGAIN, ["MS-102", ASSESSMENT])]


def test_an_advanced_person_needs_any_exam_of_the_other_metric() -> None:
    found = steps(row(1, "MS-102", 50))[INTERMEDIATE]
    assert said(found) == [
        ("Person 1", Why.FIRST, ["MS-700", "SC-300", "MS-721", "MD-102", "AB-900"])
    ]


def test_a_retired_exam_is_proposed_to_nobody() -> None:
    """MS-900 since March 2026; MS-102 from December 2026 on, the assessment when points end."""
    assert "MS-900" not in str(said(steps(row(1, "MS-102", 50))[INTERMEDIATE]))
    for day, expected in (
        (date(2026, 11, 30), ["MS-102", ASSESSMENT]),
        (date(2026, 12, 1), [ASSESSMENT]),
    ):
        [(_name, _why, options)] = said(steps(row(1, "SC-300", 300), today=day)[ADVANCED])
        assert options == expected
    late = steps(row(1, "SC-300", 300), today=date(2027, 6, 15))[ADVANCED]
    assert (said(late), late.further) == ([], 1)


def test_whoever_counts_or_has_left_is_not_proposed() -> None:
    found = steps(row(1, "MS-700", 50), row(2, "MS-102", 50, is_linked=False))
    assert said(found[INTERMEDIATE]) == []
    assert [name for name, _why, _o in said(found[ADVANCED])] == ["Person 1"]


def test_the_metric_that_gains_most_comes_first_and_the_surest_step_in_it() -> None:
    rows = [row(1, "MS-721", 50), row(2, "MD-102", 50), row(3, "MS-102", -9), row(3, "SC-300", 9)]
    everybody = people(*rows)
    found = one_exam.steps(everybody, RULES, renewals.heads_of(everybody), TODAY)
    assert [(one.metric, one.gain) for one in found] == [
        (ADVANCED, 15),
        (INTERMEDIATE, Fraction(5, 2)),
    ]
    assert [(name, why) for name, why, _o in said(found[0])] == [
        ("Person 3", Why.AGAIN),
        ("Person 2", Why.NEXT),
        ("Person 1", Why.ASSESSMENT),
    ]


def test_a_full_metric_adds_nothing_and_says_so() -> None:
    rows = [row(n, "MS-102", 50) for n in (1, 2)]
    found = steps(*rows, row(3, "SC-300", 50))[ADVANCED]
    assert (found.is_full, int(found.gain)) == (True, 0)
    assert [name for name, _why, _o in said(found)] == ["Person 3"]
    half = steps(rows[0], row(3, "SC-300", 50))[ADVANCED]
    assert [effect.points for effect in half.effects] == [Fraction(15, 2), 0]
    assert not half.is_full


def test_without_any_exam_to_be_taken_nobody_is_near() -> None:
    closed = {
        key: replace(one, exam_until=date(2026, 1, 1)) for key, one in RULES.certifications.items()
    }
    found = steps(row(1, "MS-721", -9), rule_set=replace(RULES, certifications=closed))
    assert {metric: (one.steps, one.further) for metric, one in found.items()} == {
        INTERMEDIATE: ((), 1),
        ADVANCED: ((), 1),
    }


@given(
    st.lists(
        st.builds(
            row,
            st.integers(1, 4),
            st.sampled_from(sorted(RULES.certifications)),
            st.one_of(st.none(), st.integers(-200, 200)),
        ),
        max_size=8,
        unique_by=lambda one: (one.person, one.certification),
    )
)
def test_each_proposed_exam_makes_its_person_count(rows: list[Certificate]) -> None:
    """Passed today, whoever takes it counts, and the points grow by what was said."""
    before = people(*rows)
    counting = renewals.heads_of(before)
    for found in one_exam.steps(before, RULES, counting, TODAY):
        for step in found.steps:
            for exam in step.options:
                until_on = TODAY + timedelta(days=365)
                new = Certificate(step.person, step.name, "", exam.key, TODAY, until_on)
                after = renewals.heads_of(people(*rows, new))
                assert after[found.metric] == counting[found.metric] + 1
                for track, effect in zip(RULES.tracks, found.effects, strict=True):
                    metric = next(one for one in track.metrics if one.key == found.metric)
                    gained = [
                        rules.evaluate_metric(metric, {rules.ALONE: heads[found.metric]}).points
                        for heads in (counting, after)
                    ]
                    assert effect.points == gained[1] - gained[0]


# ---- The data ----------------------------------------------------------------------------------


def test_prerequisites_are_known_in_every_rule_set() -> None:
    assert {
        rule_set.key: rule_set.certifications["MS-102"].requires_one_of
        for rule_set in rule_sets.all_sets()
    } == {
        "modern-work-2023": ("MD-102", "MS-203", "MS-700", "SC-300"),
        "modern-work-2026": ("MD-102", "MS-700", "SC-300"),
    }


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            '"MD-102", "MS-700", "SC-300"]',
            '"MD-102", "XX-1"]',
            r"MS-102: requires unknown \['XX-1'\]",
        ),
        ('["MD-102", "MS-700", "SC-300"]', '["MS-102"]', r"MS-102: requires unknown \['MS-102'\]"),
        ("prerequisites = ", "others = ", "say where 'prerequisites' come from"),
        ("exams = ", "others = ", "say where 'exams' come from"),
    ],
)
def test_a_rule_set_with_wrong_prerequisites_is_refused(old: str, new: str, fault: str) -> None:
    text = (rule_sets.FOLDER / "modern-work-2026.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InvalidRuleSet, match=fault):
        rule_sets.load(text.replace(old, new), name="x.toml")
