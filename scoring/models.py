"""What a firm's Partner Center files said (imports and facts) and what was made of it (scores).

Facts are keyed by the firm's portfolio first, with composite primary keys and small numbers:
months are ``year * 12 + month - 1`` (``scoring.months``), workloads and options have the numbers of
the rule sets. Nobody edits facts by hand: ``facts.py`` writes them, from imports only.
"""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from partners.models import Partner, User
from scoring import months
from scoring.reasons import Caution, Fault, sentence
from scoring.results import TrackResult, read

# ---- Imports -------------------------------------------------------------------------------------


def _import_path(instance: "PartnerCenterImport", _filename: str) -> str:
    return f"scoring/imports/{instance.pk}"  # the id only: an uploaded name is not a path


class PartnerCenterImportQuerySet(models.QuerySet["PartnerCenterImport"]):
    def visible_to(self, user: Any) -> Self:
        """Imports of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(partner__in=Partner.objects.of(user))


class PartnerCenterImport(models.Model):
    """One file of one firm, and what became of it. ``state`` changes only in ``imports.py``."""

    class Kind(models.TextChoices):
        AUTO = "auto", _("Recognise by the columns")
        OFFICE_USAGE = "office-usage", _("OfficeUsage (licence usage)")
        CPOR = "cpor", _("CPOR-M365 (claims with usage)")
        TRAINING = "training", _("TrainingCompletions (certifications)")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("in progress")
        DONE = "done", _("imported")
        REJECTED = "rejected", _("not imported")
        FAILED = "failed", _("could not be finished")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="partner_center_imports"
    )
    kind = models.CharField(_("kind of file"), max_length=20, choices=Kind, default=Kind.AUTO)
    file_name = models.CharField(_("file name"), max_length=255)
    file = models.FileField(_("file"), upload_to=_import_path, max_length=255)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    good_rows = models.BooleanField(_("import the good rows"), default=False)
    same_as = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # an earlier finished import of the very same file

    state = models.CharField(_("state"), max_length=20, choices=State, default=State.QUEUED)
    # Why the whole file cannot be used: a code of reasons.Fault and its parameters.
    fault = models.CharField(max_length=40, blank=True)
    fault_params = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("technical error"), blank=True)  # of a run that broke off
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_new = models.PositiveIntegerField(_("new"), default=0)
    rows_changed = models.PositiveIntegerField(_("changed"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    rows_merged = models.PositiveIntegerField(_("merged with an equal row"), default=0)
    rows_rejected = models.PositiveIntegerField(_("rejected"), default=0)
    rows_unused = models.PositiveIntegerField(_("not used"), default=0)
    dates_changed = models.PositiveIntegerField(_("association dates changed"), default=0)
    months = models.JSONField(_("months"), default=list, blank=True)  # ["2024-02", …]
    # [{"what": "workload", "value": "Power BI", "rows": 12}, …], most frequent first
    unused = models.JSONField(_("not used"), default=list, blank=True)
    # [{"line": 3, "column": "Month", "value": "soon", "reason": "not_a_date"}, …], the first 500
    rejected = models.JSONField(_("rejected rows"), default=list, blank=True)

    imported_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    planned_at = models.DateTimeField(null=True, blank=True, editable=False)  # rows were counted
    claimed_by = models.CharField(max_length=60, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    objects = PartnerCenterImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("Partner Center import")
        verbose_name_plural = _("Partner Center imports")
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["partner", "-created_at"], name="import_of_partner")]
        constraints = [
            models.CheckConstraint(
                name="import_finished_iff_dated",
                condition=Q(state__in=["done", "rejected", "failed"]) ^ Q(finished_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def fault_sentence(self) -> str:
        """Why the whole file cannot be used, in the reader's language; empty when it can."""
        return sentence(self.fault, self.fault_params, kind=Fault) if self.fault else ""

    @property
    def rejected_rows(self) -> list[dict[str, Any]]:
        """The stored rejections, each with its ``sentence`` in the reader's language."""
        return [
            row | {"sentence": sentence(row["reason"], row, kind=Fault)} for row in self.rejected
        ]


# ---- Facts ---------------------------------------------------------------------------------------


