"""What a page of an open first round is made from: the reader's own answers, and no other firm's.

Of the others it knows whether they have handed in, and nothing else; the number of queries does
not depend on what they did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language

from cooperation import first_round, first_rounds, perms, rule_books
from cooperation.book import Book, Party, Point, Rule
from cooperation.first_round import Reply
from cooperation.first_rounds import Place
from cooperation.kinds import Description
from cooperation.models import Agreement, BlindRound
from cooperation.views.desk import act_in
from cooperation.widgets import Widget
from partners.middleware import PortalRequest
from partners.models import Membership, Partner


@dataclass(frozen=True, slots=True)
class Form:
    """An open form in a card."""

    action: str  # answer | not_applicable
    url: str
    revision: int
    widget: Widget | None = None
    text: str = ""  # the note
    errors: tuple[str, ...] = ()
    stale: bool = False  # a colleague was quicker: the card shows what stands there now


@dataclass(frozen=True, slots=True)
class Card:
    """One question with the own firm's answer."""

    point: Point
    reply: Reply | None
    description: Description | None
    may_edit: bool
    form: Form | None = None
    problem: str = ""  # why the last click did nothing

    @property
    def id(self) -> str:
        return f"point-{self.point.key}"

    @property
    def revision(self) -> int:
        return self.reply.revision if self.reply else 0

    @property
    def prose(self) -> bool:
        """The lines of the answer are paragraphs, not a list."""
        return self.point.kind == "text"

    @property
    def has_default(self) -> bool:
        return self.point.default_value is not None

    @property
    def takes_default(self) -> bool:
        """The Kodex default is offered with one click."""
        return self.may_edit and self.reply is None and self.has_default


@dataclass(frozen=True, slots=True)
class Section:
    rule: Rule
    cards: tuple[Card, ...]


@dataclass
class Sitting:
    """An agreement in front of one reader, while its first round is open or could begin."""

    agreement: Agreement
    round: BlindRound | None
    membership: Membership | None
    editor: bool  # has a role that may work on points

    @property
    def partner(self) -> Partner:
        """The firm the reader acts for. Only asked after a right was checked."""
        if self.membership is None:
            raise PermissionDenied
        return self.membership.partner

    @cached_property
    def book(self) -> Book:
        return rule_books.by_id(self.agreement.rule_book_id)

    @cached_property
    def parties(self) -> tuple[Party, ...]:
        """The firms that an answer may name."""
        return first_rounds.nameable(self.agreement.project_id)

    @cached_property
    def replies(self) -> Mapping[str, Reply]:
        """What the reader's firm said so far."""
        return first_rounds.replies(self.agreement, self.partner)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        return first_rounds.places(self.agreement)

    @property
    def own_key(self) -> str:
        return "" if self.membership is None else str(self.membership.partner_id)

    @cached_property
    def place(self) -> Place | None:
        """The reader's own firm."""
        return next((place for place in self.places if place.party.key == self.own_key), None)

    @property
    def others(self) -> list[Place]:
        return [place for place in self.places if place.party.key != self.own_key]

    @property
    def has_handed_in(self) -> bool:
        return self.place is not None and self.place.has_handed_in

    @cached_property
    def may_lead(self) -> bool:
        return self.agreement.is_draft and perms.can_lead_first_round(
            self.membership, self.agreement
        )

    @property
    def total(self) -> int:
        return len(first_round.asked(self.book))

    @property
    def answered(self) -> int:
        return len(self.replies)

    @property
    def left(self) -> list[Point]:
        """Questions that the reader's firm has not answered."""
        return [p for p in first_round.asked(self.book) if p.key not in self.replies]

    @property
    def invited(self) -> list[Party]:
        """Firms that have not answered their invitation: until then the round stays closed."""
        here = {place.party.key for place in self.places}
        return [party for party in self.parties if party.key not in here]

    @property
    def is_last(self) -> bool:
        """With the reader's firm the round is opened to all."""
        return bool(self.others) and not self.invited and all(p.has_handed_in for p in self.others)

    def may_edit(self, point: Point) -> bool:
        return (
            self.editor
            and self.agreement.is_draft
            and not self.has_handed_in
            and perms.may_edit_point(self.membership, point)
        )

    def require_editor(self, point: Point) -> None:
        if not (self.editor and perms.may_edit_point(self.membership, point)):
            raise PermissionDenied

    def require_lead(self) -> None:
        if not self.may_lead:
            raise PermissionDenied

    def card(self, point: Point, **more: Any) -> Card:
        reply = self.replies.get(point.key)
        answers = first_round.joint(self.book, self.replies)
        language = get_language() or "de"
        description = (
            first_round.described(reply, point, self.parties, language, answers) if reply else None
        )
        return Card(point, reply, description, self.may_edit(point), **more)

    def sections(self, open_card: Card | None = None) -> list[Section]:
        """All questions, rule by rule; ``open_card`` stands in for the one it is of."""

        def card(point: Point) -> Card:
            is_open = open_card is not None and open_card.point.key == point.key
            return open_card if is_open and open_card else self.card(point)

        return [
            Section(rule, tuple(card(point) for point in points))
            for rule, points in first_round.rules(self.book)
        ]

    def reload(self) -> None:
        """Read everything anew after a step, or when somebody else was quicker."""
        self.round = BlindRound.objects.filter(agreement=self.agreement).first()
        for name in ("parties", "replies", "places", "place"):
            self.__dict__.pop(name, None)


def sit_down(request: PortalRequest, pk: UUID) -> Sitting:
    """The agreement and its first round, or 404 for whoever may not know that it exists."""
    agreements = Agreement.objects.visible_to(request.user)
    agreement = get_object_or_404(agreements.select_related("project", "blind_round"), pk=pk)
    act_in(request, agreement.project_id)
    membership = request.membership or None  # a lazy object otherwise, also when it holds nothing
    return Sitting(
        agreement=agreement,
        round=getattr(agreement, "blind_round", None),
        membership=membership,
        editor=perms.can_edit_points(membership, agreement),
    )


def question(sitting: Sitting, key: str) -> Point:
    """The point of the rule book, or 404 if the first round does not ask it."""
    point = sitting.book.points.get(key)
    if point is None or not first_round.is_asked(point):
        raise Http404
    return point
