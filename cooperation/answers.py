"""Answering a point: propose, confirm, not applicable, talk, and the defaults of a rule at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import blind, kinds, mentions, pairs, points, proposals, sheets
from cooperation.agreements import (
    NotPossible,
    StalePoint,
    lock,
    record,
    require_draft,
    require_party,
)
from cooperation.book import Point, Value
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    Confirmation,
    Pair,
    TalkRequest,
)
from cooperation.points import Sheet
from partners.models import Partner, User


@dataclass(frozen=True, slots=True)
class Place:
    """A point in front of somebody who changes it: in the whole agreement, or of one pair."""

    agreement: Agreement
    sheet: Sheet  # of the pair where the point is settled between two firms
    point: Point
    pair: Pair | None

    def confirmations(self) -> QuerySet[Confirmation]:
        return Confirmation.objects.filter(
            agreement=self.agreement, point_key=self.point.key, pair=self.pair
        )

    def record(
        self, kind: AgreementEvent.Kind, *, by: User, partner: Partner, **said: Any
    ) -> AgreementEvent:
        """What stands at a point of a pair is not written into the log."""
        told = {"revision"} if self.point.pairwise else said.keys()
        return record(
            self.agreement,
            kind,
            by=by,
            partner=partner,
            pair=self.pair,
            point=self.point.key,
            **{key: value for key, value in said.items() if key in told},
        )


def _open(
    agreement_id: UUID, point_key: str, partner: Partner, other: Partner | None = None
) -> Place:
    """Lock, check, read: the beginning of every change of a point."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    point = sheet.book.point(point_key)
    if not points.is_visible(sheet, point):
        raise NotPossible(
            _("This question does not apply any more, because another answer has changed.")
        )
    if not point.pairwise:
        return Place(agreement, sheet, point, None)
    key = pairs.other_firm(sheet, partner, other)
    return Place(agreement, sheet.pairs[key], point, pairs.row(agreement, key))


@transaction.atomic
def propose(
    agreement_id: UUID,
    point_key: str,
    value: Any,
    *,
    by: User,
    partner: Partner,
    revision: int,
    seen: int | None = None,
    other: Partner | None = None,
    origin: Answer.Origin | None = None,
    source: Mapping[str, Any] | None = None,
) -> Answer:
    """Answer a point, for a point per partner the own answer; confirms it for the own firm only.

    ``revision`` is ``points.revision(sheet, point, party)`` of the form, ``seen`` is
    ``points.revision(sheet, point)``: where another firm has changed its own part since then, the
    answer is saved and the point not confirmed. ``other`` is the other firm of a pairwise point.
    ``origin`` and ``source`` say where the value was taken from, see ``reuse.py``. Raises
    ``InvalidAnswer``, ``StalePoint``, ``NotPossible``, and ``KeyError`` for a point that the rule
    book does not have.
    """
    place = _open(agreement_id, point_key, partner, other)
    sheet, point = place.sheet, place.point
    cleaned = kinds.clean(value, point, sheet.parties)
    mentions.refuse_objected(cleaned, partner)
    if origin is None:
        same = kinds.is_default(cleaned, point, sheet.parties, sheet.joint)
        origin = Answer.Origin.DEFAULT if same else Answer.Origin.PROPOSED
    new = New(cleaned, "", origin, source or {}, revision, seen)
    return write(place, new, by=by, partner=partner)


