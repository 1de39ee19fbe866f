"""Two at the same instant: real threads with their own connections, on the database of the run."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cooperation import answers, fast_track, projects, signing
from cooperation.agreements import NotPossible, StalePoint
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Answer,
    Confirmation,
    Signature,
)
from cooperation.signing import AlreadySigned, NotSignable
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20


def signer(world: World, version: AgreementVersion, firm: int, **change: Any) -> Callable[[], Any]:
    fields = {
        **world.acting(firm),
        "seen": version.sha256,
        "language": "de",
        "authority": "managing_director",
        **change,
    }
    return lambda: signing.sign(version.pk, **fields)


def start_over(world: World) -> AgreementVersion:
    """A new signing round of the same agreement, whatever became of the last one."""
    versions = AgreementVersion.objects.filter(agreement=world.agreement)
    versions.filter(state="in_force").update(state="superseded")
    Agreement.objects.filter(pk=world.agreement.pk).update(status="draft", in_force_at=None)
    return signing.freeze(world.agreement.pk, **world.acting(0))


def events_are_gap_free(world: World) -> bool:
    seqs = list(
        AgreementEvent.objects.filter(agreement=world.agreement)
        .order_by("seq")
        .values_list("seq", flat=True)
    )
    return seqs == list(range(1, len(seqs) + 1))


def test_two_firms_signing_at_once_both_count() -> None:
    two = world()
    two.fill()
    for _round in range(ROUNDS):
        version = start_over(two)

        results = at_once(signer(two, version, 0), signer(two, version, 1))

        assert [type(result) for result in results] == [Signature, Signature]
        version.refresh_from_db()
        assert version.state == "in_force"
        assert Signature.objects.filter(slot__version=version).count() == 2
        assert version.documents.count() == 2
    assert AgreementEvent.objects.filter(kind="in_force").count() == ROUNDS
    assert events_are_gap_free(two)


def test_same_person_signing_twice_at_once_counts_once() -> None:
    two = world()
    two.fill()
    for _round in range(ROUNDS):
        version = start_over(two)

        first, second = at_once(signer(two, version, 0), signer(two, version, 0))

        assert isinstance(first, Signature)
        assert first == second
        assert Signature.objects.filter(slot__version=version).count() == 1
        signing.withdraw(version.pk, **two.acting(0))
    assert AgreementEvent.objects.filter(kind="signed").count() == ROUNDS


def test_two_people_of_a_firm_that_signs_alone_at_once_count_once() -> None:
    two = world()
    two.fill()
    colleague = member(two.firms[0], "signer")
    for _round in range(ROUNDS):
        version = start_over(two)

        results = at_once(signer(two, version, 0), signer(two, version, 0, by=colleague))

        assert Counter(type(result) for result in results) == {Signature: 1, AlreadySigned: 1}
        assert Signature.objects.filter(slot__version=version).count() == 1
        signing.withdraw(version.pk, **two.acting(0))


def test_refusal_and_last_signature_exactly_one_wins() -> None:
    two = world()
    two.fill()
    outcomes = Counter[str]()
    for _round in range(ROUNDS):
        version = start_over(two)
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(0),
        )
        refuse = lambda: signing.decline(version.pk, reason="Nein", **two.acting(1))  # noqa: B023, E731

        signed, declined = at_once(signer(two, version, 1), refuse)

        version.refresh_from_db()
        outcomes[version.state] += 1
        agreement = Agreement.objects.get()
        kinds = list(AgreementEvent.objects.order_by("-seq").values_list("kind", flat=True)[:2])
        if version.state == "in_force":
            assert isinstance(signed, Signature)
            assert isinstance(declined, NotSignable)
            assert agreement.status == "in_force"
            assert kinds == ["in_force", "signed"]
        else:
            assert isinstance(signed, NotSignable)
            assert isinstance(declined, AgreementVersion)
            assert (version.state, agreement.status) == ("declined", "draft")
            assert kinds == ["declined", "signed"]
    assert sum(outcomes.values()) == ROUNDS


def test_two_people_changing_one_point_at_once_one_is_stale() -> None:
    two = world()
    for number in range(ROUNDS):
        days = [{"number": 10 + 2 * number + firm, "unit": "days"} for firm in (0, 1)]
        changes = [
            lambda firm=firm: answers.propose(
                two.agreement.pk,
                "exit_notice",
                days[firm],  # noqa: B023 -- run before the next round
                revision=number,  # noqa: B023
                **two.acting(firm),
            )
            for firm in (0, 1)
        ]

        results = at_once(*changes)

        assert Counter(type(result) for result in results) == {Answer: 1, StalePoint: 1}
        winner = 0 if isinstance(results[0], Answer) else 1
        answer = Answer.objects.get()
        assert (answer.revision, answer.value) == (number + 1, {**days[winner], "note": ""})
        stale = results[1 - winner]
        assert stale.mine == {**days[1 - winner], "note": ""}
        assert stale.theirs.value == answer.value
        assert [c.partner for c in Confirmation.objects.all()] == [two.firms[winner]]
    assert events_are_gap_free(two)


def test_change_and_freeze_at_once_never_sign_an_unconfirmed_value() -> None:
    two = world()
    two.fill()
    for number in range(ROUNDS // 2):
        revision = Answer.objects.get(point_key="exit_notice").revision
        change = lambda: answers.propose(  # noqa: E731
            two.agreement.pk,
            "exit_notice",
            {"number": 40 + number, "unit": "days"},  # noqa: B023
            revision=revision,  # noqa: B023
            **two.acting(1),
        )
        freeze = lambda: signing.freeze(two.agreement.pk, **two.acting(0))  # noqa: E731

        changed, frozen = at_once(change, freeze)

        if isinstance(frozen, AgreementVersion):
            assert isinstance(changed, NotPossible)
            signing.withdraw(frozen.pk, **two.acting(0))
        else:
            assert isinstance(changed, Answer)
            assert isinstance(frozen, signing.Blocked)
            two.confirm(0, "exit_notice")


def test_fast_track_of_two_firms_at_once_agrees_on_every_default() -> None:
    two = world()

    outcomes = at_once(*(lambda firm=firm: two.press(firm) for firm in (0, 1)))

    assert all(isinstance(outcome, fast_track.Outcome) for outcome in outcomes)
    assert Counter(len(o.filled) for o in outcomes) == {53: 1, 0: 1}
    assert Answer.objects.count() == 53
    assert Confirmation.objects.count() == 106


def test_invitation_answered_twice_at_once_counts_once() -> None:
    two = world()
    firm = PartnerFactory.create()
    people = [member(firm, "manager"), member(firm, "manager")]
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    results = at_once(
        lambda: projects.accept(place.pk, by=people[0]),
        lambda: projects.decline(place.pk, by=people[1]),
    )

    assert sum(isinstance(result, NotPossible) for result in results) == 1
    place.refresh_from_db()
    assert place.state == ("declined" if isinstance(results[0], NotPossible) else "accepted")
    assert events_are_gap_free(two)


def test_accepting_and_freezing_at_once_never_leave_a_party_out() -> None:
    for _round in range(5):
        two = world()
        two.fill()
        invitee = member(PartnerFactory.create(), "manager", "signer")
        firm = invitee.memberships.get().partner
        place = projects.invite(two.agreement.pk, firm, **two.acting(0))
        frozen, accepted = at_once(
            partial(signing.freeze, two.agreement.pk, **two.acting(0)),
            partial(projects.accept, place.pk, by=invitee),
        )
        # Before it was accepted the open invitation blocks, afterwards the points do.
        assert isinstance(frozen, signing.Blocked)
        assert accepted.state == "accepted"
        assert not AgreementVersion.objects.filter(agreement=two.agreement).exists()


def test_inviting_and_freezing_at_once_exactly_one_wins() -> None:
    outcomes: Counter[str] = Counter()
    for _round in range(5):
        two = world()
        two.fill()
        firm = PartnerFactory.create()
        frozen, invited = at_once(
            partial(signing.freeze, two.agreement.pk, **two.acting(0)),
            partial(projects.invite, two.agreement.pk, firm, **two.acting(1)),
        )
        lost = [isinstance(each, NotPossible) for each in (frozen, invited)]
        assert sorted(lost) == [False, True]
        outcomes["frozen" if lost[1] else "invited"] += 1
    assert outcomes.total() == 5
