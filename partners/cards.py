"""What the rooms above add to pages about firms: a badge beside a name, a card on a firm's page.

This room knows none of them. An upper room registers in its ``AppConfig.ready`` a function that
says, for a reader and some firms, which templates to include with which context. It is called once
a page with all the firms on it, so it can answer in a number of queries that does not grow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from partners.models import Partner, User


class Place(StrEnum):
    """Where something can be added."""

    LINE = "line"  # a firm in a list, below its name
    FIRM = "firm"  # the page on which a firm is seen by others
    PROFILE = "profile"  # the page of the reader's own firm


@dataclass(frozen=True, slots=True)
class Card:
    """A template, and what it calls ``card``."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and the firm they act for."""

    user: User
    partner: Partner | None


Maker = Callable[[Reader, Sequence[Partner]], Mapping[UUID, Sequence[Card]]]


@dataclass(frozen=True, slots=True)
class _Registered:
    place: Place
    maker: Maker
    stylesheet: str


_registered: list[_Registered] = []


def register(place: Place, maker: Maker, *, stylesheet: str = "") -> None:
    """Add what ``maker`` returns, by the firms' ids; ``stylesheet`` is a path below static/."""
    _registered.append(_Registered(place, maker, stylesheet))


@dataclass(frozen=True, slots=True)
class Added:
    """What is added to one page."""

    by_firm: Mapping[UUID, Sequence[Card]]
    stylesheets: Sequence[str]

    def of(self, firm: Partner) -> Sequence[Card]:
        return self.by_firm.get(firm.pk, ())


def added(place: Place, reader: Reader, firms: Sequence[Partner]) -> Added:
    """What every room adds for this reader, in the order in which they registered."""
    found: dict[UUID, list[Card]] = {}
    own = [each for each in _registered if each.place == place]
    for each in own if firms else ():
        for firm, cards in each.maker(reader, firms).items():
            found.setdefault(firm, []).extend(cards)
    return Added(found, tuple(dict.fromkeys(each.stylesheet for each in own if each.stylesheet)))


@contextmanager
def nothing_registered() -> Iterator[None]:
    """For tests of this room alone: as if no other room were there."""
    kept = _registered[:]
    _registered.clear()
    try:
        yield
    finally:
        _registered[:] = kept
