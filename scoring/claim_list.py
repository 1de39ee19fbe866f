"""The claim list: what is unclaimed by data and by hand, with what each month of waiting costs.

Reading takes the table that the history job made and prices it over the newest score: a few queries
and some 50 ms for 50,000 rows. What people note is few and is asked from the judge at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from partners.models import Partner, User
from scoring import (
    claim_costs,
    computed_tables,
    customers,
    facts,
    judging,
    ledger_rows,
    rule_sets,
    rules,
    unclaimed,
    unclaimed_table,
)
from scoring.claim_states import ClaimState
from scoring.models import Association, ComputedTable, Portfolio, Tenant, UnclaimedWork
from scoring.positions import Position
from scoring.reading.parsing import INTUNE_EMS
from scoring.unclaimed import WHOLE, Candidate, Kind, Row

if TYPE_CHECKING:
    import pyarrow as pa

MOST_NOTES = 300  # open at a time: each is judged when the list is read


class NotNotable(Exception):
    """The work cannot be noted; ``str(error)`` is a translated sentence for the user."""


# ---- Work noted by hand --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Noted:
    """What a person knows of work that no file shows."""

    customer_name: str
    workload: int
    seats: int
    users: int
    users_a_month: int = 0
    tenant_id: UUID | None = None
    note: str = ""


@transaction.atomic
def note(partner: Partner, work: Noted, *, by: User) -> UnclaimedWork:
    """Note work at a customer, or raise ``NotNotable``."""
    portfolio = facts.lock(partner)
    still_open = UnclaimedWork.objects.filter(portfolio=portfolio, closed_at=None)
    if still_open.count() >= MOST_NOTES:
        raise NotNotable(_("So many are noted already. Please close some of them first."))
    if work.tenant_id is not None:
        if still_open.filter(tenant_id=work.tenant_id, workload=work.workload).exists():
            raise NotNotable(_("This workload of the customer is noted already."))
        if _known(portfolio, work.tenant_id, work.workload):
            raise NotNotable(
                _("Your data know this workload of the customer already: it needs no note.")
            )
    return UnclaimedWork.objects.create(
        portfolio=portfolio,
        customer_name=work.customer_name,
        tenant_id=work.tenant_id,
        workload=work.workload,
        seats=work.seats,
        users=work.users,
        users_a_month=work.users_a_month,
        note=work.note,
        made_by=by,
    )


def close(pk: UUID) -> bool:
    """The work is claimed, or given up; False when it was closed before."""
    still_open = UnclaimedWork.objects.filter(pk=pk, closed_at=None)
    return bool(still_open.update(closed_at=timezone.now()))


def settle(portfolio: Portfolio) -> int:
    """Close what was noted and is in the data by now; returns how many. Locked by the caller."""
    month = customers.newest_month(portfolio)
    if month is None:
        return 0
    intune = rule_sets.vocabulary().workload_numbers["intune"]
    held = Association.objects.filter(
        portfolio=portfolio, tenant__tenant_id=OuterRef("tenant_id"), ends__gte=month
    )
    still_open = UnclaimedWork.objects.filter(
        portfolio=portfolio, closed_at=None, tenant_id__isnull=False
    )
    now = timezone.now()
    same = still_open.filter(Exists(held.filter(workload=OuterRef("workload"))))
    closed = same.update(closed_at=now)
    by_subscription = still_open.filter(Exists(held.filter(workload=INTUNE_EMS)), workload=intune)
    return closed + by_subscription.update(closed_at=now)


def _known(portfolio: Portfolio, tenant: UUID, workload: int) -> bool:
    month = customers.newest_month(portfolio)
    if month is None:
        return False
    intune = rule_sets.vocabulary().workload_numbers["intune"]
    names = [workload, INTUNE_EMS] if workload == intune else [workload]
    return Association.objects.filter(
        portfolio=portfolio, tenant__tenant_id=tenant, workload__in=names, ends__gte=month
    ).exists()


# ---- The list ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """Which rows; nothing said: all."""

    words: str = ""
    kind: int = 0
    workload: int = 0
    state: int = 0

    @property
    def is_narrow(self) -> bool:
        return self != Wish()


@dataclass(frozen=True)
class Entry:
    """One row of the list."""

    row: Row
    name: str
    guid: UUID | None  # of a tenant that the data know or a person named
    is_known: bool  # the data have a page of this customer
    noted: UnclaimedWork | None
    now: dict[str, Fraction]  # points that the claim would add at once, by track
    cost: dict[str, Fraction]  # points that a month of waiting costs, by track

    @property
    def lost(self) -> Fraction:
        """Users a month that grow without credit."""
        return Fraction(self.row.lost, WHOLE)


@dataclass(frozen=True)
class ClaimList:
    """The rows that were wished for, the dearest first; a sequence of ``Entry`` that pages cut."""

    position: Position
    portfolio: Portfolio
    prices: claim_costs.Prices
    table: "pa.Table"
    notes: Sequence[UnclaimedWork]
    best: str  # the track that the firm's score is
    lost: Fraction = Fraction(0)  # users a month without credit, of all rows, wished for or not
    of_kind: dict[int, int] = field(default_factory=dict)
    asked: int = 0  # claims of which Microsoft wants to know more
    asked_since: int = 0  # the earliest day (ordinal) on which one was seen

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __getitem__(self, wanted: slice) -> list[Entry]:
        begin, end, _step = wanted.indices(len(self))
        part = self.table.slice(begin, max(0, end - begin))
        rows = unclaimed_table.rows_of(part)
        return _entries(self, rows, part)


def read(position: Position, wish: Wish) -> ClaimList:
    """A firm's claim list over its newest score; four queries, and two for a page of it."""
    import pyarrow as pa  # noqa: PLC0415 -- as in computed_tables
    import pyarrow.compute as pc  # noqa: PLC0415

    portfolio = Portfolio(pk=position.portfolio)
    name = computed_tables.UNCLAIMED
    table = computed_tables.read(portfolio, [name]).get(name)
    fields = computed_tables.UNCLAIMED_FIELDS
    if table is None:
        table = computed_tables.load(computed_tables.dump(fields, []))
    notes = list(UnclaimedWork.objects.filter(portfolio=portfolio, closed_at=None))
    if notes:
        by_hand = computed_tables.dump(fields, _rows_of_notes(position, notes))
        table = pa.concat_tables([table, computed_tables.load(by_hand)])
    prices = claim_costs.Prices(position.rule_set, position.counts)
    table = claim_costs.priced(prices, table)
    best = rules.shown_track(position.scored().values()).track.key
    asked = table.filter(pc.equal(table["state"], int(ClaimState.PARTNER_ACTION_REQUIRED)))
    kinds = table["kind"].value_counts().to_pylist()
    return ClaimList(
        position,
        portfolio,
        prices,
        claim_costs.dearest_first(_wished(portfolio, table, notes, wish), prices.tracks, best),
        notes,
        best,
        lost=Fraction(pc.sum(table[claim_costs.LOST]).as_py() or 0, WHOLE),
        of_kind={one["values"]: one["counts"] for one in kinds},
        asked=asked.num_rows,
        asked_since=pc.min(asked["seen_on"]).as_py() or 0,
    )


