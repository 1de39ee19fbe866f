"""The seal itself: what it says of the file, and that it leaves the rest of the file alone."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from documents import seal_keys, sealing
from documents.models import Seal
from documents.sealing import NoSeal
from tests.documents.sealed import BOTH, Inside, inside, profiles, status, unsealed


def test_a_seal_without_timestamp_is_pades_b_b() -> None:
    begun = timezone.now()

    sealed = sealing.seal(unsealed())

    assert (sealed.level, sealed.timestamp_at) == (Seal.Level.BASIC, None)
    assert begun <= sealed.sealed_at <= timezone.now()
    assert sealed.certificate == seal_keys.configured()
    assert sorted(sealed.made_with) == ["pyhanko", "weasyprint"]
    assert profiles(sealed.content) == BOTH
    assert inside(sealed.content) == Inside(revisions=2, certificates=0, lists=0)


def test_a_seal_certifies_the_whole_file_against_any_change() -> None:
    sealed = sealing.seal(unsealed())

    verdict = status(sealed.content, seal_keys.trusted())

    assert verdict.bottom_line
    assert verdict.coverage == SignatureCoverageLevel.ENTIRE_FILE
    (signature,) = PdfFileReader(io.BytesIO(sealed.content)).embedded_signatures
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_what_was_rendered_stands_unchanged_before_the_seal() -> None:
    assert sealing.seal(unsealed()).content.startswith(unsealed())


def test_a_changed_byte_breaks_the_seal() -> None:
    content = bytearray(sealing.seal(unsealed()).content)
    content[content.index(b"urn:handschlag:test")] ^= 1  # in the metadata, which is not compressed

    assert not status(bytes(content), seal_keys.trusted()).intact


def test_a_seal_of_others_is_not_trusted() -> None:
    assert not status(sealing.seal(unsealed()).content, []).trusted


def test_nothing_is_signed_or_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyHanko would sign a dummy first to learn the size."""
    from pyhanko.sign.signers import SimpleSigner

    dry_runs: list[bool] = []
    sign = SimpleSigner.async_sign_raw

    async def noted(self: Any, data: bytes, algorithm: str, dry_run: bool = False) -> bytes:
        dry_runs.append(dry_run)
        return await sign(self, data, algorithm, dry_run)

    monkeypatch.setattr(SimpleSigner, "async_sign_raw", noted)
    sealing.seal(unsealed())

    assert dry_runs == [False]


@pytest.mark.parametrize("name", ["SEAL_KEY_FILE", "SEAL_CERTIFICATE_FILE"])
def test_without_a_key_nothing_is_sealed(settings: Any, tmp_path: Path, name: str) -> None:
    setattr(settings, name, str(tmp_path / "missing.pem"))

    with pytest.raises(NoSeal, match=r"There is no seal: .*missing.pem is missing"):
        sealing.seal(unsealed())
