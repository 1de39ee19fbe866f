"""What this room holds about people."""

from django.utils.translation import gettext_lazy as _

from partners.privacy.declared import LETTERS
from partners.privacy.registry import ALL, Activity, Basis, Held

FIGURES, CERTIFIED = "figures", "certified"

ACTIVITIES = (
    Activity(
        FIGURES,
        _("Files and scores on the way to the designation"),
        _("Files from Partner Center as they came, corrections, plans, scores, and who made them."),
        _("So that a firm sees where it stands, why, and what to do next."),
        _("People of the firm who work with the figures; tenants of customers."),
        _("The own firm; other firms only what the firm has shared with them."),
        _(
            "As long as the firm uses them. Originals of files that could not be read go after 30"
            " days."
        ),
        Basis.CONTRACT,
    ),
    Activity(
        CERTIFIED,
        _("Certified people"),
        _("Names, addresses and certificates of the firm's people, as Partner Center lists them."),
        _("So that certificates are counted for the designation, and none expires unnoticed."),
        _("The firm's certified people."),
        _("The own firm."),
        _("As long as the firm uses them, with the files they are from."),
        Basis.INTEREST,
    ),
)
HELD = (
    Held("scoring.Disclosure", FIGURES, own={"changed_by": ALL}),
    Held("scoring.Tenant", FIGURES, nobody=("name",)),
    Held("scoring.Certificate", CERTIFIED, names=("person_key", "person_name", "email")),
    Held(
        "scoring.Correction",
        FIGURES,
        own={"made_by": ALL, "withdrawn_by": ("id", "withdrawn_at")},
        names=("person_key", "value_text", "reason"),
    ),
    Held(
        "scoring.PartnerCenterImport",
        FIGURES,
        own={
            "imported_by": ("id", "kind", "file_name", "created_at", "state"),
            "undone_by": ("id", "kind", "file_name"),
        },
        names=("file_name", "file", "original", "rejected"),
        nobody=("header", "mapping", "fault_params", "error", "months", "by_month", "unused"),
    ),
    Held("scoring.ColumnMapping", FIGURES, own={"named_by": ALL}, nobody=("columns", "mapping")),
    Held("scoring.TenantFacts", FIGURES, nobody=("claims",)),
    Held("scoring.PersonContribution", CERTIFIED, names=("person", "name")),
    Held("scoring.PersonMove", CERTIFIED, names=("person_key", "name")),
    Held(
        "scoring.Notice",
        LETTERS,
        own={"person": ("kind", "data", "path", "state", "created_at", "sent_at")},
        names=("key", "data"),
        nobody=("error",),
    ),
    Held("scoring.ReminderChoice", CERTIFIED, own={"user": ALL}),
    Held("scoring.ReminderStep", CERTIFIED, names=("person_key",)),
    Held(
        "scoring.Score",
        FIGURES,
        own={"computed_by": ("id", "as_of", "computed_at")},
        nobody=("result", "cautions", "import_ids", "correction_ids"),
    ),
    Held("scoring.MonthResult", FIGURES, nobody=("result", "qualified")),
    Held("scoring.MonthAhead", FIGURES, nobody=("result", "qualified")),
    Held("scoring.ComputedTable", FIGURES, nobody=("name", "columns")),
    Held("scoring.Enrolment", FIGURES, own={"recorded_by": ALL}),
    Held("scoring.ScoringRun", FIGURES, own={"started_by": ALL}),
    Held("scoring.ScoringRunItem", FIGURES, nobody=("error",)),
    Held("scoring.Incident", FIGURES, nobody=("details",)),
    Held("scoring.EffortWeights", FIGURES, own={"changed_by": ALL}),
    Held("scoring.Scenario", FIGURES, own={"made_by": ALL}, names=("name", "note", "changes")),
    Held("scoring.UnclaimedWork", FIGURES, own={"made_by": ALL}, names=("note", "customer_name")),
    Held("scoring.DesignationReport", FIGURES, names=("snapshot",)),
    Held(
        "scoring.ReportSubscription",
        FIGURES,
        own={"membership__user": ("language", "length", "made_at"), "made_by": ("id", "made_at")},
    ),
)
