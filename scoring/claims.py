"""A firm's facts as the judge sees them: claims with both months, people with their certificates.

Corrections are laid over what the files said here, and nowhere else.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction

from scoring import judging, months
from scoring.judging import Claim, Months
from scoring.models import Correction, Portfolio, UsageMonth
from scoring.parsing import INTUNE_EMS
from scoring.people import Certificate
from scoring.rule_sets import vocabulary

# One join: a firm's associations with the figures of both months. Columns as judging.Claim.
CLAIMS = """
SELECT a.tenant_id, a.workload, a.option, a.begins, a.ends, a.state, 0,
       CAST(a.begins_on AS text), CAST(a.ended_on AS text),
       a.baseline_month, a.baseline_seats, a.baseline_users,
       n.seats, n.users, t.seats, t.users
FROM scoring_association a
LEFT JOIN scoring_usagemonth n
  ON n.portfolio_id = %(portfolio)s AND n.month = %(last)s
 AND n.tenant_id = a.tenant_id AND n.workload = a.workload AND n.option = a.option{now}
LEFT JOIN scoring_usagemonth t
  ON t.portfolio_id = %(portfolio)s AND t.month = %(comparison)s
 AND t.tenant_id = a.tenant_id AND t.workload = a.workload AND t.option = a.option{then}
WHERE a.portfolio_id = %(portfolio)s AND (n.seats IS NOT NULL OR t.seats IS NOT NULL){tenants}
ORDER BY a.tenant_id, a.workload, a.option, a.begins
"""
Row = tuple[Any, ...]  # the fields of a Claim, in order


def read(
    portfolio: Portfolio, pair: Months, tenants: Collection[int] | None = None
) -> Sequence[Row]:
    """Claims of a firm (or of some of its tenants) with data in one of the two months.

    In the order of tenant, workload, option and beginning; each as the fields of a ``Claim``.
    """
    params: dict[str, Any] = {
        "portfolio": portfolio.pk,
        "last": pair.last,
        "comparison": pair.comparison,
    }
    conditions = dict.fromkeys(("tenants", "now", "then"), "")
    if tenants is not None:
        if not tenants:
            return []
        # Whole numbers of our own: written out, because SQLite takes a limited number of values.
        # For each table, so that the key of each serves.
        wanted = ", ".join(str(int(one)) for one in tenants)
        for name, table in (("tenants", "a"), ("now", "n"), ("then", "t")):
            conditions[name] = f" AND {table}.tenant_id IN ({wanted})"
    statement = CLAIMS.format(**conditions)
    if tenants is None and connection.vendor == "postgresql":
        rows = _fetch_all_postgresql(statement, params)
    else:
        rows = _fetch(statement, params)
    if any(row[1] == INTUNE_EMS for row in rows):
        rows = _merge_intune(rows)
    known = corrections(portfolio)
    if known.of_claims:
        rows = _correct(portfolio, rows, known, pair)
    return rows


def _fetch(statement: str, params: dict[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


def _fetch_all_postgresql(statement: str, params: dict[str, Any]) -> list[Row]:
    """All claims of a firm. Without statistics of a table that has just been filled, PostgreSQL
    takes every month for a single row and walks through all of them once a claim (1.1 s in place
    of 11 ms for 4,000 claims); a hash join is right whatever it knows.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(statement, params)
        rows: list[Row] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
        return rows


def _merge_intune(rows: Iterable[Row]) -> list[Row]:
    """EMSUsage tells of Intune where OfficeUsage does not; never both."""
    intune = vocabulary().workload_numbers["intune"]
    kept: list[Row] = []
    own: dict[tuple[int, int], list[Row]] = {}
    other: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        if row[1] == INTUNE_EMS:
            other.setdefault((row[0], row[2]), []).append(row)
        elif row[1] == intune:
            own.setdefault((row[0], row[2]), []).append(row)
        else:
            kept.append(row)
    for key in own.keys() | other.keys():
        office, ems = own.get(key, []), other.get(key, [])
        if not office:
            kept += [(row[0], intune, *row[2:]) for row in ems]
            continue
        spare = ems[-1] if ems else None
        for row in office:
            now, then = row[12:14], row[14:16]
            if spare is not None:
                now = spare[12:14] if now[0] is None else now
                then = spare[14:16] if then[0] is None else then
            kept.append((*row[:12], *now, *then))
    return sorted(kept, key=lambda row: row[:4])


# ---- Corrections ---------------------------------------------------------------------------------

Field = Correction.Field
ClaimKey = tuple[int, int, int]  # tenant, workload, option


