"""What an association with one customer would be worth to a firm's own score. Writes nothing.

The only module of this room that others may import, so it hands out as well what firms chose to
show each other (``shown_by``). The what-if goes through the judge and the rules that make the real
score, so it says what a file with such a claim would do; and it costs five queries however large
the firm is.
"""

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from scoring import customers, known_customers, perms, positions, rule_sets
from scoring.disclosures import shown_by
from scoring.holdings import Association, Figures, Holdings
from scoring.models import Portfolio, Tenant
from scoring.positions import Nothing
from scoring.shown import Shown
from scoring.worth import (
    Basis,
    Move,
    Named,
    TrackWorth,
    Worth,
    points_text,
)

if TYPE_CHECKING:
    from partners.models import Partner, User

__all__ = (
    "Association",
    "Basis",
    "Figures",
    "Move",
    "Named",
    "Nothing",
    "Shown",
    "TrackWorth",
    "Worth",
    "points_text",
    "read",
    "shown_by",
    "suggest",
    "workloads",
)

SUGGESTED = 5  # tenants whose name could be that of the customer


def read(
    partner: "Partner", *, reader: "User", day: date, tenant: UUID | None = None
) -> Basis | Nothing:
    """What a what-if of this firm stands on, for somebody who may see its score.

    The newest score up to ``day`` under the rules of that day. ``tenant`` is the customer's tenant
    id; one that the firm's data do not know is taken for a new customer. Five queries at most.
    """
    if not perms.can_see(reader, partner):
        return Nothing.NOT_ALLOWED
    position = positions.of(partner, day)
    if isinstance(position, Nothing):
        return position
    known = None
    if tenant is not None:
        known = Tenant.objects.filter(portfolio=position.portfolio, tenant_id=tenant).first()
    holdings = Holdings(position.rule_set, position.pair)
    if known is not None:
        holdings = known_customers.read(position, [known.pk])[known.pk]
    return Basis(
        rule_set=position.rule_set,
        as_of=position.as_of,
        pair=position.pair,
        counts=position.counts,
        is_provable=position.is_provable,
        tenant=holdings.tenant,
        customer=str(known) if known is not None else "",
        claims=holdings.claims,
        held=holdings.held,
        portfolio=position.portfolio,
    )


def workloads(day: date) -> tuple[Named, ...]:
    """The workloads that count under the rules of ``day``, in their order."""
    known = rule_sets.for_day(day).workloads.values()
    return tuple(Named(one.key, one.title) for one in known)


def suggest(basis: Basis, name: str) -> list[tuple[UUID, str]]:
    """Customers of the firm whose name has every word of ``name``: tenant id and name. One query.

    A ``Basis`` is had by those only who may see the firm's data.
    """
    if not name.strip():
        return []
    found = customers.find(Portfolio(pk=basis.portfolio), None, words=name)
    return [(tenant.tenant_id, tenant.name) for tenant in found[:SUGGESTED]]
