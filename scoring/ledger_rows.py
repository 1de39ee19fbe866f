"""Bring the rows of a ledger up to date: judge the tenants whose facts differ, write what changed.

A new revision is written beside the old one and becomes valid with the ledger's number, so a reader
sees one or the other and a run that is killed leaves nothing but rows nobody looks at.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, models, transaction

from scoring import bulk, claims, explaining, judging, people
from scoring.judging import Claim, Months, Rules
from scoring.models import (
    NEVER,
    Contribution,
    Ledger,
    PersonContribution,
    Portfolio,
    TenantFacts,
)
from scoring.rules import RuleSet

AT_ONCE = 4 * bulk.SQLITE_ROWS  # rows that one transaction may write on SQLite: about 50 ms
FACTS_FIELDS = ("ledger", "tenant", "since", "until", "claims", "derived", "unproven")
ROW_FIELDS = (
    "ledger",
    "track",
    "option",
    "tenant",
    "since",
    "until",
    "eligible_now",
    "eligible_then",
    "users_now",
    "users_then",
    "deployed_now",
    "deployed_then",
    "reason",
    "deployment_reason",
)
PERSON_FIELDS = (
    "ledger",
    "metric",
    "person",
    "since",
    "until",
    "counts",
    "reason",
    "name",
    "certification",
    "completed_on",
    "until_on",
)
RowKey = tuple[int, int, int]  # track, option, tenant
Values = tuple[Any, ...]
Part = tuple[Callable[[Sequence[Values]], None], Sequence[Values]]


class Overtaken(Exception):
    """Somebody else is writing this ledger, or the facts have changed: read them again."""


@dataclass(slots=True)
class Changes:
    """What the next revision adds and what it puts an end to."""

    facts: list[tuple[int, str, int, int]] = field(default_factory=list)
    gone_facts: list[tuple[int]] = field(default_factory=list)
    rows: list[tuple[RowKey, Values]] = field(default_factory=list)
    gone_rows: list[RowKey] = field(default_factory=list)
    people: list[Values] = field(default_factory=list)
    gone_people: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return (
            len(self.facts)
            + len(self.gone_facts)
            + len(self.rows)
            + len(self.gone_rows)
            + len(self.people)
            + len(self.gone_people)
        )


FIND = """
SELECT id, revision, writer FROM scoring_ledger
WHERE portfolio_id = %s AND rule_set = %s AND last_month = %s
"""


def find(portfolio: Portfolio, rule_set: RuleSet, pair: Months | None) -> Ledger:
    last_month = pair.last if pair else 0
    found = bulk.fetch(FIND, (portfolio.pk, rule_set.key, last_month))
    if not found:
        return Ledger.objects.get_or_create(
            portfolio=portfolio, rule_set=rule_set.key, last_month=last_month
        )[0]
    [(pk, revision, writer)] = found
    return Ledger(
        pk=pk,
        portfolio=portfolio,
        rule_set=rule_set.key,
        last_month=last_month,
        revision=revision,
        writer=writer,
    )


# ---- What differs --------------------------------------------------------------------------------


def tenant_changes(
    ledger: Ledger,
    portfolio: Portfolio,
    rules: Rules,
    pair: Months,
    changes: Changes,
    *,
    known: claims.Corrections,
    tenants: Collection[int] | None = None,
    thoroughly: bool = False,
) -> None:
    """Judge the tenants (some, or all of the firm) whose facts are not those of the ledger.

    ``thoroughly`` judges all of them: nothing is taken from what the ledger has.
    """
    found = claims.read(portfolio, pair, tenants, known=known)
    stored = _stored_facts(ledger, tenants)
    judged: dict[int, list[judging.Verdict]] = {}
    for tenant, rows in groupby(found, key=itemgetter(0)):
        own = list(rows)
        text = explaining.dump_claims(own)
        before = stored.pop(tenant, None)
        if before == text and not thoroughly:
            continue
        judged[tenant] = judging.judge(list(map(Claim._make, own)), rules)
        if before != text:
            if before is not None:
                changes.gone_facts.append((tenant,))
            changes.facts.append((tenant, text, *_undated(own, pair)))
    gone = list(stored)
    changes.gone_facts += [(tenant,) for tenant in gone]
    wanted = None if thoroughly else judged.keys() | set(gone)
    known_rows = _stored_rows(ledger, tenants, wanted)
    for tenant, verdicts in judged.items():
        for verdict in verdicts:
            key = (verdict[0], verdict[1], tenant)
            values = verdict[2:]
            row_before = known_rows.pop(key, None)
            if row_before == values:
                continue
            if row_before is not None:
                changes.gone_rows.append(key)
            changes.rows.append((key, values))
    # What is left belongs to tenants that were judged or are gone, in options they no longer have.
    changes.gone_rows += known_rows


def _undated(rows: Iterable[Sequence[Any]], pair: Months) -> tuple[int, int]:
    """(claims since the comparison month whose beginning is derived, claims not known as later)"""
    derived = unproven = 0
    for row in rows:
        begins, begins_on = row[3], row[7]
        derived += begins_on is None and begins > pair.comparison
        unproven += begins_on is None or begins <= pair.comparison
    return derived, unproven


STORED_FACTS = """
SELECT tenant_id, claims FROM scoring_tenantfacts
WHERE ledger_id = %s AND since <= %s AND until > %s{tenants}
"""
STORED_ROWS = """
SELECT track, option, tenant_id, eligible_now, eligible_then, users_now, users_then,
       deployed_now, deployed_then, reason, deployment_reason
