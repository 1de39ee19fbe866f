"""A firm's history in words and figures, for its pages: no arithmetic, only what is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import months, rule_sets, timeline
from scoring.enrolments import Current
from scoring.history import days_of
from scoring.models import MonthAhead, MonthResult, Score
from scoring.models.scores import MonthOutcome
from scoring.presentation import TrackView, figure, month_name, score_view, whole
from scoring.status import Standing, Status, Window
from scoring.timeline import Timeline


@dataclass(frozen=True, slots=True)
class TrackLine:
    view: TrackView
    missing: str  # for the requirements; metrics by their numbers
    reported: str  # the total that a stored score of that time has, where it is another one


@dataclass(frozen=True, slots=True)
class Line:
    """One month of the table."""

    label: str  # ISO, for addresses
    name: str
    counts_in: str
    tracks: Sequence[TrackLine]  # in the rule set's order
    is_provable: bool
    qualified: str  # which days, empty for none
    in_window: bool
    score: Score | None  # a stored one of that time


@dataclass(frozen=True, slots=True)
class StatusWords:
    headline: str
    lead: str


# ---- Status --------------------------------------------------------------------------------------


def status_words(current: Current) -> StatusWords:
    standing = current.standing
    if standing.is_enrolled:
        return StatusWords(_enrolled_headline(standing), _renewal_words(standing))
    words = {
        "first": day_name(standing.window.first),
        "day": day_name(standing.open_until) if standing.open_until else "",
        "months": month_names(standing.months),
        "anniversary": day_name(standing.anniversary) if standing.anniversary else "",
    }
    if standing.has_lapsed:
        lead = _(
            "Your anniversary was %(anniversary)s, and no renewal is recorded here. If you have "
            "renewed, please record it."
        )
        if standing.status == Status.QUALIFIED:
            headline = _("The anniversary has passed: you may still enrol until %(day)s.")
        else:
            headline = _("The anniversary has passed, and no day since %(first)s has qualified.")
    elif standing.status == Status.QUALIFIED:
        headline = _("Qualified: you may enrol until %(day)s.")
        lead = _(
            "There were qualifying days in %(months)s. If no other follows, the window closes then."
        )
    else:
        headline = _("In progress: no day since %(first)s has qualified.")
        lead = _(
            "One day with enough points, and with points in each of the five metrics, is enough. "
            "It may lie in this month or in the five before it."
        )
    return StatusWords(headline % words, lead % words)


def status_tag(standing: Standing) -> str:
    """The kind of tag that a status is shown with."""
    if standing.status == Status.RENEWAL_DUE and not standing.months:
        return "needs-you"
    return "open" if standing.status == Status.IN_PROGRESS else "ok"


def _enrolled_headline(standing: Standing) -> str:
    words = {"day": day_name(standing.anniversary) if standing.anniversary else ""}
    if standing.status == Status.RENEWAL_DUE:
        return _("Renewal due: your anniversary is %(day)s.") % words
    return _("Enrolled until %(day)s.") % words


def _renewal_words(standing: Standing) -> str:
    words = {
        "first": month_name(months.number(standing.window.first)),
        "last": month_name(months.number(standing.window.last)),
        "months": month_names(standing.months),
    }
    if standing.months:
        return (
            _(
                "There were qualifying days in %(months)s: that is enough for the renewal. What "
                "the score does until then changes nothing."
            )
            % words
        )
    return (
        _(
            "The months from %(first)s to %(last)s decide about the renewal: one qualifying day in "
            "them is enough. So far there is none."
        )
        % words
    )


def day_name(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def month_names(found: Iterable[int]) -> str:
    return ", ".join(month_name(month) for month in found)


def window_text(window: Window) -> str:
    return _("%(first)s to %(last)s") % {
        "first": day_name(window.first),
        "last": day_name(window.last),
    }


# ---- Months --------------------------------------------------------------------------------------


def lines(
    rows: Iterable[MonthResult],
    window: Window,
    stored: Mapping[int, Score],
) -> list[Line]:
    """``stored`` are scores by their last month."""
    return [
        Line(
            label=months.label(row.month),
            name=month_name(row.month),
            counts_in=month_name(row.month + 1),
            tracks=track_lines(row, stored.get(row.month)),
            is_provable=row.is_provable,
            qualified=qualified_words(row),
            in_window=row.month + 1 in window.months,
            score=stored.get(row.month),
        )
        for row in rows
    ]


def tracks_of(row: MonthOutcome) -> list[TrackView]:
    """The tracks in the rule set's order."""
    # A month has all that the words of a score are made of: rules, tracks and the outcome.
    view = score_view(cast("Score", row))
    order = [track.key for track in rule_sets.get(row.rule_set).tracks]
    return sorted(view.tracks, key=lambda track: order.index(track.key))


