"""Compute a firm's score from its facts and store it, with every contribution that led to it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction

from scoring import bulk, facts, judging, months, results, rule_sets, rules
from scoring.judging import Contribution
from scoring.models import LedgerEntry, PartnerCenterImport, Score
from scoring.reasons import Caution

if TYPE_CHECKING:
    from partners.models import Partner, User

FRESH_MONTHS = 2  # data of January are the newest to be had until about the 20th of March


@dataclass(frozen=True, slots=True)
class Note:
    """A caution with what its sentence needs."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A score that is computed but not stored yet."""

    score: Score
    lines: "list[Line]"
    based_on: "DataState"


@dataclass(frozen=True, slots=True)
class DataState:
    """Which imports have made the facts what they are."""

    done: tuple[str, ...]  # their ids, oldest first
    is_running: bool


ATTEMPTS = 3


def compute(
    partner: "Partner",
    as_of: date,
    rule_set: rules.RuleSet | None = None,
    *,
    by: "User | None" = None,
) -> Score:
    """The firm's score on ``as_of``, stored; by default under the rules in force on that day.

    When nothing has changed since the last one of the same day and rules, that one is returned.
    """
    # Judging takes a while, and on SQLite a transaction stops every other writer: so the facts are
    # read before it opens, and read again when an import has come to an end meanwhile.
    for _attempt in range(ATTEMPTS):
        drafted = draft(partner, as_of, rule_set, by=by)
        with transaction.atomic():
            facts.lock(partner)
            if data_state(partner) == drafted.based_on:
                return store(drafted)
    with transaction.atomic():
        facts.lock(partner)
        return store(draft(partner, as_of, rule_set, by=by))


def data_state(partner: "Partner", *, finishing: PartnerCenterImport | None = None) -> DataState:
    """The imports that count; ``finishing`` is one whose facts are all written, though not done."""
    State = PartnerCenterImport.State
    own = finishing and finishing.pk
    rows = list(
        PartnerCenterImport.objects.filter(partner=partner, state__in=[State.DONE, State.RUNNING])
        .order_by("finished_at", "pk")
        .values_list("pk", "state")
    )
    done = [str(pk) for pk, state in rows if state == State.DONE and pk != own]
    return DataState(
        done=(*done, *([str(own)] if own else [])),
        is_running=any(state == State.RUNNING and pk != own for pk, state in rows),
    )


def draft(
    partner: "Partner",
    as_of: date,
    rule_set: rules.RuleSet | None = None,
    *,
    by: "User | None" = None,
    finishing: PartnerCenterImport | None = None,
) -> Draft:
    """Compute a score without storing it."""
    rule_set = rule_set or rule_sets.for_day(as_of)
    based_on = data_state(partner, finishing=finishing)
    portfolio = facts.portfolio_of(partner)
    imported = facts.imported_months(portfolio)
    pair = judging.choose_months(imported, as_of)
    claims = [] if pair is None else facts.claims(portfolio, pair)
    certificates = facts.certificates(portfolio)

    contributions: list[Contribution] = []
    if pair is not None:
        contributions.extend(judging.judge_tenants(claims, rule_set, pair))
    contributions.extend(judging.judge_people(certificates, rule_set, as_of))
    counts = judging.count(contributions)
    scored = [
        rules.evaluate(rule_set, track, counts.get(track.key, {})) for track in rule_set.tracks
    ]

    is_missing = pair is not None and pair.comparison not in imported
    provable = not is_missing or _began_later(claims, pair)
    notes = [
        *_notes_on_data(as_of, pair, claims, certificates, is_missing, provable),
        *([Note(Caution.IMPORT_RUNNING.value)] if based_on.is_running else []),
        *(note for track in scored for note in cautions_of(rule_set, track)),
    ]
    score = Score(
        partner=partner,
        rule_set=rule_set.key,
        as_of=as_of,
        last_month=pair and pair.last,
        comparison_month=pair and pair.comparison,
        data_imported_at=imported[pair.last] if pair else None,
        result=results.dump(scored, provable=provable),
        designated=provable and any(track.passes for track in scored),
        track=rules.shown_track(scored).track.key,
        cautions=[{"code": note.code, "params": note.params} for note in notes],
        import_ids=list(based_on.done),
        computed_by=by,
    )
    lines = list(_ledger(contributions, rule_set, facts.tenant_names(portfolio)))
    score.fingerprint = _fingerprint(score, lines)
    return Draft(score, lines, based_on)