@dataclass(slots=True)
class Corrections:
    """The standing corrections of a firm: for each fact the newest."""

    ids: list[str] = field(default_factory=list)
    of_claims: dict[ClaimKey, dict[str, Correction]] = field(default_factory=dict)
    of_people: dict[str, dict[str, Correction]] = field(default_factory=dict)
    of_certificates: dict[tuple[str, str, date], Correction] = field(default_factory=dict)


def corrections(portfolio: Portfolio) -> Corrections:
    found = Corrections()
    standing = Correction.objects.filter(portfolio=portfolio).standing()
    for row in standing.order_by("made_at", "pk"):
        found.ids.append(str(row.pk))
        if row.tenant_id is not None:
            key = (row.tenant_id, row.workload or 0, row.option or 0)
            found.of_claims.setdefault(key, {})[row.field] = row
        elif row.field == Field.EXPIRES_ON and row.completed_on is not None:
            found.of_certificates[row.person_key, row.certification, row.completed_on] = row
        else:
            found.of_people.setdefault(row.person_key, {})[row.field] = row
    return found


def _correct(
    portfolio: Portfolio, rows: Sequence[Row], known: Corrections, pair: Months
) -> list[Row]:
    """Lay corrections over claims: over the newest interval of each."""
    newest = {row[:3]: place for place, row in enumerate(rows)}
    corrected = list(rows)
    for key, fields in known.of_claims.items():
        place = newest.get(key)
        if place is not None:
            corrected[place] = _corrected(portfolio, Claim(*rows[place]), fields, pair)
    return corrected


def _corrected(
    portfolio: Portfolio, claim: Claim, fields: dict[str, Correction], pair: Months
) -> Claim:
    begin, end = fields.get(Field.BEGINS_ON), fields.get(Field.ENDED_ON)
    if end is not None:
        day = end.value_day
        claim = claim._replace(
            ends=judging.NO_END if day is None else months.number(day),
            ended_on=None if day is None else day.isoformat(),
            marks=claim.marks | judging.END_CORRECTED,
        )
    if begin is not None and begin.value_day is not None:
        begins = months.number(begin.value_day)
        month, seats, users = _first_figures(portfolio, claim, begins)
        claim = claim._replace(
            begins=begins,
            begins_on=begin.value_day.isoformat(),
            baseline_month=month,
            baseline_seats=seats,
            baseline_users=users,
            marks=claim.marks | judging.BEGIN_CORRECTED,
        )
    baseline = fields.get(Field.BASELINE)
    if baseline is not None:
        claim = claim._replace(
            baseline_users=baseline.value_number,
            marks=claim.marks | judging.BASELINE_CORRECTED,
        )
    return claim


def _first_figures(
    portfolio: Portfolio, claim: Claim, begins: int
) -> tuple[int | None, int | None, int | None]:
    rows = UsageMonth.objects.filter(
        portfolio=portfolio,
        # The months by name: each is one step into the key, where "from then on" would be a walk.
        month__in=[
            month
            for month in portfolio.months_of_data.values_list("month", flat=True)
            if begins <= month <= claim.ends
        ],
        tenant=claim.tenant,
        workload=claim.workload,
        option=claim.option,
    )
    first = rows.order_by("month").values_list("month", "seats", "users").first()
    return first or (None, None, None)


# ---- People --------------------------------------------------------------------------------------


def certificates(portfolio: Portfolio) -> list[Certificate]:
    """A firm's certificates, as corrected: expiry, people who left, and who is the same person."""
    rows = [
        Certificate(*row)
        for row in portfolio.certificates.values_list(
            "person_key",
            "person_name",
            "email",
            "certification",
            "completed_on",
            "expires_on",
            "is_linked",
        )
    ]
    known = corrections(portfolio)
    if not known.of_people and not known.of_certificates:
        return rows
    return [_corrected_certificate(row, known) for row in rows]


def _corrected_certificate(row: Certificate, known: Corrections) -> Certificate:
    expiry = known.of_certificates.get((row.person, row.certification, row.completed_on))
    if expiry is not None:
        row = row._replace(expires_on=expiry.value_day)
    person, seen = row.person, {row.person}
    while (same := known.of_people.get(person, {}).get(Field.SAME_PERSON)) is not None:
        person = same.value_text
        if person in seen:  # two people that are each other: the first name stands
            break
        seen.add(person)
    left = any(Field.LEFT in known.of_people.get(key, {}) for key in seen)
    return row._replace(person=person, is_linked=row.is_linked and not left)
