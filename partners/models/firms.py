"""Firms, who belongs to them, and whom the other firms may turn to."""

import uuid
from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners.firm_reader import FirmReader
from partners.models.people import User


class PartnerQuerySet(models.QuerySet["Partner"]):
    def of(self, user: Any) -> Self:
        """Firms that ``user`` is an active member of; of a key the one it was made for.

        Whoever reads as support belongs to that firm and to no other meanwhile.
        """
        if not user.is_authenticated:
            return self.none()
        if isinstance(user, FirmReader):
            return self.filter(pk=user.partner_id, is_active=True)
        own = Membership.objects.active().filter(user=user)
        if user.is_staff:
            from partners.models.support import SupportVisit  # noqa: PLC0415 -- it needs this module

            visits = SupportVisit.objects.running().filter(operator=user)
            visited = visits.values("access__partner")
            own = own.filter(~Exists(visits))
            return self.filter(Q(pk__in=own.values("partner")) | Q(pk__in=visited))
        return self.filter(pk__in=own.values("partner"))

    def visible_to(self, user: Any) -> Self:
        """The directory: members of any firm may know all active firms."""
        if not user.is_authenticated:
            return self.none()
        belongs = Partner.objects.of(user).exists()
        return self.filter(is_active=True) if belongs else self.none()


class Partner(models.Model):
    """A Microsoft partner firm."""

    class SigningRule(models.TextChoices):
        ALONE = "alone", _("One authorised person signs alone")
        TWO_JOINTLY = "two_jointly", _("Two authorised people sign jointly")

    class SignInRule(models.TextChoices):
        ANY = "any", _("Password, passkey or Microsoft: as each person likes")
        SECOND_FACTOR = "second_factor", _("A passkey, or a password with a second factor")
        ENTRA = "entra", _("Microsoft Entra ID of our own organisation only")

    class Competence(models.TextChoices):
        """Microsoft's six solution areas; names as Microsoft writes them, hence not translated."""

        MODERN_WORK = "modern_work", "Modern Work"
        SECURITY = "security", "Security"
        INFRASTRUCTURE = "infrastructure", "Infrastructure (Azure)"
        DIGITAL_APP_INNOVATION = "digital_app_innovation", "Digital & App Innovation (Azure)"
        DATA_AI = "data_ai", "Data & AI (Azure)"
        BUSINESS_APPLICATIONS = "business_applications", "Business Applications"

    class FederalState(models.TextChoices):
        """The sixteen Länder, by the second part of their ISO 3166-2 codes, in German order."""

        BW = "BW", _("Baden-Württemberg")
        BY = "BY", _("Bavaria")
        BE = "BE", _("Berlin")
        BB = "BB", _("Brandenburg")
        HB = "HB", _("Bremen")
        HH = "HH", _("Hamburg")
        HE = "HE", _("Hesse")
        MV = "MV", _("Mecklenburg-Western Pomerania")
        NI = "NI", _("Lower Saxony")
        NW = "NW", _("North Rhine-Westphalia")
        RP = "RP", _("Rhineland-Palatinate")
        SL = "SL", _("Saarland")
        SN = "SN", _("Saxony")
        ST = "ST", _("Saxony-Anhalt")
        SH = "SH", _("Schleswig-Holstein")
        TH = "TH", _("Thuringia")

        __empty__ = _("Abroad, or not given")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("short name for addresses"), max_length=80, unique=True)
    name = models.CharField(_("name in daily use"), max_length=120)
    legal_name = models.CharField(_("legal name"), max_length=200)
    register_number = models.CharField(_("register number"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    federal_state = models.CharField(  # whose holidays are no working days in a deadline
        _("federal state"), max_length=2, choices=FederalState, blank=True
    )
    website = models.URLField(_("website"), blank=True)
    microsoft_partner_ids = models.JSONField(_("Microsoft partner IDs"), default=list, blank=True)
    competences = models.JSONField(_("competences"), default=list, blank=True)
    about = models.TextField(_("about the firm"), max_length=2000, blank=True)
    signing_rule = models.CharField(
        _("signing rule"), max_length=20, choices=SigningRule, default=SigningRule.ALONE
    )
    sign_in_rule = models.CharField(  # what the firm asks of all its people; see accounts.demands
        _("sign-in of our people"), max_length=20, choices=SignInRule, default=SignInRule.ANY
    )
    entra_tenant = models.UUIDField(_("Microsoft Entra tenant"), null=True, blank=True)
    domain = models.CharField(  # proved by a mail to an address in it; see registrations
        _("domain"), max_length=253, blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("firm")
        verbose_name_plural = _("firms")
        ordering = ["name", "pk"]
        constraints = [
            # Deadlines are computed with it, and an unknown key has no holidays.
            models.CheckConstraint(
                name="federal_state_known",
                condition=Q(federal_state="")
                | Q(federal_state__in="BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH".split()),
            ),
            models.UniqueConstraint(
                fields=["domain"], condition=~Q(domain=""), name="one_firm_of_a_domain"
            ),
            # Without a tenant it would be met by any organisation's Entra, or by nobody.
            models.CheckConstraint(
                name="entra_rule_names_a_tenant",
                condition=~Q(sign_in_rule="entra") | Q(entra_tenant__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.legal_name = self.legal_name or self.name
        super().save(*args, **kwargs)

    @property
    def signatures_needed(self) -> int:
        return 2 if self.signing_rule == self.SigningRule.TWO_JOINTLY else 1

    @property
    def competence_labels(self) -> list[str]:
        return [label for key, label in self.Competence.choices if key in self.competences]


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(left_at=None, user__is_active=True, partner__is_active=True)

    def of_firms_of(self, user: Any) -> Self:
        """Active people of the firms that ``user`` belongs to."""
        return self.active().filter(partner__in=Partner.objects.of(user))


class Membership(models.Model):
    """A person's place in a firm.

    Several roles may fall on one person; to sign is a right of its own.
    """

    ROLES = (
        "is_admin",
        "is_partner_manager",
        "is_project_lead",
        "is_specialist",
        "is_observer",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    title = models.CharField(_("position"), max_length=120, blank=True)
    is_admin = models.BooleanField(_("firm admin"), default=False)
    is_partner_manager = models.BooleanField(_("partner manager"), default=False)
    is_project_lead = models.BooleanField(_("project lead"), default=False)
    is_specialist = models.BooleanField(_("specialist"), default=False)
    is_observer = models.BooleanField(_("observer"), default=False)
    may_sign = models.BooleanField(_("may sign"), default=False)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["user__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "user"], condition=Q(left_at=None), name="one_active_membership"
            ),
            models.CheckConstraint(
                name="left_after_joining",
                condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.partner})"

    @property
    def role_labels(self) -> list[str]:
        """The roles this person has in the firm, in words, the right to sign last."""
        fields = [self._meta.get_field(name) for name in (*self.ROLES, "may_sign")]
        return [
            str(field.verbose_name)
            for field in fields
            if isinstance(field, models.BooleanField) and getattr(self, field.name)
        ]


class PartnerContact(models.Model):
    """Whom the other firms may turn to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="contacts")
    purpose = models.CharField(_("responsible for"), max_length=120)
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=200)
    email = models.EmailField(_("e-mail address"), blank=True)
    phone = models.CharField(
        _("phone"),
        max_length=40,
        blank=True,
        validators=[
            RegexValidator(r"^[0-9+()/ .-]*$", _("Please use digits, blanks and + ( ) / - only."))
        ],
    )

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["purpose", "name", "pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.purpose})"
