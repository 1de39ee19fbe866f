"""What an association is worth, and what does not go together: beside the table and on its page."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from unittest import mock

import pytest
import time_machine
from bs4 import Tag
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cooperation import projects, rule_books
from cooperation.models import Answer
from partners.models import Partner, User
from scoring import perms, scores, what_if
from scoring.models import Score
from tests.cooperation import books
from tests.cooperation.browsers import Browser, Page, fields
from tests.cooperation.worlds import World, world
from tests.factories import MembershipFactory, PartnerFactory, member
from tests.scoring.stage import PEOPLE, hand_in
from tests.scoring.worlds import Row, guid, office_usage, training

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 25)
KEY = "ms_associations"
FIGURES = "?seats=50&active=20&later=60"
NASTY = '<script>alert("x")</script> & {{ 7|add:1 }}'
CPOR_TWICE = (
    "are named for CPOR on Teams. Microsoft accepts one CPOR claim for a workload of a customer."
)


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(TODAY.isoformat() + "T09:00Z", tick=True) as clock:
        yield clock


def usage(count: int, name: str = "Kunde") -> list[Row]:
    """Customers that are new to SMB this year, as a firm's file has them."""
    return [
        Row(f"{name} {n}", "Exchange", "CPOR", {"2026-02": (50, 10), "2025-02": (5, 1)})
        for n in range(count)
    ]


def give_score(partner: Partner, rows: list[Row]) -> Score:
    hand_in(partner, office_usage(rows))
    hand_in(partner, training(PEOPLE), name="people.csv")
    return scores.compute(partner, TODAY)


@pytest.fixture
def two() -> World:
    """Two firms: the first has one new customer (2 points), the second all it needs (20)."""
    found = world()
    give_score(found.firms[0], usage(1))
    give_score(found.firms[1], usage(12, "Fremd"))
    return found


def answer(two: World, *rows: dict[str, str]) -> None:
    two.propose(0, KEY, {"rows": list(rows)})


def row(
    workload: str = "teams", firm: str = "", kind: str = "cpor", csp: str = ""
) -> dict[str, str]:
    return {
        "workload": workload,
        "association": firm,
        "association_type": kind if firm else "",
        "csp": csp,
    }


def rows_of(page: Page, number: int = 0) -> list[list[str]]:
    """The cells of one result, as read."""
    table = page.soup.select(".worth__table")[number]
    return [cells(line) for line in table.select("tr")]


def overview(page: Page) -> list[list[str]]:
    return [cells(line) for line in page.one(".worth__overview").select("tr")]


def group(page: Page, name: str) -> str:
    """All that is said of one workload which has a result of its own."""
    found = [
        one for one in page.soup.select("details.worth") if text(one, "summary") == f"{name}: why"
    ]
    assert len(found) == 1
    return " ".join(found[0].get_text(" ").split())


def text(tag: Tag, selector: str) -> str:
    found = tag.select_one(selector)
    assert found is not None
    return " ".join(found.get_text(" ").split())


def cells(line: Tag) -> list[str]:
    return [" ".join(cell.get_text(" ").split()) for cell in line.select("th, td")]


# ---- The page ------------------------------------------------------------------------------------


