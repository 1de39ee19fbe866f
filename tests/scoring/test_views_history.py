"""The page of the history, the page of one month, and what a firm records there."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from partners.models import Partner, User
from scoring import (
    enrolments,
    history,
    month_changes,
    months,
    rule_sets,
    scores,
    timeline,
    waiting,
)
from scoring.enrolments import MODERN_WORK
from scoring.models import Enrolment, Portfolio
from scoring.people import Certificate
from scoring.views import history as history_views
from tests.factories import PartnerFactory, member
from tests.scoring.past import OLD, PEOPLE, growing, remember, span, store
from tests.scoring.worlds import Row, guid

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
HISTORY = "scoring:history"
GROWTH = "usage_growth"
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co")


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member(firm, "manager", name="Mara Kern"))


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def month_url(label: str) -> str:
    return reverse("scoring:history_month", args=[label])


def qualified_in(firm: Partner, *labels: str) -> Portfolio:
    """A firm whose score qualified with the data of these months."""
    before = [months.label(months.parse_label(label) - 12) for label in labels]
    return remember(firm, growing(labels, small=before))


# ---- The page ------------------------------------------------------------------------------------


def test_without_data_the_page_explains_itself(browser: Client, soup: Soup) -> None:
    page = soup(browser.get(reverse(HISTORY)))

    assert text(page.h1) == "Wie sich die Punkte bewegen, Monat für Monat"
    assert "LIFETIME" in text(page.select_one(".empty"))
    assert page.select(".months, svg.chart, #behind") == []
    assert text(page.select_one("#enrolment summary")) == "Registrierung eintragen"


@time_machine.travel("2024-08-15")
def test_a_qualified_firm_reads_until_when_it_may_enrol(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    qualified_in(firm, "2024-02", "2024-03")
    page = soup(browser.get(reverse(HISTORY)))

    assert text(page.h1) == "Qualifiziert: Sie können sich bis zum 30. September 2024 registrieren."
    assert "März 2024, April 2024" in text(page.select_one(".page-head .lead"))
    facts = page.select_one("aside .facts")
    assert "1. März 2024 bis 15. August 2024" in text(facts)
    assert "Die Daten reichen bis zum 30. April 2024." in text(page.select_one(".notice--warn"))


@time_machine.travel("2024-10-01")
def test_a_firm_whose_days_are_too_old_is_on_its_way(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    qualified_in(firm, "2024-02", "2024-03")
    page = soup(browser.get(reverse(HISTORY)))
    assert text(page.h1) == "Auf dem Weg: Seit dem 1. Mai 2024 hat es noch an keinem Tag gereicht."


@pytest.mark.parametrize(
    ("today", "headline", "lead"),
    [
        ("2023-12-01", "Registriert bis 15. August 2024.", "Bisher gibt es keinen."),
        ("2024-04-02", "Registriert bis 15. August 2024.", "Das genügt für die Verlängerung."),
        (
            "2024-08-01",
            "Verlängerung fällig: Ihr Jahrestag ist der 15. August 2024.",
            "Das genügt für die Verlängerung.",
        ),
        (
            "2024-08-20",
            "Der Jahrestag ist vorbei: Sie können sich noch bis zum 31. August 2024 registrieren.",
            "Ihr Jahrestag war der 15. August 2024",
        ),
        (
            "2024-09-20",
            "Der Jahrestag ist vorbei, und seit dem 1. April 2024 hat es an keinem Tag gereicht.",
            "Wenn Sie verlängert haben, tragen Sie es bitte ein.",
        ),
    ],
)
def test_an_enrolled_firm_reads_what_decides_about_the_renewal(
    today: str,
    headline: str,
    lead: str,
    firm: Partner,
    sign_in: Callable[[User], Client],
    soup: Soup,
) -> None:
    qualified_in(firm, "2024-02")
    day = date(2023, 8, 15)
    enrolments.record(firm, MODERN_WORK, day, by=None, today=day)
    with time_machine.travel(today):
        page = soup(sign_in(member(firm, "manager")).get(reverse(HISTORY)))

    assert text(page.h1) == headline
    assert lead in text(page.select_one(".page-head .lead"))


@time_machine.travel("2024-04-20")
def test_the_table_tells_both_tracks_and_what_is_missing(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    ada = Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 4, 10), date(2024, 4, 20))
    remember(firm, growing(["2024-03"], small=["2023-03"]), [*PEOPLE[1:], ada])
    page = soup(browser.get(reverse(HISTORY)))

    newest, oldest = page.select(".months tbody")
    assert [text(row.select_one(".months__track")) for row in newest.select("tr")] == [
        "Enterprise",
        "SMB",
    ]
    smb = newest.select("tr")[1]
    assert [text(cell).split()[-1] for cell in smb.select(".num")] == [
        "85",
        "20,0",
        "10,0",
        "0,0",
        "30,0",
        "25,0",
    ]
    assert text(smb.select_one(".months__why")) == "Ohne Punkte: 3."
    assert "gereicht: 10.04.2024 bis 20.04.2024" in text(newest)
    assert "zählt im April 2024, entscheidet jetzt" in text(newest)
    assert "ohne Vergleich" in text(oldest)
    assert "is-window" in newest["class"]
    assert "is-window" not in oldest["class"]
    assert [link["href"] for link in newest.select("a")] == [month_url("2024-03")]


@time_machine.travel("2024-04-20")
def test_a_month_leads_to_the_score_of_its_time(firm: Partner, browser: Client, soup: Soup) -> None:
    qualified_in(firm, "2024-03")
    rule_set = rule_sets.get("modern-work-2023")
    score = scores.compute(firm, date(2024, 4, 18), rule_set)
    late = scores.compute(firm, date(2024, 6, 2), rule_set)  # the same data, two months on
    page = soup(browser.get(reverse(HISTORY)))

    links = [link["href"] for link in page.select(".months a")]
    assert reverse("scoring:score", args=[score.pk]) in links
    assert reverse("scoring:score", args=[late.pk]) not in links
    stored = [link["href"] for link in page.select("#scores-heading ~ * a, .section .data tbody a")]
    assert reverse("scoring:score", args=[late.pk]) in stored


@time_machine.travel("2025-01-20")
def test_a_long_history_shows_a_year_first(firm: Partner, browser: Client, soup: Soup) -> None:
    labels = span("2023-10", "2024-12")
    remember(firm, growing(labels))
    page = soup(browser.get(reverse(HISTORY)))
    assert len(page.select(".months tbody")) == 13
    assert text(page.select_one(".section__head .link-more")) == "2 frühere Monate"

    everything = soup(browser.get(reverse(HISTORY), {"months": "all"}))
    assert len(everything.select(".months tbody")) == 15
    assert everything.select(".section__head .link-more") == []


def test_the_page_says_that_it_lies_behind_and_follows(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    store(firm, growing(["2024-03"]))
    behind = soup(browser.get(reverse(HISTORY))).select_one("#behind")
    assert behind is not None
    assert behind["hx-get"] == reverse("scoring:history_status")

    answer = browser.get(reverse("scoring:history_status"), headers={"hx-request": "true"})
    assert soup(answer).select_one("#behind") is not None
    assert "HX-Refresh" not in answer.headers

    remember(firm, growing(["2024-03"]))
    answer = browser.get(reverse("scoring:history_status"), headers={"hx-request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert soup(browser.get(reverse(HISTORY))).select_one("#behind") is None


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_months(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    labels = ["2024-03", "2024-02", "2024-01"][:count]
    remember(firm, growing(labels, small=["2023-03"][: count - 1]))
    for day in range(1, count + 1):
        scores.compute(firm, date(2024, 4, day), rule_sets.get("modern-work-2023"))
        enrolments.record(
            firm,
            enrolments.DESIGNATIONS[day],
            date(2024, 4, day),
            by=None,
            today=date(2024, 4, day),
        )
    # session, user, membership; portfolio, months, enrolments, the right to record, scores of the
    # months and what they said, and the stored scores: their number and one page of them
    with django_assert_num_queries(11) as captured, time_machine.travel("2024-04-20"):
        assert browser.get(reverse(HISTORY)).status_code == 200
    assert {query["sql"].split()[0] for query in captured} == {"SELECT"}


@time_machine.travel("2024-04-20")
def test_the_page_is_whole_in_english_and_for_an_observer(
    firm: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    qualified_in(firm, "2024-03")
    observer = sign_in(member(firm, "observer"))
    page = soup(observer.get(reverse(HISTORY), headers={"accept-language": "en"}))

    assert text(page.h1) == "Qualified: you may enrol until 30 September 2024."
    assert page.select("#enrolment form") == []
    assert "Admins and partner managers" in text(page.select_one("#enrolment"))


@time_machine.travel("2024-04-20")
def test_names_are_shown_literally_and_nothing_is_inline(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    firm.name = EVIL
    firm.save()
    rows = [Row(EVIL, usage={"2024-02": (50, 5), "2024-03": (50, 25)}, begins_on=OLD)]
    remember(firm, rows, [Certificate("mcp:9", EVIL, "", "MS-700", date(2024, 4, 2))])
    for url in (reverse(HISTORY), month_url("2024-03")):
        response = browser.get(url)
        assert b"<script>alert" not in response.content
        page = soup(response)
        assert EVIL in page.main.get_text()  # type: ignore[union-attr]
        assert page.select("[style], style, script:not([src])") == []
        assert len(page.select(".btn--primary")) <= 1


# ---- What the firm says --------------------------------------------------------------------------


@time_machine.travel("2024-05-09")
def test_an_enrolment_is_recorded_in_place(firm: Partner, browser: Client, soup: Soup) -> None:
    data = {"designation": MODERN_WORK, "enrolled_on": "2024-05-02", "anniversary": ""}
    answer = browser.post(reverse("scoring:enrolment_record"), data)
    assert answer.headers["Location"] == reverse(HISTORY)

    row = Enrolment.objects.get(partner=firm)
    assert (row.enrolled_on, row.anniversary) == (date(2024, 5, 2), date(2025, 5, 2))
    assert str(row.recorded_by) == "Mara Kern"
    page = soup(browser.get(reverse(HISTORY)))
    assert text(page.h1) == "Registriert bis 2. Mai 2025."
    assert "Seit 2. Mai 2024, nächster Jahrestag 2. Mai 2025." in text(
        page.select_one("#enrolment")
    )
    # The months that decide begin in December: until then there is no button.
    assert page.select("[id^=renew]") == []


@time_machine.travel("2024-05-09")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enrolled_on": "2024-05-10"}, "Bitte wählen Sie heute oder einen Tag"),
        ({"enrolled_on": "morgen"}, "Bitte ein gültiges Datum eingeben."),
        ({"enrolled_on": "2022-12-01"}, "Dieser Jahrestag (01.12.2023) ist schon vorbei."),
        ({"anniversary": "2031-01-01"}, "höchstens eineinhalb Jahre"),
        ({"designation": "Solutions Partner for Everything"}, "keine gültige Auswahl"),
    ],
)
def test_what_cannot_be_is_said_beside_the_form(
    change: dict[str, str], words: str, browser: Client, soup: Soup
) -> None:
    data = {"designation": MODERN_WORK, "enrolled_on": "2024-05-02", "anniversary": ""}
    page = soup(browser.post(reverse("scoring:enrolment_record"), data | change))

    assert words in text(page.select_one("#enrolment form"))
    assert page.select_one("#enrolment details[open]") is not None
    assert not Enrolment.objects.exists()


@time_machine.travel("2024-08-01")
def test_a_renewal_and_a_giving_up_are_one_button_each(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    day = date(2023, 8, 15)
    row = enrolments.record(firm, MODERN_WORK, day, by=None, today=day)
    renew = reverse("scoring:enrolment_renew", args=[row.pk])
    assert renew in [form["action"] for form in soup(browser.get(reverse(HISTORY))).select("form")]

    page = soup(browser.post(renew, follow=True))
    assert text(page.h1) == "Registriert bis 15. August 2025."
    again = soup(browser.post(renew, follow=True))
    assert "inzwischen jemand geändert" in text(again.main)
    assert text(again.h1) == "Registriert bis 15. August 2025."

    (held,) = enrolments.held(firm)
    page = soup(browser.post(reverse("scoring:enrolment_give_up", args=[held.pk]), follow=True))
    assert "besteht nicht mehr" in text(page.main)
    assert enrolments.held(firm) == []


def test_nobody_speaks_for_another_firm(firm: Partner, sign_in: Callable[[User], Client]) -> None:
    row = enrolments.record(firm, MODERN_WORK, date(2024, 5, 2), by=None, today=date(2024, 5, 2))
    stranger = sign_in(member(PartnerFactory.create(), "admin"))
    specialist = sign_in(member(firm, "specialist"))
    for name in ("enrolment_renew", "enrolment_give_up"):
        url = reverse(f"scoring:{name}", args=[row.pk])
        assert stranger.post(url).status_code == 404
        assert specialist.post(url).status_code == 403
    assert enrolments.held(firm) == [row]


# ---- One month -----------------------------------------------------------------------------------

MIXED = [
    *growing(["2024-02", "2024-03"], small=["2023-02", "2023-03"], count=3),
    Row("Neu", usage={"2024-03": (50, 30)}, begins_on=date(2024, 3, 4)),
    Row("Gefallen", usage={"2024-02": (60, 30), "2024-03": (60, 10)}, begins_on=OLD),
    Row("Fort", usage={"2024-02": (70, 40)}, begins_on=OLD, ended_on=date(2024, 2, 20)),
    Row("CSP", option="CSP", usage={"2024-02": (70, 9), "2024-03": (70, 11)}, begins_on=OLD),
    Row(
        "Groß", workload="Teams", usage={"2024-02": (300, 90), "2024-03": (301, 95)}, begins_on=OLD
    ),
]


def test_the_changes_of_a_month_add_up_exactly(firm: Partner) -> None:
    ada = Certificate("mcp:5", "Cy Li", "", "MS-700", date(2024, 4, 10), date(2024, 4, 29))
    eve = Certificate("mcp:6", "Eve Ra", "", "MS-102", date(2024, 4, 10), None)
    portfolio = store(firm, MIXED, [*PEOPLE, ada, eve])
    changes = month_changes.of_month(portfolio, months.parse_label("2024-03"))

    assert changes is not None
    assert changes.before is not None
    changed = 0
    for track in changes.tracks:
        for metric in track.metrics:
            (option,) = [one for one in metric.options if one.key == metric.option]
            rows = changes.rows_of(track.key, metric.key)
            assert (rows.value if rows else 0) == option.value
            changed += bool(option.value)
        assert sum((one.points for one in track.metrics), Fraction(0)) == track.points
    assert changed >= 6
    smb = changes.rows_of("smb", "net_customer_adds")
    assert smb is not None
    assert {row.name: (row.before, row.now) for row in smb.rows} == {
        "Neu": (0, 1),
        "Fort": (1, 0),
        "Groß": (1, 0),
    }
    people = changes.rows_of("smb", "advanced_certifications")
    assert people is not None
    assert [(row.name, row.value) for row in people.rows] == [("Eve Ra", 1)]
    # Counted in April for a while only: on the last day nothing has changed.
    assert changes.rows_of("smb", "intermediate_certifications") is None


def test_a_month_shows_who_changed_and_why(firm: Partner, browser: Client, soup: Soup) -> None:
    store(firm, MIXED)
    page = soup(browser.get(month_url("2024-03")))

    assert text(page.h1) == "März 2024"
    adds = page.select_one("[aria-labelledby=track-smb] .month-metric")
    assert "vorher +7, Änderung −1 (−2 Punkte)" in text(adds)
    assert text(adds.summary) == "3 Tenants haben sich geändert"  # type: ignore[union-attr]
    rows = {text(row.select_one(".ledger__name")): row for row in adds.select("tbody tr")}  # type: ignore[union-attr]
    assert [text(cell) for cell in rows["Neu"].select("td")][:3] == ["0", "+1", "+1"]
    assert "Exchange" in text(rows["Neu"].select_one(".ledger__why"))
    assert guid("Neu") in text(rows["Neu"])
    why = text(rows["Fort"].select_one(".ledger__why"))
    assert why == (
        "Keine Daten für März 2024. Februar 2024: Zählt jetzt mit 70 Plätzen (Exchange), "
        "im Februar 2023 noch nicht."
    )
    assert [text(cell) for cell in adds.select("tfoot td")][:3] == ["+7", "+6", "−1"]  # type: ignore[union-attr]


def test_many_changes_are_told_one_by_one_and_as_a_sum(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    most = month_changes.MOST
    rows = [
        Row(f"K {n:02d}", usage={"2024-02": (50, 20), "2024-03": (50, 21 + n)}, begins_on=OLD)
        for n in range(most + 3)
    ]
    portfolio = store(firm, rows)
    changes = month_changes.of_month(portfolio, months.parse_label("2024-03"))
    assert changes is not None
    growth = changes.rows_of("smb", "usage_growth")
    assert growth is not None
    assert [row.value for row in growth.rows] == list(range(most + 3, 3, -1))
    assert (growth.others, growth.others_value) == (3, 1 + 2 + 3)
    assert growth.value == sum(range(1, most + 4))

    page = soup(browser.get(month_url("2024-03")))
    assert "3 weitere Zeilen" in text(page.select_one("[aria-labelledby=track-smb]"))


@pytest.mark.parametrize("ahead", [False, True])
def test_all_changes_of_a_metric_are_told_one_by_one(
    ahead: bool, firm: Partner, browser: Client, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(month_changes, "ALL", 4)
    monkeypatch.setattr(history_views, "ALL", 4)
    usage = {"2023-05": (50, 9), "2024-02": (50, 20)}
    rows = [
        Row(f"K {n:02d}", usage=usage | {"2024-03": (50, 21 + n)}, begins_on=OLD) for n in range(9)
    ]
    history.refresh(store(firm, rows).pk)
    url = reverse("scoring:history_metric", args=["2024-05" if ahead else "2024-03", "smb", GROWTH])
    seen: dict[str, int] = {}
    for number in (1, 2, 3):
        page = soup(browser.get(url, {"page": number}))
        for row in page.select("tbody tr"):
            name = row.select_one(".ledger__name")
            if name is not None:
                seen[text(name)] = int(text(row.select("td")[2]).replace("\N{MINUS SIGN}", "-"))
        assert text(page.select("tfoot td")[2]) == ("−81" if ahead else "+45")
    assert len(seen) == 9
    assert sum(seen.values()) == (-81 if ahead else 45)
    beyond = browser.get(url, {"page": "9"})
    assert (beyond.status_code, beyond.headers["Location"]) == (302, f"{url}?page=3")


@pytest.mark.parametrize(
    ("month", "track", "metric"),
    [
        ("2024-02", "smb", "usage_growth"),  # nothing before it
        ("2024-03", "smb", "advanced_certifications"),  # nothing changed
        ("2024-03", "gold", "usage_growth"),
        ("2024-03", "smb", "gold"),
        ("2024-07", "smb", "usage_growth"),  # beyond what is worked out
        ("0000-00", "smb", "usage_growth"),
    ],
)
def test_changes_that_there_are_not_are_not_found(
    month: str, track: str, metric: str, firm: Partner, browser: Client
) -> None:
    usage = {"2024-02": (50, 20), "2024-03": (50, 30)}
    history.refresh(store(firm, [Row(usage=usage, begins_on=OLD)]).pk)
    url = reverse("scoring:history_metric", args=[month, track, metric])
    assert browser.get(url).status_code == 404


def test_the_first_month_has_none_before_it(firm: Partner, browser: Client, soup: Soup) -> None:
    store(firm, MIXED)
    page = soup(browser.get(month_url("2023-02")))
    assert "Dies ist der erste Monat mit Daten" in text(page.main)
    assert page.select("main details") == []
    assert [link["href"] for link in page.select(".pagination a")] == [month_url("2023-03")]


@pytest.mark.parametrize("label", ["2024-04", "2024-13", "20240-01", "heute", "2024-W1", "0000-00"])
def test_a_month_without_data_is_not_found(label: str, firm: Partner, browser: Client) -> None:
    store(firm, MIXED)
    assert browser.get(month_url(label)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_a_month_do_not_grow_with_its_tenants(
    count: int, firm: Partner, browser: Client
) -> None:
    usage = {"2024-02": (50, 20), "2024-03": (50, 30)}
    rows = [Row(f"K {n}", usage=usage, begins_on=OLD) for n in range(count)]
    portfolio = store(firm, rows, [])
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(month_url("2024-03")).status_code == 200
    # PostgreSQL is told how to join in statements of their own.
    statements = [query["sql"] for query in captured]
    # session, user, membership; portfolio, months, corrections, certificates, how many associations
    # are to be judged, the claims of both months, and the names of the tenants
    assert len([one for one in statements if one.lstrip().startswith("SELECT")]) == 11
    assert not [one for one in statements if one.split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert not portfolio.history.exists()


# ---- The picture ---------------------------------------------------------------------------------


def drawn(*found: timeline.Month, window: tuple[int, ...] = ()) -> timeline.Timeline:
    return timeline.draw("t", found, pass_mark=Fraction(70), window=window)


def test_the_picture_has_a_place_for_every_month_also_without_data() -> None:
    january = months.parse_label("2025-01")
    points = (Fraction(70), Fraction(-3))
    picture = drawn(
        timeline.Month(january, points, has_qualified=True, is_provable=True),
        timeline.Month(january + 2, (Fraction(100), Fraction(0)), False, False),
        window=(january - 1, january, january + 1),
    )
    assert [slot.label for slot in picture.slots] == ["1", "2", "3"]
    assert [slot.year for slot in picture.slots] == ["2025", "", ""]
    assert [len(slot.bars) for slot in picture.slots] == [2, 0, 2]
    first = picture.slots[0].bars
    assert (first[0].y, first[0].height, first[1].height) == (picture.pass_mark_y, "112", "0")
    assert picture.slots[2].bars[0].height == "160"
    assert [bool(slot.dot_y) for slot in picture.slots] == [True, False, False]
    assert picture.band is not None
    assert (picture.band.x, picture.band.end) == (picture.left, "69.33%")


@pytest.mark.parametrize(("count", "labels"), [(13, 13), (26, 9), (37, 7)])
def test_labels_thin_out_in_a_long_picture(count: int, labels: int) -> None:
    january = months.parse_label("2022-01")
    picture = drawn(
        *(
            timeline.Month(january + n, (Fraction(1), Fraction(2)), False, True)
            for n in range(count)
        )
    )
    assert sum(bool(slot.label) for slot in picture.slots) == labels


# ---- What waits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "enrolled", "title"),
    [
        ("2024-08-15", False, None),
        ("2024-09-01", False, "Registrieren können Sie sich nur noch bis zum 30. September 2024"),
        ("2024-10-01", False, None),
        ("2024-07-01", True, None),
        ("2024-07-20", True, "Ihre Designation ist bis zum 15. August 2024 zu verlängern"),
        ("2024-08-16", True, "Haben Sie Ihre Designation verlängert?"),
    ],
)
def test_what_is_pressing_waits_for_those_who_deal_with_it(
    today: str, enrolled: bool, title: str | None, firm: Partner
) -> None:
    qualified_in(firm, "2024-03")
    if enrolled:
        day = date(2023, 8, 15)
        enrolments.record(firm, MODERN_WORK, day, by=None, today=day)
    manager, observer = member(firm, "manager"), member(firm, "observer")
    with time_machine.travel(today), translation.override("de"):
        lines = [line for line in waiting.for_user(manager) if line.kind == "enrolment"]
        assert [line.title for line in lines] == ([title] if title else [])
        assert all(line.url == reverse(HISTORY) for line in lines)
        assert not [line for line in waiting.for_user(observer) if line.kind == "enrolment"]
