"""What follows a signed version: amendments, contacts noted, a firm's preferences, reviews."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from cooperation.models.versions import AgreementVersion
from partners.models import Partner


class Amendment(models.Model):
    """A draft that changes a version in force. ``state`` changes in ``amendments.py``."""

    class State(models.TextChoices):
        OPEN = "open", _("In negotiation")
        SIGNED = "signed", _("Signed")
        DROPPED = "dropped", _("Dropped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="amendments")
    base = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"), max_length=2000)
    effective_on = models.DateField(_("effective from"))
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    begun_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    dispute = models.ForeignKey(  # whose outcome it carries out
        "Dispute", on_delete=models.PROTECT, null=True, related_name="amendments"
    )

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        ordering = ["begun_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="open"), name="one_open_amendment"
            ),
            models.CheckConstraint(name="amendment_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="amendment_closed_iff_dated",
                condition=Q(state="open", closed_at=None)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
        ]


class ContactNote(models.Model):
    """A firm's contacts after a version was signed: the newest note of a point counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, related_name="contact_notes"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    point_key = models.CharField(max_length=50)
    value = models.JSONField()  # canonical, of the kind ``contacts``
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("note on contacts")
        verbose_name_plural = _("notes on contacts")
        ordering = ["at", "pk"]


class FirmPreference(models.Model):
    """What a firm usually proposes at a point, as a start for its next projects."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    rule_book_key = models.CharField(max_length=50)
    point_key = models.CharField(max_length=50)
    value = models.JSONField()  # canonical
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("preference of a firm")
        verbose_name_plural = _("preferences of firms")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "rule_book_key", "point_key"],
                name="one_preference_per_firm_and_point",
            )
        ]


class Review(models.Model):
    """A look at the cooperation itself that was held. When one is due is computed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="reviews")
    due_on = models.DateField()
    held_on = models.DateField(_("held on"))
    note = models.TextField(_("what we noticed"), max_length=5000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "due_on"], name="one_review_per_date")
        ]
