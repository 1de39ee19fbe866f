"""The log of a firm, as a chain: what may happen in it, writing on, erasing people, proving it.

Every room writes here what a firm's admins must be able to look up later: who came, went, may what,
what was imported, exported, shown or opened. What happens to an agreement has a log of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise

from partners.models import FirmEvent, Partner, User
from support import trails

FORMAT = "handschlag-firm-event/1"

# The words of each kind of event, as a heading: "Person joined". Rooms add theirs when they load.
KINDS: dict[str, str | Promise] = {}
# What else the page says of a kind, as a translated sentence made of the event's data.
DETAILS: dict[str, Callable[[Mapping[str, Any]], str]] = {}


def register(
    kinds: Mapping[str, str | Promise],
    *,
    details: Mapping[str, Callable[[Mapping[str, Any]], str]] | None = None,
) -> None:
    """Let ``record`` write these kinds of events, called by these words on pages and in exports.

    ``details`` makes of an event's data what the page says beside the words.
    """
    KINDS.update(kinds)
    DETAILS.update(details or {})


def detail(event: FirmEvent) -> str:
    """What the page says of ``event`` beside its words; nothing of one that it does not know."""
    make = DETAILS.get(event.kind)
    try:
        return make(event.data) if make else ""
    except (KeyError, TypeError, ValueError):  # of an older portal, or tampered with
        return ""


@transaction.atomic
def record(
    partner: Partner,
    kind: str,
    *,
    by: User | None = None,
    about: User | None = None,
    personal: Mapping[str, Any] | None = None,
    **data: Any,
) -> FirmEvent:
    """Write on the log of ``partner``: ``kind`` happened now, done by ``by``, to ``about``.

    ``data`` says what, in JSON and without anything about a person; what names one belongs into
    ``personal``. The names and ids of ``by`` and ``about`` are put there by themselves. Raises
    ``KeyError`` for a kind that no room has registered.
    """
    KINDS[kind]
    # Numbers without a gap, no fork. NO KEY: rows that point to the firm may be written meanwhile.
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    rows = FirmEvent.objects.filter(partner=partner).order_by("-seq")
    last = rows.values_list("seq", "hash").first()
    seq, previous = last or (0, trails.genesis(str(partner.pk)))
    named = dict(personal or {})
    for role, person in (("by", by), ("about", about)):
        if person is not None:
            named[role] = {"id": str(person.pk), "name": person.name}
    event = FirmEvent(
        partner=partner,
        seq=seq + 1,
        kind=kind,
        at=timezone.now(),
        data=data,
        by=by,
        about=about,
        personal=named,
        previous_hash=previous,
        salt=trails.new_salt(),
    )
    if named:
        event.personal_salt = trails.new_salt()
        event.personal_digest = trails.digest(named, event.personal_salt)
    event.digest = trails.digest(content(event), event.salt)
    event.hash = trails.link(event.seq, previous, event.digest)
    event.save(force_insert=True)
    return event


def content(event: FirmEvent) -> dict[str, Any]:
    """What the digest of ``event`` is over: of people only a digest of its own."""
    return {
        "format": FORMAT,
        "partner": str(event.partner_id),
        "seq": event.seq,
        "kind": event.kind,
        "at": trails.instant(event.at),
        "data": event.data,
        "personal": event.personal_digest or None,
    }


def erase(event: FirmEvent) -> bool:
    """Forget for good who ``event`` is about and who did it. False: that was done before.

    What happened, and when, stays readable and proved; the salt goes with the names, so that nobody
    can find them out by trying.
    """
    rows = FirmEvent.objects.filter(pk=event.pk, erased_at=None)
    forgotten: dict[str, Any] = {
        "personal": {},
        "personal_salt": "",
        "by": None,
        "about": None,
        "erased_at": timezone.now(),
    }
    return bool(rows.update(**forgotten))


def breaks(partner: Partner, *, heads: Mapping[int, str] | None = None) -> Iterator[trails.Break]:
    """What is wrong with the log of ``partner``; nothing for a whole one."""
    events = FirmEvent.objects.filter(partner=partner).order_by("seq").iterator(chunk_size=500)
    changed: list[int] = []

    def links() -> Iterator[trails.Link]:
        for event in events:
            if not personal_fits(event):
                changed.append(event.seq)
            yield link(event)

    yield from trails.breaks(str(partner.pk), links(), heads=heads)
    for seq in changed:
        yield trails.Break(seq, trails.Break.CHANGED)


def link(event: FirmEvent) -> trails.Link:
    """``event`` as the chain knows it: of people a digest only, and that stays."""
    return trails.Link(
        seq=event.seq,
        previous=event.previous_hash,
        digest=event.digest,
        hash=event.hash,
        salt=event.salt,
        content=content(event),
    )


def personal_fits(event: FirmEvent) -> bool:
    """Whether it names whom it named when it was written; of an erased one nobody can tell."""
    if event.erased_at is not None:
        return True
    for role, person in (("by", event.by_id), ("about", event.about_id)):
        named = event.personal.get(role) if isinstance(event.personal, dict) else None
        said = named.get("id") if isinstance(named, dict) else None
        if person is not None and said != str(person):
            return False
    if not event.personal_digest:
        return not event.personal
    try:
        return trails.digest(event.personal, event.personal_salt) == event.personal_digest
    except ValueError:  # no salt of a log at all
        return False
