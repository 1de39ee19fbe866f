"""The first round: each firm answers alone, and all is opened at once to all.

While a round is open a firm's answers are its own: the verbs write no event, and no other firm
learns more than whether it has handed in. The last step that is needed opens the round, in its own
transaction: the last firm hands in, the last firm agrees to end it, or the firm that everybody
waited for declines or leaves.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import (
    first_round,
    first_round_pdf,
    first_rounds,
    kinds,
    mentions,
    notices,
    proposals,
    rule_books,
)
from cooperation.agreements import (
    NotPossible,
    StalePoint,
    lock,
    record,
    require_draft,
    require_party,
)
from cooperation.book import Point, Value
from cooperation.first_round import Agenda, Outcome, Reply
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    BlindAnswer,
    BlindPart,
    BlindRound,
    Confirmation,
    Participation,
    TalkRequest,
)
from cooperation.points import Given
from partners.models import Partner, User


def require_no_round(agreement: Agreement) -> None:
    """Refuse while a first round of the (locked) agreement is open: its points rest until then."""
    if BlindRound.objects.is_open().filter(agreement=agreement).exists():
        raise NotPossible(points_rest())


def points_rest() -> str:
    """Why nothing can be done at the points, in a sentence."""
    return _(
        "The first round is open: each firm answers alone. The points can be worked on together "
        "as soon as all firms have handed in."
    )


def why_not(agreement: Agreement) -> str:
    """Why no first round can begin now, in a sentence; empty when it can."""
    if not agreement.is_draft or agreement.in_force_at is not None:
        return _("A first round belongs to the beginning of a negotiation.")
    if BlindRound.objects.filter(agreement=agreement).exists():
        return _("This agreement has its first round already.")
    asked = [point.key for point in first_round.asked(rule_books.by_id(agreement.rule_book_id))]
    if not asked:
        return _("This rule book has no questions for a first round.")
    said: tuple[QuerySet[Any], ...] = (
        Answer.objects.filter(agreement=agreement, point_key__in=asked),
        TalkRequest.objects.filter(agreement=agreement, point_key__in=asked),
        agreement.versions.all(),
    )
    if agreement.fast_track or any(rows.exists() for rows in said):
        return _("A first round is possible only as long as no firm has answered a question of it.")
    return ""


@transaction.atomic
def open_round(agreement_id: UUID, *, by: User, partner: Partner) -> BlindRound:
    """Begin the first round of an untouched draft; it asks the points for the first talk."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    if reason := why_not(agreement):
        raise NotPossible(reason)
    agreement.depth = Agreement.Depth.EXPLORATORY
    agreement.save(update_fields=["depth"])
    begun = BlindRound.objects.create(agreement=agreement, opened_by=by, opened_by_partner=partner)
    record(agreement, AgreementEvent.Kind.BLIND_OPENED, by=by, partner=partner)
    seats = Participation.objects.accepted().filter(project=agreement.project_id)
    firms = [seat.partner for seat in seats.select_related("partner")]
    notices.tell(
        agreement,
        "blind_opened",
        notices.people(firms, leads=True, without=by),
        key=str(begun.pk),
        path=_path(agreement),
        person=by.name,
        firm=partner.name,
    )
    return begun


def _path(agreement: Agreement) -> str:
    return reverse("cooperation:first_round", args=[agreement.pk])


def _enter(agreement_id: UUID, partner: Partner) -> tuple[Agreement, BlindRound, BlindPart]:
    """Lock, check, and the firm's own part: the beginning of every step in a round."""
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    begun = BlindRound.objects.filter(agreement=agreement).first()
    if begun is None:
        raise NotPossible(_("This agreement has no first round."))
    if not begun.is_open:
        raise NotPossible(_("The first round is over: it has been opened to all firms."))
    part, _created = BlindPart.objects.get_or_create(round=begun, partner=partner)
    return agreement, begun, part


# ---- Answering alone ---------------------------------------------------------------------------


def _point(agreement: Agreement, part: BlindPart, key: str) -> Point:
    """A point that the firm may answer now; ``KeyError``: the rule book has no such point."""
    point = rule_books.by_id(agreement.rule_book_id).point(key)
    if not first_round.is_asked(point):
        raise NotPossible(_("This question is not part of the first round."))
    if part.handed_in_at is not None:
        raise NotPossible(
            _("Your firm has handed in. To change an answer, please take your answers back first.")
        )
    return point


@transaction.atomic
def save(
    agreement_id: UUID, point_key: str, value: Any, *, by: User, partner: Partner, revision: int
) -> BlindAnswer:
    """Answer a question for the own firm alone.

    ``revision``: of the firm's own answer when the form was made, 0 for none. Raises
    ``InvalidAnswer``, ``StalePoint``, ``NotPossible``, and ``KeyError`` for a point that the rule
    book does not have.
    """
    agreement, _begun, part = _enter(agreement_id, partner)
    point = _point(agreement, part, point_key)
    cleaned = kinds.clean(value, point, first_rounds.nameable(agreement.project_id))
    mentions.refuse_objected(cleaned, partner)
    return _write(part, point, cleaned, "", by, revision)


