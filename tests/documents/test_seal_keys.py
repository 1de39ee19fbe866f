"""The seal's key: made, loaded, refused, replaced; in a file and in a token."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core import checks, mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from documents import seal_checks, seal_keys, seal_making, sealing, tasks
from documents.models import Seal
from documents.seal_keys import Unusable
from documents.sealing import NoSeal
from tests.documents.authority import Authority, Mode, authority
from tests.documents.sealed import BOTH, profiles, status, unsealed

__all__ = ["authority"]  # a fixture


def use(settings: Any, folder: Path) -> Path:
    settings.SEAL_KEY_FILE = str(folder / "key.pem")
    settings.SEAL_CERTIFICATE_FILE = str(folder / "certificate.pem")
    settings.SEAL_TRUST_DIR = str(folder / "trusted")
    return folder


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Of a seal that this test may spoil."""
    use(settings, tmp_path / "seal")
    seal_making.make(tmp_path / "seal", name="Spoiled", at=timezone.now())
    return tmp_path / "seal"


def tree(folder: Path) -> dict[str, str]:
    """Its files with their modes, its links with where they lead; fingerprints left out."""
    return {
        str(path.relative_to(folder)): (
            f"-> {path.readlink()}" if path.is_symlink() else f"{path.stat().st_mode & 0o777:o}"
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


# ---- Making


def test_a_key_is_made_for_its_owner_alone(folder: Path) -> None:
    fingerprint = seal_keys.configured().sha256
    (root,) = (folder / "trusted").iterdir()

    assert tree(folder) == {
        "certificate.pem": "-> current/certificate.pem",
        "current": f"-> pairs/{fingerprint}",
        "key.pem": "-> current/key.pem",
        f"pairs/{fingerprint}/certificate.pem": "644",
        f"pairs/{fingerprint}/key.pem": "600",
        f"trusted/{root.name}": "644",
    }


def test_a_key_is_never_overwritten(folder: Path) -> None:
    before = tree(folder)

    with pytest.raises(FileExistsError):
        seal_making.make(folder, name="Second", at=timezone.now())

    assert tree(folder) == before


def test_of_two_who_make_a_key_at_once_one_does(settings: Any, tmp_path: Path) -> None:
    use(settings, tmp_path)

    together = threading.Barrier(2)

    def make(_: int) -> Any:
        together.wait(timeout=10)
        try:
            return seal_making.make(tmp_path, name="Race", at=timezone.now())
        except FileExistsError as error:
            return error

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(make, range(2)))

    (made,) = [each for each in results if not isinstance(each, FileExistsError)]
    assert seal_keys.load().certificate == made
    assert len(tree(tmp_path)) == 6


# ---- Loading


def test_the_key_is_loaded_once_per_process(folder: Path) -> None:
    assert seal_keys.load().signer is seal_keys.load().signer


def open_to_others(folder: Path) -> None:
    (folder / "key.pem").chmod(0o640)


def lost(folder: Path) -> None:
    (folder / "current" / "key.pem").unlink()


def rubbish(folder: Path) -> None:
    (folder / "key.pem").write_text("rubbish")


def of_another(folder: Path) -> None:
    seal_making.make(folder / "other", name="Other", at=timezone.now())
    shutil.copy(folder / "other" / "key.pem", folder / "key.pem")


def no_certificate(folder: Path) -> None:
    (folder / "certificate.pem").unlink()


def empty_certificate(folder: Path) -> None:
    (folder / "certificate.pem").write_text("")


def encrypted(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"secret")
    pkcs8 = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, pkcs8, secret)
    (folder / "key.pem").write_bytes(pem)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (open_to_others, r"Others than its owner may use the seal's key \(640\): chmod 600"),
        (lost, "There is no seal: .*key.pem is missing"),
        (rubbish, "cannot be used"),
        (of_another, "do not belong together"),
        (no_certificate, "There is no seal: .*certificate.pem is missing"),
        (empty_certificate, "cannot be read"),
        (encrypted, "cannot be used"),
    ],
)
def test_a_wrong_key_is_refused_even_after_a_right_one(folder: Path, spoil: Any, said: str) -> None:
    sealing.seal(unsealed())
    spoil(folder)

    with pytest.raises(NoSeal, match=said):
        sealing.seal(unsealed())


def test_a_key_with_a_password_is_opened_with_it(folder: Path, settings: Any) -> None:
    encrypted(folder)
    settings.SEAL_KEY_PASSWORD = "secret"

    assert sealing.seal(unsealed()).level == Seal.Level.BASIC


