"""Every text of the portal speaks German, and says the same with the same blanks."""

import io
import re
from pathlib import Path

import pytest
from babel.messages import Catalog, pofile
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
ROOMS = ["portal", "partners", "documents", "scoring", "cooperation"]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
TEMPLATES = {
    "portal": ["*.html", "portal/**/*.*", "registration/*.*", "django/**/*.html"],
}
CODE = {"portal": "config"}
BLANK = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def used(room: str) -> Catalog:
    """The texts that code and templates of ``room`` ask for."""
    catalog = Catalog()
    for path in sorted((ROOT / CODE.get(room, room)).rglob("*.py")):
        _collect(catalog, path.read_text())
    for pattern in TEMPLATES.get(room, [f"{room}/**/*.*"]):
        for path in sorted((ROOT / "templates").glob(pattern)):
            if path.is_file():
                python = templatize(path.read_text(), origin=str(path))
                # The indentation of HTML is none of Python's.
                _collect(catalog, "\n".join(line.lstrip() for line in python.splitlines()))
    return catalog


def _collect(catalog: Catalog, source: str) -> None:
    found = extract("python", io.BytesIO(source.encode()), KEYWORDS, options={"encoding": "utf-8"})
    for _line, text, _comments, context in found:
        catalog.add(text, context=context)


def german(room: str) -> Catalog:
    path = ROOT / "locale" / room / "de" / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return pofile.read_po(file, locale="de")


def strings(text: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [text or ""] if text is None or isinstance(text, str) else list(text)


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_there_in_german(room: str) -> None:
    catalogue = german(room)
    missing = [
        message.id
        for message in used(room)
        if message.id
        and (
            (found := catalogue.get(message.id, message.context)) is None
            or found.fuzzy
            or not all(strings(found.string))
        )
    ]
    assert missing == []


@pytest.mark.parametrize("room", ROOMS)
def test_translations_keep_the_blanks(room: str) -> None:
    for message in german(room):
        if not message.id:
            continue
        wanted = set(BLANK.findall(strings(message.id)[-1]))
        *singular, last = (set(BLANK.findall(text)) for text in strings(message.string))
        assert last == wanted, message.id
        assert all(blanks <= wanted for blanks in singular), (
            message.id
        )  # "one firm" needs no number


def test_no_room_says_something_else_in_the_same_words() -> None:
    """The catalogues share one domain: where two rooms translate one text, the first one wins."""
    seen: dict[tuple[object, str | None], str] = {}
    for room in ROOMS:
        for message in german(room):
            if message.id:
                key = (str(message.id), message.context)
                assert seen.setdefault(key, str(message.string)) == str(message.string), key
