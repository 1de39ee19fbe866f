"""Parts of a point that both building and checking have to read: its default, its condition."""

from typing import Any

from cooperation import kinds
from cooperation.book import Condition, Point
from cooperation.rule_books.shape import ConditionShape, PointShape


def canonical_default(point: Point, shape: PointShape) -> dict[str, Any] | None:
    """The default as the kind stores it; None without one. ``InvalidAnswer`` if it does not fit."""
    value = shape.default.value
    if value is None or point.kind not in kinds.KINDS:
        return None
    if point.kind == "escalation" and isinstance(value, list):
        value = [
            {k: v for k, v in step.items() if k not in ("de", "en")}
            if isinstance(step, dict)
            else step
            for step in value
        ]
    return kinds.clean(value, point, ())


def condition(shape: ConditionShape | None) -> Condition | None:
    if shape is None:
        return None
    if shape.not_in is not None:
        return Condition(shape.point, frozenset(shape.not_in), negated=True)
    values = shape.in_ if shape.in_ is not None else [shape.equals or ""]
    return Condition(shape.point, frozenset(values))
