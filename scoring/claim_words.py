"""A row of the claim list in words: how the work stands, what it would bring, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring import claim_deadlines, overlays, rule_sets, rules, unclaimed
from scoring.claim_list import ClaimList, Entry
from scoring.claim_states import ClaimState
from scoring.customers import workload_titles
from scoring.judging import DEPLOYMENTS
from scoring.presentation import figure, month_name, signed
from scoring.reasons import sentence
from scoring.results import Metric
from scoring.rules import TrackScore
from scoring.unclaimed import BEGINS_ANEW, Kind
from scoring.worth import Why

SHOWN_PARTS = 100  # figures of the list are rounded to hundredths; the CSV has four decimals


@dataclass(frozen=True, slots=True)
class Points:
    """Of one track."""

    title: str
    now: str
    cost: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the page."""

    entry: Entry
    name: str
    guid: str
    url: str
    workload: str
    standing: str  # how it is held, or in which state the claim is
    since: str
    tag: str
    users: str
    seats: str
    growth: str  # users a month; empty where only one month is known
    points: tuple[Points, ...]
    now: str  # points at once, in the track that the score is
    cost: str  # points that a month costs there
    costs_something: bool
    remark: str  # why it brings nothing now, or what a month decides
    step: str
    due: str
    is_late: bool


