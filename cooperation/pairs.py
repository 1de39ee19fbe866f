"""Two firms of an agreement, and the points they settle between them."""

from uuid import UUID

from django.utils.translation import gettext as _

from cooperation.agreements import NotPossible
from cooperation.models import Agreement, Pair
from cooperation.points import PairKey, Sheet
from partners.models import Partner


def other_firm(sheet: Sheet, partner: Partner, other: Partner | None) -> PairKey:
    """The pair of ``partner`` and ``other``; between two firms ``other`` goes without saying.

    Raises ``NotPossible`` without an ``other`` that takes part.
    """
    own = str(partner.pk)
    if other is None and len(sheet.pairs) == 1:
        return next(iter(sheet.pairs))
    for key in sheet.pairs:
        if other is not None and own in key and str(other.pk) in key and other != partner:
            return key
    raise NotPossible(_("This point is settled between two firms. Please say with which firm."))


def row(agreement: Agreement, key: PairKey) -> Pair:
    """The row of the pair, made when it is first needed. The agreement must be locked."""
    first, second = map(UUID, key)
    pair, _created = Pair.objects.get_or_create(
        agreement=agreement, first_id=first, second_id=second
    )
    return pair
