"""The ledger of a stored score, to be read: rows in words, filtered, sorted, summed, exported.

Numbers come from the versioned rows that the score names; the words are made when they are read,
from what was known of the tenant at that revision.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from django.db import connection
from django.db.models import (
    Count,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    TextChoices,
    TextField,
    Value,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from scoring import explaining, judging, ledger_rows, rule_sets, rules
from scoring.claim_states import ClaimState
from scoring.explaining import Line
from scoring.judging import Claim, Months, Verdict
from scoring.models import Contribution, PersonContribution, Score
from scoring.people import Standing
from scoring.presentation import PEOPLE, day_text, figure, signed
from scoring.reasons import Reason, sentence
from scoring.results import Metric

# Which columns of a contribution are (now, then, why) of a metric.
COLUMNS = {
    judging.NET_ADDS: ("eligible_now", "eligible_then", "reason"),
    judging.GROWTH: ("users_now", "users_then", "reason"),
    judging.DEPLOYMENTS: ("deployed_now", "deployed_then", "deployment_reason"),
}


class Entry(NamedTuple):
    """One row of a ledger in numbers: of a tenant, or of a person."""

    key: int | str  # of the tenant in the database, or all of the person
    name: str
    guid: UUID | None  # of a tenant
    now: int
    then: int
    contribution: int  # now - then: the sum of these is the value of the metric
    why: int  # reasons.Reason
    certification: str = ""  # that speaks for the person
    completed_on: date | None = None
    until_on: date | None = None


Entries: TypeAlias = "QuerySet[Any, tuple[Any, ...]]"  # rows with the fields of an Entry


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


SORTS = ("name", "now", "then", "contribution")  # what may stand in ?sort=; the name decides a draw
SHARE = "share"  # of seats in use: for deployments, see ledger_filters.by_share


@dataclass(frozen=True, slots=True)
class Part:
    """One workload's share in a tenant's growth."""

    workload: str
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a ledger as a page or a document shows it."""

    name: str
    subject: str  # a tenant's GUID; empty for a person
    now: str
    then: str
    value: str
    reason: str
    is_counted: bool
    parts: tuple[Part, ...]
    corrections: tuple[str, ...]  # sentences: what is not as the files say


@dataclass(frozen=True, slots=True)
class Sums:
    rows: int
    now: int
    then: int
    value: int


# ---- Which rows ----------------------------------------------------------------------------------


def entries(score: Score, track: str, metric: str, option: str) -> Entries:
    """The rows of one metric of one track by one option (people count in every track alike).

    ``option`` is empty where a tenant or person counts once. Of a track, metric or option that the
    score's rules do not know there are none.
    """
    if metric in PEOPLE:
        return _people(score, metric)
    numbers = numbers_of(rule_set_of(score), track, metric, option)
    if numbers is None:
        return _tenants(score, NOWHERE, judging.NET_ADDS).none()
    return _tenants(score, numbers, metric)


NOWHERE = (0, judging.ALONE)  # tracks are numbered from 1


def _people(score: Score, metric: str) -> Entries:
    rows = PersonContribution.objects.at(score.ledger_id, score.revision).filter(metric=metric)
    people: Entries = rows.annotate(
        key=F("person"),
        guid=Value(None, output_field=TextField()),
        now=F("counts"),
        then=Value(0),
        contribution=F("counts"),
        why=F("reason"),
    ).values_list(*Entry._fields)
    return people


def _tenants(score: Score, numbers: tuple[int, int], metric: str) -> Entries:
    track, option = numbers
    rows = Contribution.objects.at(score.ledger_id, score.revision)
    now, then, why = COLUMNS[metric]
    tenants: Entries = (
        rows.filter(track=track, option=option)
        .annotate(
            key=F("tenant_id"),
            name=F("tenant__name"),
            guid=F("tenant__tenant_id"),
            now=F(now),
            then=F(then),
            # The columns have no sign, but their difference has.
            contribution=ExpressionWrapper(F(now) - F(then), output_field=IntegerField()),
            why=F(why),
        )
        .values_list(*Entry._fields[:7])
    )
    return tenants