class Words:
    """Puts the rows of one list into words."""

    def __init__(self, found: ClaimList, today: date) -> None:
        self.found, self.today = found, today
        self.titles = workload_titles()
        self.options = rule_sets.vocabulary().option_keys
        self.scores: dict[str, TrackScore] = found.position.scored()

    def lines(self, entries: Sequence[Entry]) -> list[Line]:
        return [self.line(entry) for entry in entries]

    def line(self, entry: Entry) -> Line:
        row = entry.row
        step, due, is_late = self.step(entry)
        best = self.found.best
        return Line(
            entry=entry,
            name=entry.name,
            guid=str(entry.guid or ""),
            url=reverse("scoring:customer", args=[entry.guid]) if entry.is_known else "",
            workload=self.titles.get(row.workload, ""),
            standing=self.standing(entry),
            since=self.since(entry),
            tag=_tag(entry),
            users=figure(row.users),
            seats=figure(row.seats),
            growth=self.growth(entry),
            points=tuple(
                Points(
                    track.title,
                    shown(entry.now[track.key], signed_=True),
                    shown(entry.cost[track.key]),
                    track.key == best,
                )
                for track in self.found.prices.tracks
            ),
            now=shown(entry.now[best], signed_=True),
            cost=shown(entry.cost[best]),
            costs_something=any(entry.cost.values()),
            remark=self.remark(entry),
            step=step,
            due=due,
            is_late=is_late,
        )

    # -- How it stands --

    def standing(self, entry: Entry) -> str:
        row = entry.row
        option = self.options.get(row.option, "")
        if row.kind == Kind.NOT_APPROVED:
            return _("Claim: %(state)s") % {"state": ClaimState(row.state).label}
        if row.kind == Kind.NOTED:
            return str(Kind.NOTED.label)
        if row.kind == Kind.ENDED:
            words = {"option": option, "month": month_name(row.month)}
            if not option:
                return _("CPOR until %(month)s, and still in use") % words
            return _("CPOR until %(month)s, now %(option)s only") % words
        return _("%(option)s only") % {"option": option}

    def since(self, entry: Entry) -> str:
        """Since when the state has been seen, or who noted it when."""
        if entry.noted is not None:
            return date_format(entry.noted.made_at, "SHORT_DATE_FORMAT")
        if entry.row.seen_on:
            return _("seen since %(day)s") % {
                "day": date_format(date.fromordinal(entry.row.seen_on), "SHORT_DATE_FORMAT")
            }
        return ""

    def growth(self, entry: Entry) -> str:
        row = entry.row
        if not row.span:
            return ""
        return shown(unclaimed.users_a_month(row.gained, row.span), signed_=True)

    # -- What it would bring --

    def remark(self, entry: Entry) -> str:
        row = entry.row
        if not row.has_figures:
            return _("Your data have no figures of this workload.")
        if DEPLOYMENTS in unclaimed.counts_of(row.coming).get(self.found.best, {}):
            return _(
                "Passes %(share)s within a month. Claimed before that it becomes a deployment, "
                "claimed after it never does."
            ) % {"share": self.share}
        if row.effect:
            return "" if entry.now[self.found.best] else self._why_nothing(entry)
        if row.kind == Kind.NOT_APPROVED and row.state not in BEGINS_ANEW:
            return _("Its approval would change no figure today.")
        if row.coming:
            return _("Only growth after the claim counts.")
        if row.gained:
            return _("With %(seats)s seats the customer counts in no track.") % {
                "seats": figure(row.seats)
            }
        return _("It does not grow at the moment.")

    @property
    def share(self) -> str:
        share = float(self.found.position.rule_set.deployed_share)
        return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")

    def _why_nothing(self, entry: Entry) -> str:
        """Why counts that would change in the track that the score is earn nothing there."""
        position = self.found.position
        effects = unclaimed.counts_of(entry.row.effect).get(self.found.best, {})
        if not effects:
            return ""
        before = self.scores[self.found.best]
        counts = changed(position.counts, unclaimed.counts_of(entry.row.effect))
        after = overlays.scored(position.rule_set, counts)[self.found.best]
        for metric in effects:
            old, new = before.metrics[metric], after.metrics[metric]
            if old.points == old.metric.max:
                said = sentence(Why.FULL, {"max": figure(old.metric.max)}, kind=Why)
            elif new.value <= 0:
                said = sentence(Why.NOT_ABOVE_ZERO, {"value": signed(new.value)}, kind=Why)
            else:
                said = sentence(Why.OTHER_OPTION, {"option": new.option}, kind=Why)
            words = {"metric": Metric(metric).label, "why": said}
            return _("Would add nothing now. %(metric)s: %(why)s") % words
        return ""

    # -- What to do --

    def step(self, entry: Entry) -> tuple[str, str, bool]:
        """The next step, by when, and whether that day has passed."""
        row = entry.row
        if row.kind != Kind.NOT_APPROVED:
            return _("File a CPOR claim in Partner Center."), "", False
        state = ClaimState(row.state)
        term = claim_deadlines.terms().get(state)
        day = term.ends(date.fromordinal(row.seen_on)) if term and row.seen_on else None
        is_over = day is not None and day < self.today
        if day is None or term is None:
            return _STEPS.get(state, _look)(), "", False
        words = {"day": date_format(day, "SHORT_DATE_FORMAT")}
        if term.is_ours:
            over = _("Over since %(day)s") if is_over else _("By %(day)s at the latest")
            step = _LATE_STEPS[state]() if is_over else _STEPS[state]()
            return step, over % words, is_over
        if is_over:
            return (
                _("Ask Microsoft's support how the claim stands."),
                (_("Microsoft's time was over on %(day)s") % words),
                False,
            )
        return _STEPS[state](), _("Microsoft has time until %(day)s") % words, False


def changed(counts: overlays.Counts, effects: unclaimed.Effects) -> overlays.Counts:
    """``counts`` with changes on top; neither is changed."""
    found = {
        track: {metric: dict(options) for metric, options in metrics.items()}
        for track, metrics in counts.items()
    }
    for track, metrics in effects.items():
        for metric, options in metrics.items():
            own = found[track].setdefault(metric, {})
            for option, change in options.items():
                own[option] = own.get(option, 0) + change
    return found


def _look() -> str:
    return _("Look in Partner Center what this state asks for.")


