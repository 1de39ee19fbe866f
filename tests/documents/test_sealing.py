"""The seal itself: what it says of the file, and that it leaves the rest of the file alone."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from documents import seal_keys, seal_making, sealing
from documents.incremental import UntouchedMetadata
from documents.models import Seal
from documents.rendering import html_to_pdf
from documents.sealing import NoSeal
from tests import blank
from tests.documents.sealed import BOTH, HTML, Inside, inside, profiles, status, unsealed


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


# ---- A seal that can be seen


@pytest.fixture
def seen(settings: Any) -> None:
    settings.SEAL_VISIBLE = True


@pytest.mark.usefixtures("seen")
def test_a_visible_seal_is_archivable_and_accessible_too() -> None:
    sealed = sealing.seal(unsealed())

    assert profiles(sealed.content) == BOTH
    verdict = status(sealed.content, seal_keys.trusted())
    assert verdict.bottom_line
    assert verdict.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert inside(sealed.content) == Inside(revisions=2, certificates=0, lists=0)
    assert sealed.content.startswith(unsealed())


@pytest.mark.usefixtures("seen")
def test_a_visible_seal_says_who_sealed_and_when_in_utc() -> None:
    with time_machine.travel(datetime(2027, 7, 1, 22, 30, tzinfo=UTC)), translation.override("en"):
        sealed = sealing.seal(html_to_pdf(HTML.replace('lang="de"', 'lang="en"')))

    reader = PdfFileReader(io.BytesIO(sealed.content))
    last = reader.root["/StructTreeRoot"]["/K"][0]["/K"][-1]
    assert last["/S"] == "/Form"
    assert last["/Alt"] == "Sealed by Handschlag Test, 2027-07-01 22:30 UTC"
    widget = last["/K"]["/Obj"]
    assert widget["/T"] == "Handschlag"
    left, bottom, right, top = (round(float(edge)) for edge in widget["/Rect"])
    assert (left, bottom, right - left, top - bottom) == (71, 14, 312, 20)


@pytest.mark.usefixtures("seen")
def test_a_visible_seal_takes_the_names_attribute_of_a_bought_certificate(
    settings: Any, tmp_path: Path
) -> None:
    settings.SEAL_KEY_FILE = str(tmp_path / "key.pem")
    settings.SEAL_CERTIFICATE_FILE = str(tmp_path / "certificate.pem")
    name = "Ärzte & Söhne <b>GmbH</b>"
    seal_making.make(tmp_path, name=name, at=timezone.now())

    sealed = sealing.seal(unsealed())

    reader = PdfFileReader(io.BytesIO(sealed.content))
    assert name in reader.root["/StructTreeRoot"]["/K"][0]["/K"][-1]["/Alt"]
    assert profiles(sealed.content) == BOTH


# ---- Streams with an unclear end


@pytest.mark.parametrize("visible", [False, True])
def test_no_seal_ends_a_stream_in_a_way_that_validators_cannot_tell(
    settings: Any, monkeypatch: pytest.MonkeyPatch, visible: bool
) -> None:
    """It would happen to one of 256: here the first two of each three are made to look like it."""
    settings.SEAL_VISIBLE = visible
    written: list[int] = []
    write = UntouchedMetadata.write

    def unclear(self: Any, stream: Any) -> None:
        written.append(len(self.objects))
        write(self, stream)
        if len(written) < 3:
            stream.write(b"\r\nendstream")

    monkeypatch.setattr(UntouchedMetadata, "write", unclear)

    sealed = sealing.seal(unsealed())

    assert [count - written[0] for count in written] == [0, 1, 2]
    assert profiles(sealed.content) == BOTH
    assert status(sealed.content, seal_keys.trusted()).bottom_line


def test_a_certificate_that_ends_with_a_carriage_return_is_compressed() -> None:
    writer = UntouchedMetadata(io.BytesIO(unsealed()))
    data = b"DER\r"

    stream = writer.add_object(StreamObject(stream_data=data)).get_object()

    assert stream["/Filter"] == "/FlateDecode"
    assert not stream.encoded_data.endswith(b"\r")
    assert stream.data == data


def test_a_seal_is_put_while_a_loop_runs_in_the_thread() -> None:
    async def within() -> bytes:
        return sealing.seal(blank.pdf()).content

    assert asyncio.run(within()).startswith(blank.pdf())
