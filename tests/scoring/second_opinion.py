"""A firm's counts a second time: with another engine, from the kept originals.

DuckDB reads the columns of each kept file as the text that stood there. All that is known here
about names, dates and rules is written in this file, from the pages the rules come from: nothing of
the product is imported, so that the two cannot share a mistake.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

Counts = dict[tuple[str, str, str], int]  # (track, metric, option) -> value, without zeros


class Original(NamedTuple):
    kind: str  # office-usage, cpor, claims, ems or training
    path: Path


# ---- Names ---------------------------------------------------------------------------------------

# Compared by letters and digits in lower case.
WORKLOADS = {
    "intune": ["intune"],
    "exchange": ["exchange", "exchangeonline", "exo"],
    "m365apps": ["microsoft365apps", "proplus"],
    "sharepoint": ["sharepoint", "sharepointonline", "spo"],
    "teams": ["teams", "microsoftteams"],
    "teams_meetings": ["teamsmeetings"],
    "teams_phone": ["teamsphone", "teamstelefon"],
    "teams_phone_calling": [
        "teamsphonecalling",
        "teamstelefoncalling",
        "teamsphonecalling1p",
        "teamsphonecalling3p",
    ],
    "teams_apps": ["teamsapps", "teamsplatform"],
    "viva_engage": ["vivaengage", "yammer"],
    "viva_insights": ["vivainsights"],
    "viva_topics": ["vivatopics"],
    "viva_learning": ["vivalearning"],
    "viva_connections": ["vivaconnections", "vivaverbindenions"],
    "m365_copilot": ["m365copilot"],
    "entra_id_p1": ["entraidp1", "aadp"],
    "windows365": ["windows365"],
    "viva_goals": ["vivagoals"],
    "teams_frontline": ["teamsfrontline"],
    "teams_phone_enabled_users": ["teamsphoneenabledusers"],
    "teams_rooms": ["teamsroomsdevices", "teamsrooms"],
    "teams_premium": ["teamspremium"],
}
IN_2023 = list(WORKLOADS)[:14]
CERTIFICATIONS = {
    # key: (title in the export, metric, does it expire, rule sets, the last day of its points)
    "MS-900": ("Microsoft 365 Certified: Fundamentals", "intermediate", False, {2023, 2026}, None),
    "MS-600": (
        "Microsoft 365 Certified: Teams Application Developer Associate",
        "intermediate",
        True,
        {2023},
        None,
    ),
    "MS-700": (
        "Microsoft 365 Certified: Teams Administrator Associate",
        "intermediate",
        True,
        {2023, 2026},
        None,
    ),
    "SC-300": (
        "Microsoft Certified: Identity and Access Administrator Associate",
        "intermediate",
        True,
        {2023, 2026},
        None,
    ),
    "MS-102": (
        "Microsoft 365 Certified: Administrator Expert",
        "advanced",
        True,
        {2023, 2026},
        None,
    ),
}
RULE_SETS = {"modern-work-2023": 2023, "modern-work-2026": 2026}
TRACKS = (  # name, seats from, seats to, options
    ("enterprise", 301, 10**9, ("CPOR", "DPOR")),
    ("smb", 11, 300, ("CPOR", "CSP")),
)

# ---- Reading -------------------------------------------------------------------------------------

NORMAL = "lower(regexp_replace({}, '[^A-Za-z0-9]', '', 'g'))"
OPTION = """
CASE WHEN {0} IN ('cporosa', 'cporrevrec') THEN NULL
     WHEN starts_with({0}, 'cpor') THEN 'CPOR'
     WHEN {0} IN ('csptier1', 'csptier2') THEN 'CSP'
     WHEN {0} IN ('dpor', 'por', 'partnerofrecord', 'digitalpartnerofrecord') THEN 'DPOR'
END
"""
DAY = """
CAST(try_strptime(NULLIF(NULLIF({0}, ''), 'NA'),
                  ['%Y-%m-%d', '%m/%d/%Y', '%d.%m.%Y', '%b-%Y', '%Y-%m']) AS DATE)
