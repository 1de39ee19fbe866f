"""Scores, their history and what a firm says of its enrolment; what watches over them."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, User
from scoring import months
from scoring.models.facts import Portfolio
from scoring.models.ledger import Ledger
from scoring.reasons import Caution, sentence
from scoring.results import TrackResult, read


class ScoreQuerySet(models.QuerySet["Score"]):
    def visible_to(self, user: Any) -> Self:
        """Scores of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(partner__in=Partner.objects.of(user))


class Score(models.Model):
    """One computed score: a proof. Never rewritten, and what it names is never rewritten either.

    ``scores.py`` makes it. ``tracks`` gives the result back; ``ledgers.py`` its rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="scores")
    ledger = models.ForeignKey(Ledger, on_delete=models.PROTECT, related_name="scores")
    revision = models.PositiveIntegerField()  # of the ledger
    rule_set = models.CharField(_("rule set"), max_length=60)
    as_of = models.DateField(_("as of"))
    last_month = models.PositiveSmallIntegerField(_("last month"), null=True)
    comparison_month = models.PositiveSmallIntegerField(_("comparison month"), null=True)
    data_imported_at = models.DateTimeField(_("data imported at"), null=True)  # of the last month
    result = models.JSONField(_("result"))  # see results.py
    designated = models.BooleanField(_("holds the designation"))
    track = models.CharField(_("track shown"), max_length=40)
    cautions = models.JSONField(_("notes"), default=list)  # [{"code": …, "params": {…}}, …]
    import_ids = models.JSONField(_("imports"), default=list)
    correction_ids = models.JSONField(_("corrections"), default=list)
    computed_at = models.DateTimeField(_("computed at"), default=timezone.now, editable=False)
    computed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        ordering = ["-computed_at", "pk"]
        indexes = [
            models.Index(fields=["partner", "-computed_at"], name="score_of_partner"),
            # The newest score of a day: for a directory of firms with a score of every night.
            models.Index(fields=["partner", "-as_of", "-computed_at"], name="score_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.as_of:%Y-%m-%d}"

    @property
    def last_month_label(self) -> str:
        return "" if self.last_month is None else months.label(self.last_month)

    @property
    def comparison_month_label(self) -> str:
        return "" if self.comparison_month is None else months.label(self.comparison_month)

    @property
    def tracks(self) -> tuple[TrackResult, ...]:
        return read(self.result, shown=self.track)

    @property
    def notes(self) -> list[str]:
        """The cautions as sentences in the reader's language."""
        return [
            sentence(caution["code"], caution["params"], kind=Caution) for caution in self.cautions
        ]


class MonthOutcome(models.Model):
    """What a firm's score is in one month, past or to come, by what is known today."""

    month = models.PositiveSmallIntegerField()  # the last month of the data
    rule_set = models.CharField(max_length=60)
    is_provable = models.BooleanField()  # the comparison month is there, or not needed
    result = models.JSONField()  # see results.py; at the end of the month that followed
    designated = models.BooleanField()
    track = models.CharField(max_length=40)
    # The days of the month that followed on which the score qualified: [["2025-03-01", …], …],
    # first and last of each stretch. They decide about enrolment and renewal.
    qualified = models.JSONField(default=list)

    class Meta:
        abstract = True

    @property
    def tracks(self) -> tuple[TrackResult, ...]:
        return read(self.result, shown=self.track)


class MonthResult(MonthOutcome):
    """One month of a firm's history: its score with what is known of that month today.

    Unlike a ``Score`` it is brought up to date when facts change (``history.py``).
    """

    pk = models.CompositePrimaryKey("portfolio_id", "month")
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, related_name="history"
    )

    def __str__(self) -> str:
        return f"{self.portfolio_id} {months.label(self.month)}"


class Enrolment(models.Model):
    """A firm's own word that it holds the designation: since when, and until which anniversary.

    A renewal is a new row; the newest counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="enrolments")
    designation = models.CharField(_("designation"), max_length=60)
    enrolled_on = models.DateField(_("enrolled on"))
    anniversary = models.DateField(_("next anniversary"))
    ended_on = models.DateField(_("given up on"), null=True, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="enrolment_before_its_anniversary",
                condition=Q(anniversary__gt=F("enrolled_on")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner} {self.enrolled_on:%Y-%m-%d}"


# ---- Watching over the scores --------------------------------------------------------------------


class ScoringRun(models.Model):
    """All firms scored, one job each; the row says how far it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    as_of = models.DateField(_("as of"))
    # Once a day by the clock; such a run also checks what is stored.
    is_nightly = models.BooleanField(_("nightly, with a check"), default=False)
    started_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    created_at = models.DateTimeField(_("started at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("scoring of all firms")
        verbose_name_plural = _("scorings of all firms")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["as_of"], condition=Q(is_nightly=True), name="one_nightly_run_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d}"


class ScoringRunItem(models.Model):
    """One firm of a run."""

    pk = models.CompositePrimaryKey("run_id", "portfolio_id")
    run = models.ForeignKey(
        ScoringRun, on_delete=models.CASCADE, db_index=False, related_name="items"
    )
    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)  # why the firm could not be scored

    def __str__(self) -> str:
        return f"{self.run_id}/{self.portfolio_id}"


class Incident(models.Model):
    """What is stored differs from what follows from the facts: something is wrong in the portal."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portfolio = models.ForeignKey(  # null: of rows that no firm owns
        Portfolio, on_delete=models.CASCADE, null=True, related_name="incidents"
    )
    found_at = models.DateTimeField(_("found at"), default=timezone.now, editable=False)
    code = models.CharField(_("what"), max_length=40)
    details = models.JSONField(_("details"), default=dict)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-found_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["portfolio", "code"],
                condition=Q(settled_at=None),
                name="one_open_incident_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.portfolio_id}"
