"""One scenario: its changes with a form that opens in place, and both tracks before and after."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest
from scoring import (
    customers,
    known_customers,
    perms,
    positions,
    scenario_forms,
    scenario_words,
    scenarios,
)
from scoring.models import Portfolio, Scenario, Tenant
from scoring.people import Certificate
from scoring.positions import Nothing, Position
from scoring.scenario_changes import MOST_CHANGES
from scoring.scenario_forms import ChangeForm, NameForm, SeenForm, WishForm
from scoring.scenarios import NotChangeable
from scoring.views.scenarios import plannable, stands_on, visible

FOUND = 8  # customers or people that a search offers
OF_CUSTOMER = {
    "figures": gettext_lazy("Other seats or users"),
    "begun": gettext_lazy("An association begins"),
    "ended": gettext_lazy("An association ends"),
    "lost": gettext_lazy("The customer is lost"),
}
OF_PERSON = {
    "certified": gettext_lazy("Passes an exam"),
    "not_renewed": gettext_lazy("Does not renew"),
    "left": gettext_lazy("Leaves the firm"),
}
BEGINNINGS = {  # what can be opened first
    "customer": gettext_lazy("A customer you have"),
    "won": gettext_lazy("New customers"),
    "person": gettext_lazy("People"),
    "count": gettext_lazy("Just a number"),
}
SAY = {
    "figures": gettext_lazy("Growth counts from the beginning of the association, as always."),
    "begun": gettext_lazy(
        "It begins in the last month of your data, or a month before where users have grown since. "
        "A claim that waits counts as approved."
    ),
    "ended": gettext_lazy("It ended in the month before the last one of your data."),
    "lost": gettext_lazy("Every association with this customer has ended."),
    "won": gettext_lazy("Each counts as a tenant of its own, with the same figures."),
    "certified": gettext_lazy("Valid from the day of the score."),
    "not_renewed": gettext_lazy("The certificate has run out."),
    "left": gettext_lazy("None of the certificates counts any more."),
    "count": gettext_lazy("Whoever it comes from: for a first look at what it would be worth."),
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What is open below the changes: a search, or the form of one kind of change."""

    kind: str  # of a change, or "customer" or "person" while that is being looked for
    title: str = ""  # who it is about
    subject: str = ""  # tenant or person, as a parameter
    form: ChangeForm | None = None
    found: tuple[tuple[str, str], ...] = ()  # (label, parameters) of a search
    words: str = ""

    @property
    def is_search(self) -> bool:
        return self.kind in ("customer", "person")


# ---- Views ---------------------------------------------------------------------------------------


@require_safe
@vary_on_headers("HX-Request")
def detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The scenario; with parameters the form of a change is open, or a search for whom it is of."""
    scenario = visible(request, pk)
    position = positions.of(scenario.partner, timezone.localdate())
    opened = None
    if not isinstance(position, Nothing) and perms.can_plan(request.user, scenario.partner):
        opened = _opened(request, position, WishForm.of(request.GET), None)
    return _render(request, scenario, position, opened=opened)


@require_POST
def add(request: PortalRequest, pk: UUID) -> HttpResponse:
    """One more change: htmx gets the region back, with both tracks as they are then."""
    scenario = plannable(request, pk)
    position = positions.of(scenario.partner, timezone.localdate())
    if isinstance(position, Nothing):
        messages.warning(request, str(position.label))
        return redirect("scoring:scenario", pk)
    wish = WishForm.of(request.POST)
    opened = _opened(request, position, wish, request.POST)
    if opened is None or opened.form is None:
        return redirect("scoring:scenario", pk)
    form, seen = opened.form, SeenForm(request.POST)
    if form.is_valid() and seen.is_valid():
        try:
            changed = scenarios.add(pk, form.change(), seen=seen.cleaned_data["seen"])
        except NotChangeable as refusal:
            form.add_error(None, str(refusal))
        else:
            return _done(request, changed, position)
    # What somebody else has changed meanwhile is there, and so is what was entered.
    return _render(request, visible(request, pk), position, opened=opened)


@require_POST
def take_out(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Without one of the changes: htmx gets the region back."""
    scenario = plannable(request, pk)
    position = positions.of(scenario.partner, timezone.localdate())
    seen = SeenForm(request.POST)
    if not seen.is_valid():
        return redirect("scoring:scenario", pk)
    try:
        changed = scenarios.take_out(
            pk, request.POST.get("change", ""), seen=seen.cleaned_data["seen"]
        )
    except NotChangeable as refusal:
        fresh = visible(request, pk)
        if request.htmx:
            return _render(request, fresh, position, refusal=str(refusal))
        messages.warning(request, str(refusal))
        return redirect("scoring:scenario", pk)
    return _done(request, changed, position)