@pytest.mark.parametrize(
    ("days", "seals"), [(-1, False), (0, True), (3 * 365 - 1, True), (3 * 365 + 1, False)]
)
def test_a_certificate_seals_in_its_time_only(folder: Path, days: int, seals: bool) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        if seals:
            assert sealing.seal(unsealed()).level == Seal.Level.BASIC
        else:
            with pytest.raises(NoSeal, match="not today"):
                sealing.seal(unsealed())


# ---- Rotation


def test_what_was_sealed_before_a_rotation_stays_valid(folder: Path) -> None:
    before = sealing.seal(unsealed())
    old = seal_keys.configured()

    made = seal_making.rotate(folder, name="Spoiled", at=timezone.now())

    after = sealing.seal(unsealed())
    assert (before.certificate, after.certificate) == (old, made)
    roots = seal_keys.trusted()
    assert [status(each.content, roots).bottom_line for each in (before, after)] == [True, True]
    assert sorted(path.name for path in (folder / "retired" / old.sha256).iterdir()) == [
        "certificate.pem",
        "key.pem",
    ]
    # And each by its own root only, though both bear one name.
    for each, other in ((before, after), (after, before)):
        own = [root for root in roots if seal_checks.is_trusted(each.certificate, [root])]
        assert len(own) == 1
        assert not seal_checks.is_trusted(other.certificate, own)
        assert not status(other.content, own).bottom_line


