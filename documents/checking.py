"""What the portal can say about a file, a hash or a code to somebody it does not know.

Kind, language, level and times: no title, no firm, no person, no content. Only originals with the
portal's seal are known here; of everything else it says the same as of what never existed.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db.models import QuerySet

from documents import examining, seal_keys
from documents.examining import Difference, Examination, Fault, SealState
from documents.models import Document, SealCertificate

SEPARATORS = re.compile(r"[\s:.\-\u00ad\u200b]+")  # as fingerprints are set, spoken and copied
SHA256 = re.compile(r"[0-9a-f]{64}")


class Outcome(StrEnum):
    MATCH = "match"  # an original of the portal, unchanged
    SUPERSEDED = "superseded"  # the same, but a later version has taken its place
    TEXT = "text"  # a hash: of the text or data that the named documents show
    CODE = "code"  # a code: there is such a document; a copied code proves nothing
    SEAL_ONLY = "seal_only"  # the portal's seal is valid, the portal has no record of the file
    CHANGED = "changed"  # it was sealed by the portal, or names a document of it, and was changed
    FOREIGN = "foreign"  # sealed by somebody else
    EXPIRED = "expired"
    TIME = "time"  # the seal fits, a time in it cannot be
    NO_SEAL = "no_seal"  # a PDF that is none of the portal's originals
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"  # a hash or a code that no original has


@dataclass(frozen=True, slots=True)
class Known:
    """What everybody may know of an original."""

    kind: str
    language: str
    level: str  # "B-B", "B-T" or "B-LT"
    sealed_at: datetime
    timestamp_at: datetime | None
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``known``: the originals in question, the file's own or those with the hash or the code.

    ``differences``: from the original that the file names as its own, where the portal has it.
    """

    outcome: Outcome
    known: tuple[Known, ...] = ()
    examination: Examination | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def is_genuine(self) -> bool:
        """A file of the portal, whole and unchanged; superseded ones are genuine."""
        on_record = self.outcome in (Outcome.MATCH, Outcome.SUPERSEDED)
        return on_record or (self.outcome is Outcome.SEAL_ONLY and not self.known)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong, each named once."""
        own = self.examination.faults if self.examination else ()
        return tuple(dict.fromkeys((*own, *(each.fault for each in self.differences))))


OUTCOMES = {
    SealState.VALID: Outcome.SEAL_ONLY,
    SealState.BROKEN: Outcome.CHANGED,
    SealState.FOREIGN: Outcome.FOREIGN,
    SealState.EXPIRED: Outcome.EXPIRED,
    SealState.TIME: Outcome.TIME,
    SealState.NONE: Outcome.NO_SEAL,
    SealState.UNREADABLE: Outcome.UNREADABLE,
}


def check_file(data: bytes) -> Verdict:
    """Judge a file by its bytes: first by the portal's record of them, then by its seal."""
    original = None
    if len(data) <= examining.LIMIT:
        original = _originals().filter(sha256=hashlib.sha256(data).hexdigest()).first()
    examination = examining.examine(
        data,
        trust=seal_keys.trusted(),
        timestamp_trust=timestamp_trust(),
        recorded_at=original.seal.sealed_at if original else None,
    )
    if examination.is_genuine and original is None and not _is_own(examination):
        # The root may be a public one, which seals for others too.
        faults = (Fault.FOREIGN_KEY,)
        examination = replace(examination, seal=SealState.FOREIGN, faults=faults, level="")
    if original is not None:
        return Verdict(_standing([original]), _known([original]), examination)
    named = _by_code(examination.identifier)
    if named is None or examination.seal is SealState.UNREADABLE:
        return Verdict(OUTCOMES[examination.seal], examination=examination)
    outcome, differences = OUTCOMES[examination.seal], _differences(data, named)
    if outcome is Outcome.NO_SEAL:
        outcome = Outcome.CHANGED
    elif outcome is Outcome.SEAL_ONLY:  # the portal never keeps two originals
        differences = (*differences, Difference(Fault.NOT_ON_RECORD))
    return Verdict(outcome, _known([named]), examination, differences)


def digits(text: str) -> str:
    """The 64 small digits of a SHA-256 as people have it, or "" if it is none.

    In groups, with colons, in capitals, with its name before it.
    """
    written = SEPARATORS.sub("", text.lower()).removeprefix("sha256").removeprefix("=")
    return written if SHA256.fullmatch(written) else ""


def check_hash(text: str) -> Verdict:
    """Judge a SHA-256 as people copy it: a file's, or a text's."""
    digest = digits(text)
    if not digest:
        return Verdict(Outcome.UNKNOWN)
    if files := list(_originals().filter(sha256=digest)[:20]):
        return Verdict(_standing(files), _known(files))
    if texts := list(_originals().filter(content_sha256=digest)[:20]):
        return Verdict(Outcome.TEXT, _known(texts))
    return Verdict(Outcome.UNKNOWN)


def check_code(code: str) -> Verdict:
    """Whether an original has this code. A copy may bear it too: only the file proves something."""
    named = _by_code(re.sub(r"[\s-]", "", code).lower())
    return Verdict(Outcome.CODE, _known([named])) if named else Verdict(Outcome.UNKNOWN)


def timestamp_trust() -> list[x509.Certificate] | None:
    """The roots of the timestamp authorities that are configured; None: none is."""
    if not settings.TIMESTAMP_TRUST_FILE:
        return None
    return x509.load_pem_x509_certificates(Path(settings.TIMESTAMP_TRUST_FILE).read_bytes())


def _originals() -> QuerySet[Document]:
    ready = Document.objects.filter(state=Document.State.READY, to_seal=True, seal__isnull=False)
    return ready.select_related("seal").order_by("kind", "language", "pk")


def _by_code(code: str) -> Document | None:
    found: Document | None = _originals().filter(code=code).first() if code else None
    return found


def _is_own(examination: Examination) -> bool:
    """Whether the portal ever sealed with the certificate, or has it for its next seal."""
    used = SealCertificate.objects.filter(sha256=examination.certificate_sha256)
    if used.exists():
        return True
    try:
        return seal_keys.configured().sha256 == examination.certificate_sha256
    except seal_keys.Unusable:
        return False


def _standing(documents: list[Document]) -> Outcome:
    is_superseded = all(document.superseded_at for document in documents)
    return Outcome.SUPERSEDED if is_superseded else Outcome.MATCH


def _known(documents: Iterable[Document]) -> tuple[Known, ...]:
    return tuple(
        Known(
            kind=document.kind,
            language=document.language,
            level=document.seal.level,
            sealed_at=document.seal.sealed_at,
            timestamp_at=document.seal.timestamp_at,
            superseded_at=document.superseded_at,
        )
        for document in documents
    )


def _differences(data: bytes, original: Document) -> tuple[Difference, ...]:
    from documents.examining import shapes  # noqa: PLC0415 -- pyHanko: 0.4 s for who needs it

    try:
        with original.file.open() as stored:
            kept = stored.read()
    except OSError:  # the original is away: nothing to compare with
        return ()
    return shapes.compared(kept, data)