def test_page_says_what_each_association_is_worth(two: World) -> None:
    page = Browser(two.people[0]).get("association_worth", two.agreement.pk, query=FIGURES)

    assert page.status == 200
    assert page.text("h1") == f"What an association is worth to {two.firms[0].name}"
    # Teams Premium counts for two metrics only, all the others are alike.
    assert overview(page)[:2] == [
        ["Workload", "CPOR", "DPOR", "CSP"],
        [
            "21 workloads with one result",
            "+8.2 , brings most at once +2",
            "0 at once 0",
            "+4.5 at once +2",
        ],
    ]
    assert overview(page)[2][0].startswith("Intune, Exchange, Microsoft 365 Apps,")
    assert overview(page)[3][:2] == ["Teams Premium", "+6.2 , brings most at once 0"]
    assert rows_of(page)[:9] == [
        ["Association", "At once", "Later on"],
        ["CPOR Claiming Partner of Record brings most", "+2", "+8.2"],
        ["Enterprise: 50 seats, Enterprise starts at 301."],
        ["SMB: Net customer adds +1 tenant", "+2", "+2"],
        ["SMB: Usage growth +20 users", "0", "+1.2"],
        ["SMB: Deployments +1 tenant", "0", "+5"],
        ["DPOR Digital Partner of Record", "0", "0"],
        ["Enterprise: 50 seats, Enterprise starts at 301."],
        ["SMB does not accept DPOR."],
    ]
    figures = [" ".join(tag.get_text().split()) for tag in page.soup.select(".worth .small")]
    assert figures == ["50 seats, 10 in use when the association begins, 30 later on"] * 2
    premium = rows_of(page, 1)
    assert premium[1][1:] == ["0", "+6.2"]
    assert [
        "SMB: Net customer adds This workload does not count for this metric.",
        "0",
        "0",
    ] in premium


def test_page_without_an_aim_says_why_use_does_not_count(two: World) -> None:
    page = Browser(two.people[0]).get(
        "association_worth", two.agreement.pk, query="?seats=50&active=20"
    )

    assert rows_of(page)[:6] == [
        ["Association", "At once"],
        ["CPOR Claiming Partner of Record brings most", "+2"],
        ["Enterprise: 50 seats, Enterprise starts at 301."],
        ["SMB: Net customer adds +1 tenant", "+2"],
        [
            "SMB: Usage growth Only growth after the association counts: "
            "10 active users then and now.",
            "0",
        ],
        [
            "SMB: Deployments 10 of 50 seats in use: a customer is deployed from 40 % on.",
            "0",
        ],
    ]


def test_each_firm_sees_its_own_figures_only(two: World) -> None:
    """The same address, the same figures of the customer: what it is worth differs."""
    answer(two, row(firm=str(two.firms[0].pk)), row("exchange", str(two.firms[1].pk)))
    asked: list[Partner] = []
    read = what_if.read

    def watched(partner: Partner, **more: Any) -> Any:
        asked.append(partner)
        return read(partner, **more)

    with mock.patch.object(what_if, "read", watched):
        own = Browser(two.people[0]).get("association_worth", two.agreement.pk, query=FIGURES)
        other = Browser(two.people[1]).get("association_worth", two.agreement.pk, query=FIGURES)

    assert asked == two.firms
    facts = [page.text("aside .facts") for page in (own, other)]
    assert facts[0].startswith("Enterprise 0 of 100 points SMB 2.6 of 100 points")
    assert facts[1].startswith("Enterprise 0 of 100 points SMB 27.2 of 100 points")
    assert own.text("#own").startswith(
        "What the table gives your firm Teams: CPOR At once +2 Later"
    )
    assert other.text("#own").startswith(
        "What the table gives your firm Exchange: CPOR At once 0 Later"
    )
    assert "This metric has its 20 points already." in other.text()
    assert "This metric has its 20 points already." not in own.text()


def test_page_of_a_firm_without_data_says_how_to_get_some(two: World) -> None:
    third = member(PartnerFactory.create(), "observer")
    firm = third.memberships.get().partner
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    projects.accept(place.pk, by=_manager(firm))

    page = Browser(third).get("association_worth", two.agreement.pk, query=FIGURES)

    assert page.text(".empty h2") == "There is no score of your firm yet."
    assert page.one(".empty a")["href"] == reverse("scoring:overview")
    assert page.soup.select("main form, .worth") == []

    hand_in(firm, training(PEOPLE))
    scores.compute(firm, TODAY)
    page = Browser(third).get("association_worth", two.agreement.pk)
    assert page.text(".empty h2") == "Your firm's score has no usage data yet."


def _manager(firm: Partner) -> User:
    return member(firm, "manager")


