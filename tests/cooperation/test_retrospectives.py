"""Looking back: nothing of a firm's words leaves it before all have handed in."""

import json
from typing import Any

import pytest
from django.core import serializers
from django.db import IntegrityError, transaction

from cooperation import endings, retrospectives, rule_books
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    AgreementEvent,
    Notice,
    Participation,
    RetrospectiveAnswer,
    RetrospectivePart,
)
from partners.models import User
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    logged,
    look_back,
    on,
    write,
)
from tests.cooperation.worlds import World
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

LAST_DAY = "2026-12-31"
AFTER = "2027-01-10"


def refused(step: Any) -> str:
    with pytest.raises(NotPossible) as caught:
        step()
    return str(caught.value)


def ended(firms: int = 2) -> World:
    return in_force(firms, ends_on=LAST_DAY)


def save(some: World, firm: int, rule: str = "goals", **said: Any) -> RetrospectiveAnswer:
    fields = {"rating": 4, "good": "", "better": "", **some.acting(firm), **said}
    return retrospectives.save(some.agreement.pk, rule, **fields)


def rule(some: World, number: int = 0) -> str:
    return rule_books.by_id(some.agreement.rule_book_id).rules[number].key


def revealed(some: World) -> bool:
    return retrospectives.is_revealed(some.agreement)


def read(some: World, firm: int) -> dict[str, list[str]]:
    """What the firm may read, by the name of the firm that wrote it."""
    parts = retrospectives.parts(some.agreement, some.firms[firm])
    return {
        part.partner.name: [answer.good for answer in part.answers.all()] for part in parts.values()
    }


def test_own_words_are_read_by_the_own_firm_only() -> None:
    two = ended()
    with on(AFTER):
        write(two, 0, word="geheim ")

    assert list(read(two, 0)) == [two.firms[0].name]
    assert read(two, 1) == {}
    assert retrospectives.parts(two.agreement, None) == {}
    assert retrospectives.handed_in(two.agreement) == set()


def test_handing_in_tells_the_others_no_more_than_that() -> None:
    two = ended()
    with on(AFTER):
        look_back(two, 0, word="geheim ")

    assert retrospectives.handed_in(two.agreement) == {two.firms[0].pk}
    assert read(two, 1) == {}
    assert not revealed(two)
    assert logged(two) == ["ended"]
    rows = [*AgreementEvent.objects.all(), *Notice.objects.all()]
    assert "geheim" not in serializers.serialize("json", rows)
    assert not Notice.objects.filter(kind__startswith="retrospective").exists()


def test_last_firm_opens_it_for_all_with_one_event_that_names_nobody() -> None:
    three = ended(3)
    with on(AFTER):
        look_back(three, 1)
        look_back(three, 0)
        assert not revealed(three)
        look_back(three, 2, again=False)

    assert revealed(three)
    assert list(read(three, 0)) == list(read(three, 2))
    assert len(read(three, 0)) == 3
    parts = RetrospectivePart.objects.all()
    assert len({part.revealed_at for part in parts}) == 1
    assert {part.partner: part.again for part in parts} == {
        three.firms[0]: True,
        three.firms[1]: True,
        three.firms[2]: False,
    }
    assert logged(three) == ["ended", "retrospective"]
    event = AgreementEvent.objects.get(kind="retrospective")
    assert (event.by, event.partner, event.data) == (None, None, {})
    people = Notice.objects.filter(kind="retrospective_revealed").values_list("person__name")
    assert {name for (name,) in people} == {person.name for person in three.people}


def test_every_rule_has_to_be_answered_before_handing_in() -> None:
    two = ended()
    with on(AFTER):
        with pytest.raises(retrospectives.Incomplete) as caught:
            retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))
        assert caught.value.rules == [1, 2, 3, 4, 5, 6, 7]
        assert str(caught.value) == "Please answer the rules 1, 2, 3, 4, 5, 6, 7 first."
        write(two, 0)
        RetrospectiveAnswer.objects.filter(rule_key=rule(two, 4)).delete()
        with pytest.raises(retrospectives.Incomplete) as caught:
            retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))
        assert str(caught.value) == "Please answer rule 5 first."
        save(two, 0, rule(two, 4), rating=None)  # no judgement is an answer
        retrospectives.hand_in(two.agreement.pk, again=False, **two.acting(0))

    assert RetrospectivePart.objects.get().again is False


def test_handed_in_is_changed_only_after_taking_it_back() -> None:
    two = ended()
    with on(AFTER):
        look_back(two, 0)
        assert refused(lambda: save(two, 0, rule(two))) == (
            "Your firm has handed in its look back. Take it back first if you want to change it."
        )
        retrospectives.take_back(two.agreement.pk, **two.acting(0))
        save(two, 0, rule(two), good="anders")
        look_back(two, 1)
        assert not revealed(two)  # one has taken its part back
        retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))

    assert revealed(two)


def test_after_it_was_opened_nothing_changes() -> None:
    two = ended()
    said = "The look back is open to all firms and no longer changes."
    with on(AFTER):
        look_back(two, 0)
        look_back(two, 1)
        assert refused(lambda: save(two, 0, rule(two))) == said
        for step in (retrospectives.take_back, retrospectives.close):
            assert refused(lambda step=step: step(two.agreement.pk, **two.acting(0))) == said
        again = lambda: retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))  # noqa: E731
        assert refused(again) == said


def test_handing_in_twice_counts_once() -> None:
    two = ended()
    with on(AFTER):
        look_back(two, 0)
        again = lambda: retrospectives.hand_in(two.agreement.pk, again=True, **two.acting(0))  # noqa: E731
        assert refused(again).startswith("Your firm has handed in")

    assert RetrospectivePart.objects.count() == 1


