"""Work at customers that earns less than it could, because no claim stands for it. Pure.

[I] What counts as unclaimed, per tenant and workload:

* ``WEAKER``: there are data by another option, and no CPOR claim. CPOR is accepted by every track
  and needs the fewest users for a point.
* ``NOT_APPROVED``: there is a CPOR claim in a state that does not count.
* ``ENDED``: a CPOR association ended, and data go on by another option (or without any).
* ``NOTED``: a person noted it. Files know customers with an association only.

What a claim would change is asked from the judge (``holdings``, ``judging``), as a what-if does:

* A claim that is to be filed begins in the newest month with the figures of that month. So it earns
  what begins at once (a customer that becomes eligible) and no growth yet: growth from before the
  association is never credited [M].
* A claim that waits is worth its approval: it keeps its beginning, so growth since then counts. One
  without figures of its own, or that began after the newest month, is taken as begun in that month
  [I]. Drafts have not been filed and final rejections have to be filed anew: both begin then [I].

``coming`` is what the next month would bring with the claim and never without it: the growth, and a
deployment when the share is reached within the month, because a claim that begins above it is left
out. Claims that have been filed lose none of it by waiting: they keep their beginning [I].
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _

from scoring import judging, rules
from scoring.claim_states import ClaimState
from scoring.holdings import Association, Figures, Holdings
from scoring.judging import (
    COUNTED,
    DEPLOYED_BIT,
    DEPLOYMENTS,
    GROWTH,
    GROWTH_BIT,
    NET_ADDS,
    Claim,
    Months,
    Verdict,
)

CPOR = "CPOR"  # the option that is claimed; the others follow from sales
MONTHS_OF_GROWTH = 6  # the newest months whose change is averaged
WHOLE = 60  # a multiple of every span between two of them


class Kind(IntegerChoices):
    WEAKER = 1, _("No claim yet")
    NOT_APPROVED = 2, _("Claim not approved")
    ENDED = 3, _("Association ended")
    NOTED = 4, _("Noted by hand")


WEAKER = int(Kind.WEAKER)  # a plain number: it is set very often
# Not filed, or to be filed anew: such a claim begins when it is filed.
BEGINS_ANEW = frozenset({int(ClaimState.DRAFT), int(ClaimState.REJECTED_FINAL)})


class Candidate(NamedTuple):
    """One workload of a tenant that is not claimed, or whose claim does not count."""

    tenant: int
    workload: int
    kind: int
    option: int  # by which there are data now; 0: by none
    state: int  # of the claim, where there is one
    month: int  # in which the claim began, or the last one of the association that ended; 0: none
    seats: int  # of the newest month, the largest that any option shows
    users: int
    has_figures: int


class Row(NamedTuple):
    """A candidate with what its claim would change: a line of the table ``unclaimed``."""

    tenant: int
    workload: int
    kind: int
    option: int
    state: int
    seen_on: int  # the day (ordinal) on which the state was first seen; 0: no claim
    month: int
    seats: int
    users: int
    has_figures: int
    gained: int  # users gained over ``span`` months, never below zero
    span: int  # 0: only one month is known
    effect: str  # changes of the counts now, see ``counts_of``
    coming: str  # what a month brings with a claim only; of growth 1 stands for each user gained

    @property
    def lost(self) -> int:
        """Users a month that grow without credit, in sixtieths."""
        return lost(self.gained, self.span, self.coming)


def lost(gained: int, span: int, coming: str) -> int:
    return gained * WHOLE // span if span and coming else 0


def users_a_month(gained: int, span: int) -> Fraction:
    return Fraction(gained, span) if span else Fraction(0)


# ---- Which there are -----------------------------------------------------------------------------

Intervals = Mapping[tuple[int, int], Sequence[Claim]]  # CPOR, by tenant and workload


def candidates(
    claims: Mapping[int, Sequence[Claim]],
    claimed: Intervals,
    rule_set: rules.RuleSet,
    last: int,
) -> Iterator[Candidate]:
    """Everything unclaimed of a firm, tenant by tenant.

    ``claims`` are those with data, by tenant; ``claimed`` all CPOR associations, with data or not.
    """
    if CPOR not in rule_set.options:
        return
    cpor = rule_set.options[CPOR].number
    known = {workload.number for workload in rule_set.workloads.values()}
    seen: set[tuple[int, int]] = set()
    for tenant, own in claims.items():
        figures: dict[int, tuple[int, int, int]] = {}  # by workload: seats, users, option
        for claim in own:  # by place: a firm has 70,000 of them
            workload, option, seats, users = claim[1], claim[2], claim[12], claim[13] or 0
            if seats is None or workload not in known:
                continue
            # The claim's own figures say nothing of by what the workload is held beside it.
            option = 0 if option == cpor else option
            before = figures.get(workload)
            if before is not None:
                seats, users = max(before[0], seats), max(before[1], users)
                option = option or before[2]
            figures[workload] = (seats, users, option)
        for workload, (seats, users, option) in figures.items():
            key = (tenant, workload)
            if key not in claimed:
                yield Candidate(tenant, workload, WEAKER, option, 0, 0, seats, users, 1)
                continue
            seen.add(key)
            found = _candidate(key, claimed[key], last, option)
            if found is not None:
                yield found._replace(seats=seats, users=users, has_figures=1)
    for key, intervals in claimed.items():  # claims that wait have no data of their own as a rule
        if key in seen or key[1] not in known:
            continue
        found = _candidate(key, intervals, last, 0)
        if found is not None and found.kind == Kind.NOT_APPROVED:
            yield found


def _candidate(
    key: tuple[int, int], intervals: Sequence[Claim], last: int, option: int
) -> Candidate | None:
    """The state of a workload that has been claimed; None when the claim counts."""
    running = [claim for claim in intervals if claim.ends >= last]
    if any(claim.state in COUNTED for claim in running):
        return None
    if running:
        claim = running[-1]
        month = claim.begins if claim.begins < judging.NO_END else 0
        return Candidate(*key, Kind.NOT_APPROVED, option, claim.state, month, 0, 0, 0)
    month = max(claim.ends for claim in intervals)
    return Candidate(*key, Kind.ENDED, option, 0, month, 0, 0, 0)


# ---- What a claim would change -------------------------------------------------------------------

Effects = dict[str, dict[str, dict[str, int]]]  # changes of counts by track, metric and option


def text_of(effects: Effects) -> str:
    """``effects`` as the table keeps them: what is alike reads alike, nothing is empty."""
    return json.dumps(effects, separators=(",", ":")) if effects else ""


@lru_cache(maxsize=4096)
def counts_of(text: str) -> Effects:
    """The changes that ``text_of`` wrote. Shared: not to be changed."""
    found: Effects = json.loads(text) if text else {}
    return found


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a claim does to a tenant, whatever the claim's own users are."""

    effect: str
    eligible: tuple[int, ...]  # bits after it, by band
    deployed: frozenset[int]  # tracks in which CPOR deploys the tenant after it


