"""Sealed documents, and everything that could be done to one: each function makes one bad file.

Nothing here needs a database. ``good()`` is made once for a whole run.
"""

import hashlib
import io
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785
import time_machine
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.generic import NameObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pypdf import PdfReader, PdfWriter

from documents import offline, seal_making
from documents.incremental import UntouchedMetadata
from documents.rendering import File, html_to_pdf
from support import trails

CODE = "0123456789abcdef0123456789abcdef"
AGREEMENT = "11111111-2222-4333-8444-555555555555"
PARTIES = ["aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"]
FROZEN_AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
DER = serialization.Encoding.DER
NAME = "Handschlag Test"


@dataclass(frozen=True, slots=True)
class Maker:
    """Somebody with a key: the portal, or whoever would like to be it."""

    signer: SimpleSigner
    root: x509.Certificate
    certificate: x509.Certificate


@cache
def maker(name: str, *, at: datetime | None = None, days: int = 3 * 365, number: int = 0) -> Maker:
    """Key, certificate and root as ``make_seal_key`` makes them; ``number`` for another one."""
    with tempfile.TemporaryDirectory() as folder:
        seal_making.make(Path(folder), name=name, at=at or datetime.now(UTC), days=days)
        own, root = x509.load_pem_x509_certificates((Path(folder) / "certificate.pem").read_bytes())
        pem = (Path(folder) / "key.pem").read_bytes()
    private = serialization.load_pem_private_key(pem, None)
    return Maker(_signer(private, own, [root]), root, own)


def _signer(key: Any, own: x509.Certificate, others: Sequence[x509.Certificate]) -> SimpleSigner:
    plain = serialization.NoEncryption()
    der = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, plain)
    store = SimpleCertificateStore()
    store.register_multiple([_asn1(each) for each in others])
    return SimpleSigner(_asn1(own), asn1_keys.PrivateKeyInfo.load(der), store)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(DER))


def portal() -> Maker:
    return maker(NAME)


def stranger() -> Maker:
    return maker("Somebody Else")


# ---- Good ones ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Good:
    body: bytes  # before the seal
    sealed: bytes
    trust: list[x509.Certificate]
    head: tuple[int, str]  # number and hash of the last event of its log


@cache
def good() -> Good:
    body = document()
    return Good(body, sealed(body), [portal().root], head())


def annex() -> bytes:
    return rfc8785.dumps({"format": "handschlag-annex/1", "salt": "ab" * 32, "rules": []})


def agreement() -> bytes:
    digest = hashlib.sha256(annex()).hexdigest()
    return rfc8785.dumps(
        {
            "format": "handschlag-agreement/2",
            "agreement": AGREEMENT,
            "version": 1,
            "frozen_at": "2026-05-04T09:30:00Z",
            "annexes": [
                {"parties": PARTIES, "sha256": digest},
                {"parties": PARTIES[::-1], "sha256": "0" * 64},  # one that this reader may not see
            ],
        }
    )


@cache
def event_log() -> bytes:
    """Two events of which only the hashes are told, then freezing, signing, coming into force."""
    previous = trails.genesis(AGREEMENT)
    events: list[dict[str, Any]] = []
    digest = hashlib.sha256(agreement()).hexdigest()
    for seq, kind in enumerate(("", "", "frozen", "signed", "in_force"), start=1):
        content = {
            "format": "handschlag-event/1",
            "agreement": AGREEMENT,
            "seq": seq,
            "kind": kind,
            "at": "2026-05-04T09:30:00.000000Z",
            "data": {"version": 1, "sha256": digest},
        }
        salt = f"{seq:064x}"
        of = trails.digest(content, salt)
        event = {"seq": seq, "previous": previous, "digest": of}
        event["hash"] = previous = trails.link(seq, previous, of)
        if kind:
            event |= {"salt": salt, "content": content}
        events.append(event)
    return rfc8785.dumps(
        {
            "format": "handschlag-event-log/1",
            "agreement": AGREEMENT,
            "genesis": trails.genesis(AGREEMENT),
            "events": events,
        }
    )


def head() -> tuple[int, str]:
    import json

    last = json.loads(event_log())["events"][-1]
    return last["seq"], last["hash"]


def files(text: bytes | None = None) -> list[File]:
    def file(name: str, content: bytes, relationship: str) -> File:
        return File(name, content, f"Description of {name}", relationship, FROZEN_AT)

    return [
        file("agreement.json", text or agreement(), "Source"),
        file("annex-1.json", annex(), "Source"),
        file("event-log.json", event_log(), "Data"),
        file("pruefen-verify.txt", offline.instructions(), "Supplement"),
    ]


