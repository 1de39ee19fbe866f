"""Who may do what in the cooperation room.

The functions take the membership a person acts with (``request.membership``): it names person, firm
and roles, so a page of 68 points asks no extra query. Whether a step is possible *now* is for the
verbs to say, with a sentence; whether one may see the object at all is ``visible_to``.
"""

from cooperation.book import Point
from cooperation.models import (
    Agreement,
    AgreementVersion,
    CustomerProject,
    Dispute,
    Participation,
    SignatureSlot,
)
from partners.models import Membership


def _takes_part(membership: Membership, project: CustomerProject) -> bool:
    places = Participation.objects.accepted().filter(project=project)
    return places.filter(partner=membership.partner_id).exists()


def can_create_project(membership: Membership | None) -> bool:
    return bool(membership and membership.is_partner_manager)


def can_invite(membership: Membership | None, agreement: Agreement) -> bool:
    """Inviting, and taking an invitation back, is for the partner managers of the firms."""
    return bool(
        membership and membership.is_partner_manager and _takes_part(membership, agreement.project)
    )


def can_respond_invitation(membership: Membership | None, invitation: Participation) -> bool:
    """Taking part binds the firm's time: its partner managers and those who may sign decide."""
    return bool(
        membership
        and membership.partner_id == invitation.partner_id
        and (membership.is_partner_manager or membership.may_sign)
    )


def can_edit_points(membership: Membership | None, agreement: Agreement) -> bool:
    """Whether the person may work on any point of this agreement."""
    return bool(
        membership
        and (
            membership.is_partner_manager or membership.is_project_lead or membership.is_specialist
        )
        and _takes_part(membership, agreement.project)
    )


def may_edit_point(membership: Membership | None, point: Point) -> bool:
    """Whether the roles cover this point; ask ``can_edit_points`` once for the agreement.

    Partner managers and specialists all points, project leads those of the rules that the book
    names for them (in the Kodex communication, responsibilities and people).
    """
    if not membership:
        return False
    if membership.is_partner_manager or membership.is_specialist:
        return True
    return membership.is_project_lead and point.for_leads


def can_edit_point(membership: Membership | None, agreement: Agreement, point: Point) -> bool:
    return may_edit_point(membership, point) and can_edit_points(membership, agreement)


def can_take_fast_track(membership: Membership | None, agreement: Agreement) -> bool:
    """It speaks for every rule at once, so it needs somebody who may edit every point."""
    return bool(
        membership and membership.is_partner_manager and _takes_part(membership, agreement.project)
    )


def can_comment(membership: Membership | None, agreement: Agreement) -> bool:
    """Writing beside a point: everybody of the firm who works on it or signs, not observers."""
    return bool(
        membership
        and not agreement.is_closed
        and (membership.may_sign or membership.is_admin or can_edit_points(membership, agreement))
        and _takes_part(membership, agreement.project)
    )


def can_reuse(membership: Membership | None, agreement: Agreement) -> bool:
    """Taking answers over speaks for every rule at once, like the fast track."""
    return can_take_fast_track(membership, agreement)


def can_note_review(membership: Membership | None, agreement: Agreement) -> bool:
    """Whoever works on the agreement may say that a review was held."""
    return can_edit_points(membership, agreement)


def can_keep_preferences(membership: Membership | None) -> bool:
    return bool(membership and membership.is_partner_manager)


def can_change_depth(membership: Membership | None, agreement: Agreement) -> bool:
    """It changes what every firm is asked, so it is for the partner managers."""
    return can_take_fast_track(membership, agreement)


def can_lead_first_round(membership: Membership | None, agreement: Agreement) -> bool:
    """Beginning a first round, handing in, ending it: each speaks for every rule at once."""
    return can_take_fast_track(membership, agreement)


def can_freeze(membership: Membership | None, agreement: Agreement) -> bool:
    """Starting a signing round, and taking it back."""
    return bool(
        membership
        and (membership.is_partner_manager or membership.may_sign)
        and _takes_part(membership, agreement.project)
    )


