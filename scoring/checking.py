"""Prove that what is stored follows from the facts: make it anew, and compare.

Nothing is taken from what a ledger or a score keeps: every tenant and person is judged again on the
day, under the rules and for the months of the newest score. The facts themselves are compared with
the usage they were made of.
"""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scoring import (
    claims,
    explaining,
    facts,
    judging,
    ledger_rows,
    people,
    results,
    rule_sets,
    rules,
    scores,
)
from scoring.judging import Claim, Months
from scoring.models import (
    NEVER,
    Association,
    Contribution,
    Ledger,
    PartnerCenterImport,
    PersonContribution,
    Portfolio,
    Score,
    TenantFacts,
    UsageMonth,
)
from scoring.reasons import Caution

logger = logging.getLogger(__name__)

ATTEMPTS = 4
EXAMPLES = 5  # numbers of tenants that a difference names
AT_ONCE = 20_000  # rows of usage in memory


class Code(TextChoices):
    """What may differ. Stored with an incident."""

    NOT_SCORED = "not_scored", _("There are facts, but no score.")
    MONTHS = "months", _("The newest score is not of the months that the facts have.")
    TENANT_FACTS = "tenant_facts", _("What a ledger knows of tenants differs from the facts.")
    CONTRIBUTIONS = "contributions", _("Contributions of tenants do not follow from the facts.")
    PEOPLE = "people", _("Contributions of people do not follow from the certificates.")
    SUMS = "sums", _("The sums of a ledger differ from those of a new calculation.")
    RESULT = "result", _("The newest score differs from a new calculation.")
    EARLIER_SCORES = "earlier_scores", _("Stored scores are not what their ledger adds up to.")
    LEFTOVERS = "leftovers", _("A ledger has rows of a revision that never became valid.")
    BASELINES = "baselines", _("Baselines of associations are not the first figures since then.")
    MONTHS_OF_DATA = "months_of_data", _("The list of months differs from the months of usage.")
    UNOWNED = "unowned", _("There are rows without the tenant, the firm or the ledger they name.")


@dataclass(frozen=True)
class Difference:
    """One kind of difference. ``details`` are small and name no person and no customer."""

    code: Code
    count: int  # of rows, scores or months
    details: dict[str, Any]

    def __str__(self) -> str:
        named = [f"{name} {_listed(value)}" for name, value in self.details.items()]
        return f"{self.code.value}: {', '.join([str(self.count), *named])}"