def test_who_may_not_see_the_score_gets_a_sentence(
    two: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perms, "can_see", lambda user, partner: False)
    page = Browser(two.people[0]).get("association_worth", two.agreement.pk, query=FIGURES)

    assert page.status == 200
    assert page.text(".empty h2") == (
        "You do not belong to this firm, so its score is not for you."
    )
    assert page.soup.select("main form, .worth, aside") == []


def test_person_of_two_firms_reckons_for_the_one_that_takes_part(two: World) -> None:
    both = member(PartnerFactory.create(), "manager")
    give_score(both.memberships.get().partner, usage(4, "Anderswo"))
    MembershipFactory.create(user=both, partner=two.firms[1], observer=True)

    page = Browser(both).get("association_worth", two.agreement.pk, query=FIGURES)

    assert page.text("h1") == f"What an association is worth to {two.firms[1].name}"
    assert page.text("aside .facts").startswith("Enterprise 0 of 100 points SMB 27.2")


def test_empty_page_explains_itself(two: World) -> None:
    page = Browser(two.people[0]).get("association_worth", two.agreement.pk)

    assert page.soup.select(".worth, .errorlist, #own") == []
    example = page.one("p.muted a[href*=seats]")
    assert example["href"] == FIGURES
    assert len(page.soup.select(".btn--primary")) == 1


def test_own_data_of_the_customer_count(two: World) -> None:
    rows = [
        Row("Stadtwerke Nord", "Exchange", "CSP", {"2026-02": (120, 30)}, date(2026, 2, 3)),
        Row("Stadtwerke Nord", "Teams", "CPOR", {"2026-02": (90, 20)}, date(2026, 2, 3)),
    ]
    give_score(two.firms[0], [*usage(1), *rows])
    give_score(two.firms[1], [Row("Stadtwerke Geheim", "Teams", "CPOR", {"2026-02": (77, 66)})])
    browser = Browser(two.people[0])

    # The project's customer is "Stadtwerke": the page offers what has that name, of the own firm.
    page = browser.get("association_worth", two.agreement.pk, query="?seats=20&active=50")
    [found] = page.soup.select(".assumptions__found a")
    assert found.get_text() == "Stadtwerke Nord"
    known = browser.get("association_worth", two.agreement.pk, query=str(found["href"]))

    assert "Stadtwerke Nord is in your data" in known.text(".notice--info")
    exchange, teams = group(known, "Exchange"), group(known, "Teams")
    assert "120 seats, 30 in use when the association begins from your data" in exchange
    assert "90 seats, 20 in use when the association begins from your data" in teams
    assert "Already counted for this customer." in exchange
    assert "You hold this association already." in teams

    foreign = browser.get(
        "association_worth",
        two.agreement.pk,
        query=f"?seats=20&active=50&tenant={guid('Stadtwerke Geheim')}",
    )
    assert "Your data do not know this tenant." in foreign.text(".notice--info")
    assert "Geheim" not in foreign.text()
    # Without figures there is nothing to say of a tenant that the data do not know.
    unknown = browser.get("association_worth", two.agreement.pk, query=f"?tenant={guid('Niemand')}")
    assert unknown.soup.select(".worth") == []
    assert "Without figures, so nothing can be said: Intune," in unknown.text()


def test_single_workloads_have_seats_of_their_own(two: World) -> None:
    own = str(two.firms[0].pk)
    answer(two, row("teams", own), row("m365_copilot", own), row("exchange", str(two.firms[1].pk)))
    browser = Browser(two.people[0])
    page = browser.get("association_worth", two.agreement.pk)
    labels = [tag.get_text(" ").split(" (")[0].strip() for tag in page.soup.select("details label")]
    assert labels[:3] == ["Exchange", "Teams", "Microsoft 365 Copilot"]

    page = browser.get(
        "association_worth", two.agreement.pk, query=f"{FIGURES}&seats_m365_copilot=10"
    )
    assert "SMB: 10 seats, SMB starts at 11." in group(page, "Microsoft 365 Copilot")
    # Together: Copilot is too small by itself, and counts with Teams in an eligible customer.
    assert page.text("#own").startswith(
        "What the table gives your firm Teams: CPOR Microsoft 365 Copilot: CPOR "
        "At once +2 Later on +8.44 Points in the SMB track, which would go from 2.6 to 11.04."
    )