def document(text: str = "Eine Vereinbarung.", *, code: str = CODE, attached: Any = None) -> bytes:
    """A PDF like an agreement's, before the seal: two pages and its files."""
    html = (
        '<html lang="de"><head><title>Vereinbarung</title></head><body>'
        f'<h1>Vereinbarung</h1><p>{text}</p><h2 style="break-before: page">Regeln</h2>'
        "<p>Wir machen es im Sinne vom Kodex.</p></body></html>"
    )
    return html_to_pdf(
        html,
        files=files() if attached is None else attached,
        identifier=f"urn:handschlag:{code}" if code else "",
    )


def sealed(
    pdf: bytes,
    by: Maker | None = None,
    *,
    at: datetime | None = None,
    timestamper: Any = None,
    field: str = "Handschlag",
    reserved: int = 16384,
    **metadata: Any,
) -> bytes:
    """``pdf`` sealed as the portal does it, but by anybody, at any time, or with other marks."""
    by = by or portal()
    wanted: dict[str, Any] = {
        "field_name": field,
        "md_algorithm": "sha256",
        "subfilter": fields.SigSeedSubFilter.PADES,
        "certify": True,
        "docmdp_permissions": fields.MDPPerm.NO_CHANGES,
    }
    spec = fields.SigFieldSpec(
        field, invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True)
    )
    signer = signers.PdfSigner(
        signers.PdfSignatureMetadata(**(wanted | metadata)),
        signer=by.signer,
        timestamper=timestamper,
        new_field_spec=spec,
    )
    with _clock(at):
        writer = UntouchedMetadata(io.BytesIO(pdf))
        out = signer.sign_pdf(writer, bytes_reserved=reserved, in_place=False)
    return bytes(out.getvalue())


@contextmanager
def _clock(at: datetime | None) -> Iterator[None]:
    if at is None:
        yield
        return
    with time_machine.travel(at, tick=False):
        yield


# ---- Timestamps --------------------------------------------------------------------------------


@cache
def timestamp_authority(name: str) -> tuple[Any, x509.Certificate]:
    """Key and certificate of a self-signed timestamp authority."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=4000))
        .not_valid_after(now + timedelta(days=4000))
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


TIMESTAMPS = "Test Timestamps"


def timestamper(at: datetime, name: str = TIMESTAMPS) -> DummyTimeStamper:
    key, certificate = timestamp_authority(name)
    der = key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DummyTimeStamper(
        tsa_cert=_asn1(certificate),
        tsa_key=asn1_keys.PrivateKeyInfo.load(der),
        fixed_dt=at,
    )


# ---- Done to the bytes -------------------------------------------------------------------------


def bytes_appended(pdf: bytes) -> bytes:
    return pdf + b"% nothing to see here\n"


def newline_appended(pdf: bytes) -> bytes:
    return pdf + b"\n"


def second_end(pdf: bytes) -> bytes:
    return pdf + b"%%EOF\n"


def long_tail(pdf: bytes) -> bytes:
    return pdf + b"\0" * 5000


def second_file_behind(pdf: bytes) -> bytes:
    """A whole other PDF behind the sealed one: readers show whichever ends the file."""
    return pdf + document("Etwas ganz anderes.", code="")


def cut_in_the_seal(pdf: bytes) -> bytes:
    return pdf[:-900]


def cut_at_the_end(pdf: bytes) -> bytes:
    return pdf[:-4]


def cut_in_the_body(pdf: bytes) -> bytes:
    return pdf[: len(good().body) // 2]


def cut_before_the_seal(pdf: bytes) -> bytes:
    return pdf[: len(good().body)]


def language_changed(pdf: bytes) -> bytes:
    assert pdf.count(b"/Lang (de)") == 1  # in the seal's revision of the catalogue
    return pdf.replace(b"/Lang (de)", b"/Lang (en)")


def attachment_flipped(pdf: bytes) -> bytes:
    """One attached file replaced where it lies, by another of the same length."""
    match = re.search(rb"/EmbeddedFile.*?/Length (\d+)>>\s*stream\r?\n", pdf, re.DOTALL)
    assert match is not None
    begin, length = match.end(), int(match[1])
    content = zlib.decompress(pdf[begin : begin + length])
    for level in range(10):
        other = zlib.compress(content.replace(b"2026-05-04", b"2026-05-05"), level)
        if len(other) == length:
            return pdf[:begin] + other + pdf[begin + length :]
    spare = bytearray(pdf)
    spare[begin + length // 2] ^= 1
    return bytes(spare)


def contents(pdf: bytes) -> re.Match[bytes]:
    match = re.search(rb"/Contents <([0-9A-Fa-f]{2000,})>", pdf)
    assert match is not None
    return match


def signature_flipped(pdf: bytes) -> bytes:
    """One digit of the signature value, which ends where the zeros begin."""
    match = contents(pdf)
    last = match.start(1) + len(match[1].rstrip(b"0")) - 10
    return pdf[:last] + (b"0" if pdf[last : last + 1] != b"0" else b"1") + pdf[last + 1 :]


def signature_garbled(pdf: bytes) -> bytes:
    begin = contents(pdf).start(1)
    return pdf[:begin] + b"3F" * 200 + pdf[begin + 400 :]


def hidden_in_the_gap(pdf: bytes) -> bytes:
    """A note in the zeros behind the signature: the only bytes that no signature can be over."""
    end = contents(pdf).end(1)
    note = b"Nobody looks here".hex().encode()
    return pdf[: end - 100 - len(note)] + note + pdf[end - 100 :]


def other_case_in_the_gap(pdf: bytes) -> bytes:
    match = contents(pdf)
    digits = match[1]
    other = digits.lower() if digits.upper() == digits else digits.upper()
    middle = len(digits.rstrip(b"0")) // 2
    return pdf[: match.start(1)] + digits[:middle] + other[middle:] + pdf[match.end(1) :]


# ---- Done with PDF tools -----------------------------------------------------------------------


def saved_anew(pdf: bytes) -> bytes:
    """As a viewer's "save as" or a printer driver does it: no seal is left."""
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(pdf)).pages:
        writer.add_page(page)
    return _written(writer)


