"""What the portal tells a stranger about a file, a hash or a code: enough, and no word more."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.storage import default_storage
from django.utils import timezone

from documents import checking, examining, jobs, seal_keys, sealing
from documents.checking import Outcome, Verdict
from documents.examining import SealState, shapes
from documents.models import Document
from documents.rendering import html_to_pdf
from tests.documents import tampering as done
from tests.documents.tampering import maker

pytestmark = pytest.mark.django_db
TEXT_SHA256 = "ab" * 32


def order(
    *, seal: bool = True, content_sha256: str = TEXT_SHA256, language: str = "de"
) -> Document:
    return jobs.create(
        kind="agreement",
        task="documents.tasks.sweep",
        language=language,
        title="Agreement of Alpha and Beta",
        by=None,
        seal=seal,
        content_sha256=content_sha256,
    )


def made(**how: object) -> tuple[Document, bytes]:
    """A finished document and its bytes; it carries its code as the portal's documents do."""
    document = order(**how)  # type: ignore[arg-type]
    jobs.build(document.pk, lambda row: done.document(code=row.code))
    document.refresh_from_db()
    with document.file.open() as stored:
        return document, stored.read()


def told(verdict: Verdict) -> tuple[str, str]:
    return verdict.outcome.value, " ".join(verdict.faults)


def test_an_original_matches() -> None:
    document, pdf = made()

    verdict = checking.check_file(pdf)

    assert told(verdict) == ("match", "")
    assert verdict.is_genuine
    assert verdict.examination is not None
    assert verdict.examination.identifier == document.code
    assert [dataclasses.asdict(known) for known in verdict.known] == [
        {
            "kind": "agreement",
            "language": "de",
            "level": "B-B",
            "sealed_at": document.seal.sealed_at,
            "timestamp_at": None,
            "superseded_at": None,
        }
    ]


def test_a_superseded_original_matches_and_says_so() -> None:
    document, pdf = made()
    jobs.supersede(Document.objects.filter(pk=document.pk), at=timezone.now())

    verdict = checking.check_file(pdf)

    assert (verdict.outcome, verdict.is_genuine) == (Outcome.SUPERSEDED, True)
    assert verdict.known[0].superseded_at is not None
    assert checking.check_hash(document.sha256).outcome is Outcome.SUPERSEDED


def test_a_verdict_holds_no_name_and_no_title() -> None:
    document, pdf = made()
    verdicts = [
        checking.check_file(pdf),
        checking.check_file(done.cropped(pdf)),
        checking.check_hash(document.sha256),
        checking.check_hash(TEXT_SHA256),
        checking.check_code(document.code),
    ]
    assert all(verdict.known for verdict in verdicts)
    assert not [verdict for verdict in verdicts if "Alpha" in repr(verdict)]
    assert not [verdict for verdict in verdicts if str(document.pk) in repr(verdict)]


@pytest.mark.parametrize(
    ("tamper", "outcome", "faults"),
    [
        (done.cloned, "changed", "content_changed resaved"),
        (
            done.cropped,
            "changed",
            "content_changed resaved page_boxes_changed",
        ),
        (
            done.page_removed,
            "changed",
            "content_changed resaved page_count_changed",
        ),
        (
            done.attachment_replaced,
            "changed",
            "content_changed resaved attachment_changed",
        ),
        (done.bytes_appended, "changed", "bytes_appended"),
        (done.language_changed, "changed", "content_changed"),
        (
            done.cropped_by_update,
            "changed",
            "incremental_update page_boxes_changed metadata_changed",
        ),
    ],
)
def test_what_differs_from_the_original_is_named(tamper, outcome, faults) -> None:  # type: ignore[no-untyped-def]
    _document, pdf = made()
    assert told(checking.check_file(tamper(pdf))) == (outcome, faults)


def test_a_replaced_attachment_is_told_by_its_name() -> None:
    _document, pdf = made()
    verdict = checking.check_file(done.attachment_replaced(pdf))
    assert "agreement.json" in [difference.name for difference in verdict.differences]


def test_a_copy_without_its_seal_is_a_changed_one() -> None:
    document, _pdf = made()
    verdict = checking.check_file(done.document(code=document.code))
    assert told(verdict) == ("changed", "seal_removed")


def test_whoever_knows_only_the_code_learns_nothing_of_the_content() -> None:
    """Neither the number of pages, nor which files are inside, nor whether a title is right."""
    document, pdf = made()
    blank = html_to_pdf(
        "<html lang=de><head><title>Geraten</title></head><body><p>x</p></body></html>",
        identifier=f"urn:handschlag:{document.code}",
    )

    verdict = checking.check_file(blank)

    assert (told(verdict), verdict.differences) == (("changed", "seal_removed"), ())
    assert shapes.compared(pdf, blank) == ()


