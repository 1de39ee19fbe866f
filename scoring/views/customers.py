"""The firm's customers, and one of them with all that is known; corrections in place."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest, act_for
from partners.models import Partner
from scoring import corrections, customers, facts, ledgers, perms, rule_sets, scores
from scoring.claim_states import COUNTING, ClaimState
from scoring.correction_forms import ClaimTargetForm, CorrectionForm, CustomersForm
from scoring.corrections import NotCorrectable, OfClaim
from scoring.customers import Held, Interval, Known, Share
from scoring.judging import NO_END
from scoring.models import Correction, Score, Tenant
from scoring.presentation import day_text, figure, month_name, signed
from scoring.results import Metric
from scoring.views.corrections import Line, effect_words, lines

CUSTOMERS_A_PAGE = 50
Field = Correction.Field


# ---- The list ------------------------------------------------------------------------------------


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """The customers of the firm the person acts for: searched, filtered, sorted, by pages."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "customers"})
    portfolio = facts.portfolio_of(request.partner)
    score = scores.latest(request.partner)
    rule_set = ledgers.rule_set_of(score) if score else rule_sets.for_day(timezone.localdate())
    form = CustomersForm(request.GET, rule_set=rule_set)
    wish = form.cleaned_data if form.is_valid() else {"words": "", "option": "", "show": ""}
    sort = request.GET.get("sort", "")
    month = customers.newest_month(portfolio)
    found = customers.find(
        portfolio,
        score,
        words=wish["words"],
        option=int(wish["option"] or 0),
        show=wish["show"],
        sort=sort,
        month=month,
    )
    page = Paginator(found, CUSTOMERS_A_PAGE).get_page(request.GET.get("page"))
    shown = customers.customers(portfolio, score, list(page), month)
    parameters = {name: wish[name] for name in ("words", "option", "show")}
    context = {
        "tab": "customers",
        "partner": request.partner,
        "form": form,
        "page": page,
        "customers": shown,
        "score": score,
        "tracks": rule_set.tracks,
        "month": "" if month is None else month_name(month),
        "last_month": ""
        if score is None or score.last_month is None
        else month_name(score.last_month),
        "is_narrowed": any(wish.values()),
        "columns": _columns(parameters, sort),
        "query": _query(**parameters, sort=sort),
        "may_import": perms.can_import(request.user, request.partner),
    }
    return render(request, "scoring/customers.html", context)


def _query(**parameters: str) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def _columns(parameters: dict[str, str], sort: str) -> list[dict[str, Any]]:
    """The heads of the table that can be sorted by, each with the address that does it."""
    columns = []
    for name, title, is_number in (
        ("name", _("Customer"), False),
        ("seats", _("Seats"), True),
        ("users", _("Active users"), True),
    ):
        current = sort or "name"
        first, second = (f"-{name}", name) if is_number else (name, f"-{name}")
        columns.append(
            {
                "title": title,
                "is_number": is_number,
                "direction": {name: "ascending", f"-{name}": "descending"}.get(current, ""),
                "query": _query(**parameters, sort=second if current == first else first),
            }
        )
    return columns


# ---- One customer --------------------------------------------------------------------------------


@require_safe
@vary_on_headers("HX-Request")
def detail(request: PortalRequest, guid: UUID) -> HttpResponse:
    """All that is known of one customer; with parameters of a fact, its form is open."""
    tenant = _tenant(request, guid)
    opened = None
    if "field" in request.GET and perms.can_correct(request.user, tenant.portfolio.partner):
        aim = ClaimTargetForm(request.GET)
        if aim.is_valid():
            field = aim.cleaned_data["field"]
            opened = Opened(field, aim.target(tenant.pk), CorrectionForm(field=field))
    return _render(request, tenant, opened=opened)


