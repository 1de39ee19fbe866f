"""A mail to one person as a row: what the outboxes of all rooms have in common."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner


class Letter(models.Model):
    """One mail to one person. ``key`` is written once: a reminder cannot be sent twice.

    ``state`` changes only in ``letters.py``. A room's table of letters names its own constraint
    (``sent_iff_dated``) and index (``to_send``): names are unique in a database.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("To be sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")
        DROPPED = "dropped", _("No longer needed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # For which firm they are told: whoever has left it is told no more. None: for no firm.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)  # the facts of the sentence
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
        abstract = True
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "pk"]


def sent_iff_dated(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
    )


def to_send(name: str) -> models.Index:
    """What a round of sending looks for."""
    return models.Index(fields=["not_before"], name=name, condition=Q(state="queued"))
