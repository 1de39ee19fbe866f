"""That a firm lets an operator read its data: for a reason, for a while, and who made use of it.

There is no membership behind it. So nothing that a membership allows (signing, confirming,
answering, being listed, being told by mail) can come of it, whatever a page forgets to check.
"""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models.firms import Membership, Partner
from partners.models.people import User


class SupportAccessQuerySet(models.QuerySet["SupportAccess"]):
    def running(self) -> Self:
        """Neither ended nor over, by the clock of the database: all servers have the same."""
        return self.filter(ended_at=None, until__gt=Now(), partner__is_active=True)

    def open_to(self, user: Any) -> Self:
        """Those that ``user`` may make use of now. Only who runs the portal may."""
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return self.none()
        return self.running().filter(Q(operator=None) | Q(operator=user))


class SupportAccess(models.Model):
    """A firm's consent. Written and ended in ``support_access.py`` only."""

    LONGEST = 72  # hours

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="support_accesses")
    operator = models.ForeignKey(  # nobody: whoever of the operators takes care of it
        User, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=500)
    hours = models.PositiveSmallIntegerField(_("hours"))
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(_("until"))
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = SupportAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("support access")
        verbose_name_plural = _("support accesses")
        ordering = ["-granted_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="support_for_hours", condition=Q(hours__gte=1, hours__lte=72)
            ),
            models.CheckConstraint(
                name="support_ends_later", condition=Q(until__gt=F("granted_at"))
            ),
            models.CheckConstraint(
                name="support_ended_by_somebody",
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
            models.CheckConstraint(name="support_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.partner} ({self.until:%F %H:%M})"


class SupportVisitQuerySet(models.QuerySet["SupportVisit"]):
    def running(self) -> Self:
        """Visits that let somebody read at this moment."""
        mine = Q(access__operator=None) | Q(access__operator=F("operator"))
        return self.filter(
            mine,
            ended_at=None,
            operator__is_active=True,
            operator__is_staff=True,
            access__in=SupportAccess.objects.running(),
        )


class SupportVisit(models.Model):
    """An operator made use of an access, from the first page to the last; of one firm at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    access = models.ForeignKey(SupportAccess, on_delete=models.PROTECT, related_name="visits")
    operator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = SupportVisitQuerySet.as_manager()

    class Meta:
        ordering = ["-begun_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["operator"], condition=Q(ended_at=None), name="one_support_visit_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.operator}: {self.access}"

    def membership(self) -> Membership:
        """What the pages take for a place in the firm: to read, stored nowhere."""
        return Membership(
            partner=self.access.partner,
            user=self.operator,
            is_observer=True,
            joined_at=self.begun_at,
        )