def test_table_of_the_first_rule_book_has_names_as_typed(two: World) -> None:
    book = books.load(books.FIRST_KODEX)
    old = projects.create(
        name="Alt", customer_name="Werft", by=two.people[0], partner=two.firms[0], rule_book=book
    )
    alone = World(old, two.firms[:1], two.people[:1])
    own = str(two.firms[0].pk)
    alone.propose(
        0,
        KEY,
        {"rows": [{"workload": "exchange", "association": own}, {"workload": NASTY, "csp": own}]},
    )

    page = Browser(two.people[0]).get("association_worth", old.pk, query=FIGURES)

    assert [tag.get_text() for tag in page.soup.select(".worth__own li")] == [
        "Exchange",
        f"{NASTY}: CSP",
    ]
    assert page.text("#own").endswith(
        "The table does not say which kind of association is meant; CPOR is taken."
    )
    assert "At once +2 Later on" in page.text("#own")
    assert page.soup.select("main script") == []


# ---- What does not fit ---------------------------------------------------------------------------


CANNOT_BE_TAKEN = {
    "?seats=&active=": [],  # an empty form sent is an empty page
    "?seats=50": ["Please say how many of them are in use, 0 if none."],
    "?active=20": ["Please say how many seats the customer pays for."],
    "?seats=-1&active=20": ["Ensure this value is greater than or equal to 0."],
    "?seats=1000001&active=20": ["Ensure this value is less than or equal to 1000000."],
    "?seats=50&active=101": ["Ensure this value is less than or equal to 100."],
    "?seats=50&active=20&later=x": ["Enter a whole number."],
    "?seats=%D9%A3x&active=20": ["Enter a whole number."],
    "?seats=50&active=20&tenant=nobody": ["Enter a valid UUID."],
    "?seats=5%00&active=20": ["Enter a whole number."],
    "?seats=" + "9" * 5000 + "&active=1": ["Enter a whole number."],
}


def test_figures_that_cannot_be_taken(two: World) -> None:
    browser = Browser(two.people[0])
    found = {}
    for query in CANNOT_BE_TAKEN:
        page = browser.get("association_worth", two.agreement.pk, query=query)
        found[query] = page.errors()
        assert (page.status, page.soup.select(".worth")) == (200, [])
        assert browser.get("point_answer", two.agreement.pk, KEY, query=query).status == 200
    assert found == CANNOT_BE_TAKEN


def test_figures_at_their_edges(two: World) -> None:
    browser = Browser(two.people[0])
    for seats in (0, 1, 1_000_000):
        for share in (0, 100):
            query = f"?seats={seats}&active={share}&later={100 - share}"
            page = browser.get("association_worth", two.agreement.pk, query=query)
            assert page.status == 200
            assert len(page.soup.select("details.worth")) == 2


def test_agreement_that_asks_for_no_associations_has_no_such_page(two: World) -> None:
    book = books.load(books.NORDPAKT)
    other = projects.create(
        name="Nord", customer_name="Werft", by=two.people[0], partner=two.firms[0], rule_book=book
    )
    talk = projects.create(
        name="Gespräch",
        customer_name="Werft",
        by=two.people[0],
        partner=two.firms[0],
        depth="exploratory",
    )
    browser = Browser(two.people[0])

    assert browser.get("association_worth", other.pk).status == 404
    assert browser.get("association_worth", talk.pk).status == 404


