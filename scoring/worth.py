"""What an association with one customer would change in a score: counts, points, and why not.

No database and no clock: the claims of one tenant, with those that the firm thinks of beside them,
go through the judge and the rules that make the real score, and what comes out is laid over the
counts of a stored one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import judging, ledgers, months, overlays, reasons, rules
from scoring.explaining import Explainer, Line
from scoring.holdings import UNKNOWN, Association, Figures, Holdings, said
from scoring.judging import Claim, Months
from scoring.overlays import Counts
from scoring.presentation import figure, signed, unit, whole
from scoring.reasons import Reason
from scoring.results import Metric


class Why(TextChoices):
    """Why an association, or a change of a count, is worth nothing."""

    NOT_ACCEPTED = "not_accepted", _("%(track)s does not accept %(option)s.")
    COUNTED = "counted", _("Already counted for this customer.")
    OTHER_METRICS = "other_metrics", _("This workload does not count for this metric.")
    ABOVE_AT_START = (
        "above_at_start",
        _("Above %(share)s when the association begins (%(users)s of %(seats)s seats in use)."),
    )
    BELOW_SHARE = (
        "below_share",
        _("%(users)s of %(seats)s seats in use: a customer is deployed from %(share)s on."),
    )
    SAME_USERS = (
        "same_users",
        _("Only growth after the association counts: %(users)s active users then and now."),
    )
    FULL = "full", _("This metric has its %(max)s points already.")
    NOT_ABOVE_ZERO = "not_above_zero", _("The value would be %(value)s: points begin above zero.")
    OTHER_OPTION = (
        "other_option",
        _("%(option)s earns as much or more here, and only the best one counts."),
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A workload or an option of the rule set, to choose from."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one count of a track."""

    metric: str
    option: str  # empty where a tenant counts once, whatever the option
    before: int
    after: int
    points_before: Fraction  # of the metric, with its best option
    points_after: Fraction
    is_best: bool  # the option that counts for the metric afterwards
    why: str  # a sentence where this count earns no more points than before, else empty

    @property
    def change(self) -> int:
        return self.after - self.before

    @property
    def gain(self) -> Fraction:
        """Points that the metric gains, told once: by the option that counts."""
        return self.points_after - self.points_before if self.is_best else Fraction(0)

    @property
    def title(self) -> str:
        return str(Metric(self.metric).label)

    @property
    def words(self) -> str:
        """The change with what it counts: ``+12 users``."""
        return f"{signed(self.change)} {unit(self.metric, self.change)}"

    @property
    def points(self) -> str:
        return points_text(self.gain)