def cloned(pdf: bytes) -> bytes:
    """Written anew with everything that was in it, the seal's field and code included."""
    return _written(PdfWriter(clone_from=io.BytesIO(pdf)))


def cropped(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.pages[0].cropbox.upper_right = (300, 400)
    return _written(writer)


def page_removed(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.remove_page(writer.pages[1])
    return _written(writer)


def attachment_replaced(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    for file in writer.attachment_list:
        if file.name == "agreement.json":
            file.content = b'{"format":"handschlag-agreement/2","version":1}'
    return _written(writer)


def encrypted(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.encrypt("", owner_password="owner", algorithm="AES-256")
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def update_appended(pdf: bytes) -> bytes:
    """A note in the catalogue: nothing that anybody could see."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root["/Note"] = pdf_name("/Harmless")
        writer.update_root()

    return updated(pdf, change)


def cropped_by_update(pdf: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        from pyhanko.pdf_utils.generic import ArrayObject

        page = writer.root["/Pages"]["/Kids"][0]
        page["/CropBox"] = ArrayObject(NumberObject(number) for number in (0, 0, 300, 400))
        writer.update_container(page)

    return updated(pdf, change)


def shadowed(pdf: bytes) -> bytes:
    """What was sealed shows again something else: the second page's content on the first."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        first, second = writer.root["/Pages"]["/Kids"][0], writer.root["/Pages"]["/Kids"][1]
        first[NameObject("/Contents")] = second.raw_get("/Contents")
        writer.update_container(first)

    return updated(pdf, change)


def attachment_replaced_by_update(pdf: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        stream = names[1]["/EF"]["/F"]
        stream._data, stream._encoded_data = b'{"version":2}', None
        writer.update_container(stream)

    return updated(pdf, change)


# ---- Done with keys ----------------------------------------------------------------------------


def signed_again(pdf: bytes) -> bytes:
    """A second signature; pyHanko refuses to put one on what forbids it until nothing does."""

    def allow(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/Perms"]
        writer.update_root()

    signed = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(updated(pdf, allow))),
        signers.PdfSignatureMetadata(field_name="Second", md_algorithm="sha256"),
        signer=stranger().signer,
        bytes_reserved=8192,
    )
    return bytes(signed.getvalue())


def sealed_by_stranger(_: bytes) -> bytes:
    return sealed(document(code=""), stranger())


def sealed_in_our_name(_: bytes) -> bytes:
    """A key of somebody's own, with certificates that are called like the portal's."""
    return sealed(document(code=""), maker(NAME, number=1))


def fake_with_our_code(_: bytes) -> bytes:
    return sealed(document("Ganz andere Bedingungen.", code=CODE), stranger())


def saved_anew_and_signed(pdf: bytes) -> bytes:
    return sealed(saved_anew(pdf), stranger())


def update_below_the_seal(_: bytes) -> bytes:
    """Another text hidden in a revision below: the portal seals what it has just rendered."""
    return sealed(update_appended(good().body))


def not_certified(_: bytes) -> bytes:
    return sealed(good().body, certify=False)


def changes_allowed(_: bytes) -> bytes:
    return sealed(good().body, docmdp_permissions=fields.MDPPerm.FILL_FORMS)


def other_field(_: bytes) -> bytes:
    return sealed(good().body, field="Signature1")


def other_algorithm(_: bytes) -> bytes:
    return sealed(good().body, md_algorithm="sha512")


def other_form(_: bytes) -> bytes:
    return sealed(good().body, subfilter=fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
