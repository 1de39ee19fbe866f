"""Tenants near an edge: a few users short of deployed, a few seats short of eligible. Pure.

What is just short is the cheapest next step; what is just inside is what a firm loses first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scoring import judging
from scoring.judging import ADDS_BIT, COUNTED, DEPLOYED_BIT, Band, Claim, Rules, Verdict

SEATS_AROUND = 10  # percent of a band's edge, within which a tenant is near it
SEATS_AT_LEAST = 3
USERS_TO_LOSE = 10  # percent of the seats: a deployed tenant within it is near the edge


class Share(NamedTuple):
    """A tenant and the share in use from which it is deployed, by one option in one track.

    ``distance`` is in active users: above zero so many are missing, else so many (and none) may go
    before the tenant is deployed no more.
    """

    track: int
    option: int
    tenant: int
    workload: int  # that gets there with the fewest users, or the only one that is there
    seats: int
    users: int
    distance: int
    counts: int  # 1: deployed now


class Edge(NamedTuple):
    """A tenant and an edge of a track's seat band.

    ``distance`` is in seats, with the direction in which the edge lies: +2 means two more seats and
    the tenant crosses it, -3 three fewer.
    """

    track: int
    tenant: int
    workload: int
    option: int
    seats: int
    distance: int
    counts: int  # 1: eligible now, and no more beyond the edge


def of(
    claims: Mapping[int, Sequence[Claim]], verdicts: Mapping[int, Iterable[Verdict]], rules: Rules
) -> tuple[list[Share], list[Edge]]:
    """All tenants that are near, by tenant, track and option."""
    shares: list[Share] = []
    edges: list[Edge] = []
    bands = {band.track: band for band in rules.bands}
    for tenant, everything in claims.items():
        # Files bring workloads of all rule sets: this one may not know some of them.
        own = [claim for claim in everything if claim.workload in rules.bits]
        held = [
            claim
            for claim in own
            if claim.now_seats is not None
            and claim.state in COUNTED
            and claim.begins <= rules.last <= claim.ends
        ]
        if not held:
            continue
        continued = judging.continued_keys(own, rules)
        for verdict in verdicts.get(tenant, ()):
            if verdict.option == judging.ALONE:
                edges.extend(_edges(bands[verdict.track], verdict, held, rules))
            else:
                now, _then = judging.eligibility(bands[verdict.track], own, rules)
                if now & DEPLOYED_BIT:
                    shares.extend(_share(verdict, held, rules, continued))
    return shares, edges


def _share(
    verdict: Verdict,
    held: Iterable[Claim],
    rules: Rules,
    continued: judging.Keys,
) -> Iterator[Share]:
    numerator, denominator = rules.share
    best: tuple[int, Claim] | None = None
    reaching = 0
    for claim in held:
        if claim.option != verdict.option or not rules.bits[claim.workload] & DEPLOYED_BIT:
            continue
        if not claim.now_seats:
            continue
        continues = (claim.workload, claim.option) in continued
        if _was_above(claim, rules, continues=continues):
            continue  # whatever its users do, it is left out
        needed = -(-claim.now_seats * numerator // denominator)  # whole users, rounded up
        distance = needed - (claim.now_users or 0)
        reaching += distance <= 0
        if best is None or distance < best[0]:
            best = distance, claim
    if best is None or reaching > 1:  # two keep each other: losing one changes nothing
        return
    distance, claim = best
    seats = claim.now_seats or 0
    is_close = distance > 0 or -distance * 100 < max(seats * USERS_TO_LOSE, 100)
    if is_close:
        yield Share(
            verdict.track,
            verdict.option,
            claim.tenant,
            claim.workload,
            seats,
            claim.now_users or 0,
            # At the edge nobody may go: 0; one below the edge is one short: 1.
            distance,
            verdict.deployed_now,
        )


def _was_above(claim: Claim, rules: Rules, *, continues: bool) -> bool:
    """Whether it stands aside however many users it has: above the share when it was claimed."""
    full = claim._replace(now_users=claim.now_seats)
    return judging.use(full, rules, continues=continues)[1]


def _edges(band: Band, verdict: Verdict, held: Iterable[Claim], rules: Rules) -> Iterator[Edge]:
    own = [
        claim
        for claim in held
        if claim.option in band.options and rules.bits[claim.workload] & ADDS_BIT
    ]
    if not own:
        return
    inside = [claim for claim in own if band.seats_from <= (claim.now_seats or 0) <= band.seats_to]
    if verdict.eligible_now:
        # It leaves with the last workload that keeps it in: one far from the edges keeps it.
        if not inside:  # promoted: it stays whatever its seats do
            return
        stays_above = band.keeps_promoted and bool(verdict.eligible_then)
        found = [_way_out(band, claim, stays_above=stays_above) for claim in inside]
        if all(one is not None for one in found):
            distance, claim = max(
                (one for one in found if one is not None), key=lambda one: abs(one[0])
            )
            yield _edge(band, claim, distance, counts=1)
        return
    nearest = min(own, key=lambda claim: abs(_way_in(band, claim.now_seats or 0)))
    distance = _way_in(band, nearest.now_seats or 0)
    if abs(distance) <= around(band.seats_from if distance > 0 else band.seats_to):
        yield _edge(band, nearest, distance, counts=0)


def around(edge: int) -> int:
    """How many seats from an edge of a band are near it."""
    return max(SEATS_AT_LEAST, edge * SEATS_AROUND // 100)


def _way_in(band: Band, seats: int) -> int:
    return band.seats_from - seats if seats < band.seats_from else band.seats_to - seats


def _way_out(band: Band, claim: Claim, *, stays_above: bool) -> tuple[int, Claim] | None:
    """The nearer way out of the band when it is near, and nothing when both are far."""
    seats = claim.now_seats or 0
    down, up = seats - band.seats_from + 1, band.seats_to - seats + 1
    ways = [(-down, claim)] if down <= around(band.seats_from) else []
    if band.seats_to != judging.NO_SEATS_END and not stays_above:
        ways += [(up, claim)] if up <= around(band.seats_to) else []
    return min(ways, key=lambda way: abs(way[0])) if ways else None


def _edge(band: Band, claim: Claim, distance: int, *, counts: int) -> Edge:
    return Edge(
        band.track,
        claim.tenant,
        claim.workload,
        claim.option,
        claim.now_seats or 0,
        distance,
        counts,
    )