@pytest.mark.parametrize(
    ("kind", "chip", "gain"),
    [
        ("cpor", "Teams: CPOR", "+2 Later on +8.2"),
        ("dpor", "Teams: DPOR", "0 Later on 0"),  # SMB does not accept it, 50 seats are SMB
        ("pal", "Teams: PAL", "0 Later on 0"),  # counts for nothing in Modern Work
    ],
)
def test_types_of_the_rule_book_are_those_of_the_rules(
    two: World, kind: str, chip: str, gain: str
) -> None:
    """A project's table keeps the rule book's keys, in small letters; the rules have CPOR."""
    answer(two, row(firm=str(two.firms[0].pk), kind=kind))
    page = Browser(two.people[0]).get("association_worth", two.agreement.pk, query=FIGURES)

    assert page.text("#own").startswith(f"What the table gives your firm {chip} At once {gain}")
    assert "The table does not say which kind" not in page.text("#own")


def test_dpor_of_a_project_counts_where_the_track_accepts_it(two: World) -> None:
    answer(two, row(firm=str(two.firms[0].pk), kind="dpor"))
    query = "?seats=400&active=20&later=60"
    page = Browser(two.people[0]).get("association_worth", two.agreement.pk, query=query)

    # Enterprise: one tenant more (4), 160 users by DPOR (1.2), one customer deployed (2.5).
    assert page.text("#own").startswith(
        "What the table gives your firm Teams: DPOR At once +4 Later on +7.7"
    )


# ---- What it costs -------------------------------------------------------------------------------


def scoring_tables(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries.captured_queries if '"scoring_' in query["sql"]]


def test_score_is_asked_for_only_where_it_is_shown(two: World) -> None:
    answer(two, row(firm=str(two.firms[0].pk)))
    browser = Browser(two.people[0])
    pk = two.agreement.pk
    for name, args, query in (
        ("agreement_detail", (pk,), ""),
        ("agreement_detail", (pk,), FIGURES),
        ("point", (pk, KEY), FIGURES),
        ("point_answer", (pk, KEY), ""),
        ("point_answer", (pk, "publicity"), FIGURES),
    ):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(name, *args, query=query).status == 200
        assert scoring_tables(queries) == [], name
    with CaptureQueriesContext(connection) as queries:
        browser.get("point_answer", pk, KEY, query=FIGURES)
    assert len(scoring_tables(queries)) == 1  # the newest score


def test_page_takes_as_many_queries_however_long_the_table(two: World) -> None:
    taken = []
    browser = Browser(two.people[0])
    for count in (1, 3):
        workloads = ["teams", "exchange", "intune"][:count]
        answer(two, *(row(one, str(two.firms[0].pk)) for one in workloads))
        with CaptureQueriesContext(connection) as queries:
            page = browser.get("association_worth", two.agreement.pk, query=FIGURES)
        assert len(page.soup.select(".worth__own li")) == count
        # The right to see it, and the newest score; customers of the project's name.
        assert len(scoring_tables(queries)) == 2
        assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}
        taken.append(len(queries.captured_queries))
    assert taken[0] == taken[1] <= 16


# ---- Beside the table ----------------------------------------------------------------------------


def test_form_shows_what_it_is_worth_where_figures_are_known(two: World) -> None:
    answer(two, row(firm=str(two.firms[0].pk)))
    browser = Browser(two.people[0])

    plain = browser.get("point_answer", two.agreement.pk, KEY)
    assert plain.text(".beside-table") == "What would an association be worth to your firm?"

    page = browser.get("point_answer", two.agreement.pk, KEY, query=FIGURES)
    assert page.text(".beside-table").startswith(
        "Only your firm sees this. What stands here gives you +2 points at once, +8.2 later on."
    )
    assert "CPOR +8.2 · DPOR 0 · CSP" in page.text(".beside-table")
    # The figures go along with everything one can press.
    form = page.one(".point__form form")
    assert str(form["action"]).endswith(FIGURES)
    done = browser.client.post(str(form["action"]), fields(form) | {"save": "1"})
    assert FIGURES in done.headers["Location"]


def test_form_of_another_firm_shows_its_own_figures(two: World) -> None:
    answer(two, row(firm=str(two.firms[0].pk)))
    page = Browser(two.people[1]).get("point_answer", two.agreement.pk, KEY, query=FIGURES)

    # Its net customer adds are full, and the table names it nowhere.
    assert "What stands here gives you" not in page.text(".beside-table")
    assert "CPOR +6.2 · DPOR 0 · CSP" in page.text(".beside-table")


