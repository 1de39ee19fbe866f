"""Compute a firm's score from its ledger and store it.

A score is the sums of the ledger's rows and what ``rules`` makes of them. Facts are read and judged
before the transaction opens: on SQLite one that is open stops every other writer. The version of
the facts tells whether they still stand when the result is written.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from scoring import bulk, claims, facts, judging, ledger_rows, months, results, rule_sets, rules
from scoring.ledger_rows import Changes, Overtaken, Sums
from scoring.models import Ledger, PartnerCenterImport, Score
from scoring.reasons import Caution

if TYPE_CHECKING:
    from partners.models import Partner, User

FRESH_MONTHS = 2  # data of January are the newest to be had until about the 20th of March
FRESH_DAYS = 35  # Partner Center brings new data once a month, around the 20th
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Note:
    """A caution with what its sentence needs."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


# ---- Computing -----------------------------------------------------------------------------------


def compute(
    partner: "Partner",
    as_of: date,
    rule_set: rules.RuleSet | None = None,
    *,
    by: "User | None" = None,
    finishing: PartnerCenterImport | None = None,
    thoroughly: bool = False,
) -> Score:
    """The firm's score on ``as_of``, stored; by default under the rules in force on that day.

    Judges the tenants whose facts have changed since the ledger was written, ``thoroughly`` all of
    them. When nothing has changed since the last score of the same day and rules, that one is
    returned. ``finishing`` is an import whose facts are all written, though it is not done yet.
    """
    return _compute(partner, as_of, rule_set, None, by, finishing, thoroughly=thoroughly)


def touch(
    partner: "Partner",
    tenants: Collection[int],
    as_of: date,
    rule_set: rules.RuleSet | None = None,
    *,
    by: "User | None" = None,
) -> Score:
    """The firm's score after the facts of these tenants have changed; no other is looked at.

    Without any: after those of its people have changed. Works within the caller's transaction
    too, so that a correction and its score are one.
    """
    return _compute(partner, as_of, rule_set, tenants, by, None, thoroughly=False)


def _compute(
    partner: "Partner",
    as_of: date,
    rule_set: rules.RuleSet | None,
    tenants: Collection[int] | None,
    by: "User | None",
    finishing: PartnerCenterImport | None,
    *,
    thoroughly: bool,
) -> Score:
    rule_set = rule_set or rule_sets.for_day(as_of)
    for attempt in range(ATTEMPTS):
        try:
            if attempt == ATTEMPTS - 1:  # others were quicker each time: now nobody may be
                with transaction.atomic():
                    facts.lock(partner)
                    return _attempt(
                        partner, as_of, rule_set, tenants, by, finishing, thoroughly=thoroughly
                    )
            return _attempt(partner, as_of, rule_set, tenants, by, finishing, thoroughly=thoroughly)
        except Overtaken:
            continue
    raise AssertionError("under the lock nobody overtakes")


