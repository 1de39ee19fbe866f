"""Two scores side by side: what is different adds up exactly, whatever lies between them."""

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from unittest import mock

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners.models import Partner, User
from scoring import differences, facts, ledgers, rule_sets, rules, scores
from scoring import results as stored_results
from scoring.differences import Change, Difference, Show, between, compare
from scoring.judging import GROWTH, NET_ADDS, Months
from scoring.models import (
    Association,
    Certificate,
    Contribution,
    Correction,
    MonthOfData,
    Score,
    Tenant,
    UsageMonth,
)
from scoring.people import Certificate as Held
from scoring.results import TrackResult
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, PEOPLE, body, hand_in, stored_score, tenants
from tests.scoring.worlds import AS_OF, PAIR, Row, claims, guid, number, office_usage

FIRST = rule_sets.get("modern-work-2023")
LATEST = rule_sets.get("modern-work-2026")
LATER = date(2025, 4, 25)  # the score of a month after AS_OF
LATER_PAIR = Months(PAIR.last + 1, PAIR.comparison + 1)


# ---- Values and points, without a database -------------------------------------------------------

Counts = dict[str, dict[str, int]]


def result(counts: Counts, rule_set: rules.RuleSet = FIRST) -> tuple[TrackResult, ...]:
    scored = [rules.evaluate(rule_set, track, counts) for track in rule_set.tracks]
    shown = rules.shown_track(scored).track.key
    return stored_results.read(stored_results.dump(scored, provable=True), shown=shown)


def test_a_change_is_exact() -> None:
    (_enterprise, smb) = compare(
        result({"usage_growth": {"CPOR": 7}}), result({"usage_growth": {"CPOR": 8, "CSP": 1}})
    )
    (growth,) = [metric for metric in smb.metrics if metric.is_changed]

    assert (growth.key, growth.points, smb.points) == (
        "usage_growth",
        Fraction(30, 500),
        Fraction(30, 500),
    )
    assert [(option.key, option.value, option.points) for option in growth.options] == [
        ("CPOR", 1, Fraction(30, 500)),
        ("CSP", 1, Fraction(30, 2000)),
    ]


def test_an_option_that_does_not_count_is_a_change_without_points() -> None:
    smb = compare(
        result({"usage_growth": {"CPOR": 7}}), result({"usage_growth": {"CPOR": 7, "CSP": 1}})
    )[1]
    (growth,) = [metric for metric in smb.metrics if metric.is_changed]

    assert (growth.points, smb.points) == (Fraction(0), Fraction(0))
    assert smb.is_changed


def test_nothing_changes_against_itself() -> None:
    same = result({"usage_growth": {"CPOR": 7}})
    assert not any(track.is_changed for track in compare(same, same))


def test_a_track_or_metric_of_one_side_only_is_told() -> None:
    both = result({"usage_growth": {"CPOR": 50}})
    (smb, enterprise) = compare(both, both[1:])

    assert (smb.key, smb.points) == ("smb", Fraction(0))
    assert (enterprise.key, enterprise.after) == ("enterprise", None)
    assert enterprise.points == -both[0].total
    assert all(metric.after is None for metric in enterprise.metrics)


values = st.dictionaries(st.sampled_from(["CPOR", "DPOR", "CSP"]), st.integers(-3000, 3000))
alone = st.builds(lambda value: {"": value}, st.integers(-20, 20))
some_counts = st.fixed_dictionaries(
    {
        "net_customer_adds": alone,
        "usage_growth": values,
        "deployments": values,
        "intermediate_certifications": alone,
        "advanced_certifications": alone,
    }
)


@given(some_counts, some_counts, st.sampled_from([FIRST, LATEST]))
def test_the_points_of_the_metrics_add_up_to_those_of_the_track(
    before: Counts, after: Counts, rule_set: rules.RuleSet
) -> None:
    old, new = result(before), result(after, rule_set)
    for track in compare(old, new):
        assert track.points == sum((metric.points for metric in track.metrics), Fraction(0))
    back = {track.key: track.points for track in compare(new, old)}
    assert all(track.points == -back[track.key] for track in compare(old, new))


# ---- Rows ----------------------------------------------------------------------------------------


