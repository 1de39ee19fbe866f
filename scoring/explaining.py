"""A verdict in words: what the sentence of each reason needs, from the claims it was made of.

The judge keeps integers and a reason; nothing is decided here. Pure, so that a stored ledger, a
history and a what-if explain themselves the same way.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring import judging, months, rules
from scoring.claim_states import COUNTING, ClaimState
from scoring.judging import (
    DEPLOYED_BIT,
    DEPLOYMENTS,
    GROWTH,
    GROWTH_BIT,
    NET_ADDS,
    Claim,
    Months,
    Rules,
    Verdict,
)
from scoring.people import Standing
from scoring.reasons import Reason


@dataclass(frozen=True, slots=True)
class Line:
    """What one tenant or person adds to one metric of one track, and why."""

    track: str
    metric: str
    option: str  # empty where a tenant or person counts once, whatever the option
    subject: int | str
    now: int
    then: int
    reason: Reason
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""  # of a person; tenants get theirs from the data

    @property
    def value(self) -> int:
        return self.now - self.then


# ---- Claims as a ledger keeps them ---------------------------------------------------------------


def dump_claims(claims: Iterable[Sequence[Any]]) -> str:
    """A tenant's claims as a ledger stores them: all but the tenant itself."""
    return _DUMP([claim[1:] for claim in claims])


_DUMP = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def load_claims(tenant: int, stored: str) -> list[Claim]:
    return [Claim(tenant, *values) for values in json.loads(stored)]


# ---- Tenants -------------------------------------------------------------------------------------


class Explainer:
    """Puts verdicts under one rule set and pair of months into lines."""

    def __init__(self, rule_set: rules.RuleSet, pair: Months) -> None:
        self.rule_set, self.pair = rule_set, pair
        self.rules: Rules = judging.rules_of(rule_set, pair)
        self.tracks = {track.number: track for track in rule_set.tracks}
        self.options = {option.number: option.key for option in rule_set.options.values()}
        self.workloads = {workload.number: workload for workload in rule_set.workloads.values()}

    def lines(self, claims: Iterable[Claim]) -> Iterator[Line]:
        """Every line of every tenant of ``claims``, which come in any order."""
        for _tenant, own in judging.by_tenant(claims):
            for verdict in judging.judge(own, self.rules):
                yield from self.of_verdict(verdict, own)

    def of_verdict(self, verdict: Verdict, claims: Sequence[Claim]) -> Iterator[Line]:
        metrics = [NET_ADDS] if verdict.option == judging.ALONE else [GROWTH, DEPLOYMENTS]
        for metric in metrics:
            yield self.line(metric, verdict, claims)

    def line(self, metric: str, verdict: Verdict, claims: Sequence[Claim]) -> Line:
        """One metric's line of a verdict; ``claims`` are all of the tenant's."""
        now, then, reason = figures(metric, verdict)
        track = self.tracks[verdict.track]
        known = [claim for claim in claims if claim.workload in self.workloads]
        params = self._params(metric, reason, track, verdict, known)
        return Line(
            track.key,
            metric,
            self.options.get(verdict.option, rules.ALONE),
            claims[0].tenant if claims else 0,
            now,
            then,
            reason,
            params,
        )

    # -- What a sentence needs --

    def _params(
        self,
        metric: str,
        reason: Reason,
        track: rules.Track,
        verdict: Verdict,
        claims: Sequence[Claim],
    ) -> dict[str, Any]:
        labels = {"now": months.label(self.pair.last), "then": months.label(self.pair.comparison)}
        if metric == NET_ADDS:
            return self._why(reason, track, claims, judging.ADDS_BIT) | labels
        if metric == GROWTH:
            parts = list(self.parts(verdict, track, claims))
            if not parts:
                return self._why(reason, track, claims, GROWTH_BIT) | {"now": labels["now"]}
            return {
                "now": verdict.users_now,
                "then": verdict.users_then,
                "month": parts[0]["month"],
                "parts": parts,
            }
        return self._deployment(reason, track, verdict, claims) | {"then": labels["then"]}

    def _why(
        self, reason: Reason, track: rules.Track, claims: Sequence[Claim], bit: int
    ) -> dict[str, Any]:
        """Of eligibility in the last month, or of its lack."""
        own = [claim for claim in claims if self.options.get(claim.option) in track.options]
        last = self.pair.last
        rows = sorted(
            (
                (claim.now_seats, claim.workload)
                for claim in own
                if claim.now_seats is not None and claim.held(last)
                if self.rules.bits[claim.workload] & bit
            ),
            reverse=True,
        )
        in_band = [row for row in rows if track.in_band(row[0])]
        params: dict[str, Any] = {"track": track.title}
        if rows:
            seats, workload = (in_band or rows)[0]
            params |= {"seats": seats, "workload": self.title(workload)}
            params |= {"minimum": track.seats_from, "maximum": track.seats_to}
        elif reason is Reason.OTHER_METRICS:
            held = [claim for claim in own if claim.now_seats is not None and claim.held(last)]
            params["workload"] = self.title(held[0].workload)
        elif reason in (Reason.ENDED, Reason.LOST_ENDED):
            ended = max((claim for claim in own if claim.ends < last), key=lambda c: c.ends)
            params["ended_on"] = ended.ended_on or months.last_day(ended.ends).isoformat()
        elif reason in (Reason.CLAIM_STATE, Reason.LOST_CLAIM_STATE):
            waiting = [
                claim
                for claim in own
                if claim.now_seats is not None and claim.begins <= last <= claim.ends
                if claim.state not in COUNTING
            ]
            params["state"] = str(ClaimState(waiting[0].state).name).lower()
        elif reason is Reason.NOT_YET:
            later = min(claim.begins_on for claim in own if claim.begins > last and claim.begins_on)
            params["begins_on"] = later
        elif reason is Reason.NOT_ACCEPTED:
            options = {self.options.get(claim.option, "") for claim in claims}
            params["option"] = ", ".join(sorted(options - set(track.options)))
        return params

    def parts(
        self, verdict: Verdict, track: rules.Track, claims: Sequence[Claim]
    ) -> Iterator[dict[str, Any]]:
        """Usage growth workload by workload: users now, the baseline, and where it comes from."""
        eligible_now, eligible_then = self._eligible(verdict, track, claims)
        continued = judging.continued_keys(claims, self.rules)
        for claim in claims:
            if claim.option != verdict.option or not self.rules.bits[claim.workload] & GROWTH_BIT:
                continue
            source = judging.growth_source(
                claim,
                self.rules,
                eligible_now=eligible_now,
                eligible_then=eligible_then,
                continues=(claim.workload, claim.option) in continued,
            )
            if not source:
                continue
            last, comparison = self.pair
            is_now = eligible_now and claim.now_seats is not None and claim.held(last)
            is_then = claim.then_seats is not None and claim.held(comparison)
            baseline, month = 0, comparison
            if source == judging.COMPARISON:
                baseline = (claim.then_users or 0) if is_then else 0
            elif source != judging.NEWLY_ELIGIBLE:
                baseline, month = claim.baseline_users or 0, claim.baseline_month or claim.begins
            yield {
                "workload": self.workloads[claim.workload].key,
                "now": (claim.now_users or 0) if is_now else 0,
                "then": baseline,
                "baseline": SOURCES[source],
                "month": months.label(month),
            }

    def _eligible(
        self, verdict: Verdict, track: rules.Track, claims: Sequence[Claim]
    ) -> tuple[bool, bool]:
        """Whether the tenant is eligible for usage growth, now and then, by the judge's word."""
        bits_now, bits_then = judging.eligibility(
            next(band for band in self.rules.bands if band.track == verdict.track),
            claims,
            self.rules,
        )
        return bool(bits_now & GROWTH_BIT), bool(bits_then & GROWTH_BIT)

    def _deployment(
        self, reason: Reason, track: rules.Track, verdict: Verdict, claims: Sequence[Claim]
    ) -> dict[str, Any]:
        spoken = judging.speaker(claims, verdict.option, self.rules)
        if reason not in _OF_A_WORKLOAD or spoken is None:
            labels = {"now": months.label(self.pair.last)}
            return self._why(reason, track, claims, DEPLOYED_BIT) | labels
        claim, is_left_out = spoken
        seats, users, month = claim.now_seats, claim.now_users, self.pair.last
        if is_left_out:
            seats, users = claim.baseline_seats, claim.baseline_users
            month = claim.baseline_month or claim.begins
        return {
            "seats": seats,
            "users": users,
            "workload": self.title(claim.workload),
            "share": self.rule_set.deployed_percent,
            "month": months.label(month),
        }

    def title(self, workload: int) -> str:
        return self.workloads[workload].title