def _attempt(
    partner: "Partner",
    as_of: date,
    rule_set: rules.RuleSet,
    tenants: Collection[int] | None,
    by: "User | None",
    finishing: PartnerCenterImport | None,
    *,
    thoroughly: bool,
) -> Score:
    is_locked = connection.in_atomic_block
    portfolio = facts.lock(partner) if is_locked else facts.portfolio_of(partner)
    imported = facts.imported_months(portfolio)
    pair = judging.choose_months(imported, as_of)
    ledger = ledger_rows.find(portfolio, rule_set, pair)
    known = claims.corrections(portfolio)
    last = _last(partner, as_of, rule_set)
    # Tenants have changed and people have not, if the last score is of this day.
    is_current = last is not None and (last.ledger_id, last.revision) == (
        ledger.pk,
        ledger.revision,
    )
    only_tenants = bool(tenants) and is_current
    changes = Changes()
    if pair is not None:
        ledger_rows.tenant_changes(
            ledger,
            portfolio,
            judging.prepare(rule_set.key, pair),
            pair,
            changes,
            known=known,
            # A ledger that is new knows no tenant yet, so all of them are looked at.
            tenants=tenants if ledger.revision else None,
            thoroughly=thoroughly,
        )
    if only_tenants and last is not None:
        has_certificates = last.has_certificates
    else:
        has_certificates = ledger_rows.people_changes(
            ledger, portfolio, rule_set, as_of, changes, known
        )
    token = "" if is_locked else ledger_rows.write_ahead(ledger, changes)
    with transaction.atomic(savepoint=False):
        if not is_locked:
            if facts.lock(partner).version != portfolio.version:
                raise Overtaken
            last = _last(partner, as_of, rule_set)
        ledger_rows.complete(ledger, changes, token)
        sums = ledger_rows.sums(ledger.pk, ledger.revision)
        basis = Basis(partner, ledger, rule_set, as_of, pair, imported, known.ids)
        draft = _draft(basis, sums, finishing, has_certificates=has_certificates)
        draft.computed_by = by
        return _store(draft, last)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a score is made of, beside the rows of its ledger."""

    partner: "Partner"
    ledger: Ledger
    rule_set: rules.RuleSet
    as_of: date
    pair: judging.Months | None
    imported: dict[int, datetime]
    correction_ids: list[str]


def _draft(
    basis: Basis,
    sums: Sums,
    finishing: PartnerCenterImport | None,
    *,
    has_certificates: bool,
) -> Score:
    rule_set, pair = basis.rule_set, basis.pair
    scored = evaluate(rule_set, sums)
    is_missing = pair is not None and pair.comparison not in basis.imported
    provable = not is_missing or not sums.unproven
    done, is_running = data_state(basis.partner, finishing=finishing)
    notes = [
        *_notes_on_data(basis, sums, is_missing, provable),
        *([] if has_certificates else [Note(Caution.NO_SKILLING_DATA.value)]),
        *([Note(Caution.IMPORT_RUNNING.value)] if is_running else []),
        *(note for track in scored for note in cautions_of(rule_set, track)),
    ]
    return Score(
        partner=basis.partner,
        ledger=basis.ledger,
        revision=basis.ledger.revision,
        rule_set=rule_set.key,
        as_of=basis.as_of,
        last_month=pair and pair.last,
        comparison_month=pair and pair.comparison,
        data_imported_at=basis.imported[pair.last] if pair else None,
        result=results.dump(scored, provable=provable),
        designated=provable and any(track.passes for track in scored),
        track=rules.shown_track(scored).track.key,
        cautions=[{"code": note.code, "params": note.params} for note in notes],
        import_ids=done,
        correction_ids=basis.correction_ids,
    )


def evaluate(rule_set: rules.RuleSet, sums: Sums) -> list[rules.TrackScore]:
    """What the sums of a ledger are worth, track by track."""
    counts = sums.counts(rule_set)
    return [rules.evaluate(rule_set, track, counts[track.key]) for track in rule_set.tracks]


State, Work = PartnerCenterImport.State, PartnerCenterImport.Work
IMPORTS = """
SELECT id, state, work FROM scoring_partnercenterimport
WHERE partner_id = %s AND state IN ('done', 'running') ORDER BY done_at, id
"""


def data_state(
    partner: "Partner", *, finishing: PartnerCenterImport | None = None
) -> tuple[list[str], bool]:
    """(ids of the imports that have made the facts, oldest first; whether another one runs)"""
    own = finishing and finishing.pk
    done: list[str] = []
    is_running = False
    for pk, state, work in bulk.fetch(IMPORTS, [bulk.stored_id(partner.pk)]):
        import_id = pk if isinstance(pk, UUID) else UUID(pk)
        if import_id == own:
            continue
        if state == State.DONE:
            done.append(str(import_id))
        elif work != Work.PREVIEW:  # a preview writes no facts
            is_running = True
    if finishing is not None and finishing.work == Work.COMMIT:
        done.append(str(own))
    return done, is_running


class Last(NamedTuple):
    """The newest score of one day and rule set: what has to be known of it each time."""

    pk: UUID | str
    ledger_id: int
    revision: int
    has_certificates: bool
    computed_at: datetime


LAST = """
SELECT id, ledger_id, revision, cautions, computed_at FROM scoring_score
WHERE partner_id = %s AND as_of = %s AND rule_set = %s ORDER BY computed_at DESC LIMIT 1
"""


def _last(partner: "Partner", as_of: date, rule_set: rules.RuleSet) -> Last | None:
    found = bulk.fetch(LAST, (bulk.stored_id(partner.pk), str(as_of), rule_set.key))
    if not found:
        return None
    [(pk, ledger, revision, cautions, computed_at)] = found
    has_certificates = Caution.NO_SKILLING_DATA.value not in str(cautions)  # JSON as text
    return Last(pk, ledger, revision, has_certificates, bulk.instant(computed_at))


def _store(draft: Score, last: Last | None) -> Score:
    """Store a score, or return the last of the same day and rules when it says the same."""
    if last is not None and (last.ledger_id, last.revision) == (draft.ledger_id, draft.revision):
        same = Score.objects.get(pk=last.pk)
        if _says(same) == _says(draft):
            return same
    # One score a moment, so that the newest is never in doubt.
    now = timezone.now()
    draft.computed_at = now if last is None else max(now, last.computed_at + TICK)
    draft.save(force_insert=True)
    return draft


TICK = timedelta(microseconds=1)


def _says(score: Score) -> tuple[object, ...]:
    """All that a score says, but for when and from which files it was made."""
    return (
        score.ledger_id,
        score.revision,
        score.result,
        score.designated,
        score.track,
        score.last_month,
        score.comparison_month,
        score.cautions,
    )


def latest(partner: "Partner") -> Score | None:
    """The newest stored score of a firm."""
    return Score.objects.filter(partner=partner).order_by("-computed_at").first()


def sums_of(score: Score) -> Sums:
    """What the rows of a stored score add up to."""
    return ledger_rows.sums(score.ledger_id, score.revision)


# ---- Cautions ------------------------------------------------------------------------------------


def _notes_on_data(basis: Basis, sums: Sums, is_missing: bool, provable: bool) -> Iterator[Note]:
    pair, as_of = basis.pair, basis.as_of
    if pair is None:
        yield Note(Caution.NO_USAGE_DATA.value, {"as_of": as_of.isoformat()})
    else:
        if is_missing:
            code = Caution.COMPARISON_MONTH_EMPTY if provable else Caution.COMPARISON_MONTH_MISSING
            yield Note(code.value, {"month": months.label(pair.comparison)})
        imported_on = timezone.localdate(basis.imported[pair.last])
        is_late = (as_of - imported_on).days > FRESH_DAYS
        if is_late or months.number(as_of) - pair.last > FRESH_MONTHS:
            yield Note(Caution.DATA_OLD.value, {"month": months.label(pair.last)})
        if sums.derived:
            yield Note(Caution.DERIVED_DATES.value, {"count": sums.derived})


def cautions_of(rule_set: rules.RuleSet, scored: rules.TrackScore) -> Iterator[Note]:
    """What to know about one track: near misses, and metrics between zero and one point."""
    if rule_set.near_pass <= scored.total < rule_set.pass_mark:
        yield Note(
            Caution.MAY_DISPLAY_PASS.value,
            {
                "track": scored.track.title,
                "total": rules.exact(scored.total),
                "pass_mark": rules.exact(rule_set.pass_mark),
            },
        )
    for key, metric in scored.metrics.items():
        if 0 < metric.points < rule_set.low_metric:
            yield Note(
                Caution.BELOW_ONE_POINT.value,
                {
                    "track": scored.track.title,
                    "metric": key,
                    "points": rules.exact(metric.points),
                },
            )
