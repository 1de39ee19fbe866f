"""Changing what is in force: begin, what has changed so far, say it anew, drop it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cooperation import (
    amendments,
    before,
    dispute_outcomes,
    holding,
    kinds,
    perms,
    points,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.amendment_forms import BeginForm, DropForm, RestateForm
from cooperation.before import Change
from cooperation.book import Rule
from cooperation.models import Agreement, Amendment
from cooperation.points import State
from cooperation.views.cards import Desk
from cooperation.views.desk import Opened, open_agreement
from partners.middleware import PortalRequest


@dataclass(frozen=True, slots=True)
class Line:
    """A change, and where its card is on the checklist."""

    change: Change
    place: str  # empty while the point is not asked
    state: State | None


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """What differs in one rule."""

    rule: Rule
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs from one earlier text."""

    number: int
    is_in_force: bool
    rules: tuple[RuleChanges, ...]  # points that were asked before
    added: tuple[Line, ...]  # points that are asked for the first time, and answered
    joined: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(len(entry.lines) for entry in self.rules) + len(self.added)

    @property
    def is_none(self) -> bool:
        return not (self.count or self.joined or self.left)


def differences(opened: Opened) -> list[Difference]:
    """From the text in force, and from the one that was last fixed and not signed."""
    desk, language = opened.desk(), get_language() or "de"
    own = str(opened.partner.pk)
    found = []
    for earlier in opened.previous.texts:
        lines = [
            _line(desk, change) for change in before.changes(earlier, opened.sheet, own, language)
        ]
        known = [line for line in lines if line.change.was_asked]
        found.append(
            Difference(
                number=earlier.number,
                is_in_force=earlier.is_in_force,
                rules=_by_rule(opened.sheet.book.rules, known),
                added=tuple(line for line in lines if not line.change.was_asked),
                joined=tuple(firm.name for firm in before.newcomers(earlier, opened.sheet)),
                left=tuple(before.gone(earlier, opened.sheet)),
            )
        )
    return found


def _line(desk: Desk, change: Change) -> Line:
    if not change.is_asked or desk.me is None:
        return Line(change, "", None)
    sheet = desk.sheet
    if change.other is not None:
        sheet = sheet.between(desk.me.key, change.other.key)
    place = desk.place(change.point, change.other)
    return Line(change, place, points.state(sheet, change.point))


def _by_rule(rules: tuple[Rule, ...], lines: list[Line]) -> tuple[RuleChanges, ...]:
    found = [
        RuleChanges(rule, tuple(line for line in lines if line.change.rule == rule))
        for rule in rules
    ]
    return tuple(entry for entry in found if entry.lines)


# ---- Begin -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def amend(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Begin a change: why, from when, and whether more is asked from now on."""
    opened = open_agreement(request, pk)
    agreement = opened.agreement
    if not perms.can_amend(opened.membership, agreement):
        raise PermissionDenied
    if agreement.is_amended:
        return redirect("cooperation:amendment", pk=pk)
    if agreement.status != Agreement.Status.IN_FORCE:
        return redirect("cooperation:project_detail", pk=agreement.project_id)
    base = amendments.version_in_force(agreement)
    earliest = amendments.earliest_day(base)
    dispute = dispute_outcomes.of(request.user, agreement, request.GET.get("dispute", ""))
    form = BeginForm(
        request.POST or None,
        initial={"effective_on": earliest, "reason": dispute_outcomes.reason(dispute)},
        may_go_deeper=agreement.depth != Agreement.Depth.FULL,
    )
    form.limit(earliest, _latest(agreement))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def begin() -> object:
            return amendments.begin(
                pk,
                reason=data["reason"],
                effective_on=data["effective_on"],
                deeper=data.get("deeper", False),
                dispute=dispute,
                by=request.user,
                partner=opened.partner,
            )

        if _taken(request, form, begin):
            messages.success(
                request,
                _("The draft is there. Now change the points that are to be different."),
            )
            return redirect("cooperation:agreement_detail", pk=pk)
    context = {
        "agreement": agreement,
        "project": agreement.project,
        "base": base,
        "form": form,
        "firms": [party.name for party in opened.sheet.parties],
    }
    status = 422 if form.is_bound else 200
    return render(request, "cooperation/amend.html", context, status=status)


def _latest(agreement: Agreement) -> date:
    """The last day that the form offers."""
    limit = standing.today() + timedelta(days=366 * holding.YEARS_AHEAD)
    last = amendments.last_day(agreement)
    return limit if last is None else min(limit, last)


def _taken(request: PortalRequest, form: Form, step: Callable[[], object]) -> bool:
    """Take the step; what is wrong with it is said at the field, or above the form."""
    try:
        step()
    except kinds.InvalidAnswer as error:
        for field, sentences in error.errors.items():
            form.add_error(field if field in form.fields else None, sentences)
    except NotPossible as error:
        form.add_error(None, str(error))
    else:
        return True
    return False