@dataclass(frozen=True, slots=True)
class TrackWorth:
    key: str
    title: str
    moves: tuple[Move, ...]
    before: Fraction  # points of the track
    after: Fraction
    passed_before: bool
    passes_after: bool
    why: str  # a sentence when the track looks at no such association, else empty

    @property
    def gain(self) -> Fraction:
        return self.after - self.before

    @property
    def points(self) -> str:
        return points_text(self.gain)

    @property
    def points_before(self) -> str:
        return whole(self.before)

    @property
    def points_after(self) -> str:
        return whole(self.after)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one association, or several together, would change, track by track."""

    tracks: tuple[TrackWorth, ...]
    why: str  # a sentence when nothing can change in any track, else empty

    @property
    def best(self) -> TrackWorth:
        """The track that gains most; on a draw the first of the rule set."""
        return max(self.tracks, key=lambda track: track.gain)


def points_text(gain: Fraction) -> str:
    """Points that come or go: ``+2``, ``+0.54``, ``0``. Exact, or cut after four decimals."""
    if gain == 0:
        return "0"
    return ("+" if gain > 0 else "\N{MINUS SIGN}") + whole(abs(gain))


@dataclass(frozen=True)
class Basis:
    """A firm's newest score, and what its data know of one customer. ``what_if.read`` makes it."""

    rule_set: rules.RuleSet
    as_of: date
    pair: Months
    counts: Counts  # by track, metric and option, as the score has them
    is_provable: bool  # without its comparison month no track passes
    tenant: int
    customer: str  # the tenant's name in the firm's data; empty where they do not know it
    claims: tuple[Claim, ...]  # of workloads of the rule set
    held: frozenset[tuple[int, int]]  # (workload, option) that have not ended, with data or without
    portfolio: int  # of the firm whose score it is

    # -- What there is to choose from --

    @property
    def workloads(self) -> tuple[Named, ...]:
        """The eligible workloads, in the rule set's order."""
        return tuple(Named(one.key, one.title) for one in self.rule_set.workloads.values())

    @property
    def options(self) -> tuple[Named, ...]:
        """The associations that any track accepts, in the rule set's order."""
        return tuple(Named(one.key, one.title) for one in self.rule_set.options.values())

    @property
    def is_known(self) -> bool:
        return self.tenant != UNKNOWN

    @property
    def deployed_share(self) -> str:
        """From which share of the seats in use on a customer is deployed: "40 %"."""
        return self.rule_set.deployed_percent

    @property
    def last_month(self) -> date:
        """The first day of the month whose data the score has."""
        return months.first_day(self.pair.last)

    @cached_property
    def holdings(self) -> Holdings:
        """What is known of the customer, for whoever changes it."""
        return Holdings(self.rule_set, self.pair, self.tenant, self.claims, self.held)

    def known_figures(self, workload: str) -> Figures | None:
        """The customer's seats and users in the last month, as the firm's data have them."""
        return self.holdings.known_figures(workload)

    def is_pending(self, workload: str, option: str) -> bool:
        """Whether the firm has claimed it and Microsoft has not approved the claim (yet)."""
        return self.holdings.is_pending(workload, option)

    # -- What it would be worth --

    def worth(self, association: Association) -> Worth:
        """What this association alone would change."""
        added = self.holdings.add(association)
        if isinstance(added, str):
            return self._unchanged(added)
        customer, claim = added
        return Worth(tuple(self._tracks(customer.claims, association, claim)), "")

    def together(self, associations: Sequence[Association]) -> Worth:
        """What all of them would change: a customer counts once, so this is less than the sum.

        Those that cannot be added (held already, not eligible) are left out.
        """
        customer = self.holdings
        for association in associations:
            added = customer.add(association)
            if not isinstance(added, str):
                customer = added[0]
        return Worth(tuple(self._tracks(customer.claims, None, None)), "")

    def _unchanged(self, why: str) -> Worth:
        return Worth(tuple(self._tracks(self.claims, None, None)), why)

    # -- The same judge, the same rules --

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.rule_set, self.pair)

    def _lines(self, claims: Collection[Claim]) -> dict[tuple[str, str, str], Line]:
        lines = self._explainer.lines(claims)
        return {(line.track, line.metric, line.option): line for line in lines}

    @cached_property
    def _lines_before(self) -> dict[tuple[str, str, str], Line]:
        return self._lines(self.claims)

    @cached_property
    def _scores_before(self) -> dict[str, rules.TrackScore]:
        return overlays.scored(self.rule_set, self.counts)

    def _tracks(
        self,
        claims: tuple[Claim, ...],
        association: Association | None,
        claim: Claim | None,
    ) -> Iterator[TrackWorth]:
        lines = self._lines(claims)
        counts = overlays.replaced(self.counts, self._lines_before.values(), lines.values())
        after = overlays.scored(self.rule_set, counts)
        for track in self.rule_set.tracks:
            old, new = self._scores_before[track.key], after[track.key]
            explain = _Explain(self, track, lines, claims, claim)
            is_accepted = association is None or association.option in track.options
            why = ""
            if association is not None and not is_accepted:
                why = said(Why.NOT_ACCEPTED, track=track.title, option=association.option)
            option = association.option if association is not None and is_accepted else None
            yield TrackWorth(
                key=track.key,
                title=track.title,
                moves=tuple(_moves(track, old, new, option, explain)),
                before=old.total,
                after=new.total,
                passed_before=old.passes and self.is_provable,
                passes_after=new.passes and self.is_provable,
                why=why,
            )


