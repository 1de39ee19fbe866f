"""The contributions that scores are the sums of: versioned rows, never rewritten."""

from typing import Any, Self

from django.db import models

from scoring import months
from scoring.models.facts import Portfolio, Tenant, bare_key

NEVER = 2**31 - 1  # the revision until which a row stands that nothing has replaced


class Ledger(models.Model):
    """What every tenant and person of a firm adds, for one month under one rule set.

    Its rows are versioned: one stands from revision ``since`` on and until ``until``. A score names
    the revision it was made at and so keeps its rows, whatever comes later.
    """

    id = models.AutoField(primary_key=True)
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, related_name="ledgers", db_index=False
    )
    rule_set = models.CharField(max_length=60)
    last_month = models.PositiveSmallIntegerField()  # 0: without usage data
    revision = models.PositiveIntegerField(default=0)
    # Who is writing the next revision in several transactions; empty most of the time.
    writer = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "rule_set", "last_month"], name="ledger_once_a_month"
            )
        ]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.rule_set} {months.label(self.last_month)}"


class VersionedQuerySet(models.QuerySet[Any]):
    def at(self, ledger_id: int, revision: int) -> Self:
        """The rows that stood at one revision of a ledger."""
        return self.filter(ledger_id=ledger_id, since__lte=revision, until__gt=revision)


class TenantFacts(models.Model):
    """What was known of a tenant when it was judged: all that its contributions follow from."""

    pk = models.CompositePrimaryKey("ledger_id", "tenant_id", "since")
    ledger = bare_key(Ledger, related_name="tenant_facts")
    tenant = bare_key(Tenant, related_name="+")
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(default=NEVER)
    claims = models.TextField()  # JSON: one list per claim, as judging.Claim without the tenant
    derived = models.PositiveSmallIntegerField()  # claims since the comparison month, undated
    unproven = models.PositiveSmallIntegerField()  # claims not known to have begun after it

    objects = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "tenant facts"

    def __str__(self) -> str:
        return f"{self.tenant_id} since {self.since}"


class Contribution(models.Model):
    """What one tenant adds in one track by one option, in whole numbers, and why.

    The row with option 0 says whether the tenant is eligible (net customer adds), the others what
    their option adds to usage growth and deployments. Sums of these columns are the counts.
    """

    pk = models.CompositePrimaryKey("ledger_id", "track", "option", "tenant_id", "since")
    ledger = bare_key(Ledger, related_name="contributions")
    track = models.PositiveSmallIntegerField()  # numbers of the rule set
    option = models.PositiveSmallIntegerField()
    tenant = bare_key(Tenant, related_name="+")
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(default=NEVER)
    eligible_now = models.PositiveSmallIntegerField()
    eligible_then = models.PositiveSmallIntegerField()
    users_now = models.PositiveIntegerField()
    users_then = models.PositiveIntegerField()
    deployed_now = models.PositiveSmallIntegerField()
    deployed_then = models.PositiveSmallIntegerField()
    reason = models.PositiveSmallIntegerField()  # reasons.Reason: of net adds, or of usage growth
    deployment_reason = models.PositiveSmallIntegerField(default=0)

    objects = VersionedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.track}/{self.option}/{self.tenant_id} since {self.since}"


class PersonContribution(models.Model):
    """Whether one person counts in one skilling metric, in every track alike, and why."""

    pk = models.CompositePrimaryKey("ledger_id", "metric", "person", "since")
    ledger = bare_key(Ledger, related_name="person_contributions")
    metric = models.CharField(max_length=40)
    person = models.CharField(max_length=200)  # the key of all certificates of this person
    since = models.PositiveIntegerField()
    until = models.PositiveIntegerField(default=NEVER)
    counts = models.PositiveSmallIntegerField()
    reason = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200, blank=True)
    certification = models.CharField(max_length=60)  # the one that speaks for the person
    completed_on = models.DateField()
    until_on = models.DateField(null=True)  # the last day on which it counts, where it has one

    objects = VersionedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name or self.person} {self.metric} since {self.since}"
