"""What changed from one score to another: exactly, metric by metric and row by row.

The rows that differ add up to the difference of the values, as the rows of a ledger add up to a
value. Within one ledger they are what its revisions wrote in between; across ledgers (another
month, another rule set) the rows of both are joined by tenant or person.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db.models import Count, F, IntegerField, Max, Q, QuerySet, Sum, TextChoices, Value
from django.db.models.functions import Abs, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scoring import judging, ledgers
from scoring.ledgers import Entry, Reader
from scoring.models import (
    Contribution,
    Correction,
    PartnerCenterImport,
    PersonContribution,
    Score,
)
from scoring.presentation import PEOPLE, whole
from scoring.results import Metric, MetricResult, OptionResult, TrackResult

NOTHING = Fraction(0)


# ---- Values and points ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OptionChange:
    """One option of a metric in both scores; None where the rules of a score do not have it."""

    key: str
    before: OptionResult | None
    after: OptionResult | None

    @property
    def value(self) -> int:
        return (self.after.value if self.after else 0) - (self.before.value if self.before else 0)

    @property
    def points(self) -> Fraction:
        return _points(self.after) - _points(self.before)

    @property
    def is_changed(self) -> bool:
        return bool(self.value or self.points) or (self.before is None) != (self.after is None)


@dataclass(frozen=True, slots=True)
class MetricChange:
    key: str
    before: MetricResult | None
    after: MetricResult | None
    options: tuple[OptionChange, ...]

    @property
    def points(self) -> Fraction:
        return _points(self.after) - _points(self.before)

    @property
    def is_changed(self) -> bool:
        """Also where only an option that does not count has moved."""
        return bool(self.points) or any(option.is_changed for option in self.options)

    @property
    def title(self) -> str:
        return str(Metric(self.key).label) if self.key in Metric else self.key

    @property
    def option(self) -> str:
        """The option that counts in the newer score, else the one that counted."""
        result = self.after or self.before
        return result.option if result else ""


@dataclass(frozen=True, slots=True)
class TrackChange:
    key: str
    before: TrackResult | None
    after: TrackResult | None
    metrics: tuple[MetricChange, ...]

    @property
    def title(self) -> str:
        result = self.after or self.before
        return result.title if result else self.key

    @property
    def points(self) -> Fraction:
        """Of the total; the sum of the points of its metrics."""
        return (self.after.total if self.after else NOTHING) - (
            self.before.total if self.before else NOTHING
        )

    @property
    def is_changed(self) -> bool:
        return any(metric.is_changed for metric in self.metrics)


def _points(result: OptionResult | MetricResult | None) -> Fraction:
    return result.points if result else NOTHING


def compare(before: Sequence[TrackResult], after: Sequence[TrackResult]) -> tuple[TrackChange, ...]:
    """Two results side by side, in the order of the newer one; what only the older has comes last.

    Pure.
    """
    tracks = []
    for key, old, new in _side_by_side(before, after):
        metrics = tuple(
            MetricChange(
                metric_key,
                old_metric,
                new_metric,
                tuple(
                    OptionChange(*option)
                    for option in _side_by_side(
                        old_metric.options if old_metric else (),
                        new_metric.options if new_metric else (),
                    )
                ),
            )
            for metric_key, old_metric, new_metric in _side_by_side(
                old.metrics if old else (), new.metrics if new else ()
            )
        )
        tracks.append(TrackChange(key, old, new, metrics))
    return tuple(tracks)


def _side_by_side(before: Iterable[Any], after: Iterable[Any]) -> Iterator[tuple[str, Any, Any]]:
    old: Mapping[str, Any] = {result.key: result for result in before}
    new: Mapping[str, Any] = {result.key: result for result in after}
    for key in [*new, *(key for key in old if key not in new)]:
        yield key, old.get(key), new.get(key)


# ---- Rows ----------------------------------------------------------------------------------------


class Change(NamedTuple):
    """One row that differs, in numbers; a reason of 0 says that it was not there."""

    key: int | str
    name: str
    guid: UUID | None  # of a tenant
    now_before: int
    then_before: int
    why_before: int
    now_after: int
    then_after: int
    why_after: int
    change: int  # of the contribution: the sum of these is the change of the value
    certification_before: str | None = None  # of a person
    completed_before: date | None = None
    until_before: date | None = None
    certification_after: str | None = None
    completed_after: date | None = None
    until_after: date | None = None

    @property
    def before(self) -> Entry | None:
        if not self.why_before:
            return None
        return Entry(
            self.key,
            self.name,
            self.guid,
            self.now_before,
            self.then_before,
            self.now_before - self.then_before,
            self.why_before,
            self.certification_before or "",
            self.completed_before,
            self.until_before,
        )

    @property
    def after(self) -> Entry | None:
        if not self.why_after:
            return None
        return Entry(
            self.key,
            self.name,
            self.guid,
            self.now_after,
            self.then_after,
            self.now_after - self.then_after,
            self.why_after,
            self.certification_after or "",
            self.completed_after,
            self.until_after,
        )


Changes: TypeAlias = "QuerySet[Any, tuple[Any, ...]]"  # rows with the fields of a Change


class Show(TextChoices):
    """Which of the rows that differ to show."""

    ALL = "", gettext_lazy("All rows that differ")
    UP = "up", gettext_lazy("Adds more than before")
    DOWN = "down", gettext_lazy("Adds less than before")
    SAME = "same", gettext_lazy("Adds the same, for another reason")

    @property
    def condition(self) -> Q:
        return {
            Show.ALL: Q(),
            Show.UP: Q(change__gt=0),
            Show.DOWN: Q(change__lt=0),
            Show.SAME: Q(change=0),
        }[self]


@dataclass(frozen=True, slots=True)
class Difference:
    """From ``older`` to ``newer``: two scores of one firm."""

    older: Score
    newer: Score
    tracks: tuple[TrackChange, ...]

    @property
    def is_changed(self) -> bool:
        return any(track.is_changed for track in self.tracks)

    def track(self, key: str) -> TrackChange | None:
        return next((track for track in self.tracks if track.key == key), None)

    def rows(self, track: str, metric: str, option: str) -> Changes:
        """The rows that differ in figures or in their reason, largest change first.

        A tenant whose figures and reason are the same is left out, though its seats may differ.
        """
        if metric in PEOPLE:
            return _people(self.older, self.newer, metric)
        for score in (self.newer, self.older):
            numbers = ledgers.numbers_of(ledgers.rule_set_of(score), track, metric, option)
            if numbers is not None:  # the same number in every rule set
                return _tenants(self.older, self.newer, numbers, metric)
        return _tenants(self.older, self.newer, ledgers.NOWHERE, judging.NET_ADDS).none()


def between(older: Score, newer: Score) -> Difference:
    """What changed from one score of a firm to another. Scores of two firms are a ValueError."""
    if older.partner_id != newer.partner_id:
        raise ValueError("scores of two firms have nothing to compare")
    return Difference(older, newer, compare(older.tracks, newer.tracks))


def _tenants(older: Score, newer: Score, numbers: tuple[int, int], metric: str) -> Changes:
    track, option = numbers
    rows, before, after = _rows_of_both(Contribution, older, newer)
    now, then, why = ledgers.COLUMNS[metric]
    figures = _figures(now, then, why, before, after)
    found: Changes = (
        rows.filter(track=track, option=option)
        .values(key=F("tenant_id"), name=F("tenant__name"), guid=F("tenant__tenant_id"))
        .annotate(**figures)
        .annotate(change=CHANGE)
        .exclude(SAME_FIGURES)
        .order_by(Abs("change").desc(), "name", "key")
        .values_list(*Change._fields[:10])
    )
    return found


def _people(older: Score, newer: Score, metric: str) -> Changes:
    rows, before, after = _rows_of_both(PersonContribution, older, newer)
    figures = _figures("counts", None, "reason", before, after)
    details = {
        f"{name}_{side}": Max(column, filter=condition)
        for side, condition in (("before", before), ("after", after))
        for name, column in (
            ("certification", "certification"),
            ("completed", "completed_on"),
            ("until", "until_on"),
        )
    }
    found: Changes = (
        rows.filter(metric=metric)
        .values(key=F("person"))
        .annotate(
            guid=Value(None, output_field=IntegerField()),
            called=Coalesce(Max("name", filter=after), Max("name", filter=before)),
            **figures,
            **details,
            # Nothing equals a missing day, not even another one: they need a value to be compared.
            end_before=Coalesce(Max("until_on", filter=before), date.max),
            end_after=Coalesce(Max("until_on", filter=after), date.max),
        )
        .annotate(change=CHANGE)
        .exclude(
            SAME_FIGURES,
            certification_before=F("certification_after"),
            completed_before=F("completed_after"),
            end_before=F("end_after"),
        )
        .order_by(Abs("change").desc(), "called", "key")
        .values_list("key", "called", *Change._fields[2:])
    )
    return found


def _rows_of_both(model: Any, older: Score, newer: Score) -> tuple[QuerySet[Any], Q, Q]:
    """Rows that stood in one of the two, and which they were; without those that stood in both."""
    before, after = _at(older), _at(newer)
    is_one_ledger = older.ledger_id == newer.ledger_id
    wanted = (before & ~after) | (after & ~before) if is_one_ledger else before | after
    rows = model.objects.filter(ledger__in={older.ledger_id, newer.ledger_id}).filter(wanted)
    return rows.order_by(), before, after


def _at(score: Score) -> Q:
    return Q(ledger=score.ledger_id, since__lte=score.revision, until__gt=score.revision)


def _figures(now: str, then: str | None, why: str, before: Q, after: Q) -> dict[str, Any]:
    """A row stands at most once on each side, so its largest figure is its figure."""
    figures: dict[str, Any] = {}
    for side, condition in (("before", before), ("after", after)):
        for name, column in (("now", now), ("then", then), ("why", why)):
            figures[f"{name}_{side}"] = (
                Coalesce(Max(column, filter=condition), 0, output_field=IntegerField())
                if column
                else Value(0)
            )
    return figures


CHANGE = F("now_after") - F("then_after") - F("now_before") + F("then_before")
SAME_FIGURES = Q(now_before=F("now_after"), then_before=F("then_after"), why_before=F("why_after"))


@dataclass(frozen=True, slots=True)
class Sums:
    rows: int
    before: int  # what the rows that differ added before, and add now
    after: int
    change: int


def sums(found: Changes) -> Sums:
    total = found.aggregate(
        rows=Count("key"),
        total_before=Sum(F("now_before") - F("then_before")),
        total_after=Sum(F("now_after") - F("then_after")),
        total=Sum("change"),
    )
    return Sums(
        rows=total["rows"],
        before=total["total_before"] or 0,
        after=total["total_after"] or 0,
        change=total["total"] or 0,
    )


# ---- What they were made of ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Between:
    """What came in, or was taken back, from one score to the other; newest first."""

    imports: Sequence[PartnerCenterImport]
    undone: Sequence[PartnerCenterImport]
    corrections: Sequence[Correction]
    withdrawn: Sequence[Correction]

    @property
    def is_empty(self) -> bool:
        return not (self.imports or self.undone or self.corrections or self.withdrawn)


def came_between(older: Score, newer: Score) -> Between:
    """Two queries."""
    had, has = set(older.import_ids), set(newer.import_ids)
    imports = PartnerCenterImport.objects.filter(partner=newer.partner_id, pk__in=had ^ has)
    files = list(imports.order_by("-created_at", "pk").defer("rejected", "unused"))
    knew, knows = set(older.correction_ids), set(newer.correction_ids)
    corrections = Correction.objects.filter(
        portfolio__partner=newer.partner_id, pk__in=knew ^ knows
    )
    known = list(corrections.select_related("tenant", "made_by", "withdrawn_by"))
    return Between(
        imports=[file for file in files if str(file.pk) in has],
        undone=[file for file in files if str(file.pk) in had],
        corrections=[correction for correction in known if str(correction.pk) in knows],
        withdrawn=[correction for correction in known if str(correction.pk) in knew],
    )


# ---- In words ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One row that differs, as a page shows it; a side is None where there was no such row."""

    key: int | str
    name: str
    subject: str
    before: ledgers.Row | None
    after: ledgers.Row | None
    change: int


