"""Two firms of a pair in the same second: one row per pair, and nothing lost."""

import pytest

from cooperation import answers, nothing_between
from cooperation.models import Answer, Pair
from tests.cooperation.pairing import paired, rates, state_between
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_both_say_nothing_at_once() -> None:
    three = paired()
    pk, (first, second, _third) = three.agreement.pk, three.firms
    results = at_once(
        lambda: nothing_between.say(pk, "day_rates", [second], **three.acting(0)),
        lambda: nothing_between.say(pk, "day_rates", [first], **three.acting(1)),
    )
    assert [result.said for result in results] == [(second.name,), (first.name,)]
    assert state_between(three, 0, 1) == "not_applicable"
    assert Pair.objects.filter(first=first, second=second).count() == 1


def test_nothing_and_an_answer_at_once() -> None:
    """Whoever is first: the answer stands, and nobody has confirmed it unread."""
    three = paired()
    pk, (first, second, _third) = three.agreement.pk, three.firms
    said, proposed = at_once(
        lambda: nothing_between.say(pk, "day_rates", [second], **three.acting(0)),
        lambda: answers.propose(
            pk, "day_rates", rates("900"), revision=0, seen=0, other=first, **three.acting(1)
        ),
    )
    assert isinstance(proposed, Answer)
    assert (said.said, said.left) in [((second.name,), ()), ((), (second.name,))]
    assert state_between(three, 0, 1) == "proposed"


def test_same_firm_twice_at_once_leaves_one_answer() -> None:
    three = paired()
    pk, second = three.agreement.pk, three.firms[1]
    at_once(
        *[lambda: nothing_between.say(pk, "day_rates", [second], **three.acting(0))] * 3,
    )
    assert Answer.objects.filter(point_key="day_rates").count() == 1