"""
COUNT = "CAST(replace(coalesce(nullif({0}, ''), '0'), ',', '') AS INT)"
MONTH = "(year({0}) * 12 + month({0}) - 1)"
TENANT = "lower(regexp_replace({0}, '[^A-Za-z0-9]', '', 'g'))"


class _Columns:
    """The columns of one kept file, by any of the names that an export may have for them."""

    def __init__(self, base: duckdb.DuckDBPyConnection, path: Path) -> None:
        rows = base.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        self.names = {str(row[0]).casefold(): str(row[0]) for row in rows}

    def __call__(self, *names: str) -> str:
        for name in names:
            if (found := self.names.get(name.casefold())) is not None:
                return f'"{found}"'
        return "NULL"


def _read(base: duckdb.DuckDBPyConnection, originals: Sequence[Original]) -> None:
    base.execute(
        """
        CREATE TABLE names (workload TEXT, name TEXT);
        CREATE TABLE said (file INT, tenant TEXT, workload TEXT, option TEXT, month INT,
                           seats INT, users INT, begins DATE, ended DATE, state TEXT);
        CREATE TABLE subscriptions (file INT, tenant TEXT, option TEXT, part TEXT, month INT,
                                    seats INT, users INT);
        CREATE TABLE certificates (file INT, person TEXT, mail TEXT, certification TEXT,
                                   completed DATE, expires DATE, linked BOOLEAN);
        """
    )
    base.executemany(
        "INSERT INTO names VALUES (?, ?)",
        [(key, name) for key, names in WORKLOADS.items() for name in names],
    )
    for place, (kind, path) in enumerate(originals):
        if kind == "training":
            _read_certificates(base, place, path)
        elif kind == "ems":
            _read_subscriptions(base, place, path)
        else:
            _read_usage(base, place, path)


def _read_usage(base: duckdb.DuckDBPyConnection, place: int, path: Path) -> None:
    column = _Columns(base, path)
    value = column("PartnerAttributionType", "PartnerAttachType")
    option = "'CPOR'" if value == "NULL" else OPTION.format(NORMAL.format(value))
    month = MONTH.format(DAY.format(column("Month", "MonthKey", "Date")))
    seats, users = column("PaidAvailableUnits"), column("MonthlyActiveUsers")
    base.execute(
        f"""
        INSERT INTO said
        SELECT ?, tenant, names.workload, option, month, seats, users, begins, ended, state
        FROM (
            SELECT {TENANT.format(column("CustomerTenantId"))} AS tenant,
                   {NORMAL.format(column("WorkloadName", "Workload"))} AS name,
                   {option} AS option,
                   {"NULL" if seats == "NULL" else month} AS month,
                   {"NULL" if seats == "NULL" else COUNT.format(seats)} AS seats,
                   {"NULL" if users == "NULL" else COUNT.format(users)} AS users,
                   {DAY.format(column("DateAssociated"))} AS begins,
                   {DAY.format(column("DateEnded"))} AS ended,
                   nullif({column("ClaimStatus")}, '') AS state
            FROM read_parquet(?)
        ) JOIN names USING (name)
        WHERE option IS NOT NULL
        """,  # noqa: S608 -- names of columns and expressions of this module
        [place, str(path)],
    )


def _read_subscriptions(base: duckdb.DuckDBPyConnection, place: int, path: Path) -> None:
    column = _Columns(base, path)
    value = NORMAL.format(column("PartnerAttributionType"))
    base.execute(
        f"""
        INSERT INTO subscriptions
        SELECT ?, {TENANT.format(column("CustomerTenantId"))}, {OPTION.format(value)} AS option,
               {value} || '/' || {column("PartnerLocationID")},
               {MONTH.format(DAY.format(column("Month")))},
               {COUNT.format(column("IntunePaidAvailableUnits"))},
               {COUNT.format(column("IntuneMonthlyActiveUsers"))}
        FROM read_parquet(?)
        WHERE option IS NOT NULL
        """,  # noqa: S608 -- names of columns and expressions of this module
        [place, str(path)],
    )


def _read_certificates(base: duckdb.DuckDBPyConnection, place: int, path: Path) -> None:
    column = _Columns(base, path)
    titles = " ".join(
        f"WHEN {column('TrainingTitle')} = '{title}' THEN '{key}'"
        for key, (title, *_rest) in CERTIFICATIONS.items()
    )
    base.execute(
        f"""
        INSERT INTO certificates
        SELECT ?, coalesce('id ' || nullif({column("MCPID")}, ''), lower({column("CorpEmail")})),
               nullif(lower({column("CorpEmail")}), ''),
               CASE {titles} END AS certification,
               {DAY.format(column("TrainingCompletionDate"))},
               {DAY.format(column("ExpirationDate"))},
               lower({column("ActivationStatus")}) <> 'inactive'
        FROM read_parquet(?)
        WHERE lower({column("TrainingType")}) = 'certification' AND certification IS NOT NULL
        """,  # noqa: S608 -- names of columns and expressions of this module
        [place, str(path)],
    )


# ---- Facts ---------------------------------------------------------------------------------------

FACTS = """
-- In one file the larger figures of a key stand, of several files the last one's.
CREATE TABLE office AS
WITH in_file AS (
    SELECT file, tenant, workload, option, month, max(seats) AS seats, max(users) AS users
    FROM said WHERE month IS NOT NULL
    GROUP BY file, tenant, workload, option, month
)
SELECT tenant, workload, option, month, arg_max(seats, file) AS seats, arg_max(users, file) AS users
FROM in_file GROUP BY tenant, workload, option, month;

