"""What waits in a change of what is in force: named as such, and not ready before it says anything.

A change begins with everything confirmed, so "nothing is open" means that nothing has changed yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from cooperation.models import Agreement, Amendment, SignatureSlot
from cooperation.points import Sheet
from partners.models import Membership
from partners.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Change:
    """An open change, and the firms (ids) that signed what it changes."""

    begun_at: datetime
    begun_by: str
    signed: frozenset[str]


def title(agreement: Agreement) -> str:
    """What a line is about."""
    if not agreement.is_amended:
        return agreement.project.name
    return _("%(project)s: change of the agreement") % {"project": agreement.project.name}


def of(agreements: Iterable[Agreement]) -> dict[UUID, Change]:
    """The open changes, by agreement: two queries, none where nothing is being changed."""
    amended = [agreement for agreement in agreements if agreement.is_amended]
    if not amended:
        return {}
    rows = Amendment.objects.filter(agreement__in=amended, state=Amendment.State.OPEN)
    found = list(rows.select_related("begun_by_partner"))
    firms: dict[UUID, set[str]] = {}
    slots = SignatureSlot.objects.filter(version__in=[row.base_id for row in found])
    for version, firm in slots.values_list("version", "partner"):
        firms.setdefault(version, set()).add(str(firm))
    return {
        row.agreement_id: Change(
            begun_at=row.begun_at,
            begun_by=row.begun_by_partner.name,
            signed=frozenset(firms.get(row.base_id, ())),
        )
        for row in found
    }


def named(
    lines: Iterable[Waiting],
    agreement: Agreement,
    sheet: Sheet,
    change: Change | None,
    memberships: Iterable[Membership],
) -> list[Waiting]:
    """The lines of a negotiation, as those of a change if it is one."""
    if change is None:
        return list(lines)
    found = []
    for line in lines:
        if line.kind == "freeze" and not has_changed(sheet, change):
            found.append(_begun(agreement, change, memberships))
        else:
            since = line.since and max(line.since, change.begun_at)
            found.append(replace(line, title=title(agreement), since=since))
    return found


def has_changed(sheet: Sheet, change: Change) -> bool:
    """Whether an answer was given since, or the firms are not those that signed."""
    if {party.key for party in sheet.parties} != change.signed:
        return True
    here = [sheet, *sheet.pairs.values()]
    given = (each for one in here for each in one.answers.values())
    return any(each.at is not None and each.at > change.begun_at for each in given)


def _begun(agreement: Agreement, change: Change, memberships: Iterable[Membership]) -> Waiting:
    firms = {str(each.partner_id) for each in memberships if each.is_partner_manager}
    said = _("%(firm)s has begun a change. Nothing in it differs yet.") % {"firm": change.begun_by}
    return Waiting(
        title=title(agreement),
        project_id=agreement.project_id,
        detail=said,
        url=reverse("cooperation:amendment", args=[agreement.pk]),
        action=_("See the change"),
        kind="amendment",
        since=change.begun_at,
        mine=bool(firms & change.signed),
    )
