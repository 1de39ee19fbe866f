from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.portal import Portal, built


@pytest.fixture(scope="module")
def _portal(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """Made once for all tests of a module; what a request does is taken back at once."""
    with django_db_blocker.unblock(), built(tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@pytest.fixture
def portal(_portal: Portal, db: None, _own_surroundings: None, settings: Any) -> Portal:
    settings.MEDIA_ROOT = _portal.files
    return _portal
