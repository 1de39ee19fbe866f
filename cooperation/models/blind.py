"""The first round: each firm answers alone, and nobody sees another's answers before all are in."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from documents.models import Document
from partners.models import Partner


class BlindRoundQuerySet(models.QuerySet["BlindRound"]):
    def is_open(self) -> Self:
        return self.filter(state=BlindRound.State.OPEN)


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

    objects = BlindRoundQuerySet.as_manager()

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

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


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
            models.UniqueConstraint(fields=["round", "partner"], name="one_blind_part_per_firm"),
            models.CheckConstraint(
                name="handed_in_iff_dated",
                condition=Q(handed_in_at=None, handed_in_by=None)
                | Q(handed_in_at__isnull=False, handed_in_by__isnull=False),
            ),
            models.CheckConstraint(
                name="wants_to_close_iff_dated",
                condition=Q(wants_to_close_at=None, wants_to_close_by=None)
                | Q(wants_to_close_at__isnull=False, wants_to_close_by__isnull=False),
            ),
        ]


class BlindAnswerQuerySet(models.QuerySet["BlindAnswer"]):
    """Answers are read through one of these two, so that no page can hold another firm's."""

    def of(self, partner: Partner) -> Self:
        """What ``partner`` said itself."""
        return self.filter(part__partner=partner)

    def opened(self) -> Self:
        """What was handed in, in rounds that were opened to all."""
        return self.filter(
            part__round__state=BlindRound.State.REVEALED, part__handed_in_at__isnull=False
        )


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

    objects = BlindAnswerQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer of a first round")
        verbose_name_plural = _("answers of first rounds")
        constraints = [
            models.UniqueConstraint(
                fields=["part", "point_key"], name="one_blind_answer_per_point"
            ),
            models.CheckConstraint(name="blind_revision_from_one", condition=Q(revision__gte=1)),
        ]


class FirstRoundDocumentQuerySet(models.QuerySet["FirstRoundDocument"]):
    def visible_to(self, user: Any) -> Self:
        """PDFs of rounds that a firm of ``user`` took part in, and still takes part in."""
        own = BlindPart.objects.filter(
            round=OuterRef("round"), partner__in=Partner.objects.of(user)
        )
        return self.filter(
            Exists(own),
            round__state=BlindRound.State.REVEALED,
            round__agreement__in=Agreement.objects.visible_to(user),
        )


class FirstRoundDocument(models.Model):
    """The result of a first round as PDF, in one language: the agenda of the first talk."""

    round = models.ForeignKey(BlindRound, on_delete=models.PROTECT, related_name="documents")
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")

    objects = FirstRoundDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document of a first round")
        verbose_name_plural = _("documents of first rounds")
        constraints = [
            models.UniqueConstraint(fields=["round", "language"], name="one_agenda_per_language")
        ]
