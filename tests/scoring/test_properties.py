"""What holds for every firm, not only for the worked cases."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import explaining, judging, months, rule_sets, rules
from scoring.explaining import Explainer, Line
from scoring.people import Certificate
from tests.scoring.worlds import (
    AS_OF,
    OPTION_VALUES,
    PAIR,
    WORKLOADS,
    Row,
    claims,
    judged,
    judged_people,
)

RULE_SETS = rule_sets.all_sets()
LABELS = ["2024-01", "2024-02", "2024-03", "2024-09", "2024-12", "2025-01", "2025-02"]

seats = st.one_of(
    st.integers(0, 400), st.sampled_from([0, 10, 11, 40, 50, 100, 299, 300, 301, 302])
)
days = st.dates(date(2023, 6, 1), date(2025, 2, 28))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    labels = draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=5, unique=True))
    begins_on = draw(st.none() | days)
    ended_on = draw(st.none() | days)
    if begins_on is not None and ended_on is not None and ended_on < begins_on:
        ended_on = None
    return Row(
        tenant=draw(st.sampled_from("ABCD")),
        workload=draw(st.sampled_from(sorted(WORKLOADS))),
        option=draw(st.sampled_from(["CPOR", "DPOR", "CSP", "CSP Tier 2"])),
        usage={label: (draw(seats), draw(seats)) for label in labels},
        begins_on=begins_on,
        ended_on=ended_on,
    )


worlds = st.lists(rows(), max_size=12)


Values = dict[tuple[str, str, str], int]


def values(contributions: Sequence[Line]) -> Values:
    found = {
        (track, metric, option): value
        for track, metrics in explaining.count(contributions).items()
        for metric, options in metrics.items()
        for option, value in options.items()
    }
    return {key: value for key, value in found.items() if value}


def plain_values(world: Sequence[Row], rule_set: rules.RuleSet) -> Values:
    """A second opinion, written straight from the rules and sharing no step with the product."""
    table: dict[tuple[str, str, str], dict[int, tuple[int, int]]] = defaultdict(dict)
    begins: dict[tuple[str, str, str], int] = {}
    ends: dict[tuple[str, str, str], int] = {}
    for row in world:
        if WORKLOADS[row.workload] not in rule_set.workloads:
            continue
        key = (row.tenant, WORKLOADS[row.workload], "CSP" if "CSP" in row.option else row.option)
        for label, (pau, mau) in row.usage.items():
            month = months.parse_label(label)
            old = table[key].get(month, (0, 0))
            table[key][month] = (max(pau, old[0]), max(mau, old[1]))
        if row.begins_on:
            begins[key] = min(begins.get(key, 99999), months.number(row.begins_on))
        if row.ended_on:
            ends[key] = max(ends.get(key, 0), months.number(row.ended_on))
    for key, figures in table.items():
        begins.setdefault(key, min(figures))
    last, comparison = PAIR

    def is_held(key: tuple[str, str, str], month: int) -> bool:
        return begins[key] <= month <= ends.get(key, 99999)

    total: Values = defaultdict(int)
    for track, low, high, options in (
        ("enterprise", 301, 10**9, {"CPOR", "DPOR"}),
        ("smb", 11, 300, {"CPOR", "CSP"}),
    ):
        keys = [key for key in table if key[2] in options]

        def eligible(
            tenant: str,
            month: int,
            metric: str,
            keys: list[tuple[str, str, str]] = keys,
            band: tuple[int, int] = (low, high),
            track: str = track,
        ) -> bool:
            figures = [
                table[key][month][0]
                for key in keys
                if key[0] == tenant
                and month in table[key]
                and is_held(key, month)
                and not (metric == "net_customer_adds" and key[1] == "teams_premium")
            ]
            if any(band[0] <= pau <= band[1] for pau in figures):
                return True
            promoted = rule_set.key == "modern-work-2026" and track == "smb" and month == last
            return (
                promoted
                and any(pau > band[1] for pau in figures)
                and eligible(tenant, comparison, metric)
            )

        for tenant in {key[0] for key in keys}:
            total[track, "net_customer_adds", ""] += eligible(
                tenant, last, "net_customer_adds"
            ) - eligible(tenant, comparison, "net_customer_adds")
            now, then = (eligible(tenant, month, "usage_growth") for month in PAIR)
            for option in options:
                own = [key for key in keys if key[0] == tenant and key[2] == option]
                in_use_now = in_use_then = False
                for key in own:
                    figures = table[key]
                    at_claim = next(
                        (figures[month] for month in sorted(figures) if month >= begins[key]), None
                    )
                    is_new = begins[key] > comparison
                    if now and last in figures and is_held(key, last):
                        pau, mau = figures[last]
                        total[track, "usage_growth", option] += mau
                        if is_new and at_claim:
                            total[track, "usage_growth", option] -= at_claim[1]
                        was_above = is_new and at_claim and at_claim[1] * 5 > at_claim[0] * 2
                        was_above = was_above and at_claim and at_claim[0] > 0
                        in_use_now |= pau > 0 and mau * 5 >= pau * 2 and not was_above
                    if then and comparison in figures and is_held(key, comparison):
                        pau, mau = figures[comparison]
                        total[track, "usage_growth", option] -= mau
                        in_use_then |= pau > 0 and mau * 5 >= pau * 2
                total[track, "deployments", option] += in_use_now - in_use_then
    return {key: value for key, value in total.items() if value}


@settings(max_examples=200, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS))
def test_contributions_add_up_to_a_second_opinion(
    world: list[Row], rule_set: rules.RuleSet
) -> None:
    assert values(judged(world, rule_set)) == plain_values(world, rule_set)


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(
    world: list[Row], rule_set: rules.RuleSet, chance: random.Random
) -> None:
    explainer = Explainer(rule_set, PAIR)
    facts = claims(world)
    shuffled = chance.sample(facts, len(facts))
    assert list(explainer.lines(shuffled)) == list(explainer.lines(facts))


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS))
def test_other_tenants_change_nothing(world: list[Row], rule_set: rules.RuleSet) -> None:
    for tenant in {row.tenant for row in world}:
        alone = judged([row for row in world if row.tenant == tenant], rule_set)
        among = [
            row for row in judged(world, rule_set) if row.subject in {a.subject for a in alone}
        ]
        assert among == alone


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS))
def test_score_lies_between_0_and_100_and_every_sentence_is_complete(
    world: list[Row], rule_set: rules.RuleSet
) -> None:
    contributions = judged(world, rule_set)
    for row in contributions:
        assert row.reason.label % row.params
        assert row.value == 0 or row.now != row.then
    counts = explaining.count(contributions)
    for track in rule_set.tracks:
        scored = rules.evaluate(rule_set, track, counts.get(track.key, {}))
        assert 0 <= scored.total <= 100
        assert scored.total == sum(
            (metric.points for metric in scored.metrics.values()), Fraction(0)
        )


@settings(max_examples=100, deadline=None)
@given(worlds, st.integers(1, 50))
def test_more_users_in_the_last_month_never_cost_growth(world: list[Row], more: int) -> None:
    """For claims whose beginning lies before the last month: else it is their baseline too."""
    explainer = Explainer(RULE_SETS[0], PAIR)
    facts = claims(world)
    grown = [
        claim._replace(now_users=claim.now_users + more)
        if claim.now_users is not None and claim.baseline_month != PAIR.last
        else claim
        for claim in facts
    ]
    before = values(list(explainer.lines(facts)))
    after = values(list(explainer.lines(grown)))
    for key in set(before) | set(after):
        if key[1] == "usage_growth":
            assert after.get(key, 0) >= before.get(key, 0)


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS), st.data())
def test_association_that_was_renewed_without_a_gap_counts_as_one(
    world: list[Row], rule_set: rules.RuleSet, data: st.DataObject
) -> None:
    """Held a year ago and now: whether it was claimed again in between makes no difference."""
    facts = claims(world)
    split = []
    for claim in facts:
        is_whole = (
            claim.begins <= PAIR.comparison
            and claim.ends == judging.NO_END
            and claim.then_seats is not None
        )
        if not is_whole or not data.draw(st.booleans()):
            split.append(claim)
            continue
        end = data.draw(st.integers(PAIR.comparison, PAIR.last - 1))
        split.append(claim._replace(ends=end))
        split.append(claim._replace(begins=end + 1, begins_on="2024-12-01"))
    explainer = Explainer(rule_set, PAIR)
    assert values(list(explainer.lines(split))) == values(list(explainer.lines(facts)))


@settings(max_examples=100, deadline=None)
@given(worlds, st.sampled_from(RULE_SETS))
def test_sums_are_those_of_the_verdicts(world: list[Row], rule_set: rules.RuleSet) -> None:
    """The words beside a row say the numbers of the row, and the parts of a growth add up."""
    for row in judged(world, rule_set):
        if row.metric != "usage_growth":
            assert {row.now, row.then} <= {0, 1}
            continue
        parts = row.params.get("parts", [])
        assert sum(part["now"] for part in parts) == row.now
        assert sum(part["then"] for part in parts) == row.then


@given(st.sampled_from(RULE_SETS), st.integers(-50, 3000), st.integers(1, 50), st.data())
def test_more_of_anything_never_costs_points(
    rule_set: rules.RuleSet, value: int, more: int, data: st.DataObject
) -> None:
    track = data.draw(st.sampled_from(rule_set.tracks))
    metric = data.draw(st.sampled_from(track.metrics))
    option = data.draw(st.sampled_from(metric.scales)).option
    less, most = (
        rules.evaluate(rule_set, track, {metric.key: {option: number}}).total
        for number in (value, value + more)
    )
    assert 0 <= less <= most <= metric.max


# ---- People --------------------------------------------------------------------------------------

certificates = st.lists(
    st.builds(
        Certificate,
        person=st.sampled_from(["mcp:1", "mcp:2", "mail:a@x", "mail:b@x", "name:ada ohm"]),
        name=st.sampled_from(["Ada Ohm", "Ohm, Ada", "Bo Ek", ""]),
        email=st.sampled_from(["", "a@x", "b@x"]),
        certification=st.sampled_from(["MS-900", "MS-700", "MS-102", "AZ-104"]),
        completed_on=st.dates(date(2024, 1, 1), date(2025, 6, 1)),
        expires_on=st.none() | st.dates(date(2024, 6, 1), date(2026, 1, 1)),
        is_linked=st.booleans(),
    ),
    max_size=8,
)


@given(certificates, st.randoms(use_true_random=False))
def test_people_are_counted_once_in_any_order(
    rows: list[Certificate], chance: random.Random
) -> None:
    one = judged_people(rows, RULE_SETS[0])
    keys = [(row.track, row.metric, row.subject) for row in one]
    assert len(set(keys)) == len(keys)
    other = judged_people(chance.sample(rows, len(rows)), RULE_SETS[0])
    assert other == one


def heads(rows: Sequence[Certificate], rule_set: rules.RuleSet, as_of: date = AS_OF) -> int:
    """How many people count in any metric, metrics added up."""
    return sum(row.value for row in judged_people(rows, rule_set, as_of) if row.track == "smb")


@given(certificates, st.sampled_from(RULE_SETS))
def test_people_add_up_over_all_of_a_firm(rows: list[Certificate], rule_set: rules.RuleSet) -> None:
    """No more count than there are keys, and each for a certificate that it has."""
    lines = [row for row in judged_people(rows, rule_set) if row.value]
    assert all(row.value == 1 for row in lines)
    for metric in {row.metric for row in lines}:
        own = {row.subject for row in lines if row.track == "smb" and row.metric == metric}
        assert len(own) <= len({row.person for row in rows})
    # Every track counts the same people.
    by_track = {
        track.key: sorted(str((row.metric, row.subject)) for row in lines if row.track == track.key)
        for track in rule_set.tracks
    }
    assert len(set(map(tuple, by_track.values()))) == 1


@given(certificates, st.sampled_from(RULE_SETS), st.integers(0, 400))
def test_time_alone_makes_nobody_count_who_has_completed(
    rows: list[Certificate], rule_set: rules.RuleSet, later: int
) -> None:
    completed = [row for row in rows if row.completed_on <= AS_OF]
    assert heads(completed, rule_set, AS_OF + timedelta(later)) <= heads(completed, rule_set)


@given(certificates, certificates, st.sampled_from(RULE_SETS))
def test_more_certificates_of_known_people_never_cost_a_head(
    rows: list[Certificate], more: list[Certificate], rule_set: rules.RuleSet
) -> None:
    """By MCPID: an address or a name more may show that two are one."""
    known = [row for row in rows if row.person.startswith("mcp:")]
    added = [row for row in more if row.person.startswith("mcp:")]
    assert heads([*known, *added], rule_set) >= heads(known, rule_set)


@pytest.mark.parametrize("rule_set", RULE_SETS, ids=lambda rule_set: rule_set.key)
def test_who_is_who_does_not_depend_on_the_rules(rule_set: rules.RuleSet) -> None:
    """MS-600 has no points any more, but shows whose address that is."""
    day = date(2024, 5, 1)
    rows = [
        Certificate("mcp:1", "Ada Ohm", "ada@old.example", "MS-600", day),
        Certificate("mcp:1", "Ada Ohm", "ada@new.example", "MS-700", day),
        Certificate("mail:ada@old.example", "Ada Ohm", "ada@old.example", "MS-900", day),
    ]
    assert heads(rows, rule_set) == 1


@pytest.mark.parametrize("option", sorted(OPTION_VALUES))
def test_every_option_has_a_value_in_the_files(option: str) -> None:
    names = rule_sets.vocabulary()
    number = names.option(OPTION_VALUES[option])
    assert number is not None
    assert names.option_keys[number] == option
