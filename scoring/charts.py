"""The picture of a score: one bar a track, in five parts, against the pass mark and the end.

Pure: points in, coordinates out. The same template draws it on a page and in a document. Widths are
percentages of the picture, so that it fits a phone and a desktop while its letters keep their size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

FULL = 100  # points of a whole bar
ROOM_FOR_NUMBER = Fraction(5, 2)  # points below which a number under a part would hit the next one
PATTERNS = ("solid", "lines", "dots", "band", "grid")  # by place, told apart without colour


@dataclass(frozen=True, slots=True)
class Part:
    """One metric's points, out of ``maximum``."""

    label: str
    points: Fraction
    maximum: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One track, with the words that stand above it."""

    title: str
    total: str
    parts: Sequence[Part]
    today: Sequence[Part] = ()  # what it is to be compared with: a narrow bar below


@dataclass(frozen=True, slots=True)
class Segment:
    number: int
    pattern: str
    label: str
    points: Fraction
    maximum: int
    x: str
    width: str
    middle: str
    has_number: bool


@dataclass(frozen=True, slots=True)
class DrawnBar:
    title: str
    total: str
    end: str  # where the last part ends
    top: int
    segments: Sequence[Segment]
    ghost: Sequence[Segment]  # of today
    numbers_y: int
    mark_end: int


@dataclass(frozen=True, slots=True)
class Chart:
    name: str  # makes the ids of its patterns unique on a page
    title: str
    bars: Sequence[DrawnBar]
    pass_mark_x: str
    pass_mark_label: str
    scale_y: int
    height: int


HEAD, STEP, FOOT = 4, 88, 16  # pixels above the first bar, per bar, and for the scale below
NUMBERS_Y, MARK_END = 68, 60  # within a bar
GHOST = 14  # pixels more for a bar that has one of today below


def draw(
    name: str, title: str, bars: Sequence[Bar], *, pass_mark: Fraction, pass_mark_label: str
) -> Chart:
    """Lay the bars out; points above a bar's end are cut off there."""
    step = STEP + (GHOST if any(bar.today for bar in bars) else 0)
    bottom = HEAD + step * len(bars)
    return Chart(
        name=name,
        title=title,
        bars=[_bar(bar, HEAD + step * index) for index, bar in enumerate(bars)],
        pass_mark_x=percent(pass_mark),
        pass_mark_label=pass_mark_label,
        scale_y=bottom + 4,
        height=bottom + FOOT,
    )


def _bar(bar: Bar, top: int) -> DrawnBar:
    segments = _segments(bar.parts)
    lower = GHOST if bar.today else 0
    return DrawnBar(
        title=bar.title,
        total=bar.total,
        end=percent(_end(bar.parts)),
        top=top,
        segments=segments,
        ghost=_segments(bar.today),
        numbers_y=NUMBERS_Y + lower,
        mark_end=MARK_END + lower,
    )


def _segments(parts: Sequence[Part]) -> list[Segment]:
    segments = []
    begin = Fraction(0)
    for index, part in enumerate(parts):
        end = min(Fraction(FULL), begin + max(Fraction(0), part.points))
        segments.append(
            Segment(
                number=index + 1,
                pattern=PATTERNS[index % len(PATTERNS)],
                label=part.label,
                points=part.points,
                maximum=part.maximum,
                x=percent(begin),
                width=percent(end - begin),
                middle=percent((begin + end) / 2),
                has_number=end - begin >= ROOM_FOR_NUMBER,
            )
        )
        begin = end
    return segments


def _end(parts: Sequence[Part]) -> Fraction:
    total = sum((max(Fraction(0), part.points) for part in parts), Fraction(0))
    return min(Fraction(FULL), total)


def percent(points: Fraction) -> str:
    """A coordinate, the same in every language: two decimals are a tenth of a pixel."""
    return f"{float(points * 100 / FULL):.2f}".rstrip("0").rstrip(".") + "%"
