"""What a report tells beside its score: what changed since the last one, the status, what follows.

Which score was reported before, how the months look and what is worth doing depend on other rows,
and those change. So they are fixed when a report is ordered (``snapshot``) and stand in it, in the
language of the report: the same report gives the same bytes for ever.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import (
    certified,
    differences,
    enrolments,
    ledgers,
    months,
    next_steps,
    renewals,
    rule_changes,
    scores,
    trends,
)
from scoring.differences import Difference, MetricChange, TrackChange
from scoring.history_words import status_words
from scoring.models import DesignationReport, MonthAhead, MonthResult, Portfolio, Score
from scoring.presentation import PEOPLE, figure, month_name, signed, unit, value_text, whole
from scoring.trends import Trend
from scoring.worth import points_text

MOST_CHANGES = 3  # metrics that the short report names one by one
MOST_ROWS = 40  # tenants and people that the full report names one by one
MONTHS_SHOWN = 13  # a year and the month it is compared with
MOST_OUTLOOK = 3  # risks, and next steps
LONGEST = 150  # characters of one line of the outlook
SOON = 90  # days until an expiry
NONE = Fraction(0)


# ---- Fixed when a report is ordered --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlook:
    """One line of what is to come: a ``risk`` of the next months, or a ``step`` worth doing."""

    kind: str
    text: str
    worth: str = ""  # in points, as it is to be read: "+3.6 points"


def outlook_words(score: Score) -> list[Outlook]:
    """What is at risk and what is worth doing, seen from ``score``, in the active language.

    Empty for a score that is not the firm's newest: nobody plans from an old one.
    """
    newest = scores.latest(score.partner)
    if newest is None or newest.pk != score.pk:
        return []
    return [*_months_at_risk(score), *_certificates_at_risk(score), *_steps(score)]


def _months_at_risk(score: Score) -> Iterator[Outlook]:
    """The month to come that takes most, if every customer stays as it is."""
    if score.last_month is None:
        return
    found = MonthAhead.objects.filter(
        portfolio__partner=score.partner_id, data_month=score.last_month
    )
    now = next(track.total for track in score.tracks if track.is_shown)
    worst: tuple[Fraction, MonthAhead] | None = None
    for row in found.order_by("month"):
        total = next((track.total for track in row.tracks if track.key == score.track), None)
        if total is not None and total < (worst[0] if worst else now):
            worst = total, row
    if worst is not None:
        total, row = worst
        words = _("If every customer stays as it is, %(total)s points with the data of %(month)s.")
        yield Outlook(
            "risk",
            words % {"total": whole(total), "month": month_name(row.month)},
            _points_words(total - now),
        )


def _certificates_at_risk(score: Score) -> Iterator[Outlook]:
    rule_set = ledgers.rule_set_of(score)
    portfolio = Portfolio.objects.get(partner=score.partner_id)
    everybody = certified.people_of(portfolio, rule_set, score.as_of)
    for one in renewals.expiries(everybody, rule_set, score.as_of):
        lost = sum((effect.points for effect in one.effects if effect.track == score.track), NONE)
        if 0 <= one.days_left <= SOON and lost:
            words = _("%(person)s: %(certification)s expires on %(day)s.")
            yield Outlook(
                "risk",
                words
                % {
                    "person": one.name or _("Unnamed"),
                    "certification": one.title,
                    "day": date_format(one.until_on, "DATE_FORMAT"),
                },
                _points_words(lost),
            )


def _steps(score: Score) -> Iterator[Outlook]:
    for step in next_steps.of(score.partner, score.as_of, most=MOST_OUTLOOK):
        worth = _points_words(step.points)
        if step.keeps:
            worth = _("%(points)s to keep") % {"points": worth.removeprefix("+")}
        yield Outlook("step", step.title, worth)


def _points_words(points: Fraction) -> str:
    text = ngettext("%(points)s point", "%(points)s points", 1 if abs(points) == 1 else 2)
    return text % {"points": points_text(points)}


def snapshot(score: Score, since: Score | None) -> dict[str, Any]:
    """What the report of ``score`` says that other rows decide, in the active language."""
    outlook = outlook_words(score)
    shown = [
        line
        for kind in ("risk", "step")
        for line in [one for one in outlook if one.kind == kind][:MOST_OUTLOOK]
    ]
    # As the firm stood on the day of the score, with what is known of it by now.
    status = status_words(enrolments.current(score.partner, score.as_of))
    return {
        "since": None if since is None else _identity(since),
        "status": {"headline": status.headline, "lead": status.lead},
        "months": [_month(row) for row in _months_until(score)],
        "outlook": [asdict(line) | {"text": shortened(line.text, LONGEST)} for line in shown],
    }


def _identity(score: Score) -> dict[str, Any]:
    return {
        "score": str(score.pk),
        "as_of": score.as_of.isoformat(),
        "last_month": score.last_month_label,
        "was_reported": score.reports.exists(),
        "totals": {track.key: track.exact for track in score.tracks},
    }


def _months_until(score: Score) -> Iterable[MonthResult]:
    if score.last_month is None:
        return []
    first = score.last_month - MONTHS_SHOWN + 1
    rows = MonthResult.objects.filter(portfolio__partner=score.partner_id)
    return rows.filter(month__range=(first, score.last_month)).order_by("month")


def _month(row: MonthResult) -> dict[str, Any]:
    return {
        "month": months.label(row.month),
        "points": {track.key: track.exact for track in row.tracks},
        "qualified": bool(row.qualified),
        "provable": row.is_provable,
    }


def reported_before(score: Score) -> Score | None:
    """The score that a report of ``score`` is compared with.

    The newest one of an earlier day and month that was reported; else the newest of an earlier
    month. None for a firm's first month.
    """
    if score.last_month is None:
        return None
    earlier = Score.objects.filter(
        partner=score.partner_id, last_month__lt=score.last_month, as_of__lt=score.as_of
    )
    has_report = Exists(DesignationReport.objects.filter(score=OuterRef("pk")))
    return (
        earlier.annotate(was_reported=has_report)
        .order_by("-was_reported", "-as_of", "-computed_at")
        .first()
    )


def shortened(text: str, most: int) -> str:
    """At most so many characters; what is cut off ends with an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


