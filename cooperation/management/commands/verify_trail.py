import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
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
from partners import firm_log_checking
from partners.models import Partner
from support import guarding, trails
from support.checking import Finding, Report
from support.trails import Head

HEAD = re.compile(r"(?P<seq>[1-9][0-9]{0,9}):(?P<hash>[0-9a-f]{64})")


class Command(BaseCommand):
    help = (
        "Check the logs of all agreements and firms, or of those named: that no event was changed,"
        " dropped, inserted or cut off, and that versions, signatures and consents are as their"
        " events say. Ends with 1 when something is found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "ids", nargs="*", type=UUID, metavar="ID", help="of an agreement or of a firm"
        )
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="SEQ:HASH",
            help="what a sealed PDF or a mail says of the one log that is named",
        )
        parser.add_argument(
            "--export",
            type=Path,
            metavar="FILE",
            help="a log as JSON lines: check it, and the log here against it",
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="the result as JSON"
        )

    @no_translations
    def handle(
        self,
        *,
        ids: list[UUID],
        head: list[str],
        export: Path | None,
        as_json: bool,
        **options: object,
    ) -> None:
        heads = [_head(each) for each in head]
        found = list[Finding]()
        if export is not None:
            kept = _read(export)
            ids = ids or [kept.subject]
            if ids != [kept.subject]:
                raise CommandError(f"{export} is the log of {kept.subject}.")
            heads += [Head(seq, own, f"{export.name}") for seq, own in kept.heads]
            found += [Finding(str(kept.subject), *each) for each in kept.faults]
        if heads and len(ids) != 1:
            raise CommandError("--head is of one log: name it.")
        unguarded = guarding.lacking(connection)
        counts = dict.fromkeys(("agreements", "firms", "events", "erased"), 0)
        for pk in ids or _all():
            name, report = _check(pk, heads)
            counts[name] += 1
            counts["events"] += report.events
            counts["erased"] += report.erased
            found += report.findings
        if as_json:
            self._write_json(counts, found, unguarded)
        else:
            for table in unguarded:
                self.stdout.write(f"{table}: has no whole triggers, see manage.py migrate")
            for finding in found:
                self.stdout.write(_line(finding))
            self.stdout.write(", ".join(f"{number} {name}" for name, number in counts.items()))
        if faults := len(found) + len(unguarded):
            raise CommandError(f"{faults} found that should not be so.")
        if not as_json:
            self.stdout.write("Everything is as it was written.")

    def _write_json(
        self, counts: dict[str, int], found: Sequence[Finding], unguarded: list[str]
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
    return f"{finding.subject}{place}: {finding.what}: {finding.about}"


def _all() -> Iterator[UUID]:
    yield from Agreement.objects.order_by("pk").values_list("pk", flat=True).iterator()
    yield from Partner.objects.order_by("pk").values_list("pk", flat=True).iterator()


def _check(pk: UUID, heads: list[Head]) -> tuple[str, Report]:
    """Under which name it is counted, and what was found."""
    with suppress(Agreement.DoesNotExist):
        return "agreements", trail_checking.check(pk, heads=heads)
    try:
        return "firms", firm_log_checking.check(pk, heads=heads)
    except Partner.DoesNotExist as error:
        raise CommandError(f"There is no agreement and no firm {pk}.") from error


# ---- A log that somebody kept --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kept:
    subject: UUID
    heads: list[tuple[int, str]]  # number and hash of each event
    faults: list[tuple[int | None, str, str]]


def _read(path: Path) -> _Kept:
    """The file, checked by itself: what is wrong with it is wrong with nothing but the file."""
    try:
        head, *events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        subject = UUID((head.get("firm") or head.get("agreement"))["id"])
        links = [_link(event) for event in events]
        last = {head["head"]["seq"]: head["head"]["hash"]} if events else {}
        faults: list[tuple[int | None, str, str]] = [
            (each.seq, each.what, f"event in {path.name}")
            for each in trails.breaks(str(subject), links, heads=last)
        ]
        return _Kept(subject, [(each.seq, each.hash) for each in links], faults)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(f"{path} is no log as the portal exports it.") from error


def _link(event: dict[str, Any]) -> trails.Link:
    return trails.Link(
        seq=int(event["seq"]),
        previous=str(event["previous"]),
        digest=str(event["digest"]),
        hash=str(event["hash"]),
        salt=str(event.get("salt", "")),
        content=event.get("content"),
    )
