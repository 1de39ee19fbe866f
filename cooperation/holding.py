"""Which signed version holds on which day. Pure.

A version holds from the day it names for itself, but never before the last firm has signed it: who
signs late does not change what was. The version before it holds until then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

YEARS_AHEAD = 5  # a later day is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class Signed:
    """A version that all firms signed, however it went on."""

    number: int
    signed_on: date  # day in Berlin of the last signature
    effective_on: date | None = None  # the day it names; None: with the last signature

    @property
    def from_day(self) -> date:
        """The first day on which it holds."""
        return max(self.signed_on, self.effective_on or self.signed_on)

    @property
    def is_late(self) -> bool:
        """It was signed after the day that it names."""
        return self.effective_on is not None and self.effective_on < self.signed_on


def on(versions: Iterable[Signed], day: date) -> Signed | None:
    """The version that holds on ``day``: the newest that has begun by then."""
    begun = [version for version in versions if version.from_day <= day]
    return max(begun, key=lambda version: version.number, default=None)


def ahead(versions: Iterable[Signed], day: date) -> list[Signed]:
    """Versions that are signed and begin after ``day``, in the order in which they begin.

    Without those that a newer one overtakes: they never hold.
    """
    found: list[Signed] = []
    for version in sorted(versions, key=lambda version: -version.number):
        if version.from_day <= day:  # holds now, and whatever is older never will
            break
        if all(version.from_day < newer.from_day for newer in found):
            found.append(version)
    return found[::-1]


def last_day(versions: Sequence[Signed], number: int) -> date | None:
    """The last day on which version ``number`` holds; None: no newer one is signed.

    Before its own first day: it never holds.
    """
    newer = [version.from_day for version in versions if version.number > number]
    return min(newer) - timedelta(days=1) if newer else None
