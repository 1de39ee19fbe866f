"""Whose words the questions are: said from the book, wherever questions stand."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from pypdf import PdfReader

from cooperation import agreement_pdf, answers, checklist_pdf, rule_books
from tests.cooperation import amended, rounds
from tests.cooperation.browsers import Browser, Page
from tests.cooperation.worlds import World, world

pytestmark = pytest.mark.django_db

SAID = rule_books.packaged().provenance


def first_round(*, opened: bool) -> Page:
    two = rounds.game()
    if opened:
        two.play()
    return of(two.world, "first_round")


def of(two: World, name: str, *more: str) -> Page:
    return Browser(two.people[0]).get(name, two.agreement.pk, *more)


def frozen_text() -> Page:
    two = world()
    return Browser(two.people[0]).get("version", two.freeze().pk)


def thread() -> Page:
    two = world()
    answers.ask_to_talk(two.agreement.pk, "publicity", "Bitte", **two.acting(0))
    return of(two, "point_thread", "publicity")


PAGES: dict[str, Callable[[], Page]] = {
    "public": lambda: Page(Browser(None).client.get("/")),
    "kodex": lambda: Browser(None).get("kodex"),
    "checklist": lambda: of(world(), "agreement_detail"),
    "one point": lambda: of(world(), "point", "publicity"),
    "answer": lambda: of(world(), "point_answer", "publicity"),
    "course of a point": thread,
    "before signing": lambda: of(world(), "ready"),
    "first round, before": lambda: of(world(), "first_round"),
    "first round": lambda: first_round(opened=False),
    "first round, opened": lambda: first_round(opened=True),
    "answers of before": lambda: of(world(), "reuse"),
    "text to sign": frozen_text,
    "at work": lambda: of(amended.in_force(), "work"),
}


@pytest.mark.parametrize("page", PAGES)
def test_page_says_whose_words_its_questions_are(page: str) -> None:
    found = PAGES[page]()

    assert found.status == 200
    assert " ".join(SAID.en.split()) in found.text()
    assert "this portal's own wording" in found.text()


@pytest.mark.parametrize("language", ["de", "en"])
def test_pdfs_say_whose_words_their_questions_are(language: str) -> None:
    version = world().freeze()
    for data in (
        agreement_pdf.render_version(version, language=language),
        checklist_pdf.render_blank(rule_books.packaged(), length="short", language=language),
        checklist_pdf.render_blank(rule_books.packaged(), length="full", language=language),
    ):
        pages = (page.extract_text() for page in PdfReader(BytesIO(data)).pages)
        assert _letters(SAID.in_language(language)) in _letters("".join(pages))


def _letters(text: str) -> str:
    """Without what setting a line may change: blanks, hyphens, the form of an apostrophe."""
    return "".join(letter for letter in text if letter.isalpha())


def test_every_page_of_questions_takes_the_words_from_the_book() -> None:
    """Templates that print a question also print its book's provenance; parts stand in such."""
    parts = {
        "amendment_section",
        "card",
        "change",
        "contacts_note",
        "dispute_agreed",
        "dispute_link",
        "dispute_list",
        "first_round_card",
        "first_round_form",
        "first_round_link",
        "first_round_next",
        "first_round_topic",
        "pair_group",
        "pdf_parts",
        "point_form",
        "thread_link",
        "version_parts",
    }
    folder = Path(settings.BASE_DIR) / "templates" / "cooperation"
    silent = {
        path.stem
        for path in folder.glob("*.html")
        if ".question" in path.read_text() and "provenance" not in path.read_text()
    }
    assert silent <= parts, silent - parts
