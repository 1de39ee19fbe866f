"""The planner: the cheapest ways to a number of points, and what a step costs the firm."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import claim_levers, efforts, perms, plan_words, plans, positions, scenarios
from scoring.plan_forms import EffortForm
from scoring.planner import Lever
from scoring.plans import Ground, Target, Way
from scoring.positions import Nothing, Position
from scoring.presentation import figure, month_name
from scoring.scenarios import NotChangeable


@require_safe
@vary_on_headers("HX-Request")
def plan(request: PortalRequest) -> HttpResponse:
    """The cheapest ways of both tracks to the target that was asked for."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "plan"})
    return _page(request, _context(request, request.partner))


@require_POST
def change_efforts(request: PortalRequest) -> HttpResponse:
    """Set what each step costs: htmx gets the plans anew, a plain browser the page."""
    partner = _planning_firm(request)
    target = _target(request)
    is_reset = "reset" in request.POST
    form = EffortForm(request.POST)
    if not is_reset and not form.is_valid():
        return _page(request, _context(request, partner, form), status=422 if request.htmx else 200)
    values = efforts.defaults() if is_reset else form.cleaned_data
    efforts.change(partner, values, by=request.user)
    if request.htmx:
        return _page(request, _context(request, partner))
    messages.success(request, _("The plans follow your weights now."))
    return redirect(f"{reverse('scoring:plan')}?target={target}#efforts")


@require_POST
def keep(request: PortalRequest) -> HttpResponse:
    """Keep a plan as a scenario: worked out anew, so that nothing of it comes from the form."""
    partner = _planning_firm(request)
    target = _target(request)
    back = redirect(f"{reverse('scoring:plan')}?target={target}")
    position = positions.of(partner, timezone.localdate())
    if isinstance(position, Nothing):
        messages.error(request, str(position.label))
        return back
    start = plans.ground(position, efforts.weights(efforts.of(partner)))
    way = _way(request, start, target)
    if way is None or way.plan is None or not len(way.plan.steps):
        messages.error(request, _("This plan is not there any more. Here is what stands today."))
        return back
    try:
        made = scenarios.make(
            partner,
            _scenario_name(start, way, target),
            by=request.user,
            changes=plans.as_changes(start, way.track, way.plan),
        )
    except NotChangeable as refusal:
        messages.error(request, str(refusal))
        return back
    messages.success(request, _("The plan is a scenario now. Your data stay as they are."))
    return redirect("scoring:scenario", pk=made.pk)


def _planning_firm(request: PortalRequest) -> Partner:
    if not request.partner or not perms.can_plan(request.user, request.partner):
        raise PermissionDenied
    return request.partner


def _target(request: PortalRequest) -> Target:
    asked = request.POST.get("target") or request.GET.get("target") or ""
    return Target(asked) if asked in Target.values else Target.PASS


def _way(request: PortalRequest, start: Ground, target: Target) -> Way | None:
    track = {one.key: one for one in start.rule_set.tracks}.get(request.POST.get("track", ""))
    without = request.POST.get("without", "")
    if track is None or (without and without not in list(Lever)):
        return None
    return plans.way(start, track, target, Lever(without) if without else None)


def _scenario_name(start: Ground, way: Way, target: Target) -> str:
    points = start.problem(way.track, target).target
    return _("Plan: %(track)s, %(points)s points") % {
        "track": way.track.title,
        "points": figure(min(points, way.reach)),
    }


# ---- What the page shows -------------------------------------------------------------------------


def _page(request: PortalRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The plans alone for htmx; a page that has none is shown whole."""
    is_fragment = request.htmx and not context["nothing"]
    template = "scoring/plan.html#plan" if is_fragment else "scoring/plan.html"
    return render(request, template, context, status=status)


def _context(
    request: PortalRequest, partner: Partner, form: EffortForm | None = None
) -> dict[str, Any]:
    target = _target(request)
    row = efforts.of(partner)
    position = positions.of(partner, timezone.localdate())
    context: dict[str, Any] = {
        "tab": "plan",
        "sub": "plan",
        "partner": partner,
        "target": target,
        "may_plan": perms.can_plan(request.user, partner),
        "may_import": perms.can_import(request.user, partner),
        "form": form or EffortForm.of(row),
        "is_own": efforts.is_own(row),
        "row": row,
    }
    if isinstance(position, Nothing):
        return context | {"nothing": position.label}
    return context | _plans(position, row, target)


def _plans(position: Position, row: Any, target: Target) -> dict[str, Any]:
    start = plans.ground(position, efforts.weights(row))
    found = plans.ways(start, target)
    shown = [*found.tracks, *found.others]
    tenants = plan_words.names_of(way.plan for way in shown if way.plan)

    def words(way: Way, name: str) -> dict[str, Any]:
        told = plan_words.way_words(start, way, target, tenants, name=name)
        return {"way": told, "key": way.track.key}

    best = found.tracks[0]
    left_out = start.left_out.get(best.track.key, 0)
    return {
        "nothing": "",
        "score": position.score,
        "pass_mark": figure(position.rule_set.pass_mark),
        "is_provable": position.is_provable,
        "lies_behind": not start.is_current,
        "other_month": "" if start.other_month is None else month_name(start.other_month),
        "has_other_rules": start.has_other_rules,
        "last_month": month_name(position.pair.last),
        "comparison_month": month_name(position.pair.comparison),
        "tracks": [words(way, f"way-{number}") for number, way in enumerate(found.tracks)],
        "others": [words(way, f"other-{number}") for number, way in enumerate(found.others)],
        "left_out": left_out,
        "most_claims": claim_levers.MOST_CLAIMS,
        "targets": [
            {
                "key": Target.PASS,
                "label": _("%(points)s points") % {"points": figure(position.rule_set.pass_mark)},
            },
            {"key": Target.FULL, "label": _("%(points)s points") % {"points": figure(plans.FULL)}},
            {"key": Target.NEXT, "label": _("The next full point")},
        ],
    }