FROM scoring_contribution
WHERE ledger_id = %s AND since <= %s AND until > %s{tenants}
"""


def _stored_facts(ledger: Ledger, tenants: Collection[int] | None) -> dict[int, str]:
    if not ledger.revision:
        return {}
    statement = STORED_FACTS.format(tenants="" if tenants is None else _among(tenants))
    rows = bulk.fetch(statement, (ledger.pk, ledger.revision, ledger.revision))
    return {tenant: text for tenant, text in rows}  # noqa: C416 -- the rows have two columns


def _stored_rows(
    ledger: Ledger, tenants: Collection[int] | None, wanted: Collection[int] | None
) -> dict[RowKey, Values]:
    """Rows of the tenants ``wanted`` (None: all) among ``tenants``, who are looked at (or all)."""
    if not ledger.revision or (wanted is not None and not wanted):
        return {}
    condition = ""
    if tenants is not None:
        # By name, so that the key serves: it has track and option before the tenant.
        condition = f" AND track IN (1, 2, 3, 4) AND option IN (0, 1, 2, 3, 4){_among(tenants)}"
    statement = STORED_ROWS.format(tenants=condition)
    rows = bulk.fetch(statement, (ledger.pk, ledger.revision, ledger.revision))
    return {row[:3]: row[3:] for row in rows if wanted is None or row[2] in wanted}


def _among(tenants: Collection[int]) -> str:
    """A condition in SQL; whole numbers of our own, written out: SQLite takes 250,000 at most."""
    return f" AND tenant_id IN ({', '.join(str(int(one)) for one in tenants) or 'NULL'})"


def people_changes(
    ledger: Ledger,
    portfolio: Portfolio,
    rule_set: RuleSet,
    as_of: date,
    changes: Changes,
    known: claims.Corrections,
) -> bool:
    """Judge all people on one day; returns whether the firm has certificates at all."""
    certificates = claims.certificates(portfolio, known)
    stored = {
        row[:2]: row[2:]
        for row in PersonContribution.objects.at(ledger.pk, ledger.revision).values_list(
            "metric", "person", *PERSON_FIELDS[5:]
        )
    }
    for standing in people.judge_people(certificates, rule_set, as_of):
        key, values = (standing.metric, standing.person), standing[2:]
        before = stored.pop(key, None)
        if before == values:
            continue
        if before is not None:
            changes.gone_people.append(key)
        changes.people.append((*key, *values))
    changes.gone_people += list(stored)
    return bool(certificates)


# ---- Writing -------------------------------------------------------------------------------------


def write_ahead(ledger: Ledger, changes: Changes) -> str:
    """Write a large revision in several transactions, before it becomes valid.

    Returns the token that ``complete`` asks for. Only where one writer stops all others (SQLite).
    """
    if connection.vendor != "sqlite" or len(changes) <= AT_ONCE:
        return ""
    token = uuid.uuid4().hex
    with transaction.atomic():
        Portfolio.objects.select_for_update().get(pk=ledger.portfolio_id)
        # Of a ledger that has moved on, what looks unfinished from here is valid by now.
        unmoved = Ledger.objects.filter(pk=ledger.pk, revision=ledger.revision)
        if not unmoved.update(writer=token):
            raise Overtaken
        discard_unfinished(ledger)
    pace = bulk.Pace()
    for store, part in _parts(ledger, changes, bulk.SQLITE_ROWS):
        pace.step()
        with transaction.atomic():
            still = Ledger.objects.filter(pk=ledger.pk, writer=token, revision=ledger.revision)
            if not still.exists():
                raise Overtaken
            store(part)
    return token


def complete(ledger: Ledger, changes: Changes, token: str) -> None:
    """Make the next revision valid, in the caller's transaction and under the firm's lock."""
    [(revision, writer)] = bulk.fetch(STATE, [ledger.pk])
    if revision != ledger.revision or (token and writer != token):
        raise Overtaken
    if not len(changes):
        return  # and who is writing the next revision goes on undisturbed
    if writer != token:
        discard_unfinished(ledger)  # of a writer that was killed, or that we overtake
    if not token:
        for store, part in _parts(ledger, changes, None):
            store(part)
    ledger.revision += 1
    with connection.cursor() as cursor:
        cursor.execute(VALID, [ledger.revision, ledger.pk])


STATE = "SELECT revision, writer FROM scoring_ledger WHERE id = %s"
VALID = "UPDATE scoring_ledger SET revision = %s, writer = '' WHERE id = %s"


def discard_unfinished(ledger: Ledger) -> None:
    """Take back what was written for a revision that never became valid."""
    for model in (TenantFacts, Contribution, PersonContribution):
        rows = model.objects.filter(ledger=ledger)
        rows.filter(since__gt=ledger.revision).delete()
        rows.filter(until__gt=ledger.revision, until__lt=NEVER).update(until=NEVER)


def _parts(ledger: Ledger, changes: Changes, size: int | None) -> Iterator[Part]:
    """The writes of a revision: (what to call, with which rows). What goes comes first."""
    since = ledger.revision + 1
    own = ledger.pk
    closing: list[tuple[type[models.Model], Sequence[str], Sequence[Values]]] = [
        (TenantFacts, ("tenant",), changes.gone_facts),
        (Contribution, ("track", "option", "tenant"), changes.gone_rows),
        (PersonContribution, ("metric", "person"), changes.gone_people),
    ]
    adding: list[tuple[type[models.Model], Sequence[str], Sequence[Values]]] = [
        (
            TenantFacts,
            FACTS_FIELDS,
            [(own, tenant, since, NEVER, *rest) for tenant, *rest in changes.facts],
        ),
        (
            Contribution,
            ROW_FIELDS,
            sorted((own, *key, since, NEVER, *values) for key, values in changes.rows),
        ),
        (
            PersonContribution,
            PERSON_FIELDS,
            [(own, *row[:2], since, NEVER, *row[2:]) for row in changes.people],
        ),
    ]
    for model, fields, gone in closing:
        for part in bulk.chunks(gone, size):
            yield partial(bulk.close, model, fields, ledger=own, revision=since), part
    for model, fields, rows in adding:
        for part in bulk.chunks(rows, size):
            yield partial(bulk.insert, model, fields), part


# ---- Reading -------------------------------------------------------------------------------------

SUMS = """
SELECT track, option, SUM(eligible_now - eligible_then), SUM(users_now - users_then),
       SUM(deployed_now - deployed_then)