@dataclass(frozen=True, slots=True)
class _Explain:
    """Why a count, or its points, do not grow in one track."""

    basis: Basis
    track: rules.Track
    lines: dict[tuple[str, str, str], Line]  # of the customer, with the association
    claims: tuple[Claim, ...]
    claim: Claim | None  # the association itself; None for several together

    def why(self, metric: str, option: str, old: rules.MetricScore, new: rules.MetricScore) -> str:
        change = new.options[option].value - old.options[option].value
        if change == 0:
            return self._no_change(metric, option)
        if change < 0 or (option == new.option and new.points > old.points):
            return ""
        if old.points == old.metric.max:
            return said(Why.FULL, max=figure(old.metric.max))
        if new.options[option].value <= 0:
            return said(Why.NOT_ABOVE_ZERO, value=signed(new.options[option].value))
        # On a draw the option named first has only caught up with the one that counted.
        better = new.option if new.option != option else old.option
        return said(Why.OTHER_OPTION, option=better)

    def _no_change(self, metric: str, option: str) -> str:
        if self.claim is None:
            return ""
        line = self.lines.get((self.track.key, metric, option))
        if line is None:
            return ""
        if not self._counts_for(metric):
            return said(Why.OTHER_METRICS)
        if not self._is_eligible(metric):
            return self._alone(metric, option)
        if metric == judging.GROWTH:
            if self.claim.now_users == self.claim.baseline_users:
                return said(Why.SAME_USERS, users=figure(self.claim.now_users or 0))
            return ledgers.reason(line)
        if line.now:
            return said(Why.COUNTED)
        return self._not_deployed(option)

    def _is_eligible(self, metric: str) -> bool:
        rules_now = self.basis._explainer.rules
        band = next(one for one in rules_now.bands if one.track == self.track.number)
        now, _then = judging.eligibility(band, self.claims, rules_now)
        return bool(now & judging.BITS[metric])

    def _counts_for(self, metric: str) -> bool:
        assert self.claim is not None  # noqa: S101 -- only asked for one
        bits = self.basis._explainer.rules.bits[self.claim.workload]
        return bool(bits & judging.BITS[metric])

    def _alone(self, metric: str, option: str) -> str:
        """The judge's word on this association without the customer's others."""
        assert self.claim is not None  # noqa: S101 -- only asked for one
        lines = self.basis._lines([self.claim])
        return ledgers.reason(lines[self.track.key, metric, option])

    def _not_deployed(self, option: str) -> str:
        """The customer is eligible, and this association does not make it a deployed one."""
        assert self.claim is not None  # noqa: S101 -- only asked for one
        rules_now = self.basis._explainer.rules
        reaches, _left_out = judging.use(self.claim, rules_now, continues=False)
        if not self.claim.now_seats:
            return reasons.sentence(Reason.NO_SEATS, {})
        # One that reaches the share and does not count stood above it when it began.
        seats, users = self.claim.now_seats, self.claim.now_users
        if reaches:
            seats, users = self.claim.baseline_seats or 0, self.claim.baseline_users
        return said(
            Why.ABOVE_AT_START if reaches else Why.BELOW_SHARE,
            users=figure(users or 0),
            seats=figure(seats),
            share=self.basis.deployed_share,
        )


def _moves(
    track: rules.Track,
    old: rules.TrackScore,
    new: rules.TrackScore,
    option: str | None,
    explain: _Explain,
) -> Iterator[Move]:
    """Every count that changes, and those that an association by ``option`` is looked at for."""
    for metric in track.metrics:
        if metric.key not in judging.BITS:
            continue
        before, after = old.metrics[metric.key], new.metrics[metric.key]
        for own in before.options:
            values = before.options[own].value, after.options[own].value
            is_own = option is not None and own in (rules.ALONE, option)
            if values[0] == values[1] and not is_own:
                continue
            yield Move(
                metric.key,
                own,
                *values,
                before.points,
                after.points,
                own == after.option,
                explain.why(metric.key, own, before, after),
            )