def explained(
    difference: Difference, track: str, metric: str, option: str, found: Iterable[Any]
) -> list[Row]:
    """``found`` are rows of ``difference.rows``; two queries for what was known of them."""
    changes = [Change(*row) for row in found]
    sides: list[dict[int | str, ledgers.Row]] = []
    for score, name in ((difference.older, "before"), (difference.newer, "after")):
        entries = [entry for change in changes if (entry := getattr(change, name)) is not None]
        rows = Reader(score).rows(track, metric, option, entries)
        sides.append({entry.key: row for entry, row in zip(entries, rows, strict=True)})
    before, after = sides
    return [
        Row(
            key=change.key,
            name=change.name or (_("Unnamed") if change.guid is None else str(change.guid)),
            subject="" if change.guid is None else str(change.guid),
            before=before.get(change.key),
            after=after.get(change.key),
            change=change.change,
        )
        for change in changes
    ]


def export(
    difference: Difference, *, track: str | None = None, metric: str | None = None
) -> Iterator[str]:
    """Every row that differs as CSV, of one track or metric where it is given; days as ISO."""
    return ledgers.csv_lines(_table(difference, track, metric))


def _table(
    difference: Difference, only_track: str | None, only_metric: str | None
) -> Iterator[Sequence[object]]:
    days = {
        "before": difference.older.as_of.isoformat(),
        "after": difference.newer.as_of.isoformat(),
    }
    yield [
        _("Track"),
        _("Metric"),
        _("Option"),
        _("Name"),
        _("Tenant"),
        _("Now, in the score of %(before)s") % days,
        _("Then, in the score of %(before)s") % days,
        _("Contribution in the score of %(before)s") % days,
        _("Now, in the score of %(after)s") % days,
        _("Then, in the score of %(after)s") % days,
        _("Contribution in the score of %(after)s") % days,
        _("Change"),
        _("Why in the score of %(before)s") % days,
        _("Why in the score of %(after)s") % days,
    ]
    readers = Reader(difference.older), Reader(difference.newer)
    for track in difference.tracks:
        for metric in track.metrics:
            if only_track not in (None, track.key) or only_metric not in (None, metric.key):
                continue
            for option in metric.options:
                here = (track.key, metric.key, option.key)
                stream = difference.rows(*here).iterator(chunk_size=ledgers.AT_ONCE)
                while chunk := [Change(*row) for row in islice(stream, ledgers.AT_ONCE)]:
                    words = [
                        _sentences(reader, here, [getattr(change, side) for change in chunk])
                        for reader, side in zip(readers, ("before", "after"), strict=True)
                    ]
                    for change in chunk:
                        yield [
                            track.title,
                            metric.title,
                            option.key,
                            change.name,
                            "" if change.guid is None else str(change.guid),
                            *_cells(change.before),
                            *_cells(change.after),
                            change.change,
                            *(side.get(change.key, "") for side in words),
                        ]


