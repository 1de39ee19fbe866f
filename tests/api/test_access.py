"""Who opens what. The pages as everywhere; the routes by key, and by nothing but a key."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api import describing, keys
from api.models import ApiKey
from cooperation.models import Participation
from partners.models import Membership, Partner
from tests.api.worlds import Stage, key_of, stage
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

# ---- Routes --------------------------------------------------------------------------------------

ASKED = (
    "own",  # a key of the firm, a party of the project, whose score it is
    "party",  # of another firm of the project
    "stranger",  # of a firm that has nothing to do with it
    "both",  # of a stranger, made by somebody who belongs to the own firm, too
    "invited",  # of a firm that was invited and has not answered
    "left",  # of a firm that has left the project after signing
    "withdrawn",
    "expired",
    "maker left",
    "no admin",  # whoever made it is none any more
    "closed",  # the firm is not active
    "none",
    "session",  # a browser in which the firm's admin is signed in
    "csrf",  # the same, with a token against forgery
)
DEAD = (401,) * 8
# For the table of the whole portal: to a browser, signed in or not, each of them is a 401.
NAMES = [
    f"api:v1:{operation['operationId']}"
    for operations in describing.document()["paths"].values()
    for operation in operations.values()
]


def row(own: int, party: int, stranger: int, invited: int, left: int) -> tuple[int, ...]:
    return (own, party, stranger, stranger, invited, left, *DEAD)


EVERYBODY = row(200, 200, 200, 200, 200)  # each its own
PROJECT = row(200, 200, 404, 404, 404)
SIGNED = row(200, 200, 404, 404, 200)
ALONE = row(200, 404, 404, 404, 404)
ROUTES = {
    "/api/v1/firm": EVERYBODY,
    "/api/v1/people": EVERYBODY,
    "/api/v1/firms": EVERYBODY,
    "/api/v1/firms/{id}": EVERYBODY,  # the directory is for all
    "/api/v1/projects": EVERYBODY,
    "/api/v1/projects/{id}": PROJECT,
    "/api/v1/agreements/{id}": PROJECT,
    "/api/v1/agreements/{id}/events": PROJECT,
    "/api/v1/versions": EVERYBODY,
    "/api/v1/versions/{id}": SIGNED,
    "/api/v1/versions/{id}/text": SIGNED,
    "/api/v1/versions/{id}/documents": SIGNED,
    "/api/v1/versions/{id}/documents/{language}": SIGNED,
    "/api/v1/scores": EVERYBODY,
    "/api/v1/scores/{id}": ALONE,
    "/api/v1/scores/{id}/ledger": ALONE,
    "/api/v1/history": EVERYBODY,
}


class Door:
    """Each kind of key, and the addresses they are tried at."""

    def __init__(self) -> None:
        self.scene: Stage = stage()
        own, other, third = self.scene.firms
        self.admin = member(own, "admin")
        stranger, invited = PartnerFactory.create(), PartnerFactory.create()
        both = member(stranger, "admin")
        MembershipFactory.create(user=both, partner=own, admin=True)
        agreement = self.scene.version.agreement
        inviter = {"invited_by": self.scene.project.people[0], "invited_by_partner": own}
        Participation.objects.create(
            project=agreement.project, partner=invited, position=9, **inviter
        )
        Participation.objects.filter(project=agreement.project, partner=third).update(
            state="left", left_at="2026-01-01T00:00Z", left_by=self.scene.project.people[2]
        )
        closed = PartnerFactory.create()
        made = {
            "own": key_of(own, self.admin),
            "party": key_of(other),
            "stranger": key_of(stranger),
            "both": key_of(stranger, both),
            "invited": key_of(invited),
            "left": key_of(third),
            "withdrawn": key_of(own, self.admin),
            "expired": key_of(own, self.admin),
            "maker left": key_of(own),
            "no admin": key_of(own),
            "closed": key_of(closed),
        }
        self.tokens = {who: token for who, (_key, token) in made.items()}
        keys.withdraw(made["withdrawn"][0].pk, by=self.admin)
        now = timezone.now()
        ApiKey.objects.filter(pk=made["expired"][0].pk).update(
            created_at=now - timedelta(days=91), expires_at=now - timedelta(seconds=1)
        )
        maker = Membership.objects.filter(partner=own)
        left = made["maker left"][0].created_by_id
        maker.filter(user=left).update(left_at="2035-01-01T00:00Z")
        maker.filter(user=made["no admin"][0].created_by_id).update(
            is_admin=False, is_observer=True
        )
        Partner.objects.filter(pk=closed.pk).update(is_active=False)

    def address(self, path: str) -> tuple[str, dict[str, str]]:
        version, score = self.scene.version, self.scene.scores[0]
        ids = {
            "firms": self.scene.firms[0].pk,
            "projects": version.agreement.project_id,
            "agreements": version.agreement_id,
            "versions": version.pk,
            "scores": score.pk,
        }
        room = path.split("/")[3]
        url = path.replace("{id}", str(ids.get(room))).replace("{language}", "de")
        asked = {"track": score.track, "metric": "usage_growth"} if "ledger" in url else {}
        return url, asked

    def ask(self, who: str, path: str, method: str = "get") -> Any:
        url, asked = self.address(path)
        client, headers = Client(enforce_csrf_checks=True), {}
        if who in ("session", "csrf"):
            client.force_login(self.admin)
        if who == "csrf":
            client.cookies["csrftoken"] = "a" * 32
            headers["X-CSRFToken"] = "a" * 32
        if who in self.tokens:
            headers["authorization"] = f"Bearer {self.tokens[who]}"
        response = getattr(client, method)(url, asked, headers=headers)
        if response.streaming:
            list(response.streaming_content)
        return response


def test_every_route_has_a_row() -> None:
    assert list(ROUTES) == list(describing.document()["paths"])


def test_whoever_changes_the_document_changes_it_for_nobody_else() -> None:
    before = describing.rooms()
    for operations in describing.document()["paths"].values():
        operations["get"]["responses"].clear()
    assert describing.rooms() == before


def test_access_by_key() -> None:
    door = Door()
    table = {path: tuple(door.ask(who, path).status_code for who in ASKED) for path in ROUTES}
    assert table == ROUTES


def test_nothing_can_be_changed() -> None:
    """No route has another method, so there is nothing to forge."""
    door = Door()
    before = {model: list(model.objects.values()) for model in (Partner, Membership)}
    answers = {
        door.ask(who, path, method).status_code
        for path in ROUTES
        for method in ("post", "put", "patch", "delete")
        for who in ("own", "session")
    }
    assert answers == {405}
    assert before == {model: list(model.objects.values()) for model in (Partner, Membership)}


# ---- Pages ---------------------------------------------------------------------------------------

# Method and answers for the firm's admin, its signer, its observer, another firm's admin, a person
# without a firm, the operator, somebody who is not signed in. An admin gives the password first.
WHO = ("admin", "signer", "observer", "stranger", "loner", "operator", "nobody")
PAGES = {
    "api:keys": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "api:key_make": ("get", (302, 403, 403, 302, 404, 404, 302)),
    "api:key_withdraw": ("post", (302, 403, 403, 404, 404, 404, 302)),
    "api:description": ("get", (200,) * 7),
    "api:openapi": ("get", (200,) * 7),
}


@pytest.mark.parametrize("name", PAGES)
def test_access_to_pages(name: str) -> None:
    firm = PartnerFactory.create()
    key, _token = key_of(firm)
    people = {
        "admin": member(firm, "admin"),
        "signer": member(firm, "signer", "manager", "specialist", "lead"),
        "observer": member(firm, "observer"),
        "stranger": member(PartnerFactory.create(), "admin"),
        "loner": UserFactory.create(),
        "operator": UserFactory.create(is_staff=True, is_superuser=True),
    }
    method, expected = PAGES[name]
    url = reverse(name, args=[key.pk] if name == "api:key_withdraw" else [])
    answers = []
    for who in reversed(WHO):  # the admin last: what they do would change the answers of the others
        client = Client()
        if who != "nobody":
            client.force_login(people[who])
        answers.append(getattr(client, method)(url).status_code)
    assert tuple(reversed(answers)) == expected
