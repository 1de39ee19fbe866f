"""Pages of the customers: what they find and show, how much they ask, corrections in place."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from partners.models import Partner, User
from scoring import corrections, facts, months, rule_sets
from scoring.corrections import OfClaim
from scoring.models import Association, Correction
from tests.factories import MembershipFactory, PartnerFactory, member
from tests.scoring.stage import OLD, hand_in, tenants
from tests.scoring.worlds import Row, guid, office_usage

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EVIL = '<script>alert("x")</script>'
NAMES = rule_sets.vocabulary()
NOW = {"2024-02": (50, 5), "2025-02": (50, 25)}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2025-03-25 09:00:00Z", tick=True):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co")


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member(firm, "manager", name="Mara Kern"))


def bring(firm: Partner, *rows: Row) -> None:
    assert hand_in(firm, office_usage(rows)).state == "done"


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def names(page: BeautifulSoup) -> list[str]:
    return [text(link) for link in page.select(".customers__name")]


def listed(browser: Client, soup: Soup, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:customers") + query))


def customer(browser: Client, soup: Soup, tenant: str, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:customer", args=[guid(tenant)]) + query))


def parameters(tenant: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "field": "begins_on",
        "workload": NAMES.workload_numbers["exchange"],
        "option": NAMES.option_numbers["CPOR"],
        "begins": months.parse_label("2024-06"),
    } | changes


# ---- The list ------------------------------------------------------------------------------------

FIRM = (
    Row("Ägir Boote", usage={"2024-02": (50, 5), "2025-02": (60, 25)}, begins_on=OLD),
    Row("Ägir Boote", "Teams", usage={"2025-02": (55, 30)}, begins_on=OLD),
    Row("Bert Bau", option="CSP", usage={"2024-02": (9, 5), "2025-02": (20, 6)}, begins_on=OLD),
    Row("Cora Chemie", usage={"2024-02": (50, 5)}, begins_on=OLD, ended_on=date(2024, 8, 31)),
    Row("Dorn Druck", usage={"2024-06": (400, 9), "2025-02": (400, 90)}),
)


def test_the_list_shows_figures_options_and_standing(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, *FIRM)
    rows = [text(row) for row in listed(browser, soup).select("tbody tr")]
    # Where capitals with an umlaut stand is for the database to say.
    assert sorted(rows) == [
        f"Bert Bau {guid('Bert Bau')} 20 6 CSP Enterprise: nicht berechtigt SMB: neu berechtigt",
        f"Cora Chemie {guid('Cora Chemie')} – – CPOR (beendet) Enterprise: nicht berechtigt "
        "SMB: nicht mehr",
        f"Dorn Druck {guid('Dorn Druck')} 400 90 CPOR Enterprise: neu berechtigt "
        "SMB: nicht berechtigt",
        f"Ägir Boote {guid('Ägir Boote')} 60 30 CPOR Enterprise: nicht berechtigt SMB: berechtigt",
    ]
    assert "im Februar 2025" in text(listed(browser, soup).main)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?words=bau", {"Bert Bau"}),
        ("?words=ÄGIR", {"Ägir Boote"}),
        ("?words=boote+ägir", {"Ägir Boote"}),
        (f"?words={guid('Dorn Druck')}", {"Dorn Druck"}),
        (f"?words={guid('Dorn Druck').replace('-', '')[:9].upper()}", {"Dorn Druck"}),
        ("?words=%00", set()),
        ("?words=niemand", set()),
        (f"?option={NAMES.option_numbers['CSP']}", {"Bert Bau"}),
        ("?option=7000", {"Ägir Boote", "Bert Bau", "Cora Chemie", "Dorn Druck"}),
        ("?show=smb", {"Ägir Boote", "Bert Bau"}),
        ("?show=enterprise", {"Dorn Druck"}),
        ("?show=none", {"Cora Chemie"}),
        ("?show=new", {"Bert Bau", "Dorn Druck"}),
        ("?show=lost", {"Cora Chemie"}),
        ("?show=waiting", {"Bert Bau"}),
        ("?show=undated", {"Dorn Druck"}),
        ("?show=corrected", {"Dorn Druck"}),
        ("?show=nonsense", {"Ägir Boote", "Bert Bau", "Cora Chemie", "Dorn Druck"}),
        ("?show=smb&words=boote", {"Ägir Boote"}),
    ],
)
def test_the_list_is_searched_and_filtered(
    query: str, expected: set[str], firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, *FIRM)
    portfolio = facts.portfolio_of(firm)
    bert = portfolio.tenants.get(tenant_id=guid("Bert Bau"))
    aim = OfClaim(
        portfolio.tenants.get(tenant_id=guid("Dorn Druck")).pk,
        NAMES.workload_numbers["exchange"],
        NAMES.option_numbers["CPOR"],
        months.parse_label("2024-06"),
    )
    corrections.make(firm, "baseline", aim, 4, reason="gezählt", by=None)
    Association.objects.filter(tenant=bert).update(state=6)  # after it was scored
    if query == "?words=%00":
        assert names(listed(browser, soup, query)) != []  # what cannot be asked is left out
        return
    assert set(names(listed(browser, soup, query))) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Bert Bau", "Cora Chemie", "Dorn Druck"]),
        ("-name", ["Dorn Druck", "Cora Chemie", "Bert Bau"]),
        ("-seats", ["Dorn Druck", "Bert Bau", "Cora Chemie"]),
        ("seats", ["Bert Bau", "Dorn Druck", "Cora Chemie"]),
        ("-users", ["Dorn Druck", "Bert Bau", "Cora Chemie"]),
        ("password", ["Bert Bau", "Cora Chemie", "Dorn Druck"]),
    ],
)
def test_the_list_is_sorted(
    sort: str, expected: list[str], firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, *FIRM[2:])
    assert names(listed(browser, soup, f"?sort={sort}")) == expected


def test_the_heads_lead_to_the_other_direction(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, *FIRM)
    heads = listed(browser, soup, "?sort=-seats&words=o").select("thead th")
    assert [(head.a and head.a["href"], head.get("aria-sort")) for head in heads[:3]] == [
        ("?words=o&sort=name", None),
        ("?words=o&sort=seats", "descending"),
        ("?words=o&sort=-users", None),
    ]


def test_the_list_has_pages(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, *tenants(51))
    first = listed(browser, soup)
    assert (text(first.select_one("#customers-heading")), len(names(first))) == ("51 Kunden", 50)
    assert names(listed(browser, soup, "?page=2")) == ["Kunde 050"]


def test_a_firm_without_data_is_told_where_customers_come_from(browser: Client, soup: Soup) -> None:
    page = listed(browser, soup)
    assert text(page.select_one(".empty h2")) == "Noch gibt es keine Kunden."


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_list_do_not_grow(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    bring(firm, *tenants(count))
    # session, user, memberships, portfolio, score, month, count, tenants, usage, associations,
    # corrections, contributions, right
    with django_assert_num_queries(13):
        page = browser.get(reverse("scoring:customers"))
    assert page.content.count(b'class="customers__name"') == count


# ---- One customer --------------------------------------------------------------------------------

GROWN = {"2024-06": (50, 5), "2024-10": (50, 9), "2025-02": (50, 15)}


def fact(page: BeautifulSoup, number: int) -> str:
    return text(page.select(".held__facts dd")[number])


def test_a_customer_shows_what_it_adds_and_why(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN), Row("B", usage=NOW, begins_on=OLD))
    page = customer(browser, soup, "Dorn Druck")
    assert text(page.h1) == "Dorn Druck"
    assert [text(row) for row in page.select(".shares li")][3:] == [
        "Neukunden netto +1 Zählt jetzt mit 50 Plätzen (Exchange), im Februar 2024 noch nicht.",
        "Nutzungswachstum CPOR +10 15 aktive Nutzer, im ersten Monat mit Daten (Juni 2024) "
        "waren es 5.",
        "Bereitstellungen CPOR 0 15 von 50 Plätzen genutzt (Exchange), unter 40 %.",
    ]


def test_each_fact_says_where_it_comes_from(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(
        firm,
        Row("Dorn Druck", usage=GROWN),
        Row("Dorn Druck", "Teams", usage=GROWN, begins_on=OLD, ended_on=date(2025, 2, 28)),
    )
    page = customer(browser, soup, "Dorn Druck")
    assert [text(head) for head in page.select(".held h3")] == ["Exchange CPOR", "Teams CPOR"]
    correct = "Berichtigen : {}, CPOR, {}"
    assert [fact(page, number) for number in range(6)] == [
        "Juni 2024 abgeleitet: erster Monat mit Daten " + correct.format("Exchange", "Beginnt"),
        "besteht noch " + correct.format("Exchange", "Endet"),
        "5 Nutzer Juni 2024, erster Monat mit Daten seit Beginn "
        + correct.format("Exchange", "Nutzer zu Beginn"),
        "15.01.2023 laut Datei " + correct.format("Teams", "Beginnt"),
        "28.02.2025 laut Datei " + correct.format("Teams", "Endet"),
        "5 Nutzer Juni 2024, erster Monat mit Daten seit Beginn "
        "Heute nicht nötig: Zuwachs zählt ab Februar 2024. "
        + correct.format("Teams", "Nutzer zu Beginn"),
    ]


def test_thirteen_months_stand_side_by_side(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN | {"2024-01": (10, 1)}))
    table = customer(browser, soup, "Dorn Druck").select_one(".held__months")
    assert table is not None
    heads = [text(head) for head in table.select("thead th")]
    assert (len(heads), heads[0], heads[-1]) == (13, "02/24", "02/25")
    rows = [[text(cell) for cell in row.select("td")] for row in table.select("tbody tr")]
    assert [[row[4], row[8], row[12]] for row in rows] == [
        ["50", "50", "50"],
        ["5", "9", "15"],
        ["10 %", "18 %", "30 %"],
    ]
    assert rows[0][0] == "–"


def test_a_change_of_the_option_is_told_as_a_story(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(
        firm,
        Row("Dorn Druck", option="CSP", usage={"2024-02": (50, 5), "2024-05": (50, 6)}),
        Row("Dorn Druck", usage=GROWN),
    )
    page = customer(browser, soup, "Dorn Druck")
    assert text(page.select_one("#customer > .notice--info")) == (
        "Exchange ist von CSP (Daten bis Mai 2024) zu CPOR gewechselt (Daten ab Juni 2024). "
        "Für Microsoft ist das eine neue Zuordnung: Zuwachs über CPOR zählt erst ab deren Beginn."
    )
    assert "Die letzten Daten sind vom Mai 2024." in text(page.select(".held")[1])


def test_a_claim_rejected_later_is_told_as_a_story(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    Association.objects.update(state=6)
    page = customer(browser, soup, "Dorn Druck")
    assert text(page.select_one("#customer > .notice--info")) == (
        "Der Claim für Exchange ist nicht genehmigt (Abgelehnt). Solange das so ist, zählt "
        "Exchange über CPOR in keinem Monat, auch nicht in früheren."
    )
    assert text(page.select_one(".held .tag--bad")) == "Claim: Abgelehnt"


def test_a_workload_claimed_again_has_two_intervals(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN, begins_on=date(2024, 9, 2)))
    bring(
        firm,
        Row(
            "Dorn Druck",
            usage={"2024-02": (50, 2)},
            begins_on=date(2023, 3, 1),
            ended_on=date(2024, 6, 30),
        ),
    )
    page = customer(browser, soup, "Dorn Druck")
    assert [text(head) for head in page.select(".held__interval")] == [
        "1. Zum ersten Mal beansprucht",
        "2. Erneut beansprucht",
    ]


def test_an_observer_sees_everything_and_can_change_nothing(
    firm: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    page = customer(sign_in(member(firm, "observer")), soup, "Dorn Druck")
    assert len(page.select(".held__facts dd")) == 3
    assert page.select(".held__correct") == []
    query = "?" + urlencode(parameters())
    page = customer(sign_in(member(firm, "observer")), soup, "Dorn Druck", query)
    assert page.select(".correction-form") == []


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_a_customer_do_not_grow(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    workloads = ["Exchange", "Teams", "SharePoint"][:count]
    bring(firm, *(Row("Dorn Druck", workload, usage=GROWN) for workload in workloads))
    tenant = facts.portfolio_of(firm).tenants.get()
    for workload in workloads:
        aim = OfClaim(
            tenant.pk,
            NAMES.workload_numbers[workload.lower()],
            NAMES.option_numbers["CPOR"],
            months.parse_label("2024-06"),
        )
        corrections.make(firm, "begins_on", aim, date(2024, 7, 1), reason="bekannt", by=None)
        corrections.make(firm, "baseline", aim, 3, reason="bekannt", by=None)
    # session, user, tenant, memberships, score, month; corrections, associations, months and
    # figures since the beginning, figures of 13 months; right; what the files say: associations,
    # corrections, months, figures; claims of the score
    with django_assert_num_queries(18):
        page = browser.get(reverse("scoring:customer", args=[guid("Dorn Druck")]))
    assert page.content.count(b'<article class="held"') == count


def test_a_person_of_two_firms_sees_the_customer_of_either(
    firm: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    other = PartnerFactory.create(name="Zweite Firma")
    bring(other, Row("Dorn Druck", usage=GROWN))
    user = member(firm, "manager")
    MembershipFactory(partner=other, user=user, observer=True)
    page = customer(sign_in(user), soup, "Dorn Druck")
    assert "Zweite Firma" in text(page.select_one(".eyebrow"))
    assert page.select(".held__correct") == []


def test_what_files_and_people_say_is_text_and_no_markup(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row(EVIL, usage=GROWN))
    url = reverse("scoring:customer_correct", args=[guid(EVIL)])
    browser.post(url, parameters(value="2024-07-01", reason=EVIL))
    assert Correction.objects.get().reason == EVIL
    for page in (listed(browser, soup), customer(browser, soup, EVIL)):
        assert page.find("script", string=lambda words: words and "alert" in words) is None
        assert EVIL in page.get_text()


# ---- Correcting in place -------------------------------------------------------------------------


def test_the_form_opens_beside_its_fact(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    link = customer(browser, soup, "Dorn Druck").select(".held__correct")[2]
    page = soup(browser.get(str(link["href"])))
    form = page.select_one(".held__facts .is-open form")
    assert form is not None
    assert [text(label) for label in form.select("label")] == [
        "Aktive Nutzer zu Beginn der Zuordnung",
        "Warum?",
    ]
    field = form.select_one("[name=value]")
    assert field is not None
    assert (field["value"], "autofocus" in field.attrs) == ("5", True)
    assert len(page.select(".held__correct")) == 2


def test_a_fragment_is_what_a_reload_shows(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    link = str(customer(browser, soup, "Dorn Druck").select(".held__correct")[0]["href"])
    fragment = soup(browser.get(link, headers={"HX-Request": "true"}))
    page = soup(browser.get(link))
    for part in (fragment, page):
        for field in part.select("input[name=csrfmiddlewaretoken]"):
            field.decompose()
    assert str(fragment.select_one("#customer")) == str(page.select_one("#customer"))
    assert fragment.select_one("h1") is None


def test_a_correction_is_made_and_its_effect_told(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN), Row("B", usage=NOW, begins_on=OLD))
    url = reverse("scoring:customer_correct", args=[guid("Dorn Druck")])
    data = parameters(field="baseline", value="10", reason="Am Tag gezählt")
    response = browser.post(url, data)
    assert response["Location"] == (
        reverse("scoring:customer", args=[guid("Dorn Druck")])
        + f"#held-{data['workload']}-{data['option']}"
    )
    page = soup(browser.get(response["Location"]))
    assert text(page.select_one(".notice--success")) == (
        "Berichtigt. SMB: 8,8 → 8,5 Punkte; Enterprise: wie zuvor 0 Punkte."
    )
    assert fact(page, 2).startswith(
        "10 Nutzer berichtigt In den Dateien steht: 5 Nutzer. Mara Kern: Am Tag gezählt"
    )
    [line] = page.select(".corrections > li")
    assert text(line).startswith(
        "Aktive Nutzer zu Beginn der Zuordnung Exchange · CPOR 10 Nutzer · in den Dateien stand: "
        "5 Nutzer Am Tag gezählt Mara Kern, 25.03.2025"
    )


def test_htmx_gets_the_region_back_with_the_effect(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN), Row("B", usage=NOW, begins_on=OLD))
    url = reverse("scoring:customer_correct", args=[guid("Dorn Druck")])
    data = parameters(field="baseline", value="10", reason="Am Tag gezählt")
    response = browser.post(url, data, headers={"HX-Request": "true"})
    done = soup(response).select_one("#customer .notice--ok")
    assert (response.status_code, text(done)) == (
        200,
        "Berichtigt. SMB: 8,8 → 8,5 Punkte; Enterprise: wie zuvor 0 Punkte.",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": "2025-03-26"}, "Der Beginn liegt in der Zukunft."),
        ({"value": "1925-03-01"}, "Bitte prüfen Sie das Jahr."),
        ({"value": "gestern"}, "Bitte ein gültiges Datum eingeben."),
        ({"value": ""}, "Dieses Feld ist zwingend erforderlich."),
        ({"value": "2024-07-01", "reason": " "}, "Dieses Feld ist zwingend erforderlich."),
        ({"value": "2024-07-01", "reason": "x" * 501}, "höchstens 500 Zeichen"),
        ({"value": "2024-07-01", "reason": "a\x00b"}, "Nullzeichen"),
        ({"value": "2024-07-01", "workload": "7"}, "Ihre Daten enthalten diese Zuordnung nicht"),
        ({"field": "baseline", "value": "-3"}, "größer oder gleich 0"),
        ({"field": "baseline", "value": "5e9"}, "ganze Zahl"),
        ({"field": "baseline", "value": "99999999"}, "kleiner oder gleich 50000000"),
        ({"field": "ended_on", "value": ""}, "Das sagen die Dateien schon"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    changes: dict[str, str], words: str, firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    url = reverse("scoring:customer_correct", args=[guid("Dorn Druck")])
    data = parameters(reason="bekannt") | changes
    for headers, status in (({}, 200), ({"HX-Request": "true"}, 422)):
        response = browser.post(url, data, headers=headers)
        assert response.status_code == status
        page = soup(response)
        # Where the fact is no longer there, the form has no place: then it is said on top.
        place = ".notice--error" if "workload" in changes else "form .errorlist"
        assert words in text(page.select_one(place))
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"field": "left"}, {"workload": "x"}, {"begins": ""}, {"option": "99999999999"}]
)
def test_a_fact_that_is_none_leads_back_to_the_page(
    changes: dict[str, str], firm: Partner, browser: Client
) -> None:
    bring(firm, Row("Dorn Druck", usage=GROWN))
    url = reverse("scoring:customer_correct", args=[guid("Dorn Druck")])
    response = browser.post(url, parameters(value="2024-07-01", reason="x") | changes)
    assert response["Location"] == reverse("scoring:customer", args=[guid("Dorn Druck")])
    assert not Correction.objects.exists()
