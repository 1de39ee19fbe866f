"""How far a claim has come, as the exports of claims say it. Only an approved claim counts."""

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _


class ClaimState(IntegerChoices):
    NOT_SAID = 0, _("not said")
    APPROVED = 1, _("Approved")
    DRAFT = 2, _("Draft")
    SUBMITTED = 3, _("Submitted")
    UNDER_REVIEW = 4, _("Under review")
    PARTNER_ACTION_REQUIRED = 5, _("Partner action required")
    REJECTED = 6, _("Rejected")
    DISPUTE = 7, _("Dispute")
    REJECTED_FINAL = 8, _("Rejected final")
    OTHER = 9, _("another state")


# A file without states holds claims that Microsoft counts already.
COUNTING = frozenset({ClaimState.NOT_SAID, ClaimState.APPROVED})

_NAMES = {
    "approved": ClaimState.APPROVED,
    "draft": ClaimState.DRAFT,
    "submitted": ClaimState.SUBMITTED,
    "underreview": ClaimState.UNDER_REVIEW,
    "inreview": ClaimState.UNDER_REVIEW,
    "partneractionrequired": ClaimState.PARTNER_ACTION_REQUIRED,
    "actionrequired": ClaimState.PARTNER_ACTION_REQUIRED,
    "rejected": ClaimState.REJECTED,
    "dispute": ClaimState.DISPUTE,
    "disputed": ClaimState.DISPUTE,
    "indispute": ClaimState.DISPUTE,
    "rejectedfinal": ClaimState.REJECTED_FINAL,
    "finalrejected": ClaimState.REJECTED_FINAL,
}


def parse(text: str) -> ClaimState:
    """The state a cell names: an empty cell says nothing, a name nobody knows is ``OTHER``."""
    name = "".join(letter for letter in text.casefold() if letter.isalnum())
    if not name:
        return ClaimState.NOT_SAID
    return _NAMES.get(name, ClaimState.OTHER)
