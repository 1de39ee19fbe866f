"""What counts as the same press of a button, and what as a second wish."""

from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cooperation import comments
from cooperation.models import Comment, CustomerProject, Participation
from partners import invitations
from partners.models import FirmEvent, Invitation, User
from scoring import enrolments, imports, scenarios
from scoring.models import Enrolment, PartnerCenterImport, Scenario
from scoring.scenario_changes import Change, CountChanged
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("other", "rows"),
    [
        ({}, 1),
        ({"text": "Anders"}, 2),
        ({"audience": "internal"}, 2),
        ({"mentions": True}, 2),
        ({"key": "shared_goal"}, 2),
        ({"firm": 1}, 2),
        ({"after": 119}, 1),
        ({"after": 121}, 2),
        ({"removed": True}, 2),
    ],
)
def test_same_words_to_the_same_people_are_one_comment(other: dict[str, Any], rows: int) -> None:
    two = world()

    def write(text: str = "Ja", key: str = "exclusivity", firm: int = 0, **more: Any) -> Comment:
        return comments.write(two.agreement.pk, key, text, **two.acting(firm), **more)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = write()
        if other.pop("removed", False):
            comments.remove(first.pk, **two.acting(0))
        if other.pop("mentions", False):
            other["mentions"] = [two.people[1].pk]
        clock.shift(other.pop("after", 0))
        write(**other)

    assert Comment.objects.count() == rows


@pytest.mark.parametrize(
    ("other", "rows"),
    [
        ({}, 1),
        ({"name": "Anderes"}, 2),
        ({"customer_name": "Andere"}, 2),
        ({"description": "Mehr"}, 2),
        ({"firms": True}, 2),
        ({"by": True}, 2),
        ({"after": 14}, 1),
        ({"after": 16}, 2),
    ],
)
def test_same_project_at_once_is_one(other: dict[str, Any], rows: int) -> None:
    firm, invited, further = PartnerFactory.create_batch(3)
    for each in (invited, further):
        member(each, "signer")
    people = [member(firm, "manager"), member(firm, "manager")]
    said = {
        "name": "Intranet",
        "customer_name": "Werft",
        "description": "",
        "role": "",
        "depth": "first_round",
        "rule_book": "p2p-kodex",
        "firms": [str(invited.pk)],
        "message": "",
    }

    def begin(who: User, **more: Any) -> str:
        client = Client(headers={"accept-language": "en"})
        client.force_login(who)
        answer = client.post(reverse("cooperation:project_create"), said | more)
        assert answer.status_code == 302
        return answer["Location"]

    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = begin(people[0])
        clock.shift(other.pop("after", 0))
        if other.pop("firms", False):
            other["firms"] = [str(invited.pk), str(further.pk)]
        second = begin(people[other.pop("by", False)], **other)

    assert CustomerProject.objects.count() == rows
    assert (first == second) is (rows == 1)
    assert Participation.objects.count() == 2 * rows + ("firms" in other)


@pytest.mark.parametrize(
    ("other", "rows"),
    [
        ({}, 1),
        ({"note": "für Mai"}, 2),
        ({"changes": 2}, 2),
        ({"by": True}, 2),
        ({"after": 14}, 1),
        ({"after": 16}, 2),
        ({"changed": True}, 2),
    ],
)
@pytest.mark.parametrize("name", ["Plan", ""])
def test_same_scenario_at_once_is_one(name: str, other: dict[str, Any], rows: int) -> None:
    firm = PartnerFactory.create()
    people = [member(firm, "manager"), member(firm, "manager")]
    wanted = dict(other)

    def change(value: int) -> Change:
        return CountChanged(track="smb", metric="net_adds", option="", change=value)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = scenarios.make(firm, name, by=people[0], changes=[change(1)])
        if wanted.pop("changed", False):
            scenarios.rename(first.pk, name=first.name, note="", seen=1)
        clock.shift(wanted.pop("after", 0))
        by = people[wanted.pop("by", False)]
        changes = [change(wanted.pop("changes", 1))]
        scenarios.make(firm, name, by=by, changes=changes, **wanted)

    assert Scenario.objects.count() == rows


def test_copy_pressed_twice_is_one_and_later_another() -> None:
    firm = PartnerFactory.create()
    manager = member(firm, "manager")
    scenario = scenarios.make(firm, "Plan", by=manager)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = scenarios.copy(scenario.pk, by=manager)
        assert scenarios.copy(scenario.pk, by=manager) == first
        clock.shift(16)
        assert scenarios.copy(scenario.pk, by=manager) != first
    assert Scenario.objects.count() == 3


def test_enrolment_that_stands_there_is_not_recorded_again() -> None:
    firm = PartnerFactory.create()
    manager, colleague = member(firm, "manager"), member(firm, "manager")
    day = timezone.localdate()

    def record(by: User) -> Enrolment:
        return enrolments.record(firm, enrolments.MODERN_WORK, day, by=by, today=day)

    first = record(manager)
    assert record(colleague) == first
    enrolments.give_up(first.pk, by=manager, today=day)
    again = record(manager)
    assert again != first
    assert enrolments.held(firm) == [again]


@pytest.mark.django_db(transaction=True)
def test_file_uploaded_twice_at_once_is_one_import() -> None:
    firm = PartnerFactory.create()
    manager = member(firm, "manager")

    def upload() -> PartnerCenterImport:
        return imports.create(firm, ContentFile(b"a,b\r\n1,2\r\n", name="a.csv"), by=manager)

    one, other = at_once(upload, upload)

    assert one == other == PartnerCenterImport.objects.get()
    assert one.file.storage.exists(PartnerCenterImport.objects.get().file.name)
    assert FirmEvent.objects.filter(kind="import_uploaded").count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "b.csv"},
        {"at_once": False},
        {"good_rows": True},
        {"kind": "training"},
        {"by": None},
    ],
)
def test_other_upload_of_the_same_file_is_another_import(other: dict[str, Any]) -> None:
    firm = PartnerFactory.create()
    said: dict[str, Any] = {"name": "a.csv", "by": member(firm, "manager")}
    for options in (said, said | other):
        imports.create(firm, ContentFile(b"a,b\r\n1,2\r\n"), **options)
    assert PartnerCenterImport.objects.count() == 2


def test_discarded_file_can_be_uploaded_again_at_once() -> None:
    firm = PartnerFactory.create()
    manager = member(firm, "manager")
    for _ in range(2):
        row = imports.create(firm, ContentFile(b"a,b\r\n1,2\r\n", name="a.csv"), by=manager)
        PartnerCenterImport.objects.filter(pk=row.pk).update(
            state="discarded", finished_at=timezone.now()
        )
    assert PartnerCenterImport.objects.count() == 2


def test_invitation_is_sent_again_by_the_link_that_was_shown() -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    rights = {"is_observer": True}
    said: dict[str, Any] = {"email": "neu@firma.example", "name": "Neu", "language": "de"}
    row = invitations.invite(firm, **said, title="", rights=rights, by=admin).invitation
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin)
    url = reverse("partners:invitation_resend", args=[row.pk])

    for _ in range(2):
        client.post(url, {"seen": row.sending})
    assert len(mail.outbox) == 1
    assert FirmEvent.objects.filter(kind="invitation_sent_again").count() == 1

    # The page shows the new one, and so it can be sent once more.
    client.post(url, {"seen": Invitation.objects.get().sending})
    assert len(mail.outbox) == 2
