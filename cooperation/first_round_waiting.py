"""What waits for a person in a first round that is open, and for which firms it waits."""

from collections.abc import Mapping
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import first_round, first_rounds
from cooperation.first_rounds import Pending
from cooperation.models import Agreement
from cooperation.points import Sheet
from partners.models import Membership
from partners.waiting import Waiting


def lines(
    pending: Mapping[UUID, Pending],
    agreements: Mapping[UUID, Agreement],
    loaded: Mapping[UUID, Sheet],
    memberships: Mapping[UUID, Membership],
) -> list[Waiting]:
    """Lines for all open rounds; one query for all of them.

    ``memberships``: of the reader, by firm. A firm's own progress is read for its own people only.
    """
    if not pending:
        return []
    counts = first_rounds.answered(pending, memberships)
    found = []
    for pk, each in pending.items():
        keys = {party.key for party in loaded[pk].parties}
        own = next((m for firm, m in memberships.items() if str(firm) in keys), None)
        if own is None:
            continue
        key = str(own.partner_id)
        mine = _has_a_role(own) and any(party.key == key for party in each.missing)
        if mine:
            total = len(first_round.asked(loaded[pk].book))
            said = ngettext(
                "First round: %(answered)s of %(total)s question answered for your firm.",
                "First round: %(answered)s of %(total)s questions answered for your firm.",
                total,
            ) % {"answered": counts.get((pk, key), 0), "total": total}
            found.append(_line(agreements[pk], each, said, mine=True))
        others = [party.name for party in each.missing if not (mine and party.key == key)]
        if others:
            said = _("The first round waits for %(firms)s.") % {"firms": ", ".join(others)}
            found.append(_line(agreements[pk], each, said, mine=False))
    return found


def _has_a_role(membership: Membership) -> bool:
    """The person may answer, or hand in."""
    return membership.is_partner_manager or membership.is_project_lead or membership.is_specialist


def _line(agreement: Agreement, pending: Pending, said: str, *, mine: bool) -> Waiting:
    return Waiting(
        title=agreement.project.name,
        project_id=agreement.project_id,
        detail=said,
        url=reverse("cooperation:first_round", args=[agreement.pk]),
        action=_("Go to the first round") if mine else _("See the first round"),
        kind="answer",
        since=pending.opened_at,
        mine=mine,
    )
