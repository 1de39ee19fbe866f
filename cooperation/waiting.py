"""What waits for a person in this room, and for whom they wait."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import (
    amendment_waiting,
    disputes_waiting,
    ending_waiting,
    first_round_waiting,
    first_rounds,
    perms,
    points,
    sheets,
    standing,
)
from cooperation.models import (
    Agreement,
    AgreementDocument,
    AgreementVersion,
    Amendment,
    Participation,
    SignatureSlot,
)
from cooperation.points import Blocker, Reason, Sheet
from partners.models import Membership, Partner, User
from partners.waiting import Waiting

NEWS = timedelta(days=7)  # how long an agreement that came into force is news


@dataclass(frozen=True)
class Desk:
    """The reader: their memberships by firm, and what they may see."""

    user: User
    memberships: dict[UUID, Membership] = field(default_factory=dict)

    def membership(self, firms: Iterable[str]) -> Membership | None:
        """The membership in one of these firms (keys as text)."""
        keys = set(firms)
        return next((m for firm, m in self.memberships.items() if str(firm) in keys), None)


def for_user(user: User) -> list[Waiting]:
    """All lines, the oldest first; the number of queries does not grow with the rows."""
    active = Membership.objects.active().filter(user=user).select_related("partner")
    desk = Desk(user, {membership.partner_id: membership for membership in active})
    if not desk.memberships:
        return disputes_waiting.for_guest(user)
    agreements = list(
        Agreement.objects.visible_to(user)
        .filter(status=Agreement.Status.DRAFT)
        .select_related("project", "blind_round")
    )
    # An amendment is not worked on any more once the agreement it changes is over.
    standing.bring_up_to_date(agreements, standing.today())
    agreements = [agreement for agreement in agreements if agreement.is_draft]
    lines = _invitations(desk)
    loaded, closed = sheets.load_many(agreements), _closed_rounds(desk, agreements)
    pending, changes = first_rounds.pending(agreements), amendment_waiting.of(agreements)
    by_id = {agreement.pk: agreement for agreement in agreements}
    lines += first_round_waiting.lines(pending, by_id, loaded, desk.memberships)
    for agreement in agreements:
        if agreement.pk in pending:  # its points rest
            continue
        last = closed.get(agreement.pk)
        sheet, change = loaded[agreement.pk], changes.get(agreement.pk)
        found = _negotiation(desk, agreement, sheet, last)
        people = desk.memberships.values()
        lines += amendment_waiting.named(found, agreement, sheet, change, people)
    lines += _signing(desk) + _in_force(desk)
    lines += ending_waiting.lines(user, desk.memberships)
    lines += disputes_waiting.for_firms(user, desk.memberships) + disputes_waiting.for_guest(user)
    return sorted(lines, key=lambda line: line.since or timezone.now())


def firms_by_project(user: User, projects: Iterable[UUID]) -> dict[UUID, str]:
    """The reader's firms in each of these projects, by name; for people of several firms."""
    places = Participation.objects.filter(
        project__in=set(projects), partner__in=Partner.objects.of(user)
    ).exclude(state__in=[Participation.State.DECLINED, Participation.State.WITHDRAWN])
    found: dict[UUID, list[str]] = {}
    for project, name in places.order_by("position").values_list("project", "partner__name"):
        found.setdefault(project, []).append(name)
    return {project: ", ".join(names) for project, names in found.items()}


def _invitations(desk: Desk) -> list[Waiting]:
    lines = []
    open_ones = Participation.objects.visible_to(desk.user).invited()
    for place in open_ones.select_related("project", "partner", "invited_by_partner"):
        membership = desk.memberships.get(place.partner_id)
        mine = perms.can_respond_invitation(membership, place)
        if mine:
            said = _("%(inviter)s invites %(firm)s to take part.") % {
                "inviter": place.invited_by_partner.name,
                "firm": place.partner.name,
            }
        else:
            said = _("%(firm)s has not answered the invitation yet.") % {"firm": place.partner.name}
        if membership is not None:
            url = reverse("cooperation:invitation", args=[place.pk])
        else:
            url = reverse("cooperation:project_detail", args=[place.project_id])
        lines.append(
            Waiting(
                title=place.project.name,
                project_id=place.project_id,
                detail=said,
                url=url,
                action=_("Answer the invitation") if mine else _("See the project"),
                kind="invitation",
                since=place.invited_at,
                mine=mine,
            )
        )
    return lines


# ---- Points ------------------------------------------------------------------------------------


