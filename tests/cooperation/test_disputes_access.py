"""Who may open and do what about a point to settle; beside ``tests/access``.

A firm of the same agreement that is not involved, and what a neutral person finds anywhere.
"""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse
from django.utils import timezone

from cooperation import disputes, neutral_people
from cooperation.models import DisputeGuest, Participation
from partners.models import Membership, User
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.settling import POINT, opened, signed
from tests.cooperation.walking import OWN_ACCOUNT
from tests.factories import member

pytestmark = pytest.mark.django_db

ADDRESSES = {  # and by which method
    "cooperation:dispute_open": "get",
    "cooperation:dispute": "get",
    "cooperation:dispute_write": "post",
    "cooperation:dispute_fail": "post",
    "cooperation:dispute_propose": "post",
    "cooperation:dispute_confirm": "post",
    "cooperation:dispute_withdraw": "post",
    "cooperation:dispute_invite": "post",
    "cooperation:dispute_guest_agree": "post",
    "cooperation:dispute_guest_extend": "post",
    "cooperation:dispute_guest_end": "post",
}


class Scene:
    """Three firms with a version in force; two of them settle a point, with a neutral person."""

    def __init__(self) -> None:
        self.world, self.version = signed(3)
        firm, other, third = self.world.firms
        self.people: dict[str, User] = {
            **everybody(firm, other),
            "third": member(third, "admin", "manager", "signer"),
        }
        Participation.objects.create(
            project=self.world.agreement.project,
            partner=firm_of(self.people["invited"]),
            position=9,
            invited_by=self.world.people[0],
            invited_by_partner=firm,
        )
        self.dispute = opened(
            self.world, self.version, subject="Geheimer Betreff", others=[other.pk]
        )
        self.guest = self.invite("nora@mediation.example")
        neutral_people.agree(self.guest.pk, **self.world.acting(1))
        self.people["neutral"] = self.guest.user
        self.waiting = self.invite("otto@mediation.example")

    def invite(self, email: str) -> DisputeGuest:
        return neutral_people.invite(
            self.dispute.pk,
            email=email,
            name="Nora Neutral",
            until=timezone.localdate(),
            **self.world.acting(0),
        )

    def arguments(self, name: str) -> dict[str, Any]:
        if name == "cooperation:dispute_open":
            return {"pk": self.version.pk, "key": POINT}
        arguments: dict[str, Any] = {"pk": self.dispute.pk}
        if "_guest_" in name:
            arguments["guest"] = self.waiting.pk
        return arguments

    def url(self, name: str) -> str:
        return reverse(name, kwargs=self.arguments(name))

    def ask(self, who: str, method: str, url: str) -> int:
        """The status for that person; whatever the request did is undone."""
        client = Client(headers={"accept-language": "de"})
        if who != "nobody":
            client.force_login(self.people[who])
        with transaction.atomic():
            response = getattr(client, method)(url)
            if response.streaming:
                list(response.streaming_content)
            transaction.set_rollback(True)
        return int(response.status_code)


def test_firm_that_is_not_involved_knows_of_nothing() -> None:
    scene = Scene()
    told = {name: scene.ask("third", method, scene.url(name)) for name, method in ADDRESSES.items()}
    assert told == {**dict.fromkeys(ADDRESSES, 404), "cooperation:dispute_open": 200}


def test_invitation_belongs_to_its_point() -> None:
    scene = Scene()
    other = opened(scene.world, scene.version, subject="Etwas anderes")
    for name in ADDRESSES:
        if "_guest_" in name:
            url = reverse(name, kwargs={"pk": other.pk, "guest": scene.waiting.pk})
            assert scene.ask("manager", "post", url) == 404


# ---- Attacks on each address --------------------------------------------------------------------


@pytest.mark.parametrize("who", ["manager", "neutral"])
def test_opening_an_address_writes_nothing(who: str) -> None:
    scene = Scene()
    client = Client()
    client.force_login(scene.people[who])
    written = {}
    for name in ADDRESSES:
        with CaptureQueriesContext(connection) as queries:
            client.get(scene.url(name), headers={"HX-Request": "true"})
        changes = [
            query["sql"][:100]
            for query in queries
            if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
            and "django_session" not in query["sql"]
        ]
        if changes:
            written[name] = changes
    assert written == {}


