"""Which characters the bundled fonts can show; any other is written out, so that none is lost.

A character without a glyph would be an empty box, and PDF/A forbids those. One that turns the
direction of the text over could let a name read as another one.
"""

import re
import unicodedata
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from partners.plain import hides_something

FONTS = Path(__file__).parent / "fonts"

# Seen by nobody and needed by the letters around them: joiners, marks of direction for the next
# letter, selectors of a variant, soft hyphen and places to break. Pango draws nothing for them.
_UNSEEN = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_EMPTY = re.compile(b"<([0-9a-f]{4})> <>")
# Hebrew, Arabic and their kin, with what stands between two such letters.
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LEFT_TO_RIGHT = "a-zA-Z\u00c0-\u058f"
_TURNED = re.compile(f"[{_RIGHT_TO_LEFT}](?:[^<>&\"'\\n{_LEFT_TO_RIGHT}]*[{_RIGHT_TO_LEFT}])?")
# A letter and accents that stand over or under it.
_ACCENTED = re.compile("[^\\W\\d_][\u0300-\u036f]+")


@cache
def drawn() -> frozenset[str]:
    """The characters that at least one of the bundled fonts has."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 -- only workers need it

    found: set[int] = set()
    for path in sorted(FONTS.glob("*.ttf")):
        with TTFont(path, lazy=True) as font:
            found.update(font.getBestCmap())
    characters = {chr(number) for number in found}
    # What fonts have for themselves (private use) means nothing to a reader; other signs of
    # control are drawn by none, whatever a font says.
    nothing = {
        each for each in characters if unicodedata.category(each) in {"Cc", "Cf", "Co", "Cn"}
    }
    return frozenset(characters - nothing | set(" \t\r\n"))


def shown(text: str) -> str:
    """``text`` with every character that cannot be shown as its number: ``[U+1F9FF]``."""
    text = _ACCENTED.sub(lambda match: unicodedata.normalize("NFC", match[0]), text)
    odd: dict[str, str | int | None] = {
        character: f"[U+{ord(character):04X}]"
        for character in set(text)
        if hides_something(character) or not (character in drawn() or _UNSEEN.match(character))
    }
    return _kept_apart(text.translate(str.maketrans(odd)) if odd else text)


def _kept_apart(text: str) -> str:
    """``text`` with what runs from right to left between marks of the other direction.

    The documents run from left to right. Without these, an Arabic name at the head of a sentence
    would turn all of it, and one before a date would change places with it.
    """
    return _TURNED.sub("\u200e\\g<0>\u200e", text)


def finish(document: Any, pdf: Any) -> None:
    """Give each glyph in a PDF of WeasyPrint's some text: a ``finisher`` for ``write_pdf``.

    Of glyphs that are drawn as one cluster (a Hebrew letter with two points) WeasyPrint maps one to
    the text of all and the others to nothing, which PDF/A forbids.
    """
    fonts = {font.name: font for font in document.fonts.values() if "" in font.to_unicode.values()}
    for entry in list(pdf.objects) if fonts else ():
        if isinstance(entry, dict) and "ToUnicode" in entry and entry.get("BaseFont") in fonts:
            number = int(entry["ToUnicode"].split()[0])
            letters = _letters(fonts[entry["BaseFont"]])
            table = pdf.objects[number]
            table.stream = [_mended(line, letters) for line in table.stream]


def _letters(font: Any) -> dict[bytes, str]:
    """What stands for itself in an embedded font, by the glyph's number as it is written."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    with TTFont(BytesIO(font.file_content)) as embedded:
        return {
            b"%04x" % embedded.getGlyphID(name): chr(number)
            for number, name in embedded.getBestCmap().items()
            if not unicodedata.category(chr(number)).startswith("M")
        }


def _mended(line: Any, letters: dict[bytes, str]) -> Any:
    """A line of a ToUnicode table; an empty text becomes the glyph's own or a sign for none."""
    found = _EMPTY.fullmatch(line) if isinstance(line, bytes) else None
    if found is None:
        return line
    text = letters.get(found[1], "\u2060")
    return b"<%s> <%s>" % (found[1], text.encode("utf-16-be").hex().encode())