_STEPS = {
    ClaimState.DRAFT: lambda: _("Add the proof of execution and submit the claim."),
    ClaimState.SUBMITTED: lambda: _("Wait: Microsoft begins its review within five business days."),
    ClaimState.UNDER_REVIEW: lambda: _(
        "Wait: Microsoft decides within five business days, or later where another partner holds "
        "the workload."
    ),
    ClaimState.PARTNER_ACTION_REQUIRED: lambda: _(
        "Answer Microsoft's question in the comments of the claim and submit it again."
    ),
    ClaimState.REJECTED: lambda: _("Read the reason, and dispute it with a better proof."),
    ClaimState.DISPUTE: lambda: _("Wait: Microsoft answers within five business days."),
    ClaimState.REJECTED_FINAL: lambda: _("File a new CPOR claim with a newer proof of execution."),
}
_LATE_STEPS = {
    ClaimState.PARTNER_ACTION_REQUIRED: lambda: _(
        "Answer at once: without an answer Microsoft rejects the claim."
    ),
    ClaimState.REJECTED: lambda: _(
        "It can be disputed no more: file a new claim with a newer proof of execution."
    ),
}


def _tag(entry: Entry) -> str:
    state = entry.row.state
    if state == ClaimState.PARTNER_ACTION_REQUIRED:
        return "needs-you"
    if state in (ClaimState.REJECTED, ClaimState.REJECTED_FINAL):
        return "bad"
    if entry.row.kind == Kind.NOT_APPROVED:
        return "proposed"
    return "plain" if entry.row.kind == Kind.NOTED else "open"


def shown(value: Fraction, *, signed_: bool = False) -> str:
    """Rounded half up to hundredths, with a sign where asked; what rounds to nothing is below."""
    if value == 0:
        return "0"
    size = abs(value)
    hundredths = (size * SHOWN_PARTS + Fraction(1, 2)).__floor__()
    if not hundredths:
        return _("below %(number)s") % {"number": figure(Decimal("0.01"))}
    whole, rest = divmod(hundredths, SHOWN_PARTS)
    text = figure(whole if not rest else Decimal(hundredths) / SHOWN_PARTS)
    minus = "\N{MINUS SIGN}" if value < 0 else "+" if signed_ else ""
    return minus + text


def asked_words(number: int, seen_on: int) -> str:
    """When claims have to be answered: ``2 claims; the first by 8 March 2025 at the latest``."""
    term = claim_deadlines.terms()[ClaimState.PARTNER_ACTION_REQUIRED]
    day = term.ends(date.fromordinal(seen_on))
    return ngettext(
        "%(number)s claim waits for your answer, by %(day)s at the latest.",
        "%(number)s claims wait for your answer, the first by %(day)s at the latest.",
        number,
    ) % {"number": figure(number), "day": date_format(day, "DATE_FORMAT")}


# ---- CSV -----------------------------------------------------------------------------------------


def table_head(tracks: Sequence[rules.Track]) -> list[str]:
    return [
        _("Customer"),
        _("Tenant"),
        _("Workload"),
        _("Kind"),
        _("How it stands"),
        _("Seen since"),
        _("Seats"),
        _("Active users"),
        _("Users gained a month"),
        *(_("%(track)s: points now") % {"track": track.title} for track in tracks),
        *(_("%(track)s: points a month costs") % {"track": track.title} for track in tracks),
        _("Next step"),
        _("When"),
    ]


def table_row(words: Words, entry: Entry, tracks: Sequence[rules.Track]) -> list[object]:
    row = entry.row
    step, due, _is_late = words.step(entry)
    guid: UUID | None = entry.guid
    return [
        entry.name,
        "" if guid is None else str(guid),
        words.titles.get(row.workload, ""),
        Kind(row.kind).label,
        words.standing(entry),
        date.fromordinal(row.seen_on).isoformat() if row.seen_on else "",
        row.seats if row.has_figures else "",
        row.users if row.has_figures else "",
        four_decimals(unclaimed.users_a_month(row.gained, row.span)) if row.span else "",
        *(four_decimals(entry.now[track.key]) for track in tracks),
        *(four_decimals(entry.cost[track.key]) for track in tracks),
        step,
        due,
    ]


def four_decimals(value: Fraction) -> Decimal:
    """Cut, not rounded, as everywhere: a number for other programs."""
    return Decimal((value * 10_000).__trunc__()) / 10_000
