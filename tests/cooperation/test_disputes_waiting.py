"""Points to settle in lists: on the first page, at the project, in its log."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperation import (
    amendments,
    disputes,
    disputes_waiting,
    neutral_people,
    projects,
    waiting,
)
from partners.models import Membership, User
from tests.cooperation.browsers import Browser
from tests.cooperation.settling import (
    opened,
    signed,
)
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

MONDAY = "2026-03-02T09:15Z"
TOMORROW = timedelta(days=1)


def start_lines(user: User) -> list[tuple[bool, str, str]]:
    lines = [line for line in waiting.for_user(user) if line.kind == "dispute"]
    return [(line.mine, line.detail, line.action) for line in lines]


def test_lines_on_the_start_page_follow_the_steps() -> None:
    with time_machine.travel(MONDAY) as traveller:
        two, version = signed()
        observer = member(two.firms[1], "observer")
        dispute = opened(two, version)
        level = "“Logo auf der Website” – Level 1 of 4: Project leads, 5 working days left"
        assert start_lines(two.people[0]) == [
            (False, f"{level}. Waits for {two.firms[1].name}.", "See the point")
        ]
        heard = f"{level}. Your firm has not been heard yet."
        assert start_lines(two.people[1]) == [(True, heard, "Read and answer")]
        assert start_lines(observer) == [(False, heard, "See the point")]

        disputes.write(dispute.pk, "Ja.", **two.acting(1))
        assert start_lines(two.people[1]) == [(False, f"{level}.", "See the point")]

        traveller.move_to("2026-03-10T09:00Z")  # the next level: both are asked anew
        assert [mine for mine, *_rest in start_lines(two.people[0])] == [True]
        disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
        assert start_lines(two.people[0]) == [
            (
                False,
                f"The outcome of “Logo auf der Website” waits for {two.firms[1].name}.",
                "See the point",
            )
        ]
        waits = "An outcome for “Logo auf der Website” waits for your firm's confirmation."
        assert start_lines(two.people[1]) == [(True, waits, "Read and confirm")]
        assert start_lines(observer) == [(False, waits, "See the point")]

        guest = neutral_people.invite(
            dispute.pk,
            email="nora@m.example",
            name="Nora",
            until=timezone.localdate(),
            **two.acting(0),
        )
        asked = f"{two.firms[0].name} proposes Nora as a neutral person for “Logo auf der Website”."
        assert (True, asked, "Answer") in start_lines(two.people[1])
        assert len(start_lines(observer)) == 1
        neutral_people.agree(guest.pk, **two.acting(1))
        assert len(start_lines(two.people[1])) == 1
        disputes.confirm(dispute.pk, revision=1, **two.acting(1))
        assert start_lines(two.people[0]) == start_lines(two.people[1]) == []


def test_project_page_lists_points_for_the_firms_involved_only() -> None:
    three, version = signed(3)
    opened(three, version, others=[three.firms[1].pk])
    shown = [
        len(
            Browser(person)
            .get("project_detail", three.agreement.project_id)
            .soup.select("#disputes-heading")
        )
        for person in three.people
    ]
    assert shown == [1, 1, 0]
    assert start_lines(three.people[2]) == []
    third = Browser(three.people[2]).get("project_detail", three.agreement.project_id)
    assert "Logo auf der Website" not in third.text()
    assert "settle" not in third.text("#log-heading + ol, .timeline--log").lower()


def test_log_of_a_point_of_all_firms_says_that_and_never_what() -> None:
    two, version = signed()
    dispute = opened(two, version, subject="GEHEIM")
    disputes.write(dispute.pk, "GEHEIM", **two.acting(1))
    disputes.declare_failed(dispute.pk, 1, reason="GEHEIM", **two.acting(1))
    log = Browser(two.people[0]).get("project_detail", two.agreement.project_id)
    text = log.text(".timeline--log")
    about = "2.9 How do we handle references, press releases, posts and logos?"
    assert f"A point to settle was opened: {about}" in text
    assert f"Level 2 was called to settle a point: {about}" in text
    assert "GEHEIM" not in text


def test_firm_that_joins_later_reads_nothing_of_what_was_settled_before() -> None:
    two, version = signed()
    dispute = opened(two, version)
    amendments.begin(
        two.agreement.pk,
        reason="Eine weitere Firma",
        effective_on=timezone.localdate() + TOMORROW,
        **two.acting(0),
    )
    firm = PartnerFactory.create()
    person = member(firm, "manager", "signer")
    projects.accept(projects.invite(two.agreement.pk, firm, **two.acting(0)).pk, by=person)
    disputes.withdraw(dispute.pk, **two.acting(0))

    joined = Browser(person).get("project_detail", two.agreement.project_id)
    assert "The invitation was accepted." in joined.text(".timeline--log")
    assert "point to settle" not in joined.text()
    own = Browser(two.people[1]).get("project_detail", two.agreement.project_id)
    assert "A point to settle was opened" in own.text(".timeline--log")
    assert Browser(person).get("dispute", dispute.pk).status == 404


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_points(count: int) -> None:
    two, version = signed()
    for number in range(count):
        dispute = opened(two, version, subject=f"Punkt {number}")
        disputes.declare_failed(dispute.pk, 1, **two.acting(1))
        neutral_people.invite(
            dispute.pk, email="n@m.example", name="N", until=timezone.localdate(), **two.acting(0)
        )
    memberships = {two.firms[1].pk: Membership.objects.get(user=two.people[1])}
    with CaptureQueriesContext(connection) as lines:
        found = disputes_waiting.for_firms(two.people[1], memberships)
    assert len(found) == 2 * count
    # points with project, parties, failures, guests, their people, consents, last words
    assert len(lines) == 6
    browser = Browser(two.people[1])
    with CaptureQueriesContext(connection) as page:
        browser.get("project_detail", two.agreement.project_id)
    disputes_read = [q for q in page if '"cooperation_dispute"' in q["sql"].split("WHERE")[0]]
    assert len(disputes_read) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_page_do_not_grow_with_entries(count: int) -> None:
    two, version = signed()
    dispute = opened(two, version)
    for number in range(count):
        disputes.write(dispute.pk, f"Eintrag {number}", **two.acting(1))
        neutral_people.invite(
            dispute.pk,
            email=f"n{number}@m.example",
            name="N",
            until=timezone.localdate(),
            **two.acting(0),
        )
    browser = Browser(two.people[0])
    with CaptureQueriesContext(connection) as queries:
        page = browser.get("dispute", dispute.pk)
    assert len(page.soup.select(".talk__entry")) == count + 1
    assert len(queries) == 13


def test_stranger_and_person_without_a_firm_have_no_lines() -> None:
    two, version = signed()
    opened(two, version)
    assert start_lines(UserFactory.create()) == []
    assert start_lines(member(PartnerFactory.create(), "manager")) == []
