"""What the days bring to a signing round: reminders, and its end."""

from datetime import datetime

from django.urls import reverse

from cooperation import notices, signing
from cooperation.clock import each
from cooperation.models import AgreementVersion, SignatureSlot
from cooperation.signing_rounds import is_over, reminder_due
from cooperation.working_days import day_of


def run(now: datetime) -> None:
    """Close what is over, remind whom is waited for; see ``clock.py``."""
    rounds = AgreementVersion.objects.filter(state=AgreementVersion.State.SIGNING).defer("payload")
    over = rounds.filter(expires_on__lt=day_of(now))
    each(over.values_list("pk", flat=True), lambda pk: signing.expire(pk, now=now))
    slots = SignatureSlot.objects.filter(version__in=rounds, completed_at=None)
    related = slots.select_related("version__agreement__project", "partner")
    each(related.prefetch_related("signatures"), lambda slot: _remind(slot, now))


def _remind(slot: SignatureSlot, now: datetime) -> None:
    version = slot.version
    days = reminder_due(version.frozen_at, slot.partner.federal_state, now)
    if not days or is_over(version, now):
        return
    signed = {signature.signer_id for signature in slot.signatures.all()}
    people = [
        member
        for member in notices.people([slot.partner], signers=True, managers=False)
        if member.user_id not in signed
    ]
    notices.tell(
        version.agreement,
        "reminder",
        people,
        key=f"{version.pk}:{days}",
        path=reverse("cooperation:version", args=[version.pk]),
        version=version.number,
        days=days,
    )
