"""What firms signed, in the database: nothing changes it, whichever way it comes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from cooperation import signing, trail
from cooperation.models import (
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Signature,
    SignatureSlot,
)
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import world
from tests.evidence import lifted, ways_in

pytestmark = pytest.mark.django_db

ROWS: dict[str, Callable[[AgreementVersion], models.Model]] = {
    "version": lambda version: version,
    "annex": lambda version: AgreementAnnex.objects.filter(version=version)[0],
    "slot": lambda version: SignatureSlot.objects.filter(version=version)[0],
    "signature": lambda version: Signature.objects.filter(slot__version=version)[0],
    "document": lambda version: AgreementDocument.objects.filter(version=version)[0],
    "event": lambda version: AgreementEvent.objects.filter(kind="signed")[0],
}


@pytest.mark.parametrize("name", ROWS)
def test_row_stands_whichever_way_somebody_comes(name: str) -> None:
    row = ROWS[name](signed(all_settled()))

    assert ways_in(row) == []
    with lifted():
        assert len(ways_in(row)) > 5  # the ways are ways


def test_open_round_stands_too() -> None:
    two = world()
    version = two.freeze()

    assert ways_in(version) == []
    (slot,) = version.slots.filter(partner=two.firms[0])
    assert ways_in(slot) == ["update completed_at"]  # the only step it can take


def test_erased_event_stands_too() -> None:
    event = AgreementEvent.objects.filter(agreement=world().agreement)[0]
    trail.erase(event)
    event.refresh_from_db()

    assert ways_in(event) == []


NOW = timezone.now()
CLOSED: dict[str, Any] = {"closed_at": NOW, "reason": "Nein"}


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("signing", "superseded", {}),
        ("signing", "superseded", {"in_force_at": NOW}),
        ("signing", "in_force", {"in_force_at": NOW, "reason": "Doch"}),
        ("signing", "in_force", {"in_force_at": NOW, "sha256": "0" * 64}),
        ("signing", "in_force", {"in_force_at": NOW, "payload": b"{}"}),
        ("signing", "declined", {**CLOSED, "number": 7}),
        ("signing", "expired", {**CLOSED, "expires_on": NOW.date()}),
        ("in_force", "signing", {"in_force_at": None}),
        ("in_force", "declined", CLOSED),
        ("in_force", "superseded", {"in_force_at": NOW - timedelta(days=9)}),
        ("in_force", "in_force", {"in_force_at": NOW - timedelta(days=9)}),
        ("declined", "signing", {"closed_at": None, "closed_by": None, "reason": ""}),
        ("declined", "declined", {"reason": "Anders"}),
        ("superseded", "in_force", {}),
    ],
)
def test_state_of_a_version_only_goes_on(before: str, after: str, more: dict[str, Any]) -> None:
    two = world()
    version = two.freeze() if before in ("signing", "declined") else signed_by_all(two)
    rows = AgreementVersion.objects.filter(pk=version.pk)
    if before == "declined":
        signing.decline(version.pk, reason="Nein", **two.acting(1))
    if before == "superseded":
        rows.update(state="superseded")
    stored = rows.values().get()
    assert stored["state"] == before

    with pytest.raises(IntegrityError, match="a frozen text"), transaction.atomic():
        rows.update(state=after, **more)

    assert rows.values().get() == stored


def signed_by_all(two: Any) -> AgreementVersion:
    two.fill()
    return signed(two)


@pytest.mark.parametrize(
    "change",
    [
        {"erased_at": NOW},
        {"erased_at": NOW, "salt": ""},
        {"erased_at": NOW, "salt": "", "data": {"version": 2}},
        {"salt": "", "data": {}},
        {"erased_at": NOW, "salt": "", "data": {}, "kind": "declined"},
        {"erased_at": NOW, "salt": "", "data": {}, "at": NOW},
        {"erased_at": NOW, "salt": "", "data": {}, "hash": "0" * 64},
        {"erased_at": NOW, "salt": "", "data": {}, "seq": 99},
        {"erased_at": NOW, "salt": "", "data": {}, "partner": None},
    ],
)
def test_nothing_but_the_content_of_an_event_is_erased(change: dict[str, Any]) -> None:
    two = world()
    two.freeze()
    rows = AgreementEvent.objects.filter(kind="frozen")

    with pytest.raises(IntegrityError, match="only written on"), transaction.atomic():
        rows.update(**change)
    with pytest.raises(IntegrityError, match="only written on"), transaction.atomic():
        rows.update(erased_at=NOW, salt="", data={}, by=two.people[1])

    assert rows.update(erased_at=NOW, salt="", data={}, by=None) == 1
