"""One signature of a PDF: is it the portal's seal, does it hold, and when was it made?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import (
    PdfSignatureStatus,
    TimestampSignatureStatus,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import CertificateRegistry

from documents.examining import outside
from documents.examining.findings import Fault
from documents.examining.opening import Reader, TooComplex

FIELD = "Handschlag"
SUBFILTER = "/ETSI.CAdES.detached"
SIGNATURES = 20  # more of them make a file a thing of its own
CERTIFICATES = 50  # that come with one signature or one timestamp
ISSUERS = 500  # looked for; the portal's own seals need fewer than ten
AHEAD = timedelta(minutes=5)  # that a clock may go before ours
APART = timedelta(minutes=15)  # between sealing and its timestamp, one request after the other
USAGE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


@dataclass(frozen=True, slots=True)
class Found:
    """The filled signature fields of a file, and of them what can be read as signatures."""

    fields: int
    signatures: list[EmbeddedPdfSignature]

    @property
    def is_damaged(self) -> bool:
        return not self.signatures

    @classmethod
    def in_file(cls, reader: Reader) -> Self:
        signatures = []
        fields = list(enumerate_sig_fields(reader, filled_status=True))[: SIGNATURES + 1]
        if len(fields) > SIGNATURES:
            raise TooComplex
        for name, _value, reference in fields:
            try:
                signatures.append(EmbeddedPdfSignature(reader, reference.get_object(), name))
            except TooComplex:
                raise
            except Exception:  # noqa: S112 -- counted as a field, and a damaged one
                continue
        return cls(len(fields), signatures)


@dataclass(slots=True)
class Seal:
    revision: int  # of the file, counted from 0, that the signature came with
    end: int = 0  # of the bytes that it is over
    faults: list[Fault] = field(default_factory=list)
    is_ours: bool = False  # its certificate comes from a trusted root
    sealed_at: datetime | None = None
    timestamp_at: datetime | None = None
    timestamp_is_trusted: bool = False
    level: str = ""
    certificate_sha256: str = ""

    @property
    def is_foreign(self) -> bool:
        return Fault.FOREIGN_KEY in self.faults


async def judged(
    embedded: EmbeddedPdfSignature,
    data: bytes,
    *,
    trust: Sequence[x509.Certificate],
    timestamp_trust: Sequence[x509.Certificate] | None,
    recorded_at: datetime | None,
    now: datetime,
) -> Seal:
    """What is right and wrong with one signature; other ones beside it are not looked at."""
    seal = Seal(revision=embedded.signed_revision)
    try:
        _form(embedded, data, seal)
        await _timestamp(embedded, seal, timestamp_trust)
        status = await _signature(embedded, seal, trust, recorded_at)
        _times(status.signing_cert, seal, recorded_at, now)
        _claims(status, seal, trust)
        _margins(embedded, status, seal, trust)
        _level(embedded, seal)
    except TooComplex:
        raise
    except Exception:  # a signature that cannot be read
        seal.faults.append(Fault.SEAL_DAMAGED)
    return seal


def _form(embedded: EmbeddedPdfSignature, data: bytes, seal: Seal) -> None:
    """Field, kind, certification and coverage as the portal makes them."""
    if embedded.field_name != FIELD:
        seal.faults.append(Fault.WRONG_FIELD)
    if (
        embedded.sig_object_type != "/Sig"
        or embedded.sig_object.get("/SubFilter") != SUBFILTER
        or embedded.signed_data["encap_content_info"]["content_type"].native != "data"
    ):
        seal.faults.append(Fault.WRONG_FORM)
    if embedded.md_algorithm != "sha256":
        seal.faults.append(Fault.WRONG_ALGORITHM)
    if embedded.docmdp_level is not MDPPerm.NO_CHANGES or not _certifies(embedded):
        seal.faults.append(Fault.NOT_CERTIFIED)
    start, length, again, rest = (int(number) for number in embedded.byte_range)
    span = outside.Span((length, again), again + rest)
    seal.end = span.end
    if start != 0 or span.end > len(data):
        seal.faults.append(Fault.BYTES_UNSIGNED)
        return
    if span.end < len(data) and embedded.reader.xrefs.total_revisions == seal.revision + 1:
        seal.faults.append(Fault.BYTES_APPENDED)
    if not outside.gap_holds_only(data, span, _der(embedded)):
        # In a file written anew the numbers lead anywhere; the digest says so.
        seal.faults.append(Fault.BYTES_UNSIGNED)


def _certifies(embedded: EmbeddedPdfSignature) -> bool:
    try:
        named = embedded.reader.root["/Perms"].raw_get("/DocMDP").reference
        return bool(named == embedded.sig_field.raw_get("/V").reference)
    except (KeyError, AttributeError):
        return False


def _der(embedded: EmbeddedPdfSignature) -> bytes:
    """The signature without the zeros behind it."""
    _class, _method, _tag, header, content, trailer = parser.parse(embedded.pkcs7_content)
    return bytes(header + content + trailer)


async def _timestamp(
    embedded: EmbeddedPdfSignature, seal: Seal, trust: Sequence[x509.Certificate] | None
) -> None:
    tokens = list(generic_cms.extract_tst_data_iter(embedded.signer_info, signed=False))
    if not tokens:
        return
    try:
        token = tokens[0]
        seal.timestamp_at = token["encap_content_info"]["content"].parsed["gen_time"].native
        # At its own time: that of an authority whose certificate has ended since stays true.
        context = _context(embedded.reader, trust or (), seal.timestamp_at)
        found = await generic_cms.validate_tst_signed_data(
            token, context, generic_cms.message_imprint_checker(embedded.signer_info)
        )
        status = TimestampSignatureStatus(**found)
    except TooComplex:
        raise
    except Exception:  # a token that cannot be read
        seal.faults.append(Fault.TIMESTAMP_BROKEN)
        return
    if not (status.intact and status.valid) or len(tokens) > 1:
        seal.faults.append(Fault.TIMESTAMP_BROKEN)
    elif trust is not None and not status.trusted:
        seal.faults.append(Fault.TIMESTAMP_FOREIGN)
    seal.timestamp_is_trusted = status.trusted and len(tokens) == 1


async def _signature(
    embedded: EmbeddedPdfSignature,
    seal: Seal,
    trust: Sequence[x509.Certificate],
    recorded_at: datetime | None,
) -> PdfSignatureStatus:
    """Digest, signature and path; ended certificates are for ``_times`` to name."""
    signer = embedded.signer_cert
    seal.certificate_sha256 = signer.sha256.hex()
    seal.sealed_at = _utc(embedded.self_reported_timestamp)
    at = _proven(seal, recorded_at) or seal.sealed_at or signer.not_valid_before
    at = min(max(at, signer.not_valid_before), signer.not_valid_after)
    found = await generic_cms.cms_basic_validation(
        embedded.signed_data,
        raw_digest=embedded.compute_digest(),
        validation_context=_context(embedded.reader, trust, at),
        status_kwargs={"coverage": None, "docmdp_ok": None, "diff_result": None},
        key_usage_settings=USAGE,
    )
    status = PdfSignatureStatus(**found, has_seed_values=False)
    if not status.intact:
        seal.faults.append(Fault.CONTENT_CHANGED)
    if not status.valid:
        seal.faults.append(Fault.SEAL_DAMAGED)
    elif status.revoked:
        seal.faults.append(Fault.REVOKED)
    elif status.validation_path is None or status.trust_problem_indic is not None:
        seal.faults.append(Fault.FOREIGN_KEY)
    else:
        seal.is_ours = True
    return status


def _proven(seal: Seal, recorded_at: datetime | None) -> datetime | None:
    return seal.timestamp_at if seal.timestamp_is_trusted else recorded_at


def _times(
    certificate: asn1_x509.Certificate, seal: Seal, recorded_at: datetime | None, now: datetime
) -> None:
    begin, end = certificate.not_valid_before, certificate.not_valid_after
    proven = _proven(seal, recorded_at)
    at = proven or seal.sealed_at
    if at is None or at < begin:
        seal.faults.append(Fault.SEALED_EARLY)
    elif at > end:
        seal.faults.append(Fault.SEALED_AFTER_END)
    elif proven is None and now > end:
        seal.faults.append(Fault.END_UNPROVEN)
    if seal.sealed_at is not None and seal.sealed_at > now + AHEAD:
        seal.faults.append(Fault.SEALED_IN_FUTURE)
    if seal.timestamp_at is None:
        return
    if seal.timestamp_at > now + AHEAD:
        seal.faults.append(Fault.TIMESTAMP_FUTURE)
    # The token lies outside of what the seal covers: another could have been put in its place.
    if seal.sealed_at is not None and abs(seal.timestamp_at - seal.sealed_at) > APART:
        seal.faults.append(Fault.TIMESTAMP_APART)


def _claims(status: PdfSignatureStatus, seal: Seal, trust: Sequence[x509.Certificate]) -> None:
    """A foreign seal that bears the name of a trusted root's or what stands below one."""
    if not seal.is_foreign:
        return
    own = status.signing_cert
    roots = [_asn1(root) for root in trust]
    names = {root.subject.human_friendly for root in roots}
    if own.issuer.human_friendly in names or own.subject.human_friendly in names:
        seal.faults.append(Fault.BORROWED_NAME)


