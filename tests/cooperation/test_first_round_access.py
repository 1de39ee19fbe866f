"""Who may open and do what in a first round; beside ``tests/access``."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cooperation import blind, perms
from cooperation.models import FirstRoundDocument
from documents import jobs
from partners.models import Membership, User
from tests import blank
from tests.cooperation.rounds import Game, game
from tests.cooperation.worlds import another
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

ADDRESSES = {  # and by which method
    "cooperation:first_round": "get",
    "cooperation:first_round_begin": "post",
    "cooperation:first_round_hand_in": "post",
    "cooperation:first_round_take_back": "post",
    "cooperation:first_round_close": "post",
    "cooperation:first_round_point": "get",
    "cooperation:first_round_answer": "get",
    "cooperation:first_round_default": "post",
    "cooperation:first_round_not_applicable": "post",
    "cooperation:first_round_clear": "post",
    "cooperation:first_round_pdf": "get",
    "cooperation:first_round_pdf_status": "get",
    "cooperation:first_round_pdf_retry": "post",
}
POINT = "non_solicitation"  # of rule 4, so that a project lead may answer it


class Scene:
    """One round that could begin, one that is open, one that was opened to all.

    In the open one a third firm is invited.
    """

    def __init__(self) -> None:
        self.open: Game = game()
        firms = self.open.world.firms
        self.people: dict[str, User] = {
            "manager": member(firms[0], "manager", "signer"),
            "lead": member(firms[0], "lead"),
            "observer": member(firms[0], "observer"),
            "signer_b": member(firms[1], "signer"),
            "stranger": member(PartnerFactory.create(), "admin", "manager", "signer"),
            "former": member(firms[0], "admin", "manager", "signer"),
            "loner": UserFactory.create(),
            "operator": UserFactory.create(is_staff=True, is_superuser=True),
        }
        Membership.objects.filter(user=self.people["former"]).update(left_at="2035-01-01T00:00Z")
        self.fresh = another(self.open.world)
        self.done = Game(another(self.open.world))
        blind.open_round(self.done.agreement.pk, **self.done.world.acting(0))
        self.done.play()
        _place, self.people["invited"] = self.open.invite()
        for row in FirstRoundDocument.objects.filter(language="de"):
            jobs.build(row.document_id, blank.pdf)

    def arguments(self, name: str) -> dict[str, Any]:
        kind = name.removeprefix("cooperation:first_round_")
        if kind == "begin":
            return {"pk": self.fresh.agreement.pk}
        if kind.startswith("pdf"):
            return {"pk": self.done.agreement.pk, "language": "de"}
        more = {} if kind in {"hand_in", "take_back", "close", name} else {"key": POINT}
        return {"pk": self.open.agreement.pk, **more}

    def ask(self, who: str, method: str, url: str) -> int:
        """The status for that person; whatever the request did is undone."""
        client = Client(headers={"accept-language": "de"})
        with transaction.atomic():
            if who != "nobody":
                client.force_login(self.people[who])
            response = getattr(client, method)(url)
            if response.streaming:  # read to its end, so that the file is closed
                list(response.streaming_content)
            transaction.set_rollback(True)
        return int(response.status_code)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_result_is_for_those_who_took_part(scene: Scene) -> None:
    third = scene.done.join()
    scene.people["late"] = scene.done.world.people[third]
    pk = scene.done.agreement.pk
    for name, more in (
        ("first_round", {}),
        ("first_round_pdf", {"language": "de"}),
        ("first_round_pdf_status", {"language": "de"}),
    ):
        url = reverse(f"cooperation:{name}", kwargs={"pk": pk, **more})
        told = {who: scene.ask(who, "get", url) for who in ("signer_b", "late", "stranger")}
        expected = 302 if name.endswith("status") else 200
        assert told == {"signer_b": expected, "late": 404, "stranger": 404}
    url = reverse("cooperation:first_round_pdf_retry", kwargs={"pk": pk, "language": "de"})
    assert scene.ask("late", "post", url) == 404
    assert scene.ask("late", "get", reverse("cooperation:agreement_detail", args=[pk])) == 200


def test_there_is_no_pdf_before_the_opening_nor_in_another_language(scene: Scene) -> None:
    for pk, language in ((scene.open.agreement.pk, "de"), (scene.done.agreement.pk, "fr")):
        url = reverse("cooperation:first_round_pdf", args=[pk, language])
        assert scene.ask("manager", "get", url) == 404


@pytest.mark.parametrize("key", ["exit_notice", "no_such_point"])
def test_points_outside_the_round_are_not_found(scene: Scene, key: str) -> None:
    for name in ("point", "answer", "default", "not_applicable", "clear"):
        url = reverse(f"cooperation:first_round_{name}", args=[scene.open.agreement.pk, key])
        method = "get" if name in ("point", "answer", "not_applicable") else "post"
        assert scene.ask("manager", method, url) == 404


def test_leading_is_for_partner_managers_of_firms_that_take_part(scene: Scene) -> None:
    agreement = scene.open.agreement
    may = {
        who: perms.can_lead_first_round(Membership.objects.filter(user=person).first(), agreement)
        for who, person in scene.people.items()
        if who != "former"
    }

    assert [who for who, allowed in may.items() if allowed] == ["manager"]
