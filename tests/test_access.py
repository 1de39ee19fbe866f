"""Every address has its rows in ``tests/access/tables``, which ``tests/access`` asks for.

Here is what fails first when one has none, and a scene that attacks on all addresses begin with.
"""

from typing import Any

from cooperation import (
    answers,
    checklist_pdf,
    outside_invitations,
    projects,
    rule_books,
    signing,
)
from documents import jobs
from partners.models import User
from tests import blank
from tests.access.addresses import addresses
from tests.access.tables import read_all
from tests.cooperation.access import everybody, firm_of
from tests.cooperation.worlds import World, world


class Scene:
    """A project in negotiation with a third firm invited, one being signed, one in force."""

    def __init__(self) -> None:
        checklist_pdf.ensure(rule_books.current())
        self.draft: World = world()
        firm, other = self.draft.firms
        self.people: dict[str, User] = everybody(firm, other)
        invitee = firm_of(self.people["invited"])
        self.place = projects.invite(self.draft.agreement.pk, invitee, **self.draft.acting(0))
        self.outside = outside_invitations.invite(
            self.draft.agreement.pk,
            email="outside@firma.example",
            language="de",
            **self.draft.acting(0),
        ).invitation
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
        if kind.startswith("documents:"):
            return {"code": "0" * 32} if kind == "documents:check_code" else {}
        if kind.startswith("blank_checklist"):
            return {"length": "short"}
        if kind.startswith("project_") and kind not in {"project_list", "project_create"}:
            return {"pk": self.draft.agreement.project_id}
        if kind.startswith("invitation"):
            return {"pk": self.place.pk}
        if kind in {"outside_resend", "outside_withdraw"}:
            return {"pk": self.outside.pk}
        if kind in {"outside", "outside_accept", "outside_link"}:
            return {"token": "x"} if kind == "outside_link" else {}
        if kind == "outside_invite":
            return {"pk": self.draft.agreement.project_id}
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


URLS = addresses()


def test_every_url_has_a_row() -> None:
    assert {name for _method, name in read_all()} == {*URLS}