# ---- Since the last report -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MetricLine:
    title: str
    before: str  # points, exact
    after: str
    change: str
    value: str  # how its value moved: "+3 → +5 tenants"
    is_changed: bool


@dataclass(frozen=True, slots=True)
class TrackLines:
    title: str
    before: str
    after: str
    change: str
    metrics: Sequence[MetricLine]


@dataclass(frozen=True, slots=True)
class Since:
    """One score beside the one reported before it."""

    words: str  # since what
    headline: str
    rules: str  # what the rules say differently, empty for nothing
    tracks: Sequence[TrackLines]  # the one that decides first
    largest: Sequence[MetricLine]  # of that track
    others: str  # what its other metrics have changed together, empty for nothing

    @property
    def shown(self) -> TrackLines:
        return self.tracks[0]


def since_words(report: DesignationReport) -> Since | None:
    """What changed since the last report, in the active language; None for a first one."""
    if report.since is None:
        return None
    found = differences.between(report.since, report.score)
    tracks = sorted(found.tracks, key=lambda track: not (track.after and track.after.is_shown))
    moved = sorted(
        (metric for metric in tracks[0].metrics if metric.points),
        key=lambda metric: -abs(metric.points),
    )
    # One metric left over is named as well: it takes no more room than their sum.
    most = MOST_CHANGES + (len(moved) == MOST_CHANGES + 1)
    rest = sum((metric.points for metric in moved[most:]), Fraction(0))
    changed_rules = rule_changes.sentences(
        ledgers.rule_set_of(report.since), ledgers.rule_set_of(report.score)
    )
    return Since(
        words=_since(report),
        headline=differences.headline(found),
        rules=" ".join(changed_rules),
        tracks=[_track(track) for track in tracks],
        largest=[_metric(metric) for metric in moved[:most]],
        others=differences.signed_points(rest) if moved[most:] else "",
    )


def _since(report: DesignationReport) -> str:
    assert report.since is not None  # noqa: S101 -- the caller looked
    words = {
        "day": date_format(report.since.as_of, "DATE_FORMAT"),
        "month": month_name(report.since.last_month or 0),
    }
    if report.snapshot["since"]["was_reported"]:
        return _("Compared with the report of %(day)s (data of %(month)s).") % words
    return _("Compared with the score of %(day)s (data of %(month)s).") % words


def _track(track: TrackChange) -> TrackLines:
    return TrackLines(
        title=track.title,
        before=whole(track.before.total) if track.before else "–",
        after=whole(track.after.total) if track.after else "–",
        change=differences.signed_points(track.points),
        metrics=[_metric(metric) for metric in track.metrics],
    )


def _metric(metric: MetricChange) -> MetricLine:
    before, after = metric.before, metric.after
    values = [value_text(metric.key, one.value) for one in (before, after) if one is not None]
    last = after or before
    return MetricLine(
        title=metric.title,
        before=whole(before.points) if before else "–",
        after=whole(after.points) if after else "–",
        change=differences.signed_points(metric.points),
        value=" → ".join(dict.fromkeys(values))
        + (f" {unit(metric.key, last.value)}" if last is not None else ""),
        is_changed=metric.is_changed,
    )


