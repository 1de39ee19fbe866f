"""What a firm's Partner Center files said (imports and facts) and what was made of it (scores)."""

from scoring.judging import NO_END
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
from scoring.models.scores import (
    DesignationReport,
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
    "Contribution",
    "Correction",
    "DesignationReport",
    "Enrolment",
    "Incident",
    "Ledger",
    "MonthOfData",
    "MonthResult",
    "PartnerCenterImport",
    "PersonContribution",
    "Portfolio",
    "Score",
    "ScoringRun",
    "ScoringRunItem",
    "Tenant",
    "TenantFacts",
    "UsageMonth",
    "_import_path",  # the first migration names it here
]
