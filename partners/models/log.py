"""The log of a firm: what happened to its people, rights, data and access, chained."""

from django.db import models
from django.utils import timezone

from partners.models.firms import Partner
from partners.models.people import User


class FirmEvent(models.Model):
    """One event of a firm's log. Written by ``firm_log.record`` only, and never changed.

    What names a person lies beside the chain: ``personal``, ``by`` and ``about`` can be erased
    (``firm_log.erase``), and the chain still holds, because it is over ``personal_digest``.
    """

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()  # 1, 2, 3 ... without a gap, per firm
    kind = models.CharField(max_length=60)  # one of those registered with firm_log
    at = models.DateTimeField(default=timezone.now)
    data = models.JSONField(default=dict)  # nothing about a person
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    about = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    personal = models.JSONField(default=dict)  # names, addresses, ids of people, as they were
    personal_salt = models.CharField(max_length=64, blank=True)
    personal_digest = models.CharField(max_length=64, blank=True)
    salt = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    erased_at = models.DateTimeField(null=True)  # when what names a person was erased

    class Meta:
        ordering = ["partner", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "seq"], name="one_firm_event_of_a_number")
        ]
