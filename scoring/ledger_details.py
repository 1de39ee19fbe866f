"""One row of a ledger taken apart: claim by claim, what it adds, and why it counts or not.

The parts of a row add up to its contribution. Where a tenant counts once whatever its workloads,
the claim that decides carries the one; the others say that they would have done, too. Pure up to
``Part``; below, parts are put into words.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scoring import judging, months, rules
from scoring.claim_states import ClaimState
from scoring.explaining import Explainer
from scoring.judging import (
    BITS,
    COUNTED,
    DEPLOYMENTS,
    GROWTH,
    NET_ADDS,
    Band,
    Claim,
    Keys,
)
from scoring.models import Correction
from scoring.presentation import day_text, figure, month_name
from scoring.reasons import Reason, sentence

Field = Correction.Field


@dataclass(frozen=True, slots=True)
class Part:
    """What one claim of a tenant adds to a row, in whole numbers."""

    claim: Claim
    now: int
    then: int
    source: int = 0  # of the baseline, as judging.growth_source; 0 where none is used
    baseline_month: int | None = None
    reaches: bool = False  # the band, or the share in use, in the last month
    left_out: bool = False  # above the share when claimed
    is_promoted: bool = False  # grew out of the band and stays
    eligible: bool = True  # the tenant, in the last month

    @property
    def value(self) -> int:
        return self.now - self.then


def parts(
    explainer: Explainer, metric: str, track: str, option: str, claims: Sequence[Claim]
) -> list[Part]:
    """The claims that a row is made of, workload by workload; ``claims`` are all of the tenant's.

    Of a row that counts a tenant once (``option`` is empty) that is every claim, also one by an
    option that the track does not accept.
    """
    rule_set, known = explainer.rule_set, explainer.rules
    number = rule_set.track(track).number
    band = next(band for band in known.bands if band.track == number)
    own = [claim for claim in claims if claim.workload in known.bits]
    look = _Look(explainer, band, metric, own)
    if metric == NET_ADDS:
        return look.adds()
    wanted = rule_set.options[option].number
    held = [claim for claim in own if claim.option == wanted]
    return look.growth(held) if metric == GROWTH else look.deployments(held, wanted)


@dataclass(frozen=True, slots=True)
class _Look:
    """One tenant in one track, claim by claim."""

    explainer: Explainer
    band: Band
    metric: str
    claims: Sequence[Claim]

    def adds(self) -> list[Part]:
        """Whether a tenant is eligible hangs on one claim: the one with the most seats."""
        last, comparison = self.explainer.pair
        own = [claim for claim in self.claims if self._is_asked(claim)]
        held = [claim for claim in own if claim.held(last) and claim.now_seats is not None]
        inside = [claim for claim in held if self._fits(claim.now_seats)]
        is_eligible, was_eligible = self._eligible()
        above = [claim for claim in held if (claim.now_seats or 0) > self.band.seats_to]
        decides = _most(inside or (above if is_eligible else []), lambda one: one.now_seats)
        before = [claim for claim in own if claim.held(comparison) and self._fits(claim.then_seats)]
        decided = _most(before, lambda one: one.then_seats)
        return [
            Part(
                claim,
                int(claim is decides),
                int(was_eligible and claim is decided),
                reaches=any(claim is one for one in inside),
                is_promoted=not inside and claim is decides,
                eligible=is_eligible,
            )
            for claim in self.claims
        ]

    def growth(self, held: Iterable[Claim]) -> list[Part]:
        """Users now less the baseline, as the judge adds them up."""
        last, comparison = self.explainer.pair
        is_eligible, was_eligible = self._eligible()
        continued = self._continued()
        found = []
        for claim in held:
            source = 0
            if self._is_asked(claim):
                source = judging.growth_source(
                    claim,
                    self.explainer.rules,
                    eligible_now=is_eligible,
                    eligible_then=was_eligible,
                    continues=(claim.workload, claim.option) in continued,
                )
            now = then = 0
            month = None
            if source:
                if is_eligible and claim.now_seats is not None and claim.held(last):
                    now = claim.now_users or 0
                month = comparison
                if source == judging.COMPARISON:
                    is_then = claim.then_seats is not None and claim.held(comparison)
                    then = (claim.then_users or 0) if is_then else 0
                elif source != judging.NEWLY_ELIGIBLE:
                    then = claim.baseline_users or 0
                    month = claim.baseline_month or claim.begins
            found.append(Part(claim, now, then, source, month, eligible=is_eligible))
        return found

    def deployments(self, held: Iterable[Claim], option: int) -> list[Part]:
        """A tenant is deployed by one claim: the one that the ledger's sentence speaks of."""
        known = self.explainer.rules
        last, comparison = self.explainer.pair
        is_eligible, was_eligible = self._eligible()
        continued = self._continued()
        numerator, denominator = known.share
        spoken = judging.speaker(self.claims, option, known)
        before = [
            claim
            for claim in held
            if was_eligible and self._is_asked(claim) and claim.held(comparison)
            if claim.then_seats and claim.then_users is not None
            if claim.then_users * denominator >= claim.then_seats * numerator
        ]
        decided = _most(before, lambda one: one.then_users)
        found = []
        for claim in held:
            reaches = left_out = False
            continues = (claim.workload, claim.option) in continued
            if self._is_asked(claim) and claim.now_seats is not None and claim.held(last):
                reaches, left_out = judging.use(claim, known, continues=continues)
            speaks = spoken is not None and claim is spoken[0]
            found.append(
                Part(
                    claim,
                    int(is_eligible and speaks and reaches and not left_out),
                    int(claim is decided),
                    judging.COMPARISON if continues or claim.begins <= comparison else 0,
                    reaches=reaches,
                    left_out=left_out,
                    eligible=is_eligible,
                )
            )
        return found

    def _is_asked(self, claim: Claim) -> bool:
        """Whether its workload counts for the metric, by an option that the track accepts."""
        bits = self.explainer.rules.bits[claim.workload]
        return bool(bits & BITS[self.metric]) and claim.option in self.band.options

    def _fits(self, seats: int | None) -> bool:
        return seats is not None and self.band.seats_from <= seats <= self.band.seats_to

    def _eligible(self) -> tuple[bool, bool]:
        bit = BITS[self.metric]
        now, then = judging.eligibility(self.band, self.claims, self.explainer.rules)
        return bool(now & bit), bool(then & bit)

    def _continued(self) -> Keys:
        return judging.continued_keys(self.claims, self.explainer.rules)


