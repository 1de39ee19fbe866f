"""What a template needs to know of an input, a row of inputs and the whole answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

Raw = dict[str, Any]  # an answer as its inputs hold it


@dataclass(frozen=True, slots=True)
class Choice:
    key: str
    label: str
    chosen: bool
    id: str


@dataclass(frozen=True, slots=True)
class Control:
    """One labelled input. ``type`` is an input type, or textarea, select, radio, checkboxes."""

    name: str
    id: str
    label: str
    type: str = "text"
    value: str = ""
    choices: tuple[Choice, ...] = ()
    context: str = ""  # said before the label to screen readers only: the row it stands in
    help: str = ""
    unit: str = ""  # stands behind the input: %, EUR
    errors: tuple[str, ...] = ()
    optional: bool = False
    inline: bool = False  # choices in a line
    numeric: bool = False
    maxlength: int = 0
    suggestions: tuple[str, ...] = ()
    row_errors: str = ""  # id of the sentences about the row this input stands in

    @property
    def described_by(self) -> str:
        """Ids of what a screen reader should say along with the input."""
        ids = [f"{self.id}_help"] if self.help else []
        ids += [f"{self.id}_errors"] if self.errors else []
        ids += [self.row_errors] if self.row_errors else []
        return " ".join(ids)

    @property
    def invalid(self) -> bool:
        return bool(self.errors or self.row_errors)

    @property
    def said(self) -> str:
        """What stands in it, in words: of a select the chosen label."""
        if self.type != "select":
            return self.value
        return next((c.label for c in self.choices if c.chosen and c.key), "")


@dataclass(frozen=True, slots=True)
class Row:
    index: int
    id: str
    name: str  # what the row is about, for buttons and labels
    title: str = ""  # fixed text of the first column; empty when its first control is the title
    hidden: tuple[tuple[str, str], ...] = ()
    controls: tuple[Control, ...] = ()
    errors: tuple[str, ...] = ()
    required: bool = False
    removable: bool = False
    up: bool = False
    down: bool = False


@dataclass(frozen=True, slots=True)
class Widget:
    """The inputs for one answer."""

    kind: str
    errors: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    add: str = ""  # words on the button that adds a row
    total: str = ""  # the shares added up, when there is a sum to watch
    warning: str = ""
    note: Control | None = None

    @property
    def buttons(self) -> bool:
        """Some row can be removed or moved."""
        return any(row.removable or row.up or row.down for row in self.rows)

    @property
    def columns(self) -> int:
        return len(self.head) + (1 if self.buttons else 0)

    @property
    def template(self) -> str:
        return "cooperation/widgets/rows.html" if self.rows else "cooperation/widgets/fields.html"


def string(value: Any) -> str:
    """``value`` if it is text; what was tampered with reads as empty."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    return [mapping(row) for row in value] if isinstance(value, list | tuple) else []


DEEPEST = 4  # parts of a name: rows.2.cells.<firm>


def unflatten(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """``[("rows.0.label", "x")]`` becomes ``{"rows": [{"label": "x"}]}``.

    Numbers count positions, whatever gaps they have; a name that contradicts an earlier one is
    left out, and so is one with more parts than any input has.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        here: Any = tree
        *path, last = name.split(".", DEEPEST)
        if len(path) == DEEPEST:
            continue
        for part in path:
            here = here.setdefault(part, {}) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here.setdefault(last, value)
    return {key: _lists(value) for key, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(item) for key, item in value.items()}
    if inner and all(key.isascii() and key.isdigit() and len(key) < 6 for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def language() -> str:
    return get_language() or "de"


def as_typed(amount: Any) -> str:
    """A stored decimal as one types it in the current language."""
    written = string(amount)
    return written.replace(".", ",") if language().startswith("de") else written
