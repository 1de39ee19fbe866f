import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from partners.models import Partner
from scoring import results, rule_sets, scores
from scoring.models import Score
from scoring.reasons import Caution, sentence


class Command(BaseCommand):
    help = "Compute, store and print the score of one firm."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", metavar="PARTNER", help="short name (slug) of the firm")
        parser.add_argument("--as-of", type=_day, metavar="YYYY-MM-DD", help="default: today")
        parser.add_argument(
            "--rule-set", help="e.g. modern-work-2023; default: the one in force on that day"
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="for scripts")

    @no_translations  # the command line speaks English throughout
    def handle(
        self,
        *,
        partner: str,
        as_of: date | None,
        rule_set: str | None,
        as_json: bool,
        **options: Any,
    ) -> None:
        firm = Partner.objects.filter(slug=partner).first()
        if firm is None:
            raise CommandError(f"There is no firm with the short name {partner!r}.")
        try:
            rules = None if rule_set is None else rule_sets.get(rule_set)
        except rule_sets.UnknownRuleSet as error:
            raise CommandError(str(error)) from error
        score = scores.compute(firm, as_of or timezone.localdate(), rules)
        if as_json:
            self.stdout.write(json.dumps(_for_scripts(score), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(_for_people(score)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not a day like 2025-03-25") from error


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