SOURCES = {
    judging.COMPARISON: "comparison",
    judging.NEWLY_ELIGIBLE: "newly_eligible",
    judging.CLAIM: "claim",
    judging.FIRST_SEEN: "first_seen",
    judging.CORRECTED: "corrected",
}
_OF_A_WORKLOAD = {
    Reason.DEPLOYED,
    Reason.DEPLOYED_EDGE,
    Reason.STILL_DEPLOYED,
    Reason.BELOW_SHARE,
    Reason.FELL_BELOW_SHARE,
    Reason.ABOVE_AT_CLAIM,
    Reason.NO_SEATS,
}


def figures(metric: str, verdict: Verdict) -> tuple[int, int, Reason]:
    """(now, then, why) of one metric of a verdict."""
    if metric == NET_ADDS:
        return verdict.eligible_now, verdict.eligible_then, verdict.reason
    if metric == GROWTH:
        return verdict.users_now, verdict.users_then, verdict.reason
    return verdict.deployed_now, verdict.deployed_then, verdict.deployment_reason


# ---- People --------------------------------------------------------------------------------------


def person_params(standing: Standing, rule_set: rules.RuleSet) -> dict[str, Any]:
    certification = rule_set.certifications.get(standing.certification)
    params: dict[str, Any] = {
        "title": certification.title if certification else standing.certification,
        "certification": standing.certification,
        "completed_on": standing.completed_on.isoformat(),
    }
    if standing.until_on is not None:
        params["until"] = standing.until_on.isoformat()
    return params


def people_lines(standings: Iterable[Standing], rule_set: rules.RuleSet) -> Iterator[Line]:
    """One line per person, metric and track: people count in every track alike."""
    for standing in standings:
        for track in rule_set.tracks:
            yield Line(
                track.key,
                standing.metric,
                rules.ALONE,
                standing.person,
                standing.counts,
                0,
                standing.reason,
                person_params(standing, rule_set),
                standing.name,
            )


# ---- Sums ----------------------------------------------------------------------------------------


def count(lines: Iterable[Line]) -> dict[str, dict[str, dict[str, int]]]:
    """The counts by track, metric and option: plain sums of the lines."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for line in lines:
        options = counts.setdefault(line.track, {}).setdefault(line.metric, {})
        options[line.option] = options.get(line.option, 0) + line.value
    return counts
