"""For which of their firms a person acts: chosen by themselves, kept in the session."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from partners.models import Membership

KEY = "acting_for"  # in the session; signing out empties it


def choose(session: SessionBase, partner_id: UUID) -> None:
    """Act for this firm until another is chosen."""
    session[KEY] = str(partner_id)


def chosen(session: SessionBase, memberships: Sequence[Membership]) -> Membership | None:
    """The membership to act with: the chosen one while it lasts, else the oldest, else none."""
    key = session.get(KEY, "") if len(memberships) > 1 else ""
    found = (membership for membership in memberships if str(membership.partner_id) == key)
    return next(found, next(iter(memberships), None))
