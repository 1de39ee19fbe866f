"""A row of the ledger taken apart: the parts add up to it, and each says why and from where."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.models import Partner, User
from scoring import corrections, judging, ledger_details, months, rule_sets, scores
from scoring.claim_states import ClaimState
from scoring.corrections import OfCertificate, OfClaim
from scoring.explaining import Explainer
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS, NO_END, Claim
from scoring.ledger_details import Teller
from scoring.models import Correction, Score, Tenant
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, stored_score
from tests.scoring.test_ledgers import FIRST, LATEST, NAMES, SINCE, claim
from tests.scoring.worlds import PAIR, Row, guid

EXPLAINERS = [Explainer(rule_set, PAIR) for rule_set in rule_sets.all_sets()]
FIGURES = st.sampled_from([0, 1, 4, 10, 11, 40, 50, 100, 299, 300, 301, 900])
MONTHS = st.sampled_from([PAIR.comparison - 5, PAIR.comparison, PAIR.comparison + 4, PAIR.last])


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Any claims of one tenant: claimed again, corrected, not approved, without data."""
    found = []
    for workload in draw(st.lists(st.sampled_from([1, 2, 3, 4, 15, 99]), unique=True, max_size=4)):
        for option in draw(st.sets(st.sampled_from([1, 2, 3]), min_size=1, max_size=2)):
            begins = draw(MONTHS)
            intervals = [(begins, draw(st.sampled_from([NO_END, PAIR.last, begins])))]
            if intervals[0][1] < PAIR.last and draw(st.booleans()):
                intervals.append((intervals[0][1] + 2, NO_END))
            months_of = (draw(st.none() | FIGURES), draw(FIGURES), draw(st.none() | FIGURES))
            for first, last in intervals:
                has_base = draw(st.booleans())
                found.append(
                    Claim(
                        1,
                        workload,
                        option,
                        first,
                        last,
                        draw(st.sampled_from(sorted(int(state) for state in ClaimState))),
                        draw(st.sampled_from([0, judging.BASELINE_CORRECTED])),
                        draw(st.none() | st.just("2024-03-01")),
                        baseline_month=first if has_base else None,
                        baseline_seats=draw(FIGURES) if has_base else None,
                        baseline_users=draw(FIGURES) if has_base else None,
                        now_seats=months_of[0],
                        now_users=None if months_of[0] is None else months_of[1],
                        then_seats=months_of[2],
                        then_users=None if months_of[2] is None else draw(FIGURES),
                    )
                )
    return [one for _tenant, own in judging.by_tenant(found) for one in own]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(claims())
def test_the_parts_of_a_row_add_up_to_it(own: list[Claim]) -> None:
    for explainer in EXPLAINERS:
        for line in explainer.lines(own):
            parts = ledger_details.parts(explainer, line.metric, line.track, line.option, own)
            assert sum(part.now for part in parts) == line.now
            assert sum(part.then for part in parts) == line.then
            track = explainer.rule_set.track(line.track)
            told = list(Teller(explainer, line.metric, track).told(parts))
            assert len(told) == len(parts)
            assert all(one.why for one in told)  # every claim has its sentence


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(claims())
def test_a_row_that_counts_once_has_one_claim_that_decides(own: list[Claim]) -> None:
    for explainer in EXPLAINERS:
        for line in explainer.lines(own):
            if line.metric == GROWTH:
                continue
            parts = ledger_details.parts(explainer, line.metric, line.track, line.option, own)
            assert [part.now for part in parts if part.now] == [1] * line.now
            assert [part.then for part in parts if part.then] == [1] * line.then


