"""The page of the people with its corrections in place, and the list of all corrections."""

import csv
import io
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
from scoring import certified, corrections, facts, months, rule_sets
from scoring.corrections import OfCertificate, OfClaim, OfPerson
from scoring.models import Correction
from scoring.people import Certificate
from tests.factories import PartnerFactory, member
from tests.scoring.stage import body, hand_in
from tests.scoring.worlds import Row, guid, office_usage, training

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EVIL = '<script>alert("x")</script>'
NAMES = rule_sets.vocabulary()
GROWN = {"2024-06": (50, 5), "2024-10": (50, 9), "2025-02": (50, 15)}
# Ada under two addresses, Bo who renewed late, Cem whose certificate ends soon.
ADA, ADA_TOO, BO_OLD, BO_NEW, CEM = (
    Certificate(f"mail:{mail}", name, mail, key, done, until)
    for name, mail, key, done, until in (
        ("Ada Ohm", "ada@alt.example", "MS-700", date(2024, 5, 1), date(2025, 12, 31)),
        ("Ohm, Ada", "ada@neu.example", "MS-700", date(2024, 6, 1), date(2026, 1, 31)),
        ("Bo Ek", "bo@firma.example", "MS-102", date(2023, 1, 31), date(2024, 1, 31)),
        ("Bo Ek", "bo@firma.example", "MS-102", date(2024, 3, 1), date(2025, 12, 31)),
        ("Cem Su", "cem@firma.example", "MS-700", date(2024, 4, 2), date(2025, 4, 2)),
    )
)
EVERYBODY = [ADA, ADA_TOO, BO_OLD, BO_NEW, CEM]


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2025-03-25 09:00:00Z", tick=True):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co", slug="kern")


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member(firm, "manager", name="Mara Kern"))


def bring_people(firm: Partner, *rows: Certificate) -> None:
    assert hand_in(firm, training(rows), name="people.csv").state == "done"


