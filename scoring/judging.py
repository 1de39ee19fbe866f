"""From a partner's facts to contributions: which tenant and which person counts where, and why.

A contribution is the explanation **and** the summand: the counts that ``rules.evaluate`` turns into
points are the sums of these rows and of nothing else. Pure: no database, no clock, no settings.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from scoring import months
from scoring.reasons import Reason
from scoring.rules import ALONE, Certification, RuleSet, Track

NET_ADDS, GROWTH, DEPLOYMENTS = "net_customer_adds", "usage_growth", "deployments"

# ---- Facts ---------------------------------------------------------------------------------------


class Usage(NamedTuple):
    """One tenant's figures in one workload, under one association option, in one month."""

    seats: int  # paid available units: bought, not assigned
    users: int  # monthly active users; may exceed the seats


class Claim(NamedTuple):
    """An association of the partner with (tenant, workload) by one option, and its figures."""

    tenant: int | str
    workload: str
    option: str
    begins_on: date | None  # as a file says; None: derived from ``first_month``
    first_month: int  # first month with data
    ended_on: date | None = None
    now: Usage | None = None  # in the last month
    then: Usage | None = None  # in the comparison month
    at_claim: Usage | None = None  # in the first month with data since it began
    at_claim_month: int | None = None

    @property
    def begins(self) -> int:
        """The month in which the association began."""
        return self.first_month if self.begins_on is None else months.number(self.begins_on)

    def held(self, month: int) -> bool:
        """Claimed by the last day of ``month`` and not ended before its first day."""
        ended = self.ended_on is not None and months.number(self.ended_on) < month
        return self.begins <= month and not ended


class Certificate(NamedTuple):
    """A person's certification. The person is whoever ``judge_people`` finds behind the key."""

    person: str  # "mcp:…", "mail:…", "aad:…" or "name:…", the best that the file had
    name: str
    email: str
    certification: str
    completed_on: date
    expires_on: date | None = None
    is_linked: bool = True


class Months(NamedTuple):
    last: int
    comparison: int


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one tenant or person adds to one metric of one track, and why."""

    track: str
    metric: str
    option: str
    subject: int | str
    now: int
    then: int
    reason: Reason
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""  # of a person; tenants get theirs from the data

    @property
    def value(self) -> int:
        return self.now - self.then


def count(contributions: Iterable[Contribution]) -> dict[str, dict[str, dict[str, int]]]:
    """The counts by track, metric and option: plain sums of the contributions."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for row in contributions:
        options = counts.setdefault(row.track, {}).setdefault(row.metric, {})
        options[row.option] = options.get(row.option, 0) + row.value
    return counts


# ---- Which months --------------------------------------------------------------------------------


def choose_months(imported: Iterable[int], as_of: date) -> Months | None:
    """The newest imported month before the month of ``as_of``, and the same a year earlier."""
    before = [month for month in imported if month < months.number(as_of)]
    return Months(max(before), max(before) - months.YEAR) if before else None


# ---- Tenants -------------------------------------------------------------------------------------


def judge_tenants(
    claims: Iterable[Claim], rule_set: RuleSet, pair: Months
) -> Iterator[Contribution]:
    """Contributions of every tenant to every track; ``claims`` in any order."""
    known = [claim for claim in claims if claim.workload in rule_set.workloads]
    known.sort(key=lambda claim: (str(claim.tenant), claim.workload, claim.option))
    for tenant, rows in groupby(known, key=attrgetter("tenant")):
        own = list(rows)
        for track in rule_set.tracks:
            yield from _Judge(tenant, own, track, rule_set, pair).contributions()


class _Standing(NamedTuple):
    """Whether a tenant is eligible in a month, for a metric; else the reason why not."""

    is_eligible: bool
    reason: Reason
    params: dict[str, Any]


