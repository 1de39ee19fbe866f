"""The projects of a world: one agreement in each state that an address needs.

In each of them two firms take part; a third has left, one is invited, one has declined.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from cooperation import (
    answers,
    blind,
    checklist_pdf,
    comments,
    disputes,
    leaving,
    neutral_people,
    projects,
    rule_books,
    signing,
)
from cooperation.models import (
    Agreement,
    AgreementVersion,
    Amendment,
    DisputeGuest,
    FirstRoundDocument,
    Participation,
)
from documents import jobs
from partners.models import User
from tests import blank
from tests.access.people import Firms
from tests.cooperation.amended import sign_all
from tests.cooperation.ending_worlds import NOTICE, SIGNED_ON, on, propose_end, put
from tests.cooperation.pairing import nothing, settle
from tests.cooperation.rounds import GOAL, LEAD, OWN, Game
from tests.cooperation.worlds import World

TODAY = "2026-12-01"
POINT = "publicity"  # joint, of rule 2: a project lead may work on it
BLIND_POINT = "non_solicitation"  # of rule 4: the same
State = Participation.State


class Projects:
    """``word`` is in every text that somebody writes."""

    def __init__(self, firms: Firms, word: str) -> None:
        self.firms, self.word = firms, word
        book = rule_books.current()
        checklist_pdf.ensure(book)
        self.book = {"key": book.key, "version": book.version}
        self._negotiated()
        self._being_signed()
        self._first_rounds()
        self._running()
        self._changed()
        self._disputed()

    # ---- The states ------------------------------------------------------------------------------

    def _negotiated(self) -> None:
        """The checklist, with a talk and a comment; and one of three firms, with rates per pair."""
        some = self._begin()
        self._leave(some)
        self.invitation = self._ask(some)
        some.press(0)
        text = f"{self.word}: bitte vorher fragen"
        self.talk = answers.ask_to_talk(some.agreement.pk, POINT, text, **some.acting(0))
        self.comment = comments.write(some.agreement.pk, POINT, text, **some.acting(0))
        self.draft = some.agreement
        several = self._begin()
        self._leave(several)
        place = projects.invite(several.agreement.pk, self.firms.third, **several.acting(0))
        projects.accept(place.pk, by=self.firms.hands[5])
        several.propose(0, "commercial_model", "day_rates")
        self._ask(several)
        self.pairs = several.agreement

    def _being_signed(self) -> None:
        some = self._begin()
        self._leave(some)
        self.version: AgreementVersion = some.freeze()
        self._rows(some)

    def _first_rounds(self) -> None:
        """One that could begin, one that is open, and one that was opened to all."""
        fresh = self._begin()
        self._leave(fresh)
        self._ask(fresh)
        self.fresh = fresh.agreement
        self.round = self._begin().agreement
        game = Game(World(self.round, [self.firms.own, self.firms.other], [*self.firms.hands[:2]]))
        self._leave(World(self.round, *self._three()))
        blind.open_round(self.round.pk, **game.world.acting(0))
        game.say(0, GOAL, f"{self.word}: ein schneller Start")
        self._ask(game.world)
        done = self._begin()
        blind.open_round(done.agreement.pk, **done.acting(0))
        played = Game(World(done.agreement, *self._three()))
        for firm in range(3):
            played.say(firm, GOAL, f"{self.word}: ein schneller Start")
            played.say(firm, LEAD, str(played.world.firms[firm].pk))
            played.say(firm, OWN, f"{self.word}: was Firma {firm} kann")
        played.hand_in(0, 1, 2)
        for row in FirstRoundDocument.objects.filter(language="de", round=played.round):
            jobs.build(row.document_id, blank.pdf)
        self._leave(played.world)
        self._ask(played.world)
        self.opened = done.agreement

    def _running(self) -> None:
        """In force until the 20th, an earlier end proposed; with an annex of the first two firms.

        The third firm has left: it reads what it signed. (By its row: with an end so near the
        verb has nothing left to do.)
        """
        term = {"start": "signing_date", "end": "2026-12-20", "review": None}
        some, self.signed = self._sign(term=term, exit_notice=NOTICE)
        self.running = some.agreement
        for link in self.signed.documents.filter(language="de"):
            jobs.build(link.document_id, blank.pdf)
        Participation.objects.filter(project=self.running.project, partner=self.firms.left).update(
            state=State.LEFT, left_at=timezone.now(), left_by=self.firms.hands[2]
        )
        self._rows(some)
        with on(TODAY):
            self.ending = propose_end(some, 0, "2026-12-10")

    def _changed(self) -> None:
        """In force, and left by the third firm: a change is prepared without it."""
        some, self.first = self._sign()
        with on(TODAY):
            leaving.leave(some.agreement.pk, reason=f"{self.word}: keine Leute", **some.acting(2))
        self._rows(some)
        self.changed = some.agreement
        self.amendment = Amendment.objects.get(agreement=self.changed)

    def _disputed(self) -> None:
        """A point to settle between the first two firms, with neutral people."""
        with on(TODAY):
            acting = World(self.running, *self._three()).acting
            self.dispute = disputes.begin(
                self.signed.pk,
                POINT,
                subject=f"{self.word}: unser Logo",
                description=f"{self.word}: vereinbart war es anders.",
                others=[self.firms.other.pk],
                **acting(0),
            )
            self.neutral = self._guest("nora")
            neutral_people.agree(self.neutral.pk, **acting(1))
            ended = self._guest("emil")
            neutral_people.agree(ended.pk, **acting(1))
            neutral_people.end(ended.pk, **acting(0))
            self.guest = self._guest("otto")  # the other firm has not agreed yet
        self.neutral_people: dict[str, User] = {"nt": self.neutral.user, "ne": ended.user}

    # ---- Steps -----------------------------------------------------------------------------------

    def _three(self) -> tuple[list[Any], list[User]]:
        return [self.firms.own, self.firms.other, self.firms.left], [*self.firms.hands[:3]]

    def _begin(self) -> World:
        """A project of the first two firms and the third, which is about to leave."""
        partners, people = self._three()
        agreement = projects.create(
            name=f"{self.word} Arbeitsplatz",
            customer_name=f"{self.word} Werke",
            by=people[0],
            partner=partners[0],
        )
        for partner, person in zip(partners[1:], people[1:], strict=True):
            place = projects.invite(agreement.pk, partner, by=people[0], partner=partners[0])
            projects.accept(place.pk, by=person)
        return World(agreement, partners, people)

    def _leave(self, some: World) -> None:
        leaving.leave(some.agreement.pk, reason=f"{self.word}: keine Leute", **some.acting(2))
        del some.firms[2:], some.people[2:]

    def _ask(self, some: World) -> Participation:
        """Two more firms are invited, and one declines."""
        invited, declined = (
            projects.invite(
                some.agreement.pk, firm, message=f"{self.word} lädt ein", **some.acting(0)
            )
            for firm in (self.firms.invited, self.firms.declined)
        )
        projects.decline(declined.pk, by=self.firms.hands[4])
        return invited

    def _rows(self, some: World) -> None:
        """The same where the verbs invite nobody any more: it is in force."""
        for position, (firm, state) in enumerate(
            ((self.firms.invited, State.INVITED), (self.firms.declined, State.DECLINED)), start=8
        ):
            answered = state == State.DECLINED
            Participation.objects.create(
                project=some.agreement.project,
                partner=firm,
                position=position,
                state=state,
                invited_by=some.people[0],
                invited_by_partner=some.firms[0],
                responded_by=self.firms.hands[4] if answered else None,
                responded_at=timezone.now() if answered else None,
            )

    def _sign(self, **said: Any) -> tuple[World, AgreementVersion]:
        """All three sign; rates are settled between the first two."""
        with on(SIGNED_ON):
            some = self._begin()
            some.fill()
            some.propose(0, "commercial_model", "day_rates")
            some.propose(0, "shared_goal", f"{self.word}: schnell fertig")
            for key in ("commercial_model", "shared_goal"):
                some.confirm(1, key)
                some.confirm(2, key)
            for key, value in said.items():
                put(some, key, value)
            settle(some, 0, 1, note=f"{self.word} Satz")
            nothing(some, 2, 0, 1)
            version = sign_all(some, signing.freeze(some.agreement.pk, **some.acting(0)))
        some.agreement.refresh_from_db()
        return some, version

    def _guest(self, name: str) -> DisputeGuest:
        return neutral_people.invite(
            self.dispute.pk,
            email=f"{name}.{self.word.lower()}@mediation.example",
            name=f"{name.title()} Neutral",
            until=timezone.localdate() + timedelta(days=5),
            by=self.firms.hands[0],
            partner=self.firms.own,
        )

    # ---- What stands at an address -----------------------------------------------------------

    def arguments(self, kind: str) -> dict[str, Any]:
        """For the address ``cooperation:<kind>``."""
        if kind in OF_NOTHING:
            return {}
        if kind in OF_BOOKS:
            return {key: {**self.book, "length": "short"}[key] for key in OF_BOOKS[kind]}
        if kind.startswith("preference"):
            return {
                "book": self.book["key"],
                **({"key": "exclusivity"} if "_of" not in kind else {}),
            }
        pk: UUID = self._row(kind).pk
        return {"pk": pk, **self._more(kind)}

    def _row(self, kind: str) -> Any:
        if kind.startswith("project_") or kind == "leave":
            return (self.running if kind == "leave" else self.draft).project
        if kind.startswith("invitation"):
            return self.invitation
        if kind in {"version", "sign", "decline", "withdraw"}:
            return self.version
        if kind in {"version_text", "version_annex", "dispute_open"} or kind.startswith("document"):
            return self.signed
        if kind == "contacts_note":
            return self.first
        if kind.startswith("dispute"):
            return self.dispute
        if kind in {"ending_consent", "ending_withdraw", "ending_go_on", "ending_rather_end"}:
            return self.ending
        return self._agreement(kind)

    def _agreement(self, kind: str) -> Agreement:
        if kind == "point_nothing":
            return self.pairs
        if kind == "first_round_begin":
            return self.fresh
        if kind.startswith("first_round_pdf"):
            return self.opened
        if kind.startswith("first_round"):
            return self.round
        if kind.startswith("amendment"):
            return self.changed
        if kind in RUNNING or kind.startswith(("ending", "closing", "retrospective")):
            return self.running
        return self.draft

    def _more(self, kind: str) -> dict[str, Any]:
        if kind == "talk_resolve":
            return {"talk": self.talk.pk}
        if kind == "comment_remove":
            return {"comment": self.comment.pk}
        if "_guest_" in kind:
            return {"guest": self.guest.pk}
        if kind == "version_annex":
            return {"number": 1}  # of the first two firms
        if kind.startswith(("document", "first_round_pdf")):
            return {"language": "de"}
        more = {
            "rule_defaults": {"rule": "communication"},
            "retrospective_rule": {"rule": "communication"},
            "closing_item": {"item": "access"},
            "contacts_note": {"key": "contacts"},
            "dispute_open": {"key": "regular_meetings"},
            "point_nothing": {"key": "day_rates"},
            "comment_write": {"key": POINT},
        }
        if kind in more:
            return more[kind]
        if kind.startswith("first_round_") and kind.removeprefix("first_round_") in ROUND_POINTS:
            return {"key": BLIND_POINT}
        return {"key": POINT} if kind.startswith("point") else {}

    @property
    def ids(self) -> dict[str, UUID]:
        """Every row of these projects that an address could name."""
        places = Participation.objects.filter(project=self.draft.project)
        return {
            "project": self.draft.project_id,
            "agreement": self.draft.pk,
            "agreement in force": self.running.pk,
            "agreement being changed": self.changed.pk,
            "agreement of three": self.pairs.pk,
            "first round": self.round.pk,
            "opened first round": self.opened.pk,
            "invitation": self.invitation.pk,
            "place": places.get(partner=self.firms.own).pk,
            "version being signed": self.version.pk,
            "version in force": self.signed.pk,
            "talk": self.talk.pk,
            "comment": self.comment.pk,
            "ending": self.ending.pk,
            "dispute": self.dispute.pk,
            "guest": self.guest.pk,
            "neutral person": self.neutral.pk,
            "change": self.amendment.pk,
        }


OF_NOTHING = {"kodex", "project_list", "project_create", "frame_create", "preference_list"}
OF_BOOKS = {
    "blank_checklist": ("length",),
    "blank_checklist_status": ("length",),
    "rule_book": ("key", "version"),
    "rule_book_checklist": ("key", "version", "length"),
    "rule_book_checklist_status": ("key", "version", "length"),
}
RUNNING = {"work", "calendar", "review_hold", "amend", "archive"}
ROUND_POINTS = {"point", "answer", "default", "not_applicable", "clear"}