def numbers_of(
    rule_set: rules.RuleSet, track: str, metric: str, option: str
) -> tuple[int, int] | None:
    """(track, option) as contributions store them; None where the rules do not have the three."""
    found = next((known for known in rule_set.tracks if known.key == track), None)
    if found is None or metric not in COLUMNS:
        return None
    if metric == judging.NET_ADDS:
        return None if option else (found.number, judging.ALONE)
    return (found.number, rule_set.options[option].number) if option in found.options else None


def narrow(found: Entries, *, show: Show, words: str, sort: str) -> Entries:
    """Filter and order; every word of ``words`` has to be in the name or the tenant's GUID."""
    found = found.filter(show.condition)
    is_people = found.model is PersonContribution
    if words.strip() and not is_people:
        found = found.annotate(digits=_Digits("tenant__tenant_id"))
    for word in words.split()[:5]:
        condition = _in_name(word)
        if not is_people and (digits := guid_digits(word)):
            condition |= Q(digits__contains=digits)
        found = found.filter(condition)
    rest = ("name", "key" if is_people else "guid")
    if sort.removeprefix("-") not in SORTS:
        return found.order_by("-contribution", "-now", *rest)
    return found.order_by(sort, *rest)


def _in_name(word: str) -> Q:
    """SQLite's LIKE knows no capital letters beyond ASCII: there an expression finds them."""
    if connection.vendor == "sqlite" and not word.isascii():
        return Q(name__iregex=re.escape(word))
    return Q(name__icontains=word)


ENOUGH_DIGITS = 6  # of a GUID: fewer would find tenants by "Bad" or "Cafe"


def guid_digits(word: str) -> str:
    """The hexadecimal digits of (a part of) a GUID, with or without dashes; else nothing."""
    digits = word.strip("{}").replace("-", "").lower()
    return digits if re.fullmatch(rf"[0-9a-f]{{{ENOUGH_DIGITS},32}}", digits) else ""


class _Digits(Func):
    """A GUID as text of 32 digits, which is how SQLite keeps it."""

    output_field = TextField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        template = "REPLACE(%(expressions)s::text, '-', '')"
        return self.as_sql(compiler, connection, template=template)


def sums(found: Entries) -> Sums:
    total = found.aggregate(
        rows=Count("since"), total_now=Sum("now"), total_then=Sum("then"), value=Sum("contribution")
    )
    return Sums(
        rows=total["rows"],
        now=total["total_now"] or 0,
        then=total["total_then"] or 0,
        value=total["value"] or 0,
    )


# ---- In words ------------------------------------------------------------------------------------


