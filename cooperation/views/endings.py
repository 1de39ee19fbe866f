"""The way out: the end and what follows, the closing list, giving up, putting away."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import endings, kinds, perms, standing, terms
from cooperation.agreements import NotPossible
from cooperation.ending_forms import AbandonForm, DeclareForm, EndForm, NoteForm
from cooperation.forms import ReasonForm
from cooperation.models import Agreement, ClosingItem, Ending, EndingConsent
from cooperation.standing import Standing
from cooperation.views import ending_parts
from cooperation.views.desk import act_in
from cooperation.working_days import OutOfRange, day_of
from partners import reauthentication
from partners.middleware import PortalRequest
from partners.models import Membership, Partner


def agreement_of(request: PortalRequest, pk: UUID) -> tuple[Agreement, Standing]:
    """An agreement the reader may see, as it stands today, or 404."""
    agreements = Agreement.objects.visible_to(request.user).select_related("project")
    agreement = get_object_or_404(agreements, pk=pk)
    act_in(request, agreement.project_id)
    found = standing.bring_up_to_date([agreement], standing.today())
    return agreement, found[agreement.pk]


def member(request: PortalRequest) -> Membership | None:
    return request.membership or None  # a lazy object otherwise, also when it holds nothing


def acting(request: PortalRequest) -> Partner:
    membership = member(request)
    if membership is None:
        raise PermissionDenied
    return membership.partner


def own(request: PortalRequest) -> UUID | None:
    membership = member(request)
    return None if membership is None else membership.partner_id


# ---- The end -----------------------------------------------------------------------------------


@require_GET
def ending(request: PortalRequest, pk: UUID) -> HttpResponse:
    """How the agreement ends or can be ended, and what follows from it."""
    agreement, found = agreement_of(request, pk)
    return render(request, "cooperation/ending.html", _context(request, agreement, found))


def _context(
    request: PortalRequest, agreement: Agreement, found: Standing, **forms: Any
) -> dict[str, Any]:
    """``forms``: those that were sent and have to be mended."""
    text = endings.text_of(found, found.today)
    firms = standing.firms(found)
    may_end = found.runs and perms.can_end(member(request), agreement)
    asked = _asked(request, agreement) if may_end else reauthentication.NOTHING
    earliest = _earliest(text, firms)
    notice_form = forms.get("notice_form") or EndForm(
        auto_id="notice_%s", initial={"ends_on": earliest}, asked=asked
    )
    propose_form = forms.get("propose_form") or EndForm(auto_id="propose_%s", asked=asked)
    notice_form.limit(earliest, found.term_ends_on)
    propose_form.limit(found.today, found.term_ends_on)
    proposed = found.proposed
    last_day = found.last_day or earliest or found.today
    if proposed is not None and not found.is_ending and proposed.ends_on >= found.today:
        last_day = proposed.ends_on  # what the reader is asked to agree to
    may_notice = len(firms) <= 2 and (found.ending is None or found.way == Ending.Way.TERM)
    return {
        "agreement": agreement,
        "project": agreement.project,
        "found": found,
        "text": text,
        "firms": firms,
        "own": own(request),
        "began_on": None
        if agreement.in_force_at is None
        else text.starts_on(day_of(agreement.in_force_at)),
        "term_ends_on": None
        if found.version is None
        else text.runs_until(standing.first_day(found.version)),
        "period": endings.said_period(text),
        "notice_quoted": text.quoted.get(terms.EXIT_NOTICE),
        "ended_before_it_began": _ended_before_it_began(text, found),
        "earliest": earliest,
        "steps": ending_parts.follows(text, last_day, firms, found.today),
        "is_example": found.last_day is None,
        "may_end": may_end,
        "may_notice": may_notice,
        "voices": _voices(proposed, EndingConsent.To.END, firms, request),
        "go_on_voices": _voices(found.ending, EndingConsent.To.GO_ON, firms, request),
        "lapsed": proposed is not None and proposed.ends_on < found.today,
        "notice_form": notice_form,
        "propose_form": propose_form,
        "consent_form": forms.get("consent_form") or DeclareForm(auto_id="consent_%s", asked=asked),
        "go_on_form": forms.get("go_on_form") or DeclareForm(auto_id="go_on_%s", asked=asked),
        "withdraw_form": forms.get("withdraw_form") or ReasonForm(auto_id="withdraw_%s"),
    }


def _asked(request: PortalRequest, agreement: Agreement) -> reauthentication.Asked:
    acting_for = request.partner or None
    back = reverse("cooperation:ending", args=[agreement.pk])
    return reauthentication.asked(request, f"end {agreement.pk}", firm=acting_for, back=back)


def _earliest(text: terms.Terms, firms: list[Partner]) -> date | None:
    try:
        return terms.earliest_last_day(text, timezone.now(), endings.calendar(firms))
    except OutOfRange:
        return None


def _ended_before_it_began(text: terms.Terms, found: Standing) -> bool:
    version = found.version
    return version is not None and text.ended_before_it_began(standing.first_day(version))


def _voices(
    ending: Ending | None, to: EndingConsent.To, firms: list[Partner], request: PortalRequest
) -> list[ending_parts.Voice]:
    return [] if ending is None else ending_parts.voices(ending, to, firms, own(request))


def _to_ending(agreement: Agreement) -> HttpResponse:
    return redirect("cooperation:ending", pk=agreement.pk)


def _declare(
    request: PortalRequest,
    agreement: Agreement,
    found: Standing,
    form: DeclareForm,
    name: str,
    step: Callable[[], object],
    done: str,
) -> HttpResponse:
    """Check form and password, take the step; the page again where something has to be mended."""
    if not perms.can_end(member(request), agreement):
        raise PermissionDenied
    if form.is_valid():
        try:
            reauthentication.check(form.asked, request, form.cleaned_data)
            step()
        except reauthentication.Refused as error:
            form.add_error(error.field, str(error))
        except endings.BadDay as error:
            form.add_error("ends_on" if "ends_on" in form.fields else None, str(error))
        except kinds.InvalidAnswer as error:
            for sentences in error.errors.values():
                form.add_error("reason", sentences)
        except NotPossible as error:
            messages.warning(request, str(error))
            return _to_ending(agreement)
        else:
            messages.success(request, done)
            return _to_ending(agreement)
    context = _context(request, agreement, found, **{name: form})
    return render(request, "cooperation/ending.html", context, status=422)


@require_POST
def ending_notice(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Give notice for the own firm."""
    agreement, found = agreement_of(request, pk)
    form = EndForm(request.POST, auto_id="notice_%s", asked=_asked(request, agreement))

    def step() -> object:
        return endings.give_notice(
            pk,
            by=request.user,
            partner=acting(request),
            ends_on=form.cleaned_data["ends_on"],
            reason=form.cleaned_data["reason"],
        )

    done = _("Notice is given. All firms have been told.")
    return _declare(request, agreement, found, form, "notice_form", step, done)


