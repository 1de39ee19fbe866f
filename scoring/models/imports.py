"""Files of Partner Center, and how their columns were named."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, User
from scoring.reasons import Fault, sentence


def _import_path(instance: "PartnerCenterImport", _filename: str) -> str:
    return f"scoring/imports/{instance.pk}"  # the id only: an uploaded name is not a path


def _original_path(instance: "PartnerCenterImport", _filename: str) -> str:
    return f"scoring/originals/{instance.pk}.parquet"


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
        EMS = "ems", _("EMSUsage (Intune licences)")
        CLAIMS = "claims", _("Claims or customers (export without fixed columns)")
        TRAINING = "training", _("TrainingCompletions (certifications)")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("in progress")
        UNMAPPED = "unmapped", _("columns to be named")
        PREVIEW = "preview", _("ready to be imported")
        DONE = "done", _("imported")
        REJECTED = "rejected", _("not imported")
        FAILED = "failed", _("could not be finished")
        UNDONE = "undone", _("undone")
        DISCARDED = "discarded", _("discarded")

    class Work(models.TextChoices):
        PREVIEW = "preview"
        COMMIT = "commit"
        UNDO = "undo"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, related_name="partner_center_imports"
    )
    kind = models.CharField(_("kind of file"), max_length=20, choices=Kind, default=Kind.AUTO)
    file_name = models.CharField(_("file name"), max_length=255)
    # As it was uploaded until it is imported; from then on its columns are kept (``original``).
    file = models.FileField(_("file"), upload_to=_import_path, max_length=255, blank=True)
    original = models.FileField(
        _("original as columns"), upload_to=_original_path, max_length=255, blank=True
    )
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    good_rows = models.BooleanField(_("import the good rows"), default=False)
    # What the job does next: read and say what would change, write it, or take it out again.
    work = models.CharField(max_length=10, choices=Work, default=Work.COMMIT, editable=False)
    header = models.JSONField(_("columns of the file"), default=list, blank=True)
    mapping = models.JSONField(_("columns as named"), default=dict, blank=True)  # field: header
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
    # [{"month": "2024-02", "known": True, "new": 3, "changed": 1, "unchanged": 9}, …], "known" when
    # there were data of it before: what a preview expected, then what was found on writing
    by_month = models.JSONField(_("rows by month"), default=list, blank=True)
    # [{"what": "workload", "value": "Power BI", "rows": 12}, …], most frequent first
    unused = models.JSONField(_("not used"), default=list, blank=True)
    # [{"line": 3, "column": "Month", "value": "soon", "reason": "not_a_date"}, …], the first 500
    rejected = models.JSONField(_("rejected rows"), default=list, blank=True)

    imported_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True, editable=False)
    planned_at = models.DateTimeField(null=True, blank=True, editable=False)  # rows were counted
    done_at = models.DateTimeField(null=True, blank=True, editable=False)  # facts were written
    undone_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # How far the job is: rows so far, and of how many where that is known.
    progress = models.PositiveIntegerField(default=0, editable=False)
    progress_of = models.PositiveIntegerField(null=True, editable=False)
    claimed_by = models.CharField(max_length=60, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)

    objects = PartnerCenterImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("Partner Center import")
        verbose_name_plural = _("Partner Center imports")
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["partner", "-created_at"], name="import_of_partner")]
        constraints = [
            models.CheckConstraint(
                name="import_finished_iff_dated",
                condition=Q(state__in=["queued", "running"]) ^ Q(finished_at__isnull=False),
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


class ColumnMapping(models.Model):
    """How a firm named the columns of a file nobody documents: remembered for the next one."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="column_mappings")
    kind = models.CharField(max_length=20)
    columns = models.JSONField()  # the file's headers, normalised and sorted: how it is recognised
    mapping = models.JSONField()  # field: header
    named_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    named_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-named_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.mapping.values())}"
