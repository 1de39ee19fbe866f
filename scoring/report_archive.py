"""The reports of a firm, as its archive shows them: by score, the newest first.

What a report says stands. Where the data of its month were corrected afterwards, the archive says
beside it what the month comes to by what is known today.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from partners.models import Partner
from scoring import months
from scoring.models import DesignationReport, MonthResult, Score
from scoring.presentation import PEOPLE, month_name, whole
from scoring.results import TrackResult


@dataclass(frozen=True, slots=True)
class Entry:
    """One PDF."""

    report: DesignationReport
    is_monthly: bool
    orderer: str  # who ordered it, empty for one that came by itself


@dataclass(frozen=True, slots=True)
class Known:
    """What the month of a score comes to by what is known today."""

    points: str
    month: str  # ISO, for its page


@dataclass(frozen=True, slots=True)
class Group:
    """A reported score with its PDFs."""

    score: Score
    month: str
    track: str
    points: str
    entries: Sequence[Entry]
    since: Score | None  # that a report of it is compared with
    known: Known | None  # None where nothing else is known


def reported(partner: Partner) -> QuerySet[Score]:
    """The scores of a firm that have a report, the newest day first."""
    has_report = Exists(DesignationReport.objects.filter(score=OuterRef("pk")))
    return Score.objects.filter(has_report, partner=partner).order_by("-as_of", "-computed_at")


def groups(partner: Partner, shown: Iterable[Score]) -> list[Group]:
    """Some of the firm's reported scores with all their PDFs; three queries."""
    found = list(shown)
    entries: dict[object, list[Entry]] = {score.pk: [] for score in found}
    rows = (
        DesignationReport.objects.filter(score__in=found)
        .select_related("document__seal", "document__requested_by", "since")
        .prefetch_related("monthly")
        .order_by("-length", "language")  # one page first
    )
    for row in rows:
        orderer = row.document.requested_by
        entries[row.score_id].append(
            Entry(row, bool(row.monthly.all()), "" if orderer is None else str(orderer))
        )
    data = {score.last_month for score in found if score.last_month is not None}
    known = MonthResult.objects.filter(portfolio__partner=partner, month__in=data)
    history: dict[int | None, MonthResult] = {row.month: row for row in known}
    return [_group(score, entries[score.pk], history.get(score.last_month)) for score in found]


def _group(score: Score, entries: Sequence[Entry], today: MonthResult | None) -> Group:
    track = _shown(score.tracks, score.track)
    earlier = [entry.report.since for entry in entries if entry.report.since is not None]
    return Group(
        score=score,
        month=_("no month of data") if score.last_month is None else month_name(score.last_month),
        track=track.title,
        points=whole(track.total),
        entries=entries,
        since=earlier[-1] if earlier else None,
        known=None if today is None else known_today(score, today),
    )


def known_today(score: Score, today: MonthResult) -> Known | None:
    """What became of the month of ``score``; None where its data say the same as then.

    [I] Only what tenants add is compared: people change within a month, and a score of its 5th
    differs from the month as a whole without anybody having corrected anything. Nor are months
    under other rules compared.
    """
    if today.rule_set != score.rule_set or today.month != score.last_month:
        return None
    then = _of_tenants(score.tracks)
    if then == _of_tenants(today.tracks):
        return None
    track = _shown(today.tracks, score.track)
    return Known(points=whole(track.total), month=months.label(today.month))


def _shown(tracks: Iterable[TrackResult], key: str) -> TrackResult:
    return next(track for track in tracks if track.key == key)


def _of_tenants(tracks: Iterable[TrackResult]) -> dict[tuple[str, str, str], int]:
    return {
        (track.key, metric.key, option.key): option.value
        for track in tracks
        for metric in track.metrics
        if metric.key not in PEOPLE
        for option in metric.options
    }
