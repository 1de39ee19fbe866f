"""What a firm's Partner Center files said (imports and facts) and what was made of it (scores)."""

from scoring.judging import NO_END
from scoring.models.disclosures import Disclosure
from scoring.models.facts import (
    Association,
    Certificate,
    Correction,
    MonthOfData,
    Portfolio,
    Tenant,
    UsageMonth,
)
from scoring.models.imports import (
    ColumnMapping,
    PartnerCenterImport,
    _import_path,
)
from scoring.models.ledger import (
    NEVER,
    Contribution,
    Ledger,
    PersonContribution,
    TenantFacts,
)
from scoring.models.moves import PersonMove
from scoring.models.notices import Notice, ReminderChoice, ReminderStep
from scoring.models.outlook import ComputedTable, MonthAhead
from scoring.models.plans import EffortWeights, Scenario, UnclaimedWork
from scoring.models.reports import (
    DesignationReport,
    Length,
    MonthlyReport,
    ReportSubscription,
)
from scoring.models.scores import (
    Enrolment,
    Incident,
    MonthResult,
    Score,
    ScoringRun,
    ScoringRunItem,
)

__all__ = [
    "NEVER",
    "NO_END",
    "Association",
    "Certificate",
    "ColumnMapping",
    "ComputedTable",
    "Contribution",
    "Correction",
    "DesignationReport",
    "Disclosure",
    "EffortWeights",
    "Enrolment",
    "Incident",
    "Ledger",
    "Length",
    "MonthAhead",
    "MonthOfData",
    "MonthResult",
    "MonthlyReport",
    "Notice",
    "PartnerCenterImport",
    "PersonContribution",
    "PersonMove",
    "Portfolio",
    "ReminderChoice",
    "ReminderStep",
    "ReportSubscription",
    "Scenario",
    "Score",
    "ScoringRun",
    "ScoringRunItem",
    "Tenant",
    "TenantFacts",
    "UnclaimedWork",
    "UsageMonth",
    "_import_path",  # the first migration names it here
]
