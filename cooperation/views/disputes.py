"""Points to settle: opening one, its page, and every step on the way to an outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import (
    dispute_outcomes,
    dispute_pages,
    disputes,
    frozen,
    neutral_people,
    perms,
)
from cooperation.agreements import NotPossible
from cooperation.dispute_forms import (
    EntryForm,
    ExtendForm,
    FailForm,
    GuestForm,
    OpenForm,
    OutcomeForm,
)
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementVersion,
    CustomerProject,
    Dispute,
    DisputeGuest,
    Pair,
)
from cooperation.views.desk import act_in
from cooperation.working_days import day_of
from partners.middleware import PortalRequest, act_for
from partners.models import Membership, Partner

# ---- Opening -----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def dispute_open(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """Open a point of a version that the own firm signed."""
    versions = AgreementVersion.objects.visible_to(request.user)
    version = get_object_or_404(versions.select_related("agreement__project"), pk=pk)
    act_in(request, version.agreement.project_id)
    content = frozen.content(version.payload)
    point = disputes.find_point(content, key)
    if point is None:
        raise Http404
    membership = request.membership or None
    if membership is None or not perms.can_open_dispute(membership, version):
        raise PermissionDenied
    others = _others(version, membership.partner)
    of_pair = bool(point.get("annex"))
    form = OpenForm(request.POST or None, firms=list(others), of_pair=of_pair)
    if request.method == "POST" and form.is_valid():
        chosen = form.chosen
        try:
            dispute = disputes.begin(
                version.pk,
                key,
                by=request.user,
                partner=membership.partner,
                subject=form.cleaned_data["subject"],
                description=form.cleaned_data["description"],
                others=None if chosen is None else [UUID(firm) for firm in chosen],
            )
        except (NotPossible, InvalidAnswer) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The point is open, and the other side knows of it."))
            return redirect("cooperation:dispute", pk=dispute.pk)
    text = None
    if not of_pair:
        text = dispute_pages.signed_text(version, content, key, None)
    elif len(others) == 1:
        pair = next(iter(others.values()))
        text = dispute_pages.signed_text(version, content, key, pair.pk if pair else None)
    context = {
        "form": form,
        "version": version,
        "project": version.agreement.project,
        "about": frozen.localised(dict(point), get_language() or "de"),
        "book": frozen.localised(content["rule_book"], get_language() or "de"),
        "point": text,
        "others": list(others),
        "chooses": "others" in form.fields,
        "in_force": version.state == AgreementVersion.State.IN_FORCE,
    }
    return render(request, "cooperation/dispute_open.html", context)


def _others(version: AgreementVersion, partner: Partner) -> dict[Partner, Pair | None]:
    """The other firms of the version in their order, each with the pair it makes with ours."""
    pairs: dict[UUID, Pair] = {}
    for pair in Pair.objects.of(partner).filter(annexes__version=version):
        pairs[pair.second_id if pair.first_id == partner.pk else pair.first_id] = pair
    slots = version.slots.select_related("partner").exclude(partner=partner)
    return {slot.partner: pairs.get(slot.partner_id) for slot in slots}


# ---- The page ----------------------------------------------------------------------------------


@dataclass
class Reader:
    """A point to settle in front of one reader: of a firm involved, or the neutral person."""

    dispute: Dispute
    membership: Membership | None
    guest: DisputeGuest | None

    @property
    def partner(self) -> Partner | None:
        return None if self.membership is None else self.membership.partner

    @property
    def may_write(self) -> bool:
        return self.guest is not None or perms.can_write_in_dispute(self.membership, self.dispute)

    @property
    def may_decide(self) -> bool:
        return perms.can_decide_dispute(self.membership, self.dispute)

    def require_write(self) -> None:
        if not self.may_write:
            raise PermissionDenied

    def deciding(self) -> Partner:
        """The firm the reader may decide for, or 403."""
        if self.partner is None or not self.may_decide:
            raise PermissionDenied
        return self.partner


def _reader(request: PortalRequest, pk: UUID) -> Reader:
    """The point in front of the reader, or 404 for whoever may not know that it exists."""
    visible = Dispute.objects.visible_to(request.user)
    dispute = get_object_or_404(dispute_pages.rows().filter(pk__in=visible.values("pk")), pk=pk)
    act_for(request, {place.partner_id for place in dispute.parties.all()})
    membership = request.membership or None
    if perms.is_involved(membership, dispute):
        return Reader(dispute, membership, None)
    active = dispute.guests.active(timezone.now()).filter(user=request.user)
    return Reader(dispute, None, get_object_or_404(active))


@require_GET
def dispute(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Where it stands: the level that runs, the text of the point, what was said, the outcome."""
    return _show(request, _reader(request, pk), {})


