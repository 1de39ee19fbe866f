"""What templates say and draw about rules, however many a rule book has."""

from collections.abc import Sequence
from typing import Any

from django import template

from cooperation import mark_shape, numerals

register = template.Library()

register.filter("in_words", numerals.in_words)


@register.filter
def stones(segments: Sequence[Any]) -> list[tuple[Any, str, mark_shape.Shape]]:
    """Each segment of a mark with the degrees it is turned by and the shape of a stone."""
    count = len(segments)
    return [
        (segment, mark_shape.turn(place, count), mark_shape.shape(count))
        for place, segment in enumerate(segments)
    ]
