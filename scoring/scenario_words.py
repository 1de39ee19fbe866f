"""A scenario in words and figures, for its pages: no arithmetic, only what is shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import charts, rules
from scoring.holdings import said
from scoring.presentation import figure, signed, unit, value_text, whole
from scoring.results import Metric
from scoring.scenario_outcomes import CountMove, Effect, Ground, Outcome, TrackOutcome
from scoring.scenarios import Evaluated
from scoring.worth import Why, points_text

ROOM = 32  # letters of a name beside its points, on a phone


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of a track, before and after."""

    number: int
    pattern: str
    title: str
    maximum: int
    value_before: str
    value_after: str
    unit: str
    option: str  # the one that counts afterwards
    option_before: str  # empty where it stays the same
    points_before: str
    points_after: str
    gain: str  # empty where nothing moves
    is_missing: bool  # without points afterwards


@dataclass(frozen=True, slots=True)
class TrackView:
    key: str
    title: str
    before: str
    after: str
    gain: str
    has_moved: bool
    is_up: bool
    passed: bool
    passes: bool
    bar: str  # percentages of a small bar
    bar_before: str
    metrics: Sequence[MetricRow]


@dataclass(frozen=True, slots=True)
class EffectView:
    """A change with what it does alone."""

    id: str
    kind: str
    sentence: str
    problem: str
    gains: Sequence[tuple[str, str]]  # track and points, those that move
    moves: str  # what it moves in the counts
    whys: Sequence[str]  # where more of a count earns nothing more


# ---- One scenario --------------------------------------------------------------------------------


def headline(outcome: Outcome, rule_set: rules.RuleSet) -> str:
    """What would become of the designation, in a sentence."""
    shown = outcome.shown
    words = {"track": shown.track.title, "total": whole(shown.after.total)}
    did_pass = any(track.passed for track in outcome.tracks)
    if outcome.passes:
        if did_pass:
            return _("The requirements stay met: %(track)s with %(total)s points.") % words
        return _("The requirements would be met: %(track)s with %(total)s points.") % words
    if did_pass:
        return (
            _("The requirements would no longer be met: %(track)s with %(total)s points.") % words
        )
    if shown.after.total >= rule_set.pass_mark:
        missing = [one.metric.key for one in shown.after.metrics.values() if one.points <= 0]
        if not missing:
            return (
                _("%(track)s with %(total)s points, but the comparison month is missing.") % words
            )
        words["metrics"] = ", ".join(map(_title, missing))
        return _("%(track)s with %(total)s points, but nothing in: %(metrics)s.") % words
    to_go = rule_set.pass_mark - shown.after.total
    words["missing"] = whole(to_go)
    return (
        ngettext(
            "Not met yet: %(track)s with %(total)s points, %(missing)s point to go.",
            "Not met yet: %(track)s with %(total)s points, %(missing)s points to go.",
            1 if to_go == 1 else 2,
        )
        % words
    )


def tracks(outcome: Outcome) -> list[TrackView]:
    return [
        TrackView(
            key=one.track.key,
            title=one.track.title,
            before=whole(one.before.total),
            after=whole(one.after.total),
            gain=points_text(one.gain),
            has_moved=one.gain != 0,
            is_up=one.gain > 0,
            passed=one.passed,
            passes=one.passes,
            bar=charts.percent(one.after.total),
            bar_before=charts.percent(one.before.total),
            metrics=list(_metrics(one)),
        )
        for one in outcome.tracks
    ]


def _metrics(track: TrackOutcome) -> Iterator[MetricRow]:
    for number, (key, after) in enumerate(track.after.metrics.items(), start=1):
        before = track.before.metrics[key]
        gain = after.points - before.points
        yield MetricRow(
            number=number,
            pattern=charts.PATTERNS[(number - 1) % len(charts.PATTERNS)],
            title=_title(key),
            maximum=after.metric.max,
            value_before=value_text(key, before.value),
            value_after=value_text(key, after.value),
            unit=unit(key, after.value),
            option=after.option,
            option_before=before.option if before.option != after.option else "",
            points_before=whole(before.points),
            points_after=whole(after.points),
            gain=points_text(gain) if gain else "",
            is_missing=after.points <= 0,
        )


def picture(outcome: Outcome, rule_set: rules.RuleSet) -> charts.Chart:
    """Both tracks after the changes, with today below each bar."""

    def total(track: TrackOutcome) -> str:
        words = {"total": whole(track.after.total), "before": whole(track.before.total)}
        return _("%(total)s points, today %(before)s") % words

    return charts.draw(
        "scenario",
        _("Points of both tracks in the scenario against the %(pass_mark)s needed: %(tracks)s.")
        % {
            "pass_mark": figure(rule_set.pass_mark),
            "tracks": "; ".join(f"{one.track.title} {total(one)}" for one in outcome.tracks),
        },
        [
            charts.Bar(one.track.title, total(one), _parts(one.after), today=_parts(one.before))
            for one in outcome.tracks
        ],
        pass_mark=rule_set.pass_mark,
        pass_mark_label=_needed(rule_set),
    )


def _parts(score: rules.TrackScore) -> list[charts.Part]:
    return [
        charts.Part(_title(key), metric.points, metric.metric.max)
        for key, metric in score.metrics.items()
    ]


def pass_mark(rule_set: rules.RuleSet) -> str:
    """Where the line of a small bar stands."""
    return charts.percent(rule_set.pass_mark)


def _needed(rule_set: rules.RuleSet) -> str:
    return _("%(pass_mark)s needed") % {"pass_mark": figure(rule_set.pass_mark)}


def _title(metric: str) -> str:
    return str(Metric(metric).label) if metric in Metric else metric


# ---- Its changes ---------------------------------------------------------------------------------


