"""What all kinds of answers share: checking text and numbers, refusing in whole sentences."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation.book import Option, Party, Point, Text, Value
from cooperation.kinds import words
from partners.plain import hides_something

TEXT_LIMIT = 5_000  # characters of a free text
NOTE_LIMIT = 2_000
NAME_LIMIT = 200  # a label, a name, a cell
ROW_LIMIT = 60


class InvalidAnswer(ValueError):
    """The answer cannot be taken. ``errors``: translated sentences by field, "" for the whole.

    Field names are paths into the value, e.g. ``shares.<party>`` or ``rows.2.amount``.
    """

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        self.errors = {field: list(sentences) for field, sentences in errors.items()}
        super().__init__(" ".join(line for lines in self.errors.values() for line in lines))


class Problems:
    """Collects what is wrong, so that a form hears everything at once."""

    def __init__(self) -> None:
        self.errors: dict[str, list[str]] = {}

    def add(self, field: str, sentence: str) -> None:
        self.errors.setdefault(field, []).append(sentence)

    def raise_if_any(self) -> None:
        if self.errors:
            raise InvalidAnswer(self.errors)


@dataclass(frozen=True, slots=True)
class Grid:
    """The part of an answer that reads best as a table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()  # columns whose cells are figures


@dataclass(frozen=True, slots=True)
class Description:
    """An answer in plain words. ``lines`` say everything; ``grid`` sets the same out better."""

    lines: tuple[str, ...]
    grid: Grid | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """All of it in one line, e.g. for a difference or a log."""
        return " · ".join((*self.lines, self.note) if self.note else self.lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "lines": list(self.lines),
            "grid": None if self.grid is None else _lists(asdict(self.grid)),
            "note": self.note,
        }


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    return [_lists(inner) for inner in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Telling:
    """What an answer is put into words with: its point, the firms, the language, the answers."""

    point: Point
    parties: tuple[Party, ...]
    language: str
    answers: Mapping[str, Value]

    def word(self, text: Text) -> str:
        return text.in_language(self.language)

    def words(self, *texts: Text) -> tuple[str, ...]:
        return tuple(map(self.word, texts))

    def firm(self, key: str) -> str:
        """The name of a firm; of one that has left, that it is no longer involved."""
        names = {party.key: party.name for party in self.parties}
        return names.get(key, self.word(words.UNKNOWN))

    def label(self, options: Sequence[Option], key: str) -> str:
        """What the book calls ``key``; the key itself where the book no longer has it."""
        return next((self.word(option.label) for option in options if option.key == key), key)


class Kind:
    """One kind of answer. Stateless; ``point`` brings what the book says about it."""

    key: ClassVar[str]
    has_note: ClassVar[bool] = True

    def clean(self, value: Any, point: Point, parties: tuple[Party, ...]) -> Value:
        """The canonical form of ``value``, or ``InvalidAnswer``. Cleaning twice changes nothing."""
        problems = Problems()
        raw = as_mapping(self.expand(value))
        cleaned = self.read(raw, point, parties, problems)
        if self.has_note:
            cleaned["note"] = text(raw.get("note"), "note", problems, limit=NOTE_LIMIT, lines=True)
            self.check_note(cleaned, point, parties, problems)
        problems.raise_if_any()
        return cleaned

    def expand(self, value: Any) -> Any:
        """Turn the short way a rule book writes a value into the long one."""
        return value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        raise NotImplementedError

    def check_note(
        self, value: Value, point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> None:
        """Ask for a note where the answer says too little without one."""

    def resolve(
        self, value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
    ) -> Value | None:
        """``value`` with any rule in it worked out; None if that cannot be done yet."""
        return value

    def describe(self, value: Value, telling: Telling) -> Description:
        """A canonical value in plain words, with its note."""
        return replace(self.say(value, telling), note=value.get("note", ""))

    def say(self, value: Value, telling: Telling) -> Description:
        """``describe`` without the note, which every kind has alike."""
        raise NotImplementedError


def as_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise InvalidAnswer({"": [_("Please answer this question.")]})


def as_rows(value: Any, limit: int) -> list[Mapping[str, Any]]:
    """A list of mappings from the outside; anything else, or too many, is refused."""
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise InvalidAnswer({"": [_("The rows could not be read. Please fill them in again.")]})
    if len(value) > limit:
        sentence = ngettext(
            "No more than %(limit)d row is possible here.",
            "No more than %(limit)d rows are possible here.",
            limit,
        )
        raise InvalidAnswer({"": [sentence % {"limit": limit}]})
    return list(value)


def clean_rows(
    raw: Mapping[str, Any],
    name: str,
    clean: Callable[[Mapping[str, Any], str], dict[str, Any]],
    *,
    limit: int = ROW_LIMIT,
    is_blank: Callable[[Mapping[str, Any]], bool] = lambda row: False,
) -> list[dict[str, Any]]:
    """The rows at ``name`` of the answer, each cleaned with its path (``rows.2``).

    A blank row is left out; the others keep the numbers that the form knows them by.
    """
    return [
        clean(row, f"{name}.{index}")
        for index, row in enumerate(as_rows(raw.get(name), limit))
        if not is_blank(row)
    ]


def refuse_twice(rows: Sequence[Mapping[str, Any]], problems: Problems, sentence: str) -> None:
    """A row of the book can stand there once; rows of the firms' own have no key."""
    keys = [row["key"] for row in rows if row["key"]]
    if len(keys) != len(set(keys)):
        problems.add("", sentence)


def text(
    value: Any,
    field: str,
    problems: Problems,
    *,
    limit: int = NAME_LIMIT,
    lines: bool = False,
    required: str = "",
) -> str:
    """``value`` as clean text: composed, trimmed, without control characters.

    HTML is just text. ``lines`` allows line breaks; ``required`` is the sentence for an empty one.
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        problems.add(field, _("Please enter text here."))
        return ""
    written: str = value.replace("\r\n", "\n").replace("\r", "\n")
    if not lines:
        written = written.replace("\n", " ").replace("\t", " ")
    if hides_something(written):
        problems.add(
            field,
            _("The text contains invisible control characters. Please type it in again."),
        )
        return ""
    written = unicodedata.normalize("NFC", written).strip()
    if len(written) > limit:
        sentence = _("Please shorten this to %(limit)s characters (now %(length)s).")
        problems.add(field, sentence % {"limit": limit, "length": len(written)})
    if not written and required:
        problems.add(field, required)
    return written


def decimal(value: Any, field: str, problems: Problems) -> Decimal | None:
    """A number with at most two decimals, from 1234.5, "1234,50" or "1.234,50"; None if refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str):
        problems.add(field, _("Please enter a number."))
        return None
    written = value.strip().replace("\u00a0", "").replace(" ", "")
    if "," in written and "." in written:
        mark = max(written, key=lambda c: written.rfind(c) if c in ",." else -1)
        whole, _mark, rest = written.rpartition(mark)
        groups = whole.lstrip("-").split("." if mark == "," else ",")
        if not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            problems.add(field, _("Please enter a number."))
            return None
        written = whole.replace("." if mark == "," else ",", "") + "." + rest
    written = written.replace(",", ".")
    if not written.isascii() or "_" in written or "e" in written.lower() or len(written) > 24:
        problems.add(field, _("Please enter a number."))
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        problems.add(field, _("Please enter a number."))
        return None
    if not number.is_finite():
        problems.add(field, _("Please enter a number."))
        return None
    if number != number.quantize(Decimal("0.01")):
        sentence = _("Please give no more than two decimals and no thousands separators.")
        problems.add(field, sentence)
        return None
    return number + 0  # no negative zero


def whole(value: Any, field: str, problems: Problems, *, least: int, most: int) -> int | None:
    """A whole number within the bounds, from a number or its digits; None if refused."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:12])
    if not isinstance(value, int) or isinstance(value, bool):
        problems.add(field, _("Please enter a whole number."))
        return None
    if not least <= value <= most:
        sentence = _("Please enter a number from %(least)s to %(most)s.")
        problems.add(field, sentence % {"least": least, "most": most})
        return None
    return value


def one_of(value: Any, allowed: Sequence[str] | frozenset[str]) -> str | None:
    return value if isinstance(value, str) and value in allowed else None


def fixed(number: Decimal) -> str:
    """The one way a decimal is stored: two places, no exponent."""
    return f"{number:.2f}"
