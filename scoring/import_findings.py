"""What an import would change, or has changed: counts, and lines of its report.

The lines stand beside those of what is not used, in ``unused`` of the import, told apart by
``what``: new tenants, and known associations that get other dates or another state.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from scoring import bulk, facts, months
from scoring.models import Association, PartnerCenterImport, Portfolio

COUNTS = ("rows_new", "rows_changed", "rows_unchanged", "dates_changed", "by_month", "unused")
LISTED = 100  # new tenants, and associations that change, that are named
TENANTS, TENANT, RENAMED = "tenants", "tenant", "renamed"
CLAIMS, CLAIM = "claims", "claim"
FINDINGS = frozenset({TENANTS, TENANT, RENAMED, CLAIMS, CLAIM})
ClaimKey = tuple[int, int, int]  # tenant, workload, option
Interval = tuple[date | None, date | None, int]  # from, to, state of the claim


def note_changes(row: PartnerCenterImport, portfolio: Portfolio, made: facts.Plan) -> None:
    """Put the counts of a plan on ``row``, unsaved, and what is new and different by name."""
    row.rows_new, row.rows_changed = made.new, made.changed
    row.rows_unchanged, row.dates_changed = made.unchanged, made.dates_changed
    row.by_month = by_month(made)
    row.unused = [
        *(line for line in row.unused if line["what"] not in FINDINGS),
        *_new_tenants(made),
        *_count(RENAMED, len(made.renamed)),
        *_claims(portfolio, made),
    ]


def by_month(made: facts.Plan) -> list[dict[str, Any]]:
    """What becomes of the rows of each month; ``gone`` is of an undo only."""
    found: dict[int, dict[str, Any]] = {
        month: {
            "month": months.label(month),
            "known": counts.is_known,
            "new": counts.new,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
        }
        for month, counts in made.by_month.items()
    }
    gone = Counter(month for month, *_key in made.gone_usage)
    for month, rows in gone.items():
        found.setdefault(
            month,
            {"month": months.label(month), "known": True, "new": 0, "changed": 0, "unchanged": 0},
        )
        found[month]["gone"] = rows
    return [counts for _month, counts in sorted(found.items())]


def touched_claims(made: facts.Plan) -> set[ClaimKey]:
    """The stored associations of which a row is written or deleted."""
    written = {(made.numbers[place], values[0], values[1]) for place, values in made.associations}
    return written | {key[:3] for key in made.gone_associations}


def count(row: PartnerCenterImport, what: str) -> int:
    """The number in the line of the report that counts ``what``."""
    return sum(line["rows"] for line in lines(row, what))


def lines(row: PartnerCenterImport, *what: str) -> list[dict[str, Any]]:
    """The lines of the report that are about one of ``what``."""
    return [line for line in row.unused if line["what"] in what]


def unused(row: PartnerCenterImport) -> list[dict[str, Any]]:
    """What the file holds and no designation uses, most frequent first."""
    return [line for line in row.unused if line["what"] not in FINDINGS]


def _new_tenants(made: facts.Plan) -> list[dict[str, Any]]:
    names = sorted(name or str(guid) for _place, guid, name in made.tenants)
    return [
        *_count(TENANTS, len(names)),
        *({"what": TENANT, "value": name, "rows": 1} for name in names[:LISTED]),
    ]


def _count(what: str, rows: int) -> list[dict[str, Any]]:
    return [{"what": what, "value": "", "rows": rows}] if rows else []


def _claims(portfolio: Portfolio, made: facts.Plan) -> list[dict[str, Any]]:
    """How many associations are new, and what becomes of the first of those that change."""
    new: dict[ClaimKey, dict[int, Interval]] = {}
    added: set[ClaimKey] = set()
    for place, (
        workload,
        option,
        begins,
        _ends,
        begins_on,
        ended_on,
        state,
        *_,
    ) in made.associations:
        if tenant := made.numbers[place]:
            new.setdefault((tenant, workload, option), {})[begins] = (begins_on, ended_on, state)
        else:
            added.add((-place, workload, option))  # of a tenant that is new itself
    gone = set(made.gone_associations)
    keys = sorted(new.keys() | {key[:3] for key in gone})
    found: list[dict[str, Any]] = []
    for part in bulk.chunks(keys, 500):
        names, stored = _stored(portfolio, {key[0] for key in part})
        for key in part:
            before = stored.get(key, {})
            kept = {begins: row for begins, row in before.items() if (*key, begins) not in gone}
            after = kept | new.get(key, {})
            if not before:
                added.add(key)
            elif len(found) < LISTED and _written(before) != _written(after):
                found.append(
                    {
                        "what": CLAIM,
                        "value": names[key[0]],
                        "rows": 1,
                        "workload": key[1],
                        "option": key[2],
                        "before": _written(before),
                        "after": _written(after),
                    }
                )
    return [*_count(CLAIMS, len(added)), *found]


def _stored(
    portfolio: Portfolio, tenants: Iterable[int]
) -> tuple[dict[int, str], dict[ClaimKey, dict[int, Interval]]]:
    """(name by tenant, {claim: {month it begins: interval}})"""
    names: dict[int, str] = {}
    found: dict[ClaimKey, dict[int, Interval]] = {}
    rows = Association.objects.filter(portfolio=portfolio, tenant__in=tenants)
    for (
        tenant,
        name,
        guid,
        workload,
        option,
        begins,
        begins_on,
        ended_on,
        state,
    ) in rows.values_list(
        "tenant_id",
        "tenant__name",
        "tenant__tenant_id",
        "workload",
        "option",
        "begins",
        "begins_on",
        "ended_on",
        "state",
    ):
        names[tenant] = name or str(guid)
        found.setdefault((tenant, workload, option), {})[begins] = (begins_on, ended_on, state)
    return names, found


def _written(intervals: dict[int, Interval]) -> list[list[Any]]:
    """In their order, as JSON takes them: days in ISO form, None where nobody said one."""
    return [
        [begins_on and begins_on.isoformat(), ended_on and ended_on.isoformat(), state]
        for _begins, (begins_on, ended_on, state) in sorted(intervals.items())
    ]