def can_withdraw(membership: Membership | None, version: AgreementVersion) -> bool:
    return version.state == AgreementVersion.State.SIGNING and can_freeze(
        membership, version.agreement
    )


def can_sign(membership: Membership | None, version: AgreementVersion) -> bool:
    """Signing binds the firm: its people with that right, while its place is open, never staff."""
    if not membership or not membership.may_sign or membership.left_at is not None:
        return False
    if membership.user.is_staff or not membership.user.is_active:
        return False
    if version.state != AgreementVersion.State.SIGNING:
        return False
    slots = SignatureSlot.objects.filter(version=version, completed_at=None)
    own = slots.filter(partner=membership.partner_id)
    return own.exclude(signatures__signer=membership.user_id).exists()


def can_decline(membership: Membership | None, version: AgreementVersion) -> bool:
    """Who may sign may refuse, as long as the firm's place is open."""
    if not membership or not membership.may_sign or membership.user.is_staff:
        return False
    if version.state != AgreementVersion.State.SIGNING:
        return False
    slots = SignatureSlot.objects.filter(version=version, completed_at=None)
    return slots.filter(partner=membership.partner_id).exists()


# ---- The way out -------------------------------------------------------------------------------


def can_end(membership: Membership | None, agreement: Agreement) -> bool:
    """Notice, and an end or going on together, bind the firm as a signature does."""
    return bool(
        membership
        and membership.may_sign
        and not membership.user.is_staff
        and _takes_part(membership, agreement.project)
    )


def can_look_back(membership: Membership | None, agreement: Agreement) -> bool:
    """The closing list and the look back: whoever worked on the project or answers for it."""
    return bool(
        membership
        and (
            membership.is_partner_manager
            or membership.is_project_lead
            or membership.is_specialist
            or membership.may_sign
        )
        and _takes_part(membership, agreement.project)
    )


def can_hand_in(membership: Membership | None, agreement: Agreement) -> bool:
    """Handing a look back in speaks for the firm, as does putting a project away."""
    return can_freeze(membership, agreement)


def can_abandon(membership: Membership | None, agreement: Agreement) -> bool:
    return can_freeze(membership, agreement)


# ---- Points to settle: who is involved, and not who takes part in the project now --------------


def can_open_dispute(membership: Membership | None, version: AgreementVersion) -> bool:
    """Opening a point is for the partner managers and signers of the firms that signed it."""
    if not membership or not (membership.is_partner_manager or membership.may_sign):
        return False
    slots = SignatureSlot.objects.filter(version=version)
    return slots.filter(partner=membership.partner_id).exists()


def is_involved(membership: Membership | None, dispute: Dispute) -> bool:
    """Whether the person reads it for a firm. Reads ``dispute.parties``."""
    places = dispute.parties.all()
    if not membership:
        return False
    return membership.partner_id in {place.partner_id for place in places}


def can_write_in_dispute(membership: Membership | None, dispute: Dispute) -> bool:
    """Entries and proposals: whoever works on the project for a firm involved."""
    return bool(
        membership
        and (
            membership.is_partner_manager
            or membership.is_project_lead
            or membership.is_specialist
            or membership.may_sign
        )
        and is_involved(membership, dispute)
    )


def can_decide_dispute(membership: Membership | None, dispute: Dispute) -> bool:
    """What binds the firm: confirming an outcome, calling the next level, neutral people."""
    return bool(
        membership
        and (membership.is_partner_manager or membership.may_sign)
        and is_involved(membership, dispute)
    )


def can_amend(membership: Membership | None, agreement: Agreement) -> bool:
    """Beginning a change of what is in force, saying why and from when, dropping it."""
    return can_freeze(membership, agreement)


def can_leave(membership: Membership | None, agreement: Agreement) -> bool:
    """Partner managers and people who may sign; of what is signed, the verb asks for the latter."""
    return can_freeze(membership, agreement)


def can_note_contacts(
    membership: Membership | None, version: AgreementVersion, point: Point
) -> bool:
    """Whoever may answer the point may note the own firm's contacts of today."""
    return can_edit_point(membership, version.agreement, point)
