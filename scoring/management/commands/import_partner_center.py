from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from partners.models import Partner
from scoring import imports, scores
from scoring.models import PartnerCenterImport
from scoring.reasons import Caution, Fault, sentence


class Command(BaseCommand):
    help = "Import files exported from Partner Center for one firm, all of them or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("partner", metavar="PARTNER", help="short name (slug) of the firm")
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
        parser.add_argument(
            "--kind",
            choices=PartnerCenterImport.Kind.values,
            default=PartnerCenterImport.Kind.AUTO,
            help="which report the files are; by default the columns tell",
        )
        parser.add_argument(
            "--good-rows", action="store_true", help="leave bad rows out instead of stopping"
        )

    @no_translations  # the command line speaks English throughout
    def handle(
        self, *, partner: str, files: list[Path], kind: str, good_rows: bool, **options: Any
    ) -> None:
        firm = Partner.objects.filter(slug=partner).first()
        if firm is None:
            raise CommandError(f"There is no firm with the short name {partner!r}.")
        with ExitStack() as stack:
            uploads: list[tuple[str, File[Any]]] = []
            for path in files:
                try:
                    stream = stack.enter_context(path.open("rb"))
                except OSError as error:
                    reason = error.strerror or type(error).__name__
                    raise CommandError(f"{path} cannot be read: {reason}.") from error
                if not stream.seekable():  # it is read twice: whole, before anything is written
                    raise CommandError(f"{path} cannot be read: it is a pipe and not a file.")
                uploads.append((path.name, File(stream, name=path.name)))
            try:
                done = imports.run_now(firm, uploads, kind=kind, good_rows=good_rows)
            except imports.Busy as error:
                raise CommandError(str(error)) from error
            except imports.Rejected as error:
                for read in error.read:
                    self._print_faults(read)
                raise CommandError("Nothing was imported.") from error
        for read, row in done:
            self._print_faults(read)
            for line in _report(row):
                self.stdout.write(line)
        for line in _hints(firm):
            self.stdout.write(line)

    def _print_faults(self, read: imports.Read) -> None:
        if read.error is not None:
            fault = sentence(read.error.fault, read.error.params, kind=Fault)
            self.stdout.write(f"{read.name}: {fault}")
        elif read.parsed is not None:
            for bad in read.parsed.rejected:
                reason = sentence(bad.reason, bad.params, kind=Fault)
                place = f"line {bad.line}" + (f", {bad.column}" if bad.column else "")
                self.stdout.write(f"{read.name}: {place}: {bad.value!r}: {reason}")
            if not read.is_good:
                self.stdout.write(
                    f"{read.name}: {read.parsed.rejected_count} of {read.parsed.rows} rows rejected"
                )


def _hints(firm: Partner) -> Iterator[str]:
    """What stands in the way of a score, best said while the file is still at hand."""
    score = scores.latest(firm)
    for caution in score.cautions if score is not None else []:
        if caution["code"] == Caution.COMPARISON_MONTH_MISSING:
            yield sentence(caution["code"], caution["params"], kind=Caution, localize=False)


def _report(row: PartnerCenterImport) -> Iterator[str]:
    yield f"{row.file_name}: {row.kind}, {row.rows_read} rows read"
    if row.same_as is not None:
        day = timezone.localtime(row.same_as.created_at).date()
        yield f"  the same file was imported on {day.isoformat()}"
    yield (
        f"  {row.rows_new} new, {row.rows_changed} changed, {row.rows_unchanged} unchanged, "
        f"{row.rows_rejected} rejected, {row.rows_unused} not used, {row.rows_merged} merged"
    )
    if row.dates_changed:
        yield f"  {row.dates_changed} associations got other dates"
    if row.months:
        yield f"  months: {row.months[0]} to {row.months[-1]} ({len(row.months)})"
    for entry in row.unused:
        yield f"  not used by this designation: {entry['what']} {entry['value']}: {entry['rows']}"
