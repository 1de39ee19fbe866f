from collections.abc import Iterator

import pytest

from partners import cards


@pytest.fixture(autouse=True)
def _this_room_alone() -> Iterator[None]:
    """Pages about firms as this room makes them, whatever the rooms above add to them."""
    with cards.nothing_registered():
        yield