def _wished(
    portfolio: Portfolio, table: "pa.Table", notes: Sequence[UnclaimedWork], wish: Wish
) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 -- as above
    import pyarrow.compute as pc  # noqa: PLC0415

    for column in ("kind", "workload", "state"):
        if value := getattr(wish, column):
            table = table.filter(pc.equal(table[column], value))
    if wish.words.strip():
        named = customers.find(portfolio, None, words=wish.words).order_by()
        wanted = list(named.values_list("pk", flat=True))
        words = wish.words.casefold().split()
        wanted += [
            _place(place)
            for place, one in enumerate(notes)
            if all(word in f"{one.customer_name} {one.note}".casefold() for word in words)
        ]
        table = table.filter(pc.is_in(table["tenant"], pa.array(wanted, pa.int32())))
    return table


def _place(number: int) -> int:
    """In place of a tenant: which of the notes a row is. Tenants have numbers above zero."""
    return -1 - number


def _rows_of_notes(position: Position, notes: Sequence[UnclaimedWork]) -> list[Row]:
    """What people noted, asked from the judge with all that the score knows of the customer."""
    if unclaimed.CPOR not in position.rule_set.options:
        return []
    judge = unclaimed.Judge(position.rule_set, position.pair)
    guids = [one.tenant_id for one in notes if one.tenant_id is not None]
    tenants = dict(
        Tenant.objects.filter(portfolio=position.portfolio, tenant_id__in=guids).values_list(
            "tenant_id", "pk"
        )
    )
    score = position.score
    known = (
        ledger_rows.claims_of(score.ledger_id, score.revision, tenants.values()) if tenants else {}
    )
    rows = []
    for place, one in enumerate(notes):
        own = known.get(tenants.get(one.tenant_id, 0), []) if one.tenant_id else []
        candidate = Candidate(
            _place(place),
            one.workload,
            Kind.NOTED,
            judging.ALONE,
            0,
            0,
            one.seats,
            one.users,
            int(one.workload in judge.keys),
        )
        effect, coming = judge.tenant(own).filed(candidate, one.users_a_month, 1)
        rows.append(Row(*candidate[:5], 0, *candidate[5:], one.users_a_month, 1, effect, coming))
    return rows


