"""Writing down that an agreement's last day is over. ``agreements.lock`` calls it for every verb.

The end wins over whatever is going on: an open signing round expires, an amendment is dropped, a
proposed end is taken off. Only then may anything else be decided about the agreement.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.urls import reverse

from cooperation import notices, standing
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    ClosingItem,
    Ending,
)
from cooperation.standing import Standing
from cooperation.working_days import day_of, end_of
from partners.models import Partner, User


class Record(Protocol):
    """``agreements.record``."""

    def __call__(
        self,
        agreement: Agreement,
        kind: AgreementEvent.Kind,
        *,
        by: User | None,
        partner: Partner | None,
        at: datetime | None = None,
        **data: Any,
    ) -> object: ...


def settle(agreement: Agreement, now: datetime, record: Record) -> bool:
    """End ``agreement`` if its last day is over; whether it did. The row must be locked."""
    if agreement.in_force_at is None or agreement.is_closed:
        return False
    found = standing.stands(agreement, day_of(now))
    if not found.is_over:
        return False
    ending = ending_of(found)
    # Dated from the midnight after the last day: when the clock or somebody came is nobody's news.
    told = partial(record, by=None, partner=None, at=end_of(ending.ends_on))
    _close_what_is_open(found, end_of(ending.ends_on), told)
    agreement.ended_on, agreement.retain_until = found.last_day, found.retain_until
    agreement.status = Agreement.Status.ENDED
    agreement.save(update_fields=["status", "ended_on", "retain_until"])
    ends_on = ending.ends_on.isoformat()
    told(agreement, AgreementEvent.Kind.ENDED, way=ending.way, ends_on=ends_on)
    _tell(found, ending)
    return True


def _tell(found: Standing, ending: Ending) -> None:
    """Only the firms with something left to do hear of it: all know the day already."""
    notices.drop(found.agreement, "reminder")
    notices.drop(found.agreement, "ending_proposed")
    done = Counter(ending.items.values_list("partner", flat=True))
    left = [firm for firm in standing.firms(found) if done[firm.pk] < len(ClosingItem.Key)]
    notices.tell(
        found.agreement,
        "closing",
        notices.people(left, signers=True, leads=True),
        key=str(ending.pk),
        path=reverse("cooperation:closing", args=[found.agreement.pk]),
    )


def _close_what_is_open(found: Standing, at: datetime, record: Callable[..., object]) -> None:
    agreement = found.agreement
    for version in agreement.versions.filter(state=AgreementVersion.State.SIGNING).defer("payload"):
        version.state, version.closed_at = AgreementVersion.State.EXPIRED, at
        version.save(update_fields=["state", "closed_at"])
        said = {"version": version.number, "because": "ended"}
        record(agreement, AgreementEvent.Kind.EXPIRED, **said)
    for amendment in agreement.amendments.filter(state=Amendment.State.OPEN):
        amendment.state, amendment.closed_at = Amendment.State.DROPPED, at
        amendment.save(update_fields=["state", "closed_at"])
        record(agreement, AgreementEvent.Kind.AMENDMENT_DROPPED, because="ended")
    if found.proposed is not None:
        withdraw(found.proposed)


def withdraw(ending: Ending) -> None:
    ending.state = Ending.State.WITHDRAWN
    ending.save(update_fields=["state"])


def ending_of(found: Standing) -> Ending:
    """The announced end that the closing list hangs on; made for an agreed term.

    The agreement must be locked, and its end known.
    """
    if found.last_day is None:
        raise ValueError("an end without a last day")
    if found.ending is not None:
        return found.ending
    if found.announced is not None:  # for a later day than the term, or a term that was moved
        withdraw(found.announced)
    return Ending.objects.create(
        agreement=found.agreement,
        way=Ending.Way.TERM,
        state=Ending.State.ANNOUNCED,
        ends_on=found.last_day,
    )
