"""A certificate authority on this machine, with a timestamp service (RFC 3161) and lists of what it
revoked. ``openssl ts`` answers, not code of ours: so the tests prove that both ends understand.

The fixture ``authority`` points the settings at it; a module that uses it imports it. The service
answers properly until a test says otherwise: ``authority.mode = Mode.GARBAGE``.
"""

import atexit
import enum
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
HOUR = timedelta(hours=1)
CONFIG = """
[tsa]
default_tsa = service
[service]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Mode(enum.Enum):
    """How the timestamp service behaves."""

    ANSWERS = enum.auto()
    DOWN = enum.auto()  # hangs up without a word
    BUSY = enum.auto()  # HTTP 503
    REFUSES = enum.auto()  # a proper reply that says no
    HANGS = enum.auto()  # until the mode changes, 20 seconds at most
    TRICKLES = enum.auto()  # a byte now and then, without an end
    GARBAGE = enum.auto()
    HUGE = enum.auto()
    REDIRECTS = enum.auto()
    OTHER_NONCE = enum.auto()
    NO_NONCE = enum.auto()
    OTHER_IMPRINT = enum.auto()
    BROKEN = enum.auto()  # with one bit of its signature changed
    FOREIGN = enum.auto()  # signed by an authority that nobody trusts
    NEW_CERTIFICATE = enum.auto()  # a second one of the same authority
    FUTURE = enum.auto()  # its clock is an hour fast
    PAST = enum.auto()  # its clock is an hour slow


class Authority:
    """``requests`` counts the timestamps asked for, ``lists`` the revocation lists."""

    def __init__(self, folder: Path) -> None:
        self.mode = Mode.ANSWERS
        self.lists_are_down = False
        self.requests = self.lists = 0
        self._folder = folder
        self._lock = threading.Lock()
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority._answer(self)

            def do_GET(self) -> None:
                authority._revocation_list(self)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._root_key, self.root = self._make_root("Test Authority")
        foreign_key, foreign = self._make_root("Foreign Authority")
        self._revoked: list[int] = []
        self._services = {
            "own": self._make_service("own", self._root_key, self.root),
            "second": self._make_service("second", self._root_key, self.root),
            "foreign": self._make_service("foreign", foreign_key, foreign),
        }
        self.trust_file = folder / "root.pem"
        self.trust_file.write_bytes(self.root.public_bytes(PEM))
        (folder / "serial").write_text("01\n")
        (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def reset(self) -> None:
        self.mode, self.lists_are_down = Mode.ANSWERS, False
        self.requests = self.lists = 0
        self._revoked = []

    def close(self) -> None:
        self.mode = Mode.DOWN
        self._server.shutdown()
        self._server.server_close()

    def issue(
        self, common_name: str, public_key: Any, *, usage: Any = None, days: int = 365
    ) -> x509.Certificate:
        """A certificate by this authority, with the address of its revocation list."""
        return self._issue(self._root_key, self.root, common_name, public_key, usage, days)

    def issue_seal(self, folder: Path, key: Any, *, days: int = 365) -> x509.Certificate:
        """A seal that was bought: ``key.pem``, ``certificate.pem``, ``trusted/`` in ``folder``."""
        certificate = self.issue("Bought Seal", key.public_key(), days=days)
        (folder / "trusted").mkdir(parents=True)
        (folder / "trusted" / "root.pem").write_bytes(self.root.public_bytes(PEM))
        chain = certificate.public_bytes(PEM) + self.root.public_bytes(PEM)
        (folder / "certificate.pem").write_bytes(chain)
        (folder / "key.pem").write_bytes(_private(key))
        (folder / "key.pem").chmod(0o600)
        return certificate

    def revoke(self, certificate: x509.Certificate) -> None:
        self._revoked.append(certificate.serial_number)

    @property
    def service_certificate(self) -> x509.Certificate:
        """The one that timestamps are signed with."""
        return self._services["own"][1]

    # ---- certificates

    def _make_root(self, common_name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        key = rsa.generate_private_key(65537, 2048)
        name = _name(common_name)
        now = datetime.now(UTC)
        usage = {name: name in ("key_cert_sign", "crl_sign") for name in _USAGES}
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 24 * HOUR)
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        return key, certificate

    def _issue(
        self,
        issuer_key: rsa.RSAPrivateKey,
        issuer: x509.Certificate,
        common_name: str,
        public_key: Any,
        usage: Any,
        days: int,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        usages = {name: name in ("digital_signature", "content_commitment") for name in _USAGES}
        place = x509.DistributionPoint(
            [x509.UniformResourceIdentifier(f"{self.url}/list.crl")], None, None, None
        )
        key_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(issuer.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 24 * HOUR)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usages), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(key_identifier, critical=False)
            .add_extension(x509.CRLDistributionPoints([place]), critical=False)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        return builder.sign(issuer_key, hashes.SHA256())

    def _make_service(
        self, file: str, issuer_key: rsa.RSAPrivateKey, issuer: x509.Certificate
    ) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        key = rsa.generate_private_key(65537, 2048)
        stamping = ExtendedKeyUsageOID.TIME_STAMPING
        name = f"Timestamps {file}"
        certificate = self._issue(issuer_key, issuer, name, key.public_key(), stamping, 3000)
        (self._folder / f"{file}.key").write_bytes(_private(key))
        (self._folder / f"{file}.pem").write_bytes(certificate.public_bytes(PEM))
        (self._folder / f"{file}.chain").write_bytes(issuer.public_bytes(PEM))
        return key, certificate

    # ---- what it answers

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        question = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.requests += 1
        mode = self.mode
        if mode is Mode.DOWN:
            handler.close_connection = True
        elif mode is Mode.BUSY:
            handler.send_error(503)
        elif mode is Mode.REDIRECTS:
            handler.send_response(307)
            handler.send_header("Location", f"{self.url}/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        elif mode is Mode.HANGS:
            self._wait_while(mode)
        elif mode is Mode.TRICKLES:
            handler.send_response(200)
            handler.send_header("Content-Type", "application/timestamp-reply")
            handler.end_headers()
            self._trickle(handler)
        else:
            _send(handler, self._reply(tsp.TimeStampReq.load(question), mode))

    def _wait_while(self, mode: Mode, check: Any = None) -> None:
        until = datetime.now(UTC) + timedelta(seconds=20)
        pause = threading.Event()
        while self.mode is mode and datetime.now(UTC) < until:
            pause.wait(0.05)
            if check is not None:
                check()

    def _trickle(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with suppress(OSError):  # the other side has had enough
            self._wait_while(Mode.TRICKLES, lambda: handler.wfile.write(b"0"))

    def _reply(self, question: tsp.TimeStampReq, mode: Mode) -> bytes:
        if mode is Mode.GARBAGE:
            return b"<html>It works!</html>"
        if mode is Mode.HUGE:
            return bytes(2_000_000)
        if mode is Mode.REFUSES:
            refusal = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["Not today"]})
            return b"\x30" + bytes([len(refusal.dump())]) + bytes(refusal.dump())  # without a token
        if mode in (Mode.FUTURE, Mode.PAST):
            return self._reply_at(question, HOUR if mode is Mode.FUTURE else -HOUR)
        if mode is Mode.OTHER_NONCE:
            question["nonce"] = question["nonce"].native + 1
        elif mode is Mode.NO_NONCE:
            del question["nonce"]
        elif mode is Mode.OTHER_IMPRINT:
            question["message_imprint"]["hashed_message"] = bytes(32)
        service = {Mode.FOREIGN: "foreign", Mode.NEW_CERTIFICATE: "second"}.get(mode, "own")
        with self._lock:  # openssl keeps the serial number in a file
            reply = self._openssl(question.dump(force=True), service)
        # The signature is what a reply ends with.
        return reply[:-1] + bytes([reply[-1] ^ 1]) if mode is Mode.BROKEN else reply

    def _openssl(self, question: bytes, service: str) -> bytes:
        folder = self._folder
        (folder / "question").write_bytes(question)
        command: list[str | Path] = ["openssl", "ts", "-reply"]
        command += ["-config", folder / "openssl.cnf"]
        command += ["-queryfile", folder / "question", "-out", folder / "reply"]
        command += ["-signer", folder / f"{service}.pem", "-inkey", folder / f"{service}.key"]
        command += ["-chain", folder / f"{service}.chain"]
        subprocess.run(command, check=True, capture_output=True)
        return (folder / "reply").read_bytes()

    def _reply_at(self, question: tsp.TimeStampReq, distance: timedelta) -> bytes:
        """openssl takes the machine's clock only, so this one is made with pyHanko."""
        from pyhanko.sign.timestamps import DummyTimeStamper

        key, certificate = self._services["own"]
        stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(certificate.public_bytes(DER)),
            keys.PrivateKeyInfo.load(_private(key, DER)),
            fixed_dt=datetime.now(UTC).replace(microsecond=0) + distance,
        )
        return bytes(stamper.request_tsa_response(question).dump())

    def _revocation_list(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.lists += 1
        if self.lists_are_down:
            handler.send_error(503)
            return
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.subject)
            .last_update(now - HOUR)
            .next_update(now + 24 * HOUR)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()),
                critical=False,
            )
        )
        for serial in self._revoked:
            revoked = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(revoked.revocation_date(now - HOUR).build())
        _send(handler, builder.sign(self._root_key, hashes.SHA256()).public_bytes(DER))


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _private(key: Any, encoding: serialization.Encoding = PEM) -> bytes:
    format_, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return bytes(key.private_bytes(encoding, format_, secret))


def _send(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with suppress(OSError):  # the other side may have had enough
        handler.wfile.write(body)


@contextmanager
def running() -> Iterator[Authority]:
    """An authority for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="authority-") as folder:
        authority = Authority(Path(folder))
        try:
            yield authority
        finally:
            authority.close()


@cache
def shared() -> Authority:
    """One for the whole run: its keys take time."""
    whole_run = ExitStack()
    atexit.register(whole_run.close)
    return whole_run.enter_context(running())


@pytest.fixture
def authority(settings: Any) -> Iterator[Authority]:
    """The authority, with the portal asking it for timestamps."""
    one = shared()
    one.reset()
    settings.TIMESTAMP_URL = one.url
    settings.TIMESTAMP_TRUST_FILE = str(one.trust_file)
    yield one
    one.reset()
