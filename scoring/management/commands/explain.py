import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from scoring import ledgers, rules, scores
from scoring.claim_states import ClaimState
from scoring.explaining import Line
from scoring.ledgers import Entry, Reader, Show
from scoring.management import arguments
from scoring.models import Score
from scoring.reasons import sentence
from scoring.results import Metric, MetricResult, OptionResult, TrackResult

AT_ONCE = 2_000  # rows in memory
BASELINES = {
    "comparison": "{then} in {month}",
    "newly_eligible": "nothing in {month}: the tenant was not eligible then",
    "claim": "{then} when the association began ({month})",
    "first_seen": "{then} in the first month with data ({month}, derived)",
    "corrected": "{then} when the association began ({month}, corrected)",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One value of a score: one metric of one track by one option."""

    track: TrackResult
    metric: MetricResult
    option: OptionResult

    @property
    def title(self) -> str:
        named = [self.track.title, self.metric.title, self.option.key]
        return ", ".join(name for name in named if name)


class Command(BaseCommand):
    help = "Print every row that adds up to one metric of a stored score, each with its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", metavar="PARTNER", help="short name (slug) of the firm")
        parser.add_argument("metric", metavar="METRIC", choices=Metric.values, help=_choices())
        parser.add_argument("--track", help="only this track, e.g. smb")
        parser.add_argument("--option", help="only this option, e.g. CPOR")
        parser.add_argument("--tenant", help="only tenants or people: a GUID or a part of the name")
        parser.add_argument(
            "--as-of",
            type=arguments.day,
            metavar="YYYY-MM-DD",
            help="the last score of this day; default: the newest score",
        )
        parser.add_argument("--csv", action="store_true", dest="as_csv", help="for spreadsheets")

    @no_translations  # the command line speaks English throughout
    def handle(
        self,
        *,
        partner: str,
        metric: str,
        track: str | None,
        option: str | None,
        tenant: str | None,
        as_of: date | None,
        as_csv: bool,
        **options: Any,
    ) -> None:
        score = _score(partner, as_of)
        sections = _sections(score, metric, track, option)
        reader = Reader(score)
        if as_csv:
            self._as_csv(reader, sections, tenant)
        else:
            self._as_text(reader, sections, tenant)

    def _as_text(self, reader: Reader, sections: list[Section], tenant: str | None) -> None:
        score = reader.score
        against = f"{score.last_month_label} against {score.comparison_month_label}"
        self.stdout.write(
            f"{score.partner} on {score.as_of}, rules {score.rule_set}, "
            + (against if score.last_month is not None else "no usage data")
        )
        seen = 0
        for section in sections:
            self.stdout.write(f"\n{section.title}")
            rows = value = 0
            for entry, line, corrected in _rows(reader, section, tenant):
                rows += 1
                value += entry.contribution
                subject = f" ({entry.guid})" if entry.guid is not None else ""
                self.stdout.write(f"{entry.contribution:+9d}  {_name(entry)}{subject}")
                self.stdout.write(f"{'':11}{_why(line)}")
                for words in (*_parts(line, reader.rule_set), *corrected):
                    self.stdout.write(f"{'':11}- {words}")
            seen += rows
            self.stdout.write(f"{value:+9d}  {_sum(section, rows, value, is_all=tenant is None)}")
        if tenant is not None and not seen:
            raise CommandError(f"Nobody in this score is called {tenant!r}.")

    def _as_csv(self, reader: Reader, sections: list[Section], tenant: str | None) -> None:
        writer = csv.writer(self.stdout)
        writer.writerow("track metric option name tenant now then contribution why parts".split())
        for section in sections:
            for entry, line, corrected in _rows(reader, section, tenant):
                writer.writerow(
                    [
                        section.track.key,
                        section.metric.key,
                        section.option.key,
                        ledgers.harmless(entry.name),
                        entry.guid or "",
                        entry.now,
                        entry.then,
                        entry.contribution,
                        ledgers.harmless(_why(line)),
                        "; ".join((*_parts(line, reader.rule_set), *corrected)),
                    ]
                )


def _choices() -> str:
    return ", ".join(Metric.values)


def _score(partner: str, as_of: date | None) -> Score:
    firm = arguments.firm(partner)
    if as_of is None:
        score = scores.latest(firm)
        if score is None:
            raise CommandError(f"{partner} has no score yet. Make one: score {partner}")
        return score
    score = Score.objects.filter(partner=firm, as_of=as_of).order_by("-computed_at").first()
    if score is None:
        raise CommandError(
            f"{partner} has no score of {as_of}. Make one: score {partner} --as-of {as_of}"
        )
    return score


def _sections(score: Score, metric: str, track: str | None, option: str | None) -> list[Section]:
    tracks = score.tracks
    if track is not None and track not in {known.key for known in tracks}:
        known_tracks = ", ".join(known.key for known in tracks)
        raise CommandError(f"There is no track {track!r}. Known: {known_tracks}.")
    found = [
        Section(known, value, choice)
        for known in tracks
        if track in (None, known.key)
        for value in known.metrics
        if value.key == metric
        for choice in value.options
    ]
    if option is None:
        return found
    chosen = [section for section in found if section.option.key.casefold() == option.casefold()]
    if not chosen:
        options = sorted({section.option.key for section in found} - {rules.ALONE})
        raise CommandError(
            f"{metric} has no option {option!r} here. Known: {', '.join(options) or 'none'}."
        )
    return chosen


def _rows(
    reader: Reader, section: Section, tenant: str | None
) -> Iterator[tuple[Entry, Line, tuple[str, ...]]]:
    """Rows of one value, what adds most first; a few thousand are in memory at a time."""
    names = (section.track.key, section.metric.key, section.option.key)
    found = ledgers.entries(reader.score, *names)
    ordered = ledgers.narrow(found, show=Show.ALL, words=tenant or "", sort="")
    stream = ordered.iterator(chunk_size=AT_ONCE)
    while chunk := list(islice(stream, AT_ONCE)):
        yield from reader.lines(*names, chunk)


def _name(entry: Entry) -> str:
    return entry.name or "without a name"


def _why(line: Line) -> str:
    params = dict(line.params)
    if isinstance(params.get("state"), str):
        params["state"] = ClaimState[params["state"].upper()].label
    return sentence(line.reason, params, localize=False)


def _parts(line: Line, rule_set: rules.RuleSet) -> Iterator[str]:
    """Usage growth, workload by workload: users now, and the baseline with where it comes from."""
    for part in line.params.get("parts", []):
        baseline = BASELINES[part["baseline"]].format(**part)
        yield f"{rule_set.workloads[part['workload']].title}: {part['now']} now, {baseline}"


def _sum(section: Section, rows: int, value: int, *, is_all: bool) -> str:
    option = section.option
    counted = arguments.number(rows, "row")
    if not is_all:
        return f"sum of {counted}; the value of the score is {option.value}"
    if value != option.value:
        raise CommandError(
            f"{section.title}: the rows add up to {value}, but the score says {option.value}. "
            "Run check_scores."
        )
    counts = "" if option.counts else ", another option counts"
    return (
        f"sum of {counted}, the value of the score: "
        f"{option.exact} of {section.metric.max} points{counts}"
    )
