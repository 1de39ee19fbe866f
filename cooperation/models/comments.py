"""What people write beside a point: for their own firm, for all firms, or for one other firm."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement, Pair
from partners.models import Partner


class CommentQuerySet(models.QuerySet["Comment"]):
    def known_to(self, partner: Partner) -> Self:
        """Comments that people of ``partner`` may read."""
        shared = Q(audience=Comment.Audience.SHARED) & (
            Q(pair=None) | Q(pair__first=partner) | Q(pair__second=partner)
        )
        return self.filter(shared | Q(audience=Comment.Audience.INTERNAL, partner=partner))


class Comment(models.Model):
    """A comment at a point. Never edited; its author may take it back."""

    class Audience(models.TextChoices):
        INTERNAL = "internal", _("Only my firm")
        SHARED = "shared", _("All firms that settle this point")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="comments")
    point_key = models.CharField(max_length=50)
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="comments"
    )
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.SHARED)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(_("comment"), max_length=2000)
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    removed_at = models.DateTimeField(null=True)

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["at", "pk"]
        constraints = [models.CheckConstraint(name="comment_says_something", condition=~Q(text=""))]