def _entries(found: ClaimList, rows: Sequence[Row], part: "pa.Table") -> list[Entry]:
    tenants = Tenant.objects.in_bulk([row.tenant for row in rows if row.tenant > 0])
    guids = [
        one.tenant_id
        for one in (found.notes[_place(row.tenant)] for row in rows if row.tenant < 0)
        if one.tenant_id is not None
    ]
    known: set[UUID] = set()
    if guids:
        own = Tenant.objects.filter(portfolio=found.portfolio, tenant_id__in=guids)
        known = set(own.values_list("tenant_id", flat=True))
    tracks = found.prices.tracks
    now = {track.key: part[claim_costs.now_name(track)].to_pylist() for track in tracks}
    cost = {track.key: part[claim_costs.cost_name(track)].to_pylist() for track in tracks}
    entries = []
    for place, row in enumerate(rows):
        points: dict[str, Any] = {
            "now": {key: found.prices.points(values[place]) for key, values in now.items()},
            "cost": {key: found.prices.points(values[place]) for key, values in cost.items()},
        }
        if row.tenant < 0:
            noted = found.notes[_place(row.tenant)]
            is_known = noted.tenant_id in known
            entries.append(
                Entry(row, noted.customer_name, noted.tenant_id, is_known, noted, **points)
            )
        elif row.tenant in tenants:
            tenant = tenants[row.tenant]
            entries.append(Entry(row, tenant.name, tenant.tenant_id, True, None, **points))
    return entries


# ---- What Microsoft wants to know ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """How many claims of a firm wait for its answer, and since when the first was seen."""

    number: int
    seen_on: int  # ordinal


def asked(partners: Sequence[Partner]) -> dict[UUID, Asked]:
    """By firm; those whose answer nobody waits for are not in it. One query."""
    import pyarrow.compute as pc  # noqa: PLC0415 -- as above

    found: dict[UUID, Asked] = {}
    rows = ComputedTable.objects.filter(
        portfolio__partner__in=partners, name=computed_tables.UNCLAIMED
    )
    for partner, content in rows.values_list("portfolio__partner", "columns"):
        try:
            table = computed_tables.loaded(computed_tables.UNCLAIMED, content)
        except computed_tables.NotLoadable:  # the list itself tells the log of it
            continue
        waiting = table.filter(pc.equal(table["state"], int(ClaimState.PARTNER_ACTION_REQUIRED)))
        if waiting.num_rows:
            found[partner] = Asked(waiting.num_rows, pc.min(waiting["seen_on"]).as_py())
    return found
