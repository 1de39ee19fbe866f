"""The pages of scenarios: with htmx and without, for whoever types anything into them."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.models import Partner, User
from scoring import scenarios
from scoring.models import Scenario
from scoring.scenario_changes import CountChanged, CustomerLost, PersonLeft, dump
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, hand_in, stored_score
from tests.scoring.worlds import AS_OF, Row, guid, office_usage

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]
ROWS = [
    Row("Contoso", usage={"2025-02": (50, 10), "2024-02": (50, 5)}, begins_on=OLD),
    Row("Contoso", "Teams", "CSP", {"2025-02": (50, 10)}, begins_on=OLD),
    Row("Contoso", "Teams", "CPOR", {"2025-02": (50, 10)}, begins_on=OLD),
    Row("Fabrikam", usage={"2025-02": (50, 30), "2024-02": (50, 30)}, begins_on=OLD),
]


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True):
        yield


class Desk:
    """A partner manager in front of a scenario, in English."""

    def __init__(self, rows: list[Row] = ROWS) -> None:
        self.firm: Partner = PartnerFactory.create()
        self.manager: User = member(self.firm, "manager")
        if rows:
            stored_score(self.firm, rows)
        self.scenario = scenarios.make(self.firm, "Plan A", by=self.manager)
        self.browser = browser_of(self.manager)

    def url(self, name: str = "scenario") -> str:
        return reverse(f"scoring:{name}", args=[self.scenario.pk])

    def get(self, query: str = "", *, htmx: bool = False) -> Any:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.browser.get(f"{self.url()}?{query}", headers=headers)

    def post(self, name: str, /, *, htmx: bool = False, **data: Any) -> Any:
        headers = {"HX-Request": "true"} if htmx else {}
        self.scenario.refresh_from_db()
        given = {"seen": self.scenario.version, **data}
        return self.browser.post(self.url(name), given, headers=headers)

    def add(self, kind: str, /, *, htmx: bool = False, **data: Any) -> Any:
        return self.post("scenario_add", htmx=htmx, add=kind, **data)

    @property
    def kinds(self) -> list[str]:
        self.scenario.refresh_from_db()
        return [change["kind"] for change in self.scenario.changes]


def browser_of(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def desk() -> Desk:
    return Desk()


CONTOSO: dict[str, Any] = {"tenant": guid("Contoso")}
WON: dict[str, Any] = {
    "number": 3,
    "seats": 25,
    "users": 15,
    "users_at_start": 5,
    "option": "CPOR",
    "workloads": ["teams", "exchange"],
    "name": "Schulen",
}
GIVEN: dict[str, dict[str, Any]] = {
    "figures": {**CONTOSO, "association": "exchange:CPOR", "users": 20},
    "begun": {**CONTOSO, "workload": "sharepoint", "option": "CPOR", "seats": 50, "users": 9},
    "ended": {**CONTOSO, "association": "teams:"},
    "lost": CONTOSO,
    "won": WON,
    "certified": {"certification": "MS-102", "number": 2},
    "not_renewed": {"person": "mcp:1", "certification": "MS-102"},
    "left": {"person": "mcp:1"},
    "count": {"count": "smb:usage_growth:CPOR", "change_by": -5},
}


def words(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


# ---- Changes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", GIVEN)
def test_each_kind_is_added_without_javascript(kind: str, desk: Desk, soup: Soup) -> None:
    response = desk.add(kind, **GIVEN[kind])

    assert (response.status_code, response["Location"]) == (302, desk.url())
    assert desk.kinds == [kind]
    [line] = soup(desk.get()).select(".scenario__list > li")
    assert not line.select(".scenario__problem")


@pytest.mark.parametrize("kind", GIVEN)
def test_each_kind_is_added_with_htmx_and_both_tracks_move(
    kind: str, desk: Desk, soup: Soup
) -> None:
    region = soup(desk.add(kind, htmx=True, **GIVEN[kind]))

    assert [tag["id"] for tag in region.find_all(recursive=False)] == ["scenario"]
    assert region.select_one("#scenario")["data-announce"] == words(  # type: ignore[index]
        region.select_one("#outcome-heading")
    )
    assert len(region.select("svg.chart g")) == 2
    page = soup(desk.get())
    # What the fragment shows is what a reload shows.
    for part in (".scenario__list", ".scenario__picture", ".scenario__tables"):
        assert words(region.select_one(part)) == words(page.select_one(part))


def test_change_is_said_with_what_it_does(desk: Desk, soup: Soup) -> None:
    desk.add("won", **WON)
    page = soup(desk.get())

    assert words(page.select_one(".scenario__list > li p")) == (
        "Won: 3 customers alike (Schulen). Teams, Exchange by CPOR, 15 of 25 seats in use, 5 at "
        "the beginning."
    )
    # 3 x 2 points, 60 users x 30 / 500, 3 x 5 points
    assert words(page.select_one(".scenario__effect")) == "SMB +24.6"
    rows = {words(row.th): row for row in page.select(".scenario__tables table")[1].select("tr")}
    growth = next(row for title, row in rows.items() if "Usage growth" in title)
    assert [words(cell) for cell in growth.select("td")] == ["+15", "+75", "4.5 / 30 +3.6"]


def test_change_is_taken_out_alone(desk: Desk, soup: Soup) -> None:
    desk.add("lost", **CONTOSO)
    desk.add("left", person="mcp:1")
    desk.scenario.refresh_from_db()
    first, second = desk.scenario.changes

    plain = desk.post("scenario_take_out", change=first["id"])
    assert plain["Location"] == desk.url()
    assert desk.kinds == ["left"]
    region = soup(desk.post("scenario_take_out", htmx=True, change=second["id"]))
    assert desk.kinds == []
    assert not region.select(".scenario__list")


def test_form_that_is_sent_twice_changes_once(desk: Desk, soup: Soup) -> None:
    given = {"add": "lost", "seen": 1, **CONTOSO}
    desk.browser.post(desk.url("scenario_add"), given)
    again = desk.browser.post(desk.url("scenario_add"), given)

    assert desk.kinds == ["lost"]
    page = soup(again)
    assert "was changed meanwhile" in words(page.select_one(".errorlist"))
    # The form stands there with what was entered, and the newest version: once more, and it is in.
    assert page.select_one(".scenario__form [name=seen]")["value"] == "2"  # type: ignore[index]


def test_refused_change_comes_back_under_htmx(desk: Desk, soup: Soup) -> None:
    scenarios.rename(desk.scenario.pk, name="Plan B", note="", seen=1)
    headers = {"HX-Request": "true"}
    given = {"add": "count", "seen": 1, **GIVEN["count"]}
    refused = desk.browser.post(desk.url("scenario_add"), given, headers=headers)

    assert refused.status_code == 422
    assert soup(refused).select_one("#change-change_by")["value"] == "-5"  # type: ignore[index]
    gone = desk.browser.post(
        desk.url("scenario_take_out"), {"seen": 1, "change": "x"}, headers=headers
    )
    assert gone.status_code == 422
    assert "was changed meanwhile" in words(soup(gone).select_one(".notice--warn"))


JUNK: list[tuple[str, dict[str, Any]]] = [
    ("won", WON | {"seats": "-1"}),
    ("won", WON | {"seats": "1000000000"}),
    ("won", WON | {"seats": "many"}),
    ("won", WON | {"seats": ""}),
    ("won", WON | {"seats": "9" * 5000}),
    ("won", WON | {"number": "501"}),
    ("won", WON | {"number": "0"}),
    ("won", WON | {"workloads": []}),
    ("won", WON | {"workloads": ["skype"]}),
    ("won", WON | {"option": "PAL"}),
    ("won", WON | {"name": "x" * 201}),
    ("won", WON | {"name": "a\0b"}),
    ("figures", GIVEN["figures"] | {"users": "", "seats": ""}),
    ("figures", GIVEN["figures"] | {"users": "1.5"}),
    ("figures", GIVEN["figures"] | {"association": "exchange:CSP"}),
    ("figures", GIVEN["figures"] | {"association": ":"}),
    ("begun", GIVEN["begun"] | {"users": ""}),
    ("begun", GIVEN["begun"] | {"seats": "", "users": "", "users_at_start": "3"}),
    ("ended", CONTOSO | {"association": "a:b:c"}),
    ("certified", {"certification": "MS-102", "number": "51"}),
    ("certified", {"certification": "nonsense", "number": "1"}),
    ("not_renewed", {"person": "mcp:1", "certification": "MS-900"}),
    ("count", {"count": "smb:usage_growth:CPOR", "change_by": "1e9"}),
    ("count", {"count": "smb:usage_growth", "change_by": "1"}),
]


@pytest.mark.parametrize("htmx", [True, False])
def test_junk_is_refused_in_the_form(htmx: bool, desk: Desk, soup: Soup) -> None:
    for kind, given in JUNK:  # on one desk: nothing of it is kept
        response = desk.add(kind, htmx=htmx, **given)

        assert response.status_code == (422 if htmx else 200), (kind, given)
        assert soup(response).select(".scenario__form .errorlist"), (kind, given)
    assert desk.kinds == []


def test_what_is_about_nobody_changes_nothing(desk: Desk) -> None:
    given: list[tuple[dict[str, Any], int]] = [
        ({}, 302),
        ({"add": "stolen"}, 302),
        ({"add": "customer"}, 302),  # a search is no change
        ({"add": "figures", "tenant": "no-guid"}, 302),
        ({"add": "figures", "tenant": guid("Nobody")}, 404),
        ({"add": "left", "person": "mcp:99"}, 404),
        ({"add": "left", "person": "a\0b"}, 302),
        ({"add": "left", "person": "x" * 5000}, 302),
    ]
    for data, status in given:
        assert desk.post("scenario_add", **data).status_code == status, data
    assert desk.kinds == []


def test_without_a_version_nothing_happens(desk: Desk) -> None:
    for name in ("scenario_add", "scenario_take_out", "scenario_rename", "scenario_delete"):
        for seen in ("", "x", "0", "-1", "9" * 40):
            data = {"add": "lost", "name": "New", "change": "x", **CONTOSO, "seen": seen}
            desk.browser.post(desk.url(name), data)

    desk.scenario.refresh_from_db()
    assert (desk.scenario.name, desk.scenario.changes) == ("Plan A", [])


# ---- What is open --------------------------------------------------------------------------------


def test_customers_and_people_are_found_by_search(desk: Desk, soup: Soup) -> None:
    def found(query: str) -> list[str]:
        return [words(one) for one in soup(desk.get(query)).select(".scenario__found li")]

    assert found("add=customer") == ["Contoso", "Fabrikam"]
    assert found("add=customer&words=fabri") == ["Fabrikam"]
    assert found("add=customer&words=zzz") == ["Nobody of this name is in your data."]
    assert found("add=person&words=ada") == ["Somebody new passes an exam", "Ada Ohm"]
    assert found("add=customer&words=%00") == ["Contoso", "Fabrikam"]


@pytest.mark.parametrize(
    ("query", "kind", "chosen"),
    [
        ("workload=exchange", "figures", "exchange:CPOR"),
        ("workload=teams", "figures", "teams:"),
        ("workload=sharepoint", "begun", "sharepoint"),
        ("workload=nonsense", "figures", "exchange:CPOR"),
        ("", "figures", "exchange:CPOR"),
        ("add=ended&workload=teams", "ended", "teams:"),
    ],
)
def test_link_with_a_customer_opens_the_form_filled_in(
    query: str, kind: str, chosen: str, desk: Desk, soup: Soup
) -> None:
    page = soup(desk.get(f"tenant={guid('Contoso')}&{query}"))
    form = page.select_one(".scenario__form")

    assert form is not None
    assert form.select_one("[name=add]")["value"] == kind  # type: ignore[index]
    select = form.select_one("select")
    assert select is not None
    options = select.select("option[selected]") or select.select("option")
    assert options[0]["value"] == chosen
    assert "10 of 50 seats in use" in words(select) or kind == "begun"


def test_all_forms_open_from_links_of_the_page(desk: Desk, soup: Soup) -> None:
    """What htmx asks for and what a plain link leads to are the same address, and both work."""
    seen: set[str] = set()
    waiting = [desk.url()]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        page = soup(desk.browser.get(address))
        for link in page.select("#scenario a[hx-get]"):
            assert str(link["href"]).removesuffix("#scenario") == link["hx-get"]
            waiting.append(str(link["hx-get"]))
    opened = {parse_qs(urlsplit(one).query).get("add", [""])[0] for one in seen}
    assert opened == {"", "customer", "person", *GIVEN}


@pytest.mark.parametrize(
    "query", [f"tenant={guid('Nobody')}", "person=mcp:99", f"add=lost&tenant={guid('Nobody')}"]
)
def test_whom_the_firm_does_not_know_cannot_be_opened(query: str, desk: Desk) -> None:
    assert desk.get(query).status_code == 404


def test_customer_of_another_firm_cannot_be_opened(desk: Desk) -> None:
    other: Partner = PartnerFactory.create()
    stored_score(other, [Row("Fremd", usage={"2025-02": (50, 9)})])

    assert desk.get(f"tenant={guid('Fremd')}").status_code == 404
    assert desk.add("lost", tenant=guid("Fremd")).status_code == 404


def test_observer_sees_all_and_changes_nothing(desk: Desk, soup: Soup) -> None:
    desk.add("lost", **CONTOSO)
    reader = browser_of(member(desk.firm, "observer"))
    page = soup(reader.get(f"{desk.url()}?add=won"))

    assert page.select(".scenario__list > li")
    assert page.select("#scenario form") == []
    assert soup(reader.get(reverse("scoring:scenarios"))).select("main form") == []


# ---- What cannot be read, what is gone -----------------------------------------------------------


def test_broken_change_is_shown_and_can_be_taken_out(desk: Desk, soup: Soup) -> None:
    Scenario.objects.filter(pk=desk.scenario.pk).update(
        changes=[{"kind": "stolen"}, dump(PersonLeft(person="mcp:1", name="Ada Ohm"))]
    )
    page = soup(desk.get())
    first, second = page.select(".scenario__list > li")

    assert words(first.p) == "This change cannot be read any more, so it is left out."
    assert words(second.p) == "Ada Ohm leaves the firm."
    button = first.select_one("button")
    assert button is not None
    desk.post("scenario_take_out", change=button["value"])
    assert desk.kinds == ["left"]


@pytest.mark.parametrize("stored", [{"a": 1}, "text", 7, [[]], [None]])
def test_whatever_is_stored_the_pages_open(stored: Any, desk: Desk) -> None:
    Scenario.objects.filter(pk=desk.scenario.pk).update(changes=stored)
    compare = f"{reverse('scoring:scenario_compare')}?a={desk.scenario.pk}"
    for address in (desk.url(), reverse("scoring:scenarios"), compare):
        assert desk.browser.get(address).status_code == 200


def test_customer_that_vanished_from_the_data_is_said_so(desk: Desk, soup: Soup) -> None:
    gone = CustomerLost(tenant=UUID(guid("Gone")), customer="Northwind")
    Scenario.objects.filter(pk=desk.scenario.pk).update(changes=[dump(gone)])
    line = soup(desk.get()).select_one(".scenario__list > li")

    assert line is not None
    assert words(line.p) == "Northwind is lost: every association ends."
    assert words(line.select_one(".scenario__problem")) == (
        "Your newest data do not know this customer (any more), so nothing changes."
    )


def test_scenario_stands_on_the_newest_score(desk: Desk, soup: Soup) -> None:
    desk.add("figures", **GIVEN["figures"])
    before = words(soup(desk.get()).select(".scenario__tables tfoot")[1])
    stored_score(desk.firm, [Row("Dritte", usage={"2025-02": (50, 10)}, begins_on=OLD)], [])
    after = words(soup(desk.get()).select(".scenario__tables tfoot")[1])

    assert before != after


def test_without_a_score_the_pages_say_what_is_missing(soup: Soup) -> None:
    desk = Desk([])
    pages = {desk.url(): ".notice--info", reverse("scoring:scenarios"): ".empty"}
    for address, place in pages.items():
        page = soup(desk.browser.get(address))
        assert "There is no score of your firm yet." in words(page.select_one(place))
    assert desk.add("lost", **CONTOSO).status_code == 302
    assert desk.kinds == []


# ---- The list, a new one, several ----------------------------------------------------------------


def test_new_scenario_leads_to_its_page(desk: Desk) -> None:
    url = reverse("scoring:scenario_create")
    made = desk.browser.post(url, {"name": "Im Mai"})
    scenario = Scenario.objects.get(name="Im Mai")

    assert made["Location"] == reverse("scoring:scenario", args=[scenario.pk])
    tried = desk.browser.post(url, {"tenant": guid("Contoso"), "workload": "teams"})
    assert tried["Location"].endswith(f"?tenant={guid('Contoso')}&workload=teams")


def test_new_scenario_takes_the_changes_of_another_page(desk: Desk) -> None:
    url = reverse("scoring:scenario_create")
    grows = CountChanged(track="smb", metric="usage_growth", option="CPOR", change=9)

    desk.browser.post(url, {"name": "Plan B", "changes": json.dumps([dump(grows)])})

    assert Scenario.objects.get(name="Plan B").changes == [dump(grows)]


@pytest.mark.parametrize(
    "changes",
    ["{", "7", '[{"kind": "stolen"}]', "[" * 50_000, '[{"kind": "lost", "tenant": NaN}]', "x\0"],
)
def test_changes_that_cannot_be_read_make_no_scenario(changes: str, desk: Desk) -> None:
    response = desk.browser.post(reverse("scoring:scenario_create"), {"changes": changes})

    assert response["Location"] == reverse("scoring:scenarios")
    assert Scenario.objects.count() == 1


@pytest.mark.parametrize("name", ["x" * 121, "a\0b"])
def test_name_that_cannot_be_kept_makes_no_scenario(name: str, desk: Desk) -> None:
    desk.browser.post(reverse("scoring:scenario_create"), {"name": name})
    desk.post("scenario_rename", name=name)
    desk.scenario.refresh_from_db()

    assert Scenario.objects.count() == 1
    assert desk.scenario.name == "Plan A"


def test_list_shows_each_with_what_it_would_make_of_the_score(desk: Desk, soup: Soup) -> None:
    desk.add("won", **WON)
    page = soup(desk.browser.get(reverse("scoring:scenarios")))
    [card] = page.select(".scenarios__item")

    assert words(card.h3) == "Plan A"
    bars = card.select(".scenarios__track")
    assert [words(bar.select_one(".num")) for bar in bars][1].endswith("+24.6")
    assert card.select(".tag--open")


def test_list_with_a_customer_leads_into_the_scenarios_with_them(desk: Desk, soup: Soup) -> None:
    query = f"tenant={guid('Contoso')}&workload=teams"
    page = soup(desk.browser.get(f"{reverse('scoring:scenarios')}?{query}"))

    link = page.select_one(".scenarios__item h3 a")
    assert link is not None
    assert link["href"] == f"{desk.url()}?{query}"
    assert "A new scenario with Contoso" in words(page.select_one("main form label"))
    assert page.select_one("main form [name=workload]")["value"] == "teams"  # type: ignore[index]


def test_scenario_is_named_copied_and_deleted(desk: Desk, soup: Soup) -> None:
    desk.post("scenario_rename", name="Im Mai", note="mit Ada")
    page = soup(desk.get())
    assert words(page.h1) == "Im Mai"

    copied = desk.post("scenario_copy")
    copy = Scenario.objects.exclude(pk=desk.scenario.pk).get()
    assert copied["Location"] == reverse("scoring:scenario", args=[copy.pk])
    assert copy.name == "Im Mai (copy)"

    gone = desk.post("scenario_delete")
    assert gone["Location"] == reverse("scoring:scenarios")
    assert desk.get().status_code == 404


def test_delete_of_what_changed_meanwhile_is_refused(desk: Desk) -> None:
    desk.add("lost", **CONTOSO)
    desk.browser.post(desk.url("scenario_delete"), {"seen": 1})
    assert Scenario.objects.filter(pk=desk.scenario.pk).exists()


def test_scenarios_side_by_side_with_today(desk: Desk, soup: Soup) -> None:
    other = scenarios.make(
        desk.firm,
        "Plan B",
        by=desk.manager,
        changes=[CountChanged(track="smb", metric="usage_growth", option="CPOR", change=100)],
    )
    query = f"a={other.pk}&b={desk.scenario.pk}&c={other.pk}"
    page = soup(desk.browser.get(f"{reverse('scoring:scenario_compare')}?{query}"))
    smb = page.select("table")[1]

    assert [words(head) for head in smb.select("thead th")] == [
        "Metric",
        "Today",
        "Plan B",
        "Plan A",
    ]
    growth = next(row for row in smb.select("tbody tr") if "Usage growth" in words(row.th))
    assert [words(cell) for cell in growth.select("td")] == [
        "0.9 +15 users CPOR",
        "6.9 +115 users CPOR",
        "0.9 +15 users CPOR",
    ]
    assert len(page.select("svg.chart")[1].select("g")) == 3


@pytest.mark.parametrize("query", ["", "a=&b=", "a=nonsense", "x=1"])
def test_comparison_without_a_scenario_asks_for_one(query: str, desk: Desk, soup: Soup) -> None:
    page = soup(desk.browser.get(f"{reverse('scoring:scenario_compare')}?{query}"))
    assert words(page.select_one(".empty")) == "Choose one scenario at least."


def test_scenario_of_another_firm_is_not_found(desk: Desk) -> None:
    stranger = browser_of(member(PartnerFactory.create(), "admin"))
    mine = f"{reverse('scoring:scenario_compare')}?b={desk.scenario.pk}"
    assert desk.browser.get(mine).status_code == 200

    assert stranger.get(desk.url()).status_code == 404
    assert stranger.get(mine).status_code == 404
    for name in ("add", "take_out", "rename", "copy", "delete"):
        response = stranger.post(desk.url(f"scenario_{name}"), {"seen": 1})
        assert response.status_code == 404
    desk.scenario.refresh_from_db()
    assert desk.scenario.version == 1


# ---- Speed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scenario", "scenarios", "scenario_compare"])
def test_queries_grow_neither_with_customers_nor_with_changes(
    name: str, desk: Desk, django_assert_num_queries: Any
) -> None:
    def address() -> str:
        if name == "scenario":
            return desk.url()
        if name == "scenarios":
            return reverse("scoring:scenarios")
        return f"{reverse('scoring:scenario_compare')}?a={desk.scenario.pk}"

    desk.add("lost", **CONTOSO)
    desk.add("left", person="mcp:1")
    desk.browser.get(address())
    with CaptureQueriesContext(connection) as few:
        desk.browser.get(address())
        number_of_queries = len(few)
    stored_score(desk.firm, [Row(f"K{n}", usage={"2025-02": (50, n)}) for n in range(20)], [])
    for number in range(3):
        desk.add("lost", tenant=guid(f"K{number}"))
        scenarios.copy(desk.scenario.pk, by=desk.manager)
    with django_assert_num_queries(number_of_queries) as many:
        desk.browser.get(address())

    assert {query["sql"].split()[0] for query in many.captured_queries} == {"SELECT"}


def test_no_page_has_script_or_style_of_its_own(desk: Desk) -> None:
    desk.add("won", **WON)
    compare = f"{reverse('scoring:scenario_compare')}?a={desk.scenario.pk}"
    for address in (f"{desk.url()}?add=won", reverse("scoring:scenarios"), compare):
        page = desk.browser.get(address).content.decode()
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*src=)|\son\w+=", page)


def test_import_of_a_file_changes_no_scenario(desk: Desk) -> None:
    desk.add("lost", **CONTOSO)
    before = Scenario.objects.values().get()
    hand_in(desk.firm, office_usage([Row("Neu", usage={"2025-02": (50, 9)})]), name="n.csv")
    assert Scenario.objects.values().get() == before
