"""The small picture of the last months: one bar a month, of one track, against the pass mark.

Pure: points in, coordinates out. It is drawn in units of its own and scales as a whole, for a
column of a document where the large picture of ``timeline.py`` has no room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring import months
from scoring.charts import FULL

WIDTH, LEFT = 300, 22  # units
TOP, PLOT = 10, 62
LABELS, HEIGHT = TOP + PLOT + 11, TOP + PLOT + 24
SLOT = Fraction(66, 100)  # of a month's width that its bar takes
EVERY = ((7, 1), (13, 2))  # up to so many months every month is labelled, every second, …
SPARSE = 3


@dataclass(frozen=True, slots=True)
class Month:
    month: int
    points: Fraction
    has_qualified: bool  # on one day at least
    is_provable: bool


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    middle: str
    label: str  # number of the month, empty for those that carry none
    year: str
    is_provable: bool
    dot_y: str  # above a month that qualified, else empty
    is_last: bool


@dataclass(frozen=True, slots=True)
class Trend:
    title: str
    bars: Sequence[Bar]
    pass_mark: str
    pass_mark_y: str
    left: int
    width: int
    top: int
    bottom: int
    label_y: int
    year_y: int
    height: int


def draw(title: str, shown: Iterable[Month], *, pass_mark: Fraction) -> Trend:
    """Lay the months out from the first to the last; one without data leaves its place empty."""
    by_month = {one.month: one for one in shown}
    first, last = min(by_month), max(by_month)
    width = Fraction(WIDTH - LEFT, last - first + 1)
    every = next((step for most, step in EVERY if last - first < most), SPARSE)
    return Trend(
        title=title,
        bars=[
            _bar(one, LEFT + width * (one.month - first), width, first, last, every)
            for one in sorted(by_month.values(), key=lambda one: one.month)
        ],
        pass_mark=str(pass_mark),
        pass_mark_y=_units(_y(pass_mark)),
        left=LEFT,
        width=WIDTH,
        top=TOP,
        bottom=TOP + PLOT,
        label_y=LABELS,
        year_y=LABELS + 10,
        height=HEIGHT,
    )


def _bar(one: Month, x: Fraction, width: Fraction, first: int, last: int, every: int) -> Bar:
    held = min(Fraction(FULL), max(Fraction(0), one.points))
    is_labelled = (last - one.month) % every == 0
    return Bar(
        x=_units(x + width * (1 - SLOT) / 2),
        y=_units(_y(held)),
        width=_units(width * SLOT),
        height=_units(held * PLOT / FULL),
        middle=_units(x + width / 2),
        label=str(one.month % months.YEAR + 1) if is_labelled else "",
        year=str(one.month // months.YEAR) if one.month in (first, last) else "",
        is_provable=one.is_provable,
        dot_y=_units(_y(held) - 5) if one.has_qualified else "",
        is_last=one.month == last,
    )


def _y(points: Fraction) -> Fraction:
    return TOP + PLOT * (1 - points / FULL)


def _units(value: Fraction) -> str:
    """The same in every language."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
