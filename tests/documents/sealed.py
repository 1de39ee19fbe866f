"""What the tests of the seal share: a PDF to seal, and a look at what came out of it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import page
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from documents import seal_keys
from documents.rendering import html_to_pdf

HTML = """<!doctype html><html lang="de"><head><title>Vertrag</title></head>
<body><h1>Vertrag</h1><p>Wir arbeiten zusammen.</p></body></html>"""


@cache
def unsealed() -> bytes:
    return html_to_pdf(HTML, identifier="urn:handschlag:test")


def status(
    pdf: bytes, roots: Sequence[x509.Certificate], stamps: Sequence[x509.Certificate] = ()
) -> PdfSignatureStatus:
    """pyHanko's verdict on the only signature, with these roots and without any network."""
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, _trusting(roots), _trusting(stamps))


def _trusting(roots: Sequence[x509.Certificate]) -> ValidationContext:
    return ValidationContext(trust_roots=[seal_keys.asn1(root) for root in roots])


@dataclass(frozen=True)
class Inside:
    revisions: int
    certificates: int  # in the document security store
    lists: int


def inside(pdf: bytes) -> Inside:
    reader = PdfFileReader(io.BytesIO(pdf))
    revisions = reader.xrefs.total_revisions
    if "/DSS" not in reader.root:
        return Inside(revisions, 0, 0)
    store = DocumentSecurityStore.read_dss(reader)
    return Inside(revisions, len(store.certs), len(store.crls))


def profiles(pdf: bytes) -> dict[str, bool]:
    """What the validator says to PDF/A-3a and PDF/UA-1."""
    return {
        profile: page.validate_pdf_bytes(pdf, profile=profile).is_compliant
        for profile in ("3a", "ua1")
    }


BOTH = {"3a": True, "ua1": True}
