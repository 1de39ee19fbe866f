"""What an association with one customer would be worth to a firm's own score. Writes nothing.

The only module of this room that others may import. It goes through the judge and the rules that
make the real score, so a what-if says what a file with such a claim would do; and it costs five
queries however large the firm is.
"""

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import customers, ledger_rows, perms, rule_sets
from scoring.judging import Claim, Months
from scoring.models import Association as AssociationRow
from scoring.models import Portfolio, Score, Tenant
from scoring.reading.parsing import INTUNE_EMS
from scoring.reasons import Caution
from scoring.worth import (
    UNKNOWN,
    Association,
    Basis,
    Figures,
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
    "TrackWorth",
    "Worth",
    "points_text",
    "read",
    "suggest",
    "workloads",
)

SUGGESTED = 5  # tenants whose name could be that of the customer


class Nothing(TextChoices):
    """Why nothing can be said at all."""

    NOT_ALLOWED = "not_allowed", _("You do not belong to this firm, so its score is not for you.")
    NO_SCORE = "no_score", _("There is no score of your firm yet.")
    NO_USAGE = "no_usage", _("Your firm's score has no usage data yet.")


def read(
    partner: "Partner", *, reader: "User", day: date, tenant: UUID | None = None
) -> Basis | Nothing:
    """What a what-if of this firm stands on, for somebody who may see its score.

    The newest score up to ``day`` under the rules of that day. ``tenant`` is the customer's tenant
    id; one that the firm's data do not know is taken for a new customer. Five queries at most.
    """
    if not perms.can_see(reader, partner):
        return Nothing.NOT_ALLOWED
    rule_set = rule_sets.for_day(day)
    own = Score.objects.filter(partner=partner, rule_set=rule_set.key, as_of__lte=day)
    score = own.select_related("ledger").order_by("-as_of", "-computed_at").first()
    if score is None:
        return Nothing.NO_SCORE
    if score.last_month is None or score.comparison_month is None:
        return Nothing.NO_USAGE
    portfolio = score.ledger.portfolio_id
    known = None
    if tenant is not None:
        known = Tenant.objects.filter(portfolio=portfolio, tenant_id=tenant).first()
    claims: list[Claim] = []
    held: frozenset[tuple[int, int]] = frozenset()
    if known is not None:
        found = ledger_rows.claims_of(score.ledger_id, score.revision, [known.pk])
        claims = found.get(known.pk, [])
        held = _held(known, score.last_month)
    # An import keeps what any rule set can use: of workloads that this one does not know, nothing.
    numbers = {workload.number for workload in rule_set.workloads.values()}
    return Basis(
        rule_set=rule_set,
        as_of=score.as_of,
        pair=Months(score.last_month, score.comparison_month),
        counts={
            track.key: {
                metric.key: {option.key: option.value for option in metric.options}
                for metric in track.metrics
            }
            for track in score.tracks
        },
        is_provable=all(
            note["code"] != Caution.COMPARISON_MONTH_MISSING for note in score.cautions
        ),
        tenant=known.pk if known is not None else UNKNOWN,
        customer=str(known) if known is not None else "",
        claims=tuple(claim for claim in claims if claim.workload in numbers),
        held=held,
        portfolio=portfolio,
    )


def _held(tenant: Tenant, month: int) -> frozenset[tuple[int, int]]:
    """What has not ended before ``month``: an association may bring no data for a while."""
    intune = rule_sets.vocabulary().workload_numbers["intune"]
    rows = AssociationRow.objects.filter(
        portfolio=tenant.portfolio_id, tenant=tenant, ends__gte=month
    )
    return frozenset(
        (intune if workload == INTUNE_EMS else workload, option)
        for workload, option in rows.values_list("workload", "option")
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
