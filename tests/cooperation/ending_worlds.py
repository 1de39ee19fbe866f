"""Agreements in force that end: made by the verbs, on days that the tests choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import time_machine

from cooperation import (
    answers,
    endings,
    points,
    retrospectives,
    rule_books,
    signing,
    standing,
)
from cooperation.models import Agreement, AgreementEvent, Ending
from cooperation.standing import Standing
from tests.cooperation.amended import sign_all
from tests.cooperation.worlds import World, world

NOTICE = {"number": 1, "unit": "months"}  # to any day, unlike the default: to a month's end
SIGNED_ON = "2026-03-02"  # a Monday


@contextmanager
def on(day: str, hour: int = 10) -> Iterator[None]:
    """As if it were that day (UTC)."""
    at = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)
    with time_machine.travel(at, tick=True):
        yield


def in_force(firms: int = 2, *, ends_on: str | None = None, **said: Any) -> World:
    """Signed on ``SIGNED_ON`` by all; ``said``: joint answers other than the default's."""
    with on(SIGNED_ON):
        some = world(firms)
        some.fill()
        if ends_on is not None:
            said["term"] = {"start": "signing_date", "end": ends_on, "review": None}
        for key, value in {"exit_notice": NOTICE, **said}.items():
            put(some, key, value)
        sign_all(some, signing.freeze(some.agreement.pk, **some.acting(0)))
    some.agreement.refresh_from_db()
    return some


def put(some: World, key: str, value: Any) -> None:
    """Everybody agrees on ``value``; None: that the point does not apply."""
    sheet = some.sheet
    point = sheet.book.point(key)
    if value is None:
        revision = points.revision(sheet, point)
        answers.mark_not_applicable(
            some.agreement.pk, key, revision=revision, note="Brauchen wir nicht", **some.acting(0)
        )
    else:
        some.propose(0, key, value)
    for number in range(1, len(some.firms)):
        some.confirm(number, key)


def stands(some: World, day: str | None = None) -> Standing:
    today = standing.today() if day is None else date.fromisoformat(day)
    return standing.stands(Agreement.objects.get(pk=some.agreement.pk), today)


def give_notice(some: World, firm: int, last_day: str, **more: Any) -> Ending:
    fields = {"ends_on": date.fromisoformat(last_day), **some.acting(firm), **more}
    return endings.give_notice(some.agreement.pk, **fields)


def propose_end(some: World, firm: int, last_day: str, **more: Any) -> Ending:
    fields = {"ends_on": date.fromisoformat(last_day), **some.acting(firm), **more}
    return endings.propose_end(some.agreement.pk, **fields)


def logged(some: World, *kinds: str) -> list[str]:
    """The kinds of the events since the agreement came into force, or of those named."""
    events = AgreementEvent.objects.filter(agreement=some.agreement).order_by("seq")
    found = list(events.values_list("kind", flat=True))
    return found[found.index("in_force") + 1 :] if not kinds else [k for k in found if k in kinds]


def look_back(some: World, firm: int, *, again: bool = True, word: str = "") -> None:
    """The firm's whole look back, handed in."""
    write(some, firm, word=word)
    retrospectives.hand_in(some.agreement.pk, again=again, **some.acting(firm))


def write(some: World, firm: int, *, word: str = "") -> None:
    for rule in rule_books.by_id(some.agreement.rule_book_id).rules:
        retrospectives.save(
            some.agreement.pk,
            rule.key,
            rating=4,
            good=f"{word}{rule.number} war gut",
            better="",
            **some.acting(firm),
        )