class _Judge:
    """One tenant in one track."""

    def __init__(
        self,
        tenant: int | str,
        claims: Sequence[Claim],
        track: Track,
        rule_set: RuleSet,
        pair: Months,
    ) -> None:
        self.tenant, self.claims, self.track, self.rule_set = tenant, claims, track, rule_set
        self.pair = pair
        self.share = rule_set.deployed_share
        self.accepted = [claim for claim in claims if claim.option in track.options]
        self.held_now = [
            claim for claim in self.accepted if claim.now is not None and claim.held(pair.last)
        ]
        self.held_then = [
            claim
            for claim in self.accepted
            if claim.then is not None and claim.held(pair.comparison)
        ]
        # Nearly every workload counts for every metric: then one judgement serves all of them.
        metrics = (NET_ADDS, GROWTH, DEPLOYMENTS)
        if all(self._counts_for(claim, metric) for claim in claims for metric in metrics):
            then = self._eligible_then(NET_ADDS)
            now = self._standing_now(NET_ADDS, was_eligible=then)
            self.then, self.now = dict.fromkeys(metrics, then), dict.fromkeys(metrics, now)
        else:
            self.then = {metric: self._eligible_then(metric) for metric in metrics}
            self.now = {
                metric: self._standing_now(metric, was_eligible=self.then[metric])
                for metric in metrics
            }

    def contributions(self) -> Iterator[Contribution]:
        yield self.net_adds()
        for option in self.track.options:
            if rows := [claim for claim in self.accepted if claim.option == option]:
                yield self.growth(option, rows)
                yield self.deployment(option, rows)

    # -- Eligibility --

    def _counts_for(self, claim: Claim, metric: str) -> bool:
        return metric in self.rule_set.workloads[claim.workload].counts_for

    def _eligible_then(self, metric: str) -> bool:
        return any(
            self.track.in_band(claim.then.seats)
            for claim in self.held_then
            if claim.then is not None and self._counts_for(claim, metric)
        )

    def _standing_now(self, metric: str, *, was_eligible: bool) -> _Standing:
        rows = sorted(
            (
                (claim.now.seats, claim.workload)
                for claim in self.held_now
                if claim.now is not None and self._counts_for(claim, metric)
            ),
            reverse=True,
        )
        track = self.track
        for seats, workload in rows:
            if track.in_band(seats):
                params = {"seats": seats, "workload": self.rule_set.workloads[workload].title}
                return _Standing(True, Reason.ADDED, params)
        if not rows:
            return _Standing(False, *self._why_nothing(metric))
        seats = rows[0][0]
        if track.seats_to is not None and seats > track.seats_to:
            if track.keeps_promoted and was_eligible:
                return _Standing(True, Reason.PROMOTED, {"seats": seats, "track": track.title})
            params = {"seats": seats, "track": track.title, "maximum": track.seats_to}
            return _Standing(False, Reason.TOO_MANY_SEATS, params)
        params = {"seats": seats, "track": track.title, "minimum": track.seats_from}
        return _Standing(False, Reason.TOO_FEW_SEATS, params)

    def _why_nothing(self, metric: str) -> tuple[Reason, dict[str, Any]]:
        """Why no row of the last month can make the tenant eligible."""
        for claim in self.held_now:
            title = self.rule_set.workloads[claim.workload].title
            return Reason.OTHER_METRICS, {"workload": title}
        for claim in self.accepted:
            if claim.ended_on is not None and not claim.held(self.pair.last):
                return Reason.ENDED, {"ended_on": claim.ended_on.isoformat()}
        for claim in self.accepted:
            if claim.begins_on is not None and claim.begins > self.pair.last:
                return Reason.NOT_YET, {"begins_on": claim.begins_on.isoformat()}
        others = sorted({claim.option for claim in self.claims} - set(self.track.options))
        if others and not self.accepted:
            return Reason.NOT_ACCEPTED, {"option": ", ".join(others), "track": self.track.title}
        return Reason.NO_DATA_NOW, {"now": months.label(self.pair.last)}

    def _why_not(self, metric: str) -> tuple[Reason, dict[str, Any]]:
        """Why no row of one option counts: the tenant's reason, else that the option has no row."""
        standing = self.now[metric]
        if standing.is_eligible:
            return Reason.NO_DATA_NOW, {"now": months.label(self.pair.last)}
        return standing.reason, standing.params

    # -- The three metrics --

    def net_adds(self) -> Contribution:
        """A tenant counts once, whatever its associations and workloads."""
        then, standing = self.then[NET_ADDS], self.now[NET_ADDS]
        labels = {
            "now": months.label(self.pair.last),
            "then": months.label(self.pair.comparison),
        }
        reason, params = standing.reason, standing.params | labels
        if standing.is_eligible and then:
            reason = Reason.PROMOTED if reason is Reason.PROMOTED else Reason.KEPT
        elif then:
            reason = {
                Reason.TOO_FEW_SEATS: Reason.LOST_TOO_FEW_SEATS,
                Reason.TOO_MANY_SEATS: Reason.LOST_TOO_MANY_SEATS,
                Reason.ENDED: Reason.LOST_ENDED,
            }.get(reason, Reason.LOST)
        return self._row(NET_ADDS, ALONE, int(standing.is_eligible), int(then), reason, params)

    def growth(self, option: str, rows: Sequence[Claim]) -> Contribution:
        """Active users of the last month less the baseline of each workload.

        The baseline of a row that was held in the comparison month is that month's figure (nothing,
        when the tenant was not eligible then). A row that began later has the figure of the month
        in which it began: growth from before the association earns nothing.
        """
        eligible_now, eligible_then = self.now[GROWTH].is_eligible, self.then[GROWTH]
        parts: list[dict[str, Any]] = []
        for claim in rows:
            if not self._counts_for(claim, GROWTH):
                continue
            now = baseline = 0
            source, month = "", self.pair.comparison
            held_now = eligible_now and claim.now is not None and claim.held(self.pair.last)
            if held_now and claim.now is not None:
                now = claim.now.users
            if claim.begins <= self.pair.comparison:
                if eligible_then and claim.then is not None and claim.held(self.pair.comparison):
                    baseline, source = claim.then.users, "comparison"
                elif held_now:
                    source = "newly_eligible" if not eligible_then else "comparison"
            elif held_now and claim.at_claim is not None and claim.at_claim_month is not None:
                baseline, month = claim.at_claim.users, claim.at_claim_month
                source = "first_seen" if claim.begins_on is None else "claim"
            if source:
                parts.append(
                    {
                        "workload": claim.workload,
                        "now": now,
                        "then": baseline,
                        "baseline": source,
                        "month": months.label(month),
                    }
                )
        now_sum = sum(part["now"] for part in parts)
        then_sum = sum(part["then"] for part in parts)
        params: dict[str, Any] = {"now": now_sum, "then": then_sum, "parts": parts}
        if not parts:
            reason, params = self._why_not(GROWTH)
        elif not eligible_now:
            reason = Reason.GROWTH_LOST
        else:
            reason = _growth_reason(parts, params)
        return self._row(GROWTH, option, now_sum, then_sum, reason, params)

    def deployment(self, option: str, rows: Sequence[Claim]) -> Contribution:
        """A tenant is deployed when one workload reaches the share; it counts once an option.

        A row that was claimed after the comparison month and already stood above the share then is
        left out of the last month.
        """
        rows = [claim for claim in rows if self._counts_for(claim, DEPLOYMENTS)]
        eligible_now, eligible_then = self.now[DEPLOYMENTS].is_eligible, self.then[DEPLOYMENTS]
        then = eligible_then and any(
            _reaches(claim.then, self.share) for claim in rows if claim.held(self.pair.comparison)
        )
        in_use = [
            (claim, claim.now)
            for claim in rows
            if claim.now is not None and claim.held(self.pair.last)
        ]
        if not eligible_now or not in_use:
            reason, params = self._why_not(DEPLOYMENTS)
            if then:
                reason = Reason.DEPLOYED_LOST
            return self._row(DEPLOYMENTS, option, 0, int(then), reason, params)
        # The workload that speaks for the tenant: one that counts, else the highest share.
        best, usage = max(
            in_use,
            key=lambda row: (
                _reaches(row[1], self.share) and not self._left_out(row[0]),
                _ratio(row[1]),
            ),
        )
        reached = _reaches(usage, self.share)
        left_out = reached and self._left_out(best)
        now = reached and not left_out
        reason = self._deployment_reason(best, usage, now=now, then=then, left_out=left_out)
        shown = best.at_claim if left_out and best.at_claim is not None else usage
        params = {
            "seats": shown.seats,
            "users": shown.users,
            "workload": self.rule_set.workloads[best.workload].title,
            "share": f"{float(self.share):.0%}".replace("%", " %"),
            "month": months.label(
                best.at_claim_month
                if left_out and best.at_claim_month is not None
                else self.pair.last
            ),
        }
        return self._row(DEPLOYMENTS, option, int(now), int(then), reason, params)

    def _left_out(self, claim: Claim) -> bool:
        """Claimed within the last 12 months, when it already stood above the share (strictly)."""
        is_recent = claim.begins > self.pair.comparison
        return is_recent and claim.at_claim is not None and _ratio(claim.at_claim) > self.share

    def _deployment_reason(
        self, claim: Claim, usage: Usage, *, now: bool, then: bool, left_out: bool
    ) -> Reason:
        if now and then:
            return Reason.STILL_DEPLOYED
        if now:
            at_edge = (
                claim.begins > self.pair.comparison
                and claim.at_claim is not None
                and _ratio(claim.at_claim) == self.share
            )
            return Reason.DEPLOYED_EDGE if at_edge else Reason.DEPLOYED
        if left_out:
            return Reason.ABOVE_AT_CLAIM
        if usage.seats <= 0:
            return Reason.NO_SEATS
        return Reason.FELL_BELOW_SHARE if then else Reason.BELOW_SHARE

    def _row(
        self, metric: str, option: str, now: int, then: int, reason: Reason, params: dict[str, Any]
    ) -> Contribution:
        return Contribution(self.track.key, metric, option, self.tenant, now, then, reason, params)


