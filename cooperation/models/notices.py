"""Mails of this room: a row first, a letter second."""

from django.db import models

from cooperation.models.agreements import Agreement
from partners.letter_models import Letter, sent_iff_dated, to_send


class Notice(Letter):
    """A letter about an agreement. ``data``: names and days, never what was agreed.

    Without ``partner`` it goes to a neutral person, who belongs to no firm.
    """

    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, related_name="notices"
    )

    class Meta(Letter.Meta):
        constraints = [sent_iff_dated("sent_iff_dated")]
        indexes = [to_send("notices_to_send")]