# ---- What has changed --------------------------------------------------------------------------


def _open_amendment(opened: Opened) -> Amendment | None:
    """The open change of the agreement, for all its firms."""
    rows = opened.agreement.amendments.filter(state=Amendment.State.OPEN)
    return (
        rows.select_related("base", "begun_by", "begun_by_partner").defer("base__payload").first()
    )


@require_GET
def amendment(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The draft beside what was fixed before: a change beside the text in force."""
    opened = open_agreement(request, pk)
    if opened.agreement.status == Agreement.Status.SIGNING:
        return redirect("cooperation:ready", pk=pk)  # which leads to the text that is signed
    found = _open_amendment(opened)
    if not opened.agreement.is_draft or (found is None and not opened.previous.texts):
        return redirect("cooperation:project_detail", pk=opened.agreement.project_id)
    return _page(request, opened, found)


def _page(
    request: PortalRequest,
    opened: Opened,
    found: Amendment | None,
    *,
    restate_form: RestateForm | None = None,
    drop_form: DropForm | None = None,
    status: int = 200,
) -> HttpResponse:
    agreement = opened.agreement
    context: dict[str, Any] = {
        "agreement": agreement,
        "project": agreement.project,
        "amendment": found,
        "book": opened.sheet.book,
        "differences": differences(opened),
        "blockers": points.blockers(opened.sheet),
        "may_amend": False,
        "may_drop": False,
        "has_signed": opened.previous.base is not None,
    }
    if found is not None:
        context["is_late"] = found.effective_on < standing.today()
        context["may_amend"] = perms.can_amend(opened.membership, agreement)
        context["may_drop"] = (
            context["may_amend"]
            and opened.previous.base is not None
            and not any(difference.left for difference in context["differences"])
        )
        context["restate_form"] = restate_form or _restate_form(found)
        context["drop_form"] = drop_form or DropForm(auto_id="drop_%s")
    return render(request, "cooperation/amendment.html", context, status=status)


def _restate_form(found: Amendment) -> RestateForm:
    initial = {
        "reason": found.reason,
        "effective_on": found.effective_on,
        "seen": amendments.stamp(found),
    }
    return RestateForm(initial=initial, auto_id="restate_%s")


def _to_change(request: PortalRequest, pk: UUID) -> tuple[Opened, Amendment | None]:
    """For a step in an open change: who may not take it gets a 403."""
    opened = open_agreement(request, pk)
    if not perms.can_amend(opened.membership, opened.agreement):
        raise PermissionDenied
    return opened, _open_amendment(opened)


def _nothing_open(request: PortalRequest, opened: Opened) -> HttpResponse:
    messages.warning(request, _("This change is signed or dropped already."))
    return redirect("cooperation:project_detail", pk=opened.agreement.project_id)


@require_POST
def amendment_restate(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Another reason, or another day."""
    opened, found = _to_change(request, pk)
    if found is None:
        return _nothing_open(request, opened)
    form = RestateForm(request.POST, auto_id="restate_%s")
    if form.is_valid():
        data = form.cleaned_data

        def restate() -> object:
            return amendments.restate(
                found.pk,
                reason=data["reason"],
                effective_on=data["effective_on"],
                seen=data["seen"],
                by=request.user,
                partner=opened.partner,
            )

        if _taken(request, form, restate):
            messages.success(request, _("Reason and day are noted."))
            return redirect("cooperation:amendment", pk=pk)
    if not opened.agreement.is_draft:
        messages.warning(request, " ".join(map(str, form.non_field_errors())))
        return redirect("cooperation:amendment", pk=pk)
    # What stands there now is shown above; the next try begins from it.
    form.data = {**request.POST.dict(), "seen": amendments.stamp(found)}
    return _page(request, opened, found, restate_form=form, status=422)


@require_POST
def amendment_drop(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Leave the agreement as it was signed."""
    opened, found = _to_change(request, pk)
    if found is None:
        return _nothing_open(request, opened)
    form = DropForm(request.POST, auto_id="drop_%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]

        def drop() -> object:
            return amendments.drop(found.pk, reason=reason, by=request.user, partner=opened.partner)

        if _taken(request, form, drop):
            messages.success(
                request, _("The change is dropped. The agreement stays as it was signed.")
            )
            return redirect("cooperation:project_detail", pk=opened.agreement.project_id)
    if not opened.agreement.is_draft:
        messages.warning(request, " ".join(map(str, form.non_field_errors())))
        return redirect("cooperation:amendment", pk=pk)
    return _page(request, opened, found, drop_form=form, status=422)
