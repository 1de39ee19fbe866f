"""Who is told of what about a point to settle, and whom its levels call."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from cooperation import amendments, dispute_levels, disputes, points, signing
from cooperation.models import AgreementEvent, ContactNote, Dispute, Notice
from partners.models import Membership
from tests.cooperation.settling import admitted, again, opened, sign_all, signed, told
from tests.cooperation.worlds import CONTACTS
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def test_opening_tells_the_other_firm_and_whom_level_one_calls() -> None:
    two, version = signed()  # the contacts name Ben Kurz, without an address
    lead = member(two.firms[1], "lead")
    own_lead = member(two.firms[0], "lead")
    member(two.firms[1], "observer")

    opened(two, version)

    assert told("dispute_opened", firm=two.firms[0].name) == {two.people[1].name, lead.name}
    assert told("dispute_level", level=1) == {own_lead.name}


def test_people_are_told_by_the_address_that_the_contacts_name() -> None:
    two, version = signed()
    ada = member(two.firms[1], "observer", email="ada@firma.example", name="Ada Probst")
    dispute = opened(two, version)
    disputes.declare_failed(dispute.pk, 1, **two.acting(0))

    disputes.declare_failed(dispute.pk, 2, **two.acting(0))

    # Of the first firm nobody has the named address: its signers are told.
    assert told("dispute_level", level=3) == {ada.name}


def test_mails_never_say_what_it_is_about() -> None:
    two, version = signed()
    dispute = opened(two, version, subject="GEHEIM", description="GEHEIM")
    disputes.write(dispute.pk, "GEHEIM", **two.acting(1))
    disputes.declare_failed(dispute.pk, 1, reason="GEHEIM", **two.acting(0))
    disputes.propose(dispute.pk, "GEHEIM", revision=0, **two.acting(0))

    kinds = set(Notice.objects.values_list("kind", flat=True))
    assert kinds >= {"dispute_opened", "dispute_entry", "dispute_level", "dispute_outcome"}
    assert not [notice for notice in Notice.objects.all() if "GEHEIM" in str(notice.data)]
    assert "GEHEIM" not in str(list(AgreementEvent.objects.values_list("data", flat=True)))


def test_new_entries_are_told_once_a_day() -> None:
    two, version = signed()
    dispute = opened(two, version)
    for number in range(3):
        disputes.write(dispute.pk, f"Eintrag {number}", **two.acting(0))
    assert Notice.objects.filter(kind="dispute_entry").count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        disputes.write(dispute.pk, "Noch einer", **two.acting(0))
    assert Notice.objects.filter(kind="dispute_entry").count() == 2


# ---- Whom the levels call ----------------------------------------------------------------------


def called(dispute: Dispute, number: int) -> list[str]:
    stands = dispute_levels.ladder_at(dispute, timezone.now())
    people = dispute_levels.Callers(again(dispute)).called(stands.levels[number - 1])
    return [person.name for person in people]


def test_levels_call_whom_the_signed_contacts_name() -> None:
    two, version = signed()
    dispute = opened(two, version)
    assert called(dispute, 1) == ["Ben Kurz", "Ben Kurz"]
    assert called(dispute, 3) == ["Ada Probst", "Ada Probst"]
    assert called(dispute, 4) == []  # a neutral person who is not named yet


def test_role_that_nobody_was_named_for_falls_to_whoever_has_the_right() -> None:
    two, version = signed()
    manager = member(two.firms[1], "manager", name="Anna Alliance")
    member(two.firms[1], "observer")
    dispute = opened(two, version)
    assert called(dispute, 2) == [two.people[0].name, manager.name, two.people[1].name]


def test_contacts_that_were_noted_since_are_called_instead() -> None:
    two, version = signed()
    dispute = opened(two, version)
    named = {"role": "project_lead", "person": "Neue Leitung", "email": "", "phone": "1"}
    for person in ("Zwischendurch", "Neue Leitung"):
        ContactNote.objects.create(
            version=version,
            partner=two.firms[0],
            point_key="contacts",
            value={"contacts": [{**named, "person": person, "deputy": ""}], "note": ""},
            by=two.people[0],
        )
    assert called(dispute, 1) == ["Neue Leitung", "Ben Kurz"]


def test_contacts_of_a_later_version_are_called_instead() -> None:
    two, version = signed()
    dispute = opened(two, version)
    ContactNote.objects.create(
        version=version,
        partner=two.firms[0],
        point_key="contacts",
        value={"contacts": [], "note": ""},
        by=two.people[0],
    )
    amendments.begin(
        two.agreement.pk,
        reason="Neue Leitung",
        effective_on=timezone.localdate(),
        **two.acting(0),
    )
    contacts = [{**row, "person": row["person"] + " II"} for row in CONTACTS]
    two.propose(0, "contacts", contacts)
    for number in (0, 1):
        if str(two.firms[number].pk) in points.unconfirmed(two.sheet, two.point("contacts")):
            two.confirm(number, "contacts")
    sign_all(two, signing.freeze(two.agreement.pk, **two.acting(0)))
    assert again(dispute).version.state == "superseded"
    assert called(dispute, 1) == ["Ben Kurz II", "Ben Kurz"]
    assert called(dispute, 3) == ["Ada Probst II", "Ada Probst"]


def test_neutral_level_calls_the_person_and_tells_her() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)
    for number in (1, 2, 3):
        disputes.declare_failed(dispute.pk, number, **two.acting(0))
    assert called(dispute, 4) == ["Nora Neutral"]
    assert told("neutral_news") == {guest.user.name}
    assert told("dispute_level", level=4) == {two.people[1].name}


def test_somebody_who_left_is_neither_called_nor_told() -> None:
    two, version = signed()
    manager = member(two.firms[1], "manager", name="Anna Alliance")
    Membership.objects.filter(user=manager).update(left_at=timezone.now())
    dispute = opened(two, version)
    assert called(dispute, 2) == [two.people[0].name, two.people[1].name]
    assert manager.name not in told("dispute_opened")
