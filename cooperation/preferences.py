"""What a firm usually proposes: kept for itself, and taken into its next projects on request."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cooperation import kinds
from cooperation.agreements import NotPossible
from cooperation.book import Book, Party, Point, Value
from cooperation.models import FirmPreference
from partners.models import Membership, Partner, User

NAME_THE_FIRMS = frozenset({"raci", "percent_split", "table"})


def has_preference(point: Point) -> bool:
    """Whether a firm can answer the point without knowing with whom it will work."""
    return point.kind not in NAME_THE_FIRMS and not point.options_of_partners


def load(book: Book, partner: Partner) -> dict[str, Value]:
    """The firm's preferences by point key; those of points the book has no more are left out."""
    rows = FirmPreference.objects.filter(partner=partner, rule_book_key=book.key)
    return {
        key: value
        for key, value in rows.values_list("point_key", "value")
        if key in book.points and has_preference(book.points[key])
    }


def _require_manager(by: User, partner: Partner) -> None:
    own = Membership.objects.active().filter(user=by, partner=partner, is_partner_manager=True)
    if not own.exists():
        raise NotPossible(_("The preferences of a firm are for its partner managers."))


@transaction.atomic
def keep(book: Book, point_key: str, value: Any, *, by: User, partner: Partner) -> FirmPreference:
    """Keep ``value`` as what the firm usually proposes. Raises ``InvalidAnswer``, ``NotPossible``.

    ``KeyError`` for a point the book does not have or that depends on the firms.
    """
    Partner.objects.select_for_update().get(pk=partner.pk)
    _require_manager(by, partner)
    point = book.point(point_key)
    if not has_preference(point):
        raise KeyError(point_key)
    cleaned = kinds.clean(value, point, (Party(str(partner.pk), partner.name),))
    kept, _created = FirmPreference.objects.update_or_create(
        partner=partner,
        rule_book_key=book.key,
        point_key=point.key,
        defaults={"value": cleaned, "updated_by": by},
    )
    return kept


@transaction.atomic
def forget(book: Book, point_key: str, *, by: User, partner: Partner) -> None:
    """No longer propose anything at this point. Again: nothing."""
    _require_manager(by, partner)
    FirmPreference.objects.filter(
        partner=partner, rule_book_key=book.key, point_key=point_key
    ).delete()