-- A row a subscription: they add up, but a location or another tier repeats all of them.
CREATE TABLE ems AS
WITH parts AS (
    SELECT file, tenant, option, part, month, sum(seats) AS seats, max(users) AS users
    FROM subscriptions GROUP BY file, tenant, option, part, month
), in_file AS (
    SELECT file, tenant, option, month, max(seats) AS seats, max(users) AS users
    FROM parts GROUP BY file, tenant, option, month
)
SELECT tenant, 'intune' AS workload, option, month,
       arg_max(seats, file) AS seats, arg_max(users, file) AS users
FROM in_file GROUP BY tenant, option, month;

-- Never twice: EMSUsage where OfficeUsage has no Intune.
CREATE TABLE figures AS
SELECT * FROM office
UNION ALL
SELECT * FROM ems ANTI JOIN office USING (tenant, workload, option, month);

-- From when to when. Two pairs of dates are two intervals; else the last word counts.
CREATE TABLE dates AS
WITH dated AS (
    SELECT *, bool_or(begins IS NOT NULL AND ended IS NOT NULL)
              OVER (PARTITION BY tenant, workload, option) AS in_pairs
    FROM said WHERE begins IS NOT NULL OR ended IS NOT NULL
), in_file AS (
    SELECT file, tenant, workload, option, min(begins) AS begins, max(ended) AS ended
    FROM dated WHERE NOT in_pairs GROUP BY file, tenant, workload, option
)
SELECT DISTINCT tenant, workload, option, begins, ended FROM dated
WHERE in_pairs AND begins IS NOT NULL
UNION ALL
SELECT tenant, workload, option,
       arg_max(begins, file) FILTER (WHERE begins IS NOT NULL),
       arg_max(ended, file) FILTER (WHERE ended IS NOT NULL)
FROM in_file GROUP BY tenant, workload, option;

CREATE TABLE states AS
SELECT tenant, workload, option, arg_max(state, file) AS state
FROM said WHERE state IS NOT NULL GROUP BY tenant, workload, option;

CREATE TABLE intervals AS
SELECT keys.tenant, keys.workload, keys.option,
       coalesce((year(begins) * 12 + month(begins) - 1),
                least(keys.first_month, (year(ended) * 12 + month(ended) - 1))) AS begins,
       coalesce((year(ended) * 12 + month(ended) - 1), 99999) AS ends,
       coalesce(state, 'Approved') = 'Approved' AS counts
FROM (
    SELECT tenant, workload, option, min(month) AS first_month FROM figures
    GROUP BY tenant, workload, option
) AS keys
LEFT JOIN dates USING (tenant, workload, option)
LEFT JOIN states USING (tenant, workload, option);
"""

# ---- Rules ---------------------------------------------------------------------------------------

CLAIMS = """
CREATE TABLE claims AS
SELECT i.tenant, i.workload, i.option, i.begins,
       i.counts AND n.seats IS NOT NULL AND $last BETWEEN i.begins AND i.ends AS holds_now,
       i.counts AND t.seats IS NOT NULL AND $comparison BETWEEN i.begins AND i.ends AS holds_then,
       n.seats AS now_seats, n.users AS now_users, t.seats AS then_seats, t.users AS then_users,
       (SELECT arg_min(f.seats, f.month) FROM figures f WHERE (f.tenant, f.workload, f.option)
        = (i.tenant, i.workload, i.option) AND f.month BETWEEN i.begins AND i.ends) AS base_seats,
       (SELECT arg_min(f.users, f.month) FROM figures f WHERE (f.tenant, f.workload, f.option)
        = (i.tenant, i.workload, i.option) AND f.month BETWEEN i.begins AND i.ends) AS base_users
FROM intervals i
LEFT JOIN figures n ON (n.tenant, n.workload, n.option, n.month)
                     = (i.tenant, i.workload, i.option, $last)
LEFT JOIN figures t ON (t.tenant, t.workload, t.option, t.month)
                     = (i.tenant, i.workload, i.option, $comparison);
