"""The way out: notice, closing list, retrospective."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from partners.models import Partner


class Ending(models.Model):
    """The announced end of an agreement. ``state`` changes in ``endings.py``."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Earlier end proposed")  # all firms have to consent
        ANNOUNCED = "announced", _("End announced")
        WITHDRAWN = "withdrawn", _("Taken back")

    class Way(models.TextChoices):
        NOTICE = "notice", _("Notice with the agreed period")
        MUTUAL = "mutual", _("All firms together")
        TERM = "term", _("The agreed term runs out")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="endings")
    way = models.CharField(max_length=10, choices=Way)
    state = models.CharField(max_length=10, choices=State)
    ends_on = models.DateField(_("last day"))
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    given_by = models.ForeignKey(  # nobody: the term ran out
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    given_by_partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("end of an agreement")
        verbose_name_plural = _("ends of agreements")
        ordering = ["given_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], condition=~Q(state="withdrawn"), name="one_end_at_a_time"
            )
        ]


class EndingConsent(models.Model):
    """A firm agrees to an earlier end."""

    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="consents")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("consent to an end")
        verbose_name_plural = _("consents to ends")
        constraints = [
            models.UniqueConstraint(fields=["ending", "partner"], name="one_consent_to_an_end")
        ]


class ClosingItem(models.Model):
    """A firm confirms one thing of the closing list."""

    class Key(models.TextChoices):
        ACCESS = "access", _("Access removed")
        DATA = "data", _("Data returned or deleted")
        ACCOUNTS = "accounts", _("Accounts settled")
        REFERENCE = "reference", _("Reference cleared")
        KNOW_HOW = "know_how", _("Know-how handed over")

    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="items")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=10, choices=Key)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("item of a closing list")
        verbose_name_plural = _("items of closing lists")
        constraints = [
            models.UniqueConstraint(
                fields=["ending", "partner", "key"], name="one_closing_item_per_firm"
            )
        ]


class RetrospectivePart(models.Model):
    """One firm's look back, hers alone until every firm has handed in."""

    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, related_name="retrospective_parts"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    again = models.BooleanField(_("we would do it again"), null=True)
    handed_in_at = models.DateTimeField(null=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("retrospective of a firm")
        verbose_name_plural = _("retrospectives of firms")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "partner"], name="one_retrospective_per_firm"
            )
        ]


class RetrospectiveAnswer(models.Model):
    """What one firm says about one rule."""

    part = models.ForeignKey(RetrospectivePart, on_delete=models.PROTECT, related_name="answers")
    rule_key = models.CharField(max_length=50)
    rating = models.PositiveSmallIntegerField(  # 1 to 5, 5 is best; none: no judgement
        _("how it went"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
    )
    good = models.TextField(_("what went well"), max_length=2000, blank=True)
    better = models.TextField(_("what we would change"), max_length=2000, blank=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("retrospective of a rule")
        verbose_name_plural = _("retrospectives of rules")
        constraints = [
            models.UniqueConstraint(fields=["part", "rule_key"], name="one_look_back_per_rule"),
            models.CheckConstraint(
                name="rating_from_one_to_five",
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5),
            ),
        ]
