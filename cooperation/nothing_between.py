""" "Nothing between us": one step for several firms with which a pairwise point does not apply."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cooperation import blind, pairs, points, sheets
from cooperation.agreements import NotPossible, lock, require_draft, require_party
from cooperation.answers import New, Place, agree, write
from cooperation.book import Point
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import Answer, Confirmation
from cooperation.points import Sheet
from partners.models import Partner, User


def may_be_said(pair: Sheet, point: Point, party: str) -> bool:
    """Whether it fits what stands between two firms, as ``party`` sees it.

    It does while nobody has answered, and where the other firm has said the same.
    """
    if pair.talks.get(point.key):
        return False
    if any(given.is_applicable for given in points.all_given(pair, point)):
        return False
    own = pair.given(point, party)
    return own is None or party in points.unconfirmed(pair, point)


def is_said_by_the_other(pair: Sheet, point: Point) -> bool:
    """The other firm has said it already; where ``may_be_said``."""
    return bool(points.all_given(pair, point))


@dataclass(frozen=True, slots=True)
class Outcome:
    said: tuple[str, ...]  # names of the firms to which it was said, or with which it is agreed now
    left: tuple[str, ...]  # names of the firms with which something stands there meanwhile


@transaction.atomic
def say(
    agreement_id: UUID,
    point_key: str,
    others: Sequence[Partner],
    *,
    by: User,
    partner: Partner,
    note: str = "",
) -> Outcome:
    """Mark a pairwise point as not applicable with each of ``others``, or agree where they did.

    Where an answer stands meanwhile nothing is changed. Raises ``InvalidAnswer`` (field ``note``),
    ``NotPossible``, and ``KeyError`` for a point that the rule book does not have.
    """
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    point = sheet.book.point(point_key)
    if not point.pairwise or not points.is_visible(sheet, point):
        raise NotPossible(
            _("This question does not apply any more, because another answer has changed.")
        )
    if not others:
        raise NotPossible(_("Please choose at least one firm."))
    problems = Problems()
    cleaned = clean_text(note, "note", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    own, said, left = str(partner.pk), [], []
    for other in others:
        key = pairs.other_firm(sheet, partner, other)
        pair = sheet.pairs[key]
        if not may_be_said(pair, point, own):
            left.append(sheet.name(str(other.pk)))
            continue
        place = Place(agreement, pair, point, pairs.row(agreement, key))
        if pair.given(point, own) is None:
            # Where the other firm has answered, it has said the same and need not confirm it again.
            kept = list(place.confirmations().exclude(partner=partner))
            new = New(None, cleaned, Answer.Origin.PROPOSED, {}, revision=0, seen=None)
            write(place, new, by=by, partner=partner)
            for confirmation in kept:
                confirmation.pk = None
            Confirmation.objects.bulk_create(kept)
        else:
            agree(place, by, partner)
        said.append(sheet.name(str(other.pk)))
    return Outcome(tuple(said), tuple(left))
