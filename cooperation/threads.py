"""The course of one point: proposals, confirmations, talks and comments, in the order of time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cooperation import origins, points
from cooperation.book import Point
from cooperation.kinds import Description
from cooperation.models import Agreement, Comment, Pair, Participation, Proposal, TalkRequest
from cooperation.points import Given, PairKey, Sheet
from partners.models import Partner


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of the conversation."""

    kind: str  # proposal | confirmed | talk | comment
    at: datetime
    by: str
    firm: str
    said: Description | None = None  # of a proposal
    text: str = ""  # of a comment or a talk
    is_counter: bool = False  # a proposal that answers another one
    is_internal: bool = False
    is_over: bool = False  # a talk that was held, a proposal that another one has replaced
    mentions: tuple[str, ...] = ()
    comment: UUID | None = None  # that the reader can take back
    is_removed: bool = False
    source: str = ""  # where a proposal was taken from
    owner: str = ""  # whose answer, at a point per partner


def since(agreement: Agreement, partner: Partner) -> datetime | None:
    """From when on a firm reads along: what was said before it joined was not said to it."""
    places = Participation.objects.accepted().filter(project=agreement.project_id, partner=partner)
    return places.values_list("responded_at", flat=True).first()


def load(
    agreement: Agreement,
    sheet: Sheet,
    point: Point,
    partner: Partner,
    reader: UUID,
    language: str,
) -> list[Turn]:
    """What ``partner`` may read at the point: three queries. ``sheet``: of the pair, or of all."""
    from_on = since(agreement, partner)
    if from_on is None:
        return []
    pair = pair_of(agreement, sheet)
    if sheet.pair is not None and pair is None:
        return []  # nobody has said anything between these two yet
    here = {"agreement": agreement, "point_key": point.key, "pair": pair}
    turns = _proposals(sheet, point, Proposal.objects.filter(**here, at__gte=from_on), language)
    for done in sheet.confirmations.get(point.key, ()):
        if done.at is not None:
            turns.append(Turn("confirmed", done.at, done.by, sheet.name(done.party)))
    for talk in TalkRequest.objects.filter(**here, at__gte=from_on).select_related("by", "partner"):
        over = talk.resolved_at is not None
        said = (talk.at, talk.by.name, talk.partner.name)
        turns.append(Turn("talk", *said, text=talk.comment, is_over=over))
    comments = Comment.objects.known_to(partner).filter(**here, at__gte=from_on)
    related = comments.select_related("by", "partner").prefetch_related("mentions")
    turns += [_comment(comment, partner, reader) for comment in related]
    return sorted(turns, key=lambda turn: turn.at)


def pair_of(agreement: Agreement, sheet: Sheet) -> Pair | None:
    """The row of the sheet's pair, if it has one and anybody has said anything there."""
    if sheet.pair is None:
        return None
    first, second = map(UUID, sheet.pair)
    return Pair.objects.filter(agreement=agreement, first=first, second=second).first()


def _proposals(sheet: Sheet, point: Point, rows: Iterable[Proposal], language: str) -> list[Turn]:
    turns: list[Turn] = []
    last: dict[UUID | None, tuple[int, UUID]] = {}
    for row in rows.select_related("by", "by_partner", "partner"):  # type: ignore[attr-defined]
        before = last.get(row.partner_id)
        given = Given(row.value, row.note, row.origin)
        turn = Turn(
            "proposal",
            row.at,
            row.by.name,
            row.by_partner.name,
            said=points.described(sheet, point, given, language),
            is_counter=before is not None and before[1] != row.by_partner_id,
            source=origins.words(row.origin, row.source),
            owner=row.partner.name if row.partner else "",
        )
        if before is not None:
            turns[before[0]] = _replaced(turns[before[0]])
        last[row.partner_id] = (len(turns), row.by_partner_id)
        turns.append(turn)
    return turns


def _replaced(turn: Turn) -> Turn:
    fields = {name: getattr(turn, name) for name in Turn.__slots__}
    return Turn(**fields | {"is_over": True})


def _comment(comment: Comment, partner: Partner, reader: UUID) -> Turn:
    removed = comment.removed_at is not None
    own = comment.by_id == reader and comment.partner_id == partner.pk
    return Turn(
        "comment",
        comment.at,
        comment.by.name,
        comment.partner.name,
        text="" if removed else comment.text,
        is_internal=comment.audience == Comment.Audience.INTERNAL,
        is_removed=removed,
        mentions=() if removed else tuple(person.name for person in comment.mentions.all()),
        comment=comment.pk if own and not removed else None,
    )


def counts(agreement: Agreement, partner: Partner) -> dict[tuple[str, PairKey | None], int]:
    """How many comments ``partner`` can read, by point and pair: one query."""
    known = Comment.objects.known_to(partner).filter(agreement=agreement, removed_at=None)
    joined = Participation.objects.accepted().filter(project=agreement.project_id, partner=partner)
    rows = known.filter(at__gte=joined.values("responded_at")[:1])
    found: Counter[tuple[str, PairKey | None]] = Counter()
    for key, first, second in rows.values_list("point_key", "pair__first", "pair__second"):
        found[key, _pair_key(first, second)] += 1
    return dict(found)


def _pair_key(first: UUID | None, second: UUID | None) -> PairKey | None:
    return None if first is None or second is None else (str(first), str(second))