class Judge:
    """Asks the judge what a claim would change, for one tenant after the other.

    Claims to be filed for one tenant that lie on the same sides of the bands, and at or off the
    share, change the same: they have not grown yet, so the rest follows from the tenant. One of
    them is judged for all; and none where the tenant's doors are open already.
    """

    def __init__(self, rule_set: rules.RuleSet, pair: Months) -> None:
        self.rule_set, self.pair = rule_set, pair
        self.rules = judging.rules_of(rule_set, pair)
        self.cpor = rule_set.options[CPOR].number
        self.keys = {workload.number: workload.key for workload in rule_set.workloads.values()}
        self.bands = [band for band in self.rules.bands if self.cpor in band.options]
        self.tracks = {track.number: track.key for track in rule_set.tracks}
        self.options = {option.number: option.key for option in rule_set.options.values()}

    def tenant(
        self, claims: Iterable[Claim], verdicts: Iterable[Verdict] | None = None
    ) -> "Tenant":
        """``claims`` are all of one tenant, ``verdicts`` what the judge said of them if known."""
        own = sorted(
            (claim for claim in claims if claim.workload in self.keys), key=itemgetter(1, 2, 3)
        )
        return Tenant(self, own, judging.judge(own, self.rules) if verdicts is None else verdicts)


