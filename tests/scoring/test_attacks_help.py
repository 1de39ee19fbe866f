"""What bad values, broken rows and half-done work do to the pages that help with a score."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import product
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone

from partners.models import Partner, User
from scoring import (
    claim_list,
    computed_tables,
    history,
    monthly_reports,
    notices,
    reminders,
    reports,
    scenarios,
    scores,
)
from scoring.ledger_filters import Baseline, kind_of
from scoring.models import ComputedTable, ReportSubscription, Scenario, Score, Tenant, UnclaimedWork
from scoring.people import Certificate
from scoring.scenario_changes import CustomerLost, CustomersWon, PersonLeft
from tests.factories import MembershipFactory, PartnerFactory, member
from tests.scoring.stage import OLD, PEOPLE, body, hand_in
from tests.scoring.test_plans import firm
from tests.scoring.test_views_access import ADDRESSES, World
from tests.scoring.worlds import AS_OF, PAIR, Row, claims, guid, office_usage, training

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
        compared = browser.get(
            reverse("scoring:scenario_compare"), {"a": str(pk), "b": str(made[0])}
        )
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
    for name, methods in ADDRESSES.items():
        if "GET" not in methods:
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


@pytest.mark.parametrize("name", [one for one, methods in ADDRESSES.items() if "POST" in methods])
def test_another_site_changes_nothing(name: str) -> None:
    """No post of the room is let in without the token of its form."""
    callback = resolve(reverse_any(name)).func
    assert not getattr(callback, "csrf_exempt", False)


def reverse_any(name: str) -> str:
    for args in ([], [guid("x")], ["2025-02"], ["7"]):
        with suppress(NoReverseMatch):
            return reverse(f"scoring:{name}", args=args)
    raise AssertionError(name)


# ---- Names ---------------------------------------------------------------------------------------

NAMES = [
    '=HYPERLINK("http://evil.example","Rechnung")',
    "<script>alert(1)</script>",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3 \u202egpj.exe\u2066",
    "\U0001f4a9 \ufffe\uffff \x0b\x1f\x7f Ende",
    "{{ settings }} {% now %} %(x)s",
]


@pytest.fixture
def named() -> tuple[Partner, Score]:
    partner: Partner = PartnerFactory.create(name="Firma\r\nBcc: x@evil.example <b>")
    growing = {"2024-02": (50, 12), "2025-02": (50, 19)}
    hand_in(partner, office_usage([Row(one, usage=growing, begins_on=OLD) for one in NAMES]))
    people = [
        Certificate(f"mcp:{n}", one, "", "MS-700", date(2024, 5, 1), date(2025, 4, 30))
        for n, one in enumerate(NAMES)
    ]
    hand_in(partner, training(people), name="people.csv")
    score = scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    # Nothing of it was lost on the way in but for what no text holds.
    assert Tenant.objects.filter(name__in=[NAMES[0], NAMES[1], NAMES[2], NAMES[5]]).count() == 4
    return partner, score


def test_names_are_text_wherever_they_stand(
    named: tuple[Partner, Score], sign_in: Callable[[User], Client]
) -> None:
    partner, score = named
    manager = member(partner, "manager", name='<script>alert(2)</script>=1+1"')
    claim_list.note(
        partner, claim_list.Noted(NAMES[0], 5, 50, 10, note="<script>alert(3)</script>"), by=manager
    )
    claim_list.note(partner, claim_list.Noted(NAMES[1], 5, 50, 10), by=manager)
    scenario = scenarios.make(
        partner,
        NAMES[1],
        by=manager,
        changes=[
            CustomerLost(tenant=UUID(guid(NAMES[1])), customer=NAMES[1]),
            PersonLeft(person="mcp:1", name=NAMES[1]),
            CustomersWon(
                name=NAMES[5],
                workloads=("exchange",),
                option="CPOR",
                seats=9,
                users=1,
                users_at_start=0,
            ),
        ],
        note=NAMES[1],
    )
    browser = sign_in(manager)
    urls = [
        reverse(f"scoring:{name}")
        for name in ("overview", "outlook", "plan", "unclaimed", "scenarios", "people", "reports")
    ]
    urls += [
        reverse("scoring:scenario", args=[scenario.pk]),
        f"{reverse('scoring:scenario_compare')}?a={scenario.pk}",
        reverse("scoring:metric", args=[score.pk, "smb", "usage_growth"]),
        reverse("scoring:metric", args=[score.pk, "smb", "intermediate_certifications"]),
        reverse("home"),
    ]
    for url in urls:
        page = browser.get(url, follow=True).content.decode()
        assert "<script>alert" not in page, url
        assert "Bcc: x@evil.example <b>" not in page, url
    for url in (
        reverse("scoring:unclaimed_csv"),
        reverse("scoring:ledger_csv", args=[score.pk]),
    ):
        answer = browser.get(url)
        lines = list(csv.reader(io.StringIO(body(answer).decode("utf-8-sig"))))
        assert any("HYPERLINK" in cell for line in lines for cell in line)
        assert not [cell for line in lines for cell in line if cell[:1] in ("=", "@", "\t", "\r")]
        assert "\n" not in answer["content-disposition"]


def test_a_workbook_with_any_name_can_be_opened(
    named: tuple[Partner, Score], sign_in: Callable[[User], Client]
) -> None:
    partner, score = named
    browser = sign_in(member(partner, "manager"))
    content = body(browser.get(reverse("scoring:ledger_xlsx", args=[score.pk])))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
            assert b"<f>" not in archive.read(name)  # no formula
    assert b"HYPERLINK" in b"".join(
        zipfile.ZipFile(io.BytesIO(content)).read(one)
        for one in zipfile.ZipFile(io.BytesIO(content)).namelist()
    )


@pytest.mark.parametrize("length", ["short", "full"])
def test_a_report_with_any_name_can_be_printed(length: str, named: tuple[Partner, Score]) -> None:
    partner, score = named
    report = reports.order(
        score.pk, language="de", length=length, by=member(partner, "manager", name=NAMES[1])
    )
    assert reports.build(str(report.document_id))
    report.document.refresh_from_db()
    assert report.document.is_ready


def test_no_name_gets_into_the_head_of_a_letter(named: tuple[Partner, Score]) -> None:
    partner, _score = named
    member(partner, "manager", name="Mara\r\nBcc: y@evil.example")
    assert reminders.remind_all(AS_OF)
    notices.send_due()
    assert mail.outbox
    for letter in mail.outbox:
        assert letter.message()["Bcc"] is None
        assert "\n" not in letter.subject
        assert letter.recipients() == [letter.to[0]]
        assert "\r" not in letter.body
        assert not any(line.startswith("Bcc:") for line in letter.body.splitlines())


# ---- What belongs to another firm ----------------------------------------------------------------


@pytest.fixture
def theirs() -> Partner:
    """Another firm with a customer that the first one does not have."""
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage([Row("Geheim AG", usage={"2025-02": (50, 19)}, begins_on=OLD)]))
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    return partner


def test_nothing_of_another_firm_is_known_by_its_ids(
    theirs: Partner, sign_in: Callable[[User], Client]
) -> None:
    own = firm()
    manager, their_manager = member(own, "manager"), member(theirs, "manager")
    secret = guid("Geheim AG")
    mine = scenarios.make(own, "Meins", by=manager)
    other = scenarios.make(theirs, "Deren Plan", by=their_manager)
    browser = sign_in(manager)

    def get(name: str, *args: object, **query: Any) -> tuple[int, bool]:
        page = browser.get(reverse(f"scoring:{name}", args=args), query)
        words = page.content.decode()
        return page.status_code, "Geheim" in words or "Deren Plan" in words

    assert get("scenario", mine.pk, tenant=secret) == (404, False)
    assert get("scenario", mine.pk, add="customer", words="Gehei") == (200, False)
    assert get("scenarios", tenant=secret, workload="exchange") == (200, False)
    assert get("scenario_compare", a=mine.pk, b=other.pk) == (404, False)
    assert get("customer", secret) == (404, False)
    assert get("unclaimed", words="Gehei") == (200, False)

    def post(name: str, /, *args: object, **data: object) -> int:
        return browser.post(reverse(f"scoring:{name}", args=args), data).status_code

    assert post("scenario_add", mine.pk, tenant=secret, add="lost", seen=1) == 404
    for name in ("scenario_copy", "scenario_delete", "scenario_rename", "scenario_take_out"):
        assert post(name, other.pk, seen=1, name="x", change="x") == 404
    subscription = monthly_reports.subscribe(
        their_manager.memberships.get().pk, language="de", length="short", by=their_manager
    )
    assert post("report_unsubscribe", subscription.pk) == 404
    their_place = str(their_manager.memberships.get().pk)
    wanted = {"membership": their_place, "length": "short", "language": "de"}
    assert post("report_subscribe", **wanted) == 404

    # Their customer's id in what the firm itself writes finds nobody, here and there.
    changes = f'[{{"kind": "lost", "id": "0123456789ab", "tenant": "{secret}"}}]'
    assert post("scenario_create", name="Probe", changes=changes) == 302
    probe = Scenario.objects.get(name="Probe")
    assert probe.partner == own
    assert get("scenario", probe.pk) == (200, False)
    note = {"customer_name": "Fremd", "tenant_id": secret, "workload": 5, "seats": 50, "users": 9}
    assert post("work_note", **note) in (200, 302)
    assert get("unclaimed") == (200, False)
    assert (
        reverse("scoring:customer", args=[secret])
        not in browser.get(reverse("scoring:unclaimed")).content.decode()
    )
    history.refresh(theirs.portfolio.pk)
    history.refresh(own.portfolio.pk)
    assert UnclaimedWork.objects.get().closed_at is None


def test_two_firms_of_one_person_are_kept_apart(
    theirs: Partner, sign_in: Callable[[User], Client]
) -> None:
    own = firm()
    user = member(own, "manager")
    MembershipFactory.create(user=user, partner=theirs, is_partner_manager=True)
    mine = scenarios.make(own, "Meins", by=user)
    other = scenarios.make(theirs, "Deren Plan", by=user)
    browser = sign_in(user)
    compare = reverse("scoring:scenario_compare")
    page = browser.get(compare, {"a": str(mine.pk), "b": str(other.pk)}).content.decode()
    assert ("Meins" in page) != ("Deren Plan" in page)  # never both in one picture
    # A customer of the second firm is none in a scenario of the first.
    url = reverse("scoring:scenario", args=[mine.pk])
    assert browser.get(url, {"tenant": guid("Geheim AG")}).status_code == 404


def test_who_has_left_keeps_no_link(world: World, sign_in: Callable[[User], Client]) -> None:
    manager = world.people["manager"]
    browser = sign_in(manager)
    manager.memberships.update(left_at=timezone.now())
    for name in ("scenario", "report_status", "report_download", "ledger_xlsx", "scenario_compare"):
        assert browser.get(world.url(name)).status_code == 404, name
    for name in ("scenario_copy", "scenario_delete", "work_close", "report_unsubscribe"):
        assert browser.post(world.url(name), {"seen": 1}).status_code == 404, name
    assert not ReportSubscription.objects.active().exists()


@pytest.mark.parametrize(
    ("begins_on", "kind"),
    [
        (date(2024, 1, 31), Baseline.COMPARISON),
        (date(2024, 2, 29), Baseline.COMPARISON),  # begun in the comparison month itself
        (date(2024, 3, 1), Baseline.FILE),
    ],
)
def test_the_comparison_month_is_the_last_one_that_is_a_baseline(
    begins_on: date, kind: Baseline
) -> None:
    usage = {"2024-02": (50, 5), "2024-03": (50, 6), "2025-02": (50, 19)}
    (claim,) = claims([Row(usage=usage, begins_on=begins_on)])
    assert kind_of(claim, PAIR.comparison) == kind
