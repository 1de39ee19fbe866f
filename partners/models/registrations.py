"""Firms that registered themselves and wait for the operator."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners.models.firms import Partner
from partners.models.people import User


class Registration(models.Model):
    """A firm whose domain was proved. Changed in ``registrations.py`` only.

    Without approval by the operator it is approved in the transaction that makes it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("of a registration", "Waits for approval")
        APPROVED = "approved", pgettext_lazy("of a registration", "Approved")
        REFUSED = "refused", pgettext_lazy("of a registration", "Refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name in daily use"), max_length=120)
    legal_name = models.CharField(_("legal name"), max_length=200)
    website = models.URLField(_("website"))
    domain = models.CharField(_("domain"), max_length=253)
    # Who registers: kept until it is decided, the password as a hash.
    email = models.EmailField(_("e-mail address"), blank=True)
    person_name = models.CharField(pgettext_lazy("of a person", "name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=User.Language, default="de")
    password = models.CharField(max_length=128, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    registered_at = models.DateTimeField(_("registered at"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.ForeignKey(  # nobody: the operator asks for no approval
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    partner = models.OneToOneField(
        Partner, on_delete=models.PROTECT, null=True, related_name="registration"
    )

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        ordering = ["-registered_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state="waiting"), name="one_registration_of_a_domain"
            ),
            models.CheckConstraint(
                name="registration_decided_iff_dated",
                condition=Q(state="waiting", decided_at=None)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="registration_approved_iff_firm",
                condition=Q(state="approved", partner__isnull=False)
                | (~Q(state="approved") & Q(partner=None)),
            ),
            # What a person gave is theirs again once it is decided.
            models.CheckConstraint(
                name="registration_forgets_the_person",
                condition=Q(state="waiting") | Q(email="", person_name="", password=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.domain})"