class Reader:
    """Explains rows of one stored score, a page of them with one more query."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self.rule_set = rule_set_of(score)
        last, comparison = score.last_month or 0, score.comparison_month or 0
        self._explainer = explaining.Explainer(self.rule_set, Months(last, comparison))
        self._days: dict[str, str] = {}

    def rows(self, track: str, metric: str, option: str, found: Iterable[Any]) -> list[Row]:
        """``found`` are rows of ``entries`` of this track, metric and option."""
        return [
            self._row(entry, line, corrections)
            for entry, line, corrections in self.lines(track, metric, option, found)
        ]

    def lines(
        self, track: str, metric: str, option: str, found: Iterable[Any]
    ) -> list[tuple[Entry, Line, tuple[str, ...]]]:
        """Each row with what its sentence needs, and with sentences about what was corrected."""
        wanted = [Entry(*row) for row in found]
        if metric in PEOPLE:
            return [
                (entry, person_line(entry, track, metric, self.rule_set), ()) for entry in wanted
            ]
        numbers = numbers_of(self.rule_set, track, metric, option)
        if numbers is None or not wanted:
            return []
        claims = ledger_rows.claims_of(
            self.score.ledger_id, self.score.revision, [int(entry.key) for entry in wanted]
        )
        explained = []
        for entry in wanted:
            own = claims.get(int(entry.key), [])
            line = self._explainer.line(metric, verdict(metric, *numbers, entry), own)
            explained.append((entry, line, tuple(self._corrected(track, metric, option, own))))
        return explained

    def sentences(
        self, track: str, metric: str, option: str, found: Iterable[Any]
    ) -> Iterator[tuple[Entry, str]]:
        """Each row with its reason and corrections in one text, for a table without grouping."""
        for entry, line, corrections in self.lines(track, metric, option, found):
            yield entry, " ".join((reason(line, grouped=False), *corrections))

    def _row(self, entry: Entry, line: Line, corrections: tuple[str, ...]) -> Row:
        is_person = entry.guid is None
        subject = "" if is_person else str(entry.guid)
        return Row(
            name=entry.name or (_("Unnamed") if is_person else subject),
            subject=subject,
            now=figure(entry.now),
            then=figure(entry.then),
            value=figure(entry.contribution) if is_person else signed(entry.contribution),
            reason=reason(line),
            is_counted=bool(entry.now or entry.then),
            parts=tuple(_parts(line, self.rule_set, self._days)),
            corrections=corrections,
        )

    def _corrected(
        self, track: str, metric: str, option: str, claims: Sequence[Claim]
    ) -> Iterator[str]:
        """What somebody knew better than the files, of the claims that decide about a row."""
        if not any(claim.marks for claim in claims):
            return
        accepted = [option] if option else self.rule_set.track(track).options
        numbers = {self.rule_set.options[key].number for key in accepted}
        workloads = {
            workload.number: workload.title
            for workload in self.rule_set.workloads.values()
            if metric in workload.counts_for
        }
        for claim in claims:
            if claim.marks and claim.option in numbers and claim.workload in workloads:
                yield _("Corrected for %(workload)s: %(what)s.") % {
                    "workload": workloads[claim.workload],
                    "what": ", ".join(_marks(claim.marks)),
                }


def _marks(marks: int) -> Iterator[str]:
    """Which of a claim's facts were corrected."""
    if marks & judging.BEGIN_CORRECTED:
        yield _("beginning of the association")
    if marks & judging.END_CORRECTED:
        yield _("end of the association")
    if marks & judging.BASELINE_CORRECTED:
        yield _("active users at its beginning")


def verdict(metric: str, track: int, option: int, entry: Entry) -> Verdict:
    """The part of a verdict that an entry of ``metric`` keeps; the rest is empty."""
    values = dict(zip(COLUMNS[metric], (entry.now, entry.then, Reason(entry.why)), strict=True))
    empty = dict.fromkeys(Verdict._fields[2:8], 0)
    reasons = {"reason": Reason.NONE, "deployment_reason": Reason.NONE}
    return Verdict(track, option, **empty | reasons | values)  # type: ignore[arg-type]


def person_line(entry: Entry, track: str, metric: str, rule_set: rules.RuleSet) -> Line:
    """A person's row with what its sentence needs."""
    assert entry.completed_on is not None  # noqa: S101 -- every person has a certificate
    standing = Standing(
        metric,
        str(entry.key),
        entry.contribution,
        Reason(entry.why),
        entry.name,
        entry.certification,
        entry.completed_on,
        entry.until_on,
    )
    return Line(
        track,
        metric,
        rules.ALONE,
        standing.person,
        entry.now,
        entry.then,
        standing.reason,
        explaining.person_params(standing, rule_set),
        entry.name,
    )


def reason(line: Line, *, grouped: bool = True) -> str:
    """Why, in the reader's language and with their way of writing days and months.

    Whole numbers are ``grouped`` as the reader is used to, or digits only.
    """
    return sentence(
        line.reason, {name: _in_words(name, value, grouped) for name, value in line.params.items()}
    )


def _in_words(name: str, value: object, grouped: bool) -> object:
    if name == "state" and isinstance(value, str):
        return ClaimState[value.upper()].label
    return figure(value) if grouped and isinstance(value, int) else value


def _parts(line: Line, rule_set: rules.RuleSet, days: dict[str, str]) -> Iterator[Part]:
    """Usage growth by workload: what is counted now, and which baseline is taken off.

    ``days`` remembers how months are written: a page has a thousand parts and a dozen months.
    """
    for part in line.params.get("parts", []):
        month = part["month"]
        if month not in days:
            days[month] = day_text(month)
        numbers = {"now": figure(part["now"]), "then": figure(part["then"]), "month": days[month]}
        words = BASELINES[part["baseline"]]
        yield Part(rule_set.workloads[part["workload"]].title, _(words) % numbers)


