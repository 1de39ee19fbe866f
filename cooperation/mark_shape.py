"""The mark of an agreement as an arch: one stone per rule, however many a book has. Pure.

The arch is a half ring in a box of 120 by 60. Every stone is drawn at the left foot and turned
into its place, so all of them are the same shape.
"""

from dataclasses import dataclass
from functools import cache
from math import asin, cos, pi, sin, sqrt

CENTRE = 60.0  # of the ring, and its lower edge
OUTER, INNER = 57.0, 35.0
GAP = 1.5  # from the edge of a stone to the line between two
DOT = 3.6


@dataclass(frozen=True, slots=True)
class Shape:
    """A stone at the left foot; SVG paths."""

    block: str  # filled
    outline: str
    half: str  # the inner half, filled
    middle: str  # a line along the middle
    cut: str  # a line and a dot across the block
    dot: tuple[str, str, str]  # x, y, radius


@cache
def shape(stones: int) -> Shape:
    """The stone of an arch of ``stones``, 1 or more."""
    width = pi / stones
    middle = width / 2
    radius = (OUTER + INNER) / 2
    # In a narrow stone the dot keeps clear of the outline.
    dot = min(DOT, radius * sin(middle) - 2.5 - GAP / 2)
    far, near, point = (_at(r, middle) for r in (51.8, 45.54, 39.69))
    return Shape(
        block=_ring(OUTER, INNER, width, GAP),
        outline=_ring(OUTER - 1, INNER + 1, width, GAP + 1),
        half=_ring(radius, INNER, width, GAP),
        middle=f"M{_edge(radius, 0, 3)}A46 46 0 0 1 {_edge(radius, width, -3)}",
        cut=f"M{far} {near}M{point}h.01",
        dot=(*_coordinates(radius, middle), _said(max(dot, 1.0))),
    )


@cache
def turn(place: int, stones: int) -> str:
    """Degrees by which the stone at ``place`` (from 0) is turned."""
    return _said(place * 180 / stones, digits=3)


def _ring(outer: float, inner: float, width: float, gap: float) -> str:
    """A piece of a ring, its straight sides ``gap`` away from the lines between the stones."""
    return (
        f"M{_edge(outer, 0, gap)}A{_said(outer)} {_said(outer)} 0 0 1 {_edge(outer, width, -gap)}"
        f"L{_edge(inner, width, -gap)}A{_said(inner)} {_said(inner)} 0 0 0 {_edge(inner, 0, gap)}Z"
    )


def _edge(radius: float, angle: float, gap: float) -> str:
    """The point on the circle that is ``gap`` beside the ray at ``angle``."""
    if angle == 0:
        return f"{_said(CENTRE - sqrt(radius**2 - gap**2))} {_said(CENTRE - gap)}"
    return _at(radius, angle + asin(gap / radius))


def _at(radius: float, angle: float) -> str:
    return " ".join(_coordinates(radius, angle))


def _coordinates(radius: float, angle: float) -> tuple[str, str]:
    return _said(CENTRE - radius * cos(angle)), _said(CENTRE - radius * sin(angle))


def _said(number: float, digits: int = 2) -> str:
    return f"{number:.{digits}f}".rstrip("0").rstrip(".") or "0"
