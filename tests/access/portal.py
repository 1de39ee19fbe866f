"""The whole portal with something behind every address, twice: for the firm and for strangers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from allauth.account.internal.flows import login
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.test import Client, override_settings
from django.urls import reverse

from api import keys
from cooperation import outside_invitations
from partners import invitations, support_access
from partners.models import FirmExport, Membership, SupportAccess, User
from tests.access.figures import Figures
from tests.access.people import Firms, everybody
from tests.access.projects import TODAY, Projects
from tests.cooperation.ending_worlds import SIGNED_ON, on
from tests.factories import UserFactory, member

OURS, THEIRS = "Amsel", "Kuckuck"


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for: arguments of the address, its query and what a form sends."""

    arguments: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


class World:
    """The projects, figures and people of one firm."""

    def __init__(
        self, firms: Firms, word: str, manager: User, observer: User, operator: User
    ) -> None:
        self.firms = firms
        self.projects = Projects(firms, word)
        colleague = member(firms.own, "specialist", name=f"{word} Kollegin")
        self.colleague = Membership.objects.get(user=colleague)
        admin = firms.hands[0]
        self.invited = invitations.invite(
            firms.own,
            email=f"neu.{word.lower()}@firma.example",
            name=f"{word} Neu",
            language="de",
            title="",
            rights={"is_specialist": True},
            by=admin,
        ).invitation
        self.key, self.token = keys.make(uuid4(), firms.own, name=word, days=90, by=admin)
        self.access = self.let_read(operator)
        self.gone = member(firms.own, "specialist", name=f"{word} Weg")
        Membership.objects.filter(user=self.gone).update(left_at=F("joined_at"))
        self.outside = outside_invitations.invite(
            self.projects.draft.pk,
            email=f"fern.{word.lower()}@firma.example",
            language="de",
            by=admin,
            partner=firms.own,
        ).invitation
        self.export = FirmExport.objects.create(
            partner=firms.own,
            requested_by=admin,
            state=FirmExport.State.READY,
            expires_at=datetime(2200, 1, 1, tzinfo=UTC),
            file=ContentFile(word.encode(), name=f"{word}.zip"),
            size=len(word),
        )
        self.passkey = Authenticator.objects.create(
            user=colleague,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": f"{word} Schlüssel", "credential": {}},
        )
        with on(TODAY):
            self.figures = Figures(firms.own, firms.other, manager, observer, word)

    def let_read(self, operator: User) -> SupportAccess:
        """Support access. The database's own clock says when it ends, and no test sets that."""
        return SupportAccess.objects.create(
            partner=self.firms.own,
            operator=operator,
            reason="Bitte nachsehen",
            hours=72,
            granted_by=self.firms.hands[0],
            until=datetime(2200, 1, 1, tzinfo=UTC),
        )

    def target(self, name: str) -> Target:
        """What stands behind an address in this world."""
        room, _, kind = name.rpartition(":")
        if room == "cooperation" and kind.startswith("outside"):
            return Target(self._outside(kind))
        if room == "cooperation":
            return Target(self.projects.arguments(kind))
        if room == "scoring":
            figures = self.figures
            return Target(figures.arguments(kind), figures.query(kind), figures.body(kind))
        if room == "partners":
            body = {
                "switch": {"firm": str(self.firms.own.pk)},
                "passkey_challenge": {"purpose": "sign"},
            }
            return Target(self._partners(kind), body=body.get(kind, {}))
        if room.startswith("api"):
            asked = {"track": "smb", "metric": "usage_growth"} if kind == "ledger" else {}
            return Target(self._api(kind), asked)
        return Target(self._portal(name))

    def _outside(self, kind: str) -> dict[str, Any]:
        if kind == "outside_invite":
            return {"pk": self.projects.draft.project_id}
        if kind == "outside_link":
            return {"token": "a" * 43}
        return {"pk": self.outside.pk} if kind in {"outside_resend", "outside_withdraw"} else {}

    def _partners(self, kind: str) -> dict[str, Any]:
        rows = {
            "firm_detail": self.firms.own,
            "invitation_resend": self.invited,
            "invitation_withdraw": self.invited,
            "export_download": self.export,
            "export_status": self.export,
            "person_erase": Membership.objects.get(user=self.gone),
            "support_begin": self.access,
            "support_end": self.access,
            **dict.fromkeys(PEOPLE, self.colleague),
        }
        if kind in rows:
            return {"pk": rows[kind].pk}
        return {"token": "a" * 43} if kind in TOKENS else {}

    def _api(self, kind: str) -> dict[str, Any]:
        rows: dict[str, dict[str, Any]] = {
            "key_withdraw": {"pk": self.key.pk},
            "firm_detail": {"id": self.firms.own.pk},
            "project": {"id": self.projects.running.project_id},
            "agreement": {"id": self.projects.running.pk},
            "events": {"id": self.projects.running.pk},
            "document": {"id": self.projects.signed.pk, "language": "de"},
            **{key: {"id": self.projects.signed.pk} for key in VERSIONS},
            **{key: {"id": self.figures.score.pk} for key in SCORES},
        }
        return rows.get(kind, {})

    def _portal(self, name: str) -> dict[str, Any]:
        if name in {"mfa_remove_webauthn", "mfa_edit_webauthn"}:
            return {"pk": self.passkey.pk}
        return PORTAL.get(name, {})

    @property
    def ids(self) -> dict[str, Any]:
        """Every row of this world that an address could name, but for the directory's firms."""
        return {
            **self.projects.ids,
            **self.figures.ids,
            "membership": self.colleague.pk,
            "invitation of a person": self.invited.pk,
            "invitation of a firm": self.outside.pk,
            "export": self.export.pk,
            "key": self.key.pk,
            "support access": self.access.pk,
            "person": self.colleague.user_id,
        }


