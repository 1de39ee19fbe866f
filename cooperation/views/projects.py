"""Customer projects and invitations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import (
    agreement_documents,
    blind,
    dispute_pages,
    fast_track,
    first_rounds,
    history,
    marks,
    perms,
    points,
    projects,
    rule_books,
    sheets,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.book import Book
from cooperation.first_rounds import Pending
from cooperation.forms import InviteForm, ProjectForm, ReasonForm
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    CustomerProject,
    Participation,
    SignatureSlot,
)
from cooperation.points import Sheet
from cooperation.standing import Standing
from cooperation.views import amendment_parts, ending_parts, first_round_parts
from cooperation.views.desk import act_in
from partners.middleware import PortalRequest, act_for
from partners.models import Partner, User
from scoring import what_if

EVENTS_SHOWN = 40
Depth = Agreement.Depth


@dataclass(frozen=True, slots=True)
class Line:
    """A project in the list."""

    project: CustomerProject
    agreement: Agreement
    mark: marks.Mark
    firms: str
    waits: str  # whom it waits for, in words; empty when it waits for nobody
    mine: bool
    since: datetime | None
    last_day: date | None  # once the end is announced, near or past


def _latest(agreements: Sequence[Agreement]) -> dict[UUID, Agreement]:
    """The living agreement of each project, else its last one."""
    found: dict[UUID, Agreement] = {}
    for agreement in sorted(agreements, key=lambda a: (not a.is_closed, a.created_at)):
        found[agreement.project_id] = agreement
    return found


@require_GET
def project_list(request: PortalRequest) -> HttpResponse:
    """The projects of the own firm, and invitations to it; under ``?away`` what was put away."""
    visible = Agreement.objects.visible_to(request.user)
    visible = visible.select_related("project", "blind_round")
    own = str(request.partner.pk) if request.partner else ""
    agreements = _latest(list(visible.annotate(moved_at=_moved(own)).order_by("-moved_at", "pk")))
    found = standing.bring_up_to_date(agreements.values(), standing.today())
    away = _put_away(request, agreements)
    show_away = "away" in request.GET
    agreements = {pk: each for pk, each in agreements.items() if (pk in away) == show_away}
    loaded = sheets.load_many(agreements.values())
    waiting = _waiting_to_sign(agreements.values())
    pending = first_rounds.pending(agreements.values())
    lines = [
        _line(
            found[agreement.pk],
            loaded[agreement.pk].seen_by(own),
            waiting[agreement.pk],
            own,
            pending.get(agreement.pk),
        )
        for agreement in agreements.values()
    ]
    lines.sort(
        key=lambda line: (
            not line.mine,
            line.agreement.is_closed,
            -line.since.timestamp() if line.since else 0,
        )
    )
    invitations = (
        Participation.objects.invited()
        .filter(partner__in=Partner.objects.of(request.user))
        .select_related("project", "invited_by", "invited_by_partner")
        .order_by("invited_at", "pk")
    )
    context = {
        "lines": lines,
        "invitations": [] if show_away else invitations,
        "former": [] if show_away else amendment_parts.former(request.user),
        "away": len(away),
        "show_away": show_away,
        "may_create": perms.can_create_project(request.membership),
    }
    return render(request, "cooperation/project_list.html", context)


def _moved(own: str) -> Max:
    """When something last happened that the reader's firm may know of."""
    known = Q(events__pair=None)
    if own:
        known |= Q(events__pair__first=own) | Q(events__pair__second=own)
    return Max("events__at", filter=known)


def _put_away(request: PortalRequest, agreements: Mapping[UUID, Agreement]) -> set[UUID]:
    """Projects over and put away by a firm of the reader."""
    closed = {pk for pk, agreement in agreements.items() if agreement.is_closed}
    if not closed:
        return set()
    places = Participation.objects.accepted().filter(
        partner__in=Partner.objects.of(request.user), archived_at__isnull=False
    )
    return closed & set(places.values_list("project", flat=True))


