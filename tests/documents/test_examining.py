"""A sealed file is genuine or it is not, and what was done to it has a name."""

import io
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import examining
from documents.examining import Examination, Fault, SealState, judging, opening, shapes
from tests.documents import tampering as done
from tests.documents.tampering import good, maker, sealed, timestamp_authority, timestamper

UNREADABLE, NONE, BROKEN = SealState.UNREADABLE, SealState.NONE, SealState.BROKEN
FOREIGN, EXPIRED, TIME = SealState.FOREIGN, SealState.EXPIRED, SealState.TIME

# What was done, the state of the seal, and exactly the faults that are named.
TAMPERINGS: list[tuple[Callable[[bytes], bytes], SealState, str]] = [
    (lambda _: b"", UNREADABLE, "empty"),
    (lambda _: b"Dear Sirs", UNREADABLE, "not_a_pdf"),
    (lambda pdf: b"\n" + pdf, UNREADABLE, "not_a_pdf"),
    (lambda _: b"%PDF-1.7\n" + b"\0" * 500 + b"startxref\n9\n%%EOF\n", UNREADABLE, "damaged"),
    (lambda pdf: pdf + bytes(examining.LIMIT), UNREADABLE, "too_large"),
    (done.cut_in_the_body, UNREADABLE, "truncated"),
    (done.cut_in_the_seal, UNREADABLE, "truncated"),
    (done.cut_at_the_end, UNREADABLE, "truncated"),
    (done.encrypted, UNREADABLE, "encrypted"),
    (lambda _: done.document(code=""), NONE, "no_seal"),
    (done.cut_before_the_seal, NONE, "seal_removed"),
    (done.saved_anew, NONE, "seal_removed resaved"),
    (done.cloned, BROKEN, "content_changed resaved"),
    (done.cropped, BROKEN, "content_changed resaved"),
    (done.page_removed, BROKEN, "content_changed resaved"),
    (done.attachment_replaced, BROKEN, "content_changed resaved"),
    (done.bytes_appended, BROKEN, "bytes_appended"),
    (done.newline_appended, BROKEN, "bytes_appended"),
    (done.second_end, BROKEN, "bytes_appended"),
    (done.long_tail, BROKEN, "bytes_appended"),
    (done.second_file_behind, BROKEN, "bytes_appended"),
    (done.language_changed, BROKEN, "content_changed"),
    (done.attachment_flipped, BROKEN, "content_changed"),
    (done.signature_flipped, BROKEN, "seal_damaged"),
    (done.signature_garbled, BROKEN, "seal_damaged"),
    (done.hidden_in_the_gap, BROKEN, "bytes_unsigned"),
    (done.other_case_in_the_gap, BROKEN, "bytes_unsigned"),
    (done.update_appended, BROKEN, "incremental_update metadata_changed"),
    (done.cropped_by_update, BROKEN, "incremental_update page_boxes_changed metadata_changed"),
    (done.shadowed, BROKEN, "incremental_update page_content_changed metadata_changed"),
    (
        done.attachment_replaced_by_update,
        BROKEN,
        "incremental_update attachment_changed metadata_changed",
    ),
    (
        done.signed_again,
        BROKEN,
        "not_certified signed_again incremental_update metadata_changed",
    ),
    (done.update_below_the_seal, BROKEN, "earlier_revision"),
    (done.not_certified, BROKEN, "not_certified"),
    (done.changes_allowed, BROKEN, "not_certified"),
    (done.other_field, BROKEN, "wrong_field"),
    (done.other_algorithm, BROKEN, "wrong_algorithm"),
    (done.other_form, BROKEN, "wrong_form"),
    (done.sealed_by_stranger, FOREIGN, "foreign_key"),
    (done.sealed_in_our_name, FOREIGN, "foreign_key borrowed_name"),
    (done.fake_with_our_code, FOREIGN, "foreign_key borrowed_code"),
    (done.saved_anew_and_signed, FOREIGN, "foreign_key"),
]


def examine(pdf: bytes, **circumstances: object) -> Examination:
    return examining.examine(pdf, trust=good().trust, **circumstances)  # type: ignore[arg-type]


