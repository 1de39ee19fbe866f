"""What the time brings to points to settle: people hear of the level that has begun.

A subject of ``clock``. Pages and verbs work out level and deadline themselves, so nothing waits for
it; after a standstill people are told of the level that runs, with the day on which it began.
"""

from datetime import datetime
from functools import partial

from cooperation import clock, dispute_levels, disputes
from cooperation.models import Dispute


def run(now: datetime) -> None:
    """Tell of every level that is reached and that nobody was told of yet."""
    laddered = Dispute.objects.filter(state=Dispute.State.OPEN, told_level__gte=1)
    due = [
        dispute.pk
        for dispute in laddered.prefetch_related("failures")
        if dispute_levels.ladder_at(dispute, now).reached > dispute.told_level
    ]
    clock.each(due, partial(disputes.tell_level, now=now))
