"""Frozen versions, their annexes, signatures and documents."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement, Pair
from documents.models import Document
from partners.models import Partner
from partners.reauthentication import Method


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    def visible_to(self, user: Any) -> Self:
        """Versions that a firm of ``user`` is or was a party of.

        Who joined later does not see what was signed before; who left keeps what it signed.
        """
        own = SignatureSlot.objects.filter(partner__in=Partner.objects.of(user))
        return self.filter(pk__in=own.values("version"))


class AgreementVersion(models.Model):
    """A frozen agreement: the exact bytes everybody signs. ``state`` changes in ``signing.py``."""

    class State(models.TextChoices):
        SIGNING = "signing", _("Being signed")
        IN_FORCE = "in_force", _("In force")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Taken back")
        EXPIRED = "expired", _("Expired")
        SUPERSEDED = "superseded", _("Replaced by a later version")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    payload = models.BinaryField()  # RFC 8785 canonical JSON, see ``frozen.py``
    sha256 = models.CharField(max_length=64, validators=[MinLengthValidator(64)])
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SIGNING)
    frozen_at = models.DateTimeField(default=timezone.now)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    frozen_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    expires_on = models.DateField(null=True)  # last day of the signing round
    effective_on = models.DateField(null=True)  # an amendment may hold from a later day on
    amendment = models.ForeignKey(
        "Amendment", on_delete=models.PROTECT, null=True, related_name="versions"
    )
    in_force_at = models.DateTimeField(null=True)
    # Who declined or took the round back, for which firm, and why.
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_by_partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(_("reason"), max_length=2000, blank=True)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement version")
        verbose_name_plural = _("agreement versions")
        ordering = ["agreement", "number"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="signing"), name="one_round_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="in_force"), name="one_version_in_force"
            ),
            models.CheckConstraint(
                name="version_in_force_iff_dated",
                condition=Q(state__in=["in_force", "superseded"], in_force_at__isnull=False)
                | (~Q(state__in=["in_force", "superseded"]) & Q(in_force_at=None)),
            ),
            models.CheckConstraint(
                name="round_closed_iff_dated",
                condition=Q(
                    state__in=["declined", "withdrawn"],
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    closed_by_partner__isnull=False,
                )
                | Q(
                    state="expired",
                    closed_at__isnull=False,
                    closed_by=None,
                    closed_by_partner=None,
                )
                | (
                    ~Q(state__in=["declined", "withdrawn", "expired"])
                    & Q(closed_at=None, closed_by=None, closed_by_partner=None)
                ),
            ),
            models.CheckConstraint(
                name="decline_has_reason", condition=~Q(state="declined") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} v{self.number}"


class AgreementAnnexQuerySet(models.QuerySet["AgreementAnnex"]):
    def visible_to(self, user: Any) -> Self:
        """Annexes of pairs that a firm of ``user`` is one of; they exist for nobody else."""
        return self.filter(pair__in=Pair.objects.visible_to(user))


class AgreementAnnex(models.Model):
    """What two firms of a version settled between them. The common text holds only its hash.

    The bytes begin with a random salt, so that nobody can guess a fee and compare hashes.
    """

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="annexes")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="annexes")
    payload = models.BinaryField()  # RFC 8785 canonical JSON, see ``annexes.py``
    sha256 = models.CharField(max_length=64, validators=[MinLengthValidator(64)])

    objects = AgreementAnnexQuerySet.as_manager()

    class Meta:
        verbose_name = _("annex")
        verbose_name_plural = _("annexes")
        constraints = [
            models.UniqueConstraint(fields=["version", "pair"], name="one_annex_per_pair")
        ]


class SignatureSlot(models.Model):
    """The place where one firm signs a version, with one or two people."""

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="slots")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()  # order of the firms, as in the text
    needed = models.PositiveSmallIntegerField()  # from the firm's signing rule at the freeze
    completed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("place to sign")
        verbose_name_plural = _("places to sign")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "partner"], name="one_slot_per_firm"),
            models.CheckConstraint(name="one_or_two_signatures", condition=Q(needed__in=[1, 2])),
        ]

    @property
    def is_open(self) -> bool:
        return self.completed_at is None


class Signature(models.Model):
    """A person signed for a firm. Copies what must not change with the person or the firm."""

    class Authority(models.TextChoices):
        """What a signer declares to sign by. The portal does not check it, and says so."""

        MANAGING_DIRECTOR = "managing_director", _("Managing director")
        PROKURA = "prokura", _("Holder of Prokura (registered power of representation)")
        POWER_OF_ATTORNEY = "power_of_attorney", _("Power of attorney")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(SignatureSlot, on_delete=models.PROTECT, related_name="signatures")
    position = models.PositiveSmallIntegerField()  # first or second of the firm
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures"
    )
    signer_name = models.CharField(max_length=200)
    signer_title = models.CharField(max_length=120, blank=True)
    authority = models.CharField(max_length=20, choices=Authority, blank=True)
    partner_legal_name = models.CharField(max_length=200)
    payload_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField(default=timezone.now)
    shown_at = models.DateTimeField(null=True)  # when the text was shown to the signer
    network = models.CharField(max_length=50, blank=True)  # shortened address, "203.0.113.0/24"
    method = models.CharField(  # how the signer showed who they are, at that moment
        max_length=20, choices=Method, default=Method.PASSWORD
    )
    intent = models.TextField()  # the sentence the person agreed to, in ``language``
    language = models.CharField(max_length=2)

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["slot", "position"]
        constraints = [
            models.UniqueConstraint(fields=["slot", "signer"], name="one_signature_per_person"),
            models.UniqueConstraint(fields=["slot", "position"], name="one_signature_per_place"),
            models.CheckConstraint(
                name="first_or_second_signature", condition=Q(position__in=[1, 2])
            ),
        ]


class AgreementDocumentQuerySet(models.QuerySet["AgreementDocument"]):
    def visible_to(self, user: Any) -> Self:
        """The PDFs for everybody, and those for the user's own firms."""
        own = Q(partner=None) | Q(partner__in=Partner.objects.of(user))
        return self.filter(own, version__in=AgreementVersion.objects.visible_to(user))


class AgreementDocument(models.Model):
    """A PDF of a version in one language, with the annexes that one firm may see.

    Without ``partner`` it shows nothing that not every party may see.
    """

    version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, related_name="documents"
    )
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")

    objects = AgreementDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement document")
        verbose_name_plural = _("agreement documents")
        constraints = [
            models.UniqueConstraint(
                fields=["version", "language"],
                condition=Q(partner=None),
                name="one_pdf_per_language",
            ),
            models.UniqueConstraint(
                fields=["version", "language", "partner"],
                condition=Q(partner__isnull=False),
                name="one_pdf_per_language_and_firm",
            ),
        ]