@transaction.atomic
def mark_not_applicable(
    agreement_id: UUID,
    point_key: str,
    *,
    by: User,
    partner: Partner,
    revision: int,
    note: str = "",
) -> BlindAnswer:
    """Say for the own firm alone that a question does not apply; counts as an answer."""
    agreement, _begun, part = _enter(agreement_id, partner)
    point = _point(agreement, part, point_key)
    problems = Problems()
    cleaned = clean_text(note, "note", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    return _write(part, point, None, cleaned, by, revision)


@transaction.atomic
def clear(agreement_id: UUID, point_key: str, *, by: User, partner: Partner, revision: int) -> None:
    """Take the own answer away: the question is open again."""
    agreement, _begun, part = _enter(agreement_id, partner)
    point = _point(agreement, part, point_key)
    answer = _fresh(part, point, None, revision)
    if answer is not None:
        answer.delete()


def _fresh(part: BlindPart, point: Point, mine: Value | None, revision: int) -> BlindAnswer | None:
    """The firm's own answer, if it is still the one the form was made from."""
    answer = (
        BlindAnswer.objects.filter(part=part, point_key=point.key)
        .select_related("updated_by")
        .first()
    )
    current = 0 if answer is None else answer.revision
    if current != revision:
        raise StalePoint(point.key, mine=mine, theirs=_given(answer, part), revision=current)
    return answer


def _given(answer: BlindAnswer | None, part: BlindPart) -> Given | None:
    """A colleague's answer, as ``StalePoint`` tells it."""
    if answer is None:
        return None
    return Given(
        value=answer.value,
        note=answer.note,
        revision=answer.revision,
        by=answer.updated_by.name,
        party=str(part.partner_id),
        at=answer.updated_at,
    )


def _write(
    part: BlindPart, point: Point, value: Value | None, note: str, by: User, revision: int
) -> BlindAnswer:
    stored = BlindAnswer.objects.filter(part=part, point_key=point.key).first()
    if stored is not None and (stored.value, stored.note) == (value, note):
        return stored  # nothing changes, so nothing can be overwritten
    answer = _fresh(part, point, value, revision)
    answer = answer or BlindAnswer(part=part, point_key=point.key, revision=0)
    answer.value, answer.note = value, note
    answer.revision += 1
    answer.updated_by, answer.updated_at = by, timezone.now()
    answer.save()  # the whole row: it was read under the agreement's lock
    return answer


# ---- Handing in, ending ------------------------------------------------------------------------


@transaction.atomic
def hand_in(agreement_id: UUID, *, by: User, partner: Partner) -> BlindRound:
    """Give the own answers out of one's hands. The last firm's step opens the round to all.

    Questions may stay open, they are shown as open; but somebody who says nothing at all would only
    listen, so one answer is needed. Handing in twice changes nothing.
    """
    agreement, begun, part = _enter(agreement_id, partner)
    if part.handed_in_at is None:
        if not part.answers.exists():
            raise NotPossible(
                _("Please answer at least one question. What you leave out is shown as open.")
            )
        part.handed_in_at, part.handed_in_by = timezone.now(), by
        part.save(update_fields=["handed_in_at", "handed_in_by"])
        _reveal_if_ready(agreement, begun)
    return begun


@transaction.atomic
def take_back(agreement_id: UUID, *, by: User, partner: Partner) -> BlindRound:
    """Go on answering, as long as the round has not been opened to all."""
    _agreement, begun, part = _enter(agreement_id, partner)
    if part.handed_in_at is not None:
        part.handed_in_at = part.handed_in_by = None
        part.save(update_fields=["handed_in_at", "handed_in_by"])
    return begun


@transaction.atomic
def wish_to_close(agreement_id: UUID, *, by: User, partner: Partner) -> BlindRound:
    """Agree, for the own firm, to end the round as it stands; it ends when all firms agree.

    What a firm has not handed in by then stays hidden from the others for ever.
    """
    agreement, begun, part = _enter(agreement_id, partner)
    if part.wants_to_close_at is None:
        part.wants_to_close_at, part.wants_to_close_by = timezone.now(), by
        part.save(update_fields=["wants_to_close_at", "wants_to_close_by"])
        _reveal_if_ready(agreement, begun)
    return begun


@transaction.atomic
def wish_to_go_on(agreement_id: UUID, *, by: User, partner: Partner) -> BlindRound:
    """Take the wish to end the round back, as long as not all firms share it."""
    _agreement, begun, part = _enter(agreement_id, partner)
    if part.wants_to_close_at is not None:
        part.wants_to_close_at = part.wants_to_close_by = None
        part.save(update_fields=["wants_to_close_at", "wants_to_close_by"])
    return begun


def reconsider(agreement: Agreement) -> bool:
    """Open the round if the firm that everybody waited for is gone; True when this call did it.

    To be called in the transaction in which an invitation was declined or taken back, or a firm
    left. The agreement must be locked.
    """
    begun = BlindRound.objects.is_open().filter(agreement=agreement).first()
    return begun is not None and agreement.is_draft and _reveal_if_ready(agreement, begun)


# ---- Opening to all ----------------------------------------------------------------------------


def _reveal_if_ready(agreement: Agreement, begun: BlindRound) -> bool:
    """The agreement must be locked: whoever comes second finds the round over."""
    seats = Participation.objects.filter(project=agreement.project_id)
    if seats.invited().exists():
        return False
    firms = list(seats.accepted().values_list("partner", flat=True))
    parts = {part.partner_id: part for part in begun.parts.all()}
    own = [parts.get(firm) for firm in firms]
    all_in = len(firms) > 1 and all(part and part.handed_in_at for part in own)
    # A firm that is left alone can end it, too: there is nobody to compare with.
    all_close = bool(firms) and all(part and part.wants_to_close_at for part in own)
    if not (all_in or all_close):
        return False
    # Who left takes its answers along: the parts that remain say who took part.
    gone = begun.parts.exclude(partner__in=firms)
    BlindAnswer.objects.filter(part__in=gone).delete()
    gone.delete()
    begun.state, begun.revealed_at = BlindRound.State.REVEALED, timezone.now()
    begun.closed_early = not all_in
    begun.save(update_fields=["state", "revealed_at", "closed_early"])
    agenda = first_rounds.agenda(begun)
    _take_over(agreement, begun, agenda)
    # By nobody: who came last is nobody's business, and the log says only how it came out.
    counts: dict[str, Any] = agenda.counts
    record(agreement, AgreementEvent.Kind.BLIND_REVEALED, by=None, partner=None, **counts)
    first_round_pdf.order(begun)
    own_parts = begun.parts.select_related("partner")
    to = notices.people([part.partner for part in own_parts], leads=True)
    notices.tell(agreement, "blind_revealed", to, key=str(begun.pk), path=_path(agreement))
    return True


def _take_over(agreement: Agreement, begun: BlindRound, agenda: Agenda) -> None:
    """What the firms said becomes answers: what all said alike is agreed, the own ones are there.

    A point per partner is confirmed by nobody yet: the firms wrote it without having read each
    other. Only where one firm alone answered, it knows all that stands there.
    """
    parts = {str(part.partner_id): part for part in begun.parts.select_related("handed_in_by")}
    rows = {
        (str(row.part.partner_id), row.point_key): row
        for row in BlindAnswer.objects.filter(part__in=parts.values()).select_related("part")
    }
    there = set(Answer.objects.filter(agreement=agreement).values_list("point_key", flat=True))
    answers: list[Answer] = []
    confirmed: list[tuple[str, str]] = []
    for topic in agenda.topics:
        point = topic.point
        if point.key in there:
            continue
        if point.per_partner:
            said = [
                (party.key, reply)
                for party, reply in topic.given
                if first_round.fits(reply, point, agenda.parties)
            ]
            answers += [
                _answer(agreement, point, reply, rows[firm, point.key], per_partner=True)
                for firm, reply in said
            ]
            confirmed += [(point.key, firm) for firm, _reply in said[:1] if len(said) == 1]
        elif topic.outcome is Outcome.MATCH:
            first, reply = topic.given[0]
            answers.append(
                _answer(agreement, point, reply, rows[first.key, point.key], per_partner=False)
            )
            confirmed += [(point.key, party.key) for party, _reply in topic.given]
    Answer.objects.bulk_create(answers)
    proposals.keep(answers)
    Confirmation.objects.bulk_create(
        Confirmation(
            agreement=agreement,
            point_key=key,
            partner_id=parts[firm].partner_id,
            by_id=parts[firm].handed_in_by_id or rows[firm, key].updated_by_id,
        )
        for key, firm in confirmed
    )


def _answer(
    agreement: Agreement, point: Point, reply: Reply, row: BlindAnswer, *, per_partner: bool
) -> Answer:
    """What all said alike names the round as its origin; a firm's own answer is its proposal."""
    firm = row.part.partner_id
    return Answer(
        agreement=agreement,
        point_key=point.key,
        partner_id=firm if per_partner else None,
        resolution=Answer.Resolution.VALUE
        if reply.is_applicable
        else Answer.Resolution.NOT_APPLICABLE,
        value=reply.value,
        note=reply.note,
        origin=Answer.Origin.PROPOSED if per_partner else Answer.Origin.FIRST_ROUND,
        updated_by_id=row.updated_by_id,
        updated_by_partner_id=firm,
    )
