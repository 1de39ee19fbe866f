"""PDFs that are being made or are ready. Who may see one is for the room to say that ordered it."""

import secrets
import uuid

from cryptography import x509
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DocumentQuerySet(models.QuerySet["Document"]):
    def unfinished(self) -> "DocumentQuerySet":
        return self.filter(state__in=[Document.State.QUEUED, Document.State.RUNNING])


def new_code() -> str:
    """128 random bits: what a document is found by on the check page, and nobody can guess."""
    return secrets.token_hex(16)


class Document(models.Model):
    """One PDF, from the order to the file. ``state`` changes only in ``jobs.py``.

    Once it is ready, the database refuses any change but ``superseded_at``.
    """

    class Step(models.TextChoices):
        """What is being done, or waited for, while it is queued or running."""

        NONE = "", ""
        RENDERING = "rendering", _("Being set")
        SEALING = "sealing", _("Being sealed")
        SEAL = "seal", _("Seal pending")
        TIMESTAMP = "timestamp", _("Timestamp pending")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("In progress")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    task = models.CharField(max_length=120)  # the Celery task that makes it, for the sweep
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    title = models.CharField(_("title"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(_("step"), max_length=10, choices=Step, default=Step.NONE, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # How often seal or timestamp were not to be had.
    waits = models.PositiveSmallIntegerField(_("waits for the seal"), default=0)
    not_before = models.DateTimeField(_("next try"), null=True, blank=True)
    claimed_by = models.CharField(
        max_length=60, blank=True
    )  # id of the Celery message that works on it
    error = models.TextField(_("error"), blank=True)
    file = models.FileField(_("file"), upload_to="documents/%Y/%m", max_length=200, blank=True)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True, db_index=True)
    size = models.PositiveIntegerField(_("size in bytes"), null=True, blank=True)
    to_seal = models.BooleanField(_("gets the portal's seal"), default=False)
    # Printed in it and in its QR code. It leads to the check page and proves nothing by itself.
    code = models.CharField(max_length=32, unique=True, default=new_code, editable=False)
    # The data it shows: what was signed, or else what the cache of unsealed documents goes by.
    content_sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    # The event that the document tells last, and its hash: the witness of the log before it.
    trail_seq = models.PositiveIntegerField(null=True, blank=True)
    trail_hash = models.CharField(max_length=64, blank=True)
    # When a later version came into force.
    superseded_at = models.DateTimeField(_("superseded at"), null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="ready_iff_file",
                condition=(
                    Q(state="ready") & ~Q(file="") & ~Q(sha256="") & Q(finished_at__isnull=False)
                )
                | (~Q(state="ready") & Q(file="")),
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="unfinished_documents",
                condition=Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"  # the operator's pages show it, and a title names firms

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def is_waiting(self) -> bool:
        """Made, but seal or timestamp cannot be had yet; the sweep tries again."""
        waits = self.step in (self.Step.SEAL, self.Step.TIMESTAMP)
        return self.state == self.State.QUEUED and waits

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.READY


class SealCertificate(models.Model):
    """A certificate that the portal sealed with, kept for ever: old documents stay checkable."""

    sha256 = models.CharField(_("SHA-256"), max_length=64, unique=True)  # of the certificate's DER
    chain = models.TextField(_("chain of certificates"))  # PEM, the seal's own first
    subject = models.CharField(_("subject"), max_length=300)
    not_before = models.DateTimeField(_("valid from"))
    not_after = models.DateTimeField(_("valid until"))
    first_used_at = models.DateTimeField(_("first used"), default=timezone.now)

    class Meta:
        verbose_name = _("seal certificate")
        verbose_name_plural = _("seal certificates")
        ordering = ["-first_used_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Who sealed, as one reads it: the common name, if the subject has one."""
        try:
            subject = x509.Name.from_rfc4514_string(self.subject)
        except ValueError:
            return self.subject
        common = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return str(common[0].value) if common else self.subject


class Seal(models.Model):
    """How a document was sealed. Written with the document's file, never changed."""

    class Level(models.TextChoices):
        """Baseline levels of PAdES (ETSI EN 319 142-1)."""

        BASIC = "B-B", _("seal")
        TIMESTAMP = "B-T", _("seal with timestamp")
        LONG_TERM = "B-LT", _("seal with timestamp and revocation data")

    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, primary_key=True, related_name="seal"
    )
    level = models.CharField(_("level"), max_length=4, choices=Level)
    certificate = models.ForeignKey(SealCertificate, on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField(_("sealed"))
    timestamp_at = models.DateTimeField(_("timestamp"), null=True)
    body_sha256 = models.CharField(max_length=64)  # of the PDF before the seal, as it is rendered
    made_with = models.JSONField()  # versions of the programs, by name

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        constraints = [
            models.CheckConstraint(
                name="timestamp_iff_dated",
                condition=Q(level="B-B", timestamp_at=None)
                | (~Q(level="B-B") & Q(timestamp_at__isnull=False)),
            )
        ]
