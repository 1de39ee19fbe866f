"""The designation report: a stored score as a document in one language, to be handed on.

In two lengths: one page for the management, and the full one with the ledger.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Abs
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents import jobs, originals
from documents.models import Document
from documents.rendering import File, render_pdf
from partners.models import User
from scoring import ledgers, report_words, rules
from scoring.ledgers import Row
from scoring.models import (
    Contribution,
    DesignationReport,
    Length,
    PartnerCenterImport,
    PersonContribution,
    Score,
)
from scoring.presentation import (
    PEOPLE,
    MetricView,
    TrackView,
    figure,
    month_name,
    notes,
    score_view,
    signed,
)
from scoring.report_words import shortened
from scoring.score_files import report_json

KIND = "designation-report"
TASK = "scoring.tasks.build_report"
MOST_ROWS = 400  # of the ledger: each costs about 9 ms and 0.13 MB, the CSV has all of them
MOST_FILES = 25
BY_NAME = ("name", "key")
# What fits on one page differs with the names and notes of a firm: the short report is set with
# less and less around its figures until it does.
ROOMS = ("roomy", "wide", "narrow", "scarce")
MOST_NOTES, LONGEST_NOTE, LONGEST_NAME = 2, 220, 110  # in the short report


# ---- Order and build -----------------------------------------------------------------------------


@transaction.atomic
def order(
    score_id: UUID, *, language: str, by: User | None, length: str = Length.FULL
) -> DesignationReport:
    """The report of a score in ``language``: ordered now, or the one that exists already.

    A score never changes, so its report is made once; one that failed is tried again. ``by`` is
    None for a report that nobody ordered: the monthly one.
    """
    score = Score.objects.select_for_update(of=("self",)).select_related("partner").get(pk=score_id)
    reports = DesignationReport.objects.filter(score=score, language=language, length=length)
    if (report := reports.select_related("document").first()) is not None:
        jobs.retry(report.document_id)
        report.document.refresh_from_db()
        return report
    since = report_words.reported_before(score)
    with translation.override(language):
        title = _title_of(score, length)
        snapshot = report_words.snapshot(score, since)
    report = DesignationReport(
        score=score, language=language, length=length, since=since, snapshot=snapshot
    )
    report.document = jobs.create(
        kind=KIND,
        task=TASK,
        language=language,
        title=title,
        by=by,
        seal=True,
        content_sha256=hashlib.sha256(report_json(report)).hexdigest(),
    )
    report.save(force_insert=True)
    return report


def _title_of(score: Score, length: str) -> str:
    words = {"firm": score.partner.name, "day": date_format(score.as_of, "DATE_FORMAT")}
    if length == Length.SHORT:
        return _("Designation report on one page %(firm)s, %(day)s") % words
    return _("Designation report %(firm)s, %(day)s") % words


def build(document_id: UUID | str, *, message_id: str = "") -> bool:
    """Make the PDF of one report, once; True when this call made it."""
    return jobs.build(document_id, _render, message_id=message_id)


def _render(document: Document) -> bytes:
    found = DesignationReport.objects.select_related("score__partner", "since")
    report = found.get(document=document)
    score = report.score
    with translation.override(report.language):
        content = report_json(report)
        file = File("score.json", content, _("The score as data"), "Source", score.computed_at)
        original = originals.original(document, [file], made_at=score.computed_at)
        context = {"original": original, "fingerprint": _fingerprint(content)}
        if not report.is_short:
            context |= report_context(score, title=document.title) | full_context(report)
            return _set("scoring/report.html", context, report)
        context |= short_context(report, title=document.title)
    pdf = b""
    for room in ROOMS:
        pdf = _set("scoring/report_short.html", context | {"room": room}, report)
        if page_count(pdf) == 1:
            break
    return pdf


def _set(template: str, context: dict[str, Any], report: DesignationReport) -> bytes:
    return render_pdf(
        template,
        context,
        language=report.language,
        files=context["original"].files,
        identifier=context["original"].identifier,
    )


def page_count(pdf: bytes) -> int:
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 -- for the worker alone

    return int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])


def _fingerprint(content: bytes) -> str:
    return originals.groups(hashlib.sha256(content).hexdigest())


def file_name(report: DesignationReport) -> str:
    """``designation-brueckner-2026-11-21-de.pdf``, a short one ``…-21-short-de.pdf``"""
    score = report.score
    length = "-short" if report.is_short else ""
    return f"designation-{score.partner.slug}-{score.as_of:%Y-%m-%d}{length}-{report.language}.pdf"


# ---- What the document says ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerPart:
    """The ledger of one metric: the rows there is room for, and the sum of all."""

    title: str
    subject: str  # heading of the first column
    now_label: str
    then_label: str
    has_months: bool
    rows: Sequence[Row]
    sum_label: str
    now: str
    then: str
    value: str
    sum_note: str
    rest: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    kind: str
    rows: str
    imported: str


def report_context(score: Score, *, title: str) -> dict[str, Any]:
    """Everything the template needs, in the language that is active."""
    rule_set = ledgers.rule_set_of(score)
    view = score_view(score, chart_name="picture")
    ledger, words = _ledger(score, view.tracks)
    return {
        "title": title,
        "score": score,
        "partner": score.partner,
        "rule_set": rule_set,
        "view": view,
        "pass_mark": figure(rule_set.pass_mark),
        "months_compared": months_compared(score),
        "imported": _moment(score.data_imported_at) if score.data_imported_at else "–",
        "computed": _moment(score.computed_at),
        "warnings": notes(score),
        "ledger": ledger,
        "ledger_words": words,
        "corrections": len(score.correction_ids),
        "files": _files(score),
    }


def full_context(report: DesignationReport) -> dict[str, Any]:
    """What the full report tells of the time before and after its score."""
    if not report.snapshot:  # ordered when a report told of neither
        return {"compares": False, "outlook": {}}
    return {
        "compares": True,
        "since": report_words.since_words(report),
        "changed": report_words.changed_rows(report, allot),
        "outlook": _outlook(report),
    }


def short_context(report: DesignationReport, *, title: str) -> dict[str, Any]:
    """Everything the template of one page needs, in the language that is active."""
    score = report.score
    rule_set = ledgers.rule_set_of(score)
    view = score_view(score, chart_name="picture")
    warnings = notes(score)
    return {
        "title": title,
        "score": score,
        "firm": shortened(score.partner.legal_name, LONGEST_NAME),
        "city": shortened(score.partner.city, LONGEST_NAME // 2),
        "rule_set": rule_set,
        "view": view,
        "metrics": _side_by_side(view.tracks),
        "months_compared": months_compared(score),
        "imported": _day(score.data_imported_at) if score.data_imported_at else "–",
        "computed": _day(score.computed_at),
        "warnings": [shortened(warning, LONGEST_NOTE) for warning in warnings[:MOST_NOTES]],
        "more_warnings": len(warnings[MOST_NOTES:]),
        "all_warnings": len(warnings),
        "status": report.snapshot["status"],
        "trend": report_words.trend(report),
        "since": report_words.since_words(report),
        "outlook": _outlook(report),
    }


def _outlook(report: DesignationReport) -> dict[str, list[dict[str, str]]]:
    lines = report.snapshot["outlook"]
    return {
        f"{kind}s": [line for line in lines if line["kind"] == kind] for kind in ("risk", "step")
    }


@dataclass(frozen=True, slots=True)
class MetricSideBySide:
    """One metric with its points in each track: what the picture shows, as figures."""

    metric: MetricView
    points: Sequence[str]


def _side_by_side(tracks: Sequence[TrackView]) -> list[MetricSideBySide]:
    """All tracks have the same metrics in the same order; the one that decides comes first."""
    return [
        MetricSideBySide(same[0], [metric.exact or metric.points for metric in same])
        for same in zip(*(track.metrics for track in tracks), strict=True)
    ]


def months_compared(score: Score) -> str:
    if score.last_month is None or score.comparison_month is None:
        return "–"
    return _("%(last)s with %(comparison)s") % {
        "last": month_name(score.last_month),
        "comparison": month_name(score.comparison_month),
    }


def _moment(instant: Any) -> str:
    """A point in time in Berlin, with the zone's name: documents travel."""
    return f"{date_format(timezone.localtime(instant), 'DATETIME_FORMAT')} (Europe/Berlin)"


