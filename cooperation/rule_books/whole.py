"""A rule book's content in its shape; of a file with mistakes, the part that has it.

So that somebody who writes a book hears everything at once: a misspelt entry in one point does not
hide that another one hangs on itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError

from cooperation.rule_books.problems import Report
from cooperation.rule_books.shape import BookShape, PointShape

Place = tuple[int, int]  # of a point: index of its rule, position in it


@dataclass(frozen=True)
class Whole:
    """``shape`` without the points that are out of shape; ``broken`` are the keys of those."""

    shape: BookShape
    places: Mapping[Place, Place]  # where a point of ``shape`` stands in the file
    broken: frozenset[str] = frozenset()

    @classmethod
    def of(cls, content: Any, report: Report) -> Self | None:
        """None if more than single points is out of shape. Mistakes go to ``report``."""
        try:
            shape = BookShape.model_validate(content)
        except ValidationError as error:
            errors = error.errors()
        else:
            return cls(shape, {place: place for place, _point in _points(content)})
        for problem in errors:
            report.add_error(problem)
        out = {
            (problem["loc"][1], problem["loc"][3])
            for problem in errors
            if problem["loc"][::2][:2] == ("rules", "points") and len(problem["loc"]) > 3
        }
        in_points = all(len(p["loc"]) > 3 and (p["loc"][1], p["loc"][3]) in out for p in errors)
        return cls._of_the_rest(content, out) if in_points else None

    @classmethod
    def _of_the_rest(cls, content: Any, out: set[tuple[Any, Any]]) -> Self | None:
        rules = [
            {**rule, "points": [p for j, p in enumerate(rule["points"]) if (i, j) not in out]}
            for i, rule in enumerate(content["rules"])
        ]
        if not all(rule["points"] for rule in rules):
            return None
        kept: dict[Place, Place] = {}
        for place, _point in _points(content):
            if place not in out:
                kept[place[0], sum(rule == place[0] for rule, _position in kept)] = place
        keys = (point.get("key") for place, point in _points(content) if place in out)
        return cls(
            BookShape.model_validate({**content, "rules": rules}),
            kept,
            frozenset(key for key in keys if isinstance(key, str)),
        )

    def path(self, rule: int, position: int) -> tuple[Any, ...]:
        """Where the point stands in the file."""
        index, place = self.places[rule, position]
        return ("rules", index, "points", place)

    def points(self) -> list[tuple[tuple[Any, ...], PointShape]]:
        """Every point in its shape, with its path."""
        return [
            (self.path(index, position), point)
            for index, rule in enumerate(self.shape.rules)
            for position, point in enumerate(rule.points)
        ]


def _points(content: Any) -> list[tuple[Place, Any]]:
    return [
        ((index, position), point)
        for index, rule in enumerate(content["rules"])
        for position, point in enumerate(rule["points"])
    ]