def test_nobody_looks_back_before_the_end_is_announced() -> None:
    two = in_force()
    with on(AFTER):
        assert refused(lambda: save(two, 0, rule(two))) == (
            "You can look back once the end is announced."
        )
        give_notice(two, 0, "2027-03-01")
        save(two, 0, rule(two))


def test_words_are_clean_text() -> None:
    two = ended()
    with on(AFTER), pytest.raises(InvalidAnswer) as caught:
        save(two, 0, rule(two), rating=6, good="x" * 2001, better="a\x00b")

    assert caught.value.errors == {
        "good": ["Please shorten this to 2000 characters (now 2001)."],
        "better": ["The text contains invisible control characters. Please type it in again."],
        "rating": ["Please choose one of the answers."],
    }
    assert not RetrospectivePart.objects.exists()


def test_unknown_rule_is_refused() -> None:
    two = ended()
    with on(AFTER):
        assert refused(lambda: save(two, 0, "rule_eight")) == "This agreement has no such rule."


def test_html_stays_text() -> None:
    two = ended()
    with on(AFTER):
        answer = save(two, 0, rule(two), good="<b>gut</b>")

    assert answer.good == "<b>gut</b>"


# ---- Two people of one firm --------------------------------------------------------------------


def colleagues() -> tuple[World, User]:
    two = ended()
    return two, member(two.firms[0], "lead", name="Mira Sander")


def test_words_of_a_colleague_are_not_overwritten_unseen() -> None:
    two, mira = colleagues()
    with on(AFTER):
        first = save(two, 0, rule(two), good="erster")
        second = save(two, 0, rule(two), good="zweiter", by=mira, seen=retrospectives.token(first))
        with pytest.raises(retrospectives.Stale) as caught:
            save(two, 0, rule(two), good="dritter", seen=retrospectives.token(first))

    assert caught.value.theirs == second
    assert str(caught.value) == (
        "Mira Sander has changed this rule in the meantime. Please compare both before you save."
    )
    assert RetrospectiveAnswer.objects.get().good == "zweiter"


def test_same_words_are_never_stale() -> None:
    two, mira = colleagues()
    with on(AFTER):
        save(two, 0, rule(two), good="gleich")
        answer = save(two, 0, rule(two), good="gleich", by=mira)

    assert answer.updated_by == two.people[0]


def test_own_words_from_another_window_are_overwritten() -> None:
    two = ended()
    with on(AFTER):
        save(two, 0, rule(two), good="erster")
        save(two, 0, rule(two), good="zweiter")

    assert RetrospectiveAnswer.objects.get().good == "zweiter"


# ---- A firm that never hands in ----------------------------------------------------------------


def test_after_sixty_days_it_opens_without_what_was_only_drafted() -> None:
    three = ended(3)
    with on(AFTER):
        look_back(three, 0)
        look_back(three, 1)
        write(three, 2, word="entwurf ")
    with on("2027-03-01"):  # the sixtieth day
        assert (
            refused(lambda: retrospectives.close(three.agreement.pk, **three.acting(0)))
            == "The other firms still have time to hand in."
        )
    with on("2027-03-02"):
        retrospectives.close(three.agreement.pk, **three.acting(1))

    assert set(read(three, 0)) == {three.firms[0].name, three.firms[1].name}
    assert "entwurf" not in json.dumps(read(three, 0))
    assert set(read(three, 2)) == {firm.name for firm in three.firms}  # its own draft stays its own
    assert RetrospectivePart.objects.get(partner=three.firms[2]).revealed_at is None
    event = AgreementEvent.objects.get(kind="retrospective")
    assert (event.by, event.partner) == (three.people[1], three.firms[1])
    with on("2027-03-03"):
        late = lambda: retrospectives.hand_in(three.agreement.pk, again=True, **three.acting(2))  # noqa: E731
        assert refused(late) == "The look back is open to all firms and no longer changes."


def test_only_a_firm_that_has_handed_in_opens_it() -> None:
    two = ended()
    with on(AFTER):
        look_back(two, 0)
    with on("2027-06-01"):
        assert refused(lambda: retrospectives.close(two.agreement.pk, **two.acting(1))) == (
            "Your firm has not handed in its look back."
        )


def test_firm_that_left_is_not_waited_for() -> None:
    three = ended(3)
    with on(AFTER):
        look_back(three, 0)
        Participation.objects.filter(partner=three.firms[2]).update(
            state="left", left_at="2027-01-05T00:00Z", left_by=three.people[2]
        )
        assert refused(lambda: save(three, 2, rule(three))) == (
            "Your firm does not take part in this project."
        )
        look_back(three, 1)

    assert revealed(three)


def test_drafts_survive_an_end_that_was_taken_back() -> None:
    two = in_force()
    with on(AFTER):
        ending = give_notice(two, 0, "2027-02-15")
        write(two, 0, word="früh ")
        for firm in (0, 1):
            endings.go_on(ending.pk, **two.acting(firm))
        assert refused(lambda: save(two, 0, rule(two))) == (
            "You can look back once the end is announced."
        )
    with on("2027-06-01"):
        give_notice(two, 1, "2027-07-01")

    assert read(two, 0)[two.firms[0].name][0] == "früh 1 war gut"


def test_database_reveals_only_what_was_handed_in() -> None:
    two = ended()
    with on(AFTER):
        write(two, 0)
        rows = RetrospectivePart.objects.filter(partner=two.firms[0])
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(revealed_at="2027-01-10T00:00Z")