def bring(firm: Partner, *rows: Row) -> None:
    assert hand_in(firm, office_usage(rows)).state == "done"


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def people(browser: Client, soup: Soup, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:people") + query))


def listed(browser: Client, soup: Soup, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:corrections") + query))


def card(page: BeautifulSoup, certificate: Certificate) -> Any:
    return page.select_one(f"#{certified.anchor(certificate.person)}")


def names(page: BeautifulSoup) -> list[str]:
    return [text(head) for head in page.select(".person-card h3")]


def claim(firm: Partner, tenant: str = "Dorn Druck") -> OfClaim:
    return OfClaim(
        facts.portfolio_of(firm).tenants.get(tenant_id=guid(tenant)).pk,
        NAMES.workload_numbers["exchange"],
        NAMES.option_numbers["CPOR"],
        months.parse_label("2024-06"),
    )


# ---- People --------------------------------------------------------------------------------------


def test_people_are_shown_with_what_counts_and_until_when(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    page = people(browser, soup)
    assert [text(count) for count in page.select(".counts p")] == [
        "3 Mittlere Zertifizierungen",
        "1 Höhere Zertifizierungen",
    ]
    assert names(page) == ["Ada Ohm", "Bo Ek", "Cem Su", "Ohm, Ada"]
    assert text(card(page, CEM).select_one(".speaks")) == (
        "Mittlere Zertifizierungen: zählt. Microsoft 365 Certified: Teams Administrator Associate, "
        "gültig bis 02.04.2025."
    )
    # Told in words, not by colour only.
    assert [text(tag) for tag in card(page, CEM).select(".holdings .tag")] == [
        "läuft bald ab: in 8 Tagen, am 02.04.2025"
    ]


def test_a_certificate_renewed_late_tells_its_gap(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    own = card(people(browser, soup), BO_NEW)
    assert [text(tag) for tag in own.select(".holdings .tag")] == [
        "gültig bis 31.12.2025",
        "abgelaufen am 31.01.2024",
    ]
    assert (
        "Zu spät verlängert: Vom 01.02.2024 bis 29.02.2024 gab es keines, und für diese Tage zählt "
        "es auch nachträglich nicht."
    ) in text(own)


def test_one_name_under_two_addresses_is_asked_about(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    page = people(browser, soup)
    assert "2 Einträge teilen sich einen Namen" in text(page.select_one(".notice--info"))
    [link] = [
        link for link in card(page, ADA).select("a") if text(link) == "Ohm, Ada (ada@neu.example)"
    ]
    form = soup(browser.get(link["href"])).select_one(".correction-form")
    assert form is not None
    chosen = form.select_one("option[selected]")
    assert chosen is not None
    assert chosen["value"] == ADA_TOO.person


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?words=ohm", ["Ada Ohm", "Ohm, Ada"]),
        ("?words=NEU.example", ["Ohm, Ada"]),
        ("?show=soon", ["Cem Su"]),
        ("?show=counts", ["Ada Ohm", "Bo Ek", "Cem Su", "Ohm, Ada"]),
        ("?show=out", []),
        ("?show=twice", ["Ada Ohm", "Ohm, Ada"]),
        ("?show=corrected", ["Bo Ek"]),
        ("?show=x", ["Ada Ohm", "Bo Ek", "Cem Su", "Ohm, Ada"]),
    ],
)
def test_people_are_searched_and_filtered(
    query: str, expected: list[str], firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    aim = OfCertificate(BO_NEW.person, "MS-102", BO_NEW.completed_on)
    corrections.make(firm, "expires_on", aim, date(2026, 1, 1), reason="verlängert", by=None)
    assert names(people(browser, soup, query)) == expected


def test_two_addresses_become_one_person_and_two_again(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    url = reverse("scoring:person_correct")
    data = {"field": "same_person", "person": ADA.person, "value": ADA_TOO.person}
    response = browser.post(url, data | {"reason": "hat geheiratet"})
    page = soup(browser.get(response["Location"]))
    assert text(page.select_one(".notice--success")) == (
        "Berichtigt. SMB: wie zuvor 25 Punkte; Enterprise: 15 → 12,5 Punkte."
    )
    assert names(page) == ["Bo Ek", "Cem Su", "Ohm, Ada"]
    own = card(page, ADA_TOO)
    assert text(own.p) == "ada@alt.example, ada@neu.example"
    assert text(own.select_one(".person-card__corrections li")).startswith(
        "berichtigt Ist dieselbe Person: Ohm, Ada (ada@neu.example) · in den Dateien steht: "
        "zwei Personen Mara Kern, 25.03.2025: hat geheiratet"
    )

    form = own.select_one(".withdraw form")
    response = browser.post(form["action"], {"back": "people"})
    page = soup(browser.get(response["Location"]))
    assert text(page.select_one(".notice--success")).startswith(
        "Zurückgenommen: Es zählen wieder Ihre Dateien."
    )
    assert names(page) == ["Ada Ohm", "Bo Ek", "Cem Su", "Ohm, Ada"]


def test_an_expiry_is_corrected_in_place(firm: Partner, browser: Client, soup: Soup) -> None:
    bring_people(firm, *EVERYBODY)
    [link] = card(people(browser, soup), CEM).select(".holdings a")
    form = soup(browser.get(link["href"])).select_one(".holdings .correction-form")
    assert form is not None
    fields = {str(one["name"]): str(one.get("value", "")) for one in form.select("input")}
    assert fields.pop("value") == "2025-04-02"
    fields.pop("csrfmiddlewaretoken")
    answer = browser.post(
        str(form["action"]),
        fields | {"value": "2026-04-02", "reason": "am 20. März verlängert"},
        headers={"HX-Request": "true"},
    )
    own = card(soup(answer), CEM)
    assert text(own.select_one(".notice--ok")).startswith("Berichtigt. ")
    assert text(own.select_one(".holdings .tag")) == "gültig bis 02.04.2026"
    assert Correction.objects.get().before == "2025-04-02"


def test_who_has_left_counts_no_more(firm: Partner, browser: Client, soup: Soup) -> None:
    bring_people(firm, *EVERYBODY)
    url = reverse("scoring:person_correct")
    data = {"field": "left", "person": BO_NEW.person, "reason": "seit März woanders"}
    browser.post(url, data)
    own = card(people(browser, soup), BO_NEW)
    assert text(own.header) == "Bo Ek nicht mehr in der Firma"
    assert [text(link) for link in own.select(".person-card__actions a")] == [
        "Ist dieselbe Person wie … : Bo Ek"
    ]


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (
            {"field": "expires_on", "value": "2024-02-01"},
            "form .errorlist",
            "Erworben wurde es am 01.03.2024: Davor kann es nicht ablaufen.",
        ),
        ({"field": "expires_on", "value": ""}, "form .errorlist", "zwingend erforderlich"),
        ({"field": "left", "reason": ""}, "form .errorlist", "zwingend erforderlich"),
        ({"field": "same_person", "value": "mail:nobody"}, "form .errorlist", "keine gültige"),
        (
            {"field": "left", "person": "mail:nobody"},
            ".notice--error",
            "Ihre Daten enthalten diese Person nicht mehr.",
        ),
        (
            {"field": "expires_on", "value": "2026-01-01", "completed_on": "2024-03-02"},
            ".notice--error",
            "Ihre Daten enthalten dieses Zertifikat nicht mehr.",
        ),
    ],
)
def test_what_is_wrong_with_a_person_is_said(
    data: dict[str, str], place: str, words: str, firm: Partner, browser: Client, soup: Soup
) -> None:
    bring_people(firm, *EVERYBODY)
    target = {
        "person": BO_NEW.person,
        "certification": "MS-102",
        "completed_on": "2024-03-01",
        "reason": "bekannt",
    }
    url = reverse("scoring:person_correct")
    response = browser.post(url, target | data, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert words in text(soup(response).select_one(place))
    assert not Correction.objects.exists()


def test_a_form_opens_on_the_page_on_which_its_person_stands(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    rows = [
        Certificate(f"mcp:{n}", f"Person {n:03d}", "", "MS-700", date(2024, 5, 1), date(2026, 5, 1))
        for n in range(52)
    ]
    bring_people(firm, *rows)
    assert len(names(people(browser, soup))) == 50
    page = people(browser, soup, "?" + urlencode({"field": "left", "person": "mcp:51"}))
    assert names(page) == ["Person 050", "Person 051"]
    assert card(page, rows[51]).select_one(".correction-form") is not None


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_people_do_not_grow(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    rows = [
        Certificate(f"mcp:{n}", f"Person {n}", "", "MS-700", date(2024, 5, 1), date(2026, 5, 1))
        for n in range(1, count + 1)
    ]
    bring_people(firm, *rows)
    for row in rows:
        aim = OfCertificate(row.person, "MS-700", row.completed_on)
        corrections.make(firm, "expires_on", aim, date(2026, 1, 1), reason="bekannt", by=None)
        corrections.make(firm, "left", OfPerson(row.person), reason="bekannt", by=None)
    # session, user, memberships, portfolio, certificates, corrections, rights 2; for the
    # corrections: portfolio, certificates, names; ahead: score, moves, choice of reminders and role
    with django_assert_num_queries(16):
        page = browser.get(reverse("scoring:people"))
    assert page.content.count(b'class="person-card"') == count


def test_without_certificates_the_page_says_where_they_come_from(
    browser: Client, soup: Soup
) -> None:
    page = people(browser, soup)
    assert (
        text(page.select_one(".empty h2"))
        == "Noch ist niemand mit einer Zertifizierung importiert."
    )


# ---- The list of corrections ---------------------------------------------------------------------


@pytest.fixture
def corrected(firm: Partner) -> list[Correction]:
    """A baseline, a beginning that was withdrawn, and somebody who left."""
    bring(firm, Row("Dorn Druck", usage=GROWN))
    bring_people(firm, *EVERYBODY)
    by = member(firm, "specialist", name="Ines Vogt")
    begin = corrections.make(
        firm, "begins_on", claim(firm), date(2024, 7, 1), reason="Vertrag", by=by
    )
    corrections.withdraw(begin.pk, by=by)
    baseline = corrections.make(firm, "baseline", claim(firm), 7, reason="=1+1", by=by)
    left = corrections.make(firm, "left", OfPerson(BO_NEW.person), reason="im Mai", by=by)
    return [baseline, begin, left]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["left", "baseline"]),
        ("?show=withdrawn", ["begins_on"]),
        ("?show=all", ["left", "baseline", "begins_on"]),
        ("?show=nonsense", ["left", "baseline"]),
    ],
)
def test_the_list_shows_who_when_why_and_what_the_files_said(
    query: str,
    expected: list[str],
    corrected: list[Correction],
    browser: Client,
    soup: Soup,
) -> None:
    lines = [text(line) for line in listed(browser, soup, query).select(".corrections > li")]
    told = {
        "left": (
            "Bo Ek (bo@firma.example) Gehört nicht mehr zur Firma hat die Firma verlassen "
            "· in den Dateien stand: gehört zur Firma im Mai Ines Vogt, 25.03.2025"
        ),
        "baseline": (
            "Dorn Druck Exchange · CPOR · Aktive Nutzer zu Beginn der Zuordnung 7 Nutzer "
            "· in den Dateien stand: 5 Nutzer =1+1 Ines Vogt, 25.03.2025"
        ),
        "begins_on": (
            "Dorn Druck Exchange · CPOR · Beginn der Zuordnung 01.07.2024 · in den Dateien stand: "
            "Juni 2024 (erster Monat mit Daten) Vertrag Ines Vogt, 25.03.2025"
        ),
    }
    assert len(lines) == len(expected)
    for line, field in zip(lines, expected, strict=True):
        assert line.startswith(told[field])
    assert ["zurückgenommen Ines Vogt" in line for line in lines] == [
        field == "begins_on" for field in expected
    ]


def test_every_line_leads_to_the_fact(
    corrected: list[Correction], browser: Client, soup: Soup
) -> None:
    links = [str(link["href"]) for link in listed(browser, soup).select(".list__title a")]
    for link in links:
        page = soup(browser.get(link))
        assert page.select_one(link[link.index("#") :]) is not None


def test_files_that_have_moved_on_are_pointed_out(
    firm: Partner, corrected: list[Correction], browser: Client, soup: Soup
) -> None:
    def notes() -> list[str]:
        return [text(note) for note in listed(browser, soup).select(".correction__note")]

    assert notes() == []
    bring(firm, Row("Dorn Druck", usage={"2024-06": (50, 6)}))
    gone = BO_NEW._replace(is_linked=False)
    bring_people(firm, BO_OLD._replace(is_linked=False), gone)
    assert notes() == [
        "Inzwischen sagen Ihre Dateien dasselbe: Die Korrektur wird nicht mehr gebraucht.",
        "Ihre Dateien haben sich seither geändert: Heute steht dort „6 Nutzer“. Bitte prüfen Sie, "
        "ob die Korrektur noch stimmt.",
    ]


def test_withdrawing_asks_first_and_leads_back(
    corrected: list[Correction], browser: Client, soup: Soup
) -> None:
    [_left, question] = listed(browser, soup).select("details.withdraw")
    assert "Dann zählt wieder, was in den Dateien steht: 5 Nutzer." in text(question)
    assert question.form is not None
    response = browser.post(str(question.form["action"]), {"back": "corrections"})
    assert response["Location"] == reverse("scoring:corrections")
    page = listed(browser, soup)
    assert text(page.select_one(".notice--success")).startswith("Zurückgenommen: Es zählen wieder")
    assert len(page.select(".corrections > li")) == 1
    again = browser.post(str(question.form["action"]), {"back": "https://evil.example/"})
    assert again["Location"].startswith(reverse("scoring:customer", args=[guid("Dorn Druck")]))
    page = soup(browser.get(again["Location"]))
    assert text(page.select_one(".notice--info")) == "Diese Korrektur ist schon zurückgenommen."


def test_an_observer_sees_corrections_and_withdraws_none(
    firm: Partner, corrected: list[Correction], sign_in: Callable[[User], Client], soup: Soup
) -> None:
    page = listed(sign_in(member(firm, "observer")), soup)
    assert len(page.select(".corrections > li")) == 2
    assert page.select(".withdraw") == []


def test_another_firm_sees_nothing_of_them(
    corrected: list[Correction], sign_in: Callable[[User], Client], soup: Soup
) -> None:
    stranger = sign_in(member(PartnerFactory.create(), "admin"))
    assert listed(stranger, soup, "?show=all").select(".corrections > li") == []
    assert people(stranger, soup).select(".person-card") == []
    assert len(rows_of(stranger)) == 1
    own = corrected[0]
    assert stranger.post(reverse("scoring:correction_withdraw", args=[own.pk])).status_code == 404
    assert stranger.get(reverse("scoring:customer", args=[guid("Dorn Druck")])).status_code == 404


def rows_of(browser: Client) -> list[list[str]]:
    content = body(browser.get(reverse("scoring:corrections_csv"))).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def test_all_corrections_come_as_csv(corrected: list[Correction], browser: Client) -> None:
    head, *rows = rows_of(browser)
    assert head[:7] == [
        "Kunde oder Person",
        "Tenant",
        "Workload und Option oder Zertifizierung",
        "Was",
        "In den Dateien stand",
        "Berichtigt auf",
        "In den Dateien steht heute",
    ]
    assert [row[:9] for row in rows] == [
        [
            "Bo Ek (bo@firma.example)",
            BO_NEW.person,
            "",
            "Gehört nicht mehr zur Firma",
            "",
            "left",
            "",
            "im Mai",
            "Ines Vogt",
        ],
        [
            "Dorn Druck",
            guid("Dorn Druck"),
            "Exchange · CPOR",
            "Aktive Nutzer zu Beginn der Zuordnung",
            "5",
            "7",
            "5",
            "'=1+1",
            "Ines Vogt",
        ],
        [
            "Dorn Druck",
            guid("Dorn Druck"),
            "Exchange · CPOR",
            "Beginn der Zuordnung",
            "2024-06",
            "2024-07-01",
            "2024-06",
            "Vertrag",
            "Ines Vogt",
        ],
    ]
    assert [bool(row[11]) for row in rows] == [False, False, True]
    assert rows[0][9] == "2025-03-25T10:00+01:00"


def test_the_list_has_pages(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, *(Row(f"Kunde {n:02d}", usage=GROWN) for n in range(51)))
    portfolio = facts.portfolio_of(firm)
    Correction.objects.bulk_create(
        Correction(
            portfolio=portfolio,
            field="baseline",
            tenant=tenant,
            workload=NAMES.workload_numbers["exchange"],
            option=NAMES.option_numbers["CPOR"],
            value_number=3,
            value_text="2024-06",
            before="5",
            reason="gezählt",
        )
        for tenant in portfolio.tenants.all()
    )
    assert len(listed(browser, soup).select(".corrections > li")) == 50
    assert len(listed(browser, soup, "?page=2&show=all").select(".corrections > li")) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_list_do_not_grow(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    bring(firm, *(Row(f"Kunde {n}", usage=GROWN) for n in range(count)))
    rows = [ADA, BO_NEW, CEM][:count]
    bring_people(firm, *rows)
    by = member(firm, "specialist")
    for n, row in enumerate(rows):
        aim = claim(firm, f"Kunde {n}")
        corrections.make(firm, "begins_on", aim, date(2024, 7, 1), reason="bekannt", by=by)
        corrections.make(firm, "baseline", aim, 3, reason="bekannt", by=by)
        corrections.make(firm, "left", OfPerson(row.person), reason="bekannt", by=by)
    # session, user, memberships, count, corrections, portfolio; associations, corrections, months,
    # figures; certificates, names; right
    with django_assert_num_queries(14):
        page = browser.get(reverse("scoring:corrections"))
    assert page.content.count(b'id="correction-') == 3 * count


def test_reasons_are_text_and_no_markup(firm: Partner, browser: Client, soup: Soup) -> None:
    bring_people(firm, ADA._replace(name=EVIL))
    corrections.make(firm, "left", OfPerson(ADA.person), reason=EVIL, by=None)
    for page in (listed(browser, soup), people(browser, soup)):
        assert page.find("script", string=lambda words: words and "alert" in words) is None
        assert page.get_text().count(EVIL) >= 2
