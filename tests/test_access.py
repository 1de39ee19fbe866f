"""Who may open what, over the whole portal: one row per URL, and nothing answers to strangers.

The rooms ``partners`` and ``scoring`` have tables of their own beside their tests; here are the
portal's first pages and the cooperation room, and the sweep that covers every room.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from cooperation import answers, checklist_pdf, projects, rule_books, signing
from documents import jobs
from partners.models import User
from tests import blank
from tests.cooperation.access import WHO, everybody, firm_of
from tests.cooperation.test_amendments_access import ACCESS as AMENDMENTS
from tests.cooperation.test_associations_access import ACCESS as ASSOCIATIONS
from tests.cooperation.test_disputes_access import ACCESS as DISPUTES
from tests.cooperation.test_endings_access import ACCESS as ENDINGS
from tests.cooperation.test_first_round_access import ACCESS as FIRST_ROUND
from tests.cooperation.test_pairs_access import ACCESS as PAIRS
from tests.cooperation.test_rule_books_access import ACCESS as RULE_BOOKS
from tests.cooperation.test_threads_access import ACCESS as THREADS
from tests.cooperation.test_work_access import ACCESS as WORK
from tests.cooperation.worlds import World, world
from tests.partners.test_access import ACCESS as PARTNERS
from tests.scoring.test_views_access import ACCESS as SCORING

pytestmark = pytest.mark.django_db

# Columns as in WHO: the firm's partner manager (may sign), its project lead, its observer; the
# other firm's signer; a manager of a firm that was invited and has not answered; another firm's
# admin, manager and signer; somebody who left the firm; a person without a firm; staff; signed out.
OPEN = (200,) * 10
SIGNED_IN = (200,) * 9 + (302,)


def row(*parties: int, invited: int = 404, others: int = 404) -> tuple[int, ...]:
    """Own manager, lead, observer and the other firm's signer; then who takes no part."""
    return (*parties, invited, others, others, others, others, 302)


ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    "public": ("get", (302,) * 9 + (200,)),
    "home": ("get", SIGNED_IN),
    "login": ("get", (302,) * 9 + (200,)),
    "logout": ("post", (302,) * 10),
    "password_reset": ("get", OPEN),
    "password_reset_done": ("get", OPEN),
    "password_reset_confirm": ("get", OPEN),
    "password_reset_complete": ("get", OPEN),
    "set_language": ("post", (302,) * 10),
    "documents:check": ("get", OPEN),
    "documents:check_code": ("get", OPEN),
    "documents:roots": ("get", OPEN),
    "cooperation:kodex": ("get", OPEN),
    "cooperation:blank_checklist": ("get", OPEN),
    "cooperation:blank_checklist_status": ("get", OPEN),
    "cooperation:project_list": ("get", SIGNED_IN),
    "cooperation:project_create": ("get", (200, 403, 403, 403, 200, 200, 403, 403, 403, 302)),
    "cooperation:project_detail": ("get", row(200, 200, 200, 200)),
    "cooperation:project_invite": ("post", row(200, 403, 403, 403)),
    "cooperation:invitation": ("get", row(404, 404, 404, 404, invited=200)),
    "cooperation:invitation_accept": ("post", row(404, 404, 404, 404, invited=302)),
    "cooperation:invitation_decline": ("post", row(404, 404, 404, 404, invited=302)),
    "cooperation:invitation_withdraw": ("post", row(302, 403, 403, 403)),
    "cooperation:agreement_detail": ("get", row(200, 200, 200, 200)),
    "cooperation:point": ("get", row(200, 200, 200, 200)),
    "cooperation:point_answer": ("get", row(200, 200, 403, 403)),
    "cooperation:point_default": ("post", row(302, 302, 403, 403)),
    "cooperation:point_confirm": ("post", row(302, 302, 403, 403)),
    "cooperation:point_not_applicable": ("get", row(200, 200, 403, 403)),
    "cooperation:point_talk": ("get", row(200, 200, 403, 403)),
    "cooperation:talk_resolve": ("post", row(302, 302, 403, 403)),
    "cooperation:rule_defaults": ("post", row(302, 302, 403, 403)),
    "cooperation:fast_track": ("post", row(302, 403, 403, 403)),
    "cooperation:ready": ("get", row(200, 200, 200, 200)),
    "cooperation:freeze": ("post", row(302, 403, 403, 302)),
    "cooperation:version": ("get", row(200, 200, 200, 200)),
    "cooperation:version_text": ("get", row(200, 200, 200, 200)),
    "cooperation:sign": ("post", row(422, 403, 403, 422)),
    "cooperation:decline": ("post", row(422, 403, 403, 422)),
    "cooperation:withdraw": ("post", row(302, 403, 403, 302)),
    "cooperation:document": ("get", row(200, 200, 200, 200)),
    "cooperation:document_status": ("get", row(302, 302, 302, 302)),
    "cooperation:document_retry": ("post", row(302, 302, 302, 302)),
}


# Rows of the cooperation room that have a table and a scene of their own beside their tests.
ELSEWHERE: dict[str, tuple[str, tuple[int, ...]]] = {
    **AMENDMENTS,
    **ASSOCIATIONS,
    **DISPUTES,
    **ENDINGS,
    **FIRST_ROUND,
    **RULE_BOOKS,
    **PAIRS,
    **THREADS,
    **WORK,
}


