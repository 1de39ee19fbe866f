from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as django_settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from documents import seal_making
from partners.models import User


@pytest.fixture(scope="session", autouse=True)
def _seal() -> None:
    """The portal's seal, made once for a whole run."""
    folder = Path(django_settings.SEAL_KEY_FILE).parent
    if not (folder / "key.pem").exists():
        # Valid on all days that tests travel to.
        begun = datetime(2015, 1, 1, tzinfo=UTC)
        seal_making.make(folder, name="Handschlag Test", at=begun, days=60 * 365)


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
    return lambda response: BeautifulSoup(response.content, "html.parser")
