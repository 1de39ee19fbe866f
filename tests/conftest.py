import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from django.http import HttpResponse
from django.test import Client, TransactionTestCase

from documents import seal_making
from partners.models import User
from tests.evidence import lifted
from tests.parsing import parsed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a database: only these differ from one to the other."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or {"db", "transactional_db"} & {*fixtures}:
            item.add_marker("database")


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays for the whole run: code, tests, catalogues."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _seal() -> None:
    """The portal's seal, made once for a whole run."""
    folder = Path(django_settings.SEAL_KEY_FILE).parent
    if not (folder / "key.pem").exists():
        # Valid on all days that tests travel to.
        begun = datetime(2015, 1, 1, tzinfo=UTC)
        seal_making.make(folder, name="Handschlag Test", at=begun, days=60 * 365)


@pytest.fixture(scope="session", autouse=True)
def _emptying_lifts_the_triggers() -> Iterator[None]:
    """Tests on real transactions end by emptying all tables, which evidence does not let happen."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def teardown(self: TransactionTestCase) -> None:
        with ExitStack() as stack:
            for name in self._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
                stack.enter_context(lifted(connections[name]))
            empty(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
        yield


@pytest.fixture(autouse=True)
def _own_surroundings(settings: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files and counts of one test never meet those of another."""
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("files")  # type: ignore[attr-defined]
    cache.clear()


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """``sign_in(user)`` is a browser of that person, in German."""

    def client_of(user: User) -> Client:
        client = Client(headers={"accept-language": "de"})
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def soup() -> Callable[[HttpResponse], BeautifulSoup]:
    """``soup(response)`` is the page, parsed."""
    return lambda response: parsed(response.content)