def _done(request: PortalRequest, changed: Scenario, position: Position | Nothing) -> HttpResponse:
    if request.htmx:
        return _render(request, changed, position, is_changed=True)
    return redirect("scoring:scenario", changed.pk)


# ---- What is open --------------------------------------------------------------------------------


def _opened(
    request: PortalRequest, position: Position, wish: dict[str, Any], data: Any
) -> Opened | None:
    """What the parameters ask for; a customer or person that the firm does not know is a 404."""
    kind = wish["add"]
    if wish["tenant"]:
        return _of_customer(position, wish, data)
    if wish["person"]:
        return _of_person(position, wish, data)
    rule_set = position.rule_set
    if kind == "won":
        return Opened(kind, form=scenario_forms.WonForm(data, rule_set=rule_set))
    if kind == "count":
        return Opened(kind, form=scenario_forms.CountForm(data, rule_set=rule_set))
    if kind == "certified":
        return Opened(kind, form=scenario_forms.CertifiedForm(data, rule_set=rule_set))
    if kind in ("customer", *OF_CUSTOMER):
        found = customers.find(Portfolio(pk=position.portfolio), None, words=wish["words"])
        return Opened(
            "customer",
            found=tuple(
                (str(tenant), urlencode({"tenant": str(tenant.tenant_id)}))
                for tenant in found[:FOUND]
            ),
            words=wish["words"],
        )
    if kind in ("person", *OF_PERSON):
        return Opened("person", found=_people(position, wish["words"]), words=wish["words"])
    return None


def _of_customer(position: Position, wish: dict[str, Any], data: Any) -> Opened:
    own = Tenant.objects.filter(portfolio=position.portfolio, tenant_id=wish["tenant"])
    tenant = own.first()
    if tenant is None:
        raise Http404
    holdings = known_customers.read(position, [tenant.pk])[tenant.pk]
    held = holdings.holds_now()
    workload = wish["workload"] if wish["workload"] in position.rule_set.workloads else ""
    is_held = any(own == workload for own, _option in held) if workload else bool(held)
    kind = wish["add"] if wish["add"] in OF_CUSTOMER else "figures" if is_held else "begun"
    options = [one for own, one in held if own == workload]
    option = options[0] if len(options) == 1 else ""  # several: the workload as a whole
    forms = {
        "figures": scenario_forms.FiguresForm,
        "begun": scenario_forms.BegunForm,
        "ended": scenario_forms.EndedForm,
        "lost": scenario_forms.LostForm,
    }
    form = forms[kind](
        data,
        initial={"workload": workload, "association": f"{workload}:{option}"},
        tenant=tenant.tenant_id,
        customer=tenant.name,
        holdings=holdings,
    )
    subject = urlencode({"tenant": str(tenant.tenant_id)})
    return Opened(kind, str(tenant), subject, form)


def _of_person(position: Position, wish: dict[str, Any], data: Any) -> Opened:
    key = wish["person"]
    own = _rows_of(position, key)
    name = scenarios.name_of(own)
    kind = wish["add"] if wish["add"] in OF_PERSON else "certified"
    subject = urlencode({"person": key})
    rule_set = position.rule_set
    form: ChangeForm
    if kind == "certified":
        form = scenario_forms.CertifiedForm(data, rule_set=rule_set, person=key, name=name)
    else:
        made = {"not_renewed": scenario_forms.NotRenewedForm, "left": scenario_forms.LeftForm}
        form = made[kind](
            data,
            person=key,
            name=name,
            own=dict.fromkeys(row.certification for row in own if row.is_linked),
            rule_set=rule_set,
        )
    return Opened(kind, name, subject, form)


