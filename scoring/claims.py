"""A firm's facts as the judge sees them: claims with both months, people with their certificates.

Corrections are laid over what the files said here, and nowhere else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction

from scoring import bulk, judging, months
from scoring.judging import Claim, Months
from scoring.models import Association, Correction, Portfolio, UsageMonth
from scoring.people import Certificate, same_people
from scoring.reading.parsing import INTUNE_EMS
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
WHERE a.portfolio_id = %(portfolio)s
  AND (n.seats IS NOT NULL OR t.seats IS NOT NULL OR a.workload = %(ems)s){tenants}
ORDER BY a.tenant_id, a.workload, a.option, a.begins
"""
Row = tuple[Any, ...]  # the fields of a Claim, in order


def read(
    portfolio: Portfolio,
    pair: Months,
    tenants: Collection[int] | None = None,
    *,
    known: "Corrections | None" = None,
) -> Sequence[Row]:
    """Claims of a firm (or of some of its tenants) with data in one of the two months.

    In the order of tenant, workload, option and beginning; each as the fields of a ``Claim``.
    ``known`` are the firm's corrections, where they have been read already.
    """
    params: dict[str, Any] = {
        "portfolio": portfolio.pk,
        "last": pair.last,
        "comparison": pair.comparison,
        "ems": INTUNE_EMS,
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
        rows = bulk.fetch(statement, params)
    if any(row[1] == INTUNE_EMS for row in rows):
        merged = _merge_intune(portfolio, rows)
        rows = [row for row in merged if row[12] is not None or row[14] is not None]
    known = corrections(portfolio) if known is None else known
    return _correct(portfolio, rows, known) if known.of_claims else rows


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


def _merge_intune(portfolio: Portfolio, rows: Iterable[Row]) -> list[Row]:
    """EMSUsage tells of Intune where OfficeUsage does not; never both.

    Told of by both it is one claim: month by month with the figures of OfficeUsage, else those of
    EMSUsage, and with the dates of the one that has some.
    """
    intune = vocabulary().workload_numbers["intune"]
    kept: list[Row] = []
    own: dict[tuple[int, int], Row] = {}
    other: dict[tuple[int, int], list[Claim]] = {}
    for row in rows:
        if row[1] == INTUNE_EMS:
            other.setdefault((row[0], row[2]), []).append(Claim._make(row))
        else:
            kept.append(row)
            if row[1] == intune:
                own[row[0], row[2]] = row
    told = _associations(portfolio, {key[0] for key in other}, workload=intune)
    both: list[Claim] = []
    for (tenant, option), ems in other.items():
        office = told.get((tenant, intune, option), [])
        if not office:
            kept += [claim._replace(workload=intune) for claim in ems]
            continue
        now, then = ems[-1][12:14], ems[-1][14:16]
        if (mine := own.get((tenant, option))) is not None:
            now = now if mine[12] is None else mine[12:14]
            then = then if mine[14] is None else mine[14:16]
        both += [Claim._make((*claim[:12], *now, *then)) for claim in _told_twice(office, ems)]
    if both:
        replaced = {(claim.tenant, claim.option) for claim in both}
        kept = [row for row in kept if row[1] != intune or (row[0], row[2]) not in replaced]
        first = _first_figures(portfolio, both)
        kept += [_since(claim, first) for claim in both]
    return sorted(kept, key=lambda row: row[:4])


def _told_twice(office: Sequence[Claim], ems: Sequence[Claim]) -> list[Claim]:
    """The intervals of one association that two kinds of file tell of."""
    own, other = (office, ems) if _has_dates(office) or not _has_dates(ems) else (ems, office)
    seen = [claim.begins for claim in other if claim.begins_on is None]
    state = office[-1].state or ems[-1].state
    return [
        claim._replace(
            workload=office[0].workload,
            begins=claim.begins if claim.begins_on else min([claim.begins, *seen]),
            state=state,
        )
        for claim in own
    ]


def _has_dates(claims: Iterable[Claim]) -> bool:
    return any(claim.begins_on or claim.ended_on for claim in claims)


# ---- Corrections ---------------------------------------------------------------------------------

Field = Correction.Field
ClaimKey = tuple[int, int, int]  # tenant, workload, option


@dataclass(slots=True)
class Corrections:
    """The standing corrections of a firm, oldest first: of one fact the last one counts."""

    ids: list[str] = field(default_factory=list)
    of_claims: dict[ClaimKey, list[Correction]] = field(default_factory=dict)
    of_people: dict[str, dict[str, Correction]] = field(default_factory=dict)
    of_certificates: dict[tuple[str, str, date], Correction] = field(default_factory=dict)


ANY_CORRECTION = """
SELECT 1 FROM scoring_correction WHERE portfolio_id = %s AND withdrawn_at IS NULL LIMIT 1
"""


def corrections(portfolio: Portfolio) -> Corrections:
    found = Corrections()
    if not bulk.fetch(ANY_CORRECTION, [portfolio.pk]):  # as with most firms
        return found
    standing = Correction.objects.filter(portfolio=portfolio).standing()
    for row in standing.order_by("made_at", "pk"):
        found.ids.append(str(row.pk))
        if row.tenant_id is not None:
            key = (row.tenant_id, row.workload or 0, row.option or 0)
            found.of_claims.setdefault(key, []).append(row)
        elif row.field == Field.EXPIRES_ON and row.completed_on is not None:
            found.of_certificates[row.person_key, row.certification, row.completed_on] = row
        else:
            found.of_people.setdefault(row.person_key, {})[row.field] = row
    return found


def intervals(portfolio: Portfolio, tenants: Collection[int]) -> dict[ClaimKey, list[Claim]]:
    """All associations of these tenants as the files say, with data or without.

    By (tenant, workload, option), each in order of time; without the figures of any month.
    """
    rows = [claim for own in _associations(portfolio, tenants).values() for claim in own]
    if any(claim.workload == INTUNE_EMS for claim in rows):
        return _by_key(_merge_intune(portfolio, rows))
    return _by_key(rows)


def _associations(
    portfolio: Portfolio, tenants: Collection[int], **only: int
) -> dict[ClaimKey, list[Claim]]:
    found = Association.objects.filter(portfolio=portfolio, tenant__in=tenants, **only)
    return _by_key(
        Claim(
            tenant=row.tenant_id,
            workload=row.workload,
            option=row.option,
            begins=row.begins,
            ends=row.ends,
            state=row.state,
            begins_on=_iso(row.begins_on),
            ended_on=_iso(row.ended_on),
            baseline_month=row.baseline_month,
            baseline_seats=row.baseline_seats,
            baseline_users=row.baseline_users,
        )
        for row in found.order_by("pk")
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def corrected(
    portfolio: Portfolio, said: Mapping[ClaimKey, Sequence[Claim]], known: Corrections
) -> dict[ClaimKey, list[Claim]]:
    """``said`` with what was corrected laid over it, as a score sees it."""
    found = {key: lay_over(own, known.of_claims.get(key, ())) for key, own in said.items() if own}
    return _by_key(_with_first_figures(portfolio, [one for own in found.values() for one in own]))


def _by_key(rows: Iterable[Row]) -> dict[ClaimKey, list[Claim]]:
    found: dict[ClaimKey, list[Claim]] = {}
    for row in rows:
        found.setdefault((row[0], row[1], row[2]), []).append(Claim._make(row))
    return found


def _correct(portfolio: Portfolio, rows: Sequence[Row], known: Corrections) -> Sequence[Row]:
    """Lay corrections over the claims of a firm."""
    touched = _by_key(row for row in rows if row[:3] in known.of_claims)
    if not touched:
        return rows
    changed: list[Row] = [
        claim for own in corrected(portfolio, touched, known).values() for claim in own
    ]
    others = [row for row in rows if row[:3] not in touched]
    return sorted(others + changed, key=lambda row: row[:4])


def lay_over(said: Sequence[Claim], known: Iterable[Correction]) -> list[Claim]:
    """The intervals of one (tenant, workload, option) with the corrected values, in their order.

    The first figures since the beginning are still those that the files' dates gave.
    """
    newest: dict[tuple[int, str], Correction] = {}
    for correction in known:
        newest[place_of(said, correction), correction.field] = correction
    laid = []
    for place, claim in enumerate(said):
        fields = {field: row for (at, field), row in newest.items() if at == place}
        laid.append(_dated(claim, fields) if fields else claim)
    return laid


def separate(laid: Sequence[Claim]) -> list[Claim]:
    """``laid`` with each month in one interval only, the later one, so that it is counted once.

    A correction may have drawn an interval out into which a later file begins the next one.
    """
    apart = list(laid)
    for place in range(len(apart) - 1, 0, -1):
        if apart[place - 1].ends >= apart[place].begins:
            apart[place - 1] = apart[place - 1]._replace(ends=apart[place].begins - 1)
    return apart


def place_of(said: Sequence[Claim], correction: Correction) -> int:
    """Which of a claim's intervals a correction is about.

    The first that was not over in the month in which the interval began when it was corrected:
    files may date it differently since, or know of others before and after it.
    """
    if correction.value_text:
        month = months.parse_label(correction.value_text)
        for place, claim in enumerate(said):
            if claim.ends >= month:
                return place
    return len(said) - 1


def _dated(claim: Claim, fields: Mapping[str, Correction]) -> Claim:
    begin, end = fields.get(Field.BEGINS_ON), fields.get(Field.ENDED_ON)
    if begin is not None and begin.value_day is not None:
        claim = claim._replace(
            begins=months.number(begin.value_day),
            begins_on=begin.value_day.isoformat(),
            marks=claim.marks | judging.BEGIN_CORRECTED,
        )
    if end is not None:
        day = end.value_day
        claim = claim._replace(
            ends=judging.NO_END if day is None else months.number(day),
            ended_on=None if day is None else day.isoformat(),
            marks=claim.marks | judging.END_CORRECTED,
        )
    if (baseline := fields.get(Field.BASELINE)) is not None:
        claim = claim._replace(
            baseline_users=baseline.value_number,
            marks=claim.marks | judging.BASELINE_CORRECTED,
        )
    return claim


DATES_CORRECTED = judging.BEGIN_CORRECTED | judging.END_CORRECTED
AT_ONCE = 500  # claims whose figures are in memory at a time


def _with_first_figures(portfolio: Portfolio, claims: Sequence[Claim]) -> list[Claim]:
    """``claims`` with the first figures since they began, where a date of them was corrected."""
    wanted = [claim for claim in claims if claim.marks & DATES_CORRECTED]
    if not wanted:
        return list(claims)
    first = _first_figures(portfolio, wanted)
    return [_since(claim, first) if claim.marks & DATES_CORRECTED else claim for claim in claims]


FirstFigures = dict[tuple[ClaimKey, int], tuple[int, int, int]]  # by claim and beginning


def _first_figures(portfolio: Portfolio, wanted: Sequence[Claim]) -> FirstFigures:
    """(month, seats, users) of the first month with data of each claim, where it has one."""
    imported = list(portfolio.months_of_data.order_by("month").values_list("month", flat=True))
    first: FirstFigures = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        figures = _figures(portfolio, part, imported)
        for claim in part:
            key = (claim.tenant, claim.workload, claim.option)
            own = figures.get(key, {})
            month = min((one for one in own if claim.begins <= one <= claim.ends), default=None)
            if month is not None:
                first[key, claim.begins] = (month, *own[month])
    return first


def _since(claim: Claim, first: FirstFigures) -> Claim:
    """``claim`` with the first figures since it began; a corrected baseline stands."""
    key = (claim.tenant, claim.workload, claim.option)
    month, seats, users = first.get((key, claim.begins), (None, None, None))
    if claim.marks & judging.BASELINE_CORRECTED:
        users = claim.baseline_users
    return claim._replace(baseline_month=month, baseline_seats=seats, baseline_users=users)


def _figures(
    portfolio: Portfolio, claims: Sequence[Claim], imported: Iterable[int]
) -> dict[ClaimKey, dict[int, tuple[int, int]]]:
    """(seats, users) by month of these claims, from the beginning of the earliest on."""
    intune = vocabulary().workload_numbers["intune"]
    workloads = {claim.workload for claim in claims}
    earliest = min(claim.begins for claim in claims)
    rows = UsageMonth.objects.filter(
        portfolio=portfolio,
        # The months by name: each is one step into the key, where "from then on" would be a walk.
        month__in=[month for month in imported if month >= earliest],
        tenant__in={claim.tenant for claim in claims},
        workload__in=workloads | ({INTUNE_EMS} if intune in workloads else set()),
    )
    found: dict[ClaimKey, dict[int, tuple[int, int]]] = {}
    for tenant, workload, option, month, seats, users in rows.values_list(
        "tenant_id", "workload", "option", "month", "seats", "users"
    ):
        if workload == INTUNE_EMS:
            found.setdefault((tenant, intune, option), {}).setdefault(month, (seats, users))
        else:
            found.setdefault((tenant, workload, option), {})[month] = (seats, users)
    return found


# ---- People --------------------------------------------------------------------------------------


def certificates(portfolio: Portfolio, known: Corrections | None = None) -> list[Certificate]:
    """A firm's certificates, as corrected: expiry, people who left, and who is the same person.

    ``known`` are the firm's corrections, where they have been read already.
    """
    known = corrections(portfolio) if known is None else known
    return correct_certificates(said_certificates(portfolio), known)


def said_certificates(portfolio: Portfolio) -> list[Certificate]:
    """A firm's certificates as the files say, each with the best key of a person it had."""
    return [
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


def correct_certificates(said: Sequence[Certificate], known: Corrections) -> list[Certificate]:
    """``said`` as corrected, in the same order."""
    rows = list(said)
    if not known.of_people and not known.of_certificates:
        return rows
    left = {key for key, fields in known.of_people.items() if Field.LEFT in fields}
    gone: set[str] = set()
    for place, row in enumerate(rows):
        expiry = known.of_certificates.get((row.person, row.certification, row.completed_on))
        chain = same_as(row.person, known)
        rows[place] = row._replace(
            person=chain[-1], expires_on=expiry.value_day if expiry else row.expires_on
        )
        if left.intersection(chain):
            gone.add(chain[-1])
    if gone:
        # Somebody leaves with all that is theirs, also what only the e-mail address shows as such.
        for own in same_people(rows).values():
            if any(row.person in gone for row in own):
                gone.update(row.person for row in own)
        rows = [row._replace(is_linked=False) if row.person in gone else row for row in rows]
    return rows


def same_as(person: str, known: Corrections) -> list[str]:
    """``person`` and whoever they are the same as, the one that stands for all of them last."""
    chain = [person]
    while (same := known.of_people.get(chain[-1], {}).get(Field.SAME_PERSON)) is not None:
        if same.value_text in chain:  # two people that are each other: both stay
            return [*chain, person]
        chain.append(same.value_text)
    return chain
