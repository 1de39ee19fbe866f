"""Who works on a firm's imports: one run at a time, and what a dead one left is taken over."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.jobs import queue_on_commit
from scoring import bulk, facts, history
from scoring.models import MonthOfData, PartnerCenterImport, Portfolio

if TYPE_CHECKING:
    from partners.models import Partner

logger = logging.getLogger(__name__)

TASK = "scoring.tasks.run_import"
LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
ATTEMPTS = 5
GIVEN_UP = "The worker was killed each time, by the clock or for want of memory."
BEAT = 0.5  # seconds between two words on how far a run is
State = PartnerCenterImport.State
Work = PartnerCenterImport.Work


def enqueue(row: PartnerCenterImport) -> None:
    """Queue the import on commit; if the broker is away, the sweep does it later."""
    queue_on_commit(TASK, row.pk)


class Busy(Exception):
    """Another import of the firm runs; ``str(error)`` is a translated sentence."""

    @classmethod
    def now(cls) -> "Busy":
        return cls(_("Another import of this firm is running. Please try again in a moment."))


class Lost(Exception):
    """The rows are no longer this run's own: another worker has taken them over."""


class Lease:
    """A run's hold on the imports of one firm that it works on: one, or those of one command."""

    def __init__(self, partner: "Partner", rows: Sequence[PartnerCenterImport]) -> None:
        self.partner, self.rows = partner, list(rows)
        self._next_beat = 0.0

    def _own(self) -> QuerySet[PartnerCenterImport]:
        first = self.rows[0]  # rows of one command were claimed alike
        return PartnerCenterImport.objects.filter(
            pk__in=[row.pk for row in self.rows],
            state=State.RUNNING,
            claimed_by=first.claimed_by,
            attempts=first.attempts,
        )

    def lock(self) -> None:
        """Take the firm's lock, and prove that the rows are this run's own; says that it lives."""
        facts.lock(self.partner)
        if self._own().update(started_at=timezone.now()) != len(self.rows):
            raise Lost

    def tell(self, row: PartnerCenterImport, progress: int, of: int | None = None) -> None:
        """Write down how far the run is with ``row``, at most every ``BEAT`` seconds."""
        now = time.monotonic()
        if now < self._next_beat:
            return
        self._next_beat = now + BEAT
        with transaction.atomic():
            if self._own().update(started_at=timezone.now()) != len(self.rows):
                raise Lost
            PartnerCenterImport.objects.filter(pk=row.pk).update(progress=progress, progress_of=of)

    def finish(self, row: PartnerCenterImport, state: str, *fields: str) -> None:
        """Let go of ``row`` in its final state, with what it holds in ``fields``."""
        row.state, row.finished_at = state, timezone.now()
        row.progress, row.progress_of = 0, None
        names = {"state", "finished_at", "progress", "progress_of", *fields}
        if not self._own().filter(pk=row.pk).update(**{name: getattr(row, name) for name in names}):
            raise Lost
        self.rows.remove(row)

    def fail(self, error: BaseException) -> None:
        """Write the failure on the rows: the sweep queues them again while attempts are left."""
        for row in list(self.rows):
            logger.error("import %s broke off", row.pk, exc_info=error)
            fail(row, f"{type(error).__name__}: {error}"[:2000], is_final=row.attempts >= ATTEMPTS)


def fail(row: PartnerCenterImport, error: str, *, is_final: bool) -> None:
    """Note why a running import broke off. One that was to be undone stays imported in the end."""
    own = PartnerCenterImport.objects.filter(pk=row.pk, state=State.RUNNING, attempts=row.attempts)
    still = State.DONE if row.work == Work.UNDO and row.done_at is not None else State.FAILED
    own.update(
        state=still if is_final else State.QUEUED,
        finished_at=timezone.now() if is_final else None,
        error=error,
        claimed_by="",
    )


# ---- Writing -------------------------------------------------------------------------------------


def whole() -> AbstractContextManager[object]:
    """One transaction around all the writes of a run, where that does not make others wait."""
    return nullcontext() if bulk.rows_per_transaction() is not None else transaction.atomic()


def bring_up_to_date(
    portfolio: Portfolio, made: facts.Plan, now: datetime, lock: Callable[[], None]
) -> None:
    """Write what was planned, each step in a transaction that takes ``lock`` first."""
    # A month is known before its rows are: planning again looks for rows in known months only,
    # and a run that was killed among them has left some.
    with transaction.atomic():
        lock()
        known = [(portfolio.pk, month, now) for month in made.by_month]
        bulk.write(MonthOfData, facts.MONTH_FIELDS, known)
    pace = bulk.Pace()
    for step in facts.steps(portfolio, made, now):
        pace.step()
        with transaction.atomic():
            lock()
            step()
            facts.touch(portfolio)
    with transaction.atomic():
        history.queue(portfolio.pk)


# ---- Claiming ------------------------------------------------------------------------------------


def is_busy(partner: "Partner", *, beside: UUID | None = None) -> bool:
    """Whether a run works on an import of the firm. Only under the firm's lock does it stay so."""
    running = PartnerCenterImport.objects.filter(
        partner=partner, state=State.RUNNING, started_at__gte=timezone.now() - LEASE
    )
    return running.exclude(pk=beside).exists() if beside else running.exists()


def require_idle(partner: "Partner") -> None:
    """Take the firm's lock, or raise ``Busy`` when a run works on its imports."""
    facts.lock(partner)
    if is_busy(partner):
        raise Busy.now()


def _older_waits(row: PartnerCenterImport) -> bool:
    unfinished = PartnerCenterImport.objects.filter(
        partner=row.partner, state__in=[State.QUEUED, State.RUNNING], created_at__lt=row.created_at
    )
    return unfinished.exists()


def claim(import_id: UUID | str, message_id: str) -> Lease | None:
    """Take one import; None when it is taken, or another one of the firm runs or comes first."""
    now = timezone.now()
    with transaction.atomic():
        rows = PartnerCenterImport.objects.select_related("partner", "imported_by")
        row = rows.get(pk=import_id)
        facts.lock(row.partner)
        row.refresh_from_db(fields=["state", "attempts", "work", "done_at"])
        if is_busy(row.partner, beside=row.pk):
            return None  # it starts this one when it is done
        if _older_waits(row):
            return None  # of two files the later one has the last word, whoever comes first
        left = Q(
            Q(started_at__lt=now - LEASE) | Q(claimed_by=message_id, claimed_by__gt=""),
            state=State.RUNNING,
        )
        own = PartnerCenterImport.objects.filter(pk=row.pk)
        # What kills its worker never comes to ``fail``: without this it would do so for ever.
        if row.attempts >= ATTEMPTS and own.filter(left).exists():
            fail(row, GIVEN_UP, is_final=True)
            return None
        if not own.filter(Q(state=State.QUEUED) | left).update(
            state=State.RUNNING,
            started_at=now,
            claimed_by=message_id[:60],
            attempts=F("attempts") + 1,
            progress=0,
            progress_of=None,
        ):
            return None
        return Lease(row.partner, [rows.get(pk=row.pk)])


def start_next(partner: "Partner") -> None:
    """An import that found the firm busy gave up; queue the oldest of them again."""
    queued = PartnerCenterImport.objects.filter(partner=partner, state=State.QUEUED)
    if (row := queued.order_by("created_at").first()) is not None:
        with transaction.atomic():
            enqueue(row)