def _margins(
    embedded: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    seal: Seal,
    trust: Sequence[x509.Certificate],
) -> None:
    """What the signature is not over in its own bytes must be as the portal writes it.

    A seal is no secret container: what is changed there is found, even if it proves nothing.
    """
    if not seal.is_ours:
        return
    der = _der(embedded)
    data, signer = embedded.signed_data, embedded.signer_info
    unsigned = [each["type"].native for each in signer["unsigned_attrs"] or ()]
    wanted = [[], ["signature_time_stamp_token"]]
    holds = (
        cms.ContentInfo.load(der, strict=True)["content_type"].native == "signed_data"
        and _is_filled(der)
        and data["version"].native == signer["version"].native == "v1"
        and [each.dump() for each in data["digest_algorithms"]]
        == [signer["digest_algorithm"].dump()]
        # Names are compared without regard to capitals, here they must be the same bytes.
        and signer["sid"].chosen["issuer"].dump() == status.signing_cert.issuer.dump()
        and not data["crls"]
        and unsigned in wanted
        and _all_vouched_for(data, status, trust)
    )
    if not holds:
        seal.faults.append(Fault.SEAL_DAMAGED)


def _is_filled(der: bytes, depth: int = 0) -> bool:
    """Whether the values in ``der`` fill it, each in the shortest notation, down to the leaves."""
    while der:
        kind, method, tag, header, content, trailer = parser.parse(der)
        if (
            trailer
            or (kind, tag) == (0, 0)
            or (len(content) < 128) != (len(header) == 2)
            or depth > 30
        ):
            return False
        if len(header) > 2 and header[2] == 0:
            return False
        if method == 1 and not _is_filled(content, depth + 1):
            return False
        der = der[len(header) + len(content) :]
    return True