VERSIONS = {"version", "version_text", "documents"}
SCORES = {"score", "ledger"}
PORTAL: dict[str, dict[str, Any]] = {
    "account_reset_password_from_key": {"uidb36": "1", "key": "set-password"},
    "documents:check_code": {"code": "0" * 32},
    "openid_connect_callback": {"provider_id": "none"},
    "openid_connect_login": {"provider_id": "none"},
}
TOKENS = {"invitation_link", "named_contact"}
PEOPLE = {"person_edit", "person_leave"}


@dataclass
class Asked:
    """An answer, with what the database was told to write for it."""

    word: str
    response: HttpResponse
    body: bytes
    written: list[str]


class Portal:
    """Both worlds, and everybody who asks."""

    def __init__(self, files: Path) -> None:
        self.files = files
        with on(SIGNED_ON):
            ours, theirs = Firms.found(OURS), Firms.found(THEIRS)
            self.people = everybody(ours, theirs)
        self.ours = World(ours, OURS, self.people["ma"], self.people["ob"], self.people["op"])
        observer = member(theirs.own, "observer")
        another = UserFactory.create(is_staff=True)
        self.theirs = World(theirs, THEIRS, self.people["st"], observer, another)
        self.people |= self.ours.projects.neutral_people
        support_access.begin(self.ours.let_read(self.people["su"]).pk, operator=self.people["su"])
        self.sessions = {who: new_session(user) for who, user in self.people.items()}

    def client(self, who: str) -> Client:
        client = Client(headers={"accept-language": "de"})
        if who in self.sessions:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[who]
        return client

    def ask(self, who: str, method: str, name: str, **headers: str) -> Asked:
        """What that person is answered at an address of ours. Whatever it did is undone."""
        return self.request(who, method, name, self.ours.target(name), **headers)

    def request(self, who: str, method: str, name: str, target: Target, **headers: str) -> Asked:
        url = reverse(name, kwargs=target.arguments)
        if target.query:
            url += "?" + urlencode(target.query)
        send = getattr(self.client(who), method.lower())
        body = (target.body,) if method == "POST" else ()
        cache.clear()  # counts of guesses
        with on(TODAY, hour=11), transaction.atomic(), writes() as written:
            response = send(url, *body, headers=headers)
            content = (
                b"".join(response.streaming_content) if response.streaming else response.content
            )
            transaction.set_rollback(True)
        return Asked(word(response), response, content, written)


def new_session(user: User) -> str:
    """The key of a session as it is after signing in a moment ago."""
    with on(TODAY, hour=11):
        client = Client()
        client.force_login(user)
        session = client.session
        session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
        session.save()
        return client.cookies[settings.SESSION_COOKIE_NAME].value


def word(response: HttpResponse) -> str:
    """The answer as it stands in the tables."""
    if response.status_code == 302:
        return (
            "in"
            if response["Location"].partition("?")[0] == resolve_url(settings.LOGIN_URL)
            else "go"
        )
    known = {200: "ok", 400: "bd", 401: "un", 403: "no", 404: "--", 409: "cf", 422: "??"}
    return known.get(response.status_code, str(response.status_code))


@contextmanager
def writes() -> Iterator[list[str]]:
    """What is written meanwhile, but for sessions."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and "session" not in sql[:60]:
            found.append(sql[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@contextmanager
def built(files: Path) -> Iterator[Portal]:
    """A portal, in a transaction that is rolled back in the end."""
    with override_settings(MEDIA_ROOT=files), transaction.atomic():
        yield Portal(files)
        transaction.set_rollback(True)
