"""Rows about tenants: usage, subscriptions and claims, as figures and associations."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import compress
from typing import TypeVar

from scoring import claim_states
from scoring.associations import Interval, merge_said
from scoring.claim_states import COUNTING, ClaimState
from scoring.reading.cells import parse_count, parse_guid, storable
from scoring.reading.columns import CLAIMS, EMS, OFFICE_USAGE, Layout
from scoring.reading.figures import Figures, SubscriptionFigures
from scoring.reading.row_reading import BadValue, Cells, Numbers, Reader, required
from scoring.reading.said import AssociationKey, AssociationSaid, Said
from scoring.reasons import Fault
from scoring.rule_sets import Vocabulary

T = TypeVar("T")

INTUNE_EMS = 1001  # Intune as EMSUsage says it: facts take it where OfficeUsage has no Intune
UNUSED = -1  # a workload or an option that no designation counts
NO_MONTH = -1  # of a claim without figures
OPEN_END_YEAR = 2100  # 9999-12-31 and the like say that there is no end
Columns = list[Sequence[str]]


class TenantReader(Reader):
    """Everything that is about tenants: usage, subscriptions, claims."""

    def __init__(
        self,
        layout: Layout,
        header: Sequence[str],
        names: Vocabulary,
        today: date,
        keep_rejected: int | None,
    ) -> None:
        super().__init__(layout, header, names, today, keep_rejected)
        cpor = names.option_numbers["CPOR"]  # claims are CPOR, whether or not a column says so
        self.cpor = cpor
        self.workloads = Cells("workload", required(lambda cell: _used(names.workload(cell))))
        if self.kind in (OFFICE_USAGE, EMS):
            self.options = Cells("option", required(lambda cell: _used(names.option(cell))))
        else:
            self.options = Cells("option", lambda cell: _used(names.option(cell)) if cell else cpor)
        self.states = Cells("claim_state", claim_states.parse)
        self.guids = Cells("tenant", required(parse_guid))
        self.monthly = Cells("month", self._month if self.kind != CLAIMS else self._claim_month)
        self.seats = Cells("seats", parse_count)
        self.users = Cells("users", parse_count)
        self.begins = Cells("begins_on", self._past_day)
        self.ends = Cells("ended_on", self._end)

        self.has_figures = {"month", "seats", "users"} <= layout.places.keys()
        self.figures = (
            SubscriptionFigures(names_subscriptions="subscription" in layout.places)
            if self.kind == EMS
            else Figures()
        )
        self.groups: Numbers[tuple[str, ...]] = Numbers()
        self.tenant_numbers: Numbers[str] = Numbers()
        self.tenant_names: dict[int, str] = {}
        self.without_figures: Counter[AssociationKey] = Counter()
        # With whether the row counts: dates of a refused claim are not those of an approved one.
        self.intervals: set[tuple[AssociationKey, date | None, date | None, bool]] = set()
        self.last_states: dict[AssociationKey, int] = {}
        self.approved: set[AssociationKey] = set()

    def _end(self, cell: str) -> date | None:
        day = self._day(cell)
        return None if day is not None and day.year >= OPEN_END_YEAR else day

    def _claim_month(self, cell: str) -> int:
        return self._month(cell) if cell else NO_MONTH

    def _take_rows(self, rows: list[list[str]]) -> None:
        cells: Columns = list(zip(*rows, strict=True))
        unused = []
        # What no designation counts is set aside first: nothing else in those rows matters then.
        workloads = self._values(cells, "workload", self.workloads) or [INTUNE_EMS] * len(rows)
        if UNUSED in workloads:
            is_used = [workload != UNUSED for workload in workloads]
            unused.append(("workload", self._set_aside(cells, "workload", is_used)))
            workloads = list(compress(workloads, is_used))
        options = self._values(cells, "option", self.options) or [self.cpor] * len(workloads)
        if UNUSED in options:
            is_used = [option != UNUSED for option in options]
            unused.append(("association", self._set_aside(cells, "option", is_used)))
            workloads = list(compress(workloads, is_used))
            options = list(compress(options, is_used))

        states = self._values(cells, "claim_state", self.states)
        guids = self._values(cells, "tenant", self.guids)
        monthly = self._values(cells, "month", self.monthly) if self.has_figures else []
        seats = self._values(cells, "seats", self.seats) if monthly else []
        users = self._values(cells, "users", self.users) if monthly else []
        begins = self._values(cells, "begins_on", self.begins)
        ends = self._values(cells, "ended_on", self.ends)
        self._require_order(cells, begins, ends)

        # Nothing is wrong from here on.
        for what, values in unused:
            self._count_unused(what, values)
        numbers = self.tenant_numbers
        tenants = list(map(numbers.__getitem__, guids))
        self._name(cells, tenants)
        if any(begins) or any(ends):
            none = [None] * len(tenants)
            keys = zip(tenants, workloads, options, strict=True)
            counts = [state in COUNTING for state in states] or [True] * len(tenants)
            self.intervals.update(
                said
                for said in zip(keys, begins or none, ends or none, counts, strict=True)
                if said[1] or said[2]
            )
        if states:
            self._note_states(cells, tenants, workloads, options, states)
        if monthly and self.kind == EMS:
            self.figures.add(
                monthly, tenants, workloads, options, seats, users, self._groups(cells)
            )
        elif monthly and NO_MONTH not in monthly:
            self.figures.add(monthly, tenants, workloads, options, seats, users)
        else:
            self._take_claims(tenants, workloads, options, monthly, seats, users)

    def _values(self, cells: Columns, key: str, meaning: Cells[T]) -> list[T]:
        """The values of a column; an empty list when the file has none."""
        place = self.places.get(key)
        return [] if place is None else list(map(meaning.__getitem__, cells[place]))

    def _set_aside(self, cells: Columns, key: str, is_used: list[bool]) -> list[str]:
        """Leave the used rows in ``cells``; the column ``key`` of the others comes back."""
        others = [
            cell for cell, used in zip(cells[self.places[key]], is_used, strict=True) if not used
        ]
        cells[:] = [tuple(compress(column, is_used)) for column in cells]
        return others

    def _require_order(
        self, cells: Columns, begins: list[date | None], ends: list[date | None]
    ) -> None:
        if not begins or not ends:
            return
        wrong = {
            (begins_on, ended_on)
            for begins_on, ended_on in set(zip(begins, ends, strict=True))
            if begins_on and ended_on and ended_on < begins_on
        }
        if wrong:
            row = next(
                row for row, pair in enumerate(zip(begins, ends, strict=True)) if pair in wrong
            )
            cell = cells[self.places["ended_on"]][row].strip()
            raise BadValue("ended_on", cell, Fault.ENDED_BEFORE)

    def _name(self, cells: Columns, tenants: list[int]) -> None:
        """The last name that a row has for its tenant stands."""
        if (place := self.places.get("name")) is None:
            return
        names = dict(zip(tenants, cells[place], strict=True))
        if not all(map(str.strip, names.values())):  # an empty one takes none back
            names = {
                tenant: name
                for tenant, name in zip(tenants, cells[place], strict=True)
                if name.strip()
            }
        for tenant, name in names.items():
            self.tenant_names[tenant] = storable(name.strip(), 200)

    def _note_states(
        self,
        cells: Columns,
        tenants: list[int],
        workloads: list[int],
        options: list[int],
        states: list[ClaimState],
    ) -> None:
        texts = cells[self.places["claim_state"]]
        for key, state, text in zip(
            zip(tenants, workloads, options, strict=True), states, texts, strict=True
        ):
            if state == ClaimState.APPROVED:
                self.approved.add(key)
            elif state != ClaimState.NOT_SAID:
                self.last_states[key] = int(state)
                self.unused["claim state", storable(text.strip(), 100)] += 1

    def _groups(self, cells: Columns) -> list[int]:
        """What tells a subscription from a repetition, see ``SubscriptionFigures``."""
        keys = ["subscription"] if "subscription" in self.places else ["option", "location"]
        texts = [cells[self.places[key]] for key in keys if key in self.places]
        return [
            self.groups[tuple(cell.strip().casefold() for cell in row)]
            for row in zip(*texts, strict=True)
        ]

    def _take_claims(
        self, tenants: list[int], workloads: list[int], options: list[int], *figures: list[int]
    ) -> None:
        """Rows that need not have figures."""
        monthly = figures[0] or [NO_MONTH] * len(tenants)
        has_month = [month != NO_MONTH for month in monthly]
        self.without_figures.update(
            key
            for key, has in zip(
                zip(tenants, workloads, options, strict=True), has_month, strict=True
            )
            if not has
        )
        if any(has_month):
            monthly, seats, users = figures
            self.figures.add(
                *(
                    list(compress(column, has_month))
                    for column in (monthly, tenants, workloads, options, seats, users)
                )
            )

    def said(self) -> Said:
        rows_by_month = self.figures.rows_by_month()
        usage = self.figures.merge()
        repeated = sum(times - 1 for times in self.without_figures.values())
        return Said(
            self.kind,
            usage,
            rows=self.rows,
            merged=self.figures.rows - usage.num_rows + repeated,
            tenants=[
                (guid, self.tenant_names.get(number, ""))
                for guid, number in self.tenant_numbers.items()
            ],
            associations=self._associations(),
            unused=self.unused,
            rejected=self.rejected,
            rejected_count=self.rejected_count,
            rows_by_month=rows_by_month,
        )

    def _associations(self) -> dict[AssociationKey, AssociationSaid]:
        said: dict[AssociationKey, list[Interval]] = {key: [] for key in self.without_figures}
        for key in (*self.approved, *self.last_states):
            said.setdefault(key, [])
        for key, begins_on, ended_on, counts in self.intervals:
            if counts or key not in self.approved:
                said.setdefault(key, []).append(Interval(begins_on, ended_on))
        states = self.last_states | dict.fromkeys(self.approved, int(ClaimState.APPROVED))
        return {
            key: AssociationSaid(
                [(begins_on, ended_on) for begins_on, ended_on in merge_said(said[key])],
                states.get(key, int(ClaimState.NOT_SAID)),
            )
            for key in sorted(said)
        }


def _used(number: int | None) -> int:
    return UNUSED if number is None else number
