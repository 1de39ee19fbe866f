"""Invitations into a project for firms that are not in the portal yet."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cooperation.models.projects import CustomerProject, Participation
from partners.models import Invited, InvitedQuerySet, Partner


class OutsideInvitationQuerySet(InvitedQuerySet["OutsideInvitation"]):
    def visible_to(self, user: Any) -> Self:
        """Those into projects that the user's firms take part in."""
        return self.filter(project__in=CustomerProject.objects.visible_to(user))


class OutsideInvitation(Invited):
    """An address that was invited with a firm still to be named. Changed in its verbs only.

    Accepted, it becomes an ordinary invitation of the firm that its owner names.
    """

    project = models.ForeignKey(
        CustomerProject, on_delete=models.PROTECT, related_name="outside_invitations"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")  # who invites
    role = models.CharField(_("role in the project"), max_length=200, blank=True)
    message = models.TextField(_("message"), max_length=1000, blank=True)
    participation = models.ForeignKey(
        Participation, on_delete=models.PROTECT, null=True, related_name="+"
    )

    objects = OutsideInvitationQuerySet.as_manager()

    class Meta(Invited.Meta):
        verbose_name = _("invitation by mail")
        verbose_name_plural = _("invitations by mail")
        constraints = [
            *Invited.Meta.constraints,
            models.UniqueConstraint(
                fields=["project", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_outside_invitation_at_a_time",
            ),
            models.CheckConstraint(
                name="outside_accepted_iff_firm_named",
                condition=Q(accepted_at=None, participation=None)
                | Q(accepted_at__isnull=False, participation__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.project})"
