"""Two at the same instant on the way out: real threads, on the database of the run."""

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

import pytest

from cooperation import endings, endings_clock, retrospectives, signing
from cooperation.agreements import NotPossible
from cooperation.models import (
    Agreement,
    AgreementEvent,
    ClosingItem,
    Ending,
    EndingConsent,
    RetrospectivePart,
    Term,
)
from cooperation.working_days import start_of
from tests.cooperation import amended
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    look_back,
    on,
    propose_end,
    stands,
    write,
)
from tests.cooperation.worlds import World, world
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
NOV_22, DEC_22 = "2026-11-22", "2026-12-22"


def numbers_are_gap_free(some: World) -> bool:
    events = AgreementEvent.objects.filter(agreement=some.agreement).order_by("seq")
    seqs = list(events.values_list("seq", flat=True))
    return seqs == list(range(1, len(seqs) + 1))


def kinds(some: World, kind: str) -> int:
    return AgreementEvent.objects.filter(agreement=some.agreement, kind=kind).count()


def lost(results: list[Any]) -> int:
    assert all(not isinstance(r, Exception) or isinstance(r, NotPossible) for r in results), results
    return sum(isinstance(result, NotPossible) for result in results)


def test_two_firms_giving_notice_at_once_end_it_once() -> None:
    two = in_force()
    with on(NOV_22):
        for _round in range(ROUNDS):
            steps = [partial(give_notice, two, firm, DEC_22) for firm in (0, 1)]
            assert lost(at_once(*steps)) == 1
            ending = Ending.objects.announced().get()
            for firm in (0, 1):
                endings.go_on(ending.pk, **two.acting(firm))

    assert kinds(two, "ending") == ROUNDS
    assert numbers_are_gap_free(two)


def test_notice_and_last_consent_at_once_leave_one_end() -> None:
    two = in_force()
    outcomes = Counter[str]()
    with on(NOV_22):
        for _round in range(ROUNDS):
            proposed = propose_end(two, 0, "2026-11-30")
            results = at_once(
                partial(give_notice, two, 0, DEC_22),
                partial(endings.consent, proposed.pk, **two.acting(1)),
            )
            assert lost(results) == 1
            ending = Ending.objects.announced().get()
            outcomes[ending.way] += 1
            assert not Ending.objects.proposed().exists()
            for firm in (0, 1):
                endings.go_on(ending.pk, **two.acting(firm))
    assert outcomes.total() == ROUNDS


def test_two_last_consents_at_once_announce_it_once() -> None:
    three = in_force(3)
    with on(NOV_22):
        for _round in range(ROUNDS):
            proposed = propose_end(three, 0, "2026-11-30")
            steps = [partial(endings.consent, proposed.pk, **three.acting(n)) for n in (1, 2)]
            assert lost(at_once(*steps)) == 0
            assert Ending.objects.announced().get() == proposed
            for firm in range(3):
                endings.go_on(proposed.pk, **three.acting(firm))
    assert kinds(three, "ending") == 4 * ROUNDS  # proposed, two consents, announced


def test_same_consent_twice_at_once_counts_once() -> None:
    three = in_force(3)
    with on(NOV_22):
        proposed = propose_end(three, 0, "2026-11-30")
        step = partial(endings.consent, proposed.pk, **three.acting(1))
        assert lost(at_once(step, step)) == 0
    assert EndingConsent.objects.count() == 2


def test_same_item_twice_at_once_is_done_once() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        for key in ("access", "data", "accounts"):
            step = partial(endings.confirm_item, two.agreement.pk, key, **two.acting(1))
            results = at_once(step, step)
            assert results[0] == results[1]
    assert ClosingItem.objects.count() == 3
    assert kinds(two, "closing") == 3


def test_first_items_after_a_term_hang_on_one_end() -> None:
    for _round in range(3):
        two = in_force(ends_on=DEC_22)
        with on("2027-01-05"):
            steps = [
                partial(endings.confirm_item, two.agreement.pk, "access", **two.acting(firm))
                for firm in (0, 1)
            ]
            assert lost(at_once(*steps)) == 0
        assert Ending.objects.get(agreement=two.agreement).items.count() == 2
        assert kinds(two, "ended") == 1
        assert numbers_are_gap_free(two)


