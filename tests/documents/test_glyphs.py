"""Every character comes out: as itself, or as its number."""

import subprocess
from pathlib import Path

import pytest

from documents import glyphs, rendering
from tests.documents import pdfs


def page(*paragraphs: str) -> str:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f'<html lang="de"><head><title>Probe</title></head><body><h1>Probe</h1>{body}</body></html>'
    )


def copied(pdf: bytes, folder: Path) -> str:
    """What somebody copies out of the PDF: poppler puts the directions of scripts right."""
    path = folder / "probe.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", str(path), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(each for each in text if each not in "\u202a\u202b\u202c\u200e\u2060")


SCRIPTS = [
    "Straße Łódź Đặng",
    "Αθήνα Ελλάδα",
    "Москва Щука Їжак",
    "محمد علي حسن",
    "שלום עולם",
    "株式会社 東京",
    "简体中文 繁體",
    "ひらがな カタカナ",
    "안녕하세요 회사",
    "ქართული",
    "Հայաստան",
    "हिन्दी",
    "ไทย",
    "👍🏽 😀 🇩🇪 👨‍👩‍👧",
    "☐☑✓✗●○→★■◆➔❯",
]


def test_names_in_all_scripts_come_back(tmp_path: Path) -> None:
    paragraphs = [f"<b>{text}</b> <i>{text}</i>" for text in SCRIPTS]
    pdf = rendering.html_to_pdf(page(*SCRIPTS, *paragraphs))

    assert pdfs.faults(pdf) == {}
    lines = copied(pdf, tmp_path).splitlines()
    assert [text for text in SCRIPTS if text not in lines] == []


def test_a_script_that_no_font_has_is_written_as_numbers() -> None:
    pdf = rendering.html_to_pdf(page("a\ue000\U00020000\U0001f9ff\uffff\x07b ᚠ"))

    assert pdfs.faults(pdf) == {}
    said = "a[U+E000][U+20000]\U0001f9ff[U+FFFF][U+0007]b [U+16A0]"
    assert pdfs.words(pdf) == f"Probe {said} 1 / 1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Vertrag \u202egnp.exe", "Vertrag [U+202E]gnp.exe"),
        ("\u2067x\u2069", "[U+2067]x[U+2069]"),
        ("a\u200db\ufe0f\u00ad", "a\u200db\ufe0f\u00ad"),  # joiners are needed
        ("Zoe\u0308", "Zoë"),
        ("<p>محمد am 3.4.</p>", "<p>\u200eمحمد\u200e am 3.4.</p>"),
        ("שלום 12 עולם", "\u200eשלום 12 עולם\u200e"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_nothing_turns_other_text_over(text: str, shown: str) -> None:
    assert glyphs.shown(text) == shown


def test_an_arabic_name_changes_no_places_with_a_date(tmp_path: Path) -> None:
    """By where it stands on the page: the name first, then the date from left to right."""
    path = tmp_path / "probe.pdf"
    path.write_bytes(rendering.html_to_pdf(page("محمد 12 - 34 Ende")))
    command = ["pdftotext", "-bbox", str(path), "-"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    left = {
        line.split(">")[1].split("<")[0]: float(line.split('xMin="')[1].split('"')[0])
        for line in found.splitlines()
        if "<word" in line
    }
    assert left["محمد"[::-1]] < left["12"] < left["34"] < left["Ende"]


def test_every_letter_of_points_and_marks_keeps_some_text() -> None:
    """Hebrew with two points on a letter: WeasyPrint leaves one of the glyphs without a text."""
    assert pdfs.faults(rendering.html_to_pdf(page("שָׁלוֹם מُحَمَّد हिन्दी"))) == {}


def test_the_machines_own_fonts_are_not_looked_at() -> None:
    text = (glyphs.FONTS / "fonts.conf").read_text(encoding="utf-8")
    assert [line.strip() for line in text.splitlines() if "<dir" in line] == [
        '<dir prefix="relative">.</dir>'
    ]