class Portfolio(models.Model):
    """A firm's customers and people as its files show them.

    The small number keys the facts, so that a row stays small; the row is the lock that imports and
    scores of one firm take. A tenant may be a customer of two firms: they share nothing here.
    """

    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="portfolio")

    def __str__(self) -> str:
        return str(self.partner)


class Tenant(models.Model):
    """A customer's tenant, as one firm knows it. The key is the GUID, never the name."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="tenants")
    tenant_id = models.UUIDField(_("tenant"))
    name = models.CharField(_("customer"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "tenant_id"], name="tenant_once_a_firm")
        ]

    def __str__(self) -> str:
        return self.name or str(self.tenant_id)


class Association(models.Model):
    """A firm's tie to (tenant, workload) by one option, with what is known of its beginning."""

    pk = models.CompositePrimaryKey("portfolio_id", "tenant_id", "workload", "option")
    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, db_index=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, db_index=False)
    workload = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField()
    begins_on = models.DateField(null=True)  # as a file says; null: derived from first_month
    ended_on = models.DateField(null=True)
    first_month = models.PositiveSmallIntegerField()  # with data
    begins = models.PositiveSmallIntegerField()  # the month that counts as its beginning

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.workload}/{self.option}"


class UsageMonth(models.Model):
    """Seats bought and users active of one association in one month."""

    pk = models.CompositePrimaryKey("portfolio_id", "tenant_id", "workload", "option", "month")
    # No constraint in the database: checking two keys a row costs more than storing it. Rows are
    # written by facts.py only, for tenants it has just read or created under the firm's lock.
    portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    workload = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField()
    month = models.PositiveSmallIntegerField()
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


# ---- Scores --------------------------------------------------------------------------------------


class ScoreQuerySet(models.QuerySet["Score"]):
    def visible_to(self, user: Any) -> Self:
        """Scores of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(partner__in=Partner.objects.of(user))


class Score(models.Model):
    """One computed score: a proof. Never rewritten, and it joins to nothing that may change.

    ``scores.compute`` makes it. ``tracks`` gives the result back.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="scores")
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
    fingerprint = models.CharField(max_length=64, editable=False)  # of everything it says
    computed_at = models.DateTimeField(_("computed at"), default=timezone.now, editable=False)
    computed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        ordering = ["-computed_at", "pk"]
        indexes = [models.Index(fields=["partner", "-computed_at"], name="score_of_partner")]

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


class LedgerEntry(models.Model):
    """Why one tenant or person adds to one metric of one track, or does not.

    ``contribution`` is ``now - then``; the sum over a (track, metric, option) is the value that
    the score shows there.
    """

    pk = models.CompositePrimaryKey("score_id", "line")
    score = models.ForeignKey(
        Score, on_delete=models.CASCADE, related_name="ledger", db_index=False
    )
    line = models.PositiveIntegerField()  # in order of track, metric, option and name
    track = models.CharField(max_length=40)
    metric = models.CharField(max_length=40)
    option = models.CharField(max_length=10, blank=True)
    subject = models.CharField(max_length=200)  # a tenant's GUID or a person's key
    name = models.CharField(max_length=200, blank=True)
    now = models.IntegerField()
    then = models.IntegerField()
    contribution = models.IntegerField()
    reason = models.CharField(max_length=40)
    params = models.JSONField(default=dict)

    class Meta:
        ordering = ["score", "line"]

    def __str__(self) -> str:
        return f"{self.name or self.subject}: {self.contribution}"

    @property
    def sentence(self) -> str:
        """Why, in the reader's language."""
        return sentence(self.reason, self.params)


# ---- Reports -------------------------------------------------------------------------------------


class DesignationReportQuerySet(models.QuerySet["DesignationReport"]):
    def visible_to(self, user: Any) -> Self:
        """Reports of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(score__partner__in=Partner.objects.of(user))


class DesignationReport(models.Model):
    """A stored score as a document, once in each language. Made by ``reports.py``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    score = models.ForeignKey(Score, on_delete=models.PROTECT, related_name="reports")
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, related_name="designation_report"
    )

    objects = DesignationReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("designation report")
        verbose_name_plural = _("designation reports")
        ordering = ["-document__created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["score", "language"], name="report_once_a_score_and_language"
            )
        ]

    def __str__(self) -> str:
        return str(self.document)
