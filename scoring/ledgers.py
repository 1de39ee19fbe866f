"""The ledger of a stored score, to be read: rows in words, filtered, sorted, summed, exported."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import rule_sets, rules
from scoring.models import LedgerEntry, Score
from scoring.presentation import PEOPLE, day_text, figure, signed
from scoring.reasons import sentence
from scoring.results import Metric


class Show(TextChoices):
    """Which rows of a ledger to show."""

    ALL = "", gettext_lazy("All rows")
    PLUS = "plus", gettext_lazy("Adds to the value")
    MINUS = "minus", gettext_lazy("Takes from the value")
    SAME = "same", gettext_lazy("Counts, without change")
    NOT = "not", gettext_lazy("Does not count")

    @property
    def condition(self) -> Q:
        in_neither = Q(now=0, then=0)
        return {
            Show.ALL: Q(),
            Show.PLUS: Q(contribution__gt=0),
            Show.MINUS: Q(contribution__lt=0),
            Show.SAME: Q(contribution=0) & ~in_neither,
            Show.NOT: in_neither,
        }[self]


SORTS = {  # what may stand in ?sort=, and the columns it means; the line decides a draw
    "name": "name",
    "now": "now",
    "then": "then",
    "contribution": "contribution",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One workload's share in a tenant's growth."""

    workload: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One ledger entry as a page or a document shows it."""

    name: str
    subject: str  # a tenant's GUID; empty for a person
    now: str
    then: str
    value: str
    reason: str
    is_counted: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    rows: int
    now: int
    then: int
    value: int


def entries(score: Score, track: str, metric: str, option: str) -> QuerySet[LedgerEntry]:
    return score.ledger.filter(track=track, metric=metric, option=option)


def narrow(
    found: QuerySet[LedgerEntry], *, show: Show, words: str, sort: str
) -> QuerySet[LedgerEntry]:
    """Filter and order; every word of ``words`` has to be in the name or the tenant's GUID."""
    found = found.filter(show.condition)
    for word in words.split()[:5]:
        found = found.filter(Q(name__icontains=word) | Q(subject__icontains=word))
    descending = sort.startswith("-")
    column = SORTS.get(sort.removeprefix("-"))
    if column is None:
        return found.order_by("-contribution", "-now", "line")
    return found.order_by(f"-{column}" if descending else column, "line")


def sums(found: QuerySet[LedgerEntry]) -> Sums:
    total = found.aggregate(
        rows=Count("line"), now=Sum("now"), then=Sum("then"), value=Sum("contribution")
    )
    return Sums(
        rows=total["rows"],
        now=total["now"] or 0,
        then=total["then"] or 0,
        value=total["value"] or 0,
    )


def row(entry: LedgerEntry, rule_set: rules.RuleSet) -> Row:
    is_person = entry.metric in PEOPLE
    return Row(
        name=entry.name or (_("Unnamed") if is_person else entry.subject),
        subject="" if is_person else entry.subject,
        now=figure(entry.now),
        then=figure(entry.then),
        value=figure(entry.contribution) if is_person else signed(entry.contribution),
        reason=reason(entry),
        is_counted=bool(entry.now or entry.then),
        parts=tuple(_parts(entry, rule_set)),
    )


def reason(entry: LedgerEntry) -> str:
    """Why, in the reader's language and with their way of writing numbers, days and months."""
    params = {
        name: figure(value) if isinstance(value, int) else value
        for name, value in entry.params.items()
    }
    return sentence(entry.reason, params)


def _parts(entry: LedgerEntry, rule_set: rules.RuleSet) -> Iterator[Part]:
    """Usage growth by workload: what is counted now, and which baseline is taken off."""
    for part in entry.params.get("parts", []):
        workload = rule_set.workloads.get(part["workload"])
        numbers = {
            "now": figure(part["now"]),
            "then": figure(part["then"]),
            "month": day_text(part["month"]),
        }
        words = {
            "comparison": _("%(now)s now, %(then)s in %(month)s"),
            "newly_eligible": _("%(now)s now; the tenant was not eligible in %(month)s"),
            "claim": _("%(now)s now, %(then)s when the association began (%(month)s)"),
            "first_seen": _("%(now)s now, %(then)s in the first month with data (%(month)s)"),
        }.get(part["baseline"], "%(now)s – %(then)s")
        yield Part(workload.title if workload else part["workload"], words % numbers)


# ---- Export --------------------------------------------------------------------------------------

BOM = "\N{BYTE ORDER MARK}"  # else spreadsheet programs read UTF-8 as something else


class _Echo:
    """A file for ``csv.writer`` that hands each line back."""

    def write(self, line: str) -> str:
        return line


def export(score: Score, found: Iterable[LedgerEntry]) -> Iterator[str]:
    """The rows as CSV with commas; numbers and days as ISO writes them, in every language."""
    titles = {track.key: track.title for track in score.tracks}
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow(
        [
            _("Track"),
            _("Metric"),
            _("Option"),
            _("Name"),
            _("Tenant"),
            _("Now (%(month)s)") % {"month": score.last_month_label or "–"},
            _("Then (%(month)s)") % {"month": score.comparison_month_label or "–"},
            _("Contribution"),
            _("Why"),
        ]
    )
    for entry in found:
        is_person = entry.metric in PEOPLE
        yield writer.writerow(
            [
                harmless(titles.get(entry.track, entry.track)),
                Metric(entry.metric).label if entry.metric in Metric else entry.metric,
                harmless(entry.option),
                harmless(entry.name),
                "" if is_person else harmless(entry.subject),
                entry.now,
                entry.then,
                entry.contribution,
                harmless(entry.sentence),
            ]
        )


def harmless(text: str) -> str:
    """Text that a spreadsheet program does not take for a formula, also one in East Asian width."""
    first = unicodedata.normalize("NFKC", text[:1])
    return f"'{text}" if first in {"=", "+", "-", "@", "\t", "\r", "\n"} else text


def rule_set_of(score: Score) -> rules.RuleSet:
    return rule_sets.get(score.rule_set)
