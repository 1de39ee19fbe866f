"""The log of an agreement as a file, for whoever checks it without the portal."""

from typing import Any

import rfc8785

from cooperation import trail
from cooperation.models import AgreementEvent, AgreementVersion
from support import trails

FORMAT = "handschlag-event-log/1"
# What happened to the version itself: every firm of the version was told of it.
TOLD = (
    AgreementEvent.Kind.FROZEN,
    AgreementEvent.Kind.SIGNED,
    AgreementEvent.Kind.DECLINED,
    AgreementEvent.Kind.WITHDRAWN,
    AgreementEvent.Kind.EXPIRED,
    AgreementEvent.Kind.IN_FORCE,
)


def event_log(version: AgreementVersion, *, until: int) -> bytes:
    """Events 1 to ``until`` of the agreement as canonical JSON, the same bytes each time.

    Only the events of ``version``'s own signing round tell what happened, with the salt that proves
    it. Of all others there are the hashes and nothing else: a firm that joined later must not learn
    what was said before, nor a third firm what two settle between them. Raises ``LookupError`` when
    the log does not hold every number up to ``until``.
    """
    agreement = str(version.agreement_id)
    rows = AgreementEvent.objects.filter(agreement=version.agreement_id, seq__lte=until)
    rows = rows.order_by("seq")
    round_of_version = rows.filter(
        kind__in=TOLD, data__version=version.number, pair=None, erased_at=None
    )
    told = {event.seq: event for event in round_of_version}
    events: list[dict[str, Any]] = []
    hashes = rows.values_list("seq", "previous_hash", "digest", "hash")
    for seq, previous, digest, own in hashes.iterator():
        event: dict[str, Any] = {"seq": seq, "previous": previous, "digest": digest, "hash": own}
        if seq in told:
            event |= {"salt": told[seq].salt, "content": trail.content(told[seq])}
        events.append(event)
    if [event["seq"] for event in events] != list(range(1, until + 1)):
        raise LookupError(f"the log of agreement {agreement} has gaps before event {until}")
    return rfc8785.dumps(
        {
            "format": FORMAT,
            "agreement": agreement,
            "genesis": trails.genesis(agreement),
            "events": events,
        }
    )
