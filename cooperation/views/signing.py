"""Ready to sign, the frozen text, signing, declining, taking the round back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cooperation import (
    agreement_documents,
    annexes,
    frozen,
    kinds,
    marks,
    perms,
    reading,
    showing,
    signing,
    signing_rounds,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.forms import DeclineForm, FreezeForm, ReasonForm, SignForm
from cooperation.models import AgreementVersion
from cooperation.views import missing
from cooperation.views.amendment_parts import beside
from cooperation.views.desk import act_for_party, open_agreement
from partners import networks, reauthentication
from partners.middleware import PortalRequest
from partners.models import Membership, Partner


@require_GET
def ready(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Exactly what keeps the agreement from being signed, or the button that begins signing."""
    opened = open_agreement(request, pk)
    if not opened.agreement.is_draft:
        version = opened.versions.defer("payload").order_by("-number").first()
        if version is not None:
            return redirect("cooperation:version", pk=version.pk)
    desk = opened.desk()
    found = missing.lines(desk)
    context = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "desk": desk,
        "missing": found,
        "general": [line for line in found if line.point is None],
        "rules": missing.by_rule(desk, found),
        "may_freeze": perms.can_freeze(opened.membership, opened.agreement),
        "parties": opened.sheet.parties,
        "freeze_form": FreezeForm(
            initial={"expires_on": signing_rounds.usual_last_day(timezone.now())}
        ),
    }
    return render(request, "cooperation/ready.html", context)


