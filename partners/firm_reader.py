"""Whoever reads as one firm and as nobody in it: the bearer of a key."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FirmReader:
    """Stands where a person stands in ``visible_to`` and ``Partner.objects.of``.

    It belongs to one firm, whatever other firms the person belongs to who made its key, and has
    no account: a queryset that asks for anything of a person fails with it.
    """

    partner_id: UUID

    @property
    def is_authenticated(self) -> bool:
        return True
