"""What a firm thinks of doing: what effort costs it, what-if scenarios, work it has not claimed."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, User
from scoring.models.facts import Portfolio

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def effort(title: "StrOrPromise", default: str) -> "models.DecimalField[Any, Decimal]":
    """A weight from zero on, in hundredths."""
    return models.DecimalField(
        title,
        max_digits=9,
        decimal_places=2,
        default=Decimal(default),
        validators=[MinValueValidator(0)],
    )


class EffortWeights(models.Model):
    """What one step costs a firm, in its own unit (person-days, say). Only their ratio matters.

    A firm without a row has the defaults. Changed in ``efforts.py`` only.
    """

    partner = models.OneToOneField(
        Partner, on_delete=models.CASCADE, primary_key=True, related_name="effort_weights"
    )
    intermediate = effort(_("one person with an intermediate certification"), "5")
    advanced = effort(_("one person with an advanced certification"), "10")
    tenant = effort(_("one tenant won"), "15")
    user = effort(_("one active user gained"), "0.1")
    claim = effort(_("one claim filed"), "1")
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("effort weights")
        verbose_name_plural = _("effort weights")
        constraints = [
            models.CheckConstraint(
                name="efforts_are_not_negative",
                condition=Q(
                    intermediate__gte=0, advanced__gte=0, tenant__gte=0, user__gte=0, claim__gte=0
                ),
            )
        ]

    def __str__(self) -> str:
        return str(self.partner)


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, user: Any) -> Self:
        """Scenarios of the firms that ``user`` is an active member of; others are a 404."""
        return self.filter(partner__in=Partner.objects.of(user))


class Scenario(models.Model):
    """A what-if of a firm: changes laid over its newest score, never over its data.

    ``changes`` is a list of what ``scenarios.py`` calls a ``Change``, in the order in which they
    were added. Written there only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="scenarios")
    name = models.CharField(_("name of the scenario"), max_length=120)
    note = models.CharField(_("note"), max_length=500, blank=True)
    changes = models.JSONField(default=list)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)  # grows with each change

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ["-changed_at", "pk"]

    def __str__(self) -> str:
        return self.name


class UnclaimedWork(models.Model):
    """Work at a customer that no file shows and no association stands for: noted by a person.

    Files know customers with an association only. Written in ``claim_list.py`` only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="unclaimed_work", db_index=False
    )
    customer_name = models.CharField(_("customer"), max_length=200)
    tenant_id = models.UUIDField(_("tenant"), null=True, blank=True)
    workload = models.PositiveSmallIntegerField(_("workload"))
    seats = models.PositiveIntegerField(_("seats"))
    users = models.PositiveIntegerField(_("active users"))
    users_a_month = models.PositiveIntegerField(_("active users gained a month"), default=0)
    note = models.CharField(_("note"), max_length=500, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)  # claimed, or given up

    class Meta:
        verbose_name = _("unclaimed work")
        verbose_name_plural = _("unclaimed work")
        ordering = ["-made_at", "pk"]
        indexes = [
            models.Index(fields=["portfolio", "closed_at"], name="unclaimed_work_of_firm"),
        ]

    def __str__(self) -> str:
        return self.customer_name