def _listed(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


class BeingWritten(Exception):
    """Somebody writes the firm's facts or scores; what is found meanwhile proves nothing."""


def check(portfolio: Portfolio) -> list[Difference]:
    """All differences of one firm, none when everything follows from its facts.

    Writes nothing. Raises ``BeingWritten`` when the firm does not stand still for long enough.
    """
    for _attempt in range(ATTEMPTS):
        before = _state(portfolio)
        found = list(_differences(portfolio))
        if _state(portfolio) == before:
            return found
    raise BeingWritten("Its facts or scores change all the time.")


State = tuple[Hashable, ...]


def _state(portfolio: Portfolio) -> State:
    """What would be another one if somebody had written meanwhile."""
    Import = PartnerCenterImport
    writes = [Import.Work.COMMIT, Import.Work.UNDO]
    # One that broke off may have left half of its facts, until its next attempt.
    unfinished = Q(state=Import.State.RUNNING) | Q(state=Import.State.QUEUED, attempts__gt=0)
    if Import.objects.filter(unfinished, partner=portfolio.partner_id, work__in=writes).exists():
        raise BeingWritten("An import of the firm is running.")
    version = Portfolio.objects.values_list("version", flat=True).get(pk=portfolio.pk)
    newest = _newest(portfolio)
    ledgers = portfolio.ledgers.order_by("pk").values_list("pk", "revision", "writer")
    return version, newest and newest.pk, tuple(ledgers)


def _newest(portfolio: Portfolio) -> Score | None:
    own = Score.objects.filter(partner=portfolio.partner_id)
    return own.select_related("ledger").order_by("-computed_at").first()


def _differences(portfolio: Portfolio) -> Iterator[Difference]:
    months_of_usage = set(
        UsageMonth.objects.filter(portfolio=portfolio).values_list("month", flat=True).distinct()
    )
    yield from _check_facts(portfolio, months_of_usage)
    score = _newest(portfolio)
    if score is not None:
        yield from _check_newest(portfolio, score, months_of_usage)
        yield from _check_leftovers(score.ledger)
        yield from _check_earlier(portfolio)
    elif months_of_usage or portfolio.certificates.exists():
        yield Difference(Code.NOT_SCORED, 1, {})


# ---- Facts ---------------------------------------------------------------------------------------

FactKey = tuple[int, int, int]  # tenant, workload, option
Figures = tuple[int | None, int | None, int | None]  # month, seats, users


@dataclass(slots=True)
class _Interval:
    begins: int
    ends: int
    stored: Figures
    first: Figures = (None, None, None)


def _check_facts(portfolio: Portfolio, months_of_usage: set[int]) -> Iterator[Difference]:
    listed = set(facts.imported_months(portfolio))
    if listed != months_of_usage:
        wrong = sorted(listed ^ months_of_usage)
        yield Difference(Code.MONTHS_OF_DATA, len(wrong), {"months": wrong[:EXAMPLES]})

    tenants = set(portfolio.tenants.values_list("pk", flat=True))
    held: dict[FactKey, list[_Interval]] = {}
    for tenant, workload, option, begins, ends, *first in Association.objects.filter(
        portfolio=portfolio
    ).values_list(
        "tenant_id",
        "workload",
        "option",
        "begins",
        "ends",
        "baseline_month",
        "baseline_seats",
        "baseline_users",
    ):
        interval = _Interval(begins, ends, (first[0], first[1], first[2]))
        held.setdefault((tenant, workload, option), []).append(interval)
    unowned = {key for key in held if key[0] not in tenants}
    stream = UsageMonth.objects.filter(portfolio=portfolio).order_by("pk")
    for tenant, workload, option, month, seats, users in stream.values_list(
        "tenant_id", "workload", "option", "month", "seats", "users"
    ).iterator(chunk_size=AT_ONCE):
        key = (tenant, workload, option)
        if tenant not in tenants or key not in held:
            unowned.add(key)
            continue
        for interval in held[key]:
            # Months come in order: the first one is the earliest.
            if interval.first[0] is None and interval.begins <= month <= interval.ends:
                interval.first = (month, seats, users)
    wrong_keys = {
        key
        for key, intervals in held.items()
        if any(interval.stored != interval.first for interval in intervals)
    }
    if wrong_keys:
        yield _of_tenants(Code.BASELINES, wrong_keys, itemgetter(0))
    if unowned:
        yield _of_tenants(Code.UNOWNED, unowned, itemgetter(0))


def _of_tenants(
    code: Code, keys: Iterable[Any], tenant: Callable[[Any], int], **details: Any
) -> Difference:
    found = list(keys)
    own = sorted({tenant(key) for key in found})
    return Difference(code, len(found), {"tenants": own[:EXAMPLES], **details})


# ---- The newest score ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a ledger has to hold, judged from the facts alone."""

    facts: dict[int, tuple[str, int, int]]  # by tenant
    rows: dict[ledger_rows.RowKey, tuple[Any, ...]]
    people: dict[tuple[str, str], tuple[Any, ...]]

    def sums(self) -> ledger_rows.Sums:
        added: dict[tuple[int, int], list[int]] = {}
        for (track, option, _tenant), values in self.rows.items():
            sums = added.setdefault((track, option), [0, 0, 0])
            for place in range(3):
                sums[place] += values[2 * place] - values[2 * place + 1]
        counted: dict[str, int] = {}
        for (metric, _person), values in self.people.items():
            counted[metric] = counted.get(metric, 0) + values[0]
        return ledger_rows.Sums(
            [(*key, *sums) for key, sums in added.items()],
            counted,
            len(self.facts),
            sum(values[1] for values in self.facts.values()),
            sum(values[2] for values in self.facts.values()),
        )


def recompute(portfolio: Portfolio, score: Score, pair: Months | None) -> Recomputed:
    """Judge every tenant and person of a firm anew, as ``score`` says that it did."""
    rule_set = rule_sets.get(score.rule_set)
    known = claims.corrections(portfolio)
    made = Recomputed({}, {}, {})
    if pair is not None:
        judge_rules = judging.rules_of(rule_set, pair)
        found = claims.read(portfolio, pair, known=known)
        for tenant, group in groupby(found, key=itemgetter(0)):
            own = [Claim(*row) for row in group]
            since = [claim for claim in own if claim.begins > pair.comparison]
            derived = sum(claim.begins_on is None for claim in since)
            known_later = sum(claim.begins_on is not None for claim in since)
            text = explaining.dump_claims(own)
            made.facts[tenant] = (text, derived, len(own) - known_later)
            for verdict in judging.judge(own, judge_rules):
                made.rows[verdict.track, verdict.option, tenant] = tuple(verdict[2:])
    for standing in people.judge_people(
        claims.certificates(portfolio, known), rule_set, score.as_of
    ):
        made.people[standing.metric, standing.person] = tuple(standing[2:])
    return made


def _check_newest(
    portfolio: Portfolio, score: Score, months_of_usage: set[int]
) -> Iterator[Difference]:
    rule_set = rule_sets.get(score.rule_set)
    pair = judging.choose_months(months_of_usage, score.as_of)
    said = (score.last_month, score.comparison_month, score.ledger.last_month)
    expected = (pair.last, pair.comparison, pair.last) if pair else (None, None, 0)
    if said != expected or score.ledger.rule_set != score.rule_set:
        yield Difference(Code.MONTHS, 1, {"score": str(score.pk)})
        return  # all of its rows are of another month

    made = recompute(portfolio, score, pair)
    at = (score.ledger_id, score.revision)
    wrong = _compare(made, *at)
    if wrong.facts:
        yield _of_tenants(Code.TENANT_FACTS, wrong.facts, int, ledger=score.ledger_id)
    if wrong.rows:
        yield _of_tenants(Code.CONTRIBUTIONS, wrong.rows, itemgetter(2), ledger=score.ledger_id)
    if wrong.people:
        yield Difference(Code.PEOPLE, len(wrong.people), {"ledger": score.ledger_id})

    sums, stored_sums = made.sums(), ledger_rows.sums(*at)
    if _all_of(sums, rule_set) != _all_of(stored_sums, rule_set):
        yield Difference(Code.SUMS, 1, {"ledger": score.ledger_id, "revision": score.revision})
    scored = scores.evaluate(rule_set, sums)
    provable = pair is None or pair.comparison in months_of_usage or not sums.unproven
    if _outcome(scored, provable=provable) != (score.result, score.designated, score.track):
        yield Difference(Code.RESULT, 1, {"score": str(score.pk)})


class Wrong(NamedTuple):
    """Keys of rows that are missing, superfluous, stored twice, or stored with other values."""

    facts: set[int]
    rows: set[ledger_rows.RowKey]
    people: set[tuple[str, str]]


def _compare(made: Recomputed, ledger: int, revision: int) -> Wrong:
    known = TenantFacts.objects.at(ledger, revision).values_list(
        "tenant_id", "claims", "derived", "unproven"
    )
    rows = Contribution.objects.at(ledger, revision).values_list(
        "track", "option", "tenant_id", *ledger_rows.ROW_FIELDS[6:]
    )
    heads = PersonContribution.objects.at(ledger, revision).values_list(
        "metric", "person", *ledger_rows.PERSON_FIELDS[5:]
    )
    return Wrong(
        _wrong_keys(made.facts, ((row[0], row[1:]) for row in known.iterator())),
        _wrong_keys(made.rows, ((row[:3], row[3:]) for row in rows.iterator())),
        _wrong_keys(made.people, ((row[:2], row[2:]) for row in heads.iterator())),
    )


def _wrong_keys(
    expected: Mapping[Any, tuple[Any, ...]], stored: Iterable[tuple[Any, tuple[Any, ...]]]
) -> set[Any]:
    missing = dict(expected)
    wrong = {key for key, values in stored if missing.pop(key, None) != values}
    return wrong | missing.keys()


def _all_of(sums: ledger_rows.Sums, rule_set: rules.RuleSet) -> tuple[object, ...]:
    return sums.counts(rule_set), sums.tenant_count, sums.derived, sums.unproven


def _outcome(scored: list[rules.TrackScore], *, provable: bool) -> tuple[dict[str, Any], bool, str]:
    return (
        results.dump(scored, provable=provable),
        provable and any(track.passes for track in scored),
        rules.shown_track(scored).track.key,
    )


def _check_leftovers(ledger: Ledger) -> Iterator[Difference]:
    if ledger.writer:  # its rows are being written; the next revision takes them or clears them
        return
    beyond = Q(since__gt=ledger.revision) | Q(until__gt=ledger.revision, until__lt=NEVER)
    count = sum(
        model.objects.filter(beyond, ledger=ledger).count()
        for model in (TenantFacts, Contribution, PersonContribution)
    )
    if count:
        yield Difference(Code.LEFTOVERS, count, {"ledger": ledger.pk})


# ---- Earlier scores ------------------------------------------------------------------------------


def _check_earlier(portfolio: Portfolio) -> Iterator[Difference]:
    """Every stored score is still what the rows of its revision add up to."""
    wrong: list[str] = []
    stored = Score.objects.filter(partner=portfolio.partner_id).order_by("ledger", "revision", "pk")
    fields = ("rule_set", "cautions", "result", "designated", "track")
    rows = stored.values_list("ledger_id", "revision", "pk", *fields).iterator(chunk_size=500)
    for at, group in groupby(rows, key=itemgetter(0, 1)):
        sums = ledger_rows.sums(*at)
        wrong += [
            str(pk) for _l, _r, pk, *said in group if _says(sums, *said[:2]) != tuple(said[2:])
        ]
    if wrong:
        yield Difference(Code.EARLIER_SCORES, len(wrong), {"scores": wrong[:EXAMPLES]})


def _says(
    sums: ledger_rows.Sums, rule_set_key: str, cautions: list[dict[str, Any]]
) -> tuple[Any, ...] | None:
    """What a score of these sums has to say; None under rules that are no longer there."""
    try:
        scored = scores.evaluate(rule_sets.get(rule_set_key), sums)
    except (rule_sets.UnknownRuleSet, KeyError):
        return None
    missing = Caution.COMPARISON_MONTH_MISSING.value
    provable = all(caution["code"] != missing for caution in cautions)
    return _outcome(scored, provable=provable)


# ---- Rows of no firm -----------------------------------------------------------------------------

# The owner stands first in every key: each step leads to the next owner, past all of its rows.
OWNERS = """
WITH RECURSIVE owners (id) AS (
    SELECT MIN({column}) FROM {table}
    UNION ALL
    SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > owners.id)
    FROM owners WHERE owners.id IS NOT NULL
)
SELECT COUNT(*) FROM owners WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM {known})
"""
OWNED = (
    ("scoring_usagemonth", "portfolio_id", "scoring_portfolio"),
    ("scoring_association", "portfolio_id", "scoring_portfolio"),
    ("scoring_tenantfacts", "ledger_id", "scoring_ledger"),
    ("scoring_contribution", "ledger_id", "scoring_ledger"),
    ("scoring_personcontribution", "ledger_id", "scoring_ledger"),
)


def check_unowned() -> list[Difference]:
    """Rows of firms or ledgers that are not there: these tables have no foreign keys."""
    owners: dict[str, int] = {}
    with connection.cursor() as cursor:
        for table, column, known in OWNED:
            cursor.execute(OWNERS.format(table=table, column=column, known=known))
            (unknown,) = cursor.fetchone()
            if unknown:
                owners[table] = unknown
    return [Difference(Code.UNOWNED, sum(owners.values()), owners)] if owners else []


# ---- Repair --------------------------------------------------------------------------------------

OF_FACTS = {Code.BASELINES, Code.MONTHS_OF_DATA, Code.UNOWNED}


def repair(portfolio: Portfolio, found: Iterable[Difference]) -> Score | None:
    """Make the newest score and its ledger anew where they are wrong; None when they are not.

    The ledger gets a new revision and the firm a new score: what earlier scores name stays as it
    is. Wrong facts are not repaired here but made anew from the originals (``imports.rebuild``).
    Raises ``BeingWritten`` when somebody else writes meanwhile.
    """
    codes = {difference.code for difference in found} - OF_FACTS - {Code.EARLIER_SCORES}
    if not codes:
        return None
    score = _newest(portfolio)
    if score is None:
        repaired = scores.compute(portfolio.partner, timezone.localdate())
    else:
        _rewrite(portfolio, score)
        rule_set = rule_sets.get(score.rule_set)
        repaired = scores.compute(portfolio.partner, score.as_of, rule_set)
    logger.warning("ledger %s of firm %s was made anew", repaired.ledger_id, portfolio.pk)
    return repaired


def _rewrite(portfolio: Portfolio, score: Score) -> None:
    """Bring the ledger of a score's day to what follows from the facts, in a new revision."""
    portfolio.refresh_from_db()
    rule_set = rule_sets.get(score.rule_set)
    pair = judging.choose_months(facts.imported_months(portfolio), score.as_of)
    with transaction.atomic():
        facts.lock(portfolio.partner)
        ledger = ledger_rows.find(portfolio, rule_set, pair)
        ledger_rows.discard_unfinished(ledger)
        Ledger.objects.filter(pk=ledger.pk).update(writer="")
    made = recompute(portfolio, score, pair)
    changes = _changes(made, _compare(made, ledger.pk, ledger.revision))
    try:
        token = ledger_rows.write_ahead(ledger, changes)
        with transaction.atomic():
            if facts.lock(portfolio.partner).version != portfolio.version:
                raise ledger_rows.Overtaken
            ledger_rows.complete(ledger, changes, token)
    except ledger_rows.Overtaken as error:
        raise BeingWritten("Its facts or scores were written meanwhile.") from error


def _changes(made: Recomputed, wrong: Wrong) -> ledger_rows.Changes:
    """All that stands under a wrong key goes, and what follows from the facts takes its place."""
    return ledger_rows.Changes(
        facts=[(key, *made.facts[key]) for key in sorted(wrong.facts) if key in made.facts],
        gone_facts=[(key,) for key in sorted(wrong.facts)],
        rows=[(key, made.rows[key]) for key in sorted(wrong.rows) if key in made.rows],
        gone_rows=sorted(wrong.rows),
        people=[(*key, *made.people[key]) for key in sorted(wrong.people) if key in made.people],
        gone_people=sorted(wrong.people),
    )