def test_a_sealed_document_is_genuine() -> None:
    examination = examine(good().sealed)

    assert (examination.seal, examination.faults) == (SealState.VALID, ())
    assert (examination.level, examination.identifier) == ("B-B", done.CODE)
    assert examination.is_genuine
    assert examination.is_intact
    assert examination.sealed_at is not None
    assert abs(datetime.now(UTC) - examination.sealed_at) < timedelta(minutes=10)


@pytest.mark.parametrize(
    ("tamper", "state", "faults"),
    TAMPERINGS,
    ids=[getattr(row[0], "__name__", "").replace("<lambda>", row[2]) for row in TAMPERINGS],
)
def test_each_tampering_is_named(
    tamper: Callable[[bytes], bytes], state: SealState, faults: str
) -> None:
    examination = examine(tamper(good().sealed))

    assert (examination.seal, " ".join(examination.faults)) == (state, faults)
    assert not examination.is_genuine
    assert not examination.level


def test_every_fault_has_a_document_that_shows_it() -> None:
    by_time = {
        Fault.SEALED_EARLY,
        Fault.SEALED_AFTER_END,
        Fault.END_UNPROVEN,
        Fault.SEALED_IN_FUTURE,
        *(fault for fault in Fault if fault.startswith("timestamp")),
    }
    by_comparison = {
        Fault.PAGE_COUNT_CHANGED,
        Fault.ATTACHMENT_ADDED,
        Fault.ATTACHMENT_REMOVED,
        Fault.ANNOTATIONS_CHANGED,
        Fault.NOT_ON_RECORD,
    }
    elsewhere = by_time | by_comparison | {Fault.TOO_COMPLEX, Fault.REVOKED}
    shown = {name for row in TAMPERINGS for name in row[2].split()}
    assert shown | {fault.value for fault in elsewhere} == {fault.value for fault in Fault}


def test_what_an_update_changed_is_named_by_the_file() -> None:
    examination = examine(done.attachment_replaced_by_update(good().sealed))

    assert [(each.fault.value, each.name) for each in examination.differences] == [
        ("attachment_changed", "agreement.json"),
        ("metadata_changed", ""),
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject) -> None:
    pdf = bytearray(good().sealed)
    place = data.draw(st.integers(0, len(pdf) - 1))
    pdf[place] ^= 1 << data.draw(st.integers(0, 7))

    assert not examine(bytes(pdf)).is_genuine


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_flipped_bit_inside_the_signature_goes_unnoticed(data: st.DataObject) -> None:
    """It is the part that no signature is over: certificates, versions, algorithms."""
    pdf = bytearray(good().sealed)
    match = done.contents(good().sealed)
    place = match.start(1) + data.draw(st.integers(0, len(match[1].rstrip(b"0"))))
    digit = data.draw(st.sampled_from(b"0123456789ABCDEFabcdef"))
    if pdf[place] == digit:
        return
    pdf[place] = digit

    assert not examine(bytes(pdf)).is_genuine


def heads_changed() -> list[bytes]:
    """The first digits of the signature, each changed: kinds and lengths that readers skip."""
    begin, found = done.contents(good().sealed).start(1), []
    for place in range(begin, begin + 120):
        pdf = bytearray(good().sealed)
        pdf[place] = ord("3") if pdf[place] != ord("3") else ord("1")
        found.append(bytes(pdf))
    return found


def test_no_changed_kind_or_length_in_the_signature_goes_unnoticed() -> None:
    assert not [pdf for pdf in heads_changed() if examine(pdf).is_genuine]


def test_a_name_in_other_capitals_does_not_go_unnoticed() -> None:
    """The signature names its certificate's issuer, in bytes that nothing is over."""
    name = b"Handschlag Test Root".hex().upper().encode()
    pdf = good().sealed
    pdf = pdf if name in pdf else pdf.replace(name.lower(), name)
    assert pdf.count(name) > 2
    places = [at for at in range(len(pdf)) if pdf.startswith(name, at)]
    other = name.replace(b"52", b"72", 1)  # "root"
    changed = [pdf[:at] + other + pdf[at + len(name) :] for at in places]

    assert examine(pdf).is_genuine
    assert not [each for each in changed if examine(each).is_genuine]


# ---- Times -------------------------------------------------------------------------------------