def _closed_rounds(desk: Desk, agreements: list[Agreement]) -> dict[UUID, AgreementVersion]:
    """The last signing round of each agreement that is negotiated again, if it was the reader's."""
    visible = AgreementVersion.objects.visible_to(desk.user)
    versions = visible.filter(agreement__in=agreements).defer("payload")
    ordered = versions.select_related("closed_by_partner", "amendment").order_by("number")
    newest = {version.agreement_id: version for version in ordered}
    return {pk: version for pk, version in newest.items() if _has_failed(version)}


def _has_failed(version: AgreementVersion) -> bool:
    """It failed, and its points are negotiated again: not with a change that was dropped."""
    dropped = version.amendment and version.amendment.state == Amendment.State.DROPPED
    return version.closed_at is not None and not dropped


def _negotiation(
    desk: Desk, agreement: Agreement, sheet: Sheet, last: AgreementVersion | None
) -> list[Waiting]:
    membership = desk.membership(party.key for party in sheet.parties)
    if membership is None:
        return []
    sheet = sheet.seen_by(str(membership.partner_id))
    blockers = points.blockers(sheet)
    lines = []
    if last is not None and not _changed_since(sheet, last):
        lines.append(_closed(agreement, last, membership))
    elif not blockers:
        lines.append(_ready(agreement, membership))
    own = [blocker for blocker in blockers if _is_for(blocker, membership)]
    if own:
        count = len(own)
        said = ngettext(
            "%(count)s point waits for your firm's answer or confirmation.",
            "%(count)s points wait for your firm's answer or confirmation.",
            count,
        ) % {"count": count}
        since = min(_since(agreement, sheet, blocker) for blocker in own)
        lines.append(_line(agreement, said, _("Go to the points"), "answer", since, mine=True))
    lines += _others(agreement, sheet, blockers, membership, mine=bool(own))
    return lines


def _changed_since(sheet: Sheet, last: AgreementVersion) -> bool:
    """Whether an answer was changed after the round was closed: then it has been taken up."""
    here = [sheet, *sheet.pairs.values()]
    changes = (given.at for each in here for given in each.answers.values())
    return any(at and last.closed_at and at > last.closed_at for at in changes)


def _closed(agreement: Agreement, last: AgreementVersion, membership: Membership) -> Waiting:
    """Somebody declined, or took the round back: the points are to be looked at again."""
    firm = last.closed_by_partner.name if last.closed_by_partner else ""
    if last.state == AgreementVersion.State.EXPIRED:
        said = _("Version %(number)s was not signed by all firms in time.")
    elif last.state == AgreementVersion.State.DECLINED:
        said = _("%(firm)s has not signed version %(number)s: “%(reason)s”")
    elif last.reason:
        said = _("%(firm)s took the signing of version %(number)s back: “%(reason)s”")
    else:
        said = _("%(firm)s took the signing of version %(number)s back.")
    return Waiting(
        title=agreement.project.name,
        project_id=agreement.project_id,
        detail=said % {"firm": firm, "number": last.number, "reason": last.reason},
        url=reverse("cooperation:agreement_detail", args=[agreement.pk]),
        action=_("Go to the points"),
        kind="closed",
        since=last.closed_at,
        mine=membership.is_partner_manager or membership.may_sign,
    )


def _is_for(blocker: Blocker, membership: Membership) -> bool:
    """Whether the person can do something about it, for their firm."""
    if blocker.point is None or not perms.may_edit_point(membership, blocker.point):
        return False
    return points.is_turn_of(blocker, str(membership.partner_id))


def _others(
    agreement: Agreement,
    sheet: Sheet,
    blockers: list[Blocker],
    membership: Membership,
    *,
    mine: bool,
) -> list[Waiting]:
    """One line with every firm that is waited for, with its number of points."""
    counts: dict[str, int] = {}
    dates = []
    for blocker in blockers:
        if blocker.point is None or blocker.reason is Reason.TALK:
            continue
        waited = set(blocker.parties) - ({str(membership.partner_id)} if mine else set())
        for party in waited:
            counts[party] = counts.get(party, 0) + 1
        if waited:
            dates.append(_since(agreement, sheet, blocker))
    if not counts:
        return []
    named = [
        ngettext("%(firm)s (%(count)s point)", "%(firm)s (%(count)s points)", counts[party.key])
        % {"firm": party.name, "count": counts[party.key]}
        for party in sheet.parties
        if party.key in counts
    ]
    said = _("Waits for %(firms)s.") % {"firms": ", ".join(named)}
    return [_line(agreement, said, _("See the points"), "answer", min(dates), mine=False)]


