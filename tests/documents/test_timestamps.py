"""Timestamps from a real authority, and from one that does everything wrong."""

import io
import logging
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore

from documents import revocation, seal_keys, sealing, timestamps
from documents.models import Seal
from documents.sealing import NoSeal, NoTimestamp
from tests.documents.authority import Authority, Mode, authority
from tests.documents.sealed import BOTH, Inside, inside, profiles, status, unsealed

__all__ = ["authority"]  # a fixture


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    timestamps._certificates.clear()


def bought(authority: Authority, settings: Any, folder: Path, key: Any) -> Any:
    """The portal with a seal that its authority gives revocation lists for."""
    certificate = authority.issue_seal(folder, key)
    settings.SEAL_KEY_FILE = str(folder / "key.pem")
    settings.SEAL_CERTIFICATE_FILE = str(folder / "certificate.pem")
    settings.SEAL_TRUST_DIR = str(folder / "trusted")
    settings.SEAL_REVOCATION = "embed"
    return certificate


# ---- B-T


def test_a_seal_has_a_timestamp_for_which_the_service_was_asked_once(authority: Authority) -> None:
    before = timezone.now().replace(microsecond=0)

    sealed = sealing.seal(unsealed())

    assert authority.requests == 1
    assert sealed.level == Seal.Level.TIMESTAMP
    assert sealed.timestamp_at is not None
    assert before <= sealed.timestamp_at <= timezone.now()
    verdict = status(sealed.content, seal_keys.trusted(), [authority.root])
    assert verdict.bottom_line
    assert verdict.timestamp_validity is not None
    assert verdict.timestamp_validity.trusted
    assert verdict.timestamp_validity.timestamp == sealed.timestamp_at
    assert inside(sealed.content) == Inside(revisions=2, certificates=0, lists=0)
    assert profiles(sealed.content) == BOTH


WRONG = {
    Mode.DOWN: "does not answer",
    Mode.BUSY: "answers with HTTP 503",
    Mode.REDIRECTS: "answers with HTTP 307",
    Mode.REFUSES: "The timestamp service refuses: rejection Not today",
    Mode.GARBAGE: "The answer is no timestamp",
    Mode.HUGE: "answers with more than 12288 bytes",
    Mode.OTHER_NONCE: "answers another question (nonce)",
    Mode.NO_NONCE: "answers another question (nonce)",
    Mode.OTHER_IMPRINT: "is for something else (imprint)",
    Mode.BROKEN: "The timestamp's signature is wrong",
    Mode.FOREIGN: "from a service that TIMESTAMP_TRUST_FILE leaves out",
    Mode.FUTURE: "one of them is wrong",
    Mode.PAST: "one of them is wrong",
}


@pytest.mark.parametrize("mode", WRONG)
def test_nothing_is_sealed_with_a_wrong_timestamp(authority: Authority, mode: Mode) -> None:
    authority.mode = mode

    with pytest.raises(NoTimestamp, match=re.escape(WRONG[mode])):
        sealing.seal(unsealed())

    assert authority.requests == 1  # a redirect is not followed either


@pytest.mark.parametrize("mode", [Mode.HANGS, Mode.TRICKLES])
def test_a_service_that_does_not_come_to_an_end_is_left(
    authority: Authority, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamps, "TIMEOUT", 0.3)
    authority.mode = mode
    begun = timezone.now()

    with pytest.raises(NoTimestamp):
        sealing.seal(unsealed())

    assert timezone.now() - begun < timedelta(seconds=3)


def test_a_service_that_does_not_exist_gives_no_timestamp(settings: Any) -> None:
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"

    with pytest.raises(NoTimestamp, match="does not answer"):
        sealing.seal(unsealed())


