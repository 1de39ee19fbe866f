"""The most valuable next steps: single ones, by the points they bring for their effort.

Looked at is one track: one that has the points and misses a metric comes first, else the better
one. A step that lifts such a metric above zero, or keeps the designation, comes before all others.
Each step is valued after those before it, so that the points of the list add up.

[I] A renewal costs a tenth of a new certification: it is online, free and without an exam room.
[I] Users are told in steps of one point. Below zero a metric earns nothing: the step is as large as
it takes to get above.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import certified, efforts, plan_words, planner, plans, positions, renewals, rules
from scoring.judging import DEPLOYMENTS, GROWTH, NET_ADDS
from scoring.models import Portfolio, Tenant
from scoring.plan_words import effort
from scoring.planner import INTERMEDIATE, OF_PEOPLE, Choice, Near, Offer, Steps
from scoring.plans import Ground, Target
from scoring.positions import Nothing
from scoring.presentation import whole
from scoring.renewals import Expiry, Window
from scoring.worth import points_text

if TYPE_CHECKING:
    from partners.models import Partner

SOON = 90  # days until an expiry
RENEWAL_SHARE = 10  # of a new certification's effort
NEAREST = 3  # customers short of deployed that are looked at, by option


class Kind(TextChoices):
    RENEWAL = "renewal", gettext_lazy("Certificate to renew")
    CLAIM = "claim", gettext_lazy("Claim")
    NEAR = "near", gettext_lazy("Customer close to deployed")
    USER = "user", gettext_lazy("Active users")
    INTERMEDIATE = "intermediate", gettext_lazy("Intermediate certification")
    ADVANCED = "advanced", gettext_lazy("Advanced certification")
    TENANT = "tenant", gettext_lazy("New customer")


ORDER = list(Kind)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do next, and where."""

    kind: Kind
    title: str  # a sentence
    detail: str
    points: Fraction  # gained, or kept by a renewal
    effort: int  # hundredths of the firm's unit
    url: str
    track: str  # in which the points are
    decides: bool  # without it the track does not pass although it has the points

    @property
    def points_text(self) -> str:
        """With a sign where points come; those that a renewal keeps are there already."""
        return whole(self.points) if self.keeps else points_text(self.points)

    @property
    def effort_text(self) -> str:
        return effort(self.effort)

    @property
    def keeps(self) -> bool:
        """Points that would be lost rather than new ones."""
        return self.kind == Kind.RENEWAL


@dataclass(frozen=True, slots=True)
class Candidate:
    """A step before it has words: what it does to the counts, or which certificate it keeps."""

    kind: Kind
    once: tuple[object, ...]  # of candidates with the same value one is enough
    steps: Steps
    cost: int = 0
    expiry: Expiry | None = None


def of(partner: "Partner", today: date, *, most: int = 3) -> list[Step]:
    """The steps worth most for their effort, the best first; none without usage data."""
    position = positions.of(partner, today)
    if isinstance(position, Nothing):
        return []
    start = plans.ground(position, efforts.weights(efforts.of(partner)))
    portfolio = Portfolio(pk=position.portfolio)
    everybody = certified.people_of(portfolio, position.rule_set, today)
    expiring = [
        one
        for one in renewals.expiries(everybody, position.rule_set, today)
        if 0 <= one.days_left <= SOON and one.cost
    ]
    track = nearest_track(position.rule_set, position.scored())
    chosen = choose(start, track, expiring, most)
    numbers = {
        number
        for candidate, _points, _decides in chosen
        for number in (
            *(one.customer for one in candidate.steps.near),
            *(customer for customer, _choice in candidate.steps.claims),
        )
    }
    tenants = Tenant.objects.in_bulk(sorted(numbers)) if numbers else {}
    found = []
    for candidate, points, decides in chosen:
        title, detail, url = _words(start, track, candidate, points, tenants)
        found.append(
            Step(
                kind=candidate.kind,
                title=title,
                detail=detail,
                points=points,
                effort=candidate.cost,
                url=url,
                track=track.title,
                decides=decides,
            )
        )
    return found


