"""What a firm lets other firms see of its designation: who switched what on or off, and when."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import Partner, User


class Disclosure(models.Model):
    """A firm's choice of what another firm, or everybody in the directory, may see.

    Rows are only added: for one pair of firms, and for everybody, the newest counts. Without a row
    nothing is shown. It is a permission only; what is seen follows from the scores of the day.
    """

    class What(models.TextChoices):
        NOTHING = "nothing", _("Nothing")
        DESIGNATION = "designation", _("The designation")
        METRIC = "metric", _("One metric")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="disclosures")
    to = models.ForeignKey(  # null: everybody in the directory
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    what = models.CharField(_("what is shown"), max_length=20, choices=What)
    track = models.CharField(max_length=40, blank=True)  # keys of the rule set, of a metric only
    metric = models.CharField(max_length=40, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")
        ordering = ["-changed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="disclosure_to_everybody_is_the_designation",
                condition=Q(to__isnull=False) | Q(what__in=["nothing", "designation"]),
            ),
            models.CheckConstraint(
                name="disclosure_names_its_metric",
                condition=Q(what="metric", track__gt="", metric__gt="")
                | Q(~Q(what="metric"), track="", metric=""),
            ),
            models.CheckConstraint(
                name="disclosure_to_another_firm",
                condition=Q(to__isnull=True) | ~Q(to=F("partner")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.what} {self.to_id or '*'}"