def _waiting_to_sign(agreements: Any) -> dict[UUID, list[tuple[str, str]]]:
    """Firms (key, name) whose signature is missing, by agreement."""
    slots = SignatureSlot.objects.filter(
        version__agreement__in=[agreement.pk for agreement in agreements],
        version__state=AgreementVersion.State.SIGNING,
        completed_at=None,
    ).select_related("partner")
    missing: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for agreement_id, partner_id, name in slots.values_list(
        "version__agreement", "partner", "partner__name"
    ):
        missing[agreement_id].append((str(partner_id), name))
    return missing


def _line(
    found: Standing,
    sheet: Sheet,
    signers: list[tuple[str, str]],
    own: str,
    pending: Pending | None,
) -> Line:
    agreement = found.agreement
    asked: list[tuple[str, str]] = []
    if agreement.is_draft:
        mark = marks.mark(points.summary(sheet))
        if pending is not None:  # the points rest, the first round waits for answers
            waited = list(pending.missing)
        else:
            waited = [party for party in sheet.parties if points.turns(sheet, party.key)]
        asked = [(party.key, party.name) for party in waited]
        if not asked:
            asked = [("", name) for name in sheet.invited]
    elif agreement.status == Agreement.Status.ABANDONED:
        mark = marks.mark(points.summary(sheet))
    else:
        mark = marks.whole([(rule.number, str(rule.short)) for rule in sheet.book.rules])
        asked = [] if agreement.is_closed else signers
    mine = any(key == own for key, _name in asked)
    others = [name for key, name in asked if key != own]
    moved_at: datetime | None = agreement.moved_at  # type: ignore[attr-defined]
    return Line(
        project=agreement.project,
        agreement=agreement,
        mark=mark,
        firms=", ".join(party.name for party in sheet.parties if party.key != own),
        waits=_waits(mine, others),
        mine=mine,
        since=moved_at,
        last_day=found.last_day if found.is_ending else None,
    )


def _waits(mine: bool, others: list[str]) -> str:
    names = ", ".join(others)
    if mine and others:
        return _("Waits for you and %(names)s") % {"names": names}
    if mine:
        return _("Waits for you")
    return _("Waits for %(names)s") % {"names": names} if others else ""


@require_http_methods(["GET", "POST"])
def project_create(request: PortalRequest, *, is_frame: bool = False) -> HttpResponse:
    """A new project or frame agreement, with invitations if the form names firms."""
    if not perms.can_create_project(request.membership) or request.partner is None:
        raise PermissionDenied
    user, partner = request.user, request.membership.partner  # type: ignore[union-attr]
    form = ProjectForm(request.POST or None, user=user, partner=partner, is_frame=is_frame)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        agreement = _begin(data, is_frame=is_frame, by=user, partner=partner)
        messages.success(request, _created(len(data["firms"])))
        return redirect("cooperation:project_detail", pk=agreement.project_id)
    context = {"form": form, "is_frame": is_frame}
    return render(request, "cooperation/project_create.html", context)


@transaction.atomic
def _begin(data: dict[str, Any], *, is_frame: bool, by: User, partner: Partner) -> Agreement:
    said: dict[str, Any] = {
        "name": data["name"],
        "is_frame": is_frame,
        "customer_name": data.get("customer_name", ""),
        "description": data["description"],
        "rule_book": rule_books.current(data.get("rule_book", "")),
        "by": by,
        "partner": partner,
    }
    if (same := projects.begun_at_once(**said, firms=data["firms"])) is not None:
        return same
    agreement = projects.create(
        **said,
        customer_is_alias=data.get("customer_is_alias", False),
        role=data["role"],
        depth=Depth.EXPLORATORY if data["depth"] == Depth.EXPLORATORY else Depth.FULL,
    )
    if data["depth"] == "first_round":
        blind.open_round(agreement.pk, by=by, partner=partner)
    if data["depth"] == Depth.FAST_TRACK:
        fast_track.press(agreement.pk, by=by, partner=partner)
    for firm in data["firms"]:
        projects.invite(agreement.pk, firm, by=by, partner=partner, message=data["message"])
    return agreement


