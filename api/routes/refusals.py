"""Which refusals a route declares, beside what it answers."""

from typing import Any

from api.shapes import Problem


def answering(shape: Any) -> dict[int, Any]:
    """For a list or what there is one of: 422 and 429 beside 401."""
    return {200: shape, 401: Problem, 422: Problem, 429: Problem}


def answering_one(shape: Any) -> dict[int, Any]:
    """The same with 404, for what an id names. There is no 403: whoever may see it may read it."""
    return answering(shape) | {404: Problem}
