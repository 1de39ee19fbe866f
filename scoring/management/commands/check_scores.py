from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from partners.models import Partner
from scoring import checking, facts, incidents
from scoring.checking import BeingWritten, Difference
from scoring.management import arguments


class Command(BaseCommand):
    help = (
        "Make the newest score of each firm anew from the facts and compare it with what is "
        "stored, and every earlier score with its ledger. What differs becomes an incident."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        arguments.add_firms(parser)
        parser.add_argument(
            "--repair",
            action="store_true",
            help="write what is right as a new revision and a new score; nothing is rewritten",
        )

    @no_translations  # the command line speaks English throughout
    def handle(self, *, partners: list[str], all_firms: bool, repair: bool, **options: Any) -> None:
        count = wrong = unchecked = 0
        for firm in arguments.firms(partners, all_firms=all_firms):
            count += 1
            try:
                found = self._check(firm, repair=repair)
            except BeingWritten as error:
                unchecked += 1
                self.stdout.write(f"{firm.slug}: not checked. {error}")
                continue
            wrong += bool(found)
        if all_firms:
            unowned = checking.check_unowned()
            incidents.record(None, unowned)
            self._print("rows of no firm", unowned)
            wrong += bool(unowned)
        looked_at = f"{arguments.number(count)} looked at"
        if wrong or unchecked:
            raise CommandError(f"{looked_at}, {wrong} not in order, {unchecked} not checked.")
        self.stdout.write(f"{looked_at}, all in order.")

    def _check(self, firm: Partner, *, repair: bool) -> list[Difference]:
        """What is wrong with a firm, after the repair if there is to be one."""
        portfolio = facts.portfolio_of(firm)
        found = checking.check(portfolio)
        incidents.record(portfolio, found)
        self._print(firm.slug, found)
        if not found:
            self.stdout.write(f"{firm.slug}: in order")
        if not found or not repair:
            return found
        repaired = checking.repair(portfolio, found)
        if repaired is None:
            self.stdout.write(
                f"{firm.slug}: nothing to repair in its newest score; `replay` makes facts anew"
            )
            return found
        self.stdout.write(
            f"{firm.slug}: repaired, ledger {repaired.ledger_id} has revision {repaired.revision}"
        )
        left = checking.check(portfolio)
        incidents.record(portfolio, left)
        self._print(f"{firm.slug}: left", left)
        return left

    def _print(self, name: str, found: list[Difference]) -> None:
        for difference in found:
            self.stdout.write(f"{name}: {difference}: {difference.code.label}")
