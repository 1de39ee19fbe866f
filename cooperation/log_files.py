"""The log of an agreement as JSON lines, as one firm of it may read it.

The first line says whose log it is and what its head is, then one event a line. What two other
firms settle between them, and what was said before the firm joined, stands there as hashes only:
the chain can be followed from end to end, and nothing of those can be found out without their salt.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from cooperation import threads, trail
from cooperation.models import Agreement, AgreementEvent
from partners.models import Partner
from support import trails

FORMAT = "handschlag-agreement-log/1"


def lines(agreement: Agreement, reader: Partner) -> Iterator[str]:
    """The whole log as it is now, streamed: later events stay out."""
    key = str(agreement.pk)
    rows = AgreementEvent.objects.filter(agreement=agreement)
    last = rows.order_by("-seq").values_list("seq", "hash").first()
    seq, head = last or (0, trails.genesis(key))
    since = threads.since(agreement, reader)
    yield _json(
        {
            "format": FORMAT,
            "agreement": {"id": key, "project": agreement.project.name},
            "read_by": {"id": str(reader.pk), "name": reader.name},
            "exported_at": trails.instant(timezone.now()),
            "genesis": trails.genesis(key),
            "head": {"seq": seq, "hash": head},
        }
    )
    events = rows.filter(seq__lte=seq).select_related("pair", "by", "partner").order_by("seq")
    for event in events.iterator(chunk_size=500):
        yield _json(_line(event, reader, since))


def is_told(event: AgreementEvent, reader: Partner, since: datetime | None) -> bool:
    """Whether ``reader`` may know what the event says; ``since``: when they joined later."""
    pair = event.pair
    is_between_others = pair is not None and reader.pk not in {pair.first_id, pair.second_id}
    return not is_between_others and (since is None or event.at >= since)


def _line(event: AgreementEvent, reader: Partner, since: datetime | None) -> dict[str, Any]:
    line: dict[str, Any] = {
        "seq": event.seq,
        "previous": event.previous_hash,
        "digest": event.digest,
        "hash": event.hash,
    }
    if event.erased_at is not None:
        return {**line, "erased_at": trails.instant(event.erased_at)}
    if not is_told(event, reader, since):
        return line
    names = {"by": event.by and event.by.name, "firm": event.partner and event.partner.name}
    return {**line, "salt": event.salt, "content": trail.content(event), "names": names}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
