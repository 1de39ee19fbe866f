"""Puts the answers of a signed version back into the tables, from its text and nothing else.

A change begins with exactly what was signed, and so does what is left of a change that is dropped:
the tables may have moved in between, the text cannot. Only contacts are taken from the newest note.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any, TypeAlias
from uuid import UUID

from cooperation import frozen, pairs, proposals, rule_books
from cooperation.models import (
    Agreement,
    AgreementVersion,
    Answer,
    Confirmation,
    ContactNote,
    Pair,
    Participation,
    Proposal,
    SignatureSlot,
)
from cooperation.points import PairKey
from partners.models import Partner, User

# Where an answer stands: point, firm of an own answer, pair of firms in the order of the text.
Place: TypeAlias = "tuple[str, str | None, PairKey | None]"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed for a firm, and when: so it confirmed all that the text says."""

    by: User
    at: datetime


def restore(agreement: Agreement, version: AgreementVersion, *, by: User, partner: Partner) -> None:
    """Let the tables say what ``version`` says, confirmed by all of its firms that take part now.

    Answers to points that the text does not ask are kept, but nobody has confirmed them any more.
    Every answer of the text gets a new revision, so a form made before is noticed. The agreement
    must be locked; what it asks (``depth``) is set on it and saved. ``by`` and ``partner`` stand in
    the course of the points whose answer this changes.
    """
    text = frozen.content(version.payload)
    signers = _signers(version)
    asked, said = _said(agreement, version, text, set(signers))
    notes = newest_notes(version)
    for (firm, key), note in notes.items():
        if firm in signers:
            said[key, firm, None] = _noted(note)
    settled = {pair for _key, _owner, pair in said if pair is not None}
    rows = {pair: pairs.row(agreement, pair) for pair in settled}
    writer = _Writer(agreement, version, signers, notes, rows)
    writer.keep(writer.answers(asked, said), by, partner)
    writer.confirmations(said)
    before = (agreement.depth, agreement.fast_track)
    agreement.depth = frozen.depth_of(text)
    if not text["fast_track"]:
        agreement.fast_track = False
        agreement.fast_track_at = None
        agreement.fast_track_by = agreement.fast_track_partner = None
    if (agreement.depth, agreement.fast_track) != before:
        agreement.save(
            update_fields=[
                "depth",
                "fast_track",
                "fast_track_at",
                "fast_track_by",
                "fast_track_partner",
            ]
        )


def _signers(version: AgreementVersion) -> dict[str, Signer]:
    """Of the firms of the version that take part, by key; with who signed last for each."""
    there = Participation.objects.accepted().filter(project=version.agreement.project_id)
    slots = SignatureSlot.objects.filter(version=version, partner__in=there.values("partner"))
    found = {}
    for slot in slots.prefetch_related("signatures__signer"):
        last = max(slot.signatures.all(), key=lambda signature: signature.position)
        found[str(slot.partner_id)] = Signer(last.signer, last.signed_at)
    return found


def _said(
    agreement: Agreement, version: AgreementVersion, text: dict[str, Any], firms: set[str]
) -> tuple[set[Place], dict[Place, dict[str, Any]]]:
    """The places that the text asks, and what it answers there; of the firms that are left."""
    book = rule_books.by_id(agreement.rule_book_id)
    order = [party["id"] for party in text["parties"] if party["id"] in firms]
    annexes = {
        (str(row.pair.first_id), str(row.pair.second_id)): frozen.content(row.payload)
        for row in version.annexes.select_related("pair")
        if {str(row.pair.first_id), str(row.pair.second_id)} <= firms
    }
    asked: set[Place] = set()
    said: dict[Place, dict[str, Any]] = {}

    def take(point: dict[str, Any], pair: PairKey | None, members: list[str]) -> None:
        owners: list[str | None] = list(members) if point["scope"] == "per_partner" else [None]
        asked.update((point["key"], owner, pair) for owner in owners)
        for answer in point["answers"]:
            if answer["partner"] in owners:
                said[point["key"], answer["partner"], pair] = answer

    for point in (point for rule in text["rules"] for point in rule["points"]):
        if not book.point(point["key"]).pairwise:
            take(point, None, order)
        elif not point.get("annex"):  # the first format told all firms what every pair settled
            for one, other in combinations(order, 2):
                take(point, (one, other), [one, other])
    for (one, other), annex in annexes.items():
        for point in annex["points"]:
            take(point, (one, other), [one, other])
    return asked, said


