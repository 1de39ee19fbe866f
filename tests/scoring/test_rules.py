from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import rule_sets, rules

SMB = rule_sets.get("modern-work-2023").track("smb")
values = st.integers(min_value=-(10**9), max_value=10**9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("20", "20"),
        ("14.9925", "14.9925"),
        ("5/2", "2.5"),
        ("-5/2", "-2.5"),
        ("-1/20", "-0.05"),
        ("1/3", "1/3"),
        ("100/7", "100/7"),
        ("1/1024", "0.0009765625"),
    ],
)
def test_exact_is_a_decimal_or_a_fraction(value: str, text: str) -> None:
    assert rules.exact(Fraction(value)) == text


@given(st.fractions())
def test_exact_can_be_read_back(value: Fraction) -> None:
    assert Fraction(rules.exact(value)) == value


@pytest.mark.parametrize(
    ("value", "metric", "total"),
    [
        ("14.9925", "15.0", "15"),
        ("0.05", "0.1", "0"),
        ("69.5", "69.5", "70"),
        ("69.49", "69.5", "69"),
    ],
)
def test_display_rounds_half_up(value: str, metric: str, total: str) -> None:
    assert str(rules.display_points(Fraction(value))) == metric
    assert rules.display_total(Fraction(value)) == Decimal(total)


@given(values, values)
def test_points_never_fall_and_stay_in_range(one: int, other: int) -> None:
    low, high = sorted((one, other))
    for metric in SMB.metrics:
        for scale in metric.scales:
            less = rules.points(low, metric.max, scale.value_for_max)
            more = rules.points(high, metric.max, scale.value_for_max)
            assert 0 <= less <= more <= metric.max


@given(values)
def test_points_are_full_from_the_threshold_only(value: int) -> None:
    for metric in SMB.metrics:
        for scale in metric.scales:
            is_full = rules.points(value, metric.max, scale.value_for_max) == metric.max
            assert is_full == (value >= scale.value_for_max)


@given(values, values)
def test_best_option_counts_alone(cpor: int, csp: int) -> None:
    metric = next(metric for metric in SMB.metrics if metric.key == "usage_growth")
    scored = rules.evaluate_metric(metric, {"CPOR": cpor, "CSP": csp})
    assert scored.points == max(rules.points(cpor, 30, 500), rules.points(csp, 30, 2000))


def test_draw_goes_to_the_option_named_first() -> None:
    metric = next(metric for metric in SMB.metrics if metric.key == "usage_growth")
    assert rules.evaluate_metric(metric, {"CPOR": 250, "CSP": 1000}).option == "CPOR"
