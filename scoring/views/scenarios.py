"""The scenarios of a firm: the list, a new one, several side by side; name, copy, delete."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest, act_for
from partners.models import Partner
from scoring import perms, positions, scenario_words, scenarios
from scoring.models import Scenario, Tenant
from scoring.positions import Nothing, Position
from scoring.presentation import month_name
from scoring.scenario_forms import ComparisonForm, NameForm, NewScenarioForm, SeenForm, WishForm
from scoring.scenarios import Evaluated, NotChangeable

A_PAGE = 12
LETTERS = "abc"  # the parameters of a comparison


# ---- The list ------------------------------------------------------------------------------------


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """All scenarios of the firm the person acts for, each with what it would make of the score.

    With a customer in the query: in which scenario something is to be tried with them.
    """
    partner = request.partner
    if not partner:
        return render(request, "scoring/no_firm.html", {"tab": "plan"})
    position = positions.of(partner, timezone.localdate())
    own = Scenario.objects.filter(partner=partner).select_related("made_by")
    page = Paginator(own, A_PAGE).get_page(request.GET.get("page"))
    wish = WishForm.of(request.GET)
    query = _query(tenant=wish["tenant"], workload=wish["workload"])
    form = NewScenarioForm(initial=wish)
    context: dict[str, Any] = {
        "tab": "plan",
        "sub": "what_if",
        "partner": partner,
        "page": page,
        "query": query,
        "trying": _customer(position, wish["tenant"]),
        "form": form,
        "may_plan": perms.can_plan(request.user, partner),
        "may_import": perms.can_import(request.user, partner),
        **stands_on(position),
    }
    if isinstance(position, Nothing):
        context["scenarios"] = [{"scenario": one} for one in page]
    else:
        found = scenarios.evaluate_all(list(page), position)
        context["scenarios"] = [_card(one) for one in found]
        context["pass_mark"] = scenario_words.pass_mark(position.rule_set)
    return render(request, "scoring/scenarios.html", context)


def _card(one: Evaluated) -> dict[str, Any]:
    return {
        "scenario": one.scenario,
        "number": len(one.changes),
        "tracks": scenario_words.tracks(one.outcome),
        "passes": one.outcome.passes,
    }


def _customer(position: Position | Nothing, tenant: UUID | str) -> str:
    """The name of the customer with whom something is to be tried, where the firm knows them."""
    if isinstance(position, Nothing) or not tenant:
        return ""
    known = Tenant.objects.filter(portfolio=position.portfolio, tenant_id=tenant).first()
    return str(known) if known else ""


def _query(**parameters: object) -> str:
    return urlencode({name: str(value) for name, value in parameters.items() if value})


def stands_on(position: Position | Nothing) -> dict[str, Any]:
    """What every page of scenarios says about the score below them."""
    if isinstance(position, Nothing):
        return {"nothing": position.label, "score": None}
    return {
        "nothing": "",
        "score": position.score,
        "rule_set": position.rule_set,
        "last_month": month_name(position.pair.last),
        "comparison_month": month_name(position.pair.comparison),
    }


# ---- A new one -----------------------------------------------------------------------------------


@require_POST
def create(request: PortalRequest) -> HttpResponse:
    """A new scenario, empty or with the changes that another page gives along; then its page."""
    partner = request.partner
    if not partner or not perms.can_plan(request.user, partner):
        raise PermissionDenied
    form = NewScenarioForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.warning(request, str(errors[0]))
        return redirect("scoring:scenarios")
    data = form.cleaned_data
    try:
        made = scenarios.make(partner, data["name"], by=request.user, changes=data["changes"])
    except NotChangeable as refusal:
        messages.warning(request, str(refusal))
        return redirect("scoring:scenarios")
    url = reverse("scoring:scenario", args=[made.pk])
    query = _query(tenant=data["tenant"], workload=data["workload"])
    return redirect(f"{url}?{query}" if query else url)


# ---- Side by side --------------------------------------------------------------------------------


@require_safe
def compare(request: PortalRequest) -> HttpResponse:
    """Today and up to three scenarios of one firm beside each other."""
    wanted = ComparisonForm.chosen(request.GET)
    if not request.partner:
        if wanted:
            raise Http404
        return render(request, "scoring/no_firm.html", {"tab": "plan"})
    found = {one.pk: one for one in Scenario.objects.visible_to(request.user).filter(pk__in=wanted)}
    if len(found) < len(wanted):
        raise Http404
    act_for(request, {one.partner_id for one in found.values()})
    partner: Partner = request.partner
    chosen = [found[pk] for pk in wanted if found[pk].partner_id == partner.pk]
    position = positions.of(partner, timezone.localdate())
    context: dict[str, Any] = {
        "tab": "plan",
        "sub": "what_if",
        "partner": partner,
        "chosen": chosen,
        "fields": _fields(partner, chosen),
        **stands_on(position),
    }
    if not isinstance(position, Nothing) and chosen:
        evaluated = scenarios.evaluate_all(chosen, position)
        context["tracks"] = scenario_words.side_by_side(
            [one.name for one in chosen],
            [one.outcome for one in evaluated],
            position.rule_set,
        )
    return render(request, "scoring/scenario_compare.html", context)


def _fields(partner: Partner, chosen: list[Scenario]) -> list[dict[str, Any]]:
    """The three lists to choose from."""
    options = list(Scenario.objects.filter(partner=partner).only("pk", "name", "changed_at"))
    return [
        {
            "name": letter,
            "chosen": chosen[place].pk if place < len(chosen) else None,
            "options": options,
        }
        for place, letter in enumerate(LETTERS)
    ]


# ---- Name, copy, delete --------------------------------------------------------------------------


@require_POST
def rename(request: PortalRequest, pk: UUID) -> HttpResponse:
    scenario = plannable(request, pk)
    form, seen = NameForm(request.POST), SeenForm(request.POST)
    if form.is_valid() and seen.is_valid():
        try:
            scenarios.rename(pk, **form.cleaned_data, seen=seen.cleaned_data["seen"])
        except NotChangeable as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("Saved."))
    else:
        for errors in form.errors.values():
            messages.warning(request, str(errors[0]))
    return redirect("scoring:scenario", scenario.pk)


@require_POST
def copy(request: PortalRequest, pk: UUID) -> HttpResponse:
    scenario = plannable(request, pk)
    try:
        made = scenarios.copy(scenario.pk, by=request.user)
    except NotChangeable as refusal:
        messages.warning(request, str(refusal))
        return redirect("scoring:scenario", pk)
    messages.success(request, _("This is the copy: change it as you like."))
    return redirect("scoring:scenario", made.pk)


@require_POST
def delete(request: PortalRequest, pk: UUID) -> HttpResponse:
    scenario = plannable(request, pk)
    seen = SeenForm(request.POST)
    if not seen.is_valid():
        return redirect("scoring:scenario", pk)
    try:
        scenarios.delete(pk, seen=seen.cleaned_data["seen"])
    except NotChangeable as refusal:
        messages.warning(request, str(refusal))
        return redirect("scoring:scenario", pk)
    words = _("The scenario “%(name)s” is deleted.") % {"name": scenario.name}
    messages.success(request, words)
    return redirect("scoring:scenarios")


def plannable(request: PortalRequest, pk: UUID) -> Scenario:
    """The scenario for somebody who may change it."""
    scenario = visible(request, pk)
    if not perms.can_plan(request.user, scenario.partner):
        raise PermissionDenied
    return scenario


def visible(request: PortalRequest, pk: UUID) -> Scenario:
    own = Scenario.objects.visible_to(request.user).select_related("partner", "made_by")
    scenario = get_object_or_404(own, pk=pk)
    act_for(request, {scenario.partner_id})
    return scenario