@transaction.atomic
def store(drafted: Draft) -> Score:
    """Store a draft, or return the last score of the same day and rules when it says the same."""
    score = drafted.score
    same = (
        Score.objects.filter(partner=score.partner, as_of=score.as_of, rule_set=score.rule_set)
        .order_by("-computed_at")
        .first()
    )
    if same is not None and same.fingerprint == score.fingerprint:
        return same
    score.save(force_insert=True)
    bulk.write(LedgerEntry, LEDGER_FIELDS, [(score.pk, *line) for line in drafted.lines])
    return score


def latest(partner: "Partner") -> Score | None:
    """The newest stored score of a firm."""
    return Score.objects.filter(partner=partner).order_by("-computed_at").first()


# ---- Ledger --------------------------------------------------------------------------------------

LEDGER_FIELDS = (
    "score",
    "line",
    "track",
    "metric",
    "option",
    "subject",
    "name",
    "now",
    "then",
    "contribution",
    "reason",
    "params",
)
Line = tuple[Any, ...]


def _ledger(
    contributions: Iterable[Contribution],
    rule_set: rules.RuleSet,
    tenants: dict[int, tuple[str, str]],
) -> Iterator[Line]:
    order = {
        (track.key, metric.key): (place, index)
        for place, track in enumerate(rule_set.tracks)
        for index, metric in enumerate(track.metrics)
    }
    rows = []
    for row in contributions:
        subject, name = (
            tenants[row.subject] if isinstance(row.subject, int) else (row.subject, row.name)
        )
        rows.append((order[row.track, row.metric], row.option, name, subject, row))
    rows.sort(key=lambda item: item[:4])
    for number, (_order, option, name, subject, row) in enumerate(rows, 1):
        yield (
            number,
            row.track,
            row.metric,
            option,
            subject,
            name,
            row.now,
            row.then,
            row.value,
            row.reason.value,
            row.params,
        )


def _fingerprint(score: Score, lines: list[Line]) -> str:
    """A hash of all that a score says, but for when and from which files it was made."""
    said = (
        score.result,
        score.cautions,
        [score.last_month, score.comparison_month, score.designated, score.track],
        lines,
    )
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# ---- Cautions ------------------------------------------------------------------------------------


def _began_later(claims: Iterable[judging.Claim], pair: judging.Months | None) -> bool:
    """Whether files say of every claim that it began after the comparison month."""
    return pair is not None and all(
        claim.begins_on is not None and claim.begins > pair.comparison for claim in claims
    )


def _notes_on_data(
    as_of: date,
    pair: judging.Months | None,
    claims: list[judging.Claim],
    certificates: list[judging.Certificate],
    is_missing: bool,
    provable: bool,
) -> Iterator[Note]:
    if pair is None:
        yield Note(Caution.NO_USAGE_DATA.value, {"as_of": as_of.isoformat()})
    else:
        if is_missing:
            code = Caution.COMPARISON_MONTH_EMPTY if provable else Caution.COMPARISON_MONTH_MISSING
            yield Note(code.value, {"month": months.label(pair.comparison)})
        if months.number(as_of) - pair.last > FRESH_MONTHS:
            yield Note(Caution.DATA_OLD.value, {"month": months.label(pair.last)})
        derived = sum(
            claim.begins_on is None and claim.begins > pair.comparison for claim in claims
        )
        if derived:
            yield Note(Caution.DERIVED_DATES.value, {"count": derived})
    if not certificates:
        yield Note(Caution.NO_SKILLING_DATA.value)


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
