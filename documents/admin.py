from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from documents import jobs
from documents.models import Document, Seal, SealCertificate
from support.operating import ReadOnly


class HowSealed(admin.SimpleListFilter):
    """By the level of the seal, or that there is none yet."""

    title = _("seal")
    parameter_name = "seal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        levels = [(str(level), level.label) for level in Seal.Level]
        return [*levels, ("missing", _("still without its seal"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Document]
    ) -> QuerySet[Document] | None:
        if self.value() == "missing":
            return queryset.filter(to_seal=True, seal=None)
        return queryset.filter(seal__level=self.value()) if self.value() else queryset


@admin.register(Document)
class DocumentAdmin(ReadOnly, admin.ModelAdmin[Document]):
    """Health of the jobs for the operator: states, waits and errors, never the content."""

    list_display = [
        "created_at",
        "kind",
        "language",
        "state",
        "step",
        "level",
        "attempts",
        "waits",
        "not_before",
        "finished_at",
    ]
    list_filter = ["state", "step", HowSealed, "kind"]
    list_select_related = ["seal"]
    actions = ["hurry"]
    fields = (
        "kind",
        "language",
        "state",
        "step",
        "level",
        "attempts",
        "waits",
        "not_before",
        "error",
        "sha256",
        "size",
        "created_at",
        "started_at",
        "finished_at",
        "superseded_at",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        return super().get_queryset(request).select_related("seal")

    @admin.display(description=_("seal"), ordering="seal__level")
    def level(self, document: Document) -> str:
        return str(document.seal.get_level_display()) if hasattr(document, "seal") else "–"

    def has_hurry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("documents.change_document")

    @admin.action(
        description=_("Try again now (what waits for its seal or timestamp)"),
        permissions=["hurry"],
    )
    def hurry(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        count = jobs.hurry(Document.objects.filter(pk__in=queryset.values("pk")))
        told = ngettext(
            "%(count)s document is tried now.", "%(count)s documents are tried now.", count
        )
        self.message_user(
            request, told % {"count": count}, messages.SUCCESS if count else messages.WARNING
        )


@admin.register(SealCertificate)
class SealCertificateAdmin(ReadOnly, admin.ModelAdmin[SealCertificate]):
    """With which certificates the portal has sealed so far."""

    list_display = ["subject", "not_before", "not_after", "first_used_at", "sha256"]
    fields = ("subject", "sha256", "not_before", "not_after", "first_used_at", "chain")
    readonly_fields = fields
