"""Invitations: into a firm, and what those of other rooms have in common with it."""

import uuid
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners.models.firms import Partner
from partners.models.people import User, UserManager

LASTS = timedelta(days=14)

I = TypeVar("I", bound="Invited")  # noqa: E741


class InvitedQuerySet(models.QuerySet[I]):
    def unsettled(self) -> Self:
        """Neither accepted nor withdrawn; the time of some may be over."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def open(self) -> Self:
        """Those whose link works."""
        return self.unsettled().filter(expires_at__gt=timezone.now())


class Invited(models.Model):
    """An invitation by mail: whoever has the link *and* the mailbox may accept it, once.

    The link's token is kept as a hash only; see ``invitation_links``. What state it is in follows
    from its times: ``state``.
    """

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("of an invitation", "Open")
        ACCEPTED = "accepted", pgettext_lazy("of an invitation", "Accepted")
        WITHDRAWN = "withdrawn", pgettext_lazy("of an invitation", "Withdrawn")
        EXPIRED = "expired", pgettext_lazy("of an invitation", "Expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"))  # in lower case, as those of accounts
    language = models.CharField(_("language"), max_length=2, choices=User.Language, default="de")
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField(_("invited at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), default=timezone.now)  # the link that works now
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-invited_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_settled_once",
                condition=Q(accepted_at=None) | Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                name="%(class)s_accepted_by_somebody",
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="%(class)s_expires_after_sending",
                condition=Q(expires_at__gt=models.F("sent_at")),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = UserManager.normalize_email(self.email)
        super().save(*args, **kwargs)

    @property
    def sending(self) -> str:
        """Names the link that works now: a form says with it which one is to be replaced."""
        return self.sent_at.isoformat()

    @property
    def state(self) -> State:
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.withdrawn_at:
            return self.State.WITHDRAWN
        return self.State.OPEN if self.expires_at > timezone.now() else self.State.EXPIRED

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class InvitationQuerySet(InvitedQuerySet["Invitation"]):
    def visible_to(self, user: Any) -> Self:
        """Invitations into the own firms; what is done with them is for the firms' admins."""
        return self.filter(partner__in=Partner.objects.of(user))


class Invitation(Invited):
    """An invitation of a person into a firm. Changed in ``invitations.py`` only."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="invitations")
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=200)
    title = models.CharField(_("position"), max_length=120, blank=True)
    rights = models.JSONField(default=list)  # what the person may do: fields of Membership

    objects = InvitationQuerySet.as_manager()

    class Meta(Invited.Meta):
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            *Invited.Meta.constraints,
            models.UniqueConstraint(
                fields=["partner", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_invitation_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.partner})"
