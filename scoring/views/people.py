"""The firm's people with their certificates: who counts, until when, and corrections in place."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import certified, corrections, facts, perms, reminders, rule_sets, scores
from scoring.certified import Holding, Person
from scoring.correction_forms import CorrectionForm, PeopleForm, PersonTargetForm
from scoring.corrections import NotCorrectable, OfCertificate, OfPerson
from scoring.models import Correction
from scoring.presentation import PEOPLE, day_text, figure
from scoring.results import Metric
from scoring.views import people_ahead
from scoring.views.corrections import effect_words, lines
from scoring.views.people_ahead import PEOPLE_A_PAGE

Field = Correction.Field
Target = OfPerson | OfCertificate


@dataclass(frozen=True, slots=True)
class Opened:
    """The form that is open on the page, and for which fact."""

    field: str
    target: Target
    form: CorrectionForm


@require_safe
@vary_on_headers("HX-Request")
def index(request: PortalRequest) -> HttpResponse:
    """Everybody with a certificate; with parameters of a fact, its form is open."""
    partner = request.partner
    if not partner:
        return render(request, "scoring/no_firm.html", {"tab": "people"})
    return _render(request, partner, aim=request.GET if "field" in request.GET else None)


@require_POST
def correct(request: PortalRequest) -> HttpResponse:
    """Correct one fact of a person or certificate: htmx gets the page's region back."""
    partner = request.partner
    if not partner or not perms.can_correct(request.user, partner):
        raise PermissionDenied
    aim = PersonTargetForm(request.POST)
    if not aim.is_valid():
        return redirect("scoring:people")
    field, target = aim.cleaned_data["field"], aim.target()
    form = CorrectionForm(
        request.POST, field=field, choices=_others(_people(partner), target.person_key)
    )
    if form.is_valid():
        before = scores.latest(partner)
        try:
            corrections.make(
                partner,
                field,
                target,
                form.cleaned_data.get("value"),
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
        except NotCorrectable as refusal:
            form.add_error("value" if "value" in form.fields else "reason", str(refusal))
        else:
            done = _("Corrected. %(effect)s") % {
                "effect": effect_words(before, scores.latest(partner))
            }
            if request.htmx:
                return _render(request, partner, done=(target, done))
            messages.success(request, done)
            return redirect(f"{reverse('scoring:people')}#{certified.anchor(target.person_key)}")
    return _render(request, partner, opened=Opened(field, target, form))


def _people(partner: Partner) -> list[Person]:
    today = timezone.localdate()
    return certified.people_of(facts.portfolio_of(partner), rule_sets.for_day(today), today)


def _others(everybody: list[Person], key: str) -> list[tuple[str, str]]:
    """Everybody else, to choose from: whoever has the same name comes first."""
    own = next((person for person in everybody if person.key == key), None)
    first = {one.key for one in own.namesakes} if own else set()
    others = [person for person in everybody if person.key != key]
    others.sort(key=lambda person: person.key not in first)
    return [(person.key, person.label) for person in others]


# ---- What the page shows -------------------------------------------------------------------------


def _render(
    request: PortalRequest,
    partner: Partner,
    *,
    aim: Any = None,
    opened: Opened | None = None,
    done: tuple[Target, str] | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    rule_set = rule_sets.for_day(today)
    everybody = _people(partner)
    may_correct = perms.can_correct(request.user, partner)
    if aim is not None and may_correct and (wanted := PersonTargetForm(aim)).is_valid():
        field, target = wanted.cleaned_data["field"], wanted.target()
        choices = _others(everybody, target.person_key)
        initial = {"value": request.GET.get("other", "") or _until(everybody, target)}
        opened = Opened(
            field, target, CorrectionForm(field=field, choices=choices, initial=initial)
        )
    form = PeopleForm(request.GET)
    wish = form.cleaned_data if form.is_valid() else {"words": "", "show": ""}
    found = [one for one in everybody if certified.matches(one, wish["words"], wish["show"])]
    number = request.GET.get("page")
    if (about := opened.target if opened else done and done[0]) is not None:
        # The page on which the person stands
        place = next((n for n, one in enumerate(found) if _is_about(one, about)), 0)
        number = str(place // PEOPLE_A_PAGE + 1)
    page = Paginator(found, PEOPLE_A_PAGE).get_page(number)
    own = [row for person in page for row in person.corrections]
    portfolio = facts.portfolio_of(partner)
    shown = {line.row.pk: line for line in lines(portfolio, own)} if own else {}
    # Whoever searches, or leafs on, wants the people and not what stands above them.
    has_ahead = bool(everybody) and page.number == 1 and not any(wish.values())
    context = {
        "tab": "people",
        "partner": partner,
        "form": form,
        "page": page,
        "people": [
            _person(person, opened, may_correct, wish, shown)
            | {"done": done[1] if done and _is_about(person, done[0]) else ""}
            for person in page
        ],
        "refused": _refused(opened, list(page)),
        "counts": _counts(everybody),
        "soon": sum(person.expires_soon for person in everybody),
        "twice": sum(bool(person.namesakes) for person in everybody),
        "is_narrowed": any(wish.values()),
        "has_people": bool(everybody),
        "query": _query(**wish),
        "today": today,
        "rule_set": rule_set,
        "may_correct": may_correct,
        "may_import": perms.can_import(request.user, partner),
        "back": "people",
        "has_ahead": has_ahead,
    }
    if has_ahead:
        whole_list = request.GET.get("all", "")
        context |= people_ahead.context(
            partner, portfolio, everybody, rule_set, today, whole_list=whole_list
        )
        context["wants_reminders"] = reminders.wants(request.user, partner)
    template = "scoring/people.html#people" if request.htmx else "scoring/people.html"
    is_refused = request.htmx and opened is not None and bool(opened.form.errors)
    return render(request, template, context, status=422 if is_refused else 200)


def _query(**parameters: str) -> str:
    return urlencode({name: value for name, value in parameters.items() if value})


def _is_about(person: Person, target: Target) -> bool:
    keys = {person.key, *(one.said.person for one in person.holdings)}
    return target.person_key in keys


def _refused(opened: Opened | None, shown: list[Person]) -> list[str]:
    """What is wrong with the input for somebody who is no longer on the page."""
    if opened is None or not opened.form.errors:
        return []
    if any(_is_shown(person, opened.target) for person in shown):
        return []
    return [str(error) for errors in opened.form.errors.values() for error in errors]


def _is_shown(person: Person, target: Target) -> bool:
    """Whether the form of ``target`` has its place beside this person."""
    if isinstance(target, OfPerson):
        return person.key == target.person_key
    return any(_certificate(one) == target for one in person.holdings)


def _certificate(holding: Holding) -> OfCertificate:
    said = holding.said
    return OfCertificate(said.person, said.certification, said.completed_on)


def _until(everybody: list[Person], target: Target) -> date | None:
    """The expiry that counts now, to be changed in the form."""
    for person in everybody:
        for one in person.holdings:
            if _certificate(one) == target:
                return one.counts.expires_on
    return None


def _counts(everybody: list[Person]) -> list[dict[str, str]]:
    """How many count in each metric today."""
    found = []
    for metric in sorted(PEOPLE, key=list(Metric).index):
        number = sum(
            one.counts for person in everybody for one in person.speaks if one.metric == metric
        )
        found.append({"title": str(Metric(metric).label), "number": figure(number)})
    return found


def _person(
    person: Person,
    opened: Opened | None,
    may_correct: bool,
    wish: dict[str, str],
    shown: dict[Any, Any],
) -> dict[str, Any]:
    return {
        "person": person,
        "speaks": [
            {
                "title": str(Metric(one.metric).label),
                "counts": one.counts,
                "words": one.words,
            }
            for one in person.speaks
        ],
        "holdings": [_holding(one, opened, may_correct, wish) for one in person.holdings],
        "corrections": [shown[row.pk] for row in person.corrections],
        "left": _action(Field.LEFT, OfPerson(person.key), opened, may_correct, wish),
        "same": _action(Field.SAME_PERSON, OfPerson(person.key), opened, may_correct, wish),
        "namesakes": [
            {
                "label": f"{one.name} ({one.email})" if one.email else one.name,
                "url": _url(Field.SAME_PERSON, OfPerson(person.key), wish, other=one.key),
            }
            for one in person.namesakes
        ],
    }


def _holding(
    holding: Holding, opened: Opened | None, may_correct: bool, wish: dict[str, str]
) -> dict[str, Any]:
    target = _certificate(holding)
    may_correct = may_correct and corrections.expires(target.certification)
    return {
        "holding": holding,
        "title": holding.title,
        "completed_on": holding.counts.completed_on,
        "words": _validity(holding),
        "tag": _TAGS[holding.state],
        "gap": _gap(holding),
        "is_corrected": holding.correction is not None,
        **_action(Field.EXPIRES_ON, target, opened, may_correct, wish),
    }


_TAGS = {
    "valid": "ok",
    "soon": "warn",
    "expired": "bad",
    "later": "open",
    "unlinked": "na",
    "other": "na",
}


def _validity(holding: Holding) -> str:
    """Until when a certificate counts, in words."""
    until = day_text(holding.until_on.isoformat()) if holding.until_on else ""
    if holding.state == "valid":
        return _("valid until %(day)s") % {"day": until} if until else _("valid, does not expire")
    if holding.state == "soon":
        days = holding.days_left or 0
        if not days:
            return _("expires today")
        return ngettext(
            "expires soon: in %(number)s day, on %(day)s",
            "expires soon: in %(number)s days, on %(day)s",
            days,
        ) % {"number": days, "day": until}
    return {
        "expired": _("expired on %(day)s") % {"day": until},
        "later": _("not completed yet"),
        "unlinked": _("no longer linked to the firm"),
        "other": _("gives no points under the rules of today"),
    }[holding.state]


def _gap(holding: Holding) -> str:
    if holding.gap is None:
        return ""
    first, last = (day_text(day.isoformat()) for day in holding.gap)
    return _(
        "Renewed late: from %(first)s to %(last)s there was none, and for those days it does not "
        "count afterwards either."
    ) % {"first": first, "last": last}


def _action(
    field: Field, target: Target, opened: Opened | None, may_correct: bool, wish: dict[str, str]
) -> dict[str, Any]:
    """What opens the form of a fact, and the form where it is open."""
    is_open = opened is not None and (opened.field, opened.target) == (field, target)
    hidden = _hidden(field, target)
    return {
        "url": _url(field, target, wish) if may_correct else "",
        "form": opened.form if opened is not None and is_open else None,
        "hidden": hidden,
        "id": certified.anchor("|".join(hidden.values())).replace("person", "fact"),
        "close": f"{reverse('scoring:people')}?{_query(**wish)}",
    }


def _hidden(field: Field, target: Target) -> dict[str, str]:
    hidden = {"field": field.value, "person": target.person_key}
    if isinstance(target, OfCertificate):
        hidden |= {
            "certification": target.certification,
            "completed_on": target.completed_on.isoformat(),
        }
    return hidden


def _url(field: Field, target: Target, wish: dict[str, str], **more: str) -> str:
    return f"{reverse('scoring:people')}?{_query(**_hidden(field, target), **wish, **more)}"