def test_an_address_of_another_kind_is_not_opened(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(b"0")
    settings.TIMESTAMP_URL = (tmp_path / "reply").as_uri()

    with pytest.raises(NoTimestamp, match="must begin with http"):
        sealing.seal(unsealed())


@pytest.mark.parametrize(
    ("file", "said"), [("", "must name the roots"), ("/nowhere/roots.pem", "cannot be read")]
)
def test_without_known_roots_no_timestamp_is_believed(
    authority: Authority, settings: Any, file: str, said: str
) -> None:
    settings.TIMESTAMP_TRUST_FILE = file

    with pytest.raises(NoTimestamp, match=said):
        sealing.seal(unsealed())


def test_a_clock_a_little_off_is_forgiven(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.mode = Mode.FUTURE  # by an hour
    monkeypatch.setattr(timestamps, "DRIFT", timedelta(minutes=61))

    assert sealing.seal(unsealed()).level == Seal.Level.TIMESTAMP


# ---- B-LT


def test_a_long_term_seal_has_its_proofs_in_its_own_revision(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))

    sealed = sealing.seal(unsealed())

    assert sealed.level == Seal.Level.LONG_TERM
    assert sealed.timestamp_at is not None
    # Seal, timestamp service and root; one list of what this root revoked is enough for both.
    assert inside(sealed.content) == Inside(revisions=2, certificates=3, lists=1)
    assert status(sealed.content, [authority.root], [authority.root]).bottom_line
    assert profiles(sealed.content) == BOTH
    # To know whose proof to fetch, one timestamp was asked for nothing. It is remembered:
    assert authority.requests == 2
    sealing.seal(unsealed())
    assert authority.requests == 3


def test_the_proofs_hold_when_the_authority_is_gone(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))
    sealed = sealing.seal(unsealed())
    authority.lists_are_down = True
    authority.lists = 0

    reader = PdfFileReader(io.BytesIO(sealed.content))
    known = {"trust_roots": [seal_keys.asn1(authority.root)], "revocation_mode": "require"}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(known)
    verdict = validate_pdf_signature(reader.embedded_signatures[0], context, context)

    assert verdict.bottom_line
    assert authority.lists == 0


def test_without_lists_nothing_is_sealed(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))
    authority.lists_are_down = True

    with pytest.raises(NoSeal, match="No proof that Common Name: Bought Seal is not revoked"):
        sealing.seal(unsealed())


@pytest.mark.parametrize("whose", ["seal", "service"])
def test_with_a_revoked_certificate_nothing_is_sealed(
    authority: Authority, settings: Any, tmp_path: Path, whose: str
) -> None:
    own = bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))
    authority.revoke(own if whose == "seal" else authority.service_certificate)

    with pytest.raises(NoSeal, match="is not revoked"):
        sealing.seal(unsealed())


def test_a_seal_of_our_own_has_no_lists_and_says_so(authority: Authority, settings: Any) -> None:
    settings.SEAL_REVOCATION = "embed"

    with pytest.raises(NoSeal, match="No proof that Common Name: Handschlag Test is not revoked"):
        sealing.seal(unsealed())


def test_revocation_data_needs_a_time(settings: Any) -> None:
    settings.SEAL_REVOCATION = "embed"

    with pytest.raises(NoSeal, match="needs a TIMESTAMP_URL"):
        sealing.seal(unsealed())


def test_revocation_data_without_bounds_is_not_embedded(
    authority: Authority, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setattr(revocation, "LARGEST", 100)

    with pytest.raises(NoSeal, match="more than 100 bytes"):
        sealing.seal(unsealed())


def test_a_service_that_changes_its_certificate_is_proved_anew(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bought(authority, settings, tmp_path, ec.generate_private_key(ec.SECP256R1()))
    sealing.seal(unsealed())
    authority.mode = Mode.NEW_CERTIFICATE

    with pytest.raises(NoTimestamp, match="has just changed its certificate"):
        sealing.seal(unsealed())

    assert sealing.seal(unsealed()).level == Seal.Level.LONG_TERM


def test_the_longest_usual_signature_has_room(
    authority: Authority, settings: Any, tmp_path: Path
) -> None:
    bought(authority, settings, tmp_path, rsa.generate_private_key(65537, 4096))

    sealed = sealing.seal(unsealed())

    assert status(sealed.content, [authority.root], [authority.root]).bottom_line


def test_waiting_is_not_in_the_way_of_other_threads(authority: Authority) -> None:
    """Two seals at once: each with its own timestamp."""
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(sealing.seal(unsealed()))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert [each.level for each in found] == [Seal.Level.TIMESTAMP] * 2
    assert authority.requests == 2


def test_the_log_holds_no_pages_of_foreign_trouble(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    authority.mode = Mode.FOREIGN
    with caplog.at_level(logging.ERROR), pytest.raises(NoTimestamp):
        sealing.seal(unsealed())

    assert caplog.records == []
