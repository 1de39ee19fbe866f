from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cooperation import answers, projects, signing, waiting
from documents.models import Document
from partners.models import User
from partners.waiting import Waiting
from tests.cooperation.worlds import another, world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("english"),
]


def lines(user: User) -> list[tuple[bool, str, str]]:
    return [(line.mine, line.kind, line.detail) for line in waiting.for_user(user)]


def mine(user: User) -> list[Waiting]:
    return [line for line in waiting.for_user(user) if line.mine]


def test_nothing_waits_for_a_stranger() -> None:
    world().fill()

    assert waiting.for_user(UserFactory.create()) == []
    assert waiting.for_user(member(PartnerFactory.create(), "manager", "signer")) == []


def test_invitation_waits_for_the_invited_firm() -> None:
    two = world()
    firm = PartnerFactory.create()
    manager, observer = member(firm, "manager"), member(firm, "observer")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    (line,) = waiting.for_user(manager)

    assert line.title == "Neuer Arbeitsplatz"
    assert line.detail == f"{two.firms[0].name} invites {firm.name} to take part."
    assert line.url == f"/einladung/{place.pk}/"
    assert (line.kind, line.since, line.mine) == ("invitation", place.invited_at, True)
    said = f"{firm.name} has not answered the invitation yet."
    assert lines(observer) == [(False, "invitation", said)]
    assert (False, "invitation", said) in lines(two.people[1])


def test_points_wait_for_the_firm_that_has_to_answer_or_confirm() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", "customer")

    assert lines(two.people[1]) == [
        (True, "answer", "1 point waits for your firm's answer or confirmation.")
    ]
    assert lines(two.people[0]) == [(False, "answer", f"Waits for {two.firms[1].name} (1 point).")]
    page = f"/vereinbarung/{two.agreement.pk}/"
    urls = [line.url for person in two.people for line in waiting.for_user(person)]
    assert urls == [page, f"{page}?show=mine"]


def test_line_says_since_when_it_waits() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", "customer")
    sheet = two.sheet
    given = sheet.given(sheet.book.point("exclusivity"))
    assert given is not None

    assert [line.since for line in mine(two.people[1])] == [given.at]


def test_talk_waits_for_everybody() -> None:
    two = world()
    two.fill()
    answers.ask_to_talk(two.agreement.pk, "exclusivity", "Warum?", **two.acting(1))

    assert [line.kind for line in mine(two.people[0])] == ["answer"]
    assert [line.kind for line in mine(two.people[1])] == ["answer"]


def test_project_lead_is_asked_only_for_own_rules() -> None:
    two = world()
    two.fill()
    lead, observer = member(two.firms[1], "lead"), member(two.firms[1], "observer")
    two.propose(0, "exclusivity", "customer")  # rule 1: not for project leads
    said = f"Waits for {two.firms[1].name} (1 point)."

    assert lines(lead) == [(False, "answer", said)]
    two.propose(0, "publicity", "none")  # rule 2
    assert (True, "answer", "1 point waits for your firm's answer or confirmation.") in lines(lead)
    assert lines(observer) == [(False, "answer", f"Waits for {two.firms[1].name} (2 points).")]


def test_settled_agreement_waits_for_its_signing_round() -> None:
    two = world()
    two.fill()

    assert lines(two.people[0]) == [
        (True, "freeze", "Everything is agreed. The agreement can be signed.")
    ]
    assert lines(member(two.firms[0], "specialist")) == [
        (False, "freeze", "Everything is agreed. A partner manager starts the signing.")
    ]


def test_declined_round_is_named_with_its_reason_until_an_answer_changes() -> None:
    two = world()
    version = two.freeze()
    signing.decline(version.pk, reason="Die Frist ist zu kurz.", **two.acting(1))
    firm = two.firms[1].name
    said = f"{firm} has not signed version 1: “Die Frist ist zu kurz.”"

    assert lines(two.people[0]) == [(True, "closed", said)]
    assert lines(member(two.firms[0], "observer")) == [(False, "closed", said)]

    two.propose(0, "exit_notice", {"number": 60, "unit": "days"})
    assert lines(two.people[0]) == [(False, "answer", f"Waits for {firm} (1 point).")]


def test_round_taken_back_is_named() -> None:
    two = world()
    version = two.freeze()
    signing.withdraw(version.pk, **two.acting(0))

    said = f"{two.firms[0].name} took the signing of version 1 back."
    assert lines(two.people[1]) == [(True, "closed", said)]


def test_version_waits_for_those_who_may_sign() -> None:
    two = world()
    version = two.freeze()
    specialist = member(two.firms[1], "specialist")
    signing.sign(
        version.pk,
        seen=version.sha256,
        language="de",
        authority="managing_director",
        **two.acting(0),
    )

    (line,) = mine(two.people[1])
    said = f"Waits for the signature of {two.firms[1].name}."

    assert line.detail == f"Version 1 waits for your signature for {two.firms[1].name}."
    assert (line.url, line.action) == (f"/fassung/{version.pk}/", "Read and sign")
    assert line.since == version.frozen_at
    assert lines(two.people[0]) == [(False, "sign", said)]
    assert lines(specialist) == [(False, "sign", said)]


def test_agreement_in_force_is_news_for_a_week_and_says_when_the_pdfs_are_ready() -> None:
    two = world()
    version = two.freeze()
    for firm in (0, 1):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(firm),
        )
    assert lines(two.people[0]) == [
        (True, "in_force", "Signed by all and in force. The PDFs are being made.")
    ]

    now = timezone.now()
    Document.objects.update(state="ready", file="a.pdf", sha256="0" * 64, finished_at=now)
    assert lines(two.people[0]) == [
        (True, "in_force", "Signed by all and in force. The PDFs are ready.")
    ]

    with time_machine.travel(now + timedelta(days=8)):
        assert lines(two.people[0]) == []


def test_queries_do_not_grow_with_the_rows(django_assert_num_queries: Any) -> None:
    two = world()
    for _round in range(2):
        draft, declined, signed = another(two), another(two), another(two)
        projects.invite(draft.agreement.pk, PartnerFactory.create(), **two.acting(0))
        another(two).freeze()
        signing.decline(declined.freeze().pk, reason="Nein", **two.acting(1))
        version = signed.freeze()
        for firm in (0, 1):
            signing.sign(
                version.pk,
                seen=version.sha256,
                language="de",
                authority="managing_director",
                **two.acting(firm),
            )

        with django_assert_num_queries(21):
            waiting.for_user(two.people[0])