def _growth_reason(parts: Sequence[Mapping[str, Any]], params: dict[str, Any]) -> Reason:
    sources = {part["baseline"] for part in parts}
    baseline_months = {part["month"] for part in parts}
    if len(sources) > 1 or (sources <= {"claim", "first_seen"} and len(baseline_months) > 1):
        return Reason.GROWTH_MIXED
    params["month"] = parts[0]["month"]
    return {
        "comparison": Reason.GROWTH,
        "newly_eligible": Reason.GROWTH_NEWLY_ELIGIBLE,
        "claim": Reason.GROWTH_SINCE_CLAIM,
        "first_seen": Reason.GROWTH_SINCE_FIRST_SEEN,
    }[parts[0]["baseline"]]


def _ratio(usage: Usage) -> Fraction:
    """Users per seat; without seats it is undefined and lies below every share."""
    return Fraction(usage.users, usage.seats) if usage.seats > 0 else Fraction(-1)


def _reaches(usage: Usage | None, share: Fraction) -> bool:
    return usage is not None and _ratio(usage) >= share


# ---- People --------------------------------------------------------------------------------------


def judge_people(
    certificates: Iterable[Certificate], rule_set: RuleSet, as_of: date
) -> Iterator[Contribution]:
    """One row per person and metric, the same in every track: people are counted, not exams."""
    people = same_people(
        certificate
        for certificate in certificates
        if certificate.certification in rule_set.certifications
    )
    for person, own in sorted(people.items()):
        for metric in sorted({rule_set.certifications[row.certification].metric for row in own}):
            # The certificate that speaks for the person: one that counts, and the longest.
            judged = [
                (*_judge_certificate(row, rule_set.certifications[row.certification], as_of), row)
                for row in own
                if rule_set.certifications[row.certification].metric == metric
            ]
            counts, reason, params, row = max(
                judged,
                key=lambda item: (
                    item[0],
                    item[3].expires_on or date.max,
                    item[3].completed_on,
                    item[3].certification,
                    item[3].is_linked,
                    item[3].name,
                ),
            )
            for track in rule_set.tracks:
                yield Contribution(
                    track.key, metric, ALONE, person, int(counts), 0, reason, params, row.name
                )


