"""Kinds whose answer is one thing: a choice, yes or no, a text, a figure, a time."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cooperation.book import Duration, Party, Point, Text, Value
from cooperation.kinds import words
from cooperation.kinds.base import (
    TEXT_LIMIT,
    Description,
    Kind,
    Problems,
    Telling,
    decimal,
    fixed,
    one_of,
    text,
    whole,
)


def _chosen(key: str, telling: Telling) -> str:
    labels = {option.key: option.label for option in telling.point.choices(telling.parties)}
    return telling.word(labels.get(key, words.UNKNOWN))


def _ask_for_named_note(
    chosen: set[str], point: Point, parties: tuple[Party, ...], note: str, problems: Problems
) -> None:
    if not note and any(
        option.needs_note and option.key in chosen for option in point.choices(parties)
    ):
        problems.add("note", _("Please say more about this choice in the note."))


class Choice(Kind):
    """``{"choice": key, "note"}``; the key is an option of the book or a firm."""

    key = "choice"

    def expand(self, value: Any) -> Any:
        return {"choice": value} if isinstance(value, str) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        allowed = [option.key for option in point.choices(parties)]
        chosen = one_of(raw.get("choice"), allowed)
        if chosen is None:
            problems.add("choice", _("Please choose one of the answers."))
        return {"choice": chosen or ""}

    def check_note(
        self, value: Value, point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> None:
        _ask_for_named_note({value["choice"]}, point, parties, value["note"], problems)

    def say(self, value: Value, telling: Telling) -> Description:
        return Description((_chosen(value["choice"], telling),))


class MultiChoice(Kind):
    """``{"choices": [keys in the order of the book], "note"}``."""

    key = "multi_choice"

    def expand(self, value: Any) -> Any:
        return {"choices": value} if isinstance(value, list) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        given = raw.get("choices")
        allowed = [option.key for option in point.choices(parties)]
        if not isinstance(given, list | tuple) or not all(one_of(key, allowed) for key in given):
            problems.add("choices", _("Please choose from the answers."))
            return {"choices": []}
        return {"choices": [key for key in allowed if key in given]}

    def check_note(
        self, value: Value, point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> None:
        if not value["choices"] and not value["note"] and not problems.errors:
            problems.add(
                "choices", _("Please choose at least one answer, or say in the note what applies.")
            )
        _ask_for_named_note(set(value["choices"]), point, parties, value["note"], problems)

    def say(self, value: Value, telling: Telling) -> Description:
        lines = tuple(_chosen(key, telling) for key in value["choices"])
        return Description(lines or telling.words(words.NONE_CHOSEN))


class YesNoNote(Kind):
    """``{"answer": "yes" | "no", "note"}``; an answer other than the default needs its reason."""

    key = "yes_no_note"

    def expand(self, value: Any) -> Any:
        return {"answer": value} if isinstance(value, str) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        answer = one_of(raw.get("answer"), ("yes", "no"))
        if answer is None:
            problems.add("answer", _("Please choose yes or no."))
        return {"answer": answer or ""}

    def check_note(
        self, value: Value, point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> None:
        default = (point.default_value or {}).get("answer")
        if value["answer"] and default and value["answer"] != default and not value["note"]:
            problems.add(
                "note", _("This differs from the Kodex default. Please say why in the note.")
            )

    def say(self, value: Value, telling: Telling) -> Description:
        return Description(telling.words(words.YES_NO[value["answer"]]))


class FreeText(Kind):
    """``{"text"}``, at most 5,000 characters."""

    key = "text"
    has_note = False

    def expand(self, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        required = _("Please write an answer.")
        return {
            "text": text(
                raw.get("text"), "text", problems, limit=TEXT_LIMIT, lines=True, required=required
            )
        }

    def say(self, value: Value, telling: Telling) -> Description:
        return Description(tuple(line for line in value["text"].split("\n") if line.strip()))


class Percent(Kind):
    """``{"percent": "10.00", "note"}``, from 0 to 100."""

    key = "percent"

    def expand(self, value: Any) -> Any:
        return {"percent": value} if isinstance(value, str) else value

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        number = decimal(raw.get("percent"), "percent", problems)
        if number is not None and not 0 <= number <= 100:
            problems.add("percent", _("Please enter a percentage from 0 to 100."))
        return {"percent": fixed(number or Decimal(0))}

    def say(self, value: Value, telling: Telling) -> Description:
        return Description((words.percent(value["percent"], telling.language),))


# Calendar hours of one unit. A month is the twelfth of 365.25 days, so 24 months are 730.5 days.
HOURS = {
    "hours": Fraction(1),
    "days": Fraction(24),
    "weeks": Fraction(7 * 24),
    "months": Fraction(487, 16) * 24,
    "years": Fraction(1461, 4) * 24,
}


def longest(duration: Duration) -> Fraction:
    """Calendar hours a duration can take at most; working days count with the weekends between."""
    if duration.unit != "working_days":
        return duration.number * HOURS[duration.unit]
    weekends = -(-duration.number // 5)
    return Fraction((duration.number + 2 * weekends) * 24)


class DurationKind(Kind):
    """``{"number": int, "unit", "note"}``, above zero and no longer than the book allows."""

    key = "duration"

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        number = whole(raw.get("number"), "number", problems, least=1, most=1000)
        unit = one_of(raw.get("unit"), words.DURATION_UNITS)
        if unit is None:
            problems.add("unit", _("Please choose a unit of time."))
        maximum = point.maximum
        if number and unit and maximum and longest(Duration(number, unit)) > longest(maximum):
            self._too_long(maximum, point, problems)
        return {"number": number or 0, "unit": unit or ""}

    def _too_long(self, maximum: Duration, point: Point, problems: Problems) -> None:
        language = get_language() or "de"
        most = words.duration(maximum.number, maximum.unit, language)
        sentence = _("Please choose no more than %(most)s.") % {"most": most}
        if point.maximum_reason:
            sentence = f"{sentence} {point.maximum_reason.in_language(language)}"
        problems.add("number", sentence)

    def say(self, value: Value, telling: Telling) -> Description:
        line = words.duration(value["number"], value["unit"], telling.language)
        return Description((line,))


SIGNING_DATE = "signing_date"
THREE_MONTHS_LATER = "start_plus_3_months"
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)


class DateRange(Kind):
    """``{"start", "end", "review", "note"}``: ISO days.

    ``start`` may be ``signing_date`` and ``review`` ``start_plus_3_months``; end and review may be
    None.
    """

    key = "date_range"

    def read(
        self, raw: Mapping[str, Any], point: Point, parties: tuple[Party, ...], problems: Problems
    ) -> Value:
        start = self._day(raw.get("start") or SIGNING_DATE, "start", problems, SIGNING_DATE)
        end = self._day(raw.get("end"), "end", problems, None)
        review = self._day(raw.get("review"), "review", problems, THREE_MONTHS_LATER)
        if _is_day(start) and _is_day(end) and str(start) > str(end):
            problems.add("end", _("The end lies before the start."))
        if _is_day(start) and _is_day(review) and str(start) > str(review):
            problems.add("review", _("The review lies before the start."))
        if _is_day(end) and _is_day(review) and str(review) > str(end):
            problems.add("review", _("The review lies after the end."))
        return {"start": start, "end": end, "review": review}

    def _day(self, value: Any, field: str, problems: Problems, symbol: str | None) -> str | None:
        if value in (None, ""):
            return None
        if symbol is not None and value == symbol:
            return symbol
        if isinstance(value, date):
            value = value.isoformat()
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            problems.add(field, _("Please enter a valid date."))
            return None
        if not EARLIEST <= day <= LATEST:
            problems.add(field, _("Please enter a date from 2000 to 2100."))
        return day.isoformat()

    def say(self, value: Value, telling: Telling) -> Description:
        symbols = {SIGNING_DATE: words.SIGNING_DATE, THREE_MONTHS_LATER: words.THREE_MONTHS_LATER}

        def line(label: Text, day: str | None, empty: str = "") -> str:
            if day is None:
                said = empty
            elif day in symbols:
                said = telling.word(symbols[day])
            else:
                said = words.day(day, telling.language)
            return f"{telling.word(label)}: {said}"

        return Description(
            (
                line(words.BEGINS, value["start"]),
                line(words.ENDS, value["end"], telling.word(words.OPEN_END)),
                line(words.REVIEW, value["review"], telling.word(words.NO_REVIEW)),
            )
        )


def _is_day(value: str | None) -> bool:
    return value is not None and value[:1].isdigit()


def review_on(value: Value, in_force_on: date) -> date | None:
    """The day of the first review, once the day of the last signature is known."""
    start = in_force_on if value["start"] == SIGNING_DATE else date.fromisoformat(value["start"])
    if value["review"] is None:
        return None
    return (
        _months_later(start, 3)
        if value["review"] == THREE_MONTHS_LATER
        else date.fromisoformat(value["review"])
    )


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
