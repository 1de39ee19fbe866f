"""From the tables to a first round: what one firm said, and what was opened to all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, When

from cooperation import first_round, rule_books
from cooperation.book import Party
from cooperation.first_round import Agenda, Reply
from cooperation.models import Agreement, BlindAnswer, BlindPart, BlindRound, Participation
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class Place:
    """What everybody sees of a firm while the round is open: no day, no person, no count."""

    party: Party
    has_handed_in: bool
    wants_to_close: bool


def nameable(project_id: UUID) -> tuple[Party, ...]:
    """Firms that an answer may name while the round is open: invited ones may still come."""
    states = [Participation.State.ACCEPTED, Participation.State.INVITED]
    places = Participation.objects.filter(project=project_id, state__in=states)
    return tuple(
        Party(str(pk), name) for pk, name in places.values_list("partner", "partner__name")
    )


def places(agreement: Agreement) -> tuple[Place, ...]:
    """The firms that take part now, and who of them has handed in or wants to end the round."""
    accepted = Participation.objects.accepted().filter(project=agreement.project_id)
    parts = BlindPart.objects.filter(round__agreement=agreement).annotate(
        # The database says whether; when and who does not leave it.
        is_in=Case(When(handed_in_at__isnull=False, then=True), default=False),
        wants=Case(When(wants_to_close_at__isnull=False, then=True), default=False),
    )
    known = {
        pk: (is_in, wants) for pk, is_in, wants in parts.values_list("partner", "is_in", "wants")
    }
    return tuple(
        Place(Party(str(pk), name), *known.get(pk, (False, False)))
        for pk, name in accepted.values_list("partner", "partner__name")
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """An open round in a list: since when, and which firms have not handed in."""

    opened_at: datetime
    missing: tuple[Party, ...]


def of(agreement: Agreement) -> BlindRound | None:
    """The first round of an agreement; no query if the agreement came with its ``blind_round``."""
    return getattr(agreement, "blind_round", None)


def is_open(agreement: Agreement) -> bool:
    """Whether its points rest. What was given up keeps its round closed, and rests for good."""
    found = of(agreement)
    return agreement.is_draft and found is not None and found.is_open


def pending(agreements: Iterable[Agreement]) -> dict[UUID, Pending]:
    """The open rounds among agreements that came with their ``blind_round``, by agreement id.

    Two queries for all of them, none if no round is open.
    """
    rounds = {row.pk: row for row in agreements if is_open(row)}
    if not rounds:
        return {}
    parts = BlindPart.objects.filter(round__agreement__in=rounds, handed_in_at__isnull=False)
    handed_in = set(parts.values_list("round__agreement", "partner"))
    projects = {row.project_id for row in rounds.values()}
    accepted = Participation.objects.accepted().filter(project__in=projects)
    firms = list(accepted.values_list("project", "partner", "partner__name"))
    return {
        pk: Pending(
            row.blind_round.opened_at,
            tuple(
                Party(str(firm), name)
                for project, firm, name in firms
                if project == row.project_id and (pk, firm) not in handed_in
            ),
        )
        for pk, row in rounds.items()
    }


def answered(agreements: Iterable[UUID], firms: Iterable[UUID]) -> dict[tuple[UUID, str], int]:
    """How many questions each of these firms has answered, by agreement and firm.

    For the people of these very firms: to all others the number says too much.
    """
    rows = BlindAnswer.objects.filter(
        part__round__agreement__in=list(agreements), part__partner__in=list(firms)
    )
    counted = rows.order_by().values_list("part__round__agreement", "part__partner")
    return {(pk, str(firm)): number for pk, firm, number in counted.annotate(Count("pk"))}


def replies(agreement: Agreement, partner: Partner) -> dict[str, Reply]:
    """What ``partner`` said, by point key: also what it never handed in, for nobody but itself."""
    rows = BlindAnswer.objects.of(partner).filter(part__round__agreement=agreement)
    said = rows.values_list("point_key", "value", "note", "revision", "updated_by__name")
    return {key: Reply(value, note, revision, by) for key, value, note, revision, by in said}


def agenda(opened: BlindRound) -> Agenda:
    """The result of a round that was opened to all; ``ValueError`` for one that was not."""
    return _agenda(opened, _took_part(opened))


def agenda_for(partner: Partner, agreement: Agreement) -> Agenda | None:
    """The result of the agreement's round as ``partner`` may read it.

    None while it is open, and for a firm that was no part of it: then no answer is read at all.
    """
    found = of(agreement)
    if found is None or found.is_open:
        return None
    took_part = _took_part(found)
    return _agenda(found, took_part) if partner.pk in took_part else None


def _took_part(opened: BlindRound) -> dict[UUID, tuple[Party, bool]]:
    """The firms of a round that is over, in the order of the project: did they hand in?"""
    if opened.is_open:
        raise ValueError("the round is open: nobody may read what the firms said")
    parts = opened.parts.filter(partner__participations__project=opened.agreement.project_id)
    ordered = parts.order_by("partner__participations__position")
    return {
        pk: (Party(str(pk), name), at is not None)
        for pk, name, at in ordered.values_list("partner", "partner__name", "handed_in_at")
    }


def _agenda(opened: BlindRound, took_part: Mapping[UUID, tuple[Party, bool]]) -> Agenda:
    handed_in: dict[str, dict[str, Reply]] = {
        party.key: {} for party, is_in in took_part.values() if is_in
    }
    rows = BlindAnswer.objects.opened().filter(part__round=opened)
    for party, key, value, note, revision, by in rows.values_list(
        "part__partner", "point_key", "value", "note", "revision", "updated_by__name"
    ):
        handed_in[str(party)][key] = Reply(value, note, revision, by)
    book = rule_books.by_id(opened.agreement.rule_book_id)
    return first_round.agenda(book, [party for party, _is_in in took_part.values()], handed_in)
