"""Contacts that change after the signature: a note, no signature, and the text stays."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cooperation import amendments, contact_notes, endings, frozen, history, rule_books, signing
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import AgreementEvent, Answer, ContactNote, Notice
from tests.cooperation.amended import begin, freeze, in_days, in_force, sign_all, version
from tests.cooperation.test_amendments import change, joined
from tests.cooperation.worlds import CONTACTS, World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def contacts(person: str) -> list[dict[str, str]]:
    return [{**CONTACTS[0], "person": person}, CONTACTS[1]]


def note(some: World, number: int, person: str = "Cleo Neu", **more: Any) -> ContactNote:
    fields = {**some.acting(number), **more}
    version_id = fields.pop("version_id", version(some, 1).pk)
    key = fields.pop("key", "contacts")
    return contact_notes.note(version_id, key, fields.pop("value", contacts(person)), **fields)


def test_a_note_stands_beside_the_text_and_changes_nothing_in_it() -> None:
    two = in_force()
    before = version(two, 1)

    row = note(two, 1, reason="Ada ist in Elternzeit.")

    after = version(two, 1)
    assert (bytes(after.payload), after.sha256) == (bytes(before.payload), before.sha256)
    assert (row.version, row.partner, row.by) == (after, two.firms[1], two.people[1])
    assert row.value["contacts"][0]["person"] == "Cleo Neu"
    content = frozen.content(after.payload)
    assert contact_notes.current(after, content, "contacts", two.firms[1]) == row.value
    signed = contact_notes.current(after, content, "contacts", two.firms[0])
    assert signed is not None
    assert signed["contacts"][0]["person"] == "Ada Probst"
    assert two.agreement.status == "in_force"


def test_the_log_says_that_nobody_had_to_sign_and_names_no_person() -> None:
    two = in_force()
    note(two, 1, reason="Ada ist in Elternzeit.")

    event = AgreementEvent.objects.get(kind="contacts_noted")
    assert event.data == {"point": "contacts", "version": 1, "reason": "Ada ist in Elternzeit."}
    book = rule_books.by_id(two.agreement.rule_book_id)
    (entry,) = history.entries([event], book, {})
    assert entry.what == (
        "New contacts beside version 1. No new signature was needed. "
        "2.1 Who are each partner's contacts, and who stands in for them?"
    )
    assert entry.detail == "Ada ist in Elternzeit."


def test_the_others_are_told() -> None:
    three = in_force(3)
    Notice.objects.all().delete()
    note(three, 1)

    told = Notice.objects.filter(kind="contacts_noted")
    assert set(told.values_list("person", flat=True)) == {three.people[0].pk, three.people[2].pk}
    assert "Cleo" not in str(list(told.values_list("data", flat=True)))


def test_the_newest_note_counts_and_the_same_again_is_none() -> None:
    two = in_force()
    first = note(two, 1, "Cleo")
    second = note(two, 1, "Dora")

    with pytest.raises(NotPossible, match=r"These contacts stand there already\."):
        note(two, 1, "Dora")
    found = contact_notes.current(
        version(two, 1), frozen.content(version(two, 1).payload), "contacts", two.firms[1]
    )
    assert found == second.value != first.value
    assert ContactNote.objects.count() == 2


def test_two_colleagues_do_not_overwrite_each_other() -> None:
    two = in_force()
    seen = contact_notes.stamp(version(two, 1), two.firms[1], "contacts")
    note(two, 1, "Cleo", seen=seen)

    with pytest.raises(NotPossible, match=r"A colleague noted other contacts in the meantime"):
        note(two, 1, "Dora", seen=seen)
    assert ContactNote.objects.count() == 1


def test_only_contacts_of_the_text_are_noted() -> None:
    two = in_force()

    with pytest.raises(KeyError):
        note(two, 1, key="contributions", value={"text": "Mehr Leute"})
    with pytest.raises(KeyError):
        note(two, 1, key="day_rates", value={"rows": []})
    with pytest.raises(KeyError):
        note(two, 1, key="no_such_point")
    assert not ContactNote.objects.exists()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "Please name a person for"),
        ([{**CONTACTS[0], "email": "keine Adresse"}, CONTACTS[1]], "Please check the e-mail"),
        ([{**CONTACTS[0], "person": "Ada\u202eBen"}, CONTACTS[1]], "invisible control characters"),
        ([{**CONTACTS[0], "person": "x" * 201}, CONTACTS[1]], "Please shorten this to 200"),
        ("nonsense", "Please answer this question"),
        (None, "Please answer this question"),
    ],
)
def test_bad_contacts_are_refused(value: Any, sentence: str) -> None:
    two = in_force()

    with pytest.raises(InvalidAnswer, match=sentence):
        note(two, 1, value=value)
    assert not ContactNote.objects.exists()


def test_a_reason_that_hides_something_is_refused() -> None:
    two = in_force()

    with pytest.raises(InvalidAnswer) as error:
        note(two, 1, reason="Weil\x07")
    assert list(error.value.errors) == ["reason"]


def test_a_stranger_notes_nothing() -> None:
    two = in_force()
    stranger = PartnerFactory.create()

    with pytest.raises(NotPossible, match=r"Your firm does not take part"):
        note(two, 0, by=member(stranger, "manager"), partner=stranger)


def test_nothing_is_noted_while_a_version_is_signed() -> None:
    two = in_force()
    begin(two)
    change(two)
    second = freeze(two)

    with pytest.raises(NotPossible, match=r"A new version is being signed just now"):
        note(two, 1)
    signing.withdraw(second.pk, **two.acting(0))
    assert note(two, 1).value["contacts"][0]["person"] == "Cleo Neu"


def test_nothing_is_noted_beside_what_is_not_in_force() -> None:
    two = world()
    first = two.freeze()
    with pytest.raises(NotPossible, match=r"beside the version in force only"):
        note(two, 1, version_id=first.pk)
    sign_all(two, first)
    begin(two)
    change(two)
    sign_all(two, freeze(two))
    with pytest.raises(NotPossible, match=r"beside the version in force only"):
        note(two, 1, version_id=first.pk)
    endings.propose_end(two.agreement.pk, ends_on=in_days(0), **two.acting(0))
    endings.consent(two.agreement.endings.get().pk, **two.acting(1))
    later = time_machine.travel(timezone.now() + timedelta(days=2))
    with later, pytest.raises(NotPossible, match=r"This agreement is over"):
        note(two, 1, version_id=version(two, 2).pk)


def test_a_note_reaches_the_draft_of_a_change_and_resets_nothing() -> None:
    two = in_force()
    begin(two)
    revision = Answer.objects.get(point_key="contacts", partner=two.firms[1]).revision

    row = note(two, 1)

    answer = Answer.objects.get(point_key="contacts", partner=two.firms[1])
    assert (answer.value, answer.revision) == (row.value, revision + 1)
    assert two.state("contacts") == "agreed"


def test_a_note_does_not_overwrite_what_the_firm_proposed_in_the_draft() -> None:
    two = in_force()
    begin(two)
    two.propose(1, "contacts", contacts("Wer im Entwurf steht"))

    note(two, 1)

    answer = Answer.objects.get(point_key="contacts", partner=two.firms[1])
    assert answer.value is not None
    assert answer.value["contacts"][0]["person"] == "Wer im Entwurf steht"


def test_the_next_version_takes_the_newest_contacts_over() -> None:
    two = in_force()
    note(two, 0, "Nora Neu")
    begin(two)
    change(two)

    second = sign_all(two, freeze(two))

    content = frozen.content(second.payload)
    taken = contact_notes.current(second, content, "contacts", two.firms[0])
    assert taken is not None
    assert taken["contacts"][0]["person"] == "Nora Neu"
    changed = [each["key"] for each in content["amendment"]["changes"]]
    assert changed == ["contacts", "regular_meetings"]


def test_a_dropped_change_keeps_the_noted_contacts() -> None:
    two = in_force()
    note(two, 0, "Nora Neu")
    amendment = begin(two)
    amendments.drop(amendment.pk, **two.acting(1))

    answer = Answer.objects.get(point_key="contacts", partner=two.firms[0])
    assert answer.value is not None
    assert answer.value["contacts"][0]["person"] == "Nora Neu"


def test_who_joins_with_a_change_has_nothing_to_note_beside_the_version_before() -> None:
    two = in_force()
    begin(two)
    three = joined(two)

    with pytest.raises(NotPossible, match=r"Your firm is not a party of the version in force\."):
        note(three, 2)
