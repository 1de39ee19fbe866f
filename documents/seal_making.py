"""A key and a certificate for the portal's seal, made on the spot, and others in their place.

For firms that know the portal this is as good as a bought one; for strangers a certificate of a
public trust service says more. Either is configured in the same way.

The folder::

    key.pem          -> current/key.pem
    certificate.pem  -> current/certificate.pem
    current          -> pairs/3f2a.../           the one link that a rotation changes
    pairs/3f2a.../   key.pem (0600), certificate.pem
    retired/91bc.../ the pair before
    trusted/         the roots of all of them
"""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from documents.seal_keys import Certificate, read

YEARS = 3
FILES = ("key.pem", "certificate.pem")
PEM = serialization.Encoding.PEM


class NotOurs(Exception):
    """The key was not made by ``make``: it is replaced by whoever put it there."""


def make(folder: Path, *, name: str, at: datetime, days: int = YEARS * 365) -> Certificate:
    """Write a pair and its root; raises ``FileExistsError`` for an earlier key."""
    if (folder / "key.pem").exists():
        raise FileExistsError(17, "There is a key already", str(folder / "key.pem"))
    pair, root, made = _write_pair(folder, name=name, at=at, days=days)
    try:  # only one of two who make a key at the same time can make this link
        (folder / "current").symlink_to(pair.relative_to(folder))
    except FileExistsError:
        root.unlink()
        shutil.rmtree(pair)
        raise
    for file in FILES:
        _link(folder / file, f"current/{file}")
    return made


def rotate(folder: Path, *, name: str, at: datetime, days: int = YEARS * 365) -> Certificate:
    """Put a new pair in the place of the present one, which goes to ``retired/<fingerprint>/``.

    Whoever seals meanwhile finds the one pair or the other: they change places by one link. The old
    root stays in ``trusted/``, so what was sealed before stays valid. Raises ``NotOurs``, and
    ``FileNotFoundError`` when there is none yet.
    """
    for file in FILES:
        (folder / file).stat()
    if not (folder / "current").is_symlink():
        _move_in(folder)
    if any(not _leads_to_current(folder, file) for file in FILES):
        raise NotOurs(f"{folder / 'key.pem'} was not made by this command.")
    before = (folder / "current").resolve()
    pair, _root, made = _write_pair(folder, name=name, at=at, days=days)
    _link(folder / "current", str(pair.relative_to(folder)))
    retired = folder / "retired"
    retired.mkdir(mode=0o755, exist_ok=True)
    before.rename(retired / before.name)
    return made


def _write_pair(
    folder: Path, *, name: str, at: datetime, days: int
) -> tuple[Path, Path, Certificate]:
    """Folder of the pair and file of its root.

    The root signs this one certificate and its key is forgotten, so that nothing else can ever be
    issued in its name.
    """
    trusted = folder / "trusted"
    trusted.mkdir(mode=0o755, parents=True, exist_ok=True)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    until = at + timedelta(days=days)
    issuer = f"{name} Root {at:%Y}"
    root = _certificate(issuer, root_key, issuer, root_key, at, until)
    own = _certificate(name, key, issuer, root_key, at, until)
    chain = own.public_bytes(PEM) + root.public_bytes(PEM)
    made = read(chain.decode("ascii"))
    pair = folder / "pairs" / made.sha256
    pair.mkdir(mode=0o755, parents=True)
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(pair / "key.pem", secret, 0o600)
    _write(pair / "certificate.pem", chain, 0o644)
    root_file = trusted / f"{root.fingerprint(hashes.SHA256()).hex()[:16]}.pem"
    _write(root_file, root.public_bytes(PEM), 0o644)
    return pair, root_file, made


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fsync(handle)


def _link(path: Path, target: str) -> None:
    """Make ``path`` a link to ``target``, at one stroke, whatever it was before."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def _move_in(folder: Path) -> None:
    """Bring plain files into the form above; the pair is the same at each step of it."""
    found = read((folder / "certificate.pem").read_text("ascii"))
    pair = folder / "pairs" / found.sha256
    pair.mkdir(mode=0o755, parents=True, exist_ok=True)
    for file, mode in zip(FILES, (0o600, 0o644), strict=True):
        (pair / file).unlink(missing_ok=True)
        _write(pair / file, (folder / file).read_bytes(), mode)
    _link(folder / "current", str(pair.relative_to(folder)))
    for file in FILES:
        _link(folder / file, f"current/{file}")


def _leads_to_current(folder: Path, file: str) -> bool:
    path = folder / file
    return path.is_symlink() and path.readlink() == Path("current") / file


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