SOME_DAY = datetime(2022, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
AUTHORITY = [timestamp_authority(done.TIMESTAMPS)[1]]


def old(at: datetime = SOME_DAY, **how: object) -> tuple[bytes, Examination]:
    """A document sealed at ``at`` with a certificate from 2022 that was valid for 100 days."""
    portal = maker("Handschlag 2022", at=SOME_DAY, days=100)
    circumstances = {key: how.pop(key) for key in list(how) if key in ("now", "recorded_at")}
    pdf = sealed(good().body, portal, at=at, **how)  # type: ignore[arg-type]
    examination = examining.examine(
        pdf,
        trust=[portal.root],
        timestamp_trust=AUTHORITY,
        **circumstances,  # type: ignore[arg-type]
    )
    return pdf, examination


def result(examination: Examination) -> tuple[str, str, str]:
    return examination.seal.value, " ".join(examination.faults), examination.level


def test_a_certificate_that_ended_since_needs_a_proof_of_the_time() -> None:
    """Whoever finds an old key could set the clock back."""
    while_valid = SOME_DAY + timedelta(days=50)
    assert result(old(now=while_valid)[1]) == ("valid", "", "B-B")
    assert result(old(now=LATER)[1]) == ("expired", "end_unproven", "")
    assert result(old(now=LATER, recorded_at=SOME_DAY)[1]) == ("valid", "", "B-B")
    assert result(old(now=LATER, timestamper=timestamper(SOME_DAY))[1]) == ("valid", "", "B-T")


def test_a_seal_from_outside_of_its_certificates_time_is_expired() -> None:
    after, before = SOME_DAY + timedelta(days=101), SOME_DAY - timedelta(days=1)
    assert result(old(after, now=after)[1]) == ("expired", "sealed_after_end", "")
    assert result(old(before, now=SOME_DAY)[1]) == ("expired", "sealed_early", "")
    assert result(old(now=LATER, recorded_at=after)[1]) == ("expired", "sealed_after_end", "")


def test_a_timestamp_from_after_the_end_proves_nothing() -> None:
    after = SOME_DAY + timedelta(days=200)
    found = old(now=LATER, timestamper=timestamper(after))[1]
    assert result(found) == ("expired", "sealed_after_end timestamp_apart", "")


def test_a_seal_from_the_future_is_not_believed() -> None:
    ahead = SOME_DAY + timedelta(days=3)
    assert result(old(ahead, now=SOME_DAY)[1]) == ("time", "sealed_in_future", "")


def test_a_timestamp_from_the_future_is_not_believed() -> None:
    ahead = SOME_DAY + timedelta(minutes=10)
    assert result(old(now=SOME_DAY, timestamper=timestamper(ahead))[1]) == (
        "time",
        "timestamp_future",
        "",
    )


def test_a_timestamp_of_an_untrusted_authority_is_not_believed() -> None:
    found = old(now=SOME_DAY, timestamper=timestamper(SOME_DAY, "Other"))[1]
    assert result(found) == ("time", "timestamp_foreign", "")
    assert found.timestamp_at == SOME_DAY


def test_a_later_timestamp_in_place_of_the_first_is_noticed() -> None:
    late = SOME_DAY + timedelta(days=2)
    found = old(now=LATER, timestamper=timestamper(late))[1]
    assert result(found) == ("time", "timestamp_apart", "")


def test_a_damaged_timestamp_is_noticed() -> None:
    pdf, found = old(now=SOME_DAY, timestamper=timestamper(SOME_DAY))
    assert result(found) == ("valid", "", "B-T")
    end = done.contents(pdf).start(1) + len(done.contents(pdf)[1].rstrip(b"0")) - 12
    other = bytearray(pdf)
    other[end] = ord("1") if other[end] != ord("1") else ord("2")

    portal = maker("Handschlag 2022", at=SOME_DAY, days=100)
    found = examining.examine(
        bytes(other), trust=[portal.root], timestamp_trust=AUTHORITY, now=SOME_DAY
    )
    assert (found.seal, Fault.TIMESTAMP_BROKEN in found.faults) == (TIME, True)


def test_without_known_authorities_a_timestamp_proves_nothing_and_is_no_fault() -> None:
    pdf, _found = old(timestamper=timestamper(SOME_DAY))
    trust = [maker("Handschlag 2022", at=SOME_DAY, days=100).root]

    assert result(examining.examine(pdf, trust=trust, now=SOME_DAY)) == ("valid", "", "B-B")
    found = examining.examine(pdf, trust=trust, now=LATER)
    assert result(found) == ("expired", "end_unproven", "")


# ---- What a stranger's file may cost -----------------------------------------------------------


def pdf_of(objects: list[bytes], root: int = 1) -> bytes:
    """A PDF with a table of references, made by hand."""
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.7\n")
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(objects) + 1, root))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def bomb(layers: int) -> bytes:
    data = zlib.compress(bytes(200 * 1024 * 1024), 9)
    for _layer in range(layers - 1):
        data = zlib.compress(data, 9)
    filters = b" ".join([b"/FlateDecode"] * layers)
    stream = b"<< /Type /Metadata /Length %d /Filter [%s] >>\nstream\n%s\nendstream"
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>",
            b"<< /Type /Pages /Kids [] /Count 0 >>",
            stream % (len(data), filters, data),
        ]
    )