ENDED = months.parse_label("2024-06")
# why: (rule set, metric, option, the claims; the sentence of the first)
SENTENCES: dict[str, tuple[Any, str, str, list[Claim], str]] = {
    "eligible": (FIRST, NET_ADDS, "", [claim((50, 9))], "50 seats: it makes the tenant eligible."),
    "eligible, too": (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 9)), claim((60, 9), workload="teams")],
        "50 seats: eligible, too, but a tenant counts once.",
    ),
    "too few": (FIRST, NET_ADDS, "", [claim((10, 9))], "10 seats, SMB starts at 11."),
    "too many": (FIRST, NET_ADDS, "", [claim((301, 9))], "301 seats, SMB ends at 300."),
    "promoted": (
        LATEST,
        NET_ADDS,
        "",
        [claim((1301, 9), (300, 2))],
        "Grew to 1,301 seats and stays in SMB: no change.",
    ),
    "not accepted": (
        FIRST,
        NET_ADDS,
        "",
        [claim((50, 9), option="DPOR")],
        "SMB does not accept DPOR.",
    ),
    "ended": (
        FIRST,
        NET_ADDS,
        "",
        [claim(None, (50, 9), ends=ENDED, ended_on="2024-06-30")],
        "The association ended on 30/06/2024. It decided in February 2024.",
    ),
    "waiting": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 9), state=int(ClaimState.SUBMITTED))],
        "The claim is not approved (Submitted): only approved ones count.",
    ),
    "no data": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim(None, (50, 9)), claim((50, 9), workload="teams")],
        "No data for February 2025. Its users of February 2024 are taken off: 9.",
    ),
    "growth": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 9), (50, 4))],
        "Counts: 9 now less 4 in February 2024.",
    ),
    "newly eligible": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 9), (9, 4))],
        "Counts: 9 now, all of them, because the tenant was not eligible in February 2024.",
    ),
    "since claim": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 9), begins=SINCE, begins_on="2024-11-05", base=(50, 4))],
        "Counts: 9 now less 4 in November 2024, when the association began.",
    ),
    "first seen": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((50, 9), begins=SINCE, base=(50, 4))],
        "Counts: 9 now less 4 in November 2024, the first month with data.",
    ),
    "not eligible": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((5, 3))],
        "Does not count: the tenant is not eligible in SMB.",
    ),
    "lost": (
        FIRST,
        GROWTH,
        "CPOR",
        [claim((5, 3), (50, 4))],
        "The tenant is no longer eligible: 4 users of February 2024 are missing.",
    ),
    "deployed": (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 20))],
        "20 of 50 seats in use: it makes the tenant deployed.",
    ),
    "below": (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 19))],
        "19 of 50 seats in use, below 40\N{NO-BREAK SPACE}%.",
    ),
    "above at claim": (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((50, 30), begins=SINCE, begins_on="2024-11-05", base=(50, 21))],
        "Already above 40\N{NO-BREAK SPACE}% when claimed (November 2024): 21 of 50 seats.",
    ),
    "no seats": (
        FIRST,
        DEPLOYMENTS,
        "CPOR",
        [claim((0, 3)), claim((50, 3), workload="teams")],
        "No paid seats: the share cannot be told.",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_each_claim_says_why(case: str) -> None:
    rule_set, metric, option, own, sentence = SENTENCES[case]
    explainer = Explainer(rule_set, PAIR)
    parts = ledger_details.parts(explainer, metric, "smb", option, own)

    with translation.override("en"):
        told = next(iter(Teller(explainer, metric, rule_set.track("smb")).told(parts)))

    assert told.why == sentence


def test_where_a_baseline_comes_from() -> None:
    def baseline(own: Claim) -> tuple[str, str]:
        explainer = Explainer(FIRST, PAIR)
        parts = ledger_details.parts(explainer, GROWTH, "smb", "CPOR", [own])
        with translation.override("en"):
            [told] = Teller(explainer, GROWTH, FIRST.track("smb")).told(parts)
        source = told.baseline_source
        return told.baseline, source.words if source else ""

    named: dict[str, Any] = {"begins": SINCE, "begins_on": "2024-11-05"}
    late = claim((50, 9), base=(50, 4), **named)._replace(baseline_month=SINCE + 1)
    assert baseline(claim((50, 9), (50, 3))) == ("3", "comparison month, February 2024")
    assert baseline(claim((50, 9), base=(50, 4), **named)) == (
        "4",
        "November 2024, when the association began",
    )
    assert baseline(late) == ("4", "December 2024, the first with data since it began")
    assert baseline(claim((50, 9), begins=SINCE, base=(50, 4))) == (
        "4",
        "November 2024, the first month with data",
    )
    assert baseline(claim((50, 9), **named)) == ("–", "no figures since it began")
    assert baseline(claim((5, 9))) == ("", "")


# ---- On the page ---------------------------------------------------------------------------------


@pytest.fixture
def firm(db: None) -> Partner:
    return PartnerFactory.create()


@pytest.fixture
def manager(firm: Partner) -> User:
    return member(firm, "manager", name="Mia Manager")


@pytest.fixture
def browser(manager: User, sign_in: Callable[[User], Client]) -> Client:
    client = sign_in(manager)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def url_of(score: Score, metric: str, **query: str) -> str:
    url = reverse("scoring:metric", args=[score.pk, "smb", metric])
    return f"{url}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def words_of(element: Any) -> str:
    return " ".join(element.get_text(" ").split()).replace(" :", ":")


def corrected_score(firm: Partner, manager: User) -> Score:
    """Two workloads; the beginning of one is derived, and corrected by a person."""
    rows = [
        Row("A", "Exchange", usage={"2024-11": (50, 5), "2025-02": (50, 25)}),
        Row("A", "Teams", usage={"2024-02": (50, 2), "2025-02": (50, 20)}, begins_on=OLD),
    ]
    stored_score(firm, rows)
    tenant = Tenant.objects.get()
    corrections.make(
        firm,
        "begins_on",
        OfClaim(tenant.pk, NAMES.workload_numbers["exchange"], 1, SINCE),
        date(2024, 10, 7),
        reason="laut Vertrag",
        by=manager,
    )
    return scores.compute(firm, date(2025, 3, 25), rule_sets.get("modern-work-2023"))


def test_a_row_opens_to_its_workloads(
    firm: Partner, manager: User, browser: Client, soup: Any
) -> None:
    score = corrected_score(firm, manager)
    page = soup(browser.get(url_of(score, GROWTH, open=guid("A"))))

    rows = page.select(".claims tbody tr")
    assert [words_of(row.select_one("th")) for row in rows] == ["Exchange CPOR", "Teams CPOR"]
    held = words_of(rows[0].select("td")[0])
    today = Correction.objects.get().made_at.strftime("%d/%m/%Y")
    assert held == f"Held since: 07/10/2024 corrected by Mia Manager on {today}: laut Vertrag"
    values = [words_of(cell) for cell in page.select(".claims tbody .claims__value")]
    assert values == ["Adds: +20", "Adds: +18"]
    assert words_of(page.select_one(".claims tfoot .claims__value")) == "+38"
    assert words_of(page.select_one("tbody.is-open > tr b")) == "+38"
    assert page.select_one(f'.claims-box a[href="/designation/kunden/{guid("A")}/"]')


def test_the_months_of_a_row_stand_in_picture_and_table(
    firm: Partner, manager: User, browser: Client, soup: Any
) -> None:
    score = corrected_score(firm, manager)
    page = soup(browser.get(url_of(score, GROWTH, open=guid("A"))))

    table = page.select_one(".months-table")
    heads = [words_of(head) for head in table.select("thead th")]
    assert heads[2:] == [f"{month:02d}/24" for month in range(2, 13)] + ["01/25", "02/25"]
    teams = table.select("tbody > tr")[1]
    assert [words_of(cell) for cell in teams.select("td.num")] == [
        "2 of 50",
        *["–"] * 11,
        "20 of 50",
    ]
    assert words_of(teams.select_one("svg title")) == (
        "Active users of Teams by CPOR: 2 in February 2024, 20 in February 2025, at most 20. "
        "The figures stand beside it."
    )


@pytest.mark.parametrize("asked", ["open", "shut"])
def test_the_fragment_is_what_the_page_shows(
    asked: str, firm: Partner, manager: User, browser: Client, soup: Any
) -> None:
    score = corrected_score(firm, manager)
    fragment = browser.get(url_of(score, GROWTH, **{asked: guid("A")}), HTTP_HX_REQUEST="true")
    page = browser.get(url_of(score, GROWTH, **({"open": guid("A")} if asked == "open" else {})))

    region = f"#row-{guid('A')}"
    shown = soup(fragment).select_one(region)
    assert (shown.select_one(".claims") is not None) == (asked == "open")
    for one in (part := soup(page).select_one(region)).select("a.ledger__name"):
        assert one["aria-expanded"] == ("true" if asked == "open" else "false")
    assert [words_of(cell) for cell in shown.select("td")] == [
        words_of(cell) for cell in part.select("td")
    ]


@pytest.mark.parametrize("wanted", ["x", "00000000-0000-4000-8000-000000000000"])
def test_a_row_that_is_not_there_is_not_found(wanted: str, firm: Partner, browser: Client) -> None:
    score = stored_score(firm)
    answer = browser.get(url_of(score, GROWTH, open=wanted), HTTP_HX_REQUEST="true")

    assert answer.status_code == 404
    assert browser.get(url_of(score, GROWTH, open=wanted)).status_code == 200


@pytest.mark.parametrize("metric", [NET_ADDS, GROWTH, DEPLOYMENTS])
def test_an_opened_row_takes_the_same_queries_with_more_rows(
    metric: str, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    taken = []
    for count in (1, 3):
        workloads = ["Exchange", "Teams", "SharePoint"][:count]
        rows = [
            Row(f"Kunde {n:03d}", workload, usage={"2025-02": (50, 25)}, begins_on=OLD)
            for workload in workloads
            for n in range(count)
        ]
        score = stored_score(firm, rows)
        with django_assert_num_queries(15, exact=False) as captured:
            browser.get(url_of(score, metric, open=guid("Kunde 000")))
        assert {query["sql"].split()[0] for query in captured} == {"SELECT"}
        taken.append(len(captured))

    assert taken[0] == taken[1]


def test_a_person_opens_to_the_certificates(
    firm: Partner, manager: User, browser: Client, soup: Any
) -> None:
    stored_score(firm)
    corrections.make(
        firm,
        "expires_on",
        OfCertificate("mcp:1", "MS-102", date(2024, 1, 31)),
        date(2025, 12, 31),
        reason="auf der Urkunde",
        by=manager,
    )
    score = scores.compute(firm, date(2025, 3, 25), rule_sets.get("modern-work-2023"))
    metric = "advanced_certifications"
    page = soup(browser.get(url_of(score, metric, open="mcp:1")))

    [row] = page.select(".claims tbody tr")
    cells = [words_of(cell) for cell in row.select("td")]
    assert cells[0] == "Completed: 31/01/2024"
    assert cells[1].startswith("Counts until: 31/12/2025 corrected by Mia Manager on")
    assert cells[1].endswith("auf der Urkunde")
    assert cells[2] == "counts"
    link = page.select_one(".claims-box a.link-more")
    assert words_of(link) == "1 more certificate of this person, and corrections"
    assert link["href"].startswith("/designation/personen/?words=Ada+Ohm#person-")


def test_a_person_whom_no_file_knows_any_more_is_said_to_be_gone(
    firm: Partner, browser: Client, soup: Any
) -> None:
    score = stored_score(firm)
    firm.portfolio.certificates.all().delete()
    page = soup(browser.get(url_of(score, "advanced_certifications", open="mcp:1")))

    assert words_of(page.select_one(".claims-box p")) == (
        "Your files no longer know this person. The score keeps the row as it was."
    )