def _show(request: PortalRequest, reader: Reader, bound: Mapping[str, forms.Form]) -> HttpResponse:
    """The page; ``bound``: forms that were sent and could not be taken, by their name in it."""
    now = timezone.now()
    page = dispute_pages.page(reader.dispute, now, partner=reader.partner, guest=reader.guest)
    outcome, current = page.outcome, page.current
    context: dict[str, Any] = {
        "page": page,
        "book": page.book,
        "project": _project(request, reader),
        "own_firm": reader.partner,
        "may_write": page.is_open and reader.may_write,
        "may_propose": page.is_open and reader.guest is None and reader.may_write,
        "may_decide": page.is_open and reader.may_decide,
        "may_confirm": page.is_open and reader.may_decide and outcome and not _agreed(page, reader),
        "amend_url": _amend_url(reader),
        "may_withdraw": page.is_open
        and reader.may_decide
        and reader.partner == reader.dispute.opened_by_partner,
        "entry_form": EntryForm(auto_id="entry_%s"),
        "outcome_form": OutcomeForm(
            auto_id="outcome_%s", initial={"revision": outcome.revision if outcome else 0}
        ),
        "fail_form": FailForm(
            auto_id="fail_%s", initial={"level": current.number if current else 0}
        ),
        "guest_form": GuestForm(auto_id="guest_%s", today=day_of(now)),
        "extend_form": ExtendForm(auto_id=False),
        **bound,
    }
    return render(request, "cooperation/dispute.html", context)


def _agreed(page: dispute_pages.Page, reader: Reader) -> bool:
    return any(firm.agreed for firm in page.firms if firm.partner == reader.partner)


def _project(request: PortalRequest, reader: Reader) -> CustomerProject | None:
    """For the way back; a neutral person has none, nor a firm that takes part no longer."""
    if reader.guest is not None:
        return None
    projects = CustomerProject.objects.visible_to(request.user)
    return projects.filter(agreements=reader.dispute.agreement_id).first()


def _amend_url(reader: Reader) -> str:
    """Where a change of the agreement begins that carries the outcome out; empty if none can."""
    dispute = reader.dispute
    if dispute.state != Dispute.State.SETTLED or reader.guest is not None:
        return ""
    agreement = dispute.agreement
    may = agreement.status == Agreement.Status.IN_FORCE and reader.may_decide
    return dispute_outcomes.address(dispute) if may else ""


# ---- Steps -------------------------------------------------------------------------------------


def _back(pk: UUID, anchor: str = "") -> HttpResponse:
    return redirect(reverse("cooperation:dispute", args=[pk]) + anchor)


def _take(
    request: PortalRequest,
    reader: Reader,
    name: str,
    form: forms.Form,
    step: Callable[[], object],
    done: str,
) -> HttpResponse:
    """One step with a form: taken, or the page once more with what was typed and the reason."""
    pk = reader.dispute.pk
    if form.is_valid():
        try:
            step()
        except (NotPossible, InvalidAnswer) as error:
            reader = _reader(request, pk)  # somebody was quicker: as it stands now
            if not reader.dispute.is_open:
                messages.warning(request, str(error))
                return _back(pk)
            if isinstance(error, disputes.StaleOutcome):
                form.data = {**request.POST.dict(), "revision": reader.dispute.outcome_revision}
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return _back(pk)
    return _show(request, reader, {name: form})


def _press(
    request: PortalRequest, pk: UUID, step: Callable[[], object], done: str, anchor: str = ""
) -> HttpResponse:
    """One step of a button alone: what it says stands on the page it leads back to."""
    try:
        step()
    except NotPossible as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return _back(pk, anchor)