FROM scoring_contribution
WHERE ledger_id = %s AND since <= %s AND until > %s
GROUP BY track, option
"""
UNDATED = """
SELECT COUNT(*), COALESCE(SUM(derived), 0), COALESCE(SUM(unproven), 0) FROM scoring_tenantfacts
WHERE ledger_id = %s AND since <= %s AND until > %s
"""
PEOPLE = """
SELECT metric, SUM(counts) FROM scoring_personcontribution
WHERE ledger_id = %s AND since <= %s AND until > %s
GROUP BY metric
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rows of a revision add up to."""

    tenants: list[tuple[Any, ...]]  # track, option, adds, growth, deployments
    people: dict[str, int]  # by metric
    tenant_count: int
    derived: int
    unproven: int

    def counts(self, rule_set: RuleSet) -> dict[str, dict[str, dict[str, int]]]:
        """The counts by track, metric and option, as ``rules.evaluate`` takes them."""
        tracks = {track.number: track.key for track in rule_set.tracks}
        options = {option.number: option.key for option in rule_set.options.values()}
        counts: dict[str, dict[str, dict[str, int]]] = {
            track: {metric: {"": value} for metric, value in self.people.items()}
            for track in tracks.values()
        }
        for track, option, adds, growth, deployments in self.tenants:
            own = counts[tracks[track]]
            if option == judging.ALONE:
                own[judging.NET_ADDS] = {"": int(adds)}
            else:
                key = options[option]
                own.setdefault(judging.GROWTH, {})[key] = int(growth)
                own.setdefault(judging.DEPLOYMENTS, {})[key] = int(deployments)
        return counts


def sums(ledger_id: int, revision: int) -> Sums:
    at = (ledger_id, revision, revision)
    tenants = bulk.fetch(SUMS, at)
    [(tenant_count, derived, unproven)] = bulk.fetch(UNDATED, at)
    people_found = {metric: int(number) for metric, number in bulk.fetch(PEOPLE, at)}
    return Sums(tenants, people_found, tenant_count, int(derived), int(unproven))


def claims_of(ledger_id: int, revision: int, tenants: Collection[int]) -> dict[int, list[Claim]]:
    """What was known of these tenants at a revision."""
    rows = TenantFacts.objects.at(ledger_id, revision).filter(tenant__in=tenants)
    return {
        tenant: explaining.load_claims(tenant, text)
        for tenant, text in rows.values_list("tenant_id", "claims")
    }