def track_lines(row: MonthOutcome, score: Score | None = None) -> list[TrackLine]:
    """Both tracks of a month; ``score`` is what was computed when its data were new."""
    reported = {track.key: track.total for track in score.tracks} if score else {}
    pass_mark = rule_sets.get(row.rule_set).pass_mark
    totals = {track.key: track.total for track in row.tracks}
    found = []
    for view in tracks_of(row):
        short = pass_mark - totals[view.key]
        empty = ", ".join(str(metric.number) for metric in view.metrics if not metric.has_points)
        words = []
        if view.passes:
            words.append(_("Requirements met."))
        elif short <= 0 and not empty:
            words.append(_("The comparison is missing."))
        if short > 0:
            # Half a point missing is plural, in both languages.
            text = ngettext(
                "%(points)s point short.", "%(points)s points short.", 1 if short == 1 else 2
            )
            words.append(text % {"points": whole(short)})
        if empty:
            words.append(_("Without points: %(numbers)s.") % {"numbers": empty})
        was = reported.get(view.key, totals[view.key])
        found.append(
            TrackLine(view, " ".join(words), whole(was) if was != totals[view.key] else "")
        )
    return found


def qualified_words(row: MonthOutcome) -> str:
    """On which days of the month that follows the score qualified."""
    whole = days_of(row.month)
    stretches = [
        Window(date.fromisoformat(first), date.fromisoformat(last)) for first, last in row.qualified
    ]
    if stretches == [whole]:
        return _("all days")
    return ", ".join(
        date_format(one.first, "SHORT_DATE_FORMAT")
        if one.first == one.last
        else _("%(first)s to %(last)s")
        % {
            "first": date_format(one.first, "SHORT_DATE_FORMAT"),
            "last": date_format(one.last, "SHORT_DATE_FORMAT"),
        }
        for one in stretches
    )


def picture(rows: Sequence[MonthResult], window: Window) -> Timeline:
    """The months behind; ``rows`` are at least one, in any order."""
    title = _(
        "Points of both tracks from %(first)s to %(last)s against the %(pass_mark)s that are "
        "needed. The table below has the figures."
    )
    marked = [month - 1 for month in window.months]
    return _picture(rows, title, marked, _("decide now"))


def picture_ahead(newest: MonthResult, ahead: Sequence[MonthAhead]) -> Timeline:
    """The newest month with data beside those to come."""
    title = _(
        "Points of both tracks in %(first)s, and until %(last)s if every customer stays as it is, "
        "against the %(pass_mark)s that are needed. The table below has the figures."
    )
    return _picture([newest, *ahead], title, [row.month for row in ahead], _("to come"))


def _picture(
    rows: Sequence[MonthResult | MonthAhead], title: str, marked: Sequence[int], label: str
) -> Timeline:
    first, last = min(row.month for row in rows), max(row.month for row in rows)
    rule_set = rule_sets.get(max(rows, key=lambda row: row.month).rule_set)
    order = [track.key for track in rule_set.tracks]
    return timeline.draw(
        title
        % {
            "first": month_name(first),
            "last": month_name(last),
            "pass_mark": figure(rule_set.pass_mark),
        },
        [
            timeline.Month(
                month=row.month,
                points=[
                    track.total
                    for track in sorted(row.tracks, key=lambda track: order.index(track.key))
                ],
                has_qualified=bool(row.qualified),
                is_provable=row.is_provable,
            )
            for row in rows
        ],
        pass_mark=rule_set.pass_mark,
        window=marked,
        window_label=label,
    )
