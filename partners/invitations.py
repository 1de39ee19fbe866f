"""Inviting people into a firm: invite, send again, withdraw, accept.

Every verb takes the firm's lock first, as all verbs on its people do. So of two that meet (twice
accepted, accepted and withdrawn, accepted while the admin loses the role) one comes first, and the
other finds what it left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import firm_log, invitation_links, newcomers, people
from partners.models import Invitation, Membership, Partner, User
from partners.models.invitations import LASTS, InvitedQuerySet
from partners.newcomers import Newcomer
from partners.people import RIGHTS, NotPossible

MOST_OPEN = 100  # invitations of a firm at a time

firm_log.register(
    {
        "person_invited": gettext_lazy("Person invited"),
        "invitation_sent_again": gettext_lazy("Invitation sent again"),
        "invitation_withdrawn": gettext_lazy("Invitation withdrawn"),
    }
)


@dataclass(frozen=True, slots=True)
class Sendable:
    """An invitation with the token of its link, which is known at this moment only."""

    invitation: Invitation
    token: str


def gone() -> str:
    """The one sentence for every link that opens nothing, whatever the reason."""
    return _("This link no longer works.")


def sent_already() -> str:
    return _("The invitation has been sent again already. The newest link is the one that works.")


def why_not(rows: InvitedQuerySet[Any], email: str, *, most: int, now: datetime) -> str:
    """The sentence that says why ``email`` cannot be invited, or ""; what ran out makes room.

    ``rows``: all of the same inviter, which is locked; at ``most`` so many are open at a time.
    """
    rows.unsettled().filter(email=email, expires_at__lte=now).update(withdrawn_at=now)
    if rows.unsettled().filter(email=email).exists():
        return _(
            "This address is invited already. You can send the invitation again or withdraw it."
        )
    if rows.open().count() >= most:
        return _("Too many invitations are open. Please withdraw some of them first.")
    return ""


@transaction.atomic
def invite(
    partner: Partner,
    *,
    email: str,
    name: str,
    language: str,
    title: str,
    rights: Mapping[str, bool],
    by: User,
) -> Sendable:
    """Invite a person. Nothing is said about whether there is an account with this address."""
    partner = people.lock(partner.pk, by)
    email = User.objects.normalize_email(email)
    if Membership.objects.filter(partner=partner, user__email=email, left_at=None).exists():
        raise NotPossible(_("This person belongs to your firm already."))
    rows = Invitation.objects.filter(partner=partner)
    now = timezone.now()
    if reason := why_not(rows, email, most=MOST_OPEN, now=now):
        raise NotPossible(reason)
    token = invitation_links.new_token()
    invitation = Invitation.objects.create(
        partner=partner,
        email=email,
        name=name,
        language=language,
        title=title,
        rights=[right for right in RIGHTS if rights.get(right)],
        token_sha256=invitation_links.digest(token),
        invited_by=by,
        invited_at=now,
        sent_at=now,
        expires_at=now + LASTS,
    )
    _log(invitation, "person_invited", by, rights=invitation.rights)
    return Sendable(invitation, token)


@transaction.atomic
def send_again(pk: UUID, *, by: User, seen: str | None = None) -> Sendable:
    """A new link for the same invitation; the one before stops working at once.

    ``seen`` is the ``sending`` of the form, so that pressed twice it sends one link.
    """
    invitation = _locked(pk, by)
    if seen is not None and seen != invitation.sending:
        raise NotPossible(sent_already())
    token, now = invitation_links.new_token(), timezone.now()
    invitation.token_sha256 = invitation_links.digest(token)
    invitation.sent_at, invitation.expires_at = now, now + LASTS
    invitation.invited_by = by  # who answers for it from now on
    invitation.save(update_fields=["token_sha256", "sent_at", "expires_at", "invited_by"])
    _log(invitation, "invitation_sent_again", by)
    return Sendable(invitation, token)


@transaction.atomic
def withdraw(pk: UUID, *, by: User) -> Invitation:
    """From now on the link opens nothing."""
    invitation = _locked(pk, by)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    _log(invitation, "invitation_withdrawn", by)
    return invitation


def find(digest: str) -> Invitation | None:
    """The invitation whose link this is, if it opens anything at this moment."""
    rows = Invitation.objects.open().filter(token_sha256=digest, partner__is_active=True)
    invitation = rows.select_related("partner", "invited_by").first() if digest else None
    return invitation if invitation and _is_vouched_for(invitation) else None


@transaction.atomic
def accept(digest: str, *, by: User) -> Membership:
    """Join with the account one is signed in with; it must be of the invited address, proved."""
    invitation = _locked_open(digest)
    if not is_for(invitation, by):
        raise NotPossible(_("This invitation is for another address."))
    return _join(invitation, by)


@transaction.atomic
def join(digest: str, newcomer: Newcomer) -> Membership:
    """Join with a new account. That the invited mailbox was reached was proved just now."""
    invitation = _locked_open(digest)
    if newcomer.email != invitation.email:
        raise NotPossible(_("This invitation is for another address."))
    return _join(invitation, newcomers.account(newcomer))


def is_for(invitation: Any, user: User) -> bool:
    """Whether ``user`` has proved the mailbox that was invited, and signs in with it."""
    rows = EmailAddress.objects.filter(user=user, email=invitation.email, verified=True)
    return bool(user.is_active and user.email == invitation.email and rows.exists())


def _join(invitation: Invitation, user: User) -> Membership:
    partner = invitation.partner
    if Membership.objects.filter(partner=partner, user=user, left_at=None).exists():
        raise NotPossible(_("You belong to this firm already."))
    now = timezone.now()
    membership = Membership.objects.create(
        partner=partner,
        user=user,
        title=invitation.title,
        joined_at=now,
        **{right: right in invitation.rights for right in RIGHTS},
    )
    invitation.accepted_at, invitation.accepted_by = now, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    people.record_joined(membership, by=user, way="invitation")
    return membership


def _is_vouched_for(invitation: Invitation) -> bool:
    """Whoever invited must be an admin still: rights are never given by somebody without them."""
    admins = Membership.objects.active().filter(partner=invitation.partner_id, is_admin=True)
    return admins.filter(user=invitation.invited_by_id).exists()


def _locked_open(digest: str) -> Invitation:
    rows = Invitation.objects.filter(token_sha256=digest)
    partner_id = rows.values_list("partner", flat=True).first() if digest else None
    if partner_id is None:
        raise NotPossible(gone())
    Partner.objects.select_for_update().get(pk=partner_id)
    invitation = find(digest)
    if invitation is None:
        raise NotPossible(gone())
    return invitation


def _locked(pk: UUID, by: User) -> Invitation:
    partner_id = Invitation.objects.values_list("partner", flat=True).get(pk=pk)
    people.lock(partner_id, by)
    invitation = Invitation.objects.select_related("partner").get(pk=pk)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise NotPossible(_("This invitation was accepted or withdrawn already."))
    return invitation


def _log(invitation: Invitation, kind: str, by: User, **data: Any) -> None:
    firm_log.record(
        invitation.partner,
        kind,
        by=by,
        personal={"invited": {"name": invitation.name, "email": invitation.email}},
        invitation=str(invitation.pk),
        **data,
    )
