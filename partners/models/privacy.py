"""Rows of data protection: exports, contacts that were told, erasures, runs of the retention."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models.firms import Membership, Partner
from partners.models.people import User


class FirmExportQuerySet(models.QuerySet["FirmExport"]):
    def visible_to(self, user: Any) -> Self:
        """Exports of the firms that ``user`` is an admin of: they hold all that the firm knows."""
        if not user.is_authenticated:
            return self.none()
        admins = Membership.objects.active().filter(user=user, is_admin=True)
        return self.filter(partner__in=admins.values("partner"))


class FirmExport(models.Model):
    """All that the portal holds for a firm, as a ZIP. ``state`` changes in ``archive_jobs.py``."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("In progress")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("No longer kept")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="exports")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # the file goes then
    claimed_by = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(_("error"), blank=True)
    file = models.FileField(_("file"), upload_to="exports/%Y/%m", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(_("size in bytes"), null=True)

    objects = FirmExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export of a firm")
        verbose_name_plural = _("exports of firms")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="export_ready_iff_file",
                condition=Q(state="ready", expires_at__isnull=False, size__isnull=False)
                & ~Q(file="")
                | (~Q(state="ready") & Q(file="")),
            ),
            # Two people who press at once get one archive.
            models.UniqueConstraint(
                fields=["partner"],
                condition=Q(state__in=["queued", "running"]),
                name="one_export_of_a_firm_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY


class NamedContact(models.Model):
    """An address that a firm named as a contact, and that was told so, once."""

    class State(models.TextChoices):
        QUEUED = "queued", _("To be sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")
        KNOWN = "known", _("Not needed")  # entered it themselves, or has an account in that firm

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="named_contacts")
    email = models.EmailField(_("e-mail address"))
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(
        max_length=2, choices=settings.LANGUAGES, default=User.Language.GERMAN
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    not_before = models.DateTimeField(default=timezone.now)  # of the next try, or the lease's end
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    objected_at = models.DateTimeField(null=True)  # nothing may be entered with it from then on

    class Meta:
        verbose_name = _("contact named by a firm")
        verbose_name_plural = _("contacts named by firms")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "email"], name="an_address_is_told_once"),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # the operator sees that somebody was told, not who


class Erasure(models.Model):
    """That an account was erased: its number, so that no backup brings the person back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.UUIDField(unique=True)  # the account's number; the row says nothing any more
    erased_at = models.DateTimeField(default=timezone.now)
    on_own_request = models.BooleanField(default=True)
    counts = models.JSONField(default=dict)  # rows that were changed or deleted, by table

    class Meta:
        verbose_name = _("erased account")
        verbose_name_plural = _("erased accounts")
        ordering = ["-erased_at", "pk"]

    def __str__(self) -> str:
        return str(self.person)


class RetentionRun(models.Model):
    """What one run of the retention deleted, in numbers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ran_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)  # by rule

    class Meta:
        verbose_name = _("run of the retention")
        verbose_name_plural = _("runs of the retention")
        ordering = ["-ran_at", "pk"]

    def __str__(self) -> str:
        return str(self.ran_at)
