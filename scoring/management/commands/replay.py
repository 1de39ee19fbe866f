from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from partners.models import Partner
from scoring import facts, imports
from scoring.import_files import NotKept
from scoring.management import arguments
from scoring.reading.parsing import NotReadable
from scoring.reasons import Fault, sentence


class Command(BaseCommand):
    help = "Make the facts of firms anew from the kept originals, in their order, and score."

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_firms(parser)
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; end with 1 when the facts are not what the originals say",
        )

    @no_translations  # the command line speaks English throughout
    def handle(self, *, partners: list[str], all_firms: bool, check: bool, **options: Any) -> None:
        count = failed = 0
        for firm in arguments.firms(partners, all_firms=all_firms):
            count += 1
            try:
                made = imports.rebuild(firm, write=not check)
            except (imports.Busy, NotKept, NotReadable) as error:
                failed += 1
                self.stdout.write(f"{firm.slug}: not read again. {_why(error)}")
                continue
            self.stdout.write(f"{firm.slug}: {_found(firm, made, check=check)}")
            failed += check and not made.is_empty
        if failed:
            raise CommandError(f"{failed} of {arguments.number(count)} not in order.")
        self.stdout.write(f"{arguments.number(count)} read again.")


def _why(error: Exception) -> str:
    if isinstance(error, NotReadable):
        return sentence(error.fault, error.params, kind=Fault, localize=False)
    return str(error) or type(error).__name__


def _found(firm: Partner, made: facts.Plan, *, check: bool) -> str:
    if made.is_empty:
        return "facts and originals agree"
    counts = {
        "tenants": len(made.tenants),
        "names of tenants": len(made.renamed),
        "rows new": made.new,
        "rows changed": made.changed,
        "rows too many": len(made.gone_usage) + len(made.gone_certificates),
        "associations": len(made.associations) + len(made.gone_associations),
        "months too many": len(made.gone_months),
    }
    named = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"facts differ from originals: {named}" if check else f"facts made anew: {named}"