def put(
    partner: Partner, rows: Sequence[Row], people: Iterable[Held] = (), pair: Months = PAIR
) -> None:
    """These facts of two months, and no others: what the imports of a firm left behind."""
    portfolio = facts.portfolio_of(partner)
    for model in (UsageMonth, Association, Certificate, MonthOfData):
        model.objects.filter(portfolio=portfolio).delete()
    ids = {}
    for name in {row.tenant for row in rows}:
        tenant = Tenant.objects.get_or_create(
            portfolio=portfolio, tenant_id=guid(name), defaults={"name": name}
        )[0]
        ids[number(name)] = tenant.pk
    for month in pair:
        MonthOfData.objects.create(portfolio=portfolio, month=month, imported_at=timezone.now())
    for claim in claims(rows, pair):
        key = {
            "portfolio": portfolio,
            "tenant_id": ids[claim.tenant],
            "workload": claim.workload,
            "option": claim.option,
        }
        Association.objects.create(
            **key,
            begins=claim.begins,
            ends=claim.ends,
            begins_on=claim.begins_on,
            ended_on=claim.ended_on,
            baseline_month=claim.baseline_month,
            baseline_seats=claim.baseline_seats,
            baseline_users=claim.baseline_users,
        )
        for month, seats, users in (
            (pair.last, claim.now_seats, claim.now_users),
            (pair.comparison, claim.then_seats, claim.then_users),
        ):
            if seats is not None and users is not None:
                UsageMonth.objects.create(**key, month=month, seats=seats, users=users)
    for held in people:
        Certificate.objects.create(
            portfolio=portfolio,
            person_key=held.person,
            person_name=held.name,
            email=held.email,
            certification=held.certification,
            completed_on=held.completed_on,
            expires_on=held.expires_on,
            is_linked=held.is_linked,
        )
    facts.touch(portfolio)


def places(difference: Difference) -> list[tuple[str, str, str, int]]:
    """Every track, metric and option of either side, with the change of its value."""
    return [
        (track.key, metric.key, option.key, option.value)
        for track in difference.tracks
        for metric in track.metrics
        for option in metric.options
    ]


def check(difference: Difference) -> None:
    """The rows that differ are all that differ, and add up to the change of each value."""
    for track, metric, option, value in places(difference):
        here = (track, metric, option)
        rows = difference.rows(*here)
        changes = [Change(*row) for row in rows]
        assert sum(change.change for change in changes) == value, here
        assert differences.sums(rows).change == value
        sides = []
        for score in (difference.older, difference.newer):
            entries = ledgers.entries(score, *here)
            sides.append({row[0]: (row[3], row[4], row[6]) for row in entries})
        before, after = sides
        differing = {key for key in before | after if before.get(key) != after.get(key)}
        changed = {change.key for change in changes}
        assert differing <= changed
        if metric not in ("intermediate_certifications", "advanced_certifications"):
            assert differing == changed
        for change in changes:
            assert (change.before and change.before[3:5] + change.before[6:7]) == before.get(
                change.key
            )
            assert (change.after and change.after[3:5] + change.after[6:7]) == after.get(change.key)
        explained = differences.explained(difference, *here, rows)
        for row in explained:
            assert row.before or row.after
            assert all(side.reason for side in (row.before, row.after) if side)
    with translation.override("en"):
        lines = list(csv.reader("".join(differences.export(difference)).splitlines()))
    assert sum(int(line[11]) for line in lines[1:]) == sum(place[3] for place in places(difference))