def nearest_track(rule_set: rules.RuleSet, scored: Mapping[str, rules.TrackScore]) -> rules.Track:
    """One with enough points that misses a metric only, else the better one."""
    held_up = [one for one in scored.values() if one.total >= rule_set.pass_mark and not one.passes]
    if held_up and not any(one.passes for one in scored.values()):
        return rules.shown_track(held_up).track
    return rules.shown_track(scored.values()).track


# ---- Choosing ------------------------------------------------------------------------------------


def choose(
    start: Ground, track: rules.Track, expiring: Sequence[Expiry], most: int
) -> list[tuple[Candidate, Fraction, bool]]:
    """The best candidates with their points, each on top of those before it."""
    counts = start.position.counts[track.key]
    found: list[tuple[Candidate, Fraction, bool]] = []
    used: set[tuple[object, ...]] = set()
    while len(found) < most:
        before = rules.evaluate(start.rule_set, track, counts)
        valued = []
        for candidate in (*_renewals(start, expiring), *_candidates(start, track, counts, used)):
            if candidate.once in used:
                continue
            points, decides = _value(start, candidate, before, counts)
            if points > 0:
                valued.append((candidate, points, decides))
        if not valued:
            break
        best = min(valued, key=_rank)
        found.append(best)
        used.add(best[0].once)
        used |= {("customer", number) for number in _customers(best[0].steps)}
        counts = best[0].steps.counts(counts)
    return found


def _rank(valued: tuple[Candidate, Fraction, bool]) -> tuple[object, ...]:
    candidate, points, decides = valued
    is_free = not candidate.cost
    ratio = points if is_free else points / candidate.cost
    return (
        not decides,
        not is_free,
        -ratio,
        -points,
        ORDER.index(candidate.kind),
        tuple(map(str, candidate.once)),
    )


def _value(
    start: Ground,
    candidate: Candidate,
    before: rules.TrackScore,
    counts: dict[str, dict[str, int]],
) -> tuple[Fraction, bool]:
    """Points in the track, and whether passing hangs on it."""
    if (expiry := candidate.expiry) is not None:
        lost = {
            metric: dict(options) | {rules.ALONE: options.get(rules.ALONE, 0) - 1}
            if metric == expiry.metric
            else options
            for metric, options in counts.items()
        }
        after = rules.evaluate(start.rule_set, before.track, lost)
        return before.total - after.total, before.passes and not after.passes
    after = rules.evaluate(start.rule_set, before.track, candidate.steps.counts(counts))
    has_points = before.total >= start.rule_set.pass_mark
    lifts = any(
        after.metrics[key].points > 0
        for key, metric in before.metrics.items()
        if metric.points <= 0
    )
    return after.total - before.total, has_points and not before.passes and lifts


def _renewals(start: Ground, expiring: Sequence[Expiry]) -> Iterator[Candidate]:
    for expiry in expiring:
        weights = start.weights
        full = weights.intermediate if expiry.metric == INTERMEDIATE else weights.advanced
        yield Candidate(
            Kind.RENEWAL,
            ("renewal", expiry.person, expiry.metric),
            Steps(),
            cost=full // RENEWAL_SHARE,
            expiry=expiry,
        )


def _candidates(
    start: Ground,
    track: rules.Track,
    counts: dict[str, dict[str, int]],
    used: set[tuple[object, ...]],
) -> Iterator[Candidate]:
    """Every sort of single step, large enough to earn something."""

    def made(kind: Kind, once: tuple[object, ...], steps: Steps) -> Candidate:
        return Candidate(kind, once, steps, steps.cost(start.weights))

    for metric, lever in OF_PEOPLE.items():
        yield made(Kind(lever.value), (lever,), Steps(people={metric: 1}))
    value = counts.get(NET_ADDS, {}).get(rules.ALONE, 0)
    climb = max(1, 1 - value)
    yield made(Kind.TENANT, ("tenant",), Steps(tenants=climb))
    for option, users in _users_for_a_point(track, counts):
        yield made(Kind.USER, ("user",), Steps(users=users, users_option=option))
    yield from (
        made(Kind.NEAR, ("near", *(one.customer for one in group)), Steps(near=tuple(group)))
        for group in _near_groups(start, track, counts, used)
    )
    yield from (
        made(Kind.CLAIM, ("claim", *(customer for customer, _c in group)), Steps(claims=group))
        for group in _claim_groups(start.offers.get(track.key, ()), climb, used)
    )


