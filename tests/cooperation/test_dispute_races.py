"""Two at the same instant at one point to settle: real threads with their own connections."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from cooperation import dispute_levels, disputes, disputes_clock, neutral_people
from cooperation.agreements import NotPossible
from cooperation.disputes import StaleOutcome
from cooperation.models import (
    AgreementEvent,
    Dispute,
    DisputeEntry,
    DisputeFailure,
    DisputeGuest,
    DisputeGuestConsent,
    Notice,
)
from partners.models import User
from tests.cooperation.settling import again, opened, signed
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12


def kinds(dispute: Dispute) -> list[str]:
    return list(dispute.entries.values_list("kind", flat=True))


def gap_free(dispute: Dispute) -> bool:
    events = AgreementEvent.objects.filter(agreement=dispute.agreement_id).order_by("seq")
    seqs = list(events.values_list("seq", flat=True))
    return seqs == list(range(1, len(seqs) + 1))


def test_two_firms_that_end_a_level_at_once_call_one_next_level() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")

        results = at_once(
            partial(disputes.declare_failed, dispute.pk, 1, **two.acting(0)),
            partial(disputes.declare_failed, dispute.pk, 1, **two.acting(1)),
        )

        assert sorted(type(each).__name__ for each in results) == ["DisputeFailure", "NotPossible"]
        assert DisputeFailure.objects.filter(dispute=dispute).count() == 1
        current = dispute_levels.ladder_at(again(dispute), timezone.now()).current
        assert current is not None
        assert current.number == 2
        assert kinds(dispute) == ["failed"]
    assert gap_free(dispute)


def test_confirming_the_old_outcome_while_another_is_proposed_settles_nothing_unseen() -> None:
    two, version = signed()
    outcomes = set()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        disputes.propose(dispute.pk, "Erstens", revision=0, **two.acting(0))

        confirmed, proposed = at_once(
            partial(disputes.confirm, dispute.pk, revision=1, **two.acting(1)),
            partial(disputes.propose, dispute.pk, "Zweitens", revision=1, **two.acting(0)),
        )

        now = again(dispute)
        if isinstance(confirmed, Dispute):
            # The first outcome was settled before the second one came.
            assert type(proposed) is NotPossible
            assert (now.state, now.outcome) == ("settled", "Erstens")
        else:
            assert isinstance(confirmed, StaleOutcome)
            assert (now.state, now.outcome, now.outcome_revision) == ("open", "Zweitens", 2)
        outcomes.add(now.state)
    assert outcomes <= {"settled", "open"}


def test_two_proposals_at_once_leave_one_and_the_other_is_told() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")

        results = at_once(
            partial(disputes.propose, dispute.pk, "Erstens", revision=0, **two.acting(0)),
            partial(disputes.propose, dispute.pk, "Zweitens", revision=0, **two.acting(1)),
        )

        assert sorted(type(each).__name__ for each in results) == ["Dispute", "StaleOutcome"]
        assert again(dispute).outcome_revision == 1
        assert kinds(dispute) == ["proposed"]


def test_last_two_firms_confirming_at_once_settle_once() -> None:
    three, version = signed(3)
    for number in range(ROUNDS):
        dispute = opened(three, version, subject=f"Punkt {number}")
        disputes.propose(dispute.pk, "So.", revision=0, **three.acting(0))

        results = at_once(
            partial(disputes.confirm, dispute.pk, revision=1, **three.acting(1)),
            partial(disputes.confirm, dispute.pk, revision=1, **three.acting(2)),
        )

        assert [type(each) for each in results] == [Dispute, Dispute]
        assert again(dispute).state == "settled"
        assert kinds(dispute).count("settled") == 1
    assert AgreementEvent.objects.filter(kind="dispute_settled").count() == ROUNDS
    assert gap_free(dispute)


def test_taking_back_and_confirming_at_once_close_it_in_one_way() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))

        results = at_once(
            partial(disputes.withdraw, dispute.pk, **two.acting(0)),
            partial(disputes.confirm, dispute.pk, revision=1, **two.acting(1)),
        )

        assert sorted(type(each).__name__ for each in results) == ["Dispute", "NotPossible"]
        ends = [kind for kind in kinds(dispute) if kind in ("settled", "withdrawn")]
        assert ends == [again(dispute).state]


def test_double_click_at_one_instant_opens_and_writes_once() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        subject = f"Punkt {number}"
        first, second = at_once(
            partial(opened, two, version, subject=subject),
            partial(opened, two, version, subject=subject),
        )
        assert first == second
        at_once(
            partial(disputes.write, first.pk, "Ja.", **two.acting(1)),
            partial(disputes.write, first.pk, "Ja.", **two.acting(1)),
        )
        assert DisputeEntry.objects.filter(dispute=first).count() == 1
    assert Dispute.objects.count() == ROUNDS


def test_two_clocks_and_a_person_tell_of_a_level_once() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        later = timezone.now() + timedelta(days=9)  # the first level has run out

        at_once(
            partial(disputes_clock.run, later),
            partial(disputes_clock.run, later),
            partial(disputes.write, dispute.pk, "Ja.", **two.acting(1)),
        )

        events = AgreementEvent.objects.filter(kind="dispute_level")
        assert events.filter(data__dispute=str(dispute.pk)).count() == 1
        notices = Notice.objects.filter(kind="dispute_level", data__level=2)
        assert notices.filter(path__contains=str(dispute.pk)).count() == 2  # one for each firm
    assert gap_free(dispute)


def test_last_two_firms_agreeing_to_a_person_at_once_admit_her_once() -> None:
    three, version = signed(3)
    for number in range(ROUNDS):
        dispute = opened(three, version, subject=f"Punkt {number}")
        guest = invite(three, dispute, f"n{number}@m.example")

        at_once(
            partial(neutral_people.agree, guest.pk, **three.acting(1)),
            partial(neutral_people.agree, guest.pk, **three.acting(2)),
        )

        assert DisputeGuest.objects.get(pk=guest.pk).admitted_at is not None
        assert Notice.objects.filter(kind="neutral_admitted", person=guest.user).count() == 1
        assert DisputeGuestConsent.objects.filter(guest=guest).count() == 3


def test_agreeing_and_ending_at_once_never_leave_her_half_admitted() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        guest = invite(two, dispute, f"n{number}@m.example")

        agreed, ended = at_once(
            partial(neutral_people.agree, guest.pk, **two.acting(1)),
            partial(neutral_people.end, guest.pk, **two.acting(0)),
        )

        assert isinstance(ended, DisputeGuest)
        assert isinstance(agreed, DisputeGuest | NotPossible)
        assert not Dispute.objects.visible_to(guest.user).exists()


def test_same_person_invited_twice_at_once_has_one_account_and_one_invitation() -> None:
    two, version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        email = f"n{number}@m.example"

        results = at_once(
            partial(invite, two, dispute, email),
            partial(invite, two, dispute, email.upper(), firm=1),
        )

        assert sorted(type(each).__name__ for each in results) == ["DisputeGuest", "NotPossible"]
        assert User.objects.filter(email=email).count() == 1


def test_same_person_invited_to_two_agreements_at_once_has_one_account() -> None:
    """Two agreements are two locks: only the account itself is what they collide on."""
    two, version = signed()
    other, other_version = signed()
    for number in range(ROUNDS):
        dispute = opened(two, version, subject=f"Punkt {number}")
        second = opened(other, other_version, subject=f"Punkt {number}")
        email = f"n{number}@m.example"

        results = at_once(
            partial(invite, two, dispute, email), partial(invite, other, second, email)
        )

        assert [type(each) for each in results] == [DisputeGuest, DisputeGuest]
        assert User.objects.filter(email=email).count() == 1


def invite(world: Any, dispute: Dispute, email: str, firm: int = 0) -> DisputeGuest:
    return neutral_people.invite(
        dispute.pk,
        email=email,
        name="Nora Neutral",
        until=timezone.localdate(),
        **world.acting(firm),
    )
