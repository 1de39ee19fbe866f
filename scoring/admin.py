"""What an operator sees of the scoring: what is wrong, and how far a run over all firms is."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from scoring import scoring_runs
from scoring.checking import Code
from scoring.models import Incident, Notice, PartnerCenterImport, ScoringRun
from support.operating import ReadOnly


class IsOpen(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("open")), ("0", _("settled"))]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Incident]"
    ) -> "QuerySet[Incident]":
        if self.value() is None:
            return queryset
        return queryset.filter(settled_at__isnull=self.value() == "1")


@admin.register(Incident)
class IncidentAdmin(ReadOnly, admin.ModelAdmin[Incident]):
    list_display = ["what", "firm", "found_at", "settled_at"]
    list_filter = [IsOpen]
    list_select_related = ["portfolio__partner"]
    readonly_fields = ["what", "firm", "details", "found_at", "settled_at"]
    fields = ("what", "firm", "details", "found_at", "settled_at")

    @admin.display(description=_("what"))
    def what(self, incident: Incident) -> str:
        known = incident.code in Code.values
        return str(Code(incident.code).label) if known else incident.code

    @admin.display(description=_("firm"))
    def firm(self, incident: Incident) -> str:
        return "–" if incident.portfolio is None else str(incident.portfolio)


@admin.register(ScoringRun)
class ScoringRunAdmin(ReadOnly, admin.ModelAdmin[ScoringRun]):
    list_display = ["as_of", "is_nightly", "created_at", "firms", "scored", "failed"]
    list_filter = ["is_nightly"]
    fields = ("as_of", "is_nightly", "started_by", "created_at", "firms", "scored", "not_scored")
    readonly_fields = ["created_at", "firms", "scored", "not_scored"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ScoringRun]":
        is_done = Q(items__finished_at__isnull=False)
        return (
            super()
            .get_queryset(request)
            .annotate(
                firm_count=Count("items__portfolio"),
                scored_count=Count("items__portfolio", filter=is_done & Q(items__error="")),
                failed_count=Count("items__portfolio", filter=is_done & ~Q(items__error="")),
            )
        )

    @admin.display(description=_("firms"))
    def firms(self, run: Any) -> int:
        return int(run.firm_count)

    @admin.display(description=_("scored"))
    def scored(self, run: Any) -> int:
        return int(run.scored_count)

    @admin.display(description=_("not scored"))
    def failed(self, run: Any) -> int:
        return int(run.failed_count)

    @admin.display(description=_("not scored"))
    def not_scored(self, run: ScoringRun) -> str:
        lines = ((item.portfolio, item.error) for item in scoring_runs.failed(run))
        return format_html_join(mark_safe("<br>"), "{}: {}", lines) or "–"


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin[Notice]):
    """Health of the mails: states and errors, no names of people or certificates."""

    list_display = ["created_at", "kind", "state", "attempts", "not_before", "sent_at"]
    list_filter = ["state", "kind"]
    fields = ("kind", "state", "attempts", "error", "created_at", "not_before", "sent_at")
    readonly_fields = fields


@admin.register(PartnerCenterImport)
class ImportAdmin(ReadOnly, admin.ModelAdmin[PartnerCenterImport]):
    """Health of the imports: which state, how long, what kind of error; no files, rows or names."""

    list_display = [
        "id",
        "kind",
        "state",
        "broke_off_with",
        "attempts",
        "created_at",
        "finished_at",
    ]
    list_filter = ["state", "kind"]
    fields = (
        "id",
        "kind",
        "state",
        "broke_off_with",
        "size",
        "rows_read",
        "rows_rejected",
        "attempts",
        "created_at",
        "started_at",
        "finished_at",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> "QuerySet[PartnerCenterImport]":
        heavy = ("by_month", "unused", "rejected", "header", "mapping", "fault_params")
        return super().get_queryset(request).defer(*heavy)

    @admin.display(description=_("technical error"))
    def broke_off_with(self, row: PartnerCenterImport) -> str:
        """The sort of error only: its text may hold a value of the file."""
        return row.error.strip().rpartition("\n")[2].partition(":")[0][:80] or "–"
