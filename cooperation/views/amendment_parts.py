"""What other pages show of a change: beside the project, the checklist, a version."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import get_language

from cooperation import (
    amendment_waiting,
    contact_notes,
    holding_words,
    kinds,
    perms,
    restoring,
    rule_books,
    standing,
)
from cooperation.agreements import signed_versions
from cooperation.amendment_waiting import Change
from cooperation.book import Party, Point
from cooperation.kinds import Description
from cooperation.models import (
    Agreement,
    AgreementVersion,
    Amendment,
    ContactNote,
    Participation,
)
from cooperation.points import Sheet
from cooperation.reading import AgreementText
from partners.models import Membership, Partner, User


@dataclass(frozen=True, slots=True)
class Panel:
    """An agreement that is or was in force, on the page of its project."""

    agreement: Agreement
    holding: tuple[str, ...]  # which version holds from when, where that is not the obvious
    amendment: Amendment | None
    base_number: int | None  # the version in force
    may_amend: bool
    may_leave: bool
    noting: tuple[tuple[str, str], ...]  # points (key, question) whose contacts one may note
    version: AgreementVersion | None  # in force, if the reader's firm signed it
    is_unchanged: bool = False  # the draft of a change says what was signed


def panel(agreement: Agreement, membership: Membership | None, sheet: Sheet) -> Panel:
    """``agreement`` as ``standing.bring_up_to_date`` leaves it, ``sheet`` as the reader sees it."""
    may_leave = not agreement.is_closed and perms.can_leave(membership, agreement)
    if agreement.in_force_at is None or agreement.is_closed or membership is None:
        return Panel(agreement, (), None, None, False, may_leave, (), None)
    versions = AgreementVersion.objects.filter(agreement=agreement)
    base = versions.defer("payload").get(state=AgreementVersion.State.IN_FORCE)
    amendment = None
    if agreement.is_amended:
        rows = agreement.amendments.filter(state=Amendment.State.OPEN)
        amendment = rows.select_related("begun_by", "begun_by_partner").first()
    signed = frozenset(str(pk) for pk in base.slots.values_list("partner", flat=True))
    own = str(membership.partner_id) in signed
    may_note = own and agreement.status != Agreement.Status.SIGNING
    book = rule_books.by_id(agreement.rule_book_id)
    notable = [point for point in book.points.values() if contact_notes.is_notable(point)]
    editor = may_note and perms.can_edit_points(membership, agreement)
    return Panel(
        agreement=agreement,
        holding=tuple(holding_words.of_agreement(signed_versions(versions), standing.today())),
        amendment=amendment,
        base_number=base.number,
        may_amend=agreement.status == Agreement.Status.IN_FORCE
        and perms.can_amend(membership, agreement),
        may_leave=may_leave,
        noting=tuple(
            (point.key, str(point.question))
            for point in notable
            if editor and perms.may_edit_point(membership, point)
        ),
        version=base if own else None,
        is_unchanged=amendment is not None
        and not sheet.elsewhere
        and not amendment_waiting.has_changed(
            sheet, Change(amendment.begun_at, amendment.begun_by_partner.name, signed)
        ),
    )


@dataclass(frozen=True, slots=True)
class Noted:
    """Contacts of today, below those that were signed."""

    point_key: str
    firm: str
    description: Description
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the text of a version, and is no part of it."""

    holding: tuple[str, ...]
    noted: tuple[Noted, ...]
    notable: frozenset[str]  # points whose contacts the reader may note
    left: Participation | None  # the reader's firm has left: it reads what it signed, no more


def beside(version: AgreementVersion, text: AgreementText, membership: Membership | None) -> Beside:
    """For the page of ``version``: one query, three more for one that all firms signed."""
    agreement = version.agreement
    own = None if membership is None else membership.partner_id
    left = Participation.objects.filter(
        project=agreement.project_id, partner=own, state=Participation.State.LEFT
    ).first()
    book = rule_books.by_id(agreement.rule_book_id)
    asked = {point.key for rule in text.rules for point in rule.points}
    contacts = {
        point.key: point
        for point in book.points.values()
        if point.key in asked and contact_notes.is_notable(point)
    }
    names = tuple(Party(party["id"], party["name"]) for party in text.parties)
    may_note = (
        left is None
        and version.state == AgreementVersion.State.IN_FORCE
        and agreement.status in (Agreement.Status.IN_FORCE, Agreement.Status.DRAFT)
        and perms.can_edit_points(membership, agreement)
    )
    signed, notes = [], []
    if version.in_force_at is not None:
        signed = signed_versions(AgreementVersion.objects.filter(agreement=agreement))
        notes = list(restoring.newest_notes(version).values())
    return Beside(
        holding=tuple(holding_words.of_version(signed, version.number, standing.today())),
        noted=tuple(
            _noted(note, contacts[note.point_key], names)
            for note in notes
            if note.point_key in contacts and (left is None or note.at <= _left_at(left))
        ),
        notable=frozenset(
            key
            for key, point in contacts.items()
            if may_note and perms.may_edit_point(membership, point)
        ),
        left=left,
    )


def _left_at(left: Participation) -> datetime:
    if left.left_at is None:
        raise ValueError("who has left has a day for it")
    return left.left_at


def _noted(note: ContactNote, point: Point, parties: tuple[Party, ...]) -> Noted:
    language = get_language() or "de"
    return Noted(
        point_key=point.key,
        firm=next((party.name for party in parties if party.key == str(note.partner_id)), ""),
        description=kinds.describe(note.value, point, parties, language),
        reason=note.reason,
        by=note.by.name,
        at=note.at,
    )


@dataclass(frozen=True, slots=True)
class Former:
    """A project that a firm of the reader has left, and what it signed there."""

    place: Participation
    versions: tuple[AgreementVersion, ...]


def former(user: User) -> list[Former]:
    """What a reader keeps of projects that their firms have left: two queries."""
    places = Participation.objects.filter(
        partner__in=Partner.objects.of(user), state=Participation.State.LEFT
    )
    signed = (
        AgreementVersion.objects.visible_to(user)
        .filter(in_force_at__isnull=False, agreement__project__in=places.values("project"))
        .defer("payload")
        .select_related("agreement")
        .order_by("number")
    )
    by_project: dict[UUID, list[AgreementVersion]] = {}
    for version in signed:
        by_project.setdefault(version.agreement.project_id, []).append(version)
    kept = places.filter(project__in=by_project) if by_project else places.none()
    return [
        Former(place, tuple(by_project[place.project_id]))
        for place in kept.select_related("project").order_by("-left_at", "pk")
    ]
