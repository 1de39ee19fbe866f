"""Who may change what is in force, note contacts, leave; beside ``tests/access``.

A firm that joins with the change, and one that has left the project.
"""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import leaving
from cooperation.models import Participation
from partners.models import User
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.amended import begin, in_force, sign_all, version
from tests.cooperation.test_amendments import change, joined
from tests.cooperation.worlds import another

pytestmark = pytest.mark.django_db

ADDRESSES = {  # and by which method
    "cooperation:amend": "get",
    "cooperation:amendment": "get",
    "cooperation:amendment_restate": "post",
    "cooperation:amendment_drop": "post",
    "cooperation:contacts_note": "get",
    "cooperation:leave": "get",
}
# Who joins with a change may negotiate it and leave again; what it changes is not theirs.
JOINER = {
    "cooperation:amendment": 200,
    "cooperation:amendment_restate": 422,
    "cooperation:amendment_drop": 422,
    "cooperation:contacts_note": 404,
}


class Scene:
    """An agreement in force, and one with a change that a third firm joins; a fourth is invited."""

    def __init__(self) -> None:
        self.running = in_force()
        changed = another(self.running)
        sign_all(changed, changed.freeze())
        begin(changed)
        self.changed = joined(changed)
        change(changed)
        firm, other = self.running.firms
        self.people: dict[str, User] = {
            **everybody(firm, other),
            "joiner": self.changed.people[2],
        }
        for some in (self.running, self.changed):
            Participation.objects.create(
                project=some.agreement.project,
                partner=firm_of(self.people["invited"]),
                position=9,
                invited_by=some.people[0],
                invited_by_partner=firm,
            )

    def arguments(self, name: str) -> dict[str, Any]:
        if name == "cooperation:contacts_note":
            return {"pk": version(self.changed, 1).pk, "key": "contacts"}
        if name == "cooperation:leave":
            return {"pk": self.running.agreement.project_id}
        amends = name == "cooperation:amend"
        return {"pk": (self.running if amends else self.changed).agreement.pk}

    def ask(self, who: str, method: str, url: str) -> int:
        """The status for that person; whatever the request did is undone."""
        client = Client(headers={"accept-language": "de"})
        with transaction.atomic():
            if who != "nobody":
                client.force_login(self.people[who])
            response = getattr(client, method)(url)
            transaction.set_rollback(True)
        return int(response.status_code)


def test_access_of_a_firm_that_joins() -> None:
    scene = Scene()
    table = {
        name: scene.ask("joiner", ADDRESSES[name], reverse(name, kwargs=scene.arguments(name)))
        for name in JOINER
    }
    assert table == JOINER
    leave = reverse("cooperation:leave", args=[scene.changed.agreement.project_id])
    assert scene.ask("joiner", "get", leave) == 200
    signed = reverse("cooperation:version", args=[version(scene.changed, 1).pk])
    assert (scene.ask("manager", "get", signed), scene.ask("joiner", "get", signed)) == (200, 404)


def test_access_of_a_firm_that_has_left() -> None:
    """It reads what it signed, with the PDFs, and nothing else."""
    three = in_force(3)
    first = version(three, 1)
    agreement, project = three.agreement.pk, three.agreement.project_id
    leaving.leave(agreement, reason="Keine Leute", **three.acting(2))
    addresses: dict[str, list[Any]] = {
        "version": [first.pk],
        "document_status": [first.pk, "de"],
        "contacts_note": [first.pk, "contacts"],
        "project_detail": [project],
        "agreement_detail": [agreement],
        "amendment": [agreement],
        "ready": [agreement],
        "ending": [agreement],
        "leave": [project],
    }

    def table(who: User) -> dict[str, int]:
        client = Client()
        client.force_login(who)
        return {
            name: client.get(reverse(f"cooperation:{name}", args=args)).status_code
            for name, args in addresses.items()
        }

    kept = {"version": 200, "document_status": 302, "contacts_note": 403}
    assert table(three.people[2]) == {**dict.fromkeys(addresses, 404), **kept}
    assert table(three.people[0]) == {**dict.fromkeys(addresses, 200), "document_status": 302}
