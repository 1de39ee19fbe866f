"""Customer projects: begin one, invite firms, accept, decline, take an invitation back."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import blind, kinds, notices, reuse, rule_books, sheets
from cooperation.agreements import NotPossible, lock, record, require_draft, require_party
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    Confirmation,
    CustomerProject,
    Participation,
    RuleBook,
)
from cooperation.points import Sheet
from partners.models import Partner, User
from support.pressing import AT_ONCE


@transaction.atomic
def create(
    *,
    name: str,
    customer_name: str,
    by: User,
    partner: Partner,
    is_frame: bool = False,
    customer_is_alias: bool = False,
    description: str = "",
    role: str = "",
    rule_book: RuleBook | None = None,
    depth: str = Agreement.Depth.FULL,
) -> Agreement:
    """Begin a project with the own firm in it; returns its agreement (``agreement.project``).

    ``is_frame``: for no customer, but as what later projects of the same firms begin with.
    """
    project = CustomerProject.objects.create(
        name=name,
        is_frame=is_frame,
        customer_name=customer_name,
        customer_is_alias=customer_is_alias,
        description=description,
        created_by=by,
    )
    Participation.objects.create(
        project=project,
        partner=partner,
        role=role,
        position=1,
        state=Participation.State.ACCEPTED,
        invited_by=by,
        invited_by_partner=partner,
        responded_by=by,
        responded_at=timezone.now(),
    )
    agreement = Agreement.objects.create(
        project=project,
        rule_book=rule_book or rule_books.current(),
        depth=depth,
    )
    record(agreement, AgreementEvent.Kind.CREATED, by=by, partner=partner)
    return agreement


def begun_at_once(
    *,
    name: str,
    customer_name: str,
    description: str,
    firms: Iterable[Partner],
    is_frame: bool,
    rule_book: RuleBook,
    by: User,
    partner: Partner,
) -> Agreement | None:
    """The agreement of the same project with the same firms, if ``by`` has begun it just now.

    Whoever asks is alone with their own projects until the transaction ends, so that a form that
    is sent twice at the same instant begins one.
    """
    User.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)
    found = Agreement.objects.filter(
        project__name=name,
        project__customer_name=customer_name,
        project__description=description,
        project__is_frame=is_frame,
        project__created_by=by,
        project__created_at__gt=timezone.now() - AT_ONCE,
        rule_book=rule_book,
    )
    wanted = {partner.pk, *(firm.pk for firm in firms)}
    for agreement in found:
        places = Participation.objects.filter(project=agreement.project_id)
        if wanted <= set(places.values_list("partner", flat=True)):
            return agreement
    return None


def require_open(agreement: Agreement, partner: Partner) -> None:
    """Raise ``NotPossible`` unless ``partner`` may let a further firm be invited now."""
    require_party(agreement, partner)
    if agreement.status == Agreement.Status.IN_FORCE:
        raise NotPossible(
            _(
                "The agreement is in force. A further firm joins with a new version: please begin "
                "a change of the agreement first, then invite the firm into it."
            )
        )
    if not agreement.is_draft:
        raise NotPossible(
            _("The agreement is being signed or over, so no further firm can be invited.")
        )


@transaction.atomic
def invite(
    agreement_id: UUID,
    invitee: Partner,
    *,
    by: User,
    partner: Partner,
    role: str = "",
    message: str = "",
) -> Participation:
    """Invite a firm, or again one that declined or left. Only into an agreement in negotiation.

    What is in force is amended first: whoever joins needs a version that all firms sign.
    """
    agreement = lock(agreement_id)
    require_open(agreement, partner)
    if not invitee.is_active:
        raise NotPossible(_("This firm is no longer active in the portal."))
    places = Participation.objects.filter(project=agreement.project_id)
    place = places.filter(partner=invitee).first()
    if place is not None and place.state == Participation.State.ACCEPTED:
        raise NotPossible(_("This firm takes part already."))
    if place is not None and place.state == Participation.State.INVITED:
        raise NotPossible(_("This firm has been invited already and has not answered yet."))
    if place is None:
        last = places.aggregate(last=Max("position"))["last"] or 0
        place = Participation(project_id=agreement.project_id, partner=invitee, position=last + 1)
    place.state, place.role, place.message = Participation.State.INVITED, role, message
    place.invited_by, place.invited_by_partner = by, partner
    place.invited_at = timezone.now()
    place.responded_by = place.responded_at = None
    # Who left may come back; that it left stays in the log.
    place.left_by = place.left_at = place.leaves_on = None
    place.leaving_reason = ""
    place.save()
    invited = str(invitee.pk)
    event = record(agreement, AgreementEvent.Kind.INVITED, by=by, partner=partner, invited=invited)
    notices.tell(
        agreement,
        "invitation",
        notices.people([invitee], signers=True),
        key=str(event.seq),  # a firm that declined or left may be invited again
        path=reverse("cooperation:invitation", args=[place.pk]),
        person=by.name,
        firm=partner.name,
        invited=invitee.name,
    )
    return place


def _open_invitation(participation_id: UUID) -> tuple[Agreement, Participation]:
    project = Participation.objects.values_list("project", flat=True).get(pk=participation_id)
    # Also one that is over: an invitation may still be open when the agreement ends.
    latest = Agreement.objects.filter(project=project).latest("created_at")
    agreement = lock(latest.pk)
    place = Participation.objects.select_related("partner").get(pk=participation_id)
    if place.state != Participation.State.INVITED:
        raise NotPossible(_("This invitation has been answered or taken back already."))
    return agreement, place


def _close(
    agreement: Agreement, place: Participation, state: Participation.State, by: User
) -> None:
    place.state, place.responded_by, place.responded_at = state, by, timezone.now()
    place.save(update_fields=["state", "responded_by", "responded_at"])
    notices.drop(agreement, "invitation", partner=place.partner)


@transaction.atomic
def accept(participation_id: UUID, *, by: User, role: str | None = None) -> Participation:
    """Take part. Answers that name each firm (RACI, shares) have to be confirmed again by all.

    Every point needs the new firm's confirmation before it is agreed; what the other firms have
    confirmed elsewhere stays confirmed.
    """
    agreement, place = _open_invitation(participation_id)
    require_draft(agreement)
    _close(agreement, place, Participation.State.ACCEPTED, by)
    if role is not None:
        place.role = role
        place.save(update_fields=["role"])
    reuse.keep_names_from(agreement, place.partner)
    reset = make_room(agreement, sheets.load(agreement), by, place.partner)
    record(agreement, AgreementEvent.Kind.ACCEPTED, by=by, partner=place.partner, reset=list(reset))
    return place


def make_room(
    agreement: Agreement, sheet: Sheet, by: User | None = None, partner: Partner | None = None
) -> list[str]:
    """Fit answers that name each firm to the firms of now; keys of those to be confirmed again.

    ``by`` and ``partner``: who joins, and so changes them.
    """
    reset = []
    rows = {
        answer.point_key: answer
        for answer in Answer.objects.filter(agreement=agreement, partner=None, pair=None)
    }
    for point in sheet.book.points.values():
        answer = rows.get(point.key)
        if not point.depends_on_parties or answer is None or answer.value is None:
            continue
        if answer.value["rule"] == "lead":  # its meaning hangs on the lead, not on who is there
            continue
        reset.append(point.key)
        # An answer that does not fit stays, and ``blockers`` asks to look at it again.
        with suppress(kinds.InvalidAnswer):
            answer.value = kinds.clean(answer.value, point, sheet.parties)
        answer.revision += 1  # also for "equal shares": they mean something else now
        if by is not None and partner is not None:
            answer.updated_by, answer.updated_by_partner = by, partner
        answer.updated_at = timezone.now()
        answer.save()
    Confirmation.objects.filter(agreement=agreement, point_key__in=reset, pair=None).delete()
    return reset


@transaction.atomic
def decline(participation_id: UUID, *, by: User, reason: str = "") -> Participation:
    """Do not take part; from then on the firm sees nothing of the project."""
    agreement, place = _open_invitation(participation_id)
    _close(agreement, place, Participation.State.DECLINED, by)
    record(
        agreement,
        AgreementEvent.Kind.INVITATION_DECLINED,
        by=by,
        partner=place.partner,
        reason=reason,
    )
    blind.reconsider(agreement)
    return place


@transaction.atomic
def withdraw_invitation(participation_id: UUID, *, by: User, partner: Partner) -> Participation:
    """Take back an invitation that has not been answered."""
    agreement, place = _open_invitation(participation_id)
    require_party(agreement, partner)
    _close(agreement, place, Participation.State.WITHDRAWN, by)
    record(
        agreement,
        AgreementEvent.Kind.INVITATION_WITHDRAWN,
        by=by,
        partner=partner,
        invited=str(place.partner_id),
    )
    blind.reconsider(agreement)
    return place
