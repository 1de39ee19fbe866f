"""Rule books, and the blank checklists to print."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Document


class RuleBook(models.Model):
    """One version of a rule book. Never changes: agreements are made under it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(_("key"), max_length=50)
    version = models.CharField(_("version"), max_length=40)
    content = models.JSONField(_("content"))  # as ``rule_books.build`` takes it
    sha256 = models.CharField(max_length=64)  # of the content as RFC 8785 canonical JSON
    loaded_at = models.DateTimeField(_("loaded at"), default=timezone.now)

    class Meta:
        verbose_name = _("rule book")
        verbose_name_plural = _("rule books")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_rule_book_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class BlankChecklist(models.Model):
    """The checklist to print and fill in by hand: one PDF per rule book, language and length."""

    class Length(models.TextChoices):
        SHORT = "short", _("Short list")
        FULL = "full", _("Full checklist")

    rule_book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="checklists")
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    length = models.CharField(max_length=10, choices=Length)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("blank checklist")
        verbose_name_plural = _("blank checklists")
        constraints = [
            models.UniqueConstraint(
                fields=["rule_book", "language", "length"], name="one_checklist_per_length"
            )
        ]
