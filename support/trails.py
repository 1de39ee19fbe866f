"""A chain of hashes over events: whoever changes, drops or inserts one breaks all after it.

Pure arithmetic, for every log of the portal. A log keeps, beside each event, a random salt and

* ``digest`` = SHA-256(salt, canonical JSON of the event's content),
* ``hash`` = SHA-256(canonical JSON of the number, the hash before, the digest).

The chain is over the digests. So an event can be left out of what somebody may read, and a person's
data can be erased with its salt, and the chain still holds; without the salt nobody can find out a
short content by trying. All hashes are written as 64 hexadecimal digits.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

FORMAT = "handschlag-trail/1"


@dataclass(frozen=True, slots=True)
class Link:
    """One event as the chain knows it. ``content`` is None where it is not told or was erased."""

    seq: int  # 1, 2, 3 ... without a gap
    previous: str
    digest: str
    hash: str
    salt: str = ""
    content: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: the number of the event and what is wrong with it."""

    CHANGED = "changed"  # the content is not the one of the digest
    RELINKED = "relinked"  # the hash does not follow from number, hash before and digest
    MISSING = "missing"  # events are missing before this number
    INSERTED = "inserted"  # the number was there already, or lies before the last
    CUT = "cut"  # events after this number are missing
    REWRITTEN = "rewritten"  # the hash is not the one that somebody else keeps

    seq: int
    what: str


# Of what an event tells of: the row is not there, or says something else.
MISSING, DIFFERS = "missing", "differs"


@dataclass(frozen=True, slots=True)
class Head:
    """The hash of event ``seq`` as somebody keeps it; ``witness`` says who."""

    seq: int
    hash: str
    witness: str


def instant(at: datetime) -> str:
    """In UTC to the microsecond, as the database keeps it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def genesis(subject: str) -> str:
    """What the first event follows: the hash of what the log is about, so no log fits another."""
    return hashlib.sha256(rfc8785.dumps({"format": FORMAT, "subject": subject})).hexdigest()


def new_salt() -> str:
    """32 random bytes."""
    return secrets.token_hex(32)


def digest(content: Mapping[str, Any], salt: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + rfc8785.dumps(dict(content))).hexdigest()


def link(seq: int, previous: str, of: str) -> str:
    """The hash of event ``seq`` with digest ``of``, after the event with hash ``previous``."""
    content: dict[str, Any] = {"seq": seq, "previous": previous, "digest": of}
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def breaks(
    subject: str, links: Iterable[Link], *, heads: Mapping[int, str] | None = None
) -> Iterator[Break]:
    """What is wrong with a log, in its order; nothing for a whole one.

    A chain tells that an event does not follow the one before: of an event that was forged with its
    own hash, the next one is named. ``heads``: hashes by number that somebody else keeps (a sealed
    PDF, a mail). They find what a chain alone cannot: an end that was cut off, or a log written
    anew from some event on.
    """
    awaited, previous = 1, genesis(subject)
    for each in links:
        if each.seq < awaited:
            yield Break(each.seq, Break.INSERTED)
            continue
        if each.seq > awaited:
            yield Break(each.seq, Break.MISSING)
            previous = each.previous  # of an event that is not there
        if not _fits(each):
            yield Break(each.seq, Break.CHANGED)
        if each.previous != previous or link(each.seq, each.previous, each.digest) != each.hash:
            yield Break(each.seq, Break.RELINKED)
        elif (heads or {}).get(each.seq, each.hash) != each.hash:
            yield Break(each.seq, Break.REWRITTEN)
        awaited, previous = each.seq + 1, each.hash
    beyond = [seq for seq in heads or {} if seq >= awaited]
    if beyond:
        yield Break(awaited - 1, Break.CUT)


def _fits(event: Link) -> bool:
    """Whether the content, if it is told, is the one of the digest."""
    if event.content is None:
        return True
    try:
        return digest(event.content, event.salt) == event.digest
    except (rfc8785.CanonicalizationError, ValueError):  # no content or salt of a log at all
        return False