def test_a_fake_with_our_code_is_foreign() -> None:
    document, _pdf = made()
    fake = done.sealed(done.document("Nicht vereinbart.", code=document.code), done.stranger())

    verdict = checking.check_file(fake)

    assert verdict.outcome is Outcome.FOREIGN
    assert not verdict.is_genuine
    assert told(verdict)[1].startswith("foreign_key borrowed_code page_content_changed")


def test_our_seal_on_a_file_without_record_is_said_as_such() -> None:
    other = sealing.seal(done.document(code="")).content

    verdict = checking.check_file(other)
    assert (told(verdict), verdict.is_genuine) == (("seal_only", ""), True)


def test_a_second_original_under_one_code_is_not_genuine() -> None:
    document, _pdf = made()
    other = sealing.seal(done.document("Anders.", code=document.code)).content

    verdict = checking.check_file(other)

    assert verdict.outcome is Outcome.SEAL_ONLY
    assert verdict.is_genuine is False
    assert "not_on_record" in verdict.faults


def test_a_certificate_of_a_trusted_root_that_the_portal_never_used_is_foreign(
    settings: object, tmp_path: Path
) -> None:
    """A public authority seals for others too."""
    other = maker("Somebody with the same authority")
    (tmp_path / "root.pem").write_bytes(other.root.public_bytes(Encoding.PEM))
    settings.SEAL_TRUST_DIR = str(tmp_path)  # type: ignore[attr-defined]
    pdf = done.sealed(done.document(code=""), other)

    assert examining.examine(pdf, trust=seal_keys.trusted()).is_genuine
    assert told(checking.check_file(pdf)) == ("foreign", "foreign_key")


def test_an_old_original_stays_genuine_by_the_record_of_its_time() -> None:
    _document, pdf = made()
    with time_machine.travel(timezone.now() + timedelta(days=80 * 365), tick=False):
        assert told(checking.check_file(pdf)) == ("match", "")
        alone = examining.examine(pdf, trust=seal_keys.trusted())
    assert (alone.seal, [fault.value for fault in alone.faults]) == (
        SealState.EXPIRED,
        ["end_unproven"],
    )


def test_a_hash_is_found_as_people_copy_it() -> None:
    document, _pdf = made()
    groups = [document.sha256[at : at + 8] for at in range(0, 64, 8)]

    for written in (document.sha256, document.sha256.upper(), " ".join(groups) + "\n"):
        assert checking.check_hash(written).outcome is Outcome.MATCH
    for other in ("", "abc", "g" * 64, "0" * 64, document.sha256[:-1]):
        assert checking.check_hash(other) == Verdict(Outcome.UNKNOWN)


def test_the_hash_of_a_text_names_all_its_documents() -> None:
    made(language="de")
    made(language="en")
    made(language="en", content_sha256="cd" * 32)

    verdict = checking.check_hash(TEXT_SHA256)

    assert verdict.outcome is Outcome.TEXT
    assert [known.language for known in verdict.known] == ["de", "en"]


def test_a_code_says_that_there_is_a_document_and_not_more() -> None:
    document, _pdf = made()

    assert checking.check_code(document.code.upper()).outcome is Outcome.CODE
    assert len(checking.check_code(document.code).known) == 1
    assert checking.check_code("0" * 32) == Verdict(Outcome.UNKNOWN)
    assert checking.check_code("") == Verdict(Outcome.UNKNOWN)


def test_what_is_not_sealed_or_not_ready_is_as_unknown_as_what_never_was() -> None:
    plain, pdf = made(seal=False)
    waiting = order(content_sha256="cd" * 32)

    for unknown in (
        checking.check_hash(plain.sha256),
        checking.check_hash(TEXT_SHA256),
        checking.check_hash("cd" * 32),
        checking.check_code(plain.code),
        checking.check_code(waiting.code),
    ):
        assert unknown == Verdict(Outcome.UNKNOWN)
    assert told(checking.check_file(pdf)) == ("no_seal", "seal_removed")
    assert checking.check_file(pdf).known == ()


def test_without_the_stored_original_the_rest_is_still_told() -> None:
    document, pdf = made()
    default_storage.delete(str(document.file.name))
    assert told(checking.check_file(done.cropped(pdf))) == ("changed", "content_changed resaved")


@pytest.mark.parametrize(
    ("data", "fault"), [(b"", "empty"), (b"Hello", "not_a_pdf"), (b"%PDF-1.7 ", "truncated")]
)
def test_what_is_no_pdf_is_an_answer_too(data: bytes, fault: str) -> None:
    assert told(checking.check_file(data)) == ("unreadable", fault)
