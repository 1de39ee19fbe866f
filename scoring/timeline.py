"""The picture of a history: two bars a month, one a track, against the pass mark and the end.

Pure: points in, coordinates out. Widths are percentages, so that it fits a phone and a desktop
while its letters keep their size.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring import months
from scoring.charts import FULL, percent

GUTTER = Fraction(8)  # percent of the width, for the scale on the left
SLOT = Fraction(76, 100)  # of a month's width that its bars take
PLOT_TOP, PLOT_HEIGHT = 22, 160  # pixels
LABELS = ((13, 1), (26, 3))  # up to so many months every month is labelled, every third, …
SPARSE = 6


@dataclass(frozen=True, slots=True)
class Month:
    """What the picture shows of one month: the points of both tracks, in the same order."""

    month: int
    points: Sequence[Fraction]
    has_qualified: bool  # on one day at least
    is_provable: bool


@dataclass(frozen=True, slots=True)
class Bar:
    kind: str  # solid or lines: told apart without colour
    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Slot:
    middle: str
    label: str
    year: str
    bars: Sequence[Bar]
    is_provable: bool
    dot_y: str  # above the bars of a month that qualified, else empty


@dataclass(frozen=True, slots=True)
class Band:
    x: str
    width: str
    end: str


@dataclass(frozen=True, slots=True)
class Timeline:
    title: str
    left: str
    slots: Sequence[Slot]
    band: Band | None
    band_label: str
    lines: Sequence[tuple[str, str]]  # (y, label): end and ground; the pass mark stands alone
    pass_mark_y: str
    pass_mark_label: str
    top: int
    bottom: int
    plot_height: int
    label_y: int
    year_y: int
    height: int


KINDS = ("solid", "lines")


def draw(
    title: str,
    shown: Iterable[Month],
    *,
    pass_mark: Fraction,
    window: Collection[int] = (),
    window_label: str = "",
) -> Timeline:
    """Lay the months out from the first to the last, also those in between that have no data.

    ``window`` are the months to mark; those that are not in the picture are left out.
    """
    by_month = {month.month: month for month in shown}
    first, last = min(by_month), max(by_month)
    width = (FULL - GUTTER) / (last - first + 1)
    bottom = PLOT_TOP + PLOT_HEIGHT
    marked = [month for month in window if first <= month <= last]
    return Timeline(
        title=title,
        left=percent(GUTTER),
        slots=[
            _slot(by_month.get(month), month, first, last, GUTTER + width * (month - first), width)
            for month in range(first, last + 1)
        ],
        band=_band(marked, first, width) if marked else None,
        band_label=window_label,
        lines=[(_y(Fraction(FULL)), str(FULL)), (_y(Fraction(0)), "0")],
        pass_mark_y=_y(pass_mark),
        pass_mark_label=str(pass_mark),
        top=PLOT_TOP,
        bottom=bottom,
        plot_height=PLOT_HEIGHT,
        label_y=bottom + 16,
        year_y=bottom + 32,
        height=bottom + 38,
    )


def _slot(
    month: Month | None, number: int, first: int, last: int, x: Fraction, width: Fraction
) -> Slot:
    bars: list[Bar] = []
    highest = Fraction(0)
    if month is not None:
        each = width * SLOT / len(month.points)
        begin = x + width * (1 - SLOT) / 2
        for place, points in enumerate(month.points):
            held = min(Fraction(FULL), max(Fraction(0), points))
            highest = max(highest, held)
            bars.append(
                Bar(
                    kind=KINDS[place % len(KINDS)],
                    x=percent(begin + each * place),
                    width=percent(each),
                    y=_y(held),
                    height=_pixels(held * PLOT_HEIGHT / FULL),
                )
            )
    return Slot(
        middle=percent(x + width / 2),
        label=_label(number, last - first + 1),
        year=_year(number, first),
        bars=bars,
        is_provable=month is None or month.is_provable,
        dot_y=_pixels(_height(highest) - 8) if month is not None and month.has_qualified else "",
    )


def _label(month: int, count: int) -> str:
    step = next((step for most, step in LABELS if count <= most), SPARSE)
    return str(month % months.YEAR + 1) if month % months.YEAR % step == 0 else ""


def _year(month: int, first: int) -> str:
    """Below each January, and below the first month when none follows at once."""
    is_january = month % months.YEAR == 0
    begins = month == first and month % months.YEAR < months.YEAR - 2
    return str(month // months.YEAR) if is_january or begins else ""


def _band(marked: Sequence[int], first: int, width: Fraction) -> Band:
    begin = GUTTER + width * (min(marked) - first)
    end = GUTTER + width * (max(marked) - first + 1)
    return Band(percent(begin), percent(end - begin), percent(end))


def _height(points: Fraction) -> Fraction:
    return PLOT_TOP + PLOT_HEIGHT * (1 - points / FULL)


def _y(points: Fraction) -> str:
    return _pixels(_height(points))


def _pixels(value: Fraction) -> str:
    """The same in every language; a hundredth of a pixel is nothing anybody sees."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
