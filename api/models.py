"""Keys with which a program of a firm reads what the firm may see."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Membership, Partner, User


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, user: Any) -> Self:
        """Keys of the firms that ``user`` is an active member of; all others are a 404."""
        return self.filter(partner__in=Partner.objects.of(user))

    def answered_for(self) -> Self:
        """Says of each key whether whoever made it is an admin of its firm, and the firm is open.

        Worked out when it is asked and stored nowhere: there is nothing to forget when somebody
        leaves or loses the role.
        """
        admins = Membership.objects.active().filter(
            partner=OuterRef("partner"), user=OuterRef("created_by"), is_admin=True
        )
        return self.annotate(is_answered_for=Exists(admins))

    def valid(self, now: datetime) -> Self:
        """Keys that open something at this moment."""
        alive = self.answered_for().filter(withdrawn_at=None, expires_at__gt=now)
        return alive.filter(is_answered_for=True)


class ApiKey(models.Model):
    """A key of one firm, for reading. Made and withdrawn in ``keys.py``.

    The key itself is stored nowhere: 256 random bits need no slow hash, and looking for their
    SHA-256 tells nobody how much of a guess was right.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(_("what the key is for"), max_length=80)
    token_sha256 = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(_("begins with"), max_length=12)  # to recognise it by
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valid until"))
    last_used_on = models.DateField(_("last used on"), null=True)  # a day: enough to miss none
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="key_expires_after_it_was_made", condition=Q(expires_at__gt=F("created_at"))
            ),
            models.CheckConstraint(
                name="key_withdrawn_iff_by_somebody",
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
