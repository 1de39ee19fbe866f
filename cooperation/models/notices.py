"""Mails of this room: a row first, a letter second."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from partners.models import Partner


class Notice(models.Model):
    """One mail to one person. ``key`` is written once: a reminder cannot be sent twice.

    ``state`` changes only in ``notices.py``.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("To be sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")
        DROPPED = "dropped", _("No longer needed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, related_name="notices"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # For which firm they are told: whoever has left it is told no more. None: a neutral person.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)  # names and days for the sentence, never what was agreed
    path = models.CharField(max_length=300)  # of the page it is about
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    # When it may be tried (again): the end of a worker's lease, or of the wait after a failure.
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    claimed_by = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="sent_iff_dated",
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at=None)),
            )
        ]
        indexes = [
            models.Index(fields=["not_before"], name="notices_to_send", condition=Q(state="queued"))
        ]
