"""The chain in the database: gap-free whoever writes at once, and whole for logs from before it."""

import io
from collections.abc import Iterator
from functools import partial
from typing import Any
from unittest import mock

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from cooperation import agreements, trail, trail_checking
from cooperation.models import Agreement, AgreementEvent
from support import trails
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world
from tests.racing import at_once

AT_ONCE = 20


def whole(several: World) -> bool:
    return trail_checking.check(several.agreement.pk).findings == []


@pytest.mark.django_db
def test_event_is_chained_to_the_one_before_with_a_salt_of_its_own() -> None:
    two = world()
    rows = list(AgreementEvent.objects.select_related("pair").order_by("seq"))

    assert rows[0].previous_hash == trails.genesis(str(two.agreement.pk))
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert len({row.salt for row in rows}) == len(rows) > 1
    for row in rows:
        assert row.digest == trails.digest(trail.content(row), row.salt)
        assert row.hash == trails.link(row.seq, row.previous_hash, row.digest)


@pytest.mark.django_db
def test_erased_event_is_a_link_without_content() -> None:
    event = AgreementEvent.objects.filter(agreement=world().agreement)[0]
    before = trail.link(event)

    assert trail.erase(event) is True

    event.refresh_from_db()
    after = trail.link(event)
    assert (after.content, after.salt) == (None, "")
    assert (after.seq, after.previous, after.digest, after.hash) == (
        before.seq,
        before.previous,
        before.digest,
        before.hash,
    )
    assert trail.erase(event) is False


def step(pk: Any, number: int) -> None:
    with transaction.atomic():
        agreement = agreements.lock(pk)
        agreements.record(agreement, AgreementEvent.Kind.TALK, by=None, partner=None, number=number)


@pytest.mark.django_db(transaction=True)
def test_many_events_at_once_leave_no_gap_and_no_fork() -> None:
    two = world()
    before = AgreementEvent.objects.count()

    results = at_once(*(partial(step, two.agreement.pk, number) for number in range(AT_ONCE)))

    assert results == [None] * AT_ONCE
    seqs = AgreementEvent.objects.order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, before + AT_ONCE + 1))
    assert whole(two)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_events_get_in_each_others_way() -> None:
    """What the lock is for: the constraint alone would refuse all but one of them."""
    two = world()

    def unlocked(pk: Any) -> Agreement:
        return Agreement.objects.get(pk=pk)

    with mock.patch.object(agreements, "lock", unlocked):
        results = at_once(*(partial(step, two.agreement.pk, number) for number in range(AT_ONCE)))

    refused = [result for result in results if isinstance(result, IntegrityError)]
    assert refused
    assert whole(two)  # and even so no fork


# ---- Events from before the chain --------------------------------------------------------------


def migrate(*targets: tuple[str, str]) -> None:
    executor = MigrationExecutor(connection)
    executor.loader.build_graph()
    executor.migrate(list(targets))


@pytest.fixture
def _back_to_now() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_back_to_now")
def test_events_from_before_are_chained_as_they_are_stored() -> None:
    three = all_settled()
    signed(three)
    other = world()
    told = ["seq", "kind", "at", "by", "partner", "pair", "data"]
    before = list(AgreementEvent.objects.order_by("agreement", "seq").values_list(*told))

    migrate(("cooperation", "0004_pairs_of_answers"))
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(
            cursor, "cooperation_agreementevent"
        )
    assert not {"salt", "digest", "previous_hash", "hash"} & {column.name for column in columns}
    migrate(("cooperation", "0007_evidence_stands"))

    # The mails and PDFs know the heads of the chain that was there; of the new one nobody does yet.
    for several in (three, other):
        found = trail_checking.check(several.agreement.pk).findings
        assert {finding.what for finding in found} <= {"rewritten"}
    after = list(AgreementEvent.objects.order_by("agreement", "seq").values_list(*told))
    assert after == before
    assert AgreementEvent.objects.filter(pair__isnull=False).exists()
    salts = AgreementEvent.objects.values_list("salt", flat=True)
    assert len(set(salts)) == len(before)
    # Today's verbs write on.
    step(three.agreement.pk, 1)
    found = trail_checking.check(three.agreement.pk).findings
    assert {finding.what for finding in found} == {"rewritten"}


@pytest.mark.django_db
def test_two_events_of_one_number_are_impossible() -> None:
    two = world()
    last = AgreementEvent.objects.order_by("seq").last()
    assert last is not None
    last.pk = None
    last._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        last.save(force_insert=True)
    assert whole(two)


@pytest.mark.django_db
def test_the_log_holds_after_a_move_to_another_database() -> None:
    """Django's own JSON would cut the times, and no event were the one that was written."""
    two = world()
    two.propose(0, "shared_goal", "Ein Ziel")
    events = list(AgreementEvent.objects.order_by("pk"))
    assert any(event.at.microsecond % 1000 for event in events)
    dumped = io.StringIO()

    call_command("dumpdata", "cooperation.agreementevent", stdout=dumped)

    loaded: list[Any] = [each.object for each in serializers.deserialize("json", dumped.getvalue())]
    assert [event.at for event in loaded] == [event.at for event in events]
    assert [trails.digest(trail.content(event), event.salt) for event in loaded] == [
        event.digest for event in events
    ]
