"""A neutral person at one point to settle: invited, agreed to by all, for a limited time."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from cooperation import disputes, neutral_people, notices
from cooperation.agreements import NotPossible
from cooperation.models import AgreementEvent, Dispute, DisputeGuest, Notice
from cooperation.working_days import end_of
from partners.models import Membership, User
from tests.cooperation.settling import again, opened, signed, told, trail
from tests.cooperation.worlds import World
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("english"),
    pytest.mark.usefixtures("monday"),
]

TODAY = date(2026, 3, 2)
LAST = date(2026, 3, 20)


@pytest.fixture
def monday() -> Any:
    with time_machine.travel("2026-03-02T09:15Z") as traveller:
        yield traveller


def ask(world: World, dispute: Dispute, firm: int = 0, **fields: Any) -> DisputeGuest:
    data = {"email": "Nora@Mediation.example", "name": "Nora Neutral", "until": LAST, **fields}
    return neutral_people.invite(dispute.pk, **data, **world.acting(firm))


def admitted(world: World, dispute: Dispute, **fields: Any) -> DisputeGuest:
    guest = ask(world, dispute, **fields)
    for number in range(1, len(world.firms)):
        guest = neutral_people.agree(guest.pk, **world.acting(number))
    return guest


def sees(user: User) -> int:
    return Dispute.objects.visible_to(user).count()


def test_person_sees_the_point_once_every_firm_has_agreed() -> None:
    three, version = signed(3)
    dispute = opened(three, version)

    guest = ask(three, dispute)
    assert (guest.user.email, guest.user.name) == ("nora@mediation.example", "Nora Neutral")
    assert not guest.user.has_usable_password()
    assert not Membership.objects.filter(user=guest.user).exists()
    assert guest.until == end_of(LAST)
    assert (guest.admitted_at, sees(guest.user)) == (None, 0)
    neutral_people.agree(guest.pk, **three.acting(1))
    assert sees(guest.user) == 0
    assert not Notice.objects.filter(person=guest.user).exists()

    guest = neutral_people.agree(guest.pk, **three.acting(2))

    assert guest.admitted_at is not None
    assert timezone.now() - guest.admitted_at < timedelta(minutes=1)
    assert sees(guest.user) == 1
    assert list(Dispute.objects.visible_to(guest.user)) == [dispute]


def test_firms_are_asked_and_the_log_names_nobody() -> None:
    two, version = signed()
    dispute = opened(two, version)

    guest = ask(two, dispute)

    assert told("dispute_guest", firm=two.firms[0].name, invited="Nora Neutral") == {
        two.people[1].name
    }
    event = AgreementEvent.objects.get(kind="dispute_guest")
    assert event.data == {"dispute": str(dispute.pk), "point": dispute.point_key}
    neutral_people.agree(guest.pk, **two.acting(1))
    assert [kind for kind, *_rest in trail(dispute)] == ["guest_invited", "guest_agreed"]
    assert [entry.data for entry in dispute.entries.all()] == [
        {"guest": "Nora Neutral", "until": "2026-03-20"},
        {"guest": "Nora Neutral"},
    ]


def test_mail_with_the_password_link_leaves_when_all_have_agreed() -> None:
    two, version = signed()
    two.agreement.project.name = "Geheimprojekt"
    two.agreement.project.save()
    dispute = opened(two, version, subject="GEHEIM")
    guest = admitted(two, dispute, language="en")

    notices.send_due()

    (letter,) = [each for each in mail.outbox if each.to == ["nora@mediation.example"]]
    assert letter.subject == "Handschlag: You are asked to help as a neutral person"
    text = str(letter.body)
    assert f"{two.people[0].name} of {two.firms[0].name} asks you" in text
    assert "until the end of 20 Mar 2026" in text
    assert "With this link you choose your password:" in text
    assert "/konto/kennwort/" in text
    for secret in ("Geheimprojekt", "GEHEIM", "Stadtwerke"):
        assert secret not in text + letter.subject
    guest.user.set_password("ein-gutes-Kennwort-7")
    guest.user.save()
    disputes.write(dispute.pk, "Guten Tag", **two.acting(0))
    notices.send_due()
    (news,) = [each for each in mail.outbox if each.to == ["nora@mediation.example"]][1:]
    assert f"/klaerung/{dispute.pk}/" in str(news.body)
    assert "password" not in str(news.body)


def test_account_that_exists_keeps_its_name_and_language() -> None:
    two, version = signed()
    dispute = opened(two, version)
    peer = member(PartnerFactory.create(), "manager", name="Petra Peer", email="p@peer.example")

    guest = ask(two, dispute, email="P@peer.example", name="Wer auch immer")

    assert (guest.user, guest.user.name) == (peer, "Petra Peer")


def test_time_runs_out_with_the_last_day(monday: Any) -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)

    monday.move_to("2026-03-20T22:59:59Z")  # a second before midnight in Berlin
    disputes.write(dispute.pk, "Mein Vorschlag", by=guest.user, partner=None)
    assert sees(guest.user) == 1
    monday.move_to("2026-03-20T23:00:00Z")
    assert sees(guest.user) == 0
    with pytest.raises(NotPossible, match="Your time here is over"):
        disputes.write(dispute.pk, "Noch etwas", by=guest.user, partner=None)
    assert trail(dispute)[-1] == ("written", "", "Mein Vorschlag")


def test_any_firm_lengthens_and_ends_the_time(monday: Any) -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)

    neutral_people.extend(guest.pk, date(2026, 4, 10), **two.acting(1))
    monday.move_to("2026-04-10T12:00Z")
    assert sees(guest.user) == 1
    neutral_people.end(guest.pk, **two.acting(1))
    neutral_people.end(guest.pk, **two.acting(0))  # once more changes nothing

    assert sees(guest.user) == 0
    assert [kind for kind, *_rest in trail(dispute)][-2:] == ["guest_extended", "guest_ended"]
    assert told("neutral_extended", until_on="2026-04-10") == {"Nora Neutral"}
    assert told("neutral_ended") == {"Nora Neutral"}


def test_firm_that_does_not_agree_ends_the_invitation_and_the_person_hears_nothing() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = ask(two, dispute)

    neutral_people.end(guest.pk, **two.acting(1))

    with pytest.raises(NotPossible, match="This invitation has ended"):
        neutral_people.agree(guest.pk, **two.acting(1))
    assert not Notice.objects.filter(person=guest.user).exists()
    assert ask(two, dispute, firm=1) != guest  # a new try is a new invitation


def test_agreeing_twice_changes_nothing() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = ask(two, dispute)
    neutral_people.agree(guest.pk, **two.acting(0))
    assert DisputeGuest.objects.get().admitted_at is None  # one firm's word counts once
    neutral_people.agree(guest.pk, **two.acting(1))
    first = DisputeGuest.objects.get().admitted_at
    neutral_people.agree(guest.pk, **two.acting(1))
    assert DisputeGuest.objects.get().admitted_at == first
    assert len(trail(dispute)) == 2


@pytest.mark.parametrize("where", ["own", "other", "not_involved", "invited"])
def test_nobody_of_a_firm_of_the_agreement_is_neutral(where: str) -> None:
    three, version = signed(3)
    dispute = opened(three, version, others=[three.firms[1].pk])
    invited = PartnerFactory.create()
    three.agreement.project.participations.create(
        partner=invited, position=9, invited_by=three.people[0], invited_by_partner=three.firms[0]
    )
    firms = {
        "own": three.firms[0],
        "other": three.firms[1],
        "not_involved": three.firms[2],
        "invited": invited,
    }
    person = member(firms[where], "observer")

    with pytest.raises(NotPossible, match="This person belongs to a firm of this agreement"):
        ask(three, dispute, email=person.email)
    assert not DisputeGuest.objects.exists()


def test_person_who_joined_a_firm_meanwhile_is_not_admitted() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = ask(two, dispute)
    Membership.objects.create(partner=two.firms[0], user=guest.user)
    with pytest.raises(NotPossible, match="This person belongs to a firm of this agreement"):
        neutral_people.agree(guest.pk, **two.acting(1))


def test_closed_accounts_and_operators_are_refused() -> None:
    two, version = signed()
    dispute = opened(two, version)
    closed = UserFactory.create(is_active=False)
    staff = UserFactory.create(is_staff=True)
    with pytest.raises(NotPossible, match="This account is closed"):
        ask(two, dispute, email=closed.email)
    with pytest.raises(NotPossible, match="People who run the portal"):
        ask(two, dispute, email=staff.email)


@pytest.mark.parametrize(
    "until", [TODAY - timedelta(days=1), TODAY + timedelta(days=91), date.min, date.max]
)
def test_last_day_is_near(until: date) -> None:
    two, version = signed()
    dispute = opened(two, version)
    with pytest.raises(NotPossible, match="at most 90 days ahead"):
        ask(two, dispute, until=until)
    guest = admitted(two, dispute)
    with pytest.raises(NotPossible, match="at most 90 days ahead"):
        neutral_people.extend(guest.pk, until, **two.acting(0))


def test_time_is_never_shortened_by_extending() -> None:
    two, version = signed()
    guest = admitted(two, opened(two, version))
    for until in (LAST, LAST - timedelta(days=1)):
        with pytest.raises(NotPossible, match="after the one that holds now"):
            neutral_people.extend(guest.pk, until, **two.acting(0))


def test_person_is_invited_once_at_a_time_and_again_when_the_time_is_over(monday: Any) -> None:
    two, version = signed()
    dispute = opened(two, version)
    first = admitted(two, dispute)
    with pytest.raises(NotPossible, match="This person is invited already"):
        ask(two, dispute)

    monday.move_to("2026-03-21T12:00Z")
    with pytest.raises(NotPossible, match="This invitation has ended"):
        neutral_people.extend(first.pk, date(2026, 4, 1), **two.acting(0))
    second = ask(two, dispute, until=date(2026, 4, 1))

    assert sees(second.user) == 0  # everybody is asked again
    assert DisputeGuest.objects.get(pk=first.pk).ended_at == first.until


def test_no_crowd_of_neutral_people() -> None:
    two, version = signed()
    dispute = opened(two, version)
    for number in range(3):
        ask(two, dispute, email=f"n{number}@mediation.example")
    with pytest.raises(NotPossible, match="There are 3 neutral people already"):
        ask(two, dispute)


def test_nobody_is_invited_to_a_closed_point() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = ask(two, dispute)
    disputes.withdraw(dispute.pk, **two.acting(0))
    with pytest.raises(NotPossible, match="no longer being settled"):
        ask(two, dispute, email="x@y.example")
    with pytest.raises(NotPossible, match="no longer being settled"):
        neutral_people.agree(guest.pk, **two.acting(1))
    with pytest.raises(NotPossible, match="no longer being settled"):
        neutral_people.extend(guest.pk, date(2026, 4, 1), **two.acting(1))


def test_firm_that_is_not_involved_decides_nothing() -> None:
    three, version = signed(3)
    dispute = opened(three, version, others=[three.firms[1].pk])
    guest = ask(three, dispute)
    for step in (
        lambda: ask(three, dispute, firm=2, email="x@y.example"),
        lambda: neutral_people.agree(guest.pk, **three.acting(2)),
        lambda: neutral_people.extend(guest.pk, date(2026, 4, 1), **three.acting(2)),
        lambda: neutral_people.end(guest.pk, **three.acting(2)),
    ):
        with pytest.raises(NotPossible, match="Your firm is not involved here"):
            step()


def test_guest_still_reads_the_outcome_until_her_time_is_over(monday: Any) -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)
    disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
    disputes.confirm(dispute.pk, revision=1, **two.acting(1))

    assert again(dispute).state == "settled"
    assert sees(guest.user) == 1
    with pytest.raises(NotPossible, match="no longer being settled"):
        disputes.write(dispute.pk, "Schön", by=guest.user, partner=None)
    monday.move_to("2026-03-21T12:00Z")
    assert sees(guest.user) == 0
