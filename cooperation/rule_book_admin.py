"""The operator's pages of rule books: which versions there are, and loading another one.

A version is loaded in two steps. The first shows what a file would change, or all that is wrong
with it; the second stores exactly what was shown. Nothing is ever edited or deleted: agreements
rest on it.
"""

import base64
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cooperation import rule_books
from cooperation.models import RuleBook
from cooperation.rule_books import changes, loading
from cooperation.rule_books.yaml_file import MOST_BYTES

SALT = "cooperation.rule_book"
A_DAY = 24 * 60 * 60  # seconds for which a preview can be confirmed
LOAD = "cooperation/admin/rule_book_load.html"


class FileForm(forms.Form):
    """A file to look at."""

    file = forms.FileField(
        label=gettext_lazy("Rule book (YAML, UTF-8)"),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )


class SeenForm(forms.Form):
    """The file that was looked at, as the page carries it along, and the portal's seal on it."""

    content = forms.CharField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput)


class RuleBookAdmin(admin.ModelAdmin[RuleBook]):
    list_display = ("title", "key", "version", "short_hash", "loaded_at", "agreements")
    list_display_links = ("title",)
    change_list_template = "cooperation/admin/rule_book_list.html"
    ordering = ("key", "-loaded_at")
    fields = (
        "title",
        "key",
        "version",
        "size",
        "full_hash",
        "loaded_at",
        "agreements",
        "leads",
        "public_page",
    )
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: RuleBook | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RuleBook | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[RuleBook]":
        rows = super().get_queryset(request).defer("content")
        return rows.annotate(agreement_count=Count("agreements"))

    @admin.display(description=gettext_lazy("title"), ordering="key")
    def title(self, row: RuleBook) -> str:
        return str(rule_books.by_id(row.pk).title)

    @admin.display(description="SHA-256")
    def short_hash(self, row: RuleBook) -> str:
        return format_html("<code>{}</code>", row.sha256[:12])

    @admin.display(description="SHA-256")
    def full_hash(self, row: RuleBook) -> str:
        return format_html("<code>{}</code>", row.sha256)

    @admin.display(description=gettext_lazy("agreements"), ordering="agreement_count")
    def agreements(self, row: Any) -> int:
        return int(row.agreement_count)

    @admin.display(description=gettext_lazy("size"))
    def size(self, row: RuleBook) -> str:
        return changes.size(rule_books.by_id(row.pk))

    @admin.display(description=gettext_lazy("project leads work on"))
    def leads(self, row: RuleBook) -> str:
        rules = [str(rule.short) for rule in rule_books.by_id(row.pk).rules if rule.for_leads]
        return ", ".join(rules) or "–"

    @admin.display(description=gettext_lazy("public page"))
    def public_page(self, row: RuleBook) -> str:
        url = reverse("cooperation:rule_book", args=[row.key, row.version])
        return format_html('<a href="{}">{}</a>', url, url)

    # ---- Loading a version ---------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Choose a file, look at what it would bring, load it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, FileForm())
        if "seen" in request.POST:
            return self._load(request)
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form, status=422)
        uploaded: UploadedFile[Any] = form.cleaned_data["file"]
        # One byte more than allowed is enough to know; the rest is never read.
        return self._preview(request, uploaded.read(MOST_BYTES + 1), uploaded.name or "")

    def _preview(self, request: HttpRequest, data: bytes, name: str) -> HttpResponse:
        try:
            found = loading.preview(data)
        except rule_books.InvalidRuleBook as error:
            more: dict[str, Any] = {"problems": error.problems, "more_problems": error.more}
            return self._page(request, FileForm(), status=422, file_name=name, **more)
        except rule_books.VersionTaken as error:
            taken = [rule_books.Problem(None, "version", str(error))]
            return self._page(
                request, FileForm(), status=422, file_name=name, problems=taken, more_problems=0
            )
        seen = SeenForm(
            initial={
                "content": base64.b64encode(data).decode(),
                "seen": signing.dumps(found.seen, salt=SALT),
            },
            auto_id=False,
        )
        leads = [str(rule.short) for rule in found.book.rules if rule.for_leads]
        return self._page(
            request,
            FileForm(),
            file_name=name,
            found=found,
            size=changes.size(found.book),
            counted=changes.counted(list(found.changes)),
            leads=", ".join(leads),
            seen_form=seen,
        )

    def _load(self, request: HttpRequest) -> HttpResponse:
        try:
            data = base64.b64decode(request.POST.get("content", ""), validate=True)
            seen = dict(signing.loads(request.POST["seen"], salt=SALT, max_age=A_DAY))
        except (TypeError, ValueError, signing.BadSignature):
            messages.error(request, _("This page is too old. Please choose the file again."))
            return self._page(request, FileForm(), status=422)
        try:
            row, created = loading.load(data, seen=seen)
        except loading.Moved as error:
            messages.error(request, str(error))
            return self._preview(request, data, "")
        except (rule_books.InvalidRuleBook, rule_books.VersionTaken):
            return self._preview(request, data, "")
        book = f"{rule_books.by_id(row.pk).title} {row.version}"
        if created:
            self.log_addition(request, row, [{"added": {}}])
            messages.success(request, _("%(book)s is loaded.") % {"book": book})
        else:
            messages.info(request, _("%(book)s was loaded already.") % {"book": book})
        return HttpResponseRedirect(reverse("admin:cooperation_rulebook_changelist"))

    def _page(
        self, request: HttpRequest, form: forms.Form, *, status: int = 200, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Load a version of a rule book"),
            "form": form,
            "most_kilobytes": MOST_BYTES // 1024,
            "file_name": "",
            "problems": [],
            "more_problems": 0,
            "found": None,
            **more,
        }
        return TemplateResponse(request, LOAD, context, status=status)
