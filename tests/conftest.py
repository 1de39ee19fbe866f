from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from partners.models import User


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
