"""Pages of scores and ledgers: what they show, how much they ask the database, what is escaped."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import translation

from partners.models import Partner, User
from scoring import ledgers, rule_sets, scores
from scoring.models import Score
from scoring.people import Certificate
from scoring.presentation import notes
from scoring.reasons import Caution
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, body, hand_in, stored_score, tenants
from tests.scoring.test_ledgers import corrected
from tests.scoring.worlds import Row, guid, office_usage, training

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co")


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member(firm, "manager", name="Mara Kern"))


def metric_url(score: Score, metric: str, track: str = "smb", query: str = "") -> str:
    return reverse("scoring:metric", args=[score.pk, track, metric]) + query


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


# ---- Overview ------------------------------------------------------------------------------------


def test_without_data_the_page_says_what_to_export(browser: Client, soup: Soup) -> None:
    page = soup(browser.get(reverse("scoring:overview")))

    assert text(page.h1) == "Wo steht Ihre Firma?"
    assert "LIFETIME" in text(page.main)
    assert [text(step.h3) for step in page.select(".steps > li")] == [
        "Lizenznutzung (OfficeUsage)",
        "Claims (CPOR-M365)",
        "Zertifizierungen (TrainingCompletions)",
        "Intune (EMSUsage)",
        "Listen von Claims und Kunden",
    ]
    assert [link["href"] for link in page.select(".btn--primary")] == [reverse("scoring:imports")]


def test_an_observer_without_data_is_told_who_may_upload(
    firm: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    page = soup(sign_in(member(firm, "observer")).get(reverse("scoring:overview")))

    assert page.select(".btn--primary") == []
    assert "Dateien laden die Admins, Partnermanager und Fachleute" in text(page.main)


def test_overview_tells_the_score_in_words_and_figures(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    score = stored_score(firm)  # SMB: 3 new tenants 6, people 5 + 15, growth 75 * 0.06 = 4.5, 3 * 5
    page = soup(browser.get(reverse("scoring:overview")))

    assert text(page.h1) == "Noch nicht erfüllt: Es fehlen 24,5 Punkte."
    assert "SMB mit 45,5 Punkten" in text(page.select_one(".lead"))
    rows = page.select("section[aria-labelledby=track-smb] tbody tr")
    assert [text(row.td) for row in rows] == [
        "+3 Tenants",
        "1 Person",
        "1 Person",
        "+75 Nutzer",
        "+3 Tenants",
    ]
    assert [text(row.select_one("td b")) for row in rows] == ["6,0", "5,0", "15,0", "4,5", "15,0"]
    assert text(rows[3].select_one(".metrics__options")) == "CPOR +75 · zählt CSP 0 · ergäbe 0,0"
    assert next(link["href"] for link in rows[3].select("a")) == metric_url(score, "usage_growth")
    facts = text(page.select_one("aside .facts"))
    assert "Februar 2025 mit Februar 2024" in facts
    assert "Modern Work 2023" in facts
    picture = page.select_one("svg.chart title")
    assert text(picture).startswith("Punkte beider Tracks gegen die nötigen 70: SMB 45,5 von 100")


def test_a_rounded_total_shows_the_exact_one_beside_it(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    stored_score(firm)
    page = soup(browser.get(reverse("scoring:overview")))

    sum_line = text(page.select_one("section[aria-labelledby=track-smb] .track__sum p"))
    assert sum_line == "46 von 100 Punkten genau 45,5"


def test_a_held_designation_and_a_zero_metric_are_told_apart(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    held = stored_score(firm, tenants(10), [*PEOPLE_FOR_ALL])
    page = soup(browser.get(reverse("scoring:score", args=[held.pk])))
    assert text(page.h1) == "Die Anforderungen sind erfüllt."
    assert "tag--ok" in page.select_one("section[aria-labelledby=track-smb] .tag")["class"]  # type: ignore[index]

    other = PartnerFactory.create()
    member(other, "manager")
    zero = stored_score(
        other, tenants(10), [row for row in PEOPLE_FOR_ALL if row.certification != "MS-102"]
    )
    member_of_other = other.memberships.get().user
    browser.force_login(member_of_other)
    page = soup(browser.get(reverse("scoring:score", args=[zero.pk])))
    assert text(page.h1) == "Genug Punkte, aber noch nicht in jeder Kennzahl."
    assert "Höhere Zertifizierungen" in text(page.select_one(".lead"))


PEOPLE_FOR_ALL = [
    Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:2", "Bo Ek", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
]


def test_a_missing_comparison_month_is_named_with_what_to_order(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    rows = [Row(usage={"2025-01": (50, 20), "2025-02": (50, 25)})]
    score = stored_score(firm, rows)
    page = soup(browser.get(reverse("scoring:score", args=[score.pk])))

    notice = page.select_one(".notice--warn")
    assert "Vergleichsmonat Februar 2024 fehlt" in text(notice)
    assert "LIFETIME" in text(notice)


CAUTIONS: dict[Caution, tuple[dict[str, object], str]] = {
    Caution.NO_USAGE_DATA: (
        {"as_of": "2025-03-25"},
        "There are no usage data before 25/03/2025 yet.",
    ),
    Caution.NO_SKILLING_DATA: ({}, "There are no certifications yet."),
    Caution.COMPARISON_MONTH_MISSING: (
        {"month": "2024-02"},
        "The comparison month February 2024 is missing, so this is not a score yet: the figures "
        "take it as empty. Please order the report with the time span LIFETIME, or with 13 months "
        "or more.",
    ),
    Caution.COMPARISON_MONTH_EMPTY: (
        {"month": "2024-02"},
        "The data hold nothing for the comparison month February 2024. Every association is known "
        "to have begun later, so it is taken as empty.",
    ),
    Caution.DATA_OLD: (
        {"month": "2025-02"},
        "The newest data are of February 2025. Newer ones should be available.",
    ),
    Caution.IMPORT_RUNNING: (
        {},
        "An import was running when this was computed: it may hold half of its data.",
    ),
    Caution.DERIVED_DATES: (
        {"count": 1234},
        "Associations without a known beginning: 1,234. For them the first month with data was "
        "taken.",
    ),
    Caution.MAY_DISPLAY_PASS: (
        {"track": "SMB", "total": "69.6", "pass_mark": "70"},
        "SMB: 69.6 points. Partner Center may display 70.",
    ),
    Caution.BELOW_ONE_POINT: (
        {"track": "SMB", "metric": "usage_growth", "points": "0.42"},
        "SMB: a metric above zero but below one point (Usage growth: 0.42) is read as fulfilled. "
        "Microsoft's page also says “at least one point”.",
    ),
}


@pytest.mark.parametrize("caution", Caution)
def test_every_caution_is_told_whole(
    caution: Caution, firm: Partner, browser: Client, soup: Soup
) -> None:
    params, words = CAUTIONS[caution]
    score = stored_score(firm, tenants(1))
    Score.objects.filter(pk=score.pk).update(cautions=[{"code": caution.value, "params": params}])
    score.refresh_from_db()
    with translation.override("en"):
        assert notes(score) == [words]
    page = soup(browser.get(reverse("scoring:score", args=[score.pk])))
    (notice,) = page.select("[aria-labelledby=notes-heading] p")
    assert text(notice) not in {"", words}


def test_the_score_says_on_which_files_and_corrections_it_rests(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    plain = stored_score(firm)
    facts = text(soup(browser.get(reverse("scoring:score", args=[plain.pk]))).select_one("aside"))
    assert "2 Dateien" in facts
    assert "Korrektur" not in facts

    other = corrected(firm)
    page = soup(browser.get(reverse("scoring:score", args=[other.pk])))
    link = page.select_one(f'aside a[href="{reverse("scoring:corrections")}"]')
    assert text(link) == "1 Korrektur"


def test_every_score_of_the_history_stays_reachable(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    old = stored_score(firm)
    new = scores.compute(firm, date(2025, 4, 2), rule_sets.get("modern-work-2026"))
    page = soup(browser.get(reverse("scoring:history")))

    links = [link["href"] for link in page.select("tbody th a")]
    assert {reverse("scoring:score", args=[score.pk]) for score in (old, new)} <= set(links)
    shown = soup(browser.get(reverse("scoring:score", args=[old.pk])))
    assert "Modern Work 2023" in text(shown.select_one("aside .facts"))


def test_compute_makes_a_score_for_the_chosen_day_and_rules(firm: Partner, browser: Client) -> None:
    hand_in(firm, office_usage(tenants(1)))
    data = {"as_of": "2025-03-31", "rule_set": "modern-work-2026"}
    response = browser.post(reverse("scoring:compute"), data)

    score = Score.objects.filter(partner=firm).latest("computed_at")
    assert (score.as_of, score.rule_set) == (date(2025, 3, 31), "modern-work-2026")
    assert score.computed_by is not None
    assert response["Location"] == reverse("scoring:score", args=[score.pk])


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2999-01-01", "Bitte wählen Sie heute oder einen Tag in der Vergangenheit."),
        ("2001-01-01", "Die Designationen gibt es seit dem 3. Oktober 2022."),
    ],
)
def test_compute_says_what_is_wrong_with_a_day(
    day: str, words: str, firm: Partner, browser: Client, soup: Soup
) -> None:
    stored_score(firm)
    before = Score.objects.count()
    data = {"as_of": day, "rule_set": "modern-work-2023"}
    page = soup(browser.post(reverse("scoring:compute"), data))

    assert text(page.select_one("#compute .errorlist")) == words
    assert Score.objects.count() == before


def test_new_data_since_the_score_are_announced(firm: Partner, browser: Client, soup: Soup) -> None:
    score = stored_score(firm)
    url = reverse("scoring:score", args=[score.pk])
    assert "neue Daten" not in text(soup(browser.get(url)).main)
    hand_in(firm, office_usage(tenants(4)), name="newer.csv")
    assert "neue Daten" in text(soup(browser.get(url)).main)


# ---- Ledger --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("net_customer_adds", "+3"),
        ("intermediate_certifications", "1"),
        ("advanced_certifications", "1"),
        ("usage_growth", "+75"),
        ("deployments", "+3"),
    ],
)
def test_the_ledger_adds_up_to_the_value_of_the_metric(
    metric: str, value: str, firm: Partner, browser: Client, soup: Soup
) -> None:
    score = stored_score(firm)
    page = soup(browser.get(metric_url(score, metric)))

    assert text(page.select_one(".figure")) == value
    assert text(page.select("tfoot td.num")[-1]) == value
    rows = [text(row.select("td.num")[-1]) for row in page.select("tbody tr")]
    numbers = [int(row.replace("+", "").replace("−", "-")) for row in rows]
    assert sum(numbers) == int(value.replace("+", ""))


def test_the_ledger_says_why_somebody_does_not_count(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    rows = [*tenants(1), Row("Zu klein", usage={"2024-02": (8, 1), "2025-02": (10, 9)})]
    score = stored_score(firm, rows)
    page = soup(browser.get(metric_url(score, "net_customer_adds")))

    small = page.select("tbody tr")[-1]
    assert text(small.select_one(".ledger__name")) == "Zu klein"
    assert text(small.select_one(".ledger__id")) == guid("Zu klein")
    assert text(small.select_one("td.ledger__why")) == "10 Plätze, SMB beginnt bei 11."
    assert "is-out" in small["class"]


def test_growth_names_the_baseline_of_each_workload(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    row = Row(
        "Spät",
        usage={"2024-02": (50, 10), "2024-11": (50, 18), "2025-02": (50, 23)},
        begins_on=date(2024, 11, 10),
    )
    score = stored_score(firm, [row])
    page = soup(browser.get(metric_url(score, "usage_growth", query="?option=CPOR")))

    cells = [text(cell) for cell in page.select("tbody td.num")]
    assert cells == ["23", "18", "+5"]
    part = text(page.select_one(".ledger__parts li"))
    assert part == "Exchange: jetzt 23, zu Beginn der Zuordnung 18 (November 2024)"


def ledger_world(firm: Partner) -> Score:
    rows = [
        *tenants(2),
        Row("Bleibt", usage={"2024-02": (50, 5), "2025-02": (50, 9)}, begins_on=OLD),
        Row("Verloren", usage={"2024-02": (50, 5), "2025-02": (9, 2)}, begins_on=OLD),
        Row("Winzig", usage={"2024-02": (5, 2), "2025-02": (5, 2)}, begins_on=OLD),
    ]
    return stored_score(firm, rows)


def names(page: BeautifulSoup) -> list[str]:
    return [text(name) for name in page.select("tbody .ledger__name")]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", ["Kunde 000", "Kunde 001", "Bleibt", "Winzig", "Verloren"]),
        ("plus", ["Kunde 000", "Kunde 001"]),
        ("minus", ["Verloren"]),
        ("same", ["Bleibt"]),
        ("not", ["Winzig"]),
        ("nonsense", ["Kunde 000", "Kunde 001", "Bleibt", "Winzig", "Verloren"]),
    ],
)
def test_ledger_filters_keep_the_sum_of_all_rows(
    show: str, expected: list[str], firm: Partner, browser: Client, soup: Soup
) -> None:
    score = ledger_world(firm)
    page = soup(browser.get(metric_url(score, "net_customer_adds", query=f"?show={show}")))

    assert names(page) == expected
    assert text(page.select("tfoot td.num")[-1]) == "+1"


def test_ledger_search_finds_names_and_tenant_ids(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    score = ledger_world(firm)
    for words in ("kunde 000", guid("Kunde 000")[:13]):
        page = soup(browser.get(metric_url(score, "net_customer_adds"), {"words": words}))
        assert names(page) == ["Kunde 000"]
    page = soup(browser.get(metric_url(score, "net_customer_adds"), {"words": "%_'\""}))
    assert names(page) == []
    assert "Keine Zeile passt" in text(page.main)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Bleibt", "Kunde 000", "Kunde 001", "Verloren", "Winzig"]),
        ("-name", ["Winzig", "Verloren", "Kunde 001", "Kunde 000", "Bleibt"]),
        ("contribution", ["Verloren", "Bleibt", "Winzig", "Kunde 000", "Kunde 001"]),
        ("password", ["Kunde 000", "Kunde 001", "Bleibt", "Winzig", "Verloren"]),
    ],
)
def test_ledger_sorts_by_a_column(
    sort: str, expected: list[str], firm: Partner, browser: Client, soup: Soup
) -> None:
    score = ledger_world(firm)
    page = soup(browser.get(metric_url(score, "net_customer_adds", query=f"?sort={sort}")))

    assert names(page) == expected
    marked = [text(head) for head in page.select("th[aria-sort]")]
    assert marked == ({"name": ["Kunde"], "contribution": ["Zählt"]}.get(sort.strip("-"), []))


def test_ledger_pages_by_a_hundred(firm: Partner, browser: Client, soup: Soup) -> None:
    score = stored_score(firm, tenants(101), [])
    first = soup(browser.get(metric_url(score, "net_customer_adds")))
    second = soup(browser.get(metric_url(score, "net_customer_adds", query="?page=2")))

    assert (len(names(first)), len(names(second))) == (100, 1)
    assert "Seite 1 von 2" in text(first.select_one(".pagination"))
    assert [text(page.select("tfoot td.num")[-1]) for page in (first, second)] == ["+101", "+101"]


@pytest.mark.parametrize(("track", "metric"), [("gold", "deployments"), ("smb", "charm")])
def test_an_unknown_track_or_metric_is_not_found(
    track: str, metric: str, firm: Partner, browser: Client
) -> None:
    score = stored_score(firm)
    assert browser.get(metric_url(score, metric, track)).status_code == 404


def test_another_option_says_that_it_does_not_count(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    score = stored_score(firm)
    page = soup(browser.get(metric_url(score, "usage_growth", query="?option=CSP")))

    assert "Stattdessen zählt CPOR, Optionen werden nicht addiert." in text(page.main)
    assert text(page.select_one(".switches [aria-current]")) == "CSP 0"


# ---- CSV -----------------------------------------------------------------------------------------


def csv_of(browser: Client, score: Score, query: str = "") -> str:
    response = browser.get(reverse("scoring:ledger_csv", args=[score.pk]) + query)
    return body(response).decode()


def test_the_csv_has_every_row_of_the_ledger(firm: Partner, browser: Client) -> None:
    score = stored_score(firm)
    lines = csv_of(browser, score).splitlines()

    assert lines[0] == (
        "\ufeffTrack,Kennzahl,Option,Name,Tenant,Jetzt (2025-02),Damals (2024-02),Beitrag,Warum"
    )
    # In each track: 3 tenants in three metrics, 2 people in one, 1 of them in the other.
    assert len(lines) - 1 == 2 * (3 * 3 + 2 + 1)
    one = csv_of(browser, score, "?track=smb&metric=usage_growth&option=CPOR").splitlines()
    assert len(one) - 1 == 3
    assert one[1].startswith(f"SMB,Nutzungswachstum,CPOR,Kunde 000,{guid('Kunde 000')},25,0,25,")


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+49 221", "-1+1", "@SUM(A1)", "\tx"])
def test_names_in_the_csv_are_no_formulas(name: str) -> None:
    assert ledgers.harmless(name) == f"'{name}"


def test_a_negative_contribution_stays_a_number(firm: Partner, browser: Client) -> None:
    score = ledger_world(firm)
    lines = csv_of(browser, score, "?track=smb&metric=net_customer_adds&option=").splitlines()

    lost = next(line for line in lines if "Verloren" in line)
    assert f"{guid('Verloren')},0,1,-1," in lost


def test_the_csv_has_a_name_that_tells_firm_and_day(firm: Partner, browser: Client) -> None:
    score = stored_score(firm)
    response = browser.get(
        reverse("scoring:ledger_csv", args=[score.pk]), {"track": 'smb"\r\nSet-Cookie: a=b'}
    )
    body(response)
    name = response["Content-Disposition"]
    assert name == f'attachment; filename="ledger-{firm.slug}-2025-03-25-smbSet-Cookieab.csv"'


# ---- Cost and safety -----------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow_with_the_rows(
    rows: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    hand_in(firm, office_usage(tenants(rows)))
    hand_in(
        firm,
        training(
            [Certificate(f"mcp:{n}", f"P {n}", "", "MS-700", date(2024, 1, 1)) for n in range(rows)]
        ),
    )
    for month in range(1, rows + 1):
        score = scores.compute(firm, date(2025, 3, month), rule_sets.get("modern-work-2023"))
    expected = {  # session, user, membership, then the page's own
        reverse("scoring:overview"): 21,
        reverse("scoring:history"): 9,
        reverse("scoring:imports"): 7,
        metric_url(score, "net_customer_adds"): 10,
        metric_url(score, "intermediate_certifications"): 8,
    }
    for url, number in expected.items():
        with django_assert_num_queries(number) as captured:
            assert browser.get(url).status_code == 200
        assert {query["sql"].split()[0] for query in captured} == {"SELECT"}, url


def test_html_in_names_is_shown_literally(firm: Partner, browser: Client, soup: Soup) -> None:
    firm.name = EVIL
    firm.save()
    row = Row(EVIL, usage={"2024-02": (50, 5), "2025-02": (50, 25)}, begins_on=OLD)
    person = Certificate("mcp:9", EVIL, "", "MS-700", date(2024, 1, 31))
    score = stored_score(firm, [row], [person])

    for url in (
        reverse("scoring:overview"),
        metric_url(score, "net_customer_adds"),
        metric_url(score, "intermediate_certifications"),
    ):
        response = browser.get(url)
        assert b"<script>alert" not in response.content
        page = soup(response)
        assert EVIL in page.main.get_text()  # type: ignore[union-attr]
    assert '"<script>alert(""x"")</script>"' in csv_of(browser, score)


def test_pages_have_no_inline_style_or_script(firm: Partner, browser: Client, soup: Soup) -> None:
    score = stored_score(firm)
    for url in (
        reverse("scoring:overview"),
        reverse("scoring:history"),
        reverse("scoring:imports"),
        metric_url(score, "usage_growth"),
    ):
        page = soup(browser.get(url))
        assert page.select("[style], style, script:not([src])") == [], url
        assert len(page.select(".btn--primary")) <= 1, url
