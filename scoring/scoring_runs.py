"""All firms scored, one job each: queued, claimed once, tried again, and how far it is.

A run at night computes every firm's score of the day first, because certificates expire and months
roll, and then proves that what is stored follows from the facts (``checking``).
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from celery import current_app, group
from celery.exceptions import OperationalError
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q, QuerySet
from django.utils import timezone

from scoring import checking, incidents, scores
from scoring.checking import BeingWritten
from scoring.models import PartnerCenterImport, Portfolio, ScoringRun, ScoringRunItem

if TYPE_CHECKING:
    from partners.models import User

logger = logging.getLogger(__name__)

TASK = "scoring.tasks.score_firm"
LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a firm longer is dead
ATTEMPTS = 5
GIVEN_UP = "The worker was killed each time, by the clock or for want of memory."
KEPT = timedelta(days=90)
SWEPT = timedelta(days=2)  # an older run is done with: the next one has scored all firms again


@dataclass(frozen=True, slots=True)
class Progress:
    done: int  # failed ones too
    failed: int
    total: int

    @property
    def is_finished(self) -> bool:
        return self.done == self.total


# ---- Starting ------------------------------------------------------------------------------------


def start(as_of: date, *, by: "User | None" = None, queued: bool = True) -> ScoringRun:
    """A run over every firm that has handed in a file or has a score, queued on commit.

    Without ``queued`` nothing is sent to a worker: the caller works through it (``run_here``).
    """
    with transaction.atomic():
        return _create(ScoringRun(as_of=as_of, started_by=by), queued=queued)


def start_nightly(as_of: date) -> ScoringRun:
    """The run of the night, with a check of every firm; called again, the one that there is."""
    found = ScoringRun.objects.filter(as_of=as_of, is_nightly=True)
    if (run := found.first()) is not None:
        return run
    try:
        with transaction.atomic():
            run = _create(ScoringRun(as_of=as_of, is_nightly=True), queued=True)
    except IntegrityError:  # two clocks at once
        return found.get()
    incidents.record(None, checking.check_unowned())
    ScoringRun.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return run


def _create(run: ScoringRun, *, queued: bool) -> ScoringRun:
    run.save(force_insert=True)
    has_files = PartnerCenterImport.objects.values("partner")
    known = Portfolio.objects.filter(
        Q(partner__in=has_files) | Q(partner__scores__isnull=False)
    ).distinct()
    ScoringRunItem.objects.bulk_create(
        [ScoringRunItem(run=run, portfolio_id=pk) for pk in known.values_list("pk", flat=True)],
        batch_size=500,
    )
    if queued:
        _queue(run, run.items.all())
    return run


def _queue(run: ScoringRun, items: QuerySet[ScoringRunItem]) -> None:
    """Send one task a firm once the rows are there for everybody; else the sweep does it."""
    firms = list(items.order_by("portfolio").values_list("portfolio", flat=True))

    def send() -> None:  # a function, since a robust hook that fails is logged by its __qualname__
        task = current_app.signature(TASK)
        try:
            group(task.clone(args=(str(run.pk), firm)) for firm in firms).apply_async()
        except (OperationalError, ConnectionError) as error:
            logger.warning("the broker is away, scoring %s waits for the sweep: %s", run.pk, error)

    if firms:
        transaction.on_commit(send, robust=True)


# ---- One firm ------------------------------------------------------------------------------------


def score_firm(
    run_id: UUID, portfolio_id: int, *, message_id: str = "", attempts: int = ATTEMPTS
) -> bool:
    """Score one firm of a run; True when this call finished it. Safe to call twice and to kill.

    ``message_id`` is that of the Celery message: delivered again after its worker died, it may take
    its own claim over; any other call waits until the lease has run out. What goes wrong is written
    on the row, and tried again by the sweep up to ``attempts`` times.
    """
    item = _claim(run_id, portfolio_id, message_id)
    if item is None:
        return False
    try:
        _score(item)
    except BaseException as error:  # Celery's time limit raises beside Exception
        _fail(item, error, is_final=item.attempts >= attempts)
        if isinstance(error, Exception):
            return False
        raise
    return bool(_own(item).update(finished_at=timezone.now(), claimed_by="", error=""))


def _score(item: ScoringRunItem) -> None:
    portfolio = item.portfolio
    scores.compute(portfolio.partner, item.run.as_of, by=item.run.started_by)
    if item.run.is_nightly:
        incidents.record(portfolio, checking.check(portfolio))


def _claim(run_id: UUID, portfolio_id: int, message_id: str) -> ScoringRunItem | None:
    now = timezone.now()
    own = ScoringRunItem.objects.filter(run=run_id, portfolio=portfolio_id, finished_at=None)
    free = Q(claimed_by="") | Q(started_at__lt=now - LEASE)
    if message_id:
        free |= Q(claimed_by=message_id[:60])
    # What kills its worker never comes to ``_fail``: without this it would do so for ever.
    if own.filter(free, attempts__gte=ATTEMPTS).update(
        finished_at=now, claimed_by="", error=GIVEN_UP
    ):
        return None
    if not own.filter(free).update(
        started_at=now, claimed_by=message_id[:60] or "direct", attempts=F("attempts") + 1
    ):
        return None
    return own.select_related("run__started_by", "portfolio__partner").get()


def _own(item: ScoringRunItem) -> QuerySet[ScoringRunItem]:
    return ScoringRunItem.objects.filter(
        run=item.run_id,
        portfolio=item.portfolio_id,
        finished_at=None,
        attempts=item.attempts,
        claimed_by=item.claimed_by,
    )


def _fail(item: ScoringRunItem, error: BaseException, *, is_final: bool) -> None:
    if not isinstance(error, BeingWritten):  # that one only says to come back later
        logger.error("firm %s could not be scored", item.portfolio_id, exc_info=error)
    _own(item).update(
        error=f"{type(error).__name__}: {error}"[:2000],
        claimed_by="",
        finished_at=timezone.now() if is_final else None,
    )


# ---- The whole run -------------------------------------------------------------------------------


def run_here(run: ScoringRun) -> Iterator[ScoringRunItem]:
    """Work through a run in this process; each firm as it is done, failed ones too."""
    for firm in list(run.items.order_by("portfolio").values_list("portfolio", flat=True)):
        score_firm(run.pk, firm, message_id=f"here:{run.pk}", attempts=1)
        yield run.items.select_related("portfolio__partner").get(portfolio=firm)


def progress(run: ScoringRun) -> Progress:
    counted = run.items.aggregate(
        total=Count("portfolio"),
        done=Count("finished_at"),
        failed=Count("portfolio", filter=Q(finished_at__isnull=False) & ~Q(error="")),
    )
    return Progress(**counted)


def failed(run: ScoringRun) -> list[ScoringRunItem]:
    """The firms that could not be scored, with ``error``; in the order of their names."""
    items = run.items.filter(finished_at__isnull=False).exclude(error="")
    return list(items.select_related("portfolio__partner").order_by("portfolio__partner__name"))


def sweep() -> int:
    """Queue again what was never delivered, is to be tried again, or was left by a dead worker.

    Many firms wait in the queue for long: one nobody has taken is lost only when nothing of its run
    has moved for the time of a lease.
    """
    now = timezone.now()
    before = now - LEASE
    count = 0
    runs = ScoringRun.objects.filter(created_at__gte=now - SWEPT, items__finished_at=None)
    for run in runs.distinct():
        moved = run.items.aggregate(started=Max("started_at"), finished=Max("finished_at"))
        newest = max(filter(None, [run.created_at, moved["started"], moved["finished"]]))
        lost = Q(started_at__lt=before)
        if newest < before:
            lost |= Q(started_at=None)
        # One that failed may be tried again soon.
        lost |= Q(claimed_by="", attempts__gt=0, started_at__lt=now - timedelta(seconds=20))
        items = run.items.filter(lost, finished_at=None)
        with transaction.atomic():
            _queue(run, items)
            count += items.count()
    return count