def _created(invited: int) -> str:
    if not invited:
        return _("The project is there. Now invite the firms that take part.")
    return ngettext(
        "The project is there and %(number)s firm is invited.",
        "The project is there and %(number)s firms are invited.",
        invited,
    ) % {"number": invited}


def project_agreement(request: PortalRequest, pk: UUID) -> Agreement:
    """The living or last agreement of a project the reader's firm takes part in, or 404."""
    project = get_object_or_404(CustomerProject.objects.visible_to(request.user), pk=pk)
    act_in(request, project.pk)
    agreements = Agreement.objects.filter(project=project)
    agreements = agreements.select_related("project", "blind_round")
    return _latest(list(agreements))[project.pk]


def _firm(request: PortalRequest) -> Partner:
    """The firm the reader acts for."""
    membership = request.membership or None  # a lazy object, also when it holds nothing
    if membership is None:
        raise PermissionDenied
    return membership.partner


@require_GET
def project_detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """A project: who takes part, where the agreement stands, what happened."""
    agreement = project_agreement(request, pk)
    found = standing.bring_up_to_date([agreement], standing.today())[agreement.pk]
    firm = _firm(request)
    own = str(firm.pk)
    sheet = sheets.load(agreement).seen_by(own)
    pending = first_rounds.pending([agreement]).get(agreement.pk)
    places = Participation.objects.filter(project=agreement.project_id)
    firms = list(places.select_related("partner", "invited_by_partner", "responded_by"))
    events = AgreementEvent.objects.filter(agreement=agreement).known_to(firm)
    events = events.select_related("by", "partner", "pair")
    shown = list(events.order_by("-seq")[: EVENTS_SHOWN + 1])
    names = {str(place.partner_id): place.partner.name for place in firms}
    living = [AgreementVersion.State.IN_FORCE]
    if not agreement.is_closed:  # a round that was open on the last day is over, too
        living.append(AgreementVersion.State.SIGNING)
    versions = AgreementVersion.objects.visible_to(request.user).filter(
        agreement=agreement, state__in=living
    )
    version = versions.defer("payload").order_by("-number").first()
    joined_at = next((p.responded_at for p in firms if str(p.partner_id) == own), None)
    to_us = what_if.shown_by(firm, [place.partner for place in firms], timezone.localdate())
    context = {
        "project": agreement.project,
        "agreement": agreement,
        "book": sheet.book,
        "line": _line_of(found, sheet, own, pending),
        "first_round": first_round_parts.panel(
            agreement, sheet, request.membership or None, pending
        ),
        "change": amendment_parts.panel(agreement, request.membership or None, sheet),
        "ending": ending_parts.panel(found, firms, request.membership or None),
        "blockers": points.blockers(sheet) if agreement.is_draft else [],
        "my_turns": len(points.turns(sheet, own)) if agreement.is_draft and own else 0,
        # What each of them chose to show to the reader's firm, beside its name.
        "places": [(place, to_us.get(place.partner_id)) for place in firms],
        "may_invite": agreement.is_draft and perms.can_invite(request.membership, agreement),
        "entries": history.entries(shown[:EVENTS_SHOWN], sheet.book, names, joined_at=joined_at),
        "more_entries": len(shown) > EVENTS_SHOWN,
        "disputes": dispute_pages.of_project(request.user, agreement.project),
        "version": version,
        "slots": [],
        "documents": [],
    }
    if version is not None:
        context["slots"] = (
            version.slots.select_related("partner").prefetch_related("signatures").all()
        )
        context["documents"] = agreement_documents.of(version, firm)
    return render(request, "cooperation/project_detail.html", context)