LABELS = ["2024-02", "2024-03", "2024-09", "2025-02", "2025-03"]
some_figures = st.tuples(st.sampled_from([0, 5, 50, 301]), st.integers(0, 60))
some_rows = st.builds(
    lambda tenant, workload, option, usage, begins_on, ended_on: Row(
        tenant, workload, option, usage, begins_on, ended_on
    ),
    st.sampled_from("ABC"),
    st.sampled_from(["Exchange", "Teams", "M365 Copilot", "Teams Premium"]),
    st.sampled_from(["CPOR", "DPOR", "CSP"]),
    st.dictionaries(st.sampled_from(LABELS), some_figures, min_size=1, max_size=5),
    st.none() | st.just(OLD) | st.just(date(2024, 9, 10)),
    st.none() | st.just(date(2024, 12, 31)),
)
some_people = st.lists(
    st.builds(
        Held,
        person=st.sampled_from(["mcp:1", "mcp:2", "mcp:3"]),
        name=st.sampled_from(["Ada Ohm", "Bo Ek", ""]),
        email=st.just(""),
        certification=st.sampled_from(["MS-900", "MS-700", "MS-102"]),
        completed_on=st.dates(date(2024, 1, 1), date(2025, 6, 1)),
        expires_on=st.none() | st.dates(date(2025, 3, 1), date(2026, 1, 1)),
        is_linked=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda held: (held.person, held.certification, held.completed_on),
)
World = tuple[list[Row], list[Held]]
worlds = st.tuples(st.lists(some_rows, max_size=6), some_people)
when = st.sampled_from(
    [
        (AS_OF, PAIR, FIRST),
        (date(2025, 3, 26), PAIR, FIRST),
        (AS_OF, PAIR, LATEST),
        (LATER, LATER_PAIR, FIRST),
    ]
)


class AnyTwoScoresTest(TestCase):
    @given(worlds, worlds, when, st.booleans())
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def test_rows_add_up(self, before: World, after: World, moment: Any, swapped: bool) -> None:
        partner = PartnerFactory.create()
        put(partner, before[0], before[1])
        older = scores.compute(partner, AS_OF, FIRST)
        day, pair, rule_set = moment
        put(partner, after[0], after[1], pair)
        newer = scores.compute(partner, day, rule_set)
        check(between(newer, older) if swapped else between(older, newer))


@pytest.fixture
def firm(db: None) -> Partner:
    return PartnerFactory.create(name="Kern", slug="kern")


SMB_ADDS = ("smb", NET_ADDS, "")


def changes(difference: Difference, here: tuple[str, str, str] = SMB_ADDS) -> dict[str, int]:
    return {(change := Change(*row)).name: change.change for row in difference.rows(*here)}


def test_within_a_ledger_only_what_its_revisions_wrote_is_looked_at(firm: Partner) -> None:
    old = stored_score(firm, tenants(3), [])
    hand_in(firm, office_usage([Row("Kunde 001", usage={"2025-02": (9, 1)})]))
    new = scores.compute(firm, AS_OF, FIRST)
    found = between(old, new)

    assert (old.ledger_id, old.revision + 1) == (new.ledger_id, new.revision)
    assert changes(found) == {"Kunde 001": -1}
    assert changes(between(new, old)) == {"Kunde 001": 1}
    assert changes(found, ("smb", GROWTH, "CPOR")) == {"Kunde 001": -25}
    rows, _before, _after = differences._rows_of_both(Contribution, old, new)
    assert rows.filter(track=2, option=0).count() == 2  # before and after of one tenant
    check(found)


def test_a_tenant_that_came_or_went_has_one_side(firm: Partner) -> None:
    put(firm, tenants(2))
    old = scores.compute(firm, AS_OF, FIRST)
    put(firm, tenants(3)[1:])
    new = scores.compute(firm, AS_OF, FIRST)
    gone, come = differences.explained(
        between(old, new), *SMB_ADDS, between(old, new).rows(*SMB_ADDS).order_by("name")
    )

    assert (gone.name, gone.after, gone.change) == ("Kunde 000", None, -1)
    assert (come.name, come.before, come.change) == ("Kunde 002", None, 1)


def test_another_month_is_joined_tenant_by_tenant(firm: Partner) -> None:
    old = stored_score(firm, tenants(2), [])
    later = [
        Row("Kunde 000", usage={"2024-03": (9, 2), "2025-03": (50, 31)}, begins_on=OLD),
        Row("Neu", usage={"2024-03": (9, 2), "2025-03": (50, 4)}, begins_on=OLD),
    ]
    hand_in(firm, office_usage(later))
    new = scores.compute(firm, LATER, FIRST)
    found = between(old, new)

    assert old.ledger_id != new.ledger_id
    assert changes(found, ("smb", GROWTH, "CPOR")) == {"Kunde 001": -25, "Kunde 000": 6, "Neu": 4}
    check(found)


def test_another_rule_set_is_joined_too(firm: Partner) -> None:
    rows = [
        *tenants(1),
        Row("Groß", usage={"2024-02": (300, 9), "2025-02": (301, 9)}, begins_on=OLD),
        Row("Neu", "M365 Copilot", usage={"2025-02": (50, 9)}, begins_on=OLD),
    ]
    old = stored_score(firm, rows, [])
    new = scores.compute(firm, AS_OF, LATEST)
    found = between(old, new)

    assert changes(found) == {"Groß": 1, "Neu": 1}
    check(found)


def test_people_are_told_apart_by_what_speaks_for_them(firm: Partner) -> None:
    old = stored_score(firm, [], PEOPLE)
    renewed = [held._replace(expires_on=date(2027, 1, 31)) for held in PEOPLE[:2]]
    put(firm, [], renewed)
    new = scores.compute(firm, date(2026, 3, 25), FIRST)
    found = between(old, new)
    with translation.override("en"):
        ada, bo = differences.explained(
            found,
            "smb",
            "intermediate_certifications",
            "",
            found.rows("smb", "intermediate_certifications", "").order_by("called"),
        )

    assert (ada.name, ada.change, bo.name, bo.change) == ("Ada Ohm", 0, "Bo Ek", 0)
    assert ada.before is not None
    assert ada.after is not None
    assert (ada.before.reason, ada.after.reason) == (
        "Microsoft 365 Certified: Teams Administrator Associate, valid until 31/01/2026.",
        "Microsoft 365 Certified: Teams Administrator Associate, valid until 31/01/2027.",
    )
    assert bo.after is None


def test_two_firms_have_nothing_to_compare(firm: Partner) -> None:
    other = PartnerFactory.create()
    put(firm, [])
    put(other, [])
    one, another = (scores.compute(partner, AS_OF, FIRST) for partner in (firm, other))
    with pytest.raises(ValueError, match="two firms"):
        between(one, another)


@pytest.mark.parametrize(
    ("show", "expected"),
    [(Show.ALL, 3), (Show.UP, 1), (Show.DOWN, 1), (Show.SAME, 1)],
)
def test_rows_are_shown_by_direction(show: Show, expected: int, firm: Partner) -> None:
    put(firm, [*tenants(2), Row("C", usage={"2024-02": (5, 1), "2025-02": (5, 1)})])
    old = scores.compute(firm, AS_OF, FIRST)
    gone = Row("C", usage={"2024-02": (5, 1), "2025-02": (400, 1)})
    put(firm, [*tenants(3)[1:], gone])
    rows = between(old, scores.compute(firm, AS_OF, FIRST)).rows(*SMB_ADDS)
    assert rows.filter(show.condition).count() == expected


# ---- What came in between ------------------------------------------------------------------------


def test_files_and_corrections_in_between_are_named(firm: Partner) -> None:
    old = stored_score(firm, tenants(2), [])
    file = hand_in(firm, office_usage(tenants(3)), name="newer.csv")
    portfolio = facts.portfolio_of(firm)
    correction = Correction.objects.create(
        portfolio=portfolio,
        field=Correction.Field.LEFT,
        person_key="mcp:1",
        reason="Left in May",
    )
    facts.touch(portfolio)
    new = scores.compute(firm, date(2025, 3, 26), FIRST)

    came = differences.came_between(old, new)
    assert ([*came.imports], [*came.corrections]) == ([file], [correction])
    assert (came.undone, came.withdrawn, came.is_empty) == ([], [], False)
    back = differences.came_between(new, old)
    assert ([*back.undone], [*back.withdrawn]) == ([file], [correction])
    assert differences.came_between(new, new).is_empty


# ---- In words ------------------------------------------------------------------------------------


def told(before: Counts, after: Counts) -> tuple[str, str]:
    with translation.override("en"):
        made = []
        for counts in (before, after):
            tracks = result(counts)
            score = mock.Mock(spec=Score, partner_id=1, tracks=tracks)
            score.designated = any(track.passes for track in tracks)
            made.append(score)
        found = between(*made)
        return differences.headline(found), differences.lead(found)


PASSING: Counts = {
    "net_customer_adds": {"": 5},
    "intermediate_certifications": {"": 4},
    "advanced_certifications": {"": 2},
    "usage_growth": {"CPOR": 500},
    "deployments": {"CPOR": 5},
}


@pytest.mark.parametrize(
    ("before", "after", "headline", "lead"),
    [
        ({}, {}, "Nothing has changed in values and points.", ""),
        (
            {"usage_growth": {"CPOR": 100}},
            {"usage_growth": {"CPOR": 100, "CSP": 1}},
            "SMB stays at 6 points, but values have changed.",
            "",
        ),
        (
            {"net_customer_adds": {"": 1}},
            {"net_customer_adds": {"": 2}, "deployments": {"CPOR": -1}},
            "4 points more in Enterprise: 8 instead of 4.",
            "What moved: Net customer adds +4.",
        ),
        (
            {"usage_growth": {"CPOR": 50}, "deployments": {"CPOR": 1}},
            {"usage_growth": {"CPOR": 45}, "deployments": {"CPOR": 1}},
            "0.3 points less in SMB: 7.7 instead of 8.",
            "What moved: Usage growth −0.3.",
        ),
        (
            {"usage_growth": {"CSP": 100}},
            {"usage_growth": {"CSP": 100, "DPOR": 1000}},
            "7.5 points more in Enterprise: 7.5 instead of 0.",
            "What moved: Usage growth +7.5. Before, SMB was the better track, with 1.5 points.",
        ),
        (
            {},
            PASSING,
            "Now the requirements are met: SMB 90 points.",
            "What moved: Usage growth +30, Deployments +25, Advanced certifications +15, "
            "Net customer adds +10, Intermediate certifications +10.",
        ),
        (
            PASSING,
            {**PASSING, "net_customer_adds": {"": 0}},
            "The requirements are no longer met: SMB 80 points.",
            "What moved: Net customer adds −10.",
        ),
    ],
)
def test_the_headline_says_what_happened(
    before: Counts, after: Counts, headline: str, lead: str
) -> None:
    assert told(before, after) == (headline, lead)


# ---- The page ------------------------------------------------------------------------------------

Soup = Callable[[Any], BeautifulSoup]


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member(firm, "manager", name="Mara Kern"))


