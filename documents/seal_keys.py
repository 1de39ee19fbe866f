"""Where the portal's seal comes from: a key with its certificate, in files or a PKCS#11 token.

Only the processes that seal need to read the key; the certificates are for everybody. A key is
loaded once per process, and again when its file has changed.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.conf import settings
from django.utils import timezone

from documents import loops


class Unusable(Exception):
    """There is no key to seal with, or it must not be used; ``str(error)`` says what to do."""


class Unreadable(Unusable):
    """This process may not read the key's file: right for one that never seals."""


class Mismatched(Unusable):
    """Key and certificate do not belong together."""


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
    errors: tuple[type[Exception], ...]  # that signing raises when it fails


def load() -> Key:
    """The key to seal with now; raises ``Unusable``."""
    certificate = configured()
    while True:
        try:
            return _load(certificate)
        except Unusable:
            # A rotation between the two reads gives the old certificate and the new key.
            later = configured()
            if later == certificate:
                raise
            certificate = later


def forget() -> None:
    """Load the key anew next time, and open the token anew: after a failure."""
    _signer_of_file.cache_clear()
    _signer_of_token.cache_clear()


def configured() -> Certificate:
    """The certificate that is configured, valid today or not; raises ``Unusable``."""
    path = Path(settings.SEAL_CERTIFICATE_FILE)
    try:
        try:
            return read(path.read_text("ascii"))
        except FileNotFoundError:  # or its folder was retired while the path was followed
            return read(path.read_text("ascii"))
    except FileNotFoundError:
        raise Unusable(
            f"There is no seal: {path} is missing. bin/manage make_seal_key makes one."
        ) from None
    except (OSError, ValueError, IndexError) as error:
        raise Unusable(f"The seal's certificate {path} cannot be read: {error}") from error


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


def asn1(certificate: x509.Certificate) -> Any:
    """The same certificate as pyHanko wants it."""
    from asn1crypto import x509 as asn1_x509  # noqa: PLC0415

    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _load(certificate: Certificate) -> Key:
    if not certificate.not_before <= timezone.now() <= certificate.not_after:
        raise Unusable(
            f"The seal's certificate is valid from {certificate.not_before:%Y-%m-%d} to "
            f"{certificate.not_after:%Y-%m-%d}, not today. See docs/seal.md, Rotation."
        )
    from pyhanko.sign.general import SigningError  # noqa: PLC0415

    if settings.SEAL_PKCS11_MODULE:
        from pkcs11 import PKCS11Error  # noqa: PLC0415 -- a library for those who have a token

        signer = _signer_of_token(
            os.getpid(),  # a session does not live on in a forked worker
            settings.SEAL_PKCS11_MODULE,
            settings.SEAL_PKCS11_TOKEN,
            settings.SEAL_PKCS11_KEY_LABEL,
            settings.SEAL_PKCS11_PIN,
            certificate.chain,
        )
        return Key(certificate, signer, errors=(SigningError, PKCS11Error))
    path = Path(settings.SEAL_KEY_FILE)
    signer = _signer_of_file(path, _checked(path), settings.SEAL_KEY_PASSWORD, certificate.chain)
    return Key(certificate, signer, errors=(SigningError,))


# ---- A key in a file