def test_form_of_a_firm_without_data_says_so(two: World) -> None:
    Score.objects.filter(partner=two.firms[0]).delete()
    page = Browser(two.people[0]).get("point_answer", two.agreement.pk, KEY, query=FIGURES)

    assert page.text(".beside-table") == "There is no score of your firm yet. How to get one"


def test_clash_is_shown_before_saving_and_stops_nobody(two: World) -> None:
    one, other = (str(firm.pk) for firm in two.firms)
    browser = Browser(two.people[0])
    page = browser.get("point_answer", two.agreement.pk, KEY)
    data = fields(page.one(".point__form form")) | {
        "rows.0.workload": "teams",
        "rows.0.association": one,
        "rows.0.association_type": "cpor",
        "rows.1.workload": "teams",
        "rows.1.association": other,
        "rows.1.association_type": "cpor",
    }

    looked = browser.post("point_answer", two.agreement.pk, KEY, **data, look="1")

    assert looked.text(".beside-table .notice--warn").startswith("Rows 1, 2: Firma")
    assert CPOR_TWICE in looked.text(".beside-table .notice--warn")
    assert not Answer.objects.filter(point_key=KEY).exists()
    kept = fields(looked.one(".point__form form"))
    assert {key: kept[key] for key in data} == data

    saved = browser.follow("point_answer", two.agreement.pk, KEY, **data, save="1")
    assert saved.messages() == ["Your answer is saved."]
    assert CPOR_TWICE in saved.text(f"#point-{KEY} .notice--warn")
    # Everybody sees what does not go together, also who may change nothing.
    for reader in (two.people[1], member(two.firms[1], "observer")):
        page = Browser(reader).get("agreement_detail", two.agreement.pk)
        assert CPOR_TWICE in page.text(f"#point-{KEY} .notice--warn")


def test_look_works_with_htmx_and_while_adding_rows(two: World) -> None:
    own, other = (str(firm.pk) for firm in two.firms)
    browser = Browser(two.people[0], htmx=True)
    data = {
        "revision": "0",
        "rows.0.workload": "teams",
        "rows.0.csp": own,
        "rows.1.workload": "intune",
        "rows.1.csp": other,
    }
    for button in ("look", "add"):
        page = browser.post("point_answer", two.agreement.pk, KEY, **data, **{button: "1"})
        assert page.status == 200
        assert "More than one firm is named for CSP" in page.text(".beside-table")


def test_table_that_goes_together_has_no_warning(two: World) -> None:
    answer(two, row(firm=str(two.firms[0].pk)), row("exchange", str(two.firms[1].pk)))
    page = Browser(two.people[0]).get("point", two.agreement.pk, KEY)

    assert page.soup.select(".notice--warn") == []
    link = page.one(f"#point-{KEY} a.link-more")
    assert link["href"] == reverse("cooperation:association_worth", args=[two.agreement.pk])


def test_page_and_warnings_in_german(two: World) -> None:
    own, other = (str(firm.pk) for firm in two.firms)
    answer(two, row(firm=own), row(firm=other))
    client = Browser(two.people[0]).client
    url = reverse("cooperation:association_worth", args=[two.agreement.pk]) + FIGURES
    page = Page(client.get(url, headers={"accept-language": "de"}))
    card = Page(
        client.get(
            reverse("cooperation:point", args=[two.agreement.pk, KEY]),
            headers={"accept-language": "de"},
        )
    )

    assert page.text("h1") == f"Was eine Zuordnung für {two.firms[0].name} bringt"
    assert rows_of(page)[3] == ["SMB: Neukunden netto +1 Tenant", "+2", "+2"]
    assert "für CPOR bei Teams genannt" in card.text(".notice--warn")


def test_packaged_book_asks_for_associations() -> None:
    """These tests stand on it."""
    assert rule_books.packaged().point(KEY).kind == "table"
