import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from partners.models import Partner
from scoring import results, rule_sets, scores, scoring_runs
from scoring.management import arguments
from scoring.models import Score, ScoringRun, ScoringRunItem
from scoring.reasons import Caution, sentence

LOOK = 1.0  # seconds between two looks at a run
STILL = 60.0  # seconds after which a run that does not move is pointed out


class Command(BaseCommand):
    help = "Compute, store and print the score of one firm, or score every firm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "partner", metavar="PARTNER", nargs="?", help="short name (slug) of the firm"
        )
        parser.add_argument(
            "--as-of", type=arguments.day, metavar="YYYY-MM-DD", help="default: today"
        )
        parser.add_argument(
            "--rule-set", help="e.g. modern-work-2023; default: the one in force on that day"
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="for scripts")
        parser.add_argument(
            "--all", action="store_true", dest="all_firms", help="every firm, by the workers"
        )
        parser.add_argument(
            "--wait", action="store_true", help="with --all: show how far it is, until it is done"
        )
        parser.add_argument(
            "--here", action="store_true", help="with --all: in this process, without a worker"
        )

    @no_translations  # the command line speaks English throughout
    def handle(
        self,
        *,
        partner: str | None,
        as_of: date | None,
        rule_set: str | None,
        as_json: bool,
        all_firms: bool,
        wait: bool,
        here: bool,
        **options: Any,
    ) -> None:
        if (partner is None) != all_firms:
            raise CommandError("Name one firm, or take --all.")
        day = arguments.day_of_score(as_of)
        if partner is None:
            if rule_set is not None or as_json:
                raise CommandError("--rule-set and --json are for one firm.")
            self._score_all(day, wait=wait, here=here)
            return
        if wait or here:
            raise CommandError("--wait and --here belong to --all.")
        self._score_one(arguments.firm(partner), day, rule_set, as_json=as_json)

    def _score_one(self, firm: Partner, day: date, rule_set: str | None, *, as_json: bool) -> None:
        try:
            rules = None if rule_set is None else rule_sets.get(rule_set)
        except rule_sets.UnknownRuleSet as error:
            raise CommandError(str(error)) from error
        score = scores.compute(firm, day, rules)
        if as_json:
            self.stdout.write(json.dumps(_for_scripts(score), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(_for_people(score)))

    # -- Every firm --

    def _score_all(self, day: date, *, wait: bool, here: bool) -> None:
        run = scoring_runs.start(day, queued=not here)
        total = scoring_runs.progress(run).total
        self.stdout.write(f"run {run.pk}: {arguments.number(total)}, as of {day}")
        if here:
            for item in scoring_runs.run_here(run):
                if item.error:
                    self.stdout.write(_failure(item))
        elif wait:
            self._wait(run)
            for item in scoring_runs.failed(run):
                self.stdout.write(_failure(item))
        else:
            self.stdout.write("queued for the workers; --wait shows how far it is")
            return
        progress = scoring_runs.progress(run)
        summary = f"{progress.done - progress.failed} of {arguments.number(progress.total)} scored"
        if progress.failed:
            raise CommandError(f"{summary}, {progress.failed} not.")
        self.stdout.write(f"{summary}.")

    def _wait(self, run: ScoringRun) -> None:
        shown = -1
        moved = time.monotonic()
        while True:
            progress = scoring_runs.progress(run)
            if progress.done != shown:
                shown, moved = progress.done, time.monotonic()
                self.stdout.write(f"{progress.done} of {progress.total}")
            if progress.is_finished:
                return
            if time.monotonic() - moved > STILL:
                moved = time.monotonic()
                self.stdout.write("nothing has moved for a minute: does a worker run?")
            time.sleep(LOOK)


def _failure(item: ScoringRunItem) -> str:
    return f"{item.portfolio.partner.slug}: not scored. {item.error}"


def _warnings(score: Score) -> list[str]:
    return [
        f"{caution['code']}: "
        + sentence(caution["code"], caution["params"], kind=Caution, localize=False)
        for caution in score.cautions
    ]


def _for_scripts(score: Score) -> dict[str, Any]:
    tracks = score.tracks
    return {
        "partner": score.partner.slug,
        "rule_set": score.rule_set,
        "as_of": score.as_of.isoformat(),
        "last_month": score.last_month_label or None,
        "comparison_month": score.comparison_month_label or None,
        "designated": score.designated,
        "track": score.track if any(track.total for track in tracks) else None,
        "tracks": results.script_form(tracks),
        "warnings": _warnings(score),
    }


def _for_people(score: Score) -> Iterator[str]:
    yield f"{score.partner} on {score.as_of}, rules {score.rule_set}"
    if score.last_month is None:
        yield "no usage data yet"
    else:
        yield f"months: {score.last_month_label} against {score.comparison_month_label}"
    yield f"designation: {'held' if score.designated else 'not held'}"
    for track in score.tracks:
        state = "passes" if track.passes else "does not pass"
        yield ""
        yield f"{track.title}: {track.exact} of 100 points, {state}"
        for metric in track.metrics:
            yield f"  {metric.title:<28} {metric.exact:>9} of {metric.max}"
            for option in metric.options:
                name = f"    {option.key or 'value'}"
                mark = " *" if option.counts and metric.has_options else ""
                yield f"{name:<18} {option.value:>8} -> {option.exact} points{mark}"
    if score.cautions:
        yield ""
        yield from _warnings(score)
