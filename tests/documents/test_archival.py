"""Every kind of PDF keeps what it claims: PDF/A-3a and PDF/UA-1, sealed where it is sealed.

The validator is page-validation, which follows the rules of veraPDF; veraPDF itself did not run.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from cooperation import (
    agreement_pdf,
    checklist_pdf,
    depth,
    first_round_pdf,
    rule_books,
    signing,
)
from cooperation.models import AgreementDocument, AgreementVersion
from documents import jobs
from scoring import reports
from tests.cooperation import amended, pairing, rounds, settling, test_depth
from tests.cooperation.worlds import world
from tests.documents import pdfs
from tests.factories import PartnerFactory, member
from tests.scoring.stage import OLD, stored_score, tenants
from tests.scoring.worlds import Row

pytestmark = pytest.mark.django_db


def original(version: AgreementVersion, language: str = "de", **reader: Any) -> bytes:
    """The sealed file that was ordered with the last signature."""
    row = AgreementDocument.objects.get(version=version, language=language, **reader)
    assert jobs.build(row.document_id, agreement_pdf.render)
    row.document.refresh_from_db()
    with row.document.file.open("rb") as stored:
        content: bytes = stored.read()
    return content


def two_firms(language: str) -> bytes:
    return original(settling.signed()[1], language)


def own_copy() -> bytes:
    several = pairing.all_settled(3)
    return original(pairing.signed(several), partner=several.firms[1])


def many_firms() -> bytes:
    return original(settling.signed(12)[1])


def amendment() -> bytes:
    some = amended.in_force()
    amended.begin(some)
    some.propose(0, "shared_goal", "Ein anderes Ziel.")
    some.confirm(1, "shared_goal")
    return original(amended.sign_all(some, amended.freeze(some)))


def first_talk() -> bytes:
    two = world()
    depth.change(two.agreement.pk, "exploratory", **two.acting(0))
    test_depth.first_talk(two)
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    return original(settling.sign_all(two, version))


def not_signed() -> bytes:
    two = world()
    two.fill()
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    return agreement_pdf.render_version(version, language="de")


def blank(length: str, language: str) -> bytes:
    return checklist_pdf.render_blank(rule_books.packaged(), length=length, language=language)


def agenda(language: str) -> bytes:
    return first_round_pdf.render_round(rounds.game().play(), language=language)


def report(language: str, rows: list[Row] | None = None, length: str = "full") -> bytes:
    firm = PartnerFactory.create(name="Kern", legal_name="Kern & Söhne GmbH", slug="kern")
    user = member(firm, "manager")
    score = stored_score(firm, rows)
    ordered = reports.order(score.pk, language=language, length=length, by=user)
    assert reports.build(ordered.document_id)
    ordered.document.refresh_from_db()
    with ordered.document.file.open("rb") as stored:
        content: bytes = stored.read()
    return content


def long_report() -> bytes:
    small = {"2024-02": (8, 1), "2025-02": (10, 9)}
    others = [Row(f"Klein {n:03d}", usage=small, begins_on=OLD) for n in range(150)]
    return report("de", [*tenants(60), *others])


KINDS: dict[str, tuple[str, bool, Callable[[], bytes]]] = {  # language, sealed, how it is made
    "agreement on the fast track in German": ("de", True, lambda: two_firms("de")),
    "agreement on the fast track in English": ("en", True, lambda: two_firms("en")),
    "copy of one firm of three": ("de", True, own_copy),
    "agreement of twelve firms": ("de", True, many_firms),
    "amendment": ("de", True, amendment),
    "agreement after the first talk": ("de", True, first_talk),
    "agreement before the signatures": ("de", False, not_signed),
    "short checklist in German": ("de", False, lambda: blank("short", "de")),
    "short checklist in English": ("en", False, lambda: blank("short", "en")),
    "full checklist in German": ("de", False, lambda: blank("full", "de")),
    "full checklist in English": ("en", False, lambda: blank("full", "en")),
    "agenda in German": ("de", False, lambda: agenda("de")),
    "agenda in English": ("en", False, lambda: agenda("en")),
    "report in German": ("de", True, lambda: report("de")),
    "report in English": ("en", True, lambda: report("en")),
    "report on one page in German": ("de", True, lambda: report("de", length="short")),
    "report on one page in English": ("en", True, lambda: report("en", length="short")),
    "report with 400 rows": ("de", True, long_report),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_archived_and_read_aloud(kind: str) -> None:
    language, sealed, make = KINDS[kind]
    pdf = make()

    assert pdfs.faults(pdf) == {}
    read = pdfs.reader(pdf)
    assert str(read.root_object["/Lang"]) == language
    assert read.metadata is not None
    assert read.metadata.title
    assert len(read.outline) > 0
    levels = pdfs.headings(pdf)
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    cells = pdfs.elements(pdf, "/TD")
    assert all(_has_heading(cell) for cell in cells)
    assert all(figure.get("/Alt") for figure in pdfs.elements(pdf, "/Figure"))
    assert ("/AcroForm" in read.root_object) is sealed
    assert bool(pdfs.files(pdf)) is sealed  # what can be checked has the data it shows


def _has_heading(cell: Any) -> bool:
    """Whether a cell names the headings of its row or column."""
    return bool(cell["/A"].get_object().get("/Headers"))