def _cells(entry: Entry | None) -> tuple[object, object, object]:
    return ("", "", "") if entry is None else (entry.now, entry.then, entry.contribution)


def _sentences(
    reader: Reader, here: tuple[str, str, str], entries: Iterable[Entry | None]
) -> dict[int | str, str]:
    there = [entry for entry in entries if entry is not None]
    return {entry.key: words for entry, words in reader.sentences(*here, there)}


def headline(difference: Difference) -> str:
    """What changed, in one sentence, about the track that stands for the newer score."""
    shown = next(track for track in difference.tracks if track.after and track.after.is_shown)
    numbers = {
        "track": shown.title,
        "points": whole(abs(shown.points)),
        "before": whole(_total(shown)),
        "after": whole(_total(shown) + shown.points),
    }
    was, is_now = difference.older.designated, difference.newer.designated
    if is_now and not was:
        return _("Now the requirements are met: %(track)s %(after)s points.") % numbers
    if was and not is_now:
        return _("The requirements are no longer met: %(track)s %(after)s points.") % numbers
    number = 1 if abs(shown.points) == 1 else 2
    if shown.points > 0:
        return (
            ngettext(
                "%(points)s point more in %(track)s: %(after)s instead of %(before)s.",
                "%(points)s points more in %(track)s: %(after)s instead of %(before)s.",
                number,
            )
            % numbers
        )
    if shown.points < 0:
        return (
            ngettext(
                "%(points)s point less in %(track)s: %(after)s instead of %(before)s.",
                "%(points)s points less in %(track)s: %(after)s instead of %(before)s.",
                number,
            )
            % numbers
        )
    if difference.is_changed:
        return _("%(track)s stays at %(after)s points, but values have changed.") % numbers
    return _("Nothing has changed in values and points.")