def _day(instant: Any) -> str:
    return date_format(timezone.localtime(instant), "DATE_FORMAT")


def _files(score: Score) -> list[SourceFile]:
    imports = PartnerCenterImport.objects.filter(
        partner=score.partner_id, pk__in=score.import_ids[:500]
    ).order_by("-finished_at", "pk")[:MOST_FILES]
    return [
        SourceFile(
            name=item.file_name,
            kind=item.get_kind_display(),
            rows=figure(item.rows_read),
            imported=date_format(timezone.localtime(item.finished_at), "SHORT_DATETIME_FORMAT")
            if item.finished_at
            else "–",
        )
        for item in imports
    ]


# ---- Ledger --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Section:
    track: TrackView
    metric: MetricView
    counted: int  # rows that count in one of the months
    others: int
    now: int
    then: int
    value: int

    @property
    def is_shown(self) -> bool:
        return self.track.is_shown


def _sections(score: Score, tracks: Iterable[TrackView]) -> list[_Section]:
    """The option that counts, for each metric of each track; people once, they are the same."""
    sums = _sums(score, ledgers.rule_set_of(score))
    found = []
    for track in tracks:
        for metric in track.metrics:
            if metric.key in PEOPLE and not track.is_shown:
                continue
            line = sums.get((track.key, metric.key, metric.option), _Sums())
            found.append(
                _Section(
                    track=track,
                    metric=metric,
                    counted=line.counted,
                    others=line.rows - line.counted,
                    now=line.now,
                    then=line.then,
                    value=line.now - line.then,
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class _Sums:
    rows: int = 0
    counted: int = 0  # rows that count in one of the months
    now: int = 0
    then: int = 0


def _sums(score: Score, rule_set: rules.RuleSet) -> dict[tuple[str, str, str], _Sums]:
    """What the rows add up to, by track, metric and option."""
    at = (score.ledger_id, score.revision)
    wanted: dict[str, Any] = {"rows": Count("since")}
    for key, (now, then, _why) in ledgers.COLUMNS.items():
        wanted |= {
            f"{key}_counted": Count("since", filter=~Q(**{now: 0, then: 0})),
            f"{key}_now": Sum(now),
            f"{key}_then": Sum(then),
        }
    lines = Contribution.objects.at(*at).values("track", "option").annotate(**wanted)
    by_number = {(line["track"], line["option"]): line for line in lines}
    found = {}
    for track in rule_set.tracks:
        for metric in track.metrics:
            for scale in metric.scales:
                numbers = ledgers.numbers_of(rule_set, track.key, metric.key, scale.option)
                if numbers in by_number:
                    line, key = by_number[numbers], metric.key
                    found[track.key, key, scale.option] = _Sums(
                        rows=line["rows"],
                        counted=line[f"{key}_counted"],
                        now=line[f"{key}_now"],
                        then=line[f"{key}_then"],
                    )
    people = PersonContribution.objects.at(*at).values("metric")
    for person in people.annotate(rows=Count("since"), counted=Sum("counts")):
        for track in rule_set.tracks:
            found[track.key, person["metric"], rules.ALONE] = _Sums(
                rows=person["rows"], counted=person["counted"], now=person["counted"]
            )
    return found


def _ledger(score: Score, tracks: Sequence[TrackView]) -> tuple[list[LedgerPart], str]:
    reader = ledgers.Reader(score)
    sections = _sections(score, tracks)
    counted = allot([section.counted for section in sections], MOST_ROWS)
    # In the track that decides also the rows that do not count: they are the ones to work on.
    others = allot(
        [section.others if section.is_shown else 0 for section in sections],
        MOST_ROWS - sum(counted),
    )
    parts = [
        _part(reader, section, counted=counted[index], others=others[index])
        for index, section in enumerate(sections)
        if section.is_shown or section.counted
    ]
    shown = sum(counted) + sum(others)
    wanted = sum(
        section.counted + (section.others if section.is_shown else 0) for section in sections
    )
    words = _(
        "For each metric the option that counts, row by row: what the last month has, what the "
        "comparison month had, and the difference that counts."
    )
    words += "".join(" " + _left_out(track, sections) for track in tracks if not track.is_shown)
    if shown < wanted:
        words += " " + _(
            "There are %(wanted)s rows; this document shows %(shown)s, those with the largest "
            "contribution first. The complete list is in the portal, as a page and as a CSV file."
        ) % {"wanted": figure(wanted), "shown": figure(shown)}
    return parts, words


def _left_out(track: TrackView, sections: Iterable[_Section]) -> str:
    """What the ledger of a track that does not decide leaves out."""
    if any(section.counted for section in sections if section.track is track):
        return _(
            "Of the %(track)s track only the tenants that count are listed; the people are the "
            "same in both tracks."
        ) % {"track": track.title}
    return _("In the %(track)s track no tenant counts; the people are the same in both tracks.") % {
        "track": track.title
    }


def allot(wanted: Sequence[int], room: int) -> list[int]:
    """Share ``room`` out: small wishes in full, large ones get equal parts of what is left."""
    given = [0] * len(wanted)
    left = room
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for position, index in enumerate(order):
        given[index] = min(wanted[index], left // (len(order) - position))
        left -= given[index]
    return given


def _part(reader: ledgers.Reader, section: _Section, *, counted: int, others: int) -> LedgerPart:
    here = (section.track.key, section.metric.key, section.metric.option)
    entries = ledgers.entries(reader.score, *here)
    in_neither = Q(now=0, then=0)
    found: list[Any] = []
    if counted:
        largest = entries.filter(~in_neither).order_by(Abs("contribution").desc(), *BY_NAME)
        found += sorted(
            (ledgers.Entry(*row) for row in largest[:counted]),
            key=lambda entry: (-entry.contribution, -entry.now, entry.name, str(entry.guid)),
        )
    if others:
        found += entries.filter(in_neither).order_by(*BY_NAME)[:others]
    is_people = section.metric.key in PEOPLE
    hidden = section.counted + section.others - len(found)
    rows = section.counted + section.others
    return LedgerPart(
        title=_title(section),
        subject=_("Person") if is_people else _("Customer"),
        now_label=_short_month(reader.score.last_month),
        then_label=_short_month(reader.score.comparison_month),
        has_months=not is_people,
        rows=reader.rows(*here, found),
        sum_label=ngettext("Sum of %(rows)s row", "Sum of all %(rows)s rows", rows)
        % {"rows": figure(rows)},
        now=figure(section.now),
        then=figure(section.then),
        value=figure(section.value) if is_people else signed(section.value),
        sum_note=_("Value of the metric: %(points)s of %(maximum)s points")
        % {"points": section.metric.points, "maximum": section.metric.maximum},
        rest=_rest(section, hidden, shown=len(found)),
    )


def _title(section: _Section) -> str:
    words = {
        "track": section.track.title,
        "metric": section.metric.title,
        "option": section.metric.option,
    }
    if section.metric.key in PEOPLE:
        return section.metric.title
    if section.metric.option:
        return _("%(track)s, %(metric)s by %(option)s") % words
    return _("%(track)s, %(metric)s") % words


def _rest(section: _Section, hidden: int, *, shown: int) -> str:
    if not shown and not hidden:
        return _("There are no rows.")
    if not hidden:
        return ""
    if hidden == section.others:
        return ngettext(
            "%(rows)s row does not count here.", "%(rows)s rows do not count here.", hidden
        ) % {"rows": figure(hidden)}
    return ngettext(
        "%(rows)s further row is not shown; the sum includes it.",
        "%(rows)s further rows are not shown; the sum includes them.",
        hidden,
    ) % {"rows": figure(hidden)}


def _short_month(month: int | None) -> str:
    return "" if month is None else f"{month % 12 + 1:02d}/{month // 12}"
