"""What a firm's newest score knows of some of its customers, as ``holdings`` takes it."""

from collections.abc import Collection

from scoring import ledger_rows, rule_sets
from scoring.holdings import Holdings
from scoring.models import Association
from scoring.positions import Position
from scoring.reading.parsing import INTUNE_EMS

Held = dict[int, set[tuple[int, int]]]


def read(position: Position, tenants: Collection[int]) -> dict[int, Holdings]:
    """By number of the tenant: its claims as the score was judged, and what it holds. Two queries.

    An import keeps what any rule set can use: workloads that this one does not know are left out.
    """
    if not tenants:
        return {}
    score = position.score
    claims = ledger_rows.claims_of(score.ledger_id, score.revision, tenants)
    held = _held(position, tenants)
    numbers = {workload.number for workload in position.rule_set.workloads.values()}
    return {
        tenant: Holdings(
            position.rule_set,
            position.pair,
            tenant,
            tuple(claim for claim in claims.get(tenant, []) if claim.workload in numbers),
            frozenset(held.get(tenant, ())),
        )
        for tenant in tenants
    }


def _held(position: Position, tenants: Collection[int]) -> Held:
    """What has not ended before the last month: an association may bring no data for a while."""
    intune = rule_sets.vocabulary().workload_numbers["intune"]
    rows = Association.objects.filter(
        portfolio=position.portfolio, tenant__in=tenants, ends__gte=position.pair.last
    )
    found: Held = {}
    for tenant, workload, option in rows.values_list("tenant_id", "workload", "option"):
        key = (intune if workload == INTUNE_EMS else workload, option)
        found.setdefault(tenant, set()).add(key)
    return found
