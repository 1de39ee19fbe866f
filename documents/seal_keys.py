"""Where the portal's seal comes from: a key with its certificate, in files or a PKCS#11 token.

Only the processes that seal need to read the key; the certificates are for everybody.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.conf import settings
from django.utils import timezone


class Unusable(Exception):
    """There is no key to seal with, or it must not be used; ``str(error)`` says what to do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The seal's certificate; ``chain`` is PEM, its own first, ``sha256`` of its DER."""

    sha256: str
    chain: str
    subject: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Key:
    certificate: Certificate
    signer: Any  # pyHanko's Signer


def load() -> Key:
    """The key to seal with now; raises ``Unusable``."""
    from asn1crypto import keys as asn1_keys  # noqa: PLC0415
    from asn1crypto import x509 as asn1_x509  # noqa: PLC0415
    from pyhanko.sign.signers import SimpleSigner  # noqa: PLC0415
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    certificate = configured()
    if not certificate.not_before <= timezone.now() <= certificate.not_after:
        raise Unusable(
            f"The seal's certificate is valid from {certificate.not_before:%Y-%m-%d} to "
            f"{certificate.not_after:%Y-%m-%d}, not today. See docs/evidence.md, Rotation."
        )
    try:
        pem = Path(settings.SEAL_KEY_FILE).read_bytes()
        password = settings.SEAL_KEY_PASSWORD.encode() or None
        private = serialization.load_pem_private_key(pem, password=password)
    except (OSError, ValueError, TypeError) as error:
        raise Unusable(f"The seal's key cannot be read: {error}") from error
    own, *others = x509.load_pem_x509_certificates(certificate.chain.encode())
    if private.public_key() != own.public_key():
        raise Unusable("The seal's key and its certificate do not belong together.")
    der = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    def loaded(each: x509.Certificate) -> Any:
        return asn1_x509.Certificate.load(each.public_bytes(serialization.Encoding.DER))

    store: Any = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple([loaded(each) for each in others])
    signer = SimpleSigner(loaded(own), asn1_keys.PrivateKeyInfo.load(der), store)
    return Key(certificate, signer)


def configured() -> Certificate:
    """The certificate that is configured, valid today or not; raises ``Unusable``."""
    path = Path(settings.SEAL_CERTIFICATE_FILE)
    try:
        return read(path.read_text("ascii"))
    except FileNotFoundError:
        raise Unusable(
            f"There is no seal: {path} is missing. bin/manage make_seal_key makes one."
        ) from None
    except (OSError, ValueError) as error:
        raise Unusable(f"The seal's certificate cannot be read: {error}") from error


def read(pem: str) -> Certificate:
    """A chain in PEM, the seal's own certificate first; raises ``ValueError``."""
    own = x509.load_pem_x509_certificates(pem.encode())[0]
    return Certificate(
        sha256=own.fingerprint(hashes.SHA256()).hex(),
        chain=pem,
        subject=own.subject.rfc4514_string(),
        not_before=own.not_valid_before_utc,
        not_after=own.not_valid_after_utc,
    )


def trusted() -> list[x509.Certificate]:
    """The roots that a seal of this portal may come from, today's and earlier ones."""
    found = []
    for path in sorted(Path(settings.SEAL_TRUST_DIR).glob("*.pem")):
        found += x509.load_pem_x509_certificates(path.read_bytes())
    return found