@require_POST
def freeze(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Fix the text and begin the signing round."""
    opened = open_agreement(request, pk)
    if not perms.can_freeze(opened.membership, opened.agreement):
        raise PermissionDenied
    form = FreezeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Please enter the last day for signing as a date."))
        return redirect("cooperation:ready", pk=pk)
    try:
        version = signing.freeze(
            pk, by=request.user, partner=opened.partner, expires_on=form.cleaned_data["expires_on"]
        )
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:ready", pk=pk)
    messages.success(request, _("The text is fixed. Now each firm reads and signs it."))
    return redirect("cooperation:version", pk=version.pk)


# ---- The frozen text ---------------------------------------------------------------------------


def _version(request: PortalRequest, pk: UUID) -> AgreementVersion:
    versions = AgreementVersion.objects.visible_to(request.user).select_related(
        "agreement__project", "closed_by", "closed_by_partner", "frozen_by", "frozen_by_partner"
    )
    found = get_object_or_404(versions, pk=pk)
    act_for_party(request, found)
    standing.bring_up_to_date([found.agreement], standing.today())
    if found.agreement.is_closed and found.state == AgreementVersion.State.SIGNING:
        found.state = AgreementVersion.State.EXPIRED  # with the agreement, as the clock will write
    return found


def _membership(request: PortalRequest) -> Membership | None:
    return request.membership or None


def _reader(request: PortalRequest) -> Partner:
    """The party of the version that the reader belongs to."""
    membership = request.membership or None  # a lazy object, also when it holds nothing
    if membership is None:
        raise PermissionDenied
    return membership.partner


def _context(
    request: PortalRequest,
    version: AgreementVersion,
    *,
    sign_form: SignForm | None = None,
    decline_form: DeclineForm | None = None,
) -> dict[str, Any]:
    membership = _membership(request)
    language = get_language() or "de"
    over = signing_rounds.is_over(version, timezone.now())
    may_sign = perms.can_sign(membership, version) and not over
    slots = list(version.slots.select_related("partner").prefetch_related("signatures"))
    firm = _reader(request)
    text = reading.read(frozen.content(version.payload), language, annexes.known_to(version, firm))
    return {
        "version": version,
        "agreement": version.agreement,
        "project": version.agreement.project,
        "text": text,
        "mark": marks.signed(text),
        "slots": slots,
        "waiting": [slot for slot in slots if slot.is_open],
        "is_over": over and version.state == AgreementVersion.State.SIGNING,
        "may_sign": may_sign,
        "intent": signing.intent(version, membership.partner, language)
        if may_sign and membership
        else "",
        "signer": membership,
        "sign_form": (sign_form or _sign_form(request, version, language)) if may_sign else None,
        "may_decline": perms.can_decline(membership, version) and not over,
        "decline_form": decline_form or DeclineForm(auto_id="decline_%s"),
        "may_withdraw": perms.can_withdraw(membership, version),
        "may_settle": version.state == AgreementVersion.State.IN_FORCE
        and perms.can_open_dispute(membership, version),
        "withdraw_form": ReasonForm(auto_id="withdraw_%s"),
        "documents": agreement_documents.of(version, firm),
        "beside": beside(version, text, membership),
    }


def _sign_form(request: PortalRequest, version: AgreementVersion, language: str) -> SignForm:
    """Blank, with what was shown and when."""
    shown = showing.mark(version, request.user, _reader(request))
    initial = {"seen": version.sha256, "shown": shown, "language": language}
    return SignForm(initial=initial, asked=_asked(request, version))


def _asked(request: PortalRequest, version: AgreementVersion) -> reauthentication.Asked:
    """Who is there is asked for this text and this firm: no proof for another one counts."""
    firm = _reader(request)
    purpose = f"sign {version.pk} {version.sha256} {firm.pk}"
    back = reverse("cooperation:version", args=[version.pk]) + "#sign"
    return reauthentication.asked(request, purpose, firm=firm, back=back)


@require_GET
def version(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The text as it was fixed, deviations first; and who has signed it."""
    return render(request, "cooperation/version.html", _context(request, _version(request, pk)))


def _to_version(version: AgreementVersion) -> HttpResponse:
    return redirect(reverse("cooperation:version", args=[version.pk]) + "#signatures")


def _acting(request: PortalRequest) -> Partner:
    membership = _membership(request)
    if membership is None:
        raise PermissionDenied
    return membership.partner


@require_POST
def sign(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Sign for the own firm: with the box ticked, the password, and the hash of what was shown."""
    version = _version(request, pk)
    membership = _membership(request)
    if membership is None or not membership.may_sign:
        raise PermissionDenied
    form = SignForm(request.POST, asked=_asked(request, version))
    if form.is_valid():
        try:
            shown_at = showing.shown_at(
                form.cleaned_data["shown"], version, request.user, membership.partner
            )
            method = reauthentication.check(form.asked, request, form.cleaned_data)
            signing.sign(
                version.pk,
                by=request.user,
                partner=membership.partner,
                seen=form.cleaned_data["seen"],
                language=form.cleaned_data["language"] or get_language() or "de",
                authority=form.cleaned_data["authority"],
                circumstances=signing.Circumstances(
                    shown_at=shown_at,
                    network=networks.shortened(networks.client_address(request)),
                    method=method,
                ),
            )
        except showing.NotShown:
            messages.warning(request, _("Please read the text on this page first, then sign it."))
            return _to_version(version)
        except reauthentication.Refused as error:
            form.add_error(error.field, str(error))
        except NotPossible as error:
            messages.warning(request, str(error))
            return _to_version(version)
        else:
            messages.success(
                request, _("Signed for %(firm)s. Thank you.") % {"firm": membership.partner.name}
            )
            return _to_version(version)
    context = _context(request, version, sign_form=form)
    if not context["may_sign"]:  # signed meanwhile, or no longer open: say so on the page itself
        return _to_version(version)
    return render(request, "cooperation/version.html", context, status=422)


@require_POST
def decline(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Do not sign, with a reason; the agreement is negotiated again."""
    version = _version(request, pk)
    membership = _membership(request)
    if membership is None or not membership.may_sign:
        raise PermissionDenied
    form = DeclineForm(request.POST, auto_id="decline_%s")
    if form.is_valid():
        try:
            signing.decline(
                version.pk,
                by=request.user,
                partner=membership.partner,
                reason=form.cleaned_data["reason"],
            )
        except kinds.InvalidAnswer as error:
            for sentences in error.errors.values():
                form.add_error("reason", sentences)
        except NotPossible as error:
            messages.warning(request, str(error))
            return _to_version(version)
        else:
            messages.success(
                request, _("Declined. The others see your reason, and the points are open again.")
            )
            return redirect("cooperation:agreement_detail", pk=version.agreement_id)
    context = _context(request, version, decline_form=form)
    return render(request, "cooperation/version.html", context, status=422)


@require_POST
def withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take the signing round back before it is complete."""
    version = _version(request, pk)
    if not perms.can_freeze(_membership(request), version.agreement):
        raise PermissionDenied
    try:
        signing.withdraw(
            version.pk,
            by=request.user,
            partner=_acting(request),
            reason=request.POST.get("reason", ""),
        )
    except (kinds.InvalidAnswer, NotPossible) as error:
        messages.warning(request, str(error))
        return _to_version(version)
    messages.success(request, _("The signing round is taken back. The points are open again."))
    return redirect("cooperation:agreement_detail", pk=version.agreement_id)