def _all_vouched_for(
    data: cms.SignedData, status: PdfSignatureStatus, trust: Sequence[x509.Certificate]
) -> bool:
    """Whether each certificate is the signer's, a trusted root, or signed by its issuer.

    Not the validator's path: it may hold the copy from the file in the root's place.
    """
    known = {status.signing_cert.dump()}
    known |= {root.public_bytes(serialization.Encoding.DER) for root in trust}
    present = [x509.load_der_x509_certificate(each.chosen.dump()) for each in data["certificates"]]
    for certificate in present:
        if certificate.public_bytes(serialization.Encoding.DER) in known:
            continue
        if not any(_issued(certificate, issuer) for issuer in (*present, *trust)):
            return False
    return True


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _level(embedded: EmbeddedPdfSignature, seal: Seal) -> None:
    """The level of PAdES that is proven: a timestamp of nobody's proves nothing."""
    seal.level = "B-B"
    if seal.timestamp_is_trusted:
        store = _store(embedded.reader)
        seal.level = "B-LT" if store and (store.ocsps or store.crls) else "B-T"


def _store(reader: PdfFileReader) -> DocumentSecurityStore | None:
    try:
        return DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return None


def _context(
    reader: PdfFileReader, trust: Sequence[x509.Certificate], at: datetime
) -> ValidationContext:
    """Nothing is fetched: what is known of revocations is in the file, or is not known."""
    wanted: dict[str, Any] = {
        "trust_roots": [_asn1(root) for root in trust],
        "moment": at,
        "allow_fetching": False,
        "revocation_mode": "soft-fail",
        "retroactive_revinfo": True,
    }
    registry = wanted["certificate_registry"] = _Registry()
    store = _store(reader)
    if store is None:
        return ValidationContext(**wanted)
    registry.register_multiple(store.load_certs())
    return store.as_validation_context(wanted)


class _Registry(CertificateRegistry):
    """With an end: of a dozen certificates that may all have issued each other, pyHanko would try
    every order, and that takes days."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held, self.left = 0, ISSUERS

    def register(self, cert: asn1_x509.Certificate) -> bool:
        self.held += 1
        if self.held > CERTIFICATES:
            raise TooComplex
        return bool(super().register(cert))

    def find_potential_issuers(self, *args: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise TooComplex
        return super().find_potential_issuers(*args)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _utc(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
