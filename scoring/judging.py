"""From a tenant's claims to whole numbers: what it adds to each metric of each track, and why.

The rules of Microsoft's page for tenants, in plain Python: no database, no clock, no settings, and
integers only. What is counted later are sums of these numbers and nothing else. The words for the
reasons are found in ``explaining``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from scoring import months
from scoring.claim_states import COUNTING
from scoring.reasons import Reason
from scoring.rules import RuleSet

NET_ADDS, GROWTH, DEPLOYMENTS = "net_customer_adds", "usage_growth", "deployments"
# A workload may count for some of the metrics only: one bit each, so that one pass serves all.
ADDS_BIT, GROWTH_BIT, DEPLOYED_BIT = 1, 2, 4
BITS = {NET_ADDS: ADDS_BIT, GROWTH: GROWTH_BIT, DEPLOYMENTS: DEPLOYED_BIT}
ALONE = 0  # the option of what is counted once a tenant, whatever its associations
NO_END = 2**15 - 1  # the last month of an association that has not ended
COUNTED = frozenset(int(state) for state in COUNTING)  # claim states; a plain set of integers

# Where a claim differs from what the files say: ``Claim.marks``.
BEGIN_CORRECTED, END_CORRECTED, BASELINE_CORRECTED = 1, 2, 4


class Claim(NamedTuple):
    """One interval in which (tenant, workload) is held by an option, and its figures.

    Days are ISO texts and there for the words only; the months decide.
    """

    tenant: int
    workload: int  # numbers of the rule set
    option: int
    begins: int  # the month in which it began
    ends: int = NO_END  # the last month in which it is held
    state: int = 0  # claim_states.ClaimState
    marks: int = 0
    begins_on: str | None = None  # None: derived, the first month with data
    ended_on: str | None = None
    baseline_month: int | None = None  # the first month with data since it began
    baseline_seats: int | None = None
    baseline_users: int | None = None
    now_seats: int | None = None  # in the last month; None: no data
    now_users: int | None = None
    then_seats: int | None = None  # in the comparison month
    then_users: int | None = None

    def held(self, month: int) -> bool:
        """Claimed by the last day of ``month``, not ended before its first, and approved."""
        return self.begins <= month <= self.ends and self.state in COUNTED


class Months(NamedTuple):
    last: int
    comparison: int


class Verdict(NamedTuple):
    """What one tenant adds in one track by one option (``ALONE``: its eligibility)."""

    track: int
    option: int
    eligible_now: int
    eligible_then: int
    users_now: int
    users_then: int
    deployed_now: int
    deployed_then: int
    reason: Reason  # of eligibility, or of usage growth
    deployment_reason: Reason


def choose_months(imported: Iterable[int], as_of: date) -> Months | None:
    """The newest imported month before the month of ``as_of``, and the same a year earlier."""
    before = [month for month in imported if month < months.number(as_of)]
    return Months(max(before), max(before) - months.YEAR) if before else None


class Band(NamedTuple):
    """One track, as the judge looks at it."""

    track: int
    seats_from: int
    seats_to: int
    keeps_promoted: bool
    options: tuple[int, ...]


class Rules(NamedTuple):
    """A rule set and a pair of months, made ready for the judge."""

    last: int
    comparison: int
    share: tuple[int, int]  # numerator and denominator
    bits: dict[int, int]  # by workload: for which metrics it counts
    partial: frozenset[int]  # workloads that do not count for every metric
    bands: tuple[Band, ...]


@lru_cache(maxsize=64)
def prepare(rule_set_key: str, pair: Months) -> Rules:
    """``Rules`` of a rule set in the folder, remembered."""
    from scoring import rule_sets  # noqa: PLC0415 -- the judge itself knows no folder

    return rules_of(rule_sets.get(rule_set_key), pair)


def rules_of(rule_set: RuleSet, pair: Months) -> Rules:
    bits = {
        workload.number: sum(BITS[metric] for metric in workload.counts_for)
        for workload in rule_set.workloads.values()
    }
    return Rules(
        last=pair.last,
        comparison=pair.comparison,
        share=rule_set.deployed_share.as_integer_ratio(),
        bits=bits,
        partial=frozenset(number for number, bit in bits.items() if bit != sum(BITS.values())),
        bands=tuple(
            Band(
                track=track.number,
                seats_from=track.seats_from,
                seats_to=NO_SEATS_END if track.seats_to is None else track.seats_to,
                keeps_promoted=track.keeps_promoted,
                options=tuple(rule_set.options[key].number for key in track.options),
            )
            for track in rule_set.tracks
        ),
    )


NO_SEATS_END = 2**62


def by_tenant(claims: Iterable[Claim]) -> Iterator[tuple[int, list[Claim]]]:
    """Claims, in any order, as the judge wants them: tenant by tenant, each in order."""
    ordered = sorted(claims, key=itemgetter(0, 1, 2, 3))
    for tenant, own in groupby(ordered, key=itemgetter(0)):
        yield tenant, list(own)


def judge(claims: Sequence[Claim], rules: Rules) -> list[Verdict]:
    """What one tenant adds, to every track. ``claims`` are all its own, as ``by_tenant`` has them.

    A tenant of whom the rule set knows no workload adds nothing and has no verdict.
    """
    bits_of = rules.bits
    known = [claim for claim in claims if claim[1] in bits_of]
    if not known:
        return []
    continued = continued_keys(known, rules)
    found: list[Verdict] = []
    for band in rules.bands:
        found.extend(_judge_in(band, known, rules, continued))
    return found


Keys = Collection[tuple[int, int]]


def continued_keys(claims: Sequence[Claim], rules: Rules) -> Keys:
    """(workload, option) held in the comparison month by an interval that another one follows.

    Such a workload was claimed again: it is compared with the year before, not with its beginning.
    """
    found = []
    for claim, following in pairwise(claims):
        key = (claim[1], claim[2])
        if key == (following[1], following[2]) and (
            key in found or (claim.then_seats is not None and claim.held(rules.comparison))
        ):
            found.append(key)
    return found


def _judge_in(
    band: Band, claims: Sequence[Claim], rules: Rules, continued: Keys
) -> Iterator[Verdict]:
    """One tenant in one track."""
    track, options = band.track, band.options
    seen = {claim[2] for claim in claims}
    now_bits, promoted_bits, then_bits = _bands(band, claims, rules)
    eligible_bits = now_bits | promoted_bits
    is_accepted = any(option in seen for option in options)
    # Nearly every workload counts for every metric: then one standing serves all of them.
    standing = _standing(band, claims, rules, now_bits, promoted_bits, is_accepted, ADDS_BIT)
    growth_standing = deployed_standing = standing
    if rules.partial and not rules.partial.isdisjoint(claim[1] for claim in claims):
        growth_standing, deployed_standing = (
            _standing(band, claims, rules, now_bits, promoted_bits, is_accepted, bit)
            for bit in (GROWTH_BIT, DEPLOYED_BIT)
        )
    eligible_now, eligible_then = eligible_bits & ADDS_BIT, then_bits & ADDS_BIT
    yield Verdict(
        track,
        ALONE,
        eligible_now,
        eligible_then,
        0,
        0,
        0,
        0,
        _net_adds_reason(standing, bool(eligible_then), bool(eligible_now)),
        Reason.NONE,
    )
    for option in options:
        if option not in seen:
            continue
        if not eligible_bits and not then_bits:
            yield Verdict(track, option, 0, 0, 0, 0, 0, 0, growth_standing, deployed_standing)
            continue
        yield _judge_option(
            track,
            option,
            [claim for claim in claims if claim[2] == option],
            rules,
            eligible_bits,
            then_bits,
            continued,
            # Why no row of this option counts: the tenant's reason, else that there is no row.
            Reason.NO_DATA_NOW if eligible_bits & GROWTH_BIT else growth_standing,
            Reason.NO_DATA_NOW if eligible_bits & DEPLOYED_BIT else deployed_standing,
        )


def _bands(band: Band, claims: Sequence[Claim], rules: Rules) -> tuple[int, int, int]:
    """For which metrics (bits) a tenant is in the band now, stays in it as promoted, was in it."""
    _track, seats_from, seats_to, keeps_promoted, options = band
    last, comparison, bits_of = rules.last, rules.comparison, rules.bits
    now_bits = then_bits = above_bits = 0
    for claim in claims:
        (
            _t,
            workload,
            option,
            begins,
            ends,
            state,
            _m,
            _b,
            _e,
            _bm,
            _bs,
            _bu,
            now,
            _n,
            then,
            _u,
        ) = claim
        if option not in options or state not in COUNTED:
            continue
        if now is not None and begins <= last <= ends:
            if seats_from <= now <= seats_to:
                now_bits |= bits_of[workload]
            elif now > seats_to:
                above_bits |= bits_of[workload]
        if then is not None and begins <= comparison <= ends and seats_from <= then <= seats_to:
            then_bits |= bits_of[workload]
    promoted_bits = above_bits & then_bits & ~now_bits if keeps_promoted else 0
    return now_bits, promoted_bits, then_bits


def eligibility(band: Band, claims: Sequence[Claim], rules: Rules) -> tuple[int, int]:
    """For which metrics (bits) a tenant is eligible in the last and in the comparison month."""
    now_bits, promoted_bits, then_bits = _bands(band, claims, rules)
    return now_bits | promoted_bits, then_bits


def _net_adds_reason(reason: Reason, eligible_then: bool, eligible_now: bool) -> Reason:
    if not eligible_then:
        return reason
    if eligible_now:
        return Reason.PROMOTED if reason is Reason.PROMOTED else Reason.KEPT
    return LOST.get(reason, Reason.LOST)


LOST = {
    Reason.TOO_FEW_SEATS: Reason.LOST_TOO_FEW_SEATS,
    Reason.TOO_MANY_SEATS: Reason.LOST_TOO_MANY_SEATS,
    Reason.ENDED: Reason.LOST_ENDED,
    Reason.CLAIM_STATE: Reason.LOST_CLAIM_STATE,
}


def _standing(
    band: Band,
    claims: Sequence[Claim],
    rules: Rules,
    now_bits: int,
    promoted_bits: int,
    is_accepted: bool,
    bit: int,
) -> Reason:
    """Why a tenant is eligible in the last month for the metric of ``bit``, or why not."""
    if now_bits & bit:
        return Reason.ADDED
    if promoted_bits & bit:
        return Reason.PROMOTED
    if not is_accepted:  # none of its options is one of the track's
        return Reason.NOT_ACCEPTED
    last, bits_of = rules.last, rules.bits
    most = -1
    is_held = is_waiting = has_ended = begins_later = False
    for claim in claims:
        if claim.option not in band.options:
            continue
        if claim.begins <= last <= claim.ends and claim.now_seats is not None:
            if claim.state not in COUNTED:
                is_waiting = True
                continue
            is_held = True
            if bits_of[claim.workload] & bit and claim.now_seats > most:
                most = claim.now_seats
        has_ended |= claim.ends < last
        begins_later |= claim.begins > last and claim.begins_on is not None
    if most >= 0:
        return Reason.TOO_MANY_SEATS if most > band.seats_to else Reason.TOO_FEW_SEATS
    for holds, reason in (
        (is_held, Reason.OTHER_METRICS),
        (is_waiting, Reason.CLAIM_STATE),
        (has_ended, Reason.ENDED),
        (begins_later, Reason.NOT_YET),
    ):
        if holds:
            return reason
    return Reason.NO_DATA_NOW


# Where the baseline of a part of the growth comes from.
COMPARISON, NEWLY_ELIGIBLE, CLAIM, FIRST_SEEN, CORRECTED = 1, 2, 4, 8, 16


def growth_source(
    claim: Claim, rules: Rules, *, eligible_now: bool, eligible_then: bool, continues: bool
) -> int:
    """From where a claim's baseline comes; 0 when it adds nothing in either month.

    The baseline of a row that was held in the comparison month is that month's figure (nothing,
    when the tenant was not eligible then). A row that began later has the figure of the month in
    which it began: growth from before the association earns nothing.
    """
    counts = claim.state in COUNTED
    holds_now = (
        eligible_now
        and counts
        and claim.now_seats is not None
        and claim.begins <= rules.last <= claim.ends
    )
    if claim.begins <= rules.comparison or continues:
        holds_then = (
            eligible_then
            and counts
            and claim.then_seats is not None
            and claim.begins <= rules.comparison <= claim.ends
        )
        if holds_then:
            return COMPARISON
        if holds_now:
            return COMPARISON if eligible_then else NEWLY_ELIGIBLE
        return 0
    if not holds_now:
        return 0
    if claim.marks & BASELINE_CORRECTED:
        return CORRECTED
    return FIRST_SEEN if claim.begins_on is None else CLAIM


def _judge_option(
    track: int,
    option: int,
    claims: Sequence[Claim],
    rules: Rules,
    eligible_bits: int,
    then_bits: int,
    continued: Keys,
    why_no_growth: Reason,
    why_not_deployed: Reason,
) -> Verdict:
    """Growth and deployments of one option: sums over its workloads."""
    last, comparison, (numerator, denominator), bits_of = rules[:4]
    grows_now, grew_then = bool(eligible_bits & GROWTH_BIT), bool(then_bits & GROWTH_BIT)
    deploys_now, deployed_before = eligible_bits & DEPLOYED_BIT, then_bits & DEPLOYED_BIT
    users_now = users_then = sources = 0
    baseline_months = set()
    is_deployed_now = is_deployed_then = False
    in_use: list[tuple[Claim, bool, bool]] = []  # held now; reaches the share; was above at claim
    for claim in claims:
        (_t, workload, _o, begins, ends, state, _m, _b, _e, base_month, _bs, base_users,
         now_seats, now_active, then_seats, then_active) = claim  # fmt: skip
        bits = bits_of[workload]
        counts = state in COUNTED
        holds_now = counts and now_seats is not None and begins <= last <= ends
        holds_then = counts and then_seats is not None and begins <= comparison <= ends
        continues = (workload, option) in continued
        if bits & GROWTH_BIT:
            source = growth_source(
                claim,
                rules,
                eligible_now=grows_now,
                eligible_then=grew_then,
                continues=continues,
            )
            if source:
                sources |= source
                if holds_now and grows_now:
                    users_now += now_active or 0
                if source == COMPARISON:
                    if holds_then:
                        users_then += then_active or 0
                elif source != NEWLY_ELIGIBLE:
                    users_then += base_users or 0
                    baseline_months.add(base_month)
        if bits & DEPLOYED_BIT:
            if holds_then and deployed_before and then_seats and then_active is not None:
                is_deployed_then |= then_active * denominator >= then_seats * numerator
            if holds_now:
                reaches, left_out = use(claim, rules, continues=continues)
                is_deployed_now |= reaches and not left_out
                in_use.append((claim, reaches, left_out))

    if not sources:
        reason = why_no_growth
    elif not grows_now:
        reason = Reason.GROWTH_LOST
    elif sources & (sources - 1) or len(baseline_months) > 1:
        reason = Reason.GROWTH_MIXED
    else:
        reason = GROWTH_REASONS[sources]

    if not deploys_now or not in_use:
        is_deployed_now = False
        why = Reason.DEPLOYED_LOST if is_deployed_then else why_not_deployed
    elif is_deployed_now and is_deployed_then:
        why = Reason.STILL_DEPLOYED
    else:
        why = _deployment_reason(in_use, rules, was_deployed=is_deployed_then)
    return Verdict(
        track,
        option,
        0,
        0,
        users_now,
        users_then,
        int(is_deployed_now),
        int(is_deployed_then),
        reason,
        why,
    )


GROWTH_REASONS = {
    COMPARISON: Reason.GROWTH,
    NEWLY_ELIGIBLE: Reason.GROWTH_NEWLY_ELIGIBLE,
    CLAIM: Reason.GROWTH_SINCE_CLAIM,
    FIRST_SEEN: Reason.GROWTH_SINCE_FIRST_SEEN,
    CORRECTED: Reason.GROWTH_SINCE_CORRECTED,
}


def use(claim: Claim, rules: Rules, *, continues: bool) -> tuple[bool, bool]:
    """Of a claim held now: whether it reaches the share, and whether it is left out all the same.

    Left out is a claim that began after the comparison month and stood above the share (strictly)
    even then. Without seats there is no share.
    """
    numerator, denominator = rules.share
    seats, users = claim.now_seats or 0, claim.now_users or 0
    reaches = seats > 0 and users * denominator >= seats * numerator
    if claim.begins <= rules.comparison or continues or not claim.baseline_seats:
        return reaches, False
    was_above = (claim.baseline_users or 0) * denominator > claim.baseline_seats * numerator
    return reaches, was_above


def _deployment_reason(
    in_use: Sequence[tuple[Claim, bool, bool]], rules: Rules, *, was_deployed: bool
) -> Reason:
    claim, reaches, left_out = max(in_use, key=_prominence)
    numerator, denominator = rules.share
    if reaches and not left_out:
        at_edge = (
            claim.begins > rules.comparison
            and bool(claim.baseline_seats)
            and (claim.baseline_users or 0) * denominator == (claim.baseline_seats or 0) * numerator
        )
        return Reason.DEPLOYED_EDGE if at_edge else Reason.DEPLOYED
    if reaches:
        return Reason.ABOVE_AT_CLAIM
    if not claim.now_seats:
        return Reason.NO_SEATS
    return Reason.FELL_BELOW_SHARE if was_deployed else Reason.BELOW_SHARE


def speaker(claims: Sequence[Claim], option: int, rules: Rules) -> tuple[Claim, bool] | None:
    """The claim that speaks for a tenant's deployment by ``option``, and whether it is left out.

    One that counts, else the one with the highest share in use; None when none is held.
    """
    continued = continued_keys(claims, rules)
    in_use = []
    for claim in claims:
        counts = rules.bits.get(claim.workload, 0) & DEPLOYED_BIT and claim.option == option
        if counts and claim.now_seats is not None and claim.held(rules.last):
            continues = (claim.workload, claim.option) in continued
            in_use.append((claim, *use(claim, rules, continues=continues)))
    if not in_use:
        return None
    claim, reaches, left_out = max(in_use, key=_prominence)
    return claim, reaches and left_out


def _prominence(row: tuple[Claim, bool, bool]) -> tuple[bool, float]:
    claim, reaches, left_out = row
    seats, users = claim.now_seats or 0, claim.now_users or 0
    # Only to choose which one is shown: what counts was decided in whole numbers.
    return reaches and not left_out, users / seats if seats else -1.0