def test_no_form_is_taken_without_its_token() -> None:
    scene = Scene()
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.people["manager"])
    assert {client.post(scene.url(name)).status_code for name in ADDRESSES} == {403}


@pytest.mark.parametrize(
    "text", ["\x00", "\U0001f600", "'\"><script>x</script>", "-1", "9" * 5_000, "[]", "\ud800"]
)
def test_nonsense_breaks_no_form(text: str) -> None:
    scene = Scene()
    client = Client()
    client.force_login(scene.people["manager"])
    names = "subject description others text level reason revision outcome name email until".split()
    body = urlencode(dict.fromkeys(names, text.encode("utf-8", "surrogatepass")))
    for name in ADDRESSES:
        with transaction.atomic():
            answer = client.post(scene.url(name), body, "application/x-www-form-urlencoded")
            transaction.set_rollback(True)
        assert answer.status_code in (200, 302, 405), name
        assert b"<script>x" not in answer.content


# ---- The neutral person and the rest of the portal ---------------------------------------------


class Everything(Scene):
    """With whatever else a project can have, so that every address has something behind it."""

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        self.other = disputes.begin(
            self.version.pk,
            "regular_meetings",
            subject="Ein anderer Punkt",
            description="Nur für die Firmen.",
            **world.acting(0),
        )
        project = world.agreement.project
        self.uuids = {  # by the first word of the addresses
            "projekte": [project.pk],
            "vereinbarung": [world.agreement.pk],
            "fassung": [self.version.pk],
            "klaerung": [self.other.pk],
            "einladung": [place.pk for place in project.participations.all()],
            "partner": [
                world.firms[0].pk,
                Membership.objects.get(user=world.people[0]).pk,
            ],
        }

    def tries(self, route: str) -> list[UUID]:
        """What may stand at an address of a room of ours: the ids of its kind, else all."""
        everything = [uuid for uuids in self.uuids.values() for uuid in uuids]
        return self.uuids.get(route.split("/")[0], everything)


WORDS = {"key": POINT, "language": "de", "length": "short", "rule": "communication"}


def patterns() -> dict[str, URLPattern]:
    from tests.test_access import URLS

    return URLS


def test_neutral_person_finds_nothing_else_anywhere() -> None:
    """Every address of the portal with every id of the project: as for somebody without a firm."""
    scene = Everything()
    browsers = {who: Client() for who in ("neutral", "loner")}
    for who, client in browsers.items():
        client.force_login(scene.people[who])
    found, asked = {}, 0
    for name, pattern in patterns().items():
        if name.startswith(OWN_ACCOUNT) or name == "set_language":
            continue
        kinds = {key: type(kind).__name__ for key, kind in pattern.pattern.converters.items()}
        uuids = [key for key, kind in kinds.items() if kind == "UUIDConverter"]
        words = {
            key: 1 if kind == "IntConverter" else WORDS.get(key, "x")
            for key, kind in kinds.items()
            if key not in uuids
        }
        ours = name.split(":")[0] in {"cooperation", "partners"}
        route = reverse(name, kwargs={**words, **dict.fromkeys(uuids, uuid4())})[1:]
        for uuid in scene.tries(route) if ours and uuids else [uuid4()]:
            url = reverse(name, kwargs={**words, **dict.fromkeys(uuids, uuid)})
            for method in ("get", "post"):
                asked += 1
                status = getattr(browsers["neutral"], method)(url).status_code
                if uuids:
                    # 405, and for a GET the way back to the form, is said by the route.
                    fine = {404, 405} if method == "post" else {302, 404}
                else:
                    fine = {getattr(browsers["loner"], method)(url).status_code}
                if status not in fine:
                    found[name, method] = status
    assert asked > 200
    assert found == {}


def test_neutral_person_opens_the_one_point() -> None:
    scene = Everything()
    client = Client(headers={"accept-language": "en"})
    client.force_login(scene.people["neutral"])
    page = client.get(scene.url("cooperation:dispute")).content.decode()
    home = client.get(reverse("home")).content.decode()

    for text in (page, home):
        assert "Geheimer Betreff" in text
        for secret in (
            "Neuer Arbeitsplatz",  # the project
            "Stadtwerke",  # the customer
            "Ein anderer Punkt",
            scene.world.firms[2].name,  # not involved
            "otto@mediation.example",
            str(scene.world.agreement.pk),
            str(scene.world.agreement.project_id),
            str(scene.version.pk),
        ):
            assert secret not in text
