"""Where firms name an address as a contact: each room says where it does.

A room registers a function that finds the places for an address, and one that lists the addresses
that a firm named lately, so that they can be told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partners.models import PartnerContact, UserManager

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that names an address."""

    firm: str  # name of the firm that named it
    partner: Any  # its id
    where: "StrOrPromise"  # a whole sentence
    told: Mapping[str, str]  # what stands there of the person
    remove: Callable[[], bool] | None = None  # None: it is evidence, or not the portal's to change


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a firm names as a contact now."""

    partner: Any
    email: str
    name: str


Finder = Callable[[str], Iterable[Mention]]
Lister = Callable[[], Iterable[Named]]

_rooms: list[tuple[Finder, Lister]] = []


def register(find: Finder, listed: Lister) -> None:
    """Add the places of a room."""
    if (find, listed) not in _rooms:
        _rooms.append((find, listed))


def of(email: str, partner: Any = None) -> list[Mention]:
    """Where ``email`` is named as a contact, by ``partner`` or by any firm."""
    address = UserManager.normalize_email(email)
    found = (each for find, _list in _rooms for each in find(address))
    return [each for each in found if partner is None or each.partner == partner]


def listed() -> Iterator[Named]:
    """Everybody whom firms name as contacts now, some perhaps more than once."""
    for _finder, listed_by_room in _rooms:
        yield from listed_by_room()


# ---- This room -----------------------------------------------------------------------------------


def _find(email: str) -> Iterator[Mention]:
    rows = PartnerContact.objects.filter(email__iexact=email).select_related("partner")
    for contact in rows.order_by("partner__name", "pk"):

        def remove(pk: Any = contact.pk) -> bool:
            return bool(PartnerContact.objects.filter(pk=pk).delete()[0])

        yield Mention(
            contact.partner.name,
            contact.partner_id,
            _("In the directory, where all firms of the portal see it."),
            {
                "name": contact.name,
                "purpose": contact.purpose,
                "email": contact.email,
                "phone": contact.phone,
            },
            remove,
        )


def _listed() -> Iterator[Named]:
    rows = PartnerContact.objects.exclude(email="")
    for contact in rows.order_by("pk").iterator():
        yield Named(contact.partner_id, UserManager.normalize_email(contact.email), contact.name)


register(_find, _listed)
