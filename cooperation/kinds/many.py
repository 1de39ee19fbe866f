"""Kinds whose answer is a table: shares, RACI, contacts, amounts, an escalation ladder, rows."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cooperation.book import Column, Option, Party, Point, Value
from cooperation.kinds import words
from cooperation.kinds.base import (
    Description,
    Grid,
    Kind,
    Problems,
    Telling,
    clean_rows,
    decimal,
    fixed,
    one_of,
    refuse_twice,
    text,
    whole,
)

MOST = Decimal("1000000000000")  # 10^12: beyond any project, and a slip of the keyboard
LEVELS = 10  # of an escalation


def _row_label(row: Mapping[str, Any], telling: Telling) -> str:
    return row["label"] or telling.label(telling.point.rows, row["key"])


def _row_head(
    row: Mapping[str, Any], field: str, point: Point, problems: Problems
) -> dict[str, str]:
    """A row is one of the book's (``key``, label from the book) or the firms' own (``label``)."""
    key = one_of(row.get("key"), [option.key for option in point.rows])
    if key:
        return {"key": key, "label": ""}
    required = _("Please name this row.")
    return {
        "key": "",
        "label": text(row.get("label"), f"{field}.label", problems, required=required),
    }


def equal_shares(parties: tuple[Party, ...]) -> dict[str, str]:
    """100 % in equal parts to the cent; the cents that are left go to the first parties."""
    if not parties:
        return {}
    base, left = divmod(10_000, len(parties))
    cents = (base + (1 if position < left else 0) for position in range(len(parties)))
    return {
        party.key: fixed(Decimal(share) / 100) for party, share in zip(parties, cents, strict=True)
    }


class PercentSplit(Kind):
    """``{"rule": "" | "equal", "shares": {party: "50.00"}, "note"}``; the sum is 100.00."""

    key = "percent_split"

    def expand(self, value: Any) -> Any:
        return {"rule": "equal"} if value == "equal" else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        if raw.get("rule") == "equal":
            return {"rule": "equal", "shares": {}}
        given = raw.get("shares")
        if not isinstance(given, Mapping) or set(given) - {party.key for party in parties}:
            problems.add("", _("Please give the share of each firm."))
            return {"rule": "", "shares": {}}
        shares: dict[str, Decimal] = {}
        for party in parties:
            field, value = f"shares.{party.key}", given.get(party.key)
            number = Decimal(0) if value in (None, "") else decimal(value, field, problems)
            if number is not None and not 0 <= number <= 100:
                problems.add(field, _("Please enter a percentage from 0 to 100."))
            shares[party.key] = number or Decimal(0)
        total = sum(shares.values(), Decimal(0))
        if not problems.errors and total != 100:
            language = get_language() or "de"
            sentence = _("The shares must add up to 100.00 percent; now they are %(total)s.")
            problems.add("", sentence % {"total": words.percent(fixed(total), language)})
        return {"rule": "", "shares": {key: fixed(share) for key, share in shares.items()}}

    def resolve(
        self, value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
    ) -> Value | None:
        if value["rule"] != "equal":
            return value
        return {**value, "rule": "", "shares": equal_shares(parties)}

    def say(self, value: Value, telling: Telling) -> Description:
        shares = equal_shares(telling.parties) if value["rule"] == "equal" else value["shares"]
        rows = tuple(
            (telling.firm(key), words.percent(share, telling.language))
            for key, share in shares.items()
        )
        lines = tuple(f"{name}: {share}" for name, share in rows)
        if value["rule"] == "equal":
            lines = (telling.word(words.EQUALLY), *lines)
        head = telling.words(words.FIRM, words.SHARE)
        return Description(lines, Grid(head, rows, numeric=(1,)))


class Raci(Kind):
    """``{"rule": "" | "lead", "rows": [{key, label, cells: {party: letter}}], "note"}``.

    Each row has exactly one A (or AR) and at least one R (or AR). ``rule: lead`` is the default
    of the book: the lead does everything until it is spread out.
    """

    key = "raci"

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        if raw.get("rule") == "lead" and point.lead_rule:
            return {"rule": "lead", "rows": []}

        def cleaned(row: Mapping[str, Any], field: str) -> dict[str, Any]:
            head = _row_head(row, field, point, problems)
            return {**head, "cells": self._cells(row, field, parties, problems)}

        rows = clean_rows(raw, "rows", cleaned)
        if not rows:
            problems.add("", _("Please keep at least one row."))
        refuse_twice(rows, problems, _("A row appears twice. Please keep only one of them."))
        return {"rule": "", "rows": rows}

    def _cells(
        self, row: Mapping[str, Any], field: str, parties: tuple[Party, ...], problems: Problems
    ) -> dict[str, str]:
        given = row.get("cells")
        given = given if isinstance(given, Mapping) else {}
        cells = {party.key: given.get(party.key) or "-" for party in parties}
        if set(given) - set(cells) or not all(
            one_of(cell, words.LETTERS) for cell in cells.values()
        ):
            problems.add(field, _("Please choose R, A, C, I, A/R or nothing for each firm."))
            return dict.fromkeys(cells, "-")
        accountable = sum(cell in ("A", "AR") for cell in cells.values())
        if accountable != 1:
            sentence = _("Exactly one firm is accountable (A) in each row; here %(count)s are.")
            problems.add(field, sentence % {"count": accountable})
        if not any(cell in ("R", "AR") for cell in cells.values()):
            problems.add(field, _("Each row needs at least one firm that does the work (R)."))
        return cells

    def resolve(
        self, value: Value, point: Point, parties: tuple[Party, ...], answers: Mapping[str, Value]
    ) -> Value | None:
        rule = point.lead_rule
        if value["rule"] != "lead" or rule is None:
            return value
        keys = {party.key for party in parties}
        lead = answers.get(rule.lead_from, {}).get("choice")
        if lead not in keys:
            return None
        contract = answers.get(rule.contract_from, {}).get("choice")
        rows = []
        for option in point.rows:
            cells = dict.fromkeys([party.key for party in parties], "-")
            cells[lead] = "AR"
            if option.key in rule.contract_rows and contract in keys and contract != lead:
                cells[lead], cells[contract] = "R", "A"
            rows.append({"key": option.key, "label": "", "cells": cells})
        return {**value, "rule": "", "rows": rows}

    def say(self, value: Value, telling: Telling) -> Description:
        point = telling.point
        resolved = self.resolve(value, point, telling.parties, telling.answers)
        intro: tuple[str, ...] = ()
        if value["rule"] == "lead":
            has_contract = point.lead_rule is not None and bool(point.lead_rule.contract_rows)
            intro = telling.words(words.LEAD_RULE_CONTRACT if has_contract else words.LEAD_RULE)
        if resolved is None:
            return Description(intro)
        keys = [party.key for party in telling.parties]
        former = {key for row in resolved["rows"] for key in row["cells"]} - set(keys)
        columns = [*keys, *sorted(former)]
        names = [telling.firm(key) for key in columns]
        grid, lines = [], []
        for row in resolved["rows"]:
            label = _row_label(row, telling)
            letters = [row["cells"].get(key, "-") for key in columns]
            said_cells = [
                f"{name} {telling.word(words.RACI[letter])}"
                for name, letter in zip(names, letters, strict=True)
                if letter != "-"
            ]
            lines.append(f"{label}: {', '.join(said_cells)}")
            grid.append(
                (label, *(letter.replace("AR", "A/R").replace("-", "–") for letter in letters))
            )
        head = (telling.word(words.TASK), *names)
        return Description((*intro, *lines), Grid(head, tuple(grid)))


class Contacts(Kind):
    """``{"contacts": [{role, person, email, phone, deputy}], "note"}`` of one firm."""

    key = "contacts"
    PARTS = ("person", "email", "phone", "deputy")

    def expand(self, value: Any) -> Any:
        return {"contacts": value} if isinstance(value, list) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        contacts = clean_rows(
            raw,
            "contacts",
            lambda row, field: self._contact(row, field, point, problems),
            is_blank=lambda row: not any(row.get(part) for part in self.PARTS),
        )
        present = {contact["role"] for contact in contacts}
        for role in point.required_roles:
            if role not in present:
                label = next(option.label for option in point.roles if option.key == role)
                problems.add("", _("Please name a person for: %(role)s.") % {"role": label})
        if not contacts and not point.required_roles:
            problems.add("", _("Please name at least one person."))
        return {"contacts": contacts}

    def _contact(
        self, row: Mapping[str, Any], field: str, point: Point, problems: Problems
    ) -> dict[str, str]:
        role = one_of(row.get("role"), [option.key for option in point.roles])
        if role is None:
            problems.add(f"{field}.role", _("Please choose a role."))
        person = text(
            row.get("person"), f"{field}.person", problems, required=_("Please name the person.")
        )
        email = text(row.get("email"), f"{field}.email", problems)
        phone = text(row.get("phone"), f"{field}.phone", problems, limit=40)
        if email:
            try:
                validate_email(email)
            except ValidationError:
                problems.add(f"{field}.email", _("Please check the e-mail address."))
        if role in point.required_roles and not email and not phone:
            problems.add(f"{field}.email", _("Please give an e-mail address or a phone number."))
        return {
            "role": role or "",
            "person": person,
            "email": email,
            "phone": phone,
            "deputy": text(row.get("deputy"), f"{field}.deputy", problems),
        }

    def say(self, value: Value, telling: Telling) -> Description:
        deputy = telling.word(words.DEPUTY)
        rows, lines = [], []
        for contact in value["contacts"]:
            role = telling.label(telling.point.roles, contact["role"])
            parts = [contact[part] for part in self.PARTS]
            rows.append((role, *(part or "–" for part in parts)))
            said = [part for part in parts[:3] if part]
            if contact["deputy"]:
                said.append(f"{deputy}: {contact['deputy']}")
            lines.append(f"{role}: {', '.join(said)}")
        head = telling.words(words.CALLED, words.PERSON, words.EMAIL, words.PHONE, words.DEPUTY)
        return Description(tuple(lines), Grid(head, tuple(rows)))


class Money(Kind):
    """``{"currency", "amount", "note"}``; if the point has rows, ``rows: [{key, label, amount}]``.

    Amounts are net, at least 0.00, and stored as text with two decimals.
    """

    key = "money"

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        written = raw.get("currency") or "EUR"
        currency = one_of(
            written.strip().upper() if isinstance(written, str) else "", words.CURRENCIES
        )
        if currency is None:
            problems.add("currency", _("Please give the currency by its three letters, e.g. EUR."))
        cleaned: Value = {"currency": currency or ""}
        if not point.rows:
            return {**cleaned, "amount": self._amount(raw.get("amount"), "amount", problems)}

        def row_of(row: Mapping[str, Any], field: str) -> dict[str, Any]:
            amount = self._amount(row.get("amount"), f"{field}.amount", problems)
            return {**_row_head(row, field, point, problems), "amount": amount}

        def is_blank(row: Mapping[str, Any]) -> bool:
            return all(row.get(part) in (None, "") for part in ("amount", "label"))

        rows = clean_rows(raw, "rows", row_of, is_blank=is_blank)
        if not rows:
            problems.add("", _("Please give at least one amount."))
        refuse_twice(rows, problems, _("A row appears twice. Please keep only one of them."))
        return {**cleaned, "rows": rows}

    def _amount(self, value: Any, field: str, problems: Problems) -> str:
        amount = decimal(value, field, problems)
        if amount is not None and not 0 <= amount < MOST:
            sentence = _("Please enter an amount that is not negative and below one trillion.")
            problems.add(field, sentence)
        return fixed(amount or Decimal(0))

    def say(self, value: Value, telling: Telling) -> Description:
        net, currency = telling.word(words.NET), value["currency"]

        def said(amount: str) -> str:
            return f"{words.number(amount, telling.language)} {currency}"

        if "rows" not in value:
            return Description((f"{said(value['amount'])} {net}",))
        rows = tuple((_row_label(row, telling), said(row["amount"])) for row in value["rows"])
        head = (telling.word(words.ITEM), f"{telling.word(words.AMOUNT)} ({net})")
        lines = tuple(f"{label}: {amount} {net}" for label, amount in rows)
        return Description(lines, Grid(head, rows, numeric=(1,)))


class Escalation(Kind):
    """``{"steps": [{key, label, who_role, deadline, unit}], "note"}``, two or more in order."""

    key = "escalation"

    def expand(self, value: Any) -> Any:
        return {"steps": value} if isinstance(value, list) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        steps = clean_rows(
            raw, "steps", lambda row, field: self._step(row, field, point, problems), limit=LEVELS
        )
        if len(steps) < 2:
            problems.add("", _("Please keep at least two levels."))
        refuse_twice(steps, problems, _("A level appears twice. Please keep only one of them."))
        return {"steps": steps}

    def _step(
        self, row: Mapping[str, Any], field: str, point: Point, problems: Problems
    ) -> dict[str, Any]:
        key = one_of(row.get("key"), [step.key for step in point.steps]) or ""
        required = "" if key else _("Please name this level.")
        label = "" if key else text(row.get("label"), f"{field}.label", problems, required=required)
        role = one_of(row.get("who_role"), [option.key for option in point.roles])
        if role is None:
            problems.add(f"{field}.who_role", _("Please choose who is called at this level."))
        deadline = whole(row.get("deadline"), f"{field}.deadline", problems, least=1, most=365)
        unit = one_of(row.get("unit"), words.DEADLINE_UNITS)
        if unit is None:
            problems.add(f"{field}.unit", _("Please choose working days or calendar days."))
        level, number = row.get("level"), int(field.rpartition(".")[2]) + 1
        if level not in (None, "") and str(level) != str(number):
            problems.add(field, _("Please number the levels in their order: 1, 2, 3."))
        return {
            "key": key,
            "label": label,
            "who_role": role or "",
            "deadline": deadline or 0,
            "unit": unit or "",
        }

    def say(self, value: Value, telling: Telling) -> Description:
        point = telling.point
        named = [Option(step.key, step.label) for step in point.steps]
        head = telling.words(words.LEVEL, words.WHO, words.CALLED, words.DEADLINE)
        rows, lines = [], []
        for number, step in enumerate(value["steps"], start=1):
            label = step["label"] or telling.label(named, step["key"])
            role = telling.label(point.roles, step["who_role"])
            deadline = words.duration(step["deadline"], step["unit"], telling.language)
            rows.append((str(number), label, role, deadline))
            lines.append(f"{head[0]} {number}: {label} ({role}), {deadline}")
        return Description(tuple(lines), Grid(head, tuple(rows)))


class TableKind(Kind):
    """``{"rows": [{column: text, party or option}], "note"}`` with the columns of the point.

    The first column says what a row is about: it is needed, unless it names a firm.
    """

    key = "table"

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        def cleaned(row: Mapping[str, Any], field: str) -> dict[str, Any]:
            return {
                column.key: self._cell(
                    row.get(column.key),
                    f"{field}.{column.key}",
                    column,
                    parties,
                    problems,
                    required=column is point.columns[0] and not column.of_partners,
                )
                for column in point.columns
            }

        def is_blank(row: Mapping[str, Any]) -> bool:
            return not any(row.get(column.key) for column in point.columns)

        rows = clean_rows(raw, "rows", cleaned, is_blank=is_blank)
        if not rows:
            problems.add("", _("Please fill in at least one row."))
        return {"rows": rows}

    def _cell(
        self,
        value: Any,
        field: str,
        column: Column,
        parties: tuple[Party, ...],
        problems: Problems,
        *,
        required: bool,
    ) -> str:
        missing = _("Please fill in this cell.") if required else ""
        if column.is_free:
            return text(value, field, problems, required=missing)
        if value in (None, ""):
            if missing:
                problems.add(field, missing)
            return ""
        chosen = one_of(value, [option.key for option in column.choices(parties)])
        if chosen is None:
            firms, answers = _("Please choose one of the firms."), _("Please choose from the list.")
            problems.add(field, firms if column.of_partners else answers)
        return chosen or ""

    def say(self, value: Value, telling: Telling) -> Description:
        columns = telling.point.columns
        head = telling.words(*(column.label for column in columns))
        rows, lines = [], []
        for row in value["rows"]:
            cells = [self._said(row.get(column.key, ""), column, telling) for column in columns]
            rows.append(tuple(cell or "–" for cell in cells))
            said = [f"{label}: {cell}" for label, cell in zip(head, cells, strict=True) if cell]
            lines.append("; ".join(said))
        return Description(tuple(lines), Grid(head, tuple(rows)))

    def _said(self, cell: str, column: Column, telling: Telling) -> str:
        if not cell:
            return ""
        return telling.firm(cell) if column.of_partners else telling.label(column.options, cell)