class Tenant:
    """One tenant before the judge."""

    def __init__(self, judge: Judge, own: Sequence[Claim], verdicts: Iterable[Verdict]) -> None:
        self.judge, self.own = judge, own
        self.before = {(one.track, one.option): one for one in verdicts}
        self.claimed: dict[int, list[Claim]] = {}  # by CPOR, approved or not
        for claim in own:
            if claim[2] == judge.cpor:
                self.claimed.setdefault(claim[1], []).append(claim)
        self.eligible = self._eligible(own)
        self.unmoved = _Opened("", self.eligible, self._deployed(self.before))
        self.opened: dict[tuple[object, ...], _Opened] = {}

    def filed(self, candidate: Candidate, gained: int, span: int) -> tuple[str, str]:
        """What the claim would change now, and what a month brings with it only: as texts."""
        if not candidate.has_figures:
            return "", ""
        own = self.claimed.get(candidate.workload)
        opened = self._opened(candidate) if own is None else self._judged(candidate, own)
        keeps_beginning = candidate.kind == Kind.NOT_APPROVED and candidate.state not in BEGINS_ANEW
        coming = "" if keeps_beginning else self._coming(candidate, opened, gained, span)
        return opened.effect, coming

    def _opened(self, candidate: Candidate) -> _Opened:
        """Of a claim without earlier figures."""
        judge, seats = self.judge, candidate.seats
        bits = judge.rules.bits[candidate.workload]
        numerator, denominator = judge.rules.share
        is_at_share = seats > 0 and candidate.users * denominator == seats * numerator
        sides = []
        opens = False
        for band, eligible in zip(judge.bands, self.eligible, strict=True):
            side = (seats >= band.seats_from) + (seats > band.seats_to)
            sides.append(side)
            # Below a band nothing changes, above it only where a promoted tenant stays; and no
            # door opens twice.
            if side == 1 or (side == 2 and band.keeps_promoted):
                opens |= bool(bits & ~eligible)
        if not opens and not is_at_share:
            return self.unmoved
        key = (bits, is_at_share, *sides)
        if key not in self.opened:
            self.opened[key] = self._judged(candidate, ())
        return self.opened[key]

    def _after(self, candidate: Candidate, own: Collection[Claim]) -> list[Claim] | None:
        """The tenant's claims once this one counts; None where one counts already."""
        last = self.judge.pair.last
        claims = self.own
        stands = any(
            claim.begins <= last <= claim.ends and claim.now_seats is not None for claim in own
        )
        if candidate.kind == Kind.NOT_APPROVED and (candidate.state in BEGINS_ANEW or not stands):
            claims = [claim for claim in claims if claim not in own or claim.ends < last]
        held = Holdings(self.judge.rule_set, self.judge.pair, candidate.tenant, tuple(claims))
        figures = Figures.from_start(candidate.seats, candidate.users)
        added = held.add(Association(self.judge.keys[candidate.workload], CPOR, figures))
        if isinstance(added, str):  # noted by hand, and claimed since
            return None
        return sorted(added[0].claims, key=itemgetter(1, 2, 3))

    def _eligible(self, claims: Sequence[Claim]) -> tuple[int, ...]:
        rules_now = self.judge.rules
        return tuple(judging.eligibility(band, claims, rules_now)[0] for band in self.judge.bands)

    def _judged(self, candidate: Candidate, own: Collection[Claim]) -> _Opened:
        """``own`` are the claim's intervals so far: their figures speak too."""
        claims = self._after(candidate, own)
        if claims is None:
            return self.unmoved
        found = judging.judge(claims, self.judge.rules)
        after = {(one.track, one.option): one for one in found}
        effect = text_of(self._difference(after))
        return _Opened(effect, self._eligible(claims), self._deployed(after))

    def _deployed(self, verdicts: Mapping[tuple[int, int], Verdict]) -> frozenset[int]:
        return frozenset(
            track
            for (track, option), one in verdicts.items()
            if option == self.judge.cpor and one.deployed_now
        )

    def _difference(self, after: Mapping[tuple[int, int], Verdict]) -> Effects:
        effects: Effects = {}
        for key, now in after.items():
            track, option = key
            then = self.before.get(key)
            for metric, place in FIELDS[:1] if option == judging.ALONE else FIELDS[1:]:
                value = int(now[place]) - int(now[place + 1])
                if then is not None:
                    value -= int(then[place]) - int(then[place + 1])
                if value:
                    name = self.judge.options.get(option, rules.ALONE)
                    own = effects.setdefault(self.judge.tracks[track], {})
                    own.setdefault(metric, {})[name] = value
        return effects

    def _coming(self, candidate: Candidate, opened: _Opened, gained: int, span: int) -> str:
        if not span or not gained:
            return ""
        judge = self.judge
        numerator, denominator = judge.rules.share
        bits = judge.rules.bits[candidate.workload]
        share = candidate.seats * numerator * span
        # Below the share at a claim today, above it at one in a month: that one is left out.
        gets_there = (
            candidate.users * denominator * span
            < share
            < (candidate.users * span + gained) * denominator
        )
        grows, deploys = [], []
        for band, eligible in zip(judge.bands, opened.eligible, strict=True):
            if eligible & bits & GROWTH_BIT:
                grows.append(judge.tracks[band.track])
            if gets_there and eligible & bits & DEPLOYED_BIT and band.track not in opened.deployed:
                deploys.append(judge.tracks[band.track])
        return _coming_text(tuple(grows), tuple(deploys))


@lru_cache(maxsize=64)
def _coming_text(grows: tuple[str, ...], deploys: tuple[str, ...]) -> str:
    effects: Effects = {}
    for metric, tracks in ((GROWTH, grows), (DEPLOYMENTS, deploys)):
        for track in tracks:
            effects.setdefault(track, {})[metric] = {CPOR: 1}
    return text_of(effects)


# Where a verdict has the figures of a metric: now, and then behind it.
FIELDS = ((NET_ADDS, 2), (GROWTH, 4), (DEPLOYMENTS, 6))


def rows(
    found: Iterable[tuple[Candidate, int, int, int]],
    claims: Mapping[int, Sequence[Claim]],
    verdicts: Mapping[int, Collection[Verdict]],
    judge: Judge,
) -> Iterator[Row]:
    """The rows of (candidate, day seen, users gained, months of that), which come by tenant."""
    tenant: Tenant | None = None
    number = -1
    for candidate, seen_on, gained, span in found:
        if tenant is None or candidate.tenant != number:
            number = candidate.tenant
            tenant = judge.tenant(claims.get(number, ()), verdicts.get(number, ()))
        effect, coming = tenant.filed(candidate, gained, span)
        yield Row(*candidate[:5], seen_on, *candidate[5:], gained, span, effect, coming)
