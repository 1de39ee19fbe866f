"""The page of the claim list: what it shows and asks, notes with and without htmx, CSV."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import claim_list, rule_sets
from scoring.claim_list import Noted
from scoring.models import UnclaimedWork
from tests.factories import PartnerFactory, UserFactory, member
from tests.scoring.stage import hand_in
from tests.scoring.test_claim_list import ANCHOR, LIST, csp
from tests.scoring.test_unclaimed import AS_OF, BEFORE, LAST, firm
from tests.scoring.worlds import Row as Line
from tests.scoring.worlds import guid, office_usage

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EVIL = "=<script>alert(1)</script>"
TEAMS = rule_sets.vocabulary().workload_numbers["teams"]
ALL = ["Quick", "Large", "Idle A", "Idle B", "Slow", "Small"]  # Slow is filed: it loses no growth
FIELDS = {"customer_name": "Neukunde", "workload": str(TEAMS), "seats": "50", "users": "10"}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True):
        yield


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create(name="Kern & Co")


@pytest.fixture
def browser(partner: Partner, sign_in: Callable[[User], Client]) -> Client:
    client = sign_in(member(partner, "manager"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def text(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def page(browser: Client, soup: Soup, query: str = "") -> BeautifulSoup:
    return soup(browser.get(reverse("scoring:unclaimed") + query))


def names(found: BeautifulSoup) -> list[str]:
    return [text(tag) for tag in found.select(".unclaimed__name")]


def test_the_list_shows_what_waiting_costs(partner: Partner, browser: Client, soup: Soup) -> None:
    firm(LIST, [(Line("Slow", "Teams"), "Partner action required")], partner)
    found = page(browser, soup)
    rows = [text(row) for row in found.select("tbody tr")]
    assert rows[0] == (
        "Quick Teams CSP only Active users 40 of 290 seats +20 a month Points at once 0 "
        "Points a month of waiting costs 1.2 File a CPOR claim in Partner Center. "
        "Only growth after the claim counts."
    )
    assert rows[1] == (
        "Large Teams CSP only Active users 30 of 900 seats +10 a month Points at once 0 "
        "Enterprise: +4 Points a month of waiting costs 0 Enterprise: 4.3 "
        "File a CPOR claim in Partner Center."
    )
    assert "1 claim waits for your answer, by 1 April 2025 at the latest." in text(
        found.select_one(".notice--needs-you")
    )
    assert [text(one) for one in found.select(".counts p")] == [
        "5 to be claimed",
        "1 claimed, not approved",
        "30 users a month grow without credit",
    ]
    link = found.select_one(".unclaimed__name[href]")
    assert link is not None
    assert link["href"] == reverse("scoring:customer", args=[guid("Quick")])


def test_a_table_has_heads_and_a_caption(partner: Partner, browser: Client, soup: Soup) -> None:
    firm(LIST, partner=partner)
    table = page(browser, soup).select_one("table.unclaimed")
    assert table is not None
    assert len(table.select("thead th[scope=col]")) == 6
    assert len(table.select("tbody th[scope=row]")) == 6
    assert text(table.caption).startswith("The dearest first, in SMB, the better track")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?words=qui", ["Quick"]),
        ("?kind=2", ["Slow"]),
        ("?state=5", ["Slow"]),
        ("?state=99&kind=x&workload=-1", ALL),
        ("?words=%00", ALL),
        ("?words=" + "x" * 500, ALL),
        ("?words=nobody", []),
        ("?page=999", ALL),
    ],
)
def test_filters_find_and_leave_out_what_they_do_not_know(
    query: str, expected: list[str], partner: Partner, browser: Client, soup: Soup
) -> None:
    firm(LIST, [(Line("Slow", "Teams"), "Partner action required")], partner)
    assert names(page(browser, soup, query)) == expected


def test_long_lists_come_in_pages(
    partner: Partner, browser: Client, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.views.unclaimed.ROWS_A_PAGE", 2)
    firm(LIST, partner=partner)
    assert names(page(browser, soup, "?page=2")) == ["Large", "Idle A"]
    link = page(browser, soup, "?kind=1").select_one(".pagination [rel=next]")
    assert link is not None
    assert link["href"] == "?kind=1&page=2"


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    count: int, partner: Partner, browser: Client, django_assert_num_queries: Any
) -> None:
    firm([ANCHOR, *(csp(f"Kunde {n}", 100, 1, 5) for n in range(count))], partner=partner)
    user = member(partner, "manager")
    for number in range(count):
        noted = Noted(f"Neu {number}", TEAMS, 50, 5, tenant_id=uuid4())
        claim_list.note(partner, noted, by=user)
    # session, user, memberships; portfolio, score, right; table, notes, their tenants; the month
    # of the list; tenants of the page, those of its notes
    with django_assert_num_queries(12):
        page_ = browser.get(reverse("scoring:unclaimed"))
    assert page_.content.count(b"unclaimed__workload") == 2 * count


def test_before_there_is_a_score_the_page_says_what_brings_one(
    partner: Partner, browser: Client, soup: Soup
) -> None:
    found = page(browser, soup)
    assert text(found.select_one(".empty h2")) == "There is no score of your firm yet."
    assert browser.post(reverse("scoring:work_note"), FIELDS)["Location"] == reverse(
        "scoring:unclaimed"
    )
    assert browser.get(reverse("scoring:unclaimed_csv"))["Location"] == reverse("scoring:unclaimed")
    assert not UnclaimedWork.objects.exists()


def test_everything_claimed_is_said(partner: Partner, browser: Client, soup: Soup) -> None:
    firm([ANCHOR], partner=partner)
    found = page(browser, soup)
    assert text(found.select_one(".empty h3")) == "Everything in your data is claimed."
    assert found.select_one(".counts") is None


def test_data_that_changed_are_said(partner: Partner, browser: Client, soup: Soup) -> None:
    firm(LIST, partner=partner)
    assert page(browser, soup).select_one("#behind") is None
    hand_in(partner, office_usage([csp("Later", 50, 1, 2)]), name="later.csv")
    assert page(browser, soup).select_one("#behind") is not None


def test_newer_data_than_the_score_are_said(partner: Partner, browser: Client, soup: Soup) -> None:
    firm(LIST, partner=partner)
    row = Line("Ahead", "Teams", "CSP", {"2025-03": (50, 9)}, begins_on=date(2025, 1, 3))
    firm([row], partner=partner)
    words = [text(one) for one in page(browser, soup).select(".notice--info")]
    assert words == [
        "The list is made of the data of March 2025 by the rules of that time, the points stand "
        "over the score of February 2025."
    ]


# ---- Notes ---------------------------------------------------------------------------------------


def test_work_is_noted_and_closed(partner: Partner, browser: Client, soup: Soup) -> None:
    firm([ANCHOR], partner=partner)
    data = FIELDS | {"users_a_month": "3", "tenant_id": guid("Neukunde"), "note": "seit Mai"}
    response = browser.post(reverse("scoring:work_note"), data)
    assert response["Location"] == reverse("scoring:unclaimed")
    row = UnclaimedWork.objects.get()
    assert (row.customer_name, row.workload, row.seats, row.users, row.users_a_month) == (
        "Neukunde",
        TEAMS,
        50,
        10,
        3,
    )
    assert (row.tenant_id, row.note) == (UUID(guid("Neukunde")), "seit Mai")
    [line] = page(browser, soup).select("tbody tr")
    assert text(line).startswith("Neukunde Teams seit Mai Noted by hand 25/03/2025")

    response = browser.post(reverse("scoring:work_close", args=[row.pk]))
    assert response["Location"] == reverse("scoring:unclaimed")
    assert page(browser, soup).select("tbody tr") == []


def test_htmx_gets_the_region_a_reload_shows(partner: Partner, browser: Client, soup: Soup) -> None:
    firm([ANCHOR], partner=partner)
    htmx = {"HX-Request": "true"}
    noted = soup(browser.post(reverse("scoring:work_note"), FIELDS, headers=htmx))
    assert noted.select_one("h1") is None
    assert text(noted.select_one(".notice--ok")) == (
        "Noted: it stands in the list with what it would bring."
    )
    reloaded = page(browser, soup)
    for part in (noted, reloaded):
        for field in part.select("input[name=csrfmiddlewaretoken], .notice--ok"):
            field.decompose()
    region = reloaded.select_one("#unclaimed")
    assert "".join(str(noted.select_one("#unclaimed")).split()) == "".join(str(region).split())

    row = UnclaimedWork.objects.get()
    closed = soup(browser.post(reverse("scoring:work_close", args=[row.pk]), headers=htmx))
    assert text(closed.select_one(".notice--ok")) == "Closed: Neukunde is no longer in the list."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"customer_name": " "}, "This field is required."),
        ({"customer_name": "x" * 201}, "at most 200 characters"),
        ({"customer_name": "a\x00b"}, "Null characters"),
        ({"tenant_id": "not-a-guid"}, "Enter a valid UUID."),
        ({"workload": "9999"}, "Select a valid choice"),
        ({"seats": "-1"}, "greater than or equal to 0"),
        ({"seats": "1e9"}, "Enter a whole number"),
        ({"users": "99999999"}, "less than or equal to 50000000"),
        ({"users": "ten"}, "Enter a whole number"),
        ({"note": "x" * 501}, "at most 500 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    changes: dict[str, str], words: str, partner: Partner, browser: Client, soup: Soup
) -> None:
    firm([ANCHOR], partner=partner)
    for headers, status in (({}, 200), ({"HX-Request": "true"}, 422)):
        response = browser.post(reverse("scoring:work_note"), FIELDS | changes, headers=headers)
        assert response.status_code == status
        found = soup(response)
        assert words in text(found.select_one("#note .errorlist"))
        assert "open" in found.select_one("#note").attrs  # type: ignore[union-attr]
    assert not UnclaimedWork.objects.exists()


def test_what_the_data_know_is_refused_with_the_reason(
    partner: Partner, browser: Client, soup: Soup
) -> None:
    firm(LIST, partner=partner)
    data = FIELDS | {"tenant_id": guid("Quick")}
    found = soup(browser.post(reverse("scoring:work_note"), data))
    assert "Your data know this workload of the customer already" in text(
        found.select_one("#note .errorlist")
    )


def test_an_observer_sees_all_and_changes_nothing(
    partner: Partner, sign_in: Callable[[User], Client], soup: Soup
) -> None:
    firm(LIST, partner=partner)
    claim_list.note(partner, Noted("Neu", TEAMS, 50, 5), by=member(partner, "manager"))
    found = soup(sign_in(member(partner, "observer")).get(reverse("scoring:unclaimed")))
    assert len(found.select("tbody tr")) == 7
    assert found.select("#unclaimed form[method=post]") == []


def test_notes_of_another_firm_do_not_exist(partner: Partner, browser: Client, soup: Soup) -> None:
    firm([ANCHOR], partner=partner)
    other = PartnerFactory.create()
    row = claim_list.note(other, Noted("Fremd", TEAMS, 50, 5), by=member(other, "manager"))
    assert browser.post(reverse("scoring:work_close", args=[row.pk])).status_code == 404
    assert "Fremd" not in page(browser, soup).get_text()
    row.refresh_from_db()
    assert row.closed_at is None


def test_names_are_text_and_no_markup(partner: Partner, browser: Client, soup: Soup) -> None:
    firm([ANCHOR, csp(EVIL, 50, 1, 5)], partner=partner)
    browser.post(reverse("scoring:work_note"), FIELDS | {"customer_name": EVIL, "note": EVIL})
    found = page(browser, soup)
    assert found.find("script", string=lambda words: words and "alert" in words) is None
    assert names(found) == [EVIL, EVIL]


# ---- CSV -----------------------------------------------------------------------------------------


def exported(browser: Client, query: str = "") -> list[dict[str, str]]:
    response = browser.get(reverse("scoring:unclaimed_csv") + query)
    content = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content)))


def test_the_csv_has_all_that_was_wished_for(partner: Partner, browser: Client) -> None:
    line = Line("Slow", "Teams")
    firm([*LIST, csp(EVIL, 50, 1, 5)], [(line, "Partner action required")], partner)
    rows = exported(browser)
    assert len(rows) == 7
    assert rows[0] == {
        "Customer": "Quick",
        "Tenant": guid("Quick"),
        "Workload": "Teams",
        "Kind": "No claim yet",
        "How it stands": "CSP only",
        "Seen since": "",
        "Seats": "290",
        "Active users": "40",
        "Users gained a month": "20",
        "Enterprise: points now": "0",
        "SMB: points now": "0",
        "Enterprise: points a month costs": "0",
        "SMB: points a month costs": "1.2",
        "Next step": "File a CPOR claim in Partner Center.",
        "When": "",
    }
    [asked] = exported(browser, "?state=5")
    assert (asked["Seen since"], asked["When"]) == ("2025-03-25", "By 01/04/2025 at the latest")
    [evil] = exported(browser, "?words=script")
    assert evil["Customer"] == f"'{EVIL}"


def test_the_csv_is_for_members_of_a_firm(sign_in: Callable[[User], Client]) -> None:
    response = sign_in(UserFactory.create()).get(reverse("scoring:unclaimed_csv"))
    assert response["Content-Type"].startswith("text/html")


def test_usage_of_the_months_before_is_in_the_csv_exactly(
    partner: Partner, browser: Client
) -> None:
    usage = {"2024-11": (100, 10), BEFORE: (100, 11), LAST: (100, 11)}
    firm([ANCHOR, Line("Third", "Teams", "CSP", usage, date(2024, 11, 3))], partner=partner)
    [row] = exported(browser)
    assert row["Users gained a month"] == "0.3333"