# ---- Tenant by tenant ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChangedRow:
    name: str
    before: str
    after: str
    change: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangedPart:
    """The rows of one metric that made its value move, and what all of them sum up to."""

    title: str
    subject: str  # heading of the first column
    rows: Sequence[ChangedRow]
    rest: str  # rows that are not shown, with their sum
    sum_label: str
    before: str
    after: str
    change: str
    note: str


def changed_rows(report: DesignationReport, allot: Any) -> list[ChangedPart]:
    """Of the track that decides; ``allot`` shares the rows out that there is room for."""
    if report.since is None:
        return []
    found = differences.between(report.since, report.score)
    track = next(one for one in found.tracks if one.after and one.after.is_shown)
    moved = [metric for metric in track.metrics if metric.before and metric.after]
    sums = [
        differences.sums(found.rows(track.key, metric.key, metric.option).exclude(change=0))
        for metric in moved
    ]
    room = allot([one.rows for one in sums], MOST_ROWS)
    return [
        _part(found, track, metric, counted, most)
        for metric, counted, most in zip(moved, sums, room, strict=True)
        if counted.rows
    ]


def _part(
    found: Difference,
    track: TrackChange,
    metric: MetricChange,
    counted: differences.Sums,
    most: int,
) -> ChangedPart:
    here = (track.key, metric.key, metric.option)
    rows = differences.explained(
        found, *here, found.rows(*here).exclude(change=0)[:most] if most else []
    )
    option = next(one for one in metric.options if one.key == metric.option)
    is_people = metric.key in PEOPLE
    shown = sum(row.change for row in rows)
    hidden = counted.rows - len(rows)
    return ChangedPart(
        title=_part_title(track, metric),
        subject=_("Person") if is_people else _("Customer"),
        rows=[_row(row) for row in rows],
        rest=ngettext(
            "%(rows)s further row changes the value by %(change)s.",
            "%(rows)s further rows change the value by %(change)s.",
            hidden,
        )
        % {"rows": figure(hidden), "change": signed(counted.change - shown)}
        if hidden
        else "",
        sum_label=ngettext("Change by %(rows)s row", "Change by all %(rows)s rows", counted.rows)
        % {"rows": figure(counted.rows)},
        before=value_text(metric.key, option.before.value) if option.before else "–",
        after=value_text(metric.key, option.after.value) if option.after else "–",
        change=signed(counted.change),
        note=_moved_words(metric),
    )


def _part_title(track: TrackChange, metric: MetricChange) -> str:
    words = {"track": track.title, "metric": metric.title, "option": metric.option}
    if metric.key in PEOPLE:
        return metric.title
    if metric.option:
        return _("%(track)s, %(metric)s by %(option)s") % words
    return _("%(track)s, %(metric)s") % words


def _moved_words(metric: MetricChange) -> str:
    assert metric.before is not None  # noqa: S101 -- the caller looked
    assert metric.after is not None  # noqa: S101
    words = _("Points: %(before)s, now %(after)s.") % {
        "before": whole(metric.before.points),
        "after": whole(metric.after.points),
    }
    if metric.before.option != metric.after.option:
        words += " " + _("Before, %(option)s counted.") % {"option": metric.before.option}
    return words


def _row(row: differences.Row) -> ChangedRow:
    last = row.after or row.before
    return ChangedRow(
        name=row.name,
        before=str(row.before.value) if row.before else "–",
        after=str(row.after.value) if row.after else "–",
        change=signed(row.change),
        reason=last.reason if last else "",
    )


# ---- The months ----------------------------------------------------------------------------------


def trend(report: DesignationReport) -> Trend | None:
    """The months up to the report's as a small picture; None where there are not two of them."""
    score = report.score
    known = {
        months.parse_label(row["month"]): row
        for row in report.snapshot["months"]
        if score.track in row["points"]
    }
    if len(known) < 2:
        return None
    rule_set = ledgers.rule_set_of(score)
    points = {month: Fraction(row["points"][score.track]) for month, row in known.items()}
    title = _("%(track)s points month by month: %(months)s.") % {
        "track": rule_set.track(score.track).title,
        "months": "; ".join(f"{month_name(month)} {whole(points[month])}" for month in points),
    }
    return trends.draw(
        title,
        [
            trends.Month(
                month=month,
                points=points[month],
                has_qualified=row["qualified"],
                is_provable=row["provable"],
            )
            for month, row in known.items()
        ],
        pass_mark=rule_set.pass_mark,
    )