def lead(difference: Difference) -> str:
    """Which metrics of that track moved, the largest first; which other track stood before it."""
    shown = next(track for track in difference.tracks if track.after and track.after.is_shown)
    moved = sorted(
        (metric for metric in shown.metrics if metric.points),
        key=lambda metric: -abs(metric.points),
    )
    sentences = []
    if moved:
        sentences.append(
            _("What moved: %(metrics)s.")
            % {
                "metrics": ", ".join(
                    f"{metric.title} {signed_points(metric.points)}" for metric in moved
                )
            }
        )
    earlier = next(
        (track for track in difference.tracks if track.before and track.before.is_shown), shown
    )
    if _total(earlier) > _total(shown):
        sentences.append(
            _("Before, %(track)s was the better track, with %(points)s points.")
            % {
                "track": earlier.title,
                "points": whole(_total(earlier)),
            }
        )
    return " ".join(sentences)


def _total(track: TrackChange) -> Fraction:
    """What the track had before."""
    return track.before.total if track.before else NOTHING


def signed_points(points: Fraction) -> str:
    """A change of points: ``+2.7``, ``0`` or ``−5``; cut after four decimals, never rounded up."""
    if not points:
        return "0"
    return ("+" if points > 0 else "\N{MINUS SIGN}") + whole(abs(points))
