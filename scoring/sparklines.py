"""A row of months as a small picture: users as a line, seats as a dashed one above it.

Pure: figures in, coordinates out. The numbers stand in the table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 132, 32, 3  # pixels; a dot has its radius of room at every edge


@dataclass(frozen=True, slots=True)
class Sparkline:
    title: str
    width: int
    height: int
    users: tuple[str, ...]  # the points of each unbroken line
    seats: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]  # months that stand alone, which no line shows
    last: tuple[str, str] | None  # the newest month with figures


def draw(title: str, users: Sequence[int | None], seats: Sequence[int | None]) -> Sparkline:
    """Both from zero to the largest of them; a month without figures leaves a gap."""
    most = max((one for one in (*users, *seats) if one is not None), default=0) or 1
    lines = _lines(users, most)
    points = [point for line in lines for point in line]
    return Sparkline(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        users=tuple(_polyline(line) for line in lines if len(line) > 1),
        seats=tuple(_polyline(line) for line in _lines(seats, most) if len(line) > 1),
        dots=tuple(line[0] for line in lines if len(line) == 1),
        last=points[-1] if points else None,
    )


def _lines(values: Sequence[int | None], most: int) -> list[list[tuple[str, str]]]:
    lines: list[list[tuple[str, str]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            lines.append([])
            continue
        x = EDGE + (WIDTH - 2 * EDGE) * place / max(1, len(values) - 1)
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / most
        lines[-1].append((_text(x), _text(y)))
    return [line for line in lines if line]


def _polyline(line: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"{x},{y}" for x, y in line)


def _text(coordinate: float) -> str:
    """The same in every language."""
    return f"{coordinate:.1f}".removesuffix(".0")