def _most(claims: Sequence[Claim], size: Callable[[Claim], int | None]) -> Claim | None:
    """The first with the largest figure."""
    return max(claims, key=lambda claim: size(claim) or 0, default=None)


# ---- In words ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from, as a sentence, and the correction that it comes from."""

    words: str
    correction: Correction | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One claim of an opened row as a page shows it."""

    part: Part
    workload: str
    option: str
    since: str
    since_source: Source
    ended: str
    ended_source: Source | None
    now: str  # users of seats in the last month
    share_now: str
    then: str  # and in the comparison month
    share_then: str
    baseline: str
    baseline_source: Source | None
    why: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts the parts of one row into words, with the corrections that the score knew."""

    explainer: Explainer
    metric: str
    track: rules.Track
    corrections: Sequence[Correction] = ()  # of this tenant, oldest first

    def told(self, found: Iterable[Part]) -> Iterator[Told]:
        for part in found:
            claim = part.claim
            baseline, source = self._baseline(part)
            yield Told(
                part=part,
                workload=self.explainer.title(claim.workload),
                option=self._option(claim),
                since=_since(claim),
                since_source=self._begin(claim),
                ended="" if claim.ended_on is None else day_text(claim.ended_on),
                ended_source=self._end(claim),
                now=_users_of_seats(claim.now_users, claim.now_seats),
                share_now=_share(claim.now_users, claim.now_seats),
                then=_users_of_seats(claim.then_users, claim.then_seats),
                share_then=_share(claim.then_users, claim.then_seats),
                baseline=baseline,
                baseline_source=source,
                why=self.why(part),
                decides=self.metric != GROWTH and bool(part.now or part.then),
            )

    def _option(self, claim: Claim) -> str:
        return self.explainer.options.get(claim.option, "")

    # -- Where it comes from --

    def _begin(self, claim: Claim) -> Source:
        if claim.marks & judging.BEGIN_CORRECTED:
            return Source(
                "",
                self._correction(claim, Field.BEGINS_ON, lambda row: _iso(row) == claim.begins_on),
            )
        if claim.begins_on is None:
            return Source(_("derived: the first month with data"))
        return Source(_("as a file says"))

    def _end(self, claim: Claim) -> Source | None:
        if claim.marks & judging.END_CORRECTED:
            return Source(
                "",
                self._correction(claim, Field.ENDED_ON, lambda row: _iso(row) == claim.ended_on),
            )
        return None if claim.ended_on is None else Source(_("as a file says"))

    def _baseline(self, part: Part) -> tuple[str, Source | None]:
        """The users that are taken off, or at whose share a deployment was looked at."""
        claim = part.claim
        last, comparison = self.explainer.pair
        if self.metric == NET_ADDS or claim.begins > last:
            return "", None
        if self.metric == GROWTH and not part.source:
            return "", None
        if part.source in (judging.COMPARISON, judging.NEWLY_ELIGIBLE):
            month = {"month": month_name(comparison)}
            if part.source == judging.NEWLY_ELIGIBLE:
                return "0", Source(_("not eligible in %(month)s, so all users count") % month)
            users = figure(part.then)
            if self.metric == DEPLOYMENTS:
                users = _users_of_seats(claim.then_users, claim.then_seats)
            return users, Source(_("comparison month, %(month)s") % month)
        users = _number(claim.baseline_users)
        if self.metric == DEPLOYMENTS:
            users = _users_of_seats(claim.baseline_users, claim.baseline_seats)
        if claim.marks & judging.BASELINE_CORRECTED:
            row = self._correction(
                claim, Field.BASELINE, lambda row: row.value_number == claim.baseline_users
            )
            return users, Source("", row)
        if claim.baseline_month is None:
            return "–", Source(_("no figures since it began"))
        month = {"month": month_name(claim.baseline_month)}
        if claim.begins_on is None:
            return users, Source(_("%(month)s, the first month with data") % month)
        if claim.baseline_month == claim.begins:
            return users, Source(_("%(month)s, when the association began") % month)
        return users, Source(_("%(month)s, the first with data since it began") % month)

    def _correction(
        self, claim: Claim, field: str, stands: Callable[[Correction], bool]
    ) -> Correction | None:
        """The newest that says what the claim says. An older ledger may know one that is gone."""
        own = [
            row
            for row in self.corrections
            if (row.workload, row.option, row.field) == (claim.workload, claim.option, field)
        ]
        return next((row for row in reversed(own) if stands(row)), own[-1] if own else None)

    # -- Why --

    def why(self, part: Part) -> str:
        """Why a claim counts in this metric or does not, in one sentence."""
        if not (out := self._out(part.claim)):
            return {NET_ADDS: self._adds, GROWTH: self._growth, DEPLOYMENTS: self._deployment}[
                self.metric
            ](part)
        if part.then:
            then = {"month": month_name(self.explainer.pair.comparison)}
            if self.metric == GROWTH:
                then["users"] = figure(part.then)
                return f"{out} " + _("Its users of %(month)s are taken off: %(users)s.") % then
            return f"{out} " + _("It decided in %(month)s.") % then
        return out

    def _out(self, claim: Claim) -> str:
        """What keeps a claim out of the last month, whatever its figures; else nothing."""
        last = self.explainer.pair.last
        if claim.option not in {
            self.explainer.rule_set.options[key].number for key in self.track.options
        }:
            params = {"option": self._option(claim), "track": self.track.title}
            return _("%(track)s does not accept %(option)s.") % params
        if not self.explainer.rules.bits[claim.workload] & BITS[self.metric]:
            params = {"workload": self.explainer.title(claim.workload)}
            return sentence(Reason.OTHER_METRICS, params)
        if claim.state not in COUNTED:
            return sentence(Reason.CLAIM_STATE, {"state": ClaimState(claim.state).label})
        if claim.ends < last:
            ended_on = claim.ended_on or months.last_day(claim.ends).isoformat()
            return sentence(Reason.ENDED, {"ended_on": ended_on})
        if claim.begins > last:
            begins_on = claim.begins_on or months.first_day(claim.begins).isoformat()
            return sentence(Reason.NOT_YET, {"begins_on": begins_on})
        if claim.now_seats is None:
            return sentence(Reason.NO_DATA_NOW, {"now": months.label(last)})
        return ""

    def _adds(self, part: Part) -> str:
        seats = part.claim.now_seats or 0
        params = {
            "seats": figure(seats),
            "track": self.track.title,
            "minimum": figure(self.track.seats_from),
            "maximum": "" if self.track.seats_to is None else figure(self.track.seats_to),
        }
        if part.is_promoted:
            return sentence(Reason.PROMOTED, params)
        if part.reaches:
            if part.now:
                return _("%(seats)s seats: it makes the tenant eligible.") % params
            return _("%(seats)s seats: eligible, too, but a tenant counts once.") % params
        too_few = seats < self.track.seats_from
        return sentence(Reason.TOO_FEW_SEATS if too_few else Reason.TOO_MANY_SEATS, params)

    def _growth(self, part: Part) -> str:
        if not part.eligible and not part.source:
            return _("Does not count: the tenant is not eligible in %(track)s.") % {
                "track": self.track.title
            }
        numbers = {
            "now": figure(part.now),
            "then": figure(part.then),
            "month": "" if part.baseline_month is None else month_name(part.baseline_month),
        }
        if not part.eligible:
            return (
                _("The tenant is no longer eligible: %(then)s users of %(month)s are missing.")
                % numbers
            )
        return {
            judging.COMPARISON: _("Counts: %(now)s now less %(then)s in %(month)s."),
            judging.NEWLY_ELIGIBLE: _(
                "Counts: %(now)s now, all of them, because the tenant was not eligible in "
                "%(month)s."
            ),
            judging.CLAIM: _(
                "Counts: %(now)s now less %(then)s in %(month)s, when the association began."
            ),
            judging.FIRST_SEEN: _(
                "Counts: %(now)s now less %(then)s in %(month)s, the first month with data."
            ),
            judging.CORRECTED: _("Counts: %(now)s now less %(then)s, as corrected."),
        }[part.source] % numbers

    def _deployment(self, part: Part) -> str:
        claim = part.claim
        share = figure(round(self.explainer.rule_set.deployed_share * 100))
        params = {
            "users": figure(claim.now_users or 0),
            "seats": figure(claim.now_seats or 0),
            "share": f"{share}\N{NO-BREAK SPACE}%",
        }
        if not part.eligible:
            return _("Does not count: the tenant is not eligible in %(track)s.") % {
                "track": self.track.title
            }
        if part.left_out and part.reaches:
            month = claim.baseline_month or claim.begins
            params |= {
                "month": months.label(month),
                "users": figure(claim.baseline_users or 0),
                "seats": figure(claim.baseline_seats or 0),
            }
            return sentence(Reason.ABOVE_AT_CLAIM, params)
        if not claim.now_seats:
            return sentence(Reason.NO_SEATS, params)
        if not part.reaches:
            return _("%(users)s of %(seats)s seats in use, below %(share)s.") % params
        if part.now:
            return _("%(users)s of %(seats)s seats in use: it makes the tenant deployed.") % params
        return (
            _("%(users)s of %(seats)s seats in use: deployed, too, but a tenant counts once.")
            % params
        )


def _since(claim: Claim) -> str:
    if claim.begins_on is not None:
        return day_text(claim.begins_on)
    return _("not known") if claim.begins >= judging.NO_END else month_name(claim.begins)


def _iso(row: Correction) -> str | None:
    return None if row.value_day is None else row.value_day.isoformat()


def _number(value: int | None) -> str:
    return "–" if value is None else figure(value)


def _users_of_seats(users: int | None, seats: int | None) -> str:
    if users is None or seats is None:
        return "–"
    return _("%(users)s of %(seats)s") % {"users": figure(users), "seats": figure(seats)}


def _share(users: int | None, seats: int | None) -> str:
    """Rounded down, so that nobody reads 40 % where 39.9 are in use."""
    if users is None or not seats:
        return ""
    return f"{figure(users * 100 // seats)}\N{NO-BREAK SPACE}%"
