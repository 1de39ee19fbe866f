"""The portal's seal on a PDF: one PAdES signature, certified so that nothing may change after it.

It is put once, when everybody has signed: it says that the file is the portal's own and unchanged.
Who signed what, and how, stands in the file.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version

from django.utils import timezone

from documents import seal_keys
from documents.models import Document, Seal
from documents.seal_keys import Certificate

FIELD = "Handschlag"  # name of the signature field in the PDF
RESERVED = 16384  # bytes for signature, certificates and timestamp: measured, not tried twice


class NotNow(Exception):
    """A seal cannot be had at this moment; the document waits at ``step``."""

    step = Document.Step.SEAL


class NoSeal(NotNow):
    """There is no key, or its certificate is not valid today: something for the operator."""


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
    """``pdf`` with the portal's seal, as an incremental update; raises ``NotNow``.

    Each call gives other bytes (signatures hold random values and the time), so the caller has to
    see to it that one result only is ever kept.
    """
    from pyhanko.sign import fields, signers  # noqa: PLC0415 -- 0.4 s that only workers need

    from documents.incremental import UntouchedMetadata  # noqa: PLC0415

    try:
        key = seal_keys.load()
    except seal_keys.Unusable as error:
        raise NoSeal(str(error)) from error
    now = timezone.now()
    writer = UntouchedMetadata(io.BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=key.certificate.subject,
    )
    field = fields.SigFieldSpec(
        FIELD,
        readable_field_name="Siegel des Portals Handschlag / Seal of the portal Handschlag",
        invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True),
    )
    signer = signers.PdfSigner(metadata, signer=key.signer, new_field_spec=field)
    sealed = signer.sign_pdf(writer, bytes_reserved=RESERVED, in_place=False)
    return Sealed(
        content=sealed.getvalue(),
        level=Seal.Level.BASIC,
        certificate=key.certificate,
        sealed_at=now,
        timestamp_at=None,
        made_with=made_with(),
    )


@cache
def made_with() -> dict[str, str]:
    """Versions of the programs that made the file."""
    return {name: version(name) for name in ("weasyprint", "pyhanko")}