@require_POST
def ending_propose(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Propose a day on which all end it together."""
    agreement, found = agreement_of(request, pk)
    form = EndForm(request.POST, auto_id="propose_%s", asked=_asked(request, agreement))

    def step() -> object:
        return endings.propose_end(
            pk,
            by=request.user,
            partner=acting(request),
            ends_on=form.cleaned_data["ends_on"],
            reason=form.cleaned_data["reason"],
        )

    done = _("The proposal is made. It counts as soon as all firms have agreed.")
    return _declare(request, agreement, found, form, "propose_form", step, done)


def _ending_of(request: PortalRequest, pk: UUID) -> tuple[Ending, Agreement, Standing]:
    row = get_object_or_404(Ending.objects.visible_to(request.user), pk=pk)
    return row, *agreement_of(request, row.agreement_id)


@require_POST
def ending_consent(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Agree to the proposed end for the own firm."""
    _row, agreement, found = _ending_of(request, pk)
    form = DeclareForm(request.POST, auto_id="consent_%s", asked=_asked(request, agreement))

    def step() -> object:
        return endings.consent(pk, by=request.user, partner=acting(request))

    done = _("Your firm has agreed to this end.")
    return _declare(request, agreement, found, form, "consent_form", step, done)


@require_POST
def ending_go_on(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Agree, for the own firm, to go on although the end is announced."""
    _row, agreement, found = _ending_of(request, pk)
    form = DeclareForm(request.POST, auto_id="go_on_%s", asked=_asked(request, agreement))

    def step() -> object:
        return endings.go_on(pk, by=request.user, partner=acting(request))

    done = _("Your firm is ready to go on.")
    return _declare(request, agreement, found, form, "go_on_form", step, done)


def _simply(
    request: PortalRequest, agreement: Agreement, step: Callable[[], object], done: str
) -> HttpResponse:
    try:
        step()
    except (kinds.InvalidAnswer, NotPossible) as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return _to_ending(agreement)


@require_POST
def ending_rather_end(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take the own firm's word for going on back."""
    _row, agreement, _found = _ending_of(request, pk)
    if not perms.can_end(member(request), agreement):
        raise PermissionDenied

    def step() -> object:
        return endings.rather_end(pk, by=request.user, partner=acting(request))

    return _simply(request, agreement, step, _("It stays at the announced end."))


@require_POST
def ending_withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Take the own proposal back, or say no to another firm's."""
    _row, agreement, _found = _ending_of(request, pk)
    if not perms.can_end(member(request), agreement):
        raise PermissionDenied

    def step() -> object:
        return endings.withdraw_proposal(
            pk, by=request.user, partner=acting(request), reason=request.POST.get("reason", "")
        )

    return _simply(request, agreement, step, _("The proposal is off the table. All goes on."))


# ---- The closing list --------------------------------------------------------------------------


def _closing_context(
    request: PortalRequest,
    agreement: Agreement,
    found: Standing,
    *,
    sent: str = "",
    form: NoteForm | None = None,
) -> dict[str, Any]:
    """``sent``, ``form``: the item whose note has to be mended."""
    text = endings.text_of(found, found.last_day or found.today)
    firms = standing.firms(found)
    # A firm that only began to join with a change has no part in it.
    is_party = own(request) in {firm.pk for firm in firms}
    rows = ending_parts.rows(found, text, firms, own(request)) if is_party else []
    forms = {row.key: NoteForm(auto_id=f"{row.key}_%s") for row in rows}
    if form is not None:
        forms[sent] = form
    return {
        "agreement": agreement,
        "project": agreement.project,
        "found": found,
        "firms": firms,
        "own": own(request),
        "rows": [(row, forms[row.key]) for row in rows],
        "sent": sent,
        "own_done": sum(1 for row in rows if row.own is not None and row.own.item is not None),
        "is_party": is_party,
        "may_close": found.is_ending and perms.can_look_back(member(request), agreement),
    }


@require_GET
def closing(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What is left to do, firm by firm."""
    agreement, found = agreement_of(request, pk)
    context = _closing_context(request, agreement, found)
    return render(request, "cooperation/closing.html", context)


@require_POST
def closing_item(request: PortalRequest, pk: UUID, item: str) -> HttpResponse:
    """Say that an item is done for the own firm, or take that back (``undo``)."""
    agreement, found = agreement_of(request, pk)
    if not perms.can_look_back(member(request), agreement):
        raise PermissionDenied
    if item not in ClosingItem.Key.values:
        raise Http404
    partner, form = acting(request), NoteForm(request.POST, auto_id=f"{item}_%s")
    valid, refused = form.is_valid(), ""
    if valid:
        try:
            if "undo" in request.POST:
                endings.reopen_item(pk, item, by=request.user, partner=partner)
            else:
                note = form.cleaned_data["note"]
                endings.confirm_item(pk, item, by=request.user, partner=partner, note=note)
        except kinds.InvalidAnswer as error:
            valid = False
            for sentences in error.errors.values():
                form.add_error("note", sentences)
        except NotPossible as error:
            refused = str(error)
    if not request.htmx and valid:
        if refused:
            messages.warning(request, refused)
        return redirect("cooperation:closing", pk=pk)
    agreement, found = agreement_of(request, pk)
    mend: dict[str, Any] = {} if valid else {"sent": item, "form": form}
    context = {**_closing_context(request, agreement, found, **mend), "refused": refused}
    template = "cooperation/closing.html"
    if request.htmx:
        template += "#closing"
    return render(request, template, context, status=200 if valid else 422)


# ---- Not pursued, put away ---------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def abandon(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Give up an agreement that was never signed by all."""
    agreement, found = agreement_of(request, pk)
    if not perms.can_abandon(member(request), agreement):
        raise PermissionDenied
    form = AbandonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            endings.abandon(
                pk, by=request.user, partner=acting(request), reason=form.cleaned_data["reason"]
            )
        except kinds.InvalidAnswer as error:
            for sentences in error.errors.values():
                form.add_error("reason", sentences)
        except NotPossible as error:
            messages.warning(request, str(error))
            return redirect("cooperation:project_detail", pk=agreement.project_id)
        else:
            messages.success(request, _("The project is not pursued any further. All were told."))
            return redirect("cooperation:project_detail", pk=agreement.project_id)
    places = agreement.project.participations.select_related("partner")
    firms = [place.partner for place in places.accepted()]
    context = {
        "agreement": agreement,
        "project": agreement.project,
        "form": form,
        "invited": [place.partner for place in places.invited()],
        "possible": endings.may_abandon(firms, acting(request))
        and agreement.in_force_at is None
        and not agreement.is_closed,
        "found": found,
    }
    status = 422 if form.errors else 200
    return render(request, "cooperation/abandon.html", context, status=status)


@require_POST
def archive(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Put the project away for the own firm, or fetch it back (``undo``)."""
    agreement, _found = agreement_of(request, pk)
    if not perms.can_hand_in(member(request), agreement):
        raise PermissionDenied
    back = "undo" in request.POST
    try:
        (endings.fetch_back if back else endings.archive)(pk, partner=acting(request))
    except NotPossible as error:
        messages.warning(request, str(error))
        return redirect("cooperation:project_detail", pk=agreement.project_id)
    said = (
        _("The project stands among the others again.")
        if back
        else _("The project is put away for your firm. You find it under “Put away”.")
    )
    messages.success(request, said)
    return redirect("cooperation:project_detail", pk=agreement.project_id)