def test_last_two_firms_handing_in_at_once_open_it_once() -> None:
    for _round in range(4):
        two = in_force(ends_on=DEC_22)
        with on("2027-01-05"):
            for firm in (0, 1):
                write(two, firm)
            steps = [
                partial(retrospectives.hand_in, two.agreement.pk, again=True, **two.acting(firm))
                for firm in (0, 1)
            ]
            assert lost(at_once(*steps)) == 0
        parts = RetrospectivePart.objects.filter(agreement=two.agreement)
        assert parts.filter(revealed_at__isnull=False).count() == 2
        assert kinds(two, "retrospective") == 1


def test_taking_back_and_the_last_handing_in_at_once_never_open_half() -> None:
    outcomes = Counter[bool]()
    for _round in range(4):
        two = in_force(ends_on=DEC_22)
        with on("2027-01-05"):
            look_back(two, 0)
            write(two, 1)
            back, _handed = at_once(
                partial(retrospectives.take_back, two.agreement.pk, **two.acting(0)),
                partial(retrospectives.hand_in, two.agreement.pk, again=True, **two.acting(1)),
            )
        revealed = retrospectives.is_revealed(two.agreement)
        outcomes[revealed] += 1
        assert revealed == isinstance(back, NotPossible)
        parts = RetrospectivePart.objects.filter(agreement=two.agreement)
        opened = parts.filter(revealed_at__isnull=False).count()
        assert opened == (2 if revealed else 0)
    assert outcomes.total() == 4


def test_writing_and_handing_in_at_once_never_change_what_was_handed_in() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2027-01-05"):
        for number in range(ROUNDS):
            write(two, 0, word=f"{number} ")
            late = partial(
                retrospectives.save,
                two.agreement.pk,
                "communication",
                rating=1,
                good=f"zu spät {number}",
                better="",
                **two.acting(0),
            )
            hand_in = partial(retrospectives.hand_in, two.agreement.pk, again=True, **two.acting(0))
            written, _part = at_once(late, hand_in)
            answer = RetrospectivePart.objects.get().answers.get(rule_key="communication")
            assert (answer.good == f"zu spät {number}") == (not isinstance(written, NotPossible))
            retrospectives.take_back(two.agreement.pk, **two.acting(0))


def test_clock_at_once_writes_an_end_once() -> None:
    for _round in range(4):
        two = in_force(ends_on=DEC_22)
        with on("2027-01-05"):
            now = start_of(date(2027, 1, 5))
            results = at_once(*(partial(endings_clock.run, now) for _worker in range(3)))
        assert [result for result in results if isinstance(result, Exception)] == []
        assert kinds(two, "ended") == 1
        assert Term.objects.filter(version__agreement=two.agreement).count() == 1
        assert numbers_are_gap_free(two)


def test_last_signature_and_the_end_at_once() -> None:
    """On the first instant after the last day nobody signs any more, whoever comes first."""
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two)
        two.propose(0, "publicity", "none")
        two.confirm(1, "publicity")
        version = signing.freeze(two.agreement.pk, expires_on=date(2027, 2, 1), **two.acting(0))
        amended.sign(two, version, 0)
    with on("2026-12-23"):
        signed, _tick = at_once(
            partial(amended.sign, two, version, 1),
            partial(endings_clock.run, start_of(date(2026, 12, 23))),
        )
    assert isinstance(signed, signing.NotSignable)
    version.refresh_from_db()
    assert version.state == "expired"
    assert Agreement.objects.get().status == "ended"


def test_giving_up_and_the_last_signature_exactly_one_wins() -> None:
    outcomes = Counter[str]()
    for _round in range(4):
        two = world()
        version = two.freeze()
        amended.sign(two, version, 0)
        results = at_once(
            partial(amended.sign, two, version, 1),
            partial(endings.abandon, two.agreement.pk, **two.acting(0)),
        )
        assert lost(results) == 1
        agreement = Agreement.objects.get(pk=two.agreement.pk)
        outcomes[agreement.status] += 1
        version.refresh_from_db()
        assert (agreement.status, version.state) in {
            ("in_force", "in_force"),
            ("abandoned", "withdrawn"),
        }
    assert outcomes.total() == 4


def test_standing_is_the_same_for_all_readers() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    with on("2026-12-23"):
        found = at_once(*(partial(stands, two) for _reader in range(3)))
    assert [each.status for each in found] == ["ended"] * 3