BASELINES = {
    "comparison": gettext_noop("%(now)s now, %(then)s in %(month)s"),
    "newly_eligible": gettext_noop("%(now)s now; the tenant was not eligible in %(month)s"),
    "claim": gettext_noop("%(now)s now, %(then)s when the association began (%(month)s)"),
    "first_seen": gettext_noop("%(now)s now, %(then)s in the first month with data (%(month)s)"),
    "corrected": gettext_noop("%(now)s now, %(then)s at the beginning, as corrected"),
}


# ---- Export --------------------------------------------------------------------------------------

BOM = "\N{BYTE ORDER MARK}"  # else spreadsheet programs read UTF-8 as something else
AT_ONCE = 2_000  # rows whose claims are in memory at a time


class _Echo:
    """A file for ``csv.writer`` that hands each line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows as lines of CSV, with commas in every language; texts are made ``harmless``."""
    writer = csv.writer(_Echo())
    mark = BOM
    for row in rows:
        line: str = writer.writerow(
            [harmless(cell) if isinstance(cell, str) else cell for cell in row]
        )
        yield mark + line
        mark = ""


def export(
    score: Score, *, track: str | None = None, metric: str | None = None, option: str | None = None
) -> Iterator[str]:
    """The rows as CSV; numbers and days as ISO writes them, in every language.

    In order of track, metric, option and name, of one track, metric or option where it is given.
    """
    return csv_lines(_table(score, track, metric, option))


def _table(
    score: Score, only_track: str | None, only_metric: str | None, only_option: str | None
) -> Iterator[Sequence[object]]:
    yield head(score)
    reader = Reader(score)
    for section in sections(reader, only_track, only_metric, only_option):
        for entry, words in section.rows(reader):
            yield section.cells(entry, words)


def head(score: Score) -> list[str]:
    """The heads of the columns of an export."""
    return [
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


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one metric of one track by one option, to be exported."""

    track: rules.Track
    metric: str
    option: str

    @property
    def title(self) -> str:
        """Of the metric."""
        return str(Metric(self.metric).label) if self.metric in Metric else self.metric

    def rows(self, reader: "Reader") -> Iterator[tuple[Entry, str]]:
        """In order of their names, each with its reason."""
        return _explained(reader, self.track.key, self.metric, self.option)

    def cells(self, entry: Entry, words: str) -> list[str | int]:
        return [
            self.track.title,
            self.title,
            self.option,
            entry.name,
            "" if entry.guid is None else str(entry.guid),
            entry.now,
            entry.then,
            entry.contribution,
            words,
        ]


def sections(
    reader: Reader, track: str | None, metric: str | None, option: str | None
) -> Iterator[Section]:
    """In the rules' order; of one track, metric or option where it is given."""
    for known in reader.rule_set.tracks:
        for one in known.metrics:
            for key in sorted(scale.option for scale in one.scales):
                asked = zip((track, metric, option), (known.key, one.key, key), strict=True)
                if all(wish in (None, own) for wish, own in asked):
                    yield Section(known, one.key, key)


def _explained(reader: Reader, track: str, metric: str, option: str) -> Iterator[tuple[Entry, str]]:
    """All rows of one metric in order of their names, a few thousand in memory at a time."""
    found = entries(reader.score, track, metric, option)
    rest = "key" if found.model is PersonContribution else "guid"
    stream = found.order_by("name", rest).iterator(chunk_size=AT_ONCE)
    while chunk := list(islice(stream, AT_ONCE)):
        yield from reader.sentences(track, metric, option, chunk)


def harmless(text: str) -> str:
    """Text that a spreadsheet program does not take for a formula, also one in East Asian width."""
    first = unicodedata.normalize("NFKC", text[:1])
    return f"'{text}" if first in {"=", "+", "-", "@", "\t", "\r", "\n"} else text


def rule_set_of(score: Score) -> rules.RuleSet:
    return rule_sets.get(score.rule_set)