def test_a_rotation_while_others_seal_shows_no_mixed_pair(folder: Path) -> None:
    seen: set[str] = set()
    failures: list[Exception] = []
    done = threading.Event()

    def load() -> None:
        while not done.is_set():
            try:
                seen.add(seal_keys.load().certificate.sha256)
            except Unusable as error:
                failures.append(error)

    readers = [threading.Thread(target=load) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(15):
        seal_making.rotate(folder, name="Spoiled", at=timezone.now())
    done.set()
    for reader in readers:
        reader.join(timeout=20)

    assert failures == []
    assert len(seen) > 2
    assert len(list((folder / "retired").iterdir())) == 15


def test_a_rotation_that_is_cut_off_leaves_the_old_pair(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = seal_keys.configured()

    def killed(path: Path, target: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seal_making, "_link", killed)
        with pytest.raises(KeyboardInterrupt):
            seal_making.rotate(folder, name="Spoiled", at=timezone.now())

    assert sealing.seal(unsealed()).certificate == old
    made = seal_making.rotate(folder, name="Spoiled", at=timezone.now())
    assert seal_keys.load().certificate == made


def test_plain_files_are_rotated_too(folder: Path) -> None:
    """As copied from another machine, or restored from a backup that follows links."""
    shutil.copytree(folder, folder.with_name("plain"), ignore=shutil.ignore_patterns("pairs"))
    plain = folder.with_name("plain")
    shutil.rmtree(plain / "current")
    old = seal_keys.read((plain / "certificate.pem").read_text())

    made = seal_making.rotate(plain, name="Spoiled", at=timezone.now())

    assert (plain / "retired" / old.sha256 / "key.pem").stat().st_mode & 0o777 == 0o600
    assert seal_keys.read((plain / "certificate.pem").read_text()) == made
    assert (plain / "key.pem").readlink() == Path("current/key.pem")


# ---- Commands


def said(command: str, **options: Any) -> str:
    from io import StringIO

    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def test_the_command_makes_and_rotates_a_key(settings: Any, tmp_path: Path) -> None:
    folder = use(settings, tmp_path / "seal")
    year = (timezone.now() + timedelta(days=3 * 365)).year

    with pytest.raises(CommandError, match="There is no key yet"):
        said("make_seal_key", rotate=True)
    assert f"CN=Handschlag, valid until {year}-" in said("make_seal_key")
    first = seal_keys.configured()
    with pytest.raises(CommandError, match="There is a key already"):
        said("make_seal_key")
    assert said("make_seal_key", if_missing=True) == ""
    assert said("make_seal_key", rotate=True, name="New") != ""

    assert seal_keys.load().certificate.subject == "CN=New"
    assert (folder / "retired" / first.sha256).is_dir()


@pytest.mark.parametrize(
    ("name", "value"),
    [("SEAL_PKCS11_MODULE", "/token.so"), ("SEAL_CERTIFICATE_FILE", "/etc/bought.pem")],
)
def test_the_command_leaves_a_bought_key_alone(
    folder: Path, settings: Any, name: str, value: str
) -> None:
    setattr(settings, name, value)
    before = tree(folder)

    with pytest.raises(CommandError, match="another kind of key, or other files"):
        said("make_seal_key", rotate=True)

    assert tree(folder) == before


def test_check_seal_tells_what_it_seals_with(folder: Path) -> None:
    certificate = seal_keys.configured()

    assert said("check_seal").splitlines() == [
        f"Key:             file {folder / 'key.pem'}",
        "Certificate:     CN=Spoiled",
        f"SHA-256:         {certificate.sha256}",
        f"Valid:           {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}",
        "Trusted roots:   1",
        "Timestamps:      none (no TIMESTAMP_URL): seals are PAdES B-B",
        "Revocation data: left out",
    ]


def test_check_seal_asks_the_timestamp_service(folder: Path, authority: Authority) -> None:
    assert f"{authority.url} answers: {timezone.now():%Y-%m-%d}" in said("check_seal")
    authority.mode = Mode.DOWN
    with pytest.raises(CommandError):
        said("check_seal")


def test_check_seal_fails_without_a_key(folder: Path) -> None:
    no_certificate(folder)
    with pytest.raises(CommandError, match="needs somebody"):
        said("check_seal")


# ---- Warnings


def found(days: int = 0) -> list[tuple[str, str, int]]:
    now = timezone.now() + timedelta(days=days)
    with time_machine.travel(now):
        return [
            (each.weight.name, each.text.split(".")[0][:44], each.number)
            for each in seal_checks.findings(now)
        ]


def test_the_end_is_told_sixty_days_ahead(folder: Path) -> None:
    end = 3 * 365

    assert found(end - 61) == []
    ((weight, text, number),) = found(end - 59)
    assert (weight, number) == ("WARNING", 4)
    assert text.startswith("The seal's certificate ends on ")
    ((weight, text, number),) = found(end + 1)
    assert (weight, number) == ("ERROR", 3)
    assert text.startswith("The seal's certificate is valid from ")


def test_a_root_that_is_not_trusted_is_told(folder: Path) -> None:
    for root in (folder / "trusted").iterdir():
        root.unlink()

    assert [(weight, number) for weight, _text, number in found()] == [("ERROR", 5)]


def test_settings_that_do_not_fit_are_told(folder: Path, settings: Any) -> None:
    settings.SEAL_REVOCATION = "yes"
    settings.TIMESTAMP_URL = ""
    assert [each.text for each in seal_checks.findings(timezone.now())] == [
        'SEAL_REVOCATION must be "embed" or empty.',
        "SEAL_REVOCATION needs a TIMESTAMP_URL: without a time it proves nothing.",
    ]
    settings.SEAL_REVOCATION, settings.TIMESTAMP_URL = "", "https://stamps.example"
    assert [each.text for each in seal_checks.findings(timezone.now())] == [
        "TIMESTAMP_TRUST_FILE must name the roots of the timestamp service."
    ]


def test_a_process_that_may_not_read_the_key_says_so_and_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == "key.pem":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    seal_keys.forget()
    monkeypatch.setattr(Path, "read_bytes", refused)  # root, who runs tests, may read anything

    ((weight, text, _number),) = found()
    assert (weight, text) == ("NOTE", "The seal's key cannot be read: [Errno 13] Pe")
    assert said("check_seal").splitlines()[-1].startswith("note: The seal's key cannot be read")


@pytest.mark.parametrize(
    ("production", "days", "level"),
    [
        (True, 0, None),
        (True, 3 * 365 - 59, checks.WARNING),
        (True, 3 * 365 + 1, checks.ERROR),
        (False, 3 * 365 + 1, checks.INFO),
    ],
)
@pytest.mark.django_db  # other checks of a deployment look for the demo's people
def test_djangos_check_tells_it_before_a_deployment(
    folder: Path, settings: Any, production: bool, days: int, level: int | None
) -> None:
    settings.PRODUCTION = production
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        messages = [
            message
            for message in checks.run_checks(include_deployment_checks=True)
            if (message.id or "").startswith("seal.")
        ]
        assert not [each for each in checks.run_checks() if (each.id or "").startswith("seal.")]

    assert [message.level for message in messages] == ([] if level is None else [level])


@pytest.mark.parametrize(
    ("days_left", "on", "told"),
    [
        (100, "monday", None),
        (50, "monday", "The portal's seal ends soon"),
        (50, "tuesday", None),
        (-3, "monday", "No document can be sealed"),
        (-3, "tuesday", "No document can be sealed"),
    ],
)
def test_the_operators_are_told_by_mail(
    settings: Any, tmp_path: Path, days_left: int, on: str, told: str | None
) -> None:
    use(settings, tmp_path / "seal")
    settings.ADMINS = [("ops@example.com", "ops@example.com")]
    now = datetime(2027, 3, 1 if on == "monday" else 2, 6, 10, tzinfo=UTC)
    end = now + timedelta(days=days_left, hours=1)
    made_at = now - timedelta(days=400)
    seal_making.make(tmp_path / "seal", name="Old", at=made_at, days=(end - made_at).days)

    with time_machine.travel(now):
        tasks.watch_seal()

    assert [(message.to, message.subject) for message in mail.outbox] == (
        [(["ops@example.com"], f"[Django] {told}")] if told else []
    )


# ---- A key in a token

SOFTHSM = next(
    (
        path
        for path in (
            Path("/usr/lib/softhsm/libsofthsm2.so"),
            Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
        )
        if path.exists()
    ),
    None,
)
needs_softhsm = pytest.mark.skipif(SOFTHSM is None, reason="there is no SoftHSM (softhsm2)")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A token with two keys, ``ec`` and ``rsa``; the folder holds a certificate for each."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")

    def softhsm(*arguments: str) -> None:
        subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)

    softhsm("--init-token", "--free", "--label", "portal", "--pin", "1234", "--so-pin", "5678")
    for kind in ("ec", "rsa"):
        seal_making.make(folder / kind, name=f"Token {kind}", at=timezone.now())
    _make_rsa(folder / "rsa")
    for number, kind in (("A1", "ec"), ("A2", "rsa")):
        key = str(folder / kind / "key.pem")
        softhsm(
            *("--import", key, "--token", "portal", "--pin", "1234"),
            *("--label", kind, "--id", number),
        )
        (folder / kind / "key.pem").unlink()  # from now on it is in the token only
    yield folder
    del os.environ["SOFTHSM2_CONF"]