def _noted(note: ContactNote) -> dict[str, Any]:
    """A note as the text would have it."""
    return {
        "resolution": Answer.Resolution.VALUE,
        "value": note.value,
        "note": "",
        "origin": Answer.Origin.PROPOSED,
    }


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes what the text says into the tables of a locked agreement."""

    agreement: Agreement
    version: AgreementVersion
    signers: dict[str, Signer]
    notes: dict[tuple[str, str], ContactNote]
    pairs: dict[PairKey, Pair]

    def answers(self, asked: set[Place], said: dict[Place, dict[str, Any]]) -> list[Answer]:
        """Returns those that say something else now."""
        rows = {_place(row): row for row in _rows(self.agreement)}
        gone = [row.pk for place, row in rows.items() if place in asked and place not in said]
        Answer.objects.filter(pk__in=gone).delete()
        changed: list[Answer] = []
        new: list[Answer] = []
        moved: list[Answer] = []
        for place, answer in said.items():
            row = rows.get(place)
            if row is None or (row.value, row.note) != (answer["value"], answer["note"]):
                row = self._blame(place, row or self._new(place))
                moved.append(row)
            (changed if place in rows else new).append(row)
            row.resolution, row.value = answer["resolution"], answer["value"]
            row.note, row.origin = answer["note"], answer["origin"]
            row.source = answer.get("source", {})
            row.revision += 1
        Answer.objects.bulk_create(new)
        written = ["resolution", "value", "note", "origin", "source", "revision"]
        who = ["updated_by", "updated_by_partner", "updated_at"]
        Answer.objects.bulk_update(changed, [*written, *who], batch_size=100)
        return moved

    def _new(self, place: Place) -> Answer:
        key, owner, pair = place
        return Answer(
            agreement=self.agreement,
            point_key=key,
            partner_id=None if owner is None else UUID(owner),
            pair=None if pair is None else self.pairs[pair],
            revision=0,
        )

    def _blame(self, place: Place, row: Answer) -> Answer:
        """Name somebody for what is put back: the text does not say who proposed it."""
        _key, owner, _pair = place
        note = self._note(row)
        if note is not None:
            row.updated_by, row.updated_by_partner = note.by, note.partner
            row.updated_at = note.at
        elif owner is not None:
            row.updated_by, row.updated_by_partner_id = self.signers[owner].by, UUID(owner)
            row.updated_at = self.signers[owner].at
        else:
            row.updated_by = self.version.frozen_by
            row.updated_by_partner = self.version.frozen_by_partner
            row.updated_at = self.version.frozen_at
        return row

    def _note(self, row: Answer) -> ContactNote | None:
        return None if row.pair_id else self.notes.get((str(row.partner_id), row.point_key))

    def keep(self, moved: list[Answer], by: User, partner: Partner) -> None:
        """In the course of the points: contacts as they were noted, the rest as put back now."""
        noted = [row for row in moved if self._note(row) is not None]
        proposals.keep(noted)
        source = {"project": self.agreement.project.name, "number": self.version.number}
        Proposal.objects.bulk_create(
            Proposal(
                agreement=self.agreement,
                point_key=row.point_key,
                partner_id=row.partner_id,
                pair_id=row.pair_id,
                value=row.value,
                note=row.note,
                origin=Answer.Origin.PREVIOUS,
                source=source,
                by=by,
                by_partner=partner,
            )
            for row in moved
            if self._note(row) is None
        )

    def confirmations(self, said: dict[Place, dict[str, Any]]) -> None:
        """By signing, a firm confirmed every answer of the text; nothing else is confirmed."""
        Confirmation.objects.filter(agreement=self.agreement).delete()
        answered = dict.fromkeys((key, pair) for key, _owner, pair in said)
        Confirmation.objects.bulk_create(
            Confirmation(
                agreement=self.agreement,
                point_key=key,
                pair=None if pair is None else self.pairs[pair],
                partner_id=UUID(firm),
                by=signer.by,
                at=signer.at,
            )
            for key, pair in answered
            for firm, signer in self.signers.items()
            if pair is None or firm in pair
        )


def _rows(agreement: Agreement) -> list[Answer]:
    return list(Answer.objects.filter(agreement=agreement).select_related("pair"))


def _place(row: Answer) -> Place:
    owner = None if row.partner_id is None else str(row.partner_id)
    pair = None if row.pair is None else (str(row.pair.first_id), str(row.pair.second_id))
    return row.point_key, owner, pair


def newest_notes(version: AgreementVersion) -> dict[tuple[str, str], ContactNote]:
    """The contacts that count beside the text, by firm and point."""
    rows = ContactNote.objects.filter(version=version).select_related("by", "partner")
    return {(str(row.partner_id), row.point_key): row for row in rows.order_by("at", "pk")}
