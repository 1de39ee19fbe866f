"""The way out: notice, closing list, retrospective."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement
from cooperation.models.versions import AgreementVersion
from partners.models import Partner


class Term(models.Model):
    """The end that the text of a version agrees on, read from it once.

    Lists and the clock need this day of many versions and must not read every text for it.
    """

    version = models.OneToOneField(AgreementVersion, on_delete=models.PROTECT, related_name="term")
    ends_on = models.DateField(null=True)  # None: open

    class Meta:
        verbose_name = _("term of a version")
        verbose_name_plural = _("terms of versions")


class EndingQuerySet(models.QuerySet["Ending"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(agreement__in=Agreement.objects.visible_to(user))

    def announced(self) -> Self:
        return self.filter(state=Ending.State.ANNOUNCED)

    def proposed(self) -> Self:
        return self.filter(state=Ending.State.PROPOSED)


class Ending(models.Model):
    """The announced end of an agreement. ``state`` changes in ``endings.py``.

    A proposal may stand beside an announced end: with everybody's consent it takes its place.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("End proposed")  # all firms have to consent
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

    objects = EndingQuerySet.as_manager()

    class Meta:
        verbose_name = _("end of an agreement")
        verbose_name_plural = _("ends of agreements")
        ordering = ["given_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="announced"), name="one_end_announced"
            ),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="proposed"), name="one_end_proposed"
            ),
            models.CheckConstraint(
                name="end_given_by_somebody_or_the_term",
                condition=Q(way="term", given_by=None, given_by_partner=None)
                | (~Q(way="term") & Q(given_by__isnull=False, given_by_partner__isnull=False)),
            ),
            models.CheckConstraint(
                name="only_a_joint_end_is_proposed",
                condition=~Q(state="proposed") | Q(way="mutual"),
            ),
        ]


class EndingConsent(models.Model):
    """A firm agrees to a proposed end, or to go on although an end was announced."""

    class To(models.TextChoices):
        END = "end", _("To the end")
        GO_ON = "go_on", _("To going on")

    ending = models.ForeignKey(Ending, on_delete=models.PROTECT, related_name="consents")
    to = models.CharField(max_length=5, choices=To, default=To.END)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("consent to an end")
        verbose_name_plural = _("consents to ends")
        constraints = [
            models.UniqueConstraint(
                fields=["ending", "to", "partner"], name="one_consent_to_an_end"
            )
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


class RetrospectivePartQuerySet(models.QuerySet["RetrospectivePart"]):
    def readable_for(self, partner: Partner | None) -> Self:
        """The own firm's part; those of the others only once they are opened to all.

        None: whoever is no party reads none of them.
        """
        if partner is None:
            return self.none()
        return self.filter(Q(revealed_at__isnull=False) | Q(partner=partner))


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
    revealed_at = models.DateTimeField(null=True)  # from then on every firm reads it

    objects = RetrospectivePartQuerySet.as_manager()

    class Meta:
        verbose_name = _("retrospective of a firm")
        verbose_name_plural = _("retrospectives of firms")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "partner"], name="one_retrospective_per_firm"
            ),
            models.CheckConstraint(
                name="look_back_handed_in_iff_dated",
                condition=Q(handed_in_at=None, handed_in_by=None, revealed_at=None)
                | Q(handed_in_at__isnull=False, handed_in_by__isnull=False, again__isnull=False),
            ),
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
