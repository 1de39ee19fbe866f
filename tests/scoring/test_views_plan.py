"""The planner's page: targets, ways, weights in place, and a plan kept as a scenario."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from partners.models import Partner, User
from scoring import efforts, rule_sets, scores
from scoring.models import EffortWeights, Portfolio, Scenario
from tests.factories import PartnerFactory, member
from tests.scoring.stage import hand_in
from tests.scoring.test_plans import WORLD, firm, row
from tests.scoring.worlds import AS_OF, Row, office_usage

pytestmark = pytest.mark.django_db
PLAN = "/designation/planen/"
GIVEN = {"intermediate": "5", "advanced": "10", "tenant": "15", "user": "0.1", "claim": "1"}
Soup = Callable[[Any], BeautifulSoup]
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True) as clock:
        yield clock


@pytest.fixture
def partner() -> Partner:
    return firm(WORLD)


@pytest.fixture
def browser(partner: Partner, sign_in: SignIn) -> Client:
    client = sign_in(member(partner, "manager", name="Jana Brückner"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def words(found: Any) -> str:
    return " ".join(found.get_text(" ").split())


def test_the_page_shows_the_steps_their_effort_and_the_proof(browser: Client, soup: Soup) -> None:
    page = soup(browser.get(PLAN))
    first, second = page.select(".way")
    assert words(first.h2) == "SMB"
    assert words(second.h2) == "Enterprise"
    steps = [words(step) for step in first.select(".way__steps > li")]
    assert steps[0].startswith("One more active user of Exchange at Auch nah: deployed.")
    assert steps[0].endswith("Effort: 0.1")
    assert "combinations compared; none costs less." in words(first)
    assert page.select_one("#method") is not None
    totals = [words(cell) for cell in first.select("tfoot td")]
    assert float(totals[0]) < 70 <= float(totals[1])
    assert first.select_one("svg.chart title") is not None
    rows = [words(cell) for cell in first.select("tbody tr th")]
    assert len(rows) == 5
    ids = [one["id"] for one in page.select("[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("target", ["pass", "full", "next", "nonsense", ""])
def test_each_target_has_its_page(target: str, browser: Client, soup: Soup) -> None:
    page = soup(browser.get(PLAN, {"target": target}))
    current = page.select_one("nav[aria-label=Target] [aria-current]")
    titles = {"full": "100 points", "next": "The next full point"}
    assert words(current) == titles.get(target, "70 points")


def test_the_fragment_is_what_a_reload_shows(browser: Client, soup: Soup) -> None:
    page = soup(browser.get(PLAN, {"target": "full"}))
    part = soup(browser.get(PLAN, {"target": "full"}, headers={"hx-request": "true"}))
    for each in (page, part):
        for token in each.select("[name=csrfmiddlewaretoken]"):
            token.extract()
    assert str(page.select_one("#plan")) == str(part.select_one("#plan"))
    assert part.select_one("h1") is None


def test_weights_change_the_plan_in_place(browser: Client, soup: Soup, partner: Partner) -> None:
    answer = browser.post(
        reverse("scoring:plan_efforts"),
        GIVEN | {"user": "100", "target": "next"},
        headers={"hx-request": "true"},
    )
    part = soup(answer)
    assert efforts.weights(efforts.of(partner)).user == 10_000
    assert "Set by Jana Brückner" in words(part)
    assert words(part.select_one("nav[aria-label=Target] [aria-current]")) == "The next full point"
    assert "active user" not in words(part.select_one(".way__steps"))


def test_without_javascript_weights_lead_back_to_the_page(browser: Client) -> None:
    answer = browser.post(reverse("scoring:plan_efforts"), GIVEN | {"target": "full"})
    assert (answer.status_code, answer["location"]) == (302, f"{PLAN}?target=full#efforts")


def test_bad_weights_are_told_at_their_field(browser: Client, soup: Soup) -> None:
    url = reverse("scoring:plan_efforts")
    answer = browser.post(url, GIVEN | {"user": "-3"}, headers={"hx-request": "true"})
    assert answer.status_code == 422
    field = soup(answer).select_one("#id_user")
    assert field is not None
    assert (field["value"], field["aria-invalid"]) == ("-3", "true")
    assert not EffortWeights.objects.exists()
    assert browser.post(url, GIVEN | {"user": "1e9"}).status_code == 200


def test_the_starting_values_come_back(browser: Client, partner: Partner) -> None:
    url = reverse("scoring:plan_efforts")
    browser.post(url, GIVEN | {"tenant": "99"})
    assert efforts.is_own(efforts.of(partner))
    browser.post(url, GIVEN | {"tenant": "not a number", "reset": "1"})
    assert not efforts.is_own(efforts.of(partner))


def test_who_may_not_plan_sees_the_weights_and_no_form(
    partner: Partner, sign_in: SignIn, soup: Soup
) -> None:
    observer = sign_in(member(partner, "observer"))
    page = soup(observer.get(PLAN))
    assert page.select(".way__steps")
    assert not page.select("#plan form")
    assert len(page.select("#efforts dd")) == 5
    for name in ("plan_efforts", "plan_keep"):
        assert observer.post(reverse(f"scoring:{name}"), GIVEN).status_code == 403
    assert not Scenario.objects.exists()


def test_a_plan_is_kept_as_a_scenario(browser: Client, soup: Soup, partner: Partner) -> None:
    form = soup(browser.get(PLAN)).select_one(f"form[action='{reverse('scoring:plan_keep')}']")
    assert form is not None
    data = {str(one["name"]): str(one["value"]) for one in form.select("input")}
    answer = browser.post(reverse("scoring:plan_keep"), data)
    [made] = Scenario.objects.all()
    assert answer["location"] == reverse("scoring:scenario", args=[made.pk])
    assert (made.name, made.partner) == ("Plan: SMB, 70 points", partner)
    assert {one["kind"] for one in made.changes} == {"figures", "count", "certified"}
    assert browser.get(answer["location"]).status_code == 200


@pytest.mark.parametrize("data", [{"track": "moon"}, {"track": "smb", "without": "all"}, {}])
def test_a_plan_that_is_not_there_is_told(data: dict[str, str], browser: Client) -> None:
    answer = browser.post(reverse("scoring:plan_keep"), data, follow=True)
    assert "This plan is not there any more." in answer.content.decode()
    assert not Scenario.objects.exists()


def test_a_plan_that_goes_part_of_the_way_can_be_kept_too(browser: Client) -> None:
    data = {"track": "smb", "without": "near", "target": "full"}
    assert browser.post(reverse("scoring:plan_keep"), data).status_code == 302
    [made] = Scenario.objects.all()
    assert made.name == "Plan: SMB, 85 points"


def test_before_there_are_data_the_page_says_what_it_needs(sign_in: SignIn, soup: Soup) -> None:
    client = sign_in(member(PartnerFactory.create(), "admin"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    page = soup(client.get(PLAN))
    assert words(page.select_one(".empty h2")) == "There is no score of your firm yet."
    whole = soup(client.get(PLAN, headers={"hx-request": "true"}))
    assert whole.select_one("h1") is not None
    answer = client.post(reverse("scoring:plan_keep"), {"track": "smb"}, follow=True)
    assert "There is no score of your firm yet." in answer.content.decode()


def test_without_the_comparison_month_it_is_told_first(sign_in: SignIn, soup: Soup) -> None:
    partner: Partner = PartnerFactory.create()
    only_now = [Row("Neu", usage={"2025-02": (50, 30)}, begins_on=date(2023, 1, 1))]
    hand_in(partner, office_usage(only_now))
    scores.compute(partner, AS_OF, rule_sets.get("modern-work-2023"))
    client = sign_in(member(partner, "manager"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    notice = soup(client.get(PLAN)).select_one("#plan .notice--warn")
    assert words(notice).startswith("The data of February 2024 are missing.")


def test_that_tables_are_behind_is_told(browser: Client, soup: Soup, partner: Partner) -> None:
    assert soup(browser.get(PLAN)).select_one("#behind") is None
    Portfolio.objects.filter(partner=partner).update(version=10_000)
    assert soup(browser.get(PLAN)).select_one("#behind") is not None


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(count: int, sign_in: SignIn, django_assert_num_queries: Any) -> None:
    partner = firm([*WORLD, *(row(f"Nah {n}", (50, 12), (50, 17)) for n in range(count))])
    client = sign_in(member(partner, "manager"))
    client.get(PLAN)
    # Session, user, memberships; rights twice; weights, score, portfolio, tables, names.
    with django_assert_num_queries(10):
        client.get(PLAN)
