"""Take an import out again: the facts become what the others say, in the order they were done.

Nothing remembers what a figure was before an import changed it; the kept originals do. They are
read and folded, the result is compared with what is stored, and what differs is written. Whatever a
person has corrected lies over the facts and stays.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from scoring import bulk, facts, import_files, import_leases, months, moves, scores
from scoring.import_files import NotKept
from scoring.import_leases import Busy, Lease
from scoring.models import MonthOfData, PartnerCenterImport, Portfolio
from scoring.reading.folding import fold_all
from scoring.reading.parsing import Said

if TYPE_CHECKING:
    from partners.models import Partner

State = PartnerCenterImport.State
AT_ONCE = 300_000  # rows that are read within about a second, so that a page can wait for them


def done(partner: "Partner", *, beside: UUID | None = None) -> list[PartnerCenterImport]:
    """The imports that the facts are made of, in their order."""
    rows = PartnerCenterImport.objects.filter(partner=partner, state=State.DONE)
    if beside is not None:
        rows = rows.exclude(pk=beside)
    return list(
        rows.order_by(F("done_at").asc(nulls_first=True), "created_at", "pk").defer(
            "rejected", "unused"
        )
    )


def plan(
    portfolio: Portfolio,
    rows: list[PartnerCenterImport],
    on_rows: Callable[[int], None] | None = None,
) -> facts.Plan:
    """What is to be written so that the facts are what these imports say, and nothing else.

    ``on_rows`` gets the number of rows read so far. Raises ``NotKept`` when an
    original is gone: rather nothing is undone than something lost.
    """
    people: list[tuple[UUID, moves.Known]] = []
    made = facts.plan(portfolio, fold_all(_said(rows, on_rows, people)), whole=True)
    made.all_moves = moves.of_files(people)
    return made


def _said(
    rows: list[PartnerCenterImport],
    on_rows: Callable[[int], None] | None,
    people: list[tuple[UUID, moves.Known]],
) -> Iterator[Said]:
    """What each import says; its certificates are added to ``people`` as it is read."""
    before = 0

    def tell(rows_of_this: int) -> None:
        if on_rows is not None:
            on_rows(before + rows_of_this)

    for row in rows:
        said = import_files.read_again(row, tell)
        before += said.rows
        if said.certificates:
            people.append((row.pk, moves.certificates_of(said.certificates)))
        yield said


def _write(
    portfolio: Portfolio,
    made: facts.Plan,
    rows: list[PartnerCenterImport],
    lock: Callable[[], None],
) -> None:
    """Write what was planned. No month is newer by that: it came in with the last file it is in."""
    import_leases.bring_up_to_date(portfolio, made, timezone.now(), lock)
    came_in = {
        months.parse_label(label): row.done_at
        for row in rows
        if row.done_at is not None
        for label in row.months
    }
    with transaction.atomic():
        lock()
        own = [(portfolio.pk, month, at) for month, at in came_in.items() if month in made.by_month]
        bulk.write(MonthOfData, facts.MONTH_FIELDS, own)
        moves.rewrite(portfolio, made.all_moves)
        facts.touch(portfolio)


# ---- From a job ----------------------------------------------------------------------------------


def run(lease: Lease, row: PartnerCenterImport) -> None:
    """Take the import out and score. Killed at any point, it is run again and completes."""
    others = done(lease.partner, beside=row.pk)
    portfolio = facts.portfolio_of(lease.partner)
    of = sum(other.rows_read for other in others)
    try:
        made = plan(portfolio, others, lambda rows: lease.tell(row, rows, of))
    except NotKept as error:  # trying again would not help
        import_leases.fail(row, f"{type(error).__name__}: {error}", is_final=True)
        return
    with import_leases.whole():
        _write(portfolio, made, others, lease.lock)
        scores.compute(lease.partner, timezone.localdate(), by=row.undone_by, finishing=row)
        with transaction.atomic():
            lease.lock()
            row.error = ""
            lease.finish(row, State.UNDONE, "error")


# ---- All of it -----------------------------------------------------------------------------------


def rebuild(
    partner: "Partner",
    *,
    as_of: date | None = None,
    write: bool = True,
    on_rows: Callable[[int], None] | None = None,
) -> facts.Plan:
    """Make a firm's facts anew from its kept originals and score; what differed is returned.

    An empty plan says that facts and originals agree. Raises ``Busy`` while an import
    of the firm runs, also when it began after the first rows were written: run it again then.
    Raises ``NotKept`` when an original is gone, and writes nothing.
    """

    portfolio = facts.portfolio_of(partner)
    with transaction.atomic():
        import_leases.require_idle(partner)
        rows = done(partner)

    def lock() -> None:
        import_leases.require_idle(partner)
        if [row.pk for row in done(partner)] != [row.pk for row in rows]:
            raise Busy.now()

    made = plan(portfolio, rows, on_rows)
    if not write:
        return made
    with import_leases.whole():
        if not made.is_empty:
            _write(portfolio, made, rows, lock)
        else:  # imports of the time before moves were noted
            with transaction.atomic():
                lock()
                moves.rewrite(portfolio, made.all_moves)
        scores.compute(partner, as_of or timezone.localdate(), thoroughly=True)
    return made


# ---- What a page says before ---------------------------------------------------------------------


def expected(row: PartnerCenterImport) -> facts.Plan | None:
    """What undoing the import would change; None when there is too much to read for a page.

    Raises ``NotKept`` when the original of another import is gone: then it cannot be undone.
    """
    others = PartnerCenterImport.objects.filter(partner=row.partner, state=State.DONE)
    total = others.exclude(pk=row.pk).aggregate(rows=Sum("rows_read"))["rows"] or 0
    if total > AT_ONCE:
        return None
    return plan(facts.portfolio_of(row.partner), done(row.partner, beside=row.pk))
