"""The page of the people: what lies ahead, in words, figures and a picture."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import corrections, scores
from scoring.corrections import OfPerson
from scoring.models import ReminderChoice
from scoring.people import Certificate
from tests.factories import PartnerFactory, UserFactory, member
from tests.scoring.stage import hand_in, tenants
from tests.scoring.worlds import office_usage, training

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
TODAY = date(2026, 11, 22)
DONE = date(2025, 1, 5)
EVIL = '<script>alert("x")</script>'


def row(person: int, certification: str, until: int | None = None, **fields: Any) -> Certificate:
    until_on = None if until is None else TODAY + timedelta(days=until)
    made = Certificate(f"mcp:{person}", f"Person {person:02d}", "", certification, DONE, until_on)
    return made._replace(**fields)


ADA, BO, CEM = (
    row(1, "MS-102", 90, name="Ada Ohm"),
    row(2, "MS-700", 155, name="Bo Ek"),
    row(3, "SC-300", -30, name="Cem Su"),
)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 09:00:00Z", tick=True):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co", slug="kern")


@pytest.fixture
def browser(firm: Partner, sign_in: Callable[[User], Client]) -> Client:
    return english(sign_in(member(firm, "manager", name="Mara Kern")))


def english(client: Client) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def bring(firm: Partner, *rows: Certificate, name: str = "people.csv") -> None:
    assert hand_in(firm, training(rows), name=name).state == "done"


def page(browser: Client, soup: Soup, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:people") + query))


def text(found: Any) -> str:
    return " ".join(found.get_text(" ").split())


def test_what_expires_is_said_with_window_and_cost(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, ADA, BO, CEM)
    rows = [
        [text(cell) for cell in tr.select("th, td")]
        for tr in page(browser, soup).select("#expiring tbody tr")
    ]
    assert rows == [
        [
            "Cem Su SC-300 Identity and Access Administrator Associate",
            "Valid until: 23/10/2026 expired",
            "Free renewal: Expired: to be passed again.",
            "What it would cost: Gives no points any more.",
        ],
        [
            "Ada Ohm MS-102 Administrator Expert",
            "Valid until: 20/02/2027 in 90 days",
            "Free renewal: Open, but only until 30/11/2026: then the exam is retired.",
            "What it would cost: Enterprise −7.5 SMB −15",
        ],
        [
            "Bo Ek MS-700 Teams Administrator Associate",
            "Valid until: 26/04/2027 in 155 days",
            "Free renewal: Open since 26/10/2026.",
            "What it would cost: Enterprise −2.5 SMB −5",
        ],
    ]


def test_the_picture_has_words_and_what_it_shows_stands_in_the_table(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, ADA, BO, CEM)
    section = page(browser, soup).select_one("#expiring")
    assert section is not None
    [picture] = section.select("svg.chart")
    title = picture.find("title")
    assert title is not None
    assert text(title) == (
        "2 certificates expire in the next twelve months, the first on 20/02/2027. The table below "
        "says the same."
    )
    labels = [text(one) for one in picture.select("text.chart__text")]
    assert labels == ["Ada Ohm · MS-102 20/02/2027", "Bo Ek · MS-700 26/04/2027"]
    assert picture["role"] == "img"


def test_a_warning_names_the_track_that_would_no_longer_pass(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    usage = [
        (each, {"2025-10": (9, 2), "2026-10": (50, 45)})
        for each in (one.tenant for one in tenants(10))
    ]
    rows = [
        tenants(1)[0].__class__(name, usage=months, begins_on=date(2023, 1, 15))
        for name, months in usage
    ]
    hand_in(firm, office_usage(rows))
    bring(firm, ADA, BO, row(4, "SC-300"))
    score = scores.compute(firm, TODAY)
    assert [(track.key, track.passes) for track in score.tracks if track.key == "smb"] == [
        ("smb", True)
    ]
    warnings = [
        text(tr.select_one("th a"))
        for tr in page(browser, soup).select("#expiring tbody tr")
        if "Without it SMB would no longer pass." in text(tr)
    ]
    assert warnings == ["Ada Ohm"]  # without her the metric is empty


def test_who_is_one_exam_away_is_said_with_exam_and_reason(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, ADA, BO, CEM)
    blocks = page(browser, soup).select("#exams .exam")
    assert [text(block.select_one("h3")) for block in blocks] == [
        "Advanced certifications",
        "Intermediate certifications",
    ]
    advanced, intermediate = blocks
    assert [text(li) for li in advanced.select(".exam__steps li")] == [
        "Bo Ek MS-102 Administrator Expert until 30/11/2026 only or: Teams Meetings and Meeting "
        "Rooms Technical Assessment The prerequisite is there: “Teams Administrator Associate”, "
        "valid until 26/04/2027.",
        "Cem Su Teams Meetings and Meeting Rooms Technical Assessment A technical assessment, "
        "without a prerequisite.",
    ]
    assert "Enterprise +7.5 SMB 0 1 counts; the maximum needs 1" in text(advanced)
    assert "SC-300 Identity and Access Administrator Associate or: MS-700" in text(intermediate)
    assert "expired on 23/10/2026: the exam is to be passed again." in text(intermediate)


def test_a_full_metric_says_that_more_would_add_nothing(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, ADA, row(4, "MS-102", 200), BO)
    [advanced] = [
        block for block in page(browser, soup).select("#exams .exam") if block.select("details")
    ]
    assert (
        "2 people count today. That is enough in every track: one more would add nothing."
        in text(advanced)
    )
    assert text(advanced.select_one("summary")) == "1 person is one exam away"
    assert text(advanced.select_one("li .tag")) == "would add nothing"


def test_joiners_and_leavers_are_said_with_what_they_changed(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, ADA)
    assert "nobody has come or left" in text(page(browser, soup).select_one("#moves"))
    bring(firm, ADA, BO, name="november.csv")
    by = UserFactory.create(name="Mara Kern")
    corrections.make(firm, "left", OfPerson("mcp:1"), reason="seit Mai weg", by=by)
    assert [text(li) for li in page(browser, soup).select("#moves li")] == [
        "22/11/2026 Ada Ohm left One person less in: Advanced certifications. corrected by Mara "
        "Kern",
        "22/11/2026 Bo Ek joined One person more in: Intermediate certifications. as the file "
        "november.csv shows",
    ]


def test_long_lists_are_cut_and_can_be_shown_whole(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, *(row(n, "MS-721", n) for n in range(1, 16)))
    first = page(browser, soup)
    assert len(first.select("#expiring tbody tr")) == 12
    assert len(first.select("#exams .exam__steps li")) == 6
    links = {
        text(link): link["href"] for link in first.select("#expiring .link-more, #exams .link-more")
    }
    assert links == {"Show 3 more": "?all=expiring#expiring", "Show 9 more": "?all=exams#exams"}
    assert len(page(browser, soup, "?all=expiring").select("#expiring tbody tr")) == 15
    assert len(page(browser, soup, "?all=exams").select("#exams .exam__steps li")) == 15


def test_names_lead_to_the_person_also_on_another_page(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    bring(firm, *(row(n, "MS-700", 400) for n in range(1, 51)))
    bring(firm, row(50, "MS-700", 40, completed_on=date(2024, 1, 1)), row(50, "SC-300", 40))
    [link] = page(browser, soup).select("#expiring tbody th a")
    assert str(link["href"]).startswith("#person-")
    bring(firm, row(51, "MS-700", 400))
    [link] = page(browser, soup).select("#expiring tbody th a")
    query, _, anchor = str(link["href"]).partition("#")
    assert query == "?words=Person+50"
    target = page(browser, soup, query)
    assert len(target.select(f"[id='{anchor}']")) == 1
    assert not target.select("#expiring")  # whoever searches wants the people


def test_names_are_text(firm: Partner, browser: Client, soup: Soup) -> None:
    bring(firm, ADA._replace(name=EVIL), BO)
    bring(firm, CEM._replace(name=f"{EVIL} zwei"))
    found = page(browser, soup)
    assert not [one for one in found.select("main script") if "alert" in one.get_text()]
    assert EVIL in text(found.select_one("#expiring"))


# ---- Reminders -----------------------------------------------------------------------------------


def test_reminders_are_switched_off_and_on_for_oneself(
    firm: Partner, browser: Client, soup: Soup, sign_in: Callable[[User], Client]
) -> None:
    bring(firm, ADA)
    url = reverse("scoring:reminders_switch")
    button = page(browser, soup).select_one("#reminders button")
    assert button is not None
    assert (button["value"], text(button)) == ("off", "Switch my reminders off")

    answer = browser.post(url, {"wants": "off"})
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/designation/personen/#expiring",
    )
    fragment = soup(browser.post(url, {"wants": "off"}, headers={"hx-request": "true"}))
    whole = page(browser, soup)
    assert [text(one.select_one("#reminders")) for one in (fragment, whole)] == [
        "You get no reminders by mail of the certificates of your firm. Remind me 90, 60 and 30 "
        "days ahead"
    ] * 2
    assert ReminderChoice.objects.count() == 1

    other = english(sign_in(member(firm, "observer")))
    assert page(other, soup).select_one("#reminders button")["value"] == "on"  # type: ignore[index]
    other.post(url, {"wants": "on"})
    assert page(other, soup).select_one("#reminders button")["value"] == "off"  # type: ignore[index]


def test_reading_the_page_writes_nothing(
    firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    bring(firm, ADA, BO)
    with django_assert_num_queries(13) as queries:
        browser.get(reverse("scoring:people"))
    assert not [q for q in queries if not q["sql"].strip().startswith("SELECT")]


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    count: int, firm: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    bring(firm, row(50, "MS-102", 10))
    bring(firm, *(row(n, "MS-700", n) for n in range(1, count + 1)))
    bring(firm, *(row(n + 9, "SC-300", -n) for n in range(1, count + 1)))
    scores.compute(firm, TODAY)
    # session, user, memberships, portfolio 2, certificates, corrections, rights 2; score, moves,
    # choice of reminders and role
    with django_assert_num_queries(13):
        browser.get(reverse("scoring:people"))


def test_a_firm_without_people_sees_nothing_of_it(browser: Client, soup: Soup) -> None:
    assert not page(browser, soup).select("#expiring, #exams, #moves")
