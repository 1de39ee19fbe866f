import json
import re
from dataclasses import asdict
from uuid import UUID

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    no_translations,
)
from django.db import connection

from cooperation import trail_checking
from cooperation.models import Agreement
from cooperation.trail_checking import Finding, Head
from documents import guarding

HEAD = re.compile(r"(?P<seq>[1-9][0-9]{0,9}):(?P<hash>[0-9a-f]{64})")


class Command(BaseCommand):
    help = (
        "Check the logs of all agreements, or of those named: that no event was changed, dropped,"
        " inserted or cut off, and that versions and signatures are as their events say."
        " Ends with 1 when something is found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agreements", nargs="*", type=UUID, metavar="AGREEMENT_ID")
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="SEQ:HASH",
            help="what a sealed PDF or a mail says of the log of the one agreement that is named",
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="the result as JSON"
        )

    @no_translations
    def handle(
        self, *, agreements: list[UUID], head: list[str], as_json: bool, **options: object
    ) -> None:
        if head and len(agreements) != 1:
            raise CommandError("--head is of one agreement: name it.")
        heads = [_head(each) for each in head]
        unguarded = guarding.lacking(connection)
        for table in [] if as_json else unguarded:
            self.stdout.write(f"{table}: has no whole triggers, see manage.py migrate")
        found, counts = list[Finding](), {"agreements": 0, "events": 0, "erased": 0}
        known = Agreement.objects.order_by("pk").values_list("pk", flat=True)
        for pk in agreements or known.iterator():
            try:
                report = trail_checking.check(pk, heads=heads)
            except Agreement.DoesNotExist as error:
                raise CommandError(f"There is no agreement {pk}.") from error
            counts["agreements"] += 1
            counts["events"] += report.events
            counts["erased"] += report.erased
            found += report.findings
            for finding in [] if as_json else report.findings:
                self.stdout.write(_line(finding))
        if as_json:
            self._write_json(counts, found, unguarded)
        else:
            self.stdout.write(", ".join(f"{number} {name}" for name, number in counts.items()))
        if faults := len(found) + len(unguarded):
            raise CommandError(f"{faults} found that should not be so.")
        if not as_json:
            self.stdout.write("Everything is as it was written.")

    def _write_json(
        self, counts: dict[str, int], found: list[Finding], unguarded: list[str]
    ) -> None:
        findings = [asdict(finding) for finding in found]
        result = {**counts, "findings": findings, "unguarded": unguarded}
        self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))


def _head(said: str) -> Head:
    match = HEAD.fullmatch(said)
    if match is None:
        raise CommandError(f"A head is a number, a colon and 64 hexadecimal digits, not {said!r}.")
    return Head(int(match["seq"]), match["hash"], "the head that was given")


def _line(finding: Finding) -> str:
    place = "" if finding.seq is None else f" event {finding.seq}"
    return f"{finding.agreement}{place}: {finding.what}: {finding.about}"
