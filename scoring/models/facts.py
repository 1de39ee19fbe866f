"""What the files of a firm said, and what its people know better.

Facts are keyed by the firm's portfolio first, with composite primary keys and small numbers:
months are ``year * 12 + month - 1`` (``scoring.months``), workloads and options have the numbers of
the rule sets. Files write them (``facts.py``); what a person knows better lies over them.
"""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, User
from scoring import months
from scoring.judging import NO_END


class Portfolio(models.Model):
    """A firm's customers and people as its files show them.

    The small number keys the facts, so that a row stays small; the row is the lock that everybody
    takes who writes them. A tenant may be a customer of two firms: they share nothing here.
    """

    id = models.AutoField(primary_key=True)
    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="portfolio")
    # Grows with every change of facts and corrections: who has read them outside of the lock sees
    # by it whether they still stand.
    version = models.PositiveBigIntegerField(default=0)
    history_version = models.PositiveBigIntegerField(default=0)  # that ``MonthResult`` was made of

    def __str__(self) -> str:
        return str(self.partner)


class Tenant(models.Model):
    """A customer's tenant, as one firm knows it. The key is the GUID, never the name."""

    id = models.AutoField(primary_key=True)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="tenants", db_index=False
    )
    tenant_id = models.UUIDField(_("tenant"))
    name = models.CharField(_("customer"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "tenant_id"], name="tenant_once_a_firm")
        ]

    def __str__(self) -> str:
        return self.name or str(self.tenant_id)


# The tables below have no constraints of foreign keys: checking two keys a row costs more than
# storing it. Rows are written under the firm's lock only, for tenants just read or created there.


def bare_key(model: type[models.Model] | str, **options: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        model, on_delete=models.CASCADE, db_index=False, db_constraint=False, **options
    )


class Association(models.Model):
    """One interval in which a firm held (tenant, workload) by one option.

    A workload that was claimed, given back and claimed again has two.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "tenant_id", "workload", "option", "begins")
    portfolio = bare_key(Portfolio)
    tenant = bare_key(Tenant)
    workload = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField()
    begins = models.PositiveSmallIntegerField()  # the month that counts as its beginning
    ends = models.PositiveSmallIntegerField(default=NO_END)  # the last month in which it is held
    begins_on = models.DateField(null=True)  # as a file says; null: the first month with data
    ended_on = models.DateField(null=True)
    state = models.PositiveSmallIntegerField(default=0)  # claim_states.ClaimState
    # The first figures since it began: what growth is counted from.
    baseline_month = models.PositiveSmallIntegerField(null=True)
    baseline_seats = models.PositiveIntegerField(null=True)
    baseline_users = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.workload}/{self.option} {months.label(self.begins)}"


class UsageMonth(models.Model):
    """Seats bought and users active of (tenant, workload, option) in one month.

    The month stands second in the key: a month of data is one stretch of the table, to be read
    and written as a whole, and on PostgreSQL a partition where there are many millions of rows.
    """

    pk = models.CompositePrimaryKey("portfolio_id", "month", "tenant_id", "workload", "option")
    portfolio = bare_key(Portfolio)
    month = models.PositiveSmallIntegerField()
    tenant = bare_key(Tenant)
    workload = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField()
    seats = models.PositiveIntegerField()
    users = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.workload}/{self.option} {months.label(self.month)}"


class MonthOfData(models.Model):
    """A month for which a firm has usage data, and when they came in last."""

    pk = models.CompositePrimaryKey("portfolio_id", "month")
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, related_name="months_of_data"
    )
    month = models.PositiveSmallIntegerField()
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return months.label(self.month)


class Certificate(models.Model):
    """A certification of one of a firm's people."""

    pk = models.CompositePrimaryKey("portfolio_id", "person_key", "certification", "completed_on")
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, related_name="certificates"
    )
    person_key = models.CharField(max_length=200)  # "mcp:…", "mail:…", "aad:…" or "name:…"
    certification = models.CharField(max_length=60)  # a key of the rule sets
    completed_on = models.DateField()
    expires_on = models.DateField(null=True)
    person_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_linked = models.BooleanField(default=True)  # to the firm, as the newest file says

    def __str__(self) -> str:
        return f"{self.person_name} {self.certification}"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def visible_to(self, user: Any) -> Self:
        """Corrections of the firms that ``user`` is an active member of; others are a 404."""
        return self.filter(portfolio__partner__in=Partner.objects.of(user))

    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class Correction(models.Model):
    """What a person knows better than the files about one fact. Laid over it when facts are read.

    So it survives every later import, and can be withdrawn. For one fact the newest counts. Made
    and withdrawn in ``corrections.py`` only; nothing else of it ever changes.
    """

    class Field(models.TextChoices):
        BEGINS_ON = "begins_on", _("Beginning of the association")
        ENDED_ON = "ended_on", _("End of the association")
        BASELINE = "baseline", _("Active users when the association began")
        EXPIRES_ON = "expires_on", _("Expiry of the certification")
        LEFT = "left", _("No longer belongs to the firm")
        SAME_PERSON = "same_person", _("Is the same person")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.PROTECT, related_name="corrections", db_index=False
    )
    field = models.CharField(_("what"), max_length=20, choices=Field)
    # Of an association
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    workload = models.PositiveSmallIntegerField(null=True, blank=True)
    option = models.PositiveSmallIntegerField(null=True, blank=True)
    # Of a person, or of one certificate
    person_key = models.CharField(max_length=200, blank=True)
    certification = models.CharField(max_length=60, blank=True)
    completed_on = models.DateField(null=True, blank=True)

    value_day = models.DateField(null=True, blank=True)
    value_number = models.PositiveIntegerField(null=True, blank=True)
    value_text = models.CharField(max_length=200, blank=True)  # the person it is the same as
    before = models.CharField(max_length=200, blank=True)  # what the files said then, in ISO form
    reason = models.CharField(_("reason"), max_length=500)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["-made_at", "pk"]
        indexes = [models.Index(fields=["portfolio", "withdrawn_at"], name="correction_of_firm")]
        constraints = [
            models.CheckConstraint(
                name="correction_of_an_association_or_a_person",
                condition=Q(tenant__isnull=False, workload__isnull=False, option__isnull=False)
                ^ Q(person_key__gt=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()}: {self.reason}"
