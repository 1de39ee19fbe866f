"""The PDFs of the room, read back: the agreement from its frozen text, and the blank checklists."""

import hashlib
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from cooperation import agreement_pdf, checklist_pdf, evidence, rule_books, signing
from cooperation.models import AgreementDocument, AgreementVersion, BlankChecklist
from documents import jobs
from tests.cooperation.worlds import World, world

NASTY = '<img src="http://127.0.0.1:9/x"><b>fett</b> & „so“'


def words(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def squeeze(text: str) -> str:
    """Without blanks and hyphens: lines break where they like."""
    return "".join(character for character in text if character not in " -\u00ad\u2010")


def signed(two: World) -> AgreementVersion:
    version = two.freeze()
    for number in range(len(two.firms)):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(number),
        )
    version.refresh_from_db()
    return version


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "de",
            [
                "Wo wir vom Kodex-Standard abweichen",
                "Was wollen wir gemeinsam für den Kunden erreichen?",
                "einfachen elektronischen Signatur mit Nachweisprotokoll",
            ],
        ),
        (
            "en",
            [
                "What do we want to achieve together for the customer?",
                "einfache elektronische Signatur mit Nachweisprotokoll",
                "Europe/Berlin",
            ],
        ),
    ],
)
def test_agreement_pdf_says_it_all(language: str, sentences: list[str]) -> None:
    two = world()
    version = signed(two)

    text = words(agreement_pdf.render_version(version, language=language))

    for sentence in sentences:
        assert squeeze(sentence) in squeeze(text)
    for firm, person in zip(two.firms, two.people, strict=True):
        assert firm.legal_name in text
        assert person.name in text
    assert version.sha256 in text.replace(" ", "")
    assert "A quick start with Teams." in text
    assert "Ada Probst" in text


@pytest.mark.django_db
def test_agreement_pdf_comes_from_the_frozen_text_only() -> None:
    two = world()
    version = signed(two)
    before = agreement_pdf.render_version(version, language="de")
    firm, person, project = two.firms[0], two.people[0], two.agreement.project
    firm.legal_name, person.name, project.name = "Andere AG", "Anders Neu", "Anderes Projekt"
    for row in (firm, person, project):
        row.save()

    assert agreement_pdf.render_version(version, language="de") == before


@pytest.mark.django_db
def test_agreement_pdf_shows_html_literally_and_fetches_nothing() -> None:
    two = world()
    two.fill()
    two.propose(0, "shared_goal", NASTY)
    two.confirm(1, "shared_goal")
    two.propose(0, "exclusivity", {"choice": "none", "note": NASTY})
    two.confirm(1, "exclusivity")
    version = signing.freeze(two.agreement.pk, **two.acting(0))

    text = words(agreement_pdf.render_version(version, language="de"))

    assert text.count("<b>fett</b>") == 4  # goal on the cover and at 1.1, note twice


@pytest.mark.django_db
def test_agreement_pdf_is_tagged_and_named_in_its_language() -> None:
    version = signed(world())
    reader = PdfReader(io.BytesIO(agreement_pdf.render_version(version, language="en")))
    catalog: Any = reader.trailer["/Root"]
    assert catalog["/Lang"] == "en"
    assert catalog["/MarkInfo"]["/Marked"]
    assert reader.metadata is not None
    assert reader.metadata.title is not None
    assert "Neuer Arbeitsplatz" in reader.metadata.title


@pytest.mark.django_db
def test_task_makes_the_pdf_once() -> None:
    version = signed(world())
    row = AgreementDocument.objects.get(version=version, language="de")
    assert jobs.build(row.document_id, agreement_pdf.render)
    row.document.refresh_from_db()
    with row.document.file.open("rb") as stored:
        assert hashlib.sha256(stored.read()).hexdigest() == row.document.sha256
    assert not jobs.build(row.document_id, agreement_pdf.render)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC),
            "01.07.2026 12:00:05 UTC (14:00:05 Europe/Berlin)",
        ),
        (
            datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
            "31.12.2026 23:30:00 UTC (01.01.2027 00:30:00 Europe/Berlin)",
        ),
    ],
)
def test_every_time_names_its_zone(at: datetime, said: str) -> None:
    assert evidence.moment(at) == said


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(("length", "count"), [("short", 14), ("full", 68)])
def test_blank_checklist_has_every_question_and_room(
    length: str, count: int, language: str
) -> None:
    book = rule_books.packaged()
    text = words(checklist_pdf.render_blank(book, length=length, language=language))
    asked = [
        point for point in book.points.values() if length == "full" or point.stage == "exploratory"
    ]
    assert len(asked) == count
    squeezed = squeeze(text)
    for point in asked:
        question = point.question.in_language(language)
        assert squeeze(question) in squeezed, point.key
    assert squeeze(book.provenance.in_language(language)) in squeezed


@pytest.mark.django_db
def test_blank_checklist_task_renders_the_ordered_one() -> None:
    checklist_pdf.ensure(rule_books.load_packaged())
    row = BlankChecklist.objects.get(length="short", language="en")
    assert jobs.build(row.document_id, checklist_pdf.render)
    row.document.refresh_from_db()
    with row.document.file.open("rb") as stored:
        assert "What do we want to achieve together for the customer?" in words(stored.read())


@pytest.mark.usefixtures("english")
def test_conditions_are_said_in_words() -> None:
    book = rule_books.packaged()
    sheet = checklist_pdf.sheet
    assert sheet(book.point("shared_goal"), book, "de").condition == ""
    period = sheet(book.point("customer_protection_period"), book, "en")
    assert period.condition == "Only if the answer to 1.6 is “Yes”."
