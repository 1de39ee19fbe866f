"""How much of the rule book an agreement asks: the first talk, the fast track, everything."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cooperation import blind, frozen
from cooperation.agreements import NotPossible, lock, record, require_draft, require_party
from cooperation.models import Agreement, AgreementEvent, AgreementVersion
from partners.models import Partner, User


@transaction.atomic
def change(agreement_id: UUID, depth: str, *, by: User, partner: Partner) -> Agreement:
    """Ask more, or less; every answer is kept, also of points that are not asked any more.

    The fast track begins with ``fast_track.press``: it is a sentence somebody says. Back to it
    leads this verb, once it was said. Raises ``NotPossible``; the same depth again changes nothing.
    """
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    if depth == agreement.depth:
        return agreement
    if depth not in Agreement.Depth.values or (
        depth == Agreement.Depth.FAST_TRACK and not agreement.fast_track
    ):
        raise NotPossible(_("The fast track begins when a firm says the sentence of the Kodex."))
    if agreement.is_amended and is_less(depth, signed_depth(agreement)):
        raise NotPossible(_("What is in force asks more of the checklist, and that stays so."))
    before, agreement.depth = agreement.depth, depth
    agreement.save(update_fields=["depth"])
    kind = AgreementEvent.Kind.DEPTH
    said: dict[str, Any] = {"from": before, "to": depth}
    record(agreement, kind, by=by, partner=partner, **said)
    return agreement


def signed_depth(agreement: Agreement) -> str:
    """How much the version in force asks; one query, for its text."""
    version = agreement.versions.get(state=AgreementVersion.State.IN_FORCE)
    return frozen.depth_of(frozen.content(version.payload))


def is_less(depth: str, than: str) -> bool:
    """Whether ``depth`` asks less of the rule book."""
    order = Agreement.Depth.values
    return order.index(depth) < order.index(than)
