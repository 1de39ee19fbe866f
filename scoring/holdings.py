"""What a firm's data know of one customer, and what a new fact would make of it. Pure.

No database and no clock: claims in, claims out, as a file would leave them. What they are worth is
for the judge and the rules to say (``worth``, ``scenario_outcomes``).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import months, reasons, rules
from scoring.claim_states import ClaimState
from scoring.judging import BASELINE_CORRECTED, COUNTED, Claim, Months

UNKNOWN = 0  # the number of a tenant that the firm has no data of


class Cannot(TextChoices):
    """Why a fact cannot be added to what is known."""

    UNKNOWN_OPTION = "unknown_option", _("%(option)s does not count for %(designation)s.")
    NOT_ELIGIBLE = "not_eligible", _("This workload does not count for %(designation)s.")
    HELD = "held", _("You hold this association already.")
    HELD_WITHOUT_DATA = (
        "held_without_data",
        _("You hold this association already, but your newest data have nothing of it."),
    )
    BEGINS_LATER = "begins_later", _("You hold this association already; it begins on %(day)s.")
    NO_FIGURES = "no_figures", _("Seats and active users of this workload are not known.")
    NOT_HELD = "not_held", _("You do not hold this association in the newest month of your data.")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a workload of the customer looks like. Whole numbers from 0 on."""

    seats: int  # paid seats
    users: int  # active users in the last month
    users_at_start: int  # active users when the association began; growth is counted from here

    @classmethod
    def from_start(cls, seats: int, users: int) -> "Figures":
        """As an association begins: nothing has grown yet."""
        return cls(seats, users, users)


