"""A project's page: each firm reads what the others chose to show to it, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from partners.models import Partner
from scoring import disclosures
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import World, world
from tests.scoring.test_disclosures import DESIGNATION, METRIC, NOTHING, bring

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2025, 3, 25, 9, tzinfo=UTC), tick=True) as clock:
        yield clock


@pytest.fixture
def three() -> World:
    found = world(3)
    bring(found.firms[1])
    return found


def lines(three: World, reader: int) -> list[str]:
    page = Browser(three.people[reader]).get("project_detail", three.agreement.project_id)
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".shown-here")]


def show(three: World, to: Partner | None, what: str, **options: Any) -> None:
    disclosures.show(three.firms[1], to, what, by=three.people[1], **options)


def test_a_firm_reads_what_is_shown_to_it(three: World) -> None:
    assert [lines(three, reader) for reader in range(3)] == [[], [], []]

    show(three, three.firms[0], METRIC, track="smb", metric="deployments")
    assert [lines(three, reader) for reader in range(3)] == [
        [
            "Shown to your firm: SMB: Deployments, 25.0 of 25 points (+10 tenants) "
            "Data of February 2025, computed by this portal for 25/03/2025."
        ],
        [],
        [],
    ]

    show(three, three.firms[0], NOTHING)
    show(three, None, DESIGNATION)
    badge = (
        "Shown to your firm: Solutions Partner for Modern Work: requirements met, as computed by "
        "this portal from data of February 2025"
    )
    assert [lines(three, reader) for reader in range(3)] == [[badge], [], [badge]]


def test_queries_do_not_grow_with_what_is_shown(django_assert_num_queries: Any) -> None:
    taken = []
    for count in (2, 4):
        made = world(count)
        for firm, person in zip(made.firms[1:], made.people[1:], strict=True):
            bring(firm)
            disclosures.show(firm, made.firms[0], DESIGNATION, by=person)
        browser = Browser(made.people[0])
        browser.get("project_detail", made.agreement.project_id)
        # As without any, and scores, enrolments and months of all of them.
        with django_assert_num_queries(22):
            page = browser.get("project_detail", made.agreement.project_id)
        taken.append(len(page.soup.select(".shown-here")))
    assert taken == [1, 3]
