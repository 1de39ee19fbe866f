"""Designation reports, who gets them each month, and which month has been reported."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from documents.models import Document
from partners.models import Membership, Partner, User
from scoring.models.scores import Score


class Length(models.TextChoices):
    SHORT = "short", pgettext_lazy("length of a report", "One page")
    FULL = "full", pgettext_lazy("length of a report", "Full, with the ledger")


class DesignationReportQuerySet(models.QuerySet["DesignationReport"]):
    def visible_to(self, user: Any) -> Self:
        """Reports of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(score__partner__in=Partner.objects.of(user))


class DesignationReport(models.Model):
    """A stored score as a document, once in each language and length. Made by ``reports.py``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="reports")
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    length = models.CharField(
        _("length"), max_length=5, choices=Length.choices, default=Length.FULL
    )
    # The score it is compared with, and what else was known when it was ordered: later orders find
    # other rows, and a document has to come out the same each time. Empty in those of old.
    since = models.ForeignKey(Score, on_delete=models.PROTECT, null=True, related_name="+")
    snapshot = models.JSONField(default=dict)  # see report_words.py
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, related_name="designation_report"
    )

    objects = DesignationReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("designation report")
        verbose_name_plural = _("designation reports")
        ordering = ["-document__created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["score", "language", "length"],
                name="report_once_a_score_language_and_length",
            )
        ]

    def __str__(self) -> str:
        return str(self.document)

    @property
    def is_short(self) -> bool:
        return self.length == Length.SHORT


class ReportSubscriptionQuerySet(models.QuerySet["ReportSubscription"]):
    def active(self) -> Self:
        """Those of people who still belong to the firm."""
        return self.filter(membership__in=Membership.objects.active())

    def visible_to(self, user: Any) -> Self:
        """Subscriptions within the firms that ``user`` is an active member of."""
        return self.active().filter(membership__partner__in=Partner.objects.of(user))


class ReportSubscription(models.Model):
    """Who gets which report each month. It ends with the membership that it belongs to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="report_subscriptions"
    )
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    length = models.CharField(_("length"), max_length=5, choices=Length.choices)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ReportSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription of a report")
        verbose_name_plural = _("subscriptions of reports")
        ordering = ["membership__user__name", "length", "language", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "language", "length"],
                name="one_subscription_of_a_report",
            )
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.length} {self.language}"


class MonthlyReport(models.Model):
    """One month of data that was reported to the subscribers of a firm, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="monthly_reports")
    month = models.PositiveSmallIntegerField(_("month"))  # the newest of the data
    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="+")
    reports = models.ManyToManyField(DesignationReport, related_name="monthly")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    told_at = models.DateTimeField(null=True, blank=True)  # all reports made, everybody told

    class Meta:
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        ordering = ["-month", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "month"], name="one_monthly_report_of_a_month"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="monthly_reports_untold", condition=Q(told_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.month}"