def _make_rsa(folder: Path) -> None:
    """``make`` makes elliptic curves only: a certificate for an RSA key, by a root of its own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Token rsa")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1000))
        .sign(key, hashes.SHA256())
    )
    pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, none))
    (folder / "certificate.pem").write_bytes(pem)
    (folder / "trusted" / "rsa.pem").write_bytes(pem)


@pytest.fixture
def in_token(token: Path, settings: Any) -> Any:
    """``in_token(kind)`` lets the portal seal with that key."""

    def choose(kind: str, pin: str = "1234") -> None:
        use(settings, token / kind)
        settings.SEAL_PKCS11_MODULE = str(SOFTHSM)
        settings.SEAL_PKCS11_TOKEN = "portal"
        settings.SEAL_PKCS11_KEY_LABEL = kind
        settings.SEAL_PKCS11_PIN = pin
        seal_keys.forget()

    return choose


@pytest.mark.integration
@needs_softhsm
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_token_seals(in_token: Any, kind: str) -> None:
    in_token(kind)

    sealed = sealing.seal(unsealed())

    assert sealed.certificate.subject == f"CN=Token {kind}"
    assert status(sealed.content, seal_keys.trusted()).bottom_line
    assert profiles(sealed.content) == BOTH
    assert seal_keys.load().signer is seal_keys.load().signer  # one session per process


@pytest.mark.integration
@needs_softhsm
def test_a_session_that_has_ended_is_opened_again(in_token: Any) -> None:
    in_token("ec")
    sealing.seal(unsealed())
    seal_keys.load().signer.pkcs11_session.close()

    with pytest.raises(NoSeal, match="could not be put"):
        sealing.seal(unsealed())

    assert sealing.seal(unsealed()).level == Seal.Level.BASIC


@pytest.mark.integration
@needs_softhsm
def test_a_wrong_pin_is_tried_once_only(in_token: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_keys, "_refused_pins", set())
    in_token("ec", pin="9999")

    with pytest.raises(NoSeal, match="cannot be used: PinIncorrect"):
        sealing.seal(unsealed())
    with pytest.raises(NoSeal, match="it would lock itself"):
        sealing.seal(unsealed())


@pytest.mark.integration
@needs_softhsm
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SEAL_PKCS11_TOKEN", "nobodys", "cannot be used: PKCS11Error No token"),
        ("SEAL_PKCS11_KEY_LABEL", "nobodys", "The key 'nobodys' in the token 'portal' cannot be"),
        ("SEAL_PKCS11_KEY_LABEL", "rsa", "in the token"),
        ("SEAL_PKCS11_MODULE", "/nowhere/token.so", "cannot be used"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(
    in_token: Any, settings: Any, name: str, value: str, said: str
) -> None:
    in_token("ec")
    setattr(settings, name, value)

    with pytest.raises(NoSeal, match=said):
        sealing.seal(unsealed())


@pytest.mark.integration
@needs_softhsm
def test_check_seal_names_the_token(in_token: Any) -> None:
    in_token("ec")

    assert said("check_seal").splitlines()[0] == (
        f"Key:             ec in the PKCS#11 token portal ({SOFTHSM})"
    )