def _rows_of(position: Position, key: str) -> list[Certificate]:
    for person, rows in scenarios.people_of(position).items():
        if key == person or any(row.person == key for row in rows):
            return rows
    raise Http404


def _people(position: Position, words: str) -> tuple[tuple[str, str], ...]:
    """People who belong to the firm, with every word in name or address; the first by name."""
    wanted = words.casefold().split()
    found = []
    for key, rows in scenarios.people_of(position).items():
        name = scenarios.name_of(rows)
        text = " ".join([name, *(row.email for row in rows)]).casefold()
        if any(row.is_linked for row in rows) and all(word in text for word in wanted):
            found.append((name or _("Unnamed"), urlencode({"person": key})))
    return tuple(sorted(found, key=lambda one: (one[0].casefold(), one[1]))[:FOUND])


# ---- What the page shows -------------------------------------------------------------------------


def _render(
    request: PortalRequest,
    scenario: Scenario,
    position: Position | Nothing,
    *,
    opened: Opened | None = None,
    is_changed: bool = False,
    refusal: str = "",
) -> HttpResponse:
    may_plan = perms.can_plan(request.user, scenario.partner)
    context: dict[str, Any] = {
        "tab": "plan",
        "sub": "what_if",
        "partner": scenario.partner,
        "scenario": scenario,
        "may_plan": may_plan,
        "may_import": perms.can_import(request.user, scenario.partner),
        "name_form": NameForm(initial={"name": scenario.name, "note": scenario.note}),
        "opened": opened,
        "refusal": refusal,
        "announce": "",
        "url": reverse("scoring:scenario", args=[scenario.pk]),
        **stands_on(position),
    }
    if not isinstance(position, Nothing):
        evaluated = scenarios.evaluate(scenario, position)
        outcome, rule_set = evaluated.outcome, position.rule_set
        found = evaluated.effects()
        headline = scenario_words.headline(outcome, rule_set)
        context |= {
            "headline": headline,
            "announce": headline if is_changed else "",
            "passes": outcome.passes,
            "tracks": scenario_words.tracks(outcome),
            "chart": scenario_words.picture(outcome, rule_set),
            "changes": scenario_words.effects(evaluated, found),
            "overlap": scenario_words.overlap(found, outcome),
            "is_full": len(evaluated.changes) >= MOST_CHANGES,
            "beginnings": _links(BEGINNINGS, "", opened),
            "kinds": _kinds(opened),
            "say": SAY.get(opened.kind, "") if opened else "",
        }
    template = "scoring/scenario.html#scenario" if request.htmx else "scoring/scenario.html"
    is_refused = bool(refusal) or (opened is not None and bool(opened.form and opened.form.errors))
    return render(request, template, context, status=422 if request.htmx and is_refused else 200)


def _kinds(opened: Opened | None) -> list[dict[str, Any]]:
    """What else can be changed of the customer or person that is open."""
    if opened is None or not opened.subject:
        return []
    kinds = OF_CUSTOMER if opened.kind in OF_CUSTOMER else OF_PERSON
    return _links(kinds, opened.subject, opened)


def _links(kinds: dict[str, Any], subject: str, opened: Opened | None) -> list[dict[str, Any]]:
    current = opened.kind if opened else ""
    if not subject:  # a beginning stays marked while its form is open
        current = {
            **dict.fromkeys(OF_CUSTOMER, "customer"),
            **dict.fromkeys(OF_PERSON, "person"),
        }.get(current, current)
    return [
        {
            "id": f"add-{kind}" if not subject else f"kind-{kind}",
            "title": title,
            "query": "&".join(part for part in (subject, urlencode({"add": kind})) if part),
            "is_current": kind == current,
        }
        for kind, title in kinds.items()
    ]