def effects(evaluated: Evaluated, found: Iterable[Effect]) -> list[EffectView]:
    rule_set = evaluated.ground.rule_set
    return [
        EffectView(
            id=one.change.id,
            kind=getattr(one.change, "kind", "broken"),
            sentence=one.change.sentence(evaluated.names),
            problem=one.problem,
            gains=[
                (track.title, points_text(one.gains[track.key]))
                for track in rule_set.tracks
                if one.gains[track.key]
            ],
            moves=_moves(one.moves, rule_set),
            whys=list(dict.fromkeys(_whys(one, evaluated.ground))),
        )
        for one in found
    ]


def _moves(moves: Sequence[CountMove], rule_set: rules.RuleSet) -> str:
    """``SMB: +1 tenant (net customer adds), +12 users by CPOR (usage growth)``"""
    said = []
    for track in rule_set.tracks:
        own = [_move(move) for move in moves if move.track == track.key]
        if own:
            said.append(f"{track.title}: {', '.join(own)}")
    return "; ".join(said)


def _whys(effect: Effect, ground: Ground) -> Iterator[str]:
    """Why a track gains nothing though one of its counts grows."""
    for move in effect.moves:
        if move.change < 0 or effect.gains[move.track]:
            continue
        metric = ground.scored[move.track].metrics[move.metric]
        value = metric.options[move.option].value + move.change
        if metric.points == metric.metric.max:
            why = said(Why.FULL, max=figure(metric.metric.max))
        elif value <= 0:
            why = said(Why.NOT_ABOVE_ZERO, value=signed(value))
        else:
            why = said(Why.OTHER_OPTION, option=metric.option)
        yield _("%(track)s, %(metric)s: %(why)s") % {
            "track": ground.rule_set.track(move.track).title,
            "metric": _title(move.metric),
            "why": why,
        }


def _move(move: CountMove) -> str:
    words = {
        "change": f"{signed(move.change)} {unit(move.metric, move.change)}",
        "metric": _title(move.metric),
        "option": move.option,
    }
    if move.option:
        return _("%(change)s by %(option)s (%(metric)s)") % words
    return _("%(change)s (%(metric)s)") % words


def overlap(found: Iterable[Effect], outcome: Outcome) -> str:
    """That the changes together earn more or less than one by one, with both numbers."""
    found = list(found)
    if len(found) < 2:
        return ""
    said = []
    for track in outcome.tracks:
        alone = sum((one.gains[track.track.key] for one in found), Fraction(0))
        if alone != track.gain:
            words = {
                "track": track.track.title,
                "alone": points_text(alone),
                "together": points_text(track.gain),
            }
            said.append(_("%(track)s: one by one %(alone)s points, together %(together)s.") % words)
    if not said:
        return ""
    return " ".join(
        [
            *said,
            _(
                "Changes overlap: a customer counts once, a metric has an end, and only the best "
                "option counts."
            ),
        ]
    )


# ---- Side by side --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    points: str
    value: str  # with its unit; empty for a total
    is_changed: bool  # against today


@dataclass(frozen=True, slots=True)
class ComparedRow:
    title: str
    maximum: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class ComparedTrack:
    title: str
    chart: charts.Chart
    totals: Sequence[Cell]
    passes: Sequence[bool]
    rows: Sequence[ComparedRow]


def side_by_side(
    names: Sequence[str], outcomes: Sequence[Outcome], rule_set: rules.RuleSet
) -> list[ComparedTrack]:
    """Track by track: today first, then each scenario. ``names`` are of the scenarios."""
    found = []
    for place, track in enumerate(rule_set.tracks):
        own = [outcome.tracks[place] for outcome in outcomes]
        today = own[0].before
        scores = [today, *(one.after for one in own)]
        titles = [_("Today"), *map(_short, names)]
        found.append(
            ComparedTrack(
                title=track.title,
                chart=_compared_chart(track, titles, scores, rule_set),
                totals=[
                    Cell(whole(score.total), "", score.total != today.total) for score in scores
                ],
                passes=[own[0].passed, *(one.passes for one in own)],
                rows=[
                    ComparedRow(
                        _title(metric.key),
                        metric.max,
                        [_cell(metric.key, score, today) for score in scores],
                    )
                    for metric in track.metrics
                ],
            )
        )
    return found


def _cell(metric: str, score: rules.TrackScore, today: rules.TrackScore) -> Cell:
    own, before = score.metrics[metric], today.metrics[metric]
    value = f"{value_text(metric, own.value)} {unit(metric, own.value)}"
    if own.option:
        value = f"{value} {own.option}"
    return Cell(whole(own.points), value, (own.points, own.value) != (before.points, before.value))


def _short(name: str) -> str:
    """As much of a name as has room above a bar."""
    return name if len(name) <= ROOM else f"{name[: ROOM - 1].rstrip()}…"


def _compared_chart(
    track: rules.Track,
    titles: Sequence[str],
    scores: Sequence[rules.TrackScore],
    rule_set: rules.RuleSet,
) -> charts.Chart:
    def total(score: rules.TrackScore) -> str:
        return _("%(total)s of 100 points") % {"total": whole(score.total)}

    title = _("Points of %(track)s against the %(pass_mark)s needed: %(bars)s.") % {
        "track": track.title,
        "pass_mark": figure(rule_set.pass_mark),
        "bars": "; ".join(
            f"{name} {total(score)}" for name, score in zip(titles, scores, strict=True)
        ),
    }
    return charts.draw(
        f"compare-{track.key}",
        title,
        [
            charts.Bar(name, total(score), _parts(score))
            for name, score in zip(titles, scores, strict=True)
        ],
        pass_mark=rule_set.pass_mark,
        pass_mark_label=_needed(rule_set),
    )