def _judge_certificate(
    row: Certificate, certification: Certification, as_of: date
) -> tuple[bool, Reason, dict[str, Any]]:
    params: dict[str, Any] = {
        "title": certification.title,
        "certification": certification.key,
        "completed_on": row.completed_on.isoformat(),
    }
    expires_on = row.expires_on if certification.expires else None
    if not row.is_linked:
        return False, Reason.NOT_LINKED, params
    if row.completed_on > as_of:
        return False, Reason.NOT_COMPLETED_YET, params
    if expires_on is not None and expires_on < as_of:
        return False, Reason.EXPIRED, params | {"until": expires_on.isoformat()}
    if certification.counts_until is not None and certification.counts_until < as_of:
        return False, Reason.WITHDRAWN, params | {"until": certification.counts_until.isoformat()}
    ends = [day for day in (expires_on, certification.counts_until) if day is not None]
    if ends:
        return True, Reason.CERTIFIED_UNTIL, params | {"until": min(ends).isoformat()}
    return True, Reason.CERTIFIED, params


def same_people(certificates: Iterable[Certificate]) -> dict[str, list[Certificate]]:
    """Certificates by person.

    A file may name a person by MCPID, another the same person only by e-mail or by name. A row
    without an MCPID belongs to the person with that e-mail address, a row with nothing but a name
    to the first person of that name: rather one person too few than one counted twice.
    """
    rows: dict[str, list[Certificate]] = {}
    for row in certificates:
        rows.setdefault(row.person, []).append(row)
    by_mail: dict[str, str] = {}
    by_name: dict[str, str] = {}
    people: dict[str, list[Certificate]] = {}
    for key in sorted(rows, key=lambda key: (_RANK[_kind(key)], key)):
        mails = sorted({row.email for row in rows[key]} - {""})
        names = sorted({_same_name(row.name) for row in rows[key]} - {""})
        known = []
        if _kind(key) != "mcp":
            known += [by_mail[mail] for mail in mails if mail in by_mail]
        if _kind(key) == "name":
            known += [by_name[name] for name in names if name in by_name]
        person = known[0] if known else key
        people.setdefault(person, []).extend(rows[key])
        for mail in mails:
            by_mail.setdefault(mail, person)
        for name in names:
            by_name.setdefault(name, person)
    return people


def _kind(person: str) -> str:
    return person.split(":", 1)[0]


_RANK = {"mcp": 0, "mail": 1, "aad": 2, "name": 3}


def _same_name(name: str) -> str:
    return " ".join(sorted(name.casefold().replace(",", " ").split()))
