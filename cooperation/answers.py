"""Answering a point: propose, confirm, not applicable, talk, and the defaults of a rule at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import kinds, points, sheets
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
from cooperation.models import Agreement, AgreementEvent, Answer, Confirmation, TalkRequest
from cooperation.points import Sheet
from partners.models import Partner, User


def _open(agreement_id: UUID, point_key: str, partner: Partner) -> tuple[Agreement, Sheet, Point]:
    """Lock, check, read: the beginning of every change of a point."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    sheet = sheets.load(agreement)
    point = sheet.book.point(point_key)
    if not points.is_visible(sheet, point):
        raise NotPossible(
            _("This question does not apply any more, because another answer has changed.")
        )
    return agreement, sheet, point


@transaction.atomic
def propose(
    agreement_id: UUID, point_key: str, value: Any, *, by: User, partner: Partner, revision: int
) -> Answer:
    """Answer a point, for a point per partner the own answer; confirms it for the own firm only.

    ``revision`` is ``points.revision(sheet, point, party)`` of the form. Raises ``InvalidAnswer``,
    ``StalePoint``, ``NotPossible``, and ``KeyError`` for a point that the rule book does not have.
    """
    agreement, sheet, point = _open(agreement_id, point_key, partner)
    cleaned = kinds.clean(value, point, sheet.parties)
    same = kinds.is_default(cleaned, point, sheet.parties, sheet.joint)
    origin = Answer.Origin.DEFAULT if same else Answer.Origin.PROPOSED
    return _write(agreement, sheet, point, cleaned, "", origin, by, partner, revision)


