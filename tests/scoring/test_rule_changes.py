"""What differs between two rule sets, told as sentences."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from django.utils import translation

from scoring import rule_changes, rule_sets
from scoring.rules import Metric, RuleSet, Scale, Track

FIRST = rule_sets.get("modern-work-2023")
LATEST = rule_sets.get("modern-work-2026")
SMB = FIRST.track("smb")


def told(after: RuleSet, before: RuleSet = FIRST) -> list[str]:
    with translation.override("en"):
        return rule_changes.sentences(before, after)


def with_smb(**fields: Any) -> RuleSet:
    tracks = tuple(
        replace(track, **fields) if track.key == "smb" else track for track in FIRST.tracks
    )
    return replace(FIRST, tracks=tracks)


def with_growth(**fields: Any) -> RuleSet:
    return with_smb(
        metrics=tuple(
            replace(metric, **fields) if metric.key == "usage_growth" else metric
            for metric in SMB.metrics
        )
    )


def without(things: Any, key: str) -> dict[str, Any]:
    return {name: thing for name, thing in things.items() if name != key}


GROWN = Track("gold", 3, "Gold", 1, 10, ("CPOR",), keeps_promoted=False, metrics=())
CHARM = Metric("charm", "performance", "people", 5, (Scale("", 1),))


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (
            replace(FIRST, pass_mark=Fraction(145, 2)),
            "A track passes with 72.5 points, before with 70.",
        ),
        (
            replace(FIRST, deployed_share=Fraction(1, 2)),
            "A workload is deployed from 50 % of its seats in use, before 40 %.",
        ),
        (replace(FIRST, tracks=(*FIRST.tracks, GROWN)), "Gold is a new track."),
        (
            with_smb(seats_to=500),
            "SMB looks at tenants with 11 to 500 seats, before with 11 to 300.",
        ),
        (
            with_smb(seats_to=None),
            "SMB looks at tenants with 11 or more seats, before with 11 to 300.",
        ),
        (
            with_smb(keeps_promoted=True),
            "SMB: a tenant that was eligible a year ago and has grown above the limit stays "
            "eligible.",
        ),
        (with_smb(options=("CPOR", "CSP", "DPOR")), "SMB: associations by DPOR count now."),
        (with_smb(options=("CPOR",)), "SMB: associations by CSP no longer count."),
        (with_smb(metrics=(*SMB.metrics, CHARM)), "SMB: charm is a new metric."),
        (with_smb(metrics=SMB.metrics[1:]), "SMB: Net customer adds is no longer a metric."),
        (with_growth(max=40), "SMB: Usage growth gives up to 40 points, before 30."),
        (
            with_growth(scales=(Scale("CPOR", 1500), Scale("CSP", 2000))),
            "SMB: Usage growth (CPOR) has full points at 1,500, before 500.",
        ),
        (
            replace(FIRST, workloads=without(FIRST.workloads, "teams")),
            "Workloads that no longer count: Teams.",
        ),
        (
            replace(
                FIRST,
                workloads={
                    **FIRST.workloads,
                    "teams": replace(
                        FIRST.workloads["teams"], counts_for=frozenset({"usage_growth"})
                    ),
                },
            ),
            "Teams counts for Usage growth, before for Net customer adds, Usage growth, "
            "Deployments.",
        ),
        (
            replace(FIRST, certifications=without(FIRST.certifications, "MS-900")),
            "Certifications that no longer count: Microsoft 365 Certified: Fundamentals.",
        ),
        (
            replace(
                FIRST,
                certifications={
                    **FIRST.certifications,
                    "MS-900": replace(
                        FIRST.certifications["MS-900"], metric="advanced_certifications"
                    ),
                },
            ),
            "Microsoft 365 Certified: Fundamentals counts for Advanced certifications, before for "
            "Intermediate certifications.",
        ),
        (
            replace(
                FIRST,
                certifications={
                    **FIRST.certifications,
                    "MS-900": replace(
                        FIRST.certifications["MS-900"], counts_until=date(2027, 3, 31)
                    ),
                },
            ),
            "Microsoft 365 Certified: Fundamentals gives points until 31/03/2027.",
        ),
    ],
)
def test_one_change_is_one_sentence(after: RuleSet, sentence: str) -> None:
    assert told(after) == [sentence]


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (replace(FIRST, tracks=(*FIRST.tracks, GROWN)), "Gold is no longer a track."),
        (
            with_smb(keeps_promoted=True),
            "SMB: a tenant that has grown above the limit is no longer eligible.",
        ),
        (
            replace(FIRST, workloads=without(FIRST.workloads, "teams")),
            "Workloads that count now: Teams.",
        ),
        (
            replace(FIRST, certifications=without(FIRST.certifications, "MS-900")),
            "Certifications that count now: Microsoft 365 Certified: Fundamentals.",
        ),
        (
            replace(
                FIRST,
                certifications={
                    **FIRST.certifications,
                    "MS-900": replace(
                        FIRST.certifications["MS-900"], counts_until=date(2027, 3, 31)
                    ),
                },
            ),
            "Microsoft 365 Certified: Fundamentals gives points without an end.",
        ),
    ],
)
def test_what_is_taken_back_is_told_too(before: RuleSet, sentence: str) -> None:
    assert told(FIRST, before) == [sentence]


def test_the_same_rules_have_nothing_to_tell() -> None:
    assert [told(rule_set, rule_set) for rule_set in rule_sets.all_sets()] == [
        [] for _ in rule_sets.all_sets()
    ]


def test_names_and_validity_do_not_move_a_score() -> None:
    other = replace(FIRST, key="x", title="X", valid_to=None, low_metric=Fraction(2), sources={})
    assert told(other) == []


def test_the_rules_of_2026_are_told_whole() -> None:
    sentences = told(LATEST)
    assert sentences[0].startswith("SMB: a tenant that was eligible a year ago")
    assert sentences[1].startswith("Workloads that count now: Microsoft 365 Copilot")
    assert len(sentences) == 7
    with translation.override("de"):
        german = rule_changes.sentences(FIRST, LATEST)
    assert len(german) == 7
    assert not set(german) & set(sentences)
