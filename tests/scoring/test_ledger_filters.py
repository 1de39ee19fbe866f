"""Filters of the ledger: what they find, what they say they find, how little they ask for it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.models import Partner, User
from scoring import corrections, ledger_filters, ledgers, rule_sets, scores
from scoring.explaining import dump_claims
from scoring.judging import ALONE, DEPLOYMENTS, GROWTH, NET_ADDS, Claim
from scoring.ledger_filters import Baseline, Filters, Why, kind_of, read_facets, read_shares
from scoring.ledgers import Show
from scoring.models import Score, Tenant
from scoring.reasons import Reason
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, stored_score
from tests.scoring.test_ledger_details import claims, words_of
from tests.scoring.test_ledgers import NAMES, SINCE
from tests.scoring.worlds import PAIR, Row, guid

FIRST = rule_sets.get("modern-work-2023")
WORKLOADS = {1, 2, 3, 4}


# ---- Read from the text of facts -----------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(claims(), max_size=3), st.sampled_from([ALONE, 1, 2, 3]))
def test_facets_are_those_of_the_claims(world: list[list[Claim]], option: int) -> None:
    stored = [(tenant, dump_claims(own)) for tenant, own in enumerate(world, 1)]
    found = read_facets(stored, option, WORKLOADS, PAIR.comparison)

    expected: dict[tuple[int, str], set[int]] = {}
    for tenant, own in enumerate(world, 1):
        for claim in own:
            if claim.workload in WORKLOADS and option in (ALONE, claim.option):
                key = (claim.workload, kind_of(claim, PAIR.comparison))
                expected.setdefault(key, set()).add(tenant)
    assert {key: set(own) for key, own in found.tenants.items()} == expected
    for workload, kind in expected:
        assert found.of(workload, kind) == expected[workload, kind]
    assert sum(found.of_workloads().values()) == len(
        {(workload, tenant) for (workload, _kind), own in expected.items() for tenant in own}
    )


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(claims(), max_size=3), st.sampled_from(["CPOR", "CSP"]))
def test_shares_are_those_of_the_claims(world: list[list[Claim]], option: str) -> None:
    stored = [(tenant, dump_claims(own)) for tenant, own in enumerate(world, 1)]
    known = {one.number for one in FIRST.workloads.values() if DEPLOYMENTS in one.counts_for}
    found = read_shares(stored, FIRST.options[option].number, known, PAIR.last)

    assert found == {
        tenant: share
        for tenant, own in enumerate(world, 1)
        if (share := ledger_filters.share_of(own, FIRST, option, PAIR.last)) is not None
    }


def test_every_reason_is_of_one_kind() -> None:
    kinds = [reason for why in Why for reason in why.reasons]

    assert sorted(kinds) == sorted(Reason)


# ---- Of a firm -----------------------------------------------------------------------------------


@pytest.fixture
def firm(db: None) -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    client = sign_in(member(firm, "manager"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def world(firm: Partner) -> Score:
    """Four tenants: one compared, one with a dated beginning, one derived, one corrected."""
    rows = [
        Row("Alt", "Teams", usage={"2024-02": (50, 2), "2025-02": (50, 20)}, begins_on=OLD),
        Row("Alt", "Exchange", usage={"2025-02": (50, 10)}, begins_on=date(2025, 2, 1)),
        Row("Benannt", "Exchange", usage={"2024-11": (50, 5), "2025-02": (50, 45)}),
        Row(
            "Datiert",
            "Exchange",
            usage={"2024-11": (50, 30), "2025-02": (50, 35)},
            begins_on=date(2024, 11, 3),
        ),
        Row("Klein", "Exchange", usage={"2024-11": (9, 5), "2025-02": (9, 6)}),
    ]
    stored_score(firm, rows)
    tenant = Tenant.objects.get(name="Benannt")
    corrections.make(
        firm,
        "baseline",
        corrections.OfClaim(tenant.pk, NAMES.workload_numbers["exchange"], 1, SINCE),
        7,
        reason="gezählt",
        by=None,
    )
    return scores.compute(firm, date(2025, 3, 25), FIRST)


FOUND: dict[str, tuple[Filters, set[str]]] = {
    "nothing": (Filters(), {"Alt", "Benannt", "Datiert", "Klein"}),
    "workload": (Filters(workload="teams"), {"Alt"}),
    "unknown workload": (Filters(workload="charm"), set()),
    "compared": (Filters(baseline=Baseline.COMPARISON), {"Alt"}),
    "dated": (Filters(baseline=Baseline.FILE), {"Alt", "Datiert"}),
    "derived": (Filters(baseline=Baseline.DERIVED), {"Klein"}),
    "corrected": (Filters(baseline=Baseline.CORRECTED), {"Benannt"}),
    "of one claim": (Filters(workload="exchange", baseline=Baseline.COMPARISON), set()),
    "grown": (Filters(why=Why.GROWN), {"Alt", "Benannt", "Datiert"}),
    "outside": (Filters(why=Why.SEATS), {"Klein"}),
    "unknown reason": (Filters(why="charm"), {"Alt", "Benannt", "Datiert", "Klein"}),
}


@pytest.mark.parametrize("case", FOUND)
def test_filters_find_by_what_the_score_knew(case: str, firm: Partner) -> None:
    filters, names = FOUND[case]
    score = world(firm)
    rows = ledgers.entries(score, "smb", GROWTH, "CPOR")
    facets = ledger_filters.facets(score, "smb", GROWTH, "CPOR")
    found = ledger_filters.of_reason(rows, filters.why)
    found = ledger_filters.of_facts(found, facets, FIRST, filters)

    assert set(found.values_list("name", flat=True)) == names


def test_each_choice_says_how_many_rows_it_has(firm: Partner, browser: Client, soup: Any) -> None:
    score = world(firm)
    page = soup(browser.get(reverse("scoring:metric", args=[score.pk, "smb", GROWTH])))

    def offered(name: str) -> list[str]:
        return [words_of(one) for one in page.select(f"select[name={name}] option")]

    assert offered("show") == ["All rows", "Adds to the value (3)", "Does not count (1)"]
    assert offered("why") == [
        "All rows",
        "Compared with its baseline (3)",
        "Outside the seat band (1)",
    ]
    assert offered("workload") == ["All rows", "Exchange (4)", "Teams (1)"]
    assert offered("baseline") == [
        "All rows",
        "Comparison month (1)",
        "Beginning named by a file (2)",
        "Beginning derived from the data (1)",
        "Corrected by a person (1)",
    ]


@pytest.mark.parametrize("metric", [NET_ADDS, GROWTH, DEPLOYMENTS, "advanced_certifications"])
def test_the_numbers_of_the_choices_are_those_of_the_rows(metric: str, firm: Partner) -> None:
    score = world(firm)
    option = {NET_ADDS: "", "advanced_certifications": ""}.get(metric, "CPOR")
    rows = ledgers.entries(score, "smb", metric, option)
    counts = ledger_filters.counts(rows)

    for show in Show:
        assert counts.shows.get(show, 0) == rows.filter(show.condition).count()
    for why in Why:
        assert counts.whys.get(why, 0) == ledger_filters.of_reason(rows, why).count()
    assert sum(counts.whys.values()) == rows.count() > 0


def test_what_was_chosen_is_added_up_beside_all(firm: Partner, browser: Client, soup: Any) -> None:
    score = world(firm)
    url = reverse("scoring:metric", args=[score.pk, "smb", GROWTH])
    page = soup(browser.get(url, {"workload": "teams"}))

    feet = [words_of(row) for row in page.select("tfoot tr")]
    assert feet == [
        "Of these 1 row 30 12 +18 what you chose",
        "Sum of all 4 rows 110 49 +61 the value of the metric",
    ]
    assert [words_of(one) for one in page.select(".ledger__name")] == ["Alt"]


def test_an_old_score_is_filtered_by_what_was_known_then(firm: Partner) -> None:
    rows = [Row("A", "Exchange", usage={"2024-11": (50, 5), "2025-02": (50, 25)})]
    old = stored_score(firm, rows)
    stored_score(firm, [Row("A", "Exchange", usage={"2025-02": (50, 26)}, begins_on=OLD)])

    facets = ledger_filters.facets(old, "smb", GROWTH, "CPOR")

    assert facets.of_baselines() == {Baseline.DERIVED: 1}


# ---- The share in use ----------------------------------------------------------------------------


def names_by(browser: Client, score: Score, soup: Any, sort: str) -> list[str]:
    url = reverse("scoring:metric", args=[score.pk, "smb", DEPLOYMENTS])
    page = soup(browser.get(url, {"sort": sort}))
    return [words_of(one) for one in page.select(".ledger__name")]


def test_deployments_sort_by_the_share_in_use(firm: Partner, browser: Client, soup: Any) -> None:
    rows = [
        Row("Halb", usage={"2025-02": (50, 25)}, begins_on=OLD),
        Row("Ganz", usage={"2025-02": (50, 50)}, begins_on=OLD),
        Row("Ohne", usage={"2024-02": (50, 50)}, begins_on=OLD),
        Row("Kaum", usage={"2025-02": (50, 1)}, begins_on=OLD),
    ]
    score = stored_score(firm, rows)

    assert names_by(browser, score, soup, "-share") == ["Ganz", "Halb", "Kaum", "Ohne"]
    assert names_by(browser, score, soup, "share") == ["Kaum", "Halb", "Ganz", "Ohne"]
    url = reverse("scoring:metric", args=[score.pk, "smb", DEPLOYMENTS])
    page = soup(browser.get(url, {"sort": "-share"}))
    shares = [words_of(one) for one in page.select("tbody .ledger__share")]
    assert shares == ["100 %", "50 %", "2 %", "–"]


@pytest.mark.parametrize("metric", [NET_ADDS, GROWTH, DEPLOYMENTS])
@pytest.mark.parametrize(
    "query",
    [{}, {"workload": "exchange", "baseline": "file"}, {"why": "grown"}, {"sort": "-share"}],
)
def test_queries_do_not_grow_with_the_rows(
    metric: str,
    query: dict[str, str],
    firm: Partner,
    browser: Client,
    soup: Any,
    django_assert_num_queries: Any,
) -> None:
    taken = []
    for count in (1, 3):
        rows = [
            Row(
                f"K{n}",
                usage={"2024-11": (50, 5), "2025-02": (50, 25)},
                begins_on=date(2024, 11, 3),
            )
            for n in range(count)
        ]
        score = stored_score(firm, rows)
        url = reverse("scoring:metric", args=[score.pk, "smb", metric])
        with django_assert_num_queries(14, exact=False) as captured:
            browser.get(url, query)
        assert {one["sql"].split()[0] for one in captured} == {"SELECT"}
        taken.append(len(captured))

    assert taken[0] == taken[1]


def test_a_guid_in_the_address_finds_and_opens_its_row(
    firm: Partner, browser: Client, soup: Any
) -> None:
    score = world(firm)
    url = reverse("scoring:metric", args=[score.pk, "smb", GROWTH])
    page = soup(browser.get(url, {"words": guid("Alt"), "open": guid("Alt")}))

    assert [words_of(one) for one in page.select(".ledger__name")] == ["Alt"]
    assert len(page.select(".claims tbody tr")) == 2