def _users_for_a_point(
    track: rules.Track, counts: dict[str, dict[str, int]]
) -> Iterator[tuple[str, int]]:
    metric = next(one for one in track.metrics if one.key == GROWTH)
    values = counts.get(GROWTH, {})
    best = rules.evaluate_metric(metric, values).points
    wanted = min(Fraction(metric.max), best + 1)
    for scale in metric.scales:
        needed = ceil(wanted * scale.value_for_max / metric.max) - values.get(scale.option, 0)
        if needed > 0:
            yield scale.option, needed


def _near_groups(
    start: Ground,
    track: rules.Track,
    counts: dict[str, dict[str, int]],
    used: set[tuple[object, ...]],
) -> Iterator[Sequence[Near]]:
    """Single customers, or as many as lift the count above zero, nearest first."""
    for option in track.options:
        own = sorted(
            (
                one
                for one in start.near.get(track.key, ())
                if one.option == option and ("customer", one.customer) not in used
            ),
            key=lambda one: (one.users, one.customer),
        )
        climb = max(1, 1 - counts.get(DEPLOYMENTS, {}).get(option, 0))
        if climb > 1:
            if len(own) >= climb:
                yield own[:climb]
        else:
            yield from ([one] for one in own[:NEAREST])


def _claim_groups(
    offers: Sequence[Offer], climb: int, used: set[tuple[object, ...]]
) -> Iterator[tuple[tuple[int, Choice], ...]]:
    """Each choice of each customer; of claims that bring a tenant only, as many as it takes."""
    pure: list[tuple[int, Choice]] = []
    for offer in offers:
        if ("customer", offer.customer) in used:
            continue
        for choice in offer.choices:
            if plan_words.is_pure(choice):
                pure.append((offer.customer, choice))
            else:
                yield ((offer.customer, choice),)
    if len(pure) >= climb:
        yield tuple(pure[:climb])


def _customers(steps: Steps) -> list[int]:
    return [one.customer for one in steps.near] + [customer for customer, _c in steps.claims]


# ---- In words ------------------------------------------------------------------------------------


def _words(
    start: Ground,
    track: rules.Track,
    candidate: Candidate,
    points: Fraction,
    tenants: Mapping[int, Tenant],
) -> tuple[str, str, str]:
    """Title, detail and address."""
    if candidate.expiry is not None:
        return _renewal(candidate.expiry, points)
    steps = candidate.steps
    scored = start.problem(track, Target.PASS).scored()
    [*words] = plan_words.step_words(
        start, track, planner.Plan(steps, candidate.cost, scored, scored, 0), tenants
    )
    told = words[0] if len(words) == 1 else plan_words.near_together(start, steps.near, tenants)
    return told.title, told.detail, told.url


def _renewal(expiry: Expiry, points: Fraction) -> tuple[str, str, str]:
    words = {
        "name": expiry.name,
        "title": expiry.title,
        "day": date_format(expiry.until_on, "DATE_FORMAT"),
        "points": whole(points),
    }
    detail = _("It expires on %(day)s and keeps %(points)s points.") % words
    if expiry.window == Window.OPEN:
        detail += " " + _("The renewal is online and free of charge.")
    return (
        _("%(name)s: renew %(title)s.") % words,
        detail,
        f"{reverse('scoring:people')}#{expiry.anchor}",
    )
