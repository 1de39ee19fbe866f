"""A key and a certificate for the portal's seal, made on the spot.

For firms that know the portal this is as good as a bought one; for strangers a certificate of a
public trust service says more. Either is configured in the same way.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from documents.seal_keys import Certificate, read

YEARS = 3


def make(folder: Path, *, name: str, at: datetime, days: int = YEARS * 365) -> Certificate:
    """Write ``key.pem`` (mode 0600), ``certificate.pem`` and the root in ``trusted/``.

    The root signs this one certificate and its key is forgotten, so nothing else can be issued in
    its name. An earlier root stays in ``trusted/``. Raises ``FileExistsError`` for an earlier key.
    """
    trusted = folder / "trusted"
    trusted.mkdir(mode=0o755, parents=True, exist_ok=True)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    until = at + timedelta(days=days)
    root = _certificate(
        f"{name} Root {at:%Y}", root_key, f"{name} Root {at:%Y}", root_key, at, until
    )
    own = _certificate(name, key, f"{name} Root {at:%Y}", root_key, at, until)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    handle = os.open(folder / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
    chain = own.public_bytes(pem) + root.public_bytes(pem)
    (folder / "certificate.pem").write_bytes(chain)
    fingerprint = root.fingerprint(hashes.SHA256()).hex()
    (trusted / f"{fingerprint[:16]}.pem").write_bytes(root.public_bytes(pem))
    return read(chain.decode("ascii"))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: datetime,
    until: datetime,
) -> x509.Certificate:
    is_root = key is issuer_key

    def named(common_name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

    usage = {
        "digital_signature": not is_root,
        "content_commitment": not is_root,
        "key_encipherment": False,
        "data_encipherment": False,
        "key_agreement": False,
        "key_cert_sign": is_root,
        "crl_sign": is_root,
        "encipher_only": False,
        "decipher_only": False,
    }
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), True)
        .add_extension(x509.KeyUsage(**usage), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    return builder.sign(issuer_key, hashes.SHA256())
