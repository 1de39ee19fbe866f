"""What became of a file, or would become of it, in the reader's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from scoring import import_findings, judging, months, rule_sets
from scoring.claim_states import ClaimState
from scoring.models import ColumnMapping, PartnerCenterImport
from scoring.presentation import figure, month_name
from scoring.reading.parsing import INTUNE_EMS
from scoring.reasons import Caution, sentence

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from partners.models import Partner

State = PartnerCenterImport.State


def tag(item: PartnerCenterImport) -> str:
    """The sign of its state, as the design system has it."""
    if item.state == State.REJECTED and item.fault:
        return "bad"
    return {
        State.QUEUED: "open",
        State.RUNNING: "proposed",
        State.UNMAPPED: "needs-you",
        State.PREVIEW: "needs-you",
        State.DONE: "ok",
        State.REJECTED: "needs-you",
        State.FAILED: "bad",
        State.UNDONE: "na",
        State.DISCARDED: "na",
    }[State(item.state)]


def span(labels: list[str]) -> str:
    """``February 2025 to March 2026``; one month alone, nothing without any."""
    if not labels:
        return ""
    first, last = (month_name(months.parse_label(label)) for label in (labels[0], labels[-1]))
    if first == last:
        return first
    return _("%(first)s to %(last)s") % {"first": first, "last": last}


@dataclass(frozen=True, slots=True)
class MonthLine:
    name: str
    new: str
    changed: str
    unchanged: str
    gone: str
    is_new: bool  # nothing was known of this month before
    has_changes: bool


def by_month(lines: Iterable[dict[str, Any]]) -> list[MonthLine]:
    """The newest month first: it is what most people look for."""
    return [
        MonthLine(
            month_name(months.parse_label(line["month"])),
            figure(line["new"]),
            figure(line["changed"]),
            figure(line["unchanged"]),
            figure(line.get("gone", 0)),
            not line["known"],
            bool(line["new"] or line["changed"] or line.get("gone")),
        )
        for line in sorted(lines, key=lambda line: str(line["month"]), reverse=True)
    ]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A known association that gets other dates, or another state."""

    tenant: str
    workload: str
    option: str
    before: str
    after: str


def claims(item: PartnerCenterImport) -> list[ClaimLine]:
    names = rule_sets.vocabulary()
    return [
        ClaimLine(
            line["value"],
            _workload(line["workload"]),
            names.option_keys.get(line["option"], ""),
            _intervals(line["before"], line["after"]),
            _intervals(line["after"], line["before"]),
        )
        for line in import_findings.lines(item, import_findings.CLAIM)
    ]


def _workload(number: int) -> str:
    if number == INTUNE_EMS:
        return _("Intune (from EMSUsage)")
    return _workload_titles().get(number, str(number))


@cache
def _workload_titles() -> dict[int, str]:
    return {
        workload.number: workload.title
        for rule_set in rule_sets.all_sets()
        for workload in rule_set.workloads.values()
    }


def _intervals(intervals: list[list[Any]], others: list[list[Any]]) -> str:
    """``since 1 May 2023; until …``, with the state of the claim where it is another one."""
    words = "; ".join(_interval(begins_on, ended_on) for begins_on, ended_on, _state in intervals)
    states = {state for *_days, state in intervals}
    if states != {state for *_days, state in others}:
        labels = ", ".join(str(ClaimState(state).label) for state in sorted(states))
        return f"{words} ({labels})"
    return words


def _interval(begins_on: str | None, ended_on: str | None) -> str:
    first, last = (
        date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT") if day else ""
        for day in (begins_on, ended_on)
    )
    if first and last:
        return _("%(first)s to %(last)s") % {"first": first, "last": last}
    if first:
        return _("since %(day)s") % {"day": first}
    if last:
        return _("until %(day)s") % {"day": last}
    return _("since the first month with data")


def new_tenants(item: PartnerCenterImport) -> tuple[int, list[str]]:
    """(how many tenants are new, the names of the first of them)"""
    names = [line["value"] for line in import_findings.lines(item, import_findings.TENANT)]
    return import_findings.count(item, import_findings.TENANTS), names


def figures(item: PartnerCenterImport) -> dict[str, str]:
    """The counts of an import as they are read, by the names of its fields."""
    names = (
        "rows_read",
        "rows_new",
        "rows_changed",
        "rows_unchanged",
        "rows_merged",
        "rows_rejected",
        "rows_unused",
        "dates_changed",
        "progress",
        "progress_of",
    )
    return {name: figure(getattr(item, name) or 0) for name in names} | {
        "new_claims": figure(import_findings.count(item, import_findings.CLAIMS)),
        "renamed": figure(import_findings.count(item, import_findings.RENAMED)),
    }


def has_changes(item: PartnerCenterImport) -> bool:
    """Whether the file said, or says, anything that was not known."""
    counts = (item.rows_new, item.rows_changed, item.dates_changed)
    what = (
        import_findings.CLAIMS,
        import_findings.CLAIM,
        import_findings.TENANTS,
        import_findings.RENAMED,
    )
    return any(counts) or bool(import_findings.lines(item, *what))


def missing_month(imported: Iterable[int], day: date) -> str:
    """The caution that the comparison month would still not be there, in words; else nothing."""
    known = set(imported)
    pair = judging.choose_months(known, day)
    if pair is None or pair.comparison in known:
        return ""
    label = months.label(pair.comparison)
    return sentence(Caution.COMPARISON_MONTH_MISSING.value, {"month": label}, kind=Caution)


@dataclass(frozen=True, slots=True)
class MappingLine:
    """Columns that somebody of the firm has named."""

    pk: int
    title: str  # the kind of file
    headers: list[str]
    named_at: datetime
    named_by: str


def mappings(partner: "Partner") -> list[MappingLine]:
    known = ColumnMapping.objects.filter(partner=partner).select_related("named_by")
    return [
        MappingLine(
            each.pk,
            str(PartnerCenterImport.Kind(each.kind).label),
            [header for header in each.mapping.values() if header],
            each.named_at,
            str(each.named_by or ""),
        )
        for each in known
    ]


def unused(item: PartnerCenterImport) -> list[dict[str, Any]]:
    """What no designation uses, each with the name of its column and the reason."""
    return [{**line, "why": _why(line["what"])} for line in import_findings.unused(item)]


def _why(what: str) -> "tuple[StrOrPromise, StrOrPromise]":
    return {
        "workload": (
            pgettext("in a file", "Workload"),
            _("not among the eligible workloads of this designation"),
        ),
        "association": (
            pgettext("in a file", "Association type"),
            _("not used by this designation"),
        ),
        "claim state": (pgettext("in a file", "Claim state"), _("only approved claims count")),
        "certification": (
            pgettext("in a file", "Certification"),
            _("not on the list of this designation"),
        ),
        "exam": (
            pgettext("in a file", "Exam"),
            _("an exam alone is not yet a certification"),
        ),
    }.get(what, (what, _("not used by this designation")))
