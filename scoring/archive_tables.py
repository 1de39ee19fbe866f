"""What of this room belongs into the archive of a firm: files, facts, ledgers and scores.

Not what is computed from them anyway (history, tables of the pages): it is made anew where the
archive is imported, because ``history_version`` starts at nought there.
"""

from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from partners.privacy.archive_tables import Row, Rows, Scope, Table
from scoring.models import PartnerCenterImport

State = PartnerCenterImport.State
# Half-read files are read anew by whoever has them; the archive holds what was decided.
SETTLED = (State.DONE, State.REJECTED, State.FAILED, State.UNDONE, State.DISCARDED)


def _of(path: str, model: str) -> Rows:
    def rows(scope: Scope) -> "QuerySet[Any]":
        table: Any = apps.get_model("scoring", model)
        found: QuerySet[Any] = table._default_manager.filter(**{path: scope.partner.pk})
        return found

    return rows


def _imports(scope: Scope) -> "QuerySet[Any]":
    return PartnerCenterImport.objects.filter(partner=scope.partner, state__in=SETTLED)


def _import(row: Row, scope: Scope) -> Row:
    kept = scope.once(
        "imports", lambda: {str(pk) for pk in _imports(scope).values_list("pk", flat=True)}
    )
    return row | {"same_as_id": row["same_as_id"] if row["same_as_id"] in kept else None}


def _portfolio(row: Row, _scope: Scope) -> Row:
    return row | {"history_version": 0}


def _table(model: str, path: str = "portfolio__partner", **more: Any) -> Table:
    return Table(f"scoring.{model}", _of(path, model), **more)


TABLES = (
    _table("Disclosure", "partner"),
    _table("Portfolio", "partner", change=_portfolio),
    Table(
        "scoring.PartnerCenterImport",
        _imports,
        change=_import,
        files=("file", "original"),
        leave_out=("claimed_by",),
    ),
    _table("ColumnMapping", "partner"),
    _table("Tenant"),
    _table("Association"),
    _table("UsageMonth"),
    _table("MonthOfData"),
    _table("Certificate"),
    _table("PersonMove"),
    _table("Correction"),
    _table("Ledger"),
    _table("TenantFacts", "ledger__portfolio__partner"),
    _table("Contribution", "ledger__portfolio__partner"),
    _table("PersonContribution", "ledger__portfolio__partner"),
    _table("Score", "partner"),
    _table("Enrolment", "partner"),
    _table("EffortWeights", "partner"),
    _table("Scenario", "partner"),
    _table("UnclaimedWork"),
    _table("ReminderChoice", "partner"),
    _table("ReminderStep"),
    _table("DesignationReport", "score__partner"),
    _table("ReportSubscription", "membership__partner"),
    _table("MonthlyReport", "partner"),
    _table("MonthlyReport_reports", "monthlyreport__partner"),
)
