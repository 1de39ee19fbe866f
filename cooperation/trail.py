"""The log of an agreement as a chain: what an event's content is, and appending to it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from cooperation.models import AgreementEvent, Signature
from support import trails

FORMAT = "handschlag-event/1"


def content(event: AgreementEvent) -> dict[str, Any]:
    """What the digest of ``event`` is over. Ids instead of names: people and firms change theirs.

    ``event.pair`` is read, so load it with the event.
    """
    return {
        "format": FORMAT,
        "agreement": str(event.agreement_id),
        "seq": event.seq,
        "kind": event.kind,
        "at": trails.instant(event.at),
        "by": str(event.by_id) if event.by_id else None,
        "partner": str(event.partner_id) if event.partner_id else None,
        "pair": [str(event.pair.first_id), str(event.pair.second_id)] if event.pair else None,
        "data": event.data,
    }


def of_signature(signature: Signature, version: int) -> dict[str, Any]:
    """All that is known of a signature of version ``version``: the event says it, too."""
    shown_at = signature.shown_at
    return {
        "version": version,
        "sha256": signature.payload_sha256,
        "position": signature.position,
        "signature": str(signature.pk),
        "name": signature.signer_name,
        "title": signature.signer_title,
        "firm": signature.partner_legal_name,
        "authority": signature.authority,
        "method": signature.method,
        "intent": signature.intent,
        "language": signature.language,
        "shown_at": trails.instant(shown_at) if shown_at else None,
        "network": signature.network,
    }


def append(event: AgreementEvent) -> None:
    """Give ``event`` its number and its place in the chain and store it.

    The agreement must be locked: that keeps the numbers gap-free and the chain without a fork.
    """
    rows = AgreementEvent.objects.filter(agreement=event.agreement_id).order_by("-seq")
    last = rows.values_list("seq", "hash").first()
    seq, previous = last or (0, trails.genesis(str(event.agreement_id)))
    event.seq, event.previous_hash, event.salt = seq + 1, previous, trails.new_salt()
    event.digest = trails.digest(content(event), event.salt)
    event.hash = trails.link(event.seq, event.previous_hash, event.digest)
    event.save(force_insert=True)


def erase(event: AgreementEvent, *, at: datetime | None = None, who: bool = True) -> bool:
    """Forget for good what ``event`` says and, unless ``who`` is False, whose step it was.

    That something of its kind happened, when and for which firm stays, and so does the chain: it is
    over hashes that nothing can be guessed from without the salt. False: it was erased before.
    """
    forgotten: dict[str, Any] = {"salt": "", "data": {}, "erased_at": at or timezone.now()}
    if who:
        forgotten["by"] = None
    rows = AgreementEvent.objects.filter(pk=event.pk, erased_at=None)
    return bool(rows.update(**forgotten))


def link(event: AgreementEvent) -> trails.Link:
    """``event`` as the chain knows it; without its content once that was erased."""
    return trails.Link(
        seq=event.seq,
        previous=event.previous_hash,
        digest=event.digest,
        hash=event.hash,
        salt=event.salt,
        content=None if event.erased_at else content(event),
    )