def address(score: Score, query: str = "") -> str:
    return reverse("scoring:difference", args=[score.pk]) + query


def two_scores(firm: Partner, rows: int = 1) -> tuple[Score, Score]:
    """From three tenants to three and ``rows`` more, one of the first three has become small."""
    put(firm, tenants(3), PEOPLE)
    old = scores.compute(firm, AS_OF, FIRST)
    more = [
        Row(f"Neu {n}", usage={"2024-02": (9, 2), "2025-02": (50, 5)}, begins_on=OLD)
        for n in range(rows)
    ]
    small = Row("Kunde 001", usage={"2024-02": (9, 2), "2025-02": (9, 1)}, begins_on=OLD)
    first, _second, third = tenants(3)
    put(firm, [first, small, third, *more], PEOPLE)
    return old, scores.compute(firm, date(2025, 3, 26), FIRST)


def test_the_page_tells_the_change_and_its_rows(firm: Partner, browser: Client, soup: Soup) -> None:
    old, new = two_scores(firm)
    page = soup(browser.get(address(new)))

    # Growth from 75 to 55: -1.2; deployments and adds lose a tenant and win none, or one.
    assert text(page.h1) == "6,2 Punkte weniger in SMB: 39,3 statt 45,5."
    assert "Vom 25. März 2025 zum 26. März 2025." in text(page.select_one(".lead"))
    first = page.select_one("section[aria-labelledby=track-smb] tbody tr")
    assert text(first) == "Bereitstellungen CPOR +3 → +2 · zählt CSP 0 +3 → +2 15 → 10 −5"
    cells = [text(cell) for cell in page.select("#rows tbody td.num")]
    assert cells == ["+1", "0", "−1", "–", "0", "0"]
    row = page.select_one("#rows tbody tr")
    assert text(row.select_one(".ledger__name")) == "Kunde 001"  # type: ignore[union-attr]
    assert text(row.select_one(".ledger__why")) == (  # type: ignore[union-attr]
        "9 Plätze, SMB beginnt bei 11. Vorher: 25 von 50 Plätzen genutzt (Exchange)."
    )
    assert text(page.select("#rows tfoot td.num")[-1]) == "−1"
    assert page.select_one("select[name=other] option[selected]")["value"] == str(old.pk)  # type: ignore[index]