class Scene:
    """A project in negotiation with a third firm invited, one being signed, one in force."""

    def __init__(self) -> None:
        checklist_pdf.ensure(rule_books.current())
        self.draft: World = world()
        firm, other = self.draft.firms
        self.people: dict[str, User] = everybody(firm, other)
        invitee = firm_of(self.people["invited"])
        self.place = projects.invite(self.draft.agreement.pk, invitee, **self.draft.acting(0))
        self.draft.press(0)
        self.talk = answers.ask_to_talk(
            self.draft.agreement.pk, "publicity", "Bitte sprechen", **self.draft.acting(0)
        )
        self.version = self._second().freeze()
        done = self._second()
        self.signed = done.freeze()
        for number in (0, 1):
            signing.sign(
                self.signed.pk,
                seen=self.signed.sha256,
                language="de",
                authority="managing_director",
                **done.acting(number),
            )
        for link in self.signed.documents.all():
            jobs.build(link.document_id, blank.pdf)

    def _second(self) -> World:
        """Another project of the same two firms."""
        people = self.draft.people
        agreement = projects.create(
            name="Noch eins", customer_name="Werft", by=people[0], partner=self.draft.firms[0]
        )
        place = projects.invite(agreement.pk, self.draft.firms[1], **self.draft.acting(0))
        projects.accept(place.pk, by=people[1])
        return World(agreement, self.draft.firms, people)

    def arguments(self, name: str) -> dict[str, Any]:
        kind = name.removeprefix("cooperation:")
        if kind == "password_reset_confirm":
            return {"uidb64": "MQ", "token": "set-password"}
        if kind.startswith("documents:"):
            return {"code": "0" * 32} if kind == "documents:check_code" else {}
        if kind.startswith("blank_checklist"):
            return {"length": "short"}
        if kind.startswith("project_") and kind not in {"project_list", "project_create"}:
            return {"pk": self.draft.agreement.project_id}
        if kind.startswith("invitation"):
            return {"pk": self.place.pk}
        if kind.startswith("document"):
            return {"pk": self.signed.pk, "language": "de"}
        if kind in {"version", "version_text", "sign", "decline", "withdraw"}:
            return {"pk": self.version.pk}
        arguments: dict[str, Any] = {"pk": self.draft.agreement.pk}
        if kind.startswith("point"):
            arguments["key"] = "publicity"  # of rule 2: a project lead may work on it
        if kind == "talk_resolve":
            arguments["talk"] = self.talk.pk
        if kind == "rule_defaults":
            arguments["rule"] = "communication"
        return arguments if kind not in ("kodex", "project_list", "project_create") else {}

    def ask(self, who: str, method: str, url: str) -> int:
        """The status for that person; whatever the request did is undone."""
        client = Client(headers={"accept-language": "de"})
        if who != "nobody":
            client.force_login(self.people[who])
        with transaction.atomic():
            response = getattr(client, method)(url)
            if response.streaming:  # read to its end, so that the file is closed
                list(response.streaming_content)
            transaction.set_rollback(True)
        return int(response.status_code)


def names(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name == "admin":  # Django's own, for staff only; tested below
                continue
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from names(entry, inner)
        else:
            yield f"{prefix}{entry.name}", entry


URLS = dict(names(get_resolver()))


def test_every_url_has_a_row() -> None:
    rows = {
        *ACCESS,
        *ELSEWHERE,
        *(f"partners:{name}" for name in PARTNERS),
        *(f"scoring:{name}" for name in SCORING),
    }
    assert rows == set(URLS)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_access(scene: Scene) -> None:
    table = {}
    for name, (method, _expected) in ACCESS.items():
        rooms = {"cooperation", "documents", "password_reset_confirm"}
        needs_none = name.split(":")[0] not in rooms
        url = reverse(name, kwargs={} if needs_none else scene.arguments(name))
        table[name] = (method, tuple(scene.ask(who, method, url) for who in WHO))
    assert table == ACCESS


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_url_answers_to_an_unknown_uuid(scene: Scene, method: str) -> None:
    """405, and for a GET the way back to the form, is said by the route: no row is looked for."""
    told = {}
    for name, pattern in URLS.items():
        converters = pattern.pattern.converters
        uuids = {key for key, kind in converters.items() if type(kind).__name__ == "UUIDConverter"}
        if uuids:
            words = {
                key: "1" if type(kind).__name__ == "IntConverter" else "x"
                for key, kind in converters.items()
                if key not in uuids
            }
            url = reverse(name, kwargs={**words, **{key: uuid4() for key in uuids}})
            told[name] = scene.ask("manager", method, url)
    assert len(told) > 30
    rows = {
        **{name: row[0] for name, row in {**ACCESS, **ELSEWHERE}.items()},
        **{f"partners:{name}": row[0] for name, row in PARTNERS.items()},
        **{f"scoring:{name}": row[0] for name, row in SCORING.items()},
    }
    otherwise = 302 if method == "get" else 405
    expected = {name: {404} if rows[name] == method else {404, otherwise} for name in told}
    assert {name: status for name, status in told.items() if status not in expected[name]} == {}


def test_only_staff_enter_the_operators_pages(scene: Scene) -> None:
    url = reverse("admin:index")
    assert {who: scene.ask(who, "get", url) for who in ("manager", "operator", "nobody")} == {
        "manager": 302,
        "operator": 200,
        "nobody": 302,
    }