@transaction.atomic
def mark_not_applicable(
    agreement_id: UUID,
    point_key: str,
    *,
    by: User,
    partner: Partner,
    revision: int,
    note: str = "",
) -> Answer:
    """Propose that a point does not apply; counts once every firm has confirmed that."""
    agreement, sheet, point = _open(agreement_id, point_key, partner)
    problems = Problems()
    cleaned = clean_text(note, "note", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    origin = Answer.Origin.PROPOSED
    return _write(agreement, sheet, point, None, cleaned, origin, by, partner, revision)


def _write(
    agreement: Agreement,
    sheet: Sheet,
    point: Point,
    value: Value | None,
    note: str,
    origin: Answer.Origin,
    by: User,
    partner: Partner,
    revision: int,
) -> Answer:
    owner = partner if point.per_partner else None
    given = sheet.given(point, str(partner.pk))
    answer = Answer.objects.filter(agreement=agreement, point_key=point.key, partner=owner).first()
    if answer and given and (given.value, given.note) == (value, note):
        # Nothing changes, so nothing can be overwritten: it is a confirmation.
        _confirm(agreement, point, by, partner)
        return answer
    current = points.revision(sheet, point, str(partner.pk))
    if current != revision:
        raise StalePoint(point.key, mine=value, theirs=given, revision=current)
    before = None if answer is None else answer.value
    answer = answer or Answer(agreement=agreement, point_key=point.key, partner=owner, revision=0)
    answer.resolution = (
        Answer.Resolution.NOT_APPLICABLE if value is None else Answer.Resolution.VALUE
    )
    answer.value, answer.note, answer.origin = value, note, origin
    answer.revision += 1
    answer.updated_by, answer.updated_by_partner = by, partner
    answer.updated_at = timezone.now()
    answer.save()  # the whole row: it is locked by the agreement and was read under that lock
    confirmed = Confirmation.objects.filter(agreement=agreement, point_key=point.key)
    confirmed.delete()
    kind = AgreementEvent.Kind.NOT_APPLICABLE if value is None else AgreementEvent.Kind.PROPOSED
    said: dict[str, Any] = {"point": point.key, "revision": answer.revision}
    if not point.pairwise:  # what only two firms may know stays out of the common log
        said |= {"from": before, "to": value, "note": note}
    record(agreement, kind, by=by, partner=partner, **said)
    Confirmation.objects.create(agreement=agreement, point_key=point.key, partner=partner, by=by)
    return answer


@transaction.atomic
def confirm(
    agreement_id: UUID, point_key: str, *, by: User, partner: Partner, revision: int
) -> None:
    """Agree for the own firm with what stands at the point; settles the firm's own talk requests.

    ``revision`` is ``points.revision(sheet, point)`` of the page. Confirming twice changes nothing.
    """
    agreement, sheet, point = _open(agreement_id, point_key, partner)
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
    _confirm(agreement, point, by, partner)


def _confirm(agreement: Agreement, point: Point, by: User, partner: Partner) -> None:
    own = TalkRequest.objects.filter(
        agreement=agreement, point_key=point.key, partner=partner, resolved_at=None
    )
    settled = own.update(resolved_at=timezone.now(), resolved_by=by)
    if settled:
        record(
            agreement, AgreementEvent.Kind.TALK_RESOLVED, by=by, partner=partner, point=point.key
        )
    _row, created = Confirmation.objects.get_or_create(
        agreement=agreement, point_key=point.key, partner=partner, defaults={"by": by}
    )
    if created:
        record(agreement, AgreementEvent.Kind.CONFIRMED, by=by, partner=partner, point=point.key)


# ---- Talks -------------------------------------------------------------------------------------


@transaction.atomic
def ask_to_talk(
    agreement_id: UUID, point_key: str, comment: str, *, by: User, partner: Partner
) -> TalkRequest:
    """Ask for a talk about a point; takes the own firm's confirmation back.

    Raises ``InvalidAnswer`` (field ``comment``) for an empty or unusable comment.
    """
    agreement, _sheet, point = _open(agreement_id, point_key, partner)
    problems = Problems()
    required = _("Please say in a sentence what you would like to talk about.")
    cleaned = clean_text(
        comment, "comment", problems, limit=NOTE_LIMIT, lines=True, required=required
    )
    problems.raise_if_any()
    Confirmation.objects.filter(agreement=agreement, point_key=point.key, partner=partner).delete()
    talk = TalkRequest.objects.create(
        agreement=agreement, point_key=point.key, partner=partner, by=by, comment=cleaned
    )
    said = {} if point.pairwise else {"comment": cleaned}
    record(agreement, AgreementEvent.Kind.TALK, by=by, partner=partner, point=point.key, **said)
    return talk


@transaction.atomic
def resolve_talk(talk_id: UUID, *, by: User, partner: Partner) -> None:
    """The talk took place. The firm that asked for it still has to confirm the point."""
    asked = TalkRequest.objects.only("agreement_id").get(pk=talk_id)
    agreement = lock(asked.agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    talk = TalkRequest.objects.get(pk=talk_id)
    if talk.resolved_at is not None:
        return
    talk.resolved_at, talk.resolved_by = timezone.now(), by
    talk.save(update_fields=["resolved_at", "resolved_by"])
    record(
        agreement, AgreementEvent.Kind.TALK_RESOLVED, by=by, partner=partner, point=talk.point_key
    )


# ---- Defaults, many at once --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Keys of the points that got their default, and of those that were confirmed as they stood."""

    filled: tuple[str, ...]
    confirmed: tuple[str, ...]


@transaction.atomic
def confirm_defaults(agreement_id: UUID, rule_key: str, *, by: User, partner: Partner) -> Taken:
    """Take all unchanged defaults of one rule for the own firm. ``KeyError``: no such rule."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    sheet = sheets.load(agreement)
    asked = points.visible_points(sheet, sheet.book.rule(rule_key))
    taken = take_defaults(agreement, sheet, asked, by=by, partner=partner)
    if taken.filled or taken.confirmed:
        record(
            agreement,
            AgreementEvent.Kind.DEFAULTS,
            by=by,
            partner=partner,
            rule=rule_key,
            filled=list(taken.filled),
            confirmed=list(taken.confirmed),
        )
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
    filled: list[Point] = []
    confirmed: list[Point] = []
    for point in candidates:
        if point.fast_track != "default" or sheet.talks.get(point.key):
            continue
        others_are_default = points.is_unchanged_default(sheet, point)
        if sheet.given(point, party) is None:
            if others_are_default or points.revision(sheet, point) == 0:
                filled.append(point)
        elif others_are_default and party in points.unconfirmed(sheet, point):
            confirmed.append(point)
    Answer.objects.bulk_create(
        Answer(
            agreement=agreement,
            point_key=point.key,
            partner=partner if point.per_partner else None,
            value=kinds.default_value(point),
            origin=Answer.Origin.DEFAULT,
            updated_by=by,
            updated_by_partner=partner,
            updated_at=now,
        )
        for point in filled
    )
    changed = [point.key for point in filled if point.per_partner]
    Confirmation.objects.filter(agreement=agreement, point_key__in=changed).delete()
    Confirmation.objects.bulk_create(
        Confirmation(agreement=agreement, point_key=point.key, partner=partner, by=by, at=now)
        for point in (*filled, *confirmed)
    )
    return Taken(tuple(point.key for point in filled), tuple(point.key for point in confirmed))