def test_the_page_shows_the_rows_that_are_asked_for(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    old, new = two_scores(firm)
    query = f"?other={old.pk}&track=smb&metric=usage_growth&option=CPOR"
    page = soup(browser.get(address(new, query)))
    assert text(page.select_one("#rows h2")) == "SMB, Nutzungswachstum (CPOR): +75 → +55"
    assert [text(name) for name in page.select("#rows tbody .ledger__name")] == [
        "Kunde 001",
        "Neu 0",
    ]
    grown = soup(browser.get(address(new, query + "&show=up")))
    assert [text(name) for name in grown.select("#rows tbody .ledger__name")] == ["Neu 0"]
    assert text(grown.select("#rows tfoot td.num")[-1]) == "−20"
    none = soup(browser.get(address(new, query + "&show=same")))
    assert "Keine Zeile passt" in text(none.main)


@pytest.mark.parametrize("query", ["?track=gold&metric=charm&option=XX", "?show=all&page=99"])
def test_what_the_page_does_not_know_is_left_out(
    query: str, firm: Partner, browser: Client
) -> None:
    assert browser.get(address(two_scores(firm)[1], query)).status_code == 200


def test_an_earlier_score_is_compared_with_the_one_asked_for(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    old, new = two_scores(firm)
    for url in (address(old), address(old, f"?other={new.pk}"), address(new, f"?other={old.pk}")):
        assert text(soup(browser.get(url)).h1) == "6,2 Punkte weniger in SMB: 39,3 statt 45,5."


def test_the_first_score_says_that_there_is_no_other(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    put(firm, tenants(3))
    only = scores.compute(firm, AS_OF, FIRST)
    page = soup(browser.get(address(only)))
    assert text(page.h1) == "Bisher gibt es nur diesen Stand."
    csv_url = reverse("scoring:difference_csv", args=[only.pk])
    assert browser.get(csv_url).status_code == 404
    score_page = soup(browser.get(reverse("scoring:score", args=[only.pk])))
    assert score_page.select(f'a[href="{address(only)}"]') == []


def test_the_score_page_leads_to_what_changed(firm: Partner, browser: Client, soup: Soup) -> None:
    _old, new = two_scores(firm)
    page = soup(browser.get(reverse("scoring:score", args=[new.pk])))
    (link,) = page.select(f'a[href="{address(new)}"]')
    assert text(link) == "Was hat sich seit dem letzten Stand geändert?"


@pytest.mark.parametrize("wanted", ["nonsense", "7d9c2f4e-0000-4000-8000-000000000000"])
def test_another_score_has_to_be_one_of_the_firm(
    wanted: str, firm: Partner, browser: Client
) -> None:
    _old, new = two_scores(firm)
    stranger = stored_score(PartnerFactory.create())
    for other in (wanted, str(stranger.pk), str(new.pk)):
        assert browser.get(address(new, f"?other={other}")).status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_a_difference_do_not_grow(
    rows: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    _old, new = two_scores(firm, rows)
    query = "?metric=usage_growth&option=CPOR"
    with django_assert_num_queries(9) as captured:  # session, user, membership, then its own
        page = browser.get(address(new, query))
    assert page.content.count(b"ledger__name") == rows + 1
    assert {statement["sql"].split()[0] for statement in captured} == {"SELECT"}


def test_rules_and_months_are_named(firm: Partner, browser: Client, soup: Soup) -> None:
    put(firm, tenants(3))
    scores.compute(firm, AS_OF, FIRST)
    new = scores.compute(firm, LATER, LATEST)
    aside = text(soup(browser.get(address(new))).select_one("aside"))
    assert "Modern Work 2023 → Modern Work 2026" in aside
    assert "Workloads, die jetzt zählen: Microsoft 365 Copilot" in aside


NEWCOMER = "5 aktive Nutzer; vor einem Jahr zählte der Tenant noch nicht, daher zählen alle."


def test_the_csv_has_both_sides(firm: Partner, browser: Client) -> None:
    _old, new = two_scores(firm)
    url = reverse("scoring:difference_csv", args=[new.pk])
    response = browser.get(url, {"track": "smb", "metric": "usage_growth"})
    assert response["Content-Disposition"] == (
        'attachment; filename="difference-kern-2025-03-25-2025-03-26-smb-usage_growth.csv"'
    )
    head, *rows = csv.reader(body(response).decode().removeprefix(ledgers.BOM).splitlines())

    assert head[5:8] == [
        "Jetzt, im Stand vom 2025-03-25",
        "Damals, im Stand vom 2025-03-25",
        "Beitrag im Stand vom 2025-03-25",
    ]
    assert [row[3:12] for row in rows] == [
        ["Kunde 001", guid("Kunde 001"), "25", "0", "25", "0", "0", "0", "-25"],
        ["Neu 0", guid("Neu 0"), "", "", "", "5", "0", "5", "5"],
    ]
    assert rows[1][12:] == ["", NEWCOMER]


def test_names_are_shown_literally(firm: Partner, browser: Client, soup: Soup) -> None:
    evil = '<script>alert("x")<b>'
    old = stored_score(firm)
    row = Row(evil, usage={"2025-02": (50, 5)}, begins_on=OLD)
    hand_in(firm, office_usage([row]), name=f"{evil}.csv")
    new = scores.compute(firm, date(2025, 3, 26), FIRST)
    response = browser.get(address(new, f"?other={old.pk}&metric=net_customer_adds"))
    assert b"<script>alert" not in response.content
    assert evil in text(soup(response).select_one("#rows"))
    assert f"{evil}.csv" in text(soup(response).select_one("aside"))
    assert soup(response).select("[style], style, script:not([src])") == []
