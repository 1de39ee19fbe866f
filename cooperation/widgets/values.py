"""What the widgets hold: filled from a stored value, taken from a POST, judged by the kinds."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from cooperation import kinds
from cooperation.book import Party, Point, Value
from cooperation.kinds.base import InvalidAnswer
from cooperation.kinds.single import SIGNING_DATE, THREE_MONTHS_LATER
from cooperation.widgets.controls import (
    Raw,
    as_typed,
    mapping,
    rows_of,
    string,
    unflatten,
)

MOST_ROWS = 40
SPARE_ROWS = 2  # empty rows of a table, so that a form without JavaScript can grow

# Where the rows of a kind stand in its value.
ROWS = {
    "contacts": "contacts",
    "raci": "rows",
    "money": "rows",
    "escalation": "steps",
    "table": "rows",
}


# ---- In: from a stored value to the inputs -----------------------------------------------------


def initial(
    point: Point,
    parties: tuple[Party, ...],
    value: Value | None,
    answers: Mapping[str, Value],
) -> Raw:
    """What the inputs begin with: ``value``, else what the book proposes, else emptiness."""
    if value is not None:
        value = kinds.resolve(value, point, parties, answers)
    if value is None:
        value = kinds.starting_value(point, parties, answers)
    raw: Raw = dict(value or {})
    raw.setdefault("note", "")
    return FILL[point.kind](point, parties, raw) if point.kind in FILL else raw


def _fill_percent(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    return {**raw, "percent": as_typed(raw.get("percent"))}


def _fill_split(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    shares = mapping(raw.get("shares"))
    return {**raw, "shares": {party.key: as_typed(shares.get(party.key)) for party in parties}}


def _fill_duration(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    number = raw.get("number")
    return {**raw, "number": "" if number is None else str(number)}


def _fill_dates(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    def day(key: str, symbol: str) -> str:
        written = string(raw.get(key))
        return "" if written == symbol else written

    return {
        **raw,
        "start": day("start", SIGNING_DATE),
        "end": day("end", ""),
        "review": day("review", THREE_MONTHS_LATER),
        "no_review": "1" if "review" in raw and raw["review"] is None else "",
    }


def _fill_contacts(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    """One row per role of the book in its order, then second people in a role."""
    given = rows_of(raw.get("contacts"))
    first, more = [], []
    for role in point.roles:
        named = [row for row in given if row.get("role") == role.key]
        first.append(named[0] if named else {"role": role.key})
        more += named[1:]
    return {**raw, "contacts": [*first, *more]}


def _fill_raci(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    rows = rows_of(raw.get("rows")) or [
        {"key": row.key, "label": "", "cells": {}} for row in point.rows
    ]
    return {**raw, "rows": rows}


def _fill_money(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    filled = {**raw, "currency": string(raw.get("currency")) or "EUR"}
    if not point.rows:
        return {**filled, "amount": as_typed(raw.get("amount"))}
    given = rows_of(raw.get("rows"))
    named = {string(row.get("key")): row for row in given if row.get("key")}
    rows = [
        {"key": row.key, "label": "", "amount": as_typed(named.get(row.key, {}).get("amount"))}
        for row in point.rows
    ]
    own = [{**row, "amount": as_typed(row.get("amount"))} for row in given if not row.get("key")]
    return {**filled, "rows": [*rows, *own]}


def _fill_escalation(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    labels = {step.key: str(step.label) for step in point.steps}
    return {
        **raw,
        "steps": [
            {
                "label": string(step.get("label")) or labels.get(string(step.get("key")), ""),
                "who_role": step.get("who_role"),
                "deadline": str(step.get("deadline") or ""),
                "unit": step.get("unit"),
            }
            for step in rows_of(raw.get("steps"))
        ],
    }


def _fill_table(point: Point, parties: tuple[Party, ...], raw: Raw) -> Raw:
    rows = rows_of(raw.get("rows"))
    return {**raw, "rows": [*rows, *({} for _spare in range(SPARE_ROWS))]}


FILL: Mapping[str, Callable[[Point, tuple[Party, ...], Raw], Raw]] = {
    "percent": _fill_percent,
    "percent_split": _fill_split,
    "duration": _fill_duration,
    "date_range": _fill_dates,
    "contacts": _fill_contacts,
    "raci": _fill_raci,
    "money": _fill_money,
    "escalation": _fill_escalation,
    "table": _fill_table,
}


# ---- Out: from a POST to a value for ``kinds.clean`` -------------------------------------------


def read(point: Point, data: QueryDict) -> Raw:
    """The answer in ``data`` as the inputs hold it: shown again as it is, judged by ``judged``."""
    pairs: list[tuple[str, Any]] = [
        (name, data.getlist(name) if name == "choices" else data.get(name)) for name in data
    ]
    raw = unflatten(pairs)
    if point.kind == "multi_choice":
        raw.setdefault("choices", [])
    return raw


def judged(
    point: Point, parties: tuple[Party, ...], raw: Raw, answers: Mapping[str, Value]
) -> Value:
    """The canonical value of what was entered, or ``InvalidAnswer``.

    What equals a default that is a rule (equal shares, the lead does it all) is stored as that
    rule, so that it goes on to mean the same when the lead changes or a firm joins.
    """
    prepared = PREPARE[point.kind](point, raw) if point.kind in PREPARE else raw
    value = kinds.clean(prepared, point, parties)
    default = kinds.default_value(point)
    if default and default.get("rule") and kinds.same_as_default(value, point, parties, answers):
        return {**default, "note": value.get("note", "")}
    return value


def _prepare_dates(point: Point, raw: Raw) -> Raw:
    review = string(raw.get("review"))
    if raw.get("no_review") and review:
        raise InvalidAnswer(
            {"review": [_("Please enter a date or choose that there is none, not both.")]}
        )
    return {
        **raw,
        "start": string(raw.get("start")) or SIGNING_DATE,
        "review": None if raw.get("no_review") else review or THREE_MONTHS_LATER,
    }


def _prepare_escalation(point: Point, raw: Raw) -> Raw:
    """A level that still carries the book's words stays the book's, in both languages."""
    keys = {name: step.key for step in point.steps for name in (step.label.de, step.label.en)}
    return {
        **raw,
        "steps": [
            {**step, "key": keys.get(string(step.get("label")).strip(), "")}
            for step in rows_of(raw.get("steps"))
        ],
    }


PREPARE: Mapping[str, Callable[[Point, Raw], Raw]] = {
    "date_range": _prepare_dates,
    "escalation": _prepare_escalation,
}


def edit_rows(point: Point, raw: Raw, data: QueryDict) -> Raw | None:
    """``raw`` after a button that adds, removes or moves a row; None if none was pressed.

    The buttons submit the form like any other, so rows grow and go without JavaScript too.
    """
    place = ROWS.get(point.kind)
    if place is None:
        return None
    rows = list(rows_of(raw.get(place)))
    if "add" in data:
        if len(rows) < MOST_ROWS:
            rows.append({})
    elif (index := _index(data.get("remove"), rows)) is not None:
        del rows[index]
    elif (index := _index(data.get("up"), rows)) is not None and index > 0:
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
    elif (index := _index(data.get("down"), rows)) is not None and index < len(rows) - 1:
        rows[index + 1], rows[index] = rows[index], rows[index + 1]
    elif not {"remove", "up", "down"} & set(data):
        return None
    return {**raw, place: rows}


def _index(written: str | None, rows: list[Any]) -> int | None:
    if not (written and written.isascii() and written.isdigit() and len(written) < 6):
        return None
    return int(written) if int(written) < len(rows) else None
