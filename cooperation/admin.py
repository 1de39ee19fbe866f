from django.contrib import admin

from cooperation.models import Notice, RuleBook
from cooperation.rule_book_admin import RuleBookAdmin
from support.operating import ReadOnly

admin.site.register(RuleBook, RuleBookAdmin)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin[Notice]):
    """Health of the mails for the operator: states and errors, no names of projects or firms."""

    list_display = ["created_at", "kind", "state", "attempts", "not_before", "sent_at"]
    list_filter = ["state", "kind"]
    fields = ("kind", "state", "attempts", "error", "created_at", "not_before", "sent_at")
    readonly_fields = fields
