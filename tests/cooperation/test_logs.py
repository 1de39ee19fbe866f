"""The log of an agreement as a page and as a file: each firm reads what is its own to read."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from cooperation import log_files, projects, trail
from cooperation.models import AgreementEvent
from partners.models import FirmEvent, User
from support import trails
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def exported(several: World, firm: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    text = "".join(log_files.lines(several.agreement, several.firms[firm]))
    head, *told = [json.loads(line) for line in text.splitlines()]
    return head, told


def holds(head: dict[str, Any], told: list[dict[str, Any]]) -> bool:
    """Followed from end to end by hand, as somebody without the portal would."""
    previous = head["genesis"]
    for line in told:
        if line["previous"] != previous:
            return False
        if "content" in line and trails.digest(line["content"], line["salt"]) != line["digest"]:
            return False
        previous = trails.link(line["seq"], line["previous"], line["digest"])
        if line["hash"] != previous:
            return False
    return bool(head["head"] == {"seq": len(told), "hash": previous})


def test_page_lists_every_event_newest_first(soup: Soup) -> None:
    two = world()
    page = soup(browser(two.people[0]).get(reverse("cooperation:log", args=[two.agreement.pk])))
    numbers = [int(cell.text) for cell in page.select(".firm-log td.num")]
    assert numbers == sorted(
        AgreementEvent.objects.filter(agreement=two.agreement).values_list("seq", flat=True),
        reverse=True,
    )
    assert page.select_one(".firm-log tbody tr:last-child th").text.strip() == (  # type: ignore[union-attr]
        "The project was begun."
    )


def test_file_is_the_whole_chain(tmp_path: Path) -> None:
    two = world()
    two.fill()
    signed(two)
    head, told = exported(two, 0)
    assert head["format"] == "handschlag-agreement-log/1"
    assert holds(head, told)
    assert all("content" in line for line in told)
    path = tmp_path / "log.jsonl"
    path.write_text("".join(log_files.lines(two.agreement, two.firms[0])), "utf-8")
    call_command("verify_trail", "--export", path, stdout=io.StringIO())


def test_what_two_others_settle_is_there_as_hashes_only() -> None:
    three = all_settled(amount="987", note="Nur unter uns")
    pair = AgreementEvent.objects.filter(agreement=three.agreement, pair__isnull=False)
    own = pair.known_to(three.firms[2])
    hidden = set(pair.values_list("seq", flat=True)) - set(own.values_list("seq", flat=True))
    assert hidden

    head, told = exported(three, 2)

    assert holds(head, told)
    assert {line["seq"] for line in told if "content" not in line} >= hidden
    for line in told:
        if line["seq"] in hidden:
            assert set(line) == {"seq", "previous", "digest", "hash"}
    _head, all_told = exported(three, 0)
    assert {line["seq"] for line in all_told if "content" in line} >= hidden


def test_what_was_said_before_a_firm_joined_is_there_as_hashes_only() -> None:
    two = world()
    two.fill()
    third = PartnerFactory.create()
    person = member(third, "manager", "signer")
    place = projects.invite(two.agreement.pk, third, **two.acting(0))
    before = AgreementEvent.objects.filter(agreement=two.agreement).count()
    projects.accept(place.pk, by=person)
    two.firms.append(third)

    head, told = exported(two, 2)

    assert holds(head, told)
    assert [line["seq"] for line in told if "content" not in line] == list(range(1, before + 1))


def test_erased_event_is_there_without_what_it_said(soup: Soup) -> None:
    two = world()
    event = AgreementEvent.objects.filter(agreement=two.agreement).order_by("seq")[0]
    trail.erase(event)
    head, told = exported(two, 0)
    assert holds(head, told)
    assert set(told[0]) == {"seq", "previous", "digest", "hash", "erased_at"}
    page = soup(browser(two.people[0]).get(reverse("cooperation:log", args=[two.agreement.pk])))
    last = page.select_one(".firm-log tbody tr:last-child th").text  # type: ignore[union-attr]
    assert " ".join(last.split()) == "Agreement begun (erased)"


def test_taking_it_along_is_written_on_the_own_firms_log_only() -> None:
    two = world()
    before = FirmEvent.objects.count()
    url = reverse("cooperation:log_export", args=[two.agreement.pk])
    answer = browser(two.people[1]).post(url)
    assert json.loads(next(iter(answer)).decode())["read_by"]["name"] == two.firms[1].name
    event = FirmEvent.objects.order_by("pk").last()
    assert event is not None
    assert FirmEvent.objects.count() == before + 1
    assert (event.partner, event.kind, event.by) == (two.firms[1], "log_exported", two.people[1])


@pytest.mark.parametrize("who", ["stranger", "invited", "loner", "former"])
def test_whoever_takes_no_part_finds_no_log(who: str) -> None:
    two = world()
    other = PartnerFactory.create()
    people = {
        "stranger": member(PartnerFactory.create(), "admin", "manager", "signer"),
        "invited": member(other, "manager"),
        "loner": UserFactory.create(),
        "former": member(two.firms[0], "manager", left_at="2035-01-01T00:00Z"),
    }
    projects.invite(two.agreement.pk, other, **two.acting(0))
    client = browser(people[who])
    args = [two.agreement.pk]
    assert client.get(reverse("cooperation:log", args=args)).status_code == 404
    assert client.post(reverse("cooperation:log_export", args=args)).status_code == 404


def test_steps_of_a_firm_point_to_the_log_of_the_agreement() -> None:
    two = world()
    two.fill()
    signed(two)
    events = {
        event.seq: event.hash for event in AgreementEvent.objects.filter(agreement=two.agreement)
    }
    pointers = FirmEvent.objects.filter(partner=two.firms[1]).order_by("seq")
    assert [event.kind for event in pointers] == ["agreement_accepted", "agreement_signed"]
    for event in pointers:
        assert event.data["hash"] == events[event.data["seq"]]
        assert event.data["agreement"] == str(two.agreement.pk)


@pytest.mark.parametrize("count", [0, 2])
def test_queries_of_the_page_do_not_grow(count: int, django_assert_num_queries: Any) -> None:
    two = world()
    for _number in range(count):
        two.press(0)
        two.propose(0, "shared_goal", f"Goal {_number}")
    client = browser(two.people[0])
    with django_assert_num_queries(QUERIES):
        client.get(reverse("cooperation:log", args=[two.agreement.pk]))


QUERIES = 9