def _since(agreement: Agreement, sheet: Sheet, blocker: Blocker) -> datetime:
    """When the point came to wait: with the talk, the last change of its answer, or the start."""
    assert blocker.point is not None  # noqa: S101 -- callers pass points only
    key = blocker.point.key
    if blocker.reason is Reason.ELSEWHERE:
        return agreement.created_at  # what happened between two other firms is theirs
    here = sheet if blocker.pair is None else sheet.pairs[blocker.pair]
    if blocker.reason is Reason.TALK:
        return min(talk.at for talk in here.talks[key])
    changes = [
        given.at for (point, _party), given in here.answers.items() if point == key and given.at
    ]
    if blocker.reason is Reason.UNCONFIRMED and changes:
        return max(changes)
    return agreement.created_at


def _ready(agreement: Agreement, membership: Membership) -> Waiting:
    """Nothing blocks: somebody has to begin the signing round."""
    mine = membership.is_partner_manager or membership.may_sign
    said = (
        _("Everything is agreed. The agreement can be signed.")
        if mine
        else _("Everything is agreed. A partner manager starts the signing.")
    )
    action = _("Start signing") if mine else _("See the agreement")
    return Waiting(
        title=agreement.project.name,
        project_id=agreement.project_id,
        detail=said,
        url=reverse("cooperation:ready", args=[agreement.pk]),
        action=action,
        kind="freeze",
        since=None,
        mine=mine,
    )


def _line(
    agreement: Agreement,
    said: str,
    action: str,
    kind: str,
    since: datetime | None,
    *,
    mine: bool,
) -> Waiting:
    url = reverse("cooperation:agreement_detail", args=[agreement.pk])
    return Waiting(
        title=agreement.project.name,
        project_id=agreement.project_id,
        detail=said,
        url=f"{url}?show=mine" if mine else url,
        action=action,
        kind=kind,
        since=since,
        mine=mine,
    )


# ---- Versions ----------------------------------------------------------------------------------


def _signing(desk: Desk) -> list[Waiting]:
    lines = []
    slots = SignatureSlot.objects.select_related("partner").prefetch_related("signatures")
    rounds = (
        AgreementVersion.objects.visible_to(desk.user)
        .filter(state=AgreementVersion.State.SIGNING)
        .defer("payload")
        .select_related("agreement__project")
        .prefetch_related(Prefetch("slots", queryset=slots))
    )
    standing.bring_up_to_date([version.agreement for version in rounds], standing.today())
    for version in rounds:
        if version.agreement.is_closed:
            continue
        waited = [slot for slot in version.slots.all() if slot.is_open]
        own = [slot for slot in waited if _can_sign(desk, slot)]
        for slot in own:
            said = _("Version %(number)s waits for your signature for %(firm)s.") % {
                "number": version.number,
                "firm": slot.partner.name,
            }
            lines.append(_version_line(version, said, _("Read and sign"), mine=True))
        others = [slot.partner.name for slot in waited if slot not in own]
        if others:
            said = _("Waits for the signature of %(firms)s.") % {"firms": ", ".join(others)}
            lines.append(_version_line(version, said, _("See the version"), mine=False))
    return lines


def _can_sign(desk: Desk, slot: SignatureSlot) -> bool:
    membership = desk.memberships.get(slot.partner_id)
    signed = any(signature.signer_id == desk.user.pk for signature in slot.signatures.all())
    return bool(membership and membership.may_sign and not desk.user.is_staff and not signed)


def _version_line(version: AgreementVersion, said: str, action: str, *, mine: bool) -> Waiting:
    return Waiting(
        title=amendment_waiting.title(version.agreement),
        project_id=version.agreement.project_id,
        detail=said,
        url=reverse("cooperation:version", args=[version.pk]),
        action=action,
        kind="sign",
        since=version.frozen_at,
        mine=mine,
    )


def _in_force(desk: Desk) -> list[Waiting]:
    lines = []
    own_documents = AgreementDocument.objects.visible_to(desk.user).select_related("document")
    fresh = (
        AgreementVersion.objects.visible_to(desk.user)
        .filter(state=AgreementVersion.State.IN_FORCE, in_force_at__gte=timezone.now() - NEWS)
        .defer("payload")
        .select_related("agreement__project")
        .prefetch_related(Prefetch("documents", queryset=own_documents))
    )
    for version in fresh:
        documents = [link.document for link in version.documents.all()]
        ready = bool(documents) and all(document.is_ready for document in documents)
        said = (
            _("Signed by all and in force. The PDFs are ready.")
            if ready
            else _("Signed by all and in force. The PDFs are being made.")
        )
        lines.append(
            Waiting(
                title=version.agreement.project.name,
                project_id=version.agreement.project_id,
                detail=said,
                url=reverse("cooperation:version", args=[version.pk]),
                action=_("Open the agreement"),
                kind="in_force",
                since=version.in_force_at,
                mine=True,
            )
        )
    return lines