"""
COUNTS = """
WITH known AS (
    SELECT *, list_contains($for_adds, workload) AS adds,
           -- Held in the comparison month, by this interval or an earlier one.
           bool_or(holds_then) OVER (PARTITION BY tenant, workload, option) AS was_held
    FROM claims WHERE list_contains($workloads, workload) AND list_contains($options, option)
), eligible AS (
    SELECT tenant,
           bool_or(adds AND holds_then AND then_seats BETWEEN $low AND $high) AS adds_then,
           bool_or(holds_then AND then_seats BETWEEN $low AND $high) AS then,
           bool_or(adds AND holds_now AND now_seats BETWEEN $low AND $high)
               OR ($promotes AND adds_then AND bool_or(adds AND holds_now AND now_seats > $high))
               AS adds_now,
           bool_or(holds_now AND now_seats BETWEEN $low AND $high)
               OR ($promotes AND "then" AND bool_or(holds_now AND now_seats > $high)) AS now
    FROM known GROUP BY tenant
), judged AS (
    SELECT known.*, eligible.now AND holds_now AS is_now, eligible.then AND holds_then AS is_then,
           begins > $comparison AND NOT was_held AS is_new
    FROM known JOIN eligible USING (tenant)
), options AS (
    SELECT tenant, option,
           coalesce(sum(now_users) FILTER (WHERE is_now), 0)
               - coalesce(sum(then_users) FILTER (WHERE is_then), 0)
               - coalesce(sum(base_users) FILTER (WHERE is_now AND is_new), 0) AS growth,
           bool_or(is_now AND now_seats > 0 AND now_users * 5 >= now_seats * 2
                   AND NOT (is_new AND base_seats > 0 AND base_users * 5 > base_seats * 2))
               AS deployed_now,
           bool_or(is_then AND then_seats > 0 AND then_users * 5 >= then_seats * 2)
               AS deployed_then
    FROM judged GROUP BY tenant, option
)
SELECT 'net_customer_adds', '', sum(CAST(adds_now AS INT) - CAST(adds_then AS INT)) FROM eligible
UNION ALL
SELECT 'usage_growth', option, sum(growth) FROM options GROUP BY option
UNION ALL
SELECT 'deployments', option, sum(CAST(deployed_now AS INT) - CAST(deployed_then AS INT))
FROM options GROUP BY option
"""
PEOPLE = """
WITH last_word AS (
    SELECT person, certification, completed, arg_max(mail, file) AS mail,
           arg_max(struct_pack(day := expires), file).day AS expires,
           arg_max(linked, file) AS linked
    FROM certificates GROUP BY person, certification, completed
), owners AS (
    -- Who has no id is the one with an id and this address.
    SELECT mail, min(person) AS person FROM last_word
    WHERE starts_with(person, 'id ') AND mail IS NOT NULL GROUP BY mail
)
SELECT count(DISTINCT CASE WHEN starts_with(c.person, 'id ') THEN c.person
                           ELSE coalesce(o.person, c.person) END)
FROM last_word c LEFT JOIN owners o USING (mail)
WHERE list_contains($certifications, certification) AND linked AND completed <= $day
  AND (list_contains($lasting, certification) OR expires IS NULL OR expires >= $day)
"""


def counts(originals: Sequence[Original], as_of: date) -> dict[str, Counts]:
    """Every count of both tracks by rule set, from the kept files in the order of their import."""
    with duckdb.connect() as base:
        _read(base, originals)
        base.execute(FACTS)
        newest = base.execute(
            "SELECT max(month) FROM figures WHERE month < ?", [as_of.year * 12 + as_of.month - 1]
        ).fetchone()
        last = newest[0] if newest is not None else None
        if last is not None:
            base.execute(CLAIMS, {"last": last, "comparison": last - 12})
        return {key: _under(base, year, last, as_of) for key, year in RULE_SETS.items()}


def _under(base: duckdb.DuckDBPyConnection, year: int, last: int | None, as_of: date) -> Counts:
    found: Counts = {}
    for track in TRACKS:
        if last is not None:
            found |= _of_track(base, track, year, last - 12)
    for metric in ("intermediate", "advanced"):
        value = _people(base, metric, year, as_of)
        for name, *_rest in TRACKS:
            found[name, f"{metric}_certifications", ""] = value
    return {key: value for key, value in found.items() if value}


def _of_track(
    base: duckdb.DuckDBPyConnection,
    track: tuple[str, int, int, tuple[str, ...]],
    year: int,
    comparison: int,
) -> Counts:
    name, low, high, options = track
    workloads = IN_2023 if year == 2023 else list(WORKLOADS)
    params: dict[str, Any] = {
        "workloads": workloads,
        "for_adds": [workload for workload in workloads if workload != "teams_premium"],
        "options": list(options),
        "low": low,
        "high": high,
        "promotes": year == 2026 and name == "smb",
        "comparison": comparison,
    }
    rows = base.execute(COUNTS, params).fetchall()
    return {(name, metric, option): int(value or 0) for metric, option, value in rows}


def _people(base: duckdb.DuckDBPyConnection, metric: str, year: int, as_of: date) -> int:
    own = {key: row for key, row in CERTIFICATIONS.items() if row[1] == metric and year in row[3]}
    params = {
        "certifications": list(own),
        "lasting": [key for key, row in own.items() if not row[2]],
        "day": as_of,
    }
    row = base.execute(PEOPLE, params).fetchone()
    return 0 if row is None else int(row[0])
