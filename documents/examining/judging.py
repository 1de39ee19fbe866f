"""The examination itself, step by step: bytes, structure, the seal, its certificate, its times."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from cryptography import x509

from documents import loops
from documents.examining import findings, outside, shapes
from documents.examining.findings import Difference, Examination, Fault, SealState
from documents.examining.opening import Reader, TooComplex, is_encrypted, quiet, value
from documents.examining.seals import Found, Seal, judged

logger = logging.getLogger(__name__)

IDENTIFIER = re.compile(rb"<dc:identifier>\s*urn:handschlag:([0-9a-f]{32})\s*</dc:identifier>")
PLACES = frozenset((Fault.BYTES_APPENDED, Fault.BYTES_UNSIGNED))


def examine(
    data: bytes,
    *,
    limit: int,
    trust: Sequence[x509.Certificate],
    timestamp_trust: Sequence[x509.Certificate] | None,
    recorded_at: datetime | None,
    now: datetime,
) -> Examination:
    """See ``documents.examining.examine``."""
    if len(data) > limit:
        return _unreadable(Fault.TOO_LARGE)
    if wrong := outside.faults(data):
        return _unreadable(*wrong)
    with quiet():
        try:
            reader = _opened(data)
            if is_encrypted(reader):
                return _unreadable(Fault.ENCRYPTED)
            examiner = _Examiner(reader, data, trust, timestamp_trust, recorded_at, now)
            return examiner.examination()
        except TooComplex:
            return _unreadable(Fault.TOO_COMPLEX)
        except Exception as error:  # strangers' bytes: anything
            logger.debug("a file could not be examined: %r", error)
            return _unreadable(Fault.DAMAGED)


def _unreadable(*faults: Fault) -> Examination:
    return Examination(SealState.UNREADABLE, faults)


def _opened(data: bytes) -> Reader:
    """The file; if it cannot be read for what lies behind its seal, then up to that."""
    try:
        return Reader(data)
    except TooComplex:
        raise
    except Exception:
        spans = outside.spans(data)
        if len(spans) != 1 or spans[0].end >= len(data):
            raise
        return Reader(data[: spans[0].end])


class _Examiner:
    def __init__(
        self,
        reader: Reader,
        data: bytes,
        trust: Sequence[x509.Certificate],
        timestamp_trust: Sequence[x509.Certificate] | None,
        recorded_at: datetime | None,
        now: datetime,
    ) -> None:
        self.reader, self.data = reader, data
        self.trust, self.timestamp_trust = trust, timestamp_trust
        self.recorded_at, self.now = recorded_at, now
        self.identifier = _identifier(reader)

    def examination(self) -> Examination:
        found = Found.in_file(self.reader)
        if not found.fields:
            return self._without_seal()
        if found.is_damaged:
            return self._result([Fault.SEAL_DAMAGED, *self._resaved()])
        seals = [
            loops.run(
                judged(
                    embedded,
                    self.data,
                    trust=self.trust,
                    timestamp_trust=self.timestamp_trust,
                    recorded_at=self.recorded_at,
                    now=self.now,
                )
            )
            for embedded in found.signatures[:3]
        ]
        own = next((seal for seal in seals if seal.is_ours), seals[0])
        every = list(own.faults)
        if found.fields > 1:
            every.append(Fault.SIGNED_AGAIN)
        if own.is_foreign and self.identifier:
            every.append(Fault.BORROWED_CODE)
        later = self.reader.xrefs.total_revisions - 1 - own.revision
        differences: tuple[Difference, ...] = ()
        if later > 0:
            every.append(Fault.INCREMENTAL_UPDATE)
            differences = self._since(own.end)
        if own.revision == 0 and own.is_ours:
            # The portal's seal is always an update of its own; here its places lead anywhere.
            every = [fault for fault in every if fault not in PLACES] + [Fault.RESAVED]
        elif own.revision > 1:
            every.append(Fault.EARLIER_REVISION)
        every += [difference.fault for difference in differences]
        return self._result(every, own, differences)

    def _result(
        self,
        faults: Sequence[Fault],
        seal: Seal | None = None,
        differences: tuple[Difference, ...] = (),
    ) -> Examination:
        named = tuple(dict.fromkeys(faults))
        result = Examination(
            _state(named), named, identifier=self.identifier, differences=differences
        )
        if seal is None:
            return result
        return replace(
            result,
            level=seal.level if result.is_genuine else "",
            sealed_at=seal.sealed_at,
            timestamp_at=seal.timestamp_at,
            timestamp_is_trusted=seal.timestamp_is_trusted,
            certificate_sha256=seal.certificate_sha256,
        )

    def _without_seal(self) -> Examination:
        if not (self.identifier or outside.spans(self.data)):
            return Examination(SealState.NONE, (Fault.NO_SEAL,))
        faults = (Fault.SEAL_REMOVED, *self._resaved())
        return Examination(SealState.NONE, faults, identifier=self.identifier)

    def _resaved(self) -> list[Fault]:
        info = value(self.reader.trailer_view, "/Info", {})
        producer = str(value(info, "/Producer", ""))
        return [] if producer.startswith("WeasyPrint") else [Fault.RESAVED]

    def _since(self, end: int) -> tuple[Difference, ...]:
        """What an update changed since the sealed state, which is the file up to ``end``."""
        try:
            sealed = shapes.shape(Reader(self.data[:end]))
            return tuple(shapes.differences(sealed, shapes.shape(self.reader)))
        except TooComplex:
            raise
        except Exception:  # that there is an update is fault enough
            return ()


def _identifier(reader: Reader) -> str:
    try:
        metadata = reader.root["/Metadata"].data
    except TooComplex:
        raise
    except Exception:  # a file without metadata is none of the portal's
        return ""
    match = IDENTIFIER.search(metadata)
    return match[1].decode() if match else ""


def _state(faults: Iterable[Fault]) -> SealState:
    """The worst: a foreign seal before a change, a change before a date."""
    named = frozenset(faults)
    if named & findings.FOREIGN:
        return SealState.FOREIGN
    if named - findings.EXPIRED - findings.TIME:
        return SealState.BROKEN
    if named & findings.EXPIRED:
        return SealState.EXPIRED
    return SealState.TIME if named else SealState.VALID