def _line_of(found: Standing, sheet: Sheet, own: str, pending: Pending | None) -> Line:
    agreement = found.agreement
    agreement.moved_at = None  # type: ignore[attr-defined]
    return _line(found, sheet, _waiting_to_sign([agreement])[agreement.pk], own, pending)


@require_http_methods(["GET", "POST"])
def project_invite(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Invite one more firm."""
    agreement = project_agreement(request, pk)
    if not perms.can_invite(request.membership, agreement) or request.membership is None:
        raise PermissionDenied
    form = InviteForm(request.POST or None, user=request.user, project=agreement.project)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            projects.invite(
                agreement.pk,
                data["firm"],
                by=request.user,
                partner=request.membership.partner,
                role=data["role"],
                message=data["message"],
            )
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(firm)s is invited.") % {"firm": data["firm"].name})
            return redirect("cooperation:project_detail", pk=pk)
    context = {"form": form, "project": agreement.project, "agreement": agreement}
    return render(request, "cooperation/project_invite.html", context)


# ---- Invitations -------------------------------------------------------------------------------


def _invitation(request: PortalRequest, pk: UUID) -> Participation:
    """An open invitation to one of the reader's firms, or 404."""
    invitations = Participation.objects.visible_to(request.user).filter(
        partner__in=Partner.objects.of(request.user), state=Participation.State.INVITED
    )
    related = invitations.select_related("project", "partner", "invited_by", "invited_by_partner")
    place = get_object_or_404(related, pk=pk)
    act_for(request, {place.partner_id})
    return place


def _book(place: Participation) -> Book:
    """The rule book of the project: what one would be settling is no secret."""
    agreements = Agreement.objects.filter(project=place.project_id).order_by("-created_at")
    return rule_books.by_id(agreements.values_list("rule_book", flat=True)[0])


@require_GET
def invitation(request: PortalRequest, pk: UUID) -> HttpResponse:
    """All that an invited firm may know: the project's name, who invites, and what they wrote."""
    place = _invitation(request, pk)
    context = {
        "invitation": place,
        "may_respond": perms.can_respond_invitation(request.membership, place),
        "book": _book(place),
        "form": ReasonForm(),
    }
    return render(request, "cooperation/invitation.html", context)


@require_POST
def invitation_accept(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take part."""
    place = _invitation(request, pk)
    if not perms.can_respond_invitation(request.membership, place):
        raise PermissionDenied
    try:
        projects.accept(pk, by=request.user)
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:project_list")
    messages.success(request, _("Welcome. Your firm takes part; here is what it is about."))
    return redirect("cooperation:project_detail", pk=place.project_id)


@require_POST
def invitation_decline(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Do not take part."""
    place = _invitation(request, pk)
    if not perms.can_respond_invitation(request.membership, place):
        raise PermissionDenied
    form = ReasonForm(request.POST)
    if not form.is_valid():
        context = {
            "invitation": place,
            "may_respond": True,
            "book": _book(place),
            "form": form,
        }
        return render(request, "cooperation/invitation.html", context)
    try:
        projects.decline(pk, by=request.user, reason=form.cleaned_data["reason"])
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Declined. The firm that invited you sees it in its project."))
    return redirect("cooperation:project_list")


@require_POST
def invitation_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take an invitation of the own project back."""
    seen = Participation.objects.filter(
        project__in=CustomerProject.objects.visible_to(request.user)
    )
    place = get_object_or_404(seen.select_related("project"), pk=pk)
    agreement = project_agreement(request, place.project_id)
    if not perms.can_invite(request.membership, agreement) or request.membership is None:
        raise PermissionDenied
    try:
        projects.withdraw_invitation(pk, by=request.user, partner=request.membership.partner)
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("The invitation is taken back."))
    return redirect("cooperation:project_detail", pk=place.project_id)
