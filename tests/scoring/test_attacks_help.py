"""What bad values, broken rows and half-done work do to the pages that help with a score."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import product

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, resolve, reverse

from partners.models import Partner, User
from scoring import computed_tables, history, scenarios, scores
from scoring.models import ComputedTable, Scenario
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, PEOPLE, body, hand_in
from tests.scoring.test_plans import firm
from tests.scoring.test_views_access import ACCESS, World
from tests.scoring.worlds import AS_OF, Row, guid, office_usage, training

pytestmark = pytest.mark.django_db

BAD = (
    "-1",
    "9" * 5_000,
    "a\x00b",
    "\u202e\U0001f4a9",
    '=HYPERLINK("x")<script>alert(1)</script>',
    "9999-99",
    "²",
)
HTMX = {"open", "shut", "words", "target", "person"}  # asked for in place
PARAMETERS = {
    "outlook": ("month", "all", "page"),
    "plan": ("target", "track", "without", "page"),
    "unclaimed": ("words", "kind", "state", "workload", "page", "sort"),
    "unclaimed_csv": ("words", "kind", "state", "workload"),
    "scenarios": ("page", "tenant", "workload"),
    "scenario": ("add", "tenant", "workload", "person", "words"),
    "scenario_compare": ("a", "b", "c"),
    "metric": (
        "option",
        "words",
        "show",
        "why",
        "workload",
        "baseline",
        "sort",
        "page",
        "open",
        "shut",
    ),
    "ledger_csv": ("track", "metric", "option"),
    "ledger_xlsx": ("track", "metric", "option"),
    "reports": ("page",),
    "disclosures": ("firm", "q", "page"),
    "people": ("q", "words", "page", "all", "list", "open", "sort"),
    "customers": ("q", "words", "page", "sort"),
    "history_month": ("all", "page"),
    "difference": ("with", "earlier", "other", "page"),
}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True):
        yield


@pytest.fixture
def world() -> World:
    return World()


def test_no_parameter_breaks_a_page(world: World, sign_in: Callable[[User], Client]) -> None:
    browser = sign_in(world.people["manager"])
    browser.raise_request_exception = False
    failed = []
    for name, parameters in PARAMETERS.items():
        urls = [world.url(name).partition("?")[0]]
        if name == "metric":
            metrics = ("usage_growth", "deployments", "intermediate_certifications")
            urls += [
                reverse("scoring:metric", args=[world.score.pk, "smb", one]) for one in metrics
            ]
        for url, parameter, value in product(urls, parameters, BAD):
            headers = {"HX-Request": "true"} if parameter in HTMX else {}
            response = browser.get(url, {parameter: value}, headers=headers)
            content = body(response)
            if response.status_code >= 500 or b"<script>alert" in content:
                failed.append((url, parameter, value[:30], response.status_code))
    assert failed == []


# ---- Tables of another month, and of other rules -------------------------------------------------


def old(tenant: str, workload: str, months: dict[str, tuple[int, int]]) -> Row:
    return Row(tenant, workload, usage=months, begins_on=OLD)


@pytest.fixture
def running() -> Partner:
    """On 21 December 2025 with figures of that month: a score is of November by the rules of 2023,
    the customers near an edge are of December by the rules of 2026."""
    partner: Partner = PartnerFactory.create()
    months = {"2024-11": (50, 5), "2024-12": (50, 5), "2025-11": (50, 17)}
    rows = [
        old("Exchange-Kunde", "Exchange", months | {"2025-12": (50, 18)}),
        old("Copilot-Kunde", "M365 Copilot", months | {"2025-12": (50, 19)}),
        Row("CSP-Kunde", "M365 Copilot", "CSP", months | {"2025-12": (50, 19)}, begins_on=OLD),
    ]
    with time_machine.travel("2025-12-21T09:00Z"):
        hand_in(partner, office_usage(rows))
        hand_in(partner, training(PEOPLE), name="people.csv")
        scores.compute(partner, date(2025, 12, 21))
        history.refresh(partner.portfolio.pk)
    return partner


def test_a_plan_mixes_no_rules_and_no_months_silently(
    running: Partner, sign_in: Callable[[User], Client]
) -> None:
    with time_machine.travel("2025-12-21T09:00Z"):
        browser = sign_in(member(running, "manager"))
        for target in ("pass", "full", "next"):
            page = browser.get(
                reverse("scoring:plan"), {"target": target}, headers={"accept-language": "en"}
            )
            words = page.content.decode()
            assert page.status_code == 200
            assert "Copilot" not in words
            assert "December 2025" in words
        for track in ("smb", "enterprise"):
            kept = browser.post(
                reverse("scoring:plan_keep"), {"target": "next", "track": track, "without": ""}
            )
            assert kept.status_code == 302
        assert browser.get(reverse("scoring:overview")).status_code == 200
        assert browser.get(reverse("scoring:unclaimed")).status_code == 200
        assert browser.get(reverse("scoring:unclaimed_csv")).status_code == 200
        assert browser.get(reverse("scoring:outlook")).status_code == 200
        assert browser.get(reverse("home"), follow=True).status_code == 200


def test_a_nul_is_no_person(world: World, sign_in: Callable[[User], Client]) -> None:
    url = reverse("scoring:metric", args=[world.score.pk, "smb", "intermediate_certifications"])
    browser = sign_in(world.people["manager"])
    for name in ("open", "shut"):
        answer = browser.get(url, {name: "mcp:\x001"}, headers={"HX-Request": "true"})
        assert answer.status_code == 404


# ---- Rows that nobody can read -------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", computed_tables.dump([("x", "int32")], [(1,)])]
)
def test_a_table_that_cannot_be_read_is_worked_out_anew(
    content: bytes, sign_in: Callable[[User], Client]
) -> None:
    partner = firm()
    browser = sign_in(member(partner, "manager"))
    ComputedTable.objects.filter(portfolio=partner.portfolio).update(columns=content)
    names = ("overview", "outlook", "plan", "unclaimed", "unclaimed_csv", "history", "scenarios")
    codes = {}
    browser.raise_request_exception = False
    for name in names:
        codes[name] = browser.get(reverse(f"scoring:{name}")).status_code
    codes["home"] = browser.get("/").status_code
    codes["month"] = browser.get("/designation/verlauf/2025-02/").status_code
    assert set(codes.values()) <= {200, 302}, codes
    page = browser.get(reverse("scoring:plan"), headers={"accept-language": "en"})
    assert "are being computed anew" in page.content.decode()

    assert history.sweep_damaged() == 1
    history.refresh(partner.portfolio.pk)
    assert history.sweep_damaged() == 0
    assert "Auch nah" in browser.get(reverse("scoring:plan")).content.decode()


# ---- While the months are worked out -------------------------------------------------------------


def test_new_data_close_no_page_while_the_months_are_worked_out(
    sign_in: Callable[[User], Client],
) -> None:
    partner = firm()
    browser = sign_in(member(partner, "manager"))
    march = Row("Nah", usage={"2025-03": (50, 18)}, begins_on=OLD)
    with time_machine.travel("2025-04-02T09:00Z"):
        scores.compute(partner, date(2025, 4, 2))
        browser = sign_in(member(partner, "manager"))
        hand_in(partner, office_usage([march]), name="march.csv")
        for name in ("overview", "outlook", "plan", "unclaimed", "history", "scenarios", "reports"):
            page = browser.get(reverse(f"scoring:{name}"), headers={"accept-language": "en"})
            assert page.status_code == 200, name
        outlook = browser.get(reverse("scoring:outlook"), headers={"accept-language": "en"})
        assert "are being computed anew" in outlook.content.decode()


# ---- Changes that no form makes ------------------------------------------------------------------

TENANT = guid("Nah")
STRANGE = [
    {"kind": "count", "track": "nope", "metric": "deployments", "option": "CPOR", "change": 5},
    {"kind": "count", "track": "smb", "metric": "nope", "option": "CPOR", "change": 5},
    {"kind": "count", "track": "smb", "metric": "usage_growth", "option": "", "change": 5},
    {
        "kind": "count",
        "track": "smb",
        "metric": "usage_growth",
        "option": "CPOR",
        "change": -(10**9),
    },
    {"kind": "won", "workloads": ["nope"], "option": "CPOR", "seats": 1, "users": 1},
    {
        "kind": "won",
        "workloads": ["exchange"],
        "option": "x",
        "seats": 1,
        "users": 9,
        "number": 500,
    },
    {"kind": "won", "workloads": ["exchange"] * 60, "option": "CPOR", "seats": 50, "users": 10**6},
    {"kind": "figures", "tenant": TENANT, "workload": "nope", "users": 5},
    {"kind": "figures", "tenant": TENANT, "workload": "exchange", "option": "nope", "users": 5},
    {"kind": "figures", "tenant": TENANT, "workload": "exchange"},
    {"kind": "begun", "tenant": TENANT, "workload": "nope", "option": "CPOR"},
    {"kind": "begun", "tenant": TENANT, "workload": "exchange", "option": "nope"},
    {
        "kind": "begun",
        "tenant": TENANT,
        "workload": "exchange",
        "option": "CSP",
        "users_at_start": 9,
    },
    {"kind": "ended", "tenant": TENANT, "workload": "nope", "option": "nope"},
    {"kind": "certified", "certification": "nope"},
    {"kind": "certified", "certification": "MS-102", "person": "nobody", "number": 50},
    {"kind": "not_renewed", "person": "mcp:1", "certification": "nope"},
    {"kind": "left", "person": "x" * 200, "name": "<script>alert(1)</script>"},
    {"kind": "lost", "tenant": guid("another firm's"), "customer": '"><script>alert(1)</script>'},
    {"kind": "lost", "tenant": TENANT, "surprise": 1},
    {"kind": "count", "track": 1, "metric": [], "option": None, "change": "5"},
    {"kind": "count", "track": "smb", "metric": "usage_growth", "option": "CPOR", "change": True},
    {"kind": {}},
    None,
    [[[]]],
    "text",
    1.5,
]


def test_no_stored_change_breaks_a_page(sign_in: Callable[[User], Client]) -> None:
    partner = firm()
    manager = member(partner, "manager")
    browser = sign_in(manager)
    made = []
    for number, one in enumerate([*STRANGE, STRANGE]):
        changes = one if isinstance(one, list) else [one]
        scenario = scenarios.make(partner, f"S{number}", by=manager)
        for place, change in enumerate(changes):
            if isinstance(change, dict):
                change.setdefault("id", f"{number * 100 + place:012x}")
        Scenario.objects.filter(pk=scenario.pk).update(changes=changes)
        made.append(scenario.pk)
    assert browser.get(reverse("scoring:scenarios")).status_code == 200
    for pk in made:
        page = browser.get(reverse("scoring:scenario", args=[pk]))
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        compared = browser.get(reverse("scoring:scenario_compare"), {"a": pk, "b": made[0]})
        assert compared.status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "null",
        "{",
        "[" * 50_000,
        '[{"kind": "count", "change": 1e999}]',
        "[" + "9" * 5_000 + "]",
        '[{"kind": "left", "id": "0123456789ab", "person": "a\\u0000"}]',
        '[{"kind": "left", "id": "0123456789ab", "person": "\\ud800"}]',
        '["a\x00b"]',
        "x" * 70_000,
    ],
)
def test_changes_that_are_none_make_no_scenario(
    text: str, sign_in: Callable[[User], Client]
) -> None:
    partner = firm()
    browser = sign_in(member(partner, "manager"))
    answer = browser.post(reverse("scoring:scenario_create"), {"name": "x", "changes": text})
    assert (answer.status_code, answer["location"]) == (302, reverse("scoring:scenarios"))
    assert not Scenario.objects.exists()


# ---- Reading -------------------------------------------------------------------------------------


def test_reading_writes_nothing(world: World, sign_in: Callable[[User], Client]) -> None:
    browser = sign_in(world.people["manager"])
    browser.get(reverse("scoring:overview"))  # what the session writes once
    history.refresh(world.firm.portfolio.pk)
    written = []
    for name, (method, _answers) in ACCESS.items():
        if method != "get":
            continue
        for headers in ({}, {"HX-Request": "true"}):
            with CaptureQueriesContext(connection) as queries:
                response = browser.get(world.url(name), headers=headers)
                body(response)
            assert response.status_code == 200, name
            written += [
                (name, query["sql"][:200])
                for query in queries
                if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE", "REPLACE")
            ]
    assert written == []


@pytest.mark.parametrize("name", [one for one, (method, _) in ACCESS.items() if method == "post"])
def test_another_site_changes_nothing(name: str) -> None:
    """No post of the room is let in without the token of its form."""
    callback = resolve(reverse_any(name)).func
    assert not getattr(callback, "csrf_exempt", False)


def reverse_any(name: str) -> str:
    for args in ([], [guid("x")], ["2025-02"], ["7"]):
        with suppress(NoReverseMatch):
            return reverse(f"scoring:{name}", args=args)
    raise AssertionError(name)