@require_POST
def correct(request: PortalRequest, guid: UUID) -> HttpResponse:
    """Correct one fact of a customer's associations: htmx gets the page's region back."""
    tenant = _tenant(request, guid)
    partner = tenant.portfolio.partner
    if not perms.can_correct(request.user, partner):
        raise PermissionDenied
    aim = ClaimTargetForm(request.POST)
    if not aim.is_valid():
        return redirect("scoring:customer", guid)
    field, target = aim.cleaned_data["field"], aim.target(tenant.pk)
    form = CorrectionForm(request.POST, field=field)
    if form.is_valid():
        before = scores.latest(partner)
        try:
            corrections.make(
                partner,
                field,
                target,
                form.cleaned_data["value"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
        except NotCorrectable as refusal:
            form.add_error("value", str(refusal))
        else:
            done = _("Corrected. %(effect)s") % {
                "effect": effect_words(before, scores.latest(partner))
            }
            if request.htmx:
                return _render(request, tenant, done=(target, done))
            messages.success(request, done)
            url = reverse("scoring:customer", args=[guid])
            return redirect(f"{url}#held-{target.workload}-{target.option}")
    status = 422 if request.htmx else 200
    return _render(request, tenant, opened=Opened(field, target, form), status=status)


@dataclass(frozen=True, slots=True)
class Opened:
    """The form that is open on the page, and for which fact."""

    field: str
    target: OfClaim
    form: CorrectionForm


def _tenant(request: PortalRequest, guid: UUID) -> Tenant:
    """The customer as the firm the person acts for knows it, else as another one of theirs does."""
    own = Tenant.objects.filter(
        tenant_id=guid, portfolio__partner__in=Partner.objects.of(request.user)
    ).select_related("portfolio__partner")
    found = {tenant.portfolio.partner_id: tenant for tenant in own}
    if not found:
        raise Http404
    act_for(request, found)
    firm = request.partner
    return found[firm.pk] if firm and firm.pk in found else next(iter(found.values()))


def _render(
    request: PortalRequest,
    tenant: Tenant,
    *,
    opened: Opened | None = None,
    done: tuple[OfClaim, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, tenant, opened, done)
    template = "scoring/customer.html#customer" if request.htmx else "scoring/customer.html"
    return render(request, template, context, status=status)


def _context(
    request: PortalRequest,
    tenant: Tenant,
    opened: Opened | None,
    done: tuple[OfClaim, str] | None,
) -> dict[str, Any]:
    portfolio = tenant.portfolio
    score = scores.latest(portfolio.partner)
    month = customers.newest_month(portfolio)
    known = customers.known_of(portfolio, tenant, month)
    may_correct = perms.can_correct(request.user, portfolio.partner)
    shown = lines(portfolio, known.corrections)
    by_id = {line.row.pk: line for line in shown}
    page = _Page(tenant, score, may_correct, opened, done, by_id)
    held = [page.held(one) for one in known.held]
    return {
        "tab": "customers",
        "partner": portfolio.partner,
        "tenant": tenant,
        "score": score,
        "months_compared": _compared(score),
        "tracks": _tracks(score, tenant),
        "stories": _stories(known),
        "held": held,
        "refused": _refused(opened, held),
        "month_names": [_short_month(month) for month in known.months],
        "lines": shown,
        "may_correct": may_correct,
        "back": "customer",
    }


def _refused(opened: Opened | None, held: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the input for a fact that is no longer on the page."""
    if opened is None or not opened.form.errors:
        return []
    facts_shown = (fact for one in held for part in one["intervals"] for fact in part["facts"])
    if any(fact.form for fact in facts_shown):
        return []
    return [str(error) for errors in opened.form.errors.values() for error in errors]


def _compared(score: Score | None) -> dict[str, str]:
    if score is None or score.last_month is None or score.comparison_month is None:
        return {}
    return {
        "last": month_name(score.last_month),
        "comparison": month_name(score.comparison_month),
    }


def _short_month(month: int) -> str:
    return f"{month % 12 + 1:02d}/{month // 12 % 100:02d}"


def _tracks(score: Score | None, tenant: Tenant) -> list[dict[str, Any]]:
    """What the customer adds to the newest score, track by track."""
    if score is None:
        return []
    best = {
        (track.key, metric.key): metric.option for track in score.tracks for metric in track.metrics
    }
    return [
        {
            "title": track.title,
            "rows": [_share(score, track.key, one, best) for one in own],
        }
        for track, own in customers.shares(score, tenant)
    ]


def _share(
    score: Score, track: str, share: Share, best: dict[tuple[str, str], str]
) -> dict[str, Any]:
    url = reverse("scoring:metric", args=[score.pk, track, share.metric])
    return {
        "metric": Metric(share.metric).label if share.metric in Metric else share.metric,
        "option": share.option,
        "is_best": best.get((track, share.metric), "") == share.option,
        "value": signed(share.value),
        "is_counted": share.is_counted,
        "words": share.words,
        "url": f"{url}?option={share.option}" if share.option else url,
    }


def _stories(known: Known) -> list[str]:
    """What happened to the customer's associations, where it explains figures that surprise."""
    found = [
        _(
            "%(workload)s went from %(before)s (data until %(last)s) to %(after)s (data from "
            "%(first)s). For Microsoft that is a new association: growth by %(after)s counts from "
            "its own beginning."
        )
        % {
            "workload": change.title,
            "before": change.before,
            "after": change.after,
            "last": month_name(change.last_month),
            "first": month_name(change.first_month),
        }
        for change in known.changes
    ]
    for one in known.held:
        states = {interval.counts.state for interval in one.intervals} - COUNTING
        found += [
            _(
                "The claim for %(workload)s is not approved (%(state)s). As long as that is so, "
                "%(workload)s by %(option)s counts in no month, not in earlier ones either."
            )
            % {
                "workload": one.title,
                "option": one.option_key,
                "state": ClaimState(state).label,
            }
            for state in sorted(states)
        ]
    return found


# ---- The facts of an association -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of an interval, in words."""

    field: str
    label: str
    value: str
    source: str  # where the value comes from
    correction: Line | None
    note: str
    id: str
    correct_url: str  # opens the form in place; empty for who may not
    form: CorrectionForm | None  # open
    hidden: dict[str, Any]  # the form's hidden fields: which fact it is


@dataclass(frozen=True, slots=True)
class _Page:
    """Puts what is known of a customer into words, with the form that is open."""

    tenant: Tenant
    score: Score | None
    may_correct: bool
    opened: Opened | None
    done: tuple[OfClaim, str] | None
    lines: dict[UUID, Line]  # of the corrections, by their id

    def held(self, one: Held) -> dict[str, Any]:
        state = ClaimState(one.intervals[-1].counts.state)
        done = ""
        if self.done and (self.done[0].workload, self.done[0].option) == (one.workload, one.option):
            done = self.done[1]
        return {
            "id": f"held-{one.workload}-{one.option}",
            "title": one.title,
            "option": one.option_key,
            "state": state.label if state != ClaimState.NOT_SAID else "",
            "state_tag": _state_tag(state),
            "intervals": [self.interval(one, interval) for interval in one.intervals],
            "rows": [
                {"title": _("Seats"), "cells": [_number(month.seats) for month in one.figures]},
                {
                    "title": _("Active users"),
                    "cells": [_number(month.users) for month in one.figures],
                },
                {
                    "title": _("In use"),
                    "cells": [_percent(month.seats, month.users) for month in one.figures],
                },
            ],
            "has_figures": one.last_month is not None,
            "done": done,
        }

    def interval(self, held: Held, interval: Interval) -> dict[str, Any]:
        place = held.intervals.index(interval)
        title = ""
        if len(held.intervals) > 1:
            number = place + 1
            title = _("Claimed for the first time") if not place else _("Claimed again")
            title = f"{number}. {title}"
        return {
            "title": title,
            "is_backwards": interval.is_backwards,
            "facts": [
                self.begin(held, interval),
                self.end(held, interval),
                self.baseline(held, interval),
            ],
        }

    def begin(self, held: Held, interval: Interval) -> Fact:
        claim = interval.counts
        if claim.begins_on is not None:
            value, source = day_text(claim.begins_on), _("as a file says")
        elif claim.begins >= NO_END:
            value, source = _("not known"), _("no file has figures for it yet")
        else:
            value = month_name(claim.begins)
            source = _("derived: the first month with data")
        return self._fact(held, interval, Field.BEGINS_ON, value, source)

    def end(self, held: Held, interval: Interval) -> Fact:
        claim, note = interval.counts, ""
        value = _("still held") if claim.ended_on is None else day_text(claim.ended_on)
        if claim.ended_on is None and claim.ends < NO_END:
            value = _("until %(month)s") % {"month": month_name(claim.ends)}
            note = _("It was claimed again in the month after that.")
        source = "" if claim.ended_on is None else _("as a file says")
        newest, last = held.figures[-1].month if held.figures else None, held.last_month
        is_newest = interval is held.intervals[-1]
        if is_newest and claim.ended_on is None and last is not None and last != newest:
            note = _("The last data are of %(month)s.") % {"month": month_name(last)}
        return self._fact(held, interval, Field.ENDED_ON, value, source, note)

    def baseline(self, held: Held, interval: Interval) -> Fact:
        claim, note = interval.counts, ""
        if claim.baseline_users is None:
            value, source = _("no figures"), _("no file has figures since it began")
        else:
            value = ngettext("%(number)s user", "%(number)s users", claim.baseline_users) % {
                "number": figure(claim.baseline_users)
            }
            month = claim.baseline_month
            source = (
                ""
                if month is None
                else _("%(month)s, the first with data since it began")
                % {"month": month_name(month)}
            )
        compared = self.score.comparison_month if self.score else None
        if compared is not None and claim.begins <= compared:
            note = _("Not needed today: growth is counted from %(month)s.") % {
                "month": month_name(compared)
            }
        return self._fact(held, interval, Field.BASELINE, value, source, note)

    def _fact(
        self,
        held: Held,
        interval: Interval,
        field: Field,
        value: str,
        source: str,
        note: str = "",
    ) -> Fact:
        hidden: dict[str, str | int] = {
            "field": field.value,
            "workload": held.workload,
            "option": held.option,
            "begins": interval.said.begins,
        }
        target = OfClaim(self.tenant.pk, held.workload, held.option, interval.said.begins)
        form = None
        if self.opened and (self.opened.field, self.opened.target) == (field, target):
            form = self.opened.form
            form.initial.setdefault("value", _today(field, interval))
        row = interval.corrections.get(field)
        correction = self.lines[row.pk] if row else None
        url = reverse("scoring:customer", args=[self.tenant.tenant_id])
        return Fact(
            field=field.value,
            label=str(LABELS[field]),
            value=value,
            source="" if correction else source,
            correction=correction,
            note=note,
            id="-".join(str(part) for part in hidden.values()),
            correct_url=f"{url}?{urlencode(hidden)}" if self.may_correct else "",
            form=form,
            hidden=hidden,
        )


def _today(field: Field, interval: Interval) -> str | int | None:
    """The value that stands now, to be changed in the form."""
    claim = interval.counts
    if field == Field.BASELINE:
        return claim.baseline_users
    return claim.begins_on if field == Field.BEGINS_ON else claim.ended_on


LABELS = {
    Field.BEGINS_ON: gettext_lazy("Begins"),
    Field.ENDED_ON: gettext_lazy("Ends"),
    Field.BASELINE: gettext_lazy("Users at the beginning"),
}


def _number(value: int | None) -> str:
    return "–" if value is None else figure(value)


def _percent(seats: int | None, users: int | None) -> str:
    return f"{users * 100 // seats}\N{NO-BREAK SPACE}%" if seats and users is not None else "–"


def _state_tag(state: ClaimState) -> str:
    if state == ClaimState.APPROVED:
        return "ok"
    return "bad" if state in (ClaimState.REJECTED, ClaimState.REJECTED_FINAL) else "warn"
