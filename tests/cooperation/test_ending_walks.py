"""Random walks over the way out: whatever firms do in whatever order, some things never happen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest
from django.db import transaction
from django.utils import timezone

from cooperation import endings, endings_clock, retrospectives, rule_books, terms
from cooperation.agreements import NotPossible
from cooperation.models import (
    Agreement,
    AgreementEvent,
    ClosingItem,
    Ending,
    EndingConsent,
    RetrospectivePart,
)
from tests.cooperation.ending_worlds import in_force, on, stands
from tests.cooperation.worlds import World

pytestmark = pytest.mark.django_db

BEGIN = date(2026, 11, 22)


@dataclass
class Walk:
    """One sequence of steps, and what has to hold after each."""

    some: World
    random: Random
    day: date = BEGIN
    ended_on: date | None = None
    words: dict[int, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    @property
    def firm(self) -> int:
        return self.random.randrange(len(self.some.firms))

    def some_day(self) -> date:
        return self.day + timedelta(days=self.random.choice([-1, 0, 5, 31, 62]))

    def ending(self) -> Ending:
        rows = list(Ending.objects.filter(agreement=self.some.agreement))
        if not rows:
            raise NotPossible("none")
        return self.random.choice(rows)

    # ---- Steps

    def wait(self) -> None:
        self.day += timedelta(days=self.random.choice([1, 3, 20, 40]))

    def clock(self) -> None:
        endings_clock.run(timezone.now())

    def notice(self) -> None:
        ends_on = self.some_day()
        endings.give_notice(self.some.agreement.pk, ends_on=ends_on, **self.some.acting(self.firm))
        month = timedelta(days=28)  # the agreed period is a month
        assert len(self.some.firms) == 2
        assert ends_on >= self.day + month

    def propose(self) -> None:
        endings.propose_end(
            self.some.agreement.pk, ends_on=self.some_day(), **self.some.acting(self.firm)
        )

    def consent(self) -> None:
        endings.consent(self.ending().pk, **self.some.acting(self.firm))

    def refuse(self) -> None:
        endings.withdraw_proposal(self.ending().pk, **self.some.acting(self.firm))

    def go_on(self) -> None:
        endings.go_on(self.ending().pk, **self.some.acting(self.firm))

    def tick_off(self) -> None:
        key = self.random.choice(ClosingItem.Key.values)
        endings.confirm_item(self.some.agreement.pk, key, **self.some.acting(self.firm))

    def write(self) -> None:
        firm = self.firm
        word = f"geheim-{firm}-{len(self.done)}"
        for rule in rule_books.by_id(self.some.agreement.rule_book_id).rules:
            retrospectives.save(
                self.some.agreement.pk,
                rule.key,
                rating=3,
                good=word,
                **self.some.acting(firm),
            )
        self.words[firm] = word

    def hand_in(self) -> None:
        retrospectives.hand_in(self.some.agreement.pk, again=True, **self.some.acting(self.firm))

    def take_back(self) -> None:
        retrospectives.take_back(self.some.agreement.pk, **self.some.acting(self.firm))

    def close(self) -> None:
        retrospectives.close(self.some.agreement.pk, **self.some.acting(self.firm))
        found = stands(self.some)
        assert found.last_day is not None
        assert self.day >= terms.closable_from(found.last_day)

    STEPS = (
        *("wait", "wait", "clock", "notice", "propose", "consent", "consent", "refuse", "go_on"),
        *("tick_off", "write", "write", "hand_in", "hand_in", "take_back", "close"),
    )

    # ---- What always holds

    def check(self) -> None:
        self.check_end()
        self.check_look_back()
        events = AgreementEvent.objects.filter(agreement=self.some.agreement).order_by("seq")
        seqs = list(events.values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1))
        assert "geheim" not in str(list(events.values_list("data", flat=True)))

    def check_end(self) -> None:
        found = stands(self.some, self.day.isoformat())
        if self.ended_on is not None:
            assert (found.last_day, found.status) == (self.ended_on, "ended")
        if found.is_over:
            self.ended_on = found.last_day
        status = Agreement.objects.values_list("status", flat=True).get(pk=self.some.agreement.pk)
        assert status in ({"ended", "in_force"} if found.is_over else {"in_force"})
        if found.way == Ending.Way.MUTUAL:
            assert found.ending is not None
            consents = found.ending.consents.filter(to=EndingConsent.To.END)
            assert consents.count() == len(self.some.firms)

    def check_look_back(self) -> None:
        parts = RetrospectivePart.objects.filter(agreement=self.some.agreement)
        revealed = {part.partner_id for part in parts if part.revealed_at is not None}
        for firm, partner in enumerate(self.some.firms):
            readable = retrospectives.parts(self.some.agreement, partner)
            assert set(readable) <= revealed | {partner.pk}
            text = str([a.good for part in readable.values() for a in part.answers.all()])
            for other, word in self.words.items():
                if other != firm and self.some.firms[other].pk not in revealed:
                    assert word not in text
        if revealed and "close" not in self.done:
            assert revealed == {firm.pk for firm in self.some.firms}


@pytest.mark.parametrize("firms", [2, 3])
def test_no_order_of_steps_breaks_what_was_promised(firms: int) -> None:
    some = in_force(firms)
    taken: set[str] = set()
    for seed in range(9):
        with transaction.atomic():
            walk = Walk(some, Random(seed))
            for _step in range(45):
                name = walk.random.choice(Walk.STEPS)
                step: Callable[[], None] = getattr(walk, name)
                with on(walk.day.isoformat()):
                    try:
                        with transaction.atomic():
                            step()
                    except NotPossible:
                        pass
                    else:
                        walk.done.append(name)
                        taken.add(name)
                with on(walk.day.isoformat(), hour=11):
                    walk.check()
            transaction.set_rollback(True)
    impossible = {"notice"} if firms == 3 else set()
    assert taken >= set(Walk.STEPS) - impossible - {"close", "refuse"}