RUNAWAYS = {
    "bomb": lambda: bomb(1),
    "nested bomb": lambda: bomb(3),
    "nested arrays": lambda: pdf_of([b"<< /AcroForm " + b"[" * 200_000 + b" >>"]),
    "fields that contain themselves": lambda: pdf_of(
        [
            b"<< /AcroForm << /Fields [2 0 R] >> /Pages 2 0 R >>",
            b"<< /T (a) /Kids [2 0 R 2 0 R] >>",
        ]
    ),
    "references in a circle": lambda: pdf_of([b"2 0 R", b"3 0 R", b"1 0 R"]),
    "a table that follows itself": lambda: pdf_of([b"<< /Pages 1 0 R >>"]).replace(
        b"trailer\n<<", b"trailer\n<< /Prev 42 "
    ),
    "many fields": lambda: pdf_of(
        [b"<< /AcroForm << /Fields [" + b"2 0 R " * 500_000 + b"] >> >>", b"<< /T (a) >>"]
    ),
    "digits behind the end": lambda: done.document(code="") + b"1" * 1_000_000,
    "many places": lambda: done.document(code="") + b"/ByteRange [0 1 2 3]\n" * 100_000 + b"%%EOF",
}


@pytest.mark.parametrize("name", RUNAWAYS)
def test_no_file_makes_the_reader_run_away(name: str) -> None:
    pdf = RUNAWAYS[name]()
    begun = time.process_time()

    examination = examine(pdf)

    assert time.process_time() - begun < opening.SECONDS + 5
    assert examination.seal in (UNREADABLE, NONE)


def _each_issued_all_others(count: int) -> done.Maker:
    """Certificates of one name and one key; the first is the signer's."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=All")
    now = datetime.now(UTC)
    certificates = [
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=One") if number == 0 else name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1000 + number)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        for number in range(count)
    ]
    own, *others = certificates
    return done.Maker(done._signer(key, own, others), others[0], own)


@pytest.mark.parametrize("count", [14, 300])
def test_certificates_that_all_issued_each_other_are_not_tried_in_every_order(count: int) -> None:
    pdf = sealed(done.document(code=""), _each_issued_all_others(count), reserved=500_000)
    begun = time.process_time()

    examination = examine(pdf)

    assert time.process_time() - begun < opening.SECONDS
    assert examination.faults == (Fault.TOO_COMPLEX,)


def test_a_large_part_that_a_page_names_often_takes_its_memory_once() -> None:
    """2,000 times 20 MiB, from a file of 40 kB: until the time is up."""
    zipped = zlib.compress(bytes(20 * 1024 * 1024), 9)
    pdf = pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /Contents [" + b"4 0 R " * 2000 + b"] >>",
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(zipped), zipped),
        ]
    )
    tracemalloc.start()
    try:
        assert shapes.compared(pdf, pdf) == ()
        assert tracemalloc.get_traced_memory()[1] < 100 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_reading_ends_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "SECONDS", -1.0)
    assert examine(good().sealed).faults == (Fault.TOO_COMPLEX,)


def test_whatever_goes_wrong_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(judging, "_opened", broken)
    assert examine(good().sealed).faults == (Fault.DAMAGED,)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(200 * 1024 * 1024)

    data = examining.read(path)
    assert len(data) == examining.LIMIT + 1
    assert examine(data).faults == (Fault.TOO_LARGE,)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def called(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", called)
    monkeypatch.setattr(socket, "getaddrinfo", called)
    assert examine(good().sealed).is_genuine
