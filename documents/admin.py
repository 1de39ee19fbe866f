from django.contrib import admin
from django.http import HttpRequest

from documents.models import Document


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin[Document]):
    """Health of the jobs for the operator: states and errors, never the content."""

    list_display = ["created_at", "kind", "language", "state", "attempts", "finished_at"]
    list_filter = ["state", "kind"]
    fields = (
        "kind",
        "language",
        "state",
        "attempts",
        "error",
        "created_at",
        "finished_at",
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False
