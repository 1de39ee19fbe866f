"""Inviting a firm that is not here yet: an address first, its firm when it is accepted.

Every verb takes the agreement's lock first, as all verbs on its firms do.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cooperation import projects
from cooperation.agreements import NotPossible, lock, record, require_party
from cooperation.models import Agreement, AgreementEvent, OutsideInvitation, Participation
from partners import invitation_links, invitations, joining_mails, mails
from partners.models import Membership, Partner, User
from partners.models.invitations import LASTS

MOST_OPEN = 20  # of a project at a time

Kind = AgreementEvent.Kind


@dataclass(frozen=True, slots=True)
class Sendable:
    """An invitation with the token of its link, which is known at this moment only."""

    invitation: OutsideInvitation
    token: str


@transaction.atomic
def invite(
    agreement_id: UUID,
    *,
    email: str,
    language: str,
    by: User,
    partner: Partner,
    role: str = "",
    message: str = "",
) -> Sendable:
    """Invite whoever has this mailbox, with a firm of theirs. Nothing is said about accounts."""
    agreement = lock(agreement_id)
    projects.require_open(agreement, partner)
    email, now = User.objects.normalize_email(email), timezone.now()
    rows = OutsideInvitation.objects.filter(project=agreement.project_id)
    if reason := invitations.why_not(rows, email, most=MOST_OPEN, now=now):
        raise NotPossible(reason)
    token = invitation_links.new_token()
    invitation = OutsideInvitation.objects.create(
        project=agreement.project,
        partner=partner,
        email=email,
        language=language,
        role=role,
        message=message,
        token_sha256=invitation_links.digest(token),
        invited_by=by,
        invited_at=now,
        sent_at=now,
        expires_at=now + LASTS,
    )
    outside = str(invitation.pk)  # not the address: nothing of a person goes into the chain
    record(agreement, Kind.OUTSIDE_INVITED, by=by, partner=partner, outside=outside)
    return Sendable(invitation, token)


@transaction.atomic
def send_again(pk: UUID, *, by: User, partner: Partner, seen: str | None = None) -> Sendable:
    """A new link for the same invitation; the one before stops working at once.

    ``seen`` is the ``sending`` of the form, so that pressed twice it sends one link.
    """
    agreement, invitation = _locked(pk, partner)
    projects.require_open(agreement, partner)
    if seen is not None and seen != invitation.sending:
        raise NotPossible(invitations.sent_already())
    token, now = invitation_links.new_token(), timezone.now()
    invitation.token_sha256 = invitation_links.digest(token)
    invitation.sent_at, invitation.expires_at = now, now + LASTS
    invitation.invited_by, invitation.partner = by, partner  # who answers for it from now on
    invitation.save(
        update_fields=["token_sha256", "sent_at", "expires_at", "invited_by", "partner"]
    )
    outside = str(invitation.pk)
    record(agreement, Kind.OUTSIDE_INVITED, by=by, partner=partner, outside=outside)
    return Sendable(invitation, token)


@transaction.atomic
def withdraw(pk: UUID, *, by: User, partner: Partner) -> OutsideInvitation:
    """From now on the link opens nothing."""
    agreement, invitation = _locked(pk, partner)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    outside = str(invitation.pk)
    record(agreement, Kind.OUTSIDE_WITHDRAWN, by=by, partner=partner, outside=outside)
    return invitation


def find(digest: str) -> OutsideInvitation | None:
    """The invitation whose link this is, if it opens anything at this moment."""
    rows = OutsideInvitation.objects.open().filter(token_sha256=digest)
    found = rows.select_related("partner", "invited_by").first() if digest else None
    return found if found and _is_vouched_for(found) else None


def firms_of(user: User) -> list[Partner]:
    """Firms that the person may name: those for which they may answer an invitation."""
    own = Membership.objects.active().filter(user=user).select_related("partner")
    return [each.partner for each in own.order_by("joined_at", "pk") if _may_answer(each)]


@transaction.atomic
def accept(digest: str, *, by: User, partner: Partner) -> Participation:
    """Name the firm: it is invited then like any other, and answers for itself."""
    found = find(digest)
    if found is None:
        raise NotPossible(invitations.gone())
    agreement = lock(_latest(found.project_id))
    invitation = find(digest)
    if invitation is None:
        raise NotPossible(invitations.gone())
    if not invitations.is_for(invitation, by):
        raise NotPossible(_("This invitation is for another address."))
    if partner not in firms_of(by):
        raise NotPossible(_("Only partner managers and people who may sign can name the firm."))
    place = projects.invite(
        agreement.pk,
        partner,
        by=invitation.invited_by,
        partner=invitation.partner,
        role=invitation.role,
        message=invitation.message,
    )
    invitation.accepted_at, invitation.accepted_by = timezone.now(), by
    invitation.participation = place
    invitation.save(update_fields=["accepted_at", "accepted_by", "participation"])
    return place


def send(sendable: Sendable) -> bool:
    """The link to the invited mailbox; nothing of the project or its customer."""
    invitation = sendable.invitation
    with translation.override(invitation.language):
        title = _("%(firm)s invites you to work together")
        until = joining_mails.day(invitation.expires_at)
    path = reverse("cooperation:outside_link", args=[sendable.token])
    return joining_mails.send(
        "cooperation/mail/outside_invitation.txt",
        to=invitation.email,
        language=invitation.language,
        title=title,
        facts={
            "firm": invitation.partner.name,
            "inviter": invitation.invited_by.name,
            "until": until,
            "link": mails.absolute(path),
        },
    )


def _may_answer(membership: Membership) -> bool:
    return membership.is_partner_manager or membership.may_sign


def _is_vouched_for(invitation: OutsideInvitation) -> bool:
    """Whoever invited must be allowed to still, for a firm that takes part still."""
    managers = Membership.objects.active().filter(
        user=invitation.invited_by_id, partner=invitation.partner_id, is_partner_manager=True
    )
    places = Participation.objects.accepted().filter(project=invitation.project_id)
    return managers.exists() and places.filter(partner=invitation.partner_id).exists()


def _latest(project_id: UUID) -> UUID:
    agreements = Agreement.objects.filter(project=project_id)
    return agreements.latest("created_at").pk


def _locked(pk: UUID, partner: Partner) -> tuple[Agreement, OutsideInvitation]:
    project_id = OutsideInvitation.objects.values_list("project", flat=True).get(pk=pk)
    agreement = lock(_latest(project_id))
    require_party(agreement, partner)
    invitation = OutsideInvitation.objects.select_related("partner", "invited_by").get(pk=pk)
    if invitation.accepted_at or invitation.withdrawn_at:
        raise NotPossible(_("This invitation was accepted or withdrawn already."))
    return agreement, invitation