@dataclass(frozen=True, slots=True)
class Association:
    """An association the firm thinks of. Without ``figures`` those of the firm's own data count."""

    workload: str  # keys of the rule set
    option: str
    figures: Figures | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """The claims of one customer. Nothing here is changed: every change is a copy."""

    rule_set: rules.RuleSet
    pair: Months
    tenant: int = UNKNOWN
    claims: tuple[Claim, ...] = ()  # of workloads of the rule set
    held: frozenset[tuple[int, int]] = frozenset()  # (workload, option) not ended, data or not

    def known_figures(self, workload: str) -> Figures | None:
        """The customer's seats and users in the last month, as the firm's data have them.

        A firm sees a workload through any association it holds: the largest figures are taken.
        """
        found = self.rule_set.workloads.get(workload)
        own = [
            claim
            for claim in self.claims
            if found and claim.workload == found.number and claim.now_seats is not None
        ]
        if not own:
            return None
        return Figures.from_start(
            max(claim.now_seats or 0 for claim in own), max(claim.now_users or 0 for claim in own)
        )

    def is_pending(self, workload: str, option: str) -> bool:
        """Whether the firm has claimed it and Microsoft has not approved the claim (yet).

        What such an association would be worth is what its approval would be.
        """
        running = self._running(self._own(workload, option))
        return bool(running) and not any(claim.state in COUNTED for claim in running)

    def holds_now(self) -> tuple[tuple[str, str], ...]:
        """(workload, option) that run in the last month, approved or not, in the claims' order."""
        workloads = {one.number: one.key for one in self.rule_set.workloads.values()}
        options = {one.number: one.key for one in self.rule_set.options.values()}
        found = {
            (workloads[claim.workload], options[claim.option]): None
            for claim in self.claims
            if self._runs_now(claim) and claim.option in options
        }
        return tuple(found)

    # -- An association begins --

    def add(self, association: Association) -> "tuple[Holdings, Claim] | str":
        """The customer with this association, as a file would leave it; or why not."""
        if why := self._unknown(association.workload, association.option):
            return why
        workload = self.rule_set.workloads[association.workload]
        option = self.rule_set.options[association.option]
        key = (workload.number, option.number)
        own = self._own(association.workload, association.option)
        others = tuple(claim for claim in self.claims if claim not in own)
        running = self._running(own)
        if any(claim.state in COUNTED for claim in running):
            return self._held(running)
        if running:  # waits for Microsoft: the association would be its approval
            approved = [claim._replace(state=ClaimState.APPROVED) for claim in own]
            return self._with((*others, *approved)), approved[-1]
        if not own and key in self.held:
            return said(Cannot.HELD_WITHOUT_DATA)
        figures = association.figures or self.known_figures(association.workload)
        if figures is None:
            return said(Cannot.NO_FIGURES)
        begins = self._begins(own, figures)
        claim = Claim(
            self.tenant,
            *key,
            begins,
            begins_on=months.first_day(begins).isoformat(),
            baseline_month=begins,
            baseline_seats=figures.seats,
            # What began in the last month has not grown yet.
            baseline_users=figures.users_at_start if begins < self.pair.last else figures.users,
            now_seats=figures.seats,
            now_users=figures.users,
            # An earlier interval shares the figures of both months: they are those of the workload.
            then_seats=own[0].then_seats if own else None,
            then_users=own[0].then_users if own else None,
        )
        earlier = [
            one._replace(
                now_seats=figures.seats, now_users=figures.users, state=ClaimState.NOT_SAID
            )
            for one in own
        ]
        return self._with((*others, *earlier, claim)), claim

    def _held(self, running: Collection[Claim]) -> str:
        later = [claim.begins_on for claim in running if claim.begins > self.pair.last]
        if len(later) == len(running) and later[0] is not None:
            return said(Cannot.BEGINS_LATER, day=later[0])
        return said(Cannot.HELD)

    def _begins(self, own: Collection[Claim], figures: Figures) -> int:
        """In the last month, or in the one before it where users are to have grown since."""
        last = self.pair.last
        has_grown = figures.users != figures.users_at_start
        is_free = all(claim.ends < last - 1 for claim in own)
        return last - 1 if has_grown and is_free else last

    # -- Figures change, an association ends --

    def with_figures(
        self, workload: str, option: str, seats: int | None, users: int | None
    ) -> "Holdings | str":
        """The customer with other figures in the last month (None: as they are); or why not.

        Without an option those of every association for the workload. What growth is counted from
        stays, also where it is of the last month itself: the change comes after the beginning.
        """
        keys = self._keys(workload, option)
        if isinstance(keys, str):
            return keys
        changed = []
        for claim in self.claims:
            if (claim.workload, claim.option) not in keys:
                changed.append(claim)
                continue
            own_seats = claim.now_seats if seats is None else seats
            own_users = claim.now_users if users is None else users
            if own_seats is None or own_users is None:
                return said(Cannot.NO_FIGURES)
            claim = claim._replace(now_seats=own_seats, now_users=own_users)
            if claim.baseline_month is None and self._runs_now(claim):  # its first data at all
                claim = claim._replace(
                    baseline_month=self.pair.last,
                    baseline_seats=own_seats,
                    baseline_users=claim.baseline_users
                    if claim.marks & BASELINE_CORRECTED
                    else own_users,
                )
            changed.append(claim)
        return self._with(changed)

    def ended(self, workload: str, option: str) -> "Holdings | str":
        """The customer after an association has ended (without an option: all); or why not."""
        keys = self._keys(workload, option)
        return keys if isinstance(keys, str) else self._ended(keys)

    def lost(self) -> "Holdings | str":
        """The customer after every association with it has ended; or that there is none."""
        keys = {(claim.workload, claim.option) for claim in self.claims if self._runs_now(claim)}
        return self._ended(keys) if keys else said(Cannot.NOT_HELD)

    def _ended(self, keys: Collection[tuple[int, int]]) -> "Holdings":
        """Ended in the month before the last one; what had not begun by then never was."""
        end = self.pair.last - 1
        kept = [
            claim._replace(ends=end, ended_on=months.last_day(end).isoformat())
            if claim.ends > end and (claim.workload, claim.option) in keys
            else claim
            for claim in self.claims
            if (claim.workload, claim.option) not in keys or claim.begins <= end
        ]
        return replace(self._with(kept), held=self.held.difference(keys))

    # -- Looking --

    def _with(self, claims: Iterable[Claim]) -> "Holdings":
        return replace(self, claims=tuple(claims))

    def _unknown(self, workload: str, option: str) -> str:
        words = {"designation": self.rule_set.designation, "option": option}
        if option not in self.rule_set.options:
            return said(Cannot.UNKNOWN_OPTION, **words)
        if workload not in self.rule_set.workloads:
            return said(Cannot.NOT_ELIGIBLE, **words)
        return ""

    def _keys(self, workload: str, option: str) -> set[tuple[int, int]] | str:
        """The associations for a workload (by one option, or all) that run in the last month."""
        if why := self._unknown(workload, option or next(iter(self.rule_set.options))):
            return why
        own = self._own(workload, option) if option else self._of(workload)
        keys = {(claim.workload, claim.option) for claim in own if self._runs_now(claim)}
        if keys:
            return keys
        number = self.rule_set.workloads[workload].number
        wanted = [one.number for one in self.rule_set.options.values() if option in ("", one.key)]
        is_silent = not own and any((number, one) in self.held for one in wanted)
        return said(Cannot.HELD_WITHOUT_DATA if is_silent else Cannot.NOT_HELD)

    def _runs_now(self, claim: Claim) -> bool:
        return claim.begins <= self.pair.last <= claim.ends

    def _of(self, workload: str) -> list[Claim]:
        number = self.rule_set.workloads[workload].number
        return [claim for claim in self.claims if claim.workload == number]

    def _own(self, workload: str, option: str) -> list[Claim]:
        """The intervals of one workload by one option; both are of the rule set."""
        number = self.rule_set.options[option].number
        return [claim for claim in self._of(workload) if claim.option == number]

    def _running(self, own: Collection[Claim]) -> list[Claim]:
        return [claim for claim in own if claim.ends >= self.pair.last]


def said(why: TextChoices, **words: object) -> str:
    return reasons.sentence(why.value, words, kind=type(why))
