"""The first round: each firm answers alone, and nobody sees another's answers before all are in."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from partners.models import Partner


class BlindRound(models.Model):
    """A first round of an agreement. ``state`` changes only in ``blind.py``."""

    class State(models.TextChoices):
        OPEN = "open", _("Each firm answers alone")
        REVEALED = "revealed", _("Opened to all")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.OneToOneField(
        Agreement, on_delete=models.PROTECT, related_name="blind_round"
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    revealed_at = models.DateTimeField(null=True)
    closed_early = models.BooleanField(default=False)  # by all firms, before all had handed in

    class Meta:
        verbose_name = _("first round")
        verbose_name_plural = _("first rounds")
        constraints = [
            models.CheckConstraint(
                name="revealed_iff_dated",
                condition=Q(state="open", revealed_at=None)
                | Q(state="revealed", revealed_at__isnull=False),
            )
        ]


class BlindPart(models.Model):
    """One firm's answers of a first round, hers alone until the round is opened to all."""

    round = models.ForeignKey(BlindRound, on_delete=models.PROTECT, related_name="parts")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    handed_in_at = models.DateTimeField(null=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    wants_to_close_at = models.DateTimeField(null=True)  # agrees to end the round as it stands
    wants_to_close_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("part of a first round")
        verbose_name_plural = _("parts of first rounds")
        constraints = [
            models.UniqueConstraint(fields=["round", "partner"], name="one_blind_part_per_firm")
        ]


class BlindAnswer(models.Model):
    """What one firm says to a point in the first round."""

    part = models.ForeignKey(BlindPart, on_delete=models.PROTECT, related_name="answers")
    point_key = models.CharField(max_length=50)
    value = models.JSONField(null=True, blank=True)  # canonical; none: does not apply to us
    note = models.TextField(max_length=2000, blank=True)  # why it does not apply
    revision = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("answer of a first round")
        verbose_name_plural = _("answers of first rounds")
        constraints = [
            models.UniqueConstraint(fields=["part", "point_key"], name="one_blind_answer_per_point")
        ]
