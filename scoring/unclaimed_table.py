"""The table of unclaimed work: made by the job that brings the history up to date, read by pages.

Beside the judged claims it needs what they do not hold: claims without any data, which is how most
that wait for approval look, the users of the months before, and since when a state has been seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from scoring import bulk, claims, computed_tables, unclaimed
from scoring.claims import Corrections
from scoring.judging import Claim
from scoring.models import PartnerCenterImport, Portfolio
from scoring.reading.parsing import INTUNE_EMS
from scoring.rule_sets import vocabulary
from scoring.unclaimed import MONTHS_OF_GROWTH, Candidate, Kind, Row

if TYPE_CHECKING:
    import pyarrow as pa

    from scoring.history import JudgedMonth

Key = tuple[int, int]  # tenant, workload
FEW_TENANTS = 500  # up to here they are named in the question


def dump(
    portfolio: Portfolio, judged: "JudgedMonth", imported: Iterable[int], known: Corrections
) -> bytes:
    """All unclaimed work of a firm in its newest month, the users lost first, then by name.

    Whoever sorts it by cost finds equal costs in that order.
    """
    found = _rows(portfolio, judged, imported, known)
    names = dict(portfolio.tenants.values_list("pk", "name"))
    found.sort(
        key=lambda row: (-row.lost, names.get(row.tenant, "").casefold(), row.tenant, row.workload)
    )
    return computed_tables.dump(computed_tables.UNCLAIMED_FIELDS, found)


def rows_of(table: "pa.Table", places: Sequence[int] | None = None) -> list[Row]:
    """The rows of a table, or those at some places."""
    part = table if places is None else table.take(list(places))
    columns = [part[name].to_pylist() for name, _kind in computed_tables.UNCLAIMED_FIELDS]
    return [Row(*values) for values in zip(*columns, strict=True)]


def _rows(
    portfolio: Portfolio, judged: "JudgedMonth", imported: Iterable[int], known: Corrections
) -> list[Row]:
    if unclaimed.CPOR not in judged.rule_set.options:
        return []
    judge = unclaimed.Judge(judged.rule_set, judged.pair)
    claimed = _claimed(portfolio, judge.cpor, known)
    candidates = list(unclaimed.candidates(judged.claims, claimed, judged.rule_set, judged.month))
    seen = _seen_on(portfolio, candidates)
    first = _first_users(portfolio, candidates, judged.month, imported)
    found = []
    for place, candidate in enumerate(candidates):
        month, users = first.get(candidate[:2], (judged.month, 0))
        span = judged.month - month
        gained = max(0, candidate.users - users) if span else 0
        found.append((candidate, seen[place], gained, span))
    return list(unclaimed.rows(found, judged.claims, judged.verdicts, judge))


# ---- CPOR associations, with data or without -----------------------------------------------------

CLAIMED = """
SELECT tenant_id, workload, option, begins, ends, state FROM scoring_association
WHERE portfolio_id = %s AND option = %s ORDER BY tenant_id, workload, begins
"""


def _claimed(portfolio: Portfolio, cpor: int, known: Corrections) -> dict[Key, list[Claim]]:
    """Their intervals by tenant and workload, as corrected; without figures."""
    intune = vocabulary().workload_numbers["intune"]
    found: dict[Key, list[Claim]] = {}
    spare: dict[Key, list[Claim]] = {}
    for tenant, workload, *rest in bulk.fetch(CLAIMED, [portfolio.pk, cpor]):
        if workload == INTUNE_EMS:  # speaks only where OfficeUsage says nothing of Intune
            spare.setdefault((tenant, intune), []).append(Claim(tenant, intune, *rest))
        else:
            found.setdefault((tenant, workload), []).append(Claim(tenant, workload, *rest))
    found = spare | found
    for (tenant, workload, option), rows in known.of_claims.items():
        said = found.get((tenant, workload))
        if option == cpor and said:
            found[tenant, workload] = claims.lay_over(said, rows)
    return found


# ---- Users of the months before ------------------------------------------------------------------

USERS = """
SELECT tenant_id, workload, option, users FROM scoring_usagemonth
WHERE portfolio_id = %s AND month = %s{tenants}
"""


def _first_users(
    portfolio: Portfolio, candidates: Iterable[Candidate], last: int, imported: Iterable[int]
) -> dict[Key, tuple[int, int]]:
    """(month, users) of the earliest of the months that growth is averaged over, where known.

    A firm sees a workload through any association: as of today, the largest figure is taken.
    """
    wanted = {candidate[:2] for candidate in candidates if candidate.has_figures}
    window = sorted(month for month in imported if last - MONTHS_OF_GROWTH < month < last)
    found: dict[Key, tuple[int, int]] = {}
    for month in window:
        if not wanted:
            break
        for key, users in _users(portfolio, month, wanted).items():
            found[key] = (month, users)
        wanted -= found.keys()
    return found


def _users(portfolio: Portfolio, month: int, wanted: set[Key]) -> dict[Key, int]:
    tenants = {tenant for tenant, _workload in wanted}
    condition = ""
    if len(tenants) <= FEW_TENANTS:  # whole numbers of our own: written out
        condition = f" AND tenant_id IN ({', '.join(str(int(one)) for one in sorted(tenants))})"
    intune = vocabulary().workload_numbers["intune"]
    found: dict[Key, int] = {}
    spare: dict[Key, int] = {}
    for tenant, workload, _option, users in bulk.fetch(
        USERS.format(tenants=condition), [portfolio.pk, month]
    ):
        into, key = (
            (spare, (tenant, intune)) if workload == INTUNE_EMS else (found, (tenant, workload))
        )
        if key in wanted and users > into.get(key, -1):
            into[key] = users
    return spare | found


# ---- Since when a state has been seen ------------------------------------------------------------


def _seen_on(portfolio: Portfolio, candidates: Iterable[Candidate]) -> list[int]:
    """The day (ordinal) on which each claim's state was first seen; 0 where there is no claim.

    Files do not say it. What the table said before stays as long as the state does; another state
    came with the newest file.
    """
    before = _before(portfolio)
    today = _newest_file(portfolio).toordinal()
    found = []
    for one in candidates:
        seen = 0
        if one.kind == Kind.NOT_APPROVED:
            state, day = before.get(one[:2], (0, 0))
            seen = day if state == one.state else today
        found.append(seen)
    return found


def _before(portfolio: Portfolio) -> Mapping[Key, tuple[int, int]]:
    """State, and since when, by tenant and workload, as the table in force has them."""
    name = computed_tables.UNCLAIMED
    table = computed_tables.read(portfolio, [name]).get(name)
    fields = ("tenant", "workload", "state", "seen_on")
    if table is None or not set(fields) <= set(table.column_names):
        return {}
    columns = (table[name].to_pylist() for name in fields)
    return {
        (tenant, workload): (state, seen_on)
        for tenant, workload, state, seen_on in zip(*columns, strict=True)
        if seen_on
    }


def _newest_file(portfolio: Portfolio) -> date:
    """The day on which the newest file came in that may tell of claims; today without any."""
    kinds = (
        PartnerCenterImport.Kind.CLAIMS,
        PartnerCenterImport.Kind.CPOR,
        PartnerCenterImport.Kind.OFFICE_USAGE,
    )
    newest = (
        PartnerCenterImport.objects.filter(
            partner_id=portfolio.partner_id, kind__in=kinds, done_at__isnull=False
        )
        .order_by("-done_at")
        .values_list("done_at", flat=True)
        .first()
    )
    return timezone.localdate() if newest is None else timezone.localdate(newest)