@transaction.atomic
def mark_not_applicable(
    agreement_id: UUID,
    point_key: str,
    *,
    by: User,
    partner: Partner,
    revision: int,
    note: str = "",
    seen: int | None = None,
    other: Partner | None = None,
) -> Answer:
    """Propose that a point does not apply; counts once every firm has confirmed that."""
    place = _open(agreement_id, point_key, partner, other)
    problems = Problems()
    cleaned = clean_text(note, "note", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    new = New(None, cleaned, Answer.Origin.PROPOSED, {}, revision, seen)
    return write(place, new, by=by, partner=partner)


@dataclass(frozen=True, slots=True)
class New:
    """What is to stand at a point from now on, and what the form was made from."""

    value: Value | None  # none: not applicable
    note: str
    origin: Answer.Origin
    source: Mapping[str, Any]
    revision: int
    seen: int | None


def write(place: Place, new: New, *, by: User, partner: Partner) -> Answer:
    """Put ``new`` at a place that was read under the agreement's lock. ``StalePoint``, or done."""
    agreement, sheet, point = place.agreement, place.sheet, place.point
    owner = partner if point.per_partner else None
    given = sheet.given(point, str(partner.pk))
    whole = points.revision(sheet, point)
    all_seen = not point.per_partner or new.seen is None or new.seen == whole
    answer = Answer.objects.filter(
        agreement=agreement, point_key=point.key, partner=owner, pair=place.pair
    ).first()
    if answer and given and (given.value, given.note) == (new.value, new.note):
        # Nothing changes, so nothing can be overwritten: it is a confirmation.
        if all_seen:
            agree(place, by, partner)
        return answer
    current = points.revision(sheet, point, str(partner.pk))
    if current != new.revision:
        raise StalePoint(point.key, mine=new.value, theirs=given, revision=current)
    before = None if answer is None else answer.value
    answer = answer or Answer(
        agreement=agreement, point_key=point.key, partner=owner, pair=place.pair, revision=0
    )
    answer.resolution = (
        Answer.Resolution.NOT_APPLICABLE if new.value is None else Answer.Resolution.VALUE
    )
    answer.value, answer.note, answer.origin = new.value, new.note, new.origin
    answer.source = dict(new.source)
    answer.revision += 1
    answer.updated_by, answer.updated_by_partner = by, partner
    answer.updated_at = timezone.now()
    answer.save()  # the whole row: it is locked by the agreement and was read under that lock
    proposals.keep([answer])
    place.confirmations().delete()
    kind = AgreementEvent.Kind.NOT_APPLICABLE if new.value is None else AgreementEvent.Kind.PROPOSED
    said = {"revision": answer.revision, "from": before, "to": new.value, "note": new.note}
    place.record(kind, by=by, partner=partner, **said)
    if all_seen:
        Confirmation.objects.create(
            agreement=agreement, point_key=point.key, partner=partner, pair=place.pair, by=by
        )
    return answer


@transaction.atomic
def confirm(
    agreement_id: UUID,
    point_key: str,
    *,
    by: User,
    partner: Partner,
    revision: int,
    other: Partner | None = None,
) -> None:
    """Agree for the own firm with what stands at the point; settles the firm's own talk requests.

    ``revision`` is ``points.revision(sheet, point)`` of the page. Confirming twice changes nothing.
    """
    place = _open(agreement_id, point_key, partner, other)
    sheet, point = place.sheet, place.point
    current = points.revision(sheet, point)
    party = str(partner.pk)
    if current != revision:
        theirs = sheet.given(point, party)
        raise StalePoint(point.key, mine=None, theirs=theirs, revision=current)
    if points.state(sheet, point) is points.State.OPEN or not current:
        raise NotPossible(_("There is nothing to confirm yet: nobody has answered this point."))
    if point.per_partner and point.required and sheet.given(point, party) is None:
        raise NotPossible(_("Please give your firm's own answer first."))
    if not points.is_valid(sheet, point):
        raise NotPossible(
            _("The answer does not fit the firms that take part now. Please look at it again.")
        )
    agree(place, by, partner)


def agree(place: Place, by: User, partner: Partner) -> None:
    """Confirm what stands at a place that was read under the agreement's lock."""
    at_point: dict[str, Any] = {
        "agreement": place.agreement,
        "point_key": place.point.key,
        "partner": partner,
        "pair": place.pair,
    }
    own = TalkRequest.objects.filter(**at_point, resolved_at=None)
    if own.update(resolved_at=timezone.now(), resolved_by=by):
        place.record(AgreementEvent.Kind.TALK_RESOLVED, by=by, partner=partner)
    _row, created = Confirmation.objects.get_or_create(**at_point, defaults={"by": by})
    if created:
        place.record(AgreementEvent.Kind.CONFIRMED, by=by, partner=partner)


# ---- Talks -------------------------------------------------------------------------------------


@transaction.atomic
def ask_to_talk(
    agreement_id: UUID,
    point_key: str,
    comment: str,
    *,
    by: User,
    partner: Partner,
    other: Partner | None = None,
) -> TalkRequest:
    """Ask for a talk about a point; takes the own firm's confirmation back.

    Raises ``InvalidAnswer`` (field ``comment``) for an empty or unusable comment.
    """
    place = _open(agreement_id, point_key, partner, other)
    problems = Problems()
    required = _("Please say in a sentence what you would like to talk about.")
    cleaned = clean_text(
        comment, "comment", problems, limit=NOTE_LIMIT, lines=True, required=required
    )
    problems.raise_if_any()
    place.confirmations().filter(partner=partner).delete()
    talk = TalkRequest.objects.create(
        agreement=place.agreement,
        point_key=point_key,
        partner=partner,
        pair=place.pair,
        by=by,
        comment=cleaned,
    )
    place.record(AgreementEvent.Kind.TALK, by=by, partner=partner, comment=cleaned)
    return talk


@transaction.atomic
def resolve_talk(talk_id: UUID, *, by: User, partner: Partner) -> None:
    """The talk took place. The firm that asked for it still has to confirm the point."""
    asked = TalkRequest.objects.only("agreement_id").get(pk=talk_id)
    agreement = lock(asked.agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    talk = TalkRequest.objects.select_related("pair").get(pk=talk_id)
    if talk.pair and partner.pk not in (talk.pair.first_id, talk.pair.second_id):
        raise NotPossible(_("This point is settled between two other firms."))
    if talk.resolved_at is not None:
        return
    talk.resolved_at, talk.resolved_by = timezone.now(), by
    talk.save(update_fields=["resolved_at", "resolved_by"])
    kind = AgreementEvent.Kind.TALK_RESOLVED
    record(agreement, kind, by=by, partner=partner, pair=talk.pair, point=talk.point_key)


# ---- Defaults, many at once --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Keys of the points that got their default, and of those that were confirmed as they stood.

    Each point once, also one that was taken with several firms.
    """

    at_filled: tuple[tuple[str, Pair | None], ...]
    at_confirmed: tuple[tuple[str, Pair | None], ...]

    @property
    def filled(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for key, _pair in self.at_filled))

    @property
    def confirmed(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for key, _pair in self.at_confirmed))

    def record(
        self,
        agreement: Agreement,
        kind: AgreementEvent.Kind,
        *,
        by: User,
        partner: Partner,
        always: bool = False,
        **said: Any,
    ) -> None:
        """One event for all firms and one per pair: that a fee is the default is a pair's own."""
        places = dict.fromkeys((None, *(pair for _key, pair in self.at_filled + self.at_confirmed)))
        for pair in places:
            filled = [key for key, at in self.at_filled if at == pair]
            confirmed = [key for key, at in self.at_confirmed if at == pair]
            if filled or confirmed or (always and pair is None):
                told = said | {"filled": filled, "confirmed": confirmed}
                record(agreement, kind, by=by, partner=partner, pair=pair, **told)


@transaction.atomic
def confirm_defaults(agreement_id: UUID, rule_key: str, *, by: User, partner: Partner) -> Taken:
    """Take all unchanged defaults of one rule for the own firm. ``KeyError``: no such rule."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    asked = points.visible_points(sheet, sheet.book.rule(rule_key))
    taken = take_defaults(agreement, sheet, asked, by=by, partner=partner)
    kind = AgreementEvent.Kind.DEFAULTS
    taken.record(agreement, kind, by=by, partner=partner, rule=rule_key)
    return taken


def take_defaults(
    agreement: Agreement,
    sheet: Sheet,
    candidates: Iterable[Point],
    *,
    by: User,
    partner: Partner,
) -> Taken:
    """Fill in the default where there is no answer, confirm where the answer is the default.

    Only points the book takes by default. Answers that differ, carry a note, or that somebody
    wants to talk about stay as they are. The agreement must be locked.
    """
    party, now = str(partner.pk), timezone.now()
    filled: list[tuple[Point, Pair | None]] = []
    confirmed: list[tuple[Point, Pair | None]] = []
    for point in candidates:
        if point.fast_track != "default":
            continue
        for here in [pair for _o, pair in sheet.pairs_of(party)] if point.pairwise else [sheet]:
            if here.talks.get(point.key):
                continue
            others_are_default = points.is_unchanged_default(here, point)
            taken = None
            if here.given(point, party) is None:
                if others_are_default or points.revision(here, point) == 0:
                    taken = filled
            elif others_are_default and party in points.unconfirmed(here, point):
                taken = confirmed
            if taken is not None:
                taken.append((point, pairs.row(agreement, here.pair) if here.pair else None))
    written = [
        Answer(
            agreement=agreement,
            point_key=point.key,
            partner=partner if point.per_partner else None,
            pair=pair,
            value=kinds.default_value(point),
            origin=Answer.Origin.DEFAULT,
            updated_by=by,
            updated_by_partner=partner,
            updated_at=now,
        )
        for point, pair in filled
    ]
    Answer.objects.bulk_create(written)
    proposals.keep(written)
    common = [point.key for point, pair in filled if point.per_partner and pair is None]
    Confirmation.objects.filter(agreement=agreement, point_key__in=common, pair=None).delete()
    for point, pair in filled:
        if point.per_partner and pair is not None:
            pair.confirmations.filter(point_key=point.key).delete()
    Confirmation.objects.bulk_create(
        Confirmation(
            agreement=agreement, point_key=point.key, partner=partner, pair=pair, by=by, at=now
        )
        for point, pair in (*filled, *confirmed)
    )
    return Taken(_at(filled), _at(confirmed))


def _at(taken: list[tuple[Point, Pair | None]]) -> tuple[tuple[str, Pair | None], ...]:
    return tuple((point.key, pair) for point, pair in taken)
