"""From a settled point to the change of the agreement that carries it out."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from cooperation import dispute_words, disputes
from cooperation.kinds.base import NOTE_LIMIT
from cooperation.models import Agreement, Dispute
from cooperation.working_days import day_of
from partners.models import User


def of(user: User, agreement: Agreement, pk: str) -> Dispute | None:
    """The settled point that a change begun now carries out, from an address; else None.

    An amendment is read by every firm of the agreement. So it names only what concerned them all.
    """
    try:
        wanted = UUID(pk)
    except ValueError:
        return None
    settled = Dispute.objects.visible_to(user).filter(state=Dispute.State.SETTLED)
    dispute = settled.filter(agreement=agreement, pk=wanted).select_related("agreement").first()
    return dispute if dispute is not None and disputes.concerns_all(dispute) else None


def address(dispute: Dispute) -> str:
    """Where the change begins; it names the point only where every firm knows of it."""
    url = reverse("cooperation:amend", args=[dispute.agreement_id])
    return f"{url}?dispute={dispute.pk}" if disputes.concerns_all(dispute) else url


def reason(dispute: Dispute | None) -> str:
    """What the form of a change begins with."""
    if dispute is None or dispute.closed_at is None:
        return ""
    said = _("What we settled on point %(number)s on %(day)s: %(outcome)s") % {
        "number": dispute.about["number"],
        "day": dispute_words.day(day_of(dispute.closed_at)),
        "outcome": dispute.outcome,
    }
    return said[:NOTE_LIMIT]
