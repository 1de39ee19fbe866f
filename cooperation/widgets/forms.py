"""The widget of each kind: which inputs it has, in which order, with which errors beside them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cooperation.book import Column, Option, Party, Point
from cooperation.kinds import words
from cooperation.kinds.base import (
    NAME_LIMIT,
    NOTE_LIMIT,
    TEXT_LIMIT,
    Problems,
    decimal,
)
from cooperation.widgets.controls import (
    Choice,
    Control,
    Raw,
    Row,
    Widget,
    language,
    mapping,
    rows_of,
    string,
)
from cooperation.widgets.values import ROWS

Errors = Mapping[str, list[str]]

CURRENCIES = ("EUR", "CHF", "USD", "GBP")  # suggestions; any ISO code can be typed in


class _Form:
    """Makes controls: ids carry the point, so that two open cards never share one."""

    def __init__(self, point: Point, parties: tuple[Party, ...], raw: Raw, errors: Errors) -> None:
        self.point, self.parties, self.raw, self.errors = point, parties, raw, errors

    def id(self, name: str) -> str:
        return f"{self.point.key}-{name.replace('.', '-')}"

    def said(self, name: str) -> tuple[str, ...]:
        return tuple(self.errors.get(name, ()))

    def control(self, name: str, label: str, value: Any = None, **more: Any) -> Control:
        if value is None:
            value = self.raw.get(name)
        return Control(
            name=name,
            id=self.id(name),
            label=label,
            value=string(value),
            errors=self.said(name),
            **more,
        )

    def choices(
        self, name: str, options: tuple[Option, ...], chosen: set[str]
    ) -> tuple[Choice, ...]:
        return tuple(
            Choice(option.key, str(option.label), option.key in chosen, f"{self.id(name)}-{place}")
            for place, option in enumerate(options)
        )

    def select(
        self, name: str, label: str, options: list[tuple[str, str]], value: Any, **more: Any
    ) -> Control:
        chosen = string(value)
        return self.control(
            name,
            label,
            value,
            type="select",
            choices=tuple(
                Choice(key, text, key == chosen, f"{self.id(name)}-{place}")
                for place, (key, text) in enumerate(options)
            ),
            **more,
        )

    def note(self, *, needed: bool = False) -> Control:
        return self.control(
            "note",
            pgettext("beside an answer", "Note"),
            type="textarea",
            maxlength=NOTE_LIMIT,
            optional=not needed,
        )


# ---- One thing ---------------------------------------------------------------------------------


def _choice(form: _Form) -> Widget:
    chosen = {string(form.raw.get("choice"))}
    options = form.point.choices(form.parties)
    control = form.control(
        "choice",
        pgettext("of a question", "Answer"),
        type="radio",
        choices=form.choices("choice", options, chosen),
    )
    return Widget("choice", controls=(control,), note=form.note())


def _multi_choice(form: _Form) -> Widget:
    given = form.raw.get("choices")
    chosen = {string(key) for key in given} if isinstance(given, list | tuple) else set()
    options = form.point.choices(form.parties)
    control = form.control(
        "choices", _("Answers"), type="checkboxes", choices=form.choices("choices", options, chosen)
    )
    return Widget("multi_choice", controls=(control,), note=form.note())


def _yes_no(form: _Form) -> Widget:
    options = tuple(Option(key, label) for key, label in words.YES_NO.items())
    chosen = {string(form.raw.get("answer"))}
    control = form.control(
        "answer",
        pgettext("of a question", "Answer"),
        type="radio",
        inline=True,
        choices=form.choices("answer", options, chosen),
    )
    note = form.note()
    return Widget("yes_no_note", controls=(control,), note=note)


def _text(form: _Form) -> Widget:
    control = form.control(
        "text", pgettext("of a question", "Answer"), type="textarea", maxlength=TEXT_LIMIT
    )
    return Widget("text", controls=(control,))


def _percent(form: _Form) -> Widget:
    control = form.control("percent", _("Percentage"), numeric=True, unit="%", maxlength=8)
    return Widget("percent", controls=(control,), note=form.note())


def _duration(form: _Form) -> Widget:
    units = [(key, str(words.UNITS[key][1])) for key in words.DURATION_UNITS]
    return Widget(
        "duration",
        controls=(
            form.control("number", _("Number"), numeric=True, maxlength=4),
            form.select("unit", _("Unit"), units, form.raw.get("unit")),
        ),
        note=form.note(),
    )


def _date_range(form: _Form) -> Widget:
    none = form.control(
        "no_review",
        _("No date for a first review"),
        form.raw.get("no_review"),
        type="checkbox",
    )
    return Widget(
        "date_range",
        controls=(
            form.control(
                "start", _("Start"), type="date", help=_("Empty: with the last signature")
            ),
            form.control("end", _("End"), type="date", help=_("Empty: at the end of the project")),
            form.control(
                "review",
                _("First joint review"),
                type="date",
                help=_("Empty: three months after the start"),
            ),
            none,
        ),
        note=form.note(),
    )


# ---- Rows --------------------------------------------------------------------------------------


def _percent_split(form: _Form) -> Widget:
    shares = mapping(form.raw.get("shares"))
    controls = tuple(
        form.control(
            f"shares.{party.key}",
            party.name,
            string(shares.get(party.key)),
            numeric=True,
            unit="%",
            maxlength=8,
        )
        for party in form.parties
    )
    return Widget("percent_split", controls=controls, total=_total(shares), note=form.note())


def _total(shares: Mapping[str, Any]) -> str:
    total = Decimal(0)
    for share in shares.values():
        if string(share):
            total += decimal(share, "", Problems()) or Decimal(0)
    return words.percent(f"{total:.2f}", language())


def _row(form: _Form, list_name: str, index: int, **more: Any) -> Row:
    name = f"{list_name}.{index}"
    return Row(index=index, id=form.id(name), errors=form.said(name), **more)


def _row_errors(form: _Form, name: str) -> str:
    return f"{form.id(name)}_errors" if form.said(name) else ""


def _label_of(options: tuple[Option, ...], key: str) -> str:
    return next((str(option.label) for option in options if option.key == key), "")


def _raci(form: _Form) -> Widget:
    letters = [(key, str(label) if key != "-" else "–") for key, label in words.RACI.items()]
    rows = []
    given = rows_of(form.raw.get("rows"))
    for index, row in enumerate(given):
        path, key = f"rows.{index}", string(row.get("key"))
        title = _label_of(form.point.rows, key)
        name = title or string(row.get("label")) or _("Row %(number)s") % {"number": index + 1}
        label = form.control(
            f"{path}.label", _("Task"), string(row.get("label")), maxlength=NAME_LIMIT
        )
        cells = mapping(row.get("cells"))
        selects = tuple(
            form.select(
                f"{path}.cells.{party.key}",
                party.name,
                letters,
                cells.get(party.key) or "-",
                context=name,
                row_errors=_row_errors(form, path),
            )
            for party in form.parties
        )
        rows.append(
            _row(
                form,
                "rows",
                index,
                name=name,
                title=title,
                hidden=((f"{path}.key", key),) if title else (),
                controls=selects if title else (label, *selects),
                removable=True,
            )
        )
    head = (_("Task"), *(party.name for party in form.parties))
    return Widget("raci", head=head, rows=tuple(rows), add=_("Add a task"), note=form.note())


def _contacts(form: _Form) -> Widget:
    roles = [(role.key, str(role.label)) for role in form.point.roles]
    rows, seen = [], set()
    for index, row in enumerate(rows_of(form.raw.get("contacts"))):
        path, role = f"contacts.{index}", string(row.get("role"))
        title = dict(roles).get(role, "") if role not in seen else ""
        seen.add(role)
        name = title or _("Another person")

        def part(
            key: str, label: str, path: str = path, row: Mapping[str, Any] = row, **more: Any
        ) -> Control:
            return form.control(f"{path}.{key}", label, string(row.get(key)), **more)

        inputs = (
            part("person", pgettext("of a person", "Name"), maxlength=NAME_LIMIT),
            part("email", _("E-mail"), type="email", maxlength=NAME_LIMIT),
            part("phone", _("Phone"), type="tel", maxlength=40),
            part("deputy", _("Deputy"), maxlength=NAME_LIMIT),
        )
        chooser = form.select(f"{path}.role", _("Role"), [("", "–"), *roles], role)
        required = title and role in form.point.required_roles
        rows.append(
            _row(
                form,
                "contacts",
                index,
                name=name,
                title=title,
                required=bool(required),
                hidden=((f"{path}.role", role),) if title else (),
                controls=inputs if title else (chooser, *inputs),
                removable=not title,
            )
        )
    head = (_("Role"), pgettext("of a person", "Name"), _("E-mail"), _("Phone"), _("Deputy"))
    return Widget(
        "contacts",
        head=head,
        rows=tuple(rows),
        add=_("Add a contact person"),
        note=form.note(),
    )


def _money(form: _Form) -> Widget:
    currency = form.control("currency", _("Currency"), maxlength=3, suggestions=CURRENCIES)
    if not form.point.rows:
        amount = form.control("amount", _("Amount, net"), numeric=True, maxlength=20)
        return Widget("money", controls=(amount, currency), note=form.note())
    rows = []
    for index, row in enumerate(rows_of(form.raw.get("rows"))):
        path, key = f"rows.{index}", string(row.get("key"))
        title = _label_of(form.point.rows, key)
        name = title or string(row.get("label")) or _("Row %(number)s") % {"number": index + 1}
        amount = form.control(
            f"{path}.amount",
            _("Amount, net"),
            string(row.get("amount")),
            context=name,
            numeric=True,
            maxlength=20,
        )
        label = form.control(
            f"{path}.label", _("Item"), string(row.get("label")), maxlength=NAME_LIMIT
        )
        rows.append(
            _row(
                form,
                "rows",
                index,
                name=name,
                title=title,
                hidden=((f"{path}.key", key),) if title else (),
                controls=(amount,) if title else (label, amount),
                removable=not title,
            )
        )
    return Widget(
        "money",
        controls=(currency,),
        head=(_("Item"), _("Amount, net")),
        rows=tuple(rows),
        add=_("Add an item"),
        note=form.note(),
    )


def _escalation(form: _Form) -> Widget:
    roles = [("", "–"), *((role.key, str(role.label)) for role in form.point.roles)]
    units = [(key, str(words.UNITS[key][1])) for key in words.DEADLINE_UNITS]
    given = rows_of(form.raw.get("steps"))
    rows = []
    for index, row in enumerate(given):
        path = f"steps.{index}"
        name = _("Level %(number)s") % {"number": index + 1}
        rows.append(
            _row(
                form,
                "steps",
                index,
                name=name,
                title=str(index + 1),
                controls=(
                    form.control(
                        f"{path}.label", _("Who"), string(row.get("label")), maxlength=NAME_LIMIT
                    ),
                    form.select(f"{path}.who_role", _("Role called"), roles, row.get("who_role")),
                    form.control(
                        f"{path}.deadline",
                        _("Deadline"),
                        string(row.get("deadline")),
                        numeric=True,
                        maxlength=3,
                    ),
                    form.select(f"{path}.unit", _("Unit"), units, row.get("unit")),
                ),
                removable=len(given) > 2,
                up=index > 0,
                down=index < len(given) - 1,
            )
        )
    head = (_("Level"), _("Who"), _("Role called"), _("Deadline"), _("Unit"))
    return Widget(
        "escalation",
        head=head,
        rows=tuple(rows),
        add=_("Add a level"),
        note=form.note(),
    )


def _cell(form: _Form, path: str, column: Column, row: Mapping[str, Any]) -> Control:
    name, label, value = f"{path}.{column.key}", str(column.label), row.get(column.key)
    if column.is_free:
        return form.control(name, label, string(value), maxlength=NAME_LIMIT)
    options = [(option.key, str(option.label)) for option in column.choices(form.parties)]
    return form.select(name, label, [("", "–"), *options], value)


def _table(form: _Form) -> Widget:
    columns = form.point.columns
    rows = []
    for index, row in enumerate(rows_of(form.raw.get("rows"))):
        path = f"rows.{index}"
        controls = tuple(_cell(form, path, column, row) for column in columns)
        name = controls[0].said or _("Row %(number)s") % {"number": index + 1}
        rows.append(_row(form, "rows", index, name=name, controls=controls, removable=True))
    return Widget(
        "table",
        head=tuple(str(column.label) for column in columns),
        rows=tuple(rows),
        add=_("Add a row"),
        note=form.note(),
        warning=str(form.point.warning) if form.point.warning else "",
    )


WIDGETS: Mapping[str, Callable[[_Form], Widget]] = {
    "choice": _choice,
    "multi_choice": _multi_choice,
    "yes_no_note": _yes_no,
    "text": _text,
    "contacts": _contacts,
    "raci": _raci,
    "percent_split": _percent_split,
    "percent": _percent,
    "money": _money,
    "duration": _duration,
    "escalation": _escalation,
    "date_range": _date_range,
    "table": _table,
}


def build(
    point: Point, parties: tuple[Party, ...], raw: Raw, errors: Errors | None = None
) -> Widget:
    """The inputs for ``point``, filled with ``raw`` (from ``initial`` or ``read``)."""
    form = _Form(point, parties, raw, errors or {})
    widget = WIDGETS[point.kind](form)
    known = {control.name for control in widget.controls} | {"note"}
    for row in widget.rows:
        known |= {control.name for control in row.controls}
        known.add(f"{ROWS[point.kind]}.{row.index}")
    whole = [line for name, lines in form.errors.items() if name not in known for line in lines]
    return replace(widget, errors=tuple(whole))
