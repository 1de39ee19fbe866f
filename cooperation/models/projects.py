"""Customer projects, and which firms take part."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner


class CustomerProjectQuerySet(models.QuerySet["CustomerProject"]):
    def visible_to(self, user: Any) -> Self:
        """Projects of firms that take part and that ``user`` belongs to.

        A firm that was invited and has not accepted sees its ``Participation`` only.
        """
        own = Participation.objects.accepted().filter(partner__in=Partner.objects.of(user))
        return self.filter(pk__in=own.values("project"))


class CustomerProject(models.Model):
    """A shared project for one customer, or the frame for several of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("project"), max_length=200)
    # A frame agreement has no customer: it is what later projects of the same firms start from.
    is_frame = models.BooleanField(_("frame agreement"), default=False)
    customer_name = models.CharField(_("customer"), max_length=200, blank=True)
    customer_is_alias = models.BooleanField(_("the customer's name is an alias"), default=False)
    description = models.TextField(_("what it is about"), max_length=5000, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CustomerProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer project")
        verbose_name_plural = _("customer projects")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="project_and_customer_named",
                condition=~Q(name="") & (Q(is_frame=True, customer_name="") | ~Q(customer_name="")),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ParticipationQuerySet(models.QuerySet["Participation"]):
    def accepted(self) -> Self:
        return self.filter(state=Participation.State.ACCEPTED)

    def invited(self) -> Self:
        return self.filter(state=Participation.State.INVITED)

    def of_parties(self) -> Self:
        """Firms that take part or took part: they keep what they signed."""
        return self.filter(state__in=[Participation.State.ACCEPTED, Participation.State.LEFT])

    def visible_to(self, user: Any) -> Self:
        """Invitations to the user's firms, and everybody in projects that they take part in.

        Who declined, or whose invitation was taken back, sees nothing any more.
        """
        own = Partner.objects.of(user)
        projects = Participation.objects.accepted().filter(partner__in=own).values("project")
        return self.filter(
            Q(project__in=projects) | Q(partner__in=own, state=Participation.State.INVITED)
        )


class Participation(models.Model):
    """A firm's place in a project.

    ``state`` changes in ``projects.py``, ``leaving.py`` and, with a change that is dropped, in
    ``amendments.py``.
    """

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACCEPTED = "accepted", _("Takes part")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Invitation taken back")
        LEFT = "left", _("No longer takes part")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        CustomerProject, on_delete=models.PROTECT, related_name="participations"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="participations")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.INVITED)
    role = models.CharField(_("role in the project"), max_length=200, blank=True)
    message = models.TextField(_("message"), max_length=1000, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    responded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    responded_at = models.DateTimeField(null=True)
    position = models.PositiveSmallIntegerField()  # order of the firms: as they were invited
    # Leaving: until which day a signed version still binds the firm, and why it left.
    left_at = models.DateTimeField(null=True)
    left_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    leaves_on = models.DateField(null=True)
    leaving_reason = models.TextField(_("reason"), max_length=2000, blank=True)
    archived_at = models.DateTimeField(null=True)  # put away by this firm, for itself

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "partner"], name="one_place_per_firm"),
            models.UniqueConstraint(fields=["project", "position"], name="one_firm_per_position"),
            models.CheckConstraint(
                name="answered_iff_dated",
                condition=(
                    Q(state="invited", responded_at=None, responded_by=None)
                    | (
                        ~Q(state="invited")
                        & Q(responded_at__isnull=False, responded_by__isnull=False)
                    )
                ),
            ),
            models.CheckConstraint(
                name="left_iff_dated",
                condition=Q(state="left", left_at__isnull=False, left_by__isnull=False)
                | (~Q(state="left") & Q(left_at=None, left_by=None, leaves_on=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} ({self.get_state_display()})"
