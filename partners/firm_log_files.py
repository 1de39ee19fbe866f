"""The log of a firm as JSON lines, for whoever keeps it or checks it without the portal.

The first line says whose log it is and what its head is; each line after it is one event with the
salts that prove it. Who keeps such a file can show later that the log was cut or written anew
(``manage.py verify_trail FIRM --export FILE``).
"""

import json
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from partners import firm_log
from partners.models import FirmEvent, Partner
from support import trails

FORMAT = "handschlag-firm-log/1"


def lines(partner: Partner) -> Iterator[str]:
    """The whole log as it is now, streamed: later events stay out."""
    rows = FirmEvent.objects.filter(partner=partner)
    last = rows.order_by("-seq").values_list("seq", "hash").first()
    seq, head = last or (0, trails.genesis(str(partner.pk)))
    yield _json(
        {
            "format": FORMAT,
            "firm": {"id": str(partner.pk), "name": partner.name, "legal": partner.legal_name},
            "exported_at": trails.instant(timezone.now()),
            "genesis": trails.genesis(str(partner.pk)),
            "head": {"seq": seq, "hash": head},
        }
    )
    for event in rows.filter(seq__lte=seq).order_by("seq").iterator(chunk_size=500):
        yield _json(told(event))


def told(event: FirmEvent) -> dict[str, Any]:
    """One event with its hashes, and what names people unless that was erased."""
    return {
        "seq": event.seq,
        "previous": event.previous_hash,
        "digest": event.digest,
        "hash": event.hash,
        "salt": event.salt,
        "content": firm_log.content(event),
        "personal": None if event.erased_at else event.personal,
        "personal_salt": event.personal_salt,
        "erased_at": trails.instant(event.erased_at) if event.erased_at else None,
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
