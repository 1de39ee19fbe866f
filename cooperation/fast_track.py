""" "Wir machen es im Sinne vom Kodex": the default of every point in one step."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cooperation import blind, points, sheets
from cooperation.agreements import lock, require_draft, require_party
from cooperation.answers import take_defaults
from cooperation.models import Agreement, AgreementEvent
from partners.models import Partner, User


@dataclass(frozen=True, slots=True)
class Outcome:
    filled: tuple[str, ...]  # points that got their default, as this firm's proposal
    confirmed: tuple[str, ...]  # points where the default stood already
    left: tuple[str, ...]  # points that still need something before anyone can sign


@transaction.atomic
def press(agreement_id: UUID, *, by: User, partner: Partner) -> Outcome:
    """Say it for the own firm: counts as that firm's confirmation of every default.

    Points that are hidden for now (``visible_if``) are taken too: the sentence covers everything
    not expressly agreed otherwise, and a later answer may bring them up. Pressing twice is fine.
    """
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    taken = take_defaults(agreement, sheet, sheet.book.points.values(), by=by, partner=partner)
    first = not agreement.fast_track
    if first:
        # Later presses leave the depth alone: somebody may have gone deeper meanwhile. And a change
        # of what asks the full checklist goes on asking it.
        if not (agreement.is_amended and agreement.depth == Agreement.Depth.FULL):
            agreement.depth = Agreement.Depth.FAST_TRACK
        agreement.fast_track, agreement.fast_track_at = True, timezone.now()
        agreement.fast_track_by, agreement.fast_track_partner = by, partner
        agreement.save(
            update_fields=[
                "depth",
                "fast_track",
                "fast_track_at",
                "fast_track_by",
                "fast_track_partner",
            ]
        )
    kind = AgreementEvent.Kind.FAST_TRACK
    taken.record(agreement, kind, by=by, partner=partner, always=first)
    after = sheets.load(agreement)
    waiting = (blocker.point for blocker in points.blockers(after))
    left = tuple(point.key for point in waiting if point is not None)
    return Outcome(taken.filled, taken.confirmed, left)
