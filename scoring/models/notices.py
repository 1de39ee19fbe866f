"""Mails of the designation, who wants reminders of certificates, and which were told."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.letter_models import Letter, sent_iff_dated, to_send
from partners.models import Partner, User
from scoring.models.facts import Portfolio


class Notice(Letter):
    """A letter about a firm's designation, to one of its people."""

    class Meta(Letter.Meta):
        constraints = [sent_iff_dated("scoring_notice_sent_iff_dated")]
        indexes = [to_send("scoring_notices_to_send")]


class ReminderChoice(models.Model):
    """What a person has chosen about reminders for one firm; without a row the role decides."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    wants = models.BooleanField(_("reminders of certificates by mail"))
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("choice about reminders")
        verbose_name_plural = _("choices about reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "user"], name="one_reminder_choice_a_person_and_firm"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.wants}"


class ReminderStep(models.Model):
    """A step of reminding of one expiry that was told. The row is what keeps it from a second time.

    The expiry belongs to the key: one that a later file moves is another one.
    """

    id = models.BigAutoField(primary_key=True)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="+")
    person_key = models.CharField(max_length=200)  # as the files have it, whoever it is the same as
    certification = models.CharField(max_length=60)
    completed_on = models.DateField()
    expires_on = models.DateField()
    days = models.PositiveSmallIntegerField()  # 90, 60 or 30
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("reminder of a certificate")
        verbose_name_plural = _("reminders of certificates")
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "portfolio",
                    "person_key",
                    "certification",
                    "completed_on",
                    "expires_on",
                    "days",
                ],
                name="one_reminder_a_step",
            )
        ]

    def __str__(self) -> str:
        return f"{self.certification} {self.expires_on} {self.days}"
