"""A neutral third person at one point to settle: invited, agreed to by all, for a limited time.

Until every firm involved has agreed to her, she hears and sees nothing. Then she sees this one
point and nothing else of the portal (``Dispute.objects.visible_to``), up to the last day. Any firm
involved may lengthen her time, and any may end it: nobody has to keep a person they do not want.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import dispute_news
from cooperation.agreements import NotPossible
from cooperation.disputes import Kind, add_entry, lock_dispute, place_of, record, require_open
from cooperation.models import (
    Dispute,
    DisputeEntry,
    DisputeGuest,
    DisputeGuestConsent,
    Participation,
    SignatureSlot,
)
from cooperation.working_days import day_of, end_of
from partners import people
from partners.models import Membership, Partner, User

MOST_DAYS = 90  # of one invitation, from the day it is set or lengthened
MOST_GUESTS = 3  # at a time: mediators sometimes work in pairs

Entry = DisputeEntry.Kind


@transaction.atomic
def invite(
    dispute_id: UUID,
    *,
    email: str,
    name: str,
    until: date,
    by: User,
    partner: Partner,
    language: str = "de",
) -> DisputeGuest:
    """Invite a person up to and including the day ``until``; the own firm agrees with it.

    An account comes into being unless there is one; name and language of an account stay. No mail
    leaves before all firms have agreed. Raises ``NotPossible``.
    """
    dispute = lock_dispute(dispute_id)
    require_open(dispute)
    place_of(dispute, partner)
    _check_day(until)
    now = timezone.now()
    dispute.guests.filter(ended_at=None, until__lte=now).update(ended_at=F("until"))
    waiting = dispute.guests.filter(ended_at=None)
    if waiting.filter(user__email=User.objects.normalize_email(email)).exists():
        raise NotPossible(_("This person is invited already."))
    if waiting.count() >= MOST_GUESTS:
        raise NotPossible(
            _("There are %(number)s neutral people already. Please end an invitation first.")
            % {"number": MOST_GUESTS}
        )
    try:
        user = people.account(email=email, name=name, language=language)
    except people.NotPossible as error:
        raise NotPossible(str(error)) from error
    _require_neutral(dispute, user)
    guest = DisputeGuest.objects.create(
        dispute=dispute,
        user=user,
        invited_by=by,
        invited_by_partner=partner,
        invited_at=now,
        until=end_of(until),
    )
    DisputeGuestConsent.objects.create(guest=guest, partner=partner, by=by, at=now)
    _note(guest, Entry.GUEST_INVITED, by, partner, until)
    record(dispute, Kind.DISPUTE_GUEST, by=by, partner=partner)
    dispute_news.guest_invited(guest, by=by, partner=partner)
    return guest


@transaction.atomic
def agree(guest_id: UUID, *, by: User, partner: Partner) -> DisputeGuest:
    """Agree to the person for the own firm; with the last firm she is admitted and gets her mail.

    Agreeing twice changes nothing.
    """
    guest = _lock(guest_id, partner)
    _require_running(guest)
    _require_neutral(guest.dispute, guest.user)
    _row, new = DisputeGuestConsent.objects.get_or_create(
        guest=guest, partner=partner, defaults={"by": by}
    )
    if not new:
        return guest
    _note(guest, Entry.GUEST_AGREED, by, partner)
    agreed = guest.consents.values("partner")
    if not guest.dispute.parties.exclude(partner__in=agreed).exists():
        guest.admitted_at = timezone.now()
        guest.save(update_fields=["admitted_at"])
        dispute_news.guest_admitted(guest)
    return guest


@transaction.atomic
def extend(guest_id: UUID, until: date, *, by: User, partner: Partner) -> DisputeGuest:
    """Lengthen the time of a person, up to and including the day ``until``."""
    guest = _lock(guest_id, partner)
    _require_running(guest)
    _check_day(until)
    if end_of(until) <= guest.until:
        raise NotPossible(_("Please choose a day after the one that holds now."))
    guest.until = end_of(until)
    guest.save(update_fields=["until"])
    _note(guest, Entry.GUEST_EXTENDED, by, partner, until)
    if guest.admitted_at is not None:
        dispute_news.guest_extended(guest)
    return guest


@transaction.atomic
def end(guest_id: UUID, *, by: User, partner: Partner) -> DisputeGuest:
    """End the invitation at once, or do not agree to it; ending twice changes nothing."""
    guest = _lock(guest_id, partner)
    if guest.ended_at is not None:
        return guest
    guest.ended_at = timezone.now()
    guest.save(update_fields=["ended_at"])
    _note(guest, Entry.GUEST_ENDED, by, partner)
    if guest.admitted_at is not None and guest.until > guest.ended_at:
        dispute_news.guest_ended(guest)
    return guest


def _lock(guest_id: UUID, partner: Partner) -> DisputeGuest:
    """The invitation, its point locked; for a firm that is involved."""
    dispute = lock_dispute(DisputeGuest.objects.values_list("dispute", flat=True).get(pk=guest_id))
    place_of(dispute, partner)
    guest = DisputeGuest.objects.select_related("user").get(pk=guest_id)
    guest.dispute = dispute
    return guest


def _note(
    guest: DisputeGuest,
    kind: DisputeEntry.Kind,
    by: User,
    partner: Partner,
    until: date | None = None,
) -> None:
    data: dict[str, Any] = {"guest": guest.user.name}
    if until is not None:
        data["until"] = str(until)
    add_entry(guest.dispute, kind, by=by, partner=partner, **data)


def _check_day(until: date) -> None:
    today = day_of(timezone.now())
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        raise NotPossible(
            _("Please choose a day from today on, at most %(days)s days ahead.")
            % {"days": MOST_DAYS}
        )


def _require_running(guest: DisputeGuest) -> None:
    require_open(guest.dispute)
    if guest.ended_at is not None or guest.until <= timezone.now():
        raise NotPossible(_("This invitation has ended. Please invite the person again."))


def _require_neutral(dispute: Dispute, user: User) -> None:
    """Nobody of a firm of this agreement, involved here or not, and nobody who runs the portal."""
    slots = SignatureSlot.objects.filter(version__agreement=dispute.agreement_id)
    gone = [Participation.State.DECLINED, Participation.State.WITHDRAWN]
    places = Participation.objects.filter(project=dispute.agreement.project_id)
    places = places.exclude(state__in=gone)
    members = Membership.objects.active().filter(user=user)
    own = members.filter(partner__in=slots.values("partner")) | members.filter(
        partner__in=places.values("partner")
    )
    if own.exists():
        raise NotPossible(
            _("This person belongs to a firm of this agreement and so cannot be the neutral one.")
        )
    if user.is_staff:
        raise NotPossible(_("People who run the portal cannot be invited."))
