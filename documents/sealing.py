"""The portal's seal on a PDF: one PAdES signature, certified so that nothing may change after it.

It is put once, when everybody has signed: it says that the file is the portal's own and unchanged.
Who signed what, and how, stands in the file.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.utils import timezone

from documents import loops, seal_keys
from documents.models import Document, Seal
from documents.seal_keys import Certificate

FIELD = "Handschlag"  # name of the signature field in the PDF
LABEL = "Siegel des Portals Handschlag / Seal of the portal Handschlag"
TRIES = 8  # to write a file without an unclear end, before one is taken as it is
OWN_BYTES = 2048  # of a signature of up to 4096 bits and its attributes, certificates apart


class NotNow(Exception):
    """A seal cannot be had at this moment; the document waits at ``step``."""

    step = Document.Step.SEAL


class NoSeal(NotNow):
    """There is no key, or it may not be used today: something for the operator."""


class NoTimestamp(NotNow):
    """The timestamp service did not answer, or not with a timestamp that holds."""

    step = Document.Step.TIMESTAMP


@dataclass(frozen=True, slots=True)
class Sealed:
    content: bytes
    level: Seal.Level
    certificate: Certificate
    sealed_at: datetime
    timestamp_at: datetime | None
    made_with: dict[str, str]


def seal(pdf: bytes) -> Sealed:
    """``pdf`` with the portal's seal, as one incremental update; raises ``NotNow``.

    With ``settings.TIMESTAMP_URL`` it has a timestamp (PAdES B-T), with ``SEAL_REVOCATION`` the
    revocation data too (B-LT): never less than what is asked for. Each call gives other bytes
    (signatures hold random values and the time), so the caller has to see to it that one result
    only is ever kept.
    """
    try:
        key = seal_keys.load()
    except seal_keys.Unusable as error:
        raise NoSeal(str(error)) from error
    return loops.run(_seal(pdf, key))


async def _seal(pdf: bytes, key: seal_keys.Key) -> Sealed:
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes  # noqa: PLC0415

    from documents import timestamps  # noqa: PLC0415

    service = timestamps.Service() if settings.TIMESTAMP_URL else None
    level = Seal.Level.TIMESTAMP if service else Seal.Level.BASIC
    proofs = None
    if settings.SEAL_REVOCATION:
        level, proofs = Seal.Level.LONG_TERM, await _revocation(key, service)
    now = timezone.now()
    prepared, unsigned, output = await _prepared(pdf, key, service, proofs, now)
    try:
        signed = await unsigned.perform_signature(
            prepared.document_digest, PdfCMSSignedAttributes(signing_time=now)
        )
        await signed.post_signature_processing(output)
    except key.errors as error:
        seal_keys.forget()  # a token's session may have ended: the next try opens another
        raise NoSeal(f"The seal could not be put: {type(error).__name__} {error}") from error
    return Sealed(
        content=output.getvalue(),
        level=level,
        certificate=key.certificate,
        sealed_at=now,
        timestamp_at=service.given_at if service else None,
        made_with=made_with(),
    )


async def _prepared(pdf: bytes, key: seal_keys.Key, service: Any, proofs: Any, at: datetime) -> Any:
    """What is to be signed: pyHanko's digest of it, its document, and the file with room left.

    One in 256 files would have a stream whose end is unclear to validators. That shows before
    anything is signed or asked for, so it is tried again with an object more in it.
    """
    from pyhanko.sign import fields, signers  # noqa: PLC0415 -- 0.4 s that only workers need

    from documents.archival import UNCLEAR_END  # noqa: PLC0415
    from documents.incremental import UntouchedMetadata  # noqa: PLC0415

    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=key.certificate.subject,
    )
    unseen = fields.InvisSigSettings(box_out_of_bounds=True)
    field = fields.SigFieldSpec(FIELD, readable_field_name=LABEL, invis_sig_settings=unseen)
    found: Any
    for padding in range(TRIES):
        writer = UntouchedMetadata(io.BytesIO(pdf), padding=padding)
        style = None
        if proofs is not None:
            proofs.put_into(writer)
        if settings.SEAL_VISIBLE:
            from documents import visible  # noqa: PLC0415

            style = visible.prepare(writer, FIELD, LABEL, by=key.certificate, at=at)
        signer = signers.PdfSigner(
            metadata,
            signer=key.signer,
            timestamper=service,
            new_field_spec=None if style else field,
            stamp_style=style,
        )
        found = await signer.async_digest_doc_for_signing(
            writer, bytes_reserved=_reserved(key, service)
        )
        if found[2].getvalue().find(UNCLEAR_END, len(pdf)) < 0:
            break
    return found


async def _revocation(key: seal_keys.Key, service: Any) -> Any:
    if settings.SEAL_REVOCATION != "embed":
        raise NoSeal('SEAL_REVOCATION must be "embed" or empty.')
    if service is None:
        raise NoSeal("SEAL_REVOCATION needs a TIMESTAMP_URL: without a time it proves nothing.")
    from documents import revocation  # noqa: PLC0415

    return await revocation.gather(key.signer, service)


def _reserved(key: seal_keys.Key, service: Any) -> int:
    """Hexadecimal digits for the signature: enough at once, so that nothing is tried twice.

    pyHanko would otherwise sign a dummy, and ask for a timestamp on it, to learn the size.
    """
    from documents import timestamps  # noqa: PLC0415

    size = OWN_BYTES + len(key.certificate.chain)  # as PEM, which is longer than what is stored
    if service is not None:
        size += timestamps.LARGEST
    return 2 * size


@cache
def made_with() -> dict[str, str]:
    """Versions of the programs that made the file."""
    return {name: version(name) for name in ("weasyprint", "pyhanko")}
