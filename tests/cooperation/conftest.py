from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture
def english() -> Iterator[None]:
    """Sentences of verbs and checks in the language of the msgids."""
    with translation.override("en"):
        yield
