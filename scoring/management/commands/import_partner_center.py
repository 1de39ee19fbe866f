import shlex
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from partners.models import Partner
from scoring import import_findings, imports, scores
from scoring.models import PartnerCenterImport
from scoring.reading.columns import FIELDS, Unmapped
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
        parser.add_argument(
            "--mapping",
            metavar="FIELD=HEADER",
            action="append",
            default=[],
            help="the column that holds a field, for files with names of their own; repeatable, "
            f"an empty header says there is none. Fields: {FIELD_NAMES}",
        )
        parser.add_argument(
            "--preview",
            action="store_true",
            help="say what would change, each file for itself, and import nothing",
        )

    @no_translations  # the command line speaks English throughout
    def handle(
        self,
        *,
        partner: str,
        files: list[Path],
        kind: str,
        good_rows: bool,
        mapping: list[str],
        preview: bool,
        **options: Any,
    ) -> None:
        firm = Partner.objects.filter(slug=partner).first()
        if firm is None:
            raise CommandError(f"There is no firm with the short name {partner!r}.")
        named = _mapping(mapping, kind)
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
            if preview:
                self._preview(imports.preview_now(firm, uploads, kind=kind, mapping=named))
                return
            try:
                done = imports.run_now(firm, uploads, kind=kind, mapping=named, good_rows=good_rows)
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

    def _preview(self, files: list[imports.Read]) -> None:
        for read in files:
            self._print_faults(read)
            if read.error is None:
                for line in _report(read.row):
                    self.stdout.write(line)
        self.stdout.write("This was a preview: nothing was imported.")

    def _print_faults(self, read: imports.Read) -> None:
        if read.error is not None:
            fault = sentence(read.error.fault, read.error.params, kind=Fault)
            self.stdout.write(f"{read.name}: {fault}")
            if isinstance(read.error, Unmapped):
                self.stdout.write(f"{read.name}: {_advice(read.error)}")
        elif read.parsed is not None:
            for bad in read.parsed.rejected:
                reason = sentence(bad.reason, bad.params, kind=Fault)
                place = f"line {bad.line}" + (f", {bad.column}" if bad.column else "")
                self.stdout.write(f"{read.name}: {place}: {bad.value!r}: {reason}")
            if not read.is_good:
                self.stdout.write(
                    f"{read.name}: {read.parsed.rejected_count} of {read.parsed.rows} rows rejected"
                )


FIELD_NAMES = ", ".join(sorted({field.key for fields in FIELDS.values() for field in fields}))


def _mapping(named: list[str], kind: str) -> dict[str, str]:
    """{field: header} of ``FIELD=HEADER``; raises ``CommandError`` for a field there is not."""
    fields = FIELDS[kind] if kind in FIELDS else [each for all_ in FIELDS.values() for each in all_]
    keys = {field.key for field in fields}
    mapping: dict[str, str] = {}
    for each in named:
        field, equals, header = each.partition("=")
        if not equals or field not in keys:
            raise CommandError(
                f"--mapping {each!r}: write FIELD=HEADER, with one of {', '.join(sorted(keys))}."
            )
        mapping[field] = header
    return mapping


def _advice(unmapped: Unmapped) -> str:
    """How to name the columns, with the best guess filled in."""
    guessed = unmapped.guesses[unmapped.kind]
    needed = [field.key for field in FIELDS[unmapped.kind] if field.needed]
    keys = [*guessed, *(key for key in needed if key not in guessed)]
    pairs = (f"{key}={guessed.get(key, '')}" for key in keys)
    options = " ".join(f"--mapping {shlex.quote(pair)}" for pair in pairs)
    return f"name the columns, e.g. --kind {unmapped.kind} {options}"


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
    for count, what in (
        (import_findings.count(row, import_findings.TENANTS), "new tenants"),
        (import_findings.count(row, import_findings.CLAIMS), "new associations"),
        (row.dates_changed, "associations with other dates"),
    ):
        if count:
            yield f"  {what}: {count}"
    if row.months:
        yield f"  months: {row.months[0]} to {row.months[-1]} ({len(row.months)})"
    for line in row.by_month:
        counts = ", ".join(f"{line[name]} {name}" for name in ("new", "changed", "unchanged"))
        yield f"    {line['month']}: {counts}"
    for entry in import_findings.unused(row):
        yield f"  not used by this designation: {entry['what']} {entry['value']}: {entry['rows']}"
