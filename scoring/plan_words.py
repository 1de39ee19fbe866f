"""Plans in words and figures: what is to be done, with whom, and what it brings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, npgettext

from scoring import charts, efforts, rules
from scoring.claim_levers import ClaimKey, waits
from scoring.claim_states import ClaimState
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS
from scoring.models import Tenant
from scoring.planner import INTERMEDIATE, Choice, Lever, Near, Plan, Unreachable, Weights
from scoring.plans import Ground, Target, Way, near_choice
from scoring.presentation import figure, seats_of, signed, unit, value_text, whole
from scoring.results import Metric

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN_STEPS = 8  # of one plan; the others open on request

WITHOUT: "dict[Lever, StrOrPromise]" = {
    Lever.INTERMEDIATE: gettext_lazy("Without new intermediate certifications"),
    Lever.ADVANCED: gettext_lazy("Without new advanced certifications"),
    Lever.TENANT: gettext_lazy("Without winning customers"),
    Lever.USER: gettext_lazy("Without gaining users"),
    Lever.NEAR: gettext_lazy("Without bringing single customers above the share"),
    Lever.CLAIM: gettext_lazy("Without filing claims"),
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """One step of a plan."""

    lever: Lever
    title: str
    detail: str
    effort: str
    url: str


@dataclass(frozen=True, slots=True)
class MetricLine:
    number: int  # as in the picture
    pattern: str
    title: str
    before: str
    after: str
    value: str  # "+3 → +4 tenants"
    option: str
    changes: bool


@dataclass(frozen=True, slots=True)
class WayWords:
    """One way to the target, ready for a page."""

    key: str
    track: str
    without: str
    lever: str
    cost: str
    is_there: bool  # nothing is to be done
    steps: Sequence[StepWords]
    more: Sequence[StepWords]  # beyond those that are shown at once
    before: str
    after: str
    metrics: Sequence[MetricLine]
    chart: charts.Chart | None
    examined: str
    why_not: str  # a sentence when the target is out of reach
    zero: str  # metrics that have no points even then


def names_of(plans: Iterable[Plan]) -> dict[int, Tenant]:
    """The customers that plans name, in one query."""
    wanted = {
        number
        for plan in plans
        for number in (
            *(one.customer for one in plan.steps.near),
            *(customer for customer, _choice in plan.steps.claims),
        )
    }
    return Tenant.objects.in_bulk(sorted(wanted)) if wanted else {}


def effort(hundredths: int) -> str:
    """An effort as the firm writes it."""
    value = Decimal(hundredths) / efforts.HUNDREDTHS
    return figure(value.normalize() if value % 1 else value.quantize(Decimal(1)))


def way_words(
    start: Ground, way: Way, target: Target, tenants: Mapping[int, Tenant], *, name: str
) -> WayWords:
    """A way in words; ``name`` makes the ids of its picture unique on the page."""
    plan = way.plan
    steps = list(step_words(start, way.track, plan, tenants)) if plan else []
    before = plan.before if plan else start.problem(way.track, target).scored()
    return WayWords(
        key=name,
        track=way.track.title,
        without=str(WITHOUT[way.without]) if way.without else "",
        lever=way.without or "",
        cost=effort(plan.cost) if plan else "",
        is_there=way.cost is not None and not steps,
        steps=steps[:SHOWN_STEPS],
        more=steps[SHOWN_STEPS:],
        before=whole(before.total),
        after=whole(plan.after.total) if plan else "",
        metrics=[
            _metric(number, plan.before.metrics[key], plan.after.metrics[key])
            for number, key in enumerate(plan.after.metrics, start=1)
        ]
        if plan
        else [],
        chart=_chart(start, plan, name) if plan else None,
        examined=figure(plan.examined) if plan else "",
        why_not=_why_not(way, way.answer, target) if isinstance(way.answer, Unreachable) else "",
        zero=", ".join(
            str(Metric(key).label) for key, one in plan.after.metrics.items() if not one.points
        )
        if plan
        else "",
    )


def _why_not(way: Way, answer: Unreachable, target: Target) -> str:
    if target == Target.PASS and answer.zero:
        metrics = ", ".join(str(Metric(key).label) for key in answer.zero)
        if answer.zero == (DEPLOYMENTS,):
            return _(
                "Deployments cannot get above zero by the steps looked at: your newest data show "
                "no eligible customers that could still become deployed in this track."
            )
        return _("Without points whatever is done: %(metrics)s.") % {"metrics": metrics}
    return _("By these steps the %(track)s track cannot get above %(points)s points.") % {
        "track": way.track.title,
        "points": whole(answer.most),
    }


def _metric(number: int, before: rules.MetricScore, after: rules.MetricScore) -> MetricLine:
    key = after.metric.key
    return MetricLine(
        number=number,
        pattern=charts.PATTERNS[(number - 1) % len(charts.PATTERNS)],
        title=str(Metric(key).label),
        before=whole(before.points),
        after=whole(after.points),
        value=_("%(before)s → %(after)s %(unit)s")
        % {
            "before": value_text(key, before.options[after.option].value),
            "after": value_text(key, after.value),
            "unit": unit(key, after.value),
        },
        option=after.option,
        changes=before.points != after.points,
    )


def _chart(start: Ground, plan: Plan, name: str) -> charts.Chart:
    """Today and afterwards, one bar each."""
    labels = (_("Today"), _("With these steps"))
    bars = [
        charts.Bar(
            title=label,
            total=_("%(total)s of 100 points") % {"total": whole(scored.total)},
            parts=[
                charts.Part(str(Metric(key).label), one.points, one.metric.max)
                for key, one in scored.metrics.items()
            ],
        )
        for label, scored in zip(labels, (plan.before, plan.after), strict=True)
    ]
    pass_mark = start.rule_set.pass_mark
    title = _("%(track)s: %(before)s points today, %(after)s with these steps.") % {
        "track": plan.after.track.title,
        "before": whole(plan.before.total),
        "after": whole(plan.after.total),
    }
    return charts.draw(
        name,
        title,
        bars,
        pass_mark=pass_mark,
        pass_mark_label=_("%(pass_mark)s needed") % {"pass_mark": figure(pass_mark)},
    )


# ---- Steps ---------------------------------------------------------------------------------------


def step_words(
    start: Ground, track: rules.Track, plan: Plan, tenants: Mapping[int, Tenant]
) -> Iterator[StepWords]:
    """The steps of a plan: claims first, because they are the quickest, then users and people."""
    steps, weights = plan.steps, start.weights
    pure = [one for one in steps.claims if is_pure(one[1])]
    for customer, choice in steps.claims:
        if is_pure(choice):
            continue
        yield choice_words(start, track, customer, choice, tenants)
    if len(pure) > 1:
        yield _claims_together(track, pure, tenants, weights)
    else:
        for customer, choice in pure:
            yield choice_words(start, track, customer, choice, tenants)
    for one in steps.near:
        yield choice_words(start, track, one.customer, near_choice(one), tenants)
    if steps.users:
        yield users_words(steps.users, steps.users_option, weights)
    for metric, number in steps.people.items():
        if number:
            yield people_words(metric, number, weights)
    if steps.tenants:
        yield tenants_words(track, steps.tenants, weights)


def is_pure(choice: Choice) -> bool:
    """Claims that bring a tenant and nothing else: many of them are said in one step."""
    return bool(choice.claims) and not choice.growth and not choice.deployments


def people_words(metric: str, number: int, weights: Weights) -> StepWords:
    words = {"number": figure(number)}
    if metric == INTERMEDIATE:
        title = ngettext(
            "Certify one more person at the intermediate level.",
            "Certify %(number)s more people at the intermediate level.",
            number,
        )
        return StepWords(
            Lever.INTERMEDIATE,
            title % words,
            _("The page People says who is one exam away."),
            effort(number * weights.intermediate),
            reverse("scoring:people"),
        )
    title = ngettext(
        "Certify one more person at the advanced level.",
        "Certify %(number)s more people at the advanced level.",
        number,
    )
    return StepWords(
        Lever.ADVANCED,
        title % words,
        _("The page People says who is one exam away."),
        effort(number * weights.advanced),
        reverse("scoring:people"),
    )


def tenants_words(track: rules.Track, number: int, weights: Weights) -> StepWords:
    title = ngettext(
        "Win one more customer for this track.",
        "Win %(number)s more customers for this track.",
        number,
    ) % {"number": figure(number)}
    return StepWords(
        Lever.TENANT, title, seats_of(track), effort(number * weights.tenant), _customers()
    )


def users_words(number: int, option: str, weights: Weights) -> StepWords:
    title = ngettext(
        "Gain one more active user by %(option)s.",
        "Gain %(number)s more active users by %(option)s.",
        number,
    ) % {"number": figure(number), "option": option}
    return StepWords(
        Lever.USER,
        title,
        _("In any eligible workload of your eligible customers, altogether."),
        effort(number * weights.user),
        _customers(),
    )


def _customers() -> str:
    return reverse("scoring:customers")


def choice_words(
    start: Ground,
    track: rules.Track,
    customer: int,
    choice: Choice,
    tenants: Mapping[int, Tenant],
) -> StepWords:
    """A step at one customer: users up to the share, or claims."""
    tenant = tenants.get(customer)
    name = str(tenant) if tenant else _("A customer that your newest data no longer show")
    url = reverse("scoring:customer", args=[tenant.tenant_id]) if tenant else _customers()
    cost = effort(choice.cost(start.weights))
    near = [key for key in choice.key if isinstance(key, Near)]
    if near:
        row = start.near_rows[track.key, customer, near[0].option]
        title = ngettext(
            "One more active user of %(workload)s at %(customer)s: deployed.",
            "%(number)s more active users of %(workload)s at %(customer)s: deployed.",
            row.missing,
        ) % {
            "number": figure(row.missing),
            "workload": _workload(start, row.workload),
            "customer": name,
        }
        detail = _("Today %(users)s of %(seats)s seats, by %(option)s.") % {
            "users": figure(row.users),
            "seats": figure(row.seats),
            "option": row.option,
        }
        return StepWords(Lever.NEAR, title, f"{detail} {brings(choice)}", cost, url)
    keys = [key for key in choice.key if isinstance(key, ClaimKey)]
    words = {
        "customer": name,
        "workloads": ", ".join(_workload(start, key.workload) for key in keys),
    }
    if all(waits(key) for key in keys):
        states = {str(ClaimState(key.state).label) for key in keys}
        title = ngettext(
            "Get the CPOR claim at %(customer)s approved: %(workloads)s.",
            "Get the CPOR claims at %(customer)s approved: %(workloads)s.",
            len(keys),
        )
        detail = _("State of the claim: %(state)s.") % {"state": ", ".join(sorted(states))}
        return StepWords(Lever.CLAIM, title % words, f"{detail} {brings(choice)}", cost, url)
    title = ngettext(
        "File a CPOR claim at %(customer)s: %(workloads)s.",
        "File CPOR claims at %(customer)s: %(workloads)s.",
        len(keys),
    )
    return StepWords(Lever.CLAIM, title % words, brings(choice), cost, url)


def _claims_together(
    track: rules.Track,
    pure: Sequence[tuple[int, Choice]],
    tenants: Mapping[int, Tenant],
    weights: Weights,
) -> StepWords:
    named = [str(tenants[customer]) for customer, _choice in pure if customer in tenants]
    shown = ", ".join(named[:5])
    rest = len(pure) - len(named[:5])
    title = ngettext(
        "File a CPOR claim at %(number)s customer: it then counts in %(track)s.",
        "File a CPOR claim at %(number)s customers: they then count in %(track)s.",
        len(pure),
    ) % {"number": figure(len(pure)), "track": track.title}
    if rest:
        shown = ngettext("%(names)s and %(number)s more", "%(names)s and %(number)s more", rest) % {
            "names": shown,
            "number": figure(rest),
        }
    cost = sum(choice.cost(weights) for _customer, choice in pure)
    return StepWords(Lever.CLAIM, title, shown, effort(cost), reverse("scoring:unclaimed"))


def near_together(start: Ground, near: Sequence[Near], tenants: Mapping[int, Tenant]) -> StepWords:
    """Several customers up to the share in one step, where single ones would earn nothing yet."""
    users = sum(one.users for one in near)
    words = {
        "number": figure(len(near)),
        "users": figure(users),
        "names": ", ".join(str(tenants[one.customer]) for one in near if one.customer in tenants),
    }
    title = ngettext(
        "Bring %(number)s customer to deployed.",
        "Bring %(number)s customers to deployed, together.",
        len(near),
    )
    detail = ngettext(
        "%(users)s more active user: %(names)s.",
        "%(users)s more active users: %(names)s.",
        users,
    )
    cost = effort(users * start.weights.user)
    return StepWords(Lever.NEAR, title % words, detail % words, cost, _customers())


def brings(choice: Choice) -> str:
    """What a choice adds to the counts: "Brings +1 tenant, +20 users, +1 deployed."."""
    found = []
    if choice.adds:
        found.append(f"{signed(choice.adds)} {unit(NET_ADDS, choice.adds)}")
    users = max((number for _option, number in choice.growth), default=0)
    if users:
        found.append(f"{signed(users)} {unit(GROWTH, users)}")
    deployed = max((number for _option, number in choice.deployments), default=0)
    if deployed:
        words = npgettext("deployments", "%(number)s deployed", "%(number)s deployed", deployed)
        found.append(words % {"number": signed(deployed)})
    return _("Brings %(what)s.") % {"what": ", ".join(found)}


def _workload(start: Ground, number: int) -> str:
    titles = {one.number: one.title for one in start.rule_set.workloads.values()}
    return titles.get(number, "")