@require_POST
def dispute_write(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Say something, for the own firm or as the neutral person."""
    reader = _reader(request, pk)
    reader.require_write()
    form = EntryForm(request.POST, auto_id="entry_%s")
    return _take(
        request,
        reader,
        "entry_form",
        form,
        lambda: disputes.write(
            pk, form.cleaned_data["text"], by=request.user, partner=reader.partner
        ),
        _("Your entry is there. All who take part here can read it."),
    )


@require_POST
def dispute_fail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The level that runs has led to no result: call the next one now."""
    reader = _reader(request, pk)
    partner = reader.deciding()
    form = FailForm(request.POST, auto_id="fail_%s")
    return _take(
        request,
        reader,
        "fail_form",
        form,
        lambda: disputes.declare_failed(
            pk,
            form.cleaned_data["level"],
            reason=form.cleaned_data["reason"],
            by=request.user,
            partner=partner,
        ),
        _("This level has ended."),
    )


@require_POST
def dispute_propose(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Propose an outcome; whoever may decide for the firm confirms it at the same time."""
    reader = _reader(request, pk)
    partner = reader.partner
    if partner is None or not reader.may_write:
        raise PermissionDenied
    form = OutcomeForm(request.POST, auto_id="outcome_%s")
    return _take(
        request,
        reader,
        "outcome_form",
        form,
        lambda: disputes.propose(
            pk,
            form.cleaned_data["outcome"],
            by=request.user,
            partner=partner,
            revision=form.cleaned_data["revision"],
            confirms=reader.may_decide,
        ),
        _("Your proposal is there. It counts once every firm involved has confirmed it."),
    )


@require_POST
def dispute_confirm(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Agree for the own firm to the outcome that the page showed."""
    partner = _reader(request, pk).deciding()
    revision = request.POST.get("revision", "")
    number = int(revision[:9]) if revision.isascii() and revision.isdigit() else -1
    return _press(
        request,
        pk,
        lambda: disputes.confirm(pk, by=request.user, partner=partner, revision=number),
        _("Confirmed for %(firm)s. Thank you.") % {"firm": partner.name},
    )


@require_POST
def dispute_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take the point back, for the firm that opened it."""
    reader = _reader(request, pk)
    partner = reader.deciding()
    if partner != reader.dispute.opened_by_partner:
        raise PermissionDenied
    return _press(
        request,
        pk,
        lambda: disputes.withdraw(pk, by=request.user, partner=partner),
        _("The point is taken back. The others hear of it."),
    )


# ---- The neutral person ------------------------------------------------------------------------


@require_POST
def dispute_invite(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Ask a neutral person; she hears of it when every firm involved has agreed."""
    reader = _reader(request, pk)
    partner = reader.deciding()
    form = GuestForm(request.POST, auto_id="guest_%s", today=day_of(timezone.now()))
    return _take(
        request,
        reader,
        "guest_form",
        form,
        lambda: neutral_people.invite(pk, **form.cleaned_data, by=request.user, partner=partner),
        _("The other side is asked to agree. After that the person gets a mail."),
    )


def _deciding_about(request: PortalRequest, pk: UUID, guest: UUID) -> Partner:
    """The invitation is one of this point, and the reader may decide about it."""
    reader = _reader(request, pk)
    if not reader.dispute.guests.filter(pk=guest).exists():
        raise Http404
    return reader.deciding()


@require_POST
def dispute_guest_agree(request: PortalRequest, pk: UUID, guest: UUID) -> HttpResponse:
    partner = _deciding_about(request, pk, guest)
    return _press(
        request,
        pk,
        lambda: neutral_people.agree(guest, by=request.user, partner=partner),
        _("Your firm agrees to this person."),
        "#neutral",
    )


@require_POST
def dispute_guest_extend(request: PortalRequest, pk: UUID, guest: UUID) -> HttpResponse:
    partner = _deciding_about(request, pk, guest)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Please choose a day."))
        return _back(pk, "#neutral")
    return _press(
        request,
        pk,
        lambda: neutral_people.extend(
            guest, form.cleaned_data["until"], by=request.user, partner=partner
        ),
        _("The person has more time now."),
        "#neutral",
    )


@require_POST
def dispute_guest_end(request: PortalRequest, pk: UUID, guest: UUID) -> HttpResponse:
    partner = _deciding_about(request, pk, guest)
    return _press(
        request,
        pk,
        lambda: neutral_people.end(guest, by=request.user, partner=partner),
        _("The invitation has ended."),
        "#neutral",
    )