def _checked(path: Path) -> tuple[int, int, int]:
    """What tells this file from a later one in its place; raises ``Unusable`` for an open one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise Unusable(
            f"There is no seal: {path} is missing. bin/manage make_seal_key makes one."
        ) from None
    except OSError as error:
        raise Unreadable(f"The seal's key cannot be read: {error}") from error
    if found.st_mode & 0o077:
        raise Unusable(
            f"Others than its owner may use the seal's key ({found.st_mode & 0o777:o}): "
            f"chmod 600 {path}. If others could read it before, rotate it."
        )
    return found.st_ino, found.st_mtime_ns, found.st_size


@lru_cache(maxsize=1)
def _signer_of_file(path: Path, state: tuple[int, int, int], password: str, chain: str) -> Any:
    from asn1crypto import keys as asn1_keys  # noqa: PLC0415
    from pyhanko.sign.signers import SimpleSigner  # noqa: PLC0415

    try:
        pem = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"The seal's key cannot be read: {error}") from error
    try:
        private = serialization.load_pem_private_key(pem, password=password.encode() or None)
    except (ValueError, TypeError) as error:
        raise Unusable(f"The seal's key {path} cannot be used: {error}") from error
    own, *others = x509.load_pem_x509_certificates(chain.encode())
    if private.public_key() != own.public_key():
        raise Mismatched("The seal's key and its certificate do not belong together.")
    der = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SimpleSigner(asn1(own), asn1_keys.PrivateKeyInfo.load(der), _store(others))


def _store(certificates: list[x509.Certificate]) -> Any:
    from pyhanko_certvalidator.registry import SimpleCertificateStore  # noqa: PLC0415

    store: Any = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple([asn1(each) for each in certificates])
    return store


# ---- A key in a PKCS#11 token

_sessions: list[tuple[int, Any]] = []  # the open one, with the process that opened it
_refused_pins: set[tuple[str, str]] = set()  # hashes; a token locks itself after a few wrong ones


@lru_cache(maxsize=1)
def _signer_of_token(
    _process: int, module: str, token: str, label: str, pin: str, chain: str
) -> Any:
    """A signer with an open session, tried out once; raises ``Unusable``."""
    from pkcs11 import PKCS11Error  # noqa: PLC0415
    from pyhanko.sign.pkcs11 import PKCS11Signer  # noqa: PLC0415

    own, *others = x509.load_pem_x509_certificates(chain.encode())
    signer = PKCS11Signer(
        _session(module, token, pin),
        signing_cert=asn1(own),
        ca_chain=[asn1(each) for each in others],
        key_label=label,
        # Hashed here, signed there: every token can do that, SoftHSM can do nothing else.
        use_raw_mechanism=isinstance(own.public_key(), ec.EllipticCurvePublicKey),
    )
    probe = b"Handschlag"
    try:
        signature = loops.run(signer.async_sign_raw(probe, "sha256"))
    except PKCS11Error as error:
        raise Unusable(f"The key {label!r} in the token {token!r} {_failed(error)}") from error
    if not _signed_by(own, signature, probe):
        raise Mismatched("The seal's key in the token and its certificate do not belong together.")
    return signer


def _session(module: str, token: str, pin: str) -> Any:
    from pkcs11 import PKCS11Error  # noqa: PLC0415
    from pkcs11.exceptions import PinIncorrect, PinLenRange, PinLocked  # noqa: PLC0415
    from pyhanko.config.pkcs11 import TokenCriteria  # noqa: PLC0415
    from pyhanko.sign.pkcs11 import open_pkcs11_session  # noqa: PLC0415

    secret = hashes.Hash(hashes.SHA256())
    secret.update(f"{module}\0{token}\0{pin}".encode())
    tried = (token, secret.finalize().hex())
    if tried in _refused_pins:
        raise Unusable(
            f"The token {token!r} refused this PIN, so it is not tried again: it would lock "
            "itself. Correct SEAL_PKCS11_PIN and start the workers again."
        )
    while _sessions:  # whoever is logged in already cannot log in again
        process, earlier = _sessions.pop()
        if process == os.getpid():
            with suppress(PKCS11Error):  # it may have ended by itself
                earlier.close()
    try:
        session = open_pkcs11_session(
            module, token_criteria=TokenCriteria(label=token), user_pin=pin
        )
    except (PKCS11Error, OSError, RuntimeError) as error:
        if isinstance(error, PinIncorrect | PinLenRange | PinLocked):
            _refused_pins.add(tried)
        raise Unusable(f"The token {token!r} {_failed(error)}") from error
    _sessions.append((os.getpid(), session))
    return session


def _failed(error: Exception) -> str:
    return f"cannot be used: {type(error).__name__} {error}".rstrip()


def _signed_by(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False  # only these two kinds are offered in tokens
    except InvalidSignature:
        return False
    return True
